/* SPDX-License-Identifier: MIT */
/*
 * test_instructions.c - the counts of bench/instructions: a part is counted in
 * the workloads that use it and in no others, the result is the same for any
 * number of operations, and a file that does not add up is refused.
 *
 * The first argument is the program's path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instructions/profile.h"
#include "tests/support/command.h"

static const char *program;

static void skip_without_valgrind(void)
{
	struct command run = command_run("command -v valgrind >/dev/null");
	int status = run.status;

	free(run.output);
	if (status != 0)
		skip();
}

static double number_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	assert_true(json_is_number(number));
	return json_number_value(number);
}

/*
 * The program's rows as an array. Lines that report its progress go to stderr.
 */
static json_t *rows_of(const char *words)
{
	struct command run = command_run("(%s --json %s 2>/dev/null)", program, words);
	json_t *rows = json_array();
	char *rest;

	assert_int_equal(run.status, 0);
	for (char *line = strtok_r(run.output, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		json_t *row = json_loads(line, 0, NULL);

		if (!row)
			fail_msg("no row: %s", line);
		assert_int_equal(json_array_append_new(rows, row), 0);
	}
	free(run.output);
	return rows;
}

/* Check that @row has instructions of the parts @has and of no others. */
static void expect_parts(const json_t *row, const char *const *has)
{
	double sum = 0;
	const char *name;
	json_t *part;

	json_object_foreach(json_object_get(row, "parts"), name, part)
	{
		bool expected = false;

		for (size_t i = 0; has[i]; i++)
			expected |= !strcmp(has[i], name);
		if ((json_number_value(part) > 0) != expected)
			fail_msg("%s on %s has %.1f instructions of %s",
				 json_string_value(json_object_get(row, "workload")),
				 json_string_value(json_object_get(row, "engine")),
				 json_number_value(part), name);
		sum += json_number_value(part);
	}
	assert_int_equal(json_object_size(json_object_get(row, "parts")), 6);
	assert_true(fabs(sum - number_of(row, "instructions")) < 0.5);
}

static void each_workload_has_its_parts(void **state)
{
	static const char *const malloc1[] = {"gap_search", "look_around", "stores", "locks",
					      "fault",      "rest",        NULL};
	static const char *const brk1[] = {"look_around", "stores", "locks", "rest", NULL};
	static const char *const fault[] = {"fault", NULL};
	static const char *const *const parts[] = {malloc1, brk1, brk1, fault};
	json_t *rows, *row;
	size_t i;

	(void)state;
	skip_without_valgrind();
	rows = rows_of("--workload=malloc1,brk1,mprotect,fault --engine=maple-vma --vmas=40 "
		       "--operations=20");
	assert_int_equal(json_array_size(rows), 4);
	json_array_foreach(rows, i, row)
	{
		expect_parts(row, parts[i]);
		assert_int_equal(number_of(row, "vmas"), 40);
		assert_int_equal(number_of(row, "operations"), 20);
	}
	json_decref(rows);
}

/* Of the engines, only `maple-vma` locks the VMA whose protection changes. */
static void each_engine_has_its_locks(void **state)
{
	static const char *const mprotect[] = {"look_around", "stores", "locks", "rest", NULL};
	json_t *rows, *row;
	double locks[3] = {0};
	size_t i;

	(void)state;
	skip_without_valgrind();
	rows = rows_of("--workload=mprotect --vmas=40 --operations=20");
	assert_int_equal(json_array_size(rows), 3);
	json_array_foreach(rows, i, row)
	{
		expect_parts(row, mprotect);
		locks[i] = number_of(json_object_get(row, "parts"), "locks");
	}
	assert_true(locks[0] == locks[1] && locks[1] < locks[2]);
	json_decref(rows);
}

static void twice_the_operations_are_twice_the_instructions(void **state)
{
	json_t *few, *many;
	double first, second;

	(void)state;
	skip_without_valgrind();
	few = rows_of("--workload=mmap1 --engine=maple-vma --operations=200");
	many = rows_of("--workload=mmap1 --engine=maple-vma --operations=400");
	first = number_of(json_array_get(few, 0), "instructions");
	second = number_of(json_array_get(many, 0), "instructions");
	/*
	 * Nodes are allocated in batches, so the figures may differ slightly.
	 */
	if (fabs(first - second) > first / 50)
		fail_msg("%.1f instructions of 200 operations, %.1f of 400", first, second);
	json_decref(few);
	json_decref(many);
}

static void a_machine_without_valgrind_is_told_so(void **state)
{
	struct command run = command_run(
		"PATH=/nowhere; exec %s --workload=mmap1 --engine=rbtree --json", program);

	(void)state;
	assert_int_equal(run.status, 77);
	assert_non_null(strstr(run.output, "instructions: found no program valgrind, expected it"));
	assert_null(strchr(run.output, '{'));
	free(run.output);
}

/* ---- callgrind's file ---- */

static const char good[] =
	"version: 1\npositions: line\nevents: Ir\nsummary: 100\n\n"
	"fl=a.c\nfn=measured_operations\n5 10\ncfn=vms_mmap\ncalls=1 7\n5 90\n\n"
	"fn=vms_mmap\nfi=b.h\n7 30\nfe=a.c\ncfn=vms__part_stores__commit\ncalls=1 9\n8 60\n\n"
	"fn=vms__part_stores__commit\n9 5\ncfn=commit\ncalls=1 20\n9 55\n\nfn=commit\n20 55\n";

static bool read_text(const char *text, struct profile *profile, char *why, size_t size)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r"); /* NOLINT: "r" writes nothing */
	bool ok;

	assert_non_null(in);
	ok = profile_read(in, profile, why, size);
	fclose(in);
	return ok;
}

