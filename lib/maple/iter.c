/* SPDX-License-Identifier: MIT */
/*
 * iter.c - the read side of a cursor: mas_walk(), and the steps to the next and
 * the previous range, of which all else is made.
 *
 * A step stays in the leaf if it can. Otherwise it goes to the neighbouring
 * leaf by way of their parent. The cursor accepts what it has read only if the
 * leaf's state has not changed since it arrived there or, for a neighbour, if
 * the parent is alive, because then the parent's child was the current one. If
 * neither holds, or the parent has no further child, the cursor goes down from
 * the root to the index that it is after. A cursor's own index or last bounds
 * what a step reports, so that an iteration is ordered whatever was stored
 * meanwhile.
 *
 * Locks: RCU or the tree's lock.
 */
#include "lib/maple/debug.h"
#include "lib/maple/internal.h"

void *vms__mt_descend_root(struct ma_state *mas, unsigned long key, void *root)
{
	bool found = root && !key;

	mas->status = found ? ma_root : ma_none;
	mas->index = root && key ? 1 : 0;
	mas->last = found ? 0 : ULONG_MAX;
	mas->node = NULL;
	vms__mas_moved(mas);
	mas->depth = 0;
	return found ? root : NULL;
}

/*
 * ml_descend() to index 0, which is in the first slot of each node on the way:
 * nothing is searched for.
 */
static void *descend_first(struct ma_state *mas)
{
	struct maple_node *node;
	unsigned long state, pivot;
	struct ml_leaf l;
	void *ref, *entry;

	do {
		ref = ml_root(mas->tree);
		if (unlikely(!ml_is_node(ref)))
			return ml_descend(mas, 0);
		mas->depth = 0;
		mas->max = ULONG_MAX;
		while (!ml_is_leaf(ref)) {
			node = ml_node(ref);
			mas->depth++;
			ml_set_parent(mas, node, 0);
			pivot = ml_pivot(node, 0);
			mas->max = pivot < mas->max ? pivot : mas->max;
			ref = ml_slot(node, 0);
		}
		node = ml_node(ref);
		do {
			state = ml_state(node);
			ml_leaf_view(&l, node, state, 0, mas->max);
			mas->last = ml_leaf_max(&l, 0);
			entry = ml_leaf_slot(&l, 0);
		} while (unlikely(ml_state(node) != state));
	} while (unlikely(state & ML_DEAD));
	mas->index = mas->min = 0;
	mas->node = node;
	mas->vms__.version = state;
	mas->offset = 0;
	vms__mas_moved(mas);
	mas->status = ma_active;
	return entry;
}

static inline void *descend_from_index(struct ma_state *mas)
{
	return mas->index ? ml_descend(mas, mas->index) : descend_first(mas);
}

/*
 * Go down from the root in the middle of an iteration. The tree may have lost
 * its nodes meanwhile, which is no reason to stop.
 */
static void *rewalk(struct ma_state *mas, unsigned long key)
{
	void *entry = ml_descend(mas, key);

	mas->status = ma_active;
	return entry;
}

/*
 * An iteration reports no index twice. So the range that rewalk_next() reports
 * begins with @key, and that of rewalk_prev() ends with it, even if the range
 * in the tree has grown meanwhile. Then the cursor keeps its range and no
 * place, because a step back must lead to the rest of that range and not to
 * another slot.
 */
static void *rewalk_next(struct ma_state *mas, unsigned long key)
{
	void *entry = rewalk(mas, key);

	if (mas->index != key) {
		mas->index = key;
		mas->node = NULL;
	}
	return entry;
}

static void *rewalk_prev(struct ma_state *mas, unsigned long key)
{
	void *entry = rewalk(mas, key);

	if (mas->last != key) {
		mas->last = key;
		mas->node = NULL;
	}
	return entry;
}

/*
 * Move to the child @slot of the cursor's parent, which spans [@min, @max].
 * False: the child or the parent is dead, or the child is being changed.
 */
static bool to_sibling(struct ma_state *mas, unsigned int slot, unsigned long min,
		       unsigned long max)
{
	struct maple_node *parent = ml_step_node(mas->vms__.parent),
			  *leaf = ml_node(ml_slot(parent, slot));

	/* If it is alive after the load, its child was the current one. */
	if (ml_state(parent) & ML_DEAD)
		return false;
	ml_set_parent(mas, parent, slot);
	mas->node = leaf;
	mas->vms__.version = ml_state(leaf);
	mas->min = min;
	mas->max = max;
	return !(mas->vms__.version & ML_DEAD) && vms__mt_isa->enter(mas);
}

/*
 * Move to the leaf after the cursor's own, or before it. False: the caller must
 * walk from the root. A parent knows neither where its first child begins nor
 * where its last child ends, unless it is the root, and it does not lead to its
 * neighbours. So an iteration walks from the root about twice for each parent.
 */
