/* SPDX-License-Identifier: MIT */
/*
 * test_rcu.c - readers concurrently with a publisher, callbacks and barriers,
 * and threads that start, exit and fork without any call of RCU's registration.
 *
 * All tests run twice, first in the child of a fork, whose grace periods do not
 * use liburcu (lib/sync/rcu_forked.c).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include <vmastore/rcu.h>

#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

#ifndef rcu_read_lock
#error "the kernel's names are gone: lib/sync/rcu.h let liburcu's macros through"
#endif

#define READERS 3

/* ---- readers concurrently with a publisher ------------------------------- */

struct pair {
	unsigned long value, complement; /* plain: only RCU keeps them readable */
	struct rcu_head rcu;
};

static struct pair *_Atomic published;
static _Atomic bool stop;

static struct pair *pair_new(unsigned long value)
{
	struct pair *p = malloc(sizeof(*p));

	p->value = value;
	p->complement = ~value;
	return p;
}

static void pair_free(struct rcu_head *head)
{
	struct pair *p = (struct pair *)((char *)head - offsetof(struct pair, rcu));

	p->value = p->complement = 0;
	free(p);
}

/* Return: the number of broken pairs seen. */
static void *read_pairs(void *inlined)
{
	uintptr_t broken = 0;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		struct pair *p;

		if (inlined)
			vms__rcu_read_lock();
		else
			rcu_read_lock();
		p = vms__rcu_dereference(&published);
		broken += p->value != ~p->complement;
		if (inlined)
			vms__rcu_read_unlock();
		else
			rcu_read_unlock();
#ifdef VMS_RCU_QSBR
		/*
		 * A grace period needs a quiescent state of each reader: let
		 * the other readers run, because the machine may have few
		 * processors.
		 */
		vms_rcu_quiescent();
		sched_yield();
#endif
	}
	return (void *)broken;
}

static void readers_see_whole_objects_while_they_are_replaced(void **state)
{
	pthread_t threads[READERS];
	void *broken;

	(void)state;
	atomic_store(&stop, false);
	vms__rcu_assign_pointer(&published, pair_new(0));
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, (void *)(i % 2)), 0);
	for (unsigned long i = 1; i <= 400; i++) {
		struct pair *old = atomic_load_explicit(&published, memory_order_relaxed);

		vms__rcu_assign_pointer(&published, pair_new(i));
		if (i % 2) {
			call_rcu(&old->rcu, pair_free);
		} else {
			synchronize_rcu();
			pair_free(&old->rcu);
		}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(threads[i], &broken), 0);
		assert_int_equal((uintptr_t)broken, 0);
	}
	rcu_barrier();
	free(published);
}

/* ---- callbacks ----------------------------------------------------------- */

static _Atomic unsigned int calls;
static sem_t in_section, may_leave;

static void count_call(struct rcu_head *head)
{
	(void)head;
	atomic_fetch_add(&calls, 1);
}

/*
 * Return: the number of callbacks that ran while this section, nested once, was
 * open.
 */
static void *hold_a_section(void *arg)
{
	uintptr_t seen;

	(void)arg;
	rcu_read_lock();
	rcu_read_lock();
	sem_post(&in_section);
	sem_wait(&may_leave);
	rcu_read_unlock();
	/* Long enough for a callback that wrongly does not wait. */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	seen = atomic_load(&calls);
	rcu_read_unlock();
	return (void *)seen;
}

static void a_callback_waits_for_the_sections_that_are_open(void **state)
{
	struct rcu_head head;
	pthread_t thread;
	void *seen;

	(void)state;
	atomic_store(&calls, 0);
	assert_int_equal(pthread_create(&thread, NULL, hold_a_section, NULL), 0);
	sem_wait(&in_section);
	call_rcu(&head, count_call);
	sem_post(&may_leave);
	assert_int_equal(pthread_join(thread, &seen), 0);
	assert_int_equal((uintptr_t)seen, 0);
	rcu_barrier();
	assert_int_equal(atomic_load(&calls), 1);
}

#define HEADS 500

static void *queue_many(void *heads)
{
	for (int i = 0; i < HEADS; i++)
		call_rcu((struct rcu_head *)heads + i, count_call);
	return NULL;
}

static void a_barrier_waits_for_every_callback_queued_before(void **state)
{
	static struct rcu_head heads[READERS][HEADS];
	pthread_t threads[READERS];

	(void)state;
	atomic_store(&calls, 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, queue_many, heads[i]), 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	rcu_barrier();
	assert_int_equal(atomic_load(&calls), READERS * HEADS);
}

static struct rcu_head second_head;

static void read_wait_and_queue(struct rcu_head *head)
{
	(void)head;
	rcu_read_lock();
	rcu_read_unlock();
	synchronize_rcu();
	call_rcu(&second_head, count_call);
	atomic_fetch_add(&calls, 1);
}

static void a_callback_may_read_wait_and_queue_another(void **state)
{
	struct rcu_head head;

	(void)state;
	atomic_store(&calls, 0);
	call_rcu(&head, read_wait_and_queue);
	rcu_barrier();
	rcu_barrier();
	assert_int_equal(atomic_load(&calls), 2);
}

/* ---- threads ------------------------------------------------------------- */

static void *read_once(void *arg)
{
	(void)arg;
	rcu_read_lock();
	rcu_read_unlock();
	return NULL;
}

static void *wait_only(void *arg)
{
	(void)arg;
	synchronize_rcu();
	return NULL;
}

/* Return: false if the thread could not be created. */
static bool run_thread(void *(*fn)(void *))
{
	pthread_t thread;
	bool ok;

	vms_rcu_thread_offline(); /* QSBR: @fn may wait for a grace period */
	ok = !pthread_create(&thread, NULL, fn, NULL) && !pthread_join(thread, NULL);
	vms_rcu_thread_online();
	return ok;
}

