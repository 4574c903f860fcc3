/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.h - the lock in every VMA, as a lock on bare words: a reference
 * count, a stamp, and the sequence of the mm it belongs to.
 *
 * The words
 *   refcnt    0 detached; 1 attached; +1 for each reader; +VMA_LOCK_OFFSET
 *             while a writer waits for readers to leave; +VMS__VLOCK_SLEEPER
 *             while that writer sleeps; +VMS__VLOCK_MAY_HOLD if slots of
 *             threads may hold it besides (vma_bias.h). Futex word.
 *   mm_seq    one for the mm. Odd while mmap_lock is held for writing: +1 after
 *             taking it, +1 before letting go or downgrading, by
 *             vms__vlock_seq_begin() and vms__vlock_seq_end().
 *   lock_seq  the stamp: mm_seq, odd, as it was when the VMA was last
 *             write-locked; or 0: never, or whoever stored it knew that the
 *             section is over; or VMS__VLOCK_BIASED: as 0, and readers may hold
 *             it by their threads' slots (vma_bias.h).
 *
 * The rule: a VMA is write-locked if lock_seq == mm_seq. So a writer locks each
 * VMA that it changes, one by one, by stamping it, and unlocks them all at once
 * by the increment of mm_seq when it lets go of mmap_lock.
 *
 * A stamp of 0 says by itself that no section holds the VMA. Then a reader does
 * not look at mm_seq, whose cache line each writer of the mm writes. So the
 * first reader that finds the stamp of a section which is over replaces it by 0
 * (vms__vlock_settle()), and readers share no line with writers of other VMAs.
 *
 * Who meets whom. A write section is what a writer does between two increments
 * of mm_seq. Both sides modify refcnt: the reader between its two looks at the
 * sequences, the writer after its stamp.
 *
 *   reader                                 writer (mmap_lock W)
 *   R1 lock_seq == mm_seq? refuse          W1 lock_seq = mm_seq (release)
 *   R2 refcnt 0, a writer's bits, or       W2 refcnt 1 -> 1 (acquire, release):
 *      too many? refuse;                      nobody is in; or refcnt + OFFSET,
 *      else refcnt + 1 (acquire)              wait for the readers (acquire),
 *   R3 stamp = lock_seq (acquire)             refcnt - OFFSET (release)
 *      0? it is in                         W3 change the VMA ...
 *      seq = mm_seq (acquire)                 mm_seq + 1 (release)
 *      seq == stamp? undo R2
 *   R4 seq later than stamp?
 *      stamp -> 0 (release), unless it
 *      is another one by now
 *
 * Why a reader that is let in has the VMA to itself and sees all that writers
 * did. All changes of refcnt stand in one order. Let A be the last write
 * section of this VMA whose W2 comes before the reader's R2 in that order, and
 * B any later one.
 *   - B's W2 comes after R2. So B's writer sees the count, waits until the
 *     reader leaves, and acquires what the reader released. What is left to
 *     show is that A is over, and that its changes are acquired.
 *   - R2 acquires what A's W2 released. So R3 cannot see words from before A:
 *     stamp is A's or a later section's, and seq is A's odd number or a later
 *     number.
 *   - If stamp is A's and seq is A's, A may be at work: the reader refuses.
 *   - If stamp is A's and seq is later, A is over. The store of seq was made by
 *     A's writer after its last change, or by a writer that took mmap_lock
 *     after A's writer had let go. Its release and R3's acquire of mm_seq bring
 *     A's changes.
 *   - If stamp is B's, A is over as well. B's writer stored the stamp (W1)
 *     after it had taken mmap_lock. W1's release and R3's acquire of lock_seq
 *     bring A's changes. The seq beside it may be an old one, even A's: nothing
 *     orders the two loads of R3 towards stores to two different words. So
 *     neither acquire can stand for the other, and R3 may make its loads in any
 *     order.
 *   - If stamp is 0, it is what somebody stored in the place of A's stamp or of
 *     a later one's, after the changes of that section: its own writer
 *     (vms__vlock_end_write()), or a reader at R4, who had acquired them. That
 *     store's release and R3's acquire of lock_seq bring A's changes.
 * Why R4 ends no section that is not over, and passes on all changes. The
 * reader counts, and has looked that the VMA is one of this mm's. seq is a
 * number of this mm's that is later than the stamp, so the stamp's section is
 * over. As B cannot be over before the reader leaves, the stamp is A's, whose
 * changes R3 has acquired. If a writer stamps the VMA meanwhile, the exchange
 * fails, or the new stamp comes after it. A seq that is older than the stamp is
 * different from it as well, and lets the reader in; but then the section is
 * not over, and R4 does nothing. vms__vlock_try_write() takes W2's two steps
 * around W1: refcnt 1 -> 1 + OFFSET (acquire) turns readers away, W1, refcnt -
 * OFFSET (release). A reader's R2 comes before the first, which then fails, or
 * after the second. vms__vlock_attach() does W2's part for a VMA that its
 * section has stamped before it attaches it. A VMA that is attached without a
 * stamp is complete: its section must not change it afterwards.
 *
 * One atomic read-modify-write on each side if they do not meet.
 * tests/lib/sync/test_vma_lock_orders weakens each memory order in turn and
 * shows what goes wrong then.
 *
 * Memory. The words live in memory that stays a VMA's for ever (type-stable),
 * but the VMA may become another one at any moment at which the reader does not
 * count. What the reader must look at again after a success is said at
 * vms__vlock_try_read().
 *
 * Wrap-around. mm_seq has 64 bits. A stamp is compared for equality alone, so
 * passing from ULONG_MAX (odd) to 0 (even) to 1 is a step like any other. Only
 * a stamp that is exactly 2^64 steps old would be mistaken for a fresh one: a
 * reader would be refused for nothing, and a writer would not wait for a reader
 * that is in. At one write lock of mmap_lock a nanosecond that takes 292 years
 * of one mm. (A counter of 32 bits gets there in seconds to minutes.)
 *
 * Lock order: inside mmap_lock, outside all others. A reader never waits for
 * mmap_lock while it holds this. Read next: lib/sync/vma_lock.c (waiting).
 */
