/* SPDX-License-Identifier: MIT */
/*
 * mm.h - the operations of an address space, as Linux has them: map, unmap,
 * protect, advise, break, fork, fault, look up, list.
 *
 * Two floors. Calls named vms_* take the mm and all locks themselves: they are
 * the system calls. Calls with the kernel's names (find_vma(), do_mmap(),
 * vma_start_read(), ...) are the kernel's functions, and ask for the locks that
 * the kernel's ask for.
 *
 * Row may run beside column? fault lookup map unmap protect fork exit - freely
 *   vms_fault                    -      -      r     r      r       r     X      r waits for the other side, or retries
 *   lookup (mmap_lock R, RCU)    -      -      r     r      r       r     X      X the caller must hold a reference (mmget())
 *   map unmap protect fork brk   r      r      r     r      r       r     X
 *
 * A function with a kernel name has a symbol with a prefix: find_vma() is
 * vms_find_vma to a linker and to dlsym(3). So a program may define an external
 * function named find_vma() in a file that does not include this header, and
 * with VMS_NO_KERNEL_NAMES (compiler.h) in one that does.
 *
 * Addresses and lengths are bytes. Ranges are [start, end). Errors are -errno,
 * as Linux's system calls return them; a call that answers an address answers
 * the -errno as an unsigned long (IS_ERR_VALUE() tells).
 *
 * Every call that changes the layout, munmap too, may need memory for it and
 * fail with -ENOMEM. On `maple-vma` this also happens beside a reader that
 * stays in its RCU section (the calling thread may be the one): once 64 MiB of
 * replaced nodes wait for it, mmap, brk, mremap and the kernel's calls that map
 * free room (insert_vm_struct(), vma_merge(), vma_expand()) map no more; at 128
 * MiB the other calls fail, too. The call may be repeated after the reader has
 * left.
 *
 * A signal handler may call lock_vma_under_rcu() and vma_end_read(), whatever
 * it interrupts, and nothing else of this header. It gives back each VMA that
 * it got before it returns. Where it gets none it must do without, because it
 * may have interrupted the holder of mmap_lock.
 */
#ifndef VMASTORE_MM_H
#define VMASTORE_MM_H

#include <stdio.h>

#include <vmastore/file.h>
#include <vmastore/memory.h>
#include <vmastore/mm_types.h>
#include <vmastore/rcu.h>

#include <vmastore/begin.h>

#define IS_ERR_VALUE(x) vms_unlikely((unsigned long)(x) >= (unsigned long)-4095L)

#define ANON_VMA_NAME_MAX_LEN 80 /* with the NUL */

#define VM_FAULT_OOM 0x000001u
#define VM_FAULT_SIGBUS 0x000002u
#define VM_FAULT_MAJOR 0x000004u
#define VM_FAULT_SIGSEGV 0x000040u
/*
 * touch it again: the hook has mapped it itself, or something has changed
 * meanwhile
 */
#define VM_FAULT_NOPAGE 0x000100u
#define VM_FAULT_LOCKED 0x000200u /* as 0: pages have no lock here */
#define VM_FAULT_RETRY 0x000400u  /* touch it again, with mmap_lock */
#define VM_FAULT_ERROR (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

#define FAULT_FLAG_WRITE 0x01u
#define FAULT_FLAG_MKWRITE 0x02u /* page_mkwrite() or pfn_mkwrite() is called */
#define FAULT_FLAG_TRIED 0x20u   /* a hook was asked for this access before */
#define FAULT_FLAG_USER 0x40u
#define FAULT_FLAG_REMOTE 0x80u /* from outside the address space: vms_access_word() */
#define FAULT_FLAG_INSTRUCTION 0x100u
#define FAULT_FLAG_VMA_LOCK 0x1000u /* held: the VMA's read lock, not mmap_lock */

/*
 * An access whose hook leaves it without a page (VM_FAULT_NOPAGE and nothing
 * that allows the access is mapped, or VM_FAULT_RETRY with mmap_lock held) is
 * made again, as Linux does it, with all locks dropped in between wherever they
 * are the call's own. After so many tries without success it ends, as if the
 * hook had answered VM_FAULT_SIGBUS. Linux goes on until the process is killed.
 */
#define VMS_FAULT_TRIES 1000u

/*
 * A page fault, as a hook of struct vm_operations_struct (mm_types.h)
 * sees it.
 */
#include <vmastore/begin_fields.h>
struct vm_fault {
	struct vm_area_struct *const vma;
	const unsigned long address; /* page aligned */
	const pgoff_t pgoff;         /* page index in the file, or in the anonymous object */
	unsigned int flags;          /* FAULT_FLAG_*; nothing that a hook writes here counts */
	struct VMS_K(page) *page;    /* fault() puts a referenced page here */
};
#include <vmastore/end_fields.h>

