/* SPDX-License-Identifier: MIT */
/*
 * unmap.c - taking a range away: munmap(2), and the first half of every
 * MAP_FIXED.
 *
 *   gather   split at both ends; may fail, and the memory has not changed
 *   lock     write-lock each VMA, so that no fault is left inside
 *   clear    zap the pages, free the tables
 *   commit   one store: all of the VMAs leave the index
 *   free     drop what they refer to; if this file or mmap.c took mmap_lock,
 *            after it is released
 *
 * A range that takes no more than one end of one VMA needs none of this: that
 * VMA is cut (cut_end()), without a second VMA that lives for a moment.
 *
 * munmap(2) commits before it clears, and clears under mmap_lock held for
 * reading only: no thread can find the range by then. MAP_FIXED clears first,
 * so that the store that publishes the new VMA cannot expose the old pages.
 *
 * Locks: mmap_lock W; vms_munmap() takes it. Read next: docs/locking.md.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* Cut off the part of @vma before the range. */
static int cut_start(struct vms__range *r, struct vm_area_struct *vma)
{
	/*
	 * Only a cut out of the middle adds a VMA for good. At the limit Linux
	 * refuses that one alone.
	 */
	if (vma->vm_end > r->end && vms__map_count(r->mm) >= r->mm->limits.max_map_count)
		return -ENOMEM;
	if (vma->vm_flags & VM_SEALED)
		return -EPERM;
	return vms__split_vma(vma, r->start, true, &r->prev, r->place);
}

int vms__gather_vmas(struct vms__range *r)
{
	struct vm_area_struct *vma = r->place->vma, *after = r->place->after;
	int err;

	mmap_assert_write_locked(r->mm);
	if (vma->vm_start < r->start) {
		err = cut_start(r, vma);
		if (err)
			return err;
	}
	r->first = vma;
	vma->vm_next = after;
	/*
	 * Link all of the range in one pass: later steps walk these links
	 * instead of searching the index for each VMA.
	 */
	if (after && after->vm_start < r->end)
		r->mm->engine->index->chain(r->mm, after, r->end);
	for (; vma && vma->vm_start < r->end; r->nr++, vma = vma->vm_next) {
		if (vma->vm_flags & VM_SEALED)
			return -EPERM;
		if (vma->vm_end > r->end) {
			err = vms__split_vma(vma, r->end, false, &after, r->place);
			if (err)
				return err;
			vma->vm_next = after;
		}
	}
	r->next = vma;
	return 0;
}

/*
 * The VMA after @vma in the range; NULL after the last. @n: the number of VMAs
 * before @vma. The last one's link leads out of the range, so the count
 * decides.
 */
static struct vm_area_struct *next_gathered(const struct vms__range *r, struct vm_area_struct *vma,
					    unsigned int n)
{
	return n + 1 < r->nr ? vma->vm_next : NULL;
}

unsigned long vms__gathered_pages(const struct vms__range *r)
{
	struct vm_area_struct *vma = r->first;
	unsigned long pages = 0;

	for (unsigned int n = 0; vma; vma = next_gathered(r, vma, n++))
		pages += vma_pages(vma);
	return pages;
}

/*
 * Write-lock the gathered VMAs. @leave: they leave the index next, and nothing
 * is done with them before, so that locking and detaching are one step.
 */
static void lock_gathered(const struct vms__range *r, bool leave)
{
	struct vm_area_struct *vma = r->first;

	for (unsigned int n = 0; vma; vma = next_gathered(r, vma, n++)) {
		VMS_ASSERT(vma->vm_start >= r->start && vma->vm_end <= r->end);
		vms__vmas_unbias(vma, r->end);
		if (leave)
			vms__vma_retire(vma);
		else
			vma_start_write(vma);
	}
}

/*
 * Unmap the pages of @vma, and take it out of the lists of the reverse maps. In
 * this order: a reverse-map walker that still found a page must still find its
 * VMA. Locks: write-locked, or detached.
 */
