/* SPDX-License-Identifier: MIT */
/*
 * test_mprotect.c - mprotect: what splits, what merges, what is applied before
 * an error.
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
		ON_EVERY_ENGINE(locked_memory_has_pages_once_it_is_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
