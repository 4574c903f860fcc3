/* SPDX-License-Identifier: MIT */
/*
 * mm.h - an address space: its life, its system calls (map, unmap, protect,
 * advise, break, fork, ...), and its listing, as Linux has them. It includes
 * the headers for the other operations: mm_lock.h (mmap_lock and the VMAs'
 * locks), vma.h (look up, walk, change VMAs), fault.h (page faults).
 *
 * Two floors. Calls named vms_* take the mm and all locks themselves: they are
 * the system calls. Calls with the kernel's names (find_vma(), do_mmap(),
 * vma_start_read(), ...) are the kernel's functions; their caller must hold the
 * locks that a caller in the kernel holds.
 *
 * May the row run concurrently with the column?
 *                              fault  lookup  map  unmap  protect  fork  exit
 *   vms_fault()                  -      -      r     r      r       r     X
 *   lookup (mmap_lock R, RCU)    -      -      r     r      r       r     X
 *   map unmap protect fork brk   r      r      r     r      r       r     X
 *     -  freely
 *     r  one waits for the other, or retries
 *     X  no: the caller holds a reference (mmget())
 *
 * A function with a kernel name has a symbol with a prefix: find_vma() is
 * vms_find_vma to a linker and to dlsym(3). So a program may define an external
 * function named find_vma() in a file that does not include this header, and
 * with VMS_NO_KERNEL_NAMES (compiler.h) in one that does.
 *
 * Addresses and lengths are bytes. Ranges are [start, end). Errors are -errno,
 * as Linux's system calls return them; a call that answers an address returns
 * the -errno as an unsigned long (IS_ERR_VALUE() tells).
 *
 * Every call that changes the layout, munmap too, may need memory for the
 * change and fail with -ENOMEM. On `maple-vma` this also happens concurrently
 * with a reader that stays in its RCU section (the calling thread may be that
 * reader). Past 16 MiB of replaced nodes that wait for the reader, a call may
 * sleep for 20 ms at a time, unless its thread is in a section itself. Once 64
 * MiB wait, mmap, brk, mremap and the kernel's calls that map free room
 * (insert_vm_struct(), vma_merge(), vma_expand()) map no more; at 128 MiB the
 * other calls fail, too. The caller may repeat the call after the reader has
 * left.
 *
 * A signal handler may call lock_vma_under_rcu() and vma_end_read(), whatever
 * it interrupts, and nothing else of this header. It must unlock each VMA that
 * it locked before it returns. If it gets no VMA it must do without, because it
 * may have interrupted the holder of mmap_lock.
 */
#ifndef VMASTORE_MM_H
#define VMASTORE_MM_H

#include <stdio.h>

#include <vmastore/fault.h>
#include <vmastore/file.h>
#include <vmastore/memory.h>
#include <vmastore/mm_lock.h>
#include <vmastore/mm_types.h>
#include <vmastore/rcu.h>
#include <vmastore/vma.h>

#include <vmastore/begin.h>

#define IS_ERR_VALUE(x) vms_unlikely((unsigned long)(x) >= (unsigned long)-4095L)

#define ANON_VMA_NAME_MAX_LEN 80 /* with the NUL */

/* ---- life cycle (lib/mm/mm.c) -------------------------------------------- */

/* 47-bit x86-64: mmap_base 0x7ffff7fff000 and so on */
VMS_API extern const struct mm_layout vms_mm_layout_default;
VMS_API extern const struct mm_rules vms_mm_rules_default; /* Linux 6.18 */
/* no limits except for 8 MiB of stack and 65530 VMAs */
VMS_API extern const struct mm_limits vms_mm_limits_default;
/**
 * vms_mm_rules_for() - The rules of another version of Linux.
 * @version: VMS_KERNEL_VERSION(6, 12), for example. Versions after 6.18 have
 *           the rules of 6.18.
 */
VMS_API struct mm_rules vms_mm_rules_for(unsigned int version);

/**
 * vms_engine_names() - NULL-terminated list of engine names, the baseline
 * first.
 */
VMS_API const char *const *vms_engine_names(void);

