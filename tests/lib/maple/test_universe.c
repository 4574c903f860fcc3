/* SPDX-License-Identifier: MIT */
/*
 * test_universe.c - small universes, exhaustively.
 *
 * Over a few cells: all sequences of stores up to some length. In trees of two
 * and of three levels: every store from any cell to any other, and every pair
 * of stores in windows that lie across the bounds of leaves. After each store
 * the tree is validated and compared with the flat array. Each new arrangement
 * of ranges and gaps is asked for all its gaps and for all steps from every
 * cell.
 *
 * The cells lie at the bottom and at the top of the key space and across
 * multiples of powers of two. They are one key, one page, or a sixteenth of all
 * keys wide, and some bounds are not page bounds although others are. The
 * universes thereby reach each way in which a node keeps its keys short, and
 * its limits.
 *
 * VMS_TEST_MORE=2 in the environment: longer sequences, and every case of the
 * large trees; this takes minutes.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmastore/rcu.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct model m;
static int entry_a, entry_b;
static unsigned long stores, gap_queries, steps;
static unsigned int every_limit;

struct move {
	unsigned int from, to;
	void *entry;
};

static void report(const char *what, const struct move *move, unsigned int n)
{
	fprintf(stderr, "universe: %s, flags %#x, %u cells, the last store of these:\n", what,
		m.tree.ma_flags, m.cells);
	for (unsigned int i = 0; i < n; i++)
		fprintf(stderr, "universe:   cells [%u, %u], keys [%#lx, %#lx]: %s\n", move[i].from,
			move[i].to, model_first(&m, move[i].from), model_last(&m, move[i].to),
			!move[i].entry              ? "NULL"
			: move[i].entry == &entry_a ? "A"
						    : "B");
	fail();
}

/* ---- questions to one tree ---- */

static void ask_gap(unsigned long min, unsigned long max, unsigned long size, bool highest)
{
	unsigned long at = 0;
	bool found = model_gap(&m, min, max, size, highest, &at);
	int err;
	MA_STATE(mas, &m.tree, 0, 0);

	mas_lock(&mas);
	err = highest ? mas_empty_area_rev(&mas, min, max, size)
		      : mas_empty_area(&mas, min, max, size);
	mas_unlock(&mas);
	gap_queries++;
	if (err == (found ? 0 : -EBUSY) &&
	    (!found || (mas.index == at && mas.last == at + size - 1)))
		return;
	fprintf(stderr,
		"universe: %s gap of %#lx in [%#lx, %#lx]: expected %s %#lx, found %d %#lx\n",
		highest ? "highest" : "lowest", size, min, max, found ? "at" : "none", at, err,
		mas.index);
	mt_dump(&m.tree, mt_dump_hex);
	fail();
}

/*
 * Asks for each size that is a whole number of cells between the two, and for
 * one key less and one more.
 */
static void ask_gaps_between(unsigned int from, unsigned int to)
{
	unsigned long min = model_first(&m, from), max = model_last(&m, to);

	for (unsigned int i = from; i <= to; i++) {
		unsigned long size = model_last(&m, i) - min + 1;

		for (unsigned long s = size - 1; s != size + 2; s++) {
			if (!s || s - 1 > max - min)
				continue;
			ask_gap(min, max, s, false);
			ask_gap(min, max, s, true);
		}
	}
}

static void ask_all_gaps(void)
{
	for (unsigned int from = 0; from < m.cells; from++)
		for (unsigned int to = from; to < m.cells; to++)
			ask_gaps_between(from, to);
}

enum step { FIND, FIND_RANGE, FIND_REV, FIND_RANGE_REV, NEXT, NEXT_RANGE, PREV, PREV_RANGE, STEPS };

static void *take(struct ma_state *mas, enum step step, unsigned long limit)
{
	switch (step) {
	case FIND:
		return mas_find(mas, limit);
	case FIND_RANGE:
		return mas_find_range(mas, limit);
	case FIND_REV:
		return mas_find_rev(mas, limit);
	case FIND_RANGE_REV:
		return mas_find_range_rev(mas, limit);
	case NEXT:
		return mas_next(mas, limit);
	case NEXT_RANGE:
		return mas_next_range(mas, limit);
	case PREV:
		return mas_prev(mas, limit);
	default:
		return mas_prev_range(mas, limit);
	}
}

