/* SPDX-License-Identifier: MIT */
/*
 * workload.h - the operations that bench/instructions counts, and the run that
 * is counted, in the process that runs under callgrind. One thread.
 */
#ifndef INSTRUCTIONS_WORKLOAD_H
#define INSTRUCTIONS_WORKLOAD_H

#include <stdbool.h>

struct env;

struct workload {
	const char *name;
	const char *what;               /* describes one operation */
	bool (*setup)(struct env *env); /* NULL: nothing to set up */
	bool (*operation)(struct env *env);
};

extern const struct workload workloads[]; /* the last has no name */

/* The prefix of the run's own functions, whose instructions are not counted. */
#define MEASURED_PREFIX "measured_"

/* callgrind counts while this function is on the stack: --toggle-collect. */
#define MEASURED_FUNCTION "measured_operations"

/**
 * workload_run() - Run @operations of @workload twice on @engine, in an address
 * space of @vmas VMAs: first to warm up, then to be counted.
 * Return: false if a call failed.
 */
bool workload_run(const struct workload *workload, const char *engine, unsigned long vmas,
		  unsigned long operations);

#endif
