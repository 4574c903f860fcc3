/* SPDX-License-Identifier: MIT */
/*
 * figure.h - one line of the result: the values of every store, round by round,
 * and how the peers compare with ours.
 *
 * A round runs every store once, so a ratio is taken within a round. The result
 * is the median of the ratios over the rounds; the quartiles next to it are the
 * spread. goals.c holds the goals.
 *
 * Locks: none.
 */
#ifndef BENCH_MAPLE_FIGURE_H
#define BENCH_MAPLE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/maple/store.h"

#define STORES_MAX 8
#define ROUNDS_MAX 101

/* The meaning of a ratio. */
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
	const struct store *const *stores; /* [0] must be ours, or nothing is compared */
	bool measured[STORES_MAX];
	unsigned long errors[STORES_MAX];
	double value[STORES_MAX][ROUNDS_MAX];
};

struct spread {
	double median, low, high; /* and the quartiles */
	/* The best round: if the machine also has other work, the quietest. */
	double least;
};

/**
 * figure_value() - The values of @store, an index, over the rounds.
 */
struct spread figure_value(const struct figure *f, unsigned int store);
/**
 * figure_ratio() - The ratios of @peer, an index, to ours over the rounds.
 */
struct spread figure_ratio(const struct figure *f, unsigned int peer);
/**
 * figure_compared() - Whether @store has a ratio.
 */
bool figure_compared(const struct figure *f, unsigned int store);
unsigned long figure_errors(const struct figure *f);

/**
 * figure_goal() - The goal for our ratio to the kernel's tree; 0: none.
 */
double figure_goal(const struct figure *f);

void figure_table_head(FILE *out, const struct figure *f);
void figure_table_row(FILE *out, const struct figure *f);
/**
 * figure_json() - Print a JSON object a line for each measured store.
 * Return: 0, or -1 if it could not be written.
 */
int figure_json(FILE *out, const struct figure *f);

#endif
