/* SPDX-License-Identifier: MIT */
/*
 * mm_types.h - the two structures everything turns on: an address space (struct
 * mm_struct) and one of its ranges (struct vm_area_struct, a VMA). Operations
 * on them: mm.h, vma.h. The flags: mm_flags.h.
 *
 * Who may touch what. "mmap_lock R/W" is mm->mmap_lock held for reading or
 * writing; "VMA lock" is the lock in each VMA, which only the engine
 * `maple-vma` takes (on the others mmap_lock alone does its work).
 *
 *   state                        to read                   to write
 *   vm_start vm_end vm_pgoff     VMA lock R or mmap_lock R mmap_lock W and
 *     vm_flags vm_file vm_ops                                VMA lock W
 *     anon_name of an attached
 *     VMA
 *   the first three, by a        i_mmap or anon_vma lock   those too
 *     reverse-map walk
 *   vm_mm vm_refcnt vm_lock_seq  RCU, then verify under    mmap_lock W; the
 *                                  the lock                  latter two also by
 *                                                            readers (atomics)
 *   anon_vma                     VMA lock R or mmap_lock R mmap_lock R and
 *                                  (acquire)                 page_table_lock, or
 *                                                            mmap_lock W
 *   vm_page_prot                 VMA lock R or mmap_lock R with vm_flags, which
 *                                                            it follows
 *   map_count total_vm           any thread, relaxed       mmap_lock W
 *     locked_vm ...
 *   hiwater_rss pinned_vm        any thread                atomics; see each
 *     write_protect_seq
 *   start_code ... env_end       mmap_lock R               mmap_lock W
 *     start_brk brk
 *   the index (tree, list)       mmap_lock R; of the maple mmap_lock W
 *                                  tree also RCU
 *
 * Lock order, outermost first: mmap_lock, VMA lock, a file's invalidate_lock,
 * those of its i_mmap, anon_vma lock, page_table_lock, page-table page lock,
 * tree lock.
 */
#ifndef VMASTORE_MM_TYPES_H
#define VMASTORE_MM_TYPES_H

#include <vmastore/compiler.h>
#include <vmastore/list.h>
#include <vmastore/maple_tree.h>
#include <vmastore/mm_flags.h>
#include <vmastore/rbtree.h>
#include <vmastore/rwsem.h>

#include <vmastore/begin.h>

/*
 * Pages have 4096 bytes, whatever the machine's own pages have. A program's own
 * PAGE_SIZE, PAGE_SHIFT or PAGE_MASK is taken if it says the same, and refused
 * otherwise: the library was compiled with this size.
 */
#define VMS_PAGE_SHIFT 12
#ifndef PAGE_SHIFT
#define PAGE_SHIFT VMS_PAGE_SHIFT
#endif
#ifndef PAGE_SIZE
#define PAGE_SIZE (1UL << VMS_PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif
VMS_STATIC_ASSERT(PAGE_SHIFT == VMS_PAGE_SHIFT, "the program's PAGE_SHIFT is not vmastore's 12");
VMS_STATIC_ASSERT(PAGE_SIZE == 1UL << VMS_PAGE_SHIFT,
		  "the program's PAGE_SIZE is not vmastore's 4096");
VMS_STATIC_ASSERT((unsigned long)PAGE_MASK == ~((1UL << VMS_PAGE_SHIFT) - 1),
		  "the program's PAGE_MASK is not vmastore's");
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & PAGE_MASK)

typedef unsigned long pgoff_t;
typedef unsigned int vm_fault_t; /* VM_FAULT_* of fault.h */

/*
 * What a page-table entry of a VMA may allow: VMS_PGPROT_* bits.
 * vm_get_page_prot() makes it of vm_flags. It is a structure, so that it is not
 * taken for PROT_* words.
 */
typedef struct {
	unsigned short pgprot;
} pgprot_t;

#define VMS_PGPROT_READ 1u
#define VMS_PGPROT_WRITE 2u /* at once, without asking copy-on-write or the owner first */
#define VMS_PGPROT_EXEC 4u
#define pgprot_val(prot) ((prot).pgprot)

struct VMS_K(anon_vma);
struct file;
struct mm_struct;
struct page;
struct vm_area_struct;
struct vm_fault;
struct vms__engine;
struct vms__pcounter;
struct vms__ptable;

/* A reference-counted name for anonymous memory. */
struct anon_vma_name;

