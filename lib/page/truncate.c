/* SPDX-License-Identifier: MIT */
/*
 * truncate.c - a file becomes shorter, or a hole is punched into it: pages
 * leave the cache and every address space, and do not come back.
 *
 * 1. Under the lock of the cache's tree, set the size, set the leaving range
 *    (nothing may be added to it), mark each page (vms__page_is_gone()), and
 *    take the pages out of the tree.
 * 2. Unmap the pages from every page table (i_mmap.c), and private copies too
 *    where the file ends.
 * 3. Let the range be filled again, and drop the cache's references.
 *
 * A concurrent fault got its page from the cache before step 1, or finds none.
 * If it finds none, it sees the new size, or waits in get_page() (filemap.c)
 * until step 3. If it has a page from before step 1, it may reach its
 * page-table entry before step 2 looks at it; then step 2 unmaps the page.
 * Otherwise the fault sees the mark and retries. One pass over the page tables
 * is enough, because the mark also keeps a fault from making a private copy of
 * a page that is leaving.
 *
 * At every moment all shared mappings of an index therefore show one page: the
 * old one as long as any of them has it, and a new one only after all have lost
 * it.
 *
 * Truncations and holes of one file come one after the other: each holds
 * invalidate_lock for writing from before step 1 until after step 3. Otherwise
 * step 2 of a truncation to a small size could come after another call has made
 * the file longer again, and would remove private copies that were written
 * since (test_truncate.c, VMS_PLANT_TRUNC_OVERLAP). Linux uses i_rwsem for
 * this, which also covers write(2), and invalidate_lock against faults that
 * bring pages in. Here nothing else needs i_rwsem, so one lock does the work of
 * both. Faults do not take invalidate_lock for every page that they bring in:
 * the leaving range, which they check under a lock that they need anyway, tells
 * the few that must wait.
 *
 * Locks: vmastore/file.h. All that may fail comes first. Read next: filemap.c,
 *        i_mmap.c.
 */
#include <errno.h>
#include <limits.h>

#include "lib/page/filemap.h"
#include "lib/page/struct_page.h"
#include "lib/sync/lockdep.h"

/* The pages that are leaving, the last one first. */
struct leaving {
	struct page *first;
	unsigned long nr;
};

/* ---- one at a time ---- */

static void invalidate_begin(struct address_space *mapping) VMS_ACQUIRE(mapping->invalidate_lock)
{
	vms__lockdep_acquire(VMS__RANK_INVALIDATE, &mapping->invalidate_lock, "invalidate_lock");
	down_write(&mapping->invalidate_lock);
}

static void invalidate_end(struct address_space *mapping) VMS_RELEASE(mapping->invalidate_lock)
{
	vms__lockdep_release(&mapping->invalidate_lock);
	up_write(&mapping->invalidate_lock);
}

void vms__filemap_wait_invalidate(struct address_space *mapping)
{
	vms__lockdep_acquire(VMS__RANK_INVALIDATE, &mapping->invalidate_lock, "invalidate_lock");
	down_read(&mapping->invalidate_lock);
	vms__lockdep_release(&mapping->invalidate_lock);
	up_read(&mapping->invalidate_lock);
}

/* ---- the steps ---- */

/*
 * Step 1 for [first, last]. From now on only a thread that already has one of
 * these pages can reach it. Return: 0, or -ENOMEM and nothing has changed.
 * Locks: invalidate_lock W, and the tree's.
 */
static int take_out(struct address_space *mapping, pgoff_t first, pgoff_t last,
		    struct leaving *leaving)
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
	mapping->leaving_first = first;
	mapping->leaving_last = last;
	return 0;
}

/* Step 3. Locks: invalidate_lock W. */
static void let_go(struct address_space *mapping, struct leaving *leaving)
{
	mtree_lock(&mapping->i_pages);
	mapping->leaving_first = 1;
	mapping->leaving_last = 0;
	mtree_unlock(&mapping->i_pages);
	while (leaving->first) {
		struct page *page = leaving->first;

		leaving->first = page->next_leaving;
		vms__page_forget_cache(page);
		vms__page_put(page);
	}
}

int vms_file_truncate(struct address_space *mapping, unsigned long size)
{
	pgoff_t first = vms__pages_of_bytes(size);
	struct leaving leaving = {0};
	int err;

	invalidate_begin(mapping);
	mtree_lock(&mapping->i_pages);
	err = take_out(mapping, first, ~(pgoff_t)0, &leaving);
	/*
	 * Relaxed: a reader that relies on the size holds the tree's lock; any
	 * other reader may see the old size or the new one.
	 */
	if (!err)
		atomic_store_explicit(&mapping->i_size, size, memory_order_relaxed);
	mtree_unlock(&mapping->i_pages);
#ifdef VMS_PLANT_TRUNC_OVERLAP
	/*
	 * The bug that the tests must catch: another truncation begins before
	 * this one is complete.
	 */
	invalidate_end(mapping);
#endif
	if (!err) {
		unmap_mapping_pages(mapping, first, 0, true);
		let_go(mapping, &leaving);
	}
#ifndef VMS_PLANT_TRUNC_OVERLAP
	invalidate_end(mapping);
#endif
	return err;
}

int vms_file_punch_hole(struct address_space *mapping, unsigned long start, unsigned long len)
{
	pgoff_t first = vms__pages_of_bytes(start), end = (start + len) >> PAGE_SHIFT;
	struct leaving leaving = {0};
	int err;

	/* Signed, because the offsets of a file are. */
	if ((long)start < 0 || (long)len <= 0)
		return -EINVAL;
	if (start + len > LONG_MAX)
		return -EFBIG;
	/*
	 * A page that the hole touches only in part keeps its word, which
	 * stands for the whole page.
	 */
	if (first >= end)
		return 0;
	invalidate_begin(mapping);
	mtree_lock(&mapping->i_pages);
	err = take_out(mapping, first, end - 1, &leaving);
	mtree_unlock(&mapping->i_pages);
	if (!err) {
		unmap_mapping_pages(mapping, first, end - first, false);
		let_go(mapping, &leaving);
	}
	invalidate_end(mapping);
	return err;
}
