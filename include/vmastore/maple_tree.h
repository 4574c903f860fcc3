/* SPDX-License-Identifier: MIT */
/*
 * maple_tree.h - a concurrent map from ranges of unsigned long to pointers,
 * with the API of Linux 6.12's maple tree.
 *
 * The tree always holds a partition of 0..ULONG_MAX into inclusive ranges. Each
 * range has an entry, and NULL is an entry too: a gap. Two gaps never touch.
 * Any pointer may be an entry except for the reserved values 2, 6, 10, ...
 * 4094; xa_mk_value() makes an entry of an integer.
 *
 * May the row run concurrently with the column?
 *                                  read (RCU)  read (lock)  write
 *   mtree_load mt_find mas_*...        -           -          -
 *   the same, under the lock           -           X          X
 *   mtree_store mas_store ...          -           X          X
 *     -  freely
 *     X  no: the tree's lock excludes one of them
 *
 * "The lock" is ma_lock, or in a tree with MT_FLAGS_LOCK_EXTERN the lock that
 * the owner uses instead. If the owner's lock may be held for reading, readers
 * that hold it so run concurrently with each other. Readers under RCU need
 * MT_FLAGS_USE_RCU; a tree without that flag frees nodes at once, so its
 * readers must exclude writers.
 *
 * What a reader under RCU may rely on. For each index it finds the entry from
 * before or from after any write that runs concurrently, never anything else,
 * and the entry from after a write that was complete before the read began. A
 * reported [index, last] may mix the state before a write with the state after
 * it; an iteration is ordered, but is no snapshot. A cursor (struct ma_state)
 * whose caller has left its read section, or released its lock, must be reset
 * (mas_pause(), mas_reset(), mas_set()) before it is used again; debug builds
 * stop the program if that was forgotten. The caller must keep returned
 * pointers valid itself: the tree frees nodes, never entries.
 *
 * Unless a function says otherwise:
 *   Locks      The caller still holds on return what it held on entry. The tree
 *              is never left between two states.
 *   Ordering   A store of an entry releases, and finding it acquires: a reader
 *              that finds an object sees what the writer wrote to it before the
 *              store. Finding NULL orders nothing.
 *   Progress   Reads never wait and write no shared memory; a read that meets a
 *              node which was just replaced retries. Writes wait for ma_lock if
 *              they take it, and for milliseconds if too many freed nodes wait
 *              for their grace period.
 *   Errors     are -errno. -ENOMEM always leaves the tree as it was. gfp exists
 *              only for compatibility with the API: gfp.h. In a tree with
 *              MT_FLAGS_USE_RCU, -ENOMEM is also the answer if the thread that
 *              frees nodes cannot be created (rcu.h).
 *   Memory     In a tree with MT_FLAGS_USE_RCU a reader that stays in its
 *              section keeps all nodes that were replaced since it began. Past
 *              16 MiB of such nodes of one kind (leaves, inner nodes) the
 *              library slows writers down; at 128 MiB it takes no more memory
 *              from the system, and a write that needs some fails with -ENOMEM:
 *              after 200 ms, or at once inside a section. docs/locking.md says
 *              why.
 *   Signals    A signal handler may read a tree with MT_FLAGS_USE_RCU, whatever
 *              it interrupts, even a write by its own thread: mtree_load(),
 *              mt_find(), mt_next(), mt_prev(), and under rcu_read_lock()
 *              vms_mt_walk() and, with a cursor of the handler's own,
 *              mas_walk(), mas_find(), mas_next(), mas_prev(). It may read
 *              another tree in these ways if it cannot interrupt a write to
 *              that tree. It may call nothing else of this header.
 *
 * docs/maple-api.md is the reference: states, contract, examples, differences
 * from the kernel. Debugging: maple_debug.h.
 */
#ifndef VMASTORE_MAPLE_TREE_H
#define VMASTORE_MAPLE_TREE_H

#include <limits.h>
#include <stdio.h>

#include <vmastore/compiler.h>
#include <vmastore/gfp.h>
#include <vmastore/rcu.h>
#include <vmastore/xa_entry.h>

struct VMS_K(rw_semaphore);
#ifdef __cplusplus
/* The value of VMS_MT_EXTERNAL_LOCK() for a lock, by the lock's type. */
template <typename T> static inline const void *vms_mt_lock_of(T *lock)
{
	return lock;
}
/* NULL, which has no type of its own, selects this overload too. */
static inline const void *vms_mt_lock_of(struct VMS_K(rw_semaphore) *lock)
{
	return lock ? reinterpret_cast<const char *>(lock) + 1 : NULL;
}
#endif

#include <vmastore/begin.h>

/* ---- the tree ------------------------------------------------------------ */

