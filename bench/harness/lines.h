/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a text file as lines. The end of the file is told apart from
 * everything else that stops a reader: a read error, memory that ran out, a
 * line without end. getline() answers -1 to all of them.
 *
 * Text has no control characters except tabs and the newline, and a carriage
 * return before it: a line with another one is refused, since its readers
 * print it. A listing of mappings may hold any name (BENCH_LINES_RAW): there
 * only a zero byte is refused.
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
	unsigned long number; /* of the line given last, or of the one that is bad */
	char why[128];        /* after BENCH_LINES_BAD: what was found, what was expected */
};

enum bench_line { BENCH_LINE, BENCH_LINES_END, BENCH_LINES_BAD };

/**
 * bench_lines_open() - Open @path; "-" is standard input. Return: 0 or -errno.
 * Either way bench_lines_close() may be called.
 */
int bench_lines_open(struct bench_lines *lines, const char *path, enum bench_lines_kind kind);

/**
 * bench_lines_next() - The next line, without its end, free to be written to
 * until the next call.
 * Return: BENCH_LINE; BENCH_LINES_END; BENCH_LINES_BAD with @lines->why set.
 */
enum bench_line bench_lines_next(struct bench_lines *lines, char **line);

void bench_lines_close(struct bench_lines *lines);

#endif
