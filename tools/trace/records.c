/* SPDX-License-Identifier: MIT */
/*
 * records.c - see fields.h: perf's own records, PERF_RECORD_X.
 */
#include "tools/trace/fields.h"

#include <string.h>

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

	if (!cursor_take_digits(cursor, 16, &maj) || !cursor_take(cursor, ":") ||
	    !cursor_take_digits(cursor, 16, &min) || maj > UINT32_MAX || min > UINT32_MAX)
		return false;
	map->maj = (unsigned int)maj;
	map->min = (unsigned int)min;
	return cursor_take(cursor, " ") && cursor_take_digits(cursor, 10, &map->ino) &&
	       cursor_take(cursor, " ") && cursor_take_digits(cursor, 10, &map->generation) &&
	       cursor_take(cursor, "]");
}

/* ` PID/TID: [START(LEN) @ OFFSET MAJ:MIN INODE GENERATION]: PERMS NAME` */
static enum verdict read_map(struct cursor *cursor, struct trace_event *event)
{
	struct trace_map *map = &event->map;
	uint64_t end;
	int pid, tid;

	cursor_skip_blanks(cursor);
	if (!cursor_take_pair(cursor, '/', &pid, &tid) || !cursor_take(cursor, ": ["))
		return cursor_wrong(cursor, "`PID/TID: [START(LEN) @ OFFSET ...`");
	if (!cursor_take_hex(cursor, &map->start) || !cursor_take(cursor, "(") ||
	    !cursor_take_hex(cursor, &map->len) || !cursor_take(cursor, ")"))
		return cursor_wrong(cursor, "`0xSTART(0xLEN)`");
	if (__builtin_add_overflow(map->start, map->len, &end) || !map->len) {
		reader_error(cursor->reader,
			     "found a range of 0x%llx bytes at 0x%llx, expected one inside the "
			     "address space",
			     (unsigned long long)map->len, (unsigned long long)map->start);
		return WRONG;
	}
	if (!cursor_take(cursor, " @ ") || !cursor_take_number(cursor, &map->pgoff) ||
	    !cursor_take(cursor, " "))
		return cursor_wrong(cursor, "` @ OFFSET `");
	if (*cursor->at == '<')
		return cursor_wrong(
			cursor,
			"`MAJ:MIN INODE GENERATION`, as perf record prints without --buildid-mmap");
	if (!take_inode(cursor, map))
		return cursor_wrong(cursor, "`MAJ:MIN INODE GENERATION]`");
	if (!cursor_take(cursor, ": ") || !take_perms(cursor, &map->perms) ||
	    !cursor_take(cursor, " "))
		return cursor_wrong(cursor, "`: PERMS NAME`, where PERMS is as in r-xp");
	map->name = cursor->at;
	return GOOD;
}

/*
 * `PERF_RECORD_COMM exec: NAME:PID/TID`, or without ` exec`. The name may hold
 * colons and blanks.
 */
static enum verdict read_comm(struct cursor *cursor, struct trace_event *event)
{
	char *colon;

	event->type = cursor_take(cursor, " exec") ? TRACE_EV_COMM_EXEC : TRACE_EV_COMM;
	if (!cursor_take(cursor, ": "))
		return cursor_wrong(cursor, "`: NAME:PID/TID`");
	event->comm.comm = cursor->at;
	colon = strrchr(cursor->at, ':');
	if (!colon)
		return cursor_wrong(cursor, "`NAME:PID/TID`");
	cursor->at = colon + 1;
	if (!cursor_take_pair(cursor, '/', &event->comm.pid, &event->comm.tid))
		return cursor_wrong(cursor, "`PID/TID`");
	*colon = '\0';
	return cursor_at_end(cursor);
}

/* `(PID:TID):(PARENT PID:PARENT TID)` */
static enum verdict read_task(struct cursor *cursor, struct trace_event *event)
{
	if (!cursor_take(cursor, "(") ||
	    !cursor_take_pair(cursor, ':', &event->task.pid, &event->task.tid) ||
	    !cursor_take(cursor, "):(") ||
	    !cursor_take_pair(cursor, ':', &event->task.ppid, &event->task.ptid) ||
	    !cursor_take(cursor, ")"))
		return cursor_wrong(cursor, "`(PID:TID):(PARENT:PARENT)`");
	return cursor_at_end(cursor);
}

static enum verdict read_lost(struct cursor *cursor, struct trace_event *event)
{
	if (!cursor_take(cursor, " lost ") || !cursor_take_digits(cursor, 10, &event->lost.count))
		return cursor_wrong(cursor, "` lost COUNT`");
	return cursor_at_end(cursor);
}

/*
 * perf counts the same losses in two kinds of records: one for each gap, and
 * one for all samples lost. The larger sum is the number of lost events.
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

const struct event_name trace_records[] = {
	{"PERF_RECORD_MMAP2", TRACE_EV_MAP, read_map},
	{"PERF_RECORD_FORK", TRACE_EV_TASK_NEW, read_task},
	{"PERF_RECORD_EXIT", TRACE_EV_TASK_EXIT, read_task},
	{"PERF_RECORD_COMM", TRACE_EV_COMM, read_comm},
	{"PERF_RECORD_LOST", TRACE_EV_LOST, read_gap},
	{"PERF_RECORD_LOST_SAMPLES", TRACE_EV_LOST, read_lost_samples},
	{"PERF_RECORD_MMAP", TRACE_EV_KERNEL_MAP, read_nothing},
	{NULL, 0, NULL},
};
