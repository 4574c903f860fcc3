/* SPDX-License-Identifier: MIT */
/*
 * objcache.c - the object caches' slow side: registering caches and threads,
 * and what alloc and free do when a thread's magazines are empty or full. The
 * fast side is inline in objcache.h; read that first.
 *
 * Locks, outermost first: vms__objcaches_lock (the list of caches, the list of
 * threads), a cache's lock (its depot); a host's memory comes under the host
 * lock (host_memory.h), inside both. Neither is held while RCU is called, so
 * a holder never waits for a reader or for a callback. A thread's struct
 * vms__objcache_local is its own and needs no lock.
 *
 * Read next: depot.c, which says why free never needs memory; slab.c for the
 * places of objects; shelf.c for a thread's shelves; free_rcu.c and defer.c for
 * objects that wait for a grace period; trim.c for memory that is given back to
 * the system; check.c for the checks of debug builds and sanitizers. Each file
 * calls only those to its right:
 *
 *   free_rcu.c -> objcache.c -> defer.c -> trim.c -> depot.c -> shelf.c, slab.c
 *   shelf.c -> magazine.c, registry.c
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include <string.h>

#include "lib/sync/rcu.h"
#include "lib/sync/spinlock.h"

_Static_assert(VMS__MAG_SIZE >= VMS__OBJCACHE_RESERVE_MAX,
	       "one full magazine satisfies any reserve");

/* Exited threads, linked by next. Their memory is reused for new threads. */
static struct vms__objcache_thread *former_threads;
static unsigned int nr_threads;

/* ---- registering caches and threads -------------------------------------- */

/*
 * Set up @c on its first use in this process. Return: false if memory is out.
 */
static bool cache_register(struct vms__objcache *c)
{
	bool ok = true;

	pthread_mutex_lock(&vms__objcaches_lock);
	if (!get(&c->index)) {
		vms__depot_setup(c);
		vms__defer_setup(c);
		depot_lock(c);
		ok = vms__depot_fill_local(c, &c->shared);
		vms__shelves_use(c, true);
		depot_unlock(c);
		if (ok) {
			VMS_BUG_ON(vms__nr_objcaches + 1 >= VMS__OBJCACHES_MAX);
			vms__objcaches[++vms__nr_objcaches] = c;
			/* Release: pairs with the acquire in cache_ready(). */
			atomic_store_explicit(&c->index, vms__nr_objcaches, memory_order_release);
		}
	}
	pthread_mutex_unlock(&vms__objcaches_lock);
	return ok;
}

static bool cache_ready(struct vms__objcache *c)
{
	/*
	 * Acquire: pairs with the release in cache_register(), so that its
	 * setup is seen.
	 */
	return likely(atomic_load_explicit(&c->index, memory_order_acquire)) || cache_register(c);
}

/*
 * There are @more threads more. If that changes the size of shelves, all
 * shelves are emptied. Locks: vms__objcaches_lock.
 */
static void threads_changed(int more)
{
	nr_threads += (unsigned int)more;
	if (likely(!vms__shelves_resize(nr_threads)))
		return;
	for (unsigned int i = 1; i <= vms__nr_objcaches; i++) {
		struct vms__objcache *c = vms__objcaches[i];

		depot_lock(c);
		vms__shelves_use(c, !has_excess(c));
		vms__shelves_gather(c);
		depot_unlock(c);
	}
}

static void thread_exits(void)
{
	struct vms__objcache_thread *t = vms__objcache_self;

	vms__objcache_self = &vms__objcache_nobody;
	/*
	 * vms__objcaches_lock is held throughout, so that a count sees each
	 * object either in the thread or in the depot.
	 */
	pthread_mutex_lock(&vms__objcaches_lock);
	for (unsigned int i = 1; i <= vms__nr_objcaches; i++) {
		if (!t->local[i].cap)
			continue;
		depot_lock(vms__objcaches[i]);
		vms__shelf_clear(vms__objcaches[i], t);
		vms__depot_empty_local(vms__objcaches[i], &t->local[i]);
		/* cap 0 says that no batch returns here. */
		t->local[i] = (struct vms__objcache_local){0};
		depot_unlock(vms__objcaches[i]);
	}
	t->next->prev = t->prev;
	t->prev->next = t->next;
	t->next = former_threads;
	former_threads = t;
	threads_changed(-1);
	pthread_mutex_unlock(&vms__objcaches_lock);
	vms__defer_call_collector();
}

/*
 * Return: zeroed memory for a thread; NULL if memory is out. The memory is
 *         never freed, because batches that wait for a grace period name the
 *         thread that they are for. If that thread has exited meanwhile, its
 *         memory belongs to no thread, or to another thread, which then gets
 *         the batches. Locks: vms__objcaches_lock.
 */
