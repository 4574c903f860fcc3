/* SPDX-License-Identifier: MIT */
/*
 * vma_bias.h - the lock of a VMA whose readers come from several threads: a
 * reader writes a cache line of its own thread, and no other. The idea is
 * BRAVO's (Dice and Kogan, USENIX ATC 2019).
 *
 * Counting on the VMA makes readers of one VMA take its line from one another.
 * So once readers have met, the VMA is biased towards them: its stamp
 * (vma_lock.h) becomes VMS__VLOCK_BIASED. A reader that finds it so writes
 * down, in the slot of its thread, which VMA it holds:
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
 *   - Let a reader have seen the bias at P3, and a writer come later: its W1
 *     replaces that bias or a later one. By the two fences (asym_fence.h) the
 *     writer sees P2, and waits for P5; or the reader's P3 sees W1 or what came
 *     after it, and that is not the bias in question. W3 comes after P5 by P5's
 *     release and the writer's acquire.
 *   - The bias is set by a reader that counts, and that has found no stamp: so
 *     all sections before are over, and it has acquired their changes (R3). It
 *     sets the bias with release, P3 acquires it.
 *   - That setter is waited for at W2. It sets VMS__VLOCK_MAY_HOLD in the count
 *     before the bias, so no writer misses it; and it sets the bias in the
 *     place of 0 only, so it never overwrites a writer's stamp.
 *   - P4 is what it is for a reader that counts (vma_lock.h): the memory may be
 *     another VMA by now. The slot is compared by address alone, so a writer of
 *     that other one may wait until P4 has failed.
 *   - A VMA that is detached was write-locked before: no slot holds it, its
 *     stamp is no bias, and a new VMA in its memory begins without one.
 * tests/lib/sync/test_vma_lock_orders searches the C11 memory model for a
 * counter-example, and finds one without either fence, the second look, the
 * count of the setter, or any of the orders.
 *
 * A thread holds one VMA by its slot. Any other, and the same one again, it
 * counts on; so does a thread without a slot of its own (thread_slot.h has
 * 127). Of one VMA held both ways, `nested` says how many counts are to go
 * first. The stamp of a VMA that is held by a slot is never 0, because its bias
 * or the stamp of the writer that waits is there; so a VMA with stamp 0 was
 * counted on.
 *
 * A signal handler may interrupt its thread between any two steps, and lets go
 * of what it locks before it returns. It finds the slot in use, and counts; or
 * finds it free, and leaves it free. In between P2 and a P3 that fails, the VMA
 * may have become free: then the handler counts without `nested`, clears the
 * slot when it lets go, and so leaves its count to the thread, which gives that
 * back. Or it notes a count as nested by the stamp of a section that is over,
 * and lets go after that gave way to 0: so P3 sets `nested` to 0.
 *
 * When it pays. Revoking a bias costs the writer a heavy fence. Whoever revokes
 * sees to it that for VMS__BIAS_REST times as long no new bias is set in the
 * process, up to VMS__BIAS_REST_MAX: so in the long run writers lose at most a
 * tenth of the time by it, unless a fence takes more than 11 ms. Without
 * membarrier no VMA is ever biased. A writer that is about to lock many VMAs
 * revokes all their biases with one fence (vms__vlock_batch_begin()).
 *
 * Fork: in the child the slots of threads that no longer exist hold nothing.
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

/* The stamp of a biased VMA: no section has an even number. */
#define VMS__VLOCK_BIASED 2ul

/* No new bias for so many times as long as a revocation's fence took. */
#define VMS__BIAS_REST 9u
/*
 * But for so many nanoseconds at most: a process that is stopped for an hour in
 * the middle of a fence must not count on its VMAs for nine hours afterwards.
 */
#define VMS__BIAS_REST_MAX 100000000ul

/*
 * After a meeting a thread biases so many of the VMAs that it counts on:
 * threads that read many VMAs seldom meet in one and the same, and still take
 * the lines of all of them from one another.
 */
