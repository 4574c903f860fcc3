/* SPDX-License-Identifier: MIT */
/*
 * mm_lock.h - the two locks of an address space: mmap_lock, and the lock in
 * each VMA, which only the engine `maple-vma` has. mm.h includes this. The lock
 * that each field needs: mm_types.h.
 *
 * Lock order: mmap_lock, then a VMA's lock. No thread may wait for mmap_lock
 * while it holds a VMA's read lock, because a writer waits for that reader.
 *
 * May one thread hold the row while another holds the column?
 *                     mmap R  mmap W  VMA R  VMA W
 *   mmap_lock R         yes     no     yes    no
 *   mmap_lock W         no      no     yes    no
 *   a VMA's lock R      yes     yes    yes    no
 *   its lock W          no      no     no     no     (mmap_lock W is held, too)
 *
 * The caller of each function holds a reference to the address space (mmget()).
 */
#ifndef VMASTORE_MM_LOCK_H
#define VMASTORE_MM_LOCK_H

#include <vmastore/mm_types.h>

#include <vmastore/begin.h>

/* ---- mmap_lock ----------------------------------------------------------- */

/**
 * mmap_read_lock() - Take mmap_lock for reading: the layout does not change.
 *
 * Locks:    Enter without mmap_lock and without a VMA's lock of @mm. Returns
 *           with it held R. It is not recursive (rwsem.h).
 * Ordering: acquires what the last writer released.
 * Progress: blocks while a writer holds the lock or has its turn.
 */
VMS_API void mmap_read_lock(struct mm_struct *mm) VMS_ACQUIRE_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_read_lock);
/**
 * mmap_read_trylock() - Take mmap_lock for reading if that needs no waiting.
 *
 * Locks:    Enter without mmap_lock; a VMA's lock may be held.
 * Ordering: success acquires what the last writer released.
 * Progress: never blocks.
 * Return:   whether the caller holds it R now.
 */
VMS_API bool mmap_read_trylock(struct mm_struct *mm) VMS_TRY_ACQUIRE_SHARED(true, mm->mmap_lock)
	VMS_SYM(mmap_read_trylock);
/**
 * mmap_read_unlock() - Release mmap_lock, held R.
 *
 * Ordering: releases to the next writer.
 * Progress: waits for no other thread.
 */
VMS_API void mmap_read_unlock(struct mm_struct *mm) VMS_RELEASE_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_read_unlock);
/**
 * mmap_write_lock() - Take mmap_lock for writing: the layout may be changed.
 * Faults of `maple-vma` go on in each VMA that is not write-locked
 * (vma_start_write()).
 *
 * Locks:    Enter without mmap_lock and without a VMA's lock of @mm. Returns
 *           with it held W.
 * Ordering: acquires what the last writer, and every reader since, released.
 * Progress: blocks until the other holders have left.
 */
VMS_API void mmap_write_lock(struct mm_struct *mm) VMS_ACQUIRE(mm->mmap_lock)
	VMS_SYM(mmap_write_lock);
/**
 * mmap_write_trylock() - Take mmap_lock for writing if that needs no waiting.
 *
 * Locks:    Enter without mmap_lock.
 * Ordering: success acquires as mmap_write_lock() does.
 * Progress: never blocks.
 * Return:   whether the caller holds it W now.
 */
VMS_API bool mmap_write_trylock(struct mm_struct *mm) VMS_TRY_ACQUIRE(true, mm->mmap_lock)
	VMS_SYM(mmap_write_trylock);
/**
 * mmap_write_unlock() - Release mmap_lock, held W, and with it the write lock
 * of every VMA of @mm.
 *
 * Locks:    The thread that took it for writing releases it.
 * Ordering: releases to the next holder, and to each later reader of a VMA.
 * Progress: waits for no other thread.
 */
VMS_API void mmap_write_unlock(struct mm_struct *mm) VMS_RELEASE(mm->mmap_lock)
	VMS_SYM(mmap_write_unlock);
/**
 * mmap_write_downgrade() - Turn mmap_lock W into R. The write locks of all VMAs
 * end; no other writer takes the lock in between.
 *
 * Locks:    Enter with mmap_lock W. Returns with it R.
 * Ordering: releases to the readers that enter now.
 * Progress: waits for no other thread.
 */
VMS_API void mmap_write_downgrade(struct mm_struct *mm) VMS_NO_TSA VMS_SYM(mmap_write_downgrade);
/**
 * mmap_assert_locked() - State that mmap_lock is held, R or W. A semaphore does
 * not know its readers, so the check accepts a hold by any thread.
 *
 * Debug builds (VMS_DEBUG) of the library stop the program if the lock is not
 * held; others check nothing.
 */
VMS_API void mmap_assert_locked(const struct mm_struct *mm) VMS_ASSERT_HELD_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_assert_locked);
/**
 * mmap_assert_write_locked() - State that this thread holds mmap_lock W.
 * Checked as mmap_assert_locked() is.
 */
VMS_API void mmap_assert_write_locked(const struct mm_struct *mm) VMS_ASSERT_HELD(mm->mmap_lock)
	VMS_SYM(mmap_assert_write_locked);

