/* SPDX-License-Identifier: MIT */
/*
 * test_rcu_signal.c - a signal handler that reads, at the critical moments: the
 * test raises a signal right after this thread has locked a mutex, and right
 * before it unlocks one, at each such moment of a registration, a grace period
 * and an exit in turn. Symptom: the watchdog ends the program. Cause: the
 * handler waits for a lock that its own thread holds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/prctl.h>

#include <vmastore/rcu.h>

#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

#define MOMENTS 40 /* more than a registration, a grace period, a barrier or an exit has */

static _Atomic unsigned int handled;
static _Thread_local unsigned int moment, raise_at; /* 0: not counting */

/*
 * The sanitizers define these functions themselves; there, signals come only at
 * the other moments.
 */
#if !VMS__TSAN && !VMS__ASAN
#define EACH_LOCK 1

/*
 * At its moment this thread waits until it may continue, instead of raising a
 * signal.
 */
static _Thread_local bool stays_there;
static sem_t is_there, may_go_on;

static void at_moment(void)
{
	if (!raise_at || ++moment != raise_at)
		return;
	if (!stays_there) {
		raise(SIGUSR1);
		return;
	}
	sem_post(&is_there);
	while (sem_wait(&may_go_on))
		; /* EINTR */
}

typedef int (*mutex_fn)(pthread_mutex_t *mutex);

static mutex_fn find(const char *name)
{
	mutex_fn fn;

	*(void **)&fn = dlsym(RTLD_NEXT, name);
	return fn;
}

/* liburcu calls this function too. */
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static mutex_fn _Atomic real;
	int ret;

	if (!real)
		real = find("pthread_mutex_lock");
	ret = real(mutex);
	at_moment();
	return ret;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	static mutex_fn _Atomic real;

	if (!real)
		real = find("pthread_mutex_unlock");
	at_moment();
	return real(mutex);
}

static _Thread_local bool no_threads;

/* The library calls this function too. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	static int (*_Atomic real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = real;

	*thread = (pthread_t)0;
	if (no_threads)
		return EAGAIN;
	if (!create) {
		*(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
		real = create;
	}
	return create(thread, attr, fn, arg);
}
#else
#define EACH_LOCK 0
#endif

static void read_in_handler(int sig)
{
	(void)sig;
	vms__rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	vms__rcu_read_unlock();
	atomic_fetch_add(&handled, 1);
}

struct step {
	void (*fn)(void);
	unsigned int raise_at;
};

static void *run_raising(void *arg)
{
	const struct step *step = arg;

	raise_at = step->raise_at;
	step->fn();
	raise_at = 0;
	raise(SIGUSR1);
	return (void *)(uintptr_t)moment;
}

/* Runs @fn on a new thread for each of its moments. */
static void on_new_threads(void (*fn)(void))
{
	uintptr_t most = 0;

	for (unsigned int i = 1; i <= MOMENTS; i++) {
		unsigned int before = atomic_load(&handled);
		struct step step = {.fn = fn, .raise_at = i};
		pthread_t thread;
		void *moments;

		assert_int_equal(pthread_create(&thread, NULL, run_raising, &step), 0);
		assert_int_equal(pthread_join(thread, &moments), 0);
		most = (uintptr_t)moments > most ? (uintptr_t)moments : most;
		/*
		 * The last signal was handled, and so was the one at the
		 * moment, if there was that moment; it may have been blocked
		 * until then.
		 */
		assert_true(atomic_load(&handled) > before);
		synchronize_rcu();
	}
	if (EACH_LOCK) {
		assert_true(most > 0);
		assert_true(most < MOMENTS);
	}
}

static void read_first(void)
{
	rcu_read_lock();
	rcu_read_unlock();
}

static void a_handler_may_read_during_the_threads_first_read(void **state)
{
	(void)state;
	on_new_threads(read_first);
}

static void wait_first(void)
{
	synchronize_rcu();
}

static void a_handler_may_read_during_a_grace_period(void **state)
{
	(void)state;
#ifdef VMS_RCU_QSBR
	skip(); /* a waiting thread is offline */
#endif
	on_new_threads(wait_first);
}

#if EACH_LOCK && !defined(VMS_RCU_QSBR)
static void do_nothing(struct rcu_head *head)
{
	(void)head;
}

static void call_first(void)
{
	static struct rcu_head head; /* one of these threads runs at a time */

	no_threads = true;
	call_rcu(&head, do_nothing);
	rcu_barrier();
	no_threads = false;
}

/* Without a callback thread a barrier waits for the grace period itself. */
static void a_handler_may_read_during_a_barrier_without_a_thread(void **state)
{
	(void)state;
	assert_false(atomic_load(&vms__rcu_served));
	on_new_threads(call_first);
	assert_false(atomic_load(&vms__rcu_served));
}

static bool raise_in_child;

