/* SPDX-License-Identifier: MIT */
/*
 * test_dup.c - copies of whole trees: what they hold, what they cost, what they
 * refuse, and what concurrent readers see.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <vmastore/rcu.h>
#include <vmastore/rwsem.h>

#include "lib/maple/internal.h"
#include "lib/sync/alloc.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

/*
 * Makes a tree by @stores random stores of one to three cells each; a quarter
 * of the stores clear.
 */
static void fill(unsigned int flags, unsigned int cells, unsigned int stores, uint64_t seed)
{
	model_init_wide(&m, flags, cells, seed);
	for (unsigned int i = 0; i < stores; i++) {
		unsigned int from = model_below(&m, cells - 2), to = from + model_below(&m, 3);

		assert_int_equal(
			model_store(&m, from, to, model_below(&m, 4) ? model_entry(&m) : NULL), 0);
	}
}

/* Asserts that @copy holds what @m.tree holds, range by range. */
static void check_same(struct maple_tree *copy)
{
	void *entry, *other;
	MA_STATE(a, &m.tree, 0, 0);
	MA_STATE(b, copy, 0, 0);

	assert_int_equal(vms_mt_check(copy, stderr), 0);
	vms_rcu_read_lock();
	do {
		entry = mas_find(&a, ULONG_MAX);
		other = mas_find(&b, ULONG_MAX);
		assert_ptr_equal(entry, other);
		if (entry) {
			assert_int_equal(a.index, b.index);
			assert_int_equal(a.last, b.last);
		}
	} while (entry);
	vms_rcu_read_unlock();
}

static unsigned long nodes_of(const struct maple_tree *mt)
{
	struct vms_mt_stats stats;

	vms_mt_stats(mt, &stats);
	return stats.leaves + stats.inner_nodes;
}

static const unsigned int kinds[] = {0, MT_FLAGS_ALLOC_RANGE, MT_FLAGS_USE_RCU,
				     MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU};

static void a_copy_holds_the_same_and_lives_by_itself(void **state)
{
	static const unsigned int stores[] = {0, 1, 2, 5, 20, 100, 400, 5000};

	(void)state;
	print_message("seeds 0 to %zu\n", LEN(kinds) * LEN(stores) - 1);
	for (unsigned int i = 0; i < LEN(kinds) * LEN(stores); i++) {
		struct maple_tree copy = MTREE_INIT(copy, kinds[i % LEN(kinds)]);

		fill(copy.ma_flags, 3000, stores[i / LEN(kinds)], i);
		assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), 0);
		check_same(&copy);
		assert_int_equal(nodes_of(&copy), nodes_of(&m.tree));
		/* A change of one tree must not reach the other. */
		assert_int_equal(mtree_store_range(&copy, 0, ULONG_MAX / 2, &copy, GFP_KERNEL), 0);
		model_check(&m);
		mtree_destroy(&copy);
		model_check(&m);
		assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), 0);
		mtree_destroy(&m.tree);
		assert_int_equal(vms_mt_check(&copy, stderr), 0);
		/*
		 * The copy becomes the model's tree: it must hold what the
		 * array says after any further stores.
		 */
		assert_int_equal(mtree_dup(&copy, &m.tree, GFP_KERNEL), 0);
		mtree_destroy(&copy);
		model_check(&m);
		for (unsigned int op = 0; op < 200; op++) {
			unsigned int from, to;
			void *entry;

			model_pick(&m, &from, &to, &entry);
			assert_int_equal(model_store(&m, from, to, entry), 0);
		}
		model_check(&m);
		model_destroy(&m);
	}
}

static void an_entry_at_index_0_alone_is_copied(void **state)
{
	struct maple_tree one = MTREE_INIT(one, 0), copy = MTREE_INIT(copy, 0);

	(void)state;
	assert_int_equal(mtree_store(&one, 0, &one, GFP_KERNEL), 0);
	assert_int_equal(mtree_dup(&one, &copy, GFP_KERNEL), 0);
	assert_ptr_equal(mtree_load(&copy, 0), &one);
	assert_null(mtree_load(&copy, 1));
	mtree_destroy(&one);
	assert_ptr_equal(mtree_erase(&copy, 0), &one);
	assert_true(mtree_empty(&copy));
}

