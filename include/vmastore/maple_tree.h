/* SPDX-License-Identifier: MIT */
/*
 * maple_tree.h - a concurrent map from ranges of unsigned long to pointers,
 * with the API of Linux 6.12's maple tree.
 *
 * The tree always holds a partition of 0..ULONG_MAX into inclusive ranges; each
 * has an entry, and NULL is an entry too: a gap. Two gaps never touch. Any
 * pointer may be an entry except the reserved values 2, 6, 10, ... 4094;
 * xa_mk_value() makes an entry of an integer.
 *
 * May the row run concurrently with the column?
 *                                  read (RCU)  read (lock)  write
 *   mtree_load mt_find mas_*...        -           -          -
 *   the same, under the lock           -           X          X
 *   mtree_store mas_store ...          -           X          X
 *     -  freely
 *     X  no: the tree's lock excludes one of them
 *
 * "The lock" is ma_lock, or with MT_FLAGS_LOCK_EXTERN whatever lock the owner
 * uses instead; an owner's lock that may be held for reading lets such readers
 * run beside each other. Readers under RCU need MT_FLAGS_USE_RCU; in a tree
 * without it nodes are freed at once, and readers must exclude writers.
 *
 * What a reader under RCU may rely on: each index is answered with its entry
 * before or after any write that runs beside it, never with anything else, and
 * with the entry after a write that was complete before the read began. A
 * reported [index, last] may mix the state before with the state after; an
 * iteration is ordered, but is no snapshot. A cursor (struct ma_state) that has
 * left its read section, or its lock, must be reset (mas_pause(), mas_reset(),
 * mas_set()) before it is used again; debug builds stop where that was
 * forgotten. Returned pointers are the caller's to keep alive: the tree frees
 * nodes, never entries.
 *
 * Unless a function says otherwise:
 *   Locks      what is held on entry is held on return; the tree is never left
 *              between two states.
 *   Ordering   storing an entry releases, finding it acquires: what the writer
 *              wrote to an object before it stored the object is seen by who
 *              finds it. Finding NULL orders nothing.
 *   Progress   reads never wait and write no shared memory; one that meets a
 *              node just replaced looks again. Writes wait for ma_lock where
 *              they take it, and for milliseconds where freed nodes pile up
 *              before their grace period.
 *   Errors     are -errno. -ENOMEM always leaves the tree as it was. gfp is
 *              taken for the API's sake: gfp.h. In a tree with
 *              MT_FLAGS_USE_RCU, -ENOMEM is also the answer where the thread
 *              that frees nodes cannot be created (rcu.h).
 *   Memory     In a tree with MT_FLAGS_USE_RCU a reader that stays in its
 *              section keeps all nodes that were replaced since. Past 16 MiB of
 *              a kind of node (leaves, inner nodes) a writer is slowed down; at
 *              128 MiB of them no more memory is taken from the system, and a
 *              write that needs some fails with -ENOMEM: after 200 ms, or at
 *              once inside a section. docs/locking.md says why.
 *   Signals    A signal handler may read a tree with MT_FLAGS_USE_RCU, whatever
 *              it interrupts, even a write by its own thread: mtree_load(),
 *              mt_find(), mt_next(), mt_prev(), and under rcu_read_lock()
 *              vms_mt_walk() and, with a cursor of the handler's own,
 *              mas_walk(), mas_find(), mas_next(), mas_prev(). Of another tree
 *              it may do so where it cannot interrupt a write. It may call
 *              nothing else of this header.
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
/* What VMS_MT_EXTERNAL_LOCK() makes of a lock, by its type. */
template <typename T> static inline const void *vms_mt_lock_of(T *lock)
{
	return lock;
}
/* NULL, which has no type of its own, comes here too. */
static inline const void *vms_mt_lock_of(struct VMS_K(rw_semaphore) *lock)
{
	return lock ? reinterpret_cast<const char *>(lock) + 1 : NULL;
}
#endif

#include <vmastore/begin.h>

/* ---- the tree ------------------------------------------------------------ */

/*
 * keep a bound of every subtree's gaps: mas_empty_area(), mtree_alloc_range()
 */
