/* SPDX-License-Identifier: MIT */
/*
 * test_mprotect.c - mprotect, madvise and brk: what splits, what merges, and
 * what is applied before an error.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void map_fixed(void **state, unsigned long addr, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm_of(state), addr, pages * PG, prot, FIXED, NULL, 0), addr);
}

static void protect_middle_splits_in_three_and_back(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x20000000, 5, RW);
	assert_int_equal(vms_mprotect(mm, 0x20001000, 3 * PG, PROT_READ), 0);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20004000 r--p "
			  "20001\n20004000-20005000 rw-p 20004\n");
	assert_int_equal(vms_mprotect(mm, 0x20001000, 3 * PG, RW), 0);
	expect_layout(mm, "20000000-20005000 rw-p 20000\n");
}

static void protect_part_moves_the_border(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x20000000, 4, RW);
	map_fixed(state, 0x20004000, 4, PROT_READ);
	/*
	 * The last pages of the first VMA join the second one; then the first
	 * pages of the second VMA join the first.
	 */
	assert_int_equal(vms_mprotect(mm, 0x20002000, 2 * PG, PROT_READ), 0);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n20002000-20008000 r--p 20002\n");
	assert_int_equal(vms_mprotect(mm, 0x20002000, 4 * PG, RW), 0);
	expect_layout(mm, "20000000-20006000 rw-p 20000\n20006000-20008000 r--p 20006\n");
}

static void protect_over_many_vmas_merges_them(void **state)
{
	struct mm_struct *mm = mm_of(state);

	for (unsigned long i = 0; i < 8; i++)
		map_fixed(state, 0x20000000 + i * PG, 1, i & 1 ? RW : PROT_READ);
	assert_int_equal(vms_mprotect(mm, 0x20000000, 8 * PG, PROT_NONE), 0);
	expect_layout(mm, "20000000-20008000 ---p 20000\n");
}

static void protect_applies_the_prefix_before_a_hole(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x20000000, 2, RW);
	map_fixed(state, 0x20003000, 1, RW);
	assert_int_equal(vms_mprotect(mm, 0x20001000, 3 * PG, PROT_READ), -ENOMEM);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 r--p "
			  "20001\n20003000-20004000 rw-p 20003\n");
	assert_int_equal(vms_mprotect(mm, 0x20000001, PG, PROT_READ), -EINVAL);
	assert_int_equal(vms_mprotect(mm, 0x20000000, 0, PROT_READ), 0);
	assert_int_equal(vms_mprotect(mm, 0x20000000, PG, PROT_READ | PROT_GROWSDOWN), -EINVAL);
}

static void faulted_memory_keeps_its_account_when_write_protected(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x20000000, 1, RW);
	vms_fault(mm, 0x20000000, FAULT_FLAG_WRITE);
	vms_mprotect(mm, 0x20000000, PG, PROT_READ);
	map_fixed(state, 0x20001000, 1, PROT_READ);
	/*
	 * A page that was never written loses its account, and so merges with
	 * the read-only page next to it.
	 */
	map_fixed(state, 0x20002000, 1, RW);
	vms_mprotect(mm, 0x20002000, PG, PROT_READ);
	expect_layout(mm, "20000000-20001000 r--p 20000\n20001000-20003000 r--p 20001\n");
}

static void protecting_takes_the_right_from_present_pages(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 0;

	map_fixed(state, 0x20000000, 1, RW);
	assert_int_equal(vms_write_word(mm, 0x20000000, 42), VMS_FAULT_OK);
	vms_mprotect(mm, 0x20000000, PG, PROT_READ);
	assert_int_equal(vms_write_word(mm, 0x20000000, 43), VMS_SEGV_ACCERR);
	assert_int_equal(vms_read_word(mm, 0x20000000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 42);
	vms_mprotect(mm, 0x20000000, PG, PROT_NONE);
	assert_int_equal(vms_read_word(mm, 0x20000000, &word), VMS_SEGV_ACCERR);
	vms_mprotect(mm, 0x20000000, PG, RW);
	assert_int_equal(vms_write_word(mm, 0x20000000, 44), VMS_FAULT_OK);
}

static void advice_that_changes_flags_splits(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x20000000, 3, RW);
	assert_int_equal(vms_madvise(mm, 0x20001000, PG, MADV_DONTFORK), 0);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p "
			  "20001\n20002000-20003000 rw-p 20002\n");
	assert_int_equal(vms_madvise(mm, 0x20001000, PG, MADV_DOFORK), 0);
	expect_layout(mm, "20000000-20003000 rw-p 20000\n");
	assert_int_equal(vms_madvise(mm, 0x20000000, 8 * PG, MADV_NOHUGEPAGE), -ENOMEM);
	assert_int_equal(vms_madvise(mm, 0x20000000, PG, 77), -EINVAL);
}

