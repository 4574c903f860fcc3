/* SPDX-License-Identifier: MIT */
/*
 * test_run.c - `vmreplay run`: one thread and two threads get the recorded
 * result of each operation on every engine; the output has the form of a row; a
 * recording that cannot be run is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/trace/text.h"
#include "tests/tools/vmreplay/program.h"

/* ---- the shape of a row ---- */

static const char *const integers[] = {"threads", "vmas",   "ops",    "p50_ns", "p99_ns",
				       "p999_ns", "max_ns", "errors", "runs",   NULL};
static const char *const numbers[] = {"seconds", "ops_per_sec", "ops_per_sec_min",
				      "ops_per_sec_max", NULL};
static const char *const kind_integers[] = {"ops", "p50_ns", "p99_ns", "p999_ns", "max_ns", NULL};

static json_int_t integer(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no integer", key);
	return json_integer_value(value);
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value) || !isfinite(json_number_value(value)))
		fail_msg("%s is no number", key);
	return json_number_value(value);
}

static void expect_rising(const json_t *object)
{
	assert_true(integer(object, "p50_ns") <= integer(object, "p99_ns"));
	assert_true(integer(object, "p99_ns") <= integer(object, "p999_ns"));
	assert_true(integer(object, "p999_ns") <= integer(object, "max_ns"));
}

/* Check that the row has all keys and no others. */
static void expect_row_shape(const json_t *row)
{
	size_t keys = 3; /* workload, engine, by_kind */

	/* the use of the CPUs by others: three numbers, if the system tells */
	if (json_object_get(row, "load")) {
		assert_true(number(row, "load") >= 0 && number(row, "others_pct") >= 0 &&
			    number(row, "steal_pct") >= 0);
		keys += 3;
	}
	for (const char *const *key = integers; *key; key++, keys++)
		assert_true(integer(row, *key) >= 0);
	for (const char *const *key = numbers; *key; key++, keys++)
		assert_true(number(row, *key) >= 0);
	assert_true(json_is_string(json_object_get(row, "workload")));
	assert_true(json_is_string(json_object_get(row, "engine")));
	assert_int_equal(json_object_size(row), keys);
	assert_true(number(row, "ops_per_sec_min") <= number(row, "ops_per_sec_max"));
	expect_rising(row);
}

/* Check each kind. Return: the number of operations of all kinds. */
static json_int_t expect_kinds(json_t *kinds)
{
	json_int_t ops = 0;
	const char *name;
	json_t *kind;

	json_object_foreach(kinds, name, kind)
	{
		if (!strstr(" fault mmap munmap mprotect madvise mremap brk ", name))
			fail_msg("'%s' is no kind", name);
		for (const char *const *key = kind_integers; *key; key++)
			assert_true(integer(kind, *key) >= 0);
		assert_true(number(kind, "ops_per_sec") > 0);
		assert_int_equal(json_object_size(kind), 6);
		expect_rising(kind);
		ops += integer(kind, "ops");
	}
	return ops;
}

/* Take the next line of @output. Return: NULL if there is none. */
static json_t *next_row(const char **output)
{
	size_t len = strcspn(*output, "\n");
	json_t *row;

	if (!len)
		return NULL;
	row = json_loadb(*output, len, 0, NULL);
	if (!row)
		fail_msg("no JSON object: %.*s", (int)len, *output);
	*output += len + ((*output)[len] == '\n');
	return row;
}

/* ---- running ---- */

static void expect_row(const json_t *row, const char *workload, const char *engine,
		       json_int_t threads)
{
	expect_row_shape(row);
	assert_string_equal(json_string_value(json_object_get(row, "workload")), workload);
	assert_string_equal(json_string_value(json_object_get(row, "engine")), engine);
	assert_int_equal(integer(row, "threads"), threads);
	if (integer(row, "errors"))
		fail_msg("%s on %s, %d threads: %d errors", workload, engine, (int)threads,
			 (int)integer(row, "errors"));
}

