/* SPDX-License-Identifier: MIT */
/*
 * store.h - the seam between the benchmark and what it measures: a store keeps
 * non-overlapping ranges of unsigned long, each with an entry, and every
 * operation is a loop in the store's own code, so that no call through a
 * pointer is timed with it.
 *
 * Ours is linked in (store_maple.c). Peers are shared objects, each with one
 * symbol, STORE_SYMBOL: an array of stores that a NULL ends. Nothing but that
 * symbol leaves them, so that the kernel's mtree_load() and ours live in one
 * process.
 *
 * Locks: single-thread operations run alone. What `concurrent` allows beside a
 * writer is lookup() and lookup_timed(); there is one writer at most, which
 * calls churn(). A thread calls enter() before its first operation on a store
 * and leave() after its last.
 */
#ifndef BENCH_MAPLE_STORE_H
#define BENCH_MAPLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/maple/ticks.h"

#define STORE_SYMBOL "maplebench_stores"
#define STORE_ABI 5 /* counts changes of this header */

#define STORE_PAGE 4096ul

/*
 * A reader leaves its read section, and reports a quiescent state where it
 * must, after so many lookups.
 */
#define STORE_BATCH 64

/*
 * What an entry points to: about as large as a VMA, with what a page fault
 * reads and writes in its first line.
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
 * What a concurrent reader looks up, and what it must find if it finds
 * anything.
 */
struct probe {
	unsigned long key;
	const void *entry;
};

struct store {
	int abi;
	const char *name;
	const char *what;
	bool concurrent; /* readers may run beside a writer */

	void *(*create)(void); /* NULL: no memory */
	void (*destroy)(void *tree);
	/* Insert in the order given. False: no memory. */
	bool (*insert)(void *tree, const struct range *ranges, size_t nr);

	/* Sums of the entries' addresses; a key without an entry adds 0. */
	uint64_t (*lookup)(void *tree, const unsigned long *keys, size_t nr);
	uint64_t (*lookup_chained)(void *tree, const unsigned long *keys, size_t nr);
	uint64_t (*iterate)(void *tree, size_t times);
	/*
	 * iterate() by many ranges a call, each with its bounds. NULL: the
	 * store has no such call.
	 */
	uint64_t (*iterate_batch)(void *tree, size_t times);
	/*
	 * Take a use of the object, see that it covers the key, and give the
	 * use back. Sum of the objects' numbers.
	 */
	uint64_t (*lookup_use)(void *tree, const unsigned long *keys, size_t nr);
	/* As lookup(), a read section for each. */
	uint64_t (*lookup_sections)(void *tree, const unsigned long *keys, size_t nr);
	/*
	 * As a page fault has it: find the object and take a use of it in a
	 * read section of its own, or under the lock; then read its number, and
	 * give the use back. Sum of the numbers. The object is found by the
	 * call that answers it and nothing else.
	 */
	uint64_t (*touch)(void *tree, const unsigned long *keys, size_t nr);
	/*
	 * touch(), where the object is found by a cursor, which then stands on
	 * the range and knows its bounds.
	 */
	uint64_t (*touch_cursor)(void *tree, const unsigned long *keys, size_t nr);
	/*
	 * Each lookup timed alone. Return: how many found what they must not.
	 */
	uint64_t (*lookup_timed)(void *tree, const struct probe *probes, size_t nr, tick_sink *sink,
				 void *arg);

	/*
	 * Store each range over what holds exactly these bounds. Return: how
	 * many failed.
	 */
	uint64_t (*replace)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * replace(), where each store takes the store's lock and gives it back,
	 * as a program's does.
	 */
	uint64_t (*replace_locked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * replace_locked(), where a cursor first walks to the range, and the
	 * store begins where the cursor stands.
	 */
	uint64_t (*replace_walked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * In each range of at least three pages: unset the second page, then
	 * set it again. Each of the two stores takes the lock. Return: how many
	 * stores failed.
	 */
	uint64_t (*hole)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * Erase ranges[i], then insert ranges[i - 1] again; none equals its
	 * predecessor. All are back at the end. Return: failures.
	 */
	uint64_t (*churn)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * churn(), where each store takes the store's lock and gives it back.
	 */
	uint64_t (*churn_locked)(void *tree, const struct range *ranges, size_t nr);
	/*
	 * churn() with each store's memory set aside first, as an mm must.
	 * NULL: the store knows no such thing.
	 */
	uint64_t (*churn_prepared)(void *tree, const struct range *ranges, size_t nr);

	/*
	 * Or NULL. Sums of where the gaps begin; one that is not found adds 0.
	 * Page-aligned windows.
	 */
	uint64_t (*lowest_gap)(void *tree, const unsigned long *min, const unsigned long *size,
			       size_t nr, unsigned long max);
	uint64_t (*highest_gap)(void *tree, const unsigned long *max, const unsigned long *size,
				size_t nr, unsigned long min);

	/* in nodes of the tree; what waits to be freed does not count */
	size_t (*node_bytes)(void *tree);
	void (*enter)(void);
	void (*leave)(void);
};

#endif
