/* SPDX-License-Identifier: MIT */
/*
 * test_programs.c - the oracle, the generator and the comparison: the running
 * kernel prints the expected answers to each script of vmreplay's tests, if our
 * rules describe it; a difference is found, reduced and reported; scripts can
 * be reproduced; bad input is refused.
 *
 * Tests that need a permission are skipped without it, or on a kernel that the
 * rules do not describe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tools/probe/probe.h"

#define SCRIPTS "tests/tools/vmreplay/scripts/"
#define EXIT_CANNOT 77

static const char *oracle, *differ, *print, *vmreplay;
static char folder[] = "/tmp/oracle-test-XXXXXX";

/*
 * Run a command and require its exit status.
 * Return: all its output, valid until the next call.
 */
static const char *run(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *run(int status, const char *format, ...)
{
	static struct command last;
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	free(last.output);
	last = command_run("{ %s; }", line);
	assert_non_null(last.output);
	if (last.status == EXIT_CANNOT && status != EXIT_CANNOT) {
		print_message("%s", last.output);
		skip();
	}
	if (last.status != status)
		fail_msg("%s: exit %d, expected %d\n%.2000s", line, last.status, status,
			 last.output);
	return last.output;
}

static void expect(const char *output, const char *part)
{
	if (!strstr(output, part))
		fail_msg("expected '%s' in:\n%.4000s", part, output);
}

/*
 * Write a shell script that replaces one of the programs.
 * Return: its path, valid until the next call.
 */
static const char *stand_in(const char *name, const char *text)
{
	static char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fprintf(out, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

/* ---- the oracle ---- */

/*
 * Run a script with both programs, with the options @oracle_words and
 * @engine_words, and require the same bytes. @expected: a file; NULL: the
 * output of vmreplay.
 */
static void expect_script(const char *name, const char *oracle_words, const char *engine_words,
			  const char *expected)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/expected", folder);
	if (!expected)
		run(0, "%s ops " SCRIPTS "%s.ops --flags %s > %s", vmreplay, name, engine_words,
		    path);
	run(0,
	    "%s --flags %s < " SCRIPTS
	    "%s.ops > %s/out; rc=$?; [ $rc = 0 ] || exit $rc; diff %s %s/out",
	    oracle, oracle_words, name, folder, expected ? expected : path, folder);
}

/*
 * The expected answers are those of a kernel with a zero page. On another
 * machine the engine must print the same as the kernel.
 */
static void the_kernel_answers_the_scripts_as_expected(void **state)
{
	static const char *const scripts[] = {"anon_vma", "brk",       "files",   "fork",
					      "growth",   "huge",      "merging", "mprotect",
					      "mremap",   "placement", "random"};
	struct probe probe;
	char path[128];

	(void)state;
	probe_narrow_huge_pages(true);
	probe_machine(&probe);
	if (probe_obstacle(&probe, PROBE_LAYOUT)) {
		print_message("%s\n", probe_obstacle(&probe, PROBE_LAYOUT));
		skip();
	}
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		snprintf(path, sizeof(path), SCRIPTS "%s.expected", scripts[i]);
		expect_script(scripts[i], "", "--rules=machine",
			      probe_read_takes_page(&probe) ? NULL : path);
	}
	expect_script("no_zero_page", "--no-zero-page", "", SCRIPTS "no_zero_page.expected");
}

/*
 * The answers in the file are those of a processor with protection keys; where
 * there are none, and where pages are taken otherwise, engine and kernel have
 * to agree.
 */
static void the_kernel_has_the_rule_exec_only_or_not(void **state)
{
	static const char *const scripts[] = {"exec_only", "exec_only_locking"};
	struct probe probe;
	char path[128];

	(void)state;
	probe_narrow_huge_pages(true);
	probe_machine(&probe);
	if (probe_obstacle(&probe, PROBE_LAYOUT)) {
		print_message("%s\n", probe_obstacle(&probe, PROBE_LAYOUT));
		skip();
	}
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		snprintf(path, sizeof(path), SCRIPTS "%s.expected", scripts[i]);
		expect_script(scripts[i], "", "--rules=machine",
			      probe_exec_only(&probe) && !probe_read_takes_page(&probe) ? path
											: NULL);
	}
}

