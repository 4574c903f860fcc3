/* SPDX-License-Identifier: MIT */
/*
 * magazine.c - single magazines of a cache's depot: a new one, a spare one for
 * a shelf, and one that comes back with objects or without. How many there must
 * be: depot.c, "Why free never needs memory".
 *
 * Locks: the caller of every function here must hold the cache's lock.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/objcache/internal.h"

bool vms__magazine_new(struct vms__objcache *c)
{
	struct vms__magazine *m = vms__alloc_uncounted(sizeof(*m), VMS_CACHELINE);

	if (m)
		push_empty(c, m);
	return m;
}

struct vms__magazine *vms__magazine_give_spare(struct vms__objcache *c)
{
	if (c->spare < c->partial_inflight + 2) {
		if (!vms__magazine_new(c))
			return NULL;
		c->spare++;
	}
	c->spare--;
	/* The rule that pop_empty() checks holds again. */
	return pop_empty(c);
}

/* Two partly filled magazines become one, and one that is full or empty. */
void vms__magazine_give_back(struct vms__objcache *c, struct vms__magazine *m, unsigned int rounds)
{
	struct vms__magazine *other;

	m->rounds = rounds;
	if (rounds && rounds < VMS__MAG_SIZE && (other = pop_partial(c)) != NULL) {
		pour(m, other->objs, &other->rounds);
		vms__magazine_give_back(c, other, other->rounds); /* full, or the only one */
	}
	if (!m->rounds) {
		push_empty(c, m);
	} else if (m->rounds == VMS__MAG_SIZE) {
		push_full(c, m);
	} else {
		VMS_ASSERT(!c->partial);
		c->partial = m;
		c->depot_objs += m->rounds;
	}
}
