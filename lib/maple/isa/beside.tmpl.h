/* SPDX-License-Identifier: MIT */
/*
 * beside.tmpl.h - vms__mas_around(): the entries next to the place of a store.
 *
 * A writer asks for them to decide what to store, and stores there next. So the
 * search also notes the slot where the cursor stands, and the store need not
 * search for it again.
 *
 * A template for an instruction set's file, which must have included
 * place.tmpl.h; it need define nothing more for it.
 *
 * Locks: the tree's lock; held for reading will do. Read next: writer.h
 * (vms__mas_around(), and which caller vouches for what).
 */

/*
 * isa_around() where the entries lie in several leaves: by a cursor of its own,
 * so that the caller's stays where it is.
 */
static __attribute__((noinline)) void *isa_around_far(const struct ma_state *mas, unsigned long end,
						      void **prev, void **next)
{
	MA_STATE(step, mas->tree, mas->index, mas->index);
	void *entry = mas_find(&step, ULONG_MAX);

	*next = NULL;
	if (entry && step.index < end) {
		*next = mas_next(&step, ULONG_MAX);
		/*
		 * Step back onto the entry: the cursor left it, whether or not
		 * there is a next one.
		 */
		mas_prev(&step, 0);
	}
	*prev = mas_prev(&step, 0);
	return entry;
}

/* The entry in slot @i. Relaxed: only the lock's holder stores here. */
static inline void *isa_entry_in(const struct ml_leaf *l, unsigned int i)
{
	return atomic_load_explicit(&l->slot[i], memory_order_relaxed);
}

/*
 * The entry of the last, or below of the first, of these slots in use that has
 * one. Gaps never touch, so one of two slots has an entry. NULL: none has.
 */
static inline __attribute__((always_inline)) void *isa_last_entry(const struct ml_leaf *l,
								  unsigned int slots)
{
	unsigned int i;
	void *entry;

	if (!slots)
		return NULL;
	i = 31 - (unsigned int)__builtin_clz(slots);
	entry = isa_entry_in(l, i);
	slots ^= 1u << i;
	return entry || !slots ? entry : isa_entry_in(l, 31 - (unsigned int)__builtin_clz(slots));
}

static inline __attribute__((always_inline)) void *isa_first_entry(const struct ml_leaf *l,
								   unsigned int slots)
{
	void *entry;

	if (!slots)
		return NULL;
	entry = isa_entry_in(l, (unsigned int)__builtin_ctz(slots));
	slots &= slots - 1;
	return entry || !slots ? entry : isa_entry_in(l, (unsigned int)__builtin_ctz(slots));
}

/*
 * isa_around() within the cursor's leaf, which is of @form; @found is the slot
 * where the cursor stands. False: some of the entries lie in other leaves.
 */
static inline __attribute__((always_inline)) bool
isa_around_here(struct ma_state *mas, unsigned long form, const struct isa_found *found,
		unsigned long end, void **entry, void **prev, void **next)
{
	unsigned long begin = found->index;
	unsigned int slots, after;
	struct ml_leaf l;

	ml_leaf_view(&l, mas->node, form, mas->min, mas->max);
	slots = found->used ? found->used : isa_used(&l);
	ml_vouch_slot(mas, found->index, found->last, slots);
	*next = NULL;
	*prev = isa_last_entry(&l, slots & ((1u << mas->offset) - 1));
	if (unlikely(!*prev && mas->min))
		return false;
	after = slots & -(2u << mas->offset);
	*entry = found->entry;
	if (!*entry) {
		if (unlikely(!after))
			return mas->max == ULONG_MAX;
		begin = found->last + 1;
		*entry = isa_entry_in(&l, (unsigned int)__builtin_ctz(after));
		after &= after - 1;
	}
	if (begin >= end)
		return true;
	*next = isa_first_entry(&l, after);
	return likely(*next) || mas->max == ULONG_MAX;
}

/* isa_around() in a leaf of any form, for the rare ones. */
static __attribute__((noinline)) void *isa_around_any(struct ma_state *mas,
						      const struct isa_found *found,
						      unsigned long end, void **prev, void **next)
{
	void *entry;

	if (likely(isa_around_here(mas, mas->vms__.version, found, end, &entry, prev, next)))
		return entry;
	return isa_around_far(mas, end, prev, next);
}

static void *isa_around(struct ma_state *mas, unsigned long end, void **prev, void **next)
{
	struct isa_found found, other; /* two, so that found stays in registers */
	void *entry;
	bool near;

	if (unlikely(!isa_locate(mas, &found)))
		return isa_around_far(mas, end, prev, next);
	if (likely(isa_is_leaf_of_pages(mas))) {
		near = isa_around_here(mas, isa_page_form(mas), &found, end, &entry, prev, next);
	} else if (isa_is_wide_leaf(mas)) {
		near = isa_around_here(mas, ISA_WIDE_FORM, &found, end, &entry, prev, next);
	} else {
		other = found;
		return isa_around_any(mas, &other, end, prev, next);
	}
	return likely(near) ? entry : isa_around_far(mas, end, prev, next);
}
