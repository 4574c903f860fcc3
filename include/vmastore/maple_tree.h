/* SPDX-License-Identifier: MIT */
/*
 * maple_tree.h - a concurrent map from ranges of unsigned long to pointers, with the API of Linux's maple tree.
 *
 * The tree always holds a partition of 0..ULONG_MAX into inclusive ranges; each has an entry, and NULL is an entry too: a gap.
 * Two gaps never touch. Any pointer may be an entry except the reserved values 2, 6, 10, ... 4094; xa_mk_value() makes an entry
 * of an integer.
 *
 * Row may run beside column?     read (RCU)  read (lock)  write        - freely
 *   mtree_load mt_find mas_*...      -            -         -          X excluded by the tree's lock
 *   the same, under the lock         -            X         X
 *   mtree_store mas_store ...        -            X         X
 *
 * "The lock" is ma_lock, or with MT_FLAGS_LOCK_EXTERN whatever lock the owner uses instead. Readers under RCU need
 * MT_FLAGS_USE_RCU; in a tree without it nodes are freed at once, and readers must exclude writers.
 *
 * What a reader under RCU may rely on: each index is answered with its entry before or after any write that runs beside it,
 * never with anything else, and with the entry after a write that was complete before the read began. A reported [index, last]
 * may mix the state before with the state after; an iteration is ordered, but is no snapshot. A cursor (struct ma_state) that
 * has left its read section, or its lock, must be reset (mas_pause(), mas_reset(), mas_set()) before it is used again. Returned
 * pointers are the caller's to keep alive: the tree frees nodes, never entries.
 *
 * Ordering: storing an entry releases, finding it acquires: what the writer wrote to an object before it stored the object is
 * seen by who finds it.
 *
 * Errors are -errno. -ENOMEM always leaves the tree as it was.
 */
#ifndef VMASTORE_MAPLE_TREE_H
#define VMASTORE_MAPLE_TREE_H

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>

#include <vmastore/compiler.h>

/* Exported under a prefixed symbol: the library links beside a program that carries its own copy of these functions. */
#define VMS_MT_SYM(name) __asm__("vms_" #name)

/* ---- surroundings: allocation flags, value entries ---------------------------------------------------------------------- */

/*
 * How an allocation may behave. In user space malloc decides: every flag means "may use the process's heap, may fail". No
 * function drops a lock to wait for memory, whatever the flags say.
 */
#ifndef VMS_NO_GFP
typedef unsigned int gfp_t;
#define GFP_KERNEL 0xcc0u
#define GFP_NOWAIT 0x800u
#define GFP_ATOMIC 0x820u
#endif

/* Integers as entries: 0..LONG_MAX, told from pointers by the lowest bit. */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)((v << 1) | 1);
}
static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}
static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}
static inline void *xa_mk_internal(unsigned long v)
{
	return (void *)((v << 2) | 2);
}
static inline bool xa_is_internal(const void *entry)
{
	return ((unsigned long)entry & 3) == 2;
}
/* An errno as a pointer, as a cursor's node holds it. */
static inline bool xa_is_err(const void *entry)
{
	return xa_is_internal(entry) && (unsigned long)entry >= (unsigned long)xa_mk_internal(-4095UL);
}
static inline int xa_err(const void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}
/* An entry that mtree_load(), mt_find() and their kin report as NULL: a place taken, with nothing in it yet. */
#define XA_ZERO_ENTRY xa_mk_internal(257)
static inline bool xa_is_zero(const void *entry)
{
	return entry == XA_ZERO_ENTRY;
}

/* ---- the tree ----------------------------------------------------------------------------------------------------------- */

#define MT_FLAGS_ALLOC_RANGE 0x01u /* keep every subtree's largest gap: mas_empty_area(), mtree_alloc_range() */
#define MT_FLAGS_USE_RCU 0x02u     /* readers run beside writers; nodes outlive a grace period */
#define MT_FLAGS_LOCK_MASK 0x300u  /* kinds of ma_lock; in user space all but the last are the same */
#define MT_FLAGS_LOCK_IRQ 0x100u
#define MT_FLAGS_LOCK_BH 0x200u
#define MT_FLAGS_LOCK_EXTERN 0x300u /* the owner's lock guards the tree; ma_lock is not used by mas_* functions */
#define MT_FLAGS_ALLOC_WRAPPED 0x800u

