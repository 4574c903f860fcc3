/* SPDX-License-Identifier: MIT */
/*
 * host.h - what a host decides at start-up: which thread makes callbacks. It
 * serves both libraries: the whole one, and the maple tree alone.
 */
#ifndef VMASTORE_HOST_H
#define VMASTORE_HOST_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

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
