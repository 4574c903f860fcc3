/* SPDX-License-Identifier: MIT */
/*
 * insert_page.c - pages that an owner's hook maps itself: those around a fault,
 * for which its map_pages() was asked, and any page, while its fault() runs.
 *
 * An entry that is present stays. A page that the owner has taken back since
 * the hook was asked is not mapped (revoke.h).
 *
 * Locks: those of the fault (handle_fault.c): mmap_lock R, or the VMA's lock R.
 *        The checks of a page's marks run under the leaf's lock; install_file()
 *        (handle_fault.c) says why.
 * Read next: filemap.c, the hooks of the page cache.
 */
#include "lib/page/fault.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/revoke.h"
#include "lib/sync/list.h"

void vms_map_pages(struct vm_fault *vmf, pgoff_t start, struct page **pages, unsigned int nr)
{
	struct vms__fault *f = container_of(vmf, struct vms__fault, vmf);
	struct vm_area_struct *vma = vmf->vma;
	struct mm_struct *mm = vma_mm(vma);
	unsigned int base = vms__pt_index(vma_address(vma, start), 0);
	bool writable = vms__shared_writable(vma);
	long mapped[VMS__NR_PAGE_COUNTERS] = {0};
	struct vms__ptable *leaf;
	pgoff_t first, last;

	vma_assert_locked(vma);
	vms__fault_range(vmf, &first, &last);
	leaf = vms__fault_tables(f);
	vms__ptable_lock(leaf);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int index = (base + i) & (VMS__PT_ENTRIES - 1);

		/*
		 * Other VMAs, and other leaves, may lie outside the range that
		 * the hook was given. The unsigned difference is large for an
		 * offset before the range, too.
		 */
		if (!pages[i] || start + i - first > last - first || vms__pte_load(leaf, index))
			continue;
		if (vms__page_is_anon(pages[i]) || vms__page_is_gone(pages[i]) ||
		    vms__revoked(f->watch, start + i))
			continue;
		vms__page_map(pages[i]);
		vms__pte_store(leaf, index, vms__pte_make(pages[i], writable, false));
		mapped[vms__page_counter(pages[i])]++;
		pages[i] = NULL;
	}
	vms__ptable_unlock(leaf);
	for (unsigned int i = 0; i < nr; i++)
		if (pages[i])
			vms__page_put(pages[i]);
	for (unsigned int which = 0; which < VMS__NR_PAGE_COUNTERS; which++)
		if (mapped[which])
			vms__pcounter_add(mm->counters, which, mapped[which]);
}

vm_fault_t vmf_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	const struct vms__revoke_watch *watch =
		vma->vm_file ? vms__revoke_watch_of(vma->vm_file->f_mapping) : NULL;
	struct mm_struct *mm = vma_mm(vma);
	unsigned int index = vms__pt_index(addr, 0);
	struct vms__ptable_batch tables;
	struct vms__ptable *leaf;
	bool mapped;

	vma_assert_locked(vma);
	if (addr < vma->vm_start || addr >= vma->vm_end || !vms__vma_ops(vma) ||
	    vms__page_is_anon(page))
		return VM_FAULT_SIGBUS;
	if (!vms__ptables_prepare(mm, addr, &tables))
		return VM_FAULT_OOM;
	leaf = vms__ptables_install(mm, addr, &tables);
	vms__ptable_lock(leaf);
	/* An entry that is present stays: its page may have been written to. */
	mapped = !vms__pte_load(leaf, index) && !vms__page_is_gone(page) &&
		 !vms__revoked(watch, vma_pgoff(vma, addr));
	if (mapped) {
		/* The hook keeps its own reference, unlike with fault(). */
		vms__page_get(page);
		vms__page_map(page);
		vms__pte_store(leaf, index, vms__pte_make(page, vms__shared_writable(vma), false));
	}
	vms__ptable_unlock(leaf);
	if (mapped)
		vms__pcounter_add(mm->counters, vms__page_counter(page), 1);
	return VM_FAULT_NOPAGE;
}
