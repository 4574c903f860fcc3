/* SPDX-License-Identifier: MIT */
/*
 * test_check.c - `vmreplay check`: the bundled recordings of real programs
 * match on every engine, a small recording matches, too, and each single wrong
 * record, placement, result, touch or line of a listing in it is reported with
 * its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/trace/text.h"
#include "tests/tools/vmreplay/program.h"

static char *small, *small_maps;

static void expect_matches(const char *recording, const char *options)
{
	char line[256];
	const char *output = program_run(0, "check %s %s", recording, options);

	for (const char *const *engine = program_engines; *engine; engine++) {
		snprintf(line, sizeof(line), "%s: engine %s: ", recording, *engine);
		program_expect(output, line);
	}
	program_expect(output, "; 0 not replayed; 0 mismatches");
	program_expect_none(output, "what the recording lacks");
}

static void every_bundled_recording_matches_on_every_engine(void **state)
{
	char path[128];

	(void)state;
	for (const char *const *name = program_recordings; *name; name++) {
		snprintf(path, sizeof(path), PROGRAM_RECORDINGS "%s.script.xz", *name);
		expect_matches(path, "");
	}
}

static void every_bundled_listing_is_passed_through(void **state)
{
	char path[128], maps[128], option[160];
	int nr = 0;

	(void)state;
	for (const char *const *name = program_recordings; *name; name++) {
		snprintf(path, sizeof(path), PROGRAM_RECORDINGS "%s.script.xz", *name);
		snprintf(maps, sizeof(maps), PROGRAM_RECORDINGS "%s.maps", *name);
		if (access(maps, R_OK) != 0)
			continue;
		snprintf(option, sizeof(option), "--maps=%s", maps);
		expect_matches(path, option);
		program_expect(program_run(0, "check %s --engine=maple %s", path, option),
			       "; passed through the given listing");
		nr++;
	}
	assert_int_equal(nr, 5);
}

static void a_small_recording_matches_and_is_counted(void **state)
{
	(void)state;
	program_expect_text(
		program_run(0, "check " PROGRAM_SMALL
			       "script --engine=maple-vma --maps=" PROGRAM_SMALL "maps"),
		PROGRAM_SMALL
		"script: engine maple-vma: 18 MMAP2 records, 9 placements, 16 results, 6 faults in "
		"2 address "
		"spaces; 0 not replayed; 0 mismatches; passed through the given listing\n",
		"small.script");
}

/*
 * The recording machine had no zero page, and the recording says so. The
 * properties of this machine do not matter.
 */
static void a_recording_is_checked_by_its_own_machines_rules(void **state)
{
	static const char path[] = "tests/tools/vmreplay/recordings/no-zero-page.script";

	(void)state;
	expect_matches(path, "");
	program_expect(program_run(1, "check %s --rules=read_takes_page=0", path),
		       "; 1 mismatches");
	expect_matches(path, "--rules=read_takes_page=1");
	expect_matches(PROGRAM_SMALL "script", "--rules=kernel=6.12");
	program_expect(
		program_run(2, "check %s",
			    text_of("# vmrecord: rules read_takes=1\n"
				    "1/1 [000] 1.000000001: PERF_RECORD_COMM exec: prog:1/1\n")),
		": rules of the machine that recorded: found 'read_takes=1', expected one of "
		"kernel");
}

/*
 * The kernel's mappings for a program of three segments: it maps the whole
 * image first. Between the last two segments lies a free page, 0x405000.
 */
#define IMAGE                                                                                      \
	LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100")                        \
	MAP2("100/100", "000000002", "0x400000(0x9000)", "0 fe:00 77 0]: r--p /bin/prog")          \
	MAP2("100/100", "000000003", "0x402000(0x3000)", "0x2000 fe:00 77 0]: r-xp /bin/prog")     \
	MAP2("100/100", "000000004", "0x406000(0x2000)", "0x5000 fe:00 77 0]: rw-p /bin/prog")     \
	LEAVE("100/100", "000000005", "execve", "0x0")
#define MAP_HOLE(answer)                                                                           \
	ENTER("100/100", "000000006", "mmap",                                                      \
	      "addr: 0x405000, len: 0x1000, prot: 0x0, flags: 0x100022, fd: 0xffffffff, off: 0x0") \
	LEAVE("100/100", "000000007", "mmap", answer)

/*
 * Symptom: a program whose segments leave a page free was reported as a
 * mismatch. Cause: execve maps the whole image, and no record shows that it
 * unmaps the part beyond the first segment. `make` is such a program.
 */
static void a_page_between_two_segments_is_free(void **state)
{
	const char *path = text_of(IMAGE MAP_HOLE("0x405000"));

	(void)state;
	program_expect(program_run(0, "check %s", path),
		       "engine maple: 2 MMAP2 records, 0 placements, 1 results, ");
	path = text_of(IMAGE MAP_HOLE("0xffffffffffffffef"));
	program_expect(program_run(1, "check %s", path),
		       "mmap(405000, 1000, 0): expected ffffffffffffffef, got 405000");
	program_expect(program_run(0, "check tests/tools/vmreplay/recordings/free-page.script.xz"),
		       "; 0 not replayed; 0 mismatches");
}

