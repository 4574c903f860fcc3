/* SPDX-License-Identifier: MIT */
/*
 * conflicts.h - the findings of bench/conflicts: how many cache lines two
 * operations share that at least one of them writes, by engine and relation.
 */
#ifndef REPORT_CONFLICTS_H
#define REPORT_CONFLICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/harness/args.h"

struct conflict {
	char a[BENCH_NAME_MAX], b[BENCH_NAME_MAX];
	char relation[BENCH_NAME_MAX], engine[BENCH_NAME_MAX];
	unsigned long lines; /* shared_written_lines */
	unsigned long rare;  /* those lines that few operations touch */
	char *names;         /* "NAME; NAME", never NULL */
};

#define CONFLICT_NAMES_MAX 64u

/* Different names of one kind. */
struct conflict_names {
	char name[CONFLICT_NAMES_MAX][BENCH_NAME_MAX];
	size_t nr;
};

struct conflicts {
	struct conflict *conflict;
	size_t nr;
	struct conflict_names operations, relations, engines;
};

/* Whether @line has the keys of an object of bench/conflicts. */
bool conflicts_is_one(const char *line);

/**
 * conflicts_add() - Parse @line, which may come from anywhere. It replaces an
 * earlier one of the same pair, relation and engine. An object with wrong
 * fields is refused, and so are more than CONFLICT_NAMES_MAX operations,
 * relations or engines.
 * @why: receives "what was found, what was expected" on failure.
 */
bool conflicts_add(struct conflicts *conflicts, const char *line, char *why, size_t why_size);

/**
 * conflicts_print_json() - Print all, one object a line, as bench/conflicts
 * does. Return: false if they could not be written.
 */
bool conflicts_print_json(FILE *out, const struct conflicts *conflicts);

/** conflicts_find() - The pair @a and @b, in either order, or NULL. */
const struct conflict *conflicts_find(const struct conflicts *conflicts, const char *engine,
				      const char *relation, const char *a, const char *b);

void conflicts_free(struct conflicts *conflicts);

#endif
