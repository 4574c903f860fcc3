/* SPDX-License-Identifier: MIT */
/*
 * node.h - what a node is, and what may change in it while readers look.
 *
 * 	                 cache lines of 64 bytes                     bytes
 * 	narrow leaf      state key[14]           | slot[15] base             192
 * 	wide leaf        state pivot[11] slot[12]                            192
 * 	narrow inner     state key[30]           | slot[31] base | gap[32]   384, with gaps 640
 * 	wide inner       state pivot[23]         | slot[24]      | gap[32]   384, with gaps 640
 *
 * Slot i holds what lies above pivot i - 1 (or from the node's minimum) up to
 * and including pivot i (or up to the node's maximum). A node does not store
 * its minimum and maximum, because the parent's pivots tell them.
 *
 * A wide node stores whole pivots. A narrow one stores, in half the space, 31
 * bits of each: key[i] is bits 12 to 42 of the index after pivot i, or in a
 * "byte" node bits 0 to 30. A node may be narrow if its bounds are multiples of
 * 4096 in one region of 2^43 indexes. It may be a byte node if its bounds are
 * any indexes in one region of 2^31. In a memory map nearly all nodes are
 * narrow. Keys are absolute, not relative to the node, so that a lookup
 * computes its key once and uses it on all levels.
 *
 * A narrow node whose minimum or maximum lies outside the region, or is no
 * multiple of 4096, is an "edge" node: a lookup has to compare the index with
 * the region first, because an index outside is below or above all of the
 * node's bounds. In a memory map the edge nodes are the root and the nodes on
 * the ways down to the first and the last leaf.
 *
 * Pivots not in use are ULONG_MAX, and keys not in use are ML_KEY_NONE. So the
 * slot of an index is the number of pivots below it, however many slots are in
 * use, and a slot is the last one if its pivot is not below the node's maximum.
 * Slots beyond the last mean nothing.
 *
 * A slot of a leaf may be empty: its pivot equals the one before it, so no
 * index finds it. Empty slots are room for insertions in place. Neither the
 * first slot nor the last is ever empty.
 *
 * What may change after a node is published:
 *   slot    inner: swung to the child's replacement. Leaf: another entry for
 *           the same range.
 *   pivot   leaf only, as shape.tmpl.h says; inner nodes' pivots never change,
 *           so a live node's minimum and maximum never do.
 *   state   bit 0: the node is dead, replaced by others; nothing else in it
 *           ever changes again. Bit 6: a change of bounds is under way. Above
 *           it: the number of the leaf's phase, which shape.tmpl.h explains.
 *           The rest says what form the node has, and stays.
 *   gap     read and written under the lock only: no gap under the slot is
 *           larger, as gap.c explains.
 *
 * A reader loads the state, then pivots, then the slot, then the state again.
 * If the two states differ, the reader retries. So everything that it has
 * loaded comes from one phase, and shape.tmpl.h ensures that such a view cannot
 * mislead it. A reader that needs all slots of a leaf at once also requires
 * that no change is under way.
 *
 * Locks: every store here is made under the tree's lock, or before the node is
 * published. Loads: RCU or the lock. Read next: descend.tmpl.h (the way down),
 * shape.tmpl.h (changes in place), rebuild.c (all others).
 */
#ifndef VMS_MAPLE_NODE_H
#define VMS_MAPLE_NODE_H

#include <stddef.h>
#include <stdint.h>

#include <vmastore/maple_tree.h>

#include "lib/sync/assert.h"

#define ML_NARROW_LEAF_KEYS 14u
#define ML_WIDE_LEAF_KEYS 11u
#define ML_NARROW_INNER_KEYS 30u
#define ML_WIDE_INNER_KEYS 23u
#define ML_LEAF_SLOTS 15u  /* most slots of a leaf */
#define ML_INNER_SLOTS 31u /* most slots of an inner node, and of any node */
#define ML_GAPS 32u        /* one to spare, always 0, for whole vectors */
/*
 * The least number of slots in use of a node other than the root. It is small,
 * so that the halves of a split are not soon merged again.
 */
#define ML_INNER_MIN 8u
#define ML_LEAF_MIN 4u