/*
 * What became of a touch: what a signal handler would be told. VMS_SEGV_PKUERR:
 * a protection key refused it, which happens under the rule exec_only alone
 * (struct mm_rules).
 */
enum vms_fault_result {
	VMS_FAULT_OK,
	VMS_SEGV_MAPERR,
	VMS_SEGV_ACCERR,
	VMS_SIGBUS,
	VMS_FAULT_OOM,
	VMS_SEGV_PKUERR,
};

/* ---- life cycle (lib/mm/mm.c) -------------------------------------------- */

/* 47-bit x86-64: mmap_base 0x7ffff7fff000 and so on */
VMS_API extern const struct mm_layout vms_mm_layout_default;
VMS_API extern const struct mm_rules vms_mm_rules_default; /* Linux 6.18 */
/* none, but 8 MiB of stack and 65530 VMAs */
VMS_API extern const struct mm_limits vms_mm_limits_default;
/**
 * vms_mm_rules_for() - The rules of another Linux. @version:
 * VMS_KERNEL_VERSION(6, 12), say; after 6.18 they are 6.18's.
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
 * @rules:  behaviour; NULL for vms_mm_rules_default. vms_mm_next() shows it
 * from now on: another thread may meet it before the caller has set its limits
 * or its owner.
 * Return: it; NULL with errno EINVAL (no such engine, other bounds than those)
 * or ENOMEM (also where the library's thread cannot be created: rcu.h).
 */
VMS_API struct mm_struct *vms_mm_create(const char *engine, const struct mm_layout *layout,
					const struct mm_rules *rules);
VMS_API void mmget(struct mm_struct *mm) VMS_SYM(mmget);
VMS_API bool mmget_not_zero(struct mm_struct *mm) VMS_SYM(mmget_not_zero);
VMS_API void mmput(struct mm_struct *mm) VMS_SYM(mmput); /* the last user unmaps everything */
VMS_API void mmgrab(struct mm_struct *mm) VMS_SYM(mmgrab);
VMS_API void mmdrop(struct mm_struct *mm) VMS_SYM(mmdrop); /* the last one frees the structure */
/**
 * vms_mm_next() - Walk all address spaces that are in use, in the order in
 * which they became complete: for (mm = NULL; (mm = vms_mm_next(mm)) != NULL;).
 * What fork or exec is still making is not shown.
 * @prev: the one before, whose use (mmget()) the call takes; NULL: begin. To
 *        stop early, mmput() the last one.
 * Return: the next one with a use for the caller; NULL at the end. One that is
 *         made or goes meanwhile may be passed over.
 * Locks: none held.
 */
VMS_API struct mm_struct *vms_mm_next(struct mm_struct *prev);
/** vms_mm_limits() - What @mm may take. Locks: takes mmap_lock R. */
VMS_API struct mm_limits vms_mm_limits(struct mm_struct *mm);
/**
 * vms_mm_set_limits() - Other limits from now on; what is there already stays.
 * Locks: takes mmap_lock W.
 * Return: 0; -EINVAL (data above data_max, a negative max_map_count) and
 *         nothing has changed.
 */
VMS_API int vms_mm_set_limits(struct mm_struct *mm, const struct mm_limits *limits);
/**
 * vms_mm_map() - Where the parts of @mm's program stand. Locks: takes mmap_lock
 * R.
 */
VMS_API struct vms_mm_map vms_mm_map(struct mm_struct *mm);
/**
 * vms_mm_set_map() - prctl(PR_SET_MM, PR_SET_MM_MAP): what an exec, or a
 * program that restores a checkpoint, says of a layout. The memory itself is
 * mapped by other calls and need not be there yet. The listing finds [heap] and
 * [stack] by it; brk() goes on from brk.
 * @map: byte addresses, each in [mmap_min_addr, task_size).
 *
 * Locks:  takes mmap_lock W.
 * Return: 0; -EINVAL and nothing has changed (an address out of bounds; a start
 * beyond its end; code that is empty; the break and the data together beyond
 * the limit `data`).
 */
VMS_API int vms_mm_set_map(struct mm_struct *mm, const struct vms_mm_map *map);
/**
 * vms_account_pinned_vm() - Count @pages more (@inc) or fewer as pinned: pages
 * that a device, or another thread without this mm's locks, works on while it
 * holds references to them (vms_page_lookup()). It only counts, for VmPin and
 * the limit, as the drivers of Linux do.
 *
 * Locks:    none held; takes mmap_lock R for the limit.
 * Ordering: none.
 * Return:   0; -ENOMEM and nothing has changed (more than the limit `memlock`).
 * Fewer always succeeds; at least @pages are pinned then.
 */
