/* SPDX-License-Identifier: MIT */
/*
 * hint.h - each thread remembers the last few VMAs that it locked, and tries
 * them before it walks the tree.
 *
 * A hint needs no invalidation. It may name a VMA that has shrunk, was
 * unmapped, or became another one of any mm. The memory is type-stable, or was
 * given back to the system and then reads as zeros, which is a detached VMA
 * without readers. So a thread may try the lock of any VMA that a hint names.
 * The checks that follow (lock_vma.c) are as good for a hint as for a walk: if
 * the VMA is attached, belongs to this mm and covers the address, it is the one
 * that the tree would have given. The range here is the thread's own copy of
 * what it saw. It only says whether a try is worth while.
 *
 * Linux up to 6.0 kept such a cache per task, with a sequence number to
 * invalidate it; per-VMA locks make that number unnecessary.
 *
 * Locks: none; thread-local.
 */
#ifndef VMS_ENGINE_HINT_H
#define VMS_ENGINE_HINT_H

#include <stdbool.h>

#include <vmastore/mm_types.h>

#include "lib/sync/thread_slot.h"

#define VMS__HINTS 4u /* a power of two */

struct vms__hint {
	unsigned long start, len;
	const struct mm_struct *mm;
	struct vm_area_struct *vma;
};

struct vms__hints {
	/*
	 * The hint that was of use last. It is tried first, because one fault
	 * often follows another in the same VMA.
	 */
	unsigned int last;
	struct vms__hint hint[VMS__HINTS];
};

extern VMS__TLS VMS__HIDDEN struct vms__hints vms__hints;

/*
 * Neighbouring 2 MiB blocks have different places, so that a few mappings in
 * use at once do not push each other out.
 */
static inline unsigned int vms__hint_place(unsigned long addr)
{
	return (addr >> 21) & (VMS__HINTS - 1);
}

static inline bool vms__hint_fits(const struct vms__hint *hint, const struct mm_struct *mm,
				  unsigned long addr)
{
	return addr - hint->start < hint->len && hint->mm == mm;
}

/* The slow part of vms__hint_find(): look at all hints. */
struct vm_area_struct *vms__hint_search(const struct mm_struct *mm, unsigned long addr);

/*
 * A VMA that covered @addr of @mm when this thread last had it locked; or NULL.
 */
static inline struct vm_area_struct *vms__hint_find(const struct mm_struct *mm, unsigned long addr)
{
	const struct vms__hint *hint = &vms__hints.hint[vms__hints.last];

	return likely(vms__hint_fits(hint, mm, addr)) ? hint->vma : vms__hint_search(mm, addr);
}

/* @vma, read-locked, covers @addr. */
static inline void vms__hint_keep(const struct mm_struct *mm, unsigned long addr,
				  struct vm_area_struct *vma)
{
	unsigned int place = vms__hint_place(addr);

	vms__hints.hint[place] =
		(struct vms__hint){vma->vm_start, vma->vm_end - vma->vm_start, mm, vma};
	vms__hints.last = place;
}

#endif
