/* SPDX-License-Identifier: MIT */
/*
 * move.c - pages change their address: mremap. The pages themselves stay, their entries go from one place of the table to another.
 *
 * Locks: page.h states them. No fault is at either place. Who comes from a page could look at the one place before the entry
 * arrives, and at the other after it left: the locks of rmap_change.c keep them out.
 */
#include <errno.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/* Whether [addr, end), all in @leaf, maps anything. */
static bool maps_any(const struct vms__ptable *leaf, unsigned long addr, unsigned long end)
{
	for (; addr < end; addr += PAGE_SIZE)
		if (vms__pte_load(leaf, vms__pt_index(addr, 0)))
			return true;
	return false;
}

int vms__prepare_move(struct mm_struct *mm, unsigned long old, unsigned long len, unsigned long new)
{
	unsigned long addr = old, end = old + len, stop;
	struct vms__ptable_batch tables;
	struct vms__ptable *leaf;

	mmap_assert_write_locked(mm);
	while ((leaf = vms__leaf_next(mm, &addr, end)) != NULL) {
		/* As far as both places stay in one leaf each. */
		stop = vms__leaf_end(addr, end);
		if (vms__leaf_end(addr - old + new, new + len) - new < stop - old)
			stop = vms__leaf_end(addr - old + new, new + len) - new + old;
		if (maps_any(leaf, addr, stop)) {
			if (!vms__ptables_prepare(mm, addr - old + new, &tables))
				return -ENOMEM;
			vms__ptables_install(mm, addr - old + new, &tables);
		}
		addr = stop;
	}
	return 0;
}

static void move_one(struct mm_struct *mm, struct vms__ptable *from, unsigned long old, unsigned long new)
{
	struct vms__ptable *to = vms__leaf_find(mm, new);
	unsigned long pte;

	vms__ptable_lock(from);
	pte = vms__pte_load(from, vms__pt_index(old, 0));
	if (pte && to == from) {
		vms__pte_store(from, vms__pt_index(old, 0), 0);
		vms__pte_store(to, vms__pt_index(new, 0), pte);
	} else if (pte) {
		VMS_ASSERT(to);
		vms__pte_store(from, vms__pt_index(old, 0), 0);
		vms__ptable_lock_nested(to);
		vms__pte_store(to, vms__pt_index(new, 0), pte);
		vms__ptable_unlock(to);
	}
	vms__ptable_unlock(from);
}

void vms__move_pages(struct vm_area_struct *vma, unsigned long old, unsigned long len, unsigned long new)
{
	struct mm_struct *mm = vms__vma_mm(vma);
	unsigned long addr = old, end = old + len;
	struct vms__ptable *leaf;

	vma_assert_write_locked(vma);
	VMS_ASSERT(vma->vm_start <= old && end <= vma->vm_end);
	while ((leaf = vms__leaf_next(mm, &addr, end)) != NULL) {
		/* Leaf by leaf, so that nobody waits long. */
		vms__rmap_lock(vma);
		for (unsigned long stop = vms__leaf_end(addr, end); addr < stop; addr += PAGE_SIZE)
			if (vms__pte_load(leaf, vms__pt_index(addr, 0)))
				move_one(mm, leaf, addr, addr - old + new);
		vms__rmap_unlock(vma);
	}
}
