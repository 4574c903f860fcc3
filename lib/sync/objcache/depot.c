/* SPDX-License-Identifier: MIT */
/*
 * depot.c - a cache's depot: the magazines and objects that no thread holds,
 * and the trade of a thread with it. One magazine at a time is magazine.c's;
 * new objects come from slab.c.
 *
 * Locks: the caller of every function here must hold the cache's lock. Read
 *        first: objcache.h, and internal.h for depot_lock().
 *
 * Why free never needs memory
 *
 * A free that finds both magazines full needs an empty one, and so does a full
 * deferred magazine that becomes a batch. The depot always has one, because no
 * object is carved unless the depot has room for it in a magazine. For one
 * cache, let
 *
 *   K  magazines for its objects (`mags`), of which there are at most 64 K;
 *   3  more magazines for each thread's local (and for `shared`), not counted
 *      below;
 *   X  more magazines (`spare`);
 *   Q  batches that are not full (`partial_inflight`).
 *
 * The depot and the batches together own K + X magazines: full ones in the
 * depot and in batches (F), at most one partly filled one in the depot (P <= 1:
 * two are poured together), the Q batches, and the empty ones:
 *
 *   E = K + X - F - P - Q
 *
 * A thread that needs an empty magazine has at least one object in hand, so the
 * full ones hold less than 64 K:
 *
 *   F <= K - 1,  and so  E >= X + 1 - P - Q >= X - Q
 *
 * So the rule X >= Q + 1 is enough. Two functions keep it, and these may fail:
 * vms__depot_send_partial(), which sends a partly filled batch, and
 * vms__depot_fill_local(), which takes three magazines for a new thread. A trim
 * that gives objects back to the system (trim.c) frees only as many magazines
 * as leave both rules true.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include <stdlib.h>

#define BUNDLE_BYTES ((size_t)16 << 10) /* about what is carved at a time */
#define BUNDLE_MIN 8u

_Atomic unsigned int vms__objcaches_short;

/* ---- new objects --------------------------------------------------------- */

void vms__depot_setup(struct vms__objcache *c)
{
	size_t bundle;

	VMS_BUG_ON(!c->size || !c->align || (c->align & (c->align - 1)));
	VMS_BUG_ON(c->size > SLAB_SIZE / 8 || c->align > SLAB_SIZE / 8);
	if (c->align < sizeof(void *))
		c->align = sizeof(void *); /* also AddressSanitizer's granule */
	c->stride = ALIGN_UP(vms__objcache_check_size(c), c->align);
	bundle = BUNDLE_BYTES / c->stride;
	c->bundle = bundle > VMS__MAG_SIZE ? VMS__MAG_SIZE
		    : bundle < BUNDLE_MIN  ? BUNDLE_MIN
					   : (unsigned int)bundle;
	vms__slab_setup(c);
}

/*
 * Make sure that the depot has magazines for @n new objects. Return: whether
 * they may be carved.
 */
static bool carve_begin(struct vms__objcache *c, unsigned int n)
{
	if (at_bound(c))
		return false;
	for (; c->mags * VMS__MAG_SIZE < c->carved + n; c->mags++) {
		if (!vms__magazine_new(c))
			return false;
	}
	return true;
}

/* Carve up to @max new objects into @l's loaded magazine. */
static bool bundle_carve(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int max)
{
	unsigned int n = max < c->bundle ? max : c->bundle, rounds = get(&l->rounds);

	if (!carve_begin(c, n))
		return false;
	n = vms__slab_carve(c, l, l->loaded->objs + rounds, n);
	c->carved += n;
	set(&l->rounds, rounds + n);
	return n != 0;
}

/*
 * Carve a full magazine of new objects for the shelf of @l's thread. Return:
 * whether the shelf may take more.
 */
static bool carve_for_shelf(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m;

	if (!carve_begin(c, VMS__MAG_SIZE))
		return false;
	m = pop_empty(c);
	m->rounds = vms__slab_carve(c, l, m->objs, VMS__MAG_SIZE);
	c->carved += m->rounds;
	m->owner = vms__objcache_self;
	if (vms__shelf_accept(c, m))
		return true;
	vms__magazine_give_back(c, m, m->rounds);
	return false;
}

/*
 * A thread that keeps needing new objects gets some ahead: as many as
 * BUNDLE_BYTES hold, besides the magazine that it came for, and then twice as
 * many each time, until it comes here once per slab instead of once in 64
 * objects. They lie on its shelf, where a trim finds them. If a full magazine
 * is more than a bundle because objects are big, none are carved ahead.
 */
