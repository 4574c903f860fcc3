/* SPDX-License-Identifier: MIT */
/*
 * excluded.h - names, by their text, the checks of Linux's test that only
 * Linux's node layout can pass:
 *
 *   mt_height(mt) != 4     expects a height of 4 after 1,200 ranges and more,
 *                          stored so that Linux's nodes split on every level
 *   mt_height(mt) < 4      same place; the test's other checks of the height
 *                          ask for less than 4, and run
 *   mn1 == mn2             expects two entries in different nodes of Linux's
 *   mn == mas.node         tree; the test checks its own set-up with both, and
 *                          its next checks, of the steps between the two
 *                          entries, run
 */
#ifndef TESTS_MAPLE_KERNEL_EXCLUDED_H
#define TESTS_MAPLE_KERNEL_EXCLUDED_H

#include <stdbool.h>
#include <string.h>

/* The compiler evaluates this, because @check is a literal. */
static inline bool is_excluded(const char *check)
{
	return !strcmp(check, "mt_height(mt) != 4") || !strcmp(check, "mt_height(mt) < 4") ||
	       !strcmp(check, "mn1 == mn2") || !strcmp(check, "mn == mas.node");
}

/* Counts and reports an excluded check that the test reached. */
void note_excluded(const char *func, const char *check);

#endif
