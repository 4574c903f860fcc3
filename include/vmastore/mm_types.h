/* SPDX-License-Identifier: MIT */
/*
 * mm_types.h - the two structures that the library is built on: an address
 * space (struct mm_struct) and one of its ranges (struct vm_area_struct, a
 * VMA). Operations on them: mm.h, vma.h. The flags: mm_flags.h.
 *
 * Which lock each field needs. "mmap_lock R/W" is mm->mmap_lock held for
 * reading or writing; "VMA lock" is the lock in each VMA, which only the engine
 * `maple-vma` takes (on the other engines mmap_lock alone is enough).
 *
 *   state                        to read                   to write
 *   vm_start vm_end vm_pgoff     VMA lock R or mmap_lock R mmap_lock W and
 *     vm_flags vm_file vm_ops                                VMA lock W
 *     anon_name of an attached
 *     VMA
 *   the first three, by a        i_mmap or anon_vma lock   that lock as well
 *     reverse-map walk
 *   vm_mm vm_refcnt vm_lock_seq  RCU, then verify under    mmap_lock W; readers
 *                                  the lock                  too write the last
 *                                                            two (atomics)
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
 * the locks of that file's i_mmap, anon_vma lock, page_table_lock, page-table
 * page lock, tree lock.
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
 * A page has 4096 bytes, whatever size the machine's own pages have. The
 * library was compiled with this size, so a program that defines PAGE_SIZE,
 * PAGE_SHIFT or PAGE_MASK itself must give it the same value: any other value
 * is refused here.
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
 * The access that a page-table entry of a VMA may allow: VMS_PGPROT_* bits.
 * vm_get_page_prot() computes them from vm_flags. The type is a structure so
 * that the compiler refuses a PROT_* word in its place.
 */
typedef struct {
	unsigned short pgprot;
} pgprot_t;

#define VMS_PGPROT_READ 1u
#define VMS_PGPROT_WRITE 2u /* at once, without a fault for copy-on-write or the owner's hook */
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
 * The fields are grouped by their readers. A lookup and a fault read the first
 * two cache lines. The third has vm_refcnt, which every fault of `maple-vma`
 * writes until several readers meet in the VMA; it is kept off the lines that
 * other threads only read.
 */
#include <vmastore/begin_fields.h>
struct vm_area_struct {
	/* line 0: the range and what finds it */
	unsigned long vm_start;      /* first byte; page aligned */
	unsigned long vm_end;        /* first byte after; page aligned */
	struct VMS_K(rb_node) vm_rb; /* engine rbtree only */
	VMS_ATOMIC(struct mm_struct *) vm_mm;
	vm_flags_t vm_flags;
	/* == mm->mm_lock_seq: write-locked. Others: lib/sync/vma_lock.h */
	VMS_ATOMIC(unsigned long) vm_lock_seq;

	/* line 1 */
	/* engine rbtree: address order. Others: the next VMA to be removed */
	struct vm_area_struct *vm_next;
	struct vm_area_struct *vm_prev; /* engine rbtree only: address order */
	/* engine rbtree only: largest gap before any VMA of this subtree */
	unsigned long rb_subtree_gap;
	/* pages: offset in the file, or address >> PAGE_SHIFT at creation */
	unsigned long vm_pgoff;
	struct VMS_K(file) *vm_file; /* NULL: anonymous */
	const struct vm_operations_struct *vm_ops;
	VMS_ATOMIC(struct VMS_K(anon_vma) *) anon_vma; /* NULL: never faulted for writing */
	void *vm_private_data;                         /* the embedder's */