VMS_API int vms_account_pinned_vm(struct mm_struct *mm, unsigned long pages, bool inc);
/**
 * mm_pgtables_bytes() - Bytes of the page tables below the top one. Exact when
 * nothing runs beside it; else each table that comes or goes meanwhile is
 * counted or not. Locks: any.
 */
VMS_API unsigned long mm_pgtables_bytes(const struct mm_struct *mm) VMS_SYM(mm_pgtables_bytes);
/**
 * vms_mm_hiwater_rss() - The most pages that were ever resident at once. The
 * library looks before pages go: always while a single thread has used the
 * library, else after every 64 pages that a thread has unmapped, so that each
 * thread may miss that many. Locks: any.
 */
VMS_API unsigned long vms_mm_hiwater_rss(const struct mm_struct *mm);
VMS_API const char *vms_mm_engine_name(const struct mm_struct *mm);
/**
 * vms_mm_counter() - A sum over all threads: exact when nothing runs
 * concurrently, else perhaps negative for a moment. Locks: any.
 */
VMS_API long vms_mm_counter(const struct mm_struct *mm, enum vms_mm_counter which);

/* ---- the system calls (lib/mm): no lock held on entry or return ---------- */

/**
 * vms_mmap() - mmap(2). @file: NULL stands for fd -1; @off: bytes. MAP_HUGETLB:
 * -ENOMEM, as with an empty pool of huge pages, whatever size of them is asked
 * for, and with MAP_NORESERVE too; with a file -EINVAL.
 * Return: address or -errno.
 */
VMS_API unsigned long vms_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len,
			       unsigned long prot, unsigned long flags, struct file *file,
			       unsigned long off);
VMS_API int vms_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len);
VMS_API int vms_mprotect(struct mm_struct *mm, unsigned long start, unsigned long len,
			 unsigned long prot);
VMS_API int vms_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice);
/**
 * vms_set_anon_name() - prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): the listing
 * shows the memory as [anon:NAME], if it is shared as [anon_shmem:NAME]. Memory
 * of different names does not merge.
 * @len:  bytes; rounded up to pages. 0 does nothing.
 * @text: up to ANON_VMA_NAME_MAX_LEN - 1 printable ASCII characters without \ `
 * $ [ ]; NULL takes the name away.
 *
 * Return: 0; -EINVAL (such a text, @start is not page aligned, a range that
 * wraps); -EBADF (memory that maps a file: what lies before it has its name);
 * -ENOMEM (a hole, the rest has its name; or no memory for the name); -EAGAIN
 * (no memory, or the limit of VMAs, for a split).
 */
VMS_API int vms_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len,
			      const char *text);
/**
 * vms_mremap() - mremap(2). @flags: MREMAP_*; @new_addr: read with MREMAP_FIXED
 * and MREMAP_DONTUNMAP. Return: address or -errno.
 */
VMS_API unsigned long vms_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
				 unsigned long new_len, unsigned long flags,
				 unsigned long new_addr);
/** vms_brk() - the raw system call: answers the break, new or (refused) old. */
VMS_API unsigned long vms_brk(struct mm_struct *mm, unsigned long brk);
/*
 * mlock(2) and its kin. They lock the whole pages that [start, start + len)
 * touches, then fault them in; mlock2() with MLOCK_ONFAULT, and mlockall() with
 * MCL_ONFAULT, leave that to the first touch. A range with a hole stays locked
 * up to the hole.
 * Return: 0; -EINVAL (an unknown flag, MCL_ONFAULT alone, a range that wraps);
 * -ENOMEM (a hole, a page that cannot be had, the limit of VMAs or of locked
 * memory, no memory); -EPERM (nothing may be locked at all); -EAGAIN (locked,
 * but there was no memory to fault all of it in). mlockall() passes over VMAs
 * that it cannot lock.
 */
VMS_API int vms_mlock(struct mm_struct *mm, unsigned long start, unsigned long len);
VMS_API int vms_mlock2(struct mm_struct *mm, unsigned long start, unsigned long len,
		       unsigned int flags);
VMS_API int vms_munlock(struct mm_struct *mm, unsigned long start, unsigned long len);
/* MCL_FUTURE: every mapping made from now on, brk() and stacks too */
VMS_API int vms_mlockall(struct mm_struct *mm, int flags);
VMS_API int vms_munlockall(struct mm_struct *mm);
/**
 * vms_mseal() - mseal(2): from now on nobody unmaps, replaces, moves or
 * re-protects [start, start + len); they get -EPERM.
 * Return: 0; -EINVAL (@flags is not 0, @start is not page aligned, a range that
 * wraps); -ENOMEM (a hole: nothing is sealed; or the limit of VMAs, or no
 * memory: the first part is); -ENOSYS (the rules are of a Linux before 6.10).
 */
VMS_API int vms_mseal(struct mm_struct *mm, unsigned long start, unsigned long len,
		      unsigned long flags);
