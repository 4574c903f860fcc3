/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.h - the lock in every VMA, as a lock on bare words: a reference
 * count, a stamp, and the sequence of the mm that the VMA belongs to.
 *
 * The words
 *   refcnt    0 detached; 1 attached; +1 for each reader; +VMA_LOCK_OFFSET
 *             while a writer waits for readers to leave; +VMS__VLOCK_SLEEPER
 *             while that writer sleeps; +VMS__VLOCK_MAY_HOLD if slots of
 *             threads may hold the VMA besides (vma_bias.h). Futex word.
 *   mm_seq    one for the mm. Odd while mmap_lock is held for writing: +1 after
 *             taking it, +1 before releasing or downgrading it, by
 *             vms__vlock_seq_begin() and vms__vlock_seq_end().
 *   lock_seq  the stamp. Odd: the value of mm_seq when the VMA was last
 *             write-locked. 0: the VMA was never write-locked, or the thread
 *             that stored 0 knew that the section is over. VMS__VLOCK_BIASED:
 *             like 0, and readers may hold the VMA by their threads' slots
 *             (vma_bias.h).
 *
 * The rule: a VMA is write-locked if lock_seq == mm_seq. So a writer locks each
 * VMA that it changes, one by one, by stamping it, and unlocks them all at once
 * by the increment of mm_seq when it releases mmap_lock.
 *
 * A stamp of 0 says by itself that no section holds the VMA. Then a reader does
 * not load mm_seq, whose cache line each writer of the mm writes. So the first
 * reader that finds the stamp of a section that is over replaces it by 0
 * (vms__vlock_settle()), and readers share no cache line with writers of other
 * VMAs.
 *
 * How readers and writers exclude each other. A write section is what a writer
 * does between two increments of mm_seq. Both sides modify refcnt: the reader
 * between its two checks of the sequences, the writer after its stamp.
 *
 *   reader                                 writer (mmap_lock W)
 *   R1 lock_seq == mm_seq? refuse          W1 lock_seq = mm_seq (release)
 *   R2 refcnt 0, a writer's bits, or       W2 refcnt 1 -> 1 (acquire, release):
 *      too many? refuse;                      no reader; or refcnt + OFFSET,
 *      else refcnt + 1 (acquire)              wait for the readers (acquire),
 *   R3 stamp = lock_seq (acquire)             refcnt - OFFSET (release)
 *      0? the lock is held                 W3 change the VMA ...
 *      seq = mm_seq (acquire)                 mm_seq + 1 (release)
 *      seq == stamp? undo R2
 *   R4 seq later than stamp?
 *      stamp -> 0 (release), unless it
 *      is another one by now
 *
 * Why a reader that holds the lock excludes writers and sees all their changes.
 * All changes of refcnt form one order. Let A be the last write section of this
 * VMA whose W2 comes before the reader's R2 in that order, and B any later one.
 *   - B's W2 comes after R2. So B's writer sees the count, waits until the
 *     reader leaves, and acquires what the reader released. It remains to show
 *     that A is over, and that its changes are acquired.
 *   - R2 acquires what A's W2 released. So R3 cannot see words from before A:
 *     stamp is A's or a later section's, and seq is A's odd number or a later
 *     number.
 *   - If stamp is A's and seq is A's, A may be at work: the reader refuses.
 *   - If stamp is A's and seq is later, A is over. The store of seq was made by
 *     A's writer after its last change, or by a writer that took mmap_lock
 *     after A's writer had released it. Its release and R3's acquire of mm_seq
 *     bring A's changes.
 *   - If stamp is B's, A is over as well. B's writer stored the stamp (W1)
 *     after it had taken mmap_lock. W1's release and R3's acquire of lock_seq
 *     bring A's changes. The seq loaded with it may be an old one, even A's,
 *     because nothing orders the two loads of R3 towards stores to two
 *     different words. So neither acquire can replace the other, and R3 may
 *     make its loads in any order.
 *   - If stamp is 0, a thread stored it in the place of A's stamp or of a later
 *     one, after the changes of that section: the section's own writer
 *     (vms__vlock_end_write()), or a reader at R4, which had acquired them.
 *     That store's release and R3's acquire of lock_seq bring A's changes.
 * Why R4 ends only a section that is over, and passes on all changes. The
 * reader counts, and has checked that the VMA belongs to this mm. seq is a
 * number of this mm's that is later than the stamp, so the stamp's section is
 * over. B cannot be over before the reader leaves, so the stamp is A's, whose
 * changes R3 has acquired. If a writer stamps the VMA meanwhile, the exchange
 * fails, or the new stamp comes after it. A seq that is older than the stamp
 * also differs from it and lets the reader in; but then the section is not
 * over, and R4 does nothing.
 *
 * vms__vlock_try_write() makes W2's two steps around W1: refcnt 1 -> 1 + OFFSET
 * (acquire) refuses new readers, then W1, then refcnt - OFFSET (release). A
 * reader's R2 comes before the first step, which then fails, or after the
 * second. vms__vlock_attach() does W2's part for a VMA that its section has
 * stamped before it attaches it. A VMA that is attached without a stamp is
 * complete: its section must not change it afterwards.
 *
 * Each side makes one atomic read-modify-write if the two do not meet.
 * tests/lib/sync/test_vma_lock_orders weakens each memory order in turn and
 * shows what goes wrong then.
 *
 * Memory. The words lie in type-stable memory, which is only ever a VMA's. But
 * the VMA may become another one at any moment at which the reader does not
 * count. vms__vlock_try_read() says what the reader must check again after a
 * success.
 *
 * Wrap-around. mm_seq has 64 bits. A stamp is compared for equality alone, so
 * passing from ULONG_MAX (odd) to 0 (even) to 1 is a step like any other. Only
 * a stamp that is exactly 2^64 steps old would be mistaken for a fresh one: a
 * reader would be refused without need, and a writer would not wait for a
 * reader that holds the lock. At one write lock of mmap_lock per nanosecond
 * that takes 292 years in one mm. (A counter of 32 bits gets there in seconds
 * to minutes.)
 *
 * Lock order: inside mmap_lock, outside all others. A reader that holds this
 * lock never waits for mmap_lock. Read next: lib/sync/vma_lock.c (waiting).
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
 * A reader has biased the VMA, so slots of threads may hold it: a writer must
 * check the slots.
 */
