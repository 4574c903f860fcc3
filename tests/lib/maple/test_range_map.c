/* SPDX-License-Identifier: MIT */
/*
 * test_range_map.c - stores that join, the search for aligned gaps, reads with
 * bounds, spans, and integers of 64 bits as entries: cases, allocation
 * failures, and random operations compared with an array whose cells reach both
 * ends of the key space.
 */
#include "tests/lib/maple/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmastore/range_map.h>

#include "lib/sync/alloc.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const unsigned int all_flags[] = {0, MT_FLAGS_ALLOC_RANGE, MT_FLAGS_USE_RCU,
					 MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU};

static struct maple_tree tree;
static struct model m;

/* An entry for each letter; '.' is NULL. */
static char things[128];

static void *entry_of(char letter)
{
	return letter == '.' ? NULL : &things[(unsigned char)letter];
}

/* The tree's ranges, counted from @base on, as "0-3a 5-5b". */
static const char *ranges_of(unsigned long base)
{
	static char text[256];
	size_t used = 0;
	void *entry;
	MA_STATE(mas, &tree, base, base);

	text[0] = 0;
	mtree_lock(&tree);
	mas_for_each(&mas, entry, ULONG_MAX)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%lu-%lu%c",
					 used ? " " : "", mas.index - base, mas.last - base,
					 (char)((char *)entry - things));
	mtree_unlock(&tree);
	return text;
}

/* Stores such ranges one by one, by a store that does not join. */
static void lay(const char *ranges, unsigned long base)
{
	unsigned long first, last;
	char letter;
	int length;

	for (; sscanf(ranges, " %lu-%lu%c%n", &first, &last, &letter, &length) == 3;
	     ranges += length)
		assert_int_equal(mtree_store_range(&tree, base + first, base + last,
						   entry_of(letter), GFP_KERNEL),
				 0);
}

static void begin(unsigned int flags)
{
	mt_init_flags(&tree, flags);
}

static void end(void)
{
	assert_int_equal(vms_mt_check(&tree, stderr), 0);
	mtree_destroy(&tree);
	assert_int_equal(model_live_nodes(), 0);
}

/* ---- stores that join ---- */

/* Keys 0 to 7 are the lowest keys, the highest keys, or keys between. */
static const unsigned long bases[] = {0, 0x1000, ULONG_MAX - 7};

static const struct {
	const char *before;
	unsigned long first, last;
	char letter;
	const char *after;
} joins[] = {
	{"", 2, 3, 'a', "2-3a"},
	{"0-1a", 2, 3, 'a', "0-3a"},
	{"4-5a", 2, 3, 'a', "2-5a"},
	{"0-1a 4-5a", 2, 3, 'a', "0-5a"},
	{"0-1a 2-3b 4-5a", 2, 3, 'a', "0-5a"},
	{"0-1a 2-2b 3-3c 4-7a", 2, 3, 'a', "0-7a"},
	/* The neighbours hold another pointer, or do not touch. */
	{"0-1b 4-5c", 2, 3, 'a', "0-1b 2-3a 4-5c"},
	{"0-0a 6-7a", 2, 4, 'a', "0-0a 2-4a 6-7a"},
	{"0-1a 4-5b", 2, 3, 'a', "0-3a 4-5b"},
	/* The store overlaps equal ranges. */
	{"0-4a", 2, 6, 'a', "0-6a"},
	{"3-7a", 2, 4, 'a', "2-7a"},
	{"0-7a", 2, 4, 'a', "0-7a"},
	{"2-4a", 2, 4, 'a', "2-4a"},
	{"3-3a", 2, 4, 'a', "2-4a"},
	{"0-2a 5-7a", 1, 6, 'a', "0-7a"},
	{"0-7b", 2, 4, 'a', "0-1b 2-4a 5-7b"},
	/* Equal neighbours that plain stores have left behind. */
	{"0-0a 1-1a 4-4a 5-6a 7-7a", 2, 3, 'a', "0-7a"},
	{"0-0a 1-1a 2-2b", 3, 3, 'a', "0-0a 1-1a 2-2b 3-3a"},
	/* Both ends. */
	{"1-7a", 0, 0, 'a', "0-7a"},
	{"0-6a", 7, 7, 'a', "0-7a"},
	{"0-0a 7-7a", 1, 6, 'a', "0-7a"},
	{"", 0, 7, 'a', "0-7a"},
	/* Gaps always join. */
	{"0-7a", 2, 4, '.', "0-1a 5-7a"},
	{"2-4a", 2, 4, '.', ""},
	{"0-1a 2-3b", 2, 3, '.', "0-1a"},
};

