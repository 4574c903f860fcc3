/* SPDX-License-Identifier: MIT */
/*
 * account.c - what an address space holds, in pages: the accounts that its
 * limits (limits.c) and its status (status.c) read.
 *
 * Locks: mmap_lock W to change an account, so that a load and a store lose
 * nothing; any thread may read one, relaxed. pinned_vm alone is changed without
 * a lock, and is checked and changed in one atomic step.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/*
 * Relaxed: a reader of an account learns nothing else from it. No
 * read-modify-write: mmap_lock keeps other writers out, and an mmap updates
 * several accounts, each of which would cost a locked instruction.
 */
static void add(_Atomic unsigned long *account, long pages)
{
	atomic_store_explicit(
		account, atomic_load_explicit(account, memory_order_relaxed) + (unsigned long)pages,
		memory_order_relaxed);
}

void vms__account_locked(struct mm_struct *mm, long pages)
{
	mmap_assert_write_locked(mm);
	add(&mm->locked_vm, pages);
}

void vms__account(struct mm_struct *mm, vm_flags_t flags, long pages)
{
	unsigned long total;

	mmap_assert_write_locked(mm);
	add(&mm->total_vm, pages);
	if (vms__is_stack(flags))
		add(&mm->stack_vm, pages);
	if (vms__is_exec(flags))
		add(&mm->exec_vm, pages);
	if (vms__is_data(flags))
		add(&mm->data_vm, pages);
	if (flags & VM_LOCKED)
		add(&mm->locked_vm, pages);
	/*
	 * The peak is noted whenever the account grows, because munmap() does
	 * not look at it.
	 */
	total = atomic_load_explicit(&mm->total_vm, memory_order_relaxed);
	if (total > atomic_load_explicit(&mm->hiwater_vm, memory_order_relaxed))
		atomic_store_explicit(&mm->hiwater_vm, total, memory_order_relaxed);
}

void vms__account_change(struct mm_struct *mm, vm_flags_t from, vm_flags_t to, long pages)
{
	mmap_assert_write_locked(mm);
	/*
	 * Only accounts that differ are written: total_vm stays, so a change of
	 * flags cannot raise its peak.
	 */
	if (vms__is_stack(from) != vms__is_stack(to))
		add(&mm->stack_vm, vms__is_stack(to) ? pages : -pages);
	if (vms__is_exec(from) != vms__is_exec(to))
		add(&mm->exec_vm, vms__is_exec(to) ? pages : -pages);
	if (vms__is_data(from) != vms__is_data(to))
		add(&mm->data_vm, vms__is_data(to) ? pages : -pages);
	if ((from ^ to) & VM_LOCKED)
		add(&mm->locked_vm, to & VM_LOCKED ? pages : -pages);
}

int vms_account_pinned_vm(struct mm_struct *mm, unsigned long pages, bool inc)
{
	unsigned long pinned, limit;

	/* All of these are relaxed: the count orders nothing. */
	if (!inc) {
		pinned = atomic_fetch_sub_explicit(&mm->pinned_vm, pages, memory_order_relaxed);
		VMS_ASSERT(pinned >= pages);
		(void)pinned;
		return 0;
	}
	/*
	 * Check and add in one atomic step, because no lock keeps two callers
	 * apart: both could pass the check and exceed the limit together.
	 */
	limit = vms_mm_limits(mm).memlock;
	pinned = atomic_load_explicit(&mm->pinned_vm, memory_order_relaxed);
	do {
		if (pinned + pages < pinned ||
		    (limit != VMS_NO_LIMIT && pinned + pages > limit >> PAGE_SHIFT))
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak_explicit(&mm->pinned_vm, &pinned, pinned + pages,
							memory_order_relaxed,
							memory_order_relaxed));
	return 0;
}
