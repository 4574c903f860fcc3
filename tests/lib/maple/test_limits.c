/* SPDX-License-Identifier: MIT */
/*
 * test_limits.c - a cursor whose limit lies inside its range or before it, in
 * every state; memory preallocated twice; a tree emptied after a cursor has
 * walked it; the choice of the instruction set.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>

#include "tests/lib/maple/pair.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * The tree's ranges: [0x1000, 0x1500] a, [0x2000, 0x2500] b, [0x3000, 0x3500]
 * c.
 */
static struct maple_tree tree;
static int a, b, c;

static int three(void **state)
{
	(void)state;
	mt_init_flags(&tree, 0);
	return mtree_store_range(&tree, 0x1000, 0x1500, &a, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x2000, 0x2500, &b, GFP_KERNEL) ||
	       mtree_store_range(&tree, 0x3000, 0x3500, &c, GFP_KERNEL);
}

static int down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	return model_live_nodes() != 0;
}

/* Each function brings the cursor into one state. */

static void active_on_b(struct ma_state *mas)
{
	mas_set(mas, 0x2200);
	mas_walk(mas);
}

static void paused_on_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_pause(mas);
}

static void none_with_the_range_of_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas->status = ma_none;
}

static void overflow_behind_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_next(mas, 0x2fff);
	assert_int_equal(mas->status, ma_overflow);
}

static void underflow_before_b(struct ma_state *mas)
{
	active_on_b(mas);
	mas_prev(mas, 0x1501);
	assert_int_equal(mas->status, ma_underflow);
}

static void failed(struct ma_state *mas)
{
	mas_set_range(mas, 0x2200, 0x2100);
	assert_int_equal(mas_store_gfp(mas, &c, GFP_KERNEL), -EINVAL);
	mas->last = 0x2200;
}

static void check(const struct ma_state *mas, enum maple_status status, unsigned long index,
		  unsigned long last)
{
	assert_int_equal(mas->status, status);
	assert_int_equal(mas->index, index);
	assert_int_equal(mas->last, last);
}

/*
 * The limit lies inside the cursor's entry: up to the limit, no other range
 * follows or precedes that entry.
 */
static void at_a_limit_a_cursor_stands_beside_its_entry(void **state)
{
	MA_STATE(mas, &tree, 0x2000, 0x2000);

	(void)state;
	mtree_lock(&tree);
	mas_walk(&mas);
	assert_null(mas_next(&mas, 0x2300));
	check(&mas, ma_overflow, 0x2000, 0x2500);
	/*
	 * The cursor overflowed from b, so that a step back reports b again,
	 * then a.
	 */
	assert_ptr_equal(mas_prev(&mas, 0), &b);
	assert_ptr_equal(mas_prev(&mas, 0), &a);
	mas_set(&mas, 0x2000);
	mas_walk(&mas);
	assert_null(mas_prev(&mas, 0x2000));
	check(&mas, ma_underflow, 0x2000, 0x2500);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &b);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), &c);
	mtree_unlock(&tree);
}

static void find_does_not_leave_its_limit_whatever_the_state(void **state)
{
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	mtree_lock(&tree);
	paused_on_b(&mas);
	assert_null(mas_find(&mas, 0x2500));
	none_with_the_range_of_b(&mas);
	assert_null(mas_find(&mas, 0x2500));
	assert_null(mas_find_range(&mas, 0x2400));
	overflow_behind_b(&mas);
	assert_null(mas_find(&mas, 0x2fff));
	assert_ptr_equal(mas_find(&mas, 0x3000), &c);
	underflow_before_b(&mas);
	assert_null(mas_find(&mas, 0x1501));
	assert_int_equal(mas.status, ma_overflow);
	failed(&mas);
	assert_null(mas_find_range(&mas, ULONG_MAX));
	assert_true(mas_is_err(&mas));

	paused_on_b(&mas);
	assert_null(mas_find_rev(&mas, 0x2000));
	none_with_the_range_of_b(&mas);
	assert_null(mas_find_rev(&mas, 0x2000));
	underflow_before_b(&mas);
	assert_null(mas_find_rev(&mas, 0x1501));
	assert_ptr_equal(mas_find_rev(&mas, 0x1500), &a);
	overflow_behind_b(&mas);
	assert_null(mas_find_rev(&mas, 0x2501));
	assert_int_equal(mas.status, ma_underflow);
	failed(&mas);
	assert_null(mas_find_range_rev(&mas, 0));
	assert_true(mas_is_err(&mas));
	mtree_unlock(&tree);
}

