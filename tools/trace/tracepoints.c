/* SPDX-License-Identifier: MIT */
/*
 * tracepoints.c - see fields.h: the events of exceptions, mmap_lock and sched.
 */
#include "tools/trace/fields.h"

#include <stddef.h>
#include <string.h>

/*
 * `address=0xHEX ip=... error_code=0xHEX`. perf prints an address of the kernel
 * as a symbol if it knows one.
 */
static enum verdict read_fault(struct cursor *cursor, struct trace_event *event)
{
	uint64_t code;
	char *at;

	cursor_skip_blanks(cursor);
	if (!cursor_take(cursor, "address="))
		return cursor_wrong(cursor, "`address=0xHEX`");
	if (!cursor_take_hex(cursor, &event->fault.address)) {
		/*
		 * A symbol: the kernel faulted on its own memory, which belongs
		 * to no address space of the recording.
		 */
		if (event->fault.user || !strstr(cursor->at, " error_code=0x"))
			return cursor_wrong(cursor, "the address, 0xHEX");
		return SKIP;
	}
	if (!cursor_take(cursor, " ip="))
		return cursor_wrong(cursor, "` ip=`");
	at = cursor_behind_last(cursor, " error_code=");
	if (!at)
		return cursor_wrong(cursor, "the instruction's address and ` error_code=0xHEX`");
	cursor->at = at;
	if (!cursor_take_hex(cursor, &code))
		return cursor_wrong(cursor, "the error code, 0xHEX");
	event->fault.error_code = (unsigned int)code;
	event->fault.protection = code & 1;
	event->fault.write = code & 2;
	event->fault.exec = code & 16;
	return cursor_at_end(cursor);
}

static enum verdict read_user_fault(struct cursor *cursor, struct trace_event *event)
{
	event->fault.user = true;
	return read_fault(cursor, event);
}

static enum verdict read_kernel_fault(struct cursor *cursor, struct trace_event *event)
{
	event->fault.user = false;
	return read_fault(cursor, event);
}

/* `mm=0xMM memcg... write=BOOL`, for an acquisition also ` success=BOOL` */
static enum verdict read_lock(struct cursor *cursor, struct trace_event *event)
{
	char *at;

	cursor_skip_blanks(cursor);
	if (!cursor_take(cursor, "mm="))
		return cursor_wrong(cursor, "`mm=0xHEX`");
	cursor_take(cursor, "0x");
	if (!cursor_take_digits(cursor, 16, &event->lock.mm))
		return cursor_wrong(cursor, "the mm, 0xHEX");
	at = cursor_behind_last(cursor, " write=");
	if (!at)
		return cursor_wrong(cursor, "` write=true` or ` write=false`");
	cursor->at = at;
	if (!cursor_take_bool(cursor, &event->lock.write))
		return cursor_wrong(cursor, "`true` or `false`");
	event->lock.success = true;
	if (event->type == TRACE_EV_LOCKED &&
	    (!cursor_take(cursor, " success=") || !cursor_take_bool(cursor, &event->lock.success)))
		return cursor_wrong(cursor, "` success=true` or ` success=false`");
	return cursor_at_end(cursor);
}

/* `comm=NAME pid=N child_comm=NAME child_pid=N`; names may hold blanks. */
static enum verdict read_sched_fork(struct cursor *cursor, struct trace_event *event)
{
	struct cursor part = *cursor;
	char *at = cursor_behind_last(cursor, " child_pid=");
	char *parent = strstr(cursor->at, " pid=");

	if (!at || !parent)
		return cursor_wrong(cursor, "`comm=NAME pid=N child_comm=NAME child_pid=N`");
	part.at = parent + strlen(" pid=");
	if (!cursor_take_id(&part, &event->task.ppid))
		return cursor_wrong(&part, "the parent's id");
	event->task.ptid = event->task.ppid;
	cursor->at = at;
	if (!cursor_take_id(cursor, &event->task.pid))
		return cursor_wrong(cursor, "the child's id");
	event->task.tid = event->task.pid;
	return cursor_at_end(cursor);
}

/* `filename=PATH pid=N old_pid=N` */
static enum verdict read_sched_exec(struct cursor *cursor, struct trace_event *event)
{
	static const char key[] = " pid=";
	char *at = cursor_behind_last(cursor, key);

	cursor_skip_blanks(cursor);
	if (!at || !cursor_take(cursor, "filename="))
		return cursor_wrong(cursor, "`filename=PATH pid=N old_pid=N`");
	event->exec.filename = cursor->at;
	cursor->at = at;
	if (!cursor_take_id(cursor, &event->exec.pid))
		return cursor_wrong(cursor, "the process's id");
	if (!cursor_take(cursor, " old_pid=") || !cursor_take_id(cursor, &event->exec.old_tid))
		return cursor_wrong(cursor, "` old_pid=N`");
	at[-(ptrdiff_t)strlen(key)] = '\0'; /* the end of the path */
	return cursor_at_end(cursor);
}

/* `comm=NAME pid=N prio=N ...` */
static enum verdict read_sched_exit(struct cursor *cursor, struct trace_event *event)
{
	char *at = cursor_behind_last(cursor, " pid=");

	if (!at)
		return cursor_wrong(cursor, "`comm=NAME pid=N prio=N`");
	cursor->at = at;
	if (!cursor_take_id(cursor, &event->exit.tid))
		return cursor_wrong(cursor, "the thread's id");
	if (!cursor_take(cursor, " prio="))
		return cursor_wrong(cursor, "` prio=N`");
	return GOOD;
}

/*
 * Frequent events come first. System calls are missing: parse_line.c finds them
 * by their prefix.
 */
const struct event_name trace_tracepoints[] = {
	{"exceptions:page_fault_user", TRACE_EV_FAULT, read_user_fault},
	{"mmap_lock:mmap_lock_acquire_returned", TRACE_EV_LOCKED, read_lock},
	{"mmap_lock:mmap_lock_released", TRACE_EV_RELEASED, read_lock},
	{"exceptions:page_fault_kernel", TRACE_EV_FAULT, read_kernel_fault},
	{"sched:sched_process_fork", TRACE_EV_SCHED_FORK, read_sched_fork},
	{"sched:sched_process_exec", TRACE_EV_SCHED_EXEC, read_sched_exec},
	{"sched:sched_process_exit", TRACE_EV_SCHED_EXIT, read_sched_exit},
	{NULL, 0, NULL},
};