/*
 * The fields stand by who reads them: the first two cache lines are what a
 * lookup and a fault read; the third is what every fault of `maple-vma` writes
 * (vm_refcnt) until readers meet in the VMA, kept off the lines that other
 * threads only read.
 */
#include <vmastore/begin_fields.h>
struct vm_area_struct {
	/* line 0: the range and what finds it */
	unsigned long vm_start;      /* first byte; page aligned */
	unsigned long vm_end;        /* first byte after; page aligned */
	struct VMS_K(rb_node) vm_rb; /* engine rbtree only */
	VMS_ATOMIC(struct mm_struct *) vm_mm;
	vm_flags_t vm_flags;
	/* == mm->mm_lock_seq: write-locked; else lib/sync/vma_lock.h */
	VMS_ATOMIC(unsigned long) vm_lock_seq;

	/* line 1 */
	/*
	 * engine rbtree: address order. Others: the next of those that are
	 * about to leave
	 */
	struct vm_area_struct *vm_next;
	struct vm_area_struct *vm_prev; /* engine rbtree only: address order */
	/* engine rbtree only: largest gap before any VMA of this subtree */
	unsigned long rb_subtree_gap;
	/* in pages: offset in the file, or address >> PAGE_SHIFT when made */
	unsigned long vm_pgoff;
	struct VMS_K(file) *vm_file; /* NULL: anonymous */
	const struct vm_operations_struct *vm_ops;
	VMS_ATOMIC(struct VMS_K(anon_vma) *) anon_vma; /* NULL: never faulted for writing */
	void *vm_private_data;                         /* the embedder's */

	/* line 2 */
	/*
	 * 0 detached, 1 attached, +1 a reader, +VMA_LOCK_OFFSET a writer; futex
	 * word
	 */
	VMS_ATOMIC(unsigned int) vm_refcnt;
	/* whether the index holds this VMA; engine's own, mmap_lock W */
	unsigned char vm_index_state;
	/*
	 * which part of its file's i_mmap it stands in, if any; changes while
	 * it is in none
	 */
	unsigned char vm_i_mmap;
	/* what a new page-table entry may allow at once; follows vm_flags */
	pgprot_t vm_page_prot;
	struct list_head anon_vma_chain;
	struct {
		struct VMS_K(rb_node) rb;
		unsigned long rb_subtree_last;
	} shared;                        /* in the file mapping's interval tree */
	struct anon_vma_name *anon_name; /* NULL: none */
} vms_cacheline_aligned;
#include <vmastore/end_fields.h>

/*
 * Hooks of whoever owns a mapping: file->f_vm_ops, given to each VMA that maps
 * the file, or vm_ops of a VMA for insert_vm_struct(). Each may be NULL. They
 * are called where Linux calls them, with the locks it holds there; a hook
 * takes no lock of this mm. "Fault locks" are
 *   the VMA's lock R alone   a touch on `maple-vma`: FAULT_FLAG_VMA_LOCK in
 *                            vmf->flags tells
 *   mmap_lock R              a touch elsewhere, or one that comes again;
 *                            vms_access_word(); populating (mlock,
 *                            MAP_POPULATE, MADV_POPULATE_*)
 *   mmap_lock W              mprotect() that makes locked private memory
 *                            writable, which is populated at once
 *
 *   open          mmap_lock W: the VMA is a copy of another (split, fork,
 *                 mremap), not yet to be found. mmap itself does not call it.
 *   close         mmap_lock W (also at exit), or R once nothing finds the VMA
 *                 any more (munmap): its pages are gone, and so is it. What was
 *                 mapped or opened is closed exactly once: a VMA with close()
 *                 never vanishes in a merge.
 *   may_split     mmap_lock W: 0, or a -errno that refuses a cut at @addr.
 *                 Nothing has changed yet.
 *   mremap        mmap_lock W: the VMA is the copy at the new place, the pages
 *                 have moved there: 0, or a -errno that sends them back.
 *   mprotect      mmap_lock W, before each VMA's piece [start, end) is changed,
 *                 even to what it has: 0, or a -errno that refuses.
 *   fault         fault locks: put a referenced page into vmf->page and answer
 *                 0 (only then is it taken over); or map it with
 *                 vmf_insert_page() and answer VM_FAULT_NOPAGE; or answer an
 *                 error; or VM_FAULT_RETRY: come again with mmap_lock.
 *   map_pages     fault locks and RCU, before fault(), for a read: map what is
 *                 at hand of the offsets [start, end], with vms_map_pages(),
 *                 and answer 0. These are at most 16 pages, @end included. It
 *                 must not block. If that maps the page in question, fault() is
 *                 not asked; nor is it after an error, VM_FAULT_NOPAGE or
 *                 VM_FAULT_RETRY, which count as if fault() had answered them.
 *   page_mkwrite  fault locks: vmf->page of a shared mapping is about to be
 *                 written: 0, or an error, or VM_FAULT_NOPAGE or
 *                 VM_FAULT_RETRY: not now, the write is made again. The page is
 *                 mapped read-only until then.
 *   pfn_mkwrite   the same for a VM_PFNMAP VMA, whose memory has no pages as
 *                 far as its owner knows: vmf->page is NULL.
 *   access        mmap_lock R: copy @len bytes from (or, with @write, to) VM_IO
 *                 or VM_PFNMAP memory at @addr, for vms_access_word(). Return:
 *                 bytes copied, or a -errno.
 *   name          mmap_lock R: a name for the listing of a VMA without a file;
 *                 NULL: none. A newline in it is listed as \012.
 *   pagesize      mmap_lock R: bytes, for the listing: a power of two, of which
 *                 vm_start and vm_end are multiples. Anything else is listed as
 *                 PAGE_SIZE.
 *
 * What else a hook answers: where 0 or a -errno is asked for, any other number
 * counts as -EINVAL. Of a vm_fault_t the first of these that is set counts:
 * VM_FAULT_ERROR, VM_FAULT_RETRY, VM_FAULT_NOPAGE; other bits mean nothing. An
 * answer without a page, and an anonymous page, are VM_FAULT_SIGBUS. An access
 * that is to be made again, is (the hook sees FAULT_FLAG_TRIED), at most
 * VMS_FAULT_TRIES times (fault.h).
 */
struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	int (*may_split)(struct vm_area_struct *vma, unsigned long addr);
	int (*mremap)(struct vm_area_struct *vma);
	int (*mprotect)(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			unsigned long newflags);
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*map_pages)(struct vm_fault *vmf, pgoff_t start, pgoff_t end);
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
	vm_fault_t (*pfn_mkwrite)(struct vm_fault *vmf);
	int (*access)(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
		      int write);
	const char *(*name)(struct vm_area_struct *vma);
	unsigned long (*pagesize)(struct vm_area_struct *vma);
};

enum vms_mm_counter {
	MM_FILEPAGES,
	MM_ANONPAGES,
	MM_SHMEMPAGES,
	MM_PGTABLES,
	VMS_FAULTS_VMA,
	VMS_FAULTS_MMAP,
	NR_MM_COUNTERS
};

/* 6.18 is 0x061200 */
#define VMS_KERNEL_VERSION(major, minor)                                                           \
	(((unsigned int)(major) << 16) | ((unsigned int)(minor) << 8))

/* Which private anonymous mappings are placed on a multiple of 2 MiB. */
enum vms_thp_align {
	VMS_THP_ALIGN_NONE, /* up to 6.6, and where the kernel has no transparent huge pages */
	/*
	 * 6.7 to 6.12: all of 2 MiB or more; a hint that is free is used as it
	 * is
	 */
	VMS_THP_ALIGN_LARGE,
	VMS_THP_ALIGN_WHOLE, /* 6.13 on: those without a hint whose length is a multiple of 2 MiB */
};

/*
 * What Linux changed between versions and shows in the layout or in an answer;
 * constant for the life of an mm, inherited by fork. vms_mm_rules_default is
 * Linux 6.18 on x86-64 with transparent huge pages set to `madvise`;
 * vms_mm_rules_for() knows others.
 *
 *   since  rule             before                        from then on
 *   6.13   thp_align        see above                     see above
 *   6.14   vacate_tables    MADV_DONTNEED leaves empty    those of a whole 2 MiB
 *                             page tables                   are freed: a read may
 *                                                           take a huge one
 *   6.16   merge_one_sided  a faulted range joins no      it may, unless its
 *                             unfaulted neighbour           anon_vma came by fork
 *   6.17   mremap_many      a move of several VMAs at     MREMAP_FIXED with equal
 *                             once: -EFAULT                 lengths moves them all
 *   6.18   guard_flag       guard pages give any VMA an   they mark it
 *                             anon_vma                      VM_MAYBE_GUARD; a file's
 *                                                           gets no anon_vma
 *
 * By kernel_version alone go calls that older kernels lack: MADV_POPULATE_*
 * (5.14), MADV_DONTNEED_LOCKED (5.18), mseal() (6.10, else -ENOSYS),
 * MAP_DROPPABLE (6.11), guard pages (6.13; in file mappings 6.15), each -EINVAL
 * before.
 *
 * Two rules go by the machine, not by the version, so vms_mm_rules_for()
 * leaves them off for every version:
 *
 *   read_takes_page  off: a read of untouched private anonymous memory maps
 *                    the zero page, which all share and no count includes.
 *                    on: the read takes a zeroed page of its own, as a write
 *                    does, hence an anon_vma. Linux does that where it was
 *                    started without a zero page and where the architecture
 *                    or the hypervisor forbids one.
 *   exec_only        off: memory of PROT_EXEC alone can be read, because x86
 *                    has no page that may be executed but not read.
 *                    on: it gets a protection key (VM_PKEY_BIT0) that refuses
 *                    reads and writes: VMS_SEGV_PKUERR. Nor can it be faulted
 *                    in by mlock() (-ENOMEM), MAP_POPULATE or MAP_LOCKED. Only
 *                    vms_access_word() passes the key, as a debugger does.
 *                    Linux does that where the processor has protection keys.
 */
