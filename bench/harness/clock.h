/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the clock of every figure: CLOCK_MONOTONIC in nanoseconds, and the
 * cost of reading it. Any thread may call these functions.
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
 * bench_clock_cost_ns() - The smallest difference seen between two readings of
 * the clock with nothing between them.
 *
 * The runner subtracts it from every latency. It is the smallest difference, so
 * that no latency is reported smaller than it was. Measured once.
 */
uint64_t bench_clock_cost_ns(void);

/**
 * bench_timing_cost_ns() - The mean cost of timing one operation: two readings
 * of the clock.
 *
 * It is larger than bench_clock_cost_ns(), which is about one reading, and the
 * quickest. Measured once.
 */
double bench_timing_cost_ns(void);

#endif
