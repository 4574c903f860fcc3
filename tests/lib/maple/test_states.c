/* SPDX-License-Identifier: MIT */
/*
 * test_states.c - every state of a cursor combined with every way to move it:
 * the tables of docs/maple-api.md, and the index and last of the result.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmastore/rcu.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* One tree holds A, B and C, the other holds O at index 0 only. */
static int a, b, c, o;
static struct maple_tree tree, single;

static int trees_up(void **state)
{
	(void)state;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	mt_init_flags(&single, MT_FLAGS_USE_RCU);
	return mtree_store_range(&tree, 0x1000, 0x1500, &a, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x2000, 0x2500, &b, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x3000, 0x3500, &c, GFP_KERNEL) ||
	       mtree_store(&single, 0, &o, GFP_KERNEL);
}

static int trees_down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	mtree_destroy(&single);
	return model_live_nodes() != 0;
}

/* ---- the states: each function brings a fresh cursor into one ---- */

static void start_at_b(struct ma_state *mas)
{
	mas_init(mas, &tree, 0x2200);
}
static void start_in_the_gap(struct ma_state *mas)
{
	mas_init(mas, &tree, 0x1800);
}
static void active_on_b(struct ma_state *mas)
{
	start_at_b(mas);
	mas_walk(mas);
}
static void active_on_the_gap(struct ma_state *mas)
{
	start_in_the_gap(mas);
	mas_walk(mas);
}
static void pause_on_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_pause(mas);
}
static void none_on_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_reset(mas);
	mas->status = ma_none;
}
static void overflow_behind_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_next(mas, 0x2fff);
}
static void underflow_before_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_prev(mas, 0x1800);
}
static void error_on_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas->status = ma_error;
	mas->node = MA_ERROR(-ENOMEM);
}
static void root(struct ma_state *mas)
{
	mas_init(mas, &single, 0);
	mas_walk(mas);
}
static void none_behind_the_root(struct ma_state *mas)
{
	mas_init(mas, &single, 5);
	mas_walk(mas);
}

/* ---- the moves ---- */

static void *walk(struct ma_state *mas, unsigned long limit)
{
	(void)limit;
	return mas_walk(mas);
}

static const struct move {
	void *(*move)(struct ma_state *mas, unsigned long limit);
	unsigned long limit;
} moves[] = {
	{walk, 0},
	{mas_next, ULONG_MAX},
	{mas_prev, 0},
	{mas_find, ULONG_MAX},
	{mas_find_rev, 0},
	{mas_next_range, ULONG_MAX},
	{mas_prev_range, 0},
	{mas_find_range, ULONG_MAX},
	{mas_find_range_rev, 0},
};

/*
 * The possible results: a letter for each entry with its range and state. '<'
 * and '>' are the gaps before and after B.
 */
static const struct outcome {
	char name;
	void *entry;
	enum maple_status status;
	unsigned long index, last;
} outcomes[] = {
	{'A', &a, ma_active, 0x1000, 0x1500},
	{'B', &b, ma_active, 0x2000, 0x2500},
	{'C', &c, ma_active, 0x3000, 0x3500},
	{'<', NULL, ma_active, 0x1501, 0x1fff},
	{'>', NULL, ma_active, 0x2501, 0x2fff},
	{'e', NULL, ma_error, 0x2000, 0x2500},
	{'O', &o, ma_root, 0, 0},
	{'n', NULL, ma_none, 1, ULONG_MAX},
	{'0', NULL, ma_none, 0, 0},
	{'o', NULL, ma_overflow, 1, ULONG_MAX},
	{'u', NULL, ma_underflow, 0, 0},
};

static const struct {
	const char *name;
	void (*enter)(struct ma_state *mas);
	const char *come_to; /* the results, one letter a move */
} states[] = {
	{"start, at B", start_at_b, "BCABB><BB"},
	{"start, in the gap before B", start_in_the_gap, "<BABABABA"},
	{"active, on B", active_on_b, "BCACA><><"},
	{"active, on the gap before B", active_on_the_gap, "<BABABABA"},
	{"pause, on B", pause_on_b, "BCACA><CA"},
	{"none, on B", none_on_b, "BCABB><BB"},
	{"overflow, on the gap behind B", overflow_behind_b, ">CBCBCBCB"},
	{"underflow, on the gap before B", underflow_before_b, "<BABABABA"},
	{"error, on B", error_on_b, "Beeeeeeee"},
	{"root", root, "Onun0nun0"},
	{"none, behind the root", none_behind_the_root, "noOnOoOnO"},
};

static const struct outcome *outcome_of(const struct ma_state *mas, const void *entry)
{
	for (unsigned int i = 0; i < LEN(outcomes); i++) {
		const struct outcome *out = &outcomes[i];

		if (out->entry == entry && out->status == mas->status && out->index == mas->index &&
		    out->last == mas->last)
			return out;
	}
	return NULL;
}

