/* SPDX-License-Identifier: MIT */
/*
 * case_page_fault.c - page_fault1, 2, 3: each thread maps 128 MiB of its own,
 * writes to every page, unmaps, and repeats. The cases differ in the mapping:
 * anonymous memory, a private file (every write copies a page), a shared file.
 */
#include "bench/vmbench/case.h"

static void sweep_pages(struct bench_worker *w, unsigned long addr)
{
	for (unsigned long end = addr + VMBENCH_MEMSIZE; addr < end && bench_running(w);
	     addr += PAGE_SIZE) {
		uint64_t t = bench_begin(w);

		vmbench_touch(w, addr);
		bench_end(w, t);
	}
}

static void fault_all_pages(struct bench_worker *w, unsigned long flags, struct file *file)
{
	unsigned long addr;

	while (bench_running(w) && vmbench_map_apart(w, VMBENCH_MEMSIZE, flags, file, &addr)) {
		sweep_pages(w, addr);
		vmbench_unmap(w, addr, VMBENCH_MEMSIZE);
	}
}

static void fault_file_pages(struct bench_worker *w, unsigned long flags)
{
	struct file *file = vmbench_file(w);

	if (!file)
		return;
	fault_all_pages(w, flags, file);
	fput(file);
}

static void page_fault1(struct bench_worker *w)
{
	fault_all_pages(w, VMBENCH_ANON, NULL);
}

static void page_fault2(struct bench_worker *w)
{
	fault_file_pages(w, MAP_PRIVATE);
}

static void page_fault3(struct bench_worker *w)
{
	fault_file_pages(w, MAP_SHARED);
}

const struct vmbench_case vmbench_page_fault1 = {
	.name = "page_fault1",
	.what = "first write to a page of the thread's own anonymous 128 MiB",
	.body = page_fault1,
};
const struct vmbench_case vmbench_page_fault2 = {
	.name = "page_fault2",
	.what = "first write to a page of the thread's own privately mapped 128 MiB file",
	.body = page_fault2,
};
const struct vmbench_case vmbench_page_fault3 = {
	.name = "page_fault3",
	.what = "first write to a page of the thread's own shared 128 MiB file mapping",
	.body = page_fault3,
};