/* ---- one thing wrong ---- */

/* Return the number of the line of @text in which @at begins, from 1. */
static unsigned long line_of(const char *text, const char *at)
{
	unsigned long line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Replace the @nr-th @from of @text, counted from 1, by @to, in place. */
static void replace(char *text, size_t room, const char *from, unsigned int nr, const char *to)
{
	char *at = strstr(text, from);
	size_t tail;

	while (at && --nr)
		at = strstr(at + 1, from);
	if (!at) {
		fail_msg("the recording has no '%s'", from);
		return;
	}
	tail = strlen(at + strlen(from)) + 1;
	assert_true((size_t)(at - text) + strlen(to) + tail <= room);
	memmove(at + strlen(to), at + strlen(from), tail);
	while (*to)
		*at++ = *to++;
}

#define EDITS_MAX 4

struct edit {
	const char *from, *to;
	unsigned int nr; /* which @from of the file; 0 means 1 */
};

/*
 * The small recording with edits, the line that is reported (the line with this
 * text before the edits; no edit adds a line), and the message.
 */
struct wrong {
	struct edit edits[EDITS_MAX];
	const char *told_at, *told;
	unsigned int mismatches; /* 0 means 1 */
};

static void edit(char *text, size_t room, const struct edit *edits)
{
	for (int i = 0; i < EDITS_MAX && edits[i].from; i++)
		replace(text, room, edits[i].from, edits[i].nr ? edits[i].nr : 1, edits[i].to);
}

static void expect_told(const struct wrong *wrong)
{
	const char *at = strstr(small, wrong->told_at), *path, *output;
	char text[32768], part[512];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%s", small);
	edit(text, sizeof(text), wrong->edits);
	path = text_of(text);
	output = program_run(1, "check %s", path);
	for (const char *const *engine = program_engines; *engine; engine++) {
		snprintf(part, sizeof(part), "%s:%lu: [%s] pid ", path, line_of(small, at),
			 *engine);
		program_expect(output, part);
	}
	program_expect(output, wrong->told);
	snprintf(part, sizeof(part), "; %u mismatches\n",
		 wrong->mismatches ? wrong->mismatches : 1);
	program_expect(output, part);
}

static void expect_all_told(const struct wrong *wrong, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		expect_told(&wrong[i]);
}

#define EXPECT_TOLD(table) expect_all_told(table, sizeof(table) / sizeof((table)[0]))

static void a_wrong_record_is_told(void **state)
{
	static const struct wrong wrong[] = {
		/* its end */
		{{{"[0x7f00000cc000(0x2000)", "[0x7f00000cc000(0x1000)", 0}},
		 "sys_enter_mmap: addr: 0x0, len: 0x2000",
		 "MMAP2: expected 7f00000cc000-7f00000cd000 perms 3 offset 7f00000cc000 //anon, "
		 "got 7f00000cc000-7f00000ce000 "
		 "perms 3",
		 0},
		/* its start: the range that it merged with */
		{{{"[0x7f00000cb000(0x3000)", "[0x7f00000cc000(0x2000)", 0}},
		 "sys_enter_mmap: addr: 0x7f00000cb000",
		 "MMAP2: expected 7f00000cc000-7f00000ce000 perms 3 offset 7f00000cb000 //anon, "
		 "got 7f00000cb000-7f00000ce000",
		 0},
		/* its rights */
		{{{"r--p //anon", "rw-p //anon", 0}},
		 "sys_enter_mprotect",
		 "MMAP2: expected 7f00000cb000-7f00000cc000 perms 3",
		 0},
		{{{"rw-p [heap]", "rwxp [heap]", 0}},
		 "sys_enter_brk: brk: 0x1002000",
		 "perms 7 offset 1000000 [heap], got",
		 0},
		{{{"rw-p [heap]", "rw-s [heap]", 0}},
		 "sys_enter_brk: brk: 0x1002000",
		 "perms 83 offset 1000000 [heap], got",
		 0},
		/* its offset */
		{{{"@ 0 fe:00 99", "@ 0x1000 fe:00 99", 0}},
		 "len: 0x2800",
		 "perms 1 offset 1000 /lib/libc.so, got",
		 0},
		{{{"@ 0x1000000 00:00", "@ 0x2000000 00:00", 0}},
		 "sys_enter_brk: brk: 0x1002000",
		 "offset 2000000 [heap], got",
		 0},
		/* its file */
		{{{"00:00 0 0]: rw-p [heap]", "fe:00 77 0]: rw-p /bin/prog", 0}},
		 "sys_enter_brk: brk: 0x1002000",
		 "offset 1000000 /bin/prog, got 1000000-1002000 perms 3 offset 1000000 //anon",
		 0},
		/* a record of another thread, and of another process */
		{{{"[0x7f00000c9000(0x2000)", "[0x7f00000c9000(0x1000)", 0}},
		 "100/101  [001]     1.000081000",
		 "] pid 100: MMAP2: expected",
		 0},
		{{{"0x7f00000c8000 00:00 0 0]: r--p", "0x7f00000c8000 00:00 0 0]: -w-p", 0}},
		 "102/102  [000]     1.000100000",
		 "] pid 102: MMAP2",
		 0},
		/* nothing is there */
		{{{"[0x7f00000cb000(0x1000)", "[0x600000(0x1000)", 0}},
		 "sys_enter_mprotect",
		 "MMAP2 600000-601000: nothing is mapped there",
		 0},
		/* how far the stack grew */
		{{{"[0x7ffcfffff000(0x22000) @ 0x7ffffffdd000",
		   "[0x7ffcffffe000(0x23000) @ 0x7ffffffdc000", 0}},
		 "address=0x7ffcfffff008",
		 "MMAP2 7ffcffffe000-7ffd00021000: nothing is mapped there",
		 0},
	};

	(void)state;
	EXPECT_TOLD(wrong);
}

static void a_wrong_placement_is_told(void **state)
{
	static const struct wrong wrong[] = {
		{{{"sys_exit_mmap: 0x7f00000c8000", "sys_exit_mmap: 0x7f00000bf000", 3},
		  {"[0x7f00000c8000(0x1000) @ 0x7f00000c8000 00:00 0 0]: ---p",
		   "[0x7f00000bf000(0x1000) @ 0x7f00000bf000 00:00 0 0]: ---p", 0}},
		 "100/100  [000]     1.000108000",
		 "mmap(0, 1000, 0): expected 7f00000bf000, got 7f00000c8000",
		 0},
		/* a hint not taken */
		{{{"sys_exit_mmap: 0x500000", "sys_exit_mmap: 0x600000", 0},
		  {"[0x500000(0x1000) @ 0x500000", "[0x600000(0x1000) @ 0x600000", 0}},
		 "sys_enter_mmap: addr: 0x500000",
		 "mmap(500000, 1000, 3): expected 600000, got 500000",
		 0},
		/* where mremap moved it */
		{{{"sys_exit_mremap: 0x7f00000c6000", "sys_exit_mremap: 0x7f00000c5000", 0}},
		 "sys_enter_mremap",
		 "mremap(7f00000c8000, 1000, 2000): expected 7f00000c5000, got 7f00000c6000",
		 0},
		/*
		 * The order of the threads: here the other thread takes the
		 * lock first and gets the higher address.
		 */
		{{{"100/100  [000]     1.000083000", "100/101  [001]     1.000083000", 0},
		  {"100/101  [001]     1.000086000", "100/100  [000]     1.000086000", 0}},
		 "100/101  [001]     1.000081000",
		 "mmap(0, 1000, 3): expected 7f00000c9000, got 7f00000ca000",
		 3},
	};

	(void)state;
	EXPECT_TOLD(wrong);
}

static void a_wrong_result_is_told(void **state)
{
	static const struct wrong wrong[] = {
		{{{"sys_exit_munmap: 0x0", "sys_exit_munmap: 0xffffffffffffffea", 0}},
		 "sys_enter_munmap: addr: 0x7f00000c9000",
		 "munmap(7f00000c9000, 2000, 0): expected ffffffffffffffea, got 0",
		 0},
		{{{"sys_exit_munmap: 0xffffffffffffffea", "sys_exit_munmap: 0x0", 0}},
		 "sys_enter_munmap: addr: 0x7f00000c9001",
		 "munmap(7f00000c9001, 1000, 0): expected 0, got ffffffffffffffea",
		 0},
		{{{"sys_exit_mprotect: 0x0", "sys_exit_mprotect: 0xfffffffffffffff4", 0}},
		 "sys_enter_mprotect",
		 "expected fffffffffffffff4, got 0",
		 0},
		{{{"behavior: 0x4", "behavior: 0x4d", 0}},
		 "sys_enter_madvise",
		 "madvise(7f00000cc000, 2000, 4d): expected 0, got ffffffffffffffea",
		 0},
		{{{"sys_exit_brk: 0x1002000", "sys_exit_brk: 0x1000000", 0}},
		 "sys_enter_brk: brk: 0x1002000",
		 "brk(1002000, 0, 0): expected 1000000, got 1002000",
		 0},
		/*
		 * The recording's kernel refused memory; the replay frees what
		 * it got.
		 */
		{{{"sys_exit_mmap: 0x7f00000c8000", "sys_exit_mmap: 0xfffffffffffffff4", 3},
		  {"PERF_RECORD_MMAP2 100/100: [0x7f00000c8000(0x1000) @ 0x7f00000c8000",
		   "PERF_RECORD_LOST lost 0 [0x7f00000c8000(0x1000) @ ", 0},
		  {"PERF_RECORD_LOST lost 0 [0x7f00000c8000(0x1000) @  00:00 0 0]: ---p //anon",
		   "PERF_RECORD_COMM: prog:100/100", 0}},
		 "100/100  [000]     1.000108000",
		 "mmap(0, 1000, 0): expected fffffffffffffff4, got 7f00000c8000",
		 0},
		/* an operation that the library does not know */
		{{{"sys_enter_madvise: start: 0x7f00000cc000, len_in: 0x2000, behavior: 0x4",
		   "sys_enter_remap_file_pages: start: 0x7f00000cc000, size: 0x2000, prot: 0x0, "
		   "pgoff: 0x1, flags: 0x0",
		   0},
		  {"sys_exit_madvise", "sys_exit_remap_file_pages", 0}},
		 "sys_enter_madvise",
		 "remap_file_pages: the library has no such operation yet",
		 0},
		{{{"sys_enter_madvise: start: 0x7f00000cc000, len_in: 0x2000, behavior: 0x4",
		   "sys_enter_mlock: start: 0x7f00000cc000, len: 0x2000", 0},
		  {"sys_exit_madvise: 0x0", "sys_exit_mlock: 0xfffffffffffffff4", 0}},
		 "sys_enter_madvise",
		 "mlock(7f00000cc000, 2000, 0): expected fffffffffffffff4, got 0",
		 0},
	};

	(void)state;
	EXPECT_TOLD(wrong);
}

static void a_wrong_touch_is_told(void **state)
{
	static const struct wrong wrong[] = {
		/* of an unmapped address */
		{{{"address=0x7f00000cc008", "address=0x7f00000cb008", 0}},
		 "address=0x7f00000cc008",
		 "a touch (write) of 7f00000cb008 answered 1, expected 0",
		 0},
		/*
		 * A touch in the child of a page that the parent's record
		 * allows to read. The record itself is reported first.
		 */
		{{{"start: 0x7f00000cb000, len: 0x1000, prot: 0x1",
		   "start: 0x7f00000cb000, len: 0x1000, prot: 0x0", 0},
		  {"address=0x403010 ip=0x401000 error_code=0x7",
		   "address=0x7f00000cb010 ip=0x401000 error_code=0x4", 2}},
		 "102/102  [000]     1.000099000",
		 "] pid 102: a touch (read) of 7f00000cb010 answered 2, expected 0",
		 2},
		/* in the child */
		{{{"address=0x403010 ip=0x401000 error_code=0x7",
		   "address=0x600000 ip=0x401000 error_code=0x4", 2}},
		 "102/102  [000]     1.000099000",
		 "] pid 102: a touch (read) of 600000 answered 1, expected 0",
		 0},
		/* beyond what a stack may grow */
		{{{"address=0x7ffcfffff008", "address=0x7ffc00000008", 0}},
		 "address=0x7ffcfffff008",
		 "a touch (write) of 7ffc00000008 answered 1, expected 0",
		 2},
	};

	(void)state;
	EXPECT_TOLD(wrong);
}

static void touches_of_the_lowest_pages_must_fail(void **state)
{
	char text[32768];

	(void)state;
	snprintf(text, sizeof(text), "%s", small);
	replace(text, sizeof(text), "address=0x7f00000cc008", 1, "address=0x8");
	program_expect(program_run(0, "check %s", text_of(text)), "; 0 mismatches");
}

/*
 * The small recording with a touch that an earlier event forbids. The engines
 * refuse it, too, so the recording matches.
 */
static void touches_that_the_recording_forbids_must_fail(void **state)
{
	static const struct edit edits[][EDITS_MAX] = {
		/*
		 * forbidden by the rights of execve's mappings: a write, an
		 * execution
		 */
		{{"address=0x400010 ip=0x401000 error_code=0x14",
		  "address=0x400010 ip=0x401000 error_code=0x7", 0}},
		{{"address=0x403010 ip=0x401000 error_code=0x7",
		  "address=0x403010 ip=0x401000 error_code=0x14", 0}},
		/*
		 * Forbidden in the child by what the parent did before: rights
		 * changed, moved away, guarded, not inherited.
		 */
		{{"address=0x403010 ip=0x401000 error_code=0x7",
		  "address=0x7f00000cb010 ip=0x401000 error_code=0x7", 2}},
		{{"address=0x403010 ip=0x401000 error_code=0x7",
		  "address=0x7f00000c8010 ip=0x401000 error_code=0x4", 2}},
		{{"behavior: 0x4", "behavior: 0x66", 0},
		 {"address=0x403010 ip=0x401000 error_code=0x7",
		  "address=0x7f00000cc010 ip=0x401000 error_code=0x6", 2}},
		{{"behavior: 0x4", "behavior: 0xa", 0},
		 {"address=0x403010 ip=0x401000 error_code=0x7",
		  "address=0x7f00000cd010 ip=0x401000 error_code=0x4", 2},
		 {"[0x7f00000c8000(0x1000) @ 0x7f00000c8000 00:00 0 0]: r--p",
		  "[0x7f00000cd000(0x1000) @ 0x7f00000cd000 00:00 0 0]: r--p", 0},
		 {"sys_exit_mmap: 0x7f00000c8000", "sys_exit_mmap: 0x7f00000cd000", 2}},
	};
	char text[32768];

	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		snprintf(text, sizeof(text), "%s", small);
		edit(text, sizeof(text), edits[i]);
		program_expect(program_run(0, "check %s", text_of(text)),
			       " 6 faults in 2 address spaces; 0 not replayed; 0 mismatches");
	}
}