/* Return @text with the first @old replaced. */
static char *with(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	char *changed = malloc(strlen(text) + strlen(new) + 1);

	assert_non_null(at);
	assert_non_null(changed);
	sprintf(changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
	return changed;
}

static void what_the_instrument_itself_executes_is_left_out(void **state)
{
	struct profile profile;
	char why[512] = "", *text = with(good, "fe=a.c\n", "fe=a.c\n8\n");

	(void)state;
	if (!read_text(text, &profile, why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(profile.all, 30 + 55);
	assert_int_equal(profile.part[2], 55);
	assert_int_equal(profile.rest, 30);
	free(text);
}

static void a_file_that_does_not_add_up_is_refused(void **state)
{
	static const char *const broken[][3] = {
		{"summary: 100", "summary: 101", "expected the sum 101"},
		{"summary: 100\n", "", "expected the sum 0"},
		{"20 55", "20 54", "expected the sum 100"},
		{"9 55", "9 86", "expected the sum 100"},
		{"\nfn=vms__part_stores__", "\nfn=vms__part_shops__",
		 "found 'fn=vms__part_shops__commit', expected"},
		{"20 55", "20 many", "found '20 many', expected a line of callgrind's"},
		{"summary: 100", "summary: lots", "found 'summary: lots', expected"},
	};
	struct profile profile;
	char why[512];

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char *text = with(good, broken[i][0], broken[i][1]);

		assert_false(read_text(text, &profile, why, sizeof(why)));
		if (!strstr(why, broken[i][2]))
			fail_msg("%s: %s", broken[i][1], why);
		free(text);
	}
	assert_false(read_text("\n", &profile, why, sizeof(why)));
}

static void bad_arguments_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{"--engine=btree", "instructions: --engine: found 'btree', expected"},
		{"--workload=nap", "instructions: --workload: found 'nap', expected"},
		{"--vmas=-1", "instructions: --vmas: found '-1', expected"},
		{"--operations=0", "instructions: --operations: found '0', expected"},
		{"word", "instructions: found 'word', expected options alone"},
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
	static const char *const words[] = {"--list", "--help"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct command run = command_run("(%s %s >/dev/full)", program, words[i]);

		assert_int_equal(run.status, 2);
		assert_string_equal(run.output,
				    "instructions: standard output: No space left on device\n");
		free(run.output);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_workload_has_its_parts),
		cmocka_unit_test(each_engine_has_its_locks),
		cmocka_unit_test(twice_the_operations_are_twice_the_instructions),
		cmocka_unit_test(a_machine_without_valgrind_is_told_so),
		cmocka_unit_test(what_the_instrument_itself_executes_is_left_out),
		cmocka_unit_test(a_file_that_does_not_add_up_is_refused),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(lost_output_is_an_error),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH-OF-INSTRUCTIONS\n", argv[0]);
		return 2;
	}
	program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
