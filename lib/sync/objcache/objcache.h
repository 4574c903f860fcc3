/* SPDX-License-Identifier: MIT */
/*
 * objcache.h - object caches: memory for many objects of one size. Each thread
 * allocates and frees without a lock, and deferred frees pass their grace
 * period in batches.
 *
 * A thread keeps, for each cache, three magazines (arrays of object pointers):
 * alloc pops from `loaded` and free pushes to it; `prev` is swapped in when
 * `loaded` becomes empty or full; free_rcu fills `deferred`, which waits for a
 * grace period as a whole.
 *
 * Shelves. At most once in 64 operations a thread trades a full magazine for an
 * empty one. It does so with its own shelf, under a lock of its own. Only if
 * the shelf is empty or full, the thread goes to the cache's depot, which all
 * threads share. Objects that a thread deferred also return to its own shelf.
 * So threads that free what they allocate share no cache line in the cache:
 * neither its lock, nor the objects, whose neighbours belong to the same
 * thread.
 *
 * Memory. A cache maps chunks of 2 MiB, and never unmaps one. A chunk has slabs
 * of 64 KiB; a thread carves its new objects from a slab of its own. A slab
 * whose objects are all in the depot can be given back: the system takes its
 * pages (MADV_DONTNEED), but its addresses stay mapped and belong to the cache.
 * The slab is carved anew, at the same places, before another chunk is mapped.
 * If the host has set hooks for memory, chunks come from its get() and are
 * smaller at first, and its discard() takes the place of MADV_DONTNEED. Slabs
 * are given back
 *   - in vms__objcache_trim(), for every such slab of every cache;
 *   - automatically, on the callback thread, once a depot holds more than 8 MiB
 *     and more than the cache has in use. That stops when the depot holds 4
 *     MiB, or half of what is in use.
 * In both cases the objects on all threads' shelves are moved into the depot
 * first. While a depot has an excess that cannot be given back, because objects
 * in use lie between the free ones, shelves take nothing, so that every free is
 * counted in the depot.
 *
 * A thread keeps back, for each cache,
 *   - on its shelf at most 2 MiB of free objects (a quarter of what may idle in
 *     the depot). All shelves of a cache together hold at most 64 MiB: from 33
 *     threads on each is smaller. Shelves are emptied by a trim, from any
 *     thread; by an allocation that finds nothing elsewhere, because of the
 *     bound or because memory is out; when the thread exits; and in the child
 *     of a fork. Any other allocation carves new objects instead: this memory
 *     is the price of sharing nothing;
 *   - in its magazines at most 128 free objects, 63 more deferred ones in a
 *     magazine that is not full yet, and the uncarved rest of one slab. These
 *     objects, and the slabs that they lie in, stay with the thread until it
 *     exits or calls a trim itself.
 *
 * Contents. Except in builds that check (below), the cache does not write to
 * its objects: an allocated object holds what its last user left in it, or
 * zeros. A type whose objects are reset to zeros before they are freed needs no
 * initialisation (pgtable.c).
 *
 * Bound. While BOUND = 8 * max_inflight batches or more wait for their grace
 * period (128 MiB of objects, if the cache has the usual limits), a cache
 * carves nothing: see free_rcu and alloc. So a cache never takes more memory
 * than is in use, plus what threads keep back, plus that bound. From half the
 * bound on vms__objcache_may_grow() returns false, so that callers which can do
 * without new objects leave the rest to callers which need new objects in order
 * to free others.
 *
 * Concurrency. Every call may run concurrently with every other one on the same
 * cache, from any thread. A thread may free an object that another thread
 * allocated. The caller may hold any lock on entry, except for one that a
 * callback needs (see free_rcu).
 *
 * VMS__OBJCACHE_TYPESAFE: the memory is type-stable. A reader may still access
 * an object after it was freed, if it got the pointer inside its present read
 * section: it then sees some object of this type, perhaps a new one. The cache
 * never writes to such memory while that section is open. The fields that such
 * a late reader reads must be _Atomic, and a new user must set them with atomic
 * stores (a memset over them is a race). A reader with an older pointer may see
 * zeros as well, because the memory may have been given back. If a type's zeros
 * say "not in use", its readers may use such pointers, too (hint.h does).
 *
 * Builds that check. AddressSanitizer treats free objects as freed memory (a
 * TYPESAFE one only once a grace period has passed). ThreadSanitizer sees a
 * write to the whole object when it is allocated and freed (never TYPESAFE), so
 * that even an atomic access to it is a race, unless something orders the
 * access with the free or the alloc, as a grace period does. VMS_DEBUG finds
 * double and foreign frees, and fills free memory with 0x6b (never TYPESAFE) to
 * find stores to it at the next alloc. VMS_PLANT_SKIP_GRACE is a planted bug,
 * which tests the tests: free_rcu frees at once.
 *
 * Read next: objcache.c.
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
#define VMS__OBJCACHE_RESERVE_MAX 64u /* the most that vms__objcache_reserve() can promise */

