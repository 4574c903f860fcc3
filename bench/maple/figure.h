/* SPDX-License-Identifier: MIT */
/*
 * figure.h - one line of the result: what was measured on every store, round by
 * round, and how the peers compare with us.
 *
 * A round has every store once, so a ratio is taken within a round; its median
 * over the rounds is what counts, and the quartiles beside it are the spread.
 */
#ifndef BENCH_MAPLE_FIGURE_H
#define BENCH_MAPLE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/maple/store.h"

#define STORES_MAX 8
#define ROUNDS_MAX 101

/* How a ratio reads. */
enum ratio {
	RATIO_TIME,  /* peer / ours: how many times as fast we are */
	RATIO_RATE,  /* ours / peer: the same, of operations a second */
	RATIO_SHARE, /* ours / peer: what share of the peer's we need; less is better */
};

struct figure {
	const char *name, *title, *unit;
	enum ratio ratio;
	unsigned long ranges;
	unsigned int threads;
	unsigned int nr_stores, nr_rounds;
	const struct store *const *stores; /* [0] is ours, or nothing is compared */
	bool measured[STORES_MAX];
	unsigned long errors[STORES_MAX];
	double value[STORES_MAX][ROUNDS_MAX];
};

struct spread {
	double median, low, high; /* and quartiles */
	/* what the quietest round shows, where a machine has other work too */
	double least;
};

/** figure_value() - Over the rounds of @store, an index. */
struct spread figure_value(const struct figure *f, unsigned int store);
/** figure_ratio() - Over the rounds of @peer beside those of ours. */
struct spread figure_ratio(const struct figure *f, unsigned int peer);
/** figure_compared() - Is there a ratio for @store? */
bool figure_compared(const struct figure *f, unsigned int store);
unsigned long figure_errors(const struct figure *f);

/** figure_goal() - What our ratio to the kernel's tree is to be. 0: no goal. */
double figure_goal(const struct figure *f);

void figure_table_head(FILE *out, const struct figure *f);
void figure_table_row(FILE *out, const struct figure *f);
/**
 * figure_json() - An object a line for each store that was measured. Return: 0,
 * or -1 if it could not be written.
 */
int figure_json(FILE *out, const struct figure *f);

#endif
