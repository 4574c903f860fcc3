/* SPDX-License-Identifier: MIT */
/*
 * test_store.c - stores compared with a flat array: random stores, all short
 * sequences in a tiny universe, and a failure of each allocation.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>

#include "lib/sync/alloc.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

static const unsigned int all_flags[] = {
	0,
	MT_FLAGS_ALLOC_RANGE,
	MT_FLAGS_USE_RCU,
	MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU,
};

static void report(uint64_t seed, unsigned int step, unsigned int from, unsigned int to,
		   const void *entry)
{
	fprintf(stderr, "seed %lu, step %u: store of %p to cells [%u, %u]\n", (unsigned long)seed,
		step, entry, from, to);
}

static void random_stores(unsigned int steps, uint64_t seed, unsigned int check_every)
{
	unsigned int from, to;
	void *entry;

	for (unsigned int i = 0; i < steps; i++) {
		model_pick(&m, &from, &to, &entry);
		assert_int_equal(model_store(&m, from, to, entry), 0);
		if (i % check_every || model_agrees(&m))
			continue;
		report(seed, i, from, to, entry);
		fail();
	}
	model_check(&m);
}

static void random_stores_leave_what_the_array_says(void **state)
{
	static const unsigned int cells[] = {3, 20, 60, 200};

	(void)state;
	for (uint64_t seed = 0; seed < 64; seed++) {
		if (seed & 1)
			model_init(&m, all_flags[seed / 2 % 4], cells[seed / 8 % 4], seed);
		else
			model_init_wide(&m, all_flags[seed / 2 % 4], cells[seed / 8 % 4], seed);
		random_stores(400, seed, 1);
		model_destroy(&m);
	}
}

static void a_tree_of_four_levels_stands_random_stores(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 2; seed++) {
		model_init_wide(&m, all_flags[1 + 2 * seed], MODEL_CELLS_MAX, seed);
		/* One entry in each cell, then wide stores over them. */
		for (unsigned int i = 0; i < m.cells; i++)
			assert_int_equal(model_store(&m, i, i, model_entry(&m)), 0);
		model_check(&m);
		assert_true(mt_height(&m.tree) >= 3);
		random_stores(4000, seed, 400);
		model_destroy(&m);
	}
}

static void every_wide_store_over_a_full_tree_is_exact(void **state)
{
	enum { N = 260, STEP = 13 };
	(void)state;
	for (unsigned int from = 0; from < N; from += STEP) {
		for (unsigned int to = from; to < N; to += STEP) {
			for (unsigned int clear = 0; clear < 2; clear++) {
				model_init(&m, all_flags[(from / STEP + to / STEP) % 4], N, 1);
				for (unsigned int i = 0; i < N; i++)
					assert_int_equal(model_store(&m, i, i,
								     i % 5 ? model_entry(&m)
									   : NULL),
							 0);
				assert_int_equal(model_store(&m, from, to,
							     clear ? NULL : model_entry(&m)),
						 0);
				model_check(&m);
				mtree_destroy(&m.tree);
			}
		}
	}
	assert_int_equal(model_live_nodes(), 0);
}

/* Makes every sequence of @depth more stores in a universe of a few cells. */
static unsigned long all_sequences(unsigned int depth)
{
	struct model before = m;
	unsigned long n = 0;

	if (!depth)
		return 1;
	for (unsigned int from = 0; from < m.cells; from++) {
		for (unsigned int to = from; to < m.cells; to++) {
			for (unsigned int clear = 0; clear < 2; clear++) {
				/*
				 * Rebuild the tree from the array, because this
				 * test does not copy trees.
				 */
				mt_init_flags(&m.tree, MT_FLAGS_ALLOC_RANGE);
				for (unsigned int i = 0, a, b; i < m.cells; i = b + 1) {
					model_range(&before, i, &a, &b);
					if (before.cell[i])
						assert_int_equal(
							model_store(&m, a, b, before.cell[i]), 0);
				}
				for (unsigned int i = 0; i < m.cells; i++)
					m.cell[i] = before.cell[i];
				assert_int_equal(model_store(&m, from, to,
							     clear ? NULL : model_entry(&m)),
						 0);
				model_check(&m);
				mtree_destroy(&m.tree);
				n += all_sequences(depth - 1);
			}
		}
	}
	return n;
}

static void all_sequences_of_three_stores_in_four_cells(void **state)
{
	(void)state;
	model_init(&m, 0, 4, 1);
	assert_int_equal(all_sequences(3), 20ul * 20 * 20);
	assert_int_equal(model_live_nodes(), 0);
}

static void keys_in_order_leave_nearly_full_leaves(void **state)
{
	struct vms_mt_stats stats;

	(void)state;
	model_init(&m, 0, MODEL_CELLS_MAX, 1);
	for (unsigned int i = 0; i + 1 < m.cells; i++)
		assert_int_equal(model_store(&m, i, i, model_entry(&m)), 0);
	model_check(&m);
	vms_mt_stats(&m.tree, &stats);
	assert_int_equal(stats.entries, m.cells - 1);
	assert_true(stats.leaves * 12 <= stats.entries + 12);
	model_destroy(&m);
}

