/* SPDX-License-Identifier: MIT */
/*
 * print.c - the program that prints the op scripts of differ.c, to read or keep
 * one.
 *
 * Exit status: 0; 2 for a wrong word, or if standard output was lost.
 */
#include <stdio.h>

#include "bench/harness/options.h"
#include "bench/harness/standard.h"
#include "tests/oracle/generate.h"

struct arguments {
	struct bench_names profile;
	unsigned long seed, seeds, ops;
};

int main(int argc, char **argv)
{
	struct arguments a = {.profile = {1, {"everything"}}, .seeds = 1, .ops = 60};
	const struct bench_option options[] = {
		{"profile", 'p', "P",
		 "placement merging locking mremap fork growth files huge everything (everything)",
		 .names = &a.profile, .known = generate_profiles},
		{"seed", 's', "N", "the first seed (0)", .number = &a.seed, .most = 1000000000000},
		{"seeds", 'n', "N", "how many scripts (1)", .number = &a.seeds, .least = 1,
		 .most = 1000000000},
		{"ops", 'o', "N", "operations in each (60)", .number = &a.ops, .least = 1,
		 .most = 4000},
		{0},
	};

	bench_standard_begin("print");
	bench_options(argc, argv, "Print random op scripts.", options);
	for (unsigned long i = 0; i < a.seeds && !ferror(stdout); i++)
		for (unsigned int p = 0; p < a.profile.nr; p++) {
			struct generate g = {
				.profile = a.profile.name[p],
				.seed = a.seed + i,
				.ops = a.ops,
			};

			generate_script(&g, stdout);
		}
	return 0;
}
