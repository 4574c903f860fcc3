/* SPDX-License-Identifier: MIT */
/*
 * test_sweep.c - no operation of a corpus of scripts leaves a wrong state when
 * any of its allocations fails, or when the limit of VMAs is reached.
 *
 * The corpus holds the scripts under tests/tools/vmreplay/scripts, and the
 * scripts that the generator of tests/oracle makes from a few seeds.
 * `test_sweep FIRST-SEED SEEDS OPERATIONS` sweeps more generated scripts; its
 * exit status is the number of violations, at most 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/sync/alloc.h"
#include "tests/sweep/sweep.h"

#define MADE_FIRST 1
#define MADE_SEEDS 2
#define MADE_OPS 40

static struct corpus corpus;

typedef void (*sweeper)(const struct script *script, const char *engine,
			struct sweep_counts *counts, FILE *out);

static void sweep_all(sweeper sweep, struct sweep_counts *counts)
{
	for (size_t i = 0; i < corpus.nr; i++)
		for (const char *const *engine = vms_engine_names(); *engine; engine++)
			sweep(&corpus.script[i], *engine, counts, stderr);
}

static void print_counts(const char *what, const struct sweep_counts *c)
{
	printf("%s: %lu scripts, %lu operations, %lu injected failures, %lu violations\n", what,
	       c->scripts, c->operations, c->injected, c->violations);
	for (int v = 0; v < VIOLATION; v++)
		if (c->verdict[v])
			printf("  %-28s %8lu\n", verdict_names[v], c->verdict[v]);
	fflush(stdout);
}

static void a_failed_allocation_leaves_everything_as_it_was(void **state)
{
	struct sweep_counts counts = {0};

	(void)state;
	sweep_all(sweep_memory, &counts);
	print_counts("allocations", &counts);
	assert_int_equal(counts.violations, 0);
	/*
	 * The sweep must have failed at least as many allocations as there are
	 * operations.
	 */
	assert_true(counts.injected > counts.operations);
}

static void at_the_limit_of_vmas_everything_is_left_as_it_was(void **state)
{
	struct sweep_counts counts = {0};

	(void)state;
	sweep_all(sweep_limit, &counts);
	print_counts("limit of VMAs", &counts);
	assert_int_equal(counts.violations, 0);
	/* The sweep must have seen both sides of the limit. */
	assert_true(counts.verdict[AS_BEFORE] > 0 && counts.verdict[AS_ALWAYS] > 0);
}

/* Linux does the same; a script of its own shows it: judge.h, SOURCE_LEFT. */
static void a_source_that_cannot_be_cut_off_stays_mapped_and_empty(void **state)
{
	struct sweep_counts counts = {0};
	struct corpus own = {0};

	(void)state;
	assert_true(corpus_add_file(&own, "tests/sweep/scripts/left_source.ops"));
	for (size_t i = 0; i < own.nr; i++)
		for (const char *const *engine = vms_engine_names(); *engine; engine++)
			sweep_memory(&own.script[i], *engine, &counts, stderr);
	corpus_free(&own);
	print_counts("source left", &counts);
	assert_int_equal(counts.violations, 0);
	assert_true(counts.verdict[SOURCE_LEFT] > 0);
}

static int sweep_made(char **argv)
{
	struct sweep_counts memory = {0}, limit = {0};

	corpus_add_made(&corpus, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10),
			strtoul(argv[3], NULL, 10));
	sweep_all(sweep_memory, &memory);
	sweep_all(sweep_limit, &limit);
	print_counts("allocations", &memory);
	print_counts("limit of VMAs", &limit);
	corpus_free(&corpus);
	return memory.violations || limit.violations;
}

static int add_corpus(void **state)
{
	glob_t files;
	bool ok = glob("tests/tools/vmreplay/scripts/*.ops", 0, NULL, &files) == 0;

	(void)state;
	for (size_t i = 0; ok && i < files.gl_pathc; i++)
		ok = corpus_add_file(&corpus, files.gl_pathv[i]);
	globfree(&files);
	corpus_add_made(&corpus, MADE_FIRST, MADE_SEEDS, MADE_OPS);
	return ok ? 0 : -1;
}

static int remove_corpus(void **state)
{
	(void)state;
	corpus_free(&corpus);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_allocation_leaves_everything_as_it_was),
		cmocka_unit_test(at_the_limit_of_vmas_everything_is_left_as_it_was),
		cmocka_unit_test(a_source_that_cannot_be_cut_off_stays_mapped_and_empty),
	};

	return argc == 4 ? sweep_made(argv)
			 : cmocka_run_group_tests(tests, add_corpus, remove_corpus);
}
