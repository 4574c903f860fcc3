/* SPDX-License-Identifier: MIT */
/*
 * test_cursor.c - a cursor that stands in the tree while others write: what it
 * stores must end up in the tree.
 *
 * Symptom: a store was lost, or went into freed memory, and the tree's gaps
 * were wrong afterwards. Cause: the cursor's leaf was unchanged, but another
 * store had replaced a node above it, and the cursor still used the old one.
 */
#include "tests/lib/maple/model.h"

#include <vmastore/rcu.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const unsigned int kinds[] = {0, MT_FLAGS_ALLOC_RANGE, MT_FLAGS_USE_RCU,
				     MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU};

static struct model m;

static void fill(unsigned int kind, uint64_t seed)
{
	model_init_wide(&m, kind, 200, seed);
	for (unsigned int i = 0; i < 300; i++) {
		unsigned int cell = model_below(&m, 199);

		assert_int_equal(model_store(&m, cell, cell + model_below(&m, 2),
					     model_below(&m, 3) ? model_entry(&m) : NULL),
				 0);
	}
}

/*
 * Stores over the cells [@from, @to] from where @mas stands. The caller must
 * hold the tree's lock.
 */
static void store_by(struct ma_state *mas, unsigned int from, unsigned int to, void *entry)
{
	__mas_set_range(mas, model_first(&m, from), model_last(&m, to));
	assert_int_equal(mas_store_gfp(mas, entry, GFP_KERNEL), 0);
	model_set(&m, from, to, entry);
}

/*
 * The cursor @first stands at @cell. Other cursors store all over the tree,
 * except at @cell and the cells next to it; then @first stores.
 */
static void store_beside_others(struct ma_state *first, unsigned int cell)
{
	for (unsigned int n = model_below(&m, 12); n; n--) {
		unsigned int at = model_below(&m, 200);
		MA_STATE(other, &m.tree, 0, 0);

		if (at + 1 < cell || at > cell + 1)
			store_by(&other, at, at, model_below(&m, 3) ? model_entry(&m) : NULL);
	}
	store_by(first, cell, cell, model_below(&m, 3) ? model_entry(&m) : NULL);
}

static void two_cursors_under_one_lock_may_both_store(void **state)
{
	unsigned int seeds = 2000 / MODEL_LESS;

	(void)state;
	print_message("seeds 0 to %u\n", seeds - 1);
	for (unsigned int seed = 0; seed < seeds; seed++) {
		unsigned int cell;
		MA_STATE(mas, &m.tree, 0, 0);

		fill(kinds[seed % 2], seed);
		cell = model_below(&m, 200);
		mas_lock(&mas);
		mas_set(&mas, model_first(&m, cell));
		mas_walk(&mas);
		store_beside_others(&mas, cell);
		mas_unlock(&mas);
		model_check(&m);
		mtree_destroy(&m.tree);
	}
	assert_int_equal(model_live_nodes(), 0);
}

static void a_cursor_walked_in_a_read_section_may_store_in_it(void **state)
{
	unsigned int seeds = 2000 / MODEL_LESS;

	(void)state;
	print_message("seeds 0 to %u\n", seeds - 1);
	for (unsigned int seed = 0; seed < seeds; seed++) {
		unsigned int cell;
		MA_STATE(mas, &m.tree, 0, 0);

		fill(kinds[2 + seed % 2], seed);
		cell = model_below(&m, 200);
		vms_rcu_read_lock();
		mas_set(&mas, model_first(&m, cell));
		mas_walk(&mas);
		mas_lock(&mas);
		store_beside_others(&mas, cell);
		mas_unlock(&mas);
		vms_rcu_read_unlock();
		model_check(&m);
		mtree_destroy(&m.tree);
	}
	assert_int_equal(model_live_nodes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_cursors_under_one_lock_may_both_store),
		cmocka_unit_test(a_cursor_walked_in_a_read_section_may_store_in_it),
	};

	return model_run_all("cursor", tests, LEN(tests));
}
