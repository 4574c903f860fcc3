/* SPDX-License-Identifier: MIT */
/*
 * madvise.c - advice on a range: what a VMA is from now on, or what becomes of
 * its pages.
 *
 *   kind      what it does                         locks
 *   FLAGS     changes flags; splits and merges     mmap_lock W, VMA lock W
 *             like mprotect
 *   DROP      discards pages; no VMA changes       the VMA's own lock R, if
 *                                                  the engine has one and the
 *                                                  range lies in one VMA; else
 *                                                  mmap_lock R
 *   REMOVE    punches a hole into the mapped file  mmap_lock R
 *   GUARD     sets or removes guard pages; no VMA  mmap_lock W, VMA lock W
 *             splits
 *   POPULATE  faults in, and reports each error    mmap_lock R
 *             (populate.c)
 *
 * All kinds except POPULATE pass over holes and report them at the end. Any
 * other error ends them at once.
 *
 * Source: madvise(2), and experiments on a running 6.18 kernel.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

enum kind { UNKNOWN, FLAGS, DROP, REMOVE, GUARD, POPULATE };

static enum kind kind_of(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_SEQUENTIAL:
	case MADV_RANDOM:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return FLAGS;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_WILLNEED:
		return DROP;
	case MADV_REMOVE:
		return REMOVE;
	case MADV_GUARD_INSTALL:
	case MADV_GUARD_REMOVE:
		return GUARD;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return POPULATE;
	default:
		return UNKNOWN;
	}
}

/* Whether a kernel of @version knows the advice. */
static bool is_there(int advice, unsigned int version)
{
	switch (kind_of(advice)) {
	case UNKNOWN:
		return false;
	case POPULATE:
		return version >= VMS_KERNEL_VERSION(5, 14);
	case GUARD:
		return version >= VMS_KERNEL_VERSION(6, 13);
	default:
		return advice != MADV_DONTNEED_LOCKED || version >= VMS_KERNEL_VERSION(5, 18);
	}
}

/*
 * The flags of @vma after @advice. Return: 0; -EINVAL if the VMA does not take
 * that advice.
 */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	vm_flags_t f = vma->vm_flags;

	switch (advice) {
	case MADV_NORMAL:
		f &= ~(VM_RAND_READ | VM_SEQ_READ);
		break;
	case MADV_SEQUENTIAL:
		f = (f & ~VM_RAND_READ) | VM_SEQ_READ;
		break;
	case MADV_RANDOM:
		f = (f & ~VM_SEQ_READ) | VM_RAND_READ;
		break;
	case MADV_DONTFORK:
		f |= VM_DONTCOPY;
		break;
	case MADV_DOFORK:
		/* A driver decides whether its device's memory is inherited. */
		if (f & VM_IO)
			return -EINVAL;
		f &= ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		/* Only private pages can be absent in the child alone. */
		if (vma->vm_file || (f & VM_SHARED))
			return -EINVAL;
		f |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
		/* Droppable memory is always wiped on fork. */
		if (f & VM_DROPPABLE)
			return -EINVAL;
		f &= ~VM_WIPEONFORK;
		break;
	case MADV_DONTDUMP:
		f |= VM_DONTDUMP;
		break;
	case MADV_DODUMP:
		if ((f & VM_SPECIAL) || (f & VM_DROPPABLE))
			return -EINVAL;
		f &= ~VM_DONTDUMP;
		break;
	case MADV_MERGEABLE:
		/* As on Linux, memory that KSM cannot use succeeds silently. */
		if (!(f & (VM_SHARED | VM_MAYSHARE | VM_DROPPABLE | VM_SPECIAL)))
			f |= VM_MERGEABLE;
		break;
	case MADV_UNMERGEABLE:
		f &= ~VM_MERGEABLE;
		break;
	case MADV_HUGEPAGE:
		f = (f & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		break;
	case MADV_NOHUGEPAGE:
		f = (f & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		break;
	default:
		return -EINVAL;
	}
	*flags = f;
	return 0;
}

/*
 * A seal protects the content of private memory that its owner may not write,
 * because the owner could not restore it. Where it may be written, discarding
 * gains an attacker nothing: the same data can be overwritten.
 */
static bool sealed_against(const struct vm_area_struct *vma, int advice)
{
	bool discards = advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED ||
			advice == MADV_FREE || advice == MADV_REMOVE || advice == MADV_DONTFORK ||
			advice == MADV_WIPEONFORK || advice == MADV_GUARD_INSTALL;

	return (vma->vm_flags & VM_SEALED) && discards && vma_is_anonymous(vma) &&
	       !(vma->vm_flags & VM_WRITE);
}

/* Locks: mmap_lock R, or the VMA's lock R. */
static int drop_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      int advice)
{
	vma_assert_locked(vma);
	/* The seal comes before every other refusal, as on Linux. */
	if (sealed_against(vma, advice))
		return -EPERM;
	if (advice == MADV_WILLNEED)
		return 0;
	if ((vma->vm_flags & VM_PFNMAP) ||
	    ((vma->vm_flags & VM_LOCKED) && advice != MADV_DONTNEED_LOCKED))
		return -EINVAL;
	if (advice == MADV_FREE && !vma_is_anonymous(vma))
		return -EINVAL;
	/*
	 * FREE, COLD and PAGEOUT only permit the system to drop the pages.
	 * There is no memory pressure here, so the pages stay.
	 */
	if (advice == MADV_DONTNEED || advice == MADV_DONTNEED_LOCKED) {
		vms__discard_range(vma, start, end);
		if (vma_mm(vma)->rules.vacate_tables)
			vms__vacate_tables(vma, start, end);
	}
	return 0;
}

