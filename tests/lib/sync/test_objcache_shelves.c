/* SPDX-License-Identifier: MIT */
/*
 * test_objcache_shelves.c - what each thread keeps of an object cache for
 * itself. Threads that free what they allocate share neither the cache's lock
 * nor objects, and memory is bounded whichever thread allocates and whichever
 * frees.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/objcache/internal.h"
#include "lib/sync/rcu.h"
#include "tests/lib/sync/child.h"

#define MAG ((size_t)VMS__MAG_SIZE) /* objects in a full magazine */
#define IN_MAGAZINES (3 * MAG)      /* most free objects of a thread that no other thread reaches */

static VMS__OBJCACHE_DEFINE(own, "own", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(passed, "passed", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(idle, "idle", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(scarce, "scarce", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(sized, "sized", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(strewn, "strewn", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(mixed, "mixed", 64, 64, 0);

/* ---- threads that run one step at a time, on command --------------------- */

struct worker {
	pthread_t thread;
	sem_t may_go, done;
	void (*step)(struct worker *w); /* NULL: exit */
	struct vms__objcache *c;
	void **objs;
	size_t n;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		vms_rcu_thread_offline();
		while (sem_wait(&w->may_go))
			;
		vms_rcu_thread_online();
		if (!w->step)
			return NULL;
		w->step(w);
		sem_post(&w->done);
	}
}

static void worker_start(struct worker *w, struct vms__objcache *c, size_t n)
{
	*w = (struct worker){.c = c, .n = n, .objs = calloc(n, sizeof(void *))};
	sem_init(&w->may_go, 0, 0);
	sem_init(&w->done, 0, 0);
	assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
}

/* Returns after @w has made @step. */
static void worker_do(struct worker *w, void (*step)(struct worker *w))
{
	w->step = step;
	sem_post(&w->may_go);
	sem_wait(&w->done);
}

static void worker_exit(struct worker *w)
{
	w->step = NULL;
	sem_post(&w->may_go);
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	free(w->objs);
}

static void alloc_all(struct worker *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->objs[i] = vms__objcache_alloc(w->c);
}

static void free_all(struct worker *w)
{
	for (size_t i = 0; i < w->n; i++)
		vms__objcache_free(w->c, w->objs[i]);
}

static void defer_all(struct worker *w)
{
	for (size_t i = 0; i < w->n; i++)
		vms__objcache_free_rcu(w->c, w->objs[i]);
	vms__objcache_flush();
}

/* @w itself counts the objects on its shelf. */
static void count_shelf(struct worker *w)
{
	w->n = get(&vms__objcache_self->shelf[get(&w->c->index)].nr_full) * MAG;
}

/* Return: the number of objects of @c that fit on a shelf. */
static size_t shelf_objs(struct vms__objcache *c)
{
	vms__objcache_free(c, vms__objcache_alloc(c));
	assert_true(vms__shelf_max(c) > 4);
	return vms__shelf_max(c) * MAG;
}

/* Makes each shelf of @c hold @magazines, by setting the watermark. */
static void set_shelf(struct vms__objcache *c, size_t magazines)
{
	vms__objcache_free(c, vms__objcache_alloc(c));
	c->high = 4 * magazines * MAG;
	c->low = c->high / 2;
	depot_lock(c);
	vms__shelves_use(c, true);
	depot_unlock(c);
	assert_int_equal(vms__shelf_max(c), magazines);
}

/* ---- nothing is shared --------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * A slab of 64 KiB is carved for one thread, so that the line which a
 * prefetcher loads together with an object's line belongs to the same thread
 * too.
 */
static bool share_a_slab(const struct worker *a, const struct worker *b)
{
	uintptr_t *slabs = calloc(a->n, sizeof(*slabs)), slab;
	bool shared = false;

	for (size_t i = 0; i < a->n; i++)
		slabs[i] = (uintptr_t)slab_of(a->objs[i]);
	qsort(slabs, a->n, sizeof(*slabs), compare);
	for (size_t i = 0; i < b->n && !shared; i++) {
		slab = (uintptr_t)slab_of(b->objs[i]);
		shared = bsearch(&slab, slabs, a->n, sizeof(*slabs), compare);
	}
	free(slabs);
	return shared;
}

/*
 * As many objects as a fault of 128 MiB and its munmap take. In whatever order
 * the threads run, each gets its own objects back.
 */
static void two_threads_that_free_what_they_allocate_share_no_object(void **state)
{
	struct worker a, b;
	size_t n = shelf_objs(&own);

	(void)state;
	worker_start(&a, &own, n);
	worker_start(&b, &own, n / 2);
	for (int round = 0; round < 4; round++) {
		worker_do(&a, alloc_all);
		worker_do(&b, alloc_all);
		assert_false(share_a_slab(&a, &b));
		worker_do(round % 2 ? &b : &a, free_all);
		worker_do(round % 2 ? &a : &b, free_all);
	}
	worker_exit(&a);
	worker_exit(&b);
	(void)vms_trim();
}

/*
 * This thread holds the cache's lock meanwhile: a worker that tried to take it
 * would not return.
 */
static void in_steady_state_nobody_takes_the_caches_lock(void **state)
{
	struct worker a, b;
	size_t n = shelf_objs(&own);

	(void)state;
	worker_start(&a, &own, n);
	worker_start(&b, &own, n);
	for (int round = 0; round < 2; round++) {
		worker_do(&a, alloc_all);
		worker_do(&b, alloc_all);
		worker_do(&a, free_all);
		worker_do(&b, free_all);
	}
	depot_lock(&own);
	for (int round = 0; round < 3; round++) {
		worker_do(&a, alloc_all);
		worker_do(&b, alloc_all);
		worker_do(&a, free_all);
		worker_do(&b, free_all);
	}
	depot_unlock(&own);
	worker_exit(&a);
	worker_exit(&b);
	(void)vms_trim();
}

static size_t visits; /* to the depot */

/*
 * Counts how often the worker visits the depot: each time something is carved,
 * because no other thread runs.
 */
static void grow_slowly(struct worker *w)
{
	size_t carved = w->c->carved;

	for (size_t i = 0; i < w->n; i++) {
		w->objs[i] = vms__objcache_alloc(w->c);
		visits += w->c->carved != carved;
		carved = w->c->carved;
	}
}

/*
 * A thread carves at most a slab ahead, and at most as much as it has carved
 * before.
 */
static void a_thread_that_grows_comes_once_in_a_slab(void **state)
{
	struct worker w;
	size_t slabs = 20;

	(void)state;
	shelf_objs(&own);
	(void)vms_trim();
	visits = 0;
	worker_start(&w, &own, slabs * own.slab_objs);
	worker_do(&w, grow_slowly);
	assert_in_range(visits, slabs - 1, slabs + 8);
	assert_true(own.carved <= w.n + own.slab_objs + 2 * MAG);
	worker_do(&w, free_all);
	worker_exit(&w);
	(void)vms_trim();
	assert_int_equal(own.carved, 0);
	worker_start(&w, &own, 2 * MAG);
	worker_do(&w, alloc_all);
	assert_true(own.carved <= 2 * w.n);
	worker_do(&w, free_all);
	worker_exit(&w);
	(void)vms_trim();
}

/*
 * The callback thread frees the objects on behalf of the thread that deferred
 * them.
 */
static void what_a_thread_deferred_comes_back_to_it(void **state)
{
	struct worker a, b;
	size_t n = shelf_objs(&own) / 2;

	(void)state;
	(void)vms_trim();
	worker_start(&a, &own, n);
	worker_start(&b, &own, n);
	for (int round = 0; round < 4; round++) {
		worker_do(&a, alloc_all);
		worker_do(&b, alloc_all);
		assert_false(share_a_slab(&a, &b));
		worker_do(&a, defer_all);
		worker_do(&b, defer_all);
		vms_rcu_barrier();
		assert_int_equal(vms__objcache_deferred(&own), 0);
		assert_true(own.depot_objs <
			    MAG); /* from batches that a flush sent partly filled */
	}
	worker_exit(&a);
	worker_exit(&b);
	(void)vms_trim();
	assert_int_equal(own.carved, 0);
}

/* ---- memory is bounded nevertheless -------------------------------------- */

#define RING 256
#define CONSUMERS 3
#define PASSED 30000u /* to each consumer */

static void *_Atomic ring[RING];

static void *take_from_ring(void *arg)
{
	for (unsigned int i = 0; i < PASSED; i++) {
		void *obj;

		/* Acquire: pairs with the producer's release. */
		while (!(obj = atomic_exchange_explicit(&ring[i % RING], NULL,
							memory_order_acquire)))
			sched_yield();
		if (i % 5)
			vms__objcache_free(&passed, obj);
		else
			vms__objcache_free_rcu(&passed, obj);
	}
	return arg;
}

/* Return: the most that one thread keeps of @c. */
static size_t kept_back(const struct vms__objcache *c)
{
	return IN_MAGAZINES + vms__shelf_max(c) * MAG;
}

/*
 * One thread only allocates. Other threads, one after the other, only free;
 * each exits after its share.
 */
static void a_producer_and_its_consumers_take_bounded_memory(void **state)
{
	size_t garbage;

	(void)state;
	set_shelf(&passed, 8);
	passed.max_inflight = 2;
	garbage = (VMS__OBJCACHE_BOUND * passed.max_inflight + 1) * MAG;
	for (int consumer = 0; consumer < CONSUMERS; consumer++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, take_from_ring, NULL), 0);
		for (unsigned int i = 0; i < PASSED; i++) {
			void *obj;

			while (!(obj = vms__objcache_alloc(&passed)))
				vms_rcu_quiescent();
			while (atomic_load_explicit(&ring[i % RING], memory_order_acquire)) {
				vms_rcu_quiescent();
				sched_yield();
			}
			atomic_store_explicit(&ring[i % RING], obj, memory_order_release);
		}
		vms_rcu_thread_offline();
		assert_int_equal(pthread_join(thread, NULL), 0);
		vms_rcu_thread_online();
	}
	/*
	 * Both threads keep some objects. One carving may yield a bundle more
	 * than needed.
	 */
	assert_true(passed.carved <= RING + 2 * kept_back(&passed) + garbage + MAG);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&passed), 0);
	(void)vms_trim();
	assert_int_equal(passed.carved, 0);
}

/*
 * Nothing is carved and no magazine is in use: K (mags) must be 0, and the
 * depot must hold its X (spare) magazines, all empty. None is lost, and none is
 * kept without need.
 */
static void check_magazines(const struct vms__objcache *c)
{
	size_t n = 0;

	for (const struct vms__magazine *m = c->empty; m; m = m->next)
		n++;
	assert_int_equal(c->mags, 0);
	assert_int_equal(n, c->spare);
}

/* Starts a thread that fills its shelf and then does nothing. */
static void fill_a_shelf(struct worker *w, struct vms__objcache *c, size_t n)
{
	worker_start(w, c, n);
	worker_do(w, alloc_all);
	worker_do(w, free_all);
}

static void a_shelf_holds_no_more_than_its_size(void **state)
{
	struct worker w;

	(void)state;
	set_shelf(&idle, 8);
	fill_a_shelf(&w, &idle, 20 * MAG);
	assert_int_equal(vms__objcache_in_use(&idle), 0);
	/*
	 * The depot holds the rest, except for two magazines of the thread, and
	 * in addition what was carved ahead.
	 */
	assert_in_range(idle.depot_objs, (20 - 2 - 8) * MAG, (20 - 8) * MAG + idle.slab_objs);
	worker_do(&w, count_shelf);
	assert_int_equal(w.n, 8 * MAG);
	worker_exit(&w);
	(void)vms_trim();
	assert_int_equal(idle.carved, 0);
}

static void a_trim_reaches_other_threads_shelves(void **state)
{
	struct worker w;

	(void)state;
	set_shelf(&idle, 256);
	fill_a_shelf(&w, &idle, 200 * MAG);
	assert_true(idle.carved >= 200 * MAG);
	assert_true(vms_trim() > 0);
	/*
	 * Three slabs may stay: those of the thread's two magazines, and the
	 * one it carves from.
	 */
	assert_true(idle.carved <= 4 * (size_t)idle.slab_objs);
	assert_int_equal(vms__objcache_in_use(&idle), 0);
	worker_do(&w, alloc_all);
	assert_int_equal(vms__objcache_in_use(&idle), w.n);
	worker_do(&w, free_all);
	worker_exit(&w);
	(void)vms_trim();
	assert_int_equal(idle.carved, 0);
}

static void a_thread_that_exits_leaves_its_shelf_to_others(void **state)
{
	struct worker w;
	size_t carved = 0;

	(void)state;
	set_shelf(&idle, 64);
	for (int round = 0; round < 5; round++) {
		fill_a_shelf(&w, &idle, 60 * MAG);
		worker_exit(&w);
		if (!round)
			carved = idle.carved;
		assert_int_equal(idle.carved, carved);
		assert_int_equal(vms__objcache_in_use(&idle), 0);
	}
	(void)vms_trim();
	assert_int_equal(idle.carved, 0);
	check_magazines(&idle);
}

/*
 * Deferred objects outlive their thread, even if another thread takes its slot.
 */
static void what_a_thread_deferred_may_outlive_it(void **state)
{
	struct worker w, next;

	(void)state;
	worker_start(&w, &idle, 10 * MAG);
	worker_do(&w, alloc_all);
	vms__rcu_read_lock();
	worker_do(&w, defer_all);
	worker_exit(&w);
	worker_start(&next, &idle, 10 * MAG);
	worker_do(&next, alloc_all);
	worker_do(&next, free_all);
	assert_int_equal(vms__objcache_deferred(&idle), 10 * MAG);
	vms__rcu_read_unlock();
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&idle), 0);
	assert_int_equal(vms__objcache_in_use(&idle), 0);
	worker_exit(&next);
	(void)vms_trim();
	assert_int_equal(idle.carved, 0);
}

