/* SPDX-License-Identifier: MIT */
/*
 * objcache_internal.h - what the object caches' files share: the list of caches, a cache's lock, what a thread does with its own
 * magazines, and the calls from file to file. Nobody else includes it.
 *
 * Where to read next: objcache.c.
 */
#ifndef VMS_SYNC_OBJCACHE_INTERNAL_H
#define VMS_SYNC_OBJCACHE_INTERNAL_H

#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/objcache.h"

#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1))

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

/* ---- objcache.c -------------------------------------------------------------------------------------------------- */

/* [1..vms__objcache_count()], by index. An entry is written once, before it is counted, and never taken back. */
extern VMS__HIDDEN struct vms__objcache *vms__objcaches[VMS__OBJCACHES_MAX];
unsigned int vms__objcache_count(void);

/* This thread's local of @c, ready for use; NULL without memory: use `shared`. @c is registered. Locks: none. */
struct vms__objcache_local *vms__objcache_local_ready(struct vms__objcache *c);

/* ---- objcache_depot.c: cache's lock held ------------------------------------------------------------------------- */

/* First use of @c: how its objects lie in memory. */
void vms__depot_setup(struct vms__objcache *c);

/* Give @l its three magazines. Return: false without memory; what was carved then stays spare. */
bool vms__depot_fill_local(struct vms__objcache *c, struct vms__objcache_local *l);
/* Take back all that @l holds. What is deferred becomes a batch: call the collector. */
void vms__depot_empty_local(struct vms__objcache *c, struct vms__objcache_local *l);

/* loaded and prev are dry: trade for one with objects, or carve some. Return: false without memory. */
bool vms__depot_refill(struct vms__objcache *c, struct vms__objcache_local *l);
/* loaded and prev are full: trade prev for an empty one. */
void vms__depot_spill(struct vms__objcache *c, struct vms__objcache_local *l);
/* Bring @l to @n objects or more. Return: false without memory. */
bool vms__depot_top_up(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n);

/* The full deferred magazine leaves @l as a batch; a new one takes its place. The caller unlocks, and calls the collector. */
void vms__depot_send_deferred(struct vms__objcache *c, struct vms__objcache_local *l);
/* As vms__depot_send_deferred(), from any filling. Return: false without memory. */
bool vms__depot_send_partial(struct vms__objcache *c, struct vms__objcache_local *l);
/* Take back @m, filled to @rounds. */
void vms__depot_give_back(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds);

/* ---- objcache_defer.c: no lock held ------------------------------------------------------------------------------ */

/* First use of @c: how much garbage it may have. Any lock may be held. */
void vms__defer_setup(struct vms__objcache *c);
/* See to it that the batches are collected. After queueing them. */
void vms__defer_call_collector(void);
/* For fork's child handler: what the parent's collector had taken from @c waits for another grace period. */
void vms__defer_forked(struct vms__objcache *c);
/* For the same: the collector of this process. */
void vms__defer_collector_forked(void);

/* ---- objcache_check.c: any lock may be held ---------------------------------------------------------------------- */

#if VMS__OBJCACHE_CHECKED
/* Bytes of an object together with what the checks keep behind it. */
size_t vms__objcache_check_size(const struct vms__objcache *c);
/* @obj was carved. */
void vms__objcache_check_new(struct vms__objcache *c, void *obj);
/* The grace period of a deferred @obj is over: nobody may look at it any more. */
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

/* ---- a local without the depot: its thread only (`shared`: cache's lock held) ------------------------------------ */

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
