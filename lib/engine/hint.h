/* SPDX-License-Identifier: MIT */
/*
 * hint.h - each thread remembers the last few VMAs that it locked, and tries them before it walks the tree.
 *
 * A hint needs no invalidation. It may name a VMA that has shrunk, was
 * unmapped, or became another one of any mm. Its memory is type-stable, or was
 * given back to the system and then reads as zeros, which is a VMA without
 * readers and detached. So its lock may be tried, and what is checked after that
 * (lock_vma.c) holds for a VMA found by a hint as for one found by a walk: if it
 * is attached, belongs to this mm and covers the address, it is the one that the
 * tree would have given.
 * The range here is the thread's own copy of what it saw; it only says whether trying is worth while.
 *
 * Linux up to 6.0 kept such a cache per task, with a sequence number to invalidate it; per-VMA locks make that number unnecessary.
 *
 * Locks: none; thread-local.
 */
#ifndef VMS_ENGINE_HINT_H
#define VMS_ENGINE_HINT_H

#include <vmastore/mm_types.h>

#define VMS__HINTS 4u /* a power of two */

struct vms__hint {
	const struct mm_struct *mm;
	struct vm_area_struct *vma;
	unsigned long start, end;
};

extern __thread struct vms__hint vms__hints[VMS__HINTS];

/* Neighbouring 2 MiB blocks have different places, so that a few mappings in use at once do not push each other out. */
static inline unsigned int vms__hint_place(unsigned long addr)
{
	return (addr >> 21) & (VMS__HINTS - 1);
}

/* A VMA that covered @addr of @mm when this thread last had it locked; or NULL. */
static inline struct vm_area_struct *vms__hint_find(const struct mm_struct *mm, unsigned long addr)
{
	unsigned int place = vms__hint_place(addr);

	for (unsigned int i = 0; i < VMS__HINTS; i++) {
		const struct vms__hint *hint = &vms__hints[(place + i) & (VMS__HINTS - 1)];

		if (hint->start <= addr && addr < hint->end && hint->mm == mm)
			return hint->vma;
	}
	return NULL;
}

/* @vma, read-locked, covers @addr. */
static inline void vms__hint_keep(const struct mm_struct *mm, unsigned long addr, struct vm_area_struct *vma)
{
	vms__hints[vms__hint_place(addr)] = (struct vms__hint){mm, vma, vma->vm_start, vma->vm_end};
}

#endif