static void carve_ahead(struct vms__objcache *c, struct vms__objcache_local *l)
{
	unsigned int most = c->slab_objs / VMS__MAG_SIZE, n;

	if (l == &c->shared || c->bundle < VMS__MAG_SIZE)
		return;
	n = BUNDLE_BYTES / (c->stride * VMS__MAG_SIZE) - 1;
	if (n < vms__shelf_stock(c))
		n = vms__shelf_stock(c);
	for (unsigned int i = 0; i < n && i < most && carve_for_shelf(c, l); i++)
		;
	if (n < most)
		vms__shelf_grow(c);
}

/* ---- trade with a local -------------------------------------------------- */

/*
 * This reuses magazines of threads that have exited, if the rule X >= Q + 1
 * allows it.
 */
bool vms__depot_fill_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	while (c->spare < c->partial_inflight + 1 + 3) {
		if (!vms__magazine_new(c))
			return false;
		c->spare++;
	}
	l->loaded = pop_empty(c);
	l->prev = pop_empty(c);
	l->deferred = pop_empty(c);
	c->spare -= 3;
	l->cap = VMS__MAG_SIZE;
	return true;
}

bool vms__depot_refill(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = pop_full(c);

	if (!m)
		m = pop_partial(c);
	if (!m) {
		if (!bundle_carve(c, l, VMS__MAG_SIZE))
			return false;
		carve_ahead(c, l);
		return true;
	}
	if (!vms__shelf_max(c) && !has_excess(c))
		vms__shelves_use(c, true);
	push_empty(c, l->loaded);
	l->loaded = m;
	set(&l->rounds, m->rounds);
	return true;
}

void vms__depot_spill(struct vms__objcache *c, struct vms__objcache_local *l)
{
	struct vms__magazine *m = pop_empty(c);

	push_full(c, l->prev);
	take_empty(l, m);
}

bool vms__depot_top_up(struct vms__objcache *c, struct vms__objcache_local *l, unsigned int n)
{
	while (get(&l->rounds) + get(&l->prounds) < n) {
		unsigned int rounds = get(&l->rounds);
		struct vms__magazine *m = pop_full(c);

		/* prev is empty here: a full prev would be enough by itself. */
		if (m) {
			push_empty(c, l->prev);
			l->prev = m;
			set(&l->prounds, VMS__MAG_SIZE);
		} else if ((m = pop_partial(c)) != NULL) {
			pour(m, l->loaded->objs, &rounds);
			set(&l->rounds, rounds);
			vms__magazine_give_back(c, m, m->rounds);
		} else if (!bundle_carve(c, l, VMS__MAG_SIZE - rounds)) {
			return false;
		}
	}
	return true;
}

/* Make @m, which holds @rounds objects, a batch. */
static void queue_batch(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds,
			struct vms__objcache_thread *owner)
{
	m->rounds = rounds;
	m->owner = owner;
	m->next = c->waiting;
	c->waiting = m;
	c->nr_waiting++;
	c->inflight++;
	c->inflight_objs += rounds;
	note_short(c);
}

void vms__depot_send_deferred(struct vms__objcache *c, struct vms__objcache_local *l)
{
	queue_batch(c, l->deferred, get(&l->drounds), l == &c->shared ? NULL : vms__objcache_self);
	l->deferred = pop_empty(c);
	set(&l->drounds, 0);
}

/* The rule X >= Q + 1 requires one more magazine first. */
bool vms__depot_send_partial(struct vms__objcache *c, struct vms__objcache_local *l)
{
	if (c->spare < c->partial_inflight + 2) {
		if (!vms__magazine_new(c))
			return false;
		c->spare++;
	}
	c->partial_inflight++;
	vms__depot_send_deferred(c, l);
	return true;
}

void vms__depot_empty_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	unsigned int drounds = get(&l->drounds);

	vms__magazine_give_back(c, l->loaded, get(&l->rounds));
	vms__magazine_give_back(c, l->prev, get(&l->prounds));
	vms__slab_leave(c, l);
	c->spare += 3;
	if (drounds) {
		c->partial_inflight++;
		queue_batch(c, l->deferred, drounds, NULL);
	} else {
		push_empty(c, l->deferred);
	}
}

/*
 * Trade @m, which holds *@rounds objects, for an empty magazine. There is one,
 * because an object is in hand.
 */
static struct vms__magazine *drain(struct vms__objcache *c, struct vms__magazine *m,
				   _Atomic unsigned int *rounds)
{
	struct vms__magazine *empty;

	if (!get(rounds))
		return m;
	empty = pop_empty(c);
	vms__magazine_give_back(c, m, get(rounds));
	set(rounds, 0);
	return empty;
}

void vms__depot_drain_local(struct vms__objcache *c, struct vms__objcache_local *l)
{
	l->loaded = drain(c, l->loaded, &l->rounds);
	l->prev = drain(c, l->prev, &l->prounds);
	vms__slab_leave(c, l);
}
