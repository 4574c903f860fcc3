/* SPDX-License-Identifier: MIT */
/*
 * gap.h - the bounds of gaps that inner nodes keep. Read next: gap.c.
 *
 * @path holds one ml_step() for each level from the root's (0) down. Locks: the
 * tree's lock to write, unless the function says otherwise.
 */
#ifndef VMS_MAPLE_GAP_H
#define VMS_MAPLE_GAP_H

#include "lib/maple/node.h"

/*
 * A store has made a gap of @gap indexes under the slot that @path takes at
 * @level: raise the bounds at this level and above it that are lower.
 */
void vms__mt_gap_raise(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * The slot that @path takes at @level has a new child, whose gaps are at most
 * @gap: set its bound to that, which may be lower than before, and raise the
 * bounds above it that are lower.
 */
void vms__mt_gap_set(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * No gap under the slot that @path takes at @level is larger than @gap: lower
 * the bound there, and the bounds above it that follow from it.
 * Locks: the tree's lock; held for reading will do.
 */
void vms__mt_gap_lower(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * lowest_gap() and highest_gap() (isa.h) in a tree without nodes, whose root is
 * @root.
 * Locks: the tree's lock; held for reading will do.
 */
bool vms__mt_gap_without_nodes(struct ma_state *mas, void *root, unsigned long min,
			       unsigned long max, unsigned long size, bool highest, void **beside);

#endif
