/* SPDX-License-Identifier: MIT */
/*
 * trace.c - see trace.h: opens a recording and gives one event a call.
 *
 * Before: lines.c (bytes to lines). Within: parse_line.c (a line to an event).
 * After: order.h (events to effects).
 */
#include "tools/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/fields.h"
#include "tools/trace/lines.h"

static int stop(struct trace_reader *reader, int state)
{
	reader->state = state;
	return state;
}

/* The text has ended. A text without one known event is not a recording. */
static int finish(struct trace_reader *reader)
{
	const struct trace_counts *counts = &reader->counts;
	unsigned long known = 0;

	for (int i = 0; i < TRACE_NR_TYPES; i++)
		known += counts->events[i];
	if (known)
		return stop(reader, 0);
	reader->counts.lines++;
	reader_error(reader,
		     "the end after %lu lines without one known event, expected " TRACE_LINE_SHAPE,
		     counts->lines - 1);
	return stop(reader, -1);
}

static int read_failed(struct trace_reader *reader)
{
	reader->counts.lines++;
	reader_error(reader, "%s", trace_lines_problem(reader->lines));
	return stop(reader, -1);
}

static enum verdict nul_inside(struct cursor *cursor)
{
	reader_error(cursor->reader, "a NUL byte in the line, expected " TRACE_LINE_SHAPE);
	return WRONG;
}

/* vmrecord marks a recording by strace, because it cannot be replayed. */
static bool is_strace_mark(const char *line)
{
	return !strncmp(line, "# vmrecord: strace", strlen("# vmrecord: strace"));
}

/*
 * Keep the rules of the machine that recorded, as vmrecord wrote them down. A
 * list that is too long is cut; rules_set() refuses it later.
 */
static void keep_rules(struct trace_counts *counts, const char *line)
{
	static const char mark[] = "# vmrecord: rules ";

	if (strncmp(line, mark, sizeof(mark) - 1) == 0)
		snprintf(counts->rules, sizeof(counts->rules), "%s", line + sizeof(mark) - 1);
}

int trace_next(struct trace_reader *reader, struct trace_event *event)
{
	struct cursor cursor = {.reader = reader};
	enum verdict verdict;
	char *line;
	size_t len;

	while (reader->state > 0) {
		int got = trace_lines_next(reader->lines, &line, &len);

		if (got <= 0)
			return got ? read_failed(reader) : finish(reader);
		reader->counts.lines++;
		if (is_strace_mark(line)) {
			reader_error(reader, "a recording by strace, without faults and execve's "
					     "layout, expected perf script's text");
			return stop(reader, -1);
		}
		if (*line == '#') {
			keep_rules(&reader->counts, line);
			continue;
		}
		cursor.at = line;
		event->line = reader->counts.lines;
		verdict = memchr(line, '\0', len) ? nul_inside(&cursor)
						  : trace_read_line(&cursor, event);
		if (verdict == WRONG)
			return stop(reader, -1);
		if (verdict == GOOD) {
			reader->counts.events[event->type]++;
			return 1;
		}
	}
	return reader->state;
}

struct trace_reader *trace_open(const char *path, char *error)
{
	struct trace_reader *reader = calloc(1, sizeof(*reader));

	if (!reader || !(reader->path = strdup(path))) {
		snprintf(error, TRACE_ERROR_MAX, "%s: out of memory", path);
		free(reader);
		return NULL;
	}
	reader->state = 1;
	reader->lines = trace_lines_open(path, error);
	if (reader->lines)
		return reader;
	trace_close(reader);
	return NULL;
}

const char *trace_error(const struct trace_reader *reader)
{
	return reader->error;
}

const struct trace_counts *trace_counts(const struct trace_reader *reader)
{
	return &reader->counts;
}

void trace_close(struct trace_reader *reader)
{
	if (!reader)
		return;
	trace_lines_close(reader->lines);
	free(reader->path);
	free(reader);
}
