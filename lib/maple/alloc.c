/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - where nodes come from and go to: three object caches, for leaves,
 * for inner nodes, and for inner nodes with gaps. What a cursor has set aside
 * (mas_preallocate()) is used before either.
 *
 * Locks: the tree's lock where a cursor's reserve or a published node is
 *        concerned.
 */
#include <errno.h>

#include "lib/maple/internal.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"

VMS__OBJCACHE_DEFINE(vms__mt_leaves, "maple_leaf", ML_LEAF_BYTES, ML_ALIGN, 0);
VMS__OBJCACHE_DEFINE(vms__mt_nodes, "maple_node", ML_INNER_BYTES, ML_ALIGN, 0);
VMS__OBJCACHE_DEFINE(vms__mt_gap_nodes, "maple_gap_node", sizeof(struct maple_node), ML_ALIGN, 0);

static struct vms__objcache *cache_of(const struct maple_tree *mt, enum ml_kind kind)
{
	if (kind == ML_LEAF)
		return &vms__mt_leaves;
	return ml_has_gaps(mt) ? &vms__mt_gap_nodes : &vms__mt_nodes;
}

size_t vms__mt_node_size(const struct maple_tree *mt, enum ml_kind kind)
{
	return cache_of(mt, kind)->size;
}

/* A reserve is a list through the first word of each node after the state. */
static struct maple_node *pop(struct maple_node **list)
{
	struct maple_node *node = *list;

	if (node)
		*list = (struct maple_node *)ml_wide_pivot(node, 0);
	return node;
}

static void push(struct maple_node **list, struct maple_node *node)
{
	atomic_store_explicit(&node->wide_inner.pivot[0], (unsigned long)*list,
			      memory_order_relaxed);
	*list = node;
}

static struct maple_node **reserve_of(struct ma_state *mas, enum ml_kind kind)
{
	return kind == ML_LEAF ? &mas->alloc : &mas->alloc_inner;
}

/*
 * A node. Of a tree in RCU mode it will be freed by way of the callback thread,
 * so that must exist; a store can still fail here, and not later.
 */
static inline struct maple_node *new_node(const struct maple_tree *mt, enum ml_kind kind)
{
	if (mt_in_rcu(mt) && !vms__rcu_is_ready())
		return NULL;
	return vms__objcache_alloc(cache_of(mt, kind));
}

struct maple_node *vms__mt_alloc(struct ma_state *mas, enum ml_kind kind)
{
	struct maple_node *node = pop(reserve_of(mas, kind));

	return node ? node : new_node(mas->tree, kind);
}

void vms__mt_free(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind)
{
	vms__objcache_free(cache_of(mt, kind), node);
}

void vms__mt_retire(const struct maple_tree *mt, struct maple_node *node, enum ml_kind kind)
{
	ml_kill(node);
	if (mt_in_rcu(mt))
		vms__objcache_free_rcu(cache_of(mt, kind), node);
	else
		vms__objcache_free(cache_of(mt, kind), node);
}

static bool fill_reserve(struct ma_state *mas, enum ml_kind kind, unsigned int want)
{
	struct maple_node **list = reserve_of(mas, kind), *node;

	for (node = *list; node && want; want--)
		node = (struct maple_node *)ml_wide_pivot(node, 0);
	for (; want; want--) {
		node = new_node(mas->tree, kind);
		if (!node)
			return false;
		push(list, node);
	}
	return true;
}

int vms__mt_reserve(struct ma_state *mas, unsigned int leaves, unsigned int inner)
{
	if (fill_reserve(mas, ML_LEAF, leaves) && fill_reserve(mas, ML_INNER, inner))
		return 0;
	mas_destroy(mas);
	return -ENOMEM;
}

void mas_destroy(struct ma_state *mas)
{
	struct maple_node *node;

	while ((node = pop(&mas->alloc)) != NULL)
		vms__mt_free(mas->tree, node, ML_LEAF);
	while ((node = pop(&mas->alloc_inner)) != NULL)
		vms__mt_free(mas->tree, node, ML_INNER);
	mas->store_type = 0;
}
