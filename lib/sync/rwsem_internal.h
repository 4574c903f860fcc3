/* SPDX-License-Identifier: MIT */
/*
 * rwsem_internal.h - what the files of the rw-semaphore share: the bits of its
 * word, its waiters, and who calls whom.
 *
 *   rwsem.c        taking a free semaphore, and letting go
 *   rwsem_spin.c   trying for a moment, before the queue
 *   rwsem_queue.c  the queue and its lock: who gets the semaphore next
 *   rwsem_wait.c   a waiter, from entering the queue to leaving it
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

/* The bits of count; rwsem.c says what they mean. */
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
 * How often the first waiter is overtaken at most: while it sleeps or is on its
 * way to a CPU, and from when it is there and looks. The first covers the
 * microseconds that a wake-up takes. The second makes the lock stay with one
 * thread, and the lines that it guards with one CPU, for some tens of
 * microseconds, so that moving them costs a small part of that.
 */
#define OVERTAKEN_ASLEEP 1024UL
#ifndef OVERTAKEN_AWAKE
#define OVERTAKEN_AWAKE 128UL
#endif
#define OVERTAKEN_LIMIT (OVERTAKEN_ASLEEP * OVERTAKEN_ONE)
#define OVERTAKEN_WHEN_AWAKE ((OVERTAKEN_ASLEEP - OVERTAKEN_AWAKE) * OVERTAKEN_ONE)

/*
 * How many times before the last a holder that downgrades hands the lock over.
 * A thread that maps, touches and unmaps comes to a downgrade within as many.
 */
#ifndef DOWNGRADE_EARLY
#define DOWNGRADE_EARLY 8UL
#endif
#define OVERTAKEN_NEARLY (OVERTAKEN_LIMIT - DOWNGRADE_EARLY * OVERTAKEN_ONE)

/* How long the first waiter may be overtaken, if sections are long. */
#define IMPATIENCE_NS 1000000

/* The bits of wait_lock. All are 0 when it is free. */
#define QUEUE_LOCKED 0x1u
#define QUEUE_SLEEPERS 0x2u /* somebody may sleep on it */
#define QUEUE_LOOK 0x4u     /* the holder must pass the lock on again when it has let go */
#define QUEUE_SWEEP 0x8u    /* and before that remove the waiters that left */

/*
 * A waiter's word.
 *   AWAKE    the waiter spins, or is about to sleep
 *   FRONT    it is the first, a writer, and looks at count by itself
 *   ASLEEP   it sleeps, or is about to
 *   CALLED   it was the first, a writer and asleep when the lock became free,
 *            and is on its way
 *   GRANTED  it has the lock
 *   LEFT     its time was up, and its memory belongs to whoever finds it
 * AWAKE -> ASLEEP by the waiter. AWAKE -> FRONT and ASLEEP -> CALLED by who
 * passes the lock on; CALLED -> FRONT and FRONT -> ASLEEP by the waiter; these
 * four under wait_lock. Anything -> GRANTED, once, by who passes the lock on.
 * Anything but GRANTED -> LEFT by the waiter.
 */
enum { AWAKE, FRONT, ASLEEP, CALLED, GRANTED, LEFT };

struct vms_rwsem_waiter {
	/*
	 * wait_lock; after leaving the queue next is the giver's, until GRANTED
	 */
	struct vms_rwsem_waiter *next, *prev;
	_Atomic unsigned int state;
	bool writer;
	int64_t impatient_from; /* wait_lock; CLOCK_MONOTONIC, ns; 0: it was not seen first yet */
	_Atomic bool taken;     /* of the timed waiters: in use */
};

/* A name that differs for each living thread, and is not NULL. */
static inline const void *vms__rwsem_this_thread(void)
{
	/* A register, where the compiler knows how to name it: no call. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
	return __builtin_thread_pointer();
#endif
#endif
	return (const void *)pthread_self();
}

/*
 * @ns from now into *@ts. Return: @ts, or NULL for a time so far away that it
 * never comes.
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
 * For spinners and checks. A holder leaves its name behind when it lets go: the
 * word means something only beside WRITER.
 */
static inline void vms__rwsem_set_owner(struct rw_semaphore *sem)
{
	atomic_store_explicit(&sem->owner, vms__rwsem_this_thread(), memory_order_relaxed);
}

/*
 * What becomes of @count when somebody takes the lock past the queue, besides
 * that it is held. The last one that may do so demands the hand-off.
 */
static inline unsigned long vms__rwsem_overtaking(unsigned long count)
{
	if (!(count & WAITERS))
		return count;
	count += OVERTAKEN_ONE;
	return (count & OVERTAKEN) < OVERTAKEN_LIMIT ? count : (count | HANDOFF) & ~COMPETES;
}

/*
 * What becomes of @count when a writer takes the lock, perhaps past the queue:
 * nobody holds it, and HANDOFF is not set.
 */
static inline unsigned long vms__rwsem_overtaking_writer(unsigned long count)
{
	count = vms__rwsem_overtaking(count) | WRITER;
	return (count & COMPETES) ? count | STAYS : count;
}

/*
 * rwsem_spin.c. No lock held. @count: what count was before the caller counted
 * itself. Return: whether the lock is taken.
 */
bool vms__rwsem_spin_read(struct rw_semaphore *sem, unsigned long count);
/*
 * Not counted: a timed call that gave up would have to take that back, and then
 * perhaps pass the lock on.
 */
bool vms__rwsem_spin_timed_read(struct rw_semaphore *sem);
bool vms__rwsem_spin_write(struct rw_semaphore *sem);

/*
 * rwsem_wait.c. Wait for the lock in the queue. A reader that is @counted takes
 * that back here. Return: 0 or -ETIMEDOUT.
 */
int vms__rwsem_wait(struct rw_semaphore *sem, bool writer, bool counted,
		    const struct timespec *deadline);
/* @w, of the timed waiters, is the caller's, and is not needed any more. */
void vms__rwsem_put_timed(struct vms_rwsem_waiter *w);

/*
 * rwsem_queue.c. Take wait_lock. NULL: wait as long as it takes. Return: false
 * if @deadline passed first.
 */
bool vms__rwsem_lock_queue(struct rw_semaphore *sem, const struct timespec *deadline);
/*
 * Take wait_lock if it is free; else give its holder the work @what:
 * QUEUE_LOOK, or that and QUEUE_SWEEP.
 * Return: whether it is taken. If not, *@sem is not touched any more.
 * Progress: waits for nobody.
 */
bool vms__rwsem_lock_queue_or_tell(struct rw_semaphore *sem, unsigned int what);
/* Locks: wait_lock. */
void vms__rwsem_enqueue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w);
/*
 * Do the work @what, which includes passing the lock on. Locks: enter with
 * wait_lock; returns without.
 */
void vms__rwsem_finish(struct rw_semaphore *sem, unsigned int what);
/* Count was changed so that others may have the lock now. Waits for nobody. */
void vms__rwsem_pass_on(struct rw_semaphore *sem);

#endif
