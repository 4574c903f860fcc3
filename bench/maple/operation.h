/* SPDX-License-Identifier: MIT */
/*
 * operation.h - measurements on one thread: a table of operations, each a loop
 * of the store (store.h) whose answers are checked.
 */
#ifndef BENCH_MAPLE_OPERATION_H
#define BENCH_MAPLE_OPERATION_H

#include "bench/maple/store.h"
#include "bench/maple/world.h"

struct operation {
	const char *name;
	const char *title;
	bool (*has)(const struct store *store); /* NULL: every store has it */
	/* The amount of work in one run, in the figure's unit. */
	size_t (*count)(const struct world *world);
	/* One timed run. Return: an answer to check. */
	uint64_t (*run)(const struct store *store, void *tree, const struct world *world);
	/*
	 * Runs untimed. Return: whether the answer was right and the tree is as
	 * it must be. Leaves the tree as it was before the run.
	 */
	bool (*right)(const struct store *store, void *tree, const struct world *world,
		      uint64_t answer);
};

/* In the order of the runs; the last entry has the name NULL. */
extern const struct operation operations[];

/**
 * operation_time() - Run @op once.
 * Return: nanoseconds for each unit of work. *@wrong is incremented if an
 * answer is wrong.
 */
double operation_time(const struct operation *op, const struct store *store, void *tree,
		      const struct world *world, unsigned long *wrong);

#endif
