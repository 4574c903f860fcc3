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
 * Open @path. Return: NULL, with `PATH: why` in @error (TRACE_ERROR_MAX bytes),
 * if it cannot be opened.
 */
struct trace_lines *trace_lines_open(const char *path, char *error);

/*
 * Set *@line to the next line, without its newline and NUL-terminated. The
 * caller may write to it until the next call, and counts the lines.
 *
 * Return: 1; 0 at the end; -1 if the text is cut off, too long, or cannot be
 * decompressed; trace_lines_problem() says why.
 */
int trace_lines_next(struct trace_lines *lines, char **line, size_t *len);

/* "what was found, what was expected", without file and line. */
const char *trace_lines_problem(const struct trace_lines *lines);

void trace_lines_close(struct trace_lines *lines);

#endif
