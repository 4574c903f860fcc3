/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - see crowd.h. Runs readers and a writer on the harness' pinned
 * threads (runner.h). One run counts lookups, a second run times each of them,
 * because the timing would slow down the count.
 *
 * Locks: none. A worker's share of struct crowd belongs to its thread until the
 *        join.
 */
#include "bench/maple/crowd.h"

#include <errno.h>
#include <stdlib.h>

#include "bench/harness/histogram.h"
#include "bench/harness/runner.h"

#define READ_CHUNK 1024 /* lookups between two checks of the phase */
#define WRITE_CHUNK 64  /* erase + insert pairs, likewise */

/* The writer counts its own pairs, because the harness counts the readers. */
struct writing {
	uint64_t begin_ns, end_ns;
	unsigned long pairs; /* between these two times */
	unsigned long failed;
};

struct crowd {
	const struct crowd_plan *plan;
	const struct store *store;
	void *tree;
	const struct world *world;
	struct bench_hist *timed; /* [readers], in ticks; NULL: counting */
	struct writing writing;
};

static bool measuring(const struct bench_worker *w)
{
	/* Relaxed: the phase only says when to begin counting. */
	return atomic_load_explicit(&w->control->phase, memory_order_relaxed) == BENCH_MEASURE;
}

static void write_pairs(struct bench_worker *w)
{
	struct crowd *c = w->arg;
	struct writing *mine = &c->writing;
	size_t at = 0;

	while (bench_running(w)) {
		if (!mine->begin_ns && measuring(w))
			mine->begin_ns = bench_now_ns();
		mine->failed += c->store->churn(c->tree, c->world->churn + at, WRITE_CHUNK);
		if (mine->begin_ns) {
			mine->pairs += WRITE_CHUNK;
			mine->end_ns = bench_now_ns();
		}
		at += WRITE_CHUNK;
		if (at + WRITE_CHUNK > c->world->nr_writes)
			at = 0;
	}
}

static void record(void *arg, uint64_t ticks)
{
	bench_hist_record(arg, ticks);
}

static void read_chunk(struct bench_worker *w, size_t at)
{
	struct crowd *c = w->arg;

	if (!c->timed)
		c->store->lookup(c->tree, c->world->random.keys + at, READ_CHUNK);
	else
		w->errors += c->store->lookup_timed(c->tree, c->world->probes + at, READ_CHUNK,
						    record, &c->timed[w->index]);
}

static void read_all(struct bench_worker *w)
{
	struct crowd *c = w->arg;
	size_t chunks = c->world->random.nr / READ_CHUNK;
	size_t at = bench_random(w) % chunks;

	while (bench_running(w)) {
		read_chunk(w, at * READ_CHUNK);
		bench_end_n(w, 0, READ_CHUNK);
		at = at + 1 < chunks ? at + 1 : 0;
	}
}

/* The last thread is the writer, if there is one. */
static void body(struct bench_worker *w)
{
	struct crowd *c = w->arg;

	c->store->enter();
	if (w->index == c->plan->readers)
		write_pairs(w);
	else
		read_all(w);
	c->store->leave();
}

static int run(struct crowd *c, const struct bench_cpus *cpus, struct bench_result *result)
{
	struct bench_plan plan = {
		.threads = c->plan->readers + c->plan->writer,
		.warmup = c->plan->seconds / 5,
		.seconds = c->plan->seconds,
		.body = body,
		.arg = c,
		.gap = BENCH_GAP_MAX,
	};

	c->writing = (struct writing){0};
	return bench_run(&plan, cpus, result);
}

static double to_ns(uint64_t ticks, uint64_t cost)
{
	return ticks > cost ? (double)(ticks - cost) / ticks_per_ns() : 0;
}

static void take_quantiles(const struct crowd *c, struct bench_hist *all,
			   struct crowd_result *result)
{
	static const uint64_t shares[] = {5000, 9900, 9990, 9999};
	uint64_t cost = ticks_cost();

	bench_hist_reset(all);
	for (unsigned int i = 0; i < c->plan->readers; i++)
		bench_hist_merge(all, &c->timed[i]);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		result->quantile[i] = to_ns(bench_hist_quantile(all, shares[i], 10000), cost);
}

static int count(struct crowd *c, const struct bench_cpus *cpus, struct bench_result *run_result,
		 struct crowd_result *result)
{
	int err = run(c, cpus, run_result);

	if (err)
		return err;
	result->lookups = (double)run_result->ops / run_result->seconds / 1e6;
	result->errors += run_result->errors + c->writing.failed;
	if (c->writing.end_ns > c->writing.begin_ns)
		result->pairs = (double)c->writing.pairs * 1e6 /
				(double)(c->writing.end_ns - c->writing.begin_ns);
	return 0;
}

static int time_each(struct crowd *c, const struct bench_cpus *cpus,
		     struct bench_result *run_result, struct crowd_result *result)
{
	int err;

	c->timed = calloc(c->plan->readers, sizeof(*c->timed));
	if (!c->timed)
		return -ENOMEM;
	err = run(c, cpus, run_result);
	if (!err) {
		take_quantiles(c, &run_result->hist, result);
		result->errors += run_result->errors + c->writing.failed;
	}
	free(c->timed);
	return err;
}

int crowd_run(const struct crowd_plan *plan, const struct store *store, void *tree,
	      const struct world *world, const struct bench_cpus *cpus, struct crowd_result *result)
{
	struct crowd c = {.plan = plan, .store = store, .tree = tree, .world = world};
	struct bench_result *run_result = malloc(sizeof(*run_result)); /* its histogram is large */
	int err;

	*result = (struct crowd_result){0};
	if (!run_result)
		return -ENOMEM;
	err = count(&c, cpus, run_result, result);
	if (!err && plan->writer)
		err = time_each(&c, cpus, run_result, result);
	free(run_result);
	return err;
}
