/* SPDX-License-Identifier: MIT */
/*
 * mprotect.c - new access rights for a range, VMA by VMA. As on Linux, the part
 * before the first hole or refusal keeps its new rights.
 *
 * Source: mprotect(2), and experiments on a running 6.18 kernel. Locks: takes
 * mmap_lock W. Read next: merge.c, lib/page/protect.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

#define PROT_ACCESS (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_GROWS ((unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP))
#define PROT_SEM_BIT 0x8UL

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
	       "access bits are the same bits");

/*
 * VM_ACCOUNT is not listed, but takes part in merging, so it must follow
 * Linux's rule. It is set with the first right to write, and cleared with that
 * right only while no page can have been dirtied.
 */
static vm_flags_t adjust_account(const struct vm_area_struct *vma, vm_flags_t flags)
{
	if (flags & VM_WRITE) {
		if (!(vma->vm_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)))
			flags |= VM_ACCOUNT;
	} else if ((vma->vm_flags & VM_ACCOUNT) && vma_is_anonymous(vma) && !vma_anon_vma(vma)) {
		flags &= ~VM_ACCOUNT;
	}
	return flags;
}

/*
 * Memory that was no data counts against RLIMIT_DATA once it may be written. If
 * its present flags are refused as well, it is data already, or RLIMIT_AS is
 * exceeded: nothing is added, so neither refuses the change.
 */
static bool may_become(const struct vm_area_struct *vma, vm_flags_t flags, long pages)
{
	struct mm_struct *mm = vma_mm(vma);

	return !(flags & VM_WRITE) || vms__may_expand(mm, flags, pages) ||
	       !vms__may_expand(mm, vma->vm_flags, pages);
}

/* The flags that mprotect() replaces. */
#define RIGHTS (VM_ACCESS_FLAGS | VM_PKEY_BIT0)

/*
 * [start, end) of *@vma gets @rights, a subset of RIGHTS; *@vma becomes the VMA
 * that holds it.
 */
static int protect_one(struct vms__place *place, struct vm_area_struct *prev,
		       struct vm_area_struct **vma, unsigned long start, unsigned long end,
		       vm_flags_t rights)
{
	struct vm_area_struct *v = *vma;
	vm_flags_t old = v->vm_flags, flags = (old & ~RIGHTS) | rights;
	int err;

	/* VM_MAYx is VM_x shifted by 4. */
	if ((flags & ~(flags >> 4)) & VM_ACCESS_FLAGS)
		return -EACCES;
	mmap_assert_write_locked(vma_mm(v));
	/*
	 * The order is Linux's: the owner is asked before the seal is looked
	 * at, and even if the rights do not change.
	 */
	if (v->vm_ops && v->vm_ops->mprotect) {
		err = vms__hook_error(v->vm_ops->mprotect(v, start, end, flags));
		if (err)
			return err;
	}
	if (old & VM_SEALED)
		return -EPERM;
	/* No change, so no merge is tried, as on Linux. */
	if (flags == old)
		return 0;
	if (!may_become(v, flags, (long)((end - start) >> PAGE_SHIFT)))
		return -ENOMEM;
	flags = adjust_account(v, flags);
	err = vms__vma_modify_flags(place, prev, v, start, end, flags, vma);
	if (err)
		return err;
	v = *vma;
	vms__account_change(vma_mm(v), old, flags, (long)((end - start) >> PAGE_SHIFT));
	/*
	 * After the flags: an entry must not keep a right that its VMA lost. A
	 * right that the VMA gained is given by the next fault.
	 */
	vms__change_protection(v, start, end);
	/*
	 * Locked private memory is faulted in as soon as it may be written. It
	 * then has pages, and an anon_vma, of its own, which shows in what the
	 * rest of the range merges with. The first page that cannot be had ends
	 * this; a later access gets the error.
	 */
	if ((old & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && (flags & VM_WRITE))
		(void)vms__populate_vma(v, start, end);
	return 0;
}

static int protect_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			 vm_flags_t rights, unsigned long grows)
{
	struct vm_area_struct *prev, *vma;
	struct vms__place place;
	int err;

	vms__place_begin(&place);
	vma = vms__around(mm, start, end, &place);
	prev = place.prev;
	if (!vma || vma->vm_start >= end)
		return -ENOMEM;
	/*
	 * PROT_GROWSDOWN extends the range down to the start of the stack,
	 * which the caller need not know.
	 */
	if (grows & PROT_GROWSDOWN) {
		start = vma->vm_start;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
	} else {
		if (vma->vm_start > start)
			return -ENOMEM;
		if (grows)
			return -EINVAL; /* PROT_GROWSUP: no VMA grows up here */
	}
	/* The range begins inside @vma: its first part comes before. */
	if (start > vma->vm_start)
		prev = vma;

	for (;;) {
		unsigned long piece_end = vma->vm_end < end ? vma->vm_end : end;

		if (piece_end < end)
			/*
			 * The range reaches into further VMAs: they share one
			 * fence.
			 */
			vms__vmas_unbias(vma, end);
		err = protect_one(&place, prev, &vma, start, piece_end, rights);
		if (err)
			return err;
		/*
		 * After a merge with the next VMA, this one may reach beyond
		 * the piece, with the same rights.
		 */
		start = vma->vm_end;
		if (start >= end)
			return 0;
		prev = vma;
		vma = vms_vma_after(vma);
		if (!vma || vma->vm_start != start)
			return -ENOMEM;
	}
}

int vms_mprotect(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned long prot)
{
	unsigned long grows = prot & PROT_GROWS, end;
	int err;

	prot &= ~PROT_GROWS;
	if (grows == PROT_GROWS || (start & ~PAGE_MASK))
		return -EINVAL;
	/* A length of 0 succeeds before @prot is checked, as on Linux. */
	if (!len)
		return 0;
	end = start + PAGE_ALIGN(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(PROT_ACCESS | PROT_SEM_BIT))
		return -EINVAL;
	vms__write_enter(mm, start, end);
	err = protect_range(mm, start, end, (prot & PROT_ACCESS) | vms__exec_only_key(mm, prot),
			    grows);
	vms__write_exit(mm);
	return err;
}