/*
 * Symptom: a grace period crashes or never ends. Cause: an exited thread stayed
 * among the readers, and its node lies in memory that the next thread reuses.
 */
static void threads_leave_the_readers_when_they_exit(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(run_thread(read_once));
		if (i % 10 == 0)
			synchronize_rcu();
	}
	assert_true(run_thread(wait_only));
	synchronize_rcu();
}

static pthread_key_t programs_key;
static unsigned int destructor_calls; /* accessed by one thread at a time, ordered by the joins */

/*
 * A program's destructor that reads in the first two rounds of the C library's
 * destructors.
 */
static void read_in_destructor(void *arg)
{
	uintptr_t round = (uintptr_t)arg;

	rcu_read_lock();
	rcu_read_unlock();
	destructor_calls++;
	if (round < 2)
		pthread_setspecific(programs_key, (void *)(round + 1));
}

static void *exit_with_destructor(void *arg)
{
	pthread_setspecific(programs_key, (void *)1);
	return read_once(arg);
}

static void destructors_of_the_program_may_still_read(void **state)
{
	(void)state;
	destructor_calls = 0;
	assert_int_equal(pthread_key_create(&programs_key, read_in_destructor), 0);
	for (int i = 0; i < 20; i++)
		assert_true(run_thread(exit_with_destructor));
	assert_int_equal(destructor_calls, 40);
	assert_int_equal(pthread_key_delete(programs_key), 0);
	synchronize_rcu();
}

static void *stay_in_a_section(void *arg)
{
	(void)arg;
	rcu_read_lock();
	sem_post(&in_section);
	sem_wait(&may_leave);
	rcu_read_unlock();
	return NULL;
}

/*
 * A child that uses all of RCU, in memory that the parent's other threads had
 * used.
 */
static _Noreturn void child_uses_rcu(void)
{
	struct rcu_head head;

	alarm(WATCHDOG_SECONDS / 2);
	atomic_store(&calls, 0);
	synchronize_rcu();
	for (int i = 0; i < 4; i++) {
		if (!run_thread(read_once))
			_exit(2);
	}
	call_rcu(&head, count_call);
	rcu_barrier();
	_exit(atomic_load(&calls) == 1 ? 0 : 3);
}

/*
 * Symptom: a grace period of the child never ends. Cause: it waits for a thread
 * that was inside a section when the parent forked and does not exist in the
 * child; that thread's node lies in a stack that new threads use.
 */
static void a_forked_child_forgets_the_parents_other_readers(void **state)
{
	pthread_t threads[READERS];
	int status;
	pid_t pid;

	(void)state;
	if (VMS__TSAN)
		skip(); /* TSan allows no threads in the child of a threaded program */
	rcu_barrier();
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, stay_in_a_section, NULL), 0);
		sem_wait(&in_section);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child_uses_rcu();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* The parent is not affected. */
	for (int i = 0; i < READERS; i++)
		sem_post(&may_leave);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	synchronize_rcu();
	rcu_barrier();
}

/* ---- assertions ---------------------------------------------------------- */

static void held_tells_whether_a_section_is_open(void **state)
{
	(void)state;
	rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	assert_true(rcu_read_lock_held());
	rcu_read_unlock();
#ifdef VMS_DEBUG
	assert_false(rcu_read_lock_held());
#else
	assert_true(rcu_read_lock_held());
#endif
}

#ifndef VMS_RCU_QSBR
static void may_wait_is_false_inside_a_section(void **state)
{
	(void)state;
	assert_true(vms__rcu_may_wait());
	rcu_read_lock();
	assert_false(vms__rcu_may_wait());
	rcu_read_unlock();
	assert_true(vms__rcu_may_wait());
}
#endif

#ifdef VMS_DEBUG
static void wait_inside_a_section(void)
{
	rcu_read_lock();
	synchronize_rcu();
}

static void unlock_without_lock(void)
{
	rcu_read_unlock();
}

static void misuse_stops_the_program(void **state)
{
	(void)state;
	assert_true(child_aborts_saying(wait_inside_a_section,
					(const char *[]){"vms_synchronize_rcu", NULL}));
	assert_true(child_aborts_saying(unlock_without_lock,
					(const char *[]){"vms_rcu_read_unlock", NULL}));
}
#endif

static int run_all(const char *where)
{
	const struct CMUnitTest tests[] = {
#ifdef VMS_DEBUG
		cmocka_unit_test(misuse_stops_the_program), /* first: needs one thread */
#endif
		cmocka_unit_test(readers_see_whole_objects_while_they_are_replaced),
		cmocka_unit_test(a_callback_waits_for_the_sections_that_are_open),
		cmocka_unit_test(a_barrier_waits_for_every_callback_queued_before),
		cmocka_unit_test(a_callback_may_read_wait_and_queue_another),
		cmocka_unit_test(threads_leave_the_readers_when_they_exit),
		cmocka_unit_test(destructors_of_the_program_may_still_read),
		cmocka_unit_test(a_forked_child_forgets_the_parents_other_readers),
		cmocka_unit_test(held_tells_whether_a_section_is_open),
#ifndef VMS_RCU_QSBR
		cmocka_unit_test(may_wait_is_false_inside_a_section),
#endif
	};

	alarm(WATCHDOG_SECONDS);
	sem_init(&in_section, 0, 0);
	sem_init(&may_leave, 0, 0);
	return cmocka_run_group_tests_name(where, tests, NULL, NULL);
}

int main(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		return run_all("in a forked child");
	if (waitpid(pid, &status, 0) != pid || status)
		return EXIT_FAILURE;
	return run_all("with liburcu's grace periods");
}
