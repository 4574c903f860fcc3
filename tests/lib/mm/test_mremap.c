/* SPDX-License-Identifier: MIT */
/*
 * test_mremap.c - mappings that shrink, grow and move keep their pages, their
 * offsets, and the neighbours they may merge with.
 */
#include <errno.h>

#include "tests/lib/mm/world.h"

#define A 0x20000000UL
#define B 0x30000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

/* Writes 100, 101, ... to @pages pages from @addr on. */
static void fill(struct mm_struct *mm, unsigned long addr, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		assert_int_equal(vms_write_word(mm, addr + i * PG, 100 + i), VMS_FAULT_OK);
}

static void expect_words(struct mm_struct *mm, unsigned long addr, unsigned long pages,
			 unsigned long first)
{
	for (unsigned long i = 0; i < pages; i++) {
		unsigned long word = 0;

		assert_int_equal(vms_read_word(mm, addr + i * PG, &word), VMS_FAULT_OK);
		assert_int_equal(word, first ? first + i : 0);
	}
}

static void shrinking_unmaps_the_tail(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 4 * PG, RW, FIXED, NULL, 0);
	fill(mm, A, 4);
	assert_int_equal(vms_mremap(mm, A, 4 * PG, PG, 0, 0), A);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n");
	expect_words(mm, A, 1, 100);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
}

static void growing_in_place_joins_the_next(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 2 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, A + 4 * PG, PG, RW, FIXED, NULL, 0);
	fill(mm, A, 2);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 4 * PG, 0, 0), A);
	expect_layout(mm, "20000000-20005000 rw-p 20000\n");
	expect_words(mm, A, 2, 100);
	assert_int_equal(vms_mremap(mm, A, PG, 2 * PG, 0, 0), -ENOMEM);
}

static void moving_takes_the_pages_along(void **state)
{
	struct mm_struct *mm = mm_of(state);

	/*
	 * Across the border of a page table, at another distance from the
	 * border than before.
	 */
	vms_mmap(mm, A + 0x1fe000, 5 * PG, RW, FIXED, NULL, 0);
	fill(mm, A + 0x1fe000, 5);
	assert_int_equal(vms_mremap(mm, A + 0x1fe000, 5 * PG, 6 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    B + 0x3ff000),
			 B + 0x3ff000);
	expect_layout(mm, "303ff000-30405000 rw-p 201fe\n");
	expect_words(mm, B + 0x3ff000, 5, 100);
	expect_words(mm, B + 0x404000, 1, 0);
	assert_int_equal(vms_fault(mm, A + 0x1fe000, 0), VMS_SEGV_MAPERR);
}

/*
 * Symptom: a move takes a table that was made for the target for one of the
 * source's. The source begins 1.3 MiB before its only page table, and the
 * target ends in the table before that one: while the pages move, a table made
 * for the target stands where the source has none.
 */
static void a_table_made_for_the_target_lies_in_the_source(void **state)
{
	const unsigned long old = A + 0x24b000, new = A - 0x48000, len = 0x24a000, page = 0x1d7;
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A + 0x202000, 0x400000, RW, FIXED, NULL, 0);
	fill(mm, old + page * PG, 1);
	assert_int_equal(vms_mremap(mm, old, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, new), new);
	expect_words(mm, new + page *PG, 1, 100);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
}

static void moving_a_part_leaves_the_rest(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 5 * PG, RW, FIXED, NULL, 0);
	fill(mm, A, 5);
	assert_int_equal(vms_mremap(mm, A + PG, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, B),
			 B);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20003000-20005000 rw-p "
			  "20003\n30000000-30002000 rw-p 20001\n");
	expect_words(mm, B, 2, 101);
	expect_words(mm, A + 3 * PG, 2, 103);
	/* Moved back, the pages form one mapping again. */
	assert_int_equal(vms_mremap(mm, B, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, A + PG),
			 A + PG);
	expect_layout(mm, "20000000-20005000 rw-p 20000\n");
	expect_words(mm, A, 5, 100);
}

static void unwritten_memory_takes_its_new_address_as_offset(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 2 * PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, B, 2 * PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    B + 2 * PG),
			 B + 2 * PG);
	expect_layout(mm, "30000000-30004000 rw-p 30000\n");
}

static void dontunmap_leaves_the_source_empty(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 2 * PG, RW, FIXED, NULL, 0);
	fill(mm, A, 2);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 2 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, B),
			 B);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n30000000-30002000 rw-p 20000\n");
	expect_words(mm, A, 2, 0);
	expect_words(mm, B, 2, 100);
}

