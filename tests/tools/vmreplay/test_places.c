/* SPDX-License-Identifier: MIT */
/*
 * test_places.c - the addresses of a recording are moved together into a slice:
 * near places keep their distance, wide gaps are closed, and places that the
 * recording keeps apart never overlap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/trace/text.h"
#include "tools/vmreplay/places.h"

#define MIB (1UL << 20)
#define GIB (1UL << 30)
#define BLOCK (2 * MIB)

/*
 * cmocka leaves a failed test at the failure, so these are freed before the
 * next recording is loaded.
 */
static struct trace_order *order;
static struct places places;

static int forget(void **state)
{
	(void)state;
	places_free(&places);
	trace_order_free(order);
	order = NULL;
	return 0;
}

static void find(const char *path)
{
	char error[TRACE_ERROR_MAX];

	forget(NULL);
	order = trace_order_load(path, error);
	if (!order)
		fail_msg("%s", error);
	assert_int_equal(places_find(&places, order), 0);
}

static unsigned long at(unsigned long addr)
{
	return places_translate(&places, 0, addr, 1);
}

/*
 * One mmap of process 100, with three digits of time after "1.000". Only its
 * result and length matter.
 */
#define MMAP(time, len, result)                                                                    \
	ENTER("100/100", "000" time "000", "mmap",                                                 \
	      "addr: 0x0, len: " len ", prot: 0x3, flags: 0x22, fd: 0xffffffff, off: 0x0")         \
	LEAVE("100/100", "000" time "001", "mmap", result)

/* BEGIN maps 0x400000-0x403000: a place of one block, [0x400000, 0x600000). */

static void one_mapping_is_one_block(void **state)
{
	(void)state;
	find(text_of(BEGIN));
	assert_int_equal(places.nr, 1);
	assert_int_equal(places.place[0].start, 0x400000);
	assert_int_equal(places.place[0].end, 0x600000);
	assert_int_equal(places.size, GIB);
	assert_int_equal(at(0x401234) - at(0x400000), 0x1234);
}

static void near_mappings_keep_their_distance(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x1000", "0x10000000")
			     MMAP("200", "0x5000", "0x40000000")));
	assert_int_equal(places.nr, 1);
	assert_int_equal(at(0x10000000) - at(0x400000), 0x10000000 - 0x400000);
	assert_int_equal(at(0x40004fff) - at(0x400000), 0x40004fff - 0x400000);
}

static void wide_gaps_are_closed(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x3000", "0x7f0000001000")));
	assert_int_equal(places.nr, 2);
	assert_int_equal(places.size, GIB);
	assert_true(at(0x7f0000001000) > at(0x402fff));
	assert_true(at(0x7f0000003fff) < GIB);
	assert_int_equal(at(0x7f0000001000) % BLOCK, 0x1000);
}

static void a_gap_of_1_GiB_is_near_and_a_wider_one_is_not(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x1000", "0x40600000")));
	assert_int_equal(places.nr, 1);
	assert_int_equal(places.size, 2 * GIB);
	find(text_of(BEGIN MMAP("100", "0x1000", "0x40800000")));
	assert_int_equal(places.nr, 2);
	assert_int_equal(places.size, GIB);
}

static void nothing_is_found_where_nothing_was(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x3000", "0x7f0000001000")));
	assert_int_equal(at(0x3fffff), PLACE_NONE);
	assert_int_equal(at(0x600000), PLACE_NONE);
	assert_int_equal(at(0x7eff00000000), PLACE_NONE);
	assert_int_equal(at(0x7f0000200000), PLACE_NONE);
	assert_int_equal(places_translate(&places, 0, 0x5fffff, 2), PLACE_NONE);
	assert_int_not_equal(places_translate(&places, 0, 0x5fffff, 1), PLACE_NONE);
	assert_int_equal(places_translate(&places, 0, 0x400000, ~0UL), PLACE_NONE);
	assert_int_equal(places_translate(&places, 1, 0x400000, 1), PLACE_NONE);
	assert_int_equal(places_translate(&places, -1, 0x400000, 1), PLACE_NONE);
}

