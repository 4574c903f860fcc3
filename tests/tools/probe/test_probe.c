/* SPDX-License-Identifier: MIT */
/*
 * test_probe.c - the probe of the running kernel (tools/probe): its experiments
 * tell one answer from another and leave nothing behind; each finding has the
 * right meaning for a comparison; and the right rules follow from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <vmastore/mm.h>

#include "tests/support/command.h"
#include "tools/probe/rules.h"

static const char *program, *vmreplay;

/* ---- the experiments ---- */

static void a_write_is_seen_to_take_a_page(void **state)
{
	(void)state;
	assert_int_equal(probe_touch_takes_kb(true, MADV_NOHUGEPAGE), 4);
}

/*
 * The experiment can tell what a read takes only if a read and a write take
 * different amounts, or if there is no zero page.
 */
static void a_read_takes_a_page_or_none(void **state)
{
	long kb = probe_touch_takes_kb(false, MADV_NOHUGEPAGE);
	struct probe probe;

	(void)state;
	assert_true(kb == 0 || kb == 4);
	probe_machine(&probe);
	assert_int_equal(probe.read_takes_kb, kb);
	assert_int_equal(probe_read_takes_page(&probe), kb == 4);
}

/*
 * A processor with protection keys names them, if the kernel uses them. Where a
 * hypervisor hides the flag, there are none.
 */
static void execute_only_memory_is_as_the_processor_says(void **state)
{
	struct command keys = command_run("grep -qw ospke /proc/cpuinfo");
	struct probe probe;

	(void)state;
	probe_machine(&probe);
	assert_int_equal(probe.exec_only, keys.status == 0);
	assert_int_equal(probe_exec_only(&probe), keys.status == 0);
	free(keys.output);
}

/*
 * List START-END PERMS of every mapping of this process into memory that does
 * not come from malloc().
 */
static size_t list_mappings(char *text, size_t size)
{
	FILE *in = fopen("/proc/self/maps", "re");
	size_t len = 0;
	char line[512];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) && len + sizeof(line) < size)
		len += (size_t)snprintf(text + len, size - len, "%.*s\n",
					(int)strcspn(line, " ") + 5, line);
	fclose(in);
	return len;
}

static void the_probe_leaves_no_mapping_behind(void **state)
{
	static char before[1 << 18], after[1 << 18];
	struct probe probe;

	(void)state;
	/*
	 * Run once first, because the C library and a sanitizer map memory at a
	 * first use.
	 */
	probe_machine(&probe);
	list_mappings(before, sizeof(before));
	assert_true(list_mappings(before, sizeof(before)) > 100);
	for (int i = 0; i < 3; i++)
		probe_machine(&probe);
	list_mappings(after, sizeof(after));
	assert_string_equal(before, after);
}

static void the_probe_finds_what_the_system_says(void **state)
{
	struct utsname system;
	struct probe probe;
	long setting;

	(void)state;
	assert_int_equal(uname(&system), 0);
	probe_machine(&probe);
	assert_string_equal(probe.release, system.release);
	assert_string_equal(probe.machine, system.machine);
	assert_int_equal(probe.page_size, sysconf(_SC_PAGESIZE));
	assert_int_equal(probe.overcommit, probe_sysctl("vm/overcommit_memory"));
	/*
	 * The gap is a boot option. The test assumes that it was not set to 0.
	 */
	assert_in_range(probe.stack_gap, 1, 4096);
	/* A security module may require more than the setting. */
	setting = probe_sysctl("vm/mmap_min_addr");
	assert_true(setting < 0 || probe.mmap_min_addr >= (unsigned long)setting);
	assert_int_equal(probe_sysctl("vm/no_such_setting"), PROBE_UNKNOWN);
}

/* ---- the meaning of the findings ---- */

/* A machine that permits every comparison. */
static struct probe good_machine(void)
{
	return (struct probe){
		.release = "6.18.44",
		.machine = "x86_64",
		.major = 6,
		.minor = 18,
		.page_size = 4096,
		.read_takes_kb = 0,
		.write_takes_kb = 4,
		.advised_read_is_own = true,
		.mmap_min_addr = 0x10000,
		.stack_gap = 256,
		.thp = "madvise",
		.thp_shmem = "never",
		.thp_zero_page = "1",
		.size = {{2048, "inherit", "inherit"}},
		.nr_sizes = 1,
		.overcommit = 0,
		.max_map_count = 65530,
		.memory_kb = 8L << 20,
	};
}

