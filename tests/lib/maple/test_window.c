/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - writes in the middle of a reader's walk, made deliberately
 * between the search of a node and the load of the slot that it found.
 *
 * The test compiles descend.tmpl.h again, with a search that calls a writer.
 * The reader must then return what the key held before the writes, between two
 * of them, or after them. Symptom otherwise: a lookup returns an entry that its
 * key never had.
 *
 * The file also tests the one question of a store that is answered without the
 * bounds of its place: isa_spans_just() in plan.tmpl.h.
 */
#include "tests/lib/maple/model.h"

#include <vmastore/rcu.h>

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define WRITES_MAX 3

static struct model m;
static unsigned int searches; /* until the writer runs */
static unsigned int writes;   /* number of writes that it then makes */
static unsigned int made;
static void *held[WRITES_MAX + 1]; /* by the watched key, before and after each write */
static unsigned long watched;

static void let_writer_by(void)
{
	unsigned int from, to;
	void *entry;

	if (!searches || --searches)
		return;
	for (; made < writes; made++) {
		/*
		 * Close to the watched key; otherwise the writes would seldom
		 * affect it.
		 */
		model_pick(&m, &from, &to, &entry);
		if (to - from < 3) {
			unsigned int width = to - from;

			from = model_cell(&m, watched);
			from = from > 3 ? from - 3 + model_below(&m, 6) : model_below(&m, 4);
			from = from + width < m.cells ? from : m.cells - 1 - width;
			to = from + width;
		}
		assert_int_equal(model_store(&m, from, to, entry), 0);
		held[made + 1] = m.cell[model_cell(&m, watched)];
	}
}

/* The searches that descend.tmpl.h requires of its includer. */
static unsigned long find_narrow(const struct maple_node *node, unsigned int keys, uint32_t key)
{
	unsigned long i = 0;

	while (i < keys && ml_key(node, (unsigned int)i) <= key)
		i++;
	let_writer_by();
	return i;
}

static unsigned long isa_find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	return find_narrow(node, ML_NARROW_LEAF_KEYS, key);
}

static unsigned long isa_find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	return find_narrow(node, ML_NARROW_INNER_KEYS, key);
}

static unsigned int isa_find_wide(const struct maple_node *node, unsigned long key)
{
	unsigned int i = ml_find_slot(node, key);

	let_writer_by();
	return i;
}

#define isa_find_wide_leaf isa_find_wide
#define isa_find_wide_inner isa_find_wide
#define ISA_LEAVE_VECTORS() ((void)0)
#include "lib/maple/isa/scan.tmpl.h"

#include "lib/maple/isa/descend.tmpl.h"
#include "lib/maple/isa/shape.tmpl.h"

#include "lib/maple/isa/place.tmpl.h"
#include "lib/maple/isa/plan.tmpl.h"

static bool was_held(const void *entry)
{
	for (unsigned int i = 0; i <= made; i++)
		if (held[i] == entry)
			return true;
	return false;
}

/* Makes a tree of wide nodes, or of nodes in pages or in bytes. */
static void set_up(uint64_t seed)
{
	unsigned int flags = MT_FLAGS_USE_RCU | (seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0),
		     cells = seed & 2 ? 400 : 30, from, to;
	void *entry;

	if (seed & 4)
		model_init_at(&m, flags, cells, 1ul << 30, seed & 1 ? 1 : 4096);
	else
		model_init_wide(&m, flags, cells, seed);
	m.random += seed;
	for (unsigned int i = 0; i < 2 * m.cells; i++) {
		model_pick(&m, &from, &to, &entry);
		assert_int_equal(model_store(&m, from, to, entry), 0);
	}
}

static void arm(void)
{
	watched = model_first(&m, model_below(&m, m.cells));
	held[0] = m.cell[model_cell(&m, watched)];
	made = 0;
	writes = 1 + model_below(&m, WRITES_MAX);
	searches = 1 + model_below(&m, 4);
}

static void a_lookup_answers_what_its_key_held(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		set_up(seed);
		for (unsigned int i = 0; i < 5000; i++) {
			arm();
			vms_rcu_read_lock();
			assert_true(was_held(isa_load(&m.tree, watched)));
			vms_rcu_read_unlock();
		}
		model_check(&m);
		searches = 0;
		model_destroy(&m);
	}
}

