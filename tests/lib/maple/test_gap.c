/* SPDX-License-Identifier: MIT */
/*
 * test_gap.c - the search for gaps compared with the flat array: every window
 * and size on small trees, random ones on large trees.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <pthread.h>

#include "lib/maple/internal.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

/*
 * The lowest, or highest, place for @size keys inside [@min, @max]. Return:
 * false if there is none.
 */
static bool array_gap(const struct model *model, unsigned long min, unsigned long max,
		      unsigned long size, bool highest, unsigned long *at)
{
	bool found = false;

	for (unsigned int from = 0, to; from < model->cells; from = to + 1) {
		unsigned long low, high;

		to = from;
		if (model->cell[from])
			continue;
		model_range(model, from, &from, &to);
		low = model_first(model, from) > min ? model_first(model, from) : min;
		high = model_last(model, to) < max ? model_last(model, to) : max;
		if (low > high || high - low < size - 1)
			continue;
		*at = highest ? high - size + 1 : low;
		found = true;
		if (!highest)
			return true;
	}
	return found;
}

static void check_gap(unsigned long min, unsigned long max, unsigned long size)
{
	unsigned long at = 0;
	bool low = array_gap(&m, min, max, size, false, &at);
	MA_STATE(mas, &m.tree, 0, 0);

	assert_int_equal(mas_empty_area(&mas, min, max, size), low ? 0 : -EBUSY);
	assert_int_equal(mas_is_err(&mas), !low);
	if (low) {
		assert_int_equal(mas.index, at);
		assert_int_equal(mas.last, at + size - 1);
	}
	mas_set(&mas, 0);
	assert_int_equal(mas_empty_area_rev(&mas, min, max, size),
			 array_gap(&m, min, max, size, true, &at) ? 0 : -EBUSY);
	if (low) {
		assert_int_equal(mas.index, at);
		assert_int_equal(mas.last, at + size - 1);
	}
}

static void every_window_and_size_on_small_trees(void **state)
{
	enum { CELLS = 40 };
	unsigned int from, to;
	void *entry;

	(void)state;
	for (uint64_t seed = 0; seed < 24; seed++) {
		unsigned int cells = seed < 4 ? 2 + (unsigned int)seed : CELLS;

		model_init(&m, MT_FLAGS_ALLOC_RANGE, cells, seed);
		for (unsigned int i = 0; i < 10 * seed; i++) {
			model_pick(&m, &from, &to, &entry);
			assert_int_equal(model_store(&m, from, to, entry), 0);
		}
		for (unsigned long min = 0; min < cells + 2; min++)
			for (unsigned long max = min; max < cells + 2; max++)
				for (unsigned long size = 1; size <= max - min + 1; size++)
					check_gap(min, max, size);
		model_destroy(&m);
	}
}

static void random_windows_on_large_trees(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		model_init_wide(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 1500, seed);
		for (unsigned int i = 0; i < 6000; i++) {
			unsigned int from, to;
			void *entry;
			unsigned long min = model_random(&m), max = model_random(&m), size;

			model_pick(&m, &from, &to, &entry);
			assert_int_equal(model_store(&m, from, to, to - from > 8 ? NULL : entry),
					 0);
			if (i % 8)
				continue;
			if (min > max) {
				unsigned long swap = min;

				min = max;
				max = swap;
			}
			size = (max - min) / (1 + model_below(&m, 2000)) + 1;
			check_gap(min, max, size);
			check_gap(0, ULONG_MAX, ULONG_MAX >> model_below(&m, 63));
		}
		model_check(&m);
		model_destroy(&m);
	}
}

static void senseless_windows_are_refused(void **state)
{
	MA_STATE(mas, &m.tree, 0, 0);

	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 4, 1);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(mas_empty_area(&mas, 5, 4, 1), -EINVAL);
		assert_int_equal(mas_empty_area(&mas, 5, 9, 0), -EINVAL);
		assert_int_equal(mas_empty_area(&mas, 5, 9, 6), -EINVAL);
		assert_int_equal(mas_empty_area_rev(&mas, 5, 4, 1), -EINVAL);
		assert_int_equal(mas_empty_area_rev(&mas, 5, 9, 0), -EINVAL);
		assert_int_equal(mas_empty_area_rev(&mas, 5, 9, 6), -EINVAL);
		/* Ask again when the tree has nodes. */
		assert_int_equal(model_store(&m, 1, 2, model_entry(&m)), 0);
	}
	model_destroy(&m);
}

