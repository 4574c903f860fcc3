/* SPDX-License-Identifier: MIT */
/*
 * test_fault.c - touches and their results, stack growth, and the hooks that a
 * touch may meet.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void touch_answers_what_a_signal_would_say(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(1, true);

	vms_mmap(mm, 0x20000000, PG, PROT_READ, FIXED, NULL, 0);
	vms_mmap(mm, 0x20002000, PG, PROT_NONE, FIXED, NULL, 0);
	vms_mmap(mm, 0x20004000, 2 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_fault(mm, 0x20000123, 0), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, 0x20000123, FAULT_FLAG_WRITE), VMS_SEGV_ACCERR);
	assert_int_equal(vms_fault(mm, 0x20000123, FAULT_FLAG_INSTRUCTION), VMS_SEGV_ACCERR);
	assert_int_equal(vms_fault(mm, 0x20001000, 0), VMS_SEGV_MAPERR);
	assert_int_equal(vms_fault(mm, 0x20002000, 0), VMS_SEGV_ACCERR);
	assert_int_equal(vms_fault(mm, 0x20004000, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, 0x20005000, 0), VMS_SIGBUS);
	assert_int_equal(vms_fault(mm, ~0UL, 0), VMS_SEGV_MAPERR);
	fput(file);
}

static void faults_avoid_mmap_lock_where_the_engine_can(void **state)
{
	struct world *w = *state;

	vms_mmap(w->mm, 0x20000000, 100 * PG, RW, FIXED, NULL, 0);
	for (unsigned long i = 0; i < 100; i++)
		vms_fault(w->mm, 0x20000000 + i * PG, FAULT_FLAG_WRITE);
	/*
	 * The first fault makes the anon_vma. It takes mmap_lock for that,
	 * because the lock is free, and still counts as a fault under the VMA's
	 * lock.
	 */
	assert_int_equal(vms_mm_counter(w->mm, VMS_FAULTS_MMAP),
			 strcmp(w->engine, "maple-vma") == 0 ? 0 : 100);
	assert_int_equal(vms_mm_counter(w->mm, VMS_FAULTS_VMA),
			 strcmp(w->engine, "maple-vma") == 0 ? 100 : 0);
	assert_int_equal(vms_mm_counter(w->mm, MM_ANONPAGES), 100);
}

static void stack_grows_to_the_touch_and_keeps_its_gap(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, 0x30000000, 2 * PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	vms_mmap(mm, 0x2fe00000, PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_fault(mm, 0x2fff0123, 0), VMS_FAULT_OK);
	expect_layout(mm, "2fe00000-2fe01000 rw-p 2fe00\n2fff0000-30002000 rw-p 2fff0\n");
	assert_int_equal(vms_fault(mm, 0x2fe01000 + 256 * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, 0x2fe01000 + 255 * PG, FAULT_FLAG_WRITE), VMS_SEGV_MAPERR);
	expect_layout(mm, "2fe00000-2fe01000 rw-p 2fe00\n2ff01000-30002000 rw-p 2ff01\n");
}

static void stack_stops_at_its_limit(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, 0x30000000 - PG, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	assert_int_equal(vms_fault(mm, 0x30000000 - (8UL << 20), 0), VMS_FAULT_OK);
	assert_int_equal(vms_fault(mm, 0x30000000 - (8UL << 20) - 1, 0), VMS_SEGV_MAPERR);
}

static int opened, closed;

static void count_open(struct vm_area_struct *vma)
{
	(void)vma;
	opened++;
}

static void count_close(struct vm_area_struct *vma)
{
	(void)vma;
	closed++;
}

static int refuse_split(struct vm_area_struct *vma, unsigned long addr)
{
	(void)vma;
	return (addr >> PAGE_SHIFT) & 1 ? -EINVAL : 0;
}

static const struct vm_operations_struct counting_ops = {
	.open = count_open, .close = count_close, .may_split = refuse_split};

static void hooks_count_every_vma_and_may_refuse_a_split(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = world_file(16, true);

	opened = closed = 0;
	file->f_vm_ops = &counting_ops;
	vms_mmap(mm, 0x20000000, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_munmap(mm, 0x20001000, PG), -EINVAL);
	assert_int_equal(vms_munmap(mm, 0x20002000, PG * 2), 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	mmput(child);
	vms_munmap(mm, 0x20000000, 4 * PG);
	assert_int_equal(opened, 2); /* split and fork; mmap itself does not call it */
	assert_int_equal(closed, 3);
	fput(file);
}

static vm_fault_t map_nothing(struct vm_fault *vmf)
{
	(void)vmf;
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct empty_ops = {.fault = map_nothing};

static void hook_that_maps_nothing_ends_an_access(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(4, true);
	unsigned long word;

	file->f_vm_ops = &empty_ops;
	vms_mmap(mm, 0x20000000, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(vms_fault(mm, 0x20000000, 0), VMS_SIGBUS);
	assert_int_equal(vms_read_word(mm, 0x20000000, &word), VMS_SIGBUS);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(touch_answers_what_a_signal_would_say),
		ON_EVERY_ENGINE(faults_avoid_mmap_lock_where_the_engine_can),
		ON_EVERY_ENGINE(stack_grows_to_the_touch_and_keeps_its_gap),
		ON_EVERY_ENGINE(stack_stops_at_its_limit),
		ON_EVERY_ENGINE(hooks_count_every_vma_and_may_refuse_a_split),
		ON_EVERY_ENGINE(hook_that_maps_nothing_ends_an_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
