/* SPDX-License-Identifier: MIT */
/*
 * ops.c - `vmreplay ops`: runs an op script and prints, after each operation,
 * its result and the layout.
 *
 * The text format is one that a program on a real kernel speaks too, so that
 * both outputs can be compared byte for byte:
 *
 *   input                                        output
 *   script NAME...                               the line itself; the next operation is #0 again
 *   mmap 0 3000 rw anon|private - 0              #0 mmap 0 3000 rw anon|private - 0
 *                                                = 4fffd000
 *                                                4fffd000-50000000 rw-p 0 -
 *
 * Numbers are hexadecimal without 0x. The world is an arena, [10000000,
 * 50000000); everything else is occupied by mappings that merge with nothing.
 * An operation that would unmap or replace these, or install guards in them, is
 * refused as a wrong word: the work of each operation is bounded by the arena.
 * The break starts at 10000000. world.c makes it; perform.c carries out a line.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/args.h"
#include "bench/harness/lines.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/vmreplay/perform.h"
#include "tools/vmreplay/vmreplay.h"

struct arguments {
	const char *path;
	struct bench_names engines;
	struct rules rules;
	bool flags, no_layout;
};

/* Where the script is; for messages. */
struct script {
	const char *path;
	unsigned long line;
	const char *engine;
	struct rules rules;
	bool flags, layout;
	unsigned long op;
	struct world *world;
};

/*
 * Prints `file:line: what is wrong` and ends the program; what was printed
 * before is whole.
 */
__attribute__((noreturn)) static void stop(const struct script *s, const char *why)
{
	bench_standard_flush();
	bench_say(stderr, "%s:%lu: %s", s->path, s->line, why);
	exit(EXIT_USAGE);
}

__attribute__((noreturn)) static void bad(const struct script *s, const struct op_wrong *wrong)
{
	char shown[BENCH_SHOWN_MAX], why[BENCH_WHY_MAX];

	snprintf(why, sizeof(why), "found '%s', expected %s", bench_shown(wrong->found, shown),
		 wrong->expected);
	stop(s, why);
}

static void begin_script(struct script *s)
{
	world_destroy(s->world);
	s->world = world_create(s->engine, &s->rules);
	if (!s->world)
		stop(s, "out of memory");
	s->op = 0;
}

static void run_op(struct script *s, const struct op *op)
{
	struct answer answer;

	if (!s->world)
		begin_script(s);
	if (!perform(s->world, op, &answer))
		bad(s, &answer.wrong);
	printf("#%lu %s\n= %s\n", s->op++, op->line, answer.text);
	if (s->layout)
		world_print(s->world, s->flags, stdout);
	/* The rest would only be lost, too. */
	if (ferror(stdout) && !bench_standard_flush())
		exit(EXIT_USAGE);
}

static void run_line(struct script *s, const char *line)
{
	struct op_wrong wrong;
	struct op op;

	switch (op_parse(line, &op, &wrong)) {
	case OP_LINE_EMPTY:
		break;
	case OP_LINE_SCRIPT:
		begin_script(s);
		puts(line);
		break;
	case OP_LINE_OPERATION:
		run_op(s, &op);
		break;
	case OP_LINE_WRONG:
		bad(s, &wrong);
	}
}

static void run_file(struct script *s)
{
	struct bench_lines lines;
	int err = bench_lines_open(&lines, s->path, BENCH_LINES_TEXT);
	enum bench_line got;
	char *line;

	if (err) {
		bench_say(stderr, "%s: %s", s->path, strerror(-err));
		exit(EXIT_USAGE);
	}
	while ((got = bench_lines_next(&lines, &line)) == BENCH_LINE) {
		s->line = lines.number;
		run_line(s, line);
	}
	s->line = lines.number;
	if (got == BENCH_LINES_BAD)
		stop(s, lines.why);
	bench_lines_close(&lines);
	world_destroy(s->world);
}

static const struct argp_option options[] = {
	{"engine", 'e', "E", 0, "rbtree, maple or maple-vma (default maple-vma)", 0},
	{"kernel", 'k', "X.Y", 0, "the Linux whose rules hold (default 6.18), or `running`", 0},
	{"rules", 'r', "NAME=VALUE,...", 0,
	 "single rules, such as read_takes_page=1, over those of the kernel; `machine` for all "
	 "that are found out here",
	 0},
	{"flags", 'f', NULL, 0, "end each line of the layout with smaps' VmFlags", 0},
	{"no-layout", 'n', NULL, 0, "print results alone", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	unsigned int version;
	char why[BENCH_WHY_MAX], shown[BENCH_SHOWN_MAX];

	switch (key) {
	case 'e':
		if (!bench_arg_names("--engine", arg, vms_engine_names(), &a->engines, why,
				     sizeof(why)))
			argp_failure(state, EXIT_USAGE, 0, "%s", why);
		if (a->engines.nr != 1)
			argp_failure(state, EXIT_USAGE, 0,
				     "--engine: found '%s', expected one engine",
				     bench_shown(arg, shown));
		return 0;
	case 'k':
		if (!rules_word_version(arg, &version))
			argp_failure(state, EXIT_USAGE, 0,
				     "--kernel: found '%s', expected X.Y, such as 6.18, or running",
				     bench_shown(arg, shown));
		rules_set_version(&a->rules, version);
		return 0;
	case 'r':
		if (!rules_set(&a->rules, arg, why, sizeof(why)))
			argp_failure(state, EXIT_USAGE, 0, "--rules: %s", why);
		return 0;
	case 'f':
		a->flags = true;
		return 0;
	case 'n':
		a->no_layout = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->path)
			argp_failure(state, EXIT_USAGE, 0, "found a second file '%s', expected one",
				     bench_shown(arg, shown));
		a->path = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_failure(state, EXIT_USAGE, 0,
			     "found no file, expected an op script (- for standard input)");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int vmreplay_ops(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse,
		"FILE",  "Run an op script; print each result and the layout after it.",
		NULL,    NULL,
		NULL};
	struct arguments a = {.rules = rules_default()};
	struct script s = {0};

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	s.path = a.path;
	s.engine = a.engines.nr ? a.engines.name[0] : "maple-vma";
	s.rules = a.rules;
	s.flags = a.flags;
	s.layout = !a.no_layout;
	run_file(&s);
	return 0;
}