static bool next_leaf(struct ma_state *mas)
{
	unsigned long max;
	unsigned int slot;

	if (!mas->depth || mas->max == ULONG_MAX)
		return false;
	slot = ml_step_slot(mas->vms__.parent) + 1;
	max = ml_pivot(ml_step_node(mas->vms__.parent), slot);
	if (max == ULONG_MAX && mas->depth > 1)
		return false;
	return to_sibling(mas, slot, mas->max + 1, max);
}

static bool prev_leaf(struct ma_state *mas)
{
	unsigned long min;
	unsigned int slot;

	if (!mas->depth || !mas->min)
		return false;
	slot = ml_step_slot(mas->vms__.parent);
	if (slot < 2 && mas->depth > 1)
		return false;
	min = slot > 1 ? ml_pivot(ml_step_node(mas->vms__.parent), slot - 2) + 1 : 0;
	return to_sibling(mas, slot - 1, min, mas->min - 1);
}

/*
 * Make sure that the cursor has looked at its leaf. False: it has none, or the
 * leaf has changed.
 */
static inline bool entered(struct ma_state *mas)
{
	return ml_has_looked(mas) || (mas->node && vms__mt_isa->enter(mas));
}

/*
 * Move to the slot @i of the leaf that the cursor has looked at. False: the
 * leaf has changed.
 */
static inline bool take(struct ma_state *mas, unsigned int i, void **entry)
{
	unsigned long index, last;
	struct ml_leaf l;

	ml_leaf_view(&l, mas->node, mas->vms__.version, mas->min, mas->max);
	index = ml_leaf_min(&l, i);
	last = ml_leaf_max(&l, i);
	*entry = ml_leaf_slot(&l, i);
	if (unlikely(ml_state(mas->node) != mas->vms__.version))
		return false;
	ml_at_slot(mas, i, index, last);
	return true;
}

/*
 * A first step within a leaf looks only at the slots next to the cursor's, so
 * that a caller that wants one neighbour does not pay for the whole leaf. Each
 * of the two functions answers for @key as a search would. False: the leaf ends
 * there or has changed, or the step is not the first.
 */
static bool first_step_next(struct ma_state *mas, unsigned long key, void **entry)
{
	unsigned int i = mas->offset;
	struct ml_leaf l;
	unsigned long last;

	if (mas->vms__.used || mas->vms__.full || !mas->node || mas->last >= mas->max)
		return false;
	ml_leaf_view(&l, mas->node, mas->vms__.version, mas->min, mas->max);
	if (i >= l.keys)
		return false;
	do
		last = ml_leaf_max(&l, ++i);
	while (last < key && i < l.keys);
	*entry = ml_leaf_slot(&l, i);
	if (unlikely(last < key || mas->vms__.version & ML_BUSY ||
		     ml_state(mas->node) != mas->vms__.version))
		return false;
	vms__mas_moved(mas);
	mas->vms__.full = 1; /* the first step, of a leaf that it has not looked at */
	mas->offset = (unsigned char)i;
	mas->index = key;
	mas->last = last;
	return true;
}

static bool first_step_prev(struct ma_state *mas, unsigned long key, void **entry)
{
	unsigned int i = mas->offset;
	struct ml_leaf l;
	unsigned long index;

	if (mas->vms__.used || mas->vms__.full || !mas->node || mas->index <= mas->min || !i)
		return false;
	ml_leaf_view(&l, mas->node, mas->vms__.version, mas->min, mas->max);
	do
		index = ml_leaf_min(&l, --i);
	while (index > key && i);
	*entry = ml_leaf_slot(&l, i);
	if (unlikely(index > key || mas->vms__.version & ML_BUSY ||
		     ml_state(mas->node) != mas->vms__.version))
		return false;
	vms__mas_moved(mas);
	mas->vms__.full = 1; /* the first step, of a leaf that it has not looked at */
	mas->offset = (unsigned char)i;
	mas->index = index;
	mas->last = key;
	return true;
}

/*
 * rewalk_next() where one leaf ends, and an iteration goes on in another: it
 * looks at that one as a whole.
 */
static void *rewalk_to_leaf(struct ma_state *mas, unsigned long key)
{
	void *entry = rewalk_next(mas, key);

	if (mas->node && vms__mt_isa->enter(mas))
		ml_set_ahead(mas);
	return entry;
}

/*
 * Move to the range after mas->last, which is not ULONG_MAX. Returns its entry.
 */
static void *step_next(struct ma_state *mas)
{
	unsigned long key = mas->last + 1;
	unsigned int ahead, slot = 0;
	void *entry;

	if (first_step_next(mas, key, &entry))
		return entry;
	if (unlikely(!entered(mas)))
		return rewalk_next(mas, key);
	/* A bit of used for each slot of the leaf that is not empty. */
	ahead = mas->vms__.used & (~1u << mas->offset);
	if (ahead)
		slot = (unsigned int)__builtin_ctz(ahead);
	else if (unlikely(!next_leaf(mas)))
		return rewalk_to_leaf(mas, key);
	return likely(take(mas, slot, &entry)) ? entry : rewalk_next(mas, key);
}

