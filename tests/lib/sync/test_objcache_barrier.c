/* SPDX-License-Identifier: MIT */
/*
 * test_objcache_barrier.c - a barrier frees what its thread deferred, although
 * another thread is stopped on its way to call the collector. The test supplies
 * pthread_mutex_lock(), in which that thread stops.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"

#if VMS__TSAN

/* ThreadSanitizer has a pthread_mutex_lock() of its own. */
static void another_thread_is_about_to_call(void **state)
{
	(void)state;
	skip();
}

#else

static VMS__OBJCACHE_DEFINE(cache, "cache", 64, 64, 0);

/* The locks that this thread may still take before it stops; -1: any number. */
static VMS__TLS int locks_left = -1;
static sem_t stopped, go_on;

int pthread_mutex_lock(pthread_mutex_t *lock)
{
	static _Atomic(int (*)(pthread_mutex_t *)) real;
	int (*f)(pthread_mutex_t *) = atomic_load(&real);

	if (!f) {
		*(void **)&f = dlsym(RTLD_NEXT, "pthread_mutex_lock");
		atomic_store(&real, f);
	}
	if (locks_left >= 0 && !locks_left--) {
		sem_post(&stopped);
		sem_wait(&go_on);
	}
	return f(lock);
}

/*
 * Defer a full magazine. @locks: how many locks the last step may take; the
 * step takes the cache's, and then calls the collector.
 */
static void defer_batch(int locks)
{
	void *objs[VMS__MAG_SIZE];

	for (unsigned int i = 0; i < VMS__MAG_SIZE; i++) {
		objs[i] = vms__objcache_alloc(&cache);
		assert_non_null(objs[i]);
	}
	for (unsigned int i = 0; i + 1 < VMS__MAG_SIZE; i++)
		vms__objcache_free_rcu(&cache, objs[i]);
	locks_left = locks;
	vms__objcache_free_rcu(&cache, objs[VMS__MAG_SIZE - 1]);
	locks_left = -1;
}

static void *defer_and_stop(void *arg)
{
	defer_batch(1);
	return arg;
}

static void another_thread_is_about_to_call(void **state)
{
	pthread_t thread;

	(void)state;
	/* The thread of the library exists: creating it takes a lock. */
	vms_rcu_barrier();
	assert_int_equal(vms__rcu_start(), 0);
	sem_init(&stopped, 0, 0);
	sem_init(&go_on, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, defer_and_stop, NULL), 0);
	sem_wait(&stopped);
	defer_batch(-1);
	vms_rcu_barrier();
	/* The other thread's batch passed the grace period with this one's. */
	assert_int_equal(vms__objcache_deferred(&cache), 0);
	sem_post(&go_on);
	pthread_join(thread, NULL);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&cache), 0);
	assert_int_equal(vms__objcache_in_use(&cache), 0);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_thread_is_about_to_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
