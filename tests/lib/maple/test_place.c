/* SPDX-License-Identifier: MIT */
/*
 * test_place.c - one search serves several questions, compared with the flat
 * array: the search for a gap, the entries on both sides of it, and the store
 * that begins there.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>

#include "lib/maple/internal.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define STORES (6000 / MODEL_LESS)

static struct model m;

/* Asserts that the cursor stands where a walk from the root ends. */
static void check_stands(const struct ma_state *place)
{
	MA_STATE(walked, &m.tree, place->index, place->index);

	mas_walk(&walked);
	if (!ml_is_node(ml_root(&m.tree))) {
		assert_null(place->node);
		return;
	}
	assert_int_equal(place->status, ma_active);
	assert_ptr_equal(place->node, walked.node);
	assert_int_equal(place->vms__.version, walked.vms__.version);
	assert_int_equal(place->min, walked.min);
	assert_int_equal(place->max, walked.max);
	assert_int_equal(place->depth, walked.depth);
	assert_memory_equal(place->vms__.way, walked.vms__.way, walked.depth);
	if (walked.depth)
		assert_int_equal(place->vms__.parent, walked.vms__.parent);
}

/* Compares vms__mas_around() from @cell on with the array. */
static void check_around(struct ma_state *place, unsigned int cell)
{
	unsigned long end =
		model_random(&m) % 4 ? model_first(&m, model_below(&m, m.cells)) : ULONG_MAX;
	void *at = NULL, *before = NULL, *after = NULL, *prev, *next;
	unsigned int from, to, first, last;

	model_range(&m, cell, &first, &last);
	if (m.cell[cell] || model_next(&m, cell, m.cells - 1, false, &first, &last))
		at = m.cell[first];
	else
		model_range(&m, cell, &first, &last);
	if (model_prev(&m, first, 0, false, &from, &to))
		before = m.cell[from];
	if (at && model_first(&m, first) < end &&
	    model_next(&m, first, m.cells - 1, false, &from, &to))
		after = m.cell[from];
	assert_ptr_equal(vms__mas_around(place, end, &prev, &next), at);
	assert_ptr_equal(prev, before);
	assert_ptr_equal(next, after);
	check_stands(place);
}

/*
 * The search must report the entries on both sides of the gap that it finds.
 * @cell lies in that gap.
 */
static void check_beside_gap(unsigned int cell, unsigned long min, unsigned long max,
			     unsigned long size, bool highest)
{
	void *beside[3], *before = NULL, *after = NULL;
	unsigned int from, to, first, last;
	MA_STATE(mas, &m.tree, 0, 0);

	model_range(&m, cell, &first, &last);
	if (model_prev(&m, first, 0, false, &from, &to))
		before = m.cell[from];
	if (model_next(&m, last, m.cells - 1, false, &from, &to))
		after = m.cell[from];
	assert_true((highest ? vms__mt_isa->highest_gap : vms__mt_isa->lowest_gap)(&mas, min, max,
										   size, beside));
	assert_ptr_equal(beside[0], before);
	assert_ptr_equal(beside[1], after);
}

/*
 * Searches for random room. Return: whether it found some; [*@from, *@to] are
 * its cells.
 */
static bool find_gap(struct ma_state *place, unsigned int *from, unsigned int *to)
{
	bool highest = model_below(&m, 2);
	unsigned int low = model_below(&m, m.cells - 1), cells = 1 + model_below(&m, 6);
	unsigned int high = low + model_below(&m, m.cells - 1 - low);
	unsigned long at, min = model_first(&m, low), max = model_last(&m, high);
	unsigned long size = cells * (model_last(&m, low) - model_first(&m, low) + 1);

	if (max - min < size - 1)
		return false;
	if (!model_gap(&m, min, max, size, highest, &at)) {
		assert_int_equal(vms__mas_find_gap(place, min, max, size, highest), -EBUSY);
		mas_reset(place);
		return false;
	}
	assert_int_equal(vms__mas_find_gap(place, min, max, size, highest), 0);
	assert_int_equal(place->index, at);
	assert_int_equal(place->last, at + size - 1);
	check_stands(place);
	*from = model_cell(&m, at);
	*to = *from + cells - 1;
	check_beside_gap(*from, min, max, size, highest);
	return true;
}

