/* SPDX-License-Identifier: MIT */
/*
 * filemap.h - the page cache: a file's pages, found by index without a lock.
 */
#ifndef VMS_PAGE_FILEMAP_H
#define VMS_PAGE_FILEMAP_H

#include <vmastore/file.h>

/*
 * The page at @index, with a reference for the caller; made, with content 0, if there is none. NULL: no memory.
 * Locks: none; the caller has a reference to @mapping. Any number of callers at once get the same page.
 */
struct page *vms__filemap_get(struct address_space *mapping, pgoff_t index);
/* The same, but NULL if there is none. Never blocks. */
struct page *vms__filemap_find(struct address_space *mapping, pgoff_t index);

/* Drop the page at @index from the cache; who maps it keeps it. Return: false if there is none, or no memory to take it out. */
bool vms__filemap_evict(struct address_space *mapping, pgoff_t index);

/* Whether @vma stands in its file's interval tree, found through it. True without a file. Locks: mmap_lock W. */
bool vms__vma_file_linked(const struct vm_area_struct *vma);

#endif
