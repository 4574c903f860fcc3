/* SPDX-License-Identifier: MIT */
/*
 * kernel_names.h - what a file that uses Linux's names does for one that does
 * not define them.
 */
#ifndef KERNEL_NAMES_H
#define KERNEL_NAMES_H

/* @mm: a struct mm_struct. Return: the pages that are mapped in it. */
unsigned long pages_by_kernel_names(void *mm);

#endif
