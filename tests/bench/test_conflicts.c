/* SPDX-License-Identifier: MIT */
/*
 * test_conflicts.c - what bench/conflicts says of each pair of operations: every
 * line has a name, and two runs say the same.
 *
 * The program's path is the first argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static const char *program;

static json_t *row_of(const char *line)
{
	json_t *row = json_loads(line, 0, NULL);

	assert_non_null(row);
	return row;
}

static void every_line_has_a_name(void **state)
{
	struct command run = command_run("%s --json --relation=same,other-leaves", program);
	size_t rows = 0;
	char *rest;

	(void)state;
	assert_int_equal(run.status, 0);
	for (char *line = strtok_r(run.output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), rows++) {
		json_t *row = row_of(line), *lines = json_object_get(row, "lines");
		size_t i;
		json_t *name;

		assert_true(json_is_integer(json_object_get(row, "shared_written_lines")));
		json_array_foreach(lines, i, name)
		{
			if (!json_string_length(name) || !strncmp(json_string_value(name), "unknown", 7))
				fail_msg("%s", line);
		}
		json_decref(row);
	}
	/* Pairs of 12 operations, without those of `fault-leaf` where the places share no leaf of the page table, on three engines. */
	assert_int_equal(rows, 3 * (78 + 66));
	free(run.output);
}

/* Threads that fault in VMAs of their own, and give the pages back, have pages and a part of their depot for themselves. */
static void faults_in_two_vmas_share_no_line_of_an_object_cache(void **state)
{
	struct command run = command_run("%s --operation=fault,madvise --relation=neighbouring,one-leaf,other-leaves", program);

	(void)state;
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.output, "fault"));
	assert_null(strstr(run.output, "depot"));
	assert_null(strstr(run.output, "page, passed on"));
	assert_null(strstr(run.output, "heap of"));
	free(run.output);
}

static void two_runs_say_the_same(void **state)
{
	static const char words[] = "--engine=maple-vma --operation=fault,mmap,munmap,fork --relation=same,one-leaf";
	struct command first = command_run("%s %s", program, words), second = command_run("%s %s", program, words);

	(void)state;
	assert_int_equal(first.status, 0);
	assert_string_equal(first.output, second.output);
	free(first.output);
	free(second.output);
}

static void bad_arguments_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"--engine=btree", "conflicts: --engine: found 'btree', expected"},
		{"--operation=nap", "conflicts: --operation: found 'nap', expected"},
		{"--relation=", "conflicts: --relation: found '', expected"},
		{"--engine=rbtree word", "conflicts: found 'word', expected options alone"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct command run = command_run("%s %s", program, bad[i][0]);

		assert_int_equal(run.status, 2);
		assert_non_null(strstr(run.output, bad[i][1]));
		free(run.output);
	}
}

static void lost_output_is_an_error(void **state)
{
	static const char *const words[] = {"--engine=rbtree --operation=find", "--list", "--help"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct command run = command_run("(%s %s >/dev/full)", program, words[i]);

		assert_int_equal(run.status, 2);
		assert_string_equal(run.output, "conflicts: standard output: No space left on device\n");
		free(run.output);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_has_a_name),   cmocka_unit_test(faults_in_two_vmas_share_no_line_of_an_object_cache),
		cmocka_unit_test(two_runs_say_the_same),   cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(lost_output_is_an_error),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH-OF-CONFLICTS\n", argv[0]);
		return 2;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
