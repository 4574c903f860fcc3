/* SPDX-License-Identifier: MIT */
/*
 * validate.h - check every rule of a red-black tree: links, colours, black
 * height, order, and the caller's summary of each subtree. Used by tests and by
 * the validators of structures that are built on the tree. Read next:
 * validate.c.
 */
#ifndef VMS_RBTREE_VALIDATE_H
#define VMS_RBTREE_VALIDATE_H

#include <stdio.h>

#include <vmastore/rbtree.h>

/* Checks that only the tree's user can make; each may be NULL. */
struct vms__rb_rules {
	/* whether b may directly follow a */
	bool (*in_order)(const struct rb_node *a, const struct rb_node *b);
	/* whether the node's summary is right, given its children's */
	bool (*summary_right)(const struct rb_node *node);
	/* prints a few words about the node, without a newline */
	void (*print)(const struct rb_node *node, FILE *out);
};

/*
 * Locks: the caller must exclude changes of the tree.
 * Return: the number of broken rules, each printed to @why unless NULL. A
 *         damaged tree is walked only as far as its links are sound.
 */
int vms__rb_validate(const struct rb_root *root, const struct vms__rb_rules *rules, FILE *why);

#endif
