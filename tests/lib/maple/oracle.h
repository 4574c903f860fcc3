/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - what a maple tree must hold, in a form too simple to be wrong: a
 * sorted array of ranges that together cover 0..ULONG_MAX. Adjacent gaps are
 * one range. Adjacent entries stay two ranges, even if they are equal.
 *
 * Locks: one thread.
 */
#ifndef TESTS_MAPLE_ORACLE_H
#define TESTS_MAPLE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

struct oracle_range {
	unsigned long first, last;
	void *entry;
};

struct oracle {
	size_t n, room;
	struct oracle_range *range;
};

/* Returned for "no such range". */
#define ORACLE_NONE ((size_t)-1)

/* Begins with one gap. */
void oracle_init(struct oracle *o);
void oracle_free(struct oracle *o);
/* @to must have been initialised. */
void oracle_copy(struct oracle *to, const struct oracle *from);
/* Restores the state after oracle_init(). */
void oracle_clear(struct oracle *o);

/* Return: the number of the range that holds @key. */
size_t oracle_at(const struct oracle *o, unsigned long key);
void oracle_store(struct oracle *o, unsigned long first, unsigned long last, void *entry);

/*
 * The next range after range @i that begins at or before @max, or the previous
 * one that ends at or after @min. Unless @gaps is set, ranges without an entry
 * are skipped. Return: its number, or ORACLE_NONE.
 */
size_t oracle_next(const struct oracle *o, size_t i, unsigned long max, bool gaps);
size_t oracle_prev(const struct oracle *o, size_t i, unsigned long min, bool gaps);

/*
 * The lowest, or highest, place for @size indexes in a gap inside [@min, @max].
 * Return: false if there is none.
 */
bool oracle_gap(const struct oracle *o, unsigned long min, unsigned long max, unsigned long size,
		bool highest, unsigned long *at);

#endif
