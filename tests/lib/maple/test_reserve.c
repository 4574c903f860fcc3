/* SPDX-License-Identifier: MIT */
/*
 * test_reserve.c - memory allocated before the stores: mas_expected_entries()
 * for many stores in ascending order, mas_nomem() for one store that retries.
 * The promised stores must then succeed while no allocation does, and unused
 * memory must be freed.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>

#include "lib/sync/alloc.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

static unsigned long nodes_of(const struct maple_tree *mt)
{
	struct vms_mt_stats stats;

	vms_mt_stats(mt, &stats);
	return stats.leaves + stats.inner_nodes;
}

/* ---- many in ascending order ---- */

/*
 * The gap before each range and its width. FIXED: as given. RANDOM: at most as
 * given. MIXED: bytes, pages and far apart in turns, so that leaves of all
 * forms follow one another.
 */
enum sizes { FIXED, RANDOM, MIXED };

static const struct pattern {
	const char *name;
	unsigned long gap, width;
	enum sizes sizes;
} patterns[] = {
	{"single keys side by side", 0, 1, FIXED},
	{"ranges side by side", 0, 4096, FIXED},
	{"single keys with gaps", 9, 1, FIXED},
	{"ranges with gaps", 4096, 4096, FIXED},
	{"far apart", 1ul << 45, 1ul << 40, FIXED},
	{"random", 3, 3, RANDOM},
	{"of all sizes", 0, 1, MIXED},
};

static const unsigned int kinds[] = {0, MT_FLAGS_ALLOC_RANGE, MT_FLAGS_USE_RCU,
				     MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU};

static uint64_t random_state;

static unsigned long below(unsigned long limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (random_state >> 33) % limit;
}

/* Return: the next gap or width. */
static unsigned long pick(const struct pattern *p, unsigned long size)
{
	static const unsigned int shifts[] = {0, 12, 44};

	if (p->sizes == MIXED)
		return below(4) << shifts[below(LEN(shifts))];
	return p->sizes == RANDOM ? below(size + 1) : size;
}

/* Stores random entries below @end, before the ranges to come. */
static void plant(struct maple_tree *mt, unsigned long end, unsigned int entries)
{
	for (unsigned int i = 0; i < entries; i++) {
		unsigned long first = below(end - 8);

		assert_int_equal(mtree_store_range(mt, first, first + below(8), xa_mk_value(i),
						   GFP_KERNEL),
				 0);
	}
}

/*
 * Stores @nr ranges above @start after mas_expected_entries(), while no
 * allocation succeeds.
 */
static void store_promised(struct maple_tree *mt, const struct pattern *p, unsigned long start,
			   unsigned long nr)
{
	unsigned long first = start, failed = 0;
	MA_STATE(mas, mt, 0, 0);

	mas_lock(&mas);
	assert_int_equal(mas_expected_entries(&mas, nr), 0);
	vms__alloc_fail_from(1);
	for (unsigned long i = 0; i < nr; i++) {
		unsigned long width = pick(p, p->width - 1) + 1;

		first += pick(p, p->gap);
		mas_set_range(&mas, first, first + width - 1);
		if (i & 1)
			failed += mas_store_gfp(&mas, xa_mk_value(i), GFP_KERNEL) != 0;
		else
			failed += mas_store(&mas, xa_mk_value(i)) || mas_is_err(&mas);
		first += width;
	}
	assert_int_equal(vms__alloc_count(), 0);
	vms__alloc_fail_from(0);
	assert_int_equal(failed, 0);
	mas_destroy(&mas);
	mas_unlock(&mas);
}

static void check_stored(struct maple_tree *mt, unsigned long start, unsigned long nr)
{
	unsigned long n = 0;
	void *entry;
	MA_STATE(mas, mt, start, start);

	assert_int_equal(vms_mt_check(mt, stderr), 0);
	mas_lock(&mas);
	mas_for_each(&mas, entry, ULONG_MAX)
		assert_ptr_equal(entry, xa_mk_value(n++));
	mas_unlock(&mas);
	assert_int_equal(n, nr);
}

