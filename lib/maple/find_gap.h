/* SPDX-License-Identifier: MIT */
/*
 * find_gap.h - the way down to a gap. Compiled once for each instruction set, as descend.h.
 *
 * Locks: the tree's lock; held for reading will do.
 */

/* The lowest or highest of a set of slots. */
static inline unsigned int pick(const struct mt_gap_search *s, unsigned int slots)
{
	return s->highest ? 31 - (unsigned int)__builtin_clz(slots) : (unsigned int)__builtin_ctz(slots);
}

/* Those of @slots that reach into the window. @low and @high are what the node spans. */
static inline unsigned int in_window(const struct mt_gap_search *s, const struct maple_node *node, unsigned int slots,
				     unsigned long low, unsigned long high)
{
	if (low < s->min)
		slots &= ~0u << find_slot(node, s->min);
	if (high > s->max)
		slots &= (2u << find_slot(node, s->max)) - 1;
	return slots;
}

static inline bool find_in_leaf(struct mt_gap_search *s, const struct maple_node *leaf, unsigned long low, unsigned long high)
{
	unsigned int slots = in_window(s, leaf, nulls(leaf) & used(leaf), low, high);

	for (; slots; slots &= ~(1u << pick(s, slots))) {
		unsigned int i = pick(s, slots);

		if (mt_gap_fits(s, mt_slot_min(leaf, i, low), mt_slot_max(leaf, i, high)))
			return true;
	}
	return false;
}

/*
 * Search what @ref spans, [low, high], from the end that is wanted. Only at the window's two edges can a subtree that has a gap
 * large enough turn out to be no use.
 */
static bool find_gap(struct mt_gap_search *s, const void *ref, unsigned long low, unsigned long high)
{
	const struct maple_node *node = mt_node(ref);
	unsigned int slots;

	if (mt_is_leaf(ref))
		return find_in_leaf(s, node, low, high);
	/* Slots that are not in use have no gap. */
	slots = in_window(s, node, gaps(node, s->size), low, high);
	for (; slots; slots &= ~(1u << pick(s, slots))) {
		unsigned int i = pick(s, slots);

		if (find_gap(s, mt_slot(node, i), mt_slot_min(node, i, low), mt_slot_max(node, i, high)))
			return true;
	}
	return false;
}