static void every_move_from_every_state(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < LEN(states); s++) {
		char found[LEN(moves) + 1] = "";

		for (unsigned int i = 0; i < LEN(moves); i++) {
			const struct outcome *out;
			struct ma_state mas;
			void *entry;

			vms_rcu_read_lock();
			states[s].enter(&mas);
			entry = moves[i].move(&mas, moves[i].limit);
			vms_rcu_read_unlock();
			out = outcome_of(&mas, entry);
			found[i] = out ? out->name : '?';
		}
		if (strcmp(found, states[s].come_to))
			fail_msg("%s: found %s, expected %s", states[s].name, found,
				 states[s].come_to);
	}
}

/*
 * A cursor that its limit stops keeps its place; its status tells the
 * direction.
 */
static void a_limit_is_met_in_the_state_that_names_it(void **state)
{
	struct ma_state mas;

	(void)state;
	vms_rcu_read_lock();
	active_on_b(&mas);
	assert_null(mas_next(&mas, 0x2500));
	assert_int_equal(mas.status, ma_overflow);
	assert_int_equal(mas.index, 0x2000);
	/* With another limit the cursor continues. */
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &c);
	active_on_b(&mas);
	assert_null(mas_prev_range(&mas, 0x2000));
	assert_int_equal(mas.status, ma_underflow);
	assert_ptr_equal(mas_prev(&mas, 0), &a);
	active_on_b(&mas);
	assert_null(mas_find(&mas, 0x2fff));
	assert_int_equal(mas.status, ma_active);
	assert_ptr_equal(mas_find(&mas, 0x3000), &c);
	assert_null(mas_find_rev(&mas, 0x2501));
	assert_int_equal(mas.status, ma_underflow);
	assert_ptr_equal(mas_find_rev(&mas, 0x2400), &b);
	vms_rcu_read_unlock();
}

/*
 * A tree without nodes: everything except index 0 lies behind its only entry.
 */
static void a_limit_is_met_without_nodes(void **state)
{
	struct ma_state mas;

	(void)state;
	vms_rcu_read_lock();
	none_behind_the_root(&mas);
	assert_null(mas_prev(&mas, 3));
	mas_init(&mas, &single, 5);
	assert_null(mas_prev(&mas, 1));
	assert_int_equal(mas.status, ma_underflow);
	assert_ptr_equal(mas_prev(&mas, 0), &o);
	assert_int_equal(mas.last, 0);
	mas_init(&mas, &single, 5);
	assert_null(mas_prev_range(&mas, 1));
	assert_int_equal(mas.status, ma_underflow);
	vms_rcu_read_unlock();
	assert_null(mt_prev(&single, 5, 1));
	assert_ptr_equal(mt_prev(&single, 5, 0), &o);
}

/*
 * After a pause the cursor continues behind its range, whatever has become of
 * that range.
 */
static void a_pause_goes_on_behind_what_was_met(void **state)
{
	struct ma_state mas;

	(void)state;
	mas_init(&mas, &tree, 0);
	mas_lock(&mas);
	assert_ptr_equal(mas_find(&mas, ULONG_MAX), &a);
	mas_pause(&mas);
	mas_unlock(&mas);
	/* Another cursor splits the range meanwhile. */
	assert_int_equal(mtree_store_range(&tree, 0x1200, 0x12ff, &o, GFP_KERNEL), 0);
	mas_lock(&mas);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &b);
	mas_unlock(&mas);
}

/*
 * In a tree without nodes, a store of NULL leaves its cursor on the whole gap.
 */
static void a_gap_stored_without_nodes_is_all_there_is(void **state)
{
	struct maple_tree empty = MTREE_INIT(empty, 0);
	MA_STATE(mas, &empty, 5, 10);

	(void)state;
	mas_lock(&mas);
	assert_int_equal(mas_store_gfp(&mas, NULL, GFP_KERNEL), 0);
	assert_int_equal(mas.index, 0);
	assert_int_equal(mas.last, ULONG_MAX);
	mas_set(&mas, 0);
	assert_int_equal(mas_store_gfp(&mas, &o, GFP_KERNEL), 0);
	mas_set_range(&mas, 5, 10);
	assert_int_equal(mas_store_gfp(&mas, NULL, GFP_KERNEL), 0);
	assert_int_equal(mas.index, 1);
	assert_int_equal(mas.last, ULONG_MAX);
	mas_set(&mas, 0);
	assert_ptr_equal(mas_erase(&mas), &o);
	assert_int_equal(mas.index, 0);
	assert_int_equal(mas.last, ULONG_MAX);
	mas_unlock(&mas);
	assert_true(mtree_empty(&empty));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_move_from_every_state, trees_up, trees_down),
		cmocka_unit_test_setup_teardown(a_limit_is_met_in_the_state_that_names_it, trees_up,
						trees_down),
		cmocka_unit_test_setup_teardown(a_limit_is_met_without_nodes, trees_up, trees_down),
		cmocka_unit_test_setup_teardown(a_pause_goes_on_behind_what_was_met, trees_up,
						trees_down),
		cmocka_unit_test(a_gap_stored_without_nodes_is_all_there_is),
	};

	return model_run_all("states", tests, LEN(tests));
}
