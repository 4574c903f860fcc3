/* SPDX-License-Identifier: MIT */
/*
 * test_rcu.c - readers under RCU concurrently with writers of every kind. Each
 * entry records when it was stored and over which range. A reader can thereby
 * detect an entry that was never at its key, an old entry after a newer one was
 * seen, and a hole in the range that is never cleared.
 */
#include "tests/lib/maple/model.h"

#include <pthread.h>
#include <stdio.h>

#include <vmastore/rcu.h>

#include "bench/harness/random.h"
#include "lib/maple/internal.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#define KEYS 1000ul
#define SPREAD 4096ul /* key i of the test is index i * SPREAD of the tree */
#define FULL_FROM 300ul
#define FULL_TO 699ul /* [FULL_FROM, FULL_TO] is never empty */
#define READERS 2

#if defined(VMS_DEBUG) || defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define WRITES 8000ul
#else
#define WRITES 100000ul
#endif

static struct maple_tree tree;
static _Atomic bool done;

/*
 * An entry: the number of its store, and its keys. The fields are plain and
 * written just before the store; a reader must find them complete.
 */
struct object {
	unsigned long when, first, last;
};
static struct object objects[WRITES + 2];

static void *entry_make(unsigned long when, unsigned long first, unsigned long last)
{
	objects[when] = (struct object){when, first, last};
	return &objects[when];
}
static unsigned long entry_when(const struct object *entry)
{
	return entry->when;
}
static bool entry_covers(const struct object *entry, unsigned long key)
{
	return entry->first <= key && key <= entry->last;
}

struct reader {
	pthread_t thread;
	uint64_t random;
	unsigned long seen[KEYS]; /* store number of the newest entry seen at each key */
	unsigned long rounds;
	char wrong[160]; /* the first failure */
};

static uint64_t next_random(uint64_t *state)
{
	return bench_random_next(state) >> 20;
}

static void wrong(struct reader *r, const char *what, unsigned long key, const struct object *entry)
{
	if (!r->wrong[0])
		snprintf(r->wrong, sizeof(r->wrong), "%s: key %lu, store %lu", what, key,
			 entry ? entry->when : 0);
}

/* Checks @entry, which may be NULL, as found at @key. */
static void judge(struct reader *r, unsigned long key, const struct object *entry)
{
	if (!entry) {
		if (key >= FULL_FROM && key <= FULL_TO)
			wrong(r, "a hole where there never was one", key, entry);
		return;
	}
	if (!entry_covers(entry, key))
		wrong(r, "an entry that was never here", key, entry);
	else if (entry_when(entry) < r->seen[key])
		wrong(r, "an old entry after a newer one", key, entry);
	else
		r->seen[key] = entry_when(entry);
}

static void read_one(struct reader *r)
{
	unsigned long key = next_random(&r->random) % KEYS;

	judge(r, key, mtree_load(&tree, key * SPREAD + next_random(&r->random) % SPREAD));
	vms_rcu_read_lock();
	judge(r, key, vms_mt_walk(&tree, key * SPREAD + next_random(&r->random) % SPREAD));
	vms_rcu_read_unlock();
}

/*
 * Checks the entry reported for [mas->index, mas->last] at every key in that
 * range.
 */
static void judge_range(struct reader *r, const struct ma_state *mas, const void *entry)
{
	for (unsigned long key = (mas->index + SPREAD - 1) / SPREAD;
	     key < KEYS && key * SPREAD <= mas->last; key++)
		judge(r, key, entry);
}

static void read_forwards(struct reader *r)
{
	unsigned long from = next_random(&r->random) % KEYS, end = 0;
	unsigned int steps = next_random(&r->random) % 60;
	bool gaps = next_random(&r->random) % 2;
	void *entry;
	MA_STATE(mas, &tree, from * SPREAD, from * SPREAD);

	vms_rcu_read_lock();
	entry = mas_walk(&mas);
	judge_range(r, &mas, entry);
	for (; steps && mas_is_active(&mas); steps--) {
		end = mas.last;
		entry = gaps ? mas_next_range(&mas, ULONG_MAX) : mas_next(&mas, ULONG_MAX);
		if (!mas_is_active(&mas))
			break;
		if (mas.index <= end || mas.last < mas.index)
			wrong(r, "an iteration out of order", mas.index / SPREAD, entry);
		if (gaps && mas.index != end + 1)
			wrong(r, "a range skipped", mas.index / SPREAD, entry);
		/*
		 * In the range that is never empty, the next range must follow
		 * at once.
		 */
		if (end + 1 < (FULL_TO + 1) * SPREAD && end + 1 >= FULL_FROM * SPREAD &&
		    mas.index != end + 1)
			wrong(r, "an entry skipped", (end + 1) / SPREAD, entry);
		judge_range(r, &mas, entry);
	}
	vms_rcu_read_unlock();
}

