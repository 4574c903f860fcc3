/* SPDX-License-Identifier: MIT */
/*
 * ticks.h - the clock of single lookups: clock_gettime() takes as long as the
 * lookups that it would time, the processor's time-stamp counter a third of
 * that. Fences keep a lookup inside its two readings. ticks_per_ns() compares
 * it with CLOCK_MONOTONIC.
 */
#ifndef BENCH_MAPLE_TICKS_H
#define BENCH_MAPLE_TICKS_H

#include <stdint.h>

#include "bench/harness/clock.h"

/* Takes what one lookup took. */
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
 * ticks_per_ns() - Measured once, in some milliseconds; the first call from one
 * thread alone.
 */
double ticks_per_ns(void);

/**
 * ticks_cost() - The least that two readings differ by; part of every timed
 * lookup until it is subtracted.
 */
uint64_t ticks_cost(void);

#endif
