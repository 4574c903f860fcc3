/* SPDX-License-Identifier: MIT */
/*
 * access.c - one word of another address space, as a debugger reads and writes
 * it: through the page, which is faulted in if necessary; or, if the memory is
 * a device's (VM_IO, VM_PFNMAP), through its owner's access() hook.
 *
 * A protection key (VM_PKEY_BIT0) closes memory only to threads inside the
 * address space; from outside only the rights count.
 *
 * Source of the rules: ptrace(2), process_vm_readv(2), and experiments on a
 * running 6.18 kernel through /proc/self/mem and process_vm_readv().
 * Locks: takes mmap_lock R, for the hook too; dropped between two tries.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/* A request, and how often a hook has left it without a page. */
struct remote {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned long *word;
	bool write, force;
	unsigned int tries;
};

/*
 * FOLL_FORCE reads what the program could make readable. It writes only to
 * private memory, which then gets a copy: a write to shared memory would change
 * what others see, and the program never had that right.
 */
static bool may_access(const struct remote *r, vm_flags_t flags)
{
	if (r->write)
		return (flags & VM_WRITE) || (r->force && vms__is_cow(flags));
	return flags & (r->force ? VM_READ | VM_MAYREAD : VM_READ);
}

/*
 * The page is present, but another thread may take it away before the access.
 * All three look under the page table's lock, and return false then.
 */
static bool use_page(const struct remote *r, struct vm_area_struct *vma)
{
	if (!r->write)
		return vms__page_read(vma, r->addr, r->word);
	if (vma->vm_flags & VM_WRITE)
		return vms__page_write(vma, r->addr, *r->word);
	return vms__page_write_forced(vma, r->addr, *r->word);
}

/*
 * Return: 0, -EFAULT, -ENOMEM, or -EAGAIN: the access must be made again.
 * Locks: mmap_lock R.
 */
static int access_page(struct remote *r, struct vm_area_struct *vma)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (r->write ? FAULT_FLAG_WRITE : 0) |
			     (r->tries ? FAULT_FLAG_TRIED : 0);
	vm_fault_t fault;

	if (!may_access(r, vma->vm_flags))
		return -EFAULT;
	fault = handle_mm_fault(vma, r->addr, flags);
	if (fault & VM_FAULT_ERROR)
		return fault & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
	if (!(fault & VM_FAULT_RETRY) && use_page(r, vma))
		return 0;
	/*
	 * If another thread took the page away after the fault (fault is 0), no
	 * hook is to blame, so that try does not count.
	 */
	if (fault && !vms__try_again(&r->tries))
		return -EFAULT;
	return -EAGAIN;
}

/*
 * The hook reads into a word of this function, because the caller's word must
 * stay unchanged unless the whole read succeeds. Locks: mmap_lock R.
 */
static int access_device(const struct remote *r, struct vm_area_struct *vma)
{
	unsigned long word = *r->word;
	int copied;

	mmap_assert_locked(vma_mm(vma));
	if (!vma->vm_ops || !vma->vm_ops->access)
		return -EFAULT;
	copied = vma->vm_ops->access(vma, r->addr, &word, (int)sizeof(word), r->write);
	if (IS_ERR_VALUE((long)copied))
		return copied;
	if (copied != (int)sizeof(word))
		return -EFAULT;
	if (!r->write)
		*r->word = word;
	return 0;
}

/*
 * One try, under one hold of mmap_lock: a hook that has to be asked again may
 * wait for a writer of this address space. Return: like access_page().
 */
static int access_once(struct remote *r)
{
	struct vm_area_struct *vma;
	int err;

	vms__read_enter(r->mm);
	vma = vms__find(r->mm, r->addr);
	if (!vma || vma->vm_start > r->addr)
		vma = vms__expand_stack(r->mm, vma, r->addr);
	/* vms__expand_stack() has released mmap_lock if it returns NULL. */
	if (!vma)
		return -EFAULT;
	err = vma->vm_flags & (VM_IO | VM_PFNMAP) ? access_device(r, vma) : access_page(r, vma);
	vms__read_exit(r->mm);
	return err;
}

int vms_access_word(struct mm_struct *mm, unsigned long addr, unsigned long *word,
		    unsigned int gup_flags)
{
	struct remote r = {
		.mm = mm,
		.addr = addr,
		.word = word,
		.write = gup_flags & FOLL_WRITE,
		.force = gup_flags & FOLL_FORCE,
	};
	int err;

	if (gup_flags & ~(FOLL_WRITE | FOLL_FORCE))
		return -EINVAL;
	do {
		err = access_once(&r);
	} while (err == -EAGAIN);
	return err;
}
