/* SPDX-License-Identifier: MIT */
/*
 * test_truncate.c - truncations and holes that are stopped half-way, and what
 * other threads can do to the file meanwhile.
 *
 * A truncation unmaps the pages from one VMA after the other, each under the
 * lock of its page table. The test holds that lock of one VMA, which stops the
 * truncation there for as long as the test wants. A second thread then tries
 * what must not happen meanwhile. Either it succeeds, or it waits in the queue
 * of invalidate_lock. The test checks for both, and needs no clock to tell them
 * apart.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/lib/page/world.h"

#include "lib/page/filemap.h"

#define FIRST 0x7f0000000000UL /* is unmapped first */
#define SECOND (FIRST + GIB)   /* has a page table of its own */
#define OTHER (FIRST + 2 * GIB)

struct second {
	pthread_t thread;
	struct mm_struct *mm;
	struct file *file;
	unsigned long addr, word;
	vm_fault_t ret;
	int err;
	bool overlapped; /* it succeeded while the first thread was stopped */
	_Atomic bool done;
};

static void *truncate_to_nothing(void *file)
{
	return (void *)(intptr_t)vms_file_truncate(((struct file *)file)->f_mapping, 0);
}

static void *punch_the_first_page(void *file)
{
	return (void *)(intptr_t)vms_file_punch_hole(((struct file *)file)->f_mapping, 0, PG);
}

static void *grow(void *arg)
{
	struct second *s = arg;

	s->err = vms_file_truncate(s->file->f_mapping, 4 * PG);
	atomic_store(&s->done, true);
	return NULL;
}

static void *read_first(void *arg)
{
	struct second *s = arg;

	s->ret = read_word(s->mm, s->addr, &s->word);
	atomic_store(&s->done, true);
	return NULL;
}

/*
 * Starts the thread. Returns when it has ended or waits for the first thread.
 */
static void try_second(struct second *s, void *(*func)(void *))
{
	struct rw_semaphore *lock = &s->file->f_mapping->invalidate_lock;

	assert_int_equal(pthread_create(&s->thread, NULL, func, s), 0);
	while (!atomic_load(&s->done) && !rwsem_is_contended(lock))
		sched_yield();
	s->overlapped = atomic_load(&s->done);
}

static void join_first(pthread_t thread)
{
	void *ret;

	pthread_join(thread, &ret);
	assert_null(ret);
}

/*
 * Takes the lock of the page table at @addr, which keeps a truncation from
 * unmapping the page there.
 */
static struct vms__ptable *stop_at(struct mm_struct *mm, unsigned long addr)
{
	struct vms__ptable *leaf = vms__leaf_find(mm, addr);

	assert_non_null(leaf);
	vms__spin_lock(&leaf->lock);
	return leaf;
}

/*
 * Symptom: data written to a private copy is lost after ftruncate(2) has
 * extended the file. Cause: an earlier truncation to a smaller size had set the
 * size, but not yet unmapped the pages.
 */
static void private_copies_outlive_a_truncation_that_came_before_the_file_grew(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct second s = {.mm = mm, .file = file};
	struct vms__ptable *leaf;
	pthread_t first;

	world_map(mm, FIRST, 4, RW_SHARED, file, 0);
	world_map(mm, SECOND, 4, RW_PRIVATE, file, 0);
	world_write(mm, FIRST, 1);
	world_write(mm, SECOND, 2);
	leaf = stop_at(mm, FIRST);
	assert_int_equal(pthread_create(&first, NULL, truncate_to_nothing, file), 0);
	while (atomic_load(&file->f_mapping->i_size) != 0)
		sched_yield();
	try_second(&s, grow);
	if (s.overlapped)
		zap(mm, SECOND, SECOND + PG), world_write(mm, SECOND, 3);
	vms__spin_unlock(&leaf->lock);
	join_first(first);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.err, 0);
	assert_int_equal(atomic_load(&file->f_mapping->i_size), 4 * PG);
	if (!s.overlapped)
		world_write(mm, SECOND, 3);
	assert_int_equal(world_read(mm, SECOND), 3);
	assert_int_equal(world_read(mm, FIRST), 0);
	fput(file);
}

/*
 * A truncation waits for a hole, and a hole for a truncation, for the same
 * reason.
 */
