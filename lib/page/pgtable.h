/* SPDX-License-Identifier: MIT */
/*
 * pgtable.h - the page table of an mm: four or five levels of 512 entries, as
 * on x86-64, walked without a lock.
 *
 *   level  an entry spans  table
 *   4      256 TiB         mm->pgd_high, in an mm with addresses from 2^48 on;
 *                          its first entry stays 0
 *   3      512 GiB         mm->pgd, for addresses below 2^48
 *   2      1 GiB
 *   1      2 MiB
 *   0      a page          a leaf
 *
 * An entry of a leaf is VMS__PTE_* bits and the address of a struct page, or 0.
 * Any other entry is the address of a table of the level below, or 0.
 *
 * Which lock guards what:
 *   an entry       read: every thread that may walk there, atomically. write:
 *                  the lock of its table, except that YOUNG and DIRTY of an
 *                  entry in use are written without it, as by a processor:
 *                  vms__pte_use()
 *   used           the lock of its table
 *   lines          write: the lock of its table. read: every thread that may
 *                  walk there, atomically
 *   vacated        write: the lock of its table. read: any thread, atomically
 *   the page of    the leaf's lock; without it the page may be unmapped and
 *   a leaf entry   freed at any moment
 *
 * A thread may walk to an address if it holds mmap_lock, or the lock of the VMA
 * that covers the address. A reverse-map walker that found this VMA in a list
 * may walk there while it holds the lock of the list (rmap/rmap.h, i_mmap.h).
 *
 * A table is freed only when no VMA is left in all that the table spans, the
 * readers of those VMAs have left, and the VMAs are out of the lists
 * (vms__free_pgtables()). No walker can be on the table then, so tables need no
 * grace period. A walk towards a neighbour shares upper tables with the freed
 * range, never the freed ones. A table that is freed too early takes a
 * neighbour's pages with it (VMS_PLANT_FREE_PTABLE_EARLY).
 *
 * Read next: pgtable.c, handle_fault.c.
 */
#ifndef VMS_PAGE_PGTABLE_H
#define VMS_PAGE_PGTABLE_H

#include "lib/engine/vma.h"
#include "lib/page/struct_page.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/pcounter.h"
#include "lib/sync/spinlock.h"

#define VMS__PT_ENTRIES 512u
#define VMS__PT_LINE 8u               /* entries in a cache line */
#define VMS__PT_TOP 3u                /* level of mm->pgd */
#define VMS__PT_ADDRESSES (1UL << 48) /* that mm->pgd maps */
#define VMS__PT_TOP_HIGH 4u           /* level of pgd_high: the rest, to VMS_TASK_SIZE_MAX */

#define VMS__PTE_PRESENT 1UL
#define VMS__PTE_WRITE 2UL
#define VMS__PTE_ZERO 4UL   /* the shared zero page: no struct page, not counted */
#define VMS__PTE_GUARD 8UL  /* not present: a touch is SIGSEGV (guard.c) */
#define VMS__PTE_YOUNG 16UL /* used since it was made, or since fork copied it */
#define VMS__PTE_DIRTY 32UL /* written through */
#define VMS__PTE_BITS (VMS_CACHELINE - 1UL)

/*
 * The bug that the tests must catch: an entry is changed by a load and a store,
 * and a note that an access makes in between is lost.
 */
#ifdef VMS_PLANT_PTE_STORE
#define VMS__PTE_STORES_LOSE_NOTES 1
#else
#define VMS__PTE_STORES_LOSE_NOTES 0
#endif

struct vms__ptable {
	_Atomic unsigned int lock; /* vms__spinlock word */
	unsigned int used;         /* entries other than 0 */
	/*
	 * Not NULL for an empty leaf that a fault and MM_PGTABLES must take for
	 * a missing table. It points to the mm's counters, so that the next
	 * entry can count the table again.
	 */
	struct vms__pcounter *_Atomic vacated;
	/*
	 * A bit for each cache line of entry[], 0 only if the line has no
	 * entry. A walk passes over such lines in one step. An empty table
	 * notes no line.
	 */
	_Atomic unsigned long lines;
	_Atomic unsigned long entry[VMS__PT_ENTRIES] vms_cacheline_aligned;
};

