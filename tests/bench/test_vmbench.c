/* SPDX-License-Identifier: MIT */
/*
 * test_vmbench.c - every case on every engine, with one thread and with more
 * threads than CPUs: no result is unexpected, and nothing remains allocated.
 * The program: its output, and that it refuses bad input with status 2 and a
 * message that says what was found and what was expected.
 *
 * The first argument is the program's path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/harness/harness.h"
#include "bench/vmbench/case.h"
#include "tests/support/command.h"

static const char *program;
static struct bench_cpus cpus;

/*
 * Run the case once, and again for longer if a busy machine let no thread
 * finish a single operation.
 */
static void run_until_counted(const struct vmbench_case *c, const char *engine,
			      unsigned int threads)
{
	static struct bench_result result;
	struct bench_plan plan = {.threads = threads, .warmup = 0.005, .seconds = 0.01};
	int tries = 0;

	do {
		assert_int_equal(vmbench_run_case(c, engine, 50, &plan, &cpus, &result), 0);
		if (result.errors)
			fail_msg("%s on %s, %u threads: %lu errors", c->name, engine, threads,
				 result.errors);
		plan.seconds *= 2;
	} while (result.ops == 0 && ++tries < 10);
	assert_true(result.ops > 0);
}

static void run_all_cases(unsigned int threads)
{
	for (const struct vmbench_case *const *c = vmbench_cases(); *c; c++)
		for (const char *const *engine = vms_engine_names(); *engine; engine++)
			run_until_counted(*c, *engine, threads);
}

static void every_case_has_no_error_on_one_thread(void **state)
{
	(void)state;
	run_all_cases(1);
}

static void every_case_has_no_error_on_three_threads(void **state)
{
	(void)state;
	run_all_cases(3);
}

static void nothing_is_left_behind(void **state)
{
	(void)state;
	assert_int_equal(vms_leak_report(stderr), 0);
}

static void an_unknown_engine_is_an_error_not_a_crash(void **state)
{
	static struct bench_result result;
	struct bench_plan plan = {.threads = 1, .seconds = 0.01};

	(void)state;
	assert_int_equal(vmbench_run_case(&vmbench_mmap1, "btree", 50, &plan, &cpus, &result),
			 -EINVAL);
}

/*
 * A body whose results the harness' checks must count as errors: it touches an
 * unmapped address and unmaps an unaligned range.
 */
static void wrong_body(struct bench_worker *w)
{
	while (bench_running(w)) {
		uint64_t t = bench_begin(w);

		vmbench_touch(w, VMBENCH_AREA_BASE);
		vmbench_unmap(w, 1, 1);
		bench_end(w, t);
	}
}

static void unexpected_results_are_counted(void **state)
{
	static const struct vmbench_case wrong = {
		.name = "wrong", .what = "fails", .body = wrong_body};
	static struct bench_result result;
	struct bench_plan plan = {.threads = 1, .seconds = 0.05};

	(void)state;
	assert_int_equal(vmbench_run_case(&wrong, "rbtree", 50, &plan, &cpus, &result), 0);
	assert_true(result.errors >= 2 * result.ops);
	assert_true(result.errors > 0);
}

static int refuse_setup(struct vmbench_env *env)
{
	(void)env;
	return -ENOSPC;
}

static void a_failing_setup_is_reported(void **state)
{
	static const struct vmbench_case failing = {
		.name = "failing", .what = "-", .setup = refuse_setup, .body = wrong_body};
	static struct bench_result result;
	struct bench_plan plan = {.threads = 1, .seconds = 0.01};

	(void)state;
	assert_int_equal(vmbench_run_case(&failing, "rbtree", 50, &plan, &cpus, &result), -ENOSPC);
}

/* ---- the program ---- */

