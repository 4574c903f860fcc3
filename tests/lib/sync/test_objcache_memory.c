/* SPDX-License-Identifier: MIT */
/*
 * test_objcache_memory.c - how much memory object caches take: garbage is
 * bounded for every writer, whatever readers do, and free memory returns to the
 * system, but never while a reader may look at it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/objcache/internal.h"
#include "lib/sync/rcu.h"
#include "tests/lib/sync/child.h"

#define KEPT_BACK ((size_t)3 * VMS__MAG_SIZE) /* objects of one cache that a thread keeps at most */

static VMS__OBJCACHE_DEFINE(garbage, "garbage", 64, 64, 0);
static VMS__OBJCACHE_DEFINE(nodes, "nodes", 256, 256, 0);
static VMS__OBJCACHE_DEFINE(stable, "stable", 256, 64, VMS__OBJCACHE_TYPESAFE);
static VMS__OBJCACHE_DEFINE(watched, "watched", 256, 64, 0);
static VMS__OBJCACHE_DEFINE(strewn, "strewn", 256, 64, 0);
static VMS__OBJCACHE_DEFINE(last_few, "last_few", 256, 64, 0);
static VMS__OBJCACHE_DEFINE(mixed, "mixed", 256, 64, 0);

/* ---- a reader that stays ------------------------------------------------- */

struct reader {
	pthread_t thread;
	sem_t inside, may_leave;
	pthread_mutex_t *wants; /* a lock that it takes inside its section, or NULL */
};

static void *stay(void *arg)
{
	struct reader *r = arg;

	vms__rcu_read_lock();
	sem_post(&r->inside);
	if (r->wants) {
		pthread_mutex_lock(r->wants);
		pthread_mutex_unlock(r->wants);
	} else {
		sem_wait(&r->may_leave);
	}
	vms__rcu_read_unlock();
	return NULL;
}

/* On return the reader is inside a read section. */
static void reader_enters(struct reader *r, pthread_mutex_t *wants)
{
	r->wants = wants;
	sem_init(&r->inside, 0, 0);
	sem_init(&r->may_leave, 0, 0);
	assert_int_equal(pthread_create(&r->thread, NULL, stay, r), 0);
	sem_wait(&r->inside);
}

static void reader_leaves(struct reader *r)
{
	sem_post(&r->may_leave);
	assert_int_equal(pthread_join(r->thread, NULL), 0);
}

/* ---- the brake, and the bound -------------------------------------------- */

#ifndef VMS_RCU_QSBR
#define WRITERS 2
#define GARBAGE_LIMIT 8u /* batches */

/* Return: the most garbage seen at once. */
static void *make_garbage(void *objects)
{
	size_t most = 0;

	for (uintptr_t i = 0; i < (uintptr_t)objects; i++) {
		void *obj = vms__objcache_alloc(&garbage);

		if (!obj)
			return NULL;
		vms__objcache_free_rcu(&garbage, obj);
		if (i % 50 == 0) {
			size_t now = vms__objcache_deferred(&garbage);

			most = now > most ? now : most;
		}
	}
	return (void *)most;
}

/*
 * The writers make all of the garbage within one grace period, so that without
 * the brake all of it would exist at once.
 */
static void writers_that_outrun_grace_periods_are_slowed_down(void **state)
{
	enum { EACH = 10000 };
	pthread_t threads[WRITERS];
	void *most;

	(void)state;
	garbage.max_inflight = GARBAGE_LIMIT;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_garbage,
						(void *)(uintptr_t)EACH),
				 0);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], &most), 0);
		/*
		 * Not 0: readers end their sections, so that no allocation
		 * fails.
		 */
		assert_in_range((uintptr_t)most, 1, WRITERS * EACH / 4);
	}
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&garbage), 0);
	assert_true(garbage.carved < WRITERS * EACH / 2);
}
#endif

/*
 * Allocates and frees after a grace period until an allocation fails. Return:
 * the number of allocations that succeeded.
 */
static size_t replace_until_failure(struct vms__objcache *c, size_t most)
{
	size_t n = 0;

	for (void *obj; n < most && (obj = vms__objcache_alloc(c)) != NULL; n++)
		vms__objcache_free_rcu(c, obj);
	return n;
}

/*
 * The most that @c may have carved while no object is in use: its bound, what a
 * thread keeps, and what is carved ahead on its shelf.
 */
