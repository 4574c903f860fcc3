/* SPDX-License-Identifier: MIT */
/*
 * test_debug.c - the checks that a program states of a tree, the printed form
 * of trees and cursors, and the queries whether a tree's lock is held. In debug
 * builds also: the library finds each cursor that outlived its read section or
 * its lock, and reports no other cursor.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmastore/rcu.h>
#include <vmastore/rwsem.h>

#include "lib/sync/objcache/objcache.h"
#include "tests/lib/sync/child.h"

extern struct vms__objcache vms__mt_nodes;

static int thing;
static struct maple_tree tree;

static int tree_up(void **state)
{
	(void)state;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	return mtree_store_range(&tree, 10, 19, &thing, GFP_KERNEL);
}

static int tree_down(void **state)
{
	(void)state;
	mtree_destroy(&tree);
	return 0;
}

/* ---- checks ---- */

/* Return: what @fn writes to stderr. */
static const char *said_by(void (*fn)(void))
{
	static char text[4096];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	fn();
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static int looked;

static bool look(bool answer)
{
	looked++;
	return answer;
}

/*
 * Compiles the macros as a program that counts its checks does: they read this
 * definition where they are used.
 */
#undef VMS_MT_COUNTED
#define VMS_MT_COUNTED true

static void failing_checks_that_count(void)
{
	MA_STATE(mas, &tree, 12, 12);
	MA_WR_STATE(wr_mas, &mas, &thing);

	mas_lock(&mas);
	mas_walk(&mas);
	MT_BUG_ON(&tree, look(true));
	MAS_BUG_ON(&mas, look(true));
	MAS_WR_BUG_ON(&wr_mas, look(true));
	looked += MT_WARN_ON(&tree, look(true)) + MAS_WARN_ON(&mas, look(true)) +
		  MAS_WR_WARN_ON(&wr_mas, look(true));
	mas_unlock(&mas);
}

static void checks_are_counted_and_the_program_goes_on(void **state)
{
	unsigned int run = maple_tree_tests_run, passed = maple_tree_tests_passed;
	const char *text;

	(void)state;
	looked = 0;
	MT_BUG_ON(&tree, look(false));
	assert_false(MT_WARN_ON(&tree, look(false)));
	assert_int_equal(maple_tree_tests_run - run, 2);
	assert_int_equal(maple_tree_tests_passed - passed, 2);
	text = said_by(failing_checks_that_count);
	assert_int_equal(maple_tree_tests_run - run, 8);
	assert_int_equal(maple_tree_tests_passed - passed, 2);
	assert_int_equal(looked, 2 + 6 + 3);
	assert_non_null(
		strstr(text, "failing_checks_that_count: maple tree check failed: look(true)"));
	assert_non_null(strstr(text, "a-13: "));
	assert_non_null(strstr(text, "active, [0xa, 0x13]"));
	assert_non_null(strstr(text, "store of"));
}

#undef VMS_MT_COUNTED
#define VMS_MT_COUNTED false

static void bug_in_tree(void)
{
	MT_BUG_ON(&tree, thing == 0);
}

static void bug_in_cursor(void)
{
	MA_STATE(mas, &tree, 5, 6);

	MAS_BUG_ON(&mas, look(true));
}

static void bug_in_store(void)
{
	MA_STATE(mas, &tree, 5, 6);
	MA_WR_STATE(wr_mas, &mas, xa_mk_value(3));

	MAS_WR_BUG_ON(&wr_mas, look(true));
}

static void warnings(void)
{
	MA_STATE(mas, &tree, 5, 6);
	MA_WR_STATE(wr_mas, &mas, xa_mk_value(3));

	looked += MT_WARN_ON(&tree, look(true)) + MAS_WARN_ON(&mas, look(true)) +
		  MAS_WR_WARN_ON(&wr_mas, look(true));
}

static void elsewhere_a_bug_stops_and_a_warning_warns(void **state)
{
	unsigned int run = maple_tree_tests_run;

	(void)state;
	assert_true(child_aborts_saying(bug_in_tree, (const char *[]){"bug_in_tree", "thing == 0",
								      "a-13: ", NULL}));
	assert_true(child_aborts_saying(bug_in_cursor,
					(const char *[]){"start, [0x5, 0x6]", "a-13: ", NULL}));
	assert_true(child_aborts_saying(bug_in_store,
					(const char *[]){"store of 0x7", "start, [0x5, 0x6]",
							 "a-13: ", NULL}));
	looked = 0;
	assert_non_null(strstr(said_by(warnings), "maple tree check failed: look(true)"));
	assert_int_equal(looked, 6);
	MT_BUG_ON(&tree, look(false));
	assert_false(MAS_WARN_ON((struct ma_state *)NULL, look(false)));
	assert_int_equal(looked, 8);
	assert_int_equal(maple_tree_tests_run, run);
}

/* ---- prints ---- */

static struct ma_state shown;

static void show(void)
{
	mas_dump(&shown);
}

static void a_cursor_is_printed_in_every_state(void **state)
{
	static const char *const names[] = {"active", "start",    "root",     "none",
					    "pause",  "overflow", "underflow"};

	(void)state;
	mas_init(&shown, &tree, 0x77);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		shown.status = (enum maple_status)i;
		assert_non_null(strstr(said_by(show), names[i]));
		assert_non_null(strstr(said_by(show), "[0x77, 0x77]"));
	}
	shown.status = ma_error;
	shown.node = MA_ERROR(-EBUSY);
	assert_int_equal(xa_err(shown.node), -EBUSY);
	assert_non_null(strstr(said_by(show), "error, [0x77, 0x77], errno 16"));
}

