/* SPDX-License-Identifier: MIT */
/*
 * writer.c - the writes to a territory, by its one writer. Each is announced
 * cell by cell before it is made, and settled afterwards. Read first: world.h.
 */
#include <stdlib.h>

#include "stress/maplestress/world.h"

/* ---- generations --------------------------------------------------------- */

static unsigned long settled(const struct world *w, unsigned int cell)
{
	/* Relaxed: written by this thread. */
	return atomic_load_explicit(&((struct world *)w)->cells[cell].settled,
				    memory_order_relaxed);
}

/* From now on readers may find @r in the cells. */
static void announce(struct world *w, unsigned int from, unsigned int to, struct record *r)
{
	/* Relaxed: a hint. */
	atomic_store_explicit(&w->hot, to, memory_order_relaxed);
	for (unsigned int i = from; i <= to; i++) {
		unsigned long g = settled(w, i) + 1;

		/*
		 * Release: a reader that finds this entry in its log place also
		 * finds pending at g - 1 or above, and so knows that the place
		 * is not older.
		 */
		atomic_store_explicit(&w->cells[i].log[g % LOG], r, memory_order_release);
		/*
		 * Release: a reader that finds g pending also finds its entry
		 * in the log.
		 */
		atomic_store_explicit(&w->cells[i].pending, g, memory_order_release);
	}
}

static void free_record(struct vms_rcu_head *head)
{
	free((char *)head - offsetof(struct record, rcu));
}

/*
 * From now on readers must find the announced entries. The cells' old records
 * are freed once no reader can see them.
 */
static void settle(struct world *w, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i <= to; i++) {
		unsigned long g = settled(w, i) + 1;
		/* Relaxed: written by this thread. */
		struct record *before =
			atomic_load_explicit(&w->cells[i].log[(g - 1) % LOG], memory_order_relaxed);

		/*
		 * Release: a reader that finds g settled finds the tree as it
		 * is now, or later.
		 */
		atomic_store_explicit(&w->cells[i].settled, g, memory_order_release);
		if (before && !--before->cells)
			vms_call_rcu(&before->rcu, free_record);
	}
}

static struct record *record_new(struct worker *worker, unsigned int from, unsigned int to)
{
	struct record *r = malloc(sizeof(*r));

	if (!r) {
		broken(worker->world, "no memory for a record");
		abort();
	}
	*r = (struct record){
		.first = from, .last = to, .when = worker->done + 1, .cells = to - from + 1};
	return r;
}

/* ---- one write, in each of the ways that the API has --------------------- */

static int store_with_cursor(struct worker *worker, unsigned int from, unsigned int to,
			     struct record *r)
{
	struct world *w = worker->world;
	struct record *old = cell_now(w, from), *found;
	MA_STATE(mas, &w->tree, cell_first(w, from), cell_last(w, to));

	mas_lock(&mas);
	announce(w, from, to, r);
	found = mas_store(&mas, r);
	mas_unlock(&mas);
	if (found != old)
		broken(w, "mas_store() over cell %u answered %p, not %p", from, (void *)found,
		       (void *)old);
	return mas_is_err(&mas) ? xa_err(mas.node) : 0;
}

static int store_preallocated(struct world *w, unsigned int from, unsigned int to, struct record *r)
{
	int err;
	MA_STATE(mas, &w->tree, cell_first(w, from), cell_last(w, to));

	mas_lock(&mas);
	err = mas_preallocate(&mas, r, GFP_KERNEL);
	announce(w, from, to, r);
	if (!err)
		mas_store_prealloc(&mas, r);
	mas_unlock(&mas);
	return err;
}

static int store_at_once(struct world *w, unsigned int from, unsigned int to, struct record *r)
{
	announce(w, from, to, r);
	return mtree_store_range(&w->tree, cell_first(w, from), cell_last(w, to), r, GFP_KERNEL);
}

