/* SPDX-License-Identifier: MIT */
/*
 * lines.h - the cache lines that two threads touched, and who wrote which bytes
 * of them. One thread at a time uses a table.
 */
#ifndef BENCH_CONFLICTS_LINES_H
#define BENCH_CONFLICTS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/instrument/trace.h"

#define LINE_SIZE 64u
#define LINES_THREADS 2u

struct line {
	uintptr_t addr;                  /* of its first byte; 0: a free place of the table */
	uint64_t written[LINES_THREADS]; /* bit i: that thread wrote byte i */
	unsigned int ops[LINES_THREADS]; /* operations of that thread that touched it */
	unsigned long last;              /* the operation that was counted last */
};

struct lines {
	struct line *line;
	size_t room, used;
	unsigned long op; /* counts operations */
};

/*
 * One operation of @thread made these accesses. Return: false when memory is
 * out.
 */
bool lines_add(struct lines *lines, unsigned int thread, const struct trace_access *access,
	       size_t nr);

/* Both threads touched it, and one wrote it. */
bool line_is_shared(const struct line *line);

void lines_free(struct lines *lines);

#endif
