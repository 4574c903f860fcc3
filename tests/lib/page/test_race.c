/* SPDX-License-Identifier: MIT */
/*
 * test_race.c - faults concurrently with faults, zap, unmap and fork. The
 * threads record what they see, and the main thread judges it. The validator
 * and the leak check judge the rest: a page that is installed twice, or lost,
 * shows in the counts.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/lib/page/world.h"

#include "lib/page/filemap.h"
#include "lib/page/rmap/rmap.h"
#include "lib/sync/objcache/objcache.h"

#define A 0x7f0000000000UL
#define THREADS 4UL
#define PAGES 64UL
#define ROUNDS 30UL

struct worker {
	pthread_t thread;
	unsigned long id;
	unsigned long errors;
	unsigned long done;
};

static struct {
	struct mm_struct *mm, *child;
	pthread_barrier_t barrier;
	_Atomic bool stop;
	struct worker workers[THREADS];
} race;

static bool stopped(void)
{
	return atomic_load_explicit(&race.stop, memory_order_relaxed);
}

static void start(struct mm_struct *mm, void *(*func)(void *))
{
	race.mm = mm;
	atomic_store(&race.stop, false);
	pthread_barrier_init(&race.barrier, NULL, THREADS + 1);
	for (unsigned long i = 0; i < THREADS; i++) {
		race.workers[i] = (struct worker){.id = i};
		assert_int_equal(
			pthread_create(&race.workers[i].thread, NULL, func, &race.workers[i]), 0);
	}
}

static void meet(void)
{
	pthread_barrier_wait(&race.barrier);
}

static void finish(void)
{
	atomic_store(&race.stop, true);
	for (unsigned long i = 0; i < THREADS; i++)
		pthread_join(race.workers[i].thread, NULL);
	pthread_barrier_destroy(&race.barrier);
	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(race.workers[i].errors, 0);
}

/* ---- the same page ---- */

static void *touch_every_page(void *arg)
{
	struct worker *w = arg;

	for (unsigned long round = 0; round < ROUNDS; round++) {
		meet();
		for (unsigned long i = 0; i < PAGES; i++) {
			unsigned int flags = (i + w->id + round) % 3 ? FAULT_FLAG_WRITE : 0;

			w->errors += touch(race.mm, A + i * PG, flags) != 0;
		}
		meet();
	}
	return NULL;
}

/*
 * In each round all threads read and write each page of @vma at once; then the
 * main thread unmaps all of it.
 */
static void race_on_every_page(struct mm_struct *mm, enum vms_mm_counter which, long expected)
{
	start(mm, touch_every_page);
	for (unsigned long round = 0; round < ROUNDS; round++) {
		meet();
		meet();
		/* The threads wait for the next round, or have ended. */
		assert_int_equal(count(mm, which), expected);
		assert_int_equal(validate(mm, stderr), 0);
		zap(mm, A, A + PAGES * PG);
		assert_int_equal(count(mm, which), 0);
	}
	finish();
}

static void threads_on_one_anonymous_page_install_one_page(void **state)
{
	world_map_anon(*state, A, PAGES);
	race_on_every_page(*state, MM_ANONPAGES, PAGES);
}

static void threads_on_one_shared_page_install_it_once(void **state)
{
	struct file *file = world_file(PAGES * PG, 0);

	world_map(*state, A, PAGES, RW_SHARED, file, 0);
	race_on_every_page(*state, MM_FILEPAGES, PAGES);
	fput(file);
}

static void threads_on_one_private_file_page_install_one_copy(void **state)
{
	struct file *file = world_file(PAGES * PG, 0);

	world_map(*state, A, PAGES, RW_PRIVATE, file, 0);
	race_on_every_page(*state, MM_ANONPAGES, PAGES);
	fput(file);
}

/* ---- the first anon_vma ---- */

static void *write_one_page_each(void *arg)
{
	struct worker *w = arg;

	for (unsigned long round = 0; round < ROUNDS; round++) {
		meet();
		w->errors += touch(race.mm, A + w->id * PG, FAULT_FLAG_WRITE) != 0;
		meet();
	}
	return NULL;
}

static void threads_on_a_fresh_vma_agree_on_its_anon_vma(void **state)
{
	struct mm_struct *mm = *state;

	start(mm, write_one_page_each);
	for (unsigned long round = 0; round < ROUNDS; round++) {
		struct vm_area_struct *vma = world_map_anon(mm, A, THREADS);

		meet();
		meet();
		assert_int_equal(vma_anon_vma(vma)->num_active_vmas, 1);
		assert_int_equal(validate(mm, stderr), 0);
		vma_unmap(vma);
	}
	finish();
}

