/* SPDX-License-Identifier: MIT */
/*
 * test_mlock.c - locked memory: what is locked, faulted in and accounted, and
 * what stays after an error. After each test world_teardown() compares
 * mm->locked_vm with the VMAs.
 */
#include <errno.h>
#include <pthread.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL

static struct mm_struct *mm_of(void **state)
{
	return ((struct world *)*state)->mm;
}

static unsigned long locked(struct mm_struct *mm)
{
	return atomic_load(&mm->locked_vm);
}

static void map(struct mm_struct *mm, unsigned long page, unsigned long pages, unsigned long prot)
{
	assert_int_equal(vms_mmap(mm, BASE + page * PG, pages * PG, prot, FIXED, NULL, 0),
			 BASE + page * PG);
}

/* Return: the VmFlags of the VMA at @addr, as smaps prints them. */
static const char *flags_at(struct mm_struct *mm, unsigned long addr)
{
	static char text[256];
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	assert_non_null(vma);
	vms_vmflags_string(vma->vm_flags, ' ', text, sizeof(text));
	mmap_read_unlock(mm);
	return text;
}

static void lock_takes_whole_pages_and_faults_them_in(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 6, RW);
	assert_int_equal(vms_mlock(mm, BASE + 2 * PG + 5, PG), 0);
	expect_layout(mm, "20000000-20002000 rw-p 20000\n20002000-20004000 rw-p "
			  "20002\n20004000-20006000 rw-p 20004\n");
	assert_string_equal(flags_at(mm, BASE + 3 * PG), "rd wr mr mw me lo ac");
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me ac");
	assert_int_equal(locked(mm), 2);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	/* Locking again, and over a larger range, counts no page twice. */
	assert_int_equal(vms_mlock(mm, BASE, 4 * PG), 0);
	assert_int_equal(locked(mm), 4);
	assert_int_equal(vms_munlock(mm, BASE + 2 * PG, 0), 0);
	assert_int_equal(locked(mm), 4);
}

static void unlocked_memory_merges_again(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 6, RW);
	vms_mlock(mm, BASE + 2 * PG, 2 * PG);
	assert_int_equal(vms_munlock(mm, BASE, 6 * PG), 0);
	expect_layout(mm, "20000000-20006000 rw-p 20000\n");
	assert_int_equal(locked(mm), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2); /* pages that were faulted in stay */
}

static void lock_on_fault_leaves_it_to_the_touch(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 4, RW);
	assert_int_equal(vms_mlock2(mm, BASE, 4 * PG, MLOCK_ONFAULT), 0);
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me lo lf ac");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(vms_fault(mm, BASE, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	/* mlock() changes the kind of lock, and counts no page twice. */
	assert_int_equal(vms_mlock2(mm, BASE, 4 * PG, 0), 0);
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me lo ac");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	assert_int_equal(locked(mm), 4);
}

static void what_comes_before_a_hole_stays_locked_and_is_not_faulted_in(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	map(mm, 3, 2, RW);
	assert_int_equal(vms_mlock(mm, BASE + PG, 3 * PG), -ENOMEM);
	assert_int_equal(locked(mm), 1);
	assert_string_equal(flags_at(mm, BASE + PG), "rd wr mr mw me lo ac");
	assert_string_equal(flags_at(mm, BASE + 3 * PG), "rd wr mr mw me ac");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(vms_munlock(mm, BASE, 4 * PG), -ENOMEM);
	assert_int_equal(locked(mm), 0);
	assert_int_equal(vms_mlock(mm, BASE + 2 * PG, PG), -ENOMEM);
	assert_int_equal(vms_mlock(mm, BASE + 5 * PG, PG), -ENOMEM);
}

static void memory_that_cannot_be_had_is_locked_and_reported(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(2, true);

	map(mm, 0, 2, PROT_NONE);
	assert_int_equal(vms_mlock(mm, BASE, 2 * PG), -ENOMEM);
	assert_string_equal(flags_at(mm, BASE), "mr mw me lo");
	/*
	 * The range extends beyond the end of a file: the pages before it are
	 * faulted in.
	 */
	vms_mmap(mm, BASE + 4 * PG, 4 * PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_mlock(mm, BASE + 4 * PG, 4 * PG), -ENOMEM);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(locked(mm), 6);
	/* mlockall() reports neither, and continues behind them. */
	map(mm, 10, 1, RW);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 3);
	fput(file);
}

static void each_kind_of_memory_is_faulted_in_as_it_may_be_used(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct file *file = world_file(8, true);

	map(mm, 0, 1, PROT_EXEC);
	vms_mmap(mm, BASE + 2 * PG, PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 4 * PG, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	vms_mmap(mm, BASE + 6 * PG, PG, RW, MAP_PRIVATE | MAP_FIXED, file, 0);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(locked(mm), 4);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 1);
	assert_int_equal(vms_mm_counter(mm, MM_FILEPAGES), 2);
	fput(file);
}

