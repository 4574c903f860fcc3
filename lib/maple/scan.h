/* SPDX-License-Identifier: MIT */
/*
 * scan.h - scans of one node, without vector instructions of our own; included
 * by the descend_*.c that have no better.
 *
 * Locks: RCU or the tree's lock; for gaps, the lock.
 */

/* The slots of a leaf that are not empty. */
static unsigned int narrow_used(const struct maple_node *leaf)
{
	unsigned int slots = 1;

	for (unsigned int i = 1; i < MT_NARROW_LEAF_KEYS; i++)
		slots |= (unsigned int)(mt_key(leaf, i) != mt_key(leaf, i - 1)) << i;
	return slots | (unsigned int)(mt_key(leaf, MT_NARROW_LEAF_KEYS - 1) != MT_KEY_NONE)
			       << MT_NARROW_LEAF_KEYS;
}

static unsigned int used(const struct mt_leaf *l)
{
	unsigned int slots = 1;

	if (likely(!l->wide))
		return narrow_used(l->node);
	for (unsigned int i = 1; i < MT_WIDE_LEAF_KEYS; i++)
		slots |= (unsigned int)(mt_wide_pivot(l->node, i) != mt_wide_pivot(l->node, i - 1))
			 << i;
	return slots | (unsigned int)(mt_wide_pivot(l->node, MT_WIDE_LEAF_KEYS - 1) != ULONG_MAX)
			       << MT_WIDE_LEAF_KEYS;
}

/* The slots of a leaf that have no entry, among others that are not used. */
static unsigned int nulls(const struct mt_leaf *l)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i <= l->keys; i++)
		slots |= (unsigned int)!mt_leaf_slot(l, i) << i;
	return slots;
}

/*
 * The first index of each slot of a leaf, and at last the index after the leaf.
 */
static void bounds(const struct mt_leaf *l, unsigned long *bound)
{
	bound[0] = l->min;
	for (unsigned int i = 0; i <= l->keys; i++)
		bound[i + 1] = mt_leaf_max(l, i) + 1;
}

/* The largest gap of a leaf. */
static unsigned long leaf_gap(const struct mt_leaf *l)
{
	unsigned long gap = 0;

	for (unsigned int slots = used(l) & nulls(l); slots; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);
		unsigned long width = mt_leaf_max(l, i) + 1 - mt_leaf_min(l, i);

		gap = width > gap ? width : gap;
	}
	return gap;
}

/* The largest bound of an inner node. */
static unsigned long inner_gap(const struct maple_node *node)
{
	unsigned long gap = 0;

	/* The slots beyond the last have 0. */
	for (unsigned int i = 0; i < MT_GAPS; i++)
		gap = mt_gap(node, i) > gap ? mt_gap(node, i) : gap;
	return gap;
}

/*
 * The slots of an inner node that may have a gap of @size or more under them.
 */
static unsigned int gaps(const struct maple_node *node, unsigned long size)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < MT_GAPS; i++)
		mask |= (unsigned int)(mt_gap(node, i) >= size) << i;
	return mask;
}

/*
 * The slots of a narrow leaf that are gaps of @need or more, in the unit of its
 * keys, between two keys; and the first and the last slot if they are gaps,
 * whatever they span: a key need not tell where those begin and end. *empty:
 * nulls().
 */
static unsigned int narrow_gaps(const struct maple_node *leaf, unsigned long need,
				unsigned int *empty)
{
	unsigned int slots = 1, last = 0;

	*empty = 0;
	for (unsigned int i = 0; i <= MT_NARROW_LEAF_KEYS; i++)
		/* Relaxed: under the lock. */
		*empty |= (unsigned int)!atomic_load_explicit(
				  &((struct maple_node *)leaf)->narrow_leaf.slot[i],
				  memory_order_relaxed)
			  << i;
	while (last < MT_NARROW_LEAF_KEYS && mt_key(leaf, last) != MT_KEY_NONE) {
		slots |= (unsigned int)(last && mt_key(leaf, last) - mt_key(leaf, last - 1) >= need)
			 << last;
		last++;
	}
	return (slots | 1u << last) & *empty;
}
