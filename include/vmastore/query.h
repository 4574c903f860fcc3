/* SPDX-License-Identifier: MIT */
/*
 * query.h - questions about what is mapped where: one VMA by its address and
 * kind, as ioctl(PROCMAP_QUERY) of /proc/PID/maps answers it (Linux 6.11), and
 * the listings that show pages: smaps, and a summary as pmap(1) prints it. (The
 * plain listing, maps, is in mm.h.)
 *
 * Locks: the caller of each call holds none; the call takes mmap_lock R.
 */
#ifndef VMASTORE_QUERY_H
#define VMASTORE_QUERY_H

#include <vmastore/mm.h>

#include <vmastore/begin.h>

/*
 * In a question, the access that the VMA must allow; in an answer, the access
 * that it allows. The values are Linux's.
 */
#define VMS_PROCMAP_VMA_READABLE 0x01u
#define VMS_PROCMAP_VMA_WRITABLE 0x02u
#define VMS_PROCMAP_VMA_EXECUTABLE 0x04u
#define VMS_PROCMAP_VMA_SHARED 0x08u
/* What to look for. */
#define VMS_PROCMAP_COVERING_OR_NEXT_VMA 0x10u /* without it only the VMA that covers the address */
#define VMS_PROCMAP_FILE_BACKED_VMA 0x20u      /* it maps a file, or shared anonymous memory */

struct vms_procmap_query {
	/* asked */
	unsigned long query_addr; /* byte address */
	unsigned int query_flags; /* VMS_PROCMAP_* */
	char *vma_name;           /* buffer for the name; NULL: not asked for */
	unsigned int name_size;   /* bytes there; 0 with NULL, and only then */

	/* answered */
	/* the name's bytes with its NUL; 0: no name, or not asked for */
	unsigned int vma_name_size;
	unsigned long vma_start, vma_end;
	unsigned int vma_flags; /* VMS_PROCMAP_VMA_* */
	unsigned long vma_page_size;
	unsigned long vma_offset; /* bytes, in the file; 0 without a file, as are these: */
	unsigned long inode;
	unsigned int dev_major, dev_minor;
};

/**
 * vms_procmap_query() - The VMA that covers @q->query_addr, or the first after
 * it, that has all that the flags ask for.
 *
 * Return: 0 and the answer; -ENOENT (none); -EINVAL (unknown flags; a name's
 *         buffer without a size, or a size without one); -ENAMETOOLONG (its
 *         name does not fit). On errors the answer is not written.
 */
VMS_API int vms_procmap_query(struct mm_struct *mm, struct vms_procmap_query *q);

/**
 * vms_smaps_print() - Write the text of /proc/PID/smaps of Linux 6.18, with
 * transparent huge pages set to `madvise`. It says 0 kB for everything that
 * this model lacks (huge pages in place, swap, KSM). Locks, errors, and what
 * the listing promises: vms_maps_print() in mm.h.
 */
VMS_API int vms_smaps_print(struct mm_struct *mm, FILE *out);
/**
 * vms_status_print() - Write the lines of /proc/PID/status about memory, VmPeak
 * to VmSwap, as Linux 6.18 writes them. They are of one moment except for page
 * counts. Swap is 0: there is none.
 *
 * Locks:  None of @mm held; takes mmap_lock R, not while it writes to @out.
 * Return: 0, and @out is flushed; the -errno of the write that failed, -EIO if
 *         it left none.
 */
VMS_API int vms_status_print(struct mm_struct *mm, FILE *out);
/**
 * vms_pmap_print() - Write what `pmap -x` prints below the command's line.
 * Anonymous memory that has a name shows it. Locks, errors, and what the
 * listing promises: vms_maps_print() in mm.h.
 */
VMS_API int vms_pmap_print(struct mm_struct *mm, FILE *out);

#include <vmastore/end.h>

#endif
