/* SPDX-License-Identifier: MIT */
/*
 * leaf.h - a view of a leaf: the form and the bounds are looked up once, so
 * that the functions below need not do it for every slot. The bounds that they
 * return are inclusive.
 *
 * Locks: RCU or the tree's lock.
 */
#ifndef VMS_MAPLE_LEAF_H
#define VMS_MAPLE_LEAF_H

#include "lib/maple/node.h"

struct ml_leaf {
	struct maple_node *node;
	void *_Atomic *slot;
	unsigned long min, max; /* what it spans */
	unsigned long base;
	unsigned int shift;
	unsigned int keys;
	bool wide;
};

static inline void ml_leaf_view(struct ml_leaf *l, struct maple_node *node, unsigned long state,
				unsigned long min, unsigned long max)
{
	l->node = node;
	l->wide = state & ML_WIDE_BIT;
	l->shift = ml_shift_of(state);
	l->keys = l->wide ? ML_WIDE_LEAF_KEYS : ML_NARROW_LEAF_KEYS;
	l->slot = l->wide ? node->wide_leaf.slot : node->narrow_leaf.slot;
	l->base = l->wide ? 0 : node->narrow_leaf.base;
	l->min = min;
	l->max = max;
}
/* The first index that slot @i spans. */
static inline __attribute__((always_inline)) unsigned long ml_leaf_min(const struct ml_leaf *l,
								       unsigned int i)
{
	unsigned long pivot;

	if (!i)
		return l->min;
	if (unlikely(l->wide)) {
		/*
		 * A concurrent writer may have made slot i - 1 the last one.
		 * Slot i then spans nothing, and must not seem to begin at 0,
		 * as ULONG_MAX + 1 would have it.
		 */
		pivot = ml_wide_pivot(l->node, i - 1);
		return pivot + (pivot != ULONG_MAX);
	}
	return l->base + ((unsigned long)ml_key(l->node, i - 1) << l->shift);
}
/* The last index that slot @i spans. */
static inline __attribute__((always_inline)) unsigned long ml_leaf_max(const struct ml_leaf *l,
								       unsigned int i)
{
	unsigned long pivot;

	if (i >= l->keys)
		return l->max;
	if (unlikely(l->wide)) {
		pivot = ml_wide_pivot(l->node, i);
		return pivot < l->max ? pivot : l->max;
	}
	pivot = ml_key(l->node, i);
	return pivot == ML_KEY_NONE ? l->max : l->base + (pivot << l->shift) - 1;
}
/* acquire: pairs with the release that stored the entry (shape.tmpl.h). */
static inline void *ml_leaf_slot(const struct ml_leaf *l, unsigned int i)
{
	return atomic_load_explicit(&l->slot[i], memory_order_acquire);
}

#endif
