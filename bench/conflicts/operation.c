/* SPDX-License-Identifier: MIT */
/* operation.c - see operation.h. The table at the end says what each does. */
#include "bench/conflicts/operation.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SOME_PAGE (5UL << 20) /* in the place, away from the pages of fault() */
#define SMALL (64UL << 10)

bool hand_map(struct hand *hand)
{
	return vms_mmap(hand->mm, hand->start, PLACE_LEN, hand->prot, ANON | MAP_FIXED, NULL, 0) ==
	       hand->start;
}

static bool touch(struct hand *hand, unsigned long addr)
{
	return vms_fault(hand->mm, addr, FAULT_FLAG_WRITE) == VMS_FAULT_OK;
}

/* Each fault takes a page that was not touched before. */
static bool fault(struct hand *hand)
{
	unsigned long addr = hand->pages;

	hand->pages += PAGE_SIZE;
	return touch(hand, addr);
}

/*
 * Find the VMA as an embedder that supports every engine does: first under RCU,
 * then under mmap_lock.
 */
static bool find(struct hand *hand)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(hand->mm, hand->start + SOME_PAGE);
	bool found;

	if (vma) {
		vma_end_read(vma);
		return true;
	}
	mmap_read_lock(hand->mm);
	found = vma_lookup(hand->mm, hand->start + SOME_PAGE) != NULL;
	mmap_read_unlock(hand->mm);
	return found;
}

static bool map(struct hand *hand)
{
	hand->broke = vms_mmap(hand->mm, 0, SMALL, PROT_READ | PROT_WRITE, ANON, NULL, 0);
	return !IS_ERR_VALUE(hand->broke);
}

static bool map_undo(struct hand *hand)
{
	return vms_munmap(hand->mm, hand->broke, SMALL) == 0;
}

static bool map_fixed_undo(struct hand *hand)
{
	return hand->keep || vms_munmap(hand->mm, hand->start, PLACE_LEN) == 0;
}

static bool unmap_prepare(struct hand *hand)
{
	return hand_map(hand) && touch(hand, hand->start + SOME_PAGE);
}

static bool unmap(struct hand *hand)
{
	return vms_munmap(hand->mm, hand->start, PLACE_LEN) == 0;
}

static bool unmap_undo(struct hand *hand)
{
	return !hand->keep || hand_map(hand);
}

static bool protect(struct hand *hand)
{
	return vms_mprotect(hand->mm, hand->start, PAGE_SIZE, PROT_READ) == 0;
}

static bool protect_undo(struct hand *hand)
{
	return vms_mprotect(hand->mm, hand->start, PAGE_SIZE, hand->prot) == 0;
}

static bool advise_prepare(struct hand *hand)
{
	return touch(hand, hand->start + SOME_PAGE);
}

static bool advise(struct hand *hand)
{
	return vms_madvise(hand->mm, hand->start + SOME_PAGE, PAGE_SIZE, MADV_DONTNEED) == 0;
}

static bool resize_prepare(struct hand *hand)
{
	return vms_mremap(hand->mm, hand->start, PLACE_LEN, PLACE_LEN / 2, 0, 0) == hand->start;
}

static bool resize(struct hand *hand)
{
	return vms_mremap(hand->mm, hand->start, PLACE_LEN / 2, PLACE_LEN, 0, 0) == hand->start;
}

static bool break_prepare(struct hand *hand)
{
	hand->broke = vms_brk(hand->mm, 0);
	return true;
}

static bool break_grow(struct hand *hand)
{
	return vms_brk(hand->mm, hand->broke + PAGE_SIZE) == hand->broke + PAGE_SIZE;
}

static bool break_undo(struct hand *hand)
{
	return vms_brk(hand->mm, hand->broke) == hand->broke;
}

static bool duplicate(struct hand *hand)
{
	return vms_fork(hand->mm, &hand->child) == 0;
}

static bool duplicate_undo(struct hand *hand)
{
	mmput(hand->child);
	return true;
}

static bool list(struct hand *hand)
{
	return vms_maps_print(hand->mm, hand->null) == 0;
}

const struct operation operations[] = {
	{.name = "fault",
	 .what = "write to a new page; its leaf of the page table is the thread's own",
	 .run = fault},
	{.name = "fault-leaf",
	 .what = "the same, in a leaf of the page table that the other thread's place has a part "
		 "of",
	 .leaf = true,
	 .run = fault},
	{.name = "find", .what = "find the VMA and lock it", .run = find},
	{.name = "mmap",
	 .what = "mmap() without a hint",
	 .elsewhere = true,
	 .run = map,
	 .undo = map_undo},
	{.name = "mmap-fixed",
	 .what = "mmap() of the place",
	 .vacant = true,
	 .run = hand_map,
	 .undo = map_fixed_undo},
	{.name = "munmap",
	 .what = "munmap() of the place, in which a page was touched",
	 .vacant = true,
	 .prepare = unmap_prepare,
	 .run = unmap,
	 .undo = unmap_undo},
	{.name = "mprotect",
	 .what = "mprotect() of the first page, which splits the VMA",
	 .run = protect,
	 .undo = protect_undo},
	{.name = "madvise",
	 .what = "MADV_DONTNEED of a page that was touched",
	 .prepare = advise_prepare,
	 .run = advise},
	{.name = "mremap",
	 .what = "mremap() that doubles the VMA",
	 .prepare = resize_prepare,
	 .run = resize},
	{.name = "brk",
	 .what = "brk() up by a page",
	 .elsewhere = true,
	 .prepare = break_prepare,
	 .run = break_grow,
	 .undo = break_undo},
	{.name = "fork",
	 .what = "fork, without the child's exit",
	 .elsewhere = true,
	 .heavy = true,
	 .run = duplicate,
	 .undo = duplicate_undo},
	{.name = "listing",
	 .what = "print /proc/PID/maps",
	 .elsewhere = true,
	 .heavy = true,
	 .run = list},
	{.name = NULL},
};
