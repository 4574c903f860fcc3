/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - runs a script on an engine, and lets each of its operations meet
 * every failure: each of its allocations is refused in turn until the operation
 * succeeds, and the limit of VMAs is reached.
 */
#ifndef TESTS_SWEEP_SWEEP_H
#define TESTS_SWEEP_SWEEP_H

#include <stdio.h>

#include "tests/sweep/corpus.h"
#include "tests/sweep/judge.h"

struct sweep_counts {
	unsigned long scripts, operations; /* of all engines together */
	unsigned long injected;            /* failures */
	unsigned long violations;
	unsigned long verdict[NR_VERDICTS];
};

/*
 * Fail the 1st allocation of each operation, then the 2nd, and so on, until the
 * operation meets no failure. Its answer and state must then be those of the
 * undisturbed run. A violation is printed to @out, with script, line and
 * allocation.
 */
void sweep_memory(const struct script *script, const char *engine, struct sweep_counts *counts,
		  FILE *out);
/*
 * Run each operation with max_map_count at one less than the present number of
 * VMAs, at that number, and at one more.
 */
void sweep_limit(const struct script *script, const char *engine, struct sweep_counts *counts,
		 FILE *out);

#endif
