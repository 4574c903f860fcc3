/* SPDX-License-Identifier: MIT */
/*
 * runner.c - see runner.h. Starts the workers, opens and closes the measuring
 * window, and collects the results.
 *
 * A run passes through enum bench_phase once: WAIT until all threads exist,
 * WARMUP, MEASURE, STOP. Only the calling thread sets the phase; workers read
 * it. The gate's mutex covers the start, so that waiting threads sleep and none
 * runs ahead.
 */
#include "bench/harness/runner.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Timing may cost one part in this many of the run's time. */
#define TIMING_SHARE 100

struct crew;

struct member {
	struct crew *crew;
	struct bench_worker *worker;
	pthread_t thread;
};

struct crew {
	struct bench_control control;
	const struct bench_plan *plan;
	pthread_mutex_t gate;
	pthread_cond_t opened;
	pthread_cond_t gathered;
	unsigned int ready; /* under gate */
	struct bench_worker *workers;
	struct member *members;
};

/*
 * Wait until the runner opens the gate.
 * Return: false if the run was called off.
 */
static bool pass_gate(struct crew *crew)
{
	int phase;

	pthread_mutex_lock(&crew->gate);
	crew->ready++;
	pthread_cond_signal(&crew->gathered);
	/* Relaxed: the mutex orders the phase. */
	while ((phase = atomic_load_explicit(&crew->control.phase, memory_order_relaxed)) ==
	       BENCH_WAIT)
		pthread_cond_wait(&crew->opened, &crew->gate);
	pthread_mutex_unlock(&crew->gate);
	return phase != BENCH_STOP;
}

static void open_gate(struct crew *crew, unsigned int expected, enum bench_phase phase)
{
	pthread_mutex_lock(&crew->gate);
	while (crew->ready < expected)
		pthread_cond_wait(&crew->gathered, &crew->gate);
	atomic_store_explicit(&crew->control.phase, phase, memory_order_relaxed);
	pthread_cond_broadcast(&crew->opened);
	pthread_mutex_unlock(&crew->gate);
}

static void *member_main(void *arg)
{
	struct member *member = arg;

	if (pass_gate(member->crew))
		member->crew->plan->body(member->worker);
	return NULL;
}

static void record(struct bench_worker *w, uint64_t took, struct bench_hist *kind)
{
	took = took > w->clock_cost ? took - w->clock_cost : 0;
	bench_hist_record(w->hist, took);
	if (kind)
		bench_hist_record(kind, took);
}

void bench_end_timed(struct bench_worker *w, uint64_t begin, struct bench_hist *kind)
{
	uint64_t took = bench_now_ns() - begin;
	/*
	 * Acquire: pairs with the release in set_phase(). A worker that sees
	 * MEASURE also sees the gap that was chosen for it.
	 */
	int phase = atomic_load_explicit(&w->control->phase, memory_order_acquire);
	unsigned int gap = atomic_load_explicit(&w->control->gap, memory_order_relaxed);

	if (phase == BENCH_MEASURE)
		record(w, took, kind);
	/* Uniform in [1, 2 * gap - 1], whose mean is gap. */
	w->until_timed = 1 + (unsigned int)(bench_random(w) % (2 * gap - 1));
}

static void set_phase(struct crew *crew, enum bench_phase phase)
{
	/* Release: pairs with bench_end_timed()'s acquire. */
	atomic_store_explicit(&crew->control.phase, phase, memory_order_release);
}

