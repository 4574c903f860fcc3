/* SPDX-License-Identifier: MIT */
/*
 * test_heap.c - plain allocations in a host's memory: they are aligned, do not
 * overlap, and keep their contents; what is free goes back to the host; and
 * when the hooks may be set.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "lib/sync/alloc.h"
#include "lib/sync/heap.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/arena.h"
#include "tests/lib/sync/child.h"
#include "tests/support/number.h"

#define LIVE 200u
#define STEPS 20000u

static int nothing_is_wrong(void **state)
{
	(void)state;
	vms__heap_trim();
	if (arena.wrong)
		print_error("%s\n", arena.wrong);
	return arena.wrong || arena.chunks ? -1 : 0;
}

/* ---- the hooks ----------------------------------------------------------- */

/* In a child whose library has no hooks yet. Return: 0, or the failing line. */
static int refuse_hooks(void)
{
	struct vms_allocator incomplete = arena.hooks;

	if (vms_set_allocator(NULL) != -EINVAL)
		return __LINE__;
	incomplete.get = NULL;
	if (vms_set_allocator(&incomplete) != -EINVAL)
		return __LINE__;
	incomplete = arena.hooks;
	incomplete.put = NULL;
	if (vms_set_allocator(&incomplete) != -EINVAL)
		return __LINE__;
	vms__free(vms__alloc(1, 1));
	if (vms_set_allocator(&arena.hooks) != -EBUSY || arena.gets)
		return __LINE__;
	vms__free(vms__alloc(1, 1));
	return arena.gets ? __LINE__ : 0;
}

/* The first allocation is an object's. */
static int refuse_hooks_after_an_object(void)
{
	static VMS__OBJCACHE_DEFINE(cache, "test object", 64, 8, 0);

	vms__objcache_free(&cache, vms__objcache_alloc(&cache));
	return vms_set_allocator(&arena.hooks) != -EBUSY || arena.gets ? __LINE__ : 0;
}

static void hooks_are_set_once_and_before_the_first_memory(void **state)
{
	(void)state;
	assert_true(child_succeeds(refuse_hooks));
	assert_true(child_succeeds(refuse_hooks_after_an_object));
	assert_int_equal(vms_set_allocator(&arena.hooks), 0);
	assert_int_equal(vms_set_allocator(&arena.hooks), -EBUSY);
}

/* ---- blocks -------------------------------------------------------------- */

struct block {
	unsigned char *p, fill;
	size_t size;
};

static void block_make(struct block *b, size_t size, size_t align, bool clear)
{
	b->p = clear ? vms__zalloc(size, align) : vms__alloc(size, align);
	assert_non_null(b->p);
	assert_int_equal((uintptr_t)b->p % align, 0);
	for (size_t i = 0; clear && i < size; i++)
		assert_int_equal(b->p[i], 0);
	b->size = size;
	b->fill++;
	memset(b->p, b->fill, size);
}

static void block_drop(struct block *b)
{
	for (size_t i = 0; i < b->size; i++)
		assert_int_equal(b->p[i], b->fill);
	vms__free(b->p);
	b->p = NULL;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x >> 11;
}

static void every_size_and_alignment_has_its_memory(void **state)
{
	static struct block block[2];

	(void)state;
	for (size_t align = 1; align <= 32768; align *= 2) {
		for (size_t size = 1; size < 200000; size += size / 7 + 1) {
			block_make(&block[0], size, align, false);
			block_make(&block[1], size, align, true);
			block_drop(&block[0]);
			block_drop(&block[1]);
		}
	}
	vms__free(vms__alloc(0, 1));
	vms__free(NULL);
}

static void random_blocks_keep_their_contents(void **state)
{
	static struct block block[LIVE];
	uint64_t seed = number_of_variable("TEST_SEED", 1, ULONG_MAX, (unsigned long)time(NULL));

	(void)state;
	print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
	for (unsigned int i = 0; i < STEPS; i++) {
		struct block *b = &block[next_random(&seed) % LIVE];
		size_t size = 1 + next_random(&seed) % (next_random(&seed) % 8 ? 700 : 40000);

		if (b->p)
			block_drop(b);
		else
			block_make(b, size, 1ul << next_random(&seed) % 7, next_random(&seed) % 2);
	}
	for (unsigned int i = 0; i < LIVE; i++)
		if (block[i].p)
			block_drop(&block[i]);
}

