/* SPDX-License-Identifier: MIT */
/*
 * populate.c - faulting a range in before anyone touches it: what is locked in
 * memory, MAP_POPULATE, MADV_POPULATE_READ and _WRITE.
 *
 * Memory is faulted in the way its VMA says: private memory that may be written
 * gets pages of its own at once, all else is read. Memory that is locked page
 * by page as it is touched (VM_LOCKONFAULT) is left alone, whoever asks. Memory
 * that a protection key closes cannot be faulted in, even where its pages are
 * present: Linux looks at the key as a touch does.
 *
 * Locks: mmap_lock R, held over the whole range, but dropped where a hook has
 * to be asked again. No stack grows on this way. Read next:
 * lib/page/handle_fault.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/* [addr, end) is left to do. */
struct populate {
	unsigned long addr, end;
	unsigned int tries; /* of the hook that has left addr without a page */
};

/*
 * Return: 0; -EFAULT; -ENOMEM; -EAGAIN: to be faulted in again. Locks:
 * mmap_lock.
 */
static int fault_in_page(struct populate *p, struct vm_area_struct *vma, unsigned int fault_flags)
{
	vm_fault_t fault =
		handle_mm_fault(vma, p->addr, fault_flags | (p->tries ? FAULT_FLAG_TRIED : 0));

	if (likely(!fault))
		return 0;
	if (fault & VM_FAULT_ERROR)
		return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
	/* After VM_FAULT_NOPAGE the page may be there. */
	if (!(fault & VM_FAULT_RETRY) &&
	    vms__page_allows(vma, p->addr, fault_flags & FAULT_FLAG_WRITE))
		return 0;
	return vms__try_again(&p->tries) ? -EAGAIN : -EFAULT;
}

/*
 * Fault in [p->addr, end) of @vma for an access that its rights allow. Return:
 * as fault_in_page(), of the page at p->addr.
 */
static int fault_in(struct populate *p, struct vm_area_struct *vma, unsigned long end,
		    unsigned int fault_flags)
{
	int err;

	for (; p->addr < end; p->addr += PAGE_SIZE) {
		err = fault_in_page(p, vma, fault_flags);
		if (unlikely(err))
			return err;
		p->tries = 0;
	}
	return 0;
}

/* Populates as the flags of @vma want it. */
static int populate_piece(struct populate *p, struct vm_area_struct *vma, unsigned long end)
{
	mmap_assert_locked(vma_mm(vma));
	VMS_ASSERT(vma->vm_start <= p->addr && end <= vma->vm_end);
	if (vma->vm_flags & VM_LOCKONFAULT)
		return 0;
	if (!(vma->vm_flags & VM_ACCESS_FLAGS) || (vma->vm_flags & VM_PKEY_BIT0))
		return -EFAULT;
	return fault_in(p, vma, end,
			(vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? FAULT_FLAG_WRITE
									     : 0);
}

int vms__populate_vma(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct populate p = {.addr = start, .end = end};
	int err;

	do {
		err = populate_piece(&p, vma, end);
	} while (err == -EAGAIN);
	return err;
}

static int populate_range(struct populate *p, struct mm_struct *mm, bool ignore_errors)
{
	for (struct vm_area_struct *vma = vms__find(mm, p->addr); vma && vma->vm_start < p->end;
	     vma = vms_vma_after(vma)) {
		int err = 0;

		if (vma->vm_start > p->addr)
			p->addr = vma->vm_start;
		/* A device's memory has nothing to be faulted in. */
		if (!(vma->vm_flags & (VM_IO | VM_PFNMAP)))
			err = populate_piece(p, vma, vma->vm_end < p->end ? vma->vm_end : p->end);
		if (err == -EAGAIN || (err && !ignore_errors))
			return err;
		p->addr = vma->vm_end;
		p->tries = 0;
	}
	return 0;
}

int vms__populate(struct mm_struct *mm, unsigned long start, unsigned long end, bool ignore_errors)
{
	struct populate p = {.addr = start, .end = end};
	int err;

	do {
		vms__read_enter(mm);
		err = populate_range(&p, mm, ignore_errors);
		vms__read_exit(mm);
	} while (err == -EAGAIN);
	return err;
}

static int populate_all_for(struct populate *p, struct mm_struct *mm, bool write)
{
	struct vm_area_struct *vma = vms__find(mm, p->addr);

	for (; vma && vma->vm_start <= p->addr; vma = vms_vma_after(vma)) {
		int err;

		if ((vma->vm_flags & (VM_IO | VM_PFNMAP)) ||
		    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
			return -EINVAL;
		err = fault_in(p, vma, vma->vm_end < p->end ? vma->vm_end : p->end,
			       write ? FAULT_FLAG_WRITE : 0);
		if (err || p->addr >= p->end)
			return err;
	}
	return -ENOMEM;
}

int vms__populate_for(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	struct populate p = {.addr = start, .end = end};
	int err;

	do {
		vms__read_enter(mm);
		err = populate_all_for(&p, mm, write);
		vms__read_exit(mm);
	} while (err == -EAGAIN);
	return err;
}
