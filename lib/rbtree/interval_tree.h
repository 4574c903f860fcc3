/* SPDX-License-Identifier: MIT */
/*
 * interval_tree.h - a tree of closed intervals [start, last], which may overlap
 * and repeat. It finds all intervals that overlap a given one: the VMAs that
 * map a range of a file, or the VMAs in which a page may be mapped.
 *
 * A red-black tree in order of start; each node also holds the largest last of
 * its subtree (Cormen et al., the chapter on augmenting data structures). A
 * search skips a subtree whose largest last is before the range, and it ends at
 * the first node that starts after the range, because all later nodes start
 * after it, too.
 *
 * Progress: insertion and removal O(log n); a walk over k intervals O(k + log
 *           n) if they lie together, O(k log n) at most.
 * Locks: as in rbtree.h: one writer alone, or readers. Read next:
 *        rbtree_impl.h.
 */
#ifndef VMS_RBTREE_INTERVAL_TREE_H
#define VMS_RBTREE_INTERVAL_TREE_H

#include <vmastore/rbtree.h>

/*
 * INTERVAL_TREE_DEFINE(itstruct, itrb, ittype, itsubtree, itstart, itlast,
 * itstatic, itprefix) - Define an interval tree's functions.
 * @itstruct:  the type of an interval, with a struct rb_node as @itrb and an
 *             @ittype as @itsubtree.
 * @itstart:   its first value: an expression or a function of a pointer to
 *             const @itstruct; constant while the interval is in the tree.
 * @itlast:    its last value, inclusive; otherwise like @itstart.
 * @itstatic:  "static", "static inline", or nothing.
 *
 *   void itprefix_insert(itstruct *node, struct rb_root *root)
 *   void itprefix_remove(itstruct *node, struct rb_root *root)
 *   itstruct *itprefix_iter_first(struct rb_root *root, ittype start,
 *                                 ittype last)
 *       the interval of lowest start that overlaps [start, last], or NULL
 *   itstruct *itprefix_iter_next(itstruct *node, ittype start, ittype last)
 *       the next one, in order of start, or NULL
 *
 * Intervals with the same start come in the order of their insertion. The
 * callbacks are itprefix_augment.
 *
 * Inside, itprefix_reaching() returns a subtree's top, or NULL if the whole
 * subtree ends before start. itprefix_first_in() looks for the first interval
 * that overlaps [start, last] in a subtree that reaches start. If the left
 * child's subtree reaches start, too, the result is there or does not exist:
 * some interval there ends late enough, and if that one starts too late, so do
 * all that follow it.
 */
#define INTERVAL_TREE_DEFINE(itstruct, itrb, ittype, itsubtree, itstart, itlast, itstatic,         \
			     itprefix)                                                             \
	RB_DECLARE_CALLBACKS_MAX(static, itprefix##_augment, itstruct, itrb, ittype, itsubtree,    \
				 itlast);                                                          \
                                                                                                   \
	itstatic void itprefix##_insert(itstruct *node, struct rb_root *root)                      \
	{                                                                                          \
		struct rb_node **link = &root->rb_node, *rb_up = NULL;                             \
		ittype start = itstart(node), last = itlast(node);                                 \
                                                                                                   \
		while (*link) {                                                                    \
			itstruct *up = rb_entry(*link, itstruct, itrb);                            \
                                                                                                   \
			rb_up = *link;                                                             \
			if (up->itsubtree < last)                                                  \
				up->itsubtree = last;                                              \
			link = start < itstart(up) ? &rb_up->rb_left : &rb_up->rb_right;           \
		}                                                                                  \
		node->itsubtree = last;                                                            \
		rb_link_node(&node->itrb, rb_up, link);                                            \
		rb_insert_augmented(&node->itrb, root, &itprefix##_augment);                       \
	}                                                                                          \
                                                                                                   \
	itstatic void itprefix##_remove(itstruct *node, struct rb_root *root)                      \
	{                                                                                          \
		rb_erase_augmented(&node->itrb, root, &itprefix##_augment);                        \
	}                                                                                          \
                                                                                                   \
	static inline itstruct *itprefix##_reaching(struct rb_node *rb, ittype start)              \
	{                                                                                          \
		itstruct *node = rb_entry_safe(rb, itstruct, itrb);                                \
                                                                                                   \
		return node && node->itsubtree >= start ? node : NULL;                             \
	}                                                                                          \
                                                                                                   \
	static inline itstruct *itprefix##_first_in(itstruct *node, ittype start, ittype last)     \
	{                                                                                          \
		while (node) {                                                                     \
			itstruct *left = itprefix##_reaching(node->itrb.rb_left, start);           \
                                                                                                   \
			if (left) {                                                                \
				node = left;                                                       \
				continue;                                                          \
			}                                                                          \
			if (itstart(node) > last)                                                  \
				return NULL;                                                       \
			if (itlast(node) >= start)                                                 \
				return node;                                                       \
			node = itprefix##_reaching(node->itrb.rb_right, start);                    \
		}                                                                                  \
		return NULL;                                                                       \
	}                                                                                          \
                                                                                                   \
	itstatic itstruct *itprefix##_iter_first(struct rb_root *root, ittype start, ittype last)  \
	{                                                                                          \
		return itprefix##_first_in(itprefix##_reaching(root->rb_node, start), start,       \
					   last);                                                  \
	}                                                                                          \
                                                                                                   \
	itstatic itstruct *itprefix##_iter_next(itstruct *node, ittype start, ittype last)         \
	{                                                                                          \
		for (;;) {                                                                         \
			itstruct *right = itprefix##_reaching(node->itrb.rb_right, start);         \
			struct rb_node *rb = &node->itrb, *rb_from;                                \
                                                                                                   \
			if (right)                                                                 \
				return itprefix##_first_in(right, start, last);                    \
			do {                                                                       \
				rb_from = rb;                                                      \
				rb = rb_parent(rb);                                                \
			} while (rb && rb->rb_right == rb_from);                                   \
			if (!rb)                                                                   \
				return NULL;                                                       \
			node = rb_entry(rb, itstruct, itrb);                                       \
			if (itstart(node) > last)                                                  \
				return NULL;                                                       \
			if (itlast(node) >= start)                                                 \
				return node;                                                       \
		}                                                                                  \
	}

#endif
