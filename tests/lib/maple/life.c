/* SPDX-License-Identifier: MIT */
/* life.c - the key patterns, and the random operations on them. */
#include "tests/lib/maple/life.h"

#include <limits.h>

#include "bench/harness/random.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ul

uint64_t life_random(struct life *l)
{
	return bench_random_next(&l->random);
}

unsigned long life_below(struct life *l, unsigned long limit)
{
	return (life_random(l) >> 11) % limit;
}

/* A random number with a random count of bits, up to @bits. */
static unsigned long magnitude(struct life *l, unsigned int bits)
{
	return life_random(l) >> (63 - life_below(l, bits));
}

static void put(unsigned long *first, unsigned long *last, unsigned long from, unsigned long more)
{
	*first = from;
	*last = more > ULONG_MAX - from ? ULONG_MAX : from + more;
}

/* ---- patterns ---- */

static void dense(struct life *l, unsigned long *first, unsigned long *last)
{
	put(first, last, life_below(l, 500), life_below(l, 4));
}

static void dense_at_the_top(struct life *l, unsigned long *first, unsigned long *last)
{
	put(first, last, ULONG_MAX - life_below(l, 500), life_below(l, 4));
}

/* Sizes as VMAs have them: mostly few pages, seldom many. */
static unsigned long vma_size(struct life *l)
{
	return (1 + (life_below(l, 8) ? life_below(l, 16) : life_below(l, 512))) * PAGE;
}

static void pages(struct life *l, unsigned long *first, unsigned long *last)
{
	/* Three areas, like those of a program, its heap and its libraries. */
	static const unsigned long area[] = {0x400000, 0x555555000000, 0x7ffff0000000};

	put(first, last, area[life_below(l, 3)] + life_below(l, 6000) * PAGE, vma_size(l) - 1);
}

/*
 * Pages, except that some bounds are no page bounds: a node that kept its keys
 * in pages must then keep them in bytes.
 */
static void pages_and_bytes(struct life *l, unsigned long *first, unsigned long *last)
{
	pages(l, first, last);
	if (!life_below(l, 6))
		*first += life_below(l, PAGE);
	if (!life_below(l, 6) && *last - *first > PAGE)
		*last -= life_below(l, PAGE);
	if (*last < *first)
		*last = *first;
}

static void bytes(struct life *l, unsigned long *first, unsigned long *last)
{
	put(first, last, 0x10000000 + life_below(l, 100000), life_below(l, 300));
}

static void anywhere(struct life *l, unsigned long *first, unsigned long *last)
{
	put(first, last, life_random(l), magnitude(l, 60));
}

/*
 * Each cluster holds few keys, and the distances between clusters take 31 to 64
 * bits. A range seldom reaches from one cluster to another.
 */
static void clusters(struct life *l, unsigned long *first, unsigned long *last)
{
	static const unsigned long base[] = {
		0,         1ul << 31,        (1ul << 32) - 60, 1ul << 40,
		3ul << 46, (1ul << 63) - 50, ULONG_MAX - 120};
	unsigned long from = base[life_below(l, LEN(base))] + life_below(l, 120),
		      to = base[life_below(l, LEN(base))] + life_below(l, 120);

	put(first, last, from, life_below(l, 3));
	if (!life_below(l, 12) && to > from)
		*last = to;
}

/* Powers of two and their neighbours, where a width or a shift grows by one. */
static void powers(struct life *l, unsigned long *first, unsigned long *last)
{
	unsigned long from = (1ul << life_below(l, 64)) + life_below(l, 5) - 2,
		      to = (1ul << life_below(l, 64)) + life_below(l, 5) - 2;

	if (life_below(l, 2)) {
		put(first, last, from, life_below(l, 3));
		return;
	}
	*first = from < to ? from : to;
	*last = from < to ? to : from;
}

/*
 * Pages and bytes around multiples of the largest distance a narrow key can
 * hold.
 */
