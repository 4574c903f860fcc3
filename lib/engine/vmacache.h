/* SPDX-License-Identifier: MIT */
/*
 * vmacache.h - the last few VMAs that this thread's lookups hit, so that most
 * of them never walk the red-black tree: Linux's per-thread vmacache, as it was
 * up to 6.0.
 *
 * An entry is a bare pointer, and good only while no VMA has left its mm since
 * the thread noted it. The pair (vmacache_id, vmacache_seq) tells. Every mm
 * ever made has its own id, so that another mm in the same memory cannot be
 * mistaken for it; the sequence moves on by one whenever VMAs leave. Both have
 * 64 bits and never wrap: with the 32-bit sequence that Linux first had, a
 * program could make it wrap and use a freed VMA (CVE-2018-17182). A VMA that
 * grows, shrinks or moves its ends stays good, because the range is read from
 * the VMA itself.
 *
 * Locks: mmap_lock R or W for find and update, W for invalidate. The cache
 *        itself is the thread's own: one cache line, which no other thread
 *        uses.
 */
#ifndef VMS_ENGINE_VMACACHE_H
#define VMS_ENGINE_VMACACHE_H

#include <vmastore/mm_types.h>

#define VMS__VMACACHE_SIZE 4u
/*
 * Neighbours of 2 MiB share a slot, so that a thread at work in a few places
 * keeps one VMA for each.
 */
#define VMS__VMACACHE_SHIFT 21

struct vms__vmacache {
	unsigned long mm_id; /* the mm to which these VMAs belong; 0: none */
	unsigned long seq;   /* mm->vmacache_seq when they were noted */
	struct vm_area_struct *vmas[VMS__VMACACHE_SIZE];
	unsigned long hits, misses;
} vms_cacheline_aligned;

_Static_assert(sizeof(struct vms__vmacache) == VMS_CACHELINE, "one cache line a thread");

extern __thread struct vms__vmacache vms__vmacache;

/* Give a new mm its id. Locks: none, no other thread knows the mm yet. */
void vms__vmacache_mm_init(struct mm_struct *mm);

/*
 * Forget every thread's entries for @mm, because VMAs are leaving it.
 * Locks: mmap_lock W.
 */
static inline void vms__vmacache_invalidate(struct mm_struct *mm)
{
	unsigned long seq = atomic_load_explicit(&mm->vmacache_seq, memory_order_relaxed);

	/*
	 * Relaxed, and no read-modify-write: only the writer of mmap_lock
	 * stores here, and its release of mmap_lock makes the store visible to
	 * every later reader.
	 */
	atomic_store_explicit(&mm->vmacache_seq, seq + 1, memory_order_relaxed);
}

static inline bool vms__vmacache_is_valid(const struct vms__vmacache *cache,
					  const struct mm_struct *mm)
{
	/* Relaxed: ordered by mmap_lock, see vms__vmacache_invalidate(). */
	return cache->mm_id == mm->vmacache_id &&
	       cache->seq == atomic_load_explicit(&mm->vmacache_seq, memory_order_relaxed);
}

static inline unsigned int vms__vmacache_slot(unsigned long addr)
{
	return (addr >> VMS__VMACACHE_SHIFT) % VMS__VMACACHE_SIZE;
}

/*
 * The VMA that covers @addr, if this thread's cache has it; NULL says nothing
 * about @addr. Locks: mmap_lock R or W.
 */
static inline struct vm_area_struct *vms__vmacache_find(const struct mm_struct *mm,
							unsigned long addr)
{
	struct vms__vmacache *cache = &vms__vmacache;
	unsigned int slot = vms__vmacache_slot(addr);

	if (vms__vmacache_is_valid(cache, mm)) {
		for (unsigned int i = 0; i < VMS__VMACACHE_SIZE; i++) {
			struct vm_area_struct *vma = cache->vmas[(slot + i) % VMS__VMACACHE_SIZE];

			if (vma && vma->vm_start <= addr && addr < vma->vm_end) {
				cache->hits++;
				return vma;
			}
		}
	}
	cache->misses++;
	return NULL;
}

/* Note that @vma covers @addr. Locks: mmap_lock R or W. */
static inline void vms__vmacache_update(const struct mm_struct *mm, unsigned long addr,
					struct vm_area_struct *vma)
{
	struct vms__vmacache *cache = &vms__vmacache;

	/*
	 * The old entries are another mm's, or of before VMAs left: a new id
	 * and sequence would make those bare pointers look good.
	 */
	if (!vms__vmacache_is_valid(cache, mm)) {
		for (unsigned int i = 0; i < VMS__VMACACHE_SIZE; i++)
			cache->vmas[i] = NULL;
		cache->mm_id = mm->vmacache_id;
		cache->seq = atomic_load_explicit(&mm->vmacache_seq, memory_order_relaxed);
	}
	cache->vmas[vms__vmacache_slot(addr)] = vma;
}

#endif
