/* SPDX-License-Identifier: MIT */
/*
 * runner.h - runs one body on T pinned threads at once and measures it.
 *
 * A body is a loop:
 *
 * 	while (bench_running(w)) {
 * 		uint64_t t = bench_begin(w);
 *
 * 		if (the_operation() != expected)
 * 			w->errors++;
 * 		bench_end(w, t);
 * 	}
 *
 * Time: all threads start together. Nothing counts until the warm-up is over;
 * from then on every operation counts, for the given seconds. The runner reads
 * the counters and the clock at both ends of that window and does not trust the
 * length of a sleep.
 *
 * Latency: reading the clock around every operation would slow down the fast
 * ones too much, so a worker times one operation in about @gap, at random
 * distances (a fixed distance could fall in step with the workload). The runner
 * picks the gap when the warm-up ends, such that reading the clock twice for
 * each timed operation costs about one part in a hundred; slow operations are
 * all timed. The clock's own cost is subtracted. Throughput counts every
 * operation, timed or not. The largest latency is therefore the largest *timed*
 * one.
 *
 * Locks: a struct bench_worker belongs to its thread. The runner reads `ops` at
 *        any time and the rest after the join.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/harness/clock.h"
#include "bench/harness/cpus.h"
#include "bench/harness/histogram.h"
#include "bench/harness/others.h"
#include "bench/harness/random.h"

/*
 * The gap without a warm-up to learn from: cheap enough for operations of 300
 * ns and more.
 */
#define BENCH_GAP_BLIND 16
#define BENCH_GAP_MAX 256

enum bench_phase { BENCH_WAIT, BENCH_WARMUP, BENCH_MEASURE, BENCH_STOP };

/* The workers read it, only the runner writes it. It has lines of its own. */
struct bench_control {
	_Atomic int phase; /* enum bench_phase */
	/*
	 * Mean distance of timed operations. The runner sets it before the
	 * phase becomes BENCH_MEASURE.
	 */
	_Atomic unsigned int gap;
} __attribute__((aligned(256)));

/*
 * Workers lie 256 bytes apart, so that two workers share neither a line nor the
 * neighbouring line that the prefetcher fetches with it.
 */
struct bench_worker {
	_Atomic unsigned long ops; /* its thread writes, the runner reads; both relaxed */
	unsigned long errors;      /* unexpected results; the body counts them */
	unsigned int until_timed;  /* operations until the next timed one */
	unsigned int index;        /* 0 .. nr - 1 */
	unsigned int nr;           /* threads in this run */
	uint64_t random;           /* state of bench_random(); never 0 */
	uint64_t clock_cost;
	const struct bench_control *control;
	struct bench_hist *hist;
	void *arg; /* bench_plan.arg */
} __attribute__((aligned(256)));

struct bench_plan {
	unsigned int threads;
	double warmup;  /* seconds before the window */
	double seconds; /* of the window; 0: no warm-up, measure until every body returns */
	void (*body)(struct bench_worker *w);
	void *arg; /* shared by all workers */
	/*
	 * Mean distance of timed operations; 0: the runner chooses
	 * (BENCH_GAP_BLIND without a warm-up).
	 */
	unsigned int gap;
};

struct bench_result {
	unsigned long ops;
	unsigned long errors;
	double seconds; /* the measured length of the window */
	struct bench_hist hist;
	struct bench_cpu_time cpu; /* of the whole run, including the warm-up */
	double load;               /* average of the minute before the run; negative: unknown */
};

/**
 * bench_run() - Run @plan once on the CPUs of @cpus and fill @result.
 * Return: 0, or -errno if the threads could not be started (no body ran).
 */
int bench_run(const struct bench_plan *plan, const struct bench_cpus *cpus,
	      struct bench_result *result);

static inline enum bench_phase bench_phase(const struct bench_worker *w)
{
	/*
	 * Relaxed: the phase only tells the worker when to leave the loop, and
	 * roughly when to count. The join orders everything else.
	 */
	return (enum bench_phase)atomic_load_explicit(&w->control->phase, memory_order_relaxed);
}

static inline bool bench_running(const struct bench_worker *w)
{
	return bench_phase(w) != BENCH_STOP;
}

/**
 * bench_random() - The worker's next random number; the sequence is the same in
 * every run.
 */
static inline uint64_t bench_random(struct bench_worker *w)
{
	return bench_random_next(&w->random);
}

/*
 * bench_end_timed() - Record a timed operation and draw the distance to the
 * next. It is not inline because it is the rare path.
 */
void bench_end_timed(struct bench_worker *w, uint64_t begin, struct bench_hist *kind);

/**
 * bench_begin() - Start an operation.
 * Return: the value to pass to bench_end(): the time, or 0 if this operation is
 * not timed.
 */
static inline uint64_t bench_begin(struct bench_worker *w)
{
	return __builtin_expect(--w->until_timed == 0, 0) ? bench_now_ns() : 0;
}

/**
 * bench_end_kind() - End an operation that counts as @n.
 * @kind: NULL, or a histogram that takes the latencies of this kind of
 *        operations. It receives a latency only when the worker's own histogram
 *        does.
 */
static inline void bench_end_kind(struct bench_worker *w, uint64_t begin, unsigned long n,
				  struct bench_hist *kind)
{
	if (__builtin_expect(begin != 0, 0))
		bench_end_timed(w, begin, kind);
	/*
	 * Only this thread writes the counter, so a load and a store replace a
	 * locked add. Relaxed: the runner wants a recent count, and reads
	 * nothing else through it.
	 */
	atomic_store_explicit(&w->ops, atomic_load_explicit(&w->ops, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/**
 * bench_end_n() - End an operation that counts as @n.
 */
static inline void bench_end_n(struct bench_worker *w, uint64_t begin, unsigned long n)
{
	bench_end_kind(w, begin, n, NULL);
}

static inline void bench_end(struct bench_worker *w, uint64_t begin)
{
	bench_end_n(w, begin, 1);
}

#endif
