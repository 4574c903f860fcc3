/* SPDX-License-Identifier: MIT */
/*
 * mseal.c - mseal(2): mappings that no thread may take away or change any more,
 * until the address space ends.
 *
 * A seal is a flag of VMAs, and takes part in merging like any other. These
 * calls honour it:
 *
 *   munmap, MAP_FIXED, brk that shrinks,   unmap.c, vms__gather()
 *     mremap's target
 *   mprotect, even to the present rights   mprotect.c
 *   mremap of the source, in all forms     mremap.c
 *   advice that discards pages             madvise.c: private memory that its
 *                                            owner may not write
 *
 * Locking, access, growing down and forking (the child's copy is sealed too)
 * are free. The whole range is checked before any of it is sealed, so that a
 * hole leaves it as it was.
 *
 * Source: mseal(2), and experiments on a running 6.18 kernel. Locks: takes
 * mmap_lock W.
 */
#include <errno.h>

#include "lib/mm/internal.h"

static bool has_hole(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = vms__find(mm, start);

	for (; vma && vma->vm_start <= start; vma = vms_vma_after(vma)) {
		start = vma->vm_end;
		if (start >= end)
			return false;
	}
	return true;
}

/*
 * Seal [start, end), of which every byte is mapped. Return: 0; -ENOMEM, and the
 * first part is sealed. A seal cannot be taken back.
 */
static int seal_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *prev, *vma;
	struct vms__place place;
	int err;

	mmap_assert_write_locked(mm);
	vms__place_begin(&place);
	vma = vms__around(mm, start, end, &place);
	prev = place.prev;
	/* The range begins inside @vma: its first part comes before. */
	if (start > vma->vm_start)
		prev = vma;
	for (;;) {
		unsigned long piece_end = vma->vm_end < end ? vma->vm_end : end;

		/*
		 * Sealed memory may be sealed again: it is left as it is,
		 * without a merge.
		 */
		if (!(vma->vm_flags & VM_SEALED)) {
			err = vms__vma_modify_flags(&place, prev, vma, start, piece_end,
						    vma->vm_flags | VM_SEALED, &vma);
			if (err)
				return err;
		}
		/*
		 * After a merge with the next VMA, this one may reach beyond
		 * the piece, and is all sealed.
		 */
		start = vma->vm_end;
		if (start >= end)
			return 0;
		prev = vma;
		vma = vms_vma_after(vma);
	}
}

int vms_mseal(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned long flags)
{
	unsigned long end = start + PAGE_ALIGN(len);
	int err;

	if (mm->rules.kernel_version < VMS_KERNEL_VERSION(6, 10))
		return -ENOSYS;
	if (flags || (start & ~PAGE_MASK) || (len && !PAGE_ALIGN(len)) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	vms__write_enter(mm, start, end);
	err = has_hole(mm, start, end) ? -ENOMEM : seal_range(mm, start, end);
	vms__write_exit(mm);
	return err;
}
