/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the object caches' files share: the list of caches, a
 * cache's lock, a thread's operations on its own magazines, and the calls from
 * file to file. No other file of lib/sync includes it.
 *
 * Locks: each section's heading and each function say. Read next: objcache.c.
 */
#ifndef VMS_SYNC_OBJCACHE_INTERNAL_H
#define VMS_SYNC_OBJCACHE_INTERNAL_H

#include <stdint.h>

#include "lib/sync/assert.h"
#include "lib/sync/host_memory.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/objcache/objcache.h"

#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1))

/* ---- chunks and slabs ---------------------------------------------------- */

#define SLAB_SIZE ((size_t)64 << 10) /* a multiple of every system's page size */
#define CHUNK_SLABS 32u
#define CHUNK_SIZE (CHUNK_SLABS * SLAB_SIZE) /* also its alignment: one huge page */

enum slab_state {
	SLAB_UNUSED, /* in c->unused: no objects, and no memory if it was given back */
	SLAB_OPEN,   /* in c->open: partly carved */
	SLAB_HELD,   /* held by a local */
	SLAB_CARVED, /* fully carved; held by no local */
	/*
	 * Its objects were removed from the depot. The trimmer owns it until
	 * its memory is given back.
	 */
	SLAB_LEAVING,
};

struct vms__slab {
	struct vms__slab *next;
	unsigned int carved; /* objects in it, which occupy the first places */
	unsigned int idle;   /* during a trim: how many are in the depot; else 0 */
	enum slab_state state;
	unsigned int nr; /* in its chunk; constant */
};

/*
 * In the system's memory a chunk has CHUNK_SLABS slabs, and its descriptor lies
 * at the beginning of the slab-sized room just below them. So it is found from
 * an object's address alone, and the slabs' own memory can be given back as a
 * whole huge page.
 *
 * In the host's memory a cache's chunks grow from one slab to CHUNK_SLABS,
 * their descriptors are plain allocations, and each slab begins with a pointer
 * to its struct vms__slab (HOST_SLAB_FRONT). The cache's lock guards all of it.
 */
struct vms__chunk {
	struct vms__chunk *next;
	struct vms__objcache *cache; /* constant, and so are memory and nr_slabs */
	char *memory;                /* of the slabs */
	unsigned int nr_slabs;
	bool huge; /* a huge page was requested from the system */
	struct vms__slab slab[CHUNK_SLABS];
};
_Static_assert(sizeof(struct vms__chunk) <= SLAB_SIZE, "room for the descriptor");

#define HOST_SLAB_FRONT sizeof(struct vms__slab *)

static inline struct vms__chunk *chunk_of_slab(const struct vms__slab *slab)
{
	const struct vms__slab *first = slab - slab->nr;

	return (struct vms__chunk *)((uintptr_t)first - offsetof(struct vms__chunk, slab));
}

static inline char *chunk_memory(const struct vms__chunk *chunk)
{
	return chunk->memory;
}

static inline char *slab_memory(const struct vms__slab *slab)
{
	return chunk_memory(chunk_of_slab(slab)) + slab->nr * SLAB_SIZE;
}