/* Give the cells [from, to] a new record, or none. */
static void put(struct worker *worker, unsigned int from, unsigned int to, bool clear)
{
	struct record *r = clear ? NULL : record_new(worker, from, to);
	int err;

	switch (pick(worker, 4)) {
	case 0:
		err = store_with_cursor(worker, from, to, r);
		break;
	case 1:
		err = store_preallocated(worker->world, from, to, r);
		break;
	default:
		err = store_at_once(worker->world, from, to, r);
		break;
	}
	if (err)
		broken(worker->world, "a store over cells [%u, %u] answered %d", from, to, err);
	settle(worker->world, from, to);
}

/* The adjacent cells around @cell that have the same record. */
static void extent(const struct world *w, const struct territory *t, unsigned int cell,
		   unsigned int *from, unsigned int *to)
{
	for (*from = cell; *from > t->first && cell_now(w, *from - 1) == cell_now(w, cell);
	     (*from)--)
		;
	for (*to = cell; *to < t->last && cell_now(w, *to + 1) == cell_now(w, cell); (*to)++)
		;
}

/* Erase @cell's record, if it has one. */
static void take(struct worker *worker, const struct territory *t, unsigned int cell)
{
	struct world *w = worker->world;
	struct record *r = cell_now(w, cell), *found;
	unsigned int from, to;

	if (!r)
		return;
	extent(w, t, cell, &from, &to);
	announce(w, from, to, NULL);
	found = mtree_erase(&w->tree,
			    cell_first(w, cell) +
				    pick(worker, cell_last(w, cell) - cell_first(w, cell) + 1));
	if (found != r)
		broken(w, "mtree_erase() at cell %u answered %p, not %p", cell, (void *)found,
		       (void *)r);
	settle(w, from, to);
}

/* ---- kinds --------------------------------------------------------------- */

static unsigned int pick_cell(struct worker *worker, const struct territory *t)
{
	return t->first + (unsigned int)pick(worker, t->last - t->first + 1);
}

static unsigned int up_to(const struct territory *t, unsigned int from, unsigned long more)
{
	return more < t->last - from ? from + (unsigned int)more : t->last;
}

/*
 * Mostly store another entry for the same range, otherwise for a part of ranges
 * or for several. Now and then one entry replaces all.
 */
static void replace(struct worker *worker, const struct territory *t)
{
	unsigned int from = pick_cell(worker, t), to = from;

	switch (pick(worker, 64)) {
	case 0:
		from = t->first;
		to = t->last;
		break;
	case 1:
		to = up_to(t, from, pick(worker, 60));
		break;
	default:
		if (pick(worker, 2))
			extent(worker->world, t, from, &from, &to);
		else
			to = up_to(t, from, pick(worker, 4));
		break;
	}
	put(worker, from, to, false);
}

static void holes(struct worker *worker, const struct territory *t)
{
	unsigned int from = pick_cell(worker, t), to = up_to(t, from, pick(worker, 4));

	if (pick(worker, 4) == 0)
		take(worker, t, from);
	else
		put(worker, from, to, pick(worker, 3) == 0);
}

static void sparse(struct worker *worker, const struct territory *t)
{
	/* Use the first two of each four cells. */
	unsigned int from = pick_cell(worker, t) & ~3u;

	if (cell_now(worker->world, from))
		take(worker, t, from);
	else
		put(worker, from, from + (unsigned int)pick(worker, 2), false);
}

static void wide(struct worker *worker, struct territory *t)
{
	unsigned int from = t->at, to = up_to(t, from, pick(worker, 3));

	put(worker, from, to, false);
	t->at = to + 1;
	if (t->at <= t->last && pick(worker, 200))
		return;
	/* Overwrite all of it, or all except for a few cells. */
	from = t->first + (unsigned int)pick(worker, 3);
	put(worker, from, t->last - (unsigned int)pick(worker, 3), pick(worker, 2));
	if (pick(worker, 2))
		put(worker, t->first, t->last, true);
	t->at = t->first;
}

#define GROUND 16u /* cells reserved for one growing range */

