/* SPDX-License-Identifier: MIT */
/*
 * vmacache.c - where each thread's vmacache lives, and the ids by which it
 * tells one mm from another. vmacache.h says what the cache is.
 *
 * Locks: none. The cache is the thread's own; ids come from one atomic counter.
 */
#include "lib/engine/vmacache.h"

__thread struct vms__vmacache vms__vmacache;

void vms__vmacache_mm_init(struct mm_struct *mm)
{
	static _Atomic unsigned long last_id;

	/*
	 * Relaxed: an id only has to be different from all others. 0 stands for
	 * no mm.
	 */
	mm->vmacache_id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	atomic_store_explicit(&mm->vmacache_seq, 0, memory_order_relaxed);
}
