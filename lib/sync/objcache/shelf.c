/* SPDX-License-Identifier: MIT */
/*
 * shelf.c - a thread's shelves: the part of each cache's depot that
 * one thread fills and empties, so that threads which free what they allocate
 * share no cache line, neither of the depot nor of the objects. A thread trades
 * full magazines for empty ones with its own shelf first, and only goes to the
 * depot if the shelf cannot help.
 *
 * A shelf owns a fixed number of magazines, `stock`, of which `nr_full` are
 * full. A trade leaves that number as it is. Only under the cache's lock does
 * it change: the shelf grows while its thread frees more than fits on it, up to
 * the cache's shelf_max, and gives up all at once when it is cleared. Magazines
 * of a shelf are not among the depot's K + X, so that "Why free never needs
 * memory" (depot.c) need not know of shelves.
 *
 * Locks: the lock of the shelf's thread, inside the cache's lock if that is
 * held. The thread itself takes no other lock to trade. Those who come from
 * outside are the collector, with batches that the thread deferred, and whoever
 * clears the shelves: a trim, an allocation that finds nothing elsewhere,
 * fork's child, and the thread's end. Read first: objcache.h, "Memory".
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/objcache/internal.h"

#include "lib/sync/spinlock.h"

/* all shelves of a cache are limited to what this many take at the full size */
#define SHELVES_TOGETHER 32u
#define SHELF_SHARE 4u /* one takes this part of what may idle in the depot, c->high */

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
 * shelves are this many halvings smaller. Written under the lock of the list of
 * threads
 */
static _Atomic unsigned int shelf_shift;

bool vms__shelves_resize(unsigned int nr_threads)
{
	unsigned int was = get(&shelf_shift), shift = was;

	/*
	 * Not bigger again at once: a thread that comes and goes would change
	 * them all each time.
	 */
	while (shift && nr_threads <= SHELVES_TOGETHER << shift >> 2)
		shift--;
	while (nr_threads > SHELVES_TOGETHER << shift)
		shift++;
	/*
	 * Relaxed: the caller goes through all caches then, under their locks.
	 */
	set(&shelf_shift, shift);
	return shift != was;
}

void vms__shelves_use(struct vms__objcache *c, bool use)
{
	unsigned int max =
		use ? (unsigned int)(c->high / SHELF_SHARE / VMS__MAG_SIZE) >> get(&shelf_shift)
		    : 0;

	/* Threads read it all the time. */
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

/* Locks: @t's. There is a full magazine. */
static struct vms__magazine *trade_for_full(struct vms__shelf *s, struct vms__magazine *empty)
{
	push_to(&s->empty, empty);
	set(&s->nr_full, get(&s->nr_full) - 1);
	return pop_from(&s->full);
}

/* Locks: @t's. There is an empty magazine. */
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
	 * Relaxed: a batch that comes from the collector meanwhile is found the
	 * next time, or by who clears the shelves.
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
 * Is there an empty magazine, and may it be filled? Locks: the thread's;
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

/* ---- from outside, and growing: cache's lock held ------------------------ */

/* Up to @n empty magazines more. Locks: @t's, too. */
static void grow(struct vms__objcache *c, struct vms__shelf *s, unsigned int n)
{
	struct vms__magazine *m;

	for (; n && get(&s->stock) < vms__shelf_max(c) && (m = vms__depot_give_spare(c)) != NULL;
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
	 * Its memory stays that of some thread (objcache.c, thread_new()); cap
	 * is 0 if the thread has exited.
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
	vms__depot_give_back(c, empty, 0);
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
		vms__depot_give_back(c, pop_from(&was.full), VMS__MAG_SIZE);
	while (was.empty)
		vms__depot_give_back(c, pop_from(&was.empty), 0);
}
