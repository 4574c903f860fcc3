/* SPDX-License-Identifier: MIT */
/*
 * revoke.c - the counts of revoke.h, and the watches of the calling thread.
 *
 * Locks: none. A watch belongs to one thread.
 * Read next: handle_fault.c, which compares the counts before it installs a
 *            page; i_mmap.c, which unmaps.
 */
#include "lib/page/revoke.h"

/* The innermost watch of this thread. */
static __thread struct vms__revoke_watch *watching;

void vms__revoke_watch_begin(struct vms__revoke_watch *watch, struct address_space *mapping)
{
	watch->mapping = mapping;
	watch->outer = watching;
	/*
	 * Acquire: pairs with the release in vms__revoke(). A hook that is
	 * asked after a count was seen also sees what the owner did before it
	 * counted, and so does not choose the page that the owner took back
	 * before. Without that, the hook could answer such a page, and the
	 * comparison would find no difference.
	 */
	for (unsigned int i = 0; i < VMS_REVOKE_COUNTS; i++)
		watch->seen[i] = atomic_load_explicit(&mapping->revoked[i], memory_order_acquire);
	watching = watch;
}

void vms__revoke_watch_end(struct vms__revoke_watch *watch)
{
	watching = watch->outer;
}

struct vms__revoke_watch *vms__revoke_watch_of(const struct address_space *mapping)
{
	struct vms__revoke_watch *watch = watching;

	while (watch && watch->mapping != mapping)
		watch = watch->outer;
	return watch;
}

void vms__revoke(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	unsigned int nr = last - first < VMS_REVOKE_COUNTS - 1 ? (unsigned int)(last - first) + 1
							       : VMS_REVOKE_COUNTS;

	for (unsigned int n = 0; n < nr; n++) {
		unsigned int i = (unsigned int)((first + n) % VMS_REVOKE_COUNTS);

		/*
		 * Release: pairs with the acquire in vms__revoke_watch_begin().
		 */
		atomic_fetch_add_explicit(&mapping->revoked[i], 1, memory_order_release);
		/*
		 * This thread's own watches count too, so that a hook that
		 * unmaps pages does not make its own answer look stale.
		 */
		for (struct vms__revoke_watch *watch = watching; watch; watch = watch->outer)
			if (watch->mapping == mapping)
				watch->seen[i]++;
	}
}
