/* SPDX-License-Identifier: MIT */
/*
 * shelf.c - a thread's shelves: the part of each cache's depot that one thread
 * fills and empties, so that threads which free what they allocate share no
 * cache line, neither of the depot nor of the objects. A thread trades full
 * magazines for empty ones with its own shelf first, and goes to the depot only
 * if the shelf cannot help.
 *
 * A shelf owns a fixed number of magazines, `stock`, of which `nr_full` are
 * full. A trade leaves `stock` unchanged. It changes only under the cache's
 * lock: the shelf grows while its thread frees more than fits on it, up to the
 * cache's shelf_max, and gives up all its magazines when it is cleared.
 * Magazines of a shelf are not among the depot's K + X, so that "Why free never
 * needs memory" (depot.c) need not consider shelves.
 *
 * Locks: the lock of the shelf's thread, inside the cache's lock if that is
 * held. The thread itself takes no other lock to trade. Other threads access
 * the shelf in two cases: the collector returns batches that the thread
 * deferred; and a trim, an allocation that finds nothing elsewhere, or a fork's
 * child clears the shelves. The thread's exit clears them as well. Read first:
 * objcache.h, "Memory".
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include "lib/sync/spinlock.h"

/*
 * All shelves of a cache together hold at most what this many hold at full
 * size.
 */
#define SHELVES_TOGETHER 32u
#define SHELF_SHARE 4u /* a full-size shelf holds this part of c->high */

static void shelf_lock(struct vms__objcache_thread *t)
{
	vms__lockdep_acquire(VMS__RANK_SHELF, &t->lock, "object shelf");
	vms__spin_lock(&t->lock);
}

static void shelf_unlock(struct vms__objcache_thread *t)
{
	vms__spin_unlock(&t->lock);
	vms__lockdep_release(&t->lock);
}

/* ---- how much fits: cache's lock held ------------------------------------ */

/*
 * The size of shelves is halved this many times. Written under the lock of the
 * list of threads.
 */
static _Atomic unsigned int shelf_shift;

bool vms__shelves_resize(unsigned int nr_threads)
{
	unsigned int was = get(&shelf_shift), shift = was;

	/*
	 * Shelves do not grow back at once, because a thread that comes and
	 * goes would then resize all of them each time.
	 */
	while (shift && nr_threads <= SHELVES_TOGETHER << shift >> 2)
		shift--;
	while (nr_threads > SHELVES_TOGETHER << shift)
		shift++;
	/* Relaxed: the caller then visits all caches, under their locks. */
	set(&shelf_shift, shift);
	return shift != was;
}

void vms__shelves_use(struct vms__objcache *c, bool use)
{
	unsigned int max =
		use ? (unsigned int)(c->high / SHELF_SHARE / VMS__MAG_SIZE) >> get(&shelf_shift)
		    : 0;

	/* Threads read shelf_max all the time, so write only if it changes. */
	if (vms__shelf_max(c) != max)
		set(&c->shelf_max, max);
}

/* ---- a thread's trade with its own shelf --------------------------------- */

static struct vms__shelf *shelf_of(struct vms__objcache_thread *t, const struct vms__objcache *c)
{
	return &t->shelf[get(&c->index)];
}

static struct vms__magazine *pop_from(struct vms__magazine **stack)
{
	struct vms__magazine *m = *stack;

	*stack = m->next;
	return m;
}

static void push_to(struct vms__magazine **stack, struct vms__magazine *m)
{
	m->next = *stack;
	*stack = m;
}

/* Locks: the shelf's thread's. The shelf must have a full magazine. */
static struct vms__magazine *trade_for_full(struct vms__shelf *s, struct vms__magazine *empty)
{
	push_to(&s->empty, empty);
	set(&s->nr_full, get(&s->nr_full) - 1);
	return pop_from(&s->full);
}

/* Locks: the shelf's thread's. The shelf must have an empty magazine. */
static struct vms__magazine *trade_for_empty(struct vms__shelf *s, struct vms__magazine *full)
{
	full->rounds = VMS__MAG_SIZE;
	push_to(&s->full, full);
	set(&s->nr_full, get(&s->nr_full) + 1);
	return pop_from(&s->empty);
}

