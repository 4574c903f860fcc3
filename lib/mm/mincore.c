/* SPDX-License-Identifier: MIT */
/*
 * mincore.c - mincore(2) and msync(2): the two calls that look at a range, and
 * change neither its VMAs nor its pages.
 *
 * There is no disk behind a file here, so msync() has nothing to write; only
 * its refusals remain. Nor do files have owners: mincore() answers for every
 * file, as Linux does to a caller that owns the file or may write it.
 *
 * Source: mincore(2), msync(2), and experiments on a running 6.18 kernel.
 * Locks: both take mmap_lock R.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* Return: 0, or -ENOMEM at the first hole, with @vec filled up to there. */
static int look(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned char *vec)
{
	for (struct vm_area_struct *vma = vms__find(mm, start); start < end;
	     vma = vms_vma_after(vma)) {
		unsigned long piece_end;

		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		piece_end = vma->vm_end < end ? vma->vm_end : end;
		vms__resident(vma, start, piece_end, vec);
		vec += (piece_end - start) >> PAGE_SHIFT;
		start = piece_end;
	}
	return 0;
}

int vms_mincore(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned char *vec)
{
	unsigned long task_size = mm->layout.task_size;
	int err;

	if (start & ~PAGE_MASK)
		return -EINVAL;
	/*
	 * Checked before the walk: if the range lies beyond the address space,
	 * no byte of @vec is written.
	 */
	if (len > task_size || start > task_size - len)
		return -ENOMEM;
	vms__read_enter(mm);
	err = look(mm, start, start + PAGE_ALIGN(len), vec);
	vms__read_exit(mm);
	return err;
}

/* Holes are passed over, and reported unless there is another error. */
static int sync_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool invalidate)
{
	bool hole = false;

	for (struct vm_area_struct *vma = vms__find(mm, start); vma && vma->vm_start < end;
	     vma = vms_vma_after(vma)) {
		hole |= vma->vm_start > start;
		/* Invalidating would discard pages locked in memory. */
		if (invalidate && (vma->vm_flags & VM_LOCKED))
			return -EBUSY;
		start = vma->vm_end;
	}
	return hole || start < end ? -ENOMEM : 0;
}

int vms_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags)
{
	unsigned long end = start + PAGE_ALIGN(len);
	int err;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	if (end == start)
		return 0;
	vms__read_enter(mm);
	err = sync_range(mm, start, end, flags & MS_INVALIDATE);
	vms__read_exit(mm);
	return err;
}
