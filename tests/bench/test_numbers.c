/* SPDX-License-Identifier: MIT */
/*
 * test_numbers.c - every option of every program that takes a number uses the
 * one parser (bench/harness/args.h). A value with a blank, a sign, an exponent
 * or a prefix, a value that wraps, and a value outside the range are refused
 * with status 2 and a line that names the option and says what was expected.
 *
 * Arguments: NAME=PATH of each program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/command.h"

static char **programs;

static const struct {
	/* separated by blanks; the program may need words before the options */
	const char *program, *options;
} numbers[] = {
	{"vmbench", "--threads --repeats --vmas --seconds --warmup"},
	{"maplebench", "--threads --ranges --repeat --seed --seconds"},
	{"vmstress", "--threads --seconds --seed"},
	{"maplestress", "--threads --writers --seconds --seed"},
	{"cachestress", "--threads --seconds --seed"},
	{"lockstress", "--threads --seconds --seed"},
	{"vmreplay run nowhere", "--threads --seconds --passes --repeats"},
	{"print", "--seed --seeds --ops"},
	{"differ", "--seeds --ops --first-seed --seconds --jobs --show"},
};

/*
 * The values as the shell reads them. A parser that wraps takes 2^64 + 1 for 1;
 * a parser that truncates takes 2^32 + 1 for 1; both values are beyond most
 * ranges.
 */
static const char *const bad[] = {"''",
				  "' 1'",
				  "-1",
				  "+1",
				  "1e30",
				  "0x1",
				  "18446744073709551617",
				  "nan",
				  "\"$(printf '1\\033[2J')\""};

static const char *path_of(const char *program)
{
	size_t len = strcspn(program, " ");

	for (char **p = programs; *p; p++)
		if (strncmp(*p, program, len) == 0 && (*p)[len] == '=')
			return *p + len + 1;
	fail_msg("no %s among the arguments", program);
	return NULL;
}

static void expect_refused(const char *program, const char *option, const char *value)
{
	const char *words = program + strcspn(program, " ");
	struct command run = command_run("(%s %s %s=%s)", path_of(program), words, option, value);
	char found[64];

	snprintf(found, sizeof(found), "%s: found '", option);
	if (run.status != 2 || !strstr(run.output, found) || !strstr(run.output, "expected ") ||
	    strchr(run.output, '\033'))
		fail_msg("%s %s=%s: status %d: %.500s", program, option, value, run.status,
			 run.output);
	free(run.output);
}

static void all_refuse_what_is_no_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char options[128], *rest;

		snprintf(options, sizeof(options), "%s", numbers[i].options);
		for (char *option = strtok_r(options, " ", &rest); option;
		     option = strtok_r(NULL, " ", &rest))
			for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
				expect_refused(numbers[i].program, option, bad[k]);
	}
}

static void what_would_be_cut_to_a_good_number_is_refused(void **state)
{
	(void)state;
	expect_refused("vmbench", "--threads", "4294967297");
	expect_refused("maplebench", "--threads", "4294967297");
	expect_refused("vmstress", "--threads", "4294967297");
	expect_refused("maplestress", "--threads", "4294967298");
	expect_refused("vmreplay run nowhere", "--threads", "4294967297");
	expect_refused("differ", "--jobs", "4294967297");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_refuse_what_is_no_number),
		cmocka_unit_test(what_would_be_cut_to_a_good_number_is_refused),
	};

	(void)argc;
	programs = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