/*
 * Where the machine that recorded had protection keys, what may be executed
 * alone refused a read and a write by the key.
 */
static void touches_of_execute_only_memory_fail_by_rule(void **state)
{
	static const char *const codes[] = {"0x4", "0x7", "0x14"};
	char text[32768], touch[64];

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(text, sizeof(text), "%s", small);
		replace(text, sizeof(text), "0 fe:00 77 0]: r-xp /bin/prog", 1,
			"0 fe:00 77 0]: --xp /bin/prog");
		snprintf(touch, sizeof(touch), "address=0x400010 ip=0x401000 error_code=%s",
			 codes[i]);
		replace(text, sizeof(text), "address=0x400010 ip=0x401000 error_code=0x14", 1,
			touch);
		for (int rule = 0; rule < 2; rule++)
			program_expect(
				program_run(0, "check %s --rules=exec_only=%d", text_of(text),
					    rule),
				" 6 faults in 2 address spaces; 0 not replayed; 0 mismatches");
	}
}

static void a_wrong_execve_is_told(void **state)
{
	static const struct wrong wrong[] = {
		{{{"[0x404000(0x1000)", "[0x404800(0x1000)", 0}},
		 "PERF_RECORD_COMM exec",
		 "execve's mapping at 404800 was refused with -22",
		 2},
		/* The touches of the missing stack are reported, too. */
		{{{"[0x7ffd00000000(0x21000)", "[0xfffd00000000(0x21000)", 0}},
		 "PERF_RECORD_COMM exec",
		 "execve's mapping at fffd00000000 was refused with -12",
		 5},
		{{{"address=0x403800", "address=0x600000", 0}},
		 "PERF_RECORD_COMM exec",
		 "execve's own touch of 600000 fails",
		 0},
	};

	(void)state;
	EXPECT_TOLD(wrong);
}