/**
 * vms_mm_create() - A new, empty address space with one user (mmput() drops
 * it).
 * @engine: "rbtree", "maple" or "maple-vma".
 * @layout: bounds; NULL for vms_mm_layout_default. task_size is at most
 *          VMS_TASK_SIZE_MAX; it, mmap_base and bottom_base are page aligned;
 *          mmap_base is at most task_size; bottom_base and start_brk are below.
 * @rules:  behaviour; NULL for vms_mm_rules_default.
 *
 * vms_mm_next() shows the address space from now on: another thread may meet it
 * before the caller has set its limits or its owner.
 *
 * Locks:  none.
 * Return: the address space; NULL where vms_mm_new() answers an error.
 */
VMS_API struct mm_struct *vms_mm_create(const char *engine, const struct mm_layout *layout,
					const struct mm_rules *rules);
/**
 * vms_mm_new() - vms_mm_create(), for callers that want the error.
 * @mm: becomes the new address space; unchanged on an error.
 *
 * Locks:  none.
 * Return: 0; -EINVAL (no such engine, or bounds that vms_mm_create() does not
 *         allow); -ENOMEM (also if the library's thread cannot be created:
 *         rcu.h).
 */
VMS_API int vms_mm_new(const char *engine, const struct mm_layout *layout,
		       const struct mm_rules *rules, struct mm_struct **mm);
/**
 * mmget() - Take one more use of @mm: its mappings stay until the use is
 * dropped (mmput()).
 *
 * Locks:    any. The caller has a use already, or another thread keeps one for
 *           it.
 * Ordering: none.
 * Progress: wait-free.
 */
VMS_API void mmget(struct mm_struct *mm) VMS_SYM(mmget);
/**
 * mmget_not_zero() - Take a use of @mm, unless the last one has been dropped.
 * @mm: The caller has a reference to the structure (mmgrab()).
 *
 * Locks:    any.
 * Ordering: success acquires what former users released by mmput().
 * Progress: lock-free; never blocks.
 * Return:   whether the caller has a use now.
 */
VMS_API bool mmget_not_zero(struct mm_struct *mm) VMS_SYM(mmget_not_zero);
/**
 * mmput() - Drop a use of @mm. The call that drops the last use unmaps
 * everything, calls the close() hooks of the mappings' owners, and drops the
 * uses' reference to the structure.
 *
 * Locks:    none of @mm held, because the last call takes mmap_lock W and each
 *           VMA's write lock.
 * Ordering: releases what this user did; the last call acquires what all users
 *           did.
 * Progress: the last call waits for readers of @mm's VMAs, and takes time for
 *           each VMA and page; the others are wait-free.
 */
VMS_API void mmput(struct mm_struct *mm) VMS_SYM(mmput);
/**
 * mmgrab() - Take one more reference to the structure, which keeps the
 * structure allocated, although its mappings may be unmapped.
 *
 * Locks:    any. The caller has a use or a reference already.
 * Ordering: none.
 * Progress: wait-free.
 */
VMS_API void mmgrab(struct mm_struct *mm) VMS_SYM(mmgrab);
/**
 * mmdrop() - Drop a reference to the structure; the last call frees it.
 *
 * Locks:    none of @mm held.
 * Ordering: releases what this user did; the last call acquires what all users
 *           did.
 * Progress: never blocks.
 */
VMS_API void mmdrop(struct mm_struct *mm) VMS_SYM(mmdrop);
/**
 * vms_mm_next() - Walk all address spaces that are in use, in the order in
 * which they became complete: for (mm = NULL; (mm = vms_mm_next(mm)) != NULL;).
 * The walk does not show an address space that fork or exec is still making.
 * @prev: the one before, whose use (mmget()) the call drops; NULL: begin. A
 *        caller that stops early must mmput() the last one.
 *
 * Locks:  none held.
 * Return: the next one with a use for the caller; NULL at the end. The walk may
 *         skip one that is created or torn down meanwhile.
 */
VMS_API struct mm_struct *vms_mm_next(struct mm_struct *prev);
/** vms_mm_limits() - The limits of @mm. Locks: takes mmap_lock R. */
VMS_API struct mm_limits vms_mm_limits(struct mm_struct *mm);
/**
 * vms_mm_set_limits() - Set the limits of @mm. What is mapped or locked already
 * stays, even above them.
 *
 * Locks:  takes mmap_lock W.
 * Return: 0; -EINVAL (data above data_max, a negative max_map_count) and
 *         nothing has changed.
 */
