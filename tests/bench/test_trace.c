/* SPDX-License-Identifier: MIT */
/*
 * test_trace.c - the runtime that records accesses to memory records each of
 * them and tells a write from a read, and a line that two threads share is
 * found.
 *
 * This file is compiled with the flags that bench/conflicts uses for the
 * library, because the test records its own accesses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/conflicts/lines.h"
#include "bench/instrument/heap.h"
#include "bench/instrument/trace.h"

struct big {
	char byte[200];
};

/*
 * The struct is not static, or the compiler would know which fields are never
 * written.
 */
struct {
	long plain, read_only;
	_Atomic long atomic, loaded;
	pthread_mutex_t mutex;
	struct big from, to, zero;
} test_trace_data __attribute__((aligned(64))) = {.mutex = PTHREAD_MUTEX_INITIALIZER};

#define data test_trace_data
long test_trace_sink;

/*
 * Return what was recorded of [at, at + size): 0 nothing, 1 only reads, 2 a
 * write.
 */
static int recorded(const void *at, size_t size)
{
	size_t nr;
	const struct trace_access *access = trace_taken(&nr);
	int found = 0;

	for (size_t i = 0; i < nr; i++)
		if (access[i].addr < (uintptr_t)at + size &&
		    (uintptr_t)at < access[i].addr + access[i].size)
			found = access[i].write ? 2 : found == 2 ? 2 : 1;
	return found;
}

static void reads_and_writes_are_told_apart(void **state)
{
	long old = 1;

	(void)state;
	trace_begin();
	/*
	 * The compiler sees a read and a write of one place in one block, and
	 * must not leave out the write.
	 */
	data.plain++;
	test_trace_sink = data.read_only;
	trace_end();
	assert_int_equal(recorded(&data.plain, sizeof(long)), 2);
	assert_int_equal(recorded(&data.read_only, sizeof(long)), 1);
	assert_int_equal(recorded(&data.atomic, sizeof(long)), 0);

	trace_begin();
	test_trace_sink = atomic_load_explicit(&data.loaded, memory_order_relaxed);
	trace_end();
	assert_int_equal(recorded(&data.loaded, sizeof(long)), 1);

	trace_begin();
	atomic_fetch_add_explicit(&data.atomic, 1, memory_order_relaxed);
	trace_end();
	assert_int_equal(recorded(&data.atomic, sizeof(long)), 2);

	/* A compare-and-exchange that fails takes the line, too. */
	data.atomic = 5;
	trace_begin();
	assert_false(atomic_compare_exchange_strong(&data.atomic, &old, 2));
	trace_end();
	assert_int_equal(recorded(&data.atomic, sizeof(long)), 2);
	assert_int_equal(old, 5);
}

static void blocks_are_seen_whole(void **state)
{
	(void)state;
	trace_begin();
	memset(&data.zero, 0, sizeof(data.zero));
	memcpy(&data.to, &data.from, sizeof(data.to));
	trace_end();
	assert_int_equal(recorded(&data.zero.byte[199], 1), 2);
	assert_int_equal(recorded(&data.to.byte[100], 1), 2);
	assert_int_equal(recorded(&data.from.byte[100], 1), 1);

	trace_begin();
	data.to = data.from;
	trace_end();
	assert_int_equal(recorded(&data.to.byte[199], 1), 2);
	assert_int_equal(recorded(&data.from.byte[0], 1), 1);
}

static void a_mutex_is_written_and_the_stack_is_not_seen(void **state)
{
	volatile long here = 1;

	(void)state;
	trace_begin();
	pthread_mutex_lock(&data.mutex);
	pthread_mutex_unlock(&data.mutex);
	here++;
	trace_end();
	assert_int_equal(recorded(&data.mutex, sizeof(data.mutex)), 2);
	assert_int_equal(recorded((const void *)&here, sizeof(here)), 0);
}

/* ---- two threads ---- */

static struct {
	/* The planted line: both threads add to it. */
	_Atomic long counter __attribute__((aligned(64)));
	long constant __attribute__((aligned(64)));  /* both threads read it */
	long own[2][8] __attribute__((aligned(64))); /* a line for each thread */
	/* False sharing: each thread uses a word of its own. */
	long beside[2] __attribute__((aligned(64)));
} shared;

struct job {
	struct lines *lines;
	unsigned int me;
	bool counter, beside;
};

static void *work(void *arg)
{
	struct job *job = arg;
	const struct trace_access *access;
	size_t nr;

	trace_begin();
	shared.own[job->me][0] += shared.constant;
	if (job->counter)
		atomic_fetch_add_explicit(&shared.counter, 1, memory_order_relaxed);
	if (job->beside)
		shared.beside[job->me]++;
	trace_end();
	access = trace_taken(&nr);
	return lines_add(job->lines, job->me, access, nr) ? job : NULL;
}

/*
 * Count the lines of `shared` that two threads share if they run one after the
 * other.
 */
static unsigned int shared_lines(bool counter, bool beside)
{
	struct lines lines = {0};
	unsigned int found = 0;

	for (unsigned int me = 0; me < 2; me++) {
		struct job job = {.lines = &lines, .me = me, .counter = counter, .beside = beside};
		pthread_t thread;
		void *done;

		assert_int_equal(pthread_create(&thread, NULL, work, &job), 0);
		assert_int_equal(pthread_join(thread, &done), 0);
		assert_non_null(done);
	}
	for (size_t i = 0; i < lines.room; i++)
		if (lines.line[i].addr && line_is_shared(&lines.line[i]) &&
		    lines.line[i].addr >= (uintptr_t)&shared &&
		    lines.line[i].addr < (uintptr_t)(&shared + 1))
			found++;
	lines_free(&lines);
	return found;
}

static void a_planted_line_is_caught(void **state)
{
	(void)state;
	assert_int_equal(shared_lines(false, false), 0);
	assert_int_equal(shared_lines(true, false), 1);
	assert_int_equal(shared_lines(false, true), 1);
	assert_int_equal(shared_lines(true, true), 2);
}

/* ---- the heap ---- */

static void a_block_is_known_by_who_asked_for_it(void **state)
{
	char *block = malloc(100);
	const struct heap_block *found;

	(void)state;
	assert_non_null(block);
	found = heap_find((uintptr_t)block + 99);
	assert_non_null(found);
	assert_ptr_equal((void *)found->start, block);
	assert_true(found->caller[0] > (uintptr_t)a_block_is_known_by_who_asked_for_it &&
		    found->caller[0] < (uintptr_t)a_block_is_known_by_who_asked_for_it + 4096);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_are_told_apart),
		cmocka_unit_test(blocks_are_seen_whole),
		cmocka_unit_test(a_mutex_is_written_and_the_stack_is_not_seen),
		cmocka_unit_test(a_planted_line_is_caught),
		cmocka_unit_test(a_block_is_known_by_who_asked_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
