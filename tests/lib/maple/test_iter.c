/* SPDX-License-Identifier: MIT */
/*
 * test_iter.c - cursors compared with the flat array: every step from every
 * place, and the states that a cursor passes through.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>

#include <vmastore/rcu.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

static void fill(unsigned int cells, uint64_t seed, unsigned int stores)
{
	model_init_wide(&m, MT_FLAGS_USE_RCU, cells, seed);
	for (unsigned int i = 0; i < stores; i++) {
		unsigned int from = model_below(&m, cells), to = from + model_below(&m, 3);

		assert_int_equal(model_store(&m, from, to < cells ? to : cells - 1,
					     model_below(&m, 4) ? model_entry(&m) : NULL),
				 0);
	}
}

/*
 * The range after @cell's that begins no later than cell @max. Unless @gaps is
 * set, ranges without an entry are skipped. Return: false if there is none.
 */
static bool array_next(unsigned int cell, unsigned int max, bool gaps, unsigned int *from,
		       unsigned int *to)
{
	do {
		model_range(&m, cell, from, to);
		if (*to >= max)
			return false;
		cell = *to + 1;
		model_range(&m, cell, from, to);
	} while (!gaps && !m.cell[cell]);
	return true;
}

static bool array_prev(unsigned int cell, unsigned int min, bool gaps, unsigned int *from,
		       unsigned int *to)
{
	do {
		model_range(&m, cell, from, to);
		if (*from <= min)
			return false;
		cell = *from - 1;
		model_range(&m, cell, from, to);
	} while (!gaps && !m.cell[cell]);
	return true;
}

static void check_at(const struct ma_state *mas, const void *entry, unsigned int from,
		     unsigned int to)
{
	assert_ptr_equal(entry, m.cell[from]);
	assert_int_equal(mas->index, model_first(&m, from));
	assert_int_equal(mas->last, model_last(&m, to));
}

static void check_steps(unsigned int cell, unsigned int limit, bool gaps)
{
	unsigned long key = model_last(&m, cell);
	unsigned int from, to;
	void *entry;
	MA_STATE(mas, &m.tree, key, key);

	model_range(&m, cell, &from, &to);
	check_at(&mas, mas_walk(&mas), from, to);
	entry = gaps ? mas_next_range(&mas, model_last(&m, limit))
		     : mas_next(&mas, model_last(&m, limit));
	if (array_next(cell, limit, gaps, &from, &to)) {
		check_at(&mas, entry, from, to);
		assert_int_equal(mas.status, ma_active);
		/* Step back again. */
		entry = gaps ? mas_prev_range(&mas, 0) : mas_prev(&mas, 0);
		if (array_prev(from, 0, gaps, &from, &to))
			check_at(&mas, entry, from, to);
		else
			assert_null(entry);
	} else {
		assert_null(entry);
		assert_int_equal(mas.status, ma_overflow);
	}
	mas_set(&mas, key);
	entry = gaps ? mas_prev_range(&mas, model_first(&m, limit))
		     : mas_prev(&mas, model_first(&m, limit));
	if (array_prev(cell, limit, gaps, &from, &to)) {
		check_at(&mas, entry, from, to);
	} else {
		assert_null(entry);
		assert_int_equal(mas.status, ma_underflow);
	}
}

static void next_and_prev_from_every_place(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 6; seed++) {
		fill(seed & 1 ? 150 : 40, seed, 250);
		vms_rcu_read_lock();
		for (unsigned int cell = 0; cell < m.cells; cell++)
			for (unsigned int limit = 0; limit < m.cells; limit += 7)
				for (unsigned int gaps = 0; gaps < 2; gaps++)
					check_steps(cell, limit, gaps);
		vms_rcu_read_unlock();
		model_destroy(&m);
	}
}

