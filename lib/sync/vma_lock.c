/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.c - the waiting side of the lock in every VMA: a writer, or one who detaches, that found readers in.
 *
 * There is at most one such thread for a VMA, since it holds mmap_lock for writing. It raises refcnt by VMA_LOCK_OFFSET,
 * which turns new readers away and so bounds the wait, spins for the time that a page fault takes, and only then sets the bit
 * that makes the last reader call the kernel.
 *
 * Locks: mmap_lock W. Read first: lib/sync/vma_lock.h.
 */
#include "lib/sync/vma_lock.h"

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

#define COUNT_MASK (VMA_LOCK_OFFSET - 1)

/*
 * Wait until the count is @left: 1 if the attachment counts, else 0. Its value cannot pass that by, for it only falls.
 * Ordering: acquires the releases of all readers, by whichever load sees the end: their subtractions are one release sequence.
 */
static void wait_readers(_Atomic unsigned int *refcnt, unsigned int left)
{
	unsigned int ref;

	for (unsigned int spins = vms__spin_budget(); spins; spins--) {
		/* acquire, here and below: pairs with vms__vlock_end_read() */
		if ((atomic_load_explicit(refcnt, memory_order_acquire) & COUNT_MASK) == left)
			return;
		vms__cpu_relax();
	}
	/*
	 * A reader that subtracts after this sees the bit and wakes us if it is the last; one that did so before is in @ref.
	 * Between the two and the sleep the value changes, and the kernel does not let us sleep.
	 */
	ref = atomic_fetch_or_explicit(refcnt, VMS__VLOCK_SLEEPER, memory_order_acquire) | VMS__VLOCK_SLEEPER;
	while ((ref & COUNT_MASK) != left) {
		vms__futex_wait(refcnt, ref, NULL);
		ref = atomic_load_explicit(refcnt, memory_order_acquire);
	}
}

/* Readers may come in again. release: gives the stamp (W1) to R2, as W2 in vms__vlock_start_write() does. */
static void let_go(_Atomic unsigned int *refcnt)
{
	atomic_fetch_and_explicit(refcnt, ~(VMA_LOCK_OFFSET | VMS__VLOCK_SLEEPER), memory_order_release);
}

void vms__vlock_start_write_slow(_Atomic unsigned int *refcnt)
{
	/* relaxed: turning readers away orders nothing; those that are in are acquired by the wait */
	unsigned int old = atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 1);
	let_go(refcnt);
}

void vms__vlock_detach_slow(_Atomic unsigned int *refcnt)
{
	/* The attachment goes in the same step in which readers are shut out, so that no count of 0 is ever seen in between. */
	unsigned int old = atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET - 1, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 0);
	let_go(refcnt);
}

void vms__vlock_wake_writer(_Atomic unsigned int *refcnt)
{
	vms__futex_wake(refcnt, 1);
}
