/* SPDX-License-Identifier: MIT */
/*
 * test_recordings.c - the bundled recordings of real programs are understood
 * completely: no event is lost, unpaired, unattached or guessed, and the
 * contents are as bench/traces/README.md says. Run from the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/trace/order.h"

struct recording {
	const char *name;
	unsigned long lines, calls, faults, ends; /* faults include execve's own */
	/* address spaces; children that share the parent's, or copy it */
	int spaces, shares, copies;
};

static struct recording recordings[] = {
	{"chromium", 93551, 7076, 54345, 138, 37, 8, 19},
	{"gcc", 6260, 277, 4357, 5, 5, 4, 0},
	{"git", 56897, 2983, 41903, 1, 1, 0, 0},
	{"java", 13859, 716, 9576, 62, 1, 0, 0},
	{"mariadb", 32817, 1118, 16151, 27, 20, 2, 8},
	{"memory", 14499, 1851, 2900, 64, 17, 2, 12},
	{"node", 21688, 1667, 13265, 10, 1, 0, 0},
	{"postgres", 20342, 1300, 11350, 19, 23, 6, 12},
	{"python", 13568, 383, 11624, 9, 1, 0, 0},
	{"sh", 6529, 465, 2342, 31, 47, 0, 30},
	{"sqlite", 3586, 159, 2548, 3, 3, 2, 0},
};

#define NR_RECORDINGS (sizeof(recordings) / sizeof(recordings[0]))

static struct trace_order *orders[NR_RECORDINGS];

static int load(void **state)
{
	char path[64], error[TRACE_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		snprintf(path, sizeof(path), "bench/traces/%s.script.xz", recordings[i].name);
		orders[i] = trace_order_load(path, error);
		if (!orders[i]) {
			print_error("%s\n", error);
			return -1;
		}
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++)
		trace_order_free(orders[i]);
	return 0;
}

static void nothing_in_them_is_left_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		char *problems = trace_order_describe(orders[i]);

		assert_non_null(problems);
		if (*problems)
			fail_msg("%s: %s", recordings[i].name, problems);
		free(problems);
		assert_true(orders[i]->by_locks);
		assert_int_equal(orders[i]->counts.unknown, 0);
	}
}

/* Count the MMAP2 records and faults of execve, which are in its steps. */
static void count_steps(const struct trace_order *order, unsigned long *maps, unsigned long *faults)
{
	for (unsigned long i = 0; i < order->nr_effects; i++) {
		const struct trace_effect *effect = &order->effects[i];

		if (effect->kind != TRACE_EXEC_DONE)
			continue;
		for (unsigned int step = 0; step < effect->exec.nr_steps; step++)
			++*(effect->exec.steps[step].is_fault ? faults : maps);
	}
}

static void every_map_record_and_fault_has_found_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		const struct trace_order *order = orders[i];
		unsigned long maps = order->nr_maps, faults = order->of_kind[TRACE_FAULTED];

		count_steps(order, &maps, &faults);
		assert_int_equal(maps, order->counts.events[TRACE_EV_MAP]);
		assert_int_equal(faults, order->counts.events[TRACE_EV_FAULT]);
		assert_int_equal(faults, recordings[i].faults);
	}
}

static void every_task_is_accounted_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		const struct trace_order *order = orders[i];
		int how[3] = {0};

		for (unsigned long at = 0; at < order->nr_effects; at++)
			if (order->effects[at].kind == TRACE_FORK_DONE)
				how[order->effects[at].fork.how]++;
		assert_int_equal(order->counts.lines, recordings[i].lines);
		assert_int_equal(order->of_kind[TRACE_CALL_DONE], recordings[i].calls);
		assert_int_equal(order->of_kind[TRACE_TASK_DONE], recordings[i].ends);
		assert_int_equal(order->nr_spaces, recordings[i].spaces);
		assert_int_equal(how[TRACE_CHILD_SHARES], recordings[i].shares);
		assert_int_equal(how[TRACE_CHILD_COPIES], recordings[i].copies);
	}
}

static void effects_stand_in_one_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++)
		for (unsigned long at = 1; at < orders[i]->nr_effects; at++)
			if (orders[i]->effects[at - 1].commit >= orders[i]->effects[at].commit)
				fail_msg("%s: lines %lu and %lu", recordings[i].name,
					 orders[i]->effects[at - 1].line,
					 orders[i]->effects[at].line);
}

/*
 * A successful mmap has the record of the VMA that it made; its own range lies
 * inside the VMA, which may have merged.
 */
static void every_new_mapping_shows_its_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		for (unsigned long at = 0; at < orders[i]->nr_effects; at++) {
			const struct trace_effect *effect = &orders[i]->effects[at];
			uint64_t start = (uint64_t)effect->call.result,
				 end = start + effect->call.args[1];

			if (effect->kind != TRACE_CALL_DONE || effect->call.call != TRACE_MMAP ||
			    effect->call.result < 0)
				continue;
			if (effect->nr_maps != 1 || effect->maps[0].start > start ||
			    effect->maps[0].start + effect->maps[0].len < end)
				fail_msg("%s:%lu: %u records", recordings[i].name, effect->line,
					 effect->nr_maps);
		}
	}
}

/*
 * Every space begins with its execve or fork, is not used after its end, and
 * ends.
 */
static void spaces_begin_and_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_RECORDINGS; i++) {
		const struct trace_order *order = orders[i];
		int ended = 0;

		for (unsigned long at = 0; at < order->nr_effects; at++) {
			const struct trace_effect *effect = &order->effects[at];

			if (effect->kind == TRACE_EXEC_DONE)
				ended += effect->exec.old_space_ended;
			if (effect->kind != TRACE_TASK_DONE || !effect->end.space_ended)
				continue;
			ended++;
			assert_int_equal(order->spaces[effect->space].last, at);
		}
		assert_int_equal(ended, order->nr_spaces);
		for (int space = 0; space < order->nr_spaces; space++) {
			assert_true(order->spaces[space].known_from_start);
			assert_true(order->spaces[space].mm != 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_them_is_left_over),
		cmocka_unit_test(every_map_record_and_fault_has_found_its_place),
		cmocka_unit_test(every_task_is_accounted_for),
		cmocka_unit_test(effects_stand_in_one_order),
		cmocka_unit_test(every_new_mapping_shows_its_record),
		cmocka_unit_test(spaces_begin_and_end),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
