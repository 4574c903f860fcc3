/* SPDX-License-Identifier: MIT */
/*
 * test_args.c - command-line values (bench/harness/args.h): which values are
 * accepted, which are refused, and that a refusal names what was found and what
 * was expected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/harness/args.h"

static const char *const engines[] = {"rbtree", "maple", "maple-vma", NULL};
static char why[BENCH_WHY_MAX];

static void assert_says(const char *found, const char *expected)
{
	assert_non_null(strstr(why, found));
	assert_non_null(strstr(why, expected));
}

static void whole_numbers_in_range_are_taken(void **state)
{
	unsigned long value;

	(void)state;
	assert_true(bench_arg_number("--vmas", "1", 1, 10, &value, why, sizeof(why)));
	assert_int_equal(value, 1);
	assert_true(bench_arg_number("--vmas", "10", 1, 10, &value, why, sizeof(why)));
	assert_int_equal(value, 10);
}

static void bad_numbers_are_refused_by_name(void **state)
{
	static const char *const bad[] = {"",
					  "0",
					  "11",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "1x",
					  "0x1",
					  "1,2",
					  "99999999999999999999",
					  "18446744073709551617",
					  "1e30",
					  "\t5",
					  "5\n",
					  "\xd9\xa5"};
	unsigned long value;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char found[64];

		snprintf(found, sizeof(found), "--vmas: found '%s'", bad[i]);
		assert_false(bench_arg_number("--vmas", bad[i], 1, 10, &value, why, sizeof(why)));
		assert_non_null(strstr(why, "--vmas: found '"));
		if (!strpbrk(bad[i], "\t\n"))
			assert_says(found, "expected a number from 1 to 10");
	}
}

static void lists_of_numbers_are_taken_whole(void **state)
{
	struct bench_numbers list;

	(void)state;
	assert_true(bench_arg_numbers("--threads", "1,2,8", 1, 64, &list, why, sizeof(why)));
	assert_int_equal(list.nr, 3);
	assert_int_equal(list.value[0], 1);
	assert_int_equal(list.value[1], 2);
	assert_int_equal(list.value[2], 8);
}

static void bad_lists_of_numbers_are_refused(void **state)
{
	static const char *const bad[] = {"", ",", "1,", ",1", "1,,2", "1,65", "1;2", "1,two"};
	struct bench_numbers list;
	char many[4 * BENCH_LIST_MAX] = "1";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(
			bench_arg_numbers("--threads", bad[i], 1, 64, &list, why, sizeof(why)));
		assert_says(bad[i], "expected");
	}
	for (size_t i = 0; i < BENCH_LIST_MAX; i++)
		memcpy(many + 1 + 2 * i, ",1", 3);
	assert_false(bench_arg_numbers("--threads", many, 1, 64, &list, why, sizeof(why)));
}

static void names_must_be_known(void **state)
{
	struct bench_names list;

	(void)state;
	assert_true(
		bench_arg_names("--engine", "maple-vma,rbtree", engines, &list, why, sizeof(why)));
	assert_int_equal(list.nr, 2);
	assert_string_equal(list.name[0], "maple-vma");
	assert_string_equal(list.name[1], "rbtree");
	assert_false(bench_arg_names("--engine", "rbtree,map", engines, &list, why, sizeof(why)));
	assert_says("--engine: found 'map'", "expected one of: rbtree maple maple-vma");
	assert_false(bench_arg_names("--engine", "", engines, &list, why, sizeof(why)));
	assert_says("found ''", "expected one of");
	assert_false(bench_arg_names("--engine", "rbtree,", engines, &list, why, sizeof(why)));
}

static void what_was_found_cannot_reach_the_terminal(void **state)
{
	struct bench_names list;
	unsigned long value;

	(void)state;
	assert_false(
		bench_arg_number("--n", "1\033[2J\n\xc2\x9b", 1, 10, &value, why, sizeof(why)));
	assert_string_equal(
		why, "--n: found '1\\x1b[2J\\x0a\\xc2\\x9b', expected a number from 1 to 10");
	assert_false(bench_arg_names("--engine", "\033,maple", engines, &list, why, sizeof(why)));
	assert_says("found '\\x1b'", "expected one of: rbtree maple maple-vma");
}

/* The message says what was expected even if the word is long. */
static void a_long_word_is_shortened(void **state)
{
	static char word[5000];
	struct bench_names list;
	unsigned long value;

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	assert_false(bench_arg_number("--n", word, 1, 10, &value, why, sizeof(why)));
	assert_says("xxx...'", "expected a number from 1 to 10");
	assert_false(bench_arg_names("--engine", word, engines, &list, why, sizeof(why)));
	assert_says("xxx...'", "expected one of: rbtree maple maple-vma");
	assert_false(bench_arg_name("--baseline", word, why, sizeof(why)));
	assert_says("xxx...'", "expected a name");
}

