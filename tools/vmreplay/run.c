/* SPDX-License-Identifier: MIT */
/*
 * run.c - `vmreplay run`: T threads replay one recording at full speed, each in
 * its own slice of ONE address space, so that the shared parts (mmap_lock, the
 * index, the counters) are contended as T grows.
 *
 * The engines take turns, run by run. Every result is known beforehand
 * (compile.h); a result that differs counts as an error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/harness/harness.h"
#include "tools/vmreplay/compile.h"
#include "tools/vmreplay/vmreplay.h"

#define BASE (1UL << 30) /* where the first slice begins */

struct arguments {
	const char *path;
	struct bench_names engines;
	struct bench_numbers threads;
	double seconds;
	unsigned long passes, repeats;
	bool json;
};

/* One worker's counts and latencies of each kind of operation. */
struct kinds {
	unsigned long ops[NR_RUN_KINDS];
	struct bench_hist hist[NR_RUN_KINDS]; /* of the timed ones */
} __attribute__((aligned(256)));

struct shared {
	const struct program *program;
	struct mm_struct *mm;
	unsigned long passes; /* 0: until the runner says stop */
	struct kinds *kinds;  /* by worker */
};

/* Replay the recording once. Return: false if the runner said stop. */
static bool one_pass(struct bench_worker *w, const struct shared *s, struct kinds *kinds,
		     unsigned long base)
{
	const struct program *p = s->program;

	for (size_t i = 0; i < p->nr; i++) {
		const struct run_op *op = &p->op[i];
		enum bench_phase phase = bench_phase(w);
		uint64_t t;

		if (phase == BENCH_STOP && !s->passes)
			return false;
		t = bench_begin(w);
		if (!run_op_at(s->mm, op, base))
			w->errors++;
		bench_end_kind(w, t, 1, &kinds->hist[op->kind]);
		/* Like the runner, count no operation of the warm-up. */
		kinds->ops[op->kind] += phase == BENCH_MEASURE;
	}
	return true;
}

static void body(struct bench_worker *w)
{
	const struct shared *s = w->arg;
	unsigned long base = BASE + w->index * s->program->slice;

	for (unsigned long pass = 0; !s->passes || pass < s->passes; pass++)
		if (!one_pass(w, s, &s->kinds[w->index], base))
			break;
	vms_munmap(s->mm, base, s->program->slice);
}

/* ---- printing ---- */

static json_t *kinds_json(const struct kinds *kinds, double seconds)
{
	json_t *all = json_object();

	for (int k = 0; all && k < NR_RUN_KINDS; k++) {
		const struct bench_hist *h = &kinds->hist[k];

		if (kinds->ops[k])
			json_object_set_new(
				all, run_kind_names[k],
				json_pack("{s:I, s:f, s:I, s:I, s:I, s:I}", "ops",
					  (json_int_t)kinds->ops[k], "ops_per_sec",
					  (double)kinds->ops[k] / seconds, "p50_ns",
					  (json_int_t)bench_hist_quantile(h, 1, 2), "p99_ns",
					  (json_int_t)bench_hist_quantile(h, 99, 100), "p999_ns",
					  (json_int_t)bench_hist_quantile(h, 999, 1000), "max_ns",
					  (json_int_t)h->max));
	}
	return all;
}

static void print_kinds(const char *engine, unsigned int threads, const struct kinds *kinds,
			double seconds)
{
	for (int k = 0; k < NR_RUN_KINDS; k++) {
		const struct bench_hist *h = &kinds->hist[k];
		char ops[BENCH_GROUPED_MAX];

		if (kinds->ops[k])
			printf("  %-10s %2u threads  %-9s %14s ops/s   p50 %lu  p99 %lu  p99.9 %lu "
			       " max %lu ns\n",
			       engine, threads, run_kind_names[k],
			       bench_grouped((uint64_t)((double)kinds->ops[k] / seconds), ops),
			       bench_hist_quantile(h, 1, 2), bench_hist_quantile(h, 99, 100),
			       bench_hist_quantile(h, 999, 1000), h->max);
	}
}

/* "bench/traces/gcc.script.xz" is the workload "replay:gcc". */
static void workload_name(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	snprintf(name, size, "replay:%.*s", (int)strcspn(base, "."), base);
}

/* ---- one point: every engine, at one number of threads ---- */

