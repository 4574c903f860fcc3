/* SPDX-License-Identifier: MIT */
/*
 * leaf.c - a store that stays in its leaf, by a new leaf for the old one.
 *
 * Locks: the tree's lock.
 */
#include <errno.h>

#include "lib/maple/internal.h"

/*
 * What a new leaf has to spare goes behind its gaps, two slots each, for that is what storing into a gap takes (shape.c). The
 * last leaf keeps it at its end, where keys that come in order are added.
 */
void vms__mt_fill_leaf(struct maple_node *leaf, unsigned int n, const unsigned long *pivot, void *const *slot, bool last_leaf)
{
	unsigned int spare = last_leaf ? 0 : MT_SLOTS - n, to = 0;

	for (unsigned int i = 0; i + 1 < n; i++) {
		unsigned int copies = slot[i] ? 0 : spare < 2 ? spare : 2;

		spare -= copies;
		do {
			mt_set_pivot(leaf, to, pivot[i]);
			mt_set_slot(leaf, to++, slot[i]);
		} while (copies--);
	}
	mt_set_slot(leaf, to, slot[n - 1]);
	for (; to < MT_PIVOTS; to++) {
		mt_set_pivot(leaf, to, ULONG_MAX);
		mt_set_slot(leaf, to + 1, NULL);
	}
}

static void row_push(struct mt_row *row, unsigned long pivot, void *slot)
{
	row->pivot[row->n] = pivot;
	row->slot[row->n++] = slot;
}

/* Slots [from, to] of the old leaf, without the empty ones. */
static void row_push_slots(struct mt_row *row, const struct maple_node *leaf, unsigned int from, unsigned int to)
{
	unsigned long below = from ? mt_pivot(leaf, from - 1) : 0;

	for (unsigned int i = from; i <= to; i++) {
		unsigned long pivot = mt_pivot(leaf, i);

		row->pivot[row->n] = pivot;
		row->slot[row->n] = mt_slot(leaf, i);
		row->n += !i || pivot != below;
		below = pivot;
	}
}

int vms__mt_replace_leaf(struct mt_write *w)
{
	struct ma_state *mas = w->mas;
	struct maple_node *old = mas->node, *leaf = vms__mt_alloc(mas, MT_LEAF);
	struct mt_row row = {.n = 0};

	if (unlikely(!leaf))
		return -ENOMEM;
	if (w->lo)
		row_push_slots(&row, old, 0, w->lo - 1);
	if (w->lo_min < w->first)
		row_push(&row, w->first - 1, w->lo_entry);
	row_push(&row, w->last, w->entry);
	if (w->last < w->hi_max)
		row_push(&row, w->hi_max, w->hi_entry);
	if (w->hi < w->end)
		row_push_slots(&row, old, w->hi + 1, w->end);
	vms__mt_fill_leaf(leaf, row.n, row.pivot, row.slot, mas->max == ULONG_MAX);
	if (mas->depth)
		mt_publish_slot(mt_step_node(mas->path[mas->depth - 1]), mt_step_slot(mas->path[mas->depth - 1]),
				mt_ref(leaf, true));
	else
		mt_publish_root(mas->tree, mt_ref(leaf, true));
	vms__mt_retire(mas->tree, old, MT_LEAF);
	mas->node = leaf;
	mas->version = 0;
	mas->offset = mt_search(leaf, w->first);
	return 0;
}
