/* SPDX-License-Identifier: MIT */
/*
 * lock_mmap.c - mmap_lock, and the locking scheme that has nothing else: faults
 * find their VMA under mmap_lock for reading, and every change takes it for
 * writing (engines `rbtree` and `maple`).
 *
 * mm_lock_seq is odd exactly while mmap_lock is held for writing. The engine
 * `maple-vma` takes "vm_lock_seq == mm_lock_seq" for "this VMA is
 * write-locked"; one increment on leaving thus unlocks every VMA at once. All
 * engines keep the sequence, and mmap_assert_write_locked() checks it.
 *
 * Read next: lib/sync/rwsem.c, lock_vma.c.
 */
#include "lib/engine/engine.h"
#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/vma_lock.h"

void mmap_read_lock(struct mm_struct *mm)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mm->mmap_lock, "mmap_lock");
	down_read(&mm->mmap_lock);
}

bool mmap_read_trylock(struct mm_struct *mm)
{
	if (!down_read_trylock(&mm->mmap_lock))
		return false;
	vms__lockdep_acquire_try(VMS__RANK_MMAP, &mm->mmap_lock, "mmap_lock");
	return true;
}

void mmap_read_unlock(struct mm_struct *mm)
{
	vms__lockdep_release(&mm->mmap_lock);
	up_read(&mm->mmap_lock);
}

void mmap_write_lock(struct mm_struct *mm)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mm->mmap_lock, "mmap_lock");
	down_write(&mm->mmap_lock);
	/*
	 * After the lock is taken, because only its holder may change the
	 * sequence: the increment is a load and a store.
	 */
	vms__vlock_seq_begin(&mm->mm_lock_seq);
}

void vms__mmap_write_lock_nested(struct mm_struct *mm)
{
	vms__lockdep_acquire_nested(VMS__RANK_MMAP, &mm->mmap_lock, "mmap_lock");
	down_write(&mm->mmap_lock);
	vms__vlock_seq_begin(&mm->mm_lock_seq);
}

bool mmap_write_trylock(struct mm_struct *mm)
{
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
	vms__lockdep_acquire_try(VMS__RANK_MMAP, &mm->mmap_lock, "mmap_lock");
	vms__vlock_seq_begin(&mm->mm_lock_seq);
	return true;
}

void mmap_write_unlock(struct mm_struct *mm)
{
	/*
	 * Before the lock is released, or the next writer's increment and this
	 * one could overwrite each other. A fault that sees the even number
	 * locks a VMA at once, so all changes must be complete by now.
	 */
	vms__vlock_seq_end(&mm->mm_lock_seq);
	vms__lockdep_release(&mm->mmap_lock);
	up_write(&mm->mmap_lock);
}

void mmap_write_downgrade(struct mm_struct *mm)
{
	/*
	 * The VMA locks end here: readers of mmap_lock are about to run, and a
	 * fault under a VMA's lock may run along with them. What the caller
	 * does afterwards under mmap_lock R must not change a VMA that a fault
	 * can find.
	 */
	vms__vlock_seq_end(&mm->mm_lock_seq);
	downgrade_write(&mm->mmap_lock);
}

void(mmap_assert_locked)(const struct mm_struct *mm)
{
	rwsem_assert_held(&mm->mmap_lock);
}

void(mmap_assert_write_locked)(const struct mm_struct *mm)
{
	rwsem_assert_held_write(&mm->mmap_lock);
	VMS_ASSERT(atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed) & 1);
}

static struct vm_area_struct *no_fast_path(struct mm_struct *mm, unsigned long addr)
{
	(void)mm;
	(void)addr;
	return NULL;
}

static void no_vma_lock(struct vm_area_struct *vma)
{
	(void)vma;
}

/* The holder of mmap_lock for writing excludes the users of every VMA. */
static bool always(struct vm_area_struct *vma)
{
	(void)vma;
	return true;
}

static bool never_read(struct mm_struct *mm, struct vm_area_struct *vma)
{
	(void)mm;
	(void)vma;
	return false;
}

static void write_enter(struct mm_struct *mm, unsigned long start, unsigned long end) VMS_NO_TSA
{
	(void)start;
	(void)end;
	mmap_write_lock(mm);
}

const struct vms__lock_ops vms__lock_mmap = {
	.name = "mmap_lock",
	.per_vma = false,
	.fault_enter = no_fast_path,
	.fault_exit = no_vma_lock,
	.vma_write = no_vma_lock,
	.vma_try_write = always,
	.vma_end_write = no_vma_lock,
	.vma_try_read = never_read,
	.read_enter = mmap_read_lock,
	.read_exit = mmap_read_unlock,
	.write_enter = write_enter,
	.write_exit = mmap_write_unlock,
	.write_downgrade = mmap_write_downgrade,
};
