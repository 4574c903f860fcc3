/* SPDX-License-Identifier: MIT */
/*
 * run.h - threads that write and read one world, for a number of writes or for
 * a time. Now and then all of them rest, and the world is checked. Read next:
 * world.h, run.c.
 */
#ifndef MAPLESTRESS_RUN_H
#define MAPLESTRESS_RUN_H

#include "stress/maplestress/world.h"

struct run {
	/* set by the caller */
	unsigned int flags; /* the tree's, besides MT_FLAGS_USE_RCU */
	const enum kind *kinds;
	unsigned int nr_kinds; /* territories */
	unsigned int writers;  /* at most one for each territory */
	unsigned int readers;  /* besides one slow reader, if `slow` */
	bool slow;
	/* Use only the tight tree; otherwise use it some of the time. */
	bool only_tight;
	unsigned long tight_width; /* indexes of a cell of the tight tree */
	unsigned long writes;      /* of each writer; 0: the run takes `seconds` */
	unsigned long seconds;
	unsigned long seed;
	/* The command that repeats the run, for reports. */
	const char *again;
	void (*progress)(double done, double total, unsigned long errors); /* or NULL */

	/* results */
	unsigned long written, reads, judged, unjudged, slow_reads, rests, errors;
};

/*
 * Return: 0; -errno: the run was impossible. Afterwards the tree and its
 *         records are freed, or `errors` says that they are not.
 */
int run(struct run *r);

#endif
