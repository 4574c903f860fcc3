/* SPDX-License-Identifier: MIT */
/*
 * case_brk.c - brk1, brk2: raise the break by a page and lower it again, which
 * counts as two operations. brk1 creates and removes the heap's VMA each time;
 * brk2 grows and shrinks one.
 *
 * A process has one break, so the threads undo each other's work and some calls
 * change nothing. The original behaves the same with threads: read its figure
 * for one thread as the cost, and the others as contention on one lock.
 */
#include "bench/vmbench/case.h"

static void set_break(struct bench_worker *w, unsigned long brk)
{
	const struct vmbench_env *env = w->arg;
	uint64_t t = bench_begin(w);

	vmbench_check(w, vms_brk(env->mm, brk) == brk);
	bench_end(w, t);
}

static void raise_and_lower(struct bench_worker *w)
{
	const struct vmbench_env *env = w->arg;

	while (bench_running(w)) {
		set_break(w, env->base + PAGE_SIZE);
		set_break(w, env->base);
	}
}

static int brk1_setup(struct vmbench_env *env)
{
	env->base = vms_brk(env->mm, 0);
	return 0;
}

/* As in the original, the heap keeps one page for each thread. */
static int brk2_setup(struct vmbench_env *env)
{
	env->base = vms_brk(env->mm, 0) + env->threads * PAGE_SIZE;
	return vms_brk(env->mm, env->base) == env->base ? 0 : -ENOMEM;
}

const struct vmbench_case vmbench_brk1 = {
	.name = "brk1",
	.what = "raise or lower the break by a page, from an empty heap; threads share the break",
	.setup = brk1_setup,
	.body = raise_and_lower,
};
const struct vmbench_case vmbench_brk2 = {
	.name = "brk2",
	.what = "raise or lower the break by a page, above a heap that stays; threads share the "
		"break",
	.setup = brk2_setup,
	.body = raise_and_lower,
};
