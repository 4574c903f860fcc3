/* SPDX-License-Identifier: MIT */
/*
 * store.c - the stores of a cursor: find the place, say what kind of store it is, then have it done in place (here, shape.c) or
 * by new nodes (rebuild.c). Preallocation is the same with a pause in the middle: the kind says how many nodes can be needed.
 *
 * Locks: the tree's lock, for every function.
 */
#include <errno.h>

#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

/* The cursor to the leaf slot that holds mas->index, by as little walking as can be; index and last stay what is to be stored. */
static void locate(struct ma_state *mas)
{
	unsigned long first = mas->index, last = mas->last;

	if (mas->status == ma_active && mas->node && first >= mas->min && first <= mas->max &&
	    mt_state(mas->node) == mas->version) {
		mas->offset = mt_search(mas->node, first);
		return;
	}
	mt_descend(mas, first);
	mas->index = first;
	mas->last = last;
}

static unsigned long slot_min(const struct ma_state *mas, unsigned int i)
{
	return mt_slot_min(mas->node, i, mas->min);
}

static unsigned long slot_max(const struct ma_state *mas, unsigned int i)
{
	return mt_slot_max(mas->node, i, mas->max);
}

/* The slot in use before slot @i, which is not the first; after it, where it is not the last. */
static unsigned int used_before(const struct mt_write *w, unsigned int i)
{
	return 31 - (unsigned int)__builtin_clz(w->used & ((1u << i) - 1));
}

static unsigned int used_after(const struct mt_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz(w->used & -(2u << i));
}

/* A gap stored beside a gap in the same leaf becomes one with it. */
static void join_left(struct mt_write *w)
{
	if (w->lo_min == w->first && w->lo) {
		unsigned int i = used_before(w, w->lo);

		if (mt_slot(w->mas->node, i))
			return;
		w->lo = i;
		w->lo_min = slot_min(w->mas, i);
		w->lo_entry = NULL;
	}
	if (!w->lo_entry)
		w->first = w->lo_min;
}

static void join_right(struct mt_write *w)
{
	if (w->hi_max == w->last && w->hi < w->end) {
		unsigned int i = used_after(w, w->hi);

		if (mt_slot(w->mas->node, i))
			return;
		w->hi = i;
		w->hi_max = slot_max(w->mas, i);
		w->hi_entry = NULL;
	}
	if (!w->hi_entry)
		w->last = w->hi_max;
}

/* Slots that the leaf will have. */
static unsigned int slots_after(const struct mt_write *w)
{
	unsigned int changed = (2u << w->hi) - (1u << w->lo);

	return (unsigned int)__builtin_popcount(w->used & ~changed) + 1 + (w->lo_min < w->first) + (w->hi_max > w->last);
}

/* A gap that begins or ends with its leaf touches a gap in the leaf beside it. */
static bool gap_touches_next_leaf(const struct mt_write *w)
{
	const struct ma_state *mas = w->mas;

	return (w->last == mas->max && mas->max != ULONG_MAX && !vms__mt_isa->load(mas->tree, mas->max + 1)) ||
	       (w->first == mas->min && mas->min && !vms__mt_isa->load(mas->tree, mas->min - 1));
}

/* What is to be done to the leaf, whose slots and bounds are known. */
static enum mt_store_type plan_leaf(struct mt_write *w)
{
	unsigned int n;

	w->used = vms__mt_isa->used(w->mas->node);
	w->end = 31 - (unsigned int)__builtin_clz(w->used);
	if (!w->entry) {
		join_left(w);
		join_right(w);
		if (!w->first && w->last == ULONG_MAX)
			return MT_STORE_REBUILD; /* nothing remains */
		if (w->lo == w->hi && w->first == w->lo_min && w->last == w->hi_max)
			return w->lo_entry ? MT_STORE_SLOT : MT_STORE_NOTHING;
	}
	n = slots_after(w);
	if (n > MT_SLOTS || (w->mas->depth ? n < MT_LEAF_MIN : n <= 2))
		return MT_STORE_REBUILD;
	return vms__mt_shape_fits(w) ? MT_STORE_SHAPE : MT_STORE_LEAF;
}

/* Find the place of the store that the cursor and @entry describe, and say what kind it is. */
static enum mt_store_type plan(struct mt_write *w, struct ma_state *mas, void *entry)
{
	w->mas = mas;
	w->entry = entry;
	w->first = mas->index;
	w->last = mas->last;
	locate(mas);
	if (unlikely(mas->status != ma_active)) {
		w->old = w->first ? NULL : mt_root(mas->tree);
		return MT_STORE_ROOT;
	}
	w->lo = w->hi = mas->offset;
	w->lo_min = slot_min(mas, w->lo);
	w->hi_max = slot_max(mas, w->lo);
	w->old = w->lo_entry = w->hi_entry = mt_slot(mas->node, w->lo);
	if (entry && w->first == w->lo_min && w->last == w->hi_max)
		return MT_STORE_SLOT;
	if (w->last > mas->max || (!entry && gap_touches_next_leaf(w)))
		return MT_STORE_REBUILD;
	if (w->last > w->hi_max) {
		w->hi = mt_search(mas->node, w->last);
		w->hi_max = slot_max(mas, w->hi);
		w->hi_entry = mt_slot(mas->node, w->hi);
	}
	return plan_leaf(w);
}

