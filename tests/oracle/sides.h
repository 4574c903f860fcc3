/* SPDX-License-Identifier: MIT */
/*
 * sides.h - runs op scripts on the two sides, the kernel and an engine, and
 * holds what they print against each other.
 */
#ifndef TESTS_ORACLE_SIDES_H
#define TESTS_ORACLE_SIDES_H

#include <stdbool.h>
#include <stddef.h>

#define SIDES_RULES_MAX 512

/* The two programs, and what they are told. */
struct sides {
	const char *oracle, *vmreplay;
	char rules[SIDES_RULES_MAX]; /* what the engines follow: vmreplay's --rules= */
	bool no_zero_page;           /* the oracle's --no-zero-page */
};

/* What a program printed. */
struct output {
	char *text; /* zero-terminated; to be freed with output_free() */
	size_t len;
	int status; /* its exit status; 128 + N if signal N ended it */
};

/*
 * Run @script, one or several of them. Both may be called in many threads at
 * once. On no memory or no process the program ends.
 */
struct output sides_kernel(const struct sides *sides, const char *script, size_t len);
struct output sides_engine(const struct sides *sides, const char *engine, const char *script,
			   size_t len);
void output_free(struct output *output);

/* Where in two outputs: both at the same script. */
struct cursor {
	const char *kernel, *engine;
};

struct verdict {
	/*
	 * operations that agree in text, result and layout, before the first
	 * that does not
	 */
	unsigned long same;
	bool differs;
	struct cursor at; /* if so: the operation's text on both sides, or the end */
	size_t kernel_len, engine_len;
};

/*
 * Compare one script's operations, and leave @cursor behind that script on both
 * sides.
 */
struct verdict sides_compare(struct cursor *cursor);

#endif
