/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the clock of every figure: CLOCK_MONOTONIC in nanoseconds, and what
 * reading it costs.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/**
 * bench_clock_cost_ns() - What two readings of the clock differ by with nothing
 * between them: the smallest difference seen.
 *
 * Subtracted from every latency. The smallest, so that no latency is made
 * smaller than it was. Measured once; any thread.
 */
uint64_t bench_clock_cost_ns(void);

/**
 * bench_timing_cost_ns() - What timing an operation takes, two readings: the
 * mean.
 *
 * More than bench_clock_cost_ns(), which is about one reading, and the
 * quickest. Measured once; any thread.
 */
double bench_timing_cost_ns(void);

#endif
