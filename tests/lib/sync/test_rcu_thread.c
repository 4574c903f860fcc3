/* SPDX-License-Identifier: MIT */
/*
 * test_rcu_thread.c - the library's callback thread: which signals it blocks,
 * and what happens if it cannot be created. The program's threads: how they
 * leave the readers, whichever round of their destructors uses the library.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <vmastore/rcu.h>

#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"
#include "tests/lib/sync/no_threads.h"

static _Atomic unsigned int calls;
static pthread_t called_by;

static void count_call(struct rcu_head *head)
{
	(void)head;
	called_by = pthread_self();
	atomic_fetch_add(&calls, 1);
}

/* ---- where no thread can be created -------------------------------------- */

/*
 * Runs in a child that has no other thread yet. Return: 0, or the line that
 * failed.
 */
static int without_a_thread(void)
{
	static struct rcu_head heads[3];

	alarm(WATCHDOG_SECONDS / 2);
	if (!no_more_threads())
		return 0;
	if (vms__rcu_start() != -ENOMEM)
		return __LINE__;
	call_rcu(&heads[0], count_call);
	call_rcu(&heads[1], count_call);
	if (atomic_load(&calls) != 0)
		return __LINE__;
	rcu_barrier();
	if (atomic_load(&calls) != 2 || !pthread_equal(called_by, pthread_self()))
		return __LINE__;
	more_threads();
	if (vms__rcu_start())
		return __LINE__;
	call_rcu(&heads[2], count_call);
	rcu_barrier();
	if (atomic_load(&calls) != 3 || pthread_equal(called_by, pthread_self()))
		return __LINE__;
	return 0;
}

/* The first test, because the process must not have a callback thread yet. */
static void callbacks_wait_for_a_barrier_where_there_can_be_no_thread(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(without_a_thread());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- the library's thread ------------------------------------------------ */

/*
 * Return: the rest of the line in the callback thread's status file that begins
 * with @field; "" if there is none.
 */
static const char *library_threads(const char *field)
{
	static char line[256];
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");

	assert_non_null(tasks);
	while ((entry = readdir(tasks)) != NULL) {
		char path[300];
		bool ours = false;
		FILE *status;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		status = fopen(path, "r");
		while (status && fgets(line, sizeof(line), status)) {
			ours |= !strcmp(line, "Name:\tvms-rcu\n");
			if (ours && !strncmp(line, field, strlen(field))) {
				fclose(status);
				closedir(tasks);
				return line + strlen(field);
			}
		}
		if (status)
			fclose(status);
	}
	closedir(tasks);
	return "";
}

static void its_thread_has_a_name_and_every_signal_blocked(void **state)
{
	static struct rcu_head head;
	unsigned long long blocked = 0;
	sigset_t saved, now;

	(void)state;
	/*
	 * The callback thread neither inherits nor changes its creator's mask.
	 */
	pthread_sigmask(SIG_BLOCK, NULL, &saved);
	call_rcu(&head, count_call);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_memory_equal(&saved, &now, sizeof(unsigned long));
	rcu_barrier();
	assert_int_equal(sscanf(library_threads("SigBlk:\t"), "%llx", &blocked), 1);
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		/*
		 * SIGKILL and SIGSTOP cannot be blocked, and the C library
		 * reserves two signals.
		 */
		if (sig == SIGKILL || sig == SIGSTOP || (sig >= 32 && sig < SIGRTMIN))
			continue;
		if (!(blocked >> (sig - 1) & 1))
			print_error("signal %d is not blocked\n", sig);
		assert_true(blocked >> (sig - 1) & 1);
	}
}

/* ---- the program's threads ----------------------------------------------- */

/* TSan forgets a thread in the last round: no code may run then. */
#define ROUNDS (VMS__TSAN ? 3 : 4)
#define STACK_BYTES (4ul << 20) /* the sanitizers need much */

/*
 * Runs @fn on a thread whose stack, and with it all thread-local memory, is
 * unmapped afterwards. Symptom: the next grace period faults. Cause: the thread
 * stayed among the readers.
 */