/* nodes keep a bound of each subtree's gaps, for mas_empty_area() and so on */
#define MT_FLAGS_ALLOC_RANGE 0x01u
#define MT_FLAGS_USE_RCU 0x02u /* readers need no lock; nodes are freed after a grace period */
/* kinds of ma_lock; in user space all except for the last are the same */
#define MT_FLAGS_LOCK_MASK 0x300u
#define MT_FLAGS_LOCK_IRQ 0x100u
#define MT_FLAGS_LOCK_BH 0x200u
/* the owner's lock guards the tree; ma_lock is not used by mas_* functions */
#define MT_FLAGS_LOCK_EXTERN 0x300u
/* state, under the lock: the cyclic allocator's cursor has passed ULONG_MAX */
#define MT_FLAGS_ALLOC_WRAPPED 0x800u

#define MAPLE_HEIGHT_MAX 20
#define VMS__WAY_WORDS 5 /* MAPLE_HEIGHT_MAX bytes */

struct maple_tree {
	/*
	 * NULL, the entry of a tree that holds index 0 alone, or a tagged node.
	 * To read: RCU or the lock; to write: the lock.
	 */
	VMS_ATOMIC(void *) ma_root;
	VMS_ATOMIC(unsigned int) ma_lock; /* vms__spinlock word */
	/*
	 * MT_FLAGS_*. Changed under the lock. Any thread reads it relaxed,
	 * because all flags except for one stay as they are.
	 */
	VMS_ATOMIC(unsigned int) ma_flags;
	/* VMS_MT_EXTERNAL_LOCK(), or NULL; set before the tree is shared */
	const void *ma_external_lock;
};

#define MTREE_INIT(name, flags)                                                                    \
	{                                                                                          \
		VMS_ATOMIC_INIT(NULL), VMS_ATOMIC_INIT(0), VMS_ATOMIC_INIT(flags), NULL            \
	}
#define MTREE_INIT_EXT(name, flags, lock)                                                          \
	{                                                                                          \
		VMS_ATOMIC_INIT(NULL), VMS_ATOMIC_INIT(0), VMS_ATOMIC_INIT(flags),                 \
			VMS_MT_EXTERNAL_LOCK(&(lock))                                              \
	}
#define DEFINE_MTREE(name) struct maple_tree name = MTREE_INIT(name, 0)

/*
 * How a tree remembers the owner's lock. Bit 0 is set if the lock is a struct
 * rw_semaphore, the only kind whose holder the library can check.
 */
#ifdef __cplusplus
#define VMS_MT_EXTERNAL_LOCK(lock) vms_mt_lock_of(lock)
#else
#define VMS_MT_EXTERNAL_LOCK(lock)                                                                 \
	_Generic((lock), struct VMS_K(rw_semaphore) *                                              \
		 : (const char *)(lock) + 1, default                                               \
		 : (const void *)(lock))
#endif

/**
 * mt_set_external_lock() - Name the lock that guards a tree with
 * MT_FLAGS_LOCK_EXTERN.
 * @lock: its address. If it is a struct rw_semaphore, debug builds check that
 *        it is held; the address of any other lock is only remembered. NULL:
 *        none.
 *
 * Locks: no other thread knows of the tree yet, or @lock is held.
 */
#define mt_set_external_lock(mt, lock) ((void)((mt)->ma_external_lock = VMS_MT_EXTERNAL_LOCK(lock)))
/**
 * mt_on_stack() - Mark a tree that one function uses alone and no other thread
 * can reach: no lock need guard it.
 */
#define mt_on_stack(mt) ((void)((mt).ma_external_lock = NULL))

/**
 * mt_init_flags() - Make @mt an empty tree. What it held before is forgotten,
 * not freed.
 *
 * Locks: none; no other thread knows of @mt yet.
 */
static inline void mt_init_flags(struct maple_tree *mt, unsigned int flags)
{
	vms_atomic_init(&mt->ma_flags, flags);
	mt->ma_external_lock = NULL;
	vms_atomic_init(&mt->ma_lock, 0);
	vms_atomic_init(&mt->ma_root, NULL);
}
static inline void mt_init(struct maple_tree *mt)
{
	mt_init_flags(mt, 0);
}
/* Relaxed: no other memory depends on the flags. */
static inline unsigned int vms_mt_flags(const struct maple_tree *mt)
{
	return vms_load_relaxed(&mt->ma_flags);
}
/**
 * mt_in_rcu() - Whether readers may run concurrently with writers. Any context.
 */
static inline bool mt_in_rcu(const struct maple_tree *mt)
{
	return vms_mt_flags(mt) & MT_FLAGS_USE_RCU;
}
/**
 * mt_external_lock() - Whether a lock of the owner's guards the tree. Any
 * context.
 */
static inline bool mt_external_lock(const struct maple_tree *mt)
{
	return (vms_mt_flags(mt) & MT_FLAGS_LOCK_MASK) == MT_FLAGS_LOCK_EXTERN;
}
/**
 * maple_tree_init() - Does nothing: the library is ready once it is loaded.
 */
static inline void maple_tree_init(void)
{
}
/**
 * mtree_empty() - Whether every index is NULL. Any context. Concurrently with a
 * writer, the answer was true at some moment of the call.
 */
static inline bool mtree_empty(const struct maple_tree *mt)
{
	return vms_load_relaxed(&mt->ma_root) == NULL;
}

