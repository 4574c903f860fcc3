/* SPDX-License-Identifier: MIT */
/*
 * defer.c - objects that wait for a grace period: their batches, the collector
 * that takes batches through one, and the brake on threads that defer faster
 * than grace periods pass.
 *
 * Locks: the cache's lock, taken here; never held while RCU is called, so a
 * holder never waits for a reader or a callback. Read first: objcache.h, and
 * free_rcu.c, which makes batches.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include <time.h>

#include "lib/sync/cancel.h"
#include "lib/sync/cond.h"
#include "lib/sync/rcu.h"

/* the garbage of one cache at which its writers are slowed down */
#define MAX_INFLIGHT_BYTES ((size_t)16 << 20)
#define MIN_INFLIGHT 64u
#define MAX_INFLIGHT 4096u
#define COLLECT_PAUSE_NS 1000000L /* the collector's pause between steps under pressure */
#define COLLECT_AGAIN 16u         /* the collector goes on if one cache has this many in a step */
#define COLLECT_STEPS 32u         /* steps after which other callbacks get their turn */
#define THROTTLE_NS 20000000L     /* longest sleep for one batch */
#define BOUND_WAIT_NS 200000000L  /* longest wait for memory at the bound */

/* ---- the collector: batches pass a grace period -------------------------- */

/*
 * Whether a throttled thread must sleep on. It sleeps until half the limit, so
 * that its next batch does not reach the limit again. Locks: the cache's.
 */
static bool must_wait(const struct vms__objcache *c)
{
	return c->inflight > c->max_inflight / 2;
}

/*
 * The grace period of @m, the first of @c's collecting batches, is over. Locks:
 * none.
 */
static void batch_done(struct vms__objcache *c, struct vms__magazine *m)
{
	unsigned int rounds = m->rounds;
	bool wake;

	depot_lock(c);
	/*
	 * Under the lock, so that a fork finds the batch in `collecting` as a
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
		vms__magazine_give_back(c, m, rounds);
	wake = c->throttled && !must_wait(c);
	depot_unlock(c);
	if (wake)
		pthread_cond_broadcast(&c->drained);
}

/*
 * Take the waiting batches of @c, if there are @min or more. They stay listed
 * in the cache, so that a fork finds them. Only the collector changes
 * `collecting`, which must be empty on entry. Return: whether any were taken.
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
 * period, together with slabs of depots that hold an excess. Return: whether
 * there were any batches or slabs.
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

/*
 * The collector as a callback. It has a cache line to itself, because threads
 * that free write it, and others read its neighbours.
 */
static struct {
	struct vms_rcu_head head;
	/*
	 * Whether head is queued, and the collector has not started. Set in the
	 * step that queues the head (vms__call_rcu_once()).
	 */
	_Atomic bool called;
} vms_cacheline_aligned collector_call;

/*
 * Whether a depot holds an excess. Batches that the collector has just taken
 * through their grace period may have brought it about, and have called no
 * collector.
 */
static bool any_excess(void)
{
	unsigned int nr = vms__objcache_count();
	bool any = false;

	for (unsigned int i = 1; i <= nr && !any; i++) {
		depot_lock(vms__objcaches[i]);
		any = vms__trim_wanted(vms__objcaches[i]);
		depot_unlock(vms__objcaches[i]);
	}
	return any;
}

/*
 * The library's thread by itself makes one round in 10 ms. Under pressure that
 * would mean much garbage, and memory that is cold when it is reused. So there
 * the collector stays and polls in shorter steps, as long as batches come in
 * quick succession. A thread of the host's, or one in a barrier, makes one step
 * and goes on with its own work. The collector clears `called` first, so
 * batches that it leaves have called it anew. So a barrier that begins after a
 * batch was queued finds the collector queued or running, and waits for it.
 * That holds for a thread that found the flag set by another one, too, because
 * no thread sees it set before the head is queued (vms__call_rcu_once()).
 */
static void collector(struct vms_rcu_head *head)
{
	const struct timespec pause = {.tv_nsec = COLLECT_PAUSE_NS};

	(void)head;
	/*
	 * Release: the next caller writes to the head, which is now off the
	 * queue. Pairs with the acquire in vms__call_rcu_once().
	 */
	atomic_store_explicit(&collector_call.called, false, memory_order_release);
	if (!collect(1))
		return;
	if (!vms__rcu_on_own_thread()) {
		if (any_excess())
			vms__defer_call_collector();
		return;
	}
	for (unsigned int step = 0; step < COLLECT_STEPS; step++) {
		vms_rcu_thread_offline();
		nanosleep(&pause, NULL);
		vms_rcu_thread_online();
		if (!collect(COLLECT_AGAIN))
			return;
	}
	/*
	 * A depot whose excess began in the last step has not called the
	 * collector.
	 */
	vms__defer_call_collector();
}

/*
 * A thread that finds the collector called already relies on the collector to
 * take the lists later. It may: if the collector had taken this list before,
 * then its unlock of the cache would have shown this thread that
 * `called` was cleared.
 */
void vms__defer_call_collector(void)
{
	if (atomic_load_explicit(&collector_call.called, memory_order_relaxed)) {
		/*
		 * In the child of a fork the collector may be queued without a
		 * thread.
		 */
		(void)vms__rcu_is_ready();
		return;
	}
	vms__call_rcu_once(&collector_call.head, collector, &collector_call.called);
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
 * The parent's callback thread may have taken the head off the queue
 * without having cleared the flag yet.
 */
void vms__defer_collector_forked(void)
{
	atomic_store_explicit(&collector_call.called, vms__rcu_queued(&collector_call.head),
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
 * Sleep until few enough batches wait, for @ns at most. Return: whether few
 * enough do. Locks: the cache's, dropped meanwhile.
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
 * Garbage grows faster than grace periods pass: slow the caller down. The
 * caller may hold locks, even one that a reader waits for inside its section
 * (mmap_lock, or a spinlock); then no grace period ends before the caller goes
 * on. So the sleep is short, and only slows the caller. The effective limit is
 * the bound on carving, which also holds for callers that may not sleep.
 */
void vms__defer_throttle(struct vms__objcache *c)
{
	if (!vms__rcu_may_wait())
		return;
	depot_lock(c);
	(void)wait_drained(c, THROTTLE_NS);
	depot_unlock(c);
}

/*
 * Wait until @c is below a limit, for callers that may hold the same locks as
 * in vms__defer_throttle(). This sleep is longer because the alternative is a
 * failure. Once it was in vain, a reader is blocking grace periods: more
 * waiting callers could only stand in that reader's way, so they do not wait
 * until a batch shows that the reader has left its section.
 * Return: whether @c is below, so that the caller may try again.
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
	 * The threads that queued the batches called the collector. In the
	 * child of a fork that call may be lost, and no further batch may ever
	 * be queued.
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

/* Whether @c is still short, after waiting if that may help. */
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
