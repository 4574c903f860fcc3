/* SPDX-License-Identifier: MIT */
/*
 * reserve.c - how many nodes are set aside for stores whose place is not known
 * yet: many in ascending order, or one that lacked memory and is retried. For a
 * store whose place is known, store.c computes the number.
 *
 * Locks: the tree's lock, to write.
 */
#include <errno.h>

#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

/*
 * Stores above all that the tree holds change its last leaf, which has its
 * spare slots at its end. Each takes two of them at most: a gap, and the entry.
 * When they do not suffice, the leaf is cut in two (rebuild.c), the new last
 * leaf gets ML_LEAF_MIN slots, and the parent is replaced. So a cut is followed
 * by APPENDS stores in place, even if the leaf is wide.
 *
 * LEAVES_A_CUT: two leaves that the cut makes, and two that replace the last
 * leaf if its form cannot hold new bounds: a leaf of pages becomes one of
 * bytes, and that one a wide leaf.
 */
#define APPENDS ((ML_WIDE_LEAF_KEYS + 1 - ML_LEAF_MIN) / 2)
#define LEAVES_A_CUT 4

int mas_expected_entries(struct ma_state *mas, unsigned long nr_entries)
{
	unsigned long cuts = nr_entries / APPENDS + 2;
	unsigned int height = mt_height(mas->tree);

	ml_assert_write_locked(mas->tree);
	if (cuts > UINT_MAX / LEAVES_A_CUT)
		return -ENOMEM;
	/*
	 * A cut takes its leaves and a new parent. A full parent is cut, too,
	 * at most at every twelfth cut below it; all levels together add less
	 * than half as many inner nodes. The first cut may find every level
	 * full.
	 */
	return vms__mt_reserve(mas, LEAVES_A_CUT * (unsigned int)cuts,
			       (unsigned int)(cuts + cuts / 2) + 2 * height + 1);
}

bool mas_nomem(struct ma_state *mas, gfp_t gfp)
{
	struct ml_write any = {.mas = mas};
	unsigned int leaves, inner, height;

	(void)gfp;
	if (!mas_is_err(mas) || xa_err(mas->node) != -ENOMEM) {
		mas_destroy(mas);
		return false;
	}
	/* The store may be of any kind: enough for a rebuild of all levels. */
	height = mt_height(mas->tree);
	mas->depth = (unsigned char)(height ? height - 1 : 0);
	vms__mt_rebuild_need(&any, &leaves, &inner);
	if (vms__mt_reserve(mas, leaves, inner))
		return false;
	mas_reset(mas);
	return true;
}
