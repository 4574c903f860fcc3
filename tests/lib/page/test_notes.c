/* SPDX-License-Identifier: MIT */
/*
 * test_notes.c - a processor marks a page-table entry when it uses it, and
 * takes no lock for that. Symptom: a page that was written counts as clean.
 * Cause: a thread changed the entry at that moment, and lost the mark.
 *
 * One thread plays the processor: it writes through many entries of one page
 * table, from the end. The main thread changes the same entries from the
 * beginning. The two meet somewhere in each round.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/lib/page/world.h"

#define A 0x7f0000000000UL
#define ELSEWHERE (A + GIB)
#define PAGES 128UL
#define CROSSINGS 25UL
#define ROUNDS_MAX 200UL

static struct {
	struct vms__ptable *leaf;
	/* rounds: the one it may begin, has begun, has finished */
	_Atomic unsigned long round, begun, done;
	_Atomic bool stop;
	bool written[PAGES]; /* in this round; the main thread reads it after the round */
} processor;

static void write_through_all(void)
{
	for (unsigned int i = PAGES; i-- > 0;)
		processor.written[i] =
			vms__pte_use(processor.leaf, i, vms__pte_load(processor.leaf, i), true);
}

/*
 * Keeps the calling thread on the @nth processor that it may use, if there is
 * one: two threads that share a processor would never meet.
 */
static void run_on(int nth)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || nth-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void *run_processor(void *arg)
{
	unsigned long last = 0, round;

	run_on(1);
	while (!atomic_load(&processor.stop)) {
		round = atomic_load(&processor.round);
		if (round == last)
			continue;
		atomic_store(&processor.begun, round);
		write_through_all();
		last = round;
		atomic_store(&processor.done, round);
	}
	return arg;
}

/* Reads bring the pages in: writable, young and clean. */
static void bring_in_clean(struct mm_struct *mm)
{
	for (unsigned long i = 0; i < PAGES; i++)
		assert_int_equal(touch(mm, A + i * PG, 0), 0);
	processor.leaf = vms__leaf_find(mm, A);
}

/* A test's work in each round, and its check of the result. */
struct plan {
	void (*change)(struct mm_struct *mm);
	/* Whether the write through entry @i, which held @page, is recorded. */
	bool (*is_dirty)(struct mm_struct *mm, const struct page *page, unsigned long i);
	void (*restore)(struct mm_struct *mm);
};

/*
 * Return: the number of writes lost in this round. *@crossed: some writes came
 * before the change, and some after it.
 */
static unsigned long run_round(struct mm_struct *mm, const struct plan *plan, unsigned long round,
			       bool *crossed)
{
	unsigned long lost = 0, written = 0;
	struct page *pages[PAGES];

	bring_in_clean(mm);
	for (unsigned long i = 0; i < PAGES; i++)
		pages[i] = vms_page_get(page_at(mm, A + i * PG));
	atomic_store(&processor.round, round);
	/*
	 * Spin first, because a thread that sleeps would wake too late to meet
	 * the processor.
	 */
	for (int spins = 0; atomic_load(&processor.begun) != round;)
		if (++spins > 10000)
			sched_yield();
	plan->change(mm);
	while (atomic_load(&processor.done) != round)
		sched_yield();
	for (unsigned long i = 0; i < PAGES; i++) {
		written += processor.written[i];
		lost += processor.written[i] && !plan->is_dirty(mm, pages[i], i);
		vms_page_put(pages[i]);
	}
	plan->restore(mm);
	*crossed = written > 0 && written < PAGES;
	return lost;
}

/*
 * Runs rounds until the two have met often enough; fewer times on a machine
 * that runs the threads one after the other.
 */
static void run_rounds(struct mm_struct *mm, struct file *file, const struct plan *plan)
{
	unsigned long lost = 0, crossings = 0;
	cpu_set_t allowed;
	pthread_t thread;
	bool crossed;

	atomic_store(&processor.round, 0);
	atomic_store(&processor.begun, 0);
	atomic_store(&processor.done, 0);
	atomic_store(&processor.stop, false);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	assert_int_equal(pthread_create(&thread, NULL, run_processor, NULL), 0);
	run_on(0);
	for (unsigned long round = 1; round <= ROUNDS_MAX && crossings < CROSSINGS; round++) {
		lost += run_round(mm, plan, round, &crossed);
		crossings += crossed;
		assert_int_equal(vms_file_punch_hole(file->f_mapping, 0, PAGES * PG), 0);
	}
	atomic_store(&processor.stop, true);
	pthread_join(thread, NULL);
	sched_setaffinity(0, sizeof(allowed), &allowed);
	assert_int_equal(lost, 0);
	print_message("they met in %lu rounds\n", crossings);
}

static void nothing(struct mm_struct *mm)
{
	(void)mm;
}

/* ---- unmap ---- */

static void zap_all(struct mm_struct *mm)
{
	zap(mm, A, A + PAGES * PG);
}

static bool page_is_dirty(struct mm_struct *mm, const struct page *page, unsigned long i)
{
	(void)mm, (void)i;
	return vms__page_is_dirty(page);
}

/*
 * Symptom: a written page of a file is listed as clean. Cause: the unmap loaded
 * the entry, the processor set DIRTY, and the unmap stored 0.
 */
static void what_is_written_as_it_is_unmapped_is_dirty(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PAGES * PG, 0);

	world_map(mm, A, PAGES, RW_SHARED, file, 0);
	run_rounds(mm, file, &(struct plan){zap_all, page_is_dirty, nothing});
	fput(file);
}

