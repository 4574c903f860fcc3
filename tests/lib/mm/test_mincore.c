/* SPDX-License-Identifier: MIT */
/*
 * test_mincore.c - mincore and msync: which pages are reported as present, and
 * what both refuse.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, BASE + page * PG, pages * PG, prot, FIXED, NULL, 0),
			 BASE + page * PG);
}

/*
 * Checks the result of mincore() for [page, page + pages), and what it wrote:
 * '.' where it wrote nothing.
 */
static void expect_resident(struct mm_struct *mm, unsigned long page, unsigned long pages,
			    int result, const char *expected)
{
	unsigned char vec[17];

	memset(vec, '.' - '0', sizeof(vec));
	assert_int_equal(vms_mincore(mm, BASE + page * PG, pages * PG, vec), result);
	for (size_t i = 0; i < sizeof(vec); i++)
		vec[i] += '0';
	vec[strlen(expected)] = '\0';
	assert_string_equal(vec, expected);
}

static void pages_are_there_once_they_were_touched(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 4, RW);
	expect_resident(mm, 0, 4, 0, "0000.");
	vms_fault(mm, BASE, FAULT_FLAG_WRITE);
	vms_fault(mm, BASE + PG, 0); /* the zero page counts */
	vms_mlock(mm, BASE + 3 * PG, PG);
	expect_resident(mm, 0, 4, 0, "1101.");
	vms_mprotect(mm, BASE, 4 * PG, PROT_NONE);
	expect_resident(mm, 0, 4, 0, "1101.");
	vms_munlock(mm, BASE + 3 * PG, PG);
	vms_madvise(mm, BASE, 4 * PG, MADV_DONTNEED);
	expect_resident(mm, 0, 4, 0, "0000.");
}

static void pages_of_a_file_are_there_while_anyone_has_them(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_fault(mm, BASE + 2 * PG, FAULT_FLAG_WRITE);
	/* At another address, and without a right to the memory. */
	vms_mmap(mm, BASE + 8 * PG, 4 * PG, PROT_NONE, MAP_PRIVATE | MAP_FIXED, file, PG);
	expect_resident(mm, 8, 4, 0, "0100.");
	vms_madvise(mm, BASE, 4 * PG, MADV_DONTNEED);
	expect_resident(mm, 0, 4, 0, "0010.");
	/* A guard page hides no page of the file, and is not present itself. */
	vms_madvise(mm, BASE + PG, 2 * PG, MADV_GUARD_INSTALL);
	expect_resident(mm, 0, 4, 0, "0010.");
	vms_madvise(mm, BASE + PG, 2 * PG, MADV_REMOVE);
	expect_resident(mm, 0, 4, 0, "0000.");
	fput(file);
}

static void a_hole_ends_what_is_told(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	map(mm, 2, 1, PROT_READ);
	map(mm, 4, 1, RW);
	vms_fault(mm, BASE + PG, 0);
	vms_fault(mm, BASE + 2 * PG, 0);
	expect_resident(mm, 0, 3, 0, "011.");
	expect_resident(mm, 0, 5, -ENOMEM, "011.");
	expect_resident(mm, 3, 1, -ENOMEM, ".");
	expect_resident(mm, 4, 2, -ENOMEM, "0.");
	expect_resident(mm, 3, 0, 0, ".");
}

static void mincore_refuses_what_cannot_be_a_range(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned char vec[2] = {7, 7};

	map(mm, 0, 1, RW);
	assert_int_equal(vms_mincore(mm, BASE + 1, PG, vec), -EINVAL);
	assert_int_equal(vms_mincore(mm, BASE, -1UL, vec), -ENOMEM);
	assert_int_equal(vms_mincore(mm, BASE, -PG, vec), -ENOMEM);
	assert_int_equal(vms_mincore(mm, world_layout.task_size, PG, vec), -ENOMEM);
	assert_int_equal(vec[0], 7);
	assert_int_equal(vms_mincore(mm, BASE, 1, vec), 0); /* rounded up */
	assert_int_equal(vec[0], 0);
	assert_int_equal(vec[1], 7);
}

static void msync_tells_of_holes_and_of_locked_memory(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 1, RW);
	map(mm, 2, 1, RW);
	vms_mlock(mm, BASE + 2 * PG, PG);
	assert_int_equal(vms_msync(mm, BASE, PG, MS_SYNC), 0);
	assert_int_equal(vms_msync(mm, BASE, PG, MS_INVALIDATE), 0);
	assert_int_equal(vms_msync(mm, BASE, PG, 0), 0);
	assert_int_equal(vms_msync(mm, BASE, 3 * PG, MS_ASYNC), -ENOMEM);
	assert_int_equal(vms_msync(mm, BASE, 2 * PG, MS_SYNC), -ENOMEM);
	assert_int_equal(vms_msync(mm, BASE + PG, PG, MS_SYNC), -ENOMEM);
	assert_int_equal(vms_msync(mm, BASE + 2 * PG, PG, MS_SYNC), 0);
	assert_int_equal(vms_msync(mm, BASE + 2 * PG, PG, MS_INVALIDATE), -EBUSY);
	/* -EBUSY takes precedence over a hole. */
	assert_int_equal(vms_msync(mm, BASE, 4 * PG, MS_INVALIDATE), -EBUSY);
	assert_int_equal(vms_msync(mm, BASE, 2 * PG, MS_INVALIDATE), -ENOMEM);
}

static void msync_refuses_what_makes_no_sense(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 1, RW);
	assert_int_equal(vms_msync(mm, BASE, PG, MS_ASYNC | MS_SYNC), -EINVAL);
	assert_int_equal(vms_msync(mm, BASE, PG, 8), -EINVAL);
	assert_int_equal(vms_msync(mm, BASE + 1, PG, MS_SYNC), -EINVAL);
	assert_int_equal(vms_msync(mm, BASE, -PG, MS_SYNC), -ENOMEM);
	assert_int_equal(vms_msync(mm, BASE, -1UL, MS_SYNC), 0); /* rounded up it is 0 */
	assert_int_equal(vms_msync(mm, BASE + 8 * PG, 0, MS_SYNC), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(pages_are_there_once_they_were_touched),
		ON_EVERY_ENGINE(pages_of_a_file_are_there_while_anyone_has_them),
		ON_EVERY_ENGINE(a_hole_ends_what_is_told),
		ON_EVERY_ENGINE(mincore_refuses_what_cannot_be_a_range),
		ON_EVERY_ENGINE(msync_tells_of_holes_and_of_locked_memory),
		ON_EVERY_ENGINE(msync_refuses_what_makes_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
