/* SPDX-License-Identifier: MIT */
/*
 * test_vma_lock.c - the per-VMA lock on bare words: which reader is refused,
 * which thread waits for which, what happens when the memory is reused and when
 * the sequence wraps, and that the lock orders plain data, which TSan checks
 * too.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <pthread.h>
#include <sched.h>

#include "lib/sync/spinlock.h"
#include "lib/sync/vma_lock.h"
#include "tests/lib/sync/child.h"

/*
 * The parts of a VMA that its lock needs. As in the real VMA the count lies on
 * a cache line of its own: two words on one line would show an order that the
 * processor does not guarantee.
 */
struct vma {
	_Atomic unsigned long lock_seq;
	_Atomic int mm;       /* the mm that it belongs to */
	long start, end, sum; /* plain; sum == start + end while no writer writes */
	_Alignas(VMS_CACHELINE) _Atomic unsigned int refcnt;
};

/*
 * Each test has one writer thread, which stands for the holder of each mm's
 * mmap_lock for writing.
 */
static _Atomic unsigned long mm_seq[2];
static struct vma vma;

static enum vms__vlock_try try_read(struct vma *v, int mm)
{
	enum vms__vlock_try got = vms__vlock_try_read(&v->refcnt, &v->lock_seq, &mm_seq[mm]);

	/* These tests do not care whether another reader held the lock. */
	return got == VMS__VLOCK_MET ? VMS__VLOCK_OK : got;
}

static void start_write(struct vma *v, unsigned long seq)
{
	vms__vlock_start_write(&v->refcnt, &v->lock_seq, seq);
}

/* Makes an attached VMA of mm 0, whose sequence is @seq (even). */
static void fresh(struct vma *v, unsigned long seq)
{
	atomic_store(&mm_seq[0], seq);
	atomic_store(&v->mm, 0);
	v->start = v->end = v->sum = 0;
	vms__vlock_init(&v->refcnt, &v->lock_seq);
	vms__vlock_attach(&v->refcnt);
}

/* ---- one thread ---------------------------------------------------------- */

static void readers_count_and_leave(void **state)
{
	(void)state;
	fresh(&vma, 2);
	assert_int_equal(vms__vlock_readers(&vma.refcnt), 0);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	assert_int_equal(vms__vlock_readers(&vma.refcnt), 2);
	vms__vlock_end_read(&vma.refcnt);
	vms__vlock_end_read(&vma.refcnt);
	assert_int_equal(atomic_load(&vma.refcnt), 1);
}

static void reader_is_refused_until_the_write_section_ends(void **state)
{
	unsigned long seq;

	(void)state;
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	assert_int_equal(seq, 3);
	/* The mm is write-locked, but this VMA is not. */
	assert_false(vms__vlock_is_write_locked(&vma.lock_seq, seq));
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	vms__vlock_end_read(&vma.refcnt);

	start_write(&vma, seq);
	assert_true(vms__vlock_is_write_locked(&vma.lock_seq, seq));
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	assert_int_equal(atomic_load(&vma.refcnt), 1);

	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(atomic_load(&mm_seq[0]), 4);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	vms__vlock_end_read(&vma.refcnt);
}

static void one_increment_unlocks_every_vma(void **state)
{
	struct vma many[8];
	unsigned long seq;

	(void)state;
	for (int i = 0; i < 8; i++)
		fresh(&many[i], 10);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	for (int i = 0; i < 8; i++)
		start_write(&many[i], seq);
	for (int i = 0; i < 8; i++)
		assert_int_equal(try_read(&many[i], 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	for (int i = 0; i < 8; i++)
		assert_int_equal(try_read(&many[i], 0), VMS__VLOCK_OK);
}

static void second_write_lock_in_a_section_does_nothing(void **state)
{
	unsigned long seq;

	(void)state;
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_write(&vma, seq);
	/*
	 * A passing reader counts for a moment. The second write lock must not
	 * wait for it: that wait is needless, and here it would never end.
	 */
	atomic_fetch_add(&vma.refcnt, 1);
	start_write(&vma, seq);
	assert_int_equal(atomic_load(&vma.refcnt), 2);
	vms__vlock_end_read(&vma.refcnt);
	vms__vlock_seq_end(&mm_seq[0]);
}

static void detached_vma_is_gone_and_can_be_stamped(void **state)
{
	unsigned long seq;

	(void)state;
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_write(&vma, seq);
	vms__vlock_detach(&vma.refcnt);
	assert_int_equal(atomic_load(&vma.refcnt), 0);
	/*
	 * A reader that still finds the VMA during the section is refused, and
	 * need not search for another VMA.
	 */
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_GONE);
	assert_int_equal(atomic_load(&vma.refcnt), 0);

	/* Retiring does all of this in one step. */
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	vms__vlock_retire(&vma.refcnt, &vma.lock_seq, seq);
	assert_int_equal(atomic_load(&vma.refcnt), 0);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_GONE);
	assert_int_equal(atomic_load(&vma.refcnt), 0);

	/*
	 * A VMA that is made in a write section is stamped first, so that it
	 * refuses readers after it is attached, until the section ends.
	 */
	vms__vlock_init(&vma.refcnt, &vma.lock_seq);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_write(&vma, seq);
	assert_int_equal(atomic_load(&vma.refcnt), 0);
	vms__vlock_attach(&vma.refcnt);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	vms__vlock_end_read(&vma.refcnt);
}

