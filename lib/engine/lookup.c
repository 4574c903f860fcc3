/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - finding VMAs on any index, and walking them in address order.
 * Locks: mmap_lock R or W, which each function asserts. Read next: engine.h.
 */
#include "lib/engine/engine.h"
#include "lib/engine/vma.h"

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	mmap_assert_locked(mm);
	return vms__find(mm, addr);
}

struct vm_area_struct *vma_first(struct mm_struct *mm)
{
	return find_vma(mm, 0);
}

struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **pprev)
{
	struct vms__place place;

	mmap_assert_locked(mm);
	vms__place_begin(&place);
	/* The caller stores nothing, and may hold mmap_lock R. */
	place.only_looks = true;
	vms__around(mm, addr, 0, &place);
	*pprev = place.prev;
	return place.vma;
}

struct vm_area_struct *vms_vma_after(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_locked(mm);
	return mm->engine->index->next(mm, vma);
}

struct vm_area_struct *vms_vma_before(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_locked(mm);
	return mm->engine->index->prev(mm, vma);
}

struct vm_area_struct *vma_next(struct vma_iterator *vmi)
{
	struct mm_struct *mm = vmi->mm;
	struct vm_area_struct *vma;

	mmap_assert_locked(mm);
	vma = mm->engine->index->step(vmi, vmi->seq && vmi->seq == mm->map_seq);
	/*
	 * step() went on from its place only if nothing was stored since; now
	 * the place is of this moment. mmap_lock keeps map_seq still between
	 * the two.
	 */
	vmi->seq = mm->map_seq;
	vmi->addr = vma ? vma->vm_end : vmi->mm->layout.task_size;
	return vma;
}

struct vm_area_struct *vma_prev(struct vma_iterator *vmi)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(vmi->mm);
	vma = vms__prev_below(vmi->mm, vmi->addr);
	vmi->addr = vma ? vma->vm_start : 0;
	/*
	 * The index's cursor still stands where vma_next() left it, so the next
	 * step upwards must search.
	 */
	vmi->seq = 0;
	return vma;
}
