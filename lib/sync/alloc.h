/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - the library's plain allocations, and a failure injector with which
 * tests reach every out-of-memory path. They come from the C library, or, if
 * the host has set hooks for memory, from heap.h.
 *
 * Locks: none, or the host lock. The injector belongs to the thread that sets
 *        it. It counts the allocations of this file and of objcache.h alike, so
 *        that a test can sweep: the test makes the 1st allocation fail, then
 *        the 2nd, ... until the operation succeeds without reaching the nth.
 */
#ifndef VMS_SYNC_ALLOC_H
#define VMS_SYNC_ALLOC_H

#include <stddef.h>

#include <vmastore/compiler.h>

#include "lib/sync/thread_slot.h"

/*
 * @align: a power of two. The caller may hold any lock except the host lock
 *         (host_memory.h). Return: the memory, or NULL if there is none.
 */
void *vms__alloc(size_t size, size_t align);
void *vms__zalloc(size_t size, size_t align);
/*
 * Like vms__alloc(), but the injector neither counts nor fails it: for memory
 * that an allocator needs for itself.
 */
void *vms__alloc_uncounted(size_t size, size_t align);
/* @p: a result of any of these, or NULL. */
void vms__free(void *p);

/*
 * Make the @n-th allocation of this thread from now on (1: the next) fail,
 * once. 0 switches the injector off. Any other @n restarts vms__alloc_count().
 */
void vms__alloc_fail_nth(long n);
/*
 * Make the @n-th allocation of this thread from now on and every later one
 * fail, until 0 switches the injector off. Any other @n restarts the count.
 */
void vms__alloc_fail_from(long n);
/*
 * The number of allocations that this thread has asked for while the injector
 * was on. It keeps its value when the injector is switched off.
 */
long vms__alloc_count(void);

struct vms__alloc_injector {
	bool armed;
	long nth, from; /* 0: never */
	long count;
	/*
	 * changes each time the injector is armed, so that a promise made
	 * before is seen to be void
	 */
	unsigned long epoch;
};
extern VMS__TLS VMS__HIDDEN struct vms__alloc_injector vms__alloc_injector;
bool vms__alloc_must_fail_armed(void);

/*
 * For allocators only. Counts one allocation of this thread, and says whether
 * it must fail.
 */
static inline bool vms__alloc_must_fail(void)
{
	return unlikely(vms__alloc_injector.armed) && vms__alloc_must_fail_armed();
}

#endif
