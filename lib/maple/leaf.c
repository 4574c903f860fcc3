/* SPDX-License-Identifier: MIT */
/*
 * leaf.c - makes a store that stays in its leaf but cannot be made in place: a
 * new leaf replaces the old one. It also chooses the form of a new node, and
 * fills new leaves, for rebuild.c, too.
 *
 * Locks: the tree's lock to write.
 */
#include <errno.h>

#include "lib/maple/internal.h"

/*
 * Whether keys of @shift can express all bounds of a node. @bits: the bits that
 * are set in any of them; @differ: the bits in which any differs from the
 * first.
 */
static bool keys_fit(unsigned long bits, unsigned long differ, unsigned int shift)
{
	return !(bits & ((1ul << shift) - 1)) && !(differ >> (ML_KEY_BITS + shift));
}

/*
 * Whether the node lies within the region of its keys, from a multiple of their
 * unit to another: if not, it is an edge node. The index after its maximum may
 * be the region's end, which has no key.
 */
static bool ends_fit(unsigned long min, unsigned long max, unsigned long start, unsigned int shift)
{
	return !((min | (max + 1)) & ((1ul << shift) - 1)) &&
	       ml_region(min, shift) == ml_region(start, shift) &&
	       ml_region(max, shift) == ml_region(start, shift);
}

unsigned long vms__mt_form_for(unsigned int n, const unsigned long *pivot, unsigned long min)
{
	unsigned long start = n > 1 ? pivot[0] + 1 : min, bits = 0, differ = 0;
	bool no_page = false, no_byte = false;
	unsigned int shift = ML_PAGE_SHIFT;

	for (unsigned int i = 0; i + 1 < n; i++) {
		bits |= pivot[i] + 1;
		differ |= (pivot[i] + 1) ^ start;
		/* The keys that mean "not in use". */
		no_page |= ((pivot[i] + 1) >> ML_PAGE_SHIFT & ML_KEY_NONE) == ML_KEY_NONE;
		no_byte |= ((pivot[i] + 1) & ML_KEY_NONE) == ML_KEY_NONE;
	}
	if (no_page || !keys_fit(bits, differ, shift)) {
		shift = 0;
		if (no_byte || !keys_fit(bits, differ, shift))
			return ML_WIDE_BIT;
	}
	return (shift ? 0 : ML_BYTE_BIT) |
	       (ends_fit(min, pivot[n - 1], start, shift) ? 0 : ML_EDGE_BIT);
}

/*
 * The spare slots of a new leaf are put behind its gaps, two for each, because
 * a store into a gap takes two (shape.tmpl.h). The last leaf keeps them at its
 * end, where keys that come in order are added. The function is compiled once
 * for each form.
 */
static inline __attribute__((always_inline)) void fill(struct maple_node *leaf, unsigned long form,
						       unsigned int n, const unsigned long *pivot,
						       void *const *slot)
{
	const unsigned int keys = ml_keys_of(form), shift = ml_shift_of(form);
	void *_Atomic *slots = form & ML_WIDE_BIT ? leaf->wide_leaf.slot : leaf->narrow_leaf.slot;
	unsigned int to = 0, spare = pivot[n - 1] == ULONG_MAX ? 0 : keys + 1 - n;

	/* Relaxed, as all stores here: the leaf is not published yet. */
	for (unsigned int i = 0; i + 1 < n; i++) {
		const unsigned long start = pivot[i] + 1, end = to;

		if (!slot[i] && spare) {
			unsigned int copies = spare < 2 ? spare : 2;

			spare -= copies;
			to += copies;
		}
		to++;
		for (unsigned long at = end; at < to; at++) {
			if (form & ML_WIDE_BIT)
				atomic_store_explicit(&leaf->wide_leaf.pivot[at], start - 1,
						      memory_order_relaxed);
			else
				atomic_store_explicit(&leaf->narrow_leaf.key[at],
						      (uint32_t)(start >> shift) & ML_KEY_NONE,
						      memory_order_relaxed);
			atomic_store_explicit(&slots[at], slot[i], memory_order_relaxed);
		}
	}
	atomic_store_explicit(&slots[to], slot[n - 1], memory_order_relaxed);
	for (; to < keys; to++) {
		if (form & ML_WIDE_BIT)
			atomic_store_explicit(&leaf->wide_leaf.pivot[to], ULONG_MAX,
					      memory_order_relaxed);
		else
			atomic_store_explicit(&leaf->narrow_leaf.key[to], ML_KEY_NONE,
					      memory_order_relaxed);
		atomic_store_explicit(&slots[to + 1], NULL, memory_order_relaxed);
	}
}

