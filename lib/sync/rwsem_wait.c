/* SPDX-License-Identifier: MIT */
/*
 * rwsem_wait.c - the rw-semaphore: a waiter, from entering the queue to leaving
 * it with or without the lock.
 *
 * Locks: none held on entry. Read first: rwsem.c.
 */
#include "lib/sync/rwsem_internal.h"

#include <errno.h>

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/* The time between two tries of a call that waits outside the queue. */
#define TIMED_NAP_NS 100000

/*
 * The distance between two polls of count by a competing waiter, in
 * vms__cpu_relax(): the first and the largest one. Each poll takes the cache
 * line from the holder's CPU, and the holder's next two steps on it then cost
 * some hundred nanoseconds. The largest distance makes that a few per cent of
 * the holder's time. It is also what a waiter may lose when a thread that took
 * the lock again and again stops doing so.
 */
#ifndef FRONT_GAP_MIN
#define FRONT_GAP_MIN 4u
#endif
#ifndef FRONT_GAP_MAX
#define FRONT_GAP_MAX 256u
#endif

/*
 * How long a competing waiter spins behind one holder, in units of
 * vms__spin_budget(): some tens of microseconds in all. It seldom touches the
 * holder's cache line; and waking on a CPU that has gone idle takes as long, at
 * least in a virtual machine. So it spins for longer sections, too, such as
 * those that unmap many pages. The waiters behind it sleep sooner, because with
 * more threads than CPUs the holder needs their CPU.
 */
#ifndef FRONT_SPINS
#define FRONT_SPINS 16u
#endif

/*
 * How long, in vms__cpu_relax(), a free lock must not have been taken past a
 * competing waiter that has been overtaken before, until it takes the lock.
 * This is longer than a thread that changes the map again and again stays out
 * of the lock. Otherwise the waiter would take the lock in a gap between two
 * sections of that thread, long before its turn, and the cache lines that the
 * lock guards would change CPUs that much more often.
 */
#ifndef FRONT_QUIET
#define FRONT_QUIET 64u
#endif

/* ---- timed calls --------------------------------------------------------- */

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static bool is_past(const struct timespec *deadline)
{
	return vms__clock_ns() >= (int64_t)deadline->tv_sec * VMS__NS_PER_S + deadline->tv_nsec;
}

/*
 * The time of @w is up. Return: 0 if it was granted the lock after all, else
 * -ETIMEDOUT. The caller no longer owns *@w.
 */
static int leave(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	const unsigned int work = QUEUE_LOOK | QUEUE_SWEEP;

	/* acquire: pairs with deliver(), if that came first */
	if (atomic_exchange_explicit(&w->state, LEFT, memory_order_acquire) == GRANTED) {
		vms__rwsem_put_timed(w);
		return 0;
	}
	if (vms__rwsem_lock_queue_or_tell(sem, work))
		vms__rwsem_finish(sem, work);
	return -ETIMEDOUT;
}

/*
 * Wait outside the queue: sleep for TIMED_NAP_NS at a time, and try in between.
 */
static int wait_outside(struct rw_semaphore *sem, bool writer, const struct timespec *deadline)
{
	_Atomic unsigned int nobody_wakes;
	struct timespec until;

	atomic_init(&nobody_wakes, 0);
	do {
		const struct timespec *nap = vms__rwsem_deadline_after(TIMED_NAP_NS, &until);

		if (!nap || is_before(deadline, nap))
			until = *deadline;
		vms__futex_wait(&nobody_wakes, 0, &until);
		if (writer ? vms__rwsem_spin_write(sem) : vms__rwsem_spin_timed_read(sem))
			return 0;
	} while (is_before(&until, deadline));
	return -ETIMEDOUT;
}

/* ---- in the queue -------------------------------------------------------- */

static unsigned int state_of(const struct vms_rwsem_waiter *w)
{
	/* acquire: pairs with deliver() */
	return atomic_load_explicit((_Atomic unsigned int *)&w->state, memory_order_acquire);
}

/* Return: whether *@w is still in @state after @looks polls. */
static bool stays(const struct vms_rwsem_waiter *w, unsigned int state, unsigned int looks)
{
	for (; looks; looks--) {
		if (state_of(w) != state)
			return false;
		vms__cpu_relax();
	}
	return true;
}

/*
 * Sleep until called or granted the lock. Return: false if @deadline has
 * passed.
 */
static bool sleep_in_queue(struct vms_rwsem_waiter *w, const struct timespec *deadline)
{
	/* relaxed, here and in the waking thread: the caller looks again */
	while (atomic_load_explicit(&w->state, memory_order_relaxed) == ASLEEP) {
		if (vms__futex_wait(&w->state, ASLEEP, deadline) == -ETIMEDOUT)
			return false;
	}
	return true;
}

/*
 * Move *@w from @old to @new, if it is still in @old, and look at the queue,
 * because the lock may be free. Return: false if @deadline passed first.
 */
