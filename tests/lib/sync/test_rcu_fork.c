/* SPDX-License-Identifier: MIT */
/*
 * test_rcu_fork.c - a fork waits for no reader and no callback, and what the
 * child can do afterwards. Symptom of a fork that waits: the watchdog ends the
 * program. (test_rcu.c tests everything else in a child, because it runs in
 * one.)
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include <vmastore/rcu.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

static pthread_mutex_t programs_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t in_callback, go_on, in_section;
static _Atomic unsigned int calls;

static void count_call(struct rcu_head *head)
{
	(void)head;
	atomic_fetch_add(&calls, 1);
}

/* Return: the status that waitpid() reports. */
static int status_of(pid_t pid)
{
	int status = -1;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/*
 * Must not be called in a section. QSBR: the thread that posts @sem may wait
 * for a grace period, which this thread must not delay.
 */
static void sem_wait_all(sem_t *sem)
{
	vms_rcu_thread_offline();
	while (sem_wait(sem))
		; /* EINTR */
	vms_rcu_thread_online();
}

/*
 * QSBR: @thread may wait for a grace period, which this thread must not delay.
 */
static void join(pthread_t thread)
{
	vms_rcu_thread_offline();
	pthread_join(thread, NULL);
	vms_rcu_thread_online();
}

/* ---- a fork waits for nobody --------------------------------------------- */

static void wait_for_a_grace_period(struct rcu_head *head)
{
	(void)head;
	sem_post(&in_callback);
	sem_wait_all(&go_on);
	synchronize_rcu();
}

static void *read_until_unlocked(void *arg)
{
	rcu_read_lock();
	sem_post(&in_section);
	pthread_mutex_lock(&programs_lock);
	pthread_mutex_unlock(&programs_lock);
	rcu_read_unlock();
	return arg;
}

/*
 * Symptom: deadlock. Cause: the fork waits for a grace period or for its
 * callback. The forking thread holds a lock that a reader waits for in its
 * section, and the callback waits for that section: a grace period is, or may
 * be, under way.
 */
static void a_fork_waits_for_no_reader_and_no_grace_period(void **state)
{
	static struct rcu_head head;
	pthread_t reader;
	pid_t pid;

	(void)state;
	pthread_mutex_lock(&programs_lock);
	call_rcu(&head, wait_for_a_grace_period);
	sem_wait_all(&in_callback);
	assert_int_equal(pthread_create(&reader, NULL, read_until_unlocked, NULL), 0);
	sem_wait_all(&in_section);
	sem_post(&go_on);
	for (int i = 0; i < 5; i++) {
		pid = fork();
		if (!pid)
			_exit(7);
		assert_int_equal(WEXITSTATUS(status_of(pid)), 7);
	}
	pthread_mutex_unlock(&programs_lock);
	join(reader);
	rcu_barrier();
}

static bool lock_at_fork;

/*
 * Registered after the library's handlers: the prepare handler runs before the
 * library's, and the parent handler after the library's.
 */
static void programs_prepare(void)
{
	if (!lock_at_fork)
		return;
	pthread_mutex_lock(&programs_lock);
	sem_post(&go_on);
}

static void programs_parent(void)
{
	if (lock_at_fork)
		pthread_mutex_unlock(&programs_lock);
}

static void take_programs_lock(struct rcu_head *head)
{
	(void)head;
	sem_post(&in_callback);
	sem_wait_all(&go_on);
	pthread_mutex_lock(&programs_lock);
	pthread_mutex_unlock(&programs_lock);
}

static void a_callback_may_wait_for_a_lock_of_the_programs_prepare_handler(void **state)
{
	static struct rcu_head head;
	pid_t pid;

	(void)state;
	call_rcu(&head, take_programs_lock);
	sem_wait_all(&in_callback);
	lock_at_fork = true;
	pid = fork();
	if (!pid)
		_exit(7);
	lock_at_fork = false;
	assert_int_equal(WEXITSTATUS(status_of(pid)), 7);
	rcu_barrier();
}

/* ---- the child ----------------------------------------------------------- */

static void wait_to_go_on(struct rcu_head *head)
{
	(void)head;
	atomic_fetch_add(&calls, 1);
	sem_post(&in_callback);
	sem_wait_all(&go_on);
}

static void queued_callbacks_are_made_in_the_child_once(void **state)
{
	static struct rcu_head first, heads[3];
	pid_t pid;

	(void)state;
	if (VMS__TSAN)
		skip(); /* TSan allows no threads in the child of a threaded program */
	atomic_store(&calls, 0);
	call_rcu(&first, wait_to_go_on);
	sem_wait_all(&in_callback);
	for (int i = 0; i < 3; i++)
		call_rcu(&heads[i], count_call);
	pid = fork();
	if (!pid) {
		alarm(WATCHDOG_SECONDS / 2);
		rcu_barrier();
		_exit((int)atomic_load(&calls));
	}
	sem_post(&go_on);
	/*
	 * The callback that the parent ran before the fork, and the three
	 * queued ones.
	 */
	assert_int_equal(WEXITSTATUS(status_of(pid)), 4);
	rcu_barrier();
	assert_int_equal(atomic_load(&calls), 4);
}

static void *wait_for_callbacks(void *arg)
{
	rcu_barrier();
	return arg;
}

static void a_section_stays_open_in_the_child(void **state)
{
	static struct rcu_head head;
	pthread_t thread;
	pid_t pid;

	(void)state;
	if (VMS__TSAN)
		skip();
	atomic_store(&calls, 0);
	for (int i = 0; i < 4; i++) {
		rcu_read_lock();
		pid = fork();
		if (!pid) {
			unsigned int early;

			alarm(WATCHDOG_SECONDS / 2);
			call_rcu(&head, count_call);
			if (pthread_create(&thread, NULL, wait_for_callbacks, NULL))
				_exit(100);
			/*
			 * Long enough for a grace period that wrongly does not
			 * wait.
			 */
			usleep(20000);
			early = atomic_load(&calls);
			rcu_read_unlock();
			join(thread);
			_exit((int)(early * 10 + atomic_load(&calls)));
		}
		rcu_read_unlock();
		assert_int_equal(WEXITSTATUS(status_of(pid)), 1);
		/*
		 * The next child starts in another phase of the grace period.
		 */
		synchronize_rcu();
	}
}

static pid_t callbacks_child;

static void exit_well(struct rcu_head *head)
{
	(void)head;
	_exit(atomic_load(&calls) == 1 ? 7 : 8);
}

static void fork_in_callback(struct rcu_head *head)
{
	static struct rcu_head last;

	(void)head;
	sem_wait_all(&go_on);
	callbacks_child = fork();
	if (callbacks_child)
		return;
	alarm(WATCHDOG_SECONDS / 2);
	call_rcu(&last, exit_well);
}

/*
 * The callback thread is the child's only thread. It must continue with the
 * queued callbacks.
 */
static void a_callback_may_fork(void **state)
{
	static struct rcu_head head, counted;

	(void)state;
	atomic_store(&calls, 0);
	call_rcu(&head, fork_in_callback);
	call_rcu(&counted, count_call);
	sem_post(&go_on);
	rcu_barrier();
	assert_int_equal(WEXITSTATUS(status_of(callbacks_child)), 7);
	assert_int_equal(atomic_load(&calls), 1);
}

VMS__OBJCACHE_DEFINE(forked_cache, "forked", 64, 64, 0);

/*
 * Makes objects wait for a grace period that the collector has begun and that
 * *@reader delays. The collector is a callback itself, which runs after a grace
 * period; the reader enters its section when that one has ended.
 */
static void defer_until_collected(unsigned int nr, pthread_t *reader)
{
	static struct rcu_head first, second;
	bool begun = false;

	call_rcu(&first, wait_to_go_on);
	sem_wait_all(&in_callback);
	/* The second callback and the collector wait for one grace period. */
	call_rcu(&second, wait_to_go_on);
	for (unsigned int i = 0; i < nr; i++)
		vms__objcache_free_rcu(&forked_cache, vms__objcache_alloc(&forked_cache));
	vms__objcache_flush();
	sem_post(&go_on);
	sem_wait_all(&in_callback);
	assert_int_equal(pthread_create(reader, NULL, read_until_unlocked, NULL), 0);
	sem_wait_all(&in_section);
	sem_post(&go_on);
	while (!begun) {
		pthread_mutex_lock(&forked_cache.lock);
		begun = forked_cache.collecting != NULL;
		pthread_mutex_unlock(&forked_cache.lock);
		sched_yield();
	}
}

/*
 * The parent's collector holds objects while a reader delays it. The child's
 * collector must free them.
 */
static void objects_in_the_collectors_hands_are_freed_in_the_child(void **state)
{
	pthread_t reader;
	pid_t pid;

	(void)state;
	if (VMS__TSAN)
		skip();
	rcu_barrier();
	pthread_mutex_lock(&programs_lock);
	defer_until_collected(3 * VMS__MAG_SIZE, &reader);
	pid = fork();
	if (!pid) {
		alarm(WATCHDOG_SECONDS / 2);
		/*
		 * Twice, so that a collector of the child has run whatever
		 * state it found.
		 */
		for (int i = 0; i < 2; i++) {
			vms__objcache_free_rcu(&forked_cache, vms__objcache_alloc(&forked_cache));
			rcu_barrier();
		}
		_exit(vms__objcache_deferred(&forked_cache) || vms__objcache_in_use(&forked_cache));
	}
	assert_int_equal(status_of(pid), 0);
	pthread_mutex_unlock(&programs_lock);
	join(reader);
	rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&forked_cache), 0);
}

