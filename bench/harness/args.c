/* SPDX-License-Identifier: MIT */
/*
 * args.c - see args.h. Each bench_arg_...() either sets the value or writes one
 * line into @why.
 */
#include "bench/harness/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/say.h"

#define DAY 86400.0
#define DIGITS "0123456789"
#define NAME_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_" DIGITS
#define NAME_NEXT NAME_FIRST ".:+-/"

/* Return: the value of the digit, or -1 if @c is none in @base. */
static int digit_of(char c, unsigned int base)
{
	int digit = -1;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	return digit < (int)base ? digit : -1;
}

bool bench_number(const char *text, unsigned int base, unsigned long most, unsigned long *value,
		  const char **end)
{
	unsigned long sum = 0;
	const char *at = text;

	for (int digit; (digit = digit_of(*at, base)) >= 0; at++)
		if (__builtin_mul_overflow(sum, (unsigned long)base, &sum) ||
		    __builtin_add_overflow(sum, (unsigned long)digit, &sum) || sum > most)
			return false;
	if (at == text || (!end && *at))
		return false;
	if (end)
		*end = at;
	*value = sum;
	return true;
}

bool bench_version(const char *text, unsigned long most, unsigned long *major, unsigned long *minor)
{
	const char *at;

	return bench_number(text, 10, most, major, &at) && *at == '.' &&
	       bench_number(at + 1, 10, most, minor, &at) && (!*at || strchr(".-+_", *at));
}

bool bench_is_name(const char *text)
{
	size_t len = strspn(text, NAME_NEXT);

	return len && len < BENCH_NAME_MAX && !text[len] && strchr(NAME_FIRST, *text);
}

/*
 * Parse a number that ends at the end of @text or, if @comma, at a comma. *@end
 * is where parsing stopped.
 */
static bool parse_number(const char *text, bool comma, unsigned long least, unsigned long most,
			 unsigned long *value, const char **end)
{
	return bench_number(text, 10, most, value, end) && *value >= least &&
	       (**end == '\0' || (comma && **end == ','));
}

bool bench_arg_number(const char *what, const char *text, unsigned long least, unsigned long most,
		      unsigned long *value, char *why, size_t why_size)
{
	char shown[BENCH_SHOWN_MAX];
	const char *end;

	if (parse_number(text, false, least, most, value, &end))
		return true;
	snprintf(why, why_size, "%s: found '%s', expected a number from %lu to %lu", what,
		 bench_shown(text, shown), least, most);
	return false;
}

void bench_all_names(const char *const *known, struct bench_names *list)
{
	for (list->nr = 0; known[list->nr]; list->nr++)
		list->name[list->nr] = known[list->nr];
}

bool bench_arg_seconds(const char *what, const char *text, double *value, char *why,
		       size_t why_size)
{
	/*
	 * Accept digits and a point only: strtod() would take blanks, signs,
	 * exponents, hexadecimal, "inf" and "nan".
	 */
	size_t len = strspn(text, DIGITS ".");
	char shown[BENCH_SHOWN_MAX], *end = NULL;

	if (len && !text[len]) {
		*value = strtod(text, &end);
		if (*end == '\0' && *value > 0 && *value <= DAY)
			return true;
	}
	snprintf(why, why_size,
		 "%s: found '%s', expected a number of seconds above 0, such as 0.5, of at most a "
		 "day",
		 what, bench_shown(text, shown));
	return false;
}

bool bench_arg_numbers(const char *what, const char *text, unsigned long least, unsigned long most,
		       struct bench_numbers *list, char *why, size_t why_size)
{
	char shown[BENCH_SHOWN_MAX];
	const char *at = text, *end;

	list->nr = 0;
	while (list->nr < BENCH_LIST_MAX &&
	       parse_number(at, true, least, most, &list->value[list->nr], &end)) {
		list->nr++;
		if (*end == '\0')
			return true;
		at = end + 1;
	}
	snprintf(why, why_size,
		 "%s: found '%s', expected at most %d numbers from %lu to %lu with commas between, "
		 "such as 1,2",
		 what, bench_shown(text, shown), BENCH_LIST_MAX, least, most);
	return false;
}

static const char *known_name(const char *text, size_t len, const char *const *known)
{
	for (; *known; known++)
		if (strlen(*known) == len && memcmp(*known, text, len) == 0)
			return *known;
	return NULL;
}

static void say_unknown_name(const char *what, const char *text, size_t len,
			     const char *const *known, char *why, size_t why_size)
{
	char found[BENCH_SHOWN_MAX], shown[BENCH_SHOWN_MAX];
	size_t used;

	/* One byte more than can be shown makes bench_shown() add the dots. */
	snprintf(found, sizeof(found), "%.*s", (int)(len < sizeof(found) ? len : sizeof(found)),
		 text);
	used = (size_t)snprintf(why, why_size, "%s: found '%s', expected one of:", what,
				bench_shown(found, shown));

	for (; *known && used < why_size; known++)
		used += (size_t)snprintf(why + used, why_size - used, " %s", *known);
}

bool bench_arg_names(const char *what, const char *text, const char *const *known,
		     struct bench_names *list, char *why, size_t why_size)
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
	snprintf(why, why_size, "%s: found more than %d names, expected fewer", what,
		 BENCH_LIST_MAX);
	return false;
}

bool bench_arg_name(const char *what, const char *text, char *why, size_t why_size)
{
	char shown[BENCH_SHOWN_MAX];

	if (bench_is_name(text))
		return true;
	snprintf(why, why_size,
		 "%s: found '%s', expected a name of at most %d of A-Z a-z 0-9 . _ : + - /, a "
		 "letter, digit or _ first",
		 what, bench_shown(text, shown), BENCH_NAME_MAX - 1);
	return false;
}
