/* SPDX-License-Identifier: MIT */
/* kernel_names.c - see kernel_names.h. */
#include "tests/build/names/kernel_names.h"

#include <vmastore/mm.h>

unsigned long pages_by_kernel_names(void *arg)
{
	struct mm_struct *mm = arg;
	struct vm_area_struct *vma;
	unsigned long pages = 0;

	mmap_read_lock(mm);
	VMA_ITERATOR(vmi, mm, 0);
	for_each_vma(vmi, vma)
		pages += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	mmap_read_unlock(mm);
	return pages;
}