/**
 * vms_mincore() - mincore(2). @vec: a byte for each page, 1 where touching it
 * would find it there: mapped, or in its file's cache.
 * Return: 0; -EINVAL (@start is not page aligned); -ENOMEM (beyond the address
 *         space: nothing is written; a hole: @vec is, up to there).
 */
VMS_API int vms_mincore(struct mm_struct *mm, unsigned long start, unsigned long len,
			unsigned char *vec);
/**
 * vms_msync() - msync(2), for its answers: files have no disk here. @flags:
 * MS_*.
 * Return: 0; -EINVAL (unknown flags, MS_ASYNC and MS_SYNC, @start not page
 * aligned); -ENOMEM (a hole, a range that wraps); -EBUSY (MS_INVALIDATE of what
 * is locked in memory).
 */
VMS_API int vms_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags);
/**
 * vms_fork() - dup_mm(): *@child gets a copy-on-write copy on the same engine.
 * Return: 0 or -ENOMEM.
 */
VMS_API int vms_fork(struct mm_struct *mm, struct mm_struct **child);
/**
 * vms_fault() - One access to @addr. @flags: FAULT_FLAG_WRITE,
 * FAULT_FLAG_INSTRUCTION. Never blocks for a reader of mmap_lock. As an
 * instruction would, it is made again while a hook asks for that, up to
 * VMS_FAULT_TRIES times; then VMS_SIGBUS.
 */
VMS_API enum vms_fault_result vms_fault(struct mm_struct *mm, unsigned long addr,
					unsigned int flags);

/*
 * ---- the page behind an address, for tests and embedders (lib/page): faults
 * like a touch, then reads or writes one word
 */

/**
 * vms_read_word() - fault for reading, then the page's content word at @addr's
 * page into *@word.
 */
VMS_API enum vms_fault_result vms_read_word(struct mm_struct *mm, unsigned long addr,
					    unsigned long *word);
/** vms_write_word() - fault for writing, then set the page's content word. */
VMS_API enum vms_fault_result vms_write_word(struct mm_struct *mm, unsigned long addr,
					     unsigned long word);

#define FOLL_WRITE 0x01u
#define FOLL_FORCE 0x08u

/**
 * vms_access_word() - Read, or with FOLL_WRITE write, the word of the page at
 * @addr from outside, like access_process_vm(): the page is faulted in, a stack
 * grows for it, and VM_IO and VM_PFNMAP memory is asked of its owner's access()
 * hook, rights or not.
 * @word:      Unchanged unless a read succeeds.
 * @gup_flags: Without FOLL_FORCE the VMA's rights decide, as for
 *             process_vm_readv(2): to read takes VM_READ, to write VM_WRITE.
 *             With it, as a debugger (ptrace(2), /proc/PID/mem): what may not
 *             be read now, but may become readable, is read; a write to private
 *             memory gives it a copy of its own, which stays read-only for the
 *             program. Shared memory that the program may not write is refused
 *             all the same.
 *
 * Locks:  none held; takes mmap_lock R, and for a stack W.
 * Return: 0; -EFAULT (nothing mapped, no right, no page there, no such hook, or
 * access() answered anything but the length or a -errno); -EINVAL (an unknown
 * flag); -ENOMEM; or what access() answered.
 */
VMS_API int vms_access_word(struct mm_struct *mm, unsigned long addr, unsigned long *word,
			    unsigned int gup_flags);

/* ---- what fork shares: for code that keeps pages on its own ---- */

/**
 * vms_write_protect_begin() - Begin to take pages of @mm out of the library's
 * sight (vms_page_lookup()), as a software TLB or a device does. *@seq is for
 * vms_write_protect_retry(), which tells whether a fork took the write right
 * away meanwhile: then a page that was found writable is shared with a child by
 * now. Linux's lock-free pin (pin_user_pages_fast()) asks its write_protect_seq
 * the same. No call of this library needs to: each holds the VMA's lock, which
 * a fork waits for.
 *
 * Locks:    none, or any.
 * Ordering: acquires what the last fork did to page-table entries.
 * Progress: wait-free. Return: false: a fork is at it now.
 */
static inline bool vms_write_protect_begin(const struct mm_struct *mm, unsigned long *seq)
{
	/*
	 * Acquire: pairs with the release at the end of fork's copying
	 * (lib/page/copy.c).
	 */
	*seq = vms_load_acquire(&((struct mm_struct *)mm)->write_protect_seq);
	return !(*seq & 1);
}
static inline bool vms_write_protect_retry(const struct mm_struct *mm, unsigned long seq)
{
	/*
	 * Relaxed: the lock of the page table in which the page was found
	 * orders it behind the look.
	 */
	return vms_load_relaxed(&((struct mm_struct *)mm)->write_protect_seq) != seq;
}

/* ---- locks --------------------------------------------------------------- */