#define VMS__MAG_SIZE 64u      /* objects in a full magazine; at least VMS__OBJCACHE_RESERVE_MAX */
#define VMS__OBJCACHES_MAX 32u /* caches in a process, plus one */
/*
 * A cache with this many times max_inflight batches in flight carves nothing.
 */
#define VMS__OBJCACHE_BOUND 8u

struct vms__slab;
struct vms__chunk;
struct vms__objcache_thread;

struct vms__magazine {
	struct vms__magazine *next; /* next in the depot, or among batches */
	/*
	 * For a batch or new objects: the thread whose shelf they are for;
	 * NULL: none.
	 */
	struct vms__objcache_thread *owner;
	/*
	 * The number of objects; valid only in the depot, on a shelf, and on
	 * the way there.
	 */
	unsigned int rounds;
	void *objs[VMS__MAG_SIZE];
};

/*
 * One thread's magazines of one cache, in one cache line. Only its thread
 * writes it; the counts are atomic (relaxed) because vms__objcache_in_use()
 * reads them from other threads. cap is VMS__MAG_SIZE, or 0 until the thread
 * first uses the cache: then everything is both empty and full, and the slow
 * paths set it up.
 */
struct vms__objcache_local {
	_Atomic unsigned int rounds;  /* in loaded */
	_Atomic unsigned int drounds; /* in deferred */
	unsigned int cap;
	_Atomic unsigned int prounds; /* in prev: 0 or VMS__MAG_SIZE */
	struct vms__magazine *loaded;
	struct vms__magazine *deferred;
	struct vms__magazine *prev;
	/* Allocations promised by a reserve, and the injector's epoch then. */
	unsigned int reserved;
	unsigned long reserved_epoch;
	/*
	 * The slab from which new objects are carved; NULL: none yet. Under the
	 * cache's lock.
	 */
	struct vms__slab *slab;
} vms_cacheline_aligned;

_Static_assert(sizeof(struct vms__objcache_local) == VMS_CACHELINE, "one cache line");

/*
 * One thread's part of one cache's depot. The thread's lock guards it; the
 * counts are atomic (relaxed) because they are also read without the lock.
 * Changing stock needs the cache's lock as well.
 */
struct vms__shelf {
	struct vms__magazine *full, *empty; /* stacks */
	_Atomic unsigned int nr_full;       /* in full */
	_Atomic unsigned int stock;         /* in both */
};

struct vms__objcache_thread {
	struct vms__objcache_local local[VMS__OBJCACHES_MAX]; /* by cache index; [0] stays empty */
	_Atomic unsigned int lock vms_cacheline_aligned;      /* a spinlock, for all its shelves */
	struct vms__shelf shelf[VMS__OBJCACHES_MAX];          /* by cache index */
	struct vms__objcache_thread *next, *prev;
};

struct vms__objcache {
	/* Constant after the first use. */
	const char *name;
	size_t size, align;
	unsigned int flags;
	_Atomic unsigned int index; /* 0: not used yet */
	size_t stride;              /* bytes from object to object */
	unsigned int bundle;        /* objects carved at a time */
	unsigned int colour;        /* bytes in front of a slab's first object */
	unsigned int slab_objs;     /* objects in a whole slab */
	/*
	 * Batches that may wait for a grace period before free_rcu slows down;
	 * 0: set at first use.
	 */
	unsigned int max_inflight;
	/*
	 * Objects in the depot above which memory is given back, and the number
	 * that then stays; 0: set at first use.
	 */
	size_t high, low;
	/*
	 * Full magazines that a thread may have on its shelf; 0: none at
	 * present. Seldom changes, under the lock of the list of threads or the
	 * cache's, as the functions say.
	 */
	_Atomic unsigned int shelf_max;