static size_t bound_of(const struct vms__objcache *c)
{
	return ((size_t)VMS__OBJCACHE_BOUND * c->max_inflight + 1) * VMS__MAG_SIZE + KEPT_BACK +
	       c->slab_objs;
}

#define PLENTY 1000000u

/*
 * The writer is in a section: nothing that it frees becomes free before the
 * section ends, and it can wait for nobody.
 */
static void a_writer_inside_a_section_is_stopped_by_the_bound(void **state)
{
	unsigned long slept = garbage.nr_throttled;
	size_t n, before;

	(void)state;
	vms_rcu_barrier();
	(void)vms__objcache_trim();
	garbage.max_inflight = 2;
	before = garbage.carved; /* no thread keeps any: the others have exited */
	vms__rcu_read_lock();
	n = replace_until_failure(&garbage, PLENTY);
	assert_false(vms__objcache_reserve(&garbage, VMS__OBJCACHE_RESERVE_MAX));
	vms__rcu_read_unlock();
	assert_true(n > (size_t)garbage.max_inflight * VMS__MAG_SIZE);
	assert_true(n <= before + bound_of(&garbage));
	assert_true(garbage.carved <= before + bound_of(&garbage));
	assert_int_equal(garbage.nr_throttled, slept);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&garbage), 0);
	assert_int_equal(replace_until_failure(&garbage, 100), 100);
	assert_int_equal(vms__objcache_in_use(&garbage), 0);
}

#ifndef VMS_RCU_QSBR
/*
 * The writer waits for a moment, once, and then fails. Later allocations fail
 * without waiting, until the reader has left its section.
 */
static void a_writer_beside_a_reader_that_stays_is_stopped_by_the_bound(void **state)
{
	struct reader reader;
	unsigned long slept;
	size_t n;

	(void)state;
	vms_rcu_barrier();
	(void)vms__objcache_trim();
	garbage.max_inflight = 2;
	reader_enters(&reader, NULL);
	n = replace_until_failure(&garbage, PLENTY);
	slept = garbage.nr_throttled;
	for (int i = 0; i < 50; i++) {
		assert_null(vms__objcache_alloc(&garbage));
		assert_false(vms__objcache_reserve(&garbage, VMS__OBJCACHE_RESERVE_MAX));
	}
	assert_int_equal(garbage.nr_throttled, slept);
	assert_true(n <= bound_of(&garbage));
	assert_true(garbage.carved <= bound_of(&garbage));
	reader_leaves(&reader);
	vms_rcu_barrier();
	assert_int_equal(replace_until_failure(&garbage, 1000), 1000);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&garbage), 0);
}

/*
 * The request is pending before the call; the next cancellation point acts on
 * it.
 */
static void *replace_cancelled(void *arg)
{
	pthread_cancel(pthread_self());
	*(size_t *)arg = replace_until_failure(&garbage, PLENTY);
	pthread_testcancel();
	return NULL;
}

/*
 * Symptom: a cancelled writer leaves a lock held. Cause: it ended inside a call
 * that sleeps. It must end after its calls.
 */
static void a_cancelled_writer_is_slowed_down_all_the_same(void **state)
{
	unsigned long slept = garbage.nr_throttled;
	struct reader reader;
	pthread_t writer;
	size_t n = 0;
	void *ret;

	(void)state;
	garbage.max_inflight = 2;
	reader_enters(&reader, NULL);
	assert_int_equal(pthread_create(&writer, NULL, replace_cancelled, &n), 0);
	assert_int_equal(pthread_join(writer, &ret), 0);
	assert_true(ret == PTHREAD_CANCELED);
	reader_leaves(&reader);
	vms_rcu_barrier();
	assert_true(n > 0);
	assert_true(garbage.nr_throttled > slept);
	assert_int_equal(replace_until_failure(&garbage, 100), 100);
}

/*
 * Symptom: deadlock. Cause: a writer that waits at the bound holds a lock which
 * the reader needs to end its section. The writer must fail instead.
 */
static void a_writer_at_the_bound_does_not_wait_for_a_reader_that_waits_for_it(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct reader reader;
	size_t n;

	(void)state;
	garbage.max_inflight = 2;
	pthread_mutex_lock(&lock);
	reader_enters(&reader, &lock);
	n = replace_until_failure(&garbage, PLENTY);
	pthread_mutex_unlock(&lock);
	reader_leaves(&reader);
	assert_true(n < PLENTY);
	vms_rcu_barrier();
	assert_int_equal(replace_until_failure(&garbage, 1000), 1000);
	vms_rcu_barrier();
}
#endif

