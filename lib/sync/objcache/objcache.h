/* SPDX-License-Identifier: MIT */
/*
 * objcache.h - object caches: memory for many objects of one size, handed out
 * and taken back by each thread without a lock, and given back after a grace
 * period in batches.
 *
 * A thread keeps, for each cache, three magazines (arrays of object pointers):
 * `loaded`, which alloc pops and free pushes; `prev`, swapped in when `loaded`
 * runs dry or full; `deferred`, which free_rcu fills and which waits for a
 * grace period as a whole.
 *
 * Shelves. Once in 64 operations or less often a thread trades a full magazine
 * for an empty one. It does so with its own shelf, under a lock of its own;
 * only if that is dry or full it goes to the cache's depot, which all share.
 * What a thread deferred comes back to its own shelf, too. So threads that free
 * what they allocate share no cache line in the cache: neither its lock nor the
 * objects, whose neighbours are their own as well.
 *
 * Memory. A cache maps chunks of 2 MiB, and never unmaps one. A chunk has slabs
 * of 64 KiB; a thread carves its new objects from a slab of its own. A slab
 * whose objects are all in the depot can be given back: the system takes its
 * pages (MADV_DONTNEED), its addresses stay mapped and belong to the cache, and
 * it is carved anew, at the same places, before another chunk is mapped. This
 * happens
 *   - in vms__objcache_trim(), for every such slab of every cache;
 *   - by itself, on the callback thread, once a depot holds more than 8 MiB and
 *     more than the cache has in use. It goes on until the depot holds 4 MiB,
 *     or half of what is in use.
 * In both cases what lies on all threads' shelves is brought into the depot
 * first. While a depot has too much that cannot be given back, because objects
 * in use lie between, shelves take nothing, so that all that is freed is
 * counted.
 *
 * A thread keeps back, of each cache,
 *   - on its shelf at most 2 MiB of free objects (a quarter of what may idle in
 *     the depot). All shelves of a cache together hold at most 64 MiB: from 33
 *     threads on each is smaller. They are emptied by a trim, from any thread;
 *     by an allocation that finds nothing elsewhere, because of the bound or of
 *     memory that is out; when the thread exits; and in the child of a fork.
 *     Any other allocation carves instead: this memory is what sharing nothing
 *     costs;
 *   - in its magazines at most 128 free objects, 63 more that wait for company
 *     on their way to a grace period, and what it has not carved of one slab.
 *     These, and the slabs that they lie in, are the thread's until it exits
 *     or, for the calling thread, trims.
 *
 * Contents. Except in builds that check (below), the cache does not write to
 * its objects: one that is handed out holds what its last user left in it, or
 * zeros. A type whose objects are put back to zeros before they are freed needs
 * no setting up (pgtable.c).
 *
 * Bound. While BOUND = 8 * max_inflight batches or more wait for their grace
 * period (128 MiB of objects, if the cache has the usual limits), a cache
 * carves nothing: see free_rcu and alloc. So a cache never takes more memory
 * than what is in use, what threads keep back, and that bound. From half of it
 * on vms__objcache_may_grow() says no, so that those who can do without new
 * objects leave the rest to those who need some to give others up.
 *
 * Row may run beside column?   anything else on the same cache: yes, from any
 *                              thread; an object may be freed by another thread
 * than the one that allocated it. Any lock may be held on entry, except in a
 * callback's way (see free_rcu).
 *
 * VMS__OBJCACHE_TYPESAFE: a reader may still look at an object after it was
 * freed, if it got the pointer inside its present read section: it then sees
 * some object of this type, perhaps a new one. The cache never writes to such
 * memory while that section is open. What such a late reader reads must be
 * _Atomic, and its first user must set it with atomic stores (a memset over it
 * is a race). A reader with an older pointer may see zeros as well, since the
 * memory may have been given back: for a type whose zeros say "not in use",
 * such pointers may be tried, too (hint.h does).
 *
 * Builds that check: AddressSanitizer takes free objects for freed memory (a
 * TYPESAFE one only once a grace period has passed); to ThreadSanitizer an
 * object that changes hands is written as a whole (never TYPESAFE), so that
 * even an atomic look at it is a race unless an order with the free or the
 * alloc lies between, as a grace period is one. VMS_DEBUG finds double and
 * foreign frees, and fills free memory with 0x6b (never TYPESAFE) to find
 * stores to it when it is next handed out. VMS_PLANT_SKIP_GRACE is a planted
 * bug, for the tests of the tests: free_rcu frees at once.
 *
 * Where to read next: objcache.c.
 */
