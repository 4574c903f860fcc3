/* SPDX-License-Identifier: MIT */
/*
 * range_map.h - operations that a host's own map of ranges has and that Linux's
 * maple tree has no name for: a store that joins equal neighbours, a search for
 * an aligned gap, an entry together with its bounds, ranges written [start,
 * end), and entries that are integers of 64 bits. All of them work on the trees
 * and the cursors of maple_tree.h; a program may mix calls of both headers.
 *
 * docs/range-map.md leads from a red-black tree of ranges to this header, step
 * by step, and says what each call costs.
 *
 * May the row run concurrently with the column?
 *                                              read (RCU)  read (lock)  write
 *   vms_mt_load_range, _load_span, _find_span      -            -         -
 *   vms_mas_empty_area_aligned, _rev               -            -         X
 *   all others                                     -            X         X
 *     -  freely
 *     X  no: the tree's lock excludes one of them
 *
 * The lock, ordering, progress and errors are those of maple_tree.h. A function
 * that begins with vms_mt_ and writes takes ma_lock itself, and is not for
 * trees with an external lock; the caller of one that begins with vms_mas_
 * holds the lock. Reads return XA_ZERO_ENTRY as such, because a caller that got
 * NULL would take the place for free.
 *
 * A signal handler may call vms_mt_load_range(), vms_mt_load_span() and
 * vms_mt_find_span() where it may call mtree_load() (maple_tree.h), and nothing
 * else of this header.
 */
#ifndef VMASTORE_RANGE_MAP_H
#define VMASTORE_RANGE_MAP_H

#include <stdint.h>

#include <vmastore/compiler.h>
#include <vmastore/gfp.h>
#include <vmastore/maple_tree.h>

#include <vmastore/begin.h>

/* ---- stores that join ---------------------------------------------------- */

/**
 * vms_mt_store_joined() - mtree_store_range(), after which [first, last] and
 * the ranges that touch it and hold the same @entry are one range.
 *
 * Two entries are equal if they are the same pointer or the same integer; the
 * call does not look at objects. NULL clears, because gaps always join. If
 * stores that do not join have left several equal ranges in a row, all of them
 * join.
 *
 * RCU:    one store. A reader finds [first, last] as it was before or as it is
 *         after; at each index of a neighbour it finds @entry throughout.
 * Return: 0; -EINVAL (first > last, or a reserved entry other than
 *         XA_ZERO_ENTRY); -ENOMEM.
 */
VMS_API int vms_mt_store_joined(struct maple_tree *mt, unsigned long first, unsigned long last,
				void *entry, gfp_t gfp);

/**
 * vms_mas_join() - Widen [mas->index, mas->last] over the ranges that touch it
 * and hold @entry, to the range that vms_mas_store_joined() would store. @entry
 * NULL widens nothing.
 *
 * For callers that prepare a store which then cannot fail: the call comes
 * before mas_preallocate(). The cursor has no place afterwards; memory that it
 * has set aside stays.
 *
 * Locks:  the lock; held to write if the caller then stores.
 * Return: 0; -EINVAL (index > last), and the cursor is as it was.
 */
VMS_API int vms_mas_join(struct ma_state *mas, void *entry);

/**
 * vms_mas_store_joined() - mas_store_gfp() of the range that vms_mas_join()
 * makes of [mas->index, mas->last]. Like mas_store_gfp() it does not refuse
 * reserved entries.
 *
 * Locks:  the lock, to write.
 * Return: 0, and the cursor stands on the joined range, with index and last its
 *         bounds; -EINVAL (index > last); -ENOMEM, with mas_is_err(). After an
 *         error index and last are as they were.
 */
VMS_API int vms_mas_store_joined(struct ma_state *mas, void *entry, gfp_t gfp);

/* ---- aligned gaps -------------------------------------------------------- */

