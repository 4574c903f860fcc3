/* SPDX-License-Identifier: MIT */
/*
 * test_handle_fault.c - what handle_mm_fault() installs for each kind of memory
 * and access, and how it is counted. One thread; test_race.c tests the races.
 */
#include <pthread.h>
#include <time.h>

#include "tests/lib/page/world.h"

#include "lib/page/fault.h"
#include "lib/page/filemap.h"
#include "lib/sync/alloc.h"

#define A 0x7f0000000000UL

/* ---- anonymous memory ---- */

static void anonymous_read_maps_the_zero_page_which_no_count_includes(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 4);
	assert_int_equal(world_read(mm, A), 0);
	assert_int_equal(pte_at(mm, A), VMS__PTE_ZERO_PAGE);
	assert_null(vma_anon_vma(vma_at(mm, A)));
	world_expect_counts(mm, 0, 0, 0);
}

static void anonymous_write_maps_a_page_of_its_own(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 4);
	world_write(mm, A + PG, 77);
	assert_int_equal(world_read(mm, A + PG), 77);
	assert_int_equal(world_read(mm, A), 0);
	assert_int_equal(refs(page_at(mm, A + PG)), 1);
	assert_non_null(vma_anon_vma(vma_at(mm, A)));
	world_expect_counts(mm, 1, 0, 0);
}

static void write_after_read_replaces_the_zero_page(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 1);
	assert_int_equal(world_read(mm, A), 0);
	world_write(mm, A, 5);
	assert_int_equal(world_read(mm, A), 5);
	world_expect_counts(mm, 1, 0, 0);
}

static void zap_forgets_what_was_written(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 600);
	for (unsigned long i = 0; i < 600; i++)
		world_write(mm, A + i * PG, i + 1);
	world_expect_counts(mm, 600, 0, 0);
	zap(mm, A + PG, A + 599 * PG);
	world_expect_counts(mm, 2, 0, 0);
	assert_int_equal(world_read(mm, A), 1);
	assert_int_equal(world_read(mm, A + PG), 0);
	assert_int_equal(world_read(mm, A + 598 * PG), 0);
	assert_int_equal(world_read(mm, A + 599 * PG), 600);
}

static void page_of_one_owner_is_reused_when_it_becomes_writable_again(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma = world_map_anon(mm, A, 1);
	struct page *page;

	world_write(mm, A, 9);
	page = page_at(mm, A);
	vma_protect(vma, false);
	assert_false(pte_at(mm, A) & VMS__PTE_WRITE);
	assert_int_equal(world_read(mm, A), 9);
	vma_protect(vma, true);
	world_write(mm, A, 10);
	assert_ptr_equal(page_at(mm, A), page);
	world_expect_counts(mm, 1, 0, 0);
}

static void huge_page_advice_makes_a_first_read_prepare_an_anon_vma(void **state)
{
	struct mm_struct *mm = *state;
	unsigned long block = A + MIB2;
	struct vm_area_struct *vma =
		world_map(mm, block - PG, 2 * 512UL, RW_PRIVATE | VM_HUGEPAGE, NULL, 0);

	/*
	 * The VMA covers neither the first block nor the last one completely.
	 */
	assert_int_equal(world_read(mm, block - PG), 0);
	assert_null(vma_anon_vma(vma));
	assert_int_equal(world_read(mm, block + MIB2), 0);
	assert_null(vma_anon_vma(vma));
	/* The VMA covers this block. */
	assert_int_equal(world_read(mm, block + 5 * PG), 0);
	assert_non_null(vma_anon_vma(vma));
	world_expect_counts(mm, 0, 0, 0);
}

static void huge_page_advice_does_not_matter_where_a_page_table_is(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma = world_map_anon(mm, A, 512);

	assert_int_equal(world_read(mm, A), 0);
	mmap_write_lock(mm);
	vma_start_write(vma);
	vma->vm_flags |= VM_HUGEPAGE;
	mmap_write_unlock(mm);
	assert_int_equal(world_read(mm, A + 9 * PG), 0);
	assert_null(vma_anon_vma(vma));
}

