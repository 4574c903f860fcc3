/* SPDX-License-Identifier: MIT */
/*
 * test_rwsem.c - the rw-semaphore: exclusion, downgrade, timed waits and what
 * they leave behind, fairness and hand-off, and all of it at random over plain
 * data, which TSan checks too.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <vmastore/rwsem.h>

#include "bench/harness/random.h"
#include "tests/support/number.h"
#include "tests/lib/sync/child.h"

/*
 * The tests take and release locks in ways that the thread-safety analysis,
 * which looks at one function at a time, cannot follow.
 */
#define TEST VMS_NO_TSA

#define FOREVER (3600 * 1000000000ULL)
#define MOMENT 1000000ULL /* ns */

/* The most times that the first waiter is overtaken, as rwsem.h documents. */
#define OVERTAKEN_MAX 1024

static struct rw_semaphore sem;

enum how { READ, WRITE, READ_TIMED, WRITE_TIMED };

/*
 * A thread that takes the lock in one way, sets @in, holds the lock until
 * @let_go is set, and releases it.
 */
struct holder {
	pthread_t thread;
	enum how how;
	uint64_t ns;
	int ret;
	_Atomic bool in, let_go;
};

static int take(enum how how, uint64_t ns) TEST
{
	switch (how) {
	case READ:
		down_read(&sem);
		return 0;
	case WRITE:
		down_write(&sem);
		return 0;
	case READ_TIMED:
		return down_read_timeout(&sem, ns);
	default:
		return down_write_timeout(&sem, ns);
	}
}

static void drop(enum how how) TEST
{
	if (how == READ || how == READ_TIMED)
		up_read(&sem);
	else
		up_write(&sem);
}

static void *hold(void *arg)
{
	struct holder *h = arg;

	h->ret = take(h->how, h->ns);
	if (h->ret)
		return NULL;
	atomic_store(&h->in, true);
	while (!atomic_load(&h->let_go))
		sched_yield();
	drop(h->how);
	return NULL;
}

static void start(struct holder *h, enum how how, uint64_t ns)
{
	*h = (struct holder){.how = how, .ns = ns};
	assert_int_equal(pthread_create(&h->thread, NULL, hold, h), 0);
}

static void wait_until_in(struct holder *h)
{
	while (!atomic_load(&h->in))
		sched_yield();
}

static void finish(struct holder *h)
{
	atomic_store(&h->let_go, true);
	assert_int_equal(pthread_join(h->thread, NULL), 0);
}

static void wait_until_somebody_queues(void)
{
	while (!rwsem_is_contended(&sem))
		sched_yield();
}

/*
 * Asserts that the lock is free and earlier waiters left nothing behind: a
 * writer's trylock succeeds only if the word is completely clean.
 */
static void assert_clean(void) TEST
{
	assert_false(rwsem_is_locked(&sem));
	assert_false(rwsem_is_contended(&sem));
	assert_true(down_write_trylock(&sem));
	up_write(&sem);
}

/* ---- exclusion ----------------------------------------------------------- */