static inline unsigned int vms__pt_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * level;
}

static inline unsigned int vms__pt_index(unsigned long addr, unsigned int level)
{
	return (addr >> vms__pt_shift(level)) & (VMS__PT_ENTRIES - 1);
}

/* First address after what the entry for @addr spans at @level. */
static inline unsigned long vms__pt_next(unsigned long addr, unsigned int level)
{
	return (addr | ((1UL << vms__pt_shift(level)) - 1)) + 1;
}

/* End of the part of [addr, end) that lies in the leaf of @addr. */
static inline unsigned long vms__leaf_end(unsigned long addr, unsigned long end)
{
	unsigned long next = vms__pt_next(addr, 1);

	return next < end ? next : end;
}

/* One more than the last index of [addr, end) in the leaf of @addr. */
static inline unsigned int vms__pt_leaf_stop(unsigned long addr, unsigned long end)
{
	return vms__pt_index(vms__leaf_end(addr, end) - 1, 0) + 1;
}

/* ---- locks ---- */

static inline void vms__ptable_lock(struct vms__ptable *table)
{
	vms__lockdep_acquire(VMS__RANK_PTL, &table->lock, "page table");
	vms__spin_lock(&table->lock);
}

/*
 * A second leaf: the child's after the parent's (fork), the new place's after
 * the old one's (mremap). Only a holder of mmap_lock W takes two, so no two
 * threads take the same two in different orders.
 */
static inline void vms__ptable_lock_nested(struct vms__ptable *table)
{
	vms__lockdep_acquire_nested(VMS__RANK_PTL, &table->lock, "page table of the child");
	vms__spin_lock(&table->lock);
}

static inline void vms__ptable_unlock(struct vms__ptable *table)
{
	vms__lockdep_release(&table->lock);
	vms__spin_unlock(&table->lock);
}

/* ---- which entries there are ---- */

/*
 * Note that the table gets an entry at @index. The caller stores the entry
 * afterwards. Relaxed: a thread that must not miss the entry takes the table's
 * lock, or is ordered behind its holder by another lock, and so sees this store
 * or a later one. A later one leaves out no line that holds an entry. Locks:
 * the table's.
 */
static inline void vms__pt_note_line(struct vms__ptable *table, unsigned int index)
{
	unsigned long lines = atomic_load_explicit(&table->lines, memory_order_relaxed);

	atomic_store_explicit(&table->lines, lines | 1UL << index / VMS__PT_LINE,
			      memory_order_relaxed);
}

/*
 * Note in @to the lines of [first, stop) that @from notes: vms__pt_note_line()
 * for all entries that are about to be copied. Locks: those of both.
 */
void vms__pt_note_lines_of(struct vms__ptable *to, const struct vms__ptable *from,
			   unsigned int first, unsigned int stop);

/*
 * Entries of [first, stop) were removed: take back the notes of lines that have
 * no entry any more. A caller that removes an entry calls this before it
 * unlocks the table.
 * @emptied: the caller left no entry in the range, so that only lines that
 *           reach beyond it must be checked. Locks: the table's.
 */
void vms__pt_forget_lines(struct vms__ptable *table, unsigned int first, unsigned int stop,
			  bool emptied);

/*
 * The first index of [index, stop) with an entry, or @stop. Without the table's
 * lock the answer may be old at once. Relaxed: see vms__pt_note_line(); a
 * caller that follows the entry loads it again.
 */
static inline unsigned int vms__pt_seek(const struct vms__ptable *table, unsigned int index,
					unsigned int stop)
{
	for (; index < stop; index++) {
		unsigned long lines;

		if (atomic_load_explicit(&table->entry[index], memory_order_relaxed))
			return index;
		lines = atomic_load_explicit(&table->lines, memory_order_relaxed) >>
			index / VMS__PT_LINE;
		if (!lines)
			break;
		if (!(lines & 1))
			index = (index / VMS__PT_LINE + (unsigned int)__builtin_ctzl(lines)) *
					VMS__PT_LINE -
				1;
	}
	return stop;
}

