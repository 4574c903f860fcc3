/* SPDX-License-Identifier: MIT */
/*
 * fields.h - the readers of a line's fields, one for each kind of event.
 * Internal to tools/trace.
 *
 *   parse_line.c   the head of a line, and which reader its event has
 *   syscalls.c     sys_enter_X and sys_exit_X
 *   tracepoints.c  faults, locks, tasks
 *   records.c      perf's own records
 */
#ifndef TOOLS_TRACE_FIELDS_H
#define TOOLS_TRACE_FIELDS_H

#include <stddef.h>

#include "tools/trace/cursor.h"

struct event_name {
	const char *name;
	enum trace_type type;
	enum verdict (*read)(struct cursor *cursor, struct trace_event *event);
};

/* Each ends with a NULL name. */
extern const struct event_name trace_tracepoints[];
extern const struct event_name trace_records[];

/* Read the whole line at the cursor into @event. */
enum verdict trace_read_line(struct cursor *cursor, struct trace_event *event);

/*
 * Read the rest of a line whose event is a system call's. The cursor is behind
 * `syscalls:sys_`; @name is the whole name, of @len bytes.
 */
enum verdict trace_read_syscall(struct cursor *cursor, const char *name, size_t len,
				struct trace_event *event);

/* Count an event whose name is not known. Return: SKIP. */
enum verdict reader_skip(struct trace_reader *reader, const char *name, size_t len);

/* The form of a line, for messages. */
#define TRACE_LINE_SHAPE "`PID/TID [CPU] SEC.NSEC: EVENT: FIELDS`, as perf script prints"

#endif
