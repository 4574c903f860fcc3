/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - the tables themselves: made on the way to a fault, freed when a
 * range is unmapped. handle_fault.c, zap.c, copy.c (fork) and protect.c write
 * the entries of the leaves.
 *
 * Locks: pgtable.h. MM_PGTABLES counts the tables below the tables at the top,
 *        which live as long as their mm, without vacated leaves.
 */
#include <errno.h>
#include <string.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/sync/objcache/objcache.h"

VMS__OBJCACHE_DEFINE(ptable_cache, "page table", sizeof(struct vms__ptable), VMS_CACHELINE, 0);

static bool line_is_empty(const struct vms__ptable *table, unsigned int line)
{
	unsigned long all = 0;

	for (unsigned int i = 0; i < VMS__PT_LINE; i++)
		all |= atomic_load_explicit(&table->entry[line * VMS__PT_LINE + i],
					    memory_order_relaxed);
	return !all;
}

/*
 * A table is empty when it is given back to its cache, and so when it is taken
 * again. New memory of a cache is zero, and the cache itself never writes to it
 * (objcache.h). Making a table of which a few entries are used therefore
 * touches only their cache lines. A cache that checks how its objects are used
 * does write to them.
 */
#define PTABLES_STAY_EMPTY (!VMS__OBJCACHE_CHECKED)

/* Looks at the entries in debug builds only. */
static inline void assert_empty(const struct vms__ptable *table)
{
#ifdef VMS_DEBUG
	for (unsigned int line = 0; line < VMS__PT_ENTRIES / VMS__PT_LINE; line++)
		VMS_ASSERT(line_is_empty(table, line));
#endif
	VMS_ASSERT(!table->used && !table->lines && !table->vacated);
}

static struct vms__ptable *ptable_alloc(void)
{
	struct vms__ptable *table = vms__objcache_alloc(&ptable_cache);

	if (table && !PTABLES_STAY_EMPTY)
		memset(table, 0, sizeof(*table));
	if (table)
		assert_empty(table);
	return table;
}

/* @table has no entry. Locks: none; no thread can reach it. */
static void ptable_free(struct vms__ptable *table)
{
	atomic_store_explicit(&table->lines, 0, memory_order_relaxed);
	atomic_store_explicit(&table->vacated, NULL, memory_order_relaxed);
	assert_empty(table);
	vms__objcache_free(&ptable_cache, table);
}

int vms__pgd_alloc(struct mm_struct *mm)
{
	bool high = mm->layout.task_size > VMS__PT_ADDRESSES;

	mm->pgd = ptable_alloc();
	if (!mm->pgd)
		return -ENOMEM;
	mm->pgd_high = high ? ptable_alloc() : NULL;
	if (!high || mm->pgd_high)
		return 0;
	ptable_free(mm->pgd);
	mm->pgd = NULL;
	return -ENOMEM;
}

/* The bits of the lines [first, stop). */
static unsigned long line_bits(unsigned int first, unsigned int stop)
{
	return first < stop ? ~0UL >> (VMS__PT_ENTRIES / VMS__PT_LINE - (stop - first)) << first
			    : 0;
}

void vms__pt_note_lines_of(struct vms__ptable *to, const struct vms__ptable *from,
			   unsigned int first, unsigned int stop)
{
	unsigned long bits =
		line_bits(first / VMS__PT_LINE, (stop + VMS__PT_LINE - 1) / VMS__PT_LINE);
	unsigned long lines = atomic_load_explicit(&to->lines, memory_order_relaxed);

	vms__lockdep_assert_held(&to->lock);
	vms__lockdep_assert_held(&from->lock);
	lines |= atomic_load_explicit(&from->lines, memory_order_relaxed) & bits;
	atomic_store_explicit(&to->lines, lines, memory_order_relaxed);
}

void vms__pt_forget_lines(struct vms__ptable *table, unsigned int first, unsigned int stop,
			  bool emptied)
{
	unsigned long lines = atomic_load_explicit(&table->lines, memory_order_relaxed);

	vms__lockdep_assert_held(&table->lock);
	if (!table->used)
		lines = 0;
	else if (emptied)
		lines &= ~line_bits((first + VMS__PT_LINE - 1) / VMS__PT_LINE, stop / VMS__PT_LINE);
	for (unsigned int line = first / VMS__PT_LINE; lines && line * VMS__PT_LINE < stop; line++)
		if ((lines >> line & 1) && line_is_empty(table, line))
			lines &= ~(1UL << line);
	atomic_store_explicit(&table->lines, lines, memory_order_relaxed);
}

/*
 * vms__pt_seek() under the table's lock. The caller sees every child that an
 * install() before the lock has put there. An install() that comes later sees
 * the caller's stores.
 */
