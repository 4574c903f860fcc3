/* SPDX-License-Identifier: MIT */
/*
 * limits.c - what an address space may take: RLIMIT_AS, RLIMIT_DATA,
 * RLIMIT_MEMLOCK, RLIMIT_STACK, vm.max_map_count. The checks, their callers,
 * and what a caller answers when it is refused:
 *
 *   vms__may_expand()       AS, DATA
 *     mmap, mremap, mprotect that makes data    -ENOMEM
 *     brk                                       the old break
 *     a stack that grows                        SIGSEGV
 *   vms__index_may_grow()   nodes that wait for readers
 *     mmap, mremap, insert_vm_struct(), vma_expand()    -ENOMEM
 *     brk                                       the old break
 *     vma_merge() of free room                  NULL
 *   vms__may_lock_more()    MEMLOCK, for memory that is locked
 *     mmap, mremap                              -EAGAIN
 *     brk                                       the old break
 *     a stack that grows                        SIGSEGV
 *   vms__may_lock()         MEMLOCK is not 0
 *     mlock, mlockall, MAP_LOCKED               -EPERM
 *   in mlock.c              MEMLOCK, for what mlock(2) adds
 *     mlock, mlockall                           -ENOMEM
 *   in stack.c              STACK
 *     a stack that grows                        SIGSEGV
 *   where VMAs are made or cut    max_map_count
 *     all except brk                            -ENOMEM
 *     brk                                       the old break
 *
 * Limits are checked when something grows. A limit that is set below the
 * present size takes nothing away.
 *
 * Source: setrlimit(2), and experiments on a running 6.18 kernel.
 * Locks: mm->limits is written under mmap_lock W, and read under R or W.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/sync/objcache/objcache.h"

const struct mm_limits vms_mm_limits_default = {
	.as = VMS_NO_LIMIT,
	.data = VMS_NO_LIMIT,
	.data_max = VMS_NO_LIMIT,
	.memlock = VMS_NO_LIMIT,
	.stack = 8UL << 20,
	.max_map_count = 65530,
};

struct mm_limits vms_mm_limits(struct mm_struct *mm)
{
	struct mm_limits limits;

	vms__read_enter(mm);
	limits = mm->limits;
	vms__read_exit(mm);
	return limits;
}

int vms_mm_set_limits(struct mm_struct *mm, const struct mm_limits *limits)
{
	if (limits->data > limits->data_max || limits->max_map_count < 0)
		return -EINVAL;
	vms__write_enter(mm, 0, mm->layout.task_size);
	mm->limits = *limits;
	vms__write_exit(mm);
	return 0;
}

static unsigned long load(const _Atomic unsigned long *counter)
{
	/* Relaxed: it changes under mmap_lock W, which the caller holds. */
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/*
 * Whether @now + @more pages stay within @limit bytes. @more may be negative.
 * The limit is rounded down to pages: a limit of half a page allows no page.
 */
static bool within(unsigned long now, long more, unsigned long limit)
{
	return limit == VMS_NO_LIMIT || now + (unsigned long)more <= limit >> PAGE_SHIFT;
}

bool vms__may_expand(struct mm_struct *mm, vm_flags_t flags, long pages)
{
	const struct mm_limits *limits = &mm->limits;

	mmap_assert_write_locked(mm);
	if (!within(load(&mm->total_vm), pages, limits->as))
		return false;
	if (!vms__is_data(flags) || within(load(&mm->data_vm), pages, limits->data))
		return true;
	/*
	 * Programs that manage their memory themselves set the soft limit to 0,
	 * so that brk() fails. As on Linux, the hard limit then applies to
	 * their mappings.
	 */
	return limits->data == 0 && within(load(&mm->data_vm), pages, limits->data_max);
}

/*
 * A reader that stays in its read section keeps all nodes that are replaced
 * meanwhile. New mappings are refused before the memory for nodes is used up,
 * so that munmap() still finds some. Engines without VMA locks have no such
 * readers.
 */
bool vms__index_may_grow(struct mm_struct *mm)
{
	mmap_assert_write_locked(mm);
	return !mm->engine->lock->per_vma || vms__objcache_may_grow();
}

bool vms__may_lock(struct mm_struct *mm)
{
	mmap_assert_locked(mm);
	return mm->limits.memlock != 0;
}

bool vms__may_lock_more(struct mm_struct *mm, vm_flags_t flags, long pages)
{
	mmap_assert_write_locked(mm);
	return !(flags & VM_LOCKED) || within(load(&mm->locked_vm), pages, mm->limits.memlock);
}
