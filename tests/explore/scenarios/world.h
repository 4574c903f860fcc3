/* SPDX-License-Identifier: MIT */
/*
 * world.h - one small address space on the engine maple-vma, for scenarios.
 */
#ifndef TESTS_EXPLORE_WORLD_H
#define TESTS_EXPLORE_WORLD_H

#include <vmastore/file.h>
#include <vmastore/mm.h>

extern struct mm_struct *world_mm;
extern struct address_space *world_mapping;

void world_begin(void);
/* Return: the address of a page. */
unsigned long world_addr(unsigned long page);
/* Maps anonymous memory there. */
void world_map(unsigned long page, unsigned long pages, unsigned long prot);
/* Makes a file of @pages pages. */
void world_file(unsigned long pages);
/* Makes a file whose pages come from @ops. */
void world_file_of(unsigned long pages, const struct vm_operations_struct *ops);
/* Maps the file's beginning there. */
void world_map_file(unsigned long page, unsigned long pages, unsigned long flags);
/* The scenario's end: the address space is whole. */
void world_end(void);

#endif