void vms__mt_fill_leaf(struct maple_node *leaf, unsigned long form, unsigned int n,
		       const unsigned long *pivot, void *const *slot)
{
	ml_begin(leaf, form | ML_LEAF_BIT, pivot[0] + 1);
	if (form & ML_WIDE_BIT)
		fill(leaf, ML_LEAF_BIT | ML_WIDE_BIT, n, pivot, slot);
	else if (form & ML_BYTE_BIT)
		fill(leaf, ML_LEAF_BIT | ML_BYTE_BIT, n, pivot, slot);
	else
		fill(leaf, ML_LEAF_BIT, n, pivot, slot);
}

static void row_push(struct ml_row *row, unsigned long pivot, void *slot)
{
	row->pivot[row->n] = pivot;
	row->slot[row->n++] = slot;
}

/* Copy those slots of the old leaf that @slots names. */
static void row_push_slots(struct ml_row *row, const struct ml_leaf *l, unsigned int slots)
{
	for (; slots; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);

		row_push(row, ml_leaf_max(l, i), ml_leaf_slot(l, i));
	}
}

int vms__mt_replace_leaf(struct ml_write *w)
{
	struct ma_state *mas = w->mas;
	struct maple_node *old = mas->node, *leaf = vms__mt_alloc(mas, ML_LEAF);
	struct ml_row row; /* an initializer would clear all of it */
	unsigned long form;

	if (unlikely(!leaf))
		return -ENOMEM;
	row.n = 0;
	row_push_slots(&row, &w->leaf, w->used & ((1u << w->lo) - 1));
	if (w->lo_min < w->first)
		row_push(&row, w->first - 1, w->lo_entry);
	row_push(&row, w->last, w->entry);
	if (w->last < w->hi_max)
		row_push(&row, w->hi_max, w->hi_entry);
	row_push_slots(&row, &w->leaf, w->used & ~((2u << w->hi) - 1));
	/*
	 * A leaf of pages into whose form all fits remains one; another may
	 * become one.
	 */
	form = ml_form_of(old) & (ML_FORM & ~ML_LEAF_BIT);
	if (!w->form_fits || form & (ML_WIDE_BIT | ML_BYTE_BIT))
		form = vms__mt_form_for(row.n, row.pivot, mas->min);
	vms__mt_fill_leaf(leaf, form, row.n, row.pivot, row.slot);
	if (mas->depth) {
		struct maple_node *parent = ml_step_node(mas->vms__.parent);

		ml_publish_slot(parent, ml_step_slot(mas->vms__.parent), ml_ref_in(parent, leaf));
	} else {
		ml_publish_root(mas->tree, ml_ref(leaf));
	}
	vms__mt_retire(mas->tree, old, ML_LEAF);
	mas->node = leaf;
	mas->vms__.version = ml_state(leaf);
	mas->offset = (unsigned char)ml_find_slot(leaf, w->first);
	ml_leaf_view(&w->leaf, leaf, mas->vms__.version, mas->min, mas->max);
	return 0;
}

unsigned long vms__mt_count_leaf(void)
{
	static _Atomic unsigned long leaves;

	/* Relaxed: it matters only that no two numbers are the same. */
	return atomic_fetch_add_explicit(&leaves, 1, memory_order_relaxed) + 1;
}