#define VMS__VLOCK_MAY_HOLD 0x20000000u
#define VMS__VLOCK_COUNT (VMS__VLOCK_MAY_HOLD - 1)
/*
 * The writer sleeps on refcnt, and the last reader must wake it. While this is
 * clear, a reader that leaves makes no system call.
 */
#define VMS__VLOCK_SLEEPER 0x80000000u
/*
 * From this count on readers are refused, so that the attachment and all
 * readers fit into the count.
 */
#define VMS__VMA_REF_LIMIT VMS__VLOCK_COUNT

/*
 * A planted bug (tests/planted/locks/run): the stamp without release and
 * acquire, as it was in the past.
 */
#ifdef VMS_PLANT_VLOCK_OLD_STAMP
#define VMS__STAMP_RELEASE memory_order_relaxed
#define VMS__STAMP_ACQUIRE memory_order_relaxed
#else
#define VMS__STAMP_RELEASE memory_order_release
#define VMS__STAMP_ACQUIRE memory_order_acquire
#endif

/*
 * OK: held for reading. MET: held for reading, and another reader held the lock
 * too, or came or left meanwhile, so vms__vlock_bias() may pay. BUSY: refused
 * because of a writer or too many readers. GONE: refused because the VMA is
 * detached.
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
 * Begin the mm's write section. Return: mm_seq, odd.
 * Locks: mmap_lock W, just taken.
 * Ordering: release, although this thread has written nothing yet. A reader
 *           whose R3 sees this value, and not the even one before, must still
 *           get what earlier writers wrote, which this thread acquired through
 *           mmap_lock.
 */
static inline unsigned long vms__vlock_seq_begin(_Atomic unsigned long *mm_seq)
{
	unsigned long seq = atomic_load_explicit(mm_seq, memory_order_relaxed) + 1;

	VMS_ASSERT(seq & 1);
	atomic_store_explicit(mm_seq, seq, memory_order_release); /* pairs with R3 */
	return seq;
}

/*
 * End the mm's write section: every VMA lock that was taken for writing in it
 * becomes free.
 * Locks: mmap_lock W. Ordering: releases to R3.
 */
static inline void vms__vlock_seq_end(_Atomic unsigned long *mm_seq)
{
	unsigned long seq = atomic_load_explicit(mm_seq, memory_order_relaxed) + 1;

	VMS_ASSERT(!(seq & 1));
	atomic_store_explicit(mm_seq, seq, memory_order_release); /* pairs with R3 */
}

/*
 * Set up a new VMA: detached, never stamped. If the memory was a VMA before,
 * that one is detached already, but a late reader may load the words at any
 * time. So these are atomic stores.
 */
static inline void vms__vlock_init(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq)
{
	atomic_store_explicit(refcnt, 0, memory_order_relaxed);
	atomic_store_explicit(lock_seq, 0, memory_order_relaxed);
}

