/* SPDX-License-Identifier: MIT */
/*
 * test_opscript.c - a line of an op script becomes the operation that it names,
 * with the values of the kernel's ABI; a line that names none is reported as
 * such. The values stand here as numbers, because a header could be wrong in
 * the same way as the tables. tests/tools/vmreplay/test_ops.c tests how a wrong
 * word is reported.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tools/opscript/opscript.h"

static struct op op;
static struct op_wrong wrong;

static void expect_op(const char *line, enum op_call call, const unsigned long arg[OP_ARGS_MAX])
{
	if (op_parse(line, &op, &wrong) != OP_LINE_OPERATION)
		fail_msg("'%s': found '%s', expected %s", line, wrong.found, wrong.expected);
	assert_int_equal(op.call, call);
	assert_ptr_equal(op.line, line);
	for (int i = 0; i < OP_ARGS_MAX; i++)
		if (op.arg[i] != arg[i])
			fail_msg("'%s': argument %d is %lx, expected %lx", line, i, op.arg[i],
				 arg[i]);
}

static void every_operation_has_its_arguments_in_order(void **state)
{
	static const struct {
		const char *line;
		enum op_call call;
		unsigned long arg[OP_ARGS_MAX];
	} cases[] = {
		{"mmap 1000 2000 rw anon|private - 3000",
		 OP_MMAP,
		 {0x1000, 0x2000, 3, 0x22, -1UL, 0x3000}},
		{"mmap 0 1 none 0 7 0", OP_MMAP, {0, 1, 0, 0, 7, 0}},
		{"munmap ffffffffffffffff 2", OP_MUNMAP, {~0UL, 2}},
		{"mprotect 1 2 rxD", OP_MPROTECT, {1, 2, 0x01000005}},
		{"mremap 1 2 3 maymove|rfixed|dontunmap 4", OP_MREMAP, {1, 2, 3, 7, 4}},
		{"madvise 1 2 GUARD_INSTALL", OP_MADVISE, {1, 2, 102}},
		{"mlock 1 2", OP_MLOCK, {1, 2}},
		{"mlock2 1 2 onfault", OP_MLOCK2, {1, 2, 1}},
		{"munlock 1 2", OP_MUNLOCK, {1, 2}},
		{"mlockall current|future|aonfault", OP_MLOCKALL, {7}},
		{"munlockall", OP_MUNLOCKALL, {0}},
		{"mseal 1 2", OP_MSEAL, {1, 2}},
		{"brk aBcDeF", OP_BRK, {0xabcdef}},
		{" \tfault  1\tw ", OP_FAULT, {1, 'w'}},
		{"fork x", OP_FORK, {'x'}},
		{"exit", OP_EXIT, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_op(cases[i].line, cases[i].call, cases[i].arg);
}

static void flags_and_advice_have_the_values_of_the_abi(void **state)
{
	static const struct {
		const char *word;
		unsigned long value;
	} flags[] =
		{
			{"shared", 0x01},      {"private", 0x02},    {"sharedv", 0x03},
			{"droppable", 0x08},   {"fixed", 0x10},      {"noreplace", 0x100000},
			{"anon", 0x20},        {"32bit", 0x40},      {"growsdown", 0x100},
			{"denywrite", 0x800},  {"exec", 0x1000},     {"locked", 0x2000},
			{"noreserve", 0x4000}, {"populate", 0x8000}, {"nonblock", 0x10000},
			{"stack", 0x20000},    {"sync", 0x80000},
		},
	  advice[] = {
		  {"NORMAL", 0},
		  {"RANDOM", 1},
		  {"SEQUENTIAL", 2},
		  {"WILLNEED", 3},
		  {"DONTNEED", 4},
		  {"FREE", 8},
		  {"REMOVE", 9},
		  {"DONTFORK", 10},
		  {"DOFORK", 11},
		  {"MERGEABLE", 12},
		  {"UNMERGEABLE", 13},
		  {"HUGEPAGE", 14},
		  {"NOHUGEPAGE", 15},
		  {"DONTDUMP", 16},
		  {"DODUMP", 17},
		  {"WIPEONFORK", 18},
		  {"KEEPONFORK", 19},
		  {"COLD", 20},
		  {"PAGEOUT", 21},
		  {"POPULATE_READ", 22},
		  {"POPULATE_WRITE", 23},
		  {"DONTNEED_LOCKED", 24},
		  {"GUARD_INSTALL", 102},
		  {"GUARD_REMOVE", 103},
		  {"BAD", 77},
	  };
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		snprintf(line, sizeof(line), "mmap 0 0 none %s - 0", flags[i].word);
		expect_op(line, OP_MMAP, (unsigned long[]){0, 0, 0, flags[i].value, -1UL, 0});
	}
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		snprintf(line, sizeof(line), "madvise 0 0 %s", advice[i].word);
		expect_op(line, OP_MADVISE, (unsigned long[]){0, 0, advice[i].value, 0, 0, 0});
	}
}

static void a_file_is_told_from_a_descriptor(void **state)
{
	char line[64];

	(void)state;
	for (int i = 0; i < OP_NR_FILES; i++) {
		snprintf(line, sizeof(line), "mmap 0 0 r shared %s 0", op_files[i].name);
		assert_int_equal(op_parse(line, &op, &wrong), OP_LINE_OPERATION);
		assert_int_equal(op.file, i);
	}
	assert_int_equal(op_parse("mmap 0 0 r shared - 0", &op, &wrong), OP_LINE_OPERATION);
	assert_int_equal(op.file, -1);
	assert_int_equal(op_parse("mmap 0 0 r shared 2147483647 0", &op, &wrong),
			 OP_LINE_OPERATION);
	assert_int_equal(op.file, -1);
	assert_int_equal(op_parse("mmap 0 0 r shared 2147483648 0", &op, &wrong), OP_LINE_WRONG);
	assert_string_equal(wrong.found, "2147483648");
}

static void lines_that_are_no_operation_are_told(void **state)
{
	char line[OP_LINE_MAX + 1];

	(void)state;
	assert_int_equal(op_parse("", &op, &wrong), OP_LINE_EMPTY);
	assert_int_equal(op_parse(" \t ", &op, &wrong), OP_LINE_EMPTY);
	assert_int_equal(op_parse(" # brk 0", &op, &wrong), OP_LINE_EMPTY);
	assert_int_equal(op_parse("script", &op, &wrong), OP_LINE_SCRIPT);
	assert_int_equal(op_parse(" script a b c d e f g h i", &op, &wrong), OP_LINE_SCRIPT);
	assert_int_equal(op_parse("scripts", &op, &wrong), OP_LINE_WRONG);
	assert_string_equal(wrong.found, "scripts");
	assert_int_equal(op_parse("exit 0", &op, &wrong), OP_LINE_WRONG);
	assert_string_equal(wrong.expected, "exit with 0 words after it");
	assert_true(op_begins_script("script\nbrk 0\n"));
	assert_true(op_begins_script("\tscript a\nbrk 0\n"));
	assert_false(op_begins_script("scripts\n"));
	assert_false(op_begins_script("# script\n"));

	memset(line, '#', sizeof(line));
	line[OP_LINE_MAX - 1] = '\0';
	assert_int_equal(op_parse(line, &op, &wrong), OP_LINE_EMPTY);
	line[OP_LINE_MAX - 1] = '#';
	line[OP_LINE_MAX] = '\0';
	assert_int_equal(op_parse(line, &op, &wrong), OP_LINE_WRONG);
	assert_string_equal(wrong.found, "a line of more than 500 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_has_its_arguments_in_order),
		cmocka_unit_test(flags_and_advice_have_the_values_of_the_abi),
		cmocka_unit_test(a_file_is_told_from_a_descriptor),
		cmocka_unit_test(lines_that_are_no_operation_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
