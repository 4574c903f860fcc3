/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - long random runs compared with the oracle. The tree is
 * validated and compared after each step. Each run uses one pattern of keys:
 * few and dense, pages of a process, bytes, all of the key space, clusters far
 * from each other, keys in order, ... The tree grows, churns, and shrinks to
 * nothing.
 *
 * VMS_TEST_MORE=N in the environment: N times as many steps.
 */
#include "tests/lib/maple/model.h"

#include <stdio.h>

#include "tests/lib/maple/life.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct pair p;

static unsigned long a_life(const struct pattern *pattern, unsigned int flags, unsigned int steps,
			    uint64_t seed)
{
	struct life l;
	unsigned long done;

	pair_init(&p, flags);
	p.lazy = true;
	life_begin(&l, &p, pattern, seed);
	if (!life_run(&l, steps, 10) || !life_run(&l, steps, 45) || !life_run(&l, steps / 2, 80) ||
	    !life_drain(&l))
		fail_msg("seed %lu, %s, flags %#x", (unsigned long)seed, pattern->name, flags);
	assert_true(mtree_empty(&p.tree));
	assert_int_equal(mt_height(&p.tree), 0);
	done = p.done;
	pair_end(&p);
	assert_int_equal(model_live_nodes(), 0);
	return done;
}

static void trees_of_every_pattern_live_as_the_oracle_says(void **state)
{
	unsigned int steps = 1000 * model_more() / MODEL_LESS;
	unsigned long done = 0;

	(void)state;
	for (unsigned int i = 0; i < 4 * LIFE_PATTERNS; i++)
		done += a_life(&life_patterns[i / 4], i % 4, steps, i);
	print_message("%lu operations\n", done);
}

/* Stores replace or clear whole subtrees. */
static void a_large_tree_lives_as_the_oracle_says(void **state)
{
	unsigned int n = MODEL_LESS > 4 ? 3000 : 12000;
	struct life l;

	(void)state;
	pair_init(&p, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	p.lazy = true;
	life_begin(&l, &p, &life_patterns[5], 99);
	for (unsigned long i = 0; i < n; i++) {
		unsigned long first = life_random(&l), last = first | life_below(&l, 1ul << 40);

		assert_int_equal(mtree_store_range(&p.tree, first, last, pair_entry(i), GFP_KERNEL),
				 0);
		oracle_store(&p.oracle, first, last, pair_entry(i));
	}
	assert_true(pair_check(&p));
	assert_true(mt_height(&p.tree) >= 3);
	assert_true(life_run(&l, 300 * model_more() / MODEL_LESS, 45));
	print_message("%lu operations\n", p.done);
	pair_end(&p);
	assert_int_equal(model_live_nodes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_of_every_pattern_live_as_the_oracle_says),
		cmocka_unit_test(a_large_tree_lives_as_the_oracle_says),
	};

	return model_run_all("random", tests, LEN(tests));
}
