/* SPDX-License-Identifier: MIT */
/*
 * reduce.h - finds a small script on which kernel and engine still differ, by
 * delta debugging: it removes ever smaller pieces, and keeps each removal after
 * which the two still differ.
 */
#ifndef TESTS_ORACLE_REDUCE_H
#define TESTS_ORACLE_REDUCE_H

#include <stdio.h>

#include "tests/oracle/sides.h"

/*
 * @script: one script, whose first line is `script ...`. Prints the reduced
 *          script and the answers of both sides where they first differ.
 */
void reduce_and_print(const struct sides *sides, const char *engine, const char *script, FILE *out);

#endif
