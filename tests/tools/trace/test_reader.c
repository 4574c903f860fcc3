/* SPDX-License-Identifier: MIT */
/*
 * test_reader.c - each kind of line gives its event, and each kind of wrong
 * line its message, with file and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/tools/trace/text.h"
#include "tools/trace/trace.h"

/* ---- lines that are right ---- */

/* Return the only event of @line, which stays readable in @reader. */
static struct trace_event only_event(const char *line, struct trace_reader **reader)
{
	char error[TRACE_ERROR_MAX];
	struct trace_event event, none;

	*reader = trace_open(text_of(line), error);
	assert_non_null(*reader);
	if (trace_next(*reader, &event) != 1)
		fail_msg("%s", trace_error(*reader));
	assert_int_equal(trace_next(*reader, &none), 0);
	assert_int_equal(trace_next(*reader, &none), 0);
	assert_string_equal(trace_error(*reader), "");
	return event;
}

/* event_of() is for events without strings. */
static struct trace_event event_of(const char *line)
{
	struct trace_reader *reader;
	struct trace_event event = only_event(line, &reader);

	trace_close(reader);
	return event;
}

/*
 * STRING_OF() is for events with strings: it copies the string of the first
 * event of @text to @copy.
 */
#define STRING_OF(text, field, copy)                                                               \
	do {                                                                                       \
		char error_[TRACE_ERROR_MAX];                                                      \
		struct trace_event event_;                                                         \
		struct trace_reader *reader_ = trace_open(text_of(text), error_);                  \
		assert_non_null(reader_);                                                          \
		assert_int_equal(trace_next(reader_, &event_), 1);                                 \
		snprintf(copy, sizeof(copy), "%s", event_.field);                                  \
		trace_close(reader_);                                                              \
	} while (0)

static void header_gives_ids_cpu_and_time(void **state)
{
	struct trace_event event =
		event_of(" 6520/6522  [003]  6003.953951039: PERF_RECORD_FORK(7:8):(9:10)\n");

	(void)state;
	assert_int_equal(event.type, TRACE_EV_TASK_NEW);
	assert_int_equal(event.line, 1);
	assert_int_equal(event.pid, 6520);
	assert_int_equal(event.tid, 6522);
	assert_int_equal(event.cpu, 3);
	assert_int_equal(event.time, 6003953951039u);
	assert_int_equal(event.task.pid, 7);
	assert_int_equal(event.task.tid, 8);
	assert_int_equal(event.task.ppid, 9);
	assert_int_equal(event.task.ptid, 10);
}

static void microseconds_are_read_as_such(void **state)
{
	(void)state;
	assert_int_equal(event_of(" 1/1 [000] 2.000003: PERF_RECORD_EXIT(1:1):(0:0)\n").time,
			 2000003000u);
	assert_int_equal(event_of(" 1/1 [000] 2.000003: PERF_RECORD_EXIT(1:1):(0:0)\n").type,
			 TRACE_EV_TASK_EXIT);
}

static void enter_gives_call_and_arguments(void **state)
{
	struct trace_event event = event_of(
		ENTER("5/6", "000000001", "mmap",
		      "addr: 0x7fcb5c08b000, len: 0x00156000, prot: 0x00000005, flags: 0x00000812, "
		      "fd: 0xffffffff, off: 0x00026000"));

	(void)state;
	assert_int_equal(event.type, TRACE_EV_ENTER);
	assert_int_equal(event.enter.call, TRACE_MMAP);
	assert_int_equal(event.enter.nr_args, 6);
	assert_int_equal(event.enter.args[0], 0x7fcb5c08b000);
	assert_int_equal(event.enter.args[4], 0xffffffff);
	assert_int_equal(event.enter.args[5], 0x26000);
}

static void enter_without_arguments(void **state)
{
	struct trace_event event = event_of(ENTER("5/6", "000000001", "vfork", ""));

	(void)state;
	assert_int_equal(event.enter.call, TRACE_VFORK);
	assert_int_equal(event.enter.nr_args, 0);
}

static void enter_passes_over_what_pointers_point_to(void **state)
{
	struct trace_event event =
		event_of(ENTER("5/6", "000000001", "execve",
			       "filename: 0x10 \"/a, b: 0x9\", argv: 0x20, envp: 48"));

	(void)state;
	assert_int_equal(event.enter.nr_args, 3);
	assert_int_equal(event.enter.args[0], 0x10);
	assert_int_equal(event.enter.args[1], 0x20);
	assert_int_equal(event.enter.args[2], 48);
}