#ifndef VMS_SYNC_VMA_LOCK_H
#define VMS_SYNC_VMA_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vmastore/compiler.h>

#include "lib/sync/assert.h"
#include "lib/sync/vma_bias.h"

#define VMA_LOCK_OFFSET 0x40000000u
/*
 * A reader has biased it, so slots of threads may hold it: a writer has to look
 * at them.
 */
#define VMS__VLOCK_MAY_HOLD 0x20000000u
#define VMS__VLOCK_COUNT (VMS__VLOCK_MAY_HOLD - 1)
/*
 * The writer sleeps on refcnt: the last reader must wake it. Without it a
 * reader that leaves spares itself the system call.
 */
#define VMS__VLOCK_SLEEPER 0x80000000u
/*
 * From here on readers are refused, so that the attachment and all readers stay
 * within the count.
 */
#define VMS__VMA_REF_LIMIT VMS__VLOCK_COUNT

/*
 * A planted bug (tests/planted/locks/run): the stamp as it was once passed on.
 */
#ifdef VMS_PLANT_VLOCK_OLD_STAMP
#define VMS__STAMP_RELEASE memory_order_relaxed
#define VMS__STAMP_ACQUIRE memory_order_relaxed
#else
#define VMS__STAMP_RELEASE memory_order_release
#define VMS__STAMP_ACQUIRE memory_order_acquire
#endif

/*
 * OK: held for reading. MET: the same, and another reader was in, or came or
 * left meanwhile: vms__vlock_bias() may be worth while. BUSY: a writer, or too
 * many readers. GONE: detached.
 */
enum vms__vlock_try { VMS__VLOCK_OK, VMS__VLOCK_MET, VMS__VLOCK_BUSY, VMS__VLOCK_GONE };

void vms__vlock_start_write_slow(_Atomic unsigned int *refcnt,
				 const _Atomic unsigned long *lock_seq);
void vms__vlock_batch_finish(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq);
bool vms__vlock_try_write_slow(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq,
			       unsigned long seqval);
void vms__vlock_detach_slow(_Atomic unsigned int *refcnt);
void vms__vlock_retire_slow(_Atomic unsigned int *refcnt, const _Atomic unsigned long *lock_seq);
void vms__vlock_wake_writer(_Atomic unsigned int *refcnt);

/*
 * The mm's write section begins. Return: mm_seq, odd.
 * Locks: mmap_lock W, just taken.
 * Ordering: release, although this thread has written nothing yet: a reader
 * whose R3 sees this value, and not the even one before, must still get what
 * earlier writers wrote, which reached this thread through mmap_lock.
 */
static inline unsigned long vms__vlock_seq_begin(_Atomic unsigned long *mm_seq)
{
	unsigned long seq = atomic_load_explicit(mm_seq, memory_order_relaxed) + 1;

	VMS_ASSERT(seq & 1);
	atomic_store_explicit(mm_seq, seq, memory_order_release); /* pairs with R3 */
	return seq;
}

