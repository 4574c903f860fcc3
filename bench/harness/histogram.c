/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - merges and reads a histogram. Recording is inline in
 * histogram.h, which also states the error bound.
 */
#include "bench/harness/histogram.h"

#include <string.h>

/* The largest value that falls into @bin. */
static uint64_t bin_last(unsigned int bin)
{
	unsigned int shift;
	uint64_t mantissa;

	if (bin < BENCH_HIST_EXACT)
		return bin;
	/*
	 * Invert bench_hist_bin(): value >> shift lies in [128, 256), and its
	 * leading 1 was added to the shift.
	 */
	shift = (bin >> BENCH_HIST_SUB_BITS) - 1;
	mantissa = bin - ((uint64_t)shift << BENCH_HIST_SUB_BITS);
	return (mantissa << shift) + ((uint64_t)1 << shift) - 1;
}

void bench_hist_reset(struct bench_hist *h)
{
	memset(h, 0, sizeof(*h));
}

void bench_hist_merge(struct bench_hist *into, const struct bench_hist *from)
{
	into->count += from->count;
	if (from->max > into->max)
		into->max = from->max;
	for (unsigned int i = 0; i < BENCH_HIST_BINS; i++)
		into->bins[i] += from->bins[i];
}

uint64_t bench_hist_quantile(const struct bench_hist *h, uint64_t num, uint64_t den)
{
	/* 128 bits, because count * num may exceed 2^64. */
	uint64_t rank = (uint64_t)(((unsigned __int128)h->count * num + den - 1) / den);
	uint64_t seen = 0;

	if (rank == 0)
		rank = 1;
	for (unsigned int i = 0; i < BENCH_HIST_BINS; i++) {
		seen += h->bins[i];
		if (seen >= rank)
			return bin_last(i) < h->max ? bin_last(i) : h->max;
	}
	return h->max;
}
