/* SPDX-License-Identifier: MIT */
/*
 * content.c - what an access meets in a page that is present: whether its entry
 * allows the access, and the word that the page holds.
 *
 * Locks: mmap_lock or the VMA's lock; the leaf's lock around the look at the
 * word, so that the page stays while its word is read or written.
 */
#include "lib/page/page.h"
#include "lib/page/pgtable.h"

bool vms__page_allows(const struct vm_area_struct *vma, unsigned long addr, bool write)
{
	const struct vms__ptable *leaf = vms__leaf_find(vma_mm(vma), addr);

	vma_assert_locked(vma);
	return leaf && vms__pte_allows(vms__pte_load(leaf, vms__pt_index(addr, 0)), write);
}

/*
 * The locked leaf that holds an entry for @addr with the access asked for; NULL
 * if there is none. The function notes the access in the entry, because the
 * entry may not be the one that the fault made: another thread may have
 * unmapped the page since, and a read may have brought it back.
 */
static struct vms__ptable *lock_present(struct vm_area_struct *vma, unsigned long addr, bool write,
					unsigned long *pte)
{
	struct vms__ptable *leaf = vms__leaf_find(vma_mm(vma), addr);

	vma_assert_locked(vma);
	if (!leaf)
		return NULL;
	vms__ptable_lock(leaf);
	*pte = vms__pte_load(leaf, vms__pt_index(addr, 0));
	if (vms__pte_use(leaf, vms__pt_index(addr, 0), *pte, write))
		return leaf;
	vms__ptable_unlock(leaf);
	return NULL;
}

bool vms__page_read(struct vm_area_struct *vma, unsigned long addr, unsigned long *word)
{
	unsigned long pte;
	struct vms__ptable *leaf = lock_present(vma, addr, false, &pte);

	if (!leaf)
		return false;
	*word = pte & VMS__PTE_ZERO ? 0 : vms__page_word(vms__pte_page(pte));
	vms__ptable_unlock(leaf);
	return true;
}

bool vms__page_write(struct vm_area_struct *vma, unsigned long addr, unsigned long word)
{
	unsigned long pte;
	struct vms__ptable *leaf = lock_present(vma, addr, true, &pte);

	if (!leaf)
		return false;
	vms__page_set_word(vms__pte_page(pte), word);
	vms__ptable_unlock(leaf);
	return true;
}

bool vms__page_write_forced(struct vm_area_struct *vma, unsigned long addr, unsigned long word)
{
	unsigned long pte;
	struct vms__ptable *leaf = lock_present(vma, addr, false, &pte);
	struct page *page;
	bool its_own;

	if (!leaf)
		return false;
	page = vms__pte_page(pte);
	/*
	 * A page that a file or a relative shares is copied first: by a fault,
	 * which left a mark that the page is dirty.
	 */
	its_own = (pte & VMS__PTE_WRITE) ||
		  (page && (pte & VMS__PTE_DIRTY) && vms__page_is_exclusive(page));
	if (its_own)
		vms__page_set_word(page, word);
	vms__ptable_unlock(leaf);
	return its_own;
}