VMS_API int vms_mm_set_limits(struct mm_struct *mm, const struct mm_limits *limits);
/**
 * vms_mm_map() - The addresses of the parts of @mm's program.
 *
 * Locks: takes mmap_lock R.
 */
VMS_API struct vms_mm_map vms_mm_map(struct mm_struct *mm);
/**
 * vms_mm_set_map() - prctl(PR_SET_MM, PR_SET_MM_MAP): set the addresses of the
 * program's parts, as an exec does, or a program that restores a checkpoint.
 * Other calls map the memory itself, which need not exist yet. The listing
 * finds [heap] and [stack] by these addresses; brk() continues from brk.
 * @map: byte addresses, each in [mmap_min_addr, task_size).
 *
 * Locks:  takes mmap_lock W.
 * Return: 0; -EINVAL and nothing has changed (an address out of bounds; a start
 *         beyond its end; code that is empty; the break and the data together
 *         beyond the limit `data`).
 */
VMS_API int vms_mm_set_map(struct mm_struct *mm, const struct vms_mm_map *map);
/**
 * vms_account_pinned_vm() - Count @pages more (@inc) or fewer as pinned: pages
 * that a device, or another thread without this mm's locks, accesses while it
 * holds references to them (vms_page_lookup()). The call only counts, for VmPin
 * and the limit, as Linux's drivers do.
 *
 * Locks:    none held; takes mmap_lock R for the limit.
 * Ordering: none.
 * Return:   0; -ENOMEM and nothing has changed (more than the limit `memlock`).
 *           A call that counts fewer always succeeds; its caller has counted at
 *           least @pages before.
 */
VMS_API int vms_account_pinned_vm(struct mm_struct *mm, unsigned long pages, bool inc);
/**
 * mm_pgtables_bytes() - Bytes of the page tables below the top one. The answer
 * is exact if nothing runs concurrently; otherwise a table that is allocated or
 * freed meanwhile may be counted or not. Locks: any.
 */
VMS_API unsigned long mm_pgtables_bytes(const struct mm_struct *mm) VMS_SYM(mm_pgtables_bytes);
/**
 * vms_mm_hiwater_rss() - The most pages that were ever resident at once. The
 * library samples the count before pages are unmapped: each time while only one
 * thread has used the library, otherwise after every 64 pages that a thread has
 * unmapped, so that the answer may miss that many pages of each thread. Locks:
 * any.
 */
VMS_API unsigned long vms_mm_hiwater_rss(const struct mm_struct *mm);
/**
 * vms_mm_engine_name() - The name of @mm's engine, which is one of
 * vms_engine_names(). It never changes.
 *
 * Locks:  any.
 * Return: a string of the library's.
 */
VMS_API const char *vms_mm_engine_name(const struct mm_struct *mm);
/**
 * vms_mm_counter() - A sum over all threads. It is exact if nothing runs
 * concurrently; otherwise it may be negative for a moment. Locks: any.
 */
VMS_API long vms_mm_counter(const struct mm_struct *mm, enum vms_mm_counter which);

/* ---- the system calls (lib/mm): no lock held on entry or return ---------- */

