/* SPDX-License-Identifier: MIT */
/*
 * scan.tmpl.h - scans of one node without vector instructions of our own, for
 * sets that have nothing better.
 *
 * A template for an instruction set's file, which need define nothing for it.
 * It defines isa_used(), isa_narrow_used(), isa_nulls(), isa_bounds(),
 * isa_gaps(), isa_narrow_gaps(), isa_leaf_gap() and isa_inner_gap(). avx2.c and
 * avx512.c define the same functions with vectors.
 *
 * Locks: RCU or the tree's lock; for gaps, the lock. A reader with RCU alone
 * must check the leaf's state after a scan, because the words may be of two
 * phases. Read next: node.h (where the words of a node are).
 */

/*
 * The slots of a leaf that are not empty. A slot is empty if its key is the one
 * before it. The first slot never is; the last one is in use if the key before
 * it is.
 */
static unsigned int isa_narrow_used(const struct maple_node *leaf)
{
	unsigned int slots = 1;

	for (unsigned int i = 1; i < ML_NARROW_LEAF_KEYS; i++)
		slots |= (unsigned int)(ml_key(leaf, i) != ml_key(leaf, i - 1)) << i;
	return slots | (unsigned int)(ml_key(leaf, ML_NARROW_LEAF_KEYS - 1) != ML_KEY_NONE)
			       << ML_NARROW_LEAF_KEYS;
}

static unsigned int isa_used(const struct ml_leaf *l)
{
	unsigned int slots = 1;

	if (likely(!l->wide))
		return isa_narrow_used(l->node);
	for (unsigned int i = 1; i < ML_WIDE_LEAF_KEYS; i++)
		slots |= (unsigned int)(ml_wide_pivot(l->node, i) != ml_wide_pivot(l->node, i - 1))
			 << i;
	return slots | (unsigned int)(ml_wide_pivot(l->node, ML_WIDE_LEAF_KEYS - 1) != ULONG_MAX)
			       << ML_WIDE_LEAF_KEYS;
}

/*
 * The slots of a leaf that have no entry. Slots that are not in use may be in
 * the set too, so callers mask the result with isa_used().
 */
static unsigned int isa_nulls(const struct ml_leaf *l)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i <= l->keys; i++)
		slots |= (unsigned int)!ml_leaf_slot(l, i) << i;
	return slots;
}

/*
 * Set bound[i] to the first index of slot i of a leaf, and the bound after the
 * last slot to the index after the leaf.
 */
static void isa_bounds(const struct ml_leaf *l, unsigned long *bound)
{
	bound[0] = l->min;
	for (unsigned int i = 0; i <= l->keys; i++)
		bound[i + 1] = ml_leaf_max(l, i) + 1;
}

/* The largest gap of a leaf. */
static unsigned long isa_leaf_gap(const struct ml_leaf *l)
{
	unsigned long gap = 0;

	for (unsigned int slots = isa_used(l) & isa_nulls(l); slots; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);
		unsigned long width = ml_leaf_max(l, i) + 1 - ml_leaf_min(l, i);

		gap = width > gap ? width : gap;
	}
	return gap;
}

/* The largest gap bound of an inner node. */
static unsigned long isa_inner_gap(const struct maple_node *node)
{
	unsigned long gap = 0;

	/* The slots beyond the last one in use have the bound 0. */
	for (unsigned int i = 0; i < ML_GAPS; i++)
		gap = ml_gap(node, i) > gap ? ml_gap(node, i) : gap;
	return gap;
}

/*
 * The slots of an inner node that may have a gap of @size or more under them.
 */
static unsigned int isa_gaps(const struct maple_node *node, unsigned long size)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < ML_GAPS; i++)
		mask |= (unsigned int)(ml_gap(node, i) >= size) << i;
	return mask;
}

/*
 * The slots of a narrow leaf that are gaps of @need or more, in the unit of its
 * keys, between two keys. The first and the last slot are in the set whenever
 * they are gaps, because a key need not say where the leaf begins and ends; the
 * caller must check their width. *empty: isa_nulls().
 */
static unsigned int isa_narrow_gaps(const struct maple_node *leaf, unsigned long need,
				    unsigned int *empty)
{
	unsigned int slots = 1, last = 0;

	*empty = 0;
	for (unsigned int i = 0; i <= ML_NARROW_LEAF_KEYS; i++)
		/* Relaxed: only the lock's holder stores here. */
		*empty |= (unsigned int)!atomic_load_explicit(
				  &((struct maple_node *)leaf)->narrow_leaf.slot[i],
				  memory_order_relaxed)
			  << i;
	while (last < ML_NARROW_LEAF_KEYS && ml_key(leaf, last) != ML_KEY_NONE) {
		slots |= (unsigned int)(last && ml_key(leaf, last) - ml_key(leaf, last - 1) >= need)
			 << last;
		last++;
	}
	return (slots | 1u << last) & *empty;
}
