/* SPDX-License-Identifier: MIT */
/*
 * defer.c - objects that wait for a grace period: the batches they go
 * in, the collector that takes batches through one, and the brake on those who
 * defer faster than grace periods pass.
 *
 * Locks: the cache's lock, taken here; never held while RCU is called, so who
 * holds it never waits for a reader or a callback. Read first: objcache.h. How
 * a batch leaves a thread's hands: depot.c,
 * vms__depot_send_deferred().
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/objcache/internal.h"

#include <time.h>

#include "lib/sync/cancel.h"
#include "lib/sync/cond.h"
#include "lib/sync/rcu.h"

/* garbage of one cache before its writers are slowed down */
#define MAX_INFLIGHT_BYTES ((size_t)16 << 20)
#define MIN_INFLIGHT 64u
#define MAX_INFLIGHT 4096u
#define COLLECT_PAUSE_NS 1000000L /* the collector's step under pressure */
#define COLLECT_AGAIN 16u         /* batches of one cache in such a step that keep it going */
#define COLLECT_STEPS 32u         /* then other callbacks have their turn */
#define THROTTLE_NS 20000000L     /* longest sleep for one batch */
#define BOUND_WAIT_NS 200000000L  /* longest wait for memory at the bound */

/* ---- the collector: batches go through a grace period -------------------- */

/*
 * Is a throttled thread to sleep on? It sleeps to half the limit, not to be
 * back at it with its next batch. Locks: cache's lock.
 */
static bool must_wait(const struct vms__objcache *c)
{
	return c->inflight > c->max_inflight / 2;
}

/*
 * The grace period of @m, the first of @c's that are being collected, is over.
 * Locks: none.
 */
static void batch_done(struct vms__objcache *c, struct vms__magazine *m)
{
	unsigned int rounds = m->rounds;
	bool wake;

	depot_lock(c);
	/*
	 * Under the lock: a fork finds the batch in the collector's hands as a
	 * whole, or not at all.
	 */
	for (unsigned int i = 0; i < rounds; i++)
		vms__objcache_check_grace_over(c, m->objs[i]);
	c->collecting = m->next;
	c->inflight--;
	c->inflight_objs -= rounds;
	c->stuck = false;
	note_short(c);
	if (rounds < VMS__MAG_SIZE)
		c->partial_inflight--;
	if (!vms__shelf_accept(c, m))
		vms__depot_give_back(c, m, rounds);
	wake = c->throttled && !must_wait(c);
	depot_unlock(c);
	if (wake)
		pthread_cond_broadcast(&c->drained);
}

/*
 * Take the waiting batches of @c, if there are @min or more. Return: were
 * there? They stay in the cache's hands, so that a fork finds them. Only the
 * collector changes `collecting`, which is empty on entry.
 */
static bool take_waiting(struct vms__objcache *c, unsigned int min)
{
	bool any;

	depot_lock(c);
	any = c->nr_waiting && c->nr_waiting >= min;
	if (any) {
		c->collecting = c->waiting;
		c->waiting = NULL;
		c->nr_waiting = 0;
	}
	depot_unlock(c);
	return any;
}

/*
 * Take all batches of the caches that have @min or more through one grace
 * period, and with them the slabs of depots that hold too much. Return: were
 * there any?
 */
static bool collect(unsigned int min)
{
	struct vms__slab *leaving = NULL;
	unsigned int nr = vms__objcache_count();
	struct vms__magazine *m;
	bool any = false;

	for (unsigned int i = 1; i <= nr; i++) {
		any |= take_waiting(vms__objcaches[i], min);
		leaving = vms__trim_excess(vms__objcaches[i], leaving);
	}
	if (!any && !leaving)
		return false;
	vms_synchronize_rcu();
	vms__slabs_release(leaving);
	for (unsigned int i = 1; i <= nr; i++) {
		while ((m = vms__objcaches[i]->collecting) != NULL)
			batch_done(vms__objcaches[i], m);
	}
	return true;
}

static struct vms_rcu_head collector_head;
/* collector_head is queued, and the collector has not started */
static _Atomic bool collector_called;

/*
 * Runs on the callback thread, which by itself comes round once in 10 ms. Under
 * pressure that would be a lot of garbage, and memory that is cold when it is
 * used again; so this stays, and looks again in smaller steps, as long as
 * batches come in quick succession. What it leaves has called it anew, since
 * collector_called is cleared first; so a barrier that begins after a batch was
 * queued finds the collector queued or at it, and waits for it.
 */
static void collector(struct vms_rcu_head *head)
{
	const struct timespec pause = {.tv_nsec = COLLECT_PAUSE_NS};

	(void)head;
	/*
	 * Release: who calls again writes to collector_head, which is off the
	 * queue. Pairs with the exchange below.
	 */
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
	/* A depot that the last step filled has not called. */
	vms__defer_call_collector();
}

