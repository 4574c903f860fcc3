/* SPDX-License-Identifier: MIT */
/*
 * test_cursor.c - a cursor that stands in the tree while others write: what it
 * stores must end up in the tree; and what a cursor is made of.
 *
 * Symptom: a store was lost, or went into freed memory, and the tree's gaps
 * were wrong afterwards. Cause: the cursor's leaf was unchanged, but another
 * store had replaced a node above it, and the cursor still used the old one.
 */
#include "tests/lib/maple/model.h"

#include <string.h>
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

/*
 * The cursor stands in the last part of a tree of several levels; another store
 * clears that part, and with it the slots by which the cursor had come there.
 */
static void a_cursor_outlives_the_slots_of_its_way(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		MA_STATE(mas, &m.tree, 0, 0);
		MA_STATE(other, &m.tree, 0, 0);

		model_init(&m, kinds[kind], 4000, 1);
		for (unsigned int cell = 0; cell < 4000; cell++)
			assert_int_equal(model_store(&m, cell, cell, model_entry(&m)), 0);
		assert_in_range(mt_height(&m.tree), 3, MAPLE_HEIGHT_MAX);
		mtree_lock(&m.tree);
		mas_set(&mas, model_first(&m, 3990));
		mas_walk(&mas);
		store_by(&other, 2000, 3999, NULL);
		assert_in_range(mt_height(&m.tree), 3, MAPLE_HEIGHT_MAX);
		store_by(&mas, 3990, 3990, model_entry(&m));
		mtree_unlock(&m.tree);
		model_check(&m);
		mtree_destroy(&m.tree);
	}
	assert_int_equal(model_live_nodes(), 0);
}

/* Two cache lines: a caller has one on its stack for each call. */
_Static_assert(sizeof(struct ma_state) <= 128, "a cursor is small");

enum read_call {
	READ_WALK,
	READ_FIND,
	READ_FIND_RANGE,
	READ_FIND_REV,
	READ_FIND_RANGE_REV,
	READ_NEXT,
	READ_NEXT_RANGE,
	READ_PREV,
	READ_PREV_RANGE,
	READ_BATCH,
	READ_GAP,
	READ_GAP_REV,
	READ_CALLS,
};

static void *read_by(struct ma_state *mas, enum read_call call)
{
	struct vms_mt_range range;

	switch (call) {
	case READ_WALK:
		return mas_walk(mas);
	case READ_FIND:
		return mas_find(mas, ULONG_MAX);
	case READ_FIND_RANGE:
		return mas_find_range(mas, ULONG_MAX);
	case READ_FIND_REV:
		return mas_find_rev(mas, 0);
	case READ_FIND_RANGE_REV:
		return mas_find_range_rev(mas, 0);
	case READ_NEXT:
		return mas_next(mas, ULONG_MAX);
	case READ_NEXT_RANGE:
		return mas_next_range(mas, ULONG_MAX);
	case READ_PREV:
		return mas_prev(mas, 0);
	case READ_PREV_RANGE:
		return mas_prev_range(mas, 0);
	case READ_BATCH:
		return vms_mas_batch(mas, ULONG_MAX, &range, 1) ? range.entry : NULL;
	case READ_GAP:
		return mas_empty_area(mas, 0, ULONG_MAX, 3) ? mas : NULL;
	default:
		return mas_empty_area_rev(mas, 0, ULONG_MAX, 3) ? mas : NULL;
	}
}

/* A new cursor in memory that had each byte set to @poison. */
static void begin_in(struct ma_state *mas, int poison, unsigned int from, unsigned int to)
{
	memset(mas, poison, sizeof(*mas));
	mas_init_range(mas, &m.tree, model_first(&m, from), model_last(&m, to));
}

static void read_twice(int poison, unsigned int cell, enum read_call call)
{
	struct ma_state clean, mas;
	void *want, *entry;

	begin_in(&clean, 0, cell, cell);
	begin_in(&mas, poison, cell, cell);
	for (unsigned int i = 0; i < 3; i++) {
		want = read_by(&clean, call);
		entry = read_by(&mas, call);
		/* A search that found nothing answers with its own cursor. */
		assert_true(want == &clean ? entry == &mas : entry == want);
		assert_int_equal(mas.status, clean.status);
		assert_int_equal(mas.index, clean.index);
		assert_int_equal(mas.last, clean.last);
	}
	mas_destroy(&mas);
}

