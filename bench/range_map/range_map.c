/* SPDX-License-Identifier: MIT */
/*
 * range_map.c - the program: what a range map costs its host. It measures the
 * memory of a tree's first store, of its ranges, and of address spaces. It
 * times the calls of range_map.h, and the calls of maple_tree.h that they are
 * made of. docs/range-map.md quotes its output.
 *
 * Each row is measured in a child process, so that no row uses memory that
 * another has touched. Memory is what the child has written to for the first
 * time (Anonymous of /proc/self/smaps_rollup). A time is that of the quickest
 * of many rounds, because other programs only ever add to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/mm.h>
#include <vmastore/range_map.h>

#include "bench/harness/args.h"
#include "bench/harness/clock.h"
#include "bench/harness/random.h"
#include "bench/harness/standard.h"

#define PAGE 4096ul
#define RANGES 10000ul /* of the tree that calls are timed on */
#define CALLS 2000ul   /* a round: shorter than a slice of the scheduler's */
#define ROUNDS 1000u

/* --quick divides the work by this. */
#define QUICK 1000ul

static unsigned long less = 1; /* the work is divided by this */
static struct maple_tree tree;
static unsigned long nodes; /* their bytes, in all trees of a row */

static void stop(const char *why)
{
	fprintf(stderr, "range_map: %s\n", why);
	exit(EXIT_FAILURE);
}

static void check(int err)
{
	if (err) {
		fprintf(stderr, "range_map: %s\n", strerror(-err));
		exit(EXIT_FAILURE);
	}
}

static unsigned long written_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	unsigned long kib, sum = 0;
	char line[256];

	if (!file)
		stop("cannot open /proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Anonymous: %lu", &kib) == 1)
			sum += kib;
	fclose(file);
	return 1024 * sum;
}

/* An entry that no other range has. */
static void *entry_of(unsigned long i)
{
	return xa_mk_value(i + 1);
}

static void count_nodes(void)
{
	struct vms_mt_stats stats;

	vms_mt_stats(&tree, &stats);
	nodes = stats.bytes;
}

/* ---- memory ---- */

static void one_store(unsigned int flags)
{
	mt_init_flags(&tree, flags);
	check(mtree_store_range(&tree, 16 * PAGE, 20 * PAGE - 1, entry_of(0), GFP_KERNEL));
	count_nodes();
}

static void first_store(unsigned long n)
{
	(void)n;
	one_store(0);
}

static void first_store_rcu(unsigned long n)
{
	(void)n;
	one_store(MT_FLAGS_USE_RCU);
}

/* @n ranges of four pages with a gap of four after each. */
static void many_ranges(unsigned long n, bool scattered)
{
	mt_init_flags(&tree, MT_FLAGS_ALLOC_RANGE);
	for (unsigned long i = 0; i < n; i++) {
		/* A prime above n: each range comes once. */
		unsigned long at = (scattered ? i * 1000003 % n : i) * 8 * PAGE;

		check(mtree_store_range(&tree, at, at + 4 * PAGE - 1, entry_of(i), GFP_KERNEL));
	}
	count_nodes();
}

static void ascending(unsigned long n)
{
	many_ranges(n, false);
}

static void scattered(unsigned long n)
{
	many_ranges(n, true);
}

static void address_spaces(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		struct mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);

		if (!mm || IS_ERR_VALUE(vms_mmap(mm, 0, 4 * PAGE, PROT_READ,
						 MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0)))
			stop("cannot make an address space");
	}
}

static const struct {
	const char *name;
	void (*make)(unsigned long n);
	unsigned long n;
} memory[] = {
	{"the first store, readers take the lock", first_store, 1},
	{"the first store, readers under RCU", first_store_rcu, 1},
	{"ranges, stored in ascending order", ascending, 1000},
	{"ranges, stored in ascending order", ascending, 1000000},
	{"ranges, stored in random order", scattered, 1000000},
	{"an address space with one mapping", address_spaces, 1},
	{"address spaces with one mapping each", address_spaces, 10000},
};

static void print_memory(size_t row)
{
	unsigned long n = (memory[row].n + less - 1) / less, before = written_bytes(), bytes;

	memory[row].make(n);
	bytes = written_bytes() - before;
	printf("%-42s %9lu %11lu %11lu %9lu\n", memory[row].name, n, bytes / 1024, bytes / n,
	       nodes / n);
}

/* ---- time ---- */