struct maple_node {
	_Atomic unsigned long state;
	union {
		struct {
			_Atomic uint32_t key[ML_NARROW_LEAF_KEYS];
			void *_Atomic slot[ML_NARROW_LEAF_KEYS + 1];
			unsigned long base; /* where the region of the keys begins */
		} narrow_leaf;
		struct {
			_Atomic unsigned long pivot[ML_WIDE_LEAF_KEYS];
			void *_Atomic slot[ML_WIDE_LEAF_KEYS + 1];
		} wide_leaf;
		struct {
			_Atomic uint32_t key[ML_NARROW_INNER_KEYS];
			void *_Atomic slot[ML_NARROW_INNER_KEYS + 1];
			unsigned long base;
		} narrow_inner;
		struct {
			_Atomic unsigned long pivot[ML_WIDE_INNER_KEYS];
			void *_Atomic slot[ML_WIDE_INNER_KEYS + 1];
		} wide_inner;
	};
	/*
	 * Only inner nodes of trees with MT_FLAGS_ALLOC_RANGE have it: the
	 * memory of other inner nodes ends before it, a leaf's well before.
	 */
	_Atomic unsigned long gap[ML_GAPS];
};

#define ML_LEAF_BYTES                                                                              \
	(offsetof(struct maple_node, narrow_leaf) + sizeof(((struct maple_node *)0)->narrow_leaf))
#define ML_INNER_BYTES offsetof(struct maple_node, gap)
_Static_assert(ML_LEAF_BYTES == 192 && ML_INNER_BYTES == 384 && sizeof(struct maple_node) == 640,
	       "whole cache lines");

/*
 * A node's form: these bits of its state, and of every reference to it.
 */
#define ML_LEAF_BIT 4ul
#define ML_WIDE_BIT 8ul
#define ML_EDGE_BIT 16ul /* narrow, and spans more than the region of its keys */
#define ML_BYTE_BIT 32ul /* narrow, keys from bit 0 on */
#define ML_FORM (ML_LEAF_BIT | ML_WIDE_BIT | ML_EDGE_BIT | ML_BYTE_BIT)
/* The rest of the state. */
#define ML_DEAD 1ul
#define ML_BUSY 64ul /* a leaf whose bounds are being changed */
#define ML_STATE_STEP 128ul

#define ML_KEY_BITS 31u
#define ML_KEY_NONE 0x7fffffffu
#define ML_PAGE_SHIFT 12u

/*
 * A node as the root or a slot names it: its address, 64-byte aligned, and in
 * the low bits "a node" (no entry that the root may hold has these) and its
 * form.
 */
#define ML_NODE_MARK 2ul
#define ML_ALIGN 64ul
#define ML_RESERVED 4096ul /* values below, with the mark, are reserved entries */

static inline bool ml_is_node(const void *ref)
{
	return ((unsigned long)ref & 3) == ML_NODE_MARK && (unsigned long)ref >= ML_RESERVED;
}
static inline bool ml_is_leaf(const void *ref)
{
	return (unsigned long)ref & ML_LEAF_BIT;
}
static inline bool ml_is_wide(const void *ref)
{
	return (unsigned long)ref & ML_WIDE_BIT;
}
static inline struct maple_node *ml_node(const void *ref)
{
	return (struct maple_node *)((unsigned long)ref & ~(ML_ALIGN - 1));
}

/* A step of a cursor's path: node and slot in one word. */
static inline unsigned long ml_step(const struct maple_node *node, unsigned int slot)
{
	return (unsigned long)node | slot;
}
static inline struct maple_node *ml_step_node(unsigned long step)
{
	return (struct maple_node *)(step & ~(ML_ALIGN - 1));
}
static inline unsigned int ml_step_slot(unsigned long step)
{
	return step & (ML_ALIGN - 1);
}

/* ---- a node's form ---- */

/* The part of the state that stays. */
static inline unsigned long ml_form_of(const struct maple_node *node)
{
	/* Relaxed: these bits were set before the node was published. */
	return atomic_load_explicit(&((struct maple_node *)node)->state, memory_order_relaxed);
}
static inline void *ml_ref(const struct maple_node *node)
{
	return (void *)((unsigned long)node | ML_NODE_MARK | (ml_form_of(node) & ML_FORM));
}
static inline unsigned long ml_base(const struct maple_node *node)
{
	return ml_form_of(node) & ML_LEAF_BIT ? node->narrow_leaf.base : node->narrow_inner.base;
}
/*
 * The reference by which @parent names @node. A reader that comes through a
 * narrow parent with the same base has already checked the region, so the edge
 * bit is dropped from the reference.
 */