/* Plans a store near @cell, and gives it up. */
static void plan_in_vain(struct ma_state *place, unsigned int cell)
{
	unsigned int from = cell > 3 ? cell - model_below(&m, 4) : cell;
	unsigned int to = from + model_below(&m, m.cells - from < 4 ? m.cells - from : 4);

	__mas_set_range(place, model_first(&m, from), model_last(&m, to));
	assert_int_equal(mas_preallocate(place, model_below(&m, 2) ? &m : NULL, GFP_KERNEL), 0);
	mas_destroy(place);
}

static void store_at(struct ma_state *place, unsigned int from, unsigned int to, void *entry)
{
	if (!model_below(&m, 4))
		plan_in_vain(place, from);
	__mas_set_range(place, model_first(&m, from), model_last(&m, to));
	assert_int_equal(mas_preallocate(place, entry, GFP_KERNEL), 0);
	mas_store_prealloc(place, entry);
	assert_null(place->alloc);
	model_set(&m, from, to, entry);
}

/*
 * Fills gaps and stores random ranges, each at a place that was searched for
 * once.
 */
static void live(void)
{
	for (unsigned int i = 0; i < STORES; i++) {
		unsigned int from, to;
		void *entry;
		MA_STATE(place, &m.tree, 0, 0);

		mtree_lock(&m.tree);
		if (model_below(&m, 2) && find_gap(&place, &from, &to)) {
			entry = model_entry(&m);
			if (model_below(&m, 4))
				check_around(&place, from);
		} else {
			model_pick(&m, &from, &to, &entry);
			mas_init(&place, &m.tree, model_first(&m, from));
			check_around(&place, from);
			/*
			 * The store may begin one cell before the place, as if
			 * the previous range grew.
			 */
			if (from && !model_below(&m, 4))
				from--;
		}
		store_at(&place, from, to, entry);
		mtree_unlock(&m.tree);
		if (i % 64 == 0)
			model_check(&m);
	}
	model_check(&m);
	model_destroy(&m);
}

static void one_search_serves_a_store_in_pages(void **state)
{
	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 600, 1ul << 32, 4096);
	live();
}

static void one_search_serves_a_store_across_regions(void **state)
{
	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE, 300, 5ul << 40, 1ul << 40);
	live();
}

static void one_search_serves_a_store_in_bytes(void **state)
{
	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 12, 1);
	live();
	model_init(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 500, 2);
	live();
}

static void pick_and_store(struct ma_state *mas)
{
	unsigned int from, to;
	void *entry;

	model_pick(&m, &from, &to, &entry);
	__mas_set_range(mas, model_first(&m, from), model_last(&m, to));
	mas_store(mas, entry);
	assert_false(mas_is_err(mas));
	model_set(&m, from, to, entry);
}

/*
 * After its store, a cursor must check its path again, because other cursors
 * may have stored since.
 */
static void a_place_is_vouched_for_once(void **state)
{
	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE, 400, 0, 4096);
	for (unsigned int i = 0; i < STORES; i++) {
		struct ma_state mas;
		void *prev, *next;

		mtree_lock(&m.tree);
		MA_STATE(place, &m.tree, model_first(&m, model_below(&m, m.cells)), 0);
		vms__mas_around(&place, 0, &prev, &next);
		mas = place;
		pick_and_store(&mas);
		for (unsigned int others = model_below(&m, 4); others--;) {
			MA_STATE(other, &m.tree, 0, 0);

			pick_and_store(&other);
		}
		pick_and_store(&mas);
		mtree_unlock(&m.tree);
		if (i % 64 == 0)
			model_check(&m);
	}
	model_check(&m);
	model_destroy(&m);
}

