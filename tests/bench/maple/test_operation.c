/* SPDX-License-Identifier: MIT */
/*
 * test_operation.c - every operation gives right answers on our tree, at
 * several sizes, and every operation notices a faulty store. One thread;
 * test_crowd.c has several.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/maple/operation.h"
#include "bench/maple/peers.h"
#include "tests/bench/maple/filled.h"

static const struct operation *named(const char *name)
{
	const struct operation *op = operations;

	while (op->name && strcmp(op->name, name) != 0)
		op++;
	assert_non_null(op->name);
	return op;
}

static void every_operation_is_right_on_ours(void **state)
{
	static const size_t sizes[] = {2, 3, 64, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin(sizes[i]);
		/*
		 * Run twice, because the first run must leave the tree
		 * unchanged.
		 */
		for (int round = 0; round < 2; round++)
			for (const struct operation *op = operations; op->name; op++) {
				unsigned long wrong = 0;

				assert_true(!op->has || op->has(&store_ours));
				assert_true(operation_time(op, &store_ours, tree, world, &wrong) >
					    0);
				assert_int_equal(wrong, 0);
			}
		end();
	}
}

/*
 * Each operation's name is in the first column of a table of bench/README.md,
 * between backquotes.
 */
static void every_operation_is_documented(void **state)
{
	static char text[1 << 16];
	FILE *file = fopen("bench/README.md", "r");

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_true(feof(file));
	fclose(file);
	for (const struct operation *op = operations; op->name; op++) {
		char first[64], later[64];

		snprintf(first, sizeof(first), "\n| `%s`", op->name);
		snprintf(later, sizeof(later), "`, `%s`", op->name);
		if (!strstr(text, first) && !strstr(text, later))
			fail_msg("bench/README.md does not say what `%s` times", op->name);
	}
}

static void a_count_is_what_a_run_does(void **state)
{
	(void)state;
	begin(1000);
	assert_int_equal(named("lookup")->count(world), world->random.nr);
	assert_int_equal(named("hot")->count(world), world->hot.nr);
	assert_int_equal(named("churn")->count(world), world->nr_writes);
	/*
	 * The run iterates as often as needed, but always over the whole tree.
	 */
	assert_int_equal(named("iterate")->count(world) % 1000, 0);
	assert_true(named("iterate")->count(world) >= 100000);
	end();
}

static void node_bytes_grow_with_the_ranges(void **state)
{
	size_t few, many;

	(void)state;
	begin(64);
	few = store_ours.node_bytes(tree);
	end();
	begin(1000);
	many = store_ours.node_bytes(tree);
	end();
	assert_in_range(few, 64 * 8, 64 * 200);
	assert_in_range(many, 1000 * 8, 1000 * 100);
	assert_true(many > 5 * few);
}

/* ---- stores with one fault ---- */

static uint64_t lookup_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.lookup(t, keys, nr - 1);
}

static uint64_t chained_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.lookup_chained(t, keys, nr - 1);
}

static uint64_t use_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.lookup_use(t, keys, nr - 1);
}

static uint64_t sections_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.lookup_sections(t, keys, nr - 1);
}

static uint64_t touch_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.touch(t, keys, nr - 1);
}

static uint64_t cursor_one_less(void *t, const unsigned long *keys, size_t nr)
{
	return store_ours.touch_cursor(t, keys, nr - 1);
}

static uint64_t iterate_once_less(void *t, size_t times)
{
	return store_ours.iterate(t, times - 1);
}

static uint64_t replace_nothing(void *t, const struct range *ranges, size_t nr)
{
	(void)t, (void)ranges, (void)nr;
	return 0;
}

static uint64_t replace_and_fail(void *t, const struct range *ranges, size_t nr)
{
	return store_ours.replace(t, ranges, nr) + 1;
}

/* Churn, but restore only a part of the last range. */
static uint64_t churn_carelessly(void *t, const struct range *ranges, size_t nr)
{
	struct range last = ranges[nr - 1];
	uint64_t failed = store_ours.churn(t, ranges, nr);

	last.entry = NULL;
	return failed + store_ours.replace(t, &last, 1);
}

