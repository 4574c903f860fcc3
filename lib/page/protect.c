/* SPDX-License-Identifier: MIT */
/*
 * protect.c - page-table entries lose the right to write that their VMA has
 * lost.
 *
 * Locks: page.h states them. Read next: page_prot.c, for the rights of a new
 *        entry.
 */
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

void vms__change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct vms__ptable *leaf;
	unsigned long addr = start;

	vma_assert_write_locked(vma);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	/*
	 * A right that was added needs no change here. A fault gives it page by
	 * page, because a private page may have to be copied first.
	 */
	if (vma->vm_flags & VM_WRITE)
		return;
	while ((leaf = vms__leaf_next(vma_mm(vma), &addr, end)) != NULL) {
		unsigned int index = vms__pt_index(addr, 0), stop = vms__pt_leaf_stop(addr, end);

		vms__ptable_lock(leaf);
		for (index = vms__pt_seek(leaf, index, stop); index < stop;
		     index = vms__pt_seek(leaf, index + 1, stop))
			vms__pte_wrprotect(leaf, index);
		vms__ptable_unlock(leaf);
		addr = vms__leaf_end(addr, end);
	}
}