/*
 * One of the first child handlers of a fork, because it is registered before
 * the library's.
 */
static void programs_child(void)
{
	if (!raise_in_child)
		return;
	/*
	 * A child that hangs is killed when its parent ends, and the parent has
	 * a watchdog.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	raise(SIGUSR1);
}

__attribute__((constructor(150))) static void register_programs_child(void)
{
	(void)pthread_atfork(NULL, NULL, programs_child);
}

static void *read_and_stay_there(void *arg)
{
	stays_there = true;
	raise_at = 1;
	read_first();
	raise_at = 0;
	return arg;
}

static void *fork_before_the_first_read(void *status)
{
	unsigned int before = atomic_load(&handled);
	pid_t pid = fork();

	if (!pid) {
		read_first();
		_exit(atomic_load(&handled) == before + 1 ? 0 : 1);
	}
	if (waitpid(pid, status, 0) != pid)
		*(int *)status = -1;
	return NULL;
}

/*
 * Another thread holds a lock of the registration, and does not exist in the
 * child.
 */
static void a_handler_may_read_in_a_child_that_is_not_yet_the_librarys(void **state)
{
	pthread_t holder, forker;
	int status = -1;

	(void)state;
	assert_int_equal(sem_init(&is_there, 0, 0), 0);
	assert_int_equal(sem_init(&may_go_on, 0, 0), 0);
	assert_int_equal(pthread_create(&holder, NULL, read_and_stay_there, NULL), 0);
	while (sem_wait(&is_there))
		; /* EINTR */
	raise_in_child = true;
	assert_int_equal(pthread_create(&forker, NULL, fork_before_the_first_read, &status), 0);
	assert_int_equal(pthread_join(forker, NULL), 0);
	raise_in_child = false;
	sem_post(&may_go_on);
	assert_int_equal(pthread_join(holder, NULL), 0);
	assert_int_equal(status, 0);
}
#endif

static void unregister(void)
{
	read_first();
	vms_thread_unregister();
}

static void a_handler_may_read_while_its_thread_is_unregistered(void **state)
{
	(void)state;
	on_new_threads(unregister);
}

/* ---- at the thread's exit ------------------------------------------------ */

static pthread_key_t below, above;
static _Atomic unsigned int handled_after_exit;
static _Atomic bool segv_blocked;

/* Runs before the library's destructor. */
static void raise_before_exit(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
}

/* Runs after the library's destructor. */
static void raise_after_exit(void *arg)
{
	unsigned int before = atomic_load(&handled);
	sigset_t mask;

	(void)arg;
	raise(SIGUSR1);
	atomic_store(&handled_after_exit, atomic_load(&handled) - before);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	atomic_store(&segv_blocked, sigismember(&mask, SIGSEGV));
}

static void *read_and_exit(void *arg)
{
	read_first();
	pthread_setspecific(below, &below);
	pthread_setspecific(above, &above);
	return arg;
}

/*
 * Symptom: an exited thread stays registered. Cause: a handler that ran after
 * the library's destructor registered the thread again, and no destructor
 * undoes that.
 */
static void no_handler_comes_after_the_library_has_left_the_thread(void **state)
{
	pthread_key_t keys[40];
	unsigned int before;
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 40; i++)
		assert_int_equal(
			pthread_key_create(&keys[i], i ? raise_after_exit : raise_before_exit), 0);
	below = keys[0];
	above = keys[39];
	before = atomic_load(&handled);
	atomic_store(&handled_after_exit, 100);
	assert_int_equal(pthread_create(&thread, NULL, read_and_exit, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(atomic_load(&handled) > before);
	assert_int_equal(atomic_load(&handled_after_exit), 0);
	assert_false(atomic_load(&segv_blocked));
	synchronize_rcu();
	for (int i = 0; i < 40; i++)
		assert_int_equal(pthread_key_delete(keys[i]), 0);
}

static int run_all(const char *where)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_may_read_during_the_threads_first_read),
		cmocka_unit_test(a_handler_may_read_during_a_grace_period),
#if EACH_LOCK && !defined(VMS_RCU_QSBR)
		cmocka_unit_test(a_handler_may_read_during_a_barrier_without_a_thread),
		cmocka_unit_test(a_handler_may_read_in_a_child_that_is_not_yet_the_librarys),
#endif
		cmocka_unit_test(a_handler_may_read_while_its_thread_is_unregistered),
		cmocka_unit_test(no_handler_comes_after_the_library_has_left_the_thread),
	};

	struct sigaction action = {.sa_handler = read_in_handler, .sa_flags = SA_RESTART};

	alarm(WATCHDOG_SECONDS);
	sigaction(SIGUSR1, &action, NULL);
	return cmocka_run_group_tests_name(where, tests, NULL, NULL);
}

/*
 * The tests run in a forked child too, where registration and grace periods are
 * implemented differently.
 */
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
