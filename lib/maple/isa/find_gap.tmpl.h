/* SPDX-License-Identifier: MIT */
/*
 * find_gap.tmpl.h - the way down to a gap.
 *
 * A template for an instruction set's file, which must have included
 * beside.tmpl.h and defined, before this
 * 	isa_gaps(), isa_narrow_gaps(), isa_narrow_used()   as scan.tmpl.h does
 * 	isa_leaf_gap(), isa_inner_gap()
 *
 * A search looks for the gap at one end of its window [min, max]. The near end
 * is max for the highest gap, and min for the lowest. The search takes three
 * steps.
 *
 * 	1. Go down to the index at the near end, as a lookup does, while the
 * 	   subtree that holds this index has enough room on the window's side
 * 	   of it.
 * 	2. If there is no gap, go up to the first node that has a gap large
 * 	   enough under one of the slots further from the near end.
 * 	3. Go down to that gap, in each node by the slot nearest to the near
 * 	   end.
 *
 * Step 3 compares no bounds with the window, because that would cost time in
 * each node. All that it passes lies in the window, unless the window ends at
 * the far side. In that case the search ends as well, because all that follows
 * lies outside the window. The leaf tells the two cases apart. If a leaf inside
 * the window has no gap large enough, a gap bound above it was too high. The
 * search lowers that bound and begins again, so the next search does not come
 * to this leaf in vain.
 *
 * Locks: the tree's lock; held for reading will do. Searches may then lower the
 * same bounds concurrently, as gap.c explains. Read next: gap.c (gap bounds),
 * plan.tmpl.h (where they are raised).
 */

#define ISA_INLINE static inline __attribute__((always_inline))

/*
 * What the search looks for: @room + 1 indexes inside [@min, @max]. Widths are
 * compared less one, because the range of all indexes has one more than a word
 * can count.
 */
struct isa_wanted {
	unsigned long min, max, room;
};

enum isa_search_end {
	ISA_SEARCH_FOUND,
	ISA_SEARCH_NOTHING, /* the window has no gap large enough */
	ISA_SEARCH_ASTRAY,  /* a gap bound was too high, and is lowered now: begin again */
};

/*
 * The slot of the set @slots that is nearest to the near end; the set is not
 * empty.
 */
ISA_INLINE unsigned int isa_nearest(bool highest, unsigned int slots)
{
	return highest ? 31 - (unsigned int)__builtin_clz(slots)
		       : (unsigned int)__builtin_ctz(slots);
}

/* The slots of the set @slots that are further from the near end than @slot. */
ISA_INLINE unsigned int isa_further(bool highest, unsigned int slots, unsigned int slot)
{
	return slots & (highest ? (1u << slot) - 1 : ~1u << slot);
}

/*
 * How many indexes of [@low, @high], less one, lie in the window. The near end
 * lies in [@low, @high].
 */
ISA_INLINE unsigned long isa_near_room(bool highest, const struct isa_wanted *w, unsigned long low,
				       unsigned long high)
{
	return highest ? w->max - (low > w->min ? low : w->min)
		       : (high < w->max ? high : w->max) - w->min;
}

/*
 * Narrow [*low, *high], which a narrow node of pages spans, down to what its
 * slot @i spans, by the two keys about it. It has no branch, because none could
 * be predicted.
 */
ISA_INLINE void isa_page_slot(unsigned long base, const struct maple_node *node, unsigned long i,
			      unsigned long keys, unsigned long *low, unsigned long *high)
{
	unsigned long below = isa_word_at(node, i + 1),
		      key = isa_either(i ^ keys, isa_word_at(node, i + 2), ML_KEY_NONE);

	*low = isa_either(i, base + (below << ML_PAGE_SHIFT), *low);
	*high = isa_either(key ^ ML_KEY_NONE, base + (key << ML_PAGE_SHIFT) - 1, *high);
}

/* isa_page_slot() for an inner node of any form. */
static __attribute__((noinline)) void isa_any_slot(const struct maple_node *node, unsigned int i,
						   unsigned long *low, unsigned long *high)
{
	/*
	 * The edge bit makes isa_inner_span() use the node's own region, as no
	 * key is given.
	 */
	isa_inner_span(node, ml_form_of(node) | ML_EDGE_BIT, i, 0, low, high);
}

