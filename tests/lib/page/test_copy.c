/* SPDX-License-Identifier: MIT */
/*
 * test_copy.c - what parent and child share after a fork, and how they
 * separate: words differ, and all references are dropped.
 */
#include "tests/lib/page/world.h"

#include "lib/page/filemap.h"
#include "lib/sync/alloc.h"

#define A 0x7f0000000000UL

static void child_sees_the_parents_past_and_neither_sees_the_others_future(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct page *page;

	world_map_anon(mm, A, 3);
	world_write(mm, A, 1);
	world_write(mm, A + PG, 2);
	child = mm_fork(mm);
	page = page_at(mm, A);
	assert_ptr_equal(page_at(child, A), page);
	assert_int_equal(refs(page), 2);
	world_expect_counts(mm, 2, 0, 0);
	world_expect_counts(child, 2, 0, 0);

	world_write(mm, A, 10);
	assert_int_equal(refs(page), 1);
	world_write(child, A, 20);
	world_write(child, A + PG, 21);
	world_write(child, A + 2 * PG, 22);
	assert_int_equal(world_read(mm, A), 10);
	assert_int_equal(world_read(mm, A + PG), 2);
	assert_int_equal(world_read(mm, A + 2 * PG), 0);
	assert_int_equal(world_read(child, A), 20);
	/*
	 * The parent no longer used the page, so that the child could keep it.
	 */
	assert_ptr_equal(page_at(child, A), page);
	world_expect_counts(mm, 2, 0, 0);
	world_expect_counts(child, 3, 0, 0);
	mm_destroy(child);
	assert_int_equal(refs(page_at(mm, A + PG)), 1);
	world_expect_counts(mm, 2, 0, 0);
}

static void page_outlives_the_process_that_wrote_it(void **state)
{
	struct mm_struct *mm = *state, *child, *grandchild;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	grandchild = mm_fork(child);
	vma_unmap(vma_at(mm, A));
	mm_destroy(child);
	assert_int_equal(world_read(grandchild, A), 1);
	assert_int_equal(refs(page_at(grandchild, A)), 1);
	world_write(grandchild, A, 2);
	world_expect_counts(grandchild, 1, 0, 0);
	mm_destroy(grandchild);
}

static void zero_pages_and_copied_file_pages_are_shared_too(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct file *file = world_file(4 * PG, 0);

	world_map_anon(mm, A, 2);
	world_write(mm, A, 1);
	assert_int_equal(world_read(mm, A + PG), 0);
	world_map(mm, A + GIB, 4, RW_PRIVATE, file, 0);
	assert_int_equal(world_read(mm, A + GIB), 0);
	world_write(mm, A + GIB + PG, 5);
	child = mm_fork(mm);
	assert_int_equal(pte_at(child, A + PG), VMS__PTE_ZERO_PAGE & ~VMS__PTE_YOUNG);
	assert_ptr_equal(page_at(child, A + GIB), page_at(mm, A + GIB));
	world_expect_counts(child, 2, 1, 0);
	world_write(child, A + PG, 6);
	world_write(child, A + GIB + PG, 7);
	assert_int_equal(world_read(mm, A + PG), 0);
	assert_int_equal(world_read(mm, A + GIB + PG), 5);
	mm_destroy(child);
	fput(file);
}

static void only_vmas_with_pages_of_their_own_are_copied(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct file *file = world_file(4 * PG, 0), *shm = world_file(4 * PG, VMS_AS_SHMEM);

	world_map_anon(mm, A, 1);
	world_map(mm, A + GIB, 4, RW_PRIVATE, file, 0);
	world_map(mm, A + 2 * GIB, 4, RW_SHARED, shm, 0);
	assert_int_equal(world_read(mm, A), 0);
	assert_int_equal(world_read(mm, A + GIB), 0);
	world_write(mm, A + 2 * GIB, 8);
	child = mm_fork(mm);
	assert_int_equal(count(child, MM_PGTABLES), 0);
	world_expect_counts(child, 0, 0, 0);
	/* Faults map the pages again. */
	assert_int_equal(world_read(child, A + 2 * GIB), 8);
	world_write(child, A + 2 * GIB, 9);
	assert_int_equal(world_read(mm, A + 2 * GIB), 9);
	assert_true(pte_at(mm, A + 2 * GIB) & VMS__PTE_WRITE);
	mm_destroy(child);
	fput(file);
	fput(shm);
}

static void child_gets_a_table_wherever_the_parent_has_one(void **state)
{
	struct mm_struct *mm = *state, *child;

	world_map_anon(mm, A, 2 * 512UL);
	world_write(mm, A, 1);
	assert_int_equal(world_read(mm, A + MIB2), 0);
	zap(mm, A + MIB2, A + 2 * MIB2);
	child = mm_fork(mm);
	assert_int_equal(count(child, MM_PGTABLES), 4);
	mm_destroy(child);
}

static void chain_of_forks_keeps_every_generation_apart(void **state)
{
	enum { GENERATIONS = 8 };
	struct mm_struct *mm[GENERATIONS] = {*state};

	world_map_anon(mm[0], A, GENERATIONS);
	for (unsigned long g = 0; g < GENERATIONS; g++) {
		if (g > 0)
			mm[g] = mm_fork(mm[g - 1]);
		assert_non_null(mm[g]);
		world_write(mm[g], A + g * PG, 100 + g);
	}
	/*
	 * Generation g has what its ancestors wrote before it was forked, and
	 * what it wrote itself.
	 */
	for (unsigned long g = 0; g < GENERATIONS; g++)
		for (unsigned long i = 0; i < GENERATIONS; i++)
			assert_int_equal(world_read(mm[g], A + i * PG), i <= g ? 100 + i : 0);
	for (unsigned long g = 0; g < GENERATIONS; g++)
		assert_int_equal(validate(mm[g], stderr), 0);
	/* Unmap the oldest first: the others must not depend on it. */
	vma_unmap(vma_at(mm[0], A));
	for (unsigned long g = 1; g < GENERATIONS; g++) {
		if (g + 1 < GENERATIONS)
			assert_int_equal(world_read(mm[g + 1], A), 100);
		mm_destroy(mm[g]);
	}
}

