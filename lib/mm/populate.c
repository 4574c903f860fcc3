/* SPDX-License-Identifier: MIT */
/*
 * populate.c - faulting a range in before any thread touches it: memory that is
 * locked, MAP_POPULATE, MADV_POPULATE_READ and _WRITE.
 *
 * Memory is faulted in as its VMA says: private memory that may be written gets
 * pages of its own at once, all other memory is read. Memory that is locked
 * page by page at its first access (VM_LOCKONFAULT) is left alone, except for
 * MADV_POPULATE_*. Memory that a protection key closes cannot be faulted in,
 * even if its pages are present, because Linux checks the key here like an
 * access does.
 *
 * Locks: mmap_lock R, held over the whole range, but dropped where a hook has
 * to be asked again. No stack grows here. Read next: lib/page/handle_fault.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/* The rest of a range: [addr, end) is still to be faulted in. */
struct populate {
	unsigned long addr, end;
	unsigned int tries; /* of the hook that has left addr without a page */
};

/*
 * Return: 0; -EFAULT; -ENOMEM; -EAGAIN: the caller must try again. Locks:
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
	/* After VM_FAULT_NOPAGE the page may be mapped. */
	if (!(fault & VM_FAULT_RETRY) &&
	    vms__page_allows(vma, p->addr, fault_flags & FAULT_FLAG_WRITE))
		return 0;
	return vms__try_again(&p->tries) ? -EAGAIN : -EFAULT;
}

/*
 * Fault in [p->addr, end) of @vma for an access that its rights allow. Return:
 * like fault_in_page(), for the page at p->addr.
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

/*
 * Populate [p->addr, end) of @vma as its flags want it. Shared memory is only
 * read: a write would mark every page of the file dirty.
 */
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

/* The caller's lock is held between the tries, too, so the VMA stays. */
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
		/* A device's memory has no pages to be faulted in. */
		if (!(vma->vm_flags & (VM_IO | VM_PFNMAP)))
			err = populate_piece(p, vma, vma->vm_end < p->end ? vma->vm_end : p->end);
		/*
		 * -EAGAIN always leaves: the caller drops mmap_lock, so that a
		 * hook's owner can change the address space, and looks for
		 * p->addr anew.
		 */
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
		/*
		 * fault_in() has moved p->addr to the end of this VMA. The
		 * loop's condition then finds a hole.
		 */
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