#define MT_FLAGS_ALLOC_RANGE 0x01u
#define MT_FLAGS_USE_RCU 0x02u /* readers run beside writers; nodes outlive a grace period */
/* kinds of ma_lock; in user space all but the last are the same */
#define MT_FLAGS_LOCK_MASK 0x300u
#define MT_FLAGS_LOCK_IRQ 0x100u
#define MT_FLAGS_LOCK_BH 0x200u
/* the owner's lock guards the tree; ma_lock is not used by mas_* functions */
#define MT_FLAGS_LOCK_EXTERN 0x300u
/*
 * state, not mode: the cyclic allocator's cursor went past ULONG_MAX. The lock
 */
#define MT_FLAGS_ALLOC_WRAPPED 0x800u

#define MAPLE_HEIGHT_MAX 20

struct maple_tree {
	/*
	 * NULL, the entry of index 0 alone, or a tagged node. Read: RCU; write:
	 * the lock
	 */
	VMS_ATOMIC(void *) ma_root;
	VMS_ATOMIC(unsigned int) ma_lock; /* vms__spinlock word */
	/*
	 * MT_FLAGS_*. Changed under the lock; read by any thread, relaxed,
	 * because all but one stay as they are.
	 */
	VMS_ATOMIC(unsigned int) ma_flags;
	/* VMS_MT_EXTERNAL_LOCK(), or NULL. Set before the tree is shared */
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
 * @lock: its address. A struct rw_semaphore lets debug builds check that it is
 *        held; any other is only remembered. NULL: none.
 *
 * Locks: nobody else knows of the tree yet, or @lock is held.
 */
#define mt_set_external_lock(mt, lock) ((void)((mt)->ma_external_lock = VMS_MT_EXTERNAL_LOCK(lock)))
/**
 * mt_on_stack() - A tree of a function's own, which no other thread can reach:
 * no lock need guard it.
 */
#define mt_on_stack(mt) ((void)((mt).ma_external_lock = NULL))

/**
 * mt_init_flags() - Make @mt an empty tree; what it was before is forgotten.
 * Nobody else knows of it yet.
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
/* Relaxed: a number on its own. */
static inline unsigned int vms_mt_flags(const struct maple_tree *mt)
{
	return vms_load_relaxed(&((struct maple_tree *)mt)->ma_flags);
}
/** mt_in_rcu() - May readers run beside writers? Any context. */
static inline bool mt_in_rcu(const struct maple_tree *mt)
{
	return vms_mt_flags(mt) & MT_FLAGS_USE_RCU;
}
/**
 * mt_external_lock() - Does a lock of the owner's guard the tree? Any context.
 */
static inline bool mt_external_lock(const struct maple_tree *mt)
{
	return (vms_mt_flags(mt) & MT_FLAGS_LOCK_MASK) == MT_FLAGS_LOCK_EXTERN;
}
/**
 * maple_tree_init() - Set up the implementation: nothing to do, the library is
 * ready when it is loaded.
 */
static inline void maple_tree_init(void)
{
}
/**
 * mtree_empty() - Is every index NULL? Any context; beside a writer, an answer
 * about some moment.
 */
static inline bool mtree_empty(const struct maple_tree *mt)
{
	return vms_load_relaxed(&((struct maple_tree *)mt)->ma_root) == NULL;
}

/**
 * mtree_lock() - Take ma_lock, the lock that every mtree_* function takes for
 * itself.
 *
 * Locks:    Enter without it. Short sections: waiters spin for some
 *           microseconds before they sleep. Not recursive.
 * Ordering: Acquires what the last mtree_unlock() released.
 */
VMS_API void mtree_lock(struct maple_tree *mt) VMS_SYM(mtree_lock);
/**
 * mtree_lock_nested() - The same while another tree's ma_lock is held. The
 * caller has an order for the two; @subclass names it.
 */
VMS_API void mtree_lock_nested(struct maple_tree *mt, int subclass) VMS_SYM(mtree_lock_nested);
/** mtree_unlock() - Let go of ma_lock, and wake a waiter. Releases. */
VMS_API void mtree_unlock(struct maple_tree *mt) VMS_SYM(mtree_unlock);

/**
 * mt_lock_is_held() - Does anybody hold the lock, to read or to write? For
 * assertions.
 * Return: a moment's answer; true where it cannot be told (an external lock
 *         that is no struct rw_semaphore).
 */
VMS_API bool mt_lock_is_held(const struct maple_tree *mt) VMS_SYM(mt_lock_is_held);
/** mt_write_lock_is_held() - Does anybody hold it to write? */
VMS_API bool mt_write_lock_is_held(const struct maple_tree *mt) VMS_SYM(mt_write_lock_is_held);

/**
 * mt_set_in_rcu() - From now on readers may run beside writers.
 *
 * Locks: takes ma_lock; with MT_FLAGS_LOCK_EXTERN the owner's is held to write.
 *        No reader without the lock before it returns.
 */
VMS_API void mt_set_in_rcu(struct maple_tree *mt) VMS_SYM(mt_set_in_rcu);
/**
 * mt_clear_in_rcu() - From now on nodes are freed at once. Locks: as above, and
 * no reader is, or comes, without the lock.
 */
VMS_API void mt_clear_in_rcu(struct maple_tree *mt) VMS_SYM(mt_clear_in_rcu);

/**
 * mt_height() - Levels of nodes: 0 for a tree that is empty or holds only index
 * 0. Locks: RCU or the lock.
 */
VMS_API unsigned int mt_height(const struct maple_tree *mt) VMS_SYM(mt_height);

/* ---- normal API: reading. Takes RCU itself; no lock needed --------------- */

/**
 * mtree_load() - The entry at @index; NULL for a gap, and for XA_ZERO_ENTRY.
 */
VMS_API void *mtree_load(struct maple_tree *mt, unsigned long index) VMS_SYM(mtree_load);

/**
 * mt_find() - The first entry at or after *@index whose range begins at or
 * before @max. XA_ZERO_ENTRY is passed over.
 * @index: moved to one past the end of what was found (0 once that is past
 *         ULONG_MAX).
 * Return: the entry; NULL when there is none (*@index unchanged).
 */
VMS_API void *mt_find(struct maple_tree *mt, unsigned long *index, unsigned long max)
	VMS_SYM(mt_find);
/**
 * mt_find_after() - mt_find(), but an *@index of 0 means that the iteration has
 * passed the end: NULL.
 */
VMS_API void *mt_find_after(struct maple_tree *mt, unsigned long *index, unsigned long max)
	VMS_SYM(mt_find_after);
/**
 * mt_next() - The first entry that begins after the range that holds @index,
 * and at or before @max.
 * Return: the entry, XA_ZERO_ENTRY as such; NULL: none.
 */
VMS_API void *mt_next(struct maple_tree *mt, unsigned long index, unsigned long max)
	VMS_SYM(mt_next);
/**
 * mt_prev() - The last entry that ends before the range that holds @index, and
 * at or after @min. Return: likewise.
 */
VMS_API void *mt_prev(struct maple_tree *mt, unsigned long index, unsigned long min)
	VMS_SYM(mt_prev);

/*
 * Each entry from @index, an unsigned long variable, to @max in order; a read
 * section a step, so that the body may wait.
 */
#define mt_for_each(mt, entry, index, max)                                                         \
	for (vms_assign(entry, mt_find((mt), &(index), (max))); (entry) != NULL;                   \
	     vms_assign(entry, mt_find_after((mt), &(index), (max))))

/* ---- normal API: writing. Takes ma_lock; not with an external lock ------- */

/**
 * mtree_store_range() - From now on [first, last] holds @entry; what was there
 * is forgotten. NULL clears.
 * Return: 0; -EINVAL (first > last, or a reserved entry other than
 *         XA_ZERO_ENTRY); -ENOMEM.
 */
VMS_API int mtree_store_range(struct maple_tree *mt, unsigned long first, unsigned long last,
			      void *entry, gfp_t gfp) VMS_SYM(mtree_store_range);
/** mtree_store() - mtree_store_range() of one index. Return: likewise. */
VMS_API int mtree_store(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
	VMS_SYM(mtree_store);

/**
 * mtree_insert_range() - mtree_store_range(), only if all of [first, last] is
 * NULL.
 * Return: 0; -EEXIST, something is there; -EINVAL (first > last, or a reserved
 *         entry); -ENOMEM.
 */
VMS_API int mtree_insert_range(struct maple_tree *mt, unsigned long first, unsigned long last,
			       void *entry, gfp_t gfp) VMS_SYM(mtree_insert_range);
/** mtree_insert() - mtree_insert_range() of one index. Return: likewise. */
VMS_API int mtree_insert(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
	VMS_SYM(mtree_insert);

/**
 * mtree_erase() - Clear the whole range that holds @index.
 * Return: its entry; NULL if there was none, or if a node was needed and could
 *         not be had: then the range is still there.
 */
VMS_API void *mtree_erase(struct maple_tree *mt, unsigned long index) VMS_SYM(mtree_erase);

/**
 * mtree_alloc_range() - Store @entry in the lowest gap of @size indexes inside
 * [min, max], at the gap's beginning.
 * @startp: where it went; untouched on failure.
 * Return: 0; -EBUSY, no such gap; -EINVAL (no MT_FLAGS_ALLOC_RANGE, a reserved
 *         entry, size 0, or a window smaller than size); -ENOMEM.
 */
VMS_API int mtree_alloc_range(struct maple_tree *mt, unsigned long *startp, void *entry,
			      unsigned long size, unsigned long min, unsigned long max, gfp_t gfp)
	VMS_SYM(mtree_alloc_range);
/**
 * mtree_alloc_rrange() - The same from above: the highest such gap, at its end.
 */
VMS_API int mtree_alloc_rrange(struct maple_tree *mt, unsigned long *startp, void *entry,
			       unsigned long size, unsigned long min, unsigned long max, gfp_t gfp)
	VMS_SYM(mtree_alloc_rrange);

/**
 * mtree_alloc_cyclic() - Store @entry at the first free index at or after
 * *@next; past @range_hi, go on from @range_lo. So a number that became free is
 * given out again late.
 * @startp: where it went; untouched on failure.
 * @next:   one past it, for the next call (0 once that is past ULONG_MAX). The
 *          caller keeps it, under a lock of his own if several call.
 * Return: 0; 1, and all is well too: this index is the first after a wrap, so
 *         that numbers may now repeat; -EBUSY, no index of [range_lo, range_hi]
 *         is free; -EINVAL (no MT_FLAGS_ALLOC_RANGE, a reserved entry, or
 *         range_lo > range_hi); -ENOMEM.
 */
VMS_API int mtree_alloc_cyclic(struct maple_tree *mt, unsigned long *startp, void *entry,
			       unsigned long range_lo, unsigned long range_hi, unsigned long *next,
			       gfp_t gfp) VMS_SYM(mtree_alloc_cyclic);

/* ---- whole trees --------------------------------------------------------- */

/**
 * mtree_dup() - Make @copy, an empty tree, hold what @mt holds: node by node,
 * several times faster than storing every range.
 *
 * Locks:  takes @copy's ma_lock, then, nested, @mt's. Not for trees with an
 *         external lock. Readers of either run on; to a reader of @copy all of
 *         it appears at once.
 * Return: 0; -EINVAL, @copy is not empty, or its flags are not @mt's; -ENOMEM.
 *         On failure @copy is empty, or as it was.
 */
VMS_API int mtree_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp) VMS_SYM(mtree_dup);
/**
 * __mt_dup() - mtree_dup() with both locks held by the caller: @copy's to
 * write, @mt's to read or to write.
 */
VMS_API int __mt_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp) VMS_SYM(__mt_dup);

/**
 * mtree_destroy() - Free every node; entries are the caller's. Takes ma_lock.
 * The tree is empty and usable afterwards.
 */
VMS_API void mtree_destroy(struct maple_tree *mt) VMS_SYM(mtree_destroy);
/**
 * __mt_destroy() - mtree_destroy() with the lock held by the caller, to write.
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
	ma_pause,       /* the lock was dropped: goes on after [index, last] */
	ma_overflow,    /* asked for what is beyond the upper limit */
	ma_underflow,   /* asked for what is below the lower limit */
	ma_error,       /* mas_is_err(): xa_err(mas->node) is the -errno */
};

