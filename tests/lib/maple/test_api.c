/* SPDX-License-Identifier: MIT */
/*
 * test_api.c - the normal API: what each call returns, refuses and leaves
 * behind; validation and dump.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/maple/internal.h"
#include "lib/sync/alloc.h"

static int a, b, c;
static DEFINE_MTREE(tree);

static int tree_down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	mt_init(&tree);
	return model_live_nodes() != 0;
}

static void both_ends_of_the_key_space_can_be_stored(void **state)
{
	(void)state;
	assert_int_equal(mtree_store(&tree, ULONG_MAX, &a, GFP_KERNEL), 0);
	assert_int_equal(mtree_store(&tree, 0, &b, GFP_KERNEL), 0);
	assert_ptr_equal(mtree_load(&tree, ULONG_MAX), &a);
	assert_ptr_equal(mtree_load(&tree, 0), &b);
	assert_null(mtree_load(&tree, 1));
	assert_null(mtree_load(&tree, ULONG_MAX - 1));
	assert_int_equal(mtree_store_range(&tree, 0, ULONG_MAX, &c, GFP_KERNEL), 0);
	assert_ptr_equal(mtree_load(&tree, 0), &c);
	assert_ptr_equal(mtree_load(&tree, ULONG_MAX), &c);
	assert_int_equal(mt_height(&tree), 1);
	assert_ptr_equal(mtree_erase(&tree, 17), &c);
	assert_true(mtree_empty(&tree));
}

static void an_entry_may_be_anything_but_reserved(void **state)
{
	static void *const odd[] = {(void *)1,    (void *)3,    (void *)4,   (void *)7,
				    (void *)4098, (void *)~0ul, (void *)~1ul};

	(void)state;
	for (unsigned long v = 2; v < 4096; v += 4) {
		int err = (void *)v == XA_ZERO_ENTRY ? 0 : -EINVAL;

		assert_int_equal(mtree_store(&tree, 5, (void *)v, GFP_KERNEL), err);
		assert_int_equal(mtree_insert(&tree, 9, (void *)v, GFP_KERNEL), err);
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(mtree_store(&tree, 0, odd[i], GFP_KERNEL), 0);
		assert_ptr_equal(mtree_load(&tree, 0), odd[i]);
		assert_null(mtree_load(&tree, 1));
		assert_int_equal(mtree_store_range(&tree, 2, 3, odd[i], GFP_KERNEL), 0);
		assert_ptr_equal(mtree_load(&tree, 3), odd[i]);
	}
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
	assert_true(xa_is_value(xa_mk_value(5)));
	assert_int_equal(xa_to_value(xa_mk_value(LONG_MAX)), LONG_MAX);
}

static void every_call_that_stores_refuses_reserved_entries(void **state)
{
	void *const reserved = xa_mk_internal(7);
	unsigned long at = 99, next = 0;

	(void)state;
	tree.ma_flags = MT_FLAGS_ALLOC_RANGE;
	assert_int_equal(mtree_store(&tree, 5, reserved, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_store_range(&tree, 5, 6, reserved, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_insert(&tree, 5, reserved, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_insert_range(&tree, 5, 6, reserved, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_alloc_range(&tree, &at, reserved, 1, 0, 9, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_alloc_rrange(&tree, &at, reserved, 1, 0, 9, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_alloc_cyclic(&tree, &at, reserved, 0, 9, &next, GFP_KERNEL),
			 -EINVAL);
	assert_true(mtree_empty(&tree));
	assert_int_equal(at, 99);
}

static void a_place_is_found_for_no_entry_too(void **state)
{
	unsigned long at = 99;

	(void)state;
	tree.ma_flags = MT_FLAGS_ALLOC_RANGE;
	assert_int_equal(mtree_store_range(&tree, 0, 9, &a, GFP_KERNEL), 0);
	assert_int_equal(mtree_alloc_range(&tree, &at, NULL, 3, 5, 20, GFP_KERNEL), 0);
	assert_int_equal(at, 10);
	assert_int_equal(mtree_alloc_rrange(&tree, &at, NULL, 3, 5, 20, GFP_KERNEL), 0);
	assert_int_equal(at, 18);
}

static void entries_are_told_apart(void **state)
{
	void *tagged = xa_tag_pointer(&a, 3);

	(void)state;
	assert_ptr_equal(xa_untag_pointer(tagged), &a);
	assert_int_equal(xa_pointer_tag(tagged), 3);
	assert_int_equal(xa_pointer_tag(&a), 0);
	assert_int_equal(xa_to_internal(xa_mk_internal(900)), 900);
	assert_true(xa_is_internal(XA_ZERO_ENTRY) && xa_is_zero(XA_ZERO_ENTRY));
	assert_false(xa_is_zero(XA_RETRY_ENTRY) || xa_is_zero(NULL));
	assert_true(xa_is_advanced(xa_mk_internal(0)) && xa_is_advanced(XA_RETRY_ENTRY));
	assert_false(xa_is_advanced(XA_ZERO_ENTRY) || xa_is_advanced(&a) ||
		     xa_is_advanced(xa_mk_value(2)));
	assert_false(xa_is_internal(&a) || xa_is_internal(xa_mk_value(1)) || xa_is_value(&a) ||
		     xa_is_value(XA_ZERO_ENTRY));
	assert_int_equal(xa_err(MA_ERROR(-ENOMEM)), -ENOMEM);
	assert_int_equal(xa_err(MA_ERROR(-4095)), -4095);
	assert_int_equal(xa_err(xa_mk_value(1)) | xa_err(&a) | xa_err(NULL) | xa_err(XA_ZERO_ENTRY),
			 0);
	assert_true(gfpflags_allow_blocking(GFP_KERNEL) && gfpflags_allow_blocking(GFP_NOFS));
	assert_false(gfpflags_allow_blocking(GFP_NOWAIT) || gfpflags_allow_blocking(GFP_ATOMIC));
}

static void a_zero_entry_takes_its_place_and_is_not_seen(void **state)
{
	unsigned long index = 0;

	(void)state;
	assert_int_equal(mtree_store(&tree, 5, XA_ZERO_ENTRY, GFP_KERNEL), 0);
	assert_int_equal(mtree_store(&tree, 7, &a, GFP_KERNEL), 0);
	assert_null(mtree_load(&tree, 5));
	mtree_lock(&tree);
	assert_true(xa_is_zero(vms_mt_walk(&tree, 5)));
	assert_null(vms_mt_walk(&tree, 6));
	mtree_unlock(&tree);
	assert_ptr_equal(mt_find(&tree, &index, ULONG_MAX), &a);
	assert_int_equal(index, 8);
	assert_int_equal(mtree_insert(&tree, 5, &b, GFP_KERNEL), -EEXIST);
	assert_true(xa_is_zero(mt_next(&tree, 0, ULONG_MAX)));
	assert_true(xa_is_zero(mt_prev(&tree, 7, 0)));
}

static void insert_wants_all_of_its_range_free(void **state)
{
	(void)state;
	assert_int_equal(mtree_insert_range(&tree, 10, 19, &a, GFP_KERNEL), 0);
	assert_int_equal(mtree_insert_range(&tree, 19, 30, &b, GFP_KERNEL), -EEXIST);
	assert_int_equal(mtree_insert_range(&tree, 5, 10, &b, GFP_KERNEL), -EEXIST);
	assert_int_equal(mtree_insert_range(&tree, 0, ULONG_MAX, &b, GFP_KERNEL), -EEXIST);
	assert_int_equal(mtree_insert_range(&tree, 12, 13, &b, GFP_KERNEL), -EEXIST);
	assert_int_equal(mtree_insert_range(&tree, 9, 8, &b, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_store_range(&tree, 9, 8, &b, GFP_KERNEL), -EINVAL);
	assert_int_equal(mtree_insert_range(&tree, 20, 30, &b, GFP_KERNEL), 0);
	assert_int_equal(mtree_insert(&tree, 9, &c, GFP_KERNEL), 0);
	assert_ptr_equal(mtree_load(&tree, 9), &c);
	assert_ptr_equal(mtree_load(&tree, 19), &a);
	assert_ptr_equal(mtree_load(&tree, 20), &b);
}

static void find_moves_its_index_past_what_it_found(void **state)
{
	unsigned long index = 0;

	(void)state;
	assert_null(mt_find(&tree, &index, ULONG_MAX));
	assert_int_equal(mtree_store_range(&tree, 10, 19, &a, GFP_KERNEL), 0);
	assert_int_equal(mtree_store_range(&tree, 30, ULONG_MAX, &b, GFP_KERNEL), 0);
	assert_ptr_equal(mt_find(&tree, &index, ULONG_MAX), &a);
	assert_int_equal(index, 20);
	assert_null(mt_find(&tree, &index, 29));
	assert_int_equal(index, 20);
	assert_ptr_equal(mt_find_after(&tree, &index, 30), &b);
	assert_int_equal(index, 0);
	assert_null(mt_find_after(&tree, &index, ULONG_MAX));
	index = 15;
	assert_ptr_equal(mt_find(&tree, &index, 15), &a);
	index = 16;
	assert_null(mt_find(&tree, &index, 15));
	assert_ptr_equal(mt_next(&tree, 10, ULONG_MAX), &b);
	assert_null(mt_next(&tree, 10, 29));
	assert_ptr_equal(mt_next(&tree, 0, 10), &a);
	assert_ptr_equal(mt_prev(&tree, 100, 0), &a);
	assert_null(mt_prev(&tree, 100, 20));
	assert_null(mt_prev(&tree, 15, 0));
}

static void rcu_mode_can_be_switched(void **state)
{
	(void)state;
	assert_false(mt_in_rcu(&tree));
	mt_set_in_rcu(&tree);
	assert_true(mt_in_rcu(&tree));
	for (unsigned long i = 0; i < 500; i++)
		assert_int_equal(mtree_store(&tree, i * 3, xa_mk_value(i), GFP_KERNEL), 0);
	mt_clear_in_rcu(&tree);
	assert_false(mt_in_rcu(&tree));
	for (unsigned long i = 0; i < 500; i++)
		assert_ptr_equal(mtree_erase(&tree, i * 3), xa_mk_value(i));
	assert_true(mtree_empty(&tree));
}

static void an_external_lock_is_the_owners_business(void **state)
{
	static int lock;
	struct maple_tree mt = MTREE_INIT_EXT(mt, MT_FLAGS_LOCK_EXTERN | MT_FLAGS_USE_RCU, lock);

	(void)state;
	assert_true(mt_external_lock(&mt));
	mt.ma_external_lock = NULL; /* lockdep does not track this lock */
	MA_STATE(mas, &mt, 4, 9);

	assert_int_equal(mas_store_gfp(&mas, &a, GFP_KERNEL), 0);
	mt_clear_in_rcu(&mt);
	mas_set_range(&mas, 5, 5);
	assert_ptr_equal(mas_store(&mas, &b), &a);
	assert_ptr_equal(mtree_load(&mt, 6), &a);
	__mt_destroy(&mt);
	assert_true(mtree_empty(&mt));
	mt_set_external_lock(&mt, &lock);
	assert_ptr_equal(mt.ma_external_lock, &lock);
}

