/* SPDX-License-Identifier: MIT */
/*
 * i_mmap.h - which VMAs map a file: the interval trees in its address_space,
 * keyed on the pages that each VMA maps.
 *
 * The VMAs are divided into several parts, each a tree with a lock. A VMA that
 * a thread makes goes into that thread's part; a copy of a VMA (split, fork,
 * mremap) into the part of the original. Threads that map and unmap one file
 * concurrently therefore share none of its cache lines.
 *
 * The lock of a part guards its tree. Held for writing, it also covers every
 * change of a linked VMA's vm_start, vm_end and vm_pgoff (struct
 * vms__rmap_change). Under the lock, read or write, the VMAs of the tree
 * therefore stay in it, keep their bounds, and keep the page tables that they
 * span.
 *
 * A walk holds the locks of all parts for reading throughout, so a writer that
 * holds the lock of one part keeps all walks out. If a walk took one lock after
 * the other, it would miss a page that passes meanwhile from a VMA of a later
 * part to a VMA of an earlier one.
 *
 * Order: inside mmap_lock and VMA lock, outside the anon_vma lock and those of
 *        page tables; of one file's parts the lower first.
 * Read next: i_mmap.c.
 */
#ifndef VMS_PAGE_I_MMAP_H
#define VMS_PAGE_I_MMAP_H

#include <vmastore/file.h>

/* A set of parts: bit I is part I. */
typedef unsigned int vms__i_mmap_set;
#define VMS__I_MMAP_ALL ((1u << VMS_I_MMAP_PARTS) - 1)

/* The part of its file's VMAs to which @vma belongs. */
static inline struct vms_i_mmap *vms__i_mmap_of(const struct vm_area_struct *vma)
{
	return &vma->vm_file->f_mapping->i_mmap[vma->vm_i_mmap];
}

/* Take or drop the locks of the parts in @set for writing. */
void vms__i_mmap_lock_write(struct address_space *mapping, vms__i_mmap_set set);
void vms__i_mmap_unlock_write(struct address_space *mapping, vms__i_mmap_set set);

/*
 * Link @vma into its part, or unlink it. Locks: that of its part, W. The caller
 * of add must have an unlinked VMA, the caller of del a linked one.
 */
void vms__i_mmap_add(struct vm_area_struct *vma);
void vms__i_mmap_del(struct vm_area_struct *vma);

/*
 * Call @visit with each VMA that maps pages of [first, last] of the file: part
 * by part, in order of their first page. VMAs with the same first page are
 * visited in the order in which they were linked, so a fork's child comes after
 * its parent. The walk ends at the first answer that is not 0.
 * Return: that answer, else 0.
 * Locks: none; the caller has a reference to @mapping. @visit runs under the
 *        locks of all parts, R (what that promises: above).
 */
int vms__i_mmap_walk(struct address_space *mapping, pgoff_t first, pgoff_t last,
		     int (*visit)(struct vm_area_struct *vma, void *arg), void *arg);

/*
 * Whether @vma can be found in its file's tree. True without a file.
 * Locks: mmap_lock W.
 */
bool vms__vma_file_linked(const struct vm_area_struct *vma);

#endif
