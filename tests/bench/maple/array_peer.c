/* SPDX-License-Identifier: MIT */
/*
 * array_peer.c - a peer for the tests of maplebench: a sorted array of ranges,
 * for one thread, without gap searches. With PEER_LIES its lookups return wrong
 * entries; with PEER_IS_OLD it reports another version of store.h.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/maple/store.h"

#define ROOM 4096

struct array {
	size_t nr;
	struct range range[ROOM];
};

static void *array_create(void)
{
	return calloc(1, sizeof(struct array));
}

/* The index of the first range that ends at or above @key. */
static size_t place(const struct array *a, unsigned long key)
{
	size_t i = 0;

	while (i < a->nr && a->range[i].last < key)
		i++;
	return i;
}

static void *find(const struct array *a, unsigned long key)
{
	size_t i = place(a, key);

#ifdef PEER_LIES
	i = i ? i - 1 : i;
#endif
	return i < a->nr && a->range[i].first <= key ? a->range[i].entry : NULL;
}

static bool put(struct array *a, const struct range *range)
{
	size_t i = place(a, range->first);

	if (a->nr == ROOM)
		return false;
	memmove(&a->range[i + 1], &a->range[i], (a->nr - i) * sizeof(*range));
	a->range[i] = *range;
	a->nr++;
	return true;
}

static bool take(struct array *a, const struct range *range)
{
	size_t i = place(a, range->first);

	if (i == a->nr || a->range[i].first != range->first)
		return false;
	a->nr--;
	memmove(&a->range[i], &a->range[i + 1], (a->nr - i) * sizeof(*range));
	return true;
}

static bool array_insert(void *tree, const struct range *ranges, size_t nr)
{
	bool ok = true;

	for (size_t i = 0; ok && i < nr; i++)
		ok = put(tree, &ranges[i]);
	return ok;
}

static uint64_t array_lookup(void *tree, const unsigned long *keys, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		sum += (uintptr_t)find(tree, keys[i]);
	return sum;
}

static uint64_t array_lookup_use(void *tree, const unsigned long *keys, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct object *object = find(tree, keys[i]);

		sum += object ? object->number : 0;
	}
	return sum;
}

static uint64_t array_iterate(void *tree, size_t times)
{
	const struct array *a = tree;
	uint64_t sum = 0;

	for (; times; times--)
		for (size_t i = 0; i < a->nr; i++)
			sum += (uintptr_t)a->range[i].entry;
	return sum;
}

static uint64_t array_replace(void *tree, const struct range *ranges, size_t nr)
{
	struct array *a = tree;

	for (size_t i = 0; i < nr; i++)
		a->range[place(a, ranges[i].first)] = ranges[i];
	return 0;
}

/* A hole that is filled again leaves the array unchanged. */
static uint64_t array_hole(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = 0;

	for (size_t i = 0; i < nr; i++)
		failed += !take(tree, &ranges[i]) || !put(tree, &ranges[i]);
	return failed;
}

static uint64_t array_churn(void *tree, const struct range *ranges, size_t nr)
{
	uint64_t failed = !take(tree, &ranges[0]);

	for (size_t i = 1; i < nr; i++) {
		failed += !take(tree, &ranges[i]);
		failed += !put(tree, &ranges[i - 1]);
	}
	return failed + !put(tree, &ranges[nr - 1]);
}

static size_t array_node_bytes(void *tree)
{
	return ((const struct array *)tree)->nr * sizeof(struct range);
}

static void nothing(void)
{
}

static const struct store array = {
#ifdef PEER_IS_OLD
	.abi = STORE_ABI - 1,
#else
	.abi = STORE_ABI,
#endif
	.name = "kernel",
	.what = "a sorted array",
	.create = array_create,
	.destroy = free,
	.insert = array_insert,
	.lookup = array_lookup,
	.lookup_chained = array_lookup,
	.iterate = array_iterate,
	.lookup_use = array_lookup_use,
	.lookup_sections = array_lookup,
	.touch = array_lookup_use,
	.touch_cursor = array_lookup_use,
	.replace = array_replace,
	.replace_locked = array_replace,
	.replace_walked = array_replace,
	.hole = array_hole,
	.churn = array_churn,
	.churn_locked = array_churn,
	.node_bytes = array_node_bytes,
	.enter = nothing,
	.leave = nothing,
};

extern const struct store *const maplebench_stores[];
const struct store *const maplebench_stores[] = {&array, NULL};
