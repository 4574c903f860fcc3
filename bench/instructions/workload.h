/* SPDX-License-Identifier: MIT */
/*
 * workload.h - what bench/instructions counts, and the run that is counted, in
 * the process that runs under callgrind.
 */
#ifndef INSTRUCTIONS_WORKLOAD_H
#define INSTRUCTIONS_WORKLOAD_H

#include <stdbool.h>

struct env;

struct workload {
	const char *name;
	const char *what;               /* one operation */
	bool (*setup)(struct env *env); /* NULL: nothing to set up */
	bool (*operation)(struct env *env);
};

extern const struct workload workloads[]; /* the last has no name */

/*
 * The functions of the run itself begin so: what they execute is not counted.
 */
#define MEASURED_PREFIX "measured_"

/*
 * The function beneath which everything is counted: for callgrind's
 * --toggle-collect.
 */
#define MEASURED_FUNCTION "measured_operations"

/**
 * workload_run() - @operations of @workload twice on @engine, in an address
 * space of @vmas VMAs: to warm up, and to be counted. Return: false if a call
 * failed.
 */
bool workload_run(const struct workload *workload, const char *engine, unsigned long vmas,
		  unsigned long operations);

#endif
