/* SPDX-License-Identifier: MIT */
/*
 * test_madvise.c - advice on pages: what is faulted in, what is dropped, and
 * which memory refuses which advice.
 */
#include <errno.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, BASE + page * PG, pages * PG, prot, FIXED, NULL, 0),
			 BASE + page * PG);
}

static int advise(struct mm_struct *mm, unsigned long page, unsigned long pages, int advice)
{
	return vms_madvise(mm, BASE + page * PG, pages * PG, advice);
}

static void populating_faults_in_for_one_kind_of_access(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	map(mm, 0, 4, RW);
	assert_int_equal(advise(mm, 0, 4, MADV_POPULATE_READ), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0); /* the zero page */
	assert_int_equal(advise(mm, 1, 2, MADV_POPULATE_WRITE), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	vms_mmap(mm, BASE + 4 * PG, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(advise(mm, 4, 4, MADV_POPULATE_READ), 0);
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 4);
	assert_int_equal(advise(mm, 0, 8, MADV_POPULATE_WRITE), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 8);
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 0);
	/* Memory that is locked on fault is populated nevertheless. */
	map(mm, 16, 2, RW);
	vms_mlock2(mm, BASE + 16 * PG, 2 * PG, MLOCK_ONFAULT);
	assert_int_equal(advise(mm, 16, 2, MADV_POPULATE_WRITE), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 10);
	fput(file);
}

static void populating_wants_the_right_itself(void **state)
{
	static const struct {
		unsigned long prot;
		int read, write;
	} cases[] = {
		{PROT_NONE, -EINVAL, -EINVAL},
		{PROT_READ, 0, -EINVAL},
		{PROT_WRITE, -EINVAL, 0},
		{PROT_EXEC, -EINVAL, -EINVAL},
		{RW, 0, 0},
		{PROT_READ | PROT_EXEC, 0, -EINVAL},
	};
	struct mm_struct *mm = mm_of(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		map(mm, 0, 1, cases[i].prot);
		assert_int_equal(advise(mm, 0, 1, MADV_POPULATE_READ), cases[i].read);
		assert_int_equal(advise(mm, 0, 1, MADV_POPULATE_WRITE), cases[i].write);
		vms_munmap(mm, BASE, PG);
	}
}

static void populating_ends_at_the_first_page_that_cannot_be_had(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(2, true);

	map(mm, 0, 2, RW);
	map(mm, 3, 1, RW);
	assert_int_equal(advise(mm, 0, 4, MADV_POPULATE_WRITE), -ENOMEM); /* a hole */
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(advise(mm, 2, 1, MADV_POPULATE_READ), -ENOMEM);
	assert_int_equal(advise(mm, 4, 1, MADV_POPULATE_READ), -ENOMEM);
	vms_mmap(mm, BASE + 8 * PG, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	assert_int_equal(advise(mm, 8, 4, MADV_POPULATE_READ), -EFAULT); /* the end of the file */
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 2);
	map(mm, 16, 4, RW);
	advise(mm, 17, 1, MADV_GUARD_INSTALL);
	assert_int_equal(advise(mm, 16, 4, MADV_POPULATE_WRITE), -EFAULT); /* a guard page */
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 3);
	fput(file);
}

static void no_memory_ends_populating(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 4, RW);
	vms__alloc_fail_nth(2);
	assert_int_equal(advise(mm, 0, 4, MADV_POPULATE_WRITE), -ENOMEM);
	vms__alloc_fail_nth(0);
	assert_int_equal(advise(mm, 0, 4, MADV_POPULATE_WRITE), 0);
}