#define CALL(time, name, words, result)                                                            \
	ENTER("100/100", "0000000" time "0", name, words)                                          \
	LEAVE("100/100", "0000000" time "1", name, result)

static void locks_and_seals_are_replayed(void **state)
{
	const char *output;

	(void)state;
	output = program_run(
		0, "check %s",
		text_of(BEGIN CALL(
			"1", "mmap",
			"addr: 0x10000000, len: 0x4000, prot: 0x3, flags: 0x32, fd: "
			"0xffffffffffffffff, off: 0x0",
			"0x10000000") CALL("2", "mlock", "start: 0x10000000, len: 0x2000",
					   "0x0") CALL("3", "mlock2",
						       "start: 0x10002000, len: 0x1000, flags: 0x1",
						       "0x0") CALL("4", "mlock",
								   "start: 0x10002000, len: 0x3000",
								   "0xfffffffffffffff4")
				CALL("5", "munlock", "start: 0x10000000, len: 0x1000", "0x0") CALL(
					"6", "mlockall", "flags: 0x4",
					"0xffffffffffffffea") CALL("7", "munlockall", "", "0x0")
					CALL("8", "mseal",
					     "start: 0x10000000, len: 0x1000, flags: 0x0", "0x0")
						CALL("9", "munmap", "addr: 0x10000000, len: 0x4000",
						     "0xffffffffffffffff")));
	program_expect(output, "0 mismatches");
	program_expect(output, "9 results");
}

