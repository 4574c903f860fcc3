/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - a place in the line being read, and readers of small parts of it:
 * each one takes its part and moves the cursor behind it, or leaves it where it
 * is. Internal to tools/trace.
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

/* What a reader of fields answers. */
enum verdict { GOOD, WRONG, SKIP };

/* The text at the cursor does not fit. Return: WRONG. */
enum verdict cursor_wrong(struct cursor *cursor, const char *expected);

void cursor_skip_blanks(struct cursor *cursor);
enum verdict cursor_at_end(struct cursor *cursor);
bool cursor_take(struct cursor *cursor, const char *literal);

/*
 * A number without sign or prefix. false: none here, or beyond 64 bits; the
 * cursor stays.
 */
bool cursor_take_digits(struct cursor *cursor, unsigned int base, uint64_t *value);
/* A hexadecimal number with 0x. */
bool cursor_take_hex(struct cursor *cursor, uint64_t *value);
/* As perf prints arguments: hexadecimal with 0x, or decimal. */
bool cursor_take_number(struct cursor *cursor, uint64_t *value);
/* A process or thread id; perf knows -1. */
bool cursor_take_id(struct cursor *cursor, int *id);
/* "A/B" or "A:B" */
bool cursor_take_pair(struct cursor *cursor, char between, int *first, int *second);
bool cursor_take_bool(struct cursor *cursor, bool *value);

/*
 * The last place of @key in the line; behind it. NULL: nowhere. Names in front
 * of it may hold anything, even @key.
 */
char *cursor_behind_last(const struct cursor *cursor, const char *key);

#endif
