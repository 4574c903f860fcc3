/* SPDX-License-Identifier: MIT */
/*
 * excluded.h - the checks of Linux's test that ask for something that only
 * Linux's node layout has, by their text:
 *
 *   mt_height(mt) != 4     after 1,200 ranges and more, stored so that Linux's
 *                          nodes split on every level: how high is the tree?
 *   mt_height(mt) < 4      The test's other checks of the height ask for less
 *                          than 4, and are made.
 *   mn1 == mn2             two entries that Linux's tree has in different
 *                          nodes. Both are the test's check of its own set-up;
 *   mn == mas.node         what it asks next, of the steps from the one to the
 *                          other, is made.
 */
#ifndef TESTS_MAPLE_KERNEL_EXCLUDED_H
#define TESTS_MAPLE_KERNEL_EXCLUDED_H

#include <stdbool.h>
#include <string.h>

/* Decided by the compiler: @check is a literal. */
static inline bool is_excluded(const char *check)
{
	return !strcmp(check, "mt_height(mt) != 4") || !strcmp(check, "mt_height(mt) < 4") ||
	       !strcmp(check, "mn1 == mn2") || !strcmp(check, "mn == mas.node");
}

/* The test came by an excluded check. */
void note_excluded(const char *func, const char *check);

#endif
