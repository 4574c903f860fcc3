/* SPDX-License-Identifier: MIT */
/*
 * others.h - who else had the CPUs while something was measured: other
 * programs, or the hypervisor (steal time). A figure from a crowded machine
 * looks like any other; these numbers say that it is none.
 *
 * /proc/stat counts the time of each CPU. What was not idle there, and was not
 * this process either, was somebody else. Only the CPUs count to which worker
 * threads are pinned. PSI is not asked: it counts waiting threads of this
 * process like any others.
 */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/harness/cpus.h"

/* CPU time in seconds, of the CPUs of workers, since some moment. */
struct bench_cpu_time {
	bool known; /* false: the system does not tell */
	double all; /* idle time as well */
	double busy, steal;
	double own; /* of this process, on whatever CPU */
};

/**
 * bench_others_read() - The times of the CPUs of @threads workers out of @stat,
 * in the form of /proc/stat; .own stays 0.
 */
struct bench_cpu_time bench_others_read(FILE *stat, const struct bench_cpus *cpus,
					unsigned int threads);

/**
 * bench_others_now() - The same of this machine and process, at this moment.
 */
struct bench_cpu_time bench_others_now(const struct bench_cpus *cpus, unsigned int threads);

/**
 * bench_others_add() - Add to @sum what passed from @begin to @end; @sum is
 * unknown from then on if one of these is.
 */
void bench_others_add(struct bench_cpu_time *sum, const struct bench_cpu_time *begin,
		      const struct bench_cpu_time *end);

/** bench_load() - The load average of the last minute; negative: not known. */
double bench_load(void);

#endif
