/* SPDX-License-Identifier: MIT */
/*
 * bias.c - a VMA that readers hold by their threads' slots, and its memory when
 * it becomes another address space's.
 */
#include <stdatomic.h>

#include "lib/sync/vma_lock.h"
#include "tests/explore/scenarios/scenarios.h"
#include "tests/explore/scenarios/world.h"

#define RW (PROT_READ | PROT_WRITE)

/* Two adjacent VMAs, both biased, as after a meeting of readers. */
static void begin_biased(void)
{
	world_begin();
	world_map(0, 4, RW);
	world_map(4, 4, PROT_READ);
	for (unsigned long page = 0; page < 8; page += 4) {
		struct vm_area_struct *vma = lock_vma_under_rcu(world_mm, world_addr(page));

		explore_check(vma);
		vms__vlock_bias(&vma->vm_refcnt, &vma->vm_lock_seq);
		vma_end_read(vma);
		explore_check(vma->vm_lock_seq == VMS__VLOCK_BIASED);
	}
}

static void look_at(unsigned long page)
{
	unsigned long addr = world_addr(page);
	struct vm_area_struct *vma = lock_vma_under_rcu(world_mm, addr);

	if (!vma)
		return;
	explore_check(vma->vm_start <= addr && addr < vma->vm_end);
	explore_check(vma->vm_flags & VM_READ);
	vma_end_read(vma);
}

static void look_at_first(void)
{
	look_at(1);
}

/* One VMA by the slot, the other one by a count. */
static void look_at_both(void)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(world_mm, world_addr(5));

	look_at(1);
	if (vma)
		vma_end_read(vma);
}

/* The first VMA stays one, with other flags. */
static void protect_first(void)
{
	explore_check(!vms_mprotect(world_mm, world_addr(0), 4 * PAGE_SIZE, PROT_READ | PROT_EXEC));
}

static void unmap_both(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(0), 8 * PAGE_SIZE));
}

EXPLORE_SCENARIO(bias_protect, "a writer revokes a bias, and a reader holds by its slot",
		 .begin = begin_biased, .threads = {look_at_first, protect_first},
		 .end = world_end);
EXPLORE_SCENARIO(bias_unmap, "two biased VMAs are revoked with one fence", .begin = begin_biased,
		 .threads = {look_at_both, look_at_first, unmap_both}, .end = world_end);

/* ---- two address spaces -------------------------------------------------- */

static struct mm_struct *other_mm;

static void begin_two_mms(void)
{
	world_begin();
	other_mm = world_mm;
	world_begin();
	world_map(0, 4, RW);
}

/* The VMA's memory comes back at the same address of another address space. */
static void unmap_here_map_in_other(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(0), 4 * PAGE_SIZE));
	explore_check(vms_mmap(other_mm, world_addr(0), 4 * PAGE_SIZE, RW,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) == world_addr(0));
}

static void is_mine(void)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(world_mm, world_addr(1));

	if (!vma)
		return;
	explore_check(atomic_load_explicit(&vma->vm_mm, memory_order_relaxed) == world_mm);
	vma_end_read(vma);
}

static void both_end(void)
{
	explore_check(!vms_mm_validate(other_mm, NULL));
	world_end();
}

EXPLORE_SCENARIO(other_mm_vma, "a VMA's memory becomes another address space's VMA",
		 .begin = begin_two_mms, .threads = {is_mine, unmap_here_map_in_other},
		 .end = both_end);