/*
 * The mm's write section ends: every VMA lock taken for writing in it is free.
 * Locks: mmap_lock W. Ordering: releases to R3.
 */
static inline void vms__vlock_seq_end(_Atomic unsigned long *mm_seq)
{
	unsigned long seq = atomic_load_explicit(mm_seq, memory_order_relaxed) + 1;

	VMS_ASSERT(!(seq & 1));
	atomic_store_explicit(mm_seq, seq, memory_order_release); /* pairs with R3 */
}

/*
 * A new VMA: detached, never stamped. Memory that was a VMA before is detached
 * already, and then a late reader may look at the words at any time: hence
 * stores, not plain writes.
 */
static inline void vms__vlock_init(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq)
{
	atomic_store_explicit(refcnt, 0, memory_order_relaxed);
	atomic_store_explicit(lock_seq, 0, memory_order_relaxed);
}

/*
 * Let readers in from now on; the VMA is complete.
 * Locks: mmap_lock W; detached. Ordering: releases the VMA's fields to whoever
 *        then gets a reference (R2).
 */
static inline void vms__vlock_attach(_Atomic unsigned int *refcnt)
{
	VMS_ASSERT(atomic_load_explicit(refcnt, memory_order_relaxed) == 0);
	atomic_store_explicit(refcnt, 1, memory_order_release);
}

/*
 * The same for a VMA that is to be write-locked for the rest of this write
 * section: it has no readers yet, and those who find it from now on are
 * refused.
 * Locks: mmap_lock W, as one of @seqval; detached.
 */
static inline void vms__vlock_attach_locked(_Atomic unsigned int *refcnt,
					    _Atomic unsigned long *lock_seq, unsigned long seqval)
{
	VMS_ASSERT(seqval & 1);
	/* W1. Relaxed: whoever counts has acquired the next step (R2). */
	atomic_store_explicit(lock_seq, seqval, memory_order_relaxed);
	vms__vlock_attach(refcnt);
}

/*
 * How many readers count now, the passing ones that will yet refuse included.
 * Only a hint unless they cannot change.
 */
static inline unsigned int vms__vlock_readers(const _Atomic unsigned int *refcnt)
{
	unsigned int ref =
		atomic_load_explicit((_Atomic unsigned int *)refcnt, memory_order_relaxed) &
		VMS__VLOCK_COUNT;

	return ref ? ref - 1 : 0;
}

/*
 * Locks: mmap_lock (R: nobody can hold it; W: whether this thread does).
 * @seqval: mm_seq.
 */
static inline bool vms__vlock_is_write_locked(const _Atomic unsigned long *lock_seq,
					      unsigned long seqval)
{
	return atomic_load_explicit((_Atomic unsigned long *)lock_seq, memory_order_relaxed) ==
	       seqval;
}

/*
 * Stop counting as a reader.
 * Ordering: releases to the writer that waits, or comes. After the subtraction
 * the VMA may be anything: the wake-up touches no memory, and a thread that
 * sleeps on a word of the same place for another reason merely looks again.
 */
static inline void vms__vlock_end_read(_Atomic unsigned int *refcnt)
{
	/*
	 * release: pairs with W2's acquire, in vms__vlock_start_write() and
	 * vms__vlock_detach(), fast and slow
	 */
	unsigned int old = atomic_fetch_sub_explicit(refcnt, 1, memory_order_release);

	/*
	 * The attachment counts, too, unless a writer that detaches waits for
	 * this reader. Else another thread's lock was given back.
	 */
	VMS_ASSERT((old & VMS__VLOCK_COUNT) >= (old & VMA_LOCK_OFFSET ? 1u : 2u));
	/*
	 * It waits for 1, or for 0 when it detaches; which of them, only it
	 * knows.
	 */
	if (unlikely(old & VMS__VLOCK_SLEEPER) && (old & VMS__VLOCK_COUNT) <= 2)
		vms__vlock_wake_writer(refcnt);
}

/* No writer waits, and one more reader can be counted. */
static inline bool vms__vlock_has_room(unsigned int ref)
{
	return (ref & ~VMS__VLOCK_MAY_HOLD) < VMS__VMA_REF_LIMIT;
}

