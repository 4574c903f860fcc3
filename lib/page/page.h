/* SPDX-License-Identifier: MIT */
/*
 * page.h - the interface of lib/page to lib/mm: page tables, pages, anon_vma.
 * handle_mm_fault() itself is public (fault.h).
 *
 * Locks: each function states its own. "R or W" is the mode of mmap_lock.
 */
#ifndef VMS_PAGE_PAGE_H
#define VMS_PAGE_PAGE_H

#include <vmastore/mm.h>

#include "lib/engine/locked.h"

/* ---- tables and ranges: pgtable.c, zap.c, copy.c, protect.c, move.c ---- */

/* Allocate the top table of a new mm. Return: 0 or -ENOMEM. */
int vms__pgd_alloc(struct mm_struct *mm);
/* Free the remaining tables; every page must be unmapped. */
void vms__pgd_free(struct mm_struct *mm);

/*
 * Whether [start, end) has a leaf, that is whether a page may be mapped there,
 * or may have been. A concurrent fault may change the answer. Locks: mmap_lock
 * R or W.
 */
bool vms__has_tables(const struct mm_struct *mm, unsigned long start, unsigned long end);
/*
 * Unmap the pages of [start, end), all inside @vma, and drop the references.
 * Locks: mmap_lock (R or W) or the VMA's lock.
 */
void vms__zap_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* Like vms__zap_range(), but guard marks stay: the range is still mapped. */
void vms__discard_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * After a discard: leaves that lie wholly in [start, end) and are empty count
 * as no tables from now on. Locks: as for vms__zap_range().
 */
void vms__vacate_tables(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * Like vms__zap_range(), for a walker that found @vma through its file. Private
 * copies (anonymous pages) are unmapped only with @even_cows, and guard marks
 * stay. A fault that installs a page after this call has looked at the leaf
 * sees all that the caller did before.
 * Locks: that of the part of the file's i_mmap under which @vma was found.
 */
void vms__zap_file_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 bool even_cows);
/*
 * Free the tables that map nothing except [start, end). No VMA remains in
 * [floor, ceiling), so a table is freed only if all that it could map lies
 * there. ceiling 0 stands for the top.
 * Locks: mmap_lock R or W. The writer has locked the VMAs, waited for their
 *        readers, and hidden them (vms__vma_hide()); otherwise a walker could
 *        be on a table that is freed.
 */
void vms__free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling);
/*
 * fork: share @src's pages with @dst copy-on-write. Return: 0 or -ENOMEM (no
 * page is shared; tables may stay).
 * Locks: both mmap_locks W, @src write-locked. Otherwise the parent's
 *        concurrent writes would give the child pages of several moments
 *        (test_race.c).
 */
int vms__copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);
/*
 * After vm_flags lost VM_WRITE: take the right to write away from the entries
 * of [start, end).
 * Locks: mmap_lock W, VMA write-locked.
 */
void vms__change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * mremap, in two steps. First: make the tables that [new, new + len) needs for
 * the pages of [old, old + len). Return: 0, or -ENOMEM with some of them made,
 * which vms__free_pgtables() removes. Second: move the pages, which cannot
 * fail. The places do not overlap, and the new one maps nothing.
 * Locks: mmap_lock W. @vma, which covers the old place, is write-locked from
 *        before the first step, and every VMA at both places for the second.
 */
int vms__prepare_move(struct mm_struct *mm, unsigned long old, unsigned long len,
		      unsigned long new);
void vms__move_pages(struct vm_area_struct *vma, unsigned long old, unsigned long len,
		     unsigned long new);
/*
 * Check the pages and tables of @mm against its counters and VMAs. Return: the
 * number of broken rules; each is printed to @why unless it is NULL. Locks:
 * mmap_lock W.
 */
int vms__pgtable_validate(struct mm_struct *mm, FILE *why);
/* ---- a page that is present (content.c) ---- */

/*
 * Read or write the content word of the page at @addr. Return: false if no page
 * is present there for that access; the caller must fault again. Locks:
 * mmap_lock or VMA lock.
 */
