/* SPDX-License-Identifier: MIT */
/*
 * test_objcache.c - object caches: which thread gets which memory and when,
 * that no object is lost between threads, and that a free never needs memory.
 * test_objcache_memory.c tests how much memory the caches take and return.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"
#include "lib/sync/tsan.h"
#include "tests/lib/sync/child.h"

#define ALL_MAGAZINES (3 * VMS__MAG_SIZE) /* objects that one thread can keep */

static VMS__OBJCACHE_DEFINE(bytes, "bytes", 24, 8, 0);
static VMS__OBJCACHE_DEFINE(nodes, "nodes", 256, 256, 0);
static VMS__OBJCACHE_DEFINE(pages, "pages", 4096, 4096, 0);
static VMS__OBJCACHE_DEFINE(stable, "stable", 192, 64, VMS__OBJCACHE_TYPESAFE);

/* ---- one thread ---------------------------------------------------------- */

static void check_objects_of(struct vms__objcache *c, size_t size, size_t align)
{
	enum { N = 1000 };
	static unsigned char *objs[N];

	for (int i = 0; i < N; i++) {
		objs[i] = vms__objcache_alloc(c);
		assert_non_null(objs[i]);
		assert_int_equal((uintptr_t)objs[i] % align, 0);
		memset(objs[i], i, size);
	}
	assert_int_equal(vms__objcache_in_use(c), N);
	for (int i = 0; i < N; i++) {
		for (size_t k = 0; k < size; k++)
			assert_int_equal(objs[i][k], i & 0xff);
	}
	for (int i = 0; i < N; i++)
		vms__objcache_free(c, objs[i]);
	assert_int_equal(vms__objcache_in_use(c), 0);
}

static void objects_are_aligned_and_do_not_overlap(void **state)
{
	(void)state;
	check_objects_of(&bytes, 24, 8);
	check_objects_of(&nodes, 256, 256);
	check_objects_of(&pages, 4096, 4096);
	check_objects_of(&stable, 192, 64);
}

static void a_freed_object_is_the_next_one_handed_out(void **state)
{
	void *a = vms__objcache_alloc(&bytes);

	(void)state;
	vms__objcache_free(&bytes, a);
	assert_ptr_equal(vms__objcache_alloc(&bytes), a);
	vms__objcache_free(&bytes, a);
}

/*
 * Symptom: a cache carves new objects though free ones exist. Cause: a working
 * set that crosses a magazine's edge. The sizes lie on both sides of each edge,
 * and no more may be carved than the largest set needs.
 */
static void memory_is_used_again(void **state)
{
	static void *objs[5 * VMS__MAG_SIZE];
	size_t carved;

	(void)state;
	for (unsigned int n = 1; n <= 5 * VMS__MAG_SIZE; n++) {
		for (unsigned int i = 0; i < n; i++)
			assert_non_null(objs[i] = vms__objcache_alloc(&nodes));
		for (unsigned int i = 0; i < n; i++)
			vms__objcache_free(&nodes, objs[i]);
	}
	carved = nodes.carved;
	for (int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 5 * VMS__MAG_SIZE; i++)
			assert_non_null(objs[i] = vms__objcache_alloc(&nodes));
		for (unsigned int i = 0; i < 5 * VMS__MAG_SIZE; i++)
			vms__objcache_free(&nodes, objs[i]);
	}
	assert_int_equal(nodes.carved, carved);
}

/* ---- deferred frees ------------------------------------------------------ */

static sem_t in_section, may_leave;

static void *hold_a_section(void *arg)
{
	vms__rcu_read_lock();
	sem_post(&in_section);
	sem_wait(&may_leave);
	vms__rcu_read_unlock();
	return arg;
}

/* Whether @obj is among the next @n objects of @c. All @n are freed again. */
static bool handed_out(struct vms__objcache *c, const void *obj, unsigned int n)
{
	void **objs = calloc(n, sizeof(*objs));
	bool found = false;

	for (unsigned int i = 0; i < n; i++) {
		objs[i] = vms__objcache_alloc(c);
		found |= objs[i] == obj;
	}
	for (unsigned int i = 0; i < n; i++)
		vms__objcache_free(c, objs[i]);
	free(objs);
	return found;
}