/*
 * With garbage at its bound the cache carves nothing. It must take objects from
 * another thread's idle shelf instead.
 */
static void at_the_bound_objects_come_from_other_threads_shelves(void **state)
{
	static void *mine[40 * MAG];
	struct worker w;
	size_t got = 0, before;

	(void)state;
	set_shelf(&scarce, 64);
	fill_a_shelf(&w, &scarce, 40 * MAG);
	scarce.max_inflight = 2;
	vms__rcu_read_lock();
	for (unsigned int i = 0; scarce.inflight < VMS__OBJCACHE_BOUND * scarce.max_inflight; i++)
		vms__objcache_free_rcu(&scarce, vms__objcache_alloc(&scarce));
	before = scarce.carved;
	while (got < sizeof(mine) / sizeof(mine[0]) &&
	       (mine[got] = vms__objcache_alloc(&scarce)) != NULL)
		got++;
	vms__rcu_read_unlock();
	/* All objects except those in the thread's magazines. */
	assert_in_range(got, (40 - 2) * MAG, 40 * MAG);
	assert_int_equal(scarce.carved, before);
	while (got)
		vms__objcache_free(&scarce, mine[--got]);
	worker_exit(&w);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&scarce), 0);
	(void)vms_trim();
}

/*
 * The child has no other threads, so that what they had on their shelves is
 * free.
 */