static struct vms__objcache_thread *thread_new(void)
{
	struct vms__objcache_thread *t = former_threads;

	if (t) {
		former_threads = t->next;
		return t;
	}
	t = vms__alloc_uncounted(sizeof(*t), VMS_CACHELINE);
	if (t)
		memset(t, 0, sizeof(*t));
	return t;
}

static bool thread_register(void)
{
	struct vms__objcache_thread *t;

	pthread_mutex_lock(&vms__objcaches_lock);
	t = thread_new();
	if (t) {
		t->next = vms__objcache_threads.next;
		t->prev = &vms__objcache_threads;
		vms__objcache_threads.next->prev = t;
		vms__objcache_threads.next = t;
		threads_changed(1);
	}
	pthread_mutex_unlock(&vms__objcaches_lock);
	if (!t)
		return false;
	vms__objcache_self = t;
	vms__thread_at_exit(VMS__EXIT_OBJCACHE, thread_exits);
	return true;
}

struct vms__objcache_local *vms__objcache_local_ready(struct vms__objcache *c)
{
	struct vms__objcache_local *l;
	bool ok;

	if (vms__objcache_self == &vms__objcache_nobody && !thread_register())
		return NULL;
	l = vms__objcache_local(c);
	if (likely(l->cap))
		return l;
	depot_lock(c);
	ok = vms__depot_fill_local(c, l);
	depot_unlock(c);
	return ok ? l : NULL;
}

/* ---- alloc and free, the slow way ---------------------------------------- */

/*
 * Whether the injector makes an allocation fail. It counts each allocation,
 * except for those that a reserve has promised.
 */
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
	bool bound;
	void *obj;

	do {
		/* Memory is out, so the objects on shelves are needed. */
		vms__depot_lock_gathered(c);
		obj = has_object(l) || vms__depot_refill(c, l) ? pop(l) : NULL;
		bound = at_bound(c);
		depot_unlock(c);
	} while (!obj && bound && vms__defer_wait_below_bound(c));
	return obj;
}

/* Trade prev, which is empty, for a full magazine of the thread's own shelf. */
static bool take_from_shelf(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = vms__shelf_take_full(c, l->prev);

	if (!m)
		return false;
	l->prev = m;
	set(&l->prounds, VMS__MAG_SIZE);
	return true;
}

/* Fill @l, which has fewer than @n objects. Locks: the cache's. */
static bool take_from_depot(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n)
{
	return n == 1 ? vms__depot_refill(c, l) : vms__depot_top_up(c, l, n);
}

/*
 * Fill @l, which has fewer than @n objects, to @n or more: from its shelf, from
 * the depot, or by carving. Only if none of these helps, the shelves of other
 * threads are moved into the depot; and only then waiting may help.
 * Return: false if memory is out.
 */
static bool refill(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n)
{
	bool ok, bound;

	if (take_from_shelf(c, l))
		return true;
	depot_lock(c);
	ok = take_from_depot(c, l, n);
	depot_unlock(c);
	if (likely(ok))
		return true;
	do {
		vms__depot_lock_gathered(c);
		ok = take_from_depot(c, l, n);
		bound = at_bound(c);
		depot_unlock(c);
	} while (!ok && bound && vms__defer_wait_below_bound(c));
	return ok;
}

static void *alloc_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	if (!has_object(l) && !(refill(c, l, 1) && has_object(l)))
		return NULL;
	return pop(l);
}

/* Return: the calling thread's local of @c; NULL: use `shared`. */
static struct vms__objcache_local *local_ready(struct vms__objcache *c)
{
	struct vms__objcache_local *l = vms__objcache_local(c);

	return likely(l->cap) ? l : vms__objcache_local_ready(c);
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
	bool ok;

	VMS_ASSERT(n <= VMS__OBJCACHE_RESERVE_MAX);
	if (vms__alloc_must_fail() || !cache_ready(c))
		return false;
	l = vms__objcache_local_ready(c);
	if (!l)
		return false;
	ok = get(&l->rounds) + get(&l->prounds) >= n || refill(c, l, n);
	if (ok) {
		l->reserved = n;
		l->reserved_epoch = vms__alloc_injector.epoch;
	}
	return ok;
}

static void free_shared(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = &c->shared;
	bool excess = false;

	depot_lock(c);
	if (!has_room(l)) {
		vms__depot_spill(c, l);
		excess = vms__trim_wanted(c);
	}
	push(l, obj);
	depot_unlock(c);
	if (excess)
		vms__defer_call_collector();
}

/*
 * Both magazines are full: trade prev with the thread's shelf. Return: false if
 * the shelf has no room.
 */
