/* SPDX-License-Identifier: MIT */
/*
 * test_gap_readers.c - concurrent searches for gaps, as under a lock held for
 * reading: each search may lower the bounds that misled it.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <pthread.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;

/*
 * Makes a tree of many leaves. Each had a gap of @size cells, of which all
 * except the first cell were filled again.
 */
static void fill_gaps(unsigned int size)
{
	const unsigned int step = 64;

	for (unsigned int cell = 0; cell + 1 < m.cells; cell++)
		assert_int_equal(model_store(&m, cell, cell, model_entry(&m)), 0);
	assert_int_equal(model_store(&m, m.cells - 1, m.cells - 1, model_entry(&m)), 0);
	for (unsigned int cell = step; cell + size < m.cells; cell += step)
		assert_int_equal(model_store(&m, cell, cell + size - 1, NULL), 0);
	for (unsigned int cell = step; cell + size < m.cells; cell += step)
		assert_int_equal(model_store(&m, cell + 1, cell + size - 1, model_entry(&m)), 0);
}

#define SEARCHERS 3

static pthread_barrier_t all_here;
static _Atomic unsigned int wrong_answers;

static void *search(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg;

	pthread_barrier_wait(&all_here);
	for (unsigned int i = 0; i < 200; i++) {
		unsigned long min, size, at = 0;
		bool highest, there;

		random = random * 6364136223846793005ul + 1442695040888963407ul;
		min = (random >> 33) % (m.cells - 8);
		size = 1 + (random >> 60) % 7;
		highest = random >> 59 & 1;
		there = model_gap(&m, min, m.cells, size, highest, &at);
		MA_STATE(mas, &m.tree, 0, 0);
		if ((highest ? mas_empty_area_rev : mas_empty_area)(&mas, min, m.cells, size) !=
			    (there ? 0 : -EBUSY) ||
		    (there && mas.index != at))
			atomic_fetch_add_explicit(&wrong_answers, 1, memory_order_relaxed);
	}
	return NULL;
}

static void searches_run_beside_each_other(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 1 + 24 / MODEL_LESS; round++) {
		pthread_t thread[SEARCHERS];

		model_init(&m, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN, 1200, round);
		fill_gaps(2 + round % 5);
		pthread_barrier_init(&all_here, NULL, SEARCHERS);
		for (uintptr_t i = 0; i < SEARCHERS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, search,
							(void *)(i + (uintptr_t)round * SEARCHERS)),
					 0);
		for (unsigned int i = 0; i < SEARCHERS; i++)
			pthread_join(thread[i], NULL);
		pthread_barrier_destroy(&all_here);
		assert_int_equal(wrong_answers, 0);
		/*
		 * Symptom: a gap is not found. Cause: a bound is too low. A new
		 * gap must still be found.
		 */
		model_check(&m);
		assert_int_equal(model_store(&m, 600, 607, NULL), 0);
		MA_STATE(mas, &m.tree, 0, 0);
		assert_int_equal(mas_empty_area(&mas, 0, ULONG_MAX, 8), 0);
		assert_int_equal(mas.index, 600);
		model_check(&m);
		__mt_destroy(&m.tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(searches_run_beside_each_other)};

	return model_run_all("gap_readers", tests, LEN(tests));
}
