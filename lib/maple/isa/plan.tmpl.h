/* SPDX-License-Identifier: MIT */
/*
 * plan.tmpl.h - a store: find its place, say what kind it is, and make it if it
 * can be made in place.
 *
 * It is compiled once for each instruction set, so that nearly every store is
 * one run of instructions from the root to the slot. What few stores need is in
 * noinline functions, so that the common ones keep their variables in
 * registers.
 *
 * A template for an instruction set's file, which must have included
 * shape.tmpl.h and place.tmpl.h and defined, before this
 * 	ISA_LEAVE_VECTORS()   clears the upper halves of wide vectors, if
 * 	                      the set uses any
 *
 * Locks: the tree's lock to write, for every function. Read next: write.h
 * (struct ml_write), shape.tmpl.h (stores in place), rebuild.c (all others).
 */

/*
 * A gap that is stored next to a gap in the same leaf takes that gap in,
 * because gaps never touch: a search for a gap looks at single slots, and would
 * miss room that two of them share.
 */
static inline __attribute__((always_inline)) void isa_join_left(struct ml_write *w)
{
	if (w->lo_min == w->first && w->lo) {
		/* the slot in use before lo */
		unsigned int i = 31 - (unsigned int)__builtin_clz(w->used & ((1u << w->lo) - 1));

		if (ml_leaf_slot(&w->leaf, i))
			return;
		w->lo = i;
		w->lo_min = ml_leaf_min(&w->leaf, i);
		w->lo_entry = NULL;
	}
	if (!w->lo_entry)
		w->first = w->lo_min;
}

/* isa_join_left() at the other end. */
static inline __attribute__((always_inline)) void isa_join_right(struct ml_write *w)
{
	const unsigned int after = w->used & -(2u << w->hi);

	if (w->hi_max == w->last && after) {
		unsigned int i = (unsigned int)__builtin_ctz(after);

		if (ml_leaf_slot(&w->leaf, i))
			return;
		w->hi = i;
		w->hi_max = ml_leaf_max(&w->leaf, i);
		w->hi_entry = NULL;
	}
	if (!w->hi_entry)
		w->last = w->hi_max;
}

/*
 * Whether the gap to be stored begins or ends with its leaf and touches a gap
 * in the neighbouring leaf. Such a store changes both leaves, so it needs new
 * nodes.
 */
static inline __attribute__((always_inline)) bool
isa_gap_touches_next_leaf(const struct ml_write *w)
{
	const struct ma_state *mas = w->mas;

	return (unlikely(w->last == mas->max) && mas->max != ULONG_MAX &&
		!isa_load(mas->tree, mas->max + 1)) ||
	       (unlikely(w->first == mas->min) && mas->min && !isa_load(mas->tree, mas->min - 1));
}

/*
 * The kind of a store that stays in its leaf, whose slots in use and bounds are
 * known.
 */
static inline __attribute__((always_inline)) enum ml_store_type isa_plan_leaf(struct ml_write *w)
{
	unsigned int n, slots = w->leaf.keys + 1;

	if (!w->entry) {
		isa_join_left(w);
		isa_join_right(w);
		if (unlikely(!w->first && w->last == ULONG_MAX))
			return ML_STORE_REBUILD; /* the tree becomes empty */
		if (w->lo == w->hi && w->first == w->lo_min && w->last == w->hi_max)
			return w->lo_entry ? ML_STORE_SLOT : ML_STORE_NOTHING;
	}
	/* The number of slots that the leaf will have in use. */
	n = (unsigned int)__builtin_popcount(w->used) + (w->lo_min < w->first) +
	    (w->hi_max > w->last);
	if (w->lo != w->hi)
		n += 1 -
		     (unsigned int)__builtin_popcount(w->used & ((2u << w->hi) - (1u << w->lo)));
	w->form_fits = isa_form_fits(w);
	/*
	 * A leaf whose form does not fit the new bounds may become a wide leaf,
	 * which has the fewest slots.
	 */
	if (unlikely(!w->form_fits))
		slots = ML_WIDE_LEAF_KEYS + 1;
	/*
	 * rebuild.c merges a leaf that would have too few slots with a
	 * neighbour. A root leaf has no neighbour, so only one or two slots are
	 * too few: those the root may be able to hold without a leaf, which
	 * rebuild.c finds out. For a root leaf that needs another form the
	 * limit is stricter than it must be; rebuild.c then makes the new leaf.
	 */
	if (unlikely(n > slots || n < (w->mas->depth || !w->form_fits ? ML_LEAF_MIN : 3)))
		return ML_STORE_REBUILD;
	return likely(w->form_fits) ? isa_shape_for(w) : ML_STORE_LEAF;
}

