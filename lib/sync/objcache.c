/* SPDX-License-Identifier: MIT */
/*
 * objcache.c - the object caches' slow side: threads' magazines, the depot they trade with, the chunks, and the batches that wait
 * for a grace period. The fast side is inline in objcache.h; read that first.
 *
 * Locks, outermost first: caches_lock (the list of caches, the list of threads), a cache's lock (its depot). Neither is held
 * while RCU is called, so who holds one never waits for a reader or for a callback.
 * What a thread has in its struct vms__objcache_local is its own and needs no lock.
 *
 *
 * Why free never needs memory
 *
 * A free that finds both magazines full needs an empty one, and so does a deferred magazine that goes on its way. There always is
 * one in the depot, because objects are carved together with a magazine to hold them. For one cache, let
 *
 *   K  bundles carved, each one magazine and at most 64 objects;
 *   3  magazines more for each thread's local (and for `shared`), never counted below;
 *   X  magazines more (`spare`);
 *   Q  batches on their way that are not full (`partial_inflight`).
 *
 * The depot and the batches together own K + X magazines: full ones in the depot and on their way (F), at most one in part filled
 * (P <= 1: two are poured together), Q, and the empty ones:  E = K + X - F - P - Q.
 * Who needs an empty magazine has 64 objects or more in hand, so the full ones hold at most 64 (K - 1):  F <= K - 1,  and
 * E >= X + 1 - P - Q >= X - Q.  So the rule  X >= Q + 1  is enough; it is kept by whoever sends a part-filled batch
 * (send_partial()) or takes three magazines for a new thread (local_fill()), and these may fail.
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/objcache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/rcu.h"

_Static_assert(VMS__MAG_SIZE >= VMS__OBJCACHE_RESERVE_MAX, "one full magazine satisfies any reserve");

#define CHUNK_SIZE ((size_t)2 << 20)    /* and its alignment: one huge page */
#define BUNDLE_BYTES ((size_t)16 << 10) /* about what one carving takes */
#define BUNDLE_MIN 8u
#define MAX_INFLIGHT_BYTES ((size_t)16 << 20) /* garbage of one cache before its writers are slowed down */
#define MIN_INFLIGHT 64u
#define MAX_INFLIGHT 4096u
#define COLLECT_PAUSE_NS 1000000L /* the collector's step under pressure */
#define COLLECT_AGAIN 16u         /* batches of one cache in such a step that keep it going */
#define COLLECT_STEPS 32u         /* then other callbacks have their turn */
#define THROTTLE_NS 20000000L     /* longest sleep for one batch */

#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1))

static struct vms__objcache_thread no_thread; /* all dry and all full: leads to the slow paths. Never written */
VMS__TLS struct vms__objcache_thread *vms__objcache_self = &no_thread;

static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vms__objcache *caches[VMS__OBJCACHES_MAX]; /* [1..nr_caches], by index */
static unsigned int nr_caches;
static struct vms__objcache_thread threads = {.next = &threads, .prev = &threads}; /* list head */

