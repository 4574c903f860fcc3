/* SPDX-License-Identifier: MIT */
/*
 * test_race.c - a writer concurrently with readers. Each test checks one
 * promise that a reader may rely on while the address space changes.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/lib/mm/world.h"

#define ROUNDS 4000
#define BASE 0x20000000UL

struct racer {
	struct mm_struct *mm;
	atomic_bool stop;
	atomic_ulong bad, done;
};

typedef void *(*thread_fn)(void *);

static void race(struct racer *r, thread_fn reader,
		 void (*writer)(struct mm_struct *mm, unsigned long i))
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, r), 0);
	for (unsigned long i = 0; i < ROUNDS || atomic_load(&r->done) < 100; i++)
		writer(r->mm, i);
	atomic_store(&r->stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&r->bad), 0);
}

/*
 * Symptom on Linux before 6.12: while MAP_FIXED replaced a mapping, a reader of
 * /proc/PID/maps saw a hole. Cause: the call unmapped first, and mapped later.
 */
static void replace(struct mm_struct *mm, unsigned long i)
{
	vms_mmap(mm, BASE + (i & 3) * PG, (1 + (i & 7)) * PG, i & 1 ? RW : PROT_READ, FIXED, NULL,
		 0);
}

static void *touch_always_mapped(void *arg)
{
	struct racer *r = arg;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		if (vms_fault(r->mm, BASE + (i % 12) * PG, 0) != VMS_FAULT_OK)
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void what_stays_mapped_is_never_missed(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	race(&r, touch_always_mapped, replace);
}

/*
 * Two adjacent VMAs grow into each other in turn. Each page keeps the word that
 * tells its address.
 */
static void move_border(struct mm_struct *mm, unsigned long i)
{
	vms_mprotect(mm, BASE + 4 * PG, 4 * PG, i & 1 ? RW : RW | PROT_EXEC);
}

static void *read_words(void *arg)
{
	struct racer *r = arg;
	unsigned long word;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		if (vms_read_word(r->mm, BASE + (i % 12) * PG, &word) != VMS_FAULT_OK ||
		    word != 1000 + i % 12)
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void split_and_merge_move_no_page(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	for (unsigned long i = 0; i < 12; i++)
		vms_write_word(w->mm, BASE + i * PG, 1000 + i);
	race(&r, read_words, move_border);
}

/*
 * Symptom: a reader uses a VMA of another range. Cause: a VMA's memory is
 * reused at once. A reader that has taken the lock must notice that it now
 * belongs to another VMA.
 */
static void unmap_here_map_there(struct mm_struct *mm, unsigned long i)
{
	unsigned long addr = BASE + (i & 15) * 0x100000UL;

	vms_munmap(mm, addr, 2 * PG);
	vms_mmap(mm, BASE + ((i + 8) & 15) * 0x100000UL, 2 * PG, RW, FIXED, NULL, 0);
}

static void *lock_and_look(void *arg)
{
	struct racer *r = arg;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		unsigned long addr = BASE + (i & 15) * 0x100000UL + PG;
		struct vm_area_struct *vma = lock_vma_under_rcu(r->mm, addr);

		if (vma) {
			if (atomic_load(&vma->vm_mm) != r->mm || addr < vma->vm_start ||
			    addr >= vma->vm_end)
				atomic_fetch_add(&r->bad, 1);
			vma_end_read(vma);
			atomic_fetch_add(&r->done, 1);
		}
		if (strcmp(vms_mm_engine_name(r->mm), "maple-vma") != 0)
			atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void a_locked_vma_covers_what_was_asked_for(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	race(&r, lock_and_look, unmap_here_map_there);
}

/*
 * Symptom on Linux 6.4 (fixed in 6.4.1): memory corruption in multi-threaded
 * programs that fork. Cause: fork ran concurrently with faults.
 */
static void fork_and_compare(struct mm_struct *mm, unsigned long i)
{
	struct mm_struct *child;
	unsigned long a, b;

	if (i % 16 || vms_fork(mm, &child))
		return;
	vms_read_word(child, BASE, &a);
	/*
	 * The parent continues to write, but the child's page must not change.
	 */
	for (int spin = 0; spin < 50; spin++) {
		vms_read_word(child, BASE, &b);
		if (a != b)
			fail_msg("the child's page changed from %lu to %lu", a, b);
	}
	mmput(child);
}

static void *write_on(void *arg)
{
	struct racer *r = arg;

	for (unsigned long i = 1; !atomic_load(&r->stop); i++) {
		if (vms_write_word(r->mm, BASE, i) != VMS_FAULT_OK)
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void a_child_is_a_moment_of_its_parent(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	race(&r, write_on, fork_and_compare);
}

/* Any thread may drop the last use, while others still hold the structure. */
static void *use_and_put(void *arg)
{
	struct mm_struct *mm = arg;

	vms_fault(mm, BASE, FAULT_FLAG_WRITE);
	mmput(mm);
	mmdrop(mm);
	return NULL;
}

static void last_user_tears_down_from_any_thread(void **state)
{
	struct world *w = *state;

	for (int round = 0; round < 200; round++) {
		struct mm_struct *mm = vms_mm_create(w->engine, &world_layout, NULL);
		pthread_t threads[3];

		vms_mmap(mm, BASE, PG, RW, FIXED, NULL, 0);
		for (int i = 0; i < 3; i++) {
			mmget(mm);
			mmgrab(mm);
			assert_int_equal(pthread_create(&threads[i], NULL, use_and_put, mm), 0);
		}
		mmgrab(mm);
		mmput(mm);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		assert_false(mmget_not_zero(mm));
		mmdrop(mm);
	}
}

/*
 * Faults under a VMA's own lock do not wait for mmap_lock, so that the
 * validation has to exclude them by itself.
 */
static void validate(struct mm_struct *mm, unsigned long i)
{
	(void)i;
	/*
	 * Reports a broken rule by unmapping the memory, which the other
	 * threads notice.
	 */
	if (vms_mm_validate(mm, stderr))
		vms_munmap(mm, BASE, 12 * PG);
}

static void *write_and_drop(void *arg)
{
	struct racer *r = arg;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		if (vms_write_word(r->mm, BASE + (i % 12) * PG, i) != VMS_FAULT_OK ||
		    vms_madvise(r->mm, BASE + (i % 12) * PG, PG, MADV_DONTNEED))
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void validation_beside_faults_finds_nothing_broken(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	race(&r, write_and_drop, validate);
}

/*
 * Symptom: a page is lost while its mapping moves. A mapping without pages
 * moves back and forth while other threads touch it: a page that is installed
 * at the last moment must find a page table at the new place.
 */
/*
 * A whole page table, because it takes longer to search; the threads touch its
 * first pages.
 */
#define MOVED (2UL << 20)

static void drop_and_move(struct mm_struct *mm, unsigned long i)
{
	unsigned long from = BASE + (i & 1) * 0x1000000, to = BASE + (~i & 1) * 0x1000000;

	vms_madvise(mm, from, MOVED, MADV_DONTNEED);
	vms_mremap(mm, from, MOVED, MOVED, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void *touch_either_place(void *arg)
{
	struct racer *r = arg;

	for (unsigned long i = 0; !atomic_load(&r->stop); i++) {
		unsigned long addr = BASE + (i & 1) * 0x1000000 + (i >> 1) % 12 * PG;
		enum vms_fault_result result = vms_fault(r->mm, addr, i & 2 ? FAULT_FLAG_WRITE : 0);

		if (result != VMS_FAULT_OK && result != VMS_SEGV_MAPERR)
			atomic_fetch_add(&r->bad, 1);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static void what_is_touched_as_it_moves_goes_along(void **state)
{
	struct world *w = *state;
	struct racer r = {.mm = w->mm};

	vms_mmap(w->mm, BASE, MOVED, RW, FIXED, NULL, 0);
	race(&r, touch_either_place, drop_and_move);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(what_stays_mapped_is_never_missed),
		ON_EVERY_ENGINE(split_and_merge_move_no_page),
		ON_EVERY_ENGINE(a_locked_vma_covers_what_was_asked_for),
		ON_EVERY_ENGINE(a_child_is_a_moment_of_its_parent),
		ON_EVERY_ENGINE(last_user_tears_down_from_any_thread),
		ON_EVERY_ENGINE(validation_beside_faults_finds_nothing_broken),
		ON_EVERY_ENGINE(what_is_touched_as_it_moves_goes_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