/* ---- the lock that a fault holds ---- */

static struct vm_area_struct *read_locked(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);

	assert_non_null(vma);
	return vma;
}

static void first_anon_vma_is_made_under_the_vma_lock_if_mmap_lock_is_free(void **state) VMS_NO_TSA
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma;
	vm_fault_t ret;

	world_map_anon(mm, A, 4);
	vma = read_locked(mm, A);
	ret = handle_mm_fault(vma, A + PG, FAULT_FLAG_WRITE | FAULT_FLAG_VMA_LOCK);
	vma_end_read(vma);
	assert_int_equal(ret, 0);
	assert_non_null(vma_anon_vma(vma));
	world_expect_counts(mm, 1, 0, 0);
	/* The fault must have released mmap_lock. */
	assert_true(mmap_write_trylock(mm));
	mmap_write_unlock(mm);
}

/*
 * Symptom: the fault never returns. Cause: it waits for mmap_lock, which this
 * thread holds for writing.
 */
static void
first_anon_vma_is_refused_under_the_vma_lock_if_mmap_lock_is_taken(void **state) VMS_NO_TSA
{
	static const struct {
		vm_flags_t flags;
		bool file, read_before;
	} cases[] = {{RW_PRIVATE, false, false},
		     {RW_PRIVATE, false, true},
		     {RW_PRIVATE, true, false},
		     {RW_PRIVATE, true, true}};
	struct mm_struct *mm = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file *file = cases[i].file ? world_file(4 * PG, 0) : NULL;
		struct vm_area_struct *vma;
		unsigned long before;
		vm_fault_t ret;

		world_map(mm, A, 4, cases[i].flags, file, 0);
		if (cases[i].read_before)
			assert_int_equal(world_read(mm, A + PG), 0);
		before = pte_at(mm, A + PG);
		vma = read_locked(mm, A);
		assert_true(mmap_write_trylock(mm));
		ret = handle_mm_fault(vma, A + PG, FAULT_FLAG_WRITE | FAULT_FLAG_VMA_LOCK);
		mmap_write_unlock(mm);
		vma_end_read(vma);
		assert_int_equal(ret, VM_FAULT_RETRY);
		assert_int_equal(pte_at(mm, A + PG), before);
		assert_null(vma_anon_vma(vma));
		vma_unmap(vma);
		if (file)
			fput(file);
	}
}

static void *touch_write(void *mm)
{
	return (void *)(uintptr_t)touch(mm, A, FAULT_FLAG_WRITE);
}

/*
 * Symptom: the join runs into its (generous) limit. Cause: the fault takes the
 * leaf's lock, which this thread holds.
 */
static void fault_on_what_is_present_takes_no_page_table_lock(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable *leaf;
	struct timespec limit;
	pthread_t thread;
	void *ret;
	int err;

	world_map_anon(mm, A, 1);
	world_write(mm, A, 3);
	leaf = vms__leaf_find(mm, A);
	vms__ptable_lock(leaf);
	assert_int_equal(pthread_create(&thread, NULL, touch_write, mm), 0);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 30;
	err = pthread_timedjoin_np(thread, &ret, &limit);
	vms__ptable_unlock(leaf);
	if (err)
		pthread_join(thread, &ret);
	assert_int_equal(err, 0);
	assert_null(ret);
}

/* ---- files ---- */

