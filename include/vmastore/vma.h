/* SPDX-License-Identifier: MIT */
/*
 * vma.h - VMAs: finding them, walking over them, making them, and changing
 * their bounds and flags. mm.h includes this. The structure itself, and the
 * lock that each of its fields needs: mm_types.h.
 *
 * A caller of a lookup holds mmap_lock, R or W, and the answer is valid until
 * it releases the lock; a caller of a function that changes something holds
 * mmap_lock W. Addresses are bytes, and ranges are [start, end), the end not
 * included. Errors are -errno.
 */
#ifndef VMASTORE_VMA_H
#define VMASTORE_VMA_H

#include <vmastore/mm_types.h>

#include <vmastore/begin.h>

/* ---- lookup: mmap_lock held (R or W) ------------------------------------- */

/**
 * find_vma() - The first VMA that ends above @addr: the one that covers it, or
 * else the next one.
 * @addr: Byte address; need not be page aligned.
 *
 * Locks:    mmap_lock R or W, on entry and return. The answer is valid until it
 *           is released.
 * Progress: O(log n); never blocks.
 * Return:   it; NULL: none ends above @addr.
 */
VMS_API struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr) VMS_SYM(find_vma);
/**
 * vma_lookup() - The VMA that covers @addr.
 *
 * Locks, Progress: as find_vma().
 * Return: it; NULL: nothing is mapped at @addr.
 */
VMS_API struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(vma_lookup);
/**
 * vma_first() - The VMA with the lowest address.
 *
 * Locks, Progress: as find_vma().
 * Return: it; NULL: nothing is mapped.
 */
VMS_API struct vm_area_struct *vma_first(struct mm_struct *mm) VMS_SYM(vma_first);
/**
 * find_vma_intersection() - The first VMA that shares a byte with [@start,
 * @end).
 * @end: above @start, which the call does not check.
 *
 * Locks, Progress: as find_vma().
 * Return: it; NULL: the range is free.
 */
VMS_API struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
						     unsigned long end)
	VMS_SYM(find_vma_intersection);
/**
 * find_vma_prev() - find_vma(), and the VMA before @addr with it.
 * @pprev: becomes the last VMA that ends at or below @addr, or that precedes
 *         the one that covers @addr; NULL: there is none.
 *
 * Locks, Progress: as find_vma().
 * Return: as find_vma().
 */
VMS_API struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
					     struct vm_area_struct **pprev) VMS_SYM(find_vma_prev);
/**
 * vms_vma_after() - The VMA with the next higher address.
 * @vma: attached to its address space.
 *
 * Locks:    mmap_lock R or W.
 * Progress: one step along the index; never blocks.
 * Return:   it; NULL: @vma is the last one.
 */
VMS_API struct vm_area_struct *vms_vma_after(struct vm_area_struct *vma);
/**
 * vms_vma_before() - The VMA with the next lower address.
 *
 * Locks, Progress: as vms_vma_after().
 * Return: it; NULL: @vma is the first one.
 */
VMS_API struct vm_area_struct *vms_vma_before(struct vm_area_struct *vma);

/*
 * A walk over VMAs. It continues by address, so the layout may change between
 * two steps, and the caller may release mmap_lock: the next step finds the
 * first VMA that ends above addr at that time. While nothing has changed, a
 * step upwards follows the index, without a search: place is the walk's
 * position, valid while mm->map_seq is seq. The caller may read mm and addr;
 * all other use of the fields is the library's.
 */
struct vma_iterator {
	struct mm_struct *mm;
	unsigned long addr; /* where the next step looks */
	unsigned long seq;  /* mm->map_seq when place was set; 0: there is no place */
	union {
		struct ma_state mas;
		struct vm_area_struct *vma;
	} place; /* the engine's */
};
static inline bool vma_iter_init(struct vma_iterator *vmi, struct mm_struct *mm, unsigned long addr)
{
	vmi->mm = mm;
	vmi->addr = addr;
	vmi->seq = 0;
	return true;
}
/*
 * Declares an iterator and begins it. It takes two declarations, like
 * MA_STATE(), because an initializer would clear the place.
 */
#define VMA_ITERATOR(name, __mm, __addr)                                                           \
	struct vma_iterator name;                                                                  \
	const bool __attribute__((unused)) name##_begun = vma_iter_init(&name, (__mm), (__addr))
/**
 * vma_next() - The first VMA that ends above vmi->addr. vmi->addr becomes that
 * VMA's end, or the end of the address space if there is none.
 *
 * Locks:  mmap_lock R or W.
 * Return: it; NULL: there is none.
 */