/**
 * mtree_lock() - Take ma_lock, which every mtree_* function that writes takes
 * itself.
 *
 * Locks:    Enter without it. Not recursive.
 * Ordering: Acquires what the last mtree_unlock() released.
 * Progress: Spins for some microseconds, then sleeps, so sections should be
 *           short.
 */
VMS_API void mtree_lock(struct maple_tree *mt) VMS_SYM(mtree_lock);
/**
 * mtree_lock_nested() - mtree_lock() while another tree's ma_lock is held. The
 * caller has an order for the two; @subclass names it.
 */
VMS_API void mtree_lock_nested(struct maple_tree *mt, int subclass) VMS_SYM(mtree_lock_nested);
/** mtree_unlock() - Release ma_lock, and wake a waiter. */
VMS_API void mtree_unlock(struct maple_tree *mt) VMS_SYM(mtree_unlock);

/**
 * mt_lock_is_held() - Whether any thread holds the lock, to read or to write.
 * For assertions.
 *
 * Return: an answer that was true at some moment of the call; true for an
 *         external lock that is no struct rw_semaphore, whose holder the
 *         library cannot check.
 */
VMS_API bool mt_lock_is_held(const struct maple_tree *mt) VMS_SYM(mt_lock_is_held);
/**
 * mt_write_lock_is_held() - Whether any thread holds the lock to write. For
 * assertions; answers as mt_lock_is_held() does.
 */
VMS_API bool mt_write_lock_is_held(const struct maple_tree *mt) VMS_SYM(mt_write_lock_is_held);

/**
 * mt_set_in_rcu() - Let readers run concurrently with writers from now on.
 *
 * Locks: takes ma_lock; with MT_FLAGS_LOCK_EXTERN the caller holds the owner's
 *        lock to write. Until the call returns, no reader may read without the
 *        lock.
 */
VMS_API void mt_set_in_rcu(struct maple_tree *mt) VMS_SYM(mt_set_in_rcu);
/**
 * mt_clear_in_rcu() - Free nodes at once from now on.
 *
 * Locks: as mt_set_in_rcu(). No reader reads without the lock, during the call
 *        or later: its nodes would be freed under it.
 */
VMS_API void mt_clear_in_rcu(struct maple_tree *mt) VMS_SYM(mt_clear_in_rcu);

/**
 * mt_height() - The number of levels of nodes; 0 for a tree that is empty or
 * holds only index 0.
 *
 * Locks: RCU or the lock.
 */
VMS_API unsigned int mt_height(const struct maple_tree *mt) VMS_SYM(mt_height);

/* ---- normal API: reading. Takes RCU itself; no lock needed --------------- */

/**
 * mtree_load() - The entry at @index; NULL for a gap, and for XA_ZERO_ENTRY.
 */
VMS_API void *mtree_load(struct maple_tree *mt, unsigned long index) VMS_SYM(mtree_load);

/**
 * mt_find() - The first entry at or after *@index whose range begins at or
 * before @max. The call skips XA_ZERO_ENTRY.
 * @index: becomes the index after the end of the range that was found (0 if
 *         that range ends at ULONG_MAX).
 *
 * Return: the entry; NULL if there is none, and *@index is unchanged.
 */
VMS_API void *mt_find(struct maple_tree *mt, unsigned long *index, unsigned long max)
	VMS_SYM(mt_find);
/**
 * mt_find_after() - mt_find(), except that an *@index of 0 means that the
 * iteration has passed ULONG_MAX: the answer is NULL.
 */
VMS_API void *mt_find_after(struct maple_tree *mt, unsigned long *index, unsigned long max)
	VMS_SYM(mt_find_after);
/**
 * mt_next() - The first entry that begins after the range that holds @index,
 * and at or before @max.
 *
 * Return: the entry, XA_ZERO_ENTRY as such; NULL: none.
 */
VMS_API void *mt_next(struct maple_tree *mt, unsigned long index, unsigned long max)
	VMS_SYM(mt_next);
/**
 * mt_prev() - The last entry that ends before the range that holds @index, and
 * at or after @min.
 *
 * Return: the entry, XA_ZERO_ENTRY as such; NULL: none.
 */
VMS_API void *mt_prev(struct maple_tree *mt, unsigned long index, unsigned long min)
	VMS_SYM(mt_prev);

/*
 * Iterates over each entry from @index, an unsigned long variable, to @max, in
 * order. Each step is a read section of its own, so the body may wait.
 */
#define mt_for_each(mt, entry, index, max)                                                         \
	for (vms_assign(entry, mt_find((mt), &(index), (max))); (entry) != NULL;                   \
	     vms_assign(entry, mt_find_after((mt), &(index), (max))))

/* ---- normal API: writing. Takes ma_lock; not with an external lock ------- */

/**
 * mtree_store_range() - Let [first, last] hold @entry, in place of all entries
 * that were there. NULL clears the range.
 *
 * Return: 0; -EINVAL (first > last, or a reserved entry other than
 *         XA_ZERO_ENTRY); -ENOMEM.
 */
VMS_API int mtree_store_range(struct maple_tree *mt, unsigned long first, unsigned long last,
			      void *entry, gfp_t gfp) VMS_SYM(mtree_store_range);