static void the_layout_can_be_left_out(void **state)
{
	(void)state;
	assert_string_equal(run(0,
				"printf 'script a\\nbrk 10001000\\nfork c\\nmunmap 10000000 "
				"1000\\nexit\\nbrk 0\\n' | %s --no-layout",
				oracle),
			    "script a\n#0 brk 10001000\n= 10001000\n#1 fork c\n= 0\n#2 munmap "
			    "10000000 1000\n= 0\n#3 exit\n= 0\n"
			    "#4 brk 0\n= 10001000\n");
	assert_string_equal(run(0, "echo 'mmap 30000000 1000 r private|anon - 0' | %s", oracle),
			    "#0 mmap 30000000 1000 r private|anon - 0\n= "
			    "30000000\n30000000-30001000 r--p 0 -\n");
}

/* A wrong line follows a good one; the good line is answered. */
static void expect_wrong_line(const char *line)
{
	const char *output =
		run(2, "printf 'brk 0\\n%s\\nbrk 0\\n' | %s --no-layout", line, oracle);

	expect(output, "#0 brk 0\n= 10000000\n");
	expect(output, "line 2: found '");
	assert_null(strstr(output, "#1"));
	assert_null(strchr(output, '\033'));
}

static void the_oracle_tells_a_wrong_line(void **state)
{
	(void)state;
	expect_wrong_line("nmap 0 1000");
	expect_wrong_line("brk 0\\000");
	expect_wrong_line("# \\033[2J");
	expect_wrong_line("mmap 0 1000 rw private|anon 4294967296 0");
	expect_wrong_line("brk");
	expect_wrong_line("brk 0x1000");
	expect_wrong_line("mmap 0 1000 rw private|anom - 0");
	expect_wrong_line("mmap 0 1000 rwz private|anon - 0");
	expect_wrong_line("mmap 0 1000 rw private|anon f9 0");
	expect_wrong_line("mmap 0 1000 rw private|anon - 0 0");
	expect_wrong_line("madvise 0 1000 NORMAL|RANDOM");
	expect_wrong_line("mremap 0 1000 1000 fixed 0");
	expect_wrong_line("mlock2 0 1000 now");
	expect_wrong_line("fault 10000000 x");
	expect_wrong_line("fork y");
	expect(run(2, "echo 'mprotect 0 1000 rwz' | %s", oracle),
	       "line 1: found 'rwz', expected letters of rwxD, or none");
	expect(run(2, "%s --nonsense", oracle),
	       "found '--nonsense', expected --flags, --no-layout, --no-zero-page or --folder=DIR");
	expect(run(EXIT_CANNOT, "%s --folder=/nowhere < /dev/null", oracle),
	       "/nowhere is not writable");
	expect(run(0, "%s --help", oracle), "usage: oracle");
}

/* ---- the generator ---- */

static void the_same_seed_gives_the_same_script(void **state)
{
	(void)state;
	run(0,
	    "%s --seeds=50 --profile=merging,huge,everything > %s/a && %s --seeds=50 "
	    "--profile=merging,huge,everything | cmp - "
	    "%s/a",
	    print, folder, print, folder);
	run(1, "%s --seed=1 | tail -n +2 > %s/a; %s --seed=2 | tail -n +2 | cmp -s - %s/a", print,
	    folder, print, folder);
	run(1,
	    "%s --profile=fork | tail -n +2 > %s/a; %s --profile=growth | tail -n +2 | cmp -s - "
	    "%s/a",
	    print, folder, print, folder);
}

/*
 * With any compiler and in any build, a reported seed must mean the same
 * script.
 */
static void a_seed_means_the_same_everywhere(void **state)
{
	(void)state;
	assert_string_equal(
		run(0,
		    "%s --seeds=100 --ops=100 --profile="
		    "placement,merging,locking,mremap,fork,growth,files,huge,everything | cksum",
		    print),
		"1882636318 2860122\n");
}