/* At the bound only new memory is refused; free objects are still allocated. */
static void free_objects_are_handed_out_at_the_bound(void **state)
{
	enum { FREE = 20 * VMS__MAG_SIZE };
	static void *objs[FREE];

	(void)state;
	garbage.max_inflight = 2;
	vms__rcu_read_lock();
	for (int i = 0; i < FREE; i++)
		assert_non_null(objs[i] = vms__objcache_alloc(&garbage));
	(void)replace_until_failure(&garbage, PLENTY);
	for (int i = 0; i < FREE; i++)
		vms__objcache_free(&garbage, objs[i]);
	for (int i = 0; i < FREE; i++)
		assert_non_null(objs[i] = vms__objcache_alloc(&garbage));
	for (int i = 0; i < FREE; i++)
		vms__objcache_free(&garbage, objs[i]);
	vms__rcu_read_unlock();
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&garbage), 0);
}

/* ---- memory goes back ---------------------------------------------------- */

#define SLABS 40u
#define OBJS_MAX (SLABS * (SLAB_SIZE / 256))

static unsigned char *objs[OBJS_MAX];

/*
 * Allocates the objects that fill @SLABS slabs. A debug build has fewer objects
 * in each slab. Return: their number.
 */
static size_t fill(struct vms__objcache *c)
{
	size_t n = 0, all;

	objs[n++] = vms__objcache_alloc(c);
	all = (size_t)SLABS * c->slab_objs;
	for (; n < all; n++)
		assert_non_null(objs[n] = vms__objcache_alloc(c));
	return all;
}

static bool is_resident(const void *obj)
{
	const uintptr_t page = (uintptr_t)obj & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
	unsigned char here = 0;

	assert_int_equal(mincore((void *)page, 1, &here), 0); /* not -ENOMEM: the page is mapped */
	return here & 1;
}

static size_t count_resident(size_t n)
{
	size_t resident = 0;

	for (size_t i = 0; i < n; i++)
		resident += is_resident(objs[i]);
	return resident;
}

static size_t count_chunks(const struct vms__objcache *c)
{
	size_t n = 0;

	for (const struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next)
		n++;
	return n;
}

static void all_free_memory_goes_back_and_is_used_again(void **state)
{
	size_t n = fill(&nodes), chunks = count_chunks(&nodes);

	(void)state;
	(void)vms_trim(); /* trims the other caches */
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < n; i++)
			memset(objs[i], 0xa5, 256);
		assert_int_equal(count_resident(n), n);
		for (size_t i = 0; i < n; i++) {
			if (i % 2)
				vms__objcache_free(&nodes, objs[i]);
			else
				vms__objcache_free_rcu(&nodes, objs[i]);
		}
		assert_in_range(vms_trim(), SLABS * SLAB_SIZE, (SLABS + 1) * SLAB_SIZE);
		assert_int_equal(nodes.carved, 0);
		assert_int_equal(nodes.mags, 0);
		assert_int_equal(count_resident(n), 0);
		assert_int_equal(vms__objcache_trim(), 0);
		assert_int_equal(fill(&nodes), n);
		assert_int_equal(count_chunks(&nodes), chunks);
	}
	for (size_t i = 0; i < n; i++)
		vms__objcache_free(&nodes, objs[i]);
	(void)vms_trim();
}

static void a_slab_with_an_object_in_use_stays(void **state)
{
	size_t n = fill(&nodes), kept = n / 2;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		memset(objs[i], (int)i, 256);
		if (i != kept)
			vms__objcache_free(&nodes, objs[i]);
	}
	assert_in_range(vms_trim(), (SLABS - 1) * SLAB_SIZE, SLABS * SLAB_SIZE);
	for (int k = 0; k < 256; k++)
		assert_int_equal(objs[kept][k], (unsigned char)kept);
	assert_int_equal(vms__objcache_in_use(&nodes), 1);
	assert_in_range(nodes.carved, 1, nodes.slab_objs);
	vms__objcache_free(&nodes, objs[kept]);
	assert_in_range(vms_trim(), SLAB_SIZE, SLAB_SIZE);
	assert_int_equal(nodes.carved, 0);
}

static sem_t kept_back, may_exit;

static void *keep_back(void *arg)
{
	void *obj = vms__objcache_alloc(&nodes);

	vms__objcache_free(&nodes, obj);
	sem_post(&kept_back);
	sem_wait(&may_exit);
	return arg;
}

