/* SPDX-License-Identifier: MIT */
/*
 * measure.h - everything that is measured at one number of ranges.
 */
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
	struct world *world;    /* of the present number of ranges */
	void *tree[STORES_MAX]; /* of each store */
	bool head_printed;      /* of the table */
	unsigned long errors;   /* wrong answers so far */
};

/**
 * measure_ranges() - Build a tree of each store with @ranges ranges, measure
 * and print every operation asked for.
 * Return: 0; -EIO if the result could not be written; -errno.
 */
int measure_ranges(struct bench *b, unsigned long ranges);

#endif
