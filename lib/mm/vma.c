/* SPDX-License-Identifier: MIT */
/*
 * vma.c - one VMA: its birth and death, its flags, its commit to the index, and
 * its split. merge.c joins two.
 *
 * VMAs come from a type-stable cache: their memory may be used for another VMA
 * at once, and stays a VMA's for ever. That is what lets a page fault try the
 * lock of a VMA that it found without any lock (lib/engine/lock_vma.c).
 *
 * Locks: mmap_lock W, except where a function says otherwise.
 */
#include <errno.h>
#include <string.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"
#include "lib/sync/list.h"
#include "lib/sync/objcache/objcache.h"

/* Three cache lines; a fault writes only the third (mm_types.h). */
_Static_assert(sizeof(struct vm_area_struct) == 3UL * VMS_CACHELINE, "a VMA has three cache lines");
_Static_assert(offsetof(struct vm_area_struct, vm_next) == VMS_CACHELINE &&
		       offsetof(struct vm_area_struct, vm_refcnt) == 2UL * VMS_CACHELINE,
	       "the lines of a VMA are what mm_types.h says");

VMS__OBJCACHE_DEFINE(vma_cache, "vm_area_struct", sizeof(struct vm_area_struct), VMS_CACHELINE,
		     VMS__OBJCACHE_TYPESAFE);

/*
 * Field by field, because a late reader may still load the words of the lock
 * and vm_mm of a recycled VMA, so these must never be written plainly.
 */
static void vma_init(struct vm_area_struct *vma, struct mm_struct *mm)
{
	vms__vma_lock_init(vma);
	/* Relaxed: published by the release in vms__vlock_attach(). */
	atomic_store_explicit(&vma->vm_mm, mm, memory_order_relaxed);
	vma->vm_next = vma->vm_prev = NULL;
	vma->rb_subtree_gap = 0;
	vma->vm_index_state = 0;
	vma->vm_i_mmap = vms__i_mmap_own_part();
	atomic_store_explicit(&vma->anon_vma, NULL, memory_order_relaxed);
	INIT_LIST_HEAD(&vma->anon_vma_chain);
	RB_CLEAR_NODE(&vma->shared.rb);
}

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = vms__objcache_alloc(&vma_cache);

	if (!vma)
		return NULL;
	vma_init(vma, mm);
	vma->vm_start = vma->vm_end = 0;
	vma->vm_flags = 0;
	vma->vm_page_prot = (pgprot_t){0}; /* vm_get_page_prot(0) */
	vma->vm_pgoff = 0;
	vma->vm_file = NULL;
	vma->vm_ops = NULL;
	vma->vm_private_data = NULL;
	vma->anon_name = NULL;
	return vma;
}

struct vm_area_struct *vm_area_dup(const struct vm_area_struct *orig)
{
	struct vm_area_struct *vma = vms__objcache_alloc(&vma_cache);

	if (!vma)
		return NULL;
	vma_init(vma, vma_mm(orig));
	vma->vm_start = orig->vm_start;
	vma->vm_end = orig->vm_end;
	vma->vm_flags = orig->vm_flags;
	vma->vm_page_prot = orig->vm_page_prot;
	vma->vm_pgoff = orig->vm_pgoff;
	vma->vm_file = orig->vm_file;
	vma->vm_ops = orig->vm_ops;
	vma->vm_private_data = orig->vm_private_data;
	vma->anon_name = vms__anon_name_get(orig->anon_name);
	/*
	 * The copy stands in the same part of i_mmap as the original, because a
	 * fork's child must come after its parent there (lib/page/i_mmap.h).
	 */
	vma->vm_i_mmap = orig->vm_i_mmap;
	return vma;
}

void vm_area_free(struct vm_area_struct *vma)
{
	VMS_ASSERT(!vms__vma_is_attached(vma));
	VMS_ASSERT(!vma->vm_index_state);
	vms__anon_name_put(vma->anon_name);
	vms__objcache_free(&vma_cache, vma);
}

