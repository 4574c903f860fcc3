/* SPDX-License-Identifier: MIT */
/*
 * case_tlb_flush.c - tlb_flush1: each thread writes to a page of its own
 * mapping and drops it at once (MADV_DONTNEED), page by page.
 */
#include "bench/vmbench/case.h"

static void tlb_flush1(struct bench_worker *w)
{
	unsigned long start, offset = 0;

	if (!vmbench_map_apart(w, VMBENCH_MEMSIZE, VMBENCH_ANON, NULL, &start))
		return;
	while (bench_running(w)) {
		uint64_t t = bench_begin(w);

		vmbench_touch(w, start + offset);
		vmbench_drop_pages(w, start + offset, PAGE_SIZE);
		bench_end(w, t);
		offset = (offset + PAGE_SIZE) % VMBENCH_MEMSIZE;
	}
	vmbench_unmap(w, start, VMBENCH_MEMSIZE);
}

const struct vmbench_case vmbench_tlb_flush1 = {
	.name = "tlb_flush1",
	.what = "write to a page of the thread's own mapping and drop it (MADV_DONTNEED)",
	.body = tlb_flush1,
};
