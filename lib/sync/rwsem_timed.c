/* SPDX-License-Identifier: MIT */
/*
 * rwsem_timed.c - the rw-semaphore: the waiters of timed calls, shared by all
 * semaphores.
 *
 * A timed call that gives up leaves its waiter in the queue, for the next
 * holder of wait_lock to take out. So the waiter cannot lie on the caller's
 * stack. A call that finds no waiter free waits outside the queue.
 *
 * Locks: none. Read first: rwsem_wait.c.
 */
#include "lib/sync/rwsem_internal.h"

/*
 * This memory is never freed: a thread that wakes a waiter which has left wakes
 * no one, or wakes another call too early, which then looks again.
 */
#ifndef NR_TIMED_WAITERS /* a test has fewer */
#define NR_TIMED_WAITERS 512
#endif

static struct vms_rwsem_waiter timed_waiters[NR_TIMED_WAITERS];

/*
 * A thread that uses the plain fields of a timed waiter must own it. This check
 * sees only that some thread does; a test of the memory orders has a sharper
 * one.
 */
#ifndef ASSERT_TAKEN
#define ASSERT_TAKEN(w) VMS_ASSERT(atomic_load_explicit(&(w)->taken, memory_order_relaxed))
#endif

struct vms_rwsem_waiter *vms__rwsem_take_timed(void)
{
	/*
	 * Threads start their search at different places, so that they seldom
	 * collide.
	 */
	unsigned int start =
		((unsigned int)((uintptr_t)vms__rwsem_this_thread() >> 12) * 0x9e3779b1u) >> 16;

	for (unsigned int i = 0; i < NR_TIMED_WAITERS; i++) {
		struct vms_rwsem_waiter *w = &timed_waiters[(start + i) % NR_TIMED_WAITERS];

		/* acquire: pairs with vms__rwsem_put_timed() */
		if (!atomic_load_explicit(&w->taken, memory_order_relaxed) &&
		    !atomic_exchange_explicit(&w->taken, true, memory_order_acquire)) {
			ASSERT_TAKEN(w);
			return w;
		}
	}
	return NULL;
}

void vms__rwsem_put_timed(struct vms_rwsem_waiter *w)
{
	ASSERT_TAKEN(w);
	/* release: pairs with vms__rwsem_take_timed() */
	atomic_store_explicit(&w->taken, false, memory_order_release);
}
