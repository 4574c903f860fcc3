/* SPDX-License-Identifier: MIT */
/*
 * reader.c - reads of every kind, and the judgement of their results. Read
 * first: world.h, which says what is right.
 *
 * A step that passes over gaps says of each index in between that it had no
 * entry at some moment of the step. The cells that a step may pass are not
 * known before it is made. So the first AHEAD of them are judged exactly. Of
 * the cells beyond, those that always have an entry must not have been passed
 * over, and a record must be one for the cell it was found at.
 */
#include <limits.h>
#include <unistd.h>

#include "stress/maplestress/world.h"

#define AHEAD 6u
#define AHEAD_MOST 24u /* the same for a call that reads many ranges */

/*
 * The settled generations of cells, from one on, forwards or backwards, when a
 * step began.
 */
struct sight {
	unsigned int cell, n;
	bool backwards;
	unsigned long settled[AHEAD_MOST];
};

/* Find the @i-th cell of @s. Return: false if there are not as many. */
static bool sight_cell(const struct world *w, const struct sight *s, unsigned int i,
		       unsigned int *cell)
{
	*cell = s->backwards ? s->cell - i : s->cell + i;
	return s->backwards ? i <= s->cell : *cell < w->nr_cells;
}

/*
 * Called before a step: record at most @n cells, from @key's cell on; none if
 * @key is in no cell.
 */
static struct sight look(struct world *w, unsigned long key, unsigned int n, bool backwards)
{
	struct sight s = {.backwards = backwards};
	unsigned int cell;

	if (!world_cell(w, key, &s.cell))
		return s;
	/*
	 * Acquire: pairs with settle(), and orders the reads of the tree that
	 * follow after it.
	 */
	for (; s.n < n && sight_cell(w, &s, s.n, &cell); s.n++)
		s.settled[s.n] =
			atomic_load_explicit(&w->cells[cell].settled, memory_order_acquire);
	return s;
}

enum verdict { RIGHT, WRONG, UNKNOWN };

/* Whether @r was an entry of the cell between generation @from and now. */
static enum verdict was_there(const struct cell *cell, unsigned long from, const struct record *r)
{
	struct cell *c = (struct cell *)cell;
	/* Acquire, here and below: pairs with announce(). */
	unsigned long to = atomic_load_explicit(&c->pending, memory_order_acquire);

	if (to - from >= LOG - 1)
		return UNKNOWN;
	for (unsigned long g = from; g <= to; g++)
		if (atomic_load_explicit(&c->log[g % LOG], memory_order_acquire) == r)
			return RIGHT;
	/* The verdict is unknown if the log was overwritten meanwhile. */
	return atomic_load_explicit(&c->pending, memory_order_acquire) - from >= LOG - 1 ? UNKNOWN
											 : WRONG;
}

static bool covers(const struct record *r, unsigned int cell)
{
	return r->when && r->first <= cell && cell <= r->last;
}

static bool always_full(const struct world *w, unsigned int cell)
{
	return w->territories[cell / TERRITORY_CELLS].kind == REPLACE;
}

/*
 * Judge @r, which may be NULL, found in @cell by the step before which @s was
 * recorded.
 */
static void judge_cell(struct worker *worker, const struct sight *s, unsigned int cell,
		       const struct record *r, const char *what)
{
	struct world *w = worker->world;
	unsigned int i = s->backwards ? s->cell - cell : cell - s->cell;

	worker->read++;
	if (r && !covers(r, cell))
		broken(w, "%s: cell %u has a record of write %lu for cells [%u, %u]", what, cell,
		       r->when, r->first, r->last);
	else if (!r && always_full(w, cell))
		broken(w, "%s: cell %u, which always has an entry, has none", what, cell);
	if (i >= s->n)
		return;
	switch (was_there(&w->cells[cell], s->settled[i], r)) {
	case RIGHT:
		break;
	case WRONG:
		broken(w, "%s: cell %u, generation %lu and on, has %s", what, cell, s->settled[i],
		       r ? "an entry of another time" : "none");
		break;
	default:
		worker->unjudged++;
		break;
	}
}

/*
 * Like judge_cell(), for an index. An index outside all cells must have no
 * entry.
 */
static void judge(struct worker *worker, const struct sight *s, unsigned long key,
		  const struct record *r, const char *what)
{
	unsigned int cell;

	if (world_cell(worker->world, key, &cell))
		judge_cell(worker, s, cell, r, what);
	else if (r)
		broken(worker->world, "%s: an entry at %#lx, where there never was one", what, key);
}