static void truncation_waits_for_a_hole(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct second s = {.mm = mm, .file = file};
	struct vms__ptable *leaf;
	pthread_t first;

	world_map(mm, FIRST, 4, RW_SHARED, file, 0);
	world_write(mm, FIRST, 1);
	world_write(mm, FIRST + PG, 2);
	leaf = stop_at(mm, FIRST);
	assert_int_equal(pthread_create(&first, NULL, punch_the_first_page, file), 0);
	while (atomic_load(&file->f_mapping->nrpages) != 1)
		sched_yield();
	try_second(&s, grow);
	vms__spin_unlock(&leaf->lock);
	join_first(first);
	pthread_join(s.thread, NULL);
	assert_false(s.overlapped);
	assert_int_equal(world_read(mm, FIRST), 0);
	assert_int_equal(world_read(mm, FIRST + PG), 2);
	fput(file);
}

/*
 * Symptom: two shared mappings of a file show different words, and a write to
 * one is not seen in the other. Cause: a page had left the cache, and one
 * mapping got a new page while the other still had the old one.
 */
static void page_of_a_hole_comes_back_only_when_every_mapping_has_lost_it(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct second s = {.mm = mm, .file = file, .addr = FIRST, .word = ~0UL};
	struct vms__ptable *leaf;
	pthread_t first;

	world_map(mm, FIRST, 4, RW_SHARED, file, 0);
	world_map(mm, SECOND, 4, RW_SHARED, file, 0);
	world_write(mm, FIRST, 1);
	assert_int_equal(world_read(mm, SECOND), 1);
	leaf = stop_at(mm, SECOND);
	assert_int_equal(pthread_create(&first, NULL, punch_the_first_page, file), 0);
	while (vms__pte_load(vms__leaf_find(mm, FIRST), 0))
		sched_yield();
	try_second(&s, read_first);
	/* The old page is still mapped here. */
	assert_int_equal(vms__page_word(vms__pte_page(vms__pte_load(leaf, 0))), 1);
	vms__spin_unlock(&leaf->lock);
	join_first(first);
	pthread_join(s.thread, NULL);
	assert_false(s.overlapped);
	assert_int_equal(s.ret, 0);
	assert_int_equal(s.word, 0);
	assert_ptr_equal(page_at(mm, FIRST), vms__filemap_find(file->f_mapping, 0));
	vms__page_put(page_at(mm, FIRST));
	world_write(mm, FIRST, 5);
	assert_int_equal(world_read(mm, SECOND), 5);
	fput(file);
}

/* A fault on a page outside the hole has no reason to wait. */
static void faults_beside_the_hole_go_on(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct vms__ptable *leaf;
	pthread_t first;

	world_map(mm, FIRST, 4, RW_SHARED, file, 0);
	world_map(mm, OTHER, 4, RW_SHARED, file, 0);
	world_write(mm, FIRST, 1);
	leaf = stop_at(mm, FIRST);
	assert_int_equal(pthread_create(&first, NULL, punch_the_first_page, file), 0);
	while (atomic_load(&file->f_mapping->nrpages) != 0)
		sched_yield();
	world_write(mm, OTHER + PG, 2);
	assert_int_equal(world_read(mm, OTHER + PG), 2);
	vms__spin_unlock(&leaf->lock);
	join_first(first);
	fput(file);
}

/*
 * The validator must report a page that left the cache and is still mapped, but
 * not a page that a hole is about to unmap.
 */
static void validator_tells_a_page_that_is_left_behind_from_one_on_its_way_out(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(4 * PG, 0);
	struct address_space *mapping = file->f_mapping;
	struct page *page;

	world_map(mm, FIRST, 4, RW_SHARED, file, 0);
	world_write(mm, FIRST + PG, 1);
	page = page_at(mm, FIRST + PG);
	atomic_store(&page->gone, true);
	assert_int_equal(validate(mm, NULL), 1);
	mapping->leaving_first = mapping->leaving_last = 1;
	assert_int_equal(validate(mm, stderr), 0);
	mapping->leaving_last = 0;
	atomic_store(&page->gone, false);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(private_copies_outlive_a_truncation_that_came_before_the_file_grew),
		ON_BOTH_LOCKS(truncation_waits_for_a_hole),
		ON_BOTH_LOCKS(page_of_a_hole_comes_back_only_when_every_mapping_has_lost_it),
		ON_BOTH_LOCKS(faults_beside_the_hole_go_on),
		ON_BOTH_LOCKS(validator_tells_a_page_that_is_left_behind_from_one_on_its_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
