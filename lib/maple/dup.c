/* SPDX-License-Identifier: MIT */
/*
 * dup.c - copies a whole tree, node by node and depth first: the memory of a
 * node is copied as it is, and then an inner node's references to its children
 * are replaced by references to their copies. No range is looked at, so this is
 * several times faster than storing each range.
 *
 * No reader can reach the copy until its root is published, so the copy appears
 * as a whole or not at all.
 *
 * Locks: the source's lock, to read or to write, so that no node changes; the
 *        copy's, to write. Readers of the source under RCU run on.
 */
#include <errno.h>
#include <string.h>

#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

static enum ml_kind kind_of(const void *ref)
{
	return ml_is_leaf(ref) ? ML_LEAF : ML_INNER;
}

static void drop(const struct maple_tree *mt, void *ref, unsigned long max);

/* Drop the first @n children of an inner node, which spans up to @max. */
static void drop_children(const struct maple_tree *mt, const struct maple_node *node,
			  unsigned int n, unsigned long max)
{
	for (unsigned int i = 0; i < n; i++)
		drop(mt, ml_slot(node, i), ml_slot_max(node, i, max));
}

/* Free a copy that was never published, and all copies below it. */
static void drop(const struct maple_tree *mt, void *ref, unsigned long max)
{
	struct maple_node *node = ml_node(ref);

	if (!ml_is_leaf(ref))
		drop_children(mt, node, ml_find_slot(node, max) + 1, max);
	vms__mt_free(mt, node, kind_of(ref));
}

static void *copy_node(struct ma_state *mas, void *ref, unsigned long max);

/*
 * @node is a copy whose references still lead to the source's children. Replace
 * them by copies. False: there is no memory, and no copy of a child is left.
 */
static bool copy_children(struct ma_state *mas, struct maple_node *node, unsigned long max)
{
	unsigned int n = ml_find_slot(node, max) + 1;

	for (unsigned int i = 0; i < n; i++) {
		void *child = copy_node(mas, ml_slot(node, i), ml_slot_max(node, i, max));

		if (unlikely(!child)) {
			drop_children(mas->tree, node, i, max);
			return false;
		}
		ml_set_slot(node, i, child);
		/*
		 * A search may have lowered the source's bounds between the
		 * copies of the two: no bound is below its child's.
		 */
		if (ml_has_gaps(mas->tree) && !ml_is_leaf(child))
			ml_set_gap(node, i, vms__mt_isa->inner_gap(ml_node(child)));
	}
	return true;
}

/*
 * A copy of what @ref leads to, which spans up to @max, for the tree of @mas.
 * NULL: no memory.
 */
static void *copy_node(struct ma_state *mas, void *ref, unsigned long max)
{
	struct maple_node *node = vms__mt_alloc(mas, kind_of(ref));
	unsigned long phase;

	if (unlikely(!node))
		return NULL;
	phase = ml_is_leaf(ref) ? ml_first_phase(node) : 0;
	memcpy((void *)node, ml_node(ref), ml_is_leaf(ref) ? ML_LEAF_BYTES : ML_INNER_BYTES);
	for (unsigned int i = 0; !ml_is_leaf(ref) && ml_has_gaps(mas->tree) && i < ML_GAPS; i++)
		ml_set_gap(node, i, ml_gap(ml_node(ref), i));
	/*
	 * The copy has phases of its own, not those of the leaf that it
	 * copies: a cursor that stood in this memory before must not take it
	 * for the leaf that it knew. Relaxed: it is not published yet.
	 */
	atomic_store_explicit(&node->state, (ml_form_of(node) & ML_FORM) | phase,
			      memory_order_relaxed);
	if (!ml_is_leaf(ref) && !copy_children(mas, node, max)) {
		vms__mt_free(mas->tree, node, ML_INNER);
		return NULL;
	}
	return (void *)((unsigned long)node | ((unsigned long)ref & (ML_NODE_MARK | ML_FORM)));
}

/* The flags that both trees must share: all that are no state. */
static unsigned int kind_flags(const struct maple_tree *mt)
{
	return vms_mt_flags(mt) & ~MT_FLAGS_ALLOC_WRAPPED;
}

int __mt_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp)
{
	void *root = ml_root(mt);
	struct ma_state mas;

	(void)gfp;
	ml_assert_write_locked(copy);
	VMS_ASSERT(mt_lock_is_held(mt));
	if (kind_flags(mt) != kind_flags(copy) || !mtree_empty(copy))
		return -EINVAL;
	mas_init(&mas, copy, 0);
	if (ml_is_node(root)) {
		root = copy_node(&mas, root, ULONG_MAX);
		if (!root)
			return -ENOMEM;
	}
	ml_set_flags(copy, vms_mt_flags(mt));
	ml_publish_root(copy, root);
	return 0;
}

int mtree_dup(struct maple_tree *mt, struct maple_tree *copy, gfp_t gfp)
{
	int err;

	mtree_lock(copy);
	mtree_lock_nested(mt, 1);
	err = __mt_dup(mt, copy, gfp);
	mtree_unlock(mt);
	mtree_unlock(copy);
	return err;
}
