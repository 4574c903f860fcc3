/* SPDX-License-Identifier: MIT */
/*
 * test_shape.c - everything that a reader can see of changes in place.
 *
 * The test records each store into the leaf that shape.tmpl.h makes. Then it
 * tries, for every key, every moment at which a reader may have loaded each
 * word, in the reader's order: state, pivots (each at its own moment, in any
 * order), slot, state. Whatever the reader would accept must be what the key
 * had before a change or after it. Symptom otherwise: a lookup returns an entry
 * that its key never had. Several changes in a row show whether a slot that
 * lost its keys is filled again too early.
 *
 * An iteration reads the whole leaf. It accepts its copy only if the state was
 * the same before and after, and said that no change was under way. The copy
 * must then equal the leaf between two changes.
 */
#include "tests/lib/maple/model.h"

#include <stdlib.h>
#include <string.h>

#include "lib/maple/internal.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Compile shape.tmpl.h so that it records its stores. */
static void record(volatile void *word, size_t size, unsigned long value);
#undef atomic_store_explicit
#define atomic_store_explicit(word, value, order)                                                  \
	record(word, sizeof(*(word)), (unsigned long)(value))
#include "lib/maple/isa/shape.tmpl.h"

#define MOMENTS_MAX 512
#define UNIVERSE 40ul

#include "lib/maple/isa/scan.tmpl.h"

static struct maple_node leaf;
static struct maple_node moment[MOMENTS_MAX]; /* the leaf after each store */
static unsigned int moments;

static void record(volatile void *word, size_t size, unsigned long value)
{
	if (size == sizeof(uint32_t))
		*(volatile uint32_t *)word = (uint32_t)value;
	else
		*(volatile unsigned long *)word = value;
	assert_true(moments < MOMENTS_MAX);
	memcpy(&moment[moments++], &leaf, sizeof(leaf));
}

static void *entry_at(const struct maple_node *node, unsigned long key)
{
	for (unsigned int i = 0;; i++)
		if (ml_pivot(node, i) >= key)
			return ml_slot(node, i);
}

/*
 * Whether @key had @entry before the changes, between two of them, or after
 * them.
 */
static bool had(unsigned long key, const void *entry, unsigned int changes,
		const unsigned int *end_of_change)
{
	for (unsigned int c = 0; c <= changes; c++)
		if (entry_at(&moment[end_of_change[c]], key) == entry)
			return true;
	return false;
}

/*
 * A walk has found @key in slot @i and has loaded @entry from it at the moment
 * @slot_at. It reads the slot's bounds again, at moments from @begin on.
 * Return: whether the range that descend.tmpl.h may then report contains a key
 * that never had the entry.
 */
static bool bounds_mislead(unsigned long key, unsigned int i, const void *entry, unsigned int begin,
			   unsigned int slot_at, unsigned int changes,
			   const unsigned int *end_of_change)
{
	unsigned long low = key, high = key;

	for (unsigned int at = begin; at <= slot_at; at++) {
		struct ml_leaf l;

		ml_leaf_view(&l, &moment[at], ml_state(&moment[at]), 0, ULONG_MAX);
		low = ml_leaf_min(&l, i) < low ? ml_leaf_min(&l, i) : low;
		high = ml_leaf_max(&l, i) > high ? ml_leaf_max(&l, i) : high;
	}
	for (unsigned long k = low; k <= high && k < UNIVERSE; k++)
		if (!had(k, entry, changes, end_of_change))
			return true;
	return false;
}

/*
 * Whether a reader of any key of [0, UNIVERSE) can get an entry that the key
 * never had, or a range that contains such a key. The leaf spans [0,
 * ULONG_MAX].
 */
static bool misleads(unsigned int changes, const unsigned int *end_of_change)
{
	for (unsigned long key = 0; key < UNIVERSE; key++) {
		for (unsigned int begin = 0; begin < moments; begin++) {
			for (unsigned int slot_at = begin; slot_at < moments; slot_at++) {
				if (ml_state(&moment[begin]) != ml_state(&moment[slot_at]))
					break;
				for (unsigned int i = 0; i <= ml_keys(&leaf); i++) {
					bool above = !i, upto = i == ml_keys(&leaf);
					void *got = ml_slot(&moment[slot_at], i);

					for (unsigned int at = begin; at <= slot_at; at++) {
						above |= i && ml_pivot(&moment[at], i - 1) < key;
						upto |= ml_pivot(&moment[at], i) >= key;
					}
					if (!above || !upto)
						continue;
					if (!had(key, got, changes, end_of_change) ||
					    bounds_mislead(key, i, got, begin, slot_at, changes,
							   end_of_change))
						return true;
				}
			}
		}
	}
	return false;
}

