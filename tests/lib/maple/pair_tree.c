/* SPDX-License-Identifier: MIT */
/* pair_tree.c - runs each operation on the tree. */
#include "tests/lib/maple/pair_internal.h"

#include <errno.h>
#include <stdio.h>

#include <vmastore/rcu.h>

#include "lib/sync/alloc.h"

static struct ma_state cursor(struct pair *p, const struct op *op)
{
	MA_STATE(mas, &p->tree, op->first, op->last);

	return mas;
}

static void do_mtree_store(struct pair *p, const struct op *op, struct answer *a)
{
	a->err = mtree_store_range(&p->tree, op->first, op->last, op->entry, GFP_KERNEL);
}

static void do_mas_store(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	a->entry = mas_store(&mas, op->entry);
	mas_unlock(&mas);
	a->err = mas_is_err(&mas) ? xa_err(mas.node) : 0;
}

static void do_store_gfp(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	a->err = mas_store_gfp(&mas, op->entry, GFP_KERNEL);
	mas_unlock(&mas);
}

static void do_prealloc(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	a->err = mas_preallocate(&mas, op->entry, GFP_KERNEL);
	if (!a->err) {
		vms__alloc_fail_from(1);
		mas_store_prealloc(&mas, op->entry);
		vms__alloc_fail_from(0);
	}
	mas_unlock(&mas);
}

static void do_prealloc_drop(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	a->err = mas_preallocate(&mas, op->entry, GFP_KERNEL);
	mas_destroy(&mas);
	mas_unlock(&mas);
}

static void do_nomem(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	/* Make an allocation fail, so that mas_nomem() is needed. */
	if (!p->inject)
		vms__alloc_fail_nth(1 + (long)(p->done % 3));
	mas_lock(&mas);
	do
		a->entry = mas_store(&mas, op->entry);
	while (mas_nomem(&mas, GFP_KERNEL));
	mas_unlock(&mas);
	if (!p->inject)
		vms__alloc_fail_nth(0);
	a->err = mas_is_err(&mas) ? xa_err(mas.node) : 0;
	mas_destroy(&mas);
}

static void do_insert(struct pair *p, const struct op *op, struct answer *a)
{
	a->err = mtree_insert_range(&p->tree, op->first, op->last, op->entry, GFP_KERNEL);
}

static void do_erase(struct pair *p, const struct op *op, struct answer *a)
{
	a->entry = mtree_erase(&p->tree, op->first);
	/*
	 * mtree_erase() cannot report an error, so that NULL for an entry means
	 * one.
	 */
	if (p->inject && !a->entry && p->oracle.range[oracle_at(&p->oracle, op->first)].entry)
		a->err = -ENOMEM;
}

static void do_mas_erase(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	a->entry = mas_erase(&mas);
	mas_unlock(&mas);
	a->err = mas_is_err(&mas) ? xa_err(mas.node) : 0;
}

static void do_alloc(struct pair *p, const struct op *op, struct answer *a)
{
	if (op->kind == OP_ALLOC)
		a->err = mtree_alloc_range(&p->tree, &a->first, op->entry, op->size, op->first,
					   op->last, GFP_KERNEL);
	else
		a->err = mtree_alloc_rrange(&p->tree, &a->first, op->entry, op->size, op->first,
					    op->last, GFP_KERNEL);
	a->last = a->first + op->size - 1;
}

static void do_cyclic(struct pair *p, const struct op *op, struct answer *a)
{
	MA_STATE(mas, &p->tree, 0, 0);

	a->last = op->size;
	if (op->kind == OP_CYCLIC) {
		a->err = mtree_alloc_cyclic(&p->tree, &a->first, op->entry, op->first, op->last,
					    &a->last, GFP_KERNEL);
		return;
	}
	mas_lock(&mas);
	a->err = mas_alloc_cyclic(&mas, &a->first, op->entry, op->first, op->last, &a->last,
				  GFP_KERNEL);
	mas_unlock(&mas);
}

static void do_bulk(struct pair *p, const struct op *op, struct answer *a)
{
	unsigned long at;
	MA_STATE(mas, &p->tree, 0, 0);

	if (!pair_bulk_room(&p->oracle, op->size, &at))
		return;
	mas_lock(&mas);
	a->err = mas_expected_entries(&mas, op->size);
	if (!a->err) {
		vms__alloc_fail_from(1);
		for (unsigned long i = 0; i < op->size && !a->err; i++, at += 4) {
			mas_set_range(&mas, at, at + 2);
			a->err = mas_store_gfp(&mas, op->entry, GFP_KERNEL) ? -EPROTO : 0;
		}
		vms__alloc_fail_from(0);
	}
	mas_destroy(&mas);
	mas_unlock(&mas);
}

