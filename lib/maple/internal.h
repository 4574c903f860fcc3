/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of lib/maple share, grouped by the file that defines it.
 *
 *   api.c       mtree_*, mt_*: the normal API, over cursors
 *   iter.c      mas_walk() mas_next() mas_find() ...: the read side
 *   descend.h   the way down from the root; find_gap.h the way down to a gap; scan.h scans of one node: all compiled once for
 *               each instruction set (descend_*.c), of which isa.c chooses one
 *   store.c     mas_store() and its kin: what kind of store it is, then
 *   shape.c       changes in place
 *   leaf.c        a new leaf for an old one
 *   rebuild.c     new leaves, new parents
 *   gap.c       gap maxima; mas_empty_area()
 *   alloc.c     nodes
 *   validate.c  invariants; dump.c: printing
 */
#ifndef VMS_MAPLE_INTERNAL_H
#define VMS_MAPLE_INTERNAL_H

#include "lib/maple/node.h"

/* ---- descend_*.c, isa.c: what is compiled once for each instruction set ---- */

/* What is looked for: @size indexes inside [min, max]; found: the part of a gap that lies in [min, max]. */
struct mt_gap_search {
	unsigned long min, max, size;
	unsigned long first, last;
	bool highest;
};

/* Whether the gap [low, high] has room for it inside the window. */
static inline bool mt_gap_fits(struct mt_gap_search *s, unsigned long low, unsigned long high)
{
	s->first = low > s->min ? low : s->min;
	s->last = high < s->max ? high : s->max;
	return s->first <= s->last && s->last - s->first >= s->size - 1;
}

struct vms__mt_isa {
	const char *name;
	bool (*usable)(void);
	/* mtree_load(); and without its read section, under RCU or the lock. */
	void *(*lookup)(struct maple_tree *mt, unsigned long index);
	void *(*load)(const struct maple_tree *mt, unsigned long index);
	/*
	 * Put the cursor on the range that holds @key, from the root: status, index, last, path, all of it. Answers the entry.
	 * A tree without nodes leaves ma_none or ma_root.
	 */
	void *(*descend)(struct ma_state *mas, unsigned long key);
	/* mt_find_slot() */
	unsigned int (*find)(const struct maple_node *node, unsigned long key);
	/* The slots of a leaf that are not empty. The lock. */
	unsigned int (*used)(const struct maple_node *leaf);
	/* The largest gap of a leaf that spans [min, max]; of an inner node. The lock. */
	unsigned long (*leaf_gap)(const struct maple_node *leaf, unsigned long min, unsigned long max);
	unsigned long (*inner_gap)(const struct maple_node *node);
	/* Find the gap that is looked for in what @ref spans. The lock. */
	bool (*find_gap)(struct mt_gap_search *s, const void *ref, unsigned long low, unsigned long high);
};

extern const struct vms__mt_isa vms__mt_isa_scalar, vms__mt_isa_avx2, vms__mt_isa_avx512;
extern const struct vms__mt_isa *vms__mt_isa;

static inline void *mt_descend(struct ma_state *mas, unsigned long key)
{
	return vms__mt_isa->descend(mas, key);
}
static inline unsigned int mt_search(const struct maple_node *node, unsigned long key)
{
	return vms__mt_isa->find(node, key);
}
/* mt_descend() in a tree without nodes, whose root is @root. */
void *vms__mt_descend_root(struct ma_state *mas, unsigned long key, void *root);

/* ---- api.c ---- */

static inline void mt_assert_write_locked(const struct maple_tree *mt)
{
	(void)mt;
#ifdef VMS_DEBUG
	void vms__mt_check_write_locked(const struct maple_tree *mt);
	vms__mt_check_write_locked(mt);
#endif
}

/* ---- iter.c ---- */

/* Put the cursor into the state that mas_is_err() sees. */
static inline void mas_set_error(struct ma_state *mas, int err)
{
	mas->status = ma_error;
	mas->node = (struct maple_node *)xa_mk_internal((unsigned long)(long)err);
}

/* ---- alloc.c ---- */