/*
 * Makes a leaf of ranges of 1 to 4 keys with some empty slots; no two gaps are
 * adjacent.
 */
static void random_leaf(struct model *m)
{
	unsigned long form =
		ML_LEAF_BIT | (model_below(m, 2) ? ML_WIDE_BIT : ML_BYTE_BIT | ML_EDGE_BIT);
	unsigned int n = 0, keys = ml_keys_of(form), used = 4 + model_below(m, 8);
	unsigned long end = 0;
	bool gap = model_below(m, 2);

	memset(&leaf, 0, sizeof(leaf));
	ml_begin(&leaf, form, 1);
	for (unsigned int u = 0; u < used && n < keys; u++) {
		void *entry = gap ? NULL : model_entry(m);
		unsigned int copies = 1 + (model_below(m, 3) ? 0 : model_below(m, 3));

		end += 1 + model_below(m, 4);
		for (; copies && n < keys; copies--, n++) {
			ml_set_pivot(&leaf, n, end);
			ml_set_slot(&leaf, n, entry);
		}
		gap = !gap && model_below(m, 2);
	}
	ml_set_slot(&leaf, n, gap ? NULL : model_entry(m));
	for (; n < keys; n++)
		ml_set_pivot(&leaf, n, ULONG_MAX);
}

static unsigned int used_slots(const struct maple_node *node)
{
	unsigned int used = 1;

	for (unsigned int i = 1; i <= ml_keys(node); i++)
		used |= (unsigned int)(ml_pivot(node, i) != ml_pivot(node, i - 1)) << i;
	return used;
}

/*
 * Plans a store into the leaf as plan.tmpl.h does. Return: ML_STORE_LEAF if
 * shape.tmpl.h does not make such a store.
 */
static enum ml_store_type isa_plan(struct ml_write *w, struct ma_state *mas, unsigned long first,
				   unsigned long last, void *entry)
{
	unsigned int slots;

	mas->node = &leaf;
	mas->min = 0;
	mas->max = ULONG_MAX;
	*w = (struct ml_write){.mas = mas, .entry = entry};
	ml_leaf_view(&w->leaf, &leaf, ml_form_of(&leaf), 0, ULONG_MAX);
	/* Adjacent gaps become one. */
	while (!entry && first && !entry_at(&leaf, first - 1))
		first--;
	while (!entry && last != ULONG_MAX && last < 2 * UNIVERSE && !entry_at(&leaf, last + 1))
		last++;
	if (last == 2 * UNIVERSE)
		last = ULONG_MAX;
	w->first = first;
	w->last = last;
	w->lo = ml_find_slot(&leaf, first);
	w->hi = ml_find_slot(&leaf, last);
	w->lo_min = ml_slot_min(&leaf, w->lo, 0);
	w->hi_max = ml_slot_max(&leaf, w->hi, ULONG_MAX);
	w->lo_entry = ml_slot(&leaf, w->lo);
	w->hi_entry = ml_slot(&leaf, w->hi);
	w->used = used_slots(&leaf);
	if (w->lo == w->hi && w->first == w->lo_min && w->last == w->hi_max)
		return ML_STORE_LEAF;
	slots = (unsigned int)__builtin_popcount(w->used) + (w->lo_min < w->first) +
		(w->last < w->hi_max);
	if (w->lo == w->hi && slots > ml_keys(&leaf) + 1)
		return ML_STORE_LEAF;
	return isa_form_fits(w) ? isa_shape_for(w) : ML_STORE_LEAF;
}

static struct model m;

/*
 * How often one move brought two empty slots behind the store's slot: from
 * above, and from below.
 */
static unsigned int seen_two[2];

/*
 * Makes a random change in place, and records it. Return: false if the store
 * would not be in place.
 */
