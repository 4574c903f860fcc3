/* SPDX-License-Identifier: MIT */
/*
 * shape.c - changes of a leaf's bounds in place, while readers look.
 *
 * It takes a slot or two to spare where the change is: empty slots, which no key finds. Erasing leaves them, new leaves are
 * made with some behind their gaps (rebuild.c), and what is behind a leaf's last slot is empty too.
 *
 *	erase B:       [ gap | B | gap ]      ->  [ gap | . | . ]
 *	insert there:  [ gap | . | . ]        ->  [ gap | B | gap ]
 *	grow A:        [ A   | gap ]          ->  [ A ...| gap ]
 *
 * Why readers are not misled. A leaf's life falls into phases; each ends with a step of its state, and a reader takes nothing
 * that it did not find within one phase. A phase is: stores into slots, then stores into pivots. So whoever finds old pivots
 * finds slots that were there before or are stored for the same keys, and whoever finds a new pivot finds the slots stored
 * before it; what may be stored into a slot that has lost keys waits for the next phase. It remains that each store by itself
 * gives no key an entry that is neither its old one nor its new one, and that holds for the steps of each function below;
 * test_shape.c tries all that a reader can see of them.
 *
 * Locks: the tree's lock.
 */
#include "lib/maple/internal.h"

/* Release: pairs with mt_pivot() and with vector loads. Who finds the pivot finds what was stored into slots before. */
static void move_pivot(struct maple_node *leaf, unsigned int i, unsigned long pivot)
{
	atomic_store_explicit(&leaf->pivot[i], pivot, memory_order_release);
}

/* Release: pairs with mt_state(). Who begins in the new phase finds the pivots of the old one. */
static void next_phase(struct maple_node *leaf)
{
	atomic_store_explicit(&leaf->state, atomic_load_explicit(&leaf->state, memory_order_relaxed) + MT_STATE_STEP,
			      memory_order_release);
}

/* Empty slots behind slot @i. */
static unsigned int spare_behind(const struct mt_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz((w->used | 1u << MT_SLOTS) >> (i + 1));
}

/* The only slots in [lo, hi] that are not empty are these two. */
static bool are_neighbours(const struct mt_write *w)
{
	return !(w->used & ((1u << w->hi) - (2u << w->lo)));
}

bool vms__mt_shape_fits(const struct mt_write *w)
{
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;

	if (w->lo == w->hi)
		return spare_behind(w, w->lo) >= (unsigned int)before + after;
	/* A bound between two moves, or all become one. */
	return before != after ? are_neighbours(w) : !before;
}

/* [ V ] -> [ V | entry ] */
static unsigned int split_end(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;

	mt_publish_slot(leaf, w->lo + 1, w->entry);
	move_pivot(leaf, w->lo, w->first - 1);
	next_phase(leaf);
	return w->lo + 1;
}

/* [ V ] -> [ entry | V ] */
static unsigned int split_begin(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;

	mt_publish_slot(leaf, w->lo + 1, w->lo_entry);
	move_pivot(leaf, w->lo, w->last);
	next_phase(leaf);
	mt_publish_slot(leaf, w->lo, w->entry);
	return w->lo;
}

/* [ V ] -> [ V | entry | V ] */
static unsigned int split_middle(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;

	mt_publish_slot(leaf, w->lo + 1, w->lo_entry);
	mt_publish_slot(leaf, w->lo + 2, w->lo_entry);
	move_pivot(leaf, w->lo, w->first - 1);
	move_pivot(leaf, w->lo + 1, w->last);
	next_phase(leaf);
	mt_publish_slot(leaf, w->lo + 1, w->entry);
	return w->lo + 1;
}

/* [ lo | hi ] -> [ entry.. | hi ]: the bound between them moves up. */
static unsigned int move_up(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;

	mt_publish_slot(leaf, w->lo, w->entry);
	/* An empty slot between them is the beginning of hi for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		mt_publish_slot(leaf, i, w->hi_entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		move_pivot(leaf, i, w->last);
	next_phase(leaf);
	return w->lo;
}

/* [ lo | hi ] -> [ lo | ..entry ]: the bound between them moves down. */
static unsigned int move_down(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;

	mt_publish_slot(leaf, w->hi, w->entry);
	/* An empty slot between them is the end of lo for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		mt_publish_slot(leaf, i, w->lo_entry);
	for (unsigned int i = w->lo; i < w->hi; i++)
		move_pivot(leaf, i, w->first - 1);
	next_phase(leaf);
	return w->hi;
}

/* [ lo | .. | hi ] -> [ entry ], the rest empty */
static unsigned int join(struct mt_write *w)
{
	struct maple_node *leaf = w->mas->node;
	unsigned long pivot = mt_pivot(leaf, w->hi);

	for (unsigned int i = w->lo; i <= w->hi; i++)
		mt_publish_slot(leaf, i, w->entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		move_pivot(leaf, i, pivot);
	next_phase(leaf);
	return w->lo;
}

void vms__mt_shape(struct mt_write *w)
{
	struct ma_state *mas = w->mas;
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;

	if (w->lo != w->hi)
		mas->offset = before ? move_down(w) : after ? move_up(w) : join(w);
	else if (before)
		mas->offset = after ? split_middle(w) : split_end(w);
	else
		mas->offset = split_begin(w);
	mas->version = mt_state(mas->node);
}
