/* SPDX-License-Identifier: MIT */
/*
 * isa.h - the functions of the tree that are compiled once for each instruction
 * set.
 *
 * Each set's file (avx512.c, avx2.c, vec128.c, scalar.c) includes the templates
 * (*.tmpl.h) and makes one table of them. isa.c chooses a table when the
 * library is loaded, because only then is the CPU known.
 *
 * Locks: each member below names its own. "Lookups" means RCU or the tree's
 * lock; where only "the lock" is named, held for reading is enough unless the
 * function stores. Read next: descend.tmpl.h (the way down), plan.tmpl.h (a
 * store).
 */
#ifndef VMS_MAPLE_ISA_H
#define VMS_MAPLE_ISA_H

#include "lib/maple/leaf.h"

struct ml_write;

enum ml_store_type {
	ML_STORE_NOTHING, /* the range is a gap already */
	ML_STORE_SLOT,    /* the content of one slot, same bounds */
	/*
	 * Bounds change in place (shape.tmpl.h). The new range takes the end,
	 * the beginning or the middle of one slot.
	 */
	ML_STORE_END,
	ML_STORE_BEGIN,
	ML_STORE_MIDDLE,
	/*
	 * The bound between two neighbours moves up or down, or several
	 * neighbours become one slot.
	 */
	ML_STORE_UP,
	ML_STORE_DOWN,
	ML_STORE_JOIN,
	ML_STORE_ROOT,    /* the tree has no nodes yet */
	ML_STORE_LEAF,    /* a new leaf replaces the old one */
	ML_STORE_REBUILD, /* new leaves and new parents */
};

/*
 * Whether the store changes bounds in place; below: whether it needs no new
 * node.
 */
static inline bool ml_is_shape(enum ml_store_type type)
{
	return type >= ML_STORE_END && type <= ML_STORE_JOIN;
}

static inline bool ml_is_in_place(enum ml_store_type type)
{
	return type <= ML_STORE_JOIN;
}

/*
 * A plan as a cursor keeps it, in one word: the kind of store plus 1, above a
 * bit that says whether a gap is stored. The 1 is added so that 0 means "no
 * plan".
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
 * Whether the cursor has kept all that the store needs: so it is for a store in
 * place. A store with new nodes is planned again when it is made, because
 * planning costs little compared with making nodes.
 */
static inline bool ml_plan_is_kept(unsigned int plan)
{
	return plan - 2 < (unsigned int)(ML_STORE_JOIN + 1) << 1;
}

struct vms__mt_isa {
	const char *name;
	bool (*usable)(void);
	/*
	 * mtree_load(): enters a read section unless the caller is in one, and
	 * returns NULL for a reserved zero entry.
	 */
	void *(*lookup)(struct maple_tree *mt, unsigned long index);
	/* The search of vms_mt_walk(): the entry as it is stored. Lookups. */
	void *(*load)(const struct maple_tree *mt, unsigned long index);
	/*
	 * Put the cursor on the range that holds @key, from the root: status,
	 * index, last and path, all of it. Return: the entry. A tree without
	 * nodes leaves the cursor ma_none or ma_root. Lookups.
	 */
	void *(*descend)(struct ma_state *mas, unsigned long key);
	/*
	 * Look at the cursor's leaf as a whole, so that the cursor can step on
	 * in it. False: the leaf is not what it was when the cursor came to it,
	 * or its bounds are being changed. Lookups.
	 */
	bool (*enter)(struct ma_state *mas);
	/*
	 * Step from the last entry of the cursor's leaf, which ends at
	 * mas->last, to the first entry of the next leaf, at or before @max.
	 * NULL: such an entry may exist, but cannot be reached through the
	 * leaf's parent, or a leaf has changed; the caller must walk from the
	 * root. Lookups.
	 */
	void *(*next_entry)(struct ma_state *mas, unsigned long max);
	/*
	 * vms_mas_batch(), from an active cursor, as far as leaves follow each
	 * other and no writer changes them concurrently. The cursor is left on
	 * the last range reported, on the gap behind it if that ends the tree,
	 * or else on its old range. Lookups.
	 */
	unsigned int (*batch)(struct ma_state *mas, unsigned long max, struct vms_mt_range *out,
			      unsigned int n);
	/*
	 * plan.tmpl.h. plan: say what kind of store it is; *w is set only if
	 * the store needs nodes. store: make the store, in place if that is
	 * possible. commit: make a store whose plan the caller vouches for; it
	 * cannot fail, because the caller has reserved the nodes that it needs.
	 * The lock, to write.
	 */
	enum ml_store_type (*plan)(struct ml_write *w, struct ma_state *mas, void *entry);
	int (*store)(struct ma_state *mas, void *entry, void **old);
	void (*commit)(struct ma_state *mas, void *entry);
	/* walked.tmpl.h. The lock, to write. */
	void *(*erase)(struct ma_state *mas);
	int (*insert)(struct ma_state *mas, void *entry);
	/*
	 * beside.tmpl.h: vms__mas_around() without its checks of the caller.
	 * The lock.
	 */
	void *(*around)(struct ma_state *mas, unsigned long end, void **prev, void **next);
	/*
	 * The largest gap of a leaf; the largest gap bound of an inner node.
	 * The lock.
	 */
	unsigned long (*leaf_gap)(const struct ml_leaf *l);
	unsigned long (*inner_gap)(const struct maple_node *node);
	/*
	 * Find the lowest or the highest @size indexes without an entry inside
	 * [@min, @max]. @size is not 0 and fits into the window. True: they are
	 * mas->index to mas->last. If the tree has nodes, the cursor then
	 * stands on their slot, and vms__.slots are the leaf's slots in use, or
	 * 0 if the search did not need them. A plan that the cursor kept is
	 * lost. @beside, unless NULL, has three words: [0] becomes the last
	 * entry before mas->index, [1] the first one after it, [2] is scratch
	 * space. The lock.
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
 * vms__mt_isa->lookup and ->load once more, so that a caller finds the function
 * with one load and not two. Each load shows where the caller changes objects
 * by atomic operations between its lookups (docs/maple-tree.md).
 */
extern void *(*vms__mt_lookup)(struct maple_tree *mt, unsigned long index);
extern void *(*vms__mt_load)(const struct maple_tree *mt, unsigned long index);

static inline void *ml_descend(struct ma_state *mas, unsigned long key)
{
	return vms__mt_isa->descend(mas, key);
}
/* ml_descend() in a tree without nodes, whose root is @root. Lookups. */
void *vms__mt_descend_root(struct ma_state *mas, unsigned long key, void *root);

#endif