static void find_goes_through_all_entries_both_ways(void **state)
{
	unsigned int from = 0, to = 0, n = 0;
	unsigned long index;
	void *entry;

	(void)state;
	fill(300, 5, 700);
	for (unsigned int cell = 0; cell < m.cells; cell += 11) {
		MA_STATE(mas, &m.tree, model_first(&m, cell), 0);
		bool first = true;

		/* The first step reports the entry at the cursor's index. */
		vms_rcu_read_lock();
		mas_for_each(&mas, entry, ULONG_MAX) {
			if (first && m.cell[cell])
				model_range(&m, cell, &from, &to);
			else
				assert_true(array_next(first ? cell : to, m.cells - 1, false, &from,
						       &to));
			check_at(&mas, entry, from, to);
			first = false;
			n++;
		}
		assert_int_equal(mas.status, ma_active);
		first = true;
		mas_set(&mas, model_first(&m, cell));
		while ((entry = mas_find_rev(&mas, 0)) != NULL) {
			if (first && m.cell[cell])
				model_range(&m, cell, &from, &to);
			else
				assert_true(array_prev(first ? cell : from, 0, false, &from, &to));
			check_at(&mas, entry, from, to);
			first = false;
		}
		vms_rcu_read_unlock();
		assert_false(array_prev(first ? cell : from, 0, false, &from, &to));
	}
	assert_true(n > 1000);
	index = 0;
	from = to = 0;
	n = 0;
	mt_for_each(&m.tree, entry, index, ULONG_MAX) {
		n++;
		assert_ptr_equal(entry, m.cell[model_cell(&m, index - 1)]);
	}
	for (unsigned int cell = 0; cell < m.cells; cell = to + 1) {
		model_range(&m, cell, &from, &to);
		n -= m.cell[cell] != NULL;
	}
	assert_int_equal(n, 0);
	model_destroy(&m);
}

static void find_range_stops_at_gaps(void **state)
{
	unsigned int from, to, n = 0;
	void *entry;

	(void)state;
	fill(100, 6, 200);
	MA_STATE(mas, &m.tree, 0, 0);

	vms_rcu_read_lock();
	model_range(&m, 0, &from, &to);
	mas_walk(&mas);
	while (mas.last != ULONG_MAX) {
		entry = mas_find_range(&mas, ULONG_MAX);
		assert_true(array_next(to, m.cells - 1, true, &from, &to));
		check_at(&mas, entry, from, to);
		n++;
	}
	while (mas.index) {
		entry = mas_find_range_rev(&mas, 0);
		assert_true(array_prev(from, 0, true, &from, &to));
		check_at(&mas, entry, from, to);
		n--;
	}
	vms_rcu_read_unlock();
	assert_int_equal(n, 0);
	model_destroy(&m);
}

/*
 * The tree's ranges: [0x1000, 0x1500] a, [0x2000, 0x2500] b, [0x3000, 0x3500]
 * c.
 */
static struct maple_tree tree;
static int a, b, c;

static int three(void **state)
{
	(void)state;
	mt_init_flags(&tree, 0);
	return mtree_store_range(&tree, 0x1000, 0x1500, &a, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x2000, 0x2500, &b, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x3000, 0x3500, &c, GFP_KERNEL);
}

static int tree_down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	return model_live_nodes() != 0;
}

static void check_state(const struct ma_state *mas, enum maple_status status, unsigned long index,
			unsigned long last)
{
	assert_int_equal(mas->status, status);
	assert_int_equal(mas->index, index);
	assert_int_equal(mas->last, last);
}

static void next_passes_through_its_states(void **state)
{
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	check_state(&mas, ma_start, 0, 0);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &a);
	check_state(&mas, ma_active, 0x1000, 0x1500);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &b);
	check_state(&mas, ma_active, 0x2000, 0x2500);
	/*
	 * The limit lies inside the cursor's entry, so that there is no next
	 * one.
	 */
	assert_null(mas_next(&mas, 0x2500));
	check_state(&mas, ma_overflow, 0x2000, 0x2500);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &c);
	assert_null(mas_next(&mas, ULONG_MAX));
	check_state(&mas, ma_overflow, 0x3501, ULONG_MAX);
	/*
	 * After an overflow beyond all entries, the last entry is the previous
	 * one.
	 */
	assert_ptr_equal(mas_prev(&mas, 0), &c);
	check_state(&mas, ma_active, 0x3000, 0x3500);
	mas_pause(&mas);
	assert_null(mas_next(&mas, ULONG_MAX));
}

static void prev_passes_through_its_states(void **state)
{
	MA_STATE(mas, &tree, 0x3200, 0x3200);

	(void)state;
	assert_ptr_equal(mas_prev(&mas, 0), &b);
	check_state(&mas, ma_active, 0x2000, 0x2500);
	assert_ptr_equal(mas_prev(&mas, 0), &a);
	assert_null(mas_prev(&mas, 0x1000));
	check_state(&mas, ma_underflow, 0x1000, 0x1500);
	assert_null(mas_prev(&mas, 0));
	check_state(&mas, ma_underflow, 0, 0xfff);
	/*
	 * After an underflow below all entries, the first entry is the next
	 * one.
	 */
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &a);
	check_state(&mas, ma_active, 0x1000, 0x1500);
	/* At the lower limit the cursor's own entry is the next one. */
	assert_null(mas_prev(&mas, 0x1000));
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &a);
}

