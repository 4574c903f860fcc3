/* SPDX-License-Identifier: MIT */
/*
 * file.h - the object behind a file mapping: an address_space (the contents: an
 * inode's page cache, which every opening of it shares) and a file (one
 * opening: its mode, its path). Two VMAs merge only if they map the same struct
 * file, as in Linux.
 *
 * Locks: reference counts are atomic. An address_space has locks of its own,
 * ordered after the VMA lock: invalidate_lock, then the locks of i_mmap. Each
 * call takes the locks that it needs; unless it says otherwise, its caller
 * holds no lock of any mm.
 */
#ifndef VMASTORE_FILE_H
#define VMASTORE_FILE_H

#include <vmastore/mm_types.h>

#include <vmastore/begin.h>

#define FMODE_READ 1u
#define FMODE_WRITE 2u

#define VMS_AS_SHMEM 1u /* memfd, shared anonymous memory: pages count as MM_SHMEMPAGES */
/* its filesystem asks for 2 MiB alignment of large ranges (ext4, for one) */
#define VMS_AS_THP_ALIGN 2u
/*
 * /dev/zero: private mappings are anonymous except for their name. Linux aligns
 * large ones, too: VMS_AS_THP_ALIGN.
 */
#define VMS_AS_ZERO_DEV 4u
/* shared anonymous memory, which may have a name of its own */
#define VMS_AS_ANON 8u

/* Count i is for the pages whose index is i modulo this; the library's own. */
#define VMS_REVOKE_COUNTS 8u

/* The number of parts into which the VMAs that map a file are divided. */
#define VMS_I_MMAP_PARTS 4u

/*
 * Some of the VMAs that map a file. Each thread puts the VMAs that it makes
 * into one part, so that threads that map one file compete neither for the lock
 * nor for the nodes' cache lines. A reverse-map walk over the VMAs of a page
 * locks all parts.
 */
struct vms_i_mmap {
	struct rw_semaphore rwsem; /* tree, and the bounds of the VMAs in it */
	struct rb_root tree;       /* interval tree */
} vms_cacheline_aligned;

/*
 * Faults of every thread read lines 0 and 1, which change only with the size,
 * the cache or a revocation. The fields that change whenever a VMA is inserted
 * or removed come after these lines, so that mmap and munmap take no cache line
 * from the faults of other threads.
 */
struct address_space {
	/* line 0 */
	unsigned int flags; /* VMS_AS_* */
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	/*
	 * Bytes. An access to a page wholly beyond it is SIGBUS.
	 * vms_file_truncate() changes it.
	 */
	VMS_ATOMIC(unsigned long) i_size;
	/* page index -> struct page; to read: RCU; to write: its own lock */
	struct maple_tree i_pages;

	/* line 1 */
	VMS_ATOMIC(unsigned long)
	revoked[VMS_REVOKE_COUNTS] vms_cacheline_aligned; /* how often unmap_mapping_range() ran */

	/* line 2: what changes with the cache, and with each opening */
	VMS_ATOMIC(int) refcount vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) nrpages;
	/*
	 * The pages that a truncation or a hole is removing: no page may be
	 * added there. None: first > last. Written under invalidate_lock W and
	 * the lock of i_pages, read under either.
	 */
	pgoff_t leaving_first, leaving_last;

	/* line 3 */
	struct rw_semaphore invalidate_lock
		vms_cacheline_aligned; /* W: one truncation or hole at a time. R: waits for it */

	/*
	 * lines 4 to 7: what changes with each VMA. vm_i_mmap of a VMA names
	 * its part.
	 */
	struct vms_i_mmap i_mmap[VMS_I_MMAP_PARTS];
};

struct file {
	/* line 0: faults read it */
	unsigned int f_mode; /* FMODE_* */
	struct address_space *f_mapping;
	char *f_path; /* as the listing prints it */
	/* vm_ops of each VMA that maps it; NULL: the page cache's own */
	const struct vm_operations_struct *f_vm_ops;
	void *private_data;

	/* line 1: each insertion and removal of a VMA changes it */
	VMS_ATOMIC(int) f_count vms_cacheline_aligned;
};

/**
 * vms_address_space_create() - A new, empty content of @size bytes with one
 * reference.
 *
 * Return: it; NULL: there is no memory.
 */
VMS_API struct address_space *vms_address_space_create(unsigned long size, unsigned int flags,
						       unsigned int dev_major,
						       unsigned int dev_minor, unsigned long ino);