static void read_backwards(struct reader *r)
{
	unsigned long from = next_random(&r->random) % KEYS, begin;
	unsigned int steps = next_random(&r->random) % 60;
	bool gaps = next_random(&r->random) % 2;
	void *entry;
	MA_STATE(mas, &tree, from * SPREAD, from * SPREAD);

	vms_rcu_read_lock();
	entry = mas_walk(&mas);
	judge_range(r, &mas, entry);
	for (; steps && mas_is_active(&mas); steps--) {
		begin = mas.index;
		entry = gaps ? mas_prev_range(&mas, 0) : mas_prev(&mas, 0);
		if (!mas_is_active(&mas))
			break;
		if (mas.last >= begin || mas.last < mas.index)
			wrong(r, "an iteration back out of order", mas.index / SPREAD, entry);
		if (gaps && mas.last != begin - 1)
			wrong(r, "a range skipped going back", mas.index / SPREAD, entry);
		if (begin > FULL_FROM * SPREAD && begin <= (FULL_TO + 1) * SPREAD &&
		    mas.last != begin - 1)
			wrong(r, "an entry skipped going back", begin / SPREAD - 1, entry);
		judge_range(r, &mas, entry);
	}
	vms_rcu_read_unlock();
}

/* mt_find() ends its read section at each step. */
static void read_find(struct reader *r)
{
	unsigned long index = next_random(&r->random) % KEYS * SPREAD, before;
	void *entry;

	for (unsigned int steps = next_random(&r->random) % 30; steps; steps--) {
		before = index;
		entry = mt_find(&tree, &index, ULONG_MAX);
		if (!entry)
			break;
		if (index <= before)
			wrong(r, "mt_find() went back", index / SPREAD, entry);
		judge(r, (index - 1) / SPREAD, entry);
	}
}

static void *reader(void *arg)
{
	struct reader *r = arg;

	/* Relaxed: the flag orders nothing; it only ends the loop. */
	do {
		for (unsigned int i = 0; i < 64; i++)
			read_one(r);
		read_forwards(r);
		read_backwards(r);
		read_find(r);
		r->rounds++;
	} while (!atomic_load_explicit(&done, memory_order_relaxed));
	return NULL;
}

static int store(unsigned long first, unsigned long last, void *entry, bool prealloc)
{
	int err = 0;
	MA_STATE(mas, &tree, first * SPREAD, (last + 1) * SPREAD - 1);

	if (!prealloc)
		return mtree_store_range(&tree, mas.index, mas.last, entry, GFP_KERNEL);
	mas_lock(&mas);
	err = mas_preallocate(&mas, entry, GFP_KERNEL);
	if (!err)
		mas_store_prealloc(&mas, entry);
	mas_unlock(&mas);
	return err;
}

/* Return: an entry; sometimes NULL, outside the range that is never empty. */
static void *pick_entry(uint64_t random, unsigned long when, unsigned long first,
			unsigned long last)
{
	bool may_clear = last < FULL_FROM || first > FULL_TO;

	return may_clear && random % 2 ? NULL : entry_make(when, first, last);
}

/* Erases the range at @key, unless it reaches into what is never empty. */
static void erase_below(unsigned long key)
{
	MA_STATE(mas, &tree, key * SPREAD, key * SPREAD);

	mas_lock(&mas);
	if (mas_walk(&mas) && mas.last < FULL_FROM * SPREAD)
		mas_erase(&mas);
	mas_unlock(&mas);
}

