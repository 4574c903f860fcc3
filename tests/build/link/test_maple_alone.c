/* SPDX-License-Identifier: MIT */
/*
 * test_maple_alone.c - a program that links the library of the maple tree
 * alone: a tree in RCU mode, a range map and an rw-semaphore work without the
 * rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vmastore/maple_tree.h>
#include <vmastore/memory.h>
#include <vmastore/range_map.h>
#include <vmastore/rwsem.h>

static void tree_lock_and_memory_work_alone(void **state)
{
	static DEFINE_MTREE(tree);
	static DECLARE_RWSEM(sem);
	int one = 1, two = 2;

	(void)state;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	down_write(&sem);
	for (unsigned long i = 0; i < 1000; i++)
		assert_int_equal(
			mtree_store_range(&tree, 10 * i, 10 * i + 4, i % 2 ? &two : &one, 0), 0);
	up_write(&sem);
	for (unsigned long i = 0; i < 1000; i++) {
		assert_ptr_equal(mtree_load(&tree, 10 * i + 4), i % 2 ? &two : &one);
		assert_null(mtree_load(&tree, 10 * i + 5));
	}
	mtree_destroy(&tree);
	assert_int_equal(vms_leak_report(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_lock_and_memory_work_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
