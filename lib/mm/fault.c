/* SPDX-License-Identifier: MIT */
/*
 * fault.c - a page fault from its address to its result: find the VMA, check
 * the right, let lib/page make the page present. The fault tries up to three
 * ways:
 *
 *   1. Under the VMA's own lock, found without mmap_lock (engine maple-vma; on
 *      other engines this finds nothing). A fault that makes the VMA's first
 *      anon_vma must look at the neighbours, and also tries to take mmap_lock
 *      for that long.
 *   2. Under mmap_lock for reading, if a writer was changing the VMA, if there
 *      is no VMA, or if that try failed.
 *   3. Under mmap_lock for writing, downgraded at once, if a stack grows.
 *
 * Progress: the first way never waits for a writer; the second waits as
 * mmap_lock does. An access that an embedder's hook leaves without a page
 * begins again, with no lock held in between, VMS_FAULT_TRIES times at most.
 *
 * Read next: lib/engine/lock_vma.c, lib/page/handle_fault.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"
#include "lib/sync/pcounter.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * What to do with the present page before the VMA's lock is dropped: afterwards
 * the page may be unmapped at any time. Return: false: the page is unmapped
 * already, and the access must fault once more.
 */
typedef bool (*page_use_fn)(struct vm_area_struct *vma, unsigned long addr, unsigned long *word);

struct access {
	struct mm_struct *mm;
	unsigned long addr;
	unsigned int flags; /* FAULT_FLAG_* */
	page_use_fn use;    /* or NULL */
	unsigned long *word;
};

/*
 * DONE: the result is set. AGAIN: another thread has taken the page away.
 * ASK_AGAIN: a hook has not brought the page. NEEDS_MMAP_LOCK: a hook, or the
 * VMA's first anon_vma, needs mmap_lock.
 */
enum outcome { DONE, AGAIN, ASK_AGAIN, NEEDS_MMAP_LOCK };

static bool access_allowed(const struct vm_area_struct *vma, unsigned int flags)
{
	/* The key outweighs a right that vm_flags_set() has added. */
	if (flags & FAULT_FLAG_WRITE)
		return (vma->vm_flags & (VM_WRITE | VM_PKEY_BIT0)) == VM_WRITE;
	if (flags & FAULT_FLAG_INSTRUCTION)
		return vma->vm_flags & VM_EXEC;
	/*
	 * x86 has no page that may be written or executed but not read, but a
	 * protection key closes one to both. VM_PKEY_BIT0 is larger than all
	 * access flags together, so one comparison finds both a VMA without
	 * rights and one with the key.
	 */
	return (vma->vm_flags & (VM_ACCESS_FLAGS | VM_PKEY_BIT0)) - 1 < VM_ACCESS_FLAGS;
}

/*
 * Why an access was refused. The key is reported before a missing right: every
 * access to such memory, except to execute it, meets the key.
 */
static enum vms_fault_result refusal(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_PKEY_BIT0 ? VMS_SEGV_PKUERR : VMS_SEGV_ACCERR;
}

static enum vms_fault_result to_result(vm_fault_t fault)
{
	if (likely(!(fault & VM_FAULT_ERROR)))
		return VMS_FAULT_OK;
	if (fault & VM_FAULT_OOM)
		return VMS_FAULT_OOM;
	return (fault & VM_FAULT_SIGBUS) ? VMS_SIGBUS : VMS_SEGV_MAPERR;
}

/*
 * @lock_flag: FAULT_FLAG_VMA_LOCK if only @vma's lock is held, else 0.
 * Locks: @vma's lock or mmap_lock, for reading.
 */
static ALWAYS_INLINE enum outcome fault_in_vma(const struct access *a, struct vm_area_struct *vma,
					       unsigned int lock_flag,
					       enum vms_fault_result *result)
{
	vm_fault_t fault;

	vma_assert_locked(vma);
	/*
	 * The flags are stable under either lock: a writer that changes them
	 * holds both for writing.
	 */
	if (unlikely(!access_allowed(vma, a->flags))) {
		*result = refusal(vma);
		return DONE;
	}
	fault = handle_mm_fault(vma, a->addr, a->flags | lock_flag);
	if (unlikely(fault & VM_FAULT_RETRY))
		/*
		 * Under mmap_lock only a hook that is not ready answers RETRY,
		 * so the access must ask it once more.
		 */
		return lock_flag ? NEEDS_MMAP_LOCK : ASK_AGAIN;
	*result = to_result(fault);
	if (*result != VMS_FAULT_OK)
		return DONE;
	/*
	 * After VM_FAULT_NOPAGE the page may be mapped, or mapped only for
	 * reading, or not mapped at all. Only the access itself, or a look at
	 * the entry, tells.
	 */
	if (a->use ? a->use(vma, a->addr, a->word)
		   : likely(!(fault & VM_FAULT_NOPAGE)) ||
			     vms__page_allows(vma, a->addr, a->flags & FAULT_FLAG_WRITE))
		return DONE;
	return fault & VM_FAULT_NOPAGE ? ASK_AGAIN : AGAIN;
}

