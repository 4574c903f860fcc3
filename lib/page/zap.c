/* SPDX-License-Identifier: MIT */
/*
 * zap.c - what is done to all pages of a range: unmap them (zap), share them
 * with a forked child, take the write right away.
 *
 * Each goes leaf by leaf: lock it, change its entries, let go; references are
 * dropped after that. Counters of the mm are brought up to date leaf by leaf as
 * well; they are exact once the locks under which a range is changed are
 * dropped.
 *
 * Locks: page.h states them. Read next: handle_fault.c.
 */
#include <errno.h>

#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/*
 * Pages taken out of a leaf at a time, so that a fault beside them never waits
 * long.
 */
#define ZAP_BATCH 64u

/* ---- zap ---- */

/* What goes besides a file's pages and the zero page. */
#define ZAP_ANON 1u
#define ZAP_GUARDS 2u

/* @pte, not 0, names no page. */
static bool is_spared_mark(unsigned long pte, unsigned int what)
{
	return pte == VMS__PTE_GUARD && !(what & ZAP_GUARDS);
}

/*
 * Unmap @what of up to ZAP_BATCH pages of [addr, end), all in @leaf. *@noted:
 * whether hiwater_rss knows what was resident before this zap began. Return:
 * how far it came.
 */
static unsigned long zap_some(struct mm_struct *mm, struct vms__ptable *leaf, unsigned long addr,
			      unsigned long end, unsigned int what, bool *noted)
{
	const unsigned int first = vms__pt_index(addr, 0), stop = vms__pt_leaf_stop(addr, end);
	long unmapped[VMS__NR_PAGE_COUNTERS] = {0};
	struct page *pages[ZAP_BATCH];
	unsigned int nr = 0, index;
	bool emptied = true;

	vms__ptable_lock(leaf);
	for (index = first; index < stop && nr < ZAP_BATCH; index++) {
		unsigned long pte = vms__pte_load(leaf, index);
		struct page *page = vms__pte_page(pte);
		enum vms_mm_counter counter = MM_ANONPAGES;
		bool spared;

		if (!pte) {
			index = vms__pt_skip(leaf, index, stop);
			continue;
		}
		/*
		 * Read once: what follows is atomic, and the compiler would
		 * read the page again.
		 */
		if (page) {
			counter = vms__page_counter(page);
			spared = counter == MM_ANONPAGES && !(what & ZAP_ANON);
		} else {
			spared = is_spared_mark(pte, what);
		}
		if (spared) {
			emptied = false;
			continue;
		}
		/* The write that made it dirty may have come after the load. */
		pte = vms__pte_take(leaf, index, pte);
		if (!page)
			continue;
		/*
		 * Whoever else maps a private page has it dirty in an entry of
		 * its own.
		 */
		if ((pte & VMS__PTE_DIRTY) && counter != MM_ANONPAGES)
			vms__page_set_dirty(page);
		vms__page_unmap_held(page);
		unmapped[counter]++;
		pages[nr++] = page;
	}
	vms__pt_forget_lines(leaf, first, index, emptied);
	vms__ptable_unlock(leaf);
	if (nr > 0 && !*noted)
		*noted = vms__rss_falls(mm, nr);
	for (unsigned int which = 0; which < VMS__NR_PAGE_COUNTERS; which++)
		if (unmapped[which])
			vms__pcounter_add(mm->counters, which, -unmapped[which]);
	vms__pages_put(pages, nr);
	return addr + ((unsigned long)(index - first) << PAGE_SHIFT);
}

/* Locks: as for any walk. */
static void zap(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		unsigned int what)
{
	struct mm_struct *mm = vma_mm(vma);
	struct vms__ptable *leaf;
	unsigned long addr = start;
	bool noted = false;

	vma_assert_locked(vma);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	while ((leaf = vms__leaf_next(mm, &addr, end)) != NULL)
		for (unsigned long stop = vms__leaf_end(addr, end); addr < stop;)
			addr = zap_some(mm, leaf, addr, stop, what, &noted);
}

void vms__zap_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	zap(vma, start, end, ZAP_ANON | ZAP_GUARDS);
}

void vms__discard_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	zap(vma, start, end, ZAP_ANON);
}

void vms__vacate_tables(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	unsigned long addr = start;
	struct vms__ptable *leaf;

	vma_assert_locked(vma);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	while ((leaf = vms__leaf_next(vma_mm(vma), &addr, end)) != NULL) {
		unsigned long stop = vms__leaf_end(addr, end);

		if (stop - addr == 1UL << vms__pt_shift(1)) {
			vms__ptable_lock(leaf);
			/* A guard mark, or a fault that was faster. */
			if (leaf->used == 0)
				vms__leaf_vacate(vma_mm(vma), leaf);
			vms__ptable_unlock(leaf);
		}
		addr = stop;
	}
}

void vms__zap_file_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 bool even_cows)
{
	struct mm_struct *mm = vma_mm(vma);
	struct vms__ptable *leaf;
	unsigned long addr = start;
	bool noted = false;

	rwsem_assert_held(&vms__i_mmap_of(vma)->rwsem);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	/* Relaxed: the locks of the leaves that change come after it. */
	atomic_fetch_add_explicit(&mm->unmaps_begun, 1, memory_order_relaxed);
	while ((leaf = vms__leaf_next_settled(mm, &addr, end)) != NULL)
		for (unsigned long stop = vms__leaf_end(addr, end); addr < stop;)
			addr = zap_some(mm, leaf, addr, stop, even_cows ? ZAP_ANON : 0, &noted);
	/*
	 * Release: pairs with the validator's look, which sees the counters as
	 * they are now.
	 */
	atomic_fetch_add_explicit(&mm->unmaps_done, 1, memory_order_release);
}

