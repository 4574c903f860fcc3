/* SPDX-License-Identifier: MIT */
/*
 * file.h - what a file mapping maps: an address_space (the contents: an inode's page cache, shared by every opening of it) and
 * a file (one opening: its mode, its path). Two VMAs merge only if they map the same struct file, as in Linux.
 *
 * Locks: reference counts are atomic; address_space has a lock of its own, ordered after the VMA lock.
 */
#ifndef VMASTORE_FILE_H
#define VMASTORE_FILE_H

#include <vmastore/mm_types.h>

#define FMODE_READ 1u
#define FMODE_WRITE 2u

#define VMS_AS_SHMEM 1u     /* memfd, shared anonymous memory: pages count as MM_SHMEMPAGES */
#define VMS_AS_THP_ALIGN 2u /* its filesystem asks for 2 MiB alignment of large ranges (ext4, for one) */
#define VMS_AS_ZERO_DEV 4u  /* /dev/zero: private mappings are anonymous in all but name */

struct address_space {
	_Atomic int refcount;
	unsigned int flags; /* VMS_AS_* */
	unsigned int dev_major, dev_minor;
	unsigned long ino;
	_Atomic unsigned long i_size; /* bytes; a touch wholly beyond it is SIGBUS */
	_Atomic unsigned long nrpages;
	struct maple_tree i_pages;        /* page index -> struct page; read under RCU, written under its own lock */
	_Atomic unsigned int i_mmap_lock; /* vms__spinlock word */
	struct rb_root i_mmap;            /* interval tree of the VMAs that map it */
};

struct file {
	_Atomic int f_count;
	unsigned int f_mode; /* FMODE_* */
	struct address_space *f_mapping;
	char *f_path;                                /* as the listing prints it */
	const struct vm_operations_struct *f_vm_ops; /* given to each VMA that maps it; NULL: the page cache's own */
	void *private_data;
};

/**
 * vms_address_space_create() - A new, empty content of @size bytes with one reference.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct address_space *vms_address_space_create(unsigned long size, unsigned int flags, unsigned int dev_major,
						       unsigned int dev_minor, unsigned long ino);
VMS_API void vms_address_space_put(struct address_space *mapping);

/**
 * vms_file_open() - A new opening of @mapping, with one reference; takes a reference of @mapping of its own; copies @path.
 * Return: it, or NULL when memory is out.
 */
VMS_API struct file *vms_file_open(struct address_space *mapping, const char *path, unsigned int mode);
VMS_API struct file *get_file(struct file *file);
VMS_API void fput(struct file *file);

#endif
