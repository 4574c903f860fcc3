/* SPDX-License-Identifier: MIT */
/*
 * test_rbtree.c - the red-black tree: compared with a sorted array, and through
 * every shape that few nodes can have, with and without a summary. The
 * validator is tested with trees that are damaged on purpose.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "lib/rbtree/rbtree_impl.h"
#include "lib/rbtree/validate.h"
#include "tests/support/number.h"

struct item {
	long key;
	long weight;
	struct rb_node rb;
	long heaviest; /* of the subtree */
	bool in_tree;
};

#define item_of(node) rb_entry(node, struct item, rb)

static long item_weight(const struct item *item)
{
	return item->weight;
}

RB_DECLARE_CALLBACKS_MAX(static, augment, struct item, rb, long, heaviest, item_weight);

static bool in_order(const struct rb_node *a, const struct rb_node *b)
{
	return item_of(a)->key <= item_of(b)->key;
}

static bool heaviest_right(const struct rb_node *node)
{
	const struct item *item = item_of(node);
	long max = item->weight;

	if (node->rb_left && item_of(node->rb_left)->heaviest > max)
		max = item_of(node->rb_left)->heaviest;
	if (node->rb_right && item_of(node->rb_right)->heaviest > max)
		max = item_of(node->rb_right)->heaviest;
	return item->heaviest == max;
}

static void print_key(const struct rb_node *node, FILE *out)
{
	fprintf(out, "key %ld", item_of(node)->key);
}

static const struct vms__rb_rules plain_rules = {.in_order = in_order, .print = print_key};
static const struct vms__rb_rules augmented_rules = {
	.in_order = in_order, .summary_right = heaviest_right, .print = print_key};

static struct rb_node **find_link(struct rb_root *root, const struct item *item,
				  struct rb_node **parent, bool augmented)
{
	struct rb_node **link = &root->rb_node;

	*parent = NULL;
	while (*link) {
		struct item *up = item_of(*link);

		*parent = *link;
		if (augmented && up->heaviest < item->weight)
			up->heaviest = item->weight;
		link = item->key < up->key ? &up->rb.rb_left : &up->rb.rb_right;
	}
	return link;
}

static void plain_insert(struct rb_root *root, struct item *item)
{
	struct rb_node *parent, **link = find_link(root, item, &parent, false);

	rb_link_node(&item->rb, parent, link);
	rb_insert_color(&item->rb, root);
	item->in_tree = true;
}

static void augmented_insert(struct rb_root *root, struct item *item)
{
	struct rb_node *parent, **link = find_link(root, item, &parent, true);

	item->heaviest = item->weight;
	rb_link_node(&item->rb, parent, link);
	rb_insert_augmented(&item->rb, root, &augment);
	item->in_tree = true;
}

static void plain_erase(struct rb_root *root, struct item *item)
{
	rb_erase(&item->rb, root);
	item->in_tree = false;
}

static void augmented_erase(struct rb_root *root, struct item *item)
{
	rb_erase_augmented(&item->rb, root, &augment);
	item->in_tree = false;
}

/*
 * Asserts that the tree holds exactly the marked items, whose keys are their
 * indexes. Walks it in both directions.
 */
static void assert_holds(const struct rb_root *root, const struct item *items, int n)
{
	const struct rb_node *node = rb_first(root);

	for (int i = 0; i < n; i++) {
		if (!items[i].in_tree)
			continue;
		assert_ptr_equal(node, &items[i].rb);
		node = rb_next(node);
	}
	assert_null(node);
	node = rb_last(root);
	for (int i = n; i-- > 0;) {
		if (!items[i].in_tree)
			continue;
		assert_ptr_equal(node, &items[i].rb);
		node = rb_prev(node);
	}
	assert_null(node);
}