/*
 * Say what kind of store it is. The cursor stands where the store begins, in a
 * leaf of @form, and @found is the slot there. The compiler drops the code for
 * forms that @form cannot have where this is called.
 */
static inline __attribute__((always_inline)) enum ml_store_type
isa_make_plan(struct ml_write *w, struct ma_state *mas, void *entry, unsigned long form,
	      const struct isa_found *found)
{
	struct ml_leaf *l = &w->leaf;

	w->mas = mas;
	w->entry = entry;
	w->first = mas->index;
	w->last = mas->last;
	ml_leaf_view(l, mas->node, form, mas->min, mas->max);
	w->lo = w->hi = mas->offset;
	w->one_leaf = w->form_fits = false;
	w->used = 0;
	w->lo_min = found->index;
	w->hi_max = found->last;
	w->lo_entry = w->hi_entry = found->entry;
	if (entry && w->first == w->lo_min && w->last == w->hi_max)
		return ML_STORE_SLOT;
	if (unlikely(w->last > mas->max) || (!entry && isa_gap_touches_next_leaf(w)))
		return ML_STORE_REBUILD;
	if (w->last > w->hi_max) {
		w->hi = isa_leaf_slot(l->node, form, w->last);
		w->hi_max = ml_leaf_max(l, w->hi);
		w->hi_entry = ml_leaf_slot(l, w->hi);
	}
	w->one_leaf = true;
	w->used = found->used ? found->used : isa_used(l);
	return isa_plan_leaf(w);
}

/* isa_make_plan() in a leaf of any form, for the rare ones. */
static __attribute__((noinline)) enum ml_store_type isa_make_any_plan(struct ml_write *w,
								      struct ma_state *mas,
								      void *entry,
								      const struct isa_found *found)
{
	return isa_make_plan(w, mas, entry, mas->vms__.version, found);
}

/*
 * Keep the plan in the cursor until the store is made: its kind and, for a
 * store in place, the slots that were searched for.
 *
 * The plan for a gap that touches the leaf's edge is kept only if the caller
 * vouches that nothing is stored in between. It depends on the neighbouring
 * leaf, whose change this leaf's state would not show.
 */
static inline __attribute__((always_inline)) void isa_keep_plan(const struct ml_write *w,
								unsigned long first,
								unsigned long last,
								enum ml_store_type type)
{
	struct ma_state *mas = w->mas;

	if (!w->entry && unlikely(first == mas->min || last >= mas->max) &&
	    !(mas->mas_flags & ML_VOUCHED))
		return;
	ml_note_span(mas, first, last);
	mas->vms__.slots = (uint16_t)w->used;
	mas->vms__.lo = (uint8_t)w->lo;
	mas->vms__.hi = (uint8_t)w->hi;
	mas->vms__.used = (uint16_t)(ml_plan_of(type, w->entry) << 1);
}

/*
 * isa_plan() of a store that needs new nodes, or none at all: it sets *w for
 * the caller.
 */
static __attribute__((noinline)) enum ml_store_type
isa_plan_any(struct ml_write *w, struct ma_state *mas, void *entry, const struct isa_found *found)
{
	const unsigned long first = mas->index, last = mas->last;
	enum ml_store_type type = isa_make_any_plan(w, mas, entry, found);

	isa_keep_plan(w, first, last, type);
	return type;
}

static enum ml_store_type isa_plan(struct ml_write *w, struct ma_state *mas, void *entry)
{
	const unsigned long first = mas->index, last = mas->last;
	enum ml_store_type type = ML_STORE_ROOT;
	struct isa_found found, other; /* two, so that the usual one stays in registers */
	struct ml_write own;