static uint64_t random_state = 1;

static unsigned long random_range(void)
{
	return bench_random_next(&random_state) % RANGES * 8 * PAGE;
}

static void call_load(unsigned long at)
{
	if (!mtree_load(&tree, at))
		stop("a range is missing");
}

static void call_load_range(unsigned long at)
{
	unsigned long first, last;

	if (!vms_mt_load_range(&tree, at, &first, &last) || first != at)
		stop("a range is missing");
}

static void call_find_span(unsigned long at)
{
	unsigned long start, end;

	if (!vms_mt_find_span(&tree, at, 0, &start, &end) || start != at)
		stop("a range is missing");
}

/* Each pair of calls leaves the tree as it was. */
static void call_store_erase(unsigned long at)
{
	check(mtree_store_range(&tree, at + 4 * PAGE, at + 5 * PAGE - 1, entry_of(RANGES),
				GFP_KERNEL));
	check(mtree_store_range(&tree, at + 4 * PAGE, at + 5 * PAGE - 1, NULL, GFP_KERNEL));
}

static void call_join_erase(unsigned long at)
{
	void *entry = mtree_load(&tree, at);

	check(vms_mt_store_joined(&tree, at + 4 * PAGE, at + 5 * PAGE - 1, entry, GFP_KERNEL));
	check(mtree_store_range(&tree, at + 4 * PAGE, at + 5 * PAGE - 1, NULL, GFP_KERNEL));
}

static void call_alloc_erase(unsigned long at)
{
	unsigned long start;

	check(mtree_alloc_range(&tree, &start, entry_of(RANGES), 2 * PAGE, at, ULONG_MAX,
				GFP_KERNEL));
	check(mtree_store_range(&tree, start, start + 2 * PAGE - 1, NULL, GFP_KERNEL));
}

static void call_alloc_aligned_erase(unsigned long at)
{
	unsigned long start;

	check(vms_mt_alloc_aligned(&tree, &start, entry_of(RANGES), 2 * PAGE, at, ULONG_MAX,
				   2 * PAGE, PAGE, GFP_KERNEL));
	check(mtree_store_range(&tree, start, start + 2 * PAGE - 1, NULL, GFP_KERNEL));
}

static const struct {
	const char *name;
	void (*call)(unsigned long at);
} calls[] = {
	{"mtree_load()", call_load},
	{"vms_mt_load_range()", call_load_range},
	{"vms_mt_find_span()", call_find_span},
	{"mtree_store_range(), erase", call_store_erase},
	{"mtree_load(), vms_mt_store_joined(), erase", call_join_erase},
	{"mtree_alloc_range(), erase", call_alloc_erase},
	{"vms_mt_alloc_aligned(), erase", call_alloc_aligned_erase},
};

static void print_time(size_t row)
{
	const unsigned long nr = CALLS / less;
	uint64_t best = UINT64_MAX;

	many_ranges(RANGES, false);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t begun = bench_now_ns();

		for (unsigned long i = 0; i < nr; i++)
			calls[row].call(random_range());
		begun = bench_now_ns() - begun;
		best = begun < best ? begun : best;
	}
	printf("%-42s %9.1f\n", calls[row].name, (double)best / (double)nr);
}

/* ---- the program ---- */

static void in_child(void (*print)(size_t row), size_t row)
{
	int status;
	pid_t pid;

	if (!bench_standard_flush())
		exit(EXIT_FAILURE);
	pid = fork();
	if (pid < 0)
		stop("cannot fork");
	if (pid == 0) {
		print(row);
		exit(EXIT_SUCCESS);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	bench_standard_begin("range_map");
	if (argc == 2 && strcmp(argv[1], "--quick") == 0) {
		less = QUICK;
	} else if (argc > 1) {
		fprintf(stderr, "usage: range_map [--quick]\n  --quick   a thousandth of the work, "
				"to see that it runs; the figures mean nothing\n");
		return BENCH_EXIT_USAGE;
	}
	/* Larger pages would be counted whole, and are not always there. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	printf("%-42s %9s %11s %11s %9s\n", "memory", "how many", "written KiB", "bytes each",
	       "of nodes");
	for (size_t i = 0; i < sizeof(memory) / sizeof(memory[0]); i++)
		in_child(print_memory, i);
	printf("\n%-42s %9s\n", "time, of a tree of 10,000 ranges", "ns");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		in_child(print_time, i);
	return EXIT_SUCCESS;
}
