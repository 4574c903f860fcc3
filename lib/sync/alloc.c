/* SPDX-License-Identifier: MIT */
/*
 * alloc.c - plain allocations from the C library or from the heap in the host's
 * memory, and the failure injector. Locks: none. Read first: alloc.h.
 */
#include "lib/sync/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sync/assert.h"
#include "lib/sync/heap.h"
#include "lib/sync/host_memory.h"

VMS__TLS struct vms__alloc_injector vms__alloc_injector;

static void arm(long nth, long from)
{
	struct vms__alloc_injector *in = &vms__alloc_injector;

	VMS_ASSERT(nth >= 0 && from >= 0);
	in->armed = nth || from;
	in->nth = nth;
	in->from = from;
	if (in->armed) {
		in->count = 0;
		in->epoch++;
	}
}

void vms__alloc_fail_nth(long n)
{
	arm(n, 0);
}

void vms__alloc_fail_from(long n)
{
	arm(0, n);
}

long vms__alloc_count(void)
{
	return vms__alloc_injector.count;
}

bool vms__alloc_must_fail_armed(void)
{
	struct vms__alloc_injector *in = &vms__alloc_injector;

	in->count++;
	return in->count == in->nth || (in->from && in->count >= in->from);
}

void *vms__alloc_uncounted(size_t size, size_t align)
{
	VMS_ASSERT(align && !(align & (align - 1)));
	if (vms__memory_from_host())
		return vms__heap_alloc(size, align);
	if (align <= _Alignof(max_align_t))
		return malloc(size);
	/* aligned_alloc() requires a multiple of the alignment. */
	if (size > SIZE_MAX - align)
		return NULL;
	return aligned_alloc(align, (size + align - 1) & ~(align - 1));
}

void *vms__alloc(size_t size, size_t align)
{
	return vms__alloc_must_fail() ? NULL : vms__alloc_uncounted(size, align);
}

void *vms__zalloc(size_t size, size_t align)
{
	void *p;

	if (vms__alloc_must_fail())
		return NULL;
	/*
	 * calloc() knows which memory is fresh from the system and so need not
	 * be cleared.
	 */
	if (align <= _Alignof(max_align_t) && !vms__memory_from_host())
		return calloc(1, size);
	p = vms__alloc_uncounted(size, align);
	if (p)
		memset(p, 0, size);
	return p;
}

void vms__free(void *p)
{
	if (!vms__memory_is_host())
		free(p);
	else if (p)
		vms__heap_free(p);
}
