/* SPDX-License-Identifier: MIT */
/*
 * test_limits.c - RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK and
 * max_map_count: which calls are refused, and with which error.
 */
#include <errno.h>

#include <vmastore/task.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static unsigned long at(unsigned long page)
{
	return BASE + page * PG;
}

static unsigned long map(struct mm_struct *mm, unsigned long page, unsigned long pages,
			 unsigned long prot, unsigned long flags)
{
	return vms_mmap(mm, at(page), pages * PG, prot, flags | MAP_FIXED | MAP_ANONYMOUS, NULL, 0);
}

static unsigned long get(_Atomic unsigned long *counter)
{
	return atomic_load(counter);
}

/*
 * Sets a limit in pages, plus some bytes: a part of a page must count for
 * nothing.
 */
static void limit(struct mm_struct *mm, unsigned long *which, unsigned long pages,
		  struct mm_limits *limits)
{
	*which = pages * PG + (pages ? 100 : 0);
	assert_int_equal(vms_mm_set_limits(mm, limits), 0);
}

static void limit_as(struct mm_struct *mm, unsigned long pages)
{
	struct mm_limits limits = vms_mm_limits(mm);

	limit(mm, &limits.as, pages, &limits);
}

static void limit_data(struct mm_struct *mm, unsigned long pages)
{
	struct mm_limits limits = vms_mm_limits(mm);

	limit(mm, &limits.data, pages, &limits);
}

static void limit_memlock(struct mm_struct *mm, unsigned long pages)
{
	struct mm_limits limits = vms_mm_limits(mm);

	limit(mm, &limits.memlock, pages, &limits);
}

static void limits_are_few_by_default_and_inherited(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct mm_limits limits = vms_mm_limits(mm);

	assert_int_equal(limits.as, VMS_NO_LIMIT);
	assert_int_equal(limits.data, VMS_NO_LIMIT);
	assert_int_equal(limits.data_max, VMS_NO_LIMIT);
	assert_int_equal(limits.memlock, VMS_NO_LIMIT);
	assert_int_equal(limits.stack, 8UL << 20);
	assert_int_equal(limits.max_map_count, 65530);

	limits.as = 12345;
	limits.max_map_count = 7;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(vms_mm_limits(child).as, 12345);
	assert_int_equal(vms_mm_limits(child).max_map_count, 7);
	mmput(child);

	limits.data_max = 5;
	assert_int_equal(vms_mm_set_limits(mm, &limits), -EINVAL);
	limits.data = 5;
	limits.max_map_count = -1;
	assert_int_equal(vms_mm_set_limits(mm, &limits), -EINVAL);
	assert_int_equal(vms_mm_limits(mm).data_max, VMS_NO_LIMIT);
}

/* ---- RLIMIT_AS ---- */

