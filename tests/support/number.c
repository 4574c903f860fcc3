/* SPDX-License-Identifier: MIT */
/* number.c - see number.h. */
#include "tests/support/number.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"

unsigned long number_of_variable(const char *name, unsigned long least, unsigned long most,
				 unsigned long otherwise)
{
	const char *text = getenv(name);
	char why[BENCH_WHY_MAX];
	unsigned long value;

	if (!text)
		return otherwise;
	if (bench_arg_number(name, text, least, most, &value, why, sizeof(why)))
		return value;
	bench_say(stderr, "%s", why);
	exit(BENCH_EXIT_USAGE);
}
