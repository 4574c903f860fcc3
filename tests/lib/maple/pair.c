/* SPDX-License-Identifier: MIT */
/*
 * pair.c - runs an operation on the tree and on the oracle, compares the
 * answers and the contents, injects failures, and reports differences. Read
 * next: pair_internal.h.
 */
#include "tests/lib/maple/pair_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/rcu.h>

#include "lib/sync/alloc.h"
#include "lib/sync/objcache/objcache.h"

static const char *const names[OP_KINDS] = {
	[OP_STORE] = "mtree_store_range",
	[OP_MAS_STORE] = "mas_store",
	[OP_STORE_GFP] = "mas_store_gfp",
	[OP_PREALLOC] = "mas_store_prealloc",
	[OP_PREALLOC_DROP] = "mas_preallocate and mas_destroy",
	[OP_NOMEM] = "mas_store and mas_nomem",
	[OP_INSERT] = "mtree_insert_range",
	[OP_ERASE] = "mtree_erase",
	[OP_MAS_ERASE] = "mas_erase",
	[OP_ALLOC] = "mtree_alloc_range",
	[OP_RALLOC] = "mtree_alloc_rrange",
	[OP_CYCLIC] = "mtree_alloc_cyclic",
	[OP_MAS_CYCLIC] = "mas_alloc_cyclic",
	[OP_BULK] = "mas_expected_entries and stores",
	[OP_DUP] = "mtree_dup",
	[OP_SWEEP] = "changes through a cursor",
	[OP_ROAM] = "stores of a cursor everywhere",
	[OP_GAP] = "mas_empty_area",
	[OP_RGAP] = "mas_empty_area_rev",
	[OP_LOAD] = "mtree_load",
	[OP_WALK] = "mas_walk",
	[OP_FIND] = "mas_find",
	[OP_FIND_RANGE] = "mas_find_range",
	[OP_FIND_REV] = "mas_find_rev",
	[OP_FIND_RANGE_REV] = "mas_find_range_rev",
	[OP_NEXT] = "mas_next",
	[OP_NEXT_RANGE] = "mas_next_range",
	[OP_PREV] = "mas_prev",
	[OP_PREV_RANGE] = "mas_prev_range",
	[OP_MT_FIND] = "mt_find",
	[OP_MT_FIND_AFTER] = "mt_find_after",
	[OP_MT_NEXT] = "mt_next",
	[OP_MT_PREV] = "mt_prev",
	[OP_CHAIN] = "steps of a cursor",
};

const char *pair_kind_name(enum op_kind kind)
{
	return names[kind];
}

/* ---- reports ---- */

static void print_op(const struct op *op)
{
	fprintf(stderr, "pair:   %s [%#lx, %#lx] size %#lx entry %p\n", names[op->kind], op->first,
		op->last, op->size, op->entry);
}

static bool report(struct pair *p, const char *what)
{
	unsigned long n = p->done < PAIR_TRAIL ? p->done : PAIR_TRAIL;

	fprintf(stderr, "pair: operation %lu, flags %#x, %s: %s; the last operations:\n", p->done,
		p->tree.ma_flags, vms_mt_simd(), what);
	for (unsigned long i = p->done - n; i < p->done; i++)
		print_op(&p->trail[i % PAIR_TRAIL]);
	if (p->oracle.n < 200)
		mt_dump(&p->tree, mt_dump_hex);
	return false;
}

static bool report_answer(struct pair *p, const struct answer *want, const struct answer *got)
{
	fprintf(stderr, "pair: expected %d, %p, [%#lx, %#lx]; found %d, %p, [%#lx, %#lx]\n",
		want->err, want->entry, want->first, want->last, got->err, got->entry, got->first,
		got->last);
	return report(p, "another answer");
}

/* ---- comparison ---- */

void pair_begin_read(struct maple_tree *mt)
{
	if (mt_in_rcu(mt))
		vms_rcu_read_lock();
	else
		mtree_lock(mt);
}

void pair_end_read(struct maple_tree *mt)
{
	if (mt_in_rcu(mt))
		vms_rcu_read_unlock();
	else
		mtree_unlock(mt);
}

bool pair_stands_on(const struct oracle *o, const struct ma_state *mas, const void *entry, size_t i)
{
	const struct oracle_range *r = &o->range[i];

	return entry == r->entry && mas->index == r->first && mas->last == r->last;
}

static bool holds(struct maple_tree *mt, unsigned long key, void *entry)
{
	return mtree_load(mt, key) == (xa_is_zero(entry) ? NULL : entry) &&
	       vms_mt_walk(mt, key) == entry;
}