static void around_round_numbers(struct life *l, unsigned long *first, unsigned long *last)
{
	if (life_below(l, 2))
		put(first, last,
		    ((1 + life_below(l, 3)) << 43) + life_below(l, 200) * PAGE - 100 * PAGE,
		    vma_size(l) - 1);
	else
		put(first, last, ((1 + life_below(l, 3)) << 31) + life_below(l, 400) - 200,
		    life_below(l, 5));
}

static void appended(struct life *l, unsigned long *first, unsigned long *last)
{
	if (life_below(l, 16)) {
		unsigned long size = vma_size(l);

		put(first, last, l->at, size - 1);
		l->at += size + life_below(l, 2) * PAGE;
	} else {
		put(first, last, life_below(l, l->at + 1), vma_size(l));
	}
}

static void prepended(struct life *l, unsigned long *first, unsigned long *last)
{
	if (life_below(l, 16)) {
		unsigned long size = 1 + life_below(l, 100);

		l->at -= size + life_below(l, 2);
		put(first, last, l->at, size - 1);
	} else {
		put(first, last, l->at + life_below(l, ULONG_MAX - l->at), life_below(l, 1000));
	}
}

const struct pattern life_patterns[LIFE_PATTERNS] = {
	{"dense", dense},
	{"dense at the top", dense_at_the_top},
	{"pages", pages},
	{"pages and bytes", pages_and_bytes},
	{"bytes", bytes},
	{"anywhere", anywhere},
	{"clusters", clusters},
	{"powers of two", powers},
	{"around round numbers", around_round_numbers},
	{"appended", appended},
	{"prepended", prepended},
};

/* ---- steps ---- */

/*
 * A new entry; sometimes one that other ranges have, sometimes XA_ZERO_ENTRY.
 */
static void *pick_entry(struct life *l)
{
	switch (life_below(l, 32)) {
	case 0:
		return XA_ZERO_ENTRY;
	case 1:
	case 2:
		return pair_entry(life_below(l, 3));
	default:
		return pair_entry(10 + l->entries++);
	}
}

/* A key of @r, often its first or its last. */
static unsigned long inside(struct life *l, const struct oracle_range *r)
{
	switch (life_below(l, 4)) {
	case 0:
		return r->first;
	case 1:
		return r->last;
	default:
		return r->last - r->first < ULONG_MAX
			       ? r->first + life_below(l, r->last - r->first + 1)
			       : life_random(l);
	}
}

/*
 * A range from one range of the tree to another far away: a store over it
 * replaces leaves or whole subtrees.
 */
static void pick_wide(struct life *l, unsigned long *first, unsigned long *last)
{
	const struct oracle *o = &l->pair->oracle;
	size_t i = life_below(l, o->n), j = i + life_below(l, life_below(l, 3) ? 40 : o->n);

	*first = inside(l, &o->range[i]);
	*last = inside(l, &o->range[j < o->n ? j : o->n - 1]);
	if (*last < *first)
		*last = *first;
}

/* A key inside a range of the tree, often a bound. */
static unsigned long pick_key(struct life *l)
{
	const struct oracle_range *r = &l->pair->oracle.range[life_below(l, l->pair->oracle.n)];

	return (life_below(l, 2) ? r->first : r->last) + life_below(l, 3) - 1;
}

struct op life_write(struct life *l, unsigned int clears)
{
	static const enum op_kind stores[] = {OP_STORE,    OP_STORE_GFP, OP_STORE_GFP, OP_MAS_STORE,
					      OP_PREALLOC, OP_NOMEM,     OP_INSERT};
	struct op op = {.kind = stores[life_below(l, LEN(stores))]};

