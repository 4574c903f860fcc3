/* SPDX-License-Identifier: MIT */
/*
 * measure.c - see measure.h. Runs the operations round by round, every store
 * once in a round, so that a machine that slows down or speeds up meanwhile
 * affects all stores alike.
 */
#include "bench/maple/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/harness/standard.h"
#include "bench/maple/crowd.h"
#include "bench/maple/figure.h"
#include "bench/maple/operation.h"

#define SMALL 2000 /* A tree of at most so many ranges is small. */
/* The size at which `readers' and `beside' run, unless --ranges is given. */
#define CROWD_RANGES 65000

static void progress(const char *operation, unsigned long ranges, unsigned int round)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s, %lu ranges, round %u", operation, ranges, round + 1);
}

static void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* ---- trees ---- */

static bool plant(struct bench *b, unsigned int i)
{
	const struct store *store = b->stores.store[i];
	bool ok;

	store->enter();
	b->tree[i] = store->create();
	ok = b->tree[i] && store->insert(b->tree[i], b->world->shuffled, b->world->nr);
	store->leave();
	return ok;
}

static void uproot(struct bench *b, unsigned int i)
{
	if (!b->tree[i])
		return;
	b->stores.store[i]->enter();
	b->stores.store[i]->destroy(b->tree[i]);
	b->stores.store[i]->leave();
	b->tree[i] = NULL;
}

static void uproot_all(struct bench *b)
{
	for (unsigned int i = 0; i < b->stores.nr; i++)
		uproot(b, i);
}

static bool plant_all(struct bench *b)
{
	bool ok = true;

	for (unsigned int i = 0; ok && i < b->stores.nr; i++)
		ok = plant(b, i);
	return ok;
}

/* ---- figures ---- */

static void figure_begin(const struct bench *b, struct figure *f, const char *name,
			 const char *title, const char *unit, enum ratio ratio)
{
	*f = (struct figure){
		.name = name,
		.title = title,
		.unit = unit,
		.ratio = ratio,
		.ranges = b->world->nr,
		.threads = 1,
		.nr_stores = b->stores.nr,
		.nr_rounds = (unsigned int)b->options->repeat,
		.stores = b->stores.store,
	};
}

static bool print_figure(struct bench *b, const struct figure *f)
{
	if (b->options->json) {
		int err = figure_json(stdout, f);

		return bench_standard_flush() && err == 0;
	}
	if (!b->head_printed)
		figure_table_head(stdout, f);
	b->head_printed = true;
	figure_table_row(stdout, f);
	return bench_standard_flush();
}

/* Return: 0 or -errno. */
static int figure_end(struct bench *b, const struct figure *f)
{
	progress_end();
	b->errors += figure_errors(f);
	for (unsigned int i = 0; i < f->nr_stores; i++)
		if (f->errors[i])
			fprintf(stderr, "maplebench: %s, %lu ranges, %s: %lu wrong answers\n",
				f->name, f->ranges, f->stores[i]->name, f->errors[i]);
	return print_figure(b, f) ? 0 : -EIO;
}

static int measure_operation(struct bench *b, const struct operation *op, struct figure *f)
{
	figure_begin(b, f, op->name, op->title, "ns", RATIO_TIME);
	for (unsigned int round = 0; round < f->nr_rounds; round++) {
		progress(op->name, f->ranges, round);
		for (unsigned int i = 0; i < b->stores.nr; i++) {
			const struct store *store = b->stores.store[i];

			if (op->has && !op->has(store))
				continue;
			store->enter();
			f->value[i][round] =
				operation_time(op, store, b->tree[i], b->world, &f->errors[i]);
			store->leave();
			f->measured[i] = true;
		}
	}
	return figure_end(b, f);
}

static void count_bytes(const struct bench *b, struct figure *f, unsigned int round)
{
	for (unsigned int i = 0; i < b->stores.nr; i++) {
		b->stores.store[i]->enter();
		f->value[i][round] =
			(double)b->stores.store[i]->node_bytes(b->tree[i]) / (double)b->world->nr;
		b->stores.store[i]->leave();
		f->measured[i] = true;
	}
}

/*
 * A node more or less changes a small tree's figure much, so each round inserts
 * in another order.
 */
static int measure_bytes(struct bench *b, struct figure *f)
{
	figure_begin(b, f, "bytes", "bytes of nodes per range", "bytes", RATIO_SHARE);
	if (b->world->nr > SMALL)
		f->nr_rounds = 1;
	count_bytes(b, f, 0);
	for (unsigned int round = 1; round < f->nr_rounds; round++) {
		uproot_all(b);
		world_reshuffle(b->world, b->options->seed + round);
		if (!plant_all(b))
			return -ENOMEM;
		count_bytes(b, f, round);
	}
	return figure_end(b, f);
}

static int measure_churned_bytes(struct bench *b, struct figure *f)
{
	figure_begin(b, f, "bytes-churned", "bytes of nodes per range, after churn", "bytes",
		     RATIO_SHARE);
	f->nr_rounds = 1;
	count_bytes(b, f, 0);
	return figure_end(b, f);
}

/* ---- several threads ---- */