static inline struct vms__slab *slab_of(const void *obj)
{
	uintptr_t chunk = (uintptr_t)obj & ~(CHUNK_SIZE - 1);

	if (vms__memory_is_host())
		return *(struct vms__slab **)((uintptr_t)obj & ~(SLAB_SIZE - 1));
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

/* ---- registry.c ---------------------------------------------------------- */

/* The lock of the list of caches and of the list of threads. */
extern VMS__HIDDEN pthread_mutex_t vms__objcaches_lock;
/*
 * The caches: [1..vms__objcache_count()], by index. An entry is written once,
 * before it is counted, and is never removed.
 */
extern VMS__HIDDEN struct vms__objcache *vms__objcaches[VMS__OBJCACHES_MAX];
extern VMS__HIDDEN unsigned int vms__nr_objcaches; /* Locks: vms__objcaches_lock */
unsigned int vms__objcache_count(void);
/* The head of the list of threads. Locks: vms__objcaches_lock. */
extern VMS__HIDDEN struct vms__objcache_thread vms__objcache_threads;
/*
 * vms__objcache_self before a thread's first use, and after its last. Its
 * locals are all both empty and full, which leads to the slow paths. Never
 * written.
 */
extern VMS__HIDDEN struct vms__objcache_thread vms__objcache_nobody;

/* ---- magazine.c: cache's lock held --------------------------------------- */

/* Add an empty magazine. Return: false if memory is out. */
bool vms__magazine_new(struct vms__objcache *c);
/* Take back @m, which holds @rounds objects. */
void vms__magazine_give_back(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds);
/*
 * Return: an empty magazine that the depot no longer counts; NULL if memory is
 *         out. The caller owns it, and gives it back by adding one to c->spare.
 */
struct vms__magazine *vms__magazine_give_spare(struct vms__objcache *c);

static inline void push_full(struct vms__objcache *c, struct vms__magazine *m)
{
	m->rounds = VMS__MAG_SIZE;
	m->next = c->full;
	c->full = m;
	c->depot_objs += VMS__MAG_SIZE;
}

static inline struct vms__magazine *pop_full(struct vms__objcache *c)
{
	struct vms__magazine *m = c->full;

	if (m) {
		c->full = m->next;
		c->depot_objs -= VMS__MAG_SIZE;
	}
	return m;
}

static inline void push_empty(struct vms__objcache *c, struct vms__magazine *m)
{
	m->rounds = 0;
	m->next = c->empty;
	c->empty = m;
}

/* "Why free never needs memory" says why this cannot fail. */
static inline struct vms__magazine *pop_empty(struct vms__objcache *c)
{
	struct vms__magazine *m = c->empty;

	VMS_ASSERT(c->spare >= c->partial_inflight + 1);
	VMS_BUG_ON(!m);
	c->empty = m->next;
	return m;
}

static inline struct vms__magazine *pop_partial(struct vms__objcache *c)
{
	struct vms__magazine *m = c->partial;

	if (m) {
		c->partial = NULL;
		c->depot_objs -= m->rounds;
	}
	return m;
}

/*
 * Move as many objects as fit from @from to the end of @objs, which has
 * *@rounds of them.
 */
static inline void pour(struct vms__magazine *from, void **objs, unsigned int *rounds)
{
	while (from->rounds && *rounds < VMS__MAG_SIZE)
		objs[(*rounds)++] = from->objs[--from->rounds];
}

/* ---- depot.c: cache's lock held ------------------------------------------ */

/* On the first use of @c: set how its objects lie in memory. */
void vms__depot_setup(struct vms__objcache *c);

/*
 * Give @l its three magazines. Return: false if memory is out; magazines made
 * by then stay spare.
 */
bool vms__depot_fill_local(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Take back all that @l holds. Its deferred objects become a batch: the caller
 * must call the collector.
 */
void vms__depot_empty_local(struct vms__objcache *c, struct vms__objcache_local *l);

/*
 * loaded and prev are empty: trade loaded for a magazine with objects, or carve
 * some. Return: false if memory is out.
 */
bool vms__depot_refill(struct vms__objcache *c, struct vms__objcache_local *l);
/* loaded and prev are full: trade prev for an empty one. */
void vms__depot_spill(struct vms__objcache *c, struct vms__objcache_local *l);
/* Fill @l to @n objects or more. Return: false if memory is out. */
bool vms__depot_top_up(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n);

/*
 * Make @l's full deferred magazine a batch, and replace it by an empty one.
 * After unlocking, the caller must call the collector.
 */
void vms__depot_send_deferred(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Like vms__depot_send_deferred(), but the deferred magazine need not be full.
 * Return: false if memory is out.
 */
bool vms__depot_send_partial(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Move @l's free objects and the rest of its slab to the depot. @l stays ready,
 * and keeps its deferred objects.
 */
void vms__depot_drain_local(struct vms__objcache *c, struct vms__objcache_local *l);

/* Whether so much of @c waits for a grace period that nothing is carved. */
static inline bool at_bound(const struct vms__objcache *c)
{
	return c->inflight >= c->max_inflight * VMS__OBJCACHE_BOUND;
}

/*
 * Whether half of that waits: vms__objcache_may_grow() then may return false.
 */
static inline bool is_short(const struct vms__objcache *c)
{
	return c->inflight >= c->max_inflight * VMS__OBJCACHE_BOUND / 2;
}

/* The number of caches that are noted as short. */
extern VMS__HIDDEN _Atomic unsigned int vms__objcaches_short;

/* Called after each change of c->inflight. Locks: the cache's. */
static inline void note_short(struct vms__objcache *c)
{
	bool now = is_short(c);

	if (likely(now == c->noted_short))
		return;
	c->noted_short = now;
	/*
	 * Relaxed: a hint, as old as the reader's last lock. A reader that acts
	 * on it takes the cache's lock first.
	 */
	atomic_fetch_add_explicit(&vms__objcaches_short, now ? 1u : -1u, memory_order_relaxed);
}

/* ---- shelf.c: for its own shelf, the calling thread must be registered --- */

static inline unsigned int vms__shelf_max(const struct vms__objcache *c)
{
	return get(&c->shelf_max);
}

/*
 * Set the size of shelves for @nr_threads threads. Return: whether the size has
 * changed. Locks: the lock of the list of threads.
 */
bool vms__shelves_resize(unsigned int nr_threads);
/*
 * Let @c's shelves take objects, up to their present size, or nothing.
 * Locks: the cache's.
 */
void vms__shelves_use(struct vms__objcache *c, bool use);
/*
 * Trade @empty for a full magazine of the thread's own shelf. Return: NULL if
 * there is none. Locks: the caller must hold no shelf's lock.
 */
struct vms__magazine *vms__shelf_take_full(struct vms__objcache *c, struct vms__magazine *empty);
/*
 * Trade @full for an empty magazine of the thread's own shelf. Return: NULL if
 * there is no room. Locks: the caller must hold no shelf's lock.
 */
struct vms__magazine *vms__shelf_put_full(struct vms__objcache *c, struct vms__magazine *full);
/* The number of magazines on the thread's own shelf, full and empty. */
static inline unsigned int vms__shelf_stock(const struct vms__objcache *c)
{
	return get(&vms__objcache_self->shelf[get(&c->index)].stock);
}
/*
 * Add room to the thread's own shelf, if it may grow and there is memory.
 * Locks: the cache's.
 */
void vms__shelf_grow(struct vms__objcache *c);
/*
 * Put @full on the shelf of its owner, which for a batch is the thread that
 * deferred it. Return: false if the thread has exited or has no room; the
 * caller then keeps @full.
 * Locks: the cache's.
 */
bool vms__shelf_accept(struct vms__objcache *c, struct vms__magazine *full);
/*
 * Take @c's lock, and move the objects on all threads' shelves into the depot.
 * Locks: the caller must hold no cache's lock.
 */
void vms__depot_lock_gathered(struct vms__objcache *c);
/*
 * Move the objects on all threads' shelves into the depot. Locks: the cache's,
 * and vms__objcaches_lock.
 */
void vms__shelves_gather(struct vms__objcache *c);
/* Move everything on @t's shelf to the depot. Locks: the cache's. */
void vms__shelf_clear(struct vms__objcache *c, struct vms__objcache_thread *t);

/* ---- slab.c: cache's lock held, unless stated otherwise ------------------ */

/*
 * On the first use of @c, whose stride is set: set how its objects lie in
 * slabs, and how many may be idle.
 */
void vms__slab_setup(struct vms__objcache *c);
/*
 * Carve up to @n objects into @objs, from @l's slab and then from others, which
 * become @l's. Return: how many; 0: memory is out.
 */
unsigned int vms__slab_carve(struct vms__objcache *c, struct vms__objcache_local *l, void **objs,
			     unsigned int n);
/* Detach @l's slab from it, if it has one. */
void vms__slab_leave(struct vms__objcache *c, struct vms__objcache_local *l);
/*
 * Give the memory of the slabs in the list @leaving back to the system.
 * Neighbours must be next to each other in it, by falling address. The slabs
 * are unused afterwards.
 * Locks: none. A grace period must have passed since the slabs became
 *        SLAB_LEAVING. Return: bytes given back.
 */
size_t vms__slabs_release(struct vms__slab *leaving);
/*
 * In the child of a fork: make the slabs unused that other threads were giving
 * back.
 */
void vms__slabs_after_fork(struct vms__objcache *c);

/* ---- trim.c -------------------------------------------------------------- */

/*
 * Whether the depot holds more than may be idle there. Objects on shelves count
 * as in use. Locks: the cache's.
 */
static inline bool has_excess(const struct vms__objcache *c)
{
	return c->depot_objs > c->high && c->depot_objs > c->carved - c->depot_objs;
}
/*
 * Whether some of the depot should be given back: the caller then calls the
 * collector. Locks: the cache's.
 */
bool vms__trim_wanted(const struct vms__objcache *c);
/*
 * If vms__trim_wanted(): take slabs from @c and put them before the list
 * @leaving, for vms__slabs_release(). Return: the new list. Locks: none.
 */
struct vms__slab *vms__trim_excess(struct vms__objcache *c, struct vms__slab *leaving);

/* ---- defer.c: no lock held ----------------------------------------------- */

/*
 * On the first use of @c: set how much garbage it may have. The caller may hold
 * any lock.
 */
void vms__defer_setup(struct vms__objcache *c);
/*
 * Make sure that the collector will process the queued batches and give back
 * excess. Called after queueing batches.
 */
void vms__defer_call_collector(void);
/*
 * For the fork's child handler: the batches that the parent's collector had
 * taken from @c wait for another grace period.
 */
void vms__defer_forked(struct vms__objcache *c);
/* For the fork's child handler: set up the collector of this process. */
void vms__defer_collector_forked(void);
/*
 * The depot was empty, and nothing could be carved because of the bound. Wait,
 * if that can help (objcache.h, vms__objcache_alloc()). Return: whether the
 * caller should try again.
 */
bool vms__defer_wait_below_bound(struct vms__objcache *c);
/*
 * @c has more garbage than it should: let grace periods catch up, if the caller
 * may wait.
 */
void vms__defer_throttle(struct vms__objcache *c);

/* ---- objcache.c ---------------------------------------------------------- */

/*
 * Return: this thread's local of @c, ready for use; NULL if memory is out: use
 *         `shared`. @c must be registered. Locks: none.
 */
struct vms__objcache_local *vms__objcache_local_ready(struct vms__objcache *c);

/* Make room for one more object in @l, the calling thread's. Locks: none. */
void vms__objcache_make_room(struct vms__objcache *c, struct vms__objcache_local *l);

/* ---- check.c: the caller may hold any lock ------------------------------- */

#if VMS__OBJCACHE_CHECKED
/*
 * The size of an object together with what the checks keep behind it, in bytes.
 */
size_t vms__objcache_check_size(const struct vms__objcache *c);
/* Called for a newly carved @obj. */
void vms__objcache_check_new(struct vms__objcache *c, void *obj);
/*
 * The grace period of a deferred @obj is over: no reader may access it any
 * more.
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

/* ---- a local: its own thread (`shared`: cache's lock held) --------------- */

static inline void swap_magazines(struct vms__objcache_local *l)
{
	struct vms__magazine *m = l->loaded;
	unsigned int rounds = get(&l->rounds);

	l->loaded = l->prev;
	set(&l->rounds, get(&l->prounds));
	l->prev = m;
	set(&l->prounds, rounds);
}

/* Whether loaded has an object, after swapping it with prev if need be. */
static inline bool has_object(struct vms__objcache_local *l)
{
	if (!get(&l->rounds) && get(&l->prounds))
		swap_magazines(l);
	return get(&l->rounds) != 0;
}

/*
 * The full magazine prev was traded for the empty @m: @m becomes loaded, and
 * loaded, which is full, becomes prev.
 */
static inline void take_empty(struct vms__objcache_local *l, struct vms__magazine *m)
{
	l->prev = l->loaded;
	set(&l->prounds, VMS__MAG_SIZE);
	l->loaded = m;
	set(&l->rounds, 0);
}

/* Whether loaded has room, after swapping it with prev if need be. */
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

/* Return: whether the deferred magazine is full now. */
static inline bool push_deferred(struct vms__objcache_local *l, void *obj)
{
	unsigned int n = get(&l->drounds);

	l->deferred->objs[n] = obj;
	set(&l->drounds, n + 1);
	return n + 1 == VMS__MAG_SIZE;
}

#endif
