/* SPDX-License-Identifier: MIT */
/*
 * test_mm_lines.c - which cache lines of an address space its writers write. A
 * fault reads the first lines of struct mm_struct. Calls that map, unmap or
 * protect memory must not write to these lines, except for two words that a
 * fault must see change: mm_lock_seq, and the root of the tree when it is
 * replaced.
 */
#include "tests/lib/mm/world.h"

#include <stddef.h>

#define BASE 0x20000000UL
#define VMAS 400UL
#define AT(i) (BASE + (i)*4 * PG)

#define LINES_OF_A_FAULT offsetof(struct mm_struct, mmap_lock)

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

/*
 * Maps so many VMAs that the tree has inner nodes: a change of one leaf then
 * keeps the root.
 */
static void fill(struct mm_struct *mm)
{
	for (unsigned long i = 0; i < VMAS; i++)
		assert_int_equal(
			vms_mmap(mm, AT(i), 2 * PG, i & 1 ? RW : PROT_READ, FIXED, NULL, 0), AT(i));
}

static void expect_same(const unsigned char *before, const struct mm_struct *mm, size_t from,
			size_t to, const char *what)
{
	const unsigned char *now = (const unsigned char *)mm;

	for (size_t i = from; i < to; i++)
		if (now[i] != before[i])
			fail_msg("%s changes byte %zu of struct mm_struct, which a fault reads",
				 what, i);
}

/*
 * @index: the change of the layout does not replace the root; true only for the
 *         tree of `maple-vma`.
 */
static void expect_untouched(const unsigned char *before, const struct mm_struct *mm, bool index,
			     const char *what)
{
	size_t seq = offsetof(struct mm_struct, mm_lock_seq);

	expect_same(before, mm, 0, seq, what);
	expect_same(before, mm, offsetof(struct mm_struct, kept_leaf) + sizeof(mm->kept_leaf),
		    index ? LINES_OF_A_FAULT : offsetof(struct mm_struct, mm_mt), what);
}

static void writers_leave_what_a_fault_reads(void **state)
{
	const struct world *world = *state;
	struct mm_struct *mm = mm_of(state), *child;
	bool index = !strcmp(world->engine, "maple-vma");
	unsigned char before[LINES_OF_A_FAULT];
	unsigned long place, middle = AT(VMAS / 2);

	fill(mm);
	memcpy(before, mm, sizeof(before));
	assert_int_equal(vms_munmap(mm, middle, 2 * PG), 0);
	expect_untouched(before, mm, index, "munmap");
	assert_int_equal(vms_mmap(mm, middle, 2 * PG, RW, FIXED, NULL, 0), middle);
	expect_untouched(before, mm, index, "mmap");
	assert_int_equal(vms_mprotect(mm, middle, 2 * PG, PROT_NONE), 0);
	expect_untouched(before, mm, index, "mprotect");
	assert_int_equal(vms_mprotect(mm, middle, 2 * PG, RW), 0);
	assert_int_equal(vms_write_word(mm, middle, 1), VMS_FAULT_OK);
	expect_untouched(before, mm, index, "a fault");
	assert_int_equal(vms_madvise(mm, middle, 2 * PG, MADV_DONTNEED), 0);
	expect_untouched(before, mm, index, "madvise");
	assert_int_equal(vms_mlock(mm, middle, PG), 0);
	assert_int_equal(vms_munlock(mm, middle, PG), 0);
	expect_untouched(before, mm, index, "mlock");
	place = vms_mmap(mm, 0, 2 * PG, RW, ANON, NULL, 0);
	assert_false(IS_ERR_VALUE(place));
	assert_int_equal(vms_munmap(mm, place, 2 * PG), 0);
	expect_untouched(before, mm, false, "mmap of any place");
	assert_int_equal(vms_brk(mm, mm->start_brk + PG), mm->start_brk + PG);
	expect_untouched(before, mm, false, "brk");
	assert_int_equal(vms_fork(mm, &child), 0);
	mmput(child);
	expect_untouched(before, mm, false, "fork");
	limit_map_count(mm, 100000);
	expect_untouched(before, mm, false, "a new limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(writers_leave_what_a_fault_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
