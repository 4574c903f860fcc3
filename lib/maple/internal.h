/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the files of lib/maple share, grouped by the file that
 * defines it.
 *
 *   api.c       mtree_*, mt_*: the normal API, over cursors
 *   iter.c      mas_walk() mas_next() mas_find() ...: the read side
 *   store.c     mas_store() and its kin
 *   place.h       where a store begins; beside.h what lies beside it
 *   plan.h        what kind of store it is, and those done in place
 *   shape.h       changes of bounds in place
 *   walked.h      erase and insert
 *   leaf.c        a new leaf for an old one
 *   rebuild.c     new leaves, new parents
 *   batch.h     many ranges at once, leaf after leaf; ranges_avx512.h: the same
 *               by vectors
 *   descend.h   the way down from the root; find_gap.h the way down to a gap;
 *               scan.h scans of one node: these, place.h, beside.h, plan.h and
 *               shape.h are compiled once for each instruction set
 *               (descend_*.c), of which isa.c chooses one
 *   gap.c       gap maxima; mas_empty_area()
 *   alloc.c     nodes
 *   validate.c  invariants; dump.c: printing
 */
#ifndef VMS_MAPLE_INTERNAL_H
#define VMS_MAPLE_INTERNAL_H

#include "lib/maple/node.h"

/*
 * @word, by itself: compilers like to load two neighbours as one vector, which
 * must wait until both have left the store buffer if they were stored one by
 * one just before, as a cursor's index and last are.
 */
static inline unsigned long mt_scalar(unsigned long word)
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
static inline void mt_at_slot(struct ma_state *mas, unsigned int i)
{
	mas->offset = (unsigned char)i;
	mas->index = mas->bound[i];
	mas->last = mas->bound[i + 1] - 1;
#ifndef VMS_DEBUG
	mas->ahead = (mas->full & (~1u << i));
#endif
}

/* ---- a leaf, its form looked up once ---- */

struct mt_leaf {
	struct maple_node *node;
	void *_Atomic *slot;
	unsigned long min, max; /* what it spans */
	unsigned long base;
	unsigned int shift;
	unsigned int keys;
	bool wide;
};

static inline void mt_leaf_view(struct mt_leaf *l, struct maple_node *node, unsigned long state,
				unsigned long min, unsigned long max)
{
	l->node = node;
	l->wide = state & MT_WIDE_BIT;
	l->shift = mt_shift_of(state);
	l->keys = l->wide ? MT_WIDE_LEAF_KEYS : MT_NARROW_LEAF_KEYS;
	l->slot = l->wide ? node->wide_leaf.slot : node->narrow_leaf.slot;
	l->base = l->wide ? 0 : node->narrow_leaf.base;
	l->min = min;
	l->max = max;
}
/* What slot @i spans. */
static inline __attribute__((always_inline)) unsigned long mt_leaf_min(const struct mt_leaf *l,
								       unsigned int i)
{
	unsigned long pivot;

	if (!i)
		return l->min;
	if (unlikely(l->wide)) {
		/*
		 * Beside a writer the slot before may be the last by now: then
		 * this one begins nowhere, least of all at 0.
		 */
		pivot = mt_wide_pivot(l->node, i - 1);
		return pivot + (pivot != ULONG_MAX);
	}
	return l->base + ((unsigned long)mt_key(l->node, i - 1) << l->shift);
}
static inline __attribute__((always_inline)) unsigned long mt_leaf_max(const struct mt_leaf *l,
								       unsigned int i)
{
	unsigned long pivot;

	if (i >= l->keys)
		return l->max;
	if (unlikely(l->wide)) {
		pivot = mt_wide_pivot(l->node, i);
		return pivot < l->max ? pivot : l->max;
	}
	pivot = mt_key(l->node, i);
	return pivot == MT_KEY_NONE ? l->max : l->base + (pivot << l->shift) - 1;
}
static inline void *mt_leaf_slot(const struct mt_leaf *l, unsigned int i)
{
	return atomic_load_explicit(&l->slot[i], memory_order_acquire);
}

/* ---- descend_*.c, isa.c: what is compiled once for each instruction set ---- */

struct mt_write;

enum mt_store_type {
	MT_STORE_NOTHING, /* the range is what it shall be */
	MT_STORE_SLOT,    /* one entry, same bounds */
	/*
	 * In place, bounds change: shape.h. Of one slot its end, its beginning,
	 * its middle.
	 */
	MT_STORE_END,
	MT_STORE_BEGIN,
	MT_STORE_MIDDLE,
	/*
	 * The bound between two neighbours moves up or down; or several
	 * neighbours become one.
	 */
	MT_STORE_UP,
	MT_STORE_DOWN,
	MT_STORE_JOIN,
	MT_STORE_ROOT,    /* the tree has no nodes, before or after */
	MT_STORE_LEAF,    /* a new leaf for the old one */
	MT_STORE_REBUILD, /* new leaves, new parents */
};