/* Which memory accepts which advice, locked or not. */
static void each_kind_of_memory_takes_its_advice(void **state)
{
	static const struct {
		int advice, anonymous, file, locked;
	} cases[] = {
		{MADV_WILLNEED, 0, 0, 0},
		{MADV_DONTNEED, 0, 0, -EINVAL},
		{MADV_DONTNEED_LOCKED, 0, 0, 0},
		{MADV_FREE, 0, -EINVAL, -EINVAL},
		{MADV_COLD, 0, 0, -EINVAL},
		{MADV_PAGEOUT, 0, 0, -EINVAL},
		{MADV_GUARD_INSTALL, 0, 0, -EINVAL},
		{MADV_GUARD_REMOVE, 0, 0, 0},
	};
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	map(mm, 0, 1, RW);
	vms_mmap(mm, BASE + 2 * PG, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	map(mm, 4, 1, RW);
	vms_mlock(mm, BASE + 4 * PG, PG);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(advise(mm, 0, 1, cases[i].advice), cases[i].anonymous);
		assert_int_equal(advise(mm, 2, 1, cases[i].advice), cases[i].file);
		assert_int_equal(advise(mm, 4, 1, cases[i].advice), cases[i].locked);
	}
	fput(file);
}

static void dropping_locked_memory_leaves_it_locked(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 1;

	map(mm, 0, 4, RW);
	vms_write_word(mm, BASE + PG, 5);
	vms_mlock(mm, BASE, 4 * PG);
	/* The range ends in a hole; the rest is done. */
	assert_int_equal(advise(mm, 0, 5, MADV_DONTNEED_LOCKED), -ENOMEM);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(atomic_load(&mm->locked_vm), 4);
	assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
}