/*
 * A cursor that plans a store and then searches for a gap must still store what
 * it is told to: the search has to drop the plan, which describes the old
 * place.
 */
static void a_search_forgets_a_plan(void **state)
{
	unsigned int from, to;

	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE, 400, 1ul << 32, 4096);
	for (unsigned int i = 0; i < 6000 / MODEL_LESS; i++) {
		void *entry;
		MA_STATE(mas, &m.tree, 0, 0);

		model_pick(&m, &from, &to, &entry);
		mtree_lock(&m.tree);
		mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
		assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
		if (model_below(&m, 2))
			(void)mas_empty_area(&mas, model_first(&m, model_below(&m, m.cells)),
					     ULONG_MAX, 4096);
		else
			(void)mas_empty_area_rev(&mas, 0, model_last(&m, model_below(&m, m.cells)),
						 4096);
		/*
		 * Returns to the beginning of the store, in the leaf it was
		 * planned for.
		 */
		mas_set(&mas, model_first(&m, from));
		mas_walk(&mas);
		__mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
		mas_store_prealloc(&mas, entry);
		mtree_unlock(&m.tree);
		model_set(&m, from, to, entry);
		if (i % 8 == 0)
			model_check(&m);
	}
	model_check(&m);
	model_destroy(&m);
}

static void what_is_found_can_be_stored_at_once(void **state)
{
	unsigned long start, at = 0;
	int err;

	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 400, 3);
	for (unsigned int i = 0; i < 1500; i++) {
		unsigned long size = 1 + model_below(&m, 4), min = model_below(&m, 300),
			      max = min + 20 + model_below(&m, 60);
		bool highest = model_below(&m, 2),
		     fits = array_gap(&m, min, max, size, highest, &at);
		void *entry = model_entry(&m);

		if (highest)
			err = mtree_alloc_rrange(&m.tree, &start, entry, size, min, max,
						 GFP_KERNEL);
		else
			err = mtree_alloc_range(&m.tree, &start, entry, size, min, max, GFP_KERNEL);
		assert_int_equal(err, fits && !((unsigned long)entry < 4096) ? 0 : -EBUSY);
		if (!err) {
			assert_int_equal(start, at);
			model_set(&m, (unsigned int)at, (unsigned int)(at + size - 1), entry);
		} else {
			unsigned int cell = model_below(&m, 400), from, to;

			model_range(&m, cell, &from, &to);
			assert_int_equal(model_store(&m, from, to, NULL), 0);
		}
	}
	model_check(&m);
	model_destroy(&m);
}

