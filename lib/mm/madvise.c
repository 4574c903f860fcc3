/* SPDX-License-Identifier: MIT */
/*
 * madvise.c - advice that changes flags (split and merge as mprotect does), and advice that drops pages.
 *
 * Dropping pages changes no VMA: it runs under the one VMA's own lock where the engine has such a lock and the range lies in one VMA,
 * else under mmap_lock for reading. Holes are passed over, and reported at the end.
 *
 * Source: madvise(2), and experiments on a running 6.18 kernel.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

static bool drops_pages(int advice)
{
	return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_COLD || advice == MADV_PAGEOUT ||
	       advice == MADV_WILLNEED;
}

/* The flags of @vma after @advice. Return: 0, or -EINVAL where the VMA does not take it. */
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
		if (f & VM_SPECIAL)
			return -EINVAL;
		f &= ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		if (vma->vm_file || (f & VM_SHARED))
			return -EINVAL;
		f |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
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

static bool is_known(int advice)
{
	static const int known[] = {MADV_NORMAL,      MADV_SEQUENTIAL, MADV_RANDOM,    MADV_DONTFORK, MADV_DOFORK,
				    MADV_WIPEONFORK,  MADV_KEEPONFORK, MADV_DONTDUMP,  MADV_DODUMP,   MADV_MERGEABLE,
				    MADV_UNMERGEABLE, MADV_HUGEPAGE,   MADV_NOHUGEPAGE};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == advice)
			return true;
	return drops_pages(advice);
}

static bool sealed_against(const struct vm_area_struct *vma, int advice)
{
	bool discards = advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_DONTFORK || advice == MADV_WIPEONFORK;

	return (vma->vm_flags & VM_SEALED) && discards && vma_is_anonymous(vma) && !(vma->vm_flags & VM_WRITE);
}

/* Locks: mmap_lock R, or the VMA's lock R. */
static int drop_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end, int advice)
{
	vma_assert_locked(vma);
	if (sealed_against(vma, advice))
		return -EPERM;
	if (advice == MADV_WILLNEED)
		return 0;
	if (vma->vm_flags & VM_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && !vma_is_anonymous(vma))
		return -EINVAL;
	/* FREE, COLD and PAGEOUT only allow the pages to go; without memory pressure they stay. */
	if (advice == MADV_DONTNEED)
		vms__zap_range(vma, start, end);
	return 0;
}

/* *@vma becomes the VMA that holds [start, end). Locks: mmap_lock W. */
static int change_flags(struct vm_area_struct *prev, struct vm_area_struct **vma, unsigned long start, unsigned long end,
			int advice)
{
	vm_flags_t flags;
	int err;

	if (sealed_against(*vma, advice))
		return -EPERM;
	err = advised_flags(*vma, advice, &flags);
	if (err || flags == (*vma)->vm_flags)
		return err;
	err = vms__vma_modify_flags(prev, *vma, start, end, flags, vma);
	return err == -ENOMEM ? -EAGAIN : err;
}

static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice)
{
	struct vm_area_struct *prev, *vma = find_vma_prev(mm, start, &prev);
	int unmapped = 0;

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
		if (drops_pages(advice))
			err = drop_pages(vma, start, piece_end, advice);
		else
			err = change_flags(prev, &vma, start, piece_end, advice);
		if (err)
			return err;
		start = vma->vm_end > piece_end ? vma->vm_end : piece_end;
		if (start >= end)
			return unmapped;
		prev = vma;
		vma = vms_vma_next(vma);
	}
	return -ENOMEM;
}

/* All in one VMA, under that VMA's lock. Return: whether it could be done so; then *@err. */
static bool drop_under_vma_lock(struct mm_struct *mm, unsigned long start, unsigned long end, int advice, int *err)
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

int vms_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice)
{
	unsigned long end = start + PAGE_ALIGN(len);
	int err;

	if (!is_known(advice) || (start & ~PAGE_MASK) || end < start || (len && !PAGE_ALIGN(len)))
		return -EINVAL;
	if (end == start)
		return 0;
	if (drops_pages(advice)) {
		if (drop_under_vma_lock(mm, start, end, advice, &err))
			return err;
		vms__read_enter(mm);
		err = advise_range(mm, start, end, advice);
		vms__read_exit(mm);
		return err;
	}
	vms__write_enter(mm, start, end);
	err = advise_range(mm, start, end, advice);
	vms__write_exit(mm);
	return err;
}