static void a_store_and_the_equal_ranges_that_touch_it_are_one_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(joins) * LEN(bases) * LEN(all_flags); i++) {
		size_t at = i / LEN(bases) / LEN(all_flags);
		unsigned long base = bases[i % LEN(bases)];

		begin(all_flags[i / LEN(bases) % LEN(all_flags)]);
		lay(joins[at].before, base);
		assert_string_equal(ranges_of(base), joins[at].before);
		assert_int_equal(vms_mt_store_joined(&tree, base + joins[at].first,
						     base + joins[at].last,
						     entry_of(joins[at].letter), GFP_KERNEL),
				 0);
		assert_string_equal(ranges_of(base), joins[at].after);
		end();
	}
}

static void the_cursor_stands_on_the_joined_range(void **state)
{
	MA_STATE(mas, &tree, 4, 5);

	(void)state;
	begin(0);
	lay("0-1a 2-3a 6-7a 8-8b", 0);
	mas_lock(&mas);
	assert_int_equal(vms_mas_store_joined(&mas, entry_of('a'), GFP_KERNEL), 0);
	assert_true(mas_is_active(&mas));
	assert_int_equal(mas.index, 0);
	assert_int_equal(mas.last, 7);
	assert_ptr_equal(mas_next(&mas, ULONG_MAX), entry_of('b'));
	/* Storing NULL leaves it on the whole gap, as mas_store_gfp() does. */
	mas_set_range(&mas, 3, 8);
	assert_int_equal(vms_mas_store_joined(&mas, NULL, GFP_KERNEL), 0);
	assert_int_equal(mas.index, 3);
	assert_int_equal(mas.last, ULONG_MAX);
	mas_unlock(&mas);
	end();
}

static void a_joined_store_that_makes_no_sense_is_refused(void **state)
{
	MA_STATE(mas, &tree, 5, 4);

	(void)state;
	begin(0);
	lay("0-3a", 0);
	assert_int_equal(vms_mt_store_joined(&tree, 5, 4, entry_of('a'), GFP_KERNEL), -EINVAL);
	assert_int_equal(vms_mt_store_joined(&tree, 1, 0, NULL, GFP_KERNEL), -EINVAL);
	mas_lock(&mas);
	assert_int_equal(vms_mas_store_joined(&mas, entry_of('a'), GFP_KERNEL), -EINVAL);
	assert_int_equal(vms_mas_join(&mas, entry_of('a')), -EINVAL);
	mas_unlock(&mas);
	assert_int_equal(mas.index, 5);
	assert_int_equal(mas.last, 4);
	for (unsigned long word = 2; word < 4096; word += 4) {
		void *entry = (void *)word;
		int err = xa_is_zero(entry) ? 0 : -EINVAL;

		assert_int_equal(vms_mt_store_joined(&tree, 5, 6, entry, GFP_KERNEL), err);
		assert_int_equal(mtree_store_range(&tree, 5, 6, entry, GFP_KERNEL), err);
	}
	/* A reserved place is a range as others are. */
	assert_int_equal(vms_mt_store_joined(&tree, 7, 9, XA_ZERO_ENTRY, GFP_KERNEL), 0);
	mas_set(&mas, 6);
	mas_lock(&mas);
	assert_ptr_equal(mas_walk(&mas), XA_ZERO_ENTRY);
	mas_unlock(&mas);
	assert_int_equal(mas.index, 5);
	assert_int_equal(mas.last, 9);
	end();
}

static void a_prepared_joined_store_needs_no_memory(void **state)
{
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	begin(0);
	for (unsigned long i = 0; i < 2000; i++)
		assert_int_equal(mtree_store_range(&tree, i * 4, i * 4 + 3,
						   entry_of(i % 2 ? 'a' : 'b'), GFP_KERNEL),
				 0);
	for (unsigned long i = 0; i < 500; i++) {
		mas_lock(&mas);
		mas_set_range(&mas, i * 16 + 8, i * 16 + 11);
		assert_int_equal(vms_mas_join(&mas, entry_of('a')), 0);
		assert_int_equal(mas.index, i * 16 + 4);
		assert_int_equal(mas.last, i * 16 + 15);
		assert_int_equal(mas_preallocate(&mas, entry_of('a'), GFP_KERNEL), 0);
		vms__alloc_fail_from(1);
		mas_store_prealloc(&mas, entry_of('a'));
		vms__alloc_fail_from(0);
		mas_unlock(&mas);
	}
	mas_set(&mas, 4);
	mas_lock(&mas);
	assert_ptr_equal(mas_walk(&mas), entry_of('a'));
	mas_unlock(&mas);
	assert_int_equal(mas.index, 4);
	assert_int_equal(mas.last, 15);
	end();
}

