/* SPDX-License-Identifier: MIT */
/*
 * life.h - the random life of a pair: operations of every kind, over keys of
 * one pattern that resembles those of real programs.
 *
 * Locks: one thread.
 */
#ifndef TESTS_MAPLE_LIFE_H
#define TESTS_MAPLE_LIFE_H

#include "tests/lib/maple/pair.h"

struct life;

/* Draws the ranges that stores cover. */
struct pattern {
	const char *name;
	void (*range)(struct life *l, unsigned long *first, unsigned long *last);
};

#define LIFE_PATTERNS 11u
extern const struct pattern life_patterns[LIFE_PATTERNS];

struct life {
	struct pair *pair;
	const struct pattern *pattern;
	uint64_t random;
	unsigned long at; /* the last key of patterns whose keys ascend */
	unsigned long entries;
};

void life_begin(struct life *l, struct pair *pair, const struct pattern *pattern, uint64_t seed);
uint64_t life_random(struct life *l);
unsigned long life_below(struct life *l, unsigned long limit);

/* A random write, of which @clears in a hundred store NULL; a random read. */
struct op life_write(struct life *l, unsigned int clears);
struct op life_read(struct life *l);

/*
 * Makes @steps writes and as many reads. Return: false if tree and oracle
 * differ; the difference was then reported.
 */
bool life_run(struct life *l, unsigned int steps, unsigned int clears);
/* Erases ranges until the tree is empty. */
bool life_drain(struct life *l);

#endif