static void too_many_readers_are_refused_not_counted_over(void **state)
{
	(void)state;
	fresh(&vma, 2);
	atomic_store(&vma.refcnt, VMS__VMA_REF_LIMIT - 1);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	assert_int_equal(atomic_load(&vma.refcnt), VMS__VMA_REF_LIMIT);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	assert_int_equal(atomic_load(&vma.refcnt), VMS__VMA_REF_LIMIT);
	vms__vlock_end_read(&vma.refcnt);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
}

/* ---- a waiting writer ---------------------------------------------------- */

struct writer {
	pthread_t thread;
	unsigned long seq; /* 0: detach; otherwise the section to write-lock for */
	_Atomic bool done;
};

static void *write_or_detach(void *arg)
{
	struct writer *w = arg;

	if (w->seq)
		start_write(&vma, w->seq);
	else
		vms__vlock_detach(&vma.refcnt);
	atomic_store(&w->done, true);
	return NULL;
}

/*
 * Starts @w, and returns when it waits for the readers: asleep if @asleep is
 * set, otherwise at least announced.
 */
static void start_until_waiting(struct writer *w, bool asleep)
{
	unsigned int sign = asleep ? VMS__VLOCK_SLEEPER : VMA_LOCK_OFFSET;

	atomic_store(&w->done, false);
	assert_int_equal(pthread_create(&w->thread, NULL, write_or_detach, w), 0);
	while (!(atomic_load(&vma.refcnt) & sign))
		sched_yield();
}

static void check_writer_waits_for_readers(bool asleep)
{
	struct writer w;

	fresh(&vma, 2);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	w.seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_until_waiting(&w, asleep);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_end_read(&vma.refcnt);
	usleep(1000); /* long enough for a writer that wrongly does not wait */
	assert_false(atomic_load(&w.done));
	vms__vlock_end_read(&vma.refcnt);
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_int_equal(atomic_load(&vma.refcnt), 1);
	assert_true(vms__vlock_is_write_locked(&vma.lock_seq, w.seq));
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
}

static void writer_waits_for_readers(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		check_writer_waits_for_readers(false);
}

static void last_reader_wakes_the_sleeping_writer(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		check_writer_waits_for_readers(true);
}

static void detaching_waits_for_passing_readers(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct writer w = {.seq = 0};
		unsigned long seq;

		fresh(&vma, 2);
		seq = vms__vlock_seq_begin(&mm_seq[0]);
		start_write(&vma, seq);
		/*
		 * Two readers between R2 and R3: they count, and will see the
		 * stamp and leave.
		 */
		atomic_fetch_add(&vma.refcnt, 2);
		start_until_waiting(&w, i % 2);
		vms__vlock_end_read(&vma.refcnt);
		usleep(200); /* long enough for a detach that wrongly does not wait */
		assert_false(atomic_load(&w.done));
		vms__vlock_end_read(&vma.refcnt);
		assert_int_equal(pthread_join(w.thread, NULL), 0);
		assert_int_equal(atomic_load(&vma.refcnt), 0);
		vms__vlock_seq_end(&mm_seq[0]);
		assert_int_equal(try_read(&vma, 0), VMS__VLOCK_GONE);
	}
}

/* ---- wrap-around --------------------------------------------------------- */