bool vms__page_read(struct vm_area_struct *vma, unsigned long addr, unsigned long *word);
bool vms__page_write(struct vm_area_struct *vma, unsigned long addr, unsigned long word);
/*
 * vms__page_write() for an entry that lacks the right to write, after a fault
 * for writing. Return: false unless @vma is the only user of the page.
 */
bool vms__page_write_forced(struct vm_area_struct *vma, unsigned long addr, unsigned long word);
/*
 * Whether an entry allows the access at this moment. Locks: mmap_lock or VMA
 * lock.
 */
bool vms__page_allows(const struct vm_area_struct *vma, unsigned long addr, bool write);

/*
 * Whether memory with @flags is private and may become writable: a write gives
 * it a copy, even a debugger's write without the right.
 */
static inline bool vms__is_cow(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/*
 * For each page of [start, end), all inside @vma, whether it is resident
 * (resident.c), into @vec. Locks: mmap_lock or VMA lock.
 */
void vms__resident(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   unsigned char *vec);

/* ---- guard pages (guard.c): mmap_lock W, VMA write-locked ---- */

/*
 * Set aside the tables that the marks of [start, end) need, so that install
 * cannot fail. Install or cancel must follow. Return: the room, or NULL when
 * memory is out.
 */
struct vms__guard_room *vms__guard_prepare(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end);
void vms__guard_cancel(struct vms__guard_room *room);
/*
 * Unmap the pages of [start, end); every touch of the range is VM_FAULT_SIGSEGV
 * from now on. Consumes @room, which was made for the same range.
 */
void vms__guard_install(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			struct vms__guard_room *room);
/* Remove the marks of [start, end); pages between them stay. */
void vms__guard_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end);

/*
 * The pages mapped in a VMA, in bytes. A page is shared if more than one entry
 * maps it; its share (pss) is its size divided by their number, in fixed point.
 */
#define VMS__PSS_SHIFT 12
struct vms__page_stats {
	unsigned long rss, anonymous, referenced;
	unsigned long pss, pss_dirty; /* << VMS__PSS_SHIFT */
	unsigned long shared_clean, shared_dirty, private_clean, private_dirty;
};
/*
 * Add the pages of [@start, vma->vm_end) to @stats. Locks: mmap_lock or VMA
 * lock.
 */
void vms__page_stats(struct vm_area_struct *vma, unsigned long start,
		     struct vms__page_stats *stats);

/* ---- what is resident (rss.c). Locks: none ---- */

/*
 * One more counter than embedders see: the pages that the row's thread has
 * unmapped since it last looked at the sum.
 */
#define VMS__RSS_FALLEN ((unsigned int)NR_MM_COUNTERS)
#define VMS__NR_COUNTERS (NR_MM_COUNTERS + 1u)

/* Resident pages; exact while no thread changes them concurrently. */
unsigned long vms__rss(const struct mm_struct *mm);
/*
 * The caller has unmapped @pages and is about to subtract them from the
 * counters. Return: whether hiwater_rss includes what was resident before. The
 * call must come before the subtraction, because afterwards the sum no longer
 * shows the maximum.
 */
bool vms__rss_falls(struct mm_struct *mm, long pages);

/* ---- anon_vma (rmap/rmap.c) ---- */

/*
 * Give @vma an anon_vma if it has none: that of a mergeable neighbour, or a new
 * one. Return: 0 or -ENOMEM. Locks: mmap_lock R or W.
 */
int vms__anon_vma_prepare(struct vm_area_struct *vma);
/*
 * Give @dst, which has no anon_vma, that of @src, and link it into every list
 * in which @src is. Return: 0 or -ENOMEM (@dst unchanged).
 * Locks: mmap_lock W; @dst is detached or write-locked. Otherwise a fault under
 *        @dst's lock alone would use the anon_vma at once, and the caller could
 *        not undo the clone.
 */
