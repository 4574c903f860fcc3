/* SPDX-License-Identifier: MIT */
/*
 * vmreplay.c - the program; it calls the command that its first word names.
 *
 *   check  replays a recording event by event and compares every record of it
 *          with the engine (check.c)
 *   run    replays it at full speed on many threads and measures (run.c)
 *   ops    runs an op script and prints results and layouts (ops.c)
 */
#include <stdio.h>
#include <string.h>

#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/vmreplay/vmreplay.h"

const char *argp_program_version = "vmreplay 1";

static const struct {
	char *name; /* the program's name in messages */
	int (*run)(int argc, char **argv);
} commands[] = {
	{"vmreplay check", vmreplay_check},
	{"vmreplay run", vmreplay_run},
	{"vmreplay ops", vmreplay_ops},
};

static const char usage[] =
	"usage: vmreplay check FILE [--engine=E,...] [--maps=FILE] [--rules=NAME=VALUE,...] "
	"[--json]\n"
	"       vmreplay run FILE [--engine=E,...] [--threads=T,...] [--seconds=S] [--json]\n"
	"       vmreplay ops FILE [--engine=E] [--kernel=X.Y] [--rules=NAME=VALUE,...] [--flags] "
	"[--no-layout]\n"
	"`vmreplay COMMAND --help` says more.\n";

int main(int argc, char **argv)
{
	char shown[BENCH_SHOWN_MAX];

	bench_standard_begin("vmreplay");
	if (argc >= 2) {
		if (strcmp(argv[1], "--help") == 0) {
			fputs(usage, stdout);
			return 0;
		}
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (strcmp(argv[1], commands[i].name + strlen("vmreplay ")) != 0)
				continue;
			argv[1] = commands[i].name;
			bench_standard_rename(commands[i].name);
			return commands[i].run(argc - 1, argv + 1);
		}
		bench_say(stderr, "vmreplay: found '%s', expected check, run or ops",
			  bench_shown(argv[1], shown));
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
