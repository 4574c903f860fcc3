/* SPDX-License-Identifier: MIT */
/*
 * fault.h - what memory.c (which page is wanted) and filemap.c (which pages are at hand) share.
 */
#ifndef VMS_PAGE_FAULT_H
#define VMS_PAGE_FAULT_H

#include <vmastore/mm.h>

/* Pages that one fault may map around the one it was asked for, itself included; a power of two. */
#define VMS__FAULT_AROUND 16u

/*
 * Map @pages[0..nr), which belong at @addr and the pages after it, for reading, wherever nothing is mapped yet. All lie inside @vma and
 * in one leaf, which exists. Takes over the caller's references; a NULL in @pages is passed over.
 * Locks: mmap_lock or VMA lock.
 */
void vms__map_around(struct vm_area_struct *vma, unsigned long addr, struct page **pages, unsigned int nr);

#endif
