/* SPDX-License-Identifier: MIT */
/*
 * heap.h - plain allocations of any size in the host's memory. Used only if the
 * host has set its hooks; alloc.c calls it in place of the C library's
 * malloc().
 *
 * Locks: every function takes the host lock, so the caller may hold any other
 *        lock of the library. Read next: heap.c.
 */
#ifndef VMS_SYNC_HEAP_H
#define VMS_SYNC_HEAP_H

#include <stddef.h>

/*
 * @align: a power of two. Return: memory that is not cleared; NULL if there is
 *         none, or if @align is more than half of VMS_ALLOCATOR_ALIGN.
 */
void *vms__heap_alloc(size_t size, size_t align);
/* @p: a result of vms__heap_alloc(). */
void vms__heap_free(void *p);
/*
 * Give the host back all memory in which nothing is allocated. Return: its
 * bytes.
 */
size_t vms__heap_trim(void);

#endif
