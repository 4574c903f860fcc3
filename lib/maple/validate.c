/* SPDX-License-Identifier: MIT */
/*
 * validate.c - checks every rule of the tree, from the root down. A node does
 * not store its own bounds, so each is checked against the bounds that its
 * parents' pivots give it. The same walk counts the nodes, for vms_mt_stats().
 *
 * Locks: the tree's lock; held for reading will do. Read first: node.h.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "lib/maple/internal.h"

struct check {
	const struct maple_tree *mt;
	FILE *why;
	int broken;
	unsigned int height;
	const void *before; /* entry of the range before the one looked at */
	bool any;           /* there is one before */
	struct vms_mt_stats stats;
};

/*
 * Note whether a rule holds. A broken rule does not end the check, because one
 * fault often explains another.
 */
__attribute__((format(printf, 3, 4))) static void rule(struct check *c, bool holds, const char *fmt,
						       ...)
{
	va_list args;

	if (holds)
		return;
	c->broken++;
	if (!c->why)
		return;
	va_start(args, fmt);
	fputs("maple tree: ", c->why);
	vfprintf(c->why, fmt, args);
	fputc('\n', c->why);
	va_end(args);
}

/*
 * The largest gap of a leaf that spans [@min, @max]. It is computed slot by
 * slot and not with the tables of isa/, whose faults the check has to find.
 */
static unsigned long leaf_gap(const struct maple_node *leaf, unsigned long min, unsigned long max)
{
	unsigned long gap = 0, low = min;

	for (unsigned int i = 0, end = ml_find_slot(leaf, max); i <= end; i++) {
		unsigned long high = i < end ? ml_pivot(leaf, i) : max;

		if (!ml_slot(leaf, i) && high - low + 1 > gap)
			gap = high - low + 1;
		low = high + 1;
	}
	return gap;
}

/*
 * Pivots ascend, and those after the last slot are ULONG_MAX, because a search
 * counts the pivots below an index and knows no number of slots. Return: the
 * last slot of @node.
 */
static unsigned int check_pivots(struct check *c, const struct maple_node *node, unsigned long min,
				 unsigned long max, bool leaf)
{
	unsigned int end = ml_find_slot(node, max);
	unsigned long below = min;

	for (unsigned int i = 0; i < end; i++) {
		unsigned long pivot = ml_pivot(node, i);
		bool empty = leaf && i && pivot == ml_pivot(node, i - 1);

		rule(c, empty || (pivot >= below && pivot < max),
		     "%p: pivot %u is %#lx, out of [%#lx, %#lx)", (void *)node, i, pivot, below,
		     max);
		below = pivot + 1;
	}
	for (unsigned int i = end; i < ml_keys(node); i++)
		rule(c, ml_pivot(node, i) == ULONG_MAX,
		     "%p: pivot %u, after the last slot %u, is %#lx", (void *)node, i, end,
		     ml_pivot(node, i));
	return end;
}

/*
 * The reference's low bits and the node's state name the same form, and the
 * keys of that form can express the node's bounds. A reader chooses its search
 * by the reference, before it has read the node.
 */
static void check_form(struct check *c, const struct maple_node *parent, const void *ref,
		       unsigned long min, unsigned long max)
{
	const struct maple_node *node = ml_node(ref);
	unsigned long form = ml_form_of(node);
	unsigned int shift = ml_shift_of(form);

	rule(c, ref == (parent ? ml_ref_in(parent, node) : ml_ref(node)),
	     "%p: the form in the reference %p is not the node's", (void *)node, ref);
	if (form & (ML_WIDE_BIT | ML_EDGE_BIT))
		return;
	rule(c, ml_region(min, shift) == ml_base(node) && ml_region(max, shift) == ml_base(node),
	     "%p: [%#lx, %#lx] is beyond the node's region %#lx", (void *)node, min, max,
	     ml_base(node));
	rule(c, !((min | (max + 1)) & ((1ul << shift) - 1)),
	     "%p: [%#lx, %#lx] is not what keys of this form can tell", (void *)node, min, max);
}

/*
 * Return: the leaf's largest gap. The check carries the range before this leaf
 * along, because two gaps must not touch where two leaves meet either.
 */
