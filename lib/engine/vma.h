/* SPDX-License-Identifier: MIT */
/*
 * vma.h - what a VMA says of itself: its mm, its anon_vma, how many pages it
 * has, and which page stands at which address.
 *
 * Locks: unless a function says otherwise, the caller holds the VMA's lock or
 * mmap_lock, or is a reverse-map walker that holds the lock of the list in
 * which it found the VMA.
 */
#ifndef VMS_ENGINE_VMA_H
#define VMS_ENGINE_VMA_H

#include <stdbool.h>

#include <vmastore/mm_types.h>

static inline struct mm_struct *vma_mm(const struct vm_area_struct *vma)
{
	/*
	 * Relaxed: the caller holds a lock under which vm_mm does not change.
	 * The lock of a VMA that was found without one is taken first, and
	 * vm_mm is checked after that (lock_vma.c).
	 */
	return atomic_load_explicit(&vma->vm_mm, memory_order_relaxed);
}

static inline struct anon_vma *vma_anon_vma(const struct vm_area_struct *vma)
{
	/*
	 * Acquire: pairs with the release in set_anon_vma()
	 * (lib/page/rmap/rmap.c), where a fault publishes a first anon_vma with
	 * mmap_lock only read. The VMA's chain is complete before a reader can
	 * see the anon_vma.
	 */
	return atomic_load_explicit(&vma->anon_vma, memory_order_acquire);
}

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

/* The page offset at @addr, which need not be one of @vma's. */
static inline pgoff_t vma_pgoff(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

static inline bool vma_maps_pgoff(const struct vm_area_struct *vma, pgoff_t pgoff)
{
	return pgoff >= vma->vm_pgoff && pgoff - vma->vm_pgoff < vma_pages(vma);
}

/* Where @vma has the page of @pgoff, which it maps. */
static inline unsigned long vma_address(const struct vm_area_struct *vma, pgoff_t pgoff)
{
	return vma->vm_start + ((pgoff - vma->vm_pgoff) << PAGE_SHIFT);
}

/*
 * Whether page offsets wrap before the end of @pages pages from @pgoff on. No
 * VMA may map such offsets: its last page would have a smaller offset than its
 * first, and the reverse map, which is ordered by offset, would not find its
 * pages.
 */
static inline bool vms__pgoff_wraps(pgoff_t pgoff, unsigned long pages)
{
	return pgoff + pages < pgoff;
}

#endif
