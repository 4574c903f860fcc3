/* SPDX-License-Identifier: MIT */
/*
 * test_mmap.c - mmap and munmap: where mappings are placed, when they merge,
 * what an unmap leaves, and the errors.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

static unsigned long map(void **state, unsigned long addr, unsigned long pages, unsigned long prot,
			 unsigned long flags)
{
	struct world *w = *state;

	return vms_mmap(w->mm, addr, pages * PG, prot, flags, NULL, 0);
}

static int unmap(void **state, unsigned long addr, unsigned long pages)
{
	struct world *w = *state;

	return vms_munmap(w->mm, addr, pages * PG);
}

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void fresh_maps_go_top_down_and_merge(void **state)
{
	assert_int_equal(map(state, 0, 1, RW, ANON), 0x3ffff000);
	assert_int_equal(map(state, 0, 2, RW, ANON), 0x3fffd000);
	expect_layout(mm_of(state), "3fffd000-40000000 rw-p 3fffd\n");
	assert_int_equal(map(state, 0, 1, PROT_READ, ANON), 0x3fffc000);
	expect_layout(mm_of(state), "3fffc000-3fffd000 r--p 3fffc\n3fffd000-40000000 rw-p 3fffd\n");
}

static void highest_hole_that_fits_is_taken(void **state)
{
	map(state, 0x20000000, 4, RW, FIXED);
	map(state, 0x3fff0000, 16, PROT_READ, FIXED);
	unmap(state, 0x3fff8000, 2);
	assert_int_equal(map(state, 0, 1, RW, ANON), 0x3fff9000);
	assert_int_equal(map(state, 0, 2, RW, ANON), 0x3ffee000);
	assert_int_equal(map(state, 0, 1, RW, ANON), 0x3fff8000);
}

static void hint_is_rounded_down_and_taken_if_free(void **state)
{
	assert_int_equal(map(state, 0x20000123, 1, RW, ANON), 0x20000000);
	assert_int_equal(map(state, 0x20000fff, 1, RW, ANON), 0x3ffff000);
	assert_int_equal(map(state, 0x1000, 1, RW, ANON), 0x10000);
}

static void map_32bit_goes_bottom_up(void **state)
{
	struct mm_layout layout = vms_mm_layout_default;
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, &layout, NULL);

	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON | MAP_32BIT, NULL, 0), 0x40000000);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON | MAP_32BIT, NULL, 0), 0x40001000);
	mmput(mm);
}

static void large_anonymous_mappings_are_aligned(void **state)
{
	map(state, 0, 1, PROT_READ, ANON);
	/*
	 * A multiple of 2 MiB without a hint is placed on a 2 MiB boundary; any
	 * other length directly below the next mapping.
	 */
	assert_int_equal(map(state, 0, 512, RW, ANON), 0x3fc00000);
	assert_int_equal(map(state, 0, 513, PROT_EXEC, ANON), 0x3fc00000 - 513 * PG);
	assert_int_equal(map(state, 0, 511, PROT_NONE, ANON), 0x3ffff000 - 511 * PG);
}

static void guard_gap_below_a_stack_stays_free(void **state)
{
	map(state, 0x3fffe000, 2, RW, FIXED | MAP_GROWSDOWN);
	assert_int_equal(map(state, 0, 1, RW, ANON), 0x3fffe000 - 257 * PG);
	/* A hint inside the stack's gap is refused, MAP_FIXED is not. */
	assert_int_equal(map(state, 0x3fffd000, 1, RW, ANON), 0x3fffe000 - 258 * PG);
	assert_int_equal(map(state, 0x3fffd000, 1, RW, FIXED), 0x3fffd000);
}

static void hole_filled_merges_all_three(void **state)
{
	map(state, 0x20000000, 3, RW, FIXED);
	unmap(state, 0x20001000, 1);
	expect_layout(mm_of(state), "20000000-20001000 rw-p 20000\n20002000-20003000 rw-p 20002\n");
	map(state, 0x20001000, 1, RW, FIXED);
	expect_layout(mm_of(state), "20000000-20003000 rw-p 20000\n");
}