	/* line 2 */
	/*
	 * 0 detached, 1 attached; +1 for a reader, +VMA_LOCK_OFFSET for a
	 * writer. It is a futex word.
	 */
	VMS_ATOMIC(unsigned int) vm_refcnt;
	/* whether the index holds this VMA; the engine's, mmap_lock W */
	unsigned char vm_index_state;
	/*
	 * The part of its file's i_mmap that holds this VMA, if one does;
	 * changes only while none does.
	 */
	unsigned char vm_i_mmap;
	/* the access that a new page-table entry allows; follows vm_flags */
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
 * The hooks of a mapping's owner. A VMA that maps a file has its file's
 * f_vm_ops; a caller of insert_vm_struct() may set vm_ops itself. Each hook may
 * be NULL. The library calls a hook where Linux calls it, with the locks that
 * Linux holds there; a hook takes no lock of this mm. "Fault locks" are
 *   the VMA's lock R alone   an access on `maple-vma`: FAULT_FLAG_VMA_LOCK is
 *                            set in vmf->flags
 *   mmap_lock R              an access on the other engines, or a retry;
 *                            vms_access_word(); populating (mlock,
 *                            MAP_POPULATE, MADV_POPULATE_*)
 *   mmap_lock W              mprotect() that makes locked private memory
 *                            writable, which is populated at once
 *
 *   open          mmap_lock W: the VMA is a copy of another one (split, fork,
 *                 mremap) and is not published yet. mmap itself does not call
 *                 it.
 *   close         mmap_lock W (also at exit), or R once no lookup finds the VMA
 *                 any more (munmap): its pages are unmapped, and the VMA is
 *                 about to be freed. The library calls close() exactly once for
 *                 each VMA that was mapped or opened: it never merges away a
 *                 VMA that has close().
 *   may_split     mmap_lock W: 0, or a -errno that refuses a cut at @addr.
 *                 Nothing has changed yet.
 *   mremap        mmap_lock W: the VMA is the copy at the new place, to which
 *                 the pages have been moved: 0, or a -errno, at which the
 *                 library moves them back.
 *   mprotect      mmap_lock W, before each VMA's piece [start, end) is changed,
 *                 even if its rights stay the same: 0, or a -errno that refuses
 *                 the change.
 *   fault         fault locks: put a referenced page into vmf->page and answer
 *                 0 (the library takes over the reference in this case only);
 *                 or map it with vmf_insert_page() and answer VM_FAULT_NOPAGE;
 *                 or answer an error; or answer VM_FAULT_RETRY: the library
 *                 calls fault() again with mmap_lock held.
 *   map_pages     fault locks and RCU, before fault(), for a read: map the
 *                 pages at hand whose offsets are in [start, end], with
 *                 vms_map_pages(), and answer 0. The range has at most 16
 *                 pages, @end included. The hook must not block. If it maps the
 *                 accessed page, the library does not call fault(). Nor does it
 *                 after an error, VM_FAULT_NOPAGE or VM_FAULT_RETRY: these
 *                 count as if fault() had answered them.
 *   page_mkwrite  fault locks: the program is about to write vmf->page of a
 *                 shared mapping, which is mapped read-only until then: 0, or
 *                 an error, or VM_FAULT_NOPAGE or VM_FAULT_RETRY: not now, the
 *                 write is retried.
 *   pfn_mkwrite   like page_mkwrite, for a VM_PFNMAP VMA. To its owner this
 *                 memory has no pages, so vmf->page is NULL.
 *   access        mmap_lock R: copy @len bytes from (or, with @write, to) VM_IO
 *                 or VM_PFNMAP memory at @addr, for vms_access_word(). Return:
 *                 bytes copied, or a -errno.
 *   name          mmap_lock R: a name for the listing of a VMA without a file;
 *                 NULL: none. A newline in it is listed as \012.
 *   pagesize      mmap_lock R: bytes, for the listing: a power of two, of which
 *                 vm_start and vm_end are multiples. Anything else is listed as
 *                 PAGE_SIZE.
 *
 * Other answers. Where a hook should answer 0 or a -errno, any other number
 * counts as -EINVAL. In a vm_fault_t the first of these bits that is set
 * counts: VM_FAULT_ERROR, VM_FAULT_RETRY, VM_FAULT_NOPAGE; the library ignores
 * other bits. An answer of 0 without a page, or with an anonymous page, counts
 * as VM_FAULT_SIGBUS. The library retries an access when a hook asks for that
 * (the hook then sees FAULT_FLAG_TRIED), at most VMS_FAULT_TRIES times
 * (fault.h).
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
	/* 6.7 to 6.12: all of 2 MiB or more; a free hint is used unaligned */
	VMS_THP_ALIGN_LARGE,
	VMS_THP_ALIGN_WHOLE, /* 6.13 on: those without a hint whose length is a multiple of 2 MiB */
};

