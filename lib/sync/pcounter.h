/* SPDX-License-Identifier: MIT */
/*
 * pcounter.h - counters that many threads add to and few threads read. Each
 * thread adds to a row of its own, so that threads share no cache line; a sum
 * visits every row.
 *
 * Locks: none. A row belongs to a thread slot (thread_slot.h).
 */
#ifndef VMS_SYNC_PCOUNTER_H
#define VMS_SYNC_PCOUNTER_H

#include <stdatomic.h>

#include <vmastore/compiler.h>

#include "lib/sync/thread_slot.h"

struct vms__pcounter {
	unsigned int nr;     /* counters in a row */
	unsigned int stride; /* words from row to row; a multiple of a cache line */
	_Atomic long *rows;  /* VMS__SLOTS of them, cache-line aligned */
};

/* Create @nr_counters counters, all 0. Return: NULL if memory is out. */
struct vms__pcounter *vms__pcounter_create(unsigned int nr_counters);
/* No other thread may use @pc any more. NULL is ignored. */
void vms__pcounter_destroy(struct vms__pcounter *pc);

/*
 * Add @delta to counter @which.
 * Ordering: none. A row with one holder needs no atomic read-modify-write,
 *           because no other thread stores to it. Row 0 is shared, so it needs
 *           one.
 */
static inline void vms__pcounter_add(struct vms__pcounter *pc, unsigned int which, long delta)
{
	unsigned int slot = vms__thread_slot();
	_Atomic long *p = &pc->rows[(size_t)slot * pc->stride + which];

	if (likely(slot))
		atomic_store_explicit(p, atomic_load_explicit(p, memory_order_relaxed) + delta,
				      memory_order_relaxed);
	else
		atomic_fetch_add_explicit(p, delta, memory_order_relaxed);
}

/*
 * Like vms__pcounter_add(), for a counter of which the caller wants its own
 * part.
 * Return: the counter in the thread's row afterwards. In row 0 that is the sum
 *         over all threads that share the row.
 */
static inline long vms__pcounter_add_own(struct vms__pcounter *pc, unsigned int which, long delta)
{
	vms__pcounter_add(pc, which, delta);
	return atomic_load_explicit(&pc->rows[(size_t)vms__thread_slot() * pc->stride + which],
				    memory_order_relaxed);
}

/*
 * The sum over all threads. It includes every addition that happens before the
 * call. An addition made concurrently is included or not, each independently,
 * so a counter that is always >= 0 may read as < 0 for a moment.
 */
long vms__pcounter_sum(const struct vms__pcounter *pc, unsigned int which);
/*
 * The sum of @nr counters, from @first on, over the first @slots rows. The
 * caller passes vms__thread_slots_used() to visit all rows in use.
 */
static inline long vms__pcounter_sum_of(const struct vms__pcounter *pc, unsigned int slots,
					unsigned int first, unsigned int nr)
{
	long sum = 0;

	for (unsigned int slot = 0; slot < slots; slot++)
		for (unsigned int i = first; i < first + nr; i++)
			sum += atomic_load_explicit(&pc->rows[(size_t)slot * pc->stride + i],
						    memory_order_relaxed);
	return sum;
}

#endif
