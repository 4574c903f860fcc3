/* SPDX-License-Identifier: MIT */
/*
 * test_readers.c - readers concurrently with every kind of write, each kind
 * alone and all kinds together. A reader must see each index as it was before a
 * write or after it, and only as after it once the write has returned.
 * stress/maplestress runs the same for any length of time.
 */
#include "tests/lib/maple/model.h"

#include <stdio.h>

#include "stress/maplestress/run.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__SANITIZE_THREAD__)
#define WRITES 4000ul
#elif defined(__SANITIZE_ADDRESS__) || defined(VMS_DEBUG)
#define WRITES 15000ul
#else
#define WRITES 30000ul
#endif

static void beside(const enum kind *kinds, unsigned int nr, unsigned int flags,
		   unsigned int writers)
{
	static unsigned long seed;
	struct run r = {
		.flags = flags,
		.kinds = kinds,
		.nr_kinds = nr,
		.writers = writers,
		.readers = 2,
		.slow = true,
		.tight_width = 4096,
		.writes = WRITES * model_more() / writers,
		.seed = ++seed,
		.again = "this test",
	};

	print_message("seed %lu, flags %#x\n", r.seed, flags);
	assert_int_equal(run(&r), 0);
	print_message("%lu writes, %lu reads, %lu slow ones; %lu cells judged, %lu changed too "
		      "often for that\n",
		      r.written, r.reads, r.slow_reads, r.judged, r.unjudged);
	assert_int_equal(r.errors, 0);
	assert_true(r.written >= r.writes * writers);
	assert_true(r.reads > 0 && r.slow_reads > 0);
	assert_int_equal(model_live_nodes(), 0);
}

/* Two territories, so that ranges with keys of another kind are adjacent. */
static void beside_kind(enum kind kind)
{
	const enum kind kinds[] = {kind, kind};

	beside(kinds, 2, 0, 1);
	beside(kinds, 2, MT_FLAGS_ALLOC_RANGE, 1);
}

static void an_entry_replaced_in_place_is_never_missed(void **state)
{
	(void)state;
	beside_kind(REPLACE);
}

static void ranges_that_come_and_go_are_seen_or_not(void **state)
{
	(void)state;
	beside_kind(HOLES);
}

static void ranges_inside_gaps_are_seen_or_not(void **state)
{
	(void)state;
	beside_kind(SPARSE);
}

static void a_store_over_many_leaves_is_seen_at_each_index_at_once(void **state)
{
	(void)state;
	beside_kind(WIDE);
}

static void a_range_that_grows_and_shrinks_has_its_old_end_or_its_new(void **state)
{
	(void)state;
	beside_kind(GROW);
}

static void allocations_are_seen_or_not(void **state)
{
	(void)state;
	beside_kind(ALLOC);
}

/*
 * A single territory, so that the whole tree fills and empties: from no node to
 * several levels.
 */
static void a_tree_that_empties_and_fills_is_seen_as_it_was(void **state)
{
	static const enum kind kinds[] = {WIDE};

	(void)state;
	beside(kinds, 1, 0, 1);
	beside(kinds, 1, MT_FLAGS_ALLOC_RANGE, 1);
}

/* Writers share nodes where their territories meet. */
static void several_writers_do_all_that_beside_each_other(void **state)
{
	static const enum kind kinds[] = {REPLACE, ALLOC,   HOLES, GROW, WIDE,
					  SPARSE,  REPLACE, HOLES, WIDE};

	(void)state;
	beside(kinds, LEN(kinds), 0, 2);
	beside(kinds, LEN(kinds), MT_FLAGS_ALLOC_RANGE, 2);
}

/*
 * One leaf whose bounds move all the time: page bounds, byte bounds, and bounds
 * that no narrow key can hold.
 */
static void a_leaf_that_is_changed_in_place_misleads_nobody(void **state)
{
	static const enum kind unused[] = {GROW};
	static const unsigned long widths[] = {4096, 1, 1ul << 45};

	(void)state;
	for (unsigned int i = 0; i < LEN(widths); i++) {
		struct run r = {
			.flags = i % 2 ? MT_FLAGS_ALLOC_RANGE : 0,
			.kinds = unused,
			.nr_kinds = 1,
			.writers = 1,
			.readers = 1,
			.only_tight = true,
			.tight_width = widths[i],
			.writes = 20 * WRITES * model_more(),
			.seed = i,
			.again = "this test",
		};

		assert_int_equal(run(&r), 0);
		print_message("%lu writes, %lu reads\n", r.written, r.reads);
		assert_int_equal(r.errors, 0);
		assert_true(r.reads > 0);
	}
	assert_int_equal(model_live_nodes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_replaced_in_place_is_never_missed),
		cmocka_unit_test(ranges_that_come_and_go_are_seen_or_not),
		cmocka_unit_test(ranges_inside_gaps_are_seen_or_not),
		cmocka_unit_test(a_store_over_many_leaves_is_seen_at_each_index_at_once),
		cmocka_unit_test(a_range_that_grows_and_shrinks_has_its_old_end_or_its_new),
		cmocka_unit_test(allocations_are_seen_or_not),
		cmocka_unit_test(a_tree_that_empties_and_fills_is_seen_as_it_was),
		cmocka_unit_test(a_leaf_that_is_changed_in_place_misleads_nobody),
		cmocka_unit_test(several_writers_do_all_that_beside_each_other),
	};

	return model_run_all("readers", tests, LEN(tests));
}