/*
 * For a loop that looks at each index itself, which is faster than
 * vms__pt_seek() where most entries are used. @index, below @stop, has no
 * entry. Return: an index of [index, stop) up to which no index has one. Order:
 * as for vms__pt_seek().
 */
static inline unsigned int vms__pt_skip(const struct vms__ptable *table, unsigned int index,
					unsigned int stop)
{
	unsigned int line = index / VMS__PT_LINE, next;
	unsigned long lines = atomic_load_explicit(&table->lines, memory_order_relaxed) >> line;

	if (lines & 1)
		return index;
	next = lines ? (line + (unsigned int)__builtin_ctzl(lines)) * VMS__PT_LINE : stop;
	return (next < stop ? next : stop) - 1;
}

/* ---- upper levels ---- */

/*
 * Acquire: pairs with the release in install(), so that a new table is seen
 * empty, and not with the contents that its memory had before.
 */
static inline struct vms__ptable *vms__ptable_child(const struct vms__ptable *table,
						    unsigned int index)
{
	return (struct vms__ptable *)atomic_load_explicit(&table->entry[index],
							  memory_order_acquire);
}

/*
 * The table at which a walk to @addr begins, and in *@level its level. The
 * address alone decides, so that a walk below 2^48 loads nothing more than pgd.
 */
static inline struct vms__ptable *vms__pt_root(const struct mm_struct *mm, unsigned long addr,
					       unsigned int *level)
{
	if (likely(addr < VMS__PT_ADDRESSES)) {
		*level = VMS__PT_TOP;
		return mm->pgd;
	}
	VMS_ASSERT(mm->pgd_high && addr < VMS_TASK_SIZE_MAX);
	*level = VMS__PT_TOP_HIGH;
	return mm->pgd_high;
}

/* The leaf for @addr, or NULL. Locks: as for any walk (above). */
static inline struct vms__ptable *vms__leaf_find(const struct mm_struct *mm, unsigned long addr)
{
	unsigned int level;
	struct vms__ptable *table = vms__pt_root(mm, addr, &level);

	for (; level > 0 && table; level--)
		table = vms__ptable_child(table, vms__pt_index(addr, level));
	return table;
}

/*
 * The first leaf that holds an address of [*addr, end), or NULL. *@addr moves
 * to the first such address. A concurrent fault may install a leaf that the
 * walk has passed.
 */
struct vms__ptable *vms__leaf_next(const struct mm_struct *mm, unsigned long *addr,
				   unsigned long end);
/*
 * Like vms__leaf_next(), but safe against concurrent faults: a missing child is
 * looked for again under its table's lock. A thread that installs the child
 * after that sees all that the caller did before the call. Without the second
 * look a truncation would miss the leaf of a fault that has just installed it,
 * and that fault might not see the mark of its page.
 */
struct vms__ptable *vms__leaf_next_settled(struct mm_struct *mm, unsigned long *addr,
					   unsigned long end);

/*
 * Tables set aside before a change, so that the change cannot fail: all that
 * are missing on the way to one address. Other threads may install some of them
 * before the change does, but none is freed meanwhile, because a thread that
 * may walk there keeps the tables on the way. The batch therefore always
 * suffices.
 */
struct vms__ptable_batch {
	unsigned int nr;
	struct vms__ptable *table[VMS__PT_TOP_HIGH];
};

/*
 * Set aside the tables that are missing on the way to @addr. Return: false,
 * with nothing set aside, when memory is out.
 */
bool vms__ptables_prepare(const struct mm_struct *mm, unsigned long addr,
			  struct vms__ptable_batch *batch);
/*
 * Return: the leaf for @addr, made if it is missing. Frees the tables of @batch
 *         that were not needed.
 */
struct vms__ptable *vms__ptables_install(struct mm_struct *mm, unsigned long addr,
					 struct vms__ptable_batch *batch);
