/* SPDX-License-Identifier: MIT */
/*
 * maple.c - readers of a maple tree beside a writer.
 */
#include <stdint.h>

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

/* [i * 2, i * 2 + 1] pages; there is no gap. */
static void store(unsigned int i, void *entry)
{
	explore_check(
		!mtree_store_range(&tree, i * 2 * PG, (i * 2 + 2) * PG - 1, entry, GFP_KERNEL));
}

static void begin_tree(unsigned int nr)
{
	explore_check(vms_mt_set_simd("scalar"));
	for (unsigned int i = 0; i < nr; i++)
		store(i, entry_at(i));
}

static void begin_leaves(void)
{
	begin_tree(ENTRIES);
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
 * All ranges but one stay. A reader finds each that stays, once and in order,
 * and in the place of the other one what is or was there, or nothing.
 */
#define CHANGING 14u

static bool may_change(const void *entry)
{
	return entry == entry_at(CHANGING) || entry == entry_at(ENTRIES);
}

static void walk_on(void)
{
	MA_STATE(mas, &tree, 10 * 2 * PG, 10 * 2 * PG);
	void *entry;

	vms_rcu_read_lock();
	for (unsigned int i = 10; i < 22; i++) {
		if (i == CHANGING)
			continue;
		do {
			entry = mas_find(&mas, ULONG_MAX);
		} while (i == CHANGING + 1 && may_change(entry));
		explore_check(entry == entry_at(i));
		explore_check(mas.index == i * 2 * PG && mas.last == (i * 2 + 2) * PG - 1);
	}
	vms_rcu_read_unlock();
}

static void walk_back(void)
{
	MA_STATE(mas, &tree, 20 * 2 * PG, 20 * 2 * PG);
	void *entry;

	vms_rcu_read_lock();
	for (unsigned int i = 20; i > 10; i--) {
		if (i == CHANGING)
			continue;
		do {
			entry = mas_find_rev(&mas, 0);
		} while (i == CHANGING - 1 && may_change(entry));
		explore_check(entry == entry_at(i));
		explore_check(mas.index == i * 2 * PG && mas.last == (i * 2 + 2) * PG - 1);
	}
	vms_rcu_read_unlock();
}

/* A bound that no page begins with: the leaf needs another form, a new leaf. */
static void split_leaves(void)
{
	explore_check(!mtree_store_range(&tree, CHANGING * 2 * PG, CHANGING * 2 * PG + 7,
					 entry_at(ENTRIES), GFP_KERNEL));
	store(CHANGING, NULL);
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
