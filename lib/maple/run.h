/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run: the slots that the new nodes of one level shall hold, in one
 * row. rebuild.c gathers it from old and new nodes, and then cuts it into the
 * nodes to be made. Read first: rebuild.c.
 *
 * Locks: the tree's lock, for every function that is given a node.
 */
#ifndef VMS_MAPLE_RUN_H
#define VMS_MAPLE_RUN_H

#include "lib/maple/internal.h"
#include "lib/maple/track.h"

#define RUN_MAX (4 * ML_INNER_SLOTS)
#define PARTS_MAX 4u /* nodes that a run is cut into */
#define SLACK 3u     /* slots that stay free in a node made of several */

/*
 * A run of slots. pivot[i] is the last index of slot i, and of an inner node's
 * slot gap[i] bounds the gaps below it.
 */
struct run {
	unsigned int n;
	unsigned long pivot[RUN_MAX];
	void *slot[RUN_MAX];
	unsigned long gap[RUN_MAX];
};

/* ---- gathering ---- */

static void run_push(struct run *run, unsigned long pivot, void *slot, unsigned long gap)
{
	VMS_ASSERT(run->n < RUN_MAX);
	run->pivot[run->n] = pivot;
	run->slot[run->n] = slot;
	run->gap[run->n] = gap;
	run->n++;
}

/* As @to of run_push_slots(): up to the node's last slot. */
#define ALL (ML_INNER_SLOTS + 1)

/*
 * Append the slots [from, to) of a node, except for empty ones. The node's form
 * is looked up once, where ml_pivot() would look it up for each slot.
 */
static void run_push_slots(struct run *run, const struct place *p, unsigned int from,
			   unsigned int to, bool gaps)
{
	const unsigned long form = ml_form_of(p->node),
			    base = form & ML_WIDE_BIT ? 0 : ml_base(p->node);
	const unsigned int shift = ml_shift_of(form), keys = ml_keys_of(form);
	void *_Atomic *slots = ml_slots(p->node);
	unsigned long below = from ? ml_pivot(p->node, from - 1) : 0;

	for (unsigned int i = from; i < to; i++) {
		unsigned long pivot = ULONG_MAX;

		if (i < keys)
			pivot = form & ML_WIDE_BIT ? ml_wide_pivot(p->node, i)
						   : ml_key_pivot(ml_key(p->node, i), base, shift);
		if (pivot > p->max)
			pivot = p->max;
		/* Relaxed: under the lock. */
		if (!i || pivot != below)
			run_push(run, pivot, atomic_load_explicit(&slots[i], memory_order_relaxed),
				 gaps ? ml_gap(p->node, i) : 0);
		below = pivot;
		if (pivot == p->max)
			break;
	}
}

static void run_append(struct run *run, const struct run *more)
{
	for (unsigned int i = 0; i < more->n; i++)
		run_push(run, more->pivot[i], more->slot[i], more->gap[i]);
}

/*
 * The largest gap in the slots [from, to) of a leaf, of which the first begins
 * at @min; or the largest of an inner node's gap bounds.
 */
static unsigned long run_gap(const struct run *run, unsigned int from, unsigned int to,
			     unsigned long min, bool leaf)
{
	unsigned long gap = 0;

	for (unsigned int i = from; i < to; i++) {
		unsigned long width = run->gap[i];

		if (leaf)
			width = run->slot[i] ? 0 : run->pivot[i] - min + 1;
		gap = width > gap ? width : gap;
		min = run->pivot[i] + 1;
	}
	return gap;
}

/* ---- cutting ---- */

/*
 * Whether the run's slots [from, to) fit in a node of the form that their
 * bounds need; it begins at @min.
 */
static bool fits(const struct run *run, unsigned int from, unsigned int to, unsigned long min,
		 bool leaf)
{
	unsigned int n = to - from;

	if (n <= (leaf ? ML_WIDE_LEAF_KEYS : ML_WIDE_INNER_KEYS) + 1)
		return true;
	return n <= (leaf ? ML_LEAF_SLOTS : ML_INNER_SLOTS) &&
	       !(vms__mt_form_for(n, run->pivot + from, min) & ML_WIDE_BIT);
}

/*
 * Where to cut near @at, with at least @least slots on either side. A cut
 * between two entries is better than one between an entry and a gap: when that
 * entry is erased, two gaps touch across the bound of the leaves, and the store
 * needs a rebuild.
 */
static unsigned int cut_near(const struct run *run, unsigned int from, unsigned int at,
			     unsigned int least)
{
	static const int nearby[] = {0, -1, 1, -2, 2, -3, 3};

	for (size_t i = 0; i < sizeof(nearby) / sizeof(nearby[0]); i++) {
		unsigned int cut = at + (unsigned int)nearby[i];

		if (cut >= from + least && cut + least <= run->n && run->slot[cut - 1] &&
		    run->slot[cut])
			return cut;
	}
	return at;
}

/*
 * Cut the run into @parts of about the same length; end[i] becomes the slot
 * after part i. False: a part would be too long for the form that its bounds
 * need.
 */
static bool cut_evenly(const struct run *run, unsigned int parts, unsigned long min, bool leaf,
		       unsigned int *end)
{
	for (unsigned int part = 0, from = 0; part < parts; part++, from = end[part - 1]) {
		unsigned int at = from + (run->n - from + parts - part - 1) / (parts - part);

		end[part] = leaf && at < run->n ? cut_near(run, from, at, ML_LEAF_MIN) : at;
		if (!fits(run, from, end[part], min, leaf)) {
			end[part] = at;
			if (!fits(run, from, at, min, leaf))
				return false;
		}
		min = run->pivot[end[part] - 1] + 1;
	}
	return true;
}

/*
 * Cut the run in two, the second part of the least length. Where keys come in
 * ascending order, the first part gets no more stores, so it should be full and
 * not half full. False: a part would be too long for its form.
 */
static bool cut_full(const struct run *run, unsigned long min, bool leaf, unsigned int *end)
{
	unsigned int first = run->n - (leaf ? ML_LEAF_MIN : ML_INNER_MIN),
		     most = leaf ? ML_LEAF_SLOTS : ML_INNER_SLOTS;

	if (first > most)
		first = most;
	end[0] = first;
	end[1] = run->n;
	return fits(run, 0, first, min, leaf) &&
	       fits(run, first, run->n, run->pivot[first - 1] + 1, leaf);
}

/*
 * Cut the run. Return: the number of parts; end[i] becomes the slot after part
 * i. @several: the run holds the slots of more than one old node. Such a run
 * becomes one node only if SLACK slots remain free in it, because the next
 * stores would otherwise cut it again.
 */
static unsigned int cut(const struct run *run, unsigned long min, bool leaf, bool several,
			bool appending, unsigned int *end)
{
	unsigned int parts = 1;

	if (fits(run, 0, run->n, min, leaf) &&
	    (!several || run->n + SLACK <= (leaf ? ML_LEAF_SLOTS : ML_INNER_SLOTS))) {
		end[0] = run->n;
		return 1;
	}
	if (appending && cut_full(run, min, leaf, end))
		return 2;
	do
		VMS_BUG_ON(++parts > PARTS_MAX);
	while (!cut_evenly(run, parts, min, leaf, end));
	return parts;
}

#endif
