/* SPDX-License-Identifier: MIT */
/*
 * listing.h - how a listing of VMAs reaches a FILE while no lock is held.
 *
 * A listing that wrote to the FILE under mmap_lock would stop every writer of
 * the address space for as long as the FILE's reader takes, and would deadlock
 * with a FILE whose write function maps memory. So the lister formats a few KiB
 * of whole VMAs under mmap_lock, releases it, writes them, and goes on at the
 * first address that it has not listed.
 *
 * Used by maps.c and smaps.c. vmastore/mm.h has the contract for callers, at
 * vms_maps_print().
 */
#ifndef VMS_MM_LISTING_H
#define VMS_MM_LISTING_H

#include <errno.h>

#include "lib/mm/internal.h"

/* Text in memory. Once something did not fit, the text takes nothing more. */
struct vms__text {
	char *buf;
	size_t size; /* bytes of buf */
	size_t len;  /* bytes of text; not NUL-terminated */
	bool full;   /* something did not fit */
};

/* Append to @text. Return: the number of characters, like printf(). */
int vms__text_add(struct vms__text *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void vms__text_char(struct vms__text *text, char c);

/*
 * Append what the listing says of [@start, vma->vm_end), the part of @vma that
 * is not listed yet. If the text is full at the end, the lister drops that
 * part's text and calls again with more room. So the function changes @arg only
 * if the text is not full; otherwise a sum would count the VMA twice.
 *
 * Locks: mmap_lock R.
 */
typedef void (*vms__list_fn)(struct vm_area_struct *vma, unsigned long start,
			     struct vms__text *text, void *arg);

/*
 * Write to @out what @list says of each VMA of @mm, in address order, and flush
 * @out.
 *
 * Locks: enters and returns with none held; takes mmap_lock R, never while it
 * writes to @out. A thread may be cancelled in the write.
 * The caller's errno stays. Return: 0; -errno of the write that failed (-EIO
 * if @out does not say), with a part written; -ENOMEM (an entry needs more
 * than the few KiB that the lister has at hand, and memory is out).
 */
int vms__list(struct mm_struct *mm, FILE *out, vms__list_fn list, void *arg);

/* ---- the parts of maps.c that other listings use. Locks: mmap_lock R ---- */

/*
 * How many blanks stand between a line's fields, which take @width columns with
 * the blank behind them, and the one blank before the name.
 */
static inline size_t vms__name_padding(size_t width)
{
	return width < 72 ? 72 - width : 0;
}

/* The line of maps for [@start, vma->vm_end) of @vma, with its newline. */
void vms__list_vma_line(struct vm_area_struct *vma, unsigned long start, struct vms__text *text);
/* A name as it stands in one line: a newline becomes \\012. */
void vms__list_name(const char *name, struct vms__text *text);

/* The -errno of a write to a FILE that failed; errno was set to 0 before it. */
static inline int vms__write_error(void)
{
	return errno ? -errno : -EIO;
}

#endif
