/* SPDX-License-Identifier: MIT */
/*
 * tight.h - a tree of hardly more than one leaf, all of whose changes are made
 * in place, with readers that read it as fast as they can. It tests the few
 * nanoseconds in which a change is half done, which a reader of a large tree
 * seldom meets.
 *
 * Nothing is announced here, because an entry says what it is: the number of
 * its store, and its cells. So a reader recognises an entry that was never at
 * its index, an entry that returns after a newer one was seen there, and a hole
 * in the cells that always have an entry.
 *
 * Locks: writers take the tree's lock, and number their stores under it. Read
 *        next: tight.c.
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
	unsigned long width;  /* indexes of a cell */
	unsigned long stores; /* under the tree's lock */
};

/* The newest store that a reader has seen, by cell. */
struct tight_seen {
	unsigned long store[TIGHT_CELLS];
};

/* Return: 0; -ENOMEM. */
int tight_begin(struct tight *t, struct world *world, unsigned int flags, unsigned long width);
void tight_end(struct tight *t);

/* Make some random stores; make some random reads. */
void tight_write(struct tight *t, struct worker *worker);
void tight_read(struct tight *t, struct worker *worker, struct tight_seen *seen);

#endif