static void a_walk_answers_what_its_key_held_and_stays_in_a_live_leaf(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		set_up(seed);
		for (unsigned int i = 0; i < 5000; i++) {
			arm();
			vms_rcu_read_lock();
			MA_STATE(mas, &m.tree, watched, watched);

			assert_true(was_held(isa_descend(&mas, watched)));
			assert_true(mas.index <= watched && watched <= mas.last);
			if (mas.status == ma_active) {
				assert_int_equal(ml_state(mas.node), mas.vms__.version);
				assert_false(mas.vms__.version & ML_DEAD);
				assert_true(mas.min <= mas.index && mas.last <= mas.max);
			}
			vms_rcu_read_unlock();
		}
		searches = 0;
		model_destroy(&m);
	}
}

static void *stopping_descend(struct ma_state *mas, unsigned long key)
{
	return isa_descend(mas, key);
}

/*
 * Steps with writes between them, and with writes inside the walks that a step
 * makes.
 */
static void a_step_never_reports_what_was_never_there(void **state)
{
	const struct vms__mt_isa *usual = vms__mt_isa;
	struct vms__mt_isa stopping = *usual;

	(void)state;
	stopping.descend = stopping_descend;
	/* Functions of the included templates that this test does not call. */
	(void)isa_lookup, (void)isa_enter, (void)isa_next_entry, (void)isa_leaf_gap,
		(void)isa_narrow_gaps, (void)isa_inner_gap, (void)isa_gaps, (void)isa_bounds;
	(void)isa_plan, (void)isa_store, (void)isa_commit;
	for (uint64_t seed = 0; seed < 8; seed++) {
		set_up(seed);
		for (unsigned int i = 0; i < 3000; i++) {
			bool forwards = model_below(&m, 2);
			unsigned long start = model_first(&m, model_below(&m, m.cells));
			void *entry;
			MA_STATE(mas, &m.tree, start, start);

			vms_rcu_read_lock();
			mas_walk(&mas);
			for (unsigned int steps = 0; steps < 6 && mas_is_active(&mas); steps++) {
				if (forwards ? mas.last == ULONG_MAX : !mas.index)
					break;
				arm();
				/* The key for which the step must answer. */
				watched = forwards ? mas.last + 1 : mas.index - 1;
				held[0] = m.cell[model_cell(&m, watched)];
				if (model_below(&m, 2)) {
					searches = 1;
					let_writer_by();
					held[0] = held[made];
					made = 0;
				} else {
					vms__mt_isa = &stopping;
				}
				entry = forwards ? mas_next_range(&mas, ULONG_MAX)
						 : mas_prev_range(&mas, 0);
				vms__mt_isa = usual;
				searches = 0;
				assert_true(was_held(entry));
				assert_int_equal(forwards ? mas.index : mas.last, watched);
			}
			vms_rcu_read_unlock();
		}
		model_destroy(&m);
	}
}

/* Makes adjacent ranges of one page each, most of them with an entry. */
static void set_up_dense(uint64_t seed)
{
	model_init_at(&m, MT_FLAGS_USE_RCU | (seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0), 400, 1ul << 30,
		      4096);
	m.random += seed;
	for (unsigned int i = 0; i < m.cells; i++)
		assert_int_equal(model_store(&m, i, i, model_below(&m, 4) ? model_entry(&m) : NULL),
				 0);
}

/* Writes at @key or closely behind it. */
static void write_near(unsigned long key)
{
	unsigned int from = model_cell(&m, key) + model_below(&m, 4), to;

	from = from < m.cells ? from : m.cells - 1;
	to = from + model_below(&m, 2);
	to = to < m.cells ? to : m.cells - 1;
	assert_int_equal(model_store(&m, from, to, model_below(&m, 2) ? model_entry(&m) : NULL), 0);
}

/*
 * An iteration must report what its range's successor is at the time of the
 * step, in the same leaf or in the next.
 */
static void check_next_entry(struct ma_state *mas, bool find)
{
	unsigned long key = mas->last + 1;
	unsigned int from, to, cell = model_cell(&m, key);
	void *entry = find ? mas_find(mas, ULONG_MAX) : mas_next(mas, ULONG_MAX);

	while (cell < m.cells && !m.cell[cell])
		cell++;
	assert_ptr_equal(entry, cell < m.cells ? m.cell[cell] : NULL);
	if (!entry)
		return;
	model_range(&m, cell, &from, &to);
	assert_int_equal(mas->index, model_first(&m, from) > key ? model_first(&m, from) : key);
	assert_int_equal(mas->last, model_last(&m, to));
}