static void a_deferred_object_waits_for_the_sections_that_are_open(void **state)
{
	enum { MANY = 20 * VMS__MAG_SIZE };
	unsigned long *obj = vms__objcache_alloc(&nodes);
	size_t in_use, deferred;
	pthread_t thread;
	bool early;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hold_a_section, NULL), 0);
	sem_wait(&in_section);
	vms__objcache_free_rcu(&nodes, obj);
	vms__objcache_flush();
	in_use = vms__objcache_in_use(&nodes);
	deferred = vms__objcache_deferred(&nodes);
	early = handed_out(&nodes, obj, MANY);
	sem_post(&may_leave);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(in_use, 0);
	assert_int_equal(deferred, 1);
	assert_false(early);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&nodes), 0);
	assert_true(handed_out(&nodes, obj, (unsigned int)nodes.carved));
}

static sem_t in_second_section, may_leave_second;

/*
 * Holds a read section that begins before @obj is deferred. Return: whether
 * @obj was allocated again while the section was open.
 */
static void *hold_a_second_section(void *obj)
{
	bool early = false;

	vms__rcu_read_lock();
	sem_post(&in_second_section);
	sem_wait(&may_leave_second);
	for (int i = 0; i < 50 && !early; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		early = !vms__objcache_deferred(&nodes) ||
			handed_out(&nodes, obj, 4 * VMS__MAG_SIZE);
	}
	vms__rcu_read_unlock();
	return (void *)(uintptr_t)early;
}

/*
 * Symptom: an object is allocated again while a reader can still use it. Cause:
 * its batch joined a collector that was called earlier, and that collector's
 * grace period does not cover the reader. Here the collector is called and
 * waits for the first section; then the second section begins, and an object is
 * deferred without another call of the collector.
 */
static void a_batch_that_joins_late_has_a_grace_period_of_its_own(void **state)
{
	void *obj = vms__objcache_alloc(&nodes), *first_obj = vms__objcache_alloc(&nodes), *early;
	pthread_t first, second;

	(void)state;
	assert_int_equal(pthread_create(&first, NULL, hold_a_section, NULL), 0);
	sem_wait(&in_section);
	vms__objcache_free_rcu(&nodes, first_obj);
	vms__objcache_flush();
	/* The callback thread wakes up meanwhile. */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	assert_int_equal(pthread_create(&second, NULL, hold_a_second_section, obj), 0);
	sem_wait(&in_second_section);
	vms__objcache_free_rcu(&nodes, obj);
	vms__objcache_flush();
	sem_post(&may_leave);
	sem_post(&may_leave_second);
	assert_int_equal(pthread_join(first, NULL), 0);
	assert_int_equal(pthread_join(second, &early), 0);
	assert_false((uintptr_t)early);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_deferred(&nodes), 0);
}

/*
 * What a cache has taken from the system: objects and magazines, except for the
 * magazines that threads hold.
 */
struct taken {
	size_t objs, mags;
};

static struct taken taken_by(const struct vms__objcache *c)
{
	return (struct taken){c->carved, c->mags + c->spare};
}

static void a_barrier_frees_what_this_thread_deferred(void **state)
{
	struct taken before = {0}, after;

	(void)state;
	for (unsigned int n = 1; n <= 3 * VMS__MAG_SIZE; n += 13) {
		for (unsigned int i = 0; i < n; i++)
			vms__objcache_free_rcu(&bytes, vms__objcache_alloc(&bytes));
		assert_int_equal(vms__objcache_in_use(&bytes), 0);
		vms_rcu_barrier();
		assert_int_equal(vms__objcache_deferred(&bytes), 0);
	}
	/*
	 * A batch that is not full takes one more magazine the first time only.
	 */
	for (int i = 0; i < 20; i++) {
		vms__objcache_free_rcu(&bytes, vms__objcache_alloc(&bytes));
		vms_rcu_barrier();
		if (!i)
			before = taken_by(&bytes);
	}
	after = taken_by(&bytes);
	assert_memory_equal(&after, &before, sizeof(after));
}

/* ---- readers against reuse ----------------------------------------------- */

#define READERS 2

static unsigned long *_Atomic published;
static _Atomic bool stop;

/*
 * The reads are plain: only the grace period keeps them apart from the stores
 * of the memory's next user. Return: the number of broken objects seen.
 */
