/* SPDX-License-Identifier: MIT */
/*
 * clock.c - measures the cost of the clock, once.
 */
#include "bench/harness/clock.h"

#include <pthread.h>

static uint64_t clock_cost;

static void measure_clock_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 20000; i++) {
		uint64_t before = bench_now_ns();
		uint64_t cost = bench_now_ns() - before;

		if (cost < least)
			least = cost;
	}
	clock_cost = least;
}

uint64_t bench_clock_cost_ns(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, measure_clock_cost);
	return clock_cost;
}