/**
 * vms_address_space_put() - Drop a reference of @mapping; the last call frees
 * it and its pages. Each file and each VMA that maps it has one.
 *
 * Locks:    none held except for a VMA's or mmap_lock; takes the lock of
 *           i_pages.
 * Ordering: releases what this user did; the last call acquires what all users
 *           did.
 */
VMS_API void vms_address_space_put(struct address_space *mapping);

/**
 * vms_file_open() - A new opening of @mapping, with one reference. The file
 * takes a reference of @mapping of its own, and copies @path.
 *
 * Return: it; NULL: there is no memory.
 */
VMS_API struct file *vms_file_open(struct address_space *mapping, const char *path,
				   unsigned int mode);
/**
 * get_file() - Take one more reference of @file, of which the caller has one.
 *
 * Locks:    any.
 * Ordering: none.
 * Progress: wait-free.
 * Return:   @file.
 */
VMS_API struct file *get_file(struct file *file) VMS_SYM(get_file);
/**
 * fput() - Drop a reference of @file; the last call frees it, and drops its
 * reference of the contents.
 *
 * Locks:    as vms_address_space_put().
 * Ordering: releases what this user did; the last call acquires what all users
 *           did.
 */
VMS_API void fput(struct file *file) VMS_SYM(fput);

/**
 * unmap_mapping_range() - Unmap pages of a file in every address space that
 * maps them: the next access asks the owner again.
 * @holebegin, @holelen: bytes; every page that they touch. @holelen 0: up to
 *             the end.
 * @even_cows: unmap the private copies of those pages, too; otherwise only
 *             pages that are shared with the file.
 *
 * An owner that revokes a page first makes sure that its hooks no longer choose
 * the page, then calls this. When the call returns, the page is mapped nowhere,
 * and stays so. A fault() or map_pages() that had chosen the page before, and
 * has not returned yet, is called again, and its first answer is not mapped; a
 * late vmf_insert_page() from inside such a hook maps nothing. A page_mkwrite()
 * that has not returned yet is called again too, so an owner that forgets after
 * this call that a page was written hears of the first write since.
 *
 * A hook may call this itself: that does not count against its own answer. If
 * another thread makes these calls for the same pages faster than a hook
 * answers, the hook is called again each time, VMS_FAULT_TRIES (fault.h) times
 * at most.
 *
 * Locks: none held except for mmap_lock or a VMA's lock; takes the locks of
 *        i_mmap R. The caller has a reference to @mapping. May run concurrently
 *        with every call on those address spaces.
 */
VMS_API void unmap_mapping_range(struct address_space *mapping, unsigned long holebegin,
				 unsigned long holelen, int even_cows) VMS_SYM(unmap_mapping_range);
/**
 * vms_file_truncate() - ftruncate(2): set the file's size to @size bytes. Pages
 * wholly beyond it are removed from the cache and unmapped in every address
 * space, private copies too; an access to them is SIGBUS. A file that grows
 * gets no page until it is accessed.
 *
 * Truncations and holes of one file run one after the other, each complete
 * before the next begins. So data that is written to the file or to a private
 * copy after the call has returned is not lost to a truncation that took effect
 * before this one. A mapping of the pages that a concurrent fault makes does
 * not outlive the call.
 *
 * Locks:    as unmap_mapping_range(), and before that takes invalidate_lock W.
 * Progress: waits for the other truncations and holes of the file.
 * Return:   0; -ENOMEM and nothing has changed.
 */
VMS_API int vms_file_truncate(struct address_space *mapping, unsigned long size);
/**
 * vms_file_punch_hole() - fallocate(2) with FALLOC_FL_PUNCH_HOLE, which
 * madvise(MADV_REMOVE) does too: whole pages inside [start, start + len) are
 * removed from the cache, unmapped in every address space, and read as zero
 * from now on. Private copies stay. A fault on a page of the hole waits until
 * all mappings have lost the page, so that two shared mappings of a page never
 * show different memory.
 *
 * Locks:  as vms_file_truncate(), and mmap_lock R of the mm in which
 *         madvise(MADV_REMOVE) was called.
 * Return: 0; -EINVAL (@len 0, or one of the two beyond LONG_MAX); -EFBIG (the
 *         end beyond it); -ENOMEM and nothing has changed.
 */
VMS_API int vms_file_punch_hole(struct address_space *mapping, unsigned long start,
				unsigned long len);
/**
 * unmap_mapping_pages() - unmap_mapping_range() by pages: [start, start + nr).
 * @nr: 0: up to the end.
 */
VMS_API void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr,
				 bool even_cows) VMS_SYM(unmap_mapping_pages);

#include <vmastore/end.h>

#endif
