/* SPDX-License-Identifier: MIT */
/*
 * isa.h - what is compiled once for each instruction set: the table of
 * functions that each set's file (avx512.c, avx2.c, vec128.c, scalar.c) makes
 * of the templates (*.tmpl.h), and of which isa.c chooses one.
 */
#ifndef VMS_MAPLE_ISA_H
#define VMS_MAPLE_ISA_H

#include "lib/maple/leaf.h"

struct ml_write;

enum ml_store_type {
	ML_STORE_NOTHING, /* the range is what it shall be */
	ML_STORE_SLOT,    /* one entry, same bounds */
	/*
	 * In place, bounds change: shape.tmpl.h. Of one slot its end, its
	 * beginning, its middle.
	 */
	ML_STORE_END,
	ML_STORE_BEGIN,
	ML_STORE_MIDDLE,
	/*
	 * The bound between two neighbours moves up or down; or several
	 * neighbours become one.
	 */
	ML_STORE_UP,
	ML_STORE_DOWN,
	ML_STORE_JOIN,
	ML_STORE_ROOT,    /* the tree has no nodes, before or after */
	ML_STORE_LEAF,    /* a new leaf for the old one */
	ML_STORE_REBUILD, /* new leaves, new parents */
};

/* A store that changes bounds in place; one that needs no new node. */
static inline bool ml_is_shape(enum ml_store_type type)
{
	return type >= ML_STORE_END && type <= ML_STORE_JOIN;
}

static inline bool ml_is_in_place(enum ml_store_type type)
{
	return type <= ML_STORE_JOIN;
}

/*
 * A plan as a cursor has it: what kind of store it is, plus 1, above a bit that
 * says whether a gap is stored. 0: there is none.
 */
static inline unsigned int ml_plan_of(enum ml_store_type type, const void *entry)
{
	return (unsigned int)(type + 1) << 1 | !entry;
}

static inline enum ml_store_type ml_planned(unsigned int plan)
{
	return (enum ml_store_type)((plan >> 1) - 1);
}

static inline bool ml_plan_is_of_gap(unsigned int plan)
{
	return plan & 1;
}

/*
 * Whether the cursor has kept what the store needs. A store with new nodes is
 * planned once more when it is made, which is little beside making nodes.
 */
static inline bool ml_plan_is_kept(unsigned int plan)
{
	return plan - 2 < (unsigned int)(ML_STORE_JOIN + 1) << 1;
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
	 * plan.tmpl.h: say what kind of store it is; do it, in place if that is
	 * possible. *w is set only where the store needs nodes. The lock.
	 * commit: the caller vouches for the plan; what it needs is set aside.
	 */
	enum ml_store_type (*plan)(struct ml_write *w, struct ma_state *mas, void *entry);
	int (*store)(struct ma_state *mas, void *entry, void **old);
	void (*commit)(struct ma_state *mas, void *entry);
	/* walked.tmpl.h. The lock. */
	void *(*erase)(struct ma_state *mas);
	int (*insert)(struct ma_state *mas, void *entry);
	/*
	 * beside.tmpl.h: what vms__mas_around() does after it has checked its
	 * caller. The caller holds the lock.
	 */
	void *(*around)(struct ma_state *mas, unsigned long end, void **prev, void **next);
	/*
	 * The largest gap of a leaf; the largest bound of an inner node. The
	 * lock.
	 */
	unsigned long (*leaf_gap)(const struct ml_leaf *l);
	unsigned long (*inner_gap)(const struct maple_node *node);
	/*
	 * Find the lowest or the highest @size indexes without an entry inside
	 * [@min, @max]; @size is not 0, and fits into the window. True: they
	 * are mas->index to mas->last; the cursor stands on their slot, if the
	 * tree has nodes, and vms__.slots are its leaf's slots in use, or 0: a
	 * store that was planned is planned no more. @beside, unless
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
		.name = (isa), .usable = isa_usable, .lookup = isa_lookup, .load = isa_load,       \
		.descend = isa_descend, .enter = isa_enter, .next_entry = isa_next_entry,          \
		.batch = isa_batch, .plan = isa_plan, .store = isa_store, .commit = isa_commit,    \
		.leaf_gap = isa_leaf_gap, .inner_gap = isa_inner_gap,                              \
		.lowest_gap = isa_lowest_gap, .highest_gap = isa_highest_gap,                      \
		.around = isa_around, .erase = isa_erase, .insert = isa_insert,                    \
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

static inline void *ml_descend(struct ma_state *mas, unsigned long key)
{
	return vms__mt_isa->descend(mas, key);
}
/* ml_descend() in a tree without nodes, whose root is @root. */
void *vms__mt_descend_root(struct ma_state *mas, unsigned long key, void *root);

#endif