static void every_call_is_known_by_its_name(void **state)
{
	char line[256];

	(void)state;
	for (int call = 0; call < TRACE_NR_CALLS; call++) {
		struct trace_event event;

		snprintf(line, sizeof(line), LEAVE("5/6", "000000001", "%s", "0x0"),
			 trace_call_name((enum trace_call)call));
		event = event_of(line);
		assert_int_equal(event.type, TRACE_EV_LEAVE);
		assert_int_equal(event.leave.call, call);
	}
	assert_string_equal(trace_call_name(TRACE_NR_CALLS), "?");
}

static void leave_gives_result_or_errno(void **state)
{
	(void)state;
	assert_int_equal(event_of(LEAVE("5/6", "000000001", "brk", "0x213c3000")).leave.result,
			 0x213c3000);
	assert_int_equal(
		event_of(LEAVE("5/6", "000000001", "mmap", "0xfffffffffffffff4")).leave.result,
		-12);
}

static void fault_gives_address_and_access(void **state)
{
	struct trace_event write = event_of(FAULT("5/6", "000000001", "0x7fcb5c290e06", "0x7"));
	struct trace_event fetch = event_of(FAULT("5/6", "000000001", "0x10", "0x14"));

	(void)state;
	assert_int_equal(write.type, TRACE_EV_FAULT);
	assert_int_equal(write.fault.address, 0x7fcb5c290e06);
	assert_true(write.fault.write && write.fault.protection && write.fault.user &&
		    !write.fault.exec);
	assert_true(fetch.fault.exec && !fetch.fault.write && !fetch.fault.protection);
	assert_int_equal(fetch.fault.error_code, 0x14);
}

static void kernel_fault_has_a_symbol_for_its_instruction(void **state)
{
	struct trace_event event = event_of(
		LINE("5/6", "000000001",
		     "exceptions:page_fault_kernel: address=0x53d108 ip=elf_load error_code=0x2"));

	(void)state;
	assert_int_equal(event.fault.address, 0x53d108);
	assert_true(event.fault.write && !event.fault.user);
}

static void map_gives_range_file_and_rights(void **state)
{
	static const char line[] = MAP2("5/6", "000000001", "0x7fcb5c1e1000(0x66000)",
					"0x17c000 fe:1a 332835 627518836]: r-xs /a b/c.so");
	struct trace_event event = event_of(line);
	char name[64];

	(void)state;
	assert_int_equal(event.type, TRACE_EV_MAP);
	assert_int_equal(event.map.start, 0x7fcb5c1e1000);
	assert_int_equal(event.map.len, 0x66000);
	assert_int_equal(event.map.pgoff, 0x17c000);
	assert_int_equal(event.map.maj, 0xfe);
	assert_int_equal(event.map.min, 0x1a);
	assert_int_equal(event.map.ino, 332835);
	assert_int_equal(event.map.generation, 627518836);
	assert_int_equal(event.map.perms, TRACE_PERM_READ | TRACE_PERM_EXEC | TRACE_PERM_SHARED);
	STRING_OF(line, map.name, name);
	assert_string_equal(name, "/a b/c.so");
}

static void comm_tells_exec_from_rename(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(event_of(LINE("5/6", "000000001", "PERF_RECORD_COMM exec: gcc:5/6")).type,
			 TRACE_EV_COMM_EXEC);
	assert_int_equal(event_of(LINE("5/6", "000000001", "PERF_RECORD_COMM: Thread-1:5/6")).type,
			 TRACE_EV_COMM);
	assert_int_equal(event_of(LINE("5/6", "000000001", "PERF_RECORD_COMM: a:b c:5/6")).comm.tid,
			 6);
	STRING_OF(LINE("5/6", "000000001", "PERF_RECORD_COMM: a:b c:5/6"), comm.comm, name);
	assert_string_equal(name, "a:b c");
}