static void mmap_is_charged_what_it_adds(void **state)
{
	struct mm_struct *mm = mm_of(state);

	limit_as(mm, 4);
	assert_int_equal(map(mm, 0, 5, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(mm, 0, 4, PROT_NONE, MAP_PRIVATE), at(0));
	assert_int_equal(map(mm, 8, 1, RW, MAP_SHARED), -ENOMEM);
	assert_int_equal(map(mm, 1, 2, RW, MAP_PRIVATE), at(1)); /* replaces as many pages */
	assert_int_equal(map(mm, 3, 2, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(get(&mm->total_vm), 4);
	/* A limit below the present size takes nothing away. */
	limit_as(mm, 1);
	assert_int_equal(vms_munmap(mm, at(0), PG), 0);
	assert_int_equal(map(mm, 0, 1, RW, MAP_PRIVATE), -ENOMEM);
}

static void mremap_is_charged_what_it_adds(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, PROT_NONE, MAP_PRIVATE);
	map(mm, 16, 2, PROT_READ, MAP_PRIVATE);
	limit_as(mm, 5);
	assert_int_equal(vms_mremap(mm, at(0), 2 * PG, 4 * PG, MREMAP_MAYMOVE, 0), -ENOMEM);
	/*
	 * Pages at the target are not credited, because they are unmapped
	 * later.
	 */
	assert_int_equal(vms_mremap(mm, at(0), 2 * PG, 4 * PG, MOVE, at(16)), -ENOMEM);
	expect_layout(mm, "20000000-20002000 ---p 20000\n20010000-20012000 r--p 20010\n");
	assert_int_equal(vms_mremap(mm, at(0), 2 * PG, 3 * PG, 0, 0), at(0));
	/*
	 * A move adds nothing, unless the source stays; then pages at the
	 * target are credited.
	 */
	assert_int_equal(vms_mremap(mm, at(0), 3 * PG, 3 * PG, MOVE, at(32)), at(32));
	assert_int_equal(vms_mremap(mm, at(32), 2 * PG, 2 * PG, MOVE | MREMAP_DONTUNMAP, at(0)),
			 -ENOMEM);
	assert_int_equal(vms_mremap(mm, at(32), 2 * PG, 2 * PG, MOVE | MREMAP_DONTUNMAP, at(16)),
			 at(16));
	assert_int_equal(get(&mm->total_vm), 5);
}

static void brk_and_stacks_stay_within_the_address_space(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 1, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	limit_as(mm, 3);
	assert_int_equal(vms_fault(mm, at(0) - 3 * PG, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_fault(mm, at(0) - PG, 0), VMS_FAULT_OK);
	assert_int_equal(vms_brk(mm, 0x10002000), 0x10000000);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10001000);
	assert_int_equal(vms_brk(mm, 0x10001800), 0x10001000);
	assert_int_equal(get(&mm->total_vm), 3);
}

/* ---- RLIMIT_DATA ---- */

static void only_private_writable_memory_is_data(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	limit_data(mm, 4);
	assert_int_equal(map(mm, 0, 5, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(mm, 0, 5, RW, MAP_PRIVATE | MAP_NORESERVE), -ENOMEM);
	assert_int_equal(map(mm, 0, 5, PROT_READ, MAP_PRIVATE), at(0));
	assert_int_equal(map(mm, 16, 5, RW, MAP_SHARED), at(16));
	assert_int_equal(map(mm, 32, 5, RW, MAP_PRIVATE | MAP_GROWSDOWN), at(32));
	assert_int_equal(vms_mmap(mm, at(48), 5 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0),
			 -ENOMEM);
	assert_int_equal(vms_mmap(mm, at(48), 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0),
			 at(48));
	assert_int_equal(get(&mm->data_vm), 4);
	assert_int_equal(vms_mremap(mm, at(48), 4 * PG, 5 * PG, 0, 0), -ENOMEM);
	assert_int_equal(vms_mremap(mm, at(0), 5 * PG, 6 * PG, 0, 0), at(0));
	fput(file);
}

static void memory_that_becomes_data_is_charged(void **state)
{
	struct mm_struct *mm = mm_of(state);

	limit_data(mm, 4);
	map(mm, 0, 5, PROT_READ, MAP_PRIVATE);
	assert_int_equal(vms_mprotect(mm, at(0), 5 * PG, RW), -ENOMEM);
	assert_int_equal(vms_mprotect(mm, at(0), 4 * PG, RW), 0);
	assert_int_equal(vms_mprotect(mm, at(4), PG, PROT_WRITE), -ENOMEM);
	/*
	 * Pages that are data already may change; the call fails at the first
	 * page that would become data.
	 */
	assert_int_equal(vms_mprotect(mm, at(0), 5 * PG, RW | PROT_EXEC), -ENOMEM);
	expect_layout(mm, "20000000-20004000 rwxp 20000\n20004000-20005000 r--p 20004\n");
	assert_int_equal(vms_mprotect(mm, at(0), PG, PROT_NONE), 0);
	assert_int_equal(vms_mprotect(mm, at(4), PG, RW), 0);
	assert_int_equal(get(&mm->data_vm), 4);
	/* Shared memory is not data. */
	map(mm, 16, 4, PROT_READ, MAP_SHARED);
	assert_int_equal(vms_mprotect(mm, at(16), 4 * PG, RW), 0);
}

static void the_break_is_measured_from_its_start(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);

	vms_brk(mm, 0x10008000);
	limits.data = 4 * PG + 10;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	/*
	 * The call fails even if it shrinks, as long as the result exceeds the
	 * limit.
	 */
	assert_int_equal(vms_brk(mm, 0x10006000), 0x10008000);
	assert_int_equal(vms_brk(mm, 0x1000400b), 0x10008000);
	assert_int_equal(vms_brk(mm, 0x1000400a), 0x1000400a);
	/* Five pages are mapped, and the limit allows four. */
	assert_int_equal(map(mm, 0, 1, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(vms_brk(mm, 0x10003000), 0x10003000);
	assert_int_equal(map(mm, 0, 1, RW, MAP_PRIVATE), at(0));
	assert_int_equal(vms_brk(mm, 0x10004000), 0x10003000);
}

/* For programs that use mmap() and no break. */
static void a_soft_limit_of_nothing_leaves_mmap_to_the_hard_one(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);

	limits.data = 0;
	limits.data_max = 2 * PG;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(map(mm, 0, 3, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(mm, 0, 2, RW, MAP_PRIVATE), at(0));
	assert_int_equal(vms_brk(mm, 0x10000001), 0x10000000);
	limits.data_max = 0;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(map(mm, 8, 1, RW, MAP_PRIVATE), -ENOMEM);
	assert_int_equal(map(mm, 8, 1, PROT_READ, MAP_PRIVATE), at(8));
	assert_int_equal(vms_mprotect(mm, at(8), PG, RW), -ENOMEM);
}

/* ---- RLIMIT_MEMLOCK ---- */

static void mlock_counts_what_is_not_locked_yet(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 8, RW, MAP_PRIVATE);
	limit_memlock(mm, 4);
	assert_int_equal(vms_mlock(mm, at(0), 5 * PG), -ENOMEM);
	assert_int_equal(get(&mm->locked_vm), 0);
	assert_int_equal(vms_mlock(mm, at(0), 3 * PG), 0);
	assert_int_equal(vms_mlock(mm, at(1), 3 * PG), 0);
	assert_int_equal(vms_mlock(mm, at(0), 4 * PG), 0);
	assert_int_equal(vms_mlock(mm, at(1), 4 * PG), -ENOMEM);
	assert_int_equal(vms_mlock2(mm, at(7), PG, MLOCK_ONFAULT), -ENOMEM);
	assert_int_equal(vms_munlock(mm, at(0), PG), 0);
	assert_int_equal(vms_mlock2(mm, at(7), PG, MLOCK_ONFAULT), 0);
	assert_int_equal(get(&mm->locked_vm), 4);
	/* Holes count too: the length that was asked for is compared. */
	vms_munlockall(mm);
	vms_munmap(mm, at(2), 4 * PG);
	assert_int_equal(vms_mlock(mm, at(0), 8 * PG), -ENOMEM);
	assert_int_equal(get(&mm->locked_vm), 0);
	/* A lowered limit refuses even memory that is locked already. */
	vms_mlock(mm, at(0), 2 * PG);
	limit_memlock(mm, 1);
	assert_int_equal(vms_mlock(mm, at(0), PG), -ENOMEM);
	assert_int_equal(vms_mlock(mm, at(0), 0), -ENOMEM);
	assert_int_equal(vms_mlock(mm, at(0), -PG), -ENOMEM);
	assert_int_equal(vms_munlock(mm, at(0), PG), 0);
	assert_int_equal(vms_mlock(mm, at(1), PG), 0);
}

static void mappings_to_be_locked_say_again(void **state)
{
	struct mm_struct *mm = mm_of(state);

	limit_memlock(mm, 4);
	assert_int_equal(map(mm, 0, 5, RW, MAP_PRIVATE | MAP_LOCKED), -EAGAIN);
	assert_int_equal(map(mm, 0, 3, RW, MAP_PRIVATE | MAP_LOCKED), at(0));
	/* Pages that are about to be replaced are not credited. */
	assert_int_equal(map(mm, 0, 3, RW, MAP_PRIVATE | MAP_LOCKED), -EAGAIN);
	assert_int_equal(vms_mremap(mm, at(0), 3 * PG, 5 * PG, MREMAP_MAYMOVE, 0), -EAGAIN);
	assert_int_equal(vms_mremap(mm, at(0), 3 * PG, 4 * PG, 0, 0), at(0));
	assert_int_equal(vms_mremap(mm, at(0), 4 * PG, 4 * PG, MOVE, at(16)), at(16));
	assert_int_equal(vms_mlockall(mm, MCL_FUTURE), 0);
	assert_int_equal(map(mm, 8, 1, PROT_NONE, MAP_PRIVATE), -EAGAIN);
	assert_int_equal(map(mm, 8, 1, RW, MAP_DROPPABLE), -EAGAIN);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10000000);
	vms_munmap(mm, at(16), PG);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10001000);
	assert_int_equal(get(&mm->locked_vm), 4);
}

static void a_locked_stack_grows_within_the_limit(void **state)
{
	struct mm_struct *mm = mm_of(state);

	limit_memlock(mm, 4);
	map(mm, 0, 1, RW, MAP_PRIVATE | MAP_GROWSDOWN | MAP_LOCKED);
	assert_int_equal(vms_fault(mm, at(0) - 4 * PG, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_fault(mm, at(0) - 3 * PG, 0), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, at(0) - 4 * PG, 0), VMS_SEGV_MAPERR);
}

static void a_limit_of_nothing_forbids_locking(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);

	map(mm, 0, 2, RW, MAP_PRIVATE);
	vms_mlock(mm, at(0), PG);
	limits.memlock = 0;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_mlock(mm, at(0), PG), -EPERM);
	assert_int_equal(vms_mlock(mm, at(0), 0), -EPERM);
	assert_int_equal(vms_mlock(mm, at(0), -PG), -EPERM);
	assert_int_equal(vms_mlock(mm, at(16), PG), -EPERM);
	assert_int_equal(vms_mlock2(mm, at(0), PG, 4), -EINVAL);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), -EPERM);
	assert_int_equal(vms_mlockall(mm, MCL_FUTURE), -EPERM);
	assert_int_equal(vms_mlockall(mm, 0), -EINVAL);
	assert_int_equal(map(mm, 0, 1, RW, MAP_PRIVATE | MAP_LOCKED), -EPERM);
	/*
	 * The address is checked before the right to lock, the kind of mapping
	 * after it.
	 */
	assert_int_equal(map(mm, 0, 0, RW, MAP_PRIVATE | MAP_LOCKED), -EINVAL);
	assert_int_equal(vms_mmap(mm, at(0) + 1, PG, RW, FIXED | MAP_LOCKED, NULL, 0), -EINVAL);
	assert_int_equal(vms_mmap(mm, at(0), PG, RW, ANON | MAP_FIXED_NOREPLACE | MAP_LOCKED, NULL,
				  0),
			 -EEXIST);
	assert_int_equal(map(mm, 0, 1, RW, MAP_LOCKED), -EPERM);
	assert_int_equal(vms_munlock(mm, at(0), PG), 0);
	assert_int_equal(vms_munlockall(mm), 0);
	/* A limit below one page still counts as a limit above 0. */
	limits.memlock = PG - 1;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_mlock(mm, at(0), PG), -ENOMEM);
	assert_int_equal(map(mm, 0, 1, RW, MAP_PRIVATE | MAP_LOCKED), -EAGAIN);
}

