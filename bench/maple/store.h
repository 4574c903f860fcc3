/* SPDX-License-Identifier: MIT */
/*
 * store.h - the interface between the benchmark and the stores that it
 * measures. A store keeps non-overlapping ranges of unsigned long, each with an
 * entry. Every operation is a loop in the store's own code, so that no call
 * through a pointer is part of the measured time.
 *
 * Our store is linked in (store_maple.c). Peers are shared objects that export
 * one symbol each, STORE_SYMBOL: a NULL-terminated array of stores. They export
 * nothing else, so that the kernel's mtree_load() and ours can live in one
 * process.
 *
 * Locks: single-thread operations run alone. If `concurrent` is set, lookup()
 *        and lookup_timed() may run concurrently with one writer, which calls
 *        churn(). A thread must call enter() before its first operation on a
 *        store and leave() after its last.
 */
#ifndef BENCH_MAPLE_STORE_H
#define BENCH_MAPLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/maple/ticks.h"

#define STORE_SYMBOL "maplebench_stores"
#define STORE_ABI 5 /* must change with this header */

#define STORE_PAGE 4096ul

/*
 * After so many lookups a reader leaves its read section and, if the flavour
 * needs it, reports a quiescent state.
 */
#define STORE_BATCH 64

/*
 * The object of an entry: about as large as a VMA. Its first line holds what a
 * page fault reads and writes.
 */
struct object {
	unsigned long first, last;
	unsigned int users;
	unsigned int sequence;
	unsigned long number;
	unsigned long rest[20];
} __attribute__((aligned(64)));

struct range {
	unsigned long first, last; /* inclusive */
	void *entry;
};

/*
 * A key that a concurrent reader looks up, and the only entry that it may find.
 */
struct probe {
	unsigned long key;
	const void *entry;
};

struct store {
	int abi;
	const char *name;
	const char *what;
	bool concurrent; /* readers may run concurrently with a writer */

	void *(*create)(void); /* NULL if memory is out */
	void (*destroy)(void *tree);
	/* Insert in the given order. Return: false if memory is out. */
	bool (*insert)(void *tree, const struct range *ranges, size_t nr);

	/*
	 * These return the sum of the entries' addresses; a key without an
	 * entry adds 0.
	 */
	uint64_t (*lookup)(void *tree, const unsigned long *keys, size_t nr);
	uint64_t (*lookup_chained)(void *tree, const unsigned long *keys, size_t nr);
	uint64_t (*iterate)(void *tree, size_t times);
	/*
	 * iterate() that reads many ranges in a call, each with its bounds.
	 * NULL: the store has no such call.
	 */
	uint64_t (*iterate_batch)(void *tree, size_t times);
	/*
	 * Take a reference to the object, check that it covers the key, and
	 * drop the reference. Return: the sum of the objects' numbers.
	 */
	uint64_t (*lookup_use)(void *tree, const unsigned long *keys, size_t nr);
	/* lookup() with a read section for each key. */
	uint64_t (*lookup_sections)(void *tree, const unsigned long *keys, size_t nr);
	/*
	 * Work as a page fault does: find the object and take a reference to it
	 * in a read section of its own, or under the lock; then read its number
	 * and drop the reference. The store uses the call that returns just the
	 * entry. Return: the sum of the numbers.
	 */
	uint64_t (*touch)(void *tree, const unsigned long *keys, size_t nr);
	/*
	 * touch() that finds the object with a cursor, which then stands on the
	 * range and knows its bounds.
	 */
	uint64_t (*touch_cursor)(void *tree, const unsigned long *keys, size_t nr);
	/* Time each lookup alone. Return: the number of wrong answers. */
	uint64_t (*lookup_timed)(void *tree, const struct probe *probes, size_t nr, tick_sink *sink,
				 void *arg);

	/*
	 * Store each range over the range with exactly these bounds. Return:
	 * the number of failures.
	 */
	uint64_t (*replace)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * replace() that takes the store's lock for each range and releases it,
	 * as a program does.
	 */
	uint64_t (*replace_locked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * replace_locked() that first walks a cursor to the range and stores
	 * where the cursor stands.
	 */
	uint64_t (*replace_walked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * In each range of at least three pages: unset the second page, then
	 * set it again. Each of the two stores takes the lock. Return: the
	 * number of failed stores.
	 */
	uint64_t (*hole)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * Erase ranges[i], then insert ranges[i - 1] again; no range equals its
	 * predecessor. At the end all ranges are back. Return: the number of
	 * failures.
	 */
	uint64_t (*churn)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * churn() that takes the store's lock for each operation and releases
	 * it.
	 */
	uint64_t (*churn_locked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * churn() that preallocates the memory of each store, as an mm must.
	 * NULL: the store cannot preallocate.
	 */
	uint64_t (*churn_prepared)(void *tree, const struct range *ranges, size_t nr);

	/*
	 * Find gaps in page-aligned windows. Return: the sum of the gaps'
	 * lowest indices; a search that finds no gap adds 0. NULL: the store
	 * cannot search for gaps.
	 */
	uint64_t (*lowest_gap)(void *tree, const unsigned long *min, const unsigned long *size,
			       size_t nr, unsigned long max);
	uint64_t (*highest_gap)(void *tree, const unsigned long *max, const unsigned long *size,
				size_t nr, unsigned long min);

	/*
	 * Bytes in nodes of the tree. Nodes that wait to be freed do not count.
	 */
	size_t (*node_bytes)(void *tree);
	void (*enter)(void);
	void (*leave)(void);
};

#endif
