/* SPDX-License-Identifier: MIT */
/*
 * explore.h - what a scenario is: a few threads that use the library, and what
 * must hold meanwhile and afterwards. README.md says how to add one.
 */
#ifndef TESTS_EXPLORE_EXPLORE_H
#define TESTS_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

#define EXPLORE_MAX_THREADS 4

struct explore_scenario {
	const char *name;
	const char *what;    /* one line: which rule it is about */
	void (*begin)(void); /* once, before the threads; alone in the process */
	void (*threads[EXPLORE_MAX_THREADS])(void);
	void (*end)(void); /* after the threads, alone again; may be NULL */
};

/* Every scenario, up to a NULL. */
extern const struct explore_scenario *const explore_scenarios[];

/* Ends this run as a failure. */
_Noreturn void explore_fail(const char *what, const char *file, int line);

/* Must hold in every schedule. */
#define explore_check(cond)                                                                        \
	do {                                                                                       \
		if (!(cond))                                                                       \
			explore_fail(#cond, __FILE__, __LINE__);                                   \
	} while (0)

#endif