static bool change(unsigned int *kind, unsigned int *moved)
{
	struct ma_state mas;
	struct ml_write w;
	unsigned long first = model_below(&m, UNIVERSE), last = first + model_below(&m, 12);
	void *entry = model_below(&m, 3) ? model_entry(&m) : NULL;
	struct maple_node before = leaf;
	enum ml_store_type type = isa_plan(&w, &mas, first, last, entry);
	unsigned int at;
	bool none;

	if (type == ML_STORE_LEAF)
		return false;
	*kind = (w.lo != w.hi) * 4u + (w.lo_min < w.first) * 2u + (w.last < w.hi_max);
	/*
	 * 1: slots behind the store's slot moved up. 2: the slot itself moved
	 * down.
	 */
	at = w.lo;
	*moved = w.lo == w.hi && isa_spare_behind(&w, w.lo) <
					 (unsigned int)(w.lo_min < w.first) + (w.last < w.hi_max);
	none = !isa_spare_behind(&w, w.lo);
	isa_shape(&w, type);
	if (w.lo < at)
		*moved = 2;
	/*
	 * The split itself takes two phases, so that three phases mean one
	 * move.
	 */
	if (none && type == ML_STORE_MIDDLE &&
	    ml_state(&leaf) - ml_state(&before) == 3 * ML_STATE_STEP)
		seen_two[w.lo < at]++;
	assert_int_equal(mas.vms__.version, ml_state(&leaf));
	assert_ptr_equal(ml_slot(&leaf, mas.offset), entry);
	for (unsigned long key = 0; key < UNIVERSE; key++)
		assert_ptr_equal(entry_at(&leaf, key),
				 key >= w.first && key <= w.last ? entry : entry_at(&before, key));
	return true;
}

static void no_change_in_place_misleads_a_reader(void **state)
{
	unsigned int seen[8] = {0}, seen_moved[3] = {0}, tried = 0;

	(void)state;
	model_init(&m, 0, 1, 11);
	while (tried < 600) {
		unsigned int end_of_change[4] = {0}, changes = 0, kind = 0, moved = 0;

		random_leaf(&m);
		memcpy(&moment[0], &leaf, sizeof(leaf));
		moments = 1;
		for (unsigned int attempt = 0; attempt < 12 && changes < 3; attempt++) {
			if (!change(&kind, &moved))
				continue;
			end_of_change[++changes] = moments - 1;
			seen[kind]++;
			seen_moved[moved]++;
		}
		if (!changes)
			continue;
		tried++;
		assert_false(misleads(changes, end_of_change));
	}
	/*
	 * Every function of shape.tmpl.h must have run: three splits, two
	 * moves, the join.
	 */
	assert_true(seen[1] && seen[2] && seen[3] && seen[4] && seen[5] && seen[6]);
	assert_false(seen[0] || seen[7]);
	assert_true(seen_moved[0] && seen_moved[1] && seen_moved[2]);
	assert_true(seen_two[0] && seen_two[1]);
	model_destroy(&m);
}

static void the_same_without_phases_does_mislead(void **state)
{
	unsigned int end_of_change[4] = {0}, kind = 0, moved = 0, misled = 0;

	(void)state;
	model_init(&m, 0, 1, 12);
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int changes = 0;

		random_leaf(&m);
		memcpy(&moment[0], &leaf, sizeof(leaf));
		moments = 1;
		for (unsigned int attempt = 0; attempt < 12 && changes < 3; attempt++)
			if (change(&kind, &moved))
				end_of_change[++changes] = moments - 1;
		for (unsigned int j = 0; j < moments; j++)
			moment[j].state = ml_form_of(&moment[j]) & ML_FORM;
		misled += misleads(changes, end_of_change);
	}
	assert_true(misled > 10);
	model_destroy(&m);
}

/* ---- the whole leaf at once ---- */

struct snapshot {
	unsigned int used, full;
	unsigned long bound[ML_LEAF_SLOTS + 1];
};

static void take_snapshot(struct snapshot *s, struct maple_node *pivots, struct maple_node *slots,
			  struct maple_node *again)
{
	struct ml_leaf l;

	ml_leaf_view(&l, pivots, ml_form_of(&leaf), 0, ULONG_MAX);
	s->used = isa_used(&l);
	ml_leaf_view(&l, slots, ml_form_of(&leaf), 0, ULONG_MAX);
	s->full = s->used & ~isa_nulls(&l);
	ml_leaf_view(&l, again, ml_form_of(&leaf), 0, ULONG_MAX);
	isa_bounds(&l, s->bound);
}

/*
 * Fills @node with the leaf's words, each from a random moment in [@from, @to].
 */
