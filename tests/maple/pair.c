/* SPDX-License-Identifier: MIT */
/*
 * pair.c - each operation three times: as the tree does it (do_*), as the oracle says (say_*), and in words for reports.
 */
#include "tests/maple/pair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/rcu.h>

#include "lib/sync/alloc.h"
#include "lib/sync/objcache.h"

/* What an operation answers. The oracle leaves `known` unset where bounds are not part of the answer. */
struct answer {
	int err;
	void *entry;
	unsigned long first, last;
	bool known;
};

/* ---- as the tree does it ---- */

/* A tree that is not in RCU mode is read under its lock. */
static void begin_read(struct pair *p)
{
	if (mt_in_rcu(&p->tree))
		vms_rcu_read_lock();
	else
		mtree_lock(&p->tree);
}

static void end_read(struct pair *p)
{
	if (mt_in_rcu(&p->tree))
		vms_rcu_read_unlock();
	else
		mtree_unlock(&p->tree);
}

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

static void do_insert(struct pair *p, const struct op *op, struct answer *a)
{
	a->err = mtree_insert_range(&p->tree, op->first, op->last, op->entry, GFP_KERNEL);
}

static void do_erase(struct pair *p, const struct op *op, struct answer *a)
{
	a->entry = mtree_erase(&p->tree, op->first);
	/* It has no other way to say so. */
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
		a->err = mtree_alloc_range(&p->tree, &a->first, op->entry, op->size, op->first, op->last, GFP_KERNEL);
	else
		a->err = mtree_alloc_rrange(&p->tree, &a->first, op->entry, op->size, op->first, op->last, GFP_KERNEL);
	a->last = a->first + op->size - 1;
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

	begin_read(p);
	a->entry = step(&mas, op->kind, op->last);
	end_read(p);
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

/* ---- several steps of one cursor: compared as they go, and answered by -EPROTO if one is wrong ---- */

static bool stands_on(const struct pair *p, const struct ma_state *mas, const void *entry, size_t i)
{
	const struct oracle_range *r = &p->oracle.range[i];

	return entry == r->entry && mas->index == r->first && mas->last == r->last;
}

/* The range forms if @gaps. A tree without nodes knows no ranges to step to. */
static bool chain(struct pair *p, const struct op *op, bool gaps)
{
	size_t i = oracle_at(&p->oracle, op->first), next;
	unsigned long steps = op->size;
	void *entry;
	MA_STATE(mas, &p->tree, op->first, op->first);

	if (!stands_on(p, &mas, mas_walk(&mas), i))
		return false;
	for (; steps && (next = oracle_next(&p->oracle, i, ULONG_MAX, gaps)) != ORACLE_NONE; steps--, i = next)
		if (!stands_on(p, &mas, gaps ? mas_next_range(&mas, ULONG_MAX) : mas_next(&mas, ULONG_MAX), next))
			return false;
	if (steps && (gaps ? mas_next_range(&mas, ULONG_MAX) : mas_next(&mas, ULONG_MAX)))
		return false;
	if (steps) {
		mas_set(&mas, p->oracle.range[i].first);
		mas_walk(&mas);
	}
	for (steps = 2 * op->size; steps && (next = oracle_prev(&p->oracle, i, 0, gaps)) != ORACLE_NONE; steps--, i = next) {
		entry = gaps ? mas_prev_range(&mas, 0) : mas_prev(&mas, 0);
		if (!stands_on(p, &mas, entry, next))
			return false;
	}
	return true;
}

static void do_chain(struct pair *p, const struct op *op, struct answer *a)
{
	begin_read(p);
	if (mt_height(&p->tree) && !(chain(p, op, true) && chain(p, op, false)))
		a->err = -EPROTO;
	end_read(p);
}

/* Another entry, none, less of it, erased, or left as it is. */
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
		if (i == ORACLE_NONE ? entry != NULL : !stands_on(p, &mas, entry, i))
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

/* ---- as the oracle says ---- */

static void say_range(const struct oracle *o, size_t i, struct answer *a)
{
	if (i == ORACLE_NONE)
		return;
	*a = (struct answer){.entry = o->range[i].entry, .first = o->range[i].first, .last = o->range[i].last, .known = true};
}

static void say_store(struct oracle *o, const struct op *op, struct answer *a)
{
	if (op->first > op->last) {
		a->err = -EINVAL;
		return;
	}
	if (op->kind == OP_MAS_STORE)
		a->entry = o->range[oracle_at(o, op->first)].entry;
	if (op->kind != OP_PREALLOC_DROP)
		oracle_store(o, op->first, op->last, op->entry);
}

static void say_insert(struct oracle *o, const struct op *op, struct answer *a)
{
	const struct oracle_range *r = &o->range[oracle_at(o, op->first)];

	if (op->first > op->last)
		a->err = -EINVAL;
	else if (r->entry || r->last < op->last)
		a->err = -EEXIST;
	else
		oracle_store(o, op->first, op->last, op->entry);
}

static void say_erase(struct oracle *o, const struct op *op, struct answer *a)
{
	const struct oracle_range *r = &o->range[oracle_at(o, op->first)];

	a->entry = r->entry;
	if (r->entry)
		oracle_store(o, r->first, r->last, NULL);
}

static void say_gap(struct oracle *o, const struct op *op, struct answer *a)
{
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

static void say_load(struct oracle *o, const struct op *op, struct answer *a)
{
	say_range(o, oracle_at(o, op->first), a);
	a->known = op->kind == OP_WALK;
	if (op->kind == OP_LOAD && xa_is_zero(a->entry))
		a->entry = NULL;
}

static void say_find(struct oracle *o, const struct op *op, struct answer *a)
{
	size_t i = oracle_at(o, op->first);

	if (op->first > op->last)
		return;
	say_range(o, o->range[i].entry ? i : oracle_next(o, i, op->last, op->kind == OP_FIND_RANGE), a);
}

static void say_find_rev(struct oracle *o, const struct op *op, struct answer *a)
{
	size_t i = oracle_at(o, op->first);

	if (op->first < op->last)
		return;
	say_range(o, o->range[i].entry ? i : oracle_prev(o, i, op->last, op->kind == OP_FIND_RANGE_REV), a);
}

static void say_next(struct oracle *o, const struct op *op, struct answer *a)
{
	if (op->first < op->last)
		say_range(o, oracle_next(o, oracle_at(o, op->first), op->last, op->kind == OP_NEXT_RANGE), a);
	a->known &= op->kind != OP_MT_NEXT;
}

static void say_prev(struct oracle *o, const struct op *op, struct answer *a)
{
	if (op->first > op->last)
		say_range(o, oracle_prev(o, oracle_at(o, op->first), op->last, op->kind == OP_PREV_RANGE), a);
	a->known &= op->kind != OP_MT_PREV;
}

/* Zero entries are passed over. */
static void say_mt_find(struct oracle *o, const struct op *op, struct answer *a)
{
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

static void say_nothing(struct oracle *o, const struct op *op, struct answer *a)
{
	(void)o, (void)op, (void)a;
}

static const struct kind {
	const char *name;
	void (*tree)(struct pair *p, const struct op *op, struct answer *a);
	void (*oracle)(struct oracle *o, const struct op *op, struct answer *a);
} kinds[OP_KINDS] = {
	[OP_STORE] = {"mtree_store_range", do_mtree_store, say_store},
	[OP_MAS_STORE] = {"mas_store", do_mas_store, say_store},
	[OP_STORE_GFP] = {"mas_store_gfp", do_store_gfp, say_store},
	[OP_PREALLOC] = {"mas_store_prealloc", do_prealloc, say_store},
	[OP_PREALLOC_DROP] = {"mas_preallocate and mas_destroy", do_prealloc_drop, say_store},
	[OP_INSERT] = {"mtree_insert_range", do_insert, say_insert},
	[OP_ERASE] = {"mtree_erase", do_erase, say_erase},
	[OP_MAS_ERASE] = {"mas_erase", do_mas_erase, say_erase},
	[OP_ALLOC] = {"mtree_alloc_range", do_alloc, say_gap},
	[OP_RALLOC] = {"mtree_alloc_rrange", do_alloc, say_gap},
	[OP_SWEEP] = {"changes through a cursor", do_sweep, say_nothing},
	[OP_GAP] = {"mas_empty_area", do_gap, say_gap},
	[OP_RGAP] = {"mas_empty_area_rev", do_gap, say_gap},
	[OP_LOAD] = {"mtree_load", do_load, say_load},
	[OP_WALK] = {"mas_walk", do_step, say_load},
	[OP_FIND] = {"mas_find", do_step, say_find},
	[OP_FIND_RANGE] = {"mas_find_range", do_step, say_find},
	[OP_FIND_REV] = {"mas_find_rev", do_step, say_find_rev},
	[OP_FIND_RANGE_REV] = {"mas_find_range_rev", do_step, say_find_rev},
	[OP_NEXT] = {"mas_next", do_step, say_next},
	[OP_NEXT_RANGE] = {"mas_next_range", do_step, say_next},
	[OP_PREV] = {"mas_prev", do_step, say_prev},
	[OP_PREV_RANGE] = {"mas_prev_range", do_step, say_prev},
	[OP_MT_FIND] = {"mt_find", do_mt, say_mt_find},
	[OP_MT_FIND_AFTER] = {"mt_find_after", do_mt, say_mt_find},
	[OP_MT_NEXT] = {"mt_next", do_mt, say_next},
	[OP_MT_PREV] = {"mt_prev", do_mt, say_prev},
	[OP_CHAIN] = {"steps of a cursor", do_chain, say_nothing},
};

const char *pair_kind_name(enum op_kind kind)
{
	return kinds[kind].name;
}

/* ---- reports ---- */

static void print_op(const struct op *op)
{
	fprintf(stderr, "pair:   %s [%#lx, %#lx] size %#lx entry %p\n", kinds[op->kind].name, op->first, op->last, op->size,
		op->entry);
}

static bool report(struct pair *p, const char *what)
{
	unsigned long n = p->done < PAIR_TRAIL ? p->done : PAIR_TRAIL;

	fprintf(stderr, "pair: operation %lu, flags %#x, %s: %s; the last operations:\n", p->done, p->tree.ma_flags, vms_mt_simd(),
		what);
	for (unsigned long i = p->done - n; i < p->done; i++)
		print_op(&p->trail[i % PAIR_TRAIL]);
	if (p->oracle.n < 200)
		mt_dump(&p->tree, mt_dump_hex);
	return false;
}

static bool report_answer(struct pair *p, const struct answer *want, const struct answer *got)
{
	fprintf(stderr, "pair: expected %d, %p, [%#lx, %#lx]; found %d, %p, [%#lx, %#lx]\n", want->err, want->entry, want->first,
		want->last, got->err, got->entry, got->first, got->last);
	return report(p, "another answer");
}

/* ---- comparison ---- */

static bool holds(struct pair *p, unsigned long key, void *entry)
{
	return mtree_load(&p->tree, key) == (xa_is_zero(entry) ? NULL : entry);
}

/* The oracle's ranges [i, j] and the tree's: by iteration, bounds included, and by lookups at their ends. */
static bool same_ranges(struct pair *p, size_t i, size_t j)
{
	unsigned long end = p->oracle.range[j].last;
	void *entry;
	bool same = true;
	MA_STATE(mas, &p->tree, p->oracle.range[i].first, p->oracle.range[i].first);

	for (size_t k = i; k <= j && same; k++) {
		const struct oracle_range *r = &p->oracle.range[k];

		same = holds(p, r->first, r->entry) && holds(p, r->last, r->entry);
	}
	begin_read(p);
	for (; i <= j && same; i++) {
		if (!p->oracle.range[i].entry)
			continue;
		entry = mas_find(&mas, end);
		same = entry && stands_on(p, &mas, entry, i);
	}
	same = same && !mas_find(&mas, end);
	end_read(p);
	return same;
}

bool pair_check(struct pair *p)
{
	if (vms_mt_check(&p->tree, stderr))
		return report(p, "broken tree");
	if (!same_ranges(p, 0, p->oracle.n - 1))
		return report(p, "other contents");
	return true;
}

#define LARGE 400u
#define NOW_AND_THEN 64u

/* After a write. The contents of a large tree near it, all of them only now and then. */
static bool check_after(struct pair *p, const struct op *op)
{
	size_t i, j;

	if (!p->lazy || p->oracle.n < LARGE || p->done % NOW_AND_THEN == 0)
		return pair_check(p);
	if (vms_mt_check(&p->tree, stderr))
		return report(p, "broken tree");
	i = oracle_at(&p->oracle, op->first);
	j = i + 8 < p->oracle.n ? i + 8 : p->oracle.n - 1;
	i = i > 8 ? i - 8 : 0;
	return same_ranges(p, i, j) || report(p, "other contents");
}

/* ---- operations ---- */

static char *dump(const struct maple_tree *mt)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	vms_mt_fdump(mt, mt_dump_hex, out);
	fclose(out);
	return text;
}

static bool unchanged(struct pair *p, const char *before, size_t live)
{
	char *after = dump(&p->tree);
	bool same = !strcmp(before, after);

	free(after);
	if (!same)
		return report(p, "a failed write left another tree");
	/* In RCU mode nodes that wait for a grace period come back at any moment. */
	if (!mt_in_rcu(&p->tree) && vms__objcache_report(NULL) != live)
		return report(p, "a failed write left more nodes, or fewer");
	return pair_check(p);
}

/* The operation fails at its 1st, 2nd, ... allocation until it needs no more. */
static bool do_with_failures(struct pair *p, const struct op *op, struct answer *a)
{
	char *before = dump(&p->tree);
	size_t live = vms__objcache_report(NULL);
	bool ok = true;

	for (long n = 1; ok; n++) {
		*a = (struct answer){0};
		vms__alloc_fail_nth(n);
		kinds[op->kind].tree(p, op, a);
		vms__alloc_fail_nth(0);
		if (a->err != -ENOMEM)
			break;
		p->failures[op->kind]++;
		ok = unchanged(p, before, live);
	}
	free(before);
	return ok;
}

/* A window that cannot be is refused, in one way or the other. */
static bool same_error(int want, int got)
{
	return want == got || (want == -EINVAL && got == -EBUSY);
}

bool pair_do(struct pair *p, const struct op *op)
{
	struct answer want = {0}, got = {0};

	p->trail[p->done++ % PAIR_TRAIL] = *op;
	if (p->inject && op->kind < OP_SWEEP) {
		if (!do_with_failures(p, op, &got))
			return false;
	} else {
		kinds[op->kind].tree(p, op, &got);
	}
	kinds[op->kind].oracle(&p->oracle, op, &want);
	if (!same_error(want.err, got.err) || want.entry != got.entry)
		return report_answer(p, &want, &got);
	if (want.known && (want.first != got.first || want.last != got.last))
		return report_answer(p, &want, &got);
	return op->kind >= OP_WRITES || check_after(p, op);
}

void pair_init(struct pair *p, unsigned int flags)
{
	*p = (struct pair){.done = 0};
	mt_init_flags(&p->tree, flags);
	oracle_init(&p->oracle);
}

void pair_end(struct pair *p)
{
	mtree_destroy(&p->tree);
	oracle_free(&p->oracle);
}
