/* SPDX-License-Identifier: MIT */
/*
 * adjust.c - the calls by which an engineer changes the bounds of one VMA: cut
 * it, join it with a neighbour, let it grow or shrink. The system calls use the
 * same parts (vma.c, merge.c). These calls do not check rights, seals and
 * limits as the system calls do.
 *
 *   split_vma()    |--------- vma ---------|   ->  |---- vma ----|-- new --|
 *   vma_merge()    | prev |  range  | next |   ->  one VMA, or nothing changes
 *   vma_expand()   |-- vma --|  free  | next   ->  |------ vma ------| next
 *   vma_shrink()   |-------- vma ----------|   ->  |-- vma --|  free
 *
 * Each call keeps the accounts, the page tables and the reverse maps right.
 *
 * Locks: mmap_lock W, which each call asserts.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long addr, int new_below)
{
	mmap_assert_write_locked(mm);
	if (vma_mm(vma) != mm || (addr & ~PAGE_MASK) || addr <= vma->vm_start ||
	    addr >= vma->vm_end)
		return -EINVAL;
	return vms__split_vma_counted(vma, addr, new_below, NULL);
}

/* ---- merge ---- */

/*
 * Whether [m->start, m->end) is free, or a part of one VMA (m->middle then)
 * that maps the same file at the same offset. m->prev and m->next become its
 * neighbours.
 */
static bool find_place(struct vms__merge *m)
{
	struct vm_area_struct *prev, *vma = find_vma_prev(m->mm, m->start, &prev);

	m->prev = prev;
	m->next = vma;
	if (!vma || vma->vm_start >= m->end)
		return true;
	if (vma->vm_start > m->start || vma->vm_end < m->end)
		return false;
	m->middle = vma;
	m->vm_ops = vma->vm_ops;
	m->anon_vma = vma_anon_vma(vma);
	/*
	 * If the range ends inside @vma, the rest of @vma lies between it and
	 * the next VMA, so the two cannot join.
	 */
	m->next = m->end == vma->vm_end ? vms_vma_after(vma) : NULL;
	return vma->vm_file == m->file && vma_pgoff(vma, m->start) == m->pgoff;
}

struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *prev,
				 unsigned long addr, unsigned long end, vm_flags_t vm_flags,
				 struct file *file, pgoff_t pgoff, struct anon_vma_name *anon_name)
{
	long pages = (long)((end - addr) >> PAGE_SHIFT);
	struct vm_area_struct *merged;
	struct vms__store store;
	struct vms__merge m = {
		.mm = mm,
		.store = &store,
		.start = addr,
		.end = end,
		.flags = vm_flags,
		.pgoff = pgoff,
		.file = file,
		.vm_ops = file ? file->f_vm_ops : NULL,
		.anon_name = anon_name,
	};
	vm_flags_t old = 0;

	mmap_assert_write_locked(mm);
	if (((addr | end) & ~PAGE_MASK) || addr >= end || end > mm->layout.task_size ||
	    vms__pgoff_wraps(pgoff, (end - addr) >> PAGE_SHIFT) || !find_place(&m))
		return NULL;
	VMS_ASSERT(!prev || prev == m.prev || prev == m.middle);
	(void)prev;
	if (m.middle)
		/* Noted now: the merge may free m.middle. */
		old = m.middle->vm_flags;
	else if (!vms__index_may_grow(mm))
		return NULL;
	if (vms__merge_prepare(&m) <= 0)
		return NULL;
	merged = vms__merge_commit(&m);
	if (m.middle)
		vms__account_change(mm, old, vm_flags, pages);
	else
		vms__account(mm, vm_flags, pages);
	/*
	 * The range may have lost the right to write; its entries must lose it
	 * too.
	 */
	vms__change_protection(merged, addr, end);
	return merged;
}

/* ---- grow ---- */

/*
 * Whether @pgoff is what @vma maps first if its bounds become @start and @end:
 * each page keeps its offset, and no offset wraps.
 */