/* ---- random stores that join ---- */

#define CELLS 400u

/*
 * Cells of one key each at both ends of the key space; the one in the middle
 * has all other keys.
 */
static void both_ends(unsigned int flags, uint64_t seed)
{
	model_init(&m, flags, CELLS, seed);
	for (unsigned int i = CELLS / 2 + 1; i < CELLS; i++)
		m.start[i] = ULONG_MAX - (CELLS - 1 - i);
}

/* Few letters, so that neighbours are often equal. */
static void *random_entry(void)
{
	return model_below(&m, 4) ? entry_of((char)('a' + model_below(&m, 3))) : NULL;
}

static void random_cells(unsigned int *from, unsigned int *to)
{
	void *unused;

	model_pick(&m, from, to, &unused);
}

/* Makes a store that joins in the array. */
static void join_cells(unsigned int from, unsigned int to, void *entry)
{
	while (from && m.cell[from - 1] == entry)
		from--;
	while (to + 1 < m.cells && m.cell[to + 1] == entry)
		to++;
	model_set(&m, from, to, entry);
}

/* Every third store does not join. @joined: the others go through this call. */
static void random_store(unsigned int op, int (*joined)(unsigned long, unsigned long, void *))
{
	void *entry = random_entry();
	unsigned int from, to;

	random_cells(&from, &to);
	if (op % 3 == 0) {
		assert_int_equal(model_store(&m, from, to, entry), 0);
		return;
	}
	assert_int_equal(joined(model_first(&m, from), model_last(&m, to), entry), 0);
	join_cells(from, to, entry);
}

static int tree_call(unsigned long first, unsigned long last, void *entry)
{
	return vms_mt_store_joined(&m.tree, first, last, entry, GFP_KERNEL);
}

static void random_joined_stores_agree_with_an_array(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 4 * model_more(); seed++) {
		print_message("seed %u\n", seed);
		both_ends(all_flags[seed % 4], seed);
		for (unsigned int op = 0; op < 6000 / MODEL_LESS; op++) {
			random_store(op, tree_call);
			if (op % 16 == 0)
				model_check(&m);
		}
		model_check(&m);
		model_destroy(&m);
	}
}

static unsigned long failures;

/* Fails at its 1st, 2nd, ... allocation, and must change nothing until then. */
static int cursor_call_that_fails(unsigned long first, unsigned long last, void *entry)
{
	MA_STATE(mas, &m.tree, first, last);
	int err = -ENOMEM;

	for (long nth = 1; err == -ENOMEM; nth++) {
		mas_set_range(&mas, first, last);
		mas_lock(&mas);
		vms__alloc_fail_nth(nth);
		err = vms_mas_store_joined(&mas, entry, GFP_KERNEL);
		vms__alloc_fail_nth(0);
		mas_unlock(&mas);
		if (err != -ENOMEM)
			break;
		failures++;
		assert_true(mas_is_err(&mas));
		assert_int_equal(xa_err(mas.node), -ENOMEM);
		assert_int_equal(mas.index, first);
		assert_int_equal(mas.last, last);
		model_check(&m);
	}
	return err;
}

static void without_memory_a_joined_store_changes_nothing(void **state)
{
	(void)state;
	failures = 0;
	for (unsigned int seed = 0; seed < 4 * model_more(); seed++) {
		both_ends(all_flags[seed % 4], seed);
		for (unsigned int op = 0; op < 1500 / MODEL_LESS; op++)
			random_store(op, cursor_call_that_fails);
		model_check(&m);
		model_destroy(&m);
	}
	print_message("%lu failures\n", failures);
	assert_true(failures > 30);
}

/* ---- aligned gaps ---- */