/* A store that changes bounds in place; one that needs no new node. */
static inline bool mt_is_shape(enum mt_store_type type)
{
	return type >= MT_STORE_END && type <= MT_STORE_JOIN;
}

static inline bool mt_is_in_place(enum mt_store_type type)
{
	return type <= MT_STORE_JOIN;
}

struct vms__mt_isa {
	const char *name;
	bool (*usable)(void);
	/* mtree_load(); and vms_mt_walk(). */
	void *(*lookup)(struct maple_tree *mt, unsigned long index);
	void *(*load)(const struct maple_tree *mt, unsigned long index);
	/*
	 * Put the cursor on the range that holds @key, from the root: status,
	 * index, last, path, all of it. Answers the entry. A tree without nodes
	 * leaves ma_none or ma_root.
	 */
	void *(*descend)(struct ma_state *mas, unsigned long key);
	/*
	 * Look at the cursor's leaf as a whole. False: it is not what it was
	 * when the cursor came to it.
	 */
	bool (*enter)(struct ma_state *mas);
	/*
	 * From the last entry of the cursor's leaf, as far as mas->last, to the
	 * first of the next leaf, at or before @max. NULL: there may be one,
	 * but not so close by; or the leaf has changed.
	 */
	void *(*next_entry)(struct ma_state *mas, unsigned long max);
	/*
	 * vms_mas_batch(), from an active cursor and as far as leaves follow
	 * each other under one parent and are not changed meanwhile. The cursor
	 * stands on the last range reported, or where it stood.
	 */
	unsigned int (*batch)(struct ma_state *mas, unsigned long max, struct vms_mt_range *out,
			      unsigned int n);
	/*
	 * plan.h: say what kind of store it is; do it, in place if that is
	 * possible. *w is set only where the store needs nodes. The lock.
	 * commit: the caller vouches for the plan; what it needs is set aside.
	 */
	enum mt_store_type (*plan)(struct mt_write *w, struct ma_state *mas, void *entry);
	int (*store)(struct ma_state *mas, void *entry, void **old);
	void (*commit)(struct ma_state *mas, void *entry);
	/* walked.h. The lock. */
	void *(*erase)(struct ma_state *mas);
	int (*insert)(struct ma_state *mas, void *entry);
	/*
	 * beside.h: what vms__mas_around() does after it has checked its
	 * caller. The caller holds the lock.
	 */
	void *(*around)(struct ma_state *mas, unsigned long end, void **prev, void **next);
	/*
	 * The largest gap of a leaf; the largest bound of an inner node. The
	 * lock.
	 */
	unsigned long (*leaf_gap)(const struct mt_leaf *l);
	unsigned long (*inner_gap)(const struct maple_node *node);
	/*
	 * Find the lowest or the highest @size indexes without an entry inside
	 * [@min, @max]; @size is not 0, and fits into the window. True: they
	 * are mas->index to mas->last; the cursor stands in their leaf, if the
	 * tree has nodes, and mas->plan.lo_min and .hi_max are what its slot
	 * spans: a store that was planned is planned no more. @beside, unless
	 * NULL, has three words: [0] becomes the last entry before mas->index,
	 * [1] the first one after it. The lock.
	 */
	bool (*lowest_gap)(struct ma_state *mas, unsigned long min, unsigned long max,
			   unsigned long size, void **beside);
	bool (*highest_gap)(struct ma_state *mas, unsigned long min, unsigned long max,
			    unsigned long size, void **beside);
};

#define VMS__MT_ISA(isa)                                                                           \
	{                                                                                          \
		.name = (isa), .usable = usable, .lookup = lookup, .load = load,                   \
		.descend = descend, .enter = enter, .next_entry = next_entry, .batch = batch,      \
		.plan = plan, .store = store, .commit = commit, .leaf_gap = leaf_gap,              \
		.inner_gap = inner_gap, .lowest_gap = lowest_gap, .highest_gap = highest_gap,      \
		.around = around, .erase = erase, .insert = insert,                                \
	}

extern const struct vms__mt_isa vms__mt_isa_scalar, vms__mt_isa_vec128, vms__mt_isa_avx2,
	vms__mt_isa_avx512;
extern const struct vms__mt_isa *vms__mt_isa;
/*
 * vms__mt_isa->lookup and ->load, found with one load: to a lookup whose caller
 * changes objects by atomic operations each load counts (docs/maple-tree.md).
 */
extern void *(*vms__mt_lookup)(struct maple_tree *mt, unsigned long index);
extern void *(*vms__mt_load)(const struct maple_tree *mt, unsigned long index);