#define MAPLE_HEIGHT_MAX 20

struct maple_tree {
	void *_Atomic ma_root;        /* NULL, the entry of index 0 alone, or a tagged node. Read: RCU; write: the lock */
	_Atomic unsigned int ma_lock; /* vms__spinlock word */
	unsigned int ma_flags;        /* MT_FLAGS_*; the lock */
	const void *ma_external_lock; /* named to lockdep in debug builds; may be NULL */
};

#define MTREE_INIT(name, flags)                                                                                                    \
	{                                                                                                                          \
		.ma_root = NULL, .ma_lock = 0, .ma_flags = (flags), .ma_external_lock = NULL                                       \
	}
#define MTREE_INIT_EXT(name, flags, lock)                                                                                          \
	{                                                                                                                          \
		.ma_root = NULL, .ma_lock = 0, .ma_flags = (flags), .ma_external_lock = &(lock)                                    \
	}
#define DEFINE_MTREE(name) struct maple_tree name = MTREE_INIT(name, 0)
#define mt_set_external_lock(mt, lock) ((void)((mt)->ma_external_lock = (lock)))

static inline void mt_init_flags(struct maple_tree *mt, unsigned int flags)
{
	mt->ma_flags = flags;
	mt->ma_external_lock = NULL;
	atomic_init(&mt->ma_lock, 0);
	atomic_init(&mt->ma_root, NULL);
}
static inline void mt_init(struct maple_tree *mt)
{
	mt_init_flags(mt, 0);
}
static inline bool mt_in_rcu(const struct maple_tree *mt)
{
	return mt->ma_flags & MT_FLAGS_USE_RCU;
}
static inline bool mt_external_lock(const struct maple_tree *mt)
{
	return (mt->ma_flags & MT_FLAGS_LOCK_MASK) == MT_FLAGS_LOCK_EXTERN;
}
/* Any context. */
static inline bool mtree_empty(const struct maple_tree *mt)
{
	return atomic_load_explicit(&((struct maple_tree *)mt)->ma_root, memory_order_relaxed) == NULL;
}

VMS_API void mtree_lock(struct maple_tree *mt) VMS_MT_SYM(mtree_lock);
VMS_API void mtree_unlock(struct maple_tree *mt) VMS_MT_SYM(mtree_unlock);
#define mtree_lock_nested(mt, subclass) mtree_lock(mt)

/*
 * Switch RCU mode. Locks: takes ma_lock; with MT_FLAGS_LOCK_EXTERN the owner's is held. No reader may run beside
 * mt_clear_in_rcu()'s effect.
 */
VMS_API void mt_set_in_rcu(struct maple_tree *mt) VMS_MT_SYM(mt_set_in_rcu);
VMS_API void mt_clear_in_rcu(struct maple_tree *mt) VMS_MT_SYM(mt_clear_in_rcu);

/* Levels of nodes: 0 for a tree that is empty or holds only index 0. Locks: RCU or the lock. */
VMS_API unsigned int mt_height(const struct maple_tree *mt) VMS_MT_SYM(mt_height);

/* ---- normal API: reading. Takes RCU itself; no lock needed ------------------------------------------------------------------ */

/** mtree_load() - The entry at @index, or NULL (XA_ZERO_ENTRY reads as NULL). Never blocks. */
VMS_API void *mtree_load(struct maple_tree *mt, unsigned long index) VMS_MT_SYM(mtree_load);

/**
 * mt_find() - The first entry at or after *@index whose range begins at or before @max.
 * @index: moved to one past the end of what was found (0 once that is past ULONG_MAX).
 * Return: the entry; NULL when there is none (*@index unchanged).
 */
VMS_API void *mt_find(struct maple_tree *mt, unsigned long *index, unsigned long max) VMS_MT_SYM(mt_find);
/** mt_find_after() - mt_find(), but an *@index of 0 means that the iteration has passed the end: NULL. */
VMS_API void *mt_find_after(struct maple_tree *mt, unsigned long *index, unsigned long max) VMS_MT_SYM(mt_find_after);
/** mt_next() - The first entry that begins after @index's range, up to @max; NULL: none. XA_ZERO_ENTRY is returned as such. */
VMS_API void *mt_next(struct maple_tree *mt, unsigned long index, unsigned long max) VMS_MT_SYM(mt_next);
/** mt_prev() - The last entry before @index's range, down to @min; NULL: none. */
VMS_API void *mt_prev(struct maple_tree *mt, unsigned long index, unsigned long min) VMS_MT_SYM(mt_prev);

