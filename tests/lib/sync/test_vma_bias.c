/* SPDX-License-Identifier: MIT */
/*
 * test_vma_bias.c - a VMA that its readers hold by their threads' slots: when
 * the VMA becomes biased, how holds nest, which readers a writer waits for, and
 * what a fork and a signal handler find.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/sync/vma_lock.h"
#include "tests/lib/sync/child.h"

static _Alignas(VMS_CACHELINE) _Atomic unsigned int refcnt;
static _Alignas(VMS_CACHELINE) _Atomic unsigned long lock_seq;
static _Atomic unsigned long mm_seq;

static void fresh(void)
{
	atomic_store(&mm_seq, 2);
	vms__vlock_init(&refcnt, &lock_seq);
	vms__vlock_attach(&refcnt);
}

/* Works like lock_vma_under_rcu(); unlock() works like vma_end_read(). */
static bool lock(void)
{
	enum vms__vlock_try got;
	bool counted = false;

	if (atomic_load_explicit(&lock_seq, memory_order_relaxed) == VMS__VLOCK_BIASED &&
	    vms__bias_try_read(&lock_seq, &counted))
		return true;
	if (counted)
		vms__vlock_end_read(&refcnt);
	got = vms__vlock_try_read(&refcnt, &lock_seq, &mm_seq);
	if (got > VMS__VLOCK_MET)
		return false;
	vms__vlock_settle(&lock_seq, &mm_seq);
	if (got == VMS__VLOCK_MET)
		vms__vlock_bias(&refcnt, &lock_seq);
	return true;
}

static void unlock(void)
{
	if (atomic_load_explicit(&lock_seq, memory_order_relaxed) && vms__bias_end_read(&lock_seq))
		return;
	vms__vlock_end_read(&refcnt);
}

/*
 * Two readers that hold the VMA at once bias it, even if both are one thread.
 * After a revocation readers count for a while, so that this may take some
 * tries.
 */
static void bias(void)
{
	while (atomic_load(&lock_seq) != VMS__VLOCK_BIASED) {
		assert_true(lock());
		assert_true(lock());
		unlock();
		unlock();
	}
}

static void fresh_biased(void)
{
	fresh();
	if (!vms__fence_is_asymmetric())
		skip();
	bias();
	assert_int_equal(vms__vlock_readers(&refcnt), 0);
}

static void write_once(void)
{
	unsigned long seq = vms__vlock_seq_begin(&mm_seq);

	vms__vlock_start_write(&refcnt, &lock_seq, seq);
	vms__vlock_seq_end(&mm_seq);
}

static void reader_of_a_biased_vma_does_not_count(void **state)
{
	(void)state;
	fresh_biased();
	assert_true(lock());
	assert_int_equal(vms__vlock_readers(&refcnt), 0);
	assert_true(vms__bias_holds(&lock_seq));
	unlock();
	assert_false(vms__bias_holds(&lock_seq));
}

static void second_lock_of_a_thread_counts_and_goes_first(void **state)
{
	(void)state;
	fresh_biased();
	assert_true(lock());
	assert_true(lock());
	assert_true(lock());
	assert_int_equal(vms__vlock_readers(&refcnt), 2);
	unlock();
	unlock();
	assert_int_equal(vms__vlock_readers(&refcnt), 0);
	assert_true(vms__bias_holds(&lock_seq));
	unlock();
	assert_false(vms__bias_holds(&lock_seq));
}

static void a_writer_ends_the_bias(void **state)
{
	(void)state;
	fresh_biased();
	write_once();
	assert_int_equal(atomic_load(&refcnt), 1);
	assert_true(lock());
	assert_int_equal(vms__vlock_readers(&refcnt), 1);
	assert_int_equal(atomic_load(&lock_seq), 0);
	unlock();
	bias();
}

static void a_trying_writer_is_refused_while_a_slot_holds_it(void **state)
{
	unsigned long seq;

	(void)state;
	fresh_biased();
	seq = vms__vlock_seq_begin(&mm_seq);
	assert_true(lock());
	assert_false(vms__vlock_try_write(&refcnt, &lock_seq, seq));
	assert_int_equal(atomic_load(&lock_seq), VMS__VLOCK_BIASED);
	unlock();
	assert_true(vms__vlock_try_write(&refcnt, &lock_seq, seq));
	assert_false(lock());
	vms__vlock_seq_end(&mm_seq);
	assert_int_equal(atomic_load(&refcnt), 1);
}

/*
 * looks at the clock until the process stops for an hour; 0: it does not stop
 */
static _Atomic int looks_until_stop;
static _Atomic long hours_stopped;

/* The library calls this function too. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	long ret = syscall(SYS_clock_gettime, clock, t);

	if (atomic_load(&looks_until_stop) && atomic_fetch_sub(&looks_until_stop, 1) == 1)
		atomic_fetch_add(&hours_stopped, 1);
	t->tv_sec += 3600 * atomic_load(&hours_stopped);
	return (int)ret;
}

static void a_stop_during_a_revocation_does_not_count(void **state)
{
	(void)state;
	fresh_biased();
	/* The fence begins at the first look and ends at the second. */
	atomic_store(&looks_until_stop, 2);
	write_once();
	assert_int_equal(atomic_load(&hours_stopped), 1);
	/*
	 * Symptom: the watchdog ends the program. Cause: the hour counts as the
	 * fence's duration, and no bias is set for nine hours.
	 */
	bias();
}