static const struct {
	const char *before;
	unsigned long min, max, size, align, offset;
	int err;
	unsigned long lowest, highest;
} gaps[] = {
	/* Without nodes. */
	{"", 0, ULONG_MAX, 1, 1, 0, 0, 0, ULONG_MAX},
	{"", 1, ULONG_MAX, 1ul << 63, 1ul << 63, 0, 0, 1ul << 63, 1ul << 63},
	{"", 5, 100, 8, 16, 3, 0, 19, 83},
	{"0-0a", 0, 100, 8, 16, 0, 0, 16, 80},
	/* An offset above the alignment; alignments of no power of two. */
	{"", 0, 100, 8, 16, 35, 0, 3, 83},
	{"", 0, 100, 8, 7, 3, 0, 3, 87},
	{"10-19a", 0, 100, 10, 10, 0, 0, 0, 90},
	/* A gap of exactly the size fits only where it is aligned. */
	{"0-15a 20-1000a", 0, 1000, 4, 4, 0, 0, 16, 16},
	{"0-16a 21-1000a", 0, 1000, 4, 4, 0, -EBUSY, 0, 0},
	{"0-16a 21-1000a", 0, 1000, 4, 4, 1, 0, 17, 17},
	{"0-16a 24-1000a", 0, 1000, 4, 4, 0, 0, 20, 20},
	{"0-16a 23-1000a", 0, 1000, 4, 4, 0, -EBUSY, 0, 0},
	/* Gaps that are large enough, but not aligned, come first. */
	{"0-0a 5-8a 13-15a 20-20a 25-1000a", 0, 1000, 4, 8, 0, 0, 16, 16},
	{"0-0a 5-8a 13-16a 21-23a 28-1000a", 0, 1000, 4, 8, 0, 0, 24, 24},
	/* The window cuts the gap. */
	{"", 17, 31, 8, 8, 0, 0, 24, 24},
	{"", 17, 30, 8, 8, 0, -EBUSY, 0, 0},
	{"", 17, 24, 8, 8, 1, 0, 17, 17},
	/* An aligned index behind ULONG_MAX, and none below the window. */
	{"", ULONG_MAX - 6, ULONG_MAX, 2, 8, 0, -EBUSY, 0, 0},
	{"", ULONG_MAX - 7, ULONG_MAX, 8, 8, 0, 0, ULONG_MAX - 7, ULONG_MAX - 7},
	{"", ULONG_MAX - 7, ULONG_MAX, 1, 8, 7, 0, ULONG_MAX, ULONG_MAX},
	{"", 0, 6, 2, 8, 7, -EBUSY, 0, 0},
	{"", 0, 6, 2, 1ul << 63, 9, -EBUSY, 0, 0},
	{"", 0, ULONG_MAX, 1, ULONG_MAX, ULONG_MAX - 1, 0, ULONG_MAX - 1, ULONG_MAX - 1},
	{"0-0a", 0, ULONG_MAX, 1, ULONG_MAX, 0, 0, ULONG_MAX, ULONG_MAX},
	/* The errors of mas_empty_area(), and no alignment. */
	{"", 0, 100, 0, 4, 0, -EINVAL, 0, 0},
	{"", 0, 100, 1, 0, 0, -EINVAL, 0, 0},
	{"", 9, 8, 1, 1, 0, -EINVAL, 0, 0},
	{"", 0, 6, 8, 4, 0, -EINVAL, 0, 0},
	{"0-9a", 0, 9, 1, 1, 0, -EBUSY, 0, 0},
};

/* One search from the case @i, and what the cursor is after it. */
static void search_case(size_t i, bool highest)
{
	unsigned long at = highest ? gaps[i].highest : gaps[i].lowest;
	MA_STATE(mas, &tree, 11, 12);
	int err;

	mas_lock(&mas);
	err = (highest ? vms_mas_empty_area_aligned_rev : vms_mas_empty_area_aligned)(
		&mas, gaps[i].min, gaps[i].max, gaps[i].size, gaps[i].align, gaps[i].offset);
	mas_unlock(&mas);
	if (err != gaps[i].err || (!err && mas.index != at))
		fail_msg("case %zu, %s: %d, %#lx; expected %d, %#lx", i,
			 highest ? "highest" : "lowest", err, mas.index, gaps[i].err, at);
	assert_int_equal(mas_is_err(&mas), err == -EBUSY);
	if (err == -EBUSY)
		assert_int_equal(xa_err(mas.node), -EBUSY);
	if (err == -EINVAL)
		assert_true(mas.index == 11 && mas.last == 12);
	if (!err)
		assert_int_equal(mas.last, at + gaps[i].size - 1);
}

static void an_aligned_place_is_found_if_there_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(gaps); i++) {
		begin(MT_FLAGS_ALLOC_RANGE);
		lay(gaps[i].before, 0);
		search_case(i, false);
		search_case(i, true);
		end();
	}
}