static unsigned int get(const _Atomic unsigned int *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static void set(_Atomic unsigned int *count, unsigned int n)
{
	atomic_store_explicit(count, n, memory_order_relaxed);
}

static void depot_lock(struct vms__objcache *c)
{
	vms__lockdep_acquire(VMS__RANK_CACHE, &c->lock, c->name);
	pthread_mutex_lock(&c->lock);
}

static void depot_unlock(struct vms__objcache *c)
{
	pthread_mutex_unlock(&c->lock);
	vms__lockdep_release(&c->lock);
}

/* ---- checks: debug builds and AddressSanitizer ------------------------------------------------------------------- */

#ifdef VMS_DEBUG
#define FREE_BYTE 0x6b

/* Behind each object. Owns the object's state, so that two frees at once are found, too. */
struct trailer {
	struct vms__objcache *cache;
	_Atomic unsigned int state;
};
enum { OBJ_FREE = 0x46524545, OBJ_LIVE = 0x4c495645, OBJ_DEFERRED = 0x44454652 };
#define TRAILER_SIZE sizeof(struct trailer)

static struct trailer *trailer(const struct vms__objcache *c, void *obj)
{
	return (struct trailer *)((char *)obj + ALIGN_UP(c->size, sizeof(void *)));
}

/* Not instrumented: the trailer lies in memory that AddressSanitizer takes for a red zone. */
__attribute__((no_sanitize("address"))) static void change_state(struct vms__objcache *c, void *obj, unsigned int from,
								 unsigned int to, const char *what)
{
	struct trailer *t = trailer(c, obj);
	struct vms__objcache *cache = t->cache;
	unsigned int was = cache == c ? atomic_exchange_explicit(&t->state, to, memory_order_relaxed) : 0;

	if (likely(was == from))
		return;
	vms__warn("%s: %s of %p, which is %s", c->name, what, obj,
		  was == OBJ_FREE       ? "free"
		  : was == OBJ_LIVE     ? "in use"
		  : was == OBJ_DEFERRED ? "deferred"
					: "no object of this cache");
	abort();
}

__attribute__((no_sanitize("address"))) static void trailer_init(struct vms__objcache *c, void *obj)
{
	struct trailer *t = trailer(c, obj);

	t->cache = c;
	atomic_store_explicit(&t->state, OBJ_FREE, memory_order_relaxed);
}

static void scribble(struct vms__objcache *c, void *obj)
{
	if (!(c->flags & VMS__OBJCACHE_TYPESAFE))
		memset(obj, FREE_BYTE, c->size);
}

static void check_scribble(struct vms__objcache *c, const unsigned char *obj)
{
	if (c->flags & VMS__OBJCACHE_TYPESAFE)
		return;
	for (size_t i = 0; i < c->size; i++) {
		if (likely(obj[i] == FREE_BYTE))
			continue;
		vms__warn("%s: byte %zu of %p was written after it was freed", c->name, i, (const void *)obj);
		abort();
	}
}

#else

#define TRAILER_SIZE (VMS__ASAN ? (size_t)16 : 0) /* a red zone */

static void trailer_init(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}

static void scribble(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}

#define change_state(c, obj, from, to, what) ((void)0)
#define check_scribble(c, obj) ((void)0)

#endif

#if VMS__OBJCACHE_CHECKED

void vms__objcache_check_alloc(struct vms__objcache *c, void *obj)
{
	vms__asan_unpoison(obj, c->size);
	check_scribble(c, obj);
	change_state(c, obj, OBJ_FREE, OBJ_LIVE, "alloc");
}

/* Have AddressSanitizer report a free of what is free already. */
static void touch(const void *obj)
{
	if (VMS__ASAN)
		(void)*(const volatile char *)obj;
}

void vms__objcache_check_free(struct vms__objcache *c, void *obj)
{
	touch(obj);
	change_state(c, obj, OBJ_LIVE, OBJ_FREE, "free");
	scribble(c, obj);
	/* A late reader may still look at TYPESAFE memory. */
	if (!(c->flags & VMS__OBJCACHE_TYPESAFE))
		vms__asan_poison(obj, c->size);
}

void vms__objcache_check_defer(struct vms__objcache *c, void *obj)
{
	(void)c;
	touch(obj);
	change_state(c, obj, OBJ_LIVE, OBJ_DEFERRED, "deferred free");
}

#endif

/* The grace period of a deferred @obj is over: nobody may look at it any more. */
static void check_grace_over(struct vms__objcache *c, void *obj)
{
	change_state(c, obj, OBJ_DEFERRED, OBJ_FREE, "end of grace period");
	scribble(c, obj);
	vms__asan_poison(obj, c->size);
}

/* ---- the depot: cache's lock held throughout --------------------------------------------------------------------- */

static void push_full(struct vms__objcache *c, struct vms__magazine *m)
{
	m->rounds = VMS__MAG_SIZE;
	m->next = c->full;
	c->full = m;
	c->depot_objs += VMS__MAG_SIZE;
}

static struct vms__magazine *pop_full(struct vms__objcache *c)
{
	struct vms__magazine *m = c->full;

	if (m) {
		c->full = m->next;
		c->depot_objs -= VMS__MAG_SIZE;
	}
	return m;
}

static void push_empty(struct vms__objcache *c, struct vms__magazine *m)
{
	m->rounds = 0;
	m->next = c->empty;
	c->empty = m;
}

/* See "Why free never needs memory". */
static struct vms__magazine *pop_empty(struct vms__objcache *c)
{
	struct vms__magazine *m = c->empty;

	VMS_ASSERT(c->spare >= c->partial_inflight + 1);
	VMS_BUG_ON(!m);
	c->empty = m->next;
	return m;
}

static struct vms__magazine *pop_partial(struct vms__objcache *c)
{
	struct vms__magazine *m = c->partial;

	if (m) {
		c->partial = NULL;
		c->depot_objs -= m->rounds;
	}
	return m;
}

/* As many objects as fit go from @from to the end of @objs, which holds *@rounds. */
static void pour(struct vms__magazine *from, void **objs, unsigned int *rounds)
{
	while (from->rounds && *rounds < VMS__MAG_SIZE)
		objs[(*rounds)++] = from->objs[--from->rounds];
}

/* Take back @m, filled to @rounds. Two in part filled become one, and one that is full or empty. */
static void give_back(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds)
{
	struct vms__magazine *other;

	m->rounds = rounds;
	if (rounds && rounds < VMS__MAG_SIZE && (other = pop_partial(c)) != NULL) {
		pour(m, other->objs, &other->rounds);
		give_back(c, other, other->rounds); /* full, or it is the only one */
	}
	if (!m->rounds) {
		push_empty(c, m);
	} else if (m->rounds == VMS__MAG_SIZE) {
		push_full(c, m);
	} else {
		VMS_ASSERT(!c->partial);
		c->partial = m;
		c->depot_objs += m->rounds;
	}
}

/* ---- chunks: cache's lock held ----------------------------------------------------------------------------------- */

/*
 * Chunks come from aligned_alloc(), not mmap(), so that leak checkers look for pointers in live objects. From the second one on the
 * cache is big enough for huge pages; the first is touched page by page.
 */
static bool chunk_new(struct vms__objcache *c)
{
	void **chunk = aligned_alloc(CHUNK_SIZE, CHUNK_SIZE);

	if (!chunk)
		return false;
	if (c->chunks)
		(void)madvise(chunk, CHUNK_SIZE, MADV_HUGEPAGE); /* a hint: without it the memory serves as well */
	*chunk = c->chunks;
	c->chunks = chunk;
	c->bump = (char *)chunk + VMS_CACHELINE;
	c->bump_end = (char *)chunk + CHUNK_SIZE;
	vms__asan_poison(c->bump, CHUNK_SIZE - VMS_CACHELINE);
	return true;
}

/* Room for a magazine and, behind it, at least one object of @stride bytes (0: the magazine alone). NULL: no memory. */
static struct vms__magazine *mag_carve(struct vms__objcache *c, size_t stride)
{
	const size_t mag_size = ALIGN_UP(sizeof(struct vms__magazine), VMS_CACHELINE);
	struct vms__magazine *m;
	char *end;

	for (;;) {
		m = (struct vms__magazine *)ALIGN_UP((uintptr_t)c->bump, VMS_CACHELINE);
		end = (char *)ALIGN_UP((uintptr_t)m + mag_size, stride ? c->align : 1);
		if (c->bump && end + stride <= c->bump_end)
			break;
		if (!chunk_new(c))
			return NULL;
	}
	c->bump = end;
	vms__asan_unpoison(m, sizeof(*m));
	return m;
}

/* Carve up to @max new objects into @l's loaded magazine, and the magazine that matches them into the depot. */
static bool bundle_carve(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int max)
{
	unsigned int n = max < c->bundle ? max : c->bundle, rounds = get(&l->rounds);
	struct vms__magazine *m = mag_carve(c, c->stride);

	if (!m)
		return false;
	push_empty(c, m);
	for (; n && c->bump + c->stride <= c->bump_end; n--) {
		trailer_init(c, c->bump);
		vms__asan_unpoison(c->bump, c->size);
		scribble(c, c->bump);
		vms__asan_poison(c->bump, c->size);
		l->loaded->objs[rounds++] = c->bump;
		c->bump += c->stride;
		c->carved++;
	}
	set(&l->rounds, rounds);
	return true;
}

/* ---- a local's magazines: cache's lock held ---------------------------------------------------------------------- */

/*
 * Give @l its three magazines. Those of threads that have exited are taken if the rule X >= Q + 1 allows.
 * Return: false without memory; what was carved then stays spare.
 */
static bool local_fill(struct vms__objcache *c, struct vms__objcache_local *l)
{
	while (c->spare < c->partial_inflight + 1 + 3) {
		struct vms__magazine *m = mag_carve(c, 0);

		if (!m)
			return false;
		push_empty(c, m);
		c->spare++;
	}
	l->loaded = pop_empty(c);
	l->prev = pop_empty(c);
	l->deferred = pop_empty(c);
	c->spare -= 3;
	l->cap = VMS__MAG_SIZE;
	return true;
}

/* loaded and prev are dry: trade for one with objects, or carve some. Return: false without memory. */
static bool refill(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = pop_full(c);

	if (!m)
		m = pop_partial(c);
	if (!m)
		return bundle_carve(c, l, VMS__MAG_SIZE);
	push_empty(c, l->loaded);
	l->loaded = m;
	set(&l->rounds, m->rounds);
	return true;
}

/* loaded and prev are full: trade prev for an empty one. */
static void spill(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = pop_empty(c);

	push_full(c, l->prev);
	l->prev = l->loaded;
	set(&l->prounds, VMS__MAG_SIZE);
	l->loaded = m;
	set(&l->rounds, 0);
}

/* Bring @l to @n objects or more. Return: false without memory. */
static bool top_up(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n)
{
	while (get(&l->rounds) + get(&l->prounds) < n) {
		unsigned int rounds = get(&l->rounds);
		struct vms__magazine *m = pop_full(c);

		/* prev is empty here: full, it would be enough by itself. */
		if (m) {
			push_empty(c, l->prev);
			l->prev = m;
			set(&l->prounds, VMS__MAG_SIZE);
		} else if ((m = pop_partial(c)) != NULL) {
			pour(m, l->loaded->objs, &rounds);
			set(&l->rounds, rounds);
			give_back(c, m, m->rounds);
		} else if (!bundle_carve(c, l, VMS__MAG_SIZE - rounds)) {
			return false;
		}
	}
	return true;
}

/* @m, filled to @rounds, becomes a batch. The caller unlocks, and calls the collector. */
static void queue_batch(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds)
{
	m->rounds = rounds;
	m->cache = c;
	m->next = c->waiting;
	c->waiting = m;
	c->nr_waiting++;
	c->inflight++;
	c->inflight_objs += rounds;
}

/* The deferred magazine leaves @l as a batch; a new one takes its place. */
static void send_deferred(struct vms__objcache *c, struct vms__objcache_local *l)
{
	queue_batch(c, l->deferred, get(&l->drounds));
	l->deferred = pop_empty(c);
	set(&l->drounds, 0);
}

/* As send_deferred(), from any filling: the rule X >= Q + 1 asks for one magazine more first. Return: false without memory. */
static bool send_partial(struct vms__objcache *c, struct vms__objcache_local *l)
{
	if (c->spare < c->partial_inflight + 2) {
		struct vms__magazine *m = mag_carve(c, 0);

		if (!m)
			return false;
		push_empty(c, m);
		c->spare++;
	}
	c->partial_inflight++;
	send_deferred(c, l);
	return true;
}

/* ---- a local without the depot: its thread only (`shared`: cache's lock held) ------------------------------------ */

static void swap_magazines(struct vms__objcache_local *l)
{
	struct vms__magazine *m = l->loaded;
	unsigned int rounds = get(&l->rounds);

	l->loaded = l->prev;
	set(&l->rounds, get(&l->prounds));
	l->prev = m;
	set(&l->prounds, rounds);
}

/* Is there an object in loaded, now or after swapping it with prev? */
static bool has_object(struct vms__objcache_local *l)
{
	if (!get(&l->rounds) && get(&l->prounds))
		swap_magazines(l);
	return get(&l->rounds) != 0;
}

/* Is there room in loaded, now or after swapping it with prev? */
static bool has_room(struct vms__objcache_local *l)
{
	if (get(&l->rounds) == VMS__MAG_SIZE && !get(&l->prounds))
		swap_magazines(l);
	return get(&l->rounds) < VMS__MAG_SIZE;
}

static void *pop(struct vms__objcache_local *l)
{
	unsigned int n = get(&l->rounds) - 1;

	set(&l->rounds, n);
	return l->loaded->objs[n];
}

static void push(struct vms__objcache_local *l, void *obj)
{
	unsigned int n = get(&l->rounds);

	l->loaded->objs[n] = obj;
	set(&l->rounds, n + 1);
}

/* Return: is the deferred magazine full now? */
static bool push_deferred(struct vms__objcache_local *l, void *obj)
{
	unsigned int n = get(&l->drounds);

	l->deferred->objs[n] = obj;
	set(&l->drounds, n + 1);
	return n + 1 == VMS__MAG_SIZE;
}

/* ---- the collector: batches go through a grace period ------------------------------------------------------------ */

static unsigned int count_caches(void)
{
	unsigned int nr;

	pthread_mutex_lock(&caches_lock);
	nr = nr_caches;
	pthread_mutex_unlock(&caches_lock);
	return nr;
}

/* Is a throttled thread to sleep on? It sleeps to half the limit, not to be back at it with its next batch. Locks: cache's lock. */
static bool must_wait(const struct vms__objcache *c)
{
	return c->inflight > c->max_inflight / 2;
}

/* @m's grace period is over. Locks: none. */
static void batch_done(struct vms__magazine *m)
{
	struct vms__objcache *c = m->cache;
	unsigned int rounds = m->rounds;
	bool wake;

	for (unsigned int i = 0; i < rounds; i++)
		check_grace_over(c, m->objs[i]);
	depot_lock(c);
	c->inflight--;
	c->inflight_objs -= rounds;
	if (rounds < VMS__MAG_SIZE)
		c->partial_inflight--;
	give_back(c, m, rounds);
	wake = c->throttled && !must_wait(c);
	depot_unlock(c);
	if (wake)
		pthread_cond_broadcast(&c->drained);
}

/* Move the waiting batches of @c to the front of @batches, if there are @min or more. */
static void take_waiting(struct vms__objcache *c, unsigned int min, struct vms__magazine **batches)
{
	depot_lock(c);
	if (c->nr_waiting >= min) {
		struct vms__magazine **end = &c->waiting;

		while (*end)
			end = &(*end)->next;
		*end = *batches;
		*batches = c->waiting;
		c->waiting = NULL;
		c->nr_waiting = 0;
	}
	depot_unlock(c);
}

/* Take all batches of the caches that have @min or more through one grace period. Return: were there any? */
static bool collect(unsigned int min)
{
	struct vms__magazine *batches = NULL, *m;
	unsigned int nr = count_caches();
	bool any;

	for (unsigned int i = 1; i <= nr; i++)
		take_waiting(caches[i], min, &batches);
	any = batches != NULL;
	if (any)
		vms_synchronize_rcu();
	while ((m = batches) != NULL) {
		batches = m->next;
		batch_done(m);
	}
	return any;
}

static struct vms_rcu_head collector_head;
static _Atomic bool collector_called; /* collector_head is queued, and the collector has not started */

/*
 * Runs on liburcu's callback thread, which by itself comes round once in 10 ms. Under pressure that would be a lot of garbage, and
 * memory that is cold when it is used again; so this stays, and looks again in smaller steps, as long as batches come in quick
 * succession. What it leaves has called it anew, since collector_called is cleared first; so a barrier that begins after a batch
 * was queued finds the collector queued or at it, and waits for it.
 */
static void collector(struct vms_rcu_head *head)
{
	const struct timespec pause = {.tv_nsec = COLLECT_PAUSE_NS};

	(void)head;
	/* Release: who calls again writes to collector_head, which liburcu no longer reads. Pairs with the exchange below. */
	atomic_store_explicit(&collector_called, false, memory_order_release);
	if (!collect(1))
		return;
	for (unsigned int step = 0; step < COLLECT_STEPS; step++) {
		vms_rcu_thread_offline();
		nanosleep(&pause, NULL);
		vms_rcu_thread_online();
		if (!collect(COLLECT_AGAIN))
			return;
	}
}

/*
 * See to it that the batches are collected. After queueing them, without lock. Who finds the collector called already relies on its
 * taking the lists afterwards: if it had taken this one before, then its lock would have shown us collector_called as it had
 * cleared it.
 */
static void call_collector(void)
{
	if (atomic_load_explicit(&collector_called, memory_order_relaxed))
		return;
	if (!atomic_exchange_explicit(&collector_called, true, memory_order_acquire))
		vms_call_rcu(&collector_head, collector);
}

/*
 * Garbage outruns the grace periods: let them catch up. The caller may hold locks, even one that a reader waits for inside its
 * section (a spinlock): then no callback can come, and only the time limit goes on. So this is a brake, not a bound without
 * exception.
 */
static void throttle(struct vms__objcache *c)
{
	struct timespec until;
	int err = 0;

	if (!vms__rcu_may_wait())
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += THROTTLE_NS;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	depot_lock(c);
	c->throttled++;
	c->nr_throttled++;
	while (!err && must_wait(c))
		err = pthread_cond_clockwait(&c->drained, &c->lock, CLOCK_MONOTONIC, &until);
	c->throttled--;
	depot_unlock(c);
}

/* No memory to send @l's deferred objects: wait for the grace period here. @l is the calling thread's. */
static void flush_by_waiting(struct vms__objcache *c, struct vms__objcache_local *l)
{
	unsigned int n;

	vms_synchronize_rcu();
	while ((n = get(&l->drounds)) != 0) {
		void *obj = l->deferred->objs[n - 1];

		set(&l->drounds, n - 1);
		check_grace_over(c, obj);
		if (!has_room(l)) {
			depot_lock(c);
			spill(c, l);
			depot_unlock(c);
		}
		push(l, obj);
	}
}

static void flush(struct vms__objcache *c, struct vms__objcache_local *l)
{
	bool stuck;

	depot_lock(c);
	if (get(&c->shared.drounds))
		(void)send_partial(c, &c->shared); /* without memory it goes when it is full */
	stuck = get(&l->drounds) && !send_partial(c, l);
	depot_unlock(c);
	if (stuck)
		flush_by_waiting(c, l);
}

void vms__objcache_flush(void)
{
	unsigned int nr = count_caches();

	/* Entries of caches[] are written once, and never taken back. */
	for (unsigned int i = 1; i <= nr; i++)
		flush(caches[i], &vms__objcache_self->local[i]);
	if (nr)
		call_collector();
}

/* ---- caches and threads come and go ------------------------------------------------------------------------------ */

static void cache_setup(struct vms__objcache *c)
{
	size_t bundle, batches;

	VMS_BUG_ON(!c->size || !c->align || (c->align & (c->align - 1)) || c->align > CHUNK_SIZE / 8);
	VMS_BUG_ON(c->size > CHUNK_SIZE / 8);
	if (c->align < sizeof(void *))
		c->align = sizeof(void *); /* also AddressSanitizer's granule */
	c->stride = ALIGN_UP(ALIGN_UP(c->size, sizeof(void *)) + TRAILER_SIZE, c->align);
	bundle = BUNDLE_BYTES / c->stride;
	c->bundle = bundle > VMS__MAG_SIZE ? VMS__MAG_SIZE : bundle < BUNDLE_MIN ? BUNDLE_MIN : (unsigned int)bundle;
	batches = MAX_INFLIGHT_BYTES / (c->stride * VMS__MAG_SIZE);
	if (!c->max_inflight)
		c->max_inflight = batches > MAX_INFLIGHT   ? MAX_INFLIGHT
				  : batches < MIN_INFLIGHT ? MIN_INFLIGHT
							   : (unsigned int)batches;
}

/* First use of @c in this process. Return: false without memory. */
static bool cache_register(struct vms__objcache *c)
{
	bool ok = true;

	pthread_mutex_lock(&caches_lock);
	if (!get(&c->index)) {
		cache_setup(c);
		depot_lock(c);
		ok = local_fill(c, &c->shared);
		depot_unlock(c);
		if (ok) {
			VMS_BUG_ON(nr_caches + 1 >= VMS__OBJCACHES_MAX);
			caches[++nr_caches] = c;
			/* Release: pairs with the acquire in cache_ready(). */
			atomic_store_explicit(&c->index, nr_caches, memory_order_release);
		}
	}
	pthread_mutex_unlock(&caches_lock);
	return ok;
}

static bool cache_ready(struct vms__objcache *c)
{
	/* Acquire: pairs with the release in cache_register(): what it set up is seen. */
	return likely(atomic_load_explicit(&c->index, memory_order_acquire)) || cache_register(c);
}

/* All that @l holds goes back to the depot. Locks: caches_lock, cache's lock. */
static void local_empty(struct vms__objcache *c, struct vms__objcache_local *l)
{
	unsigned int drounds = get(&l->drounds);

	give_back(c, l->loaded, get(&l->rounds));
	give_back(c, l->prev, get(&l->prounds));
	c->spare += 3;
	if (drounds) {
		c->partial_inflight++;
		queue_batch(c, l->deferred, drounds);
	} else {
		push_empty(c, l->deferred);
	}
}

static void thread_exits(void)
{
	struct vms__objcache_thread *t = vms__objcache_self;

	vms__objcache_self = &no_thread;
	/* caches_lock throughout: a count sees each object either in the thread or in the depot. */
	pthread_mutex_lock(&caches_lock);
	for (unsigned int i = 1; i <= nr_caches; i++) {
		if (!t->local[i].cap)
			continue;
		depot_lock(caches[i]);
		local_empty(caches[i], &t->local[i]);
		depot_unlock(caches[i]);
	}
	t->next->prev = t->prev;
	t->prev->next = t->next;
	pthread_mutex_unlock(&caches_lock);
	free(t);
	call_collector();
}

static bool thread_register(void)
{
	struct vms__objcache_thread *t = aligned_alloc(VMS_CACHELINE, sizeof(*t));

	if (!t)
		return false;
	memset(t, 0, sizeof(*t));
	pthread_mutex_lock(&caches_lock);
	t->next = threads.next;
	t->prev = &threads;
	threads.next->prev = t;
	threads.next = t;
	pthread_mutex_unlock(&caches_lock);
	vms__objcache_self = t;
	vms__thread_at_exit(VMS__EXIT_OBJCACHE, thread_exits);
	return true;
}

/* This thread's local of @c, ready for use; NULL without memory: use `shared`. @c is registered. */
static struct vms__objcache_local *local_ready(struct vms__objcache *c)
{
	struct vms__objcache_local *l;
	bool ok;

	if (vms__objcache_self == &no_thread && !thread_register())
		return NULL;
	l = vms__objcache_local(c);
	if (likely(l->cap))
		return l;
	depot_lock(c);
	ok = local_fill(c, l);
	depot_unlock(c);
	return ok ? l : NULL;
}

/* ---- alloc and free, the slow way -------------------------------------------------------------------------------- */

/* The injector's word on an allocation, which it counts, but for those that a reserve has promised. */
static bool must_fail(struct vms__objcache_local *l)
{
	if (l && l->reserved && l->reserved_epoch == vms__alloc_injector.epoch) {
		l->reserved--;
		return false;
	}
	return vms__alloc_must_fail();
}

static void *alloc_shared(struct vms__objcache *c)
{
	struct vms__objcache_local *l = &c->shared;
	void *obj = NULL;

	depot_lock(c);
	if (has_object(l) || refill(c, l))
		obj = pop(l);
	depot_unlock(c);
	return obj;
}

static void *alloc_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	if (!has_object(l)) {
		bool ok;

		depot_lock(c);
		ok = refill(c, l);
		depot_unlock(c);
		if (!ok)
			return NULL;
	}
	return pop(l);
}