#define MAPPED(time, name, words, range, rest, result)                                             \
	ENTER("100/100", "0000000" time "0", name, words)                                          \
	MAP2("100/100", "0000000" time "1", range, rest)                                           \
	LEAVE("100/100", "0000000" time "2", name, result)
#define SEGMENT "0 00:01 7 0]: rw-s /SYSV00000000 (deleted)"

/*
 * A segment is attached twice, refused, attached over the first place, and
 * detached in pieces; nothing remains there.
 */
static void segments_of_shared_memory_are_replayed(void **state)
{
	const char *output;

	(void)state;
	output = program_run(
		0, "check %s",
		text_of(BEGIN MAPPED(
			"1", "shmat", "shmid: 0x7, shmaddr: 0x10000000, shmflg: 0x0",
			"0x10000000(0x8000)", SEGMENT,
			"0x10000000") MAPPED("2", "shmat",
					     "shmid: 0x7, shmaddr: 0x10010123, shmflg: 0x2000",
					     "0x10010000(0x8000)", SEGMENT, "0x10010000")
				CALL("3", "shmat", "shmid: 0x7, shmaddr: 0x10004000, shmflg: 0x0",
				     "0xffffffffffffffea")
					MAPPED("4", "shmat",
					       "shmid: 0x7, shmaddr: 0x10004000, shmflg: 0x4000",
					       "0x10004000(0x8000)", SEGMENT,
					       "0x10004000") CALL("5", "munmap",
								  "addr: 0x10011000, len: 0x1000",
								  "0x0") CALL("6", "shmdt",
									      "shmaddr: 0x10010000",
									      "0x0")
						CALL("7", "shmdt", "shmaddr: 0x10000000", "0x0")
							MAPPED("8", "mmap",
							       "addr: 0x10000000, len: 0x20000, "
							       "prot: 0x0, flags: 0x100022, fd: "
							       "0xffffffffffffffff, off: 0x0",
							       "0x10004000(0x8000)", SEGMENT,
							       "0xffffffffffffffef")
								CALL("9", "shmdt",
								     "shmaddr: 0x10000000",
								     "0xffffffffffffffea")));
	program_expect(output,
		       "9 results, 0 faults in 1 address spaces; 0 not replayed; 0 mismatches");
}

