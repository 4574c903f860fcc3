/* SPDX-License-Identifier: MIT */
/*
 * filled.h - our tree, filled from a world, for the tests of what is measured
 * on it. Each test program has one at a time.
 */
#ifndef TESTS_BENCH_MAPLE_FILLED_H
#define TESTS_BENCH_MAPLE_FILLED_H

#include <stddef.h>

#include "bench/maple/peers.h"

static struct world *world;
static void *tree;

static inline void begin(size_t nr)
{
	world = world_create(nr, 3);
	assert_non_null(world);
	store_ours.enter();
	tree = store_ours.create();
	assert_non_null(tree);
	assert_true(store_ours.insert(tree, world->shuffled, world->nr));
}

static inline void end(void)
{
	store_ours.destroy(tree);
	store_ours.leave();
	world_destroy(world);
}

#endif