int vms__anon_vma_clone(struct vm_area_struct *dst, const struct vm_area_struct *src);
/*
 * fork: like clone, but @dst gets an anon_vma of its own, a child of @src's.
 * Return: 0 or -ENOMEM. Locks: both mmap_locks W.
 */
int vms__anon_vma_fork(struct vm_area_struct *dst, const struct vm_area_struct *src);
/*
 * Unlink @vma from every anon_vma; vma->anon_vma becomes NULL. Locks:
 * mmap_lock, and the VMA is detached or write-locked.
 */
void vms__anon_vma_unlink(struct vm_area_struct *vma);
/*
 * Whether @vma's anon_vma came by fork: its chain has more than one link.
 * Locks: mmap_lock.
 */
bool vms__anon_vma_is_fork_child(const struct vm_area_struct *vma);

/* ---- file mappings (filemap.c) ---- */

/*
 * The page cache's hooks, for a VMA that maps a file and has no hooks of its
 * own.
 */
extern const struct vm_operations_struct vms__filemap_vm_ops;

/*
 * The hooks that serve @vma's faults. NULL: private anonymous memory, of which
 * /dev/zero's private mappings are a kind.
 * Locks: mmap_lock or VMA lock.
 */
static inline const struct vm_operations_struct *vms__vma_ops(const struct vm_area_struct *vma)
{
	if (vma->vm_ops || !vma->vm_file)
		return vma->vm_ops;
	if ((vma->vm_file->f_mapping->flags & VMS_AS_ZERO_DEV) && !(vma->vm_flags & VM_MAYSHARE))
		return NULL;
	return &vms__filemap_vm_ops;
}

/*
 * Link @vma into its file's interval tree, or unlink it. No-ops without a file;
 * unlink of a VMA that is not linked is one too.
 * Locks: mmap_lock W; R for unlink of a VMA that no thread can find any more.
 */
void vms__vma_link_file(struct vm_area_struct *vma);
/* The vm_i_mmap of a VMA that the calling thread makes. */
unsigned char vms__i_mmap_own_part(void);
void vms__vma_unlink_file(struct vm_area_struct *vma);

/* ---- VMAs that change under reverse-map walks (rmap/change.c) ---- */

#define VMS__RMAP_CHANGE_MAX 3u

/*
 * VMAs whose vm_start, vm_end and vm_pgoff change in one step, so that a
 * reverse-map walk finds each page in one VMA or in the other, never in none.
 * Those that have a file have the same one, and those that have an anon_vma the
 * same root.
 * 1. Fill in the VMAs that are linked, write-locked; begin.
 * 2. Change those fields. Put a new VMA into a free place, and NULL where one
 *    is removed for good (its anon_vma stays linked until
 *    vms__anon_vma_unlink()).
 * 3. End: the VMAs in @vma are linked.
 * Between begin and end the caller takes no other lock, waits for nothing and
 * allocates nothing, because it may hold a spinlock.
 */
struct vms__rmap_change {
	struct vm_area_struct *vma[VMS__RMAP_CHANGE_MAX]; /* NULL: unused */
	/* private, set by begin: */
	struct address_space *mapping;
	unsigned int parts; /* of @mapping, whose locks are held */
	struct anon_vma *anon_vma;
};
/*
 * begin takes the locks of both ways from a page to a VMA, end drops them.
 * Locks: mmap_lock W, the VMAs write-locked.
 */
void vms__rmap_change_begin(struct vms__rmap_change *change);
void vms__rmap_change_end(struct vms__rmap_change *change);

/*
 * Take @vma out of the lists through which reverse-map walks find it. The
 * caller has unmapped its pages, and frees its page tables afterwards: a walker
 * that still found it would walk on freed tables.
 * Locks: mmap_lock R or W; @vma is write-locked, or detached.
 */
void vms__vma_hide(struct vm_area_struct *vma);

/*
 * Keep reverse-map walks from @vma's pages out while entries move. Locks:
 * mmap_lock W, so that its file and anon_vma stay the same.
 */
void vms__rmap_lock(const struct vm_area_struct *vma);
void vms__rmap_unlock(const struct vm_area_struct *vma);

#endif
