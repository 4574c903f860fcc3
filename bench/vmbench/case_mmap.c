/* SPDX-License-Identifier: MIT */
/*
 * case_mmap.c - mmap1, mmap2: map 128 MiB where the library finds room, and
 * unmap it untouched: anonymous memory, or a private file. Adjacent mappings of
 * two threads merge, and are split again, as in Linux.
 */
#include "bench/vmbench/case.h"

static void map_and_unmap(struct bench_worker *w, unsigned long flags, struct file *file)
{
	while (bench_running(w)) {
		uint64_t t = bench_begin(w);
		unsigned long addr;

		if (!vmbench_map(w, VMBENCH_MEMSIZE, flags, file, &addr))
			return;
		vmbench_unmap(w, addr, VMBENCH_MEMSIZE);
		bench_end(w, t);
	}
}

static void mmap1(struct bench_worker *w)
{
	map_and_unmap(w, VMBENCH_ANON, NULL);
}

static void mmap2(struct bench_worker *w)
{
	struct file *file = vmbench_file(w);

	if (!file)
		return;
	map_and_unmap(w, MAP_PRIVATE, file);
	fput(file);
}

const struct vmbench_case vmbench_mmap1 = {
	.name = "mmap1",
	.what = "map and unmap 128 MiB of anonymous memory",
	.body = mmap1,
};
const struct vmbench_case vmbench_mmap2 = {
	.name = "mmap2",
	.what = "map and unmap 128 MiB of a file, privately",
	.body = mmap2,
};