void vms__ptables_cancel(struct vms__ptable_batch *batch);

/* ---- leaf entries ---- */

/*
 * Relaxed: the bits alone order nothing, and a thread that follows the address
 * holds the leaf's lock, which orders. Without the lock the answer may be old
 * at once.
 */
static inline unsigned long vms__pte_load(const struct vms__ptable *leaf, unsigned int index)
{
	return atomic_load_explicit(&leaf->entry[index], memory_order_relaxed);
}

/*
 * Count an empty leaf as no table. MADV_DONTNEED of a whole leaf, and mremap of
 * one to an aligned place, leave Linux without a table there, and a fault can
 * see the difference (handle_fault.c). Here the table stays, because a walker
 * may be on it and tables have no grace period. The next entry undoes this.
 */
static inline void vms__leaf_vacate(struct mm_struct *mm, struct vms__ptable *leaf)
{
	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(leaf->used == 0);
	if (atomic_load_explicit(&leaf->vacated, memory_order_relaxed))
		return;
	/* Relaxed, like its entries: the answer may be old at once. */
	atomic_store_explicit(&leaf->vacated, mm->counters, memory_order_relaxed);
	vms__pcounter_add(mm->counters, MM_PGTABLES, -1);
}

/* Count a vacated leaf as a table again. Locks: the leaf's. */
static inline void vms__leaf_occupy(struct vms__ptable *leaf)
{
	struct vms__pcounter *counters = atomic_load_explicit(&leaf->vacated, memory_order_relaxed);

	vms__lockdep_assert_held(&leaf->lock);
	if (likely(!counters))
		return;
	atomic_store_explicit(&leaf->vacated, NULL, memory_order_relaxed);
	vms__pcounter_add(counters, MM_PGTABLES, 1);
}

/* Whether Linux would have a table where @leaf, or NULL, is. */
static inline bool vms__leaf_counts(const struct vms__ptable *leaf)
{
	return leaf && !atomic_load_explicit(&leaf->vacated, memory_order_relaxed);
}

#define VMS__PTE_NOTES (VMS__PTE_YOUNG | VMS__PTE_DIRTY)

/*
 * Whether vms__pte_use(), which takes no lock, may still write a note into an
 * entry that holds @pte: the entry allows an access that it does not show yet.
 */
static inline bool vms__pte_may_be_noted(unsigned long pte)
{
	unsigned long notes = VMS__PTE_YOUNG | (pte & VMS__PTE_WRITE ? VMS__PTE_DIRTY : 0);

	return (pte & VMS__PTE_PRESENT) && (notes & ~pte);
}

/*
 * Replace an entry by a plain store. The store overwrites a note that an access
 * makes at the same time, so it is right only where none can be lost: the entry
 * is empty or a guard mark, or shows every access already, or @pte shows every
 * access. Any other caller uses vms__pte_take() or vms__pte_wrprotect().
 * Locks: the leaf's.
 */
static inline void vms__pte_store(struct vms__ptable *leaf, unsigned int index, unsigned long pte)
{
	unsigned long old = vms__pte_load(leaf, index);

	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(!vms__pte_may_be_noted(old) || (pte & VMS__PTE_NOTES) == VMS__PTE_NOTES);
	leaf->used += (pte != 0) - (old != 0);
	if (pte) {
		vms__leaf_occupy(leaf);
		vms__pt_note_line(leaf, index);
	}
	atomic_store_explicit(&leaf->entry[index], pte, memory_order_relaxed);
}

/*
 * Store @pte, not 0, into an empty entry whose line the caller has noted
 * already. Locks: the leaf's.
 */
static inline void vms__pte_fill(struct vms__ptable *leaf, unsigned int index, unsigned long pte)
{
	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(pte && !vms__pte_load(leaf, index));
	VMS_ASSERT(atomic_load_explicit(&leaf->lines, memory_order_relaxed) >>
			   index / VMS__PT_LINE &
		   1);
	leaf->used++;
	vms__leaf_occupy(leaf);
	atomic_store_explicit(&leaf->entry[index], pte, memory_order_relaxed);
}

