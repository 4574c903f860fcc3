/* SPDX-License-Identifier: MIT */
/*
 * test_conflicts.c - the output of bench/conflicts: every line has a name, two
 * runs print the same, and the numbers are those of conflicts.txt, so that a
 * shared line that reappears is noticed.
 *
 * A change that is meant to move the numbers must rewrite the file, and its
 * commit must say why:
 *
 * 	bazel-bin/bench/conflicts/conflicts --numbers >tests/bench/conflicts.txt
 *
 * The first argument is the program's path, the second the file's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"

static const char *program, *table;

static json_t *rows; /* the output of one run of all pairs */

static int run_all_pairs(void **state)
{
	struct command run = command_run("%s --json", program);
	char *rest;

	(void)state;
	rows = json_array();
	for (char *line = strtok_r(run.output, "\n", &rest); line && rows;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_t *row = json_loads(line, 0, NULL);

		if (!row)
			fprintf(stderr, "no row: %s\n", line);
		if (!row || json_array_append_new(rows, row) != 0)
			return -1;
	}
	free(run.output);
	return run.status;
}

static int forget_rows(void **state)
{
	(void)state;
	json_decref(rows);
	return 0;
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_non_null(text);
	return text;
}

static json_int_t number_of(const json_t *row, const char *key)
{
	const json_t *number = json_object_get(row, key);

	assert_true(json_is_integer(number));
	return json_integer_value(number);
}

static void every_line_has_a_name(void **state)
{
	size_t i, k;
	json_t *row, *name;

	(void)state;
	/*
	 * The pairs of 12 operations in four relations on three engines, except
	 * for those of `fault-leaf` in two relations.
	 */
	assert_int_equal(json_array_size(rows), 3 * (2 * 78 + 2 * 66));
	json_array_foreach(rows, i, row)
	{
		const json_t *lines = json_object_get(row, "lines");

		assert_true(json_is_array(lines));
		assert_int_equal(json_array_size(lines) == 0,
				 number_of(row, "shared_written_lines") == 0);
		json_array_foreach(lines, k, name)
		{
			if (!json_string_length(name) ||
			    !strncmp(json_string_value(name), "unknown", strlen("unknown")))
				fail_msg("%s, %s, %s and %s share a line without a name",
					 text_of(row, "engine"), text_of(row, "relation"),
					 text_of(row, "a"), text_of(row, "b"));
		}
	}
}

/* ---- the table ---- */

static bool same(const json_t *row, const json_t *other, const char *key)
{
	return !strcmp(text_of(row, key), text_of(other, key));
}

/* All rows in the form of `conflicts --numbers`; the caller must free it. */
static char *numbers(void)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	json_t *row;

	assert_non_null(out);
	json_array_foreach(rows, i, row)
	{
		const json_t *last = i ? json_array_get(rows, i - 1) : NULL;

		if (last && same(row, last, "engine") && same(row, last, "relation") &&
		    same(row, last, "a"))
			fputc(',', out);
		else
			fprintf(out, "%s%s %s %s:", i ? "\n" : "", text_of(row, "engine"),
				text_of(row, "relation"), text_of(row, "a"));
		fprintf(out, " %s %lld", text_of(row, "b"),
			(long long)number_of(row, "shared_written_lines"));
	}
	fputc('\n', out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void the_numbers_are_those_of_the_table(void **state)
{
	struct command cat = command_run("cat %s", table);
	char *found = numbers(), *rest_found, *rest;
	const char *line = strtok_r(cat.output, "\n", &rest),
		   *now = strtok_r(found, "\n", &rest_found);
	unsigned int differ = 0;

	(void)state;
	assert_int_equal(cat.status, 0);
	for (; line || now;
	     line = strtok_r(NULL, "\n", &rest), now = strtok_r(NULL, "\n", &rest_found)) {
		if (line && now && !strcmp(line, now))
			continue;
		print_error("table: %s\n  now: %s\n", line ? line : "", now ? now : "");
		differ++;
	}
	if (differ)
		fail_msg("shared lines came or went: `conflicts --engine=E --relation=R "
			 "--operation=A,B` names them; if they are "
			 "meant, write tests/bench/conflicts.txt anew");
	free(found);
	free(cat.output);
}

/* ---- rules that hold whatever the table says ---- */

static const json_t *row_of(const char *engine, const char *relation, const char *a, const char *b)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (!strcmp(text_of(row, "engine"), engine) &&
		    !strcmp(text_of(row, "relation"), relation) && !strcmp(text_of(row, "a"), a) &&
		    !strcmp(text_of(row, "b"), b))
			return row;
	}
	fail_msg("no row of %s and %s", a, b);
	return NULL;
}

/*
 * On `maple-vma`, a fault in a VMA of its own shares no line with another
 * fault, and at most one line, a rare one, with a change elsewhere.
 */
static void a_fault_meets_nobody_elsewhere(void **state)
{
	static const char *const changes[] = {"fault", "mmap", "mmap-fixed", "munmap", "mprotect"};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const json_t *row = row_of("maple-vma", "other-leaves", "fault", changes[i]);

		assert_int_equal(number_of(row, "shared_written_lines"), number_of(row, "rare"));
		assert_true(number_of(row, "rare") <= (i ? 1 : 0));
	}
}

/*
 * Threads that fault in VMAs of their own, and give the pages back, have pages
 * and a part of their depot to themselves.
 */
static void faults_in_two_vmas_share_no_line_of_an_object_cache(void **state)
{
	struct command run = command_run(
		"%s --operation=fault,madvise --relation=neighbouring,one-leaf,other-leaves",
		program);

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
	static const char words[] =
		"--engine=maple-vma --operation=fault,mmap,munmap,fork --relation=same,one-leaf";
	struct command first = command_run("%s %s", program, words),
		       second = command_run("%s %s", program, words);

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
		assert_string_equal(run.output,
				    "conflicts: standard output: No space left on device\n");
		free(run.output);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_has_a_name),
		cmocka_unit_test(the_numbers_are_those_of_the_table),
		cmocka_unit_test(a_fault_meets_nobody_elsewhere),
		cmocka_unit_test(faults_in_two_vmas_share_no_line_of_an_object_cache),
		cmocka_unit_test(two_runs_say_the_same),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(lost_output_is_an_error),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s PATH-OF-CONFLICTS PATH-OF-TABLE\n", argv[0]);
		return 2;
	}
	program = argv[1];
	table = argv[2];
	return cmocka_run_group_tests(tests, run_all_pairs, forget_rows);
}
