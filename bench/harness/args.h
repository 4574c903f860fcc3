/* SPDX-License-Identifier: MIT */
/*
 * args.h - parses the numbers and names that programs read from their command
 * lines and from files. All programs use this parser, so that all refuse the
 * same things. A number consists of digits only: no blanks, no sign, no prefix,
 * no value that wraps, no value outside the range.
 *
 * Every refusal is one line that says what was found and what was expected; the
 * caller prints it and exits with BENCH_EXIT_USAGE. The message shows what was
 * found as say.h does, so @why needs no more than BENCH_WHY_MAX bytes.
 *
 * Locks: none. The functions keep no state; any thread may call them.
 */
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_EXIT_USAGE 2
#define BENCH_LIST_MAX 64
#define BENCH_THREADS_MAX 1024
#define BENCH_NAME_MAX 64 /* with its NUL */
#define BENCH_WHY_MAX 1024

struct bench_numbers {
	unsigned int nr;
	unsigned long value[BENCH_LIST_MAX];
};

struct bench_names {
	unsigned int nr;
	const char *name[BENCH_LIST_MAX]; /* pointers into the table of known names */
};

/**
 * bench_number() - Parse the digits of base 10 or 16 that @text begins with;
 * @base 16 takes both cases and no 0x.
 * @end: receives where the digits end; NULL: the digits must be the whole text.
 * Return: false if there is no digit, or the value is above @most.
 */
bool bench_number(const char *text, unsigned int base, unsigned long most, unsigned long *value,
		  const char **end);

/**
 * bench_version() - Parse "X.Y", alone or followed by the rest of a kernel
 * release: ".Z...", "-...", "+..." or "_...".
 */
bool bench_version(const char *text, unsigned long most, unsigned long *major,
		   unsigned long *minor);

/**
 * bench_is_name() - Whether @text can be the name of a workload or an engine: 1
 * to 63 of A-Z a-z 0-9 . _ : + - /, a letter, digit or _ first. Such a name has
 * no special meaning to a shell, to gnuplot, to HTML or to a terminal.
 */
bool bench_is_name(const char *text);

/**
 * bench_arg_number() - Parse a whole number in [least, most].
 * @what: the value's name in the message, for example "--threads".
 */
bool bench_arg_number(const char *what, const char *text, unsigned long least, unsigned long most,
		      unsigned long *value, char *why, size_t why_size);

/**
 * bench_arg_seconds() - Parse a positive number of seconds, at most a day; a
 * fraction is allowed.
 */
bool bench_arg_seconds(const char *what, const char *text, double *value, char *why,
		       size_t why_size);

/**
 * bench_arg_numbers() - Parse "1,2,4": at least one number, each in [least,
 * most].
 */
bool bench_arg_numbers(const char *what, const char *text, unsigned long least, unsigned long most,
		       struct bench_numbers *list, char *why, size_t why_size);

/**
 * bench_arg_names() - Parse "rbtree,maple": at least one name, each of the
 * NULL-terminated table @known.
 */
bool bench_arg_names(const char *what, const char *text, const char *const *known,
		     struct bench_names *list, char *why, size_t why_size);

/**
 * bench_all_names() - Set @list to every name of the NULL-terminated table
 * @known, which has at most BENCH_LIST_MAX names.
 */
void bench_all_names(const char *const *known, struct bench_names *list);

/**
 * bench_arg_name() - Accept @text if bench_is_name() does; else set @why.
 */
bool bench_arg_name(const char *what, const char *text, char *why, size_t why_size);

#endif