static bool continues(const struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      pgoff_t pgoff)
{
	struct mm_struct *mm = vma_mm(vma);
	pgoff_t down = (vma->vm_start - start) >> PAGE_SHIFT;

	if (((start | end) & ~PAGE_MASK) || start >= end || end > mm->layout.task_size ||
	    vms__pgoff_wraps(pgoff, (end - start) >> PAGE_SHIFT))
		return false;
	if (start > vma->vm_start)
		return pgoff == vma_pgoff(vma, start);
	return down <= vma->vm_pgoff && pgoff == vma->vm_pgoff - down;
}

static int grow(struct vm_area_struct *vma, unsigned long start, unsigned long end, pgoff_t pgoff)
{
	struct vms__rmap_change change = {.vma = {vma}};
	const struct vm_area_struct *prev = vms_vma_before(vma), *next = vms_vma_after(vma);
	long pages = (long)(((end - start) >> PAGE_SHIFT) - vma_pages(vma));
	struct mm_struct *mm = vma_mm(vma);
	struct vms__store store;
	int err;

	mmap_assert_write_locked(mm);
	/*
	 * Even a growth that fits is refused while replaced nodes pile up
	 * behind a reader: see vms__index_may_grow().
	 */
	if ((prev && prev->vm_end > start) || (next && next->vm_start < end) ||
	    !vms__index_may_grow(mm))
		return -ENOMEM;
	vms__store_begin(&store, start, end, vma, NULL);
	/* The new room is free, so no VMA leaves (nr is 0). */
	store.known = true;
	err = vms__index_prepare(mm, &store);
	if (err)
		return err;
	/*
	 * Only after the last step that may fail: until here faults in @vma
	 * went on. The bounds change before the store; a fault that finds @vma
	 * in between is refused by the write lock.
	 */
	vma_start_write(vma);
	vms__rmap_change_begin(&change);
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_pgoff = pgoff;
	vms__rmap_change_end(&change);
	vms__vma_commit(mm, &store);
	vms__account(mm, vma->vm_flags, pages);
	return 0;
}

/*
 * @vma absorbs @next, the VMA after it, and the free room between them, if they
 * may be one.
 */
static int swallow(struct vm_area_struct *vma, struct vm_area_struct *next)
{
	bool touching = vma->vm_end == next->vm_start;
	struct mm_struct *mm = vma_mm(vma);
	unsigned long start = vma->vm_end, end = touching ? next->vm_end : next->vm_start,
		      whole = next->vm_end;
	struct vms__store store;
	struct vms__merge m = {
		.mm = mm,
		.store = &store,
		.prev = vma,
		.next = touching ? NULL : next,
		.middle = touching ? next : NULL,
		.start = start,
		.end = end,
		.flags = touching ? next->vm_flags : vma->vm_flags,
		.pgoff = vma->vm_pgoff + vma_pages(vma),
		.file = vma->vm_file,
		.vm_ops = touching ? next->vm_ops : vma->vm_ops,
		.anon_vma = touching ? vma_anon_vma(next) : NULL,
		.anon_name = vma->anon_name,
	};
	int merged;

	mmap_assert_write_locked(mm);
	/*
	 * The merge compares @m's attributes with @vma's. Those that were taken
	 * from @vma must be @next's too, or the merge would change what @next
	 * maps.
	 */
	if (touching && (next->vm_file != m.file || next->vm_pgoff != m.pgoff ||
			 !vms__anon_name_equal(next->anon_name, m.anon_name)))
		return -EINVAL;
	if (!touching && !vms__index_may_grow(mm))
		return -ENOMEM;
	merged = vms__merge_prepare(&m);
	if (merged <= 0)
		return merged ? merged : -EINVAL;
	/*
	 * The merge may have chosen less: @vma grows up to @next alone, or
	 * @next grows down. The caller asked for all or nothing.
	 */
	if (m.target != vma || m.new_end != whole) {
		vms__index_cancel(mm, &store);
		return -EINVAL;
	}
	vms__merge_commit(&m);
	if (!touching)
		vms__account(mm, m.flags, (long)((end - start) >> PAGE_SHIFT));
	return 0;
}

