/* SPDX-License-Identifier: MIT */
/*
 * test_rwsem_schedules.c - the rw-semaphore under every schedule of three
 * threads, with timeouts that fire at any moment, and with waiters of endless
 * patience and of none.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EXPLORE_HOOKS
#include "tests/lib/sync/explore.h"

/*
 * CLOCK_MONOTONIC stands still, or advances past every waiter's patience
 * between two looks.
 */
static int64_t clock_now, clock_step;
static void clock_is_read(void);

static int model_clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	clock_is_read();
	clock_now += clock_step;
	ts->tv_sec = clock_now / 1000000000;
	ts->tv_nsec = clock_now % 1000000000;
	return 0;
}

/*
 * With one CPU no waiter spins: every wait sleeps. With two CPUs a waiter looks
 * SPIN_LOOKS times before it sleeps, and the first writer competes for the
 * lock.
 */
#ifndef CPUS
#define CPUS 1
#endif
#define sysconf(name) ((long)CPUS)
#ifndef SPIN_LOOKS
#define SPIN_LOOKS 1
#endif
#if SPIN_LOOKS == 1
#define FRONT_SPINS 1u
#endif
#define NR_TIMED_WAITERS 2

/* A hook that runs whenever a waiter pauses between two looks. */
#include "lib/sync/spinlock.h"
static void pause_is_taken(void);
#define vms__cpu_relax pause_is_taken

#define clock_gettime model_clock_gettime
#include "lib/sync/rwsem.c"       /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_spin.c"  /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_timed.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_queue.c" /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/rwsem_wait.c"  /* NOLINT(bugprone-suspicious-include): hooked atomics */
#include "lib/sync/spinlock.c"    /* NOLINT(bugprone-suspicious-include): hooked atomics */
#undef clock_gettime
#undef vms__cpu_relax
#undef sysconf

#include "tests/lib/sync/child.h"

#define TEST VMS_NO_TSA

static struct rw_semaphore sem;
static int readers, writers; /* holders of the lock; one thread runs at a time */

static void begin(void)
{
	clock_now = 0;
	readers = writers = 0;
	init_rwsem(&sem);
}

static void end(void)
{
	if (sem.count || sem.wait_lock || sem.wait_first || sem.wait_last)
		explore_fail("something is left in the semaphore");
	for (int i = 0; i < NR_TIMED_WAITERS; i++) {
		if (timed_waiters[i].taken)
			explore_fail("a waiter that left is not given back");
	}
}

/* Every timed call finds all places in the queue taken. */
static void begin_crowded(void)
{
	begin();
	for (int i = 0; i < NR_TIMED_WAITERS; i++)
		timed_waiters[i].taken = true;
}

static void end_crowded(void)
{
	for (int i = 0; i < NR_TIMED_WAITERS; i++)
		timed_waiters[i].taken = false;
	end();
}

static void look(void)
{
	if (writers > 1 || (writers && readers))
		explore_fail("a writer is not alone");
}

static void be_in(int *who)
{
	++*who;
	look();
	explore_step();
	look();
	--*who;
}

static void reader(void) TEST
{
	down_read(&sem);
	be_in(&readers);
	up_read(&sem);
}

static void reader_timed(void) TEST
{
	if (down_read_timeout(&sem, 1000))
		return;
	be_in(&readers);
	up_read(&sem);
}

static void writer(void) TEST
{
	down_write(&sem);
	be_in(&writers);
	up_write(&sem);
}

static void writer_timed(void) TEST
{
	if (down_write_timeout(&sem, 1000))
		return;
	be_in(&writers);
	up_write(&sem);
}

static void downgrader(void) TEST
{
	down_write(&sem);
	be_in(&writers);
	readers++;
	downgrade_write(&sem);
	be_in(&readers);
	readers--;
	up_read(&sem);
}