/* The array's answer to the same step. */
static bool model_step(enum step step, unsigned int cell, unsigned int limit, unsigned int *from,
		       unsigned int *to)
{
	bool gaps = step == FIND_RANGE || step == FIND_RANGE_REV || step == NEXT_RANGE ||
		    step == PREV_RANGE;
	bool backwards =
		step == FIND_REV || step == FIND_RANGE_REV || step == PREV || step == PREV_RANGE;

	if (backwards ? cell < limit : cell > limit)
		return false;
	if (step <= FIND_RANGE_REV && m.cell[cell]) {
		model_range(&m, cell, from, to);
		return true;
	}
	return backwards ? model_prev(&m, cell, limit, gaps, from, to)
			 : model_next(&m, cell, limit, gaps, from, to);
}

static void ask_step(enum step step, unsigned int cell, unsigned int limit)
{
	bool backwards =
		step == FIND_REV || step == FIND_RANGE_REV || step == PREV || step == PREV_RANGE;
	unsigned long key = backwards ? model_first(&m, cell) : model_last(&m, cell);
	unsigned int from = 0, to = 0;
	bool found = model_step(step, cell, limit, &from, &to);
	void *entry;
	MA_STATE(mas, &m.tree, key, key);

	entry = take(&mas, step, backwards ? model_first(&m, limit) : model_last(&m, limit));
	steps++;
	if (!found && !entry)
		return;
	if (found && entry == m.cell[from] && mas.index == model_first(&m, from) &&
	    mas.last == model_last(&m, to))
		return;
	fprintf(stderr,
		"universe: step %u from cell %u, limit %u: found %p in [%#lx, %#lx], expected %s "
		"cells [%u, %u]\n",
		step, cell, limit, entry, mas.index, mas.last, found ? "" : "nothing, not", from,
		to);
	mt_dump(&m.tree, mt_dump_hex);
	fail();
}

/*
 * Steps from every cell to every limit, or to every few. A tree without nodes
 * is left out; test_iter.c tests its steps.
 */
static void ask_all_steps(void)
{
	if (!mt_height(&m.tree))
		return;
	vms_rcu_read_lock();
	for (enum step step = 0; step < STEPS; step++)
		for (unsigned int cell = 0; cell < m.cells; cell++)
			for (unsigned int limit = 0; limit < m.cells; limit += every_limit)
				ask_step(step, cell, limit);
	vms_rcu_read_unlock();
}

/* ---- arrangements: where ranges begin, and which of them are gaps ---- */

#define SEEN_MAX (1u << 16)
static uint64_t seen[SEEN_MAX];
static unsigned int nr_seen;