/*
 * The kernel chooses MAP_32BIT's place at random, so it is not checked. An
 * errno that needs no file is checked. Key -1 means mprotect.
 */
static void what_depends_on_no_file_and_no_chance_is_checked(void **state)
{
	const char *output;

	(void)state;
	output = program_run(
		0, "check %s",
		text_of(BEGIN MAPPED(
			"1", "mmap",
			"addr: 0x0, len: 0x2000, prot: 0x3, flags: 0x62, fd: 0xffffffff, off: 0x0",
			"0x41f4d000(0x2000)", "0x41f4d000 00:00 0 0]: rw-p //anon", "0x41f4d000")
				CALL("2", "mmap",
				     "addr: 0x0, len: 0x1000, prot: 0x3, flags: 0x80003, fd: 0xc, "
				     "off: 0x0",
				     "0xffffffffffffffa1")
					MAPPED("3", "pkey_mprotect",
					       "start: 0x41f4d000, len: 0x2000, prot: 0x1, pkey: "
					       "0xffffffff",
					       "0x41f4d000(0x2000)",
					       "0x41f4d000 00:00 0 0]: r--p //anon", "0x0")));
	program_expect(output, "1 placements, 3 results, 0 faults in 1 address spaces; 0 not "
			       "replayed; 0 mismatches");
	/* an errno that comes from the file itself */
	output = program_run(
		0, "check %s",
		text_of(BEGIN CALL(
			"1", "mmap",
			"addr: 0x0, len: 0x1000, prot: 0x1, flags: 0x2, fd: 0xc, off: 0x0",
			"0xffffffffffffffed")));
	program_expect(output,
		       "0 results, 0 faults in 1 address spaces; 1 not replayed; 0 mismatches");
}

static void what_the_recording_lacks_is_told(void **state)
{
	const char *output;
	char text[32768];

	(void)state;
	snprintf(text, sizeof(text), "%s", small);
	replace(text, sizeof(text), "PERF_RECORD_EXIT(100:101)", 1, "PERF_RECORD_EXIT(100:199)");
	replace(text, sizeof(text), "sys_exit_madvise: 0x0", 1, "sys_exit_nothing: 0x0");
	output = program_run(0, "check %s", text_of(text));
	program_expect(output, "what the recording lacks:\n1 calls that never returned\n1 threads "
			       "still alive at the end\n");
	program_expect(output, "the first of these is at line 56\n");
	output = program_run(
		0, "check %s",
		text_of(BEGIN ENTER("100/100", "000000010", "munmap", "addr: 0x1000, len: 0x1000")
				LEAVE("100/100", "000000011", "munmap", "0x0")));
	program_expect_none(output, "no mmap_lock events");
}

/* ---- listings ---- */

static void expect_wrong_listing(const char *from, const char *to, unsigned long line,
				 const char *expected)
{
	char text[8192], part[512];
	const char *path, *output;

	snprintf(text, sizeof(text), "%s", small_maps);
	replace(text, sizeof(text), from, 1, to);
	path = text_of(text);
	output = program_run(1, "check " PROGRAM_SMALL "script --maps=%s", path);
	for (const char *const *engine = program_engines; *engine; engine++) {
		snprintf(part, sizeof(part), "%s:%lu: [%s] expected %s", path, line, *engine,
			 expected);
		program_expect(output, part);
	}
	program_expect(output, "; 0 mismatches; NEVER passed through the given listing\n");
}

static void a_wrong_line_of_a_listing_is_told(void **state)
{
	(void)state;
	expect_wrong_listing("00404000-00405000", "00404000-00406000", 3, "00404000-00406000 rw-p");
	expect_wrong_listing("r--p", "r-xp", 8, "7f00000cb000-7f00000cc000 r-xp");
	expect_wrong_listing("rw-s", "rw-p", 6, "7f00000c6000-7f00000c8000 rw-p");
	expect_wrong_listing("00003000 fe:00", "00004000 fe:00", 2,
			     "00403000-00404000 rw-p 00004000");
	expect_wrong_listing("fe:00 88", "fe:00 89", 11,
			     "7f00000d0000-7f0000100000 r-xp 00000000 fe:00 89");
	expect_wrong_listing("fe:00 88", "fe:01 88", 11,
			     "7f00000d0000-7f0000100000 r-xp 00000000 fe:01 88");
	expect_wrong_listing(
		"[heap]", "", 5,
		"01000000-01002000 rw-p 00000000 00:00 0, the nearest state has 01000000-01002000");
	expect_wrong_listing("[stack]", "[heap]", 12, "7ffcfffff000-7ffd00021000 rw-p");
}

/*
 * The state before the second thread's mapping has as many mappings as this
 * listing, and agrees with it up to the last line but one.
 */
static void the_nearest_state_is_told_not_the_last(void **state)
{
	char text[8192], part[256];
	const char *path;

	(void)state;
	snprintf(text, sizeof(text), "%s", small_maps);
	replace(text, sizeof(text), "7f00000c9000-7f00000cb000", 1, "7f00000ca000-7f00000cb000");
	replace(text, sizeof(text), "[stack]", 1, "[heap]");
	path = text_of(text);
	snprintf(part, sizeof(part), "%s:12: [maple] expected 7ffcfffff000-7ffd00021000 rw-p",
		 path);
	program_expect(program_run(1, "check " PROGRAM_SMALL "script --maps=%s", path), part);
}

