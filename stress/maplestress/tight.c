/* SPDX-License-Identifier: MIT */
/*
 * tight.c - stores into one leaf, and checks of what readers see of them. Read
 * first: tight.h.
 */
#include "stress/maplestress/tight.h"

#define BURST 64u

static unsigned long first_of(const struct tight *t, unsigned long cell)
{
	/*
	 * Some indexes below the first cell never have an entry, and neither do
	 * those above the last.
	 */
	return (cell + 16) * t->width;
}

/* An entry encodes the number of its store, and its cells. */
static void *entry_of(unsigned long store, unsigned int from, unsigned int to)
{
	return xa_mk_value(store << 16 | from << 8 | to);
}
static unsigned long entry_store(const void *entry)
{
	return xa_to_value(entry) >> 16;
}
static unsigned int entry_from(const void *entry)
{
	return xa_to_value(entry) >> 8 & 0xff;
}
static unsigned int entry_to(const void *entry)
{
	return xa_to_value(entry) & 0xff;
}

static bool always_full(unsigned long cell)
{
	return cell >= TIGHT_FULL_FROM && cell <= TIGHT_FULL_TO;
}

static int store(struct tight *t, unsigned int from, unsigned int to, bool clear)
{
	int err;
	MA_STATE(mas, &t->tree, first_of(t, from), first_of(t, to + 1ul) - 1);

	mas_lock(&mas);
	err = mas_store_gfp(&mas, clear ? NULL : entry_of(++t->stores, from, to), GFP_KERNEL);
	mas_unlock(&mas);
	return err;
}

int tight_begin(struct tight *t, struct world *world, unsigned int flags, unsigned long width)
{
	*t = (struct tight){.world = world, .width = width};
	mt_init_flags(&t->tree, flags | MT_FLAGS_USE_RCU);
	return store(t, 0, TIGHT_CELLS - 1, false);
}

void tight_end(struct tight *t)
{
	mtree_lock(&t->tree);
	if (vms_mt_check(&t->tree, stderr))
		broken(t->world, "the tight tree is not valid");
	mtree_unlock(&t->tree);
	mtree_destroy(&t->tree);
}

void tight_write(struct tight *t, struct worker *worker)
{
	for (unsigned int i = 0; i < BURST; i++) {
		unsigned int from = (unsigned int)pick(worker, TIGHT_CELLS),
			     to = from + (unsigned int)pick(worker, 3);
		bool clear = pick(worker, 2);

		to = to < TIGHT_CELLS ? to : TIGHT_CELLS - 1;
		if (from <= TIGHT_FULL_TO && to >= TIGHT_FULL_FROM)
			clear = false;
		if (store(t, from, to, clear))
			broken(t->world, "a store into the tight tree failed");
	}
	worker->done += BURST;
}

/* Judge @entry, found at an index of @cell. */
static void judge(const struct tight *t, struct tight_seen *seen, unsigned long cell,
		  const void *entry, const char *what)
{
	if (!entry) {
		if (always_full(cell))
			broken(t->world,
			       "%s in the tight tree: cell %lu, which always has an entry, has "
			       "none",
			       what, cell);
	} else if (cell < entry_from(entry) || cell > entry_to(entry)) {
		broken(t->world,
		       "%s in the tight tree: cell %lu has the entry of cells [%u, %u], store %lu",
		       what, cell, entry_from(entry), entry_to(entry), entry_store(entry));
	} else if (entry_store(entry) < seen->store[cell]) {
		broken(t->world, "%s in the tight tree: cell %lu has store %lu after %lu", what,
		       cell, entry_store(entry), seen->store[cell]);
	} else {
		seen->store[cell] = entry_store(entry);
	}
}

static void read_cells(struct tight *t, struct worker *worker, struct tight_seen *seen)
{
	unsigned long cell = pick(worker, TIGHT_CELLS);

	for (unsigned int i = 0; i < BURST; i++) {
		/* Read the first index of a cell, or the last. */
		judge(t, seen, cell, mtree_load(&t->tree, first_of(t, cell + i % 2) - i % 2),
		      "mtree_load()");
		cell = (cell + 5) % TIGHT_CELLS;
	}
}

static unsigned long cell_of(const struct tight *t, unsigned long key)
{
	return key / t->width - 16;
}

/*
 * A read passed over [from, to], so each index of it had no entry. Does nothing
 * if @from is above @to.
 */
static void judge_gap(const struct tight *t, struct tight_seen *seen, unsigned long from,
		      unsigned long to, const char *what)
{
	for (unsigned long cell = cell_of(t, from); from <= to && cell <= cell_of(t, to); cell++)
		judge(t, seen, cell, NULL, what);
}

/*
 * Read upwards through all cells. If a bound has just moved, a range may be
 * reported in parts; what counts is the index at which each step begins.
 */
static void read_through(struct tight *t, struct tight_seen *seen, bool ranges)
{
	const char *what = ranges ? "mas_next_range()" : "mas_for_each()";
	unsigned long key = first_of(t, 0), end = first_of(t, TIGHT_CELLS) - 1, at;
	const void *entry;
	MA_STATE(mas, &t->tree, key, key);

	entry = ranges ? mas_walk(&mas) : mas_find(&mas, end);
	while ((entry || ranges) && mas_is_active(&mas)) {
		/* The first range may begin before the first cell. */
		at = mas.index > key || key != first_of(t, 0) ? mas.index : key;
		if (at < key || mas.last < at || (ranges && at != key)) {
			broken(t->world, "%s in the tight tree: [%#lx, %#lx], where %#lx is next",
			       what, mas.index, mas.last, key);
			return;
		}
		if (at > key)
			judge_gap(t, seen, key, at - 1, what);
		judge(t, seen, cell_of(t, at), entry, what);
		if (mas.last >= end)
			return;
		key = mas.last + 1;
		entry = ranges ? mas_next_range(&mas, ULONG_MAX) : mas_find(&mas, end);
	}
	judge_gap(t, seen, key, end, what);
}

/* Read downwards through all cells, entry by entry. */
static void read_back(struct tight *t, struct tight_seen *seen)
{
	unsigned long begin = first_of(t, 0), key = first_of(t, TIGHT_CELLS) - 1;
	const void *entry;
	MA_STATE(mas, &t->tree, key, key);

	for (entry = mas_find_rev(&mas, begin); entry; entry = mas_prev(&mas, begin)) {
		if (mas.last > key || mas.index > mas.last) {
			broken(t->world,
			       "mas_prev() in the tight tree: [%#lx, %#lx], where %#lx is next",
			       mas.index, mas.last, key);
			return;
		}
		judge_gap(t, seen, mas.last + 1, key, "mas_prev()");
		judge(t, seen, cell_of(t, mas.last), entry, "mas_prev()");
		if (mas.index <= begin)
			return;
		key = mas.index - 1;
	}
	judge_gap(t, seen, begin, key, "mas_prev()");
}

void tight_read(struct tight *t, struct worker *worker, struct tight_seen *seen)
{
	vms_rcu_read_lock();
	switch (pick(worker, 8)) {
	case 0:
	case 1:
		read_through(t, seen, true);
		break;
	case 2:
	case 3:
		read_through(t, seen, false);
		break;
	case 4:
		read_back(t, seen);
		break;
	default:
		read_cells(t, worker, seen);
		break;
	}
	vms_rcu_read_unlock();
	worker->done++;
}
