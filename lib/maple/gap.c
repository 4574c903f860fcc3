/* SPDX-License-Identifier: MIT */
/*
 * gap.c - keeps, for each slot of an inner node, a bound of the gaps below it;
 * and searches for a gap by these bounds (isa/find_gap.tmpl.h does the search).
 *
 * Two rules hold whenever the lock is free:
 *
 * 	no gap of a leaf is larger than the bound in the leaf's parent;
 * 	no bound in an inner node is larger than that node's bound in its
 * 	parent.
 *
 * A store that makes a gap raises the bounds above it, and stops at a bound
 * that is high enough, because by the second rule all bounds above that one
 * are, too. A store that takes room from a gap lowers nothing: it would have to
 * look at the whole leaf, and often at each node above it, although in a memory
 * map the gap mostly comes back, by munmap(), before any search. A search that
 * finds less than a bound promised lowers that bound to what is there, and
 * begins anew. So a bound that is too high costs one search at most one visit.
 *
 * Searches may run concurrently where the lock is held for reading. Bounds can
 * only fall then, because a compare-and-exchange keeps a search from raising a
 * bound that another has lowered further. So a bound that a search computes
 * from the bounds below it is not too low when the search writes it, even if
 * those have fallen since.
 *
 * A gap never crosses a leaf's bounds (rebuild.c).
 *
 * Locks: the tree's lock; for the search, held for reading will do.
 */
#include <errno.h>

#include "lib/maple/internal.h"

void vms__mt_gap_raise(const unsigned long *path, unsigned int level, unsigned long gap)
{
	do {
		struct maple_node *node = ml_step_node(path[level]);
		unsigned int slot = ml_step_slot(path[level]);

		if (ml_gap(node, slot) >= gap)
			return;
		ml_set_gap(node, slot, gap);
	} while (level--);
}

void vms__mt_gap_set(const unsigned long *path, unsigned int level, unsigned long gap)
{
	ml_set_gap(ml_step_node(path[level]), ml_step_slot(path[level]), gap);
	if (level)
		vms__mt_gap_raise(path, level - 1, gap);
}

void vms__mt_gap_lower(const unsigned long *path, unsigned int level, unsigned long gap)
{
	for (;; level--) {
		struct maple_node *node = ml_step_node(path[level]);
		_Atomic unsigned long *word = &node->gap[ml_step_slot(path[level])];
		unsigned long bound = atomic_load_explicit(word, memory_order_relaxed);

		/*
		 * The exchange fails if another search has lowered the bound
		 * meanwhile, maybe further. release: a search that sees the
		 * low bound by ml_gap_acquire() sees the bounds below it low,
		 * too.
		 */
		if (bound <= gap ||
		    !atomic_compare_exchange_strong_explicit(
			    word, &bound, gap, memory_order_release, memory_order_relaxed) ||
		    !level)
			return;
		gap = vms__mt_isa->inner_gap(node);
	}
}

/* A tree without nodes is one gap, except for index 0 if that has an entry. */
bool vms__mt_gap_without_nodes(struct ma_state *mas, void *root, unsigned long min,
			       unsigned long max, unsigned long size, bool highest, void **beside)
{
	mas_reset(mas);
	min = root && !min ? 1 : min;
	if (min > max || max - min < size - 1)
		return false;
	__mas_set_range(mas, highest ? max - (size - 1) : min, highest ? max : min + (size - 1));
	if (beside) {
		beside[0] = root;
		beside[1] = NULL;
	}
	return true;
}

static inline __attribute__((always_inline)) int empty_area(struct ma_state *mas, unsigned long min,
							    unsigned long max, unsigned long size,
							    bool highest)
{
	bool found;

	if (!ml_has_gaps(mas->tree) || !size || min > max || max - min < size - 1)
		return -EINVAL;
	found = (highest ? vms__mt_isa->highest_gap : vms__mt_isa->lowest_gap)(mas, min, max, size,
									       NULL);
	if (!found) {
		ml_set_error(mas, -EBUSY);
		return -EBUSY;
	}
	return 0;
}

int mas_empty_area(struct ma_state *mas, unsigned long min, unsigned long max, unsigned long size)
{
	int err = empty_area(mas, min, max, size, false);

	if (!err)
		mas_reset(mas);
	return err;
}

int mas_empty_area_rev(struct ma_state *mas, unsigned long min, unsigned long max,
		       unsigned long size)
{
	int err = empty_area(mas, min, max, size, true);

	if (!err)
		mas_reset(mas);
	return err;
}

int vms__mas_find_gap(struct ma_state *mas, unsigned long min, unsigned long max,
		      unsigned long size, bool highest)
{
	int err = empty_area(mas, min, max, size, highest);

	if (!err)
		ml_vouch_gap(mas);
	return err;
}