static void freed_nodes_are_sent_on_their_way(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < 400 || !vms__objcache_deferred(&vms__mt_nodes); i++)
		assert_int_equal(mtree_store(&tree, i * 3, &thing, GFP_KERNEL), 0);
	mt_cache_shrink();
	/*
	 * mt_cache_shrink() must end the batching: without it, a few deferred
	 * nodes wait for more to share a grace period with.
	 */
	alarm(WATCHDOG_SECONDS);
	while (vms__objcache_deferred(&vms__mt_nodes))
		usleep(1000);
	alarm(0);
}

#define STORES 2000u

struct life {
	const struct maple_node *leaf;
	unsigned long version;
};

/*
 * Fills and destroys a tree, always in the same way, and records its leaves.
 * Return: the number of leaves.
 */
static size_t leaves_of_a_new_tree(struct life *lives)
{
	struct maple_tree other = MTREE_INIT(other, 0);
	MA_STATE(mas, &other, 0, 0);
	const void *entry;
	size_t n = 0;

	for (unsigned long i = 0; i < STORES; i++)
		assert_int_equal(mtree_store(&other, i * 3, &thing, GFP_KERNEL), 0);
	mas_lock(&mas);
	mas_for_each(&mas, entry, ULONG_MAX) {
		if (!n || lives[n - 1].leaf != mas.node)
			lives[n++] = (struct life){mas.node, mas.vms__.version};
	}
	mas_unlock(&mas);
	mtree_destroy(&other);
	return n;
}

/*
 * Symptom: a cursor takes a new leaf for the old one in the same memory. Cause:
 * both have the same version. A leaf normally continues its predecessor's
 * version; vms_trim() gives memory back, and the version with it. A leaf made
 * in that memory afterwards must still have another version.
 */
static void a_leaf_in_memory_that_went_back_has_a_version_of_its_own(void **state)
{
	static struct life before[STORES], after[STORES];
	size_t nr_before, nr_after, same_place = 0;

	(void)state;
	(void)vms_trim();
	nr_before = leaves_of_a_new_tree(before);
	assert_true(vms_trim() > 0);
	nr_after = leaves_of_a_new_tree(after);
	for (size_t i = 0; i < nr_before; i++) {
		for (size_t k = 0; k < nr_after; k++) {
			if (before[i].leaf != after[k].leaf)
				continue;
			same_place++;
			assert_int_not_equal(before[i].version, after[k].version);
		}
	}
	assert_true(same_place > 10);
}

/* ---- locks ---- */

static void a_tree_tells_whether_its_lock_is_held(void **state)
{
	static DECLARE_RWSEM(sem);
	static int other;
	struct maple_tree mt = MTREE_INIT(mt, 0),
			  ext = MTREE_INIT_EXT(ext, MT_FLAGS_LOCK_EXTERN, sem);

	(void)state;
	assert_false(mt_lock_is_held(&mt) || mt_write_lock_is_held(&mt));
	mtree_lock(&mt);
	assert_true(mt_lock_is_held(&mt) && mt_write_lock_is_held(&mt));
	mtree_unlock(&mt);
	assert_false(mt_lock_is_held(&ext) || mt_write_lock_is_held(&ext));
	down_read(&sem);
	assert_true(mt_lock_is_held(&ext));
	assert_false(mt_write_lock_is_held(&ext));
	up_read(&sem);
	down_write(&sem);
	assert_true(mt_lock_is_held(&ext) && mt_write_lock_is_held(&ext));
	up_write(&sem);
	/*
	 * The library cannot ask another kind of lock, and assumes that it is
	 * held.
	 */
	mt_set_external_lock(&ext, &other);
	assert_true(mt_lock_is_held(&ext) && mt_write_lock_is_held(&ext));
	mt_on_stack(ext);
	assert_true(mt_lock_is_held(&ext) && mt_write_lock_is_held(&ext));
	mt_set_external_lock(&ext, &sem);
	assert_false(mt_lock_is_held(&ext));
}

