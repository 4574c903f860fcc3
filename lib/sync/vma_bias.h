/* SPDX-License-Identifier: MIT */
/*
 * vma_bias.h - the lock of a VMA that several threads read: each reader writes
 * a cache line of its own thread, and no other. The idea is BRAVO's (Dice and
 * Kogan, USENIX ATC 2019).
 *
 * Readers that count on the VMA take its cache line from one another. So once
 * readers have met, the VMA is biased towards them: its stamp (vma_lock.h)
 * becomes VMS__VLOCK_BIASED. A reader that finds the bias notes in its thread's
 * slot which VMA it holds:
 *
 *   reader                                  writer (mmap_lock W)
 *   P1 stamp biased? else count             W1 stamp = mm_seq
 *   P2 slot = the VMA                       W2 the count's readers are out, and
 *      light fence                             VMS__VLOCK_MAY_HOLD is set:
 *   P3 stamp still biased (acquire)?           heavy fence
 *      else undo P2, and count                 wait until no slot names the VMA
 *   P4 vm_mm, and the range                      (acquire)
 *   ...                                     W3 change the VMA ...
 *   P5 slot = none (release)
 *
 * Why it is right.
 *   - Suppose that a reader saw the bias at P3, and that a later writer's W1
 *     replaces that bias or a later one. By the two fences (asym_fence.h)
 *     either the writer sees P2, and waits for P5; or the reader's P3 sees W1
 *     or a later value, which is not the bias in question. P5's release and the
 *     writer's acquire order W3 after P5.
 *   - The bias is set by a reader that counts and that has found no stamp. So
 *     all earlier sections are over, and it has acquired their changes (R3). It
 *     sets the bias with release, and P3 acquires it.
 *   - A writer waits for that setter at W2. The setter sets VMS__VLOCK_MAY_HOLD
 *     in the count before the bias, so no writer misses the bias. It replaces
 *     only a stamp of 0 by the bias, so it never overwrites a writer's stamp.
 *   - P4 checks what a reader that counts checks as well (vma_lock.h), because
 *     the memory may be another VMA by now. Slots are compared by address
 *     alone, so a writer of that other VMA may wait until P4 has failed.
 *   - A VMA was write-locked before it was detached. So no slot holds a
 *     detached VMA, its stamp is no bias, and a new VMA in its memory begins
 *     without one.
 * tests/lib/sync/test_vma_lock_orders searches the C11 memory model for a
 * counter-example. It finds one if either fence, the check at P3, the setter's
 * count, or any of the orders is removed.
 *
 * A thread holds at most one VMA by its slot. It counts on any other VMA, and
 * on the same one when it locks that again. A thread without a slot of its own
 * (thread_slot.h has 127) always counts. If a thread holds one VMA both ways,
 * `nested` says how many counts it gives back before the slot. The stamp of a
 * VMA that is held by a slot is never 0, because it is the bias or the stamp of
 * the waiting writer; so a reader that sees stamp 0 counted.
 *
 * A signal handler may interrupt its thread between any two steps, and must
 * release what it locks before it returns. If it finds the slot in use, it
 * counts; if it finds the slot free, it leaves it free. Two cases need care,
 * both between P2 and P3. First, the bias may have been revoked and the stamp
 * settled to 0: then the handler counts without `nested`, clears the slot when
 * it unlocks, and so leaves its count to the thread, which gives it back after
 * P3 fails. Second, the handler may note a count as nested while the stamp is
 * of a section that is over, and unlock after that stamp was replaced by 0: so
 * P3 sets `nested` to 0.
 *
 * When a bias pays. Revoking a bias costs the writer a heavy fence. After a
 * revocation no new bias is set in the process for VMS__BIAS_REST times as long
 * as the fence took, up to VMS__BIAS_REST_MAX. So in the long run writers lose
 * at most a tenth of their time to fences, unless a fence takes more than 11
 * ms. Without membarrier no VMA is ever biased. A writer that is about to lock
 * many VMAs revokes all their biases with one fence (vms__vlock_batch_begin()).
 *
 * Fork: the child clears the slots of threads that no longer exist.
 *
 * Locks: see each function. Read first: vma_lock.h.
 */
#ifndef VMS_SYNC_VMA_BIAS_H
#define VMS_SYNC_VMA_BIAS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vmastore/compiler.h>

#include "lib/sync/asym_fence.h"
#include "lib/sync/thread_slot.h"

/*
 * The stamp of a biased VMA. Stamps of write sections are odd, so this even
 * number is never one of them.
 */
#define VMS__VLOCK_BIASED 2ul

/*
 * After a revocation no new bias is set for this many times the duration of its
 * fence.
 */
#define VMS__BIAS_REST 9u
/*
 * The longest such rest, in nanoseconds. Without this limit, a process that is
 * stopped for an hour in the middle of a fence would set no bias for nine hours
 * afterwards.
 */
#define VMS__BIAS_REST_MAX 100000000ul

/*
 * After a meeting a thread biases this many of the VMAs that it counts on.
 * Threads that read many VMAs seldom meet at one VMA, but still take the cache
 * lines of all of them from one another.
 */
#define VMS__BIAS_KEEN 256u