static void find_passes_through_its_states(void **state)
{
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	assert_ptr_equal(mas_find(&mas, 0x1200), &a);
	assert_null(mas_find(&mas, 0x1200));
	assert_int_equal(mas.status, ma_active);
	assert_ptr_equal(mas_find(&mas, ULONG_MAX), &b);
	mas_pause(&mas);
	check_state(&mas, ma_pause, 0x2000, 0x2500);
	assert_ptr_equal(mas_find(&mas, ULONG_MAX), &c);
	mas_reset(&mas);
	assert_ptr_equal(mas_find(&mas, ULONG_MAX), &c);
	assert_null(mas_find(&mas, ULONG_MAX));
	assert_null(mas_find(&mas, ULONG_MAX));
	mas_set(&mas, 0x2600);
	assert_null(mas_find(&mas, 0x2fff));
	mas_set(&mas, 0x2600);
	assert_null(mas_find(&mas, 0x2500));
	mas_set(&mas, 0x2600);
	assert_ptr_equal(mas_find_rev(&mas, 0x2500), &b);
	assert_null(mas_find_rev(&mas, 0x1501));
	mas_set(&mas, 0x2600);
	assert_ptr_equal(mas_find_rev(&mas, 0), &b);
	mas_pause(&mas);
	assert_ptr_equal(mas_find_rev(&mas, 0), &a);
	mas_pause(&mas);
	assert_null(mas_find_rev(&mas, 0x1000));
	check_state(&mas, ma_underflow, 0x1000, 0x1500);
	assert_null(mas_find_rev(&mas, 0));
}

static void an_empty_tree_has_no_states_but_none(void **state)
{
	struct maple_tree empty = MTREE_INIT(empty, 0);
	MA_STATE(mas, &empty, 5, 5);

	(void)state;
	assert_null(mas_walk(&mas));
	check_state(&mas, ma_none, 0, ULONG_MAX);
	mas_set(&mas, 5);
	assert_null(mas_find(&mas, ULONG_MAX));
	assert_int_equal(mas.status, ma_none);
	mas_set(&mas, 5);
	assert_null(mas_next(&mas, ULONG_MAX));
	assert_int_equal(mas.status, ma_none);
	mas_set(&mas, 5);
	assert_null(mas_prev(&mas, 0));
	mas_set(&mas, 5);
	assert_null(mas_find_rev(&mas, 0));
	mas_lock(&mas);
	assert_null(mas_erase(&mas));
	mas_unlock(&mas);
	assert_int_equal(mt_height(&empty), 0);
}

static void index_0_alone_lives_in_the_root(void **state)
{
	struct maple_tree root = MTREE_INIT(root, 0);
	MA_STATE(mas, &root, 0, 0);

	(void)state;
	assert_int_equal(mtree_store(&root, 0, &a, GFP_KERNEL), 0);
	assert_int_equal(model_nodes_now(), 0);
	assert_ptr_equal(mas_walk(&mas), &a);
	check_state(&mas, ma_root, 0, 0);
	assert_null(mas_next(&mas, ULONG_MAX));
	check_state(&mas, ma_none, 1, ULONG_MAX);
	assert_ptr_equal(mas_prev(&mas, 0), &a);
	check_state(&mas, ma_root, 0, 0);
	mas_set(&mas, 7);
	assert_null(mas_walk(&mas));
	check_state(&mas, ma_none, 1, ULONG_MAX);
	mas_set(&mas, 0);
	assert_ptr_equal(mas_find(&mas, ULONG_MAX), &a);
	assert_null(mas_find(&mas, ULONG_MAX));
	mas_set(&mas, 9);
	assert_ptr_equal(mas_find_rev(&mas, 0), &a);
	assert_null(mas_find_rev(&mas, 0));
	mas_set(&mas, 9);
	assert_null(mas_find_rev(&mas, 1));
	assert_ptr_equal(mtree_erase(&root, 0), &a);
	assert_true(mtree_empty(&root));
}

