/* SPDX-License-Identifier: MIT */
/*
 * test_maplebench.c - the program: its output, the peers that it loads, and
 * that it refuses bad input with status 2 and a message that says what was
 * found and what was expected. A wrong answer of any store ends it with status
 * 1.
 *
 * The first argument is the program's path, the second the folder that holds
 * the peers of array_peer.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/support/command.h"

static const char *program, *peers;

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
	assert_refused("--ops=lookup,walk", "--ops: found 'walk'",
		       "expected one of: lookup chained hot");
	assert_refused("--ranges=1", "--ranges: found '1'",
		       "expected at most 64 numbers from 2 to");
	assert_refused("--threads=0", "--threads: found '0'", "numbers from 1 to 1024");
	assert_refused("--repeat=0", "--repeat: found '0'", "expected a number from 1 to 101");
	assert_refused("--seconds=-1", "--seconds: found '-1'",
		       "expected a number of seconds above 0");
	assert_refused("--seed=x", "--seed: found 'x'", "expected a number from 0");
	assert_refused("--simd=mmx", "--simd: found 'mmx'", "scalar vec128 avx2 avx512");
	assert_refused("--stores=kernel,btree", "--stores: found 'btree'", "expected one of: ours");
	assert_refused("extra", "found 'extra'", "expected options alone");
	assert_refused("--nonsense", "nonsense", "--help");
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_non_null(text);
	return text;
}

/*
 * Run the program with --json; it must end with @status.
 * Return: an array of the rows; the caller must release it.
 */
static json_t *rows_of(const char *arguments, int status)
{
	struct command run = command_run("(%s --json %s 2>/dev/null)", program, arguments);
	json_t *rows = json_array();
	char *rest = run.output, *line;

	assert_int_equal(run.status, status);
	while ((line = strsep(&rest, "\n")) != NULL && *line) {
		json_t *row = json_loads(line, 0, NULL);

		assert_non_null(row);
		assert_int_equal(json_array_append_new(rows, row), 0);
	}
	free(run.output);
	return rows;
}

static void json_has_a_row_for_each_operation_size_and_store(void **state)
{
	char arguments[512];
	json_t *rows;

	(void)state;
	snprintf(arguments, sizeof(arguments),
		 "--ops=lookup,bytes,lowest-gap --ranges=3,64 --repeat=2 --peers=%s/right", peers);
	rows = rows_of(arguments, 0);
	/* Both stores have lookups and bytes; the array has no gap search. */
	assert_int_equal(json_array_size(rows), 2 * (2 + 2 + 1));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		bool peer = strcmp(text_of(row, "store"), "kernel") == 0;

		assert_int_equal(json_integer_value(json_object_get(row, "ranges")),
				 i < 5 ? 3 : 64);
		assert_int_equal(json_integer_value(json_object_get(row, "threads")), 1);
		assert_int_equal(json_integer_value(json_object_get(row, "errors")), 0);
		assert_true(json_real_value(json_object_get(row, "value")) > 0);
		assert_int_equal(json_is_real(json_object_get(row, "ratio")), peer);
		assert_int_equal(json_is_real(json_object_get(row, "goal")), peer && i >= 5);
	}
	json_decref(rows);
}

static void every_operation_runs_beside_a_peer(void **state)
{
	struct command run;

	(void)state;
	run = command_run("%s --ranges=5 --repeat=1 --seconds=0.02 --threads=1,2 --seed=9 "
			  "--simd=scalar --peers=%s/right",
			  program, peers);
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "# search of our nodes: scalar"));
	assert_non_null(strstr(run.output, "random lookup, independent"));
	assert_non_null(strstr(run.output, "highest gap of a random size"));
	assert_non_null(strstr(run.output, "readers alone, 1 thread "));
	assert_non_null(strstr(run.output, "that writer, erase + insert, 2 threads"));
	assert_non_null(strstr(run.output, "reader's p99.99, 2 threads"));
	assert_null(strstr(run.output, "WRONG"));
	free(run.output);
}

static void a_crowd_has_its_own_size_unless_one_is_asked_for(void **state)
{
	struct command run = command_run(
		"%s --ranges=64 --ops=readers --repeat=1 --seconds=0.02 --threads=1", program);

	(void)state;
	assert_non_null(strstr(run.output, "readers alone"));
	free(run.output);
}

static void a_peer_that_answers_wrong_ends_it_with_1(void **state)
{
	char arguments[512];
	json_t *rows;
	struct command run;

	(void)state;
	snprintf(arguments, sizeof(arguments),
		 "--ops=lookup --ranges=64 --repeat=2 --peers=%s/wrong", peers);
	rows = rows_of(arguments, 1);
	assert_int_equal(json_array_size(rows), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "errors")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 1), "errors")), 2);
	json_decref(rows);
	run = command_run("%s %s", program, arguments);
	assert_int_equal(run.status, 1);
	assert_non_null(strstr(run.output, "lookup, 64 ranges, kernel: 2 wrong answers"));
	assert_non_null(strstr(run.output, "2 WRONG"));
	free(run.output);
}

static void peers_that_are_not_there_are_a_line_and_no_error(void **state)
{
	struct command run = command_run("%s --ops=bytes --ranges=64 --peers=/nowhere", program);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(
		run.output, "skipped: peer kernel-qsbr is not built (no /nowhere/kernel-qsbr.so)"));
	assert_non_null(strstr(run.output, "skipped: peer absl is not built"));
	free(run.output);
}

static void a_peer_of_another_version_is_not_measured(void **state)
{
	struct command run = command_run("%s --list --peers=%s/other", program, peers);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "built for another version"));
	assert_null(strstr(run.output, "store     kernel"));
	free(run.output);
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
	static const char *const kinds[] = {"", "--json"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct command run = command_run("(%s --ops=bytes --ranges=64 %s >/dev/full)",
						 program, kinds[i]);

		assert_int_equal(run.status, 2);
		assert_string_equal(run.output,
				    "maplebench: standard output: No space left on device\n");
		free(run.output);
	}
}

static void the_list_names_operations_and_stores(void **state)
{
	struct command run = command_run("%s --list --peers=%s/right", program, peers);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "operation lookup "));
	assert_non_null(strstr(run.output, "operation beside "));
	assert_non_null(strstr(run.output, "store     ours "));
	assert_non_null(strstr(run.output, "store     kernel         a sorted array"));
	free(run.output);
	run = command_run("%s --list --stores=absl --peers=%s/right", program, peers);
	assert_non_null(strstr(run.output, "store     ours "));
	assert_null(strstr(run.output, "store     kernel"));
	free(run.output);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(json_has_a_row_for_each_operation_size_and_store),
		cmocka_unit_test(every_operation_runs_beside_a_peer),
		cmocka_unit_test(a_crowd_has_its_own_size_unless_one_is_asked_for),
		cmocka_unit_test(a_peer_that_answers_wrong_ends_it_with_1),
		cmocka_unit_test(peers_that_are_not_there_are_a_line_and_no_error),
		cmocka_unit_test(a_peer_of_another_version_is_not_measured),
		cmocka_unit_test(output_that_cannot_be_written_is_an_error),
		cmocka_unit_test(the_list_names_operations_and_stores),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: test_maplebench PATH-OF-MAPLEBENCH FOLDER-OF-PEERS\n");
		return 2;
	}
	program = argv[1];
	peers = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
