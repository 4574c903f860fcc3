/* SPDX-License-Identifier: MIT */
/*
 * aim.h - chance, aimed: where a random operation goes and how far it reaches.
 *
 * Uniform random numbers would hardly ever make two areas meet. So an address
 * is mostly an end of an area, a page beside one, or a page of a small
 * playground; a length mostly reaches to the next end, or a page short of it or
 * beyond; kinds of memory come mostly from a handful, so that neighbours are
 * alike; and some of all are the limits themselves: zero, the last page, no
 * page.
 *
 * An operation that would change what lies outside the arena would break the
 * oracle, which lives there: none is made.
 */
#ifndef TESTS_ORACLE_AIM_H
#define TESTS_ORACLE_AIM_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/oracle/sketch.h"

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define PLAYGROUND 0x20000000UL
#define PLAYGROUND_PAGES 48
#define DEPTH_MAX 5
#define LINE_MAX_BYTES 256
#define WORDS_ROOM 128 /* for mmap's flags */

enum profile {
	PLACEMENT,
	MERGING,
	LOCKING,
	MREMAP,
	FORK,
	GROWTH,
	FILES,
	HUGE_PAGES,
	EVERYTHING,
	NR_PROFILES
};

/* A script on its way. */
struct maker {
	uint64_t random;
	enum profile profile;
	struct sketch process[DEPTH_MAX]; /* the current one last */
	int depth, idle;
	bool probes;               /* it ends with questions about what no listing shows */
	char line[LINE_MAX_BYTES]; /* the operation that was made last */
};

/*
 * ---- chance ---- One call an expression: in which order a compiler evaluates
 * two of them is its own business, and would show in the script.
 */

uint64_t next_random(struct maker *m);
unsigned long below(struct maker *m, unsigned long n); /* of [0, n) */
bool one_in(struct maker *m, unsigned long n);
bool per_cent(struct maker *m, unsigned int n);

#define PICK(m, array) ((array)[below(m, sizeof(array) / sizeof((array)[0]))])

/* ---- addresses and lengths ---- */

struct sketch *sketch(struct maker *m);
const struct area *some_area(struct maker *m); /* NULL: there is none */
unsigned long area_page(struct maker *m, const struct area *area);
/* The nearest page of the arena. */
unsigned long into_arena(unsigned long addr);
unsigned long round_up(unsigned long len);
bool in_arena(unsigned long start, unsigned long len);

/* A page of the arena, most often one where something begins or ends. */
unsigned long address(struct maker *m);
/* Up to @room, so that nothing outside the arena is meant. */
unsigned long length(struct maker *m, unsigned long room);
/*
 * A range of the arena: an area, its beginning, its end, its middle, or more
 * than it.
 */
void range(struct maker *m, unsigned long *start, unsigned long *len);
/* Now and then: what a range must not be, but harmless. */
void spoil(struct maker *m, unsigned long *start, unsigned long *len);

/* ---- words ---- */

void line(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *protection(struct maker *m);
/* @words, WORDS_ROOM bytes, gets one more, joined by |. */
void add_word(char *words, const char *word);

/* ---- what becomes of the sketch ---- */

/* @words: mmap's flags. */
void map_into_sketch(struct maker *m, unsigned long addr, unsigned long len, const char *words);
void move_in_sketch(struct maker *m, unsigned long start, unsigned long len, unsigned long target,
		    unsigned long new_len, bool keep);
void cut_in_sketch(struct maker *m, unsigned long start, unsigned long len);

#endif