static void promised_stores_need_no_memory(void **state)
{
	static const unsigned long counts[] = {1,  2,  3,  5,   8,   14,   15,  16,
					       17, 18, 40, 100, 300, 1000, 9000};
	static const unsigned int planted[] = {0, 1, 30, 2000 / MODEL_LESS};

	(void)state;
	random_state = 1;
	print_message("seed 1\n");
	for (size_t p = 0; p < LEN(patterns); p++) {
		for (size_t i = 0; i < LEN(kinds) * LEN(counts) * LEN(planted); i++) {
			unsigned long nr = counts[i / LEN(kinds) % LEN(counts)], start = 1ul << 20;
			struct maple_tree mt = MTREE_INIT(mt, kinds[i % LEN(kinds)]);

			if (nr > 9000 / MODEL_LESS)
				continue;
			plant(&mt, start, planted[i / LEN(kinds) / LEN(counts)]);
			store_promised(&mt, &patterns[p], start, nr);
			check_stored(&mt, start, nr);
			mtree_destroy(&mt);
		}
		assert_int_equal(model_live_nodes(), 0);
	}
}

/* The last leaf and the nodes above it are in every state of fullness. */
static void every_fullness_of_the_last_leaf_will_do(void **state)
{
	(void)state;
	random_state = 2;
	print_message("seed 2\n");
	for (unsigned int i = 0; i < 1600 / MODEL_LESS; i++) {
		struct maple_tree mt = MTREE_INIT(mt, MT_FLAGS_ALLOC_RANGE);
		const struct pattern *p = &patterns[i % LEN(patterns)];
		unsigned long start = 1ul << 20, before = i / 4;

		for (unsigned long k = 0; k < before; k++)
			assert_int_equal(mtree_store_range(&mt, start - (before - k) * 16,
							   start - (before - k) * 16 + below(15),
							   xa_mk_value(k), GFP_KERNEL),
					 0);
		store_promised(&mt, p, start, 1 + below(60));
		assert_int_equal(vms_mt_check(&mt, stderr), 0);
		mtree_destroy(&mt);
	}
}

/* The allocated memory must be proportional to the nodes that will be built. */
static void a_promise_costs_less_than_two_nodes_an_entry(void **state)
{
	struct maple_tree mt = MTREE_INIT(mt, MT_FLAGS_ALLOC_RANGE);
	MA_STATE(mas, &mt, 0, 0);

	(void)state;
	assert_int_equal(model_live_nodes(), 0);
	mas_lock(&mas);
	for (unsigned long nr = 1; nr < 100000; nr = nr * 3 / 2 + 1) {
		assert_int_equal(mas_expected_entries(&mas, nr), 0);
		assert_in_range(model_nodes_now(), 1, nr * 3 / 2 + 14);
		mas_destroy(&mas);
		assert_int_equal(model_nodes_now(), 0);
	}
	mas_unlock(&mas);
}

static void a_promise_that_cannot_be_made_keeps_nothing(void **state)
{
	struct maple_tree mt = MTREE_INIT(mt, 0);
	long failures = 0;
	int err = -ENOMEM;
	MA_STATE(mas, &mt, 0, 0);

	(void)state;
	mas_lock(&mas);
	while (err) {
		vms__alloc_fail_nth(failures + 1);
		err = mas_expected_entries(&mas, 100);
		vms__alloc_fail_nth(0);
		if (err) {
			failures++;
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(model_nodes_now(), 0);
		}
	}
	print_message("%ld failures\n", failures);
	assert_true(failures > 10);
	mas_destroy(&mas);
	assert_int_equal(mas_expected_entries(&mas, ULONG_MAX), -ENOMEM);
	assert_int_equal(model_nodes_now(), 0);
	mas_unlock(&mas);
}

/* ---- one store that retries ---- */