void *vms__objcache_alloc_slow(struct vms__objcache *c)
{
	struct vms__objcache_local *l;
	void *obj;

	if (!cache_ready(c))
		return NULL;
	l = local_ready(c);
	if (must_fail(l))
		return NULL;
	obj = l ? alloc_local(c, l) : alloc_shared(c);
	if (obj)
		vms__objcache_check_alloc(c, obj);
	return obj;
}

bool vms__objcache_reserve(struct vms__objcache *c, unsigned int n)
{
	struct vms__objcache_local *l;
	bool ok = true;

	VMS_ASSERT(n <= VMS__OBJCACHE_RESERVE_MAX);
	if (vms__alloc_must_fail() || !cache_ready(c))
		return false;
	l = local_ready(c);
	if (!l)
		return false;
	if (get(&l->rounds) + get(&l->prounds) < n) {
		depot_lock(c);
		ok = top_up(c, l, n);
		depot_unlock(c);
	}
	if (ok) {
		l->reserved = n;
		l->reserved_epoch = vms__alloc_injector.epoch;
	}
	return ok;
}

/* The checks of a free were made by the caller, inline. */
void vms__objcache_free_slow(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = local_ready(c);
	bool shared = !l;

	if (shared)
		l = &c->shared;
	if (shared || !has_room(l)) {
		depot_lock(c);
		if (!has_room(l))
			spill(c, l);
		if (shared)
			push(l, obj);
		depot_unlock(c);
	}
	if (!shared)
		push(l, obj);
}

