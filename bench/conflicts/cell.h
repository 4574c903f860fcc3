/* SPDX-License-Identifier: MIT */
/*
 * cell.h - runs one cell of the conflict table: two threads, each repeating its
 * operation in its place of one address space. Reports the cache lines that
 * both threads touch and at least one writes. conflicts.c calls it; lines.h and
 * symbols.h help.
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

/* All shared lines that have one name. */
struct cell_line {
	char name[CELL_NAME_MAX];
	size_t nr;       /* how many; all passing lines count as one */
	double often[2]; /* lines touched per operation of each thread, on average */
	bool writes[2];  /* whether each thread writes them */
	bool passing;    /* memory that one thread frees and the other allocates */
	bool unknown;    /* neither lib/where, the heap nor a symbol names them */
};

struct cell_result {
	struct cell_line *line; /* sorted by name */
	size_t nr;
};

/*
 * cell_line_is_rare() - Whether fewer than one in eight operations of one of
 * the threads touch @line.
 */
bool cell_line_is_rare(const struct cell_line *line);

/*
 * cell_exists() - Whether the pair of operations makes sense in that relation.
 */
bool cell_exists(const struct cell *cell);

/*
 * cell_run() - Run @cell and name the lines. The calling process must have one
 * thread and must not have used the library before.
 * Return: false, with the reason in @why.
 */
bool cell_run(const struct cell *cell, struct cell_result *result, char why[CELL_WHY_MAX]);

#endif
