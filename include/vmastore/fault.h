/* SPDX-License-Identifier: MIT */
/*
 * fault.h - page faults: the accesses that a program makes (vms_fault()), the
 * questions to a mapping's owner and its answers (struct vm_fault, VM_FAULT_*),
 * and the fault inside one VMA (handle_mm_fault()). mm.h includes this.
 *
 * May the row run concurrently with the column?
 *                                      fault  map, unmap  fork
 *   vms_fault(), vms_read_word() ...     -        r        r
 *     -  freely
 *     r  one waits for the other, or retries
 *
 * The caller holds a reference to the address space (mmget()).
 */
#ifndef VMASTORE_FAULT_H
#define VMASTORE_FAULT_H

#include <vmastore/mm_types.h>

#include <vmastore/begin.h>

#define VM_FAULT_OOM 0x000001u
#define VM_FAULT_SIGBUS 0x000002u
#define VM_FAULT_MAJOR 0x000004u
#define VM_FAULT_SIGSEGV 0x000040u
/* retry the access: the hook has mapped the page, or something has changed */
#define VM_FAULT_NOPAGE 0x000100u
#define VM_FAULT_LOCKED 0x000200u /* as 0: pages have no lock here */
#define VM_FAULT_RETRY 0x000400u  /* retry the access with mmap_lock held */
#define VM_FAULT_ERROR (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

#define FAULT_FLAG_WRITE 0x01u
#define FAULT_FLAG_MKWRITE 0x02u /* page_mkwrite() or pfn_mkwrite() is called */
#define FAULT_FLAG_TRIED 0x20u   /* a hook was asked for this access before */
#define FAULT_FLAG_USER 0x40u
#define FAULT_FLAG_REMOTE 0x80u /* from outside the address space: vms_access_word() */
#define FAULT_FLAG_INSTRUCTION 0x100u
#define FAULT_FLAG_VMA_LOCK 0x1000u /* held: the VMA's read lock, not mmap_lock */

/*
 * How often the library makes an access whose hook leaves it without a page:
 * the hook answers VM_FAULT_NOPAGE and nothing that allows the access is
 * mapped, or it answers VM_FAULT_RETRY with mmap_lock held. As Linux does, the
 * library retries, and releases all locks in between that it took itself. After
 * this many tries without success the access ends as if the hook had answered
 * VM_FAULT_SIGBUS. Linux retries until the process is killed.
 */
#define VMS_FAULT_TRIES 1000u

/*
 * A page fault, as a hook of struct vm_operations_struct (mm_types.h) sees it.
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
 * The result of an access: what a signal handler would be told.
 * VMS_SEGV_PKUERR: a protection key refused it, which happens only under the
 * rule exec_only (struct mm_rules).
 */
enum vms_fault_result {
	VMS_FAULT_OK,
	VMS_SEGV_MAPERR,
	VMS_SEGV_ACCERR,
	VMS_SIGBUS,
	VMS_FAULT_OOM,
	VMS_SEGV_PKUERR,
};

/* ---- an access: no lock held on entry or return -------------------------- */

/**
 * vms_fault() - One access to @addr by the program. As an instruction would be,
 * it is retried while a hook asks for that, up to VMS_FAULT_TRIES times.
 * @addr:  Byte address; need not be page aligned.
 * @flags: FAULT_FLAG_WRITE, FAULT_FLAG_INSTRUCTION, or 0 for a read.
 *
 * Locks:    none of @mm held on entry or return; takes the VMA's lock R, or
 *           mmap_lock R, and W if a stack grows.
 * Ordering: acquires what the last change of this VMA released.
 * Progress: on `maple-vma` waits for no reader of mmap_lock; waits for a writer
 *           of the VMA, and for the hooks.
 * Return:   VMS_FAULT_OK, or what a signal handler would be told.
 */
VMS_API enum vms_fault_result vms_fault(struct mm_struct *mm, unsigned long addr,
					unsigned int flags);

/*
 * ---- the page behind an address, for tests and embedders (lib/page): faults
 * like an access, then reads or writes one word
 */

/**
 * vms_read_word() - Fault for reading, then read the content word of @addr's
 * page into *@word, which is unchanged on any answer except VMS_FAULT_OK.
 *
 * Locks, Ordering, Progress, Return: as vms_fault().
 */
VMS_API enum vms_fault_result vms_read_word(struct mm_struct *mm, unsigned long addr,
					    unsigned long *word);
/**
 * vms_write_word() - Fault for writing, then set the content word of @addr's
 * page.
 *
 * Locks, Ordering, Progress, Return: as vms_fault().
 */
VMS_API enum vms_fault_result vms_write_word(struct mm_struct *mm, unsigned long addr,
					     unsigned long word);

#define FOLL_WRITE 0x01u
#define FOLL_FORCE 0x08u