VMS_API struct vm_area_struct *vma_next(struct vma_iterator *vmi) VMS_SYM(vma_next);
/**
 * vma_prev() - The last VMA that begins below vmi->addr. vmi->addr becomes that
 * VMA's start, or 0 if there is none.
 *
 * Locks:  mmap_lock R or W.
 * Return: it; NULL: there is none.
 */
VMS_API struct vm_area_struct *vma_prev(struct vma_iterator *vmi) VMS_SYM(vma_prev);
#define for_each_vma(vmi, vma) while (((vma) = vma_next(&(vmi))) != NULL)
#define for_each_vma_range(vmi, vma, end)                                                          \
	while (((vma) = vma_next(&(vmi))) != NULL && (vma)->vm_start < (end))

/* ---- making and changing VMAs: mmap_lock W held -------------------------- */

/**
 * insert_vm_struct() - Insert @vma, which vm_area_alloc() made for this @mm,
 * without merging. Private anonymous memory gets the vm_pgoff of its address,
 * as on Linux. The mm takes over the caller's reference of vm_file.
 *
 * Return: 0; -EINVAL (not page aligned, another mm's, offsets in its file that
 *         wrap); -ENOMEM (the range is empty, ends before it starts, is mapped
 *         already, or is beyond the end of the address space; or there is no
 *         memory). On errors @vma and its file are still the caller's.
 */
VMS_API int insert_vm_struct(struct mm_struct *mm, struct vm_area_struct *vma)
	VMS_SYM(insert_vm_struct);
/**
 * split_vma() - Cut @vma at @addr into two. The new VMA takes what lies below
 * @addr if @new_below, otherwise what lies above.
 *
 * Return: 0; -EINVAL (another mm's, @addr not page aligned or not inside);
 *         -ENOMEM (the limit of VMAs, no memory); or the answer of may_split().
 *         On errors nothing has changed.
 */
VMS_API int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long addr,
		      int new_below) VMS_SYM(split_vma);
/**
 * vma_merge() - Let [@addr, @end) join the VMA before it, the one after it, or
 * both, if they may be one VMA.
 * @prev: the VMA before @addr, or the one that covers it; NULL: the call finds
 *        it.
 * @vm_flags, @file, @pgoff, @anon_name: those of the range. @pgoff of memory
 *        that was never faulted in is @addr >> PAGE_SHIFT.
 *
 * A free range becomes mapped so; the call does not check limits. A range that
 * is a part of one VMA that maps the same file at the same offset changes to
 * these flags and this name, as mprotect(2) does.
 *
 * Return: the VMA that holds the range now; NULL: no neighbour fits (offsets
 *         that wrap never do), or there is no memory, and nothing has changed.
 */
VMS_API struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *prev,
					 unsigned long addr, unsigned long end, vm_flags_t vm_flags,
					 struct file *file, pgoff_t pgoff,
					 struct anon_vma_name *anon_name) VMS_SYM(vma_merge);
/**
 * vma_expand() - Let @vma cover [@start, @end), more than now, at one end or
 * both. The call does not check limits.
 * @pgoff: the offset at @start; each page keeps its own offset.
 * @next:  NULL: the added range is free. Otherwise the VMA after @vma, which
 *         ends at @end: @vma takes it over, and free room between the two.
 *
 * Return: 0; -EINVAL (not page aligned, nothing is added, another @pgoff,
 *         offsets that wrap, beyond the address space, @next cannot be one with
 *         @vma); -ENOMEM (something is mapped there, or there is no memory). On
 *         errors nothing has changed.
 */
VMS_API int vma_expand(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff, struct vm_area_struct *next) VMS_SYM(vma_expand);
/**
 * vma_shrink() - Let @vma cover only [@start, @end), less than now at one end.
 * The pages of the rest are unmapped.
 * @pgoff: as for vma_expand().
 *
 * Return: 0; -EINVAL (not page aligned, nothing is left or nothing is removed,
 *         both ends at once, another @pgoff); -ENOMEM. On errors nothing has
 *         changed.
 */
VMS_API int vma_shrink(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff) VMS_SYM(vma_shrink);
/**
 * vma_adjust() - vma_expand() or vma_shrink(), as Linux had it up to 6.2: @vma
 * grows or shrinks to [@start, @end).
 * @pgoff:  as for vma_expand().
 * @insert: NULL; or a copy of @vma (vm_area_dup()) with the bounds and the
 *          offset of exactly the range that @vma loses: @insert takes that
 *          range over with its pages, and belongs to the mm from then on.
 *
 * With @insert the call asks no may_split(): the owner of the mapping has made
 * the cut itself.
 *
 * Return: 0; an error of vma_expand() or vma_shrink(), and @insert is still the
 *         caller's; -EINVAL also if one end grows while the other shrinks, or
 *         @insert is not exactly what @vma loses.
 */