/* Set one of the words in struct probe. */
static void set(char *word, const char *value)
{
	memcpy(word, value, strlen(value) + 1);
}

#define BOTH (PROBE_LAYOUT | PROBE_PAGES)

static void expect_obstacle(const struct probe *probe, unsigned int hinders, const char *part)
{
	for (unsigned int what = PROBE_LAYOUT; what <= PROBE_PAGES; what <<= 1) {
		const char *why = probe_obstacle(probe, what);

		if (!(hinders & what)) {
			if (why)
				fail_msg("found '%s', expected nothing", why);
			continue;
		}
		if (!why || !strstr(why, part) || strchr(why, '\n'))
			fail_msg("found '%s', expected '%s'", why ? why : "nothing", part);
	}
}

static void nothing_hinders_a_good_machine(void **state)
{
	struct probe p = good_machine();

	(void)state;
	expect_obstacle(&p, 0, "");
	/* Rules cover these findings, or they change nothing. */
	p.read_takes_kb = 4;
	p.exec_only = 1;
	p.mmap_min_addr = 0;
	p.soft_dirty = true;
	p.anon_names = true;
	p.overcommit = 1;
	p.max_map_count = 1048576;
	set(p.thp, "always");
	set(p.thp_shmem, "deny");
	expect_obstacle(&p, 0, "");
}

static void each_obstacle_is_told(void **state)
{
	struct probe p;

	(void)state;
#define OBSTACLE(change, hinders, part)                                                            \
	(p = good_machine(), change, expect_obstacle(&p, hinders, part))
	OBSTACLE(set(p.machine, "aarch64"), BOTH, "this is aarch64 with pages of 4096 bytes");
	OBSTACLE(p.page_size = 16384, BOTH, "pages of 16384 bytes");
	OBSTACLE((set(p.release, "6.12.1"), p.minor = 12), BOTH,
		 "this is Linux 6.12.1, and the rules are those of 6.18");
	OBSTACLE(p.read_takes_kb = PROBE_UNKNOWN, BOTH, "does not say whether a read takes a page");
	OBSTACLE(p.read_takes_kb = 64, BOTH, "a read takes 64 kB");
	OBSTACLE(p.exec_only = PROBE_UNKNOWN, BOTH, "can be read is unknown");
	OBSTACLE(p.write_takes_kb = 2048, BOTH, "a write takes 2048 kB without MADV_HUGEPAGE");
	OBSTACLE(p.write_takes_kb = 16, BOTH, "a write takes 16 kB");
	OBSTACLE(set(p.thp_shmem, "advise"), BOTH, "shmem_enabled is advise");
	OBSTACLE(set(p.size[0].shmem_enabled, "always"), BOTH,
		 "pages of 2048 kB: shmem_enabled is always");
	OBSTACLE(set(p.thp, "never"), PROBE_LAYOUT, "transparent_hugepage/enabled is never");
	OBSTACLE(set(p.thp, "-"), PROBE_LAYOUT, "transparent_hugepage/enabled is -");
	OBSTACLE(set(p.size[0].enabled, "never"), PROBE_LAYOUT,
		 "hugepages-2048kB/enabled is never");
	OBSTACLE(p.advised_read_is_own = false, PROBE_LAYOUT, "disabled for this process");
	OBSTACLE(p.overcommit = 2, PROBE_LAYOUT, "vm.overcommit_memory is 2");
	OBSTACLE(p.memory_kb = 512L << 10, PROBE_LAYOUT, "RAM and swap are 524288 kB");
	OBSTACLE(p.legacy_layout = 1, PROBE_LAYOUT, "vm.legacy_va_layout is 1");
	OBSTACLE(p.stack_gap = 1, PROBE_LAYOUT, "keeps 1 pages free");
	OBSTACLE(p.max_map_count = 1000, PROBE_LAYOUT, "vm.max_map_count is 1000");
	OBSTACLE(p.mmap_min_addr = 0x10000000, PROBE_LAYOUT, "the lowest address is 10000000");
#undef OBSTACLE
	/* A caller that asks for it may compare with another kernel, too. */
	p = good_machine();
	p.minor = 12;
	assert_null(probe_obstacle(&p, BOTH | PROBE_ANY_KERNEL));
}

