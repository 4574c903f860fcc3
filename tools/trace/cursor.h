/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - a place in the line being read, and readers of small parts of the
 * line. Each reader takes its part and moves the cursor behind it, or returns
 * false and leaves the cursor where it is. Internal to tools/trace.
 */
#ifndef TOOLS_TRACE_CURSOR_H
#define TOOLS_TRACE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/reader.h"

struct cursor {
	struct trace_reader *reader;
	const char *at;
};

/* The result of a reader of fields. SKIP: an event of no interest. */
enum verdict { GOOD, WRONG, SKIP };

/* Set the message that the text at the cursor is wrong. Return: WRONG. */
enum verdict cursor_wrong(struct cursor *cursor, const char *expected);

void cursor_skip_blanks(struct cursor *cursor);
/* Skip blanks and expect the end of the line. */
enum verdict cursor_at_end(struct cursor *cursor);
bool cursor_take(struct cursor *cursor, const char *literal);

/*
 * Take a number without sign or prefix. Return: false if there is none, or if
 * it has more than 64 bits.
 */
bool cursor_take_digits(struct cursor *cursor, unsigned int base, uint64_t *value);
/* Take a hexadecimal number with 0x. */
bool cursor_take_hex(struct cursor *cursor, uint64_t *value);
/* Take a number as perf prints arguments: hexadecimal with 0x, or decimal. */
bool cursor_take_number(struct cursor *cursor, uint64_t *value);
/* Take a process or thread id; perf prints -1 for an unknown one. */
bool cursor_take_id(struct cursor *cursor, int *id);
/* Take two ids with the character @between, as in "A/B" or "A:B". */
bool cursor_take_pair(struct cursor *cursor, char between, int *first, int *second);
bool cursor_take_bool(struct cursor *cursor, bool *value);

/*
 * Find the last place of @key in the rest of the line. The last one counts,
 * because names in front of it may hold any text, even @key.
 * Return: the text behind it, or NULL.
 */
char *cursor_behind_last(const struct cursor *cursor, const char *key);

#endif