static void a_tree_that_keeps_no_gaps_is_refused(void **state)
{
	unsigned long start = 99;
	MA_STATE(mas, &tree, 0, 0);

	(void)state;
	begin(MT_FLAGS_USE_RCU);
	mas_lock(&mas);
	assert_int_equal(vms_mas_empty_area_aligned(&mas, 0, 99, 1, 1, 0), -EINVAL);
	assert_int_equal(vms_mas_empty_area_aligned_rev(&mas, 0, 99, 1, 1, 0), -EINVAL);
	mas_unlock(&mas);
	assert_int_equal(vms_mt_alloc_aligned(&tree, &start, entry_of('a'), 1, 0, 99, 1, 0,
					      GFP_KERNEL),
			 -EINVAL);
	assert_int_equal(start, 99);
	assert_true(mtree_empty(&tree));
	end();
}

/* Looks at every free key. Return: false if there is no place. */
static bool place_in_array(unsigned long min, unsigned long max, unsigned long size,
			   unsigned long align, unsigned long offset, bool highest,
			   unsigned long *at)
{
	bool found = false;

	for (unsigned int from = 0, to; from < m.cells; from = to + 1) {
		unsigned long low, high, tries = align;

		to = from;
		if (m.cell[from])
			continue;
		model_range(&m, from, &from, &to);
		low = model_first(&m, from) > min ? model_first(&m, from) : min;
		high = model_last(&m, to) < max ? model_last(&m, to) : max;
		if (low > high || high - low < size - 1)
			continue;
		high -= size - 1;
		/* One in every align successive keys is aligned. */
		for (unsigned long key = highest ? high : low; key >= low && key <= high && tries;
		     key += highest ? -1ul : 1, tries--) {
			if (key % align != offset % align)
				continue;
			*at = key;
			found = true;
			break;
		}
		if (found && !highest)
			return true;
	}
	return found;
}

static void random_search(bool highest)
{
	unsigned long keys[2], min, max, size = 1 + model_below(&m, model_below(&m, 4) ? 6 : 60),
					 align = 1 + model_below(&m, 24),
					 offset = model_below(&m, 40), at = 0, start = 99;
	void *entry = entry_of('z');
	int err;

	for (unsigned int i = 0; i < 2; i++)
		keys[i] = model_first(&m, model_below(&m, m.cells));
	min = keys[0] < keys[1] ? keys[0] : keys[1];
	max = keys[0] < keys[1] ? keys[1] : keys[0];
	if (model_below(&m, 4) == 0) {
		min = 0;
		max = ULONG_MAX;
	}
	err = (highest ? vms_mt_alloc_aligned_rev : vms_mt_alloc_aligned)(
		&m.tree, &start, entry, size, min, max, align, offset, GFP_KERNEL);
	if (max - min < size - 1) {
		assert_int_equal(err, -EINVAL);
	} else if (!place_in_array(min, max, size, align, offset, highest, &at)) {
		assert_int_equal(err, -EBUSY);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(start, at);
		/* The array cannot hold a part of the middle cell. */
		assert_int_equal(mtree_store_range(&m.tree, at, at + size - 1, NULL, GFP_KERNEL),
				 0);
		return;
	}
	assert_int_equal(start, 99);
}

static void random_searches_agree_with_an_array(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 4 * model_more(); seed++) {
		print_message("seed %u\n", seed);
		both_ends(MT_FLAGS_ALLOC_RANGE | (seed % 2 ? MT_FLAGS_USE_RCU : 0), seed);
		/* Half of the lives have little room: the middle is taken. */
		if (seed & 2)
			model_store(&m, CELLS / 2, CELLS / 2, entry_of('m'));
		for (unsigned int op = 0; op < 20000 / MODEL_LESS; op++) {
			unsigned int from = model_below(&m, m.cells - 8);

			if (from > CELLS / 2 || from + 8 < CELLS / 2)
				model_store(&m, from, from + model_below(&m, 8),
					    model_below(&m, 2) ? entry_of('a') : NULL);
			random_search(op & 1);
			if (op % 256 == 0)
				model_check(&m);
		}
		model_destroy(&m);
	}
}