static void refused_and_impossible_mappings_have_no_place(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x3000", "0xfffffffffffffff4") MMAP(
		"200", "0x0", "0x7f0000000000") MMAP("300", "0xffffffffffff0000", "0x7e0000000000")
			     MMAP("400", "0x1000000", "0x7fffffffffff")));
	assert_int_equal(places.nr, 1);
}

static void stacks_have_room_to_grow_8_MiB(void **state)
{
	(void)state;
	find(text_of(LINE("100/100", "000000001", "PERF_RECORD_COMM exec: prog:100/100")
			     MAP2("100/100", "000000002", "0x7ffd00000000(0x21000)",
				  "0x7ffffffde000 00:00 0 0]: rw-p [stack]")
				     LEAVE("100/100", "000000003", "execve", "0x0")));
	assert_int_equal(places.nr, 1);
	assert_int_not_equal(at(0x7ffd00000000 - 8 * MIB), PLACE_NONE);
	assert_int_equal(at(0x7ffd00000000 - 8 * MIB - 1), PLACE_NONE);
	assert_int_equal(at(0x7ffd00000000) - at(0x7ffd00000000 - 8 * MIB), 8 * MIB);
}

static void the_break_and_moved_mappings_have_places(void **state)
{
	(void)state;
	find(text_of(BEGIN ENTER("100/100", "000100000", "brk",
				 "brk: 0x0") LEAVE("100/100", "000100001", "brk", "0x555500001000")
			     ENTER("100/100", "000200000", "mremap",
				   "addr: 0x400000, old_len: 0x1000, new_len: 0x400000, flags: "
				   "0x1, new_addr: 0x0")
				     LEAVE("100/100", "000200001", "mremap", "0x7f0000000000")));
	assert_int_equal(places.nr, 3);
	assert_int_not_equal(at(0x555500001000), PLACE_NONE);
	assert_int_not_equal(at(0x7f00003fffff), PLACE_NONE);
}

/* Two spaces that use the same addresses. */
static void a_child_has_its_parents_places_beside_them(void **state)
{
	(void)state;
	find(text_of(BEGIN MMAP("100", "0x1000", "0x7f0000000000")
			     ENTER("100/100", "000200000", "fork", "")
				     TASK_NEW("100/100", "000200001", "101:101", "100:100")
					     LEAVE("100/100", "000200002", "fork", "0x65")
						     MMAP("300", "0x1000", "0x7e0000000000")));
	assert_int_equal(order->nr_spaces, 2);
	assert_int_equal(places.nr, 5);
	assert_int_not_equal(places_translate(&places, 1, 0x400000, 0x3000), PLACE_NONE);
	assert_int_not_equal(places_translate(&places, 1, 0x7f0000000000, 0x1000), PLACE_NONE);
	/*
	 * The child does not have the mapping that the parent made after the
	 * fork.
	 */
	assert_int_equal(places_translate(&places, 1, 0x7e0000000000, 1), PLACE_NONE);
	assert_int_not_equal(places_translate(&places, 1, 0x400000, 1), at(0x400000));
}

static void find_many(int nr, unsigned long apart, int err)
{
	char error[TRACE_ERROR_MAX];

	forget(NULL);
	order = trace_order_load(text_of_forks(nr, apart), error);
	if (!order)
		fail_msg("%s", error);
	assert_int_equal(places_find(&places, order), err);
}

/*
 * Symptom: N mappings and F forks made N times F places, because places were
 * joined only afterwards.
 */
static void what_is_near_is_copied_as_one(void **state)
{
	(void)state;
	find_many(1500, 0x2000, 0);
	assert_int_equal(order->nr_spaces, 1501);
	/* The parent's mappings form one place. */
	assert_int_equal(places.copied, 1500);
	assert_int_equal(places.nr, 1501);
}