/* Move to the range before mas->index, which is not 0. Returns its entry. */
static void *step_prev(struct ma_state *mas)
{
	unsigned long key = mas->index - 1;
	unsigned int behind;
	void *entry;

	if (first_step_prev(mas, key, &entry))
		return entry;
	if (unlikely(!entered(mas)))
		return rewalk_prev(mas, key);
	/* The last slot below the cursor's, or that of the leaf before. */
	behind = mas->vms__.used & ((1u << mas->offset) - 1);
	if (!behind) {
		if (unlikely(!prev_leaf(mas)))
			return rewalk_prev(mas, key);
		behind = mas->vms__.used;
	}
	return likely(take(mas, 31 - (unsigned int)__builtin_clz(behind), &entry))
		       ? entry
		       : rewalk_prev(mas, key);
}

/*
 * Stop the cursor at a limit. It forgets what its leaf looked like, so that
 * only an active cursor steps on in a leaf.
 */
static void *stop(struct ma_state *mas, enum maple_status status)
{
	mas->status = status;
	vms__mas_moved(mas);
	return NULL;
}

/*
 * The next entry, or with @gaps the next range, that begins at or before @max.
 */
static inline void *next_slot(struct ma_state *mas, unsigned long max, bool gaps)
{
	void *entry;

	do {
		if (mas->last >= max)
			return stop(mas, ma_overflow);
		entry = step_next(mas);
	} while (!entry && !gaps);
	return entry;
}

static void *prev_slot(struct ma_state *mas, unsigned long min, bool gaps)
{
	void *entry;

	do {
		if (mas->index <= min)
			return stop(mas, ma_underflow);
		entry = step_prev(mas);
	} while (!entry && !gaps);
	return entry;
}

void *mas_walk(struct ma_state *mas)
{
	ml_assert_fresh(mas);
	return ml_descend(mas, mas->index);
}

/*
 * mas_next(), or with @gaps mas_next_range(). Each state says in another way
 * where the cursor stands: docs/maple-api.md has a table of the answers.
 */
static void *next(struct ma_state *mas, unsigned long max, bool gaps)
{
	void *entry;

	ml_assert_fresh(mas);
	if (mas->last >= max)
		return stop(mas, ma_overflow);
	switch (mas->status) {
	case ma_pause: /* go on behind the whole range, which may be several ranges by now */
		ml_descend(mas, mas->last);
		break;
	case ma_none:
	case ma_start:
		ml_descend(mas, mas->index);
		break;
	case ma_underflow: /* stands before the first range within the limits: that is next */
		entry = mas_walk(mas);
		if (entry)
			return entry;
		break;
	case ma_overflow: /* the limit has moved */
		mas->status = ma_active;
		break;
	case ma_error:
		return NULL;
	case ma_active:
	case ma_root:
		break;
	}
	/* Behind index 0 a tree without nodes has one gap. */
	if (mas->status == ma_root) {
		mas->index = 1;
		mas->last = ULONG_MAX;
		mas->status = ma_none;
	}
	return mas->status == ma_none ? NULL : next_slot(mas, max, gaps);
}

void *vms_mas_next_call(struct ma_state *mas, unsigned long max)
{
	return next(mas, max, false);
}

void *mas_next_range(struct ma_state *mas, unsigned long max)
{
	return next(mas, max, true);
}

/* next() downwards: mas_prev(), or with @gaps mas_prev_range(). */
static void *prev(struct ma_state *mas, unsigned long min, bool gaps)
{
	void *entry;

	ml_assert_fresh(mas);
	if (mas->index <= min)
		return stop(mas, ma_underflow);
	switch (mas->status) {
	case ma_none:
	case ma_pause:
	case ma_start:
		ml_descend(mas, mas->index);
		break;
	case ma_overflow: /* stands after the last range within the limits: that is previous */
		entry = mas_walk(mas);
		if (entry)
			return entry;
		break;
	case ma_underflow: /* the limit has moved */
		mas->status = ma_active;
		break;
	case ma_error:
		return NULL;
	case ma_active:
	case ma_root:
		break;
	}
	if (mas->status == ma_none) {
		/* A tree without nodes holds index 0 at most. */
		if (mas->index && min)
			return stop(mas, ma_underflow);
		return mas->index ? ml_descend(mas, 0) : NULL;
	}
	if (mas->status == ma_root) {
		mas->status = ma_none;
		return NULL;
	}
	return prev_slot(mas, min, gaps);
}