static int use_shelves_in_the_child(size_t n)
{
	size_t carved = idle.carved;

	if (idle.depot_objs < n - 2 * MAG)
		return 1;
	for (size_t i = 0; i < n - 2 * MAG; i++) {
		if (!vms__objcache_alloc(&idle))
			return 2;
	}
	if (idle.carved != carved)
		return 3;
	return vms__objcache_in_use(&idle) == n - 2 * MAG ? 0 : 4;
}

static void a_child_of_fork_takes_over_the_shelves(void **state)
{
	struct worker w;
	int status;
	pid_t pid;

	(void)state;
	set_shelf(&idle, 64);
	fill_a_shelf(&w, &idle, 50 * MAG);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(WATCHDOG_SECONDS / 2);
		_exit(use_shelves_in_the_child(50 * MAG));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	worker_do(&w, alloc_all);
	worker_do(&w, free_all);
	worker_exit(&w);
	(void)vms_trim();
	assert_int_equal(idle.carved, 0);
}

#define MANY 70

/* More threads share the same total, whatever they had before. */
static void many_threads_have_smaller_shelves(void **state)
{
	static struct worker w[MANY];
	size_t all = 0;

	(void)state;
	set_shelf(&sized, 32);
	/*
	 * Besides two magazines each thread has 20 on its shelf, until the
	 * shelf shrinks.
	 */
	for (int i = 0; i < MANY; i++)
		fill_a_shelf(&w[i], &sized, 22 * MAG);
	(void)vms_trim();
	for (int i = 0; i < MANY; i++) {
		w[i].n = 10 * MAG;
		worker_do(&w[i], alloc_all);
	}
	assert_int_equal(vms__shelf_max(&sized), 32 / 4);
	for (int i = 0; i < MANY; i++) {
		worker_do(&w[i], free_all);
		worker_do(&w[i], count_shelf);
		all += w[i].n;
	}
	assert_int_equal(all, MAG * MANY * (32 / 4));
	for (int i = 0; i < MANY; i++)
		worker_exit(&w[i]);
	(void)vms_trim();
	assert_int_equal(sized.carved, 0);
	assert_int_equal(vms__shelf_max(&sized), 32);
}