/*
 * The step from @s found @r at @found, and so nothing in between; @r NULL: it
 * found nothing at all.
 */
static void judge_step(struct worker *worker, const struct sight *s, unsigned long found,
		       const struct record *r, const char *what)
{
	struct world *w = worker->world;
	unsigned int to = UINT_MAX, cell;

	if (r && !world_cell(w, found, &to)) {
		broken(w, "%s: an entry at %#lx, where there never was one", what, found);
		return;
	}
	for (unsigned int i = 0;
	     s->n && i < TERRITORY_CELLS && sight_cell(w, s, i, &cell) && cell != to; i++)
		if (i < s->n || always_full(w, cell))
			judge_cell(worker, s, cell, NULL, what);
	if (r)
		judge_cell(worker, s, to, r, what);
}

/* Pick any cell, or one near a writer's present write. */
static unsigned int pick_cell(struct worker *worker)
{
	const struct world *w = worker->world;
	/* Relaxed: a hint. */
	unsigned int hot = atomic_load_explicit(&((struct world *)w)->hot, memory_order_relaxed) +
			   (unsigned int)pick(worker, 7);

	return pick(worker, 2) || hot < 3 || hot - 3 >= w->nr_cells
		       ? (unsigned int)pick(worker, w->nr_cells)
		       : hot - 3;
}

static unsigned long pick_key(struct worker *worker)
{
	const struct world *w = worker->world;
	unsigned int cell = pick_cell(worker);

	/* Seldom pick an index outside all cells. */
	if (pick(worker, 200) == 0)
		return pick(worker, 2) ? w->start[0] - 1 - pick(worker, 1ul << 20)
				       : w->start[w->nr_cells] + pick(worker, 1ul << 20);
	return cell_first(w, cell) + pick(worker, cell_last(w, cell) - cell_first(w, cell) + 1);
}

/* ---- reads of one index -------------------------------------------------- */

static void read_loads(struct worker *worker)
{
	for (unsigned int i = 0; i < 20; i++) {
		unsigned long key = pick_key(worker);
		struct sight s = look(worker->world, key, 1, false);

		judge(worker, &s, key, mtree_load(&worker->world->tree, key), "mtree_load()");
		s = look(worker->world, key, 1, false);
		vms_rcu_read_lock();
		judge(worker, &s, key, vms_mt_walk(&worker->world->tree, key), "vms_mt_walk()");
		vms_rcu_read_unlock();
	}
}

static void read_walk(struct worker *worker)
{
	unsigned long key = pick_key(worker);
	struct sight s = look(worker->world, key, 1, false);
	MA_STATE(mas, &worker->world->tree, key, key);
	struct record *r = mas_walk(&mas);

	if (mas.index > key || mas.last < key)
		broken(worker->world, "mas_walk() to %#lx came to [%#lx, %#lx]", key, mas.index,
		       mas.last);
	judge(worker, &s, key, r, "mas_walk()");
}

/* ---- iterations ---------------------------------------------------------- */

/* Range by range: the index at which each begins is known before. */
static void read_ranges(struct worker *worker, struct ma_state *mas, unsigned int steps)
{
	while (steps-- && mas->last != ULONG_MAX) {
		unsigned long key = mas->last + 1;
		struct sight s = look(worker->world, key, 1, false);
		struct record *r = mas_next_range(mas, ULONG_MAX);

		if (!mas_is_active(mas)) {
			judge(worker, &s, key, NULL, "mas_next_range() at its end");
			return;
		}
		if (mas->index != key || mas->last < key)
			broken(worker->world, "mas_next_range() from %#lx came to [%#lx, %#lx]",
			       key, mas->index, mas->last);
		judge(worker, &s, key, r, "mas_next_range()");
	}
}

static void read_ranges_back(struct worker *worker, struct ma_state *mas, unsigned int steps)
{
	while (steps-- && mas->index) {
		unsigned long key = mas->index - 1;
		struct sight s = look(worker->world, key, 1, true);
		struct record *r = mas_prev_range(mas, 0);

		if (!mas_is_active(mas)) {
			judge(worker, &s, key, NULL, "mas_prev_range() at its end");
			return;
		}
		if (mas->last != key || mas->index > key)
			broken(worker->world, "mas_prev_range() from %#lx came to [%#lx, %#lx]",
			       key, mas->index, mas->last);
		judge(worker, &s, key, r, "mas_prev_range()");
	}
}