static void empty(struct vm_area_struct *vma)
{
	vms__zap_range(vma, vma->vm_start, vma->vm_end);
	if (vma->vm_file || vma_anon_vma(vma))
		vms__vma_hide(vma);
}

/*
 * Free the page tables of the range, after empty() of each VMA in it: a fault
 * or a reverse-map walker could otherwise be on a table. A table that reaches
 * into a neighbour stays, because the neighbour uses it.
 */
static void free_tables(const struct vms__range *r)
{
	vms__free_pgtables(r->mm, r->start, r->end, r->prev ? r->prev->vm_end : 0,
			   r->next ? r->next->vm_start : 0);
}

void vms__clear_gathered(const struct vms__range *r)
{
	struct vm_area_struct *vma = r->first;

	mmap_assert_write_locked(r->mm);
	if (!vma)
		return;
	lock_gathered(r, false);
	for (unsigned int n = 0; vma; vma = next_gathered(r, vma, n++))
		empty(vma);
	free_tables(r);
	/* The owners hear of it before a new VMA replaces the old ones. */
	vma = r->first;
	for (unsigned int n = 0; vma; vma = next_gathered(r, vma, n++))
		vms__vma_close(vma);
}

static void account_victims(struct mm_struct *mm, struct vm_area_struct *victims)
{
	for (struct vm_area_struct *vma = victims; vma; vma = vma->vm_next)
		vms__account(mm, vma->vm_flags, -(long)vma_pages(vma));
}

static void tell_owners(struct vm_area_struct *victims)
{
	for (; victims; victims = victims->vm_next)
		vms__vma_close(victims);
}

void vms__discard_victims(struct vm_area_struct *victims)
{
	while (victims) {
		struct vm_area_struct *vma = victims;

		victims = vma->vm_next;
		vms__vma_discard(vma);
	}
}

void vms__close_victims(struct mm_struct *mm, struct vm_area_struct *victims)
{
	account_victims(mm, victims);
	tell_owners(victims);
}

int vms__unmap_gathered(const struct vms__range *r, struct vms__unmapped *unmapped)
{
	struct vms__store store;
	int err;

	mmap_assert_write_locked(r->mm);
	if (!r->nr)
		return 0;
	vms__store_begin(&store, r->start, r->end, NULL, r->place);
	store.known = true;
	store.nr = r->nr;
	store.first = r->first;
	store.prev = r->prev;
	err = vms__index_prepare(r->mm, &store);
	if (err)
		return err;
	/* Nothing fails from here on. */
	lock_gathered(r, true);
	vms__vma_commit(r->mm, &store);
	/* Before the downgrade: accounts are written under mmap_lock W. */
	account_victims(r->mm, store.victims);
	/*
	 * From here on no thread finds the range. Readers of mmap_lock may run.
	 * Writers stay out, so that no thread maps memory, and no stack grows,
	 * into the page tables that are about to be freed.
	 */
	if (unmapped) {
		vms__write_downgrade(r->mm);
		unmapped->downgraded = true;
	}
	for (struct vm_area_struct *vma = store.victims; vma; vma = vma->vm_next)
		empty(vma);
	free_tables(r);
	/*
	 * The owner's close() is told that the pages are unmapped, so it comes
	 * after them.
	 */
	tell_owners(store.victims);
	if (unmapped)
		unmapped->victims = store.victims;
	else
		vms__discard_victims(store.victims);
	return 0;
}

/*
 * A cut zaps under mmap_lock held for writing, for which other threads wait. So
 * it takes at most so many bytes, or a range in which no page was ever mapped.
 */
#define CUT_MAX (64 * PAGE_SIZE)

static bool is_quick(const struct mm_struct *mm, unsigned long low, unsigned long high)
{
	/*
	 * A concurrent fault may add a table. Then the cut takes longer, and is
	 * right all the same.
	 */
	return high - low <= CUT_MAX || !vms__has_tables(mm, low, high);
}

