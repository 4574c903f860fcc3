/* SPDX-License-Identifier: MIT */
/*
 * crowd.h - measurements on several threads: readers alone, and readers
 * concurrently with a writer at full speed.
 */
#ifndef BENCH_MAPLE_CROWD_H
#define BENCH_MAPLE_CROWD_H

#include "bench/harness/cpus.h"
#include "bench/maple/store.h"
#include "bench/maple/world.h"

#define CROWD_READERS "readers" /* names of the operations */
#define CROWD_BESIDE "beside"

struct crowd_plan {
	unsigned int readers;
	bool writer;
	double seconds; /* each of the two runs: throughput, then latency */
};

struct crowd_result {
	double lookups;       /* million a second, all readers together */
	double pairs;         /* thousand a second: the writer's erase + insert */
	double quantile[4];   /* ns: p50, p99, p99.9, p99.99 of a reader's lookup */
	unsigned long errors; /* wrong answers and failed stores */
};

/**
 * crowd_run() - Measure @tree once. The writer leaves the tree as it was.
 * Return: 0 or -errno.
 */
int crowd_run(const struct crowd_plan *plan, const struct store *store, void *tree,
	      const struct world *world, const struct bench_cpus *cpus,
	      struct crowd_result *result);

#endif