static void grow(struct worker *worker, const struct territory *t)
{
	unsigned int begin = t->first +
			     (unsigned int)pick(worker, TERRITORY_CELLS / GROUND) * GROUND,
		     from, end;

	/* The range ends at the first empty cell. */
	for (end = begin; end < begin + GROUND && cell_now(worker->world, end); end++)
		;
	switch (pick(worker, 4)) {
	case 0: /* longer, as a whole */
	case 1:
		put(worker, begin, end < begin + GROUND ? end : end - 1, false);
		break;
	case 2: /* shorter at its end */
		if (end > begin)
			put(worker, begin + (unsigned int)pick(worker, end - begin), end - 1, true);
		break;
	default: /* more behind it */
		from = end < begin + GROUND ? end : begin;
		put(worker, from, from + (unsigned int)pick(worker, begin + GROUND - from), false);
		break;
	}
}

/*
 * Find the lowest or the highest @n adjacent cells without an entry. The last
 * cell is left out, because it may be wider.
 */
static bool find_room(const struct world *w, const struct territory *t, unsigned int n,
		      bool highest, unsigned int *at)
{
	unsigned int run = 0;

	for (unsigned int i = 0; i < TERRITORY_CELLS - 1; i++) {
		unsigned int cell = highest ? t->last - 1 - i : t->first + i;

		run = cell_now(w, cell) ? 0 : run + 1;
		if (run == n) {
			*at = highest ? cell : cell - n + 1;
			return true;
		}
	}
	return false;
}

static void allocate(struct worker *worker, const struct territory *t)
{
	struct world *w = worker->world;
	unsigned int n = 1 + (unsigned int)pick(worker, 6), at;
	unsigned long low = cell_first(w, t->first), high = cell_last(w, t->last - 1),
		      size = n * (w->start[t->first + 1] - low), start = 0;
	bool highest = pick(worker, 2);
	struct record *r;
	int err;

	if (!find_room(w, t, n, highest, &at)) {
		take(worker, t, pick_cell(worker, t));
		return;
	}
	r = record_new(worker, at, at + n - 1);
	announce(w, at, at + n - 1, r);
	if (highest)
		err = mtree_alloc_rrange(&w->tree, &start, r, size, low, high, GFP_KERNEL);
	else
		err = mtree_alloc_range(&w->tree, &start, r, size, low, high, GFP_KERNEL);
	if (err || start != cell_first(w, at))
		broken(w, "the %s gap of %u cells: %d at %#lx, expected cell %u at %#lx",
		       highest ? "highest" : "lowest", n, err, start, at, cell_first(w, at));
	settle(w, at, at + n - 1);
}

static void alloc_or_free(struct worker *worker, const struct territory *t)
{
	if (pick(worker, 5) < 3 && worker->world->tree.ma_flags & MT_FLAGS_ALLOC_RANGE)
		allocate(worker, t);
	else if (pick(worker, 2))
		take(worker, t, pick_cell(worker, t));
	else
		holes(worker, t);
}

void write_first(struct worker *worker)
{
	for (unsigned int i = 0; i < worker->territories; i++) {
		const struct territory *t = &worker->world->territories[worker->territory[i]];

		if (t->kind == REPLACE)
			put(worker, t->first, t->last, false);
	}
}

void write_something(struct worker *worker)
{
	struct territory *t =
		&worker->world->territories[worker->territory[pick(worker, worker->territories)]];

	switch (t->kind) {
	case REPLACE:
		replace(worker, t);
		break;
	case HOLES:
		holes(worker, t);
		break;
	case SPARSE:
		sparse(worker, t);
		break;
	case WIDE:
		wide(worker, t);
		break;
	case GROW:
		grow(worker, t);
		break;
	default:
		alloc_or_free(worker, t);
		break;
	}
	worker->done++;
	/* Records that wait for their grace period must not pile up. */
	if (worker->done % 4096 == 0)
		vms_synchronize_rcu();
	if (worker->done % 16 == 0)
		atomic_fetch_add_explicit(&worker->world->writes, 16, memory_order_relaxed);
}
