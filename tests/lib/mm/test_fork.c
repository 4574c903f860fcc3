/* SPDX-License-Identifier: MIT */
/*
 * test_fork.c - what a child inherits from its parent: copies of private
 * memory, shared memory itself, and nothing that the parent keeps from it.
 * test_task.c tests which tasks use an address space, and for how long.
 */
#include <vmastore/page.h>

#include "tests/lib/mm/world.h"

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
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

static struct page *the_page;
static int nr_mkwrite;

static vm_fault_t give_page(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(the_page);
	return 0;
}

static vm_fault_t count_mkwrite(struct vm_fault *vmf)
{
	(void)vmf;
	nr_mkwrite++;
	return 0;
}

/*
 * Symptom: a write to shared memory faults again after a fork. Cause: the fork
 * write-protected it. A fork copies the page tables of a mapping with guard
 * pages, but shared pages are never copied on write.
 */
static void a_fork_leaves_shared_pages_writable(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_page,
							.page_mkwrite = count_mkwrite};
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = world_file(8, true);
	unsigned long addr;

	nr_mkwrite = 0;
	file->f_vm_ops = &ops;
	the_page = vms_page_alloc(7);
	addr = vms_mmap(mm, 0, 4 * PG, RW, MAP_SHARED, file, 0);
	vms_write_word(mm, addr, 1);
	assert_int_equal(vms_madvise(mm, addr + 2 * PG, PG, MADV_GUARD_INSTALL), 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	vms_write_word(mm, addr, 2);
	vms_write_word(child, addr, 3);
	assert_int_equal(nr_mkwrite, 1);
	mmput(child);
	vms_munmap(mm, addr, 4 * PG);
	fput(file);
	vms_page_put(the_page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(child_sees_the_past_and_not_the_future),
		ON_EVERY_ENGINE(fork_honours_dontfork_and_wipeonfork),
		ON_EVERY_ENGINE(shared_memory_is_shared_over_fork),
		ON_EVERY_ENGINE(fork_of_fork_is_independent),
		ON_EVERY_ENGINE(a_fork_leaves_shared_pages_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
