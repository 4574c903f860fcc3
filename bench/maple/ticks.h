/* SPDX-License-Identifier: MIT */
/*
 * ticks.h - the clock for single lookups. clock_gettime() takes as long as the
 * lookups that it would time; reading the processor's time-stamp counter takes
 * a third of that. Fences keep a lookup between its two readings.
 * ticks_per_ns() compares the counter with CLOCK_MONOTONIC.
 */
#ifndef BENCH_MAPLE_TICKS_H
#define BENCH_MAPLE_TICKS_H

#include <stdint.h>

#include "bench/harness/clock.h"

/* Receives the time of one lookup. */
typedef void tick_sink(void *arg, uint64_t ticks);

#ifdef __x86_64__
static inline uint64_t ticks_begin(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t ticks_end(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp; lfence" : "=a"(low), "=d"(high)::"memory", "rcx");
	return (uint64_t)high << 32 | low;
}
#else
static inline uint64_t ticks_begin(void)
{
	return bench_now_ns();
}

static inline uint64_t ticks_end(void)
{
	return bench_now_ns();
}
#endif

/**
 * ticks_per_ns() - The rate of the counter. The first call measures it, in some
 * milliseconds, and must not run concurrently with another call.
 */
double ticks_per_ns(void);

/**
 * ticks_cost() - The smallest difference between two readings. It is part of
 * every timed lookup until the caller subtracts it.
 */
uint64_t ticks_cost(void);

#endif
