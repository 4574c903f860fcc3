/* SPDX-License-Identifier: MIT */
/*
 * trace.c - one line of `perf script` text to one event: a cursor walks over
 * the line, each field's reader takes its part or says what it expected
 * instead, and a table maps event names to the readers of their fields.
 *
 * Before: lines.c (bytes to lines). After: order.h (events to effects).
 */
#include "tools/trace/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/trace/lines.h"

#define HEADER_SHAPE "`PID/TID [CPU] SEC.NSEC: EVENT: FIELDS`, as perf script prints"
#define NS_PER_SEC 1000000000ull
#define FOUND_MAX 60 /* how much of a wrong line a message quotes */

struct trace_reader {
	struct trace_lines *lines;
	char *path;
	int state; /* 1 going on; 0 ended, -1 failed: what trace_next() answers from now on */
	uint64_t last_time;
	uint64_t lost, lost_samples; /* sums; perf counts the same losses in both */
	struct trace_counts counts;
	char error[TRACE_ERROR_MAX];
};

/*
 * A place in the line being read. Every reader below moves it on over what it
 * took.
 */
struct cursor {
	struct trace_reader *reader;
	const char *at;
};

/* What a reader of fields answers. */
enum verdict { GOOD, WRONG, SKIP };

static const struct {
	const char *name;
	unsigned int nr_args; /* that a recording must have */
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

/* ---- saying what is wrong ---- */

__attribute__((format(printf, 2, 3))) static void set_error(struct trace_reader *reader,
							    const char *format, ...)
{
	int len = snprintf(reader->error, sizeof(reader->error), "%s:%lu: ", reader->path,
			   reader->counts.lines);
	va_list args;

	if (len < 0 || (size_t)len >= sizeof(reader->error))
		return;
	va_start(args, format);
	vsnprintf(reader->error + len, sizeof(reader->error) - (size_t)len, format, args);
	va_end(args);
}

/* The text at the cursor does not fit. */
static enum verdict wrong(struct cursor *cursor, const char *expected)
{
	char found[FOUND_MAX + sizeof("...")];
	size_t len = strlen(cursor->at);
	size_t shown = len < FOUND_MAX ? len : FOUND_MAX;

	if (!len) {
		set_error(cursor->reader, "the line ends, expected %s", expected);
		return WRONG;
	}
	for (size_t i = 0; i < shown; i++)
		found[i] = cursor->at[i] >= ' ' && cursor->at[i] <= '~' ? cursor->at[i] : '?';
	snprintf(found + shown, sizeof(found) - shown, "%s", len > shown ? "..." : "");
	set_error(cursor->reader, "found `%s`, expected %s", found, expected);
	return WRONG;
}

/* ---- readers of small parts ---- */

static void skip_blanks(struct cursor *cursor)
{
	while (*cursor->at == ' ')
		cursor->at++;
}

static bool take(struct cursor *cursor, const char *literal)
{
	size_t len = strlen(literal);

	if (strncmp(cursor->at, literal, len))
		return false;
	cursor->at += len;
	return true;
}

/* The value of the digit, or -1. */
static int digit_of(char c, unsigned int base)
{
	int digit;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else
		return -1;
	return digit < (int)base ? digit : -1;
}

/*
 * A number without sign or prefix. false: none here, or beyond 64 bits; the
 * cursor stays.
 */
static bool take_digits(struct cursor *cursor, unsigned int base, uint64_t *value)
{
	const char *at = cursor->at;
	uint64_t sum = 0;
	int digit;

	for (; (digit = digit_of(*at, base)) >= 0; at++)
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return false;
	if (at == cursor->at)
		return false;
	cursor->at = at;
	*value = sum;
	return true;
}

static bool take_hex(struct cursor *cursor, uint64_t *value)
{
	const char *before = cursor->at;

	if (take(cursor, "0x") && take_digits(cursor, 16, value))
		return true;
	cursor->at = before;
	return false;
}

/* As perf prints arguments: hexadecimal with 0x, or decimal. */
static bool take_number(struct cursor *cursor, uint64_t *value)
{
	return strncmp(cursor->at, "0x", 2) ? take_digits(cursor, 10, value)
					    : take_hex(cursor, value);
}

/* A process or thread id; perf knows -1. */
static bool take_id(struct cursor *cursor, int *id)
{
	const char *before = cursor->at;
	bool minus = take(cursor, "-");
	uint64_t value;

	if (take_digits(cursor, 10, &value) && value <= INT32_MAX) {
		*id = minus ? -(int)value : (int)value;
		return true;
	}
	cursor->at = before;
	return false;
}

/* "A/B" or "A:B" */
static bool take_pair(struct cursor *cursor, char between, int *first, int *second)
{
	const char *before = cursor->at;

	if (take_id(cursor, first) && *cursor->at == between) {
		cursor->at++;
		if (take_id(cursor, second))
			return true;
	}
	cursor->at = before;
	return false;
}

static bool take_bool(struct cursor *cursor, bool *value)
{
	if (take(cursor, "true"))
		*value = true;
	else if (take(cursor, "false"))
		*value = false;
	else
		return false;
	return true;
}

/*
 * The last place of @key in the line; behind it. NULL: nowhere. Names in front
 * of it may hold anything, even @key.
 */
static char *behind_last(const struct cursor *cursor, const char *key)
{
	char *found = NULL;

	for (char *at = (char *)cursor->at; (at = strstr(at, key)); at++)
		found = at;
	return found ? found + strlen(key) : NULL;
}

static enum verdict at_end(struct cursor *cursor)
{
	skip_blanks(cursor);
	return *cursor->at ? wrong(cursor, "the end of the line") : GOOD;
}

/* ---- system calls ---- */

/* The call named before the colon, or TRACE_NR_CALLS. */
static enum trace_call find_call(const char *name, size_t len)
{
	enum trace_call call = 0;

	while (call < TRACE_NR_CALLS &&
	       (strncmp(calls[call].name, name, len) || calls[call].name[len]))
		call++;
	return call;
}

/*
 * Newer kernels add what a pointer points to, as in `filename: 0x55d0
 * "/bin/true"`.
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
	skip_blanks(cursor);
	while (*cursor->at) {
		const char *colon = cursor->at + strcspn(cursor->at, ":, ");

		if (nr == TRACE_MAX_ARGS)
			return wrong(cursor, "at most 6 arguments");
		if (colon == cursor->at || colon[0] != ':' || colon[1] != ' ')
			return wrong(cursor, "an argument, `NAME: NUMBER`");
		cursor->at = colon + 2;
		if (!take_number(cursor, &event->enter.args[nr]))
			return wrong(cursor, "a number, decimal or 0xHEX");
		nr++;
		skip_annotation(cursor);
		if (*cursor->at && !take(cursor, ", "))
			return wrong(cursor, "`, ` and the next argument, or the end of the line");
	}
	event->enter.nr_args = nr;
	if (nr < calls[event->enter.call].nr_args) {
		set_error(cursor->reader, "found %u arguments of %s, expected %u", nr,
			  calls[event->enter.call].name, calls[event->enter.call].nr_args);
		return WRONG;
	}
	return GOOD;
}

static enum verdict read_leave(struct cursor *cursor, struct trace_event *event)
{
	uint64_t value;

	skip_blanks(cursor);
	if (!take_hex(cursor, &value))
		return wrong(cursor, "the result, 0xHEX");
	event->leave.result = (int64_t)value;
	return at_end(cursor);
}

/* ---- tracepoints ---- */

/* Both print a kernel address as a symbol where they can. */
static enum verdict read_fault(struct cursor *cursor, struct trace_event *event)
{
	uint64_t code;
	char *at;

	skip_blanks(cursor);
	if (!take(cursor, "address="))
		return wrong(cursor, "`address=0xHEX`");
	if (!take_hex(cursor, &event->fault.address)) {
		/*
		 * a symbol: the kernel faulted on its own memory, which is no
		 * part of any address space here
		 */
		if (event->fault.user || !strstr(cursor->at, " error_code=0x"))
			return wrong(cursor, "the address, 0xHEX");
		return SKIP;
	}
	if (!take(cursor, " ip="))
		return wrong(cursor, "` ip=`");
	at = behind_last(cursor, " error_code=");
	if (!at)
		return wrong(cursor, "the instruction's address and ` error_code=0xHEX`");
	cursor->at = at;
	if (!take_hex(cursor, &code))
		return wrong(cursor, "the error code, 0xHEX");
	event->fault.error_code = (unsigned int)code;
	event->fault.protection = code & 1;
	event->fault.write = code & 2;
	event->fault.exec = code & 16;
	return at_end(cursor);
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

	skip_blanks(cursor);
	if (!take(cursor, "mm="))
		return wrong(cursor, "`mm=0xHEX`");
	take(cursor, "0x");
	if (!take_digits(cursor, 16, &event->lock.mm))
		return wrong(cursor, "the mm, 0xHEX");
	at = behind_last(cursor, " write=");
	if (!at)
		return wrong(cursor, "` write=true` or ` write=false`");
	cursor->at = at;
	if (!take_bool(cursor, &event->lock.write))
		return wrong(cursor, "`true` or `false`");
	event->lock.success = true;
	if (event->type == TRACE_EV_LOCKED &&
	    (!take(cursor, " success=") || !take_bool(cursor, &event->lock.success)))
		return wrong(cursor, "` success=true` or ` success=false`");
	return at_end(cursor);
}

/* `comm=NAME pid=N child_comm=NAME child_pid=N`; names may hold blanks. */
static enum verdict read_sched_fork(struct cursor *cursor, struct trace_event *event)
{
	struct cursor part = *cursor;
	char *at = behind_last(cursor, " child_pid=");
	char *parent = strstr(cursor->at, " pid=");

	if (!at || !parent)
		return wrong(cursor, "`comm=NAME pid=N child_comm=NAME child_pid=N`");
	part.at = parent + strlen(" pid=");
	if (!take_id(&part, &event->task.ppid))
		return wrong(&part, "the parent's id");
	event->task.ptid = event->task.ppid;
	cursor->at = at;
	if (!take_id(cursor, &event->task.pid))
		return wrong(cursor, "the child's id");
	event->task.tid = event->task.pid;
	return at_end(cursor);
}

/* `filename=PATH pid=N old_pid=N` */
static enum verdict read_sched_exec(struct cursor *cursor, struct trace_event *event)
{
	static const char key[] = " pid=";
	char *at = behind_last(cursor, key);

	skip_blanks(cursor);
	if (!at || !take(cursor, "filename="))
		return wrong(cursor, "`filename=PATH pid=N old_pid=N`");
	event->exec.filename = cursor->at;
	cursor->at = at;
	if (!take_id(cursor, &event->exec.pid))
		return wrong(cursor, "the process's id");
	if (!take(cursor, " old_pid=") || !take_id(cursor, &event->exec.old_tid))
		return wrong(cursor, "` old_pid=N`");
	at[-(ptrdiff_t)strlen(key)] = '\0'; /* the end of the path */
	return at_end(cursor);
}

/* `comm=NAME pid=N prio=N ...` */
static enum verdict read_sched_exit(struct cursor *cursor, struct trace_event *event)
{
	char *at = behind_last(cursor, " pid=");

	if (!at)
		return wrong(cursor, "`comm=NAME pid=N prio=N`");
	cursor->at = at;
	if (!take_id(cursor, &event->exit.tid))
		return wrong(cursor, "the thread's id");
	if (!take(cursor, " prio="))
		return wrong(cursor, "` prio=N`");
	return GOOD;
}

/* ---- perf's own records ---- */

static bool take_perms(struct cursor *cursor, unsigned int *perms)
{
	static const struct {
		char set, clear;
		unsigned int bit;
	} columns[] = {{'r', '-', TRACE_PERM_READ},
		       {'w', '-', TRACE_PERM_WRITE},
		       {'x', '-', TRACE_PERM_EXEC},
		       {'s', 'p', TRACE_PERM_SHARED}};
	const char *at = cursor->at;

	*perms = 0;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++, at++) {
		if (*at == columns[i].set)
			*perms |= columns[i].bit;
		else if (*at != columns[i].clear)
			return false;
	}
	cursor->at = at;
	return true;
}