static void a_listing_with_too_many_lines_is_told(void **state)
{
	char text[8192];
	const char *path;
	char part[256];

	(void)state;
	snprintf(text, sizeof(text), "%s%s", small_maps, small_maps);
	path = text_of(text);
	snprintf(part, sizeof(part),
		 "%s:1: [rbtree] expected as many mappings as the file has lines", path);
	program_expect(program_run(1, "check " PROGRAM_SMALL "script --maps=%s", path), part);
}

/*
 * A file may have any name; the kernel lists it verbatim, except for the
 * newline.
 */
static void a_name_in_a_listing_does_not_reach_the_terminal(void **state)
{
	char text[8192];
	const char *path, *output;

	(void)state;
	snprintf(text, sizeof(text), "%s", small_maps);
	replace(text, sizeof(text), "/bin/prog", 1, "/bin/\033[2J");
	path = text_of(text);
	output = program_run(1, "check " PROGRAM_SMALL "script --maps=%s", path);
	program_expect(output, "/bin/\\x1b[2J, the nearest state has");
	program_expect_none(output, "\033");
}

static void what_is_no_listing_is_refused(void **state)
{
	static const char *const bad[] = {
		"-0500000-00501000 rw-p 00000000 00:00 0",
		"0x500000-00501000 rw-p 00000000 00:00 0",
		" 00500000-00501000 rw-p 00000000 00:00 0",
		"00500000- 00501000 rw-p 00000000 00:00 0",
		"10000000000500000-10000000000501000 rw-p 0 00:00 0",
		"00501000-00500000 rw-p 00000000 00:00 0",
		"00500000-00501000 rw-p 00000000 00:00 -1",
	};
	char text[8192], part[256];
	const char *path;

	(void)state;
	snprintf(text, sizeof(text), "%s", small_maps);
	replace(text, sizeof(text), "00500000-00501000 rw-p", 1, "00500000-00501000 rw-");
	path = text_of(text);
	snprintf(part, sizeof(part), "%s:4: found '00500000-00501000 rw-", path);
	program_expect(program_run(2, "check " PROGRAM_SMALL "script --maps=%s", path), part);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s", small_maps);
		replace(text, sizeof(text), "00500000-00501000 rw-p 00000000 00:00 0", 1, bad[i]);
		path = text_of(text);
		snprintf(part, sizeof(part), "%s:4: found '%s", path, bad[i]);
		program_expect(program_run(2, "check " PROGRAM_SMALL "script --maps=%s", path),
			       part);
	}
	path = text_of("");
	snprintf(part, sizeof(part), "%s:1: found an empty file, expected a copy of /proc/PID/maps",
		 path);
	program_expect(program_run(2, "check " PROGRAM_SMALL "script --maps=%s", path), part);
	program_expect(program_run(2, "check " PROGRAM_SMALL "script --maps=/nowhere/maps"),
		       "/nowhere/maps: No such file");
}

/* ---- files that are no recordings ---- */

static void expect_refused_at(const char *path, unsigned long line, const char *message)
{
	char part[256];

	snprintf(part, sizeof(part), "%s:%lu: ", path, line);
	program_expect(program_run(2, "check %s", path), part);
	program_expect(program_run(2, "check %s", path), message);
}

static void truncated_recordings_are_refused(void **state)
{
	char text[32768];
	char *cut;

	(void)state;
	snprintf(text, sizeof(text), "%s", small);
	cut = strstr(text, "sys_enter_mprotect");
	*cut = '\0';
	expect_refused_at(text_of(text), 42, "the text ends inside a line, expected a newline");
	expect_refused_at(text_xz(small, 100), 1, "the xz data end early");
	snprintf(text, sizeof(text), "%s", small);
	replace(text, sizeof(text), "prot: 0x1\n", 1, "\n");
	expect_refused_at(text_of(text), 42, "expected");
}

static void foreign_and_empty_files_are_refused(void **state)
{
	(void)state;
	expect_refused_at(text_of(""), 1,
			  "an empty file, expected the text that `perf script` prints");
	expect_refused_at(text_of("int main(void)\n"), 1,
			  "found `int main(void)`, expected `PID/TID [CPU]");
	expect_refused_at(text_of("PERFILE2h\n"), 1,
			  "a perf.data file, expected the text that `perf script` prints of it");
	expect_refused_at(text_of("\x1f\x8b\x08"), 1, "gzip data");
	expect_refused_at(text_of("# only\n# comments\n"), 3, "without one known event");
	expect_refused_at(text_of("# an op script\nscript asks\nbrk 0\n"), 2,
			  "found `script asks`");
	program_expect(program_run(2, "check /nowhere/x"), "/nowhere/x: No such file or directory");
	program_expect(program_run(2, "check tests/tools/vmreplay"),
		       "tests/tools/vmreplay: a directory, expected a recording");
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	program_expect(program_run(2, "check x --rules=a"),
		       "--rules: found 'a', expected one of kernel");
	program_expect(program_run(2, "check x --engine=btree"),
		       "--engine: found 'btree', expected one of: rbtree maple maple-vma");
	program_expect(program_run(2, "check"), "found no file, expected a recording");
	program_expect(program_run(2, "check x y"), "found a second file 'y', expected one");
	program_expect(program_run(2, "check x --nonsense"), "nonsense");
}