static inline void *ml_ref_in(const struct maple_node *parent, const struct maple_node *node)
{
	unsigned long form = ml_form_of(node), up = ml_form_of(parent);

	if (form & ML_EDGE_BIT && !((form ^ up) & (ML_WIDE_BIT | ML_BYTE_BIT)) &&
	    ml_base(node) == ml_base(parent))
		form &= ~ML_EDGE_BIT;
	return (void *)((unsigned long)node | ML_NODE_MARK | (form & ML_FORM));
}
static inline bool ml_node_is_wide(const struct maple_node *node)
{
	return ml_form_of(node) & ML_WIDE_BIT;
}
static inline unsigned int ml_shift_of(unsigned long form)
{
	return form & ML_BYTE_BIT ? 0 : ML_PAGE_SHIFT;
}
/* Pivots that a node of this form has; it has one slot more. */
static inline unsigned int ml_keys_of(unsigned long state)
{
	if (state & ML_LEAF_BIT)
		return state & ML_WIDE_BIT ? ML_WIDE_LEAF_KEYS : ML_NARROW_LEAF_KEYS;
	return state & ML_WIDE_BIT ? ML_WIDE_INNER_KEYS : ML_NARROW_INNER_KEYS;
}
static inline unsigned int ml_keys(const struct maple_node *node)
{
	return ml_keys_of(ml_form_of(node));
}
static inline void *_Atomic *ml_slots(const struct maple_node *node)
{
	unsigned long form = ml_form_of(node);
	struct maple_node *n = (struct maple_node *)node;

	if (form & ML_LEAF_BIT)
		return form & ML_WIDE_BIT ? n->wide_leaf.slot : n->narrow_leaf.slot;
	return form & ML_WIDE_BIT ? n->wide_inner.slot : n->narrow_inner.slot;
}

/*
 * ---- readers ----
 *
 * Every load acquires, so that what is loaded after it is not older.
 */

/* Pairs with the releases of shape.tmpl.h, and with ml_kill()'s. */
static inline unsigned long ml_state(const struct maple_node *node)
{
	return atomic_load_explicit(&((struct maple_node *)node)->state, memory_order_acquire);
}
/*
 * The keys of a narrow node and the pivots of a wide one begin at the same
 * place in leaves and inner nodes.
 */
static inline uint32_t ml_key(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&((struct maple_node *)node)->narrow_inner.key[i],
				    memory_order_acquire);
}
static inline unsigned long ml_wide_pivot(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&((struct maple_node *)node)->wide_inner.pivot[i],
				    memory_order_acquire);
}
/* The pivot for which a key stands in a node with this base and shift. */
static inline unsigned long ml_key_pivot(uint32_t key, unsigned long base, unsigned int shift)
{
	return key == ML_KEY_NONE ? ULONG_MAX : base + ((unsigned long)key << shift) - 1;
}
/*
 * The key by which a search finds @index in narrow nodes of this shift in whose
 * region it lies. It is never ML_KEY_NONE, so that the search does not count
 * keys that are not in use.
 */
static inline uint32_t ml_search_key(unsigned long index, unsigned int shift)
{
	uint32_t key = (uint32_t)(index >> shift) & ML_KEY_NONE;

	return key - (key == ML_KEY_NONE);
}
/*
 * Pivot @i of any node; ULONG_MAX for the last slot, which has none. Pairs with
 * shape.tmpl.h's releases.
 */
static inline unsigned long ml_pivot(const struct maple_node *node, unsigned int i)
{
	unsigned long form = ml_form_of(node);

	if (i >= ml_keys_of(form))
		return ULONG_MAX;
	return form & ML_WIDE_BIT ? ml_wide_pivot(node, i)
				  : ml_key_pivot(ml_key(node, i), ml_base(node), ml_shift_of(form));
}
/* The first and the last index of slot @i in a node that spans [min, max]. */
static inline unsigned long ml_slot_min(const struct maple_node *node, unsigned int i,
					unsigned long min)
{
	return i ? ml_pivot(node, i - 1) + 1 : min;
}
static inline unsigned long ml_slot_max(const struct maple_node *node, unsigned int i,
					unsigned long max)
{
	unsigned long pivot = ml_pivot(node, i);

	return pivot < max ? pivot : max;
}
/* Pairs with the release that stored the entry, or published the child. */
static inline void *ml_slot(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&ml_slots(node)[i], memory_order_acquire);
}
static inline void *ml_root(const struct maple_tree *mt)
{
	return atomic_load_explicit(&((struct maple_tree *)mt)->ma_root, memory_order_acquire);
}

/*
 * Relaxed, here and in ml_set_gap(): the lock orders the writer's stores.
 * Searches under a lock held for reading only lower bounds, and a search that
 * reads an older, higher bound just visits the child.
 */
static inline unsigned long ml_gap(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&((struct maple_node *)node)->gap[i], memory_order_relaxed);
}
/*
 * ml_gap() for a search that reads the child's bounds next and must not find
 * them higher than this one. acquire: pairs with the release in
 * vms__mt_gap_lower().
 */
static inline unsigned long ml_gap_acquire(const struct maple_node *node, unsigned int i)
{
	return atomic_load_explicit(&((struct maple_node *)node)->gap[i], memory_order_acquire);
}

