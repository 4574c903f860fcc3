/* SPDX-License-Identifier: MIT */
/*
 * shape.h - changes of a leaf's bounds in place, while readers look. Compiled once for each instruction set, with plan.h.
 *
 * It takes a slot or two to spare where the change is: empty slots, which no index finds. Erasing leaves them, new leaves are
 * made with some behind their gaps (leaf.c), and what is behind a leaf's last slot is empty too.
 *
 *	erase B:       [ gap | B | gap ]      ->  [ gap | . | . ]
 *	insert there:  [ gap | . | . ]        ->  [ gap | B | gap ]
 *	grow A:        [ A   | gap ]          ->  [ A ...| gap ]
 *
 * Where the empty slots are elsewhere in the leaf, what lies between moves over, slot by slot:
 *
 *	split A:       [ A | B | . ]          ->  [ A | . | B ]         ->  [ A | new | B ]
 *
 * Why readers are not misled. A leaf's life falls into phases; each ends with a step of its state, and a reader takes nothing
 * that it did not find within one phase. A phase is: stores into slots, then stores into pivots. So whoever finds old pivots
 * finds slots that were there before or are stored for the same indexes, and whoever finds a new pivot finds the slots stored
 * before it; what may be stored into a slot that has lost indexes waits for the next phase. It remains that each store by itself
 * gives no index an entry that is neither its old one nor its new one, and that holds for the steps of each function below;
 * test_shape.c tries all that a reader can see of them.
 *
 * That is so for one index at a time. Who looks at the whole leaf (an iteration does) may find some pivots as they were and others as
 * they are going to be; so the state also says when a change begins and when all of it is over.
 *
 * Locks: the tree's lock.
 */

/*
 * Slot @i ends before @start, which is not 0. Release: pairs with mt_pivot() and
 * with vector loads. A reader that finds the bound finds what was stored into
 * slots before it.
 */
static inline __attribute__((always_inline)) void set_end(const struct mt_write *w, unsigned int i, unsigned long start)
{
	const struct mt_leaf *l = &w->leaf;

	if (unlikely(l->wide))
		atomic_store_explicit(&l->node->wide_leaf.pivot[i], start - 1, memory_order_release);
	else
		atomic_store_explicit(&l->node->narrow_leaf.key[i], (uint32_t)((start - l->base) >> l->shift),
				      memory_order_release);
}

/* Slot @i ends where slot @from does, which may be the leaf's last. Likewise. */
static inline __attribute__((always_inline)) void copy_end(const struct mt_write *w, unsigned int i, unsigned int from)
{
	const struct mt_leaf *l = &w->leaf;
	unsigned long pivot = ULONG_MAX;
	uint32_t key = MT_KEY_NONE;

	/* Relaxed: only the lock's holder stores here. */
	if (unlikely(l->wide)) {
		if (from < MT_WIDE_LEAF_KEYS)
			pivot = atomic_load_explicit(&l->node->wide_leaf.pivot[from], memory_order_relaxed);
		atomic_store_explicit(&l->node->wide_leaf.pivot[i], pivot, memory_order_release);
		return;
	}
	if (from < MT_NARROW_LEAF_KEYS)
		key = atomic_load_explicit(&l->node->narrow_leaf.key[from], memory_order_relaxed);
	atomic_store_explicit(&l->node->narrow_leaf.key[i], key, memory_order_release);
}

/* Release: pairs with mt_leaf_slot(). */
static inline void put_slot(const struct mt_write *w, unsigned int i, void *entry)
{
	atomic_store_explicit(&w->leaf.slot[i], entry, memory_order_release);
}

/*
 * The leaf's state, for the functions below. Relaxed: whoever finds something of
 * what is stored from now on, all of which releases, finds MT_BUSY, too.
 */
static inline unsigned long begin_change(const struct mt_write *w)
{
	_Atomic unsigned long *word = &w->leaf.node->state;
	unsigned long state = atomic_load_explicit(word, memory_order_relaxed) | MT_BUSY;

	atomic_store_explicit(word, state, memory_order_relaxed);
	return state;
}

/*
 * Release: pairs with mt_state(). A reader that begins in the new phase finds the
 * pivots of the old one.
 */
