/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - a cursor's place: how it is read, and how it is moved within a
 * leaf and to a neighbouring one.
 *
 * Locks: RCU or the tree's lock, whichever the caller of the cursor's function
 *        holds. Read next: iter.c.
 */
#ifndef VMS_MAPLE_CURSOR_H
#define VMS_MAPLE_CURSOR_H

#include "lib/maple/node.h"

/*
 * @word, loaded by itself. Compilers like to load two neighbouring words as one
 * vector. If both were stored one by one just before, as a cursor's index and
 * last are, that load must wait until both have left the store buffer.
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

/*
 * Let vms_mas_step() (maple_tree.h) step on by itself in the leaf that the
 * cursor has looked at: note the slots ahead that hold entries. Debug builds do
 * not, so that each step is checked.
 */
static inline void ml_set_ahead(struct ma_state *mas)
{
	(void)mas;
#ifndef VMS_DEBUG
	if (likely(!(mas->vms__.version & ML_WIDE_BIT)))
		mas->vms__.ahead = mas->vms__.full & (~1u << mas->offset);
#endif
}

/*
 * Put the cursor on the slot @i, which spans [@index, @last], of the leaf that
 * it has looked at.
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
 * Note that the way to the cursor's leaf takes the slot @slot of @parent, the
 * last step of the way.
 */
static inline void ml_set_parent(struct ma_state *mas, const struct maple_node *parent,
				 unsigned int slot)
{
	mas->vms__.parent = ml_step(parent, slot);
	ml_way(mas)[mas->depth - 1u] = (uint8_t)slot;
}

/*
 * Write the first @depth steps of the cursor's way into @path. Only the slots
 * are kept in the cursor; the nodes are found again from the root. Locks: the
 * tree's lock. The cursor's way must still lead to where it stands.
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

/* The plan that the cursor has kept, as ml_plan_of() makes it; 0: none. */
static inline unsigned int ml_plan(const struct ma_state *mas)
{
	return mas->vms__.used & 1 ? 0 : mas->vms__.used >> 1;
}

/*
 * Whether the cursor has looked at its leaf as a whole (isa.h: enter). Bit 0
 * tells the two uses of the word apart: the first slot of a leaf is never
 * empty, and a plan is kept one bit higher.
 */
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