VMS_API void mmap_read_lock(struct mm_struct *mm) VMS_ACQUIRE_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_read_lock);
VMS_API bool mmap_read_trylock(struct mm_struct *mm) VMS_TRY_ACQUIRE_SHARED(true, mm->mmap_lock)
	VMS_SYM(mmap_read_trylock);
VMS_API void mmap_read_unlock(struct mm_struct *mm) VMS_RELEASE_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_read_unlock);
VMS_API void mmap_write_lock(struct mm_struct *mm) VMS_ACQUIRE(mm->mmap_lock)
	VMS_SYM(mmap_write_lock);
VMS_API bool mmap_write_trylock(struct mm_struct *mm) VMS_TRY_ACQUIRE(true, mm->mmap_lock)
	VMS_SYM(mmap_write_trylock);
VMS_API void mmap_write_unlock(struct mm_struct *mm) VMS_RELEASE(mm->mmap_lock)
	VMS_SYM(mmap_write_unlock);
/* W -> R; ends every VMA write lock too */
VMS_API void mmap_write_downgrade(struct mm_struct *mm) VMS_NO_TSA VMS_SYM(mmap_write_downgrade);
VMS_API void mmap_assert_locked(const struct mm_struct *mm) VMS_ASSERT_HELD_SHARED(mm->mmap_lock)
	VMS_SYM(mmap_assert_locked);
VMS_API void mmap_assert_write_locked(const struct mm_struct *mm) VMS_ASSERT_HELD(mm->mmap_lock)
	VMS_SYM(mmap_assert_write_locked);

/**
 * lock_vma_under_rcu() - Read-lock the VMA that covers @addr, without
 * mmap_lock.
 * @mm:   Live address space; the caller holds a reference (mmget()).
 * @addr: Byte address; need not be page aligned.
 *
 * Locks:    Enter holding no lock of @mm. Success leaves the VMA's lock held
 *           for reading and nothing else; vma_end_read() drops it.
 * RCU:      Opens and closes its own read section.
 * Ordering: Success acquires the release made by the last writer of this VMA:
 *           its plain fields are stable until vma_end_read(). NULL orders
 *           nothing.
 * Progress: Never blocks; may refuse a mapped address while a writer is at
 *           work. On engines without VMA locks: always NULL.
 *
 * The thread that locked the VMA calls vma_end_read(), before it exits and
 * before it calls vms_thread_unregister(): a thread may hold a VMA by a note of
 * its own. A signal handler lets go of what it locked before it returns.
 *
 * Return: the locked VMA. NULL means "retry under mmap_read_lock()", never
 *         "unmapped".
 */
VMS_API struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(lock_vma_under_rcu);
VMS_API void vma_end_read(struct vm_area_struct *vma) VMS_SYM(vma_end_read);
/**
 * vma_start_write() - Write-lock @vma and wait for its readers. mmap_lock W
 * held; released with mmap_lock's W.
 */
VMS_API void vma_start_write(struct vm_area_struct *vma) VMS_SYM(vma_start_write);
/**
 * vma_start_write_trylock() - The same if no reader is in; else nothing has
 * changed, and no reader was turned away.
 * Locks:  mmap_lock W. Progress: never blocks. On engines without VMA locks
 *         mmap_lock is enough: true.
 * Return: whether it is held.
 */
VMS_API bool vma_start_write_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_write_trylock);
/**
 * vma_end_write() - Let readers of @vma in again before mmap_lock is let go,
 * which ends all other VMA write locks.
 * Locks:    mmap_lock W; @vma write-locked, and whole: what it says is true
 *           from now on.
 * Ordering: releases to whoever then read-locks @vma.
 */
VMS_API void vma_end_write(struct vm_area_struct *vma) VMS_SYM(vma_end_write);
/**
 * vma_start_read() - Read-lock @vma, which was found under RCU (mas_walk() of
 * mm->mm_mt), if that needs no waiting.
 * @mm:   the caller has a reference (mmget()).
 *
 * Locks:    none, inside the RCU read section in which @vma was found; or
 *           mmap_lock. Success leaves the VMA's lock held.
 * Ordering: success acquires the release made by the last writer of @vma.
 * Progress: never blocks. On engines without VMA locks: always false.
 * Return:   whether it is held. Then @vma is one of @mm's; look again whether
 *           it still covers the address: it may have moved, or have been freed
 *           and made anew, since it was found. lock_vma_under_rcu() does all
 *           that.
 */
VMS_API bool vma_start_read(struct mm_struct *mm, struct vm_area_struct *vma)
	VMS_SYM(vma_start_read);
/**
 * vma_start_read_trylock() - Read-lock @vma, which was found under mmap_lock;
 * afterwards mmap_lock may be let go.
 * Locks:  mmap_lock R or W. Success leaves the VMA's lock held as well.
 * Return: whether it is held. Under R only a count at its limit refuses; under
 *         W the caller's own write lock does. On engines without VMA locks:
 *         always false.
 */