/* Each entry from @index to @max; RCU is dropped between the steps. */
#define mt_for_each(mt, entry, index, max)                                                                                         \
	for (entry = mt_find((mt), &(index), (max)); entry != NULL; entry = mt_find_after((mt), &(index), (max)))

/* ---- normal API: writing. Takes ma_lock itself; do not use on trees with an external lock ----------------------------------- */

/**
 * mtree_store_range() - From now on [first, last] holds @entry; what was there is forgotten.
 * @gfp: accepted for the API's sake.
 * Return: 0; -EINVAL (first > last, or a reserved entry); -ENOMEM, tree unchanged.
 */
VMS_API int mtree_store_range(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry, gfp_t gfp)
	VMS_MT_SYM(mtree_store_range);
VMS_API int mtree_store(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp) VMS_MT_SYM(mtree_store);

/** mtree_insert_range() - mtree_store_range(), only if all of it is NULL. Return: 0; -EEXIST; -EINVAL; -ENOMEM. */
VMS_API int mtree_insert_range(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry, gfp_t gfp)
	VMS_MT_SYM(mtree_insert_range);
VMS_API int mtree_insert(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp) VMS_MT_SYM(mtree_insert);

/** mtree_erase() - Clear the whole range that holds @index. Return: its entry; NULL if there was none. See mas_erase(). */
VMS_API void *mtree_erase(struct maple_tree *mt, unsigned long index) VMS_MT_SYM(mtree_erase);

/**
 * mtree_alloc_range() - Store @entry in the lowest gap of @size indexes inside [min, max].
 * @startp: where it went.
 * Return: 0; -EBUSY no such gap; -EINVAL (no MT_FLAGS_ALLOC_RANGE, reserved entry, size 0 or larger than the window); -ENOMEM.
 */
VMS_API int mtree_alloc_range(struct maple_tree *mt, unsigned long *startp, void *entry, unsigned long size, unsigned long min,
			      unsigned long max, gfp_t gfp) VMS_MT_SYM(mtree_alloc_range);
/** mtree_alloc_rrange() - The same from above: the highest such gap, at its end. */
VMS_API int mtree_alloc_rrange(struct maple_tree *mt, unsigned long *startp, void *entry, unsigned long size, unsigned long min,
			       unsigned long max, gfp_t gfp) VMS_MT_SYM(mtree_alloc_rrange);

/** mtree_destroy() - Free every node; entries are the caller's. The tree is empty and usable afterwards. */
VMS_API void mtree_destroy(struct maple_tree *mt) VMS_MT_SYM(mtree_destroy);
/** __mt_destroy() - mtree_destroy() with the lock held by the caller. */
VMS_API void __mt_destroy(struct maple_tree *mt) VMS_MT_SYM(__mt_destroy);

/* ---- advanced API: a cursor. Locks: RCU read section or the lock to read, the lock to write ---------------------------------- */

struct maple_node;

enum maple_status {
	ma_active,    /* stands on the range [index, last] */
	ma_start,     /* nothing looked up yet: starts at index */
	ma_root,      /* the tree holds index 0 alone, and the cursor stands on it */
	ma_none,      /* nothing there */
	ma_pause,     /* the lock was dropped: goes on after [index, last] */
	ma_overflow,  /* asked for what is beyond the upper limit */
	ma_underflow, /* asked for what is below the lower limit */
	ma_error,     /* mas_is_err(): xa_err(mas->node) is the -errno */
};

/*
 * A cursor. index and last are for callers to read, and to write through mas_set() and mas_set_range(); the rest is the tree's.
 *
 * While ma_active, path[0..depth - 1] are the inner nodes from the root down, each with the slot taken in it in the low bits,
 * and node is the leaf. A cursor whose node is NULL knows its range only, and looks its place up again when it is moved.
 */