static void trier(void) TEST
{
	if (down_read_trylock(&sem)) {
		be_in(&readers);
		up_read(&sem);
	}
	if (down_write_trylock(&sem)) {
		be_in(&writers);
		up_write(&sem);
	}
}

static void check_scenario(const struct explore_scenario *scenario)
{
	unsigned long runs;

	for (clock_step = 0; clock_step <= 2L * IMPATIENCE_NS; clock_step += 2L * IMPATIENCE_NS) {
		const char *failure = explore(scenario, &runs);

		printf("%lu schedules%s%s\n", runs, failure ? "; in the last: " : "",
		       failure ? failure : "");
		assert_null(failure);
		assert_true(runs > 100);
	}
}

static void check(void (*a)(void), void (*b)(void), void (*c)(void))
{
	check_scenario(&(struct explore_scenario){begin, end, {a, b, c}, 2});
}

static void writers_are_alone_and_everybody_gets_in(void **state)
{
	(void)state;
	check(writer, writer, writer);
	check(writer, writer, reader);
	check(writer, reader, reader);
}

static void a_downgrade_wakes_readers_and_loses_nobody(void **state)
{
	(void)state;
	check(downgrader, reader, writer);
	check(downgrader, reader, reader);
}

static void who_gives_up_loses_nobody_else(void **state)
{
	(void)state;
	check(writer, writer_timed, reader);
	check(writer, reader_timed, writer);
	check(reader, writer_timed, reader);
	check(reader, writer_timed, writer_timed);
	check(writer, reader_timed, writer_timed);
}

static void more_may_wait_than_there_are_places(void **state)
{
	(void)state;
	check_scenario(&(struct explore_scenario){
		begin_crowded, end_crowded, {writer, writer_timed, reader_timed}, 2});
}

/* ---- a thread that stops until every timed call has returned ---- */

static _Atomic unsigned int callers; /* that have not returned yet */

static void begin_held_up(void) TEST
{
	begin();
	callers = 1;
	down_write(&sem);
}

static void begin_two_held_up(void) TEST
{
	begin_held_up();
	callers = 2;
}

static void wait_for_callers(void)
{
	unsigned int left;

	while ((left = atomic_load_explicit(&callers, memory_order_relaxed)))
		vms__futex_wait(&callers, left, NULL);
}

static void caller_returns(void)
{
	atomic_fetch_sub_explicit(&callers, 1, memory_order_relaxed);
	vms__futex_wake(&callers, 1);
}

static void reader_called(void)
{
	reader_timed();
	caller_returns();
}

static void writer_called(void)
{
	writer_timed();
	caller_returns();
}

/* The thread does not run while it holds wait_lock. */
static void stopped_at_the_queue(void)
{
	vms__rwsem_lock_queue(&sem, NULL);
	wait_for_callers();
	vms__rwsem_finish(&sem, QUEUE_LOOK);
}

static void stopped_with_the_queue(void) TEST
{
	stopped_at_the_queue();
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	up_write(&sem);
}

/*
 * Releases @sem, passes it on to the waiters, and is stopped before it wakes
 * them.
 */
static void stopped_with_the_news(void) TEST
{
	struct decision d;
	unsigned int work;

	atomic_fetch_sub_explicit(&sem.count, WRITER, memory_order_release);
	vms__rwsem_lock_queue(&sem, NULL);
	pass_on(&sem, &d);
	work = unlock_queue(&sem);
	wait_for_callers();
	if (deliver(&sem, &d))
		work |= QUEUE_LOOK;
	if (work && vms__rwsem_lock_queue_or_tell(&sem, work))
		vms__rwsem_finish(&sem, work);
}

static void up_write_called(void) TEST
{
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	up_write(&sem);
	caller_returns();
}

static void downgrade_called(void) TEST
{
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	downgrade_write(&sem);
	up_read(&sem);
	caller_returns();
}