static void a_step_by_entries_meets_the_next_there_is(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		set_up_dense(seed);
		for (unsigned int i = 0; i < 3000 / MODEL_LESS; i++) {
			unsigned long start = model_first(&m, model_below(&m, m.cells));
			MA_STATE(mas, &m.tree, start, start);

			vms_rcu_read_lock();
			mas_walk(&mas);
			for (unsigned int steps = 0;
			     steps < 30 && mas_is_active(&mas) && mas.last != ULONG_MAX; steps++) {
				if (!model_below(&m, 4))
					write_near(mas.last + 1);
				check_next_entry(&mas, model_below(&m, 4));
			}
			vms_rcu_read_unlock();
		}
		model_destroy(&m);
	}
}

/* ---- a store that needs no bounds ---- */

#define PAGE (1ul << ML_PAGE_SHIFT)
#define REGION (1ul << (ML_PAGE_SHIFT + ML_KEY_BITS))

/*
 * Whether the slot is the first or the last below its parent: isa_spans_just()
 * may then answer "no" although the store spans the slot exactly.
 */
static bool at_parents_end(unsigned long step, const struct maple_node *leaf, unsigned int i)
{
	unsigned int up = ml_step_slot(step);

	return (!i && !up) ||
	       (ml_pivot(leaf, i) == ULONG_MAX && ml_pivot(ml_step_node(step), up) == ULONG_MAX);
}

/*
 * Checks isa_spans_just() for a store over [@first, @last]. Counts in @right
 * where "yes" is the right answer, and in @said where the function says it.
 */
static void check_store_over(unsigned long first, unsigned long last, unsigned int *right,
			     unsigned int *said)
{
	unsigned int from, to, cell = model_cell(&m, first);
	unsigned long step;
	struct maple_node *leaf;
	struct isa_way way;
	bool yes, just;
	MA_STATE(mas, &m.tree, first, last);

	leaf = isa_leaf_by_pages(&mas, first, &way, false);
	step = way.beyond ? 0 : way.parent;
	if (!leaf || !step || first > last)
		return;
	unsigned int i =
		(unsigned int)isa_find_narrow_leaf(leaf, ml_search_key(first, ML_PAGE_SHIFT));

	model_range(&m, cell, &from, &to);
	just = first == model_first(&m, from) && last == model_last(&m, to);
	yes = isa_spans_just(ml_step_node(step), ml_step_slot(step), leaf, i, first, last);
	assert_true(just || !yes);
	/* The region's first key has no "yes" either. */
	assert_true(yes || !just || at_parents_end(step, leaf, i) || !(first % REGION));
	*right += just;
	*said += yes;
}

static void check_stores_from(unsigned int cell, unsigned int *right, unsigned int *said)
{
	static const unsigned long apart[] = {
		0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, REGION - PAGE, REGION, 2 * REGION};
	unsigned long first = model_first(&m, cell), last = model_last(&m, cell),
		      region = first & ~(REGION - 1);

	for (unsigned int i = 0; i < LEN(apart); i++) {
		for (unsigned int j = 0; j < LEN(apart); j++) {
			check_store_over(first + apart[i], last + apart[j], right, said);
			check_store_over(first + apart[i], last - apart[j], right, said);
			check_store_over(first - apart[i], last + apart[j], right, said);
			check_store_over(first - apart[i], last - apart[j], right, said);
		}
		/*
		 * Up to the end of the region, of its last key, and of the
		 * index space.
		 */
		check_store_over(first + apart[i], region + REGION - 1, right, said);
		check_store_over(first + apart[i], region + REGION - PAGE - 1, right, said);
		check_store_over(first + apart[i], ULONG_MAX, right, said);
	}
}

