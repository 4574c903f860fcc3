/* SPDX-License-Identifier: MIT */
/*
 * lock_vma.c - the locking scheme of `maple-vma`: a fault finds its VMA under
 * RCU and holds that VMA's own lock; mmap_lock is for writers, and for faults
 * that cannot do without it.
 *
 * The lock itself (words, order, waiting) is in lib/sync/vma_lock.h. This file
 * ties it to an address space: it has the checks that make a VMA found without
 * any lock one that may be used.
 *
 * A fault finds the VMA by a walk of the tree, or by this thread's memory of
 * earlier ones (hint.h). A VMA's memory is type-stable: it may become another
 * VMA, of this mm or of another, the moment it is freed, without a grace
 * period. So until the fault holds the read lock, everything may change. After
 * that it checks each of these:
 *
 *   vm_mm      The object may have become another mm's VMA. Its lock is then
 *              the wrong lock, and the fault gives it back.
 *   attached   (inside vms__vlock_try_read) A count of 0 means that the VMA
 *              left its tree; such a VMA is never locked.
 *   sequence   (inside vms__vlock_try_read, after the count) A writer of this
 *              mm may have locked the VMA between the fault's two looks.
 *   range      The VMA may have shrunk, moved, or become another VMA of this
 *              same mm before the fault locked it.
 * Without these checks a fault uses a VMA that is no longer the one it looked
 * for (VMS_PLANT_SKIP_RECHECK in tests/planted/locks/run).
 *
 * Read next: lib/sync/vma_lock.h, docs/locking.md.
 */
#include "lib/engine/engine.h"
#include "lib/engine/hint.h"
#include "lib/engine/vma.h"
#include "lib/maple/internal.h"
#include "lib/sync/assert.h"
#include "lib/sync/vma_lock.h"

VMS__TLS struct vms__hints vms__hints;

struct vm_area_struct *vms__hint_search(const struct mm_struct *mm, unsigned long addr)
{
	unsigned int place = vms__hint_place(addr);

	for (unsigned int i = 0; i < VMS__HINTS; i++) {
		unsigned int at = (place + i) & (VMS__HINTS - 1);

		if (vms__hint_fits(&vms__hints.hint[at], mm, addr)) {
			vms__hints.last = at;
			return vms__hints.hint[at].vma;
		}
	}
	return NULL;
}

void vms__vma_lock_init(struct vm_area_struct *vma)
{
	vms__vlock_init(&vma->vm_refcnt, &vma->vm_lock_seq);
}

static bool has_lock(const struct vm_area_struct *vma)
{
	return vma_mm(vma)->engine->lock->per_vma;
}

/*
 * On engines without VMA locks the count stays 0 (detached), so that a stale
 * pointer to this memory, which was a VMA of another engine before, fails the
 * trylock.
 */
void vms__vma_mark_attached(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	if (has_lock(vma))
		vms__vlock_attach_locked(&vma->vm_refcnt, &vma->vm_lock_seq,
					 atomic_load_explicit(&mm->mm_lock_seq,
							      memory_order_relaxed));
}

void vms__vma_mark_detached(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma_mm(vma));
	/*
	 * Relaxed: only the holder of mmap_lock for writing attaches and
	 * detaches. A count of 0 here: the engine has no such locks, or the VMA
	 * was retired.
	 */
	if (!atomic_load_explicit(&vma->vm_refcnt, memory_order_relaxed))
		return;
	vma_assert_write_locked(vma);
	vms__vlock_detach(&vma->vm_refcnt);
}

