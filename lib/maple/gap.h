/* SPDX-License-Identifier: MIT */
/*
 * gap.h - the bounds of gaps that inner nodes keep: gap.c.
 */
#ifndef VMS_MAPLE_GAP_H
#define VMS_MAPLE_GAP_H

#include "lib/maple/node.h"

/*
 * There is a gap of @gap under the slot that @path takes at @level: no bound
 * above it may be lower.
 */
void vms__mt_gap_raise(const unsigned long *path, unsigned int level, unsigned long gap);
/* The child in that slot is a new one, with this bound. */
void vms__mt_gap_set(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * Under the slot that @path takes at @level no gap is larger than @gap: lower
 * the bounds above it to that.
 * Locks: the tree's lock; held for reading will do.
 */
void vms__mt_gap_lower(const unsigned long *path, unsigned int level, unsigned long gap);
/*
 * What lowest_gap() and highest_gap() do in a tree without nodes, whose root is
 * @root. Locks: as above.
 */
bool vms__mt_gap_without_nodes(struct ma_state *mas, void *root, unsigned long min,
			       unsigned long max, unsigned long size, bool highest, void **beside);

#endif