VMS_API bool vma_start_read_trylock(struct vm_area_struct *vma) VMS_SYM(vma_start_read_trylock);
VMS_API void vma_assert_write_locked(const struct vm_area_struct *vma)
	VMS_SYM(vma_assert_write_locked);
VMS_API void vma_assert_locked(const struct vm_area_struct *vma) VMS_SYM(vma_assert_locked);

/* ---- lookup: mmap_lock held (R or W) ------------------------------------- */

/* first with vm_end > addr */
VMS_API struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr) VMS_SYM(find_vma);
/* the one that covers addr */
VMS_API struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(vma_lookup);
/* the lowest */
VMS_API struct vm_area_struct *vma_first(struct mm_struct *mm) VMS_SYM(vma_first);
VMS_API struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
						     unsigned long end)
	VMS_SYM(find_vma_intersection);
VMS_API struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
					     struct vm_area_struct **pprev) VMS_SYM(find_vma_prev);
VMS_API struct vm_area_struct *vms_vma_after(struct vm_area_struct *vma);
VMS_API struct vm_area_struct *vms_vma_before(struct vm_area_struct *vma);

/*
 * A walk over VMAs. It goes by addresses, so the map may change between two
 * steps, and mmap_lock may be let go: the next step finds the first VMA that
 * ends above addr then. While nothing has changed, a step upwards is one along
 * the index, without a search: place is where it stands, as of seq. Fields are
 * the library's, but for mm and addr, which may be read.
 */
struct vma_iterator {
	struct mm_struct *mm;
	unsigned long addr; /* where the next step looks */
	unsigned long seq;  /* mm->map_seq when the walk came to its place; 0: it has none */
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
 * Declares an iterator, and begins it. Two declarations, as MA_STATE(): an
 * initializer would clear the place.
 */
#define VMA_ITERATOR(name, __mm, __addr)                                                           \
	struct vma_iterator name;                                                                  \
	const bool __attribute__((unused)) name##_begun = vma_iter_init(&name, (__mm), (__addr))
/**
 * vma_next() - The first VMA that ends above vmi->addr, which moves on to its
 * end; NULL: there is none.
 */
VMS_API struct vm_area_struct *vma_next(struct vma_iterator *vmi) VMS_SYM(vma_next);
/**
 * vma_prev() - The last VMA that begins below vmi->addr, which moves back to
 * its start; NULL: there is none.
 */
VMS_API struct vm_area_struct *vma_prev(struct vma_iterator *vmi) VMS_SYM(vma_prev);
#define for_each_vma(vmi, vma) while (((vma) = vma_next(&(vmi))) != NULL)
#define for_each_vma_range(vmi, vma, end)                                                          \
	while (((vma) = vma_next(&(vmi))) != NULL && (vma)->vm_start < (end))

/* ---- kernel-level operations: mmap_lock W held --------------------------- */

VMS_API unsigned long do_mmap(struct mm_struct *mm, struct file *file, unsigned long addr,
			      unsigned long len, unsigned long prot, unsigned long flags,
			      vm_flags_t vm_flags, unsigned long pgoff, unsigned long *populate)
	VMS_SYM(do_mmap);
VMS_API int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len)
	VMS_SYM(do_munmap);
VMS_API unsigned long get_unmapped_area(struct mm_struct *mm, struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff, unsigned long flags)
	VMS_SYM(get_unmapped_area);
/**
 * insert_vm_struct() - Insert @vma, as made by vm_area_alloc() for this @mm,
 * without merging.
 * Return: 0; -EINVAL (not page aligned, another mm's, offsets in its file that
 * wrap); -ENOMEM (the range is taken, or beyond the end, or memory is out).
 */
VMS_API int insert_vm_struct(struct mm_struct *mm, struct vm_area_struct *vma)
	VMS_SYM(insert_vm_struct);
/**
 * split_vma() - Cut @vma at @addr into two. The new VMA takes what lies below
 * @addr if @new_below, else what lies above.
 * Return: 0; -EINVAL (another mm's, @addr not page aligned or not inside);
 * -ENOMEM (the limit of VMAs, no memory); or what may_split() answered; on
 * errors nothing has changed.
 */
VMS_API int split_vma(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long addr,
		      int new_below) VMS_SYM(split_vma);
/**
 * vma_merge() - Let [@addr, @end) join the VMA before it, the one after it, or
 * both, if they may be one.
 * @prev:      the VMA before @addr, or the one that covers it; NULL: the call
 * finds it. @vm_flags, @file, @pgoff, @anon_name: of the range. What is free
 * becomes mapped so, without limits being looked at. What is a part of
 *             one VMA that maps the same file at the same offset changes to
 *             these flags and this name, as mprotect(2) does. @pgoff of memory
 *             that was never faulted in: @addr >> PAGE_SHIFT.
 *
 * Return: the VMA that holds the range now; NULL: nothing fits (nor do offsets
 *         that wrap), or memory is out, and nothing has changed.
 */