	vms__mas_moved(mas);
	if (unlikely(!isa_locate(mas, &found)))
		return ML_STORE_ROOT;
	if (likely(isa_is_leaf_of_pages(mas)))
		type = isa_make_plan(&own, mas, entry, isa_page_form(mas), &found);
	else if (isa_is_wide_leaf(mas))
		type = isa_make_plan(&own, mas, entry, ISA_WIDE_FORM, &found);
	if (likely(ml_is_in_place(type))) {
		isa_keep_plan(&own, first, last, type);
		return type;
	}
	other = found;
	return isa_plan_any(w, mas, entry, &other);
}

/*
 * Whether a plan made now, for this store at the cursor's place, would equal
 * the plan that the cursor has kept. Debug builds compare them, so that a
 * caller that wrongly vouches is found.
 */
static inline bool isa_plan_is_kept(const struct ma_state *mas, void *entry)
{
	struct isa_found found = {.used = 0};
	struct ma_state again = *mas;
	enum ml_store_type type;
	struct ml_write w;
	struct ml_leaf l;

	ml_leaf_view(&l, again.node, ml_form_of(again.node), again.min, again.max);
	found.index = ml_leaf_min(&l, again.offset);
	found.last = ml_leaf_max(&l, again.offset);
	found.entry = ml_leaf_slot(&l, again.offset);
	if (again.index < found.index || again.index > found.last)
		return false;
	type = isa_make_any_plan(&w, &again, entry, &found);
	if (ml_plan(mas) != ml_plan_of(type, entry))
		return false;
	return !ml_is_in_place(type) || (w.lo == mas->vms__.lo && w.hi == mas->vms__.hi &&
					 (!w.used || w.used == mas->vms__.slots));
}

/*
 * Whether the plan that the cursor has kept is a plan of this store. Range and
 * kind of entry are enough: the cursor has not moved since it was made, because
 * a move drops the plan.
 */
static inline bool isa_plan_is_of(const struct ma_state *mas, void *entry)
{
#ifdef VMS_DEBUG
	return isa_plan_is_kept(mas, entry);
#else
	return mas->index == mas->vms__.first && mas->last == mas->vms__.last &&
	       !entry == ml_plan_is_of_gap(mas->vms__.used >> 1);
#endif
}

/*
 * Whether the kept plan is one of this store and still holds: the cursor's way
 * leads to its leaf, and the leaf's state is what it was.
 */
static inline bool isa_plan_stands(const struct ma_state *mas, void *entry)
{
	return ml_plan(mas) && (isa_is_vouched_for(mas) || isa_path_leads(mas)) &&
	       ml_form_of(mas->node) == mas->vms__.version && isa_plan_is_of(mas, entry);
}

/*
 * Restore the kept plan of a store in place, in a leaf of @form. The joined
 * ends of a gap are not kept; they follow from the entries in slots lo and hi.
 */
static inline __attribute__((always_inline)) enum ml_store_type
isa_kept_plan(struct ml_write *w, struct ma_state *mas, void *entry, unsigned long form)
{
	struct ml_leaf *l = &w->leaf;

	w->mas = mas;
	w->entry = entry;
	w->used = mas->vms__.slots;
	w->lo = mas->vms__.lo;
	w->hi = mas->vms__.hi;
	w->one_leaf = w->form_fits = true;
	ml_leaf_view(l, mas->node, form, mas->min, mas->max);
	w->lo_min = ml_leaf_min(l, w->lo);
	w->hi_max = ml_leaf_max(l, w->hi);
	/*
	 * The entries are read again. A store of one entry over another does
	 * not change the leaf's state, so it may have come after the plan.
	 */
	w->lo_entry = ml_leaf_slot(l, w->lo);
	w->hi_entry = ml_leaf_slot(l, w->hi);
	w->first = entry || w->lo_entry ? mas->index : w->lo_min;
	w->last = entry || w->hi_entry ? mas->last : w->hi_max;
	return ml_planned(mas->vms__.used >> 1);
}