static unsigned int seek_settled(struct vms__ptable *table, unsigned int index, unsigned int stop)
{
	vms__ptable_lock(table);
	index = vms__pt_seek(table, index, stop);
	vms__ptable_unlock(table);
	return index;
}

/*
 * One more than the index of the last entry that [addr, end) reaches in the
 * table of @level that covers @addr. The comparison is of last addresses,
 * because the end of the table may wrap to 0.
 */
static inline unsigned int index_stop(unsigned long addr, unsigned long end, unsigned int level)
{
	return end - 1 < vms__pt_next(addr, level + 1) - 1 ? vms__pt_index(end - 1, level) + 1
							   : VMS__PT_ENTRIES;
}

/*
 * Holes inside a table are passed in one step. If no further child follows in
 * it, the walk continues behind the table, from the top.
 */
static inline struct vms__ptable *leaf_next(const struct mm_struct *mm, unsigned long *addr,
					    unsigned long end, bool settled)
{
	while (*addr < end) {
		unsigned int level;
		struct vms__ptable *table = vms__pt_root(mm, *addr, &level), *child;

		for (; level > 0; level--, table = child) {
			unsigned int index = vms__pt_index(*addr, level),
				     shift = vms__pt_shift(level), stop, found;

			child = vms__ptable_child(table, index);
			if (child)
				continue;
			stop = index_stop(*addr, end, level);
			found = settled ? seek_settled(table, index, stop)
					: vms__pt_seek(table, index, stop);
			if (found == stop) {
				*addr = vms__pt_next(*addr, level + 1);
				break;
			}
			/*
			 * At @index itself a child may have been installed
			 * since the first look.
			 */
			if (found != index)
				*addr = (*addr >> shift << shift) +
					((unsigned long)(found - index) << shift);
			child = vms__ptable_child(table, found);
		}
		if (level == 0)
			return table;
	}
	return NULL;
}

struct vms__ptable *vms__leaf_next(const struct mm_struct *mm, unsigned long *addr,
				   unsigned long end)
{
	return leaf_next(mm, addr, end, false);
}

bool vms__has_tables(const struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mmap_assert_locked(mm);
	return leaf_next(mm, &start, end, false) != NULL;
}

struct vms__ptable *vms__leaf_next_settled(struct mm_struct *mm, unsigned long *addr,
					   unsigned long end)
{
	return leaf_next(mm, addr, end, true);
}

/* ---- growing ---- */

void vms__ptables_cancel(struct vms__ptable_batch *batch)
{
	while (batch->nr > 0)
		ptable_free(batch->table[--batch->nr]);
}

bool vms__ptables_prepare(const struct mm_struct *mm, unsigned long addr,
			  struct vms__ptable_batch *batch)
{
	unsigned int level;
	struct vms__ptable *table = vms__pt_root(mm, addr, &level);

	batch->nr = 0;
	for (; level > 0; level--) {
		table = vms__ptable_child(table, vms__pt_index(addr, level));
		if (!table)
			break;
	}
	while (batch->nr < level) {
		table = ptable_alloc();
		if (!table) {
			vms__ptables_cancel(batch);
			return false;
		}
		batch->table[batch->nr++] = table;
	}
	return true;
}

/*
 * Return: the child of @table at @index. It is a table of @batch, unless
 *         another thread has installed one first. The second look must come
 *         under the lock: otherwise two faults would install two tables, and
 *         the pages in one would be lost (test_race.c).
 */
static struct vms__ptable *install(struct mm_struct *mm, struct vms__ptable *table,
				   unsigned int index, struct vms__ptable_batch *batch)
{
	struct vms__ptable *child;

	vms__ptable_lock(table);
	child = vms__ptable_child(table, index);
	if (!child) {
		VMS_ASSERT(batch->nr > 0);
		child = batch->table[--batch->nr];
		vms__pt_note_line(table, index);
		/*
		 * Release: pairs with the acquire in vms__ptable_child(), so
		 * that a walker sees the table empty.
		 */
		atomic_store_explicit(&table->entry[index], (unsigned long)child,
				      memory_order_release);
		table->used++;
		vms__pcounter_add(mm->counters, MM_PGTABLES, 1);
	}
	vms__ptable_unlock(table);
	return child;
}

struct vms__ptable *vms__ptables_install(struct mm_struct *mm, unsigned long addr,
					 struct vms__ptable_batch *batch)
{
	unsigned int level;
	struct vms__ptable *table = vms__pt_root(mm, addr, &level);

	for (; level > 0; level--) {
		unsigned int index = vms__pt_index(addr, level);
		struct vms__ptable *child = vms__ptable_child(table, index);

		table = child ? child : install(mm, table, index, batch);
	}
	vms__ptables_cancel(batch);
	return table;
}

/* ---- shrinking ---- */