/* Return: a hash of the gaps, or of the gaps and the bounds between entries. */
static uint64_t arrangement(bool bounds)
{
	uint64_t hash = bounds;

	for (unsigned int i = 0; i < m.cells; i++) {
		hash = hash * 4 + (m.cell[i] ? 2 : 0) +
		       (bounds && i && m.store[i] != m.store[i - 1]);
		hash = hash * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash | 1;
}

/*
 * Whether the arrangement is new. When the table is full, every arrangement
 * counts as old.
 */
static bool is_new(uint64_t hash)
{
	uint64_t i = hash >> 3;

	for (; seen[i % SEEN_MAX]; i++)
		if (seen[i % SEEN_MAX] == hash)
			return false;
	if (nr_seen > SEEN_MAX / 2)
		return false;
	seen[i % SEEN_MAX] = hash;
	nr_seen++;
	return true;
}

static void forget_arrangements(void)
{
	memset(seen, 0, sizeof(seen));
	nr_seen = 0;
}

/* ---- how a tree is filled first ---- */

enum shape { EMPTY, IN_ORDER, SCATTERED, THINNED, SHAPES };

static void fill_cell(unsigned int i, void *entry)
{
	if (model_store(&m, i, i, entry))
		fail();
}

/*
 * Cells stored in order leave full leaves behind, scattered ones leave
 * half-full leaves, and thinning out leaves ones that are nearly too small.
 */
static void fill(enum shape shape)
{
	unsigned int stride = 7;

	if (shape == EMPTY)
		return;
	while (m.cells % stride == 0)
		stride += 2;
	for (unsigned int i = 0; i < m.cells; i++)
		fill_cell(shape == SCATTERED ? i * stride % m.cells : i, &entry_a);
	for (unsigned int i = 0; shape == THINNED && i < m.cells; i++)
		if (i % 4)
			fill_cell(i, NULL);
}

/* ---- sequences ---- */

static const unsigned int all_flags[] = {
	MT_FLAGS_ALLOC_RANGE, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU, 0, MT_FLAGS_USE_RCU};

/* Fills a new tree, then makes the moves. The mode takes turns. */
static void play(enum shape shape, const struct move *move, unsigned int n, bool ask)
{
	static unsigned int turn;

	model_reset(&m, all_flags[turn++ % LEN(all_flags)]);
	fill(shape);
	for (unsigned int i = 0; i < n; i++)
		if (model_store(&m, move[i].from, move[i].to, move[i].entry))
			report("a store failed", move, i + 1);
	stores += n;
	if (!model_agrees(&m))
		report("tree and array differ", move, n);
	if (ask && m.tree.ma_flags & MT_FLAGS_ALLOC_RANGE && is_new(arrangement(false)))
		ask_all_gaps();
	if (ask && is_new(arrangement(true)))
		ask_all_steps();
	mtree_destroy(&m.tree);
}

/*
 * Makes all sequences of moves @n..@depth - 1 inside the cells [@low, @high].
 */
static void sequences(enum shape shape, struct move *move, unsigned int n, unsigned int depth,
		      unsigned int low, unsigned int high, bool ask)
{
	void *const entries[] = {NULL, &entry_a, &entry_b};

	for (unsigned int from = low; from <= high; from++) {
		for (unsigned int to = from; to <= high; to++) {
			for (unsigned int e = 0; e < (m.cells > 12 && n ? 2 : LEN(entries)); e++) {
				move[n] = (struct move){from, to, entries[e]};
				play(shape, move, n + 1, ask);
				if (n + 1 < depth)
					sequences(shape, move, n + 1, depth, low, high, ask);
			}
		}
	}
}

static void begin(void)
{
	stores = gap_queries = steps = 0;
	forget_arrangements();
}

static void end(const char *name)
{
	print_message("%s: %lu stores, %lu searches for a gap, %lu steps\n", name, stores,
		      gap_queries, steps);
	assert_int_equal(model_live_nodes(), 0);
}

/*
 * Makes every sequence of @depth stores in a universe of @cells cells, of which
 * one is the rest of the key space.
 */
static void universe(const char *name, unsigned int cells, unsigned long base, unsigned long step,
		     unsigned int depth)
{
	struct move move[8];

	begin();
	every_limit = model_more() > 1 ? 1 : cells == 17 ? 2 : 3;
	model_init_at(&m, 0, cells, base, step);
	sequences(EMPTY, move, 0, depth, 0, m.cells - 1, true);
	end(name);
}

static unsigned int deeper(unsigned int depth)
{
	return depth + (model_more() > 1) - (MODEL_LESS > 1);
}

static void all_stores_on_16_keys(void **state)
{
	(void)state;
	universe("keys 0..15 and the rest", 17, 0, 1, deeper(2));
}

static void all_stores_on_the_12_highest_keys(void **state)
{
	(void)state;
	universe("the 12 highest keys and the rest", 13, ULONG_MAX - 11, 1, deeper(2));
}

static void all_stores_on_12_pages(void **state)
{
	(void)state;
	universe("12 pages and the rest", 14, 0x7f0000000000, 4096, deeper(2));
}

/* Keys around the limits of 31 and 32 bits, in bytes and in pages. */
static void all_stores_across_round_numbers(void **state)
{
	(void)state;
	universe("keys around 2 GiB", 8, (1ul << 31) - 3, 1, deeper(2));
	universe("keys around 6 GiB", 8, (3ul << 31) - 3, 1, deeper(2));
	universe("keys around 4 GiB", 8, (1ul << 32) - 3, 1, deeper(2));
	universe("pages around 8 TiB", 8, (1ul << 43) - 3 * 4096ul, 4096, deeper(2));
	universe("pages around 24 TiB", 8, (3ul << 43) - 3 * 4096ul, 4096, deeper(2));
	universe("pages that begin in the middle of one", 8, 0x7f0000000800, 4096, deeper(2));
	universe("cells of 4 TiB", 8, 1ul << 42, 1ul << 42, deeper(2));
}

static void all_stores_on_sixteenths_of_all_keys(void **state)
{
	(void)state;
	universe("sixteenths of the key space", 11, 0, 1ul << 60, deeper(2));
	universe("the highest sixteenths of the key space", 11, 6ul << 60, 1ul << 60, deeper(2));
}

static void all_long_sequences_of_stores_on_few_keys(void **state)
{
	(void)state;
	universe("keys 0, 1, 2 and the rest", 4, 0, 1, deeper(3));
	universe("three pages above 4 GiB and the rest", 5, 1ul << 32, 4096, deeper(3));
	universe("quarters of the key space", 4, 0, 1ul << 62, deeper(3));
}

/* ---- trees of several levels ---- */

/* Return: enough cells for a tree of @height levels, filled in order. */
static unsigned int cells_for(unsigned int height)
{
	unsigned int n;

	model_init(&m, MT_FLAGS_ALLOC_RANGE, MODEL_CELLS_MAX, 1);
	for (n = 0; n + 1 < m.cells && mt_height(&m.tree) < height; n++)
		fill_cell(n, &entry_a);
	mtree_destroy(&m.tree);
	/*
	 * Some more cells, so that a single store does not reduce the height.
	 */
	return n + 20;
}

static unsigned int questions;

/*
 * Asks for a few gaps in most of the many trees, and for all gaps in one of
 * many.
 */
static void ask_some(void)
{
	if (!(m.tree.ma_flags & MT_FLAGS_ALLOC_RANGE))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int from = ++questions * 29 % m.cells,
			     to = from + questions * 13 % (m.cells - from);

		ask_gap(model_first(&m, from), model_last(&m, to),
			1 + (model_last(&m, to) - model_first(&m, from)) / (1 + questions % 23),
			i % 2);
	}
	if (questions % 4096 != 0)
		return;
	every_limit = 1 + m.cells / 16;
	ask_all_steps();
	for (unsigned int from = 0; from + 3 < m.cells; from += 3)
		ask_gaps_between(from, from + 3);
}

