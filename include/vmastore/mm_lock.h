/* SPDX-License-Identifier: MIT */
/*
 * mm_lock.h - the two locks of an address space: mmap_lock, and the lock in
 * each VMA, which only the engine `maple-vma` has. mm.h includes this. Which
 * field asks for which lock: mm_types.h.
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
 * Return:   whether it is held R.
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
 * Return:   whether it is held W.
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
 * end; no other writer comes between.
 *
 * Locks:    Enter with mmap_lock W. Returns with it R.
 * Ordering: releases to the readers that come now.
 * Progress: waits for no other thread.
 */
VMS_API void mmap_write_downgrade(struct mm_struct *mm) VMS_NO_TSA VMS_SYM(mmap_write_downgrade);
/**
 * mmap_assert_locked() - State that mmap_lock is held, R or W: by any thread,
 * as far as a semaphore can tell.
 *
 * Debug builds (VMS_DEBUG) of the library stop the program where it is not
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
 * The thread that locked the VMA calls vma_end_read(), before it exits and
 * before it calls vms_thread_unregister(): a thread may hold a VMA by a note of
 * its own. A signal handler lets go of what it locked before it returns.
 *
 * Return: the locked VMA. NULL means "retry under mmap_read_lock()", never
 *         "unmapped".
 */
VMS_API struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(lock_vma_under_rcu);
/**
 * vma_end_read() - Release the read lock of @vma, by the thread that took it.
 *
 * Locks:    @vma read-locked on entry. @vma may be freed at any time from then
 *           on, unless mmap_lock is held.
 * Ordering: releases to the writer that waits for @vma.
 * Progress: waits for no other thread; wakes such a writer.
 */
VMS_API void vma_end_read(struct vm_area_struct *vma) VMS_SYM(vma_end_read);
/**
 * vma_start_write() - Write-lock @vma, and wait for its readers. Where it is
 * locked so already, nothing happens. All such locks end when mmap_lock is
 * released, or downgraded.
 *
 * Locks:    mmap_lock W. The caller holds no read lock of @vma.
 * Ordering: acquires what its readers released.
 * Progress: waits until every reader of @vma has left; later readers are turned
 *           away meanwhile. On engines without VMA locks: nothing to do.
 */
VMS_API void vma_start_write(struct vm_area_struct *vma) VMS_SYM(vma_start_write);
/**
 * vma_start_write_trylock() - The same if no reader is in; else nothing has
 * changed, and no reader was turned away.
 * Locks:  mmap_lock W. Progress: never blocks. On engines without VMA locks
 *         mmap_lock is enough: true.
 * Return: whether it is held.
 */
VMS_API bool vma_start_write_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_write_trylock);
/**
 * vma_end_write() - Let readers of @vma in again before mmap_lock is let go,
 * which ends all other VMA write locks.
 * Locks:    mmap_lock W; @vma write-locked, and whole: what it says is true
 *           from now on.
 * Ordering: releases to whoever then read-locks @vma.
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
 * Return:   whether it is held. Then @vma is one of @mm's; look again whether
 *           it still covers the address: it may have moved, or have been freed
 *           and made anew, since it was found. lock_vma_under_rcu() does all
 *           that.
 */
VMS_API bool vma_start_read(struct mm_struct *mm, struct vm_area_struct *vma)
	VMS_SYM(vma_start_read);
/**
 * vma_start_read_trylock() - Read-lock @vma, which was found under mmap_lock;
 * afterwards mmap_lock may be let go.
 * Locks:  mmap_lock R or W. Success leaves the VMA's lock held as well.
 * Return: whether it is held. Under R only a count at its limit refuses; under
 *         W the caller's own write lock does. On engines without VMA locks:
 *         always false.
 */
VMS_API bool vma_start_read_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_read_trylock);
/**
 * vma_assert_write_locked() - State that the caller has write-locked @vma (on
 * engines without VMA locks: that it holds mmap_lock W).
 *
 * Debug builds (VMS_DEBUG) of the library stop the program where that is not
 * so; others check nothing.
 */
VMS_API void vma_assert_write_locked(const struct vm_area_struct *vma)
	VMS_SYM(vma_assert_write_locked);
/**
 * vma_assert_locked() - State that @vma is kept from changing: by its own lock,
 * R or W, or by mmap_lock, R or W. Checked as vma_assert_write_locked() is.
 */
VMS_API void vma_assert_locked(const struct vm_area_struct *vma) VMS_SYM(vma_assert_locked);

#include <vmastore/end.h>

#endif
