/* SPDX-License-Identifier: MIT */
/*
 * test_range_map_readers.c - readers concurrently with stores that join, and
 * threads that take places. Symptom: a reader finds a hole, or another entry,
 * at an index whose entry never changes, because that index lies in a neighbour
 * that a store joins. Cause: the join is made of more than one store.
 */
#include "tests/lib/maple/model.h"

#include <pthread.h>

#include <vmastore/range_map.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define GROUPS 300ul
#define READERS 2u
#define CHANGES (30000ul / MODEL_LESS)

/*
 * A group is three cells. The outer two hold the group's entry A at all times.
 * The one between them holds A, so that the group is one range, or B. If all
 * groups share their A, neighbouring groups join, too.
 */
static struct maple_tree tree;
static unsigned long base, width;
static bool shared;
static _Atomic bool done;
static _Atomic unsigned long wrong, reads;

static unsigned long cell_first(unsigned long cell)
{
	return base + cell * width;
}

static void *a_of(unsigned long group)
{
	return xa_mk_value(shared ? 0 : 2 * group);
}

static void *b_of(unsigned long group)
{
	return xa_mk_value(2 * group + 1);
}

static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return *random >> 33;
}

/* A comes back over one cell to three, which joins; or B takes the middle. */
static int change(uint64_t *random)
{
	unsigned long group = next_random(random) % GROUPS, cell = 3 * group + 1,
		      first = cell - next_random(random) % 2, last = cell + next_random(random) % 2;

	if (next_random(random) % 2)
		return mtree_store_range(&tree, cell_first(cell), cell_first(cell + 1) - 1,
					 b_of(group), GFP_KERNEL);
	return vms_mt_store_joined(&tree, cell_first(first), cell_first(last + 1) - 1, a_of(group),
				   GFP_KERNEL);
}

static void *look(void *seed)
{
	uint64_t random = (uintptr_t)seed;

	/* relaxed: they carry no data. */
	while (!atomic_load_explicit(&done, memory_order_relaxed)) {
		unsigned long cell = next_random(&random) % (3 * GROUPS), group = cell / 3,
			      index = cell_first(cell) + next_random(&random) % width, first, last;
		void *entry = cell % 2 ? vms_mt_load_range(&tree, index, &first, &last)
				       : mtree_load(&tree, index);

		if (cell % 2 && (first > index || last < index))
			atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
		if (entry != a_of(group) && (cell % 3 != 1 || entry != b_of(group)))
			atomic_fetch_add_explicit(&wrong, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
	}
	return NULL;
}

/* Equal ranges that touch. Return: how many pairs of them the tree holds. */
static unsigned long pairs_left(void)
{
	unsigned long first, last, next = base, pairs = 0;
	void *entry, *before = NULL;

	while (next < cell_first(3 * GROUPS)) {
		entry = vms_mt_load_range(&tree, next, &first, &last);
		pairs += entry == before;
		before = entry;
		next = last + 1;
	}
	return pairs;
}

static void run(unsigned int flags, uint64_t seed)
{
	pthread_t thread[READERS];
	uint64_t random = seed;
	int err = 0;

	print_message("seed %lu, flags %#x, cells of %lu%s\n", seed, flags, width,
		      shared ? ", one A" : "");
	mt_init_flags(&tree, flags | MT_FLAGS_USE_RCU);
	for (unsigned long group = 0; group < GROUPS; group++)
		assert_int_equal(vms_mt_store_joined_span(&tree, cell_first(3 * group),
							  cell_first(3 * group + 3), a_of(group),
							  GFP_KERNEL),
				 0);
	done = false;
	wrong = reads = 0;
	for (uintptr_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, look, (void *)(seed + i + 1)), 0);
	for (unsigned long i = 0; i < CHANGES * model_more() && !err; i++)
		err = change(&random);
	/* A machine with few processors may run the readers late. */
	while (atomic_load_explicit(&reads, memory_order_relaxed) < 1000)
		err |= change(&random);
	atomic_store_explicit(&done, true, memory_order_relaxed);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	print_message("%lu reads\n", reads);
	assert_int_equal(err, 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(pairs_left(), 0);
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
	mtree_destroy(&tree);
	assert_int_equal(model_live_nodes(), 0);
}

static void an_entry_that_only_joins_never_flickers(void **state)
{
	static const unsigned long widths[] = {4096, 1, 1ul << 45};

	(void)state;
	for (unsigned int i = 0; i < 4 * LEN(widths); i++) {
		width = widths[i % LEN(widths)];
		base = i % LEN(widths) == 1 ? 0 : width;
		shared = i & 1;
		run(i & 2 ? MT_FLAGS_ALLOC_RANGE : 0, i + 1);
	}
}

#define PLACES (1000ul / MODEL_LESS + 10)

static void *take_places(void *failed)
{
	unsigned long start;

	for (unsigned long i = 0; i < PLACES; i++) {
		int err = (i & 1 ? vms_mt_alloc_aligned : vms_mt_alloc_aligned_rev)(
			&tree, &start, xa_mk_value(i), 3, 0, 64 * PLACES, 16, 5, GFP_KERNEL);

		*(bool *)failed |= err || start % 16 != 5;
	}
	return NULL;
}

/* A search and its store hold ma_lock together; the threads hold nothing. */
static void two_threads_never_take_the_same_place(void **state)
{
	unsigned long start = 0, end, nr = 0;
	bool failed[2] = {false};
	pthread_t thread[2];
	void *entry;

	(void)state;
	mt_init_flags(&tree, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_places, &failed[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_false(failed[0] || failed[1]);
	vms_mt_for_each_span(&tree, entry, start, end, 0) {
		assert_int_equal(end - start, 3);
		nr++;
	}
	assert_int_equal(nr, 2 * PLACES);
	mtree_destroy(&tree);
	assert_int_equal(model_live_nodes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_that_only_joins_never_flickers),
		cmocka_unit_test(two_threads_never_take_the_same_place),
	};

	return model_run_all("range_map_readers", tests, LEN(tests));
}
