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
 * What mas_init() writes, and most of what a walk writes after it, is one cache
 * line if the cursor begins one.
 */
_Static_assert(offsetof(struct ma_state, node) + sizeof(struct maple_node *) == 64,
	       "mas_init() writes the first 64 bytes");

/* The cursor has come to the slot @i of a leaf that it has looked at. */
static inline void ml_at_slot(struct ma_state *mas, unsigned int i)
{
	mas->offset = (unsigned char)i;
	mas->index = mas->bound[i];
	mas->last = mas->bound[i + 1] - 1;
#ifndef VMS_DEBUG
	mas->ahead = (mas->full & (~1u << i));
#endif
}

/*
 * The end of what the child taken at @level of the path spans: the first pivot
 * upwards that is in use.
 */
unsigned long vms__mt_path_max(const struct ma_state *mas, unsigned int level);
/*
 * Put the cursor on the leaf after its own: path, node, version, min, max; its
 * range and slot are as before, and nothing is said of used, full and ahead.
 * False: there is none, or not without a look from the root; then its path is
 * lost.
 */
bool vms__mt_next_leaf(struct ma_state *mas);

/* Put the cursor into the state that mas_is_err() sees. */
static inline void ml_set_error(struct ma_state *mas, int err)
{
	mas->status = ma_error;
	mas->node = (struct maple_node *)xa_mk_internal((unsigned long)(long)err);
	mas->used = mas->full = mas->ahead = 0;
}

#endif
