/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the seam between the mm code and what it runs on. An engine is one
 * index (which structure finds a VMA) with one locking scheme (what a fault and
 * a writer lock). lib/mm and lib/page speak to an mm only through this header.
 *
 * The whole write side of an index is one operation: "from now on, [start, end)
 * belongs to this VMA (or to none)". Inserting, erasing many, splitting,
 * growing, shrinking and every kind of merge are each one such store, prepared
 * (may fail, changes nothing) and then committed (cannot fail).
 */
#ifndef VMS_ENGINE_ENGINE_H
#define VMS_ENGINE_ENGINE_H

#include <vmastore/mm.h>

#include "lib/engine/locked.h"
#include "lib/engine/vma.h"
#include "lib/sync/vma_lock.h"

/*
 * What stands around a range, and the index's own way there, found once and
 * used by what follows: the search for free room, the look at the neighbours,
 * the store. It holds until something is stored in the mm; its user sees that
 * by map_seq, and looks again.
 *
 * It belongs to one mm and to its caller, on whose stack it lies, and is used
 * under the one hold of mmap_lock under which it was found.
 */
struct vms__place {
	/*
	 * mm->map_seq when it was found; 0: never, and then what follows says
	 * nothing
	 */
	unsigned long seq;
	unsigned long start, end;
	struct vm_area_struct *vma;   /* the first with vm_end > start */
	struct vm_area_struct *prev;  /* the one before that, or if there is none the last of all */
	struct vm_area_struct *after; /* the one after @vma, if @vma begins before end; else NULL */
	/*
	 * its user stores nothing: mm->kept_leaf, which writers write, is left
	 * alone
	 */
	bool only_looks;
	struct ma_state mas; /* the index's own: stands on start */
};

static inline void vms__place_begin(struct vms__place *place)
{
	place->seq = place->start = place->end = 0;
	place->only_looks = false;
}

/* Locks: mmap_lock R or W, since @place was found. */
static inline bool vms__place_is_good(const struct mm_struct *mm, const struct vms__place *place)
{
	return place->seq && place->seq == mm->map_seq;
}

/*
 * One prepared store.
 *
 * Protocol, mmap_lock W throughout:
 *   1. fill start, end, vma; vms__index_prepare(). The VMAs' fields are still
 *      the old ones.
 *   2. write-lock the VMAs concerned; set their new vm_start, vm_end, vm_pgoff.
 *   3. vms__index_commit(), or vms__index_cancel() instead of 2 and 3.
 * A VMA that lies wholly inside [start, end) before step 2, other than @vma,
 * leaves the index. A VMA that is overlapped in part loses that part, and the
 * caller trims its fields in step 2. @vma may be in the index already (it grows
 * into [start, end), which may or may not include what it covers now) or not
 * (it is new, and [start, end) is exactly its range). vma NULL erases, or
 * trims. At most one store is prepared at a time for an mm. A VMA that grows is
 * stored with the whole range that it is to cover.
 */
struct vms__store {
	unsigned long start, end; /* [start, end), page aligned, not empty */
	struct vm_area_struct *vma;

	/*
	 * The VMAs that leave, if the caller knows them (known is true): nr
	 * VMAs from first on, linked by vm_next, without @vma, which stands
	 * before or behind them; and prev, the last VMA that begins before
	 * start. This saves the index a search. Otherwise the index finds out
	 * by itself.
	 */
	bool known;
	unsigned int nr;
	struct vm_area_struct *first;
	struct vm_area_struct *prev;

	/*
	 * A place near @start that the caller has found, which saves the index
	 * a search; or NULL. The index moves its way there.
	 */
	struct vms__place *place;

	/*
	 * the index's own, between prepare and commit: its place if the caller
	 * has none
	 */
	struct vms__place own;

	/*
	 * after commit: the VMAs that left the index, in address order, linked
	 * by vm_next up to NULL; vm_index_state is 0
	 */
	struct vm_area_struct *victims;
};

/*
 * A store of @vma over [start, end), not empty, by an index that finds out who
 * leaves. @place: see there. The store's own place is left without a value:
 * prepare gives it one, and to clear all of it, as an initializer would, takes
 * longer than a lookup.
 */
static inline void vms__store_begin(struct vms__store *store, unsigned long start,
				    unsigned long end, struct vm_area_struct *vma,
				    struct vms__place *place)
{
	store->place = place;
	vms__place_begin(&store->own);
	store->start = start;
	store->end = end;
	store->vma = vma;
	store->known = false;
	store->nr = 0;
	store->first = store->prev = store->victims = NULL;
}

