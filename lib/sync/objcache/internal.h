/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the object caches' files share: the list of
 * caches, a cache's lock, what a thread does with its own magazines, and the
 * calls from file to file. Nobody else includes it.
 *
 * Where to read next: objcache.c.
 */
#ifndef VMS_SYNC_OBJCACHE_INTERNAL_H
#define VMS_SYNC_OBJCACHE_INTERNAL_H

#include <stdint.h>

#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/objcache/objcache.h"

#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1))

/* ---- chunks and slabs ---------------------------------------------------- */

#define SLAB_SIZE ((size_t)64 << 10) /* a multiple of every system's page size */
#define CHUNK_SLABS 32u
#define CHUNK_SIZE (CHUNK_SLABS * SLAB_SIZE) /* and its alignment: one huge page */

enum slab_state {
	SLAB_UNUSED, /* in c->unused: has no objects, and no memory if it was given back */
	SLAB_OPEN,   /* in c->open: in part carved */
	SLAB_HELD,   /* some local's */
	SLAB_CARVED, /* whole; nobody's */
	/*
	 * its objects were taken out of the depot. It is the trimmer's, and
	 * unused once its memory has gone
	 */
	SLAB_LEAVING,
};

struct vms__slab {
	struct vms__slab *next;
	unsigned int carved; /* objects in it: the first of those that have room */
	unsigned int idle;   /* while a trimmer looks: those in the depot; else 0 */
	enum slab_state state;
};

/*
 * A chunk's descriptor, at the beginning of one slab's room just below the
 * chunk itself: so it is found by an object's address alone, and the chunk's
 * own memory can go back as a whole huge page. All under the cache's lock.
 */
struct vms__chunk {
	struct vms__chunk *next;
	struct vms__objcache *cache; /* constant */
	bool huge;                   /* the system was asked for a huge page */
	struct vms__slab slab[CHUNK_SLABS];
};
_Static_assert(sizeof(struct vms__chunk) <= SLAB_SIZE, "room for the descriptor");

static inline struct vms__chunk *chunk_of_slab(const struct vms__slab *slab)
{
	return (struct vms__chunk *)((uintptr_t)slab & ~(SLAB_SIZE - 1));
}

static inline char *chunk_memory(const struct vms__chunk *chunk)
{
	return (char *)chunk + SLAB_SIZE;
}

static inline char *slab_memory(const struct vms__slab *slab)
{
	struct vms__chunk *chunk = chunk_of_slab(slab);

	return chunk_memory(chunk) + (size_t)(slab - chunk->slab) * SLAB_SIZE;
}

static inline struct vms__slab *slab_of(const void *obj)
{
	uintptr_t chunk = (uintptr_t)obj & ~(CHUNK_SIZE - 1);

	return &((struct vms__chunk *)(chunk - SLAB_SIZE))
			->slab[((uintptr_t)obj - chunk) / SLAB_SIZE];
}

