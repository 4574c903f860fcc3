/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line of a program as a table: one row for each
 * option, with its help, its range and the variable that receives its value.
 * argp prints --help; args.h parses the values and words the refusals.
 *
 *   const struct bench_option options[] = {
 *       {"vmas", 0, "N", "how many (500)", .number = &vmas, .most = 1000},
 *       {"json", 'j', NULL, "one JSON object a line", .flag = &json},
 *       {.arg = "FILE", .help = "a recording", .text = &path},
 *       {0},
 *   };
 *
 * Locks: none; one thread at a time may call bench_options().
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "bench/harness/args.h"

/*
 * The one pointer of flag ... take that is not NULL says what the option takes.
 * An option that is not given leaves its variable alone, except for @names.
 */
struct bench_option {
	const char *name; /* without --; NULL: the program's one file */
	int key;          /* its letter; 0: it has none */
	const char *arg;  /* as --help calls the value; NULL: it takes none */
	const char *help; /* of the file: what was expected where there is none */
	int flags;        /* argp's OPTION_HIDDEN, OPTION_ARG_OPTIONAL */
	bool *flag;
	const char **text;
	unsigned long *number;         /* in [least, most] */
	struct bench_numbers *numbers; /* each in [least, most] */
	double *seconds;
	struct bench_names *names; /* of @known; all of them if the list is empty and not given */
	const char **one;          /* one name of @known */
	/* anything else; @arg: NULL: not given; Return: false, with @why */
	bool (*take)(char *arg, void *to, char why[BENCH_WHY_MAX]);
	void *to;
	unsigned long least, most;
	const char *const *known; /* ends with NULL */
};

/* The options of every stress program; @a has threads, seconds and seed. */
#define BENCH_STRESS_OPTIONS(a, threads_least, threads_most, threads_help)                         \
	{"threads",                                                                                \
	 't',                                                                                      \
	 "N",                                                                                      \
	 threads_help,                                                                             \
	 .number = &(a)->threads,                                                                  \
	 .least = threads_least,                                                                   \
	 .most = threads_most},                                                                    \
		{"seconds",                                                                        \
		 's',                                                                              \
		 "N",                                                                              \
		 "how long (default 10)",                                                          \
		 .number = &(a)->seconds,                                                          \
		 .least = 1,                                                                       \
		 .most = 1000000},                                                                 \
	{                                                                                          \
		"seed", 'r', "N", "seed of the random streams (default: the time)",                \
			.number = &(a)->seed, .most = ~0UL                                         \
	}

/**
 * bench_options() - Parse the command line.
 * @doc: the first line of --help.
 * @options: ends with a row of zeros.
 *
 * Wrong input ends the program with BENCH_EXIT_USAGE and a line that says what
 * was found and what was expected; --help ends it with 0.
 */
void bench_options(int argc, char **argv, const char *doc, const struct bench_option *options);

/**
 * bench_refuse() - End the program in the same way, for what only the program
 * itself can judge.
 */
void bench_refuse(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