VMS_API struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *prev,
					 unsigned long addr, unsigned long end, vm_flags_t vm_flags,
					 struct file *file, pgoff_t pgoff,
					 struct anon_vma_name *anon_name) VMS_SYM(vma_merge);
/**
 * vma_expand() - Let @vma cover [@start, @end), more than now, at one end or
 * both. Limits are not looked at.
 * @pgoff: what stands at @start then; each page keeps its offset.
 * @next:  NULL: what is added is free. Else the VMA after @vma, which ends at
 *         @end: @vma takes it, and free room between the two.
 *
 * Return: 0; -EINVAL (not page aligned, nothing is added, another @pgoff,
 * offsets that wrap, beyond the address space, @next cannot be one with @vma);
 * -ENOMEM (something is mapped there, or memory is out); on errors nothing has
 * changed.
 */
VMS_API int vma_expand(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff, struct vm_area_struct *next) VMS_SYM(vma_expand);
/**
 * vma_shrink() - Let @vma cover only [@start, @end), less than now at one end;
 * pages of the rest go. @pgoff: as above.
 * Return: 0; -EINVAL (not page aligned, nothing is left or nothing goes, both
 * ends at once, another @pgoff); -ENOMEM; on errors nothing has changed.
 */
VMS_API int vma_shrink(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff) VMS_SYM(vma_shrink);
/**
 * vma_adjust() - Both, as Linux had it up to 6.2: what @start and @end ask for,
 * growing or shrinking.
 * @insert: NULL; or a copy of @vma (vm_area_dup()) with the bounds and the
 *          offset of exactly what @vma gives up: it takes that, pages and all,
 *          and belongs to the mm from then on.
 *
 * Return: 0; else as above, and @insert is still the caller's. -EINVAL also for
 *         one end that grows while the other shrinks.
 */
VMS_API int vma_adjust(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		       pgoff_t pgoff, struct vm_area_struct *insert) VMS_SYM(vma_adjust);
/**
 * expand_stack() - The VMA that covers @addr; one above it that grows down is
 * made to, if it may.
 * Locks:  mmap_lock R on entry. On return it is held if the answer is a VMA,
 *         and let go if it is NULL. It may be let go and taken for writing in
 *         between: VMAs found before are void.
 * Return: it; NULL: nothing covers @addr, and nothing may grow there (the guard
 *         gap, a limit, no memory).
 */
VMS_API struct vm_area_struct *expand_stack(struct mm_struct *mm, unsigned long addr)
	VMS_SYM(expand_stack);
/**
 * expand_stack_locked() - Let @vma grow down to cover @addr, if it does not.
 * Locks: mmap_lock W.
 * Return: 0; -EFAULT (@vma does not grow down); -EPERM (below mmap_min_addr);
 *         -ENOMEM (the guard gap, a limit, no memory).
 */
VMS_API int expand_stack_locked(struct vm_area_struct *vma, unsigned long addr)
	VMS_SYM(expand_stack_locked);
/**
 * vm_area_alloc() - An empty VMA for @mm, not inserted. Locks: none needed.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct vm_area_struct *vm_area_alloc(struct mm_struct *mm) VMS_SYM(vm_area_alloc);
/**
 * vm_area_dup() - A copy of @orig, not inserted. It takes no reference of
 * @orig's file, but one of its name. Locks: @orig does not change meanwhile.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct vm_area_struct *vm_area_dup(const struct vm_area_struct *orig) VMS_SYM(vm_area_dup);
/* one that was never inserted, or has been removed */
VMS_API void vm_area_free(struct vm_area_struct *vma) VMS_SYM(vm_area_free);

VMS_API void vm_flags_init(struct vm_area_struct *vma, vm_flags_t flags)
	VMS_SYM(vm_flags_init); /* not yet inserted */
/* The following need mmap_lock W, and take the VMA's write lock themselves. */
VMS_API void vm_flags_reset(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_reset);
VMS_API void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_set);
VMS_API void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags) VMS_SYM(vm_flags_clear);
VMS_API void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
	VMS_SYM(vm_flags_mod);
/**
 * vm_get_page_prot() - What an entry may allow at once in a VMA of @flags whose
 * owner wants no word of the first write. Any lock.
 */
VMS_API pgprot_t vm_get_page_prot(vm_flags_t flags) VMS_SYM(vm_get_page_prot);
/**
 * vma_set_page_prot() - Make vm_page_prot what vm_flags and the owner's hooks
 * say. The functions above, and insert_vm_struct(), call it; a caller that
 * changes vm_ops afterwards calls it again. A shared mapping whose owner has
 * page_mkwrite() or pfn_mkwrite() starts read-only.
 * Locks: mmap_lock W, VMA lock W; or @vma is not inserted.
 */