/**
 * vms_mas_empty_area_aligned() - The lowest place for @size indexes in a gap
 * inside [min, max] whose first index is @offset modulo @align.
 * @align:  any number except 0, a power of two or not.
 * @offset: only @offset % @align counts.
 *
 * The search is exact: it finds a place if there is one. It needs a tree with
 * MT_FLAGS_ALLOC_RANGE, because without that flag no node knows the gaps below
 * it.
 *
 * Locks:    the lock; held to write if the caller then stores there.
 * Progress: O(log n), and O(log n) more for each gap that has room for @size,
 *           but not from an aligned index on. The search skips gaps smaller
 *           than @size, and those between such a gap and the next aligned
 *           index.
 * Return: 0, and index and last are the place, ready to store; -EBUSY (no such
 *         place), with mas_is_err(); -EINVAL (no MT_FLAGS_ALLOC_RANGE, @size or
 *         @align 0, or a window smaller than @size), and the cursor is as it
 *         was.
 */
VMS_API int vms_mas_empty_area_aligned(struct ma_state *mas, unsigned long min, unsigned long max,
				       unsigned long size, unsigned long align,
				       unsigned long offset);
/**
 * vms_mas_empty_area_aligned_rev() - vms_mas_empty_area_aligned() for the
 * highest such place.
 */
VMS_API int vms_mas_empty_area_aligned_rev(struct ma_state *mas, unsigned long min,
					   unsigned long max, unsigned long size,
					   unsigned long align, unsigned long offset);

/**
 * vms_mt_alloc_aligned() - Store @entry at the place that
 * vms_mas_empty_area_aligned() finds.
 * @startp: becomes the place's first index; unchanged on failure.
 * @entry:  NULL stores nothing: the place is found, and stays free.
 *
 * Locks:  takes ma_lock for search and store together, so that no other
 *         allocation takes the same place.
 * Return: 0; -EBUSY; -EINVAL (also a reserved entry other than XA_ZERO_ENTRY);
 *         -ENOMEM.
 */
VMS_API int vms_mt_alloc_aligned(struct maple_tree *mt, unsigned long *startp, void *entry,
				 unsigned long size, unsigned long min, unsigned long max,
				 unsigned long align, unsigned long offset, gfp_t gfp);
/**
 * vms_mt_alloc_aligned_rev() - vms_mt_alloc_aligned() at the highest place.
 */
VMS_API int vms_mt_alloc_aligned_rev(struct maple_tree *mt, unsigned long *startp, void *entry,
				     unsigned long size, unsigned long min, unsigned long max,
				     unsigned long align, unsigned long offset, gfp_t gfp);

/* ---- an entry and its bounds --------------------------------------------- */

/**
 * vms_mt_load_range() - The entry at @index, and the range that holds it.
 * @first, @last: become the range's bounds, inclusive; for a gap, the gap's.
 *
 * Locks:  none; takes RCU itself. In a tree without MT_FLAGS_USE_RCU no writer
 *         may run meanwhile.
 * RCU:    @first <= @index <= @last always. Concurrently with a writer the
 *         entry is right for @index; the bounds may mix those before the write
 *         with those after it. A caller that needs them to match holds the
 *         lock.
 * Return: the entry, XA_ZERO_ENTRY as such; NULL for a gap.
 */
VMS_API void *vms_mt_load_range(struct maple_tree *mt, unsigned long index, unsigned long *first,
				unsigned long *last);

/* ---- spans: ranges written [start, end) ---------------------------------- */

/*
 * A span contains start and does not contain end. The span that ends with
 * ULONG_MAX has end 0, which is the sum start + length. A span with start ==
 * end is empty, [0, 0) too, because a host that clears nothing at address 0
 * must not clear everything. So no argument can say "all indexes";
 * mtree_store_range(mt, 0, ULONG_MAX, ...) stores there. In an answer, [0, 0)
 * is the range of all indexes, because a range is never empty.
 *
 * Under an external lock, mas_set_range(mas, start, end - 1) sets a cursor to a
 * span that is not empty.
 */

