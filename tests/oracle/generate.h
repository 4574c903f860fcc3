/* SPDX-License-Identifier: MIT */
/*
 * generate.h - makes random op scripts: the same seed, profile and number of
 * operations give the same script on every machine.
 */
#ifndef TESTS_ORACLE_GENERATE_H
#define TESTS_ORACLE_GENERATE_H

#include <stdio.h>

/* "placement", "merging", ...; NULL-terminated. */
extern const char *const generate_profiles[];

struct generate {
	const char *profile; /* one of generate_profiles */
	unsigned long seed;
	unsigned long ops;
	/* words that no operation may contain, NULL-terminated; or NULL */
	const char *const *without;
};

/* Print a line `script PROFILE SEED` and @ops lines of operations. */
void generate_script(const struct generate *g, FILE *out);

#endif
