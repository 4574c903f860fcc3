/* SPDX-License-Identifier: MIT */
/*
 * zap.c - unmap all pages of a range: because the range is unmapped, advice
 * discards it, or its file was truncated.
 *
 * The zap proceeds leaf by leaf. It locks the leaf, removes entries, and
 * unlocks it. It drops the references after that, because freeing a page under
 * the lock would make faults on the leaf wait. It updates the mm's counters
 * leaf by leaf as well; they are exact once the locks under which a range is
 * changed are dropped.
 *
 * Locks: page.h states them. Read next: copy.c, protect.c.
 */
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/*
 * Pages removed under one hold of a leaf's lock, so that a concurrent fault
 * never waits long.
 */
#define ZAP_BATCH 64u

/* What is removed in addition to a file's pages and the zero page. */
#define ZAP_ANON 1u
#define ZAP_GUARDS 2u

/* Whether @pte, not 0 and without a page, is a guard mark that stays. */
static bool is_spared_mark(unsigned long pte, unsigned int what)
{
	return pte == VMS__PTE_GUARD && !(what & ZAP_GUARDS);
}

/*
 * Unmap @what of up to ZAP_BATCH pages of [addr, end), all in @leaf. *@noted:
 * whether hiwater_rss includes what was resident before this zap began. Return:
 * the address up to which entries were looked at.
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
		 * The page's flags are read once, here: after the atomic
		 * vms__pte_take() the compiler would read them again.
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
		/*
		 * Use the entry as it was removed, not as it was loaded: an
		 * access may have noted DIRTY in between.
		 */
		pte = vms__pte_take(leaf, index, pte);
		if (!page)
			continue;
		/*
		 * A private page needs no mark: every other entry that maps it
		 * is dirty too, because fork copies the mark.
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

/* Locks: as for any walk (pgtable.h). */
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
			/*
			 * The leaf may hold a guard mark, or the page of a
			 * fault that ran since the discard.
			 */
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
	/*
	 * The count comes before any entry is removed, so that the validator
	 * does not take a half-done unmapping for a broken rule. Relaxed: the
	 * leaf's lock, which is taken later, publishes it with the change.
	 */
	atomic_fetch_add_explicit(&mm->unmaps_begun, 1, memory_order_relaxed);
	while ((leaf = vms__leaf_next_settled(mm, &addr, end)) != NULL)
		for (unsigned long stop = vms__leaf_end(addr, end); addr < stop;)
			addr = zap_some(mm, leaf, addr, stop, even_cows ? ZAP_ANON : 0, &noted);
	/*
	 * Release: pairs with the acquire in vms__pgtable_validate(), which
	 * then sees the counters as they are now.
	 */
	atomic_fetch_add_explicit(&mm->unmaps_done, 1, memory_order_release);
}