static void every_recording_runs_without_error_on_every_engine(void **state)
{
	char workload[64];

	(void)state;
	for (const char *const *name = program_recordings; *name; name++) {
		const char *output =
			program_run(0,
				    "run " PROGRAM_RECORDINGS
				    "%s.script.xz --passes=1 --repeats=1 --threads=2 --json",
				    *name);

		snprintf(workload, sizeof(workload), "replay:%s", *name);
		for (const char *const *engine = program_engines; *engine; engine++) {
			json_t *row = next_row(&output);

			assert_non_null(row);
			expect_row(row, workload, *engine, 2);
			json_decref(row);
		}
		assert_null(next_row(&output));
	}
}

/*
 * Each thread makes two passes, so the number of operations is known and the
 * same everywhere.
 */
static void passes_and_threads_multiply_the_operations(void **state)
{
	const char *output =
		program_run(0, "run " PROGRAM_RECORDINGS
			       "sqlite.script.xz --passes=2 --threads=1,2 --repeats=2 --json");
	json_int_t ops_of_one = 0, vmas_of_one = 0;

	(void)state;
	for (json_int_t threads = 1; threads <= 2; threads++)
		for (const char *const *engine = program_engines; *engine; engine++) {
			json_t *row = next_row(&output);

			assert_non_null(row);
			expect_row(row, "replay:sqlite", *engine, threads);
			if (!ops_of_one)
				ops_of_one = integer(row, "ops");
			if (!vmas_of_one)
				vmas_of_one = integer(row, "vmas");
			assert_int_equal(integer(row, "ops"), threads * ops_of_one);
			assert_int_equal(integer(row, "vmas"), threads * vmas_of_one);
			assert_int_equal(integer(row, "runs"), 2);
			/* The kinds are counted over both runs. */
			assert_int_equal(expect_kinds(json_object_get(row, "by_kind")),
					 2 * integer(row, "ops"));
			json_decref(row);
		}
	assert_null(next_row(&output));
	assert_true(ops_of_one % 2 == 0 && ops_of_one > 5000);
}

static void every_kind_of_the_small_recording_is_counted(void **state)
{
	static const struct {
		const char *kind;
		json_int_t ops;
	} expected[] = {
		{"fault", 7},   {"mmap", 27},  {"munmap", 7}, {"mprotect", 1},
		{"madvise", 1}, {"mremap", 1}, {"brk", 1},
	};
	const char *output =
		program_run(0, "run " PROGRAM_SMALL
			       "script --passes=3 --threads=1 --repeats=1 --engine=maple --json");
	json_t *row = next_row(&output), *kinds = json_object_get(row, "by_kind");

	(void)state;
	assert_non_null(row);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (integer(json_object_get(kinds, expected[i].kind), "ops") != 3 * expected[i].ops)
			fail_msg("%s: %lld", expected[i].kind,
				 (long long)integer(json_object_get(kinds, expected[i].kind),
						    "ops"));
	json_decref(row);
	assert_null(next_row(&output));
}

static void a_timed_run_ends_and_has_no_error(void **state)
{
	const char *output = program_run(
		0, "run " PROGRAM_SMALL
		   "script --seconds=0.02 --threads=2 --repeats=1 --engine=maple-vma --json");
	json_t *row = next_row(&output);

	(void)state;
	assert_non_null(row);
	expect_row(row, "replay:small", "maple-vma", 2);
	json_decref(row);
}

static void the_table_shows_speed_by_engine_and_kind(void **state)
{
	const char *output =
		program_run(0, "run " PROGRAM_SMALL "script --passes=2 --threads=2 --repeats=1");

	(void)state;
	program_expect(output, "workload ");
	program_expect(output, "x rbtree");
	program_expect(output, "replay:small ");
	program_expect(output, "maple-vma   2 threads  mprotect ");
	program_expect(output, PROGRAM_SMALL "script: 1 of 46 operations left out: refused by the "
					     "kernel, or not known to the library\n");
}

/* ---- what is refused ---- */