static void sched_events_find_their_numbers_behind_any_name(void **state)
{
	static const char exec[] =
		LINE("5/6", "000000001",
		     "sched:sched_process_exec: filename=/a pid=1 b pid=5 old_pid=6");
	struct trace_event forked = event_of(LINE(
		"5/6", "000000001",
		"sched:sched_process_fork: comm=a b pid=5 child_comm=x child_pid=1 child_pid=7"));
	struct trace_event ended = event_of(
		LINE("5/6", "000000001",
		     "sched:sched_process_exit: comm=x pid=1 pid=6 prio=120 group_dead=true"));
	char name[64];

	(void)state;
	assert_int_equal(forked.type, TRACE_EV_SCHED_FORK);
	assert_int_equal(forked.task.ppid, 5);
	assert_int_equal(forked.task.pid, 7);
	assert_int_equal(event_of(exec).type, TRACE_EV_SCHED_EXEC);
	assert_int_equal(event_of(exec).exec.pid, 5);
	assert_int_equal(event_of(exec).exec.old_tid, 6);
	STRING_OF(exec, exec.filename, name);
	assert_string_equal(name, "/a pid=1 b");
	assert_int_equal(ended.type, TRACE_EV_SCHED_EXIT);
	assert_int_equal(ended.exit.tid, 6);
}

static void lock_events_give_mm_mode_and_success(void **state)
{
	struct trace_event taken =
		event_of(LOCKED("5/6", "000000001", "0xffff888172c2b840", "true"));
	struct trace_event tried = event_of(LINE("5/6", "000000001",
						 "mmap_lock:mmap_lock_acquire_returned: mm=0x1 "
						 "memcg_path=/a b write=false success=false"));
	struct trace_event released = event_of(RELEASED("5/6", "000000001", "0x2", "false"));

	(void)state;
	assert_int_equal(taken.type, TRACE_EV_LOCKED);
	assert_int_equal(taken.lock.mm, 0xffff888172c2b840);
	assert_true(taken.lock.write && taken.lock.success);
	assert_true(!tried.lock.write && !tried.lock.success);
	assert_int_equal(released.type, TRACE_EV_RELEASED);
	assert_true(!released.lock.write);
}

/* ---- lines that are skipped ---- */

static void lost_is_the_larger_of_two_accounts_of_the_same(void **state)
{
	char error[TRACE_ERROR_MAX];
	struct trace_event event;
	struct trace_reader *reader =
		trace_open(text_of(LINE("5/6", "000000001", "PERF_RECORD_LOST lost 3") LINE(
				   "5/6", "000000002",
				   "PERF_RECORD_LOST lost 4") "    0/0     [000]     0.000000000: "
							      "PERF_RECORD_LOST_SAMPLES lost 5\n"),
			   error);

	(void)state;
	assert_non_null(reader);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(trace_next(reader, &event), 1);
		assert_int_equal(event.type, TRACE_EV_LOST);
	}
	assert_int_equal(event.lost.count, 5);
	assert_int_equal(trace_next(reader, &event), 0);
	assert_int_equal(trace_counts(reader)->lost, 7);
	trace_close(reader);
}

static void unknown_events_and_comments_are_passed_over_and_counted(void **state)
{
	char error[TRACE_ERROR_MAX];
	struct trace_event event;
	struct trace_reader *reader = trace_open(
		text_of("# vmrecord: rules kernel=6.12,x=1\n" LINE("5/6", "000000001",
								   "kmem:mm_page_alloc: page=0x1")
				LINE("5/6", "000000002", "syscalls:sys_enter_read: fd: 0x3")
					LINE("5/6", "000000003", "PERF_RECORD_CGROUP cgroup: 1 /")
						LINE("5/6", "000000004",
						     "exceptions:page_fault_kernel: "
						     "address=some_symbol ip=x error_code=0x0")
							FAULT("5/6", "000000005", "0x1000", "0x4")),
		error);

	(void)state;
	assert_non_null(reader);
	assert_int_equal(trace_next(reader, &event), 1);
	assert_int_equal(event.line, 6);
	assert_string_equal(trace_counts(reader)->rules, "kernel=6.12,x=1");
	assert_int_equal(trace_next(reader, &event), 0);
	assert_int_equal(trace_counts(reader)->unknown, 3);
	assert_string_equal(trace_counts(reader)->first_unknown, "kmem:mm_page_alloc");
	assert_int_equal(trace_counts(reader)->lines, 6);
	assert_int_equal(trace_counts(reader)->events[TRACE_EV_FAULT], 1);
	trace_close(reader);
}

static void xz_shows_in_the_bytes_not_in_the_name(void **state)
{
	char error[TRACE_ERROR_MAX];
	struct trace_event event;
	struct trace_reader *reader = trace_open(text_xz(BEGIN, SIZE_MAX), error);
	int nr = 0;

	(void)state;
	assert_non_null(reader);
	while (trace_next(reader, &event) == 1)
		nr++;
	assert_string_equal(trace_error(reader), "");
	assert_int_equal(nr, 5);
	trace_close(reader);
}