static void assert_refused(const char *arguments, const char *found, const char *expected)
{
	struct command run = command_run("%s %s", program, arguments);

	assert_int_equal(run.status, 2);
	assert_non_null(strstr(run.output, found));
	assert_non_null(strstr(run.output, expected));
	free(run.output);
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	assert_refused("--engine=btree", "--engine: found 'btree'",
		       "expected one of: rbtree maple maple-vma");
	assert_refused("--workload=mmap1,nmap", "--workload: found 'nmap'",
		       "expected one of: page_fault1");
	assert_refused("--threads=0", "--threads: found '0'",
		       "expected at most 64 numbers from 1 to 1024");
	assert_refused("--threads=1,x", "--threads: found '1,x'", "with commas between");
	assert_refused("--seconds=none", "--seconds: found 'none'",
		       "expected a number of seconds above 0");
	assert_refused("--repeats=-1", "--repeats: found '-1'", "expected a number from 1 to 1000");
	assert_refused("--vmas=0", "--vmas: found '0'", "expected a number from 1");
	assert_refused("extra", "found 'extra'", "expected options alone");
	assert_refused("--nonsense", "nonsense", "--help");
}

static void json_is_a_row_for_each_engine_and_thread_count(void **state)
{
	static const char *const engines[] = {"maple", "rbtree"};
	struct command run = command_run("%s --workload=malloc1 --engine=maple,rbtree "
					 "--threads=1,2 --seconds=0.02 --repeats=2 --vmas=9 --json",
					 program);
	char *rest = run.output;
	unsigned int nr = 0;
	char *line;

	(void)state;
	assert_int_equal(run.status, 0);
	while ((line = strsep(&rest, "\n")) != NULL && *line) {
		struct bench_row row;
		char why[256] = "";

		assert_true(bench_row_parse(&row, line, why, sizeof(why)));
		assert_string_equal(row.workload, "malloc1");
		assert_string_equal(row.engine, engines[nr % 2]);
		assert_int_equal(row.threads, 1 + nr / 2);
		assert_int_equal(row.vmas, 9);
		assert_int_equal(row.errors, 0);
		assert_int_equal(row.runs, 2);
		assert_true(row.p50_ns <= row.p99_ns && row.p99_ns <= row.p999_ns &&
			    row.p999_ns <= row.max_ns);
		nr++;
	}
	assert_int_equal(nr, 4);
	free(run.output);
}

static void the_table_tells_the_machine_and_the_runs(void **state)
{
	struct command run =
		command_run("%s --workload=lookup --threads=1 --seconds=0.02 --repeats=1", program);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "# CPU: "));
	assert_non_null(strstr(run.output, "# pinning order: CPU "));
	assert_non_null(strstr(run.output, "# runs: median of 1"));
	assert_non_null(strstr(run.output, "x rbtree"));
	assert_non_null(strstr(run.output, "maple-vma"));
	free(run.output);
}

static void the_list_names_every_case_engine_and_thread_count(void **state)
{
	struct command run = command_run("%s --list", program);

	(void)state;
	assert_int_equal(run.status, 0);
	for (const struct vmbench_case *const *c = vmbench_cases(); *c; c++)
		assert_non_null(strstr(run.output, (*c)->name));
	assert_non_null(strstr(run.output, "engine   maple-vma\n"));
	assert_non_null(strstr(run.output, "threads  1"));
	free(run.output);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_no_error_on_one_thread),
		cmocka_unit_test(every_case_has_no_error_on_three_threads),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(an_unknown_engine_is_an_error_not_a_crash),
		cmocka_unit_test(unexpected_results_are_counted),
		cmocka_unit_test(a_failing_setup_is_reported),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(json_is_a_row_for_each_engine_and_thread_count),
		cmocka_unit_test(the_table_tells_the_machine_and_the_runs),
		cmocka_unit_test(the_list_names_every_case_engine_and_thread_count),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_vmbench PATH-OF-VMBENCH\n");
		return 2;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, find_cpus, forget_cpus);
}