void vms__vma_open(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma_mm(vma));
	if (vma->vm_file)
		get_file(vma->vm_file);
	if (vma->vm_ops && vma->vm_ops->open)
		vma->vm_ops->open(vma);
}

void vms__vma_close(struct vm_area_struct *vma)
{
	mmap_assert_locked(vma_mm(vma));
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	/* So that the owner is not told twice. */
	vma->vm_ops = NULL;
}

/*
 * No lock is needed after vms__vma_hide(), which has unlinked the anon_vma.
 * Otherwise the caller holds mmap_lock.
 */
void vms__vma_discard(struct vm_area_struct *vma)
{
	if (vma_anon_vma(vma))
		vms__anon_vma_unlink(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vm_area_free(vma);
}

/* ---- flags ---- */

void vm_flags_init(struct vm_area_struct *vma, vm_flags_t flags)
{
	VMS_ASSERT(!vms__vma_is_attached(vma));
	vma->vm_flags = flags;
	vma_set_page_prot(vma);
}

/*
 * The write lock first: a fault checks the flags under the VMA's lock, and must
 * not map a page by rights that are being taken away.
 */
void vm_flags_reset(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma_start_write(vma);
	vma_assert_write_locked(vma);
	vma->vm_flags = flags;
	vma_set_page_prot(vma);
}

void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vm_flags_reset(vma, vma->vm_flags | flags);
}

void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vm_flags_reset(vma, vma->vm_flags & ~flags);
}

void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vm_flags_reset(vma, (vma->vm_flags | set) & ~clear);
}

/* ---- commit and split ---- */

void vms__vma_commit(struct mm_struct *mm, struct vms__store *store)
{
	bool is_new = store->vma && !store->vma->vm_index_state;

	mmap_assert_write_locked(mm);
	/*
	 * A new VMA gets its lock word before the tree shows it. It starts
	 * write-locked: a fault that finds it waits on mmap_lock until the
	 * change is complete.
	 */
	if (is_new) {
		/*
		 * Only now, because it depends on the file and the owner's
		 * hooks.
		 */
		vma_set_page_prot(store->vma);
		vms__vma_mark_attached(store->vma);
		vms__map_count_add(mm, 1);
	}
	vms__index_commit(mm, store);
	/*
	 * The caller write-locked or retired them before it changed or zapped
	 * anything of theirs.
	 */
	for (struct vm_area_struct *vma = store->victims; vma; vma = vma->vm_next) {
		vms__vma_mark_detached(vma);
		vms__map_count_add(mm, -1);
	}
}

int insert_vm_struct(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vms__store store;

	mmap_assert_write_locked(mm);
	if (((vma->vm_start | vma->vm_end) & ~PAGE_MASK) || vma_mm(vma) != mm)
		return -EINVAL;
	if (vma->vm_file && vma->vm_start < vma->vm_end &&
	    vms__pgoff_wraps(vma->vm_pgoff, vma_pages(vma)))
		return -EINVAL;
	if (vma->vm_start >= vma->vm_end || vma->vm_end > mm->layout.task_size ||
	    find_vma_intersection(mm, vma->vm_start, vma->vm_end) || !vms__index_may_grow(mm))
		return -ENOMEM;
	vms__store_begin(&store, vma->vm_start, vma->vm_end, vma, NULL);
	if (vms__index_prepare(mm, &store))
		return -ENOMEM;
	/*
	 * As on Linux: private anonymous memory gets the offset that lets it
	 * merge.
	 */
	if (!vma->vm_file && !vma->vm_ops)
		vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	vms__vma_commit(mm, &store);
	vms__vma_link_file(vma);
	vms__account(mm, vma->vm_flags, (long)vma_pages(vma));
	return 0;
}

/*
 *        new_below                       otherwise
 *   |-------- vma --------|        |-------- vma --------|
 *   |-- new --|--- vma ---|        |--- vma ---|-- new --|
 *             addr                             addr
 */
int vms__split_vma(struct vm_area_struct *vma, unsigned long addr, bool new_below,
		   struct vm_area_struct **newp, struct vms__place *place)
{
	struct vm_area_struct *new;
	int err;