static void no_memory_is_reported_by_every_call(void **state)
{
	unsigned long start;

	(void)state;
	tree.ma_flags |= MT_FLAGS_ALLOC_RANGE;
	vms__alloc_fail_from(1);
	assert_int_equal(mtree_store(&tree, 7, &a, GFP_KERNEL), -ENOMEM);
	assert_int_equal(mtree_insert(&tree, 7, &a, GFP_KERNEL), -ENOMEM);
	assert_int_equal(mtree_alloc_range(&tree, &start, &a, 2, 5, 50, GFP_KERNEL), -ENOMEM);
	assert_int_equal(mtree_alloc_rrange(&tree, &start, &a, 2, 5, 50, GFP_KERNEL), -ENOMEM);
	vms__alloc_fail_from(0);
	assert_true(mtree_empty(&tree));
}

static void stats_count_nodes(void **state)
{
	struct vms_mt_stats stats;

	(void)state;
	for (unsigned long i = 0; i < 3000; i++)
		assert_int_equal(mtree_store(&tree, i * 7 % 9000, xa_mk_value(i), GFP_KERNEL), 0);
	vms_mt_stats(&tree, &stats);
	assert_int_equal(stats.leaves + stats.inner_nodes, model_live_nodes());
	assert_int_equal(stats.height, mt_height(&tree));
	assert_int_equal(stats.entries, 3000);
	assert_true(stats.bytes >= stats.leaves * ML_LEAF_BYTES);
}

