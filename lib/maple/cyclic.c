/* SPDX-License-Identifier: MIT */
/*
 * cyclic.c - mas_alloc_cyclic() gives out one index after the other, and begins
 * again at range_lo when it has passed range_hi.
 *
 * The call that gives out the first index after such a wrap returns 1. It knows
 * of the wrap in one of two ways. If no index from *next up to range_hi is
 * free, the call itself begins again at range_lo. If an earlier call gave out
 * ULONG_MAX, *next is 0, just as for a caller that has only begun; that earlier
 * call therefore set MT_FLAGS_ALLOC_WRAPPED in the tree.
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
