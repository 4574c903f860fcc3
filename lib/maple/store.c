/* SPDX-License-Identifier: MIT */
/*
 * store.c - a cursor's stores. plan.tmpl.h says what kind a store is, and makes
 * it. Preallocation stops in between: it plans the store, and sets aside as
 * many nodes as one of this kind can need.
 *
 * Locks: the tree's lock to write, for every function except vms__mas_around(),
 *        for which it may be held for reading. Read next: isa/plan.tmpl.h.
 */
#include <errno.h>

#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

/*
 * Unlike the normal API, this does not check the entry, because callers of the
 * advanced API may store reserved values.
 */
static int store(struct ma_state *mas, void *entry, void **old)
{
	ml_assert_write_locked(mas->tree);
	ml_assert_fresh(mas);
	if (unlikely(mas->index > mas->last)) {
		ml_set_error(mas, -EINVAL);
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

/* The number of nodes that the planned store can need. */
static void plan_need(const struct ml_write *w, enum ml_store_type type, unsigned int *leaves,
		      unsigned int *inner)
{
	*leaves = *inner = 0;
	switch (type) {
	case ML_STORE_NOTHING:
	case ML_STORE_SLOT:
	case ML_STORE_END:
	case ML_STORE_BEGIN:
	case ML_STORE_MIDDLE:
	case ML_STORE_UP:
	case ML_STORE_DOWN:
	case ML_STORE_JOIN:
		break;
	case ML_STORE_ROOT:
	case ML_STORE_LEAF:
		*leaves = 1;
		break;
	case ML_STORE_REBUILD:
		vms__mt_rebuild_need(w, leaves, inner);
		break;
	}
}

/*
 * The rest of mas_preallocate() for a store that needs nodes. It is not inlined
 * into the usual case, which needs none.
 */
static __attribute__((noinline)) int set_aside(struct ma_state *mas, const struct ml_write *w,
					       enum ml_store_type type)
{
	unsigned int leaves, inner;
	int err;

	plan_need(w, type, &leaves, &inner);
	err = vms__mt_reserve(mas, leaves, inner);
	if (err)
		mas_reset(mas);
	return err;
}

int mas_preallocate(struct ma_state *mas, void *entry, gfp_t gfp)
{
	enum ml_store_type type;
	struct ml_write w;

	(void)gfp;
	ml_assert_write_locked(mas->tree);
	ml_assert_fresh(mas);
	if (unlikely(mas->index > mas->last))
		return -EINVAL;
	type = vms__mt_isa->plan(&w, mas, entry);
	return likely(ml_is_in_place(type)) ? 0 : set_aside(mas, &w, type);
}

void vms__mas_commit(struct ma_state *mas, void *entry, struct vms__kept_leaf *kept)
{
	/* Without a plan the store may rebuild, and then no leaf is kept. */
	enum ml_store_type planned = ml_plan(mas) ? ml_planned(ml_plan(mas)) : ML_STORE_REBUILD;

	ml_assert_write_locked(mas->tree);
	ml_assert_fresh(mas);
	vms__mt_isa->commit(mas, entry);
	vms__mas_keep(mas, kept, planned);
	if (unlikely(mas->alloc))
		mas_destroy(mas);
}

void mas_store_prealloc(struct ma_state *mas, void *entry)
{
	void *old;
	int err = store(mas, entry, &old);

	/*
	 * A store fails here only if the caller prepared another store, or has
	 * changed the tree since.
	 */
	VMS_BUG_ON(err);
	if (unlikely(mas->alloc))
		mas_destroy(mas);
}

void *vms__mas_around(struct ma_state *mas, unsigned long end, void **prev, void **next)
{
	ml_assert_fresh(mas);
	return vms__mt_isa->around(mas, end, prev, next);
}

void *mas_erase(struct ma_state *mas)
{
	ml_assert_write_locked(mas->tree);
	ml_assert_fresh(mas);
	return vms__mt_isa->erase(mas);
}
