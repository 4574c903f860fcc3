/* SPDX-License-Identifier: MIT */
/*
 * access.c - one word of another address space, as a debugger reads and writes it: through the page, brought in if need be; where the
 * memory is a device's (VM_IO, VM_PFNMAP), through its owner's access() hook.
 *
 * Locks: takes mmap_lock R, for the hook too.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* Locks: mmap_lock R. */
static int access_page(struct vm_area_struct *vma, unsigned long addr, unsigned long *word, bool write)
{
	if (!(vma->vm_flags & (write ? VM_WRITE : VM_ACCESS_FLAGS)))
		return -EFAULT;
	for (;;) {
		vm_fault_t fault = handle_mm_fault(vma, addr, write ? FAULT_FLAG_WRITE : 0);

		if (fault & (VM_FAULT_ERROR | VM_FAULT_RETRY))
			return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
		if (write ? vms__page_write(vma, addr, *word) : vms__page_read(vma, addr, word))
			return 0;
		/* The hook maps nothing here. */
		if (fault & VM_FAULT_NOPAGE)
			return -EFAULT;
	}
}

/* Locks: mmap_lock R. */
static int access_device(struct vm_area_struct *vma, unsigned long addr, unsigned long *word, bool write)
{
	int copied;

	mmap_assert_locked(vma_mm(vma));
	if (!vma->vm_ops || !vma->vm_ops->access)
		return -EFAULT;
	copied = vma->vm_ops->access(vma, addr, word, (int)sizeof(*word), write);
	if (copied < 0)
		return copied;
	return copied == (int)sizeof(*word) ? 0 : -EFAULT;
}

int vms_access_word(struct mm_struct *mm, unsigned long addr, unsigned long *word, bool write)
{
	struct vm_area_struct *vma;
	int err = -EFAULT;

	vms__read_enter(mm);
	vma = vma_lookup(mm, addr);
	if (vma && (vma->vm_flags & (VM_IO | VM_PFNMAP)))
		err = access_device(vma, addr, word, write);
	else if (vma)
		err = access_page(vma, addr, word, write);
	vms__read_exit(mm);
	return err;
}