static void do_dup(struct pair *p, const struct op *op, struct answer *a)
{
	struct maple_tree copy = MTREE_INIT(copy, p->tree.ma_flags);

	(void)op;
	a->err = mtree_dup(&p->tree, &copy, GFP_KERNEL);
	if (a->err ? !mtree_empty(&copy)
		   : vms_mt_check(&copy, stderr) ||
			     !pair_same_ranges(&copy, &p->oracle, 0, p->oracle.n - 1))
		a->err = -EPROTO;
	mtree_destroy(&copy);
}

static void do_gap(struct pair *p, const struct op *op, struct answer *a)
{
	struct ma_state mas = cursor(p, op);

	mas_lock(&mas);
	if (op->kind == OP_GAP)
		a->err = mas_empty_area(&mas, op->first, op->last, op->size);
	else
		a->err = mas_empty_area_rev(&mas, op->first, op->last, op->size);
	mas_unlock(&mas);
	a->first = mas.index;
	a->last = mas.last;
}

static void do_load(struct pair *p, const struct op *op, struct answer *a)
{
	a->entry = mtree_load(&p->tree, op->first);
}

static void *step(struct ma_state *mas, enum op_kind kind, unsigned long limit)
{
	switch (kind) {
	case OP_WALK:
		return mas_walk(mas);
	case OP_FIND:
		return mas_find(mas, limit);
	case OP_FIND_RANGE:
		return mas_find_range(mas, limit);
	case OP_FIND_REV:
		return mas_find_rev(mas, limit);
	case OP_FIND_RANGE_REV:
		return mas_find_range_rev(mas, limit);
	case OP_NEXT:
		return mas_next(mas, limit);
	case OP_NEXT_RANGE:
		return mas_next_range(mas, limit);
	case OP_PREV:
		return mas_prev(mas, limit);
	default:
		return mas_prev_range(mas, limit);
	}
}

static void do_step(struct pair *p, const struct op *op, struct answer *a)
{
	MA_STATE(mas, &p->tree, op->first, op->first);

	pair_begin_read(&p->tree);
	a->entry = step(&mas, op->kind, op->last);
	pair_end_read(&p->tree);
	a->first = mas.index;
	a->last = mas.last;
}

static void do_mt(struct pair *p, const struct op *op, struct answer *a)
{
	a->first = op->first;
	switch (op->kind) {
	case OP_MT_FIND:
		a->entry = mt_find(&p->tree, &a->first, op->last);
		break;
	case OP_MT_FIND_AFTER:
		a->entry = mt_find_after(&p->tree, &a->first, op->last);
		break;
	case OP_MT_NEXT:
		a->entry = mt_next(&p->tree, op->first, op->last);
		break;
	default:
		a->entry = mt_prev(&p->tree, op->first, op->last);
		break;
	}
}

/* ---- several steps by one cursor ---- */

/*
 * Each step is compared at once; a wrong one turns the answer into -EPROTO.
 */

/*
 * Steps by ranges if @gaps is set. A tree without nodes has no ranges to step
 * by.
 */
static bool chain(struct pair *p, const struct op *op, bool gaps)
{
	size_t i = oracle_at(&p->oracle, op->first), next;
	unsigned long steps = op->size;
	void *entry;
	MA_STATE(mas, &p->tree, op->first, op->first);

	if (!pair_stands_on(&p->oracle, &mas, mas_walk(&mas), i))
		return false;
	for (; steps && (next = oracle_next(&p->oracle, i, ULONG_MAX, gaps)) != ORACLE_NONE;
	     steps--, i = next)
		if (!pair_stands_on(&p->oracle, &mas,
				    gaps ? mas_next_range(&mas, ULONG_MAX)
					 : mas_next(&mas, ULONG_MAX),
				    next))
			return false;
	if (steps && (gaps ? mas_next_range(&mas, ULONG_MAX) : mas_next(&mas, ULONG_MAX)))
		return false;
	if (steps) {
		mas_set(&mas, p->oracle.range[i].first);
		mas_walk(&mas);
	}
	for (steps = 2 * op->size;
	     steps && (next = oracle_prev(&p->oracle, i, 0, gaps)) != ORACLE_NONE;
	     steps--, i = next) {
		entry = gaps ? mas_prev_range(&mas, 0) : mas_prev(&mas, 0);
		if (!pair_stands_on(&p->oracle, &mas, entry, next))
			return false;
	}
	return true;
}