	/* The depot. The lock guards all of it. */
	pthread_mutex_t lock vms_cacheline_aligned;
	pthread_cond_t drained;             /* inflight fell to half of max_inflight */
	struct vms__magazine *full, *empty; /* stacks */
	struct vms__magazine *partial;      /* the one that is neither, or NULL */
	size_t mags;                        /* K and */
	unsigned int spare;                 /* X of "Why free never needs memory" */
	unsigned int partial_inflight;
	struct vms__magazine *waiting; /* batches not yet in a grace period */
	unsigned int nr_waiting;
	struct vms__magazine *collecting; /* batches that the collector works on */
	unsigned int inflight;            /* batches in waiting and collecting */
	unsigned int throttled;           /* threads that sleep on drained */
	unsigned long nr_throttled;       /* how often a thread did */
	/*
	 * A thread has waited in vain for room below the bound, and no batch
	 * was done since.
	 */
	bool stuck;
	bool noted_short; /* counted in vms__objcaches_short */
	size_t inflight_objs, depot_objs, carved;
	/*
	 * Objects in the depot at which looking for empty slabs is worthwhile
	 * again.
	 */
	size_t retry_at;
	struct vms__chunk *chunks; /* all of them, newest first */
	/* Slabs without objects; partly carved slabs that no local holds. */
	struct vms__slab *unused, *open;
	unsigned int nr_leaving; /* slabs on their way back to the system */
	/* The local of all threads that have no memory for one of their own. */
	struct vms__objcache_local shared;
};

/*
 * Define a cache of objects of @obj_size bytes, aligned to @obj_align (a power
 * of two). `static` may precede it. A process has at most VMS__OBJCACHES_MAX -
 * 1 caches.
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
	 * Relaxed: a stale 0 leads to the slow path, which checks again under a
	 * lock.
	 */
	return &vms__objcache_self->local[atomic_load_explicit(&c->index, memory_order_relaxed)];
}

/*
 * Allocate an object, not zeroed.
 *
 * Progress: a call that finds no free object while the cache is at its bound
 *           waits for the grace period of deferred objects. It never waits
 *           inside a read section or a callback, and for 200 ms at most,
 *           because the caller may hold a lock that a reader waits for inside
 *           its section. Once a call has waited in vain, later calls do not
 *           wait until a batch is done.
 * Return: NULL if memory is out, if the cache is at its bound and stays there,
 *         or if the injector (alloc.h) makes the call fail.
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

/* Free @obj, which may be allocated again at once. Never fails. */
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
 * Free @obj once every read section that is open now is over. Never fails.
 *
 * Batches: the object waits in this thread's deferred magazine until that is
 * full, or until vms_rcu_barrier() or the thread's exit.
 * Progress: when more than max_inflight batches wait, a call that completes one
 *           sleeps until there are fewer, but at most some milliseconds and
 *           never inside a read section or a callback. The caller may hold
 *           locks, even one that a reader waits for. The sleep slows a writer
 *           but bounds nothing. The garbage is bounded because alloc carves
 *           nothing at the cache's bound, which also holds for a writer inside
 *           a section.
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
 * Reserve @n objects (at most VMS__OBJCACHE_RESERVE_MAX): after true, the next
 * @n vms__objcache_alloc() on this thread cannot fail, not even by the
 * injector, which counts this call as one allocation. Waits like
 * vms__objcache_alloc(). Return: false if that call would return NULL.
 */
bool vms__objcache_reserve(struct vms__objcache *c, unsigned int n);

/*
 * Whether the program's data structures may grow now. While half of any cache's
 * bound waits for its grace period, this waits like an alloc at the bound, and
 * returns false if that was in vain.
 */
bool vms__objcache_may_grow(void);

/*
 * The number of objects that are allocated and not freed. A deferred object
 * counts as freed (at the latest after vms_rcu_barrier()). Exact if everything
 * that other threads did with @c happens before the call; otherwise
 * approximate.
 */
size_t vms__objcache_in_use(struct vms__objcache *c);
/*
 * The number of deferred objects that still wait for their grace period or for
 * their batch to fill. As exact as vms__objcache_in_use().
 */
size_t vms__objcache_deferred(struct vms__objcache *c);

/*
 * Start the grace period of this thread's deferred objects, in full batches or
 * not. The caller must be where it may call vms_synchronize_rcu().
 */
void vms__objcache_flush(void);

/*
 * For every cache, give back to the system all slabs whose objects are free and
 * in no other thread's magazines. Return: bytes given back.
 * Locks: none. Waits for a grace period, if there are such slabs: the caller
 *        must be where it may call vms_synchronize_rcu().
 */
size_t vms__objcache_trim(void);

/*
 * Print "name: N live" to @out (NULL: nowhere) for every cache with live
 * objects. Return: the number of live objects in all caches.
 */
size_t vms__objcache_report(FILE *out);

#endif