static void trylocks_respect_holders(void **state) TEST
{
	(void)state;
	init_rwsem(&sem);
	assert_false(rwsem_is_locked(&sem));
	assert_true(down_write_trylock(&sem));
	assert_true(rwsem_is_write_locked(&sem));
	rwsem_assert_held_write(&sem);
	assert_false(down_write_trylock(&sem));
	assert_false(down_read_trylock(&sem));
	up_write(&sem);
	assert_true(down_read_trylock(&sem));
	assert_true(down_read_trylock(&sem));
	assert_true(rwsem_is_locked(&sem));
	assert_false(rwsem_is_write_locked(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	assert_clean();
}

static void readers_run_together(void **state)
{
	struct holder a, b;

	(void)state;
	start(&a, READ, 0);
	wait_until_in(&a);
	start(&b, READ, 0);
	wait_until_in(&b); /* hangs if the first reader keeps it out */
	finish(&a);
	finish(&b);
	assert_clean();
}

static void waiters_get_in_when_the_writer_leaves(void **state) TEST
{
	struct holder h[4];

	(void)state;
	down_write(&sem);
	for (int i = 0; i < 4; i++)
		start(&h[i], i % 2 ? WRITE : READ, 0);
	wait_until_somebody_queues();
	usleep(2000); /* lets the others queue too; the result is the same if they do not */
	for (int i = 0; i < 4; i++)
		assert_false(atomic_load(&h[i].in));
	up_write(&sem);
	for (int i = 0; i < 4; i++)
		atomic_store(&h[i].let_go, true); /* they get the lock in any order */
	for (int i = 0; i < 4; i++)
		finish(&h[i]);
	assert_clean();
}

static void a_queued_writer_keeps_new_readers_out(void **state) TEST
{
	struct holder writer, reader;

	(void)state;
	down_read(&sem);
	start(&writer, WRITE, 0);
	wait_until_somebody_queues();
	assert_false(down_read_trylock(&sem));
	start(&reader, READ_TIMED, MOMENT);
	assert_int_equal(pthread_join(reader.thread, NULL), 0);
	assert_int_equal(reader.ret, -ETIMEDOUT);
	assert_false(atomic_load(&writer.in));
	up_read(&sem);
	wait_until_in(&writer);
	finish(&writer);
	assert_clean();
}

/* ---- downgrade ----------------------------------------------------------- */

static void downgrade_lets_readers_in_but_no_writer(void **state) TEST
{
	struct holder reader, writer;

	(void)state;
	for (int i = 0; i < 20; i++) {
		down_write(&sem);
		start(&reader, READ, 0);
		wait_until_somebody_queues();
		start(&writer, WRITE, 0);
		if (i % 2)
			usleep(1000); /* mostly long enough for the writer to queue as well */
		downgrade_write(&sem);
		wait_until_in(&reader);
		assert_false(rwsem_is_write_locked(&sem));
		assert_false(down_write_trylock(&sem));
		finish(&reader);
		assert_false(atomic_load(&writer.in));
		up_read(&sem);
		wait_until_in(&writer);
		finish(&writer);
		assert_clean();
	}
}

static void downgrade_alone_is_a_read_lock(void **state) TEST
{
	(void)state;
	down_write(&sem);
	downgrade_write(&sem);
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	assert_clean();
}

/* ---- timed waits --------------------------------------------------------- */

static void timed_waits_take_a_free_lock(void **state) TEST
{
	(void)state;
	assert_int_equal(down_write_timeout(&sem, 0), 0);
	up_write(&sem);
	assert_int_equal(down_read_timeout(&sem, 0), 0);
	up_read(&sem);
	assert_int_equal(down_write_timeout(&sem, UINT64_MAX), 0);
	up_write(&sem);
	assert_clean();
}

static void timed_waits_expire_and_leave_the_lock_usable(void **state) TEST
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		uint64_t ns = i % 2 ? MOMENT : 0;
		struct holder h[4];

		down_write(&sem);
		for (int j = 0; j < 4; j++)
			start(&h[j], j % 2 ? WRITE_TIMED : READ_TIMED, ns);
		for (int j = 0; j < 4; j++) {
			assert_int_equal(pthread_join(h[j].thread, NULL), 0);
			assert_int_equal(h[j].ret, -ETIMEDOUT);
		}
		assert_false(rwsem_is_contended(&sem));
		up_write(&sem);
		assert_clean();

		/*
		 * Readers do not block a timed reader, but they block a timed
		 * writer.
		 */
		down_read(&sem);
		start(&h[0], READ_TIMED, ns);
		wait_until_in(&h[0]);
		finish(&h[0]);
		start(&h[0], WRITE_TIMED, ns);
		assert_int_equal(pthread_join(h[0].thread, NULL), 0);
		assert_int_equal(h[0].ret, -ETIMEDOUT);
		up_read(&sem);
		assert_clean();
	}
}

static void timed_waits_end_early_when_the_lock_comes(void **state) TEST
{
	struct holder reader, writer;

	(void)state;
	down_write(&sem);
	start(&reader, READ_TIMED, FOREVER);
	start(&writer, WRITE_TIMED, FOREVER);
	wait_until_somebody_queues();
	up_write(&sem);
	atomic_store(&reader.let_go, true);
	atomic_store(&writer.let_go, true);
	finish(&reader);
	finish(&writer);
	assert_int_equal(reader.ret, 0);
	assert_int_equal(writer.ret, 0);
	assert_clean();
}

/*
 * Symptom: a waiter sleeps forever. Cause: it waited only for a writer in front
 * of it, and no release wakes it when that writer gives up. The writer has to
 * wake those behind it.
 */
static void a_writer_that_gives_up_lets_those_behind_it_in(void **state) TEST
{
	struct holder writer, reader;

	(void)state;
	for (int i = 0; i < 5; i++) {
		down_read(&sem);
		start(&writer, WRITE_TIMED, 20 * MOMENT);
		wait_until_somebody_queues();
		start(&reader, READ, 0);
		assert_int_equal(pthread_join(writer.thread, NULL), 0);
		assert_int_equal(writer.ret, -ETIMEDOUT);
		/*
		 * Hangs if the writer's departure wakes no waiter: this thread
		 * still holds its read lock.
		 */
		wait_until_in(&reader);
		finish(&reader);
		up_read(&sem);
		assert_clean();
	}
}

