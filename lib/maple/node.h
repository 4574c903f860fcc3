/* SPDX-License-Identifier: MIT */
/*
 * node.h - what a node is, and what may change in it while readers look.
 *
 *	        state | pivot[0] .. pivot[14] | slot[0] .. slot[15] | gap[0] .. gap[15]
 *	bytes   8       120                     128                   128, inner nodes of trees with MT_FLAGS_ALLOC_RANGE only
 *
 * Slot i holds what lies above pivot[i - 1] (or from the node's minimum) up to and including pivot[i] (or up to the node's
 * maximum). Minimum and maximum are not stored: the parent's pivots are them. Pivots that are not in use are ULONG_MAX, so that
 * the slot of a key is the first whose pivot is not below it, whatever the number of slots in use, and a slot is the last iff
 * its pivot is not below the node's maximum. Slots beyond the last mean nothing.
 *
 * In a leaf a slot may be empty: pivot[i] == pivot[i - 1]. No key finds it. It is room for an insertion in place.
 * The first slot is never empty, nor is the last.
 *
 * What may change after a node is published:
 *   slot    inner: swung to the child's replacement. Leaf: another entry for the same range.
 *   pivot   leaf only, as shape.c says; inner nodes' pivots never change, so a live node's minimum and maximum never do.
 *   state   bit 0: the node is dead, replaced by others; nothing else in it ever changes again. Above it: the number of the leaf's
 *           phase, which shape.c explains.
 *   gap     read and written under the lock only.
 *
 * A reader takes state, then pivots, then the slot, then state again; where the two differ it looks again. So what it took
 * comes from one phase, and shape.c sees to it that this cannot mislead.
 *
 * Locks: every store here is made under the tree's lock, or before the node is published. Loads: RCU or the lock.
 * Read next: descend.h (the way down), shape.c (changes in place), rebuild.c (all others).
 */
#ifndef VMS_MAPLE_NODE_H
#define VMS_MAPLE_NODE_H

#include <vmastore/maple_tree.h>

#include "lib/sync/assert.h"

#define MT_SLOTS 16u
#define MT_PIVOTS (MT_SLOTS - 1)
/*
 * What a node other than the root holds at least, empty slots aside: little enough that a split's halves are not soon merged
 * again.
 */
#define MT_MIN 5u
#define MT_LEAF_MIN 4u

struct maple_node {
	_Atomic unsigned long state;
	_Atomic unsigned long pivot[MT_PIVOTS];
	void *_Atomic slot[MT_SLOTS];
	unsigned long gap[]; /* the largest gap under each slot */
};

#define MT_DEAD 1ul
#define MT_STATE_STEP 2ul

/*
 * A node as the root or a slot names it: its address, 64-byte aligned, and in the low bits "a node" (no entry that the root may
 * hold has these) and "a leaf".
 */
#define MT_NODE_MARK 2ul
#define MT_NODE_LEAF 4ul
#define MT_ALIGN 64ul
#define MT_RESERVED 4096ul /* values below, with the mark, are reserved entries */

static inline bool mt_is_node(const void *ref)
{
	return ((unsigned long)ref & 3) == MT_NODE_MARK && (unsigned long)ref >= MT_RESERVED;
}
static inline bool mt_is_leaf(const void *ref)
{
	return (unsigned long)ref & MT_NODE_LEAF;
}
static inline struct maple_node *mt_node(const void *ref)
{
	return (struct maple_node *)((unsigned long)ref & ~(MT_ALIGN - 1));
}
static inline void *mt_ref(const struct maple_node *node, bool leaf)
{
	return (void *)((unsigned long)node | MT_NODE_MARK | (leaf ? MT_NODE_LEAF : 0));
}

/* A step of a cursor's path: node and slot in one word. */
static inline unsigned long mt_step(const struct maple_node *node, unsigned int slot)
{
	return (unsigned long)node | slot;
}
static inline struct maple_node *mt_step_node(unsigned long step)
{
	return (struct maple_node *)(step & ~(MT_ALIGN - 1));
}
static inline unsigned int mt_step_slot(unsigned long step)
{
	return step & (MT_ALIGN - 1);
}

/* ---- readers: every load acquires, so that what is loaded after it is not older ---- */

/* Pairs with the releases of shape.c, and with mt_kill()'s. */
static inline unsigned long mt_state(const struct maple_node *node)
{
	return atomic_load_explicit(&((struct maple_node *)node)->state, memory_order_acquire);
}
/* ULONG_MAX for the last slot, which has no pivot. Pairs with shape.c's releases. */
static inline unsigned long mt_pivot(const struct maple_node *node, unsigned int i)
{
	return i < MT_PIVOTS ? atomic_load_explicit(&((struct maple_node *)node)->pivot[i], memory_order_acquire) : ULONG_MAX;
}
/*
 * What slot @i spans in a node that spans [min, max]. Without a branch: beside the first pivot lies the state, and behind the
 * last the first slot, which are read but not used.
 */
static inline unsigned long mt_word(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit((_Atomic unsigned long *)&((struct maple_node *)node)->state + i, memory_order_acquire);
}
static inline unsigned long mt_slot_min(const struct maple_node *node, unsigned int i, unsigned long min)
{
	unsigned long below = mt_word(node, i);

	return i ? below + 1 : min;
}
static inline unsigned long mt_slot_max(const struct maple_node *node, unsigned int i, unsigned long max)
{
	unsigned long pivot = mt_word(node, i + 1);

	return i < MT_PIVOTS && pivot < max ? pivot : max;
}
/* Pairs with the release that stored the entry, or published the child. */
static inline void *mt_slot(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&((struct maple_node *)node)->slot[i], memory_order_acquire);
}
static inline void *mt_root(const struct maple_tree *mt)
{
	return atomic_load_explicit(&((struct maple_tree *)mt)->ma_root, memory_order_acquire);
}

/*
 * The slot that holds @key: the first whose pivot is not below it. Four steps without a branch to mispredict. The result rests
 * on two loads, pivot[i - 1] < key and pivot[i] >= key, whichever others were read.
 */
static inline unsigned int mt_find_slot(const struct maple_node *node, unsigned long key)
{
	unsigned int i = (mt_pivot(node, 7) < key) * 8u;

	i += (mt_pivot(node, i + 3) < key) * 4u;
	i += (mt_pivot(node, i + 1) < key) * 2u;
	return i + (mt_pivot(node, i) < key);
}

/* ---- the lock's holder ---- */

static inline void mt_set_pivot(struct maple_node *node, unsigned int i, unsigned long pivot)
{
	/* Relaxed: the node is not published yet. */
	atomic_store_explicit(&node->pivot[i], pivot, memory_order_relaxed);
}
static inline void mt_set_slot(struct maple_node *node, unsigned int i, void *slot)
{
	/* Relaxed: the node is not published yet. */
	atomic_store_explicit(&node->slot[i], slot, memory_order_relaxed);
}
/* Release: pairs with mt_slot(). */
static inline void mt_publish_slot(struct maple_node *node, unsigned int i, void *slot)
{
	atomic_store_explicit(&node->slot[i], slot, memory_order_release);
}
/* Release: pairs with mt_root(). */
static inline void mt_publish_root(struct maple_tree *mt, void *root)
{
	atomic_store_explicit(&mt->ma_root, root, memory_order_release);
}
/* Release: pairs with mt_state(). Who sees the mark sees what was published instead of the node. */
static inline void mt_kill(struct maple_node *node)
{
	atomic_store_explicit(&node->state, atomic_load_explicit(&node->state, memory_order_relaxed) | MT_DEAD,
			      memory_order_release);
}

#endif