static void run_and_unmap(void *(*fn)(void *))
{
	void *stack =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;

	assert_ptr_not_equal(stack, MAP_FAILED);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_BYTES), 0);
	assert_int_equal(pthread_create(&thread, &attr, fn, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
	assert_int_equal(munmap(stack, STACK_BYTES), 0);
	synchronize_rcu();
}

/*
 * The rounds in which a program's destructor uses the library: bit 0 is the
 * first round. Bit ROUNDS: the thread uses the library before its exit.
 */
static unsigned int use_in;
static pthread_key_t programs_key;
static unsigned int rounds_seen; /* accessed by one thread at a time, ordered by the joins */

static void read_once(void)
{
	rcu_read_lock();
	rcu_read_unlock();
}

static void destroy(void *round_plus_one)
{
	unsigned int round = (unsigned int)(uintptr_t)round_plus_one - 1;

	rounds_seen |= 1u << round;
	if (use_in >> round & 1)
		read_once();
	if (round + 1 < ROUNDS)
		pthread_setspecific(programs_key, (void *)(uintptr_t)(round + 2));
}

static void *use_in_rounds(void *arg)
{
	pthread_setspecific(programs_key, (void *)1);
	if (use_in >> ROUNDS & 1)
		read_once();
	return arg;
}

static void use_in_all_sets_of_rounds(bool high_key)
{
	for (use_in = 1; use_in < 2u << ROUNDS; use_in++) {
		/* The exception that thread_slot.c documents. */
		if (high_key && use_in == 1u << (ROUNDS - 1))
			continue;
		rounds_seen = 0;
		run_and_unmap(use_in_rounds);
		assert_int_equal(rounds_seen, (1u << ROUNDS) - 1);
	}
}

static void threads_leave_after_use_in_any_rounds(void **state)
{
	(void)state;
	assert_int_equal(pthread_key_create(&programs_key, destroy), 0);
	use_in_all_sets_of_rounds(false);
	assert_int_equal(pthread_key_delete(programs_key), 0);
}

/* Keys whose destructors run after the library's in each round. */
static void and_after_use_by_keys_above_the_librarys(void **state)
{
	pthread_key_t keys[40];

	(void)state;
	if (VMS__TSAN)
		skip(); /* TSan forgot the thread: not even the library's destructor may run */
	for (int i = 0; i < 40; i++)
		assert_int_equal(pthread_key_create(&keys[i], destroy), 0);
	programs_key = keys[39];
	use_in_all_sets_of_rounds(true);
	for (int i = 0; i < 40; i++)
		assert_int_equal(pthread_key_delete(keys[i]), 0);
}

static bool registered(void)
{
	return vms__rcu_reader->registered;
}

/* Return: how often the thread's registration was wrong. */
static uintptr_t unregister_and_go_on(void)
{
	uintptr_t wrong = 0;

	vms_thread_unregister(); /* nothing to undo yet */
	for (int i = 0; i < 3; i++) {
		read_once();
		wrong += !registered();
		vms_thread_unregister();
		wrong += registered();
	}
	return wrong;
}

static uintptr_t unregister_wrong;

static void *unregister_and_return(void *arg)
{
	unregister_wrong = unregister_and_go_on();
	return arg;
}

/* Ends like a host's own thread: no destructor runs. */
static void *unregister_and_vanish(void *arg)
{
	unregister_wrong = unregister_and_go_on();
	syscall(SYS_exit, 0);
	return arg;
}

static void *unregister_and_wait(void *arg)
{
	read_once();
	vms_thread_unregister();
	vms_thread_unregister();
	synchronize_rcu();
	read_once();
	return arg;
}

static void an_unregistered_thread_may_use_the_library_again(void **state)
{
	(void)state;
	run_and_unmap(unregister_and_return);
	assert_int_equal(unregister_wrong, 0);
	run_and_unmap(unregister_and_wait);
}

static void an_unregistered_thread_may_end_without_the_c_library(void **state)
{
	(void)state;
	if (VMS__TSAN || VMS__ASAN)
		skip(); /* the sanitizers must notice the thread's end */
	run_and_unmap(unregister_and_vanish);
	assert_int_equal(unregister_wrong, 0);
}

static pthread_barrier_t both;

static void *hold_after_unregistering(void *arg)
{
	read_once();
	vms_thread_unregister();
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	return arg;
}

/* QSBR would wait for a thread that is registered and online. */
static void an_unregistered_thread_holds_up_nobody(void **state)
{
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&both, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, hold_after_unregistering, NULL), 0);
	pthread_barrier_wait(&both);
	synchronize_rcu();
	pthread_barrier_wait(&both);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&both);
}

