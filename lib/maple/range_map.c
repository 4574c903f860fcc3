/* SPDX-License-Identifier: MIT */
/*
 * range_map.c - the calls of range_map.h. They use the tree's public calls
 * alone, and know nothing of nodes.
 *
 * A store that joins looks at both neighbours first and then makes one store
 * over all that is to be one range. So nothing needs to be undone if memory is
 * short, and no reader finds a gap where a range is joined.
 *
 * A search for an aligned gap asks the tree for one gap after the other. The
 * tree's bounds of gaps (gap.c) do not tell alignment, so a gap with room for
 * size indexes may lack an aligned place. The search then goes on at the next
 * aligned index behind that gap.
 *
 * Locks: vms_mt_* functions take RCU or ma_lock; the caller of a vms_mas_*
 * function holds the tree's lock.
 */
#include <vmastore/range_map.h>

#include <errno.h>

/* The reserved entries lie below this (xa_entry.h). */
#define RESERVED_END 4096ul

/*
 * Whether the calls without a cursor refuse @entry, as mtree_store_range()
 * does.
 */
static bool is_reserved(const void *entry)
{
	return xa_is_internal(entry) && (unsigned long)entry < RESERVED_END && !xa_is_zero(entry);
}

/* ---- stores that join ---- */

int vms_mas_join(struct ma_state *mas, void *entry)
{
	unsigned long first = mas->index, last = mas->last;
	struct ma_state at;

	if (first > last)
		return -EINVAL;
	if (entry) {
		mas_init(&at, mas->tree, first);
		/* Plain stores may have left several equal ranges in a row. */
		while (first) {
			mas_set(&at, first - 1);
			if (mas_walk(&at) != entry)
				break;
			first = at.index;
		}
		while (last != ULONG_MAX) {
			mas_set(&at, last + 1);
			if (mas_walk(&at) != entry)
				break;
			last = at.last;
		}
	}
	mas_set_range(mas, first, last);
	return 0;
}

int vms_mas_store_joined(struct ma_state *mas, void *entry, gfp_t gfp)
{
	unsigned long first = mas->index, last = mas->last;
	int err = vms_mas_join(mas, entry);

	if (!err) {
		err = mas_store_gfp(mas, entry, gfp);
		if (err)
			__mas_set_range(mas, first, last);
	}
	return err;
}

int vms_mt_store_joined(struct maple_tree *mt, unsigned long first, unsigned long last, void *entry,
			gfp_t gfp)
{
	struct ma_state mas;
	int err;

	if (is_reserved(entry))
		return -EINVAL;
	mas_init_range(&mas, mt, first, last);
	mtree_lock(mt);
	err = vms_mas_store_joined(&mas, entry, gfp);
	mtree_unlock(mt);
	return err;
}

/* ---- aligned gaps ---- */

/* What a search wants: @size free indexes; the first is @offset mod @align. */
struct wanted {
	unsigned long size, align, offset;
};

/*
 * Round *@index up to an aligned index. Return: false if none lies at or above
 * it, up to ULONG_MAX.
 */
static bool align_up(const struct wanted *w, unsigned long *index)
{
	unsigned long is = *index % w->align,
		      add = is <= w->offset ? w->offset - is : w->align - (is - w->offset);

	if (add > ULONG_MAX - *index)
		return false;
	*index += add;
	return true;
}

/*
 * Round *@index down to an aligned index. Return: false if none lies at or
 * below it.
 */
static bool align_down(const struct wanted *w, unsigned long *index)
{
	unsigned long is = *index % w->align,
		      less = is >= w->offset ? is - w->offset : w->align - (w->offset - is);

	if (less > *index)
		return false;
	*index -= less;
	return true;
}

/* Whether @size indexes from @index on end at @max or before it. */
static bool fits(const struct wanted *w, unsigned long index, unsigned long max)
{
	return index <= max && max - index >= w->size - 1;
}

/*
 * Put the cursor on the lowest aligned place in [@min, @max]. Return: 0;
 * -EBUSY.
 */
static int lowest(struct ma_state *mas, unsigned long min, unsigned long max,
		  const struct wanted *w)
{
	/* No place begins below this. */
	unsigned long at = min;

	while (align_up(w, &at) && fits(w, at, max) && mas_empty_area(mas, at, max, w->size) == 0) {
		at = mas->index;
		if (!align_up(w, &at))
			break;
		if (at == mas->index)
			return 0;
		/* index and last become the bounds of the whole gap. */
		mas_walk(mas);
		if (fits(w, at, mas->last < max ? mas->last : max)) {
			mas_set_range(mas, at, at + (w->size - 1));
			return 0;
		}
		if (mas->last >= max)
			break;
		at = mas->last + 1;
	}
	return -EBUSY;
}

/* lowest() from above. */
static int highest(struct ma_state *mas, unsigned long min, unsigned long max,
		   const struct wanted *w)
{
	/* No place begins above this. */
	unsigned long at = max - (w->size - 1);

	while (align_down(w, &at) && at >= min &&
	       mas_empty_area_rev(mas, min, at + (w->size - 1), w->size) == 0) {
		at = mas->index;
		if (!align_down(w, &at))
			break;
		if (at == mas->index)
			return 0;
		mas_walk(mas);
		/* The lower place cannot end too high, only begin too low. */
		if (at >= mas->index && at >= min) {
			mas_set_range(mas, at, at + (w->size - 1));
			return 0;
		}
		/* The next place has to end below this gap. */
		if (mas->index < w->size)
			break;
		at = mas->index - w->size;
	}
	return -EBUSY;
}

