/* SPDX-License-Identifier: MIT */
/*
 * embedder.c - the functions of the embedder's own rbtree.h and of find_vma().
 */
#include "tests/build/names/embedder.h"

#include "tests/build/names/rbtree.h"

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	node->color = root->top == node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->top;

	while (node && node->left)
		node = node->left;
	return node;
}

int find_vma(int answer)
{
	return answer;
}
