/* SPDX-License-Identifier: MIT */
/*
 * rbtree_impl.h - how the red-black tree rebalances, as templates: a caller
 * that passes constant augment callbacks gets its own copy of insertion and
 * erasure with the callbacks inlined. rbtree.c makes the plain copy and the one
 * that takes callbacks at run time.
 *
 * The rules (Guibas and Sedgewick 1978; Cormen et al., chapter 13):
 *   1. the root is black, and so is every missing child;
 *   2. a red node has no red child;
 *   3. every path down from a node to a missing child meets the same number of
 *      black nodes.
 *
 * There is one rotation: a child rises over its parent, and the two exchange
 * their colours. If the child is red, no path gains or loses a black node by
 * that, so each case below has to consider only the subtrees that change sides.
 * Only the last case of erasure raises a black node, which adds one to @node's
 * side. In the drawings capitals are black, small letters are red, and [x] is
 * the node that rises.
 *
 * Locks: the caller must be the tree's only user. Read next: rbtree.c,
 *        validate.c.
 */
#ifndef VMS_RBTREE_RBTREE_IMPL_H
#define VMS_RBTREE_RBTREE_IMPL_H

#include <vmastore/rbtree.h>

#define VMS__RB_BLACK 1UL

#define vms__rb_template static inline __attribute__((always_inline))

/* A missing child counts as black. */
static inline bool vms__rb_is_red(const struct rb_node *node)
{
	return node && !(node->__rb_parent_color & VMS__RB_BLACK);
}

static inline void vms__rb_set_black(struct rb_node *node)
{
	node->__rb_parent_color |= VMS__RB_BLACK;
}

static inline void vms__rb_set_red(struct rb_node *node)
{
	node->__rb_parent_color &= ~VMS__RB_BLACK;
}

static inline void vms__rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = (unsigned long)parent | (node->__rb_parent_color & VMS__RB_BLACK);
}

/*
 * Make @parent (the root pointer, if NULL) point at @new_child where it pointed
 * at @old_child.
 */
static inline void vms__rb_change_child(struct rb_node *old_child, struct rb_node *new_child,
					struct rb_node *parent, struct rb_root *root)
{
	if (!parent)
		root->rb_node = new_child;
	else if (parent->rb_left == old_child)
		parent->rb_left = new_child;
	else
		parent->rb_right = new_child;
}

/*
 * @child rises over its parent; their colours are exchanged.
 *
 *       parent              child
 *      /      \            /     \
 *   child      c    ->    a     parent        and the mirror image
 *   /   \                       /    \
 *  a   inner                 inner    c
 */
vms__rb_template void vms__rb_raise(struct rb_node *child, struct rb_root *root,
				    const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent = rb_parent(child), *inner;
	unsigned long child_color = child->__rb_parent_color & VMS__RB_BLACK;

	if (parent->rb_left == child) {
		inner = child->rb_right;
		parent->rb_left = inner;
		child->rb_right = parent;
	} else {
		inner = child->rb_left;
		parent->rb_right = inner;
		child->rb_left = parent;
	}
	if (inner)
		vms__rb_set_parent(inner, parent);
	vms__rb_change_child(parent, child, rb_parent(parent), root);
	child->__rb_parent_color = parent->__rb_parent_color;
	parent->__rb_parent_color = (unsigned long)child | child_color;
	augment->rotate(parent, child);
}

static inline struct rb_node *vms__rb_sibling(const struct rb_node *node,
					      const struct rb_node *parent)
{
	return parent->rb_left == node ? parent->rb_right : parent->rb_left;
}

/*
 * Only rule 2 may be broken, and only between @node, which is red, and its
 * parent. Each turn either ends the conflict or moves it two levels up.
 *
 *   uncle red: recolour
 *        G            g  <- next
 *       / \          / \
 *      p   u   ->   P   U
 *     /            /
 *    n            n
 *
 *   inner grandchild            outer grandchild
 *        G            G              G           P
 *       / \          / \            / \         / \
 *      p   U   ->   n   U         [p]  U  ->   n   g
 *       \          /              /                 \
 *       [n]       p              n                   U
 */
vms__rb_template void vms__rb_insert(struct rb_node *node, struct rb_root *root,
				     const struct rb_augment_callbacks *augment)
{
	for (;;) {
		struct rb_node *parent = rb_parent(node), *grandparent, *uncle;

		if (!parent) {
			vms__rb_set_black(node);
			return;
		}
		if (!vms__rb_is_red(parent))
			return;
		/* A red node is never the root, so it has a parent. */
		grandparent = rb_parent(parent);
		uncle = vms__rb_sibling(parent, grandparent);
		if (vms__rb_is_red(uncle)) {
			vms__rb_set_black(parent);
			vms__rb_set_black(uncle);
			vms__rb_set_red(grandparent);
			node = grandparent;
			continue;
		}
		if ((parent->rb_left == node) != (grandparent->rb_left == parent)) {
			vms__rb_raise(node, root, augment);
			parent = node;
		}
		vms__rb_raise(parent, root, augment);
		return;
	}
}