/*
 * Take the lock for reading, if that needs no waiting.
 *
 * Locks:    RCU, or whatever keeps the three words' memory a VMA's and an mm's.
 * Ordering: OK acquires what the last writer of this VMA released. BUSY and
 *           GONE order nothing.
 * Progress: never blocks.
 *
 * After OK the caller looks again, in this order, and calls
 * vms__vlock_end_read() and gives up if something is not as it was:
 *   1. that the VMA's vm_mm (atomic) is the mm of @mm_seq. The memory may have
 *      become a VMA of another mm after the caller found it and before R2; then
 *      R1 and R3 compared the stamp with a foreign sequence, and nothing but
 *      the reference is held: a writer of that mm may be at work on the other
 *      fields. vm_mm itself stays while we count, since detaching waits for us.
 *   2. that the VMA still covers the address: it may have been moved or shrunk,
 *   or have become another VMA of the same mm, before R2.
 */
static inline enum vms__vlock_try vms__vlock_try_read(_Atomic unsigned int *refcnt,
						      const _Atomic unsigned long *lock_seq,
						      const _Atomic unsigned long *mm_seq)
{
	_Atomic unsigned long *stamp = (_Atomic unsigned long *)lock_seq,
			      *seq = (_Atomic unsigned long *)mm_seq;
	unsigned long seen;
	unsigned int ref;
	bool met = false;

	/*
	 * R1: do not disturb a writer that is at work; nothing depends on it.
	 * Either word may be old. A stale match refuses without need, a stale
	 * mismatch is caught by R3.
	 */
	seen = atomic_load_explicit(stamp, memory_order_relaxed);
	if (unlikely(seen & 1) && seen == atomic_load_explicit(seq, memory_order_relaxed))
		return VMS__VLOCK_BUSY;

	/*
	 * R2. Zero: the VMA was detached since the caller found it, and
	 * counting on it would hide from whoever makes it anew that it is in
	 * use. acquire: pairs with vms__vlock_attach() (the fields of a new
	 * VMA), and with W2 in vms__vlock_start_write() and let_go() (the
	 * stamp).
	 */
	ref = atomic_load_explicit(refcnt, memory_order_relaxed);
	for (;;) {
		if (unlikely(ref == 0))
			return VMS__VLOCK_GONE;
		if (unlikely(ref >= VMS__VMA_REF_LIMIT) && !vms__vlock_has_room(ref))
			return VMS__VLOCK_BUSY;
		if (likely(atomic_compare_exchange_weak_explicit(
			    refcnt, &ref, ref + 1, memory_order_acquire, memory_order_relaxed)))
			break;
		/*
		 * Another reader changed the count in between, and may have
		 * left again.
		 */
		met = true;
	}

#ifndef VMS_PLANT_VLOCK_NO_RECHECK
	/*
	 * R3: a writer that stamped between R1 and R2 and found nobody in is at
	 * work now. acquire on the stamp: pairs with W1, with
	 * vms__vlock_end_write() and with vms__vlock_settle(). acquire on
	 * mm_seq: pairs with vms__vlock_seq_end() and vms__vlock_seq_begin().
	 * The opening comment says why it takes both.
	 */
	seen = atomic_load_explicit(stamp, VMS__STAMP_ACQUIRE);
	if (unlikely(seen)) {
		/* An even mm_seq may be equal to the bias. */
		if ((seen & 1) &&
		    unlikely(seen == atomic_load_explicit(seq, memory_order_acquire))) {
			vms__vlock_end_read(refcnt);
			return VMS__VLOCK_BUSY;
		}
		vms__bias_counted(stamp);
	}
#endif
	return likely(ref == 1) && likely(!met) ? VMS__VLOCK_OK : VMS__VLOCK_MET;
}

/*
 * vms__vlock_try_read() for the usual case, in few instructions: nobody else is
 * in, and no section has been at the VMA since it was settled. False says
 * nothing: ask vms__vlock_try_read(). After true the caller looks again, as
 * there.
 */
static inline bool vms__vlock_try_read_alone(_Atomic unsigned int *refcnt,
					     _Atomic unsigned long *lock_seq)
{
	unsigned int ref = 1;

	/*
	 * R1, R2 and R3, with the same orders, where the stamp is 0 and stays
	 * so.
	 */
	if (unlikely(atomic_load_explicit(lock_seq, memory_order_relaxed)) ||
	    unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 2, memory_order_acquire,
							      memory_order_relaxed)))
		return false;
#ifndef VMS_PLANT_VLOCK_NO_RECHECK
	if (unlikely(atomic_load_explicit(lock_seq, VMS__STAMP_ACQUIRE))) {
		vms__vlock_end_read(refcnt);
		return false;
	}
