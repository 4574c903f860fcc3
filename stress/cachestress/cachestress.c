/* SPDX-License-Identifier: MIT */
/*
 * cachestress.c - threads pass the objects of some caches to each other for a
 * time: some only allocate, some only free, some do both, some exit and are
 * replaced; the main thread trims, and forks children. Every object carries the
 * number of the place where it lies, so that an object which is allocated
 * twice, or freed while in use, is noticed. The memory that a cache takes is
 * compared with its bound. Read first: lib/sync/objcache/objcache.h.
 *
 * Exit status: 0 all promises kept, 1 a broken one, 2 bad arguments, or lost
 * output.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/harness/options.h"
#include "bench/harness/say.h"
#include "bench/harness/standard.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/objcache/internal.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"

#define PLACES 4096U
#define SHELF 8U     /* magazines */
#define INFLIGHT 64U /* batches before a writer is slowed down */
#define LIFE 20000U  /* operations of a thread that exits */
#define CHILD_OBJS 2000U
#define CHILD_SECONDS 30U

/*
 * Every free of the first cache waits for a grace period, so that readers may
 * access its objects.
 */
static VMS__OBJCACHE_DEFINE(read_cache, "read", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(mixed_cache, "mixed", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(stable_cache, "stable", 256, 64, VMS__OBJCACHE_TYPESAFE);
static VMS__OBJCACHE_DEFINE(big_cache, "big", 1024, 64, 0);
static struct vms__objcache *const caches[] = {&read_cache, &mixed_cache, &stable_cache,
					       &big_cache};

#define NR_CACHES (sizeof(caches) / sizeof(caches[0]))

typedef _Atomic unsigned long word;

static word *_Atomic places[NR_CACHES][PLACES];
static _Atomic bool stop;
static _Atomic unsigned long errors, operations, exits;
static unsigned long trims, children;

const char *argp_program_version = "cachestress 1";
static const char doc[] = "Pass objects between threads that come and go, and check every promise "
			  "of the object caches.";

struct arguments {
	unsigned long threads, seconds, seed;
};

static void error(const char *what, const struct vms__objcache *c)
{
	if (atomic_fetch_add(&errors, 1) < 10)
		fprintf(stderr, "cachestress: %s: %s\n", c->name, what);
}

/* ---- what a thread does -------------------------------------------------- */

static word *last_of(const struct vms__objcache *c, word *obj)
{
	return obj + c->size / sizeof(*obj) - 1;
}

static void check(const struct vms__objcache *c, word *obj, unsigned long place)
{
	if (atomic_load_explicit(obj, memory_order_relaxed) != place ||
	    atomic_load_explicit(last_of(c, obj), memory_order_relaxed) != place)
		error("an object is not what lies in its place", c);
}

static word *new_object(struct vms__objcache *c, unsigned long place)
{
	word *obj = vms__objcache_alloc(c);

	if (obj) {
		atomic_store_explicit(obj, place, memory_order_relaxed);
		atomic_store_explicit(last_of(c, obj), place, memory_order_relaxed);
	}
	return obj;
}

static void free_object(struct vms__objcache *c, word *obj, unsigned long place, bool defer)
{
	if (!obj)
		return;
	check(c, obj, place);
	if (defer || c == &read_cache)
		vms__objcache_free_rcu(c, (void *)obj);
	else
		vms__objcache_free(c, (void *)obj);
}

static void look(unsigned long place)
{
	word *obj;

	vms__rcu_read_lock();
	/* Acquire: pairs with the exchange that stored the object. */
	obj = atomic_load_explicit(&places[0][place], memory_order_acquire);
	if (obj)
		check(&read_cache, obj, place);
	vms__rcu_read_unlock();
}

enum role { PRODUCER, CONSUMER, MIXER, COMER, NR_ROLES };

static void operate(enum role role, unsigned int *seed)
{
	unsigned int random = (unsigned int)rand_r(seed);
	unsigned long place = random % PLACES, which = random / PLACES % NR_CACHES;
	bool alloc = role == PRODUCER || (role != CONSUMER && random / PLACES / NR_CACHES % 2),
	     defer = rand_r(seed) % 3 == 0;
	struct vms__objcache *c = caches[which];
	word *obj = NULL;

	/* A producer never frees: other threads do. */
	if (role == PRODUCER && atomic_load_explicit(&places[which][place], memory_order_relaxed))
		return;
	if (alloc)
		obj = new_object(c, place);
	/* Acquire and release: the object's contents pass with it. */
	obj = atomic_exchange_explicit(&places[which][place], obj, memory_order_acq_rel);
	free_object(c, obj, place, defer);
	look((unsigned long)rand_r(seed) % PLACES);
}

struct worker {
	pthread_t thread;
	enum role role;
	unsigned int seed;
};

static void *live_and_exit(void *arg)
{
	struct worker *w = arg;
	unsigned int done = 0;

	for (; done < LIFE && !atomic_load_explicit(&stop, memory_order_relaxed); done++)
		operate(w->role, &w->seed);
	atomic_fetch_add_explicit(&operations, done, memory_order_relaxed);
	return NULL;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		pthread_t thread;

		if (w->role != COMER) {
			live_and_exit(w);
			continue;
		}
		if (pthread_create(&thread, NULL, live_and_exit, w))
			continue;
		pthread_join(thread, NULL);
		atomic_fetch_add_explicit(&exits, 1, memory_order_relaxed);
	}
	return NULL;
}

/* ---- what is checked ----------------------------------------------------- */

/*
 * The bound of objcache.h, "Bound", if @threads keep objects back, with one
 * more slab that may be carved ahead.
 */
static void check_bound(struct vms__objcache *c, size_t threads)
{
	size_t kept = (3 + SHELF) * (size_t)VMS__MAG_SIZE + c->slab_objs,
	       garbage = ((size_t)VMS__OBJCACHE_BOUND * INFLIGHT + threads) * VMS__MAG_SIZE, carved;

	depot_lock(c);
	carved = c->carved;
	depot_unlock(c);
	if (carved > PLACES + threads * kept + garbage)
		error("it has taken more memory than its bound", c);
}

/*
 * The child takes over what was on other threads' shelves, and can give memory
 * back.
 */
static void child(void)
{
	static word *objs[CHILD_OBJS];

	alarm(CHILD_SECONDS);
	atomic_store(&errors, 0);
	for (size_t i = 0; i < NR_CACHES; i++) {
		for (unsigned int k = 0; k < CHILD_OBJS; k++)
			objs[k] = new_object(caches[i], k);
		for (unsigned int k = 0; k < CHILD_OBJS; k++)
			free_object(caches[i], objs[k], k, k % 2);
	}
	(void)vms_trim();
	_exit(atomic_load(&errors) ? 1 : 0);
}

static void fork_child(void)
{
	int status = 0;
	pid_t pid;

	/*
	 * TSan does not support a child of a process with threads. ASan's
	 * allocator has a lock that fork does not take: if another thread held
	 * it at the fork, the child would wait for it for ever.
	 */
	if (VMS__TSAN || VMS__ASAN)
		return;
	pid = fork();
	if (!pid)
		child();
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status))
		error("a child failed", caches[0]);
	children += pid > 0;
}

