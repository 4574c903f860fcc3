/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - stands for those functions of the C library through which the
 * library under test waits, wakes, reads the clock or creates threads. The
 * linker leads its calls here (--wrap).
 */
#include "tests/explore/sched.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S 1000000000
#define PC __builtin_return_address(0)

#define WRAP(type, name, ...)                                                                      \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * NS_PER_S + t->tv_nsec;
}

/* ---- futexes, membarrier ------------------------------------------------- */

long __real_syscall(long nr, ...);

static long futex_wait(_Atomic unsigned int *word, unsigned int expected,
		       const struct timespec *deadline, const void *pc)
{
	struct access a = {WAIT, word, sizeof(*word), -1, pc};
	int64_t until = deadline ? ns_of(deadline) : 0;

	memory_drain();
	sched_point(&a);
	sched_note_value(*(unsigned int *)word);
	if (*(unsigned int *)word != expected) {
		errno = EAGAIN;
		return -1;
	}
	if (deadline && until <= now_ns) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (sched_block(&a, NULL, deadline ? &until : NULL)) {
		errno = ETIMEDOUT;
		return -1;
	}
	return 0;
}

static long futex_wake(void *word, int nr, const void *pc)
{
	struct access a = {WAKE, word, 0, -1, pc};
	long woken;

	memory_drain();
	sched_point(&a);
	woken = sched_wake(word, nr);
	sched_note_value((uint64_t)woken);
	return woken;
}

WRAP(long, syscall, long nr, ...)
{
	void *word, *deadline;
	int op, value;
	va_list ap;

	va_start(ap, nr);
	word = va_arg(ap, void *);
	if (nr == SYS_membarrier) {
		va_end(ap);
		memory_heavy_fence();
		return 0;
	}
	op = va_arg(ap, int) & ~FUTEX_PRIVATE_FLAG;
	value = va_arg(ap, int);
	deadline = va_arg(ap, void *);
	va_end(ap);
	if (nr == SYS_futex && op == FUTEX_WAIT_BITSET)
		return futex_wait(word, (unsigned int)value, deadline, PC);
	if (nr == SYS_futex && op == FUTEX_WAKE)
		return futex_wake(word, value, PC);
	run_failed(PC, NULL, "syscall(%ld) is not modelled", nr);
}

/* ---- time ---------------------------------------------------------------- */

WRAP(int, clock_gettime, clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = now_ns / NS_PER_S;
	now->tv_nsec = now_ns % NS_PER_S;
	return 0;
}

WRAP(int, sched_yield, void)
{
	sched_yield_to_others(&(struct access){YIELD, NULL, 0, -1, PC});
	return 0;
}

WRAP(int, nanosleep, const struct timespec *time, struct timespec *left)
{
	int64_t until = now_ns + ns_of(time);

	(void)left;
	memory_drain();
	sched_block(&(struct access){WAIT, &threads[self], 0, -1, PC}, NULL, &until);
	return 0;
}

/* One CPU: waiters go to sleep at once, and a schedule has fewer steps. */
WRAP(long, sysconf, int name)
{
	long __real_sysconf(int);

	return name == _SC_NPROCESSORS_ONLN ? 1 : __real_sysconf(name);
}

/* ---- mutexes and condition variables ------------------------------------- */

#define MUTEXES 256
static struct mutex {
	const void *addr;
	int owner; /* number + 1; 0: free */
} mutexes[MUTEXES];

static struct mutex *mutex_of(const void *addr)
{
	unsigned int i = (unsigned int)mix((uint64_t)addr, 0) % MUTEXES;

	while (mutexes[i].addr && mutexes[i].addr != addr)
		i = (i + 1) % MUTEXES;
	mutexes[i].addr = addr;
	return &mutexes[i];
}

static void take(pthread_mutex_t *lock, const void *pc)
{
	struct access a = {LOCK, lock, 1, -1, pc};
	struct mutex *m = mutex_of(lock);

	while (m->owner) {
		if (m->owner == self + 1)
			run_failed(pc, NULL, "a mutex is locked twice");
		sched_block(&a, NULL, NULL);
	}
	m->owner = self + 1;
	race_acquire(lock);
}

static void give(pthread_mutex_t *lock, const void *pc)
{
	struct mutex *m = mutex_of(lock);

	if (m->owner != self + 1)
		run_failed(pc, NULL, "a mutex is unlocked by a thread that does not hold it");
	race_release(lock);
	m->owner = 0;
	if (!live)
		return;
	sched_hash(&(struct access){UNLOCK, lock, 1, -1, pc});
	sched_wake(lock, INT_MAX);
}

WRAP(int, pthread_mutex_lock, pthread_mutex_t *lock)
{
	memory_drain();
	sched_point(&(struct access){LOCK, lock, 1, -1, PC});
	take(lock, PC);
	return 0;
}

/*
 * No other thread need go first here: it could only wait for the mutex, or go
 * before this thread's earlier or next step.
 */
WRAP(int, pthread_mutex_unlock, pthread_mutex_t *lock)
{
	memory_drain();
	give(lock, PC);
	return 0;
}

static int cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, const int64_t *until,
		     const void *pc)
{
	struct access a = {WAIT, cond, 1, -1, pc};
	bool late = until && *until <= now_ns;

	memory_drain();
	sched_point(&a);
	give(lock, pc);
	if (late)
		sched_point(&(struct access){LOCK, lock, 1, -1, pc});
	else
		late = sched_block(&a, NULL, until);
	take(lock, pc);
	return late ? ETIMEDOUT : 0;
}

WRAP(int, pthread_cond_wait, pthread_cond_t *cond, pthread_mutex_t *lock)
{
	return cond_wait(cond, lock, NULL, PC);
}

WRAP(int, pthread_cond_clockwait, pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
     const struct timespec *until)
{
	int64_t ns = ns_of(until);

	(void)clock;
	return cond_wait(cond, lock, &ns, PC);
}

static int signal_cond(pthread_cond_t *cond, int nr, const void *pc)
{
	memory_drain();
	sched_point(&(struct access){WAKE, cond, 1, -1, pc});
	if (live)
		sched_wake(cond, nr);
	return 0;
}

WRAP(int, pthread_cond_signal, pthread_cond_t *cond)
{
	return signal_cond(cond, 1, PC);
}

WRAP(int, pthread_cond_broadcast, pthread_cond_t *cond)
{
	return signal_cond(cond, INT_MAX, PC);
}

/* ---- threads ------------------------------------------------------------- */

/* The library's thread. Its name becomes known later. */
WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
     void *arg)
{
	(void)thread, (void)attr;
	sched_create(start, arg, true, "callbacks");
	return 0;
}

WRAP(int, pthread_setname_np, pthread_t thread, const char *name)
{
	(void)thread, (void)name;
	return 0;
}

/* ---- failures ------------------------------------------------------------ */

static char warning[512];

WRAP(void, vms__warn, const char *fmt, ...)
{
	size_t used = strlen(warning);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(warning + used, sizeof(warning) - used, fmt, ap);
	va_end(ap);
	used = strlen(warning);
	snprintf(warning + used, sizeof(warning) - used, "\n");
}

WRAP(_Noreturn void, abort, void)
{
	run_failed(PC, NULL, "thread %s stopped: %s", threads[self].name, warning);
}

WRAP(_Noreturn void, vms__assert_failed, const char *file, int line, const char *func,
     const char *what)
{
	run_failed(PC, NULL, "thread %s: %s:%d: %s: %s", threads[self].name, file, line, func,
		   what);
}
