/* SPDX-License-Identifier: MIT */
/*
 * test_pcounter.c - each thread slot has one holder, and a sum over the slots
 * loses nothing: not concurrently with other threads, not when a slot changes
 * its holder, and not when there are more threads than slots.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>

#include "lib/sync/alloc.h"
#include "lib/sync/pcounter.h"

#define CROWD (VMS__SLOTS + 12) /* more threads than there are slots */
#define ROUNDS 2000
#define SHARED_ROUNDS 200000 /* in the slot that several threads share: enough for them to meet */

static struct vms__pcounter *pc;
static pthread_barrier_t everybody;
static _Atomic unsigned int holders[VMS__SLOTS];
static _Atomic long all_rounds;

/* Return: how often another thread held this thread's slot. */
static void *add_in_a_crowd(void *arg)
{
	unsigned int slot = vms__thread_slot();
	long rounds = slot ? ROUNDS : SHARED_ROUNDS;
	uintptr_t wrong = 0;

	(void)arg;
	wrong += slot && atomic_fetch_add(&holders[slot], 1) != 0;
	pthread_barrier_wait(&everybody);
	atomic_fetch_add(&all_rounds, rounds);
	for (long i = 0; i < rounds; i++) {
		vms__pcounter_add(pc, 0, 1);
		vms__pcounter_add(pc, 1, i % 2 ? -3 : 2);
		vms__pcounter_add(pc, 8, 5);
	}
	wrong += vms__thread_slot() != slot;
	pthread_barrier_wait(&everybody);
	if (slot)
		atomic_fetch_sub(&holders[slot], 1);
	return (void *)wrong;
}

static void sums_are_exact_with_more_threads_than_slots(void **state)
{
	pthread_t threads[CROWD];
	void *wrong;

	(void)state;
	pc = vms__pcounter_create(9);
	assert_non_null(pc);
	assert_int_equal(pthread_barrier_init(&everybody, NULL, CROWD), 0);
	for (unsigned int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_in_a_crowd, NULL), 0);
	for (unsigned int i = 0; i < CROWD; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_int_equal((uintptr_t)wrong, 0);
	}
	pthread_barrier_destroy(&everybody);
	assert_int_equal(vms__thread_slots_used(), VMS__SLOTS);
	assert_true(all_rounds > (long)CROWD * ROUNDS);
	assert_int_equal(vms__pcounter_sum(pc, 0), all_rounds);
	assert_int_equal(vms__pcounter_sum(pc, 1), -all_rounds / 2);
	assert_int_equal(vms__pcounter_sum(pc, 8), 5 * all_rounds);
	for (unsigned int which = 2; which < 8; which++)
		assert_int_equal(vms__pcounter_sum(pc, which), 0);
	vms__pcounter_destroy(pc);
}

/* Return: the slot. */
static void *add_once(void *arg)
{
	(void)arg;
	vms__pcounter_add(pc, 0, 7);
	return (void *)(uintptr_t)vms__thread_slot();
}

/*
 * A new thread gets the lowest free slot, so that threads that run one after
 * the other get the same slot.
 */
static void a_slot_is_handed_on_with_its_count(void **state)
{
	uintptr_t first = 0;

	(void)state;
	pc = vms__pcounter_create(1);
	assert_non_null(pc);
	for (int i = 0; i < 300; i++) {
		pthread_t thread;
		void *slot;

		assert_int_equal(pthread_create(&thread, NULL, add_once, NULL), 0);
		assert_int_equal(pthread_join(thread, &slot), 0);
		assert_int_not_equal((uintptr_t)slot, 0);
		if (!i)
			first = (uintptr_t)slot;
		assert_int_equal((uintptr_t)slot, first);
	}
	assert_int_equal(vms__pcounter_sum(pc, 0), 2100);
	vms__pcounter_destroy(pc);
}

static void rows_share_no_cache_line(void **state)
{
	(void)state;
	for (unsigned int nr = 1; nr <= 20; nr++) {
		pc = vms__pcounter_create(nr);
		assert_non_null(pc);
		assert_int_equal((uintptr_t)pc->rows % VMS_CACHELINE, 0);
		assert_int_equal(pc->stride * sizeof(long) % VMS_CACHELINE, 0);
		assert_true(pc->stride >= nr);
		vms__pcounter_destroy(pc);
	}
}

static void creation_without_memory_answers_null(void **state)
{
	long n;

	(void)state;
	for (n = 1;; n++) {
		vms__alloc_fail_nth(n);
		pc = vms__pcounter_create(3);
		if (vms__alloc_count() < n)
			break;
		assert_null(pc);
	}
	vms__alloc_fail_nth(0);
	assert_int_equal(n, 3);
	assert_non_null(pc);
	vms__pcounter_destroy(pc);
	vms__pcounter_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_is_handed_on_with_its_count),
		cmocka_unit_test(sums_are_exact_with_more_threads_than_slots),
		cmocka_unit_test(rows_share_no_cache_line),
		cmocka_unit_test(creation_without_memory_answers_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
