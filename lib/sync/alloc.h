/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - the library's plain allocations, and the failure injector that
 * tests use to see every way out of memory.
 *
 * The injector belongs to the thread that sets it; no lock. It counts the
 * allocations of this file and of objcache.h alike, so that a test can sweep:
 * make the 1st fail, the 2nd, ... until the operation passes without reaching
 * the nth.
 */
#ifndef VMS_SYNC_ALLOC_H
#define VMS_SYNC_ALLOC_H

#include <stddef.h>

#include <vmastore/compiler.h>

#include "lib/sync/thread_slot.h"

/*
 * @align: a power of two. Return: NULL when memory is out. Any lock may be
 * held.
 */
void *vms__alloc(size_t size, size_t align);
void *vms__zalloc(size_t size, size_t align);
/* @p: from the two above, or NULL. */
void vms__free(void *p);

/*
 * On this thread the @n-th allocation from now (1: the next) fails, once. 0:
 * off. Restarts vms__alloc_count().
 */
void vms__alloc_fail_nth(long n);
/*
 * On this thread the @n-th allocation from now and every later one fails, until
 * switched off by 0. Restarts the count.
 */
void vms__alloc_fail_from(long n);
/*
 * Allocations that this thread asked for since the injector was set; keeps its
 * value when it is switched off.
 */
long vms__alloc_count(void);

struct vms__alloc_injector {
	bool armed;
	long nth, from; /* 0: never */
	long count;
	/*
	 * changes when it is armed anew: promises made before no longer count
	 */
	unsigned long epoch;
};
extern VMS__TLS VMS__HIDDEN struct vms__alloc_injector vms__alloc_injector;
bool vms__alloc_must_fail_armed(void);

/*
 * Must the allocation that is being asked for fail? Counts it. For allocators
 * only.
 */
static inline bool vms__alloc_must_fail(void)
{
	return unlikely(vms__alloc_injector.armed) && vms__alloc_must_fail_armed();
}

#endif
