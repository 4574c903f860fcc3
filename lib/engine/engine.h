/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the seam between the mm code and what it runs on. An engine is one
 * index (the structure that finds a VMA) with one locking scheme (what a fault
 * and a writer lock). lib/mm and lib/page reach VMAs and locks only through
 * this header, so the same mm code runs on every engine.
 *
 * The whole write side of an index is one operation: "from now on, [start, end)
 * belongs to this VMA (or to none)". Inserting, erasing many, splitting,
 * growing, shrinking and every kind of merge are each one such store, prepared
 * (may fail, changes nothing) and then committed (cannot fail). So a lock-free
 * reader of an address that is mapped before and after a change never finds it
 * unmapped in between.
 *
 * Locks: each declaration says which the caller holds. Read next:
 * index_maple.c, lock_vma.c; docs/locking.md.
 */
#ifndef VMS_ENGINE_ENGINE_H
#define VMS_ENGINE_ENGINE_H

#include <vmastore/mm.h>

#include "lib/engine/locked.h"
#include "lib/engine/vma.h"
#include "lib/sync/vma_lock.h"

/*
 * A place: the VMAs around a range, and the index's own way there. The index
 * finds it once; the search for free room, the look at the neighbours and the
 * store then use it. A place is valid until something is stored in the mm. Its
 * user compares seq with mm->map_seq to see that, and then looks again.
 *
 * A place belongs to one mm and to its caller, on whose stack it lies. The
 * caller uses it only under the one hold of mmap_lock under which it was found,
 * because after that another writer may have freed the VMAs and the nodes that
 * it names.
 */
struct vms__place {
	/*
	 * mm->map_seq when the place was found. 0: it was never found, and the
	 * fields below mean nothing.
	 */
	unsigned long seq;
	unsigned long start, end;
	struct vm_area_struct *vma;  /* the first with vm_end > start */
	struct vm_area_struct *prev; /* the one before @vma; if there is no @vma, the last of all */
	struct vm_area_struct *after; /* the one after @vma, if @vma begins before end; else NULL */
	/*
	 * The user of the place will store nothing. The index then leaves
	 * mm->kept_leaf alone: it would pay for a cache line that writers
	 * write, and a place that precedes no store gains nothing from it.
	 */
	bool only_looks;
	struct ma_state mas; /* the index's own: a cursor on start */
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
 *   1. Fill start, end, vma; vms__index_prepare(). The VMAs' fields are still
 *      the old ones.
 *   2. Write-lock the VMAs concerned; set their new vm_start, vm_end, vm_pgoff.
 *   3. vms__index_commit(). Or vms__index_cancel() instead of 2 and 3.
 * At most one store is prepared at a time for an mm: the memory that prepare
 * sets aside, and the plan that it makes, are for the index as it is then.
 *
 * What becomes of the VMAs in [start, end):
 *   - A VMA that lies wholly inside before step 2, other than @vma, leaves the
 *     index.
 *   - A VMA that is overlapped in part loses that part. The caller trims its
 *     fields in step 2.
 *   - @vma may be in the index already: it grows into [start, end), which may
 *     or may not include what it covers now. A VMA that grows is stored with
 *     the whole range that it is to cover.
 *   - @vma may be new. Then [start, end) is exactly its range.
 *   - @vma NULL erases, or trims.
 */
struct vms__store {
	unsigned long start, end; /* [start, end), page aligned, not empty */
	struct vm_area_struct *vma;

	/*
	 * The VMAs that leave, if the caller knows them (known is true). They
	 * are nr VMAs from first on, linked by vm_next, without @vma, which
	 * stands before or after them. prev is the last VMA that begins before
	 * start. This saves the index a search. If known is false, the index
	 * finds them by itself.
	 */
	bool known;
	unsigned int nr;
	struct vm_area_struct *first;
	struct vm_area_struct *prev;

	/*
	 * A place near @start that the caller has found, which saves the index
	 * a search; or NULL. The index moves the place's cursor to the store.
	 */
	struct vms__place *place;

	/*
	 * The index's own, between prepare and commit: the place that it uses
	 * if the caller has none.
	 */
	struct vms__place own;

