/* SPDX-License-Identifier: MIT */
/*
 * ops.c - `vmreplay ops`: runs an op script and prints, after each operation,
 * its result and the layout.
 *
 * The oracle prints the same format for a real kernel, so that both outputs can
 * be compared byte for byte:
 *
 *   input                              output
 *   script NAME...                     the line itself; operations begin
 *                                      at #0 again
 *   mmap 0 3000 rw anon|private - 0    #0 mmap 0 3000 rw anon|private - 0
 *                                      = 4fffd000
 *                                      4fffd000-50000000 rw-p 0 -
 *
 * Numbers are hexadecimal without 0x. The world is an arena, [10000000,
 * 50000000); all other addresses are occupied by mappings that merge with
 * nothing. An operation that would unmap or replace these, or install guards in
 * them, is refused like a wrong word, so that the arena bounds the work of each
 * operation. The break starts at 10000000.
 *
 * tools/opscript parses a line, world.c makes the world, perform.c performs an
 * operation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/lines.h"
#include "bench/harness/options.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/vmreplay/perform.h"
#include "tools/vmreplay/vmreplay.h"

/* The run of one script file. */
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
 * Print `file:line: what is wrong` and end the program. The output so far is
 * written first.
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
	/* Stop at lost output, because the rest would be lost, too. */
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

static bool take_kernel(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	char shown[BENCH_SHOWN_MAX];
	unsigned int version;

	if (!rules_word_version(arg, &version)) {
		snprintf(why, BENCH_WHY_MAX,
			 "--kernel: found '%s', expected X.Y, such as 6.18, or running",
			 bench_shown(arg, shown));
		return false;
	}
	rules_set_version(to, version);
	return true;
}

bool vmreplay_take_rules(char *arg, void *to, char why[BENCH_WHY_MAX])
{
	char wrong[BENCH_WHY_MAX];

	if (rules_set(to, arg, wrong, sizeof(wrong)))
		return true;
	snprintf(why, BENCH_WHY_MAX, "--rules: %.900s", wrong);
	return false;
}

int vmreplay_ops(int argc, char **argv)
{
	struct script s = {.engine = "maple-vma", .rules = rules_default()};
	bool no_layout = false;
	const struct bench_option options[] = {
		{"engine", 'e', "E", "rbtree, maple or maple-vma (default maple-vma)",
		 .one = &s.engine, .known = vms_engine_names()},
		{"kernel", 'k', "X.Y", "the Linux whose rules hold (default 6.18), or `running`",
		 .take = take_kernel, .to = &s.rules},
		{"rules", 'r', "NAME=VALUE,...",
		 "single rules, such as read_takes_page=1, over those of the kernel; `machine` for "
		 "all that are found out here",
		 .take = vmreplay_take_rules, .to = &s.rules},
		{"flags", 'f', NULL, "end each line of the layout with smaps' VmFlags",
		 .flag = &s.flags},
		{"no-layout", 'n', NULL, "print results alone", .flag = &no_layout},
		{.arg = "FILE", .help = "an op script (- for standard input)", .text = &s.path},
		{0},
	};

	bench_options(argc, argv, "Run an op script; print each result and the layout after it.",
		      options);
	s.layout = !no_layout;
	run_file(&s);
	return 0;
}