#ifndef VMS_SYNC_OBJCACHE_H
#define VMS_SYNC_OBJCACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <vmastore/compiler.h>
#include <vmastore/memory.h>
#include <vmastore/rcu.h>

#include "lib/sync/alloc.h"
#include "lib/sync/thread_slot.h"
#include "lib/sync/tsan.h"

#define VMS__OBJCACHE_TYPESAFE 1u
#define VMS__OBJCACHE_RESERVE_MAX 64u /* most that vms__objcache_reserve() can promise */

#define VMS__MAG_SIZE 64u      /* objects in a full magazine; at least VMS__OBJCACHE_RESERVE_MAX */
#define VMS__OBJCACHES_MAX 32u /* caches in a process, plus one */
/* times max_inflight: batches in flight with which nothing is carved */
#define VMS__OBJCACHE_BOUND 8u

struct vms__slab;
struct vms__chunk;
struct vms__objcache_thread;

struct vms__magazine {
	struct vms__magazine *next; /* in the depot, or among batches */
	/*
	 * of a batch, or of new objects: the thread that they are for; NULL:
	 * none
	 */
	struct vms__objcache_thread *owner;
	/*
	 * objects in it; only true in the depot, on a shelf, and on the way
	 * there
	 */
	unsigned int rounds;
	void *objs[VMS__MAG_SIZE];
};

/*
 * One thread's hold on one cache: one cache line. Only its thread writes it;
 * the counts are atomic (relaxed) because vms__objcache_in_use() reads them
 * from outside. cap is VMS__MAG_SIZE, or 0 until the thread first uses the
 * cache: all is then both dry and full, and the slow paths set it up.
 */
struct vms__objcache_local {
	_Atomic unsigned int rounds;  /* in loaded */
	_Atomic unsigned int drounds; /* in deferred */
	unsigned int cap;
	_Atomic unsigned int prounds; /* in prev: 0 or VMS__MAG_SIZE */
	struct vms__magazine *loaded;
	struct vms__magazine *deferred;
	struct vms__magazine *prev;
	unsigned int reserved; /* injector: allocations promised, and under which setting of it */
	unsigned long reserved_epoch;
	/*
	 * where its new objects are carved from; NULL: none yet. Under the
	 * cache's lock
	 */
	struct vms__slab *slab;
} vms_cacheline_aligned;

_Static_assert(sizeof(struct vms__objcache_local) == VMS_CACHELINE, "one cache line");

/*
 * One thread's part of one cache's depot. Under the thread's lock; the counts
 * are atomic (relaxed) because they are looked at without it. stock also needs
 * the cache's lock to change.
 */
struct vms__shelf {
	struct vms__magazine *full, *empty; /* stacks */
	_Atomic unsigned int nr_full;       /* in full */
	_Atomic unsigned int stock;         /* in both */
};

struct vms__objcache_thread {
	struct vms__objcache_local local[VMS__OBJCACHES_MAX]; /* by cache index; [0] stays empty */
	_Atomic unsigned int lock vms_cacheline_aligned;      /* a spinlock: of all its shelves */
	struct vms__shelf shelf[VMS__OBJCACHES_MAX];          /* by cache index, too */
	struct vms__objcache_thread *next, *prev;
};

struct vms__objcache {
	/* fixed after the first use */
	const char *name;
	size_t size, align;
	unsigned int flags;
	_Atomic unsigned int index; /* 0: not used yet */
	size_t stride;              /* bytes from object to object */
	unsigned int bundle;        /* objects carved at once */
	unsigned int colour;        /* bytes in front of a slab's first object */
	unsigned int slab_objs;     /* objects in a whole slab */
	/*
	 * batches that wait for a grace period before free_rcu slows down; 0:
	 * set at first use
	 */
	unsigned int max_inflight;
	/*
	 * objects in the depot from which on memory is given back, and that
	 * stay; 0: set at first use
	 */
	size_t high, low;
	/*
	 * seldom changes: under the lock of the list of threads or the cache's,
	 * whichever the function says
	 */
	/* full magazines that a thread may have on its shelf; 0: none now */
	_Atomic unsigned int shelf_max;