static void unmap_by_file(struct mm_struct *mm)
{
	unmap_mapping_range(vma_at(mm, A)->vm_file->f_mapping, 0, 0, 1);
}

static void what_is_written_as_its_file_is_unmapped_is_dirty(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PAGES * PG, 0);

	world_map(mm, A, PAGES, RW_SHARED, file, 0);
	run_rounds(mm, file, &(struct plan){unmap_by_file, page_is_dirty, nothing});
	fput(file);
}

/* ---- write-protect ---- */

static void protect_all(struct mm_struct *mm)
{
	vma_protect(vma_at(mm, A), false);
}

static void unprotect_all(struct mm_struct *mm)
{
	vma_protect(vma_at(mm, A), true);
}

static bool entry_is_dirty(struct mm_struct *mm, const struct page *page, unsigned long i)
{
	(void)page;
	return pte_at(mm, A + i * PG) & VMS__PTE_DIRTY;
}

/*
 * A processor that has not seen the change yet writes until the right is
 * removed.
 */
static void what_is_written_as_it_becomes_read_only_is_dirty(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PAGES * PG, 0);

	world_map(mm, A, PAGES, RW_SHARED, file, 0);
	run_rounds(mm, file, &(struct plan){protect_all, entry_is_dirty, unprotect_all});
	fput(file);
}

/* ---- move ---- */

static void move(struct mm_struct *mm, unsigned long from, unsigned long to)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = vma_lookup(mm, from);
	vma_start_write(vma);
	vma_start_write(vma_lookup(mm, to));
	assert_int_equal(vms__prepare_move(mm, from, PAGES * PG, to), 0);
	vms__move_pages(vma, from, PAGES * PG, to);
	mmap_write_unlock(mm);
}

static void move_there(struct mm_struct *mm)
{
	move(mm, A, ELSEWHERE);
}

static void move_back(struct mm_struct *mm)
{
	move(mm, ELSEWHERE, A);
}

static bool moved_is_dirty(struct mm_struct *mm, const struct page *page, unsigned long i)
{
	(void)page;
	return pte_at(mm, ELSEWHERE + i * PG) & VMS__PTE_DIRTY;
}

static void what_is_written_as_it_moves_is_dirty(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PAGES * PG, 0);

	world_map(mm, A, PAGES, RW_SHARED, file, 0);
	world_map(mm, ELSEWHERE, PAGES, RW_SHARED, file, 0);
	run_rounds(mm, file, &(struct plan){move_there, moved_is_dirty, move_back});
	fput(file);
}

/* ---- without concurrency ---- */

/*
 * Symptom: a written page is listed as clean. Cause: between the fault that
 * made the entry dirty and the write, the page was unmapped and brought back by
 * a read, and the write did not check the entry that it went through.
 */
static void write_through_a_clean_entry_makes_it_dirty(void **state)
{
	struct mm_struct *mm = *state;
	struct file *file = world_file(PG, 0);

	world_map(mm, A, 1, RW_SHARED, file, 0);
	assert_int_equal(touch(mm, A, 0), 0);
	assert_false(pte_at(mm, A) & VMS__PTE_DIRTY);
	mmap_read_lock(mm);
	assert_true(vms__page_write(vma_lookup(mm, A), A, 7));
	mmap_read_unlock(mm);
	assert_true(pte_at(mm, A) & VMS__PTE_DIRTY);
	assert_int_equal(world_read(mm, A), 7);
	fput(file);
}

/*
 * What the functions that change an entry return, and what they leave behind.
 */
static void changed_entry_keeps_its_notes(void **state)
{
	struct mm_struct *mm = *state;
	struct vms__ptable *leaf;
	unsigned long clean, pte;
	struct file *file = world_file(PG, 0);

	world_map(mm, A, 1, RW_SHARED, file, 0);
	assert_int_equal(touch(mm, A, 0), 0);
	leaf = vms__leaf_find(mm, A);
	clean = pte_at(mm, A);
	assert_true(vms__pte_may_be_noted(clean));
	assert_true(vms__pte_use(leaf, 0, clean, true));
	assert_false(vms__pte_may_be_noted(pte_at(mm, A)));
	vms__ptable_lock(leaf);
	pte = vms__pte_wrprotect(leaf, 0);
	assert_int_equal(pte, (clean | VMS__PTE_DIRTY) & ~VMS__PTE_WRITE);
	assert_int_equal(pte, vms__pte_load(leaf, 0));
	assert_int_equal(vms__pte_wrprotect(leaf, 0), pte);
	assert_int_equal(vms__pte_take(leaf, 0, pte), pte);
	assert_int_equal(leaf->used, 0);
	vms__pte_store(leaf, 0, pte);
	assert_int_equal(leaf->used, 1);
	vms__ptable_unlock(leaf);
	assert_false(vms__pte_may_be_noted(0));
	assert_false(vms__pte_may_be_noted(VMS__PTE_GUARD));
	assert_false(vms__pte_may_be_noted(VMS__PTE_ZERO_PAGE));
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_VMA_LOCK(what_is_written_as_it_is_unmapped_is_dirty),
		ON_VMA_LOCK(what_is_written_as_its_file_is_unmapped_is_dirty),
		ON_VMA_LOCK(what_is_written_as_it_becomes_read_only_is_dirty),
		ON_VMA_LOCK(what_is_written_as_it_moves_is_dirty),
		ON_BOTH_LOCKS(write_through_a_clean_entry_makes_it_dirty),
		ON_BOTH_LOCKS(changed_entry_keeps_its_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
