/* SPDX-License-Identifier: MIT */
/*
 * cell.h - two threads, each at its operation in its place of one address
 * space, and the cache lines that both touch and one writes.
 */
#ifndef BENCH_CONFLICTS_CELL_H
#define BENCH_CONFLICTS_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/conflicts/operation.h"

#define CELL_NAME_MAX 320
#define CELL_WHY_MAX 160

/* Where the second thread's place lies, seen from the first's. */
enum relation {
	RELATION_SAME,
	RELATION_NEIGHBOURING,
	RELATION_ONE_LEAF,
	RELATION_OTHER_LEAVES,
	NR_RELATIONS
};
extern const char *const relation_names[]; /* NULL-terminated */

struct cell {
	const char *engine;
	const struct operation *op[2];
	enum relation relation;
};

/* Lines of one name. */
struct cell_line {
	char name[CELL_NAME_MAX];
	size_t nr;       /* how many; those that pass between the threads count as one */
	double often[2]; /* how many of them an operation of each thread touches, on average */
	bool writes[2];  /* which thread writes them */
	bool passing;    /* they are memory that passes from one thread to the other */
	bool unknown;    /* nobody knows what they are */
};

struct cell_result {
	struct cell_line *line; /* by name */
	size_t nr;
};

/* Whether fewer than one in eight of some thread's operations touch it. */
bool cell_line_is_rare(const struct cell_line *line);

/* Whether the pair means anything in that relation. */
bool cell_exists(const struct cell *cell);

/*
 * Run it. The process has not used the library before and has one thread.
 * Return: false, with the reason in @why.
 */
bool cell_run(const struct cell *cell, struct cell_result *result, char why[CELL_WHY_MAX]);

#endif