/* ---- fairness ------------------------------------------------------------ */

#define CROWD 3

static _Atomic bool stop_crowd;

/*
 * Holds the lock long enough for other threads of the crowd to come before one
 * leaves.
 */
static void linger(void)
{
	for (int i = 0; i < 200; i++)
		atomic_signal_fence(memory_order_seq_cst);
}

static void *read_without_pause(void *arg) TEST
{
	while (!atomic_load_explicit(&stop_crowd, memory_order_relaxed)) {
		down_read(&sem);
		linger();
		up_read(&sem);
	}
	return arg;
}

static void *write_without_pause(void *arg) TEST
{
	while (!atomic_load_explicit(&stop_crowd, memory_order_relaxed)) {
		down_write(&sem);
		linger();
		up_write(&sem);
	}
	return arg;
}

/*
 * Takes the lock @times while a crowd takes it without pause. Symptom: a hang.
 * Cause: the crowd keeps this thread out.
 */
static void get_in_among(void *(*crowd)(void *), enum how how, int times)
{
	pthread_t threads[CROWD];

	atomic_store(&stop_crowd, false);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd, NULL), 0);
	for (int i = 0; i < times; i++) {
		assert_int_equal(take(how, FOREVER), 0);
		drop(how);
	}
	atomic_store(&stop_crowd, true);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_clean();
}

static void a_writer_gets_in_among_endless_readers(void **state)
{
	(void)state;
	get_in_among(read_without_pause, WRITE, 1000);
	get_in_among(read_without_pause, WRITE_TIMED, 1000);
}

static void a_reader_gets_in_among_endless_writers(void **state)
{
	(void)state;
	get_in_among(write_without_pause, READ, 1000);
	get_in_among(write_without_pause, READ_TIMED, 1000);
}

static void a_writer_gets_in_among_endless_writers(void **state)
{
	(void)state;
	get_in_among(write_without_pause, WRITE, 1000);
}

/*
 * The first waiter is overtaken a bounded number of times, however long it
 * takes to wake up. This thread overtakes it as often as it can.
 */
static void check_overtaken(enum how waiter, enum how passer) TEST
{
	for (int i = 0; i < 20; i++) {
		struct holder first;
		unsigned int passed = 0;

		down_write(&sem);
		start(&first, waiter, FOREVER);
		atomic_store(&first.let_go, true);
		wait_until_somebody_queues();
		if (i % 2)
			usleep(300); /* mostly long enough for the waiter to sleep */
		up_write(&sem);
		for (;; passed++) {
			bool over;

			assert_int_equal(take(passer, FOREVER), 0);
			over = atomic_load(&first.in);
			drop(passer);
			if (over)
				break;
		}
		assert_in_range(passed, 0, OVERTAKEN_MAX);
		finish(&first);
		assert_clean();
	}
}

static void first_waiter_is_overtaken_a_bounded_number_of_times(void **state)
{
	(void)state;
	check_overtaken(WRITE, WRITE);
	check_overtaken(WRITE, READ);
	check_overtaken(WRITE_TIMED, WRITE);
	check_overtaken(READ, WRITE);
	check_overtaken(READ_TIMED, WRITE_TIMED);
}

/*
 * The releasing thread gives the lock to a waiter that has waited for long. The
 * lock is therefore held again before the release returns, even if the waiter
 * still sleeps, and no other thread can overtake it.
 */
static void check_handed_over(enum how how) TEST
{
	struct holder first, second;

	down_write(&sem);
	start(&first, how, 0);
	wait_until_somebody_queues();
	/*
	 * Exceeds the first waiter's patience. The exact time does not matter,
	 * because this thread still holds the lock.
	 */
	usleep(5000);
	/*
	 * A second waiter comes and gives up, so that the queue is examined and
	 * the first waiter's state updated.
	 */
	start(&second, WRITE_TIMED, MOMENT);
	assert_int_equal(pthread_join(second.thread, NULL), 0);
	assert_int_equal(second.ret, -ETIMEDOUT);
	up_write(&sem);
	assert_true(rwsem_is_locked(&sem));
	assert_int_equal(rwsem_is_write_locked(&sem), how == WRITE);
	assert_false(down_write_trylock(&sem));
	assert_int_equal(down_write_timeout(&sem, 0), -ETIMEDOUT);
	finish(&first);
	assert_clean();
}

static void a_waiter_that_has_waited_long_is_handed_the_lock(void **state)
{
	(void)state;
	check_handed_over(WRITE);
	check_handed_over(READ);
}

/* ---- everything at random ------------------------------------------------ */