static _Atomic bool done;

static void *write_in_a_thread(void *arg)
{
	write_once();
	atomic_store(&done, true);
	return arg;
}

static void writer_waits_for_a_slot_and_is_woken(void **state)
{
	pthread_t writer;

	(void)state;
	for (int i = 0; i < 10; i++) {
		fresh_biased();
		assert_true(lock());
		atomic_store(&done, false);
		assert_int_equal(pthread_create(&writer, NULL, write_in_a_thread, NULL), 0);
		while (!(atomic_load(&refcnt) & VMA_LOCK_OFFSET))
			sched_yield();
		/*
		 * In every second round, until the writer sleeps or is about
		 * to.
		 */
		while (i % 2 && !atomic_load(&vms__bias_slots[VMS__BIAS_SELF].sleeper))
			sched_yield();
		assert_false(lock());
		assert_false(atomic_load(&done));
		unlock();
		assert_int_equal(pthread_join(writer, NULL), 0);
		assert_int_equal(atomic_load(&refcnt), 1);
	}
}

static _Atomic bool holding, leave;

static void *hold(void *arg)
{
	if (lock()) {
		atomic_store(&holding, true);
		while (!atomic_load(&leave))
			sched_yield();
		unlock();
	}
	return arg;
}

static void slots_of_other_threads_hold_nothing_after_a_fork(void **state)
{
	pthread_t holder;
	int status = -1;
	pid_t pid;

	(void)state;
	fresh_biased();
	atomic_store(&holding, false);
	atomic_store(&leave, false);
	assert_int_equal(pthread_create(&holder, NULL, hold, NULL), 0);
	while (!atomic_load(&holding))
		sched_yield();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* The holder does not exist in the child. */
		alarm(WATCHDOG_SECONDS);
		write_once();
		_exit(atomic_load(&refcnt) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	atomic_store(&leave, true);
	assert_int_equal(pthread_join(holder, NULL), 0);
	write_once();
	assert_int_equal(atomic_load(&refcnt), 1);
}

static _Atomic long handled;

/* Takes the VMA twice, whatever it interrupts. */
static void handler(int sig)
{
	bool first = lock(), second = lock();

	(void)sig;
	if (second)
		unlock();
	if (first)
		unlock();
	atomic_fetch_add(&handled, 1);
}

static _Atomic bool stop;

static void *write_on(void *arg)
{
	pthread_t *reader = arg;

	while (!atomic_load(&stop)) {
		write_once();
		pthread_kill(*reader, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

static void a_handler_leaves_the_slot_as_it_found_it(void **state)
{
	struct sigaction action = {.sa_handler = handler}, old;
	pthread_t self = pthread_self(), writer;

	(void)state;
	fresh_biased();
	atomic_store(&stop, false);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_on, &self), 0);
	while (atomic_load(&handled) < 300) {
		bool first = lock(), second = lock();

		if (second)
			unlock();
		if (first)
			unlock();
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	assert_int_equal(vms__vlock_readers(&refcnt), 0);
	assert_false(vms__bias_holds(&lock_seq));
	write_once();
	assert_int_equal(atomic_load(&refcnt), 1);
}

/*
 * A handler runs after P2, before the look that fails. It counts, notes its
 * count as nested because a stamp is set, and then settles that stamp. Its
 * release sees no stamp, and does not take the note back.
 */
static void a_handler_before_the_second_look_leaves_nothing(void **state)
{
	struct vms__bias_slot *slot;

	(void)state;
	fresh_biased();
	slot = &vms__bias_slots[VMS__BIAS_SELF];
	write_once();
	atomic_store(&slot->held, (unsigned long)&lock_seq);
	assert_true(lock());
	unlock();
	assert_int_equal(atomic_load(&lock_seq), 0);
	assert_true(vms__bias_undo(slot));
	bias();
	assert_true(lock());
	assert_true(vms__bias_holds(&lock_seq));
	unlock();
	assert_false(vms__bias_holds(&lock_seq));
	assert_int_equal(vms__vlock_readers(&refcnt), 0);
	write_once();
	assert_int_equal(atomic_load(&refcnt), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_of_a_biased_vma_does_not_count),
		cmocka_unit_test(second_lock_of_a_thread_counts_and_goes_first),
		cmocka_unit_test(a_writer_ends_the_bias),
		cmocka_unit_test(a_trying_writer_is_refused_while_a_slot_holds_it),
		cmocka_unit_test(a_stop_during_a_revocation_does_not_count),
		cmocka_unit_test(writer_waits_for_a_slot_and_is_woken),
		cmocka_unit_test(slots_of_other_threads_hold_nothing_after_a_fork),
		cmocka_unit_test(a_handler_before_the_second_look_leaves_nothing),
		cmocka_unit_test(a_handler_leaves_the_slot_as_it_found_it),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