bool pair_same_ranges(struct maple_tree *mt, const struct oracle *o, size_t i, size_t j)
{
	unsigned long end = o->range[j].last;
	void *entry;
	bool same = true;
	MA_STATE(mas, mt, o->range[i].first, o->range[i].first);

	for (size_t k = i; k <= j && same; k++) {
		const struct oracle_range *r = &o->range[k];

		same = holds(mt, r->first, r->entry) && holds(mt, r->last, r->entry);
	}
	pair_begin_read(mt);
	for (; i <= j && same; i++) {
		if (!o->range[i].entry)
			continue;
		entry = mas_find(&mas, end);
		same = entry && pair_stands_on(o, &mas, entry, i);
	}
	same = same && !mas_find(&mas, end);
	pair_end_read(mt);
	return same;
}

bool pair_check(struct pair *p)
{
	if (vms_mt_check(&p->tree, stderr))
		return report(p, "broken tree");
	if (!pair_same_ranges(&p->tree, &p->oracle, 0, p->oracle.n - 1))
		return report(p, "other contents");
	return true;
}

#define LARGE 400u
#define NOW_AND_THEN 64u

/*
 * Compares after a write. A large tree is compared near the write only, and
 * completely once in NOW_AND_THEN operations.
 */
static bool check_after(struct pair *p, const struct op *op)
{
	size_t i, j;

	if (!p->lazy || op->kind == OP_ROAM || p->oracle.n < LARGE || p->done % NOW_AND_THEN == 0)
		return pair_check(p);
	if (vms_mt_check(&p->tree, stderr))
		return report(p, "broken tree");
	i = oracle_at(&p->oracle, op->first);
	j = i + 8 < p->oracle.n ? i + 8 : p->oracle.n - 1;
	i = i > 8 ? i - 8 : 0;
	return pair_same_ranges(&p->tree, &p->oracle, i, j) || report(p, "other contents");
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
	/*
	 * In RCU mode nodes that wait for a grace period may be freed at any
	 * moment, so that the count says nothing.
	 */
	if (!mt_in_rcu(&p->tree) && vms__objcache_report(NULL) != live)
		return report(p, "a failed write left more nodes, or fewer");
	return pair_check(p);
}

/* Lets the operation fail at its 1st, 2nd, ... allocation until it succeeds. */
static bool do_with_failures(struct pair *p, const struct op *op, struct answer *a)
{
	char *before = dump(&p->tree);
	size_t live = vms__objcache_report(NULL);
	bool ok = true;

	for (long n = 1; ok; n++) {
		*a = (struct answer){0};
		/* A store that retries must fail to allocate again. */
		if (op->kind == OP_NOMEM)
			vms__alloc_fail_from(n);
		else
			vms__alloc_fail_nth(n);
		pair_ask_tree(p, op, a);
		vms__alloc_fail_nth(0);
		if (a->err != -ENOMEM)
			break;
		p->failures[op->kind]++;
		ok = unchanged(p, before, live);
	}
	free(before);
	return ok;
}

/* The tree may refuse an impossible window by -EINVAL or by -EBUSY. */
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
		pair_ask_tree(p, op, &got);
	}
	pair_ask_oracle(p, op, &want);
	if (!same_error(want.err, got.err) || want.entry != got.entry)
		return report_answer(p, &want, &got);
	if (want.known && (want.first != got.first || want.last != got.last))
		return report_answer(p, &want, &got);
	return op->kind >= OP_WRITES || check_after(p, op);
}

size_t pair_live_nodes(void)
{
	/* Wait only if nodes are left, because a grace period takes long. */
	if (vms__objcache_report(NULL))
		vms_rcu_barrier();
	return vms__objcache_report(NULL);
}

void pair_init(struct pair *p, unsigned int flags)
{
	*p = (struct pair){.done = 0};
	mt_init_flags(&p->tree, flags);
	oracle_init(&p->oracle);
}

bool pair_copy(struct pair *to, struct pair *from)
{
	int err;

	pair_init(to, from->tree.ma_flags);
	oracle_copy(&to->oracle, &from->oracle);
	err = mtree_dup(&from->tree, &to->tree, GFP_KERNEL);
	if (err)
		return report(from, "mtree_dup() failed");
	return pair_check(to) && pair_check(from);
}

void pair_end(struct pair *p)
{
	mtree_destroy(&p->tree);
	oracle_free(&p->oracle);
}
