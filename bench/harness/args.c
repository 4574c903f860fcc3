/* SPDX-License-Identifier: MIT */
/*
 * args.c - parsing of the values of args.h.
 */
#include "bench/harness/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400.0

/* A number that ends at @text's end or, if @comma, at a comma; *@end is where it stopped. */
static bool parse_number(const char *text, bool comma, unsigned long least, unsigned long most, unsigned long *value, char **end)
{
	/* strtoul alone would take leading blanks and a sign. */
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoul(text, end, 10);
	return errno == 0 && (**end == '\0' || (comma && **end == ',')) && *value >= least && *value <= most;
}

bool bench_arg_number(const char *what, const char *text, unsigned long least, unsigned long most, unsigned long *value, char *why,
		      size_t why_size)
{
	char *end;

	if (parse_number(text, false, least, most, value, &end))
		return true;
	snprintf(why, why_size, "%s: found '%s', expected a number from %lu to %lu", what, text, least, most);
	return false;
}

bool bench_arg_seconds(const char *what, const char *text, double *value, char *why, size_t why_size)
{
	char *end = NULL;

	if (isdigit((unsigned char)*text) || *text == '.') {
		*value = strtod(text, &end);
		if (end != text && *end == '\0' && *value > 0 && *value <= DAY)
			return true;
	}
	snprintf(why, why_size, "%s: found '%s', expected a number of seconds above 0, such as 0.5", what, text);
	return false;
}

bool bench_arg_numbers(const char *what, const char *text, unsigned long least, unsigned long most, struct bench_numbers *list,
		       char *why, size_t why_size)
{
	const char *at = text;
	char *end;

	list->nr = 0;
	while (list->nr < BENCH_LIST_MAX && parse_number(at, true, least, most, &list->value[list->nr], &end)) {
		list->nr++;
		if (*end == '\0')
			return true;
		at = end + 1;
	}
	snprintf(why, why_size, "%s: found '%s', expected at most %d numbers from %lu to %lu with commas between, such as 1,2",
		 what, text, BENCH_LIST_MAX, least, most);
	return false;
}

static const char *known_name(const char *text, size_t len, const char *const *known)
{
	for (; *known; known++)
		if (strlen(*known) == len && memcmp(*known, text, len) == 0)
			return *known;
	return NULL;
}

static void say_unknown_name(const char *what, const char *text, size_t len, const char *const *known, char *why, size_t why_size)
{
	size_t used = (size_t)snprintf(why, why_size, "%s: found '%.*s', expected one of:", what, (int)len, text);

	for (; *known && used < why_size; known++)
		used += (size_t)snprintf(why + used, why_size - used, " %s", *known);
}

bool bench_arg_names(const char *what, const char *text, const char *const *known, struct bench_names *list, char *why,
		     size_t why_size)
{
	list->nr = 0;
	while (list->nr < BENCH_LIST_MAX) {
		size_t len = strcspn(text, ",");
		const char *name = known_name(text, len, known);

		if (!name) {
			say_unknown_name(what, text, len, known, why, why_size);
			return false;
		}
		list->name[list->nr++] = name;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
	snprintf(why, why_size, "%s: found more than %d names, expected fewer", what, BENCH_LIST_MAX);
	return false;
}