/* `MAJ:MIN INODE GENERATION]`, the first two hexadecimal */
static bool take_inode(struct cursor *cursor, struct trace_map *map)
{
	uint64_t maj, min;

	if (!take_digits(cursor, 16, &maj) || !take(cursor, ":") ||
	    !take_digits(cursor, 16, &min) || maj > UINT32_MAX || min > UINT32_MAX)
		return false;
	map->maj = (unsigned int)maj;
	map->min = (unsigned int)min;
	return take(cursor, " ") && take_digits(cursor, 10, &map->ino) && take(cursor, " ") &&
	       take_digits(cursor, 10, &map->generation) && take(cursor, "]");
}

/* ` PID/TID: [START(LEN) @ OFFSET MAJ:MIN INODE GENERATION]: PERMS NAME` */
static enum verdict read_map(struct cursor *cursor, struct trace_event *event)
{
	struct trace_map *map = &event->map;
	uint64_t end;
	int pid, tid;

	skip_blanks(cursor);
	if (!take_pair(cursor, '/', &pid, &tid) || !take(cursor, ": ["))
		return wrong(cursor, "`PID/TID: [START(LEN) @ OFFSET ...`");
	if (!take_hex(cursor, &map->start) || !take(cursor, "(") || !take_hex(cursor, &map->len) ||
	    !take(cursor, ")"))
		return wrong(cursor, "`0xSTART(0xLEN)`");
	if (__builtin_add_overflow(map->start, map->len, &end) || !map->len) {
		set_error(cursor->reader,
			  "found a range of 0x%llx bytes at 0x%llx, expected one inside the "
			  "address space",
			  (unsigned long long)map->len, (unsigned long long)map->start);
		return WRONG;
	}
	if (!take(cursor, " @ ") || !take_number(cursor, &map->pgoff) || !take(cursor, " "))
		return wrong(cursor, "` @ OFFSET `");
	if (*cursor->at == '<')
		return wrong(
			cursor,
			"`MAJ:MIN INODE GENERATION`, as perf record prints without --buildid-mmap");
	if (!take_inode(cursor, map))
		return wrong(cursor, "`MAJ:MIN INODE GENERATION]`");
	if (!take(cursor, ": ") || !take_perms(cursor, &map->perms) || !take(cursor, " "))
		return wrong(cursor, "`: PERMS NAME`, where PERMS is as in r-xp");
	map->name = cursor->at;
	return GOOD;
}

