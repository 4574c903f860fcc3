/* SPDX-License-Identifier: MIT */
/*
 * cyclic.c - mas_alloc_cyclic(): numbers given out one after the other, round
 * and round.
 *
 * A wrap is reported by the call that gives out the first number after it.
 * Where a number is skipped because it is taken, that is the call that finds
 * none up to range_hi; where the last number, ULONG_MAX itself, was given out,
 * it is the next call, to which MT_FLAGS_ALLOC_WRAPPED carries the news: the
 * caller's *next alone, then 0, does not tell a wrap from a beginning.
 *
 * Locks: the tree's lock, to write; it guards the flag.
 */
#include "lib/maple/internal.h"

int mas_alloc_cyclic(struct ma_state *mas, unsigned long *startp, void *entry,
		     unsigned long range_lo, unsigned long range_hi, unsigned long *next, gfp_t gfp)
{
	struct maple_tree *mt = mas->tree;
	unsigned long from = *next > range_lo ? *next : range_lo, index;
	unsigned int flags = vms_mt_flags(mt);
	bool wrapped = flags & MT_FLAGS_ALLOC_WRAPPED;
	int err = mas_empty_area(mas, from, range_hi, 1);

	if (err && from > range_lo) {
		wrapped = true;
		err = mas_empty_area(mas, range_lo, range_hi, 1);
	}
	index = mas->index;
	if (!err)
		err = mas_store_gfp(mas, entry, gfp);
	if (err)
		return err;
	*startp = index;
	*next = index + 1;
	ml_set_flags(mt, *next ? flags & ~MT_FLAGS_ALLOC_WRAPPED : flags | MT_FLAGS_ALLOC_WRAPPED);
	return wrapped;
}
