/* SPDX-License-Identifier: MIT */
/*
 * beside.h - what lies beside the place of a store: vms__mas_around(). Compiled
 * once for each instruction set, with place.h.
 *
 * Locks: the tree's lock; held for reading will do.
 */

/* around() where what is asked for lies in several leaves. */
static __attribute__((noinline)) void *around_far(const struct ma_state *mas, unsigned long end, void **prev, void **next)
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
static inline void *entry_in(const struct mt_leaf *l, unsigned int i)
{
	return atomic_load_explicit(&l->slot[i], memory_order_relaxed);
}

static void *around(struct ma_state *mas, unsigned long end, void **prev, void **next)
{
	unsigned int full, at_or_after, before, i;
	struct found found;
	struct mt_leaf l;

	if (unlikely(!locate(mas, &found)))
		return around_far(mas, end, prev, next);
	mt_vouch_slot(mas, found.index, found.last);
	mt_leaf_view(&l, mas->node, mas->version, mas->min, mas->max);
	full = used(&l) & ~nulls(&l);
	before = full & ((1u << mas->offset) - 1);
	at_or_after = full ^ before;
	if (unlikely((!before && mas->min) || (!at_or_after && mas->max != ULONG_MAX)))
		return around_far(mas, end, prev, next);
	*prev = before ? entry_in(&l, 31 - (unsigned int)__builtin_clz(before)) : NULL;
	*next = NULL;
	if (!at_or_after)
		return NULL;
	i = (unsigned int)__builtin_ctz(at_or_after);
	at_or_after &= at_or_after - 1;
	if (mt_leaf_min(&l, i) >= end)
		return entry_in(&l, i);
	if (at_or_after)
		*next = entry_in(&l, (unsigned int)__builtin_ctz(at_or_after));
	else if (mas->max != ULONG_MAX)
		return around_far(mas, end, prev, next);
	return entry_in(&l, i);
}