/*
 * A cursor. index and last are for callers to read, and to write through
 * mas_set() and mas_set_range(); the rest is the tree's.
 *
 * While ma_active, path[0..depth - 1] are the inner nodes from the root down,
 * each with the slot taken in it in the low bits, and node is the leaf. A
 * cursor whose node is NULL knows its range only, and looks its place up again
 * when it is moved.
 *
 * A cursor that iterates has looked at its leaf as a whole: `used` are the
 * leaf's slots that are not empty, `full` those of them that have an entry,
 * `ahead` those of these that come after the cursor's (none in debug builds,
 * whose every step is checked); slot i is slots[i] and spans [bound[i], bound[i
 * + 1] - 1]. While it has not, used and ahead are 0, and full is 0 unless the
 * cursor has stepped once from where it came to its leaf.
 *
 * What mas_init() writes comes first, and what a walk writes of that is as few
 * words as can be: on x86 a caller's next atomic operation waits for each of
 * these stores. Compilers write index and last by one store, hence the
 * alignment: across two pages that store takes as long as a whole walk, at one
 * in 256 places of a stack.
 */
struct ma_state {
	unsigned long index; /* first index of the range */
	unsigned long last;  /* last index of the range */
	struct maple_tree *tree;
	enum maple_status status;
	unsigned char depth;  /* inner nodes in path[] */
	unsigned char offset; /* slot of the leaf */
	unsigned char mas_flags;
	unsigned char store_type;       /* what mas_preallocate() has planned, plus 1; 0: nothing */
	struct maple_node *alloc;       /* leaves that mas_preallocate() set aside, a list */
	struct maple_node *alloc_inner; /* and inner nodes */
	/*
	 * eight bytes with ahead, for compilers write zeros of them by one
	 * store
	 */
	unsigned short used, full;
	unsigned int ahead;
	struct maple_node *node; /* the leaf; ma_error: the error */
	unsigned long version;   /* of the leaf, when the cursor came to it */
	unsigned long min, max;  /* what the leaf spans */
	/*
	 * debug builds: the read section and the lock under which it took its
	 * place; 0: not known
	 */
	uint64_t guard;
	VMS_ATOMIC(void *) * slots;
	unsigned long path[MAPLE_HEIGHT_MAX];
	unsigned long bound[16];
	/*
	 * What mas_preallocate() has found out about the store of [asked_first,
	 * asked_last] into the leaf: lib/maple/isa/plan.tmpl.h.
	 */
	struct {
		struct maple_node *leaf;
		unsigned long version; /* of the leaf */
		unsigned long asked_first, asked_last;
		unsigned long first, last, lo_min, hi_max;
		unsigned int used;
		unsigned char at, lo, hi;
		bool gap, one_leaf, form_fits;
	} plan;
} __attribute__((aligned(16)));

