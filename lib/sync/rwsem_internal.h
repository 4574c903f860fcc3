/* SPDX-License-Identifier: MIT */
/*
 * rwsem_internal.h - what the files of the rw-semaphore share: the bits of its
 * word, its waiters, and the functions between the files.
 *
 *   rwsem.c        taking a free semaphore, and releasing it
 *   rwsem_spin.c   spinning for a moment, before the queue
 *   rwsem_queue.c  the queue and its lock: which waiter gets the semaphore next
 *   rwsem_wait.c   a waiter, from entering the queue to leaving it
 *   rwsem_timed.c  the waiters of timed calls
 *
 * Read first: rwsem.c, which explains how they work together.
 */
#ifndef VMS_SYNC_RWSEM_INTERNAL_H
#define VMS_SYNC_RWSEM_INTERNAL_H

#include <vmastore/rwsem.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/sync/assert.h"
#include "lib/sync/clock.h"

/* The bits of count, which rwsem.c explains. */
#define WRITER 0x1UL
#define WAITERS 0x2UL
#define HANDOFF 0x4UL
#define COMPETES 0x8UL
#define STAYS 0x10UL
#define OVERTAKEN_ONE 0x100UL
#define OVERTAKEN 0xfff00UL
#define READER 0x100000UL
#define READERS (~(READER - 1))
#define HELD (READERS | WRITER)

_Static_assert(sizeof(unsigned long) == 8, "the readers' part of count has room for every thread");

/*
 * How often others may overtake the first waiter: while it sleeps or is on its
 * way to a CPU, and after it has woken and polls. The first limit covers the
 * microseconds that a wake-up takes. The second keeps the lock with one thread,
 * and the cache lines that it guards on one CPU, for some tens of microseconds,
 * so that moving them costs a small part of that.
 */
#define OVERTAKEN_ASLEEP 1024UL
#ifndef OVERTAKEN_AWAKE
#define OVERTAKEN_AWAKE 128UL
#endif
#define OVERTAKEN_LIMIT (OVERTAKEN_ASLEEP * OVERTAKEN_ONE)
#define OVERTAKEN_WHEN_AWAKE ((OVERTAKEN_ASLEEP - OVERTAKEN_AWAKE) * OVERTAKEN_ONE)

/*
 * A holder that downgrades hands the lock over up to this many overtakings
 * before the limit. A thread that maps, touches and unmaps reaches a downgrade
 * within so many.
 */
#ifndef DOWNGRADE_EARLY
#define DOWNGRADE_EARLY 8UL
#endif
#define OVERTAKEN_NEARLY (OVERTAKEN_LIMIT - DOWNGRADE_EARLY * OVERTAKEN_ONE)

/* How long others may overtake the first waiter, in case sections are long. */
#define IMPATIENCE_NS 1000000

/* The bits of wait_lock. A value of 0 means that it is free. */
#define QUEUE_LOCKED 0x1u
#define QUEUE_SLEEPERS 0x2u /* a thread may be asleep on it */
#define QUEUE_LOOK 0x4u     /* after unlocking, the holder must pass the semaphore on again */
#define QUEUE_SWEEP 0x8u    /* and before that remove the waiters that left */

/*
 * The states of a waiter.
 *   AWAKE    the waiter spins, or is about to sleep
 *   FRONT    the first waiter, a writer, which polls count by itself
 *   ASLEEP   the waiter sleeps, or is about to
 *   CALLED   the first waiter, a writer, was asleep when the lock became free,
 *            and has been woken
 *   GRANTED  the waiter holds the lock
 *   LEFT     the waiter's time was up; its memory belongs to the thread that
 *            finds it
 *
 * The waiter itself goes AWAKE -> ASLEEP. Under wait_lock, the thread that
 * passes the lock on moves it AWAKE -> FRONT and ASLEEP -> CALLED, and the
 * waiter goes CALLED -> FRONT and FRONT -> ASLEEP. The thread that passes the
 * lock on moves any state -> GRANTED, once. The waiter moves any state but
 * GRANTED -> LEFT.
 */
enum { AWAKE, FRONT, ASLEEP, CALLED, GRANTED, LEFT };

struct vms_rwsem_waiter {
	/*
	 * wait_lock; once dequeued, next belongs to the granting thread until
	 * GRANTED
	 */
	struct vms_rwsem_waiter *next, *prev;
	_Atomic unsigned int state;
	bool writer;
	/* wait_lock; CLOCK_MONOTONIC, ns; 0: never seen first in the queue */
	int64_t impatient_from;
	_Atomic bool taken; /* for timed_waiters[]: in use */
};

