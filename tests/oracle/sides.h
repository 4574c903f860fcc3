/* SPDX-License-Identifier: MIT */
/*
 * sides.h - runs op scripts on the two sides, the kernel and an engine, and
 * compares their outputs.
 */
#ifndef TESTS_ORACLE_SIDES_H
#define TESTS_ORACLE_SIDES_H

#include <stdbool.h>
#include <stddef.h>

#define SIDES_RULES_MAX 512

/* The two programs and their options. */
struct sides {
	const char *oracle, *vmreplay;
	char rules[SIDES_RULES_MAX]; /* the engines' rules: vmreplay's --rules= */
	bool no_zero_page;           /* the oracle's --no-zero-page */
};

/* The output of a program. */
struct output {
	char *text; /* NUL-terminated; output_free() frees it */
	size_t len;
	int status; /* its exit status; 128 + N if signal N ended it */
};

/*
 * Run @script, which holds one or several scripts. Any number of threads may
 * call both functions concurrently. The program ends if it gets no memory or no
 * process.
 */
struct output sides_kernel(const struct sides *sides, const char *script, size_t len);
struct output sides_engine(const struct sides *sides, const char *engine, const char *script,
			   size_t len);
void output_free(struct output *output);

/* Positions in the two outputs, both at the same script. */
struct cursor {
	const char *kernel, *engine;
};

struct verdict {
	/*
	 * operations that agree in text, result and layout, before the first
	 * that differs
	 */
	unsigned long same;
	bool differs;
	struct cursor at; /* if so, the operation in both outputs, or the end */
	size_t kernel_len, engine_len;
};

/*
 * Compare the operations of one script, and move @cursor past that script on
 * both sides.
 */
struct verdict sides_compare(struct cursor *cursor);

#endif