/*
 * The rules that Linux changed between versions, as far as the layout or an
 * answer shows the difference. They are constant for the life of an mm, and a
 * fork's child has its parent's. vms_mm_rules_default is Linux 6.18 on x86-64
 * with transparent huge pages set to `madvise`; vms_mm_rules_for() knows other
 * versions.
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
 * Calls that older kernels lack depend on kernel_version alone. They answer
 * -EINVAL before the version in which Linux added them: MADV_POPULATE_* (5.14),
 * MADV_DONTNEED_LOCKED (5.18), mseal() (6.10; before it -ENOSYS),
 * MAP_DROPPABLE (6.11), guard pages (6.13; in file mappings 6.15).
 *
 * Two rules depend on the machine, not on the version, so vms_mm_rules_for()
 * leaves them off for every version:
 *
 *   read_takes_page  off: a read of untouched private anonymous memory maps
 *                    the zero page, which all address spaces share and no
 *                    count includes.
 *                    on: the read takes a zeroed page of its own, as a write
 *                    does, and so gives the VMA an anon_vma. Linux does that
 *                    if it was started without a zero page, or if the
 *                    architecture or the hypervisor forbids one.
 *   exec_only        off: memory of PROT_EXEC alone can be read, because x86
 *                    has no page that may be executed but not read.
 *                    on: the memory gets a protection key (VM_PKEY_BIT0) that
 *                    refuses reads and writes: VMS_SEGV_PKUERR. mlock() cannot
 *                    fault it in (-ENOMEM), and neither can MAP_POPULATE or
 *                    MAP_LOCKED. Only vms_access_word() passes the key, as a
 *                    debugger does. Linux does that if the processor has
 *                    protection keys.
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
 * The largest task_size: 2^57 bytes. A page table of five levels maps the
 * addresses from 2^48 on, as on Linux if the processor has five, so a walk to
 * such an address takes one more step. Lower addresses cost what they would
 * cost without it.
 */
#define VMS_TASK_SIZE_MAX (1UL << 57)

/*
 * The bounds of an address space; all bytes. Linux places mappings above 2^47
 * only if a hint asks for that. An address space with a larger task_size does
 * so too if its mmap_base is below 2^47, with one exception: a mapping that
 * fits nowhere below mmap_base is placed above it, where Linux answers -ENOMEM.
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
 * The limits of an address space; bytes, VMS_NO_LIMIT for none. By default
 * (vms_mm_limits_default) a stack has a limit of 8 MiB, the number of VMAs a
 * limit of 65530, as on a Linux that nobody has configured, and nothing else
 * has one. A fork's child has its parent's limits.
 */
struct mm_limits {
	unsigned long as; /* RLIMIT_AS: all that is mapped */
	/*
	 * RLIMIT_DATA: private writable memory except for stacks, and the
	 * break's distance from its start
	 */
	unsigned long data;
	/*
	 * The hard limit of RLIMIT_DATA. If data is 0, this one limits
	 * everything except for the break.
	 */
	unsigned long data_max;
	/* RLIMIT_MEMLOCK: memory that is locked; 0: none may be locked */
	unsigned long memlock;
	unsigned long stack; /* RLIMIT_STACK: what grows down */
	int max_map_count;   /* vm.max_map_count: VMAs; one more can be reached, as on Linux */
};