/*
 * The leaf has changed: tell its ancestors if its largest gap has. A gap stored is at least as large as all that it took in. What
 * a store takes from a gap only matters if that was the largest.
 */
static void leaf_changed(const struct mt_write *w)
{
	struct ma_state *mas = w->mas;
	unsigned int up = mas->depth - 1u;
	unsigned long gap;

	if (!mas->depth || !mt_has_gaps(mas->tree))
		return;
	gap = mt_step_node(mas->path[up])->gap[mt_step_slot(mas->path[up])];
	if (!w->entry) {
		if (w->last - w->first + 1 > gap)
			vms__mt_gap_changed(mas, up, w->last - w->first + 1);
		return;
	}
	if (w->lo == w->hi && (w->lo_entry || w->hi_max - w->lo_min + 1 < gap))
		return;
	vms__mt_gap_changed(mas, up, vms__mt_isa->leaf_gap(mas->node, mas->min, mas->max));
}

static void store_slot(struct mt_write *w)
{
	struct ma_state *mas = w->mas;

	mt_publish_slot(mas->node, w->lo, w->entry);
	mas->offset = w->lo;
	leaf_changed(w);
}

static int carry_out(struct mt_write *w, enum mt_store_type type)
{
	struct ma_state *mas = w->mas;
	int err = 0;

	switch (type) {
	case MT_STORE_NOTHING:
		break;
	case MT_STORE_SLOT:
		store_slot(w);
		break;
	case MT_STORE_ROOT:
		err = vms__mt_plant(mas, w->entry);
		break;
	case MT_STORE_SHAPE:
		vms__mt_shape(w);
		leaf_changed(w);
		break;
	case MT_STORE_LEAF:
		err = vms__mt_replace_leaf(w);
		if (likely(!err))
			leaf_changed(w);
		break;
	case MT_STORE_REBUILD:
		err = vms__mt_rebuild(w);
		break;
	}
	if (unlikely(err)) {
		mas_set_error(mas, err);
		return err;
	}
	mas->index = w->first;
	mas->last = w->last;
	mas->status = ma_active;
	return 0;
}

static int store(struct ma_state *mas, void *entry, void **old)
{
	struct mt_write w;
	enum mt_store_type type;

	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	if (mas->index > mas->last) {
		mas_set_error(mas, -EINVAL);
		return -EINVAL;
	}
	type = plan(&w, mas, entry);
	*old = w.old;
	return carry_out(&w, type);
}

void *mas_store(struct ma_state *mas, void *entry)
{
	void *old;

	return store(mas, entry, &old) ? NULL : old;
}

int mas_store_gfp(struct ma_state *mas, void *entry, gfp_t gfp)
{
	void *old;

	(void)gfp;
	return store(mas, entry, &old);
}

static void plan_need(const struct mt_write *w, enum mt_store_type type, unsigned int *leaves, unsigned int *inner)
{
	*leaves = *inner = 0;
	switch (type) {
	case MT_STORE_NOTHING:
	case MT_STORE_SLOT:
	case MT_STORE_SHAPE:
		break;
	case MT_STORE_ROOT:
	case MT_STORE_LEAF:
		*leaves = 1;
		break;
	case MT_STORE_REBUILD:
		vms__mt_rebuild_need(w, leaves, inner);
		break;
	}
}

int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp)
{
	struct mt_write w;
	unsigned int leaves, inner;
	int err;

	(void)gfp;
	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	if (mas->index > mas->last)
		return -EINVAL;
	plan_need(&w, plan(&w, mas, entry), &leaves, &inner);
	err = vms__mt_reserve(mas, leaves, inner);
	if (err)
		mas_reset(mas);
	return err;
}

void mas_store_prealloc(struct ma_state *mas, void *entry)
{
	void *old;
	int err = store(mas, entry, &old);

	/* Only a plan for another store, or another tree, could have come short. */
	VMS_BUG_ON(err);
	mas_destroy(mas);
}

void *mas_erase(struct ma_state *mas)
{
	void *entry, *old;

	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	entry = mt_descend(mas, mas->index);
	if (!entry)
		return NULL;
	return store(mas, NULL, &old) ? NULL : entry;
}