VMS_API int vma_adjust(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff, struct vm_area_struct *insert) VMS_SYM(vma_adjust);
/**
 * expand_stack() - The VMA that covers @addr. If none does, a VMA above it that
 * grows down is expanded to cover it, if it may.
 *
 * Locks:  mmap_lock R on entry. On return the caller holds it if the answer is
 *         a VMA, and does not if it is NULL. The call may release it and take
 *         it for writing in between, so VMAs found before are invalid.
 * Return: it; NULL: nothing covers @addr, and no VMA may grow there (the guard
 *         gap, a limit, no memory).
 */
VMS_API struct vm_area_struct *expand_stack(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(expand_stack);
/**
 * expand_stack_locked() - Let @vma grow down until it begins at @addr's page or
 * below. An @addr that is not below vm_start changes no bounds, but gets the
 * same checks, as on Linux.
 *
 * Locks:  mmap_lock W.
 * Return: 0; -EFAULT (@vma does not grow down); -EPERM (below mmap_min_addr);
 *         -ENOMEM (the guard gap, a limit, no memory).
 */
VMS_API int expand_stack_locked(struct vm_area_struct *vma, unsigned long addr)
	VMS_SYM(expand_stack_locked);
/**
 * vm_area_alloc() - An empty VMA for @mm, not inserted.
 *
 * Locks:  none needed.
 * Return: it; NULL: there is no memory.
 */
VMS_API struct vm_area_struct *vm_area_alloc(struct mm_struct *mm) VMS_SYM(vm_area_alloc);
/**
 * vm_area_dup() - A copy of @orig, not inserted. It takes no reference of
 * @orig's file, but one of its name.
 *
 * Locks:  a lock of the caller's keeps @orig from changing meanwhile.
 * Return: it; NULL: there is no memory.
 */
VMS_API struct vm_area_struct *vm_area_dup(const struct vm_area_struct *orig) VMS_SYM(vm_area_dup);
/**
 * vm_area_free() - Free @vma, which was never inserted, or has been removed.
 *
 * Locks: none needed; no other thread knows of @vma.
 */
VMS_API void vm_area_free(struct vm_area_struct *vma) VMS_SYM(vm_area_free);

/* ---- flags --------------------------------------------------------------- */

/**
 * vm_flags_init() - Set the flags of a VMA that is not inserted yet.
 * @flags: VM_* (mm_flags.h). vm_page_prot follows.
 *
 * Locks: none needed; no other thread knows of @vma.
 */
VMS_API void vm_flags_init(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_init);
/**
 * vm_flags_reset() - Let @vma have exactly @flags. Pages that are mapped keep
 * their rights, the accounts do not change, and nothing merges; vms_mprotect()
 * does all three. A later unmapping subtracts from the accounts by the flags
 * that it finds, so a caller that changes VM_WRITE, VM_EXEC, VM_SHARED,
 * VM_GROWSDOWN or VM_LOCKED restores them before.
 *
 * Locks:    mmap_lock W; takes @vma's write lock, which ends with mmap_lock's
 *           W.
 * Progress: waits for the readers of @vma.
 */
VMS_API void vm_flags_reset(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_reset);
/**
 * vm_flags_set() - Add @flags to those of @vma.
 *
 * Locks, Progress: as vm_flags_reset().
 */
VMS_API void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_set);
/**
 * vm_flags_clear() - Remove @flags from those of @vma.
 *
 * Locks, Progress: as vm_flags_reset().
 */
VMS_API void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_clear);
/**
 * vm_flags_mod() - Add @set and remove @clear, at once; a flag in both is
 * removed.
 *
 * Locks, Progress: as vm_flags_reset().
 */
VMS_API void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
	VMS_SYM(vm_flags_mod);
/**
 * vm_get_page_prot() - The access that a page-table entry may allow at once, in
 * a VMA of @flags whose owner does not ask to hear of the first write. Any
 * lock.
 */
VMS_API pgprot_t vm_get_page_prot(vm_flags_t flags) VMS_SYM(vm_get_page_prot);
/**
 * vma_set_page_prot() - Compute vm_page_prot from vm_flags and the owner's
 * hooks. insert_vm_struct() and the vm_flags_*() functions call it; a caller
 * that changes vm_ops afterwards calls it again. A shared mapping whose owner
 * has page_mkwrite() or pfn_mkwrite() starts read-only.
 *
 * Locks: mmap_lock W, VMA lock W; or @vma is not inserted.
 */
VMS_API void vma_set_page_prot(struct vm_area_struct *vma) VMS_SYM(vma_set_page_prot);

#include <vmastore/end.h>

#endif