static void every_operation_is_made_in_some_script(void **state)
{
	static const char *const words[] = {
		"mmap",      "munmap",        "mprotect", "mremap",   "madvise",    "mlock",
		"mlock2",    "munlock",       "mlockall", "brk",      "munlockall", "mseal",
		"fault",     "fork c",        "fork p",   "fork x",   "exit",       "REMOVE",
		"WILLNEED",  "GUARD_INSTALL", "COLD",     "HUGEPAGE", "dontunmap",  "droppable",
		"growsdown", "POPULATE_READ", "32bit",
	};

	(void)state;
	run(0, "%s --seeds=300 > %s/a", print, folder);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		run(0, "grep -qw -- '%s' %s/a", words[i], folder);
}

/* ---- the comparison ---- */

#define COMPARE "%s --oracle=%s --vmreplay=%s "

static void engines_and_kernel_agree(void **state)
{
	const char *output;

	(void)state;
	output = run(0, COMPARE "--seeds=27 --ops=40", differ, oracle, vmreplay);
	expect(output, "all          maple-vma            27         1080            0\n");
	expect(output, "1080 operations on each of 3 engines compared with Linux 6.18");
	expect(output, ", 0 differences\n");
}

static void time_ends_it_too(void **state)
{
	(void)state;
	expect(run(0, COMPARE "--seconds=0.2 --ops=10 --engine=maple --first-seed=5", differ,
		   oracle, vmreplay),
	       ", 0 differences\n");
}

/* The rules of another kernel are a bug that must show. */
static void a_difference_is_found_and_reduced(void **state)
{
	static const char words[] =
		"--seeds=40 --ops=60 --profile=placement --engine=rbtree --force-rule=kernel=6.6";
	const char *output, *told;
	char text[512];
	unsigned int left;

	(void)state;
	output = run(1, COMPARE "%s", differ, oracle, vmreplay, words);
	expect(output, "difference: engine rbtree, profile placement, seed ");
	told = strstr(output, "reduced from 60 operations to ");
	assert_non_null(told);
	assert_int_equal(sscanf(told, "reduced from 60 operations to %u:", &left), 1);
	assert_in_range(left, 1, 6);
	expect(told, "\nscript:\n    script placement ");
	/* The two sides differ on the last line. */
	snprintf(text, sizeof(text), "kernel:\n    #%u m", left - 1);
	expect(told, text);
	snprintf(text, sizeof(text), "rbtree:\n    #%u m", left - 1);
	expect(told, text);
	assert_null(strstr(output, " 0 differences"));
	/* One script is printed, but all differences are counted. */
	assert_null(strstr(strstr(output, "difference: ") + 1, "difference: "));
	expect(run(1, COMPARE "%s --show=0", differ, oracle, vmreplay, words), "profile ");
}

/* The first line describes the machine. */
static void expect_machine(const char *output, const char *rule)
{
	assert_int_equal(strncmp(output, "machine: Linux ", strlen("machine: Linux ")), 0);
	expect(output, "\nrules: kernel=6.18,");
	expect(output, rule);
}

/*
 * If the engines must follow the rule that the machine does not, in either
 * direction, scripts differ.
 */
static void a_rule_forced_to_be_wrong_shows(void **state)
{
	const char *output;

	(void)state;
	output = run(0, COMPARE "--seeds=90 --ops=60 --no-zero-page", differ, oracle, vmreplay);
	expect_machine(output, ",read_takes_page=1,");
	expect(output, "a machine without a zero page is imitated\n");
	output = run(1,
		     COMPARE
		     "--seeds=90 --ops=60 --no-zero-page --force-rule=read_takes_page=0 --show=0",
		     differ, oracle, vmreplay);
	expect_machine(output, ",read_takes_page=0,");
	expect(output, "; forced: read_takes_page=0\n");
	assert_null(strstr(output, " 0 differences"));
	run(0, "%s --seeds=1 --oracle=%s --vmreplay=%s | grep -q 'a read takes no page' || exit %d",
	    differ, oracle, vmreplay, EXIT_CANNOT);
	output = run(1, COMPARE "--seeds=90 --ops=60 --force-rule=read_takes_page=1 --show=0",
		     differ, oracle, vmreplay);
	expect_machine(output, ",read_takes_page=1,");
	expect(output, "; forced: read_takes_page=1\n");
	assert_null(strstr(output, " 0 differences"));
}

