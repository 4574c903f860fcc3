/* SPDX-License-Identifier: MIT */
/*
 * test_cyclic.c - mtree_alloc_cyclic() and mas_alloc_cyclic(): which number
 * they allocate, and what they return after a wrap.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <pthread.h>

#include "lib/sync/alloc.h"

static int thing;
static struct maple_tree tree;

static int tree_up(void **state)
{
	(void)state;
	mt_init_flags(&tree, MT_FLAGS_ALLOC_RANGE);
	return 0;
}

static int tree_down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	return model_live_nodes() != 0;
}

/*
 * Allocates from [@lo, @hi]; the number must be @number, the return value
 * @answer.
 */
static void take(unsigned long lo, unsigned long hi, unsigned long *next, int answer,
		 unsigned long number)
{
	unsigned long id = 0;

	assert_int_equal(mtree_alloc_cyclic(&tree, &id, &thing, lo, hi, next, GFP_KERNEL), answer);
	assert_int_equal(id, number);
	assert_int_equal(*next, number + 1);
	assert_ptr_equal(mtree_load(&tree, number), &thing);
}

static void a_number_that_became_free_comes_last(void **state)
{
	unsigned long next = 0;

	(void)state;
	take(3, 7, &next, 0, 3);
	take(3, 7, &next, 0, 4);
	take(3, 7, &next, 0, 5);
	assert_ptr_equal(mtree_erase(&tree, 4), &thing);
	take(3, 7, &next, 0, 6);
	take(3, 7, &next, 0, 7);
	take(3, 7, &next, 1, 4);
	assert_ptr_equal(mtree_erase(&tree, 6), &thing);
	take(3, 7, &next, 0, 6);
}

static void a_full_range_is_busy_and_nothing_moves(void **state)
{
	unsigned long next = 2, id = 99;

	(void)state;
	take(1, 2, &next, 0, 2);
	take(1, 2, &next, 1, 1);
	assert_int_equal(mtree_alloc_cyclic(&tree, &id, &thing, 1, 2, &next, GFP_KERNEL), -EBUSY);
	assert_int_equal(id, 99);
	assert_int_equal(next, 2);
}

static void a_wrap_past_the_last_number_of_all_is_told_by_the_next_call(void **state)
{
	unsigned long next = ULONG_MAX - 1;

	(void)state;
	take(2, ULONG_MAX, &next, 0, ULONG_MAX - 1);
	take(2, ULONG_MAX, &next, 0, ULONG_MAX);
	assert_int_equal(next, 0);
	assert_true(tree.ma_flags & MT_FLAGS_ALLOC_WRAPPED);
	take(2, ULONG_MAX, &next, 1, 2);
	assert_false(tree.ma_flags & MT_FLAGS_ALLOC_WRAPPED);
	take(2, ULONG_MAX, &next, 0, 3);
}

static void the_news_of_a_wrap_outlives_a_call_that_fails(void **state)
{
	unsigned long next = ULONG_MAX, id;

	(void)state;
	take(ULONG_MAX, ULONG_MAX, &next, 0, ULONG_MAX);
	assert_int_equal(mtree_alloc_cyclic(&tree, &id, &thing, ULONG_MAX, ULONG_MAX, &next,
					    GFP_KERNEL),
			 -EBUSY);
	assert_ptr_equal(mtree_erase(&tree, ULONG_MAX), &thing);
	take(ULONG_MAX, ULONG_MAX, &next, 1, ULONG_MAX);
}

