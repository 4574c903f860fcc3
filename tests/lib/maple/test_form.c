/* SPDX-License-Identifier: MIT */
/*
 * test_form.c - nodes of every form.
 *
 * First single nodes, made by hand below a root of their own. Each instruction
 * set must find in them what a list of their slots says, in every lane and at
 * both ends of their region, and no load may reach beyond the node's memory.
 *
 * Then whole trees whose bounds lie where one form ends and another begins.
 * They reach every form, and every change of a leaf from one form to another,
 * and are compared with a model.
 *
 * Locks: one thread.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <vmastore/rcu.h>

#include "lib/maple/internal.h"
#include "lib/sync/alloc.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

/*
 * A random number up to @limit: often 0 or @limit, and small more often than
 * large.
 */
static unsigned long upto(unsigned long limit)
{
	switch (model_below(&m, 4)) {
	case 0:
		return 0;
	case 1:
		return limit;
	case 2:
		return limit == ULONG_MAX ? model_random(&m) : model_random(&m) % (limit + 1);
	default:
		return model_random(&m) >> model_below(&m, 64) & (limit >> 1);
	}
}

/* ---- single nodes ---- */

/*
 * A node and what it must answer: slot i spans [start[i], start[i + 1] - 1]. An
 * empty slot spans nothing.
 */
struct sheet {
	struct maple_node *node;
	unsigned long form;
	unsigned int n; /* slots, including the empty ones */
	unsigned long start[ML_INNER_SLOTS];
	unsigned long max;
	/* a leaf's entries, or those in an inner node's children */
	void *slot[ML_INNER_SLOTS + 1];
};

static struct maple_tree tree;
static struct maple_node root __attribute__((aligned(ML_ALIGN)));
static struct maple_node child[ML_INNER_SLOTS + 1] __attribute__((aligned(ML_ALIGN)));
static char *page; /* the pages before and after it are not accessible */

#define PAGE 4096ul

static unsigned long sheet_last(const struct sheet *s, unsigned int i)
{
	return i + 1 < s->n ? s->start[i + 1] - 1 : s->max;
}

static bool sheet_empty(const struct sheet *s, unsigned int i)
{
	return i && i + 1 < s->n && s->start[i] == s->start[i + 1];
}

static unsigned int sheet_slot(const struct sheet *s, unsigned long key)
{
	unsigned int i = 0;

	while (i + 1 < s->n && s->start[i + 1] <= key)
		i++;
	/*
	 * Several slots may begin at one key; only the last of them spans it.
	 * Slot 0 is never empty.
	 */
	while (sheet_empty(s, i))
		i--;
	return i;
}

static struct maple_node *new_node(unsigned long form)
{
	size_t size = form & ML_LEAF_BIT   ? ML_LEAF_BYTES
		      : ml_has_gaps(&tree) ? sizeof(struct maple_node)
					   : ML_INNER_BYTES;

	for (size_t i = 0; i < PAGE; i += 8)
		*(unsigned long *)(page + i) = model_random(&m);
	return (struct maple_node *)(model_below(&m, 2) ? page : page + PAGE - size);
}

/*
 * Picks where the slots from the second on begin: @base plus @first to @last
 * steps of @unit.
 */
static void pick_starts(struct sheet *s, unsigned long base, unsigned long unit,
			unsigned long first, unsigned long last)
{
	unsigned long at[ML_INNER_SLOTS], most = (last - first) / ML_INNER_SLOTS, sum = 0, from;
	unsigned int bits = model_below(&m, 60);

	for (unsigned int i = 1; i < s->n; i++) {
		unsigned long step = (model_random(&m) & ((1ul << bits) - 1)) % most + 1;

		if (s->form & ML_LEAF_BIT && !model_below(&m, 4))
			step = 0;
		sum += i > 1 ? step : 0;
		at[i] = sum;
	}
	from = first + upto(last - first - sum);
	for (unsigned int i = 1; i < s->n; i++)
		s->start[i] = base + (from + at[i]) * unit;
}

