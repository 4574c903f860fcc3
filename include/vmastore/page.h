/* SPDX-License-Identifier: MIT */
/*
 * page.h - pages for the hooks of struct vm_operations_struct: what fault()
 * puts into vmf->page.
 *
 * A page stands for 4 KiB of memory with one word of content. It lives as long
 * as anyone holds a reference: the owner, and each address space that maps it.
 * All calls may run beside one another.
 *
 * A page of some address space's private memory (vms_page_lookup() finds such
 * ones) is not a hook's to answer: fault() with it is VM_FAULT_SIGBUS, as is
 * vmf_insert_page(). A page of a file's cache may be answered for another
 * file's mapping as well, until it leaves that cache: then the hook is asked
 * again.
 */
#ifndef VMASTORE_PAGE_H
#define VMASTORE_PAGE_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

struct mm_struct;
struct page;

/**
 * vms_page_alloc() - A page that holds @word, with one reference. Return: it,
 * or NULL when memory is out.
 */
VMS_API struct page *vms_page_alloc(unsigned long word);
/**
 * vms_page_get() - One more reference, of a page that the caller holds. Return:
 * @page.
 */
VMS_API struct page *vms_page_get(struct page *page);
/** vms_page_put() - Drop a reference; the last one frees the page. */
VMS_API void vms_page_put(struct page *page);
/**
 * vms_page_word(), vms_page_set_word() - The content. Atomic; orders nothing.
 */
VMS_API unsigned long vms_page_word(const struct page *page);
VMS_API void vms_page_set_word(struct page *page, unsigned long word);

/**
 * vms_page_lookup() - The page that is mapped at @addr at this moment, with a
 * reference for the caller. It brings nothing in.
 * @mm: The caller holds a reference (mmget()).
 *
 * Locks:  none of @mm held; takes the VMA's lock, or mmap_lock R.
 * Return: the page; NULL where none is: nothing mapped, not touched yet, or
 *         only read while it has no content (the zero page).
 */
VMS_API struct page *vms_page_lookup(struct mm_struct *mm, unsigned long addr);

struct vms_page_place {
	struct mm_struct *mm; /* with a reference for the caller: mmdrop() */
	unsigned long addr;   /* byte address of the page's beginning */
};

/**
 * vms_page_places() - Every place where @page is mapped, in all address spaces:
 * anonymous pages, and those of a file's cache. (The page of an embedder's own
 * fault() is known to that embedder.)
 * @page:  The caller has a reference.
 * @place: Room for @max places.
 *
 * Locks:  none held but mmap_lock or a VMA's lock; takes the anon_vma's lock,
 * or those of i_mmap R. Beside writers each answer was true at one moment of
 * the call; a place that the page had throughout, is in it.
 * Progress: O(n log n) for n places, and a step for each VMA that shares the
 *           page's anon_vma without mapping the page.
 * Return: how many were found, each once, in no particular order; @max: there
 *         may be more.
 */
VMS_API unsigned int vms_page_places(const struct page *page, struct vms_page_place *place,
				     unsigned int max);

#include <vmastore/end.h>

#endif
