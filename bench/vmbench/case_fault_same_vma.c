/* SPDX-License-Identifier: MIT */
/*
 * case_fault_same_vma.c - fault_same_vma: all threads fault in ONE VMA, each in
 * its own 16 MiB of it, which it drops after a sweep. Threads share no page;
 * they share only the fields that a fault writes in its VMA.
 */
#include "bench/vmbench/case.h"

static int setup(struct vmbench_env *env)
{
	env->base = vms_mmap(env->mm, VMBENCH_AREA_BASE, env->threads * VMBENCH_SLICE, VMBENCH_RW,
			     VMBENCH_ANON, NULL, 0);
	return env->base == VMBENCH_AREA_BASE ? 0 : -ENOMEM;
}

static void body(struct bench_worker *w)
{
	const struct vmbench_env *env = w->arg;
	struct vmbench_sweep sweep = {.start = env->base + w->index * VMBENCH_SLICE};

	while (bench_running(w)) {
		unsigned long addr = vmbench_sweep_next(w, &sweep);
		uint64_t t = bench_begin(w);

		vmbench_touch(w, addr);
		bench_end(w, t);
	}
}

const struct vmbench_case vmbench_fault_same_vma = {
	.name = "fault_same_vma",
	.what = "first write to a page of the thread's own part of one VMA that all share",
	.setup = setup,
	.body = body,
};
