/* SPDX-License-Identifier: MIT */
/*
 * move.c - pages change their address: mremap. The pages stay, and their
 * entries move from one place of the page table to another.
 *
 * Locks: page.h states them. No fault runs at either place, because the VMAs at
 *        both are write-locked. A reverse-map walker takes no VMA lock. It
 *        could look at the new place before an entry arrives, and at the old
 *        place after the entry has left, and would miss the page; the locks of
 *        rmap/change.c keep walkers out while a leaf's entries move
 *        (test_reverse.c).
 */
#include <errno.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/*
 * Make the leaf for @addr if it is missing. Where the old place has a table,
 * the new one gets one, even if no entry moves there: Linux does so, and
 * MM_PGTABLES shows it.
 */
static int make_leaf(struct mm_struct *mm, unsigned long addr)
{
	struct vms__ptable_batch tables;
	struct vms__ptable *leaf;

	if (!vms__ptables_prepare(mm, addr, &tables))
		return -ENOMEM;
	leaf = vms__ptables_install(mm, addr, &tables);
	vms__ptable_lock(leaf);
	vms__leaf_occupy(leaf);
	vms__ptable_unlock(leaf);
	return 0;
}

int vms__prepare_move(struct mm_struct *mm, unsigned long old, unsigned long len, unsigned long new)
{
	unsigned long addr = old, end = old + len, stop;
	struct vms__ptable *leaf;

	mmap_assert_write_locked(mm);
	while ((leaf = vms__leaf_next(mm, &addr, end)) != NULL) {
		/* Go on to where either place leaves its leaf. */
		stop = vms__leaf_end(addr, end);
		if (vms__leaf_end(addr - old + new, new + len) - new < stop - old)
			stop = vms__leaf_end(addr - old + new, new + len) - new + old;
		if (vms__leaf_counts(leaf) && make_leaf(mm, addr - old + new))
			return -ENOMEM;
		addr = stop;
	}
	return 0;
}

/*
 * Count @leaf as no table if [addr, stop) filled it and @new is aligned as
 * well: there Linux moves the table itself, and none is left at the old place.
 */
static void vacate_moved(struct mm_struct *mm, struct vms__ptable *leaf, unsigned long addr,
			 unsigned long stop, unsigned long new)
{
	unsigned long span = 1UL << vms__pt_shift(1);

	if (stop - addr != span || new % span)
		return;
	vms__ptable_lock(leaf);
	vms__leaf_vacate(mm, leaf);
	vms__ptable_unlock(leaf);
}

/*
 * Move the entries of [old, old + len), all in @from, to @new, where all are in
 * @to. @shift wraps where the new index is the lower one.
 *
 * vms__pte_take(), not a load and a store, because an access may still note its
 * use in the entry (test_notes.c).
 */
static void move_leaf(struct vms__ptable *from, struct vms__ptable *to, unsigned long old,
		      unsigned long len, unsigned long new)
{
	const unsigned int first = vms__pt_index(old, 0), stop = vms__pt_leaf_stop(old, old + len);
	const unsigned int shift = vms__pt_index(new, 0) - first;

	vms__ptable_lock(from);
	if (to != from)
		vms__ptable_lock_nested(to);
	for (unsigned int i = vms__pt_seek(from, first, stop); i < stop;
	     i = vms__pt_seek(from, i + 1, stop))
		vms__pte_store(to, i + shift, vms__pte_take(from, i, vms__pte_load(from, i)));
	vms__pt_forget_lines(from, first, stop, from != to);
	if (to != from)
		vms__ptable_unlock(to);
	vms__ptable_unlock(from);
}

void vms__move_pages(struct vm_area_struct *vma, unsigned long old, unsigned long len,
		     unsigned long new)
{
	struct mm_struct *mm = vma_mm(vma);
	unsigned long addr = old, end = old + len;
	struct vms__ptable *leaf;

	vma_assert_write_locked(vma);
	VMS_ASSERT(vma->vm_start <= old && end <= vma->vm_end);
	while ((leaf = vms__leaf_next(mm, &addr, end)) != NULL) {
		/*
		 * The locks are held for one leaf at a time, so that a walker
		 * waits for 512 entries at most.
		 */
		unsigned long start = addr, stop = vms__leaf_end(addr, end);

		vms__rmap_lock(vma);
		while (addr < stop) {
			unsigned long to = addr - old + new,
				      n = vms__leaf_end(to, to + (stop - addr)) - to;
			struct vms__ptable *target = vms__leaf_find(mm, to);

			/*
			 * The new place has no leaf only where the old one has
			 * no entry: the old leaf is vacated, or
			 * vms__prepare_move() has just made it for another part
			 * of the new place.
			 */
			VMS_ASSERT(target || vms__pt_seek(leaf, vms__pt_index(addr, 0),
							  vms__pt_leaf_stop(addr, addr + n)) ==
						     vms__pt_leaf_stop(addr, addr + n));
			if (target)
				move_leaf(leaf, target, addr, n, to);
			addr += n;
		}
		vms__rmap_unlock(vma);
		vacate_moved(mm, leaf, start, stop, start - old + new);
	}
}