/* lowest() or highest(). */
typedef int (*search_fn)(struct ma_state *mas, unsigned long min, unsigned long max,
			 const struct wanted *w);

/* Check the arguments, search, and leave an error in the cursor. */
static int find_aligned(struct ma_state *mas, unsigned long min, unsigned long max,
			unsigned long size, unsigned long align, unsigned long offset,
			search_fn search)
{
	struct wanted w = {.size = size, .align = align};
	int err;

	if (!(vms_mt_flags(mas->tree) & MT_FLAGS_ALLOC_RANGE) || !size || !align || min > max ||
	    max - min < size - 1)
		return -EINVAL;
	w.offset = offset % align;
	err = search(mas, min, max, &w);
	if (err) {
		mas_reset(mas);
		mas->status = ma_error;
		mas->node = MA_ERROR(err);
	}
	return err;
}

int vms_mas_empty_area_aligned(struct ma_state *mas, unsigned long min, unsigned long max,
			       unsigned long size, unsigned long align, unsigned long offset)
{
	return find_aligned(mas, min, max, size, align, offset, lowest);
}

int vms_mas_empty_area_aligned_rev(struct ma_state *mas, unsigned long min, unsigned long max,
				   unsigned long size, unsigned long align, unsigned long offset)
{
	return find_aligned(mas, min, max, size, align, offset, highest);
}

/* Search and store under one hold of ma_lock. @search: lowest or highest. */
static int alloc_aligned(struct maple_tree *mt, unsigned long *startp, void *entry,
			 unsigned long size, unsigned long min, unsigned long max,
			 unsigned long align, unsigned long offset, gfp_t gfp, search_fn search)
{
	struct ma_state mas;
	unsigned long index;
	int err;

	if (is_reserved(entry))
		return -EINVAL;
	mas_init(&mas, mt, 0);
	mtree_lock(mt);
	err = find_aligned(&mas, min, max, size, align, offset, search);
	if (!err) {
		/* The store may change the cursor's index. */
		index = mas.index;
		err = mas_store_gfp(&mas, entry, gfp);
		if (!err)
			*startp = index;
	}
	mtree_unlock(mt);
	return err;
}

int vms_mt_alloc_aligned(struct maple_tree *mt, unsigned long *startp, void *entry,
			 unsigned long size, unsigned long min, unsigned long max,
			 unsigned long align, unsigned long offset, gfp_t gfp)
{
	return alloc_aligned(mt, startp, entry, size, min, max, align, offset, gfp, lowest);
}

int vms_mt_alloc_aligned_rev(struct maple_tree *mt, unsigned long *startp, void *entry,
			     unsigned long size, unsigned long min, unsigned long max,
			     unsigned long align, unsigned long offset, gfp_t gfp)
{
	return alloc_aligned(mt, startp, entry, size, min, max, align, offset, gfp, highest);
}

/* ---- an entry and its bounds ---- */

void *vms_mt_load_range(struct maple_tree *mt, unsigned long index, unsigned long *first,
			unsigned long *last)
{
	struct ma_state mas;
	void *entry;

	mas_init(&mas, mt, index);
	vms_rcu_read_lock();
	entry = mas_walk(&mas);
	vms_rcu_read_unlock();
	*first = mas.index;
	*last = mas.last;
	return entry;
}

/* ---- spans ---- */

/*
 * Whether [start, end) is a span that is not empty. An end of 0 means the index
 * after ULONG_MAX.
 */
static bool is_span(unsigned long start, unsigned long end)
{
	return start != end && start <= end - 1;
}

int vms_mt_store_span(struct maple_tree *mt, unsigned long start, unsigned long end, void *entry,
		      gfp_t gfp)
{
	return is_span(start, end) ? mtree_store_range(mt, start, end - 1, entry, gfp) : -EINVAL;
}

int vms_mt_store_joined_span(struct maple_tree *mt, unsigned long start, unsigned long end,
			     void *entry, gfp_t gfp)
{
	return is_span(start, end) ? vms_mt_store_joined(mt, start, end - 1, entry, gfp) : -EINVAL;
}

int vms_mt_erase_span(struct maple_tree *mt, unsigned long start, unsigned long end, gfp_t gfp)
{
	return vms_mt_store_span(mt, start, end, NULL, gfp);
}

void *vms_mt_load_span(struct maple_tree *mt, unsigned long index, unsigned long *start,
		       unsigned long *end)
{
	void *entry = vms_mt_load_range(mt, index, start, end);

	/* 0 after ULONG_MAX. */
	*end += 1;
	return entry;
}

void *vms_mt_find_span(struct maple_tree *mt, unsigned long index, unsigned long limit,
		       unsigned long *start, unsigned long *end)
{
	struct ma_state mas;
	void *entry;

	mas_init(&mas, mt, index);
	vms_rcu_read_lock();
	entry = mas_find(&mas, limit - 1);
	vms_rcu_read_unlock();
	if (entry) {
		*start = mas.index;
		*end = mas.last + 1;
	}
	return entry;
}