static void bad_arguments_are_refused(void **state)
{
	struct maple_tree plain = MTREE_INIT(plain, 0);
	unsigned long next = 0, id = 99;
	MA_STATE(mas, &plain, 0, 0);

	(void)state;
	assert_int_equal(mtree_alloc_cyclic(&plain, &id, &thing, 0, 9, &next, GFP_KERNEL), -EINVAL);
	mas_lock(&mas);
	assert_int_equal(mas_alloc_cyclic(&mas, &id, &thing, 0, 9, &next, GFP_KERNEL), -EINVAL);
	mas_unlock(&mas);
	assert_int_equal(mtree_alloc_cyclic(&tree, &id, xa_mk_internal(3), 0, 9, &next, GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(mtree_alloc_cyclic(&tree, &id, &thing, 9, 8, &next, GFP_KERNEL), -EINVAL);
	assert_int_equal(id, 99);
	assert_int_equal(next, 0);
	assert_true(mtree_empty(&plain) && mtree_empty(&tree));
	assert_int_equal(mtree_alloc_cyclic(&tree, &id, XA_ZERO_ENTRY, 0, 9, &next, GFP_KERNEL), 0);
}

static void without_memory_nothing_moves(void **state)
{
	unsigned long next = ULONG_MAX, failures = 0;

	(void)state;
	take(2, ULONG_MAX, &next, 0, ULONG_MAX);
	for (unsigned int op = 0; op < 300; op++) {
		unsigned int flags = tree.ma_flags;
		unsigned long id = 99, before = next;
		int err = -ENOMEM;

		for (long nth = 1; err == -ENOMEM; nth++) {
			vms__alloc_fail_nth(nth);
			err = mtree_alloc_cyclic(&tree, &id, &thing, 2, ULONG_MAX, &next,
						 GFP_KERNEL);
			vms__alloc_fail_nth(0);
			if (err != -ENOMEM)
				break;
			failures++;
			assert_int_equal(id, 99);
			assert_int_equal(next, before);
			assert_int_equal(tree.ma_flags, flags);
			assert_null(mtree_load(&tree, op + 2));
		}
		assert_int_equal(err, op == 0);
		assert_int_equal(id, op + 2);
		assert_int_equal(vms_mt_check(&tree, stderr), 0);
	}
	print_message("%lu failures\n", failures);
	assert_true(failures > 10);
}

static void the_cursor_is_left_on_what_was_stored(void **state)
{
	unsigned long next = 7, id;
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	mas_lock(&mas);
	assert_int_equal(mas_alloc_cyclic(&mas, &id, &thing, 1, 9, &next, GFP_KERNEL), 0);
	assert_int_equal(mas.index, 7);
	assert_int_equal(mas.last, 7);
	assert_true(mas_is_active(&mas));
	assert_int_equal(mas_alloc_cyclic(&mas, &id, &thing, 1, 9, &next, GFP_KERNEL), 0);
	assert_int_equal(mas.index, 8);
	mas_unlock(&mas);
}

/*
 * Finds the number and the return value by testing one number after the other.
 */
static int expected(struct model *m, unsigned long lo, unsigned long hi, unsigned long next,
		    unsigned long *number)
{
	unsigned long from = next > lo ? next : lo;

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned long n = round ? lo : from; n <= hi; n++) {
			if (!m->cell[n]) {
				*number = n;
				return (int)round;
			}
		}
		if (from == lo)
			break;
	}
	return -EBUSY;
}

static void random_lives_agree_with_an_array(void **state)
{
	static struct model m;
	unsigned long next = 0;

	(void)state;
	model_init(&m, MT_FLAGS_ALLOC_RANGE, 300, 1);
	print_message("seed 1\n");
	for (unsigned int op = 0; op < 30000; op++) {
		unsigned long lo = op / 10000ul * 50, hi = lo + 99, id, number;

		if (model_below(&m, 100) < 48 + op / 1000 % 5) {
			unsigned int at = (unsigned int)lo + model_below(&m, 100);

			assert_ptr_equal(mtree_erase(&m.tree, at), m.cell[at]);
			model_set(&m, at, at, NULL);
		} else {
			void *entry = model_entry(&m);
			int answer = expected(&m, lo, hi, next, &number);

			assert_int_equal(mtree_alloc_cyclic(&m.tree, &id, entry, lo, hi, &next,
							    GFP_KERNEL),
					 answer);
			if (answer < 0)
				continue;
			assert_int_equal(id, number);
			assert_int_equal(next, number + 1);
			model_set(&m, (unsigned int)number, (unsigned int)number, entry);
		}
		if (op % 64 == 0)
			model_check(&m);
	}
	model_destroy(&m);
}

static void *take_many(void *arg)
{
	unsigned long next = 0, id;
	bool *failed = arg;

	for (unsigned int i = 0; i < 300; i++)
		*failed |= mtree_alloc_cyclic(&tree, &id, &thing, 0, 100000, &next, GFP_KERNEL) < 0;
	return NULL;
}

/*
 * Only the tree's own lock protects the two threads; ThreadSanitizer reports a
 * race.
 */
static void threads_need_no_lock_of_their_own(void **state)
{
	bool failed[2] = {false};
	pthread_t thread[2];
	unsigned long n = 0;
	void *entry;
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_many, &failed[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_false(failed[0] || failed[1]);
	mas_lock(&mas);
	mas_for_each(&mas, entry, ULONG_MAX)
		n += mas.last - mas.index + 1;
	mas_unlock(&mas);
	assert_int_equal(n, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_number_that_became_free_comes_last, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(a_full_range_is_busy_and_nothing_moves, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(
			a_wrap_past_the_last_number_of_all_is_told_by_the_next_call, tree_up,
			tree_down),
		cmocka_unit_test_setup_teardown(the_news_of_a_wrap_outlives_a_call_that_fails,
						tree_up, tree_down),
		cmocka_unit_test_setup_teardown(bad_arguments_are_refused, tree_up, tree_down),
		cmocka_unit_test_setup_teardown(without_memory_nothing_moves, tree_up, tree_down),
		cmocka_unit_test_setup_teardown(the_cursor_is_left_on_what_was_stored, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(threads_need_no_lock_of_their_own, tree_up,
						tree_down),
		cmocka_unit_test(random_lives_agree_with_an_array),
	};

	return model_run_all("cyclic", tests, sizeof(tests) / sizeof(tests[0]));
}