#ifdef VMS_DEBUG

static const char *const outlived[] = {"a cursor does not outlive its read section or its lock",
				       NULL};
static const char *const unlocked[] = {"mt_write_lock_is_held(mt)", NULL};

static void store_without_the_lock(void)
{
	MA_STATE(mas, &tree, 1, 1);

	mas_store(&mas, &thing);
}

VMS_NO_TSA static void store_without_the_owners_lock(void)
{
	static DECLARE_RWSEM(sem);
	struct maple_tree ext = MTREE_INIT_EXT(ext, MT_FLAGS_LOCK_EXTERN, sem);
	MA_STATE(mas, &ext, 1, 1);

	down_read(&sem);
	mas_store(&mas, &thing);
}

static void a_store_without_the_lock_is_found(void **state)
{
	(void)state;
	assert_true(child_aborts_saying(store_without_the_lock, unlocked));
	assert_true(child_aborts_saying(store_without_the_owners_lock, unlocked));
}

/* ---- cursors kept too long: each function aborts at its last call ---- */

static void next_in_a_later_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	rcu_read_unlock();
	rcu_read_lock();
	mas_next(&mas, ULONG_MAX);
}

static void find_after_the_section(void)
{
	MA_STATE(mas, &tree, 0, 0);

	rcu_read_lock();
	mas_find(&mas, ULONG_MAX);
	rcu_read_unlock();
	mas_find(&mas, ULONG_MAX);
}

static void prev_under_a_later_lock(void)
{
	MA_STATE(mas, &tree, 12, 12);

	mas_lock(&mas);
	mas_walk(&mas);
	mas_unlock(&mas);
	mas_lock(&mas);
	mas_prev(&mas, 0);
}

static void store_after_a_walk_in_a_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	rcu_read_unlock();
	mas_lock(&mas);
	mas_store_gfp(&mas, NULL, GFP_KERNEL);
}

static void erase_after_a_walk_in_a_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	rcu_read_unlock();
	mas_lock(&mas);
	mas_erase(&mas);
}

static void preallocate_after_a_walk_in_a_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	rcu_read_unlock();
	mas_lock(&mas);
	(void)mas_preallocate(&mas, NULL, GFP_KERNEL);
}

static void walk_again_in_a_later_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	rcu_read_unlock();
	rcu_read_lock();
	mas_walk(&mas);
}

static void find_rev_past_the_limit_in_a_later_section(void)
{
	MA_STATE(mas, &tree, 12, 12);

	rcu_read_lock();
	mas_walk(&mas);
	mas_next(&mas, 100);
	rcu_read_unlock();
	rcu_read_lock();
	mas_find_rev(&mas, 0);
}

static void find_range_in_a_section_after_the_lock(void)
{
	MA_STATE(mas, &tree, 12, 12);

	mas_lock(&mas);
	mas_walk(&mas);
	rcu_read_lock();
	mas_unlock(&mas);
	mas_find_range(&mas, ULONG_MAX);
}

static void walk_after_the_owners_lock(void)
{
	static DECLARE_RWSEM(sem);
	struct maple_tree ext = MTREE_INIT_EXT(ext, MT_FLAGS_LOCK_EXTERN, sem);
	MA_STATE(mas, &ext, 5, 5);

	down_write(&sem);
	mas_store(&mas, &thing);
	up_write(&sem);
	rcu_read_lock();
	mas_set(&mas, 5);
	mas_walk(&mas);
	rcu_read_unlock();
	mas_next(&mas, ULONG_MAX);
}

static void a_cursor_that_outlives_what_protects_it_is_found(void **state)
{
	static void (*const wrong[])(void) = {
		next_in_a_later_section,
		find_after_the_section,
		prev_under_a_later_lock,
		store_after_a_walk_in_a_section,
		erase_after_a_walk_in_a_section,
		preallocate_after_a_walk_in_a_section,
		walk_again_in_a_later_section,
		find_rev_past_the_limit_in_a_later_section,
		find_range_in_a_section_after_the_lock,
		walk_after_the_owners_lock,
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!child_aborts_saying(wrong[i], outlived))
			fail_msg("number %u is not found", i);
	}
}

