/* SPDX-License-Identifier: MIT */
/*
 * lines.h - reads a text file as lines. It tells the end of the file apart from
 * everything else that stops a reader: a read error, memory that ran out, a
 * line without end. getline() answers -1 to all of them.
 *
 * A text has no control characters except tabs, the newline, and a carriage
 * return before the newline. A line with another one is refused, because the
 * programs print parts of it. A listing of mappings (BENCH_LINES_RAW) may hold
 * any name: there only a zero byte is refused.
 *
 * Locks: none; one thread at a time may use a struct bench_lines.
 */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <stddef.h>
#include <stdio.h>

#define BENCH_LINE_MAX (1UL << 20) /* bytes of the longest line */

enum bench_lines_kind { BENCH_LINES_TEXT, BENCH_LINES_RAW };

struct bench_lines {
	const char *path;
	FILE *in;
	enum bench_lines_kind kind;
	char *text;
	size_t room;
	unsigned long number; /* of the last line that was returned or refused */
	char why[128];        /* after BENCH_LINES_BAD: what was found, what was expected */
};

enum bench_line { BENCH_LINE, BENCH_LINES_END, BENCH_LINES_BAD };

/**
 * bench_lines_open() - Open @path; "-" is standard input. The caller may call
 * bench_lines_close() even after a failure.
 * Return: 0 or -errno.
 */
int bench_lines_open(struct bench_lines *lines, const char *path, enum bench_lines_kind kind);

/**
 * bench_lines_next() - Read the next line, without its newline. The caller may
 * write to it until the next call.
 * Return: BENCH_LINE; BENCH_LINES_END; BENCH_LINES_BAD with @lines->why set.
 */
enum bench_line bench_lines_next(struct bench_lines *lines, char **line);

void bench_lines_close(struct bench_lines *lines);

#endif
