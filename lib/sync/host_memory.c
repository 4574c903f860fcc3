/* SPDX-License-Identifier: MIT */
/*
 * host_memory.c - the host's hooks for memory, and the decision whether they
 * are used.
 *
 * The hooks are called one at a time, under the host lock, so that a host may
 * cut its chunks from an array without a lock of its own. A fork takes that
 * lock, too: in the child no hook is half-way through a call.
 *
 * Locks: the host lock, inside every other lock of the library. Its handlers of
 *        fork are registered before those of the object caches, so that a fork
 *        takes it after their locks. Read first: host_memory.h.
 */
#include "lib/sync/host_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "lib/sync/assert.h"
#include "lib/sync/lockdep.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vms_allocator host; /* constant once vms__memory_source says HOST */

_Atomic unsigned int vms__memory_source;

/*
 * Leak checkers look for pointers in memory from malloc() and in registered
 * roots, and the host's memory may be neither. A program that is linked with
 * LeakSanitizer has these symbols.
 */
__attribute__((weak)) void __lsan_register_root_region(const void *start, size_t size);
__attribute__((weak)) void __lsan_unregister_root_region(const void *start, size_t size);

void vms__host_lock(void)
{
	vms__lockdep_acquire(VMS__RANK_HOST, &lock, "the host's memory");
	pthread_mutex_lock(&lock);
}

void vms__host_unlock(void)
{
	pthread_mutex_unlock(&lock);
	vms__lockdep_release(&lock);
}

/* ---- the decision -------------------------------------------------------- */

bool vms__memory_decide(void)
{
	unsigned int source;

	if (vms__memory_is_host())
		return true;
	vms__host_lock();
	/* Relaxed, here and below: the host lock orders the changes. */
	source = atomic_load_explicit(&vms__memory_source, memory_order_relaxed);
	if (source == VMS__MEMORY_UNDECIDED) {
		source = VMS__MEMORY_SYSTEM;
		atomic_store_explicit(&vms__memory_source, source, memory_order_relaxed);
	}
	vms__host_unlock();
	return source == VMS__MEMORY_HOST;
}

int vms_set_allocator(const struct vms_allocator *allocator)
{
	int err = 0;

	if (!allocator || !allocator->get || !allocator->put)
		return -EINVAL;
	vms__host_lock();
	if (atomic_load_explicit(&vms__memory_source, memory_order_relaxed) ==
	    VMS__MEMORY_UNDECIDED) {
		host = *allocator;
		atomic_store_explicit(&vms__memory_source, VMS__MEMORY_HOST, memory_order_relaxed);
	} else {
		err = -EBUSY;
	}
	vms__host_unlock();
	return err;
}

/* ---- the hooks ----------------------------------------------------------- */

void *vms__host_get(size_t size)
{
	void *memory;

	vms__lockdep_assert_held(&lock);
	VMS_ASSERT(size && size % VMS_ALLOCATOR_UNIT == 0);
	memory = host.get(host.context, size, VMS_ALLOCATOR_ALIGN);
	/* Misaligned memory would make the library write to its neighbours. */
	VMS_BUG_ON((uintptr_t)memory % VMS_ALLOCATOR_ALIGN);
	if (memory && __lsan_register_root_region)
		__lsan_register_root_region(memory, size);
	return memory;
}

void vms__host_put(void *memory, size_t size)
{
	vms__lockdep_assert_held(&lock);
	if (__lsan_unregister_root_region)
		__lsan_unregister_root_region(memory, size);
	host.put(host.context, memory, size);
}

bool vms__host_discard(void *memory, size_t size)
{
	bool gone;

	if (!host.discard)
		return false;
	vms__host_lock();
	gone = host.discard(host.context, memory, size);
	vms__host_unlock();
	return gone;
}

/* ---- fork ---------------------------------------------------------------- */

/* Not vms__host_lock(): to lockdep the child is another thread. */
static void fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void fork_over(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * Allocate once, so that the allocator registers its own fork handlers, if any,
 * before the library's; most allocators do so on their first allocation. Then a
 * fork takes the library's locks first, and memory may be allocated inside
 * those, also by the host's hooks. It is not vms__alloc(), which would decide
 * where the library's memory comes from before the host has a say; volatile, so
 * that the compiler keeps the pair.
 */
static void let_allocator_begin(void)
{
	void *volatile memory = vms__memory_is_host() ? NULL : malloc(1);

	free(memory);
}

/* Before any of the library's constructors whose fork handlers take a lock. */
__attribute__((constructor(200))) static void host_memory_init(void)
{
	let_allocator_begin();
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_over, fork_over));
}
