/* SPDX-License-Identifier: MIT */
/*
 * test_rare.c - rules that few programs meet and that op scripts cannot test:
 * /dev/zero, hints and flags that are refused, the break next to other memory,
 * and memory of devices. The expected results are those of a running 6.18
 * kernel.
 */
#include <errno.h>

#include <vmastore/page.h>
#include <vmastore/task.h>

#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static struct file *open_file(unsigned int flags, const char *path)
{
	struct address_space *mapping = vms_address_space_create(64 * PG, flags, 8, 1, 77);
	struct file *file = vms_file_open(mapping, path, FMODE_READ | FMODE_WRITE);

	vms_address_space_put(mapping);
	return file;
}

/*
 * As long as it was never written, its offset follows a move to the new
 * address, and it is not accounted.
 */
static void a_private_zero_device_is_anonymous_memory(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *zero = open_file(VMS_AS_ZERO_DEV, "/dev/zero");
	unsigned long moved = BASE + 0x100000;

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, zero, 5 * PG);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, moved),
			 moved);
	expect_layout(mm, "20100000-20104000 rw-p 20100\n");
	vms_mprotect(mm, moved, 2 * PG, PROT_READ);
	mmap_read_lock(mm);
	assert_false(find_vma(mm, moved)->vm_flags & VM_ACCOUNT);
	assert_true(find_vma(mm, moved + 2 * PG)->vm_flags & VM_ACCOUNT);
	mmap_read_unlock(mm);
	fput(zero);
}

static void a_private_zero_device_moves_alone(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *zero = open_file(VMS_AS_ZERO_DEV, "/dev/zero");

	vms_mmap(mm, BASE, 2 * PG, RW, MAP_PRIVATE | MAP_FIXED, zero, 0);
	vms_mmap(mm, BASE + 2 * PG, 2 * PG, PROT_READ, FIXED, NULL, 0);
	assert_int_equal(vms_mremap(mm, BASE, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
				    BASE + 0x100000),
			 -EFAULT);
	expect_layout(mm, "20000000-20002000 rw-p 0\n20002000-20004000 r--p 20002\n");
	fput(zero);
}

/* MAP_32BIT places below 2 GiB, whatever the hint. */
static void a_hint_beyond_32_bits_is_ignored(void **state)
{
	const unsigned long hints[] = {0x100000000, 0x7ffff000};
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, NULL, NULL);

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		assert_in_range(vms_mmap(mm, hints[i], 2 * PG, RW, ANON | MAP_32BIT, NULL, 0),
				0x40000000, 0x7fffe000);
	assert_int_equal(vms_mmap(mm, 0x7fffe000, 2 * PG, RW, ANON | MAP_32BIT, NULL, 0),
			 0x7fffe000);
	mmput(mm);
}

static void flags_that_nobody_knows_are_refused_where_that_was_asked_for(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	for (unsigned int bit = 9; bit < 40; bit++) {
		unsigned long flag = 1UL << bit;
		bool unknown = bit == 9 || bit == 10 || (bit >= 20 && bit <= 25) || bit > 30;
		unsigned long refused = flag == MAP_FIXED_NOREPLACE ? BASE : 0;

		if (flag == MAP_SYNC || flag == MAP_HUGETLB)
			continue;
		if (unknown)
			assert_int_equal(vms_mmap(mm, refused, PG, RW, MAP_SHARED_VALIDATE | flag,
						  file, 0),
					 -EOPNOTSUPP);
		else
			assert_false(IS_ERR_VALUE(
				vms_mmap(mm, 0, PG, RW, MAP_SHARED_VALIDATE | flag, file, 0)));
		assert_false(IS_ERR_VALUE(
			vms_mmap(mm, BASE + 4 * PG * bit, PG, RW, MAP_SHARED | flag, file, 0)));
	}
	assert_int_equal(vms_mmap(mm, 0, PG, RW, MAP_PRIVATE | MAP_HUGETLB, file, 0), -EINVAL);
	fput(file);
}