/* Asserts that the check reports @words of a tree that @spoil has damaged. */
static void check_finds(void (*spoil)(void), const char *words)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;

	tree_down(NULL);
	tree.ma_flags = MT_FLAGS_ALLOC_RANGE;
	for (unsigned long i = 0; i < 200; i++)
		assert_int_equal(mtree_store(&tree, i * 2, xa_mk_value(i), GFP_KERNEL), 0);
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
	spoil();
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_true(vms_mt_check(&tree, NULL) > 0);
	assert_int_equal(vms_mt_check(&tree, out), vms_mt_check(&tree, NULL));
	fclose(out);
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in: %s", words, text);
	free(text);
	spoil(); /* the second call undoes the damage */
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
}

static struct maple_node *root(void)
{
	return ml_node(ml_root(&tree));
}
static struct maple_node *first_leaf(void)
{
	void *ref = ml_root(&tree);

	while (!ml_is_leaf(ref))
		ref = ml_slot(ml_node(ref), 0);
	return ml_node(ref);
}
static void spoil_gap(void)
{
	root()->gap[1] ^= 64;
}
static void spoil_unused_gap(void)
{
	first_leaf(); /* the root's last slot is unused */
	root()->gap[ML_INNER_SLOTS - 1] ^= 1;
}
static void spoil_state(void)
{
	first_leaf()->state ^= ML_DEAD;
}
static void spoil_order(void)
{
	struct maple_node *leaf = first_leaf();
	unsigned long first = ml_pivot(leaf, 0);

	ml_set_pivot(leaf, 0, ml_pivot(leaf, 1));
	ml_set_pivot(leaf, 1, first);
}
static void spoil_form(void)
{
	/* A reference whose form bits differ from its node's. */
	ml_set_slot(root(), 1, (void *)((unsigned long)ml_slot(root(), 1) ^ ML_BYTE_BIT));
}
static void spoil_touching_gaps(void)
{
	static void *kept;
	static unsigned int at;
	struct maple_node *leaf = first_leaf();
	void *swap;

	if (!kept)
		for (at = 1; !ml_slot(leaf, at); at++)
			;
	swap = ml_slot(leaf, at);
	ml_set_slot(leaf, at, kept);
	kept = swap;
}