/**
 * vms_mt_store_span() - mtree_store_range() of [start, end): from now on the
 * span holds @entry, as a range of its own.
 *
 * Return: 0; -EINVAL (an empty span, start > end unless end is 0, or a reserved
 *         entry other than XA_ZERO_ENTRY); -ENOMEM.
 */
VMS_API int vms_mt_store_span(struct maple_tree *mt, unsigned long start, unsigned long end,
			      void *entry, gfp_t gfp);
/**
 * vms_mt_store_joined_span() - vms_mt_store_joined() of [start, end).
 *
 * Return: as vms_mt_store_span().
 */
VMS_API int vms_mt_store_joined_span(struct maple_tree *mt, unsigned long start, unsigned long end,
				     void *entry, gfp_t gfp);
/**
 * vms_mt_erase_span() - Clear [start, end). Ranges that cross its ends are cut;
 * one that contains all of it becomes two.
 *
 * Return: 0, also if nothing was there; -EINVAL (an empty span, or start > end
 *         unless end is 0); -ENOMEM, because a cut can need a node.
 */
VMS_API int vms_mt_erase_span(struct maple_tree *mt, unsigned long start, unsigned long end,
			      gfp_t gfp);
/**
 * vms_mt_load_span() - vms_mt_load_range() with the bounds as a span.
 * @start, @end: become the bounds of the range or gap that holds @index.
 */
VMS_API void *vms_mt_load_span(struct maple_tree *mt, unsigned long index, unsigned long *start,
			       unsigned long *end);
/**
 * vms_mt_find_span() - The first entry at or after @index whose span starts
 * before @limit.
 * @limit:       0: there is no limit.
 * @start, @end: become the whole span of that entry, which may start before
 *               @index and end after @limit; unchanged if there is none.
 *
 * Locks:  as vms_mt_load_range().
 * Return: the entry, XA_ZERO_ENTRY as such; NULL: there is none, or @index is
 *         at or after @limit.
 */
VMS_API void *vms_mt_find_span(struct maple_tree *mt, unsigned long index, unsigned long limit,
			       unsigned long *start, unsigned long *end);

/*
 * Iterates over each entry from the variable @start on whose span starts before
 * @limit, in order, with its span in the variables @start and @end. Each step
 * is a read section of its own, so that the body may wait, and may write to the
 * tree.
 */
#define vms_mt_for_each_span(mt, entry, start, end, limit)                                         \
	for (vms_assign(entry, vms_mt_find_span((mt), (start), (limit), &(start), &(end)));        \
	     (entry);                                                                              \
	     vms_assign(entry,                                                                     \
			(end) ? vms_mt_find_span((mt), (end), (limit), &(start), &(end)) : NULL))

/* ---- integers of 64 bits ------------------------------------------------- */

/*
 * xa_mk_value() takes 63 bits. A tree's entry can be every word of 64 bits
 * except for NULL and the reserved 2, 6, ... 4094, and all of these lie below
 * 4096. So a host whose integers never lie in one aligned block of 4096 numbers
 * exchanges that block for the numbers below 4096. The tree then stores all
 * other integers, whatever bits they have, as they are: without an object, and
 * equal integers join.
 *
 * A host that cannot name such a block stores a pointer to each different value
 * instead; docs/range-map.md has the code.
 */

/**
 * vms_mt_mk_word() - The entry that stands for the integer @value.
 * @unused: a multiple of 4096, and the same in all calls for one tree. No value
 *          that is stored in the tree lies in [@unused, @unused + 4095].
 */
static inline void *vms_mt_mk_word(uint64_t value, uint64_t unused)
{
	return (void *)(value ^ unused);
}
/**
 * vms_mt_to_word() - The integer that vms_mt_mk_word() made @entry of. For
 * NULL, a gap, it is @unused itself, which no entry stands for.
 */
static inline uint64_t vms_mt_to_word(const void *entry, uint64_t unused)
{
	return (uint64_t)entry ^ unused;
}

#include <vmastore/end.h>

#endif
