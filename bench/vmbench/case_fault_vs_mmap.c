/* SPDX-License-Identifier: MIT */
/*
 * case_fault_vs_mmap.c - fault_vs_mmap, mmap_vs_fault: one run, seen from its
 * two sides. Thread 0 maps 64 KiB, writes to it and unmaps it, without a pause;
 * all others fault, each in a VMA of its own. fault_vs_mmap counts and times
 * the faults, mmap_vs_fault the mappings: a lock with which one side starves
 * the other looks good in one of them only. A single thread does both in turn.
 */
#include "bench/vmbench/case.h"

#define MAPPER_SIZE (64UL << 10)

static void map_once(struct bench_worker *w)
{
	unsigned long addr;

	if (!vmbench_map(w, MAPPER_SIZE, VMBENCH_ANON, NULL, &addr))
		return;
	vmbench_touch(w, addr);
	vmbench_unmap(w, addr, MAPPER_SIZE);
}

static void map_loop(struct bench_worker *w, bool counted)
{
	while (bench_running(w)) {
		uint64_t t = counted ? bench_begin(w) : 0;

		map_once(w);
		if (counted)
			bench_end(w, t);
	}
}

static void fault_loop(struct bench_worker *w, bool counted)
{
	struct vmbench_sweep sweep = {0};

	if (!vmbench_map_apart(w, VMBENCH_SLICE, VMBENCH_ANON, NULL, &sweep.start))
		return;
	while (bench_running(w)) {
		unsigned long addr = vmbench_sweep_next(w, &sweep);
		uint64_t t = counted ? bench_begin(w) : 0;

		vmbench_touch(w, addr);
		if (counted)
			bench_end(w, t);
	}
}

static void alternate(struct bench_worker *w, bool count_faults)
{
	struct vmbench_sweep sweep = {0};

	if (!vmbench_map_apart(w, VMBENCH_SLICE, VMBENCH_ANON, NULL, &sweep.start))
		return;
	while (bench_running(w)) {
		unsigned long addr = vmbench_sweep_next(w, &sweep);
		uint64_t t;

		if (!count_faults)
			vmbench_touch(w, addr);
		t = bench_begin(w);
		if (count_faults)
			vmbench_touch(w, addr);
		else
			map_once(w);
		bench_end(w, t);
		if (count_faults)
			map_once(w);
	}
}

static void run_side(struct bench_worker *w, bool count_faults)
{
	if (w->nr == 1)
		alternate(w, count_faults);
	else if (w->index == 0)
		map_loop(w, !count_faults);
	else
		fault_loop(w, count_faults);
}

static void fault_vs_mmap(struct bench_worker *w)
{
	run_side(w, true);
}

static void mmap_vs_fault(struct bench_worker *w)
{
	run_side(w, false);
}

const struct vmbench_case vmbench_fault_vs_mmap = {
	.name = "fault_vs_mmap",
	.what = "first write to a page, while thread 0 maps and unmaps",
	.body = fault_vs_mmap,
};
const struct vmbench_case vmbench_mmap_vs_fault = {
	.name = "mmap_vs_fault",
	.what = "map, write to and unmap 64 KiB by thread 0, while the others fault",
	.body = mmap_vs_fault,
};