/* Lets the node use any number of its slots, in any region. */
static void pick_bounds(struct sheet *s)
{
	unsigned int shift = ml_shift_of(s->form);
	unsigned long unit = 1ul << shift, size = unit << ML_KEY_BITS,
		      base = upto(ULONG_MAX) & ~(size - 1), low, high;

	s->n = 1 + (unsigned int)upto(ml_keys_of(s->form));
	if (s->form & ML_WIDE_BIT) {
		base = 0;
		pick_starts(s, 0, 1, 1, ULONG_MAX);
	} else {
		pick_starts(s, base, unit, base && s->form & ML_EDGE_BIT ? 0 : 1, ML_KEY_NONE - 1);
	}
	ml_begin(s->node, s->form, s->n > 1 ? s->start[1] : base);
	if (s->form & (ML_WIDE_BIT | ML_EDGE_BIT)) {
		high = s->n > 1 ? s->start[s->n - 1] : base;
		low = s->n > 1 ? s->start[1] - 1 : high;
		s->start[0] = low - upto(low);
		s->max = high + upto(ULONG_MAX - high);
	} else {
		low = s->n > 1 ? (s->start[1] - base) / unit - 1 : 0;
		high = s->n > 1 ? (s->start[s->n - 1] - base) / unit : 0;
		s->start[0] = base + (low - upto(low)) * unit;
		s->max = base + (high + 1 + upto(ML_KEY_NONE - high)) * unit - 1;
	}
}

/*
 * If @gaps is set, leaves every fourth slot without an entry. A node of one
 * slot keeps its entry, because the only gap of a tree never has a node.
 */
static void pick_slots(struct sheet *s, bool gaps)
{
	unsigned int slots = ml_keys_of(s->form) + 1;

	for (unsigned int i = 0; i < slots; i++) {
		s->slot[i] = gaps && s->n > 1 && !model_below(&m, 4) ? NULL : xa_mk_value(100 + i);
		if (s->form & ML_LEAF_BIT) {
			ml_set_slot(s->node, i, s->slot[i]);
			continue;
		}
		ml_begin(&child[i], ML_LEAF_BIT | ML_EDGE_BIT, 0);
		for (unsigned int k = 0; k < ML_NARROW_LEAF_KEYS; k++)
			ml_set_pivot(&child[i], k, ULONG_MAX);
		ml_set_slot(&child[i], 0, s->slot[i]);
		ml_set_slot(s->node, i, ml_ref_in(s->node, &child[i]));
	}
}

static unsigned long sheet_gap(const struct sheet *s, unsigned int i)
{
	return s->slot[i] || sheet_empty(s, i) ? 0 : sheet_last(s, i) - s->start[i] + 1;
}

static unsigned long sheet_largest_gap(const struct sheet *s)
{
	unsigned long gap = 0;

	for (unsigned int i = 0; i < s->n; i++)
		gap = sheet_gap(s, i) > gap ? sheet_gap(s, i) : gap;
	return gap;
}

/*
 * Publishes the node as the root if it spans all indexes. Otherwise publishes a
 * root whose children are the node and, for the indexes below and above it, an
 * extra child.
 */
static void plant(const struct sheet *s)
{
	unsigned int n = 0, at;
	unsigned long pivot[3], form;
	const struct maple_node *kid[3];

	if (!s->start[0] && s->max == ULONG_MAX) {
		ml_publish_root(&tree, ml_ref(s->node));
		return;
	}
	if (s->start[0]) {
		kid[n] = &child[ML_INNER_SLOTS];
		pivot[n++] = s->start[0] - 1;
	}
	at = n;
	kid[n] = s->node;
	pivot[n++] = s->max;
	if (s->max != ULONG_MAX) {
		kid[n] = &child[ML_INNER_SLOTS];
		pivot[n++] = ULONG_MAX;
	}
	form = vms__mt_form_for(n, pivot, 0);
	memset(&root, 0, sizeof(root));
	ml_begin(&root, form, pivot[0] + 1);
	for (unsigned int i = 0; i < ml_keys(&root); i++)
		ml_set_pivot(&root, i, i + 1 < n ? pivot[i] : ULONG_MAX);
	for (unsigned int i = 0; i < n; i++)
		ml_set_slot(&root, i, ml_ref_in(&root, kid[i]));
	ml_set_gap(&root, at, sheet_largest_gap(s));
	ml_publish_root(&tree, ml_ref(&root));
}