/* ---- --json ---- */

static void expect_integer(const json_t *object, const char *key, json_int_t value)
{
	const json_t *got = json_object_get(object, key);

	if (!json_is_integer(got) || json_integer_value(got) != value)
		fail_msg("%s is %lld, expected %lld", key, (long long)json_integer_value(got),
			 (long long)value);
}

static void expect_object(const char *line, size_t len, const char *recording, const char *engine,
			  json_int_t mismatches, size_t keys)
{
	json_t *object = json_loadb(line, len, 0, NULL);

	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "recording")), recording);
	assert_string_equal(json_string_value(json_object_get(object, "engine")), engine);
	expect_integer(object, "mmap2", 18);
	expect_integer(object, "placements", 9);
	expect_integer(object, "results", 16);
	expect_integer(object, "faults", 6);
	expect_integer(object, "spaces", 2);
	expect_integer(object, "skipped", 0);
	expect_integer(object, "mismatches", mismatches);
	assert_int_equal(json_object_size(object), keys);
	if (keys == 10)
		assert_true(json_is_true(json_object_get(object, "maps_passed_through")));
	json_decref(object);
}

static void expect_objects(const char *output, const char *recording, json_int_t mismatches,
			   size_t keys)
{
	for (const char *const *engine = program_engines; *engine; engine++) {
		size_t len = strcspn(output, "\n");

		expect_object(output, len, recording, *engine, mismatches, keys);
		output += len + 1;
	}
	assert_string_equal(output, "");
}

static void json_is_one_object_an_engine(void **state)
{
	(void)state;
	expect_objects(program_run(0, "check " PROGRAM_SMALL "script --json" PROGRAM_STDOUT),
		       PROGRAM_SMALL "script", 0, 9);
	expect_objects(program_run(0, "check " PROGRAM_SMALL "script --json --maps=" PROGRAM_SMALL
				      "maps" PROGRAM_STDOUT),
		       PROGRAM_SMALL "script", 0, 10);
}

static void json_keeps_standard_output_for_objects(void **state)
{
	char text[32768];
	const char *path;

	(void)state;
	snprintf(text, sizeof(text), "%s", small);
	replace(text, sizeof(text), "sys_exit_munmap: 0x0", 1,
		"sys_exit_munmap: 0xffffffffffffffea");
	path = text_of(text);
	expect_objects(program_run(1, "check %s --json" PROGRAM_STDOUT, path), path, 1, 9);
	program_expect(program_run(1, "check %s --json", path), ":60: [rbtree] pid 100: munmap(");
}

static int read_small(void **state)
{
	(void)state;
	small = program_file(PROGRAM_SMALL "script");
	small_maps = program_file(PROGRAM_SMALL "maps");
	/*
	 * The tests edit copies of these files, which must fit into their
	 * buffers.
	 */
	assert_true(strlen(small) < 30000 && strlen(small_maps) < 4000);
	return 0;
}

static int forget_small(void **state)
{
	(void)state;
	free(small);
	free(small_maps);
	text_remove();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bundled_recording_matches_on_every_engine),
		cmocka_unit_test(every_bundled_listing_is_passed_through),
		cmocka_unit_test(a_small_recording_matches_and_is_counted),
		cmocka_unit_test(a_recording_is_checked_by_its_own_machines_rules),
		cmocka_unit_test(a_page_between_two_segments_is_free),
		cmocka_unit_test(a_wrong_record_is_told),
		cmocka_unit_test(a_wrong_placement_is_told),
		cmocka_unit_test(a_wrong_result_is_told),
		cmocka_unit_test(a_wrong_touch_is_told),
		cmocka_unit_test(touches_of_the_lowest_pages_must_fail),
		cmocka_unit_test(touches_that_the_recording_forbids_must_fail),
		cmocka_unit_test(touches_of_execute_only_memory_fail_by_rule),
		cmocka_unit_test(a_wrong_execve_is_told),
		cmocka_unit_test(locks_and_seals_are_replayed),
		cmocka_unit_test(segments_of_shared_memory_are_replayed),
		cmocka_unit_test(what_depends_on_no_file_and_no_chance_is_checked),
		cmocka_unit_test(what_the_recording_lacks_is_told),
		cmocka_unit_test(a_wrong_line_of_a_listing_is_told),
		cmocka_unit_test(the_nearest_state_is_told_not_the_last),
		cmocka_unit_test(a_listing_with_too_many_lines_is_told),
		cmocka_unit_test(a_name_in_a_listing_does_not_reach_the_terminal),
		cmocka_unit_test(what_is_no_listing_is_refused),
		cmocka_unit_test(truncated_recordings_are_refused),
		cmocka_unit_test(foreign_and_empty_files_are_refused),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(json_is_one_object_an_engine),
		cmocka_unit_test(json_keeps_standard_output_for_objects),
	};

	if (program_init(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, read_small, forget_small);
}
