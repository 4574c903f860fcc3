/* SPDX-License-Identifier: MIT */
/*
 * rbtree.h - an embedder's own tree, under Linux's names: not balanced, and
 * with nodes of another layout than the library's.
 */
#ifndef EMBEDDER_RBTREE_H
#define EMBEDDER_RBTREE_H

#include <stddef.h>

struct rb_node {
	struct rb_node *parent, *left, *right;
	char color;
};
struct rb_root {
	struct rb_node *top;
};

#define RB_ROOT                                                                                    \
	{                                                                                          \
		NULL                                                                               \
	}
#define rb_entry(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent = parent;
	node->left = node->right = NULL;
	*link = node;
}

/* Defined in embedder.c, so the name is a symbol of the program. */
void rb_insert_color(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);

#endif