static void allocation_wants_a_tree_with_gaps(void **state)
{
	unsigned long start;

	(void)state;
	model_init(&m, 0, 4, 1);
	MA_STATE(mas, &m.tree, 0, 0);

	assert_int_equal(mas_empty_area(&mas, 0, 3, 1), -EINVAL);
	assert_int_equal(mas_empty_area_rev(&mas, 0, 3, 1), -EINVAL);
	assert_int_equal(mtree_alloc_range(&m.tree, &start, &m, 1, 0, 3, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_alloc_rrange(&m.tree, &start, &m, 1, 0, 3, GFP_KERNEL), -EINVAL);
	model_destroy(&m);
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 4, 1);
	assert_int_equal(mtree_alloc_range(&m.tree, &start, (void *)6, 1, 0, 3, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(mtree_alloc_rrange(&m.tree, &start, (void *)6, 1, 0, 3, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(mtree_alloc_range(&m.tree, &start, &m, 5, 0, 3, GFP_KERNEL), -EINVAL);
	model_destroy(&m);
}

/* Return: the highest bound in the root. */
static unsigned long root_bound(void)
{
	return vms__mt_isa->inner_gap(ml_node(ml_root(&m.tree)));
}

/*
 * Makes a tree of many leaves. Each had a gap of @size cells, of which all
 * except the first cell were filled again.
 */
static void fill_gaps(unsigned int size)
{
	const unsigned int step = 64;

	for (unsigned int cell = 0; cell + 1 < m.cells; cell++)
		assert_int_equal(model_store(&m, cell, cell, model_entry(&m)), 0);
	assert_int_equal(model_store(&m, m.cells - 1, m.cells - 1, model_entry(&m)), 0);
	for (unsigned int cell = step; cell + size < m.cells; cell += step)
		assert_int_equal(model_store(&m, cell, cell + size - 1, NULL), 0);
	for (unsigned int cell = step; cell + size < m.cells; cell += step)
		assert_int_equal(model_store(&m, cell + 1, cell + size - 1, model_entry(&m)), 0);
}

/*
 * A store that fills a gap lowers no bound. A search that finds no gap must
 * lower each bound that misled it.
 */
static void a_search_lowers_the_bounds_that_misled_it(void **state)
{
	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 4000, 5);
	fill_gaps(6);
	assert_true(root_bound() >= 6);
	check_gap(0, ULONG_MAX, 3);
	assert_true(root_bound() < 3);
	/* Existing gaps must still be found, and a new gap at once. */
	check_gap(0, ULONG_MAX, 1);
	assert_int_equal(model_store(&m, 2000, 2004, NULL), 0);
	assert_true(root_bound() >= 5);
	check_gap(0, ULONG_MAX, 5);
	check_gap(0, 1999, 2);
	model_check(&m);
	model_destroy(&m);
}

#define STALE_ENTRIES 60000ul

struct search {
	struct maple_tree tree;
	bool highest;
	int err;
};

static void *search_all(void *arg)
{
	struct search *s = arg;
	const unsigned long max = (STALE_ENTRIES << 14) - 1;
	MA_STATE(mas, &s->tree, 0, 0);

	mtree_lock(&s->tree);
	s->err = s->highest ? mas_empty_area_rev(&mas, 0, max, 0x2000)
			    : mas_empty_area(&mas, 0, max, 0x2000);
	mtree_unlock(&s->tree);
	return NULL;
}

/*
 * Each leaf's bound is that of a gap that was filled again. The search restarts
 * for each of them; a recursion would overflow this small stack.
 */
static void many_stale_bounds_need_no_stack(void **state)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, 256ul << 10), 0);
	for (int highest = 0; highest < 2; highest++) {
		struct search s = {.highest = highest};

		mt_init_flags(&s.tree, MT_FLAGS_ALLOC_RANGE);
		for (unsigned long i = 0; i < STALE_ENTRIES; i++)
			assert_int_equal(mtree_store_range(&s.tree, i << 14, (i << 14) + 0x1fff, &m,
							   GFP_KERNEL),
					 0);
		for (unsigned long i = 0; i < STALE_ENTRIES; i++)
			assert_int_equal(mtree_store_range(&s.tree, (i << 14) + 0x2000,
							   (i << 14) + 0x3fff, &attr, GFP_KERNEL),
					 0);
		assert_int_equal(pthread_create(&thread, &attr, search_all, &s), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(s.err, -EBUSY);
		mtree_destroy(&s.tree);
	}
	assert_int_equal(pthread_attr_destroy(&attr), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_window_and_size_on_small_trees),
		cmocka_unit_test(random_windows_on_large_trees),
		cmocka_unit_test(senseless_windows_are_refused),
		cmocka_unit_test(a_search_forgets_a_plan),
		cmocka_unit_test(what_is_found_can_be_stored_at_once),
		cmocka_unit_test(allocation_wants_a_tree_with_gaps),
		cmocka_unit_test(a_search_lowers_the_bounds_that_misled_it),
		cmocka_unit_test(many_stale_bounds_need_no_stack),
	};

	return model_run_all("gap", tests, LEN(tests));
}