void vms__objcache_free_rcu_slow(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = local_ready(c);
	bool full, over;

	full = l && push_deferred(l, obj);
	if (l && !full)
		return;
	depot_lock(c);
	if (!l) {
		l = &c->shared;
		full = push_deferred(l, obj);
	}
	if (full)
		send_deferred(c, l);
	over = c->inflight > c->max_inflight;
	depot_unlock(c);
	if (!full)
		return;
	call_collector();
	if (over)
		throttle(c);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

struct census {
	size_t carved, free, deferred;
};

static void count_local(struct census *n, const struct vms__objcache_local *l)
{
	n->free += get(&l->rounds) + get(&l->prounds);
	n->deferred += get(&l->drounds);
}

static struct census count(struct vms__objcache *c)
{
	unsigned int index = atomic_load_explicit(&c->index, memory_order_acquire);
	struct census n = {0};

	if (!index)
		return n;
	pthread_mutex_lock(&caches_lock);
	depot_lock(c);
	n.carved = c->carved;
	n.free = c->depot_objs;
	n.deferred = c->inflight_objs;
	count_local(&n, &c->shared);
	for (struct vms__objcache_thread *t = threads.next; t != &threads; t = t->next)
		count_local(&n, &t->local[index]);
	depot_unlock(c);
	pthread_mutex_unlock(&caches_lock);
	return n;
}

size_t vms__objcache_in_use(struct vms__objcache *c)
{
	struct census n = count(c);

	/* Threads at work can be counted on both sides of a trade. */
	return n.carved > n.free + n.deferred ? n.carved - n.free - n.deferred : 0;
}

size_t vms__objcache_deferred(struct vms__objcache *c)
{
	return count(c).deferred;
}

size_t vms__objcache_report(FILE *out)
{
	unsigned int nr = count_caches();
	size_t total = 0;

	for (unsigned int i = 1; i <= nr; i++) {
		size_t live = vms__objcache_in_use(caches[i]);

		if (live && out)
			fprintf(out, "%s: %zu live\n", caches[i]->name, live);
		total += live;
	}
	return total;
}

size_t vms_leak_report(FILE *out)
{
	vms_rcu_barrier();
	return vms__objcache_report(out);
}

/* ---- fork -------------------------------------------------------------------------------------------------------- */

/* Not by depot_lock(): these are many of one rank, in the order of the list, and the child is another thread to lockdep. */
static void fork_prepare(void)
{
	pthread_mutex_lock(&caches_lock);
	for (unsigned int i = 1; i <= nr_caches; i++)
		pthread_mutex_lock(&caches[i]->lock);
}

static void fork_parent(void)
{
	for (unsigned int i = nr_caches; i; i--)
		pthread_mutex_unlock(&caches[i]->lock);
	pthread_mutex_unlock(&caches_lock);
}

/* Set anew, not unlocked: they may know waiters that no longer exist. */
static void fork_child(void)
{
	for (unsigned int i = nr_caches; i; i--) {
		caches[i]->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
		caches[i]->drained = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		caches[i]->throttled = 0;
	}
	caches_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

/* Before rcu.c's, so that at a fork it comes after it: see there. */
__attribute__((constructor(201))) static void objcache_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_parent, fork_child));
	vms__rcu_before_barrier(vms__objcache_flush);
}