struct vms__index_ops {
	const char *name;
	void (*init)(struct mm_struct *mm);
	/* forget everything; VMAs themselves are the caller's */
	void (*destroy)(struct mm_struct *mm);

	/*
	 * mmap_lock R or W. find: the first VMA with vm_end > addr. prev_below:
	 * the last VMA with vm_start < addr.
	 */
	struct vm_area_struct *(*find)(struct mm_struct *mm, unsigned long addr);
	struct vm_area_struct *(*prev_below)(struct mm_struct *mm, unsigned long addr);
	struct vm_area_struct *(*next)(struct mm_struct *mm, struct vm_area_struct *vma);
	/*
	 * mmap_lock W. Links by vm_next: @vma, which is in the index, to the
	 * VMA after it, and so on, up to the first that begins at or after
	 * @end, or to NULL after the last of all. An index that keeps this list
	 * anyway has nothing to do. They are right until a store adds or takes
	 * a VMA there.
	 */
	void (*chain)(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end);
	/*
	 * Fills vma, prev and after of @place, whose start and end are asked
	 * about, and the index's own. One search for all.
	 */
	void (*around)(struct mm_struct *mm, struct vms__place *place);
	struct vm_area_struct *(*prev)(struct mm_struct *mm, struct vm_area_struct *vma);
	/* prev() and next() where they touch @vma, else NULL. */
	void (*touching)(struct mm_struct *mm, struct vm_area_struct *vma,
			 struct vm_area_struct **prev, struct vm_area_struct **next);
	/*
	 * find(vmi->addr), from the iterator's place if that is still good,
	 * else by a search that makes one. Of @vmi sets the place alone.
	 */
	struct vm_area_struct *(*step)(struct vma_iterator *vmi, bool good);

	/*
	 * mmap_lock W. The lowest / highest address a such that [a, a + size)
	 * is free and lies inside [low, high). Fills start (a), vma and prev of
	 * @place, and the index's own. Guard gaps and alignment are the
	 * caller's. false: there is none.
	 */
	bool (*gap_lowest)(struct mm_struct *mm, unsigned long low, unsigned long high,
			   unsigned long size, struct vms__place *place);
	bool (*gap_highest)(struct mm_struct *mm, unsigned long low, unsigned long high,
			    unsigned long size, struct vms__place *place);

	int (*prepare)(struct mm_struct *mm, struct vms__store *store); /* 0 or -ENOMEM */
	void (*commit)(struct mm_struct *mm, struct vms__store *store);
	void (*cancel)(struct mm_struct *mm, struct vms__store *store);

	/*
	 * mmap_lock W. Number of broken invariants of the structure itself,
	 * each printed to @why unless NULL.
	 */
	int (*validate)(struct mm_struct *mm, FILE *why);
};

struct vms__lock_ops {
	const char *name;
	bool per_vma; /* a fault may hold only a VMA's lock */
	/* A locked VMA that covers addr, or NULL: go on under mmap_lock. */
	struct vm_area_struct *(*fault_enter)(struct mm_struct *mm, unsigned long addr);
	void (*fault_exit)(struct vm_area_struct *vma);
	void (*vma_write)(struct vm_area_struct *vma);
	/* Without waiting; and letting go before mmap_lock is. */
	bool (*vma_try_write)(struct vm_area_struct *vma);
	void (*vma_end_write)(struct vm_area_struct *vma);
	/*
	 * @vma found under RCU, or under @mm's mmap_lock. false: not now, or
	 * not @mm's any more, or the engine has no such locks.
	 */
	bool (*vma_try_read)(struct mm_struct *mm, struct vm_area_struct *vma);
	void (*read_enter)(struct mm_struct *mm);
	void (*read_exit)(struct mm_struct *mm);
	/* Write access to [start, end). Today's engines take all of the mm. */
	void (*write_enter)(struct mm_struct *mm, unsigned long start, unsigned long end);
	void (*write_exit)(struct mm_struct *mm);
	void (*write_downgrade)(struct mm_struct *mm); /* leave with read_exit */
};

struct vms__engine {
	const char *name;
	const struct vms__index_ops *index;
	const struct vms__lock_ops *lock;
};

extern const struct vms__index_ops vms__index_rbtree;
extern const struct vms__index_ops vms__index_maple;
extern const struct vms__index_ops vms__index_maple_rcu; /* its readers may hold RCU alone */
extern const struct vms__lock_ops vms__lock_mmap;
extern const struct vms__lock_ops vms__lock_vma;

/* mmap_lock W of a second mm while the first mm's is held: fork. */
void vms__mmap_write_lock_nested(struct mm_struct *mm) VMS_ACQUIRE(mm->mmap_lock);

