/* SPDX-License-Identifier: MIT */
/*
 * pgtable.h - the page table of an mm: four or five levels of 512 entries, as
 * on x86-64, walked without a lock.
 *
 *   level 4   mm->pgd_high, 256 TiB: addresses from 2^48 on, in an mm that has
 *             them; its first entry stays 0
 *   level 3   mm->pgd, 512 GiB: addresses below    entries: address of a table of the level below, or 0
 *   level 2   1 GiB
 *   level 1   2 MiB
 *   level 0   a leaf, an entry spans a page        entries: VMS__PTE_* bits and the address of a struct page, or 0
 *
 * Who may touch what:
 *   an entry            read: anyone who may walk there, atomically.  write:
 *                       the lock of the table it stands in; but YOUNG and DIRTY
 *                       of an entry in use are written without it, as by a
 *                       processor: vms__pte_use().
 *   used                the same lock.
 *   lines               the same lock to write; anyone who may walk there reads
 *                       it, atomically.
 *   vacated             the same lock to write; anyone may read it, atomically.
 *   the page behind a leaf entry: the leaf's lock; without it the page may be
 *   unmapped and freed at any moment.
 *
 * Who may walk to an address: who holds the lock of the VMA that covers it, or
 * mmap_lock; or who came to that VMA from a page, and holds the lock of the
 * list it was found in (rmap/rmap.h, i_mmap.h). A table goes only when no VMA
 * is left in all that it spans, their readers are gone, and they are out of
 * those lists (vms__free_pgtables()), so no walker is ever on it then: tables
 * need no grace period. A walk towards a neighbour shares upper tables with the
 * freed range, never the freed ones.
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
#define VMS__PT_TOP 3u                /* level of the pgd */
#define VMS__PT_ADDRESSES (1UL << 48) /* what it maps */
/* level of pgd_high, which maps the rest up to VMS_TASK_SIZE_MAX */
#define VMS__PT_TOP_HIGH 4u

#define VMS__PTE_PRESENT 1UL
#define VMS__PTE_WRITE 2UL
#define VMS__PTE_ZERO 4UL   /* the zero page that everyone shares: no struct page, in no count */
#define VMS__PTE_GUARD 8UL  /* not present: a touch is SIGSEGV (guard.c) */
#define VMS__PTE_YOUNG 16UL /* used since it was made, or since fork copied it */
#define VMS__PTE_DIRTY 32UL /* written through */
#define VMS__PTE_BITS (VMS_CACHELINE - 1UL)

/*
 * The bug that the tests must catch: entries are loaded and stored where a note
 * may come between.
 */
#ifdef VMS_PLANT_PTE_STORE
#define VMS__PTE_STORES_LOSE_NOTES 1
#else
#define VMS__PTE_STORES_LOSE_NOTES 0
#endif