/*
 * Symptom: new threads get no room on their shelves. Cause: older threads keep
 * more than their new share. Each existing shelf must be emptied when there are
 * too many threads.
 */
static void a_shelf_that_is_too_big_now_is_emptied(void **state)
{
	static struct worker w[MANY];

	(void)state;
	set_shelf(&sized, 32);
	fill_a_shelf(&w[0], &sized, 22 * MAG);
	for (int i = 1; i < MANY; i++)
		fill_a_shelf(&w[i], &sized, 1);
	worker_do(&w[0], count_shelf);
	assert_int_equal(w[0].n, 0);
	for (int i = 0; i < MANY; i++)
		worker_exit(&w[i]);
	(void)vms_trim();
	assert_int_equal(sized.carved, 0);
}

/*
 * One object in use keeps each slab. While too much is free, frees must be
 * counted, and shelves must take nothing.
 */
static void shelves_take_nothing_while_too_much_is_free(void **state)
{
	enum { N = 64 * 1000 };
	static void *objs[N];
	static bool kept[N];
	const struct vms__slab *last = NULL;

	(void)state;
	set_shelf(&strewn, 64);
	for (size_t i = 0; i < N; i++) {
		assert_non_null(objs[i] = vms__objcache_alloc(&strewn));
		kept[i] = slab_of(objs[i]) != last;
		last = slab_of(objs[i]);
	}
	for (size_t i = 0; i < N; i++) {
		if (!kept[i])
			vms__objcache_free(&strewn, objs[i]);
	}
	vms_rcu_barrier();
	assert_true(strewn.carved >= N);
	assert_int_equal(vms__shelf_max(&strewn), 0);
	for (size_t i = 0; i < N; i++) {
		if (kept[i])
			vms__objcache_free(&strewn, objs[i]);
	}
	vms_rcu_barrier();
	(void)vms_trim();
	assert_int_equal(strewn.carved, 0);
	assert_int_equal(vms__shelf_max(&strewn), 64);
}

