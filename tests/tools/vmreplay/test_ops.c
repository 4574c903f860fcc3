/* SPDX-License-Identifier: MIT */
/*
 * test_ops.c - `vmreplay ops`: each script under scripts/ gives on every engine
 * the answers of its .expected file, and a wrong word is reported with its
 * line, after the answers to all lines before it. Linux 6.18 printed the
 * expected answers (tests/oracle); random.ops holds forty random scripts, in
 * which rx stands for x, so that no answer depends on protection keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/trace/text.h"
#include "tests/tools/vmreplay/program.h"

/* @words: further options. */
static void expect_script_with(const char *name, const char *words)
{
	char path[128];
	char *expected;

	snprintf(path, sizeof(path), PROGRAM_SCRIPTS "%s.expected", name);
	expected = program_file(path);
	for (const char *const *engine = program_engines; *engine; engine++) {
		snprintf(path, sizeof(path), "%s.ops on %s", name, *engine);
		program_expect_text(
			program_run(0, "ops " PROGRAM_SCRIPTS "%s.ops --flags --engine=%s %s", name,
				    *engine, words),
			expected, path);
	}
	free(expected);
}

static void expect_script(const char *name)
{
	expect_script_with(name, "");
}

static void memory_without_an_address_is_placed_as_linux_does(void **state)
{
	(void)state;
	expect_script("placement");
}

static void neighbours_merge_and_areas_split(void **state)
{
	(void)state;
	expect_script("merging");
}

static void touched_areas_merge_by_their_anon_vma(void **state)
{
	(void)state;
	expect_script("anon_vma");
}

static void mprotect_keeps_what_it_changed_before_a_refusal(void **state)
{
	(void)state;
	expect_script("mprotect");
}

static void mremap_shrinks_grows_moves_and_keeps(void **state)
{
	(void)state;
	expect_script("mremap");
}

static void the_break_moves_or_answers_where_it_is(void **state)
{
	(void)state;
	expect_script("brk");
}

static void forks_go_on_in_child_or_parent(void **state)
{
	(void)state;
	expect_script("fork");
}

static void areas_grow_down_to_their_guard(void **state)
{
	(void)state;
	expect_script("growth");
}

static void files_have_sizes_rights_and_openings(void **state)
{
	(void)state;
	expect_script("files");
}

static void blocks_of_2_mib_have_page_tables_or_not(void **state)
{
	(void)state;
	expect_script("huge");
}

static void memory_is_locked_piece_by_piece(void **state)
{
	(void)state;
	expect_script("locking");
}

static void sealed_memory_stays_as_it_is(void **state)
{
	(void)state;
	expect_script("sealing");
}

static void advice_guards_populates_and_discards(void **state)
{
	(void)state;
	expect_script("advice");
}

/*
 * The rule read_takes_page: the expected answers are those of a kernel whose
 * zero pages are all replaced (oracle --no-zero-page).
 */
static void reads_take_pages_where_there_is_no_zero_page(void **state)
{
	(void)state;
	expect_script_with("no_zero_page", "--rules=read_takes_page=1");
}

/*
 * The rule exec_only: what a kernel says whose processor has protection keys.
 * No other script reads or locks memory of PROT_EXEC alone, so that each is
 * answered alike with the rule and without it.
 */
static void execute_only_memory_refuses_reads_where_there_are_keys(void **state)
{
	(void)state;
	expect_script_with("exec_only", "--rules=exec_only=1");
	expect_script_with("exec_only_locking", "--rules=exec_only=1");
}