/*
 * Who finds the collector called already relies on its taking the lists
 * afterwards: if it had taken this one before, then its lock would have shown
 * us collector_called as it had cleared it.
 */
void vms__defer_call_collector(void)
{
	if (atomic_load_explicit(&collector_called, memory_order_relaxed)) {
		/*
		 * In the child of a fork it may be queued, and have no thread.
		 */
		(void)vms__rcu_is_ready();
		return;
	}
	if (!atomic_exchange_explicit(&collector_called, true, memory_order_acquire))
		vms_call_rcu(&collector_head, collector);
}

void vms__defer_forked(struct vms__objcache *c)
{
	struct vms__magazine **end = &c->collecting;

	while (*end) {
		end = &(*end)->next;
		c->nr_waiting++;
	}
	*end = c->waiting;
	c->waiting = c->collecting;
	c->collecting = NULL;
}

/*
 * The parent's thread may have taken collector_head off the queue, and not have
 * come to clear the flag.
 */
void vms__defer_collector_forked(void)
{
	atomic_store_explicit(&collector_called, vms__rcu_queued(&collector_head),
			      memory_order_relaxed);
}

/* ---- the brake ----------------------------------------------------------- */

void vms__defer_setup(struct vms__objcache *c)
{
	size_t batches = MAX_INFLIGHT_BYTES / (c->stride * VMS__MAG_SIZE);

	if (!c->max_inflight)
		c->max_inflight = batches > MAX_INFLIGHT   ? MAX_INFLIGHT
				  : batches < MIN_INFLIGHT ? MIN_INFLIGHT
							   : (unsigned int)batches;
}

/*
 * Sleep until few enough batches wait, but for @ns at most. Return: few enough
 * do. Locks: the cache's, dropped meanwhile.
 */
static bool wait_drained(struct vms__objcache *c, long ns)
{
	int cancel = vms__cancel_disable(), err = 0;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	vms__timespec_add(&until, ns);
	c->throttled++;
	c->nr_throttled++;
	while (!err && must_wait(c))
		err = vms__cond_wait_until(&c->drained, &c->lock, &until);
	c->throttled--;
	vms__cancel_restore(cancel);
	return !must_wait(c);
}

/*
 * Garbage outruns the grace periods: let them catch up. The caller may hold
 * locks, even one that a reader waits for inside its section (mmap_lock, or a
 * spinlock): no grace period ends then before the caller goes on. So the sleep
 * is short, and only slows the caller. The bound on what is carved is the limit
 * that holds, and it holds for callers who may not sleep as well.
 */
static void throttle(struct vms__objcache *c)
{
	if (!vms__rcu_may_wait())
		return;
	depot_lock(c);
	(void)wait_drained(c, THROTTLE_NS);
	depot_unlock(c);
}

/*
 * The same holds for this sleep. It is longer because the alternative is a
 * failure. Once it was in vain, the reader is one that stays: others would only
 * stand in its way if they waited, too, until a batch shows that it has gone.
 * Return: @c is below, so that the caller may try again.
 */
static bool wait_until_below(struct vms__objcache *c, bool (*above)(const struct vms__objcache *))
{
	bool below;

	depot_lock(c);
	below = !above(c);
	depot_unlock(c);
	if (below)
		return true;
	/*
	 * Whoever queued the batches called the collector. In the child of a
	 * fork that call may be lost, and no other batch may ever be queued.
	 */
	vms__defer_call_collector();
	if (!vms__rcu_may_wait())
		return false;
	depot_lock(c);
	below = !above(c);
	if (!below && !c->stuck) {
		below = wait_drained(c, BOUND_WAIT_NS);
		c->stuck = !below;
	}
	depot_unlock(c);
	return below;
}

bool vms__defer_wait_below_bound(struct vms__objcache *c)
{
	return wait_until_below(c, at_bound);
}

_Atomic unsigned int vms__objcaches_short;

/* Is one of the caches still short, after waiting if that may help? */
static bool stays_short(struct vms__objcache *c)
{
	bool now;

	depot_lock(c);
	now = is_short(c);
	note_short(c); /* a test may have moved the bound */
	depot_unlock(c);
	return now && !wait_until_below(c, is_short);
}

bool vms__objcache_may_grow(void)
{
	unsigned int nr;

	if (likely(!atomic_load_explicit(&vms__objcaches_short, memory_order_relaxed)))
		return true;
	nr = vms__objcache_count();
	for (unsigned int i = 1; i <= nr; i++) {
		if (stays_short(vms__objcaches[i]))
			return false;
	}
	return true;
}

/* ---- flushing ------------------------------------------------------------ */

/*
 * No memory to send @l's deferred objects: wait for the grace period here. @l
 * is the calling thread's.
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
			c, &c->shared); /* without memory it goes when it is full */
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
		throttle(c);
}
