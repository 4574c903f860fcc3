/* SPDX-License-Identifier: MIT */
/*
 * rss.c - how much memory is resident, and the most that ever was.
 *
 * The maximum is updated only before pages are unmapped, as on Linux, so a
 * fault pays nothing. Even then a sum over all threads' counters would take
 * cache lines away from threads that fault. A thread therefore counts the pages
 * that it unmaps in its own row (VMS__RSS_FALLEN), and sums up after RSS_BATCH
 * of them. While only one thread has used the library, a sum is cheap and is
 * made every time, so the maximum is exact.
 *
 * Locks: none. hiwater_rss only grows, by compare-and-swap.
 */
#include "lib/page/page.h"
#include "lib/sync/pcounter.h"

_Static_assert(MM_ANONPAGES == MM_FILEPAGES + 1 && MM_SHMEMPAGES == MM_FILEPAGES + 2,
	       "resident pages are three counters in a row");

#define RSS_BATCH 64
#define ONE_THREAD 2u /* slots: its own, and the shared one */

static inline unsigned long rss(const struct mm_struct *mm, unsigned int slots)
{
	long sum = vms__pcounter_sum_of(mm->counters, slots, MM_FILEPAGES, 3);

	/*
	 * Concurrent changes may make the sum negative for a moment, because
	 * the rows are not read at one instant.
	 */
	return sum > 0 ? (unsigned long)sum : 0;
}

unsigned long vms__rss(const struct mm_struct *mm)
{
	return rss(mm, vms__thread_slots_used());
}

/* Relaxed: a statistic, which orders nothing. */
static void raise_to(_Atomic unsigned long *max, unsigned long now)
{
	unsigned long old = atomic_load_explicit(max, memory_order_relaxed);

	while (now > old && !atomic_compare_exchange_weak_explicit(
				    max, &old, now, memory_order_relaxed, memory_order_relaxed))
		;
}

bool vms__rss_falls(struct mm_struct *mm, long pages)
{
	unsigned int slots = vms__thread_slots_used();

	if (slots > ONE_THREAD) {
		long fallen = vms__pcounter_add_own(mm->counters, VMS__RSS_FALLEN, pages);

		if (fallen < RSS_BATCH)
			return false;
		vms__pcounter_add(mm->counters, VMS__RSS_FALLEN, -fallen);
	}
	raise_to(&mm->hiwater_rss, rss(mm, slots));
	return true;
}

unsigned long vms_mm_hiwater_rss(const struct mm_struct *mm)
{
	unsigned long was = atomic_load_explicit(&mm->hiwater_rss, memory_order_relaxed),
		      now = vms__rss(mm);

	return was > now ? was : now;
}
