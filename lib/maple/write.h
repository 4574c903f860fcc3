/* SPDX-License-Identifier: MIT */
/*
 * write.h - a store under way: plan.tmpl.h fills it in, and makes the store
 * itself or calls leaf.c or rebuild.c.
 *
 * Locks: the tree's lock to write.
 */
#ifndef VMS_MAPLE_WRITE_H
#define VMS_MAPLE_WRITE_H

#include "lib/maple/leaf.h"

/*
 * The store of @entry over [first, last]. For a NULL entry the bounds take in
 * the gaps beside it. lo and hi are the slots that hold first and last; the
 * bounds of slot lo begin at lo_min, those of slot hi end at hi_max. If the
 * store spans leaves, hi and what comes after it are unset.
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
	bool one_leaf;     /* it touches no other leaf, nor does a gap stored */
	bool form_fits;    /* the leaf's form has room for the new bounds; if it is one leaf */
};

/* ---- leaf.c ---- */

/* Slots of a leaf to come, none empty; the last pivot is the leaf's maximum. */
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
 * The store, which stays in its leaf, by a new leaf. Return: 0; -ENOMEM, tree
 * unchanged. The cursor stays on it.
 */
int vms__mt_replace_leaf(struct ml_write *w);

/* ---- rebuild.c ---- */

/* Nodes that the store can need. */
void vms__mt_rebuild_need(const struct ml_write *w, unsigned int *leaves, unsigned int *inner);
/*
 * The store, by new nodes. Return: 0; -ENOMEM, tree unchanged. The cursor keeps
 * its range only.
 */
int vms__mt_rebuild(struct ml_write *w);
/*
 * The first leaf of a tree without nodes: [first, last] holds the entry, the
 * rest what the root held.
 */
int vms__mt_plant(struct ma_state *mas, void *entry);

#endif
