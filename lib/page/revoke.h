/* SPDX-License-Identifier: MIT */
/*
 * revoke.h - pages that an owner takes back while its own hook is about to
 * answer one of them.
 *
 *   fault() of the owner              another thread of the owner
 *   chooses page A for an offset
 *                                     chooses page B for it from now on
 *                                     unmap_mapping_range(): A is mapped
 *                                             nowhere
 *   answers A                         may now reuse A
 *
 * Without another check the fault would map A, and no thread would ever unmap
 * it. Therefore unmap_mapping_range() counts in the address_space before it
 * looks at any page table. A fault notes the counts before it asks the hook,
 * and compares them where it installs the page, under the lock of the leaf. If
 * the unmapping comes to that leaf later, it unmaps the page. If it was there
 * before, the fault sees that the counts differ, maps nothing, and the access
 * is made again. A fault only reads the counts (test_revoke.c).
 *
 * The comparison also guards page_mkwrite(), which tells the owner of a first
 * write: the owner may have taken the page back, and forgotten the write,
 * before the entry becomes writable. An unchanged entry proves nothing, because
 * a read may have mapped the same page again.
 *
 * Each of several counts stands for every VMS_REVOKE_COUNTS-th page of the
 * file, so that taking one page back seldom disturbs faults on other pages. The
 * page cache's own pages need no count: a page that left the cache carries a
 * mark (vms__page_is_gone()).
 *
 * Read next: revoke.c.
 */
#ifndef VMS_PAGE_REVOKE_H
#define VMS_PAGE_REVOKE_H

#include <vmastore/file.h>

/*
 * The counts as they were before a hook was asked. Stands on the stack of the
 * fault.
 */
struct vms__revoke_watch {
	struct address_space *mapping;
	struct vms__revoke_watch *outer; /* that of a fault whose hook touched memory */
	unsigned long seen[VMS_REVOKE_COUNTS];
};

/*
 * Note the counts of @mapping, for the hooks that this thread runs until end.
 * Begin and end nest.
 * Locks: any; the caller has a reference to @mapping.
 */
void vms__revoke_watch_begin(struct vms__revoke_watch *watch, struct address_space *mapping);
void vms__revoke_watch_end(struct vms__revoke_watch *watch);

/*
 * Whether pages at @index were taken back since begin; false without @watch.
 * Locks: that of the leaf where the page would be mapped. Without it the answer
 *        may be old at once.
 */
static inline bool vms__revoked(const struct vms__revoke_watch *watch, pgoff_t index)
{
	unsigned int i = index % VMS_REVOKE_COUNTS;

	/*
	 * Relaxed: an unmapping that was at the leaf before us counted before
	 * it took the leaf's lock, so that lock orders the count before this
	 * load.
	 */
	return watch && atomic_load_explicit(&watch->mapping->revoked[i], memory_order_relaxed) !=
				watch->seen[i];
}

/*
 * Return: this thread's innermost watch of @mapping; NULL: the thread runs no
 *         hook of @mapping that is watched.
 */
struct vms__revoke_watch *vms__revoke_watch_of(const struct address_space *mapping);

/*
 * Count a revocation of the pages [first, last], before any page table is
 * looked at. It does not count against a hook of this thread that calls
 * unmap_mapping_range() itself, so that the hook's own answer is mapped.
 * Locks: any.
 */
void vms__revoke(struct address_space *mapping, pgoff_t first, pgoff_t last);

#endif
