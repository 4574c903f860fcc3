/* SPDX-License-Identifier: MIT */
/*
 * test_rwsem_orders.c - the rw-semaphore and the spinlock under the C11 memory
 * model: with their own memory orders no run fails, and with any one order
 * weakened some run must fail.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MODEL_HOOKS
#include "tests/lib/sync/model.h"

/*
 * The plain variables: the data that the lock under test protects, the data
 * that wait_lock protects, and the fields that the owner of a timed waiter
 * writes.
 */
enum { DATA, QUEUE, WAITERS_FIELDS };

/*
 * CLOCK_MONOTONIC stands still, or advances past every waiter's patience
 * between two looks.
 */
static int64_t clock_now;

static int model_clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	clock_now += model_random(2) ? 2000000 : 0;
	ts->tv_sec = clock_now / 1000000000;
	ts->tv_nsec = clock_now % 1000000000;
	return 0;
}

#define NR_TIMED_WAITERS 2
#define FRONT_SPINS 1u
#define ASSERT_QUEUE_LOCKED(sem) model_write(QUEUE, 0)
#define ASSERT_TAKEN(w) model_write(WAITERS_FIELDS + (unsigned int)((w)-timed_waiters), 0)
#define clock_gettime model_clock_gettime
#include "lib/sync/rwsem.c"       /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_spin.c"  /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_timed.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_queue.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_wait.c"  /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/spinlock.c"    /* NOLINT(bugprone-suspicious-include): hooked atomics */
#undef clock_gettime

#define SOUND_RUNS 60000
#include "tests/lib/sync/orders.h"

#define TEST VMS_NO_TSA

static struct rw_semaphore sem;
static _Atomic unsigned int spin;

static void begin(void)
{
	vms__spin_budget();
	clock_now = 0;
	init_rwsem(&sem);
	atomic_init(&sem.count, 0);
	atomic_init(&sem.owner, NULL);
	atomic_init(&sem.wait_lock, 0);
	atomic_init(&spin, 0);
	for (int i = 0; i < NR_TIMED_WAITERS; i++)
		atomic_init(&timed_waiters[i].taken, false);
}

static void end(void)
{
	if (atomic_load_explicit(&sem.count, memory_order_relaxed) || sem.wait_first ||
	    sem.wait_last)
		model_fail("something is left in the semaphore");
	for (int i = 0; i < NR_TIMED_WAITERS; i++) {
		if (atomic_load_explicit(&timed_waiters[i].taken, memory_order_relaxed))
			model_fail("a waiter that left is not given back");
	}
}

static void look(void)
{
	uint64_t seen = model_read(DATA);

	model_yield();
	if (model_read(DATA) != seen)
		model_fail("a reader is in beside a writer");
}

static void change(void)
{
	model_write(DATA, model_read(DATA) + 1);
}

static void reader(void) TEST
{
	down_read(&sem);
	look();
	up_read(&sem);
}

static void reader_timed(void) TEST
{
	if (down_read_timeout(&sem, 1000))
		return;
	look();
	up_read(&sem);
}

static void writer(void) TEST
{
	down_write(&sem);
	change();
	up_write(&sem);
}

static void writer_timed(void) TEST
{
	if (down_write_timeout(&sem, 1000))
		return;
	change();
	up_write(&sem);
}

static void downgrader(void) TEST
{
	down_write(&sem);
	change();
	downgrade_write(&sem);
	look();
	up_read(&sem);
}

static void trier(void) TEST
{
	if (down_read_trylock(&sem)) {
		look();
		up_read(&sem);
	}
	if (down_write_trylock(&sem)) {
		change();
		up_write(&sem);
	}
}

static void reader_twice(void)
{
	reader();
	reader();
}

static void writer_timed_twice(void)
{
	writer_timed();
	writer_timed();
}

/*
 * Holds the lock, and sometimes the queue, while timed calls come and give up.
 */
static void busybody(void) TEST
{
	down_write(&sem);
	for (int i = 0; i < 3; i++) {
		vms__rwsem_lock_queue(&sem, NULL);
		model_yield();
		vms__rwsem_finish(&sem, QUEUE_LOOK);
	}
	change();
	up_write(&sem);
}

static void spinner(void)
{
	vms__spin_lock(&spin);
	change();
	vms__spin_unlock(&spin);
}

static const struct model_scenario scenarios[] = {
	{"three writers", begin, end, {writer, writer, writer}},
	{"a writer, a reader, a downgrader", begin, end, {writer, reader, downgrader}},
	{"a writer, two readers", begin, end, {writer, reader, reader_twice}},
	{"two downgraders, a writer", begin, end, {downgrader, writer, downgrader}},
	{"a writer, a reader, trylocks", begin, end, {writer, reader, trier}},
	{"a writer, a timed writer and reader",
	 begin,
	 end,
	 {writer, writer_timed_twice, reader_timed}},
	{"two writers, a timed reader", begin, end, {writer, writer, reader_timed}},
	{"a reader, two timed writers", begin, end, {reader, writer_timed, writer_timed}},
	{"a downgrader, a timed writer, a reader", begin, end, {downgrader, writer_timed, reader}},
	{"a writer, a timed writer", begin, end, {writer, writer_timed_twice}},
	{"a timed writer leaves a busy queue", begin, end, {busybody, writer_timed_twice}},
	{"three spinners", begin, end, {spinner, spinner, spinner}},
};

static void nothing_goes_wrong_under_the_c11_model(void **state)
{
	(void)state;
	check_sound(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

static void each_order_is_needed(void **state)
{
	(void)state;
	check_each_order_is_needed(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_goes_wrong_under_the_c11_model),
		cmocka_unit_test(each_order_is_needed),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