static struct vms__kept_leaf kept;

/*
 * A cursor that starts from the kept leaf must answer like one that descends
 * from the root. Return: whether @cell lies in the kept leaf.
 */
static bool take_up(struct ma_state *place, unsigned int cell)
{
	bool taken;

	mas_init(place, &m.tree, model_first(&m, cell));
	vms__mas_take_up(place, &kept, place->index);
	taken = place->node;
	check_around(place, cell);
	return taken;
}

/* Each store keeps its leaf, and lies near the last store or far from it. */
static void live_by_the_kept_leaf(void)
{
	unsigned int taken = 0, last = 0;

	kept = (struct vms__kept_leaf){0};
	for (unsigned int i = 0; i < STORES; i++) {
		unsigned int from, to;
		struct ma_state place;
		void *entry;

		mtree_lock(&m.tree);
		model_pick(&m, &from, &to, &entry);
		if (model_below(&m, 4)) {
			/* Near the last store. */
			from = last > 3 ? last - model_below(&m, 4) : last;
			to = from + model_below(&m, m.cells - from < 3 ? m.cells - from : 3);
		}
		taken += take_up(&place, from);
		if (!model_below(&m, 4))
			plan_in_vain(&place, from);
		__mas_set_range(&place, model_first(&m, from), model_last(&m, to));
		assert_int_equal(mas_preallocate(&place, entry, GFP_KERNEL), 0);
		vms__mas_commit(&place, entry, &kept);
		model_set(&m, from, to, entry);
		last = from;
		take_up(&place, model_below(&m, m.cells));
		mtree_unlock(&m.tree);
		if (i % 64 == 0)
			model_check(&m);
	}
	assert_in_range(taken, STORES / 2, STORES - 1);
	model_check(&m);
	model_destroy(&m);
}

static void a_kept_leaf_saves_the_way_down(void **state)
{
	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 600, 1ul << 32, 4096);
	live_by_the_kept_leaf();
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE, 300, 5ul << 40, 1ul << 40);
	live_by_the_kept_leaf();
	model_init(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 500, 2);
	live_by_the_kept_leaf();
	/* A tree that gets nodes and loses them again. */
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 12, 1);
	live_by_the_kept_leaf();
}

/*
 * mas_preallocate() must allocate only for stores that need nodes, and the
 * store must leave no node unused.
 */
static void memory_is_set_aside_only_where_it_is_needed(void **state)
{
	struct ma_state mas;
	unsigned int needed = 0;

	(void)state;
	model_init_at(&m, MT_FLAGS_ALLOC_RANGE, 200, 0, 4096);
	for (unsigned int i = 0; i < STORES; i++) {
		unsigned int from, to;
		void *entry;

		model_pick(&m, &from, &to, &entry);
		mtree_lock(&m.tree);
		mas_init(&mas, &m.tree, model_first(&m, from));
		mas.last = model_last(&m, to);
		assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
		needed += mas.alloc != NULL;
		mas_store_prealloc(&mas, entry);
		assert_null(mas.alloc);
		mtree_unlock(&m.tree);
		model_set(&m, from, to, entry);
	}
	assert_in_range(needed, 1, STORES - 1);
	model_check(&m);
	model_destroy(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_search_serves_a_store_in_pages),
		cmocka_unit_test(one_search_serves_a_store_across_regions),
		cmocka_unit_test(one_search_serves_a_store_in_bytes),
		cmocka_unit_test(a_place_is_vouched_for_once),
		cmocka_unit_test(a_kept_leaf_saves_the_way_down),
		cmocka_unit_test(memory_is_set_aside_only_where_it_is_needed),
	};

	return model_run_all("place", tests, LEN(tests));
}