static void several_mappings_move_together(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, A + 2 * PG, PG, PROT_READ, FIXED, NULL, 0);
	fill(mm, A, 1);
	assert_int_equal(vms_mremap(mm, A, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, B), B);
	expect_layout(mm, "30000000-30001000 rw-p 20000\n30002000-30003000 r--p 30002\n");
	expect_words(mm, B, 1, 100);
}

static void requests_that_make_no_sense_are_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 4 * PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A + 1, PG, PG, 0, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, PG, 0, 0, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, PG, PG, 0x80, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, PG, PG, MREMAP_FIXED, B), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, A + PG),
			 -EINVAL);
	assert_int_equal(vms_mremap(mm, B, PG, PG, 0, 0), -EFAULT);
	assert_int_equal(vms_mremap(mm, A, 5 * PG, 6 * PG, MREMAP_MAYMOVE, 0), -EFAULT);
	assert_int_equal(vms_mremap(mm, A, 0, PG, MREMAP_MAYMOVE, 0), -EINVAL);
	expect_layout(mm, "20000000-20004000 rw-p 20000\n");
}

/*
 * An old length that reaches beyond the end of the address space, or wraps,
 * names no range that can be unmapped.
 */
static void shrinking_from_beyond_the_end_is_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, 0x10000, PG, RW, FIXED, NULL, 0);
	vms_mmap(mm, A, 4 * PG, RW, FIXED, NULL, 0);
	fill(mm, 0x10000, 1);
	fill(mm, A, 4);
	assert_int_equal(vms_mremap(mm, A, 1UL << 60, PG, 0, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, -PAGE_SIZE, PG, 0, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, 0x20001000, PG, 0, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, 1UL << 60, PG, MREMAP_MAYMOVE | MREMAP_FIXED, B),
			 -EINVAL);
	expect_layout(mm, "10000-11000 rw-p 10\n20000000-20004000 rw-p 20000\n");
	expect_words(mm, 0x10000, 1, 100);
	expect_words(mm, A, 4, 100);
	/* A length up to the exact end names a range. */
	assert_int_equal(vms_mremap(mm, A, 0x20000000, PG, 0, 0), A);
	expect_layout(mm, "10000-11000 rw-p 10\n20000000-20001000 rw-p 20000\n");
}

static void moving_below_the_lowest_address_is_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, PG, RW, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, 0xf000), -EPERM);
	assert_int_equal(vms_mremap(mm, A, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, 0), -EPERM);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n");
	assert_int_equal(vms_mremap(mm, A, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, 0x10000),
			 0x10000);
}

/*
 * Without a file an owner's memory may have any offset, counted in pages, up to
 * the largest number.
 */
static void a_last_page_whose_offset_wraps_is_refused(void **state)
{
	static const struct vm_operations_struct ops;
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma = vm_area_alloc(mm);

	assert_non_null(vma);
	vma->vm_start = A;
	vma->vm_end = A + 2 * PG;
	vma->vm_pgoff = -4UL;
	vma->vm_ops = &ops;
	vm_flags_init(vma, VM_READ | VM_MAYREAD | VM_SHARED | VM_MAYSHARE);
	mmap_write_lock(mm);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 5 * PG, MREMAP_MAYMOVE, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A + PG, PG, 4 * PG, MREMAP_MAYMOVE, 0), -EINVAL);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 3 * PG, MREMAP_MAYMOVE, 0), A);
	expect_layout(mm, "20000000-20003000 r--s fffffffffffffffc\n");
}

/*
 * mmap() refuses such an offset in a file, but an existing mapping may grow
 * beyond it.
 */
static void a_mapping_grows_past_the_last_offset_of_a_file(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(4, false);
	unsigned long last = (1UL << 63) - 2 * PG;

	assert_int_equal(vms_mmap(mm, A, 2 * PG, PROT_READ, MAP_SHARED | MAP_FIXED, file, last),
			 -EOVERFLOW);
	assert_int_equal(vms_mmap(mm, A, PG, PROT_READ, MAP_SHARED | MAP_FIXED, file, last), A);
	assert_int_equal(vms_mremap(mm, A, PG, 3 * PG, 0, 0), A);
	expect_layout(mm, "20000000-20003000 r--s 7fffffffffffe\n");
	fput(file);
}

static void locked_memory_that_grows_has_its_pages_at_once(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 2 * PG, RW, FIXED | MAP_LOCKED, NULL, 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 4 * PG, 0, 0), A);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	vms_mmap(mm, A + 4 * PG, PG, PROT_NONE, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A, 4 * PG, 7 * PG, MREMAP_MAYMOVE, 0), 0x40000000 - 7 * PG);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 7);
}