static void play_in_full_tree(enum shape shape, const struct move *move, unsigned int n)
{
	static unsigned int turn;

	model_reset(&m, all_flags[turn++ / 2 % LEN(all_flags)]);
	fill(shape);
	for (unsigned int i = 0; i < n; i++)
		if (model_store(&m, move[i].from, move[i].to, move[i].entry))
			report("a store failed", move, i + 1);
	stores += n;
	if (!model_agrees(&m))
		report("tree and array differ", move, n);
	ask_some();
	mtree_destroy(&m.tree);
}

/* Where the cells of a large tree lie. */
struct layout {
	unsigned long base, step; /* step 0: all of the key space */
	unsigned long middle;     /* if not 0, replaces base: the cells lie around it */
	bool odd;                 /* one bound in five is an index higher */
};

static void lay_out(unsigned int cells, const struct layout *l)
{
	unsigned long step = l->step ? l->step : ULONG_MAX / cells,
		      base = l->middle ? l->middle - cells / 2 * step : l->base;

	model_init_at(&m, 0, cells, base, step);
	for (unsigned int i = 3; l->odd && i < cells; i += 5)
		m.start[i]++;
}

/*
 * Makes every store from any cell to any other. In a large tree only a share of
 * the wide stores is made, and the shapes take turns.
 */
