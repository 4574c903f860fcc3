/* SPDX-License-Identifier: MIT */
/* options.h - maplebench's command line, as parsed. maplebench.c acts on it. */
#ifndef BENCH_MAPLE_OPTIONS_H
#define BENCH_MAPLE_OPTIONS_H

#include <stdbool.h>

#include "bench/harness/args.h"
#include "bench/harness/cpus.h"

struct maplebench_options {
	struct bench_names operations;
	struct bench_numbers ranges;
	struct bench_numbers threads;
	struct bench_names stores;
	unsigned long repeat;
	unsigned long seed;
	double seconds;
	const char *peers; /* folder; NULL: none */
	bool ranges_given;
	bool json;
	bool list;
};

/**
 * maplebench_options() - Parse the command line. Does not return if it is wrong
 * (exit status 2) or asks for help.
 */
void maplebench_options(int argc, char **argv, const struct bench_cpus *cpus,
			struct maplebench_options *o);

/**
 * maplebench_listed() - Whether @name is in @list.
 */
bool maplebench_listed(const struct bench_names *list, const char *name);

#endif