static void lockall_counts_all_that_is_mapped(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 5, PROT_NONE, MAP_PRIVATE);
	limit_memlock(mm, 4);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), -ENOMEM);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), -ENOMEM);
	assert_int_equal(mm->def_flags, 0);
	assert_int_equal(vms_mlockall(mm, MCL_FUTURE), 0);
	limit_memlock(mm, 5);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(get(&mm->locked_vm), 5);
}

/* ---- order, and the stack's own limit ---- */

static void the_first_reason_is_told(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *ro = world_file(8, false);

	map(mm, 0, 2, RW, MAP_PRIVATE | MAP_LOCKED);
	limit_memlock(mm, 2);
	limit_as(mm, 2);
	/* The limit on locked memory is checked before the limit on size. */
	assert_int_equal(vms_mremap(mm, at(0), PG, 4 * PG, MREMAP_MAYMOVE, 0), -EAGAIN);
	assert_int_equal(map(mm, 8, 1, RW, MAP_PRIVATE | MAP_LOCKED), -EAGAIN);
	/* The file's mode and a seal are checked before the limit on size. */
	assert_int_equal(vms_mmap(mm, at(8), PG, RW, MAP_SHARED | MAP_FIXED, ro, 0), -EACCES);
	assert_int_equal(vms_mmap(mm, at(8), PG, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0),
			 -ENOMEM);
	vms_mseal(mm, at(0), PG, 0);
	assert_int_equal(map(mm, 0, 4, RW, MAP_PRIVATE), -EPERM);
	assert_int_equal(vms_mremap(mm, at(0), PG, 4 * PG, MREMAP_MAYMOVE, 0), -EPERM);
	assert_int_equal(map(mm, 1, 4, RW, MAP_PRIVATE), -ENOMEM);
	fput(ro);
}