#endif
	return true;
}

/*
 * R4: the stamp of a section that is over gives way to 0, so that the next
 * reader need not look at @mm_seq.
 * Locks: held for reading, and the VMA is known to be one of the mm of @mm_seq.
 */
static inline void vms__vlock_settle(_Atomic unsigned long *lock_seq,
				     const _Atomic unsigned long *mm_seq)
{
	/*
	 * Relaxed: whichever section's stamp it is, the next load tells whether
	 * that is over.
	 */
	unsigned long stamp = atomic_load_explicit(lock_seq, memory_order_relaxed);

	if (likely(!(stamp & 1)))
		return;
	/*
	 * Relaxed: if the section is over, R3 has acquired its changes. Signed,
	 * because the sequence may wrap.
	 */
	if ((long)(atomic_load_explicit((_Atomic unsigned long *)mm_seq, memory_order_relaxed) -
		   stamp) <= 0)
		return;
	/*
	 * release: pairs with R3's acquire of the stamp. On failure a writer
	 * has stamped, or another reader was faster.
	 */
	atomic_compare_exchange_strong_explicit(lock_seq, &stamp, 0, memory_order_release,
						memory_order_relaxed);
}

/*
 * Readers have met here: from now on they hold the VMA by their slots.
 * Locks: held for reading, counted, and the VMA is known to be one of the mm
 *        whose sequence it was tried with.
 */
static inline void vms__vlock_bias(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq)
{
	unsigned long free = 0;

	if (atomic_load_explicit(lock_seq, memory_order_relaxed) || !vms__bias_pays())
		return;
	/*
	 * Relaxed: whoever write-locks the VMA next waits for this reader, and
	 * then sees it.
	 */
	atomic_fetch_or_explicit(refcnt, VMS__VLOCK_MAY_HOLD, memory_order_relaxed);
	/*
	 * release: pairs with P3. On failure a writer, or another reader, was
	 * faster.
	 */
	atomic_compare_exchange_strong_explicit(lock_seq, &free, VMS__VLOCK_BIASED,
						memory_order_release, memory_order_relaxed);
}

/*
 * W1. release: pairs with R3's acquire of the stamp. It passes on what
 * earlier writers of this mm did, which came to this thread through
 * mmap_lock, to a reader that counts already and sees this stamp beside
 * an old mm_seq.
 */
static inline void vms__vlock_stamp(_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	atomic_store_explicit(lock_seq, seqval, VMS__STAMP_RELEASE);
}

/*
 * Take the lock for writing and wait until no reader is left. Nothing to do if
 * this write section did so before. It ends with the mm's write section.
 *
 * Locks:    mmap_lock W, as one of @seqval (odd, mm_seq now). Attached or
 *           detached.
 * Ordering: acquires the releases of all readers that left.
 * Progress: waits for readers that are in; no new ones come.
 */
static inline void vms__vlock_start_write(_Atomic unsigned int *refcnt,
					  _Atomic unsigned long *lock_seq, unsigned long seqval)
{
	unsigned int ref = 1;

	VMS_ASSERT(seqval & 1);
	if (vms__vlock_is_write_locked(lock_seq, seqval))
		return;
	vms__vlock_stamp(lock_seq, seqval);
	/*
	 * W2: changes nothing, but takes its place among the changes of refcnt.
	 * release: pairs with R2's acquire, so that a later reader sees the
	 * stamp. acquire: pairs with vms__vlock_end_read(). On failure relaxed:
	 * 0 is a detached VMA, which has no readers and gets none.
	 */
	if (unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 1, memory_order_acq_rel,
							      memory_order_relaxed)) &&
	    ref != 0)
		vms__vlock_start_write_slow(refcnt, lock_seq);
}

/*
 * Many biased VMAs for one heavy fence: the writer calls this for each of them,
 * then vms__bias_fence() once, then vms__vlock_batch_finish() for each one that
 * vms__vlock_in_batch() names. In between it does nothing else with them, since
 * they look write-locked already. Nobody biases a VMA that has a stamp.
 * Return: the VMA was biased, and is in the batch.
 * Locks: mmap_lock W, as one of @seqval. Attached.
 */
static inline bool vms__vlock_batch_begin(_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	/*
	 * Relaxed: only a writer ends a bias, and there is no other. A bias
	 * that is set too late to be seen has its own fence later.
	 */
	if (atomic_load_explicit(lock_seq, memory_order_relaxed) != VMS__VLOCK_BIASED)
		return false;
	vms__vlock_stamp(lock_seq, seqval);
	return true;
}

