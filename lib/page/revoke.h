/* SPDX-License-Identifier: MIT */
/*
 * revoke.h - pages that an owner takes back while its own hook is still on the
 * way back with one of them.
 *
 *   fault() of the owner              another thread of the owner
 *   chooses page A for an offset
 *                                     chooses page B for it from now on
 *                                             unmap_mapping_range(): A is
 *                                             mapped nowhere
 *   answers A                         may now reuse A
 *
 * Without a second look the fault would map A, and nobody would ever unmap it.
 * So unmap_mapping_range() counts in the address_space before it looks at any
 * page table, and a fault notes the counts before it asks the hook, and
 * compares them where it installs the page, under the lock of the leaf: either
 * the unmapping comes to that leaf later, and takes the page out; or it was
 * there before, and the fault sees that the counts differ, and starts again.
 * A fault only reads the counts.
 *
 * The comparison also guards page_mkwrite(), which tells the owner of a first
 * write: the owner may have taken the page back, and forgotten the write,
 * before the entry becomes writable. That the entry is as it was proves
 * nothing, because a read may have mapped the same page again.
 *
 * There are several counts, each for every so many-th page of the file, so that
 * taking one page back seldom disturbs the faults of others. The page cache's
 * own pages need none of this: a page that left the cache says so itself
 * (vms__page_is_gone()).
 */
#ifndef VMS_PAGE_REVOKE_H
#define VMS_PAGE_REVOKE_H

#include <vmastore/file.h>

/*
 * The counts as they were before a hook was asked. Lives on the stack of the
 * fault.
 */
struct vms__revoke_watch {
	struct address_space *mapping;
	struct vms__revoke_watch *outer; /* of a fault whose hook touches memory itself */
	unsigned long seen[VMS_REVOKE_COUNTS];
};

/*
 * Note the counts of @mapping; the hooks that this thread runs until end are
 * the ones that the notes are for. Begin and end nest.
 * Locks: any; the caller keeps @mapping.
 */
void vms__revoke_watch_begin(struct vms__revoke_watch *watch, struct address_space *mapping);
void vms__revoke_watch_end(struct vms__revoke_watch *watch);

/*
 * Whether pages at @index were taken back since begin. Without @watch: never.
 * Locks: that of the leaf where the page would be mapped, without which the
 * answer may be old at once.
 */
static inline bool vms__revoked(const struct vms__revoke_watch *watch, pgoff_t index)
{
	unsigned int i = index % VMS_REVOKE_COUNTS;

	/*
	 * Relaxed: the lock of the leaf orders this with an unmapping that was
	 * there before.
	 */
	return watch && atomic_load_explicit(&watch->mapping->revoked[i], memory_order_relaxed) !=
				watch->seen[i];
}

/*
 * What this thread watches of @mapping; NULL: nothing, it runs no hook of it.
 */
struct vms__revoke_watch *vms__revoke_watch_of(const struct address_space *mapping);

/*
 * Count for the pages [first, last], before any page table is looked at. A hook
 * that calls unmap_mapping_range() itself does not revoke the page that it is
 * about to answer.
 * Locks: any.
 */
void vms__revoke(struct address_space *mapping, pgoff_t first, pgoff_t last);

#endif