/*
 * A trim cannot take what another thread keeps. That is bounded, and returns to
 * the system after the thread has exited.
 */
static void what_another_thread_keeps_back_is_bounded(void **state)
{
	pthread_t thread;

	(void)state;
	sem_init(&kept_back, 0, 0);
	sem_init(&may_exit, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, keep_back, NULL), 0);
	sem_wait(&kept_back);
	(void)vms_trim();
	assert_in_range(nodes.carved, 1, KEPT_BACK);
	assert_int_equal(vms__objcache_in_use(&nodes), 0);
	sem_post(&may_exit);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(vms_trim(), SLAB_SIZE);
	assert_int_equal(nodes.carved, 0);
}

static void *carve_twice(void *arg)
{
	void **mine = arg;

	for (unsigned int i = 0; i < nodes.bundle; i++)
		mine[i] = vms__objcache_alloc(&nodes);
	sem_post(&kept_back);
	sem_wait(&may_exit);
	for (unsigned int i = 0; i < nodes.bundle; i++)
		mine[i] = vms__objcache_alloc(&nodes);
	return NULL;
}

/*
 * All objects that a thread has carved from its slab so far are free, and the
 * thread keeps none of them. The slab must stay, because the thread will carve
 * more objects from it.
 */
static void the_slab_that_another_thread_carves_from_stays(void **state)
{
	static void *theirs[VMS__MAG_SIZE], *mine[VMS__MAG_SIZE];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, carve_twice, theirs), 0);
	sem_wait(&kept_back);
	for (unsigned int i = 0; i < nodes.bundle; i++)
		vms__objcache_free(&nodes, theirs[i]);
	(void)vms_trim();
	assert_int_equal(nodes.carved, nodes.bundle);
	for (unsigned int i = 0; i < nodes.bundle; i++)
		mine[i] = vms__objcache_alloc(&nodes);
	sem_post(&may_exit);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (unsigned int i = 0; i < nodes.bundle; i++) {
		for (unsigned int k = 0; k < nodes.bundle; k++)
			assert_ptr_not_equal(mine[i], theirs[k]);
	}
	for (unsigned int i = 0; i < nodes.bundle; i++) {
		vms__objcache_free(&nodes, mine[i]);
		vms__objcache_free(&nodes, theirs[i]);
	}
	assert_int_equal(vms_trim(), SLAB_SIZE);
	assert_int_equal(nodes.carved, 0);
}

/*
 * Each thread carves its objects from slabs of its own, so that two threads
 * share no cache line and no slab.
 */
static void *fill_two_magazines(void *arg)
{
	void **mine = arg;

	for (unsigned int i = 0; i < 2 * VMS__MAG_SIZE; i++)
		mine[i] = vms__objcache_alloc(&strewn);
	return NULL;
}

static void threads_carve_from_slabs_of_their_own(void **state)
{
	static void *of[2][2 * VMS__MAG_SIZE];
	pthread_t threads[2];

	(void)state;
	/*
	 * One thread after the other, while both live: the first thread's slab
	 * is not used up.
	 */
	fill_two_magazines(of[0]);
	assert_int_equal(pthread_create(&threads[1], NULL, fill_two_magazines, of[1]), 0);
	assert_int_equal(pthread_join(threads[1], NULL), 0);
	for (unsigned int i = 0; i < 2 * VMS__MAG_SIZE; i++) {
		for (unsigned int k = 0; k < 2 * VMS__MAG_SIZE; k++)
			assert_ptr_not_equal(slab_of(of[0][i]), slab_of(of[1][k]));
	}
	for (unsigned int i = 0; i < 2 * VMS__MAG_SIZE; i++) {
		vms__objcache_free(&strewn, of[0][i]);
		vms__objcache_free(&strewn, of[1][i]);
	}
	(void)vms_trim();
}

/* ---- no memory returns while a reader may look at it --------------------- */

static sem_t has_found, may_look_again;
static _Atomic bool trimmed;
static _Atomic unsigned long *_Atomic found;

static bool is_leaving(struct vms__objcache *c)
{
	bool leaving;

	depot_lock(c);
	leaving = c->nr_leaving != 0;
	depot_unlock(c);
	return leaving;
}

/*
 * Finds an object in a read section, and looks at it until the section ends.
 * Return: whether it ever saw something else.
 */
