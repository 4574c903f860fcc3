/* SPDX-License-Identifier: MIT */
/*
 * page.h - pages for the hooks of struct vm_operations_struct: fault() puts one
 * into vmf->page.
 *
 * A page stands for 4 KiB of memory with one word of content. It is freed when
 * the last reference is dropped: its owner holds one, and so does each address
 * space that maps it. All calls may run concurrently.
 *
 * A hook must not answer with a page of some address space's private memory
 * (vms_page_lookup() finds such pages): the library treats that answer of
 * fault() as VM_FAULT_SIGBUS, and vmf_insert_page() answers VM_FAULT_SIGBUS. A
 * hook may answer with a page of a file's cache for another file's mapping as
 * well, until the page leaves that cache: then the hook is called again.
 */
#ifndef VMASTORE_PAGE_H
#define VMASTORE_PAGE_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

struct mm_struct;
struct page;

/**
 * vms_page_alloc() - A page that holds @word, with one reference.
 *
 * Return: it; NULL: there is no memory.
 */
VMS_API struct page *vms_page_alloc(unsigned long word);
/**
 * vms_page_get() - Take one more reference of a page that the caller holds.
 *
 * Return: @page.
 */
VMS_API struct page *vms_page_get(struct page *page);
/** vms_page_put() - Drop a reference; the last call frees the page. */
VMS_API void vms_page_put(struct page *page);
/**
 * vms_page_word(), vms_page_set_word() - Read and write the content. The access
 * is atomic and orders nothing.
 */
VMS_API unsigned long vms_page_word(const struct page *page);
VMS_API void vms_page_set_word(struct page *page, unsigned long word);

/**
 * vms_page_lookup() - The page that is mapped at @addr at this moment, with a
 * reference for the caller. The call faults nothing in.
 * @mm: The caller holds a reference (mmget()).
 *
 * Locks:  none of @mm held; takes the VMA's lock, or mmap_lock R.
 * Return: the page; NULL if none is there: nothing is mapped, nothing has been
 *         accessed yet, or the memory has only been read while it has no
 *         content (the zero page).
 */
VMS_API struct page *vms_page_lookup(struct mm_struct *mm, unsigned long addr);

struct vms_page_place {
	struct mm_struct *mm; /* with a reference for the caller: mmdrop() */
	unsigned long addr;   /* byte address of the page's beginning */
};

/**
 * vms_page_places() - Every place where @page is mapped, in all address spaces:
 * anonymous pages, and pages of a file's cache. (The embedder itself knows
 * where the pages of its own fault() are mapped.)
 * @page:  The caller has a reference.
 * @place: Room for @max places.
 *
 * Locks:    none held except for mmap_lock or a VMA's lock; takes the
 *           anon_vma's lock, or those of i_mmap R.
 * Ordering: concurrently with writers each answer was true at one moment of the
 *           call. Every place that maps the page during the whole call is
 *           reported.
 * Progress: O(n log n) for n places, and a step for each VMA that shares the
 *           page's anon_vma without mapping the page.
 * Return:   how many were found, each once, in no particular order; @max: there
 *           may be more.
 */
VMS_API unsigned int vms_page_places(const struct page *page, struct vms_page_place *place,
				     unsigned int max);

#include <vmastore/end.h>

#endif
