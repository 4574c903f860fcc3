/* SPDX-License-Identifier: MIT */
/*
 * shape.tmpl.h - changes of a leaf's bounds in place, while readers look.
 *
 * A template for an instruction set's file, which need define nothing for it.
 *
 * A change needs an empty slot or two where it happens: slots that no index
 * finds. Empty slots come about in three ways: an erasure leaves them, leaf.c
 * puts some behind the gaps of new leaves, and all slots behind a leaf's last
 * one are empty.
 *
 * 	erase B:       [ gap | B | gap ]      ->  [ gap | . | . ]
 * 	insert there:  [ gap | . | . ]        ->  [ gap | B | gap ]
 * 	grow A:        [ A   | gap ]          ->  [ A ...| gap ]
 *
 * If the empty slots are elsewhere in the leaf, the slots in between move over,
 * one by one:
 *
 * 	split A:  [ A | B | . ]  ->  [ A | . | B ]  ->  [ A | new | B ]
 *
 * Why readers are not misled. The life of a leaf is a sequence of phases. Each
 * phase ends with a step of the leaf's state, and a reader uses only what it
 * found within one phase. In a phase the writer first stores into slots, then
 * into pivots. So a reader that finds old pivots finds slots that were there
 * before or that hold the same entries for the same indexes. A reader that
 * finds a new pivot also finds the slots stored before it. If a slot loses
 * indexes in a phase, the writer waits for the next phase before it stores
 * another entry there: a reader with the old pivot would take that entry for a
 * lost index. It remains that no single store gives an index an entry that is
 * neither its old one nor its new one. That holds for the steps of each
 * function below; test_shape.c tries all that a reader can see of them.
 *
 * This argument is about one index at a time. A reader that looks at the whole
 * leaf, as an iteration does, may find some pivots already changed and others
 * not yet. Therefore the state also says when a change begins (ML_BUSY) and
 * when all of it is over.
 *
 * Locks: the tree's lock to write, for every function. Read next: node.h (what
 * a reader does), plan.tmpl.h (the caller).
 */

/*
 * Let slot @i end before @start, which is not 0. Release: pairs with ml_pivot()
 * and with vector loads, so that a reader that finds the bound also finds what
 * was stored into slots before it.
 */
static inline __attribute__((always_inline)) void isa_set_end(const struct ml_write *w,
							      unsigned int i, unsigned long start)
{
	const struct ml_leaf *l = &w->leaf;

	if (unlikely(l->wide))
		atomic_store_explicit(&l->node->wide_leaf.pivot[i], start - 1,
				      memory_order_release);
	else
		atomic_store_explicit(&l->node->narrow_leaf.key[i],
				      (uint32_t)((start - l->base) >> l->shift),
				      memory_order_release);
}

/*
 * Let slot @i end where slot @from does, which may be the leaf's last. Release
 * as in isa_set_end().
 */
static inline __attribute__((always_inline)) void isa_copy_end(const struct ml_write *w,
							       unsigned int i, unsigned int from)
{
	const struct ml_leaf *l = &w->leaf;
	unsigned long pivot = ULONG_MAX;
	uint32_t key = ML_KEY_NONE;

	/* Relaxed: only the lock's holder stores here. */
	if (unlikely(l->wide)) {
		if (from < ML_WIDE_LEAF_KEYS)
			pivot = atomic_load_explicit(&l->node->wide_leaf.pivot[from],
						     memory_order_relaxed);
		atomic_store_explicit(&l->node->wide_leaf.pivot[i], pivot, memory_order_release);
		return;
	}
	if (from < ML_NARROW_LEAF_KEYS)
		key = atomic_load_explicit(&l->node->narrow_leaf.key[from], memory_order_relaxed);
	atomic_store_explicit(&l->node->narrow_leaf.key[i], key, memory_order_release);
}

/*
 * Store @entry into slot @i. Release: pairs with ml_leaf_slot(), so that a
 * reader that finds the entry also finds what the writer wrote to its object
 * before.
 */
static inline void isa_put_slot(const struct ml_write *w, unsigned int i, void *entry)
{
	atomic_store_explicit(&w->leaf.slot[i], entry, memory_order_release);
}

/*
 * Begin a change: set ML_BUSY. Return: the state, for the functions below.
 * Relaxed, because all later stores of the change release: a reader that finds
 * one of them finds ML_BUSY, too.
 */
