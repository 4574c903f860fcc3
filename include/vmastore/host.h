/* SPDX-License-Identifier: MIT */
/*
 * host.h - memory and threads of the host's own. With it a host decides at
 * start-up where the library's memory comes from, and which thread makes
 * callbacks. It serves both libraries: the whole one, and the maple tree alone.
 * docs/host.md has a program that does both.
 *
 * By default the library takes memory from malloc() and mmap(2), and creates
 * one thread. An emulator, a kernel in user space or a program under a sandbox
 * may want neither. Each of the two calls below changes one of these defaults,
 * for the whole process and for the children that it forks. There is no way
 * back.
 */
#ifndef VMASTORE_HOST_H
#define VMASTORE_HOST_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/* ---- memory -------------------------------------------------------------- */

/* Bytes: each chunk's address is a multiple of this. */
#define VMS_ALLOCATOR_ALIGN ((size_t)64 << 10)
/* Bytes: each chunk's size is a multiple of this. */
#define VMS_ALLOCATOR_UNIT ((size_t)4 << 10)

/**
 * struct vms_allocator - The host's hooks, from which the library takes all its
 * memory.
 *
 * The library calls them one at a time, on any thread that uses it, so they
 * need no lock of their own against one another. The caller may hold any lock
 * of the library and of the host. A hook therefore
 *   - must not call this library, and must not wait for a thread that may be
 *     inside a call of it;
 *   - must return, and must not be a cancellation point;
 *   - may take a lock of the host's only if no thread calls this library while
 *     it holds that lock, and no handler of pthread_atfork(3) holds it while
 *     the library's handlers run.
 * No hook runs during a fork(2), or in a signal handler.
 */
struct vms_allocator {
	/**
	 * @get: Return @size bytes at a multiple of @align, or NULL if there
	 * are none; then the call of the library that needs them fails with
	 * -ENOMEM. @size is a multiple of VMS_ALLOCATOR_UNIT: most often 64
	 * KiB, and more than 2 MiB only for the text of a long listing or guard
	 * pages over hundreds of GiB. @align is VMS_ALLOCATOR_ALIGN. The memory
	 * must be readable and writable, and need not be cleared.
	 */
	void *(*get)(void *context, size_t size, size_t align);
	/**
	 * @put: Take back @memory, which get() returned for the same @size.
	 */
	void (*put)(void *context, void *memory, size_t size);
	/**
	 * @discard: May be NULL. The contents of [@memory, @memory + @size), a
	 * part of one chunk in multiples of 64 KiB, are not needed any more,
	 * but the library keeps the addresses. The host may take the pages
	 * away, as madvise(2) with MADV_DONTNEED or MADV_FREE does: the range
	 * must stay readable and writable, and each byte must keep its value or
	 * become 0, because a reader may still look. Return: whether the
	 * memory was given back.
	 */
	bool (*discard)(void *context, void *memory, size_t size);
	/** @context: Passed to each hook. */
	void *context;
};

/**
 * vms_set_allocator() - Take all memory from @allocator's hooks, not from
 * malloc() and mmap(2).
 * @allocator: Copied.
 *
 * The host makes the call before the library first takes memory: before the
 * first mm, the first store into a tree, the first file or page, on any thread.
 * No constructor of the library takes memory, so the first line of main() is
 * early enough.
 *
 * Chunks that hold VMAs, nodes, pages and other objects are kept until the
 * process ends, because a late reader may hold a pointer to an object that was
 * freed; vms_trim() offers free ones to discard(). All other memory returns by
 * put(): mms, counters, texts. The first address space takes less than 1 MiB in
 * chunks of 64 KiB; after that a kind of object takes as much again as it has,
 * up to 2 MiB at a time.
 *
 * The hooks do not cover what others allocate on the library's behalf:
 *   - pthread_create(3)'s stack for the thread "vms-rcu", unless
 *     vms_rcu_host_callbacks() was called;
 *   - the C library's own memory: the buffers of streams, also the one in which
 *     vms_mm_validate() collects its reasons; thread-local storage; handlers of
 *     fork and data of exiting threads;
 *   - one malloc(1) and its free() while the library is loaded, for the order
 *     of fork handlers. A statically linked program avoids it if it calls
 *     vms_set_allocator() in a constructor of a priority from 101 to 199.
 *
 * Locks:  none.
 * Return: 0. -EINVAL: @allocator, its get or its put is NULL. -EBUSY: the
 *         library has taken memory already, or hooks are set; nothing changes.
 */
VMS_API int vms_set_allocator(const struct vms_allocator *allocator);

/* ---- callbacks ----------------------------------------------------------- */

/**
 * vms_rcu_host_callbacks() - Let the host's threads make all callbacks: from
 * now on the library creates no thread, in this process and in the children
 * that it forks.
 *
 * The host then calls vms_rcu_run_callbacks() now and then, for example in each
 * round of its event loop, or where vms_rcu_callbacks_waiting() says so. Until
 * it does, freed VMAs, nodes and other objects wait in memory. If it never
 * does, each kind of object holds at most what is in use, what threads keep
 * back (memory.h) and 128 MiB that wait, which is the library's usual bound.
 * Changes that need more memory of the kind fail with -ENOMEM at once, those
 * that map more from 64 MiB on; the host makes the callbacks and repeats the
 * change. Looking up and unmapping go on. The heads that the host itself queues
 * by vms_call_rcu() are the host's memory, and have no bound.
 *
 * Locks:  none.
 * Return: 0, also if the call was made before. -EBUSY: the library's thread
 *         exists already, and goes on. (It does not exist in the child of a
 *         fork, which may therefore make the call.)
 */
VMS_API int vms_rcu_host_callbacks(void);

/**
 * vms_rcu_run_callbacks() - Make the callbacks that are queued, on the calling
 * thread, after a grace period.
 *
 * Callbacks that are queued meanwhile, also by callbacks, wait for the next
 * call. Any number of threads may call it: while one makes callbacks, the
 * others return 0 at once. vms_rcu_barrier() makes callbacks, too, and then
 * waits for those of other threads. A host may call either without
 * vms_rcu_host_callbacks(); they share the work with the library's thread.
 *
 * RCU:      Not inside a read section or a callback.
 * Locks:    None that a callback or a reader may wait for.
 * Ordering: As for vms_call_rcu(): what preceded it, and the sections open
 *           then, happen before the callback.
 * Progress: Blocks for one grace period, and for a second one if deferred
 *           objects or idle memory are to be freed; returns at once if nothing
 *           is queued. Not a cancellation point.
 * Return:   how many callbacks were made. The library's own, which frees a
 *           batch of objects, counts as one.
 */
VMS_API size_t vms_rcu_run_callbacks(void);

/**
 * vms_rcu_callbacks_waiting() - Whether callbacks are queued that no thread has
 * begun to make.
 *
 * Objects that were freed wait in batches of 64 for each thread and kind; a
 * batch that is not full yet does not count, and vms_rcu_barrier() frees it.
 *
 * Locks:    none.
 * Ordering: None; the answer may be old. A thread's own vms_call_rcu() is seen.
 * Progress: Wait-free: one load. May be called in a signal handler.
 */
VMS_API bool vms_rcu_callbacks_waiting(void);

#include <vmastore/end.h>

#endif