/*
 * Whether the owner hears of a split, or of VMAs that are made and removed.
 * Such an owner must be told in the same way as on Linux, where a cut is a
 * split and an unmap.
 */
static bool owner_hears(const struct vm_area_struct *vma)
{
	return vma->vm_ops && (vma->vm_ops->may_split || vma->vm_ops->open || vma->vm_ops->close);
}

/*
 * Cut the VMA, if the range, whose place is found, takes exactly one end of one
 * VMA, and no more. Return: 1; 0: it is another case; -ENOMEM.
 */
static int cut_end(struct vms__range *r)
{
	struct vm_area_struct *vma = r->place->vma, *prev = r->place->prev,
			      *after = r->place->after;
	bool below = vma->vm_start >= r->start;
	unsigned long low = below ? vma->vm_start : r->start, high = below ? r->end : vma->vm_end;
	struct vms__store store;

	if (below ? vma->vm_end <= r->end
		  : vma->vm_end > r->end || (after && after->vm_start < r->end))
		return 0;
	if ((vma->vm_flags & VM_SEALED) || owner_hears(vma) || !is_quick(r->mm, low, high))
		return 0;
	vms__store_begin(&store, low, high, NULL, r->place);
	/* No VMA leaves. */
	store.known = true;
	store.prev = below ? prev : vma;
	if (vms__index_prepare(r->mm, &store))
		return -ENOMEM;
	if (below)
		vms__cut_commit(&store, vma, prev ? prev->vm_end : 0, high);
	else
		vms__cut_commit(&store, vma, low, after ? after->vm_start : 0);
	r->nr = 1;
	return 1;
}

/*
 * Whether the range, whose place is found, holds one whole VMA and no part of
 * another. Then there is nothing to split or to link.
 */
static inline bool gather_one(struct vms__range *r)
{
	struct vm_area_struct *vma = r->place->vma, *after = r->place->after;

	if (vma->vm_start < r->start || vma->vm_end > r->end ||
	    (after && after->vm_start < r->end) || (vma->vm_flags & VM_SEALED))
		return false;
	r->first = vma;
	r->nr = 1;
	r->next = after;
	return true;
}

static inline int unmap_range(struct vms__range *r, struct vms__unmapped *unmapped)
{
	struct vm_area_struct *vma = vms__around(r->mm, r->start, r->end, r->place);
	int err;

	mmap_assert_write_locked(r->mm);
	vms__range_found(r);
	if (!vma || vma->vm_start >= r->end)
		return 0;
	if (gather_one(r))
		return vms__unmap_gathered(r, unmapped);
	err = cut_end(r);
	if (err)
		return err < 0 ? err : 0;
	err = vms__gather_vmas(r);
	return err ? err : vms__unmap_gathered(r, unmapped);
}

int vms__unmap_range(struct vms__range *r, struct vms__unmapped *unmapped)
{
	return unmap_range(r, unmapped);
}

int vms__unmap(struct mm_struct *mm, unsigned long start, unsigned long end,
	       struct vms__unmapped *unmapped)
{
	struct vms__place place;
	struct vms__range range = {.mm = mm, .start = start, .end = end, .place = &place};

	vms__place_begin(&place);
	return unmap_range(&range, unmapped);
}

static int check_range(const struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long task_size = mm->layout.task_size;

	if ((start & ~PAGE_MASK) || start > task_size || len > task_size - start ||
	    !PAGE_ALIGN(len))
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
	struct vms__unmapped unmapped = {0};
	int err = check_range(mm, addr, len);

	if (err)
		return err;
	vms__write_enter(mm, addr, addr + PAGE_ALIGN(len));
	err = vms__unmap(mm, addr, addr + PAGE_ALIGN(len), &unmapped);
	if (unmapped.downgraded)
		vms__read_exit(mm);
	else
		vms__write_exit(mm);
	/*
	 * The last reference of a file, and all its pages, may be dropped here,
	 * which other writers need not wait for.
	 */
	vms__discard_victims(unmapped.victims);
	return err;
}
