/* SPDX-License-Identifier: MIT */
/*
 * stats.c - how much memory a VMA has, shares and has written, for the
 * listings.
 *
 * Source: proc_pid_smaps(5), and experiments on a running 6.18 kernel.
 *
 * Locks: page.h states them. Each leaf is locked while its pages are looked at,
 *        so the sum does not belong to a single moment.
 */
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/* Locks: that of the leaf, which keeps the page from being freed. */
static void count_page(struct vms__page_stats *s, unsigned long pte, const struct page *page)
{
	unsigned long mapped = atomic_load_explicit(&page->mapcount, memory_order_relaxed);
	unsigned long share = (PAGE_SIZE << VMS__PSS_SHIFT) / (mapped ? mapped : 1);
	bool dirty = (pte & VMS__PTE_DIRTY) || vms__page_is_dirty(page);

	s->rss += PAGE_SIZE;
	s->pss += share;
	if (vms__page_is_anon(page))
		s->anonymous += PAGE_SIZE;
	if (pte & VMS__PTE_YOUNG)
		s->referenced += PAGE_SIZE;
	if (dirty)
		s->pss_dirty += share;
	if (mapped > 1)
		*(dirty ? &s->shared_dirty : &s->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &s->private_dirty : &s->private_clean) += PAGE_SIZE;
}

void vms__page_stats(struct vm_area_struct *vma, unsigned long start, struct vms__page_stats *stats)
{
	unsigned long addr = start;
	struct vms__ptable *leaf;

	vma_assert_locked(vma);
	while ((leaf = vms__leaf_next(vma_mm(vma), &addr, vma->vm_end)) != NULL) {
		unsigned int i = vms__pt_index(addr, 0),
			     stop = vms__pt_leaf_stop(addr, vma->vm_end);

		vms__ptable_lock(leaf);
		for (i = vms__pt_seek(leaf, i, stop); i < stop;
		     i = vms__pt_seek(leaf, i + 1, stop)) {
			unsigned long pte = vms__pte_load(leaf, i);
			const struct page *page = vms__pte_page(pte);

			/* Neither the zero page nor a guard mark is memory. */
			if (page)
				count_page(stats, pte, page);
		}
		vms__ptable_unlock(leaf);
		addr = vms__leaf_end(addr, vma->vm_end);
	}
}