static void a_timed_call_waits_for_no_thread_that_is_stopped(void **state)
{
	(void)state;
	/* If a caller waited for the stopped thread, all threads would wait. */
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_with_the_queue, reader_called}, 2});
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_with_the_queue, writer_called}, 2});
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_with_the_news, reader_called}, 2});
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_with_the_news, writer_called}, 2});
	check_scenario(&(struct explore_scenario){
		begin_two_held_up, end, {stopped_with_the_queue, writer_called, reader_called}, 1});
	check_scenario(&(struct explore_scenario){
		begin_two_held_up, end, {stopped_with_the_news, writer_called, reader_called}, 1});
}

static void trylocks_come_between_unharmed(void **state)
{
	(void)state;
	check(writer, trier, reader);
	check(writer, trier, writer);
}

/* One thread, and a waiter that represents a second thread. */
static void leaves_behind_another(void) TEST
{
	struct vms_rwsem_waiter other = {
		.state = ASLEEP, .writer = true, .impatient_from = INT64_MAX};

	vms__rwsem_lock_queue(&sem, NULL);
	vms__rwsem_enqueue(&sem, &other);
	atomic_fetch_or_explicit(&sem.count, WAITERS, memory_order_relaxed);
	vms__rwsem_finish(&sem, QUEUE_LOOK);
	if (down_read_timeout(&sem, 1000) != -ETIMEDOUT)
		explore_fail("not timed out");
	for (int i = 0; i < NR_TIMED_WAITERS; i++) {
		if (timed_waiters[i].taken)
			explore_fail("a waiter that left stays behind another that sleeps");
	}
	vms__rwsem_lock_queue(&sem, NULL);
	dequeue(&sem, &other);
	atomic_fetch_and_explicit(&sem.count, ~(WAITERS | HANDOFF), memory_order_relaxed);
	vms__rwsem_finish(&sem, QUEUE_LOOK);
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	up_write(&sem);
}

static void who_has_left_does_not_stay_in_the_queue(void **state)
{
	const struct explore_scenario scenario = {begin_held_up, end, {leaves_behind_another}, 2};
	unsigned long runs;

	(void)state;
	clock_step = 0;
	assert_null(explore(&scenario, &runs));
}

static void letting_go_waits_for_no_thread_that_is_stopped(void **state)
{
	(void)state;
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_at_the_queue, up_write_called, reader}, 1});
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_at_the_queue, up_write_called, writer}, 1});
	check_scenario(&(struct explore_scenario){
		begin_held_up, end, {stopped_at_the_queue, downgrade_called, writer}, 1});
}

/* ---- how often the first waiter is overtaken ---- */

/*
 * Takes the lock in the given way and releases it; no other thread holds it.
 * Return: false if it could not be taken.
 */
static bool pass_by(unsigned int how) TEST
{
	switch (how) {
	case 0:
		down_write(&sem);
		up_write(&sem);
		return true;
	case 1:
		if (down_write_timeout(&sem, 1000))
			return false;
		up_write(&sem);
		return true;
	case 2:
		down_write(&sem);
		downgrade_write(&sem);
		up_read(&sem);
		return true;
	case 3:
		down_read(&sem);
		up_read(&sem);
		return true;
	case 5:
		if (!down_read_trylock(&sem))
			return false;
		up_read(&sem);
		return true;
	default:
		if (down_read_timeout(&sem, 1000))
			return false;
		up_read(&sem);
		return true;
	}
}

/*
 * Puts a waiter that represents another thread first into the queue, in @state.
 * On entry the lock is held, for reading if @reader is set. The waiter does
 * nothing, so that only the bound ends its wait.
 */
