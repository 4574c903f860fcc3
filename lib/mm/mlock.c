/* SPDX-License-Identifier: MIT */
/*
 * mlock.c - memory that stays in memory: mlock(2), mlock2(2), munlock(2),
 * mlockall(2), munlockall(2).
 *
 * Locking is a flag of VMAs, set VMA by VMA like rights by mprotect: the part
 * before the first hole stays locked. It is accounted for in mm->locked_vm, in
 * pages, whenever such a VMA is mapped, unmapped or changes its size
 * (vms__account()). The memory is faulted in afterwards, under mmap_lock for
 * reading only, so that other threads' faults go on meanwhile.
 *
 *   VM_LOCKED                      faulted in at once, and whenever it grows
 *   VM_LOCKED | VM_LOCKONFAULT     each page is locked at its first access
 *   mm->def_flags                  what mlockall(MCL_FUTURE) gives to every
 *                                  mapping made later; a fork's child starts
 *                                  without
 *
 * Droppable memory is never locked, and a request to lock it succeeds.
 *
 * Source: mlock(2), and experiments on a running 6.18 kernel. Locks: each call
 * takes mmap_lock W, then R to fault in. Read next: populate.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/*
 * [start, end) of *@vma gets the lock flags @lock; *@vma becomes the VMA that
 * holds it. @prev: the VMA before @start. @place: near it, or NULL. A VMA that
 * has the flags already, or cannot be locked, is left as it is, without a
 * merge.
 */
static int lock_piece(struct vms__place *place, struct vm_area_struct *prev,
		      struct vm_area_struct **vma, unsigned long start, unsigned long end,
		      vm_flags_t lock)
{
	vm_flags_t old = (*vma)->vm_flags, flags = (old & ~VM_LOCKED_MASK) | lock;
	long pages = (long)((end - start) >> PAGE_SHIFT);
	int err;

	if (flags == old || (old & (VM_SPECIAL | VM_HUGETLB | VM_DROPPABLE)))
		return 0;
	err = vms__vma_modify_flags(place, prev, *vma, start, end, flags, vma);
	if (err)
		return err;
	vms__account_locked(vma_mm(*vma),
			    ((flags & VM_LOCKED ? pages : 0) - (old & VM_LOCKED ? pages : 0)));
	return 0;
}

/*
 * Return: 0; -ENOMEM (a hole, the limit of VMAs, or no memory), and the part
 * before is done. Locks: mmap_lock W.
 */
static int lock_range(struct mm_struct *mm, unsigned long start, unsigned long end, vm_flags_t lock)
{
	struct vm_area_struct *prev, *vma;
	struct vms__place place;
	int err;

	mmap_assert_write_locked(mm);
	vms__place_begin(&place);
	vma = vms__around(mm, start, end, &place);
	prev = place.prev;
	if (!vma || vma->vm_start > start)
		return -ENOMEM;
	/* The range begins inside @vma: its first part comes before. */
	if (start > vma->vm_start)
		prev = vma;
	for (;;) {
		if ((vma->vm_flags & VM_LOCKED_MASK) != lock)
			/*
			 * If this VMA will be write-locked, those after it
			 * probably will, too.
			 */
			vms__vmas_unbias(vma, end);
		err = lock_piece(&place, prev, &vma, start, vma->vm_end < end ? vma->vm_end : end,
				 lock);
		if (err)
			return err;
		/*
		 * After a merge with the next VMA, this one may reach beyond
		 * the piece, with the same flags.
		 */
		start = vma->vm_end;
		if (start >= end)
			return 0;
		prev = vma;
		vma = vms_vma_after(vma);
		if (!vma || vma->vm_start != start)
			return -ENOMEM;
	}
}

/*
 * A VMA that cannot be changed for lack of memory stays as it is: mlockall(2)
 * reports only that its limits refuse. Locks: mmap_lock W.
 */
static void lock_all(struct mm_struct *mm, vm_flags_t lock)
{
	struct vm_area_struct *prev = NULL, *vma = vms__find(mm, 0);

	mmap_assert_write_locked(mm);
	for (; vma; prev = vma, vma = vms_vma_after(vma)) {
		if ((vma->vm_flags & VM_LOCKED_MASK) != lock)
			vms__vmas_unbias(vma, mm->layout.task_size);
		(void)lock_piece(NULL, prev, &vma, vma->vm_start, vma->vm_end, lock);
	}
}

/*
 * The whole pages that [*start, *start + len) touches, as [*start, *end). A
 * length that wraps to 0 passes, as on Linux. Return: false: the range wraps.
 */
