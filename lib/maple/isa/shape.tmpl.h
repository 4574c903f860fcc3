/* SPDX-License-Identifier: MIT */
/*
 * shape.tmpl.h - changes of a leaf's bounds in place, while readers look.
 *
 * A template for an instruction set's file, which defines nothing for it.
 *
 * It takes a slot or two to spare where the change is: empty slots, which no
 * index finds. Erasing leaves them, new leaves are made with some behind their
 * gaps (leaf.c), and what is behind a leaf's last slot is empty too.
 *
 * 	erase B:       [ gap | B | gap ]      ->  [ gap | . | . ]
 * 	insert there:  [ gap | . | . ]        ->  [ gap | B | gap ]
 * 	grow A:        [ A   | gap ]          ->  [ A ...| gap ]
 *
 * Where the empty slots are elsewhere in the leaf, what lies between moves
 * over, slot by slot:
 *
 * 	split A:       [ A | B | . ]          ->  [ A | . | B ]         ->  [ A | new | B ]
 *
 * Why readers are not misled. A leaf's life falls into phases; each ends with a
 * step of its state, and a reader takes nothing that it did not find within one
 * phase. A phase is: stores into slots, then stores into pivots. So whoever
 * finds old pivots finds slots that were there before or are stored for the
 * same indexes, and whoever finds a new pivot finds the slots stored before it;
 * what may be stored into a slot that has lost indexes waits for the next
 * phase. It remains that each store by itself gives no index an entry that is
 * neither its old one nor its new one, and that holds for the steps of each
 * function below; test_shape.c tries all that a reader can see of them.
 *
 * That is so for one index at a time. Who looks at the whole leaf (an iteration
 * does) may find some pivots as they were and others as they are going to be;
 * so the state also says when a change begins and when all of it is over.
 *
 * Locks: the tree's lock.
 */

/*
 * Slot @i ends before @start, which is not 0. Release: pairs with ml_pivot()
 * and with vector loads. A reader that finds the bound finds what was stored
 * into slots before it.
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
 * Slot @i ends where slot @from does, which may be the leaf's last. Likewise.
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

/* Release: pairs with ml_leaf_slot(). */
static inline void isa_put_slot(const struct ml_write *w, unsigned int i, void *entry)
{
	atomic_store_explicit(&w->leaf.slot[i], entry, memory_order_release);
}

/*
 * The leaf's state, for the functions below. Relaxed: whoever finds something
 * of what is stored from now on, all of which releases, finds ML_BUSY, too.
 */
static inline unsigned long isa_begin_change(const struct ml_write *w)
{
	_Atomic unsigned long *word = &w->leaf.node->state;
	unsigned long state = atomic_load_explicit(word, memory_order_relaxed) | ML_BUSY;

	atomic_store_explicit(word, state, memory_order_relaxed);
	return state;
}

/*
 * Release: pairs with ml_state(). A reader that begins in the new phase finds
 * the pivots of the old one.
 */
static inline unsigned long isa_next_phase(const struct ml_write *w, unsigned long state)
{
	atomic_store_explicit(&w->leaf.node->state, state + ML_STATE_STEP, memory_order_release);
	return state + ML_STATE_STEP;
}

/* Likewise, and all of the change is over. */
static inline unsigned long isa_end_change(const struct ml_write *w, unsigned long state)
{
	return isa_next_phase(w, state - ML_BUSY);
}

/* Empty slots behind slot @i. */
static inline unsigned int isa_spare_behind(const struct ml_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz((w->used | 2u << w->leaf.keys) >> (i + 1));
}

/*
 * Whether the leaf has a key for a bound before @start: a multiple of the keys'
 * unit in their region, and not the key that means "not in use". What is turned
 * out of the low end comes in at the high one, and makes it too large.
 */
static inline bool isa_start_fits(const struct ml_leaf *l, unsigned long start)
{
	unsigned long key = start - l->base;

	return (key >> l->shift | key << (-l->shift & 63)) < ML_KEY_NONE;
}

/* Whether the leaf's form has room for the new bounds. */
static inline __attribute__((always_inline)) bool isa_form_fits(const struct ml_write *w)
{
	if (w->leaf.wide)
		return true;
	return (w->lo_min == w->first || isa_start_fits(&w->leaf, w->first)) &&
	       (w->last == w->hi_max || isa_start_fits(&w->leaf, w->last + 1));
}