static inline unsigned long next_phase(const struct mt_write *w, unsigned long state)
{
	atomic_store_explicit(&w->leaf.node->state, state + MT_STATE_STEP, memory_order_release);
	return state + MT_STATE_STEP;
}

/* Likewise, and all of the change is over. */
static inline unsigned long end_change(const struct mt_write *w, unsigned long state)
{
	return next_phase(w, state - MT_BUSY);
}

/* Empty slots behind slot @i. */
static inline unsigned int spare_behind(const struct mt_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz((w->used | 2u << w->leaf.keys) >> (i + 1));
}

/*
 * Whether the leaf has a key for a bound before @start: a multiple of the keys'
 * unit in their region, and not the key that means "not in use". What is turned
 * out of the low end comes in at the high one, and makes it too large.
 */
static inline bool start_fits(const struct mt_leaf *l, unsigned long start)
{
	unsigned long key = start - l->base;

	return (key >> l->shift | key << (-l->shift & 63)) < MT_KEY_NONE;
}

/* Whether the leaf's form has room for the new bounds. */
static inline __attribute__((always_inline)) bool form_fits(const struct mt_write *w)
{
	if (w->leaf.wide)
		return true;
	return (w->lo_min == w->first || start_fits(&w->leaf, w->first)) &&
	       (w->last == w->hi_max || start_fits(&w->leaf, w->last + 1));
}

/*
 * What a store does that stays in its leaf, fits its form and changes bounds. The
 * leaf has slots enough. MT_STORE_LEAF: it cannot be done in place.
 */
static inline __attribute__((always_inline)) enum mt_store_type shape_for(const struct mt_write *w)
{
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;

	if (w->lo == w->hi)
		return before ? (after ? MT_STORE_MIDDLE : MT_STORE_END) : MT_STORE_BEGIN;
	if (before == after)
		return before ? MT_STORE_LEAF : MT_STORE_JOIN;
	/* A bound moves between two slots that have nothing but empty ones between them. */
	if (w->used & ((1u << w->hi) - (2u << w->lo)))
		return MT_STORE_LEAF;
	return before ? MT_STORE_DOWN : MT_STORE_UP;
}

/*
 * [ V | . ] -> [ . | V ]: what slot @i holds moves into the empty slot after it.
 * A slot that has lost its indexes is filled by the next move, so each move is a
 * phase.
 */
static inline void move_slot_up(const struct mt_write *w, unsigned int i, unsigned long *state)
{
	put_slot(w, i + 1, mt_leaf_slot(&w->leaf, i));
	copy_end(w, i, i - 1);
	*state = next_phase(w, *state);
}

/* [ . | V ] -> [ V | . ] */
static inline void move_slot_down(const struct mt_write *w, unsigned int i, unsigned long *state)
{
	put_slot(w, i - 1, mt_leaf_slot(&w->leaf, i));
	copy_end(w, i - 1, i);
	*state = next_phase(w, *state);
}

/*
 * The empty slot that is nearest to slot lo, but does not follow it yet, comes to
 * do so: what lies between moves over, and if it is lo itself, so does the store.
 */
static inline void bring_empty(struct mt_write *w, unsigned int spare, unsigned long *state)
{
	const unsigned int empty = ~w->used & ((2u << w->leaf.keys) - 1), first = w->lo + spare + 1;
	const unsigned int above = empty & -(1u << first), below = empty & ((1u << w->lo) - 1);
	const unsigned int up = above ? (unsigned int)__builtin_ctz(above) : 32;
	const unsigned int down = below ? w->lo - (31 - (unsigned int)__builtin_clz(below)) : 32;

	if (up - first < down) {
		for (unsigned int i = up; i-- > first;)
			move_slot_up(w, i, state);
		w->used ^= 1u << up | 1u << first;
		return;
	}
	for (unsigned int i = w->lo - down + 1; i <= w->lo; i++)
		move_slot_down(w, i, state);
	w->used ^= 1u << (w->lo - down) | 1u << w->lo;
	w->lo = --w->hi;
}

/*
 * [ V | ... ] -> [ V | . | . | ... ]: as many empty slots behind slot lo as the
 * store needs. Return: lo, which may have moved.
 */