static void what_moves_is_never_counted_twice(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 8 * PG, RW, FIXED, NULL, 0);
	fill(mm, A, 8);
	assert_int_equal(vms_mremap(mm, A, 8 * PG, 8 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, B), B);
	assert_int_equal(atomic_load(&mm->hiwater_vm), 8);
	assert_int_equal(vms_mremap(mm, B, 8 * PG, 10 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, A), A);
	assert_int_equal(atomic_load(&mm->hiwater_vm), 10);
	assert_int_equal(vms_mremap(mm, A, 10 * PG, 10 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, B),
			 B);
	assert_int_equal(atomic_load(&mm->hiwater_vm), 20);
}

/* Memory without pages of its own may merge with its own copy. */
static void a_source_that_is_kept_may_join_its_copy(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, A, 2 * PG, PROT_READ, FIXED | MAP_LOCKED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A, 2 * PG, 2 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, A + 2 * PG),
			 A + 2 * PG);
	expect_layout(mm, "20000000-20004000 r--p 20000\n");
	assert_int_equal(atomic_load(&mm->locked_vm), 0);
	assert_int_equal(atomic_load(&mm->hiwater_vm), 4);
}

static struct file *open_zero_device(void)
{
	struct address_space *mapping =
		vms_address_space_create(64 * PG, VMS_AS_ZERO_DEV, 8, 1, 77);
	struct file *file = vms_file_open(mapping, "/dev/zero", FMODE_READ | FMODE_WRITE);

	vms_address_space_put(mapping);
	return file;
}

/*
 * As long as it was never written, its offset follows a move to the new
 * address, and it is not accounted. A running 6.18 kernel answers the same,
 * here and in the next case.
 */
static void a_private_zero_device_is_anonymous_memory(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *zero = open_zero_device();
	unsigned long moved = A + 0x100000;

	vms_mmap(mm, A, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, zero, 5 * PG);
	assert_int_equal(vms_mremap(mm, A, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, moved),
			 moved);
	expect_layout(mm, "20100000-20104000 rw-p 20100\n");
	vms_mprotect(mm, moved, 2 * PG, PROT_READ);
	mmap_read_lock(mm);
	assert_false(find_vma(mm, moved)->vm_flags & VM_ACCOUNT);
	assert_true(find_vma(mm, moved + 2 * PG)->vm_flags & VM_ACCOUNT);
	mmap_read_unlock(mm);
	fput(zero);
}

static void a_private_zero_device_moves_alone(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *zero = open_zero_device();

	vms_mmap(mm, A, 2 * PG, RW, MAP_PRIVATE | MAP_FIXED, zero, 0);
	vms_mmap(mm, A + 2 * PG, 2 * PG, PROT_READ, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, A, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    A + 0x100000),
			 -EFAULT);
	expect_layout(mm, "20000000-20002000 rw-p 0\n20002000-20004000 r--p 20002\n");
	fput(zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(shrinking_unmaps_the_tail),
		ON_EVERY_ENGINE(growing_in_place_joins_the_next),
		ON_EVERY_ENGINE(moving_takes_the_pages_along),
		ON_EVERY_ENGINE(a_table_made_for_the_target_lies_in_the_source),
		ON_EVERY_ENGINE(moving_a_part_leaves_the_rest),
		ON_EVERY_ENGINE(unwritten_memory_takes_its_new_address_as_offset),
		ON_EVERY_ENGINE(dontunmap_leaves_the_source_empty),
		ON_EVERY_ENGINE(several_mappings_move_together),
		ON_EVERY_ENGINE(requests_that_make_no_sense_are_refused),
		ON_EVERY_ENGINE(shrinking_from_beyond_the_end_is_refused),
		ON_EVERY_ENGINE(moving_below_the_lowest_address_is_refused),
		ON_EVERY_ENGINE(a_last_page_whose_offset_wraps_is_refused),
		ON_EVERY_ENGINE(a_mapping_grows_past_the_last_offset_of_a_file),
		ON_EVERY_ENGINE(locked_memory_that_grows_has_its_pages_at_once),
		ON_EVERY_ENGINE(what_moves_is_never_counted_twice),
		ON_EVERY_ENGINE(a_source_that_is_kept_may_join_its_copy),
		ON_EVERY_ENGINE(a_private_zero_device_is_anonymous_memory),
		ON_EVERY_ENGINE(a_private_zero_device_moves_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