static void an_impossible_block_is_refused(void **state)
{
	size_t gets = arena.gets;

	(void)state;
	assert_null(vms__alloc(SIZE_MAX, 1));
	assert_null(vms__zalloc(SIZE_MAX, 64));
	assert_null(vms__alloc(SIZE_MAX - 4096, 4096));
	assert_null(vms__alloc(10, VMS_ALLOCATOR_ALIGN));
	assert_int_equal(arena.gets, gets);
}

static void a_block_that_the_host_lacks_is_refused(void **state)
{
	void *p;

	(void)state;
	for (size_t size = 10; size <= 100000; size *= 10) {
		vms__heap_trim();
		arena.fail_at = arena.gets + 1;
		assert_null(vms__alloc(size, 1));
		p = vms__alloc(size, 1);
		assert_non_null(p);
		vms__free(p);
	}
}

/* ---- spans --------------------------------------------------------------- */

static void one_object_again_and_again_asks_the_host_once(void **state)
{
	size_t gets = arena.gets;

	(void)state;
	for (int i = 0; i < 1000; i++)
		vms__free(vms__alloc(1000, 64));
	assert_int_equal(arena.gets, gets + 1);
	assert_int_equal(arena.chunks, 1);
	assert_int_equal(vms__heap_trim(), VMS_ALLOCATOR_ALIGN);
	assert_int_equal(arena.chunks, 0);
}

static void blocks_share_chunks_and_empty_chunks_go_back(void **state)
{
	static void *p[1000];

	(void)state;
	for (int i = 0; i < 1000; i++)
		p[i] = vms__alloc(500, 1);
	/* 127 blocks of 512 bytes in 64 KiB */
	assert_in_range(arena.chunks, 8, 8);
	for (int i = 0; i < 1000; i += 2)
		vms__free(p[i]);
	assert_int_equal(vms__heap_trim(), 0);
	for (int i = 0; i < 1000; i += 2)
		p[i] = vms__alloc(500, 1);
	assert_in_range(arena.chunks, 8, 8);
	for (int i = 0; i < 1000; i++)
		vms__free(p[i]);
	assert_int_equal(arena.chunks, 1);
}

static void a_large_block_goes_back_at_once(void **state)
{
	void *p = vms__alloc(40000, 64);

	(void)state;
	assert_int_equal(arena.bytes, 40960);
	vms__free(p);
	assert_int_equal(arena.bytes, 0);
}

static void free_twice(void)
{
	void *keep = vms__alloc(100, 1), *p = vms__alloc(100, 1);

	vms__free(p);
	vms__free(p);
	vms__free(keep);
}

static void a_double_free_stops_the_program(void **state)
{
	static const char *const words[] = {"vmastore", "BUG", NULL};

	(void)state;
	if (VMS__ASAN)
		skip(); /* its report ends the program in another way */
	assert_true(child_aborts_saying(free_twice, words));
}

/* ---- chunks of objects --------------------------------------------------- */

static VMS__OBJCACHE_DEFINE(objects, "test object", 1024, 64, 0);

static int find_no_second_chunk(void)
{
	size_t chunks = 0;
	void *obj;

	arena.fail_size = 2 * VMS_ALLOCATOR_ALIGN;
	for (int i = 0; i < 1000; i++) {
		while ((obj = vms__objcache_alloc(&objects)) != NULL)
			memset(obj, 1, 1024);
		if (chunks && arena.chunks != chunks)
			return __LINE__;
		chunks = arena.chunks;
	}
	arena.fail_size = 0;
	return !arena.failed || !vms__objcache_alloc(&objects) ? __LINE__ : 0;
}

static void a_cache_that_lacks_a_chunk_keeps_nothing(void **state)
{
	(void)state;
	assert_true(child_succeeds(find_no_second_chunk));
}

static VMS__OBJCACHE_DEFINE(typesafe, "late object", 1024, 64, VMS__OBJCACHE_TYPESAFE);
static _Atomic bool stop;

