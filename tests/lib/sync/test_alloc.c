/* SPDX-License-Identifier: MIT */
/*
 * test_alloc.c - plain allocations. The failure injector must fail exactly the
 * allocations it is told to fail, plain ones and those of object caches.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "lib/sync/alloc.h"
#include "lib/sync/objcache/objcache.h"

static VMS__OBJCACHE_DEFINE(cache, "test object", 96, 32, 0);

static void memory_is_aligned_as_asked(void **state)
{
	(void)state;
	for (size_t align = 1; align <= 8192; align *= 2) {
		void *p = vms__alloc(3 * align + 1, align);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % align, 0);
		memset(p, 1, 3 * align + 1);
		vms__free(p);
	}
}

static void zalloc_clears_memory_that_was_used_before(void **state)
{
	(void)state;
	for (size_t align = 8; align <= 256; align *= 2) {
		for (int i = 0; i < 20; i++) {
			unsigned char *p = vms__zalloc(1000, align);

			assert_non_null(p);
			for (int k = 0; k < 1000; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xff, 1000);
			vms__free(p);
		}
	}
}

static void an_impossible_size_is_refused(void **state)
{
	(void)state;
	assert_null(vms__alloc(SIZE_MAX, 4096));
	assert_null(vms__zalloc(SIZE_MAX, 4096));
	vms__free(NULL);
}

/*
 * Makes four allocations, one of each kind. Return: a bit for each that
 * succeeded.
 */
static unsigned int four(void)
{
	void *p[4] = {vms__alloc(10, 8), vms__zalloc(10, 8), vms__zalloc(10, 64),
		      vms__objcache_alloc(&cache)};
	unsigned int ok = 0;

	for (int i = 0; i < 3; i++) {
		ok |= (unsigned int)(p[i] != NULL) << i;
		vms__free(p[i]);
	}
	if (p[3]) {
		ok |= 8;
		vms__objcache_free(&cache, p[3]);
	}
	return ok;
}

static void the_nth_allocation_fails_once(void **state)
{
	(void)state;
	for (long n = 1; n <= 4; n++) {
		vms__alloc_fail_nth(n);
		assert_int_equal(four(), 0xf & ~(1u << (n - 1)));
		assert_int_equal(vms__alloc_count(), 4);
		assert_int_equal(four(), 0xf);
		assert_int_equal(vms__alloc_count(), 8);
		vms__alloc_fail_nth(0);
		assert_int_equal(four(), 0xf);
		assert_int_equal(vms__alloc_count(), 8);
	}
}

static void from_the_nth_on_all_fail_until_switched_off(void **state)
{
	(void)state;
	for (long n = 1; n <= 4; n++) {
		vms__alloc_fail_from(n);
		assert_int_equal(four(), 0xf & ((1u << (n - 1)) - 1));
		assert_int_equal(four(), 0);
		vms__alloc_fail_from(0);
		assert_int_equal(four(), 0xf);
	}
}

/*
 * The loop that the injector is made for: it ends after one pass more than the
 * operation has allocations.
 */
static void a_sweep_ends_when_the_nth_is_not_reached(void **state)
{
	long n = 0;

	(void)state;
	do {
		vms__alloc_fail_nth(++n);
		four();
	} while (vms__alloc_count() >= n);
	vms__alloc_fail_nth(0);
	assert_int_equal(n, 5);
}

static void *run_four(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)four();
}

static void other_threads_are_not_touched(void **state)
{
	pthread_t thread;
	void *ok;

	(void)state;
	vms__alloc_fail_from(1);
	assert_int_equal(pthread_create(&thread, NULL, run_four, NULL), 0);
	assert_int_equal(pthread_join(thread, &ok), 0);
	assert_int_equal((uintptr_t)ok, 0xf);
	assert_int_equal(vms__alloc_count(), 0);
	vms__alloc_fail_from(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_aligned_as_asked),
		cmocka_unit_test(zalloc_clears_memory_that_was_used_before),
		cmocka_unit_test(an_impossible_size_is_refused),
		cmocka_unit_test(the_nth_allocation_fails_once),
		cmocka_unit_test(from_the_nth_on_all_fail_until_switched_off),
		cmocka_unit_test(a_sweep_ends_when_the_nth_is_not_reached),
		cmocka_unit_test(other_threads_are_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