	/* the depot, all under lock */
	pthread_mutex_t lock vms_cacheline_aligned;
	pthread_cond_t drained;             /* inflight fell to half of max_inflight */
	struct vms__magazine *full, *empty; /* stacks */
	struct vms__magazine *partial;      /* the one that is neither; NULL: none */
	size_t mags;                        /* K and */
	unsigned int spare;                 /* X of "Why free never needs memory" */
	unsigned int partial_inflight;
	struct vms__magazine *waiting; /* batches that nobody waits a grace period for yet */
	unsigned int nr_waiting;
	struct vms__magazine *collecting; /* those that the collector does */
	unsigned int inflight;            /* these, and those that somebody does */
	unsigned int throttled;           /* threads that wait on drained */
	unsigned long nr_throttled;       /* how often one had to */
	/*
	 * a thread has waited in vain for room below the bound, and no batch
	 * was done since
	 */
	bool stuck;
	bool noted_short; /* it counts in vms__objcaches_short */
	size_t inflight_objs, depot_objs, carved;
	/*
	 * objects in the depot with which it is worth while to look for empty
	 * slabs again
	 */
	size_t retry_at;
	struct vms__chunk *chunks; /* all, newest first */
	/* slabs without objects; slabs in part carved that are no local's */
	struct vms__slab *unused, *open;
	unsigned int nr_leaving; /* slabs on their way back to the system */
	/* of the threads that have no memory for one of their own */
	struct vms__objcache_local shared;
};

/*
 * Define a cache of objects of @obj_size bytes, aligned to @obj_align (a power
 * of two). May be preceded by `static`. At most VMS__OBJCACHES_MAX - 1 caches
 * in a process.
 */
#define VMS__OBJCACHE_DEFINE(var, label, obj_size, obj_align, obj_flags)                           \
	struct vms__objcache var = {.name = (label),                                               \
				    .size = (obj_size),                                            \
				    .align = (obj_align),                                          \
				    .flags = (obj_flags),                                          \
				    .lock = PTHREAD_MUTEX_INITIALIZER,                             \
				    .drained = PTHREAD_COND_INITIALIZER}

extern VMS__TLS VMS__HIDDEN struct vms__objcache_thread
	*vms__objcache_self; /* never NULL: an empty one until the first slow path */

void *vms__objcache_alloc_slow(struct vms__objcache *c);
void vms__objcache_free_slow(struct vms__objcache *c, void *obj);
void vms__objcache_free_rcu_slow(struct vms__objcache *c, void *obj);

#if defined(VMS_DEBUG) || VMS__ASAN || VMS__TSAN
#define VMS__OBJCACHE_CHECKED 1
void vms__objcache_check_alloc(struct vms__objcache *c, void *obj);
void vms__objcache_check_free(struct vms__objcache *c, void *obj);
void vms__objcache_check_defer(struct vms__objcache *c, void *obj);
#else
#define VMS__OBJCACHE_CHECKED 0
static inline void vms__objcache_check_alloc(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}
static inline void vms__objcache_check_free(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}
static inline void vms__objcache_check_defer(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}
#endif

static inline struct vms__objcache_local *vms__objcache_local(struct vms__objcache *c)
{
	/*
	 * Relaxed: a stale 0 leads to the slow path, which looks again under a
	 * lock.
	 */
	return &vms__objcache_self->local[atomic_load_explicit(&c->index, memory_order_relaxed)];
}

/*
 * An object, not zeroed.
 *
 * Progress: a call that finds no free object while the cache is at its bound
 *           waits for the grace period of what was freed, but never inside a
 *           read section or a callback, and for 200 ms at most: the caller may
 *           hold a lock that a reader waits for inside its section. If one call
 *           has waited in vain, later ones do not wait until a batch is done.
 * Return: NULL when memory is out, or the cache is at its bound and stays
 *         there, or the injector (alloc.h) says so.
 */