static bool spill_to_shelf(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = vms__shelf_put_full(c, l->prev);

	if (!m)
		return false;
	take_empty(l, m);
	return true;
}

void vms__objcache_make_room(struct vms__objcache *c, struct vms__objcache_local *l)
{
	bool excess = false;

	if (has_room(l) || spill_to_shelf(c, l))
		return;
	depot_lock(c);
	vms__shelf_grow(c);
	if (!spill_to_shelf(c, l)) {
		vms__depot_spill(c, l);
		excess = vms__trim_wanted(c);
	}
	depot_unlock(c);
	if (excess)
		vms__defer_call_collector();
}

/* The inline caller has made the checks of a free. */
void vms__objcache_free_slow(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = local_ready(c);

	if (!l) {
		free_shared(c, obj);
		return;
	}
	vms__objcache_make_room(c, l);
	push(l, obj);
}

/* ---- counting ------------------------------------------------------------ */

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
	pthread_mutex_lock(&vms__objcaches_lock);
	depot_lock(c);
	n.carved = c->carved;
	n.free = c->depot_objs;
	n.deferred = c->inflight_objs;
	count_local(&n, &c->shared);
	for (struct vms__objcache_thread *t = vms__objcache_threads.next;
	     t != &vms__objcache_threads; t = t->next) {
		count_local(&n, &t->local[index]);
		n.free += (size_t)get(&t->shelf[index].nr_full) * VMS__MAG_SIZE;
	}
	depot_unlock(c);
	pthread_mutex_unlock(&vms__objcaches_lock);
	return n;
}

size_t vms__objcache_in_use(struct vms__objcache *c)
{
	struct census n = count(c);

	/*
	 * A thread may be counted on both sides of a trade that it makes
	 * meanwhile.
	 */
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

/* ---- fork ---------------------------------------------------------------- */

/*
 * Every holder keeps these locks for a moment only. It may allocate memory
 * meanwhile, but waits for nothing else, so a fork waits for no reader and no
 * callback here. This does not use depot_lock(): these are many locks of one
 * rank, taken in the order of the list, and to lockdep the child is another
 * thread.
 */
static void fork_prepare(void)
{
	pthread_mutex_lock(&vms__objcaches_lock);
	for (unsigned int i = 1; i <= vms__nr_objcaches; i++)
		pthread_mutex_lock(&vms__objcaches[i]->lock);
	for (struct vms__objcache_thread *t = vms__objcache_threads.next;
	     t != &vms__objcache_threads; t = t->next)
		vms__spin_lock(&t->lock);
}

static void unlock_shelves(void)
{
	for (struct vms__objcache_thread *t = vms__objcache_threads.next;
	     t != &vms__objcache_threads; t = t->next)
		vms__spin_unlock(&t->lock);
}

static void fork_parent(void)
{
	unlock_shelves();
	for (unsigned int i = vms__nr_objcaches; i; i--)
		pthread_mutex_unlock(&vms__objcaches[i]->lock);
	pthread_mutex_unlock(&vms__objcaches_lock);
}

/*
 * Move to the depot what threads that do not exist in the child had on their
 * shelves. The magazines in their hands stay, because such a thread may have
 * been in the middle of an operation on them.
 */
static void take_over_shelves(struct vms__objcache *c)
{
	for (struct vms__objcache_thread *t = vms__objcache_threads.next;
	     t != &vms__objcache_threads; t = t->next) {
		if (t == vms__objcache_self)
			continue;
		vms__shelf_clear(c, t);
		t->local[get(&c->index)].cap = 0; /* no batch returns there */
	}
}

/*
 * The threads that waited no longer exist. Nothing is allocated or waited for
 * here.
 */
static void fork_child(void)
{
	unlock_shelves();
	nr_threads = vms__objcache_self != &vms__objcache_nobody;
	(void)vms__shelves_resize(nr_threads);
	vms__defer_collector_forked();
	for (unsigned int i = vms__nr_objcaches; i; i--) {
		vms__objcaches[i]->drained = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
		vms__objcaches[i]->throttled = 0;
		vms__defer_forked(vms__objcaches[i]);
		vms__slabs_after_fork(vms__objcaches[i]);
		take_over_shelves(vms__objcaches[i]);
		vms__shelves_use(vms__objcaches[i], !has_excess(vms__objcaches[i]));
		vms__objcaches[i]->stuck = false; /* the blocking reader may not exist here */
		pthread_mutex_unlock(&vms__objcaches[i]->lock);
	}
	pthread_mutex_unlock(&vms__objcaches_lock);
}

__attribute__((constructor(201))) static void objcache_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_parent, fork_child));
}
