/* SPDX-License-Identifier: MIT */
/*
 * write.h - struct ml_write describes a store that is being made. plan.tmpl.h
 * fills it in, and then makes the store itself or calls leaf.c or rebuild.c.
 *
 * Locks: the tree's lock to write.
 */
#ifndef VMS_MAPLE_WRITE_H
#define VMS_MAPLE_WRITE_H

#include "lib/maple/leaf.h"

/*
 * The store of @entry over [first, last], both inclusive. For a NULL entry the
 * range takes in the gaps next to it. lo and hi are the slots that hold first
 * and last; slot lo begins at lo_min and slot hi ends at hi_max. If the store
 * spans several leaves, hi, hi_max, hi_entry and used mean nothing.
 */
struct ml_write {
	struct ma_state *mas; /* stands on the slot lo of its leaf */
	struct ml_leaf leaf;
	void *entry;
	unsigned long first, last;
	unsigned long lo_min, hi_max;
	void *lo_entry, *hi_entry;
	unsigned int lo, hi;
	unsigned int used; /* the slots that are not empty */
	bool one_leaf;     /* the store, with the gaps that it takes in, stays in one leaf */
	bool form_fits;    /* if one_leaf: the leaf's form can express the new bounds */
};

/* ---- leaf.c ---- */

/*
 * The slots of a leaf that is to be made. None is empty; the last pivot is the
 * leaf's maximum.
 */
struct ml_row {
	unsigned int n;
	unsigned long pivot[ML_LEAF_SLOTS + 2];
	void *slot[ML_LEAF_SLOTS + 2];
};
/*
 * The form that a node of these slots takes if it begins at @min, without
 * ML_LEAF_BIT, which the caller adds for a leaf.
 */
unsigned long vms__mt_form_for(unsigned int n, const unsigned long *pivot, unsigned long min);
/* Fill @leaf with n slots, no more than @form has. */
void vms__mt_fill_leaf(struct maple_node *leaf, unsigned long form, unsigned int n,
		       const unsigned long *pivot, void *const *slot);
/*
 * Make a store that stays in its leaf, by a new leaf that replaces the old one.
 * Return: 0; -ENOMEM, and the tree is unchanged. The cursor stands in the new
 * leaf, on the stored range.
 */
int vms__mt_replace_leaf(struct ml_write *w);

/* ---- rebuild.c ---- */

/* The number of nodes that the store can need at most. */
void vms__mt_rebuild_need(const struct ml_write *w, unsigned int *leaves, unsigned int *inner);
/*
 * Make the store by new nodes. Return: 0; -ENOMEM, and the tree is unchanged.
 * The cursor keeps its range and loses its place.
 */
int vms__mt_rebuild(struct ml_write *w);
/*
 * Store @entry over the cursor's range in a tree without nodes. The tree gets a
 * first leaf, unless the root can hold the result by itself. Return: 0;
 * -ENOMEM, and the tree is unchanged.
 */
int vms__mt_plant(struct ma_state *mas, void *entry);

#endif
