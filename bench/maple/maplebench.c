/* SPDX-License-Identifier: MIT */
/*
 * maplebench.c - the program: for every number of ranges builds a tree of each store, then measures each operation round by round,
 * every store once a round, so that a machine that slows down or speeds up meanwhile does so to all.
 *
 * Exit status: 0; 1 if an answer was wrong or a run could not be made; 2 for bad input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmastore/maple_tree.h>

#include "bench/harness/machine.h"
#include "bench/maple/crowd.h"
#include "bench/maple/operation.h"
#include "bench/maple/options.h"
#include "bench/maple/peers.h"

#define CROWD_RANGES 65000 /* where readers and beside are measured, unless other ranges are asked for */

struct bench {
	const struct maplebench_options *options;
	const struct bench_cpus *cpus;
	struct stores stores;
	struct world *world;
	void *tree[STORES_MAX];
	bool head_printed;
	unsigned long errors;
};

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

/* ---- figures ---- */

static void figure_begin(const struct bench *b, struct figure *f, const char *name, const char *title, const char *unit,
			 enum ratio ratio)
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

/* Return: 0, or -1 if it could not be written. */
static int figure_end(struct bench *b, const struct figure *f)
{
	progress_end();
	b->errors += figure_errors(f);
	for (unsigned int i = 0; i < f->nr_stores; i++)
		if (f->errors[i])
			fprintf(stderr, "maplebench: %s, %lu ranges, %s: %lu wrong answers\n", f->name, f->ranges,
				f->stores[i]->name, f->errors[i]);
	if (b->options->json)
		return figure_json(stdout, f);
	if (!b->head_printed)
		figure_table_head(stdout, f);
	b->head_printed = true;
	figure_table_row(stdout, f);
	return fflush(stdout) == 0 ? 0 : -1;
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
			f->value[i][round] = operation_time(op, store, b->tree[i], b->world, &f->errors[i]);
			store->leave();
			f->measured[i] = true;
		}
	}
	return figure_end(b, f);
}

static int measure_bytes(struct bench *b, struct figure *f)
{
	figure_begin(b, f, "bytes", "bytes of nodes per range", "bytes", RATIO_SHARE);
	f->nr_rounds = 1;
	for (unsigned int i = 0; i < b->stores.nr; i++) {
		b->stores.store[i]->enter();
		f->value[i][0] = (double)b->stores.store[i]->node_bytes(b->tree[i]) / (double)b->world->nr;
		b->stores.store[i]->leave();
		f->measured[i] = true;
	}
	return figure_end(b, f);
}

/* ---- several threads ---- */

enum crowd_figure { CROWD_LOOKUPS, CROWD_PAIRS, CROWD_P50, CROWD_P99, CROWD_P999, CROWD_P9999, NR_CROWD };

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

/* Every concurrent store once. */
static int crowd_round(struct bench *b, const struct crowd_plan *plan, struct figure *figures, unsigned int nr, unsigned int round)
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
	struct crowd_plan plan = {.readers = threads - writer, .writer = writer, .seconds = b->options->seconds};
	const struct crowd_line *lines = writer ? beside_lines : &alone_line;
	unsigned int nr = writer ? NR_CROWD : 1;
	struct figure *figures = calloc(nr, sizeof(*figures));
	char title[64];
	int err = figures ? 0 : -ENOMEM;

	for (unsigned int line = 0; !err && line < nr; line++) {
		figure_begin(b, &figures[line], lines[line].name, lines[line].title, lines[line].unit, lines[line].ratio);
		figures[line].threads = threads;
	}
	for (unsigned int round = 0; !err && round < b->options->repeat; round++) {
		progress(lines->name, b->world->nr, round);
		err = crowd_round(b, &plan, figures, nr, round);
	}
	for (unsigned int line = 0; !err && line < nr; line++) {
		snprintf(title, sizeof(title), "%s, %u thread%s", lines[line].title, threads, threads == 1 ? "" : "s");
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
	for (unsigned int i = 0; !err && maplebench_listed(&b->options->operations, CROWD_READERS) && i < threads->nr; i++)
		err = measure_crowd(b, (unsigned int)threads->value[i], false);
	for (unsigned int i = 0; !err && maplebench_listed(&b->options->operations, CROWD_BESIDE) && i < threads->nr; i++)
		if (threads->value[i] > 1)
			err = measure_crowd(b, (unsigned int)threads->value[i], true);
	return err;
}

