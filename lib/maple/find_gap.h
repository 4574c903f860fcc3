/* SPDX-License-Identifier: MIT */
/*
 * find_gap.h - the way down to a gap. Compiled once for each instruction set, as descend.h.
 *
 * Locks: the tree's lock; held for reading will do.
 */

/* The lowest or highest of a set of slots. */
static inline unsigned int pick(bool highest, unsigned int slots)
{
	return highest ? 31 - (unsigned int)__builtin_clz(slots) : (unsigned int)__builtin_ctz(slots);
}

/* Nothing was found under the last step of the way down, where no gap is larger than @gap. */
static __attribute__((noinline)) bool find_nothing(struct mt_gap_search *s, unsigned int depth, unsigned long gap)
{
	if (depth && gap < s->size) {
		vms__mt_gap_lower(s->path, depth - 1, gap);
		s->astray = true;
	}
	return false;
}

/* find_nothing(), where the last step of the way down leads to @leaf, whose largest gap is not known yet. */
static __attribute__((noinline)) bool find_no_gap(struct mt_gap_search *s, unsigned int depth, struct maple_node *leaf,
						  unsigned long low, unsigned long high)
{
	struct mt_leaf l;

	mt_leaf_view(&l, leaf, mt_form_of(leaf), low, high);
	return find_nothing(s, depth, leaf_gap(&l));
}

static inline __attribute__((always_inline)) bool find_in_leaf(struct mt_gap_search *s, bool highest, struct maple_node *leaf,
							       unsigned long form, unsigned long low, unsigned long high,
							       unsigned int depth)
{
	const unsigned long min = s->min, max = s->max;
	struct mt_leaf l;
	unsigned int slots, all;

	mt_leaf_view(&l, leaf, form, low, high);
	slots = all = leaf_gaps(&l, s->size);
	if (low < min)
		slots &= ~0u << leaf_slot(leaf, form, min);
	if (high > max)
		slots &= (2u << leaf_slot(leaf, form, max)) - 1;
	while (slots) {
		unsigned int i = pick(highest, slots);

		s->slot_min = mt_leaf_min(&l, i);
		s->slot_max = mt_leaf_max(&l, i);
		if (mt_gap_fits(s, s->slot_min, s->slot_max)) {
			s->leaf = leaf;
			s->slot = i;
			s->leaf_min = low;
			s->leaf_max = high;
			s->depth = depth;
			return true;
		}
		slots &= ~(1u << i);
	}
	/* Inside the window the leaf's bound was too high; at an edge it may be that the gap lies outside. */
	return all && (low < min || high > max) ? false : find_no_gap(s, depth, leaf, low, high);
}

/*
 * Search what @ref spans, [low, high], from the end that is wanted. @again: this, called. @any: the same for nodes of every form, if
 * this one is for those of pages, whose form compilers can then reckon with.
 */
typedef bool gap_search(struct mt_gap_search *s, void *ref, unsigned long low, unsigned long high);

static inline __attribute__((always_inline)) bool find_under(struct mt_gap_search *s, bool highest, void *ref, unsigned long low,
							     unsigned long high, gap_search *again, gap_search *any)
{
	const unsigned long min = s->min, max = s->max, size = s->size;
	unsigned int depth = s->depth;
	struct maple_node *node;
	unsigned long form;

	for (;;) {
		unsigned long below, above;
		unsigned int slots, i;

		node = mt_node(ref);
		form = mt_form_of(node);
		if (any) {
			/* Wide ones at the top are well met, too. */
			if (unlikely(form & MT_BYTE_BIT || (form & (MT_WIDE_BIT | MT_LEAF_BIT)) == (MT_WIDE_BIT | MT_LEAF_BIT))) {
				s->depth = depth;
				return any(s, ref, low, high);
			}
			form &= MT_EDGE_BIT | MT_LEAF_BIT | MT_WIDE_BIT;
		}
		if (form & MT_LEAF_BIT) {
			form &= any ? MT_EDGE_BIT | MT_LEAF_BIT : ~0ul;
			break;
		}
		/* Slots that are not in use have no gap. */
		slots = gaps(node, size);
		if (low < min)
			slots &= ~0u << inner_slot(node, form, min);
		if (high > max)
			slots &= (2u << inner_slot(node, form, max)) - 1;
		for (;;) {
			if (unlikely(!slots))
				return find_nothing(s, depth, inner_gap(node));
			i = pick(highest, slots);
			slots &= ~(1u << i);
			s->path[depth] = mt_step(node, i);
			below = low;
			above = high;
			inner_span(node, form, i, low, &below, &above);
			/* What lies in the window may be too little for it. */
			if ((above < max ? above : max) - (below > min ? below : min) < size - 1)
				continue;
			/* Relaxed: under the lock. */
			ref = atomic_load_explicit(&inner_slots(node, form)[i], memory_order_relaxed);
			/*
			 * Only at the window's two edges may a subtree that has a gap large enough turn out to be
			 * no use. If another one does, its bound was too high, and the search begins anew.
			 */
			if (!slots || (below >= min && above <= max))
				break;
			s->depth = depth + 1;
			if (again(s, ref, below, above))
				return true;
			if (unlikely(s->astray))
				return false;
		}
		low = below;
		high = above;
		depth++;
	}
	return find_in_leaf(s, highest, node, form, low, high, depth);
}

static __attribute__((noinline)) bool lowest_gap_any(struct mt_gap_search *s, void *ref, unsigned long low, unsigned long high)
{
	return find_under(s, false, ref, low, high, lowest_gap_any, NULL);
}

static __attribute__((noinline)) bool highest_gap_any(struct mt_gap_search *s, void *ref, unsigned long low, unsigned long high)
{
	return find_under(s, true, ref, low, high, highest_gap_any, NULL);
}

static bool lowest_gap(struct mt_gap_search *s, void *ref, unsigned long low, unsigned long high)
{
	return find_under(s, false, ref, low, high, lowest_gap, lowest_gap_any);
}

static bool highest_gap(struct mt_gap_search *s, void *ref, unsigned long low, unsigned long high)
{
	return find_under(s, true, ref, low, high, highest_gap, highest_gap_any);
}

static bool find_gap(struct mt_gap_search *s, void *ref)
{
	do {
		s->depth = 0;
		s->astray = false;
		if (likely(s->highest ? highest_gap(s, ref, 0, ULONG_MAX) : lowest_gap(s, ref, 0, ULONG_MAX)))
			return true;
	} while (s->astray);
	return false;
}
