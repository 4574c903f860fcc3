/* SPDX-License-Identifier: MIT */
/*
 * trim.c - chooses the slabs to give back to the system: those whose objects
 * are all in the depot. A trim finds them by counting the depot's objects slab
 * by slab, so that alloc and free need not keep such counts.
 *
 *   begin     under the cache's lock: count, choose, take the objects of the
 *             chosen slabs out of the magazines. No thread gets them any more.
 *   wait      for a grace period: a reader may still access a TYPESAFE object.
 *   release   slab.c.
 *
 * Locks: the cache's lock, taken here, for a time in proportion to the depot
 * (a few ms for 100 MiB). Read first: objcache.h, "Memory".
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

#include "lib/sync/heap.h"
#include "lib/sync/rcu.h"

/* ---- counting and choosing: cache's lock held ---------------------------- */

static void count_idle_in(const struct vms__magazine *m)
{
	for (unsigned int i = 0; i < m->rounds; i++)
		slab_of(m->objs[i])->idle++;
}

static void count_idle(const struct vms__magazine *m)
{
	for (; m; m = m->next)
		count_idle_in(m);
}

/*
 * A slab that a local carves from does not count as empty, even if all that was
 * carved so far is idle.
 */
static bool is_empty(const struct vms__slab *slab)
{
	return (slab->state == SLAB_CARVED || slab->state == SLAB_OPEN) &&
	       slab->idle == slab->carved;
}

/*
 * Return: the number of objects in the empty slabs of @chunk. *@whole: whether
 *         all its slabs are empty or unused.
 */
static size_t idle_in(const struct vms__chunk *chunk, bool *whole)
{
	size_t objs = 0;

	*whole = true;
	for (unsigned int i = 0; i < chunk->nr_slabs; i++) {
		if (is_empty(&chunk->slab[i]))
			objs += chunk->slab[i].carved;
		else if (chunk->slab[i].state != SLAB_UNUSED)
			*whole = false;
	}
	return objs;
}

struct choice {
	size_t most;               /* objects that may be taken from the depot */
	size_t objs;               /* objects that are taken */
	struct vms__slab *leaving; /* in vms__slabs_release()'s order */
};

/*
 * Choose the empty slabs of @chunk, within ch->most, and the unused ones if
 * they may lie in a huge page.
 */
static void choose_in(struct vms__objcache *c, struct vms__chunk *chunk, bool with_unused,
		      struct choice *ch)
{
	for (unsigned int i = 0; i < chunk->nr_slabs; i++) {
		struct vms__slab *slab = &chunk->slab[i];

		if (slab->state == SLAB_UNUSED
			    ? !with_unused
			    : !is_empty(slab) || ch->objs + slab->carved > ch->most)
			continue;
		ch->objs += slab->carved;
		slab->state = SLAB_LEAVING;
		slab->next = ch->leaving;
		ch->leaving = slab;
		c->nr_leaving++;
	}
}

/*
 * Choose whole chunks first: a huge page that is given back in part is split,
 * and its memory may return late. For the same reason no whole chunk is chosen
 * in part.
 */
static void choose(struct vms__objcache *c, struct choice *ch)
{
	bool whole;

	for (struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next) {
		size_t idle = idle_in(chunk, &whole);

		if (whole && idle && ch->objs + idle <= ch->most)
			choose_in(c, chunk, true, ch);
	}
	for (struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next) {
		if (idle_in(chunk, &whole) && !whole)
			choose_in(c, chunk, chunk->huge, ch);
	}
}

/* ---- cleaning the depot: cache's lock held ------------------------------- */

/* Rebuild the lists of slabs, and clear the counts. */
static void settle_slabs(struct vms__objcache *c)
{
	c->open = c->unused = NULL;
	for (struct vms__chunk *chunk = c->chunks; chunk; chunk = chunk->next) {
		for (unsigned int i = chunk->nr_slabs; i; i--) {
			struct vms__slab *slab = &chunk->slab[i - 1], **list;

			slab->idle = 0;
			if (slab->state != SLAB_OPEN && slab->state != SLAB_UNUSED)
				continue;
			list = slab->state == SLAB_OPEN ? &c->open : &c->unused;
			slab->next = *list;
			*list = slab;
		}
	}
}

/*
 * Take all objects out of the depot, and give back those whose slab is not
 * leaving.
 */
static void drop_objects(struct vms__objcache *c)
{
	struct vms__magazine *m = c->full, *next, *partial = c->partial;

	c->full = c->partial = NULL;
	c->depot_objs = 0;
	if (partial) {
		partial->next = m;
		m = partial;
	}
	for (; m; m = next) {
		unsigned int rounds = 0;

		next = m->next;
		for (unsigned int i = 0; i < m->rounds; i++) {
			if (slab_of(m->objs[i])->state != SLAB_LEAVING)
				m->objs[rounds++] = m->objs[i];
		}
		vms__magazine_give_back(c, m, rounds);
	}
}