/*
 * The addresses of a program's parts, as exec leaves them or
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
 * The fields are grouped by their writers. Each group begins a cache line of
 * its own, so that a thread which faults loses no line to a thread that maps,
 * unmaps or protects memory elsewhere, except for the lines that each fault
 * must read:
 *
 *   group             written by                        read by
 *   what every fault  no thread, once mm_alloc() has    faults; all others
 *     needs, layout     returned (mmap_base: also exec)
 *   mm_lock_seq       the start and the end of each     faults of `maple-vma`
 *                       section under mmap_lock W
 *     kept_leaf         a store in another leaf than      each change of the layout
 *                       the last one
 *   the index         a store that replaces the root    faults of `maple-vma`;
 *                       of the tree; rbtree: each store   others under mmap_lock
 *   mmap_lock         its holders and waiters           its holders and waiters
 *   users             threads that take or drop a       the same threads; the
 *                       reference; a truncation of a      validator
 *                       file
 *   page_table_lock   the first fault of a VMA          the first fault of a VMA
 *   accounts          each change of the layout, W      the same; listings
 *   high waters       threads that unmap or pin pages;  the same; listings
 *                       fork; brk
 *   limits            setrlimit() and the like, W       each change of the layout
 *   image             exec, prctl(), W; fork and exit   listings; vms_mm_next()
 *                       of others (mmlist)
 *
 * The compiler checks in lib/mm/mm.c which field is on which line.
 */
struct mm_struct {
	/* what every fault needs: constant once mm_alloc() has returned */
	const struct vms__engine *engine;
	struct vms__ptable *pgd;        /* maps up to 2^48 */
	struct vms__ptable *pgd_high;   /* maps from 2^48 on; NULL: task_size ends there */
	struct vms__pcounter *counters; /* striped: enum vms_mm_counter */
	struct mm_rules rules;
	struct mm_layout layout; /* except for mmap_base at exec */

	/* odd: write-locked; +1 on write lock and on unlock or downgrade */
	VMS_ATOMIC(unsigned long) mm_lock_seq vms_cacheline_aligned;
	/* the leaf of mm_mt that the last store changed; mmap_lock W, R */
	struct vms__kept_leaf kept_leaf;

	__extension__ union { /* the index; the engine determines which one */
		struct maple_tree mm_mt;
		struct {
			struct rb_root mm_rb;
			struct vm_area_struct *mmap; /* first of the address-ordered list */
			unsigned long highest_vm_end;
			/*
			 * Unique among all mms ever, so that an mm at a reused
			 * address does not hit entries of the one before it.
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
	 * Unmappings of a file's pages by threads that hold no lock of this mm;
	 * the validator reads them.
	 */
	VMS_ATOMIC(unsigned long) unmaps_begun;
	VMS_ATOMIC(unsigned long) unmaps_done;

	/* vms__spinlock word: the first anon_vma of a VMA */
	VMS_ATOMIC(unsigned int) page_table_lock vms_cacheline_aligned;

	/* accounts: mmap_lock W; read relaxed */
	VMS_ATOMIC(int) map_count vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) total_vm, data_vm, exec_vm, stack_vm, locked_vm; /* pages */
	VMS_ATOMIC(unsigned long) hiwater_vm; /* the largest total_vm so far */
	/*
	 * +1 with every store into the index, so never 0 while there is a VMA.
	 * vma_iterator reads it under mmap_lock R.
	 */
	unsigned long map_seq;

	/*
	 * High waters, and fields that few calls write. hiwater_rss: the most
	 * pages that were resident when some were about to be unmapped. It is
	 * updated only then, so the real maximum is the larger of it and the
	 * pages that are resident now.
	 */
	VMS_ATOMIC(unsigned long) hiwater_rss vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) pinned_vm; /* pages: vms_account_pinned_vm() */
	/* odd: a fork takes the write right from entries; see fault.h */
	VMS_ATOMIC(unsigned long) write_protect_seq;
	unsigned long start_brk, brk; /* the break: where it began, where it is */

	/* limits: mmap_lock W to write, R to read */
	struct mm_limits limits vms_cacheline_aligned;
	vm_flags_t def_flags; /* every new mapping gets these too */
	void *owner;          /* the embedder's; NULL until it sets it, in a fork's child, too */

	/* image: where exec put the program, vms_mm_set_map(). 0: not set. */
	unsigned long start_code vms_cacheline_aligned, end_code, start_data, end_data;
	unsigned long arg_start, arg_end, env_start, env_end;
	/* an address of the first stack: the listing names its VMA [stack] */
	unsigned long start_stack;
	struct list_head mmlist; /* all address spaces in use and complete: vms_mm_next() */
};

#include <vmastore/end.h>

#endif