static void *read_published(void *arg)
{
	uintptr_t broken = 0;

	(void)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		const unsigned long *obj;

		vms__rcu_read_lock();
		obj = vms__rcu_dereference(&published);
		for (int k = 1; k < 8; k++)
			broken += obj[k] != obj[0];
		vms__rcu_read_unlock();
		vms_rcu_quiescent();
	}
	return (void *)broken;
}

static void readers_see_whole_objects_while_memory_is_used_again(void **state)
{
	pthread_t threads[READERS];
	unsigned long *obj = vms__objcache_alloc(&nodes);
	void *broken;

	(void)state;
	memset(obj, 0, 256);
	vms__rcu_assign_pointer(&published, obj);
	atomic_store(&stop, false);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_published, NULL), 0);
	for (unsigned long i = 1; i <= 20000; i++) {
		unsigned long *old = obj;

		obj = vms__objcache_alloc(&nodes);
		for (int k = 0; k < 8; k++)
			obj[k] = i;
		vms__rcu_assign_pointer(&published, obj);
		vms__objcache_free_rcu(&nodes, old);
		if (i % 1000 == 0)
			vms_rcu_barrier(); /* memory returns even if readers delay callbacks */
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(threads[i], &broken), 0);
		assert_int_equal((uintptr_t)broken, 0);
	}
	vms__objcache_free(&nodes, obj);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&nodes), 0);
}

/* ---- threads ------------------------------------------------------------- */

#define RING 256
#define PASSED 100000

static unsigned long *_Atomic ring[RING];

static void *take_from_ring(void *arg)
{
	uintptr_t wrong = 0;

	(void)arg;
	for (unsigned long i = 0; i < PASSED; i++) {
		unsigned long *obj;

		/* Acquire: pairs with the producer's release. */
		while (!(obj = atomic_exchange_explicit(&ring[i % RING], NULL,
							memory_order_acquire)))
			sched_yield();
		wrong += *obj != i;
		if (i % 3)
			vms__objcache_free(&bytes, obj);
		else
			vms__objcache_free_rcu(&bytes, obj);
	}
	return (void *)wrong;
}

static void objects_may_be_freed_by_another_thread(void **state)
{
	pthread_t thread;
	void *wrong;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_from_ring, NULL), 0);
	for (unsigned long i = 0; i < PASSED; i++) {
		unsigned long *obj = vms__objcache_alloc(&bytes);

		assert_non_null(obj);
		*obj = i;
		/*
		 * Acquire: pairs with the consumer's exchange, which emptied
		 * the slot. Release: publishes the object's content.
		 */
		while (atomic_load_explicit(&ring[i % RING], memory_order_acquire))
			sched_yield();
		atomic_store_explicit(&ring[i % RING], obj, memory_order_release);
	}
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_int_equal((uintptr_t)wrong, 0);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&bytes), 0);
	assert_int_equal(vms__objcache_deferred(&bytes), 0);
}

static void *use_and_exit(void *arg)
{
	void *objs[100];

	(void)arg;
	for (int i = 0; i < 100; i++)
		objs[i] = vms__objcache_alloc(&stable);
	for (int i = 0; i < 100; i++) {
		if (i % 2)
			vms__objcache_free(&stable, objs[i]);
		else
			vms__objcache_free_rcu(&stable, objs[i]);
	}
	return NULL;
}

static void a_thread_that_exits_leaves_its_magazines_to_others(void **state)
{
	struct taken before = {0}, after;

	(void)state;
	for (int i = 0; i < 30; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, use_and_exit, NULL), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(vms__objcache_in_use(&stable), 0);
		/*
		 * Deferred objects of an exited thread become free without any
		 * further call; otherwise this loop never ends.
		 */
		while (vms__objcache_deferred(&stable)) {
			vms_rcu_quiescent();
			sched_yield();
		}
		if (i == 3)
			before = taken_by(&stable);
	}
	after = taken_by(&stable);
	assert_memory_equal(&after, &before, sizeof(after));
}

#define MIXERS 4
#define HELD 300

static _Atomic size_t still_held;

