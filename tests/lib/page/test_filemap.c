/* SPDX-License-Identifier: MIT */
/*
 * test_filemap.c - the page cache used by many threads, and the lifetimes of
 * files, of their contents and of what maps them.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/lib/page/world.h"

#include "lib/page/fault.h"
#include "lib/page/filemap.h"
#include "lib/page/i_mmap.h"
#include "lib/sync/alloc.h"
#include "lib/sync/thread_slot.h"

#define A 0x7f0000000000UL
#define THREADS 4
#define PAGES 200UL
#define FEW 3UL

/* The tear-down of tests without an mm: asserts that nothing is left. */
static int leaves_nothing(void **state)
{
	(void)state;
	return vms_leak_report(stderr) ? -1 : 0;
}

/* ---- many threads ---- */

static struct {
	struct address_space *mapping;
	pthread_barrier_t start;
	struct page *got[THREADS][PAGES];
	_Atomic bool stop;
	_Atomic unsigned long wrong, found;
} shared;

/* Each thread uses another order, so that the threads meet. */
static void *get_all(void *arg)
{
	unsigned long id = (unsigned long)arg;

	pthread_barrier_wait(&shared.start);
	for (unsigned long i = 0; i < PAGES; i++) {
		unsigned long index = id % 2 ? PAGES - 1 - i : i;

		shared.got[id][index] = vms__filemap_get(shared.mapping, index * 3);
	}
	return NULL;
}

static void run_threads(void *(*func)(void *), pthread_t *threads)
{
	pthread_barrier_init(&shared.start, NULL, THREADS + 1);
	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, func, (void *)i), 0);
	pthread_barrier_wait(&shared.start);
}

static void join_threads(pthread_t *threads)
{
	for (unsigned long i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&shared.start);
}

static void all_threads_get_the_same_pages(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	shared.mapping = vms_address_space_create(1UL << 30, 0, 0, 0, 0);
	run_threads(get_all, threads);
	join_threads(threads);
	assert_int_equal(shared.mapping->nrpages, PAGES);
	for (unsigned long i = 0; i < PAGES; i++) {
		assert_non_null(shared.got[0][i]);
		assert_int_equal(refs(shared.got[0][i]), 1 + THREADS);
		assert_int_equal(shared.got[0][i]->index, i * 3);
		for (unsigned long t = 0; t < THREADS; t++) {
			assert_ptr_equal(shared.got[t][i], shared.got[0][i]);
			vms__page_put(shared.got[t][i]);
		}
	}
	vms_address_space_put(shared.mapping);
}

/*
 * A lookup must return the page asked for: never a freed page, and never
 * another page in the same memory.
 */
static void *look_up(void *arg)
{
	unsigned long index = (unsigned long)arg;

	pthread_barrier_wait(&shared.start);
	while (!atomic_load_explicit(&shared.stop, memory_order_relaxed)) {
		struct page *page = vms__filemap_find(shared.mapping, index % FEW);

		if (page) {
			void *mapping = atomic_load(&page->mapping);

			/*
			 * NULL: the page left the cache as this thread took it.
			 */
			if (page->index != index % FEW || (mapping && mapping != shared.mapping) ||
			    vms__page_word(page) != 0)
				shared.wrong++;
			shared.found++;
			vms__page_put(page);
		}
		index++;
	}
	return NULL;
}

static void lookups_beside_truncation_find_the_page_or_nothing(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	shared.mapping = vms_address_space_create(1UL << 30, 0, 0, 0, 0);
	atomic_store(&shared.stop, false);
	run_threads(look_up, threads);
	/*
	 * Continue until the other threads have found enough pages, and at
	 * least for 5000 rounds.
	 */
	for (unsigned long round = 0; round < 5000 || atomic_load(&shared.found) < 10000; round++) {
		for (unsigned long i = 0; i < FEW; i++)
			vms__page_put(vms__filemap_get(shared.mapping, i));
		assert_int_equal(vms_file_punch_hole(shared.mapping, 0, FEW * PG), 0);
	}
	atomic_store(&shared.stop, true);
	join_threads(threads);
	assert_int_equal(shared.wrong, 0);
	assert_int_equal(shared.mapping->nrpages, 0);
	vms_address_space_put(shared.mapping);
}

