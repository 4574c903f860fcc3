/* SPDX-License-Identifier: MIT */
/*
 * test_rcu_signal.c - a signal handler that reads, at the moments that matter: a
 * signal is raised whenever this thread has just locked a mutex, hence inside
 * every registration, grace period and exit. A handler that then waits for its
 * own thread's lock ends the program by its watchdog.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include <vmastore/rcu.h>

#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/sync/child.h"

static _Atomic unsigned int handled;
static _Thread_local bool raising;
static _Thread_local unsigned int raised;

/* The sanitizers have their own pthread_mutex_lock(): there, signals come at the other moments only. */
#if !VMS__TSAN && !VMS__ASAN
#define EACH_LOCK 1

static int (*real_lock)(pthread_mutex_t *mutex);

/* Which liburcu calls as well. */
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int ret;

	if (!real_lock)
		*(void **)&real_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	ret = real_lock(mutex);
	if (raising) {
		raised++;
		raise(SIGUSR1);
	}
	return ret;
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

static void *run_raising(void *fn)
{
	raising = true;
	((void (*)(void)) * (void **)fn)();
	raise(SIGUSR1);
	raising = false;
	return (void *)(uintptr_t)raised;
}

static void on_new_thread(void (*fn)(void))
{
	unsigned int before = atomic_load(&handled);
	pthread_t thread;
	void *locks;

	assert_int_equal(pthread_create(&thread, NULL, run_raising, (void *)&fn), 0);
	assert_int_equal(pthread_join(thread, &locks), 0);
	/* Each was handled, or was pending while signals were blocked, with others. */
	assert_true(atomic_load(&handled) > before);
	if (EACH_LOCK)
		assert_true((uintptr_t)locks > 0);
	synchronize_rcu();
}

static void read_first(void)
{
	rcu_read_lock();
	rcu_read_unlock();
}

static void a_handler_may_read_during_the_threads_first_read(void **state)
{
	(void)state;
	on_new_thread(read_first);
}

static void wait_first(void)
{
	synchronize_rcu();
}

static void a_handler_may_read_during_a_grace_period(void **state)
{
	(void)state;
#ifdef VMS_RCU_QSBR
	skip(); /* a thread that waits is offline */
#endif
	on_new_thread(wait_first);
}

static void unregister(void)
{
	for (int i = 0; i < 3; i++) {
		read_first();
		vms_thread_unregister();
	}
}

static void a_handler_may_read_while_its_thread_is_unregistered(void **state)
{
	(void)state;
	on_new_thread(unregister);
}

/* ---- at the thread's exit ---------------------------------------------------------------------------------------- */

static pthread_key_t below, above;
static _Atomic unsigned int handled_after_exit;
static _Atomic bool segv_blocked;

/* Comes before the library's destructor. */
static void raise_from_now_on(void *arg)
{
	(void)arg;
	raising = true;
	raise(SIGUSR1);
}

/* Comes after it. */
static void raise_after_exit(void *arg)
{
	unsigned int before = atomic_load(&handled);
	sigset_t mask;

	(void)arg;
	raise(SIGUSR1);
	atomic_store(&handled_after_exit, atomic_load(&handled) - before);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	atomic_store(&segv_blocked, sigismember(&mask, SIGSEGV));
	raising = false;
}

static void *read_and_exit(void *arg)
{
	read_first();
	pthread_setspecific(below, &below);
	pthread_setspecific(above, &above);
	return arg;
}

/* One that came later would register the thread anew, and nobody would undo that. */
static void no_handler_comes_after_the_library_has_left_the_thread(void **state)
{
	pthread_key_t keys[40];
	unsigned int before;
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 40; i++)
		assert_int_equal(pthread_key_create(&keys[i], i ? raise_after_exit : raise_from_now_on), 0);
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
		cmocka_unit_test(a_handler_may_read_while_its_thread_is_unregistered),
		cmocka_unit_test(no_handler_comes_after_the_library_has_left_the_thread),
	};

	struct sigaction action = {.sa_handler = read_in_handler, .sa_flags = SA_RESTART};

	alarm(WATCHDOG_SECONDS);
	sigaction(SIGUSR1, &action, NULL);
	return cmocka_run_group_tests_name(where, tests, NULL, NULL);
}

/* In a forked child, too: registration and grace periods are others there. */
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
