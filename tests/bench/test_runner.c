/* SPDX-License-Identifier: MIT */
/*
 * test_runner.c - runs bodies that record what they did: every operation is
 * counted once, the warm-up is dropped, errors and latencies of all threads are
 * collected, and the threads run on their CPUs. No check depends on the
 * machine's speed.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/harness.h"

#define THREADS 3
#define OPS 1000

static struct bench_cpus cpus;
static struct bench_result result;

/* The workers' observations; the main thread asserts. */
struct notes {
	_Atomic unsigned int started;
	_Atomic unsigned int together; /* saw all others started */
	_Atomic unsigned long done[THREADS];
	_Atomic int cpu[THREADS];
	_Atomic int allowed[THREADS];
	_Atomic unsigned long timed_in_warmup;
	_Atomic int seen_warmup;
};

static void count_to_a_thousand(struct bench_worker *w)
{
	for (int i = 0; i < OPS; i++) {
		uint64_t t = bench_begin(w);

		if (i % 100 == 0)
			w->errors++;
		bench_end(w, t);
	}
}

static void everything_counts_without_a_window(void **state)
{
	struct bench_plan plan = {.threads = THREADS, .body = count_to_a_thousand, .gap = 1};

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	assert_int_equal(result.ops, THREADS * OPS);
	assert_int_equal(result.errors, THREADS * OPS / 100);
	assert_int_equal(result.hist.count, THREADS * OPS);
	assert_true(result.seconds > 0);
}

static void about_one_operation_in_gap_is_timed(void **state)
{
	struct bench_plan plan = {.threads = 1, .body = count_to_a_thousand, .gap = 10};

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	assert_int_equal(result.ops, OPS);
	/*
	 * The distances come from a fixed seed, so the number is the same in
	 * every run; the test only bounds it.
	 */
	assert_in_range(result.hist.count, 70, 140);
}

static void time_by_kind(struct bench_worker *w)
{
	struct bench_hist *kinds = w->arg;

	for (int i = 0; i < OPS; i++)
		bench_end_kind(w, bench_begin(w), 1, &kinds[i % 3 == 0]);
}

/*
 * Each operation is timed once, so the kinds together have the latencies of the
 * run.
 */
static void the_kinds_have_the_latencies_of_the_run(void **state)
{
	struct bench_hist kinds[2] = {0};
	struct bench_plan plan = {.threads = 1, .body = time_by_kind, .arg = kinds, .gap = 1};

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	assert_int_equal(kinds[0].count, OPS - (OPS + 2) / 3);
	assert_int_equal(kinds[1].count, (OPS + 2) / 3);
	bench_hist_merge(&kinds[0], &kinds[1]);
	assert_memory_equal(&kinds[0], &result.hist, sizeof(result.hist));
}

static void add_many_at_once(struct bench_worker *w)
{
	for (int i = 0; i < OPS; i++)
		bench_end_n(w, bench_begin(w), 7);
}

static void an_operation_may_count_as_several(void **state)
{
	struct bench_plan plan = {.threads = 2, .body = add_many_at_once};

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	assert_int_equal(result.ops, 2 * OPS * 7);
}

static void note_the_phases(struct bench_worker *w)
{
	struct notes *notes = w->arg;

	while (bench_running(w)) {
		uint64_t t = bench_begin(w);

		if (atomic_load(&w->control->phase) == BENCH_WARMUP) {
			atomic_store(&notes->seen_warmup, 1);
			atomic_store(&notes->timed_in_warmup, w->hist->count);
		}
		bench_end(w, t);
		atomic_fetch_add(&notes->done[w->index], 1);
	}
}

static void the_warm_up_is_dropped(void **state)
{
	struct notes notes = {0};
	struct bench_plan plan = {.threads = 2,
				  .warmup = 0.3,
				  .seconds = 0.3,
				  .body = note_the_phases,
				  .arg = &notes};
	unsigned long done;

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	done = notes.done[0] + notes.done[1];
	assert_true(notes.seen_warmup);
	assert_int_equal(notes.timed_in_warmup, 0);
	assert_true(result.ops > 0);
	assert_true(result.ops < done);
	assert_true(result.hist.count > 0);
	assert_true(result.hist.count <= done);
	assert_true(result.seconds >= 0.3);
}