static void write_all(unsigned long writes, unsigned long wide_every, uint64_t random, int *errors)
{
	for (unsigned long when = 2; when < writes + 2; when++) {
		unsigned long first = next_random(&random) % KEYS, width = next_random(&random) % 4,
			      last;

		if (wide_every && when % wide_every == 0)
			width = next_random(&random) % KEYS;
		last = first + width < KEYS ? first + width : KEYS - 1;
		*errors += store(first, last, pick_entry(next_random(&random), when, first, last),
				 when % 2) != 0;
		if (when % 5 == 0)
			erase_below(next_random(&random) % FULL_FROM);
	}
}

static void run(unsigned int flags, unsigned long writes, unsigned long wide_every)
{
	static struct reader readers[READERS];
	int errors = 0;

	mt_init_flags(&tree, flags | MT_FLAGS_USE_RCU);
	assert_int_equal(store(0, KEYS - 1, entry_make(1, 0, KEYS - 1), false), 0);
	atomic_store(&done, false);
	for (unsigned int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){.random = 77 + i};
		assert_int_equal(pthread_create(&readers[i].thread, NULL, reader, &readers[i]), 0);
	}
	write_all(writes, wide_every, 5, &errors);
	atomic_store(&done, true);
	for (unsigned int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
	for (unsigned int i = 0; i < READERS; i++) {
		if (readers[i].wrong[0])
			fail_msg("reader %u, after %lu rounds: %s", i, readers[i].rounds,
				 readers[i].wrong);
		assert_true(readers[i].rounds > 0);
	}
	assert_int_equal(errors, 0);
	mtree_lock(&tree);
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
	mtree_unlock(&tree);
	mtree_destroy(&tree);
	assert_int_equal(model_live_nodes(), 0);
}

static void readers_beside_small_stores(void **state)
{
	(void)state;
	run(0, WRITES, 0);
}

static void readers_beside_stores_in_a_tree_with_gaps(void **state)
{
	(void)state;
	run(MT_FLAGS_ALLOC_RANGE, WRITES, 0);
}

static void readers_beside_spanning_stores(void **state)
{
	(void)state;
	run(MT_FLAGS_ALLOC_RANGE, WRITES / 2, 16);
}

static void readers_beside_a_tree_that_comes_and_goes(void **state)
{
	(void)state;
	run(0, WRITES / 2, 2);
}

/*
 * Symptom: an iteration misses a store that was made before its step. Cause:
 * the cursor reads on in a leaf that was changed or replaced. Its next step
 * must see the change.
 */
static void a_cursor_does_not_read_on_in_a_dead_leaf(void **state)
{
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	mt_init_flags(&tree, MT_FLAGS_USE_RCU);
	for (unsigned long i = 0; i < 8; i++)
		assert_int_equal(mtree_store_range(&tree, 10 * i, 10 * i + 9, xa_mk_value(i),
						   GFP_KERNEL),
				 0);
	vms_rcu_read_lock();
	assert_ptr_equal(mas_walk(&mas), xa_mk_value(0));
	/*
	 * Split range 1 until the leaf is replaced; the cursor must see each
	 * split.
	 */
	for (unsigned long i = 1; i < 8; i++) {
		assert_int_equal(mtree_store(&tree, 9 + i, xa_mk_value(100 + i), GFP_KERNEL), 0);
		assert_ptr_equal(mas_next(&mas, ULONG_MAX), xa_mk_value(100 + i));
		assert_int_equal(mas.index, 9 + i);
		assert_int_equal(mas.last, 9 + i);
	}
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), xa_mk_value(1));
	assert_int_equal(mtree_store_range(&tree, 0, 40, NULL, GFP_KERNEL), 0);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), xa_mk_value(4));
	assert_null(mas_prev(&mas, 0));
	vms_rcu_read_unlock();
	mtree_destroy(&tree);
	assert_int_equal(model_live_nodes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_beside_small_stores),
		cmocka_unit_test(readers_beside_stores_in_a_tree_with_gaps),
		cmocka_unit_test(readers_beside_spanning_stores),
		cmocka_unit_test(readers_beside_a_tree_that_comes_and_goes),
		cmocka_unit_test(a_cursor_does_not_read_on_in_a_dead_leaf),
	};

	return model_run_all("rcu", tests, LEN(tests));
}
