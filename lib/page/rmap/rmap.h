/* SPDX-License-Identifier: MIT */
/*
 * rmap.h - anon_vma: which VMAs may map an anonymous page. A page names one
 * anon_vma. An anon_vma lists the VMAs. A VMA may have pages of its ancestors
 * (fork), so it is in the lists of several.
 *
 *    parent's VMA ---- chain ---- A          the parent's own (root)
 *                                 |  parent, root
 *    child's VMA  --+- chain ---- A          pages from before the fork
 *                   +- chain ---- C          later pages: child's vma->anon_vma
 *
 * struct anon_vma_chain is one such link, in a list of the VMA's and a list of
 * the anon_vma's. The order of a VMA's list is oldest first: an anon_vma stands
 * before its descendants. A VMA whose list has one link has no ancestors.
 *
 * Which lock guards what:
 *   vma->anon_vma_chain     mmap_lock W; or, while vma->anon_vma is NULL,
 *                           mmap_lock R and page_table_lock. Constant under
 *                           mmap_lock R once vma->anon_vma is seen set
 *                           (acquire).
 *   anon_vma->links, num_*  the lock of the root.
 *   vm_start, vm_end,       of a VMA in the list: mmap_lock W, VMA lock W, and
 *   vm_pgoff                the lock of the root (struct vms__rmap_change). A
 *                           reverse-map walker may therefore read them under
 *                           the lock of the root alone.
 *   root, parent            constant.
 *   refcount                atomic: one reference for a list that is not empty,
 *                           one for each thread that pinned the anon_vma
 *                           through a page, and in a root one for each
 *                           descendant, which uses the root's lock.
 *
 * A parent outlives its children without a reference, because every VMA in the
 * child's list is in the parent's list too. All anon_vmas of a family share the
 * root's lock, because a fork or an unlink changes the lists of several at
 * once.
 *
 * Read next: rmap.c.
 */
#ifndef VMS_PAGE_RMAP_H
#define VMS_PAGE_RMAP_H

#include <vmastore/mm.h>

struct anon_vma {
	struct anon_vma *root; /* itself, in a root */
	struct anon_vma *parent;
	_Atomic unsigned int lock; /* vms__spinlock word; only the root's is used */
	_Atomic unsigned int refcount;
	unsigned long num_children;    /* anon_vmas whose parent this is; a root counts itself */
	unsigned long num_active_vmas; /* VMAs whose vma->anon_vma is this one */
	struct list_head links;
};

struct anon_vma_chain {
	struct vm_area_struct *vma;
	struct anon_vma *anon_vma;
	struct list_head same_vma;
	struct list_head same_anon_vma;
};

/*
 * Take or drop the lock of @anon_vma's root. Under it the VMAs of the lists
 * stay in them, keep their bounds, and keep the page tables that they span; a
 * VMA's other fields may change.
 */
void vms__anon_vma_lock(struct anon_vma *anon_vma);
void vms__anon_vma_unlock(struct anon_vma *anon_vma);

/*
 * Return: the anon_vma of an anonymous page, with a reference for
 *         vms__anon_vma_unpin(); NULL: no entry maps the page any more, and
 *         none ever will.
 * Locks: none; the caller has a reference to @page, taken where it was mapped.
 */
struct anon_vma *vms__page_pin_anon_vma(const struct page *page);
void vms__anon_vma_unpin(struct anon_vma *anon_vma);

/*
 * Call @visit with each VMA that may map the anonymous @page, and the address
 * where; the page table tells whether it does. While a VMA is split, merged or
 * moved concurrently, an address may be visited twice, through the old VMA and
 * through the new one, but none is left out. The walk ends at the first answer
 * that is not 0.
 * Return: that answer, else 0.
 * Locks: none; the caller has a reference to @page. @visit runs under the lock
 *        of the anon_vma's root (what that promises: above).
 */
int vms__rmap_walk_anon(const struct page *page,
			int (*visit)(struct vm_area_struct *vma, unsigned long addr, void *arg),
			void *arg);

/* Whether @vma is in the list of @anon_vma. Locks: mmap_lock. */
bool vms__vma_in_anon_vma(const struct vm_area_struct *vma, const struct anon_vma *anon_vma);

/*
 * Check @vma's links. Return: the number of broken rules; each is printed to
 * @why unless it is NULL. Locks: mmap_lock W.
 */
int vms__anon_vma_validate(const struct vm_area_struct *vma, FILE *why);

#endif