static struct {
	struct address_space *mapping;
	_Atomic bool entered;
} late;

static void *find_late(void *arg)
{
	(void)arg;
	atomic_store(&late.entered, true);
	return vms__filemap_find(late.mapping, 0);
}

/*
 * Symptom: a reader takes a page whose last reference was dropped. Cause: it
 * still sees the page in the cache. The reader must look again instead. The
 * test sets the count to 0 by hand, because that moment is short.
 */
static void page_whose_last_reference_is_gone_is_not_found(void **state)
{
	struct page *page, *found;
	pthread_t thread;
	void *ret;

	(void)state;
	late.mapping = vms_address_space_create(PG, 0, 0, 0, 0);
	page = vms__filemap_get(late.mapping, 0);
	vms__page_put(page);
	atomic_store(&page->refcount, 0);
	atomic_store(&late.entered, false);
	assert_int_equal(pthread_create(&thread, NULL, find_late, NULL), 0);
	while (!atomic_load(&late.entered))
		sched_yield();
	for (int i = 0; i < 100; i++)
		sched_yield();
	assert_ptr_equal(mtree_erase(&late.mapping->i_pages, 0), page);
	pthread_join(thread, &ret);
	found = ret;
	atomic_store(&page->refcount, 1);
	vms__page_put(page);
	assert_null(found);
	vms_address_space_put(late.mapping);
}

/* ---- a file that is truncated while a fault has its page ---- */

static bool truncate_in_hook;

static vm_fault_t fault_and_truncate(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;

	vmf->page = vms__filemap_get(mapping, vmf->pgoff);
	if (truncate_in_hook)
		assert_int_equal(vms_file_truncate(mapping, 0), 0);
	return vmf->page ? 0 : VM_FAULT_SIGBUS;
}

static vm_fault_t map_around_and_truncate(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;
	struct page *pages[VMS__FAULT_AROUND] = {NULL};

	for (pgoff_t index = start; index <= end; index++)
		pages[index - start] = vms__filemap_get(mapping, index);
	assert_int_equal(vms_file_truncate(mapping, 0), 0);
	vms_map_pages(vmf, start, pages, (unsigned int)(end - start + 1));
	return 0;
}

/*
 * The page that the hook returns has left the cache when the fault is about to
 * map it. The fault must call the hook again.
 */
static void page_truncated_before_it_is_mapped_stays_away(void **state)
{
	static const struct vm_operations_struct ops = {.fault = fault_and_truncate};
	static const vm_flags_t kinds[] = {RW_SHARED, RW_PRIVATE};
	struct mm_struct *mm = *state;

	for (size_t i = 0; i < 2; i++) {
		struct file *file = world_file(4 * PG, 0);

		file->f_vm_ops = &ops;
		world_map(mm, A + i * GIB, 4, kinds[i], file, 0);
		truncate_in_hook = true;
		assert_int_equal(touch(mm, A + i * GIB, FAULT_FLAG_WRITE), VM_FAULT_SIGBUS);
		assert_int_equal(pte_at(mm, A + i * GIB), 0);
		assert_int_equal(file->f_mapping->nrpages, 0);
		fput(file);
	}
	world_expect_counts(mm, 0, 0, 0);
}

static void pages_truncated_before_they_are_mapped_around_stay_away(void **state)
{
	static const struct vm_operations_struct ops = {.fault = fault_and_truncate,
							.map_pages = map_around_and_truncate};
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);

	file->f_vm_ops = &ops;
	world_map(mm, A, 4, RW_SHARED, file, 0);
	truncate_in_hook = false;
	assert_int_equal(touch(mm, A, 0), VM_FAULT_SIGBUS);
	for (unsigned long i = 0; i < 4; i++)
		assert_int_equal(pte_at(mm, A + i * PG), 0);
	world_expect_counts(mm, 0, 0, 0);
	fput(file);
}

/* ---- lives ---- */

static void mapping_keeps_the_file_and_the_file_its_contents(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct vm_area_struct *vma = world_map(mm, A, 4, RW_SHARED, file, 0);

	fput(file);
	world_write(mm, A, 1);
	assert_int_equal(world_read(mm, A), 1);
	vma_unmap(vma);
}