static inline unsigned int get(const _Atomic unsigned int *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static inline void set(_Atomic unsigned int *count, unsigned int n)
{
	atomic_store_explicit(count, n, memory_order_relaxed);
}

static inline void depot_lock(struct vms__objcache *c)
{
	vms__lockdep_acquire(VMS__RANK_CACHE, &c->lock, c->name);
	pthread_mutex_lock(&c->lock);
}

static inline void depot_unlock(struct vms__objcache *c)
{
	pthread_mutex_unlock(&c->lock);
	vms__lockdep_release(&c->lock);
}

/* ---- objcache.c ---------------------------------------------------------- */

/*
 * [1..vms__objcache_count()], by index. An entry is written once, before it is
 * counted, and never taken back.
 */
extern VMS__HIDDEN struct vms__objcache *vms__objcaches[VMS__OBJCACHES_MAX];
unsigned int vms__objcache_count(void);
/*
 * Take @c's lock, with what lies on all threads' shelves brought into the
 * depot.
 * Locks: none of a cache.
 */
void vms__depot_lock_gathered(struct vms__objcache *c);

/*
 * This thread's local of @c, ready for use; NULL without memory: use `shared`.
 * @c is registered. Locks: none.
 */
struct vms__objcache_local *vms__objcache_local_ready(struct vms__objcache *c);

/* See to it that one more fits into @l, the calling thread's. Locks: none. */
void vms__objcache_make_room(struct vms__objcache *c, struct vms__objcache_local *l);

/* ---- depot.c: cache's lock held --------------------------------- */

/* First use of @c: how its objects lie in memory. */
void vms__depot_setup(struct vms__objcache *c);

/*
 * Give @l its three magazines. Return: false without memory; what was carved
 * then stays spare.
 */
bool vms__depot_fill_local(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Take back all that @l holds. What is deferred becomes a batch: call the
 * collector.
 */
void vms__depot_empty_local(struct vms__objcache *c, struct vms__objcache_local *l);

/*
 * loaded and prev are dry: trade for one with objects, or carve some. Return:
 * false without memory.
 */
bool vms__depot_refill(struct vms__objcache *c, struct vms__objcache_local *l);
/* loaded and prev are full: trade prev for an empty one. */
void vms__depot_spill(struct vms__objcache *c, struct vms__objcache_local *l);
/* Bring @l to @n objects or more. Return: false without memory. */
bool vms__depot_top_up(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n);

/*
 * The full deferred magazine leaves @l as a batch; a new one takes its place.
 * The caller unlocks, and calls the collector.
 */
void vms__depot_send_deferred(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * As vms__depot_send_deferred(), from any filling. Return: false without
 * memory.
 */
bool vms__depot_send_partial(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * What @l holds free goes to the depot, as does the rest of its slab; @l stays
 * ready. What is deferred stays with it.
 */
void vms__depot_drain_local(struct vms__objcache *c, struct vms__objcache_local *l);
/* Take back @m, filled to @rounds. */
void vms__depot_give_back(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds);
/*
 * An empty magazine that the depot no longer counts: it is the caller's, who
 * gives it back by adding one to c->spare. NULL: no memory.
 */
struct vms__magazine *vms__depot_give_spare(struct vms__objcache *c);

/* Does so much of @c wait for a grace period that nothing is carved? */
static inline bool at_bound(const struct vms__objcache *c)
{
	return c->inflight >= c->max_inflight * VMS__OBJCACHE_BOUND;
}

/* Half of that: callers who ask vms__objcache_may_grow() make do. */
static inline bool is_short(const struct vms__objcache *c)
{
	return c->inflight >= c->max_inflight * VMS__OBJCACHE_BOUND / 2;
}

/* how many were short at the last look */
extern VMS__HIDDEN _Atomic unsigned int vms__objcaches_short;

/* After a change of c->inflight. Locks: the cache's. */
static inline void note_short(struct vms__objcache *c)
{
	bool now = is_short(c);

	if (likely(now == c->noted_short))
		return;
	c->noted_short = now;
	/*
	 * Relaxed: a hint, as old as the caller's last lock; the cache's lock
	 * is taken before anything is made of it.
	 */
	atomic_fetch_add_explicit(&vms__objcaches_short, now ? 1u : -1u, memory_order_relaxed);
}

/* ---- shelf.c: the calling thread is registered, if it is its shelf ---- */

static inline unsigned int vms__shelf_max(const struct vms__objcache *c)
{
	return get(&c->shelf_max);
}

/*
 * There are @nr_threads now. Return: shelves have another size than before.
 * Locks: of the list of threads.
 */
bool vms__shelves_resize(unsigned int nr_threads);
/*
 * Whether @c's shelves take anything; and if so, as much as their size is now.
 * Locks: the cache's.
 */
void vms__shelves_use(struct vms__objcache *c, bool use);
/*
 * Trade @empty for a full magazine of the thread's own shelf. Return: NULL if
 * there is none. Locks: no shelf's.
 */
struct vms__magazine *vms__shelf_take_full(struct vms__objcache *c, struct vms__magazine *empty);
/*
 * Trade @full for an empty one. Return: NULL if there is no room. Locks: no
 * shelf's.
 */
struct vms__magazine *vms__shelf_put_full(struct vms__objcache *c, struct vms__magazine *full);
/* How many magazines the thread's own shelf has, full and empty. */
static inline unsigned int vms__shelf_stock(const struct vms__objcache *c)
{
	return get(&vms__objcache_self->shelf[get(&c->index)].stock);
}
/*
 * More room on the thread's own shelf, if it may grow and there is memory.
 * Locks: the cache's.
 */
void vms__shelf_grow(struct vms__objcache *c);
/*
 * Put @full on the shelf of its owner: of the thread that deferred it, if it is
 * a batch that is done. Return: false: it is still the caller's, because the
 * thread has exited or has no room.
 * Locks: the cache's.
 */
bool vms__shelf_accept(struct vms__objcache *c, struct vms__magazine *full);
/* Everything on @t's shelf goes to the depot. Locks: the cache's. */
void vms__shelf_clear(struct vms__objcache *c, struct vms__objcache_thread *t);

/* ---- slab.c: cache's lock held, if nothing else is said --------- */

/*
 * First use of @c, its stride known: how its objects lie in slabs, and how many
 * may lie idle.
 */
void vms__slab_setup(struct vms__objcache *c);
/*
 * Carve up to @n objects from @l's slab, or from others which become @l's, into
 * @objs. Return: how many; 0: no memory.
 */
unsigned int vms__slab_carve(struct vms__objcache *c, struct vms__objcache_local *l, void **objs,
			     unsigned int n);
/* @l gives up its slab, if it has one. */
void vms__slab_leave(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Give the memory of the @leaving slabs, a list, back to the system; neighbours
 * stand in it by falling address. They are unused then. Locks: none; a grace
 * period has passed since they began to leave. Return: bytes given back.
 */
size_t vms__slabs_release(struct vms__slab *leaving);
/* In the child of a fork: what other threads were giving back is unused. */
void vms__slabs_after_fork(struct vms__objcache *c);

/* ---- trim.c ----------------------------------------------------- */

/*
 * Does the depot hold more than may idle there? What lies on shelves counts as
 * in use. Locks: the cache's.
 */
static inline bool has_excess(const struct vms__objcache *c)
{
	return c->depot_objs > c->high && c->depot_objs > c->carved - c->depot_objs;
}
/*
 * Has the depot so much that some should be given back? Then call the
 * collector. Locks: the cache's.
 */
bool vms__trim_wanted(const struct vms__objcache *c);
/*
 * If it has: take slabs from @c and put them on the list @leaving, for
 * vms__slabs_release(). Return: the list. Locks: none.
 */
struct vms__slab *vms__trim_excess(struct vms__objcache *c, struct vms__slab *leaving);

/* ---- defer.c: no lock held -------------------------------------- */

/* First use of @c: how much garbage it may have. Any lock may be held. */
void vms__defer_setup(struct vms__objcache *c);
/*
 * See to it that the batches are collected, and that what is idle in excess is
 * given back. After queueing them.
 */
void vms__defer_call_collector(void);
/*
 * For fork's child handler: what the parent's collector had taken from @c waits
 * for another grace period.
 */
void vms__defer_forked(struct vms__objcache *c);
/* For the same: the collector of this process. */
void vms__defer_collector_forked(void);
/*
 * The depot was dry, and nothing could be carved, because of the bound. Wait,
 * if waiting can help (objcache.h, vms__objcache_alloc()). Return: it did, try
 * again.
 */
bool vms__defer_wait_below_bound(struct vms__objcache *c);

/* ---- check.c: any lock may be held ------------------------------ */

#if VMS__OBJCACHE_CHECKED
/* Bytes of an object together with what the checks keep behind it. */
size_t vms__objcache_check_size(const struct vms__objcache *c);
/* @obj was carved. */
void vms__objcache_check_new(struct vms__objcache *c, void *obj);
/*
 * The grace period of a deferred @obj is over: nobody may look at it any more.
 */
void vms__objcache_check_grace_over(struct vms__objcache *c, void *obj);
#else
static inline size_t vms__objcache_check_size(const struct vms__objcache *c)
{
	return c->size;
}
static inline void vms__objcache_check_new(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}
static inline void vms__objcache_check_grace_over(struct vms__objcache *c, void *obj)
{
	(void)c, (void)obj;
}
#endif

/* ---- a local without the depot: its thread only (`shared`: cache's lock held) ---- */

static inline void swap_magazines(struct vms__objcache_local *l)
{
	struct vms__magazine *m = l->loaded;
	unsigned int rounds = get(&l->rounds);

	l->loaded = l->prev;
	set(&l->rounds, get(&l->prounds));
	l->prev = m;
	set(&l->prounds, rounds);
}

/* Is there an object in loaded, now or after swapping it with prev? */
static inline bool has_object(struct vms__objcache_local *l)
{
	if (!get(&l->rounds) && get(&l->prounds))
		swap_magazines(l);
	return get(&l->rounds) != 0;
}

/*
 * The full magazine that was prev has left, and @m, which is empty, came for
 * it: it is loaded, and what was loaded, full, is prev.
 */
static inline void take_empty(struct vms__objcache_local *l, struct vms__magazine *m)
{
	l->prev = l->loaded;
	set(&l->prounds, VMS__MAG_SIZE);
	l->loaded = m;
	set(&l->rounds, 0);
}

/* Is there room in loaded, now or after swapping it with prev? */
static inline bool has_room(struct vms__objcache_local *l)
{
	if (get(&l->rounds) == VMS__MAG_SIZE && !get(&l->prounds))
		swap_magazines(l);
	return get(&l->rounds) < VMS__MAG_SIZE;
}

static inline void *pop(struct vms__objcache_local *l)
{
	unsigned int n = get(&l->rounds) - 1;

	set(&l->rounds, n);
	return l->loaded->objs[n];
}

static inline void push(struct vms__objcache_local *l, void *obj)
{
	unsigned int n = get(&l->rounds);

	l->loaded->objs[n] = obj;
	set(&l->rounds, n + 1);
}

/* Return: is the deferred magazine full now? */
static inline bool push_deferred(struct vms__objcache_local *l, void *obj)
{
	unsigned int n = get(&l->drounds);

	l->deferred->objs[n] = obj;
	set(&l->drounds, n + 1);
	return n + 1 == VMS__MAG_SIZE;
}

#endif