void vms__vma_retire(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	/*
	 * Relaxed: only the holder of mmap_lock for writing attaches and
	 * retires. A count of 0 here: the engine has no such locks.
	 */
	if (!atomic_load_explicit(&vma->vm_refcnt, memory_order_relaxed))
		return;
	vms__vlock_retire(&vma->vm_refcnt, &vma->vm_lock_seq,
			  atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
}

bool vms__vma_is_attached(const struct vm_area_struct *vma)
{
	return has_lock(vma) ? atomic_load_explicit(&vma->vm_refcnt, memory_order_relaxed) != 0
			     : vma->vm_index_state != 0;
}

/*
 * One check settles every race since the walk: vm_mm and the range change only
 * while the VMA is write-locked or detached, and the caller's read lock
 * excludes both.
 */
static bool vma_still_covers(struct vm_area_struct *vma, struct mm_struct *mm, unsigned long addr)
{
#ifdef VMS_PLANT_SKIP_RECHECK
	(void)vma, (void)mm, (void)addr;
	return true;
#else
	/*
	 * Relaxed: ordered by the acquire of the read lock, which pairs with
	 * the release in vms__vlock_attach().
	 */
	return atomic_load_explicit(&vma->vm_mm, memory_order_relaxed) == mm &&
	       vma->vm_start <= addr && addr < vma->vm_end;
#endif
}

static void end_read(struct vm_area_struct *vma)
{
	/*
	 * A stamp of 0 says that this thread counts: while its slot holds the
	 * VMA, the stamp is not 0. Relaxed: the thread has seen such a stamp
	 * before, when it took the slot, so it sees that one or a later one.
	 */
	if (unlikely(atomic_load_explicit(&vma->vm_lock_seq, memory_order_relaxed)) &&
	    vms__bias_end_read(&vma->vm_lock_seq))
		return;
	vms__vlock_end_read(&vma->vm_refcnt);
}

/*
 * Readers share @vma, so hold it by this thread's slot, if @addr is still
 * mapped by it. False: the caller must count, with all checks. `counted`: the
 * bias ended just now, and a signal handler left a count in place of this
 * thread's slot; the caller's own count does not need it.
 */
static bool try_bias(struct vm_area_struct *vma, struct mm_struct *mm, unsigned long addr)
{
	bool counted;

	if (likely(vms__bias_try_read(&vma->vm_lock_seq, &counted))) {
		if (likely(vma_still_covers(vma, mm, addr)))
			return true;
		end_read(vma);
	} else if (unlikely(counted)) {
		vms__vlock_end_read(&vma->vm_refcnt);
	}
	return false;
}

/*
 * This thread counts on @vma, and has checked that @vma is @mm's: only then is
 * the stamp one of @mm's sequence, and may be settled.
 */
static inline void counted(struct vm_area_struct *vma, const struct mm_struct *mm, bool met)
{
	vms__vlock_settle(&vma->vm_lock_seq, &mm->mm_lock_seq);
	if (unlikely(vms__bias_is_keen(met)))
		vms__vlock_bias(&vma->vm_refcnt, &vma->vm_lock_seq);
}

/*
 * Read-lock @vma if @addr is still mapped by it. *@gone: @vma was detached, so
 * the tree has something else there by now.
 */
static inline bool try_lock(struct vm_area_struct *vma, struct mm_struct *mm, unsigned long addr,
			    bool *gone)
{
	enum vms__vlock_try got;

	*gone = false;
	/* Relaxed: a guess; either kind of lock checks the stamp again. */
	if (atomic_load_explicit(&vma->vm_lock_seq, memory_order_relaxed) == VMS__VLOCK_BIASED &&
	    try_bias(vma, mm, addr))
		return true;
	got = vms__vlock_try_read(&vma->vm_refcnt, &vma->vm_lock_seq, &mm->mm_lock_seq);
	if (unlikely(got > VMS__VLOCK_MET)) {
		*gone = got == VMS__VLOCK_GONE;
		return false;
	}
	if (likely(vma_still_covers(vma, mm, addr))) {
		counted(vma, mm, got == VMS__VLOCK_MET);
		return true;
	}
	end_read(vma);
	return false;
}

/*
 * vm_mm is checked after the lock, because only then does it stay: if @vma is
 * another mm's, the trylock compared its stamp with a foreign sequence. The
 * caller checks the range.
 */
static bool try_read_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	enum vms__vlock_try got =
		vms__vlock_try_read(&vma->vm_refcnt, &vma->vm_lock_seq, &mm->mm_lock_seq);

	if (got > VMS__VLOCK_MET)
		return false;
	/* Relaxed: ordered like the load in vma_still_covers(). */
	if (likely(atomic_load_explicit(&vma->vm_mm, memory_order_relaxed) == mm)) {
		counted(vma, mm, got == VMS__VLOCK_MET);
		return true;
	}
	end_read(vma);
	return false;
}

/*
 * The walk has a read section of its own, and needs no cursor. The VMA that it
 * finds may be freed, and become another VMA, before its lock is tried. That is
 * the case of a VMA that a hint names, so the same checks cover it.
 */
static struct vm_area_struct *walk_and_lock(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool gone;

	do {
		/*
		 * If the VMA left the tree after this walk, a new walk finds
		 * what is there now. The loop does not spin on it: while a
		 * detached VMA is still in the tree it has the writer's stamp,
		 * which refuses the fault without a new walk.
		 */
		gone = false;
		vma = vms__mt_lookup(&mm->mm_mt, addr);
		if (vma && !try_lock(vma, mm, addr, &gone))
			vma = NULL;
	} while (!vma && gone);
	return vma;
}

/*
 * @vma: the VMA that a hint names, or NULL. The slow part of lock_vma(), kept
 * out of line so that the usual fault saves no registers for it.
 */
