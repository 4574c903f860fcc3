/* SPDX-License-Identifier: MIT */
/*
 * world.h - what is stored, what is asked, and what the answers must be: the
 * same for every store. The layout is a process': ranges of 4 KiB to 2 MiB,
 * whole pages, packed downwards from the top of user space, about half of the
 * neighbours adjacent, the others up to 4 MiB apart, and one gap in
 * LARGE_GAP_EVERY larger than any that the lowest-gap queries ask for.
 *
 * The answers come from the sorted array of ranges alone.
 *
 * Locks: const after world_create(), but for the order of insertion, and for
 *        what lookup_use() writes to the objects.
 */
#ifndef BENCH_MAPLE_WORLD_H
#define BENCH_MAPLE_WORLD_H

#include "bench/maple/store.h"

#define WORLD_FLOOR 0x10000ul         /* gaps lie at or above */
#define WORLD_CEILING 0x7fffffffefffu /* and at or below */
#define WORLD_LARGE_GAP (48ul << 20)

/* Keys, and what they find. */
struct queries {
	size_t nr;
	unsigned long *keys;
	uint64_t entries; /* sum of the entries' addresses */
	uint64_t numbers; /* sum of the objects' numbers */
};

/* Gap searches. */
struct searches {
	size_t nr;
	unsigned long *bound; /* lowest: min; highest: max */
	unsigned long *size;
	uint64_t found; /* sum of where the gaps begin */
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
	struct range *swap_out; /* the same with their own */
	unsigned long *swapped; /* a key of each */
	uint64_t swapped_in, swapped_out;
	struct range *churn;
	struct searches lowest, highest, large; /* large: the highest, of one size */
};

/**
 * world_create() - @nr ranges, at least 2; the same for the same @seed. NULL:
 * no memory.
 */
struct world *world_create(size_t nr, uint64_t seed);
void world_destroy(struct world *world);

/** world_reshuffle() - Another order of insertion. */
void world_reshuffle(struct world *world, uint64_t seed);

#endif
