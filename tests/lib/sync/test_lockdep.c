/* SPDX-License-Identifier: MIT */
/*
 * test_lockdep.c - which lock orders the check accepts, and which it stops.
 * BUILD builds it with VMS_DEBUG in every configuration.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "tests/lib/sync/child.h"

static int mmap_a, mmap_b, vma, anon, ptl_a, ptl_b;

static bool stops(void (*fn)(void), const char *first, const char *second)
{
	const char *const words[] = {"lockdep", first, second, NULL};

	return child_aborts_saying(fn, words);
}

static void rising_order_passes(void **state)
{
	(void)state;
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_acquire(VMS__RANK_ANON_VMA, &anon, "anon_vma lock");
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "ptl");
	vms__lockdep_assert_held(&mmap_a);
	vms__lockdep_assert_held(&ptl_a);
	vms__lockdep_assert_not_held(&ptl_b);
	/* Releases need not follow the order: hand-over-hand code does this. */
	vms__lockdep_release(&anon);
	vms__lockdep_release(&mmap_a);
	vms__lockdep_assert_not_held(&mmap_a);
	vms__lockdep_assert_held(&ptl_a);
	vms__lockdep_release(&ptl_a);
	vms__lockdep_assert_none_held();
}

static void take_inverted(void)
{
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "the inner one");
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "the outer one");
}

static void an_inversion_stops_with_both_names(void **state)
{
	(void)state;
	assert_true(stops(take_inverted, "the inner one", "the outer one"));
}

static void take_inverted_behind_another(void)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "ptl");
	vms__lockdep_acquire_try(VMS__RANK_VMA, &vma, "tried VMA");
	vms__lockdep_acquire(VMS__RANK_ANON_VMA, &anon, "anon_vma lock");
}

static void the_innermost_held_counts_not_the_last_taken(void **state)
{
	(void)state;
	assert_true(stops(take_inverted_behind_another, "ptl", "anon_vma lock"));
}

static void take_equal(void)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "parent's");
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_b, "child's");
}

static void equal_rank_stops_unless_nested_is_said(void **state)
{
	(void)state;
	assert_true(stops(take_equal, "parent's", "child's"));
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "parent's");
	vms__lockdep_acquire_nested(VMS__RANK_MMAP, &mmap_b, "child's");
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "ptl");
	vms__lockdep_acquire_nested(VMS__RANK_PTL, &ptl_b, "second ptl");
	vms__lockdep_release(&mmap_a);
	vms__lockdep_release(&mmap_b);
	vms__lockdep_release(&ptl_a);
	vms__lockdep_release(&ptl_b);
	vms__lockdep_assert_none_held();
}

static void take_nested_inverted(void)
{
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "ptl");
	vms__lockdep_acquire_nested(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
}

static void take_twice(void)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_acquire_nested(VMS__RANK_MMAP, &mmap_a, "mmap_lock again");
}

static void nested_excuses_neither_inversion_nor_the_same_lock(void **state)
{
	(void)state;
	assert_true(stops(take_nested_inverted, "ptl", "mmap_lock"));
	assert_true(stops(take_twice, "that it holds", "mmap_lock again"));
}

static void wait_inside_a_tried_lock(void)
{
	vms__lockdep_acquire_try(VMS__RANK_VMA, &vma, "tried VMA");
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
}

static void a_trylock_comes_in_any_order_but_counts_afterwards(void **state)
{
	(void)state;
	vms__lockdep_acquire(VMS__RANK_PTL, &ptl_a, "ptl");
	vms__lockdep_acquire_try(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_release(&mmap_a);
	vms__lockdep_release(&ptl_a);
	assert_true(stops(wait_inside_a_tried_lock, "tried VMA", "mmap_lock"));
}

static void release_unheld(void)
{
	vms__lockdep_release(&mmap_a);
}

static void assert_unheld(void)
{
	vms__lockdep_assert_held(&mmap_a);
}

static void assert_free_though_held(void)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_assert_not_held(&mmap_a);
}

static void assert_nothing_though_held(void)
{
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_assert_none_held();
}

static void hold_too_many(void)
{
	static int locks[1000];

	for (int i = 0; i < 1000; i++)
		vms__lockdep_acquire_nested(VMS__RANK_VMA, &locks[i], "one of many");
}

static void wrong_claims_stop(void **state)
{
	(void)state;
	assert_true(stops(release_unheld, "lets go", "not hold"));
	assert_true(stops(assert_unheld, "must hold", "a lock"));
	assert_true(stops(assert_free_though_held, "must not hold", "mmap_lock"));
	assert_true(stops(assert_nothing_though_held, "no lock", "mmap_lock"));
	assert_true(stops(hold_too_many, "too many", "one of many"));
}

static void *take_outermost(void *arg)
{
	(void)arg;
	vms__lockdep_acquire(VMS__RANK_MMAP, &mmap_a, "mmap_lock");
	vms__lockdep_release(&mmap_a);
	vms__lockdep_assert_none_held();
	return arg;
}

static void each_thread_has_its_own_list(void **state)
{
	pthread_t thread;

	(void)state;
	vms__lockdep_acquire(VMS__RANK_CACHE, &ptl_a, "innermost");
	assert_int_equal(pthread_create(&thread, NULL, take_outermost, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	vms__lockdep_release(&ptl_a);
}

static void break_an_assertion(void)
{
	int one = 1;

	VMS_ASSERT(one == 2);
}

static void hit_a_bug(void)
{
	int one = 1;

	VMS_BUG_ON(one == 1);
}

static void assertions_name_place_and_condition(void **state)
{
	const char *const asserted[] = {"test_lockdep.c", "break_an_assertion", "one == 2", NULL};
	const char *const bug[] = {"test_lockdep.c", "hit_a_bug", "one == 1", NULL};

	(void)state;
	assert_true(child_aborts_saying(break_an_assertion, asserted));
	assert_true(child_aborts_saying(hit_a_bug, bug));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rising_order_passes),
		cmocka_unit_test(an_inversion_stops_with_both_names),
		cmocka_unit_test(the_innermost_held_counts_not_the_last_taken),
		cmocka_unit_test(equal_rank_stops_unless_nested_is_said),
		cmocka_unit_test(nested_excuses_neither_inversion_nor_the_same_lock),
		cmocka_unit_test(a_trylock_comes_in_any_order_but_counts_afterwards),
		cmocka_unit_test(wrong_claims_stop),
		cmocka_unit_test(each_thread_has_its_own_list),
		cmocka_unit_test(assertions_name_place_and_condition),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
