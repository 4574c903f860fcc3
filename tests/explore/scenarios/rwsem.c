/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - the rw-semaphore's queue. The fields that it guards are plain, so
 * that two holders at once are a data race. A waiter that nobody wakes is
 * a deadlock.
 */
#include <time.h>

#include <vmastore/compiler.h>
#include <vmastore/rwsem.h>

#include "lib/sync/futex.h"
#include "lib/sync/rwsem_internal.h"
#include "tests/explore/scenarios/scenarios.h"

#define TIMED_WAITERS 512
#define MS 1000000L

static struct rw_semaphore sem = VMS_RWSEM_INIT;
static int left, right;

static void nothing(void)
{
}

static void change(void)
{
	left++;
	right++;
}

static void look(void)
{
	explore_check(left == right);
}

static void nap(long ns)
{
	nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void writer(void) VMS_NO_TSA
{
	down_write(&sem);
	change();
	up_write(&sem);
}

static void reader(void) VMS_NO_TSA
{
	down_read(&sem);
	look();
	up_read(&sem);
}

static void timed_writer(void) VMS_NO_TSA
{
	if (down_write_timeout(&sem, MS / 2))
		return;
	change();
	up_write(&sem);
}

static void timed_reader(void) VMS_NO_TSA
{
	if (down_read_timeout(&sem, MS / 2))
		return;
	look();
	up_read(&sem);
}

/* ---- the lock is held already -------------------------------------------- */

/* So the waiters queue without a switch that costs. */
static void begin_held(void) VMS_NO_TSA
{
	down_write(&sem);
}

static void giver(void) VMS_NO_TSA
{
	vms__rwsem_set_owner(&sem); /* the main thread took it */
	change();
	up_write(&sem);
}

/* Nothing is left in the semaphore, and each timed waiter was given back. */
static void is_free(void)
{
	unsigned int nr = 0;

	look();
	explore_check(!sem.count && !sem.wait_lock && !sem.wait_first && !sem.wait_last);
	while (vms__rwsem_take_timed())
		nr++;
	explore_check(nr == TIMED_WAITERS);
}

EXPLORE_SCENARIO(rwsem_timed, "a timed writer gives up while the lock is passed on to it",
		 .begin = begin_held, .threads = {giver, timed_writer, reader}, .end = is_free);
EXPLORE_SCENARIO(rwsem_timed_reader, "a timed reader gives up while the lock is passed on to it",
		 .begin = begin_held, .threads = {giver, timed_reader, writer}, .end = is_free);

/* ---- a downgrade --------------------------------------------------------- */

/* Long enough that the first waiter becomes impatient: HANDOFF. */
static void downgrader(void) VMS_NO_TSA
{
	down_write(&sem);
	change();
	nap(2 * MS);
	downgrade_write(&sem);
	look();
	up_read(&sem);
}

static void patient_timed_writer(void) VMS_NO_TSA
{
	if (down_write_timeout(&sem, 3 * MS))
		return;
	change();
	up_write(&sem);
}

static void late_reader(void)
{
	nap(3 * MS / 2);
	reader();
}

EXPLORE_SCENARIO(rwsem_downgrade,
		 "a downgrade beside HANDOFF, and a timed writer is first in the queue",
		 .begin = nothing, .threads = {downgrader, patient_timed_writer, late_reader},
		 .end = is_free);
static _Atomic unsigned int was_in;

/* The holder waits for the reader, which only the downgrade lets in. */
static void downgrade_for_reader(void) VMS_NO_TSA
{
	vms__rwsem_set_owner(&sem);
	change();
	downgrade_write(&sem);
	while (!atomic_load_explicit(&was_in, memory_order_relaxed))
		vms__futex_wait(&was_in, 0, NULL);
	up_read(&sem);
}

static void reader_tells(void)
{
	reader();
	atomic_store_explicit(&was_in, 1, memory_order_relaxed);
	vms__futex_wake(&was_in, 1);
}

EXPLORE_SCENARIO(rwsem_downgrade_reader, "a downgrade lets the readers in that wait",
		 .begin = begin_held, .threads = {downgrade_for_reader, reader_tells},
		 .end = is_free);
EXPLORE_SCENARIO(rwsem_downgrade_two, "a downgrade, and a reader queues behind a writer",
		 .begin = nothing, .threads = {downgrader, writer, reader}, .end = is_free);
