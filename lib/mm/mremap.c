/* SPDX-License-Identifier: MIT */
/*
 * mremap.c - a mapping changes its length or its place, and keeps its pages.
 *
 *   shrink   unmaps the tail
 *   grow     in place if the range ends where its VMA ends and the room after
 *            it is free; it may join the VMA after that
 *   move     makes a VMA of the same kind at the new place (new, or a neighbour
 *            grown), moves the pages there, and unmaps the old place
 *
 * Private anonymous memory that was never written takes its new address as its
 * offset, and may merge there. Written memory keeps its offsets, because its
 * pages are found by them, and merges again only when it returns to its old
 * place.
 *
 * Source of rules and errors: mremap(2), and experiments on a running 6.18
 * kernel. Locks: takes mmap_lock W. Read next: merge.c, lib/page/move.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

#define KNOWN_FLAGS ((unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))

/*
 * The request, page aligned; and the range to be faulted in after the lock is
 * released, because the VMA is locked in memory.
 */
struct remap {
	struct mm_struct *mm;
	unsigned long addr, old_len, new_len, flags, new_addr;
	unsigned long populate, populate_len;
};

static bool overlaps(unsigned long a, unsigned long a_len, unsigned long b, unsigned long b_len)
{
	return a < b + b_len && b < a + a_len;
}