/*
 * Free @table of @level and all tables below it, which no thread can reach any
 * more. Return: how many of them MM_PGTABLES counts.
 */
static long free_subtree(struct vms__ptable *table, unsigned int level)
{
	/* A vacated leaf was subtracted from the count when it was vacated. */
	long freed = level > 0 || vms__leaf_counts(table);

	VMS_ASSERT(level > 0 || table->used == 0);
	for (unsigned int i = 0; table->used > 0; i++) {
		i = vms__pt_seek(table, i, VMS__PT_ENTRIES);
		freed += free_subtree(vms__ptable_child(table, i), level - 1);
		atomic_store_explicit(&table->entry[i], 0, memory_order_relaxed);
		table->used--;
	}
	ptable_free(table);
	return freed;
}

static void detach(struct vms__ptable *table, unsigned int index)
{
	vms__ptable_lock(table);
	/*
	 * Relaxed: no walker is here. A later install() sees the store because
	 * it takes the same lock.
	 */
	atomic_store_explicit(&table->entry[index], 0, memory_order_relaxed);
	table->used--;
	vms__pt_forget_lines(table, index, index + 1, true);
	vms__ptable_unlock(table);
}

/*
 * Free every subtree below @table of @level that [start, last] touches and that
 * lies in [floor, top]. @start and @last lie in @table. All bounds are
 * inclusive, so that the end of the address space does not wrap. Return: how
 * many tables MM_PGTABLES no longer counts.
 */
static long free_range(struct vms__ptable *table, unsigned int level, unsigned long start,
		       unsigned long last, unsigned long floor, unsigned long top)
{
	const unsigned int shift = vms__pt_shift(level), stop = vms__pt_index(last, level) + 1;
	/* The address at which the first entry that is touched begins. */
	const unsigned long base = start >> shift << shift;
	const unsigned int first = vms__pt_index(start, level);
	long freed = 0;

	for (unsigned int i = vms__pt_seek(table, first, stop); i < stop;
	     i = vms__pt_seek(table, i + 1, stop)) {
		unsigned long low = base + ((unsigned long)(i - first) << shift),
			      high = low + (1UL << shift) - 1;
		struct vms__ptable *child = vms__ptable_child(table, i);

		/*
		 * The subtree is detached before it is freed, so that a walk
		 * towards a neighbour, which shares @table, does not descend
		 * into freed memory.
		 */
		if (low >= floor && high <= top) {
			detach(table, i);
			freed += free_subtree(child, level - 1);
		} else if (level > 1) {
			freed += free_range(child, level - 1, start > low ? start : low,
					    last < high ? last : high, floor, top);
		}
	}
	return freed;
}

/* free_range() for both tables at the top. */
static long free_all_levels(struct mm_struct *mm, unsigned long start, unsigned long last,
			    unsigned long floor, unsigned long top)
{
	const unsigned long low_last = VMS__PT_ADDRESSES - 1;
	long freed = 0;

	if (start <= low_last)
		freed = free_range(mm->pgd, VMS__PT_TOP, start, last < low_last ? last : low_last,
				   floor, top);
	if (last > low_last)
		freed += free_range(mm->pgd_high, VMS__PT_TOP_HIGH,
				    start > low_last ? start : VMS__PT_ADDRESSES, last, floor, top);
	return freed;
}

void vms__free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling)
{
	mmap_assert_locked(mm);
	VMS_ASSERT(start < end && end <= (mm->pgd_high ? VMS_TASK_SIZE_MAX : VMS__PT_ADDRESSES) &&
		   floor <= start && end - 1 <= ceiling - 1);
#ifdef VMS_PLANT_FREE_PTABLE_EARLY
	/*
	 * The bug that the tests must catch: the first and the last leaf are
	 * freed although a neighbour's pages are mapped in them too.
	 */
	if (floor > start - start % (1UL << vms__pt_shift(1)))
		floor = start - start % (1UL << vms__pt_shift(1));
	if (ceiling - 1 < vms__pt_next(end - 1, 1) - 1)
		ceiling = vms__pt_next(end - 1, 1);
#endif
	vms__pcounter_add(mm->counters, MM_PGTABLES,
			  -free_all_levels(mm, start, end - 1, floor, ceiling - 1));
}

void vms__pgd_free(struct mm_struct *mm)
{
	/* The counter does not include the tables at the top. */
	vms__pcounter_add(mm->counters, MM_PGTABLES, 1 - free_subtree(mm->pgd, VMS__PT_TOP));
	if (mm->pgd_high)
		vms__pcounter_add(mm->counters, MM_PGTABLES,
				  1 - free_subtree(mm->pgd_high, VMS__PT_TOP_HIGH));
	mm->pgd = mm->pgd_high = NULL;
}