/* Raise the gap bounds above the cursor's leaf to @width. */
static __attribute__((noinline)) void isa_raise_gap(const struct ma_state *mas, unsigned long width)
{
	unsigned long path[MAPLE_HEIGHT_MAX];

	ml_path(mas, mas->depth, path);
	vms__mt_gap_raise(path, mas->depth - 1u, width);
}

/*
 * After a store in the leaf: if a gap was stored, raise the gap bounds above
 * the leaf to its width, or else a search would not find it. A store that takes
 * room from a gap leaves the bounds too high, which is allowed: a search that
 * finds less room lowers them. So the common store writes nothing above its
 * leaf.
 */
static inline __attribute__((always_inline)) void isa_leaf_changed(const struct ml_write *w)
{
	const struct ma_state *mas = w->mas;
	unsigned long step, width = w->last - w->first + 1;

	if (w->entry || !mas->depth || !ml_has_gaps(mas->tree))
		return;
	step = mas->vms__.parent;
	if (width > ml_gap(ml_step_node(step), ml_step_slot(step)))
		isa_raise_gap(mas, width);
}

/*
 * Put the entry into slot lo, whose bounds stay. A slot that becomes a gap or
 * stops being one changes the leaf's shape for cursors, because they remember
 * which slots are gaps: so the leaf's phase changes.
 */
static inline __attribute__((always_inline)) void isa_store_slot(struct ml_write *w)
{
	isa_put_slot(w, w->lo, w->entry);
	if (w->lo_entry && w->entry)
		return;
	w->mas->vms__.version = isa_next_phase(w, ml_form_of(w->leaf.node));
	isa_leaf_changed(w);
}

/* Put @err into the cursor, and return it. */
static __attribute__((noinline)) int isa_fail(struct ma_state *mas, int err)
{
	ml_set_error(mas, err);
	return err;
}

/*
 * The store is made: put the cursor on its range.
 *
 * A function that used vectors wider than 128 bits must clear their upper
 * halves when it ends. Otherwise the CPU saves them when the caller uses SSE,
 * and restores them for the next such function: some 50 cycles each time. The
 * compiler inserts the instruction by itself, but gcc 12 forgets it where all
 * of a store became one function.
 */
static inline int isa_stored(const struct ml_write *w)
{
	struct ma_state *mas = w->mas;

	vms__mas_moved(mas);
	/*
	 * Nodes may have been replaced, so the caller's promise about the
	 * cursor's place ends here.
	 */
	mas->mas_flags = 0;
	mas->index = w->first;
	mas->last = w->last;
	mas->status = ma_active;
	ISA_LEAVE_VECTORS();
	return 0;
}

/* Make the planned store, of any kind, in a leaf of any form. */
static __attribute__((noinline)) int isa_carry_out_any(struct ml_write *w, enum ml_store_type type)
{
	struct ma_state *mas = w->mas;
	int err = 0;

	switch (type) {
	case ML_STORE_SLOT:
		isa_store_slot(w);
		break;
	case ML_STORE_END:
	case ML_STORE_BEGIN:
	case ML_STORE_MIDDLE:
	case ML_STORE_UP:
	case ML_STORE_DOWN:
	case ML_STORE_JOIN:
		isa_shape(w, type);
		isa_leaf_changed(w);
		break;
	case ML_STORE_LEAF:
		err = vms__mt_replace_leaf(w);
		if (likely(!err))
			isa_leaf_changed(w);
		break;
	case ML_STORE_REBUILD:
		err = vms__mt_rebuild(w);
		break;
	case ML_STORE_NOTHING:
	case ML_STORE_ROOT:
		break;
	}
	if (unlikely(err)) {
		mas->mas_flags = 0;
		return isa_fail(mas, err);
	}
	return isa_stored(w);
}

/* Make the planned store in a leaf whose form is known where this is called. */
static inline __attribute__((always_inline)) int isa_carry_out(struct ml_write *w,
							       enum ml_store_type type)
{
	struct ml_write other; /* so that *w stays in registers */