static int check_request(const struct remap *r)
{
	unsigned long task_size = r->mm->layout.task_size;

	if ((r->flags & ~KNOWN_FLAGS) || (r->addr & ~PAGE_MASK) || !r->new_len ||
	    r->new_len > task_size)
		return -EINVAL;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if ((r->new_addr & ~PAGE_MASK) || r->new_addr > task_size - r->new_len ||
	    !(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
		return -EINVAL;
	if (overlaps(r->addr, r->old_len, r->new_addr, r->new_len))
		return -EINVAL;
	/*
	 * The target may have to be cut out of the middle of one VMA, and the
	 * source out of another.
	 */
	return vms__map_count(r->mm) + 2 >= r->mm->limits.max_map_count - 3 ? -ENOMEM : 0;
}

/*
 * Whether @vma lets [addr, addr + old_len) become new_len long. The order of
 * the checks is Linux's, and decides which error the caller sees.
 */
static int check_vma(const struct remap *r, const struct vm_area_struct *vma, unsigned long addr,
		     unsigned long old_len, unsigned long new_len)
{
	pgoff_t pgoff = vma_pgoff(vma, addr);
	long more = (long)((new_len - old_len) >> PAGE_SHIFT);

	if (vma->vm_flags & VM_SEALED)
		return -EPERM;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && new_len <= old_len)
		return 0;
	/*
	 * An old length of 0 copies a shared mapping. Private memory has
	 * nothing that two mappings could share.
	 */
	if (!old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return -EINVAL;
	if ((old_len < new_len ? old_len : new_len) > vma->vm_end - addr)
		return -EFAULT;
	if (new_len <= old_len)
		return 0;
	if (vms__pgoff_wraps(pgoff, new_len >> PAGE_SHIFT))
		return -EINVAL;
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EFAULT;
	if (!vms__may_lock_more(r->mm, vma->vm_flags, more))
		return -EAGAIN;
	return vms__index_may_grow(r->mm) && vms__may_expand(r->mm, vma->vm_flags, more) ? 0
											 : -ENOMEM;
}

static unsigned long find_target(struct remap *r, const struct vm_area_struct *vma,
				 unsigned long addr, unsigned long len, unsigned long hint)
{
	unsigned long flags = ((r->flags & MREMAP_FIXED) ? MAP_FIXED : 0) |
			      ((vma->vm_flags & VM_MAYSHARE) ? MAP_SHARED : 0);

	return get_unmapped_area(r->mm, vma->vm_file, hint, len, vma_pgoff(vma, addr), flags);
}

/* ---- move ---- */

/*
 * @copied and @anon_vma let the copy join only neighbours that may share the
 * source's pages.
 */
static struct vms__merge copy_request(struct remap *r, struct vm_area_struct *vma,
				      unsigned long addr, unsigned long len, unsigned long target)
{
	bool fresh = vma_is_anonymous(vma) && !vma_anon_vma(vma);

	return (struct vms__merge){
		.mm = r->mm,
		.start = target,
		.end = target + len,
		.flags = vma->vm_flags,
		.pgoff = fresh ? target >> PAGE_SHIFT : vma_pgoff(vma, addr),
		.file = vma->vm_file,
		.vm_ops = vma->vm_ops,
		.anon_vma = vma_anon_vma(vma),
		.anon_name = vma->anon_name,
		.copied = vma,
	};
}

static int prepare_copy(struct vms__merge *m, struct vms__store *store)
{
	int err = vms__prepare_new_vma(m, store);

	if (err)
		return err;
	store->vma->vm_private_data = m->copied->vm_private_data;
	store->vma->anon_name = vms__anon_name_get(m->anon_name);
	if (!m->anon_vma)
		return 0;
	err = vms__anon_vma_clone(store->vma, m->copied);
	if (err) {
		vms__index_cancel(m->mm, store);
		vms__vma_discard(store->vma);
	}
	return err;
}

/*
 * Free the tables that a failed move had prepared. Tables that a neighbour uses
 * stay.
 */
static void forget_tables(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *prev = vms__prev_below(mm, start), *next = vms__find(mm, end);

	vms__free_pgtables(mm, start, end, prev ? prev->vm_end : 0, next ? next->vm_start : 0);
}

/*
 * Make the VMA at [target, target + new_len), with tables for the pages. It is
 * not accounted for yet. *@copy becomes it. Return: 0 or -errno, and then
 * nothing was made.
 */
static int make_copy(struct remap *r, struct vm_area_struct *vma, unsigned long addr,
		     unsigned long old_len, unsigned long new_len, unsigned long target,
		     struct vm_area_struct **copy)
{
	struct vms__merge m = copy_request(r, vma, addr, new_len, target);
	unsigned long moved = old_len < new_len ? old_len : new_len;
	struct vms__store fresh;
	struct vms__place place;
	int merged, err;

	/*
	 * Locked before its tables are counted: a fault under the VMA's own
	 * lock would bring in a page for which no table is prepared at the new
	 * place.
	 */
	vma_start_write(vma);
	err = vms__prepare_move(r->mm, addr, moved, target);
	if (err)
		goto out_tables;
	/* The target range is free: its neighbours are its start's. */
	vms__place_begin(&place);
	m.next = vms__around(r->mm, m.start, m.end, &place);
	m.prev = place.prev;
	m.place = &place;
	m.store = &fresh;
	merged = vms__merge_prepare(&m);
	err = merged < 0 ? merged : merged ? 0 : prepare_copy(&m, &fresh);
	if (err)
		goto out_tables;
	if (merged) {
		*copy = vms__merge_commit(&m);
	} else {
		/* The owner hears of the copy before a thread can find it. */
		if (m.vm_ops && m.vm_ops->open)
			m.vm_ops->open(fresh.vma);
		vms__vma_commit(r->mm, &fresh);
		vms__vma_link_file(fresh.vma);
		*copy = fresh.vma;
	}
	return 0;

out_tables:
	forget_tables(r->mm, target, target + new_len);
	return err;
}

/*
 * DONTUNMAP: the source stays mapped and empty, and is no longer locked in
 * memory. As on Linux, that holds for the rest of its VMA too. Linux 6.18 goes
 * on counting the memory that it unlocks so, which is a bug; here locked_vm
 * counts what is locked.
 */
static void leave_source(struct vm_area_struct *vma, const struct vm_area_struct *copy,
			 unsigned long addr, unsigned long len)
{
	struct mm_struct *mm = vma_mm(vma);

	vms__account(mm, vma->vm_flags, -(long)vma_pages(vma));
	vm_flags_clear(vma, VM_LOCKED_MASK);
	vms__account(mm, vma->vm_flags, (long)vma_pages(vma));
	/*
	 * A VMA that has moved whole has no pages of its own left, so it merges
	 * again like memory that was never touched.
	 */
	if (copy != vma && vma->vm_start == addr && vma->vm_end == addr + len)
		vms__anon_vma_unlink(vma);
}

/*
 * The owner is asked even if nothing will be cut (DONTUNMAP): it keeps one part
 * and gets another, like after a cut. It is asked before anything has changed.
 */
static int ask_to_split(struct vm_area_struct *vma, unsigned long addr, unsigned long len)
{
	int err = 0;

	if (!vma->vm_ops || !vma->vm_ops->may_split)
		return 0;
	if (vma->vm_start != addr)
		err = vms__hook_error(vma->vm_ops->may_split(vma, addr));
	if (!err && vma->vm_end != addr + len)
		err = vms__hook_error(vma->vm_ops->may_split(vma, addr + len));
	return err;
}

/*
 * Move the pages. The owner of the copy may then refuse it, and the pages move
 * back. The tables that this needs at both places exist, so neither way can
 * fail.
 */
static int move_content(struct vm_area_struct *vma, struct vm_area_struct *copy, unsigned long addr,
			unsigned long len, unsigned long target)
{
	int err;

	vma_start_write(vma);
	vms__move_pages(vma, addr, len, target);
	if (!vma->vm_ops || !vma->vm_ops->mremap)
		return 0;
	err = vms__hook_error(vma->vm_ops->mremap(copy));
	if (err)
		vms__move_pages(copy, target, len, addr);
	return err;
}

/*
 * Whether the copy may become one with the VMA that it is a copy of, because it
 * begins where that VMA ends, or the other way round. Written memory keeps its
 * offsets, which then do not continue each other. Memory that was never written
 * may join. If a written neighbour on the other side joins too, the whole VMA
 * takes that neighbour's anon_vma, including the parts before and after the
 * source. So the source must not be cut out before. The cut then comes last,
 * and if it fails, the source stays mapped and empty, as on Linux.
 */
static bool copy_may_join_source(const struct vm_area_struct *vma, unsigned long new_len,
				 unsigned long target)
{
	return vma_is_anonymous(vma) && !vma_anon_vma(vma) &&
	       (vma->vm_end == target || target + new_len == vma->vm_start);
}

/* @vma holds [addr, addr + old_len). Return: the new address, or -errno. */
static unsigned long move_vma(struct remap *r, struct vm_area_struct *vma, unsigned long addr,
			      unsigned long old_len, unsigned long new_len, unsigned long target)
{
	bool keep_source = r->flags & MREMAP_DONTUNMAP;
	struct vm_area_struct *copy = NULL;
	vm_flags_t flags;
	int err;

	/*
	 * A move may need three more VMAs: the copy, and one for each end of
	 * the source.
	 */
	if (vms__map_count(r->mm) >= r->mm->limits.max_map_count - 3)
		return -ENOMEM;
	err = ask_to_split(vma, addr, old_len);
	if (err)
		return err;
	/*
	 * Steps that may fail come first: cut the source out now, so that later
	 * it only has to be removed.
	 */
	if (!keep_source && old_len && !copy_may_join_source(vma, new_len, target)) {
		struct vms__place place;
		struct vms__range source = {
			.mm = r->mm, .start = addr, .end = addr + old_len, .place = &place};

		vms__place_begin(&place);
		err = vms__gather(&source);
		if (err)
			return err;
	}
	/* If @vma was cut, it is the part in the middle. */
	VMS_ASSERT(vma == vma_lookup(r->mm, addr));
	flags = vma->vm_flags;
	err = make_copy(r, vma, addr, old_len, new_len, target, &copy);
	if (err)
		return err;
	/* The copy may have grown out of the source itself, so look again. */
	vma = vma_lookup(r->mm, addr);
	err = move_content(vma, copy, addr, old_len < new_len ? old_len : new_len, target);
	if (err) {
		/* The unmap takes the copy off the accounts again. */
		vms__account(r->mm, flags, (long)(new_len >> PAGE_SHIFT));
		vms__unmap(r->mm, target, target + new_len, NULL);
		return err;
	}
	if (!keep_source && old_len)
		vms__unmap(r->mm, addr, addr + old_len, NULL);
	/*
	 * Only now: memory that moves must not count twice in between, or the
	 * peak (hiwater_vm) would show it.
	 */
	vms__account(r->mm, flags, (long)(new_len >> PAGE_SHIFT));
	if (keep_source)
		leave_source(vma, copy, addr, old_len);
	if ((flags & VM_LOCKED) && new_len > old_len) {
		r->populate = target + old_len;
		r->populate_len = new_len - old_len;
	}
	return target;
}

/*
 * MREMAP_FIXED or MREMAP_DONTUNMAP: move [addr, addr + old_len) to @target. As
 * on Linux, the target is unmapped first, and stays unmapped if a later step
 * fails.
 */
static unsigned long remap_to(struct remap *r, unsigned long addr, unsigned long old_len,
			      unsigned long new_len, unsigned long target)
{
	struct vm_area_struct *vma;
	int err;

	if (r->flags & MREMAP_FIXED) {
		err = do_munmap(r->mm, target, new_len);
		if (err)
			return err;
	}
	if (new_len < old_len) {
		err = do_munmap(r->mm, addr + new_len, old_len - new_len);
		if (err)
			return err;
		old_len = new_len;
	}
	/* Looked up only now, because the unmaps may have cut the VMA. */
	vma = vma_lookup(r->mm, addr);
	if (!vma)
		return -EFAULT;
	/*
	 * With DONTUNMAP the memory counts twice from now on, so the limits
	 * must allow it. RLIMIT_MEMLOCK is not checked, because the source is
	 * unlocked.
	 */
	if ((r->flags & MREMAP_DONTUNMAP) &&
	    (!vms__index_may_grow(r->mm) ||
	     !vms__may_expand(r->mm, vma->vm_flags, (long)(old_len >> PAGE_SHIFT))))
		return -ENOMEM;
	target = find_target(r, vma, addr, new_len, target);
	return IS_ERR_VALUE(target) ? target : move_vma(r, vma, addr, old_len, new_len, target);
}

/*
 * A private mapping of /dev/zero takes part in choosing its address, so Linux
 * moves it only by itself.
 */
static bool moves_alone(const struct vm_area_struct *vma)
{
	return vma->vm_file && vma_is_anonymous(vma);
}

/*
 * MREMAP_FIXED with equal lengths: move every VMA in the range, and keep the
 * gaps between them. Not atomic, as on Linux: after an error the VMAs before it
 * have moved.
 */
static unsigned long remap_all(struct remap *r)
{
	unsigned long end = r->addr + r->old_len, pos = r->addr, target = r->new_addr, last = 0,
		      result = -EFAULT;
	struct vm_area_struct *vma;

	for (bool first = true; pos < end && (vma = find_vma_intersection(r->mm, pos, end)) != NULL;
	     first = false) {
		/* Noted before the move, which may free @vma. */
		unsigned long start = vma->vm_start > r->addr ? vma->vm_start : r->addr,
			      vma_end = vma->vm_end, moved;
		unsigned long len = (vma_end < end ? vma_end : end) - start;
		int err;

		/*
		 * The range must begin in mapped memory; later gaps are
		 * allowed.
		 */
		if (first && start > r->addr)
			return -EFAULT;
		if (moves_alone(vma) && (!first || vma_end < end))
			return -EFAULT;
		if (!first)
			target += vma->vm_start - last;
		last = pos = vma_end;
		err = check_vma(r, vma, start, len, len);
		if (err)
			return err;
		moved = remap_to(r, start, len, len, target);
		if (IS_ERR_VALUE(moved))
			return moved;
		if (first)
			result = moved;
		target = moved + len;
	}
	return result;
}

/* ---- in place ---- */

/* No guard gap is kept to a stack above, as on Linux. */
static bool can_grow_in_place(struct mm_struct *mm, const struct vm_area_struct *vma,
			      const struct remap *r)
{
	unsigned long delta = r->new_len - r->old_len;

	return vma->vm_end - r->addr == r->old_len && mm->layout.task_size - vma->vm_end >= delta &&
	       !find_vma_intersection(mm, vma->vm_end, vma->vm_end + delta);
}

/*
 * The new room has @vma's attributes, its anon_vma included. So @vma, even a
 * fork's child, may also join the VMA after the room if that was never faulted,
 * as on Linux.
 */
static int grow_in_place(struct remap *r, struct vm_area_struct *vma)
{
	unsigned long delta = r->new_len - r->old_len;
	struct vms__store store;
	struct vms__merge m = {
		.mm = r->mm,
		.store = &store,
		.prev = vma,
		.next = vms_vma_after(vma),
		.start = vma->vm_end,
		.end = vma->vm_end + delta,
		.flags = vma->vm_flags,
		.pgoff = vma->vm_pgoff + vma_pages(vma),
		.file = vma->vm_file,
		.vm_ops = vma->vm_ops,
		.anon_vma = vma_anon_vma(vma),
		.anon_name = vma->anon_name,
	};
	int merged = vms__merge_prepare(&m);

	/* 0: @vma has flags that never merge, and so cannot grow. */
	if (merged <= 0)
		return -ENOMEM;
	vms__merge_commit(&m);
	vms__account(r->mm, m.flags, (long)(delta >> PAGE_SHIFT));
	if (m.flags & VM_LOCKED) {
		r->populate = m.start;
		r->populate_len = delta;
	}
	return 0;
}

static unsigned long remap_locked(struct remap *r)
{
	struct vm_area_struct *vma;
	unsigned long target;
	int err = check_request(r);

	if (err)
		return err;
	if ((r->flags & MREMAP_FIXED) && r->old_len == r->new_len && r->mm->rules.mremap_many)
		return remap_all(r);
	vma = vma_lookup(r->mm, r->addr);
	if (!vma)
		return -EFAULT;
	err = check_vma(r, vma, r->addr, r->old_len, r->new_len);
	if (err)
		return err;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(r, r->addr, r->old_len, r->new_len, r->new_addr);
	if (r->old_len == r->new_len)
		return r->addr;
	if (r->new_len < r->old_len) {
		err = do_munmap(r->mm, r->addr + r->new_len, r->old_len - r->new_len);
		return err ? (unsigned long)err : r->addr;
	}
	if (can_grow_in_place(r->mm, vma, r)) {
		err = grow_in_place(r, vma);
		return err ? (unsigned long)err : r->addr;
	}
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	target = find_target(r, vma, r->addr, r->new_len, 0);
	return IS_ERR_VALUE(target) ? target
				    : move_vma(r, vma, r->addr, r->old_len, r->new_len, target);
}

unsigned long vms_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			 unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
	struct remap r = {
		.mm = mm,
		.addr = addr,
		.old_len = PAGE_ALIGN(old_len),
		.new_len = PAGE_ALIGN(new_len),
		.flags = flags,
		.new_addr = new_addr,
	};
	unsigned long result;

	/* All of the mm, because placement may choose any range. */
	vms__write_enter(mm, 0, mm->layout.task_size);
	result = remap_locked(&r);
	vms__write_exit(mm);
	if (r.populate_len)
		(void)vms__populate(mm, r.populate, r.populate + r.populate_len, true);
	return result;
}
