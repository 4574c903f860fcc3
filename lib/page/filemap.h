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

/*
 * The contents that a page of a cache belongs to, with a reference for vms_address_space_put(); NULL: none any more, or nothing maps the
 * page. Locks: none; the caller has a reference to @page.
 */
struct address_space *vms__page_pin_mapping(const struct page *page);

/* Drop the page at @index from the cache; who maps it keeps it. Return: false if there is none, or no memory to take it out. */
bool vms__filemap_evict(struct address_space *mapping, pgoff_t index);

#endif
