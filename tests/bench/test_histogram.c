/* SPDX-License-Identifier: MIT */
/*
 * test_histogram.c - compares the histogram with sorted data: every quantile
 * must lie within the bound that histogram.h states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "bench/harness/histogram.h"
#include "bench/harness/random.h"

#define VALUES 20000

static struct bench_hist hist, other;

static const struct {
	uint64_t num, den;
} quantiles[] = {{0, 1},    {1, 100},    {1, 4},          {1, 2}, {9, 10},
		 {99, 100}, {999, 1000}, {99999, 100000}, {1, 1}};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The quantile by nearest rank on sorted values, which the histogram
 * approximates.
 */
static uint64_t true_quantile(const uint64_t *sorted, size_t nr, uint64_t num, uint64_t den)
{
	size_t rank = (nr * num + den - 1) / den;

	return sorted[rank ? rank - 1 : 0];
}

static void assert_quantiles_within_bound(uint64_t *values, size_t nr)
{
	bench_hist_reset(&hist);
	for (size_t i = 0; i < nr; i++)
		bench_hist_record(&hist, values[i]);
	qsort(values, nr, sizeof(*values), by_value);
	assert_int_equal(hist.count, nr);
	assert_int_equal(hist.max, values[nr - 1]);
	for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
		uint64_t want = true_quantile(values, nr, quantiles[q].num, quantiles[q].den);
		uint64_t got = bench_hist_quantile(&hist, quantiles[q].num, quantiles[q].den);

		assert_true(got >= want);
		assert_true(got - want <= want / 128);
		assert_true(got <= values[nr - 1]);
	}
}

static uint64_t rng_state;

static uint64_t next_random(void)
{
	return bench_random_next(&rng_state);
}

static void seed_rng(void)
{
	rng_state = (uint64_t)time(NULL) | 1;
	print_message("seed %llu\n", (unsigned long long)rng_state);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t v = 0; v < BENCH_HIST_EXACT; v++) {
		bench_hist_reset(&hist);
		bench_hist_record(&hist, v);
		/*
		 * With a larger value recorded, the answer is the bin's bound,
		 * not the maximum.
		 */
		bench_hist_record(&hist, 1000000);
		assert_int_equal(bench_hist_quantile(&hist, 1, 2), v);
	}
}

static void every_octave_boundary_keeps_the_bound(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 64; bit++)
		for (int d = -1; d <= 1; d++) {
			uint64_t v = (UINT64_C(1) << bit) + (uint64_t)d;
			uint64_t got;

			bench_hist_reset(&hist);
			bench_hist_record(&hist, v);
			bench_hist_record(&hist, UINT64_MAX);
			got = bench_hist_quantile(&hist, 1, 2);
			assert_true(got >= v);
			assert_true(got - v <= v / 128);
			assert_int_equal(bench_hist_bin(got), bench_hist_bin(v));
		}
}

static void bins_are_contiguous_and_ordered(void **state)
{
	unsigned int last = 0;

	(void)state;
	for (uint64_t v = 1; v < (1u << 16); v++) {
		unsigned int bin = bench_hist_bin(v);

		assert_true(bin == last || bin == last + 1);
		last = bin;
	}
	assert_int_equal(bench_hist_bin(UINT64_MAX), BENCH_HIST_BINS - 1);
}

static void quantiles_of_uniform_values_match_sorting(void **state)
{
	static uint64_t values[VALUES];

	(void)state;
	seed_rng();
	for (size_t i = 0; i < VALUES; i++)
		values[i] = next_random() % 5000;
	assert_quantiles_within_bound(values, VALUES);
}

static void quantiles_over_all_magnitudes_match_sorting(void **state)
{
	static uint64_t values[VALUES];

	(void)state;
	seed_rng();
	for (size_t i = 0; i < VALUES; i++)
		values[i] = next_random() >> (next_random() % 64);
	assert_quantiles_within_bound(values, VALUES);
}

static void few_values_have_the_quantiles_of_their_ranks(void **state)
{
	uint64_t values[] = {30, 10, 20};

	(void)state;
	assert_quantiles_within_bound(values, 1);
	values[0] = 30;
	assert_quantiles_within_bound(values, 3);
	assert_int_equal(bench_hist_quantile(&hist, 1, 3), 10);
	assert_int_equal(bench_hist_quantile(&hist, 2, 3), 20);
	assert_int_equal(bench_hist_quantile(&hist, 3, 3), 30);
}

static void an_empty_histogram_answers_zero(void **state)
{
	(void)state;
	bench_hist_reset(&hist);
	assert_int_equal(bench_hist_quantile(&hist, 1, 2), 0);
	assert_int_equal(bench_hist_quantile(&hist, 1, 1), 0);
}

static void merging_equals_recording_all_in_one(void **state)
{
	static struct bench_hist whole;

	(void)state;
	seed_rng();
	bench_hist_reset(&hist);
	bench_hist_reset(&other);
	bench_hist_reset(&whole);
	for (int i = 0; i < VALUES; i++) {
		uint64_t v = next_random() >> (next_random() % 64);

		bench_hist_record(i % 3 ? &hist : &other, v);
		bench_hist_record(&whole, v);
	}
	/*
	 * The largest value is in the histogram that is merged into the other.
	 */
	bench_hist_record(&other, UINT64_MAX);
	bench_hist_record(&whole, UINT64_MAX);
	bench_hist_merge(&hist, &other);
	assert_memory_equal(&hist, &whole, sizeof(hist));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(every_octave_boundary_keeps_the_bound),
		cmocka_unit_test(bins_are_contiguous_and_ordered),
		cmocka_unit_test(quantiles_of_uniform_values_match_sorting),
		cmocka_unit_test(quantiles_over_all_magnitudes_match_sorting),
		cmocka_unit_test(few_values_have_the_quantiles_of_their_ranks),
		cmocka_unit_test(an_empty_histogram_answers_zero),
		cmocka_unit_test(merging_equals_recording_all_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