static void execute_only_memory_forced_to_be_wrong_shows(void **state)
{
	struct probe probe;
	const char *output;
	char words[128];

	(void)state;
	probe_machine(&probe);
	snprintf(words, sizeof(words), "--seeds=90 --ops=60 --show=0 --force-rule=exec_only=%d",
		 !probe_exec_only(&probe));
	output = run(1, COMPARE "%s", differ, oracle, vmreplay, words);
	expect_machine(output, probe_exec_only(&probe) ? ",exec_only=0; forced: exec_only=0\n"
						       : ",exec_only=1; forced: exec_only=1\n");
	assert_null(strstr(output, " 0 differences"));
}

static void an_engine_that_dies_is_a_difference(void **state)
{
	char text[512];
	const char *output;

	(void)state;
	snprintf(text, sizeof(text),
		 "cat > %s/in; grep -q munmap %s/in && kill -SEGV $$; exec %s \"$@\" < %s/in",
		 folder, folder, vmreplay, folder);
	output = run(1, COMPARE "--seeds=9 --ops=30 --jobs=1 --engine=maple --profile=merging",
		     differ, oracle, stand_in("dies", text));
	expect(output, "reduced from 30 operations to 1:\n");
	expect(output, "    munmap ");
	expect(output, "maple:\n    (nothing)\n");
	expect(output, "vmreplay ended with 139\n");
}

static void operations_can_be_left_out(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "cat > %s/in; cat %s/in >> %s/all; exec %s \"$@\" < %s/in",
		 folder, folder, folder, vmreplay, folder);
	run(0, COMPARE "--seeds=9 --engine=maple --jobs=1 --without=munmap,HUGEPAGE,fork", differ,
	    oracle, stand_in("keeps", text));
	run(0, "grep -qw madvise %s/all", folder);
	run(1, "grep -qwE 'munmap|HUGEPAGE|fork [cpx]' %s/all", folder);
}

static void an_oracle_that_breaks_is_no_agreement(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text),
		 "cat > %s/in; [ $(wc -l < %s/in) -gt 5 ] && exit 1; exec %s \"$@\" < %s/in",
		 folder, folder, oracle, folder);
	expect(run(2, COMPARE "--seeds=9 --jobs=1 --any-kernel", differ, stand_in("breaks", text),
		   vmreplay),
	       "the oracle ended with 1 in the batch of seeds 0 to 8");
	expect(run(EXIT_CANNOT, COMPARE "--seeds=9 --any-kernel", differ,
		   stand_in("cannot", "echo no >&2; exit 77"), vmreplay),
	       "cannot compare: the oracle does not run here\n");
}

/*
 * Forbid changing the personality but not reading it, as containers do by
 * default.
 * Return: whether it could be forbidden.
 */
static bool forbid_personality(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	return personality(0) != -1 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Require status 77 and these words of the comparison. Return: 0 if so. */
static int expect_cannot(const char *why, const char *then)
{
	struct command done = command_run(COMPARE "--any-kernel", differ, oracle, vmreplay);

	if (done.status == EXIT_CANNOT && done.output && strstr(done.output, why) &&
	    strstr(done.output, then))
		return 0;
	fprintf(stderr, "exit %d: %s\n", done.status, done.output);
	return 1;
}

static int compare_in_a_jail(void)
{
	struct probe probe;

	/* Another obstacle would be reported first. */
	probe_narrow_huge_pages(true);
	probe_machine(&probe);
	if (probe_obstacle(&probe, PROBE_LAYOUT | PROBE_ANY_KERNEL) || !forbid_personality())
		return 2;
	return expect_cannot("may not switch address randomization off",
			     "cannot compare: the oracle does not run here\n");
}

/*
 * No rule covers a process without huge pages, because MADV_HUGEPAGE has no
 * effect in it.
 */
static int compare_without_huge_pages(void)
{
	struct command done;

	probe_narrow_huge_pages(false);
	if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 1)
		return 2;
	done = command_run("echo 'brk 0' | %s", oracle);
	if (done.status != EXIT_CANNOT || !done.output ||
	    !strstr(done.output, "huge pages are not to be had: "))
		return 1;
	return expect_cannot("machine: Linux ", "cannot compare: huge pages are not to be had: ");
}