static void do_chain(struct pair *p, const struct op *op, struct answer *a)
{
	pair_begin_read(&p->tree);
	if (mt_height(&p->tree) && !(chain(p, op, true) && chain(p, op, false)))
		a->err = -EPROTO;
	pair_end_read(&p->tree);
}

/*
 * Stores another entry, clears, shrinks, erases, or leaves the range unchanged.
 */
static void sweep_one(struct pair *p, struct ma_state *mas, unsigned long how, void *entry)
{
	unsigned long first = mas->index, last = mas->last;

	switch (how % 5) {
	case 0:
		mas_store(mas, entry);
		break;
	case 1:
		entry = NULL;
		mas_store(mas, NULL);
		break;
	case 2:
		mas->index = first += (last - first) / 2;
		mas_store_gfp(mas, entry, GFP_KERNEL);
		break;
	case 3:
		entry = NULL;
		mas_erase(mas);
		break;
	default:
		return;
	}
	oracle_store(&p->oracle, first, last, entry);
}

static void do_sweep(struct pair *p, const struct op *op, struct answer *a)
{
	unsigned long from = op->first, how = op->first;
	MA_STATE(mas, &p->tree, from, from);

	mas_lock(&mas);
	for (unsigned long n = op->size; n; n--, how++) {
		size_t i = oracle_at(&p->oracle, from);
		void *entry = mas_find(&mas, ULONG_MAX);

		if (!p->oracle.range[i].entry)
			i = oracle_next(&p->oracle, i, ULONG_MAX, false);
		if (i == ORACLE_NONE ? entry != NULL : !pair_stands_on(&p->oracle, &mas, entry, i))
			a->err = -EPROTO;
		if (!entry || a->err)
			break;
		from = mas.last + 1;
		sweep_one(p, &mas, how, op->entry);
		if (mas_is_err(&mas))
			a->err = xa_err(mas.node);
		if (!from || a->err)
			break;
	}
	mas_unlock(&mas);
}

/*
 * __mas_set_range() keeps the cursor's place, wherever the next store begins.
 */
static void do_roam(struct pair *p, const struct op *op, struct answer *a)
{
	MA_STATE(mas, &p->tree, op->first, op->first);

	mas_lock(&mas);
	mas_walk(&mas);
	for (unsigned long n = 0; n < op->size && !a->err; n++) {
		struct oracle_range r = p->oracle.range[(op->first + n * 7919) % p->oracle.n];
		void *old = r.entry, *entry = n % 3 ? op->entry : NULL;

		if (n % 2)
			r.last -= (r.last - r.first) / 2;
		__mas_set_range(&mas, r.first, r.last);
		if (mas_store(&mas, entry) != old || mas_is_err(&mas))
			a->err = -EPROTO;
		oracle_store(&p->oracle, r.first, r.last, entry);
	}
	mas_unlock(&mas);
}

static void (*const ask[OP_KINDS])(struct pair *p, const struct op *op, struct answer *a) = {
	[OP_STORE] = do_mtree_store,
	[OP_MAS_STORE] = do_mas_store,
	[OP_STORE_GFP] = do_store_gfp,
	[OP_PREALLOC] = do_prealloc,
	[OP_PREALLOC_DROP] = do_prealloc_drop,
	[OP_NOMEM] = do_nomem,
	[OP_INSERT] = do_insert,
	[OP_ERASE] = do_erase,
	[OP_MAS_ERASE] = do_mas_erase,
	[OP_ALLOC] = do_alloc,
	[OP_RALLOC] = do_alloc,
	[OP_CYCLIC] = do_cyclic,
	[OP_MAS_CYCLIC] = do_cyclic,
	[OP_BULK] = do_bulk,
	[OP_DUP] = do_dup,
	[OP_SWEEP] = do_sweep,
	[OP_ROAM] = do_roam,
	[OP_GAP] = do_gap,
	[OP_RGAP] = do_gap,
	[OP_LOAD] = do_load,
	[OP_WALK] = do_step,
	[OP_FIND] = do_step,
	[OP_FIND_RANGE] = do_step,
	[OP_FIND_REV] = do_step,
	[OP_FIND_RANGE_REV] = do_step,
	[OP_NEXT] = do_step,
	[OP_NEXT_RANGE] = do_step,
	[OP_PREV] = do_step,
	[OP_PREV_RANGE] = do_step,
	[OP_MT_FIND] = do_mt,
	[OP_MT_FIND_AFTER] = do_mt,
	[OP_MT_NEXT] = do_mt,
	[OP_MT_PREV] = do_mt,
	[OP_CHAIN] = do_chain,
};

void pair_ask_tree(struct pair *p, const struct op *op, struct answer *a)
{
	ask[op->kind](p, op, a);
}