int vma_expand(struct vm_area_struct *vma, unsigned long start, unsigned long end, pgoff_t pgoff,
	       struct vm_area_struct *next)
{
	mmap_assert_write_locked(vma_mm(vma));
	if (!continues(vma, start, end, pgoff) || start > vma->vm_start || end < vma->vm_end)
		return -EINVAL;
	if (next) {
		if (start != vma->vm_start || next != vms_vma_after(vma) || end != next->vm_end)
			return -EINVAL;
		return swallow(vma, next);
	}
	return start == vma->vm_start && end == vma->vm_end ? -EINVAL
							    : grow(vma, start, end, pgoff);
}

/* ---- shrink ---- */

int vma_shrink(struct vm_area_struct *vma, unsigned long start, unsigned long end, pgoff_t pgoff)
{
	bool below = start > vma->vm_start;
	unsigned long low = below ? vma->vm_start : end, high = below ? start : vma->vm_end;
	const struct vm_area_struct *beside;
	struct mm_struct *mm = vma_mm(vma);
	struct vms__store store;
	int err;

	mmap_assert_write_locked(mm);
	if (!continues(vma, start, end, pgoff) || start < vma->vm_start || end > vma->vm_end ||
	    (start == vma->vm_start) == (end == vma->vm_end))
		return -EINVAL;
	vms__store_begin(&store, low, high, NULL, NULL);
	err = vms__index_prepare(mm, &store);
	if (err)
		return err;
	/*
	 * A page table that reaches into a neighbour must stay, so the cut has
	 * to know where the neighbour ends or begins.
	 */
	beside = below ? vms_vma_before(vma) : vms_vma_after(vma);
	if (below)
		vms__cut_commit(&store, vma, beside ? beside->vm_end : 0, high);
	else
		vms__cut_commit(&store, vma, low, beside ? beside->vm_start : 0);
	return 0;
}

/* ---- both, and what stands in their place ---- */

/*
 * Whether @insert is a copy of @vma for exactly the part that @vma gives up at
 * one end as its bounds become @start and @end. An @insert with an anon_vma is
 * refused: vms__split_into() links it to @vma's.
 */
static bool fits_cut(const struct vm_area_struct *vma, unsigned long start, unsigned long end,
		     const struct vm_area_struct *insert)
{
	bool below = start > vma->vm_start;
	unsigned long low = below ? vma->vm_start : end, high = below ? start : vma->vm_end;

	return (start == vma->vm_start) != (end == vma->vm_end) && !vms__vma_is_attached(insert) &&
	       insert->vm_start == low && insert->vm_end == high &&
	       insert->vm_pgoff == vma_pgoff(vma, low) && vma_mm(insert) == vma_mm(vma) &&
	       insert->vm_flags == vma->vm_flags && insert->vm_file == vma->vm_file &&
	       insert->vm_ops == vma->vm_ops && !vma_anon_vma(insert);
}

int vma_adjust(struct vm_area_struct *vma, unsigned long start, unsigned long end, pgoff_t pgoff,
	       struct vm_area_struct *insert)
{
	bool grows = start < vma->vm_start || end > vma->vm_end,
	     shrinks = start > vma->vm_start || end < vma->vm_end;

	mmap_assert_write_locked(vma_mm(vma));
	if (!continues(vma, start, end, pgoff) || (grows && shrinks))
		return -EINVAL;
	if (insert) {
		if (grows || !fits_cut(vma, start, end, insert))
			return -EINVAL;
		return vms__split_into(vma, insert, start > vma->vm_start ? start : end,
				       start > vma->vm_start, NULL);
	}
	if (!grows && !shrinks)
		return 0;
	return grows ? vma_expand(vma, start, end, pgoff, NULL)
		     : vma_shrink(vma, start, end, pgoff);
}
