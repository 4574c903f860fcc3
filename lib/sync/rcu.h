/* SPDX-License-Identifier: MIT */
/*
 * rcu.h - the library's own way into RCU: the read side inlined, and the pair
 * that publishes and reads a pointer. What each call promises:
 * include/vmastore/rcu.h. This header, rcu_internal.h and the files rcu*.c
 * alone name liburcu. Debug builds number the read sections, so that what was
 * found in one can be told from what was found in another.
 *
 * Under TSan nothing of liburcu is inlined: its plain stores to the reader's
 * word would look like races. The orders that it gives are told to TSan in
 * rcu.c.
 */
#ifndef VMS_SYNC_RCU_H
#define VMS_SYNC_RCU_H

#include <stdatomic.h>

#include <vmastore/compiler.h>
#include <vmastore/rcu.h>

#include "lib/sync/thread_slot.h"
#include "lib/sync/tsan.h"

#ifdef VMS_RCU_QSBR
#include <urcu/static/urcu-qsbr.h>
#define VMS__URCU_READER URCU_TLS(urcu_qsbr_reader)
typedef struct urcu_qsbr_reader vms__urcu_reader_t;
#else
#include <urcu/static/urcu-memb.h>
#define VMS__URCU_READER URCU_TLS(urcu_memb_reader)
typedef struct urcu_reader vms__urcu_reader_t;
#endif

/*
 * Where liburcu keeps this thread's reader. It never moves; to find it by
 * liburcu's own name is a call in a shared library, each time. Before the
 * thread's first use this is a reader that is not registered and in no section,
 * which nobody writes.
 */
extern VMS__TLS VMS__HIDDEN vms__urcu_reader_t *vms__rcu_reader;

/*
 * Make this thread a reader. Called by the thread's first use, and by the first
 * one after vms_thread_unregister(). A signal handler may be what calls it.
 */
void vms__rcu_register(void);

#ifdef VMS_DEBUG
/*
 * The number of the read section that this thread is in, of the outermost if
 * they nest; 0: it is in none, or in one that the program opened by a call of
 * liburcu's own. Two sections of a thread have different numbers, until 2^32
 * have passed.
 */
uint32_t vms__rcu_section(void);
#endif

/* Debug builds count sections: rcu.c. */
#if VMS__TSAN || defined(VMS_DEBUG)

static inline void vms__rcu_read_lock(void)
{
	vms_rcu_read_lock();
}

static inline void vms__rcu_read_unlock(void)
{
	vms_rcu_read_unlock();
}

static inline bool vms__rcu_reading(void)
{
	return false;
}

#elif defined(VMS_RCU_QSBR)

/*
 * liburcu's own flag is the test, so that a thread which somebody else
 * registered is not registered twice.
 */
static inline void vms__rcu_read_lock(void)
{
	if (unlikely(!vms__rcu_reader->registered))
		vms__rcu_register();
	_urcu_qsbr_read_lock();
}

static inline void vms__rcu_read_unlock(void)
{
	_urcu_qsbr_read_unlock();
}

static inline bool vms__rcu_reading(void)
{
	return false;
}

#else

/* The public pair is inline itself. */
static inline void vms__rcu_read_lock(void)
{
	vms_rcu_read_lock();
}

static inline void vms__rcu_read_unlock(void)
{
	vms_rcu_read_unlock();
}

/*
 * Is this thread in a read section, so that another within it would add
 * nothing? False: maybe.
 */
static inline bool vms__rcu_reading(void)
{
	return vms__rcu_reader->ctr & URCU_GP_CTR_NEST_MASK;
}

#endif

/*
 * The thread that makes callbacks. Whatever will have something freed after a
 * grace period asks for it with vms__rcu_is_ready() where it can still refuse.
 * Once that was true, vms_call_rcu() has a thread; in the child of a fork, it
 * must be asked again.
 */
extern VMS__HIDDEN _Atomic bool vms__rcu_has_thread;
/*
 * Create the thread. Return: 0, also if it exists; -ENOMEM. Locks: any but a
 * cache's. Not for signal handlers.
 */
int vms__rcu_start(void);

static inline bool vms__rcu_is_ready(void)
{
	/* Relaxed: nothing is read by way of it. */
	return likely(atomic_load_explicit(&vms__rcu_has_thread, memory_order_relaxed)) ||
	       !vms__rcu_start();
}

/*
 * Wait until every callback is made that was queued before. The calling thread
 * is no QSBR reader that is online.
 */
void vms__rcu_wait_for_callbacks(void);

/*
 * For a child handler of fork, while there is one thread: does @head wait in
 * the queue?
 */
bool vms__rcu_queued(const struct vms_rcu_head *head);

/*
 * May this thread wait for callbacks to run? No inside a read section, in a
 * callback, and where that cannot be told (QSBR). Locks that the caller holds
 * are its own affair: wait with a time limit.
 */
bool vms__rcu_may_wait(void);

/*
 * Call @flush at the start of each vms_rcu_barrier(), on the thread that calls
 * it. Set once, before threads start.
 */
void vms__rcu_before_barrier(void (*flush)(void));

/*
 * The pair for pointers that readers follow. Both take the address of an
 * _Atomic pointer. The release orders the object's initialisation before its
 * publication; the acquire orders the reader's look into the object after it.
 */
#define vms__rcu_dereference(ptr_to_atomic)                                                        \
	atomic_load_explicit(ptr_to_atomic, memory_order_acquire)
#define vms__rcu_assign_pointer(ptr_to_atomic, v)                                                  \
	atomic_store_explicit(ptr_to_atomic, v, memory_order_release)

#endif
