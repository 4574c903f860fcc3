/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - a lock in one word, for sections of a few dozen instructions. A
 * zero word is unlocked.
 *
 * A user thread can lose its CPU inside such a section, so a waiter spins only
 * for a moment and then sleeps on the word. Values: 0 free, 1 held, 2 held and
 * a waiter may be asleep. The lock is not fair: any thread may take it while it
 * is free, ahead of the waiters.
 *
 * Ordering: locking acquires what the last unlocking released.
 */
#ifndef VMS_SYNC_SPINLOCK_H
#define VMS_SYNC_SPINLOCK_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vmastore/compiler.h>

#include "lib/sync/assert.h"
#include "lib/sync/futex.h"

/* Tell the CPU that the caller polls memory in a loop. */
static inline void vms__cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("isb" ::: "memory");
#else
	atomic_signal_fence(memory_order_seq_cst);
#endif
}

/*
 * How often a waiter polls, one vms__cpu_relax() apart, before it sleeps: some
 * microseconds in all, about the cost of sleeping. 0 on a machine with one CPU.
 */
unsigned int vms__spin_budget(void);

void vms__spin_lock_slow(_Atomic unsigned int *w);

static inline bool vms__spin_trylock(_Atomic unsigned int *w)
{
	unsigned int free = 0;

	/* acquire: pairs with the exchange in vms__spin_unlock() */
	return atomic_compare_exchange_strong_explicit(w, &free, 1, memory_order_acquire,
						       memory_order_relaxed);
}

static inline void vms__spin_lock(_Atomic unsigned int *w)
{
	if (unlikely(!vms__spin_trylock(w)))
		vms__spin_lock_slow(w);
}

static inline bool vms__spin_is_locked(const _Atomic unsigned int *w)
{
	return atomic_load_explicit((_Atomic unsigned int *)w, memory_order_relaxed) != 0;
}

static inline void vms__spin_unlock(_Atomic unsigned int *w)
{
	VMS_ASSERT(vms__spin_is_locked(w));
	/* release: pairs with vms__spin_trylock() and vms__spin_lock_slow() */
	if (unlikely(atomic_exchange_explicit(w, 0, memory_order_release) == 2))
		vms__futex_wake(w, 1);
}

#endif