static void names_have_one_set_of_characters(void **state)
{
	static const char *const good[] = {"a",          "9",         "_x",   "replay:gcc",
					   "absl/Mutex", "maple-vma", "c++.1"};
	static const char *const bad[] = {"",     "-a",   "/a",   ".a",   "a b",   "a'b",
					  "a\"b", "a`b",  "a$b",  "a\\b", "a<b",   "a&b",
					  "a;b",  "a\nb", "a\tb", "a|b",  "\033a", "\xc3\xa4"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(bench_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(bench_is_name(bad[i]));
}

static void versions_do_not_wrap(void **state)
{
	static const char *const good[] = {"6.18", "6.18.44", "6.18-rc1", "6.18+", "6.18_x"};
	static const char *const bad[] = {
		"",      "6",     "6.",    ".18",    " 6.18", "+6.18",         "6. 18",
		"6.-18", "6.18x", "6.18 ", "0x6.18", "6.256", "4294967302.18", "6.4294967314"};
	unsigned long major, minor;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(bench_version(good[i], 255, &major, &minor));
		assert_int_equal(major, 6);
		assert_int_equal(minor, 18);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(bench_version(bad[i], 255, &major, &minor));
}

static void a_long_message_is_cut_and_ended(void **state)
{
	struct bench_names list;
	char small[24];

	(void)state;
	memset(small, 'x', sizeof(small));
	assert_false(bench_arg_names("--engine", "nonsense", engines, &list, small, sizeof(small)));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void seconds_take_fractions_and_nothing_else(void **state)
{
	static const char *const bad[] = {"",    "0",     "-1",    "nan", "inf",  "1s",
					  "1e9", " 1",    "0.0",   ".",   "1e-3", "0x1p3",
					  "+1",  "1.2.3", "86401", "NAN"};
	double value;

	(void)state;
	assert_true(bench_arg_seconds("--seconds", "0.25", &value, why, sizeof(why)));
	assert_true(value == 0.25);
	assert_true(bench_arg_seconds("--seconds", "10", &value, why, sizeof(why)));
	assert_true(value == 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(bench_arg_seconds("--seconds", bad[i], &value, why, sizeof(why)));
		assert_says("--seconds: found '", "expected a number of seconds above 0");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_in_range_are_taken),
		cmocka_unit_test(bad_numbers_are_refused_by_name),
		cmocka_unit_test(lists_of_numbers_are_taken_whole),
		cmocka_unit_test(bad_lists_of_numbers_are_refused),
		cmocka_unit_test(names_must_be_known),
		cmocka_unit_test(what_was_found_cannot_reach_the_terminal),
		cmocka_unit_test(a_long_word_is_shortened),
		cmocka_unit_test(names_have_one_set_of_characters),
		cmocka_unit_test(versions_do_not_wrap),
		cmocka_unit_test(a_long_message_is_cut_and_ended),
		cmocka_unit_test(seconds_take_fractions_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