/* mas_find(), or mas_next(): entry by entry. */
static void read_entries(struct worker *worker, struct ma_state *mas, unsigned int steps, bool find)
{
	const char *what = find ? "mas_find()" : "mas_next()";

	while (steps-- && mas->last != ULONG_MAX) {
		unsigned long key = mas->last + 1;
		struct sight s = look(worker->world, key, AHEAD, false);
		struct record *r = find ? mas_find(mas, ULONG_MAX) : mas_next(mas, ULONG_MAX);

		if (r && (mas->index < key || mas->last < mas->index))
			broken(worker->world, "%s from %#lx came to [%#lx, %#lx]", what, key,
			       mas->index, mas->last);
		judge_step(worker, &s, mas->index, r, what);
		if (!r)
			return;
	}
}

static void read_entries_back(struct worker *worker, struct ma_state *mas, unsigned int steps,
			      bool find)
{
	const char *what = find ? "mas_find_rev()" : "mas_prev()";

	while (steps-- && mas->index) {
		unsigned long key = mas->index - 1;
		struct sight s = look(worker->world, key, AHEAD, true);
		struct record *r = find ? mas_find_rev(mas, 0) : mas_prev(mas, 0);

		if (r && (mas->last > key || mas->last < mas->index))
			broken(worker->world, "%s from %#lx came to [%#lx, %#lx]", what, key,
			       mas->index, mas->last);
		judge_step(worker, &s, mas->last, r, what);
		if (!r)
			return;
	}
}

static void go_on(struct worker *worker, struct ma_state *mas, unsigned int steps)
{
	switch (pick(worker, 6)) {
	case 0:
		read_ranges(worker, mas, steps);
		break;
	case 1:
		read_ranges_back(worker, mas, steps);
		break;
	case 2:
	case 3:
		read_entries(worker, mas, steps, pick(worker, 2));
		break;
	default:
		read_entries_back(worker, mas, steps, pick(worker, 2));
		break;
	}
}

/*
 * Move a cursor back and forth. A tree without nodes has no ranges to move to.
 */
static void read_iteration(struct worker *worker)
{
	unsigned long key = pick_key(worker);
	MA_STATE(mas, &worker->world->tree, key, key);

	mas_walk(&mas);
	if (!mas_is_active(&mas))
		return;
	go_on(worker, &mas, (unsigned int)pick(worker, 40));
	if (mas_is_active(&mas))
		go_on(worker, &mas, (unsigned int)pick(worker, 20));
}

static void read_for_each(struct worker *worker)
{
	unsigned long key = pick_key(worker), end = key + pick(worker, 1ul << 30);
	struct sight s = look(worker->world, key, AHEAD, false);
	struct record *r;
	MA_STATE(mas, &worker->world->tree, key, key);

	mas_for_each(&mas, r, end) {
		unsigned long found = mas.index > key ? mas.index : key;

		if (mas.last < key)
			broken(worker->world, "mas_for_each() from %#lx came to [%#lx, %#lx]", key,
			       mas.index, mas.last);
		judge_step(worker, &s, found, r, "mas_for_each()");
		key = mas.last + 1;
		s = look(worker->world, key, AHEAD, false);
	}
}

/* Return: the part of @s from @key's cell on. */
static struct sight sight_from(const struct world *w, const struct sight *s, unsigned long key)
{
	struct sight rest = {.n = 0};
	unsigned int cell;

	if (!world_cell(w, key, &cell) || cell < s->cell || cell - s->cell >= s->n)
		return rest;
	rest.cell = cell;
	for (unsigned int i = cell - s->cell; i < s->n; i++)
		rest.settled[rest.n++] = s->settled[i];
	return rest;
}

/*
 * Read many ranges in each call, with other calls on the same cursor in
 * between.
 */