/* Allocates and frees at random, and keeps some objects. @arg: the seed. */
static void *mix(void *arg)
{
	static void *kept[MIXERS][HELD];
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	void **objs = kept[seed % MIXERS];
	size_t held = 0;

	memset(objs, 0, sizeof(kept[0]));
	for (int i = 0; i < 40000; i++) {
		void **obj = &objs[rand_r(&seed) % HELD];

		if (!*obj)
			*obj = vms__objcache_alloc(&nodes);
		else if (rand_r(&seed) % 2)
			vms__objcache_free(&nodes, *obj), *obj = NULL;
		else
			vms__objcache_free_rcu(&nodes, *obj), *obj = NULL;
	}
	for (int i = 0; i < HELD; i++)
		held += objs[i] != NULL;
	atomic_fetch_add(&still_held, held);
	/*
	 * This thread frees half of what it holds, and its successor the rest;
	 * only their number is kept here.
	 */
	for (int i = 0; i < HELD; i += 2) {
		if (objs[i]) {
			vms__objcache_free(&nodes, objs[i]);
			atomic_fetch_sub(&still_held, 1);
			objs[i] = NULL;
		}
	}
	return objs;
}

static void counts_are_exact_once_threads_are_done(void **state)
{
	uintptr_t seed = 20240917;
	pthread_t threads[MIXERS];
	void *kept[MIXERS];

	(void)state;
	print_message("seed %lu\n", (unsigned long)seed);
	atomic_store(&still_held, 0);
	for (uintptr_t i = 0; i < MIXERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, mix, (void *)(seed + i)), 0);
	for (int i = 0; i < MIXERS; i++)
		assert_int_equal(pthread_join(threads[i], &kept[i]), 0);
	vms_rcu_barrier();
	assert_int_equal(vms__objcache_in_use(&nodes), atomic_load(&still_held));
	assert_int_equal(vms__objcache_deferred(&nodes), 0);
	for (int i = 0; i < MIXERS; i++) {
		for (int k = 0; k < HELD; k++) {
			if (((void **)kept[i])[k])
				vms__objcache_free(&nodes, ((void **)kept[i])[k]);
		}
	}
	assert_int_equal(vms__objcache_in_use(&nodes), 0);
}

static void the_report_names_caches_with_live_objects(void **state)
{
	void *a = vms__objcache_alloc(&pages), *b = vms__objcache_alloc(&pages),
	     *c = vms__objcache_alloc(&stable);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(vms_leak_report(out), 3);
	fclose(out);
	assert_non_null(strstr(text, "pages: 2 live\n"));
	assert_non_null(strstr(text, "stable: 1 live\n"));
	assert_null(strstr(text, "nodes"));
	free(text);
	vms__objcache_free(&pages, a);
	vms__objcache_free_rcu(&pages, b);
	vms__objcache_free(&stable, c);
	assert_int_equal(vms_leak_report(NULL), 0);
}

/* ---- no memory ----------------------------------------------------------- */

static void *reserve_in_a_fresh_thread(void *arg)
{
	void *objs[VMS__OBJCACHE_RESERVE_MAX];
	uintptr_t wrong = 0;

	(void)arg;
	for (unsigned int n = 0; n <= VMS__OBJCACHE_RESERVE_MAX; n += 16) {
		vms__alloc_fail_from(2);
		wrong += !vms__objcache_reserve(&pages, n);
		for (unsigned int i = 0; i < n; i++)
			wrong += !(objs[i] = vms__objcache_alloc(&pages));
		wrong += vms__objcache_alloc(&pages) != NULL;
		vms__alloc_fail_from(0);
		for (unsigned int i = 0; i < n; i++)
			vms__objcache_free(&pages, objs[i]);
	}
	vms__alloc_fail_from(1);
	wrong += vms__objcache_reserve(&pages, 1);
	vms__alloc_fail_from(0);
	return (void *)wrong;
}