/*
 * The second and the third way. The VMA is looked up anew: the one that the
 * first way found, if any, may have been changed or freed since its lock was
 * dropped.
 *
 * The access is passed by value, and the function is not inlined, so that the
 * first way can keep the fields of the access in registers.
 */
static __attribute__((noinline)) enum outcome fault_under_mmap_lock(struct access access,
								    enum vms_fault_result *result)
{
	const struct access *a = &access;
	struct vm_area_struct *vma;
	enum outcome outcome;

	vms__read_enter(a->mm);
	vma = vms__find(a->mm, a->addr);
	if (unlikely(!vma || vma->vm_start > a->addr))
		vma = vms__expand_stack(a->mm, vma, a->addr);
	/* vms__expand_stack() has released mmap_lock if it returns NULL. */
	if (!vma) {
		*result = VMS_SEGV_MAPERR;
		return DONE;
	}
	outcome = fault_in_vma(a, vma, 0, result);
	vms__read_exit(a->mm);
	vms__pcounter_add(a->mm->counters, VMS_FAULTS_MMAP, 1);
	return outcome;
}

/*
 * One pass through the ways. It counts a fault where it ended, so that the two
 * counters together are the number of passes that found a VMA.
 */
static ALWAYS_INLINE enum outcome access_once(const struct access *a, enum vms_fault_result *result)
{
	const struct vms__lock_ops *lock = a->mm->engine->lock;
	struct vm_area_struct *vma = lock->fault_enter(a->mm, a->addr);
	enum outcome outcome = NEEDS_MMAP_LOCK;

	if (vma) {
		outcome = fault_in_vma(a, vma, FAULT_FLAG_VMA_LOCK, result);
		lock->fault_exit(vma);
		if (outcome != NEEDS_MMAP_LOCK)
			vms__pcounter_add(a->mm->counters, VMS_FAULTS_VMA, 1);
	}
	return outcome == NEEDS_MMAP_LOCK ? fault_under_mmap_lock(*a, result) : outcome;
}

/*
 * The access was not made at the first pass. Only tries that failed because of
 * a hook count: a page that other threads keep taking away is no hook's
 * mistake, and one of those threads makes progress each time.
 */
static __attribute__((noinline)) enum vms_fault_result access_again(struct access access,
								    enum outcome outcome)
{
	enum vms_fault_result result = VMS_SEGV_MAPERR;
	unsigned int tries = 0;

	do {
		if (outcome == AGAIN)
			continue;
		if (!vms__try_again(&tries))
			return VMS_SIGBUS;
		access.flags |= FAULT_FLAG_TRIED;
	} while ((outcome = access_once(&access, &result)) != DONE);
	return result;
}

/*
 * Inlined into each kind of access, so that the compiler drops what the kind
 * does not need.
 */
static ALWAYS_INLINE enum vms_fault_result do_access(struct access access)
{
	enum vms_fault_result result = VMS_SEGV_MAPERR;
	enum outcome outcome = access_once(&access, &result);

	return likely(outcome == DONE) ? result : access_again(access, outcome);
}

enum vms_fault_result vms_fault(struct mm_struct *mm, unsigned long addr, unsigned int flags)
{
	return do_access((struct access){.mm = mm, .addr = addr, .flags = flags});
}

static bool use_read(struct vm_area_struct *vma, unsigned long addr, unsigned long *word)
{
	return vms__page_read(vma, addr, word);
}

static bool use_write(struct vm_area_struct *vma, unsigned long addr, unsigned long *word)
{
	return vms__page_write(vma, addr, *word);
}

enum vms_fault_result vms_read_word(struct mm_struct *mm, unsigned long addr, unsigned long *word)
{
	return do_access((struct access){.mm = mm, .addr = addr, .use = use_read, .word = word});
}

enum vms_fault_result vms_write_word(struct mm_struct *mm, unsigned long addr, unsigned long word)
{
	return do_access((struct access){.mm = mm,
					 .addr = addr,
					 .flags = FAULT_FLAG_WRITE,
					 .use = use_write,
					 .word = &word});
}
