/* SPDX-License-Identifier: MIT */
/*
 * store_maple.c - a maple tree as a store (store.h). This file is compiled once
 * against our maple tree and once for each flavour of the kernel's. Only the
 * header named by MAPLE_HEADER (default ours.h) differs, so that both trees are
 * used, and timed, alike.
 *
 * That header includes the headers of the tree and of RCU, and defines
 * maple_node_bytes(), maple_enter(), maple_leave(), maple_quiescent(),
 * maple_find_entry() (an entry without a cursor, for callers inside a read
 * section), MAPLE_NAME, MAPLE_WHAT and MAPLE_STORE.
 *
 * The tree has an mm's flags: gaps tracked, RCU on. Lookups use mtree_load(),
 * STORE_BATCH of them in a read section. Stores use mas_store_gfp(), all of a
 * round under one hold of the tree's lock, so that its lock word is not part of
 * the measured time. Operations with "locked" in their names take the lock for
 * each store. A lookup is a call into the tree's own file, as from any program;
 * neither tree inlines it.
 */
#include <errno.h>
#include <stdlib.h>

#ifdef MAPLE_HEADER
#include MAPLE_HEADER
#else
#include "bench/maple/ours.h"
#endif

#include "bench/maple/store.h"

#define TREE_FLAGS (MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU)

static void *maple_create(void)
{
	struct maple_tree *mt = aligned_alloc(64, (sizeof(*mt) + 63) & ~63ul);

	if (mt)
		mt_init_flags(mt, TREE_FLAGS);
	return mt;
}

static void maple_destroy(void *tree)
{
	mtree_destroy(tree);
	free(tree);
}

static int maple_store(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry)
{
	MA_STATE(mas, mt, first, last);

	return mas_store_gfp(&mas, entry, GFP_KERNEL);
}

static bool maple_insert(void *tree, const struct range *ranges, size_t nr)
{
	bool done = true;

	mtree_lock((struct maple_tree *)tree);
	for (size_t i = 0; done && i < nr; i++) {
		done = maple_store(tree, ranges[i].first, ranges[i].last, ranges[i].entry) == 0;
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	mtree_unlock((struct maple_tree *)tree);
	return done;
}

static size_t batch_end(size_t begin, size_t nr)
{
	return nr - begin < STORE_BATCH ? nr : begin + STORE_BATCH;
}

static uint64_t maple_lookup(void *tree, const unsigned long *keys, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr;) {
		size_t end = batch_end(i, nr);

		rcu_read_lock();
		for (; i < end; i++)
			sum += (uintptr_t)mtree_load(tree, keys[i]);
		rcu_read_unlock();
		maple_quiescent();
	}
	return sum;
}

/*
 * Make each key depend on the entry before. The lowest bit of an entry is
 * always 0, but the processor must wait for the entry to know that.
 */
static uint64_t maple_lookup_chained(void *tree, const unsigned long *keys, size_t nr)
{
	uintptr_t found = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < nr;) {
		size_t end = batch_end(i, nr);

		rcu_read_lock();
		for (; i < end; i++) {
			found = (uintptr_t)mtree_load(tree, keys[i] + (found & 1));
			sum += found;
		}
		rcu_read_unlock();
		maple_quiescent();
	}
	return sum;
}

static uint64_t use(struct object *object, unsigned long key)
{
	uint64_t number = 0;

	if (!object)
		return 0;
	/*
	 * Acquire pairs with the release below, as a lock on the object would.
	 */
	__atomic_fetch_add(&object->users, 1, __ATOMIC_ACQUIRE);
	if (object->sequence == 0 && object->first <= key && key <= object->last)
		number = object->number;
	__atomic_fetch_sub(&object->users, 1, __ATOMIC_RELEASE);
	return number;
}

static uint64_t maple_lookup_use(void *tree, const unsigned long *keys, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr;) {
		size_t end = batch_end(i, nr);

		rcu_read_lock();
		for (; i < end; i++)
			sum += use(mtree_load(tree, keys[i]), keys[i]);
		rcu_read_unlock();
		maple_quiescent();
	}
	return sum;
}

