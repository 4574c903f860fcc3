/* SPDX-License-Identifier: MIT */
/*
 * test_window.c - writes in the middle of a reader's walk, on purpose: between the search of a node and the load of the slot
 * that it found. The walk of descend.h is compiled here once more, with a search that stops to let a writer by. What the reader
 * then answers must be what the key held before the writes, between two of them, or after them.
 */
#include "tests/maple/model.h"

#include <vmastore/rcu.h>

#include "lib/maple/internal.h"
#include "lib/sync/rcu.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define WRITES_MAX 3

static struct model m;
static unsigned int searches; /* before the writer comes by */
static unsigned int writes;   /* that it makes then */
static unsigned int made;
static void *held[WRITES_MAX + 1]; /* by the key, before and after each write */
static unsigned long watched;

static void let_writer_by(void)
{
	unsigned int from, to;
	void *entry;

	if (!searches || --searches)
		return;
	for (; made < writes; made++) {
		/* Close to the key, or nothing would ever happen there. */
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

/* The searches that descend.h asks for. */
static unsigned long find_narrow(const struct maple_node *node, unsigned int keys, uint32_t key)
{
	unsigned long i = 0;

	while (i < keys && mt_key(node, (unsigned int)i) <= key)
		i++;
	let_writer_by();
	return i;
}

static unsigned long find_narrow_leaf(const struct maple_node *node, uint32_t key)
{
	return find_narrow(node, MT_NARROW_LEAF_KEYS, key);
}

static unsigned long find_narrow_inner(const struct maple_node *node, uint32_t key)
{
	return find_narrow(node, MT_NARROW_INNER_KEYS, key);
}

static unsigned int find_wide(const struct maple_node *node, unsigned long key)
{
	unsigned int i = mt_find_slot(node, key);

	let_writer_by();
	return i;
}

#define find_wide_leaf find_wide
#define find_wide_inner find_wide
#include "lib/maple/scan.h"

#include "lib/maple/descend.h"

static bool was_held(const void *entry)
{
	for (unsigned int i = 0; i <= made; i++)
		if (held[i] == entry)
			return true;
	return false;
}

static void set_up(uint64_t seed)
{
	unsigned int from, to;
	void *entry;

	model_init_wide(&m, MT_FLAGS_USE_RCU | (seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0), seed & 2 ? 400 : 30, seed);
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
			assert_true(was_held(load(&m.tree, watched)));
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

			assert_true(was_held(descend(&mas, watched)));
			assert_true(mas.index <= watched && watched <= mas.last);
			if (mas.status == ma_active) {
				assert_int_equal(mt_state(mas.node), mas.version);
				assert_false(mas.version & MT_DEAD);
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
	return descend(mas, key);
}

/* Steps, with writes between them and inside the walks that they take then. */
static void a_step_never_reports_what_was_never_there(void **state)
{
	const struct vms__mt_isa *usual = vms__mt_isa;
	struct vms__mt_isa stopping = *usual;

	(void)state;
	stopping.descend = stopping_descend;
	/* The rest of what descend.h and scan.h make. */
	(void)lookup, (void)enter, (void)next_entry, (void)leaf_gap, (void)leaf_gaps, (void)inner_gap, (void)gaps;
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
				/* The key that the step must answer for. */
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
				entry = forwards ? mas_next_range(&mas, ULONG_MAX) : mas_prev_range(&mas, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lookup_answers_what_its_key_held),
		cmocka_unit_test(a_walk_answers_what_its_key_held_and_stays_in_a_live_leaf),
		cmocka_unit_test(a_step_never_reports_what_was_never_there),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