	l->pattern->range(l, &op.first, &op.last);
	op.entry = life_below(l, 100) < clears ? NULL : pick_entry(l);
	switch (life_below(l, 40)) {
	case 0:
		pick_wide(l, &op.first, &op.last);
		/*
		 * Most wide ranges become single keys; otherwise the tree would
		 * never grow.
		 */
		if (life_below(l, 4) && clears < 50)
			op.last = op.first;
		break;
	case 1:
	case 2:
		op.kind = life_below(l, 2) ? OP_ERASE : OP_MAS_ERASE;
		op.first = pick_key(l);
		break;
	case 3:
		op.kind = life_below(l, 2) ? OP_SWEEP : OP_ROAM;
		op.first = pick_key(l);
		op.size = 1 + life_below(l, 12);
		if (!op.entry)
			op.entry = pick_entry(l);
		break;
	case 4:
	case 5:
		if (!(l->pair->tree.ma_flags & MT_FLAGS_ALLOC_RANGE) || !op.entry)
			break;
		op.kind = life_below(l, 2) ? OP_ALLOC : OP_RALLOC;
		op.size = op.last - op.first + 1 ? op.last - op.first + 1 : 1;
		op.last = life_below(l, 2) ? ULONG_MAX : op.last + (ULONG_MAX - op.last) / 2;
		break;
	case 6:
		op.kind = OP_PREALLOC_DROP;
		break;
	case 7:
		if (life_below(l, 4))
			break;
		op.kind = life_below(l, 2) ? OP_DUP : OP_BULK;
		op.size = life_below(l, 40);
		op.entry = op.entry ? op.entry : pick_entry(l);
		break;
	case 8:
		if (!(l->pair->tree.ma_flags & MT_FLAGS_ALLOC_RANGE) || !op.entry)
			break;
		op.kind = life_below(l, 2) ? OP_CYCLIC : OP_MAS_CYCLIC;
		op.size = pick_key(l);
		op.last = life_below(l, 2) ? ULONG_MAX : op.last + life_below(l, 40);
		break;
	}
	return op;
}

struct op life_read(struct life *l)
{
	struct op op = {.kind = OP_GAP + (enum op_kind)life_below(l, OP_KINDS - OP_GAP)};

	if ((op.kind == OP_GAP || op.kind == OP_RGAP) &&
	    !(l->pair->tree.ma_flags & MT_FLAGS_ALLOC_RANGE))
		op.kind = OP_CHAIN;
	op.first = pick_key(l);
	op.last = life_below(l, 2) ? pick_key(l) : life_below(l, 2) ? ULONG_MAX : 0;
	op.size = 1 + life_below(l, 30);
	/*
	 * In a tree that holds index 0 only, mas_prev() moves there whatever
	 * the limit says. The oracle does not model that.
	 */
	if (!mt_height(&l->pair->tree))
		op.last = op.kind == OP_PREV || op.kind == OP_PREV_RANGE || op.kind == OP_MT_PREV
				  ? 0
				  : op.last;
	if (op.kind == OP_GAP || op.kind == OP_RGAP)
		op.size = magnitude(l, 64);
	return op;
}

bool life_run(struct life *l, unsigned int steps, unsigned int clears)
{
	for (unsigned int i = 0; i < steps; i++) {
		struct op op = life_write(l, clears);

		if (!pair_do(l->pair, &op))
			return false;
		op = life_read(l);
		if (!pair_do(l->pair, &op))
			return false;
	}
	return true;
}

bool life_drain(struct life *l)
{
	struct oracle *o = &l->pair->oracle;

	while (o->n > 1) {
		const struct oracle_range *r = &o->range[life_below(l, o->n)];
		struct op op = {.kind = life_below(l, 2) ? OP_MAS_ERASE : OP_STORE_GFP,
				.first = r->first,
				.last = r->last};

		if (!pair_do(l->pair, &op))
			return false;
	}
	return !o->range[0].entry || pair_store(l->pair, 0, ULONG_MAX, NULL);
}

void life_begin(struct life *l, struct pair *pair, const struct pattern *pattern, uint64_t seed)
{
	*l = (struct life){.pair = pair,
			   .pattern = pattern,
			   .random = (seed + 1) * 0x9e3779b97f4a7c15ull,
			   .at = 1ul << 40};
}
