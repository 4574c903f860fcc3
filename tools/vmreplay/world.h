/* SPDX-License-Identifier: MIT */
/*
 * world.h - the world that an op script runs in: an arena with nothing in it, a
 * handful of files, and processes that fork.
 */
#ifndef TOOLS_VMREPLAY_WORLD_H
#define TOOLS_VMREPLAY_WORLD_H

#include <stdio.h>

#include <vmastore/mm.h>

#include "tools/probe/rules.h"

struct world;

/* @rules: the engine's. Return: the world, or NULL when memory is out. */
struct world *world_create(const char *engine, const struct rules *rules);
void world_destroy(struct world *world); /* NULL is allowed */

/* The address space of the process that the script is in. */
struct mm_struct *world_mm(struct world *world);
/*
 * The address space of the process with the number @n. All live processes have
 * numbers from 0 on, in no order. NULL: @n is beyond the last.
 */
struct mm_struct *world_process(struct world *world, int n);

/* The file op_files[@i]. */
struct file *world_file(struct world *world, int i);

/*
 * Fork the current process. @how: 'c' go on in the child; 'p' go on in the
 * parent; 'x' go on in the child and end the parent.
 * Return: 0 or -errno.
 */
int world_fork(struct world *world, char how);
/* Go back to the parent of a fork 'c'; does nothing in the first process. */
void world_exit(struct world *world);

/*
 * Whether [addr, addr + len) overlaps the mappings that fill the address space
 * outside the arena. No script may unmap or replace these, or fill their page
 * tables, so that the arena's size bounds the work of each operation. Return
 * false for a range that is empty or wraps, because an engine refuses it at
 * once.
 */
bool world_is_outside(struct world *world, unsigned long addr, unsigned long len);

/* Print the arena's VMAs in address order. @flags: with VmFlags. */
void world_print(struct world *world, bool flags, FILE *out);

#endif