/*
 * A leaf and the way to it, which a writer keeps from one store to the next;
 * all 0: none. The tree's (lib/maple/internal.h); its owner gives it room.
 */
#define VMS__KEPT_LEVELS 4

struct vms__kept_leaf {
	unsigned long leaf;     /* its address; in the low bits how many words of path are used */
	unsigned long min, max; /* what it spans */
	unsigned long path[VMS__KEPT_LEVELS];
};

/*
 * path and bound need no value: depth and used say how much of them means
 * anything. Nor does guard: debug builds write it before the cursor has a
 * place.
 */
static inline bool mas_init_range(struct ma_state *mas, struct maple_tree *tree,
				  unsigned long first, unsigned long last)
{
	mas->index = first;
	mas->last = last;
	mas->tree = tree;
	mas->status = ma_start;
	mas->depth = mas->offset = mas->mas_flags = mas->store_type = 0;
	mas->alloc = mas->alloc_inner = NULL;
	mas->used = mas->full = mas->ahead = 0;
	mas->node = NULL;
	return true;
}
static inline void mas_init(struct ma_state *mas, struct maple_tree *tree, unsigned long addr)
{
	mas_init_range(mas, tree, addr, addr);
}
/*
 * Declares a cursor, and begins it. Two declarations, for an initializer would
 * clear all of it, which takes longer than a lookup.
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
	mas->used = mas->full = mas->ahead = 0;
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
 * Before the lock or the read section is left in the middle of an iteration;
 * the next call goes on after [index, last].
 */