/*
 * The text is longer than any buffer of the reader, so that every boundary cuts
 * lines.
 */
static void long_texts_are_read_whole(void **state)
{
	enum { NR = 12000 };
	char error[TRACE_ERROR_MAX];
	char *text = malloc((size_t)NR * 128);
	size_t len = 0;
	struct trace_event event;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < NR; i++)
		len += (size_t)sprintf(text + len, FAULT("5/6", "%09d", "0x%x", "0x6"), i + 1,
				       i * 4096);
	for (int xz = 0; xz < 2; xz++) {
		struct trace_reader *reader =
			trace_open(xz ? text_xz(text, SIZE_MAX) : text_of(text), error);

		assert_non_null(reader);
		for (unsigned int i = 0; i < NR; i++) {
			if (trace_next(reader, &event) != 1)
				fail_msg("%s", trace_error(reader));
			if (event.fault.address != (uint64_t)i * 4096)
				fail_msg("line %u: address %llx", i + 1,
					 (unsigned long long)event.fault.address);
		}
		assert_int_equal(trace_next(reader, &event), 0);
		trace_close(reader);
	}
	free(text);
}

/* ---- lines that are wrong ---- */

/*
 * Check that the reader fails on line @line of @path with exactly `PATH:LINE: `
 * and @message.
 */
static void expect_error(const char *path, unsigned long line, const char *message)
{
	char error[TRACE_ERROR_MAX], expected[TRACE_ERROR_MAX];
	struct trace_event event;
	struct trace_reader *reader = trace_open(path, error);
	int got;

	assert_non_null(reader);
	while ((got = trace_next(reader, &event)) == 1)
		;
	snprintf(expected, sizeof(expected), "%s:%lu: %s", path, line, message);
	assert_string_equal(trace_error(reader), expected);
	assert_int_equal(got, -1);
	assert_int_equal(trace_next(reader, &event), -1);
	trace_close(reader);
}

#define SHAPE "`PID/TID [CPU] SEC.NSEC: EVENT: FIELDS`, as perf script prints"

