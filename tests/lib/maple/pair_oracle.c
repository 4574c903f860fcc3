/* SPDX-License-Identifier: MIT */
/*
 * pair_oracle.c - answers each operation from the oracle, and applies the
 * writes to it.
 */
#include "tests/lib/maple/pair_internal.h"

#include <errno.h>

bool pair_bulk_room(const struct oracle *o, unsigned long n, unsigned long *at)
{
	const struct oracle_range *end = &o->range[o->n - 1];

	*at = end->first + 1;
	return !end->entry && (end->last - end->first) / 4 > n;
}

static void say_range(const struct oracle *o, size_t i, struct answer *a)
{
	if (i == ORACLE_NONE)
		return;
	*a = (struct answer){.entry = o->range[i].entry,
			     .first = o->range[i].first,
			     .last = o->range[i].last,
			     .known = true};
}

static void say_store(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;

	if (op->first > op->last) {
		a->err = -EINVAL;
		return;
	}
	if (op->kind == OP_MAS_STORE || op->kind == OP_NOMEM)
		a->entry = o->range[oracle_at(o, op->first)].entry;
	if (op->kind != OP_PREALLOC_DROP)
		oracle_store(o, op->first, op->last, op->entry);
}

static void say_insert(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	const struct oracle_range *r = &o->range[oracle_at(o, op->first)];

	if (op->first > op->last)
		a->err = -EINVAL;
	else if (r->entry || r->last < op->last)
		a->err = -EEXIST;
	else
		oracle_store(o, op->first, op->last, op->entry);
}

static void say_erase(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	const struct oracle_range *r = &o->range[oracle_at(o, op->first)];

	a->entry = r->entry;
	if (r->entry)
		oracle_store(o, r->first, r->last, NULL);
}

static void say_gap(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	bool highest = op->kind == OP_RGAP || op->kind == OP_RALLOC;

	if (op->first > op->last || !op->size || op->last - op->first < op->size - 1) {
		a->err = -EINVAL;
		return;
	}
	a->known = oracle_gap(o, op->first, op->last, op->size, highest, &a->first);
	a->last = a->first + op->size - 1;
	if (!a->known)
		a->err = -EBUSY;
	else if (op->kind == OP_ALLOC || op->kind == OP_RALLOC)
		oracle_store(o, a->first, a->last, op->entry);
}

static void say_cyclic(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	unsigned long from = op->size > op->first ? op->size : op->first;

	if (op->first > op->last) {
		a->err = -EINVAL;
		return;
	}
	if (from <= op->last && oracle_gap(o, from, op->last, 1, false, &a->first))
		a->err = p->wrapped;
	else if (from > op->first && oracle_gap(o, op->first, op->last, 1, false, &a->first))
		a->err = 1;
	else
		a->err = -EBUSY;
	if (a->err < 0)
		return;
	oracle_store(o, a->first, a->first, op->entry);
	a->known = true;
	a->last = a->first + 1;
	p->wrapped = !a->last;
}

static void say_bulk(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	unsigned long at;

	(void)a;
	if (!pair_bulk_room(o, op->size, &at))
		return;
	for (unsigned long i = 0; i < op->size; i++, at += 4)
		oracle_store(o, at, at + 2, op->entry);
}

static void say_load(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;

	say_range(o, oracle_at(o, op->first), a);
	a->known = op->kind == OP_WALK;
	if (op->kind == OP_LOAD && xa_is_zero(a->entry))
		a->entry = NULL;
}

static void say_find(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	size_t i = oracle_at(o, op->first);

	if (op->first > op->last)
		return;
	say_range(o, o->range[i].entry ? i : oracle_next(o, i, op->last, op->kind == OP_FIND_RANGE),
		  a);
}

static void say_find_rev(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	size_t i = oracle_at(o, op->first);

	if (op->first < op->last)
		return;
	say_range(o,
		  o->range[i].entry ? i
				    : oracle_prev(o, i, op->last, op->kind == OP_FIND_RANGE_REV),
		  a);
}

static void say_next(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;

	if (op->first < op->last)
		say_range(o,
			  oracle_next(o, oracle_at(o, op->first), op->last,
				      op->kind == OP_NEXT_RANGE),
			  a);
	a->known &= op->kind != OP_MT_NEXT;
}

static void say_prev(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;

	if (op->first > op->last)
		say_range(o,
			  oracle_prev(o, oracle_at(o, op->first), op->last,
				      op->kind == OP_PREV_RANGE),
			  a);
	a->known &= op->kind != OP_MT_PREV;
}

/* mt_find() skips zero entries. */
static void say_mt_find(struct pair *p, const struct op *op, struct answer *a)
{
	struct oracle *o = &p->oracle;
	size_t i = oracle_at(o, op->first);

	a->first = op->first;
	a->known = true;
	if (op->first > op->last || (op->kind == OP_MT_FIND_AFTER && !op->first))
		return;
	while (i != ORACLE_NONE && (!o->range[i].entry || xa_is_zero(o->range[i].entry)))
		i = oracle_next(o, i, op->last, false);
	if (i == ORACLE_NONE)
		return;
	a->entry = o->range[i].entry;
	a->first = o->range[i].last + 1;
}

static void say_nothing(struct pair *p, const struct op *op, struct answer *a)
{
	(void)p, (void)op, (void)a;
}

static void (*const ask[OP_KINDS])(struct pair *p, const struct op *op, struct answer *a) = {
	[OP_STORE] = say_store,
	[OP_MAS_STORE] = say_store,
	[OP_STORE_GFP] = say_store,
	[OP_PREALLOC] = say_store,
	[OP_PREALLOC_DROP] = say_store,
	[OP_NOMEM] = say_store,
	[OP_INSERT] = say_insert,
	[OP_ERASE] = say_erase,
	[OP_MAS_ERASE] = say_erase,
	[OP_ALLOC] = say_gap,
	[OP_RALLOC] = say_gap,
	[OP_CYCLIC] = say_cyclic,
	[OP_MAS_CYCLIC] = say_cyclic,
	[OP_BULK] = say_bulk,
	[OP_DUP] = say_nothing,
	[OP_SWEEP] = say_nothing,
	[OP_ROAM] = say_nothing,
	[OP_GAP] = say_gap,
	[OP_RGAP] = say_gap,
	[OP_LOAD] = say_load,
	[OP_WALK] = say_load,
	[OP_FIND] = say_find,
	[OP_FIND_RANGE] = say_find,
	[OP_FIND_REV] = say_find_rev,
	[OP_FIND_RANGE_REV] = say_find_rev,
	[OP_NEXT] = say_next,
	[OP_NEXT_RANGE] = say_next,
	[OP_PREV] = say_prev,
	[OP_PREV_RANGE] = say_prev,
	[OP_MT_FIND] = say_mt_find,
	[OP_MT_FIND_AFTER] = say_mt_find,
	[OP_MT_NEXT] = say_next,
	[OP_MT_PREV] = say_prev,
	[OP_CHAIN] = say_nothing,
};

void pair_ask_oracle(struct pair *p, const struct op *op, struct answer *a)
{
	ask[op->kind](p, op, a);
}