static inline void *vms__objcache_alloc(struct vms__objcache *c)
{
	struct vms__objcache_local *l = vms__objcache_local(c);
	unsigned int n = atomic_load_explicit(&l->rounds, memory_order_relaxed);
	void *obj;

	if (unlikely(!n || vms__alloc_injector.armed))
		return vms__objcache_alloc_slow(c);
	obj = l->loaded->objs[n - 1];
	atomic_store_explicit(&l->rounds, n - 1, memory_order_relaxed);
	vms__objcache_check_alloc(c, obj);
	return obj;
}

/* Give @obj back; it may be handed out again at once. Never fails. */
static inline void vms__objcache_free(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = vms__objcache_local(c);
	unsigned int n = atomic_load_explicit(&l->rounds, memory_order_relaxed);

	vms__objcache_check_free(c, obj);
	if (unlikely(n >= l->cap)) {
		vms__objcache_free_slow(c, obj);
		return;
	}
	l->loaded->objs[n] = obj;
	atomic_store_explicit(&l->rounds, n + 1, memory_order_relaxed);
}

/*
 * Give @obj back once every read section that is open now is over. Never fails.
 *
 * Batches: the object waits in this thread's deferred magazine until that is
 * full, or vms_rcu_barrier(), or the thread exits.
 * Progress: when more than max_inflight batches wait, a call that completes one
 *           sleeps until they are fewer, but at most some milliseconds (never
 *           inside a read section or a callback): locks may be held, even some
 *           that a reader waits for. This slows a writer and bounds nothing.
 *           What bounds the garbage, for a writer inside a section too, is that
 *           alloc carves nothing at the cache's bound.
 */
static inline void vms__objcache_free_rcu(struct vms__objcache *c, void *obj)
{
#ifdef VMS_PLANT_SKIP_GRACE
	vms__objcache_free(c, obj);
#else
	struct vms__objcache_local *l = vms__objcache_local(c);
	unsigned int n = atomic_load_explicit(&l->drounds, memory_order_relaxed);

	vms__objcache_check_defer(c, obj);
	if (unlikely(n + 1 >= l->cap)) {
		vms__objcache_free_rcu_slow(c, obj);
		return;
	}
	l->deferred->objs[n] = obj;
	atomic_store_explicit(&l->drounds, n + 1, memory_order_relaxed);
#endif
}

/*
 * Set @n objects aside (at most VMS__OBJCACHE_RESERVE_MAX): after true, the
 * next @n vms__objcache_alloc() on this thread cannot fail, not even by the
 * injector, which counts this call as one allocation. Waits as
 * vms__objcache_alloc() does. Return: false when that one would return NULL.
 */
bool vms__objcache_reserve(struct vms__objcache *c, unsigned int n);

/*
 * May the program's data structures grow now? Not while half of any cache's
 * bound waits for its grace period: then this waits, as alloc does at the
 * bound, and if that is in vain the answer is no.
 */
bool vms__objcache_may_grow(void);

/*
 * Objects that are allocated and were not given back. A deferred one counts as
 * given back (at the latest after vms_rcu_barrier()). Exact if what other
 * threads did with @c happens before the call; else near.
 */
size_t vms__objcache_in_use(struct vms__objcache *c);
/*
 * Objects that were given back and still wait for their grace period or for
 * their batch to fill. Same exactness.
 */
size_t vms__objcache_deferred(struct vms__objcache *c);

/*
 * Send this thread's deferred objects on their way, full batches or not. Call
 * it where vms_synchronize_rcu() may be called.
 */
void vms__objcache_flush(void);

/*
 * Give all slabs back to the system whose objects are free and in no other
 * thread's magazines, of every cache. Return: bytes given back.
 * Locks: none. Waits for a grace period, if there are any: call it where
 * vms_synchronize_rcu() may be called.
 */
size_t vms__objcache_trim(void);

/*
 * Print "name: N live" to @out (NULL: nowhere) for every cache with live
 * objects. Return: their number over all caches.
 */
size_t vms__objcache_report(FILE *out);

#endif