static void threads_on_neighbours_that_share_keep_the_links_whole(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vmas[THREADS];

	start(mm, write_one_page_each);
	for (unsigned long round = 0; round < ROUNDS; round++) {
		for (unsigned long i = 0; i < THREADS; i++)
			vmas[i] = world_map_anon(mm, A + i * PG, 1);
		meet();
		meet();
		assert_int_equal(validate(mm, stderr), 0);
		for (unsigned long i = 0; i < THREADS; i++)
			vma_unmap(vmas[i]);
	}
	finish();
}

/* ---- the same, with all threads stopped before the deciding lock ---- */

/*
 * Waits until the threads have @more objects more than @before. A fault
 * allocates what it prepares after it has looked and decided, so that all
 * threads have decided then.
 */
static void wait_for_allocations(size_t before, size_t more)
{
	while (vms__objcache_report(NULL) < before + more)
		sched_yield();
}

static void *write_the_first_page(void *arg)
{
	struct worker *w = arg;

	meet();
	w->errors += touch(race.mm, A, FAULT_FLAG_WRITE) != 0;
	return NULL;
}

static void those_who_come_second_to_an_empty_entry_give_their_page_back(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable *leaf;
	size_t before;

	world_map_anon(mm, A, 2);
	world_write(mm, A + PG, 1); /* the anon_vma and the leaf exist */
	leaf = vms__leaf_find(mm, A);
	before = vms__objcache_report(NULL);
	start(mm, write_the_first_page);
	vms__spin_lock(&leaf->lock);
	meet();
	wait_for_allocations(before, THREADS);
	vms__spin_unlock(&leaf->lock);
	finish();
	assert_int_equal(vms__objcache_report(NULL), before + 1);
	world_expect_counts(mm, 2, 0, 0);
}

static void those_who_come_second_with_a_table_give_theirs_back(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable *above;
	size_t before;

	world_map_anon(mm, A, 2 * 512UL);
	world_write(mm, A + MIB2, 1); /* all except the leaf exists */
	above = vms__ptable_child(vms__ptable_child(mm->pgd, vms__pt_index(A, 3)),
				  vms__pt_index(A, 2));
	before = vms__objcache_report(NULL);
	start(mm, write_the_first_page);
	vms__spin_lock(&above->lock);
	meet();
	/* Each thread has a page and a leaf. */
	wait_for_allocations(before, 2 * THREADS);
	vms__spin_unlock(&above->lock);
	finish();
	assert_int_equal(vms__objcache_report(NULL), before + 2);
	assert_int_equal(count(mm, MM_PGTABLES), 4);
	world_expect_counts(mm, 2, 0, 0);
}

static void those_who_come_second_with_an_anon_vma_give_theirs_back(void **state)
{
	struct mm_struct *mm = *state;
	struct vm_area_struct *vma = world_map_anon(mm, A, 2);
	size_t before;

	assert_int_equal(world_read(mm, A + PG), 0); /* the leaf exists */
	before = vms__objcache_report(NULL);
	start(mm, write_the_first_page);
	vms__spin_lock(&mm->page_table_lock);
	meet();
	/* Each thread has a page, an anon_vma and a link. */
	wait_for_allocations(before, 3 * THREADS);
	vms__spin_unlock(&mm->page_table_lock);
	finish();
	assert_int_equal(vms__objcache_report(NULL), before + 3);
	assert_int_equal(vma_anon_vma(vma)->num_active_vmas, 1);
	world_expect_counts(mm, 1, 0, 0);
}

/*
 * The page to be copied is unmapped meanwhile. The copy must be of what is
 * there now, the file's page.
 */
static void copy_of_a_page_that_was_zapped_meanwhile_starts_again(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PG, 0);
	struct page *cached = vms__filemap_get(file->f_mapping, 0);
	size_t before;

	vms__page_set_word(cached, 11);
	world_map(mm, A, 1, RW_PRIVATE, file, 0);
	assert_int_equal(world_read(mm, A), 11);
	before = vms__objcache_report(NULL);
	start(mm, write_the_first_page);
	vms__spin_lock(&mm->page_table_lock);
	meet();
	wait_for_allocations(before, 3 * THREADS);
	zap(mm, A, A + PG);
	vms__spin_unlock(&mm->page_table_lock);
	finish();
	assert_int_equal(world_read(mm, A), 11);
	assert_int_equal(vms__objcache_report(NULL), before + 3);
	world_expect_counts(mm, 1, 0, 0);
	vms__page_put(cached);
	fput(file);
}

/*
 * A hook that stops a fault on the second page. It tells the faulting thread
 * nothing except when to continue.
 */
static struct {
	struct page *page;
	_Atomic bool entered, go_on;
} gate;

static vm_fault_t gate_fault(struct vm_fault *vmf)
{
	if (vmf->address == A + PG) {
		atomic_store_explicit(&gate.entered, true, memory_order_relaxed);
		while (!atomic_load_explicit(&gate.go_on, memory_order_relaxed))
			sched_yield();
	}
	vmf->page = vms_page_get(gate.page);
	return 0;
}