static void *look_at_found(void *arg)
{
	_Atomic unsigned long *obj;
	uintptr_t changed = 0;

	vms__rcu_read_lock();
	obj = atomic_load(&found);
	sem_post(&has_found);
	sem_wait(&may_look_again);
	while (!is_leaving(&stable) && !atomic_load(&trimmed))
		sched_yield();
	/*
	 * Long enough for a trim that wrongly does not wait for this section.
	 */
	for (int i = 0; i < 50; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		changed |= atomic_load_explicit(obj, memory_order_relaxed) != 42 ||
			   atomic_load(&trimmed);
	}
	vms__rcu_read_unlock();
	(void)arg;
	return (void *)changed;
}

static void typesafe_memory_goes_back_after_a_grace_period(void **state)
{
	size_t n = fill(&stable);
	pthread_t reader;
	void *changed;

	(void)state;
	sem_init(&has_found, 0, 0);
	sem_init(&may_look_again, 0, 0);
	for (size_t i = 0; i < n; i++)
		atomic_store_explicit((_Atomic unsigned long *)objs[i], 42, memory_order_relaxed);
	atomic_store(&found, (_Atomic unsigned long *)objs[n / 2]);
	assert_int_equal(pthread_create(&reader, NULL, look_at_found, NULL), 0);
	sem_wait(&has_found);
	for (size_t i = 0; i < n; i++)
		vms__objcache_free(&stable, objs[i]);
	sem_post(&may_look_again);
	vms_rcu_thread_offline();
	assert_true(vms__objcache_trim() >= SLABS * SLAB_SIZE);
	atomic_store(&trimmed, true);
	vms_rcu_thread_online();
	assert_int_equal(pthread_join(reader, &changed), 0);
	assert_int_equal((uintptr_t)changed, 0);
	/*
	 * In builds that keep nothing behind an object, a reader with an old
	 * pointer finds zeros.
	 */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(atomic_load_explicit((_Atomic unsigned long *)objs[i],
						      memory_order_relaxed),
				 0);
}

/* ---- a fork concurrently with a trim ------------------------------------- */

static void *trim_in_a_thread(void *arg)
{
	(void)vms__objcache_trim();
	return arg;
}

/*
 * In the child no thread continues what another thread was returning to the
 * system. Return: the child's exit status.
 */
static int look_after_fork(size_t n)
{
	if (stable.nr_leaving)
		return 1;
	for (const struct vms__chunk *chunk = stable.chunks; chunk; chunk = chunk->next) {
		for (unsigned int i = 0; i < CHUNK_SLABS; i++) {
			if (chunk->slab[i].state == SLAB_LEAVING)
				return 2;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!(objs[i] = vms__objcache_alloc(&stable)))
			return 3;
		memset(objs[i], 1, 256);
	}
	return vms__objcache_in_use(&stable) == n ? 0 : 4;
}

