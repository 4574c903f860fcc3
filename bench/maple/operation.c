/* SPDX-License-Identifier: MIT */
/*
 * operation.c - see operation.h. The operations, one after the other; the table
 * at the end names them.
 */
#include "bench/maple/operation.h"

/* Lookups before each run; they evict what other stores left in the caches. */
#define WARM_UP 65536
/* Each run of iterate passes at least so many ranges. */
#define ITERATED 131072

static size_t count_random(const struct world *w)
{
	return w->random.nr;
}

static size_t count_hot(const struct world *w)
{
	return w->hot.nr;
}

static size_t count_stores(const struct world *w)
{
	return w->nr_writes;
}

static uint64_t run_lookup(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup(tree, w->random.keys, w->random.nr);
}

static uint64_t run_chained(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup_chained(tree, w->random.keys, w->random.nr);
}

static bool right_random(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->random.entries;
}

static uint64_t run_hot(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup(tree, w->hot.keys, w->hot.nr);
}

static bool right_hot(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->hot.entries;
}

static uint64_t run_hot_chained(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup_chained(tree, w->hot.keys, w->hot.nr);
}

static uint64_t run_sections(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup_sections(tree, w->random.keys, w->random.nr);
}

static uint64_t run_touch(const struct store *s, void *tree, const struct world *w)
{
	return s->touch(tree, w->random.keys, w->random.nr);
}

static uint64_t run_touch_hot(const struct store *s, void *tree, const struct world *w)
{
	return s->touch(tree, w->hot.keys, w->hot.nr);
}

static uint64_t run_cursor(const struct store *s, void *tree, const struct world *w)
{
	return s->touch_cursor(tree, w->random.keys, w->random.nr);
}

static uint64_t run_cursor_hot(const struct store *s, void *tree, const struct world *w)
{
	return s->touch_cursor(tree, w->hot.keys, w->hot.nr);
}

static bool right_touch_hot(const struct store *s, void *tree, const struct world *w,
			    uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->hot.numbers;
}

static uint64_t run_use(const struct store *s, void *tree, const struct world *w)
{
	return s->lookup_use(tree, w->random.keys, w->random.nr);
}

static bool right_use(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->random.numbers;
}

static uint64_t run_replace(const struct store *s, void *tree, const struct world *w)
{
	return s->replace(tree, w->swap_in, w->nr_writes);
}

static uint64_t run_replace_locked(const struct store *s, void *tree, const struct world *w)
{
	return s->replace_locked(tree, w->swap_in, w->nr_writes);
}

static uint64_t run_replace_walked(const struct store *s, void *tree, const struct world *w)
{
	return s->replace_walked(tree, w->swap_in, w->nr_writes);
}

static uint64_t run_hole(const struct store *s, void *tree, const struct world *w)
{
	return s->hole(tree, w->swap_out, w->nr_writes);
}

static bool right_replace(const struct store *s, void *tree, const struct world *w, uint64_t failed)
{
	bool in = s->lookup(tree, w->swapped, w->nr_writes) == w->swapped_in;
	bool back = s->replace(tree, w->swap_out, w->nr_writes) == 0;
	bool out = s->lookup(tree, w->swapped, w->nr_writes) == w->swapped_out;

	return failed == 0 && in && back && out;
}

static uint64_t run_churn(const struct store *s, void *tree, const struct world *w)
{
	return s->churn(tree, w->churn, w->nr_writes);
}

static uint64_t run_churn_locked(const struct store *s, void *tree, const struct world *w)
{
	return s->churn_locked(tree, w->churn, w->nr_writes);
}

static bool has_preparation(const struct store *s)
{
	return s->churn_prepared != NULL;
}

static uint64_t run_churn_prepared(const struct store *s, void *tree, const struct world *w)
{
	return s->churn_prepared(tree, w->churn, w->nr_writes);
}

static bool right_churn(const struct store *s, void *tree, const struct world *w, uint64_t failed)
{
	return failed == 0 && s->iterate(tree, 1) == w->all_entries &&
	       s->lookup(tree, w->random.keys, w->random.nr) == w->random.entries;
}

static size_t iterations(const struct world *w)
{
	return (ITERATED + w->nr - 1) / w->nr;
}

static size_t count_iterate(const struct world *w)
{
	return iterations(w) * w->nr;
}

static uint64_t run_iterate(const struct store *s, void *tree, const struct world *w)
{
	return s->iterate(tree, iterations(w));
}