static void the_check_finds_what_is_broken(void **state)
{
	(void)state;
	check_finds(spoil_gap, "gap of slot 1");
	check_finds(spoil_unused_gap, "unused slot");
	check_finds(spoil_state, "dead node");
	check_finds(spoil_order, "out of");
	check_finds(spoil_form, "form");
	check_finds(spoil_touching_gaps, "touches the gap before it");
}

static void the_dump_names_every_range(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	tree.ma_flags |= MT_FLAGS_ALLOC_RANGE;
	vms_mt_fdump(&tree, mt_dump_dec, out);
	assert_int_equal(mtree_store(&tree, 0, &a, GFP_KERNEL), 0);
	vms_mt_fdump(&tree, mt_dump_dec, out);
	for (unsigned long i = 0; i < 50; i++)
		assert_int_equal(mtree_store_range(&tree, 1000 + i * 20, 1009 + i * 20,
						   xa_mk_value(i), GFP_KERNEL),
				 0);
	vms_mt_fdump(&tree, mt_dump_dec, out);
	vms_mt_fdump(&tree, mt_dump_hex, out);
	fclose(out);
	assert_non_null(strstr(text, "1980-1989: value 49\n"));
	assert_non_null(strstr(text, "7bc-7c5: value 49\n"));
	assert_non_null(strstr(text, "1990-18446744073709551615: NULL\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(both_ends_of_the_key_space_can_be_stored, tree_down),
		cmocka_unit_test_teardown(an_entry_may_be_anything_but_reserved, tree_down),
		cmocka_unit_test_teardown(every_call_that_stores_refuses_reserved_entries,
					  tree_down),
		cmocka_unit_test_teardown(a_place_is_found_for_no_entry_too, tree_down),
		cmocka_unit_test(entries_are_told_apart),
		cmocka_unit_test_teardown(a_zero_entry_takes_its_place_and_is_not_seen, tree_down),
		cmocka_unit_test_teardown(insert_wants_all_of_its_range_free, tree_down),
		cmocka_unit_test_teardown(find_moves_its_index_past_what_it_found, tree_down),
		cmocka_unit_test_teardown(rcu_mode_can_be_switched, tree_down),
		cmocka_unit_test(an_external_lock_is_the_owners_business),
		cmocka_unit_test_teardown(no_memory_is_reported_by_every_call, tree_down),
		cmocka_unit_test_teardown(stats_count_nodes, tree_down),
		cmocka_unit_test_teardown(the_check_finds_what_is_broken, tree_down),
		cmocka_unit_test_teardown(the_dump_names_every_range, tree_down),
	};

	return model_run_all("api", tests, sizeof(tests) / sizeof(tests[0]));
}
