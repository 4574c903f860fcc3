/* SPDX-License-Identifier: MIT */
/*
 * test_iterate.c - vma_next() and vma_prev(): a walk goes by addresses, however
 * the map changes between its steps.
 */
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define PAGES 400UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

/*
 * Maps pages with a hole between any two, so that none merge: several full
 * leaves.
 */
static void map_apart(struct mm_struct *mm)
{
	for (unsigned long page = 0; page < PAGES; page += 2)
		assert_int_equal(vms_mmap(mm, BASE + page * PG, PG, RW, FIXED, NULL, 0),
				 BASE + page * PG);
}

/* A cursor and three words, as aligned as the cursor is. */
_Static_assert(sizeof(struct vma_iterator) <= 160, "an iterator is small");

static void a_walk_meets_each_vma_once(void **state)
{
	struct mm_struct *mm = mm_of(state);
	VMA_ITERATOR(up, mm, BASE + PG);
	VMA_ITERATOR(down, mm, BASE + PAGES * PG);
	struct vm_area_struct *vma;
	unsigned long page = 2;

	map_apart(mm);
	mmap_read_lock(mm);
	for_each_vma_range(up, vma, BASE + (PAGES - 2) * PG) {
		assert_int_equal(vma->vm_start, BASE + page * PG);
		assert_int_equal(up.addr, vma->vm_end);
		page += 2;
	}
	assert_int_equal(page, PAGES - 2);
	assert_null(vma_next(&up));
	assert_null(vma_next(&up));
	for (page = PAGES; page; page -= 2) {
		vma = vma_prev(&down);
		assert_int_equal(vma->vm_start, BASE + (page - 2) * PG);
	}
	assert_null(vma_prev(&down));
	assert_null(vma_prev(&down));
	assert_int_equal(vma_next(&down)->vm_start, BASE);
	assert_int_equal(vma_next(&down)->vm_start, BASE + 2 * PG);
	assert_int_equal(vma_prev(&down)->vm_start, BASE + 2 * PG);
	assert_int_equal(vma_next(&down)->vm_start, BASE + 2 * PG);
	mmap_read_unlock(mm);
}

static void a_walk_over_nothing_ends_at_once(void **state)
{
	struct mm_struct *mm = mm_of(state);
	VMA_ITERATOR(vmi, mm, 0);

	mmap_read_lock(mm);
	assert_null(vma_next(&vmi));
	assert_null(vma_prev(&vmi));
	mmap_read_unlock(mm);
	map_apart(mm);
	mmap_read_lock(mm);
	assert_int_equal(vma_next(&vmi)->vm_start, BASE);
	mmap_read_unlock(mm);
}

static void change(struct mm_struct *mm, unsigned int *seed)
{
	unsigned long page = (unsigned long)rand_r(seed) % PAGES,
		      len = (1 + (unsigned long)rand_r(seed) % 4) * PG;
	unsigned long addr = BASE + page * PG;

	switch (rand_r(seed) % 4) {
	case 0:
		vms_munmap(mm, addr, len);
		break;
	case 1:
		vms_mprotect(mm, addr, len, rand_r(seed) % 2 ? PROT_READ : RW);
		break;
	default:
		vms_mmap(mm, addr, len, RW, FIXED, NULL, 0);
	}
}

/*
 * Each step must return what a search from its address returns, whether or not
 * the map changed, and whether or not mmap_lock was released meanwhile.
 */
static void a_step_is_a_search(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned int seed = 20261121;

	map_apart(mm);
	for (unsigned int round = 0; round < 200; round++) {
		VMA_ITERATOR(vmi, mm, BASE);
		const unsigned int calm = 1 + round % 20; /* steps between changes */

		mmap_read_lock(mm);
		for (unsigned int i = 0; i < 2 * PAGES; i++) {
			struct vm_area_struct *expected, *got;

			if (rand_r(&seed) % calm == 0) {
				mmap_read_unlock(mm);
				change(mm, &seed);
				mmap_read_lock(mm);
			} else if (rand_r(&seed) % 8 == 0) {
				mmap_read_unlock(mm);
				mmap_read_lock(mm);
			}
			if (rand_r(&seed) % 10 == 0) {
				find_vma_prev(mm, vmi.addr, &expected);
				/*
				 * The VMA that contains the address begins
				 * below the address too.
				 */
				got = find_vma(mm, vmi.addr);
				if (got && got->vm_start < vmi.addr)
					expected = got;
				got = vma_prev(&vmi);
			} else {
				expected = find_vma(mm, vmi.addr);
				got = vma_next(&vmi);
			}
			assert_ptr_equal(got, expected);
			if (!got)
				break;
		}
		mmap_read_unlock(mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_walk_meets_each_vma_once),
		ON_EVERY_ENGINE(a_walk_over_nothing_ends_at_once),
		ON_EVERY_ENGINE(a_step_is_a_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