/* The engine of that name, or NULL. */
const struct vms__engine *vms__engine_find(const char *name);

/*
 * A VMA's lock word at its birth, when it enters the index, and when it leaves
 * (write-locked or retired; waits for its readers).
 */
void vms__vma_lock_init(struct vm_area_struct *vma);
/* and it is write-locked then: nobody has to be waited for */
void vms__vma_mark_attached(struct vm_area_struct *vma);
/*
 * The VMA leaves the index, or has just left it. Nothing to do after
 * vms__vma_retire().
 */
void vms__vma_mark_detached(struct vm_area_struct *vma);
/*
 * Write-lock @vma, which the caller is about to take out of the index, and mark
 * it detached, in one step. Until it is out, faults that find it wait on
 * mmap_lock.
 * Locks: mmap_lock W; nothing fails from here on.
 */
void vms__vma_retire(struct vm_area_struct *vma);
bool vms__vma_is_attached(const struct vm_area_struct *vma);
void vms__vmas_unbias_slow(struct vm_area_struct *first, unsigned long end);

/*
 * The caller is about to write-lock @first and those after it that begin before
 * @end. If readers hold @first by slots of their threads, all VMAs of the range
 * for which that is so are write-locked now: a fence for all, instead of one
 * for each.
 * Locks: mmap_lock W.
 */
static inline void vms__vmas_unbias(struct vm_area_struct *first, unsigned long end)
{
	/* Relaxed: a guess; a bias that is set meanwhile costs a fence more. */
	if (unlikely(atomic_load_explicit(&first->vm_lock_seq, memory_order_relaxed) ==
		     VMS__VLOCK_BIASED))
		vms__vmas_unbias_slow(first, end);
}

/*
 * @vma, new or grown in this write section, is whole: faults may lock it
 * although mmap_lock is still held, and the first one finds no stamp to clear.
 * Only for a caller that lets go of mmap_lock itself and changes @vma no more:
 * whoever took mmap_lock outside may rely on its VMAs being locked until it
 * lets go.
 * Locks: mmap_lock W; @vma is write-locked. Ordering: as vma_end_write().
 */
static inline void vms__vma_is_whole(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	/*
	 * Relaxed: only who holds mmap_lock for writing attaches and detaches.
	 * 0: the engine has no such locks.
	 */
	if (atomic_load_explicit(&vma->vm_refcnt, memory_order_relaxed))
		vms__vlock_end_write(&vma->vm_lock_seq,
				     atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
}

static inline struct vm_area_struct *vms__find(struct mm_struct *mm, unsigned long addr)
{
	return mm->engine->index->find(mm, addr);
}
/*
 * @place becomes that of [start, end), with end 0 where nobody asks for the VMA
 * after the first. Return: @place->vma.
 */
static inline struct vm_area_struct *vms__around(struct mm_struct *mm, unsigned long start,
						 unsigned long end, struct vms__place *place)
{
	/*
	 * What lies in a range that was found to be free has the same
	 * neighbours.
	 */
	if (vms__place_is_good(mm, place) && place->start <= start && end <= place->end &&
	    start < end && (!place->vma || place->vma->vm_start >= place->end))
		return place->vma;
	place->start = start;
	place->end = end;
	mm->engine->index->around(mm, place);
	place->seq = mm->map_seq;
	return place->vma;
}
/* A range of free room, and its place; see gap_lowest and gap_highest above. */
static inline bool vms__gap(struct mm_struct *mm, unsigned long low, unsigned long high,
			    unsigned long size, bool highest, struct vms__place *place)
{
	const struct vms__index_ops *index = mm->engine->index;

	if (!(highest ? index->gap_highest : index->gap_lowest)(mm, low, high, size, place)) {
		vms__place_begin(place);
		return false;
	}
	place->end = place->start + size;
	place->after = NULL;
	place->seq = mm->map_seq;
	return true;
}
static inline struct vm_area_struct *vms__prev_below(struct mm_struct *mm, unsigned long addr)
{
	return mm->engine->index->prev_below(mm, addr);
}
static inline int vms__index_prepare(struct mm_struct *mm, struct vms__store *store)
{
	if (!store->place)
		store->place = &store->own;
	return mm->engine->index->prepare(mm, store);
}
static inline void vms__index_commit(struct mm_struct *mm, struct vms__store *store)
{
	mm->map_seq++;
	mm->engine->index->commit(mm, store);
}
static inline void vms__index_cancel(struct mm_struct *mm, struct vms__store *store)
{
	mm->engine->index->cancel(mm, store);
}

#endif
