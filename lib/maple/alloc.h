/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - nodes, from memory and back: alloc.c.
 */
#ifndef VMS_MAPLE_ALLOC_H
#define VMS_MAPLE_ALLOC_H

#include "lib/maple/node.h"

enum ml_kind { ML_LEAF, ML_INNER };

size_t vms__mt_node_size(const struct maple_tree *mt, enum ml_kind kind);
/*
 * A node of @kind for mas->tree: from what the cursor has set aside, else a new
 * one. NULL: no memory. Contents undefined: ml_begin().
 */
struct maple_node *vms__mt_alloc(struct ma_state *mas, enum ml_kind kind);
/* Free a node that was never published. */
void vms__mt_free(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind);
/*
 * Mark a node dead that is out of the tree; in RCU mode it is freed after a
 * grace period.
 */
void vms__mt_retire(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind);
/*
 * Set aside @leaves and @inner nodes, counting those already there. Return: 0;
 * -ENOMEM (nothing set aside).
 */
int vms__mt_reserve(struct ma_state *mas, unsigned int leaves, unsigned int inner);

#endif