static void the_sequence_wraps_under_a_reader(void **state)
{
	struct writer w;

	(void)state;
	fresh(&vma, ULONG_MAX - 1);
	w.seq = vms__vlock_seq_begin(&mm_seq[0]);
	assert_true(w.seq == ULONG_MAX);
	start_write(&vma, w.seq);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(atomic_load(&mm_seq[0]), 0);

	/* The VMA's stamp is the highest value, the mm's sequence 0. */
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	w.seq = vms__vlock_seq_begin(&mm_seq[0]);
	assert_int_equal(w.seq, 1);
	assert_false(vms__vlock_is_write_locked(&vma.lock_seq, w.seq));
	start_until_waiting(&w, true);
	assert_false(atomic_load(&w.done));
	vms__vlock_end_read(&vma.refcnt);
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_BUSY);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
}

static void a_never_stamped_vma_at_sequence_zero_is_free(void **state)
{
	(void)state;
	/*
	 * 0 is never the number of a section. An mm's sequence is 0 once in
	 * 2^64 steps, between two sections.
	 */
	fresh(&vma, 0);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	vms__vlock_end_read(&vma.refcnt);
}

/* ---- the stamp of a section that is over --------------------------------- */

/*
 * A reader compares a stamp with the mm's sequence only while the stamp is not
 * settled. After that it must not read the sequence; passing NULL for it shows
 * a reader that does.
 */
static void reader_that_settled_the_stamp_leaves_the_sequence_alone(void **state)
{
	unsigned long seq;

	(void)state;
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_write(&vma, seq);
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(try_read(&vma, 0), VMS__VLOCK_OK);
	vms__vlock_settle(&vma.lock_seq, &mm_seq[0]);
	assert_int_equal(atomic_load(&vma.lock_seq), 0);
	vms__vlock_end_read(&vma.refcnt);
	/* No sequence is needed. */
	assert_int_equal(vms__vlock_try_read(&vma.refcnt, &vma.lock_seq, NULL), VMS__VLOCK_OK);
	vms__vlock_end_read(&vma.refcnt);
}

static void stamp_of_a_section_that_goes_on_stays(void **state)
{
	unsigned long seq;

	(void)state;
	fresh(&vma, 2);
	seq = vms__vlock_seq_begin(&mm_seq[0]);
	start_write(&vma, seq);
	vms__vlock_settle(&vma.lock_seq, &mm_seq[0]);
	assert_true(vms__vlock_is_write_locked(&vma.lock_seq, seq));
	/*
	 * The reader has an old copy of the sequence, which differs from the
	 * stamp but is not later.
	 */
	atomic_store(&mm_seq[1], seq - 1);
	vms__vlock_settle(&vma.lock_seq, &mm_seq[1]);
	assert_true(vms__vlock_is_write_locked(&vma.lock_seq, seq));
	vms__vlock_seq_end(&mm_seq[0]);
	vms__vlock_settle(&vma.lock_seq, &mm_seq[0]);
	assert_int_equal(atomic_load(&vma.lock_seq), 0);
}

static void stamp_is_settled_across_the_wrap(void **state)
{
	(void)state;
	fresh(&vma, ULONG_MAX - 1);
	start_write(&vma, vms__vlock_seq_begin(&mm_seq[0]));
	vms__vlock_seq_end(&mm_seq[0]);
	assert_int_equal(atomic_load(&mm_seq[0]), 0);
	vms__vlock_settle(&vma.lock_seq, &mm_seq[0]);
	assert_int_equal(atomic_load(&vma.lock_seq), 0);
}

/* ---- readers and a writer without a pause -------------------------------- */

#define READERS 2
#define SECTIONS 30000
/* A writer continues until every reader has been in this often. */
#define READS 1000

struct reader {
	pthread_t thread;
	int mm;
	_Atomic long ok;
	long foreign, torn;
};

static _Atomic bool stop;

/*
 * Works like lock_vma_under_rcu(): takes the lock, checks which mm the VMA
 * belongs to, then reads the rest.
 */
static void read_once(struct reader *r)
{
	if (try_read(&vma, r->mm) != VMS__VLOCK_OK)
		return;
	/*
	 * Relaxed: ordered by R2's acquire, which pairs with
	 * vms__vlock_attach().
	 */
	if (atomic_load_explicit(&vma.mm, memory_order_relaxed) != r->mm) {
		r->foreign++;
	} else {
		vms__vlock_settle(&vma.lock_seq, &mm_seq[r->mm]);
		if (vma.sum != vma.start + vma.end)
			r->torn++;
		atomic_fetch_add_explicit(&r->ok, 1, memory_order_relaxed);
	}
	vms__vlock_end_read(&vma.refcnt);
}

static void *read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		read_once(r);
	return NULL;
}

/* Each reader uses one of @mms mms. */
static void start_readers(struct reader *readers, int mms)
{
	atomic_store(&stop, false);
	for (int i = 0; i < READERS; i++) {
		readers[i].mm = i % mms;
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
	}
}

