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

/* A tree without nodes is one gap, but for index 0 if that has an entry. */
static bool search_tree(struct mt_gap_search *s, const struct maple_tree *mt)
{
	void *root = mt_root(mt);

	s->depth = 0;
	s->leaf = NULL;
	if (mt_is_node(root))
		return vms__mt_isa->find_gap(s, root);
	return mt_gap_fits(s, root ? 1 : 0, ULONG_MAX);
}

static int empty_area(struct ma_state *mas, struct mt_gap_search *s)
{
	if (!mt_has_gaps(mas->tree) || !s->size || s->min > s->max || s->max - s->min < s->size - 1)
		return -EINVAL;
	if (!search_tree(s, mas->tree)) {
		mas_set_error(mas, -EBUSY);
		return -EBUSY;
	}
	return 0;
}

/* mas_empty_area() and mas_empty_area_rev(). */
static int set_to_gap(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size, bool highest)
{
	struct mt_gap_search s = {.min = min, .max = max, .size = size, .highest = highest, .path = mas->path};
	int err = empty_area(mas, &s);

	if (!err) {
		unsigned long first = highest ? s.last - size + 1 : s.first;

		mas_set_range(mas, first, first + size - 1);
	}
	return err;
}

int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
{
	return set_to_gap(mas, min, max, size, false);
}

int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
{
	return set_to_gap(mas, min, max, size, true);
}

int vms__mas_find_gap(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size, bool highest)
{
	struct mt_gap_search s = {.min = min, .max = max, .size = size, .highest = highest, .path = mas->path};
	int err = empty_area(mas, &s);

	if (err)
		return err;
	mas->index = highest ? s.last - size + 1 : s.first;
	mas->last = mas->index + size - 1;
	if (!s.leaf) {
		mas_reset(mas);
		return 0;
	}
	mas->node = s.leaf;
	mas->version = mt_state(s.leaf);
	mas->offset = (unsigned char)s.slot;
	mas->depth = (unsigned char)s.depth;
	mas->min = s.leaf_min;
	mas->max = s.leaf_max;
	mas->used = mas->full = mas->ahead = 0;
	mas->stepped = false;
	mas->status = ma_active;
	mt_vouch(mas);
	return 0;
}
