/* SPDX-License-Identifier: MIT */
/*
 * lockdep.h - checks the lock order at run time, in debug builds (VMS_DEBUG)
 * only. Other builds compile it to nothing.
 *
 * Each thread keeps a list of the locks it holds. A thread that takes a lock
 * and may have to wait for it announces that before it waits, with the lock's
 * rank. The rank must be higher (further in) than every rank that the thread
 * holds, or the program stops with the names of both locks. A trylock cannot
 * deadlock by itself and may come in any order, but the rank of a lock taken by
 * trylock counts against locks taken later.
 *
 * The locks themselves do not know their rank: the layer that gives a lock its
 * meaning (lib/mm, lib/page, ...) makes these calls.
 *
 * Locks: none; all state is the calling thread's own. The thread that took a
 *        lock must release it.
 */
#ifndef VMS_SYNC_LOCKDEP_H
#define VMS_SYNC_LOCKDEP_H

#include <stdbool.h>
#include <stdint.h>

/* The lock order, outermost first. */
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
	VMS__RANK_SHELF,           /* a thread's part of the object caches' depots */
	VMS__RANK_HOST,            /* the host's memory (host_memory.h): innermost */
	VMS__NR_RANKS
};

#ifdef VMS_DEBUG

/*
 * The caller is about to take @lock and may wait for it. @name must outlive the
 * hold: it is not copied.
 */
void vms__lockdep_acquire(enum vms__lock_rank rank, const void *lock, const char *name);
/*
 * Like vms__lockdep_acquire(), for a second lock of a rank that the thread
 * holds already. The caller must have an order for the two (parent before
 * child).
 */
void vms__lockdep_acquire_nested(enum vms__lock_rank rank, const void *lock, const char *name);
/* The caller has taken @lock by a trylock. */
void vms__lockdep_acquire_try(enum vms__lock_rank rank, const void *lock, const char *name);
/*
 * The caller releases its latest hold of @lock. Locks may be released in any
 * order.
 */
void vms__lockdep_release(const void *lock);
void vms__lockdep_assert_held(const void *lock);
void vms__lockdep_assert_not_held(const void *lock);
/*
 * The number of this thread's latest hold on @lock. 0: it has none, or the hold
 * was not announced here. Two holds of one thread have different numbers until
 * 2^32 holds have passed.
 */
uint32_t vms__lockdep_hold(const void *lock);
/*
 * Stop the program unless this thread holds no lock. Called before a thread
 * waits for others that may need its locks to make progress.
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
