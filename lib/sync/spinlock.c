/* SPDX-License-Identifier: MIT */
/*
 * spinlock.c - how a waiter for a spinlock waits, and how long waiters of any
 * kind may spin. Read first: spinlock.h.
 *
 * The three-valued word, and why no count of the waiters is needed, are
 * explained in Ulrich Drepper's "Futexes Are Tricky" (2011).
 */
#include "lib/sync/spinlock.h"

#include <unistd.h>

/*
 * The number of polls before a waiter sleeps. A pause instruction takes from 10
 * (older x86) to 140 cycles, so this is 1 to 10 microseconds. Sleeping on a
 * futex and being woken costs two context switches, about as much, and wakes a
 * CPU that has gone cold. So spinning at most doubles the cost of a wait. Most
 * waits for a change of the map are 1 or 2 microseconds long, and spinning
 * spares them the switches: with half the polls two threads that replay a
 * program made 5 to 20 per cent fewer operations, with twice as many polls no
 * more.
 */
#ifndef SPIN_LOOKS /* tests of the waiting override it */
#define SPIN_LOOKS 200
#endif

unsigned int vms__spin_budget(void)
{
	/*
	 * The budget plus one; 0: not computed yet. Relaxed: every thread
	 * computes the same value.
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
	 * A waiter that has slept takes the lock with the value 2, because
	 * other waiters may still be asleep; at worst its unlock wakes no
	 * thread. acquire: pairs with vms__spin_unlock()
	 */
	while (atomic_exchange_explicit(w, 2, memory_order_acquire) != 0)
		vms__futex_wait(w, 2, NULL);
}