static void every_store(unsigned int height, const struct layout *l)
{
	unsigned int cells = cells_for(height), turn = 0,
		     skip = model_more() > 1 ? 1 : MODEL_LESS * (1 + cells * cells / 2000);

	lay_out(cells, l);
	for (unsigned int from = 0; from < cells; from++) {
		for (unsigned int to = from; to < cells; to++) {
			if (to - from > 4 / MODEL_LESS && (from + to) % skip)
				continue;
			for (unsigned int clear = 0; clear < 2; clear++) {
				struct move move = {from, to, clear ? NULL : &entry_b};

				if (height < 3 || model_more() > 1)
					for (enum shape shape = IN_ORDER; shape < SHAPES; shape++)
						play_in_full_tree(shape, &move, 1);
				else
					play_in_full_tree(IN_ORDER + turn++ % (SHAPES - IN_ORDER),
							  &move, 1);
			}
		}
	}
}

static const struct layout layouts[] = {
	{.step = 1},
	{.base = 0x7f0000000000, .step = 4096},
	{.base = 0x7f0000000000, .step = 4096, .odd = true},
	{.step = 0},
	{.middle = 3ul << 31, .step = 1},
	{.middle = 3ul << 43, .step = 4096},
	{.middle = 3ul << 43, .step = 4096, .odd = true},
	{.middle = 3ul << 43, .step = 1ul << 34},
};

static void every_store_in_a_tree_of_two_levels(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < LEN(layouts); i++)
		every_store(2, &layouts[i]);
	end("every store, two levels");
}

static void every_store_in_a_tree_of_three_levels(void **state)
{
	const struct layout top = {.base = ULONG_MAX - 4000, .step = 1},
			    pages = {.middle = 5ul << 43, .step = 4096};

	(void)state;
	begin();
	every_store(3, &top);
	every_store(3, &pages);
	end("every store, three levels");
}

/*
 * Makes all pairs of stores in a window of some cells. The window moves over
 * the tree, so that it lies across leaves and their bounds everywhere.
 */
static void windows(unsigned int height, unsigned int width, unsigned int stride,
		    const struct layout *l)
{
	unsigned int cells = cells_for(height), turn = 0;
	void *const entries[] = {NULL, &entry_b};
	struct move move[2];

	lay_out(cells, l);
	for (unsigned int low = 0; low + width <= cells; low += stride) {
		unsigned int all = width * width * 2;

		for (unsigned int i = 0; i < all * all; i++) {
			unsigned int a = i / all, b = i % all;

			move[0] = (struct move){low + a / 2 / width, low + a / 2 % width,
						entries[a % 2]};
			move[1] = (struct move){low + b / 2 / width, low + b / 2 % width,
						entries[b % 2]};
			if (move[0].from > move[0].to || move[1].from > move[1].to)
				continue;
			play_in_full_tree(IN_ORDER + turn++ % (SHAPES - IN_ORDER), move, 2);
		}
	}
}

static void every_pair_of_stores_near_the_bounds_of_leaves(void **state)
{
	const struct layout pages = {.base = 1ul << 40, .step = 4096};
	unsigned int stride = model_more() > 1 ? 1 : 5 * MODEL_LESS;

	(void)state;
	begin();
	for (unsigned int i = 0; i < LEN(layouts); i++)
		windows(2, 4, stride, &layouts[i]);
	windows(3, 4, stride * 8, &pages);
	end("every pair of stores, windows");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_stores_on_16_keys),
		cmocka_unit_test(all_stores_on_the_12_highest_keys),
		cmocka_unit_test(all_stores_on_12_pages),
		cmocka_unit_test(all_stores_across_round_numbers),
		cmocka_unit_test(all_stores_on_sixteenths_of_all_keys),
		cmocka_unit_test(all_long_sequences_of_stores_on_few_keys),
		cmocka_unit_test(every_store_in_a_tree_of_two_levels),
		cmocka_unit_test(every_store_in_a_tree_of_three_levels),
		cmocka_unit_test(every_pair_of_stores_near_the_bounds_of_leaves),
	};

	return model_run_all("universe", tests, LEN(tests));
}
