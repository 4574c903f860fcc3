/* SPDX-License-Identifier: MIT */
/*
 * libraries.h - the VMAs that an address space holds before anything is
 * measured. They lie as shared libraries do: four segments side by side, r--
 * r-x r-- rw-, then a hole of the same size. Neighbours differ, so none merge.
 * They end below mmap_base, so that placement has to get past their holes, as
 * in a real program.
 */
#ifndef VMBENCH_LIBRARIES_H
#define VMBENCH_LIBRARIES_H

#include <vmastore/mm.h>

/**
 * libraries_map() - Map @vmas of them, a page each. @start: receives where they
 * begin. Return: 0 or -errno.
 */
int libraries_map(struct mm_struct *mm, unsigned long vmas, unsigned long *start);

/** libraries_addr() - Where the @i-th of those that begin at @start lies. */
unsigned long libraries_addr(unsigned long start, unsigned long i);

#endif