VMS_API void vma_set_page_prot(struct vm_area_struct *vma) VMS_SYM(vma_set_page_prot);

/* ---- a page fault inside a VMA (lib/page): VMA lock R or mmap_lock R held ---- */

/**
 * handle_mm_fault() - Make the page at @addr present in @vma for the access in
 * @flags. The access right was checked before; a write without VM_WRITE is a
 * debugger's: for private memory with VM_MAYWRITE alone, it brings a copy that
 * stays read-only.
 * Return: 0, one of VM_FAULT_ERROR, or
 *   VM_FAULT_NOPAGE  The caller touches the memory again: the page may be
 *                    mapped, or an embedder's hook has to be asked once more.
 *                    It drops its locks in between, or bounds its tries: a hook
 *                    may answer so for ever (VMS_FAULT_TRIES).
 *   VM_FAULT_RETRY   With FAULT_FLAG_VMA_LOCK: the caller comes back with
 *                    mmap_lock, because a hook says so, or because @vma needs
 *                    its first anon_vma, for which mmap_lock is tried for
 *                    reading and was not free. Else only a hook that is not
 *                    ready answers so.
 * The lock state is unchanged.
 */
VMS_API vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
				   unsigned int flags) VMS_SYM(handle_mm_fault);

/**
 * vmf_insert_page() - From inside a fault() hook: map @page at @addr of @vma,
 * where nothing is mapped yet. Takes a reference of its own. In a shared
 * mapping it may be written at once, unless there is a page_mkwrite() or
 * pfn_mkwrite(); else the first write faults again.
 * Locks:  as the hook was called with.
 * Return: what the hook answers: VM_FAULT_NOPAGE (it is mapped; or something is
 * already; or @page was taken back meanwhile, by unmap_mapping_range() or
 * because it has left its file's cache, and the hook is asked again),
 * VM_FAULT_OOM, VM_FAULT_SIGBUS (@addr is not in @vma, or @vma is anonymous, or
 * @page is: it is some address space's private memory).
 */
VMS_API vm_fault_t vmf_insert_page(struct vm_area_struct *vma, unsigned long addr,
				   struct page *page) VMS_SYM(vmf_insert_page);
/**
 * vms_map_pages() - From inside a map_pages() hook: map @pages[0..@nr), whose
 * offsets in the file are @start and on, where nothing is mapped yet. Pages
 * outside the range that the hook was given, anonymous ones, and those taken
 * back meanwhile (vmf_insert_page()) are left out. Takes over the caller's
 * references; NULL in @pages: none at hand.
 * Locks:  as the hook was called with.
 */
VMS_API void vms_map_pages(struct vm_fault *vmf, pgoff_t start, struct page **pages,
			   unsigned int nr);

/* ---- listing and checking ------------------------------------------------ */

/**
 * vms_maps_print() - Write the text of /proc/PID/maps to @out, and flush it.
 *
 * vms_smaps_print() and vms_pmap_print() (query.h) have the same contract:
 *
 * The call formats a few KiB under mmap_lock, releases it, writes them to @out,
 * and goes on by address. So a slow reader of @out stops no writer of @mm, and
 * what @out calls may itself use @mm. In exchange the listing is not of one
 * moment: each entry was true when it was formatted; addresses ascend and never
 * overlap; what is mapped throughout the call is listed; what was mapped or
 * unmapped meanwhile may be listed or not. Linux says the same of
 * /proc/PID/maps.
 *
 * Locks:  None of @mm held; takes mmap_lock R, never while it writes to @out.
 * Return: 0. The -errno of the write that failed, -EIO if it left none; a part
 *         has been written. -ENOMEM: one entry takes more than 4 KiB of text,
 *         and there is no memory for it.
 * A thread may be cancelled while the call writes to @out: no lock is held.
 */
VMS_API int vms_maps_print(struct mm_struct *mm, FILE *out);
/**
 * vms_vmflags_string() - smaps' VmFlags, two letters each, joined by @sep, into
 * @buf. Return: its length.
 */
VMS_API size_t vms_vmflags_string(vm_flags_t flags, char sep, char *buf, size_t size);
/**
 * vms_mm_validate() - Check every invariant of @mm: order, no overlap, index
 * against VMAs, counters, page tables.
 * @why: NULL, or where each broken rule is printed, once no lock is held any
 *       more.
 * Locks: takes mmap_lock W (nothing moves while it looks).
 * Return: the number of broken rules.
 */
VMS_API int vms_mm_validate(struct mm_struct *mm, FILE *why);

#include <vmastore/end.h>

#endif
