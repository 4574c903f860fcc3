/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.c - the lock in every VMA, by itself and under a fault. The readers
 * read plain fields that a writer changes, so that a missing order shows as
 * a data race, in every memory model.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include <vmastore/mm.h>
#include <vmastore/rwsem.h>

#include "lib/sync/vma_lock.h"
#include "tests/explore/scenarios/scenarios.h"
#include "tests/explore/scenarios/world.h"

static _Atomic unsigned int refcnt;
static _Atomic unsigned long lock_seq, mm_seq;
static struct rw_semaphore mmap_lock = VMS_RWSEM_INIT;
static int left, right; /* what the lock guards: equal outside of sections */

static void begin_words(void)
{
	/* No slots: every reader counts. */
	vms__vlock_init(&refcnt, &lock_seq);
	vms__vlock_attach(&refcnt);
	vms__thread_slot_plus_one = 1;
}

static void section(void) VMS_NO_TSA
{
	unsigned long seq;

	down_write(&mmap_lock);
	seq = vms__vlock_seq_begin(&mm_seq);
	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	left++;
	right++;
	vms__vlock_seq_end(&mm_seq);
	up_write(&mmap_lock);
}

static void two_sections(void)
{
	section();
	section();
}

static void read_fields(void)
{
	if (vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq) > VMS__VLOCK_MET)
		return;
	explore_check(left == right);
	vms__vlock_settle(&lock_seq, &mm_seq);
	vms__vlock_end_read(&refcnt);
}

static void read_alone(void)
{
	if (!vms__vlock_try_read_alone(&refcnt, &lock_seq))
		return;
	explore_check(left == right);
	vms__vlock_end_read(&refcnt);
}

static void nobody_counts(void)
{
	explore_check((refcnt & VMS__VLOCK_COUNT) == 1 && left == right);
}

EXPLORE_SCENARIO(stale_stamp, "two write sections between the two loads of a VMA lock's reader",
		 .begin = begin_words, .threads = {read_fields, two_sections},
		 .end = nobody_counts);
EXPLORE_SCENARIO(settle, "a reader ends a stamp while others lock the VMA", .begin = begin_words,
		 .threads = {read_fields, read_alone, two_sections}, .end = nobody_counts);

static void detach(void) VMS_NO_TSA
{
	unsigned long seq;

	down_write(&mmap_lock);
	seq = vms__vlock_seq_begin(&mm_seq);
	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	vms__vlock_detach(&refcnt);
	left++;
	right++;
	vms__vlock_seq_end(&mm_seq);
	/* The memory becomes another VMA of the same address space. */
	vms__vlock_seq_begin(&mm_seq);
	vms__vlock_init(&refcnt, &lock_seq);
	left++;
	right++;
	vms__vlock_attach(&refcnt);
	vms__vlock_seq_end(&mm_seq);
	up_write(&mmap_lock);
}

EXPLORE_SCENARIO(reborn, "a VMA is detached and its memory becomes another VMA",
		 .begin = begin_words, .threads = {read_fields, read_fields, detach},
		 .end = nobody_counts);

/* ---- the same through an address space ----------------------------------- */

static void begin_mm(void)
{
	world_begin();
	world_map(0, 4, PROT_READ | PROT_WRITE);
}

static void lock_and_look(void)
{
	unsigned long addr = world_addr(1);
	struct vm_area_struct *vma = lock_vma_under_rcu(world_mm, addr);

	if (!vma)
		return;
	explore_check(vma->vm_start <= addr && addr < vma->vm_end);
	explore_check(vma->vm_flags & VM_READ);
	vma_end_read(vma);
}

static void protect_twice(void)
{
	explore_check(!vms_mprotect(world_mm, world_addr(0), 4 * PAGE_SIZE, PROT_READ));
	explore_check(
		!vms_mprotect(world_mm, world_addr(0), 4 * PAGE_SIZE, PROT_READ | PROT_WRITE));
}

EXPLORE_SCENARIO(lock_vma, "lock_vma_under_rcu() beside two calls of mprotect()", .begin = begin_mm,
		 .threads = {lock_and_look, protect_twice}, .end = world_end);

static void map_over(void)
{
	explore_check(vms_mmap(world_mm, world_addr(0), 4 * PAGE_SIZE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0) == world_addr(0));
}

EXPLORE_SCENARIO(replace_vma, "lock_vma_under_rcu() beside a mapping that replaces the VMA",
		 .begin = begin_mm, .threads = {lock_and_look, map_over}, .end = world_end);

/* The memory of the VMA that goes is that of the VMA that comes. */
static void unmap_here_map_there(void)
{
	explore_check(!vms_munmap(world_mm, world_addr(0), 4 * PAGE_SIZE));
	world_map(100, 4, PROT_READ);
}

EXPLORE_SCENARIO(move_vma, "lock_vma_under_rcu(), and the VMA's memory becomes one elsewhere",
		 .begin = begin_mm, .threads = {lock_and_look, unmap_here_map_there},
		 .end = world_end);
