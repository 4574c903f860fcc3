/* SPDX-License-Identifier: MIT */
/*
 * test_wide.c - address spaces of 48, 52 and 57 bits: every call works at both
 * ends, and addresses that differ only in the bits above 48 are different
 * places.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

#define LOW 0x40000000UL

static struct mm_struct *create(const struct world *w, unsigned long task_size)
{
	struct mm_layout layout = world_layout;

	layout.task_size = task_size;
	layout.mmap_base = task_size - PG;
	return vms_mm_create(w->engine, &layout, NULL);
}

static const unsigned long sizes[] = {
	1UL << 47, 1UL << 48, (1UL << 48) + PG, 1UL << 52, (1UL << 56) - PG, 1UL << 57,
};
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static unsigned long word_at(struct mm_struct *mm, unsigned long addr)
{
	unsigned long word = ~0UL;

	assert_int_equal(vms_read_word(mm, addr, &word), VMS_FAULT_OK);
	return word;
}

static void write_at(struct mm_struct *mm, unsigned long addr, unsigned long word)
{
	assert_int_equal(vms_write_word(mm, addr, word), VMS_FAULT_OK);
}

static void both_ends_are_mapped_touched_moved_and_unmapped(void **state)
{
	for (size_t i = 0; i < NR_SIZES; i++) {
		struct mm_struct *mm = create(*state, sizes[i]), *child;
		unsigned long high = sizes[i] - 4 * PG;

		assert_non_null(mm);
		assert_int_equal(vms_mmap(mm, 0, 2 * PG, RW, ANON, NULL, 0), sizes[i] - 3 * PG);
		assert_int_equal(vms_munmap(mm, sizes[i] - 3 * PG, 2 * PG), 0);
		assert_int_equal(vms_mmap(mm, high, 4 * PG, RW, FIXED, NULL, 0), high);
		assert_int_equal(vms_mmap(mm, LOW, 4 * PG, RW, FIXED, NULL, 0), LOW);
		write_at(mm, high + 3 * PG, 3);
		write_at(mm, LOW, 4);
		assert_int_equal(vms_fork(mm, &child), 0);
		write_at(child, high + 3 * PG, 5);
		assert_int_equal(word_at(mm, high + 3 * PG), 3);
		assert_int_equal(word_at(child, LOW), 4);
		assert_int_equal(vms_mremap(mm, LOW, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
					    high - 4 * PG),
				 high - 4 * PG);
		assert_int_equal(word_at(mm, high - 4 * PG), 4);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		assert_int_equal(vms_mm_validate(child, stderr), 0);
		mmput(child);
		assert_int_equal(vms_munmap(mm, 0, sizes[i]), 0);
		assert_int_equal(vms_mm_counter(mm, MM_PGTABLES), 0);
		mmput(mm);
	}
}

/*
 * The page table's levels must distinguish addresses whose lower 48 bits are
 * equal.
 */
static void no_address_is_another_ones_alias(void **state)
{
	struct mm_struct *mm = create(*state, VMS_TASK_SIZE_MAX);

	for (unsigned long high = 0; high < 512; high += 73) {
		unsigned long addr = LOW + (high << 48);

		assert_int_equal(vms_mmap(mm, addr, PG, RW, FIXED, NULL, 0), addr);
		write_at(mm, addr, high + 1);
	}
	for (unsigned long high = 0; high < 512; high += 73)
		assert_int_equal(word_at(mm, LOW + (high << 48)), high + 1);
	assert_int_equal(vms_munmap(mm, LOW + (146UL << 48), PG), 0);
	assert_int_equal(word_at(mm, LOW + (73UL << 48)), 74);
	assert_int_equal(word_at(mm, LOW), 1);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	mmput(mm);
}

static void larger_address_space_is_refused(void **state)
{
	struct world *w = *state;
	struct mm_layout layout = vms_mm_layout_default;
	struct mm_struct *mm = NULL;

	layout.task_size = VMS_TASK_SIZE_MAX + PG;
	errno = 0;
	assert_int_equal(vms_mm_new(w->engine, &layout, NULL, &mm), -EINVAL);
	assert_int_equal(vms_mm_new("no such engine", NULL, NULL, &mm), -EINVAL);
	assert_null(vms_mm_create(w->engine, &layout, NULL));
	assert_null(mm);
	/* The errno belongs to the program. */
	assert_int_equal(errno, 0);
	layout.task_size = VMS_TASK_SIZE_MAX;
	assert_int_equal(vms_mm_new(w->engine, &layout, NULL, &mm), 0);
	mmput(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(both_ends_are_mapped_touched_moved_and_unmapped),
		ON_EVERY_ENGINE(no_address_is_another_ones_alias),
		ON_EVERY_ENGINE(larger_address_space_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
