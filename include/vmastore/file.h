/* SPDX-License-Identifier: MIT */
/*
 * file.h - what a file mapping maps: an address_space (the contents: an inode's
 * page cache, shared by every opening of it) and a file (one opening: its mode,
 * its path). Two VMAs merge only if they map the same struct file, as in Linux.
 *
 * Locks: reference counts are atomic; address_space has locks of its own,
 * ordered after the VMA lock: invalidate_lock, then the locks of i_mmap. The
 * calls here take what they need; enter them with no lock of any mm held,
 * unless they say otherwise.
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
 * /dev/zero: private mappings are anonymous in all but name; Linux aligns large
 * ones, too: VMS_AS_THP_ALIGN
 */
#define VMS_AS_ZERO_DEV 4u
/*
 * the object behind shared anonymous memory, which may have a name of its own
 */
#define VMS_AS_ANON 8u

/*
 * One count for every VMS_REVOKE_COUNTS-th page of a file; the library's own.
 */
#define VMS_REVOKE_COUNTS 8u

/* In how many parts the VMAs stand that map a file. */
#define VMS_I_MMAP_PARTS 4u

/*
 * Some of the VMAs that map a file. Each thread puts those that it makes into
 * one part, so that threads that map one file take neither the lock nor the
 * nodes from one another. Whoever looks for the VMAs of a page locks all parts.
 */
struct vms_i_mmap {
	struct rw_semaphore rwsem; /* tree, and the bounds of the VMAs in it */
	struct rb_root tree;       /* interval tree */
} vms_cacheline_aligned;

/*
 * Faults of every thread read lines 0 and 1; they change only with the size,
 * the cache or a revocation. What a VMA that comes or goes changes stands
 * behind them, so that mmap and munmap take nothing from the faults of other
 * threads.
 */
struct address_space {
	/* line 0 */
	unsigned int flags; /* VMS_AS_* */
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	/*
	 * bytes; a touch wholly beyond it is SIGBUS. vms_file_truncate()
	 * changes it
	 */
	VMS_ATOMIC(unsigned long) i_size;
	/*
	 * page index -> struct page; read under RCU, written under its own lock
	 */
	struct maple_tree i_pages;

	/* line 1 */
	VMS_ATOMIC(unsigned long)
	revoked[VMS_REVOKE_COUNTS] vms_cacheline_aligned; /* how often unmap_mapping_range() ran */

	/* line 2: what changes with the cache, and with each opening */
	VMS_ATOMIC(int) refcount vms_cacheline_aligned;
	VMS_ATOMIC(unsigned long) nrpages;
	/*
	 * The pages that a truncation or a hole takes out at this moment: none
	 * may be added there. None: first > last. Written under invalidate_lock
	 * W and the lock of i_pages, read under either.
	 */
	pgoff_t leaving_first, leaving_last;

	/* line 3 */
	struct rw_semaphore invalidate_lock
		vms_cacheline_aligned; /* W: one truncation or hole at a time. R: waits for it */

	/*
	 * lines 4 to 7: what changes with each VMA. The parts are found by
	 * vm_i_mmap of a VMA
	 */
	struct vms_i_mmap i_mmap[VMS_I_MMAP_PARTS];
};

struct file {
	/* line 0: faults read it */
	unsigned int f_mode; /* FMODE_* */
	struct address_space *f_mapping;
	char *f_path; /* as the listing prints it */
	/* given to each VMA that maps it; NULL: the page cache's own */
	const struct vm_operations_struct *f_vm_ops;
	void *private_data;

	/* line 1: each VMA that comes or goes changes it */
	VMS_ATOMIC(int) f_count vms_cacheline_aligned;
};

/**
 * vms_address_space_create() - A new, empty content of @size bytes with one
 * reference.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct address_space *vms_address_space_create(unsigned long size, unsigned int flags,
						       unsigned int dev_major,
						       unsigned int dev_minor, unsigned long ino);
/**
 * vms_address_space_put() - Drop a reference of @mapping; the last one frees it
 * and its pages. Each file and each VMA that maps it has one.
 *
 * Locks:    none held but a VMA's or mmap_lock; takes the lock of i_pages.
 * Ordering: releases what this user did; the last one acquires what all did.
 */