/*
 * Only rule 3 may be broken: every path through @node, a child of @parent that
 * may be missing, has one black node too few. Its sibling exists, because the
 * paths through it have one black node more. Each turn either ends the deficit
 * or moves it one level up.
 *
 *   sibling red: make it black
 *      P              S
 *     / \            / \
 *    n  [s]    ->   p   D
 *       / \        / \
 *      C   D      n   C  <- sibling
 *
 *   both nephews black: recolour the sibling
 *      p            P   done         P            P  <- next
 *     / \          / \              / \          / \
 *    n   S    ->  n   s            n   S    ->  n   s
 *
 *   inner nephew red, outer black
 *      p            p
 *     / \          / \
 *    n   S    ->  n   C
 *       / \            \
 *     [c]  D            s
 *
 *   outer nephew red (s takes whatever colour p has)
 *      p            s
 *     / \          / \
 *    n  [S]   ->  P   D   d turned black: done
 *       / \      / \
 *      c   d    n   c
 */
vms__rb_template void vms__rb_erase_fix(struct rb_node *node, struct rb_node *parent,
					struct rb_root *root,
					const struct rb_augment_callbacks *augment)
{
	while (parent) {
		bool is_left = parent->rb_left == node;
		struct rb_node *sibling = is_left ? parent->rb_right : parent->rb_left, *inner,
			       *outer;

		if (vms__rb_is_red(sibling)) {
			vms__rb_raise(sibling, root, augment);
			sibling = is_left ? parent->rb_right : parent->rb_left;
		}
		inner = is_left ? sibling->rb_left : sibling->rb_right;
		outer = is_left ? sibling->rb_right : sibling->rb_left;
		if (!vms__rb_is_red(inner) && !vms__rb_is_red(outer)) {
			vms__rb_set_red(sibling);
			if (vms__rb_is_red(parent)) {
				vms__rb_set_black(parent);
				return;
			}
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!vms__rb_is_red(outer)) {
			vms__rb_raise(inner, root, augment);
			outer = sibling;
			sibling = inner;
		}
		vms__rb_raise(sibling, root, augment);
		vms__rb_set_black(outer);
		return;
	}
}

/*
 * @node has two children: its successor, which has no left child, leaves its
 * own place and takes @node's, including its colour.
 * Return: the successor's former parent, where the tree is now shorter;
 *         *@child: the node now in the successor's former place.
 */
vms__rb_template struct rb_node *vms__rb_move_successor(struct rb_node *node, struct rb_root *root,
							struct rb_node **child, bool *lost_black,
							const struct rb_augment_callbacks *augment)
{
	struct rb_node *successor = node->rb_right, *parent = successor;

	if (!successor->rb_left) {
		*child = successor->rb_right;
	} else {
		while (successor->rb_left)
			successor = successor->rb_left;
		parent = rb_parent(successor);
		*child = successor->rb_right;
		parent->rb_left = *child;
		successor->rb_right = node->rb_right;
		vms__rb_set_parent(successor->rb_right, successor);
	}
	*lost_black = !vms__rb_is_red(successor);
	successor->rb_left = node->rb_left;
	vms__rb_set_parent(successor->rb_left, successor);
	vms__rb_change_child(node, successor, rb_parent(node), root);
	successor->__rb_parent_color = node->__rb_parent_color;
	if (*child)
		vms__rb_set_parent(*child, parent);

	augment->copy(node, successor);
	if (parent != successor)
		augment->propagate(parent, successor);
	augment->propagate(successor, NULL);
	return parent;
}

vms__rb_template void vms__rb_erase(struct rb_node *node, struct rb_root *root,
				    const struct rb_augment_callbacks *augment)
{
	struct rb_node *child, *parent;
	bool lost_black;

	if (node->rb_left && node->rb_right) {
		parent = vms__rb_move_successor(node, root, &child, &lost_black, augment);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		parent = rb_parent(node);
		lost_black = !vms__rb_is_red(node);
		vms__rb_change_child(node, child, parent, root);
		if (child)
			vms__rb_set_parent(child, parent);
		augment->propagate(parent, NULL);
	}
	if (!lost_black)
		return;
	/*
	 * An only child is red, by rule 3. Turned black, it replaces the black
	 * node that was removed.
	 */
	if (child)
		vms__rb_set_black(child);
	else
		vms__rb_erase_fix(child, parent, root, augment);
}

#endif
