/* SPDX-License-Identifier: MIT */
/*
 * scan.h - the scans of one node that stores need, without vector instructions of our own; included by the descend_*.c that
 * have no better.
 *
 * Locks: the tree's lock.
 */

static unsigned int used(const struct maple_node *leaf)
{
	unsigned int slots = 1;

	for (unsigned int i = 1; i < MT_PIVOTS; i++)
		slots |= (unsigned int)(mt_pivot(leaf, i) != mt_pivot(leaf, i - 1)) << i;
	return slots | (unsigned int)(mt_pivot(leaf, MT_PIVOTS - 1) != ULONG_MAX) << MT_PIVOTS;
}

static unsigned int nulls(const struct maple_node *leaf)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i < MT_SLOTS; i++)
		slots |= (unsigned int)!mt_slot(leaf, i) << i;
	return slots;
}

static unsigned long leaf_gap(const struct maple_node *leaf, unsigned long min, unsigned long max)
{
	unsigned long gap = 0, below = min - 1, pivot;

	for (unsigned int i = 0;; i++) {
		pivot = mt_slot_max(leaf, i, max);
		/* For an empty slot the width comes to 0. */
		if (!mt_slot(leaf, i) && pivot - below > gap)
			gap = pivot - below;
		if (pivot == max)
			return gap;
		below = pivot;
	}
}

static unsigned long inner_gap(const struct maple_node *node)
{
	unsigned long gap = 0;

	/* The slots beyond the last have 0. */
	for (unsigned int i = 0; i < MT_SLOTS; i++)
		gap = node->gap[i] > gap ? node->gap[i] : gap;
	return gap;
}

static unsigned int gaps(const struct maple_node *node, unsigned long size)
{
	unsigned int mask = 0;

	for (unsigned int i = 0; i < MT_SLOTS; i++)
		mask |= (unsigned int)(node->gap[i] >= size) << i;
	return mask;
}