static void a_cursor_that_is_reset_in_time_is_not(void **state)
{
	MA_STATE(mas, &tree, 12, 12);

	(void)state;
	rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), &thing);
	mas_pause(&mas);
	rcu_read_unlock();
	rcu_read_lock();
	assert_null(mas_find(&mas, ULONG_MAX));
	rcu_read_unlock();
	mas_set(&mas, 15);
	mas_lock(&mas);
	assert_ptr_equal(mas_walk(&mas), &thing);
	mas_reset(&mas);
	mas_unlock(&mas);
	rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), &thing);
	rcu_read_unlock();
	mas_set_range(&mas, 30, 40);
	mas_lock(&mas);
	assert_int_equal(mas_store_gfp(&mas, &thing, GFP_KERNEL), 0);
	mas_unlock(&mas);
}

/*
 * A protection may begin and end inside another one, which continues to protect
 * the cursor.
 */
static void a_cursor_lives_as_long_as_one_protection_lasts(void **state)
{
	MA_STATE(mas, &tree, 12, 12);

	(void)state;
	rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), &thing);
	rcu_read_lock();
	rcu_read_unlock();
	mas_lock(&mas);
	assert_null(mas_next(&mas, ULONG_MAX));
	mas_unlock(&mas);
	assert_ptr_equal(mas_prev(&mas, 0), &thing);
	rcu_read_unlock();

	mas_set(&mas, 12);
	mas_lock(&mas);
	rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), &thing);
	rcu_read_unlock();
	rcu_read_lock();
	assert_null(mas_next(&mas, ULONG_MAX));
	rcu_read_unlock();
	assert_ptr_equal(mas_prev(&mas, 0), &thing);
	mas_unlock(&mas);
}

/*
 * A lock that the library cannot ask may protect the cursor, so that the
 * library must not report it.
 */
static void the_owners_word_is_taken_for_his_lock(void **state)
{
	static DECLARE_RWSEM(sem);
	struct maple_tree named = MTREE_INIT_EXT(named, MT_FLAGS_LOCK_EXTERN, sem),
			  ext = MTREE_INIT(ext, MT_FLAGS_LOCK_EXTERN);
	struct maple_tree *const trees[] = {&named, &ext};

	(void)state;
	down_write(&sem);
	for (unsigned int i = 0; i < 2; i++) {
		MA_STATE(mas, trees[i], 5, 9);

		assert_int_equal(mas_store_gfp(&mas, &thing, GFP_KERNEL), 0);
		mas_reset(&mas);
		rcu_read_lock();
		assert_ptr_equal(mas_walk(&mas), &thing);
		rcu_read_unlock();
		assert_null(mas_next(&mas, ULONG_MAX));
		__mt_destroy(trees[i]);
	}
	up_write(&sem);
}

#endif

int main(void)
{
	/*
	 * These tests use children of this process, which must not have a
	 * second thread yet: no test in this group may wait for a grace period.
	 */
	const struct CMUnitTest stops[] = {
		cmocka_unit_test_setup_teardown(elsewhere_a_bug_stops_and_a_warning_warns, tree_up,
						tree_down),
#ifdef VMS_DEBUG
		cmocka_unit_test_setup_teardown(a_store_without_the_lock_is_found, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(a_cursor_that_outlives_what_protects_it_is_found,
						tree_up, tree_down),
#endif
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(checks_are_counted_and_the_program_goes_on, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(a_cursor_is_printed_in_every_state, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(freed_nodes_are_sent_on_their_way, tree_up,
						tree_down),
		/* ^First, because no other leaf may be in use. */
		cmocka_unit_test(a_leaf_in_memory_that_went_back_has_a_version_of_its_own),
		cmocka_unit_test(a_tree_tells_whether_its_lock_is_held),
#ifdef VMS_DEBUG
		cmocka_unit_test_setup_teardown(a_cursor_that_is_reset_in_time_is_not, tree_up,
						tree_down),
		cmocka_unit_test_setup_teardown(a_cursor_lives_as_long_as_one_protection_lasts,
						tree_up, tree_down),
		cmocka_unit_test(the_owners_word_is_taken_for_his_lock),
#endif
	};
	int failed = cmocka_run_group_tests_name("debug, stops", stops, NULL, NULL);

	failed += cmocka_run_group_tests_name("debug", tests, NULL, NULL);
	return failed + (model_live_nodes() != 0);
}
