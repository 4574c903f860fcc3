/* SPDX-License-Identifier: MIT */
/*
 * filemap.h - the page cache: a file's pages, found by index without a lock.
 */
#ifndef VMS_PAGE_FILEMAP_H
#define VMS_PAGE_FILEMAP_H

#include <vmastore/file.h>

/* Pages that hold @bytes of a file, the last one perhaps in part. */
static inline pgoff_t vms__pages_of_bytes(unsigned long bytes)
{
	return (bytes >> PAGE_SHIFT) + (bytes & ~PAGE_MASK ? 1 : 0);
}

/*
 * The page at @index, with a reference for the caller; made, with content 0, if
 * there is none. NULL: no memory, or there is none and @index lies beyond the
 * end of the file.
 * Locks: none, or mmap_lock and a VMA's lock; the caller has a reference to
 *        @mapping. Any number of callers at once get the same page.
 * Progress: waits for a truncation or a hole that is taking out the page at
 *           @index.
 */
struct page *vms__filemap_get(struct address_space *mapping, pgoff_t index);
/* The same, but NULL if there is none. Never blocks. */
struct page *vms__filemap_find(struct address_space *mapping, pgoff_t index);

/*
 * Whether a truncation or a hole is taking the page at @index out of the cache
 * and out of the page tables: no new one may be added. Locks: that of the
 * cache's tree.
 */
static inline bool vms__filemap_is_leaving(const struct address_space *mapping, pgoff_t index)
{
	return mapping->leaving_first <= index && index <= mapping->leaving_last;
}

/*
 * Wait until the truncation or the hole that is under way, if any, is complete.
 * Locks: none, or mmap_lock and a VMA's lock; takes and drops invalidate_lock
 * R.
 */
void vms__filemap_wait_invalidate(struct address_space *mapping);

/*
 * The contents that a page of a cache belongs to, with a reference for
 * vms_address_space_put(); NULL: none any more, or nothing maps the page.
 * Locks: none; the caller has a reference to @page.
 */
struct address_space *vms__page_pin_mapping(const struct page *page);

#endif