struct point {
	const struct arguments *a;
	const struct program *program;
	unsigned int threads;
	struct bench_result *results;    /* [engine][repeat] */
	struct bench_result **by_engine; /* what bench_row_fill() sorts */
	struct kinds *kinds;             /* by worker */
	struct kinds *total;             /* by engine, over all runs */
	double *seconds;                 /* by engine, over all runs */
	struct bench_row *rows;
};

static void sum_kinds(struct point *p, unsigned int engine, const struct bench_result *result)
{
	for (unsigned int w = 0; w < p->threads; w++)
		for (int k = 0; k < NR_RUN_KINDS; k++) {
			p->total[engine].ops[k] += p->kinds[w].ops[k];
			bench_hist_merge(&p->total[engine].hist[k], &p->kinds[w].hist[k]);
		}
	p->seconds[engine] += result->seconds;
}

static int run_one(struct point *p, unsigned int engine, unsigned long repeat,
		   const struct bench_cpus *cpus)
{
	const struct arguments *a = p->a;
	struct bench_result *result = &p->results[engine * a->repeats + repeat];
	struct shared shared = {.program = p->program, .passes = a->passes, .kinds = p->kinds};
	struct bench_plan plan = {
		.threads = p->threads,
		.warmup = a->passes ? 0 : a->seconds / 4,
		.seconds = a->passes ? 0 : a->seconds,
		.body = body,
		.arg = &shared,
	};
	struct mm_limits limits = vms_mm_limits_default;
	int err;

	shared.mm = vms_mm_create(a->engines.name[engine], NULL, NULL);
	if (!shared.mm)
		return -ENOMEM;
	limits.max_map_count = 1 << 30;
	(void)vms_mm_set_limits(shared.mm, &limits); /* a sane limit is never refused */
	memset(p->kinds, 0, p->threads * sizeof(*p->kinds));
	err = bench_run(&plan, cpus, result);
	if (!err && atomic_load_explicit(&shared.mm->map_count, memory_order_relaxed))
		result->errors++; /* every slice was unmapped */
	mmput(shared.mm);
	if (!err)
		sum_kinds(p, engine, result);
	return err;
}

static int run_point(struct point *p, const struct bench_cpus *cpus)
{
	const struct arguments *a = p->a;
	int err = 0;

	for (unsigned long repeat = 0; repeat < a->repeats && !err; repeat++)
		for (unsigned int engine = 0; engine < a->engines.nr && !err; engine++)
			err = run_one(p, engine, repeat, cpus);
	for (unsigned int engine = 0; engine < a->engines.nr && !err; engine++) {
		struct bench_row *row = &p->rows[engine];
		char name[BENCH_NAME_MAX];

		for (unsigned long repeat = 0; repeat < a->repeats; repeat++)
			p->by_engine[repeat] = &p->results[engine * a->repeats + repeat];
		workload_name(a->path, name, sizeof(name));
		*row = (struct bench_row){.threads = p->threads,
					  .vmas = p->program->peak_vmas * p->threads};
		bench_row_name(row, name, a->engines.name[engine]);
		bench_row_fill(row, p->by_engine, (unsigned int)a->repeats);
	}
	return err;
}

/* Return: how many errors the rows count. */
static unsigned long print_point(const struct point *p)
{
	const struct arguments *a = p->a;
	unsigned long errors = 0;

	for (unsigned int engine = 0; engine < a->engines.nr; engine++) {
		errors += p->rows[engine].errors;
		if (a->json) {
			json_t *object = bench_row_json(&p->rows[engine]);

			if (object)
				json_object_set_new(object, "by_kind",
						    kinds_json(&p->total[engine],
							       p->seconds[engine]));
			/* run_all() notices lost output */
			(void)bench_json_print(stdout, object);
		}
	}
	if (!a->json) {
		bench_table_rows(stdout, p->rows, a->engines.nr, vms_engine_names()[0]);
		for (unsigned int engine = 0; engine < a->engines.nr; engine++)
			print_kinds(a->engines.name[engine], p->threads, &p->total[engine],
				    p->seconds[engine]);
	}
	return errors;
}

static void free_point(struct point *p)
{
	free(p->results);
	free(p->by_engine);
	free(p->kinds);
	free(p->total);
	free(p->seconds);
	free(p->rows);
}