/* ---- a VMA's lock -------------------------------------------------------- */

/**
 * lock_vma_under_rcu() - Read-lock the VMA that covers @addr, without
 * mmap_lock.
 * @mm:   Live address space; the caller holds a reference (mmget()).
 * @addr: Byte address; need not be page aligned.
 *
 * Locks:    Enter holding no lock of @mm. Success leaves the VMA's lock held
 *           for reading and nothing else; vma_end_read() drops it.
 * RCU:      Opens and closes its own read section.
 * Ordering: Success acquires the release made by the last writer of this VMA:
 *           its plain fields are stable until vma_end_read(). NULL orders
 *           nothing.
 * Progress: Never blocks; may refuse a mapped address while a writer is at
 *           work. On engines without VMA locks: always NULL.
 *
 * The thread that locked the VMA must call vma_end_read() itself, before it
 * exits and before it calls vms_thread_unregister(), because a thread may
 * record its hold in memory of its own. A signal handler must unlock each VMA
 * that it locked before it returns.
 *
 * Return: the locked VMA. NULL means "retry under mmap_read_lock()", never
 *         "unmapped".
 */
VMS_API struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(lock_vma_under_rcu);
/**
 * vma_end_read() - Release the read lock of @vma, by the thread that took it.
 *
 * Locks:    @vma read-locked on entry. From then on a writer may free @vma at
 *           any time, unless the caller holds mmap_lock.
 * Ordering: releases to the writer that waits for @vma.
 * Progress: waits for no other thread; wakes such a writer.
 */
VMS_API void vma_end_read(struct vm_area_struct *vma) VMS_SYM(vma_end_read);
/**
 * vma_start_write() - Write-lock @vma, and wait for its readers. Does nothing
 * if the caller has write-locked it already. All VMA write locks end when
 * mmap_lock is released or downgraded.
 *
 * Locks:    mmap_lock W. The caller holds no read lock of @vma.
 * Ordering: acquires what its readers released.
 * Progress: waits until every reader of @vma has left; later readers are
 *           refused meanwhile. On engines without VMA locks: does nothing.
 */
VMS_API void vma_start_write(struct vm_area_struct *vma) VMS_SYM(vma_start_write);
/**
 * vma_start_write_trylock() - vma_start_write() if @vma has no reader. If it
 * has one, nothing changes, and no reader is refused.
 *
 * Locks:    mmap_lock W.
 * Progress: never blocks.
 * Return:   whether the caller holds the write lock now. On engines without VMA
 *           locks mmap_lock is enough: true.
 */
VMS_API bool vma_start_write_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_write_trylock);
/**
 * vma_end_write() - End the write lock of @vma alone, so that readers may lock
 * it before mmap_lock is released, which ends all other VMA write locks.
 *
 * Locks:    mmap_lock W; @vma write-locked, and every change of it complete.
 * Ordering: releases to each thread that then read-locks @vma.
 */
VMS_API void vma_end_write(struct vm_area_struct *vma) VMS_SYM(vma_end_write);
/**
 * vma_start_read() - Read-lock @vma, which was found under RCU (mas_walk() of
 * mm->mm_mt), if that needs no waiting.
 * @mm:   the caller has a reference (mmget()).
 *
 * Locks:    none, inside the RCU read section in which @vma was found; or
 *           mmap_lock. Success leaves the VMA's lock held.
 * Ordering: success acquires the release made by the last writer of @vma.
 * Progress: never blocks. On engines without VMA locks: always false.
 * Return:   whether the caller holds the lock now. If so, @vma is one of @mm's,
 *           but the caller must check again that it covers the address: the VMA
 *           may have been moved, or freed and allocated anew, since it was
 *           found. lock_vma_under_rcu() does all that.
 */
VMS_API bool vma_start_read(struct mm_struct *mm, struct vm_area_struct *vma)
	VMS_SYM(vma_start_read);
/**
 * vma_start_read_trylock() - Read-lock @vma, which was found under mmap_lock;
 * afterwards the caller may release mmap_lock.
 *
 * Locks:  mmap_lock R or W. Success leaves the VMA's lock held as well.
 * Return: whether the caller holds the lock now. Under mmap_lock R the call
 *         fails only if the count of readers is at its limit; under W it fails
 *         if the caller itself has write-locked @vma. On engines without VMA
 *         locks: always false.
 */
VMS_API bool vma_start_read_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_read_trylock);
/**
 * vma_assert_write_locked() - State that the caller has write-locked @vma (on
 * engines without VMA locks: that it holds mmap_lock W).
 *
 * Debug builds (VMS_DEBUG) of the library stop the program if it has not;
 * others check nothing.
 */
VMS_API void vma_assert_write_locked(const struct vm_area_struct *vma)
	VMS_SYM(vma_assert_write_locked);
/**
 * vma_assert_locked() - State that a lock keeps @vma from changing: its own
 * lock, R or W, or mmap_lock, R or W. Checked as vma_assert_write_locked() is.
 */
VMS_API void vma_assert_locked(const struct vm_area_struct *vma) VMS_SYM(vma_assert_locked);

#include <vmastore/end.h>

#endif
