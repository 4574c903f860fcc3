/* SPDX-License-Identifier: MIT */
/*
 * test_gap_schedules.c - concurrent searches for gaps, and a search concurrent
 * with the check of the tree, under every schedule. A search lowers the bounds
 * that misled it: it must not leave a bound that is wrong, nor read one.
 */
#define EXPLORE_HOOKS
#include "tests/lib/sync/explore.h"

#include "lib/maple/gap.c"        /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/maple/isa/scalar.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/maple/validate.c"   /* NOLINT(bugprone-suspicious-include): hooked atomics */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Only here, because <cmocka.h> defines the word fail. */
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/lib/sync/child.h"

/*
 * Entry i covers KEYS keys from KEYS * i on; entry nr_entries covers all keys
 * above.
 */
#define KEYS 9UL
#define FIRST(i) ((i)*KEYS)

static struct maple_tree tree;
static unsigned int nr_entries;
static unsigned int large, small; /* two entries whose leaves have one parent */
static char objects[1 << 14];

static void put(unsigned long first, unsigned long last, void *entry)
{
	MA_STATE(mas, &tree, first, last);

	assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
}

/* Return: the leaf of entry @i; *@parent is its parent. */
static const struct maple_node *leaf_of(unsigned int i, const struct maple_node **parent)
{
	MA_STATE(mas, &tree, FIRST(i), FIRST(i));

	assert_ptr_equal(mas_walk(&mas), &objects[i]);
	*parent = ml_step_node(mas.vms__.parent);
	return mas.node;
}

static bool are_cousins(unsigned int i, unsigned int k)
{
	const struct maple_node *parents[2];
	const struct maple_node *one = leaf_of(i, &parents[0]), *other = leaf_of(k, &parents[1]);

	return one != other && parents[0] == parents[1];
}

/* Makes a tree of @height levels without a gap. */
static void grow(unsigned int height)
{
	mt_init_flags(&tree, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	for (nr_entries = 0; mt_height(&tree) < height || nr_entries % 16; nr_entries++) {
		assert_true(nr_entries < sizeof(objects));
		put(FIRST(nr_entries), FIRST(nr_entries + 1) - 1, &objects[nr_entries]);
	}
	put(FIRST(nr_entries), ULONG_MAX, &objects[nr_entries]);
	large = nr_entries / 2;
	for (small = large + 1; !are_cousins(large, small); small++) {
		/*
		 * Found no cousin: the next leaf is the first of another
		 * parent.
		 */
		if (small == large + 32)
			small = ++large;
	}
}

/*
 * Makes two gaps, of KEYS keys and of KEYS - 1 keys, and fills both again.
 * Their leaves' bounds stay too high, and the bounds above both leaves still
 * promise KEYS.
 */
static void misled(void)
{
	put(FIRST(large), FIRST(large + 1) - 1, NULL);
	put(FIRST(large), FIRST(large + 1) - 1, &objects[large]);
	put(FIRST(small), FIRST(small + 1) - 2, NULL);
	put(FIRST(small), FIRST(small + 1) - 1, &objects[small]);
}

static void look_for(unsigned int at, unsigned long size)
{
	MA_STATE(mas, &tree, 0, 0);

	if (mas_empty_area(&mas, FIRST(at), FIRST(at + 1) - 1, size) != -EBUSY)
		explore_fail("a gap is found where none is");
}

static void look_for_large(void)
{
	look_for(large, KEYS);
}

static void look_for_small(void)
{
	look_for(small, KEYS - 1);
}

static void expect_whole(void)
{
	if (vms_mt_check(&tree, NULL))
		explore_fail("the check finds a fault");
}

static void explore_tree(const struct explore_scenario *scenario, unsigned int height)
{
	const char *failure;
	unsigned long runs;

	grow(height);
	failure = explore(scenario, &runs);
	printf("%lu schedules of a tree of %u levels%s%s\n", runs, height,
	       failure ? "; in the last: " : "", failure ? failure : "");
	if (failure)
		vms_mt_check(&tree, stdout);
	assert_null(failure);
	assert_true(runs > 20);
	__mt_destroy(&tree);
}

/*
 * Symptom: no search finds a gap. Cause: one search lowered an upper bound
 * after another search had raised a bound below it again. A store that makes a
 * gap below both takes the lower node's bound for high enough, stops there, and
 * leaves the upper one too low. This needs four levels.
 */
static void searches_leave_no_bound_above_one_that_is_lower(void **state)
{
	(void)state;
	explore_tree(
		&(const struct explore_scenario){
			misled, expect_whole, {look_for_large, look_for_small}, 1},
		4);
	explore_tree(
		&(const struct explore_scenario){
			misled, expect_whole, {look_for_small, look_for_large}, 1},
		4);
}

static void the_check_finds_no_fault_beside_a_search(void **state)
{
	(void)state;
	explore_tree(
		&(const struct explore_scenario){
			misled, look_for_small, {expect_whole, look_for_large}, 1},
		3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_leave_no_bound_above_one_that_is_lower),
		cmocka_unit_test(the_check_finds_no_fault_beside_a_search),
	};

	assert_true(vms_mt_set_simd("scalar"));
	alarm(WATCHDOG_SECONDS);
	return _cmocka_run_group_tests("tests", tests, sizeof(tests) / sizeof(tests[0]), NULL,
				       NULL);
}
