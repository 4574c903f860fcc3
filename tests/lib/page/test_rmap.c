/* SPDX-License-Identifier: MIT */
/*
 * test_rmap.c - which VMAs share an anon_vma: rules 4 to 6 of Linux's
 * layout, checked here by comparing pointers; and the counts that those rules
 * depend on.
 */
#include "tests/lib/page/world.h"

#include "lib/page/rmap/rmap.h"
#include "lib/sync/alloc.h"
#include "lib/sync/list.h"

#define A 0x7f0000000000UL

static struct anon_vma *anon_vma_at(struct mm_struct *mm, unsigned long addr)
{
	return vma_anon_vma(vma_at(mm, addr));
}

static size_t chain_length(const struct vm_area_struct *vma)
{
	const struct list_head *pos;
	size_t nr = 0;

	list_for_each(pos, &vma->anon_vma_chain)
		nr++;
	return nr;
}

static bool is_fork_child(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_at(mm, addr);
	bool answer;

	mmap_read_lock(mm);
	answer = vms__anon_vma_is_fork_child(vma);
	mmap_read_unlock(mm);
	return answer;
}

/* ---- prepare: rule 4 ---- */

/*
 * Maps three adjacent VMAs with these flags, and writes to the outer two.
 * Return: the anon_vma that the middle one then gets.
 */
static struct anon_vma *middle_gets(struct mm_struct *mm, vm_flags_t below, vm_flags_t middle,
				    vm_flags_t above)
{
	struct anon_vma *got;

	world_map(mm, A, 1, below, NULL, 0);
	world_map(mm, A + 2 * PG, 1, above, NULL, 0);
	world_write(mm, A, 1);
	world_write(mm, A + 2 * PG, 1);
	assert_ptr_not_equal(anon_vma_at(mm, A), anon_vma_at(mm, A + 2 * PG));
	world_map(mm, A + PG, 1, middle, NULL, 0);
	world_write(mm, A + PG, 1);
	got = anon_vma_at(mm, A + PG);
	assert_int_equal(validate(mm, stderr), 0);
	return got;
}

static void first_write_takes_the_anon_vma_of_the_vma_above(void **state)
{
	struct mm_struct *mm = *state;
	struct anon_vma *got = middle_gets(mm, RW_PRIVATE, RW_PRIVATE, RW_PRIVATE);

	assert_ptr_equal(got, anon_vma_at(mm, A + 2 * PG));
	assert_int_equal(anon_vma_at(mm, A + 2 * PG)->num_active_vmas, 2);
}

static void else_that_of_the_vma_below(void **state)
{
	struct mm_struct *mm = *state;
	struct anon_vma *got = middle_gets(mm, RW_PRIVATE, RW_PRIVATE, RW_PRIVATE | VM_DONTDUMP);

	assert_ptr_equal(got, anon_vma_at(mm, A));
}

static void else_a_new_one(void **state)
{
	struct mm_struct *mm = *state;
	struct anon_vma *got =
		middle_gets(mm, RW_PRIVATE | VM_ACCOUNT, RW_PRIVATE, RW_PRIVATE | VM_DONTDUMP);

	assert_ptr_not_equal(got, anon_vma_at(mm, A));
	assert_ptr_not_equal(got, anon_vma_at(mm, A + 2 * PG));
}

static void rights_make_no_difference_to_sharing(void **state)
{
	struct mm_struct *mm = *state;
	struct anon_vma *got =
		middle_gets(mm, RW_PRIVATE, RW_PRIVATE | VM_EXEC | VM_MAYBE_GUARD, RW_PRIVATE);

	assert_ptr_equal(got, anon_vma_at(mm, A + 2 * PG));
}

static void neighbour_must_touch_and_continue_the_offsets(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *above;

	world_map_anon(mm, A, 1);
	world_map_anon(mm, A + 2 * PG, 1);
	world_write(mm, A + 2 * PG, 1);
	world_write(mm, A, 1);
	assert_ptr_not_equal(anon_vma_at(mm, A), anon_vma_at(mm, A + 2 * PG));

	world_map_anon(mm, A + GIB, 1);
	above = world_map_anon(mm, A + GIB + PG, 1);
	above->vm_pgoff += 7;
	world_write(mm, A + GIB + PG, 1);
	world_write(mm, A + GIB, 1);
	assert_ptr_not_equal(anon_vma_at(mm, A + GIB), anon_vma_at(mm, A + GIB + PG));
}