static void without_memory_no_place_is_taken(void **state)
{
	unsigned long start, failed = 0;
	int err;

	(void)state;
	begin(MT_FLAGS_ALLOC_RANGE);
	for (unsigned long op = 0; op < 400; op++) {
		err = -ENOMEM;
		for (long nth = 1; err == -ENOMEM; nth++) {
			start = 99;
			vms__alloc_fail_nth(nth);
			err = vms_mt_alloc_aligned(&tree, &start, entry_of((char)('a' + op % 2)), 4,
						   0, ULONG_MAX, 16, 5, GFP_KERNEL);
			vms__alloc_fail_nth(0);
			if (err != -ENOMEM)
				break;
			failed++;
			assert_int_equal(start, 99);
			assert_null(mtree_load(&tree, 16 * op + 5));
			assert_int_equal(vms_mt_check(&tree, stderr), 0);
		}
		assert_int_equal(err, 0);
		assert_int_equal(start, 16 * op + 5);
	}
	print_message("%lu failures\n", failed);
	assert_true(failed > 10);
	end();
}

/* ---- an entry and its bounds ---- */

static void check_bounds(unsigned int cell, unsigned long index)
{
	unsigned long first = 1, last = 1, start = 1, stop = 1;
	unsigned int from, to;

	model_range(&m, cell, &from, &to);
	assert_ptr_equal(vms_mt_load_range(&m.tree, index, &first, &last), m.cell[cell]);
	assert_int_equal(first, model_first(&m, from));
	assert_int_equal(last, model_last(&m, to));
	assert_ptr_equal(vms_mt_load_span(&m.tree, index, &start, &stop), m.cell[cell]);
	assert_int_equal(start, first);
	assert_int_equal(stop, last + 1);
}

/* The first entry at or after @cell that starts before @limit; 0: any. */
static void check_find(unsigned int cell, unsigned long limit)
{
	unsigned long start = 1, stop = 1;
	unsigned int from = cell, to = cell;
	void *entry = vms_mt_find_span(&m.tree, model_first(&m, cell), limit, &start, &stop);

	while (from < m.cells && !m.cell[from])
		from++;
	if (from < m.cells)
		model_range(&m, from, &from, &to);
	if (from == m.cells ||
	    (limit && (model_first(&m, from) >= limit || model_first(&m, cell) >= limit))) {
		assert_null(entry);
		assert_true(start == 1 && stop == 1);
		return;
	}
	assert_ptr_equal(entry, m.cell[from]);
	assert_int_equal(start, model_first(&m, from));
	assert_int_equal(stop, model_last(&m, to) + 1);
}

static void reads_tell_the_bounds_that_an_array_has(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 4; seed++) {
		both_ends(all_flags[seed], seed);
		for (unsigned int op = 0; op < 2000 / MODEL_LESS; op++) {
			unsigned int cell = model_below(&m, m.cells);

			check_bounds(cell, model_first(&m, cell));
			check_bounds(cell, model_last(&m, cell));
			check_bounds(0, 0);
			check_bounds(m.cells - 1, ULONG_MAX);
			check_find(cell, 0);
			check_find(cell, model_first(&m, model_below(&m, m.cells)));
			random_store(op, tree_call);
		}
		model_destroy(&m);
	}
}

static void a_tree_without_nodes_tells_bounds_too(void **state)
{
	unsigned long first, last;

	(void)state;
	begin(0);
	assert_null(vms_mt_load_range(&tree, 7, &first, &last));
	assert_true(first == 0 && last == ULONG_MAX);
	assert_null(vms_mt_load_span(&tree, 7, &first, &last));
	assert_true(first == 0 && last == 0);
	lay("0-0a", 0);
	assert_ptr_equal(vms_mt_load_range(&tree, 0, &first, &last), entry_of('a'));
	assert_true(first == 0 && last == 0);
	assert_null(vms_mt_load_range(&tree, ULONG_MAX, &first, &last));
	assert_true(first == 1 && last == ULONG_MAX);
	assert_int_equal(mtree_store(&tree, 5, XA_ZERO_ENTRY, GFP_KERNEL), 0);
	assert_ptr_equal(vms_mt_load_range(&tree, 5, &first, &last), XA_ZERO_ENTRY);
	end();
}

/* ---- spans ---- */