struct mm_rules {
	unsigned int kernel_version; /* VMS_KERNEL_VERSION() */
	enum vms_thp_align thp_align;
	bool vacate_tables;
	bool merge_one_sided;
	bool mremap_many;
	bool guard_flag;
	bool read_takes_page;
	bool exec_only;
};

/*
 * The largest task_size: 2^57 bytes. Addresses from 2^48 on are mapped by a
 * page table of five levels, as on Linux where the processor has them, so a
 * walk to one takes a step more. Lower addresses cost what they cost without
 * it.
 */
#define VMS_TASK_SIZE_MAX (1UL << 57)

/*
 * The bounds of an address space; all bytes. Linux places mappings above 2^47
 * only where a hint asks for that. An address space with a larger task_size
 * does so too if its mmap_base is below 2^47, with one exception: what fits
 * nowhere below mmap_base is placed above it, where Linux answers -ENOMEM.
 */
struct mm_layout {
	/* first address that is never mapped; at most VMS_TASK_SIZE_MAX */
	unsigned long task_size;
	unsigned long mmap_base;     /* top-down placement ends here */
	unsigned long mmap_min_addr; /* lowest address that MAP_FIXED may name */
	unsigned long bottom_base;   /* bottom-up placement (the fall-back) starts here */
	unsigned long start_brk;     /* where the break begins */
};

#define VMS_NO_LIMIT (~0UL)

/*
 * What an address space may take; bytes, VMS_NO_LIMIT for none. By default
 * (vms_mm_limits_default) there is a limit of 8 MiB for a stack and of 65530
 * for VMAs, as on a Linux nobody has configured, and none else. A fork's child
 * has its parent's.
 */
struct mm_limits {
	unsigned long as; /* RLIMIT_AS: all that is mapped */
	/*
	 * RLIMIT_DATA: private writable memory but stacks, and the break's
	 * distance from its start
	 */
	unsigned long data;
	/*
	 * its hard limit, which holds in its place for all but the break where
	 * data is 0
	 */
	unsigned long data_max;
	/*
	 * RLIMIT_MEMLOCK: what is locked in memory; 0: nothing may be locked at
	 * all
	 */
	unsigned long memlock;
	unsigned long stack; /* RLIMIT_STACK: what grows down */
	int max_map_count;   /* vm.max_map_count: VMAs; one more can be reached, as on Linux */
};

/*
 * Where the parts of a program stand, as exec leaves them or
 * prctl(PR_SET_MM_MAP) sets them; byte addresses, ends exclusive. Linux shows
 * them in /proc/PID/stat.
 */
struct vms_mm_map {
	unsigned long start_code, end_code;
	unsigned long start_data, end_data;
	unsigned long start_brk, brk;
	unsigned long start_stack; /* an address of the first stack */
	unsigned long arg_start, arg_end;
	unsigned long env_start, env_end;
};

