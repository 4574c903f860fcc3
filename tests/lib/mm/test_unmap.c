/* SPDX-License-Identifier: MIT */
/*
 * test_unmap.c - munmap of one end of a mapping: it frees the pages and tables
 * of that end, takes them out of the accounts, and leaves the rest as it was.
 * test_mmap.c unmaps whole mappings.
 */
#include "tests/lib/mm/world.h"

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void map_fixed(void **state, unsigned long addr, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm_of(state), addr, pages * PG, prot, FIXED, NULL, 0), addr);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(unmapping_an_end_keeps_the_rest),
		ON_EVERY_ENGINE(unmapping_an_end_of_a_file_keeps_its_offsets),
		ON_EVERY_ENGINE(unmapping_an_end_gives_back_what_it_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
