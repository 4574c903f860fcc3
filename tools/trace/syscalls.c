/* SPDX-License-Identifier: MIT */
/*
 * syscalls.c - see fields.h: the events sys_enter_X and sys_exit_X, and the
 * names of the calls.
 */
#include "tools/trace/fields.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned int nr_args; /* at least as many must be recorded */
} calls[TRACE_NR_CALLS] = {
	[TRACE_MMAP] = {"mmap", 6},
	[TRACE_MUNMAP] = {"munmap", 2},
	[TRACE_MPROTECT] = {"mprotect", 3},
	[TRACE_PKEY_MPROTECT] = {"pkey_mprotect", 4},
	[TRACE_MREMAP] = {"mremap", 5},
	[TRACE_BRK] = {"brk", 1},
	[TRACE_MADVISE] = {"madvise", 3},
	[TRACE_MLOCK] = {"mlock", 2},
	[TRACE_MLOCK2] = {"mlock2", 3},
	[TRACE_MUNLOCK] = {"munlock", 2},
	[TRACE_MLOCKALL] = {"mlockall", 1},
	[TRACE_MUNLOCKALL] = {"munlockall", 0},
	[TRACE_MSEAL] = {"mseal", 3},
	[TRACE_REMAP_FILE_PAGES] = {"remap_file_pages", 5},
	[TRACE_SHMAT] = {"shmat", 3},
	[TRACE_SHMDT] = {"shmdt", 1},
	[TRACE_CLONE] = {"clone", 5},
	[TRACE_CLONE3] = {"clone3", 2},
	[TRACE_FORK] = {"fork", 0},
	[TRACE_VFORK] = {"vfork", 0},
	[TRACE_EXECVE] = {"execve", 3},
	[TRACE_EXIT] = {"exit", 1},
	[TRACE_EXIT_GROUP] = {"exit_group", 1},
};

const char *trace_call_name(enum trace_call call)
{
	return (unsigned int)call < TRACE_NR_CALLS ? calls[call].name : "?";
}

/* Return: the call named @name, or TRACE_NR_CALLS. */
static enum trace_call find_call(const char *name, size_t len)
{
	enum trace_call call = 0;

	while (call < TRACE_NR_CALLS &&
	       (strncmp(calls[call].name, name, len) || calls[call].name[len]))
		call++;
	return call;
}

/*
 * Newer kernels print the string that a pointer points to, as in `filename:
 * 0x55d0 "/bin/true"`.
 */
static void skip_annotation(struct cursor *cursor)
{
	const char *end;

	if (cursor->at[0] != ' ' || cursor->at[1] != '"')
		return;
	end = strstr(cursor->at + 2, "\", ");
	cursor->at = end ? end + 1 : cursor->at + strlen(cursor->at);
}

/* `name: 0xVALUE, name: 0xVALUE` */
static enum verdict read_enter(struct cursor *cursor, struct trace_event *event)
{
	unsigned int nr = 0;

	memset(event->enter.args, 0, sizeof(event->enter.args));
	cursor_skip_blanks(cursor);
	while (*cursor->at) {
		const char *colon = cursor->at + strcspn(cursor->at, ":, ");

		if (nr == TRACE_MAX_ARGS)
			return cursor_wrong(cursor, "at most 6 arguments");
		if (colon == cursor->at || colon[0] != ':' || colon[1] != ' ')
			return cursor_wrong(cursor, "an argument, `NAME: NUMBER`");
		cursor->at = colon + 2;
		if (!cursor_take_number(cursor, &event->enter.args[nr]))
			return cursor_wrong(cursor, "a number, decimal or 0xHEX");
		nr++;
		skip_annotation(cursor);
		if (*cursor->at && !cursor_take(cursor, ", "))
			return cursor_wrong(cursor,
					    "`, ` and the next argument, or the end of the line");
	}
	event->enter.nr_args = nr;
	if (nr < calls[event->enter.call].nr_args) {
		reader_error(cursor->reader, "found %u arguments of %s, expected %u", nr,
			     calls[event->enter.call].name, calls[event->enter.call].nr_args);
		return WRONG;
	}
	return GOOD;
}

static enum verdict read_leave(struct cursor *cursor, struct trace_event *event)
{
	uint64_t value;

	cursor_skip_blanks(cursor);
	if (!cursor_take_hex(cursor, &value))
		return cursor_wrong(cursor, "the result, 0xHEX");
	event->leave.result = (int64_t)value;
	return cursor_at_end(cursor);
}

enum verdict trace_read_syscall(struct cursor *cursor, const char *name, size_t len,
				struct trace_event *event)
{
	bool enter = cursor_take(cursor, "enter_");
	enum trace_call call;

	if (!enter && !cursor_take(cursor, "exit_"))
		return reader_skip(cursor->reader, name, len);
	call = find_call(cursor->at, len - (size_t)(cursor->at - name));
	if (call == TRACE_NR_CALLS)
		return reader_skip(cursor->reader, name, len);
	cursor->at = name + len + 1;
	if (enter) {
		event->type = TRACE_EV_ENTER;
		event->enter.call = call;
		return read_enter(cursor, event);
	}
	event->type = TRACE_EV_LEAVE;
	event->leave.call = call;
	return read_leave(cursor, event);
}
