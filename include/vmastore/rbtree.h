/* SPDX-License-Identifier: MIT */
/*
 * rbtree.h - an intrusive red-black tree that can carry a summary of each
 * subtree (augmented: largest gap, last end, ...).
 *
 * The caller embeds a struct rb_node, walks down from the root itself, links
 * the new node where the walk ended and lets the tree rebalance. So the
 * comparison is inlined and the tree never allocates. The names and arguments
 * are those of Linux's Documentation/core-api/rbtree.rst. The tree is the one
 * of Guibas and Sedgewick, "A dichromatic framework for balanced trees" (1978),
 * with the rebalancing cases as in Cormen, Leiserson, Rivest and Stein,
 * "Introduction to Algorithms", chapters 13 and 17.
 *
 * Locks: none. The caller must let one writer alone, or any number of readers,
 * use a tree at a time.
 * Progress: nothing blocks, nothing fails. Search, insertion and erasure are
 * O(log n); an insertion rotates at most twice, an erasure at most three times;
 * rb_next() is O(log n), and O(1) on average over a walk.
 *
 * Read next: lib/rbtree/rbtree_impl.h (how it rebalances),
 * lib/rbtree/interval_tree.h (a tree of intervals on top of it).
 */
#ifndef VMASTORE_RBTREE_H
#define VMASTORE_RBTREE_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/*
 * One node, 24 bytes. Nodes are aligned to 8, so bit 0 of the parent's address
 * is free for the colour: 0 red, 1 black. A node whose parent word is its own
 * address is in no tree.
 */
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __attribute__((aligned(sizeof(long))));

#include <vmastore/begin_fields.h>
struct rb_root {
	struct VMS_K(rb_node) *rb_node;
};
#include <vmastore/end_fields.h>

#define RB_ROOT                                                                                    \
	VMS_LITERAL(rb_root)                                                                       \
	{                                                                                          \
		NULL                                                                               \
	}

/* The parent of @node (a struct rb_node *) or NULL at the root. */
#define rb_parent(node) ((struct rb_node *)((node)->__rb_parent_color & ~1UL))

/*
 * The structure of type @type whose member @member is *@ptr. @ptr must not be
 * NULL; rb_entry_safe() accepts NULL.
 */
#define rb_entry(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define rb_entry_safe(ptr, type, member)                                                           \
	__extension__({                                                                            \
		__typeof__(ptr) __rb_ptr = (ptr);                                                  \
		__rb_ptr ? rb_entry(__rb_ptr, type, member) : NULL;                                \
	})

#define RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)

/*
 * The caller itself marks a node as in no tree, with RB_CLEAR_NODE(), because
 * rb_erase() leaves the node's words as they are.
 */
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))

/**
 * rb_first(), rb_last() - The first and the last node in order; NULL if the
 * tree is empty.
 * rb_next(), rb_prev() - The neighbour in order; NULL past the end, and for a
 * node that is RB_EMPTY_NODE().
 *
 * Locks: the caller holds the tree's readers' or writer's lock.
 */
VMS_API struct rb_node *rb_first(const struct rb_root *root) VMS_SYM(rb_first);
VMS_API struct rb_node *rb_last(const struct rb_root *root) VMS_SYM(rb_last);
VMS_API struct rb_node *rb_next(const struct rb_node *node) VMS_SYM(rb_next);
VMS_API struct rb_node *rb_prev(const struct rb_node *node) VMS_SYM(rb_prev);

/**
 * rb_first_postorder(), rb_next_postorder() - Walk children before their
 * parent, so that a teardown may free each node it visits.
 *
 * Locks: as rb_first().
 */
VMS_API struct rb_node *rb_first_postorder(const struct rb_root *root) VMS_SYM(rb_first_postorder);
VMS_API struct rb_node *rb_next_postorder(const struct rb_node *node) VMS_SYM(rb_next_postorder);

/*
 * Visits every entry, children first. The body may free @pos, but must not
 * rebalance the tree.
 */
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field)                                  \
	for ((pos) = rb_entry_safe(rb_first_postorder(root), __typeof__(*(pos)), field);           \
	     (pos) &&                                                                              \
	     ((n) = rb_entry_safe(rb_next_postorder(&(pos)->field), __typeof__(*(pos)), field),    \
	     true);                                                                                \
	     (pos) = (n))

/**
 * rb_link_node() - Hang @node, red and childless, on the empty @link of @parent
 * (or of the root: @parent NULL).
 *
 * Locks: the tree's writer. Follow with rb_insert_color() or
 *        rb_insert_augmented().
 */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

/**
 * rb_insert_color() - Rebalance after rb_link_node().
 *
 * Locks: the tree's writer.
 */
VMS_API void rb_insert_color(struct rb_node *node, struct rb_root *root) VMS_SYM(rb_insert_color);
/**
 * rb_erase() - Remove @node. Its own words are left stale: a caller that later
 * asks RB_EMPTY_NODE() calls RB_CLEAR_NODE() now.
 *
 * Locks: the tree's writer.
 */
