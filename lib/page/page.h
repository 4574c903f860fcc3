/* SPDX-License-Identifier: MIT */
/*
 * page.h - what lib/mm asks of lib/page: page tables, pages, anon_vma.
 * handle_mm_fault() itself is public (mm.h).
 */
#ifndef VMS_PAGE_PAGE_H
#define VMS_PAGE_PAGE_H

#include <vmastore/mm.h>

#include "lib/engine/locked.h"

/* ---- tables and ranges: pgtable.c, zap.c, copy.c, protect.c, move.c ---- */

/* The top table of a new mm. Return: 0 or -ENOMEM. */
int vms__pgd_alloc(struct mm_struct *mm);
/* Frees what is left of the tables; every page must be gone. */
void vms__pgd_free(struct mm_struct *mm);

/*
 * Whether a page of [start, end) may be there, or may ever have been. Locks:
 * mmap_lock R or W. A fault beside it may change the answer.
 */
bool vms__has_tables(const struct mm_struct *mm, unsigned long start, unsigned long end);
/*
 * Unmap the pages of [start, end), all inside @vma, and drop the references.
 * Locks: mmap_lock (R or W) or the VMA's lock.
 */
void vms__zap_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* The same, but guard marks stay: the range is still mapped. */
void vms__discard_range(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * After a discard: the leaves that [start, end) holds whole, and that are
 * empty, count as no tables from now on. Locks: the same.
 */
void vms__vacate_tables(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * The same for who came from the file that @vma maps; anonymous pages, its
 * private copies, only with @even_cows. A fault that installs a page after this
 * has looked sees all that the caller did before.
 * Locks: that of the part of the file's i_mmap, under which @vma was found.
 */
void vms__zap_file_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			 bool even_cows);
/*
 * Free the tables that map nothing but [start, end), where no VMA remains in
 * [floor, ceiling): a table goes only if all that it could map lies in [floor,
 * ceiling). ceiling 0 stands for the top.
 * Locks: mmap_lock R or W (its writer locked the VMAs, waited for their
 *        readers, and hid them: vms__vma_hide()).
 */
void vms__free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
			unsigned long floor, unsigned long ceiling);
/*
 * fork: share @src's pages with @dst copy-on-write. Return: 0 or -ENOMEM (no
 * page is shared; tables may stay).
 * Locks: both mmap_locks W, @src write-locked.
 */
int vms__copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);
/*
 * After vm_flags changed: take away the write bit where it no longer holds.
 * Locks: mmap_lock W, VMA write-locked.
 */
void vms__change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/*
 * mremap, in two steps: the tables that [new, new + len) will need for the
 * pages of [old, old + len) (0, or -ENOMEM with some of them made:
 * vms__free_pgtables() removes them); then the pages go over. The places do not
 * overlap, and the new one maps nothing.
 * Locks: mmap_lock W; @vma, which covers the old place, is write-locked from
 * before the first step, every VMA at both places for the second.
 */
int vms__prepare_move(struct mm_struct *mm, unsigned long old, unsigned long len,
		      unsigned long new);
void vms__move_pages(struct vm_area_struct *vma, unsigned long old, unsigned long len,
		     unsigned long new);
/*
 * Pages and tables of @mm against its counters and VMAs: number of broken
 * rules, printed to @why. Locks: mmap_lock W.
 */
int vms__pgtable_validate(struct mm_struct *mm, FILE *why);
/* ---- a page that is present (content.c) ---- */

/*
 * The content word of the page at addr; false: no page present there for that
 * access. Locks: mmap_lock or VMA lock.
 */
bool vms__page_read(struct vm_area_struct *vma, unsigned long addr, unsigned long *word);
bool vms__page_write(struct vm_area_struct *vma, unsigned long addr, unsigned long word);
/*
 * vms__page_write() for an entry that lacks the right to write, after a fault
 * for writing. Return: false unless the page is @vma's alone.
 */
bool vms__page_write_forced(struct vm_area_struct *vma, unsigned long addr, unsigned long word);
/* Whether an entry allows the access at this moment. Locks: the same. */
bool vms__page_allows(const struct vm_area_struct *vma, unsigned long addr, bool write);

/*
 * Private memory that may become writable: a write gives it a copy, even a
 * debugger's that lacks the right.
 */