static void make_sheet(struct sheet *s, unsigned long form, bool gaps)
{
	s->form = form;
	s->node = new_node(form);
	/* ml_keys() and the like need the form while the node is filled. */
	ml_begin(s->node, form, 0);
	pick_bounds(s);
	for (unsigned int i = 0; i < ml_keys_of(form); i++)
		ml_set_pivot(s->node, i, i + 1 < s->n ? s->start[i + 1] - 1 : ULONG_MAX);
	pick_slots(s, gaps);
	/*
	 * A leaf's state need not be small: random bits stand for many earlier
	 * changes.
	 */
	if (form & ML_LEAF_BIT)
		atomic_store(&s->node->state, form | (model_random(&m) & ~(ML_STATE_STEP - 1)));
	if (!(form & ML_LEAF_BIT) && ml_has_gaps(&tree))
		for (unsigned int i = 0; i < ML_GAPS; i++)
			ml_set_gap(s->node, i, i < s->n ? sheet_gap(s, i) : 0);
	plant(s);
}

static void check_key(const struct sheet *s, unsigned long key)
{
	unsigned int i = sheet_slot(s, key);
	bool leaf = s->form & ML_LEAF_BIT;
	MA_STATE(mas, &tree, key, key);

	if (key < s->start[0] || key > s->max)
		return;
	assert_ptr_equal(vms__mt_isa->load(&tree, key), s->slot[i]);
	assert_ptr_equal(vms__mt_isa->descend(&mas, key), s->slot[i]);
	assert_int_equal(mas.index, s->start[i]);
	assert_int_equal(mas.last, sheet_last(s, i));
	assert_int_equal(mas.min, leaf ? s->start[0] : mas.index);
	assert_int_equal(mas.max, leaf ? s->max : mas.last);
	assert_int_equal(leaf ? mas.offset : ml_step_slot(mas.vms__.parent), i);
	assert_int_equal(ml_find_slot(s->node, key), i);
}

/*
 * By steps through a leaf that it has looked at, a cursor comes to each slot.
 */
static void check_leaf_steps(const struct sheet *s, bool gaps)
{
	MA_STATE(mas, &tree, 0, 0);

	ml_descend(&mas, s->start[0]);
	ml_forget_guard(&mas);
	assert_true(vms__mt_isa->enter(&mas));
	for (unsigned int i = 1; i < s->n; i++) {
		if (sheet_empty(s, i) || !(gaps || s->slot[i]))
			continue;
		assert_ptr_equal(gaps ? mas_next_range(&mas, s->max) : mas_next(&mas, s->max),
				 s->slot[i]);
		assert_int_equal(mas.offset, i);
		assert_int_equal(mas.index, s->start[i]);
		assert_int_equal(mas.last, sheet_last(s, i));
	}
	assert_null(mas_next(&mas, s->max));
}