static void mix(struct maple_node *node, unsigned int from, unsigned int to)
{
	for (size_t i = 0; i < ML_LEAF_BYTES; i += sizeof(uint32_t)) {
		unsigned int at = from + model_below(&m, to - from + 1);

		/* A reader loads a slot, or a wide pivot, in one access. */
		if (i >= offsetof(struct maple_node, narrow_leaf.slot) || ml_node_is_wide(&leaf)) {
			memcpy((char *)node + i, (char *)&moment[at] + i, sizeof(uint64_t));
			i += sizeof(uint32_t);
		} else {
			memcpy((char *)node + i, (char *)&moment[at] + i, sizeof(uint32_t));
		}
	}
}

static bool same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
	if (a->used != b->used || a->full != b->full)
		return false;
	for (unsigned int slots = a->used; slots; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);

		if (a->bound[i] != b->bound[i] || a->bound[i + 1] != b->bound[i + 1])
			return false;
	}
	return true;
}

/*
 * Whether an iteration that reads the leaf between two moments of one quiet
 * phase can accept a leaf that never existed.
 */
static bool misleads_an_iteration(unsigned int changes, const unsigned int *end_of_change)
{
	struct snapshot whole[4], seen;

	for (unsigned int c = 0; c <= changes; c++) {
		struct maple_node *then = &moment[end_of_change[c]];

		take_snapshot(&whole[c], then, then, then);
	}
	for (unsigned int begin = 0; begin < moments; begin++) {
		for (unsigned int end = begin;
		     end < moments && ml_state(&moment[begin]) == ml_state(&moment[end]); end++) {
			struct maple_node mixed[3];
			bool known = false;

			if (ml_state(&moment[begin]) & ML_BUSY)
				break;
			for (unsigned int i = 0; i < LEN(mixed); i++)
				mix(&mixed[i], begin, end);
			take_snapshot(&seen, &mixed[0], &mixed[1], &mixed[2]);
			for (unsigned int c = 0; c <= changes; c++)
				known |= same_snapshot(&seen, &whole[c]);
			if (!known)
				return true;
		}
	}
	return false;
}

/* Stores an entry into a slot whose bounds stay, as plan.tmpl.h does. */
static void change_entry(void)
{
	struct ma_state mas = {.node = &leaf};
	struct ml_write w = {.mas = &mas};
	unsigned int i = ml_find_slot(&leaf, model_below(&m, UNIVERSE));
	void *old = ml_slot(&leaf, i), *entry = model_below(&m, 2) ? model_entry(&m) : NULL;

	ml_leaf_view(&w.leaf, &leaf, ml_form_of(&leaf), 0, ULONG_MAX);
	isa_put_slot(&w, i, entry);
	if (!old || !entry)
		isa_next_phase(&w, ml_form_of(&leaf));
}

/*
 * Makes up to three changes of a random leaf, and records them. Return: their
 * number.
 */
static unsigned int change_a_leaf(unsigned int *end_of_change)
{
	unsigned int changes = 0, kind, moved;

	random_leaf(&m);
	memcpy(&moment[0], &leaf, sizeof(leaf));
	moments = 1;
	end_of_change[0] = 0;
	for (unsigned int attempt = 0; attempt < 12 && changes < 3; attempt++) {
		if (!model_below(&m, 3))
			change_entry();
		else if (!change(&kind, &moved))
			continue;
		end_of_change[++changes] = moments - 1;
	}
	return changes;
}

static void an_iteration_sees_a_leaf_as_it_was_before_a_change_or_after(void **state)
{
	unsigned int end_of_change[4];

	(void)state;
	(void)isa_leaf_gap, (void)isa_narrow_gaps, (void)isa_inner_gap, (void)isa_gaps;
	model_init(&m, 0, 1, 13);
	for (unsigned int i = 0; i < 8000 / MODEL_LESS; i++)
		assert_false(misleads_an_iteration(change_a_leaf(end_of_change), end_of_change));
	model_destroy(&m);
}

static void it_would_see_mixtures_if_changes_did_not_say_that_they_are_under_way(void **state)
{
	unsigned int end_of_change[4], misled = 0;

	(void)state;
	model_init(&m, 0, 1, 14);
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned int changes = change_a_leaf(end_of_change);

		for (unsigned int j = 0; j < moments; j++)
			moment[j].state &= ~ML_BUSY;
		misled += misleads_an_iteration(changes, end_of_change);
	}
	assert_true(misled > 100);
	model_destroy(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_change_in_place_misleads_a_reader),
		cmocka_unit_test(the_same_without_phases_does_mislead),
		cmocka_unit_test(an_iteration_sees_a_leaf_as_it_was_before_a_change_or_after),
		cmocka_unit_test(
			it_would_see_mixtures_if_changes_did_not_say_that_they_are_under_way),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