/*
 * Remove an entry that may be in use. @seen: what vms__pte_load() answered
 * under the lock; not 0. Return: the entry, with every note that was made until
 * it was removed; a later access finds nothing. A load and a store would lose a
 * DIRTY that is noted in between, and the page would be taken for clean
 * (test_notes.c, VMS_PLANT_PTE_STORE). Relaxed: pairs with the compare-and-swap
 * in vms__pte_use() on the same word, which either comes before the exchange or
 * fails. Locks: the leaf's.
 */
static inline unsigned long vms__pte_take(struct vms__ptable *leaf, unsigned int index,
					  unsigned long seen)
{
	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(seen && !((seen ^ vms__pte_load(leaf, index)) & ~VMS__PTE_NOTES));
	leaf->used--;
	/*
	 * An entry with all notes is written only by a holder of the lock, so a
	 * plain store loses none.
	 */
	if (VMS__PTE_STORES_LOSE_NOTES || !vms__pte_may_be_noted(seen)) {
		atomic_store_explicit(&leaf->entry[index], 0, memory_order_relaxed);
		return seen;
	}
	return atomic_exchange_explicit(&leaf->entry[index], 0, memory_order_relaxed);
}

/*
 * Take the right to write from an entry that may be in use; its notes stay.
 * Return: the entry as it is now. Order and locks: as for vms__pte_take().
 */
static inline unsigned long vms__pte_wrprotect(struct vms__ptable *leaf, unsigned int index)
{
	unsigned long old = vms__pte_load(leaf, index);

	vms__lockdep_assert_held(&leaf->lock);
	if (!(old & VMS__PTE_WRITE))
		return old;
	if (VMS__PTE_STORES_LOSE_NOTES || !vms__pte_may_be_noted(old))
		atomic_store_explicit(&leaf->entry[index], old & ~VMS__PTE_WRITE,
				      memory_order_relaxed);
	else
		old = atomic_fetch_and_explicit(&leaf->entry[index], ~VMS__PTE_WRITE,
						memory_order_relaxed);
	return old & ~VMS__PTE_WRITE;
}

static inline struct page *vms__pte_page(unsigned long pte)
{
	return (struct page *)(pte & ~VMS__PTE_BITS);
}

/*
 * An entry is made for an access, so it is young. @dirty: the access is a
 * write.
 */
static inline unsigned long vms__pte_make(const struct page *page, bool writable, bool dirty)
{
	return (unsigned long)page | VMS__PTE_PRESENT | VMS__PTE_YOUNG |
	       (writable ? VMS__PTE_WRITE : 0) | (dirty ? VMS__PTE_DIRTY : 0);
}

#define VMS__PTE_ZERO_PAGE (VMS__PTE_PRESENT | VMS__PTE_ZERO | VMS__PTE_YOUNG)

static inline bool vms__pte_allows(unsigned long pte, bool write)
{
	unsigned long need = VMS__PTE_PRESENT | (write ? VMS__PTE_WRITE : 0);

	return (pte & need) == need;
}

/*
 * Note an access in the entry, as a processor does. @pte: the entry as the
 * caller loaded it. Return: false if the entry does not allow the access.
 *
 * Locks: none, as for a processor. The compare-and-swap changes only an entry
 *        that still is the one that is used. No note is lost: a holder of the
 *        leaf's lock removes an entry by vms__pte_take() or changes it by
 *        vms__pte_wrprotect(), and these find the note, or the compare-and-swap
 *        fails and the access uses the new entry.
 */
static inline bool vms__pte_use(struct vms__ptable *leaf, unsigned int index, unsigned long pte,
				bool write)
{
	unsigned long note = VMS__PTE_YOUNG | (write ? VMS__PTE_DIRTY : 0);

	while (vms__pte_allows(pte, write))
		if ((pte & note) == note || atomic_compare_exchange_weak_explicit(
						    &leaf->entry[index], &pte, pte | note,
						    memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

#endif
