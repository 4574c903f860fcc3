/* SPDX-License-Identifier: MIT */
/*
 * test_spinlock.c - the one-word lock: exclusion, its three values, and the
 * wake-up of a waiter that sleeps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "lib/sync/spinlock.h"
#include "tests/lib/sync/child.h"

#define THREADS 4
#define ROUNDS 20000

static _Atomic unsigned int lock;
static long counter; /* plain: only the lock orders it */

static void trylock_takes_a_free_lock_only(void **state)
{
	(void)state;
	assert_false(vms__spin_is_locked(&lock));
	assert_true(vms__spin_trylock(&lock));
	assert_true(vms__spin_is_locked(&lock));
	assert_false(vms__spin_trylock(&lock));
	vms__spin_unlock(&lock);
	assert_false(vms__spin_is_locked(&lock));
}

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 4 || !vms__spin_trylock(&lock))
			vms__spin_lock(&lock);
		counter++;
		/* A holder that loses the CPU makes the others sleep. */
		if (i % 1024 == 0)
			sched_yield();
		vms__spin_unlock(&lock);
	}
	return arg;
}

static void nothing_is_lost_between_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	counter = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counter, (long)THREADS * ROUNDS);
	assert_false(vms__spin_is_locked(&lock));
}

static void *take_once(void *arg)
{
	vms__spin_lock(&lock);
	counter++;
	vms__spin_unlock(&lock);
	return arg;
}

static void every_sleeper_is_woken(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	counter = 0;
	vms__spin_lock(&lock);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_once, NULL), 0);
	/* 2: some thread has stopped spinning. */
	while (atomic_load_explicit(&lock, memory_order_relaxed) != 2)
		sched_yield();
	usleep(2000); /* lets the others sleep too; the result is the same if they do not */
	assert_int_equal(counter, 0);
	vms__spin_unlock(&lock);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counter, THREADS);
	assert_false(vms__spin_is_locked(&lock));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trylock_takes_a_free_lock_only),
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(every_sleeper_is_woken),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