/*
 * Take out magazines that no object needs any more, and those of exited
 * threads: see "Why free never needs memory".
 */
static struct vms__magazine *spare_magazines(struct vms__objcache *c)
{
	struct vms__magazine *list = NULL, *m;

	while ((m = c->empty) != NULL) {
		if (c->mags && (c->mags - 1) * VMS__MAG_SIZE >= c->carved)
			c->mags--;
		else if (c->spare > c->partial_inflight + 1)
			c->spare--;
		else
			break;
		c->empty = m->next;
		m->next = list;
		list = m;
	}
	return list;
}

static void free_magazines(struct vms__magazine *m)
{
	while (m) {
		struct vms__magazine *next = m->next;

		vms__free(m);
		m = next;
	}
}

/*
 * Make empty slabs SLAB_LEAVING, as long as @keep objects stay in the depot.
 * Return: the list of them, before @leaving.
 */
static struct vms__slab *begin(struct vms__objcache *c, size_t keep, struct vms__slab *leaving)
{
	struct choice ch = {.most = c->depot_objs > keep ? c->depot_objs - keep : 0,
			    .leaving = leaving};

	count_idle(c->full);
	if (c->partial)
		count_idle_in(c->partial);
	choose(c, &ch);
	if (ch.objs) {
		c->carved -= ch.objs;
		drop_objects(c);
	}
	settle_slabs(c);
	return ch.leaving;
}

/* ---- automatic trims ----------------------------------------------------- */

/*
 * The depot must also be checked while shelves take objects that would bring it
 * to retry_at.
 */
bool vms__trim_wanted(const struct vms__objcache *c)
{
	return has_excess(c) && (c->depot_objs >= c->retry_at || vms__shelf_max(c));
}

#define FEW 1024u /* objects in use */

/*
 * If objects in use are strewn over all slabs, looking for empty slabs is in
 * vain. It is tried again when half of the objects in use were freed. Objects
 * that threads keep back count as in use but never reach the depot. If these
 * may be most of the objects in use, an eighth is enough.
 */
static size_t retry_at(const struct vms__objcache *c)
{
	size_t in_use = c->carved - c->depot_objs;

	return c->depot_objs + in_use / (in_use > FEW ? 2 : 8);
}

struct vms__slab *vms__trim_excess(struct vms__objcache *c, struct vms__slab *leaving)
{
	struct vms__magazine *spare = NULL;
	bool wanted;

	depot_lock(c);
	wanted = vms__trim_wanted(c);
	depot_unlock(c);
	if (!wanted)
		return leaving;
	/* Objects on shelves may be all that keeps slabs from being empty. */
	vms__depot_lock_gathered(c);
	if (has_excess(c) && c->depot_objs >= c->retry_at) {
		size_t keep = (c->carved - c->depot_objs) / 2;

		leaving = begin(c, keep > c->low ? keep : c->low, leaving);
		spare = spare_magazines(c);
		c->retry_at = has_excess(c) ? retry_at(c) : 0;
	}
	/*
	 * While an excess stays in the depot, shelves take nothing: every free
	 * goes to the depot and is counted.
	 */
	vms__shelves_use(c, !has_excess(c));
	depot_unlock(c);
	free_magazines(spare);
	return leaving;
}

/* ---- trims by a call ----------------------------------------------------- */

static struct vms__slab *trim_all_of(struct vms__objcache *c, struct vms__slab *leaving)
{
	struct vms__objcache_local *l = vms__objcache_local(c);
	struct vms__magazine *spare;

	vms__depot_lock_gathered(c);
	if (l->cap)
		vms__depot_drain_local(c, l);
	vms__depot_drain_local(c, &c->shared);
	leaving = begin(c, 0, leaving);
	spare = spare_magazines(c);
	c->retry_at = 0;
	vms__shelves_use(c, !has_excess(c));
	depot_unlock(c);
	free_magazines(spare);
	return leaving;
}

size_t vms__objcache_trim(void)
{
	unsigned int nr = vms__objcache_count();
	struct vms__slab *leaving = NULL;

	for (unsigned int i = 1; i <= nr; i++)
		leaving = trim_all_of(vms__objcaches[i], leaving);
	if (leaving)
		vms_synchronize_rcu();
	return vms__slabs_release(leaving);
}

size_t vms_trim(void)
{
	size_t bytes;

	vms_rcu_barrier();
	bytes = vms__objcache_trim();
	return vms__memory_is_host() ? bytes + vms__heap_trim() : bytes;
}