static inline unsigned long isa_begin_change(const struct ml_write *w)
{
	_Atomic unsigned long *word = &w->leaf.node->state;
	unsigned long state = atomic_load_explicit(word, memory_order_relaxed) | ML_BUSY;

	atomic_store_explicit(word, state, memory_order_relaxed);
	return state;
}

/*
 * End a phase. Release: pairs with ml_state(). A reader that begins in the new
 * phase finds the pivots of the ended one.
 */
static inline unsigned long isa_next_phase(const struct ml_write *w, unsigned long state)
{
	atomic_store_explicit(&w->leaf.node->state, state + ML_STATE_STEP, memory_order_release);
	return state + ML_STATE_STEP;
}

/* End the last phase, and with it the change. */
static inline unsigned long isa_end_change(const struct ml_write *w, unsigned long state)
{
	return isa_next_phase(w, state - ML_BUSY);
}

/*
 * The number of empty slots behind slot @i, up to the next one in use or the
 * leaf's end.
 */
static inline unsigned int isa_spare_behind(const struct ml_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz((w->used | 2u << w->leaf.keys) >> (i + 1));
}

/*
 * Whether the leaf has a key for a bound before @start: @start is a multiple of
 * the keys' unit, lies in their region, and its key is not the one that means
 * "not in use". One comparison checks all: the bits shifted out at the low end
 * come in at the high end, where they make the number too large.
 */
static inline bool isa_start_fits(const struct ml_leaf *l, unsigned long start)
{
	unsigned long key = start - l->base;

	return (key >> l->shift | key << (-l->shift & 63)) < ML_KEY_NONE;
}

/* Whether the leaf's form can express the new bounds. */
static inline __attribute__((always_inline)) bool isa_form_fits(const struct ml_write *w)
{
	if (w->leaf.wide)
		return true;
	return (w->lo_min == w->first || isa_start_fits(&w->leaf, w->first)) &&
	       (w->last == w->hi_max || isa_start_fits(&w->leaf, w->last + 1));
}

/*
 * The kind of a store that stays in its leaf, fits its form and changes bounds.
 * The leaf has enough slots. ML_STORE_LEAF: it cannot be made in place.
 */
static inline __attribute__((always_inline)) enum ml_store_type
isa_shape_for(const struct ml_write *w)
{
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;

	if (w->lo == w->hi)
		return before ? (after ? ML_STORE_MIDDLE : ML_STORE_END) : ML_STORE_BEGIN;
	if (before == after)
		return before ? ML_STORE_LEAF : ML_STORE_JOIN;
	/*
	 * Only a bound between slots without a used one between them can move
	 * in place: a used slot would lose its indexes while its neighbours
	 * gain them.
	 */
	if (w->used & ((1u << w->hi) - (2u << w->lo)))
		return ML_STORE_LEAF;
	return before ? ML_STORE_DOWN : ML_STORE_UP;
}

/*
 * [ V | . ] -> [ . | V ], or with @by 2 [ V | . | . ] -> [ . | . | V ]: move
 * the content of slot @i into the last of the @by empty slots after it. The
 * slot that lost its indexes is filled by the next move, so each move is a
 * phase. Return: the state.
 */
static inline __attribute__((always_inline)) unsigned long
isa_move_slot_up(const struct ml_write *w, unsigned int i, unsigned int by, unsigned long state)
{
	void *entry = ml_leaf_slot(&w->leaf, i);

	isa_put_slot(w, i + by, entry);
	/*
	 * Between the two stores of ends the slot in between spans all of the
	 * range, so it must hold the entry.
	 */
	if (by == 2)
		isa_put_slot(w, i + 1, entry);
	isa_copy_end(w, i, i - 1);
	if (by == 2)
		isa_copy_end(w, i + 1, i - 1);
	return isa_next_phase(w, state);
}

/* [ . | V ] -> [ V | . ], or [ . | . | V ] -> [ V | . | . ] */
static inline __attribute__((always_inline)) unsigned long
isa_move_slot_down(const struct ml_write *w, unsigned int i, unsigned int by, unsigned long state)
{
	void *entry = ml_leaf_slot(&w->leaf, i);

	isa_put_slot(w, i - by, entry);
	if (by == 2)
		isa_put_slot(w, i - 1, entry);
	isa_copy_end(w, i - 1, i);
	if (by == 2)
		isa_copy_end(w, i - 2, i);
	return isa_next_phase(w, state);
}