static void fork_without_memory_leaves_the_parent_as_it_was(void **state)
{
	struct mm_struct *mm = *state, *child = NULL;
	struct file *file = world_file(4 * PG, 0);
	long n = 0;

	world_map_anon(mm, A, 2 * 512UL);
	world_map(mm, A + GIB, 4, RW_PRIVATE, file, 0);
	world_write(mm, A, 1);
	world_write(mm, A + MIB2, 2);
	world_write(mm, A + GIB, 3);
	while (!child) {
		n++;
		vms__alloc_fail_nth(n);
		child = mm_fork(mm);
		vms__alloc_fail_nth(0);
		if (child)
			break;
		world_expect_counts(mm, 3, 0, 0);
		assert_int_equal(refs(page_at(mm, A)), 1);
		assert_int_equal(refs(page_at(mm, A + MIB2)), 1);
		/*
		 * The failed fork may have write-protected pages, and nothing
		 * else.
		 */
		world_write(mm, A, (unsigned long)n);
	}
	assert_true(n > 10);
	assert_int_equal(world_read(child, A), (unsigned long)n - 1);
	world_expect_counts(child, 3, 0, 0);
	mm_destroy(child);
	fput(file);
}

/* Writes like a debugger. The caller must hold mmap_lock. */
static bool write_forced(struct mm_struct *mm, unsigned long addr, unsigned long word)
{
	bool written;

	mmap_read_lock(mm);
	written = vms__page_write_forced(vma_lookup(mm, addr), addr, word);
	mmap_read_unlock(mm);
	return written;
}

/*
 * A write without the right to write, after another thread undid what the fault
 * had done: it must not change a shared page.
 */
static void forced_write_leaves_shared_pages_alone(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct file *file = world_file(PG, 0);

	world_map_anon(mm, A, 2);
	world_write(mm, A, 1);
	vma_protect(vma_at(mm, A), false);
	assert_true(write_forced(mm, A, 2));
	child = mm_fork(mm);
	assert_false(write_forced(mm, A, 3));
	assert_int_equal(world_read(child, A), 2);
	mm_destroy(child);
	assert_true(write_forced(mm, A, 3));
	assert_int_equal(world_read(mm, A), 3);
	/* The zero page, an empty entry, and a file's page. */
	assert_int_equal(world_read(mm, A + PG), 0);
	assert_false(write_forced(mm, A + PG, 4));
	zap(mm, A, A + 2 * PG);
	assert_false(write_forced(mm, A, 4));
	world_map(mm, A + MIB2, 1, VM_READ | VM_MAYREAD | VM_MAYWRITE, file, 0);
	assert_int_equal(world_read(mm, A + MIB2), 0);
	assert_false(write_forced(mm, A + MIB2, 4));
	assert_int_equal(world_read(mm, A + MIB2), 0);
	fput(file);
}

/*
 * Symptom: the validator reports a line without an entry. Cause: a line of the
 * parent's leaf holds only another VMA's entry, and the fork noted it in the
 * child's leaf. That leaf must stay empty.
 */
static void child_notes_no_line_that_it_has_no_entry_in(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct file *file = world_file(PG, 0);

	world_map(mm, A, 1, RW_SHARED, file, 0);
	world_map_anon(mm, A + PG, 9);
	world_write(mm, A, 1);
	world_write(mm, A + 2 * PG, 2);
	zap(mm, A + PG, A + 3 * PG);
	child = mm_fork(mm);
	assert_int_equal(validate(child, stderr), 0);
	world_expect_counts(child, 0, 0, 0);
	mm_destroy(child);

	/* Entries at both ends of a run that begins and ends inside a line. */
	world_write(mm, A + 5 * PG, 3);
	world_write(mm, A + 9 * PG, 4);
	child = mm_fork(mm);
	zap(mm, A + PG, A + 10 * PG);
	assert_int_equal(validate(mm, stderr), 0);
	assert_int_equal(world_read(mm, A), 1);
	assert_int_equal(world_read(child, A + 5 * PG), 3);
	assert_int_equal(world_read(child, A + 9 * PG), 4);
	world_expect_counts(child, 2, 0, 0);
	mm_destroy(child);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(child_sees_the_parents_past_and_neither_sees_the_others_future),
		ON_BOTH_LOCKS(page_outlives_the_process_that_wrote_it),
		ON_BOTH_LOCKS(zero_pages_and_copied_file_pages_are_shared_too),
		ON_BOTH_LOCKS(only_vmas_with_pages_of_their_own_are_copied),
		ON_BOTH_LOCKS(child_gets_a_table_wherever_the_parent_has_one),
		ON_BOTH_LOCKS(child_notes_no_line_that_it_has_no_entry_in),
		ON_BOTH_LOCKS(chain_of_forks_keeps_every_generation_apart),
		ON_BOTH_LOCKS(fork_without_memory_leaves_the_parent_as_it_was),
		ON_BOTH_LOCKS(forced_write_leaves_shared_pages_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