#define VMS__BIAS_KEEN 256u

/* Two lines, since processors fetch them in pairs. */
struct vms__bias_slot {
	/*
	 * the address of the stamp of the VMA that this thread holds; 0: none
	 */
	_Atomic unsigned long held;
	_Atomic unsigned int sleeper; /* a writer sleeps until `held` changes; futex word */
	unsigned int nested;          /* counts of this thread on the VMA that `held` names */
	unsigned int skipped;         /* meetings since this thread last asked the time */
	/*
	 * so many more VMAs that this thread counts on are biased without a
	 * meeting
	 */
	unsigned int keen;
} __attribute__((aligned(2 * VMS_CACHELINE)));

/*
 * By thread slot plus one; the first two, of threads that have none and of
 * those that share slot 0, hold nothing.
 */
extern VMS__HIDDEN struct vms__bias_slot vms__bias_slots[VMS__SLOTS + 1];
#define VMS__BIAS_FIRST 2u

#ifndef VMS__BIAS_SELF /* the tests have threads of another kind */
#define VMS__BIAS_SELF vms__thread_slot_plus_one
#endif

void vms__bias_wake(struct vms__bias_slot *slot);
/* The slot, when it has just been asked for; NULL: this thread shares one. */
struct vms__bias_slot *vms__bias_slot_take(void);
/*
 * P3 failed: give back P2, or what a handler left in its place. Return: false:
 * this thread counts on the VMA.
 */
bool vms__bias_undo(struct vms__bias_slot *slot);
/*
 * This thread counts on a VMA; @met: so did another just now. Return: bias it,
 * if that pays.
 */
bool vms__bias_is_keen(bool met);
/* Whether a new bias may be set now. */
bool vms__bias_pays(void);

/*
 * P1 to P3, for a VMA whose stamp was seen to be the bias. The caller goes on
 * to P4.
 * Return: held. false: count; or, with *@counted, the VMA is counted on
 *         although it is not biased: stop counting, and count again.
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
	/* Relaxed: nobody else stores to it. */
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
		 * A handler that came before this look may have left a count
		 * that was given back while the stamp was 0.
		 */
		slot->nested = 0;
		return true;
	}
	*counted = !vms__bias_undo(slot);
	return false;
}

/* P5. Return: false: this thread counts on the VMA, and gives that back. */
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
	 * Relaxed: only the wake-up hangs on it. By the fences either the
	 * writer sees that the slot is free, or this sees the writer.
	 */
	if (unlikely(atomic_load_explicit(&slot->sleeper, memory_order_relaxed)))
		vms__bias_wake(slot);
	return true;
}

/*
 * This thread has counted on a VMA whose stamp was not 0: note it, if the
 * thread holds the same one by its slot.
 */
static inline void vms__bias_counted(const _Atomic unsigned long *stamp)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];

	if (unlikely(atomic_load_explicit(&slot->held, memory_order_relaxed) ==
		     (unsigned long)stamp))
		slot->nested++;
}

/* Does this thread hold the VMA by its slot? For assertions. */
static inline bool vms__bias_holds(const _Atomic unsigned long *stamp)
{
	return atomic_load_explicit(&vms__bias_slots[VMS__BIAS_SELF].held, memory_order_relaxed) ==
	       (unsigned long)stamp;
}

/* The heavy fence of a writer that revokes, whose time counts (see above). */
void vms__bias_fence(void);

/* How many there were: for tests. */
extern VMS__HIDDEN _Atomic unsigned long vms__bias_fences;

/*
 * W2: wait until no slot holds the VMA.
 * Locks: mmap_lock W; @stamp is this section's, vms__bias_fence() came after
 *        it, and nobody counts on the VMA.
 */
void vms__bias_wait(const _Atomic unsigned long *stamp);

/*
 * Does any slot hold it now? A hint, unless @stamp is a section's and a heavy
 * fence came after it.
 */
bool vms__bias_held_by_any(const _Atomic unsigned long *stamp);

#endif
