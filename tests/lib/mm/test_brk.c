/* SPDX-License-Identifier: MIT */
/*
 * test_brk.c - the break: moving it grows and shrinks one VMA of its own, and
 * some places are refused.
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

/* A heap begins with a VMA of its own. */
static void the_break_does_not_join_what_lies_below_it(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long start = vms_brk(mm, 0);

	assert_int_equal(vms_mmap(mm, start - PG, PG, RW, FIXED, NULL, 0), start - PG);
	assert_int_equal(vms_brk(mm, start + PG), start + PG);
	expect_layout(mm, "ffff000-10000000 rw-p ffff\n10000000-10001000 rw-p 10000\n");
	/* The break joins its own memory. */
	assert_int_equal(vms_brk(mm, start + 2 * PG), start + 2 * PG);
	expect_layout(mm, "ffff000-10000000 rw-p ffff\n10000000-10002000 rw-p 10000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(break_grows_one_vma_and_shrinks),
		ON_EVERY_ENGINE(break_needs_a_free_page_above),
		ON_EVERY_ENGINE(break_beyond_the_end_is_refused),
		ON_EVERY_ENGINE(the_break_does_not_join_what_lies_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
