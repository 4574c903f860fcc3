/* SPDX-License-Identifier: MIT */
/*
 * test_interval_tree.c - the interval tree: edge cases, and random sets
 * compared with a plain array.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "lib/rbtree/interval_tree.h"
#include "lib/rbtree/validate.h"
#include "tests/support/number.h"

/*
 * Keys are computed from other fields, and the node lies in an inner structure,
 * as those of a VMA in its file mapping's tree do.
 */
struct mapping {
	unsigned long pgoff, pages;
	struct {
		struct rb_node rb;
		unsigned long subtree_last;
	} shared;
	int serial; /* order of insertion */
	bool in_tree;
};

#define mapping_first(m) ((m)->pgoff)

static inline unsigned long mapping_last(const struct mapping *m)
{
	return m->pgoff + m->pages - 1;
}

INTERVAL_TREE_DEFINE(struct mapping, shared.rb, unsigned long, shared.subtree_last, mapping_first,
		     mapping_last, static, mappings)

#define mapping_of(node) rb_entry(node, struct mapping, shared.rb)

static bool in_order(const struct rb_node *a, const struct rb_node *b)
{
	const struct mapping *first = mapping_of(a), *second = mapping_of(b);

	return first->pgoff != second->pgoff ? first->pgoff < second->pgoff
					     : first->serial < second->serial;
}

static bool last_right(const struct rb_node *node)
{
	unsigned long last = mapping_last(mapping_of(node));

	if (node->rb_left && mapping_of(node->rb_left)->shared.subtree_last > last)
		last = mapping_of(node->rb_left)->shared.subtree_last;
	if (node->rb_right && mapping_of(node->rb_right)->shared.subtree_last > last)
		last = mapping_of(node->rb_right)->shared.subtree_last;
	return mapping_of(node)->shared.subtree_last == last;
}

static const struct vms__rb_rules rules = {.in_order = in_order, .summary_right = last_right};

static void empty_tree_holds_nothing(void **state)
{
	struct rb_root root = RB_ROOT;

	(void)state;
	assert_null(mappings_iter_first(&root, 0, ULONG_MAX));
}

static void ends_are_inclusive(void **state)
{
	struct rb_root root = RB_ROOT;
	struct mapping m = {.pgoff = 10, .pages = 5};

	(void)state;
	mappings_insert(&m, &root);
	assert_ptr_equal(mappings_iter_first(&root, 14, 20), &m);
	assert_ptr_equal(mappings_iter_first(&root, 0, 10), &m);
	assert_ptr_equal(mappings_iter_first(&root, 12, 12), &m);
	assert_null(mappings_iter_first(&root, 15, 20));
	assert_null(mappings_iter_first(&root, 0, 9));
	assert_null(mappings_iter_next(&m, 0, ULONG_MAX));
}

static void largest_values_are_found(void **state)
{
	struct rb_root root = RB_ROOT;
	struct mapping low = {.pgoff = 0, .pages = 1}, high = {.pgoff = ULONG_MAX, .pages = 1};

	(void)state;
	mappings_insert(&low, &root);
	mappings_insert(&high, &root);
	assert_ptr_equal(mappings_iter_first(&root, ULONG_MAX, ULONG_MAX), &high);
	assert_ptr_equal(mappings_iter_first(&root, 0, 0), &low);
	assert_ptr_equal(mappings_iter_next(&low, 0, ULONG_MAX), &high);
	assert_null(mappings_iter_first(&root, 1, ULONG_MAX - 1));
}

static void long_interval_behind_short_ones_is_found(void **state)
{
	struct rb_root root = RB_ROOT;
	struct mapping m[16] = {0};

	(void)state;
	for (unsigned long i = 0; i < 16; i++) {
		m[i].pgoff = i;
		m[i].pages = i == 3 ? 1000 : 1;
		mappings_insert(&m[i], &root);
	}
	assert_ptr_equal(mappings_iter_first(&root, 500, 600), &m[3]);
	assert_null(mappings_iter_next(&m[3], 500, 600));
	assert_ptr_equal(mappings_iter_first(&root, 14, 600), &m[3]);
	assert_ptr_equal(mappings_iter_next(&m[3], 14, 600), &m[14]);
}

#define MAPPINGS 200
static unsigned int seed;

static unsigned long random_below(unsigned long n)
{
	return (unsigned long)rand_r(&seed) % n;
}

static int by_order(const void *a, const void *b)
{
	const struct mapping *const *x = a, *const *y = b;

	return in_order(&(*x)->shared.rb, &(*y)->shared.rb) ? -1 : 1;
}

/*
 * Searches the array one by one for what intersects [@start, @last], sorts it,
 * and expects the tree's walk to report the same in that order.
 */
static void assert_same_walk(struct rb_root *root, struct mapping *m, unsigned long start,
			     unsigned long last)
{
	struct mapping *expected[MAPPINGS], *found = mappings_iter_first(root, start, last);
	size_t n = 0;

	for (int i = 0; i < MAPPINGS; i++)
		if (m[i].in_tree && mapping_first(&m[i]) <= last && mapping_last(&m[i]) >= start)
			expected[n++] = &m[i];
	qsort(expected, n, sizeof(expected[0]), by_order);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(found, expected[i]);
		found = mappings_iter_next(found, start, last);
	}
	assert_null(found);
}

static void random_sets_walk_as_a_plain_array(void **state)
{
	static struct mapping m[MAPPINGS];
	struct rb_root root = RB_ROOT;
	int serial = 0;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		struct mapping *one = &m[random_below(MAPPINGS)];
		unsigned long start = random_below(600);

		if (one->in_tree) {
			mappings_remove(one, &root);
		} else {
			one->pgoff = random_below(500);
			one->pages = 1 + (random_below(20) ? random_below(10) : random_below(300));
			one->serial = serial++;
			mappings_insert(one, &root);
		}
		one->in_tree = !one->in_tree;
		assert_same_walk(&root, m, start, start + random_below(50));
		if (step % 16 == 0)
			assert_int_equal(vms__rb_validate(&root, &rules, stderr), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_holds_nothing),
		cmocka_unit_test(ends_are_inclusive),
		cmocka_unit_test(largest_values_are_found),
		cmocka_unit_test(long_interval_behind_short_ones_is_found),
		cmocka_unit_test(random_sets_walk_as_a_plain_array),
	};

	seed = (unsigned int)number_of_variable("VMS_SEED", 0, UINT_MAX, (unsigned int)time(NULL));
	printf("seed %u (VMS_SEED=%u replays)\n", seed, seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