static void a_store_without_memory_succeeds_when_tried_again(void **state)
{
	unsigned long again = 0;

	(void)state;
	model_init_wide(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 700, 3);
	print_message("seed 3\n");
	for (unsigned int op = 0; op < 4000 / MODEL_LESS; op++) {
		MA_STATE(mas, &m.tree, 0, 0);
		unsigned int from, to, tries = 0;
		void *entry;

		model_pick(&m, &from, &to, &entry);
		mas_set_range(&mas, model_first(&m, from), model_last(&m, to));
		mas_lock(&mas);
		do {
			/*
			 * Neither try finds memory: the second uses what
			 * mas_nomem() allocated.
			 */
			vms__alloc_fail_from(1);
			mas_store(&mas, entry);
			vms__alloc_fail_from(0);
			tries++;
		} while (mas_nomem(&mas, GFP_KERNEL));
		mas_unlock(&mas);
		assert_false(mas_is_err(&mas));
		assert_in_range(tries, 1, 2);
		again += tries - 1;
		model_set(&m, from, to, entry);
		if (op % 16 == 0)
			model_check(&m);
	}
	print_message("%lu stores tried again\n", again);
	assert_true(again > 1000 / MODEL_LESS);
	assert_int_equal(model_live_nodes(), nodes_of(&m.tree));
	model_destroy(&m);
}

static void trying_again_ends_when_there_is_no_memory_at_all(void **state)
{
	struct maple_tree mt = MTREE_INIT(mt, 0);
	MA_STATE(mas, &mt, 5, 9);

	(void)state;
	mas_lock(&mas);
	vms__alloc_fail_from(1);
	assert_null(mas_store(&mas, &mt));
	assert_true(mas_is_err(&mas));
	assert_int_equal(xa_err(mas.node), -ENOMEM);
	assert_false(mas_nomem(&mas, GFP_NOWAIT));
	vms__alloc_fail_from(0);
	assert_true(mas_is_err(&mas));
	assert_int_equal(xa_err(mas.node), -ENOMEM);
	assert_true(mtree_empty(&mt));
	assert_true(mas_nomem(&mas, GFP_NOWAIT));
	assert_false(mas_is_err(&mas));
	assert_int_equal(mas.index, 5);
	assert_int_equal(mas.last, 9);
	assert_false(mas_nomem(&mas, GFP_NOWAIT));
	assert_int_equal(model_nodes_now(), 0);
	mas_unlock(&mas);
}

static void other_errors_are_not_tried_again(void **state)
{
	struct maple_tree mt = MTREE_INIT(mt, MT_FLAGS_ALLOC_RANGE);
	MA_STATE(mas, &mt, 9, 5);

	(void)state;
	mas_lock(&mas);
	assert_null(mas_store(&mas, &mt));
	assert_int_equal(xa_err(mas.node), -EINVAL);
	assert_false(mas_nomem(&mas, GFP_KERNEL));
	assert_int_equal(xa_err(mas.node), -EINVAL);
	mas_set_range(&mas, 0, ULONG_MAX);
	assert_int_equal(mas_store_gfp(&mas, &mt, GFP_KERNEL), 0);
	assert_int_equal(mas_empty_area(&mas, 0, 9, 1), -EBUSY);
	assert_false(mas_nomem(&mas, GFP_KERNEL));
	assert_int_equal(xa_err(mas.node), -EBUSY);
	mas_unlock(&mas);
	mtree_destroy(&mt);
}

/* ---- one store that was planned ---- */

/*
 * After these stores the last store is into a full leaf of pages next to a wide
 * leaf that has room. The two share their slots; none of the resulting leaves
 * may have more slots than a wide leaf, and each cut must lie between entries.
 * That makes four leaves of two.
 */
