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

/* Release: pairs with mt_pivot() and with vector loads. Who finds the pivot finds what was stored into slots before. */
static inline void move_pivot(const struct mt_write *w, unsigned int i, unsigned long pivot)
{
	const struct mt_leaf *l = &w->leaf;

	if (unlikely(l->wide))
		atomic_store_explicit(&l->node->wide_leaf.pivot[i], pivot, memory_order_release);
	else
		atomic_store_explicit(&l->node->narrow_leaf.key[i], mt_pivot_key(pivot, l->shift), memory_order_release);
}

/* Release: pairs with mt_leaf_slot(). */
static inline void put_slot(const struct mt_write *w, unsigned int i, void *entry)
{
	atomic_store_explicit(&w->leaf.slot[i], entry, memory_order_release);
}

/* Relaxed: who finds something of what is stored from now on, all of which releases, finds this too. */
static inline void begin_change(const struct mt_write *w)
{
	_Atomic unsigned long *state = &w->leaf.node->state;

	atomic_store_explicit(state, atomic_load_explicit(state, memory_order_relaxed) | MT_BUSY, memory_order_relaxed);
}

/* Release: pairs with mt_state(). Who begins in the new phase finds the pivots of the old one. */
static inline void next_phase(const struct mt_write *w)
{
	_Atomic unsigned long *state = &w->leaf.node->state;

	atomic_store_explicit(state, atomic_load_explicit(state, memory_order_relaxed) + MT_STATE_STEP, memory_order_release);
}

/* Likewise, and all of the change is over. */
static inline void end_change(const struct mt_write *w)
{
	_Atomic unsigned long *state = &w->leaf.node->state;

	atomic_store_explicit(state, (atomic_load_explicit(state, memory_order_relaxed) + MT_STATE_STEP) & ~MT_BUSY,
			      memory_order_release);
}

/* Empty slots behind slot @i. */
static inline unsigned int spare_behind(const struct mt_write *w, unsigned int i)
{
	return (unsigned int)__builtin_ctz((w->used | 2u << w->leaf.keys) >> (i + 1));
}

/* Empty slots of the leaf. */
static inline unsigned int empty_slots(const struct mt_write *w)
{
	return w->leaf.keys + 1 - (unsigned int)__builtin_popcount(w->used);
}

/* The only slots in [lo, hi] that are not empty are these two. */
static inline bool are_neighbours(const struct mt_write *w)
{
	return !(w->used & ((1u << w->hi) - (2u << w->lo)));
}

static inline bool start_fits(const struct mt_leaf *l, unsigned long start)
{
	return mt_key_fits(start, l->shift) && mt_region(start, l->shift) == l->base;
}

/* Whether the leaf's form has room for the new bounds. */
static inline bool form_fits(const struct mt_write *w)
{
	if (w->leaf.wide)
		return true;
	return (w->lo_min == w->first || start_fits(&w->leaf, w->first)) &&
	       (w->last == w->hi_max || start_fits(&w->leaf, w->last + 1));
}

/* Whether the store, one that stays in its leaf, fits its form and changes bounds, can be done in place. */
static inline bool shape_fits(const struct mt_write *w)
{
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;

	if (w->lo == w->hi)
		return empty_slots(w) >= (unsigned int)before + after;
	/* A bound between two moves, or all become one. */
	return before != after ? are_neighbours(w) : !before;
}

/*
 * [ V | . ] -> [ . | V ]: what slot @i holds moves into the empty slot after it. A slot that has lost its indexes is filled by the
 * next move, so each move is a phase.
 */
static inline void move_slot_up(const struct mt_write *w, unsigned int i)
{
	put_slot(w, i + 1, mt_leaf_slot(&w->leaf, i));
	move_pivot(w, i, mt_pivot(w->leaf.node, i - 1));
	next_phase(w);
}

/* [ . | V ] -> [ V | . ] */
static inline void move_slot_down(const struct mt_write *w, unsigned int i)
{
	put_slot(w, i - 1, mt_leaf_slot(&w->leaf, i));
	move_pivot(w, i - 1, mt_pivot(w->leaf.node, i));
	next_phase(w);
}

/*
 * The empty slot that is nearest to slot lo, but does not follow it yet, comes to do so: what lies between moves over, and if it is
 * lo itself, so does the store.
 */
