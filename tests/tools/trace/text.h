/* SPDX-License-Identifier: MIT */
/*
 * text.h - recordings written by hand: files in a temporary directory of the
 * test, and short forms of the lines that perf script prints. One thread.
 */
#ifndef TESTS_TRACE_TEXT_H
#define TESTS_TRACE_TEXT_H

#include <stddef.h>

/*
 * Write these bytes to a file for the reader under test. Its name is valid
 * until the next call. Aborts if it cannot be written.
 */
const char *text_file(const void *bytes, size_t len);

/* text_file() of a string. */
const char *text_of(const char *string);

/*
 * text_of() compressed by xz, cut to the first @keep bytes (all if there are
 * fewer).
 */
const char *text_xz(const char *string, size_t keep);

/*
 * A recording in which process 100 maps @nr pages, one every @apart bytes, and
 * forks as often.
 */
const char *text_of_forks(int nr, unsigned long apart);

/* Remove the directory; for the end of the test program. */
void text_remove(void);

/* Lines of perf script: @id is "PID/TID", @time is 9 digits after "1.". */
#define LINE(id, time, rest) " " id "  [001]     1." time ": " rest "\n"
#define ENTER(id, time, call, args)                                                                \
	LINE(id, time, "             syscalls:sys_enter_" call ": " args)
#define LEAVE(id, time, call, result)                                                              \
	LINE(id, time, "              syscalls:sys_exit_" call ": " result)
#define LOCKED(id, time, mm, write)                                                                \
	LINE(id, time,                                                                             \
	     "mmap_lock:mmap_lock_acquire_returned: mm=" mm " memcg_id=1 write=" write             \
	     " success=true")
#define RELEASED(id, time, mm, write)                                                              \
	LINE(id, time, "        mmap_lock:mmap_lock_released: mm=" mm " memcg_id=1 write=" write)
#define FAULT(id, time, address, code)                                                             \
	LINE(id, time,                                                                             \
	     "          exceptions:page_fault_user: address=" address                              \
	     " ip=0x401000 error_code=" code)
#define MAP2(id, time, range, rest) LINE(id, time, "PERF_RECORD_MMAP2 " id ": [" range " @ " rest)
#define TASK_NEW(id, time, child, parent) LINE(id, time, "PERF_RECORD_FORK(" child "):(" parent ")")
#define TASK_EXIT(id, time, task, parent) LINE(id, time, "PERF_RECORD_EXIT(" task "):(" parent ")")

/* Process 100 begins in space 0xa: lines 1 to 5. */
#define BEGIN                                                                                      \
	LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100")                        \
	LOCKED("100/100", "000000002", "0xa", "true")                                              \
	MAP2("100/100", "000000003", "0x400000(0x3000)", "0 fe:00 77 0]: r-xp /bin/prog")          \
	LINE("100/100", "000000004",                                                               \
	     "            sched:sched_process_exec: filename=/bin/prog pid=100 old_pid=100")       \
	LEAVE("100/100", "000000005", "execve", "0x0")

#endif