static void a_store_answers_the_entry_that_was_at_its_index(void **state)
{
	unsigned int from, to;
	void *entry;

	(void)state;
	model_init(&m, 0, 80, 7);
	for (unsigned int i = 0; i < 3000; i++) {
		model_pick(&m, &from, &to, &entry);
		MA_STATE(mas, &m.tree, model_first(&m, from), model_last(&m, to));

		mas_lock(&mas);
		assert_ptr_equal(mas_store(&mas, entry), m.cell[from]);
		mas_unlock(&mas);
		assert_false(mas_is_err(&mas));
		model_set(&m, from, to, entry);
	}
	model_check(&m);
	model_destroy(&m);
}

/*
 * Lets the store fail at its 1st, 2nd, ... allocation until it succeeds. Each
 * failure must leave everything unchanged. Return: the number of failures.
 */
static unsigned int store_with_failures(unsigned int from, unsigned int to, void *entry)
{
	size_t live = model_nodes_now();
	long n;
	int err;

	for (n = 1;; n++) {
		vms__alloc_fail_nth(n);
		err = model_store(&m, from, to, entry);
		vms__alloc_fail_nth(0);
		if (!err)
			return (unsigned int)n - 1;
		assert_int_equal(err, -ENOMEM);
		model_check(&m);
		assert_int_equal(model_nodes_now(), live);
	}
}

static void no_memory_leaves_the_tree_as_it_was(void **state)
{
	unsigned int from, to, failures = 0;
	void *entry;

	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		/*
		 * In RCU mode nodes of earlier stores may be freed at any
		 * moment, so that nodes are counted only at the end.
		 */
		model_init(&m, all_flags[seed % 2], 300, seed);
		for (unsigned int i = 0; i < 400; i++) {
			model_pick(&m, &from, &to, &entry);
			failures += store_with_failures(from, to, entry);
		}
		model_check(&m);
		model_destroy(&m);
	}
	assert_true(failures > 400);
}

static void a_preallocated_store_needs_no_memory(void **state)
{
	unsigned int from, to;
	void *entry;

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		model_init(&m, all_flags[seed % 4], seed & 4 ? 1000 : 60, seed);
		for (unsigned int i = 0; i < 1500; i++) {
			model_pick(&m, &from, &to, &entry);
			MA_STATE(mas, &m.tree, model_first(&m, from), model_last(&m, to));

			mas_lock(&mas);
			assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
			assert_int_equal(mas.index, model_first(&m, from));
			assert_int_equal(mas.last, model_last(&m, to));
			if (!model_below(&m, 4)) {
				mas_destroy(&mas);
				mas_unlock(&mas);
				continue;
			}
			vms__alloc_fail_from(1);
			mas_store_prealloc(&mas, entry);
			vms__alloc_fail_from(0);
			mas_unlock(&mas);
			model_set(&m, from, to, entry);
			if (i % 16 == 0)
				model_check(&m);
		}
		model_check(&m);
		model_destroy(&m);
	}
}

static void preallocation_that_fails_keeps_nothing(void **state)
{
	unsigned int from, to;
	size_t live;
	void *entry;

	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 300, 5);
	for (unsigned int i = 0; i < 600; i++) {
		model_pick(&m, &from, &to, &entry);
		MA_STATE(mas, &m.tree, model_first(&m, from), model_last(&m, to));

		live = model_nodes_now();
		mas_lock(&mas);
		vms__alloc_fail_nth(1 + model_below(&m, 3));
		if (mas_preallocate(&mas, entry, GFP_KERNEL) == -ENOMEM)
			assert_int_equal(model_nodes_now(), live);
		vms__alloc_fail_nth(0);
		mas_destroy(&mas);
		mas_unlock(&mas);
		assert_int_equal(model_store(&m, from, to, entry), 0);
	}
	model_check(&m);
	model_destroy(&m);
}

static void erase_clears_the_whole_range(void **state)
{
	unsigned int from, to, a, b;
	void *entry;

	(void)state;
	model_init_wide(&m, MT_FLAGS_ALLOC_RANGE, 200, 9);
	for (unsigned int i = 0; i < 3000; i++) {
		model_pick(&m, &from, &to, &entry);
		assert_int_equal(model_store(&m, from, to, entry), 0);
		from = model_below(&m, m.cells);
		MA_STATE(mas, &m.tree, model_last(&m, from), 0);

		mas_lock(&mas);
		vms__alloc_fail_nth(i % 3 == 0);
		entry = mas_erase(&mas);
		vms__alloc_fail_nth(0);
		mas_unlock(&mas);
		if (mas_is_err(&mas)) {
			assert_null(entry);
			assert_int_equal(xa_err(mas.node), -ENOMEM);
			continue;
		}
		assert_ptr_equal(entry, m.cell[from]);
		if (entry) {
			model_range(&m, from, &a, &b);
			model_set(&m, a, b, NULL);
		}
		if (i % 16 == 0)
			model_check(&m);
	}
	model_check(&m);
	model_destroy(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_stores_leave_what_the_array_says),
		cmocka_unit_test(a_tree_of_four_levels_stands_random_stores),
		cmocka_unit_test(every_wide_store_over_a_full_tree_is_exact),
		cmocka_unit_test(all_sequences_of_three_stores_in_four_cells),
		cmocka_unit_test(keys_in_order_leave_nearly_full_leaves),
		cmocka_unit_test(a_store_answers_the_entry_that_was_at_its_index),
		cmocka_unit_test(no_memory_leaves_the_tree_as_it_was),
		cmocka_unit_test(a_preallocated_store_needs_no_memory),
		cmocka_unit_test(preallocation_that_fails_keeps_nothing),
		cmocka_unit_test(erase_clears_the_whole_range),
	};

	return model_run_all("store", tests, LEN(tests));
}
