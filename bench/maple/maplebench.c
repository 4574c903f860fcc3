/* SPDX-License-Identifier: MIT */
/*
 * maplebench.c - the program: measures what the command line selects, at each
 * number of ranges in turn (measure.c).
 *
 * Exit status: 0; 1 if an answer was wrong or a run could not be made; 2 for
 * bad input, or if standard output was lost.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/maple_tree.h>

#include "bench/harness/machine.h"
#include "bench/harness/standard.h"
#include "bench/maple/crowd.h"
#include "bench/maple/measure.h"
#include "bench/maple/operation.h"
#include "bench/maple/options.h"
#include "bench/maple/peers.h"

/* Keep our store in any case, because the others are compared to it. */
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
	printf("operation %-14s %s\n", CROWD_BESIDE,
	       "readers and a writer at full speed: both rates, the readers' latency");
	for (unsigned int i = 0; i < stores->nr; i++)
		printf("store     %-14s %s\n", stores->store[i]->name, stores->store[i]->what);
}

static void print_head(const struct bench *b)
{
	bench_machine_print(stdout, "# ", b->cpus);
	printf("# search of our nodes: %s\n", vms_mt_simd());
	printf("# rounds: %lu, every store once in each; medians; ratios within a round, ± half "
	       "the distance of their quartiles\n",
	       b->options->repeat);
	printf("# ratio: how many times as fast ours is; of bytes and latencies: ours / peer\n");
}

/* The measuring thread. Return: not NULL if something went wrong. */
static void *measure(void *arg)
{
	struct bench *b = arg;
	int err = 0;

	if (!b->options->json)
		print_head(b);
	for (unsigned int i = 0; !err && i < b->options->ranges.nr; i++)
		err = measure_ranges(b, b->options->ranges.value[i]);
	/* bench_standard_flush() has reported -EIO already. */
	if (err && err != -EIO)
		fprintf(stderr, "maplebench: %s\n", strerror(-err));
	return err || b->errors ? b : NULL;
}

/*
 * Measure on a separate thread, because a new thread can be pinned as the
 * harness pins its workers.
 * Return: 0 or -errno; *@failed is the result of measure().
 */
static int measure_pinned(struct bench *b, void **failed)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err = -pthread_attr_init(&attr);

	if (err)
		return err;
	err = bench_cpus_pin(b->cpus, 0, &attr);
	if (!err)
		err = -pthread_create(&thread, &attr, measure, b);
	pthread_attr_destroy(&attr);
	return err ? err : -pthread_join(thread, failed);
}

int main(int argc, char **argv)
{
	struct maplebench_options options;
	struct bench_cpus cpus;
	struct bench b = {.options = &options, .cpus = &cpus};
	void *failed = NULL;
	int err;

	bench_standard_begin("maplebench");
	err = bench_cpus_init(&cpus);
	if (err) {
		fprintf(stderr, "maplebench: hwloc: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	maplebench_options(argc, argv, &cpus, &options);
	stores_load(&b.stores, options.peers);
	keep_listed(&b.stores, &options.stores);
	if (options.list)
		print_list(&b.stores);
	else
		err = measure_pinned(&b, &failed);
	if (err)
		fprintf(stderr, "maplebench: %s\n", strerror(-err));
	bench_cpus_destroy(&cpus);
	return err || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