static const struct vm_operations_struct gate_ops = {.fault = gate_fault};

static void *touch_the_second_page(void *mm)
{
	return (void *)(uintptr_t)touch(mm, A + PG, 0);
}

/*
 * The leaf appears while the thread is in the hook. The thread finds it without
 * a lock that the leaf's maker held, so that what it sees depends on the
 * publishing store's order. TSan reports a store that does not release.
 */
static void table_made_meanwhile_is_found_as_it_was_made(void **state)
{
	struct mm_struct *mm = *state;
	pthread_t thread;
	void *ret;

	gate.page = vms_page_alloc(1);
	atomic_store(&gate.entered, false);
	atomic_store(&gate.go_on, false);
	world_map_anon(mm, A, 2)->vm_ops = &gate_ops;
	assert_int_equal(pthread_create(&thread, NULL, touch_the_second_page, mm), 0);
	while (!atomic_load_explicit(&gate.entered, memory_order_relaxed))
		sched_yield();
	assert_int_equal(touch(mm, A, 0), 0);
	atomic_store_explicit(&gate.go_on, true, memory_order_relaxed);
	pthread_join(thread, &ret);
	assert_null(ret);
	assert_int_equal(refs(gate.page), 3);
	assert_int_equal(count(mm, MM_PGTABLES), 3);
	vms_page_put(gate.page);
}

/* ---- zap ---- */

static void *write_and_read_back(void *arg)
{
	struct worker *w = arg;
	unsigned long addr = A + w->id * PG, word = 0;

	meet();
	while (!stopped() || w->done < 100) {
		w->done++;
		w->errors += write_word(race.mm, addr, w->done) != 0;
		w->errors += read_word(race.mm, addr, &word) != 0;
		/* The page was zapped meanwhile, or holds what was written. */
		w->errors += word != 0 && word != w->done;
	}
	return NULL;
}

static void zap_beside_faults_loses_no_page(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, THREADS);
	start(mm, write_and_read_back);
	meet();
	for (int i = 0; i < 2000; i++)
		zap(mm, A, A + THREADS * PG);
	finish();
	zap(mm, A, A + THREADS * PG);
	world_expect_counts(mm, 0, 0, 0);
}

/* ---- unmap of a neighbour ---- */

/*
 * This thread alone uses its word and page: what it wrote must stay, whatever
 * happens to its neighbours' VMAs.
 */
static void *keep_a_word(void *arg)
{
	struct worker *w = arg;
	unsigned long addr = A + 2 * w->id * PG, word;

	meet();
	while (!stopped() || w->done < 100) {
		w->done++;
		w->errors += write_word(race.mm, addr, w->done) != 0;
		word = 0;
		w->errors += read_word(race.mm, addr, &word) != 0 || word != w->done;
	}
	return NULL;
}

static void unmap_beside_faults_keeps_the_neighbours_tables(void **state)
{
	struct mm_struct *mm = *state;

	for (unsigned long i = 0; i < THREADS; i++)
		world_map_anon(mm, A + 2 * i * PG, 1);
	start(mm, keep_a_word);
	meet();
	for (unsigned long i = 0; i < 1000; i++) {
		unsigned long addr = A + (2 * (i % THREADS) + 1) * PG;
		struct vm_area_struct *vma = world_map_anon(mm, addr, 1);

		world_write(mm, addr, i);
		assert_int_equal(world_read(mm, addr), i);
		vma_unmap(vma);
	}
	finish();
	world_expect_counts(mm, (long)THREADS, 0, 0);
}

/*
 * Each thread maps and unmaps a VMA with its tables in a leaf of its own. All
 * leaves hang below one upper table.
 */
static void *map_and_unmap(void *arg)
{
	struct worker *w = arg;
	unsigned long addr = A + w->id * MIB2, word;

	meet();
	for (w->done = 0; w->done < 200; w->done++) {
		w->errors += write_word(race.mm, addr, w->done) != 0;
		w->errors += read_word(race.mm, addr, &word) != 0 || word != w->done;
		vma_unmap(vma_at(race.mm, addr));
		w->errors += touch(race.mm, addr, 0) != VM_FAULT_SIGSEGV;
		w->errors += !vma_map(race.mm, addr, 512, RW_PRIVATE, NULL, 0);
	}
	return NULL;
}

static void tables_that_come_and_go_side_by_side_are_counted_right(void **state)
{
	struct mm_struct *mm = *state;

	for (unsigned long i = 0; i < THREADS; i++)
		world_map_anon(mm, A + i * MIB2, 512);
	start(mm, map_and_unmap);
	meet();
	finish();
	world_expect_counts(mm, 0, 0, 0);
	/*
	 * The leaves were freed. The two tables above them stay as long as
	 * there are VMAs.
	 */
	assert_int_equal(count(mm, MM_PGTABLES), 2);
}