static void check_look_around(const struct sheet *s)
{
	unsigned int used = 0, full = 0;
	MA_STATE(mas, &tree, 0, 0);

	ml_descend(&mas, s->start[0]);
	assert_ptr_equal(mas.node, s->node);
	assert_true(vms__mt_isa->enter(&mas));
	for (unsigned int i = 0; i < s->n; i++) {
		used |= (unsigned int)!sheet_empty(s, i) << i;
		full |= (unsigned int)(!sheet_empty(s, i) && s->slot[i]) << i;
	}
	assert_int_equal(mas.vms__.used, used);
	assert_int_equal(mas.vms__.full, full);
	/*
	 * enter() must refuse a leaf that has changed since the descent, and a
	 * leaf that a writer is changing.
	 */
	atomic_fetch_add(&s->node->state, ML_STATE_STEP);
	assert_false(vms__mt_isa->enter(&mas));
	assert_int_equal(mas.vms__.used | mas.vms__.full | mas.vms__.ahead, 0);
	atomic_fetch_or(&s->node->state, ML_BUSY);
	ml_descend(&mas, s->start[0]);
	assert_false(vms__mt_isa->enter(&mas));
	assert_int_equal(mas.vms__.used | mas.vms__.full | mas.vms__.ahead, 0);
	atomic_fetch_and(&s->node->state, ~ML_BUSY);
}

/*
 * Finds the lowest or highest @size indexes without an entry in [@min, @max].
 * Return: false if there are none.
 */
static bool sheet_find_gap(const struct sheet *s, unsigned long min, unsigned long max,
			   unsigned long size, bool highest, unsigned long *at)
{
	bool found = false;

	for (unsigned int i = 0; i < s->n && !(found && !highest); i++) {
		unsigned long low = s->start[i] > min ? s->start[i] : min;
		unsigned long high = sheet_last(s, i) < max ? sheet_last(s, i) : max;

		if (!sheet_gap(s, i) || low > high || high - low < size - 1)
			continue;
		*at = highest ? high - (size - 1) : low;
		found = true;
	}
	return found;
}

static void check_gap_search(const struct sheet *s)
{
	for (unsigned int n = 0; n < 12; n++) {
		bool highest = n & 1;
		unsigned int at = model_below(&m, s->n);
		unsigned long first = 0, span = sheet_last(s, at) - s->start[at], size, min, max;
		MA_STATE(mas, &tree, 0, 0);

		/*
		 * Sizes close to the span of a random slot, in windows of all
		 * kinds.
		 */
		size = (span == ULONG_MAX ? span : span + 1) + model_below(&m, 3);
		size = size > 1 ? size - 1 : 1;
		min = model_below(&m, 2) ? 0 : s->start[0] + upto(s->max - s->start[0]);
		max = min + upto(ULONG_MAX - min);
		if (max - min < size - 1)
			continue;
		if (!sheet_find_gap(s, min, max, size, highest, &first)) {
			assert_false((highest ? vms__mt_isa->highest_gap : vms__mt_isa->lowest_gap)(
				&mas, min, max, size, NULL));
			continue;
		}
		assert_true((highest ? vms__mt_isa->highest_gap
				     : vms__mt_isa->lowest_gap)(&mas, min, max, size, NULL));
		assert_int_equal(mas.index, first);
		assert_int_equal(mas.last, first + (size - 1));
	}
}

static void check_sheet(const struct sheet *s)
{
	struct ml_leaf l;

	for (unsigned int i = 0; i < s->n; i++) {
		static const unsigned long apart[] = {0,    1,    2,         4095,
						      4096, 4097, 1ul << 31, 1ul << 43};

		for (unsigned int a = 0; a < LEN(apart); a++) {
			check_key(s, s->start[i] + apart[a]);
			check_key(s, s->start[i] - apart[a]);
			check_key(s, sheet_last(s, i) - apart[a]);
		}
		check_key(s, s->start[0] + upto(s->max - s->start[0]));
	}
	if (s->form & ML_LEAF_BIT) {
		check_look_around(s);
		check_leaf_steps(s, true);
		check_leaf_steps(s, false);
		ml_leaf_view(&l, s->node, ml_state(s->node), s->start[0], s->max);
		assert_int_equal(vms__mt_isa->leaf_gap(&l), sheet_largest_gap(s));
	} else if (ml_has_gaps(&tree)) {
		assert_int_equal(vms__mt_isa->inner_gap(s->node), sheet_largest_gap(s));
	}
	if (ml_has_gaps(&tree))
		check_gap_search(s);
}