static uint64_t gap_elsewhere(void *t, const unsigned long *bound, const unsigned long *size,
			      size_t nr, unsigned long other)
{
	return store_ours.lowest_gap(t, bound, size, nr, other) + 4096;
}

static void assert_noticed(const char *operation, const struct store *faulty)
{
	unsigned long wrong = 0;

	begin(64);
	operation_time(named(operation), faulty, tree, world, &wrong);
	end();
	if (wrong != 1)
		fail_msg("%s did not notice", operation);
}

static void a_wrong_lookup_is_noticed(void **state)
{
	struct store faulty = store_ours;

	(void)state;
	faulty.lookup = lookup_one_less;
	assert_noticed("lookup", &faulty);
	assert_noticed("hot", &faulty);
	faulty = store_ours;
	faulty.lookup_chained = chained_one_less;
	assert_noticed("chained", &faulty);
	assert_noticed("hot-chained", &faulty);
	faulty = store_ours;
	faulty.lookup_sections = sections_one_less;
	assert_noticed("section", &faulty);
	faulty = store_ours;
	faulty.touch = touch_one_less;
	assert_noticed("touch", &faulty);
	assert_noticed("touch-hot", &faulty);
	faulty = store_ours;
	faulty.touch_cursor = cursor_one_less;
	assert_noticed("cursor", &faulty);
	assert_noticed("cursor-hot", &faulty);
	faulty = store_ours;
	faulty.lookup_use = use_one_less;
	assert_noticed("use", &faulty);
}

static void an_incomplete_iteration_is_noticed(void **state)
{
	struct store faulty = store_ours;

	(void)state;
	faulty.iterate = iterate_once_less;
	assert_noticed("iterate", &faulty);
	faulty = store_ours;
	faulty.iterate_batch = iterate_once_less;
	assert_noticed("batch", &faulty);
	/* If the store has no batches, the operation iterates. */
	faulty.iterate_batch = NULL;
	faulty.iterate = iterate_once_less;
	assert_noticed("batch", &faulty);
}

static void a_store_that_did_not_happen_is_noticed(void **state)
{
	struct store faulty = store_ours;

	(void)state;
	faulty.replace = replace_nothing;
	assert_noticed("replace", &faulty);
	faulty.replace = replace_and_fail;
	assert_noticed("replace", &faulty);
	faulty = store_ours;
	faulty.churn = churn_carelessly;
	assert_noticed("churn", &faulty);
	faulty.churn_prepared = churn_carelessly;
	assert_noticed("churn-prepared", &faulty);
	faulty.churn_locked = churn_carelessly;
	assert_noticed("churn-locked", &faulty);
	faulty = store_ours;
	faulty.replace_locked = replace_nothing;
	assert_noticed("replace-locked", &faulty);
	faulty.replace_walked = replace_nothing;
	assert_noticed("replace-walked", &faulty);
	faulty.hole = churn_carelessly;
	assert_noticed("hole", &faulty);
}

static void a_wrong_gap_is_noticed(void **state)
{
	struct store faulty = store_ours;

	(void)state;
	faulty.lowest_gap = gap_elsewhere;
	faulty.highest_gap = gap_elsewhere;
	assert_noticed("large-gap", &faulty);
	assert_noticed("lowest-gap", &faulty);
	assert_noticed("highest-gap", &faulty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_right_on_ours),
		cmocka_unit_test(every_operation_is_documented),
		cmocka_unit_test(a_count_is_what_a_run_does),
		cmocka_unit_test(node_bytes_grow_with_the_ranges),
		cmocka_unit_test(a_wrong_lookup_is_noticed),
		cmocka_unit_test(an_incomplete_iteration_is_noticed),
		cmocka_unit_test(a_store_that_did_not_happen_is_noticed),
		cmocka_unit_test(a_wrong_gap_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
