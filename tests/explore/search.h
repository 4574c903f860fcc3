/* SPDX-License-Identifier: MIT */
/*
 * search.h - the process that makes the runs: what it searches, and how it
 * prints and keeps a schedule.
 */
#ifndef TESTS_EXPLORE_SEARCH_H
#define TESTS_EXPLORE_SEARCH_H

#include <stdio.h>

#include "tests/explore/run.h"

struct search {
	const struct explore_scenario *scenario;
	enum memory memory;
	bool races;
	unsigned int bound;   /* costly decisions of a schedule */
	double seconds;       /* 0: no limit */
	unsigned long random; /* random schedules; 0: all within the bound */
	uint64_t seed;
};

struct found {
	unsigned long runs, known; /* schedules; of them, that ended in a known state */
	unsigned long queued;      /* within the bound, not run */
	unsigned int bound;        /* which was completed; -1u: none */
	uint32_t longest;          /* decisions of a run */
	bool failed, restarted;
	double seconds;
};

/* search.c */
void search_prepare(void);
void search_run(const struct search *search, struct found *found);
/*
 * Run @nr unusual decisions once. Return: whether the run failed. The result is
 * in shared->result, and with @print each step is in shared->step.
 */
bool search_replay(const struct search *search, const struct unusual *unusual, unsigned int nr,
		   bool print);

/* print.c */
extern const char *const memory_names[];
/* Prints the last run's failure and its steps; @all: at private places, too. */
void print_failure(const struct search *search, bool all);
/* Write the last run's schedule to @path. Return: false, and errno. */
bool schedule_save(const struct search *search, const char *path);
/*
 * Read a schedule. Return: the number of decisions; -1, after a message: the
 * file is not one. Sets the scenario and the memory model of @search.
 */
int schedule_load(const char *path, struct search *search, struct unusual *unusual);

#endif