static inline bool vms__is_cow(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/*
 * For each page of [start, end), all inside @vma, whether it is there
 * (resident.c), into @vec. Locks: mmap_lock or VMA lock.
 */
void vms__resident(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   unsigned char *vec);

/* ---- guard pages (guard.c): mmap_lock W, VMA write-locked ---- */

/*
 * Room for the marks of [start, end), so that install cannot fail: the tables
 * that are missing, set aside; install or cancel must follow. Return: it, or
 * NULL when memory is out.
 */
struct vms__guard_room *vms__guard_prepare(struct vm_area_struct *vma, unsigned long start,
					   unsigned long end);
void vms__guard_cancel(struct vms__guard_room *room);
/*
 * The pages of [start, end) go; every touch of it is VM_FAULT_SIGSEGV from now
 * on. Takes over @room, which was made for it.
 */
void vms__guard_install(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			struct vms__guard_room *room);
/* The marks of [start, end) go; pages between them stay. */
void vms__guard_remove(struct vm_area_struct *vma, unsigned long start, unsigned long end);

/*
 * What is mapped in a VMA, in bytes. A page is shared if more than one entry
 * maps it; its share (pss) is its size divided by their number, in fixed point.
 */
#define VMS__PSS_SHIFT 12
struct vms__page_stats {
	unsigned long rss, anonymous, referenced;
	unsigned long pss, pss_dirty; /* << VMS__PSS_SHIFT */
	unsigned long shared_clean, shared_dirty, private_clean, private_dirty;
};
/*
 * Add up those of [@start, vma->vm_end) to @stats. Locks: mmap_lock or VMA
 * lock.
 */
void vms__page_stats(struct vm_area_struct *vma, unsigned long start,
		     struct vms__page_stats *stats);

/* ---- what is resident (rss.c). Locks: none ---- */

/*
 * One more counter than embedders see: pages that the row's thread has unmapped
 * since it last looked at the sum.
 */
#define VMS__RSS_FALLEN ((unsigned int)NR_MM_COUNTERS)
#define VMS__NR_COUNTERS (NR_MM_COUNTERS + 1u)

/* Resident pages; exact while nothing runs beside it. */
unsigned long vms__rss(const struct mm_struct *mm);
/*
 * The caller is about to take @pages from the counters. Return: whether
 * hiwater_rss is up to date now.
 */
bool vms__rss_falls(struct mm_struct *mm, long pages);

/* ---- anon_vma (rmap/rmap.c) ---- */

/*
 * Give @vma an anon_vma if it has none: that of a mergeable neighbour, or a new
 * one. Locks: mmap_lock R or W. 0 or -ENOMEM.
 */
int vms__anon_vma_prepare(struct vm_area_struct *vma);
/*
 * @dst, which has no anon_vma, takes @src's and is linked to all of @src's
 * chain. 0 or -ENOMEM (dst unchanged).
 * Locks: mmap_lock W; @dst detached or write-locked: a fault under its lock
 *        alone would put the anon_vma to use at once.
 */
int vms__anon_vma_clone(struct vm_area_struct *dst, const struct vm_area_struct *src);
/*
 * fork: as clone, but an anon_vma of its own, child of @src's. Locks: both
 * mmap_locks W. 0 or -ENOMEM.
 */
int vms__anon_vma_fork(struct vm_area_struct *dst, const struct vm_area_struct *src);
/*
 * Unlink from every anon_vma; vma->anon_vma becomes NULL. Locks: mmap_lock, and
 * the VMA is detached or write-locked.
 */
void vms__anon_vma_unlink(struct vm_area_struct *vma);
/*
 * True for a VMA whose anon_vma came by fork: its chain holds more than one.
 * Locks: mmap_lock.
 */
bool vms__anon_vma_is_fork_child(const struct vm_area_struct *vma);

/* ---- file mappings (filemap.c) ---- */

/*
 * The page cache's hooks: those of a VMA that maps a file and has none of its
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
 * Link / unlink @vma in its file mapping's interval tree, keyed on vm_pgoff.
 * No-ops without a file, and unlink of what is not linked.
 * Locks: mmap_lock W; unlink of a VMA that nothing finds any more: mmap_lock R.
 */
void vms__vma_link_file(struct vm_area_struct *vma);
/* vm_i_mmap of a VMA that this thread makes. */
unsigned char vms__i_mmap_own_part(void);
void vms__vma_unlink_file(struct vm_area_struct *vma);

/* ---- VMAs that change under reverse-map walks (rmap/change.c) ---- */

#define VMS__RMAP_CHANGE_MAX 3u

/*
 * VMAs whose vm_start, vm_end, vm_pgoff change in one step. All that have a
 * file have the same, and so the anon_vma's root.
 *   1. fill in the VMAs that are linked, write-locked; begin
 *   2. change those fields; put a VMA that is new into a free place, NULL where
 *      one goes for good (its anon_vma stays linked until
 *      vms__anon_vma_unlink())
 *   3. end: what is in @vma now is linked
 * Between begin and end nothing else is locked, waited for, or allocated.
 */
struct vms__rmap_change {
	struct vm_area_struct *vma[VMS__RMAP_CHANGE_MAX]; /* NULL: nobody */
	/* its own */
	struct address_space *mapping;
	unsigned int parts; /* of @mapping, whose locks it holds */
	struct anon_vma *anon_vma;
};
/*
 * Locks: mmap_lock W, the VMAs write-locked. begin takes the locks of both ways
 * from a page to a VMA, end gives them back.
 */
void vms__rmap_change_begin(struct vms__rmap_change *change);
void vms__rmap_change_end(struct vms__rmap_change *change);

/*
 * Nobody comes to @vma from a page any more. Before the page tables that it
 * spans are freed, after its pages are gone.
 * Locks: mmap_lock R or W; @vma is write-locked, or detached.
 */
void vms__vma_hide(struct vm_area_struct *vma);

/*
 * Keep out who comes from a page of @vma, while entries move. Locks: mmap_lock
 * W, which keeps its file and anon_vma.
 */
void vms__rmap_lock(const struct vm_area_struct *vma);
void vms__rmap_unlock(const struct vm_area_struct *vma);

#endif
