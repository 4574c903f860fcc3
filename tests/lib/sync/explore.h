/* SPDX-License-Identifier: MIT */
/*
 * explore.h - runs a few threads through every schedule, within a bound,
 * instead of through the few schedules that happen on a machine.
 *
 * The test compiles the code under test with the atomics and futexes below.
 * Before each of them the running thread may be stopped and another thread
 * continue; one thread runs at a time. explore() repeats the scenario with the
 * next schedule each time, until it has run all schedules with a bounded number
 * of costly choices (Musuvathi and Qadeer, "Iterative context bounding", PLDI
 * 2007: a small bound finds most bugs). A costly choice stops a thread that
 * could continue, lets a timeout fire early, or delays a store.
 *
 * As on x86, a store may stay in its thread's store buffer until the thread's
 * next store, read-modify-write or futex, so that a missing full barrier shows.
 * Orders weaker than x86's are not modelled; TSan and model.h check those.
 */
#ifndef TESTS_SYNC_EXPLORE_H
#define TESTS_SYNC_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLORE_MAX_THREADS 4

struct explore_scenario {
	void (*begin)(void); /* before each run */
	void (*end)(void);   /* after each run; may call explore_fail() */
	void (*threads[EXPLORE_MAX_THREADS])(void);
	unsigned int costly; /* bound of costly choices */
};

/*
 * Return: NULL if every schedule succeeded, otherwise what failed in the last
 * one. *@runs: the number of schedules that ran.
 */
const char *explore(const struct explore_scenario *scenario, unsigned long *runs);

/* Called inside a run. The first failure is reported. */
void explore_fail(const char *what);
/* Lets another thread continue here. */
void explore_step(void);

/* The hooks below call these. */
uint64_t explore_load(const void *p, size_t size);
void explore_store(void *p, size_t size, uint64_t value);
void explore_rmw(void);
int explore_futex_wait(void *word, unsigned int expected, bool timed);
void explore_futex_wake(void *word, int n);

#ifdef EXPLORE_HOOKS

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <time.h>

/*
 * The type without _Atomic. Plain accesses suffice, because one thread runs at
 * a time.
 */
#define EXPLORE_TYPE(p) __typeof__(*(p) + 0)

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit

#define atomic_load_explicit(p, order)                                                             \
	((EXPLORE_TYPE(p))(uintptr_t)explore_load((const void *)(p), sizeof(*(p))))
#define atomic_store_explicit(p, v, order) explore_store((void *)(p), sizeof(*(p)), (uintptr_t)(v))
#define EXPLORE_RMW(p, new)                                                                        \
	({                                                                                         \
		EXPLORE_TYPE(p) *explore_p = (EXPLORE_TYPE(p) *)(p), explore_old;                  \
		explore_rmw();                                                                     \
		explore_old = *explore_p;                                                          \
		*explore_p = (new);                                                                \
		explore_old;                                                                       \
	})
#define atomic_exchange_explicit(p, v, order) EXPLORE_RMW(p, v)
#define atomic_fetch_add_explicit(p, v, order) EXPLORE_RMW(p, explore_old + (v))
#define atomic_fetch_sub_explicit(p, v, order) EXPLORE_RMW(p, explore_old - (v))
#define atomic_fetch_or_explicit(p, v, order) EXPLORE_RMW(p, explore_old | (v))
#define atomic_fetch_and_explicit(p, v, order) EXPLORE_RMW(p, explore_old &(v))
#define atomic_compare_exchange_strong_explicit(p, e, v, success, failure)                         \
	({                                                                                         \
		EXPLORE_TYPE(p) *explore_p = (EXPLORE_TYPE(p) *)(p), *explore_e = (e);             \
		bool explore_same;                                                                 \
		explore_rmw();                                                                     \
		explore_same = *explore_p == *explore_e;                                           \
		if (explore_same)                                                                  \
			*explore_p = (v);                                                          \
		else                                                                               \
			*explore_e = *explore_p;                                                   \
		explore_same;                                                                      \
	})
#define atomic_compare_exchange_weak_explicit atomic_compare_exchange_strong_explicit

/* Replaces lib/sync/futex.h. */
#define VMS_SYNC_FUTEX_H
#define VMS__FUTEX_ALL INT_MAX
static inline int vms__futex_wait(_Atomic unsigned int *word, unsigned int expected,
				  const struct timespec *deadline)
{
	return explore_futex_wait((void *)word, expected, deadline != NULL);
}

static inline void vms__futex_wake(_Atomic unsigned int *word, int n)
{
	explore_futex_wake((void *)word, n);
}

#endif

#endif
