/* SPDX-License-Identifier: MIT */
/*
 * test_no_thread.c - a machine that is out of threads: calls that need the
 * library's callback thread fail, and succeed as soon as it can be created.
 * Each case runs in a child process, because the first failure must come before
 * the thread exists.
 */
#include "tests/lib/mm/world.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmastore/maple_tree.h>

#include "tests/lib/sync/child.h"
#include "tests/lib/sync/no_threads.h"

#define NO_LIMITS 77

/* Each function returns 0, or the line that failed. */
static int create_mm(const char *engine)
{
	struct mm_struct *mm;

	if (vms_mm_new(engine, NULL, NULL, &mm) != -ENOMEM)
		return __LINE__;
	more_threads();
	mm = vms_mm_create(engine, NULL, NULL);
	if (!mm)
		return __LINE__;
	mmput(mm);
	return vms_leak_report(NULL) ? __LINE__ : 0;
}

static int store_in_rcu_tree(const char *engine)
{
	struct maple_tree tree;
	MA_STATE(mas, &tree, 20, 20);
	int ret = 0;

	(void)engine;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	/* Both ways to get a node: a store, and a preallocation. */
	if (mtree_store_range(&tree, 5, 9, xa_mk_value(1), GFP_KERNEL) != -ENOMEM)
		ret = __LINE__;
	mas_lock(&mas);
	if (mas_preallocate(&mas, xa_mk_value(1), GFP_KERNEL) != -ENOMEM)
		ret = __LINE__;
	mas_unlock(&mas);
	if (!mtree_empty(&tree) || ret)
		return ret ? ret : __LINE__;
	more_threads();
	if (mtree_store_range(&tree, 5, 9, xa_mk_value(1), GFP_KERNEL) ||
	    mtree_load(&tree, 7) != xa_mk_value(1))
		return __LINE__;
	mtree_destroy(&tree);
	return vms_leak_report(NULL) ? __LINE__ : 0;
}

/* A tree without RCU frees at once, and needs no thread. */
static int store_in_plain_tree(const char *engine)
{
	struct maple_tree tree;

	(void)engine;
	mt_init(&tree);
	if (mtree_store_range(&tree, 5, 9, xa_mk_value(1), GFP_KERNEL))
		return __LINE__;
	mtree_destroy(&tree);
	return 0;
}

static void in_child(int (*fn)(const char *engine), const char *engine)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int line;

		alarm(WATCHDOG_SECONDS / 2);
		if (!no_more_threads())
			_exit(NO_LIMITS);
		line = fn(engine);
		if (line)
			print_error("line %d\n", line);
		_exit(line != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LIMITS)
		skip();
	assert_int_equal(status, 0);
}

static void an_address_space_is_refused(void **state)
{
	(void)state;
	for (const char *const *name = vms_engine_names(); *name; name++)
		in_child(create_mm, *name);
}

static void a_node_of_a_tree_in_rcu_mode_is_refused(void **state)
{
	(void)state;
	in_child(store_in_rcu_tree, NULL);
}

static void other_trees_do_without(void **state)
{
	(void)state;
	in_child(store_in_plain_tree, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_space_is_refused),
		cmocka_unit_test(a_node_of_a_tree_in_rcu_mode_is_refused),
		cmocka_unit_test(other_trees_do_without),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
