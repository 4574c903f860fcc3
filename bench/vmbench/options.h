/* SPDX-License-Identifier: MIT */
/* options.h - vmbench's command line, as parsed. vmbench.c acts on it. */
#ifndef VMBENCH_OPTIONS_H
#define VMBENCH_OPTIONS_H

#include "bench/harness/harness.h"
#include "bench/vmbench/case.h"

struct vmbench_options {
	struct bench_names engines;
	struct bench_names workloads;
	struct bench_numbers threads;
	unsigned long vmas;
	unsigned long repeats;
	double seconds;           /* measured time of each run */
	double warmup;            /* warm-up before it; negative: not given */
	bool json, list, machine; /* the last two: instead of measuring */
};

/**
 * vmbench_options() - Parse the command line. Bad input ends the program with
 * BENCH_EXIT_USAGE and a line that says what was found and what was expected.
 */
void vmbench_options(int argc, char **argv, const struct bench_cpus *cpus,
		     struct vmbench_options *o);

/** vmbench_case_named() - The case of that name, or NULL. */
const struct vmbench_case *vmbench_case_named(const char *name);

#endif