/*
 * At its bound the cache carves nothing, and the child frees nothing. The child
 * must get memory nevertheless; the parent's reader does not exist there.
 */
static int allocate_in_the_child(void)
{
	void *obj;

	alarm(WATCHDOG_SECONDS / 2);
	while (!(obj = vms__objcache_alloc(&forked_cache))) {
		vms_rcu_quiescent();
		sched_yield();
	}
	vms__objcache_free(&forked_cache, obj);
	return 0;
}

static bool is_at_bound(void)
{
	return forked_cache.inflight >= forked_cache.max_inflight * VMS__OBJCACHE_BOUND;
}

#define AT_BOUND (2 * VMS__OBJCACHE_BOUND * VMS__MAG_SIZE)

/*
 * Uses up what this thread's magazines hold, so that a child must carve or
 * wait.
 */
static void leave_nothing_free(void)
{
	static void *objs[AT_BOUND + 3 * VMS__MAG_SIZE];
	size_t n = 0;

	while (n < sizeof(objs) / sizeof(objs[0]) &&
	       (objs[n] = vms__objcache_alloc(&forked_cache)) != NULL)
		n++;
	assert_true(n < sizeof(objs) / sizeof(objs[0]));
}

static void a_child_of_a_process_at_the_bound_gets_memory(void **state)
{
	static struct rcu_head first;
	unsigned int usual;
	pid_t pid;

	(void)state;
	if (VMS__TSAN)
		skip();
	rcu_barrier();
	vms__objcache_free(&forked_cache, vms__objcache_alloc(&forked_cache));
	usual = forked_cache.max_inflight;
	forked_cache.max_inflight = 2;
	/*
	 * In the first round the collector waits behind a callback. In the
	 * second round it runs, and waits for a reader.
	 */
	for (int round = 0; round < 2; round++) {
		pthread_t reader;

		pthread_mutex_lock(&programs_lock);
		if (round) {
			defer_until_collected(AT_BOUND, &reader);
		} else {
			call_rcu(&first, wait_to_go_on);
			sem_wait_all(&in_callback);
			for (unsigned int i = 0; i < AT_BOUND; i++)
				vms__objcache_free_rcu(&forked_cache,
						       vms__objcache_alloc(&forked_cache));
		}
		assert_true(is_at_bound());
		leave_nothing_free();
		pid = fork();
		if (!pid)
			_exit(allocate_in_the_child());
		assert_int_equal(status_of(pid), 0);
		pthread_mutex_unlock(&programs_lock);
		if (round)
			join(reader);
		else
			sem_post(&go_on);
		rcu_barrier();
	}
	forked_cache.max_inflight = usual;
}