/* Aligned to two cache lines, because processors fetch them in pairs. */
struct vms__bias_slot {
	/* address of the stamp of the VMA that this thread holds, or 0 */
	_Atomic unsigned long held;
	_Atomic unsigned int sleeper; /* a writer sleeps until `held` changes; futex word */
	unsigned int nested;          /* counts of this thread on the VMA that `held` names */
	unsigned int skipped;         /* meetings since this thread last read the clock */
	/* VMAs that this thread will still bias without a meeting */
	unsigned int keen;
} __attribute__((aligned(2 * VMS_CACHELINE)));

/*
 * Indexed by thread slot plus one. The first two entries hold nothing: they
 * stand for threads that have no slot yet and for those that share slot 0.
 */
extern VMS__HIDDEN struct vms__bias_slot vms__bias_slots[VMS__SLOTS + 1];
#define VMS__BIAS_FIRST 2u

#ifndef VMS__BIAS_SELF /* the tests have threads of another kind */
#define VMS__BIAS_SELF vms__thread_slot_plus_one
#endif

void vms__bias_wake(struct vms__bias_slot *slot);
/*
 * Called by a thread whose entry is one of the first two. Return: its slot,
 * taken just now if need be; NULL: the thread shares slot 0.
 */
struct vms__bias_slot *vms__bias_slot_take(void);
/*
 * P3 failed: take back P2, or the count that a signal handler left in its
 * place.
 * Return: false if such a count was left: this thread then counts on the VMA.
 */
bool vms__bias_undo(struct vms__bias_slot *slot);
/*
 * This thread counts on a VMA; @met: another thread did just now, too.
 * Return: whether to bias the VMA, if vms__bias_pays().
 */
bool vms__bias_is_keen(bool met);
/* Whether a new bias may be set now. */
bool vms__bias_pays(void);

/*
 * P1 to P3, for a VMA whose stamp was seen to be the bias. The caller goes on
 * with P4.
 * Return: true: held by the slot. false with *@counted clear: the caller must
 *         count. false with *@counted set: this thread counts on the VMA
 *         although it is not biased: the caller must give that count back, and
 *         count again.
 */
static inline bool vms__bias_try_read(_Atomic unsigned long *stamp, bool *counted)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];

	*counted = false;
	if (unlikely(slot < &vms__bias_slots[VMS__BIAS_FIRST])) {
		slot = vms__bias_slot_take();
		if (!slot)
			return false;
	}
	/* Relaxed: no other thread stores to it. */
	if (unlikely(atomic_load_explicit(&slot->held, memory_order_relaxed)))
		return false;
	atomic_store_explicit(&slot->held, (unsigned long)stamp, VMS__ASYM_STORE);
	vms__fence_light();
#ifdef VMS_PLANT_BIAS_NO_RELOOK
	return true;
#endif
	/* acquire: pairs with vms__vlock_bias() */
	if (likely(atomic_load_explicit(stamp, VMS__ASYM_LOAD) == VMS__VLOCK_BIASED)) {
		/*
		 * A signal handler that ran before this load may have noted a
		 * count that was given back while the stamp was 0.
		 */
		slot->nested = 0;
		return true;
	}
	*counted = !vms__bias_undo(slot);
	return false;
}

/*
 * P5. Return: false: this thread counts on the VMA, and the caller must give
 * the count back.
 */
static inline bool vms__bias_end_read(const _Atomic unsigned long *stamp)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];

	if (atomic_load_explicit(&slot->held, memory_order_relaxed) != (unsigned long)stamp)
		return false;
	if (unlikely(slot->nested)) {
		slot->nested--;
		return false;
	}
	/* release: pairs with vms__bias_wait() */
	atomic_store_explicit(&slot->held, 0, memory_order_release);
	vms__fence_light();
	/*
	 * Relaxed: only the wake-up depends on it. By the fences either the
	 * writer sees that the slot is free, or this load sees the writer.
	 */
	if (unlikely(atomic_load_explicit(&slot->sleeper, memory_order_relaxed)))
		vms__bias_wake(slot);
	return true;
}

/*
 * This thread has counted on a VMA whose stamp was not 0. Note that, if the
 * thread holds the same VMA by its slot.
 */
static inline void vms__bias_counted(const _Atomic unsigned long *stamp)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];

	if (unlikely(atomic_load_explicit(&slot->held, memory_order_relaxed) ==
		     (unsigned long)stamp))
		slot->nested++;
}

/* For assertions. Return: whether this thread holds the VMA by its slot. */
static inline bool vms__bias_holds(const _Atomic unsigned long *stamp)
{
	return atomic_load_explicit(&vms__bias_slots[VMS__BIAS_SELF].held, memory_order_relaxed) ==
	       (unsigned long)stamp;
}

/*
 * The heavy fence of a writer that revokes. Its duration sets the rest that
 * follows (see above).
 */
void vms__bias_fence(void);

/* The number of such fences, for tests. */
extern VMS__HIDDEN _Atomic unsigned long vms__bias_fences;

/*
 * W2: wait until no slot holds the VMA.
 * Locks: mmap_lock W. @stamp must be this section's, vms__bias_fence() must
 *        have come after it, and no reader may count on the VMA.
 */
void vms__bias_wait(const _Atomic unsigned long *stamp);

/*
 * Return: whether any slot holds the VMA now. This is a hint, unless @stamp is
 *         a section's and a heavy fence came after it.
 */
bool vms__bias_held_by_any(const _Atomic unsigned long *stamp);

#endif