static void note_the_cpu(struct bench_worker *w)
{
	struct notes *notes = w->arg;
	cpu_set_t set;

	/*
	 * Each worker waits for all others: the workers run concurrently, or
	 * this test never ends.
	 */
	atomic_fetch_add(&notes->started, 1);
	while (atomic_load(&notes->started) < w->nr)
		sched_yield();
	atomic_fetch_add(&notes->together, 1);
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		atomic_store(&notes->allowed[w->index], CPU_COUNT(&set));
	atomic_store(&notes->cpu[w->index], sched_getcpu());
	bench_end(w, bench_begin(w));
}

static void threads_run_at_once_each_on_its_cpu(void **state)
{
	struct notes notes = {0};
	struct bench_plan plan = {.threads = THREADS, .body = note_the_cpu, .arg = &notes};

	(void)state;
	assert_int_equal(bench_run(&plan, &cpus, &result), 0);
	assert_int_equal(notes.together, THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		assert_int_equal(notes.allowed[i], 1);
		assert_int_equal(notes.cpu[i], cpus.os_index[i % cpus.nr]);
	}
}

static void every_allowed_cpu_is_used_once_and_no_other(void **state)
{
	cpu_set_t set;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(cpus.nr, CPU_COUNT(&set));
	assert_in_range(cpus.nr_cores, 1, cpus.nr);
	for (unsigned int i = 0; i < cpus.nr; i++) {
		assert_true(CPU_ISSET(cpus.os_index[i], &set));
		CPU_CLR(cpus.os_index[i], &set);
	}
}

static void a_process_bound_to_one_cpu_uses_only_that(void **state)
{
	struct bench_cpus fewer;
	cpu_set_t old, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(old), &old), 0);
	CPU_ZERO(&one);
	CPU_SET(cpus.os_index[cpus.nr - 1], &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(bench_cpus_init(&fewer), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(old), &old), 0);
	assert_int_equal(fewer.nr, 1);
	assert_int_equal(fewer.os_index[0], cpus.os_index[cpus.nr - 1]);
	bench_cpus_destroy(&fewer);
}

static void random_numbers_differ_between_workers_and_not_between_runs(void **state)
{
	struct bench_worker a = {.random = 1}, b = {.random = 2}, c = {.random = 1};

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t x = bench_random(&a);

		assert_true(x != bench_random(&b));
		assert_true(x == bench_random(&c));
	}
}

static void workers_share_no_line(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct bench_worker) % 256, 0);
	assert_int_equal(_Alignof(struct bench_worker), 256);
	assert_int_equal(sizeof(struct bench_control) % 256, 0);
}

static void default_threads_end_with_all_cpus(void **state)
{
	struct bench_numbers list;

	(void)state;
	bench_default_threads(2, &list);
	assert_int_equal(list.nr, 2);
	assert_int_equal(list.value[0], 1);
	assert_int_equal(list.value[1], 2);
	bench_default_threads(64, &list);
	assert_int_equal(list.value[7], 8);
	assert_int_equal(list.value[8], 12);
	assert_int_equal(list.value[list.nr - 1], 64);
	bench_default_threads(1, &list);
	assert_int_equal(list.nr, 1);
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
		cmocka_unit_test(everything_counts_without_a_window),
		cmocka_unit_test(about_one_operation_in_gap_is_timed),
		cmocka_unit_test(the_kinds_have_the_latencies_of_the_run),
		cmocka_unit_test(an_operation_may_count_as_several),
		cmocka_unit_test(the_warm_up_is_dropped),
		cmocka_unit_test(threads_run_at_once_each_on_its_cpu),
		cmocka_unit_test(every_allowed_cpu_is_used_once_and_no_other),
		cmocka_unit_test(a_process_bound_to_one_cpu_uses_only_that),
		cmocka_unit_test(random_numbers_differ_between_workers_and_not_between_runs),
		cmocka_unit_test(workers_share_no_line),
		cmocka_unit_test(default_threads_end_with_all_cpus),
	};

	return cmocka_run_group_tests(tests, find_cpus, forget_cpus);
}
