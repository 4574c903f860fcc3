/* SPDX-License-Identifier: MIT */
/*
 * world.c - cells and territories, and the comparison of all of them with the
 * tree while the threads rest. Read first: world.h.
 */
#include "stress/maplestress/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/harness/random.h"

#define REPORTS_MAX 20
#define PAGE 4096ul

/*
 * The indexes of a cell, by territory: whole pages, single indexes, and more
 * than 32 bits can distinguish. Adjacent territories differ, so that nodes of
 * all kinds stand next to and above each other. The last cell of a territory is
 * widened if need be, so that the next territory begins with a page.
 */
static const unsigned long widths[] = {PAGE, 1, 1ul << 21, 3, 1ul << 40, PAGE};

struct world *world_new(unsigned int flags, const enum kind *kinds, unsigned int nr,
			const char *again)
{
	struct world *w = nr <= TERRITORIES_MAX ? calloc(1, sizeof(*w)) : NULL;
	/*
	 * In the middle of the first territory's pages, page numbers grow from
	 * 32 to 33 bits.
	 */
	unsigned long key = (1ul << 44) - TERRITORY_CELLS / 2 * PAGE;

	if (!w)
		return NULL;
	mt_init_flags(&w->tree, flags | MT_FLAGS_USE_RCU);
	w->again = again;
	for (unsigned int t = 0; t < nr; t++) {
		w->territories[t] = (struct territory){
			.kind = kinds[t],
			.first = t * TERRITORY_CELLS,
			.last = (t + 1) * TERRITORY_CELLS - 1,
			.at = t * TERRITORY_CELLS,
		};
		for (unsigned int i = 0; i < TERRITORY_CELLS; i++) {
			w->start[w->nr_cells++] = key;
			key += widths[t % (sizeof(widths) / sizeof(widths[0]))];
		}
		key = (key + PAGE - 1) & ~(PAGE - 1);
	}
	w->start[w->nr_cells] = key;
	w->nr_territories = nr;
	return w;
}

struct record *cell_now(const struct world *w, unsigned int cell)
{
	struct cell *c = (struct cell *)&w->cells[cell];

	/*
	 * Relaxed: the cell is the caller's own, or was handed over at a
	 * barrier.
	 */
	return atomic_load_explicit(
		&c->log[atomic_load_explicit(&c->settled, memory_order_relaxed) % LOG],
		memory_order_relaxed);
}

bool world_cell(const struct world *w, unsigned long key, unsigned int *cell)
{
	unsigned int low = 0, high = w->nr_cells - 1;

	if (key < w->start[0] || key >= w->start[w->nr_cells])
		return false;
	while (low < high) {
		unsigned int mid = (low + high + 1) / 2;

		if (w->start[mid] <= key)
			low = mid;
		else
			high = mid - 1;
	}
	*cell = low;
	return true;
}

unsigned long pick(struct worker *worker, unsigned long n)
{
	return (bench_random_next(&worker->random) >> 32) % n;
}

void broken(struct world *w, const char *fmt, ...)
{
	va_list args;

	/* Relaxed: only a count. */
	if (atomic_fetch_add_explicit(&w->errors, 1, memory_order_relaxed) >= REPORTS_MAX)
		return;
	flockfile(stderr);
	fprintf(stderr, "maplestress: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nmaplestress: again: %s\n", w->again);
	funlockfile(stderr);
}

/*
 * Each range that the tree reports must be one record's, and span all adjacent
 * cells that have it.
 */
static void check_ranges(struct world *w)
{
	unsigned int cell = 0;
	struct record *r;
	MA_STATE(mas, &w->tree, 0, 0);

	mtree_lock(&w->tree);
	mas_for_each(&mas, r, ULONG_MAX) {
		unsigned int from;

		while (cell < w->nr_cells && !cell_now(w, cell))
			cell++;
		from = cell;
		while (cell < w->nr_cells && cell_now(w, cell) == r)
			cell++;
		if (cell == from || mas.index != cell_first(w, from) ||
		    mas.last != cell_last(w, cell - 1)) {
			broken(w, "at rest: the range [%#lx, %#lx], expected at cell %u", mas.index,
			       mas.last, from);
			break;
		}
	}
	mtree_unlock(&w->tree);
	while (cell < w->nr_cells && !cell_now(w, cell))
		cell++;
	if (!r && cell != w->nr_cells)
		broken(w, "at rest: cell %u has a record, the tree has none there", cell);
}

void world_check(struct world *w)
{
	mtree_lock(&w->tree);
	if (vms_mt_check(&w->tree, stderr))
		broken(w, "at rest: the tree is not valid");
	mtree_unlock(&w->tree);
	check_ranges(w);
}

unsigned long world_free(struct world *w)
{
	unsigned long errors;

	mtree_destroy(&w->tree);
	for (unsigned int i = 0; i < w->nr_cells; i++) {
		struct record *r = cell_now(w, i);

		if (r && !--r->cells)
			free(r);
	}
	vms_rcu_barrier();
	errors = atomic_load_explicit(&w->errors, memory_order_relaxed);
	free(w);
	return errors;
}