static __attribute__((noinline)) struct vm_area_struct *
lock_vma_slow(struct mm_struct *mm, unsigned long addr, struct vm_area_struct *vma)
{
	bool gone;

	if (vma && try_lock(vma, mm, addr, &gone))
		return vma;
	vma = walk_and_lock(mm, addr);
	if (vma)
		vms__hint_keep(mm, addr, vma);
	return vma;
}

static struct vm_area_struct *lock_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vms__hint_find(mm, addr);

	/*
	 * The usual fault: a hint, no other reader, and no writer since the
	 * last fault. It needs neither the tree nor mm_lock_seq, whose cache
	 * line each writer of the mm writes.
	 */
	if (unlikely(!vma) ||
	    unlikely(!vms__vlock_try_read_alone(&vma->vm_refcnt, &vma->vm_lock_seq)))
		return lock_vma_slow(mm, addr, vma);
	if (likely(vma_still_covers(vma, mm, addr)))
		return vma;
	vms__vlock_end_read(&vma->vm_refcnt);
	return lock_vma_slow(mm, addr, NULL);
}

void vms__vmas_unbias_slow(struct vm_area_struct *first, unsigned long end)
{
	struct mm_struct *mm = vma_mm(first);
	unsigned long seq = atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed);
	struct vm_area_struct *vma;

	mmap_assert_write_locked(mm);
	/*
	 * First all stamps, then one fence, then the waits: a reader that noted
	 * a VMA in its slot either is seen after the fence, or sees the stamp
	 * and is refused.
	 */
	for (vma = first; vma && vma->vm_start < end; vma = vms_vma_after(vma))
		vms__vlock_batch_begin(&vma->vm_lock_seq, seq);
	vms__bias_fence();
	for (vma = first; vma && vma->vm_start < end; vma = vms_vma_after(vma)) {
		if (vms__vlock_in_batch(&vma->vm_refcnt, &vma->vm_lock_seq, seq))
			vms__vlock_batch_finish(&vma->vm_refcnt, &vma->vm_lock_seq);
	}
}

static void write_lock_vma(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	vms__vlock_start_write(&vma->vm_refcnt, &vma->vm_lock_seq,
			       atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
}

static bool try_write_lock_vma(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	return vms__vlock_try_write(&vma->vm_refcnt, &vma->vm_lock_seq,
				    atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
}

static void end_write_vma(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	vma_assert_write_locked(vma);
	vms__vlock_end_write(&vma->vm_lock_seq,
			     atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
}

static void write_enter(struct mm_struct *mm, unsigned long start, unsigned long end) VMS_NO_TSA
{
	(void)start;
	(void)end;
	mmap_write_lock(mm);
}

const struct vms__lock_ops vms__lock_vma = {
	.name = "mmap_lock and a lock in every VMA",
	.per_vma = true,
	.fault_enter = lock_vma,
	.fault_exit = end_read,
	.vma_write = write_lock_vma,
	.vma_try_write = try_write_lock_vma,
	.vma_end_write = end_write_vma,
	.vma_try_read = try_read_vma,
	.read_enter = mmap_read_lock,
	.read_exit = mmap_read_unlock,
	.write_enter = write_enter,
	.write_exit = mmap_write_unlock,
	.write_downgrade = mmap_write_downgrade,
};

/* ---- the public names ---- */

struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, unsigned long addr)
{
	return mm->engine->lock->fault_enter(mm, addr);
}

void vma_end_read(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mm->engine->lock->fault_exit(vma);
}

void vma_start_write(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mm->engine->lock->vma_write(vma);
}

bool vma_start_write_trylock(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	return mm->engine->lock->vma_try_write(vma);
}

void vma_end_write(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	mm->engine->lock->vma_end_write(vma);
}

bool vma_start_read(struct mm_struct *mm, struct vm_area_struct *vma)
{
	return mm->engine->lock->vma_try_read(mm, vma);
}

bool vma_start_read_trylock(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_locked(mm);
	return mm->engine->lock->vma_try_read(mm, vma);
}

void(vma_assert_write_locked)(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	/* A detached VMA counts as write-locked: no reader can lock it. */
	VMS_ASSERT(!mm->engine->lock->per_vma || !vms__vma_is_attached(vma) ||
		   atomic_load_explicit(&vma->vm_lock_seq, memory_order_relaxed) ==
			   atomic_load_explicit(&mm->mm_lock_seq, memory_order_relaxed));
	(void)mm;
}

void(vma_assert_locked)(const struct vm_area_struct *vma)
{
#ifdef VMS_DEBUG
	const struct mm_struct *mm = vma_mm(vma);

	if (!mm->engine->lock->per_vma ||
	    (!vms__vlock_readers(&vma->vm_refcnt) && !vms__bias_holds(&vma->vm_lock_seq)))
		mmap_assert_locked(mm);
#else
	(void)vma;
#endif
}