/**
 * vms_mmap() - mmap(2): map [address, address + @len), and fault it in where
 * MAP_POPULATE or MAP_LOCKED asks for that.
 * @addr:  byte address: the place with MAP_FIXED, else a hint; 0: anywhere.
 * @len:   bytes; rounded up to pages.
 * @prot:  PROT_*.
 * @flags: MAP_*.
 * @file:  NULL stands for fd -1. Ignored with MAP_ANONYMOUS. The mapping takes
 *         a reference of its own.
 * @off:   bytes, in the file.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W.
 * Ordering: releases the new VMA to each lookup and fault that finds it.
 * Progress: waits for mmap_lock, and for readers of the VMAs that it replaces.
 * Return:   the address, or
 *   -EINVAL     @len 0, @off or (MAP_FIXED) @addr not page aligned, neither
 *               shared nor private, MAP_HUGETLB with a file, MAP_GROWSDOWN of
 *               shared memory or of a file, flags that the rules' Linux lacks
 *   -EBADF      no file, and no MAP_ANONYMOUS
 *   -EACCES     the file is not open for reading, or not for writing while
 *               shared writable memory is asked for
 *   -EPERM      below mmap_min_addr; MAP_LOCKED, and nothing may be locked; a
 *               VMA in the way is sealed
 *   -EEXIST     MAP_FIXED_NOREPLACE, and something is mapped there
 *   -EAGAIN     more than the limit of locked memory
 *   -EOVERFLOW  offsets in the file that wrap, or that no file has
 *   -EOPNOTSUPP MAP_SHARED_VALIDATE with flags that the file does not take;
 *               MAP_SYNC: then the VMAs in the way have been unmapped
 *   -ENOMEM     no room, a limit (`as`, `data`, VMAs), no memory; MAP_HUGETLB
 *               of anonymous memory, as with an empty pool of huge pages,
 *               whatever size of them is asked for, and with MAP_NORESERVE too
 *   or the answer of may_split() of a mapping in the way. On an error
 *   everything stays mapped, except as said; a VMA in the way may be split in
 *   two.
 */
VMS_API unsigned long vms_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len,
			       unsigned long prot, unsigned long flags, struct file *file,
			       unsigned long off);
/**
 * vms_munmap() - munmap(2): unmap [@addr, @addr + @len). Parts of the range may
 * be free already.
 * @addr: byte address, page aligned.
 * @len:  bytes; rounded up to pages.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W, and lowers
 *           it to R while pages are freed.
 * Ordering: what faults did to the pages happens before the return.
 * Progress: waits for mmap_lock, and for readers of the VMAs in the range.
 * Return:   0; -EINVAL (@addr not page aligned, @len 0 or so large that it
 *           wraps, the range ends beyond the address space); -EPERM (a VMA in
 *           it is sealed); -ENOMEM (a hole in the middle of a VMA at the limit
 *           of VMAs, or no memory); or the answer of may_split(). On an error
 *           everything stays mapped; a VMA may be split in two.
 */
VMS_API int vms_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len);
/**
 * vms_mprotect() - mprotect(2): let the program access [@start, @start + @len)
 * as @prot says.
 * @start: byte address, page aligned.
 * @len:   bytes; rounded up to pages. 0 does nothing.
 * @prot:  PROT_READ, PROT_WRITE, PROT_EXEC; PROT_GROWSDOWN: from the start of
 *         the stack that holds @start.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W.
 * Ordering: an access that begins after the return has the new rights.
 * Progress: waits for mmap_lock, and for readers of the VMAs in the range.
 * Return:   0, or an error; then the memory below the failure has the new
 *           rights:
 *   -EINVAL  @start not page aligned, an unknown bit in @prot, PROT_GROWSUP,
 *            PROT_GROWSDOWN where nothing grows down
 *   -EACCES  a right that the mapping may never have (writing a file that is
 *            not open for that)
 *   -EPERM   a VMA is sealed
 *   -ENOMEM  a hole, a range that wraps, a limit (`data`, VMAs), no memory
 *   or the answer of mprotect() or may_split() of the mapping's owner
 */
VMS_API int vms_mprotect(struct mm_struct *mm, unsigned long start, unsigned long len,
			 unsigned long prot);
/**
 * vms_madvise() - madvise(2). The library has no memory pressure, so it checks
 * MADV_FREE, MADV_COLD, MADV_PAGEOUT and MADV_WILLNEED and then does nothing.
 * @start:  byte address, page aligned.
 * @len:    bytes; rounded up to pages. 0 does nothing.
 * @advice: MADV_*.
 *
 * Locks:    none of @mm held on entry or return; takes the VMA's lock R or
 *           mmap_lock R where pages are dropped or faulted in, otherwise
 *           mmap_lock W. MADV_REMOVE also takes the locks that
 *           vms_file_punch_hole() takes.
 * Progress: waits for mmap_lock, and for the readers of each VMA that the call
 *           changes.
 * Return:   0, or an error; then the memory below the failure has been advised:
 *   -EINVAL  an advice that is unknown, or that the rules' Linux lacks; @start
 *            not page aligned; a range that wraps; memory that does not take it
 *            (locked, VM_IO or VM_PFNMAP, shared, a file's, without the right
 *            that MADV_POPULATE_* needs)
 *   -ENOMEM  a hole: the memory behind it is advised all the same, except by
 *            MADV_POPULATE_*; or no memory
 *   -EAGAIN  no memory, or the limit of VMAs, for a split
 *   -EPERM   sealed memory whose content would be lost
 *   -EACCES  MADV_REMOVE of memory that is not shared, or may never be written
 *   -EFAULT  MADV_POPULATE_*: a page cannot be faulted in
 *   or the answer of may_split() or vms_file_punch_hole()
 */
