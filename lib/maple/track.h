/* SPDX-License-Identifier: MIT */
/*
 * track.h - a way from the root to a leaf, written down: what rebuild.c stands
 * on. A cursor's path has nodes and slots; a track knows what each node spans,
 * too, and can be moved to a neighbour at any level.
 *
 * Locks: the tree's lock, for every function.
 */
#ifndef VMS_MAPLE_TRACK_H
#define VMS_MAPLE_TRACK_H

#include "lib/maple/internal.h"

#define LEVELS (MAPLE_HEIGHT_MAX + 1)

/*
 * One place at each level from the root (0) to a leaf, with what the node there
 * spans.
 */
struct track {
	struct place {
		struct maple_node *node;
		unsigned int slot;
		unsigned long min, max;
	} at[LEVELS];
};

static unsigned long place_slot_min(const struct place *p)
{
	return p->slot ? ml_pivot(p->node, p->slot - 1) + 1 : p->min;
}

static unsigned long place_slot_max(const struct place *p)
{
	unsigned long pivot = ml_pivot(p->node, p->slot);

	return pivot < p->max ? pivot : p->max;
}

/*
 * From the slot taken at @level - 1 down to @level, there on the slot that
 * holds @key.
 */
static void track_down(struct track *t, unsigned int level, unsigned long key)
{
	const struct place *up = &t->at[level - 1];
	struct place *p = &t->at[level];

	p->node = ml_node(ml_slot(up->node, up->slot));
	p->min = place_slot_min(up);
	p->max = place_slot_max(up);
	p->slot = ml_find_slot(p->node, key);
}

/* Where the cursor stands: on the store's first index. */
static void track_from_cursor(struct track *t, const struct ml_write *w)
{
	const struct ma_state *mas = w->mas;
	struct maple_node *node = ml_node(ml_root(mas->tree));
	unsigned long min = 0, max = ULONG_MAX;

	for (unsigned int level = 0; level < mas->depth; level++) {
		struct place *p = &t->at[level];

		*p = (struct place){node, ml_way(mas)[level], min, max};
		node = ml_node(ml_slot(node, p->slot));
		min = place_slot_min(p);
		max = place_slot_max(p);
	}
	t->at[mas->depth] = (struct place){mas->node, w->lo, min, max};
}

/* To @key, from @from, which is on a lower one. */
static void track_onwards(struct track *t, const struct track *from, unsigned int depth,
			  unsigned long key)
{
	unsigned int level = 0;

	/* One way as long as it is the same child. */
	for (; level < depth && key <= from->at[level + 1].max; level++)
		t->at[level] = from->at[level];
	t->at[level] = from->at[level];
	t->at[level].slot = ml_find_slot(t->at[level].node, key);
	while (level < depth)
		track_down(t, ++level, key);
}

/*
 * To the node at @level that holds @key, the neighbour of the present one;
 * upper levels move along.
 */
static void track_move(struct track *t, unsigned int level, unsigned long key)
{
	unsigned int up = level;

	do
		up--;
	while (key < t->at[up].min || key > t->at[up].max);
	t->at[up].slot = ml_find_slot(t->at[up].node, key);
	while (up < level)
		track_down(t, ++up, key);
}

#endif