#define LATE_OBJECTS 200u
#define LATE_VALUE 42ul

/* Objects that were freed: all of the first round. */
static _Atomic unsigned long *late[LATE_OBJECTS];

/* Return: how often the reader found neither an object's value nor 0. */
static void *read_late(void *arg)
{
	uintptr_t bad = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		for (unsigned int i = 0; i < LATE_OBJECTS; i++) {
			unsigned long value = atomic_load_explicit(late[i], memory_order_relaxed);

			bad += value != LATE_VALUE && value != 0;
		}
	}
	return (void *)bad;
}

/* Make objects, and free them. */
static void use_objects(_Atomic unsigned long **obj)
{
	for (unsigned int i = 0; i < LATE_OBJECTS; i++) {
		obj[i] = vms__objcache_alloc(&typesafe);
		assert_non_null(obj[i]);
		atomic_store_explicit(obj[i], LATE_VALUE, memory_order_relaxed);
	}
	for (unsigned int i = 0; i < LATE_OBJECTS; i++)
		vms__objcache_free(&typesafe, obj[i]);
}

static void a_late_reader_finds_an_old_object_or_zeros(void **state)
{
	static _Atomic unsigned long *again[LATE_OBJECTS];
	size_t discards = arena.discards;
	pthread_t thread;
	void *bad;

	(void)state;
	if (VMS__ASAN)
		skip(); /* to it, an object's memory is freed after a grace period */
	use_objects(late);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, read_late, NULL), 0);
	for (int i = 0; i < 100; i++) {
		assert_true(vms__objcache_trim() > 0);
		use_objects(again);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, &bad), 0);
	assert_null(bad);
	assert_true(arena.discards >= discards + 100);
}

/* ---- threads and fork ---------------------------------------------------- */

static void *use_heap(void *arg)
{
	uintptr_t bad = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		unsigned char *p = vms__alloc(3000, 1), *q = vms__alloc(50000, 1);

		if (p && q) {
			memset(p, 1, 3000);
			memset(q, 2, 50000);
			bad += p[2999] != 1 || q[0] != 2;
		}
		vms__free(p);
		vms__free(q);
	}
	return (void *)bad;
}

static int use_heap_in_the_child(void)
{
	for (int i = 0; i < 100; i++)
		vms__free(vms__alloc(3000 + (size_t)i, 1));
	return arena.wrong ? __LINE__ : 0;
}

static void a_fork_waits_for_the_hooks(void **state)
{
	pthread_t thread[2];
	void *bad;

	(void)state;
	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, use_heap, NULL), 0);
	for (int i = 0; i < 50; i++)
		assert_true(child_succeeds(use_heap_in_the_child));
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(thread[i], &bad), 0);
		assert_null(bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: it sets the hooks for the others */
		cmocka_unit_test_teardown(hooks_are_set_once_and_before_the_first_memory,
					  nothing_is_wrong),
		cmocka_unit_test_teardown(every_size_and_alignment_has_its_memory,
					  nothing_is_wrong),
		cmocka_unit_test_teardown(random_blocks_keep_their_contents, nothing_is_wrong),
		cmocka_unit_test_teardown(an_impossible_block_is_refused, nothing_is_wrong),
		cmocka_unit_test_teardown(a_block_that_the_host_lacks_is_refused, nothing_is_wrong),
		cmocka_unit_test_teardown(one_object_again_and_again_asks_the_host_once,
					  nothing_is_wrong),
		cmocka_unit_test_teardown(blocks_share_chunks_and_empty_chunks_go_back,
					  nothing_is_wrong),
		cmocka_unit_test_teardown(a_large_block_goes_back_at_once, nothing_is_wrong),
		cmocka_unit_test_teardown(a_double_free_stops_the_program, nothing_is_wrong),
		cmocka_unit_test_teardown(a_cache_that_lacks_a_chunk_keeps_nothing,
					  nothing_is_wrong),
		cmocka_unit_test_teardown(a_fork_waits_for_the_hooks, nothing_is_wrong),
		/* last: the cache keeps its chunks */
		cmocka_unit_test(a_late_reader_finds_an_old_object_or_zeros),
	};

	alarm(WATCHDOG_SECONDS);
	arena_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