static uint64_t maple_lookup_sections(void *tree, const unsigned long *keys, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		rcu_read_lock();
		sum += (uintptr_t)mtree_load(tree, keys[i]);
		rcu_read_unlock();
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return sum;
}

typedef void *find_function(void *tree, unsigned long key);

static inline void *find_entry(void *tree, unsigned long key)
{
	return maple_find_entry(tree, key);
}

static inline void *find_by_cursor(void *tree, unsigned long key)
{
	MA_STATE(mas, tree, key, key);

	return mas_walk(&mas);
}

static inline struct object *take_use(find_function *find, void *tree, unsigned long key)
{
	struct object *object;

	rcu_read_lock();
	object = find(tree, key);
	if (object)
		__atomic_fetch_add(&object->users, 1, __ATOMIC_ACQUIRE);
	rcu_read_unlock();
	return object;
}

static inline uint64_t touch_by(find_function *find, void *tree, const unsigned long *keys,
				size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		struct object *object = take_use(find, tree, keys[i]);

		if (object) {
			sum += object->number;
			__atomic_fetch_sub(&object->users, 1, __ATOMIC_RELEASE);
		}
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return sum;
}

static uint64_t maple_touch(void *tree, const unsigned long *keys, size_t nr)
{
	return touch_by(find_entry, tree, keys, nr);
}

static uint64_t maple_touch_cursor(void *tree, const unsigned long *keys, size_t nr)
{
	return touch_by(find_by_cursor, tree, keys, nr);
}

static uint64_t maple_lookup_timed(void *tree, const struct probe *probes, size_t nr,
				   tick_sink *sink, void *arg)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < nr;) {
		size_t end = batch_end(i, nr);

		rcu_read_lock();
		for (; i < end; i++) {
			uint64_t begin = ticks_begin();
			const void *found = mtree_load(tree, probes[i].key);

			sink(arg, ticks_end() - begin);
			wrong += found && found != probes[i].entry;
		}
		rcu_read_unlock();
		maple_quiescent();
	}
	return wrong;
}

static uint64_t maple_iterate(void *tree, size_t times)
{
	uint64_t sum = 0;

	for (; times; times--) {
		MA_STATE(mas, tree, 0, 0);
		void *entry;

		rcu_read_lock();
		mas_for_each(&mas, entry, ULONG_MAX)
			sum += (uintptr_t)entry;
		rcu_read_unlock();
		maple_quiescent();
	}
	return sum;
}

