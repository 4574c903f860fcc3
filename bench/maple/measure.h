/* SPDX-License-Identifier: MIT */
/* measure.h - measures everything at one number of ranges. */
#ifndef BENCH_MAPLE_MEASURE_H
#define BENCH_MAPLE_MEASURE_H

#include "bench/harness/cpus.h"
#include "bench/maple/options.h"
#include "bench/maple/peers.h"
#include "bench/maple/world.h"

struct bench {
	const struct maplebench_options *options;
	const struct bench_cpus *cpus;
	struct stores stores;
	struct world *world;    /* for the present number of ranges */
	void *tree[STORES_MAX]; /* one for each store */
	bool head_printed;      /* the table's head */
	unsigned long errors;   /* wrong answers so far */
};

/**
 * measure_ranges() - Build a tree of @ranges ranges in each store, then measure
 * and print every selected operation.
 * Return: 0; -EIO if the result could not be written; another -errno.
 */
int measure_ranges(struct bench *b, unsigned long ranges);

#endif