static void private_file_reads_the_cache_and_writes_to_a_copy(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct page *cached = vms__filemap_get(file->f_mapping, 1);

	vms__page_set_word(cached, 11);
	world_map(mm, A, 4, RW_PRIVATE, file, 0);
	assert_int_equal(world_read(mm, A + PG), 11);
	assert_ptr_equal(page_at(mm, A + PG), cached);
	assert_false(pte_at(mm, A + PG) & VMS__PTE_WRITE);
	assert_null(vma_anon_vma(vma_at(mm, A)));
	world_expect_counts(mm, 0, 1, 0);

	world_write(mm, A + PG, 12);
	assert_int_equal(vms__page_word(cached), 11);
	assert_int_equal(world_read(mm, A + PG), 12);
	assert_int_equal(refs(cached), 2); /* the cache's, and ours */
	world_expect_counts(mm, 1, 0, 0);

	world_write(mm, A + 2 * PG, 13); /* written without a read before */
	assert_int_equal(file->f_mapping->nrpages, 2);
	world_expect_counts(mm, 2, 0, 0);

	zap(mm, A, A + 4 * PG);
	assert_int_equal(world_read(mm, A + PG), 11);
	vms__page_put(cached);
	fput(file);
}

static void private_copy_takes_over_the_content_of_an_unread_page(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PG, 0);
	struct page *cached = vms__filemap_get(file->f_mapping, 0);

	vms__page_set_word(cached, 11);
	world_map(mm, A, 1, RW_PRIVATE, file, 0);
	assert_int_equal(touch(mm, A, FAULT_FLAG_WRITE), 0);
	assert_int_equal(world_read(mm, A), 11);
	assert_ptr_not_equal(page_at(mm, A), cached);
	vms__page_put(cached);
	fput(file);
}

static void shared_file_is_one_memory_in_all_mappings(void **state)
{
	struct mm_struct *mm = *state, *other = mm_new(mm->engine->name);
	struct file *file = world_file(4 * PG, 0);

	world_map(mm, A, 4, RW_SHARED, file, 0);
	world_map(other, A + GIB, 2, RW_SHARED, file, 1);
	world_write(mm, A + PG, 21);
	assert_int_equal(world_read(other, A + GIB), 21);
	world_write(other, A + GIB, 22);
	assert_int_equal(world_read(mm, A + PG), 22);
	assert_int_equal(refs(page_at(mm, A + PG)), 3);
	assert_null(vma_anon_vma(vma_at(mm, A)));
	world_expect_counts(mm, 0, 1, 0);
	world_expect_counts(other, 0, 1, 0);
	mm_destroy(other);
	assert_int_equal(refs(page_at(mm, A + PG)), 2);
	fput(file);
}

static void shared_memory_has_a_counter_of_its_own(void **state)
{
	struct mm_struct *mm = *state;
	struct file *shm = world_file(4 * PG, VMS_AS_SHMEM);

	world_map(mm, A, 4, RW_SHARED, shm, 0);
	world_write(mm, A, 1);
	assert_int_equal(world_read(mm, A + PG), 0);
	world_expect_counts(mm, 0, 0, 2);
	zap(mm, A, A + PG);
	world_expect_counts(mm, 0, 0, 1);
	assert_int_equal(world_read(mm, A), 1);
	fput(shm);
}

static void private_mapping_of_dev_zero_is_anonymous(void **state)
{
	struct mm_struct *mm = *state;
	struct file *zero = world_file(0, VMS_AS_ZERO_DEV);

	world_map(mm, A, 4, RW_PRIVATE, zero, 0);
	assert_int_equal(world_read(mm, A), 0);
	assert_int_equal(pte_at(mm, A), VMS__PTE_ZERO_PAGE);
	world_write(mm, A + PG, 1);
	assert_int_equal(zero->f_mapping->nrpages, 0);
	world_expect_counts(mm, 1, 0, 0);
	fput(zero);
}

