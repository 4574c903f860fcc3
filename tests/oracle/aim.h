/* SPDX-License-Identifier: MIT */
/*
 * aim.h - aimed chance: chooses where a random operation works and how far it
 * reaches.
 *
 * Uniform random numbers would hardly ever make two areas meet. Therefore an
 * address is mostly an end of an area, a page next to an area, or a page of a
 * small playground. A length mostly reaches to the next end, or a page less or
 * more. Kinds of memory come mostly from a few, so that neighbours are alike.
 * Some addresses and lengths are the limits themselves: zero, the last page, no
 * page.
 *
 * No operation may change memory outside the arena, because the oracle itself
 * lives there.
 *
 * Locks: none; a struct maker belongs to one thread.
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
#define WORDS_ROOM 128 /* room for the words of mmap's flags */

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

/* A script under construction. */
struct maker {
	uint64_t random;
	enum profile profile;
	struct sketch process[DEPTH_MAX]; /* the current process last */
	int depth, idle;
	bool probes; /* the script ends with operations that reveal what no listing shows */
	char line[LINE_MAX_BYTES]; /* the last operation */
};

/*
 * ---- chance ----
 *
 * An expression must call these functions once at most: the order in which a
 * compiler evaluates two calls is unspecified, and would change the script.
 */

uint64_t next_random(struct maker *m);
unsigned long below(struct maker *m, unsigned long n); /* in [0, n) */
bool one_in(struct maker *m, unsigned long n);
bool per_cent(struct maker *m, unsigned int n);

#define PICK(m, array) ((array)[below(m, sizeof(array) / sizeof((array)[0]))])

/* ---- addresses and lengths ---- */

struct sketch *sketch(struct maker *m);
const struct area *some_area(struct maker *m); /* NULL if there is none */
unsigned long area_page(struct maker *m, const struct area *area);
/* Return the nearest page of the arena. */
unsigned long into_arena(unsigned long addr);
unsigned long round_up(unsigned long len);
bool in_arena(unsigned long start, unsigned long len);

/* Choose a page of the arena, mostly one where an area begins or ends. */
unsigned long address(struct maker *m);
/* Choose a length up to @room, so that the range stays in the arena. */
unsigned long length(struct maker *m, unsigned long room);
/*
 * Choose a range of the arena: an area, its beginning, its end, its middle, or
 * more than it.
 */
void range(struct maker *m, unsigned long *start, unsigned long *len);
/* Sometimes make the range invalid, in a harmless way. */
void spoil(struct maker *m, unsigned long *start, unsigned long *len);

/* ---- words ---- */

void line(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *protection(struct maker *m);
/* Append a word to @words, which has WORDS_ROOM bytes; | joins them. */
void add_word(char *words, const char *word);

/* ---- updating the sketch ---- */

/* @words: the words of mmap's flags. */
void map_into_sketch(struct maker *m, unsigned long addr, unsigned long len, const char *words);
void move_in_sketch(struct maker *m, unsigned long start, unsigned long len, unsigned long target,
		    unsigned long new_len, bool keep);
void cut_in_sketch(struct maker *m, unsigned long start, unsigned long len);

#endif