VMS_API int vms_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice);
/**
 * vms_set_anon_name() - prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): let the
 * listing show the memory as [anon:NAME], or, if it is shared, as
 * [anon_shmem:NAME]. Memory of different names does not merge.
 * @len:  bytes; rounded up to pages. 0 does nothing.
 * @text: up to ANON_VMA_NAME_MAX_LEN - 1 printable ASCII characters without \
 *        ` $ [ ]; NULL removes the name.
 *
 * Return: 0; -EINVAL (another text, @start is not page aligned, a range that
 *         wraps); -EBADF (memory that maps a file: the memory below it has its
 *         name); -ENOMEM (a hole: the rest has its name; or no memory for the
 *         name); -EAGAIN (no memory, or the limit of VMAs, for a split).
 */
VMS_API int vms_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len,
			      const char *text);
/**
 * vms_mremap() - mremap(2): change the length of [@addr, @addr + @old_len) to
 * @new_len, in place or elsewhere. Its pages move with it.
 * @addr:     byte address, page aligned.
 * @old_len, @new_len: bytes; rounded up to pages. @old_len 0, of shared
 *            memory: a second mapping of it.
 * @flags:    MREMAP_*.
 * @new_addr: byte address, page aligned; read with MREMAP_FIXED and
 *            MREMAP_DONTUNMAP.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W.
 * Progress: waits for mmap_lock, and for readers of the VMAs concerned.
 * Return:   the address, or
 *   -EINVAL  flags that are unknown or lack MREMAP_MAYMOVE, an address that is
 *            not page aligned, @new_len 0 or beyond the address space, ranges
 *            that overlap, offsets that wrap, @old_len 0 of private memory,
 *            MREMAP_DONTUNMAP with unequal lengths or of VM_DONTEXPAND memory
 *   -EFAULT  nothing is mapped at @addr; more than one VMA, where the rules'
 *            Linux moves only one; memory that may not grow
 *   -EPERM   a VMA is sealed; the target lies below mmap_min_addr
 *   -EAGAIN  more than the limit of locked memory
 *   -ENOMEM  no room, a limit, no memory
 *   or the answer of a hook of the mapping (mremap(), may_split()). On an error
 *   the range is as it was, except that the target of MREMAP_FIXED may have
 *   been unmapped, and that of several VMAs the first ones may have moved.
 */
VMS_API unsigned long vms_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
				 unsigned long new_len, unsigned long flags,
				 unsigned long new_addr);
/**
 * vms_brk() - brk(2), the raw system call: let the heap end at @brk.
 * @brk: byte address; need not be page aligned. An address below the break's
 *       beginning (0, for example) asks where the break is.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W.
 * Progress: waits for mmap_lock, and for readers of the heap's VMA.
 * Return:   the break: @brk, or the old break if @brk is refused (something is
 *           in the way, a limit, no memory). It is never a -errno.
 */
VMS_API unsigned long vms_brk(struct mm_struct *mm, unsigned long brk);
/**
 * vms_mlock() - mlock(2): lock the whole pages that [@start, @start + @len)
 * touches in memory, and fault them in. A range with a hole stays locked up to
 * the hole.
 * @start: byte address; need not be page aligned.
 * @len:   bytes.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W, then R.
 * Progress: waits for mmap_lock, and for readers of the VMAs in the range.
 * Return:   0; -EINVAL (a range that wraps); -EPERM (nothing may be locked at
 *           all); -ENOMEM (a hole, a page that cannot be faulted in, the limit
 *           of VMAs or of locked memory, no memory); -EAGAIN (locked, but there
 *           was no memory to fault all of it in).
 */