static bool step(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, unsigned int old,
		 unsigned int new, const struct timespec *deadline)
{
	if (!vms__rwsem_lock_queue(sem, deadline))
		return false;
	/*
	 * relaxed: the state changes under wait_lock, or else *@w was granted
	 * the lock
	 */
	if (atomic_compare_exchange_strong_explicit(&w->state, &old, new, memory_order_relaxed,
						    memory_order_relaxed) &&
	    new == ASLEEP) {
		/*
		 * A thread that releases the lock from here on looks at the
		 * queue; the call below finds out about earlier releases.
		 * relaxed: passes no data
		 */
		atomic_fetch_and_explicit(&sem->count, ~COMPETES, memory_order_relaxed);
	}
	vms__rwsem_finish(sem, QUEUE_LOOK);
	return true;
}

/*
 * Whether a competing waiter that sees @count must look at the queue, where it
 * gets the lock if that is free.
 */
static bool is_my_turn(unsigned long count, bool may_take, int64_t patient_until)
{
	if (!(count & HELD) && may_take)
		return true;
	return !(count & HANDOFF) && vms__clock_ns() > patient_until;
}

/*
 * Return: how long to wait until the next poll of count. While others take the
 *         lock again and again, polls may be @gap apart. If the holder has
 *         @stayed the same, it works on something other than the lock's cache
 *         line; and if the lock is free, a pause may have begun. In these cases
 *         the next poll comes sooner, to see whether the pause lasts.
 */
static unsigned int until_next_look(unsigned long count, bool stayed, unsigned int gap)
{
	return (stayed || !(count & HELD)) && gap > FRONT_QUIET ? FRONT_QUIET : gap;
}

/*
 * The first waiter, a writer, polls for a free lock by itself while others take
 * it past the queue. Between polls it reads its own word, which a thread that
 * grants it the lock writes. It gives up when the holder has been the same for
 * so long that it may not be running.
 *
 * Once this waiter has been overtaken, it leaves a free lock to others until
 * they pause, or until HANDOFF obliges them to hand it over.
 * Return: false if @deadline has passed.
 */
static bool compete(struct rw_semaphore *sem, struct vms_rwsem_waiter *w,
		    const struct timespec *deadline)
{
	/* relaxed, here and below: any action that follows takes wait_lock */
	unsigned long count, before = atomic_load_explicit(&sem->count, memory_order_relaxed);
	unsigned int budget = vms__spin_budget() * FRONT_SPINS, quiet = 0, gap = FRONT_GAP_MIN,
		     looks = gap;
	int64_t patient_until = vms__clock_ns() + IMPATIENCE_NS;
	bool overtaken = false;

	do {
		if (!stays(w, FRONT, looks))
			return true;
		count = atomic_load_explicit(&sem->count, memory_order_relaxed);
		quiet += looks;
		if ((count ^ before) & OVERTAKEN) {
			overtaken = true;
			quiet = 0;
		}
		before = count;
		if (is_my_turn(count, !overtaken || quiet >= FRONT_QUIET, patient_until)) {
			if (!step(sem, w, FRONT, FRONT, deadline))
				return false;
		} else if (deadline && is_past(deadline)) {
			return false;
		}
		if (gap < FRONT_GAP_MAX)
			gap *= 2;
		looks = until_next_look(count, quiet > 0, gap);
	} while (quiet < budget);
	return step(sem, w, FRONT, ASLEEP, deadline);
}

/*
 * Wait for the lock in the queue, using @w. If the reader is @counted in count
 * (READER), this undoes that.
 * Return: 0 or -ETIMEDOUT. The caller no longer owns *@w.
 */
static int wait_as(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, bool counted,
		   const struct timespec *deadline)
{
	unsigned long change = counted ? -READER : 0;
	unsigned int state;
	bool in_time = true;

	if (!vms__rwsem_lock_queue(sem, deadline)) {
		vms__rwsem_put_timed(w);
		return -ETIMEDOUT;
	}
	if (!sem->wait_first)
		change += WAITERS;
	vms__rwsem_enqueue(sem, w);
	/*
	 * relaxed: a thread that releases the lock later sees the change in the
	 * same word, and this thread has nothing to release
	 */
	if (change)
		atomic_fetch_add_explicit(&sem->count, change, memory_order_relaxed);
	vms__rwsem_finish(sem, QUEUE_LOOK);

	while ((state = state_of(w)) != GRANTED && in_time) {
		if (state == FRONT)
			in_time = compete(sem, w, deadline);
		else if (state == CALLED)
			in_time = step(sem, w, CALLED, FRONT, deadline);
		else if (state == ASLEEP)
			in_time = sleep_in_queue(w, deadline);
		else if (stays(w, AWAKE, vms__spin_budget()))
			/* relaxed: nothing was written for others */
			atomic_compare_exchange_strong_explicit(&w->state, &state, ASLEEP,
								memory_order_relaxed,
								memory_order_relaxed);
	}
	if (!in_time)
		return leave(sem, w);
	if (deadline)
		vms__rwsem_put_timed(w);
	return 0;
}

int vms__rwsem_wait(struct rw_semaphore *sem, bool writer, bool counted,
		    const struct timespec *deadline)
{
	struct vms_rwsem_waiter own, *w = deadline ? vms__rwsem_take_timed() : &own;

	if (!w)
		return wait_outside(sem, writer, deadline);
	atomic_init(&w->state, AWAKE);
	w->writer = writer;
	w->impatient_from = 0;
	return wait_as(sem, w, counted, deadline);
}