/** mtree_store() - mtree_store_range() of one index, with its answers. */
VMS_API int mtree_store(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
	VMS_SYM(mtree_store);

/**
 * mtree_insert_range() - mtree_store_range() that succeeds only if all of
 * [first, last] is NULL.
 *
 * Return: 0; -EEXIST (an index of the range has an entry); -EINVAL (first >
 *         last, or a reserved entry other than XA_ZERO_ENTRY); -ENOMEM.
 */
VMS_API int mtree_insert_range(struct maple_tree *mt, unsigned long first, unsigned long last,
			       void *entry, gfp_t gfp) VMS_SYM(mtree_insert_range);
/** mtree_insert() - mtree_insert_range() of one index, with its answers. */
VMS_API int mtree_insert(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
	VMS_SYM(mtree_insert);

/**
 * mtree_erase() - Clear the whole range that holds @index.
 *
 * Return: the range's entry. NULL: the range had none, or a node was needed and
 *         could not be allocated; then the range is unchanged.
 */
VMS_API void *mtree_erase(struct maple_tree *mt, unsigned long index) VMS_SYM(mtree_erase);

/**
 * mtree_alloc_range() - Store @entry in the lowest gap of @size indexes inside
 * [min, max], at the gap's beginning.
 * @startp: becomes the first index of the stored range; unchanged on failure.
 *
 * Return: 0; -EBUSY (no such gap); -EINVAL (no MT_FLAGS_ALLOC_RANGE, a reserved
 *         entry other than XA_ZERO_ENTRY, size 0, or a window smaller than
 *         size); -ENOMEM.
 */
VMS_API int mtree_alloc_range(struct maple_tree *mt, unsigned long *startp, void *entry,
			      unsigned long size, unsigned long min, unsigned long max, gfp_t gfp)
	VMS_SYM(mtree_alloc_range);
/**
 * mtree_alloc_rrange() - mtree_alloc_range() from above: in the highest such
 * gap, at its end.
 */
VMS_API int mtree_alloc_rrange(struct maple_tree *mt, unsigned long *startp, void *entry,
			       unsigned long size, unsigned long min, unsigned long max, gfp_t gfp)
	VMS_SYM(mtree_alloc_rrange);

/**
 * mtree_alloc_cyclic() - Store @entry at the first free index at or after
 * *@next; after @range_hi the search goes on from @range_lo. So an index that
 * was freed is reused late.
 * @startp: becomes the index; unchanged on failure.
 * @next:   becomes the index after it, for the next call (0 after ULONG_MAX).
 *          The caller keeps it, under a lock of its own if several threads
 *          call.
 *
 * Return: 0; 1, a success too: this index is the first after a wrap, so that
 *         indexes may repeat from now on; -EBUSY (no index of [range_lo,
 *         range_hi] is free); -EINVAL (no MT_FLAGS_ALLOC_RANGE, a reserved
 *         entry other than XA_ZERO_ENTRY, or range_lo > range_hi); -ENOMEM.
 */
VMS_API int mtree_alloc_cyclic(struct maple_tree *mt, unsigned long *startp, void *entry,
			       unsigned long range_lo, unsigned long range_hi, unsigned long *next,
			       gfp_t gfp) VMS_SYM(mtree_alloc_cyclic);

/* ---- whole trees --------------------------------------------------------- */

/**
 * mtree_dup() - Make @copy, an empty tree, hold what @mt holds. The call copies
 * node by node, which is several times faster than storing every range.
 *
 * Locks:  takes @copy's ma_lock, then, nested, @mt's. Not for trees with an
 *         external lock. Readers of both trees run on; a reader of @copy finds
 *         all of it from one moment on.
 * Return: 0; -EINVAL (@copy is not empty, or its flags are not @mt's); -ENOMEM.
 *         On failure @copy is empty, or as it was.
 */
VMS_API int mtree_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp) VMS_SYM(mtree_dup);
/**
 * __mt_dup() - mtree_dup() for a caller that holds both locks: @copy's to
 * write, @mt's to read or to write.
 */
VMS_API int __mt_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp) VMS_SYM(__mt_dup);

/**
 * mtree_destroy() - Free every node; the entries belong to the caller. The tree
 * is empty and usable afterwards.
 *
 * Locks: takes ma_lock.
 */
VMS_API void mtree_destroy(struct maple_tree *mt) VMS_SYM(mtree_destroy);
/**
 * __mt_destroy() - mtree_destroy() for a caller that holds the lock to write.
 */
VMS_API void __mt_destroy(struct maple_tree *mt) VMS_SYM(__mt_destroy);

/* ---- advanced API: a cursor ---------------------------------------------- */

/*
 * Locks: to read, an RCU read section or the lock; to write, the lock.
 */

struct maple_node;

enum maple_status {
	ma_active,      /* stands on the range [index, last] */
	ma_start,       /* nothing looked up yet: starts at index */
	VMS_K(ma_root), /* the tree holds index 0 alone, and the cursor stands on it */
	ma_none,        /* nothing there */
	ma_pause,       /* the lock was released: continues after [index, last] */
	ma_overflow,    /* asked for what is beyond the upper limit */
	ma_underflow,   /* asked for what is below the lower limit */
	ma_error,       /* mas_is_err(): xa_err(mas->node) is the -errno */
};