static void touch_beyond_the_end_of_the_file_is_sigbus(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PG + 1, 0);
	struct vm_area_struct *vma = world_map(mm, A, 4, RW_SHARED, file, 0);

	assert_int_equal(world_read(mm, A + PG), 0); /* the page with the end of the file */
	assert_int_equal(touch(mm, A + 2 * PG, 0), VM_FAULT_SIGBUS);
	assert_int_equal(touch(mm, A + 2 * PG, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	assert_null(vma_anon_vma(vma));
	world_expect_counts(mm, 0, 1, 0);
	atomic_store(&file->f_mapping->i_size, 3 * PG);
	assert_int_equal(touch(mm, A + 2 * PG, 0), 0);
	fput(file);
}

static void private_write_beyond_the_end_still_prepares_an_anon_vma(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PG, 0);
	struct vm_area_struct *vma = world_map(mm, A, 4, RW_PRIVATE, file, 0);

	assert_int_equal(touch(mm, A + 2 * PG, 0), VM_FAULT_SIGBUS);
	assert_null(vma_anon_vma(vma));
	assert_int_equal(touch(mm, A + 2 * PG, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	assert_non_null(vma_anon_vma(vma));
	world_expect_counts(mm, 0, 0, 0);
	fput(file);
}

static void read_fault_maps_the_cached_pages_around_it(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(64 * PG, 0);
	/*
	 * Page 3 of the file is at A + PG. The block of 16 pages at A begins
	 * below the VMA, so that the fault maps the 16 pages from the VMA's
	 * beginning on.
	 */
	struct vm_area_struct *vma = world_map(mm, A + PG, 40, RW_PRIVATE, file, 3);

	for (pgoff_t index = 0; index < 64; index++)
		if (index != 7)
			vms__page_put(vms__filemap_get(file->f_mapping, index));
	assert_int_equal(world_read(mm, A + 9 * PG), 0);
	for (unsigned long i = 1; i <= VMS__FAULT_AROUND; i++)
		assert_true(i == 5 ? !pte_at(mm, A + i * PG)
				   : page_at(mm, A + i * PG)->index == i + 2);
	assert_int_equal(pte_at(mm, A), 0);
	assert_int_equal(pte_at(mm, A + 17 * PG), 0);
	assert_int_equal(file->f_mapping->nrpages, 63);
	assert_null(vma_anon_vma(vma));
	world_expect_counts(mm, 0, 15, 0);
	fput(file);
}

static void pages_beyond_the_end_are_not_mapped_around_a_fault(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(8 * PG, 0);

	for (pgoff_t index = 0; index < 8; index++)
		vms__page_put(vms__filemap_get(file->f_mapping, index));
	atomic_store(&file->f_mapping->i_size, 4 * PG);
	world_map(mm, A, 16, RW_SHARED, file, 0);
	assert_int_equal(world_read(mm, A + PG), 0);
	world_expect_counts(mm, 0, 4, 0);
	fput(file);
}

/* ---- hooks ---- */

static struct {
	struct page *page;
	vm_fault_t fault_answer, mkwrite_answer;
	int faults, mkwrites;
} hook;

static vm_fault_t hook_fault(struct vm_fault *vmf)
{
	hook.faults++;
	if (hook.fault_answer)
		return hook.fault_answer;
	vmf->page = hook.page ? vms_page_get(hook.page) : NULL;
	return 0;
}

static vm_fault_t hook_mkwrite(struct vm_fault *vmf)
{
	hook.mkwrites++;
	return vmf->page == hook.page ? hook.mkwrite_answer : VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct hooks = {.fault = hook_fault,
						  .page_mkwrite = hook_mkwrite};
static const struct vm_operations_struct no_hooks = {.name = NULL};

static struct vm_area_struct *map_hooked(struct mm_struct *mm, vm_flags_t flags)
{
	struct vm_area_struct *vma = world_map(mm, A, 1, flags, NULL, 0);

	memset(&hook, 0, sizeof(hook));
	hook.page = vms_page_alloc(31);
	assert_non_null(hook.page);
	vma->vm_ops = &hooks;
	return vma;
}

static void page_mkwrite_hears_of_the_first_write_only(void **state)
{
	struct mm_struct *mm = *state;

	map_hooked(mm, RW_SHARED);
	assert_int_equal(world_read(mm, A), 31);
	assert_false(pte_at(mm, A) & VMS__PTE_WRITE);
	assert_int_equal(hook.mkwrites, 0);
	world_write(mm, A, 32);
	world_write(mm, A, 33);
	assert_int_equal(hook.mkwrites, 1);
	assert_int_equal(vms_page_word(hook.page), 33);
	zap(mm, A, A + PG);
	world_write(mm, A, 34); /* into an empty entry */
	assert_int_equal(hook.mkwrites, 2);
	assert_int_equal(vms_page_word(hook.page), 34);
	world_expect_counts(mm, 0, 1, 0);
	vms_page_put(hook.page);
}

static void page_mkwrite_may_refuse(void **state)
{
	struct mm_struct *mm = *state;

	map_hooked(mm, RW_SHARED);
	hook.mkwrite_answer = VM_FAULT_SIGBUS;
	assert_int_equal(touch(mm, A, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	assert_int_equal(pte_at(mm, A), 0);
	assert_int_equal(refs(hook.page), 1);
	assert_int_equal(world_read(mm, A), 31);
	assert_int_equal(touch(mm, A, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
	assert_false(pte_at(mm, A) & VMS__PTE_WRITE);
	assert_int_equal(refs(hook.page), 2);
	vms_page_put(hook.page);
}

static void errors_of_the_fault_hook_reach_the_caller(void **state)
{
	struct mm_struct *mm = *state;

	map_hooked(mm, RW_PRIVATE);
	hook.fault_answer = VM_FAULT_SIGBUS;
	assert_int_equal(touch(mm, A, 0), VM_FAULT_SIGBUS);
	hook.fault_answer = VM_FAULT_OOM;
	assert_int_equal(touch(mm, A, FAULT_FLAG_WRITE), VM_FAULT_OOM);
	/* As on Linux, the anon_vma is made before the hook is called. */
	assert_non_null(vma_anon_vma(vma_at(mm, A)));
	hook.fault_answer = VM_FAULT_MAJOR; /* a page, and a note that it was slow */
	vms_page_put(hook.page);
	hook.page = NULL;
	assert_int_equal(touch(mm, A, 0), VM_FAULT_SIGBUS);
	assert_int_equal(count(mm, MM_PGTABLES), 0);
}

static void mapping_without_a_fault_hook_is_sigbus(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 1)->vm_ops = &no_hooks;
	assert_int_equal(touch(mm, A, 0), VM_FAULT_SIGBUS);
	assert_int_equal(touch(mm, A, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
}

/* ---- no memory ---- */

struct snapshot {
	long anon, file, shmem, tables;
	unsigned long pte;
	struct anon_vma *anon_vma;
};

static struct snapshot take(struct mm_struct *mm)
{
	return (struct snapshot){
		count(mm, MM_ANONPAGES), count(mm, MM_FILEPAGES), count(mm, MM_SHMEMPAGES),
		count(mm, MM_PGTABLES),  pte_at(mm, A),           vma_anon_vma(vma_at(mm, A))};
}

/*
 * Lets the fault's 1st, 2nd, ... allocation fail until the fault succeeds. Each
 * failure must leave everything unchanged.
 */
static void sweep(struct mm_struct *mm, unsigned int flags)
{
	struct snapshot before = take(mm), after;

	for (long n = 1;; n++) {
		vm_fault_t ret;

		vms__alloc_fail_nth(n);
		ret = touch(mm, A, flags);
		vms__alloc_fail_nth(0);
		if (vms__alloc_count() < n) {
			assert_int_equal(ret, 0);
			/* At least one allocation failed. */
			assert_true(n > 1);
			break;
		}
		assert_int_equal(ret, VM_FAULT_OOM);
		after = take(mm);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(validate(mm, stderr), 0);
	}
	assert_true(pte_at(mm, A) & (flags & FAULT_FLAG_WRITE ? VMS__PTE_WRITE : VMS__PTE_PRESENT));
	assert_int_equal(validate(mm, stderr), 0);
}

static void fault_without_memory_changes_nothing(void **state)
{
	static const struct {
		vm_flags_t flags;
		bool file, read_before;
		unsigned int access;
	} cases[] = {
		{RW_PRIVATE, false, false, 0},
		{RW_PRIVATE, false, false, FAULT_FLAG_WRITE},
		{RW_PRIVATE, false, true, FAULT_FLAG_WRITE},
		{RW_PRIVATE | VM_HUGEPAGE, false, false, 0},
		{RW_PRIVATE, true, false, 0},
		{RW_PRIVATE, true, false, FAULT_FLAG_WRITE},
		{RW_PRIVATE, true, true, FAULT_FLAG_WRITE},
		{RW_SHARED, true, false, FAULT_FLAG_WRITE},
	};
	struct mm_struct *mm = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file *file = cases[i].file ? world_file(PG, 0) : NULL;
		struct vm_area_struct *vma = world_map(mm, A, 512, cases[i].flags, file, 0);

		if (cases[i].read_before)
			assert_int_equal(world_read(mm, A), 0);
		sweep(mm, cases[i].access);
		vma_unmap(vma);
		if (file)
			fput(file);
	}
}

/* An embedder may insert a VMA that mmap(2) would never make. */
static void shared_vma_without_an_owner_is_private_memory(void **state)
{
	struct mm_struct *mm = *state, *child;

	world_map(mm, A, 1, RW_SHARED, NULL, 0);
	assert_int_equal(world_read(mm, A), 0);
	world_write(mm, A, 1);
	child = mm_fork(mm);
	world_write(child, A, 2);
	assert_int_equal(world_read(mm, A), 1);
	world_expect_counts(child, 1, 0, 0);
	mm_destroy(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(anonymous_read_maps_the_zero_page_which_no_count_includes),
		ON_BOTH_LOCKS(anonymous_write_maps_a_page_of_its_own),
		ON_BOTH_LOCKS(write_after_read_replaces_the_zero_page),
		ON_BOTH_LOCKS(zap_forgets_what_was_written),
		ON_BOTH_LOCKS(page_of_one_owner_is_reused_when_it_becomes_writable_again),
		ON_BOTH_LOCKS(huge_page_advice_makes_a_first_read_prepare_an_anon_vma),
		ON_BOTH_LOCKS(huge_page_advice_does_not_matter_where_a_page_table_is),
		ON_VMA_LOCK(first_anon_vma_is_made_under_the_vma_lock_if_mmap_lock_is_free),
		ON_VMA_LOCK(first_anon_vma_is_refused_under_the_vma_lock_if_mmap_lock_is_taken),
		ON_BOTH_LOCKS(fault_on_what_is_present_takes_no_page_table_lock),
		ON_BOTH_LOCKS(private_file_reads_the_cache_and_writes_to_a_copy),
		ON_BOTH_LOCKS(private_copy_takes_over_the_content_of_an_unread_page),
		ON_BOTH_LOCKS(shared_file_is_one_memory_in_all_mappings),
		ON_BOTH_LOCKS(shared_memory_has_a_counter_of_its_own),
		ON_BOTH_LOCKS(private_mapping_of_dev_zero_is_anonymous),
		ON_BOTH_LOCKS(touch_beyond_the_end_of_the_file_is_sigbus),
		ON_BOTH_LOCKS(private_write_beyond_the_end_still_prepares_an_anon_vma),
		ON_BOTH_LOCKS(read_fault_maps_the_cached_pages_around_it),
		ON_BOTH_LOCKS(pages_beyond_the_end_are_not_mapped_around_a_fault),
		ON_BOTH_LOCKS(page_mkwrite_hears_of_the_first_write_only),
		ON_BOTH_LOCKS(page_mkwrite_may_refuse),
		ON_BOTH_LOCKS(errors_of_the_fault_hook_reach_the_caller),
		ON_BOTH_LOCKS(mapping_without_a_fault_hook_is_sigbus),
		ON_BOTH_LOCKS(shared_vma_without_an_owner_is_private_memory),
		ON_BOTH_LOCKS(fault_without_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
