/* SPDX-License-Identifier: MIT */
/*
 * run.h - threads that write to, and read, one world for a number of writes or
 * for a time. All of them rest now and then, and the world is checked.
 */
#ifndef MAPLESTRESS_RUN_H
#define MAPLESTRESS_RUN_H

#include "stress/maplestress/world.h"

struct run {
	/* what is wanted */
	unsigned int flags; /* of the tree, besides MT_FLAGS_USE_RCU */
	const enum kind *kinds;
	unsigned int nr_kinds; /* territories */
	unsigned int writers;  /* at most as many as territories */
	unsigned int readers;  /* and one more, that is slow, if slow */
	bool slow;
	/* all of them in the tight tree only, or else some of the time */
	bool only_tight;
	unsigned long tight_width; /* indexes that a cell of it has */
	unsigned long writes;      /* of each writer; 0: for as long as seconds says */
	unsigned long seconds;
	unsigned long seed;
	/* words that repeat it, for reports */
	const char *again;
	void (*progress)(double done, double total, unsigned long errors); /* or NULL */

	/* what became of it */
	unsigned long written, reads, judged, unjudged, slow_reads, rests, errors;
};

/*
 * Return: 0; -errno: it could not be run. The tree and its records are gone
 * afterwards, or errors says that they are not.
 */
int run(struct run *r);

#endif
