/* SPDX-License-Identifier: MIT */
/*
 * resident.c - which pages are resident, as mincore(2) reports: those that the
 * page table maps, and those that are in the page cache of a file.
 *
 * Locks: mmap_lock or the VMA's lock. A concurrent fault is seen or not, page
 *        by page.
 */
#include "lib/page/filemap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/* Only an owner with hooks of its own knows where it keeps its pages. */
static bool is_cached(const struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page;

	if (vms__vma_ops(vma) != &vms__filemap_vm_ops)
		return false;
	page = vms__filemap_find(vma->vm_file->f_mapping, vma_pgoff(vma, addr));
	if (page)
		vms__page_put(page);
	return page != NULL;
}

void vms__resident(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   unsigned char *vec)
{
	vma_assert_locked(vma);
	VMS_ASSERT(vma->vm_start <= start && end <= vma->vm_end);
	for (unsigned long addr = start; addr < end;) {
		/*
		 * One lookup serves all pages that the leaf spans, because a
		 * leaf stays while the VMA is locked. A leaf that a fault
		 * installs meanwhile is missed.
		 */
		const struct vms__ptable *leaf = vms__leaf_find(vma_mm(vma), addr);
		unsigned long stop = vms__leaf_end(addr, end);

		for (; addr < stop; addr += PAGE_SIZE)
			*vec++ = (leaf && (vms__pte_load(leaf, vms__pt_index(addr, 0)) &
					   VMS__PTE_PRESENT)) ||
				 is_cached(vma, addr);
	}
}