/* A store without batches reads all ranges one by one. */
static uint64_t run_batch(const struct store *s, void *tree, const struct world *w)
{
	return (s->iterate_batch ? s->iterate_batch : s->iterate)(tree, iterations(w));
}

static bool right_iterate(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == iterations(w) * w->all_entries;
}

static bool has_gaps(const struct store *s)
{
	return s->lowest_gap && s->highest_gap;
}

static size_t count_lowest(const struct world *w)
{
	return w->lowest.nr;
}

static uint64_t run_lowest(const struct store *s, void *tree, const struct world *w)
{
	return s->lowest_gap(tree, w->lowest.bound, w->lowest.size, w->lowest.nr, WORLD_CEILING);
}

static bool right_lowest(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->lowest.found;
}

static size_t count_highest(const struct world *w)
{
	return w->highest.nr;
}

static uint64_t run_highest(const struct store *s, void *tree, const struct world *w)
{
	return s->highest_gap(tree, w->highest.bound, w->highest.size, w->highest.nr, WORLD_FLOOR);
}

static bool right_highest(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->highest.found;
}

static size_t count_large(const struct world *w)
{
	return w->large.nr;
}

static uint64_t run_large(const struct store *s, void *tree, const struct world *w)
{
	return s->highest_gap(tree, w->large.bound, w->large.size, w->large.nr, WORLD_FLOOR);
}

static bool right_large(const struct store *s, void *tree, const struct world *w, uint64_t answer)
{
	(void)s, (void)tree;
	return answer == w->large.found;
}

const struct operation operations[] = {
	{"lookup", "random lookup, independent", NULL, count_random, run_lookup, right_random},
	{"chained", "random lookup, each depends on the last", NULL, count_random, run_chained,
	 right_random},
	{"hot", "lookup, 90 % in few hot ranges", NULL, count_hot, run_hot, right_hot},
	{"hot-chained", "the same, each depends on the last", NULL, count_hot, run_hot_chained,
	 right_hot},
	{"section", "random lookup, a read section for each", NULL, count_random, run_sections,
	 right_random},
	{"touch", "find and touch, a read section for each", NULL, count_random, run_touch,
	 right_use},
	{"touch-hot", "the same, 90 % in few hot ranges", NULL, count_hot, run_touch_hot,
	 right_touch_hot},
	{"cursor", "walk a cursor and touch, a section for each", NULL, count_random, run_cursor,
	 right_use},
	{"cursor-hot", "the same, 90 % in few hot ranges", NULL, count_hot, run_cursor_hot,
	 right_touch_hot},
	{"use", "lookup and touch the object", NULL, count_random, run_use, right_use},
	{"replace", "replace an entry", NULL, count_stores, run_replace, right_replace},
	{"replace-locked", "replace an entry, a lock for each", NULL, count_stores,
	 run_replace_locked, right_replace},
	{"replace-walked", "replace where a cursor walked, a lock for each", NULL, count_stores,
	 run_replace_walked, right_replace},
	{"hole", "unset + set a page, a lock for each", NULL, count_stores, run_hole, right_churn},
	{"churn", "erase + insert a random range", NULL, count_stores, run_churn, right_churn},
	{"churn-prepared", "the same, memory set aside first", has_preparation, count_stores,
	 run_churn_prepared, right_churn},
	{"churn-locked", "erase + insert, a lock for each", NULL, count_stores, run_churn_locked,
	 right_churn},
	{"iterate", "iterate, per range", NULL, count_iterate, run_iterate, right_iterate},
	{"batch", "read all ranges in batches, per range", NULL, count_iterate, run_batch,
	 right_iterate},
	{"lowest-gap", "lowest gap of 48 MiB", has_gaps, count_lowest, run_lowest, right_lowest},
	{"highest-gap", "highest gap of a random size", has_gaps, count_highest, run_highest,
	 right_highest},
	{"large-gap", "highest gap of 48 MiB", has_gaps, count_large, run_large, right_large},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

double operation_time(const struct operation *op, const struct store *store, void *tree,
		      const struct world *w, unsigned long *wrong)
{
	size_t warm_up = w->random.nr < WARM_UP ? w->random.nr : WARM_UP;
	uint64_t begin, took, answer;

	store->lookup(tree, w->random.keys, warm_up);
	begin = bench_now_ns();
	answer = op->run(store, tree, w);
	took = bench_now_ns() - begin;
	*wrong += !op->right(store, tree, w, answer);
	return (double)took / (double)op->count(w);
}