static inline void *mt_descend(struct ma_state *mas, unsigned long key)
{
	return vms__mt_isa->descend(mas, key);
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
static inline void mas_set_error(struct ma_state *mas, int err)
{
	mas->status = ma_error;
	mas->node = (struct maple_node *)xa_mk_internal((unsigned long)(long)err);
	mas->used = mas->full = mas->ahead = 0;
}

/*
 * ---- a place that is searched for once ----
 *
 * A writer that looks for a gap, then at what lies beside it, then prepares a
 * store and makes it, needs one way down and not four:
 *
 * 	vms__mas_find_gap(&place, ...)        or none: then around() goes down
 * 	vms__mas_around(&place, ...)
 * 	__mas_set_range(&place, first, last)  what is to be stored; a @first in another leaf is right, too
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

#define MT_VOUCHED 1u /* mas_flags: nothing was stored since the cursor took its place */

/*
 * likewise: plan.lo_min and plan.hi_max are what the slot where it stands
 * spans, plan.used the leaf's slots in use, or 0
 */
#define MT_AT_SLOT 2u

/* The caller vouches for the cursor's place until its next store has begun. */
static inline void mt_vouch(struct ma_state *mas)
{
	mas->mas_flags = MT_VOUCHED;
}

/*
 * mt_vouch(); the caller vouches for the slot, too, where the cursor stands and
 * which spans [@min, @max], both inclusive. The store then need not search the
 * leaf for it.
 */
static inline void mt_vouch_slot(struct ma_state *mas, unsigned long min, unsigned long max)
{
	mas->mas_flags = MT_VOUCHED | MT_AT_SLOT;
	mas->plan.lo_min = min;
	mas->plan.hi_max = max;
	mas->plan.used = 0;
}
/*
 * mt_vouch_slot() after a search for a gap, which has set what the slot spans,
 * and plan.used.
 */
static inline void mt_vouch_gap(struct ma_state *mas)
{
	mas->used = mas->full = mas->ahead = 0;
	mas->guard = 0;
	mas->status = mas->node ? ma_active : ma_start;
	mas->mas_flags = mas->node ? MT_VOUCHED | MT_AT_SLOT : 0;
}

/*
 * mas_empty_area() or, if @highest, mas_empty_area_rev(). The cursor also
 * stands in the leaf of the gap, for the calls above; no other may follow.
 * gap.c.
 */
int vms__mas_find_gap(struct ma_state *mas, unsigned long min, unsigned long max,
		      unsigned long size, bool highest);

/*
 * Return: the first entry whose range ends at or after mas->index, or NULL.
 * *prev: the last entry whose range ends before mas->index, or before the entry
 * returned. *next: the entry after the one returned if that one begins before
 * @end, else NULL. The cursor stands in the leaf of mas->index then, for the
 * calls above; mas->index stays. It may come from vms__mas_find_gap() or from
 * mas_init(). store.c.
 */
void *vms__mas_around(struct ma_state *mas, unsigned long end, void **prev, void **next);

/*
 * mas_store_prealloc() after mas_preallocate() of just this store, which the
 * caller vouches for, too. It may be mas_preallocate() alone that went down.
 * The leaf is kept, as said below. store.c.
 */
void vms__mas_commit(struct ma_state *mas, void *entry, struct vms__kept_leaf *kept);

/*
 * ---- a leaf that is kept from one store to the next ----
 *
 * A writer that stores where it has just stored need not go down from the root.
 * The owner of a tree has room for the leaf of the last store, and vouches that
 * each store in the tree is one of vms__mas_commit() with this room. So the
 * leaf is in the tree as long as it is kept: a store that puts another in its
 * place keeps that one, and a store that makes new inner nodes keeps none. A
 * leaf spans the same as long as it lives, so a store in the leaf that is kept
 * already writes nothing here.
 *
 * Locks: the tree's lock to write; for vms__mas_take_up(), held for reading
 *        will do.
 */

/* The store of the @planned kind is made, and the cursor stands on it. */
static inline void vms__mas_keep(const struct ma_state *mas, struct vms__kept_leaf *kept,
				 enum mt_store_type planned)
{
	unsigned long leaf = (unsigned long)mas->node | mas->depth;

	if (unlikely(planned == MT_STORE_ROOT || planned == MT_STORE_REBUILD ||
		     mas->depth > VMS__KEPT_LEVELS)) {
		kept->leaf = 0;
		return;
	}
	if (likely(kept->leaf == leaf))
		return;
	kept->leaf = leaf;
	kept->min = mas->min;
	kept->max = mas->max;
	for (unsigned int level = 0; level < mas->depth; level++)
		kept->path[level] = mas->path[level];
}

/*
 * Put the cursor, which has no place, into the kept leaf, if @index lies there.
 * The calls above go on from there.
 */
static inline void vms__mas_take_up(struct ma_state *mas, const struct vms__kept_leaf *kept,
				    unsigned long index)
{
	unsigned long leaf = kept->leaf;

	if (!leaf || index < kept->min || index > kept->max)
		return;
	mas->node = (struct maple_node *)(leaf & ~(MT_ALIGN - 1));
	mas->depth = leaf & (MT_ALIGN - 1);
	mas->version = mt_form_of(mas->node);
	mas->min = kept->min;
	mas->max = kept->max;
	for (unsigned int level = 0; level < mas->depth; level++)
		mas->path[level] = kept->path[level];
	mas->guard = 0;
	mas->status = ma_active;
	mt_vouch(mas);
}

/* ---- alloc.c ---- */

enum mt_kind { MT_LEAF, MT_INNER };

size_t vms__mt_node_size(const struct maple_tree *mt, enum mt_kind kind);
/*
 * A node of @kind for mas->tree: from what the cursor has set aside, else a new
 * one. NULL: no memory. Contents undefined: mt_begin().
 */
struct maple_node *vms__mt_alloc(struct ma_state *mas, enum mt_kind kind);
/* Free a node that was never published. */
void vms__mt_free(const struct maple_tree *mt, struct maple_node *node, enum mt_kind kind);
/*
 * Mark a node dead that is out of the tree; in RCU mode it is freed after a
 * grace period.
 */
void vms__mt_retire(const struct maple_tree *mt, struct maple_node *node, enum mt_kind kind);
/*
 * Set aside @leaves and @inner nodes, counting those already there. Return: 0;
 * -ENOMEM (nothing set aside).
 */
int vms__mt_reserve(struct ma_state *mas, unsigned int leaves, unsigned int inner);

/* ---- a store under way: plan.h fills it, and does it or has it done ---- */

/*
 * The store of @entry over [first, last]. For a NULL entry the bounds take in
 * the gaps beside it. lo and hi are the slots that hold first and last; the
 * bounds of slot lo begin at lo_min, those of slot hi end at hi_max. If the
 * store spans leaves, hi and what comes after it are unset.
 */
struct mt_write {
	struct ma_state *mas; /* stands on the slot lo of its leaf */
	struct mt_leaf leaf;
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

/* Slots of a leaf to be, none empty; the last pivot is the leaf's maximum. */
struct mt_row {
	unsigned int n;
	unsigned long pivot[MT_LEAF_SLOTS + 2];
	void *slot[MT_LEAF_SLOTS + 2];
};
/*
 * The form of a node of these slots that begins at @min, but for MT_LEAF_BIT.
 */
unsigned long vms__mt_form_for(unsigned int n, const unsigned long *pivot, unsigned long min);
/* Fill @leaf with n slots, no more than @form has. */
void vms__mt_fill_leaf(struct maple_node *leaf, unsigned long form, unsigned int n,
		       const unsigned long *pivot, void *const *slot);
/*
 * The store, which stays in its leaf, by a new leaf. Return: 0; -ENOMEM, tree
 * unchanged. The cursor stays on it.
 */
int vms__mt_replace_leaf(struct mt_write *w);

/* ---- rebuild.c ---- */

/* Nodes that the store can need. */
void vms__mt_rebuild_need(const struct mt_write *w, unsigned int *leaves, unsigned int *inner);
/*
 * The store, by new nodes. Return: 0; -ENOMEM, tree unchanged. The cursor keeps
 * its range only.
 */
int vms__mt_rebuild(struct mt_write *w);
/*
 * The first leaf of a tree without nodes: [first, last] holds the entry, the
 * rest what the root held.
 */
int vms__mt_plant(struct ma_state *mas, void *entry);

/* ---- gap.c ---- */

/*
 * There is a gap of @gap under the slot that @path takes at @level: no bound
 * above it may be lower.
 */
void vms__mt_gap_raise(const unsigned long *path, unsigned int level, unsigned long gap);
/* The child in that slot is a new one, with this bound. */
void vms__mt_gap_set(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * Under the slot that @path takes at @level no gap is larger than @gap: lower
 * the bounds above it to that.
 * Locks: the tree's lock; held for reading will do.
 */
void vms__mt_gap_lower(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * What lowest_gap() and highest_gap() do in a tree without nodes, whose root is
 * @root. Locks: as above.
 */
bool vms__mt_gap_without_nodes(struct ma_state *mas, void *root, unsigned long min,
			       unsigned long max, unsigned long size, bool highest, void **beside);

static inline bool mt_has_gaps(const struct maple_tree *mt)
{
	return vms_mt_flags(mt) & MT_FLAGS_ALLOC_RANGE;
}

/* Locks: the tree's lock. */
static inline void mt_set_flags(struct maple_tree *mt, unsigned int flags)
{
	/*
	 * Relaxed: pairs with vms_mt_flags(), which wants no more than a whole
	 * number.
	 */
	atomic_store_explicit(&mt->ma_flags, flags, memory_order_relaxed);
}

#endif