struct vms__ptable {
	_Atomic unsigned int lock; /* vms__spinlock word */
	unsigned int used;         /* entries that are not 0 */
	/*
	 * A leaf: empty, and no table as far as a fault or MM_PGTABLES may
	 * tell. Then the counters of its mm, else NULL.
	 */
	struct vms__pcounter *_Atomic vacated;
	/*
	 * A bit for each cache line of entry[]: 0 if the line holds none. A
	 * walk passes over such lines in one step. 0 in an empty table.
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

/* One more than the last index of that part in its leaf. */
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

/* fork: the child's leaf after the parent's. */
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
 * The table gets an entry at @index. Relaxed: whoever sees the entry, or comes
 * after it by another order, also sees this earlier store, or a later one; and
 * a later one leaves out no line that holds an entry. Locks: the table's.
 */
static inline void vms__pt_note_line(struct vms__ptable *table, unsigned int index)
{
	unsigned long lines = atomic_load_explicit(&table->lines, memory_order_relaxed);

	atomic_store_explicit(&table->lines, lines | 1UL << index / VMS__PT_LINE,
			      memory_order_relaxed);
}

/*
 * @to gets entries of [first, stop) where @from has them: vms__pt_note_line()
 * for all at once. Locks: those of both.
 */
void vms__pt_note_lines_of(struct vms__ptable *to, const struct vms__ptable *from,
			   unsigned int first, unsigned int stop);

/*
 * Entries of [first, stop) were taken away: the lines there that hold none any
 * more are noted. Whoever takes an entry calls this before it unlocks the
 * table.
 * @emptied: the caller left no entry there, so that only the lines that reach
 * beyond need a look. Locks: the table's.
 */
void vms__pt_forget_lines(struct vms__ptable *table, unsigned int first, unsigned int stop,
			  bool emptied);

/*
 * The first index of [index, stop) with an entry, or @stop. Without the table's
 * lock the answer may be old at once. Relaxed: see vms__pt_note_line();
 * whoever follows the entry loads it anew.
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
 * For a loop that looks at each index itself, which where most entries are used
 * takes less than vms__pt_seek(). @index, below @stop, has no entry. Return: an
 * index of [index, stop) up to which there is none either. Order: as there.
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
 * empty, not as its memory was before.
 */
static inline struct vms__ptable *vms__ptable_child(const struct vms__ptable *table,
						    unsigned int index)
{
	return (struct vms__ptable *)atomic_load_explicit(&table->entry[index],
							  memory_order_acquire);
}

/*
 * Where a walk to @addr begins. *@level: the level of that table. Which table
 * it is goes by the address, so that a walk below 2^48 loads nothing more than
 * pgd.
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

/* The leaf for @addr, or NULL. Locks: as for any walk. */
static inline struct vms__ptable *vms__leaf_find(const struct mm_struct *mm, unsigned long addr)
{
	unsigned int level;
	struct vms__ptable *table = vms__pt_root(mm, addr, &level);

	for (; level > 0 && table; level--)
		table = vms__ptable_child(table, vms__pt_index(addr, level));
	return table;
}

/*
 * The first leaf that holds an address of [*addr, end), and *addr moved to the
 * first such address; or NULL.
 */
struct vms__ptable *vms__leaf_next(const struct mm_struct *mm, unsigned long *addr,
				   unsigned long end);
/*
 * The same for who runs beside faults and must not miss the leaf of one: each
 * table that lacks a child is looked at under its lock. Who installs the child
 * after that look sees all that the caller did before.
 */
struct vms__ptable *vms__leaf_next_settled(struct mm_struct *mm, unsigned long *addr,
					   unsigned long end);

/*
 * Tables set aside before a change, so that the change cannot fail: as many as
 * the walk to one address lacks. There may be fewer missing when they are
 * installed, never more: whoever may walk keeps the tables on the way.
 */
struct vms__ptable_batch {
	unsigned int nr;
	struct vms__ptable *table[VMS__PT_TOP_HIGH];
};

/* Return: false, with nothing set aside, when memory is out. */
bool vms__ptables_prepare(const struct mm_struct *mm, unsigned long addr,
			  struct vms__ptable_batch *batch);
/*
 * The leaf for @addr, made where it is missing. Gives back the rest of @batch.
 */
struct vms__ptable *vms__ptables_install(struct mm_struct *mm, unsigned long addr,
					 struct vms__ptable_batch *batch);
void vms__ptables_cancel(struct vms__ptable_batch *batch);

/* ---- leaf entries ---- */

/*
 * Relaxed: the bits alone order nothing, and who follows the address holds the
 * leaf's lock, which orders. Without the lock the answer may be old at once.
 */
static inline unsigned long vms__pte_load(const struct vms__ptable *leaf, unsigned int index)
{
	return atomic_load_explicit(&leaf->entry[index], memory_order_relaxed);
}

/*
 * MADV_DONTNEED of a whole leaf, and mremap of one to where it fits, leave
 * Linux without a table there, and a fault can tell (handle_fault.c). Here the
 * table stays, since walkers need no grace period, and says that it stands for
 * none. The next entry undoes that.
 */
static inline void vms__leaf_vacate(struct mm_struct *mm, struct vms__ptable *leaf)
{
	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(leaf->used == 0);
	if (atomic_load_explicit(&leaf->vacated, memory_order_relaxed))
		return;
	/* Relaxed, as its entries: the answer may be old at once. */
	atomic_store_explicit(&leaf->vacated, mm->counters, memory_order_relaxed);
	vms__pcounter_add(mm->counters, MM_PGTABLES, -1);
}

/* It is a table again. Locks: the leaf's. */
static inline void vms__leaf_occupy(struct vms__ptable *leaf)
{
	struct vms__pcounter *counters = atomic_load_explicit(&leaf->vacated, memory_order_relaxed);

	vms__lockdep_assert_held(&leaf->lock);
	if (likely(!counters))
		return;
	atomic_store_explicit(&leaf->vacated, NULL, memory_order_relaxed);
	vms__pcounter_add(counters, MM_PGTABLES, 1);
}

/* Whether Linux has a table where @leaf, or NULL, is. */
static inline bool vms__leaf_counts(const struct vms__ptable *leaf)
{
	return leaf && !atomic_load_explicit(&leaf->vacated, memory_order_relaxed);
}

#define VMS__PTE_NOTES (VMS__PTE_YOUNG | VMS__PTE_DIRTY)

/*
 * Whether vms__pte_use(), which takes no lock, may still write a note into an
 * entry that holds @pte: it allows an access that it does not show yet.
 */
static inline bool vms__pte_may_be_noted(unsigned long pte)
{
	unsigned long notes = VMS__PTE_YOUNG | (pte & VMS__PTE_WRITE ? VMS__PTE_DIRTY : 0);

	return (pte & VMS__PTE_PRESENT) && (notes & ~pte);
}

/*
 * Write an entry for good, whatever is noted in it at that moment. That is
 * right where no note can be lost: the entry is empty or a guard mark, or it
 * shows every access already, or @pte does. Else see vms__pte_take().
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
 * The same for @pte, not 0, into an empty entry whose line the caller has noted
 * already.
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
 * Take an entry away that may be in use. @seen: what vms__pte_load() answered
 * under the lock; not 0. Return: the same with every note that was made until
 * the entry went; a use after that finds nothing. Relaxed: pairs with the
 * compare-and-swap in vms__pte_use() on the same word, which either comes
 * before the exchange or fails. Locks: the leaf's.
 */
static inline unsigned long vms__pte_take(struct vms__ptable *leaf, unsigned int index,
					  unsigned long seen)
{
	vms__lockdep_assert_held(&leaf->lock);
	VMS_ASSERT(seen && !((seen ^ vms__pte_load(leaf, index)) & ~VMS__PTE_NOTES));
	leaf->used--;
	/*
	 * Nobody but a holder of the lock writes an entry with all notes made.
	 */
	if (VMS__PTE_STORES_LOSE_NOTES || !vms__pte_may_be_noted(seen)) {
		atomic_store_explicit(&leaf->entry[index], 0, memory_order_relaxed);
		return seen;
	}
	return atomic_exchange_explicit(&leaf->entry[index], 0, memory_order_relaxed);
}

/*
 * Take the right to write from an entry that may be in use; its notes stay.
 * Return: the entry as it is now. Order and locks: as vms__pte_take().
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

/* An entry is made for a touch: it is young. @dirty: the touch is a write. */
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
 * What a processor does as it uses the entry @pte: note it in the entry.
 * Return: false if the entry does not allow the access. Locks: none, as a
 * processor. It changes nothing but an entry that is still the one that is
 * used. No note is lost: a holder of the leaf's lock takes an entry away by
 * vms__pte_take() or changes it by vms__pte_wrprotect(), which find the
 * note, or the compare-and-swap fails and the use is one of the new entry.
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