static void overtake_until_granted_after(bool reader, unsigned int state, unsigned long bound,
					 unsigned int first_way, unsigned int ways) TEST
{
	struct vms_rwsem_waiter other = {
		.state = state, .writer = true, .impatient_from = INT64_MAX};
	unsigned long passed = 0;

	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	vms__rwsem_lock_queue(&sem, NULL);
	vms__rwsem_enqueue(&sem, &other);
	atomic_fetch_or_explicit(&sem.count, WAITERS, memory_order_relaxed);
	vms__rwsem_finish(&sem, QUEUE_LOOK);
	if (reader)
		up_read(&sem);
	else
		up_write(&sem);
	while (other.state != GRANTED) {
		if (down_write_trylock(&sem))
			explore_fail("one that only tries to write came past a waiter");
		if (passed > bound || !pass_by(first_way + (unsigned int)passed % ways)) {
			explore_fail("not given the lock, but not overtaken either; or overtaken "
				     "too often");
			return;
		}
		passed++;
	}
	if (passed != bound)
		explore_fail("given the lock too early");
	if (sem.wait_first || !(sem.count & WRITER) || down_read_trylock(&sem) ||
	    down_write_trylock(&sem))
		explore_fail("does not have the lock that it was given");
	vms__rwsem_set_owner(&sem);
	up_write(&sem);
}

static void overtake_until_granted(unsigned int state, unsigned long bound, unsigned int first_way,
				   unsigned int ways) TEST
{
	overtake_until_granted_after(false, state, bound, first_way, ways);
}

/*
 * Return: the first downgrade, among the five ways of pass_by() in turn, that
 * is among the last DOWNGRADE_EARLY passes before @bound.
 */
static unsigned long downgrade_before(unsigned long bound)
{
	unsigned long passed = bound - DOWNGRADE_EARLY;

	while ((passed - 1) % 5 != 2)
		passed++;
	return passed;
}

static void overtakes_one_that_looks(void) TEST
{
	overtake_until_granted(FRONT, OVERTAKEN_AWAKE, 0, 1); /* writers */
	down_write(&sem);
	/* writers that downgrade */
	overtake_until_granted(FRONT, OVERTAKEN_AWAKE - DOWNGRADE_EARLY, 2, 1);
	down_write(&sem);
	/* readers after those */
	overtake_until_granted(FRONT, downgrade_before(OVERTAKEN_AWAKE), 0, 5);
	down_write(&sem);
	overtake_until_granted(FRONT, OVERTAKEN_AWAKE, 3, 2); /* readers after a writer */
	down_write(&sem);
	overtake_until_granted(FRONT, OVERTAKEN_AWAKE, 5, 1); /* trylocks of readers */
}

static void overtakes_one_that_sleeps(void) TEST
{
	overtake_until_granted(ASLEEP, OVERTAKEN_ASLEEP, 0, 1);
	down_write(&sem);
	overtake_until_granted(ASLEEP, OVERTAKEN_ASLEEP, 3, 2); /* readers */
	down_write(&sem);
	overtake_until_granted(ASLEEP, downgrade_before(OVERTAKEN_ASLEEP), 0, 5);
}

/*
 * Readers that release the lock give it to a waiter that is awake, unless a
 * writer had the lock while it waited.
 */
static void overtakes_as_a_reader(void) TEST
{
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	downgrade_write(&sem);
	overtake_until_granted_after(true, FRONT, 0, 3, 1);
}

static void first_waiter_is_overtaken_so_often_and_no_more(void **state)
{
	void (*const ways[])(void) = {overtakes_one_that_looks, overtakes_one_that_sleeps,
				      overtakes_as_a_reader};
	unsigned long runs;

	(void)state;
	clock_step = 0;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *failure = explore(
			&(const struct explore_scenario){begin_held_up, end, {ways[i]}, 0}, &runs);

		if (failure)
			printf("%zu: %s\n", i, failure);
		assert_null(failure);
	}
}

/*
 * The lock was released with HANDOFF, and the releasing thread has not come to
 * the queue yet.
 */
