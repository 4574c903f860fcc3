/* SPDX-License-Identifier: MIT */
/*
 * i_mmap.h - which VMAs map a file: the interval trees in its address_space,
 * keyed on the pages that each VMA maps.
 *
 * The VMAs stand in several parts, each a tree and a lock. A VMA that a thread
 * makes goes into that thread's part; a copy of a VMA (split, fork, mremap)
 * into the part of the original. So threads that map and unmap one file at the
 * same time meet on no line of it.
 *
 * The lock of a part guards its tree. Held for writing it also covers every
 * change of a linked VMA's vm_start, vm_end and vm_pgoff (struct
 * vms__rmap_change); so under it, read or write, the VMAs of the tree stay in
 * it, keep their bounds, and keep the page tables that they span. A walk holds
 * the locks of all parts for reading throughout, so whoever holds one for
 * writing keeps all walks out: a page that passes from a VMA of one part to a
 * VMA of another is met by each walk.
 * Order: inside mmap_lock and VMA lock, outside the anon_vma lock and those of
 *        page tables; of one file's parts the lower first.
 */
#ifndef VMS_PAGE_I_MMAP_H
#define VMS_PAGE_I_MMAP_H

#include <vmastore/file.h>

/* A set of parts: bit I is part I. */
typedef unsigned int vms__i_mmap_set;
#define VMS__I_MMAP_ALL ((1u << VMS_I_MMAP_PARTS) - 1)

/* The part of the file of @vma in which @vma stands. */
static inline struct vms_i_mmap *vms__i_mmap_of(const struct vm_area_struct *vma)
{
	return &vma->vm_file->f_mapping->i_mmap[vma->vm_i_mmap];
}

/* Take the locks of the parts @set for writing, or let go of them. */
void vms__i_mmap_lock_write(struct address_space *mapping, vms__i_mmap_set set);
void vms__i_mmap_unlock_write(struct address_space *mapping, vms__i_mmap_set set);

/* Locks: that of the part of @vma, W. add: @vma is not linked. */
void vms__i_mmap_add(struct vm_area_struct *vma);
void vms__i_mmap_del(struct vm_area_struct *vma);

/*
 * Call @visit with each VMA that maps pages of [first, last] of the file: part
 * by part, in order of their first page; those with the same in order of their
 * linking, so that a fork's child comes after its parent. Return: the first
 * answer that is not 0, else 0.
 * Locks: none; the caller has a reference to @mapping. @visit runs under the
 *        locks of all parts, R (what that promises: above).
 */
int vms__i_mmap_walk(struct address_space *mapping, pgoff_t first, pgoff_t last,
		     int (*visit)(struct vm_area_struct *vma, void *arg), void *arg);

/*
 * Whether @vma stands in its file's tree, found through it. True without a
 * file. Locks: mmap_lock W.
 */
bool vms__vma_file_linked(const struct vm_area_struct *vma);

#endif