static void a_span_contains_its_start_and_not_its_end(void **state)
{
	unsigned long start, stop;

	(void)state;
	begin(MT_FLAGS_USE_RCU);
	assert_int_equal(vms_mt_store_span(&tree, 0, 4, entry_of('a'), GFP_KERNEL), 0);
	assert_int_equal(vms_mt_store_span(&tree, 4, 6, entry_of('a'), GFP_KERNEL), 0);
	assert_string_equal(ranges_of(0), "0-3a 4-5a");
	assert_int_equal(vms_mt_store_joined_span(&tree, 6, 8, entry_of('a'), GFP_KERNEL), 0);
	assert_string_equal(ranges_of(0), "0-7a");
	assert_int_equal(vms_mt_erase_span(&tree, 2, 3, GFP_KERNEL), 0);
	assert_string_equal(ranges_of(0), "0-1a 3-7a");
	assert_int_equal(vms_mt_erase_span(&tree, 2, 3, GFP_KERNEL), 0);
	assert_ptr_equal(vms_mt_load_span(&tree, 1, &start, &stop), entry_of('a'));
	assert_true(start == 0 && stop == 2);
	assert_null(vms_mt_load_span(&tree, 2, &start, &stop));
	assert_true(start == 2 && stop == 3);
	assert_ptr_equal(vms_mt_find_span(&tree, 2, 4, &start, &stop), entry_of('a'));
	assert_true(start == 3 && stop == 8);
	assert_null(vms_mt_find_span(&tree, 2, 3, &start, &stop));
	assert_null(vms_mt_find_span(&tree, 3, 3, &start, &stop));
	assert_null(vms_mt_find_span(&tree, 8, 0, &start, &stop));
	end();
}

static void an_empty_span_is_refused_and_end_0_is_the_end_of_all(void **state)
{
	static const unsigned long empty[][2] = {
		{0, 0}, {5, 5}, {ULONG_MAX, ULONG_MAX}, {6, 5}, {ULONG_MAX, 1}};
	unsigned long start, stop;

	(void)state;
	begin(0);
	lay("0-7a", 0);
	for (size_t i = 0; i < LEN(empty); i++) {
		unsigned long from = empty[i][0], to = empty[i][1];

		assert_int_equal(vms_mt_store_span(&tree, from, to, entry_of('b'), 0), -EINVAL);
		assert_int_equal(vms_mt_store_joined_span(&tree, from, to, entry_of('a'), 0),
				 -EINVAL);
		assert_int_equal(vms_mt_erase_span(&tree, from, to, 0), -EINVAL);
	}
	assert_string_equal(ranges_of(0), "0-7a");
	assert_int_equal(vms_mt_store_span(&tree, ULONG_MAX, 0, entry_of('b'), 0), 0);
	assert_int_equal(
		vms_mt_store_joined_span(&tree, ULONG_MAX - 3, ULONG_MAX, entry_of('b'), 0), 0);
	assert_ptr_equal(vms_mt_load_span(&tree, ULONG_MAX, &start, &stop), entry_of('b'));
	assert_true(start == ULONG_MAX - 3 && stop == 0);
	assert_int_equal(vms_mt_erase_span(&tree, 1, 0, 0), 0);
	assert_string_equal(ranges_of(0), "0-0a");
	end();
}

static void a_loop_over_spans_ends_at_the_end_of_the_keys(void **state)
{
	static const unsigned long starts[] = {0, 4, 9, ULONG_MAX - 1};
	unsigned long start = 0, stop, n = 0;
	void *entry;

	(void)state;
	begin(0);
	lay("0-3a 4-5b 9-9c", 0);
	assert_int_equal(vms_mt_store_span(&tree, ULONG_MAX - 1, 0, entry_of('d'), 0), 0);
	vms_mt_for_each_span(&tree, entry, start, stop, 0) {
		assert_true(n < LEN(starts));
		assert_int_equal(start, starts[n]);
		assert_ptr_equal(entry, entry_of("abcd"[n]));
		n++;
		/* The body may write. */
		assert_int_equal(vms_mt_erase_span(&tree, start, stop, 0), 0);
	}
	assert_int_equal(n, LEN(starts));
	assert_true(mtree_empty(&tree));
	lay("0-3a 4-5b 9-9c", 0);
	start = 1;
	n = 0;
	vms_mt_for_each_span(&tree, entry, start, stop, 9)
		n++;
	assert_int_equal(n, 2);
	end();
}

/* ---- integers of 64 bits ---- */

/* Among them what may be no entry, and what looks like a node. */
static const uint64_t words[] = {
	0, 1, 2, 6, 4094, 4095, 4096, 4098, 1ull << 63, (1ull << 63) + 2, ~0xfffull - 2, ~0ull,
};

static bool is_storable(uint64_t word, uint64_t unused)
{
	return word < unused || word - unused > 4095;
}