VMS_API void vms_address_space_put(struct address_space *mapping);

/**
 * vms_file_open() - A new opening of @mapping, with one reference; takes a
 * reference of @mapping of its own; copies @path.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct file *vms_file_open(struct address_space *mapping, const char *path,
				   unsigned int mode);
/**
 * get_file() - Take one more reference of @file, of which the caller has one.
 *
 * Locks:    any. Ordering: none. Progress: wait-free.
 * Return:   @file.
 */
VMS_API struct file *get_file(struct file *file) VMS_SYM(get_file);
/**
 * fput() - Drop a reference of @file; the last one frees it, and drops its
 * reference of the contents.
 *
 * Locks:    as vms_address_space_put().
 * Ordering: releases what this user did; the last one acquires what all did.
 */
VMS_API void fput(struct file *file) VMS_SYM(fput);

/**
 * unmap_mapping_range() - Take pages of a file out of every address space that
 * maps them: the next touch asks the owner again. @holebegin, @holelen: bytes;
 * each page that they touch. @holelen 0: up to the end.
 * @even_cows: the private copies of those pages, too; else only what is shared
 *             with the file.
 *
 * Locks: none held but mmap_lock or a VMA's lock, at most; takes the locks of
 * i_mmap R. The caller has a reference to @mapping. May run beside every call
 * on those address spaces. An owner that takes a page back first sees to it
 * that its hooks choose the page no more, then calls this. When the call
 * returns, the page is mapped nowhere, and stays so: a fault() or map_pages()
 * that had chosen the page before, and is still on its way back with it, is
 * asked again in place of having its answer mapped; and a late
 * vmf_insert_page() from inside such a hook maps nothing. A page_mkwrite() on
 * its way back is asked again too, so an owner that forgets after this call
 * that a page was written hears of the first write since. A hook may call this
 * itself: that does not count against its own answer. A hook that is slower
 * than the calls of another thread come, for the same pages, is asked again
 * each time, VMS_FAULT_TRIES (fault.h) times at most.
 */
VMS_API void unmap_mapping_range(struct address_space *mapping, unsigned long holebegin,
				 unsigned long holelen, int even_cows) VMS_SYM(unmap_mapping_range);
/**
 * vms_file_truncate() - ftruncate(2): the file has @size bytes from now on.
 * Pages wholly beyond leave the cache and every address space, private copies
 * too; a touch of them is SIGBUS. Growing adds nothing until it is touched.
 * Locks: as unmap_mapping_range(), and before that invalidate_lock W:
 * truncations and holes of one file come one after the other, each complete
 * before the next begins. So what is written to the file or to a private copy
 * after the call has returned is not lost to a truncation that took effect
 * before this one. A mapping of the pages that a fault makes beside it does not
 * outlive it.
 * Progress: waits for the other truncations and holes of the file.
 * Return: 0, or -ENOMEM and nothing has changed.
 */
VMS_API int vms_file_truncate(struct address_space *mapping, unsigned long size);
/**
 * vms_file_punch_hole() - fallocate(2) with FALLOC_FL_PUNCH_HOLE, what
 * madvise(MADV_REMOVE) does: whole pages inside [start, start + len) leave the
 * cache and every address space, and read as zero from now on. Private copies
 * stay. While it runs, a page of the hole that one mapping has lost already
 * comes back to none: a fault on it waits until all mappings have lost it, so
 * that two shared mappings of a page never show different memory.
 * Locks: as vms_file_truncate(), and mmap_lock R of the mm in which
 *        madvise(MADV_REMOVE) was called.
 * Return: 0; -EINVAL (@len 0, or one of the two beyond LONG_MAX); -EFBIG (the
 *         end beyond it); -ENOMEM and nothing has changed.
 */
VMS_API int vms_file_punch_hole(struct address_space *mapping, unsigned long start,
				unsigned long len);
/**
 * unmap_mapping_pages() - The same by pages: [start, start + nr); @nr 0: up to
 * the end.
 */
VMS_API void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr,
				 bool even_cows) VMS_SYM(unmap_mapping_pages);

#include <vmastore/end.h>

#endif