	if (likely(ml_is_shape(type))) {
		isa_shape(w, type);
		isa_leaf_changed(w);
		return isa_stored(w);
	}
	if (type == ML_STORE_SLOT) {
		isa_store_slot(w);
		return isa_stored(w);
	}
	other = *w;
	return isa_carry_out_any(&other, type);
}

/* isa_store_here() in a leaf of any form, for the rare ones. */
static __attribute__((noinline)) int isa_store_here_any(struct ma_state *mas, void *entry,
							const struct isa_found *found)
{
	struct ml_write w;
	enum ml_store_type type = isa_make_any_plan(&w, mas, entry, found);

	return isa_carry_out_any(&w, type);
}

/*
 * Plan and make a store. The cursor stands where it begins, and @found is the
 * slot there.
 */
static inline __attribute__((always_inline)) int isa_store_here(struct ma_state *mas, void *entry,
								const struct isa_found *found)
{
	struct isa_found other; /* so that *found stays in registers */
	struct ml_write w;
	enum ml_store_type type;

	if (unlikely(!isa_is_leaf_of_pages(mas))) {
		other = *found;
		return isa_store_here_any(mas, entry, &other);
	}
	type = isa_make_plan(&w, mas, entry, isa_page_form(mas), found);
	return isa_carry_out(&w, type);
}

/*
 * Make the store in place that mas_preallocate() has planned, in a leaf of
 * @form. *old: the entry at the first index.
 */
static inline __attribute__((always_inline)) int
isa_store_kept_as(struct ma_state *mas, void *entry, void **old, unsigned long form)
{
	struct ml_write w;
	enum ml_store_type type = isa_kept_plan(&w, mas, entry, form);

	*old = ml_leaf_slot(&w.leaf, mas->offset);
	return isa_carry_out(&w, type);
}

/* isa_store_kept_as() in a leaf of any form. */
static __attribute__((noinline)) int isa_store_kept_any(struct ma_state *mas, void *entry,
							void **old)
{
	struct ml_write w;
	enum ml_store_type type = isa_kept_plan(&w, mas, entry, mas->vms__.version);

	*old = ml_leaf_slot(&w.leaf, mas->offset);
	return isa_carry_out_any(&w, type);
}

/* Make the store in place that mas_preallocate() has planned. */
static __attribute__((noinline)) int isa_store_kept(struct ma_state *mas, void *entry, void **old)
{
	if (likely(isa_is_leaf_of_pages(mas)))
		return isa_store_kept_as(mas, entry, old, isa_page_form(mas));
	if (isa_is_wide_leaf(mas))
		return isa_store_kept_as(mas, entry, old, ISA_WIDE_FORM);
	return isa_store_kept_any(mas, entry, old);
}

/* Make the store wherever it belongs, also in a tree without nodes. */
static __attribute__((noinline)) int isa_store_any(struct ma_state *mas, void *entry, void **old)
{
	struct isa_found found;
	int err;

	if (unlikely(!isa_locate(mas, &found))) {
		*old = mas->index ? NULL : ml_root(mas->tree);
		err = vms__mt_plant(mas, entry);
		mas->status = ma_active;
		return err ? isa_fail(mas, err) : 0;
	}
	*old = found.entry;
	return isa_store_here(mas, entry, &found);
}

/*
 * Make a store that begins in slot @i of @leaf, to which isa_leaf_by_pages()
 * has come without noting bounds. They are computed here from the cursor's way,
 * because isa_store_from_root() is faster without them.
 */
static __attribute__((noinline)) int isa_store_in(struct ma_state *mas, void *entry, void **old,
						  struct maple_node *leaf, unsigned long i)
{
	const unsigned long base = ml_region(mas->index, ML_PAGE_SHIFT);
	struct isa_key_span span = {ISA_NO_LOW, ML_KEY_NONE};
	unsigned long min = 0, max = ULONG_MAX;
	void *ref = ml_root(mas->tree);
	struct isa_found found;