static const unsigned long forms[] = {0, ML_EDGE_BIT, ML_BYTE_BIT, ML_BYTE_BIT | ML_EDGE_BIT,
				      ML_WIDE_BIT};

static void a_node_answers_what_its_slots_say(void **state)
{
	const unsigned int seed = 1;

	(void)state;
	print_message("seed %u\n", seed);
	model_init(&m, 0, 1, seed);
	page = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(page != MAP_FAILED);
	page += PAGE;
	assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
	for (unsigned int i = 0; i < 30000 / MODEL_LESS; i++) {
		struct sheet s;

		mt_init_flags(&tree, i & 1 ? MT_FLAGS_ALLOC_RANGE : 0);
		make_sheet(&s,
			   forms[i / 2 % LEN(forms)] | (i / 2 / LEN(forms) & 1 ? ML_LEAF_BIT : 0),
			   i & 64);
		vms_rcu_read_lock();
		check_sheet(&s);
		vms_rcu_read_unlock();
	}
	munmap(page - PAGE, 3 * PAGE);
	model_destroy(&m);
}

/* ---- whole trees ---- */

/*
 * Where one form ends and another begins: bounds of regions, the keys that mean
 * "not in use", and both ends of the index space.
 */
static const unsigned long anchors[] = {
	0,
	PAGE,
	1ul << 31,
	3ul << 31,
	(1ul << 43) - PAGE,
	1ul << 43,
	(1ul << 43) + (1ul << 31),
	5ul << 43,
	1ul << 63,
	0ul - (1ul << 43),
	0ul - (1ul << 31),
	0ul - PAGE,
	ULONG_MAX,
};
static const unsigned long apart[] = {1, 512, PAGE, PAGE, PAGE, 3 * PAGE, 1ul << 20, 1ul << 40};