/* ---- everything concurrently --------------------------------------------- */

#define MIXERS 3
#define PLACES 4096

static unsigned long *_Atomic places[PLACES];
static _Atomic bool stop;
static _Atomic unsigned long lost;

/*
 * Puts objects, marked with the number of their place, into random places, and
 * frees the objects found there, whichever thread put them.
 */
static void exchange(unsigned int *seed, int times)
{
	for (int i = 0; i < times; i++) {
		unsigned long place = (unsigned long)rand_r(seed) % PLACES;
		unsigned long *obj = rand_r(seed) % 2 ? vms__objcache_alloc(&mixed) : NULL;

		if (obj)
			obj[0] = obj[7] = place;
		/*
		 * Acquire and release: the object's content is passed with it.
		 */
		obj = atomic_exchange_explicit(&places[place], obj, memory_order_acq_rel);
		if (!obj)
			continue;
		if (obj[0] != place || obj[7] != place)
			atomic_fetch_add(&lost, 1);
		if (rand_r(seed) % 3)
			vms__objcache_free(&mixed, obj);
		else
			vms__objcache_free_rcu(&mixed, obj);
	}
}

static void *exchange_and_exit(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	exchange(&seed, 20000);
	return arg;
}

static void *come_and_go(void *arg)
{
	for (uintptr_t i = 0; i < 6; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, exchange_and_exit, (void *)((uintptr_t)arg + i)))
			abort();
		pthread_join(thread, NULL);
	}
	return NULL;
}