static inline void mas_pause(struct ma_state *mas)
{
	mas->status = ma_pause;
	mas->node = NULL;
	mas->used = mas->full = mas->ahead = 0;
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
 * There are no interrupts to keep out: @flags is set, for compilers, and not
 * used.
 */
#define mas_lock_irqsave(mas, flags) ((void)((flags) = 0), mtree_lock((mas)->tree))
#define mas_unlock_irqrestore(mas, flags) ((void)(flags), mtree_unlock((mas)->tree))

/* ---- advanced API: reading (from each state: docs/maple-api.md) ---------- */

/**
 * mas_walk() - Move to the range that holds mas->index; index and last become
 * its bounds.
 * Return: its entry (NULL: a gap). ma_active; in a tree without nodes ma_root,
 *         or ma_none where there is nothing.
 */
VMS_API void *mas_walk(struct ma_state *mas) VMS_SYM(mas_walk);

/**
 * vms_mt_walk() - mas_walk() for callers that want no cursor: the entry of the
 * range that holds @index, and nothing else of that range.
 *
 * The quickest way to find an object and to take a reference to it in a read
 * section of the caller's. mtree_load() is the same for callers that hold
 * nothing: it opens a section where there is none, and reads XA_ZERO_ENTRY as
 * NULL.
 *
 * Locks:  RCU or the lock.
 * Return: the entry, XA_ZERO_ENTRY as such; NULL for a gap.
 */
VMS_API void *vms_mt_walk(const struct maple_tree *mt, unsigned long index);

/*
 * The cursor's next step if that is to an entry in the leaf that it has looked
 * at, and the leaf has not changed since; else NULL, and nothing is done.
 * Acquire: pairs with the release that stored the entry, and the one that ends
 * a change of the leaf.
 */
static inline void *vms_mas_step(struct ma_state *mas, unsigned long max)
{
	unsigned int ahead = mas->ahead, slot;
	void *entry;

	if (vms_unlikely(!ahead))
		return NULL;
	slot = (unsigned int)__builtin_ctz(ahead);
	entry = vms_load_acquire(&mas->slots[slot]);
	/* A node begins with its state. */
	if (vms_unlikely(mas->bound[slot] > max ||
			 vms_load_acquire((const VMS_ATOMIC(unsigned long) *)mas->node) !=
				 mas->version))
		return NULL;
	if (vms_likely(entry)) {
		unsigned long first = mas->bound[slot], last = mas->bound[slot + 1] - 1;

		/*
		 * Two words, not one vector of them: who reads them one by one
		 * need not wait for it.
		 */
		__asm__("" : "+r"(first), "+r"(last));
		mas->ahead = ahead & (ahead - 1);
		mas->offset = (unsigned char)slot;
		mas->index = first;
		mas->last = last;
	}
	return entry;
}

/*
 * The whole of mas_find() and of mas_next(), which the inline functions below
 * call where the cursor's next step leads out of its leaf.
 */
VMS_API void *vms_mas_find_call(struct ma_state *mas, unsigned long max) VMS_SYM(mas_find);
VMS_API void *vms_mas_next_call(struct ma_state *mas, unsigned long max) VMS_SYM(mas_next);

/**
 * mas_find() - On a fresh cursor the first entry at or after mas->index, else
 * the next one; up to @max.
 * Return: the entry, with index and last its range; NULL when there is none
 *         that begins at or before @max.
 */
static inline void *mas_find(struct ma_state *mas, unsigned long max)
{
	void *entry = vms_mas_step(mas, max);

	return vms_likely(entry) ? entry : vms_mas_find_call(mas, max);
}
/**
 * mas_find_range() - mas_find() that stops on gaps, too: index and last tell,
 * the answer is then NULL with ma_active.
 */
VMS_API void *mas_find_range(struct ma_state *mas, unsigned long max) VMS_SYM(mas_find_range);
/**
 * mas_find_rev() - On a fresh cursor the entry that holds mas->index or the
 * last before it, else the previous one; down to @min.
 * Return: the entry, with index and last its range; NULL when there is none
 *         that ends at or after @min.
 */
VMS_API void *mas_find_rev(struct ma_state *mas, unsigned long min) VMS_SYM(mas_find_rev);
/** mas_find_range_rev() - mas_find_rev() that stops on gaps, too. */
VMS_API void *mas_find_range_rev(struct ma_state *mas, unsigned long min)
	VMS_SYM(mas_find_range_rev);

/**
 * mas_next() - The first entry after the cursor's range that begins at or
 * before @max. A fresh cursor's range is the one that holds mas->index.
 * Return: the entry, with index and last its range; NULL with ma_overflow:
 *         none.
 */
static inline void *mas_next(struct ma_state *mas, unsigned long max)
{
	void *entry = vms_mas_step(mas, max);

	return vms_likely(entry) ? entry : vms_mas_next_call(mas, max);
}
/** mas_next_range() - mas_next() that stops on gaps, too. */
VMS_API void *mas_next_range(struct ma_state *mas, unsigned long max) VMS_SYM(mas_next_range);
/**
 * mas_prev() - The last entry before the cursor's range that ends at or after
 * @min. NULL with ma_underflow: none.
 */
VMS_API void *mas_prev(struct ma_state *mas, unsigned long min) VMS_SYM(mas_prev);
/** mas_prev_range() - mas_prev() that stops on gaps, too. */
VMS_API void *mas_prev_range(struct ma_state *mas, unsigned long min) VMS_SYM(mas_prev_range);

/* A range of the tree with its entry, as vms_mas_batch() reports it. */
struct vms_mt_range {
	unsigned long first, last; /* inclusive */
	void *entry;
};

/**
 * vms_mas_batch() - mas_find() @n times in one call: the next entries that
 * begin at or before @max, with their ranges, in order. A range that begins at
 * or before @max is reported whole, although it may end behind @max; so is the
 * one that a fresh cursor's index lies in, although it may begin before that.
 * @out: room for @n ranges; NULL if @n is 0. Beyond those reported, its
 *       contents are undefined.
 *
 * The cursor is left as the last mas_find() would leave it, so that the next
 * call goes on behind the last range reported; other calls may come between.
 *
 * RCU:    beside a writer, each range with its entry is as it was at some
 *         moment of the call, and what was stored before the call is seen. A
 *         range that is just being changed is read as mas_find() reads it: its
 *         bounds may be of before the change and its entry of after it, or the
 *         other way round. Ranges do not overlap, and none is reported twice.
 *         They are no snapshot: of two that were never there together, both may
 *         be reported.
 * Return: how many; fewer than @n: there are no more.
 */
VMS_API unsigned int vms_mas_batch(struct ma_state *mas, unsigned long max,
				   struct vms_mt_range *out, unsigned int n);

/*
 * Each entry from mas->index to @max. To leave the lock or the read section
 * inside the body: mas_pause() first.
 */
#define mas_for_each(mas, entry, max) while (vms_assign(entry, mas_find((mas), (max))) != NULL)

/**
 * mas_empty_area() - The lowest gap of @size indexes inside [min, max]: index
 * and last become the first @size of it, ready to store.
 *
 * Locks:  the lock, to write where something is then stored.
 * Return: 0; -EBUSY there is none, with mas_is_err(); -EINVAL (no
 *         MT_FLAGS_ALLOC_RANGE, size 0, or a window smaller than size).
 */
VMS_API int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max,
			   unsigned long size) VMS_SYM(mas_empty_area);
