/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a table of the cache lines that two threads touched and of the
 * bytes that each thread wrote.
 *
 * Locks: none; one thread at a time may use a table.
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
	uintptr_t addr;                  /* of its first byte; 0: a free slot of the table */
	uint64_t written[LINES_THREADS]; /* bit i: that thread wrote byte i */
	unsigned int ops[LINES_THREADS]; /* operations of that thread that touched it */
	unsigned long last;              /* the operation counted last, so that each counts once */
};

struct lines {
	struct line *line;
	size_t room, used;
	unsigned long op; /* number of operations added so far */
};

/*
 * lines_add() - Add the accesses of one operation of @thread.
 * Return: false if memory is out.
 */
bool lines_add(struct lines *lines, unsigned int thread, const struct trace_access *access,
	       size_t nr);

/*
 * line_is_shared() - Whether both threads touched the line and at least one
 * wrote it.
 */
bool line_is_shared(const struct line *line);

void lines_free(struct lines *lines);

#endif
