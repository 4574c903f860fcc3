/* SPDX-License-Identifier: MIT */
/*
 * validate.h - check every rule of a red-black tree: links, colours, black
 * height, order, and the caller's summary of each subtree. For tests and for
 * the validators of what is built on the tree.
 */
#ifndef VMS_RBTREE_VALIDATE_H
#define VMS_RBTREE_VALIDATE_H

#include <stdio.h>

#include <vmastore/rbtree.h>

/* What the tree cannot know by itself; any of them may be NULL. */
struct vms__rb_rules {
	/* may b follow a at once? */
	bool (*in_order)(const struct rb_node *a, const struct rb_node *b);
	/* given the children's summaries */
	bool (*summary_right)(const struct rb_node *node);
	/* a few words on the node, no newline */
	void (*print)(const struct rb_node *node, FILE *out);
};

/*
 * Locks: the tree's writer, or readers if nothing is being changed.
 * Return: the number of broken rules, each printed to @why unless NULL. A
 *         damaged tree is walked only as far as its links are sound.
 */
int vms__rb_validate(const struct rb_root *root, const struct vms__rb_rules *rules, FILE *why);

#endif
