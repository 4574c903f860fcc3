/* SPDX-License-Identifier: MIT */
/*
 * test_foreign.c - the tree for languages that read no C header: each function
 * does what the macro or the inline function that it stands for does.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <vmastore/foreign_tree.h>
#include <vmastore/memory.h>
#include <vmastore/range_map.h>

#include "lib/sync/alloc.h"

static void tree_and_cursor(void **state)
{
	struct maple_tree *mt = vms_tree_new(MT_FLAGS_USE_RCU);
	struct ma_state *mas;

	(void)state;
	assert_int_equal(vms_tree_flags(mt), MT_FLAGS_USE_RCU);
	assert_true(vms_tree_is_empty(mt));
	for (unsigned long i = 1; i <= 100; i++)
		assert_int_equal(mtree_store_range(mt, 10 * i, 10 * i + 4, xa_mk_value(i), 0), 0);
	assert_false(vms_tree_is_empty(mt));
	mas = vms_cursor_new(mt, 0, 0);
	mtree_lock(mt);
	for (unsigned long i = 1; i <= 100; i++) {
		assert_ptr_equal(vms_cursor_find(mas, ULONG_MAX), xa_mk_value(i));
		assert_int_equal(vms_cursor_first(mas), 10 * i);
		assert_int_equal(vms_cursor_last(mas), 10 * i + 4);
	}
	assert_null(vms_cursor_find(mas, ULONG_MAX));
	vms_cursor_set(mas, 502, 502);
	assert_ptr_equal(vms_cursor_next(mas, ULONG_MAX), xa_mk_value(51));
	assert_null(vms_cursor_next(mas, 519));
	/* A fresh cursor finds the range on which it stands. */
	vms_cursor_set(mas, 12, 12);
	assert_ptr_equal(vms_cursor_find(mas, 12), xa_mk_value(1));
	vms_cursor_pause(mas);
	mtree_unlock(mt);
	mtree_lock(mt);
	assert_ptr_equal(vms_cursor_find(mas, ULONG_MAX), xa_mk_value(2));
	mtree_unlock(mt);
	vms_cursor_free(mas);
	vms_cursor_free(NULL);
	vms_tree_free(mt);
	vms_tree_free(NULL);
}

static void cursor_tells_of_a_failed_store(void **state)
{
	struct maple_tree *mt = vms_tree_new(0);
	struct ma_state *mas = vms_cursor_new(mt, 5, 4);

	(void)state;
	assert_int_equal(vms_cursor_error(mas), 0);
	vms_cursor_set(mas, 5, 9);
	mtree_lock(mt);
	vms__alloc_fail_from(1);
	assert_int_equal(mas_store_gfp(mas, xa_mk_value(1), 0), -ENOMEM);
	vms__alloc_fail_from(0);
	assert_int_equal(vms_cursor_error(mas), -ENOMEM);
	/* What it has set aside is freed with it. */
	vms_cursor_set(mas, 5, 9);
	assert_int_equal(mas_preallocate(mas, xa_mk_value(1), 0), 0);
	mtree_unlock(mt);
	vms_cursor_free(mas);
	vms_tree_free(mt);
}

static void entries_are_those_of_the_headers(void **state)
{
	const uint64_t unused = ~0xfffULL, word = 1ULL << 63 | 6;

	(void)state;
	assert_ptr_equal(vms_entry_of_value(77), xa_mk_value(77));
	assert_int_equal(vms_value_of_entry(xa_mk_value(77)), 77);
	assert_true(vms_entry_is_value(xa_mk_value(77)));
	assert_false(vms_entry_is_value(state));
	assert_ptr_equal(vms_entry_of_word(word, unused), vms_mt_mk_word(word, unused));
	assert_int_equal(vms_word_of_entry(vms_mt_mk_word(word, unused), unused), word);
}

static void count(void *arg)
{
	atomic_fetch_add_explicit((_Atomic int *)arg, 1, memory_order_relaxed);
}

static void deferred_call_comes_after_a_grace_period(void **state)
{
	_Atomic int calls = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(vms_rcu_defer(count, &calls), 0);
	vms__alloc_fail_nth(1);
	assert_int_equal(vms_rcu_defer(count, &calls), -ENOMEM);
	vms__alloc_fail_nth(0);
	vms_rcu_barrier();
	assert_int_equal(calls, 10);
}

static void constructor_may_lack_memory(void **state)
{
	DEFINE_MTREE(tree);

	(void)state;
	vms__alloc_fail_from(1);
	assert_null(vms_tree_new(0));
	assert_null(vms_cursor_new(&tree, 0, 0));
	vms__alloc_fail_from(0);
}

static int nothing_is_left(void **state)
{
	(void)state;
	return vms_leak_report(stderr) ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(tree_and_cursor, nothing_is_left),
		cmocka_unit_test_teardown(cursor_tells_of_a_failed_store, nothing_is_left),
		cmocka_unit_test(entries_are_those_of_the_headers),
		cmocka_unit_test(deferred_call_comes_after_a_grace_period),
		cmocka_unit_test(constructor_may_lack_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