/*
 * The part of a cursor that only the library reads and writes. Declaring a
 * cursor sets its first eight bytes; the code reads another field only if depth
 * or one of these bytes says that the field was written.
 */
struct vms__cursor {
	/*
	 * Sets of the leaf's slots, which a cursor that iterates computes for
	 * its whole leaf at once:
	 *   used   the slots that are not empty;
	 *   full   the slots of used that have an entry;
	 *   ahead  the slots of full that come after the cursor's slot and that
	 *          vms_mas_step() may go to. It is 0 in a leaf whose bounds are
	 *          no keys, and in debug builds, which check every step.
	 *
	 * Until then ahead is 0; full is 0, unless the cursor has made one step
	 * since it came to its leaf; used is 0, or it is the number of the plan
	 * that mas_preallocate() made for a store at this place. Such a number
	 * lacks bit 0, which every set has, because a leaf's first slot is
	 * never empty.
	 *
	 * Every move of the cursor clears these eight bytes by one store, so
	 * that a plan ends where the cursor leaves its place. ahead has 32 bits
	 * because every step of an iteration writes it.
	 */
	uint16_t used, full;
	uint32_t ahead;
	unsigned long version; /* of the leaf, when the cursor came to it */
	/* The leaf's parent, and in the low bits the leaf's slot in it. */
	unsigned long parent;
	union {
		/*
		 * Debug builds: the read section and the lock under which the
		 * cursor took its place; 0: not known.
		 */
		uint64_t guard;
		/*
		 * Other builds, together with last: the range of the store that
		 * is planned, or, if the writer says so, the range of the
		 * cursor's slot.
		 */
		unsigned long first;
	};
	unsigned long last;
	/*
	 * The slot taken in each inner node on the way from the root: the first
	 * depth bytes. The field is no array of bytes, because compilers add a
	 * stack guard to each function that has such an array on its stack.
	 */
	uint32_t way[VMS__WAY_WORDS];
	/*
	 * Together with first and last: the leaf's slots that are not empty,
	 * or 0; and the slots where the store begins and ends.
	 */
	uint16_t slots;
	uint8_t lo, hi;
};

/*
 * A cursor. Callers read index and last, and write them through mas_set() and
 * mas_set_range(); the other fields belong to the library.
 *
 * While the status is ma_active, node is the leaf. A cursor whose node is NULL
 * knows only its range, and walks from the root again when it is moved.
 *
 * The fields that mas_init() writes come first. A walk writes as few of them as
 * possible, because on x86 the caller's next atomic operation waits for each of
 * these stores. The structure is aligned because compilers write index and last
 * by one store: a store across two pages, which one in 256 places on a stack
 * would need without the alignment, takes as long as a whole walk.
 */
struct ma_state {
	unsigned long index; /* first index of the range */
	unsigned long last;  /* last index of the range */
	struct maple_tree *tree;
	enum maple_status status;
	unsigned char depth;  /* inner nodes above the leaf */
	unsigned char offset; /* slot of the leaf */
	unsigned char mas_flags;
	unsigned char vms__shift; /* of the leaf's keys, once used is a set */
	struct maple_node *node;  /* the leaf; ma_error: the error */
	struct maple_node *alloc; /* what mas_preallocate() set aside: lib/maple/alloc.c */
	struct vms__cursor vms__;
	unsigned long min, max; /* what the leaf spans */
} __attribute__((aligned(16)));

/*
 * A leaf and the path to it, which a writer keeps from one store to the next;
 * all 0: none. The tree's code alone reads it (lib/maple/writer.h); the
 * tree's owner provides the memory.
 */
struct vms__kept_leaf {
	unsigned long leaf;     /* its address; in the low bits its depth */
	unsigned long min, max; /* what it spans */
	unsigned long parent;   /* as a cursor has them */
	uint32_t way[VMS__WAY_WORDS];
};

/*
 * The cursor leaves its place: its plan ends, and it knows no set of its leaf's
 * slots.
 */
static inline void vms__mas_moved(struct ma_state *mas)
{
	mas->vms__.ahead = mas->vms__.used = mas->vms__.full = 0;
}
static inline bool mas_init_range(struct ma_state *mas, struct maple_tree *tree,
				  unsigned long first, unsigned long last)
{
	mas->index = first;
	mas->last = last;
	mas->tree = tree;
	mas->status = ma_start;
	mas->depth = mas->offset = mas->mas_flags = mas->vms__shift = 0;
	mas->node = mas->alloc = NULL;
	vms__mas_moved(mas);
	return true;
}
static inline void mas_init(struct ma_state *mas, struct maple_tree *tree, unsigned long addr)
{
	mas_init_range(mas, tree, addr, addr);
}
/*
 * Declares a cursor and begins it. It takes two declarations, because an
 * initializer would clear the whole structure, which takes longer than a
 * lookup.
 */
