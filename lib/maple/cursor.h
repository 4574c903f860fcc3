/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - a cursor's place, and how it is moved to the leaf beside its own.
 */
#ifndef VMS_MAPLE_CURSOR_H
#define VMS_MAPLE_CURSOR_H

#include "lib/maple/node.h"

/*
 * @word, by itself: compilers like to load two neighbours as one vector, which
 * must wait until both have left the store buffer if they were stored one by
 * one just before, as a cursor's index and last are.
 */
static inline unsigned long ml_scalar(unsigned long word)
{
	__asm__("" : "+r"(word));
	return word;
}

/*
 * A cursor is two cache lines if it begins one. What mas_init() writes, and
 * most of what a walk writes after it, is the first of them.
 */
_Static_assert(VMS__WAY_WORDS * sizeof(uint32_t) == MAPLE_HEIGHT_MAX, "a byte for each level");
_Static_assert(sizeof(struct ma_state) == 128, "a cursor is two cache lines");
_Static_assert(offsetof(struct ma_state, vms__.parent) == 64, "mas_init() writes the first line");

/* vms_mas_step() reads a narrow leaf as maple_tree.h describes one. */
_Static_assert(offsetof(struct vms__leaf, key) == offsetof(struct maple_node, narrow_leaf.key) &&
		       offsetof(struct vms__leaf, slot) ==
			       offsetof(struct maple_node, narrow_leaf.slot) &&
		       offsetof(struct vms__leaf, base) ==
			       offsetof(struct maple_node, narrow_leaf.base) &&
		       VMS__LEAF_KEYS == ML_NARROW_LEAF_KEYS && VMS__KEY_NONE == ML_KEY_NONE,
	       "the header's narrow leaf is the tree's");

/* The slots taken on the way from the root, a byte each. */
static inline uint8_t *ml_way(const struct ma_state *mas)
{
	return (uint8_t *)mas->vms__.way;
}

/* The cursor, in a leaf that it has looked at, may step on by itself. */
static inline void ml_set_ahead(struct ma_state *mas)
{
	(void)mas;
#ifndef VMS_DEBUG
	if (likely(!(mas->vms__.version & ML_WIDE_BIT)))
		mas->vms__.ahead = mas->vms__.full & (~1u << mas->offset);
#endif
}

/*
 * The cursor has come to the slot @i of a leaf that it has looked at, which
 * spans [@index, @last].
 */
static inline void ml_at_slot(struct ma_state *mas, unsigned int i, unsigned long index,
			      unsigned long last)
{
	mas->offset = (unsigned char)i;
	mas->index = index;
	mas->last = last;
	ml_set_ahead(mas);
}

/*
 * What the leaf's parent calls it: the cursor stands in the slot @slot of
 * @parent.
 */
static inline void ml_set_parent(struct ma_state *mas, const struct maple_node *parent,
				 unsigned int slot)
{
	mas->vms__.parent = ml_step(parent, slot);
	ml_way(mas)[mas->depth - 1u] = (uint8_t)slot;
}

/*
 * The first @depth steps of the cursor's way, into @path. Locks: the tree's
 * lock, and the cursor's way leads to where it stands.
 */
static inline void ml_path(const struct ma_state *mas, unsigned int depth, unsigned long *path)
{
	void *ref = ml_root(mas->tree);

	for (unsigned int level = 0; level < depth; level++) {
		path[level] = ml_step(ml_node(ref), ml_way(mas)[level]);
		ref = ml_slot(ml_node(ref), ml_way(mas)[level]);
	}
}

/*
 * The caller answers for what protects the cursor's place from here on, so
 * debug builds do not check it.
 */
static inline void ml_forget_guard(struct ma_state *mas)
{
	(void)mas;
#ifdef VMS_DEBUG
	mas->vms__.guard = 0;
#endif
}

/* What is planned where the cursor stands, as isa.h has it; 0: nothing. */
static inline unsigned int ml_plan(const struct ma_state *mas)
{
	return mas->vms__.used & 1 ? 0 : mas->vms__.used >> 1;
}

/* The cursor has looked at its leaf. */
static inline bool ml_has_looked(const struct ma_state *mas)
{
	return mas->vms__.used & 1;
}

/* Put the cursor into the state that mas_is_err() sees. */
static inline void ml_set_error(struct ma_state *mas, int err)
{
	mas->status = ma_error;
	mas->node = (struct maple_node *)xa_mk_internal((unsigned long)(long)err);
	vms__mas_moved(mas);
}

#endif
