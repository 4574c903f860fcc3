/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - what a waiter for a spinlock does, and how long waiters of any
 * kind may spin.
 *
 * The word with three values, and why its last waiter needs no count of the
 * others, is Ulrich Drepper's "Futexes Are Tricky" (2011).
 */
#include "lib/sync/spinlock.h"

#include <unistd.h>

/*
 * Looks before sleeping. A pause instruction takes from 10 (older x86) to 140
 * cycles, so this is 1 to 10 microseconds; to sleep on a futex and be woken
 * costs two switches, about as much, and wakes a CPU that has gone cold. So
 * spinning at most doubles the price of a wait, and spares most waits for a
 * change of the map, 1 or 2 microseconds each, the switches: with half the
 * looks two threads that replay a program made 5 to 20 per cent fewer
 * operations, with twice as many none more.
 */
#ifndef SPIN_LOOKS /* a test of the waiting has its own */
#define SPIN_LOOKS 200
#endif

unsigned int vms__spin_budget(void)
{
	/*
	 * plus one; 0: not known yet. Any thread's answer is as good: relaxed
	 */
	static _Atomic unsigned int budget;
	unsigned int b = atomic_load_explicit(&budget, memory_order_relaxed);

	if (unlikely(!b)) {
		/* On one CPU the holder cannot run while we spin. */
		b = 1 + (sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_LOOKS : 0);
		atomic_store_explicit(&budget, b, memory_order_relaxed);
	}
	return b - 1;
}

void vms__spin_lock_slow(_Atomic unsigned int *w)
{
	for (unsigned int spins = vms__spin_budget(); spins; spins--) {
		if (!vms__spin_is_locked(w) && vms__spin_trylock(w))
			return;
		vms__cpu_relax();
	}
	/*
	 * Whoever has slept holds the lock with the value 2, for others may
	 * sleep still: at worst its unlocking wakes nobody. acquire: pairs with
	 * vms__spin_unlock()
	 */
	while (atomic_exchange_explicit(w, 2, memory_order_acquire) != 0)
		vms__futex_wait(w, 2, NULL);
}