static void a_stack_grows_to_its_limit_and_no_further(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);

	map(mm, 0, 1, RW, MAP_PRIVATE | MAP_GROWSDOWN);
	limits.stack = 4 * PG;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_fault(mm, at(0) - 4 * PG, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_fault(mm, at(0) - 3 * PG, 0), VMS_FAULT_OK);
	limits.stack = 5 * PG - 1;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	assert_int_equal(vms_fault(mm, at(0) - 4 * PG, 0), VMS_SEGV_MAPERR);
	expect_layout(mm, "1fffd000-20001000 rw-p 1fffd\n");
}

/* ---- max_map_count ---- */

static void the_limit_of_vmas_refuses_what_makes_one(void **state)
{
	struct mm_struct *mm = mm_of(state);

	for (unsigned long i = 0; i < 4; i++)
		map(mm, i * 16, 4, RW, MAP_PRIVATE);
	limit_map_count(mm, 4);
	/* Splits are refused at the limit, new mappings above it. */
	assert_int_equal(vms_mlock(mm, at(1), PG), -ENOMEM);
	assert_int_equal(vms_mseal(mm, at(1), PG, 0), -ENOMEM);
	assert_int_equal(vms_madvise(mm, at(1), PG, MADV_DONTFORK), -EAGAIN);
	assert_int_equal(vms_mprotect(mm, at(1), PG, PROT_READ), -ENOMEM);
	assert_int_equal(vms_munmap(mm, at(1), PG), -ENOMEM);
	assert_int_equal(vms_mremap(mm, at(0), PG, PG, MOVE, at(8)), -ENOMEM);
	assert_int_equal(get(&mm->locked_vm), 0);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10001000);
	assert_int_equal(vms_brk(mm, 0x10002000), 0x10001000);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON, NULL, 0), -ENOMEM);
	/* A call on whole VMAs needs no further VMA. */
	assert_int_equal(vms_mlock(mm, at(0), 4 * PG), 0);
	assert_int_equal(vms_mseal(mm, at(16), 4 * PG, 0), 0);
	assert_int_equal(atomic_load(&mm->map_count), 5);
}