/* The child in slot @i. Relaxed: only the lock's holder stores here. */
ISA_INLINE struct maple_node *isa_child_of(struct maple_node *node, unsigned long form,
					   unsigned long i)
{
	return ml_node(atomic_load_explicit(&isa_inner_slots(node, form)[i], memory_order_relaxed));
}

/* isa_page_slot() for an inner node of any form, quick for nodes of pages. */
ISA_INLINE void isa_slot_span(const struct maple_node *node, unsigned long form, unsigned long i,
			      unsigned long *low, unsigned long *high)
{
	unsigned long any_low = *low,
		      any_high = *high; /* so that *low and *high stay in registers */

	if (likely(!(form & (ML_WIDE_BIT | ML_BYTE_BIT)))) {
		isa_page_slot(node->narrow_inner.base, node, i, ML_NARROW_INNER_KEYS, low, high);
		return;
	}
	isa_any_slot(node, (unsigned int)i, &any_low, &any_high);
	*low = any_low;
	*high = any_high;
}

/* isa_inner_slot(), not inlined: few nodes on a search's way need it. */
static __attribute__((noinline)) unsigned long isa_inner_slot_of(const struct maple_node *node,
								 unsigned long index)
{
	return isa_inner_slot(node, ml_form_of(node), index);
}

/*
 * Find what the subtree under the first @depth steps of @path spans. The walk
 * goes up, because the lowest node that has a bound has the tightest one, and
 * ends when both are known.
 */
ISA_INLINE void isa_path_span(const unsigned long *path, unsigned int depth, unsigned long *min,
			      unsigned long *max)
{
	*min = 0;
	*max = ULONG_MAX;
	while (depth-- && (!*min || *max == ULONG_MAX)) {
		const struct maple_node *node = ml_step_node(path[depth]);
		unsigned long low = 0, high = ULONG_MAX;

		isa_slot_span(node, ml_form_of(node), ml_step_slot(path[depth]), &low, &high);
		*min = isa_either(*min, *min, low);
		*max = isa_either(~*max, *max, high);
	}
}

/*
 * The search found nothing under the last of @depth steps, where no gap is
 * larger than @gap. If that is less than is wanted, the bound that led the
 * search here was too high, and is lowered. If it is not, a gap large enough
 * exists, but not in the window. A tree that is one leaf has no bounds to
 * lower.
 */
static __attribute__((noinline)) enum isa_search_end isa_find_nothing(const struct ma_state *mas,
								      unsigned int depth,
								      unsigned long room,
								      unsigned long gap)
{
	unsigned long path[MAPLE_HEIGHT_MAX];

	if (!depth || gap > room)
		return ISA_SEARCH_NOTHING;
	ml_path(mas, depth, path);
	vms__mt_gap_lower(path, depth - 1, gap);
	return ISA_SEARCH_ASTRAY;
}

/* isa_find_nothing() for @leaf, which spans [@low, @high]. */
static __attribute__((noinline)) enum isa_search_end
isa_find_no_gap(const struct ma_state *mas, unsigned int depth, unsigned long room,
		struct maple_node *leaf, unsigned long low, unsigned long high)
{
	struct ml_leaf l;

	ml_leaf_view(&l, leaf, ml_form_of(leaf), low, high);
	return isa_find_nothing(mas, depth, room, isa_leaf_gap(&l));
}

/*
 * Set beside[0] and beside[1] to the last entry before the gap where the cursor
 * stands and the first entry after it. @full: the slots of its leaf that have
 * entries. This saves the caller another walk.
 */
ISA_INLINE void isa_beside_gap(struct ma_state *mas, void *_Atomic *slot, unsigned int full,
			       void **beside)
{
	unsigned int before = full & ((1u << mas->offset) - 1), after = full ^ before;

	/* One of the entries lies in another leaf. */
	if (unlikely((!before && mas->min) || (!after && mas->max != ULONG_MAX))) {
		ml_vouch_gap(mas);
		beside[1] = isa_around(mas, 0, &beside[0], &beside[2]);
		return;
	}
	/* Relaxed: only the lock's holder stores here. */
	beside[0] = before ? atomic_load_explicit(&slot[31 - (unsigned int)__builtin_clz(before)],
						  memory_order_relaxed)
			   : NULL;
	beside[1] = after ? atomic_load_explicit(&slot[(unsigned int)__builtin_ctz(after)],
						 memory_order_relaxed)
			  : NULL;
}