/* ---- fork ---- */

/*
 * Page 2i is written before page 2i + 1: it holds the same word, or one more.
 */
static void *write_pairs(void *arg)
{
	struct worker *w = arg;
	unsigned long addr = A + 2 * w->id * PG;

	meet();
	while (!stopped() || w->done < 100) {
		w->done++;
		w->errors += write_word(race.mm, addr, w->done) != 0;
		w->errors += write_word(race.mm, addr + PG, w->done) != 0;
	}
	return NULL;
}

static void fork_beside_writers_gives_the_child_one_moment(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, 2 * THREADS);
	start(mm, write_pairs);
	meet();
	for (int i = 0; i < 100; i++) {
		struct mm_struct *child = mm_fork(mm);

		assert_non_null(child);
		for (unsigned long t = 0; t < THREADS; t++) {
			unsigned long first = world_read(child, A + 2 * t * PG),
				      second = world_read(child, A + (2 * t + 1) * PG);

			assert_true(first == second || first == second + 1);
			/*
			 * The child's word does not change, whatever the parent
			 * writes.
			 */
			assert_int_equal(world_read(child, A + 2 * t * PG), first);
			assert_int_equal(world_read(child, A + (2 * t + 1) * PG), second);
		}
		assert_int_equal(validate(child, stderr), 0);
		mm_destroy(child);
	}
	finish();
	world_expect_counts(mm, 2 * (long)THREADS, 0, 0);
	for (unsigned long i = 0; i < 2 * THREADS; i++)
		assert_int_equal(refs(page_at(mm, A + i * PG)), 1);
}

/*
 * Half of the threads write in the parent and half in the child, all to the
 * pages that the two share.
 */
static void *part_company(void *arg)
{
	struct worker *w = arg;

	for (unsigned long round = 0; round < ROUNDS; round++) {
		struct mm_struct *mm;

		meet();
		mm = w->id % 2 ? race.child : race.mm;
		for (unsigned long i = w->id / 2; i < PAGES; i += THREADS / 2) {
			unsigned long word;

			w->errors += read_word(mm, A + i * PG, &word) != 0 || word != i;
			w->errors += write_word(mm, A + i * PG, 1000 * (1 + w->id % 2) + i) != 0;
		}
		meet();
	}
	return NULL;
}

static void parent_and_child_that_write_at_once_part_with_their_words(void **state)
{
	struct mm_struct *mm = *state;

	world_map_anon(mm, A, PAGES);
	start(mm, part_company);
	for (unsigned long round = 0; round < ROUNDS; round++) {
		for (unsigned long i = 0; i < PAGES; i++)
			world_write(mm, A + i * PG, i);
		race.child = mm_fork(mm);
		assert_non_null(race.child);
		meet();
		meet();
		for (unsigned long i = 0; i < PAGES; i++) {
			assert_int_equal(world_read(mm, A + i * PG), 1000 + i);
			assert_int_equal(world_read(race.child, A + i * PG), 2000 + i);
			assert_int_equal(refs(page_at(mm, A + i * PG)), 1);
		}
		world_expect_counts(race.child, PAGES, 0, 0);
		mm_destroy(race.child);
	}
	finish();
	world_expect_counts(mm, PAGES, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH_LOCKS(threads_on_one_anonymous_page_install_one_page),
		ON_BOTH_LOCKS(threads_on_one_shared_page_install_it_once),
		ON_BOTH_LOCKS(threads_on_one_private_file_page_install_one_copy),
		ON_BOTH_LOCKS(threads_on_a_fresh_vma_agree_on_its_anon_vma),
		ON_BOTH_LOCKS(threads_on_neighbours_that_share_keep_the_links_whole),
		ON_BOTH_LOCKS(those_who_come_second_to_an_empty_entry_give_their_page_back),
		ON_BOTH_LOCKS(those_who_come_second_with_a_table_give_theirs_back),
		ON_BOTH_LOCKS(those_who_come_second_with_an_anon_vma_give_theirs_back),
		ON_BOTH_LOCKS(copy_of_a_page_that_was_zapped_meanwhile_starts_again),
		ON_BOTH_LOCKS(table_made_meanwhile_is_found_as_it_was_made),
		ON_BOTH_LOCKS(zap_beside_faults_loses_no_page),
		ON_BOTH_LOCKS(unmap_beside_faults_keeps_the_neighbours_tables),
		ON_BOTH_LOCKS(tables_that_come_and_go_side_by_side_are_counted_right),
		ON_BOTH_LOCKS(fork_beside_writers_gives_the_child_one_moment),
		ON_BOTH_LOCKS(parent_and_child_that_write_at_once_part_with_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
