/* SPDX-License-Identifier: MIT */
/*
 * guard.c - guard pages: entries of a page table that say "a touch here is
 * SIGSEGV", in a VMA that stays whole.
 *
 * A mark is VMS__PTE_GUARD alone, without a page. Faults stop at it
 * (handle_fault.c); advice and a file's truncation leave it (zap.c); it moves
 * with its VMA (move.c), is copied by fork (copy.c), and goes with its range,
 * or by vms__guard_remove().
 *
 * Locks: mmap_lock W and the VMA write-locked: no fault is inside, so that what
 *        was there goes and the mark comes as one step.
 */
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/sync/alloc.h"

/* The tables that the marks of a range may need, leaf by leaf. */
struct vms__guard_room {
	size_t nr;
	struct vms__ptable_batch leaf[];
};

static size_t nr_leaves(unsigned long start, unsigned long end)
{
	return ((end - 1) >> vms__pt_shift(1)) - (start >> vms__pt_shift(1)) + 1;
}

struct vms__guard_room *vms__guard_prepare(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end)
{
	size_t nr = nr_leaves(start, end);
	struct vms__guard_room *room = vms__alloc(sizeof(*room) + nr * sizeof(room->leaf[0]),
						  _Alignof(struct vms__guard_room));

	vma_assert_write_locked(vma);
	if (!room)
		return NULL;
	room->nr = 0;
	for (unsigned long addr = start; addr < end; addr = vms__leaf_end(addr, end)) {
		if (!vms__ptables_prepare(vma_mm(vma), addr, &room->leaf[room->nr])) {
			vms__guard_cancel(room);
			return NULL;
		}
		room->nr++;
	}
	VMS_ASSERT(room->nr == nr);
	return room;
}

void vms__guard_cancel(struct vms__guard_room *room)
{
	while (room->nr > 0)
		vms__ptables_cancel(&room->leaf[--room->nr]);
	vms__free(room);
}

void vms__guard_install(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			struct vms__guard_room *room)
{
	struct vms__ptable_batch *tables = room->leaf;

	vma_assert_write_locked(vma);
	vms__discard_range(vma, start, end);
	for (unsigned long addr = start; addr < end;) {
		struct vms__ptable *leaf = vms__ptables_install(vma_mm(vma), addr, tables++);
		unsigned long stop = vms__leaf_end(addr, end);

		vms__ptable_lock(leaf);
		for (; addr < stop; addr += PAGE_SIZE)
			vms__pte_store(leaf, vms__pt_index(addr, 0), VMS__PTE_GUARD);
		vms__ptable_unlock(leaf);
	}
	vms__free(room);
}

void vms__guard_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct vms__ptable *leaf;
	unsigned long addr = start;

	vma_assert_write_locked(vma);
	while ((leaf = vms__leaf_next(vma_mm(vma), &addr, end)) != NULL) {
		const unsigned int first = vms__pt_index(addr, 0),
				   stop = vms__pt_leaf_stop(addr, end);

		vms__ptable_lock(leaf);
		for (unsigned int i = vms__pt_seek(leaf, first, stop); i < stop;
		     i = vms__pt_seek(leaf, i + 1, stop))
			if (vms__pte_load(leaf, i) == VMS__PTE_GUARD)
				vms__pte_store(leaf, i, 0);
		vms__pt_forget_lines(leaf, first, stop, false);
		vms__ptable_unlock(leaf);
		addr = vms__leaf_end(addr, end);
	}
}
