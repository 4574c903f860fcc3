/* SPDX-License-Identifier: MIT */
/*
 * test_failure.c - allocation failures. Every write fails at its 1st, 2nd, ...
 * allocation until it succeeds, in trees of every shape and in random lives.
 * Each failure must return -ENOMEM and leave the tree unchanged, to the last
 * node (pair.h). A preallocated store must succeed while no allocation does.
 */
#include "tests/lib/maple/model.h"

#include <stdio.h>

#include "tests/lib/maple/life.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const unsigned int all_flags[] = {0, MT_FLAGS_ALLOC_RANGE, MT_FLAGS_USE_RCU,
					 MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU};

static struct pair p;
static unsigned long done, failures[OP_WRITES];

static void begin(unsigned int flags)
{
	pair_init(&p, flags);
	p.inject = true;
}

static void end(void)
{
	done += p.done;
	for (unsigned int kind = 0; kind < OP_WRITES; kind++)
		failures[kind] += p.failures[kind];
	pair_end(&p);
}

static unsigned long all_failures(void)
{
	unsigned long n = 0;

	for (unsigned int kind = 0; kind < OP_WRITES; kind++)
		n += failures[kind];
	return n;
}

static void forget(void)
{
	done = 0;
	for (unsigned int kind = 0; kind < OP_WRITES; kind++)
		failures[kind] = 0;
}

/*
 * Stores @n ranges of two keys, with a gap of two after every @gap_every-th, in
 * order or scattered.
 */
static void fill(unsigned int n, unsigned int gap_every, bool scattered)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned long at = scattered ? i * 7919ul % n : i,
			      first = at * 2 + (gap_every ? at / gap_every * 2 : 0);

		assert_int_equal(mtree_store_range(&p.tree, first, first + 1, pair_entry(at),
						   GFP_KERNEL),
				 0);
		oracle_store(&p.oracle, first, first + 1, pair_entry(at));
	}
}

/*
 * Stores of @width keys all over the tree; each changes the tree for those
 * after it. The kind of store and its place take turns.
 */
static void stores_everywhere(unsigned int n, unsigned long width, bool clear)
{
	static unsigned int turn;

	for (unsigned long key = turn % 5; key < 2ul * n; key += 11ul * MODEL_LESS) {
		static const enum op_kind stores[] = {OP_STORE,    OP_MAS_STORE,     OP_STORE_GFP,
						      OP_PREALLOC, OP_PREALLOC_DROP, OP_INSERT};
		struct op op = {.kind = stores[turn++ % LEN(stores)],
				.first = key,
				.last = key + width - 1};

		op.entry = clear ? NULL : pair_entry(turn);
		assert_true(pair_do(&p, &op));
	}
}

static void every_kind_of_store_fails_cleanly(void **state)
{
	static const unsigned long widths[] = {1, 2, 3, 4, 9, 30, 61, 120, 300};
	enum { N = 80 };

	(void)state;
	forget();
	for (unsigned int i = 0; i < LEN(all_flags) * LEN(widths) * 12; i++) {
		begin(all_flags[i % LEN(all_flags)]);
		fill(N, i / 4 % 3, i / 12 % 2);
		stores_everywhere(N, widths[i / 48], i / 24 % 2);
		end();
	}
	assert_int_equal(model_live_nodes(), 0);
	print_message("%lu operations, %lu injected failures\n", done, all_failures());
	assert_true(all_failures() > 0);
}

/* The first entries take a tree from no node to one, then to two levels. */
static void the_first_stores_fail_cleanly(void **state)
{
	(void)state;
	forget();
	for (unsigned int flags = 0; flags < LEN(all_flags); flags++) {
		for (unsigned int kind = OP_STORE; kind <= OP_INSERT; kind++) {
			begin(all_flags[flags]);
			for (unsigned long i = 0; i < 60; i++) {
				struct op op = {.kind = kind,
						.first = i * 3,
						.last = i * 3 + i % 2,
						.entry = pair_entry(i)};

				assert_true(pair_do(&p, &op));
			}
			end();
		}
	}
	assert_int_equal(model_live_nodes(), 0);
	assert_true(all_failures() >= 2 * LEN(all_flags) * (OP_INSERT - OP_STORE + 1));
}

static void random_lives_go_on_after_every_failure(void **state)
{
	unsigned int steps = 120 * model_more() / MODEL_LESS + 10;

	(void)state;
	forget();
	for (unsigned int i = 0; i < 4 * LIFE_PATTERNS; i++) {
		struct life l;

		begin(all_flags[i % 4]);
		life_begin(&l, &p, &life_patterns[i / 4], i);
		if (!life_run(&l, steps, 10) || !life_run(&l, steps, 45) ||
		    !life_run(&l, steps / 2, 80) || !life_drain(&l))
			fail_msg("seed %u, %s, flags %#x", i, l.pattern->name, all_flags[i % 4]);
		end();
	}
	assert_int_equal(model_live_nodes(), 0);
	print_message("%lu operations, %lu injected failures\n", done, all_failures());
	for (unsigned int kind = 0; kind < OP_SWEEP; kind++)
		print_message("  %-30s %6lu\n", pair_kind_name(kind), failures[kind]);
	for (unsigned int kind = OP_STORE; kind <= OP_INSERT; kind++)
		assert_true(failures[kind] > 0 || MODEL_LESS > 1);
}

/*
 * A store over subtrees frees many nodes and needs few, but it needs those
 * before it frees any.
 */
static void stores_over_subtrees_fail_cleanly(void **state)
{
	unsigned int n = 2000 / MODEL_LESS + 200;

	(void)state;
	forget();
	for (unsigned int i = 0; i < 60 / MODEL_LESS + 1; i++) {
		struct op op = {.kind = i % 3 ? OP_STORE_GFP : OP_PREALLOC,
				.first = i * 37ul,
				.entry = i % 2 ? pair_entry(i) : NULL};

		begin(all_flags[i % LEN(all_flags)]);
		fill(n, i % 4, i % 5 == 0);
		op.last = op.first + n / (1 + i % 4);
		assert_true(pair_do(&p, &op));
		end();
	}
	assert_int_equal(model_live_nodes(), 0);
	print_message("%lu operations, %lu injected failures\n", done, all_failures());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_store_fails_cleanly),
		cmocka_unit_test(the_first_stores_fail_cleanly),
		cmocka_unit_test(random_lives_go_on_after_every_failure),
		cmocka_unit_test(stores_over_subtrees_fail_cleanly),
	};

	return model_run_all("failure", tests, LEN(tests));
}