static int ascending(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

/* Makes a model whose cells lie around some of the anchors. */
static void init_about_anchors(unsigned int flags, unsigned int seed)
{
	unsigned int n = 1, kept = 1;

	model_init(&m, flags, 1, seed);
	for (unsigned int clusters = 1 + model_below(&m, 6); clusters; clusters--) {
		unsigned long anchor = anchors[model_below(&m, LEN(anchors))],
			      step = apart[model_below(&m, LEN(apart))];
		unsigned long cells = 4 + model_below(&m, model_below(&m, 4) ? 46 : 600);
		unsigned long from = anchor - model_below(&m, (unsigned int)cells) * step;

		for (unsigned long i = 0; i < cells; i++)
			m.start[n++] = from + i * step;
	}
	qsort(m.start, n, sizeof(m.start[0]), ascending);
	for (unsigned int i = 1; i < n; i++)
		if (m.start[i] != m.start[kept - 1])
			m.start[kept++] = m.start[i];
	m.cells = kept;
	model_reset(&m, flags);
}

/*
 * Counts the forms of leaves and of inner nodes, and how parents and children
 * combine.
 */
static struct {
	unsigned long leaf[ML_FORM + 1], inner[ML_FORM + 1];
	unsigned long became[3][3]; /* form of a leaf before and after a store: page, byte, wide */
	unsigned long edge_left_out, whole_under_wide, other_region, deep;
} seen;

static void look_at(const struct maple_node *parent, const void *ref, unsigned long max,
		    unsigned int depth)
{
	const struct maple_node *node = ml_node(ref);
	unsigned long form = ml_form_of(node) & ML_FORM, up = parent ? ml_form_of(parent) : 0;

	(form & ML_LEAF_BIT ? seen.leaf : seen.inner)[form & ~ML_LEAF_BIT]++;
	if (parent) {
		seen.edge_left_out += form & ML_EDGE_BIT && !((unsigned long)ref & ML_EDGE_BIT);
		seen.whole_under_wide += up & ML_WIDE_BIT && !(form & (ML_WIDE_BIT | ML_EDGE_BIT));
		seen.other_region += !((form | up) & (ML_WIDE_BIT | ML_BYTE_BIT)) &&
				     ml_base(node) != ml_base(parent);
	}
	seen.deep += depth > 2;
	for (unsigned int i = 0; !(form & ML_LEAF_BIT) && i <= ml_find_slot(node, max); i++)
		look_at(node, ml_slot(node, i), ml_slot_max(node, i, max), depth + 1);
}

static unsigned int leaf_kind(const struct ma_state *mas)
{
	unsigned long form = ml_form_of(mas->node);

	return form & ML_WIDE_BIT ? 2 : form & ML_BYTE_BIT ? 1 : 0;
}

/*
 * Records the form of the leaf that holds @key: first before a store, then
 * after it.
 */
static void note_change(unsigned long key, bool after)
{
	static unsigned int before;
	static bool active;
	MA_STATE(mas, &m.tree, key, key);

	ml_descend(&mas, key);
	if (after && active && mas_is_active(&mas))
		seen.became[before][leaf_kind(&mas)]++;
	active = mas_is_active(&mas);
	if (active)
		before = leaf_kind(&mas);
}

/*
 * Stores by a fresh cursor, by one that stands at the place, by one with
 * preallocated memory while no allocation succeeds, or by erasing.
 */
static void store_somehow(unsigned int from, unsigned int to, void *entry)
{
	unsigned int way = model_below(&m, 4);
	MA_STATE(mas, &m.tree, model_first(&m, from), model_last(&m, to));

	mas_lock(&mas);
	if (way == 1) {
		mas_walk(&mas);
		__mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
	}
	if (way == 2) {
		assert_int_equal(mas_preallocate(&mas, entry, GFP_KERNEL), 0);
		vms__alloc_fail_from(1);
		mas_store_prealloc(&mas, entry);
		vms__alloc_fail_from(0);
	} else if (way == 3) {
		assert_ptr_equal(mas_erase(&mas), m.cell[from]);
		model_range(&m, from, &from, &to);
		entry = NULL;
	} else {
		assert_int_equal(mas_store_gfp(&mas, entry, GFP_KERNEL), 0);
	}
	mas_unlock(&mas);
	if (way != 3 || m.cell[from])
		model_set(&m, from, to, entry);
}

static void check_index(unsigned long index)
{
	unsigned int from, to, cell = model_cell(&m, index);
	MA_STATE(mas, &m.tree, index, index);

	assert_ptr_equal(mtree_load(&m.tree, index), m.cell[cell]);
	vms_rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), m.cell[cell]);
	model_range(&m, cell, &from, &to);
	if (mas_is_active(&mas)) {
		assert_int_equal(mas.index, model_first(&m, from));
		assert_int_equal(mas.last, model_last(&m, to));
	}
	vms_rcu_read_unlock();
}

static void check_about_anchors(void)
{
	for (unsigned int i = 0; i < LEN(anchors); i++) {
		check_index(anchors[i]);
		check_index(anchors[i] - 1);
		check_index(anchors[i] + upto(ULONG_MAX - anchors[i]));
	}
}