static void words_of_64_bits_are_entries(uint64_t unused)
{
	unsigned long first, last, stored = 0;
	void *entry;

	begin(MT_FLAGS_USE_RCU);
	for (unsigned long i = 0; i < LEN(words); i++) {
		if (!is_storable(words[i], unused))
			continue;
		entry = vms_mt_mk_word(words[i], unused);
		/* Index 0 alone needs a node for words that look like one. */
		assert_int_equal(vms_mt_store_joined(&tree, 0, 0, entry, GFP_KERNEL), 0);
		assert_true(vms_mt_to_word(mtree_load(&tree, 0), unused) == words[i]);
		assert_ptr_equal(mtree_erase(&tree, 0), entry);
		for (unsigned long at = 4 * i + 4; at < 4 * i + 8; at++)
			assert_int_equal(vms_mt_store_joined(&tree, at, at, entry, GFP_KERNEL), 0);
	}
	for (unsigned long i = 0; i < LEN(words); i++) {
		entry = vms_mt_load_range(&tree, 4 * i + 6, &first, &last);
		assert_int_equal(entry != NULL, is_storable(words[i], unused));
		if (!entry)
			continue;
		stored++;
		assert_true(vms_mt_to_word(entry, unused) == words[i]);
		assert_true(first == 4 * i + 4 && last == 4 * i + 7);
	}
	assert_true(stored >= LEN(words) / 2);
	end();
}

static void an_integer_of_64_bits_is_an_entry_by_a_block_that_is_unused(void **state)
{
	(void)state;
	words_of_64_bits_are_entries(~0xfffull);
	words_of_64_bits_are_entries(1ull << 62);
	words_of_64_bits_are_entries(0);
	words_of_64_bits_are_entries(4096);
}

/* For any values: one object for each different one (docs/range-map.md). */
struct value {
	struct value *next;
	uint64_t bits;
};

static void *value_of(struct value **all, uint64_t bits)
{
	struct value *v = *all;

	while (v && v->bits != bits)
		v = v->next;
	if (!v && (v = malloc(sizeof(*v)))) {
		*v = (struct value){.next = *all, .bits = bits};
		*all = v;
	}
	return v;
}

static void an_integer_is_an_entry_by_one_object_for_each_value(void **state)
{
	static const uint64_t values[] = {0, 2, ~0ull, ~0xfffull, 1ull << 63, 4094};
	struct value *all = NULL, *v;
	unsigned long first, last;

	(void)state;
	begin(0);
	for (unsigned long i = 0; i < 2 * LEN(values); i++)
		assert_int_equal(vms_mt_store_joined(&tree, i, i, value_of(&all, values[i / 2]),
						     GFP_KERNEL),
				 0);
	for (unsigned long i = 0; i < LEN(values); i++) {
		v = vms_mt_load_range(&tree, 2 * i + 1, &first, &last);
		assert_non_null(v);
		assert_true(v->bits == values[i]);
		assert_true(first == 2 * i && last == 2 * i + 1);
	}
	end();
	for (; all; all = v) {
		v = all->next;
		free(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_and_the_equal_ranges_that_touch_it_are_one_range),
		cmocka_unit_test(the_cursor_stands_on_the_joined_range),
		cmocka_unit_test(a_joined_store_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_prepared_joined_store_needs_no_memory),
		cmocka_unit_test(random_joined_stores_agree_with_an_array),
		cmocka_unit_test(without_memory_a_joined_store_changes_nothing),
		cmocka_unit_test(an_aligned_place_is_found_if_there_is_one),
		cmocka_unit_test(a_tree_that_keeps_no_gaps_is_refused),
		cmocka_unit_test(random_searches_agree_with_an_array),
		cmocka_unit_test(without_memory_no_place_is_taken),
		cmocka_unit_test(reads_tell_the_bounds_that_an_array_has),
		cmocka_unit_test(a_tree_without_nodes_tells_bounds_too),
		cmocka_unit_test(a_span_contains_its_start_and_not_its_end),
		cmocka_unit_test(an_empty_span_is_refused_and_end_0_is_the_end_of_all),
		cmocka_unit_test(a_loop_over_spans_ends_at_the_end_of_the_keys),
		cmocka_unit_test(an_integer_of_64_bits_is_an_entry_by_a_block_that_is_unused),
		cmocka_unit_test(an_integer_is_an_entry_by_one_object_for_each_value),
	};

	return model_run_all("range_map", tests, LEN(tests));
}
