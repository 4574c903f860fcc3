/* SPDX-License-Identifier: MIT */
/*
 * test_random.c - long random runs against the oracle, the tree validated and compared after each step. Every run keeps to one
 * kind of keys, as programs do: few and dense, pages of a process, bytes, all of the key space, clusters far from each other, keys in
 * order. Each grows, churns, and shrinks to nothing.
 *
 * VMS_TEST_MORE=N in the environment: N times as many steps.
 */
#include "tests/maple/model.h"

#include <stdio.h>

#include "tests/maple/pair.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ul

struct keys;

struct pattern {
	const char *name;
	void (*range)(struct keys *k, unsigned long *first, unsigned long *last);
};

struct keys {
	const struct pattern *pattern;
	uint64_t random;
	unsigned long at; /* where keys in order have come to */
	unsigned long entries;
};

static uint64_t draw(struct keys *k)
{
	k->random ^= k->random >> 12;
	k->random ^= k->random << 25;
	k->random ^= k->random >> 27;
	return k->random * 0x2545f4914f6cdd1dull;
}

static unsigned long below(struct keys *k, unsigned long limit)
{
	return (draw(k) >> 11) % limit;
}

/* Of a random number of bits, up to @bits. */
static unsigned long magnitude(struct keys *k, unsigned int bits)
{
	return draw(k) >> (63 - below(k, bits)) >> 0;
}

static void put(unsigned long *first, unsigned long *last, unsigned long from, unsigned long more)
{
	*first = from;
	*last = more > ULONG_MAX - from ? ULONG_MAX : from + more;
}

/* ---- patterns ---- */

static void dense(struct keys *k, unsigned long *first, unsigned long *last)
{
	put(first, last, below(k, 500), below(k, 4));
}

static void dense_at_the_top(struct keys *k, unsigned long *first, unsigned long *last)
{
	put(first, last, ULONG_MAX - below(k, 500), below(k, 4));
}

/* Sizes as VMAs have them: mostly few pages, now and then many. */
static unsigned long vma_size(struct keys *k)
{
	return (1 + (below(k, 8) ? below(k, 16) : below(k, 512))) * PAGE;
}

static void pages(struct keys *k, unsigned long *first, unsigned long *last)
{
	/* Three areas, as a program, its heap and its libraries are. */
	static const unsigned long area[] = {0x400000, 0x555555000000, 0x7ffff0000000};

	put(first, last, area[below(k, 3)] + below(k, 6000) * PAGE, vma_size(k) - 1);
}

/* Pages, but some bounds are not: what a node could say in pages it must now say in bytes. */
static void pages_and_bytes(struct keys *k, unsigned long *first, unsigned long *last)
{
	pages(k, first, last);
	if (!below(k, 6))
		*first += below(k, PAGE);
	if (!below(k, 6) && *last - *first > PAGE)
		*last -= below(k, PAGE);
	if (*last < *first)
		*last = *first;
}

static void bytes(struct keys *k, unsigned long *first, unsigned long *last)
{
	put(first, last, 0x10000000 + below(k, 100000), below(k, 300));
}

static void anywhere(struct keys *k, unsigned long *first, unsigned long *last)
{
	put(first, last, draw(k), magnitude(k, 60));
}

/* Few keys in each of some clusters; the distance between them takes from 31 to 64 bits. Seldom from one to another. */
static void clusters(struct keys *k, unsigned long *first, unsigned long *last)
{
	static const unsigned long base[] = {0,         1ul << 31,        (1ul << 32) - 60, 1ul << 40,
					     3ul << 46, (1ul << 63) - 50, ULONG_MAX - 120};
	unsigned long from = base[below(k, LEN(base))] + below(k, 120), to = base[below(k, LEN(base))] + below(k, 120);

	put(first, last, from, below(k, 3));
	if (!below(k, 12) && to > from)
		*last = to;
}

/* Powers of two and their neighbours: where a width or a shift is one more than before. */
static void powers(struct keys *k, unsigned long *first, unsigned long *last)
{
	unsigned long from = (1ul << below(k, 64)) + below(k, 5) - 2, to = (1ul << below(k, 64)) + below(k, 5) - 2;

	if (below(k, 2)) {
		put(first, last, from, below(k, 3));
		return;
	}
	*first = from < to ? from : to;
	*last = from < to ? to : from;
}

