/* SPDX-License-Identifier: MIT */
/*
 * i_mmap.h - which VMAs map a file: the interval tree in its address_space, keyed on the pages that each VMA maps.
 *
 * i_mmap_rwsem guards the tree. Held for writing it also covers every change of a linked VMA's vm_start, vm_end and vm_pgoff (struct
 * vms__rmap_change); so under it, read or write, the VMAs of the tree stay in it, keep their bounds, and keep the page tables that they
 * span. Order: inside mmap_lock and VMA lock, outside the anon_vma lock and those of page tables.
 */
#ifndef VMS_PAGE_I_MMAP_H
#define VMS_PAGE_I_MMAP_H

#include <vmastore/file.h>

void vms__i_mmap_lock_write(struct address_space *mapping) VMS_ACQUIRE(mapping->i_mmap_rwsem);
void vms__i_mmap_unlock_write(struct address_space *mapping) VMS_RELEASE(mapping->i_mmap_rwsem);
void vms__i_mmap_lock_read(struct address_space *mapping) VMS_ACQUIRE_SHARED(mapping->i_mmap_rwsem);
void vms__i_mmap_unlock_read(struct address_space *mapping) VMS_RELEASE_SHARED(mapping->i_mmap_rwsem);

/* Locks: i_mmap_rwsem W of the file that @vma maps. add: @vma is not linked. */
void vms__i_mmap_add(struct vm_area_struct *vma);
void vms__i_mmap_del(struct vm_area_struct *vma);

/*
 * Call @visit with each VMA that maps pages of [first, last] of the file, in order of their first page; those with the same in
 * order of their linking, so that a fork's child comes after its parent. Return: the first answer that is not 0, else 0.
 * Locks: none; the caller has a reference to @mapping. @visit runs under i_mmap_rwsem R (what that promises: above).
 */
int vms__i_mmap_walk(struct address_space *mapping, pgoff_t first, pgoff_t last,
		     int (*visit)(struct vm_area_struct *vma, void *arg), void *arg);

/* Whether @vma stands in its file's tree, found through it. True without a file. Locks: mmap_lock W. */
bool vms__vma_file_linked(const struct vm_area_struct *vma);

#endif
