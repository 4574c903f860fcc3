/* SPDX-License-Identifier: MIT */
/*
 * store.c - the stores of a cursor, over plan.h, which says what kind of store it is and does it. Preallocation is the same with
 * a pause in the middle: the kind says how many nodes can be needed.
 *
 * Locks: the tree's lock, for every function.
 */
#include <errno.h>

#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

static int store(struct ma_state *mas, void *entry, void **old)
{
	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	if (unlikely(mas->index > mas->last)) {
		mas_set_error(mas, -EINVAL);
		return -EINVAL;
	}
	return vms__mt_isa->store(mas, entry, old);
}

void *mas_store(struct ma_state *mas, void *entry)
{
	void *old;

	return store(mas, entry, &old) ? NULL : old;
}

int mas_store_gfp(struct ma_state *mas, void *entry, gfp_t gfp)
{
	void *old;

	(void)gfp;
	return store(mas, entry, &old);
}

static void plan_need(const struct mt_write *w, enum mt_store_type type, unsigned int *leaves, unsigned int *inner)
{
	*leaves = *inner = 0;
	switch (type) {
	case MT_STORE_NOTHING:
	case MT_STORE_SLOT:
	case MT_STORE_SHAPE:
		break;
	case MT_STORE_ROOT:
	case MT_STORE_LEAF:
		*leaves = 1;
		break;
	case MT_STORE_REBUILD:
		vms__mt_rebuild_need(w, leaves, inner);
		break;
	}
}

int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp)
{
	struct mt_write w;
	unsigned int leaves, inner;
	int err;

	(void)gfp;
	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	if (mas->index > mas->last)
		return -EINVAL;
	plan_need(&w, vms__mt_isa->plan(&w, mas, entry), &leaves, &inner);
	if (likely(!(leaves | inner)))
		return 0;
	err = vms__mt_reserve(mas, leaves, inner);
	if (err)
		mas_reset(mas);
	return err;
}

void mas_store_prealloc(struct ma_state *mas, void *entry)
{
	void *old;
	int err = store(mas, entry, &old);

	/* Only a plan for another store, or another tree, could have come short. */
	VMS_BUG_ON(err);
	if (unlikely(mas->alloc || mas->alloc_inner))
		mas_destroy(mas);
	mas->store_type = 0;
}

void *vms__mas_around(struct ma_state *mas, unsigned long end, void **prev, void **next)
{
	mt_assert_fresh(mas);
	return vms__mt_isa->around(mas, end, prev, next);
}

void *mas_erase(struct ma_state *mas)
{
	mt_assert_write_locked(mas->tree);
	mt_assert_fresh(mas);
	return vms__mt_isa->erase(mas);
}