static void trees_of_another_kind_and_trees_in_use_are_refused(void **state)
{
	(void)state;
	fill(MT_FLAGS_ALLOC_RANGE, 50, 100, 3);
	for (unsigned int i = 0; i < LEN(kinds); i++) {
		struct maple_tree copy = MTREE_INIT(copy, kinds[i]);

		if (kinds[i] != m.tree.ma_flags) {
			assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), -EINVAL);
			assert_true(mtree_empty(&copy));
			continue;
		}
		assert_int_equal(mtree_store(&copy, 7, &copy, GFP_KERNEL), 0);
		assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), -EINVAL);
		assert_ptr_equal(mtree_load(&copy, 7), &copy);
		mtree_destroy(&copy);
	}
	model_destroy(&m);
}

static void the_news_of_a_wrap_is_copied_too(void **state)
{
	struct maple_tree from = MTREE_INIT(from, MT_FLAGS_ALLOC_RANGE),
			  copy = MTREE_INIT(copy, MT_FLAGS_ALLOC_RANGE);
	unsigned long next = ULONG_MAX, id;

	(void)state;
	assert_int_equal(mtree_alloc_cyclic(&from, &id, &from, 2, ULONG_MAX, &next, GFP_KERNEL), 0);
	assert_int_equal(mtree_dup(&from, &copy, GFP_KERNEL), 0);
	assert_int_equal(mtree_alloc_cyclic(&copy, &id, &from, 2, ULONG_MAX, &next, GFP_KERNEL), 1);
	mtree_destroy(&from);
	mtree_destroy(&copy);
}

static void a_copy_takes_a_node_for_a_node_or_nothing_at_all(void **state)
{
	struct maple_tree copy = MTREE_INIT(copy, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	unsigned long nodes;

	(void)state;
	fill(copy.ma_flags, 3000, 6000, 7);
	nodes = nodes_of(&m.tree);
	assert_true(nodes > 50);
	assert_int_equal(model_live_nodes(), nodes);
	for (unsigned long nth = 1; nth <= nodes; nth++) {
		vms__alloc_fail_nth((long)nth);
		assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), -ENOMEM);
		vms__alloc_fail_nth(0);
		assert_true(mtree_empty(&copy));
		assert_int_equal(model_nodes_now(), nodes);
	}
	vms__alloc_fail_nth((long)nodes + 1);
	assert_int_equal(mtree_dup(&m.tree, &copy, GFP_KERNEL), 0);
	assert_int_equal(vms__alloc_count(), nodes);
	vms__alloc_fail_nth(0);
	check_same(&copy);
	print_message("%lu failures\n", nodes);
	mtree_destroy(&copy);
	model_check(&m);
	model_destroy(&m);
}

static void the_owners_locks_guard_a_copy(void **state)
{
	static DECLARE_RWSEM(lock);
	static DECLARE_RWSEM(copy_lock);
	struct maple_tree copy = MTREE_INIT_EXT(copy, MT_FLAGS_LOCK_EXTERN, copy_lock);

	(void)state;
	model_init(&m, MT_FLAGS_LOCK_EXTERN, 100, 11);
	mt_set_external_lock(&m.tree, &lock);
	down_write(&lock);
	for (unsigned int i = 0; i < 100; i += 2) {
		MA_STATE(mas, &m.tree, i, i);

		assert_int_equal(mas_store_gfp(&mas, xa_mk_value(i), GFP_KERNEL), 0);
	}
	downgrade_write(&lock);
	/*
	 * The copied tree does not change, so that its lock need only be held
	 * for reading.
	 */
	down_write(&copy_lock);
	assert_int_equal(__mt_dup(&m.tree, &copy, GFP_KERNEL), 0);
	check_same(&copy);
	__mt_destroy(&copy);
	up_write(&copy_lock);
	up_read(&lock);
	down_write(&lock);
	__mt_destroy(&m.tree);
	up_write(&lock);
	assert_int_equal(model_live_nodes(), 0);
}

/* ---- concurrent readers ---- */

#define COPIES (1000u / MODEL_LESS)

static struct maple_tree copies[COPIES];
static atomic_bool done;
static unsigned long entries;