static void a_failed_cursor_answers_nothing(void **state)
{
	MA_STATE(mas, &tree, 9, 8);

	(void)state;
	mas_lock(&mas);
	assert_int_equal(mas_store_gfp(&mas, &a, GFP_KERNEL), -EINVAL);
	mas_unlock(&mas);
	assert_true(mas_is_err(&mas));
	assert_int_equal(xa_err(mas.node), -EINVAL);
	mas.last = 9;
	assert_null(mas_next(&mas, ULONG_MAX));
	assert_null(mas_prev(&mas, 0));
	assert_null(mas_find(&mas, ULONG_MAX));
	assert_null(mas_find_rev(&mas, 0));
	assert_true(mas_is_err(&mas));
	mas_set(&mas, 0x1000);
	assert_ptr_equal(mas_walk(&mas), &a);
}

/*
 * After a store its cursor stands on what it stored, and continues from there.
 */
static void an_iteration_goes_on_after_its_own_stores(void **state)
{
	unsigned int from, to, n = 0;
	void *entry;

	(void)state;
	fill(400, 8, 900);
	MA_STATE(mas, &m.tree, 0, 0);

	mas_lock(&mas);
	mas_for_each(&mas, entry, ULONG_MAX) {
		model_range(&m, model_cell(&m, mas.index), &from, &to);
		check_at(&mas, entry, from, to);
		switch (n++ % 4) {
		case 0: /* another entry */
			entry = model_entry(&m);
			mas_store(&mas, entry);
			model_set(&m, from, to, entry);
			break;
		case 1: /* none */
			mas_store(&mas, NULL);
			model_set(&m, from, to, NULL);
			break;
		case 2: /* a part of it */
			mas.index = model_first(&m, to);
			entry = model_entry(&m);
			assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
			model_set(&m, to, to, entry);
			assert_int_equal(mas.last, model_last(&m, to));
			break;
		default:
			assert_ptr_equal(mas_erase(&mas), entry);
			model_set(&m, from, to, NULL);
			break;
		}
		assert_false(mas_is_err(&mas));
	}
	mas_unlock(&mas);
	assert_true(n > 50);
	model_check(&m);
	model_destroy(&m);
}

/*
 * Symptom: the first and the last gap are reported too small. Cause: all bounds
 * of the tree lie in one region of 2^43 indexes, but its first leaf begins at 0
 * and its last leaf ends at ULONG_MAX, and a walk took the region's ends for
 * the leaf's.
 */
static void the_outermost_gaps_reach_to_both_ends(void **state)
{
	const unsigned long base = 3ul << 43, page = 4096;
	struct maple_tree mt;

	(void)state;
	mt_init_flags(&mt, MT_FLAGS_USE_RCU);
	for (unsigned long i = 1; i <= 64; i++)
		assert_int_equal(mtree_store_range(&mt, base + 2 * i * page,
						   base + 2 * i * page + page - 1, &m, GFP_KERNEL),
				 0);
	MA_STATE(mas, &mt, base + page, base + page);
	rcu_read_lock();
	assert_null(mas_walk(&mas));
	assert_int_equal(mas.index, 0);
	assert_int_equal(mas.last, base + 2 * page - 1);
	mas_set(&mas, base + 2 * page);
	assert_ptr_equal(mas_walk(&mas), &m);
	assert_null(mas_prev_range(&mas, 0));
	assert_int_equal(mas.index, 0);
	mas_set(&mas, base + 200 * page);
	assert_null(mas_walk(&mas));
	assert_int_equal(mas.index, base + 129 * page);
	assert_int_equal(mas.last, ULONG_MAX);
	mas_set(&mas, base + 128 * page);
	assert_ptr_equal(mas_walk(&mas), &m);
	assert_null(mas_next_range(&mas, ULONG_MAX));
	assert_int_equal(mas.last, ULONG_MAX);
	rcu_read_unlock();
	mtree_destroy(&mt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_and_prev_from_every_place),
		cmocka_unit_test(find_goes_through_all_entries_both_ways),
		cmocka_unit_test(find_range_stops_at_gaps),
		cmocka_unit_test_setup_teardown(next_passes_through_its_states, three, tree_down),
		cmocka_unit_test_setup_teardown(prev_passes_through_its_states, three, tree_down),
		cmocka_unit_test_setup_teardown(find_passes_through_its_states, three, tree_down),
		cmocka_unit_test(an_empty_tree_has_no_states_but_none),
		cmocka_unit_test(index_0_alone_lives_in_the_root),
		cmocka_unit_test_setup_teardown(a_failed_cursor_answers_nothing, three, tree_down),
		cmocka_unit_test(an_iteration_goes_on_after_its_own_stores),
		cmocka_unit_test(the_outermost_gaps_reach_to_both_ends),
	};

	return model_run_all("iter", tests, LEN(tests));
}