static void the_line_tells_all_of_it(void **state)
{
	struct probe p = good_machine();
	char line[1024];

	(void)state;
	probe_line(&p, line, sizeof(line));
	assert_string_equal(
		line, "machine: Linux 6.18.44 x86_64; a read takes no page; memory to "
		      "execute alone can be read; huge pages madvise (a write takes 4 kB; zero "
		      "page 1; sizes 2048 kB inherit), of shared memory never; "
		      "overcommit 0; lowest address 10000; stack gap "
		      "256 pages; anonymous names no; soft-dirty no");
	p.read_takes_kb = 4;
	p.exec_only = 1;
	p.nr_sizes = 0;
	probe_line(&p, line, sizeof(line));
	assert_non_null(strstr(line, "; memory to execute alone refuses reads; "));
	assert_non_null(strstr(line, "; a read takes a page; "));
	assert_non_null(strstr(line, "sizes none)"));
	/* The line is cut if the buffer is too small. */
	probe_line(&p, line, 12);
	assert_string_equal(line, "machine: Li");
}

/* ---- rules ---- */

static void a_machine_becomes_rules(void **state)
{
	struct probe p = good_machine();
	struct rules rules;

	(void)state;
	p.minor = 12;
	p.mmap_min_addr = 0x4000;
	rules = rules_of_machine(&p);
	assert_int_equal(rules.mm.kernel_version, VMS_KERNEL_VERSION(6, 12));
	assert_int_equal(rules.mm.thp_align, VMS_THP_ALIGN_LARGE);
	assert_false(rules.mm.merge_one_sided || rules.mm.read_takes_page || rules.mm.exec_only);
	assert_int_equal(rules.mmap_min_addr, 0x4000);
	p.read_takes_kb = 4;
	assert_true(rules_of_machine(&p).mm.read_takes_page);
	p.exec_only = 1;
	assert_true(rules_of_machine(&p).mm.exec_only);
}

/*
 * The list that vmrecord writes gives the rules that rules_of_machine() gives
 * for the same machine.
 */
static void a_machines_rules_survive_as_a_list(void **state)
{
	struct probe p = good_machine();
	struct rules expected, rules = rules_default();
	char list[256], why[256], text[2][512];

	(void)state;
	p.minor = 12;
	p.read_takes_kb = 4;
	p.exec_only = 1;
	p.mmap_min_addr = 0x1000;
	probe_rules(&p, list, sizeof(list));
	assert_string_equal(list, "kernel=6.12,mmap_min_addr=1000,read_takes_page=1,exec_only=1");
	expected = rules_of_machine(&p);
	assert_true(rules_set(&rules, list, why, sizeof(why)));
	rules_text(&rules, text[0], sizeof(text[0]));
	rules_text(&expected, text[1], sizeof(text[1]));
	assert_string_equal(text[0], text[1]);
	p.read_takes_kb = PROBE_UNKNOWN;
	p.exec_only = PROBE_UNKNOWN;
	probe_rules(&p, list, sizeof(list));
	assert_string_equal(list, "kernel=6.12,mmap_min_addr=1000");
}

static const char *text_of(const struct rules *rules)
{
	static char text[512];

	rules_text(rules, text, sizeof(text));
	return text;
}

static void rules_are_read_as_they_are_printed(void **state)
{
	static const char default_text[] =
		"kernel=6.18,thp_align=whole,mmap_min_addr=10000,vacate_tables=1,merge_one_sided=1,"
		"mremap_many=1,guard_flag=1,read_takes_page=0,exec_only=0";
	static const char other_text[] =
		"kernel=5.15,thp_align=large,mmap_min_addr=0,vacate_tables=1,merge_one_sided=0,"
		"mremap_many=1,guard_flag=0,read_takes_page=1,exec_only=1";
	struct rules rules = rules_default();
	char why[256];

	(void)state;
	assert_string_equal(text_of(&rules), default_text);
	assert_true(rules_set(&rules, other_text, why, sizeof(why)));
	assert_string_equal(text_of(&rules), other_text);
	/* Each rule can be set alone. */
	assert_true(rules_set(&rules, "read_takes_page=0", why, sizeof(why)));
	assert_false(rules.mm.read_takes_page);
	/*
	 * A kernel version resets the rules that depend on the version, and
	 * keeps the rules that depend on the machine.
	 */
	assert_true(
		rules_set(&rules, "read_takes_page=1,exec_only=1,kernel=6.18", why, sizeof(why)));
	assert_true(rules.mm.read_takes_page && rules.mm.exec_only && rules.mm.guard_flag);
	assert_true(rules_set(&rules, "machine", why, sizeof(why)));
	assert_int_equal(rules.mm.read_takes_page,
			 probe_touch_takes_kb(false, MADV_NOHUGEPAGE) > 0);
}