static void *trim_again_and_again(void *arg)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		(void)vms__objcache_trim();
		(void)vms__objcache_in_use(&mixed);
		vms_rcu_quiescent();
	}
	return arg;
}

static void shelves_lose_nothing_while_threads_come_and_go(void **state)
{
	pthread_t threads[MIXERS], trimmer;
	size_t held = 0;

	(void)state;
	set_shelf(&mixed, 5);
	atomic_store(&stop, false);
	vms_rcu_thread_offline();
	assert_int_equal(pthread_create(&trimmer, NULL, trim_again_and_again, NULL), 0);
	for (uintptr_t i = 0; i < MIXERS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, come_and_go, (void *)((i + 1) << 8)), 0);
	for (int i = 0; i < MIXERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(trimmer, NULL), 0);
	vms_rcu_thread_online();
	vms_rcu_barrier();
	assert_int_equal(atomic_load(&lost), 0);
	for (int i = 0; i < PLACES; i++)
		held += places[i] != NULL;
	assert_int_equal(vms__objcache_in_use(&mixed), held);
	for (int i = 0; i < PLACES; i++) {
		if (places[i])
			vms__objcache_free(&mixed, places[i]);
	}
	(void)vms_trim();
	assert_int_equal(vms__objcache_in_use(&mixed), 0);
	assert_int_equal(mixed.carved, 0);
	check_magazines(&mixed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_that_free_what_they_allocate_share_no_object),
		cmocka_unit_test(in_steady_state_nobody_takes_the_caches_lock),
		cmocka_unit_test(a_thread_that_grows_comes_once_in_a_slab),
		cmocka_unit_test(what_a_thread_deferred_comes_back_to_it),
		cmocka_unit_test(a_producer_and_its_consumers_take_bounded_memory),
		cmocka_unit_test(a_shelf_holds_no_more_than_its_size),
		cmocka_unit_test(a_trim_reaches_other_threads_shelves),
		cmocka_unit_test(a_thread_that_exits_leaves_its_shelf_to_others),
		cmocka_unit_test(what_a_thread_deferred_may_outlive_it),
		cmocka_unit_test(at_the_bound_objects_come_from_other_threads_shelves),
		cmocka_unit_test(a_child_of_fork_takes_over_the_shelves),
		cmocka_unit_test(many_threads_have_smaller_shelves),
		cmocka_unit_test(a_shelf_that_is_too_big_now_is_emptied),
		cmocka_unit_test(shelves_take_nothing_while_too_much_is_free),
		cmocka_unit_test(shelves_lose_nothing_while_threads_come_and_go),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
