/* SPDX-License-Identifier: MIT */
/*
 * api.c - the normal API (mtree_*, mt_*): each call takes RCU or ma_lock itself
 * and works through a cursor of its own.
 *
 * The library allocates memory in one way only, so these calls ignore their
 * argument of type gfp_t, which callers written for the kernel pass.
 *
 * Locks: none on entry, except for __mt_destroy(), whose caller holds ma_lock.
 * Read next: iter.c (the read side), isa/plan.tmpl.h (a store).
 */
#include <errno.h>

#include "lib/maple/internal.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/rcu.h"
#include "lib/sync/spinlock.h"

/* ---- locks ---- */

/*
 * The functions of this file call lock() and unlock() instead of mtree_lock()
 * and mtree_unlock(). Those are exported, and in a shared library a program may
 * replace an exported function, so the compiler does not inline it.
 */
static inline void lock(struct maple_tree *mt)
{
	vms__lockdep_acquire(VMS__RANK_TREE, &mt->ma_lock, "ma_lock");
	vms__spin_lock(&mt->ma_lock);
}

static inline void unlock(struct maple_tree *mt)
{
	vms__spin_unlock(&mt->ma_lock);
	vms__lockdep_release(&mt->ma_lock);
}

void mtree_lock(struct maple_tree *mt)
{
	lock(mt);
}

void mtree_lock_nested(struct maple_tree *mt, int subclass)
{
	(void)subclass;
	vms__lockdep_acquire_nested(VMS__RANK_TREE, &mt->ma_lock, "ma_lock");
	vms__spin_lock(&mt->ma_lock);
}

void mtree_unlock(struct maple_tree *mt)
{
	unlock(mt);
}

/*
 * The flags change under the lock, because the cyclic allocator stores to the
 * same word. If the owner has a lock of its own, the caller holds it.
 */
static void change_flags(struct maple_tree *mt, unsigned int set, unsigned int clear)
{
	bool lock = !mt_external_lock(mt);

	if (lock)
		mtree_lock(mt);
	ml_set_flags(mt, (vms_mt_flags(mt) | set) & ~clear);
	if (lock)
		mtree_unlock(mt);
}

void mt_set_in_rcu(struct maple_tree *mt)
{
	change_flags(mt, MT_FLAGS_USE_RCU, 0);
}

void mt_clear_in_rcu(struct maple_tree *mt)
{
	change_flags(mt, 0, MT_FLAGS_USE_RCU);
}

/* ---- reading ---- */

void *mtree_load(struct maple_tree *mt, unsigned long index)
{
	return vms__mt_lookup(mt, index);
}

void *vms_mt_walk(const struct maple_tree *mt, unsigned long index)
{
	return vms__mt_load(mt, index);
}

void *mt_find(struct maple_tree *mt, unsigned long *index, unsigned long max)
{
	struct ma_state mas;
	void *entry;

	if (*index > max)
		return NULL;
	mas_init(&mas, mt, *index);
	vms__rcu_read_lock();
	/* A zero entry reserves a place without an object. */
	do
		entry = mas_find(&mas, max);
	while (unlikely(xa_is_zero(entry)));
	vms__rcu_read_unlock();
	if (entry)
		*index = mas.last + 1;
	return entry;
}

/* mt_find() leaves 0 in *index behind ULONG_MAX: nothing comes after that. */
void *mt_find_after(struct maple_tree *mt, unsigned long *index, unsigned long max)
{
	return *index ? mt_find(mt, index, max) : NULL;
}

void *mt_next(struct maple_tree *mt, unsigned long index, unsigned long max)
{
	struct ma_state mas;
	void *entry;

	mas_init(&mas, mt, index);
	vms__rcu_read_lock();
	entry = mas_next(&mas, max);
	vms__rcu_read_unlock();
	return entry;
}

void *mt_prev(struct maple_tree *mt, unsigned long index, unsigned long min)
{
	struct ma_state mas;
	void *entry;

	mas_init(&mas, mt, index);
	vms__rcu_read_lock();
	entry = mas_prev(&mas, min);
	vms__rcu_read_unlock();
	return entry;
}

/* ---- writing ---- */

/*
 * Whether the normal API refuses @entry. The calls of the advanced API store
 * any value, because there the caller answers for what it stores.
 */
static bool is_reserved(const void *entry)
{
	return xa_is_internal(entry) && (unsigned long)entry < ML_RESERVED && !xa_is_zero(entry);
}