/* ---- cancelled threads --------------------------------------------------- */

static void (*wait_fn)(void);
static _Atomic bool waited, reader_may_leave;

/*
 * The request is pending before the call; the next cancellation point acts on
 * it.
 */
static void *wait_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	wait_fn();
	atomic_store(&waited, true);
	pthread_testcancel();
	return arg;
}

static void *read_a_while(void *arg)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	rcu_read_lock();
	pthread_barrier_wait(&both);
	for (int i = 0; i < 30 && !atomic_load(&reader_may_leave); i++)
		nanosleep(&pause, NULL);
	rcu_read_unlock();
	return arg;
}

/*
 * A cancelled thread must end after the call of @fn, not inside it, although it
 * has to wait for a reader there.
 */
static void wait_beside_a_reader(void (*fn)(void))
{
	pthread_t reader, waiter;
	void *ret;

	wait_fn = fn;
	atomic_store(&waited, false);
	atomic_store(&reader_may_leave, false);
	pthread_barrier_init(&both, NULL, 2);
	assert_int_equal(pthread_create(&reader, NULL, read_a_while, NULL), 0);
	pthread_barrier_wait(&both);
	assert_int_equal(pthread_create(&waiter, NULL, wait_cancelled, NULL), 0);
	assert_int_equal(pthread_join(waiter, &ret), 0);
	atomic_store(&reader_may_leave, true);
	assert_int_equal(pthread_join(reader, NULL), 0);
	pthread_barrier_destroy(&both);
	assert_true(ret == PTHREAD_CANCELED);
	assert_true(atomic_load(&waited));
}

static void wait_for_a_callback(void)
{
	static struct rcu_head head;

	call_rcu(&head, count_call);
	rcu_barrier();
}

static void a_cancelled_thread_ends_after_the_barrier(void **state)
{
	(void)state;
	wait_beside_a_reader(wait_for_a_callback);
	rcu_barrier();
}

static void wait_for_a_grace_period(void)
{
	synchronize_rcu();
}

static void a_cancelled_thread_ends_after_the_grace_period(void **state)
{
	(void)state;
	wait_beside_a_reader(wait_for_a_grace_period);
	synchronize_rcu();
}

static int run_all(const char *where)
{
	const struct CMUnitTest tests[] = {
		/* first: there must be no callback thread yet */
		cmocka_unit_test(callbacks_wait_for_a_barrier_where_there_can_be_no_thread),
		cmocka_unit_test(its_thread_has_a_name_and_every_signal_blocked),
		cmocka_unit_test(threads_leave_after_use_in_any_rounds),
		cmocka_unit_test(and_after_use_by_keys_above_the_librarys),
		cmocka_unit_test(an_unregistered_thread_may_use_the_library_again),
		cmocka_unit_test(an_unregistered_thread_may_end_without_the_c_library),
		cmocka_unit_test(an_unregistered_thread_holds_up_nobody),
		cmocka_unit_test(a_cancelled_thread_ends_after_the_grace_period),
		cmocka_unit_test(a_cancelled_thread_ends_after_the_barrier),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests_name(where, tests, NULL, NULL);
}

/*
 * The tests run in a forked child too, whose callback thread and list of
 * readers are different ones.
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
