/* SPDX-License-Identifier: MIT */
/*
 * print.c - the program that prints the op scripts of differ.c, to read or keep
 * one.
 *
 * Exit status: 0; 2 for a wrong word, or if standard output was lost.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tests/oracle/generate.h"

struct arguments {
	struct bench_names profile;
	unsigned long seed, seeds, ops;
};

static const struct argp_option options[] = {
	{"profile", 'p', "P", 0,
	 "placement merging locking mremap fork growth files huge everything (everything)", 0},
	{"seed", 's', "N", 0, "the first seed (0)", 0},
	{"seeds", 'n', "N", 0, "how many scripts (1)", 0},
	{"ops", 'o', "N", 0, "operations in each (60)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'p':
		bench_argp_names(state, "--profile", arg, generate_profiles, &a->profile);
		return 0;
	case 's':
		a->seed = bench_argp_number(state, "--seed", arg, 0, 1000000000000);
		return 0;
	case 'n':
		a->seeds = bench_argp_number(state, "--seeds", arg, 1, 1000000000);
		return 0;
	case 'o':
		a->ops = bench_argp_number(state, "--ops", arg, 1, 4000);
		return 0;
	case ARGP_KEY_ARG:
		bench_argp_no_word(state, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, "Print random op scripts.",
					 NULL,    NULL,  NULL};
	struct arguments a = {.seeds = 1, .ops = 60};

	bench_standard_begin("print");
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	for (unsigned long i = 0; i < a.seeds && !ferror(stdout); i++)
		for (unsigned int p = 0; p < (a.profile.nr ? a.profile.nr : 1); p++) {
			struct generate g = {
				.profile = a.profile.nr ? a.profile.name[p] : "everything",
				.seed = a.seed + i,
				.ops = a.ops,
			};

			generate_script(&g, stdout);
		}
	return 0;
}
