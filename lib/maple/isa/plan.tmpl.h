/* SPDX-License-Identifier: MIT */
/*
 * plan.tmpl.h - a store: find its place, say what kind it is, and do it if it
 * can be done in place. It is compiled once for each instruction set, so that
 * what nearly all stores are is one run of instructions from the root to the
 * slot.
 *
 * A template for an instruction set's file, which has included shape.tmpl.h
 * and place.tmpl.h and defines before this
 * 	ISA_LEAVE_VECTORS()   clears the upper halves of wide vectors, if
 * 	                      the set uses any
 *
 * Locks: the tree's lock, for every function.
 */

/* A gap stored beside a gap in the same leaf becomes one with it. */
static inline __attribute__((always_inline)) void isa_join_left(struct ml_write *w)
{
	if (w->lo_min == w->first && w->lo) {
		/* The slot in use before it. */
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
 * A gap that begins or ends with its leaf touches a gap in the leaf beside it.
 */
static inline __attribute__((always_inline)) bool
isa_gap_touches_next_leaf(const struct ml_write *w)
{
	const struct ma_state *mas = w->mas;

	return (unlikely(w->last == mas->max) && mas->max != ULONG_MAX &&
		!isa_load(mas->tree, mas->max + 1)) ||
	       (unlikely(w->first == mas->min) && mas->min && !isa_load(mas->tree, mas->min - 1));
}

/* What is to be done to the leaf, whose slots and bounds are known. */
static inline __attribute__((always_inline)) enum ml_store_type isa_plan_leaf(struct ml_write *w)
{
	unsigned int n, slots = w->leaf.keys + 1;

	if (!w->entry) {
		isa_join_left(w);
		isa_join_right(w);
		if (unlikely(!w->first && w->last == ULONG_MAX))
			return ML_STORE_REBUILD; /* nothing remains */
		if (w->lo == w->hi && w->first == w->lo_min && w->last == w->hi_max)
			return w->lo_entry ? ML_STORE_SLOT : ML_STORE_NOTHING;
	}
	/* Slots that the leaf will have. */
	n = (unsigned int)__builtin_popcount(w->used) + (w->lo_min < w->first) +
	    (w->hi_max > w->last);
	if (w->lo != w->hi)
		n += 1 -
		     (unsigned int)__builtin_popcount(w->used & ((2u << w->hi) - (1u << w->lo)));
	w->form_fits = isa_form_fits(w);
	/* A leaf whose form does not fit the new bounds becomes a wide leaf. */
	if (unlikely(!w->form_fits))
		slots = ML_WIDE_LEAF_KEYS + 1;
	if (unlikely(n > slots || n < (w->mas->depth || !w->form_fits ? ML_LEAF_MIN : 3)))
		return ML_STORE_REBUILD;
	return likely(w->form_fits) ? isa_shape_for(w) : ML_STORE_LEAF;
}

/*
 * The cursor stands where the store begins, on what was found there in a leaf
 * of @form: say what kind of store it is.
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

/* isa_make_plan() in a leaf of any form. */
static __attribute__((noinline)) enum ml_store_type isa_make_any_plan(struct ml_write *w,
								      struct ma_state *mas,
								      void *entry,
								      const struct isa_found *found)
{
	return isa_make_plan(w, mas, entry, mas->vms__.version, found);
}

/*
 * What the cursor keeps of a plan until the store is made: its kind, and of one
 * that is done in place all that was searched for. A gap that ends with its
 * leaf is kept only if the caller vouches that nothing is stored meanwhile:
 * what lies beside it, in a leaf that may change without this one, is part of
 * the plan.
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
 * isa_plan() of what needs new nodes, or has none: *w is set for the caller
 * then.
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
	struct isa_found found, other; /* so that those used mostly need no memory */
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
 * What a plan of this store, made now where the cursor stands, would be is the
 * plan that the cursor has kept. Debug builds ask so.
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
 * Whether the plan that the cursor has kept is that of this store: the cursor
 * has not moved since, or there would be no plan.
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

/* isa_plan_is_of(), and the tree where the store shall be made is as it was. */
static inline bool isa_plan_stands(const struct ma_state *mas, void *entry)
{
	return ml_plan(mas) && (isa_is_vouched_for(mas) || isa_path_leads(mas)) &&
	       ml_form_of(mas->node) == mas->vms__.version && isa_plan_is_of(mas, entry);
}

/*
 * The plan that the cursor has kept of a store in place, in a leaf of @form. A
 * gap stored takes in the gaps where it begins and ends.
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
	/* One entry may have been put into another's place. */
	w->lo_entry = ml_leaf_slot(l, w->lo);
	w->hi_entry = ml_leaf_slot(l, w->hi);
	w->first = entry || w->lo_entry ? mas->index : w->lo_min;
	w->last = entry || w->hi_entry ? mas->last : w->hi_max;
	return ml_planned(mas->vms__.used >> 1);
}

static __attribute__((noinline)) void isa_raise_gap(const struct ma_state *mas, unsigned long width)
{
	unsigned long path[MAPLE_HEIGHT_MAX];

	ml_path(mas, mas->depth, path);
	vms__mt_gap_raise(path, mas->depth - 1u, width);
}

/*
 * A gap stored raises the bounds above its leaf to its width. What a store
 * takes from a gap leaves them as they are: a search that finds less will lower
 * them.
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
 * One entry for another, or for a gap. What was a gap, or becomes one, is a
 * change of the leaf's shape to cursors.
 */
static inline __attribute__((always_inline)) void isa_store_slot(struct ml_write *w)
{
	isa_put_slot(w, w->lo, w->entry);
	if (w->lo_entry && w->entry)
		return;
	w->mas->vms__.version = isa_next_phase(w, ml_form_of(w->leaf.node));
	isa_leaf_changed(w);
}

static __attribute__((noinline)) int isa_fail(struct ma_state *mas, int err)
{
	ml_set_error(mas, err);
	return err;
}

/*
 * The store is made: the cursor is on it.
 *
 * A function that used vectors wider than 128 bits clears their upper halves
 * when it ends, or else the CPU moves them away when its caller uses SSE, and
 * back for the next such function: some 50 cycles each time. The compiler does
 * so by itself, but gcc 12 forgets it where all of a store became one function.
 */
static inline int isa_stored(const struct ml_write *w)
{
	struct ma_state *mas = w->mas;

	vms__mas_moved(mas);
	/*
	 * Nodes may have been replaced: from here on nobody vouches for the
	 * place.
	 */
	mas->mas_flags = 0;
	mas->index = w->first;
	mas->last = w->last;
	mas->status = ma_active;
	ISA_LEAVE_VECTORS();
	return 0;
}

/* A store of any kind in a leaf of any form, as planned. */
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

/* The store, as planned, in a leaf whose form is known where this is called. */
static inline __attribute__((always_inline)) int isa_carry_out(struct ml_write *w,
							       enum ml_store_type type)
{
	struct ml_write other; /* so that *w needs no memory */

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

/* isa_store_here() in a leaf of any form. */
static __attribute__((noinline)) int isa_store_here_any(struct ma_state *mas, void *entry,
							const struct isa_found *found)
{
	struct ml_write w;
	enum ml_store_type type = isa_make_any_plan(&w, mas, entry, found);

	return isa_carry_out_any(&w, type);
}

/*
 * A store that does more than put one entry into another's place; the cursor
 * stands where it begins, on what was found there.
 */
static inline __attribute__((always_inline)) int isa_store_here(struct ma_state *mas, void *entry,
								const struct isa_found *found)
{
	struct isa_found other; /* so that *found needs no memory */
	struct ml_write w;
	enum ml_store_type type;

	if (unlikely(!isa_is_leaf_of_pages(mas))) {
		other = *found;
		return isa_store_here_any(mas, entry, &other);
	}
	type = isa_make_plan(&w, mas, entry, isa_page_form(mas), found);
	return isa_carry_out(&w, type);
}

/* A store that mas_preallocate() has planned in a leaf of @form. */
static inline __attribute__((always_inline)) int
isa_store_kept_as(struct ma_state *mas, void *entry, void **old, unsigned long form)
{
	struct ml_write w;
	enum ml_store_type type = isa_kept_plan(&w, mas, entry, form);

	*old = ml_leaf_slot(&w.leaf, mas->offset);
	return isa_carry_out(&w, type);
}

/* Likewise in a leaf of any form. */
static __attribute__((noinline)) int isa_store_kept_any(struct ma_state *mas, void *entry,
							void **old)
{
	struct ml_write w;
	enum ml_store_type type = isa_kept_plan(&w, mas, entry, mas->vms__.version);

	*old = ml_leaf_slot(&w.leaf, mas->offset);
	return isa_carry_out_any(&w, type);
}

/* A store that mas_preallocate() has planned. */
static __attribute__((noinline)) int isa_store_kept(struct ma_state *mas, void *entry, void **old)
{
	if (likely(isa_is_leaf_of_pages(mas)))
		return isa_store_kept_as(mas, entry, old, isa_page_form(mas));
	if (isa_is_wide_leaf(mas))
		return isa_store_kept_as(mas, entry, old, ISA_WIDE_FORM);
	return isa_store_kept_any(mas, entry, old);
}

/* The store anywhere. */
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
 * The store in the leaf that isa_leaf_by_pages() came to, where it begins in
 * slot @i.
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
 * Whether slot @i of @leaf, a node of pages in the slot @up of @parent, spans
 * [first, last], of which the first lies in the leaf's region. "No" may be
 * wrong, where the leaf begins or ends with its parent or the parent is wide.
 * All in keys, and without a branch but the caller's.
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
	 * The first slot begins, the last ends with the leaf, of which the
	 * parent has the keys; but for its first and last.
	 */
	begins = (uint32_t)isa_ones_if(i == 0);
	ends = (uint32_t)isa_ones_if((i == ML_NARROW_LEAF_KEYS) | (key == ML_KEY_NONE));
	below ^= (below ^ isa_word_at(parent, up + 1)) & begins;
	key ^= (key ^ isa_word_at(parent, up + 2)) & ends;
	return !((below ^ begin) | (key ^ end) | in_page | elsewhere) & !!begin &
	       (end != ML_KEY_NONE) & !(ends & (up == ML_NARROW_INNER_KEYS)) &
	       !((begins | ends) & ml_node_is_wide(parent));
}

/*
 * Slot @i of the leaf, as the cursor came to it, spans just what the cursor
 * says.
 */
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
 * The cursor stands on just what is to be stored, as after a walk: one entry
 * for another. What the cursor knows of its leaf stays true, so that an
 * iteration goes on. False: it is another kind of store.
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
 * mas_store() with a cursor that has no place, without its checks; *old: what
 * the first index had. A usual store walks down once, and finds on the way only
 * what it needs: not even the bounds of the leaf, if one entry takes another's
 * place.
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
	 * A leaf that is the root has no parent. Below an edge node with the
	 * index outside of its region the keys alone do not tell.
	 */
	step = way.beyond ? 0 : way.parent;
	if (unlikely(!leaf || !step || ml_node_is_wide(leaf)))
		return isa_store_any(mas, entry, old);
	/*
	 * The slots' lines, beside the keys' and not after them; and where the
	 * parent keeps the leaf's gap.
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
	/* The cursor knows its range only. */
	mas->node = NULL;
	vms__mas_moved(mas);
	mas->status = ma_active;
	return 0;
}

/* mas_store_prealloc() of a plan that its caller vouches for. */
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
 * mas_store() without its checks; *old: what the first index had. A function of
 * its own, so that a store which is planned already costs no more than a call.
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
