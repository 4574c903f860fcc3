/* SPDX-License-Identifier: MIT */
/*
 * random.h - pseudo-random numbers that are the same in every run, for
 * benchmarks, tests and stress programs. The caller owns the state.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

/**
 * bench_random_next() - xorshift64* (Marsaglia, Vigna). @state must not be 0,
 * and never becomes 0. The upper bits are the best.
 */
static inline uint64_t bench_random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

#endif