static void lockall_future_locks_what_comes(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	assert_int_equal(vms_mlockall(mm, MCL_FUTURE), 0);
	assert_int_equal(locked(mm), 0);
	map(mm, 4, 2, RW);
	map(mm, 8, 2, PROT_NONE);
	assert_int_equal(locked(mm), 4);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(vms_brk(mm, 0x10003000), 0x10003000);
	assert_int_equal(locked(mm), 7);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 5);
	assert_int_equal(vms_brk(mm, 0x10001000), 0x10001000);
	assert_int_equal(locked(mm), 5);
	/* Memory from before MCL_FUTURE stays as it was, until MCL_CURRENT. */
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me ac");
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT), 0);
	assert_int_equal(locked(mm), 7);
	assert_int_equal(mm->def_flags, 0);
	assert_int_equal(vms_munlockall(mm), 0);
	assert_int_equal(locked(mm), 0);
}

static void lockall_on_fault_faults_nothing_in(void **state)
{
	struct mm_struct *mm = mm_of(state);

	assert_int_equal(vms_mlockall(mm, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), 0);
	map(mm, 0, 2, RW);
	assert_int_equal(vms_mmap(mm, BASE + 4 * PG, 2 * PG, RW, FIXED | MAP_POPULATE, NULL, 0),
			 BASE + 4 * PG);
	assert_int_equal(vms_mmap(mm, BASE + 8 * PG, 2 * PG, RW, FIXED | MAP_LOCKED, NULL, 0),
			 BASE + 8 * PG);
	assert_int_equal(vms_brk(mm, 0x10002000), 0x10002000);
	assert_string_equal(flags_at(mm, BASE + 4 * PG), "rd wr mr mw me lo lf ac");
	assert_string_equal(flags_at(mm, 0x10000000), "rd wr mr mw me lo lf ac");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(locked(mm), 8);
	/* Memory that becomes writable is not faulted in either. */
	assert_int_equal(vms_mprotect(mm, BASE, 2 * PG, PROT_READ), 0);
	assert_int_equal(vms_mprotect(mm, BASE, 2 * PG, RW), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 0);
	assert_int_equal(vms_munlockall(mm), 0);
	map(mm, 16, 1, RW);
	assert_string_equal(flags_at(mm, BASE + 16 * PG), "rd wr mr mw me ac");
}

static void a_locked_stack_counts_what_it_grows_by(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, 0x30000000, PG, RW, FIXED | MAP_GROWSDOWN | MAP_LOCKED, NULL, 0);
	assert_int_equal(vms_fault(mm, 0x30000000 - 5 * PG, FAULT_FLAG_WRITE), VMS_FAULT_OK);
	assert_int_equal(locked(mm), 6);
	/*
	 * The page below, and the mapping's own page; the pages between are
	 * faulted in when they are touched.
	 */
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
}

static void locked_memory_grows_and_moves_with_its_account(void **state)
{
	struct mm_struct *mm = mm_of(state);
	unsigned long to;

	vms_mmap(mm, BASE, 2 * PG, RW, FIXED | MAP_LOCKED, NULL, 0);
	assert_int_equal(vms_mremap(mm, BASE, 2 * PG, 4 * PG, 0, 0), BASE);
	assert_int_equal(locked(mm), 4);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 4);
	map(mm, 4, 1, PROT_READ);
	to = vms_mremap(mm, BASE, 4 * PG, 6 * PG, MREMAP_MAYMOVE, 0);
	assert_false(IS_ERR_VALUE(to));
	assert_int_equal(locked(mm), 6);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 6);
	/* The source that stays is not locked. */
	assert_false(IS_ERR_VALUE(
		vms_mremap(mm, to, 6 * PG, 6 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0)));
	assert_int_equal(locked(mm), 6);
	assert_string_equal(flags_at(mm, to), "rd wr mr mw me ac");
	vms_mlockall(mm, MCL_CURRENT | MCL_ONFAULT);
	assert_int_equal(locked(mm), 13);
	assert_int_equal(vms_mremap(mm, to, 6 * PG, 2 * PG, 0, 0), to);
	assert_int_equal(locked(mm), 9);
}

static void locked_memory_that_goes_is_uncounted(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mmap(mm, BASE, 8 * PG, RW, FIXED | MAP_LOCKED, NULL, 0);
	vms_munmap(mm, BASE + PG, PG);
	assert_int_equal(locked(mm), 7);
	map(mm, 3, 2, RW);
	assert_int_equal(locked(mm), 5);
	vms_mprotect(mm, BASE + 6 * PG, 2 * PG, PROT_NONE);
	assert_int_equal(locked(mm), 5);
	vms_munmap(mm, BASE, 8 * PG);
	assert_int_equal(locked(mm), 0);
}

