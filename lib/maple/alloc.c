/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - where nodes come from and go to: three object caches, for leaves,
 * for inner nodes, and for inner nodes with gaps. What a cursor has set aside
 * (mas_preallocate()) is used before any of them.
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

/*
 * A cursor's reserve is two lists of nodes, one of each kind, that hang on one
 * word, mas->alloc. It leads to the first node of the one list, and bit 0 says
 * that they are inner nodes. A node's first word after the state leads to the
 * next of its list; the second word of that first node leads to the other list.
 * The state stays, because a new leaf continues the phases of its memory
 * (ml_first_phase()). set_word() stores relaxed, because no other thread
 * reaches these nodes; the loads acquire only because ml_wide_pivot() always
 * does.
 */
static struct maple_node *next_of(const struct maple_node *node)
{
	return (struct maple_node *)ml_wide_pivot(node, 0);
}

static struct maple_node *other_of(const struct maple_node *node)
{
	return (struct maple_node *)ml_wide_pivot(node, 1);
}

static void set_word(struct maple_node *node, unsigned int word, const struct maple_node *to)
{
	atomic_store_explicit(&node->wide_inner.pivot[word], (unsigned long)to,
			      memory_order_relaxed);
}

/* The first node that is set aside, of either kind; or NULL. */
static struct maple_node *reserved(const struct ma_state *mas, enum ml_kind *kind)
{
	*kind = (unsigned long)mas->alloc & 1 ? ML_INNER : ML_LEAF;
	return (struct maple_node *)((unsigned long)mas->alloc & ~1ul);
}

/*
 * The list of @kind begins with @node, which may be NULL, and the other with
 * @other.
 */
static void set_reserve(struct ma_state *mas, enum ml_kind kind, struct maple_node *node,
			struct maple_node *other)
{
	if (!node) {
		kind = kind == ML_LEAF ? ML_INNER : ML_LEAF;
		node = other;
		other = NULL;
	}
	mas->alloc = (struct maple_node *)((unsigned long)node | (node && kind == ML_INNER));
	if (node)
		set_word(node, 1, other);
}

/* The list of @kind; *other becomes the other list. Either may be NULL. */
static struct maple_node *reserve_of(const struct ma_state *mas, enum ml_kind kind,
				     struct maple_node **other)
{
	enum ml_kind first;
	struct maple_node *node = reserved(mas, &first);

	*other = node && first == kind ? other_of(node) : node;
	if (node && first != kind)
		return other_of(node);
	return node;
}

static struct maple_node *pop(struct ma_state *mas, enum ml_kind kind)
{
	struct maple_node *other, *node = reserve_of(mas, kind, &other);

	if (node)
		set_reserve(mas, kind, next_of(node), other);
	return node;
}

static void push(struct ma_state *mas, enum ml_kind kind, struct maple_node *node)
{
	struct maple_node *other, *next = reserve_of(mas, kind, &other);

	set_word(node, 0, next);
	set_reserve(mas, kind, node, other);
}

/*
 * A new node of @kind; NULL: no memory. In RCU mode the callback thread will
 * free the node, so that thread must exist now: a store may fail here, and must
 * not fail when it retires the node.
 */
static inline struct maple_node *new_node(const struct maple_tree *mt, enum ml_kind kind)
{
	if (mt_in_rcu(mt) && !vms__rcu_is_ready())
		return NULL;
	return vms__objcache_alloc(cache_of(mt, kind));
}

struct maple_node *vms__mt_alloc(struct ma_state *mas, enum ml_kind kind)
{
	struct maple_node *node = likely(!mas->alloc) ? NULL : pop(mas, kind);

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

/* Lengthen the list of @kind to @want nodes. False: no memory. */
static bool fill_reserve(struct ma_state *mas, enum ml_kind kind, unsigned int want)
{
	struct maple_node *other, *node = reserve_of(mas, kind, &other);

	for (; node && want; want--)
		node = next_of(node);
	for (; want; want--) {
		node = new_node(mas->tree, kind);
		if (!node)
			return false;
		push(mas, kind, node);
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
	enum ml_kind kind;

	while (mas->alloc) {
		(void)reserved(mas, &kind);
		vms__mt_free(mas->tree, pop(mas, kind), kind);
	}
	/* A kept plan may count on the nodes that were freed. */
	if (ml_plan(mas))
		vms__mas_moved(mas);
}
