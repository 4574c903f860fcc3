/* SPDX-License-Identifier: MIT */
/*
 * find_gap.tmpl.h - the way down to a gap.
 *
 * A template for an instruction set's file, which has included
 * beside.tmpl.h and defines before this
 * 	isa_gaps(), isa_narrow_gaps(), isa_narrow_used()   as scan.tmpl.h does
 * 	isa_leaf_gap(), isa_inner_gap()
 *
 * A search looks for the gap at one end of its window [min, max]: the near end
 * is max for the highest gap, and min for the lowest. It takes three steps.
 *
 * 	Down to the index at the near end, as a lookup goes, for as long as the
 * 	subtree that holds this index has room enough on the window's side of
 * 	it.
 * 	If that was not enough: up again, to the first node that has a gap large
 * 	enough under one of the slots further from the near end.
 * 	Down to that gap, in each node by the slot nearest to the near end.
 *
 * The last step compares no bounds with the window. All that it passes lies in
 * the window, unless the window ends at the far side; then so does the search,
 * because what comes after that lies outside. Only the leaf tells which it is.
 * A leaf inside the window without a gap large enough means that a bound was
 * too high. The search lowers it, and begins anew.
 *
 * Locks: the tree's lock; held for reading will do.
 */

#define ISA_INLINE static inline __attribute__((always_inline))

/* What is looked for: @room + 1 indexes inside [@min, @max]. */
struct isa_wanted {
	unsigned long min, max, room;
};

enum isa_search_end {
	ISA_SEARCH_FOUND,
	ISA_SEARCH_NOTHING, /* inside the window */
	ISA_SEARCH_ASTRAY,  /* a bound was too high, and is lowered now */
};

/* The slot of a set that is nearest to the near end. */
ISA_INLINE unsigned int isa_nearest(bool highest, unsigned int slots)
{
	return highest ? 31 - (unsigned int)__builtin_clz(slots)
		       : (unsigned int)__builtin_ctz(slots);
}

/* The slots of a set that are further from the near end than @slot. */
ISA_INLINE unsigned int isa_further(bool highest, unsigned int slots, unsigned int slot)
{
	return slots & (highest ? (1u << slot) - 1 : ~1u << slot);
}

/*
 * How much the window has of [@low, @high], from its near end on, which lies in
 * there; less one.
 */
ISA_INLINE unsigned long isa_near_room(bool highest, const struct isa_wanted *w, unsigned long low,
				       unsigned long high)
{
	return highest ? w->max - (low > w->min ? low : w->min)
		       : (high < w->max ? high : w->max) - w->min;
}

/*
 * From what a narrow node of pages spans, [*low, *high], to what its slot @i
 * spans, by the two words about it. Without a branch, because none could be
 * predicted.
 */
ISA_INLINE void isa_page_slot(unsigned long base, const struct maple_node *node, unsigned long i,
			      unsigned long keys, unsigned long *low, unsigned long *high)
{
	unsigned long below = isa_word_at(node, i + 1),
		      key = isa_either(i ^ keys, isa_word_at(node, i + 2), ML_KEY_NONE);

	*low = isa_either(i, base + (below << ML_PAGE_SHIFT), *low);
	*high = isa_either(key ^ ML_KEY_NONE, base + (key << ML_PAGE_SHIFT) - 1, *high);
}

/* Likewise for any inner node. */
static __attribute__((noinline)) void isa_any_slot(const struct maple_node *node, unsigned int i,
						   unsigned long *low, unsigned long *high)
{
	/* By the node's own region, as if it were an edge node. */
	isa_inner_span(node, ml_form_of(node) | ML_EDGE_BIT, i, 0, low, high);
}

/* Relaxed: under the lock. */
ISA_INLINE struct maple_node *isa_child_of(struct maple_node *node, unsigned long form,
					   unsigned long i)
{
	return ml_node(atomic_load_explicit(&isa_inner_slots(node, form)[i], memory_order_relaxed));
}

/* isa_page_slot() of an inner node of any form. */
ISA_INLINE void isa_slot_span(const struct maple_node *node, unsigned long form, unsigned long i,
			      unsigned long *low, unsigned long *high)
{
	unsigned long any_low = *low, any_high = *high; /* so that *low and *high need no memory */

	if (likely(!(form & (ML_WIDE_BIT | ML_BYTE_BIT)))) {
		isa_page_slot(node->narrow_inner.base, node, i, ML_NARROW_INNER_KEYS, low, high);
		return;
	}
	isa_any_slot(node, (unsigned int)i, &any_low, &any_high);
	*low = any_low;
	*high = any_high;
}

static __attribute__((noinline)) unsigned long isa_inner_slot_of(const struct maple_node *node,
								 unsigned long index)
{
	return isa_inner_slot(node, ml_form_of(node), index);
}

/* What the subtree under @depth steps spans. */
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
 * Nothing was found under the last of @depth steps, where no gap is larger than
 * @gap.
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

/* isa_find_nothing() in @leaf, which spans [@low, @high]. */
static __attribute__((noinline)) enum isa_search_end
isa_find_no_gap(const struct ma_state *mas, unsigned int depth, unsigned long room,
		struct maple_node *leaf, unsigned long low, unsigned long high)
{
	struct ml_leaf l;

	ml_leaf_view(&l, leaf, ml_form_of(leaf), low, high);
	return isa_find_nothing(mas, depth, room, isa_leaf_gap(&l));
}

/*
 * The last entry before the gap where the cursor stands, and the first one
 * after it. @full: the slots of its leaf that have entries.
 */
ISA_INLINE void isa_beside_gap(struct ma_state *mas, void *_Atomic *slot, unsigned int full,
			       void **beside)
{
	unsigned int before = full & ((1u << mas->offset) - 1), after = full ^ before;

	/* One lies in another leaf. */
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
 * Whether the slot @i of the cursor's leaf, which spans [@low, @high], has room
 * in the window. Then the cursor gets the place. The keys alone do not tell
 * that of a leaf's first slot and of its last one, nor where the window ends in
 * the slot.
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
 * The cursor stands in @leaf, which spans [@low, @high] and lies under @depth
 * steps; the slots of its leaf in use are @slots, or 0.
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
 * Search @leaf, whatever its form. @near: the index at the window's near end
 * lies in it.
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
 * isa_find_in_any_leaf() of a narrow leaf of pages; if @near, the near end lies
 * in the region of its keys.
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
 * Down to the leaf where the gap should be, from @node, which spans [*low,
 * *high], and of which @slots may be taken. NULL: a bound was too high.
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
 * Search what lies further from the near end than the last of @depth steps: up,
 * and down again.
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
 * What a search does after it has found nothing in the leaf of the near end.
 * These are functions by themselves, so that the ways to the two leaves do not
 * take registers from each other.
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
		/* Slots that are not in use have no gap. */
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