static void appended(struct keys *k, unsigned long *first, unsigned long *last)
{
	if (below(k, 16)) {
		unsigned long size = vma_size(k);

		put(first, last, k->at, size - 1);
		k->at += size + below(k, 2) * PAGE;
	} else {
		put(first, last, below(k, k->at + 1), vma_size(k));
	}
}

static void prepended(struct keys *k, unsigned long *first, unsigned long *last)
{
	if (below(k, 16)) {
		unsigned long size = 1 + below(k, 100);

		k->at -= size + below(k, 2);
		put(first, last, k->at, size - 1);
	} else {
		put(first, last, k->at + below(k, ULONG_MAX - k->at), below(k, 1000));
	}
}

static const struct pattern patterns[] = {
	{"dense", dense},       {"dense at the top", dense_at_the_top},
	{"pages", pages},       {"pages and bytes", pages_and_bytes},
	{"bytes", bytes},       {"anywhere", anywhere},
	{"clusters", clusters}, {"powers of two", powers},
	{"appended", appended}, {"prepended", prepended},
};

/* ---- steps ---- */

static struct pair p;
static unsigned long all_done;

/* A new entry; sometimes one that others have, sometimes XA_ZERO_ENTRY. */
static void *pick_entry(struct keys *k)
{
	switch (below(k, 32)) {
	case 0:
		return XA_ZERO_ENTRY;
	case 1:
	case 2:
		return pair_entry(below(k, 3));
	default:
		return pair_entry(10 + k->entries++);
	}
}

/* From one range of the tree to another far away: a store over it swallows leaves, or whole subtrees. */
static void pick_wide(struct keys *k, unsigned long *first, unsigned long *last)
{
	size_t i = below(k, p.oracle.n), j = i + below(k, below(k, 3) ? 40 : p.oracle.n);
	const struct oracle_range *a = &p.oracle.range[i], *b = &p.oracle.range[j < p.oracle.n ? j : p.oracle.n - 1];

	*first = below(k, 2) ? a->first : a->first + below(k, a->last - a->first + 1 ? a->last - a->first + 1 : ULONG_MAX);
	*last = below(k, 2) ? b->last : b->first + below(k, b->last - b->first + 1 ? b->last - b->first + 1 : ULONG_MAX);
	if (*last < *first)
		*last = *first;
}

/* A key that is in the tree, or near one. */
static unsigned long pick_key(struct keys *k)
{
	const struct oracle_range *r = &p.oracle.range[below(k, p.oracle.n)];

	return (below(k, 2) ? r->first : r->last) + below(k, 3) - 1;
}

static struct op write_step(struct keys *k, unsigned int clears)
{
	static const enum op_kind stores[] = {OP_STORE, OP_STORE_GFP, OP_STORE_GFP, OP_MAS_STORE, OP_PREALLOC, OP_INSERT};
	struct op op = {.kind = stores[below(k, LEN(stores))]};

	k->pattern->range(k, &op.first, &op.last);
	op.entry = below(k, 100) < clears ? NULL : pick_entry(k);
	switch (below(k, 40)) {
	case 0:
		pick_wide(k, &op.first, &op.last);
		/* Else the tree would never grow. */
		if (below(k, 4) && clears < 50)
			op.last = op.first;
		break;
	case 1:
	case 2:
		op.kind = below(k, 2) ? OP_ERASE : OP_MAS_ERASE;
		op.first = pick_key(k);
		break;
	case 3:
		op.kind = OP_SWEEP;
		op.first = pick_key(k);
		op.size = 1 + below(k, 12);
		if (!op.entry)
			op.entry = pick_entry(k);
		break;
	case 4:
	case 5:
		if (!(p.tree.ma_flags & MT_FLAGS_ALLOC_RANGE) || !op.entry)
			break;
		op.kind = below(k, 2) ? OP_ALLOC : OP_RALLOC;
		op.size = op.last - op.first + 1 ? op.last - op.first + 1 : 1;
		op.last = below(k, 2) ? ULONG_MAX : op.last + (ULONG_MAX - op.last) / 2;
		break;
	case 6:
		op.kind = OP_PREALLOC_DROP;
		break;
	}
	return op;
}