/* The limits belong to the process and the machine. */
static void limits_outlive_exec(void **state)
{
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, NULL, NULL);
	struct mm_limits limits = vms_mm_limits(mm);
	struct task *task;

	limits.as = 1UL << 20;
	limits.max_map_count = 5;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	task = vms_task_create(mm);
	assert_int_equal(vms_task_exec(task, NULL), 0);
	limits = vms_mm_limits(task->mm);
	assert_int_equal(limits.as, 1UL << 20);
	assert_int_equal(limits.max_map_count, 5);
	exit_mm(task);
	context_switch(task, NULL);
	vms_task_free(task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(limits_are_few_by_default_and_inherited),
		ON_EVERY_ENGINE(mmap_is_charged_what_it_adds),
		ON_EVERY_ENGINE(mremap_is_charged_what_it_adds),
		ON_EVERY_ENGINE(brk_and_stacks_stay_within_the_address_space),
		ON_EVERY_ENGINE(only_private_writable_memory_is_data),
		ON_EVERY_ENGINE(memory_that_becomes_data_is_charged),
		ON_EVERY_ENGINE(the_break_is_measured_from_its_start),
		ON_EVERY_ENGINE(a_soft_limit_of_nothing_leaves_mmap_to_the_hard_one),
		ON_EVERY_ENGINE(mlock_counts_what_is_not_locked_yet),
		ON_EVERY_ENGINE(mappings_to_be_locked_say_again),
		ON_EVERY_ENGINE(a_locked_stack_grows_within_the_limit),
		ON_EVERY_ENGINE(a_limit_of_nothing_forbids_locking),
		ON_EVERY_ENGINE(lockall_counts_all_that_is_mapped),
		ON_EVERY_ENGINE(the_first_reason_is_told),
		ON_EVERY_ENGINE(a_stack_grows_to_its_limit_and_no_further),
		ON_EVERY_ENGINE(the_limit_of_vmas_refuses_what_makes_one),
		ON_EVERY_ENGINE(limits_outlive_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