/*
 * Whether slot @i, which spans [@low, @high], has enough room in the window; if
 * so, give the place to the cursor. The caller's scan of the keys cannot tell
 * this for a leaf's first and last slot, nor for a slot that the window cuts.
 */
ISA_INLINE bool isa_take_slot(struct ma_state *mas, bool highest, const struct isa_wanted *w,
			      unsigned int i, unsigned long low, unsigned long high)
{
	unsigned long from = low > w->min ? low : w->min, to = high < w->max ? high : w->max;

	if (unlikely(from > to || to - from < w->room))
		return false;
	mas->index = highest ? to - w->room : from;
	mas->last = highest ? to : from + w->room;
	mas->offset = (unsigned char)i;
	ml_note_span(mas, low, high);
	return true;
}

/*
 * Put the cursor into @leaf, which spans [@low, @high] and lies under @depth
 * steps. @slots: the leaf's slots in use, or 0 if they are unknown.
 */
ISA_INLINE void isa_take_leaf(struct ma_state *mas, struct maple_node *leaf, unsigned int depth,
			      unsigned long low, unsigned long high, unsigned int slots)
{
	vms__mas_moved(mas);
	mas->vms__.slots = (uint16_t)slots;
	mas->node = leaf;
	mas->vms__.version = ml_form_of(leaf);
	mas->depth = (unsigned char)depth;
	mas->min = low;
	mas->max = high;
}

/*
 * Search @leaf, of any form, which lies under @depth steps and spans [@low,
 * @high]. @near: the window's near end lies in the leaf, so slots on its other
 * side are left out.
 */
static __attribute__((noinline)) enum isa_search_end
isa_find_in_any_leaf(struct ma_state *mas, bool highest, bool near, struct isa_wanted w,
		     struct maple_node *leaf, unsigned int depth, unsigned long low,
		     unsigned long high, void **beside)
{
	unsigned long form = ml_form_of(leaf);
	unsigned int slots, all, empty, i;
	struct ml_leaf l;

	ml_leaf_view(&l, leaf, form, low, high);
	if (l.wide) {
		empty = isa_nulls(&l);
		all = isa_used(&l) & empty;
	} else {
		all = isa_narrow_gaps(leaf, (w.room >> l.shift) + 1, &empty);
	}
	slots = all;
	if (near) {
		i = isa_leaf_slot(leaf, form, highest ? w.max : w.min);
		slots = isa_further(highest, all, i) | (all & 1u << i);
	}
	for (; slots; slots ^= 1u << i) {
		i = isa_nearest(highest, slots);
		if (!isa_take_slot(mas, highest, &w, i, ml_leaf_min(&l, i), ml_leaf_max(&l, i)))
			continue;
		slots = beside ? isa_used(&l) : 0;
		isa_take_leaf(mas, leaf, depth, low, high, slots);
		if (beside)
			isa_beside_gap(mas, l.slot, slots & ~empty, beside);
		return ISA_SEARCH_FOUND;
	}
	/* Where an end of the window cuts the leaf, the gap may lie outside. */
	return all && (low < w.min || high > w.max)
		       ? ISA_SEARCH_NOTHING
		       : isa_find_no_gap(mas, depth, w.room, leaf, low, high);
}

/*
 * isa_find_in_any_leaf() for a narrow leaf of pages. If @near, the near end
 * must lie in the region of its keys, because it is found by key.
 */