static void neighbour_must_map_the_same_opening_of_the_file(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0),
		    *again = vms_file_open(file->f_mapping, "/tmp/file", FMODE_READ);

	world_map(mm, A, 1, RW_PRIVATE, file, 0);
	world_map(mm, A + PG, 1, RW_PRIVATE, again, 1);
	world_map(mm, A + 2 * PG, 1, RW_PRIVATE, again, 2);
	world_write(mm, A + PG, 1);
	world_write(mm, A, 1);
	world_write(mm, A + 2 * PG, 1);
	assert_ptr_not_equal(anon_vma_at(mm, A), anon_vma_at(mm, A + PG));
	assert_ptr_equal(anon_vma_at(mm, A + 2 * PG), anon_vma_at(mm, A + PG));
	fput(file);
	fput(again);
}

static void neighbour_that_came_by_fork_shares_with_nobody(void **state)
{
	struct mm_struct *mm = *state, *child;

	world_map_anon(mm, A, 1);
	world_map_anon(mm, A + PG, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	assert_true(is_fork_child(child, A));
	assert_false(is_fork_child(mm, A));
	assert_false(is_fork_child(child, A + PG));
	world_write(child, A + PG, 1);
	assert_ptr_not_equal(anon_vma_at(child, A), anon_vma_at(child, A + PG));
	/* The fork does not affect the parent. */
	world_write(mm, A + PG, 1);
	assert_ptr_equal(anon_vma_at(mm, A), anon_vma_at(mm, A + PG));
	mm_destroy(child);
}

/* ---- clone: rule 5 ---- */

static void halves_of_a_split_share_one_anon_vma(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *lower = world_map_anon(mm, A, 4), *upper;

	world_write(mm, A, 1);
	world_write(mm, A + 3 * PG, 2);
	upper = vma_split(lower, A + 2 * PG);
	assert_ptr_equal(vma_anon_vma(upper), vma_anon_vma(lower));
	assert_int_equal(vma_anon_vma(lower)->num_active_vmas, 2);
	assert_int_equal(validate(mm, stderr), 0);
	vma_unmap(lower);
	assert_int_equal(vma_anon_vma(upper)->num_active_vmas, 1);
	assert_int_equal(world_read(mm, A + 3 * PG), 2);
	assert_int_equal(validate(mm, stderr), 0);
}

static void clone_of_an_unfaulted_vma_links_nothing(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *lower = world_map_anon(mm, A, 4),
			      *upper = vma_split(lower, A + 2 * PG);

	assert_null(vma_anon_vma(upper));
	assert_int_equal(chain_length(upper), 0);
}

static void clone_that_is_undone_leaves_no_trace(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct vm_area_struct *src, *dst;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	src = vma_at(child, A);
	dst = world_map_anon(child, A + PG, 1);
	mmap_write_lock(child);
	vma_start_write(dst);
	assert_int_equal(vms__anon_vma_clone(dst, src), 0);
	assert_int_equal(chain_length(dst), 2);
	assert_ptr_equal(vma_anon_vma(dst), vma_anon_vma(src));
	vms__anon_vma_unlink(dst);
	assert_null(vma_anon_vma(dst));
	assert_int_equal(chain_length(dst), 0);
	assert_int_equal(vma_anon_vma(src)->num_active_vmas, 1);
	/* Let each allocation fail in turn. */
	for (long n = 1; n <= 2; n++) {
		vms__alloc_fail_nth(n);
		assert_int_equal(vms__anon_vma_clone(dst, src), -ENOMEM);
		vms__alloc_fail_nth(0);
		assert_null(vma_anon_vma(dst));
		assert_int_equal(chain_length(dst), 0);
	}
	mmap_write_unlock(child);
	assert_int_equal(validate(child, stderr), 0);
	mm_destroy(child);
}

/* ---- fork: rule 6 ---- */

static void every_faulted_vma_of_a_child_has_its_own_child_anon_vma(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct anon_vma *parents, *lower, *upper;

	world_map_anon(mm, A, 4);
	world_write(mm, A, 1);
	vma_split(vma_at(mm, A), A + 2 * PG);
	parents = anon_vma_at(mm, A);
	child = mm_fork(mm);
	lower = anon_vma_at(child, A);
	upper = anon_vma_at(child, A + 2 * PG);
	assert_ptr_not_equal(lower, upper);
	assert_ptr_not_equal(lower, parents);
	assert_ptr_equal(lower->parent, parents);
	assert_ptr_equal(lower->root, parents);
	assert_int_equal(parents->num_children, 3); /* itself, and two others */
	assert_int_equal(chain_length(vma_at(child, A)), 2);
	/* Halves that are split after the fork share one. */
	vma_split(vma_at(child, A), A + PG);
	assert_ptr_equal(anon_vma_at(child, A + PG), lower);
	assert_int_equal(lower->num_active_vmas, 2);
	mm_destroy(child);
	assert_int_equal(parents->num_children, 1);
	assert_int_equal(parents->num_active_vmas, 2);
}

static void unfaulted_vma_of_a_child_is_not_linked(void **state)
{
	struct mm_struct *mm = *state, *child;

	world_map_anon(mm, A, 1);
	assert_int_equal(world_read(mm, A), 0);
	child = mm_fork(mm);
	assert_null(anon_vma_at(child, A));
	assert_int_equal(chain_length(vma_at(child, A)), 0);
	mm_destroy(child);
}

/*
 * The child's anon_vma has lost its VMA, but the grandchild is still linked to
 * it: the grandchild's next fork takes it over.
 */
static void fork_takes_an_abandoned_ancestor_instead_of_a_new_anon_vma(void **state)
{
	struct mm_struct *mm = *state, *child, *grandchild, *last;
	struct anon_vma *abandoned;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	grandchild = mm_fork(child);
	abandoned = anon_vma_at(child, A);
	mm_destroy(child);
	assert_int_equal(abandoned->num_active_vmas, 0);
	last = mm_fork(grandchild);
	assert_ptr_equal(anon_vma_at(last, A), abandoned);
	assert_int_equal(abandoned->num_active_vmas, 1);
	assert_int_equal(chain_length(vma_at(last, A)), 3);
	/* It still counts as the child of a fork. */
	assert_true(is_fork_child(last, A));
	assert_int_equal(validate(last, stderr), 0);
	mm_destroy(last);
	mm_destroy(grandchild);
}

static void ancestor_with_two_children_is_not_taken(void **state)
{
	struct mm_struct *mm = *state, *child, *one, *two, *last;
	struct anon_vma *abandoned;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	one = mm_fork(child);
	two = mm_fork(child);
	abandoned = anon_vma_at(child, A);
	mm_destroy(child);
	assert_int_equal(abandoned->num_children, 2);
	last = mm_fork(one);
	assert_ptr_not_equal(anon_vma_at(last, A), abandoned);
	mm_destroy(last);
	mm_destroy(two);
	mm_destroy(one);
}

/*
 * Symptom: chains grow without end. Cause: each fork of a chain in which every
 * parent exits adds an anon_vma.
 */
static void endless_forking_keeps_the_chain_short(void **state)
{
	struct mm_struct *mm = *state, *child = NULL;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	for (int i = 0; i < 50; i++) {
		struct mm_struct *next = mm_fork(child ? child : mm);

		assert_non_null(next);
		if (child)
			mm_destroy(child);
		child = next;
		world_write(child, A, 2);
	}
	assert_true(chain_length(vma_at(child, A)) <= 4);
	mm_destroy(child);
}

static void reused_page_belongs_to_its_last_owner(void **state)
{
	struct mm_struct *mm = *state, *child;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	assert_ptr_equal(atomic_load(&page_at(child, A)->mapping), anon_vma_at(mm, A));
	vma_unmap(vma_at(mm, A));
	world_write(child, A, 2);
	assert_ptr_equal(atomic_load(&page_at(child, A)->mapping), anon_vma_at(child, A));
	mm_destroy(child);
}

/* ---- from a page to its VMAs ---- */

struct found {
	int nr;
	struct vm_area_struct *vma[8];
	unsigned long addr[8];
};

static int note(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct found *found = arg;

	found->vma[found->nr] = vma;
	found->addr[found->nr] = addr;
	return ++found->nr == 8;
}

static void reverse_lookup_finds_every_vma_that_may_map_the_page(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct found found = {0};

	world_map_anon(mm, A, 4);
	world_write(mm, A + 3 * PG, 1);
	vma_split(vma_at(mm, A), A + 2 * PG); /* the lower half has the anon_vma, not the page */
	child = mm_fork(mm);
	assert_int_equal(vms__rmap_walk_anon(page_at(mm, A + 3 * PG), note, &found), 0);
	assert_int_equal(found.nr, 2);
	assert_ptr_equal(found.vma[0], vma_at(mm, A + 3 * PG));
	assert_ptr_equal(found.vma[1], vma_at(child, A + 3 * PG));
	assert_int_equal(found.addr[0], A + 3 * PG);
	/* A page that the child writes is mapped by the child only. */
	world_write(child, A + 3 * PG, 2);
	found.nr = 0;
	assert_int_equal(vms__rmap_walk_anon(page_at(child, A + 3 * PG), note, &found), 0);
	assert_int_equal(found.nr, 1);
	assert_ptr_equal(found.vma[0], vma_at(child, A + 3 * PG));
	mm_destroy(child);
}

/*
 * Symptom: a page leads to another area's anon_vma. Cause: the memory of a
 * freed anon_vma is reused at once, and the page still points there. An
 * unmapped page must lead to no anon_vma.
 */
static void unmapped_page_leads_to_no_anon_vma(void **state)
{
	struct mm_struct *mm = *state;
	struct anon_vma *pinned;
	struct page *page;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	page = page_at(mm, A);
	vms__page_get(page);
	pinned = vms__page_pin_anon_vma(page);
	assert_ptr_equal(pinned, anon_vma_at(mm, A));
	vms__anon_vma_unpin(pinned);
	vma_unmap(vma_at(mm, A));
	assert_null(vms__page_pin_anon_vma(page));

	world_map_anon(mm, A + GIB, 1);
	world_write(mm, A + GIB, 1);
	/* The new anon_vma must lie in the old one's memory. */
	assert_ptr_equal(anon_vma_at(mm, A + GIB), atomic_load(&page->mapping));
	assert_null(vms__page_pin_anon_vma(page));
	assert_int_equal(atomic_load(&anon_vma_at(mm, A + GIB)->refcount), 1);
	vms__page_put(page);
}

static void pinned_anon_vma_outlives_its_vmas(void **state)
{
	struct mm_struct *mm = *state, *child;
	struct anon_vma *pinned;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	world_write(child, A, 2);
	pinned = vms__page_pin_anon_vma(page_at(child, A));
	assert_ptr_not_equal(pinned, pinned->root);
	mm_destroy(child);
	vma_unmap(vma_at(mm, A));
	/*
	 * The last reference to the child's anon_vma must keep the root too,
	 * because it uses the root's lock.
	 */
	vms__anon_vma_lock(pinned);
	vms__anon_vma_unlock(pinned);
	vms__anon_vma_unpin(pinned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(first_write_takes_the_anon_vma_of_the_vma_above),
		ON_BOTH_LOCKS(else_that_of_the_vma_below),
		ON_BOTH_LOCKS(else_a_new_one),
		ON_BOTH_LOCKS(rights_make_no_difference_to_sharing),
		ON_BOTH_LOCKS(neighbour_must_touch_and_continue_the_offsets),
		ON_BOTH_LOCKS(neighbour_must_map_the_same_opening_of_the_file),
		ON_BOTH_LOCKS(neighbour_that_came_by_fork_shares_with_nobody),
		ON_BOTH_LOCKS(halves_of_a_split_share_one_anon_vma),
		ON_BOTH_LOCKS(clone_of_an_unfaulted_vma_links_nothing),
		ON_BOTH_LOCKS(clone_that_is_undone_leaves_no_trace),
		ON_BOTH_LOCKS(every_faulted_vma_of_a_child_has_its_own_child_anon_vma),
		ON_BOTH_LOCKS(unfaulted_vma_of_a_child_is_not_linked),
		ON_BOTH_LOCKS(fork_takes_an_abandoned_ancestor_instead_of_a_new_anon_vma),
		ON_BOTH_LOCKS(ancestor_with_two_children_is_not_taken),
		ON_BOTH_LOCKS(endless_forking_keeps_the_chain_short),
		ON_BOTH_LOCKS(reused_page_belongs_to_its_last_owner),
		ON_BOTH_LOCKS(reverse_lookup_finds_every_vma_that_may_map_the_page),
		ON_BOTH_LOCKS(unmapped_page_leads_to_no_anon_vma),
		ON_BOTH_LOCKS(pinned_anon_vma_outlives_its_vmas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