	for (unsigned int level = 0; level < mas->depth; level++) {
		struct maple_node *node = ml_node(ref);
		unsigned long form = ml_form_of(node);
		unsigned int slot = ml_way(mas)[level];

		/* Relaxed: only the lock's holder stores here. */
		ref = atomic_load_explicit(&isa_inner_slots(node, form)[slot],
					   memory_order_relaxed);
		if (unlikely(form & ML_WIDE_BIT))
			isa_inner_span(node, ML_WIDE_BIT, slot, mas->index, &min, &max);
		else
			isa_key_span(&span, node, slot, ML_NARROW_INNER_KEYS);
	}
	mas->min = isa_span_min(&span, base, min);
	mas->max = isa_span_max(&span, base, max);
	isa_settle(mas, leaf, ml_form_of(leaf), i);
	isa_key_span(&span, leaf, i, ML_NARROW_LEAF_KEYS);
	found.index = isa_span_min(&span, base, min);
	found.last = isa_span_max(&span, base, max);
	/* Relaxed: only the lock's holder stores here. */
	*old = found.entry = atomic_load_explicit(&leaf->narrow_leaf.slot[i], memory_order_relaxed);
	found.used = 0;
	return isa_store_here(mas, entry, &found);
}

/*
 * Whether slot @i of @leaf spans just [first, last]. @leaf is a node of pages
 * in slot @up of @parent, and @first lies in its region. A wrong "no" is
 * possible where the leaf begins or ends with its parent, or the parent is
 * wide; it costs the caller time and nothing else. All comparisons are of keys
 * and without a branch, so that the caller has only one to predict.
 */
static inline bool isa_spans_just(const struct maple_node *parent, unsigned long up,
				  const struct maple_node *leaf, unsigned long i,
				  unsigned long first, unsigned long last)
{
	const uint32_t begin = (uint32_t)(first >> ML_PAGE_SHIFT) & ML_KEY_NONE;
	const uint32_t end = (uint32_t)((last + 1) >> ML_PAGE_SHIFT) & ML_KEY_NONE;
	const unsigned long in_page = (first | (last + 1)) & ((1ul << ML_PAGE_SHIFT) - 1);
	const unsigned long elsewhere = (first ^ (last + 1)) >> (ML_KEY_BITS + ML_PAGE_SHIFT);
	uint32_t below = isa_word_at(leaf, i + 1), key = isa_word_at(leaf, i + 2), begins, ends;

	/*
	 * The first slot begins and the last one ends with the leaf. Those
	 * bounds are keys of the parent, except for the parent's own first and
	 * last bound.
	 */
	begins = (uint32_t)isa_ones_if(i == 0);
	ends = (uint32_t)isa_ones_if((i == ML_NARROW_LEAF_KEYS) | (key == ML_KEY_NONE));
	below ^= (below ^ isa_word_at(parent, up + 1)) & begins;
	key ^= (key ^ isa_word_at(parent, up + 2)) & ends;
	return !((below ^ begin) | (key ^ end) | in_page | elsewhere) & !!begin &
	       (end != ML_KEY_NONE) & !(ends & (up == ML_NARROW_INNER_KEYS)) &
	       !((begins | ends) & ml_node_is_wide(parent));
}

/* Whether slot @i of the cursor's leaf spans just the cursor's range. */
static inline bool isa_spans_cursor(const struct ma_state *mas, unsigned int i)
{
	unsigned long index = mas->min, last = mas->max;
	const struct maple_node *leaf = mas->node;
	struct ml_leaf l;

	if (unlikely(mas->vms__.version & (ML_WIDE_BIT | ML_BYTE_BIT))) {
		ml_leaf_view(&l, mas->node, mas->vms__.version, mas->min, mas->max);
		return mas->index == ml_leaf_min(&l, i) && mas->last == ml_leaf_max(&l, i);
	}
	isa_page_span(i, ML_NARROW_LEAF_KEYS, isa_word_at(leaf, i + 1), isa_word_at(leaf, i + 2),
		      leaf->narrow_leaf.base, &index, &last);
	return mas->index == index && mas->last == last;
}

/*
 * Replace one entry by another where the cursor stands on just the range to be
 * stored, as it does after a walk. All that the cursor knows of its leaf stays
 * true, so that an iteration goes on without a walk. False: it is another kind
 * of store, and nothing was stored.
 */
