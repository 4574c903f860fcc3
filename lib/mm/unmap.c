/* SPDX-License-Identifier: MIT */
/*
 * unmap.c - taking a range away: munmap(2), and the first half of every MAP_FIXED.
 *
 *   gather   split at both ends                     may fail; what is mapped has not changed
 *   lock     write-lock each VMA: no fault is left inside
 *   clear    zap the pages, free the tables
 *   commit   one store: all of them leave the index
 *   free     drop what they refer to
 *
 * munmap(2) commits before it clears, and clears under mmap_lock held for reading only: the range is out of everyone's reach by then.
 * MAP_FIXED clears first, so that the store that publishes the new VMA cannot expose the old pages.
 *
 * Locks: mmap_lock W; vms_munmap() takes it.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

int vms__gather(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	int err;

	mmap_assert_write_locked(mm);
	if (!vma)
		return 0;
	if (vma->vm_start < start) {
		/* Only a cut out of the middle adds a VMA for good; Linux refuses that one at the limit, no other. */
		if (vma->vm_end > end && vms__map_count(mm) >= mm->layout.max_map_count)
			return -ENOMEM;
		if (vma->vm_flags & VM_SEALED)
			return -EPERM;
		err = vms__split_vma(vma, start, true);
		if (err)
			return err;
	}
	for (; vma && vma->vm_start < end; vma = vms_vma_next(vma)) {
		if (vma->vm_flags & VM_SEALED)
			return -EPERM;
		if (vma->vm_end > end) {
			err = vms__split_vma(vma, end, false);
			if (err)
				return err;
		}
	}
	return 0;
}

static void lock_gathered(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	for (struct vm_area_struct *vma = vms__find(mm, start); vma && vma->vm_start < end; vma = vms_vma_next(vma)) {
		VMS_ASSERT(vma->vm_start >= start && vma->vm_end <= end);
		vma_start_write(vma);
	}
}

/* The neighbours' ends: a page table that reaches into one of them stays. 0 as a ceiling stands for the top. */
static void neighbours(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long *floor, unsigned long *ceiling)
{
	struct vm_area_struct *prev = vms__prev_below(mm, start), *next = vms__find(mm, end);

	*floor = prev ? prev->vm_end : 0;
	*ceiling = next ? next->vm_start : 0;
}

void vms__clear_gathered(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unsigned long floor, ceiling;
	bool any = false;

	mmap_assert_write_locked(mm);
	lock_gathered(mm, start, end);
	for (struct vm_area_struct *vma = vms__find(mm, start); vma && vma->vm_start < end; vma = vms_vma_next(vma)) {
		vms__zap_range(vma, vma->vm_start, vma->vm_end);
		any = true;
	}
	if (!any)
		return;
	neighbours(mm, start, end, &floor, &ceiling);
	vms__free_pgtables(mm, start, end, floor, ceiling);
}

static void account_victims(struct mm_struct *mm, struct vm_area_struct *victims)
{
	for (struct vm_area_struct *vma = victims; vma; vma = vma->vm_next) {
		vms__account(mm, vma->vm_flags, -(long)vma_pages(vma));
		vms__vma_unlink_file(vma);
	}
}

static void discard_victims(struct vm_area_struct *victims)
{
	while (victims) {
		struct vm_area_struct *vma = victims;

		victims = vma->vm_next;
		if (vma->vm_ops && vma->vm_ops->close)
			vma->vm_ops->close(vma);
		vms__vma_discard(vma);
	}
}

void vms__free_victims(struct mm_struct *mm, struct vm_area_struct *victims)
{
	account_victims(mm, victims);
	discard_victims(victims);
}

/* Pages and tables of VMAs that have left the index. Locks: mmap_lock W, or R after a downgrade. */
static void clear_detached(struct mm_struct *mm, struct vm_area_struct *victims, unsigned long start, unsigned long end,
			   unsigned long floor, unsigned long ceiling)
{
	for (struct vm_area_struct *vma = victims; vma; vma = vma->vm_next)
		vms__zap_range(vma, vma->vm_start, vma->vm_end);
	vms__free_pgtables(mm, start, end, floor, ceiling);
}

int vms__unmap(struct mm_struct *mm, unsigned long start, unsigned long end, bool *downgraded)
{
	struct vms__store store = {.start = start, .end = end, .vma = NULL};
	unsigned long floor, ceiling;
	int err;

	mmap_assert_write_locked(mm);
	if (downgraded)
		*downgraded = false;
	err = vms__gather(mm, start, end);
	if (err)
		return err;
	if (!find_vma_intersection(mm, start, end))
		return 0;
	err = vms__index_prepare(mm, &store);
	if (err)
		return err;
	lock_gathered(mm, start, end);
	vms__vma_commit(mm, &store);
	neighbours(mm, start, end, &floor, &ceiling);
	account_victims(mm, store.victims);
	/*
	 * From here on nothing finds the range any more. Readers of mmap_lock may run; writers stay out, so nobody maps anything, and
	 * no stack grows, into the page tables that are about to go.
	 */
	if (downgraded) {
		vms__write_downgrade(mm);
		*downgraded = true;
	}
	clear_detached(mm, store.victims, start, end, floor, ceiling);
	discard_victims(store.victims);
	return 0;
}

static int check_range(const struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long task_size = mm->layout.task_size;

	if ((start & ~PAGE_MASK) || start > task_size || len > task_size - start || !PAGE_ALIGN(len))
		return -EINVAL;
	return 0;
}

int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	int err = check_range(mm, start, len);

	return err ? err : vms__unmap(mm, start, start + PAGE_ALIGN(len), NULL);
}

int vms_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	bool downgraded;
	int err = check_range(mm, addr, len);

	if (err)
		return err;
	vms__write_enter(mm, addr, addr + PAGE_ALIGN(len));
	err = vms__unmap(mm, addr, addr + PAGE_ALIGN(len), &downgraded);
	if (downgraded)
		vms__read_exit(mm);
	else
		vms__write_exit(mm);
	return err;
}
