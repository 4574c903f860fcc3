/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a text file, plain or xz-compressed, as lines. Internal to
 * tools/trace.
 */
#ifndef TOOLS_TRACE_LINES_H
#define TOOLS_TRACE_LINES_H

#include <stddef.h>

struct trace_lines;

/*
 * Return: NULL, with `PATH: why` in @error (TRACE_ERROR_MAX bytes), when it
 * cannot be opened.
 */
struct trace_lines *trace_lines_open(const char *path, char *error);

/*
 * The next line, without its newline, NUL-terminated, free to be written to
 * until the next call.
 *
 * Return: 1; 0 at the end; -1 when the text is cut off, too long, or cannot be
 * decompressed, with the reason in trace_lines_problem(). The number of lines
 * given so far is the caller's to count.
 */
int trace_lines_next(struct trace_lines *lines, char **line, size_t *len);

/* "what was found, what was expected", without file and line. */
const char *trace_lines_problem(const struct trace_lines *lines);

void trace_lines_close(struct trace_lines *lines);

#endif
