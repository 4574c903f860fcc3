/* SPDX-License-Identifier: MIT */
/*
 * beside.tmpl.h - what lies beside the place of a store: vms__mas_around().
 *
 * A template for an instruction set's file, which has included
 * place.tmpl.h; it defines nothing more for it.
 *
 * Locks: the tree's lock; held for reading will do.
 */

/* isa_around() where what is asked for lies in several leaves. */
static __attribute__((noinline)) void *isa_around_far(const struct ma_state *mas, unsigned long end,
						      void **prev, void **next)
{
	MA_STATE(step, mas->tree, mas->index, mas->index);
	void *entry = mas_find(&step, ULONG_MAX);

	*next = NULL;
	if (entry && step.index < end) {
		*next = mas_next(&step, ULONG_MAX);
		/* Back on it, whether or not there was a next one. */
		mas_prev(&step, 0);
	}
	*prev = mas_prev(&step, 0);
	return entry;
}

/* Relaxed: only the lock's holder stores here. */
static inline void *isa_entry_in(const struct ml_leaf *l, unsigned int i)
{
	return atomic_load_explicit(&l->slot[i], memory_order_relaxed);
}

/*
 * The last, or the first, of these slots in use that has an entry: one of two,
 * as gaps never touch. NULL: there is none.
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
 * isa_around() where the cursor stands, in a leaf of @form, on what was found
 * there. False: what is asked for lies in several leaves.
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

/* isa_around() in a leaf of any form. */
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
	struct isa_found found, other; /* so that found needs no memory */
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
