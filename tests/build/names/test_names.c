/* SPDX-License-Identifier: MIT */
/*
 * test_names.c - a program that has lists, a tree and words of its own under
 * Linux's names, and the library's under their names with a prefix; one of its
 * files (kernel_names.c) uses Linux's names of the library all the same.
 */
#include "tests/build/names/embedder.h"
#include "tests/build/names/list.h"
#include "tests/build/names/rbtree.h"

#define VMS_NO_KERNEL_NAMES
#include <vmastore/host.h>
#include <vmastore/import.h>
#include <vmastore/maple_tree.h>
#include <vmastore/memory.h>
#include <vmastore/mm.h>
#include <vmastore/query.h>
#include <vmastore/task.h>

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "tests/build/names/kernel_names.h"

static void the_programs_names_mean_what_they_meant(void **state)
{
	LIST_HEAD(list);
	struct list_head entry;
	struct rb_root root = RB_ROOT;
	struct rb_node node;
	int lock = 0, rounds = 0;

	(void)state;
	list_add(&entry, &list);
	assert_int_equal(list.length, 1);
	rb_link_node(&node, NULL, &root.top);
	rb_insert_color(&node, &root);
	assert_ptr_equal(rb_first(&root), &node);
	assert_int_equal(node.color, 1);
	assert_int_equal(find_vma(3), 3);
	assert_int_equal(PAGE_SIZE, 16384);
	assert_int_equal(GFP_ATOMIC, 1);
	assert_string_equal(VM_READ, "read");
	down_read(&lock);
	for_each_vma(3)
		rounds++;
	assert_int_equal(lock, 1);
	assert_int_equal(rounds, 3);
	assert_int_equal(MAX(1, 2) + max(3, 4), 6);
}

static void an_address_space_by_prefixed_names(void **state)
{
	struct vms_mm_struct *mm = vms_mm_create("maple-vma", NULL, NULL);
	struct vms_vm_area_struct *vma;
	unsigned long addr, pages = 0;

	(void)state;
	assert_non_null(mm);
	addr = vms_mmap(mm, 0, 16 * VMS_PAGE_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
	assert_false(VMS_IS_ERR_VALUE(addr));
	assert_int_equal(vms_munmap(mm, addr + 4 * VMS_PAGE_SIZE, VMS_PAGE_SIZE), 0);
	assert_int_equal(vms_fault(mm, addr, VMS_FAULT_FLAG_WRITE), VMS_FAULT_OK);
	vms_mmap_read_lock(mm);
	VMS_VMA_ITERATOR(vmi, mm, 0);
	vms_for_each_vma(vmi, vma)
	{
		assert_true(vma->vm_flags & VMS_VM_READ);
		assert_ptr_equal(vms_find_vma(mm, vma->vm_start), vma);
		pages += (vma->vm_end - vma->vm_start) / VMS_PAGE_SIZE;
	}
	vms_mmap_read_unlock(mm);
	assert_int_equal(pages, 15);
	assert_int_equal(pages_by_kernel_names(mm), 15);
	vms_mmput(mm);
}

static void a_maple_tree_by_prefixed_names(void **state)
{
	static VMS_DEFINE_MTREE(tree);
	VMS_MA_STATE(mas, &tree, 0, 0);
	int one = 1, two = 2, *entry, sum = 0;
	unsigned long index = 0;

	(void)state;
	assert_int_equal(vms_mtree_store_range(&tree, 1, 5, &one, VMS_GFP_KERNEL), 0);
	assert_int_equal(vms_mtree_store(&tree, 9, &two, VMS_GFP_KERNEL), 0);
	vms_rcu_read_lock();
	vms_mas_for_each(&mas, entry, ULONG_MAX) sum += *entry;
	vms_rcu_read_unlock();
	vms_mt_for_each(&tree, entry, index, ULONG_MAX) sum += *entry;
	assert_int_equal(sum, 6);
	VMS_MT_BUG_ON(&tree, vms_mt_height(&tree) != 1);
	vms_mtree_destroy(&tree);
}

static void a_lock_and_a_tree_by_prefixed_names(void **state)
{
	static VMS_DECLARE_RWSEM(sem);
	struct vms_rb_root root = VMS_RB_ROOT;
	struct vms_rb_node node;

	(void)state;
	vms_down_read(&sem);
	assert_true(vms_rwsem_is_locked(&sem));
	vms_up_read(&sem);
	vms_rb_link_node(&node, NULL, &root.rb_node);
	vms_rb_insert_color(&node, &root);
	assert_ptr_equal(vms_rb_first(&root), &node);
	assert_null(vms_rb_next(&node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_programs_names_mean_what_they_meant),
		cmocka_unit_test(an_address_space_by_prefixed_names),
		cmocka_unit_test(a_maple_tree_by_prefixed_names),
		cmocka_unit_test(a_lock_and_a_tree_by_prefixed_names),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return failed || vms_leak_report(stderr);
}
