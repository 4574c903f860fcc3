/* SPDX-License-Identifier: MIT */
/*
 * host_memory.h - where the library's memory comes from: the system, or the
 * host's hooks (include/vmastore/host.h). The first allocation decides, once
 * for the process.
 *
 * Locks: the host lock is taken inside every other lock of the library; each
 *        function says whether it takes the lock or requires it. Read next:
 *        heap.h, which divides the host's memory for plain allocations, and
 *        objcache/slab.c.
 */
#ifndef VMS_SYNC_HOST_MEMORY_H
#define VMS_SYNC_HOST_MEMORY_H

#include <stdatomic.h>

#include <vmastore/compiler.h>
#include <vmastore/host.h>

#include "lib/sync/thread_slot.h"

enum vms__memory_source {
	VMS__MEMORY_UNDECIDED, /* nothing was allocated yet */
	VMS__MEMORY_SYSTEM,
	VMS__MEMORY_HOST,
};

/* An enum vms__memory_source. Changes once, under the host lock. */
extern VMS__HIDDEN _Atomic unsigned int vms__memory_source;

/*
 * The first allocation: the system's memory is used from now on, unless the
 * host has set its hooks. Return: whether it has. Locks: takes the host lock.
 */
bool vms__memory_decide(void);

/* Whether memory that was allocated before came from the host. Locks: none. */
static inline bool vms__memory_is_host(void)
{
	/*
	 * Relaxed: all that the host's hooks lead to is read under the host
	 * lock.
	 */
	return unlikely(atomic_load_explicit(&vms__memory_source, memory_order_relaxed) ==
			VMS__MEMORY_HOST);
}

/*
 * Whether the caller must take memory from the host. Later calls return the
 * same. Locks: may take the host lock.
 */
static inline bool vms__memory_from_host(void)
{
	/* Relaxed: as in vms__memory_is_host(). */
	return unlikely(atomic_load_explicit(&vms__memory_source, memory_order_relaxed) !=
			VMS__MEMORY_SYSTEM) &&
	       vms__memory_decide();
}

void vms__host_lock(void);
void vms__host_unlock(void);

/*
 * Return: @size bytes from the host's get(), at a multiple of
 *         VMS_ALLOCATOR_ALIGN; NULL if it has none. @size is a multiple of
 *         VMS_ALLOCATOR_UNIT. Locks: the host lock.
 */
void *vms__host_get(size_t size);
/*
 * Give the host back what vms__host_get(@size) returned. Locks: the host lock.
 */
void vms__host_put(void *memory, size_t size);
/*
 * Tell the host that the contents of this memory, a part of what
 * vms__host_get() returned, are not needed. Return: whether the host took the
 * pages. Locks: takes the host lock.
 */
bool vms__host_discard(void *memory, size_t size);

#endif
