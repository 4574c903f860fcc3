/* SPDX-License-Identifier: MIT */
/* ticks.c - see ticks.h. Calibrates the counter and measures its cost. */
#include "bench/maple/ticks.h"

#define CALIBRATION_NS 20000000u

double ticks_per_ns(void)
{
	static double rate;
	uint64_t begin_ns, begin, ns;

	if (rate > 0)
		return rate;
	begin_ns = bench_now_ns();
	begin = ticks_begin();
	do
		ns = bench_now_ns() - begin_ns;
	while (ns < CALIBRATION_NS);
	rate = (double)(ticks_end() - begin) / (double)ns;
	return rate;
}

uint64_t ticks_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 20000; i++) {
		uint64_t begin = ticks_begin();
		uint64_t cost = ticks_end() - begin;

		if (cost < least)
			least = cost;
	}
	return least;
}