static void wrong_lines_are_named_with_what_was_expected(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"hello, world\n", "found `hello, world`, expected " SHAPE},
		{"\n", "the line ends, expected " SHAPE},
		{" 5 [001] 1.000000001: PERF_RECORD_FORK(7:8):(9:10)\n",
		 "found ` 5 [001] 1.000000001: PERF_RECORD_FORK(7:8):(9:10)`, expected " SHAPE},
		{" 5/6 [x] 1.000000001: x:y: \n",
		 "found ` 5/6 [x] 1.000000001: x:y: `, expected " SHAPE},
		{" 5/6 [001] 1.0000000001: x:y: \n",
		 "found ` 5/6 [001] 1.0000000001: x:y: `, expected " SHAPE},
		{" 5/6 [001] 1.000001: notanevent\n",
		 "found `notanevent`, expected `EVENT:`, a tracepoint's name and a colon, or "
		 "PERF_RECORD_*"},
		{ENTER("5/6", "000000001", "munmap", "addr: 0x1000"),
		 "found 1 arguments of munmap, expected 2"},
		{ENTER("5/6", "000000001", "munmap", "addr: 0x1000, len: many"),
		 "found `many`, expected a number, decimal or 0xHEX"},
		{ENTER("5/6", "000000001", "munmap", "addr 0x1000"),
		 "found `addr 0x1000`, expected an argument, `NAME: NUMBER`"},
		{ENTER("5/6", "000000001", "brk", "brk: 0x10000000000000000"),
		 "found `0x10000000000000000`, expected a number, decimal or 0xHEX"},
		{ENTER("5/6", "000000001", "brk", "brk: 0x1 0x2"),
		 "found ` 0x2`, expected `, ` and the next argument, or the end of the line"},
		{ENTER("5/6", "000000001", "brk", "a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7"),
		 "found `g: 7`, expected at most 6 arguments"},
		{LEAVE("5/6", "000000001", "brk", "12"), "found `12`, expected the result, 0xHEX"},
		{LEAVE("5/6", "000000001", "brk", "0x12 x"),
		 "found `x`, expected the end of the line"},
		{LEAVE("5/6", "000000001", "brk", ""), "the line ends, expected the result, 0xHEX"},
		{FAULT("5/6", "000000001", "nowhere", "0x6"),
		 "found `nowhere ip=0x401000 error_code=0x6`, expected the address, 0xHEX"},
		{FAULT("5/6", "000000001", "0x1000", "six"),
		 "found `six`, expected the error code, 0xHEX"},
		{LINE("5/6", "000000001", "exceptions:page_fault_user: address=0x1 ip=0x2"),
		 "found `0x2`, expected the instruction's address and ` error_code=0xHEX`"},
		{LINE("5/6", "000000001", "exceptions:page_fault_user: addr=0x1"),
		 "found `addr=0x1`, expected `address=0xHEX`"},
		{LOCKED("5/6", "000000001", "0x1", "maybe"),
		 "found `maybe success=true`, expected `true` or `false`"},
		{RELEASED("5/6", "000000001", "x", "true"),
		 "found `x memcg_id=1 write=true`, expected the mm, 0xHEX"},
		{LINE("5/6", "000000001",
		      "mmap_lock:mmap_lock_acquire_returned: mm=0x1 write=true"),
		 "the line ends, expected ` success=true` or ` success=false`"},
		{MAP2("5/6", "000000001", "0x1000", "0 fe:00 1 0]: r--p /a"),
		 "found ` @ 0 fe:00 1 0]: r--p /a`, expected `0xSTART(0xLEN)`"},
		{MAP2("5/6", "000000001", "0xfffffffffffff000(0x2000)", "0 fe:00 1 0]: r--p /a"),
		 "found a range of 0x2000 bytes at 0xfffffffffffff000, expected one inside the "
		 "address space"},
		{MAP2("5/6", "000000001", "0x1000(0x1000)", "0 <0123>]: r--p /a"),
		 "found `<0123>]: r--p /a`, expected `MAJ:MIN INODE GENERATION`, as perf record "
		 "prints without --buildid-mmap"},
		{MAP2("5/6", "000000001", "0x1000(0x1000)", "0 fe:00 1 0]: rwxq /a"),
		 "found `rwxq /a`, expected `: PERMS NAME`, where PERMS is as in r-xp"},
		{LINE("5/6", "000000001", "PERF_RECORD_FORK(7):(9:10)"),
		 "found `7):(9:10)`, expected `(PID:TID):(PARENT:PARENT)`"},
		{LINE("5/6", "000000001", "PERF_RECORD_COMM exec: gcc"),
		 "found `gcc`, expected `NAME:PID/TID`"},
		{LINE("5/6", "000000001", "PERF_RECORD_LOST many"),
		 "found ` many`, expected ` lost COUNT`"},
		{LINE("5/6", "000000001", "sched:sched_process_exec: filename=/a pid=5"),
		 "the line ends, expected ` old_pid=N`"},
		{LINE("5/6", "000000001", "sched:sched_process_exit: comm=a"),
		 "found ` comm=a`, expected `comm=NAME pid=N prio=N`"},
		{LINE("5/6", "000000001", "sched:sched_process_fork: comm=a pid=5"),
		 "found ` comm=a pid=5`, expected `comm=NAME pid=N child_comm=NAME child_pid=N`"},
		{"# vmrecord: strace text: no page faults\n",
		 "a recording by strace, without faults and execve's layout, expected perf "
		 "script's text"},
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", FAULT("5/6", "000000001", "0x1000", "0x6"),
			 cases[i].line);
		expect_error(text_of(text), 2, cases[i].message);
	}
}

static void message_quotes_little_and_nothing_unprintable(void **state)
{
	(void)state;
	expect_error(text_of("\033["
			     "2J\t01234567890123456789012345678901234567890123456789012345678901234"
			     "56789\n"),
		     1,
		     "found `?[2J?0123456789012345678901234567890123456789012345678901234...`, "
		     "expected " SHAPE);
}

static void time_must_not_run_backwards(void **state)
{
	(void)state;
	expect_error(text_of(FAULT("5/6", "000000009", "0x1000", "0x6")
				     FAULT("5/6", "000000008", "0x1000", "0x6")),
		     2,
		     "found time 1.000000008 after 1.000000009, expected time to rise (two "
		     "recordings in one file?)");
}

static void text_that_ends_inside_a_line_is_truncated(void **state)
{
	static const char text[] = FAULT("5/6", "000000001", "0x1000", "0x6")
		FAULT("5/6", "000000002", "0x1000", "0x6");

	(void)state;
	expect_error(text_file(text, sizeof(text) - 2), 2,
		     "the text ends inside a line, expected a newline (a truncated file?)");
}

