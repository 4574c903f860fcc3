/* SPDX-License-Identifier: MIT */
/*
 * placement.c - where a new mapping is placed.
 *
 *   MAP_FIXED       where it says
 *   a hint          there, rounded down to a page, if the range is free and
 *                   keeps a stack's guard gap
 *   otherwise       the highest free range below mmap_base; if there is none,
 *                   the lowest above bottom_base
 *   MAP_32BIT       the lowest in [1 GiB, 2 GiB)
 *
 * Below a VMA that grows down, 256 pages stay free. Large mappings are placed
 * on a 2 MiB boundary where Linux does so (struct mm_rules; a file's filesystem
 * decides for itself).
 *
 * Source of the rules: experiments on a running 6.18 kernel. Locks: mmap_lock
 * W, so that the free range is still free when the caller maps it.
 */
#include <errno.h>

#include "lib/mm/internal.h"

#define MAP_32BIT_LOW 0x40000000UL
#define MAP_32BIT_HIGH 0x80000000UL

/* The range of a search, and the length that it looks for. */
struct window {
	unsigned long low, high, len;
};

static unsigned long search_highest(struct mm_struct *mm, struct window w, struct vms__place *place)
{
	while (vms__gap(mm, w.low, w.high, w.len, true, place)) {
		if (!place->vma || vm_start_gap(place->vma) >= place->end)
			return place->start;
		/* Too near to a stack above: look below its guard gap. */
		w.high = vm_start_gap(place->vma);
	}
	return -ENOMEM;
}

static unsigned long search_lowest(struct mm_struct *mm, struct window w, struct vms__place *place)
{
	while (vms__gap(mm, w.low, w.high, w.len, false, place)) {
		if (!place->vma || vm_start_gap(place->vma) >= place->end)
			return place->start;
		/* Every other address of this gap is nearer still. */
		w.low = place->vma->vm_end;
	}
	return -ENOMEM;
}

/*
 * Page 0 is never chosen, even if mmap_min_addr allows it: a NULL pointer must
 * fault.
 */
static unsigned long lowest_mappable(const struct mm_struct *mm)
{
	return mm->layout.mmap_min_addr > PAGE_SIZE ? mm->layout.mmap_min_addr : PAGE_SIZE;
}

static unsigned long search(struct mm_struct *mm, unsigned long len, unsigned long flags,
			    struct vms__place *place)
{
	unsigned long addr;

	if (flags & MAP_32BIT)
		return search_lowest(mm, (struct window){MAP_32BIT_LOW, MAP_32BIT_HIGH, len},
				     place);
	/*
	 * Fresh mappings abut from the top down, so they merge with one
	 * another.
	 */
	addr = search_highest(mm, (struct window){lowest_mappable(mm), mm->layout.mmap_base, len},
			      place);
	if (!IS_ERR_VALUE(addr))
		return addr;
	return search_lowest(mm, (struct window){mm->layout.bottom_base, mm->layout.task_size, len},
			     place);
}

static bool hint_is_free(struct mm_struct *mm, unsigned long addr, unsigned long len,
			 struct vms__place *place)
{
	const struct vm_area_struct *next;

	if (addr < mm->layout.mmap_min_addr || len > mm->layout.task_size ||
	    addr > mm->layout.task_size - len)
		return false;
	next = vms__around(mm, addr, addr + len, place);
	return !next || addr + len <= vm_start_gap(next);
}

/* Written so that addr + len cannot wrap. */
static bool ends_above(unsigned long addr, unsigned long len, unsigned long limit)
{
	return len > limit || addr > limit - len;
}

static unsigned long find_room(struct mm_struct *mm, unsigned long addr, unsigned long len,
			       unsigned long flags, struct vms__place *place)
{
	if (len > mm->layout.task_size)
		return -ENOMEM;
	/* Guard gaps do not count for MAP_FIXED, as on Linux. */
	if (flags & MAP_FIXED)
		return addr;
	addr &= PAGE_MASK;
	if (addr && !(flags & MAP_32BIT && ends_above(addr, len, MAP_32BIT_HIGH)) &&
	    hint_is_free(mm, addr, len, place))
		return addr;
	return search(mm, len, flags, place);
}

/*
 * Address and file offset @off must agree modulo 2 MiB, because the mapping
 * holds a whole aligned 2 MiB of the file. Linux searches for 2 MiB more than
 * it needs and moves up inside the range that it found.
 */
static unsigned long find_huge_room(struct mm_struct *mm, unsigned long addr, unsigned long len,
				    unsigned long off, unsigned long flags,
				    struct vms__place *place)
{
	unsigned long padded, skew;

	padded = find_room(mm, addr, len + PMD_SIZE, flags, place);
	if (IS_ERR_VALUE(padded))
		return find_room(mm, addr, len, flags, place);
	/* The hint itself was free, so it is used as it is. */
	if (padded == addr)
		return addr;
	skew = (off - padded) & (PMD_SIZE - 1);
	return padded + (skew ? skew : PMD_SIZE);
}

/*
 * Whether a mapping of @len bytes from file offset @off on holds a whole
 * aligned 2 MiB of the file.
 */
static bool holds_huge_page(unsigned long off, unsigned long len)
{
	unsigned long first_huge = (off + PMD_SIZE - 1) & ~(PMD_SIZE - 1), end = off + len;

	/*
	 * File offsets are signed on Linux. In the last 2 MiB that a file can
	 * have, first_huge is negative, and the rest counts as huge.
	 */
	return (long)end > (long)first_huge && end - first_huge >= PMD_SIZE &&
	       len + PMD_SIZE >= len;
}

/*
 * Whether Linux would try to align such an anonymous mapping. holds_huge_page()
 * then refuses those that are too short.
 */
static bool wants_huge_anonymous(const struct mm_struct *mm, unsigned long addr, unsigned long len,
				 unsigned long flags)
{
	switch (mm->rules.thp_align) {
	case VMS_THP_ALIGN_LARGE:
		return !(flags & MAP_SHARED);
	case VMS_THP_ALIGN_WHOLE:
		return !(flags & MAP_SHARED) && !addr && !(len & (PMD_SIZE - 1));
	default:
		return false;
	}
}

unsigned long vms__unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
				 unsigned long len, unsigned long pgoff, unsigned long flags,
				 struct vms__place *place)
{
	unsigned long task_size = mm->layout.task_size, off = file ? pgoff << PAGE_SHIFT : 0, found;
	bool huge;

	mmap_assert_locked(mm);
	if (len > task_size)
		return -ENOMEM;
	huge = file ? file->f_mapping->flags & VMS_AS_THP_ALIGN
		    : wants_huge_anonymous(mm, addr, len, flags);
	if (huge && holds_huge_page(off, len))
		found = find_huge_room(mm, addr, len, off, flags, place);
	else
		found = find_room(mm, addr, len, flags, place);
	if (IS_ERR_VALUE(found))
		return found;
	/* MAP_FIXED comes here unchecked. The errors are in Linux's order. */
	if (found > task_size - len)
		return -ENOMEM;
	if (found & ~PAGE_MASK)
		return -EINVAL;
	return found < mm->layout.mmap_min_addr ? (unsigned long)-EPERM : found;
}

unsigned long get_unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
				unsigned long len, unsigned long pgoff, unsigned long flags)
{
	struct vms__place place;

	vms__place_begin(&place);
	return vms__unmapped_area(mm, file, addr, len, pgoff, flags, &place);
}
