/* SPDX-License-Identifier: MIT */
/*
 * maple.c - readers of a maple tree beside a writer.
 */
#include <stdatomic.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

#include "tests/explore/scenarios/scenarios.h"

#define PG 4096ul
#define ENTRIES 30 /* in three leaves */

static struct maple_tree tree = MTREE_INIT(tree, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
static char entries[ENTRIES + 1]; /* an entry is the address of one of them */

static void *entry_at(unsigned int i)
{
	return &entries[i];
}

/* A range has two pages, and there is no gap. */
static unsigned long start_of(unsigned int i)
{
	return i * 2ul * PG;
}

static void store(unsigned int i, void *entry)
{
	explore_check(
		!mtree_store_range(&tree, start_of(i), start_of(i + 1) - 1, entry, GFP_KERNEL));
}

static void begin_tree(unsigned int nr)
{
	explore_check(vms_mt_set_simd("scalar"));
	for (unsigned int i = 0; i < nr; i++)
		store(i, entry_at(i));
}

/* Ranges 0 to 11 are in the first leaf; 12 to 23 fill the second. */
static void begin_leaves(void)
{
	begin_tree(ENTRIES);
	for (unsigned int i = 21; i < 24; i++)
		explore_check(!mtree_store_range(&tree, start_of(i), start_of(i) + PG - 1,
						 entry_at(0), GFP_KERNEL));
}

static void begin_leaf(void)
{
	begin_tree(4);
}

static void is_whole(void)
{
	mt_validate(&tree);
}

/* ---- a cursor goes from leaf to leaf ------------------------------------- */

/*
 * The writer changes two ranges, and tells when each store has returned. A step
 * of the reader that begins after that finds the new entry. All other ranges
 * stay: the reader finds each of them once, and in order.
 */
#define FIRST 14u
#define SECOND 18u

static _Atomic unsigned int stores; /* that have returned */

static bool is_new(const void *entry)
{
	return entry == entry_at(ENTRIES);
}

/* @entry was found in the range @i by a step that began after @nr stores. */
static bool may_be(const void *entry, unsigned int i, unsigned int nr)
{
	if (i == FIRST)
		return is_new(entry) || entry == entry_at(i);
	if (i == SECOND)
		return is_new(entry) || (nr < 2 && entry == entry_at(i));
	return entry == entry_at(i) || i > 20;
}

static void walk(unsigned int from, unsigned int to, void *(*next)(struct ma_state *mas))
{
	MA_STATE(mas, &tree, start_of(from), start_of(from));
	unsigned int nr, i;
	void *entry;

	vms_rcu_read_lock();
	do {
		nr = atomic_load_explicit(&stores, memory_order_acquire);
		entry = next(&mas);
		i = (unsigned int)(mas.index / (2 * PG));
		explore_check(entry && may_be(entry, i, nr));
		/* FIRST may have become two, and the last ones are two. */
		explore_check(i == from || i > 20 ||
			      (i == FIRST && (from == FIRST + 1 || from == FIRST - 1)));
		from = i + (from < to ? 1u : -1u);
	} while (i != to);
	vms_rcu_read_unlock();
}

static void *next_entry(struct ma_state *mas)
{
	return mas_find(mas, ULONG_MAX);
}

static void *entry_before(struct ma_state *mas)
{
	return mas_find_rev(mas, 0);
}

static void walk_on(void)
{
	walk(9, 20, next_entry);
}

static void walk_back(void)
{
	walk(26, 12, entry_before);
}

/*
 * The first store makes two leaves of the second one, so that their parent is
 * replaced; the second store is in the latter of them.
 */
static void split_leaves(void)
{
	explore_check(!mtree_store_range(&tree, start_of(FIRST), start_of(FIRST) + 7,
					 entry_at(ENTRIES), GFP_KERNEL));
	atomic_store_explicit(&stores, 1, memory_order_release);
	store(SECOND, entry_at(ENTRIES));
	atomic_store_explicit(&stores, 2, memory_order_release);
}

EXPLORE_SCENARIO(maple_next_leaf, "a cursor steps to the next leaf while a writer replaces it",
		 .begin = begin_leaves, .threads = {walk_on, split_leaves}, .end = is_whole);
EXPLORE_SCENARIO(maple_prev_leaf, "a cursor steps to the leaf before while a writer replaces it",
		 .begin = begin_leaves, .threads = {walk_back, split_leaves}, .end = is_whole);

/* ---- a store in place ---------------------------------------------------- */

/* What a lookup may find at @index of the range 1, which is being split. */
static void look_at(unsigned long page, bool may_change)
{
	void *entry = mtree_load(&tree, page * PG);

	explore_check(entry == entry_at((unsigned int)page / 2) ||
		      (may_change && entry == entry_at(ENTRIES)));
}

static void look_around(void)
{
	vms_rcu_read_lock();
	look_at(2, true);
	look_at(3, false);
	look_at(4, false);
	vms_rcu_read_unlock();
}

static void look_behind(void)
{
	vms_rcu_read_lock();
	look_at(3, true);
	look_at(2, false);
	look_at(4, false);
	vms_rcu_read_unlock();
}

static void split_begin(void)
{
	explore_check(!mtree_store_range(&tree, 2 * PG, 3 * PG - 1, entry_at(ENTRIES), GFP_KERNEL));
}

static void split_end(void)
{
	explore_check(!mtree_store_range(&tree, 3 * PG, 4 * PG - 1, entry_at(ENTRIES), GFP_KERNEL));
}

EXPLORE_SCENARIO(maple_split_begin, "a new slot is read together with the old pivots",
		 .begin = begin_leaf, .threads = {look_around, split_begin}, .end = is_whole);
EXPLORE_SCENARIO(maple_split_end, "a bound moves down while a reader looks behind it",
		 .begin = begin_leaf, .threads = {look_behind, split_end}, .end = is_whole);

/* ---- the same in the middle of a range ----------------------------------- */

static void begin_wide_range(void)
{
	begin_tree(4);
	explore_check(!mtree_store_range(&tree, 2 * PG, 6 * PG - 1, entry_at(1), GFP_KERNEL));
}

static void look_in_the_middle(void)
{
	void *entry;

	vms_rcu_read_lock();
	explore_check(mtree_load(&tree, 2 * PG) == entry_at(1));
	entry = mtree_load(&tree, 3 * PG);
	explore_check(entry == entry_at(1) || entry == entry_at(ENTRIES));
	explore_check(mtree_load(&tree, 5 * PG) == entry_at(1));
	explore_check(mtree_load(&tree, 6 * PG) == entry_at(3));
	vms_rcu_read_unlock();
}

static void split_middle(void)
{
	explore_check(!mtree_store_range(&tree, 3 * PG, 4 * PG - 1, entry_at(ENTRIES), GFP_KERNEL));
}

EXPLORE_SCENARIO(maple_split_middle, "a range is split in the middle while a reader looks",
		 .begin = begin_wide_range, .threads = {look_in_the_middle, split_middle},
		 .end = is_whole);
