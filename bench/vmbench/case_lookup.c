/* SPDX-License-Identifier: MIT */
/*
 * case_lookup.c - lookup: find the VMA of a random address among --vmas, and
 * hold it stable for a moment, as an embedder that does not know its engine
 * does. It calls lock_vma_under_rcu() first, which refuses on an engine without
 * a lock in each VMA, then vma_lookup() under mmap_lock. So `maple-vma` reads
 * under RCU and the VMA's lock, the others under mmap_lock.
 */
#include "bench/vmbench/case.h"

static bool covers(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma && vma->vm_start <= addr && addr < vma->vm_end;
}

static bool find_locked(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	bool found = covers(vma, addr);

	if (vma) {
		vma_end_read(vma);
		return found;
	}
	mmap_read_lock(mm);
	found = covers(vma_lookup(mm, addr), addr);
	mmap_read_unlock(mm);
	return found;
}

static void body(struct bench_worker *w)
{
	const struct vmbench_env *env = w->arg;

	while (bench_running(w)) {
		/*
		 * Scale by a multiplication, because a remainder would cost as
		 * much as the lookup.
		 */
		unsigned long i =
			(unsigned long)(((unsigned __int128)bench_random(w) * env->vmas) >> 64);
		unsigned long addr = vmbench_vma_addr(env, i) + (i & (PAGE_SIZE - 1));
		uint64_t t = bench_begin(w);

		vmbench_check(w, find_locked(env->mm, addr));
		bench_end(w, t);
	}
}

const struct vmbench_case vmbench_lookup = {
	.name = "lookup",
	.what = "find the VMA of a random mapped address and hold it, as a reader of that engine "
		"does",
	.body = body,
};
