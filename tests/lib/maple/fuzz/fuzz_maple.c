/* SPDX-License-Identifier: MIT */
/*
 * fuzz_maple.c - the fuzz target: decodes an input and runs its operations on a
 * pair. Run it with tests/lib/maple/fuzz/run; test_fuzz.c replays the inputs
 * that run found. fuzz_maple.h describes the input.
 *
 * A key's first byte chooses its kind, so that few bytes reach interesting
 * keys: small ones, pages, bounds of ranges in the tree, powers of two, the
 * highest keys, or eight bytes taken literally.
 */
#include "tests/lib/maple/fuzz/fuzz_maple.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/maple/pair.h"

/* Enough for trees of three levels, and few enough for many inputs a second. */
#define OPERATIONS_MAX 400

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static unsigned long take_many(struct input *in, unsigned int bytes)
{
	unsigned long n = 0;

	while (bytes--)
		n = n << 8 | take(in);
	return n;
}

static unsigned long take_key(struct input *in, const struct oracle *o)
{
	uint8_t how = take(in);
	const struct oracle_range *r;

	switch (how % 8) {
	case 0:
	case 1:
		return take(in);
	case 2:
		return 0x7f0000000000 + take_many(in, 2) * 4096;
	case 3: /* a bound of a range, or a key next to it */
	case 4:
		r = &o->range[take_many(in, 2) % o->n];
		return (how & 8 ? r->first : r->last) + (how >> 4) % 3 - 1;
	case 5:
		return (1ul << how / 8 % 32 << take(in) % 33) - (how & 8 ? 1 : 0);
	case 6:
		return ULONG_MAX - take(in);
	default:
		return take_many(in, 8);
	}
}

/* The last key of a range that begins at @first; it is seldom below @first. */
static unsigned long take_last(struct input *in, const struct oracle *o, unsigned long first)
{
	uint8_t how = take(in);
	unsigned long last;

	switch (how % 4) {
	case 0:
		last = first + how / 4;
		break;
	case 1:
		last = (first | 4095) + how / 4 * 4096ul;
		break;
	default:
		last = take_key(in, o);
		break;
	}
	return last < first && how != 255 ? first : last;
}

static void *take_entry(struct input *in, unsigned long *entries)
{
	uint8_t how = take(in);

	if (how < 80)
		return NULL;
	if (how < 96)
		return pair_entry(how);
	return how == 96 ? XA_ZERO_ENTRY : pair_entry(100 + (*entries)++);
}

static bool needs_gaps(enum op_kind kind)
{
	return kind == OP_ALLOC || kind == OP_RALLOC || kind == OP_CYCLIC ||
	       kind == OP_MAS_CYCLIC || kind == OP_GAP || kind == OP_RGAP;
}

/* Return: false if the input ended, or the operation does not fit this tree. */
static bool take_op(struct input *in, const struct pair *p, unsigned long *entries, struct op *op)
{
	*op = (struct op){.kind = (enum op_kind)take(in) % OP_KINDS};
	op->first = take_key(in, &p->oracle);
	op->last = op->kind < OP_WRITES ? take_last(in, &p->oracle, op->first)
					: take_key(in, &p->oracle);
	op->entry = op->kind < OP_WRITES ? take_entry(in, entries) : NULL;
	if (needs_gaps(op->kind))
		op->size = op->kind == OP_CYCLIC || op->kind == OP_MAS_CYCLIC
				   ? take_key(in, &p->oracle)
				   : take_many(in, 1 + take(in) % 8);
	else
		op->size = take(in) % 64;
	if (needs_gaps(op->kind) && !(p->tree.ma_flags & MT_FLAGS_ALLOC_RANGE))
		return false;
	/* An allocating operation must have an entry. */
	if (!op->entry && op->kind >= OP_ALLOC && op->kind < OP_WRITES)
		op->entry = pair_entry(99);
	/*
	 * In a tree that holds index 0 only, mas_prev() moves there whatever
	 * the limit says. The oracle does not model that.
	 */
	if (!mt_height(&p->tree) &&
	    (op->kind == OP_PREV || op->kind == OP_PREV_RANGE || op->kind == OP_MT_PREV))
		op->last = 0;
	return true;
}

static void stop_unless(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "fuzz_maple: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const simd[] = {"scalar", "avx2", "avx512", "vec128"};
	struct input in = {data, size};
	uint8_t mode = take(&in);
	unsigned long entries = 0;
	struct pair p;
	struct op op;

	/*
	 * vms_mt_set_simd() changes nothing if this CPU lacks the instruction
	 * set.
	 */
	vms_mt_set_simd(simd[mode / 8 % 4]);
	pair_init(&p, (mode & 1 ? MT_FLAGS_ALLOC_RANGE : 0) | (mode & 2 ? MT_FLAGS_USE_RCU : 0));
	p.inject = mode & 4;
	while (in.left && p.done < OPERATIONS_MAX)
		if (take_op(&in, &p, &entries, &op))
			stop_unless(pair_do(&p, &op), "tree and oracle differ");
	pair_end(&p);
	stop_unless(!pair_live_nodes(), "nodes are left");
	return 0;
}