/*
 * Run @compare in a separate process, because its changes cannot be undone.
 * @compare returns 0, 2 to skip, or 1.
 */
static void in_a_process(int (*compare)(void))
{
	int pid = fork(), status;

	if (pid == 0)
		_exit(compare());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_jail_is_told_plainly(void **state)
{
	(void)state;
	in_a_process(compare_in_a_jail);
}

static void what_no_rule_covers_is_no_difference(void **state)
{
	(void)state;
	in_a_process(compare_without_huge_pages);
}

static void bad_arguments_are_refused(void **state)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
		{"--seeds=0", "--seeds: found '0'"},
		{"--seeds=many", "--seeds: found 'many'"},
		{"--ops=5000", "--ops: found '5000'"},
		{"--seconds=0", "--seconds: found '0'"},
		{"--jobs=0", "--jobs: found '0'"},
		{"--first-seed=-1", "--first-seed: found '-1'"},
		{"--show=x", "--show: found 'x'"},
		{"--force-rule=x=1", "--force-rule: found 'x=1', expected one of kernel thp_align"},
		{"--force-rule=read_takes_page=2",
		 "--force-rule: found 'read_takes_page=2', expected 0 or 1"},
		{"--profile=merge", "--profile: found 'merge', expected one of: placement merging "
				    "locking mremap fork growth files huge everything"},
		{"--engine=btree",
		 "--engine: found 'btree', expected one of: rbtree maple maple-vma"},
		{"file", "found 'file', expected options alone"},
		{"--nonsense", "nonsense"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(run(2, COMPARE "%s", differ, oracle, vmreplay, cases[i].words),
		       cases[i].message);
	expect(run(2, "%s --seeds=1", differ), "found no --oracle or no --vmreplay, expected both");
	expect(run(2, "%s --profile=merge", print), "--profile: found 'merge'");
	expect(run(2, "%s --seeds=0", print), "--seeds: found '0'");
	expect(run(2, "%s 7", print), "found '7', expected options alone");
	expect(run(0, "%s --help", differ), "--first-seed=N");
	expect(run(0, "%s --help", print), "--profile=P");
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	run(0, "rm -rf %s", folder);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_answers_the_scripts_as_expected),
		cmocka_unit_test(the_kernel_has_the_rule_exec_only_or_not),
		cmocka_unit_test(the_layout_can_be_left_out),
		cmocka_unit_test(the_oracle_tells_a_wrong_line),
		cmocka_unit_test(the_same_seed_gives_the_same_script),
		cmocka_unit_test(a_seed_means_the_same_everywhere),
		cmocka_unit_test(every_operation_is_made_in_some_script),
		cmocka_unit_test(engines_and_kernel_agree),
		cmocka_unit_test(time_ends_it_too),
		cmocka_unit_test(a_difference_is_found_and_reduced),
		cmocka_unit_test(a_rule_forced_to_be_wrong_shows),
		cmocka_unit_test(execute_only_memory_forced_to_be_wrong_shows),
		cmocka_unit_test(an_engine_that_dies_is_a_difference),
		cmocka_unit_test(operations_can_be_left_out),
		cmocka_unit_test(an_oracle_that_breaks_is_no_agreement),
		cmocka_unit_test(a_jail_is_told_plainly),
		cmocka_unit_test(what_no_rule_covers_is_no_difference),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	if (argc != 5) {
		fprintf(stderr, "usage: %s ORACLE DIFFER PRINT VMREPLAY\n", argv[0]);
		return 2;
	}
	oracle = argv[1];
	differ = argv[2];
	print = argv[3];
	vmreplay = argv[4];
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