static void other_scripts_know_nothing_of_keys(void **state)
{
	static const char *const scripts[] = {
		"advice",  "anon_vma", "brk",      "files",  "fork",      "growth", "huge",
		"locking", "merging",  "mprotect", "mremap", "placement", "random", "sealing",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		expect_script_with(scripts[i], "--rules=exec_only=1");
}

static void forty_random_scripts_answer_as_the_model(void **state)
{
	(void)state;
	expect_script("random");
}

/* ---- the forms of the output ---- */

#define TWO_MAPPINGS                                                                               \
	"mmap 0 3000 rw anon|private - 0\n"                                                        \
	"mmap 0 1000 r shared f2 2000\n"

static void the_layout_ends_in_flags_only_when_asked(void **state)
{
	const char *path = text_of("script a b\n" TWO_MAPPINGS);

	(void)state;
	program_expect_text(program_run(0, "ops %s", path),
			    "script a b\n"
			    "#0 mmap 0 3000 rw anon|private - 0\n"
			    "= 4fffd000\n"
			    "4fffd000-50000000 rw-p 0 -\n"
			    "#1 mmap 0 1000 r shared f2 2000\n"
			    "= 4fffc000\n"
			    "4fffc000-4fffd000 r--s 2000 f2\n"
			    "4fffd000-50000000 rw-p 0 -\n",
			    "plain");
	program_expect_text(program_run(0, "ops %s --flags", path),
			    "script a b\n"
			    "#0 mmap 0 3000 rw anon|private - 0\n"
			    "= 4fffd000\n"
			    "4fffd000-50000000 rw-p 0 - rd,wr,mr,mw,me,ac\n"
			    "#1 mmap 0 1000 r shared f2 2000\n"
			    "= 4fffc000\n"
			    "4fffc000-4fffd000 r--s 2000 f2 rd,mr,me,ms\n"
			    "4fffd000-50000000 rw-p 0 - rd,wr,mr,mw,me,ac\n",
			    "--flags");
}

static void results_can_stand_alone(void **state)
{
	(void)state;
	program_expect_text(program_run(0, "ops %s --no-layout",
					text_of(TWO_MAPPINGS "munmap 4fffd000 3000\nmunmap 1 1\n")),
			    "#0 mmap 0 3000 rw anon|private - 0\n"
			    "= 4fffd000\n"
			    "#1 mmap 0 1000 r shared f2 2000\n"
			    "= 4fffc000\n"
			    "#2 munmap 4fffd000 3000\n"
			    "= 0\n"
			    "#3 munmap 1 1\n"
			    "= -EINVAL\n",
			    "--no-layout");
}

static void comments_blanks_and_case_of_digits_do_not_matter(void **state)
{
	(void)state;
	program_expect_text(program_run(0, "ops %s",
					text_of("# a comment\n\n  # another\n\tmmap  "
						"3000A000\t1000 none anon|private - 0  \r\n")),
			    "#0 \tmmap  3000A000\t1000 none anon|private - 0  \n"
			    "= 3000a000\n"
			    "3000a000-3000b000 ---p 0 -\n",
			    "blanks");
}

static void a_script_may_come_from_standard_input(void **state)
{
	char *expected = program_file(PROGRAM_SCRIPTS "brk.expected");

	(void)state;
	program_expect_text(program_run(0, "ops - --flags < " PROGRAM_SCRIPTS "brk.ops"), expected,
			    "standard input");
	free(expected);
}

static void each_script_has_a_world_of_its_own(void **state)
{
	(void)state;
	program_expect_text(
		program_run(0, "ops %s",
			    text_of("script a\nbrk 10001000\nfork c\nscript b\nbrk 0\nmmap 0 1000 "
				    "r anon|shared - 0\n"
				    "script c\nmmap 0 1000 r anon|shared - 0\n")),
		"script a\n#0 brk 10001000\n= 10001000\n10000000-10001000 rw-p 0 -\n"
		"#1 fork c\n= 0\n10000000-10001000 rw-p 0 -\n"
		"script b\n#0 brk 0\n= 10000000\n"
		"#1 mmap 0 1000 r anon|shared - 0\n= 4ffff000\n4ffff000-50000000 r--s 0 shm0\n"
		"script c\n#0 mmap 0 1000 r anon|shared - 0\n= 4ffff000\n4ffff000-50000000 r--s 0 "
		"shm0\n",
		"three scripts");
}

/*
 * Before 6.16, a written page that becomes like the page below it stays a
 * mapping of its own.
 */
static void a_script_may_follow_an_older_kernel(void **state)
{
	const char *path = text_of("mmap 10000000 1000 rw anon|private - 0\n"
				   "mmap 10001000 1000 rwx anon|private - 0\n"
				   "fault 10001000 w\n"
				   "mprotect 10001000 1000 rw\n");

	(void)state;
	program_expect(program_run(0, "ops %s --kernel=6.15", path),
		       "= 0\n10000000-10001000 rw-p 0 -\n10001000-10002000 rw-p 0 -\n");
	program_expect(program_run(0, "ops %s --kernel=6.16.3", path),
		       "= 0\n10000000-10002000 rw-p 0 -\n");
	program_expect(program_run(0, "ops %s", path), "= 0\n10000000-10002000 rw-p 0 -\n");
	program_run(0, "ops %s --kernel=running", path);
}

/* ---- what is refused ---- */

/*
 * A wrong line follows two good ones. The good lines are answered in full, and
 * the wrong line gets the message only.
 */
static void expect_wrong_line(const char *line, const char *found, const char *expected)
{
	char text[2048], whole[4096];
	const char *path;

	snprintf(text, sizeof(text), "script a\nbrk 10001000\n%s\nbrk 10000000\n", line);
	path = text_of(text);
	snprintf(whole, sizeof(whole),
		 "script a\n#0 brk 10001000\n= 10001000\n10000000-10001000 rw-p 0 -\n%s:3: found "
		 "'%s', expected %s\n",
		 path, found, expected);
	program_expect_text(program_run(2, "ops %s", path), whole, line);
}

#define OPERATIONS                                                                                 \
	"one of script mmap munmap mprotect mremap madvise mlock mlock2 munlock mlockall "         \
	"munlockall mseal brk fault fork exit"
#define HEX "a hexadecimal number without 0x"

static void a_wrong_word_is_told_with_its_line_after_all_before_it(void **state)
{
	(void)state;
	expect_wrong_line("nmap 0 1000", "nmap", OPERATIONS);
	expect_wrong_line("mlock3 0 1000", "mlock3", OPERATIONS);
	expect_wrong_line("MMAP 0 1000 rw anon|private - 0", "MMAP", OPERATIONS);
	expect_wrong_line("brk 0x1000", "0x1000", HEX);
	expect_wrong_line("brk 0X1000", "0X1000", HEX);
	expect_wrong_line("brk -1", "-1", HEX);
	expect_wrong_line("brk 12g", "12g", HEX);
	expect_wrong_line("brk 12345678123456789", "12345678123456789", HEX);
	expect_wrong_line("munmap 0 +1", "+1", HEX);
	expect_wrong_line("mmap 0 1000 rwz anon|private - 0", "rwz", "letters of rwxD, or none");
	expect_wrong_line("mprotect 10000000 1000 nonE", "nonE", "letters of rwxD, or none");
	expect_wrong_line("mmap 0 1000 rw anon|privat - 0", "anon|privat",
			  "mmap flags joined by |, or 0");
	expect_wrong_line("mmap 0 1000 rw anon| - 0", "anon|", "mmap flags joined by |, or 0");
	expect_wrong_line("mmap 0 1000 rw shared f4 0", "f4",
			  "-, f0, f1, f2, f3, m0, m1 or a decimal number");
	expect_wrong_line("mremap 0 1000 1000 fixed 0", "fixed",
			  "maymove, rfixed, dontunmap joined by |, or 0");
	expect_wrong_line("madvise 0 1000 dontneed", "dontneed",
			  "an advice that the library has, such as DONTNEED or HUGEPAGE");
	expect_wrong_line("mlock2 0 1000 now", "now", "onfault or 0");
	expect_wrong_line("mlockall current|past", "current|past",
			  "current, future, aonfault joined by |, or 0");
	expect_wrong_line("fault 10000000 x", "x", "r or w");
	expect_wrong_line("fork cc", "cc", "c, p or x");
	expect_wrong_line("fork d", "d", "c, p or x");
}

static void a_line_of_too_few_or_many_words_is_told(void **state)
{
	(void)state;
	expect_wrong_line("brk", "brk", "brk with 1 words after it");
	expect_wrong_line("mmap 0 1000 rw anon|private -", "mmap 0 1000 rw anon|private -",
			  "mmap with 6 words after it");
	expect_wrong_line("mmap 0 1000 rw anon|private - 0 0", "mmap 0 1000 rw anon|private - 0 0",
			  "mmap with 6 words after it");
	expect_wrong_line("munmap 0 1 2 3 4 5 6 7 8 9", "munmap 0 1 2 3 4 5 6 7 8 9",
			  "munmap with 2 words after it");
	expect_wrong_line("exit now", "exit now", "exit with 0 words after it");
}

static void lines_that_are_no_text_are_told(void **state)
{
	static const char zero[] = "brk 0\nbrk\0 0\n", escape[] = "brk 0\nscript \033[2J\n";
	char text[600], expected[256];
	const char *path;

	(void)state;
	path = text_file(zero, sizeof(zero) - 1);
	snprintf(expected, sizeof(expected),
		 "#0 brk 0\n= 10000000\n%s:2: found a zero byte, expected text\n", path);
	program_expect_text(program_run(2, "ops %s", path), expected, "a zero byte");
	memset(text, 'a', sizeof(text));
	path = text_file(text, sizeof(text));
	snprintf(expected, sizeof(expected),
		 "%s:1: found 'a line of more than 500 bytes', expected " OPERATIONS "\n", path);
	program_expect_text(program_run(2, "ops %s", path), expected, "a long line");
	program_expect(program_run(2, "ops tests/tools/vmreplay"),
		       "tests/tools/vmreplay:1: Is a directory\n");
	/*
	 * The output echoes a script's lines, and must not move the terminal's
	 * cursor.
	 */
	path = text_file(escape, strlen(escape));
	snprintf(expected, sizeof(expected),
		 "#0 brk 0\n= 10000000\n%s:2: found the control character 0x1b, expected text\n",
		 path);
	program_expect_text(program_run(2, "ops --no-layout %s", path), expected, "an escape");
}

/*
 * The mappings that fill the address space outside the arena must stay, without
 * page tables. Symptom: guards in all of it took hours and all memory, and so
 * did populating a script's mapping in its place.
 */
static void no_operation_works_outside_the_arena(void **state)
{
	static const char *const lines[] = {
		"madvise 60000000 40000000 GUARD_INSTALL",
		"madvise 4ffff000 2000 GUARD_INSTALL",
		"madvise 10000 10000000 GUARD_INSTALL",
		"madvise 10000000 7fffeffff000 GUARD_INSTALL",
		"munmap 50000000 1000",
		"munmap ffff000 1001",
		"munmap 10000000 7fffeffff000",
		"mmap 50000000 1000 rw anon|private|fixed - 0",
		"mmap ffff000 2000 rw anon|private|fixed - 0",
		"mremap 50000000 1000 2000 maymove 0",
		"mremap 7fff00000000 1000 1000 maymove|dontunmap 0",
		"mremap 10000000 1000 1000 maymove|rfixed 60000000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *output = program_run(2, "ops %s", text_of(lines[i]));

		program_expect(output, ":1: found '");
		program_expect(output,
			       "', expected a range inside the arena, [10000000, 50000000)\n");
	}
}

/*
 * A call that the kernel refuses before it does anything has an answer, however
 * long the range is.
 */
static void ranges_that_are_refused_have_their_answers(void **state)
{
	static const struct {
		const char *line, *answer;
	} asked[] = {
		{"madvise 10000000 fffffffffffff000 GUARD_INSTALL", "= -EINVAL\n"},
		{"munmap 10000000 8000000000000000", "= -EINVAL\n"},
		{"munmap 10000000 fffffffffffff000", "= -EINVAL\n"},
		{"mmap 10000000 8000000000000000 rw anon|private|fixed - 0", "= -ENOMEM\n"},
		{"mmap 7fffffffe000 2000 rw anon|private|fixed - 0", "= -ENOMEM\n"},
		{"mmap 50000000 1000 rw anon|private|noreplace - 0", "= -EEXIST\n"},
		{"mremap 20001000 2000 7ffffffff000 maymove|rfixed 0", "= -EINVAL\n"},
		{"mremap 4ffff000 2000 1000 maymove 0", "= -EFAULT\n"},
		{"madvise 10000000 40000000 GUARD_INSTALL", "= -ENOMEM\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		for (const char *const *engine = program_engines; *engine; engine++)
			program_expect(program_run(0, "ops --engine=%s %s", *engine,
						   text_of(asked[i].line)),
				       asked[i].answer);
}

static void bad_arguments_are_refused(void **state)
{
	static const char *const versions[] = {"4294967302.18", "6.4294967314", " 6.18", "-6.18",
					       "6. 18",         "6.18x",        "6",     "0x6.18"};

	(void)state;
	program_expect(program_run(2, "ops x --engine=btree"),
		       "--engine: found 'btree', expected one of: rbtree maple maple-vma");
	program_expect(program_run(2, "ops x --engine=rbtree,maple"),
		       "found 'rbtree,maple', expected one engine");
	program_expect(program_run(2, "ops x --kernel=six"),
		       "--kernel: found 'six', expected X.Y, such as 6.18, or running");
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		program_expect(program_run(2, "ops x --kernel='%s'", versions[i]),
			       "expected X.Y, such as 6.18, or running");
	}
	program_expect(program_run(2, "ops x --rules=guard_flag"),
		       "--rules: found 'guard_flag', expected one of kernel");
	program_expect(program_run(2, "ops x --rules=machine,kernel=x"),
		       "--rules: found 'kernel=x', expected X.Y");
	program_expect(program_run(2, "ops"), "found no file, expected an op script");
	program_expect(program_run(2, "ops x y"), "found a second file 'y', expected one");
	program_expect(program_run(2, "ops x --nonsense"), "nonsense");
	program_expect(program_run(2, "ops /nowhere/x"), "/nowhere/x: No such file or directory");
}

static void the_program_names_its_commands(void **state)
{
	(void)state;
	program_expect(program_run(2, "play x"), "found 'play', expected check, run or ops");
	program_expect(program_run(2, "%s", ""), "usage: vmreplay check FILE");
	program_expect(program_run(0, "--help"), "usage: vmreplay check FILE");
	program_expect(program_run(0, "ops --help"), "vmreplay ops");
}

static int remove_files(void **state)
{
	(void)state;
	text_remove();
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_without_an_address_is_placed_as_linux_does),
		cmocka_unit_test(neighbours_merge_and_areas_split),
		cmocka_unit_test(touched_areas_merge_by_their_anon_vma),
		cmocka_unit_test(mprotect_keeps_what_it_changed_before_a_refusal),
		cmocka_unit_test(mremap_shrinks_grows_moves_and_keeps),
		cmocka_unit_test(the_break_moves_or_answers_where_it_is),
		cmocka_unit_test(forks_go_on_in_child_or_parent),
		cmocka_unit_test(areas_grow_down_to_their_guard),
		cmocka_unit_test(files_have_sizes_rights_and_openings),
		cmocka_unit_test(blocks_of_2_mib_have_page_tables_or_not),
		cmocka_unit_test(memory_is_locked_piece_by_piece),
		cmocka_unit_test(sealed_memory_stays_as_it_is),
		cmocka_unit_test(advice_guards_populates_and_discards),
		cmocka_unit_test(reads_take_pages_where_there_is_no_zero_page),
		cmocka_unit_test(execute_only_memory_refuses_reads_where_there_are_keys),
		cmocka_unit_test(other_scripts_know_nothing_of_keys),
		cmocka_unit_test(forty_random_scripts_answer_as_the_model),
		cmocka_unit_test(the_layout_ends_in_flags_only_when_asked),
		cmocka_unit_test(results_can_stand_alone),
		cmocka_unit_test(comments_blanks_and_case_of_digits_do_not_matter),
		cmocka_unit_test(a_script_may_come_from_standard_input),
		cmocka_unit_test(each_script_has_a_world_of_its_own),
		cmocka_unit_test(a_script_may_follow_an_older_kernel),
		cmocka_unit_test(a_wrong_word_is_told_with_its_line_after_all_before_it),
		cmocka_unit_test(a_line_of_too_few_or_many_words_is_told),
		cmocka_unit_test(lines_that_are_no_text_are_told),
		cmocka_unit_test(no_operation_works_outside_the_arena),
		cmocka_unit_test(ranges_that_are_refused_have_their_answers),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(the_program_names_its_commands),
	};

	if (program_init(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, remove_files);
}