void *mas_prev(struct ma_state *mas, unsigned long min)
{
	return prev(mas, min, false);
}

void *mas_prev_range(struct ma_state *mas, unsigned long min)
{
	return prev(mas, min, true);
}

/*
 * Begin mas_find() or mas_find_range(), according to where the last call left
 * the cursor. True: *entry is the answer. False: the answer is in a later
 * range.
 */
static bool find_begin(struct ma_state *mas, unsigned long max, void **entry)
{
	*entry = NULL;
	switch (mas->status) {
	case ma_active:
		return mas->last >= max;
	case ma_pause:
		if (mas->last >= max)
			return true;
		mas->index = ++mas->last;
		break;
	case ma_none:
		if (mas->last >= max)
			return true;
		mas->index = mas->last;
		break;
	case ma_underflow: /* stands before what is wanted */
		if (mas->index >= max) {
			mas->status = ma_overflow;
			return true;
		}
		break;
	case ma_overflow:
		if (mas->last >= max)
			return true;
		break;
	case ma_error:
		return true;
	case ma_start:
		break;
	case ma_root:
		mas->index = 1;
		mas->last = ULONG_MAX;
		mas->status = ma_none;
		return true;
	}
	if (mas->index > max)
		return true;
	*entry = descend_from_index(mas);
	return *entry || mas->status != ma_active || mas->index == max;
}

void *vms_mas_find_call(struct ma_state *mas, unsigned long max)
{
	void *entry;

	ml_assert_fresh(mas);
	if (likely(mas->status == ma_active)) {
		if (mas->last >= max)
			return NULL;
	} else if (find_begin(mas, max, &entry)) {
		return entry;
	}
	entry = vms__mt_isa->next_entry(mas, max);
	if (likely(entry))
		return entry;
	entry = next_slot(mas, max, false);
	/* At the limit, too, so that a loop may go on with a higher one. */
	mas->status = ma_active;
	return entry;
}

/* Whether mas_find() has no more to report, and leaves the cursor as it is. */
static inline bool find_ended(const struct ma_state *mas, unsigned long max)
{
	return mas->status == ma_active && mas->last >= max;
}

unsigned int vms_mas_batch(struct ma_state *mas, unsigned long max, struct vms_mt_range *out,
			   unsigned int n)
{
	unsigned int got = 0;
	void *entry;

	ml_assert_fresh(mas);
	if (mas->status == ma_start && mas->index <= max && n) {
		entry = descend_from_index(mas);
		if (entry)
			out[got++] = (struct vms_mt_range){mas->index, mas->last, entry};
	}
	while (got < n && !find_ended(mas, max)) {
		got += vms__mt_isa->batch(mas, max, out + got, n - got);
		if (got == n || find_ended(mas, max))
			break;
		/* The batch ended early: mas_find() knows all cases. */
		entry = mas_find(mas, max);
		if (!entry)
			break;
		out[got++] = (struct vms_mt_range){mas->index, mas->last, entry};
	}
	return got;
}

void *mas_find_range(struct ma_state *mas, unsigned long max)
{
	void *entry;

	ml_assert_fresh(mas);
	return find_begin(mas, max, &entry) ? entry : next_slot(mas, max, true);
}

/* find_begin() for mas_find_rev() and mas_find_range_rev(). */
static bool find_rev_begin(struct ma_state *mas, unsigned long min, void **entry)
{
	ml_assert_fresh(mas);
	*entry = NULL;
	switch (mas->status) {
	case ma_active:
		return mas->index < min;
	case ma_pause:
		if (mas->index <= min) {
			mas->status = ma_underflow;
			return true;
		}
		mas->last = --mas->index;
		break;
	case ma_none:
		if (mas->index <= min)
			return true;
		mas->last = mas->index;
		break;
	case ma_overflow: /* stands after what is wanted */
		if (mas->index <= min) {
			mas->status = ma_underflow;
			return true;
		}
		mas->status = ma_active;
		return false;
	case ma_underflow:
		if (mas->index <= min)
			return true;
		mas->status = ma_active;
		return false;
	case ma_error:
		return true;
	case ma_start:
		break;
	case ma_root:
		mas->status = ma_none;
		return true;
	}
	if (mas->index < min)
		return true;
	*entry = ml_descend(mas, mas->index);
	if (*entry)
		return true;
	if (mas->status == ma_none) {
		if (mas->index && !min)
			*entry = ml_descend(mas, 0);
		return true;
	}
	return mas->index < min;
}

void *mas_find_rev(struct ma_state *mas, unsigned long min)
{
	void *entry;

	return find_rev_begin(mas, min, &entry) ? entry : prev_slot(mas, min, false);
}

void *mas_find_range_rev(struct ma_state *mas, unsigned long min)
{
	void *entry;

	return find_rev_begin(mas, min, &entry) ? entry : prev_slot(mas, min, true);
}