/*
 * Remove the file's own pages, and so those of all its mappings; private copies
 * stay. mmap_lock keeps the VMA, and its reference of the file, while that
 * waits for other truncations of the file. Locks: mmap_lock R.
 */
static int remove_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	unsigned long offset = (vma->vm_pgoff << PAGE_SHIFT) + (start - vma->vm_start);

	mmap_assert_locked(vma_mm(vma));
	if (sealed_against(vma, MADV_REMOVE))
		return -EPERM;
	if ((vma->vm_flags & VM_LOCKED) || !vma->vm_file)
		return -EINVAL;
	/*
	 * Only a mapping through which the file may be written may punch holes
	 * into it.
	 */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	return vms_file_punch_hole(vma->vm_file->f_mapping, offset, end - start);
}

/*
 * The VMA keeps its range, and is marked as one that may hold guard pages. If
 * its pages are its own, it gets an anon_vma, as if it had been written to.
 * Locks: mmap_lock W. Return: 0 or -errno; on errors no page has changed.
 */
static int install_guards(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	bool flag = vma_mm(vma)->rules.guard_flag;
	struct vms__guard_room *room;

	if (vma->vm_flags & VM_LOCKED)
		return -EINVAL;
	vma_start_write(vma);
	/*
	 * The tables are prepared under the VMA's write lock: a fault could
	 * otherwise add tables, or fill them, before the marks are set.
	 */
	room = vms__guard_prepare(vma, start, end);
	if (!room)
		return -ENOMEM;
	/*
	 * The last step that may fail, because an anon_vma stays and shows in
	 * merges.
	 */
	if ((vma_is_anonymous(vma) || !flag) && vms__anon_vma_prepare(vma)) {
		vms__guard_cancel(room);
		return -ENOMEM;
	}
	if (flag)
		vm_flags_set(vma, VM_MAYBE_GUARD);
	vms__guard_install(vma, start, end, room);
	return 0;
}

/* Locks: mmap_lock W. */
static int change_guards(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 int advice)
{
	if (sealed_against(vma, advice))
		return -EPERM;
	if ((vma->vm_flags & (VM_SPECIAL | VM_HUGETLB)) ||
	    (!vma_is_anonymous(vma) &&
	     vma_mm(vma)->rules.kernel_version < VMS_KERNEL_VERSION(6, 15)))
		return -EINVAL;
	if (advice == MADV_GUARD_INSTALL)
		return install_guards(vma, start, end);
	vma_start_write(vma);
	vms__guard_remove(vma, start, end);
	return 0;
}