static struct op read_step(struct keys *k)
{
	struct op op = {.kind = OP_GAP + (enum op_kind)below(k, OP_KINDS - OP_GAP)};

	if ((op.kind == OP_GAP || op.kind == OP_RGAP) && !(p.tree.ma_flags & MT_FLAGS_ALLOC_RANGE))
		op.kind = OP_CHAIN;
	op.first = pick_key(k);
	op.last = below(k, 2) ? pick_key(k) : below(k, 2) ? ULONG_MAX : 0;
	op.size = 1 + below(k, 30);
	/* In a tree of index 0 alone, mas_prev() goes there whatever the limit. */
	if (!mt_height(&p.tree))
		op.last = op.kind == OP_PREV || op.kind == OP_PREV_RANGE || op.kind == OP_MT_PREV ? 0 : op.last;
	if (op.kind == OP_GAP || op.kind == OP_RGAP)
		op.size = magnitude(k, 64);
	return op;
}

static void run(struct keys *k, unsigned int steps, unsigned int clears)
{
	for (unsigned int i = 0; i < steps; i++) {
		struct op op = write_step(k, clears);

		if (!pair_do(&p, &op))
			fail();
		op = read_step(k);
		if (!pair_do(&p, &op))
			fail();
	}
}

/* Erase what is there until nothing is. */
static void drain(struct keys *k)
{
	while (p.oracle.n > 1) {
		const struct oracle_range *r = &p.oracle.range[below(k, p.oracle.n)];
		struct op op = {.kind = below(k, 2) ? OP_MAS_ERASE : OP_STORE_GFP, .first = r->first, .last = r->last};

		if (!pair_do(&p, &op))
			fail();
	}
	if (p.oracle.range[0].entry)
		assert_true(pair_store(&p, 0, ULONG_MAX, NULL));
	assert_true(mtree_empty(&p.tree));
	assert_int_equal(mt_height(&p.tree), 0);
}

static void a_life(const struct pattern *pattern, unsigned int flags, unsigned int steps, uint64_t seed)
{
	struct keys k = {.pattern = pattern, .random = (seed + 1) * 0x9e3779b97f4a7c15ull, .at = 1ul << 40};

	fprintf(stderr, "random: seed %lu, %s, flags %#x\n", (unsigned long)seed, pattern->name, flags);
	pair_init(&p, flags);
	p.lazy = true;
	run(&k, steps, 10);
	run(&k, steps, 45);
	run(&k, steps / 2, 80);
	drain(&k);
	all_done += p.done;
	pair_end(&p);
	assert_int_equal(model_live_nodes(), 0);
}

static void trees_of_every_pattern_live_as_the_oracle_says(void **state)
{
	unsigned int steps = 1000 * model_more() / MODEL_LESS;

	(void)state;
	all_done = 0;
	for (unsigned int i = 0; i < 4 * LEN(patterns); i++)
		a_life(&patterns[i / 4], i % 4, steps, i);
	print_message("%lu operations\n", all_done);
}

static void fill_one(struct keys *k, unsigned long n)
{
	unsigned long first, last;

	anywhere(k, &first, &last);
	last = first + (last - first) % (1ul << 40);
	assert_int_equal(mtree_store_range(&p.tree, first, last, pair_entry(n), GFP_KERNEL), 0);
	oracle_store(&p.oracle, first, last, pair_entry(n));
}

/* Four levels and more: subtrees come and go as a whole. */
static void a_large_tree_lives_as_the_oracle_says(void **state)
{
	static const struct pattern scattered = {"anywhere", anywhere};
	unsigned int n = 12000 / MODEL_LESS;
	struct keys k = {.pattern = &scattered, .random = 99};

	(void)state;
	pair_init(&p, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	p.lazy = true;
	for (unsigned int i = 0; i < n; i++)
		fill_one(&k, i);
	assert_true(pair_check(&p));
	assert_true(mt_height(&p.tree) > 3);
	run(&k, 300 * model_more() / MODEL_LESS, 45);
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