struct vms__magazine *vms__shelf_take_full(struct vms__objcache *c, struct vms__magazine *empty)
{
	struct vms__objcache_thread *t = vms__objcache_self;
	struct vms__shelf *s = shelf_of(t, c);
	struct vms__magazine *m = NULL;

	/*
	 * Relaxed: if the collector returns a batch meanwhile, the next call
	 * finds it, or the thread that clears the shelves.
	 */
	if (!get(&s->nr_full))
		return NULL;
	shelf_lock(t);
	if (get(&s->nr_full))
		m = trade_for_full(s, empty);
	shelf_unlock(t);
	return m;
}

/*
 * Whether there is an empty magazine that may be filled. Locks: the thread's;
 * without it the answer is a guess.
 */
static bool has_empty(const struct vms__objcache *c, const struct vms__shelf *s)
{
	return get(&s->nr_full) < get(&s->stock) && get(&s->nr_full) < vms__shelf_max(c);
}

struct vms__magazine *vms__shelf_put_full(struct vms__objcache *c, struct vms__magazine *full)
{
	struct vms__objcache_thread *t = vms__objcache_self;
	struct vms__shelf *s = shelf_of(t, c);
	struct vms__magazine *m = NULL;

	if (!has_empty(c, s))
		return NULL;
	shelf_lock(t);
	if (has_empty(c, s))
		m = trade_for_empty(s, full);
	shelf_unlock(t);
	return m;
}

/* ---- other threads, and growing: cache's lock held ----------------------- */

/* Add up to @n empty magazines. Locks: also the shelf's thread's. */
static void grow(struct vms__objcache *c, struct vms__shelf *s, unsigned int n)
{
	struct vms__magazine *m;

	for (; n && get(&s->stock) < vms__shelf_max(c) && (m = vms__magazine_give_spare(c)) != NULL;
	     n--) {
		push_to(&s->empty, m);
		set(&s->stock, get(&s->stock) + 1);
	}
}

void vms__shelf_grow(struct vms__objcache *c)
{
	struct vms__objcache_thread *t = vms__objcache_self;
	struct vms__shelf *s = shelf_of(t, c);
	unsigned int stock = get(&s->stock);

	if (stock >= vms__shelf_max(c))
		return;
	shelf_lock(t);
	grow(c, s, stock ? stock : 1);
	shelf_unlock(t);
}

bool vms__shelf_accept(struct vms__objcache *c, struct vms__magazine *full)
{
	struct vms__objcache_thread *t = full->owner;
	struct vms__magazine *empty = NULL;
	struct vms__shelf *s;

	/*
	 * The owner's memory is never freed (objcache.c, thread_new()); cap is
	 * 0 if the thread has exited.
	 */
	if (!t || full->rounds != VMS__MAG_SIZE || !t->local[get(&c->index)].cap)
		return false;
	s = shelf_of(t, c);
	shelf_lock(t);
	if (!has_empty(c, s))
		grow(c, s, 1);
	if (has_empty(c, s))
		empty = trade_for_empty(s, full);
	shelf_unlock(t);
	if (!empty)
		return false;
	vms__magazine_give_back(c, empty, 0);
	return true;
}

void vms__shelf_clear(struct vms__objcache *c, struct vms__objcache_thread *t)
{
	struct vms__shelf *s = shelf_of(t, c), was;

	if (!get(&s->stock))
		return;
	shelf_lock(t);
	was = (struct vms__shelf){.full = s->full, .empty = s->empty, .stock = get(&s->stock)};
	s->full = s->empty = NULL;
	set(&s->nr_full, 0);
	set(&s->stock, 0);
	shelf_unlock(t);
	c->spare += get(&was.stock);
	while (was.full)
		vms__magazine_give_back(c, pop_from(&was.full), VMS__MAG_SIZE);
	while (was.empty)
		vms__magazine_give_back(c, pop_from(&was.empty), 0);
}

void vms__shelves_gather(struct vms__objcache *c)
{
	for (struct vms__objcache_thread *t = vms__objcache_threads.next;
	     t != &vms__objcache_threads; t = t->next)
		vms__shelf_clear(c, t);
}

void vms__depot_lock_gathered(struct vms__objcache *c)
{
	pthread_mutex_lock(&vms__objcaches_lock);
	depot_lock(c);
	vms__shelves_gather(c);
	pthread_mutex_unlock(&vms__objcaches_lock);
}