static bool make_point(struct point *p)
{
	size_t engines = p->a->engines.nr, repeats = p->a->repeats;

	p->results = calloc(engines * repeats, sizeof(*p->results));
	p->by_engine = calloc(repeats, sizeof(struct bench_result *));
	p->kinds = aligned_alloc(_Alignof(struct kinds), p->threads * sizeof(*p->kinds));
	p->total = aligned_alloc(_Alignof(struct kinds), engines * sizeof(*p->total));
	p->seconds = calloc(engines, sizeof(*p->seconds));
	p->rows = calloc(engines, sizeof(*p->rows));
	if (p->total)
		memset(p->total, 0, engines * sizeof(*p->total));
	return p->results && p->by_engine && p->kinds && p->total && p->seconds && p->rows;
}

/* Return: the exit status. */
static int run_all(const struct arguments *a, const struct program *program,
		   const struct bench_cpus *cpus)
{
	unsigned long errors = 0;

	if (!a->json)
		bench_table_head(stdout, vms_engine_names()[0]);
	for (unsigned int i = 0; i < a->threads.nr && bench_standard_flush(); i++) {
		struct point p = {
			.a = a, .program = program, .threads = (unsigned int)a->threads.value[i]};
		int err = make_point(&p) ? run_point(&p, cpus) : -ENOMEM;

		if (!err)
			errors += print_point(&p);
		free_point(&p);
		if (err) {
			fprintf(stderr, "vmreplay: %u threads: %s\n", p.threads, strerror(-err));
			return EXIT_USAGE;
		}
	}
	return errors ? EXIT_MISMATCH : 0;
}

/* ---- the command ---- */

static bool fits(const struct arguments *a, const struct program *program)
{
	unsigned long most = (vms_mm_layout_default.task_size - BASE) / program->slice;

	for (unsigned int i = 0; i < a->threads.nr; i++)
		if (a->threads.value[i] > most) {
			bench_say(stderr,
				  "%s: found %lu threads, expected at most %lu: one replay covers "
				  "%lu GiB",
				  a->path, a->threads.value[i], most, program->slice >> 30);
			return false;
		}
	return true;
}

static int run_recording(const struct arguments *a, const struct bench_cpus *cpus)
{
	struct program program = {0};
	char error[TRACE_ERROR_MAX];
	struct trace_order *order = trace_order_load(a->path, error);
	int status = EXIT_USAGE;

	if (!order || !compile(order, a->path, &program, error)) {
		bench_say(stderr, "%s", error);
	} else {
		if (program.left_out && !a->json)
			bench_say(stderr,
				  "%s: %lu of %lu operations left out: refused by the kernel, or "
				  "not known to the library",
				  a->path, program.left_out, program.left_out + program.nr);
		trace_order_free(order);
		order = NULL;
		if (fits(a, &program))
			status = run_all(a, &program, cpus);
	}
	program_free(&program);
	trace_order_free(order);
	return status;
}

int vmreplay_run(int argc, char **argv)
{
	struct arguments a = {.seconds = 0.5, .repeats = 3};
	const struct bench_option options[] = {
		{"engine", 'e', "E,...", "engines to compare (default: all)", .names = &a.engines,
		 .known = vms_engine_names()},
		{"threads", 't', "T,...", "numbers of threads (default: from 1 to all CPUs)",
		 .numbers = &a.threads, .least = 1, .most = BENCH_THREADS_MAX},
		{"seconds", 0, "S",
		 "time of each run, after a quarter of it as warm-up (default 0.5)",
		 .seconds = &a.seconds},
		{"passes", 0, "N",
		 "instead of a time: each thread goes through the recording N times",
		 .number = &a.passes, .least = 1, .most = 1000000000},
		{"repeats", 0, "R",
		 "runs of each point, the engines taking turns; the median is shown (default 3)",
		 .number = &a.repeats, .least = 1, .most = 1000},
		{"json", 0, NULL, "one JSON object a line instead of a table", .flag = &a.json},
		{.arg = "FILE", .help = "a recording", .text = &a.path},
		{0},
	};
	struct bench_cpus cpus;
	int status;

	bench_options(argc, argv, "Replay a recording at full speed on many threads and measure.",
		      options);
	if (bench_cpus_init(&cpus)) {
		fprintf(stderr, "vmreplay: the machine's CPUs cannot be found out\n");
		return EXIT_USAGE;
	}
	if (!a.threads.nr)
		bench_default_threads(cpus.nr, &a.threads);
	status = run_recording(&a, &cpus);
	bench_cpus_destroy(&cpus);
	return status;
}