/*
 * The fields stand by who writes them. Each group begins a cache line of its
 * own, so that a thread which faults loses no line to one that maps, unmaps or
 * protects memory elsewhere, except for what each fault has to know:
 *
 *   group             written by                        read by
 *   what every fault  nobody, once mm_alloc() is over   faults; everybody
 *     needs, layout     (mmap_base: also exec)
 *   mm_lock_seq       the start and the end of each     faults of `maple-vma`
 *                       section under mmap_lock W
 *     kept_leaf         a store in another leaf than      each change of the layout
 *                       the last one
 *   the index         a store that replaces the root    faults of `maple-vma`;
 *                       of the tree; rbtree: each store   else under mmap_lock
 *   mmap_lock         who takes it                      who takes it
 *   users             who takes or drops a reference;   the same; the validator
 *                       a truncation of a file
 *   page_table_lock   the first fault of a VMA          the same
 *   accounts          each change of the layout, W      the same; listings
 *   high waters       who unmaps or pins pages; fork;   the same; listings
 *                       brk
 *   limits            setrlimit() and the like, W       each change of the layout
 *   image             exec, prctl(), W; fork and exit   listings; vms_mm_next()
 *                       of others (mmlist)
 *
 * lib/mm/mm.c has the compiler check which field is on which line.
 */
struct mm_struct {
	/* what every fault needs: const after mm_alloc() */
	const struct vms__engine *engine;
	struct vms__ptable *pgd;        /* maps up to 2^48 */
	struct vms__ptable *pgd_high;   /* what maps from 2^48 on; NULL: task_size ends there */
	struct vms__pcounter *counters; /* striped: enum vms_mm_counter */
	struct mm_rules rules;
	struct mm_layout layout; /* except for mmap_base at exec */

	/* odd: write-locked; +1 on write lock and on unlock or downgrade */
	VMS_ATOMIC(unsigned long) mm_lock_seq vms_cacheline_aligned;
	/* of mm_mt: where the last store was made; mmap_lock W, to read R */
	struct vms__kept_leaf kept_leaf;

	__extension__ union { /* the index; which one is the engine's business */
		struct maple_tree mm_mt;
		struct {
			struct rb_root mm_rb;
			struct vm_area_struct *mmap; /* first of the address-ordered list */
			unsigned long highest_vm_end;
			/*
			 * unique among all mms ever, so that a reused address
			 * cannot hit
			 */
			unsigned long vmacache_id;
			VMS_ATOMIC(unsigned long) vmacache_seq;
		};
	} vms_cacheline_aligned;

	struct rw_semaphore mmap_lock vms_cacheline_aligned;

	/* users */
	/* users of the address space: mmget(), mmput() */
	VMS_ATOMIC(int) mm_users vms_cacheline_aligned;
	/* users of this structure: mmgrab(), mmdrop() */
	VMS_ATOMIC(int) mm_count;
	/*
	 * by who came through a file, without a lock of this mm; for the
	 * validator
	 */
	VMS_ATOMIC(unsigned long) unmaps_begun;
	VMS_ATOMIC(unsigned long) unmaps_done;

	/* vms__spinlock word: the first anon_vma of a VMA */
	VMS_ATOMIC(unsigned int) page_table_lock vms_cacheline_aligned;

	/* accounts: mmap_lock W; read relaxed */
	VMS_ATOMIC(int) map_count vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) total_vm, data_vm, exec_vm, stack_vm, locked_vm; /* pages */
	/* the most that total_vm ever was */
	VMS_ATOMIC(unsigned long) hiwater_vm;
	/*
	 * +1 with every store into the index, so never 0 while there is a VMA;
	 * read under R: vma_iterator
	 */
	unsigned long map_seq;

	/*
	 * High waters, and what few calls write. hiwater_rss: the most pages
	 * that were resident when some were about to go. It is brought up to
	 * date only then, so the real maximum is the larger of it and what is
	 * resident now.
	 */
	VMS_ATOMIC(unsigned long) hiwater_rss vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) pinned_vm; /* pages: vms_account_pinned_vm() */
	/* odd: a fork takes the write right from entries; see fault.h */
	VMS_ATOMIC(unsigned long) write_protect_seq;
	unsigned long start_brk, brk; /* the break: where it began, where it is */

	/* limits: mmap_lock W to write, R to read */
	struct mm_limits limits vms_cacheline_aligned;
	vm_flags_t def_flags; /* every new mapping gets these too */
	void *owner;          /* the embedder's, also after fork: NULL until it sets it */

	/* image: what exec mapped where, vms_mm_set_map(). 0: never told. */
	unsigned long start_code vms_cacheline_aligned, end_code, start_data, end_data;
	unsigned long arg_start, arg_end, env_start, env_end;
	/* an address of the first stack: the listing names its VMA [stack] */
	unsigned long start_stack;
	struct list_head mmlist; /* all that are in use and complete: vms_mm_next() */
};

#include <vmastore/end.h>

#endif