static void a_wrong_rule_changes_nothing(void **state)
{
	static const struct {
		const char *list, *why;
	} cases[] = {
		{"", "found '', expected one of kernel"},
		{"guard_flag", "found 'guard_flag', expected one of kernel"},
		{"guard=1", "found 'guard=1', expected one of kernel"},
		{"guard_flag=2", "found 'guard_flag=2', expected 0 or 1"},
		{"guard_flag=", "found 'guard_flag=', expected 0 or 1"},
		{"guard_flag=0,", "found '', expected one of kernel"},
		{"guard_flag=0,kernel=six", "found 'kernel=six', expected X.Y"},
		{"kernel=6.300", "found 'kernel=6.300', expected X.Y"},
		{"thp_align=2", "found 'thp_align=2', expected none, large or whole"},
		{"mmap_min_addr=0x1000",
		 "found 'mmap_min_addr=0x1000', expected a hexadecimal address"},
		{"mmap_min_addr=1001", "found 'mmap_min_addr=1001', expected a multiple of a page"},
		{"mmap_min_addr=1000000000000000", "expected a hexadecimal address"},
		{"machine=1", "found 'machine=1', expected one of kernel"},
	};
	struct rules rules = rules_default();
	char before[512], why[512];

	(void)state;
	snprintf(before, sizeof(before), "%s", text_of(&rules));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(rules_set(&rules, cases[i].list, why, sizeof(why)));
		if (!strstr(why, cases[i].why))
			fail_msg("found '%s', expected '%s'", why, cases[i].why);
		assert_string_equal(text_of(&rules), before);
	}
}

/* ---- the program ---- */

static struct command run(const char *words)
{
	char line[512];
	struct command done;

	snprintf(line, sizeof(line), "%s %s", program, words);
	done = command_run("%s", line);
	assert_non_null(done.output);
	return done;
}

static void expect_part(const struct command *done, const char *part)
{
	if (!strstr(done->output, part))
		fail_msg("expected '%s' in:\n%s", part, done->output);
}

/*
 * The program prints each key on a line of its own, and ends with status 77 if
 * a comparison is impossible.
 */
static void the_program_prints_keys_and_verdicts(void **state)
{
	static const char *const keys[] = {
		"release=",      "\nread_takes_kb=", "\nexec_only=",      "\nmmap_min_addr=",
		"\nstack_gap=",  "\nthp=",           "\novercommit=",     "\nanon_names=",
		"\nsoft_dirty=", "\nrules=kernel=",  "\ncompare_layout=", "\ncompare_pages="};
	struct command done = run("");

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		expect_part(&done, keys[i]);
	assert_int_equal(done.status, strstr(done.output, "=no: ") ? PROBE_EXIT_CANNOT : 0);
	free(done.output);
	done = run("--line");
	assert_int_equal(done.status, 0);
	assert_int_equal(strncmp(done.output, "machine: Linux ", 15), 0);
	free(done.output);
	done = run("--lines");
	assert_int_equal(done.status, 2);
	expect_part(&done, "probe: found '--lines', expected --line or --rules");
	free(done.output);
}

/* vmreplay accepts the rules that the program prints. */
static void the_programs_rules_are_vmreplays(void **state)
{
	char line[512];
	struct command done;

	(void)state;
	snprintf(line, sizeof(line), "--rules | xargs -I RULES %s ops --rules=RULES /dev/null",
		 vmreplay);
	done = run(line);
	assert_string_equal(done.output, "");
	assert_int_equal(done.status, 0);
	free(done.output);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_is_seen_to_take_a_page),
		cmocka_unit_test(a_read_takes_a_page_or_none),
		cmocka_unit_test(execute_only_memory_is_as_the_processor_says),
		cmocka_unit_test(the_probe_leaves_no_mapping_behind),
		cmocka_unit_test(the_probe_finds_what_the_system_says),
		cmocka_unit_test(nothing_hinders_a_good_machine),
		cmocka_unit_test(each_obstacle_is_told),
		cmocka_unit_test(the_line_tells_all_of_it),
		cmocka_unit_test(a_machine_becomes_rules),
		cmocka_unit_test(a_machines_rules_survive_as_a_list),
		cmocka_unit_test(rules_are_read_as_they_are_printed),
		cmocka_unit_test(a_wrong_rule_changes_nothing),
		cmocka_unit_test(the_program_prints_keys_and_verdicts),
		cmocka_unit_test(the_programs_rules_are_vmreplays),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s PROBE VMREPLAY\n", argv[0]);
		return 2;
	}
	program = argv[1];
	vmreplay = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
