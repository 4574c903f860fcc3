/* SPDX-License-Identifier: MIT */
/*
 * lockstress.c - threads take one rw-semaphore in every way at random, and each
 * checks the plain data that it guards, which the sanitizers check as well. At
 * the end the program checks that every change was kept and that the semaphore
 * is free. It reports each thread's share, and the most writes of others during
 * one wait for writing. Read first: include/vmastore/rwsem.h.
 *
 * Exit status: 0 all promises kept, 1 a broken one, 2 bad arguments, or lost
 * output. If a thread waits for ever, so does the program.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <vmastore/rwsem.h>

#include "bench/harness/options.h"
#include "bench/harness/random.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"

#define MAX_THREADS 64
#define WORDS 8
#define TIMED_NS_MAX 20000 /* longer than a section, shorter than some waits */

const char *argp_program_version = "lockstress 1";
static const char doc[] =
	"Take one rw-semaphore in every way from many threads, and check what it guards.";

struct arguments {
	unsigned long threads, seconds, seed;
};

struct worker {
	pthread_t thread;
	uint64_t random;
	unsigned long reads, writes, refused, torn;
	unsigned long waited_for; /* most writes of others during one wait for writing */
} vms_cacheline_aligned;

static struct rw_semaphore sem = VMS_RWSEM_INIT;
static unsigned long words[WORDS];   /* plain; all equal except while a writer changes them */
static _Atomic unsigned long writes; /* like words[0], for threads that do not hold sem */
static _Atomic bool stop;

static unsigned int draw(struct worker *w, unsigned int n)
{
	return (unsigned int)((bench_random_next(&w->random) >> 33) % n);
}

/* Locks: sem, in any mode. */
static void look(struct worker *w)
{
	for (int i = 1; i < WORDS; i++)
		w->torn += words[i] != words[0];
}

/* Now and then lose the CPU while holding the lock. */
static void linger(struct worker *w)
{
	if (draw(w, 256) == 0)
		sched_yield();
}

/* Locks: sem for writing. */
static void change(struct worker *w)
{
	look(w);
	for (int i = 0; i < WORDS; i++) {
		words[i]++;
		if (i == WORDS / 2)
			linger(w);
	}
	/* relaxed: a count, for statistics */
	atomic_store_explicit(&writes, words[0], memory_order_relaxed);
	w->writes++;
}

static bool take_for_reading(struct worker *w) VMS_NO_TSA
{
	switch (draw(w, 8)) {
	case 0:
		return down_read_trylock(&sem);
	case 1:
		return down_read_timeout(&sem, draw(w, TIMED_NS_MAX)) == 0;
	default:
		down_read(&sem);
		return true;
	}
}

static bool take_for_writing(struct worker *w) VMS_NO_TSA
{
	unsigned long before = atomic_load_explicit(&writes, memory_order_relaxed);

	switch (draw(w, 8)) {
	case 0:
		return down_write_trylock(&sem);
	case 1:
		return down_write_timeout(&sem, draw(w, TIMED_NS_MAX)) == 0;
	default:
		down_write(&sem);
		if (words[0] - before > w->waited_for)
			w->waited_for = words[0] - before;
		return true;
	}
}

static void act(struct worker *w, unsigned int reads_of_8) VMS_NO_TSA
{
	if (draw(w, 8) < reads_of_8) {
		if (!take_for_reading(w)) {
			w->refused++;
			return;
		}
		w->reads++;
		look(w);
		linger(w);
	} else {
		if (!take_for_writing(w)) {
			w->refused++;
			return;
		}
		change(w);
		if (draw(w, 2)) {
			up_write(&sem);
			return;
		}
		downgrade_write(&sem);
	}
	look(w);
	up_read(&sem);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		/*
		 * Mostly writers for a while, then mostly readers: each fills
		 * the queue in another way.
		 */
		unsigned int reads_of_8 = draw(w, 9);

		for (int i = 0; i < 1000; i++)
			act(w, reads_of_8);
	}
	return NULL;
}

static void run(struct worker *workers, const struct arguments *a)
{
	atomic_store_explicit(&stop, false, memory_order_relaxed);
	for (unsigned long i = 0; i < a->threads; i++) {
		workers[i] =
			(struct worker){.random = (a->seed + i + 1) * 0x9e3779b97f4a7c15ULL | 1};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			perror("lockstress: pthread_create");
			exit(2);
		}
	}
	for (unsigned long i = 0; i < a->seconds; i++) {
		sleep(1);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%lu s left ", a->seconds - i - 1);
	}
	atomic_store_explicit(&stop, true, memory_order_relaxed);
	for (unsigned long i = 0; i < a->threads; i++)
		pthread_join(workers[i].thread, NULL);
}

static unsigned long report(const struct worker *workers, const struct arguments *a) VMS_NO_TSA
{
	unsigned long reads = 0, wrote = 0, refused = 0, torn = 0, waited_for = 0, least = ~0UL,
		      most = 0, errors;

	for (unsigned long i = 0; i < a->threads; i++) {
		const struct worker *w = &workers[i];
		unsigned long got = w->reads + w->writes;

		reads += w->reads;
		wrote += w->writes;
		refused += w->refused;
		torn += w->torn;
		waited_for = w->waited_for > waited_for ? w->waited_for : waited_for;
		least = got < least ? got : least;
		most = got > most ? got : most;
	}
	errors = torn;
	if (torn)
		fprintf(stderr, "lockstress: %lu words differ inside a section, expected none\n",
			torn);
	for (int i = 0; i < WORDS; i++) {
		if (words[i] != wrote) {
			fprintf(stderr,
				"lockstress: word %d holds %lu, expected %lu, the number of "
				"writes\n",
				i, words[i], wrote);
			errors++;
		}
	}
	if (!down_write_trylock(&sem)) {
		fprintf(stderr, "lockstress: the semaphore is not free at the end, expected nobody "
				"in it\n");
		errors++;
	}
	printf("threads %lu seconds %lu seed %lu: %lu reads, %lu writes, %lu refused, share of a "
	       "thread %.2f to %.2f of the mean, "
	       "at most %lu writes of others while one waited, %lu errors\n",
	       a->threads, a->seconds, a->seed, reads, wrote, refused,
	       (double)least * (double)a->threads / (double)(reads + wrote),
	       (double)most * (double)a->threads / (double)(reads + wrote), waited_for, errors);
	return errors;
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	struct arguments a = {.threads = 4, .seconds = 10, .seed = (unsigned long)time(NULL)};
	const struct bench_option options[] = {
		BENCH_STRESS_OPTIONS(&a, 1, MAX_THREADS, "1 to 64 (default 4)"),
		{0},
	};

	bench_standard_begin("lockstress");
	bench_options(argc, argv, doc, options);
	run(workers, &a);
	return report(workers, &a) ? 1 : 0;
}
