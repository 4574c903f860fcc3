/* SPDX-License-Identifier: MIT */
/*
 * test_standard.c - no program ends with success if its output is lost. Each
 * program, in each of its ways to print, writes to a full disk (/dev/full) and
 * then to a closed standard output; it must end with status 2 and one line that
 * says why. Symptom: the status was 0.
 *
 * Arguments: NAME=PATH of each program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/row.h"
#include "tests/support/command.h"

static char dir[] = "/tmp/test_standard.XXXXXX";
static char **programs;

/*
 * @called: the name in the message; NULL: the program's own. In @words, %1$s is
 *          the folder of results.jsonl.
 */
static const struct {
	const char *program, *words, *called;
	bool long_run; /* takes seconds, so it runs only once */
} printing[] = {
	{"vmbench", "--help", NULL, false},
	{"vmbench", "--list", NULL, false},
	{"vmbench", "--machine", NULL, false},
	{"vmbench", "--workload=brk1 --engine=maple --threads=1 --seconds=0.01 --repeats=1", NULL,
	 false},
	{"vmbench", "--workload=brk1 --engine=maple --threads=1 --seconds=0.01 --repeats=1 --json",
	 NULL, false},
	{"maplebench", "--help", NULL, false},
	{"maplebench", "--list", NULL, false},
	{"maplebench", "--ops=lookup --ranges=64 --repeat=1", NULL, false},
	{"maplebench", "--ops=lookup --ranges=64 --repeat=1 --json", NULL, false},
	{"report", "--help", NULL, false},
	{"report", "table %s/results.jsonl", NULL, false},
	{"report", "merge %s/results.jsonl", NULL, false},
	{"vmrecord", "--help", NULL, false},
	{"vmreplay", "--help", NULL, false},
	{"vmreplay", "check --help", "vmreplay check", false},
	{"vmreplay", "ops tests/tools/vmreplay/scripts/merging.ops", "vmreplay ops", false},
	{"vmreplay", "check tests/tools/vmreplay/recordings/small.script", "vmreplay check", false},
	{"vmreplay", "check --json tests/tools/vmreplay/recordings/small.script", "vmreplay check",
	 false},
	{"vmreplay",
	 "run --threads=1 --passes=1 --repeats=1 --engine=maple "
	 "tests/tools/vmreplay/recordings/small.script",
	 "vmreplay run", false},
	{"vmreplay",
	 "run --threads=1 --passes=1 --repeats=1 --engine=maple --json "
	 "tests/tools/vmreplay/recordings/small.script",
	 "vmreplay run", false},
	{"vmstress", "--help", NULL, false},
	{"vmstress", "--threads=1 --seconds=1", NULL, true},
	{"maplestress", "--help", NULL, false},
	{"maplestress", "--threads=2 --seconds=1 --json", NULL, true},
	{"cachestress", "--help", NULL, false},
	{"cachestress", "--seconds=1", NULL, true},
	{"lockstress", "--help", NULL, false},
	{"lockstress", "--threads=2 --seconds=1", NULL, true},
	{"print", "--seeds=1", NULL, false},
	{"print", "--seeds=100", NULL, false},
	{"differ", "--help", NULL, false},
	{"differ", "--any-kernel --oracle=/bin/false --vmreplay=/bin/false", NULL, false},
	{"oracle", "--help", NULL, false},
	{"probe", "", NULL, false},
	{"probe", "--line", NULL, false},
	{"probe", "--rules", NULL, false},
};

#define NR_PRINTING (sizeof(printing) / sizeof(printing[0]))

static const char *path_of(const char *program)
{
	size_t len = strlen(program);

	for (char **p = programs; *p; p++)
		if (strncmp(*p, program, len) == 0 && (*p)[len] == '=')
			return *p + len + 1;
	fail_msg("no %s among the arguments", program);
	return NULL;
}

/* Check that the line is printed once, after the program's other messages. */
static void expect_loss(size_t i, const char *redirection, const char *why)
{
	const char *program = printing[i].program;
	char words[512], message[256], *at;
	struct command run;

	/* NOLINT(clang-diagnostic-format-nonliteral): of the table above */
	snprintf(words, sizeof(words), printing[i].words, dir);
	snprintf(message, sizeof(message), "%s: standard output: %s\n",
		 printing[i].called ? printing[i].called : program, why);
	run = command_run("(%s %s 2>&1 >%s)", path_of(program), words, redirection);
	if (run.status != 2)
		fail_msg("%s %s >%s: status %d: %.500s", program, words, redirection, run.status,
			 run.output);
	at = strstr(run.output, message);
	if (!at || strstr(at + strlen(message), "standard output: "))
		fail_msg("%s %s >%s: expected one %s, got %.500s", program, words, redirection,
			 message, run.output);
	free(run.output);
}

static void a_full_disk_is_noticed_by_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_PRINTING; i++)
		expect_loss(i, "/dev/full", "No space left on device");
}

static void a_closed_standard_output_is_noticed_by_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_PRINTING; i++)
		if (!printing[i].long_run)
			expect_loss(i, "&-", "Bad file descriptor");
}

/*
 * A file that the program opens must not become standard output and receive
 * what is printed.
 */
static void a_closed_standard_output_does_not_lead_into_a_file(void **state)
{
	struct command run;

	(void)state;
	run = command_run("(%s merge %s/results.jsonl -o %s/merged.jsonl >&- && cmp "
			  "%s/results.jsonl %s/merged.jsonl)",
			  path_of("report"), dir, dir, dir, dir);
	assert_string_equal(run.output, "");
	assert_int_equal(run.status, 0);
	free(run.output);
}

/*
 * If the reader of a pipe closes it, SIGPIPE ends the program silently, as
 * usual. If SIGPIPE is ignored, the output is lost like any other.
 */
static void a_reader_that_goes_away(void **state)
{
	struct command run;

	(void)state;
	run = command_run(
		"(bash -c '%s --seeds=1000 | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}')",
		path_of("print"));
	assert_string_equal(run.output, "");
	assert_int_equal(run.status, 128 + 13);
	free(run.output);
	run = command_run("(bash -c 'trap \"\" PIPE; %s --seeds=1000 | head -n 1 >/dev/null; exit "
			  "${PIPESTATUS[0]}')",
			  path_of("print"));
	assert_string_equal(run.output, "print: standard output: Broken pipe\n");
	assert_int_equal(run.status, 2);
	free(run.output);
}

static int make_results(void **state)
{
	struct bench_row row = {.threads = 1,
				.vmas = 1,
				.ops_per_sec = 5,
				.ops_per_sec_min = 5,
				.ops_per_sec_max = 5,
				.runs = 1};
	char path[64];
	FILE *f;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/results.jsonl", dir);
	f = fopen(path, "w");
	if (!f)
		return -1;
	bench_row_name(&row, "w", "e");
	return bench_row_print_json(f, &row) || fclose(f) ? -1 : 0;
}

static int remove_results(void **state)
{
	struct command rm = command_run("rm -r %s", dir);

	(void)state;
	free(rm.output);
	return rm.status;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_is_noticed_by_all),
		cmocka_unit_test(a_closed_standard_output_is_noticed_by_all),
		cmocka_unit_test(a_closed_standard_output_does_not_lead_into_a_file),
		cmocka_unit_test(a_reader_that_goes_away),
	};

	(void)argc;
	programs = argv + 1;
	return cmocka_run_group_tests(tests, make_results, remove_results);
}
