/* SPDX-License-Identifier: MIT */
/*
 * test_cxx.cc - the library in a C++ program: an address space, a maple tree, a
 * red-black tree, RCU and locks, used by std::thread. The generated layout.h
 * asserts, while this file is compiled, that each structure has the same layout
 * in C++ as in C.
 */
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include <cmocka.h>
}

#include <vmastore/host.h>
#include <vmastore/import.h>
#include <vmastore/maple_tree.h>
#include <vmastore/memory.h>
#include <vmastore/mm.h>
#include <vmastore/page.h>
#include <vmastore/query.h>
#include <vmastore/range_map.h>
#include <vmastore/task.h>

#include "tests/build/cxx/layout.h"

namespace
{

constexpr unsigned long pages = 16;
constexpr int rounds = 200;

/* ---- an address space ---- */

unsigned long map_some(mm_struct *mm)
{
	unsigned long addr = vms_mmap(mm, 0, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, nullptr, 0);

	assert_false(IS_ERR_VALUE(addr));
	return addr;
}

void an_address_space(void **)
{
	for (const char *const *engine = vms_engine_names(); *engine; engine++) {
		mm_struct *mm = vms_mm_create(*engine, nullptr, nullptr);
		unsigned long addr, word = 0, found = 0;
		vm_area_struct *vma;

		assert_non_null(mm);
		addr = map_some(mm);
		assert_int_equal(vms_mprotect(mm, addr + 4 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
		assert_int_equal(vms_fault(mm, addr, FAULT_FLAG_WRITE), VMS_FAULT_OK);
		assert_int_equal(vms_fault(mm, addr + 4 * PAGE_SIZE, FAULT_FLAG_WRITE),
				 VMS_SEGV_ACCERR);
		assert_int_equal(vms_write_word(mm, addr, 42), VMS_FAULT_OK);
		assert_int_equal(vms_read_word(mm, addr, &word), VMS_FAULT_OK);
		assert_int_equal(word, 42);

		mmap_read_lock(mm);
		VMA_ITERATOR(vmi, mm, 0);
		for_each_vma(vmi, vma)
			found += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
		/* An atomic field is read as in C. */
		assert_int_equal(static_cast<int>(mm->map_count), 3);
		assert_ptr_equal(static_cast<mm_struct *>(vma_first(mm)->vm_mm), mm);
		mmap_read_unlock(mm);
		assert_int_equal(found, pages);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		mmput(mm);
	}
}

/* Refuses the file, by a hook of C++. */
int refuse(void *, const vms_maps_line *, const char *path, file **)
{
	return std::string(path) == "/x" ? -ENOENT : 0;
}

void an_imported_address_space(void **)
{
	const std::string text = "10000000-10002000 rw-p 00000000 00:00 0 \n"
				 "10002000-10003000 r--p 00000000 08:01 42 /x\n";
	vms_import how = {};
	unsigned long line = 0;
	mm_struct *mm = nullptr;

	how.engine = "maple-vma";
	assert_int_equal(vms_mm_import(&how, text.data(), text.size(), &mm, &line), 0);
	assert_int_equal(vms_munmap(mm, 0x10001000, 2 * PAGE_SIZE), 0);
	mmput(mm);
	how.open = refuse;
	assert_int_equal(vms_mm_import(&how, text.data(), text.size(), &mm, &line), -ENOENT);
	assert_int_equal(line, 2);
}

/* The number of results that no thread may get. */
std::atomic<int> wrong;

void fault_all(mm_struct *mm, unsigned long addr)
{
	for (int i = 0; i < rounds; i++) {
		unsigned long at = addr + static_cast<unsigned long>(i) % pages * PAGE_SIZE;
		vm_area_struct *vma = lock_vma_under_rcu(mm, at);

		if (vma) {
			wrong += at < vma->vm_start || at >= vma->vm_end;
			vma_end_read(vma);
		}
		wrong += vms_fault(mm, at, FAULT_FLAG_WRITE) != VMS_FAULT_OK;
	}
}

void change_all(mm_struct *mm, unsigned long addr)
{
	for (int i = 0; i < rounds; i++) {
		wrong += vms_mprotect(mm, addr + PAGE_SIZE, PAGE_SIZE,
				      PROT_READ | PROT_WRITE | (i % 2 ? PROT_EXEC : 0)) != 0;
		mmap_write_lock(mm);
		wrong += vma_lookup(mm, addr) == nullptr;
		mmap_write_unlock(mm);
	}
}

void two_threads_in_an_address_space(void **)
{
	mm_struct *mm = vms_mm_create("maple-vma", nullptr, nullptr);
	unsigned long addr;

	assert_non_null(mm);
	addr = map_some(mm);
	wrong = 0;
	std::thread one(fault_all, mm, addr), other(change_all, mm, addr);
	one.join();
	other.join();
	assert_int_equal(wrong.load(), 0);
	assert_int_equal(vms_mm_validate(mm, stderr), 0);
	mmput(mm);
}

/* A file mapping whose owner is C++. */
page *the_page;

vm_fault_t answer(vm_fault *vmf)
{
	vmf->page = vms_page_get(the_page);
	return 0;
}

void a_hook_in_cxx(void **)
{
	vm_operations_struct ops = {};
	mm_struct *mm = vms_mm_create("maple-vma", nullptr, nullptr);
	address_space *mapping = vms_address_space_create(PAGE_SIZE, 0, 0, 0, 1);
	file *opened = vms_file_open(mapping, "/made/of/cxx", FMODE_READ);
	unsigned long addr, word = 0;

	ops.fault = answer;
	the_page = vms_page_alloc(7);
	opened->f_vm_ops = &ops;
	addr = vms_mmap(mm, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, opened, 0);
	assert_false(IS_ERR_VALUE(addr));
	assert_int_equal(vms_read_word(mm, addr, &word), VMS_FAULT_OK);
	assert_int_equal(word, 7);
	mmput(mm);
	fput(opened);
	vms_address_space_put(mapping);
	vms_page_put(the_page);
}

/* ---- the maple tree ---- */

DEFINE_MTREE(defined);

void a_maple_tree(void **)
{
	std::string low = "low", high = "high", *text;
	unsigned long index = 0;
	int nr = 0;

	assert_int_equal(mtree_store_range(&defined, 10, 19, &low, GFP_KERNEL), 0);
	assert_int_equal(mtree_store(&defined, 30, &high, GFP_KERNEL), 0);
	assert_ptr_equal(mtree_load(&defined, 15), &low);
	assert_null(mtree_load(&defined, 20));

	MA_STATE(mas, &defined, 0, 0);
	mas_lock(&mas);
	mas_for_each(&mas, text, ULONG_MAX) {
		assert_true(*text == (nr ? "high" : "low"));
		assert_int_equal(mas.index, nr ? 30 : 10);
		nr++;
	}
	MT_BUG_ON(&defined, nr != 2);
	assert_false(MAS_WARN_ON(&mas, mas_is_err(&mas)));
	mas_unlock(&mas);
	mt_for_each(&defined, text, index, ULONG_MAX)
		nr--;
	assert_int_equal(nr, 0);
	mtree_destroy(&defined);
	assert_true(mtree_empty(&defined));
}

rw_semaphore tree_lock = VMS_RWSEM_INIT;
maple_tree locked = MTREE_INIT_EXT(locked, MT_FLAGS_LOCK_EXTERN | MT_FLAGS_USE_RCU, tree_lock);

void write_tree(int *values)
{
	for (int i = 0; i < rounds; i++) {
		MA_STATE(mas, &locked, static_cast<unsigned long>(i),
			 static_cast<unsigned long>(i));

		down_write(&tree_lock);
		wrong += mas_store_gfp(&mas, &values[i], GFP_KERNEL) != 0;
		up_write(&tree_lock);
	}
}

void read_tree(int *values)
{
	for (int seen = 0; seen < rounds;) {
		MA_STATE(mas, &locked, 0, 0);
		int *value;

		seen = 0;
		rcu_read_lock();
		mas_for_each(&mas, value, ULONG_MAX) {
			wrong += value != &values[mas.index];
			seen++;
		}
		rcu_read_unlock();
		std::this_thread::yield();
	}
}

void two_threads_in_a_tree(void **)
{
	std::vector<int> values(rounds);

	wrong = 0;
	/* Bit 0 says that the lock is an rw_semaphore, which can be checked. */
	assert_int_equal(reinterpret_cast<uintptr_t>(locked.ma_external_lock),
			 reinterpret_cast<uintptr_t>(&tree_lock) + 1);
	std::thread one(read_tree, values.data()), other(write_tree, values.data());
	one.join();
	other.join();
	assert_int_equal(wrong.load(), 0);
	down_write(&tree_lock);
	__mt_destroy(&locked);
	up_write(&tree_lock);
	mt_set_external_lock(&locked, NULL);
	assert_null(locked.ma_external_lock);
}

void a_range_map(void **)
{
	unsigned long start = 0, end = 0;
	std::string both = "both", *text;
	int nr = 0;

	assert_int_equal(vms_mt_store_joined_span(&defined, 10, 20, &both, GFP_KERNEL), 0);
	assert_int_equal(vms_mt_store_joined_span(&defined, 20, 30, &both, GFP_KERNEL), 0);
	/* Up to the last index, behind which no step follows. */
	assert_int_equal(vms_mt_store_span(&defined, 40, 0, &both, GFP_KERNEL), 0);
	vms_mt_for_each_span(&defined, text, start, end, 0) {
		assert_true(*text == "both");
		assert_int_equal(start, nr ? 40 : 10);
		assert_int_equal(end, nr ? 0 : 30);
		nr++;
	}
	assert_int_equal(nr, 2);
	mtree_destroy(&defined);
	assert_int_equal(vms_mt_to_word(vms_mt_mk_word(7, 4096), 4096), 7);
}

/* ---- the red-black tree and RCU ---- */

struct item {
	int key, most;
	rb_node rb;
};

int key_of(item *one)
{
	return one->key;
}
RB_DECLARE_CALLBACKS_MAX(static, largest, item, rb, int, most, key_of);

void a_red_black_tree(void **)
{
	item items[16] = {}, *pos, *next;
	rb_root root = RB_ROOT;
	int expected = 0, nr = 0;

	for (int i = 0; i < 16; i++) {
		rb_node **link = &root.rb_node, *parent = nullptr;

		items[i].key = items[i].most = i * 7 % 16;
		while (*link) {
			parent = *link;
			link = items[i].key < rb_entry(parent, item, rb)->key ? &parent->rb_left
									      : &parent->rb_right;
		}
		rb_link_node(&items[i].rb, parent, link);
		largest_propagate(parent, nullptr);
		rb_insert_augmented(&items[i].rb, &root, &largest);
	}
	for (rb_node *node = rb_first(&root); node; node = rb_next(node))
		assert_int_equal(rb_entry(node, item, rb)->key, expected++);
	assert_int_equal(rb_entry(root.rb_node, item, rb)->most, 15);
	rbtree_postorder_for_each_entry_safe(pos, next, &root, rb)
		nr++;
	assert_int_equal(nr, 16);
}

struct waits {
	vms_rcu_head head; /* first, so that its address is the object's */
	std::atomic<int> *done;
};

void called(vms_rcu_head *head)
{
	waits *object = reinterpret_cast<waits *>(head);

	(*object->done)++;
	delete object;
}

void a_callback(void **)
{
	std::atomic<int> done{0};

	call_rcu(&(new waits{{}, &done})->head, called);
	rcu_barrier();
	assert_int_equal(done.load(), 1);
}

/* ---- a host's memory ---- */

std::atomic<int> chunks;

void *get(void *, size_t size, size_t align)
{
	chunks++;
	return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void put(void *, void *memory, size_t)
{
	chunks--;
	std::free(memory);
}

void memory_from_hooks(void **)
{
	vms_allocator hooks{};

	hooks.get = get;
	assert_int_equal(vms_set_allocator(&hooks), -EINVAL);
	hooks.put = put;
	assert_int_equal(vms_set_allocator(&hooks), 0);
	assert_int_equal(vms_set_allocator(&hooks), -EBUSY);
	an_address_space(nullptr);
	assert_true(chunks > 0);
}

} // namespace

int main()
{
	const CMUnitTest tests[] = {
		/* first: before the library takes memory */
		cmocka_unit_test(memory_from_hooks),
		cmocka_unit_test(an_address_space),
		cmocka_unit_test(an_imported_address_space),
		cmocka_unit_test(two_threads_in_an_address_space),
		cmocka_unit_test(a_hook_in_cxx),
		cmocka_unit_test(a_maple_tree),
		cmocka_unit_test(a_range_map),
		cmocka_unit_test(two_threads_in_a_tree),
		cmocka_unit_test(a_red_black_tree),
		cmocka_unit_test(a_callback),
	};
	int failed = cmocka_run_group_tests(tests, nullptr, nullptr);

	return failed || vms_leak_report(stderr) ? EXIT_FAILURE : EXIT_SUCCESS;
}
