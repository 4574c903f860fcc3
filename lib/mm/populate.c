/* SPDX-License-Identifier: MIT */
/*
 * populate.c - faulting a range in before anyone touches it: what is locked in memory, MAP_POPULATE, MADV_POPULATE_READ and _WRITE.
 *
 * Memory is faulted in the way its VMA says: private memory that may be written gets pages of its own at once, all else is read.
 * Memory that is locked page by page as it is touched (VM_LOCKONFAULT) is left alone, whoever asks.
 *
 * Locks: mmap_lock R, held over the whole range. No stack grows on this way. Read next: lib/page/memory.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/* Fault in [start, end) of @vma for an access that its rights allow. Return: 0, -EFAULT or -ENOMEM. */
static int fault_in(struct vm_area_struct *vma, unsigned long start, unsigned long end, unsigned int fault_flags)
{
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE) {
		vm_fault_t fault = handle_mm_fault(vma, addr, fault_flags);

		if (unlikely(fault & VM_FAULT_ERROR))
			return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
	}
	return 0;
}

int vms__populate_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	mmap_assert_locked(vma_mm(vma));
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	if (vma->vm_flags & VM_LOCKONFAULT)
		return 0;
	if (!(vma->vm_flags & VM_ACCESS_FLAGS))
		return -EFAULT;
	return fault_in(vma, start, end, (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? FAULT_FLAG_WRITE : 0);
}

static int populate_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool ignore_errors)
{
	for (struct vm_area_struct *vma = vms__find(mm, start); vma && vma->vm_start < end; vma = vms_vma_next(vma)) {
		int err;

		/* A device's memory has nothing to be faulted in. */
		if (vma->vm_flags & (VM_IO | VM_PFNMAP))
			continue;
		err = vms__populate_vma(vma, vma->vm_start > start ? vma->vm_start : start, vma->vm_end < end ? vma->vm_end : end);
		if (err && !ignore_errors)
			return err;
	}
	return 0;
}

int vms__populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool ignore_errors)
{
	int err;

	vms__read_enter(mm);
	err = populate_range(mm, start, end, ignore_errors);
	vms__read_exit(mm);
	return err;
}

static int populate_all_for(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	struct vm_area_struct *vma = vms__find(mm, start);

	for (; vma && vma->vm_start <= start; vma = vms_vma_next(vma)) {
		unsigned long piece_end = vma->vm_end < end ? vma->vm_end : end;
		int err;

		if ((vma->vm_flags & (VM_IO | VM_PFNMAP)) || !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
			return -EINVAL;
		err = fault_in(vma, start, piece_end, write ? FAULT_FLAG_WRITE : 0);
		if (err)
			return err;
		start = piece_end;
		if (start == end)
			return 0;
	}
	return -ENOMEM;
}

int vms__populate_for(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	int err;

	vms__read_enter(mm);
	err = populate_all_for(mm, start, end, write);
	vms__read_exit(mm);
	return err;
}