/*
 * Let readers in from now on. The VMA must be complete.
 * Locks: mmap_lock W; detached. Ordering: releases the VMA's fields to a thread
 *        that then gets a reference (R2).
 */
static inline void vms__vlock_attach(_Atomic unsigned int *refcnt)
{
	VMS_ASSERT(atomic_load_explicit(refcnt, memory_order_relaxed) == 0);
	atomic_store_explicit(refcnt, 1, memory_order_release);
}

/*
 * Attach a VMA that is to be write-locked for the rest of this write section.
 * It has no readers yet, and readers that find it from now on are refused.
 * Locks: mmap_lock W, the section of @seqval; detached.
 */
static inline void vms__vlock_attach_locked(_Atomic unsigned int *refcnt,
					    _Atomic unsigned long *lock_seq, unsigned long seqval)
{
	VMS_ASSERT(seqval & 1);
	/*
	 * W1. Relaxed: a reader that counts has acquired the release of
	 * vms__vlock_attach() below (R2).
	 */
	atomic_store_explicit(lock_seq, seqval, memory_order_relaxed);
	vms__vlock_attach(refcnt);
}

/*
 * The number of readers that count now, including passing ones that will still
 * refuse. Only a hint, unless the caller excludes changes.
 */
static inline unsigned int vms__vlock_readers(const _Atomic unsigned int *refcnt)
{
	unsigned int ref =
		atomic_load_explicit((_Atomic unsigned int *)refcnt, memory_order_relaxed) &
		VMS__VLOCK_COUNT;

	return ref ? ref - 1 : 0;
}

/*
 * Whether the VMA is write-locked. @seqval: mm_seq.
 * Locks: mmap_lock. Under R no thread can hold the lock; under W the answer
 *        says whether this thread does.
 */
static inline bool vms__vlock_is_write_locked(const _Atomic unsigned long *lock_seq,
					      unsigned long seqval)
{
	return atomic_load_explicit((_Atomic unsigned long *)lock_seq, memory_order_relaxed) ==
	       seqval;
}

/*
 * Stop counting as a reader.
 * Ordering: releases to the writer that waits, or comes later. After the
 *           subtraction the VMA may be anything: the wake-up accesses no
 *           memory, and a thread that sleeps on another word at the same
 *           address merely looks again.
 */
static inline void vms__vlock_end_read(_Atomic unsigned int *refcnt)
{
	/*
	 * release: pairs with W2's acquire, in vms__vlock_start_write() and
	 * vms__vlock_detach(), fast and slow
	 */
	unsigned int old = atomic_fetch_sub_explicit(refcnt, 1, memory_order_release);

	/*
	 * The attachment counts as well, unless a writer that detaches waits
	 * for this reader. A smaller count means that another thread's lock was
	 * given back.
	 */
	VMS_ASSERT((old & VMS__VLOCK_COUNT) >= (old & VMA_LOCK_OFFSET ? 1u : 2u));
	/*
	 * The writer waits for a count of 1, or of 0 when it detaches. Only the
	 * writer knows which, so both are woken for.
	 */
	if (unlikely(old & VMS__VLOCK_SLEEPER) && (old & VMS__VLOCK_COUNT) <= 2)
		vms__vlock_wake_writer(refcnt);
}

/* Whether no writer waits, and one more reader can be counted. */
static inline bool vms__vlock_has_room(unsigned int ref)
{
	return (ref & ~VMS__VLOCK_MAY_HOLD) < VMS__VMA_REF_LIMIT;
}

