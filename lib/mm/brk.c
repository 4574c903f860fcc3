/* SPDX-License-Identifier: MIT */
/*
 * brk.c - the program break, as the raw system call has it: the answer is the
 * break, the new one or, whenever anything is wrong, the old one.
 *
 * Growth extends the one VMA that ends exactly at the old break, if it may, and
 * never joins the one above; it needs a free page beyond the new break.
 *
 * Source: experiments on a running 6.18 kernel. Locks: takes mmap_lock W; a
 * break that shrinks downgrades it.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/*
 * Return: 0, or any error: brk's caller sees the old break, not the reason.
 * Locks: mmap_lock W on entry; R on return if @unmapped says so.
 */
static int shrink(struct mm_struct *mm, unsigned long new_end, unsigned long old_end,
		  struct vms__unmapped *unmapped)
{
	struct vms__place place;
	struct vms__range range = {.mm = mm, .start = new_end, .end = old_end, .place = &place};
	int err;

	vms__place_begin(&place);
	err = vms__unmap_range(&range, unmapped);
	/*
	 * As on Linux, a break cannot shrink over a range in which nothing is
	 * mapped.
	 */
	return err || !range.nr ? -1 : 0;
}

/* Make a new VMA for the heap's growth. Locks: mmap_lock W. */
static int insert_heap(struct vms__merge *m)
{
	int err = vms__prepare_new_vma(m, m->store);

	if (!err)
		vms__vma_commit(m->mm, m->store);
	return err;
}

/* Locks: mmap_lock W. */
static int grow(struct mm_struct *mm, unsigned long old_end, unsigned long new_end)
{
	const struct vm_area_struct *next;
	vm_flags_t flags = VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT |
			   mm->def_flags;
	struct vms__place place;
	struct vms__store store;
	struct vms__merge m;
	long pages = (long)((new_end - old_end) >> PAGE_SHIFT);
	int merged;

	vms__place_begin(&place);
	next = vms__around(mm, old_end, 0, &place);
	vms__merge_begin(&m, mm, old_end, new_end, &place, &store);
	m.prev = place.prev;
	m.flags = flags;
	m.pgoff = old_end >> PAGE_SHIFT;
	/* The heap never joins the VMA above: a free page lies between. */
	m.just_expand = true;
	/*
	 * Both are page aligned, so "below" leaves a page free. Adding that
	 * page to new_end instead could wrap.
	 */
	if (new_end >= (next ? vm_start_gap(next) : mm->layout.task_size))
		return -1;
	/*
	 * The count is compared before it is known whether a VMA is added, and
	 * with `>`, as on Linux: one VMA more than the limit can be reached.
	 */
	if (vms__map_count(mm) > mm->limits.max_map_count || !vms__index_may_grow(mm) ||
	    !vms__may_expand(mm, flags, pages) || !vms__may_lock_more(mm, flags, pages))
		return -1;
	/*
	 * A VMA below the break's beginning is no part of the heap, and does
	 * not grow.
	 */
	merged = m.prev && m.prev->vm_end > mm->start_brk ? vms__merge_prepare(&m) : 0;
	if (merged < 0)
		return merged;
	if (merged)
		vms__merge_commit(&m);
	else if (insert_heap(&m))
		return -ENOMEM;
	vms__account(mm, flags, pages);
	/*
	 * The last change of this VMA under the lock is made. The next fault in
	 * it need not clear the stamp.
	 */
	vms__vma_is_whole(merged ? m.target : store.vma);
	return 0;
}

unsigned long vms_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long old, result, old_end, new_end = PAGE_ALIGN(brk);
	struct vms__unmapped unmapped = {0};
	bool populate = false;
	int err = 0;

	/* The old break, and so the range, is known only under the lock. */
	vms__write_enter(mm, 0, mm->layout.task_size);
	old = mm->brk;
	old_end = PAGE_ALIGN(old);
	result = old;
	/*
	 * The limit applies to the new break together with the program's data.
	 * It also refuses a break that shrinks to a size that is still too
	 * large.
	 */
	if (brk < mm->start_brk || new_end < brk ||
	    !vms__data_within_limit(mm, brk - mm->start_brk, mm->end_data - mm->start_data))
		goto out;
	/*
	 * Set before a shrink gives up the write lock, because brk is written
	 * under mmap_lock W only. No other field depends on it: on failure it
	 * is put back, and a shrink that fails has not downgraded.
	 */
	mm->brk = brk;
	if (new_end < old_end)
		err = shrink(mm, new_end, old_end, &unmapped);
	else if (new_end > old_end)
		err = grow(mm, old_end, new_end);
	if (err)
		mm->brk = old;
	else
		result = brk;
	populate = !err && new_end > old_end && (mm->def_flags & VM_LOCKED);
out:
	if (unmapped.downgraded)
		vms__read_exit(mm);
	else
		vms__write_exit(mm);
	/*
	 * After the release: the last reference of a file may be dropped here,
	 * and writers must not wait for that.
	 */
	vms__discard_victims(unmapped.victims);
	/*
	 * Populating takes mmap_lock for reading. Its errors do not undo the
	 * break, as on Linux.
	 */
	if (populate)
		(void)vms__populate(mm, old_end, new_end, true);
	return result;
}