/*
 * ` exec: NAME:PID/TID`, or without the word; the name may hold colons and
 * blanks.
 */
static enum verdict read_comm(struct cursor *cursor, struct trace_event *event)
{
	char *colon;

	event->type = take(cursor, " exec") ? TRACE_EV_COMM_EXEC : TRACE_EV_COMM;
	if (!take(cursor, ": "))
		return wrong(cursor, "`: NAME:PID/TID`");
	event->comm.comm = cursor->at;
	colon = strrchr(cursor->at, ':');
	if (!colon)
		return wrong(cursor, "`NAME:PID/TID`");
	cursor->at = colon + 1;
	if (!take_pair(cursor, '/', &event->comm.pid, &event->comm.tid))
		return wrong(cursor, "`PID/TID`");
	*colon = '\0';
	return at_end(cursor);
}

/* `(PID:TID):(PARENT PID:PARENT TID)` */
static enum verdict read_task(struct cursor *cursor, struct trace_event *event)
{
	if (!take(cursor, "(") || !take_pair(cursor, ':', &event->task.pid, &event->task.tid) ||
	    !take(cursor, "):(") || !take_pair(cursor, ':', &event->task.ppid, &event->task.ptid) ||
	    !take(cursor, ")"))
		return wrong(cursor, "`(PID:TID):(PARENT:PARENT)`");
	return at_end(cursor);
}