/*
 * What a store does that stays in its leaf, fits its form and changes bounds.
 * The leaf has slots enough. ML_STORE_LEAF: it cannot be done in place.
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
	 * A bound moves between two slots that have nothing but empty ones
	 * between them.
	 */
	if (w->used & ((1u << w->hi) - (2u << w->lo)))
		return ML_STORE_LEAF;
	return before ? ML_STORE_DOWN : ML_STORE_UP;
}

/*
 * [ V | . ] -> [ . | V ], or with @by 2 [ V | . | . ] -> [ . | . | V ]: what slot
 * @i holds moves into the last of @by empty slots after it. A slot that has
 * lost its indexes is filled by the next move, so each move is a phase.
 */
static inline __attribute__((always_inline)) unsigned long
isa_move_slot_up(const struct ml_write *w, unsigned int i, unsigned int by, unsigned long state)
{
	void *entry = ml_leaf_slot(&w->leaf, i);

	isa_put_slot(w, i + by, entry);
	/* The slot between them is all of it for a moment. */
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
 * How many slots move when @by empty slots come to follow slot lo and those
 * that do so already, the last of which is before slot @first. *at: the first
 * of them.
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
 * The @by empty slots from slot @at on come to follow slot lo and those that do
 * so already, the last of which is before slot @first. What lies between moves
 * over, and if it is lo itself, so does the store.
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
 * [ V | ... ] -> [ V | . | . | ... ]: @need empty slots behind slot @lo of a leaf
 * of @form, which has so many. Two in a row move at once, if they are not much
 * farther away than one. Return: where slot @lo is then.
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

static __attribute__((noinline)) unsigned int
isa_make_room_any(struct maple_node *leaf, unsigned int used, unsigned int lo, unsigned int need)
{
	const unsigned long form = ml_form_of(leaf);

	return form & ML_WIDE_BIT ? isa_make_room(leaf, ML_LEAF_BIT | ML_WIDE_BIT, used, lo, need)
				  : isa_make_room(leaf, ML_LEAF_BIT, used, lo, need);
}

/*
 * As many empty slots behind slot lo as the store needs, if there are not: the
 * @need slots after it are in use, or beyond the leaf's last.
 */
static inline __attribute__((always_inline)) unsigned long
isa_find_room(struct ml_write *w, unsigned int need, unsigned long state)
{
	if (likely(!((w->used | 2u << w->leaf.keys) >> (w->lo + 1) & ((1u << need) - 1))))
		return state;
	w->lo = w->hi = isa_make_room_any(w->leaf.node, w->used, w->lo, need);
	return ml_form_of(w->leaf.node);
}

/* [ V ] -> [ V | entry ] */
static inline __attribute__((always_inline)) unsigned int isa_split_end(const struct ml_write *w)
{
	isa_put_slot(w, w->lo + 1, w->entry);
	isa_set_end(w, w->lo, w->first);
	return w->lo + 1;
}

/* [ V ] -> [ entry | V ] */
static inline __attribute__((always_inline)) unsigned int isa_split_begin(const struct ml_write *w,
									  unsigned long *state)
{
	isa_put_slot(w, w->lo + 1, w->lo_entry);
	isa_set_end(w, w->lo, w->last + 1);
	*state = isa_next_phase(w, *state);
	isa_put_slot(w, w->lo, w->entry);
	return w->lo;
}

/* [ V ] -> [ V | entry | V ] */
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
	/* An empty slot between them is the beginning of hi for a moment. */
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
	/* An empty slot between them is the end of lo for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		isa_put_slot(w, i, w->lo_entry);
	for (unsigned int i = w->lo; i < w->hi; i++)
		isa_set_end(w, i, w->first);
	return w->hi;
}

/* [ lo | .. | hi ] -> [ entry ], the rest empty */
static inline __attribute__((always_inline)) unsigned int isa_join(const struct ml_write *w)
{
	for (unsigned int i = w->lo; i <= w->hi; i++)
		isa_put_slot(w, i, w->entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		isa_copy_end(w, i, w->hi);
	return w->lo;
}

/* The store, in place, as isa_shape_for() says. The cursor stays on it. */
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
