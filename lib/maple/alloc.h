/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - allocates, reserves and frees nodes. Read next: alloc.c.
 *
 * Locks: the tree's lock to write, for a cursor's reserve and for a node that
 *        was published.
 */
#ifndef VMS_MAPLE_ALLOC_H
#define VMS_MAPLE_ALLOC_H

#include "lib/maple/node.h"

enum ml_kind { ML_LEAF, ML_INNER };

/* In bytes. A tree with MT_FLAGS_ALLOC_RANGE has larger inner nodes. */
size_t vms__mt_node_size(const struct maple_tree *mt, enum ml_kind kind);
/*
 * A node of @kind for mas->tree: one that the cursor has set aside, or a new
 * one. NULL: no memory. Its content is undefined until ml_begin().
 */
struct maple_node *vms__mt_alloc(struct ma_state *mas, enum ml_kind kind);
/* Free a node that was never published. */
void vms__mt_free(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind);
/*
 * Mark dead a node that is no longer in the tree, and free it: in RCU mode
 * after a grace period, because readers may still be in it.
 */
void vms__mt_retire(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind);
/*
 * Set aside nodes until the cursor has @leaves leaves and @inner inner nodes.
 * Return: 0; -ENOMEM (nothing is set aside any more).
 */
int vms__mt_reserve(struct ma_state *mas, unsigned int leaves, unsigned int inner);

#endif
