/* SPDX-License-Identifier: MIT */
/*
 * stack.c - a VMA that grows down to meet an access below it.
 *
 * The stack keeps 256 pages clear of an accessible neighbour below, unless that
 * one grows down too, and stays within its limits. As on Linux, the attempt
 * alone gives it an anon_vma, even if the growth is then refused; that shows in
 * later merges.
 *
 * Locks: mmap_lock W (growing changes vm_start, which readers under mmap_lock R
 *        rely on).
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* A neighbour without rights is a guard by itself: any access faults. */
static bool keeps_guard_gap(const struct vm_area_struct *prev, unsigned long addr)
{
	if (!prev || (prev->vm_flags & VM_GROWSDOWN) || !(prev->vm_flags & VM_ACCESS_FLAGS))
		return true;
	return addr >= prev->vm_end && addr - prev->vm_end >= STACK_GUARD_GAP;
}

static bool within_limits(const struct vm_area_struct *vma, unsigned long addr, long pages)
{
	struct mm_struct *mm = vma_mm(vma);

	return vms__may_expand(mm, vma->vm_flags, pages) &&
	       vma->vm_end - addr <= mm->limits.stack &&
	       vms__may_lock_more(mm, vma->vm_flags, pages);
}

/*
 * @prev: the VMA before @vma. @place: near @addr, if the caller has one; else
 * NULL. The order of the checks is Linux's.
 */
static int grow_down(struct vm_area_struct *vma, const struct vm_area_struct *prev,
		     unsigned long addr, struct vms__place *place)
{
	struct mm_struct *mm = vma_mm(vma);
	struct vms__rmap_change change = {.vma = {vma}};
	struct vms__store store;
	unsigned long grow;
	int err;

	mmap_assert_write_locked(mm);
	addr &= PAGE_MASK;
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EFAULT;
	if (addr < mm->layout.mmap_min_addr)
		return -EPERM;
	if (!keeps_guard_gap(prev, addr))
		return -ENOMEM;
	/* Before the limits: see the opening comment. */
	err = vms__anon_vma_prepare(vma);
	if (err)
		return err;
	if (addr >= vma->vm_start)
		return 0;
	grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	/* The first page's offset must not go below 0. */
	if (grow > vma->vm_pgoff || !within_limits(vma, addr, (long)grow))
		return -ENOMEM;
	vms__store_begin(&store, addr, vma->vm_end, vma, place);
	/* The room below is free, so no VMA leaves (nr is 0). */
	store.known = true;
	err = vms__index_prepare(mm, &store);
	if (err)
		return err;
	/*
	 * Only after the last step that may fail: until here faults in the
	 * stack went on.
	 */
	vma_start_write(vma);
	vms__rmap_change_begin(&change);
	vma->vm_start = addr;
	vma->vm_pgoff -= grow;
	vms__rmap_change_end(&change);
	vms__vma_commit(mm, &store);
	vms__account(mm, vma->vm_flags, (long)grow);
	return 0;
}

int expand_stack_locked(struct vm_area_struct *vma, unsigned long addr)
{
	mmap_assert_write_locked(vma_mm(vma));
	return grow_down(vma, vms_vma_before(vma), addr, NULL);
}

struct vm_area_struct *vms__expand_stack(struct mm_struct *mm, struct vm_area_struct *vma,
					 unsigned long addr) VMS_NO_TSA
{
	struct vms__place place;
	unsigned long end;

	mmap_assert_locked(mm);
	if (!vma || !(vma->vm_flags & VM_GROWSDOWN)) {
		vms__read_exit(mm);
		return NULL;
	}
	/*
	 * mmap_lock cannot be upgraded: two readers that both wanted to would
	 * wait for each other. Everything may change between the two locks, so
	 * look again. @vma may be freed then, so its end is noted now.
	 */
	end = vma->vm_end;
	vms__read_exit(mm);
	addr &= PAGE_MASK;
	vms__write_enter(mm, addr, end);
	vms__place_begin(&place);
	vma = vms__around(mm, addr, addr + PAGE_SIZE, &place);
	/*
	 * Another thread may have grown the stack, or mapped memory here,
	 * meanwhile.
	 */
	if (!vma || (vma->vm_start > addr && grow_down(vma, place.prev, addr, &place))) {
		vms__write_exit(mm);
		return NULL;
	}
	/*
	 * The caller came with mmap_lock for reading and goes on under it. The
	 * downgrade keeps writers out, so the VMA stays.
	 */
	vms__write_downgrade(mm);
	return vma;
}

struct vm_area_struct *expand_stack(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vms__find(mm, addr);

	mmap_assert_locked(mm);
	return vma && vma->vm_start <= addr ? vma : vms__expand_stack(mm, vma, addr);
}
