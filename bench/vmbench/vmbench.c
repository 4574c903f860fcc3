/* SPDX-License-Identifier: MIT */
/*
 * vmbench.c - the program: runs every chosen workload at every number of
 * threads on every engine, and prints the medians. Read case.h next.
 *
 * The engines take turns within a point (A B C A B C ...), so that a machine
 * that slows down or speeds up meanwhile affects all engines alike.
 *
 * Exit status: 0; 1 if an operation gave a wrong result or a run could not be
 * made; 2 for bad input, or if standard output was lost.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/vmbench/options.h"

/*
 * One workload at one number of threads. It has a row for each engine, from
 * `repeats` runs.
 */
struct point {
	const struct vmbench_options *options;
	const struct vmbench_case *c;
	unsigned int threads;
	struct bench_result *results;    /* [engine][repeat] */
	struct bench_result **by_engine; /* one engine's results, sorted */
	struct bench_row *rows;          /* [engine] */
};

static struct bench_result *result_of(const struct point *p, unsigned int engine,
				      unsigned long repeat)
{
	return &p->results[engine * p->options->repeats + repeat];
}

static bool run_one(const struct point *p, unsigned int engine, unsigned long repeat,
		    const struct bench_cpus *cpus)
{
	const struct vmbench_options *o = p->options;
	const char *name = o->engines.name[engine];
	struct bench_plan plan = {
		.threads = p->threads, .warmup = o->warmup, .seconds = o->seconds};
	int err = vmbench_run_case(p->c, name, o->vmas, &plan, cpus, result_of(p, engine, repeat));

	if (err)
		fprintf(stderr, "vmbench: %s on %s with %u threads: %s\n", p->c->name, name,
			p->threads, strerror(-err));
	return err == 0;
}

static bool run_all(const struct point *p, const struct bench_cpus *cpus)
{
	for (unsigned long repeat = 0; repeat < p->options->repeats; repeat++)
		for (unsigned int engine = 0; engine < p->options->engines.nr; engine++)
			if (!run_one(p, engine, repeat, cpus))
				return false;
	return true;
}

static void fill_row(const struct point *p, unsigned int engine)
{
	const struct vmbench_options *o = p->options;
	struct bench_row *row = &p->rows[engine];

	for (unsigned long repeat = 0; repeat < o->repeats; repeat++)
		p->by_engine[repeat] = result_of(p, engine, repeat);
	*row = (struct bench_row){.threads = p->threads, .vmas = o->vmas};
	bench_row_name(row, p->c->name, o->engines.name[engine]);
	bench_row_fill(row, p->by_engine, (unsigned int)o->repeats);
}

/* Print the point's rows. Return: the sum of their errors. */
static unsigned long print_rows(const struct point *p)
{
	const struct vmbench_options *o = p->options;
	unsigned long errors = 0;

	for (unsigned int engine = 0; engine < o->engines.nr; engine++) {
		errors += p->rows[engine].errors;
		/* bench_standard_flush() notices lost output. */
		if (o->json)
			(void)bench_row_print_json(stdout, &p->rows[engine]);
	}
	if (!o->json)
		bench_table_rows(stdout, p->rows, o->engines.nr, vms_engine_names()[0]);
	return errors;
}

static bool measure_point(const struct point *p, const struct bench_cpus *cpus)
{
	unsigned long errors;

	if (!run_all(p, cpus))
		return false;
	for (unsigned int engine = 0; engine < p->options->engines.nr; engine++)
		fill_row(p, engine);
	errors = print_rows(p);
	if (errors)
		fprintf(stderr, "vmbench: %s with %u threads: %lu unexpected results\n", p->c->name,
			p->threads, errors);
	return errors == 0;
}

static bool point_alloc(struct point *p)
{
	const struct vmbench_options *o = p->options;

	p->results = calloc(o->engines.nr * o->repeats, sizeof(*p->results));
	p->by_engine = calloc(o->repeats, sizeof(*p->by_engine));
	p->rows = calloc(o->engines.nr, sizeof(*p->rows));
	return p->results && p->by_engine && p->rows;
}

static void point_free(struct point *p)
{
	free(p->results);
	free(p->by_engine);
	free(p->rows);
}

static void print_head(const struct vmbench_options *o, const struct bench_cpus *cpus)
{
	bench_machine_print(stdout, "# ", cpus);
	printf("# runs: median of %lu, engines in turn, each %g s after %g s of warm-up\n",
	       o->repeats, o->seconds, o->warmup);
	printf("# marks: ? differs by less than the spread of the runs, ! others had more than "
	       "%.0f %% of the CPUs\n",
	       BENCH_DISTURBED_PCT);
	bench_table_head(stdout, vms_engine_names()[0]);
}

static int measure(const struct vmbench_options *o, const struct bench_cpus *cpus)
{
	struct point p = {.options = o};
	bool ok = point_alloc(&p);

	if (!ok)
		fprintf(stderr, "vmbench: out of memory\n");
	else if (!o->json)
		print_head(o, cpus);
	for (unsigned int w = 0; p.rows && w < o->workloads.nr && bench_standard_flush(); w++) {
		p.c = vmbench_case_named(o->workloads.name[w]);
		for (unsigned int t = 0; t < o->threads.nr && bench_standard_flush(); t++) {
			p.threads = (unsigned int)o->threads.value[t];
			ok = measure_point(&p, cpus) && ok;
		}
		if (!o->json)
			putchar('\n');
	}
	point_free(&p);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int list(const struct vmbench_options *o)
{
	for (const struct vmbench_case *const *c = vmbench_cases(); *c; c++)
		printf("workload %-15s %s\n", (*c)->name, (*c)->what);
	for (const char *const *e = vms_engine_names(); *e; e++)
		printf("engine   %s\n", *e);
	printf("threads  ");
	for (unsigned int i = 0; i < o->threads.nr; i++)
		printf("%s%lu", i ? "," : "", o->threads.value[i]);
	putchar('\n');
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct vmbench_options options;
	struct bench_cpus cpus;
	int status = EXIT_SUCCESS;
	int err;

	bench_standard_begin("vmbench");
	err = bench_cpus_init(&cpus);
	if (err) {
		fprintf(stderr, "vmbench: hwloc: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	vmbench_options(argc, argv, &cpus, &options);
	if (options.list)
		status = list(&options);
	else if (options.machine)
		bench_machine_print(stdout, "", &cpus);
	else
		status = measure(&options, &cpus);
	bench_cpus_destroy(&cpus);
	return status;
}