/* Steps backwards by ranges, and forwards from a random cell by entries. */
static void check_steps(void)
{
	unsigned int cell = model_below(&m, m.cells), from, to;
	void *entry;
	MA_STATE(mas, &m.tree, ULONG_MAX, ULONG_MAX);

	vms_rcu_read_lock();
	mas_walk(&mas);
	model_range(&m, m.cells - 1, &from, &to);
	while (mas_is_active(&mas) && model_prev(&m, from, 0, true, &from, &to)) {
		assert_ptr_equal(mas_prev_range(&mas, 0), m.cell[from]);
		assert_int_equal(mas.index, model_first(&m, from));
		assert_int_equal(mas.last, model_last(&m, to));
	}
	mas_set(&mas, model_first(&m, cell));
	mas_walk(&mas);
	while (mas_is_active(&mas) && model_next(&m, cell, m.cells - 1, false, &from, &to)) {
		entry = mas_find(&mas, ULONG_MAX);
		assert_ptr_equal(entry, m.cell[from]);
		assert_int_equal(mas.index, model_first(&m, from));
		assert_int_equal(mas.last, model_last(&m, to));
		cell = from;
	}
	vms_rcu_read_unlock();
}

static void check_gaps(void)
{
	for (unsigned int i = 0; i < 8; i++) {
		unsigned long min = model_below(&m, 2) ? upto(ULONG_MAX)
						       : model_first(&m, model_below(&m, m.cells));
		unsigned long max = min + upto(ULONG_MAX - min), size = upto(max - min), at;
		bool highest = i & 1, found;
		MA_STATE(mas, &m.tree, 0, 0);

		size += !size;
		found = model_gap(&m, min, max, size, highest, &at);
		mas_lock(&mas);
		assert_int_equal((highest ? mas_empty_area_rev : mas_empty_area)(&mas, min, max,
										 size),
				 found ? 0 : -EBUSY);
		mas_unlock(&mas);
		if (found)
			assert_int_equal(mas.index, at);
	}
}

static void live(unsigned int flags, unsigned int seed)
{
	init_about_anchors(flags, seed);
	/* If there are enough cells, begin with a tree of three levels. */
	for (unsigned int i = 0; i < m.cells && seed & 4; i++)
		assert_int_equal(model_store(&m, i, i, model_entry(&m)), 0);
	for (unsigned int i = 0; i < 500; i++) {
		unsigned int from, to;
		void *entry;

		model_pick(&m, &from, &to, &entry);
		/* Few wide stores, because they leave few ranges to compare. */
		if (to - from > 8 && model_below(&m, 40))
			to = from + model_below(&m, 8);
		note_change(model_first(&m, from), false);
		store_somehow(from, to, entry);
		note_change(model_first(&m, from), true);
		assert_int_equal(vms_mt_check(&m.tree, stderr), 0);
		check_index(model_first(&m, from));
		check_index(model_last(&m, to));
		if (i % 16)
			continue;
		check_about_anchors();
		check_steps();
		if (flags & MT_FLAGS_ALLOC_RANGE)
			check_gaps();
		if (ml_is_node(ml_root(&m.tree)))
			look_at(NULL, ml_root(&m.tree), ULONG_MAX, 1);
	}
	model_check(&m);
	model_destroy(&m);
}

static void trees_of_every_form_hold_what_was_stored(void **state)
{
	const unsigned int seeds = 64 / MODEL_LESS;

	(void)state;
	print_message("seeds 0 to %u\n", seeds - 1);
	memset(&seen, 0, sizeof(seen));
	for (unsigned int seed = 0; seed < seeds; seed++)
		live((seed & 1 ? MT_FLAGS_ALLOC_RANGE : 0) | (seed & 2 ? MT_FLAGS_USE_RCU : 0),
		     seed);
	/* A build that does less work need not reach every form. */
	if (MODEL_LESS > 1)
		return;
	for (unsigned int i = 0; i < LEN(forms); i++)
		assert_true(seen.leaf[forms[i]] &&
			    (seen.inner[forms[i]] || forms[i] == ML_BYTE_BIT));
	for (unsigned int i = 0; i < 9; i++)
		assert_true(seen.became[i / 3][i % 3]);
	assert_true(seen.edge_left_out && seen.whole_under_wide && seen.other_region && seen.deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_answers_what_its_slots_say),
		cmocka_unit_test(trees_of_every_form_hold_what_was_stored),
	};

	return model_run_all("form", tests, LEN(tests));
}