#define MA_STATE(name, mt, first, end)                                                             \
	struct ma_state name;                                                                      \
	const bool __attribute__((unused)) name##_begun =                                          \
		mas_init_range(&name, (mt), (first), (end))

/* Forget the position; index and last stay. The next call starts at index. */
static inline void mas_reset(struct ma_state *mas)
{
	mas->status = ma_start;
	mas->node = NULL;
	vms__mas_moved(mas);
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
/*
 * Called before the lock is released, or the read section left, in the middle
 * of an iteration. The next call continues after [index, last].
 */
static inline void mas_pause(struct ma_state *mas)
{
	mas->status = ma_pause;
	mas->node = NULL;
	vms__mas_moved(mas);
}
static inline bool mas_is_active(const struct ma_state *mas)
{
	return mas->status == ma_active;
}
static inline bool mas_is_err(const struct ma_state *mas)
{
	return mas->status == ma_error;
}
/* An errno as mas->node holds it. */
#define MA_ERROR(err) ((struct maple_node *)xa_mk_internal((unsigned long)(long)(err)))

#define mas_lock(mas) mtree_lock((mas)->tree)
#define mas_lock_nested(mas, subclass) mtree_lock_nested((mas)->tree, (subclass))
#define mas_unlock(mas) mtree_unlock((mas)->tree)
/*
 * A user-space lock has no interrupts to disable. @flags is set only so that
 * the compiler does not warn of it.
 */
#define mas_lock_irqsave(mas, flags) ((void)((flags) = 0), mtree_lock((mas)->tree))
#define mas_unlock_irqrestore(mas, flags) ((void)(flags), mtree_unlock((mas)->tree))

/* ---- advanced API: reading (from each state: docs/maple-api.md) ---------- */

/**
 * mas_walk() - Move to the range that holds mas->index; index and last become
 * its bounds.
 *
 * Return: its entry (NULL: a gap). The status is ma_active; in a tree without
 *         nodes it is ma_root, or ma_none for a gap.
 */
VMS_API void *mas_walk(struct ma_state *mas) VMS_SYM(mas_walk);

/**
 * vms_mt_walk() - mas_walk() without a cursor: the entry of the range that
 * holds @index, and nothing else of that range.
 *
 * The quickest way to find an object and to take a reference to it in a read
 * section of the caller's. mtree_load() is for callers that hold nothing: it
 * opens a section if there is none, and reads XA_ZERO_ENTRY as NULL.
 *
 * Locks:  RCU or the lock.
 * Return: the entry, XA_ZERO_ENTRY as such; NULL for a gap.
 */
VMS_API void *vms_mt_walk(const struct maple_tree *mt, unsigned long index);

/*
 * How a leaf whose bounds are keys begins, which is all that vms_mas_step()
 * knows of nodes. Slot i holds the indexes from key i - 1 up to key i, less
 * one.
 */
#define VMS__LEAF_KEYS 14u
#define VMS__KEY_NONE 0x7fffffffu /* the slot ends with its leaf */

struct vms__leaf {
	VMS_ATOMIC(unsigned long) state;
	VMS_ATOMIC(uint32_t) key[VMS__LEAF_KEYS];
	VMS_ATOMIC(void *) slot[VMS__LEAF_KEYS + 1];
	unsigned long base; /* what is added to a key after it was shifted */
};

/*
 * Makes the cursor's next step if it leads to an entry in the leaf that the
 * cursor has read already, and the leaf has not changed since. Otherwise
 * returns NULL and does nothing. Acquire: pairs with the release that stored
 * the entry or the key, and with the one that ends a change of the leaf.
 */
static inline void *vms_mas_step(struct ma_state *mas, unsigned long max)
{
	unsigned int ahead = mas->vms__.ahead, shift;
	unsigned long slot, base, first, last;
	struct vms__leaf *leaf;
	uint32_t end;
	void *entry;

	if (vms_unlikely(!ahead))
		return NULL;
	slot = (unsigned long)__builtin_ctzl(ahead);
	leaf = (struct vms__leaf *)mas->node;
	base = leaf->base;
	shift = mas->vms__shift;
	entry = vms_load_acquire(&leaf->slot[slot]);
	/* Not the first slot, because the cursor is in one before it. */
	first = vms_load_acquire(&leaf->key[slot - 1]);
	first = base + (first << shift);
	end = vms_likely(slot < VMS__LEAF_KEYS) ? vms_load_acquire(&leaf->key[slot])
						: VMS__KEY_NONE;
	last = vms_unlikely(end == VMS__KEY_NONE) ? mas->max
						  : base + ((unsigned long)end << shift) - 1;
	if (vms_unlikely(first > max || vms_load_acquire(&leaf->state) != mas->vms__.version))
		return NULL;
	if (vms_likely(entry)) {
		/*
		 * Two words, not one vector: a caller that reads the words one
		 * by one need not wait for the vector's store.
		 */
		__asm__("" : "+r"(first), "+r"(last));
		mas->vms__.ahead = ahead & (ahead - 1);
		mas->offset = (unsigned char)slot;
		mas->index = first;
		mas->last = last;
	}
	return entry;
}

/*
 * The complete mas_find() and mas_next(), which the inline functions below call
 * if the cursor's next step leads out of its leaf. They keep their own names in
 * the archive: a program that hides Linux's names has inline functions
 * vms_mas_find() and vms_mas_next(), and a compiler takes an exported symbol of
 * the same name for a call of the inline function by itself.
 */
VMS_API void *vms_mas_find_call(struct ma_state *mas, unsigned long max);
VMS_API void *vms_mas_next_call(struct ma_state *mas, unsigned long max);

/**
 * mas_find() - On a fresh cursor the first entry at or after mas->index,
 * otherwise the next one; up to @max.
 *
 * Return: the entry, with index and last its range; NULL if no entry begins at
 *         or before @max.
 */
static inline void *mas_find(struct ma_state *mas, unsigned long max)
{
	void *entry = vms_mas_step(mas, max);

	return vms_likely(entry) ? entry : vms_mas_find_call(mas, max);
}
/**
 * mas_find_range() - mas_find() that stops at gaps, too. At a gap the answer is
 * NULL with ma_active, and index and last are the gap's bounds.
 */
VMS_API void *mas_find_range(struct ma_state *mas, unsigned long max) VMS_SYM(mas_find_range);
/**
 * mas_find_rev() - On a fresh cursor the entry that holds mas->index or the
 * last before it, otherwise the previous one; down to @min.
 *
 * Return: the entry, with index and last its range; NULL if no entry ends at or
 *         after @min.
 */
VMS_API void *mas_find_rev(struct ma_state *mas, unsigned long min) VMS_SYM(mas_find_rev);
/** mas_find_range_rev() - mas_find_rev() that stops at gaps, too. */
VMS_API void *mas_find_range_rev(struct ma_state *mas, unsigned long min)
	VMS_SYM(mas_find_range_rev);

/**
 * mas_next() - The first entry after the cursor's range that begins at or
 * before @max. A fresh cursor's range is the one that holds mas->index.
 *
 * Return: the entry, with index and last its range; NULL with ma_overflow:
 *         none.
 */
static inline void *mas_next(struct ma_state *mas, unsigned long max)
{
	void *entry = vms_mas_step(mas, max);

	return vms_likely(entry) ? entry : vms_mas_next_call(mas, max);
}
/** mas_next_range() - mas_next() that stops at gaps, too. */
VMS_API void *mas_next_range(struct ma_state *mas, unsigned long max) VMS_SYM(mas_next_range);
/**
 * mas_prev() - The last entry before the cursor's range that ends at or after
 * @min.
 *
 * Return: the entry, with index and last its range; NULL with ma_underflow:
 *         none.
 */
VMS_API void *mas_prev(struct ma_state *mas, unsigned long min) VMS_SYM(mas_prev);
/** mas_prev_range() - mas_prev() that stops at gaps, too. */
VMS_API void *mas_prev_range(struct ma_state *mas, unsigned long min) VMS_SYM(mas_prev_range);

/* A range of the tree with its entry, as vms_mas_batch() reports it. */
struct vms_mt_range {
	unsigned long first, last; /* inclusive */
	void *entry;
};

/**
 * vms_mas_batch() - mas_find() @n times in one call: the next entries that
 * begin at or before @max, with their ranges, in order.
 * @out: room for @n ranges; NULL if @n is 0. Beyond those reported, its
 *       contents are undefined.
 *
 * The call reports whole ranges. The last one may end after @max, and on a
 * fresh cursor the first one may begin before mas->index.
 *
 * The cursor is left as the last mas_find() would leave it, so that the next
 * call continues after the last range reported; the caller may make other calls
 * in between.
 *
 * RCU:    concurrently with a writer, each range with its entry is as it was at
 *         some moment of the call, and the call finds what was stored before
 *         it. A range that a writer changes at that moment is read as
 *         mas_find() reads it: its bounds may be from before the change and its
 *         entry from after it, or the other way round. Ranges do not overlap,
 *         and no range is reported twice. They are no snapshot: the call may
 *         report two ranges that were never in the tree together.
 * Return: how many; fewer than @n: there are no more.
 */
VMS_API unsigned int vms_mas_batch(struct ma_state *mas, unsigned long max,
				   struct vms_mt_range *out, unsigned int n);

/*
 * Iterates over each entry from mas->index to @max. A body that releases the
 * lock or leaves the read section calls mas_pause() first.
 */
#define mas_for_each(mas, entry, max) while (vms_assign(entry, mas_find((mas), (max))) != NULL)

/**
 * mas_empty_area() - The lowest gap of @size indexes inside [min, max]: index
 * and last become the first @size of it, ready to store.
 *
 * Locks:  the lock; held to write if the caller then stores there.
 * Return: 0; -EBUSY (no such gap), with mas_is_err(); -EINVAL (no
 *         MT_FLAGS_ALLOC_RANGE, size 0, or a window smaller than size).
 */
VMS_API int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max,
			   unsigned long size) VMS_SYM(mas_empty_area);