static void nodes_are_searched_as_one_says(void **state)
{
	const char *now = vms_mt_simd();

	(void)state;
	assert_true(vms_mt_set_simd(now));
	assert_string_equal(vms_mt_simd(), now);
	assert_false(vms_mt_set_simd("abacus"));
	assert_string_equal(vms_mt_simd(), now);
}

/*
 * The second call counts the memory that is preallocated already, and replaces
 * the plan.
 */
static void a_store_may_be_preallocated_anew(void **state)
{
	MA_STATE(mas, &tree, 0x1800, 0x3200);

	(void)state;
	mtree_lock(&tree);
	for (unsigned long i = 0; i < 200; i++) {
		mas_set_range(&mas, 0x10000 + i * 16, 0x10000 + i * 16 + 7);
		assert_int_equal(mas_store_gfp(&mas, pair_entry(i), GFP_KERNEL), 0);
	}
	mas_set_range(&mas, 0x10008, 0x10500);
	assert_int_equal(mas_preallocate(&mas, NULL, GFP_KERNEL), 0);
	mas_set_range(&mas, 0x10000, 0x10a00);
	assert_int_equal(mas_preallocate(&mas, &b, GFP_KERNEL), 0);
	mas_store_prealloc(&mas, &b);
	mt_validate(&tree);
	mtree_unlock(&tree);
	assert_ptr_equal(mtree_load(&tree, 0x10a00), &b);
	assert_ptr_equal(mtree_load(&tree, 0x10000), &b);
}

/*
 * Another cursor has removed all nodes of the tree, or all except one, since
 * this cursor's walk.
 */
static void a_cursor_stores_though_another_has_emptied_the_tree(void **state)
{
	static const unsigned long kept[] = {0, 0x1000};

	(void)state;
	mtree_lock(&tree);
	for (size_t i = 0; i < LEN(kept); i++) {
		MA_STATE(stands, &tree, 0x2000, 0x2000);
		MA_STATE(empties, &tree, kept[i], ULONG_MAX);

		mas_walk(&stands);
		mas_store(&empties, NULL);
		assert_null(mas_walk(&empties));
		__mas_set_range(&stands, 0x2100, 0x2200);
		assert_null(mas_store(&stands, &c));
		mt_validate(&tree);
		mas_set(&stands, 0x2150);
		assert_ptr_equal(mas_walk(&stands), &c);
		check(&stands, ma_active, 0x2100, 0x2200);
	}
	mtree_unlock(&tree);
}

/*
 * Leaves that end in the middle of all indexes, where signed arithmetic would
 * overflow. UBSan reports it.
 */
static void an_iteration_passes_the_largest_signed_number(void **state)
{
	static int things[40];
	const char *best = vms_mt_simd();

	(void)state;
	for (unsigned int isa = 0; isa < 4; isa++) {
		if (!vms_mt_set_simd(
			    (const char *const[]){"scalar", "vec128", "avx2", "avx512"}[isa]))
			continue;
		for (unsigned int below = 1; below < 40; below++) {
			struct maple_tree mt = MTREE_INIT(mt, 0);
			MA_STATE(mas, &mt, 0, 0);
			unsigned int met = 0;
			void *entry;

			for (unsigned long i = 0; i < 40; i++) {
				unsigned long first = (1ul << 63) - below * 4096ul + i * 4096ul;

				assert_int_equal(mtree_store_range(&mt, first, first + 4095,
								   &things[i], GFP_KERNEL),
						 0);
			}
			mas_lock(&mas);
			mas_for_each(&mas, entry, ULONG_MAX)
				assert_ptr_equal(entry, &things[met++]);
			mas_unlock(&mas);
			assert_int_equal(met, 40);
			mtree_destroy(&mt);
		}
	}
	assert_true(vms_mt_set_simd(best));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_a_limit_a_cursor_stands_beside_its_entry, three,
						down),
		cmocka_unit_test_setup_teardown(find_does_not_leave_its_limit_whatever_the_state,
						three, down),
		cmocka_unit_test_setup_teardown(a_cursor_stores_though_another_has_emptied_the_tree,
						three, down),
		cmocka_unit_test(nodes_are_searched_as_one_says),
		cmocka_unit_test(an_iteration_passes_the_largest_signed_number),
		cmocka_unit_test_setup_teardown(a_store_may_be_preallocated_anew, three, down),
	};

	return model_run_all("limits", tests, LEN(tests));
}