static const struct {
	unsigned long first, last;
	bool entry;
} before_four_leaves[] = {
	{0x100000001000ul, 0x100000002ffful, true},  {0x10000002b000ul, 0x10000002cffful, true},
	{0x6c0000000125ul, 0x6e0000000125ul, true},  {0x540000000123ul, 0x580000000120ul, false},
	{0x10000000f000ul, 0x100000010ffful, true},  {0x100000030000ul, 0x100000030ffful, false},
	{0x100000006000ul, 0x100000007ffful, true},  {0x100000020000ul, 0x100000021ffful, true},
	{0x100000002000ul, 0x100000002ffful, true},  {0x100000024000ul, 0x100000024ffful, false},
	{0x400000000124ul, 0x440000000121ul, true},  {0x100000025000ul, 0x100000026ffful, true},
	{0x10000001a000ul, 0x10000001bffful, false}, {0x10000000b000ul, 0x10000000cffful, false},
	{0x740000000123ul, 0x780000000120ul, false}, {0x980000000124ul, 0x9c0000000121ul, true},
	{0x10000002c000ul, 0x10000002cffful, false}, {0x440000000123ul, 0x480000000120ul, true},
	{0x4c0000000123ul, 0x500000000120ul, false}, {0x100000039000ul, 0x100000039ffful, true},
	{0x100000005000ul, 0x100000005ffful, true},  {0x740000000123ul, 0x780000000120ul, true},
	{0x580000000124ul, 0x5c0000000121ul, false}, {0x100000018000ul, 0x100000018ffful, true},
	{0x10000002e000ul, 0x10000002effful, true},  {0x100000004000ul, 0x100000004ffful, false},
	{0x4c0000000123ul, 0x4e0000000123ul, true},  {0x440000000123ul, 0x460000000123ul, false},
	{0x580000000123ul, 0x5a0000000123ul, true},  {0x100000027000ul, 0x100000027ffful, true},
	{0x100000037000ul, 0x100000038ffful, true},  {0x340000000124ul, 0x380000000121ul, true},
};

static void a_planned_store_may_need_four_leaves(void **state)
{
	const size_t last = LEN(before_four_leaves) - 1;
	static int dummy, planned;
	struct maple_tree mt = MTREE_INIT(mt, 0);
	MA_STATE(mas, &mt, before_four_leaves[last].first, before_four_leaves[last].last);

	(void)state;
	/* More entries, to give the tree its height. */
	for (unsigned long i = 0; i < 480; i++) {
		unsigned long first =
			i < 420 ? 0x10000 + i * 0x2000 : (15ul << 60) + (i - 420) * 0x2000;

		assert_int_equal(mtree_store_range(&mt, first, first + 0xfff, &dummy, GFP_KERNEL),
				 0);
	}
	for (size_t i = 0; i < last; i++)
		assert_int_equal(mtree_store_range(&mt, before_four_leaves[i].first,
						   before_four_leaves[i].last,
						   before_four_leaves[i].entry ? &dummy : NULL,
						   GFP_KERNEL),
				 0);
	mas_lock(&mas);
	assert_int_equal(mas_preallocate(&mas, &planned, GFP_KERNEL), 0);
	vms__alloc_fail_from(1);
	mas_store_prealloc(&mas, &planned);
	assert_int_equal(vms__alloc_count(), 0);
	vms__alloc_fail_from(0);
	mas_unlock(&mas);
	assert_ptr_equal(mtree_load(&mt, before_four_leaves[last].first), &planned);
	assert_int_equal(vms_mt_check(&mt, stderr), 0);
	mtree_destroy(&mt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promised_stores_need_no_memory),
		cmocka_unit_test(every_fullness_of_the_last_leaf_will_do),
		cmocka_unit_test(a_promise_costs_less_than_two_nodes_an_entry),
		cmocka_unit_test(a_promise_that_cannot_be_made_keeps_nothing),
		cmocka_unit_test(a_store_without_memory_succeeds_when_tried_again),
		cmocka_unit_test(trying_again_ends_when_there_is_no_memory_at_all),
		cmocka_unit_test(other_errors_are_not_tried_again),
		cmocka_unit_test(a_planned_store_may_need_four_leaves),
	};

	return model_run_all("reserve", tests, LEN(tests));
}