static void a_child_starts_with_nothing_locked(void **state)
{
	struct mm_struct *mm = mm_of(state), *child;

	vms_mlockall(mm, MCL_FUTURE);
	map(mm, 0, 2, RW);
	assert_int_equal(vms_fork(mm, &child), 0);
	assert_int_equal(locked(child), 0);
	assert_string_equal(flags_at(child, BASE), "rd wr mr mw me ac");
	map(child, 4, 2, RW);
	assert_int_equal(locked(child), 0);
	assert_int_equal(locked(mm), 2);
	assert_int_equal(vms_mm_validate(child, stderr), 0);
	mmput(child);
}

static void droppable_memory_is_never_locked(void **state)
{
	struct mm_struct *mm = mm_of(state);

	vms_mlockall(mm, MCL_FUTURE);
	vms_mmap(mm, BASE, 2 * PG, RW, MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	assert_int_equal(locked(mm), 0);
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2); /* faulted in nevertheless */
	vms_madvise(mm, BASE, 2 * PG, MADV_DONTNEED);
	assert_int_equal(vms_mlock(mm, BASE, 2 * PG), 0);
	assert_string_equal(flags_at(mm, BASE), "rd wr mr mw me nr wf dd dp");
	assert_int_equal(vms_mm_counter(mm, MM_ANONPAGES), 2);
}

static void senseless_requests_are_refused(void **state)
{
	struct mm_struct *mm = mm_of(state);

	map(mm, 0, 2, RW);
	assert_int_equal(vms_mlock(mm, BASE, 0), 0);
	assert_int_equal(vms_mlock(mm, BASE, -1UL), 0); /* rounded up it is 0 */
	assert_int_equal(vms_mlock(mm, BASE, -PG), -EINVAL);
	assert_int_equal(vms_mlock(mm, BASE + 1, -PG), 0);
	assert_int_equal(vms_munlock(mm, BASE, -PG), -EINVAL);
	assert_int_equal(vms_mlock2(mm, BASE, PG, 2), -EINVAL);
	assert_int_equal(vms_mlockall(mm, 0), -EINVAL);
	assert_int_equal(vms_mlockall(mm, MCL_ONFAULT), -EINVAL);
	assert_int_equal(vms_mlockall(mm, MCL_CURRENT | 8), -EINVAL);
	assert_int_equal(locked(mm), 0);
	assert_int_equal(mm->def_flags, 0);
}

/* ---- no memory ---- */

/*
 * Each allocation of mlock() of a range inside one VMA fails in turn. A failure
 * before the range is locked changes nothing and returns -ENOMEM. After that
 * the range stays locked, and -EAGAIN reports that not all of it was faulted
 * in.
 */
static void no_memory_leaves_it_unlocked_or_says_again(void **state)
{
	struct mm_struct *mm = mm_of(state);
	bool again = false, refused = false;
	long n;

	for (n = 1; n < 100; n++) {
		long asked;
		int err;

		map(mm, 0, 8, RW);
		vms__alloc_fail_nth(n);
		err = vms_mlock(mm, BASE + 2 * PG, 3 * PG);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		if (asked < n) {
			assert_int_equal(err, 0);
			break;
		}
		if (err == -ENOMEM) {
			refused = true;
			assert_int_equal(locked(mm), 0);
			assert_string_equal(flags_at(mm, BASE + 2 * PG), "rd wr mr mw me ac");
		} else {
			again = true;
			assert_int_equal(err, -EAGAIN);
			assert_int_equal(locked(mm), 3);
		}
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		assert_int_equal(vms_munmap(mm, BASE, 8 * PG), 0);
	}
	assert_in_range(n, 3, 99);
	assert_true(again && refused);
	assert_int_equal(locked(mm), 3);
}

