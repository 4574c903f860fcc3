/* SPDX-License-Identifier: MIT */
/*
 * lockdep.h - the lock order, checked as the program runs. Debug builds
 * (VMS_DEBUG) only; elsewhere nothing is left of it.
 *
 * Each thread keeps the list of what it holds. Who takes a lock that it may
 * have to wait for says so before it waits, with the lock's rank: that must be
 * higher (further in) than every rank already held, or the program stops with
 * the names of both. A trylock cannot deadlock by itself and may come in any
 * order, but what is taken after it is held against it.
 *
 * The locks themselves do not know their rank: whoever gives a lock its meaning
 * (lib/mm, lib/page, ...) calls these.
 *
 * Locks: none; everything is the calling thread's own. A lock is released by
 *        the thread that took it.
 */
#ifndef VMS_SYNC_LOCKDEP_H
#define VMS_SYNC_LOCKDEP_H

#include <stdbool.h>
#include <stdint.h>

/* Outermost first: DESIGN's lock order. */
enum vms__lock_rank {
	VMS__RANK_MMAP,            /* mm->mmap_lock */
	VMS__RANK_VMA,             /* a VMA's own lock */
	VMS__RANK_INVALIDATE,      /* a file mapping's truncations and holes */
	VMS__RANK_MAPPING,         /* a file mapping's interval tree */
	VMS__RANK_ANON_VMA,        /* an anon_vma's interval tree */
	VMS__RANK_PAGE_TABLE_LOCK, /* mm->page_table_lock */
	VMS__RANK_PTL,             /* one page-table page */
	VMS__RANK_TREE,            /* a maple tree's own lock */
	VMS__RANK_CACHE,           /* object caches and registries */
	VMS__RANK_SHELF,           /* a thread's part of the object caches' depots: innermost */
	VMS__NR_RANKS
};

#ifdef VMS_DEBUG

/* About to take @lock, and willing to wait. @name is kept, not copied. */
void vms__lockdep_acquire(enum vms__lock_rank rank, const void *lock, const char *name);
/*
 * The same, where one lock of this rank is held already and the caller has an
 * order for the two (parent before child).
 */
void vms__lockdep_acquire_nested(enum vms__lock_rank rank, const void *lock, const char *name);
/* Took @lock by a trylock. */
void vms__lockdep_acquire_try(enum vms__lock_rank rank, const void *lock, const char *name);
/* Let go of @lock: the last one noted. Any order. */
void vms__lockdep_release(const void *lock);
void vms__lockdep_assert_held(const void *lock);
void vms__lockdep_assert_not_held(const void *lock);
/*
 * The number of the hold that this thread has on @lock; 0: it has none, or
 * nobody said so here. Two holds of a thread have different numbers, until 2^32
 * have passed.
 */
uint32_t vms__lockdep_hold(const void *lock);
/*
 * Stops unless this thread holds nothing: before it waits for something that
 * others may need those locks for.
 */
void vms__lockdep_assert_none_held(void);

#else

static inline void vms__lockdep_acquire(enum vms__lock_rank rank, const void *lock,
					const char *name)
{
	(void)rank, (void)lock, (void)name;
}

static inline void vms__lockdep_acquire_nested(enum vms__lock_rank rank, const void *lock,
					       const char *name)
{
	(void)rank, (void)lock, (void)name;
}

static inline void vms__lockdep_acquire_try(enum vms__lock_rank rank, const void *lock,
					    const char *name)
{
	(void)rank, (void)lock, (void)name;
}

static inline void vms__lockdep_release(const void *lock)
{
	(void)lock;
}

static inline void vms__lockdep_assert_held(const void *lock)
{
	(void)lock;
}

static inline void vms__lockdep_assert_not_held(const void *lock)
{
	(void)lock;
}

static inline void vms__lockdep_assert_none_held(void)
{
}

#endif

#endif
