/* SPDX-License-Identifier: MIT */
/*
 * test_host_callbacks.c - a host whose own threads make callbacks: the library
 * creates no thread, in a forked child neither; callbacks wait for the host,
 * pass their grace period, and are made once; and memory that waits is bounded.
 *
 * Each case runs in a child process, because a process decides once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <vmastore/host.h>
#include <vmastore/rcu.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

/* Return from a case with the line that failed. */
#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)

/* Return: the status of a child that runs @fn; 0 if @fn returned 0. */
static int again_in_child(int (*fn)(void))
{
	int status = -1, line;
	pid_t pid = fork();

	if (!pid) {
		line = fn();
		if (line)
			print_error("in the child of a fork: line %d\n", line);
		_exit(line != 0);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* ThreadSanitizer has a thread of its own. */
static unsigned int own_threads(void)
{
	unsigned int nr = 0;
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");

	while (tasks && (entry = readdir(tasks)) != NULL) {
		char path[300], name[32] = "";
		FILE *comm;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		comm = fopen(path, "r");
		if (comm && fgets(name, sizeof(name), comm))
			nr += !strcmp(name, "vms-rcu\n") ? 1000 : 1;
		if (comm)
			fclose(comm);
	}
	if (tasks)
		closedir(tasks);
	return nr;
}

static bool alone(void)
{
	unsigned int nr = own_threads();

	return nr == 1 || (VMS__TSAN && nr == 2);
}

/* ---- callbacks ----------------------------------------------------------- */

#define HEADS 100

static struct rcu_head heads[HEADS];
static unsigned int calls;
static struct rcu_head *last;
static bool in_order;
static pthread_t called_by;

static void count_call(struct rcu_head *head)
{
	in_order &= calls == 0 || head == last + 1;
	last = head;
	called_by = pthread_self();
	calls++;
}

static void queue_all(void)
{
	calls = 0;
	in_order = true;
	for (int i = 0; i < HEADS; i++)
		call_rcu(&heads[i], count_call);
}

static int run_them(void)
{
	REQUIRE(!vms_rcu_callbacks_waiting());
	REQUIRE(vms_rcu_run_callbacks() == 0);
	for (int round = 0; round < 3; round++) {
		queue_all();
		REQUIRE(vms_rcu_callbacks_waiting() && calls == 0);
		REQUIRE(vms_rcu_run_callbacks() == HEADS);
		REQUIRE(calls == HEADS && in_order && pthread_equal(called_by, pthread_self()));
		REQUIRE(!vms_rcu_callbacks_waiting());
		REQUIRE(vms_rcu_run_callbacks() == 0);
		queue_all();
		rcu_barrier();
		REQUIRE(calls == HEADS && in_order && !vms_rcu_callbacks_waiting());
	}
	REQUIRE(alone());
	return 0;
}

static int make_calls(void)
{
	REQUIRE(vms_rcu_host_callbacks() == 0);
	REQUIRE(vms_rcu_host_callbacks() == 0);
	REQUIRE(vms__rcu_is_ready());
	REQUIRE(run_them() == 0);
	return again_in_child(run_them);
}

static void the_host_makes_callbacks(void **state)
{
	(void)state;
	assert_true(child_succeeds(make_calls));
}

static int make_inherited_calls(void)
{
	REQUIRE(vms_rcu_callbacks_waiting() && calls == 0);
	REQUIRE(vms_rcu_run_callbacks() == HEADS && calls == HEADS);
	REQUIRE(alone());
	return 0;
}

static int fork_with_calls_queued(void)
{
	REQUIRE(vms_rcu_host_callbacks() == 0);
	queue_all();
	REQUIRE(again_in_child(make_inherited_calls) == 0);
	return make_inherited_calls();
}

static void a_forked_child_makes_what_was_queued(void **state)
{
	(void)state;
	assert_true(child_succeeds(fork_with_calls_queued));
}

static struct rcu_head inner;

static void queue_another(struct rcu_head *head)
{
	(void)head;
	calls++;
	call_rcu(&inner, count_call);
}

static int queue_in_a_callback(void)
{
	REQUIRE(vms_rcu_host_callbacks() == 0);
	calls = 0;
	call_rcu(&heads[0], queue_another);
	REQUIRE(vms_rcu_run_callbacks() == 1 && calls == 1);
	REQUIRE(vms_rcu_callbacks_waiting());
	REQUIRE(vms_rcu_run_callbacks() == 1 && calls == 2);
	REQUIRE(!vms_rcu_callbacks_waiting());
	return 0;
}

static void what_a_callback_queues_waits_for_the_next_call(void **state)
{
	(void)state;
	assert_true(child_succeeds(queue_in_a_callback));
}

static pid_t forked;

static void fork_inside(struct rcu_head *head)
{
	(void)head;
	forked = fork();
	calls++;
}

/* Both processes go on in the middle of the batch. */
static int fork_in_a_callback(void)
{
	int status = 0;

	REQUIRE(vms_rcu_host_callbacks() == 0);
	calls = 0;
	in_order = true;
	call_rcu(&inner, fork_inside);
	call_rcu(&heads[0], queue_another);
	REQUIRE(vms_rcu_run_callbacks() == 2 && calls == 2);
	REQUIRE(vms_rcu_run_callbacks() == 1 && calls == 3);
	queue_all();
	rcu_barrier();
	REQUIRE(calls == HEADS && alone());
	if (!forked)
		_exit(0);
	return waitpid(forked, &status, 0) == forked ? status : -1;
}

static void a_callback_may_fork(void **state)
{
	(void)state;
	assert_true(child_succeeds(fork_in_a_callback));
}

/* ---- the grace period ---------------------------------------------------- */

static pthread_barrier_t both;
static _Atomic bool reading, made;

static void note_made(struct rcu_head *head)
{
	(void)head;
	atomic_store(&made, true);
}

static void *read_a_while(void *arg)
{
	const struct timespec pause = {.tv_nsec = 30000000};
	bool early;

	rcu_read_lock();
	atomic_store(&reading, true);
	pthread_barrier_wait(&both);
	nanosleep(&pause, NULL);
	early = atomic_load(&made);
	rcu_read_unlock();
	return early ? arg : NULL;
}

static int wait_for_a_reader(void)
{
	pthread_t thread;
	void *early;

	REQUIRE(vms_rcu_host_callbacks() == 0);
	pthread_barrier_init(&both, NULL, 2);
	REQUIRE(!pthread_create(&thread, NULL, read_a_while, &both));
	pthread_barrier_wait(&both);
	call_rcu(&heads[0], note_made);
	REQUIRE(vms_rcu_run_callbacks() == 1);
	REQUIRE(!pthread_join(thread, &early) && !early);
	return 0;
}

static void a_callback_waits_for_readers(void **state)
{
	(void)state;
	assert_true(child_succeeds(wait_for_a_reader));
}

/* ---- several threads ----------------------------------------------------- */

#define QUEUED 20000u

struct counted {
	struct rcu_head head;
	_Atomic unsigned int times;
};
static struct counted counted[QUEUED];
static _Atomic bool queued_all;

static void count_once(struct rcu_head *head)
{
	atomic_fetch_add(&((struct counted *)head)->times, 1);
}

static void *run_until_done(void *sum)
{
	size_t ran = 0;
	bool last_round = false;

	while (!last_round) {
		last_round = atomic_load(&queued_all);
		ran += vms_rcu_run_callbacks();
	}
	*(size_t *)sum = ran;
	return NULL;
}

static int share_the_work(bool by_host)
{
	pthread_t thread[3];
	size_t sum[3];

	REQUIRE(!by_host || vms_rcu_host_callbacks() == 0);
	for (int i = 0; i < 3; i++)
		REQUIRE(!pthread_create(&thread[i], NULL, run_until_done, &sum[i]));
	for (unsigned int i = 0; i < QUEUED; i++) {
		call_rcu(&counted[i].head, count_once);
		if (i % 1000 == 0)
			rcu_barrier();
	}
	rcu_barrier();
	for (unsigned int i = 0; i < QUEUED; i++)
		REQUIRE(atomic_load(&counted[i].times) == 1);
	atomic_store(&queued_all, true);
	for (int i = 0; i < 3; i++)
		REQUIRE(!pthread_join(thread[i], NULL));
	REQUIRE(sum[0] + sum[1] + sum[2] <= QUEUED);
	REQUIRE(own_threads() >= 1000 || by_host);
	REQUIRE(own_threads() < 1000 || !by_host);
	return 0;
}

static int share_among_the_hosts_threads(void)
{
	return share_the_work(true);
}

static int share_with_the_librarys_thread(void)
{
	return share_the_work(false);
}

static void several_threads_share_the_work(void **state)
{
	(void)state;
	assert_true(child_succeeds(share_among_the_hosts_threads));
	assert_true(child_succeeds(share_with_the_librarys_thread));
}

/* ---- refused ------------------------------------------------------------- */

static int refused_only_beside_a_thread(void)
{
	REQUIRE(vms_rcu_host_callbacks() == 0);
	return alone() ? 0 : __LINE__;
}

static int refuse_beside_a_thread(void)
{
	REQUIRE(vms__rcu_is_ready());
	REQUIRE(vms_rcu_host_callbacks() == -EBUSY);
	queue_all();
	rcu_barrier();
	REQUIRE(calls == HEADS && !pthread_equal(called_by, pthread_self()));
	/* A child of a fork has no thread yet. ThreadSanitizer allows none. */
	return VMS__TSAN ? 0 : again_in_child(refused_only_beside_a_thread);
}

static void refused_where_the_thread_exists(void **state)
{
	(void)state;
	assert_true(child_succeeds(refuse_beside_a_thread));
}

/* ---- deferred objects ---------------------------------------------------- */

#define SIZE 1024u
static VMS__OBJCACHE_DEFINE(cache, "test object", SIZE, 64, 0);

/* Return: the objects that were deferred before an allocation failed. */
static size_t defer_until_refused(void)
{
	size_t n = 0;
	void *obj;

	while (n < 1000000 && (obj = vms__objcache_alloc(&cache)) != NULL) {
		vms__objcache_free_rcu(&cache, obj);
		n++;
	}
	return n;
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

/*
 * A host that never makes callbacks meets the bound of 128 MiB at once, without
 * the sleeps by which a writer otherwise gives the library's thread time; and
 * it meets it again only after as much again.
 */
static int defer_without_the_host(void)
{
	struct timespec start;
	size_t first;

	REQUIRE(vms_rcu_host_callbacks() == 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	first = defer_until_refused();
	REQUIRE(first * SIZE >= (size_t)100 << 20 && first * SIZE <= (size_t)130 << 20);
	REQUIRE(!vms__objcache_may_grow());
	/* With its sleeps it would take 30 seconds. */
	REQUIRE(elapsed_ms(&start) < 20000);
	REQUIRE(vms_rcu_callbacks_waiting() && vms__objcache_deferred(&cache) >= first);
	for (int i = 0; vms_rcu_callbacks_waiting(); i++) {
		REQUIRE(i < 10);
		REQUIRE(vms_rcu_run_callbacks() == 1);
	}
	REQUIRE(vms__objcache_deferred(&cache) < 64);
	REQUIRE(vms__objcache_may_grow());
	REQUIRE(defer_until_refused() * SIZE >= (size_t)100 << 20);
	rcu_barrier();
	REQUIRE(!vms__objcache_in_use(&cache) && !vms__objcache_deferred(&cache));
	return alone() ? 0 : __LINE__;
}

static void garbage_is_bounded_where_the_host_does_nothing(void **state)
{
	(void)state;
	assert_true(child_succeeds(defer_without_the_host));
}

/* A host that calls when callbacks wait has little garbage. */
static int defer_with_the_host(void)
{
	size_t most = 0;

	REQUIRE(vms__rcu_is_ready());
	for (int i = 0; i < 200000; i++) {
		void *obj = vms__objcache_alloc(&cache);

		REQUIRE(obj);
		vms__objcache_free_rcu(&cache, obj);
		if (i % 64 == 0 && vms__objcache_deferred(&cache) > most)
			most = vms__objcache_deferred(&cache);
		if (vms_rcu_callbacks_waiting())
			REQUIRE(vms_rcu_run_callbacks() == 1);
	}
	REQUIRE(most <= 128);
	rcu_barrier();
	REQUIRE(!vms__objcache_deferred(&cache));
	return alone() ? 0 : __LINE__;
}

static int defer_with_the_host_twice(void)
{
	REQUIRE(vms_rcu_host_callbacks() == 0);
	REQUIRE(defer_with_the_host() == 0);
	return again_in_child(defer_with_the_host);
}

static void and_small_where_it_makes_callbacks(void **state)
{
	(void)state;
	assert_true(child_succeeds(defer_with_the_host_twice));
}

#define IDLE 40000

/*
 * Idle memory is given back on the host's thread, too: of objects that were
 * freed at once, and of those whose grace period the collector has just ended.
 */
static int trim_on_the_hosts_thread(void)
{
	static void *obj[IDLE];

	REQUIRE(vms_rcu_host_callbacks() == 0);
	for (int deferred = 0; deferred < 2; deferred++) {
		for (int i = 0; i < IDLE; i++)
			REQUIRE(obj[i] = vms__objcache_alloc(&cache));
		for (int i = 0; i < IDLE; i++) {
			if (deferred)
				vms__objcache_free_rcu(&cache, obj[i]);
			else
				vms__objcache_free(&cache, obj[i]);
		}
		REQUIRE(vms_rcu_callbacks_waiting());
		for (int i = 0; vms_rcu_callbacks_waiting(); i++) {
			REQUIRE(i < 10);
			(void)vms_rcu_run_callbacks();
		}
		/* 40 MB were idle; 8 MiB may stay. */
		REQUIRE(vms__objcache_trim() <= (size_t)10 << 20);
	}
	return 0;
}

static void idle_memory_is_given_back_on_the_hosts_thread(void **state)
{
	(void)state;
	assert_true(child_succeeds(trim_on_the_hosts_thread));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_makes_callbacks),
		cmocka_unit_test(a_forked_child_makes_what_was_queued),
		cmocka_unit_test(what_a_callback_queues_waits_for_the_next_call),
		cmocka_unit_test(a_callback_may_fork),
		cmocka_unit_test(a_callback_waits_for_readers),
		cmocka_unit_test(several_threads_share_the_work),
		cmocka_unit_test(refused_where_the_thread_exists),
		cmocka_unit_test(garbage_is_bounded_where_the_host_does_nothing),
		cmocka_unit_test(and_small_where_it_makes_callbacks),
		cmocka_unit_test(idle_memory_is_given_back_on_the_hosts_thread),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