/**
 * mas_empty_area_rev() - The highest such gap; index and last become the last
 * @size of it.
 */
VMS_API int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max,
			       unsigned long size) VMS_SYM(mas_empty_area_rev);

/* ---- advanced API: writing. The lock, held to write ---------------------- */

/**
 * mas_store() - [mas->index, mas->last] holds @entry from now on. Reserved
 * entries are not refused here: the caller knows.
 * Return: the entry that mas->index had; on failure NULL with mas_is_err(),
 *         xa_err(mas->node) -ENOMEM or -EINVAL (index > last). ma_active on
 *         what was stored; storing NULL leaves the cursor on the whole gap that
 *         came to be.
 */
VMS_API void *mas_store(struct ma_state *mas, void *entry) VMS_SYM(mas_store);
/**
 * mas_store_gfp() - mas_store(). Return: 0; -EINVAL (index > last); -ENOMEM.
 */
VMS_API int mas_store_gfp(struct ma_state *mas, void *entry, gfp_t gfp) VMS_SYM(mas_store_gfp);
/**
 * mas_erase() - Clear the whole range that holds mas->index; index and last
 * become its bounds.
 * Return: the entry that was there; NULL if none, or (mas_is_err()) when a node
 *         could not be allocated.
 */
VMS_API void *mas_erase(struct ma_state *mas) VMS_SYM(mas_erase);