enum mt_kind { MT_LEAF, MT_INNER };

size_t vms__mt_node_size(const struct maple_tree *mt, enum mt_kind kind);
/*
 * A node of @kind for mas->tree: from what the cursor has set aside, else a new one. NULL: no memory. Contents undefined, but
 * not dead.
 */
struct maple_node *vms__mt_alloc(struct ma_state *mas, enum mt_kind kind);
/* Free a node that was never published. */
void vms__mt_free(const struct maple_tree *mt, struct maple_node *node, enum mt_kind kind);
/* Mark a node dead that is out of the tree; in RCU mode it is freed after a grace period. */
void vms__mt_retire(const struct maple_tree *mt, struct maple_node *node, enum mt_kind kind);
/* Set aside @leaves and @inner nodes, counting those already there. Return: 0; -ENOMEM (nothing set aside). */
int vms__mt_reserve(struct ma_state *mas, unsigned int leaves, unsigned int inner);

/* ---- a store under way: store.c fills it, shape.c or rebuild.c does it ---- */

/*
 * The store of @entry over [first, last], last not beyond the leaf unless @spans. For a NULL entry the bounds take in the gaps
 * beside it. lo and hi are the slots that hold first and last; the bounds of slot lo begin at lo_min, those of slot hi end at
 * hi_max.
 */
struct mt_write {
	struct ma_state *mas; /* stands on the slot lo of its leaf */
	void *entry;
	unsigned long first, last;
	unsigned long lo_min, hi_max;
	unsigned int lo, hi;
	unsigned int used; /* the slots that are not empty; this and end are unset when the store spans leaves */
	unsigned int end;  /* the last of them */
	void *lo_entry, *hi_entry;
	void *old; /* what first had */
};

enum mt_store_type {
	MT_STORE_NOTHING, /* the range is what it shall be */
	MT_STORE_SLOT,    /* one entry, same bounds */
	MT_STORE_SHAPE,   /* in place, bounds change: shape.c */
	MT_STORE_ROOT,    /* the tree has no nodes, before or after */
	MT_STORE_LEAF,    /* a new leaf for the old one */
	MT_STORE_REBUILD, /* new leaves, new parents */
};

/* ---- shape.c ---- */

/* Whether the store, one that stays in its leaf and changes bounds, can be done in place. */
bool vms__mt_shape_fits(const struct mt_write *w);
/* The store, in place. The cursor stays on it. */
void vms__mt_shape(struct mt_write *w);

/* ---- leaf.c ---- */

/* Slots of a leaf to be, none empty; the last pivot is not used. */
struct mt_row {
	unsigned int n;
	unsigned long pivot[MT_SLOTS + 2];
	void *slot[MT_SLOTS + 2];
};
/* Fill @leaf with n slots, n no more than MT_SLOTS. @last_leaf: it spans up to ULONG_MAX. */
void vms__mt_fill_leaf(struct maple_node *leaf, unsigned int n, const unsigned long *pivot, void *const *slot, bool last_leaf);
/* The store, which stays in its leaf, by a new leaf. Return: 0; -ENOMEM, tree unchanged. The cursor stays on it. */
int vms__mt_replace_leaf(struct mt_write *w);

/* ---- rebuild.c ---- */

/* Nodes that the store can need. */
void vms__mt_rebuild_need(const struct mt_write *w, unsigned int *leaves, unsigned int *inner);
/* The store, by new nodes. Return: 0; -ENOMEM, tree unchanged. The cursor keeps its range only. */
int vms__mt_rebuild(struct mt_write *w);
/* The first leaf of a tree without nodes: [first, last] holds the entry, the rest what the root held. */
int vms__mt_plant(struct ma_state *mas, void *entry);

/* ---- gap.c ---- */

/* The subtree that the cursor's path takes at @level has @gap as its largest from now on: tell its ancestors. */
void vms__mt_gap_changed(struct ma_state *mas, unsigned int level, unsigned long gap);

static inline bool mt_has_gaps(const struct maple_tree *mt)
{
	return mt->ma_flags & MT_FLAGS_ALLOC_RANGE;
}

#endif