static inline void bring_empty(struct mt_write *w, unsigned int spare)
{
	const unsigned int empty = ~w->used & ((2u << w->leaf.keys) - 1), first = w->lo + spare + 1;
	const unsigned int above = empty & -(1u << first), below = empty & ((1u << w->lo) - 1);
	const unsigned int up = above ? (unsigned int)__builtin_ctz(above) : 32;
	const unsigned int down = below ? w->lo - (31 - (unsigned int)__builtin_clz(below)) : 32;

	if (up - first < down) {
		for (unsigned int i = up; i-- > first;)
			move_slot_up(w, i);
		w->used ^= 1u << up | 1u << first;
		return;
	}
	for (unsigned int i = w->lo - down + 1; i <= w->lo; i++)
		move_slot_down(w, i);
	w->used ^= 1u << (w->lo - down) | 1u << w->lo;
	w->lo = --w->hi;
}

/* [ V | ... ] -> [ V | . | . | ... ]: as many empty slots behind slot lo as the store needs. */
static inline void make_room(struct mt_write *w, unsigned int need)
{
	unsigned int spare;

	while ((spare = spare_behind(w, w->lo)) < need)
		bring_empty(w, spare);
}

/* [ V ] -> [ V | entry ] */
static inline unsigned int split_end(const struct mt_write *w)
{
	put_slot(w, w->lo + 1, w->entry);
	move_pivot(w, w->lo, w->first - 1);
	return w->lo + 1;
}

/* [ V ] -> [ entry | V ] */
static inline unsigned int split_begin(const struct mt_write *w)
{
	put_slot(w, w->lo + 1, w->lo_entry);
	move_pivot(w, w->lo, w->last);
	next_phase(w);
	put_slot(w, w->lo, w->entry);
	return w->lo;
}

/* [ V ] -> [ V | entry | V ] */
static inline unsigned int split_middle(const struct mt_write *w)
{
	put_slot(w, w->lo + 1, w->lo_entry);
	put_slot(w, w->lo + 2, w->lo_entry);
	move_pivot(w, w->lo, w->first - 1);
	move_pivot(w, w->lo + 1, w->last);
	next_phase(w);
	put_slot(w, w->lo + 1, w->entry);
	return w->lo + 1;
}

/* [ lo | hi ] -> [ entry.. | hi ]: the bound between them moves up. */
static inline unsigned int move_up(const struct mt_write *w)
{
	put_slot(w, w->lo, w->entry);
	/* An empty slot between them is the beginning of hi for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		put_slot(w, i, w->hi_entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		move_pivot(w, i, w->last);
	return w->lo;
}

/* [ lo | hi ] -> [ lo | ..entry ]: the bound between them moves down. */
static inline unsigned int move_down(const struct mt_write *w)
{
	put_slot(w, w->hi, w->entry);
	/* An empty slot between them is the end of lo for a moment. */
	for (unsigned int i = w->lo + 1; i < w->hi; i++)
		put_slot(w, i, w->lo_entry);
	for (unsigned int i = w->lo; i < w->hi; i++)
		move_pivot(w, i, w->first - 1);
	return w->hi;
}

/* [ lo | .. | hi ] -> [ entry ], the rest empty */
static inline unsigned int join(const struct mt_write *w)
{
	unsigned long pivot = mt_pivot(w->leaf.node, w->hi);

	for (unsigned int i = w->lo; i <= w->hi; i++)
		put_slot(w, i, w->entry);
	for (unsigned int i = w->hi; i-- > w->lo;)
		move_pivot(w, i, pivot);
	return w->lo;
}

/* The store, in place. The cursor stays on it. */
static inline void shape(struct mt_write *w)
{
	struct ma_state *mas = w->mas;
	bool before = w->lo_min < w->first, after = w->last < w->hi_max;
	unsigned int slot;

	begin_change(w);
	if (w->lo == w->hi)
		make_room(w, (unsigned int)before + after);
	if (w->lo != w->hi)
		slot = before ? move_down(w) : after ? move_up(w) : join(w);
	else if (before)
		slot = after ? split_middle(w) : split_end(w);
	else
		slot = split_begin(w);
	end_change(w);
	mas->offset = (unsigned char)slot;
	mas->version = mt_state(w->leaf.node);
}