static unsigned long check_leaf(struct check *c, const struct maple_node *leaf, unsigned long min,
				unsigned long max, unsigned int depth)
{
	unsigned int end = check_pivots(c, leaf, min, max, true), used = 0;
	unsigned long low = min;

	for (unsigned int i = 0; i <= end; i++) {
		unsigned long high = i < end ? ml_pivot(leaf, i) : max;
		void *entry = ml_slot(leaf, i);

		if (high + 1 == low && i)
			continue;
		used++;
		rule(c, entry || c->before || !c->any, "%p: gap at %#lx touches the gap before it",
		     (void *)leaf, low);
		c->stats.entries += entry != NULL;
		c->before = entry;
		c->any = true;
		low = high + 1;
	}
	rule(c, depth == c->height, "%p: leaf at depth %u of a tree %u high", (void *)leaf, depth,
	     c->height);
	rule(c, depth == 1 || used >= ML_LEAF_MIN, "%p: leaf with %u slots in use", (void *)leaf,
	     used);
	c->stats.leaves++;
	return leaf_gap(leaf, min, max);
}

/* Return: the largest gap of a leaf, or the largest bound of an inner node. */
static unsigned long check_node(struct check *c, const struct maple_node *parent, const void *ref,
				unsigned long min, unsigned long max, unsigned int depth)
{
	const struct maple_node *node = ml_node(ref);
	unsigned long low = min, largest = 0;
	unsigned int end;

	rule(c, ml_is_node(ref) && node, "%p is no node", ref);
	rule(c, !(ml_state(node) & ML_DEAD), "%p: dead node in the tree", (void *)node);
	check_form(c, parent, ref, min, max);
	if (ml_is_leaf(ref))
		return check_leaf(c, node, min, max, depth);
	end = check_pivots(c, node, min, max, false);
	rule(c, end + 1 >= (depth == 1 ? 2 : ML_INNER_MIN), "%p: inner node with %u slots",
	     (void *)node, end + 1);
	for (unsigned int i = 0; i <= end; i++) {
		unsigned long high = i < end ? ml_pivot(node, i) : max;
		/*
		 * The bound is read before the child is. If the lock is held
		 * for reading, a search may lower bounds concurrently, the
		 * child's first and then this one; a bound that is read after
		 * the child could be too low for what the check found there.
		 * acquire: pairs with the release in vms__mt_gap_lower().
		 */
		unsigned long bound = ml_has_gaps(c->mt) ? ml_gap_acquire(node, i) : ULONG_MAX;
		unsigned long gap = check_node(c, node, ml_slot(node, i), low, high, depth + 1);

		rule(c, bound >= gap, "%p: gap of slot %u is bounded by %#lx, is %#lx",
		     (void *)node, i, bound, gap);
		largest = bound > largest ? bound : largest;
		low = high + 1;
	}
	for (unsigned int i = end + 1; i < ML_GAPS && ml_has_gaps(c->mt); i++)
		rule(c, !ml_gap(node, i), "%p: unused slot %u has a gap", (void *)node, i);
	c->stats.inner_nodes++;
	return largest;
}

static void check_tree(struct check *c)
{
	void *root = ml_root(c->mt);

	c->height = mt_height(c->mt);
	c->stats.height = c->height;
	if (ml_is_node(root))
		check_node(c, NULL, root, 0, ULONG_MAX, 1);
	else
		c->stats.entries = root != NULL;
}

int vms_mt_check(const struct maple_tree *mt, FILE *why)
{
	struct check c = {.mt = mt, .why = why};

	check_tree(&c);
	return c.broken;
}

/* Unlike vms_mt_check(), this ends the program if the tree is broken. */
void mt_validate(struct maple_tree *mt)
{
	if (!vms_mt_check(mt, stderr))
		return;
	mt_dump(mt, mt_dump_hex);
	abort();
}

void vms_mt_stats(const struct maple_tree *mt, struct vms_mt_stats *stats)
{
	struct check c = {.mt = mt};

	check_tree(&c);
	*stats = c.stats;
	stats->bytes = stats->leaves * vms__mt_node_size(mt, ML_LEAF) +
		       stats->inner_nodes * vms__mt_node_size(mt, ML_INNER);
}
