/* SPDX-License-Identifier: MIT */
/*
 * parse_line.c - see fields.h: the head of a line, and which reader its fields
 * have. A table maps event names to readers; system calls, which have two names
 * each, are found by their prefix.
 */
#include "tools/trace/fields.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_SEC 1000000000ull

static const struct event_name *find_event(const struct event_name *names, const char *name,
					   size_t len)
{
	while (names->name && (strncmp(names->name, name, len) || names->name[len]))
		names++;
	return names->name ? names : NULL;
}

enum verdict reader_skip(struct trace_reader *reader, const char *name, size_t len)
{
	struct trace_counts *counts = &reader->counts;

	if (!counts->unknown++)
		snprintf(counts->first_unknown, sizeof(counts->first_unknown), "%.*s",
			 (int)(len < 63 ? len : 63), name);
	return SKIP;
}

static enum verdict read_named(struct cursor *cursor, const struct event_name *names,
			       const char *name, size_t len, struct trace_event *event)
{
	const struct event_name *known = find_event(names, name, len);

	if (!known)
		return reader_skip(cursor->reader, name, len);
	event->type = known->type;
	return known->read(cursor, event);
}

/*
 * A tracepoint's name ends with a colon; the name of one of perf's own records
 * does not.
 */
static enum verdict read_event(struct cursor *cursor, struct trace_event *event)
{
	const char *name = cursor->at;
	size_t len;

	if (!strncmp(name, "PERF_RECORD_", strlen("PERF_RECORD_"))) {
		len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		cursor->at += len;
		return read_named(cursor, trace_records, name, len, event);
	}
	len = strcspn(name, " ");
	if (len < 2 || name[len - 1] != ':')
		return cursor_wrong(cursor,
				    "`EVENT:`, a tracepoint's name and a colon, or PERF_RECORD_*");
	len--;
	if (cursor_take(cursor, "syscalls:sys_"))
		return trace_read_syscall(cursor, name, len, event);
	cursor->at = name + len + 1;
	return read_named(cursor, trace_tracepoints, name, len, event);
}

/* `SEC.FRACTION`; perf prints 6 digits, or 9 with --ns. */
static bool take_time(struct cursor *cursor, uint64_t *time)
{
	const char *before = cursor->at;
	uint64_t sec, fraction;
	size_t digits;

	if (!cursor_take_digits(cursor, 10, &sec) || sec > UINT64_MAX / NS_PER_SEC - 1 ||
	    !cursor_take(cursor, "."))
		goto none;
	digits = strspn(cursor->at, "0123456789");
	if (digits > 9 || !cursor_take_digits(cursor, 10, &fraction))
		goto none;
	for (; digits < 9; digits++)
		fraction *= 10;
	*time = sec * NS_PER_SEC + fraction;
	return true;
none:
	cursor->at = before;
	return false;
}

/*
 * perf script sorts by time, except for events that perf itself made up, which
 * have time 0.
 */
static enum verdict check_time(struct cursor *cursor, uint64_t time)
{
	struct trace_reader *reader = cursor->reader;

	if (!time)
		return GOOD;
	if (time < reader->last_time) {
		reader_error(reader,
			     "found time %llu.%09llu after %llu.%09llu, expected time to rise (two "
			     "recordings in one file?)",
			     (unsigned long long)(time / NS_PER_SEC),
			     (unsigned long long)(time % NS_PER_SEC),
			     (unsigned long long)(reader->last_time / NS_PER_SEC),
			     (unsigned long long)(reader->last_time % NS_PER_SEC));
		return WRONG;
	}
	reader->last_time = time;
	return GOOD;
}

enum verdict trace_read_line(struct cursor *cursor, struct trace_event *event)
{
	const char *line = cursor->at;
	uint64_t cpu;

	cursor_skip_blanks(cursor);
	if (!cursor_take_pair(cursor, '/', &event->pid, &event->tid))
		goto not_ours;
	cursor_skip_blanks(cursor);
	if (!cursor_take(cursor, "[") || !cursor_take_digits(cursor, 10, &cpu) || cpu > INT32_MAX ||
	    !cursor_take(cursor, "]"))
		goto not_ours;
	event->cpu = (int)cpu;
	cursor_skip_blanks(cursor);
	if (!take_time(cursor, &event->time) || !cursor_take(cursor, ":"))
		goto not_ours;
	cursor_skip_blanks(cursor);
	if (check_time(cursor, event->time) == WRONG)
		return WRONG;
	return read_event(cursor, event);
not_ours:
	cursor->at = line;
	return cursor_wrong(cursor, TRACE_LINE_SHAPE);
}
