/* SPDX-License-Identifier: MIT */
/*
 * truncate.c - a file becomes shorter, or a hole is punched into it: pages leave the cache and every address space, and do not come
 * back.
 *
 *   1. under the lock of the cache's tree: the size, the mark of each page (vms__page_is_gone()), and out of the tree with them
 *   2. out of every page table that maps them (i_mmap.c), private copies too where the file ends
 *   3. the references of the cache
 *
 * A fault beside it has its page from the cache before 1, or finds none and is told the new size: nothing is added to the cache but
 * under the same lock. With a page from before, it comes to its page-table entry before 2 looks at it, and 2 unmaps it; or after that, and
 * then it sees the mark and starts again.
 *
 * Locks: vmastore/file.h. All that may fail comes first.
 */
#include <errno.h>
#include <limits.h>

#include "lib/page/filemap.h"
#include "lib/page/page_types.h"

/* The pages that leave, the last one first. */
struct leaving {
	struct page *first;
	unsigned long nr;
};

/* Step 1 for [first, last]: they are in nobody's reach but of those who have them. Locks: the tree's. 0, or -ENOMEM and nothing done. */
static int take_out(struct address_space *mapping, pgoff_t first, pgoff_t last, struct leaving *leaving)
{
	MA_STATE(store, &mapping->i_pages, first, last);
	MA_STATE(mas, &mapping->i_pages, first, first);
	struct page *page;
	int err = mas_preallocate(&store, NULL, GFP_KERNEL);

	if (err)
		return err;
	mas_for_each(&mas, page, last) {
		vms__page_leave_cache(page);
		page->next_leaving = leaving->first;
		leaving->first = page;
		leaving->nr++;
	}
	mas_store_prealloc(&store, NULL);
	atomic_fetch_sub_explicit(&mapping->nrpages, leaving->nr, memory_order_relaxed);
	return 0;
}

static void let_go(struct leaving *leaving)
{
	while (leaving->first) {
		struct page *page = leaving->first;

		leaving->first = page->next_leaving;
		vms__page_put(page);
	}
}

int vms_file_truncate(struct address_space *mapping, unsigned long size)
{
	pgoff_t first = vms__pages_of_bytes(size);
	struct leaving leaving = {0};
	int err;

	mtree_lock(&mapping->i_pages);
	err = take_out(mapping, first, ~(pgoff_t)0, &leaving);
	/* Relaxed: who relies on it has the tree's lock, or comes before it or after it. */
	if (!err)
		atomic_store_explicit(&mapping->i_size, size, memory_order_relaxed);
	mtree_unlock(&mapping->i_pages);
	if (err)
		return err;
	unmap_mapping_pages(mapping, first, 0, true);
	let_go(&leaving);
	return 0;
}

int vms_file_punch_hole(struct address_space *mapping, unsigned long start, unsigned long len)
{
	pgoff_t first = vms__pages_of_bytes(start), end = (start + len) >> PAGE_SHIFT;
	struct leaving leaving = {0};
	int err;

	/* Signed, as the offsets of a file are. */
	if ((long)start < 0 || (long)len <= 0)
		return -EINVAL;
	if (start + len > LONG_MAX)
		return -EFBIG;
	/* A page that the hole touches in part keeps its word: it stands for the whole page. */
	if (first >= end)
		return 0;
	mtree_lock(&mapping->i_pages);
	err = take_out(mapping, first, end - 1, &leaving);
	mtree_unlock(&mapping->i_pages);
	if (err)
		return err;
	unmap_mapping_pages(mapping, first, end - first, false);
	let_go(&leaving);
	return 0;
}