/* A name for this thread: unique among living threads, and not NULL. */
static inline const void *vms__rwsem_this_thread(void)
{
	/*
	 * If the compiler can name the thread-pointer register, no call is
	 * needed.
	 */
#if defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
	return __builtin_thread_pointer();
#endif
#endif
	return (const void *)pthread_self();
}

/*
 * Store the time @ns from now in *@ts. Return: @ts, or NULL if that time is too
 * far away ever to come.
 */
static inline const struct timespec *vms__rwsem_deadline_after(uint64_t ns, struct timespec *ts)
{
	int64_t end;

	if (ns > INT64_MAX || __builtin_add_overflow(vms__clock_ns(), (int64_t)ns, &end))
		return NULL;
	ts->tv_sec = end / VMS__NS_PER_S;
	ts->tv_nsec = end % VMS__NS_PER_S;
	return ts;
}

/*
 * Set the owner, for spinners and checks. The holder does not clear it when it
 * releases the lock, so the word is valid only while WRITER is set.
 */
static inline void vms__rwsem_set_owner(struct rw_semaphore *sem)
{
	atomic_store_explicit(&sem->owner, vms__rwsem_this_thread(), memory_order_relaxed);
}

/*
 * Return: @count after a thread takes the lock past the queue, except for the
 *         bit or count by which it holds the lock. The last thread that may
 *         overtake sets HANDOFF.
 */
static inline unsigned long vms__rwsem_overtaking(unsigned long count)
{
	if (!(count & WAITERS))
		return count;
	count += OVERTAKEN_ONE;
	return (count & OVERTAKEN) < OVERTAKEN_LIMIT ? count : (count | HANDOFF) & ~COMPETES;
}

/*
 * Return: @count after a writer takes the lock, perhaps past the queue. The
 *         lock must be free, and HANDOFF clear.
 */
static inline unsigned long vms__rwsem_overtaking_writer(unsigned long count)
{
	count = vms__rwsem_overtaking(count) | WRITER;
	return (count & COMPETES) ? count | STAYS : count;
}

/*
 * rwsem_spin.c. The caller holds no lock. @count: the value of count before the
 * caller added itself to it. Return: whether the caller holds the lock.
 */
bool vms__rwsem_spin_read(struct rw_semaphore *sem, unsigned long count);
/*
 * The caller has not added itself to count: a timed call that gave up would
 * have to undo that, and might then have to pass the lock on.
 */
bool vms__rwsem_spin_timed_read(struct rw_semaphore *sem);
bool vms__rwsem_spin_write(struct rw_semaphore *sem);

/*
 * rwsem_wait.c. Wait for the lock in the queue. If the reader is @counted in
 * count, this function undoes that. Return: 0 or -ETIMEDOUT.
 */
int vms__rwsem_wait(struct rw_semaphore *sem, bool writer, bool counted,
		    const struct timespec *deadline);

/*
 * rwsem_timed.c. Return: a waiter for a timed call, which the caller owns from
 * now on; NULL: all are taken.
 */
struct vms_rwsem_waiter *vms__rwsem_take_timed(void);
/* Give back @w, one of the timed waiters, which the caller owns. */
void vms__rwsem_put_timed(struct vms_rwsem_waiter *w);

/*
 * rwsem_queue.c. Take wait_lock. @deadline: NULL waits without a limit. Return:
 * false if @deadline passed first.
 */
bool vms__rwsem_lock_queue(struct rw_semaphore *sem, const struct timespec *deadline);
/*
 * Take wait_lock if it is free; otherwise leave the work @what to its holder:
 * QUEUE_LOOK, or QUEUE_LOOK and QUEUE_SWEEP.
 * Return: whether the caller holds wait_lock. If not, *@sem is not accessed any
 *         more.
 * Progress: never blocks.
 */
bool vms__rwsem_lock_queue_or_tell(struct rw_semaphore *sem, unsigned int what);
/* Locks: wait_lock. */
void vms__rwsem_enqueue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w);
/*
 * Do the work @what, which always includes passing the lock on. Locks: the
 * caller must hold wait_lock, which this releases.
 */
void vms__rwsem_finish(struct rw_semaphore *sem, unsigned int what);
/*
 * Called after a change of count that may let others have the lock. Never
 * blocks.
 */
void vms__rwsem_pass_on(struct rw_semaphore *sem);

#endif