ISA_INLINE enum isa_search_end isa_find_in_pages(struct ma_state *mas, bool highest, bool near,
						 const struct isa_wanted *w,
						 struct maple_node *leaf, unsigned int depth,
						 unsigned long low, unsigned long high,
						 void **beside)
{
	const unsigned long base = leaf->narrow_leaf.base;
	unsigned int slots, all, empty;
	unsigned long first, last, i;

	slots = all = isa_narrow_gaps(leaf, (w->room >> ML_PAGE_SHIFT) + 1, &empty);
	if (near) {
		i = isa_find_narrow_leaf(leaf,
					 ml_search_key(highest ? w->max : w->min, ML_PAGE_SHIFT));
		first = low;
		last = high;
		isa_page_slot(base, leaf, i, ML_NARROW_LEAF_KEYS, &first, &last);
		slots = isa_further(highest, all, (unsigned int)i) |
			(all & (unsigned int)(isa_near_room(highest, w, first, last) >= w->room)
				       << i);
	}
	for (; likely(slots); slots ^= 1u << i) {
		i = isa_nearest(highest, slots);
		first = low;
		last = high;
		isa_page_slot(base, leaf, i, ML_NARROW_LEAF_KEYS, &first, &last);
		if (!isa_take_slot(mas, highest, w, (unsigned int)i, first, last))
			continue;
		slots = beside ? isa_narrow_used(leaf) : 0;
		isa_take_leaf(mas, leaf, depth, low, high, slots);
		if (beside)
			isa_beside_gap(mas, leaf->narrow_leaf.slot, slots & ~empty, beside);
		return ISA_SEARCH_FOUND;
	}
	/* Where an end of the window cuts the leaf, the gap may lie outside. */
	return all && (low < w->min || high > w->max)
		       ? ISA_SEARCH_NOTHING
		       : isa_find_no_gap(mas, depth, w->room, leaf, low, high);
}

/*
 * Go down to the leaf where the gap should be, from @node, which spans [*low,
 * *high] and of which only @slots may be taken. NULL: a gap bound was too high,
 * and is lowered now.
 */
ISA_INLINE struct maple_node *isa_leaf_under(struct ma_state *mas, bool highest,
					     const struct isa_wanted *w, struct maple_node *node,
					     unsigned int slots, uint8_t **way, unsigned long *low,
					     unsigned long *high)
{
	for (;;) {
		unsigned long form = ml_form_of(node);
		unsigned int i = isa_nearest(highest, slots);

		isa_slot_span(node, form, i, low, high);
		*(*way)++ = (uint8_t)i;
		mas->vms__.parent = ml_step(node, i);
		node = isa_child_of(node, form, i);
		if (ml_form_of(node) & ML_LEAF_BIT)
			return node;
		slots = isa_gaps(node, w->room + 1);
		if (unlikely(!slots)) {
			isa_find_nothing(mas, (unsigned int)(*way - ml_way(mas)), w->room,
					 isa_inner_gap(node));
			return NULL;
		}
	}
}

/*
 * Search what lies further from the near end than the last of @depth steps:
 * steps 2 and 3 above.
 */
ISA_INLINE enum isa_search_end isa_search_further(struct ma_state *mas, bool highest,
						  const struct isa_wanted *w, unsigned int depth,
						  void **beside)
{
	unsigned long low, high, path[MAPLE_HEIGHT_MAX];
	uint8_t *way = ml_way(mas);
	struct maple_node *node;
	unsigned int slots;

	ml_path(mas, depth, path);
	do {
		if (!depth--)
			return ISA_SEARCH_NOTHING;
		node = ml_step_node(path[depth]);
		slots = isa_gaps(node, w->room + 1);
		if (unlikely(!slots) &&
		    isa_find_nothing(mas, depth, w->room, isa_inner_gap(node)) == ISA_SEARCH_ASTRAY)
			return ISA_SEARCH_ASTRAY;
		slots = isa_further(highest, slots, ml_step_slot(path[depth]));
	} while (!slots);
	isa_path_span(path, depth, &low, &high);
	way += depth;
	node = isa_leaf_under(mas, highest, w, node, slots, &way, &low, &high);
	if (unlikely(!node))
		return ISA_SEARCH_ASTRAY;
	depth = (unsigned int)(way - ml_way(mas));
	if (unlikely(ml_form_of(node) & (ML_WIDE_BIT | ML_BYTE_BIT)))
		return isa_find_in_any_leaf(mas, highest, false, *w, node, depth, low, high,
					    beside);
	return isa_find_in_pages(mas, highest, false, w, node, depth, low, high, beside);
}

/*
 * Steps 2 and 3 of a search for the highest gap, and below for the lowest one.
 * They are functions by themselves, so that the ways down to the two leaves do
 * not take registers from each other.
 */
static __attribute__((noinline)) enum isa_search_end
isa_search_lower(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long room,
		 unsigned int depth, void **beside)
{
	const struct isa_wanted w = {min, max, room};

	return isa_search_further(mas, true, &w, depth, beside);
}

static __attribute__((noinline)) enum isa_search_end
isa_search_higher(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long room,
		  unsigned int depth, void **beside)
{
	const struct isa_wanted w = {min, max, room};

	return isa_search_further(mas, false, &w, depth, beside);
}