static bool whole_pages(unsigned long *start, unsigned long len, unsigned long *end)
{
	len = PAGE_ALIGN(len + (*start & ~PAGE_MASK));
	*start &= PAGE_MASK;
	*end = *start + len;
	return *end >= *start;
}

/* The error of populating, as mlock(2) reports it. */
static int lock_error(int err)
{
	return err == -EFAULT ? -ENOMEM : err == -ENOMEM ? -EAGAIN : err;
}

/*
 * The number of pages of [start, end) that are locked already, and so must not
 * be counted twice. Locks: mmap_lock W.
 */
static unsigned long locked_in(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unsigned long bytes = 0;

	for (struct vm_area_struct *vma = vms__find(mm, start); vma && vma->vm_start < end;
	     vma = vms_vma_after(vma))
		if (vma->vm_flags & VM_LOCKED)
			bytes += (vma->vm_end < end ? vma->vm_end : end) -
				 (vma->vm_start > start ? vma->vm_start : start);
	return bytes >> PAGE_SHIFT;
}

/*
 * Whether the limit allows [start, end) to be locked. Holes count as on Linux;
 * the range may wrap. The walk over the VMAs is only needed if the limit would
 * refuse the whole. Locks: mmap_lock W.
 */
static bool may_lock_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	long pages = (long)((end - start) >> PAGE_SHIFT);

	return vms__may_lock_more(mm, VM_LOCKED, pages) ||
	       vms__may_lock_more(mm, VM_LOCKED, pages - (long)locked_in(mm, start, end));
}

static int do_mlock(struct mm_struct *mm, unsigned long start, unsigned long len, vm_flags_t lock)
{
	unsigned long end;
	bool sane = whole_pages(&start, len, &end);
	int err = 0;

	/* All of the mm: memory that is locked elsewhere counts as well. */
	vms__write_enter(mm, 0, mm->layout.task_size);
	if (!vms__may_lock(mm))
		err = -EPERM;
	else if (!may_lock_range(mm, start, end))
		err = -ENOMEM;
	else if (!sane)
		err = -EINVAL;
	else if (start < end)
		err = lock_range(mm, start, end, lock);
	vms__write_exit(mm);
	/*
	 * A failed walk leaves the memory before the hole locked, but faults in
	 * nothing.
	 */
	if (err || start == end)
		return err;
	return lock_error(vms__populate(mm, start, end, false));
}

int vms_mlock(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	return do_mlock(mm, start, len, VM_LOCKED);
}

int vms_mlock2(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned int flags)
{
	if (flags & ~(unsigned int)MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(mm, start, len, flags ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED);
}

int vms_munlock(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long end;
	int err;

	if (!whole_pages(&start, len, &end))
		return -EINVAL;
	if (start == end)
		return 0;
	vms__write_enter(mm, start, end);
	err = lock_range(mm, start, end, 0);
	vms__write_exit(mm);
	return err;
}

/* Locks: mmap_lock W. */
static int may_lock_all(struct mm_struct *mm, int flags)
{
	unsigned long total = atomic_load_explicit(&mm->total_vm, memory_order_relaxed);

	if (!vms__may_lock(mm))
		return -EPERM;
	/* VMS_NO_LIMIT >> PAGE_SHIFT is more than any total. */
	return (flags & MCL_CURRENT) && total > mm->limits.memlock >> PAGE_SHIFT ? -ENOMEM : 0;
}

int vms_mlockall(struct mm_struct *mm, int flags)
{
	vm_flags_t lock = flags & MCL_ONFAULT ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED;
	int err;

	if (!(flags & (MCL_CURRENT | MCL_FUTURE)) ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	vms__write_enter(mm, 0, mm->layout.task_size);
	err = may_lock_all(mm, flags);
	if (!err) {
		/*
		 * MCL_FUTURE is set before VMAs are locked, and stays even if
		 * some of them cannot be, as on Linux. A call without it ends
		 * an earlier one.
		 */
		mm->def_flags = (mm->def_flags & ~VM_LOCKED_MASK) | (flags & MCL_FUTURE ? lock : 0);
		if (flags & MCL_CURRENT)
			lock_all(mm, lock);
	}
	vms__write_exit(mm);
	if (!err && (flags & MCL_CURRENT))
		(void)vms__populate(mm, 0, mm->layout.task_size, true);
	return err;
}

int vms_munlockall(struct mm_struct *mm)
{
	vms__write_enter(mm, 0, mm->layout.task_size);
	mm->def_flags &= ~VM_LOCKED_MASK;
	lock_all(mm, 0);
	vms__write_exit(mm);
	return 0;
}