static void xz_that_ends_early_is_truncated(void **state)
{
	static const char message[] =
		"the xz data end early, expected the rest of the stream (a truncated file?)";
	struct stat whole;

	(void)state;
	assert_int_equal(stat(text_xz(BEGIN, SIZE_MAX), &whole), 0);
	/*
	 * The text is cut before the first line is decoded, and after the last
	 * one, where only the stream's end is missing.
	 */
	expect_error(text_xz(BEGIN, 40), 1, message);
	expect_error(text_xz(BEGIN, (size_t)whole.st_size - 1), 6, message);
}

static void xz_that_is_damaged_is_found_out(void **state)
{
	char bytes[4096];
	FILE *file = fopen(text_xz(BEGIN, SIZE_MAX), "r");
	size_t len;

	(void)state;
	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	bytes[100] ^= 0x10;
	expect_error(text_file(bytes, len), 1,
		     "the xz data are corrupt, expected a stream that matches its checksum");
}

static void foreign_files_are_named_for_what_they_are(void **state)
{
	(void)state;
	expect_error(text_of(""), 1, "an empty file, expected the text that `perf script` prints");
	expect_error(text_of("PERFILE2 and so on"), 1,
		     "a perf.data file, expected the text that `perf script` prints of it");
	expect_error(text_of("\x1f\x8b\x08 and so on"), 1,
		     "gzip data, expected text, plain or xz-compressed");
	expect_error(text_of("\x28\xb5\x2f\xfd and so on"), 1,
		     "zstd data, expected text, plain or xz-compressed");
	expect_error(text_file("a\0b\n", 4), 1, "a NUL byte in the line, expected " SHAPE);
	expect_error(text_of("# nothing\n"), 2,
		     "the end after 1 lines without one known event, expected " SHAPE);
	expect_error(text_of(LINE("5/6", "000000001", "a:b: c")), 2,
		     "the end after 1 lines without one known event, expected " SHAPE);
}

static void line_of_no_end_is_refused(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	expect_error(text_file(text, len), 1,
		     "a line of more than 256 KiB, expected one event a line");
	free(text);
}

static void what_cannot_be_opened_is_said(void **state)
{
	char error[TRACE_ERROR_MAX];

	(void)state;
	assert_null(trace_open("/nonexistent/file", error));
	assert_string_equal(error, "/nonexistent/file: No such file or directory");
	assert_null(trace_open("/tmp", error));
	assert_string_equal(error, "/tmp: a directory, expected a recording");
	trace_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_gives_ids_cpu_and_time),
		cmocka_unit_test(microseconds_are_read_as_such),
		cmocka_unit_test(enter_gives_call_and_arguments),
		cmocka_unit_test(enter_without_arguments),
		cmocka_unit_test(enter_passes_over_what_pointers_point_to),
		cmocka_unit_test(every_call_is_known_by_its_name),
		cmocka_unit_test(leave_gives_result_or_errno),
		cmocka_unit_test(fault_gives_address_and_access),
		cmocka_unit_test(kernel_fault_has_a_symbol_for_its_instruction),
		cmocka_unit_test(map_gives_range_file_and_rights),
		cmocka_unit_test(comm_tells_exec_from_rename),
		cmocka_unit_test(sched_events_find_their_numbers_behind_any_name),
		cmocka_unit_test(lock_events_give_mm_mode_and_success),
		cmocka_unit_test(lost_is_the_larger_of_two_accounts_of_the_same),
		cmocka_unit_test(unknown_events_and_comments_are_passed_over_and_counted),
		cmocka_unit_test(xz_shows_in_the_bytes_not_in_the_name),
		cmocka_unit_test(long_texts_are_read_whole),
		cmocka_unit_test(wrong_lines_are_named_with_what_was_expected),
		cmocka_unit_test(message_quotes_little_and_nothing_unprintable),
		cmocka_unit_test(time_must_not_run_backwards),
		cmocka_unit_test(text_that_ends_inside_a_line_is_truncated),
		cmocka_unit_test(xz_that_ends_early_is_truncated),
		cmocka_unit_test(xz_that_is_damaged_is_found_out),
		cmocka_unit_test(foreign_files_are_named_for_what_they_are),
		cmocka_unit_test(line_of_no_end_is_refused),
		cmocka_unit_test(what_cannot_be_opened_is_said),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	text_remove();
	return failed;
}