VMS_API void rb_erase(struct rb_node *node, struct rb_root *root) VMS_SYM(rb_erase);
/**
 * rb_replace_node() - Put @new_node in @victim's place, with its colour and its
 * children, in O(1).
 *
 * The new node's key must keep the order. The caller of an augmented tree also
 * copies the summary, and then propagates if it changed.
 *
 * Locks: the tree's writer.
 */
VMS_API void rb_replace_node(struct rb_node *victim, struct rb_node *new_node, struct rb_root *root)
	VMS_SYM(rb_replace_node);

/*
 * The augmented tree. Each node holds a summary of its subtree; the callbacks
 * keep it right while the tree changes shape:
 *   propagate(node, stop)  recompute from @node upwards, up to @stop but
 *                          without it (NULL: to the root); may end early at a
 *                          node whose summary comes out unchanged.
 *   copy(old, new)         @new takes @old's place: give it @old's summary.
 *   rotate(old, new)       @new took @old's place above it: @new gets @old's
 *                          summary, and @old's is recomputed.
 */
struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old_node, struct rb_node *new_node);
	void (*rotate)(struct rb_node *old_node, struct rb_node *new_node);
};

/**
 * rb_insert_augmented() - rb_insert_color() of an augmented tree.
 *
 * The caller has linked @node, set @node's summary to that of a leaf, and
 * updated the summary of every ancestor (on the way down, or by propagate()
 * from the parent).
 *
 * Locks: the tree's writer.
 */
VMS_API void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				 const struct rb_augment_callbacks *augment)
	VMS_SYM(rb_insert_augmented);
/**
 * rb_erase_augmented() - rb_erase() of an augmented tree; every summary is
 * right afterwards.
 *
 * Locks: the tree's writer.
 */
VMS_API void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
				const struct rb_augment_callbacks *augment)
	VMS_SYM(rb_erase_augmented);

/*
 * RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented,
 * rbcompute) - Define `struct rb_augment_callbacks rbname`.
 * @rbstatic:    "static", or nothing.
 * @rbstruct:    the type that embeds the node as @rbfield and the summary as
 *               @rbaugmented.
 * @rbcompute:   bool rbcompute(rbstruct *node, bool exit): recompute
 *               node->rbaugmented from the node and its children. If @exit is
 *               set and the summary comes out unchanged, change nothing and
 *               return true: the ancestors are right already.
 */
#define RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbcompute)          \
	static inline void rbname##_propagate(struct rb_node *rb, struct rb_node *stop)            \
	{                                                                                          \
		while (rb != stop && !rbcompute(rb_entry(rb, rbstruct, rbfield), true))            \
			rb = rb_parent(rb);                                                        \
	}                                                                                          \
	static inline void rbname##_copy(struct rb_node *rb_old, struct rb_node *rb_new)           \
	{                                                                                          \
		rb_entry(rb_new, rbstruct, rbfield)->rbaugmented =                                 \
			rb_entry(rb_old, rbstruct, rbfield)->rbaugmented;                          \
	}                                                                                          \
	static inline void rbname##_rotate(struct rb_node *rb_old, struct rb_node *rb_new)         \
	{                                                                                          \
		rbname##_copy(rb_old, rb_new);                                                     \
		rbcompute(rb_entry(rb_old, rbstruct, rbfield), false);                             \
	}                                                                                          \
	rbstatic const struct rb_augment_callbacks rbname = {rbname##_propagate, rbname##_copy,    \
							     rbname##_rotate}

/*
 * RB_DECLARE_CALLBACKS_MAX(rbstatic, rbname, rbstruct, rbfield, rbtype,
 * rbaugmented, rbvalue) - The summary is the largest `rbtype rbvalue(rbstruct
 * *node)` of the subtree.
 */
#define RB_DECLARE_CALLBACKS_MAX(rbstatic, rbname, rbstruct, rbfield, rbtype, rbaugmented,         \
				 rbvalue)                                                          \
	static inline bool rbname##_compute_max(rbstruct *node, bool exit)                         \
	{                                                                                          \
		rbtype max = rbvalue(node);                                                        \
                                                                                                   \
		if (node->rbfield.rb_left) {                                                       \
			rbtype child =                                                             \
				rb_entry(node->rbfield.rb_left, rbstruct, rbfield)->rbaugmented;   \
                                                                                                   \
			if (child > max)                                                           \
				max = child;                                                       \
		}                                                                                  \
		if (node->rbfield.rb_right) {                                                      \
			rbtype child =                                                             \
				rb_entry(node->rbfield.rb_right, rbstruct, rbfield)->rbaugmented;  \
                                                                                                   \
			if (child > max)                                                           \
				max = child;                                                       \
		}                                                                                  \
		if (exit && node->rbaugmented == max)                                              \
			return true;                                                               \
		node->rbaugmented = max;                                                           \
		return false;                                                                      \
	}                                                                                          \
	RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbname##_compute_max)

#include <vmastore/end.h>

#endif
