/* SPDX-License-Identifier: MIT */
/*
 * world.h - the ranges that are stored, the queries, and the right answers: the
 * same for every store. The layout resembles a process: ranges of 4 KiB to 2
 * MiB, whole pages, packed downwards from the top of user space. About half of
 * the neighbours are adjacent, the others up to 4 MiB apart, and one gap in
 * LARGE_GAP_EVERY is larger than any that the lowest-gap queries ask for.
 *
 * The answers are computed from the sorted array of ranges only.
 *
 * Locks: a world is constant after world_create(), except for the order of
 *        insertion, and for the objects that lookup_use() writes to.
 */
#ifndef BENCH_MAPLE_WORLD_H
#define BENCH_MAPLE_WORLD_H

#include "bench/maple/store.h"

#define WORLD_FLOOR 0x10000ul         /* gaps lie at or above this index */
#define WORLD_CEILING 0x7fffffffefffu /* and at or below this one */
#define WORLD_LARGE_GAP (48ul << 20)

/* Keys, and the sums of what they must find. */
struct queries {
	size_t nr;
	unsigned long *keys;
	uint64_t entries; /* sum of the entries' addresses */
	uint64_t numbers; /* sum of the objects' numbers */
};

/* Gap searches, and the sum of what they must find. */
struct searches {
	size_t nr;
	unsigned long *bound; /* lowest: min; highest: max */
	unsigned long *size;
	uint64_t found; /* sum of the gaps' lowest indices */
};

struct world {
	size_t nr;
	struct range *sorted;
	struct range *shuffled; /* in the order of insertion */
	struct object *objects;
	uint64_t all_entries; /* sum over all ranges */

	struct queries random, hot;
	struct probe *probes; /* random's keys, each with its entry */
	size_t nr_writes;
	struct range *swap_in;  /* random ranges with other entries */
	struct range *swap_out; /* the same ranges with their own entries */
	unsigned long *swapped; /* a key in each of them */
	uint64_t swapped_in, swapped_out;
	struct range *churn;
	struct searches lowest, highest, large; /* large: the highest gap of one size */
};

/**
 * world_create() - Make a world of @nr ranges, at least 2; it is the same for
 * the same @seed.
 * Return: NULL if memory is out.
 */
struct world *world_create(size_t nr, uint64_t seed);
void world_destroy(struct world *world);

/**
 * world_reshuffle() - Choose another order of insertion.
 */
void world_reshuffle(struct world *world, uint64_t seed);

#endif