static uint64_t maple_replace(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = 0;

	mtree_lock((struct maple_tree *)tree);
	for (size_t i = 0; i < nr; i++) {
		failed += maple_store(tree, ranges[i].first, ranges[i].last, ranges[i].entry) != 0;
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	mtree_unlock((struct maple_tree *)tree);
	return failed;
}

static uint64_t maple_replace_locked(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < nr; i++) {
		failed += mtree_store_range(tree, ranges[i].first, ranges[i].last, ranges[i].entry,
					    GFP_KERNEL) != 0;
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return failed;
}

static uint64_t maple_replace_walked(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < nr; i++) {
		MA_STATE(mas, tree, ranges[i].first, ranges[i].first);

		mas_lock(&mas);
		failed += !mas_walk(&mas) || mas.last != ranges[i].last;
		mas_store(&mas, ranges[i].entry);
		mas_unlock(&mas);
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return failed;
}

static uint64_t maple_hole(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < nr; i++) {
		const unsigned long second = ranges[i].first + STORE_PAGE,
				    third = second + STORE_PAGE;

		if (ranges[i].last <= third)
			continue;
		failed += mtree_store_range(tree, second, third - 1, NULL, GFP_KERNEL) != 0;
		failed += mtree_store_range(tree, ranges[i].first, ranges[i].last, ranges[i].entry,
					    GFP_KERNEL) != 0;
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return failed;
}

typedef int store_function(struct maple_tree *mt, unsigned long first, unsigned long last,
			   void *entry);

static inline uint64_t churn_by(store_function *store, void *tree, const struct range *ranges,
				size_t nr)
{
	const struct range *out = &ranges[0];
	uint64_t failed = store(tree, out->first, out->last, NULL) != 0;

	for (size_t i = 1; i < nr; i++) {
		failed += store(tree, ranges[i].first, ranges[i].last, NULL) != 0;
		failed += store(tree, out->first, out->last, out->entry) != 0;
		out = &ranges[i];
		if (i % STORE_BATCH == 0)
			maple_quiescent();
	}
	return failed + (store(tree, out->first, out->last, out->entry) != 0);
}

/* Churn under one hold of the lock. */
static inline uint64_t churn_held(store_function *store, void *tree, const struct range *ranges,
				  size_t nr)
{
	uint64_t failed;

	mtree_lock((struct maple_tree *)tree);
	failed = churn_by(store, tree, ranges, nr);
	mtree_unlock((struct maple_tree *)tree);
	return failed;
}

static uint64_t maple_churn(void *tree, const struct range *ranges, size_t nr)
{
	return churn_held(maple_store, tree, ranges, nr);
}

static int maple_store_locked(struct maple_tree *mt, unsigned long first, unsigned long last,
			      void *entry)
{
	return entry ? mtree_insert_range(mt, first, last, entry, GFP_KERNEL)
		     : !mtree_erase(mt, first);
}

static uint64_t maple_churn_locked(void *tree, const struct range *ranges, size_t nr)
{
	return churn_by(maple_store_locked, tree, ranges, nr);
}

static int maple_store_prepared(struct maple_tree *mt, unsigned long first, unsigned long last,
				void *entry)
{
	MA_STATE(mas, mt, first, last);
	int err = mas_preallocate(&mas, entry, GFP_KERNEL);

	if (!err)
		mas_store_prealloc(&mas, entry);
	return err;
}

static uint64_t maple_churn_prepared(void *tree, const struct range *ranges, size_t nr)
{
	return churn_held(maple_store_prepared, tree, ranges, nr);
}

static uint64_t maple_lowest_gap(void *tree, const unsigned long *min, const unsigned long *size,
				 size_t nr, unsigned long max)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		MA_STATE(mas, tree, 0, 0);

		if (mas_empty_area(&mas, min[i], max, size[i]) == 0)
			sum += mas.index;
	}
	maple_quiescent();
	return sum;
}

static uint64_t maple_highest_gap(void *tree, const unsigned long *max, const unsigned long *size,
				  size_t nr, unsigned long min)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		MA_STATE(mas, tree, 0, 0);

		if (mas_empty_area_rev(&mas, min, max[i], size[i]) == 0)
			sum += mas.index;
	}
	maple_quiescent();
	return sum;
}

const struct store MAPLE_STORE = {
	.abi = STORE_ABI,
	.name = MAPLE_NAME,
	.what = MAPLE_WHAT,
	.concurrent = true,
	.create = maple_create,
	.destroy = maple_destroy,
	.insert = maple_insert,
	.lookup = maple_lookup,
	.lookup_chained = maple_lookup_chained,
	.iterate = maple_iterate,
#ifdef MAPLE_BATCH
	.iterate_batch = maple_iterate_batch,
#endif
	.lookup_use = maple_lookup_use,
	.lookup_sections = maple_lookup_sections,
	.touch = maple_touch,
	.touch_cursor = maple_touch_cursor,
	.lookup_timed = maple_lookup_timed,
	.replace = maple_replace,
	.replace_locked = maple_replace_locked,
	.replace_walked = maple_replace_walked,
	.hole = maple_hole,
	.churn = maple_churn,
	.churn_locked = maple_churn_locked,
	.churn_prepared = maple_churn_prepared,
	.lowest_gap = maple_lowest_gap,
	.highest_gap = maple_highest_gap,
	.node_bytes = maple_node_bytes,
	.enter = maple_enter,
	.leave = maple_leave,
};
