/* SPDX-License-Identifier: MIT */
/*
 * objcache.c - the object caches' slow side: caches and threads come and go, and what alloc and free do when a thread's magazines
 * are dry or full. The fast side is inline in objcache.h; read that first.
 *
 * Locks, outermost first: caches_lock (the list of caches, the list of threads), a cache's lock (its depot). Neither is held
 * while RCU is called, so who holds one never waits for a reader or for a callback.
 * What a thread has in its struct vms__objcache_local is its own and needs no lock.
 *
 * Where to read next: objcache_depot.c, and there why free never needs memory; objcache_slab.c for where objects lie;
 * objcache_defer.c for what waits for a grace period; objcache_trim.c for what goes back to the system; objcache_check.c for what debug builds and the sanitizers see of it all.
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/objcache_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sync/rcu.h"

_Static_assert(VMS__MAG_SIZE >= VMS__OBJCACHE_RESERVE_MAX, "one full magazine satisfies any reserve");

static struct vms__objcache_thread no_thread; /* all dry and all full: leads to the slow paths. Never written */
VMS__TLS struct vms__objcache_thread *vms__objcache_self = &no_thread;

static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
struct vms__objcache *vms__objcaches[VMS__OBJCACHES_MAX];
static unsigned int nr_caches;
static struct vms__objcache_thread threads = {.next = &threads, .prev = &threads}; /* list head */

/* ---- caches and threads come and go ------------------------------------------------------------------------------ */

unsigned int vms__objcache_count(void)
{
	unsigned int nr;

	pthread_mutex_lock(&caches_lock);
	nr = nr_caches;
	pthread_mutex_unlock(&caches_lock);
	return nr;
}

/* First use of @c in this process. Return: false without memory. */
static bool cache_register(struct vms__objcache *c)
{
	bool ok = true;

	pthread_mutex_lock(&caches_lock);
	if (!get(&c->index)) {
		vms__depot_setup(c);
		vms__defer_setup(c);
		depot_lock(c);
		ok = vms__depot_fill_local(c, &c->shared);
		depot_unlock(c);
		if (ok) {
			VMS_BUG_ON(nr_caches + 1 >= VMS__OBJCACHES_MAX);
			vms__objcaches[++nr_caches] = c;
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

static void thread_exits(void)
{
	struct vms__objcache_thread *t = vms__objcache_self;

	vms__objcache_self = &no_thread;
	/* caches_lock throughout: a count sees each object either in the thread or in the depot. */
	pthread_mutex_lock(&caches_lock);
	for (unsigned int i = 1; i <= nr_caches; i++) {
		if (!t->local[i].cap)
			continue;
		depot_lock(vms__objcaches[i]);
		vms__depot_empty_local(vms__objcaches[i], &t->local[i]);
		depot_unlock(vms__objcaches[i]);
	}
	t->next->prev = t->prev;
	t->prev->next = t->next;
	pthread_mutex_unlock(&caches_lock);
	free(t);
	vms__defer_call_collector();
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

struct vms__objcache_local *vms__objcache_local_ready(struct vms__objcache *c)
{
	struct vms__objcache_local *l;
	bool ok;

	if (vms__objcache_self == &no_thread && !thread_register())
		return NULL;
	l = vms__objcache_local(c);
	if (likely(l->cap))
		return l;
	depot_lock(c);
	ok = vms__depot_fill_local(c, l);
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

	do {
		depot_lock(c);
		if (has_object(l) || vms__depot_refill(c, l))
			obj = pop(l);
		depot_unlock(c);
	} while (!obj && vms__defer_wait_below_bound(c));
	return obj;
}

static void *alloc_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	bool ok = has_object(l);

	if (!ok) {
		do {
			depot_lock(c);
			ok = vms__depot_refill(c, l);
			depot_unlock(c);
		} while (!ok && vms__defer_wait_below_bound(c));
	}
	return ok ? pop(l) : NULL;
}

void *vms__objcache_alloc_slow(struct vms__objcache *c)
{
	struct vms__objcache_local *l;
	void *obj;

	if (!cache_ready(c))
		return NULL;
	l = vms__objcache_local_ready(c);
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
	l = vms__objcache_local_ready(c);
	if (!l)
		return false;
	if (get(&l->rounds) + get(&l->prounds) < n) {
		do {
			depot_lock(c);
			ok = vms__depot_top_up(c, l, n);
			depot_unlock(c);
		} while (!ok && vms__defer_wait_below_bound(c));
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
	struct vms__objcache_local *l = vms__objcache_local_ready(c);
	bool shared = !l, excess = false;

	if (shared)
		l = &c->shared;
	if (shared || !has_room(l)) {
		depot_lock(c);
		if (!has_room(l)) {
			vms__depot_spill(c, l);
			excess = vms__trim_wanted(c);
		}
		if (shared)
			push(l, obj);
		depot_unlock(c);
		if (excess)
			vms__defer_call_collector();
	}
	if (!shared)
		push(l, obj);
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
	/* Acquire: pairs with the release in cache_register(). */
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
	unsigned int nr = vms__objcache_count();
	size_t total = 0;

	for (unsigned int i = 1; i <= nr; i++) {
		size_t live = vms__objcache_in_use(vms__objcaches[i]);

		if (live && out)
			fprintf(out, "%s: %zu live\n", vms__objcaches[i]->name, live);
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

/*
 * These locks are held for moments, in which memory may be allocated, but which
 * wait for nothing else: a fork waits for no reader and no callback here.
 * Not by depot_lock(): these are many of one rank, in the order of the list, and the child is another thread to lockdep.
 */
static void fork_prepare(void)
{
	pthread_mutex_lock(&caches_lock);
	for (unsigned int i = 1; i <= nr_caches; i++)
		pthread_mutex_lock(&vms__objcaches[i]->lock);
}

static void fork_parent(void)
{
	for (unsigned int i = nr_caches; i; i--)
		pthread_mutex_unlock(&vms__objcaches[i]->lock);
	pthread_mutex_unlock(&caches_lock);
}

/* Those that waited no longer exist. Nothing is allocated or waited for. */
static void fork_child(void)
{
	vms__defer_collector_forked();
	for (unsigned int i = nr_caches; i; i--) {
		vms__objcaches[i]->drained = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		vms__objcaches[i]->throttled = 0;
		vms__defer_forked(vms__objcaches[i]);
		vms__slabs_after_fork(vms__objcaches[i]);
		vms__objcaches[i]->stuck = false; /* the reader that stayed may not exist here */
		pthread_mutex_unlock(&vms__objcaches[i]->lock);
	}
	pthread_mutex_unlock(&caches_lock);
}

__attribute__((constructor(201))) static void objcache_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_parent, fork_child));
	vms__rcu_before_barrier(vms__objcache_flush);
}