static void read_batches(struct worker *worker)
{
	struct vms_mt_range range[128];
	struct world *w = worker->world;
	unsigned long key = pick_key(worker);
	MA_STATE(mas, &w->tree, key, key);

	for (unsigned int calls = (unsigned int)pick(worker, 4); calls; calls--) {
		unsigned int n = 1 + (unsigned int)pick(worker, pick(worker, 2) ? 32 : 128);
		struct sight s = look(w, key, AHEAD_MOST, false);
		unsigned int found = vms_mas_batch(&mas, ULONG_MAX, range, n);

		for (unsigned int i = 0; i < found; i++) {
			unsigned long at = range[i].first > key ? range[i].first : key;
			struct sight rest = sight_from(w, &s, key);

			if (range[i].last < key || range[i].last < range[i].first ||
			    (i && range[i].first < key))
				broken(w, "vms_mas_batch() from %#lx came to [%#lx, %#lx]", key,
				       range[i].first, range[i].last);
			judge_step(worker, &rest, at, range[i].entry, "vms_mas_batch()");
			key = range[i].last + 1;
		}
		if (found < n || !key)
			return;
		if (pick(worker, 2))
			go_on(worker, &mas, 2);
		if (!mas_is_active(&mas) || mas.last == ULONG_MAX)
			return;
		key = mas.last + 1;
	}
}

/*
 * Each step is a call of its own, with a cursor inside. The call does not tell
 * where the found range begins.
 */
static void read_mt_find(struct worker *worker)
{
	struct world *w = worker->world;
	unsigned long key = pick_key(worker);

	for (unsigned int steps = (unsigned int)pick(worker, 20); steps; steps--) {
		unsigned long index = key;
		struct sight s = look(w, key, AHEAD, false);
		struct record *r = mt_find(&w->tree, &index, ULONG_MAX);
		unsigned long found;

		if (!r) {
			judge_step(worker, &s, key, NULL, "mt_find()");
			return;
		}
		if (index <= key)
			broken(w, "mt_find() from %#lx went to %#lx", key, index);
		found = cell_first(w, r->first) > key ? cell_first(w, r->first) : key;
		/*
		 * Its first cell is known to be where it was found only if all
		 * of the record is still there.
		 */
		if (index == cell_last(w, r->last) + 1 && r->first == r->last)
			judge_step(worker, &s, found, r, "mt_find()");
		key = index;
	}
}

static void read_neighbours(struct worker *worker)
{
	struct world *w = worker->world;
	unsigned long key = pick_key(worker);
	struct record *next = mt_next(&w->tree, key, ULONG_MAX), *prev = mt_prev(&w->tree, key, 0);

	if (next && cell_last(w, next->last) <= key)
		broken(w, "mt_next() of %#lx is a record for cells [%u, %u]", key, next->first,
		       next->last);
	if (prev && cell_first(w, prev->first) >= key)
		broken(w, "mt_prev() of %#lx is a record for cells [%u, %u]", key, prev->first,
		       prev->last);
}

void read_something(struct worker *worker)
{
	/*
	 * The section is needed even if the call has one of its own, because
	 * the records must stay.
	 */
	vms_rcu_read_lock();
	switch (pick(worker, 18)) {
	case 0:
	case 1:
	case 2:
		read_iteration(worker);
		break;
	case 3:
		read_for_each(worker);
		break;
	case 4:
		read_mt_find(worker);
		break;
	case 5:
		read_neighbours(worker);
		break;
	case 16:
	case 17:
		read_batches(worker);
		break;
	case 6:
	case 7:
	case 8:
		read_walk(worker);
		break;
	default:
		read_loads(worker);
		break;
	}
	vms_rcu_read_unlock();
	worker->done++;
}

/*
 * Stay on a range while writers make some thousand writes, if they can, and
 * then continue from there. The range's leaf and all nodes above it may have
 * been replaced many times, but none of them may have been freed, nor the
 * record.
 */
void read_slowly(struct worker *worker)
{
	struct world *w = worker->world;
	unsigned long key = pick_key(worker);
	struct sight s = look(w, key, 1, false);
	unsigned long writes;
	struct record *r;
	MA_STATE(mas, &w->tree, key, key);

	vms_rcu_read_lock();
	r = mas_walk(&mas);
	judge(worker, &s, key, r, "mas_walk()");
	/* Relaxed: only says how long to wait. */
	writes = atomic_load_explicit(&w->writes, memory_order_relaxed);
	for (unsigned int ms = 0;
	     ms < 20 && atomic_load_explicit(&w->writes, memory_order_relaxed) - writes < 3000;
	     ms++)
		usleep(1000);
	if (r && (!r->when || r->first > r->last || r->last >= w->nr_cells))
		broken(w, "a record is gone that a reader holds");
	if (mas_is_active(&mas))
		go_on(worker, &mas, 30);
	if (mas_is_active(&mas))
		go_on(worker, &mas, 30);
	vms_rcu_read_unlock();
	worker->done++;
}