static enum verdict read_lost(struct cursor *cursor, struct trace_event *event)
{
	if (!take(cursor, " lost ") || !take_digits(cursor, 10, &event->lost.count))
		return wrong(cursor, "` lost COUNT`");
	return at_end(cursor);
}

/*
 * Records of one kind tell of each gap as it ends, of the other of all samples
 * lost: the larger sum is what is missing.
 */
static void count_lost(struct trace_reader *reader, uint64_t *sum, uint64_t count)
{
	*sum += count;
	reader->counts.lost =
		reader->lost > reader->lost_samples ? reader->lost : reader->lost_samples;
}

static enum verdict read_gap(struct cursor *cursor, struct trace_event *event)
{
	enum verdict verdict = read_lost(cursor, event);

	if (verdict == GOOD)
		count_lost(cursor->reader, &cursor->reader->lost, event->lost.count);
	return verdict;
}

static enum verdict read_lost_samples(struct cursor *cursor, struct trace_event *event)
{
	enum verdict verdict = read_lost(cursor, event);

	if (verdict == GOOD)
		count_lost(cursor->reader, &cursor->reader->lost_samples, event->lost.count);
	return verdict;
}

static enum verdict read_nothing(struct cursor *cursor, struct trace_event *event)
{
	(void)cursor;
	(void)event;
	return GOOD;
}

