/* SPDX-License-Identifier: MIT */
/*
 * sweep.h - runs a script on an engine, and lets each of its operations meet
 * every failure: each of its allocations refused in turn, until it passes; and
 * the limit of VMAs.
 */
#ifndef TESTS_SWEEP_SWEEP_H
#define TESTS_SWEEP_SWEEP_H

#include <stdio.h>

#include "tests/sweep/corpus.h"
#include "tests/sweep/judge.h"

struct sweep_counts {
	unsigned long scripts, operations; /* on all engines together */
	unsigned long injected;            /* failures */
	unsigned long violations;
	unsigned long verdict[NR_VERDICTS];
};

/*
 * Fail the 1st allocation of each operation, then the 2nd, until it passes. It
 * must then answer, and leave, what it does when nothing fails. A violation is
 * told on @out, with script, line and allocation.
 */
void sweep_memory(const struct script *script, const char *engine, struct sweep_counts *counts,
		  FILE *out);
/*
 * Run each operation with max_map_count at one less than the number of VMAs
 * that there are, at that number, and at one more.
 */
void sweep_limit(const struct script *script, const char *engine, struct sweep_counts *counts,
		 FILE *out);

#endif
