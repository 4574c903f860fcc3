/* SPDX-License-Identifier: MIT */
/*
 * test_crowd.c - several threads read one tree while another writes it: their
 * operations are counted and timed, and a wrong answer is counted as an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/maple/crowd.h"
#include "bench/maple/peers.h"
#include "tests/bench/maple/filled.h"

static struct bench_cpus cpus;

static uint64_t timed_one_wrong(void *t, const struct probe *probes, size_t nr, tick_sink *sink,
				void *arg)
{
	struct probe other = {.key = probes[0].key, .entry = &other};

	return store_ours.lookup_timed(t, probes, nr, sink, arg) +
	       store_ours.lookup_timed(t, &other, 1, sink, arg);
}

/*
 * Repeat until every thread did something, because on a busy machine a thread
 * may not run at all in so short a time.
 */
static void run_until_all_did_something(struct crowd_plan *plan, struct crowd_result *result)
{
	do {
		assert_int_equal(crowd_run(plan, &store_ours, tree, world, &cpus, result), 0);
		assert_int_equal(result->errors, 0);
		plan->seconds *= 2;
	} while (!result->lookups || (plan->writer && !result->pairs));
}

static void a_crowd_counts_and_times(void **state)
{
	struct crowd_plan plan = {.readers = 1, .writer = true, .seconds = 0.05};
	struct crowd_result result;

	(void)state;
	begin(1000);
	run_until_all_did_something(&plan, &result);
	for (int i = 1; i < 4; i++)
		assert_true(result.quantile[i] >= result.quantile[i - 1]);
	assert_true(store_ours.iterate(tree, 1) == world->all_entries);
	plan = (struct crowd_plan){.readers = 3, .seconds = 0.05};
	run_until_all_did_something(&plan, &result);
	assert_true(result.pairs == 0);
	end();
}

static void a_wrong_answer_in_a_crowd_is_counted(void **state)
{
	struct crowd_plan plan = {.readers = 1, .writer = true, .seconds = 0.05};
	struct store faulty = store_ours;
	struct crowd_result result;

	(void)state;
	faulty.lookup_timed = timed_one_wrong;
	begin(64);
	assert_int_equal(crowd_run(&plan, &faulty, tree, world, &cpus, &result), 0);
	assert_true(result.errors > 0);
	end();
}

static int find_cpus(void **state)
{
	(void)state;
	return bench_cpus_init(&cpus);
}

static int forget_cpus(void **state)
{
	(void)state;
	bench_cpus_destroy(&cpus);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowd_counts_and_times),
		cmocka_unit_test(a_wrong_answer_in_a_crowd_is_counted),
	};

	return cmocka_run_group_tests(tests, find_cpus, forget_cpus);
}