static void contents_outlive_each_opening(void **state)
{
	struct mm_struct *mm = *state;
	struct file *first = world_file(4 * PG, 0), *second;
	struct vm_area_struct *vma = world_map(mm, A, 4, RW_SHARED, first, 0);

	world_write(mm, A, 7);
	second = vms_file_open(first->f_mapping, "/tmp/file", FMODE_READ);
	assert_non_null(second);
	vma_unmap(vma);
	fput(first);
	world_map(mm, A, 4, RW_PRIVATE, second, 0);
	assert_int_equal(world_read(mm, A), 7);
	assert_string_equal(second->f_path, "/tmp/file");
	fput(second);
}

static bool is_linked(const struct vm_area_struct *vma)
{
	bool linked;

	mmap_write_lock(vma_mm(vma));
	linked = vms__vma_file_linked(vma);
	mmap_write_unlock(vma_mm(vma));
	return linked;
}

static void vma_is_found_through_its_file_while_it_is_linked(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(64 * PG, 0);
	struct vm_area_struct *first = world_map(mm, A, 8, RW_SHARED, file, 0),
			      *overlap = world_map(mm, A + GIB, 8, RW_SHARED, file, 4),
			      *upper = vma_split(first, A + 4 * PG);

	assert_true(is_linked(first));
	assert_true(is_linked(overlap));
	assert_true(is_linked(upper));
	mmap_write_lock(mm);
	vms__vma_unlink_file(overlap);
	assert_false(vms__vma_file_linked(overlap));
	assert_true(vms__vma_file_linked(upper));
	vms__vma_link_file(overlap);
	mmap_write_unlock(mm);
	vma_unmap(first);
	vma_unmap(upper);
	vma_unmap(overlap);
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++)
		assert_true(RB_EMPTY_ROOT(&file->f_mapping->i_mmap[i].tree));
	fput(file);
}

/* ---- the parts of i_mmap ---- */

/*
 * Links the VMA as if it had been mapped by a thread of that part. The caller
 * must hold mmap_lock for writing.
 */
static void move_to_part(struct vm_area_struct *vma, unsigned char part)
{
	vms__vma_unlink_file(vma);
	vma->vm_i_mmap = part;
	vms__vma_link_file(vma);
}

static int count_vma(struct vm_area_struct *vma, void *arg)
{
	(void)vma;
	++*(unsigned int *)arg;
	return 0;
}

static unsigned int vmas_of(struct file *file, pgoff_t first, pgoff_t last)
{
	unsigned int nr = 0;

	vms__i_mmap_walk(file->f_mapping, first, last, count_vma, &nr);
	return nr;
}

static void walk_meets_the_vmas_of_all_parts(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(64 * PG, 0);
	struct vm_area_struct *vma[VMS_I_MMAP_PARTS];

	for (unsigned char i = 0; i < VMS_I_MMAP_PARTS; i++) {
		vma[i] = world_map(mm, A + i * GIB, 8, RW_SHARED, file, 0);
		mmap_write_lock(mm);
		move_to_part(vma[i], i);
		assert_true(vms__vma_file_linked(vma[i]));
		mmap_write_unlock(mm);
		assert_int_equal(vmas_of(file, 0, 7), i + 1);
		assert_false(RB_EMPTY_ROOT(&file->f_mapping->i_mmap[i].tree));
	}
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++)
		vma_unmap(vma[i]);
	assert_int_equal(vmas_of(file, 0, 63), 0);
	fput(file);
}

static void *own_part(void *part)
{
	vms__thread_slot();
	*(unsigned char *)part = vms__i_mmap_own_part();
	return NULL;
}

/* Otherwise two threads would share the cache lines of one part. */
static void two_threads_have_different_parts(void **state)
{
	unsigned char ours, theirs;
	pthread_t thread;

	(void)state;
	own_part(&ours);
	theirs = ours;
	assert_int_equal(pthread_create(&thread, NULL, own_part, &theirs), 0);
	pthread_join(thread, NULL);
	assert_int_not_equal(ours, theirs);
}