/*
 * After the fence: is it in the batch? A VMA that this section has locked in
 * another way has lost VMS__VLOCK_MAY_HOLD. Relaxed: the bias was set with
 * release after that bit, and the fence acquires what vms__vlock_batch_begin()
 * saw.
 */
static inline bool vms__vlock_in_batch(const _Atomic unsigned int *refcnt,
				       const _Atomic unsigned long *lock_seq, unsigned long seqval)
{
	return vms__vlock_is_write_locked(lock_seq, seqval) &&
	       (atomic_load_explicit((_Atomic unsigned int *)refcnt, memory_order_relaxed) &
		VMS__VLOCK_MAY_HOLD);
}

/*
 * The same, unless that needs waiting. Return: whether it is held; if not,
 * nothing has changed, and no reader was disturbed.
 * Locks: mmap_lock W, as one of @seqval. Attached or detached.
 * Ordering: as vms__vlock_start_write(). Progress: never blocks.
 */
static inline bool vms__vlock_try_write(_Atomic unsigned int *refcnt,
					_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	unsigned int ref = 1;

	VMS_ASSERT(seqval & 1);
	if (vms__vlock_is_write_locked(lock_seq, seqval))
		return true;
	/*
	 * Shut readers out before the stamp is there: it could not be taken
	 * back without refusing those who see it. acquire: pairs with
	 * vms__vlock_end_read().
	 */
	if (!atomic_compare_exchange_strong_explicit(refcnt, &ref, 1 + VMA_LOCK_OFFSET,
						     memory_order_acquire, memory_order_relaxed) &&
	    ref != 0)
		return ref & VMS__VLOCK_MAY_HOLD
			       ? vms__vlock_try_write_slow(refcnt, lock_seq, seqval)
			       : false;
	/*
	 * W1. Relaxed, unlike in vms__vlock_start_write(): no reader counts
	 * while it is stored, so whoever sees it has acquired the next step.
	 */
	atomic_store_explicit(lock_seq, seqval, memory_order_relaxed);
	/*
	 * release: pairs with R2. A detached VMA (0) has no readers and gets
	 * none.
	 */
	if (ref != 0)
		atomic_fetch_sub_explicit(refcnt, VMA_LOCK_OFFSET, memory_order_release);
	return true;
}

/*
 * Let readers in again before the mm's write section ends.
 * Locks: mmap_lock W, as one of @seqval; write-locked.
 * Ordering: release: pairs with R3's acquire of the stamp, by which a reader
 *           sees what the writer did.
 */
static inline void vms__vlock_end_write(_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	VMS_ASSERT(vms__vlock_is_write_locked(lock_seq, seqval));
	(void)seqval;
	atomic_store_explicit(lock_seq, 0, memory_order_release);
}

/*
 * From now on nobody can become a reader; wait for those that count although
 * they will refuse (between R2 and R3). Then the memory is the caller's, but
 * for the looks of late readers at the three words and at vm_mm.
 * Locks: mmap_lock W; attached and write-locked. Ordering: acquires the
 *        releases of all readers.
 */
static inline void vms__vlock_detach(_Atomic unsigned int *refcnt)
{
	unsigned int ref = 1;

	/* acquire: pairs with vms__vlock_end_read() */
	if (unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 0, memory_order_acquire,
							      memory_order_relaxed)))
		vms__vlock_detach_slow(refcnt);
}

/*
 * vms__vlock_start_write() and vms__vlock_detach() in one: where nobody reads,
 * W2 and the end of the attachment are one step. The tree may still show the
 * VMA: a reader that finds it there sees the stamp, and is refused as by any
 * writer; or it sees the count of 0 first, and looks again.
 * Locks: mmap_lock W, as one of @seqval; attached.
 * Ordering: acquires the releases of all readers. It need not release the stamp
 * by the count, as W2 does, since nobody can count before the memory is
 * attached anew, and whoever does then acquires that.
 */
static inline void vms__vlock_retire(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq,
				     unsigned long seqval)
{
	unsigned int ref = 1;

	VMS_ASSERT(seqval & 1);
	/*
	 * The same stamp once more, if this section has locked the VMA before.
	 */
	vms__vlock_stamp(lock_seq, seqval);
	/* acquire: pairs with vms__vlock_end_read() */
	if (unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 0, memory_order_acquire,
							      memory_order_relaxed)))
		vms__vlock_retire_slow(refcnt, lock_seq);
}

#endif