	mmap_assert_write_locked(vma_mm(vma));
	VMS_ASSERT(vma->vm_start < addr && addr < vma->vm_end);
	/* The owner may refuse only before anything has changed. */
	if (vma->vm_ops && vma->vm_ops->may_split) {
		err = vms__hook_error(vma->vm_ops->may_split(vma, addr));
		if (err)
			return err;
	}
	new = vm_area_dup(vma);
	if (!new)
		return -ENOMEM;
	if (new_below) {
		new->vm_end = addr;
	} else {
		new->vm_start = addr;
		new->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	}
	err = vms__split_into(vma, new, addr, new_below, place);
	if (err) {
		vm_area_free(new);
		return err;
	}
	if (newp)
		*newp = new;
	return 0;
}

int vms__split_into(struct vm_area_struct *vma, struct vm_area_struct *new, unsigned long addr,
		    bool new_below, struct vms__place *place)
{
	struct vms__rmap_change change = {.vma = {vma}};
	struct mm_struct *mm = vma_mm(vma);
	struct vms__store store;
	int err;

	mmap_assert_write_locked(mm);
	err = vms__anon_vma_clone(new, vma);
	if (err)
		return err;
	vms__store_begin(&store, new->vm_start, new->vm_end, new, place);
	/*
	 * No VMA leaves. That saves the index a search, if the VMA before is
	 * known.
	 */
	if (!new_below) {
		store.known = true;
		store.prev = vma;
	} else if (place && vms__place_is_good(mm, place) && place->vma == vma) {
		store.known = true;
		store.prev = place->prev;
	}
	err = vms__index_prepare(mm, &store);
	if (err) {
		vms__anon_vma_unlink(new);
		return err;
	}

	/*
	 * Nothing fails from here on. @new is linked to the reverse maps in the
	 * same step in which @vma's bounds change, so that a reverse-map walker
	 * finds each page in one of the two.
	 */
	vma_start_write(vma);
	vms__vma_open(new);
	vms__rmap_change_begin(&change);
	if (new_below) {
		vma->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
		vma->vm_start = addr;
	} else {
		vma->vm_end = addr;
	}
	change.vma[1] = new;
	vms__rmap_change_end(&change);
	vms__vma_commit(mm, &store);
	return 0;
}

/*
 *               |-------- vma --------|
 *   end cut     |---- vma ----|
 *                            low     high
 *   start cut           |---- vma ----|
 *              low     high
 *
 * The pages are unmapped before the bounds change, because a reverse-map walker
 * finds them by the bounds. The tables are freed afterwards, when no walker
 * comes to them any more.
 */
void vms__cut_commit(struct vms__store *store, struct vm_area_struct *vma, unsigned long floor,
		     unsigned long ceiling)
{
	struct vms__rmap_change change = {.vma = {vma}};
	unsigned long low = store->start, high = store->end;
	struct mm_struct *mm = vma_mm(vma);

	mmap_assert_write_locked(mm);
	VMS_ASSERT(low < high && (low == vma->vm_start) != (high == vma->vm_end));
	vma_start_write(vma);
	vms__zap_range(vma, low, high);
	vms__rmap_change_begin(&change);
	if (low == vma->vm_start) {
		vma->vm_pgoff += (high - low) >> PAGE_SHIFT;
		vma->vm_start = high;
	} else {
		vma->vm_end = low;
	}
	vms__rmap_change_end(&change);
	vms__vma_commit(mm, store);
	vms__free_pgtables(mm, low, high, floor, ceiling);
	vms__account(mm, vma->vm_flags, -(long)((high - low) >> PAGE_SHIFT));
}

int vms__split_vma_counted(struct vm_area_struct *vma, unsigned long addr, bool new_below,
			   struct vms__place *place)
{
	struct mm_struct *mm = vma_mm(vma);

	if (vms__map_count(mm) >= mm->limits.max_map_count)
		return -ENOMEM;
	return vms__split_vma(vma, addr, new_below, NULL, place);
}