static __attribute__((noinline)) unsigned int make_room(struct mt_write *w, unsigned int need, unsigned long *state)
{
	unsigned int spare;

	while ((spare = spare_behind(w, w->lo)) < need)
		bring_empty(w, spare, state);
	return w->lo;
}

/*
 * make_room(), mostly where there is some: the @need slots behind lo are neither
 * in use nor beyond the leaf's last.
 */
static inline __attribute__((always_inline)) void find_room(struct mt_write *w, unsigned int need, unsigned long *state)
{
	struct mt_write other; /* so that *w and *state need no memory */
	unsigned long changed;

	if (likely(!((w->used | 2u << w->leaf.keys) >> (w->lo + 1) & ((1u << need) - 1))))
		return;
	other = *w;
	changed = *state;
	w->lo = w->hi = make_room(&other, need, &changed);
	*state = changed;
}

/* [ V ] -> [ V | entry ] */
static inline __attribute__((always_inline)) unsigned int split_end(const struct mt_write *w)
{
	put_slot(w, w->lo + 1, w->entry);
	set_end(w, w->lo, w->first);
	return w->lo + 1;
}

/* [ V ] -> [ entry | V ] */
static inline __attribute__((always_inline)) unsigned int split_begin(const struct mt_write *w, unsigned long *state)
{
	put_slot(w, w->lo + 1, w->lo_entry);
	set_end(w, w->lo, w->last + 1);
	*state = next_phase(w, *state);
	put_slot(w, w->lo, w->entry);
	return w->lo;
}

/* [ V ] -> [ V | entry | V ] */
static inline __attribute__((always_inline)) unsigned int split_middle(const struct mt_write *w, unsigned long *state)
{
	put_slot(w, w->lo + 1, w->lo_entry);
	put_slot(w, w->lo + 2, w->lo_entry);
	set_end(w, w->lo, w->first);
	set_end(w, w->lo + 1, w->last + 1);
	*state = next_phase(w, *state);
	put_slot(w, w->lo + 1, w->entry);
	return w->lo + 1;
}

/* [ lo | hi ] -> [ entry.. | hi ]: the bound between them moves up. */
static inline __attribute__((always_inline)) unsigned int move_up(const struct mt_write *w)
{
	put_slot(w, w->lo, w->entry);
	/* An empty slot between them is the beginning of hi for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		put_slot(w, i, w->hi_entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		set_end(w, i, w->last + 1);
	return w->lo;
}

/* [ lo | hi ] -> [ lo | ..entry ]: the bound between them moves down. */
static inline __attribute__((always_inline)) unsigned int move_down(const struct mt_write *w)
{
	put_slot(w, w->hi, w->entry);
	/* An empty slot between them is the end of lo for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		put_slot(w, i, w->lo_entry);
	for (unsigned int i = w->lo; i < w->hi; i++)
		set_end(w, i, w->first);
	return w->hi;
}

/* [ lo | .. | hi ] -> [ entry ], the rest empty */
static inline __attribute__((always_inline)) unsigned int join(const struct mt_write *w)
{
	for (unsigned int i = w->lo; i <= w->hi; i++)
		put_slot(w, i, w->entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		copy_end(w, i, w->hi);
	return w->lo;
}

/* The store, in place, as shape_for() says. The cursor stays on it. */
static inline __attribute__((always_inline)) void shape(struct mt_write *w, enum mt_store_type type)
{
	struct ma_state *mas = w->mas;
	unsigned long state = begin_change(w);
	unsigned int slot;

	switch (type) {
	case MT_STORE_MIDDLE:
		find_room(w, 2, &state);
		slot = split_middle(w, &state);
		break;
	case MT_STORE_END:
		find_room(w, 1, &state);
		slot = split_end(w);
		break;
	case MT_STORE_BEGIN:
		find_room(w, 1, &state);
		slot = split_begin(w, &state);
		break;
	case MT_STORE_UP:
		slot = move_up(w);
		break;
	case MT_STORE_DOWN:
		slot = move_down(w);
		break;
	default:
		slot = join(w);
		break;
	}
	mas->version = end_change(w, state);
	mas->offset = (unsigned char)slot;
}