static void empty_tree_has_no_first_and_no_last(void **state)
{
	struct rb_root root = RB_ROOT;

	(void)state;
	assert_true(RB_EMPTY_ROOT(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
	assert_null(rb_first_postorder(&root));
	assert_int_equal(vms__rb_validate(&root, &plain_rules, stderr), 0);
}

static void cleared_node_is_in_no_tree(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item item = {.key = 1};

	(void)state;
	RB_CLEAR_NODE(&item.rb);
	assert_true(RB_EMPTY_NODE(&item.rb));
	assert_null(rb_next(&item.rb));
	assert_null(rb_prev(&item.rb));
	plain_insert(&root, &item);
	assert_false(RB_EMPTY_NODE(&item.rb));
}

/* Visits each permutation of 0..@n-1 (Heap's algorithm). */
static void each_permutation(int *order, int k, int n, void (*visit)(const int *order, int n))
{
	if (k == 1) {
		visit(order, n);
		return;
	}
	for (int i = 0; i < k; i++) {
		int j = k % 2 ? 0 : i, swap;

		each_permutation(order, k - 1, n, visit);
		swap = order[j];
		order[j] = order[k - 1];
		order[k - 1] = swap;
	}
}

#define SMALL 6
static const int *outer_order;

static void insert_outer_erase_inner(const int *inner, int n)
{
	struct rb_root root = RB_ROOT;
	struct item items[SMALL] = {0};

	for (int i = 0; i < n; i++) {
		struct item *item = &items[outer_order[i]];

		item->key = outer_order[i];
		item->weight = (outer_order[i] * 5) % n;
		augmented_insert(&root, item);
	}
	for (int i = 0; i < n; i++) {
		assert_int_equal(vms__rb_validate(&root, &augmented_rules, stderr), 0);
		if (i == n / 2)
			assert_holds(&root, items, n);
		augmented_erase(&root, &items[inner[i]]);
	}
	assert_true(RB_EMPTY_ROOT(&root));
}

static void erase_in_every_order(const int *order, int n)
{
	int inner[SMALL];

	outer_order = order;
	for (int i = 0; i < n; i++)
		inner[i] = i;
	each_permutation(inner, n, n, insert_outer_erase_inner);
}

static void every_order_of_insertion_and_erasure_of_six(void **state)
{
	int order[SMALL];

	(void)state;
	for (int i = 0; i < SMALL; i++)
		order[i] = i;
	each_permutation(order, SMALL, SMALL, erase_in_every_order);
}

#define MANY 512
static unsigned int seed;

static int random_below(int n)
{
	return rand_r(&seed) % n;
}

static void random_changes(void (*insert)(struct rb_root *, struct item *),
			   void (*erase)(struct rb_root *, struct item *),
			   const struct vms__rb_rules *rules)
{
	static struct item items[MANY];
	struct rb_root root = RB_ROOT;

	memset(items, 0, sizeof(items));
	for (int i = 0; i < MANY; i++)
		items[i].key = i;
	for (int step = 0; step < 40000; step++) {
		struct item *item = &items[random_below(MANY)];

		if (item->in_tree) {
			erase(&root, item);
		} else {
			item->weight = random_below(1000);
			insert(&root, item);
		}
		if (step % 16)
			continue;
		assert_int_equal(vms__rb_validate(&root, rules, stderr), 0);
		assert_holds(&root, items, MANY);
	}
}

static void random_changes_keep_the_rules(void **state)
{
	(void)state;
	random_changes(plain_insert, plain_erase, &plain_rules);
}

static void random_changes_keep_the_summary(void **state)
{
	(void)state;
	random_changes(augmented_insert, augmented_erase, &augmented_rules);
}

static void ascending_insertion_stays_shallow(void **state)
{
	static struct item items[4096];
	struct rb_root root = RB_ROOT;

	(void)state;
	for (int i = 0; i < 4096; i++) {
		items[i] = (struct item){.key = i};
		plain_insert(&root, &items[i]);
	}
	for (int i = 0; i < 4096; i++) {
		int depth = 0;

		for (const struct rb_node *node = &items[i].rb; node; node = rb_parent(node))
			depth++;
		assert_true(depth <= 24); /* 2 * log2(n + 1) */
	}
}

static void equal_keys_come_in_order_of_insertion(void **state)
{
	struct item items[32] = {0};
	struct rb_root root = RB_ROOT;
	const struct rb_node *node;

	(void)state;
	for (int i = 0; i < 32; i++) {
		items[i].key = 7;
		plain_insert(&root, &items[i]);
	}
	node = rb_first(&root);
	for (int i = 0; i < 32; i++, node = rb_next(node))
		assert_ptr_equal(node, &items[i].rb);
}

static void replaced_node_takes_place_colour_and_children(void **state)
{
	(void)state;
	for (int n = 1; n <= 40; n++) {
		for (int victim = 0; victim < n; victim++) {
			struct item items[40] = {0}, other;
			struct rb_root root = RB_ROOT;

			for (int i = 0; i < n; i++) {
				items[i].key = i;
				plain_insert(&root, &items[i]);
			}
			other = (struct item){.key = victim};
			rb_replace_node(&items[victim].rb, &other.rb, &root);
			memset(&items[victim].rb, 0xff, sizeof(items[victim].rb));
			assert_int_equal(vms__rb_validate(&root, &plain_rules, stderr), 0);
			if (victim)
				assert_ptr_equal(rb_next(&items[victim - 1].rb), &other.rb);
			if (victim < n - 1)
				assert_ptr_equal(rb_prev(&items[victim + 1].rb), &other.rb);
		}
	}
}

static void postorder_frees_children_before_their_parent(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item *item, *n;
	int freed = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		item = calloc(1, sizeof(*item));
		assert_non_null(item);
		item->key = (i * 37) % 100;
		plain_insert(&root, item);
	}
	rbtree_postorder_for_each_entry_safe(item, n, &root, rb) {
		/* AddressSanitizer reports a walk that reaches a freed node. */
		free(item);
		freed++;
	}
	assert_int_equal(freed, 100);
}

/* ---- the validator finds what is broken ---- */

static void build_seven(struct rb_root *root, struct item items[7])
{
	*root = RB_ROOT;
	for (int i = 0; i < 7; i++) {
		items[i] = (struct item){.key = i, .weight = i};
		augmented_insert(root, &items[i]);
	}
	assert_int_equal(vms__rb_validate(root, &augmented_rules, stderr), 0);
}

static void validator_finds_red_root(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	vms__rb_set_red(root.rb_node);
	assert_true(vms__rb_validate(&root, &augmented_rules, NULL) > 0);
}

static void validator_finds_red_below_red(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	/*
	 * Ascending insertion leaves a red leaf at the right end: make all of
	 * that path red.
	 */
	assert_true(vms__rb_is_red(&items[6].rb));
	vms__rb_set_red(rb_parent(&items[6].rb));
	assert_true(vms__rb_validate(&root, &augmented_rules, NULL) > 0);
}

static void validator_finds_uneven_black_height(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	vms__rb_set_black(&items[6].rb);
	assert_int_equal(vms__rb_validate(&root, &augmented_rules, NULL), 1);
}

static void validator_finds_disorder(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	items[3].key = 100;
	assert_int_equal(vms__rb_validate(&root, &augmented_rules, NULL), 1);
}

static void validator_finds_wrong_summary(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	items[0].weight = 50;
	assert_int_equal(vms__rb_validate(&root, &augmented_rules, NULL), 1);
}

static void validator_ends_on_a_cycle(void **state)
{
	struct item items[7];
	struct rb_root root;

	(void)state;
	build_seven(&root, items);
	items[6].rb.rb_right = root.rb_node;
	assert_int_equal(vms__rb_validate(&root, &augmented_rules, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_first_and_no_last),
		cmocka_unit_test(cleared_node_is_in_no_tree),
		cmocka_unit_test(every_order_of_insertion_and_erasure_of_six),
		cmocka_unit_test(random_changes_keep_the_rules),
		cmocka_unit_test(random_changes_keep_the_summary),
		cmocka_unit_test(ascending_insertion_stays_shallow),
		cmocka_unit_test(equal_keys_come_in_order_of_insertion),
		cmocka_unit_test(replaced_node_takes_place_colour_and_children),
		cmocka_unit_test(postorder_frees_children_before_their_parent),
		cmocka_unit_test(validator_finds_red_root),
		cmocka_unit_test(validator_finds_red_below_red),
		cmocka_unit_test(validator_finds_uneven_black_height),
		cmocka_unit_test(validator_finds_disorder),
		cmocka_unit_test(validator_finds_wrong_summary),
		cmocka_unit_test(validator_ends_on_a_cycle),
	};

	seed = (unsigned int)number_of_variable("VMS_SEED", 0, UINT_MAX, (unsigned int)time(NULL));
	printf("seed %u (VMS_SEED=%u replays)\n", seed, seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