VMS_API int vms_mlock(struct mm_struct *mm, unsigned long start, unsigned long len);
/**
 * vms_mlock2() - mlock2(2): vms_mlock(), except that with MLOCK_ONFAULT each
 * page is faulted in by its first access.
 * @flags: MLOCK_ONFAULT, or 0.
 *
 * Locks, Progress: as vms_mlock().
 * Return: as vms_mlock(); -EINVAL also for an unknown flag.
 */
VMS_API int vms_mlock2(struct mm_struct *mm, unsigned long start, unsigned long len,
		       unsigned int flags);
/**
 * vms_munlock() - munlock(2): unlock the whole pages that [@start, @start +
 * @len) touches. They stay mapped.
 *
 * Locks, Progress: as vms_mlock(), mmap_lock W only.
 * Return: 0; -EINVAL (a range that wraps); -ENOMEM (a hole: the memory below it
 *         is unlocked; the limit of VMAs, or no memory, for a split).
 */
VMS_API int vms_munlock(struct mm_struct *mm, unsigned long start, unsigned long len);
/**
 * vms_mlockall() - mlockall(2): lock all that is mapped (MCL_CURRENT), and
 * every mapping made from now on, the break and stacks too (MCL_FUTURE). The
 * call skips VMAs that it cannot lock.
 * @flags: MCL_*; with MCL_ONFAULT each page is faulted in by its first access.
 *
 * Locks, Progress: as vms_mlock().
 * Return: 0; -EINVAL (an unknown flag, neither MCL_CURRENT nor MCL_FUTURE);
 *         -EPERM (nothing may be locked at all); -ENOMEM (MCL_CURRENT of more
 *         than the limit of locked memory). On an error nothing has changed.
 */
VMS_API int vms_mlockall(struct mm_struct *mm, int flags);
/**
 * vms_munlockall() - munlockall(2): unlock everything. Later mappings are not
 * locked either.
 *
 * Locks, Progress: as vms_mlock(), mmap_lock W only.
 * Return: 0.
 */
VMS_API int vms_munlockall(struct mm_struct *mm);
/**
 * vms_mseal() - mseal(2): seal [start, start + len). From now on calls that
 * would unmap, replace, move or re-protect it answer -EPERM.
 *
 * Return: 0; -EINVAL (@flags is not 0, @start is not page aligned, a range that
 *         wraps); -ENOMEM (a hole: nothing is sealed; or the limit of VMAs, or
 *         no memory: the first part is sealed); -ENOSYS (the rules are of a
 *         Linux before 6.10).
 */
VMS_API int vms_mseal(struct mm_struct *mm, unsigned long start, unsigned long len,
		      unsigned long flags);
/**
 * vms_mincore() - mincore(2): which pages are present.
 * @vec: a byte for each page, 1 if an access would find the page there: mapped,
 *       or in its file's cache.
 *
 * Return: 0; -EINVAL (@start is not page aligned); -ENOMEM (beyond the address
 *         space: nothing is written; a hole: @vec is written up to there).
 */
VMS_API int vms_mincore(struct mm_struct *mm, unsigned long start, unsigned long len,
			unsigned char *vec);
/**
 * vms_msync() - msync(2). It checks its arguments as Linux does and writes
 * nothing, because files have no disk here.
 * @flags: MS_*.
 *
 * Return: 0; -EINVAL (unknown flags, MS_ASYNC together with MS_SYNC, @start not
 *         page aligned); -ENOMEM (a hole, a range that wraps); -EBUSY
 *         (MS_INVALIDATE of memory that is locked).
 */
VMS_API int vms_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags);
/**
 * vms_fork() - dup_mm(): copy @mm, on the same engine, with the same rules and
 * limits. The two share private pages until one of them writes.
 * @child: becomes the copy, with one use (mmput() drops it); unchanged on an
 *         error.
 *
 * Locks:    none of @mm held on entry or return; takes mmap_lock W, and each
 *           VMA's write lock.
 * Progress: waits for mmap_lock, and for readers of every VMA of @mm.
 * Return:   0; -ENOMEM.
 */
VMS_API int vms_fork(struct mm_struct *mm, struct mm_struct **child);

