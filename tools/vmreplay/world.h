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

/* @rules: what holds in it. Return: it, or NULL when memory is out. */
struct world *world_create(const char *engine, const struct rules *rules);
void world_destroy(struct world *world); /* NULL is allowed */

/* The address space of the process that the script is in. */
struct mm_struct *world_mm(struct world *world);
/*
 * Those of all its processes that are alive, each under a number from 0 on, in
 * no order; NULL: @n is beyond the last.
 */
struct mm_struct *world_process(struct world *world, int n);

/* The file op_files[@i]. */
struct file *world_file(struct world *world, int i);

/*
 * @how: 'c' go on in the child, 'p' in the parent, 'x' in the child, with the
 * parent gone. Return: 0 or -errno.
 */
int world_fork(struct world *world, char how);
/* Back to the parent of a 'c'; nothing in the first process. */
void world_exit(struct world *world);

/*
 * Whether [addr, addr + len) has anything of what fills the address space
 * outside the arena. No script may unmap or replace that, or fill its page
 * tables: the work of each operation is bounded by the arena's size. false for
 * a range that is empty or wraps: an engine answers at once.
 */
bool world_is_outside(struct world *world, unsigned long addr, unsigned long len);

/* The arena's VMAs in address order. @flags: with VmFlags. */
void world_print(struct world *world, bool flags, FILE *out);

#endif