/*
 * The number of slots that must move so that @by empty slots come to follow
 * slot lo and the empty slots behind it; the last of those is before slot
 * @first. *at: the first of the empty slots, on the side where fewer must move.
 */
static inline unsigned int isa_nearest_empty(const struct ml_write *w, unsigned int first,
					     unsigned int by, unsigned int *at)
{
	const unsigned int empty = ~w->used & ((2u << w->leaf.keys) - 1),
			   rows = by == 2 ? empty & empty >> 1 : empty;
	const unsigned int above = rows & -(1u << first),
			   below = rows & ((1u << w->lo) - 1) >> (by - 1);
	const unsigned int up = above ? (unsigned int)__builtin_ctz(above) : 32;
	const unsigned int down = below ? 31 - (unsigned int)__builtin_clz(below) : 0;

	if (!below || (above && up - first < w->lo + 1 - by - down)) {
		*at = up;
		return up - first;
	}
	*at = down;
	return w->lo + 1 - by - down;
}

/*
 * Bring the @by empty slots from slot @at on to follow slot lo and the empty
 * slots behind it, the last of which is before slot @first. The slots in
 * between move over; if lo is among them, w->lo follows. Return: the state.
 */
static inline __attribute__((always_inline)) unsigned long
isa_bring_empty(struct ml_write *w, unsigned int first, unsigned int at, unsigned int by,
		unsigned long state)
{
	unsigned int moved;

	if (at >= first) {
		for (unsigned int i = at; i-- > first;)
			state = isa_move_slot_up(w, i, by, state);
		moved = (1u << at) - (1u << first);
		w->used = (w->used & ~(moved | moved << by)) | (w->used & moved) << by;
		return state;
	}
	for (unsigned int i = at + by; i <= w->lo; i++)
		state = isa_move_slot_down(w, i, by, state);
	moved = (2u << w->lo) - (1u << (at + by));
	w->used = (w->used & ~(moved | moved >> by)) | (w->used & moved) >> by;
	w->lo -= by;
	return state;
}

/*
 * [ V | ... ] -> [ V | . | . | ... ]: bring @need empty slots behind slot @lo
 * of a leaf of @form, which has at least so many. Each slot that moves over
 * costs a phase, in which the writer stores more and readers may have to retry.
 * Two empty slots that lie side by side come at once unless they are more than
 * twice as far away as the nearest one: up to there they cost no more phases
 * than the two nearest ones that come one after the other. Return: where slot
 * @lo is then.
 */
static inline __attribute__((always_inline)) unsigned int
isa_make_room(struct maple_node *leaf, unsigned long form, unsigned int used, unsigned int lo,
	      unsigned int need)
{
	unsigned long state = ml_form_of(leaf);
	struct ml_write w;
	unsigned int spare;

	ml_leaf_view(&w.leaf, leaf, form, 0, ULONG_MAX);
	w.used = used;
	w.lo = lo;
	while ((spare = isa_spare_behind(&w, w.lo)) < need) {
		const unsigned int first = w.lo + spare + 1,
				   empty = ~w.used & ((2u << w.leaf.keys) - 1);
		unsigned int one, two, moves = isa_nearest_empty(&w, first, 1, &one);

		if (spare + 2 == need && empty & empty >> 1 &&
		    isa_nearest_empty(&w, first, 2, &two) <= 2 * moves)
			state = isa_bring_empty(&w, first, two, 2, state);
		else
			state = isa_bring_empty(&w, first, one, 1, state);
	}
	return w.lo;
}

/*
 * isa_make_room() for any leaf: few stores need it, so it is compiled once for
 * each of the two forms and not into each caller.
 */
static __attribute__((noinline)) unsigned int
isa_make_room_any(struct maple_node *leaf, unsigned int used, unsigned int lo, unsigned int need)
{
	const unsigned long form = ml_form_of(leaf);

	return form & ML_WIDE_BIT ? isa_make_room(leaf, ML_LEAF_BIT | ML_WIDE_BIT, used, lo, need)
				  : isa_make_room(leaf, ML_LEAF_BIT, used, lo, need);
}

/*
 * Make sure that @need empty slots follow slot lo. If one of the @need slots
 * behind it is in use, or beyond the leaf's last, others are brought there.
 * Return: the state.
 */