/*
 * The slot that holds @key in any node: the number of pivots below it. The
 * result depends on two loads only, pivot[i - 1] < key and pivot[i] >= key,
 * whichever others were read before. The searches in isa/ are quicker, and
 * return the same.
 */
static inline unsigned int ml_find_slot(const struct maple_node *node, unsigned long key)
{
	unsigned int low = 0, high = ml_keys(node);

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (ml_pivot(node, mid) < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* ---- writers: the caller holds the tree's lock to write ---- */

/*
 * Whether @index can be a key of @shift: it is a multiple of the unit, and its
 * key is not the one that means "not in use".
 */
static inline bool ml_key_fits(unsigned long index, unsigned int shift)
{
	return !(index & ((1ul << shift) - 1)) && ((index >> shift) & ML_KEY_NONE) != ML_KEY_NONE;
}
static inline unsigned long ml_region(unsigned long index, unsigned int shift)
{
	return index & (~0ul << (ML_KEY_BITS + shift));
}
/* A number that no other leaf has: lib/maple/leaf.c. */
unsigned long vms__mt_count_leaf(void);

/*
 * The first phase of a new leaf. It follows the last phase of the leaf that was
 * in this memory before, so that a cursor which stood there does not take this
 * leaf for the one that it knew. Memory that came from the system, or was given
 * back to it meanwhile, says 0. Its leaf takes a number from a count of such
 * leaves, far from all phases of others. Debug builds overwrite freed memory,
 * so they count every leaf.
 */
static inline unsigned long ml_first_phase(const struct maple_node *node)
{
	unsigned long state = 0;

#ifndef VMS_DEBUG
	/* Relaxed: the node is not published yet. */
	state = atomic_load_explicit(&((struct maple_node *)node)->state, memory_order_relaxed);
#endif
	(void)node;
	return unlikely(!state) ? vms__mt_count_leaf() * (ML_STATE_STEP << 24)
				: (state & -ML_STATE_STEP) + ML_STATE_STEP;
}
/*
 * Begin a new node of @form; @start: where its second slot begins, if it has
 * one.
 */
static inline void ml_begin(struct maple_node *node, unsigned long form, unsigned long start)
{
	unsigned long base = ml_region(start, ml_shift_of(form)), state = form;

	/* Relaxed: the node is not published yet. */
	if (form & ML_LEAF_BIT)
		state |= ml_first_phase(node);
	atomic_store_explicit(&node->state, state, memory_order_relaxed);
	if (form & ML_WIDE_BIT)
		return;
	if (form & ML_LEAF_BIT)
		node->narrow_leaf.base = base;
	else
		node->narrow_inner.base = base;
}
static inline uint32_t ml_pivot_key(unsigned long pivot, unsigned int shift)
{
	return pivot == ULONG_MAX ? ML_KEY_NONE : (uint32_t)((pivot + 1) >> shift) & ML_KEY_NONE;
}
/* Relaxed: a node of @form that is not published yet. */
static inline void ml_set_pivot_as(struct maple_node *node, unsigned long form, unsigned int i,
				   unsigned long pivot)
{
	if (form & ML_WIDE_BIT)
		atomic_store_explicit(&node->wide_inner.pivot[i], pivot, memory_order_relaxed);
	else
		atomic_store_explicit(&node->narrow_inner.key[i],
				      ml_pivot_key(pivot, ml_shift_of(form)), memory_order_relaxed);
}
static inline void ml_set_pivot(struct maple_node *node, unsigned int i, unsigned long pivot)
{
	ml_set_pivot_as(node, ml_form_of(node), i, pivot);
}
static inline void ml_set_gap(struct maple_node *node, unsigned int i, unsigned long gap)
{
	atomic_store_explicit(&node->gap[i], gap, memory_order_relaxed);
}
static inline void ml_set_slot(struct maple_node *node, unsigned int i, void *slot)
{
	/* Relaxed: the node is not published yet. */
	atomic_store_explicit(&ml_slots(node)[i], slot, memory_order_relaxed);
}
/* Release: pairs with ml_slot(). */
static inline void ml_publish_slot(struct maple_node *node, unsigned int i, void *slot)
{
	atomic_store_explicit(&ml_slots(node)[i], slot, memory_order_release);
}
/* Release: pairs with ml_root(). */
static inline void ml_publish_root(struct maple_tree *mt, void *root)
{
	atomic_store_explicit(&mt->ma_root, root, memory_order_release);
}
/*
 * Release: pairs with ml_state(). A reader that sees the mark also sees what
 * was published instead of the node.
 */
static inline void ml_kill(struct maple_node *node)
{
	atomic_store_explicit(&node->state,
			      atomic_load_explicit(&node->state, memory_order_relaxed) | ML_DEAD,
			      memory_order_release);
}

#endif