struct ma_state {
	struct maple_tree *tree;
	unsigned long index; /* first index of the range */
	unsigned long last;  /* last index of the range */
	enum maple_status status;
	unsigned char depth;     /* inner nodes in path[] */
	unsigned char offset;    /* slot of the leaf */
	unsigned char mas_flags; /* what mas_preallocate() left behind */
	unsigned char store_type;
	struct maple_node *node;        /* the leaf; ma_error: the error */
	unsigned long version;          /* of the leaf, when the cursor came to it */
	unsigned long min, max;         /* what the leaf spans */
	struct maple_node *alloc;       /* leaves that mas_preallocate() set aside, a list */
	struct maple_node *alloc_inner; /* and inner nodes */
	unsigned long path[MAPLE_HEIGHT_MAX];
};

#define MA_STATE(name, mt, first, end)                                                                                             \
	struct ma_state name = {                                                                                                   \
		.tree = (mt),                                                                                                      \
		.index = (first),                                                                                                  \
		.last = (end),                                                                                                     \
		.status = ma_start,                                                                                                \
	}

static inline void mas_init(struct ma_state *mas, struct maple_tree *tree, unsigned long addr)
{
	mas->tree = tree;
	mas->index = mas->last = addr;
	mas->status = ma_start;
	mas->depth = mas->offset = mas->mas_flags = mas->store_type = 0;
	mas->node = mas->alloc = mas->alloc_inner = NULL;
	mas->version = mas->min = 0;
	mas->max = ULONG_MAX;
}
/* Forget the position; index and last stay. The next call starts at index. */
static inline void mas_reset(struct ma_state *mas)
{
	mas->status = ma_start;
	mas->node = NULL;
}
static inline void __mas_set_range(struct ma_state *mas, unsigned long start, unsigned long last)
{
	mas->index = start;
	mas->last = last;
}
static inline void mas_set_range(struct ma_state *mas, unsigned long start, unsigned long last)
{
	mas_reset(mas);
	__mas_set_range(mas, start, last);
}
static inline void mas_set(struct ma_state *mas, unsigned long index)
{
	mas_set_range(mas, index, index);
}
/* Before the lock or the read section is left in the middle of an iteration; the next call goes on after [index, last]. */
static inline void mas_pause(struct ma_state *mas)
{
	mas->status = ma_pause;
	mas->node = NULL;
}
static inline bool mas_is_active(const struct ma_state *mas)
{
	return mas->status == ma_active;
}
static inline bool mas_is_err(const struct ma_state *mas)
{
	return mas->status == ma_error;
}
#define mas_lock(mas) mtree_lock((mas)->tree)
#define mas_unlock(mas) mtree_unlock((mas)->tree)
#define mas_lock_nested(mas, subclass) mtree_lock((mas)->tree)
#define mas_lock_irqsave(mas, flags) ((void)(flags), mtree_lock((mas)->tree))
#define mas_unlock_irqrestore(mas, flags) ((void)(flags), mtree_unlock((mas)->tree))

/** mas_walk() - Move to the range that holds mas->index; index and last become its bounds. Return: its entry (may be NULL). */
VMS_API void *mas_walk(struct ma_state *mas) VMS_MT_SYM(mas_walk);

/**
 * mas_find() - On a fresh cursor the first entry at or after mas->index, else the next one; up to @max.
 * Return: the entry, with index and last its range; NULL when there is none that begins at or before @max.
 */
VMS_API void *mas_find(struct ma_state *mas, unsigned long max) VMS_MT_SYM(mas_find);
VMS_API void *mas_find_range(struct ma_state *mas, unsigned long max) VMS_MT_SYM(mas_find_range); /* stops on gaps too */
/** mas_find_rev() - On a fresh cursor the entry at or before mas->index, else the previous one; down to @min. */
VMS_API void *mas_find_rev(struct ma_state *mas, unsigned long min) VMS_MT_SYM(mas_find_rev);
VMS_API void *mas_find_range_rev(struct ma_state *mas, unsigned long min) VMS_MT_SYM(mas_find_range_rev);
/** mas_next() - The entry after the cursor's range, up to @max. NULL with ma_overflow: none. */
VMS_API void *mas_next(struct ma_state *mas, unsigned long max) VMS_MT_SYM(mas_next);
VMS_API void *mas_next_range(struct ma_state *mas, unsigned long max) VMS_MT_SYM(mas_next_range);
/** mas_prev() - The entry before the cursor's range, down to @min. NULL with ma_underflow: none. */
VMS_API void *mas_prev(struct ma_state *mas, unsigned long min) VMS_MT_SYM(mas_prev);
VMS_API void *mas_prev_range(struct ma_state *mas, unsigned long min) VMS_MT_SYM(mas_prev_range);

