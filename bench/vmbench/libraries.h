/* SPDX-License-Identifier: MIT */
/*
 * libraries.h - maps the VMAs that an address space holds before a measurement.
 * They lie as shared libraries do: four adjacent segments, r-- r-x r-- rw-,
 * then a hole of the same size. Neighbours differ, so none merge. They end
 * below mmap_base, so that placement must pass their holes, as in a real
 * program.
 */
#ifndef VMBENCH_LIBRARIES_H
#define VMBENCH_LIBRARIES_H

#include <vmastore/mm.h>

/**
 * libraries_map() - Map @vmas VMAs, a page each. @start: receives the lowest
 * address. Return: 0 or -errno.
 */
int libraries_map(struct mm_struct *mm, unsigned long vmas, unsigned long *start);

/**
 * libraries_addr() - The address of the @i-th VMA of those that begin at
 * @start.
 */
unsigned long libraries_addr(unsigned long start, unsigned long i);

#endif