/* ---- concurrently with other threads ------------------------------------- */

static _Atomic bool stop;

static void *come_and_go(void *arg)
{
	rcu_read_lock();
	rcu_read_unlock();
	return arg;
}

static void *use_rcu(void *arg)
{
	static struct rcu_head heads[2];
	struct rcu_head *own = &heads[(uintptr_t)arg];
	pthread_t thread;

	while (!atomic_load(&stop)) {
		call_rcu(own, count_call);
		if (pthread_create(&thread, NULL, come_and_go, NULL))
			break;
		join(thread);
		synchronize_rcu();
		rcu_barrier();
		vms_thread_unregister();
	}
	return NULL;
}

/* Return: the child's exit status. */
static int use_rcu_in_child(bool and_grandchild)
{
	static struct rcu_head head;
	unsigned int before;
	pthread_t thread;
	pid_t pid;

	alarm(WATCHDOG_SECONDS / 2);
	rcu_barrier();
	before = atomic_load(&calls);
	call_rcu(&head, count_call);
	if (pthread_create(&thread, NULL, come_and_go, NULL))
		return 1;
	join(thread);
	synchronize_rcu();
	if (and_grandchild) {
		int status = -1;

		pid = fork();
		if (!pid)
			_exit(use_rcu_in_child(false));
		if (waitpid(pid, &status, 0) != pid || status)
			return 2;
	}
	rcu_barrier();
	return atomic_load(&calls) == before + 1 ? 0 : 3;
}

/*
 * First uses, exits, callbacks, grace periods and forks, each at any moment of
 * the others.
 */
static void children_use_rcu_whatever_the_other_threads_did(void **state)
{
	pthread_t threads[2];

	(void)state;
	if (VMS__TSAN || VMS__ASAN)
		skip(); /* ASan's allocator does not survive a fork while other threads allocate */
	atomic_store(&stop, false);
	for (uintptr_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_rcu, (void *)i), 0);
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(use_rcu_in_child(i % 4 == 0));
		assert_int_equal(status_of(pid), 0);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		join(threads[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_waits_for_no_reader_and_no_grace_period),
		cmocka_unit_test(a_callback_may_wait_for_a_lock_of_the_programs_prepare_handler),
		cmocka_unit_test(queued_callbacks_are_made_in_the_child_once),
		cmocka_unit_test(a_section_stays_open_in_the_child),
		cmocka_unit_test(a_callback_may_fork),
		cmocka_unit_test(objects_in_the_collectors_hands_are_freed_in_the_child),
		cmocka_unit_test(a_child_of_a_process_at_the_bound_gets_memory),
		cmocka_unit_test(children_use_rcu_whatever_the_other_threads_did),
	};

	alarm(WATCHDOG_SECONDS);
	sem_init(&in_callback, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&in_section, 0, 0);
	pthread_atfork(programs_prepare, programs_parent, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