/* ---- a number of ranges ---- */

static int measure_all(struct bench *b)
{
	struct figure *f = malloc(sizeof(*f));
	int err = f ? 0 : -ENOMEM;

	for (const struct operation *op = operations; !err && op->name; op++)
		if (maplebench_listed(&b->options->operations, op->name))
			err = measure_operation(b, op, f);
	if (!err && maplebench_listed(&b->options->operations, "bytes"))
		err = measure_bytes(b, f);
	free(f);
	return err ? err : measure_crowds(b);
}

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

static int measure_ranges(struct bench *b, unsigned long ranges)
{
	int err = -ENOMEM;

	b->world = world_create(ranges, b->options->seed);
	if (!b->world)
		return err;
	for (unsigned int i = 0; i < b->stores.nr; i++)
		if (!plant(b, i))
			goto out;
	err = measure_all(b);
out:
	for (unsigned int i = 0; i < b->stores.nr; i++)
		uproot(b, i);
	world_destroy(b->world);
	return err;
}

/* ---- the program ---- */

/* Ours stays in any case: it is what the others are compared to. */
static void keep_listed(struct stores *stores, const struct bench_names *names)
{
	unsigned int kept = 1;

	for (unsigned int i = 1; i < stores->nr; i++)
		if (maplebench_listed(names, stores->store[i]->name))
			stores->store[kept++] = stores->store[i];
	stores->nr = kept;
}

static void print_list(const struct stores *stores)
{
	for (const struct operation *op = operations; op->name; op++)
		printf("operation %-14s %s\n", op->name, op->title);
	printf("operation %-14s %s\n", "bytes", "bytes of nodes per range");
	printf("operation %-14s %s\n", CROWD_READERS, "lookups a second of several threads");
	printf("operation %-14s %s\n", CROWD_BESIDE, "readers and a writer at full speed: both rates, the readers' latency");
	for (unsigned int i = 0; i < stores->nr; i++)
		printf("store     %-14s %s\n", stores->store[i]->name, stores->store[i]->what);
}

static void print_head(const struct bench *b)
{
	bench_machine_print(stdout, "# ", b->cpus);
	printf("# search of our nodes: %s\n", vms_mt_simd());
	printf("# rounds: %lu, every store once in each; medians; ratios within a round, ± half the distance of their quartiles\n",
	       b->options->repeat);
	printf("# ratio: how many times as fast ours is; of bytes and latencies: ours / peer\n");
}

static int measure(struct bench *b)
{
	int err = 0;

	if (!b->options->json)
		print_head(b);
	for (unsigned int i = 0; !err && i < b->options->ranges.nr; i++)
		err = measure_ranges(b, b->options->ranges.value[i]);
	if (err)
		fprintf(stderr, "maplebench: %s\n", err == -1 ? "standard output cannot be written" : strerror(-err));
	return err || b->errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct maplebench_options options;
	struct bench_cpus cpus;
	struct bench b = {.options = &options, .cpus = &cpus};
	int status = EXIT_SUCCESS;
	int err = bench_cpus_init(&cpus);

	if (err) {
		fprintf(stderr, "maplebench: hwloc: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	maplebench_options(argc, argv, &cpus, &options);
	stores_load(&b.stores, options.peers);
	if (options.stores.nr)
		keep_listed(&b.stores, &options.stores);
	if (options.list)
		print_list(&b.stores);
	else
		status = measure(&b);
	bench_cpus_destroy(&cpus);
	return status;
}
