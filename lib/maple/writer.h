/* SPDX-License-Identifier: MIT */
/*
 * writer.h - spares a writer a new way down from the root for each of its
 * calls: if its lock keeps other writers out, a call may go on from the place
 * where the last one ended. lib/engine/index_maple.c is such a writer.
 */
#ifndef VMS_MAPLE_WRITER_H
#define VMS_MAPLE_WRITER_H

#include <string.h>

#include "lib/maple/cursor.h"
#include "lib/maple/isa/isa.h"

/*
 * ---- a place that is searched for once ----
 *
 * A writer that looks for a gap, then at the entries next to it, then prepares
 * a store and makes it, needs one way down and not four:
 *
 * 	vms__mas_find_gap(&place, ...)        may be left out: then around() goes down
 * 	vms__mas_around(&place, ...)
 * 	__mas_set_range(&place, first, last)  the range to store; @first may lie in another leaf
 * 	mas_preallocate(&place, entry, gfp)   plans in the leaf of the place
 * 	vms__mas_commit(&place, entry, &kept) carries the plan out there
 *
 * The writer vouches that nothing is stored in the tree from the first of these
 * calls to the last, except by the last. So no call checks the way that the one
 * before it went. Debug builds check it nevertheless.
 *
 * Locks: the tree's lock to write, from the first call to the last; for
 * vms__mas_find_gap() and vms__mas_around(), held for reading will do.
 */

#define ML_VOUCHED 1u /* mas_flags: nothing was stored since the cursor took its place */

/*
 * mas_flags, with ML_VOUCHED: the cursor stands on the slot of its index.
 * vms__.first and vms__.last are what that slot spans, vms__.slots is the
 * leaf's slots in use, or 0.
 */
#define ML_AT_SLOT 2u

/* The caller vouches for the cursor's place until its next store has begun. */
static inline void ml_vouch(struct ma_state *mas)
{
	mas->mas_flags = ML_VOUCHED;
}

/*
 * Note a span, of a slot or of a store. Debug builds keep its end alone,
 * because the word for its beginning is the guard there (debug.c).
 */
static inline void ml_note_span(struct ma_state *mas, unsigned long min, unsigned long max)
{
	(void)min;
#ifndef VMS_DEBUG
	mas->vms__.first = min;
#endif
	mas->vms__.last = max;
}
/*
 * ml_vouch(); the caller vouches for the slot, too, where the cursor stands and
 * which spans [@min, @max], both inclusive. The store then need not search the
 * leaf for it. @slots: the leaf's slots in use, or 0.
 */
static inline void ml_vouch_slot(struct ma_state *mas, unsigned long min, unsigned long max,
				 unsigned int slots)
{
	mas->mas_flags = ML_VOUCHED | ML_AT_SLOT;
	mas->vms__.slots = (uint16_t)slots;
	ml_note_span(mas, min, max);
}
/* ml_vouch_slot() after a search for a gap, which has set all of it. */
static inline void ml_vouch_gap(struct ma_state *mas)
{
	vms__mas_moved(mas);
	ml_forget_guard(mas);
	mas->status = mas->node ? ma_active : ma_start;
	mas->mas_flags = mas->node ? ML_VOUCHED | ML_AT_SLOT : 0;
}

/*
 * mas_empty_area() or, if @highest, mas_empty_area_rev(). The cursor also
 * stands in the leaf of the gap, for the calls above; no other call may follow.
 * The function is in gap.c.
 */
int vms__mas_find_gap(struct ma_state *mas, unsigned long min, unsigned long max,
		      unsigned long size, bool highest);

/*
 * Return: the first entry whose range ends at or after mas->index, or NULL.
 * *prev: the last entry whose range ends before mas->index, or before the entry
 * returned. *next: the entry after the one returned if that one begins before
 * @end, or else NULL. The cursor then stands in the leaf of mas->index, for the
 * calls above; mas->index stays. It may come from vms__mas_find_gap() or from
 * mas_init(). The function is in store.c.
 */
void *vms__mas_around(struct ma_state *mas, unsigned long end, void **prev, void **next);

/*
 * mas_store_prealloc() after mas_preallocate() of just this store; the caller
 * vouches that it is the same store. The calls that come before
 * mas_preallocate() above may be left out. The function keeps the leaf, as
 * described below. It is in store.c.
 */
void vms__mas_commit(struct ma_state *mas, void *entry, struct vms__kept_leaf *kept);

/*
 * ---- a leaf that is kept from one store to the next ----
 *
 * A writer that stores where it has just stored need not go down from the root.
 * The owner of a tree has a struct vms__kept_leaf for the leaf of the last
 * store, and vouches that every store in the tree is made by vms__mas_commit()
 * with that struct. So a kept leaf is always in the tree: a store that replaces
 * it keeps the new leaf, and a store that makes new inner nodes keeps none. A
 * leaf's bounds never change, so a store in the leaf that is kept already
 * writes nothing to the struct.
 *
 * Locks: the tree's lock to write; for vms__mas_take_up(), held for reading
 *        will do.
 */

/*
 * Keep the cursor's leaf, after a store of the @planned kind that left the
 * cursor on its range.
 */
static inline void vms__mas_keep(const struct ma_state *mas, struct vms__kept_leaf *kept,
				 enum ml_store_type planned)
{
	unsigned long leaf = (unsigned long)mas->node | mas->depth;

	if (unlikely(planned == ML_STORE_ROOT || planned == ML_STORE_REBUILD)) {
		kept->leaf = 0;
		return;
	}
	if (likely(kept->leaf == leaf))
		return;
	kept->leaf = leaf;
	kept->min = mas->min;
	kept->max = mas->max;
	kept->parent = mas->vms__.parent;
	memcpy(kept->way, mas->vms__.way, sizeof(kept->way));
}

/*
 * Put a cursor without a place into the kept leaf, if @index lies there. Then
 * the calls above need not go down from the root.
 */
static inline void vms__mas_take_up(struct ma_state *mas, const struct vms__kept_leaf *kept,
				    unsigned long index)
{
	unsigned long leaf = kept->leaf;

	if (!leaf || index < kept->min || index > kept->max)
		return;
	mas->node = (struct maple_node *)(leaf & ~(ML_ALIGN - 1));
	mas->depth = leaf & (ML_ALIGN - 1);
	mas->vms__.version = ml_form_of(mas->node);
	mas->min = kept->min;
	mas->max = kept->max;
	mas->vms__.parent = kept->parent;
	memcpy(mas->vms__.way, kept->way, sizeof(kept->way));
	ml_forget_guard(mas);
	mas->status = ma_active;
	ml_vouch(mas);
}

#endif