/* mlockall() locks what it can. */
static void lockall_without_memory_skips_what_it_cannot_lock(void **state)
{
	struct mm_struct *mm = mm_of(state);
	long n;

	for (n = 1; n < 100; n++) {
		long asked;

		map(mm, 0, 4, RW);
		map(mm, 4, 4, PROT_READ);
		vms_mlock2(mm, BASE + 2 * PG, 4 * PG, MLOCK_ONFAULT);
		vms_fault(mm, BASE + 2 * PG,
			  /*
			   * A VMA that merges with it takes its anon_vma, and
			   * allocates for that.
			   */
			  FAULT_FLAG_WRITE);
		vms__alloc_fail_nth(n);
		assert_int_equal(vms_munlockall(mm), 0);
		asked = vms__alloc_count();
		vms__alloc_fail_nth(0);
		assert_int_equal(vms_mm_validate(mm, stderr), 0);
		if (asked < n)
			break;
		assert_in_range(locked(mm), 0, 4);
		assert_int_equal(vms_mlockall(mm, MCL_CURRENT | MCL_ONFAULT), 0);
		assert_int_equal(locked(mm), 8);
		assert_int_equal(vms_munmap(mm, BASE, 8 * PG), 0);
	}
	assert_in_range(n, 2, 99);
	assert_int_equal(locked(mm), 0);
	expect_layout(mm, "20000000-20004000 rw-p 20000\n20004000-20008000 r--p 20004\n");
}

/* ---- concurrent calls ---- */

#define THREADS 3
#define ROUNDS 3000
#define PAGES 32UL
#define LIMIT 20UL

struct locker {
	struct mm_struct *mm;
	unsigned long seed, wrong, locked, refused;
};

static unsigned long draw(struct locker *l, unsigned long n)
{
	l->seed = l->seed * 6364136223846793005UL + 1442695040888963407UL;
	return (l->seed >> 33) % n;
}

/* Locks, unlocks, maps and touches at random. Any other result is wrong. */
static void *lock_at_random(void *arg)
{
	struct locker *l = arg;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned long start = draw(l, PAGES), len = 1 + draw(l, PAGES - start),
			      addr = BASE + start * PG;
		int err = 0;

		switch (draw(l, 6)) {
		case 0:
		case 1:
			err = vms_mlock2(l->mm, addr, len * PG, draw(l, 2) ? MLOCK_ONFAULT : 0);
			l->locked += err == 0;
			l->refused += err == -ENOMEM;
			break;
		case 2:
			err = vms_munlock(l->mm, addr, len * PG);
			break;
		case 3:
			err = vms_munmap(l->mm, addr, PG);
			break;
		case 4: {
			unsigned long got =
				vms_mmap(l->mm, addr, len * PG, RW,
					 FIXED | (draw(l, 2) ? MAP_LOCKED : 0), NULL, 0);

			err = got == (unsigned long)-EAGAIN ? 0 : got != addr;
			break;
		}
		default:
			vms_fault(l->mm, addr, FAULT_FLAG_WRITE);
		}
		l->wrong += err != 0 && err != -ENOMEM;
		l->wrong += atomic_load(&l->mm->locked_vm) > LIMIT;
	}
	return NULL;
}

static void no_crowd_locks_more_than_the_limit(void **state)
{
	struct mm_struct *mm = mm_of(state);
	struct mm_limits limits = vms_mm_limits(mm);
	struct locker lockers[THREADS];
	pthread_t threads[THREADS];

	limits.memlock = LIMIT * PG;
	assert_int_equal(vms_mm_set_limits(mm, &limits), 0);
	map(mm, 0, PAGES, RW);
	for (unsigned long i = 0; i < THREADS; i++) {
		lockers[i] = (struct locker){.mm = mm, .seed = i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, lock_at_random, &lockers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(lockers[i].wrong, 0);
		assert_true(lockers[i].locked > 0 && lockers[i].refused > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(lock_takes_whole_pages_and_faults_them_in),
		ON_EVERY_ENGINE(unlocked_memory_merges_again),
		ON_EVERY_ENGINE(lock_on_fault_leaves_it_to_the_touch),
		ON_EVERY_ENGINE(what_comes_before_a_hole_stays_locked_and_is_not_faulted_in),
		ON_EVERY_ENGINE(memory_that_cannot_be_had_is_locked_and_reported),
		ON_EVERY_ENGINE(each_kind_of_memory_is_faulted_in_as_it_may_be_used),
		ON_EVERY_ENGINE(lockall_future_locks_what_comes),
		ON_EVERY_ENGINE(lockall_on_fault_faults_nothing_in),
		ON_EVERY_ENGINE(a_locked_stack_counts_what_it_grows_by),
		ON_EVERY_ENGINE(locked_memory_grows_and_moves_with_its_account),
		ON_EVERY_ENGINE(locked_memory_that_goes_is_uncounted),
		ON_EVERY_ENGINE(a_child_starts_with_nothing_locked),
		ON_EVERY_ENGINE(droppable_memory_is_never_locked),
		ON_EVERY_ENGINE(senseless_requests_are_refused),
		ON_EVERY_ENGINE(no_memory_leaves_it_unlocked_or_says_again),
		ON_EVERY_ENGINE(lockall_without_memory_skips_what_it_cannot_lock),
		ON_EVERY_ENGINE(no_crowd_locks_more_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
