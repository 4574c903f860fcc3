/* SPDX-License-Identifier: MIT */
/*
 * test_rcu_inline.c - the read side that rcu.h inlines: when it is inlined,
 * that the inline code and the functions have the same effect, and that the
 * inline unlock wakes a grace period that sleeps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#ifdef VMS_RCU_QSBR
#include <urcu/urcu-qsbr.h>
#define URCU(name) urcu_qsbr_##name
#else
#include <urcu/urcu-memb.h>
#define URCU(name) urcu_memb_##name
#endif

#include <vmastore/rcu.h>

#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

/* How the library was built; this program was built in the same way. */
#if VMS__TSAN || defined(VMS_DEBUG) || defined(VMS_RCU_QSBR)
#define INLINE_BUILD false
#else
#define INLINE_BUILD true
#endif

/* Pointers to the functions, because a direct call would be inlined. */
static void (*const function_lock)(void) = vms_rcu_read_lock;
static void (*const function_unlock)(void) = vms_rcu_read_unlock;

static void inline_lock(void)
{
	vms_rcu_read_lock();
}

static void inline_unlock(void)
{
	vms_rcu_read_unlock();
}

static void in_thread(void *(*fn)(void *))
{
	pthread_t thread;
	void *wrong = NULL;

	assert_int_equal(pthread_create(&thread, NULL, fn, NULL), 0);
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_int_equal((uintptr_t)wrong, 0);
}

/* Return: how often the thread's word was wrong. */
static void *use_and_unregister(void *arg)
{
	uintptr_t wrong = 0;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		wrong += vms_rcu_self.word != NULL;
		inline_lock();
		inline_unlock();
		wrong += (vms_rcu_self.word != NULL) != INLINE_BUILD;
		vms_thread_unregister();
	}
	wrong += vms_rcu_self.word != NULL;
	return (void *)wrong;
}

static void sections_are_inline_from_the_first_use_to_the_last(void **state)
{
	(void)state;
	in_thread(use_and_unregister);
}

/* liburcu may unregister such a thread without the library's knowledge. */
static void *register_by_liburcu(void *arg)
{
	uintptr_t wrong = 0;

	(void)arg;
	URCU(register_thread)();
	inline_lock();
	inline_unlock();
	wrong += vms_rcu_self.word != NULL;
#ifdef VMS_RCU_QSBR
	urcu_qsbr_thread_offline();
#endif
	URCU(unregister_thread)();
	inline_lock();
	wrong += !URCU(read_ongoing)();
	inline_unlock();
	wrong += (vms_rcu_self.word != NULL) != INLINE_BUILD;
	return (void *)wrong;
}

static void threads_of_the_programs_own_call_the_functions(void **state)
{
	(void)state;
	in_thread(register_by_liburcu);
}

/* liburcu's own count of this thread's sections; QSBR has none. */
#ifdef VMS_RCU_QSBR
#define COUNTED 0
#else
#define COUNTED 1
#endif

static unsigned int open_sections(void)
{
	return COUNTED ? (unsigned int)URCU(read_ongoing)() : 0;
}

/*
 * A section with a second one inside. Bits 0 to 3 of @ways say which of the
 * four calls are inline.
 */
static uintptr_t nest(unsigned int ways)
{
	const unsigned int one = COUNTED;
	uintptr_t wrong = 0;

	(ways & 1 ? inline_lock : function_lock)();
	wrong += open_sections() != one;
	(ways & 2 ? inline_lock : function_lock)();
	wrong += open_sections() != 2 * one;
	(ways & 4 ? inline_unlock : function_unlock)();
	wrong += open_sections() != one;
	(ways & 8 ? inline_unlock : function_unlock)();
	wrong += open_sections() != 0;
	return wrong;
}

static void *nest_in_all_ways(void *arg)
{
	uintptr_t wrong = 0;

	(void)arg;
	/* The first section begins on a thread that is not registered. */
	for (unsigned int ways = 16; ways-- > 0;)
		wrong += nest(ways);
	return (void *)wrong;
}

static void functions_and_inline_sections_nest(void **state)
{
	(void)state;
	in_thread(nest_in_all_ways);
}

#ifndef VMS_RCU_QSBR

static _Atomic bool open;

/* Waits in the section until a grace period sleeps for it. */
static void *leave_a_sleeping_grace_period(void *arg)
{
	inline_lock();
	atomic_store(&open, true);
	while (__atomic_load_n(&vms_rcu_self.gp->futex, __ATOMIC_RELAXED) != -1)
		sched_yield();
	inline_unlock();
	return arg;
}

static void a_sleeping_grace_period_is_woken(void **state)
{
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 5; i++) {
		atomic_store(&open, false);
		assert_int_equal(pthread_create(&thread, NULL, leave_a_sleeping_grace_period, NULL),
				 0);
		while (!atomic_load(&open))
			sched_yield();
		vms_synchronize_rcu();
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
}

#else

static void a_sleeping_grace_period_is_woken(void **state)
{
	(void)state;
	skip(); /* woken by quiescent states, which are never inlined */
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_inline_from_the_first_use_to_the_last),
		cmocka_unit_test(threads_of_the_programs_own_call_the_functions),
		cmocka_unit_test(functions_and_inline_sections_nest),
		cmocka_unit_test(a_sleeping_grace_period_is_woken),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
