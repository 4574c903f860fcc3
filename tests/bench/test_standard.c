/* SPDX-License-Identifier: MIT */
/*
 * test_standard.c - no program ends with success if its output is lost. Each
 * program, in each of its ways to print, writes to a full disk (/dev/full) and
 * then to a closed standard output; it must end with status 2 and one line that
 * says why. Symptom: the status was 0.
 *
 * Arguments: NAME=PATH of each program.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/row.h"
#include "bench/harness/standard.h"
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

	/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
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

/* ---- the reason ---- */

#define PROBED_MOST (4UL * BUFSIZ)

/*
 * In a process of its own: print @size bytes into a pipe that nobody reads, in
 * pieces of @piece bytes, and end.
 */
__attribute__((noreturn)) static void print_to_nobody(size_t size, size_t piece, int messages)
{
	static char text[PROBED_MOST];
	int end[2];

	memset(text, 'x', sizeof(text));
	signal(SIGPIPE, SIG_IGN);
	if (pipe(end) || close(end[0]) || dup2(end[1], STDOUT_FILENO) < 0 ||
	    dup2(messages, STDERR_FILENO) < 0)
		_exit(3);
	bench_standard_begin("printer");
	for (size_t done = 0; done < size; done += piece)
		(void)fwrite(text, 1, piece < size - done ? piece : size - done, stdout);
	errno = 0; /* whatever the program has done since */
	exit(0);
}

/*
 * The write of a full buffer may be the last one: what stdio keeps of its
 * failure is a mark without a reason, and a later flush finds nothing left to
 * write. The reason is told all the same, wherever the output ends.
 */
static void the_reason_is_told_wherever_the_output_ends(void **state)
{
	static const size_t pieces[] = {1, 64, BUFSIZ, PROBED_MOST};

	(void)state;
	fflush(NULL);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (size_t size = 512; size <= PROBED_MOST; size += 512) {
			char text[256] = "";
			int end[2], pid, status;

			assert_int_equal(pipe(end), 0);
			pid = fork();
			if (pid == 0)
				print_to_nobody(size, pieces[i], end[1]);
			close(end[1]);
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(read(end[0], text, sizeof(text) - 1) >= 0);
			close(end[0]);
			if (strcmp(text, "printer: standard output: Broken pipe\n") != 0)
				fail_msg("%zu bytes in pieces of %zu: '%s'", size, pieces[i], text);
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 2);
		}
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
		cmocka_unit_test(the_reason_is_told_wherever_the_output_ends),
	};

	(void)argc;
	programs = argv + 1;
	return cmocka_run_group_tests(tests, make_results, remove_results);
}