static void nobody_takes_a_lock_that_is_due_to_a_waiter(void **state)
{
	(void)state;
	begin();
	atomic_store_explicit(&sem.count, WAITERS | HANDOFF, memory_order_relaxed);
	assert_false(take_free(&sem));
	assert_false(down_write_trylock(&sem));
	assert_false(vms__rwsem_spin_write(&sem));
	assert_false(down_read_trylock(&sem));
	assert_false(vms__rwsem_spin_timed_read(&sem));
	assert_int_equal(sem.count, WAITERS | HANDOFF);
}

/* ---- how long the first waiter competes while it is overtaken ---- */

static bool others_pass;
static unsigned long passed;

static unsigned long nr_looks; /* at the clock, and so also at count while the lock is held */

/*
 * Another thread releases the lock and takes it again at once, past the
 * competing waiter. It does not while the waiter examines the queue.
 */
static void clock_is_read(void) TEST
{
	nr_looks++;
	if (!others_pass || sem.wait_lock || (sem.count & (COMPETES | HANDOFF)) != COMPETES)
		return;
	passed++;
	up_write(&sem);
	down_write(&sem);
}

/*
 * A waiter competes while @step nanoseconds pass between two looks, and at each
 * look another thread overtakes it. Return: how often, until the lock was due
 * to it.
 */
static unsigned long pass_one_that_competes(int64_t step) TEST
{
	struct vms_rwsem_waiter w = {.state = FRONT, .writer = true};

	begin();
	clock_step = step;
	down_write(&sem);
	vms__rwsem_lock_queue(&sem, NULL);
	vms__rwsem_enqueue(&sem, &w);
	atomic_fetch_or_explicit(&sem.count, WAITERS, memory_order_relaxed);
	vms__rwsem_finish(&sem, QUEUE_LOOK);
	passed = 0;
	others_pass = true;
	assert_true(compete(&sem, &w, NULL));
	others_pass = false;
	assert_true(sem.count & HANDOFF);
	up_write(&sem);
	assert_int_equal(w.state, GRANTED);
	vms__rwsem_set_owner(&sem);
	up_write(&sem);
	end();
	return passed;
}

/* ---- how often a competing waiter looks, and how soon it sees a release -- */

#define SECTION 8UL /* in pauses; of a thread that takes the lock again and again */

/*
 * Another thread runs one section after the other until busy_until, and
 * releases the lock at gone_at. All are counted in pauses since the waiter
 * began; 0: never.
 */
static unsigned long pauses, busy_until, gone_at;

static void pause_is_taken(void) TEST
{
	pauses++;
	if (pauses == gone_at) {
		up_write(&sem);
	} else if (pauses < busy_until && pauses % SECTION == 0) {
		bool comes_again = sem.count & COMPETES;

		up_write(&sem);
		if (comes_again)
			down_write(&sem);
		else
			busy_until = 0;
	}
}

/*
 * A waiter competes with that thread until it has the lock. Return: the number
 * of pauses it made.
 */
static unsigned long pauses_beside(unsigned long busy, unsigned long gone) TEST
{
	struct vms_rwsem_waiter w = {.state = FRONT, .writer = true};

	begin();
	clock_step = 0;
	down_write(&sem);
	vms__rwsem_lock_queue(&sem, NULL);
	vms__rwsem_enqueue(&sem, &w);
	atomic_fetch_or_explicit(&sem.count, WAITERS, memory_order_relaxed);
	vms__rwsem_finish(&sem, QUEUE_LOOK);
	pauses = nr_looks = 0;
	busy_until = busy;
	gone_at = gone;
	assert_true(compete(&sem, &w, NULL));
	busy_until = gone_at = 0;
	assert_int_equal(w.state, GRANTED);
	vms__rwsem_set_owner(&sem);
	up_write(&sem);
	end();
	return pauses;
}

/* Each look slows the holder's next access to the lock. */
static void who_competes_looks_seldom_while_others_take_the_lock(void **state)
{
	(void)state;
	assert_in_range(pauses_beside(ULONG_MAX, 0), OVERTAKEN_AWAKE * SECTION,
			OVERTAKEN_AWAKE * SECTION + SECTION);
	assert_in_range(nr_looks, 5, 12);
}