static void fixed_replaces_middle(void **state)
{
	map(state, 0x20000000, 5, RW, FIXED);
	vms_write_word(mm_of(state), 0x20002000, 7);
	map(state, 0x20001000, 3, PROT_READ, FIXED);
	expect_layout(mm_of(state), "20000000-20001000 rw-p 20000\n20001000-20004000 r--p "
				    "20001\n20004000-20005000 rw-p 20004\n");
	unsigned long word = 1;

	assert_int_equal(vms_read_word(mm_of(state), 0x20002000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
}

static void fixed_over_several_merges_with_both_sides(void **state)
{
	map(state, 0x20000000, 1, RW, FIXED);
	map(state, 0x20001000, 1, PROT_READ, FIXED);
	map(state, 0x20003000, 1, PROT_EXEC, FIXED);
	map(state, 0x20004000, 1, RW, FIXED);
	map(state, 0x20001000, 3, RW, FIXED);
	expect_layout(mm_of(state), "20000000-20005000 rw-p 20000\n");
}

static void unmap_middle_leaves_two(void **state)
{
	map(state, 0x20000000, 4, RW, FIXED);
	assert_int_equal(unmap(state, 0x20001000, 2), 0);
	expect_layout(mm_of(state), "20000000-20001000 rw-p 20000\n20003000-20004000 rw-p 20003\n");
}

static void unmap_spans_holes_and_many(void **state)
{
	for (unsigned long i = 0; i < 100; i++)
		map(state, 0x20000000 + i * 2 * PG, 1, i & 1 ? RW : PROT_READ, FIXED);
	assert_int_equal(unmap(state, 0x20001000, 197), 0);
	expect_layout(mm_of(state), "20000000-20001000 r--p 20000\n200c6000-200c7000 rw-p 200c6\n");
	assert_int_equal(unmap(state, 0x10000, 0x1000), 0);
}

static void faulted_halves_merge_again_only_through_one_anon_vma(void **state)
{
	map(state, 0x20000000, 1, RW, FIXED);
	map(state, 0x20002000, 1, RW, FIXED);
	vms_fault(mm_of(state), 0x20000000, FAULT_FLAG_WRITE);
	vms_fault(mm_of(state), 0x20002000, FAULT_FLAG_WRITE);
	map(state, 0x20001000, 1, RW, FIXED);
	expect_layout(mm_of(state), "20000000-20002000 rw-p 20000\n20002000-20003000 rw-p 20002\n");
	/*
	 * A VMA that was faulted as a whole, split and filled again, is one
	 * VMA.
	 */
	map(state, 0x30000000, 3, RW, FIXED);
	vms_fault(mm_of(state), 0x30000000, FAULT_FLAG_WRITE);
	unmap(state, 0x30001000, 1);
	map(state, 0x30001000, 1, RW, FIXED);
	unmap(state, 0x20000000, 3);
	expect_layout(mm_of(state), "30000000-30003000 rw-p 30000\n");
}

static void stack_and_noreserve_do_not_merge_with_plain(void **state)
{
	map(state, 0x20000000, 1, RW, FIXED);
	map(state, 0x20001000, 1, RW, FIXED | MAP_STACK);
	map(state, 0x20002000, 1, RW, FIXED | MAP_NORESERVE);
	expect_layout(mm_of(state), "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p "
				    "20001\n20002000-20003000 rw-p 20002\n");
}

static void file_mappings_merge_by_offset_and_opening(void **state)
{
	struct world *w = *state;
	struct file *file = world_file(16, true),
		    *again = vms_file_open(file->f_mapping, "/data", FMODE_READ);

	vms_mmap(w->mm, 0x20000000, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(w->mm, 0x20001000, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, PG);
	vms_mmap(w->mm, 0x20002000, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 4 * PG);
	vms_mmap(w->mm, 0x20003000, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, again, 5 * PG);
	expect_layout(
		w->mm,
		"20000000-20002000 r--p 0\n20002000-20003000 r--p 4\n20003000-20004000 r--p 5\n");
	fput(again);
	fput(file);
}

static void shared_anonymous_never_merges_when_made(void **state)
{
	assert_int_equal(map(state, 0, 1, RW, MAP_SHARED | MAP_ANONYMOUS), 0x3ffff000);
	assert_int_equal(map(state, 0, 1, RW, MAP_SHARED | MAP_ANONYMOUS), 0x3fffe000);
	expect_layout(mm_of(state), "3fffe000-3ffff000 rw-s 0\n3ffff000-40000000 rw-s 0\n");
}

static void mmap_errors_are_linux_errors(void **state)
{
	struct world *w = *state;
	struct file *ro = world_file(4, false);
	unsigned long populate;

	assert_int_equal(vms_mmap(w->mm, 0, PG, RW, MAP_PRIVATE, NULL, 0), -EBADF);
	assert_int_equal(vms_mmap(w->mm, 0, 0, RW, ANON, NULL, 0), -EINVAL);
	assert_int_equal(vms_mmap(w->mm, 0, ~0UL, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(vms_mmap(w->mm, 0, PG, RW, ANON, NULL, 5), -EINVAL);
	assert_int_equal(vms_mmap(w->mm, 0, PG, RW, MAP_ANONYMOUS, NULL, 0), -EINVAL);
	assert_int_equal(vms_mmap(w->mm, 0x20000001, PG, RW, FIXED, NULL, 0), -EINVAL);
	assert_int_equal(vms_mmap(w->mm, 0x3ffff000, 2 * PG, RW, FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(vms_mmap(w->mm, 0x1000, PG, RW, FIXED, NULL, 0), -EPERM);
	assert_int_equal(vms_mmap(w->mm, 0, 0x40000000, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(vms_mmap(w->mm, 0, PG, RW, MAP_SHARED, ro, 0), -EACCES);
	/* mmap() itself cannot ask for this, because its offset is in bytes. */
	mmap_write_lock(w->mm);
	assert_int_equal(do_mmap(w->mm, ro, 0, PG, RW, MAP_PRIVATE, 0, ~0UL, &populate),
			 -EOVERFLOW);
	mmap_write_unlock(w->mm);
	map(state, 0x20000000, 1, RW, FIXED);
	assert_int_equal(vms_mmap(w->mm, 0x20000000, PG, RW, ANON | MAP_FIXED_NOREPLACE, NULL, 0),
			 -EEXIST);
	assert_int_equal(vms_munmap(w->mm, 0x20000001, PG), -EINVAL);
	assert_int_equal(vms_munmap(w->mm, 0x20000000, 0), -EINVAL);
	assert_int_equal(vms_munmap(w->mm, 0x3ffff000, 2 * PG), -EINVAL);
	fput(ro);
	expect_layout(w->mm, "20000000-20001000 rw-p 20000\n");
}

static void map_count_limit_refuses_where_linux_does(void **state)
{
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, &world_layout, NULL);

	limit_map_count(mm, 4);
	for (unsigned long i = 0; i < 5; i++) /* one more than the limit can be reached */
		assert_int_equal(vms_mmap(mm, 0x20000000 + i * 0x10000, 4 * PG, RW, FIXED, NULL, 0),
				 0x20000000 + i * 0x10000);
	assert_int_equal(vms_mmap(mm, 0, PG, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(vms_munmap(mm, 0x20001000, PG), -ENOMEM);
	assert_int_equal(vms_mprotect(mm, 0x20001000, PG, PROT_READ), -ENOMEM);
	assert_int_equal(vms_munmap(mm, 0x20000000, PG), 0);
	expect_layout(mm, "20001000-20004000 rw-p 20001\n20010000-20014000 rw-p "
			  "20010\n20020000-20024000 rw-p 20020\n"
			  "20030000-20034000 rw-p 20030\n20040000-20044000 rw-p 20040\n");
	mmput(mm);
}

static void droppable_memory_never_counts_as_locked(void **state)
{
	struct world *w = *state;

	w->mm->def_flags = VM_LOCKED;
	assert_int_equal(vms_mmap(w->mm, 0x20000000, 2 * PG, RW,
				  MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0),
			 0x20000000);
	assert_int_equal(vms_mmap(w->mm, 0x20010000, PG, RW, FIXED, NULL, 0), 0x20010000);
	assert_int_equal(atomic_load(&w->mm->locked_vm), 1);
	expect_layout(w->mm, "20000000-20002000 rw-p 20000\n20010000-20011000 rw-p 20010\n");
}

/* MAP_32BIT places below 2 GiB, whatever the hint. */
static void a_hint_beyond_32_bits_is_ignored(void **state)
{
	const unsigned long hints[] = {0x100000000, 0x7ffff000};
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, NULL, NULL);

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		assert_in_range(vms_mmap(mm, hints[i], 2 * PG, RW, ANON | MAP_32BIT, NULL, 0),
				0x40000000, 0x7fffe000);
	assert_int_equal(vms_mmap(mm, 0x7fffe000, 2 * PG, RW, ANON | MAP_32BIT, NULL, 0),
			 0x7fffe000);
	mmput(mm);
}

/* A running 6.18 kernel answered what is expected. */
static void flags_that_nobody_knows_are_refused_where_that_was_asked_for(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	for (unsigned int bit = 9; bit < 40; bit++) {
		unsigned long flag = 1UL << bit;
		bool unknown = bit == 9 || bit == 10 || (bit >= 20 && bit <= 25) || bit > 30;
		unsigned long refused = flag == MAP_FIXED_NOREPLACE ? 0x20000000UL : 0;

		if (flag == MAP_SYNC || flag == MAP_HUGETLB)
			continue;
		if (unknown)
			assert_int_equal(vms_mmap(mm, refused, PG, RW, MAP_SHARED_VALIDATE | flag,
						  file, 0),
					 -EOPNOTSUPP);
		else
			assert_false(IS_ERR_VALUE(
				vms_mmap(mm, 0, PG, RW, MAP_SHARED_VALIDATE | flag, file, 0)));
		assert_false(IS_ERR_VALUE(vms_mmap(mm, 0x20000000UL + 4 * PG * bit, PG, RW,
						   MAP_SHARED | flag, file, 0)));
	}
	assert_int_equal(vms_mmap(mm, 0, PG, RW, MAP_PRIVATE | MAP_HUGETLB, file, 0), -EINVAL);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(fresh_maps_go_top_down_and_merge),
		ON_EVERY_ENGINE(highest_hole_that_fits_is_taken),
		ON_EVERY_ENGINE(hint_is_rounded_down_and_taken_if_free),
		ON_EVERY_ENGINE(map_32bit_goes_bottom_up),
		ON_EVERY_ENGINE(large_anonymous_mappings_are_aligned),
		ON_EVERY_ENGINE(guard_gap_below_a_stack_stays_free),
		ON_EVERY_ENGINE(hole_filled_merges_all_three),
		ON_EVERY_ENGINE(fixed_replaces_middle),
		ON_EVERY_ENGINE(fixed_over_several_merges_with_both_sides),
		ON_EVERY_ENGINE(unmap_middle_leaves_two),
		ON_EVERY_ENGINE(unmap_spans_holes_and_many),
		ON_EVERY_ENGINE(faulted_halves_merge_again_only_through_one_anon_vma),
		ON_EVERY_ENGINE(stack_and_noreserve_do_not_merge_with_plain),
		ON_EVERY_ENGINE(file_mappings_merge_by_offset_and_opening),
		ON_EVERY_ENGINE(shared_anonymous_never_merges_when_made),
		ON_EVERY_ENGINE(mmap_errors_are_linux_errors),
		ON_EVERY_ENGINE(map_count_limit_refuses_where_linux_does),
		ON_EVERY_ENGINE(droppable_memory_never_counts_as_locked),
		ON_EVERY_ENGINE(a_hint_beyond_32_bits_is_ignored),
		ON_EVERY_ENGINE(flags_that_nobody_knows_are_refused_where_that_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
