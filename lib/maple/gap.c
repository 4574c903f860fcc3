/* SPDX-License-Identifier: MIT */
/*
 * gap.c - the largest gap under each slot of an inner node, kept up with every store; and the search for a gap by it.
 *
 * A gap never crosses a leaf's bounds (rebuild.c).
 *
 * Locks: the tree's lock; for the search, held for reading will do.
 */
#include <errno.h>

#include "lib/maple/internal.h"

void vms__mt_gap_changed(struct ma_state *mas, unsigned int level, unsigned long gap)
{
	for (;; level--) {
		struct maple_node *node = mt_step_node(mas->path[level]);
		unsigned long *slot_gap = &node->gap[mt_step_slot(mas->path[level])];

		if (*slot_gap == gap)
			return;
		*slot_gap = gap;
		if (!level)
			return;
		gap = vms__mt_isa->inner_gap(node);
	}
}

/* What is looked for: @size indexes inside [min, max]; found: the part of a gap that lies in [min, max]. */
struct gap_search {
	unsigned long min, max, size;
	unsigned long first, last;
	bool highest;
};

/* Whether the gap [low, high] has room for it inside the window. */
static bool gap_fits(struct gap_search *s, unsigned long low, unsigned long high)
{
	s->first = low > s->min ? low : s->min;
	s->last = high < s->max ? high : s->max;
	return s->first <= s->last && s->last - s->first >= s->size - 1;
}

/* The lowest or highest of a set of slots. */
static unsigned int pick(const struct gap_search *s, unsigned int slots)
{
	return s->highest ? 31 - (unsigned int)__builtin_clz(slots) : (unsigned int)__builtin_ctz(slots);
}

static unsigned int gaps_of_leaf(const struct maple_node *leaf)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i < MT_SLOTS; i++)
		slots |= (unsigned int)!mt_slot(leaf, i) << i;
	return slots;
}

/*
 * Search what @ref spans, [low, high], from the end that is wanted. Only at the window's two edges can a subtree that has a gap large
 * enough turn out to be no use.
 */
static bool search(struct gap_search *s, const void *ref, unsigned long low, unsigned long high)
{
	const struct maple_node *node = mt_node(ref);
	unsigned int from = low >= s->min ? 0 : mt_search(node, s->min);
	unsigned int to = mt_search(node, high < s->max ? high : s->max);
	unsigned int slots =
		(mt_is_leaf(ref) ? gaps_of_leaf(node) : vms__mt_isa->gaps(node, s->size)) & ((2u << to) - (1u << from));

	for (; slots; slots &= ~(1u << pick(s, slots))) {
		unsigned int i = pick(s, slots);
		unsigned long slot_low = mt_slot_min(node, i, low), slot_high = mt_slot_max(node, i, high);

		if (mt_is_leaf(ref) ? slot_low <= slot_high && gap_fits(s, slot_low, slot_high)
				    : search(s, mt_slot(node, i), slot_low, slot_high))
			return true;
	}
	return false;
}

/* A tree without nodes is one gap, but for index 0 if that has an entry. */
static bool search_tree(struct gap_search *s, const struct maple_tree *mt)
{
	void *root = mt_root(mt);

	if (mt_is_node(root))
		return search(s, root, 0, ULONG_MAX);
	return gap_fits(s, root ? 1 : 0, ULONG_MAX);
}

static int empty_area(struct ma_state *mas, struct gap_search *s)
{
	VMS_ASSERT(mt_has_gaps(mas->tree));
	if (!s->size || s->min > s->max || s->max - s->min < s->size - 1)
		return -EINVAL;
	if (!search_tree(s, mas->tree)) {
		mas_set_error(mas, -EBUSY);
		return -EBUSY;
	}
	return 0;
}

int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
{
	struct gap_search s = {.min = min, .max = max, .size = size, .highest = false};
	int err = empty_area(mas, &s);

	if (!err)
		mas_set_range(mas, s.first, s.first + size - 1);
	return err;
}

int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
{
	struct gap_search s = {.min = min, .max = max, .size = size, .highest = true};
	int err = empty_area(mas, &s);

	if (!err)
		mas_set_range(mas, s.last - size + 1, s.last);
	return err;
}