/*
 * One search of a tree with nodes. It begins with step 1; if the node where
 * step 1 ends has a further slot with a gap, the search goes down from there at
 * once.
 */
ISA_INLINE enum isa_search_end isa_search_gap(struct ma_state *mas, bool highest,
					      const struct isa_wanted *w, void *root, void **beside)
{
	const unsigned long near = highest ? w->max : w->min;
	const uint32_t key = ml_search_key(near, ML_PAGE_SHIFT);
	unsigned long low = 0, high = ULONG_MAX, below, above, form, i;
	uint8_t *way = ml_way(mas);
	struct maple_node *node = ml_node(root);
	bool at_end = true; /* the near end lies in the node */
	unsigned int slots, depth;
	enum isa_search_end end;

	while (!((form = ml_form_of(node)) & ML_LEAF_BIT)) {
		/*
		 * A slot that is not in use has the bound 0, so it is never in
		 * the set.
		 */
		slots = isa_gaps(node, w->room + 1);
		i = likely(isa_is_plain(node, form, near)) ? isa_find_narrow_inner(node, key)
							   : isa_inner_slot_of(node, near);
		*way++ = (uint8_t)i;
		mas->vms__.parent = ml_step(node, (unsigned int)i);
		if (slots >> i & 1) {
			below = low;
			above = high;
			isa_slot_span(node, form, i, &below, &above);
			if (isa_near_room(highest, w, below, above) >= w->room) {
				low = below;
				high = above;
				node = isa_child_of(node, form, i);
				continue;
			}
		}
		slots = isa_further(highest, slots, (unsigned int)i);
		depth = (unsigned int)(way - ml_way(mas));
		if (unlikely(!slots))
			return highest ? isa_search_lower(mas, w->min, w->max, w->room, depth,
							  beside)
				       : isa_search_higher(mas, w->min, w->max, w->room, depth,
							   beside);
		way--;
		node = isa_leaf_under(mas, highest, w, node, slots, &way, &low, &high);
		if (unlikely(!node))
			return ISA_SEARCH_ASTRAY;
		form = ml_form_of(node);
		at_end = false;
		break;
	}
	depth = (unsigned int)(way - ml_way(mas));
	if (unlikely(form & (ML_WIDE_BIT | ML_BYTE_BIT) ||
		     (at_end && isa_beyond(form, &node->narrow_leaf.base, near))))
		end = isa_find_in_any_leaf(mas, highest, at_end, *w, node, depth, low, high,
					   beside);
	else
		end = isa_find_in_pages(mas, highest, at_end, w, node, depth, low, high, beside);
	if (end != ISA_SEARCH_NOTHING || !at_end)
		return end;
	return highest ? isa_search_lower(mas, w->min, w->max, w->room, depth, beside)
		       : isa_search_higher(mas, w->min, w->max, w->room, depth, beside);
}

/*
 * Search until no gap bound leads astray. Each attempt that goes astray lowers
 * a bound, unless a concurrent search has lowered it already, so the next
 * attempt goes another way.
 */
ISA_INLINE bool isa_find_gap(struct ma_state *mas, bool highest, unsigned long min,
			     unsigned long max, unsigned long size, void **beside)
{
	const struct isa_wanted w = {min, max, size - 1};
	enum isa_search_end end;
	void *root;

	do {
		root = ml_root(mas->tree);
		/* The root never holds a reserved entry. */
		if (unlikely(((unsigned long)root & 3) != ML_NODE_MARK))
			return vms__mt_gap_without_nodes(mas, root, min, max, size, highest,
							 beside);
		end = isa_search_gap(mas, highest, &w, root, beside);
	} while (unlikely(end == ISA_SEARCH_ASTRAY));
	return end == ISA_SEARCH_FOUND;
}

static bool isa_lowest_gap(struct ma_state *mas, unsigned long min, unsigned long max,
			   unsigned long size, void **beside)
{
	return isa_find_gap(mas, false, min, max, size, beside);
}

static bool isa_highest_gap(struct ma_state *mas, unsigned long min, unsigned long max,
			    unsigned long size, void **beside)
{
	return isa_find_gap(mas, true, min, max, size, beside);
}

#undef ISA_INLINE
