/* SPDX-License-Identifier: MIT */
/*
 * lockdep.c - each thread's list of the locks it holds, and the checks on it.
 *
 * Checking one thread's list is enough, because locks have ranks: if every
 * thread takes locks in rising rank only, waiting threads cannot form a circle,
 * whatever they do concurrently. So an inversion is found the first time its
 * code runs, without a second thread.
 *
 * Locks: none. Read first: lib/sync/lockdep.h.
 */
#include "lib/sync/lockdep.h"

#ifdef VMS_DEBUG

#include <stdio.h>
#include <stdlib.h>

#include <vmastore/compiler.h>

#include "lib/sync/assert.h"

/*
 * Kept small because the list is thread-local: with more static thread-local
 * storage, dlopen() finds no room for the shared object.
 */
#define MAX_HELD 32

struct held {
	const void *lock;
	const char *name;
	enum vms__lock_rank rank;
	uint32_t hold;
};

/* The calling thread's holds, in the order in which it took them. */
static _Thread_local struct held held[MAX_HELD];
static _Thread_local unsigned int nr_held;
/*
 * The number of the last hold. It starts at a value made from the address of
 * the thread's own storage, so that two threads' numbers are unlikely to be
 * equal.
 */
static _Thread_local uint32_t last_hold;

/* VMS__NR_RANKS stands for a lock of which only the address is known. */
static const char *const rank_names[VMS__NR_RANKS + 1] = {
	[VMS__RANK_MMAP] = "mmap_lock",        [VMS__RANK_VMA] = "VMA",
	[VMS__RANK_INVALIDATE] = "invalidate", [VMS__RANK_MAPPING] = "mapping",
	[VMS__RANK_ANON_VMA] = "anon_vma",     [VMS__RANK_PAGE_TABLE_LOCK] = "page_table_lock",
	[VMS__RANK_PTL] = "page-table page",   [VMS__RANK_TREE] = "tree",
	[VMS__RANK_CACHE] = "cache",           [VMS__RANK_SHELF] = "shelf",
	[VMS__RANK_HOST] = "host memory",      [VMS__NR_RANKS] = "unknown",
};

static _Noreturn void stop(const char *what, const struct held *taken, const struct held *against)
{
	vms__warn("lockdep: %s %s (rank %s, at %p)", what, taken->name, rank_names[taken->rank],
		  taken->lock);
	if (against)
		vms__warn("lockdep: while it holds %s (rank %s, at %p)", against->name,
			  rank_names[against->rank], against->lock);
	for (unsigned int i = nr_held; i-- > 0;)
		vms__warn("lockdep: held #%u: %s (rank %s, at %p)", i, held[i].name,
			  rank_names[held[i].rank], held[i].lock);
	abort();
}

/* Return: the latest entry for @lock, or NULL. */
static struct held *find(const void *lock)
{
	for (unsigned int i = nr_held; i-- > 0;) {
		if (held[i].lock == lock)
			return &held[i];
	}
	return NULL;
}

/*
 * Return: the hold of the highest rank; of several with that rank, the latest.
 */
static const struct held *innermost(void)
{
	const struct held *max = NULL;

	for (unsigned int i = 0; i < nr_held; i++) {
		if (!max || held[i].rank >= max->rank)
			max = &held[i];
	}
	return max;
}

static void note(const struct held *taken)
{
	if (nr_held == MAX_HELD)
		stop("this thread holds too many locks to note", taken, NULL);
	if (!last_hold)
		last_hold = (uint32_t)((uintptr_t)&last_hold >> 6) * 0x9e3779b1u;
	last_hold += 1 + (last_hold == UINT32_MAX);
	held[nr_held] = *taken;
	held[nr_held++].hold = last_hold;
}

static void acquire(const struct held *taken, bool same_rank_too)
{
	const struct held *max = innermost();

	/*
	 * A thread that waits for its own lock waits for ever. A second read
	 * lock does, too, if a writer queues in between.
	 */
	if (find(taken->lock))
		stop("this thread is about to wait for a lock that it holds:", taken,
		     find(taken->lock));
	if (max && (max->rank > taken->rank || (max->rank == taken->rank && !same_rank_too)))
		stop("lock order broken: this thread is about to wait for", taken, max);
	note(taken);
}

void vms__lockdep_acquire(enum vms__lock_rank rank, const void *lock, const char *name)
{
	acquire(&(struct held){.lock = lock, .name = name, .rank = rank}, false);
}

void vms__lockdep_acquire_nested(enum vms__lock_rank rank, const void *lock, const char *name)
{
	acquire(&(struct held){.lock = lock, .name = name, .rank = rank}, true);
}

void vms__lockdep_acquire_try(enum vms__lock_rank rank, const void *lock, const char *name)
{
	note(&(struct held){.lock = lock, .name = name, .rank = rank});
}

void vms__lockdep_release(const void *lock)
{
	struct held *h = find(lock);

	if (!h)
		stop("this thread lets go of a lock that it does not hold:",
		     &(struct held){.lock = lock, .name = "a lock", .rank = VMS__NR_RANKS}, NULL);
	for (nr_held--; h < &held[nr_held]; h++)
		h[0] = h[1];
}

uint32_t vms__lockdep_hold(const void *lock)
{
	const struct held *h = find(lock);

	return h ? h->hold : 0;
}

void vms__lockdep_assert_held(const void *lock)
{
	if (!find(lock))
		stop("this thread must hold",
		     &(struct held){.lock = lock, .name = "a lock", .rank = VMS__NR_RANKS}, NULL);
}

void vms__lockdep_assert_not_held(const void *lock)
{
	if (find(lock))
		stop("this thread must not hold", find(lock), NULL);
}

void vms__lockdep_assert_none_held(void)
{
	if (nr_held)
		stop("this thread must hold no lock, but holds", &held[nr_held - 1], NULL);
}

#endif
