/* SPDX-License-Identifier: MIT */
/* libraries.c - see libraries.h. */
#include "bench/vmbench/libraries.h"

#define SEGMENTS 4UL
#define STRIDE (2 * SEGMENTS * PAGE_SIZE)

unsigned long libraries_addr(unsigned long start, unsigned long i)
{
	return start + i / SEGMENTS * STRIDE + i % SEGMENTS * PAGE_SIZE;
}

int libraries_map(struct mm_struct *mm, unsigned long vmas, unsigned long *start)
{
	static const unsigned long prot[SEGMENTS] = {PROT_READ, PROT_READ | PROT_EXEC, PROT_READ,
						     PROT_READ | PROT_WRITE};

	*start = vms_mm_layout_default.mmap_base - (vmas + SEGMENTS - 1) / SEGMENTS * STRIDE;
	for (unsigned long i = 0; i < vmas; i++) {
		unsigned long got =
			vms_mmap(mm, libraries_addr(*start, i), PAGE_SIZE, prot[i % SEGMENTS],
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);

		if (IS_ERR_VALUE(got))
			return (int)(long)got;
	}
	return 0;
}