static void stop_readers(struct reader *readers)
{
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
}

static bool have_read(const struct reader *readers, long n)
{
	for (int i = 0; i < READERS; i++) {
		if (atomic_load_explicit(&readers[i].ok, memory_order_relaxed) < n)
			return false;
	}
	return true;
}

static void change(struct vma *v, long n)
{
	v->start = n;
	v->end = 2 * n;
	/* Long enough for a reader that is wrongly in to see it. */
	for (int i = 0; i < 10; i++)
		vms__cpu_relax();
	v->sum = 3 * n;
}

/* Pauses between two sections, so that readers get in. */
static void give_way(void)
{
	for (int i = 0; i < 10; i++)
		vms__cpu_relax();
}

/* Write sections of mm 0; halfway the sequence wraps from ULONG_MAX to 0. */
static void readers_never_see_half_a_write_even_across_the_wrap(void **state)
{
	struct reader readers[READERS] = {0};

	(void)state;
	fresh(&vma, -(unsigned long)SECTIONS);
	start_readers(readers, 1);
	while (!have_read(readers, 1))
		sched_yield();
	for (long n = 0; n < SECTIONS || !have_read(readers, READS); n++) {
		unsigned long seq = vms__vlock_seq_begin(&mm_seq[0]);

		start_write(&vma, seq);
		change(&vma, n);
		vms__vlock_seq_end(&mm_seq[0]);
		give_way();
	}
	stop_readers(readers);
	assert_true(atomic_load(&mm_seq[0]) < LONG_MAX); /* it has wrapped */
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(readers[i].torn, 0);
		assert_int_equal(readers[i].foreign, 0);
	}
	assert_int_equal(atomic_load(&vma.refcnt), 1);
}

/*
 * Symptom: a reader sees half of a write. Cause: one piece of memory is a VMA
 * of mm 0 and of mm 1 in turn, while readers of both still use the pointer that
 * they found. The sequences differ, so that the stamp alone would admit a
 * reader to the other mm's write section; the check of vm_mm must refuse it.
 */
static void recycled_memory_is_told_by_its_mm(void **state)
{
	struct reader readers[READERS] = {0};

	(void)state;
	atomic_store(&mm_seq[1], 1000000000);
	fresh(&vma, 2);
	start_readers(readers, 2);
	for (long n = 0; n < SECTIONS || !have_read(readers, READS); n++) {
		int mm = atomic_load(&vma.mm);
		unsigned long seq = vms__vlock_seq_begin(&mm_seq[mm]);

		start_write(&vma, seq);
		vms__vlock_detach(&vma.refcnt);
		vms__vlock_seq_end(&mm_seq[mm]);

		vms__vlock_init(&vma.refcnt, &vma.lock_seq);
		mm = !mm;
		atomic_store_explicit(&vma.mm, mm, memory_order_relaxed);
		change(&vma, n);
		seq = vms__vlock_seq_begin(&mm_seq[mm]);
		start_write(&vma, seq);
		vms__vlock_attach(&vma.refcnt);
		change(&vma, -n); /* still in this mm's write section */
		vms__vlock_seq_end(&mm_seq[mm]);
		give_way();
	}
	stop_readers(readers);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(readers[i].torn, 0);
	assert_int_equal(atomic_load(&vma.refcnt), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_count_and_leave),
		cmocka_unit_test(reader_is_refused_until_the_write_section_ends),
		cmocka_unit_test(one_increment_unlocks_every_vma),
		cmocka_unit_test(second_write_lock_in_a_section_does_nothing),
		cmocka_unit_test(detached_vma_is_gone_and_can_be_stamped),
		cmocka_unit_test(too_many_readers_are_refused_not_counted_over),
		cmocka_unit_test(writer_waits_for_readers),
		cmocka_unit_test(last_reader_wakes_the_sleeping_writer),
		cmocka_unit_test(detaching_waits_for_passing_readers),
		cmocka_unit_test(the_sequence_wraps_under_a_reader),
		cmocka_unit_test(a_never_stamped_vma_at_sequence_zero_is_free),
		cmocka_unit_test(reader_that_settled_the_stamp_leaves_the_sequence_alone),
		cmocka_unit_test(stamp_of_a_section_that_goes_on_stays),
		cmocka_unit_test(stamp_is_settled_across_the_wrap),
		cmocka_unit_test(readers_never_see_half_a_write_even_across_the_wrap),
		cmocka_unit_test(recycled_memory_is_told_by_its_mm),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
