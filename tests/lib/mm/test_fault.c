/* SPDX-License-Identifier: MIT */
/*
 * test_fault.c - accesses and their results, stack growth, copy-on-write after
 * fork, and the listing.
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

static void child_sees_the_past_and_not_the_future(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	unsigned long word;

	vms_mmap(mm, 0x20000000, 2 * PG, RW, FIXED, NULL, 0);
	vms_write_word(mm, 0x20000000, 1);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	vms_write_word(mm, 0x20000000, 2);
	assert_int_equal(vms_read_word(child, 0x20000000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 1);
	vms_write_word(child, 0x20000000, 3);
	vms_read_word(mm, 0x20000000, &word);
	assert_int_equal(word, 2);
	expect_layout(child, "20000000-20002000 rw-p 20000\n");
	mmput(child);
}

static void fork_honours_dontfork_and_wipeonfork(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	unsigned long word = 9;

	vms_mmap(mm, 0x20000000, 3 * PG, RW, FIXED, NULL, 0);
	for (unsigned long i = 0; i < 3; i++)
		vms_write_word(mm, 0x20000000 + i * PG, 1 + i);
	vms_madvise(mm, 0x20001000, PG, MADV_DONTFORK);
	vms_madvise(mm, 0x20002000, PG, MADV_WIPEONFORK);
	assert_int_equal(vms_fork(mm, &child), 0);
	expect_layout(child, "20000000-20001000 rw-p 20000\n20002000-20003000 rw-p 20002\n");
	vms_read_word(child, 0x20002000, &word);
	assert_int_equal(word, 0);
	mmput(child);
}

static void shared_memory_is_shared_over_fork(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	unsigned long word = 0;

	vms_mmap(mm, 0x20000000, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	vms_write_word(child, 0x20000000, 77);
	vms_read_word(mm, 0x20000000, &word);
	assert_int_equal(word, 77);
	mmput(child);
}

static void fork_of_fork_is_independent(void **state)
{
	struct mm_struct *mm[5] = {mm_of(state)};
	unsigned long word;

	vms_mmap(mm[0], 0x20000000, PG, RW, FIXED, NULL, 0);
	for (int i = 0; i < 4; i++) {
		vms_write_word(mm[i], 0x20000000, 100 + i);
		assert_int_equal(vms_fork(mm[i], &mm[i + 1]), 0);
	}
	for (int i = 4; i > 0; i--) {
		vms_read_word(mm[i], 0x20000000, &word);
		assert_int_equal(word, 100 + (i == 4 ? 3 : i));
		mmput(mm[i]);
	}
}

static void listing_is_that_of_proc_maps(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(16, true);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vms_mmap(mm, 0x20000000, 2 * PG, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file,
		 3 * PG);
	vms_mmap(mm, 0x30000000, PG, RW, FIXED, NULL, 0);
	vms_brk(mm, 0x10001000);
	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	assert_string_equal(
		text,
		"10000000-10001000 rw-p 00000000 00:00 0                                  [heap]\n"
		"20000000-20002000 r-xp 00003000 08:01 42                                 /data\n"
		"30000000-30001000 rw-p 00000000 00:00 0 \n");
	free(text);
	fput(file);
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

static void inserted_vma_must_be_aligned_and_this_mms(void **state)
{
	struct mm_struct *mm = mm_of(state), *other = vms_mm_create("rbtree", &world_layout, NULL);
	struct vm_area_struct *vma = vm_area_alloc(mm);

	vma->vm_start = 0x20000000;
	vma->vm_end = 0x20000800;
	vm_flags_init(vma, VM_READ);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), -EINVAL);
	vma->vm_end = 0x20001000;
	mmap_write_unlock(mm);
	mmap_write_lock(other);
	assert_int_equal(insert_vm_struct(other, vma), -EINVAL);
	mmap_write_unlock(other);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
	expect_layout(mm, "20000000-20001000 r--p 20000\n");
	mmput(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(touch_answers_what_a_signal_would_say),
		ON_EVERY_ENGINE(faults_avoid_mmap_lock_where_the_engine_can),
		ON_EVERY_ENGINE(stack_grows_to_the_touch_and_keeps_its_gap),
		ON_EVERY_ENGINE(stack_stops_at_its_limit),
		ON_EVERY_ENGINE(child_sees_the_past_and_not_the_future),
		ON_EVERY_ENGINE(fork_honours_dontfork_and_wipeonfork),
		ON_EVERY_ENGINE(shared_memory_is_shared_over_fork),
		ON_EVERY_ENGINE(fork_of_fork_is_independent),
		ON_EVERY_ENGINE(listing_is_that_of_proc_maps),
		ON_EVERY_ENGINE(hooks_count_every_vma_and_may_refuse_a_split),
		ON_EVERY_ENGINE(hook_that_maps_nothing_ends_an_access),
		ON_EVERY_ENGINE(inserted_vma_must_be_aligned_and_this_mms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
