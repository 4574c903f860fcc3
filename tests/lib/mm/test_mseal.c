/* SPDX-License-Identifier: MIT */
/*
 * test_mseal.c - sealed mappings: what is refused, with which error, what is
 * still allowed, and what a refused call leaves behind.
 */
#include <errno.h>

#include "lib/sync/alloc.h"
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

static bool sealed(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool is;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	assert_non_null(vma);
	is = vma->vm_flags & VM_SEALED;
	mmap_read_unlock(mm);
	return is;
}

/* Maps five pages and seals the one in the middle. */
static void seal_the_middle(struct mm_struct *mm)
{
	map(mm, 0, 5, RW);
	assert_int_equal(vms_mseal(mm, BASE + 2 * PG, PG, 0), 0);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n20002000-20003000 rw-p "
			  "20002\n20003000-20005000 rw-p 20003\n");
}

static void a_seal_splits_and_merges_as_any_flag(void **state)
{
	struct mm_struct *mm = mm_of(state);

	seal_the_middle(mm);
	assert_true(sealed(mm, BASE + 2 * PG));
	assert_false(sealed(mm, BASE));
	assert_false(sealed(mm, BASE + 3 * PG));
	assert_int_equal(vms_mseal(mm, BASE + PG, 2 * PG, 0), 0);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20003000 rw-p "
			  "20001\n20003000-20005000 rw-p 20003\n");
	assert_int_equal(vms_mseal(mm, BASE, 5 * PG, 0), 0);
	expect_layout(mm, "20000000-20005000 rw-p 20000\n");
	assert_int_equal(vms_mseal(mm, BASE, 5 * PG, 0), 0);
}

static void a_hole_leaves_all_of_the_range_unsealed(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	map(mm, 3, 2, RW);
	assert_int_equal(vms_mseal(mm, BASE + PG, 4 * PG, 0), -ENOMEM);
	assert_int_equal(vms_mseal(mm, BASE + 2 * PG, PG, 0), -ENOMEM);
	assert_int_equal(vms_mseal(mm, BASE + 4 * PG, 2 * PG, 0), -ENOMEM);
	assert_false(sealed(mm, BASE + PG));
	assert_false(sealed(mm, BASE + 4 * PG));
	expect_layout(mm, "20000000-20002000 rw-p 20000\n20003000-20005000 rw-p 20003\n");
}

static void senseless_requests_are_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 1, RW);
	assert_int_equal(vms_mseal(mm, BASE, PG, 1), -EINVAL);
	assert_int_equal(vms_mseal(mm, BASE + 1, 0, 0), -EINVAL);
	assert_int_equal(vms_mseal(mm, BASE, -1UL, 0), -EINVAL);
	assert_int_equal(vms_mseal(mm, BASE, -PG, 0), -EINVAL);
	assert_int_equal(vms_mseal(mm, BASE, 0, 0), 0);
	assert_false(sealed(mm, BASE));
	assert_int_equal(vms_mseal(mm, BASE, 5, 0), 0); /* rounded up */
	assert_true(sealed(mm, BASE));
}

static void unmapping_is_refused_whole(void **state)
{
	struct mm_struct *mm = mm_of(state);

	seal_the_middle(mm);
	assert_int_equal(vms_munmap(mm, BASE + 2 * PG, PG), -EPERM);
	assert_int_equal(vms_munmap(mm, BASE, 5 * PG), -EPERM);
	/* The split at the start stays, as on Linux. */
	assert_int_equal(vms_munmap(mm, BASE + PG, 3 * PG), -EPERM);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p "
			  "20001\n20002000-20003000 rw-p 20002\n"
			  "20003000-20005000 rw-p 20003\n");
}

static void mapping_over_it_is_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	seal_the_middle(mm);
	assert_int_equal(vms_mmap(mm, BASE + 2 * PG, PG, RW, FIXED, NULL, 0), -EPERM);
	assert_int_equal(vms_mmap(mm, BASE, 5 * PG, RW, FIXED, NULL, 0), -EPERM);
	assert_int_equal(vms_mmap(mm, BASE + 2 * PG, PG, RW, ANON | MAP_FIXED_NOREPLACE, NULL, 0),
			 -EEXIST);
	map(mm, 16, 2, RW);
	assert_int_equal(vms_mremap(mm, BASE + 16 * PG, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    BASE + 2 * PG),
			 -EPERM);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n20002000-20003000 rw-p "
			  "20002\n20003000-20005000 rw-p 20003\n"
			  "20010000-20012000 rw-p 20010\n");
}

static void protecting_is_refused_even_to_the_same(void **state)
{
	struct mm_struct *mm = mm_of(state);

	seal_the_middle(mm);
	assert_int_equal(vms_mprotect(mm, BASE + 2 * PG, PG, RW), -EPERM);
	/* The range before the sealed page has changed. */
	assert_int_equal(vms_mprotect(mm, BASE + PG, 4 * PG, PROT_READ), -EPERM);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 r--p "
			  "20001\n20002000-20003000 rw-p 20002\n"
			  "20003000-20005000 rw-p 20003\n");
}