static void dontneed_drops_the_contents(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 1;

	map_fixed(state, 0x20000000, 4, RW);
	for (unsigned long i = 0; i < 4; i++)
		vms_write_word(mm, 0x20000000 + i * PG, 5);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	assert_int_equal(vms_madvise(mm, 0x20001000, 2 * PG, MADV_DONTNEED), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(vms_read_word(mm, 0x20001000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(vms_read_word(mm, 0x20003000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 5);
}

/* Writes to pages @first to @last of @base, one by one, their numbers. */
static void write_numbers(struct mm_struct *mm, unsigned long base, unsigned long first,
			  unsigned long last)
{
	for (unsigned long i = first; i <= last; i++)
		assert_int_equal(vms_write_word(mm, base + i * PG, i), VMS_FAULT_OK);
}

static void expect_numbers(struct mm_struct *mm, unsigned long base, unsigned long first,
			   unsigned long last)
{
	unsigned long word = 0;

	for (unsigned long i = first; i <= last; i++) {
		assert_int_equal(vms_read_word(mm, base + i * PG, &word), VMS_FAULT_OK);
		assert_int_equal(word, i);
	}
}

/*
 * Symptom: unmapping an end of a VMA drops other pages. Only the pages of the
 * end may be dropped. The same range mapped again joins the rest, and is empty.
 */
static void unmapping_an_end_keeps_the_rest(void **state)
{
	/* The second base lies across a border of page tables. */
	static const unsigned long bases[] = {0x20000000, 0x201fc000};
	struct mm_struct *mm = mm_of(state);

	for (unsigned int n = 0; n < 2; n++) {
		unsigned long base = bases[n], word = 1;
		long tables;

		map_fixed(state, base, 8, RW);
		write_numbers(mm, base, 0, 7);
		tables = vms_mm_counter(mm, MM_PGTABLES);
		assert_int_equal(vms_munmap(mm, base - PG, 5 * PG), 0);
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
		assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), tables - (n == 1));
		assert_int_equal(vms_munmap(mm, base + 6 * PG, 5 * PG), 0);
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
		assert_int_equal(vms_read_word(mm, base + 3 * PG, &word), VMS_SEGV_MAPERR);
		assert_int_equal(vms_read_word(mm, base + 6 * PG, &word), VMS_SEGV_MAPERR);
		expect_numbers(mm, base, 4, 5);
		map_fixed(state, base, 4, RW);
		map_fixed(state, base + 6 * PG, 2, RW);
		expect_numbers(mm, base, 4, 5);
		assert_int_equal(vms_read_word(mm, base + 7 * PG, &word), VMS_FAULT_OK);
		assert_int_equal(word, 0);
		expect_layout(mm, n ? "201fc000-20204000 rw-p 201fc\n"
				    : "20000000-20008000 rw-p 20000\n");
		assert_int_equal(vms_munmap(mm, base, 8 * PG), 0);
		assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	}
}

static void unmapping_an_end_of_a_file_keeps_its_offsets(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(16, true);

	assert_int_equal(vms_mmap(mm, 0x20000000, 8 * PG, RW, MAP_SHARED | MAP_FIXED, file, 4 * PG),
			 0x20000000);
	write_numbers(mm, 0x20000000, 0, 7);
	assert_int_equal(vms_munmap(mm, 0x20000000, 3 * PG), 0);
	assert_int_equal(vms_munmap(mm, 0x20006000, 2 * PG), 0);
	expect_layout(mm, "20003000-20006000 rw-s 7\n");
	expect_numbers(mm, 0x20000000, 3, 5);
	/*
	 * The reverse map must agree: pages 7 to 9 of the file are mapped, page
	 * 10 is not.
	 */
	vms_file_truncate(file->f_mapping, 9 * PG);
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 2);
	vms_munmap(mm, 0x20003000, 3 * PG);
	fput(file);
}

static void unmapping_an_end_gives_back_what_it_counted(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, 0x30000000, 6 * PG, RW, FIXED | MAP_LOCKED, NULL, 0);
	assert_int_equal(mm->locked_vm, 6);
	assert_int_equal(vms_munmap(mm, 0x30000000, 2 * PG), 0);
	assert_int_equal(vms_munmap(mm, 0x30004000, 2 * PG), 0);
	assert_int_equal(mm->locked_vm, 2);
	assert_int_equal(mm->total_vm, 2);
	assert_int_equal(mm->data_vm, 2);
	assert_int_equal(mm->map_count, 1);
}