static void a_store_that_asks_for_no_bounds_has_them_right(void **state)
{
	static const unsigned long bases[] = {
		0, PAGE, 5 * REGION, 6 * REGION - 799 * PAGE, 0ul - REGION, 0ul - 800 * PAGE};

	(void)state;
	for (unsigned int b = 0; b < LEN(bases); b++) {
		unsigned int right = 0, said = 0;

		model_init_at(&m, b & 1 ? MT_FLAGS_ALLOC_RANGE : 0, 800, bases[b], PAGE);
		for (unsigned int i = 0; i < m.cells; i++)
			assert_int_equal(model_store(&m, i, i, model_entry(&m)), 0);
		/* Gaps and wider ranges, also at the ends of leaves. */
		for (unsigned int i = 0; i < 100; i++) {
			unsigned int cell = model_below(&m, m.cells - 1);

			assert_int_equal(model_store(&m, cell, cell + (i & 1),
						     i & 2 ? NULL : model_entry(&m)),
					 0);
		}
		assert_true(mt_height(&m.tree) >= 3);
		for (unsigned int cell = 0; cell < m.cells; cell++)
			check_stores_from(cell, &right, &said);
		assert_true(said > right / 10 * 9);
		model_destroy(&m);
	}
}

/*
 * Symptom: a store over a part of a slot replaces all of the slot. Cause: the
 * word behind a full node's keys is its first slot, whose bits can equal the
 * key that is looked for.
 */
static void a_slot_is_not_taken_for_a_key(void **state)
{
	static struct maple_node parent __attribute__((aligned(ML_ALIGN))),
		leaf __attribute__((aligned(ML_ALIGN)));
	unsigned long first = 500 * PAGE, last = 900 * PAGE - 1;

	(void)state;
	ml_begin(&parent, ML_EDGE_BIT, PAGE);
	ml_begin(&leaf, ML_EDGE_BIT | ML_LEAF_BIT, PAGE);
	for (unsigned int i = 0; i < ML_NARROW_INNER_KEYS; i++)
		ml_set_pivot_as(&parent, ML_EDGE_BIT, i, (i + 1) * PAGE - 1);
	for (unsigned int i = 0; i < ML_NARROW_LEAF_KEYS; i++)
		ml_set_pivot_as(&leaf, ML_EDGE_BIT | ML_LEAF_BIT, i, i ? ULONG_MAX : first - 1);
	ml_set_slot(&parent, 0, (void *)900ul);
	assert_false(isa_spans_just(&parent, ML_NARROW_INNER_KEYS, &leaf, 1, first, last));
	/* If the leaf is not the parent's last, the parent has the key. */
	ml_set_pivot_as(&parent, ML_EDGE_BIT, ML_NARROW_INNER_KEYS - 1, last);
	assert_true(isa_spans_just(&parent, ML_NARROW_INNER_KEYS - 1, &leaf, 1, first, last));
	assert_false(
		isa_spans_just(&parent, ML_NARROW_INNER_KEYS - 1, &leaf, 1, first, last + PAGE));
}

/* ---- nodes that are reused ---- */

/*
 * Without RCU a freed node is the next one to be allocated, for another place.
 * Other cursors store while a cursor stands in the tree, all under one lock;
 * the cursor must not take the reused node for its own.
 */
static void a_cursor_knows_nodes_that_came_back(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 200 / MODEL_LESS; seed++) {
		model_init(&m, seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0, 120, seed);
		for (unsigned int i = 0; i < 200; i++) {
			unsigned int cell = model_below(&m, m.cells), from, to;
			void *entry;
			MA_STATE(mas, &m.tree, model_first(&m, cell), model_last(&m, cell));
			MA_STATE(other, &m.tree, 0, 0);

			mas_lock(&mas);
			mas_walk(&mas);
			for (unsigned int n = model_below(&m, 30); n; n--) {
				model_pick(&m, &from, &to, &entry);
				if (to + 1 >= cell && from <= cell + 1)
					continue;
				mas_set_range(&other, model_first(&m, from), model_last(&m, to));
				assert_int_equal(mas_store_gfp(&other, entry, GFP_KERNEL), 0);
				model_set(&m, from, to, entry);
			}
			entry = model_below(&m, 3) ? model_entry(&m) : NULL;
			__mas_set_range(&mas, model_first(&m, cell), model_last(&m, cell));
			assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
			mas_unlock(&mas);
			model_set(&m, cell, cell, entry);
			assert_int_equal(vms_mt_check(&m.tree, stderr), 0);
		}
		model_check(&m);
		model_destroy(&m);
	}
}