static bool part_is_locked(struct file *file, unsigned int part)
{
	return rwsem_is_write_locked(&file->f_mapping->i_mmap[part].rwsem);
}

/*
 * The parts of i_mmap before and after; low takes over a page of lower, and
 * lower takes over a part of upper:
 *
 *   | lower | upper |   ->   | low |  lower  |  upper  |
 *      1        3             (2)     1          3
 */
static void vmas_of_several_parts_change_in_one_step(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(64 * PG, 0);
	struct vm_area_struct *lower = world_map(mm, A, 8, RW_SHARED, file, 0),
			      *upper = world_map(mm, A + 8 * PG, 8, RW_SHARED, file, 8),
			      *low = world_map(mm, A + GIB, 2, RW_SHARED, file, 0);
	struct vms__rmap_change change = {.vma = {lower, upper}};

	mmap_write_lock(mm);
	move_to_part(lower, 1);
	move_to_part(upper, 3);
	vms__vma_unlink_file(low);
	low->vm_i_mmap = 2;
	vma_start_write(lower);
	vma_start_write(upper);
	vms__rmap_change_begin(&change);
	assert_true(part_is_locked(file, 1));
	assert_true(part_is_locked(file, 3));
	assert_false(part_is_locked(file, 0));
	assert_false(part_is_locked(file, 2));
	change.vma[2] = low;
	vms__rmap_change_end(&change);
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++)
		assert_false(part_is_locked(file, i));
	assert_true(vms__vma_file_linked(low));
	assert_true(vms__vma_file_linked(lower));
	assert_true(vms__vma_file_linked(upper));
	assert_int_equal(low->vm_i_mmap, 1);
	mmap_write_unlock(mm);
	assert_int_equal(vmas_of(file, 0, 15), 3);
	vma_unmap(low);
	vma_unmap(lower);
	vma_unmap(upper);
	fput(file);
}

static void creation_without_memory_leaves_nothing(void **state)
{
	struct address_space *mapping = vms_address_space_create(PG, 0, 0, 0, 0);

	(void)state;
	assert_non_null(mapping);
	vms__alloc_fail_nth(1);
	assert_null(vms_address_space_create(PG, 0, 0, 0, 0));
	for (long n = 1; n <= 2; n++) {
		vms__alloc_fail_nth(n);
		assert_null(vms_file_open(mapping, "/x", FMODE_READ));
	}
	vms__alloc_fail_nth(1);
	assert_null(vms__filemap_get(mapping, 0));
	vms__alloc_fail_nth(0);
	assert_int_equal(mapping->nrpages, 0);
	vms_address_space_put(mapping);
}

static void embedders_page_lives_as_long_as_its_references(void **state)
{
	struct page *page = vms_page_alloc(5);

	(void)state;
	assert_non_null(page);
	assert_ptr_equal(vms_page_get(page), page);
	vms_page_put(page);
	assert_int_equal(vms_page_word(page), 5);
	vms_page_set_word(page, 6);
	assert_int_equal(vms_page_word(page), 6);
	vms_page_put(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_threads_get_the_same_pages, leaves_nothing),
		cmocka_unit_test_teardown(lookups_beside_truncation_find_the_page_or_nothing,
					  leaves_nothing),
		cmocka_unit_test_teardown(page_whose_last_reference_is_gone_is_not_found,
					  leaves_nothing),
		ON_BOTH_LOCKS(page_truncated_before_it_is_mapped_stays_away),
		ON_BOTH_LOCKS(pages_truncated_before_they_are_mapped_around_stay_away),
		ON_BOTH_LOCKS(mapping_keeps_the_file_and_the_file_its_contents),
		ON_BOTH_LOCKS(contents_outlive_each_opening),
		ON_BOTH_LOCKS(vma_is_found_through_its_file_while_it_is_linked),
		ON_BOTH_LOCKS(walk_meets_the_vmas_of_all_parts),
		cmocka_unit_test(two_threads_have_different_parts),
		ON_BOTH_LOCKS(vmas_of_several_parts_change_in_one_step),
		cmocka_unit_test_teardown(creation_without_memory_leaves_nothing, leaves_nothing),
		cmocka_unit_test_teardown(embedders_page_lives_as_long_as_its_references,
					  leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
