/* SPDX-License-Identifier: MIT */
/*
 * rbtree.c - the red-black tree's functions: walks, replacement, and the two
 * ready-made copies of insertion and erasure. Read next: rbtree_impl.h, which
 * rebalances.
 *
 * Locks: the tree has none. The caller must exclude all others for a change,
 *        and writers for a walk.
 */
#include "lib/rbtree/rbtree_impl.h"

static struct rb_node *leftmost(struct rb_node *node)
{
	while (node->rb_left)
		node = node->rb_left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node->rb_right)
		node = node->rb_right;
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return root->rb_node ? leftmost(root->rb_node) : NULL;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return root->rb_node ? rightmost(root->rb_node) : NULL;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_right)
		return leftmost(node->rb_right);
	/*
	 * Climb to the nearest ancestor whose left subtree contains the node.
	 */
	while ((parent = rb_parent(node)) && parent->rb_right == node)
		node = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_left)
		return rightmost(node->rb_left);
	while ((parent = rb_parent(node)) && parent->rb_left == node)
		node = parent;
	return parent;
}

/*
 * The first leaf of a descent that prefers left: the first node of a subtree in
 * postorder.
 */
static struct rb_node *first_leaf(struct rb_node *node)
{
	for (;;) {
		if (node->rb_left)
			node = node->rb_left;
		else if (node->rb_right)
			node = node->rb_right;
		else
			return node;
	}
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? first_leaf(root->rb_node) : NULL;
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	if (parent && parent->rb_left == node && parent->rb_right)
		return first_leaf(parent->rb_right);
	return parent;
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new_node, struct rb_root *root)
{
	*new_node = *victim;
	vms__rb_change_child(victim, new_node, rb_parent(victim), root);
	if (new_node->rb_left)
		vms__rb_set_parent(new_node->rb_left, new_node);
	if (new_node->rb_right)
		vms__rb_set_parent(new_node->rb_right, new_node);
}

/* The plain tree's callbacks do nothing, and are compiled away. */
static inline void no_propagate(struct rb_node *node, struct rb_node *stop)
{
	(void)node;
	(void)stop;
}

static inline void no_copy(struct rb_node *old_node, struct rb_node *new_node)
{
	(void)old_node;
	(void)new_node;
}

static const struct rb_augment_callbacks not_augmented = {
	.propagate = no_propagate,
	.copy = no_copy,
	.rotate = no_copy,
};

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	vms__rb_insert(node, root, &not_augmented);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	vms__rb_erase(node, root, &not_augmented);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	vms__rb_insert(node, root, augment);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	vms__rb_erase(node, root, augment);
}