enum crowd_figure {
	CROWD_LOOKUPS,
	CROWD_PAIRS,
	CROWD_P50,
	CROWD_P99,
	CROWD_P999,
	CROWD_P9999,
	NR_CROWD
};

struct crowd_line {
	const char *name, *title, *unit;
	enum ratio ratio;
};

static const struct crowd_line alone_line = {CROWD_READERS, "readers alone", "M/s", RATIO_RATE};
static const struct crowd_line beside_lines[NR_CROWD] = {
	[CROWD_LOOKUPS] = {"beside-reader", "readers beside a writer", "M/s", RATIO_RATE},
	[CROWD_PAIRS] = {"beside-writer", "that writer, erase + insert", "k/s", RATIO_RATE},
	[CROWD_P50] = {"beside-p50", "reader's p50 beside the writer", "ns", RATIO_SHARE},
	[CROWD_P99] = {"beside-p99", "reader's p99", "ns", RATIO_SHARE},
	[CROWD_P999] = {"beside-p999", "reader's p99.9", "ns", RATIO_SHARE},
	[CROWD_P9999] = {"beside-p9999", "reader's p99.99", "ns", RATIO_SHARE},
};

static double crowd_value(const struct crowd_result *result, unsigned int line)
{
	switch (line) {
	case CROWD_LOOKUPS:
		return result->lookups;
	case CROWD_PAIRS:
		return result->pairs;
	default:
		return result->quantile[line - CROWD_P50];
	}
}

/* Run every concurrent store once. */
static int crowd_round(struct bench *b, const struct crowd_plan *plan, struct figure *figures,
		       unsigned int nr, unsigned int round)
{
	for (unsigned int i = 0; i < b->stores.nr; i++) {
		struct crowd_result result;
		int err;

		if (!b->stores.store[i]->concurrent)
			continue;
		err = crowd_run(plan, b->stores.store[i], b->tree[i], b->world, b->cpus, &result);
		if (err)
			return err;
		for (unsigned int line = 0; line < nr; line++) {
			figures[line].value[i][round] = crowd_value(&result, line);
			figures[line].measured[i] = true;
		}
		figures[0].errors[i] += result.errors;
	}
	return 0;
}

static int measure_crowd(struct bench *b, unsigned int threads, bool writer)
{
	struct crowd_plan plan = {
		.readers = threads - writer, .writer = writer, .seconds = b->options->seconds};
	const struct crowd_line *lines = writer ? beside_lines : &alone_line;
	unsigned int nr = writer ? NR_CROWD : 1;
	struct figure *figures = calloc(nr, sizeof(*figures));
	char title[64];
	int err = figures ? 0 : -ENOMEM;

	for (unsigned int line = 0; !err && line < nr; line++) {
		figure_begin(b, &figures[line], lines[line].name, lines[line].title,
			     lines[line].unit, lines[line].ratio);
		figures[line].threads = threads;
	}
	for (unsigned int round = 0; !err && round < b->options->repeat; round++) {
		progress(lines->name, b->world->nr, round);
		err = crowd_round(b, &plan, figures, nr, round);
	}
	for (unsigned int line = 0; !err && line < nr; line++) {
		snprintf(title, sizeof(title), "%s, %u thread%s", lines[line].title, threads,
			 threads == 1 ? "" : "s");
		figures[line].title = title;
		err = figure_end(b, &figures[line]);
	}
	free(figures);
	return err;
}

static int measure_crowds(struct bench *b)
{
	const struct bench_numbers *threads = &b->options->threads;
	int err = 0;

	if (!b->options->ranges_given && b->world->nr != CROWD_RANGES)
		return 0;
	for (unsigned int i = 0;
	     !err && maplebench_listed(&b->options->operations, CROWD_READERS) && i < threads->nr;
	     i++)
		err = measure_crowd(b, (unsigned int)threads->value[i], false);
	for (unsigned int i = 0;
	     !err && maplebench_listed(&b->options->operations, CROWD_BESIDE) && i < threads->nr;
	     i++)
		if (threads->value[i] > 1)
			err = measure_crowd(b, (unsigned int)threads->value[i], true);
	return err;
}

/* ---- a number of ranges ---- */

/*
 * Measure all selected operations. The nodes are counted twice: as random
 * insertion filled them, and as churn then left them.
 */
static int measure_all(struct bench *b)
{
	bool bytes = maplebench_listed(&b->options->operations, "bytes");
	struct figure *f = malloc(sizeof(*f));
	int err = f ? 0 : -ENOMEM;

	if (!err && bytes)
		err = measure_bytes(b, f);
	for (const struct operation *op = operations; !err && op->name; op++)
		if (maplebench_listed(&b->options->operations, op->name))
			err = measure_operation(b, op, f);
	if (!err && bytes && maplebench_listed(&b->options->operations, "churn"))
		err = measure_churned_bytes(b, f);
	free(f);
	return err ? err : measure_crowds(b);
}

int measure_ranges(struct bench *b, unsigned long ranges)
{
	int err = -ENOMEM;

	b->world = world_create(ranges, b->options->seed);
	if (!b->world)
		return err;
	if (plant_all(b))
		err = measure_all(b);
	uproot_all(b);
	world_destroy(b->world);
	return err;
}
