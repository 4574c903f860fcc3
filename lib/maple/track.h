/* SPDX-License-Identifier: MIT */
/*
 * track.h - a track: the way from the root to a leaf, with the node, the slot
 * and the span at each level. A cursor's path has no spans, and cannot be moved
 * to a neighbour at some level alone; rebuild.c needs both.
 *
 * Locks: the tree's lock, for every function.
 */
#ifndef VMS_MAPLE_TRACK_H
#define VMS_MAPLE_TRACK_H

#include "lib/maple/internal.h"

#define LEVELS (MAPLE_HEIGHT_MAX + 1)

/*
 * One place at each level, from the root's (0) to a leaf's: a node, the range
 * [min, max] that it spans, both inclusive, and the slot that the track takes
 * there.
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
 * Set the track's place at @level from its slot at @level - 1. It takes the
 * slot that holds @key.
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

/* The track to where the cursor stands: to the store's first index. */
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

/* The track to @key, which is above the key that the track @from leads to. */
static void track_onwards(struct track *t, const struct track *from, unsigned int depth,
			  unsigned long key)
{
	unsigned int level = 0;

	/* The two share their places as long as @key is in the same child. */
	for (; level < depth && key <= from->at[level + 1].max; level++)
		t->at[level] = from->at[level];
	t->at[level] = from->at[level];
	t->at[level].slot = ml_find_slot(t->at[level].node, key);
	while (level < depth)
		track_down(t, ++level, key);
}

/*
 * Move the track to the node at @level that holds @key, a neighbour of the
 * present one. The levels above move as far as they must; those below keep
 * their old places, which the caller no longer uses.
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