static void judge(const struct arguments *a)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	time_t end = time(NULL) + (time_t)a->seconds;

	for (unsigned long i = 0; time(NULL) < end; i++) {
		nanosleep(&pause, NULL);
		for (size_t k = 0; k < NR_CACHES; k++) {
			check_bound(caches[k], 2 * a->threads + 1);
			(void)vms__objcache_in_use(caches[k]);
		}
		if (i % 4 == 0) {
			(void)(i % 8 ? vms_trim() : vms__objcache_trim());
			trims++;
		}
		if (i % 8 == 0)
			fork_child();
	}
}

/* All other threads have ended. */
static void check_end(void)
{
	for (size_t i = 0; i < NR_CACHES; i++) {
		for (unsigned long place = 0; place < PLACES; place++)
			free_object(caches[i], places[i][place], place, false);
	}
	(void)vms_trim();
	for (size_t i = 0; i < NR_CACHES; i++) {
		if (vms__objcache_in_use(caches[i]) || vms__objcache_deferred(caches[i]))
			error("objects were lost", caches[i]);
		if (caches[i]->carved)
			error("memory is not given back", caches[i]);
	}
}

static void set_up(void)
{
	for (size_t i = 0; i < NR_CACHES; i++) {
		caches[i]->high = (size_t)4 * SHELF * VMS__MAG_SIZE;
		caches[i]->low = caches[i]->high / 2;
		caches[i]->max_inflight = INFLIGHT;
		/* Use the cache first before there are threads. */
		free_object(caches[i], new_object(caches[i], 0), 0, false);
	}
}

int main(int argc, char **argv)
{
	struct arguments a = {.threads = 4, .seconds = 10, .seed = (unsigned long)time(NULL)};
	const struct bench_option options[] = {
		BENCH_STRESS_OPTIONS(
			&a, 4, 60, "how many, 4 to 60 (default 4); the one that trims is one more"),
		{0},
	};
	struct worker *workers;

	bench_standard_begin("cachestress");
	bench_options(argc, argv, doc, options);
	workers = calloc(a.threads, sizeof(*workers));
	if (!workers) {
		fputs("cachestress: out of memory\n", stderr);
		return BENCH_EXIT_USAGE;
	}
	set_up();
	for (unsigned long i = 0; i < a.threads; i++) {
		workers[i] =
			(struct worker){.role = i % NR_ROLES, .seed = (unsigned int)(a.seed + i)};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
			fputs("cachestress: no thread can be made\n", stderr);
			return BENCH_EXIT_USAGE;
		}
	}
	judge(&a);
	atomic_store(&stop, true);
	for (unsigned long i = 0; i < a.threads; i++)
		pthread_join(workers[i].thread, NULL);
	check_end();
	printf("threads %lu seconds %lu seed %lu: %lu operations, %lu threads exited, %lu trims, "
	       "%lu children, %lu errors\n",
	       a.threads, a.seconds, a.seed, atomic_load(&operations), atomic_load(&exits), trims,
	       children, atomic_load(&errors));
	free(workers);
	return atomic_load(&errors) ? 1 : 0;
}
