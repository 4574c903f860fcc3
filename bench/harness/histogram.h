/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - a log-linear histogram of 64-bit values (latencies in
 * nanoseconds), in the manner of HDR histograms: constant time to record,
 * constant size, and a bound on the error of every quantile.
 *
 * Values below 256 have a bin each. Above, every octave [2^e, 2^(e+1)) is cut
 * into 128 bins of equal width. Let v be the true quantile by nearest rank: the
 * smallest recorded value such that at least the given share of all values is
 * at or below it. The histogram answers r with
 *
 * 	v <= r <= v + v / 128
 *
 * For v < 256, r == v. The answer never exceeds the largest recorded value,
 * which is kept exactly.
 *
 * An answer is never below the true value. There is no clamp: all of uint64_t
 * is covered.
 *
 * Locks: none. One thread records into one histogram; the caller merges
 *        histograms after it has joined the threads.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_HIST_SUB_BITS 7 /* 128 bins an octave */
#define BENCH_HIST_EXACT (2u << BENCH_HIST_SUB_BITS)
#define BENCH_HIST_BINS (BENCH_HIST_EXACT + ((63 - BENCH_HIST_SUB_BITS) << BENCH_HIST_SUB_BITS))

struct bench_hist {
	uint64_t count;
	uint64_t max;
	uint64_t bins[BENCH_HIST_BINS];
};

static inline unsigned int bench_hist_bin(uint64_t value)
{
	unsigned int shift;

	if (value < BENCH_HIST_EXACT)
		return (unsigned int)value;
	shift = 63 - BENCH_HIST_SUB_BITS - (unsigned int)__builtin_clzll(value);
	return (shift << BENCH_HIST_SUB_BITS) + (unsigned int)(value >> shift);
}

static inline void bench_hist_record(struct bench_hist *h, uint64_t value)
{
	h->count++;
	if (value > h->max)
		h->max = value;
	h->bins[bench_hist_bin(value)]++;
}

void bench_hist_reset(struct bench_hist *h);

/**
 * bench_hist_merge() - Add all values that @from holds to @into.
 */
void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from);

/**
 * bench_hist_quantile() - The value at or below which @num of @den parts of all
 * values lie; 999, 1000 is p99.9.
 *
 * The share is a fraction, not a double, so that the rank is exact.
 *
 * Return: the value, within the bound stated above; 0 if nothing was recorded.
 */
uint64_t bench_hist_quantile(const struct bench_hist *h, uint64_t num, uint64_t den);

#endif
