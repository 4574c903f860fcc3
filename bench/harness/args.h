/* SPDX-License-Identifier: MIT */
/*
 * args.h - reads the command-line values that the programs share: numbers, and lists with commas. Every refusal is one line that
 * says what was found and what was expected; the caller prints it and exits with BENCH_EXIT_USAGE.
 */
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_EXIT_USAGE 2
#define BENCH_LIST_MAX 64
#define BENCH_THREADS_MAX 1024

struct bench_numbers {
	unsigned int nr;
	unsigned long value[BENCH_LIST_MAX];
};

struct bench_names {
	unsigned int nr;
	const char *name[BENCH_LIST_MAX]; /* pointers into the table of known names */
};

/** bench_arg_number() - A whole number in [least, most]. @what: how the message calls the value, for example "--threads". */
bool bench_arg_number(const char *what, const char *text, unsigned long least, unsigned long most, unsigned long *value, char *why,
		      size_t why_size);

/** bench_arg_seconds() - A positive number of seconds, with a fraction if need be, of at most a day. */
bool bench_arg_seconds(const char *what, const char *text, double *value, char *why, size_t why_size);

/** bench_arg_numbers() - "1,2,4": at least one number, each in [least, most]. */
bool bench_arg_numbers(const char *what, const char *text, unsigned long least, unsigned long most, struct bench_numbers *list,
		       char *why, size_t why_size);

/** bench_arg_names() - "rbtree,maple": at least one name, each of the NULL-terminated table @known. */
bool bench_arg_names(const char *what, const char *text, const char *const *known, struct bench_names *list, char *why,
		     size_t why_size);

#endif