static unsigned long count(struct maple_tree *mt)
{
	unsigned long n = 0;
	void *entry;
	MA_STATE(mas, mt, 0, 0);

	vms_rcu_read_lock();
	mas_for_each(&mas, entry, ULONG_MAX)
		n++;
	vms_rcu_read_unlock();
	return n;
}

/*
 * Reads each copy until it is complete. The first time that a reader sees an
 * entry of a copy, it must see all of them.
 */
static void *count_in_the_copies(void *wrong)
{
	for (unsigned int i = 0; i < COPIES; i++) {
		bool all_made;
		unsigned long n;

		do {
			all_made = atomic_load(&done);
			n = count(&copies[i]);
		} while (!n && !all_made);
		if (n != entries)
			*(unsigned long *)wrong += 1;
	}
	return wrong;
}

static void *count_in_the_source(void *wrong)
{
	while (!atomic_load(&done)) {
		if (count(&m.tree) != entries)
			*(unsigned long *)wrong += 1;
	}
	return wrong;
}

static void readers_see_all_of_a_copy_or_nothing(void **state)
{
	unsigned long wrong[2] = {0}, failed = 0;
	pthread_t readers[2];

	(void)state;
	fill(MT_FLAGS_USE_RCU, 300, 600, 13);
	for (unsigned int i = 0; i < COPIES; i++)
		mt_init_flags(&copies[i], MT_FLAGS_USE_RCU);
	atomic_store(&done, false);
	entries = count(&m.tree);
	assert_true(entries > 50);
	assert_int_equal(pthread_create(&readers[0], NULL, count_in_the_copies, &wrong[0]), 0);
	assert_int_equal(pthread_create(&readers[1], NULL, count_in_the_source, &wrong[1]), 0);
	for (unsigned int i = 0; i < COPIES; i++)
		failed += mtree_dup(&m.tree, &copies[i], GFP_KERNEL) != 0;
	atomic_store(&done, true);
	for (unsigned int i = 0; i < LEN(readers); i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(failed, 0);
	assert_int_equal(wrong[0], 0);
	assert_int_equal(wrong[1], 0);
	for (unsigned int i = 0; i < COPIES; i++)
		mtree_destroy(&copies[i]);
	model_destroy(&m);
}

/*
 * Symptom: a cursor of one tree takes a copied leaf for its own. Cause: a
 * cursor tells leaves in one memory apart by their phases, and the copy
 * continued the phases of its original instead of those of its own memory.
 */
static void a_copied_leaf_has_a_life_of_its_own(void **state)
{
	static int a, b;
	struct maple_tree mt = MTREE_INIT(mt, 0), copy = MTREE_INIT(copy, 0);
	unsigned long theirs, own;

	(void)state;
	assert_int_equal(mtree_store_range(&mt, 0x1000, 0x1fff, &a, GFP_KERNEL), 0);
	/*
	 * Moves the phases far away from those of memory that earlier tests
	 * used.
	 */
	for (unsigned int i = 0; i < 200000; i++)
		assert_int_equal(
			mtree_store_range(&mt, 0x5000, 0x5fff, i & 1 ? NULL : &b, GFP_KERNEL), 0);
	assert_int_equal(mtree_dup(&mt, &copy, GFP_KERNEL), 0);
	theirs = ml_state(ml_node(ml_root(&mt)));
	own = ml_state(ml_node(ml_root(&copy)));
	assert_int_equal(own & ML_FORM, theirs & ML_FORM);
	assert_int_not_equal(own, theirs);
	mtree_destroy(&mt);
	mtree_destroy(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_holds_the_same_and_lives_by_itself),
		cmocka_unit_test(an_entry_at_index_0_alone_is_copied),
		cmocka_unit_test(a_copied_leaf_has_a_life_of_its_own),
		cmocka_unit_test(trees_of_another_kind_and_trees_in_use_are_refused),
		cmocka_unit_test(the_news_of_a_wrap_is_copied_too),
		cmocka_unit_test(a_copy_takes_a_node_for_a_node_or_nothing_at_all),
		cmocka_unit_test(the_owners_locks_guard_a_copy),
		cmocka_unit_test(readers_see_all_of_a_copy_or_nothing),
	};

	return model_run_all("dup", tests, LEN(tests));
}