/**
 * vms_access_word() - Read, or with FOLL_WRITE write, the word of the page at
 * @addr from outside, like access_process_vm(). The page is faulted in, and a
 * stack grows for it. For VM_IO and VM_PFNMAP memory the owner's access() hook
 * is called, whatever the VMA's rights.
 * @word:      Unchanged unless a read succeeds.
 * @gup_flags: Without FOLL_FORCE the VMA's rights decide, as for
 *             process_vm_readv(2): a read needs VM_READ, a write VM_WRITE.
 *             With FOLL_FORCE the call does what a debugger does (ptrace(2),
 *             /proc/PID/mem): it reads memory that may become readable, even if
 *             it is not readable now; a write to private memory gives that
 *             memory a copy of its own, which stays read-only for the program.
 *             A write to shared memory that the program may not write is
 *             refused all the same.
 *
 * Locks:  none held; takes mmap_lock R, and for a stack W.
 * Return: 0; -EFAULT (nothing mapped, no right, no page there, no such hook, or
 *         access() answered anything except for the length or a -errno);
 *         -EINVAL (an unknown flag); -ENOMEM; or the answer of access().
 */
VMS_API int vms_access_word(struct mm_struct *mm, unsigned long addr, unsigned long *word,
			    unsigned int gup_flags);

/* ---- what fork shares: for code that keeps pages on its own ---- */

/**
 * vms_write_protect_begin() - Begin to take pages of @mm (vms_page_lookup())
 * for accesses that the library does not see, by a software TLB or a device.
 * @seq: for vms_write_protect_retry(), which tells whether a fork removed the
 *       write right meanwhile. If it did, a page that was found writable is
 *       shared with a child by now.
 *
 * Linux's lock-free pin (pin_user_pages_fast()) asks its write_protect_seq the
 * same. No call of this library needs to ask: each holds the VMA's lock, and a
 * fork waits for that.
 *
 * Locks:    none, or any.
 * Ordering: acquires what the last fork did to page-table entries.
 * Progress: wait-free.
 * Return:   false: a fork is copying now.
 */
static inline bool vms_write_protect_begin(const struct mm_struct *mm, unsigned long *seq)
{
	/*
	 * Acquire: pairs with the release at the end of fork's copying
	 * (lib/page/copy.c).
	 */
	*seq = vms_load_acquire(&mm->write_protect_seq);
	return !(*seq & 1);
}
static inline bool vms_write_protect_retry(const struct mm_struct *mm, unsigned long seq)
{
	/*
	 * Relaxed: the lock of the page table in which the page was found
	 * orders this load after the search.
	 */
	return vms_load_relaxed(&mm->write_protect_seq) != seq;
}

/* ---- a fault inside a VMA: its lock R or mmap_lock R held ---------------- */

/**
 * handle_mm_fault() - Make the page at @addr present in @vma for the access in
 * @flags. The caller has checked the access right. A write without VM_WRITE is
 * a debugger's: for private memory with VM_MAYWRITE alone, it makes a copy that
 * stays read-only.
 *
 * Locks:  the VMA's lock R, or mmap_lock, on entry and return.
 * Return: 0, one of VM_FAULT_ERROR, or
 *   VM_FAULT_NOPAGE  The caller retries the access: the page may be mapped, or
 *                    an embedder's hook must be called once more. The caller
 *                    releases its locks in between, or bounds its tries,
 *                    because a hook may answer so forever (VMS_FAULT_TRIES).
 *   VM_FAULT_RETRY   With FAULT_FLAG_VMA_LOCK: the caller retries with
 *                    mmap_lock, because a hook says so, or because @vma needs
 *                    its first anon_vma, for which the call tried to take
 *                    mmap_lock for reading and did not get it. Without that
 *                    flag only a hook that is not ready answers so.
 */
VMS_API vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
				   unsigned int flags) VMS_SYM(handle_mm_fault);

/**
 * vmf_insert_page() - From inside a fault() hook: map @page at @addr of @vma,
 * where nothing is mapped yet. Takes a reference of its own. In a shared
 * mapping the program may write the page at once, unless there is a
 * page_mkwrite() or pfn_mkwrite(); then the first write faults again.
 *
 * Locks:  as the hook was called with.
 * Return: the hook's answer:
 *   VM_FAULT_NOPAGE  @page is mapped; or something is mapped there already; or
 *                    @page was revoked meanwhile, by unmap_mapping_range() or
 *                    because it has left its file's cache, and the library
 *                    calls the hook again
 *   VM_FAULT_OOM     no memory
 *   VM_FAULT_SIGBUS  @addr is not in @vma, or @vma is anonymous, or @page is:
 *                    it is some address space's private memory
 */
VMS_API vm_fault_t vmf_insert_page(struct vm_area_struct *vma, unsigned long addr,
				   struct page *page) VMS_SYM(vmf_insert_page);
/**
 * vms_map_pages() - From inside a map_pages() hook: map @pages[0..@nr), whose
 * offsets in the file are @start and on, where nothing is mapped yet. The call
 * leaves out pages outside the range that the hook was given, anonymous pages,
 * and pages that were revoked meanwhile (vmf_insert_page()). It takes over the
 * caller's references. NULL in @pages: there is no page at that offset.
 *
 * Locks: as the hook was called with.
 */
VMS_API void vms_map_pages(struct vm_fault *vmf, pgoff_t start, struct page **pages,
			   unsigned int nr);

#include <vmastore/end.h>

#endif