/**
 * mas_empty_area_rev() - mas_empty_area() from above: index and last become the
 * last @size indexes of the highest such gap.
 */
VMS_API int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max,
			       unsigned long size) VMS_SYM(mas_empty_area_rev);

/* ---- advanced API: writing. The lock, held to write ---------------------- */

/**
 * mas_store() - Let [mas->index, mas->last] hold @entry. The call does not
 * refuse reserved entries, so the caller must know what it stores.
 *
 * Return: the entry that mas->index had, with ma_active on the stored range (a
 *         stored NULL leaves the cursor on the whole gap that results). On
 *         failure NULL with mas_is_err(); xa_err(mas->node) is -ENOMEM or
 *         -EINVAL (index > last).
 */
VMS_API void *mas_store(struct ma_state *mas, void *entry) VMS_SYM(mas_store);
/**
 * mas_store_gfp() - mas_store() that answers the error.
 *
 * Return: 0; -EINVAL (index > last); -ENOMEM.
 */
VMS_API int mas_store_gfp(struct ma_state *mas, void *entry, gfp_t gfp) VMS_SYM(mas_store_gfp);
/**
 * mas_erase() - Clear the whole range that holds mas->index; index and last
 * become its bounds.
 *
 * Return: the entry that was there; NULL if there was none, or, with
 *         mas_is_err(), if a node could not be allocated.
 */