/* A heap begins with a VMA of its own. */
static void the_break_does_not_join_what_lies_below_it(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long start = vms_brk(mm, 0);

	assert_int_equal(vms_mmap(mm, start - PG, PG, RW, FIXED, NULL, 0), start - PG);
	assert_int_equal(vms_brk(mm, start + PG), start + PG);
	expect_layout(mm, "ffff000-10000000 rw-p ffff\n10000000-10001000 rw-p 10000\n");
	/* The break joins its own memory. */
	assert_int_equal(vms_brk(mm, start + 2 * PG), start + 2 * PG);
	expect_layout(mm, "ffff000-10000000 rw-p ffff\n10000000-10002000 rw-p 10000\n");
}

static void insert_special(struct mm_struct *mm, unsigned long start, vm_flags_t flags)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = vm_area_alloc(mm);
	vma->vm_start = start;
	vma->vm_end = start + PG;
	vm_flags_init(vma, VM_READ | VM_MAYREAD | flags);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
}

static void only_memory_of_devices_cannot_be_given_to_children_again(void **state)
{
	struct mm_struct *mm = mm_of(state);

	insert_special(mm, BASE, VM_DONTEXPAND);
	insert_special(mm, BASE + 2 * PG, VM_IO);
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_DONTFORK), 0);
	assert_int_equal(vms_madvise(mm, BASE, PG, MADV_DOFORK), 0);
	assert_int_equal(vms_madvise(mm, BASE + 2 * PG, PG, MADV_DONTFORK), 0);
	assert_int_equal(vms_madvise(mm, BASE + 2 * PG, PG, MADV_DOFORK), -EINVAL);
}

static struct page *the_page;
static int nr_mkwrite;

static vm_fault_t give_page(struct vm_fault *vmf)
{
	vmf->page = vms_page_get(the_page);
	return 0;
}

static vm_fault_t count_mkwrite(struct vm_fault *vmf)
{
	(void)vmf;
	nr_mkwrite++;
	return 0;
}

/*
 * Symptom: a write to shared memory faults again after a fork. Cause: the fork
 * write-protected it. A fork copies the page tables of a mapping with guard
 * pages, but shared pages are never copied on write.
 */
static void a_fork_leaves_shared_pages_writable(void **state)
{
	static const struct vm_operations_struct ops = {.fault = give_page,
							.page_mkwrite = count_mkwrite};
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = world_file(8, true);
	unsigned long addr;

	nr_mkwrite = 0;
	file->f_vm_ops = &ops;
	the_page = vms_page_alloc(7);
	addr = vms_mmap(mm, 0, 4 * PG, RW, MAP_SHARED, file, 0);
	vms_write_word(mm, addr, 1);
	assert_int_equal(vms_madvise(mm, addr + 2 * PG, PG, MADV_GUARD_INSTALL), 0);
	assert_int_equal(vms_fork(mm, &child), 0);
	vms_write_word(mm, addr, 2);
	vms_write_word(child, addr, 3);
	assert_int_equal(nr_mkwrite, 1);
	mmput(child);
	vms_munmap(mm, addr, 4 * PG);
	fput(file);
	vms_page_put(the_page);
}

/* The limits belong to the process and the machine. */
static void limits_outlive_exec(void **state)
{
	struct mm_struct *mm = vms_mm_create(((struct world *)*state)->engine, NULL, NULL);
	struct mm_limits limits = vms_mm_limits(mm);
	struct task *task;

	limits.as = 1UL << 20;
	limits.max_map_count = 5;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	task = vms_task_create(mm);
	assert_int_equal(vms_task_exec(task, NULL), 0);
	limits = vms_mm_limits(task->mm);
	assert_int_equal(limits.as, 1UL << 20);
	assert_int_equal(limits.max_map_count, 5);
	exit_mm(task);
	context_switch(task, NULL);
	vms_task_free(task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(a_private_zero_device_is_anonymous_memory),
		ON_EVERY_ENGINE(a_private_zero_device_moves_alone),
		ON_EVERY_ENGINE(a_hint_beyond_32_bits_is_ignored),
		ON_EVERY_ENGINE(flags_that_nobody_knows_are_refused_where_that_was_asked_for),
		ON_EVERY_ENGINE(the_break_does_not_join_what_lies_below_it),
		ON_EVERY_ENGINE(only_memory_of_devices_cannot_be_given_to_children_again),
		ON_EVERY_ENGINE(a_fork_leaves_shared_pages_writable),
		ON_EVERY_ENGINE(limits_outlive_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
