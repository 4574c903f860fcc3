/* SPDX-License-Identifier: MIT */
/*
 * operation.h - what is measured on one thread: a table of operations, each a
 * loop of the store's with its answers checked.
 */
#ifndef BENCH_MAPLE_OPERATION_H
#define BENCH_MAPLE_OPERATION_H

#include "bench/maple/store.h"
#include "bench/maple/world.h"

struct operation {
	const char *name;
	const char *title;
	bool (*has)(const struct store *store); /* NULL: every store */
	/* What one run does, in the unit that a figure is of. */
	size_t (*count)(const struct world *world);
	/* One run, timed. Return: an answer to be checked. */
	uint64_t (*run)(const struct store *store, void *tree, const struct world *world);
	/*
	 * Not timed: was the answer right, and is the tree what it must be?
	 * Leaves it as before the run.
	 */
	bool (*right)(const struct store *store, void *tree, const struct world *world,
		      uint64_t answer);
};

/* In the order in which they are run; ends with a NULL name. */
extern const struct operation operations[];

/**
 * operation_time() - Run once. Return: nanoseconds for each of what it counts;
 * *@wrong grows if an answer is.
 */
double operation_time(const struct operation *op, const struct store *store, void *tree,
		      const struct world *world, unsigned long *wrong);

#endif