static void moving_growing_and_shrinking_are_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	vms_mseal(mm, BASE, 2 * PG, 0);
	assert_int_equal(vms_mremap(mm, BASE, PG, PG, 0, 0), -EPERM);
	assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 4 * PG, MREMAP_MAYMOVE, 0), -EPERM);
	assert_int_equal(vms_mremap(mm, BASE, 2 * PG, PG, 0, 0), -EPERM);
	assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0),
			 -EPERM);
	assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    BASE + 8 * PG),
			 -EPERM);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n");
}

static void the_break_does_not_shrink_over_it(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_brk(mm, 0x10004000);
	vms_mseal(mm, 0x10002000, PG, 0);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10004000);
	assert_int_equal(vms_brk(mm, 0x10003000), 0x10003000);
	/* Beyond the sealed part the break grows by a VMA of its own. */
	assert_int_equal(vms_brk(mm, 0x10005000), 0x10005000);
	assert_false(sealed(mm, 0x10004000));
}

static void advice_that_throws_pages_away_is_refused_where_they_are_read_only(void **state)
{
	static const int discarding[] = {MADV_DONTNEED, MADV_FREE, MADV_DONTFORK, MADV_WIPEONFORK};
	static const int harmless[] = {MADV_DOFORK, MADV_NOHUGEPAGE, MADV_DONTDUMP,
				       MADV_COLD,   MADV_WILLNEED,   MADV_RANDOM};
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(4, true);
	unsigned long word;

	map(mm, 0, 1, RW);
	vms_write_word(mm, BASE, 7);
	vms_mprotect(mm, BASE, PG, PROT_READ);
	vms_mseal(mm, BASE, PG, 0);
	for (size_t i = 0; i < sizeof(discarding) / sizeof(discarding[0]); i++)
		assert_int_equal(vms_madvise(mm, BASE, PG, discarding[i]), -EPERM);
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		assert_int_equal(vms_madvise(mm, BASE, PG, harmless[i]), 0);
	assert_int_equal(vms_read_word(mm, BASE, &word), VMS_FAULT_OK);
	assert_int_equal(word, 7);

	/*
	 * Discarding is allowed where a write is allowed, and where a file's
	 * pages can come back.
	 */
	map(mm, 2, 1, RW);
	vms_mseal(mm, BASE + 2 * PG, PG, 0);
	assert_int_equal(vms_madvise(mm, BASE + 2 * PG, PG, MADV_DONTNEED), 0);
	vms_mmap(mm, BASE + 4 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mseal(mm, BASE + 4 * PG, PG, 0);
	assert_int_equal(vms_madvise(mm, BASE + 4 * PG, PG, MADV_DONTNEED), 0);
	assert_int_equal(vms_madvise(mm, BASE + 4 * PG, PG, MADV_DONTFORK), 0);
	fput(file);
}

static void locking_touching_growing_and_forking_are_free(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;

	map(mm, 0, 2, RW);
	vms_mseal(mm, BASE, 2 * PG, 0);
	assert_int_equal(vms_write_word(mm, BASE, 1), VMS_FAULT_OK);
	assert_int_equal(vms_mlock(mm, BASE, PG), 0);
	assert_int_equal(vms_munlock(mm, BASE, PG), 0);
	vms_mmap(mm, 0x30000000, PG, RW, FIXED | MAP_GROWSDOWN, NULL, 0);
	vms_mseal(mm, 0x30000000, PG, 0);
	assert_int_equal(vms_fault(mm, 0x30000000 - 2 * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_true(sealed(child, BASE));
	assert_int_equal(vms_munmap(child, BASE, PG), -EPERM);
	mmput(child);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n2fffe000-30001000 rw-p 2fffe\n");
}

/*
 * Each allocation of a seal in the middle of a VMA fails in turn: nothing is
 * sealed then, and everything is still mapped.
 */
static void no_memory_leaves_it_unsealed(void **state)
{
	struct mm_struct *mm = mm_of(state);
	long n;

	for (n = 1; n < 100; n++) {
		long asked;
		int err;

		map(mm, 0, 8, RW);
		vms_fault(mm, BASE, FAULT_FLAG_WRITE);
		vms__alloc_fail_nth(n);
		err = vms_mseal(mm, BASE + 2 * PG, 3 * PG, 0);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		assert_int_equal(err, asked < n ? 0 : -ENOMEM);
		for (unsigned long i = 0; i < 8; i++)
			assert_int_equal(sealed(mm, BASE + i * PG), asked < n && i >= 2 && i < 5);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		if (asked < n)
			break;
		assert_int_equal(vms_munmap(mm, BASE, 8 * PG), 0);
	}
	assert_in_range(n, 3, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_seal_splits_and_merges_as_any_flag),
		ON_EVERY_ENGINE(a_hole_leaves_all_of_the_range_unsealed),
		ON_EVERY_ENGINE(senseless_requests_are_refused),
		ON_EVERY_ENGINE(unmapping_is_refused_whole),
		ON_EVERY_ENGINE(mapping_over_it_is_refused),
		ON_EVERY_ENGINE(protecting_is_refused_even_to_the_same),
		ON_EVERY_ENGINE(moving_growing_and_shrinking_are_refused),
		ON_EVERY_ENGINE(the_break_does_not_shrink_over_it),
		ON_EVERY_ENGINE(advice_that_throws_pages_away_is_refused_where_they_are_read_only),
		ON_EVERY_ENGINE(locking_touching_growing_and_forking_are_free),
		ON_EVERY_ENGINE(no_memory_leaves_it_unsealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
