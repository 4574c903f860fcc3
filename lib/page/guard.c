/* SPDX-License-Identifier: MIT */
/*
 * guard.c - guard pages: entries of a page table that say "a touch here is SIGSEGV", in a VMA that stays whole.
 *
 * A mark is VMS__PTE_GUARD alone, without a page. Faults stop at it (memory.c); advice and a file's truncation leave it (range.c);
 * it moves with its VMA (move.c), is copied by fork (range.c), and goes with its range, or by vms__guard_remove().
 *
 * Locks: mmap_lock W and the VMA write-locked: no fault is inside, so that what was there goes and the mark comes as one step.
 */
#include <errno.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"

int vms__guard_prepare(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = vms__vma_mm(vma);
	struct vms__ptable_batch tables;

	vma_assert_write_locked(vma);
	for (unsigned long addr = start; addr < end; addr = vms__leaf_end(addr, end)) {
		if (!vms__ptables_prepare(mm, addr, &tables))
			return -ENOMEM;
		vms__ptables_install(mm, addr, &tables);
	}
	return 0;
}

void vms__guard_install(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = vms__vma_mm(vma);

	vma_assert_write_locked(vma);
	vms__discard_range(vma, start, end);
	for (unsigned long addr = start; addr < end;) {
		struct vms__ptable *leaf = vms__leaf_find(mm, addr);
		unsigned long stop = vms__leaf_end(addr, end);

		VMS_ASSERT(leaf);
		vms__ptable_lock(leaf);
		for (; addr < stop; addr += PAGE_SIZE)
			vms__pte_store(leaf, vms__pt_index(addr, 0), VMS__PTE_GUARD);
		vms__ptable_unlock(leaf);
	}
}

void vms__guard_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct vms__ptable *leaf;
	unsigned long addr = start;

	vma_assert_write_locked(vma);
	while ((leaf = vms__leaf_next(vms__vma_mm(vma), &addr, end)) != NULL) {
		unsigned long stop = vms__leaf_end(addr, end);

		vms__ptable_lock(leaf);
		for (; addr < stop; addr += PAGE_SIZE)
			if (vms__pte_load(leaf, vms__pt_index(addr, 0)) == VMS__PTE_GUARD)
				vms__pte_store(leaf, vms__pt_index(addr, 0), 0);
		vms__ptable_unlock(leaf);
	}
}
