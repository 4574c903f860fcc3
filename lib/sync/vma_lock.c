/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.c - the waiting side of the lock in every VMA: a writer, or one who
 * detaches, that found readers in.
 *
 * There is at most one such thread for a VMA, since it holds mmap_lock for
 * writing. It raises refcnt by VMA_LOCK_OFFSET, which turns new readers away
 * and so bounds the wait, spins for the time that a page fault takes, and only
 * then sets the bit that makes the last reader call the kernel.
 *
 * Readers that hold the VMA by a slot of their own are waited for in
 * lib/sync/vma_bias.c.
 *
 * Locks: mmap_lock W. Read first: lib/sync/vma_lock.h.
 */
#include "lib/sync/vma_lock.h"

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/*
 * Wait until the count is @left: 1 if the attachment counts, else 0. Its value
 * cannot pass that by, for it only falls.
 * Ordering: acquires the releases of all readers, by whichever load sees the
 *           end: their subtractions are one release sequence.
 */
static void wait_readers(_Atomic unsigned int *refcnt, unsigned int left)
{
	unsigned int ref;

	for (unsigned int spins = vms__spin_budget(); spins; spins--) {
		/* acquire, here and below: pairs with vms__vlock_end_read() */
		if ((atomic_load_explicit(refcnt, memory_order_acquire) & VMS__VLOCK_COUNT) == left)
			return;
		vms__cpu_relax();
	}
	/*
	 * A reader that subtracts after this sees the bit and wakes us if it is
	 * the last; one that did so before is in @ref. Between the two and the
	 * sleep the value changes, and the kernel does not let us sleep.
	 */
	ref = atomic_fetch_or_explicit(refcnt, VMS__VLOCK_SLEEPER, memory_order_acquire) |
	      VMS__VLOCK_SLEEPER;
	while ((ref & VMS__VLOCK_COUNT) != left) {
		vms__futex_wait(refcnt, ref, NULL);
		ref = atomic_load_explicit(refcnt, memory_order_acquire);
	}
}

/*
 * Readers may come in again. release: gives the stamp (W1) to R2, as W2 in
 * vms__vlock_start_write() does.
 */
static void let_go(_Atomic unsigned int *refcnt)
{
	atomic_fetch_and_explicit(refcnt,
				  ~(VMA_LOCK_OFFSET | VMS__VLOCK_SLEEPER | VMS__VLOCK_MAY_HOLD),
				  memory_order_release);
}

/* W2. @fenced: a heavy fence came after the stamp. */
static void shut_out(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq,
		     bool fenced)
{
	/*
	 * relaxed: turning readers away orders nothing; those that are in are
	 * acquired by the wait
	 */
	unsigned int old = atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 1);
	/* Whoever biases the VMA counts meanwhile, so nobody does any more. */
	if (atomic_load_explicit(refcnt, memory_order_relaxed) & VMS__VLOCK_MAY_HOLD) {
		if (!fenced)
			vms__bias_fence();
		vms__bias_wait(lock_seq);
	}
	let_go(refcnt);
}

void vms__vlock_start_write_slow(_Atomic unsigned int *refcnt,
				 const _Atomic unsigned long *lock_seq)
{
	shut_out(refcnt, lock_seq, false);
}

void vms__vlock_batch_finish(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq)
{
	shut_out(refcnt, lock_seq, true);
}

/*
 * Nobody is turned away while a slot is seen to hold the VMA. One that takes it
 * at the same time as the stamp goes in keeps it, and the stamp goes out again.
 */
bool vms__vlock_try_write_slow(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq,
			       unsigned long seqval)
{
	unsigned int ref = 1 | VMS__VLOCK_MAY_HOLD;
	unsigned long was;

	if (vms__bias_held_by_any(lock_seq))
		return false;
	/*
	 * Relaxed, both: the fence orders them, and all that readers did who
	 * counted, before the looks that follow.
	 */
	if (!atomic_compare_exchange_strong_explicit(refcnt, &ref, ref + VMA_LOCK_OFFSET,
						     memory_order_relaxed, memory_order_relaxed))
		return false;
	/*
	 * Exchanges, so that whoever reads what was there before acquires it
	 * from where it came.
	 */
	was = atomic_exchange_explicit(lock_seq, seqval, memory_order_relaxed);
	vms__bias_fence();
	if (vms__bias_held_by_any(lock_seq)) {
		atomic_exchange_explicit(lock_seq, was, memory_order_relaxed);
		atomic_fetch_sub_explicit(refcnt, VMA_LOCK_OFFSET, memory_order_relaxed);
		return false;
	}
	let_go(refcnt);
	return true;
}

void vms__vlock_detach_slow(_Atomic unsigned int *refcnt)
{
	/*
	 * The attachment goes in the same step in which readers are shut out,
	 * so that no count of 0 is ever seen in between.
	 */
	unsigned int old =
		atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET - 1, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 0);
	let_go(refcnt);
}

/* Readers are in, or came by; or a slot may hold the VMA. */
void vms__vlock_retire_slow(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq)
{
	shut_out(refcnt, lock_seq, false);
	vms__vlock_detach(refcnt);
}

void vms__vlock_wake_writer(_Atomic unsigned int *refcnt)
{
	vms__futex_wake(refcnt, 1);
}
