/* SPDX-License-Identifier: MIT */
/*
 * free_rcu.c - objects that a thread defers: its deferred magazine is full, or
 * must go before it is. The fast side is inline in objcache.h; defer.c takes
 * the batches on.
 *
 * Locks: the cache's lock, taken here; never held while RCU is called.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include "lib/sync/rcu.h"

/* ---- free_rcu, the slow way ---------------------------------------------- */

void vms__objcache_free_rcu_slow(struct vms__objcache *c, void *obj)
{
	struct vms__objcache_local *l = vms__objcache_local_ready(c);
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
		vms__depot_send_deferred(c, l);
	over = c->inflight > c->max_inflight;
	depot_unlock(c);
	if (!full)
		return;
	vms__defer_call_collector();
	if (over)
		vms__defer_throttle(c);
}

/* ---- flushing ------------------------------------------------------------ */

/*
 * There was no memory to send @l's deferred objects, so wait for the grace
 * period here. @l is the calling thread's.
 */
static void flush_by_waiting(struct vms__objcache *c, struct vms__objcache_local *l)
{
	unsigned int n;

	vms_synchronize_rcu();
	while ((n = get(&l->drounds)) != 0) {
		void *obj = l->deferred->objs[n - 1];

		set(&l->drounds, n - 1);
		vms__objcache_check_grace_over(c, obj);
		vms__objcache_make_room(c, l);
		push(l, obj);
	}
}

static void flush(struct vms__objcache *c, struct vms__objcache_local *l)
{
	bool stuck;

	depot_lock(c);
	if (get(&c->shared.drounds))
		(void)vms__depot_send_partial(
			c, &c->shared); /* without memory it is sent when it is full */
	stuck = get(&l->drounds) && !vms__depot_send_partial(c, l);
	depot_unlock(c);
	if (stuck)
		flush_by_waiting(c, l);
}

void vms__objcache_flush(void)
{
	unsigned int nr = vms__objcache_count();

	for (unsigned int i = 1; i <= nr; i++)
		flush(vms__objcaches[i], &vms__objcache_self->local[i]);
	if (nr)
		vms__defer_call_collector();
}

__attribute__((constructor(201))) static void free_rcu_init(void)
{
	vms__rcu_before_barrier(vms__objcache_flush);
}