static unsigned long ops_so_far(const struct crew *crew)
{
	unsigned long sum = 0;

	/*
	 * Relaxed: each counter stands alone. It is at most one operation old
	 * when the clock is read next to it.
	 */
	for (unsigned int i = 0; i < crew->plan->threads; i++)
		sum += atomic_load_explicit(&crew->workers[i].ops, memory_order_relaxed);
	return sum;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
			      .tv_nsec = (long)(ns % 1000000000u)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/*
 * Every operation was timed in the warm-up. Subtract the clock's share from the
 * mean, and choose a gap with which timing costs 1 / TIMING_SHARE.
 */
static unsigned int choose_gap(const struct crew *crew, uint64_t lasted_ns)
{
	double cost = bench_timing_cost_ns();
	double ops = (double)ops_so_far(crew);
	double op_ns = ops > 0 ? (double)lasted_ns * crew->plan->threads / ops - cost : INFINITY;

	if (op_ns * BENCH_GAP_MAX <= cost * TIMING_SHARE)
		return BENCH_GAP_MAX;
	return 1 + (unsigned int)(cost * TIMING_SHARE / op_ns);
}

static void measure_window(struct crew *crew, struct bench_result *result)
{
	uint64_t start = bench_now_ns();
	uint64_t now;
	unsigned long ops;

	open_gate(crew, crew->plan->threads, BENCH_WARMUP);
	sleep_until(start + (uint64_t)(crew->plan->warmup * 1e9));
	if (crew->plan->gap == 0)
		atomic_store_explicit(&crew->control.gap, choose_gap(crew, bench_now_ns() - start),
				      memory_order_relaxed);
	set_phase(crew, BENCH_MEASURE);
	start = bench_now_ns();
	ops = ops_so_far(crew);
	sleep_until(start + (uint64_t)(crew->plan->seconds * 1e9));
	now = bench_now_ns();
	result->ops = ops_so_far(crew) - ops;
	set_phase(crew, BENCH_STOP);
	result->seconds = (double)(now - start) / 1e9;
}

static void join(struct crew *crew, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(crew->members[i].thread, NULL);
}

/*
 * Measure without a window: everything counts, from the gate to the last
 * worker's return.
 */
static void measure_all(struct crew *crew, struct bench_result *result)
{
	/*
	 * Read the clock before the gate opens, because the workers may finish
	 * before this thread runs again.
	 */
	uint64_t start = bench_now_ns();

	open_gate(crew, crew->plan->threads, BENCH_MEASURE);
	join(crew, crew->plan->threads);
	result->seconds = (double)(bench_now_ns() - start) / 1e9;
	result->ops = ops_so_far(crew);
}

static int start_member(struct crew *crew, unsigned int index, const struct bench_cpus *cpus)
{
	struct member *member = &crew->members[index];
	pthread_attr_t attr;
	int err = -pthread_attr_init(&attr);

	if (err)
		return err;
	*member = (struct member){.crew = crew, .worker = &crew->workers[index]};
	err = bench_cpus_pin(cpus, index, &attr);
	if (!err)
		err = -pthread_create(&member->thread, &attr, member_main, member);
	pthread_attr_destroy(&attr);
	return err;
}

static int start_members(struct crew *crew, const struct bench_cpus *cpus)
{
	for (unsigned int i = 0; i < crew->plan->threads; i++) {
		int err = start_member(crew, i, cpus);

		if (err) {
			open_gate(crew, i, BENCH_STOP);
			join(crew, i);
			return err;
		}
	}
	return 0;
}

static void crew_destroy(struct crew *crew)
{
	if (crew->workers)
		for (unsigned int i = 0; i < crew->plan->threads; i++)
			free(crew->workers[i].hist);
	free(crew->workers);
	free(crew->members);
	pthread_mutex_destroy(&crew->gate);
	pthread_cond_destroy(&crew->opened);
	pthread_cond_destroy(&crew->gathered);
	free(crew);
}

static bool hire(struct crew *crew)
{
	const struct bench_plan *plan = crew->plan;

	crew->members = calloc(plan->threads, sizeof(*crew->members));
	crew->workers = aligned_alloc(_Alignof(struct bench_worker),
				      plan->threads * sizeof(*crew->workers));
	if (!crew->members || !crew->workers) {
		free(crew->workers);
		crew->workers = NULL;
		return false;
	}
	for (unsigned int i = 0; i < plan->threads; i++)
		crew->workers[i] = (struct bench_worker){
			.until_timed = 1,
			.index = i,
			.nr = plan->threads,
			.random = 0x9e3779b97f4a7c15ULL * (i + 1),
			.clock_cost = bench_clock_cost_ns(),
			.control = &crew->control,
			.arg = plan->arg,
		};
	for (unsigned int i = 0; i < plan->threads; i++) {
		/*
		 * calloc() leaves a block of this size untouched, so the first
		 * touch places it on the worker's NUMA node.
		 */
		crew->workers[i].hist = calloc(1, sizeof(struct bench_hist));
		if (!crew->workers[i].hist)
			return false;
	}
	return true;
}

static unsigned int first_gap(const struct bench_plan *plan)
{
	if (plan->gap)
		return plan->gap;
	return plan->seconds > 0 ? 1 : BENCH_GAP_BLIND;
}

/*
 * The crew is allocated on the heap: where the address sanitizer and the stack
 * protector both lay out a frame, gcc 12 aligns a variable in it to 32 bytes
 * whatever its type asks for.
 */
static struct crew *crew_create(const struct bench_plan *plan)
{
	struct crew *crew = aligned_alloc(_Alignof(struct crew), sizeof(*crew));

	if (!crew)
		return NULL;
	memset(crew, 0, sizeof(*crew));
	atomic_init(&crew->control.phase, BENCH_WAIT);
	atomic_init(&crew->control.gap, first_gap(plan));
	crew->plan = plan;
	pthread_mutex_init(&crew->gate, NULL);
	pthread_cond_init(&crew->opened, NULL);
	pthread_cond_init(&crew->gathered, NULL);
	return crew;
}

int bench_run(const struct bench_plan *plan, const struct bench_cpus *cpus,
	      struct bench_result *result)
{
	struct bench_cpu_time begin = bench_others_now(cpus, plan->threads), end;
	double load = bench_load();
	struct crew *crew = crew_create(plan);
	int err;

	if (!crew)
		return -ENOMEM;
	err = hire(crew) ? start_members(crew, cpus) : -ENOMEM;
	if (err)
		goto out;
	*result = (struct bench_result){.load = load, .cpu.known = true};
	if (plan->seconds > 0) {
		measure_window(crew, result);
		join(crew, plan->threads);
	} else {
		measure_all(crew, result);
	}
	end = bench_others_now(cpus, plan->threads);
	bench_others_add(&result->cpu, &begin, &end);
	for (unsigned int i = 0; i < plan->threads; i++) {
		result->errors += crew->workers[i].errors;
		bench_hist_merge(&result->hist, crew->workers[i].hist);
	}
out:
	crew_destroy(crew);
	return err;
}