/* ---- a plan, and what happens before its store ---- */

static void store_at(unsigned int from, unsigned int to, void *entry)
{
	MA_STATE(mas, &m.tree, model_first(&m, from), model_last(&m, to));

	assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
	model_set(&m, from, to, entry);
}

/*
 * Stores at cells close to [@from, @to], possibly into its leaf or into the
 * next one.
 */
static void store_around(unsigned int from, unsigned int to)
{
	unsigned int cell = from > 4 ? from - 4 : 0;

	for (; cell <= to + 4 && cell < m.cells; cell++)
		if (!model_below(&m, 3))
			store_at(cell, cell, model_below(&m, 2) ? model_entry(&m) : NULL);
}

/* Moves the cursor to its place as the tree is now, for a store there. */
static void look_up(struct ma_state *mas, unsigned int from, unsigned int to)
{
	mas_set(mas, model_first(&m, from));
	mas_walk(mas);
	__mas_set_range(mas, model_first(&m, from), model_last(&m, to));
}

/*
 * After the plan, the tree, the entry, the range and the cursor's place may
 * change. The store must do what the cursor says when the store is made; one
 * that followed the plan would damage the tree.
 */
static void a_store_beside_others_since_its_plan_is_the_right_one(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 120 / MODEL_LESS; seed++) {
		model_init_at(&m, seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0, 150, 1ul << 30,
			      seed & 2 ? 1 : 4096);
		m.random += seed;
		for (unsigned int i = 0; i < 400; i++) {
			unsigned int from, to;
			void *entry;
			MA_STATE(mas, &m.tree, 0, 0);

			model_pick(&m, &from, &to, &entry);
			mas_lock(&mas);
			mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
			assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
			switch (model_below(&m, 8)) {
			case 0:
				store_around(from, to);
				break;
			case 1: /* another entry, in the same place */
				store_at(from, to, model_entry(&m));
				break;
			case 2: /* forwards and back again */
				mas_next(&mas, ULONG_MAX);
				__mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
				break;
			case 3: /* an entry for a gap, or a gap for an entry */
				entry = entry ? NULL : model_entry(&m);
				break;
			case 4: /* another place */
				model_pick(&m, &from, &to, &entry);
				mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
				break;
			case 5: /* given up, and looked up anew after others have stored */
				mas_destroy(&mas);
				store_around(from, to);
				look_up(&mas, from, to);
				break;
			case 6: /* not given up, but looked up anew */
				store_around(from, to);
				look_up(&mas, from, to);
				break;
			default:
				break;
			}
			mas_store_prealloc(&mas, entry);
			mas_unlock(&mas);
			model_set(&m, from, to, entry);
			assert_int_equal(vms_mt_check(&m.tree, stderr), 0);
		}
		model_check(&m);
		model_destroy(&m);
	}
}

/* A later store must not follow a plan that was given up. */
static void a_plan_given_up_is_forgotten(void **state)
{
	static int a, b;
	struct maple_tree mt = MTREE_INIT(mt, 0);
	MA_STATE(mas, &mt, 0x5000, 0x5fff);

	(void)state;
	assert_int_equal(mtree_store_range(&mt, 0x1000, 0x1fff, &a, GFP_KERNEL), 0);
	mas_lock(&mas);
	assert_int_equal(mas_preallocate(&mas, NULL, GFP_KERNEL), 0);
	mas_destroy(&mas);
	assert_null(mas_store(&mas, &b));
	assert_ptr_equal(mas_erase(&mas), &b);
	mas_unlock(&mas);
	assert_null(mtree_load(&mt, 0x5000));
	mtree_destroy(&mt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup_answers_what_its_key_held),
		cmocka_unit_test(a_walk_answers_what_its_key_held_and_stays_in_a_live_leaf),
		cmocka_unit_test(a_step_never_reports_what_was_never_there),
		cmocka_unit_test(a_step_by_entries_meets_the_next_there_is),
		cmocka_unit_test(a_store_that_asks_for_no_bounds_has_them_right),
		cmocka_unit_test(a_slot_is_not_taken_for_a_key),
		cmocka_unit_test(a_cursor_knows_nodes_that_came_back),
		cmocka_unit_test(a_store_beside_others_since_its_plan_is_the_right_one),
		cmocka_unit_test(a_plan_given_up_is_forgotten),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
