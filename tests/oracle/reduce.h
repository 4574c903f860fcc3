/* SPDX-License-Identifier: MIT */
/*
 * reduce.h - the fewest lines of a script on which kernel and engine still
 * differ, by delta debugging: leave out ever smaller pieces, and keep what is
 * left wherever the two differ on it, too.
 */
#ifndef TESTS_ORACLE_REDUCE_H
#define TESTS_ORACLE_REDUCE_H

#include <stdio.h>

#include "tests/oracle/sides.h"

/*
 * @script: one script, its first line `script ...`. Prints the reduced script
 * and what both sides answer where they part.
 */
void reduce_and_print(const struct sides *sides, const char *engine, const char *script, FILE *out);

#endif