/**
 * mas_preallocate() - Plan the store of @entry over [mas->index, mas->last] and
 * set aside all the memory it can need.
 *
 * Locks:  held until mas_store_prealloc() or mas_destroy(); nothing else may
 *         write to the tree in between.
 * Return: 0; -EINVAL (index > last); -ENOMEM, nothing set aside.
 */
VMS_API int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp) VMS_SYM(mas_preallocate);
/**
 * mas_store_prealloc() - The planned store. Cannot fail. Frees what was set
 * aside in excess.
 */
VMS_API void mas_store_prealloc(struct ma_state *mas, void *entry) VMS_SYM(mas_store_prealloc);

/**
 * mas_expected_entries() - Set aside the memory for @nr_entries stores that
 * come in ascending order, each above all that the tree holds, gaps between
 * them or not. They cannot fail: mas_store() or mas_store_gfp() with this
 * cursor, mas_set_range() between them. Afterwards mas_destroy().
 *
 * Locks:  the lock until mas_destroy(); nothing else may write to the tree in
 *         between.
 * Return: 0; -ENOMEM, nothing set aside.
 */
VMS_API int mas_expected_entries(struct ma_state *mas, unsigned long nr_entries)
	VMS_SYM(mas_expected_entries);

/**
 * mas_nomem() - After a store: did it lack memory? Then set aside what any
 * store can need, for it to be tried once more: do mas_store(&mas, entry);
 * while (mas_nomem(&mas, gfp)); The lock is not dropped. Called after the store
 * that succeeds it gives back what that did not need.
 * Return: true, try again; false, the store is done, or has failed for good
 *         (mas_is_err()).
 */
VMS_API bool mas_nomem(struct ma_state *mas, gfp_t gfp) VMS_SYM(mas_nomem);

/**
 * mas_destroy() - Give back what mas_preallocate(), mas_expected_entries() or
 * mas_nomem() set aside. Any cursor; no lock.
 */
VMS_API void mas_destroy(struct ma_state *mas) VMS_SYM(mas_destroy);

/**
 * mas_alloc_cyclic() - mtree_alloc_cyclic() with the lock held by the caller;
 * the cursor is left on what was stored.
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
 * vms_mt_simd() - How nodes are searched: "avx512", "avx2", "vec128" (SSE2,
 * NEON) or "scalar". Chosen when the library is loaded.
 */
VMS_API const char *vms_mt_simd(void);
/**
 * vms_mt_set_simd() - Search nodes in the way @name says, in every tree. No
 * other thread uses a tree meanwhile.
 * Return: false, this CPU has it not, or there is no such way.
 */
VMS_API bool vms_mt_set_simd(const char *name);

#include <vmastore/end.h>

#include <vmastore/maple_debug.h>

#endif