/* ---- a whole line ---- */

struct event_name {
	const char *name;
	enum trace_type type;
	enum verdict (*read)(struct cursor *cursor, struct trace_event *event);
};

/*
 * Frequent ones first. System calls, two names for each, are found by their
 * prefix instead.
 */
static const struct event_name tracepoints[] = {
	{"exceptions:page_fault_user", TRACE_EV_FAULT, read_user_fault},
	{"mmap_lock:mmap_lock_acquire_returned", TRACE_EV_LOCKED, read_lock},
	{"mmap_lock:mmap_lock_released", TRACE_EV_RELEASED, read_lock},
	{"exceptions:page_fault_kernel", TRACE_EV_FAULT, read_kernel_fault},
	{"sched:sched_process_fork", TRACE_EV_SCHED_FORK, read_sched_fork},
	{"sched:sched_process_exec", TRACE_EV_SCHED_EXEC, read_sched_exec},
	{"sched:sched_process_exit", TRACE_EV_SCHED_EXIT, read_sched_exit},
	{NULL, 0, NULL},
};

static const struct event_name records[] = {
	{"PERF_RECORD_MMAP2", TRACE_EV_MAP, read_map},
	{"PERF_RECORD_FORK", TRACE_EV_TASK_NEW, read_task},
	{"PERF_RECORD_EXIT", TRACE_EV_TASK_EXIT, read_task},
	{"PERF_RECORD_COMM", TRACE_EV_COMM, read_comm},
	{"PERF_RECORD_LOST", TRACE_EV_LOST, read_gap},
	{"PERF_RECORD_LOST_SAMPLES", TRACE_EV_LOST, read_lost_samples},
	{"PERF_RECORD_MMAP", TRACE_EV_KERNEL_MAP, read_nothing},
	{NULL, 0, NULL},
};

static const struct event_name *find_event(const struct event_name *names, const char *name,
					   size_t len)
{
	while (names->name && (strncmp(names->name, name, len) || names->name[len]))
		names++;
	return names->name ? names : NULL;
}

static enum verdict skip_unknown(struct trace_reader *reader, const char *name, size_t len)
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
		return skip_unknown(cursor->reader, name, len);
	event->type = known->type;
	return known->read(cursor, event);
}

/* The cursor stands behind `syscalls:sys_`; @name is the whole name. */
static enum verdict read_syscall(struct cursor *cursor, const char *name, size_t len,
				 struct trace_event *event)
{
	bool enter = take(cursor, "enter_");
	enum trace_call call;

	if (!enter && !take(cursor, "exit_"))
		return skip_unknown(cursor->reader, name, len);
	call = find_call(cursor->at, len - (size_t)(cursor->at - name));
	if (call == TRACE_NR_CALLS)
		return skip_unknown(cursor->reader, name, len);
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

/*
 * perf's own records are named without the colon that ends a tracepoint's name.
 */
static enum verdict read_event(struct cursor *cursor, struct trace_event *event)
{
	const char *name = cursor->at;
	size_t len;