static void who_competes_soon_sees_that_nobody_comes_any_more(void **state)
{
	(void)state;
	for (unsigned long gone = 600; gone < 1000; gone += SECTION)
		assert_in_range(pauses_beside(gone, gone), gone,
				gone + FRONT_GAP_MAX + FRONT_QUIET);
}

static void who_competes_soon_sees_the_end_of_a_long_section(void **state)
{
	(void)state;
	for (unsigned long gone = 1200; gone < 1600; gone += SECTION)
		assert_in_range(pauses_beside(600, gone), gone, gone + FRONT_QUIET);
}

static void waits_behind_a_long_section(void) TEST
{
	pauses = 0;
	gone_at = 16UL * SPIN_LOOKS - 1;
	vms__rwsem_set_owner(&sem); /* begin() ran in another thread */
	vms__rwsem_wait(&sem, true, false, NULL);
	gone_at = 0;
	vms__rwsem_set_owner(&sem);
	up_write(&sem);
}

/*
 * Symptom: the only thread sleeps forever. Cause: the waiter went to sleep
 * before the lock was released, although it should still compete.
 */
static void who_competes_is_awake_at_the_end_of_a_long_section(void **state)
{
	unsigned long runs;

	(void)state;
	clock_step = 0;
	assert_null(explore(
		&(const struct explore_scenario){
			begin_held_up, end, {waits_behind_a_long_section}, 0},
		&runs));
}

/*
 * By the count alone the waiter would be overtaken 128 times, however long each
 * section takes.
 */
static void who_competes_behind_long_sections_grows_impatient(void **state)
{
	(void)state;
	assert_int_equal(pass_one_that_competes(0), OVERTAKEN_AWAKE);
	assert_in_range(pass_one_that_competes(IMPATIENCE_NS), 1, 4);
	/* Time makes it impatient, not the number of looks. */
	assert_in_range(pass_one_that_competes(IMPATIENCE_NS / 20), 15, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writers_are_alone_and_everybody_gets_in),
		cmocka_unit_test(a_downgrade_wakes_readers_and_loses_nobody),
		cmocka_unit_test(who_gives_up_loses_nobody_else),
		cmocka_unit_test(first_waiter_is_overtaken_so_often_and_no_more),
		cmocka_unit_test(nobody_takes_a_lock_that_is_due_to_a_waiter),
		cmocka_unit_test(more_may_wait_than_there_are_places),
		cmocka_unit_test(a_timed_call_waits_for_no_thread_that_is_stopped),
		cmocka_unit_test(who_has_left_does_not_stay_in_the_queue),
		cmocka_unit_test(letting_go_waits_for_no_thread_that_is_stopped),
		cmocka_unit_test(trylocks_come_between_unharmed),
	};
	const struct CMUnitTest of_a_long_spin[] = {
		cmocka_unit_test(who_competes_behind_long_sections_grows_impatient),
		cmocka_unit_test(who_competes_looks_seldom_while_others_take_the_lock),
		cmocka_unit_test(who_competes_soon_sees_that_nobody_comes_any_more),
		cmocka_unit_test(who_competes_soon_sees_the_end_of_a_long_section),
		cmocka_unit_test(who_competes_is_awake_at_the_end_of_a_long_section),
	};
	/* Spinning affects only the first five tests. */
	const size_t nr = CPUS > 1 ? 5 : sizeof(tests) / sizeof(tests[0]);

	alarm(WATCHDOG_SECONDS);
	/* Many looks make more schedules than can be run. */
	if (SPIN_LOOKS > 1)
		return cmocka_run_group_tests(of_a_long_spin, NULL, NULL);
	return _cmocka_run_group_tests("tests", tests, nr, NULL, NULL);
}