static inline bool isa_store_on_place(struct ma_state *mas, void *entry, void **old)
{
	void *_Atomic *slot;

	if (!entry || !(isa_is_vouched_for(mas) || isa_path_leads(mas)) ||
	    ml_form_of(mas->node) != mas->vms__.version || !isa_spans_cursor(mas, mas->offset))
		return false;
	slot = &isa_leaf_slots(mas->node, mas->vms__.version)[mas->offset];
	*old = atomic_load_explicit(slot, memory_order_relaxed);
	if (!*old)
		return false;
	/* Release: pairs with ml_leaf_slot(). */
	atomic_store_explicit(slot, entry, memory_order_release);
	mas->mas_flags = 0;
	return true;
}

/*
 * mas_store() with a cursor that has no place, without its checks. *old: the
 * entry at the first index. The usual store walks down once, and computes on
 * the way only what it needs: if one entry replaces another, not even the
 * leaf's bounds.
 */
static __attribute__((noinline)) int isa_store_from_root(struct ma_state *mas, void *entry,
							 void **old)
{
	const unsigned long first = ml_scalar(mas->index), last = ml_scalar(mas->last);
	unsigned long i, step;
	void *_Atomic *slot;
	struct maple_node *leaf;
	struct isa_way way;

	leaf = isa_leaf_by_pages(mas, first, &way, false);
	/*
	 * A root leaf has no parent. Below an edge node with the index outside
	 * its region, keys alone do not tell the bounds. isa_store_any() takes
	 * these cases, and wide leaves.
	 */
	step = way.beyond ? 0 : way.parent;
	if (unlikely(!leaf || !step || ml_node_is_wide(leaf)))
		return isa_store_any(mas, entry, old);
	/*
	 * Fetch the slots' lines and the parent's word for the leaf's gap while
	 * the keys' lines are on their way.
	 */
	__builtin_prefetch(leaf->narrow_leaf.slot, 1);
	__builtin_prefetch(leaf->narrow_leaf.slot + 8, 1);
	__builtin_prefetch(&ml_step_node(step)->gap[ml_step_slot(step)], 1);
	i = isa_find_narrow_leaf(leaf, ml_search_key(first, ML_PAGE_SHIFT));
	slot = &leaf->narrow_leaf.slot[i];
	*old = atomic_load_explicit(slot, memory_order_relaxed);
	if (!entry || !*old ||
	    !isa_spans_just(ml_step_node(step), ml_step_slot(step), leaf, i, first, last))
		return isa_store_in(mas, entry, old, leaf, i);
	/* Release: pairs with ml_leaf_slot(). */
	atomic_store_explicit(slot, entry, memory_order_release);
	/*
	 * The leaf's bounds were not computed, so the cursor keeps its range
	 * and no place.
	 */
	mas->node = NULL;
	vms__mas_moved(mas);
	mas->status = ma_active;
	return 0;
}

/*
 * mas_store_prealloc() of a plan that its caller vouches for. It cannot fail,
 * because mas_preallocate() has reserved the nodes.
 */
static void isa_commit(struct ma_state *mas, void *entry)
{
	void *old;
	int err;

	VMS_ASSERT(!ml_plan(mas) || isa_plan_stands(mas, entry));
	err = likely(ml_plan_is_kept(ml_plan(mas))) ? isa_store_kept(mas, entry, &old)
						    : isa_store_any(mas, entry, &old);
	VMS_BUG_ON(err);
}

/*
 * mas_store() without its checks. *old: the entry at the first index. The
 * larger kinds of store are in functions of their own, so that a store with a
 * kept plan costs no more than a call.
 */
static int isa_store(struct ma_state *mas, void *entry, void **old)
{
	if (mas->status != ma_active || !mas->node)
		return isa_store_from_root(mas, entry, old);
	if (ml_plan(mas))
		return ml_plan_is_kept(ml_plan(mas)) && isa_plan_stands(mas, entry)
			       ? isa_store_kept(mas, entry, old)
			       : isa_store_any(mas, entry, old);
	return isa_store_on_place(mas, entry, old) ? 0 : isa_store_any(mas, entry, old);
}