#define mas_for_each(mas, entry, max) while (((entry) = mas_find((mas), (max))) != NULL)

/**
 * mas_store() - [mas->index, mas->last] holds @entry from now on.
 * Locks: the lock.
 * Return: the entry that mas->index had; on failure NULL with mas_is_err(), xa_err(mas->node) -ENOMEM or -EINVAL, tree unchanged.
 */
VMS_API void *mas_store(struct ma_state *mas, void *entry) VMS_MT_SYM(mas_store);
/** mas_store_gfp() - mas_store(). Return: 0; -EINVAL; -ENOMEM, tree unchanged. */
VMS_API int mas_store_gfp(struct ma_state *mas, void *entry, gfp_t gfp) VMS_MT_SYM(mas_store_gfp);
/**
 * mas_preallocate() - Plan the store of @entry over [mas->index, mas->last] and set aside all the memory it can need.
 * Locks: the lock, held until mas_store_prealloc() or mas_destroy(); nothing else may write to the tree in between.
 * Return: 0; -EINVAL; -ENOMEM.
 */
VMS_API int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp) VMS_MT_SYM(mas_preallocate);
/** mas_store_prealloc() - The planned store. Cannot fail. Frees what was set aside in excess. */
VMS_API void mas_store_prealloc(struct ma_state *mas, void *entry) VMS_MT_SYM(mas_store_prealloc);
/**
 * mas_erase() - Clear the whole range that holds mas->index; index and last become its bounds.
 * Return: the entry that was there; NULL if none, or (mas_is_err()) when a node could not be allocated.
 */
VMS_API void *mas_erase(struct ma_state *mas) VMS_MT_SYM(mas_erase);
/** mas_destroy() - Give back what mas_preallocate() set aside. Any cursor; no lock. */
VMS_API void mas_destroy(struct ma_state *mas) VMS_MT_SYM(mas_destroy);

/**
 * mas_empty_area() - The lowest gap of @size indexes inside [min, max]: index and last become the first @size of it.
 * Locks: the lock.
 * Return: 0; -EBUSY there is none, with mas_is_err(); -EINVAL no MT_FLAGS_ALLOC_RANGE, size 0 or larger than the window.
 */
VMS_API int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
	VMS_MT_SYM(mas_empty_area);
/** mas_empty_area_rev() - The highest gap; index and last become the last @size of it. */
VMS_API int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
	VMS_MT_SYM(mas_empty_area_rev);

/* ---- debugging ------------------------------------------------------------------------------------------------------------- */

enum mt_dump_format { mt_dump_dec, mt_dump_hex };

/** mt_dump() - Print every node to standard error. Locks: the lock. */
VMS_API void mt_dump(const struct maple_tree *mt, enum mt_dump_format format) VMS_MT_SYM(mt_dump);
/** mt_validate() - Check every invariant; print what is broken and the tree, and abort(). Locks: the lock. */
VMS_API void mt_validate(struct maple_tree *mt) VMS_MT_SYM(mt_validate);

VMS_API void vms_mt_fdump(const struct maple_tree *mt, enum mt_dump_format format, FILE *out);
/** vms_mt_check() - Number of broken invariants, each printed to @why unless NULL. Locks: the lock. */
VMS_API int vms_mt_check(const struct maple_tree *mt, FILE *why);

struct vms_mt_stats {
	unsigned long leaves, inner_nodes, bytes; /* bytes of all nodes */
	unsigned long entries;                    /* ranges that hold a pointer */
	unsigned int height;
};
/** vms_mt_stats() - Count the nodes. Locks: the lock. */
VMS_API void vms_mt_stats(const struct maple_tree *mt, struct vms_mt_stats *stats);

/**
 * vms_mt_simd() - How nodes are searched: "avx512", "avx2" or "scalar". vms_mt_set_simd() chooses one; false: this CPU has it
 * not.
 */
VMS_API const char *vms_mt_simd(void);
VMS_API bool vms_mt_set_simd(const char *name);

#endif