int mtree_store_range(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry,
		      gfp_t gfp)
{
	struct ma_state mas;
	void *old;
	int err;

	(void)gfp;
	if (first > last || is_reserved(entry))
		return -EINVAL;
	mas_init(&mas, mt, first);
	mas.last = last;
	lock(mt);
	err = vms__mt_isa->store(&mas, entry, &old);
	unlock(mt);
	return err;
}

int mtree_store(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
{
	return mtree_store_range(mt, index, index, entry, gfp);
}

int mtree_insert_range(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry,
		       gfp_t gfp)
{
	struct ma_state mas;
	int err;

	if (first > last || is_reserved(entry))
		return -EINVAL;
	(void)gfp;
	mas_init(&mas, mt, first);
	mas.last = last;
	lock(mt);
	err = vms__mt_isa->insert(&mas, entry);
	unlock(mt);
	return err;
}

int mtree_insert(struct maple_tree *mt, unsigned long index, void *entry, gfp_t gfp)
{
	return mtree_insert_range(mt, index, index, entry, gfp);
}

void *mtree_erase(struct maple_tree *mt, unsigned long index)
{
	struct ma_state mas;
	void *entry;

	mas_init(&mas, mt, index);
	lock(mt);
	entry = vms__mt_isa->erase(&mas);
	unlock(mt);
	return entry;
}

/*
 * Store where vms__mas_find_gap() has found a place. @found: what it returned;
 * an error is passed on.
 */
static int alloc_in(struct ma_state *mas, int found, unsigned long *startp, void *entry, gfp_t gfp)
{
	/* A NULL entry joins the gap, and the cursor's index with it. */
	unsigned long index = mas->index;
	int err = found;

	if (!err)
		err = mas_store_gfp(mas, entry, gfp);
	if (!err)
		*startp = index;
	return err;
}

int mtree_alloc_range(struct maple_tree *mt, unsigned long *startp, void *entry, unsigned long size,
		      unsigned long min, unsigned long max, gfp_t gfp)
{
	struct ma_state mas;
	int err;

	if (!ml_has_gaps(mt) || is_reserved(entry))
		return -EINVAL;
	mas_init(&mas, mt, 0);
	lock(mt);
	err = alloc_in(&mas, vms__mas_find_gap(&mas, min, max, size, false), startp, entry, gfp);
	unlock(mt);
	return err;
}

int mtree_alloc_rrange(struct maple_tree *mt, unsigned long *startp, void *entry,
		       unsigned long size, unsigned long min, unsigned long max, gfp_t gfp)
{
	struct ma_state mas;
	int err;

	if (!ml_has_gaps(mt) || is_reserved(entry))
		return -EINVAL;
	mas_init(&mas, mt, 0);
	lock(mt);
	err = alloc_in(&mas, vms__mas_find_gap(&mas, min, max, size, true), startp, entry, gfp);
	unlock(mt);
	return err;
}

int mtree_alloc_cyclic(struct maple_tree *mt, unsigned long *startp, void *entry,
		       unsigned long range_lo, unsigned long range_hi, unsigned long *next,
		       gfp_t gfp)
{
	struct ma_state mas;
	int err;

	if (!ml_has_gaps(mt) || is_reserved(entry))
		return -EINVAL;
	mas_init(&mas, mt, 0);
	lock(mt);
	err = mas_alloc_cyclic(&mas, startp, entry, range_lo, range_hi, next, gfp);
	unlock(mt);
	return err;
}

/* ---- the end ---- */

/*
 * Retire the node that @ref names and all nodes below it. It spans up to @max,
 * which tells the last slot. Children come first: a node that was retired may
 * no longer be read.
 */
static void destroy_under(const struct maple_tree *mt, void *ref, unsigned long max)
{
	struct maple_node *node = ml_node(ref);

	if (ml_is_leaf(ref)) {
		vms__mt_retire(mt, node, ML_LEAF);
		return;
	}
	for (unsigned int i = 0;; i++) {
		unsigned long pivot = ml_pivot(node, i) < max ? ml_pivot(node, i) : max;

		destroy_under(mt, ml_slot(node, i), pivot);
		if (pivot == max)
			break;
	}
	vms__mt_retire(mt, node, ML_INNER);
}

void __mt_destroy(struct maple_tree *mt)
{
	void *root = ml_root(mt);

	/* No reader may find a node that was retired. */
	ml_publish_root(mt, NULL);
	if (ml_is_node(root))
		destroy_under(mt, root, ULONG_MAX);
}

void mtree_destroy(struct maple_tree *mt)
{
	lock(mt);
	__mt_destroy(mt);
	unlock(mt);
}