	/*
	 * After commit: the VMAs that left the index, in address order, linked
	 * by vm_next up to NULL. Their vm_index_state is 0.
	 */
	struct vm_area_struct *victims;
};

/*
 * Begin a store of @vma over [start, end), not empty. The index is to find the
 * VMAs that leave, unless the caller sets `known` afterwards. @place: see the
 * field. store->own gets no value here, because prepare gives it one, and an
 * initializer that cleared all of it would take longer than a lookup.
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
	/* Forget everything. The VMAs themselves are the caller's to free. */
	void (*destroy)(struct mm_struct *mm);

	/*
	 * Locks of the next three: mmap_lock R or W. find: the first VMA with
	 * vm_end > addr. prev_below: the last VMA with vm_start < addr. next:
	 * the VMA after @vma.
	 */
	struct vm_area_struct *(*find)(struct mm_struct *mm, unsigned long addr);
	struct vm_area_struct *(*prev_below)(struct mm_struct *mm, unsigned long addr);
	struct vm_area_struct *(*next)(struct mm_struct *mm, struct vm_area_struct *vma);
	/*
	 * Links by vm_next: @vma, which is in the index, to the VMA after it,
	 * and so on, up to the first VMA that begins at or after @end, or to
	 * NULL after the last of all. An index that keeps such a list anyway
	 * has nothing to do. The links are right until a store adds or removes
	 * a VMA there. Locks: mmap_lock W.
	 */
	void (*chain)(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end);
	/*
	 * Fills vma, prev and after of @place for its start and end, and the
	 * index's own cursor, in one search. Locks: mmap_lock R or W.
	 */
	void (*around)(struct mm_struct *mm, struct vms__place *place);
	struct vm_area_struct *(*prev)(struct mm_struct *mm, struct vm_area_struct *vma);
	/* *@prev and *@next: the neighbours that touch @vma, else NULL. */
	void (*touching)(struct mm_struct *mm, struct vm_area_struct *vma,
			 struct vm_area_struct **prev, struct vm_area_struct **next);
	/*
	 * find(vmi->addr). @good: the iterator's place is still valid, and the
	 * step starts from it; otherwise a search makes a new place. Of @vmi
	 * the function changes the place alone.
	 */
	struct vm_area_struct *(*step)(struct vma_iterator *vmi, bool good);

	/*
	 * The lowest / highest address a such that [a, a + size) is free and
	 * lies inside [low, high). Fills start (a), vma and prev of @place, and
	 * the index's own cursor. The caller sees to guard gaps and alignment.
	 * Return: false if there is none. Locks: mmap_lock W.
	 */
	bool (*gap_lowest)(struct mm_struct *mm, unsigned long low, unsigned long high,
			   unsigned long size, struct vms__place *place);
	bool (*gap_highest)(struct mm_struct *mm, unsigned long low, unsigned long high,
			    unsigned long size, struct vms__place *place);

	int (*prepare)(struct mm_struct *mm, struct vms__store *store); /* 0 or -ENOMEM */
	void (*commit)(struct mm_struct *mm, struct vms__store *store);
	void (*cancel)(struct mm_struct *mm, struct vms__store *store);

	/*
	 * Number of broken invariants of the structure itself, each printed to
	 * @why unless NULL. Locks: mmap_lock W.
	 */
	int (*validate)(struct mm_struct *mm, FILE *why);
};