static inline __attribute__((always_inline)) unsigned long
isa_find_room(struct ml_write *w, unsigned int need, unsigned long state)
{
	if (likely(!((w->used | 2u << w->leaf.keys) >> (w->lo + 1) & ((1u << need) - 1))))
		return state;
	w->lo = w->hi = isa_make_room_any(w->leaf.node, w->used, w->lo, need);
	return ml_form_of(w->leaf.node);
}

/* [ V ] -> [ V | entry ]. Return: the slot of the entry, here and below. */
static inline __attribute__((always_inline)) unsigned int isa_split_end(const struct ml_write *w)
{
	isa_put_slot(w, w->lo + 1, w->entry);
	isa_set_end(w, w->lo, w->first);
	return w->lo + 1;
}

/*
 * [ V ] -> [ entry | V ]. Slot lo loses indexes, so the entry waits for the
 * next phase.
 */
static inline __attribute__((always_inline)) unsigned int isa_split_begin(const struct ml_write *w,
									  unsigned long *state)
{
	isa_put_slot(w, w->lo + 1, w->lo_entry);
	isa_set_end(w, w->lo, w->last + 1);
	*state = isa_next_phase(w, *state);
	isa_put_slot(w, w->lo, w->entry);
	return w->lo;
}

/*
 * [ V ] -> [ V | entry | V ]. Slot lo + 1 spans the end of V before its own end
 * is set, so it holds V until the next phase.
 */
static inline __attribute__((always_inline)) unsigned int isa_split_middle(const struct ml_write *w,
									   unsigned long *state)
{
	isa_put_slot(w, w->lo + 1, w->lo_entry);
	isa_put_slot(w, w->lo + 2, w->lo_entry);
	isa_set_end(w, w->lo, w->first);
	isa_set_end(w, w->lo + 1, w->last + 1);
	*state = isa_next_phase(w, *state);
	isa_put_slot(w, w->lo + 1, w->entry);
	return w->lo + 1;
}

/* [ lo | hi ] -> [ entry.. | hi ]: the bound between them moves up. */
static inline __attribute__((always_inline)) unsigned int isa_move_up(const struct ml_write *w)
{
	isa_put_slot(w, w->lo, w->entry);
	/*
	 * While the ends are stored one by one, an empty slot in between spans
	 * the beginning of hi's range for a moment.
	 */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		isa_put_slot(w, i, w->hi_entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		isa_set_end(w, i, w->last + 1);
	return w->lo;
}

/* [ lo | hi ] -> [ lo | ..entry ]: the bound between them moves down. */
static inline __attribute__((always_inline)) unsigned int isa_move_down(const struct ml_write *w)
{
	isa_put_slot(w, w->hi, w->entry);
	/*
	 * While the ends are stored one by one, an empty slot in between spans
	 * the end of lo's range for a moment.
	 */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		isa_put_slot(w, i, w->lo_entry);
	for (unsigned int i = w->lo; i < w->hi; i++)
		isa_set_end(w, i, w->first);
	return w->hi;
}

/*
 * [ lo | .. | hi ] -> [ entry ]; the other slots become empty. Every slot gets
 * the entry first, because an index may find any of them until all ends are
 * stored.
 */
static inline __attribute__((always_inline)) unsigned int isa_join(const struct ml_write *w)
{
	for (unsigned int i = w->lo; i <= w->hi; i++)
		isa_put_slot(w, i, w->entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		isa_copy_end(w, i, w->hi);
	return w->lo;
}

/*
 * Make the store in place, as isa_shape_for() says, and keep the cursor on it.
 */
static inline __attribute__((always_inline)) void isa_shape(struct ml_write *w,
							    enum ml_store_type type)
{
	struct ma_state *mas = w->mas;
	unsigned long state = isa_begin_change(w);
	unsigned int slot;

	switch (type) {
	case ML_STORE_MIDDLE:
		state = isa_find_room(w, 2, state);
		slot = isa_split_middle(w, &state);
		break;
	case ML_STORE_END:
		state = isa_find_room(w, 1, state);
		slot = isa_split_end(w);
		break;
	case ML_STORE_BEGIN:
		state = isa_find_room(w, 1, state);
		slot = isa_split_begin(w, &state);
		break;
	case ML_STORE_UP:
		slot = isa_move_up(w);
		break;
	case ML_STORE_DOWN:
		slot = isa_move_down(w);
		break;
	default:
		slot = isa_join(w);
		break;
	}
	mas->vms__.version = isa_end_change(w, state);
	mas->offset = (unsigned char)slot;
}