static void write_once(int poison, unsigned int how)
{
	unsigned int from, to;
	struct ma_state mas;
	void *entry;

	model_pick(&m, &from, &to, &entry);
	begin_in(&mas, poison, from, to);
	switch (how) {
	case 0:
		assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
		break;
	case 1:
		assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
		mas_store_prealloc(&mas, entry);
		break;
	case 2:
		assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
		mas_destroy(&mas);
		return;
	case 3:
		mas_walk(&mas);
		for (unsigned int n = 0; n < 8; n++)
			write_once(poison, 0);
		__mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
		assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
		break;
	default:
		assert_int_equal(mas_expected_entries(&mas, 3), 0);
		mas_store(&mas, entry);
		assert_false(mas_is_err(&mas));
		mas_destroy(&mas);
		break;
	}
	model_set(&m, from, to, entry);
}

static void a_new_cursor_does_not_ask_what_its_memory_was(void **state)
{
	static const int poisons[] = {0x01, 0x7f, 0x80, 0xa5, 0xff};

	(void)state;
	for (unsigned int seed = 0; seed < 4 * LEN(poisons); seed++) {
		int poison = poisons[seed % LEN(poisons)];

		fill(MT_FLAGS_ALLOC_RANGE, seed);
		mtree_lock(&m.tree);
		for (unsigned int n = 0; n < 400; n++) {
			write_once(poison, model_below(&m, 5));
			read_twice(poison, model_below(&m, 200),
				   (enum read_call)model_below(&m, READ_CALLS));
		}
		mtree_unlock(&m.tree);
		model_check(&m);
		mtree_destroy(&m.tree);
	}
	assert_int_equal(model_live_nodes(), 0);
}

/*
 * Move the cursor, or its range, after a store was planned: [*from, *to] is
 * what is stored.
 */
static void leave_plan(struct ma_state *mas, unsigned int *from, unsigned int *to)
{
	struct ma_state other;

	switch (model_below(&m, 6)) {
	case 0:
		*to = *from + (*to - *from) / 2;
		mas->last = model_last(&m, *to);
		break;
	case 1:
		*from += (*to - *from) / 2;
		mas->index = model_first(&m, *from);
		break;
	case 2:
		mas_walk(mas);
		break;
	case 3:
		mas_next_range(mas, ULONG_MAX);
		break;
	case 4:
		mas_init(&other, &m.tree, model_first(&m, *to));
		store_by(&other, *to, *to, model_below(&m, 2) ? model_entry(&m) : NULL);
		break;
	default:
		return;
	}
	__mas_set_range(mas, model_first(&m, *from), model_last(&m, *to));
}

/*
 * Symptom: a store that was planned, and then another one asked for, puts its
 * bounds where the plan was for.
 */
static void a_plan_is_for_the_store_that_was_planned(void **state)
{
	unsigned int seeds = 400 / MODEL_LESS;

	(void)state;
	print_message("seeds 0 to %u\n", seeds - 1);
	for (unsigned int seed = 0; seed < seeds; seed++) {
		fill(kinds[seed % 2], seed);
		mtree_lock(&m.tree);
		for (unsigned int n = 0; n < 200; n++) {
			unsigned int from, to;
			struct ma_state mas;
			void *entry;

			model_pick(&m, &from, &to, &entry);
			begin_in(&mas, 0, from, to);
			assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
			leave_plan(&mas, &from, &to);
			if (!model_below(&m, 4))
				entry = entry ? NULL : model_entry(&m);
			assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
			mas_destroy(&mas);
			model_set(&m, from, to, entry);
		}
		mtree_unlock(&m.tree);
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
		cmocka_unit_test(a_cursor_outlives_the_slots_of_its_way),
		cmocka_unit_test(a_new_cursor_does_not_ask_what_its_memory_was),
		cmocka_unit_test(a_plan_is_for_the_store_that_was_planned),
	};

	return model_run_all("cursor", tests, LEN(tests));
}