#define THREADS 4
#define ROUNDS 100000

static long left, right; /* plain; equal whenever no writer holds the lock */

struct worker {
	pthread_t thread;
	uint64_t random;
	long writes, torn;
};

static unsigned int draw(struct worker *w, unsigned int n)
{
	return (unsigned int)((bench_random_next(&w->random) >> 33) % n);
}

static void look(struct worker *w)
{
	if (left != right)
		w->torn++;
}

static void change(struct worker *w)
{
	look(w);
	left++;
	if (draw(w, 64) == 0)
		sched_yield();
	right++;
	w->writes++;
}

static void read_somehow(struct worker *w) TEST
{
	switch (draw(w, 4)) {
	case 0:
		if (!down_read_trylock(&sem))
			return;
		break;
	case 1:
		if (down_read_timeout(&sem, draw(w, 20000)))
			return;
		break;
	default:
		down_read(&sem);
	}
	look(w);
	if (draw(w, 64) == 0)
		sched_yield();
	look(w);
	up_read(&sem);
}

static void write_somehow(struct worker *w) TEST
{
	switch (draw(w, 4)) {
	case 0:
		if (!down_write_trylock(&sem))
			return;
		break;
	case 1:
		if (down_write_timeout(&sem, draw(w, 20000)))
			return;
		break;
	default:
		down_write(&sem);
	}
	change(w);
	if (draw(w, 4)) {
		up_write(&sem);
		return;
	}
	downgrade_write(&sem);
	look(w);
	up_read(&sem);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (draw(w, 10) < 7)
			read_somehow(w);
		else
			write_somehow(w);
	}
	return NULL;
}

static void every_mixture_keeps_writers_alone(void **state)
{
	uint64_t seed = number_of_variable("TEST_SEED", 0, ULONG_MAX, (unsigned long)time(NULL));
	struct worker workers[THREADS] = {0};
	long writes = 0;

	(void)state;
	printf("TEST_SEED=%llu\n", (unsigned long long)seed);
	left = right = 0;
	for (int i = 0; i < THREADS; i++) {
		workers[i].random = (seed + (uint64_t)i + 1) * 0x9e3779b97f4a7c15ULL | 1;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].torn, 0);
		writes += workers[i].writes;
	}
	assert_int_equal(left, writes);
	assert_int_equal(right, writes);
	assert_clean();
}

/* ---- checks -------------------------------------------------------------- */

static void claim_held(void)
{
	vms_rwsem_check_held(&sem);
}

static void claim_held_for_writing(void)
{
	vms_rwsem_check_held_write(&sem);
}

static void *claim_from_another_thread(void *arg)
{
	claim_held_for_writing();
	return arg;
}

static void claim_what_another_holds(void) TEST
{
	pthread_t thread;

	down_write(&sem);
	claim_held_for_writing();
	pthread_create(&thread, NULL, claim_from_another_thread, NULL);
	pthread_join(thread, NULL);
}

static void false_claims_stop_the_program(void **state) TEST
{
	const char *const words[] = {"rwsem_check_held", "BUG", NULL};

	(void)state;
	assert_true(child_aborts_saying(claim_held, words));
	assert_true(child_aborts_saying(claim_held_for_writing, words));
	assert_true(child_aborts_saying(claim_what_another_holds, words));
	down_read(&sem);
	claim_held();
	assert_true(child_aborts_saying(claim_held_for_writing, words));
	up_read(&sem);
	assert_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trylocks_respect_holders),
		cmocka_unit_test(readers_run_together),
		cmocka_unit_test(waiters_get_in_when_the_writer_leaves),
		cmocka_unit_test(a_queued_writer_keeps_new_readers_out),
		cmocka_unit_test(downgrade_lets_readers_in_but_no_writer),
		cmocka_unit_test(downgrade_alone_is_a_read_lock),
		cmocka_unit_test(timed_waits_take_a_free_lock),
		cmocka_unit_test(timed_waits_expire_and_leave_the_lock_usable),
		cmocka_unit_test(timed_waits_end_early_when_the_lock_comes),
		cmocka_unit_test(a_writer_that_gives_up_lets_those_behind_it_in),
		cmocka_unit_test(a_writer_gets_in_among_endless_readers),
		cmocka_unit_test(a_reader_gets_in_among_endless_writers),
		cmocka_unit_test(a_writer_gets_in_among_endless_writers),
		cmocka_unit_test(a_waiter_that_has_waited_long_is_handed_the_lock),
		cmocka_unit_test(first_waiter_is_overtaken_a_bounded_number_of_times),
		cmocka_unit_test(every_mixture_keeps_writers_alone),
		cmocka_unit_test(false_claims_stop_the_program),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
