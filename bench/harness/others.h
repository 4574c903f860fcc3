/* SPDX-License-Identifier: MIT */
/*
 * others.h - how much CPU time others took while something was measured: other
 * programs, or the hypervisor (steal time). A figure from a crowded machine
 * looks like any other; these numbers mark it as invalid.
 *
 * /proc/stat counts the time of each CPU. Busy time that this process did not
 * use was used by other programs. Only the CPUs to which worker threads are
 * pinned count. The figures do not use PSI, because it counts waiting threads
 * of this process like any others.
 *
 * Locks: none. The functions keep no state.
 */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/harness/cpus.h"

/* CPU time in seconds, of the workers' CPUs, since some moment. */
struct bench_cpu_time {
	bool known; /* false: the system does not tell */
	double all; /* all time, including idle time */
	double busy, steal;
	double own; /* of this process, on any CPU */
};

/**
 * bench_others_read() - Sum the times of the CPUs of @threads workers from
 * @stat, which has the form of /proc/stat; .own stays 0.
 */
struct bench_cpu_time bench_others_read(FILE *stat, const struct bench_cpus *cpus,
					unsigned int threads);

/**
 * bench_others_now() - Read the times of this machine and of this process, now.
 */
struct bench_cpu_time bench_others_now(const struct bench_cpus *cpus, unsigned int threads);

/**
 * bench_others_add() - Add to @sum the times that passed from @begin to @end.
 * @sum becomes unknown if any of the three is unknown.
 */
void bench_others_add(struct bench_cpu_time *sum, const struct bench_cpu_time *begin,
		      const struct bench_cpu_time *end);

/**
 * bench_load() - The load average of the last minute; negative: unknown.
 */
double bench_load(void);

#endif