/*
 * Take the lock for reading, if that needs no wait.
 *
 * Locks:    the caller must be in an RCU read section, or otherwise make sure
 *           that the three words stay a VMA's and an mm's.
 * Ordering: OK acquires what the last writer of this VMA released. BUSY and
 *           GONE order nothing.
 * Progress: never blocks.
 *
 * After OK the caller must make these checks, in this order. If one fails, it
 * must call vms__vlock_end_read() and give up:
 *   1. that the VMA's vm_mm (atomic) is the mm of @mm_seq. The memory may have
 *      become a VMA of another mm after the caller found it and before R2. Then
 *      R1 and R3 compared the stamp with a foreign sequence, and the caller
 *      holds only the reference: a writer of that mm may be changing the other
 *      fields. vm_mm itself stays while the caller counts, because detaching
 *      waits for it.
 *   2. that the VMA still covers the address: it may have been moved or shrunk,
 *      or have become another VMA of the same mm, before R2.
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
	 * R1: do not disturb a writer that is at work. Nothing depends on this
	 * check, since either word may be stale. A stale match refuses without
	 * need; R3 catches a stale mismatch.
	 */
	seen = atomic_load_explicit(stamp, memory_order_relaxed);
	if (unlikely(seen & 1) && seen == atomic_load_explicit(seq, memory_order_relaxed))
		return VMS__VLOCK_BUSY;

	/*
	 * R2. Zero: the VMA was detached since the caller found it. Counting on
	 * it would hide from the thread that sets it up anew that it is in use.
	 * acquire: pairs with vms__vlock_attach() (the fields of a new VMA),
	 * and with W2 in vms__vlock_start_write() and let_go() (the stamp).
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
	 * R3: a writer that stamped between R1 and R2 and found no reader is at
	 * work now. acquire on the stamp: pairs with W1, with
	 * vms__vlock_end_write() and with vms__vlock_settle(). acquire on
	 * mm_seq: pairs with vms__vlock_seq_end() and vms__vlock_seq_begin().
	 * The opening comment says why R3 needs both acquires.
	 */
	seen = atomic_load_explicit(stamp, VMS__STAMP_ACQUIRE);
	if (unlikely(seen)) {
		/*
		 * An even mm_seq may be equal to the bias, so only odd stamps
		 * are compared.
		 */
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
 * vms__vlock_try_read() for the usual case, in few instructions: there is no
 * other reader, and no section has locked the VMA since it was settled. False
 * says nothing about the VMA: the caller must use vms__vlock_try_read(). After
 * true the caller must make the checks that are listed there.
 */
static inline bool vms__vlock_try_read_alone(_Atomic unsigned int *refcnt,
					     _Atomic unsigned long *lock_seq)
{
	unsigned int ref = 1;

	/*
	 * R1, R2 and R3, with the same memory orders, for a stamp that is 0 at
	 * both loads.
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
 * R4: replace the stamp of a section that is over by 0, so that the next reader
 * need not load @mm_seq.
 * Locks: held for reading, and the caller has checked that the VMA belongs to
 *        the mm of @mm_seq.
 */
static inline void vms__vlock_settle(_Atomic unsigned long *lock_seq,
				     const _Atomic unsigned long *mm_seq)
{
	/*
	 * Relaxed: whichever section's stamp this is, the next load tells
	 * whether the section is over.
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
	 * release: pairs with R3's acquire of the stamp. If this fails, a
	 * writer has stamped, or another reader was faster.
	 */
	atomic_compare_exchange_strong_explicit(lock_seq, &stamp, 0, memory_order_release,
						memory_order_relaxed);
}

/*
 * Readers have met here: from now on they hold the VMA by their slots.
 * Locks: held for reading by a count, and the caller has checked that the VMA
 *        belongs to the mm whose sequence it passed to vms__vlock_try_read().
 */
static inline void vms__vlock_bias(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq)
{
	unsigned long free = 0;

	if (atomic_load_explicit(lock_seq, memory_order_relaxed) || !vms__bias_pays())
		return;
	/*
	 * Relaxed: the next writer waits until this reader stops counting, and
	 * then sees the bit.
	 */
	atomic_fetch_or_explicit(refcnt, VMS__VLOCK_MAY_HOLD, memory_order_relaxed);
	/*
	 * release: pairs with P3. If this fails, a writer or another reader was
	 * faster.
	 */
	atomic_compare_exchange_strong_explicit(lock_seq, &free, VMS__VLOCK_BIASED,
						memory_order_release, memory_order_relaxed);
}

/*
 * W1. release: pairs with R3's acquire of the stamp. It passes on what earlier
 * writers of this mm did, which this thread acquired through mmap_lock, to a
 * reader that counts already and sees this stamp together with an old mm_seq.
 */
static inline void vms__vlock_stamp(_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	atomic_store_explicit(lock_seq, seqval, VMS__STAMP_RELEASE);
}

/*
 * Take the lock for writing and wait until no reader is left. Does nothing if
 * this write section holds the lock already. The lock ends with the mm's write
 * section.
 *
 * Locks:    mmap_lock W, the section of @seqval (odd, mm_seq now). Attached or
 *           detached.
 * Ordering: acquires the releases of all readers that left.
 * Progress: waits for the present readers; new ones are refused.
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
	 * W2: this changes no bit, but takes its place among the changes of
	 * refcnt. release: pairs with R2's acquire, so that a later reader sees
	 * the stamp. acquire: pairs with vms__vlock_end_read(). Relaxed on
	 * failure: a count of 0 is a detached VMA, which has no readers and
	 * gets none.
	 */
	if (unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 1, memory_order_acq_rel,
							      memory_order_relaxed)) &&
	    ref != 0)
		vms__vlock_start_write_slow(refcnt, lock_seq);
}