	if (!strncmp(name, "PERF_RECORD_", strlen("PERF_RECORD_"))) {
		len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		cursor->at += len;
		return read_named(cursor, records, name, len, event);
	}
	len = strcspn(name, " ");
	if (len < 2 || name[len - 1] != ':')
		return wrong(cursor, "`EVENT:`, a tracepoint's name and a colon, or PERF_RECORD_*");
	len--;
	if (take(cursor, "syscalls:sys_"))
		return read_syscall(cursor, name, len, event);
	cursor->at = name + len + 1;
	return read_named(cursor, tracepoints, name, len, event);
}

/* `SEC.FRACTION`; perf prints 6 digits, or 9 with --ns. */
static bool take_time(struct cursor *cursor, uint64_t *time)
{
	const char *before = cursor->at;
	uint64_t sec, fraction;
	size_t digits;

	if (!take_digits(cursor, 10, &sec) || sec > UINT64_MAX / NS_PER_SEC - 1 ||
	    !take(cursor, "."))
		goto none;
	digits = strspn(cursor->at, "0123456789");
	if (digits > 9 || !take_digits(cursor, 10, &fraction))
		goto none;
	for (; digits < 9; digits++)
		fraction *= 10;
	*time = sec * NS_PER_SEC + fraction;
	return true;
none:
	cursor->at = before;
	return false;
}

/* perf script sorts by time, apart from what it made up itself, at time 0. */
static enum verdict check_time(struct cursor *cursor, uint64_t time)
{
	struct trace_reader *reader = cursor->reader;

	if (!time)
		return GOOD;
	if (time < reader->last_time) {
		set_error(reader,
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

static enum verdict read_line(struct cursor *cursor, struct trace_event *event)
{
	const char *line = cursor->at;
	uint64_t cpu;

	skip_blanks(cursor);
	if (!take_pair(cursor, '/', &event->pid, &event->tid))
		goto not_ours;
	skip_blanks(cursor);
	if (!take(cursor, "[") || !take_digits(cursor, 10, &cpu) || cpu > INT32_MAX ||
	    !take(cursor, "]"))
		goto not_ours;
	event->cpu = (int)cpu;
	skip_blanks(cursor);
	if (!take_time(cursor, &event->time) || !take(cursor, ":"))
		goto not_ours;
	skip_blanks(cursor);
	if (check_time(cursor, event->time) == WRONG)
		return WRONG;
	return read_event(cursor, event);
not_ours:
	cursor->at = line;
	return wrong(cursor, HEADER_SHAPE);
}

/* ---- the reader ---- */

static int stop(struct trace_reader *reader, int state)
{
	reader->state = state;
	return state;
}

/* No more lines: a text of nothing but comments is not a recording. */
static int finish(struct trace_reader *reader)
{
	const struct trace_counts *counts = &reader->counts;
	unsigned long known = 0;

	for (int i = 0; i < TRACE_NR_TYPES; i++)
		known += counts->events[i];
	if (known)
		return stop(reader, 0);
	reader->counts.lines++;
	set_error(reader, "the end after %lu lines without one known event, expected " HEADER_SHAPE,
		  counts->lines - 1);
	return stop(reader, -1);
}

static int read_failed(struct trace_reader *reader)
{
	reader->counts.lines++;
	set_error(reader, "%s", trace_lines_problem(reader->lines));
	return stop(reader, -1);
}

static enum verdict nul_inside(struct cursor *cursor)
{
	set_error(cursor->reader, "a NUL byte in the line, expected " HEADER_SHAPE);
	return WRONG;
}

/* vmrecord's second best is marked so that it is not taken for the best. */
static bool is_strace_mark(const char *line)
{
	return !strncmp(line, "# vmrecord: strace", strlen("# vmrecord: strace"));
}

/*
 * vmrecord says which rules the machine follows that it records on. A list that
 * is too long is cut, and its reader refuses it.
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
			set_error(reader, "a recording by strace, without faults and execve's "
					  "layout, expected perf script's text");
			return stop(reader, -1);
		}
		if (*line == '#') {
			keep_rules(&reader->counts, line);
			continue;
		}
		cursor.at = line;
		event->line = reader->counts.lines;
		verdict = memchr(line, '\0', len) ? nul_inside(&cursor) : read_line(&cursor, event);
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
