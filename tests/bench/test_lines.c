/* SPDX-License-Identifier: MIT */
/*
 * test_lines.c - lines are returned whole and numbered, and only the end of the
 * file is reported as its end. A read error, memory that ran out (the test
 * fails one allocation after the other), a line without end and a zero byte are
 * errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/lines.h"

static char path[] = "/tmp/test_lines.XXXXXX";
static long allowed = -1; /* allocations before one fails; -1: none fails */

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_realloc(void *old, size_t size)
{
	if (allowed == 0)
		return NULL;
	allowed -= allowed > 0;
	return __real_realloc(old, size);
}

static void write_bytes(const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

#define WRITE(bytes) write_bytes(bytes, sizeof(bytes) - 1)

static void lines_come_whole_and_numbered(void **state)
{
	static const char *const expected[] = {"one", "", "\ttwo \xc3\xa4", "last"};
	struct bench_lines lines;
	char *line;

	(void)state;
	WRITE("one\n\n\ttwo \xc3\xa4\r\nlast");
	assert_int_equal(bench_lines_open(&lines, path, BENCH_LINES_TEXT), 0);
	for (unsigned long i = 0; i < 4; i++) {
		assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINE);
		assert_string_equal(line, expected[i]);
		assert_int_equal(lines.number, i + 1);
	}
	assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINES_END);
	bench_lines_close(&lines);
}

static void expect_bad(enum bench_lines_kind kind, unsigned long number, const char *why)
{
	enum bench_line got;
	struct bench_lines lines;
	char *line;

	assert_int_equal(bench_lines_open(&lines, path, kind), 0);
	while ((got = bench_lines_next(&lines, &line)) == BENCH_LINE)
		;
	assert_int_equal(got, BENCH_LINES_BAD);
	assert_int_equal(lines.number, number);
	assert_string_equal(lines.why, why);
	bench_lines_close(&lines);
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	struct bench_lines lines;
	char *line;

	(void)state;
	WRITE("one\ntw\0o\n");
	expect_bad(BENCH_LINES_TEXT, 2, "found a zero byte, expected text");
	expect_bad(BENCH_LINES_RAW, 2, "found a zero byte, expected text");
	WRITE("one\n\033[2J\n");
	expect_bad(BENCH_LINES_TEXT, 2, "found the control character 0x1b, expected text");
	assert_int_equal(bench_lines_open(&lines, path, BENCH_LINES_RAW), 0);
	assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINE);
	assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINE);
	assert_string_equal(line, "\033[2J");
	bench_lines_close(&lines);
}

static void a_line_without_end_is_refused(void **state)
{
	static char bytes[BENCH_LINE_MAX + 2];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[BENCH_LINE_MAX] = '\n';
	write_bytes(bytes, BENCH_LINE_MAX + 1);
	{
		struct bench_lines lines;
		char *line;

		assert_int_equal(bench_lines_open(&lines, path, BENCH_LINES_TEXT), 0);
		assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINE);
		assert_int_equal(strlen(line), BENCH_LINE_MAX);
		bench_lines_close(&lines);
	}
	bytes[BENCH_LINE_MAX] = 'x';
	write_bytes(bytes, BENCH_LINE_MAX + 1);
	expect_bad(BENCH_LINES_TEXT, 1, "found a line of more than 1 MiB, expected a shorter one");
}

static void a_read_error_is_no_end(void **state)
{
	struct bench_lines lines;
	char *line;

	(void)state;
	assert_int_equal(bench_lines_open(&lines, "/", BENCH_LINES_TEXT), 0);
	assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINES_BAD);
	assert_string_equal(lines.why, "Is a directory");
	bench_lines_close(&lines);
	assert_int_equal(bench_lines_open(&lines, "/no/such/file", BENCH_LINES_TEXT), -2);
	bench_lines_close(&lines);
}

static void memory_that_runs_out_is_no_end(void **state)
{
	static char bytes[5000];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	write_bytes(bytes, sizeof(bytes));
	for (long n = 0; n < 5; n++) {
		struct bench_lines lines;
		char *line;

		assert_int_equal(bench_lines_open(&lines, path, BENCH_LINES_TEXT), 0);
		allowed = n;
		assert_int_equal(bench_lines_next(&lines, &line), BENCH_LINES_BAD);
		allowed = -1;
		assert_string_equal(lines.why, "out of memory");
		bench_lines_close(&lines);
	}
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_whole_and_numbered),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(a_read_error_is_no_end),
		cmocka_unit_test(memory_that_runs_out_is_no_end),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