static void break_grows_one_vma_and_shrinks(void **state)
{
	struct mm_struct *mm = mm_of(state);

	assert_int_equal(vms_brk(mm, 0), 0x10000000);
	assert_int_equal(vms_brk(mm, 0x10000800), 0x10000800);
	assert_int_equal(vms_brk(mm, 0x10003000), 0x10003000);
	expect_layout(mm, "10000000-10003000 rw-p 10000\n");
	assert_int_equal(vms_brk(mm, 0x10001001), 0x10001001);
	expect_layout(mm, "10000000-10002000 rw-p 10000\n");
	assert_int_equal(vms_brk(mm, 0x0fffffff), 0x10001001);
	assert_int_equal(vms_brk(mm, 0x10000000), 0x10000000);
	expect_layout(mm, "");
}

static void break_needs_a_free_page_above(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map_fixed(state, 0x10003000, 1, RW);
	assert_int_equal(vms_brk(mm, 0x10003000), 0x10000000);
	assert_int_equal(vms_brk(mm, 0x10002000), 0x10002000);
	expect_layout(mm, "10000000-10002000 rw-p 10000\n10003000-10004000 rw-p 10003\n");
	/* The break does not shrink over a range where nothing is mapped. */
	vms_munmap(mm, 0x10000000, 2 * PG);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10002000);
}

/*
 * A break in the last page of all addresses: its end plus the free page that
 * must follow wraps to 0.
 */
static void break_beyond_the_end_is_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	assert_int_equal(vms_brk(mm, 0x10001000), 0x10001000);
	map_fixed(state, 0x10008000, 1, RW);
	assert_int_equal(vms_brk(mm, -PAGE_SIZE), 0x10001000);
	assert_int_equal(vms_brk(mm, -1UL), 0x10001000);
	vms_munmap(mm, 0x10008000, PG);
	assert_int_equal(vms_brk(mm, -PAGE_SIZE), 0x10001000);
	assert_int_equal(vms_brk(mm, mm->layout.task_size), 0x10001000);
	expect_layout(mm, "10000000-10001000 rw-p 10000\n");
}

/*
 * The pages come with an anon_vma, which shows: the account stays when the
 * right to write is removed.
 */
static void locked_memory_has_pages_once_it_is_writable(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	vms_mmap(mm, 0x20000000, 4 * PG, PROT_READ, FIXED | MAP_LOCKED, NULL, 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(vms_mprotect(mm, 0x20001000, 2 * PG, RW), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(vms_mprotect(mm, 0x20001000, 2 * PG, PROT_READ), 0);
	expect_layout(mm, "20000000-20001000 r--p 20000\n20001000-20003000 r--p "
			  "20001\n20003000-20004000 r--p 20003\n");
	mmap_read_lock(mm);
	vma = vma_lookup(mm, 0x20001000);
	assert_true(vma->vm_flags & VM_ACCOUNT);
	mmap_read_unlock(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(protect_middle_splits_in_three_and_back),
		ON_EVERY_ENGINE(protect_part_moves_the_border),
		ON_EVERY_ENGINE(protect_over_many_vmas_merges_them),
		ON_EVERY_ENGINE(protect_applies_the_prefix_before_a_hole),
		ON_EVERY_ENGINE(faulted_memory_keeps_its_account_when_write_protected),
		ON_EVERY_ENGINE(protecting_takes_the_right_from_present_pages),
		ON_EVERY_ENGINE(advice_that_changes_flags_splits),
		ON_EVERY_ENGINE(dontneed_drops_the_contents),
		ON_EVERY_ENGINE(unmapping_an_end_keeps_the_rest),
		ON_EVERY_ENGINE(unmapping_an_end_of_a_file_keeps_its_offsets),
		ON_EVERY_ENGINE(unmapping_an_end_gives_back_what_it_counted),
		ON_EVERY_ENGINE(break_grows_one_vma_and_shrinks),
		ON_EVERY_ENGINE(break_needs_a_free_page_above),
		ON_EVERY_ENGINE(break_beyond_the_end_is_refused),
		ON_EVERY_ENGINE(locked_memory_has_pages_once_it_is_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