static void bad_arguments_are_refused(void **state)
{
	static const struct {
		const char *arguments, *found, *expected;
	} bad[] = {
		{"--engine=btree", "--engine: found 'btree'",
		 "expected one of: rbtree maple maple-vma"},
		{"--engine=rbtree,", "--engine: found ''",
		 "expected one of: rbtree maple maple-vma"},
		{"--threads=0", "--threads: found '0'", "numbers from 1 to 1024"},
		{"--threads=1025", "--threads: found '1025'", "numbers from 1 to 1024"},
		{"--threads=1,x", "--threads: found '1,x'", "with commas between"},
		{"--threads=", "--threads: found ''", "numbers from 1 to 1024"},
		{"--seconds=0", "--seconds: found '0'", "expected a number of seconds above 0"},
		{"--seconds=long", "--seconds: found 'long'",
		 "expected a number of seconds above 0"},
		{"--passes=0", "--passes: found '0'", "expected a number from 1"},
		{"--passes=-1", "--passes: found '-1'", "expected a number from 1"},
		{"--passes=1e3", "--passes: found '1e3'", "expected a number from 1"},
		{"--repeats=1001", "--repeats: found '1001'", "expected a number from 1 to 1000"},
		{"other", "found a second file 'other'", "expected one"},
		{"--nonsense", "nonsense", "--help"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *output =
			program_run(2, "run " PROGRAM_SMALL "script %s", bad[i].arguments);

		program_expect(output, bad[i].found);
		program_expect(output, bad[i].expected);
	}
	program_expect(program_run(2, "run"), "found no file, expected a recording");
}

/*
 * A recording that spreads over 1 TiB leaves room for fewer threads than
 * --threads allows.
 */
#define RESERVE(time, len, result, range)                                                          \
	ENTER("100/100", time "0", "mmap",                                                         \
	      "addr: 0x0, len: " len ", prot: 0x0, flags: 0x4022, fd: 0xffffffff, off: 0x0")       \
	LOCKED("100/100", time "1", "0xa", "true")                                                 \
	MAP2("100/100", time "2", range, "0x1000 00:00 0 0]: ---p //anon")                         \
	LEAVE("100/100", time "3", "mmap", result)

static void more_threads_than_slices_are_refused(void **state)
{
	const char *path = text_of(BEGIN RESERVE("00000001", "0x10000000000", "0x200000000000",
						 "0x200000000000(0x10000000000)"));
	char expected[256];

	(void)state;
	snprintf(expected, sizeof(expected),
		 "%s: found 128 threads, expected at most 127: one replay covers 1025 GiB\n", path);
	program_expect(program_run(2, "run %s --threads=1,128 --passes=1", path), expected);
	program_expect_none(program_run(2, "run %s --threads=1,128 --passes=1", path), "replay:");
	program_expect(program_run(0, "run %s --threads=127 --passes=1 --repeats=1 --engine=maple",
				   path),
		       "replay:text");
}

static void files_that_are_no_recordings_are_refused(void **state)
{
	char expected[256];
	const char *path;

	(void)state;
	path = text_of("");
	snprintf(expected, sizeof(expected), "%s:1: an empty file", path);
	program_expect(program_run(2, "run %s", path), expected);
	path = text_of(BEGIN " 100/100 [001] 1.00000");
	snprintf(expected, sizeof(expected), "%s:6: the text ends inside a line", path);
	program_expect(program_run(2, "run %s", path), expected);
	path = text_of(LINE("100/100", "000000001", "PERF_RECORD_COMM: prog:100/100"));
	snprintf(expected, sizeof(expected),
		 "%s: found no memory call of a process whose start is recorded, expected at least "
		 "one\n",
		 path);
	program_expect_text(program_run(2, "run %s", path), expected, "no memory call");
	program_expect(program_run(2, "run /nowhere/x"), "/nowhere/x: No such file or directory");
}

static int remove_files(void **state)
{
	(void)state;
	text_remove();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recording_runs_without_error_on_every_engine),
		cmocka_unit_test(passes_and_threads_multiply_the_operations),
		cmocka_unit_test(every_kind_of_the_small_recording_is_counted),
		cmocka_unit_test(a_timed_run_ends_and_has_no_error),
		cmocka_unit_test(the_table_shows_speed_by_engine_and_kind),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(more_threads_than_slices_are_refused),
		cmocka_unit_test(files_that_are_no_recordings_are_refused),
	};

	if (program_init(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, remove_files);
}
