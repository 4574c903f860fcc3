/* SPDX-License-Identifier: MIT */
/*
 * tight.h - a tree of hardly more than a leaf, all of whose changes are made in
 * place, with readers on it as fast as they can: for the few nanoseconds in
 * which a change is half done, which in a large tree a reader seldom meets.
 *
 * Nothing is announced here; an entry itself says what it is: the number of its
 * store, and its cells. So a reader can tell an entry that was never at its
 * index, one that comes back after a newer one was seen there, and a hole in
 * the cells that always have one.
 *
 * Locks: writers take the tree's lock, and number their stores under it.
 */
#ifndef MAPLESTRESS_TIGHT_H
#define MAPLESTRESS_TIGHT_H

#include "stress/maplestress/world.h"

#define TIGHT_CELLS 14u
#define TIGHT_FULL_FROM 5u /* these always have an entry */
#define TIGHT_FULL_TO 8u

struct tight {
	struct world *world; /* for reports */
	struct maple_tree tree;
	unsigned long width;  /* indexes a cell has */
	unsigned long stores; /* the lock */
};

/* What a reader has seen: the newest store, by cell. */
struct tight_seen {
	unsigned long store[TIGHT_CELLS];
};

/* Return: 0; -ENOMEM. */
int tight_begin(struct tight *t, struct world *world, unsigned int flags, unsigned long width);
void tight_end(struct tight *t);

/* Some random stores; some random reads. */
void tight_write(struct tight *t, struct worker *worker);
void tight_read(struct tight *t, struct worker *worker, struct tight_seen *seen);

#endif
