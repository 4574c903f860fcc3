/* SPDX-License-Identifier: MIT */
/*
 * case_malloc.c - malloc1, malloc2. malloc1 does what malloc(128 MiB) and
 * free() ask of the kernel: map the size and one page more, write the chunk's
 * header, unmap. malloc2 is the control: the host's malloc(1 kB) and free().
 * These reach no mm at all, so engines must not differ.
 */
#include <stdlib.h>

#include "bench/vmbench/case.h"

static void malloc1(struct bench_worker *w)
{
	while (bench_running(w)) {
		uint64_t t = bench_begin(w);
		unsigned long addr;

		if (!vmbench_map(w, VMBENCH_MEMSIZE + PAGE_SIZE, VMBENCH_ANON, NULL, &addr))
			return;
		vmbench_touch(w, addr);
		vmbench_unmap(w, addr, VMBENCH_MEMSIZE + PAGE_SIZE);
		bench_end(w, t);
	}
}

static void malloc2(struct bench_worker *w)
{
	while (bench_running(w)) {
		uint64_t t = bench_begin(w);
		void *p = malloc(1000);

		/*
		 * Without this, the compiler may drop a malloc() whose result
		 * is unused.
		 */
		__asm__ volatile("" : : "r"(p) : "memory");
		vmbench_check(w, p != NULL);
		free(p);
		bench_end(w, t);
	}
}

const struct vmbench_case vmbench_malloc1 = {
	.name = "malloc1",
	.what = "malloc(128 MiB), free: map, write the first page, unmap",
	.body = malloc1,
};
const struct vmbench_case vmbench_malloc2 = {
	.name = "malloc2",
	.what = "control: the C library's malloc(1 kB), free; no mm call",
	.body = malloc2,
};
