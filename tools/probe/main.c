/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program probe: prints in what the running kernel differs from
 * other kernels of its version, as key=value lines, and which comparisons are
 * possible here.
 *
 * Exit status: 0 both comparisons are possible; 2 a wrong word; 77 no rule
 * covers a finding; the line of the comparison names it.
 */
#include <stdio.h>
#include <string.h>

#include "bench/harness/args.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "tools/probe/rules.h"

static const char usage[] = "usage: probe [--line | --rules]\n"
			    "  --line   what was found in one line, as the oracle prints it\n"
			    "  --rules  the rules for vmreplay's --rules=\n";

static void print_found(const struct probe *p)
{
	printf("release=%s\nmachine=%s\npage_size=%ld\n", p->release, p->machine, p->page_size);
	printf("read_takes_kb=%ld\nwrite_takes_kb=%ld\n", p->read_takes_kb, p->write_takes_kb);
	printf("advised_read_is_own=%d\nmmap_min_addr=%lx\nstack_gap=%ld\n", p->advised_read_is_own,
	       p->mmap_min_addr, p->stack_gap);
	printf("exec_only=%ld\n", p->exec_only);
	printf("anon_names=%d\nsoft_dirty=%d\n", p->anon_names, p->soft_dirty);
	printf("thp=%s\nthp_shmem=%s\nthp_zero_page=%s\n", p->thp, p->thp_shmem, p->thp_zero_page);
	for (unsigned int i = 0; i < p->nr_sizes; i++)
		printf("thp_%lu_kb=%s\nthp_shmem_%lu_kb=%s\n", p->size[i].kb, p->size[i].enabled,
		       p->size[i].kb, p->size[i].shmem_enabled);
	printf("overcommit=%ld\nlegacy_layout=%ld\nmax_map_count=%ld\nmemory_kb=%ld\n",
	       p->overcommit, p->legacy_layout, p->max_map_count, p->memory_kb);
}

/* Return: whether that comparison is possible here. */
static bool print_verdict(const struct probe *p, const char *name, unsigned int what)
{
	const char *why = probe_obstacle(p, what);

	printf("compare_%s=%s%s\n", name, why ? "no: " : "yes", why ? why : "");
	return !why;
}

int main(int argc, char **argv)
{
	char text[1024];
	struct probe probe;
	struct rules rules;
	bool both;

	bench_standard_begin("probe");
	if (argc > 2 ||
	    (argc == 2 && strcmp(argv[1], "--line") != 0 && strcmp(argv[1], "--rules") != 0)) {
		bench_say(stderr, "probe: found '%s', expected --line or --rules", argv[argc - 1]);
		fputs(usage, stderr);
		return BENCH_EXIT_USAGE;
	}
	probe_machine(&probe);
	rules = rules_of_machine(&probe);
	if (argc == 2) {
		if (strcmp(argv[1], "--line") == 0)
			probe_line(&probe, text, sizeof(text));
		else
			rules_text(&rules, text, sizeof(text));
		puts(text);
		return 0;
	}
	print_found(&probe);
	rules_text(&rules, text, sizeof(text));
	printf("rules=%s\n", text);
	both = print_verdict(&probe, "layout", PROBE_LAYOUT);
	both &= print_verdict(&probe, "pages", PROBE_PAGES);
	return both ? 0 : PROBE_EXIT_CANNOT;
}