/*
 * Apply advice that changes flags. *@vma becomes the VMA that holds [start,
 * end). Linux reports a lack of memory here as -EAGAIN, because -ENOMEM says
 * that there is a hole. Locks: mmap_lock W.
 */
static int change_flags(struct vm_area_struct *prev, struct vm_area_struct **vma,
			unsigned long start, unsigned long end, int advice)
{
	vm_flags_t flags;
	int err;

	if (sealed_against(*vma, advice))
		return -EPERM;
	err = advised_flags(*vma, advice, &flags);
	if (err || flags == (*vma)->vm_flags)
		return err;
	err = vms__vma_modify_flags(NULL, prev, *vma, start, end, flags, vma);
	return err == -ENOMEM ? -EAGAIN : err;
}

static int advise_piece(struct vm_area_struct *prev, struct vm_area_struct **vma,
			unsigned long start, unsigned long end, int advice)
{
	switch (kind_of(advice)) {
	case DROP:
		return drop_pages(*vma, start, end, advice);
	case REMOVE:
		return remove_pages(*vma, start, end);
	case GUARD:
		return change_guards(*vma, start, end, advice);
	default:
		return change_flags(prev, vma, start, end, advice);
	}
}

static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *prev, *vma = find_vma_prev(mm, start, &prev);
	int unmapped = 0;

	/* The range begins inside @vma: its first part comes before. */
	if (vma && start > vma->vm_start)
		prev = vma;
	while (vma) {
		unsigned long piece_end = vma->vm_end < end ? vma->vm_end : end;
		int err;

		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
			if (start >= end)
				return unmapped;
			piece_end = vma->vm_end < end ? vma->vm_end : end;
		}
		err = advise_piece(prev, &vma, start, piece_end, advice);
		if (err)
			return err;
		/*
		 * A merge with the next VMA may have taken the piece into a
		 * longer VMA, and all of that has the advice already.
		 */
		start = vma->vm_end > piece_end ? vma->vm_end : piece_end;
		if (start >= end)
			return unmapped;
		prev = vma;
		vma = vms_vma_after(vma);
	}
	return -ENOMEM;
}

/*
 * Drop the pages under the VMA's own lock, if the range lies in one VMA, so
 * that the call meets no writer of other VMAs. *@err: the call's result.
 * Return: whether that was possible; if not, nothing has changed.
 */
static bool drop_under_vma_lock(struct mm_struct *mm, unsigned long start, unsigned long end,
				int advice, int *err)
{
	struct vm_area_struct *vma = mm->engine->lock->fault_enter(mm, start);
	bool done = vma && end <= vma->vm_end;

	if (!vma)
		return false;
	if (done)
		*err = drop_pages(vma, start, end, advice);
	mm->engine->lock->fault_exit(vma);
	return done;
}

/*
 * Dropping pages changes no VMA, so mmap_lock for writing is not needed. Faults
 * go on meanwhile, and may bring a page back at once, as on Linux.
 */
static int drop_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	int err;

	if (kind_of(advice) == DROP && drop_under_vma_lock(mm, start, end, advice, &err))
		return err;
	vms__read_enter(mm);
	err = advise_range(mm, start, end, advice);
	vms__read_exit(mm);
	return err;
}

int vms_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice)
{
	unsigned long end = start + PAGE_ALIGN(len);
	enum kind kind = kind_of(advice);
	int err;

	/*
	 * The advice is checked before the range, and a length of 0 succeeds
	 * only after both: programs probe with it whether the kernel knows an
	 * advice.
	 */
	if (!is_there(advice, mm->rules.kernel_version) || (start & ~PAGE_MASK) || end < start ||
	    (len && !PAGE_ALIGN(len)))
		return -EINVAL;
	if (end == start)
		return 0;
	if (kind == POPULATE)
		return vms__populate_for(mm, start, end, advice == MADV_POPULATE_WRITE);
	if (kind == DROP || kind == REMOVE)
		return drop_range(mm, start, end, advice);
	vms__write_enter(mm, start, end);
	err = advise_range(mm, start, end, advice);
	vms__write_exit(mm);
	return err;
}
