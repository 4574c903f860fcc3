/* SPDX-License-Identifier: MIT */
/*
 * vmstress.c - threads change and read one address space at random for a time.
 * Every promise of the address space is checked: by each thread during its
 * operations (actors.c), by the main thread several times a second while all
 * others rest (world.c), and at the end by counting leaked objects. Read next:
 * stress.h.
 *
 * Exit status: 0 all promises kept, 1 a broken one, 2 bad arguments, or lost
 * output. A run is repeated with the seed that it prints: each thread's choices
 * are the same, though not how they interleave.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/harness/options.h"
#include "bench/harness/random.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "stress/stress.h"

#define MAX_THREADS 64
#define MAX_REPORTS 20
#define REST_MS 200

const char *argp_program_version = "vmstress 1";
static const char doc[] =
	"Stress one address space with random operations and check every promise it makes.";

struct arguments {
	const char *engine;
	unsigned long threads, seconds, seed;
};

unsigned long pick(struct worker *w, unsigned long n)
{
	return (bench_random_next(&w->rng) >> 32) % n;
}

void broken(struct worker *w, const char *fmt, ...)
{
	struct stress *s = w->s;
	va_list args;

	if (atomic_fetch_add_explicit(&s->errors, 1, memory_order_relaxed) >= MAX_REPORTS)
		return;
	flockfile(stderr);
	fprintf(stderr, "vmstress: thread %u, operation %lu: ", w->id, w->ops);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nvmstress: again: vmstress --engine=%s --threads=%u --seed=%lu\n",
		s->engine, s->threads, s->seed);
	funlockfile(stderr);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->s;

	/*
	 * acquire on stop and pause: a thread only goes to the barrier because
	 * of them, and the barrier orders the rest
	 */
	for (;;) {
		if (atomic_load_explicit(&s->pause, memory_order_acquire)) {
			pthread_barrier_wait(&s->barrier);
			pthread_barrier_wait(&s->barrier);
			if (atomic_load_explicit(&s->stop, memory_order_acquire))
				return NULL;
		}
		act(w);
	}
}

static void rest(struct stress *s, bool last)
{
	atomic_store_explicit(&s->pause, true, memory_order_release);
	pthread_barrier_wait(&s->barrier);
	world_check(s);
	atomic_store_explicit(&s->stop, last, memory_order_release);
	atomic_store_explicit(&s->pause, false, memory_order_release);
	pthread_barrier_wait(&s->barrier);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void progress(double done, double total, unsigned long errors)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3.0f %%  %.0f s left  %lu errors ", 100 * done / total,
			total - done, errors);
}

static unsigned long run(struct stress *s, struct worker *workers, unsigned long seconds)
{
	double start = now(), end = start + (double)seconds, t;
	unsigned long ops = 0;

	pthread_barrier_init(&s->barrier, NULL, s->threads + 1);
	for (unsigned int i = 0; i < s->threads; i++) {
		workers[i] = (struct worker){
			.s = s,
			.id = i,
			.rng = (s->seed + 1) * 0x9e3779b97f4a7c15ULL ^
			       (i + 1) * 0xbf58476d1ce4e5b9ULL,
		};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			perror("vmstress: pthread_create");
			exit(2);
		}
	}
	while ((t = now()) < end &&
	       atomic_load_explicit(&s->errors, memory_order_relaxed) < MAX_REPORTS) {
		usleep(REST_MS * 1000);
		rest(s, false);
		progress(t - start, (double)seconds,
			 atomic_load_explicit(&s->errors, memory_order_relaxed));
	}
	rest(s, true);
	for (unsigned int i = 0; i < s->threads; i++) {
		pthread_join(workers[i].thread, NULL);
		ops += workers[i].ops;
	}
	pthread_barrier_destroy(&s->barrier);
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return ops;
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	static struct stress s;
	struct arguments a = {.engine = "maple-vma",
			      .threads = 4,
			      .seconds = 10,
			      .seed = (unsigned long)time(NULL)};
	const struct bench_option options[] = {
		{"engine", 'e', "E", "rbtree, maple or maple-vma (default maple-vma)",
		 .one = &a.engine, .known = vms_engine_names()},
		BENCH_STRESS_OPTIONS(&a, 1, MAX_THREADS, "worker threads, 1 to 64 (default 4)"),
		{0},
	};
	struct mm_limits limits = vms_mm_limits_default;
	unsigned long ops, errors, via_vma, via_mmap;

	bench_standard_begin("vmstress");
	bench_options(argc, argv, doc, options);
	limits.stack = STACK_LIMIT;
	s.engine = a.engine;
	s.seed = a.seed;
	s.threads = (unsigned int)a.threads;
	s.mm = vms_mm_create(a.engine, NULL, NULL);
	if (!s.mm || vms_mm_set_limits(s.mm, &limits) || world_build(&s)) {
		fprintf(stderr, "vmstress: the address space cannot be built: out of memory\n");
		return 2;
	}
	ops = run(&s, workers, a.seconds);
	via_vma = (unsigned long)vms_mm_counter(s.mm, VMS_FAULTS_VMA);
	via_mmap = (unsigned long)vms_mm_counter(s.mm, VMS_FAULTS_MMAP);
	mmput(s.mm);
	fput(s.file);
	fput(s.holes);
	errors = atomic_load_explicit(&s.errors, memory_order_relaxed) + vms_leak_report(stderr);
	printf("engine %s threads %lu seconds %lu seed %lu: %lu operations, %lu faults under a "
	       "VMA's lock, %lu under mmap_lock, "
	       "%lu errors\n",
	       a.engine, a.threads, a.seconds, a.seed, ops, via_vma, via_mmap, errors);
	return errors ? 1 : 0;
}