struct vms__lock_ops {
	const char *name;
	bool per_vma; /* a fault may hold only a VMA's lock */
	/* A read-locked VMA that covers addr; NULL: take mmap_lock instead. */
	struct vm_area_struct *(*fault_enter)(struct mm_struct *mm, unsigned long addr);
	void (*fault_exit)(struct vm_area_struct *vma);
	void (*vma_write)(struct vm_area_struct *vma);
	/*
	 * vma_try_write: like vma_write, but never waits. vma_end_write: ends
	 * the write lock of one VMA before mmap_lock is released.
	 */
	bool (*vma_try_write)(struct vm_area_struct *vma);
	void (*vma_end_write)(struct vm_area_struct *vma);
	/*
	 * The caller found @vma under RCU, or under @mm's mmap_lock. Return:
	 * false if the lock is not free, if @vma is no longer @mm's, or if the
	 * engine has no such locks.
	 */
	bool (*vma_try_read)(struct mm_struct *mm, struct vm_area_struct *vma);
	void (*read_enter)(struct mm_struct *mm);
	void (*read_exit)(struct mm_struct *mm);
	/* Write access to [start, end). Present engines lock all of the mm. */
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

/*
 * Take mmap_lock W of a second mm while the first mm's is held, as fork does.
 * This cannot deadlock, because no thread takes the two in the other order: the
 * child does not know its parent. Lockdep would refuse two locks of one rank,
 * so it is told that this is such a case.
 */
void vms__mmap_write_lock_nested(struct mm_struct *mm) VMS_ACQUIRE(mm->mmap_lock);

/* The engine of that name, or NULL. */
const struct vms__engine *vms__engine_find(const char *name);

/*
 * Set up the lock word of a new VMA, which is detached. Locks: none; no other
 * thread uses the VMA.
 */
void vms__vma_lock_init(struct vm_area_struct *vma);
/*
 * @vma is about to enter the index. It becomes attached and write-locked,
 * without a wait, because it has no readers yet. Locks: mmap_lock W.
 */
void vms__vma_mark_attached(struct vm_area_struct *vma);
/*
 * @vma, write-locked, leaves the index, or has just left it: wait for readers
 * that still count on it, and mark it detached. Does nothing after
 * vms__vma_retire(). Locks: mmap_lock W.
 */
void vms__vma_mark_detached(struct vm_area_struct *vma);
/*
 * Write-lock @vma, which the caller is about to take out of the index, and mark
 * it detached, in one step. Until it is out, faults that find it wait on
 * mmap_lock.
 * Locks: mmap_lock W. The caller must have no step left that may fail, because
 * a retired VMA cannot be attached again.
 */
void vms__vma_retire(struct vm_area_struct *vma);
bool vms__vma_is_attached(const struct vm_area_struct *vma);
void vms__vmas_unbias_slow(struct vm_area_struct *first, unsigned long end);

/*
 * The caller is about to write-lock @first and those after it that begin before
 * @end. If readers hold @first by slots of their threads, this write-locks all
 * VMAs of the range that readers hold so. They then share one fence, instead of
 * one for each VMA.
 * Locks: mmap_lock W.
 */
static inline void vms__vmas_unbias(struct vm_area_struct *first, unsigned long end)
{
	/* Relaxed: a guess. A bias set meanwhile costs one fence more. */
	if (unlikely(atomic_load_explicit(&first->vm_lock_seq, memory_order_relaxed) ==
		     VMS__VLOCK_BIASED))
		vms__vmas_unbias_slow(first, end);
}

/*
 * @vma, new or grown in this write section, is complete: faults may lock it
 * although mmap_lock is still held, and the first of them finds no stamp to
 * clear. Only a caller that took mmap_lock itself may call this, and must not
 * change @vma afterwards: an embedder that took mmap_lock around a call may
 * rely on its VMAs being locked until it releases mmap_lock.
 * Locks: mmap_lock W; @vma is write-locked. Ordering: like vma_end_write().
 */
static inline void vms__vma_is_whole(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	/*
	 * Relaxed: only the holder of mmap_lock for writing attaches and
	 * detaches. A count of 0 here says that the engine has no such locks.
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
 * Make @place that of [start, end). end is 0 if the caller does not need the
 * VMA after the first. Return: @place->vma.
 */
static inline struct vm_area_struct *vms__around(struct mm_struct *mm, unsigned long start,
						 unsigned long end, struct vms__place *place)
{
	/*
	 * Every part of a range that was found to be free has the same
	 * neighbours, so the place of the larger range will do.
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
/* A range of free room, and its place; see gap_lowest and gap_highest. */
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
	/*
	 * Each store, whatever it does, makes all places and iterators invalid.
	 * The caller holds mmap_lock for writing, so a plain increment will do.
	 */
	mm->map_seq++;
	mm->engine->index->commit(mm, store);
}
static inline void vms__index_cancel(struct mm_struct *mm, struct vms__store *store)
{
	mm->engine->index->cancel(mm, store);
}

#endif