/* ---- system calls whose caller holds mmap_lock --------------------------- */

/**
 * do_mmap() - vms_mmap() under the caller's lock, without the step that faults
 * the mapping in.
 * @len:      bytes; rounded up to pages.
 * @vm_flags: VM_* that the mapping gets in addition.
 * @pgoff:    pages, in the file.
 * @populate: becomes the bytes that the caller may want to fault in, once it
 *            has released mmap_lock; 0: none.
 *
 * Locks:    mmap_lock W, on entry and return. The new VMA is write-locked until
 *           mmap_lock is released.
 * Progress: waits for the readers of VMAs that it replaces.
 * Return:   as vms_mmap(), except for the errors of its checks of @off and of a
 *           missing file.
 */
VMS_API unsigned long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr,
			      unsigned long len, unsigned long prot, unsigned long flags,
			      vm_flags_t vm_flags, unsigned long pgoff, unsigned long *populate)
	VMS_SYM(do_mmap);
/**
 * do_munmap() - vms_munmap() under the caller's lock.
 *
 * Locks:    mmap_lock W, on entry and return.
 * Progress: waits for the readers of the VMAs in the range.
 * Return:   as vms_munmap().
 */
VMS_API int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len)
	VMS_SYM(do_munmap);
/**
 * get_unmapped_area() - The address at which a mapping of @len bytes would be
 * placed. The call reserves nothing.
 * @file:  what it maps, because a file may ask for an alignment; NULL:
 *         anonymous.
 * @addr:  byte address: a hint, or with MAP_FIXED the answer; 0: anywhere.
 * @len:   bytes, a multiple of the page size.
 * @pgoff: pages, in the file.
 * @flags: MAP_*: MAP_FIXED, MAP_32BIT and MAP_SHARED count.
 *
 * Locks:    mmap_lock R or W; W if the caller then maps there.
 * Progress: O(log n), and a step for each stack that lies above too small a
 *           gap.
 * Return:   the address; -ENOMEM (no room); -EINVAL (MAP_FIXED, not page
 *           aligned); -EPERM (MAP_FIXED, below mmap_min_addr).
 */
VMS_API unsigned long get_unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff, unsigned long flags)
	VMS_SYM(get_unmapped_area);

/* ---- listing and checking ------------------------------------------------ */

/**
 * vms_maps_print() - Write the text of /proc/PID/maps to @out, and flush it.
 * vms_mm_import() (import.h) makes an address space of such a text.
 *
 * vms_smaps_print() and vms_pmap_print() (query.h) have the same contract:
 *
 * The call formats a few KiB under mmap_lock, releases it, writes them to @out,
 * and continues by address. So a slow reader of @out stops no writer of @mm,
 * and the functions that @out calls may themselves use @mm. In exchange the
 * listing is not of one moment. Each entry was true when it was formatted;
 * addresses ascend and never overlap; memory that is mapped throughout the call
 * is listed; memory that is mapped or unmapped meanwhile may be listed or not.
 * Linux promises the same for /proc/PID/maps.
 *
 * Locks:  none of @mm held; takes mmap_lock R, never while it writes to @out,
 *         so that a thread may be cancelled while the call writes.
 * Return: 0. The -errno of the write that failed, -EIO if it left none; a part
 *         has been written. -ENOMEM: one entry takes more than 4 KiB of text,
 *         and there is no memory for it.
 */
VMS_API int vms_maps_print(struct mm_struct *mm, FILE *out);
/**
 * vms_vmflags_string() - Write the VmFlags of smaps, two letters each, joined
 * by @sep, into @buf.
 *
 * Return: the text's length.
 */
VMS_API size_t vms_vmflags_string(vm_flags_t flags, char sep, char *buf, size_t size);
/**
 * vms_mm_validate() - Check every invariant of @mm: order, no overlap, index
 * against VMAs, counters, page tables.
 * @why: NULL, or the stream to which each broken rule is printed, once the call
 *       has released its locks.
 *
 * Locks:  takes mmap_lock W, so that no VMA changes during the check.
 * Return: the number of broken rules.
 */
VMS_API int vms_mm_validate(struct mm_struct *mm, FILE *why);

#include <vmastore/end.h>

#endif