static void removing_takes_the_pages_out_of_the_file(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;
	struct file *file = world_file(8, true);
	unsigned long word = 1;

	vms_mmap(mm, BASE, 4 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 8 * PG, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	for (unsigned long i = 0; i < 4; i++)
		vms_write_word(mm, BASE + i * PG, 5 + i);
	vms_write_word(mm, BASE + 9 * PG, 77);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(advise(mm, 1, 2, MADV_REMOVE), 0);
	/* The page is removed from every mapping; only a private copy stays. */
	assert_int_equal(vms_read_word(mm, BASE + PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(vms_read_word(child, BASE + 2 * PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(vms_read_word(mm, BASE + 9 * PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 77);
	assert_int_equal(vms_read_word(child, BASE + 3 * PG, &word), VMS_FAULT_OK);
	assert_int_equal(word, 8);
	mmput(child);
	fput(file);
}

static void removing_wants_a_shared_file_that_may_be_written(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true), *ro = world_file(8, false);

	map(mm, 0, 1, RW);
	assert_int_equal(advise(mm, 0, 1, MADV_REMOVE), -EINVAL);
	vms_mmap(mm, BASE + 2 * PG, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(advise(mm, 2, 1, MADV_REMOVE), -EACCES);
	vms_mmap(mm, BASE + 4 * PG, PG, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0);
	assert_int_equal(advise(mm, 4, 1, MADV_REMOVE), -EACCES);
	/* Also beyond the end of the file. */
	vms_mmap(mm, BASE + 6 * PG, 4 * PG, PROT_READ, MAP_SHARED | MAP_FIXED, file, 6 * PG);
	assert_int_equal(advise(mm, 6, 4, MADV_REMOVE), 0);
	assert_int_equal(advise(mm, 6, 5, MADV_REMOVE), -ENOMEM);
	vms_mlock2(mm, BASE + 7 * PG, PG, MLOCK_ONFAULT);
	assert_int_equal(advise(mm, 5, 5, MADV_REMOVE), -EINVAL);
	vms_mmap(mm, BASE + 16 * PG, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	vms_mseal(mm, BASE + 16 * PG, PG, 0);
	assert_int_equal(advise(mm, 16, 1, MADV_REMOVE), 0);
	map(mm, 18, 1, PROT_READ);
	vms_mseal(mm, BASE + 18 * PG, PG, 0);
	assert_int_equal(advise(mm, 18, 1, MADV_REMOVE), -EPERM);
	fput(file);
	fput(ro);
}

/*
 * A device's memory: no page of it may be dropped, guarded or populated.
 * Locking it succeeds and does nothing.
 */
static void memory_of_a_device_is_left_alone(void **state)
{
	static const int refused[] = {MADV_DONTNEED,      MADV_DONTNEED_LOCKED, MADV_COLD,
				      MADV_GUARD_INSTALL, MADV_GUARD_REMOVE,    MADV_POPULATE_READ,
				      MADV_POPULATE_WRITE};
	struct mm_struct *mm = mm_of(state);
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = vm_area_alloc(mm);
	vma->vm_start = BASE;
	vma->vm_end = BASE + 2 * PG;
	vm_flags_init(vma, VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_IO | VM_PFNMAP |
				   VM_DONTEXPAND);
	assert_int_equal(insert_vm_struct(mm, vma), 0);
	mmap_write_unlock(mm);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(advise(mm, 0, 2, refused[i]), -EINVAL);
	assert_int_equal(vms_mlock(mm, BASE, 2 * PG), 0);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(atomic_load(&mm->locked_vm), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n");
}

static void senseless_requests_are_refused(void **state)
{
	static const int advice[] = {MADV_POPULATE_READ, MADV_GUARD_INSTALL, MADV_DONTNEED_LOCKED,
				     MADV_NOHUGEPAGE};
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		assert_int_equal(vms_madvise(mm, BASE + 1, PG, advice[i]), -EINVAL);
		assert_int_equal(vms_madvise(mm, BASE, -1UL, advice[i]), -EINVAL);
		assert_int_equal(vms_madvise(mm, BASE, -PG, advice[i]), -EINVAL);
		assert_int_equal(vms_madvise(mm, BASE, 0, advice[i]), 0);
		assert_int_equal(vms_madvise(mm, BASE, 1, advice[i]), 0);
	}
	assert_int_equal(vms_madvise(mm, BASE, 0, 77), -EINVAL);
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

static void advice_that_changes_flags_splits(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 3, RW);
	assert_int_equal(vms_madvise(mm, 0x20001000, PG, MADV_DONTFORK), 0);
	expect_layout(mm, "20000000-20001000 rw-p 20000\n20001000-20002000 rw-p "
			  "20001\n20002000-20003000 rw-p 20002\n");
	assert_int_equal(vms_madvise(mm, 0x20001000, PG, MADV_DOFORK), 0);
	expect_layout(mm, "20000000-20003000 rw-p 20000\n");
	assert_int_equal(vms_madvise(mm, 0x20000000, 8 * PG, MADV_NOHUGEPAGE), -ENOMEM);
	assert_int_equal(vms_madvise(mm, 0x20000000, PG, 77), -EINVAL);
}

static void dontneed_drops_the_contents(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long word = 1;

	map(mm, 0, 4, RW);
	for (unsigned long i = 0; i < 4; i++)
		vms_write_word(mm, 0x20000000 + i * PG, 5);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	assert_int_equal(vms_madvise(mm, 0x20001000, 2 * PG, MADV_DONTNEED), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(vms_read_word(mm, 0x20001000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 0);
	assert_int_equal(vms_read_word(mm, 0x20003000, &word), VMS_FAULT_OK);
	assert_int_equal(word, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(populating_faults_in_for_one_kind_of_access),
		ON_EVERY_ENGINE(populating_wants_the_right_itself),
		ON_EVERY_ENGINE(populating_ends_at_the_first_page_that_cannot_be_had),
		ON_EVERY_ENGINE(no_memory_ends_populating),
		ON_EVERY_ENGINE(each_kind_of_memory_takes_its_advice),
		ON_EVERY_ENGINE(dropping_locked_memory_leaves_it_locked),
		ON_EVERY_ENGINE(removing_takes_the_pages_out_of_the_file),
		ON_EVERY_ENGINE(removing_wants_a_shared_file_that_may_be_written),
		ON_EVERY_ENGINE(memory_of_a_device_is_left_alone),
		ON_EVERY_ENGINE(senseless_requests_are_refused),
		ON_EVERY_ENGINE(only_memory_of_devices_cannot_be_given_to_children_again),
		ON_EVERY_ENGINE(advice_that_changes_flags_splits),
		ON_EVERY_ENGINE(dontneed_drops_the_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