/* ---- fork ---- */

/*
 * Entries of [addr, end) of @from, which become read-only, also in @to, which
 * is empty there; @to's without the bits @forget.
 */
static void copy_leaf(struct mm_struct *mm, struct vms__ptable *to, struct vms__ptable *from,
		      unsigned long addr, unsigned long end, unsigned long forget, bool cow)
{
	unsigned int index = vms__pt_index(addr, 0), stop = vms__pt_leaf_stop(addr, end);
	long mapped[VMS__NR_PAGE_COUNTERS] = {0};

	vms__ptable_lock(from);
	vms__ptable_lock_nested(to);
	vms__pt_note_lines_of(to, from, index, stop);
	for (; index < stop; index++) {
		unsigned long pte = vms__pte_load(from, index);
		struct page *page = vms__pte_page(pte);

		if (!pte) {
			index = vms__pt_skip(from, index, stop);
			continue;
		}
		if (page) {
			vms__page_get(page);
			vms__page_map(page);
			mapped[vms__page_counter(page)]++;
		}
		/*
		 * Both sides: the next write on either makes a copy, or finds
		 * itself alone.
		 */
		if (cow)
			pte = vms__pte_wrprotect(from, index);
		vms__pte_fill(to, index, pte & ~forget);
	}
	/*
	 * An empty table notes no lines: @from may note some that hold entries
	 * of other VMAs alone.
	 */
	vms__pt_forget_lines(to, 0, 0, true);
	vms__ptable_unlock(to);
	vms__ptable_unlock(from);
	for (unsigned int which = 0; which < VMS__NR_PAGE_COUNTERS; which++)
		if (mapped[which])
			vms__pcounter_add(mm->counters, which, mapped[which]);
}

/*
 * write_protect_seq is odd from here to write_protect_end(). An entry loses its
 * write right under its leaf's lock, which releases this store to the next
 * holder of that lock.
 * Locks: mmap_lock W, so that there is one writer.
 */
static void write_protect_begin(struct mm_struct *mm)
{
	unsigned long seq = atomic_load_explicit(&mm->write_protect_seq, memory_order_relaxed);

	mmap_assert_write_locked(mm);
	VMS_ASSERT(!(seq & 1));
	atomic_store_explicit(&mm->write_protect_seq, seq + 1, memory_order_relaxed);
}

static void write_protect_end(struct mm_struct *mm)
{
	unsigned long seq = atomic_load_explicit(&mm->write_protect_seq, memory_order_relaxed);

	/*
	 * Release: pairs with the acquire in vms_write_protect_begin(): a
	 * thread that sees it sees the entries without the right.
	 */
	atomic_store_explicit(&mm->write_protect_seq, seq + 1, memory_order_release);
}

/*
 * Without pages of its own a VMA's mappings come back by faults, as the same
 * pages; guard marks would not.
 */
static bool needs_copy(const struct vm_area_struct *vma)
{
	return vma_anon_vma(vma) || (vma->vm_flags & VM_MAYBE_GUARD);
}

int vms__copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct mm_struct *dst_mm = vma_mm(dst), *src_mm = vma_mm(src);
	unsigned long addr = src->vm_start;
	/*
	 * What is shared with the file is dirty in the parent's entry; of
	 * private memory nobody else knows.
	 */
	unsigned long forget = VMS__PTE_YOUNG | (src->vm_flags & VM_SHARED ? VMS__PTE_DIRTY : 0);
	/* What is shared with the file stays writable on both sides. */
	bool cow = !(src->vm_flags & VM_SHARED) || !vms__vma_ops(src);
	struct vms__ptable_batch tables;
	struct vms__ptable *from;
	int err = 0;

	mmap_assert_write_locked(dst_mm);
	vma_assert_write_locked(src);
	VMS_ASSERT(dst->vm_start == src->vm_start && dst->vm_end == src->vm_end);
	if (!needs_copy(src))
		return 0;
	if (cow)
		write_protect_begin(src_mm);
	while ((from = vms__leaf_next(src_mm, &addr, src->vm_end)) != NULL) {
		unsigned long stop = vms__leaf_end(addr, src->vm_end);

		if (!vms__leaf_counts(from)) {
			addr = stop;
			continue;
		}
		if (!vms__ptables_prepare(dst_mm, addr, &tables)) {
			vms__zap_range(dst, dst->vm_start, dst->vm_end);
			err = -ENOMEM;
			break;
		}
		copy_leaf(dst_mm, vms__ptables_install(dst_mm, addr, &tables), from, addr, stop,
			  forget, cow);
		addr = stop;
	}
	if (cow)
		write_protect_end(src_mm);
	return err;
}

/* ---- protect ---- */

void vms__change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct vms__ptable *leaf;
	unsigned long addr = start;

	vma_assert_write_locked(vma);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	/*
	 * A right that was added is given page by page, as faults ask for it.
	 */
	if (vma->vm_flags & VM_WRITE)
		return;
	while ((leaf = vms__leaf_next(vma_mm(vma), &addr, end)) != NULL) {
		unsigned int index = vms__pt_index(addr, 0), stop = vms__pt_leaf_stop(addr, end);

		vms__ptable_lock(leaf);
		for (index = vms__pt_seek(leaf, index, stop); index < stop;
		     index = vms__pt_seek(leaf, index + 1, stop))
			vms__pte_wrprotect(leaf, index);
		vms__ptable_unlock(leaf);
		addr = vms__leaf_end(addr, end);
	}
}