/* If all mappings are far apart, there are N times F places. */
static void too_many_copies_are_refused(void **state)
{
	(void)state;
	find_many(1450, 2 * GIB, -E2BIG);
	assert_true(places.copied > PLACES_COPIED_MAX && places.copied < PLACES_COPIED_MAX + 1500);
}

static void next_gives_each_place_of_a_space_once(void **state)
{
	const struct place *place;
	unsigned long last = 0;
	size_t i = 0, nr = 0;

	(void)state;
	find("tests/tools/vmreplay/recordings/small.script");
	while ((place = places_next(&places, 1, &i))) {
		assert_int_equal(place->space, 1);
		assert_true(place->start >= last);
		last = place->end;
		nr++;
	}
	assert_int_equal(nr, 3);
	assert_null(places_next(&places, 1, &i));
	i = 0;
	assert_null(places_next(&places, 2, &i));
}

/* ---- real programs ---- */

static int by_at(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/*
 * In the slice, no two places share a page table, and the places of a space
 * keep the recording's order.
 */
static void expect_apart(const char *name)
{
	for (size_t i = 1; i < places.nr; i++)
		if (places.place[i].space == places.place[i - 1].space &&
		    places.place[i].start <= places.place[i - 1].end)
			fail_msg("%s: places %zu and %zu of space %d overlap", name, i - 1, i,
				 places.place[i].space);
	qsort(places.place, places.nr, sizeof(*places.place), by_at);
	for (size_t i = 0; i < places.nr; i++) {
		const struct place *place = &places.place[i];
		unsigned long end = place->at + (place->end - place->start);

		if (place->at % BLOCK || (place->start | place->end) % BLOCK ||
		    end > (i + 1 < places.nr ? place[1].at : places.size))
			fail_msg("%s: place %zu of space %d", name, i, place->space);
	}
	assert_int_equal(places.size % GIB, 0);
}

static unsigned long mapping_of(const struct trace_effect *e, unsigned long *len)
{
	if (e->kind != TRACE_CALL_DONE || e->call.call != TRACE_MMAP ||
	    (e->call.result < 0 && e->call.result >= -4095))
		return 0;
	*len = e->call.args[1];
	return (unsigned long)e->call.result;
}

static void every_mapping_of_a_real_program_has_a_place(void **state)
{
	static const char *const names[] = {"chromium", "gcc",    "git",   "java",
					    "mariadb",  "memory", "node",  "postgres",
					    "python",   "sh",     "sqlite"};

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		char path[64];

		snprintf(path, sizeof(path), "bench/traces/%s.script.xz", names[n]);
		find(path);
		for (unsigned long i = 0; i < order->nr_effects; i++) {
			const struct trace_effect *e = &order->effects[i];
			unsigned long len, addr = mapping_of(e, &len), to;

			if (!addr)
				continue;
			to = places_translate(&places, e->space, addr, len);
			if (to == PLACE_NONE || to + len > places.size ||
			    to % BLOCK != addr % BLOCK)
				fail_msg("%s:%lu has no place", path, e->line);
		}
		expect_apart(names[n]);
	}
}

static int remove_files(void **state)
{
	forget(state);
	text_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_mapping_is_one_block),
		cmocka_unit_test(near_mappings_keep_their_distance),
		cmocka_unit_test(wide_gaps_are_closed),
		cmocka_unit_test(a_gap_of_1_GiB_is_near_and_a_wider_one_is_not),
		cmocka_unit_test(nothing_is_found_where_nothing_was),
		cmocka_unit_test(refused_and_impossible_mappings_have_no_place),
		cmocka_unit_test(stacks_have_room_to_grow_8_MiB),
		cmocka_unit_test(the_break_and_moved_mappings_have_places),
		cmocka_unit_test(a_child_has_its_parents_places_beside_them),
		cmocka_unit_test(what_is_near_is_copied_as_one),
		cmocka_unit_test(too_many_copies_are_refused),
		cmocka_unit_test(next_gives_each_place_of_a_space_once),
		cmocka_unit_test(every_mapping_of_a_real_program_has_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
