/* SPDX-License-Identifier: MIT */
/* cursor.c - see cursor.h; also reader_error() of reader.h. */
#include "tools/trace/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FOUND_MAX 60 /* how much of a wrong line a message quotes */

/* ---- saying what is wrong ---- */

void reader_error(struct trace_reader *reader, const char *format, ...)
{
	int len = snprintf(reader->error, sizeof(reader->error), "%s:%lu: ", reader->path,
			   reader->counts.lines);
	va_list args;

	if (len < 0 || (size_t)len >= sizeof(reader->error))
		return;
	va_start(args, format);
	vsnprintf(reader->error + len, sizeof(reader->error) - (size_t)len, format, args);
	va_end(args);
}

enum verdict cursor_wrong(struct cursor *cursor, const char *expected)
{
	char found[FOUND_MAX + sizeof("...")];
	size_t len = strlen(cursor->at);
	size_t shown = len < FOUND_MAX ? len : FOUND_MAX;

	if (!len) {
		reader_error(cursor->reader, "the line ends, expected %s", expected);
		return WRONG;
	}
	for (size_t i = 0; i < shown; i++)
		found[i] = cursor->at[i] >= ' ' && cursor->at[i] <= '~' ? cursor->at[i] : '?';
	snprintf(found + shown, sizeof(found) - shown, "%s", len > shown ? "..." : "");
	reader_error(cursor->reader, "found `%s`, expected %s", found, expected);
	return WRONG;
}

/* ---- readers of small parts ---- */

void cursor_skip_blanks(struct cursor *cursor)
{
	while (*cursor->at == ' ')
		cursor->at++;
}

bool cursor_take(struct cursor *cursor, const char *literal)
{
	size_t len = strlen(literal);

	if (strncmp(cursor->at, literal, len))
		return false;
	cursor->at += len;
	return true;
}

/* Return: the value of the digit, or -1 if @c is none in @base. */
static int digit_of(char c, unsigned int base)
{
	int digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else
		return -1;
	return digit < (int)base ? digit : -1;
}

bool cursor_take_digits(struct cursor *cursor, unsigned int base, uint64_t *value)
{
	const char *at = cursor->at;
	uint64_t sum = 0;
	int digit;

	for (; (digit = digit_of(*at, base)) >= 0; at++)
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return false;
	if (at == cursor->at)
		return false;
	cursor->at = at;
	*value = sum;
	return true;
}

bool cursor_take_hex(struct cursor *cursor, uint64_t *value)
{
	const char *before = cursor->at;

	if (cursor_take(cursor, "0x") && cursor_take_digits(cursor, 16, value))
		return true;
	cursor->at = before;
	return false;
}

bool cursor_take_number(struct cursor *cursor, uint64_t *value)
{
	return strncmp(cursor->at, "0x", 2) ? cursor_take_digits(cursor, 10, value)
					    : cursor_take_hex(cursor, value);
}

bool cursor_take_id(struct cursor *cursor, int *id)
{
	const char *before = cursor->at;
	bool minus = cursor_take(cursor, "-");
	uint64_t value;

	if (cursor_take_digits(cursor, 10, &value) && value <= INT32_MAX) {
		*id = minus ? -(int)value : (int)value;
		return true;
	}
	cursor->at = before;
	return false;
}

bool cursor_take_pair(struct cursor *cursor, char between, int *first, int *second)
{
	const char *before = cursor->at;

	if (cursor_take_id(cursor, first) && *cursor->at == between) {
		cursor->at++;
		if (cursor_take_id(cursor, second))
			return true;
	}
	cursor->at = before;
	return false;
}

bool cursor_take_bool(struct cursor *cursor, bool *value)
{
	if (cursor_take(cursor, "true"))
		*value = true;
	else if (cursor_take(cursor, "false"))
		*value = false;
	else
		return false;
	return true;
}

char *cursor_behind_last(const struct cursor *cursor, const char *key)
{
	char *found = NULL;

	for (char *at = (char *)cursor->at; (at = strstr(at, key)); at++)
		found = at;
	return found ? found + strlen(key) : NULL;
}

enum verdict cursor_at_end(struct cursor *cursor)
{
	cursor_skip_blanks(cursor);
	return *cursor->at ? cursor_wrong(cursor, "the end of the line") : GOOD;
}