static void a_fork_finds_what_another_thread_gives_back(void **state)
{
	size_t n = fill(&stable), chunks = count_chunks(&stable);
	struct reader reader;
	pthread_t trimmer;
	int status;
	pid_t pid;

	(void)state;
	reader_enters(&reader, NULL);
	for (size_t i = 0; i < n; i++)
		vms__objcache_free(&stable, objs[i]);
	depot_lock(&stable);
	vms__depot_drain_local(&stable, vms__objcache_local(&stable));
	depot_unlock(&stable);
	assert_int_equal(pthread_create(&trimmer, NULL, trim_in_a_thread, NULL), 0);
	while (!is_leaving(&stable))
		sched_yield();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(WATCHDOG_SECONDS / 2);
		status = look_after_fork(n);
		_exit(status ? status : count_chunks(&stable) == chunks ? 0 : 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	reader_leaves(&reader);
	vms_rcu_thread_offline();
	assert_int_equal(pthread_join(trimmer, NULL), 0);
	vms_rcu_thread_online();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(stable.nr_leaving, 0);
}

/* ---- without a call ------------------------------------------------------ */

/* Sets the cache's watermark to 10 slabs, of which 5 stay. */
static void set_watermark(struct vms__objcache *c)
{
	vms__objcache_free(c, vms__objcache_alloc(c));
	c->high = (size_t)10 * c->slab_objs;
	c->low = (size_t)5 * c->slab_objs;
	depot_lock(c);
	vms__shelves_use(c, true);
	depot_unlock(c);
}

static void memory_goes_back_by_itself_past_the_watermark(void **state)
{
	size_t n;

	(void)state;
	set_watermark(&watched);
	n = fill(&watched);
	/* More than the watermark is free, but more than that is in use. */
	for (size_t i = 0; i < 15 * (size_t)watched.slab_objs; i++)
		vms__objcache_free(&watched, objs[i]);
	vms_rcu_barrier();
	assert_true(watched.carved >= n);
	for (size_t i = 15 * (size_t)watched.slab_objs; i < n; i++)
		vms__objcache_free(&watched, objs[i]);
	vms_rcu_barrier();
	/*
	 * What may stay: the low watermark in the depot, what this thread
	 * keeps, slabs that are partly carved, and one chunk if the collector
	 * ran while the depot grew, because no chunk is returned in part if the
	 * rest of it is free too.
	 */
	assert_in_range(watched.carved, watched.low,
			watched.low + KEPT_BACK + (2 + CHUNK_SLABS) * (size_t)watched.slab_objs);
	assert_true(watched.carved < n);
	assert_true(count_resident(n) <= watched.carved + watched.slab_objs);
}

/*
 * Below the watermark no memory moves, however often it is freed and allocated.
 */
static void memory_below_the_watermark_stays(void **state)
{
	size_t carved, n = 9 * (size_t)watched.slab_objs;

	(void)state;
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < n; i++)
			assert_non_null(objs[i] = vms__objcache_alloc(&watched));
		if (!round)
			carved = watched.carved;
		for (size_t i = 0; i < n; i++)
			vms__objcache_free(&watched, objs[i]);
		vms_rcu_barrier();
		assert_int_equal(watched.carved, carved);
	}
}

/* Whether @obj is among the first few objects of its slab. */
static bool is_among_first(const struct vms__objcache *c, const void *obj)
{
	return ((uintptr_t)obj & (SLAB_SIZE - 1)) < c->colour + 10 * c->stride;
}

/*
 * While a few objects of each slab are in use, the search for empty slabs finds
 * none. After they are freed it must find some.
 */
static void slabs_that_could_not_go_back_go_later(void **state)
{
	size_t n;

	(void)state;
	set_watermark(&strewn);
	n = fill(&strewn);
	for (size_t i = 0; i < n; i++) {
		if (!is_among_first(&strewn, objs[i]))
			vms__objcache_free(&strewn, objs[i]);
	}
	vms_rcu_barrier();
	assert_in_range(strewn.carved, n - strewn.slab_objs, n + KEPT_BACK + strewn.slab_objs);
	assert_true(strewn.retry_at > strewn.depot_objs);
	for (size_t i = 0; i < n; i++) {
		if (is_among_first(&strewn, objs[i]))
			vms__objcache_free(&strewn, objs[i]);
	}
	vms_rcu_barrier();
	assert_in_range(strewn.carved, 0, n / 2);
}

#define TOGETHER 120u /* fewer than a slab has */

/*
 * Symptom: slabs whose objects are all free stay. Cause: the last frees stay in
 * the thread, and the depot is not searched again. One object in each slab is
 * in use, and TOGETHER more in one slab. When all are freed, the thread keeps
 * the last 128; the other frees must suffice to search the depot again.
 */
static void the_last_few_objects_do_not_keep_all_slabs(void **state)
{
	static void *strewn_objs[SLABS], *together[TOGETHER];
	size_t n, nr_strewn = 0, nr_together = 0;
	const struct vms__slab *slab;

	(void)state;
	set_watermark(&last_few);
	n = fill(&last_few);
	slab = slab_of(objs[n / 2]);
	for (size_t i = 0; i < n; i++) {
		if (((uintptr_t)objs[i] & (SLAB_SIZE - 1)) == last_few.colour && nr_strewn < SLABS)
			strewn_objs[nr_strewn++] = objs[i];
		else if (slab_of(objs[i]) == slab && nr_together < TOGETHER)
			together[nr_together++] = objs[i];
		else
			vms__objcache_free(&last_few, objs[i]);
	}
	assert_in_range(nr_strewn, SLABS - 1, SLABS);
	assert_int_equal(nr_together, TOGETHER);
	depot_lock(&last_few);
	vms__depot_drain_local(&last_few, vms__objcache_local(&last_few));
	last_few.retry_at = 0;
	depot_unlock(&last_few);
	vms_rcu_barrier();
	assert_in_range(last_few.carved, n - 2 * (size_t)last_few.slab_objs, n + KEPT_BACK);
	assert_true(last_few.retry_at > last_few.depot_objs);
	for (size_t i = 0; i < nr_strewn; i++)
		vms__objcache_free(&last_few, strewn_objs[i]);
	for (size_t i = 0; i < nr_together; i++)
		vms__objcache_free(&last_few, together[i]);
	vms_rcu_barrier();
	assert_in_range(last_few.carved, 0, n / 2);
}