static void reserved_allocations_do_not_fail(void **state)
{
	void *wrong = reserve_in_a_fresh_thread(NULL);
	pthread_t thread;

	(void)state;
	assert_int_equal((uintptr_t)wrong, 0);
	assert_int_equal(pthread_create(&thread, NULL, reserve_in_a_fresh_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_int_equal((uintptr_t)wrong, 0);
}

/* Reserves with the magazines filled to various degrees. */
static void a_reserve_holds_whatever_the_thread_had(void **state)
{
	static void *objs[3 * VMS__MAG_SIZE];

	(void)state;
	for (unsigned int had = 0; had <= 2 * VMS__MAG_SIZE; had += 7) {
		for (unsigned int i = 0; i < had; i++)
			objs[i] = vms__objcache_alloc(&nodes);
		assert_true(vms__objcache_reserve(&nodes, VMS__OBJCACHE_RESERVE_MAX));
		assert_true(nodes.index && vms__objcache_local(&nodes)->rounds +
							   vms__objcache_local(&nodes)->prounds >=
						   VMS__OBJCACHE_RESERVE_MAX);
		for (unsigned int i = 0; i < had; i++)
			vms__objcache_free(&nodes, objs[i]);
	}
}

/*
 * A cache from which no exited thread has left magazines. Its objects are so
 * large that none are carved ahead, and so are no magazines that would be left
 * over.
 */
static VMS__OBJCACHE_DEFINE(scarce, "scarce", 512, 256, 0);

static sem_t memory_is_out, thread_ready, thread_is_done;
static void **last_object; /* a list of all objects; each points to the previous one */

/* Frees @n objects, every second one after a grace period. */
static void free_objects(unsigned long n)
{
	for (; n && last_object; n--) {
		void **obj = last_object;

		last_object = *obj;
		if (n % 2)
			vms__objcache_free(&scarce, obj);
		else
			vms__objcache_free_rcu(&scarce, obj);
	}
}

/*
 * Frees 5000 objects on a thread that has no magazine of their cache and cannot
 * get one. @has_other: the thread has a magazine of another cache.
 */
static void *free_without_memory(void *has_other)
{
	if (has_other)
		vms__objcache_free(&bytes, vms__objcache_alloc(&bytes));
	sem_post(&thread_ready);
	sem_wait(&memory_is_out);
	free_objects(5000);
	sem_post(&thread_is_done);
	/*
	 * The thread must not end before the process: its stack would become
	 * free memory.
	 */
	pause();
	return NULL;
}

static void exhaust_memory(void)
{
	struct rlimit limit;
	void *volatile lost; /* volatile: the compiler may omit a malloc() whose result is unused */
	void **obj;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = (rlim_t)1 << 20; /* less than is mapped already */
	if (setrlimit(RLIMIT_AS, &limit))
		_exit(2);
	for (size_t size = 1 << 20; size >= 16; size /= 2) {
		do
			lost = malloc(size);
		while (lost);
	}
	while ((obj = vms__objcache_alloc(&scarce)) != NULL) {
		*obj = last_object;
		last_object = obj;
	}
}

static _Noreturn void child_runs_out_of_memory(void)
{
	pthread_t threads[2];

	alarm(WATCHDOG_SECONDS / 2);
	for (int i = 0; i < 12000; i++) {
		void **obj = vms__objcache_alloc(&scarce);

		*obj = last_object;
		last_object = obj;
	}
	vms_rcu_barrier(); /* the callback thread's own allocations are made */
	for (uintptr_t i = 0; i < 2; i++) {
		if (pthread_create(&threads[i], NULL, free_without_memory, (void *)i))
			_exit(3);
		sem_wait(&thread_ready);
	}
	exhaust_memory();
	if (vms__objcache_in_use(&scarce) < 12000)
		_exit(4);
	for (int i = 0; i < 2; i++) {
		sem_post(&memory_is_out);
		sem_wait(&thread_is_done);
		if (!scarce.shared.rounds && !scarce.shared.prounds)
			_exit(5); /* the thread found memory: nothing was tested */
	}
	free_objects(ULONG_MAX);
	vms__objcache_free_rcu(&scarce, vms__objcache_alloc(&scarce));
	vms__objcache_flush();
	_exit(vms__objcache_in_use(&scarce) ? 6 : 0);
}

/*
 * Symptom: a free fails for lack of memory, so that no memory can ever be
 * freed. Cause: the free needs a magazine. The child's address space cannot
 * grow, and its heap is used up.
 */
static void freeing_needs_no_memory(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (VMS__ASAN || VMS__TSAN)
		skip(); /* the sanitizers need memory themselves */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child_runs_out_of_memory();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- TYPESAFE, and the builds that check --------------------------------- */

/*
 * A late reader must find the object's last content: the cache writes nothing
 * into a free object, and its memory stays mapped.
 */
static void typesafe_memory_keeps_its_content_while_free(void **state)
{
	enum { N = 500 };
	static _Atomic unsigned long *objs[N];

	(void)state;
	for (unsigned long i = 0; i < N; i++) {
		objs[i] = vms__objcache_alloc(&stable);
		for (int k = 0; k < 192 / 8; k++)
			atomic_store_explicit(&objs[i][k], i, memory_order_relaxed);
	}
	for (int i = 0; i < N; i++)
		vms__objcache_free(&stable, (void *)objs[i]);
	vms_rcu_barrier();
	for (unsigned long i = 0; i < N; i++) {
		for (int k = 0; k < 192 / 8; k++)
			assert_int_equal(atomic_load_explicit(&objs[i][k], memory_order_relaxed),
					 i);
	}
}

#if VMS__ASAN
static void asan_takes_free_objects_for_freed_memory(void **state)
{
	char *now = vms__objcache_alloc(&nodes), *later = vms__objcache_alloc(&nodes),
	     *typesafe = vms__objcache_alloc(&stable);

	(void)state;
	assert_int_equal(__asan_address_is_poisoned(now + 255), 0);
	assert_int_equal(__asan_address_is_poisoned(now + 256), 1);
	vms__objcache_free(&nodes, now);
	assert_int_equal(__asan_address_is_poisoned(now), 1);
	vms__rcu_read_lock();
	vms__objcache_free_rcu(&nodes, later);
	assert_int_equal(__asan_address_is_poisoned(later), 0);
	vms__rcu_read_unlock();
	vms__objcache_free(&stable, typesafe);
	assert_int_equal(__asan_address_is_poisoned(typesafe), 0);
	vms_rcu_barrier();
	assert_int_equal(__asan_address_is_poisoned(later), 1);
	assert_int_equal(__asan_address_is_poisoned(typesafe), 0);
}
#endif

#ifdef VMS_DEBUG
static void free_twice(void)
{
	void *obj = vms__objcache_alloc(&stable);

	vms__objcache_free(&stable, obj);
	vms__objcache_free(&stable, obj);
}

static void free_after_deferring(void)
{
	void *obj = vms__objcache_alloc(&nodes);

	vms__objcache_free_rcu(&nodes, obj);
	vms__objcache_free(&nodes, obj);
}

static void free_to_another_cache(void)
{
	vms__objcache_free(&nodes, vms__objcache_alloc(&stable));
}

static void write_after_free(void)
{
	char *obj = vms__objcache_alloc(&nodes);

	vms__objcache_free(&nodes, obj);
	vms__asan_unpoison(obj, 256);
	obj[77] = 1;
	vms__objcache_alloc(&nodes);
}

static void wrong_frees_stop_the_program(void **state)
{
	(void)state;
	assert_true(child_aborts_saying(free_twice, (const char *[]){"stable: free of",
								     "which is free", NULL}));
	assert_true(
		child_aborts_saying(free_after_deferring,
				    (const char *[]){"nodes: free of", "which is deferred", NULL}));
	assert_true(child_aborts_saying(free_to_another_cache,
					(const char *[]){"nodes: free of",
							 "no object of this cache", NULL}));
	assert_true(
		child_aborts_saying(write_after_free, (const char *[]){"nodes: byte 77 of", NULL}));
}
#endif

#if VMS__TSAN
/* ---- what ThreadSanitizer sees ------------------------------------------- */

const char *__tsan_default_options(void);

/* Stops the program at the first report, in the way child.h expects. */
__attribute__((no_sanitize("thread"), visibility("default"))) const char *
__tsan_default_options(void)
{
	return "halt_on_error=1:abort_on_error=1";
}

static sem_t may_look;                 /* orders the reader's look after the free */
static _Atomic int step;               /* relaxed: it shows progress and orders nothing */
static _Atomic unsigned long *watched; /* an object */

static void wait_for_step(int n)
{
	while (atomic_load_explicit(&step, memory_order_relaxed) < n)
		sched_yield();
}

static void go_to_step(int n)
{
	atomic_store_explicit(&step, n, memory_order_relaxed);
}

static void *look(void *arg)
{
	sem_wait(&may_look);
	go_to_step(1);
	wait_for_step(2);
	(void)atomic_load_explicit(watched, memory_order_acquire);
	go_to_step(3);
	return arg;
}

/* Starts a reader that has an object of @c, and looks at it in step 2. */
static pthread_t start_reader(struct vms__objcache *c)
{
	pthread_t reader;

	sem_init(&may_look, 0, 0);
	watched = vms__objcache_alloc(c);
	atomic_store_explicit(watched, 1, memory_order_relaxed);
	if (pthread_create(&reader, NULL, look, NULL))
		_exit(1);
	return reader;
}

static void free_after_a_look(struct vms__objcache *c)
{
	pthread_t reader = start_reader(c);

	sem_post(&may_look);
	wait_for_step(1);
	go_to_step(2);
	wait_for_step(3);
	vms__objcache_free(c, (void *)watched);
	pthread_join(reader, NULL);
}

/* The free is ordered before the reader's look. */
static void hand_out_before_a_look(struct vms__objcache *c)
{
	pthread_t reader = start_reader(c);

	vms__objcache_free(c, (void *)watched);
	sem_post(&may_look);
	wait_for_step(1);
	if (vms__objcache_alloc(c) != (void *)watched)
		_exit(1);
	go_to_step(2);
	pthread_join(reader, NULL);
}

static void free_node_after_a_look(void)
{
	free_after_a_look(&nodes);
}

static void hand_out_node_before_a_look(void)
{
	hand_out_before_a_look(&nodes);
}

static void look_at_typesafe_memory(void)
{
	free_after_a_look(&stable);
	go_to_step(0);
	hand_out_before_a_look(&stable);
	fputs("no race\n", stderr);
	abort();
}

static void tsan_takes_a_look_without_order_at_a_free_object_for_a_race(void **state)
{
	(void)state;
	assert_true(
		child_aborts_saying(free_node_after_a_look, (const char *[]){"data race", NULL}));
	assert_true(child_aborts_saying(hand_out_node_before_a_look,
					(const char *[]){"data race", NULL}));
	assert_true(
		child_aborts_saying(look_at_typesafe_memory, (const char *[]){"no race", NULL}));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef VMS_DEBUG
		/* first, while the process has one thread */
		cmocka_unit_test(wrong_frees_stop_the_program),
#endif
#if VMS__TSAN
		/* before the process has other threads */
		cmocka_unit_test(tsan_takes_a_look_without_order_at_a_free_object_for_a_race),
#endif
		cmocka_unit_test(objects_are_aligned_and_do_not_overlap),
		cmocka_unit_test(a_freed_object_is_the_next_one_handed_out),
		cmocka_unit_test(memory_is_used_again),
		cmocka_unit_test(a_deferred_object_waits_for_the_sections_that_are_open),
		cmocka_unit_test(a_batch_that_joins_late_has_a_grace_period_of_its_own),
		cmocka_unit_test(a_barrier_frees_what_this_thread_deferred),
		cmocka_unit_test(readers_see_whole_objects_while_memory_is_used_again),
		cmocka_unit_test(objects_may_be_freed_by_another_thread),
		cmocka_unit_test(a_thread_that_exits_leaves_its_magazines_to_others),
		cmocka_unit_test(counts_are_exact_once_threads_are_done),
		cmocka_unit_test(the_report_names_caches_with_live_objects),
		cmocka_unit_test(reserved_allocations_do_not_fail),
		cmocka_unit_test(a_reserve_holds_whatever_the_thread_had),
		cmocka_unit_test(freeing_needs_no_memory),
		cmocka_unit_test(typesafe_memory_keeps_its_content_while_free),
#if VMS__ASAN
		cmocka_unit_test(asan_takes_free_objects_for_freed_memory),
#endif
	};

	mallopt(M_ARENA_MAX, 1); /* one heap for all threads, so that it can be used up */
	alarm(WATCHDOG_SECONDS);
	sem_init(&in_section, 0, 0);
	sem_init(&may_leave, 0, 0);
	sem_init(&in_second_section, 0, 0);
	sem_init(&may_leave_second, 0, 0);
	sem_init(&memory_is_out, 0, 0);
	sem_init(&thread_ready, 0, 0);
	sem_init(&thread_is_done, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