/*
 * Revoke the bias of many VMAs with one heavy fence. The writer calls this for
 * each VMA, then vms__bias_fence() once, then vms__vlock_batch_finish() for
 * each VMA for which vms__vlock_in_batch() is true. In between it must not use
 * them otherwise, because they look write-locked already. No reader biases a
 * VMA that has a stamp.
 * Return: whether the VMA was biased, and so is in the batch.
 * Locks: mmap_lock W, the section of @seqval. Attached.
 */
static inline bool vms__vlock_batch_begin(_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	/*
	 * Relaxed: only a writer ends a bias, and there is no other writer. A
	 * bias that is set too late to be seen here gets a fence of its own
	 * later.
	 */
	if (atomic_load_explicit(lock_seq, memory_order_relaxed) != VMS__VLOCK_BIASED)
		return false;
	vms__vlock_stamp(lock_seq, seqval);
	return true;
}

/*
 * After the fence: whether the VMA is in the batch. A VMA that this section has
 * locked in another way has VMS__VLOCK_MAY_HOLD clear. Relaxed: the bias was
 * set with release after that bit, and the fence acquires what
 * vms__vlock_batch_begin() saw.
 */
static inline bool vms__vlock_in_batch(const _Atomic unsigned int *refcnt,
				       const _Atomic unsigned long *lock_seq, unsigned long seqval)
{
	return vms__vlock_is_write_locked(lock_seq, seqval) &&
	       (atomic_load_explicit((_Atomic unsigned int *)refcnt, memory_order_relaxed) &
		VMS__VLOCK_MAY_HOLD);
}

/*
 * Like vms__vlock_start_write(), unless that would have to wait. Return:
 * whether the lock is held. If not, nothing has changed, and no reader was
 * refused.
 * Locks: mmap_lock W, the section of @seqval. Attached or detached.
 * Ordering: like vms__vlock_start_write(). Progress: never blocks.
 */
static inline bool vms__vlock_try_write(_Atomic unsigned int *refcnt,
					_Atomic unsigned long *lock_seq, unsigned long seqval)
{
	unsigned int ref = 1;

	VMS_ASSERT(seqval & 1);
	if (vms__vlock_is_write_locked(lock_seq, seqval))
		return true;
	/*
	 * Refuse readers before the stamp is stored, because readers that see
	 * the stamp are refused, which taking it back could not undo. acquire:
	 * pairs with vms__vlock_end_read().
	 */
	if (!atomic_compare_exchange_strong_explicit(refcnt, &ref, 1 + VMA_LOCK_OFFSET,
						     memory_order_acquire, memory_order_relaxed) &&
	    ref != 0)
		return ref & VMS__VLOCK_MAY_HOLD
			       ? vms__vlock_try_write_slow(refcnt, lock_seq, seqval)
			       : false;
	/*
	 * W1. Relaxed, unlike in vms__vlock_start_write(): no reader counts
	 * while this is stored, so a reader that sees it has acquired the next
	 * step.
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
 * Locks: mmap_lock W, the section of @seqval; write-locked.
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
 * Refuse all readers from now on, and wait for those that count although they
 * will still refuse (between R2 and R3). Afterwards the memory is the caller's,
 * except that late readers may still load the three words and vm_mm.
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
 * vms__vlock_start_write() and vms__vlock_detach() in one: if there are no
 * readers, W2 and the end of the attachment are one step. The tree may still
 * show the VMA. A reader that finds it there sees the stamp and is refused, as
 * by any writer; or it first sees the count of 0, and looks again.
 * Locks: mmap_lock W, the section of @seqval; attached.
 * Ordering: acquires the releases of all readers. Unlike W2 it need not release
 *           the stamp through the count: no reader can count before the memory
 *           is attached anew, and a reader that does so then acquires that
 *           attachment.
 */
static inline void vms__vlock_retire(_Atomic unsigned int *refcnt, _Atomic unsigned long *lock_seq,
				     unsigned long seqval)
{
	unsigned int ref = 1;

	VMS_ASSERT(seqval & 1);
	/*
	 * This stores the same stamp again if this section has locked the VMA
	 * before.
	 */
	vms__vlock_stamp(lock_seq, seqval);
	/* acquire: pairs with vms__vlock_end_read() */
	if (unlikely(!atomic_compare_exchange_strong_explicit(refcnt, &ref, 0, memory_order_acquire,
							      memory_order_relaxed)))
		vms__vlock_retire_slow(refcnt, lock_seq);
}

#endif