/* ---- everything concurrently --------------------------------------------- */

#define MIXERS 3
#define HELD 3000

static _Atomic bool stop;

static void *trim_again_and_again(void *arg)
{
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		(void)vms__objcache_trim();
		vms_rcu_quiescent();
	}
	return arg;
}

/*
 * Allocates and frees objects so that their number grows and shrinks. Each
 * object keeps its owner's mark while in use. Return: the number of lost marks.
 */
static void *grow_and_shrink(void *mark)
{
	unsigned long **held = calloc(HELD, sizeof(*held));
	uintptr_t lost = 0;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < HELD; i++) {
			held[i] = vms__objcache_alloc(&mixed);
			for (int k = 0; k < 32; k += 31)
				held[i][k] = (uintptr_t)mark + (unsigned long)i;
		}
		for (int i = 0; i < HELD; i++) {
			for (int k = 0; k < 32; k += 31)
				lost += held[i][k] != (uintptr_t)mark + (unsigned long)i;
			if ((i + round) % 3)
				vms__objcache_free(&mixed, held[i]);
			else
				vms__objcache_free_rcu(&mixed, held[i]);
		}
		vms_rcu_quiescent();
	}
	free(held);
	return (void *)lost;
}

static void trimming_beside_work_takes_nothing_that_is_in_use(void **state)
{
	pthread_t threads[MIXERS], trimmer;
	void *lost;

	(void)state;
	atomic_store(&stop, false);
	set_watermark(&mixed);
	assert_int_equal(pthread_create(&trimmer, NULL, trim_again_and_again, NULL), 0);
	vms_rcu_thread_offline();
	for (uintptr_t i = 0; i < MIXERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, grow_and_shrink,
						(void *)((i + 1) << 32)),
				 0);
	for (int i = 0; i < MIXERS; i++) {
		assert_int_equal(pthread_join(threads[i], &lost), 0);
		assert_int_equal((uintptr_t)lost, 0);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(trimmer, NULL), 0);
	vms_rcu_thread_online();
	(void)vms_trim();
	assert_int_equal(vms__objcache_in_use(&mixed), 0);
	assert_int_equal(mixed.carved, 0);
	assert_int_equal(mixed.mags, 0);
	assert_int_equal(mixed.nr_leaving, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef VMS_RCU_QSBR
		cmocka_unit_test(writers_that_outrun_grace_periods_are_slowed_down),
#endif
		cmocka_unit_test(a_writer_inside_a_section_is_stopped_by_the_bound),
#ifndef VMS_RCU_QSBR
		cmocka_unit_test(a_writer_beside_a_reader_that_stays_is_stopped_by_the_bound),
		cmocka_unit_test(a_cancelled_writer_is_slowed_down_all_the_same),
		cmocka_unit_test(
			a_writer_at_the_bound_does_not_wait_for_a_reader_that_waits_for_it),
#endif
		cmocka_unit_test(free_objects_are_handed_out_at_the_bound),
		cmocka_unit_test(all_free_memory_goes_back_and_is_used_again),
		cmocka_unit_test(a_slab_with_an_object_in_use_stays),
		cmocka_unit_test(what_another_thread_keeps_back_is_bounded),
		cmocka_unit_test(the_slab_that_another_thread_carves_from_stays),
		cmocka_unit_test(threads_carve_from_slabs_of_their_own),
		cmocka_unit_test(typesafe_memory_goes_back_after_a_grace_period),
		cmocka_unit_test(a_fork_finds_what_another_thread_gives_back),
		cmocka_unit_test(memory_goes_back_by_itself_past_the_watermark),
		cmocka_unit_test(memory_below_the_watermark_stays),
		cmocka_unit_test(slabs_that_could_not_go_back_go_later),
		cmocka_unit_test(the_last_few_objects_do_not_keep_all_slabs),
		cmocka_unit_test(trimming_beside_work_takes_nothing_that_is_in_use),
	};

	alarm(WATCHDOG_SECONDS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
