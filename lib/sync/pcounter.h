/* SPDX-License-Identifier: MIT */
/*
 * pcounter.h - counters that many threads add to and few read. Each thread adds
 * to a row of its own, so that no cache line is shared; a sum visits every row.
 *
 * Locks: none. Rows belong to thread slots (thread_slot.h).
 */
#ifndef VMS_SYNC_PCOUNTER_H
#define VMS_SYNC_PCOUNTER_H

#include <stdatomic.h>

#include <vmastore/compiler.h>

#include "lib/sync/thread_slot.h"

struct vms__pcounter {
	unsigned int nr;     /* counters in a row */
	unsigned int stride; /* words from row to row: whole cache lines */
	_Atomic long *rows;  /* VMS__SLOTS of them, cache-line aligned */
};

/* @nr_counters counters, all 0. Return: NULL when memory is out. */
struct vms__pcounter *vms__pcounter_create(unsigned int nr_counters);
/* Nobody else may still use @pc. NULL is ignored. */
void vms__pcounter_destroy(struct vms__pcounter *pc);

/*
 * Add @delta to counter @which.
 * Ordering: none. A row with one holder needs no read-modify-write: nobody else
 *           stores to it. Row 0 is shared, so it does.
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
 * The same, for a counter that a thread keeps for itself. Return: its row's
 * counter now; that of row 0 is of all who share it.
 */
static inline long vms__pcounter_add_own(struct vms__pcounter *pc, unsigned int which, long delta)
{
	vms__pcounter_add(pc, which, delta);
	return atomic_load_explicit(&pc->rows[(size_t)vms__thread_slot() * pc->stride + which],
				    memory_order_relaxed);
}

/*
 * The sum over all threads. Exact for the additions that happen before the
 * call; those that run beside it are counted or not, each by itself, so that a
 * counter that is always >= 0 may read as < 0 for a moment.
 */
long vms__pcounter_sum(const struct vms__pcounter *pc, unsigned int which);
/*
 * The same of @nr counters together, from @first on, in the first @slots rows:
 * vms__thread_slots_used() are all of them.
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
