/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.c - the slow side of the lock in every VMA: a thread that
 * write-locks or detaches a VMA and has to wait for its readers.
 *
 * There is at most one such thread for a VMA, because it holds mmap_lock for
 * writing. It raises refcnt by VMA_LOCK_OFFSET, which refuses new readers and
 * so bounds the wait. It spins for the time that a page fault takes, and only
 * then sets the bit that makes the last reader call the kernel.
 *
 * lib/sync/vma_bias.c waits for readers that hold the VMA by their thread's
 * slot.
 *
 * Locks: mmap_lock W. Read first: lib/sync/vma_lock.h.
 */
#include "lib/sync/vma_lock.h"

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/*
 * Wait until the count is @left: 1 if the attachment still counts, else 0. The
 * count cannot miss that value, because it only falls, by one at a time.
 * Ordering: the load that sees @left acquires the releases of all readers,
 *           because their subtractions form one release sequence.
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
	 * A reader that subtracts after this sees the bit, and wakes us if it
	 * is the last; @ref includes one that did so before. If the value
	 * changes between this and the sleep, the kernel refuses to let us
	 * sleep.
	 */
	ref = atomic_fetch_or_explicit(refcnt, VMS__VLOCK_SLEEPER, memory_order_acquire) |
	      VMS__VLOCK_SLEEPER;
	while ((ref & VMS__VLOCK_COUNT) != left) {
		vms__futex_wait(refcnt, ref, NULL);
		ref = atomic_load_explicit(refcnt, memory_order_acquire);
	}
}

/*
 * Let readers in again. release: passes the stamp (W1) to R2, like W2 in
 * vms__vlock_start_write().
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
	 * relaxed: refusing readers orders nothing, and the wait below acquires
	 * from those that count
	 */
	unsigned int old = atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 1);
	/*
	 * A reader counts while it sets the bias, so no reader can set it now.
	 */
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
 * No reader is refused while a slot is seen to hold the VMA. A reader that
 * takes the VMA by its slot while the stamp is stored keeps it, and the stamp
 * is taken back.
 */
bool vms__vlock_try_write_slow(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq,
			       unsigned long seqval)
{
	unsigned int ref = 1 | VMS__VLOCK_MAY_HOLD;
	unsigned long was;

	if (vms__bias_held_by_any(lock_seq))
		return false;
	/*
	 * Relaxed, on success and failure: the heavy fence below orders this,
	 * and all that readers did which counted, before the checks that
	 * follow.
	 */
	if (!atomic_compare_exchange_strong_explicit(refcnt, &ref, ref + VMA_LOCK_OFFSET,
						     memory_order_relaxed, memory_order_relaxed))
		return false;
	/*
	 * Exchanges, so that a thread that reads the old value afterwards still
	 * acquires it from the thread that stored it first.
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
	 * The same step removes the attachment and refuses readers, so that no
	 * thread sees a count of 0 in between.
	 */
	unsigned int old =
		atomic_fetch_add_explicit(refcnt, VMA_LOCK_OFFSET - 1, memory_order_relaxed);

	VMS_ASSERT(old != 0 && old < VMA_LOCK_OFFSET);
	(void)old;
	wait_readers(refcnt, 0);
	let_go(refcnt);
}

/* Readers count, or came and left meanwhile; or a slot may hold the VMA. */
void vms__vlock_retire_slow(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq)
{
	shut_out(refcnt, lock_seq, false);
	vms__vlock_detach(refcnt);
}

void vms__vlock_wake_writer(_Atomic unsigned int *refcnt)
{
	vms__futex_wake(refcnt, 1);
}
