/* SPDX-License-Identifier: MIT */
/*
 * rcu.h - RCU for the library itself: the inlined read side, the access to
 * callbacks, and the pair that publishes and reads a pointer.
 * include/vmastore/rcu.h says what each call promises. Only this header,
 * rcu_internal.h and the files rcu*.c name liburcu. Debug builds number the
 * read sections, so that a pointer found in one section can be told from one
 * found in another.
 *
 * Under TSan nothing of liburcu is inlined, because its plain stores to the
 * reader's word would look like races. rcu.c tells TSan the orders that liburcu
 * provides.
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
 * Where liburcu keeps this thread's reader. The reader never moves; finding it
 * by liburcu's own name costs a call into a shared library each time. Before
 * the thread's first use this points to a dummy reader that is not registered,
 * is in no section and is never written.
 */
extern VMS__TLS VMS__HIDDEN vms__urcu_reader_t *vms__rcu_reader;

/*
 * Register this thread as a reader. Called on the thread's first use of RCU,
 * and on its first use after vms_thread_unregister(). A signal handler may make
 * that first use.
 */
void vms__rcu_register(void);

#ifdef VMS_DEBUG
/*
 * The number of this thread's read section, of the outermost one if sections
 * nest. 0: the thread is in none, or in one that the program opened by
 * liburcu's own call. Two sections of one thread have different numbers until
 * 2^32 sections have passed.
 */
uint32_t vms__rcu_section(void);
#endif

/* Debug builds count sections, so the functions in rcu.c do the work. */
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
 * This tests liburcu's own flag, so that a thread which the program has
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
 * Whether this thread is known to be in a read section, so that a nested one
 * would add nothing. False means "unknown".
 */
static inline bool vms__rcu_reading(void)
{
	return vms__rcu_reader->ctr & URCU_GP_CTR_NEST_MASK;
}

#endif

/*
 * Whether queued callbacks will be made: the thread that makes them exists, or
 * the host has said that its threads make them (host.h). A caller that will
 * queue a callback must call vms__rcu_is_ready() first, at a point where it can
 * still fail. The child of a fork must ask again.
 */
extern VMS__HIDDEN _Atomic bool vms__rcu_served;
/*
 * Create the thread, unless the host's threads make callbacks. Return: 0, also
 * if the thread exists already; -ENOMEM.
 * Locks: the caller may hold any lock except a cache's. Not for signal
 *        handlers.
 */
int vms__rcu_start(void);

static inline bool vms__rcu_is_ready(void)
{
	/* Relaxed: no data is read on the strength of this flag. */
	return likely(atomic_load_explicit(&vms__rcu_served, memory_order_relaxed)) ||
	       !vms__rcu_start();
}

/*
 * vms_call_rcu(), unless *@called says that @head is queued already. Setting
 * the flag and queueing are one step for every thread that takes the lock of
 * the queue. So a barrier of a thread that has seen the flag set waits for the
 * callback: it would miss a head that is queued only after the flag is set.
 * @func must clear the flag with release, before it looks for work.
 */
void vms__call_rcu_once(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head),
			_Atomic bool *called);

/*
 * For a fork's child handler, while the process has one thread. Return: whether
 * @head waits in the queue.
 */
bool vms__rcu_queued(const struct vms_rcu_head *head);

/* Return: whether the calling thread is the library's own. */
bool vms__rcu_on_own_thread(void);

/*
 * Return: whether this thread may wait for callbacks to run. It may not inside
 *         a read section or in a callback, nor under QSBR, where that is
 *         unknown; nor while the host's threads make callbacks, but none is at
 *         it: perhaps no other thread ever will. This does not check the
 *         caller's locks: a caller that holds some must wait with a time limit.
 */
bool vms__rcu_may_wait(void);

/*
 * Register @flush, which each vms_rcu_barrier() calls first, on its own thread.
 * Set once, before threads start.
 */
void vms__rcu_before_barrier(void (*flush)(void));

/*
 * The pair that publishes and reads a pointer. Both take the address of an
 * _Atomic pointer. The release orders the object's initialisation before its
 * publication; the acquire orders the reader's accesses to the object after the
 * load of the pointer.
 */
#define vms__rcu_dereference(ptr_to_atomic)                                                        \
	atomic_load_explicit(ptr_to_atomic, memory_order_acquire)
#define vms__rcu_assign_pointer(ptr_to_atomic, v)                                                  \
	atomic_store_explicit(ptr_to_atomic, v, memory_order_release)

#endif