VMS_API void *mas_erase(struct ma_state *mas) VMS_SYM(mas_erase);

/**
 * mas_preallocate() - Plan the store of @entry over [mas->index, mas->last] and
 * set aside all the memory that it can need.
 *
 * Locks:  the lock, until mas_store_prealloc() or mas_destroy(); no other write
 *         to the tree may come in between.
 * Return: 0; -EINVAL (index > last); -ENOMEM, and nothing is set aside.
 */
VMS_API int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp) VMS_SYM(mas_preallocate);
/**
 * mas_store_prealloc() - Make the store that mas_preallocate() planned. It
 * cannot fail, and it frees the memory that it did not need.
 */
VMS_API void mas_store_prealloc(struct ma_state *mas, void *entry) VMS_SYM(mas_store_prealloc);

/**
 * mas_expected_entries() - Set aside the memory for @nr_entries stores in
 * ascending order, each above all that the tree holds, with or without gaps
 * between them. These stores cannot fail: the caller makes them by mas_store()
 * or mas_store_gfp() with this cursor, with mas_set_range() between them, and
 * then calls mas_destroy().
 *
 * Locks:  the lock, until mas_destroy(); no other write to the tree may come in
 *         between.
 * Return: 0; -ENOMEM, and nothing is set aside.
 */
VMS_API int mas_expected_entries(struct ma_state *mas, unsigned long nr_entries)
	VMS_SYM(mas_expected_entries);

/**
 * mas_nomem() - After a store, tell whether it lacked memory. If it did, the
 * call sets aside what any store can need, so that the caller can retry:
 * do mas_store(&mas, entry); while (mas_nomem(&mas, gfp)); The lock is not
 * released. The call after the store that succeeds frees the memory that the
 * store did not need.
 *
 * Return: true: retry; false: the store is done, or has failed for good
 *         (mas_is_err()).
 */
VMS_API bool mas_nomem(struct ma_state *mas, gfp_t gfp) VMS_SYM(mas_nomem);

/**
 * mas_destroy() - Free what mas_preallocate(), mas_expected_entries() or
 * mas_nomem() set aside. Any cursor; no lock.
 */
VMS_API void mas_destroy(struct ma_state *mas) VMS_SYM(mas_destroy);

/**
 * mas_alloc_cyclic() - mtree_alloc_cyclic() for a caller that holds the lock;
 * the cursor is left on the stored range.
 */
VMS_API int mas_alloc_cyclic(struct ma_state *mas, unsigned long *startp, void *entry,
			     unsigned long range_lo, unsigned long range_hi, unsigned long *next,
			     gfp_t gfp) VMS_SYM(mas_alloc_cyclic);

/* ---- how it is built ----------------------------------------------------- */

struct vms_mt_stats {
	unsigned long leaves, inner_nodes, bytes; /* bytes of all nodes */
	unsigned long entries;                    /* ranges that hold a pointer */
	unsigned int height;
};
/** vms_mt_stats() - Count the nodes. Locks: the lock. */
VMS_API void vms_mt_stats(const struct maple_tree *mt, struct vms_mt_stats *stats);

/**
 * vms_mt_simd() - The instructions that search nodes: "avx512", "avx2",
 * "vec128" (SSE2, NEON) or "scalar". The library chooses them when it is
 * loaded.
 */
VMS_API const char *vms_mt_simd(void);
/**
 * vms_mt_set_simd() - Search nodes with the instructions that @name says, in
 * every tree.
 *
 * Locks:  no other thread uses a tree meanwhile.
 * Return: false: this CPU does not have them, or no instructions have that
 *         name.
 */
VMS_API bool vms_mt_set_simd(const char *name);

#include <vmastore/end.h>

#include <vmastore/maple_debug.h>

#endif
