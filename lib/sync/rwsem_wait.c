/* SPDX-License-Identifier: MIT */
/*
 * rwsem_wait.c - the rw-semaphore: a waiter, from entering the queue to leaving
 * it with the lock or without.
 *
 * Locks: none held on entry. Read first: rwsem.c.
 */
#include "lib/sync/rwsem_internal.h"

#include <errno.h>

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/*
 * What timed calls wait in, of all semaphores. A call that finds none free
 * waits outside the queue. This memory stays, so whoever wakes a waiter that
 * has left wakes nobody, or another call too early, which looks again.
 */
#ifndef NR_TIMED_WAITERS /* a test has fewer */
#define NR_TIMED_WAITERS 512
#endif
#define TIMED_NAP_NS 100000

/*
 * How far apart the looks of a competing waiter at count are, in
 * vms__cpu_relax(): at first, and at last. Each takes the line from the CPU of
 * the holder, whose next two steps on it then cost some hundred nanoseconds.
 * The last distance makes that a few parts in a hundred, and is what a waiter
 * may lose after a thread that had the lock again and again leaves it.
 */
#ifndef FRONT_GAP_MIN
#define FRONT_GAP_MIN 4u
#endif
#ifndef FRONT_GAP_MAX
#define FRONT_GAP_MAX 256u
#endif

/*
 * How long a competing waiter spins behind one holder, in parts of
 * vms__spin_budget(): some tens of microseconds. It seldom looks at the
 * holder's line, and to be woken on a CPU that has gone idle takes as long, in
 * a virtual machine at least. So it spins for the longer sections, too, those
 * that unmap many pages. Those behind it sleep sooner, because with more
 * threads than CPUs the holder needs theirs.
 */
#ifndef FRONT_SPINS
#define FRONT_SPINS 16u
#endif

/*
 * How long, in vms__cpu_relax(), nobody must have overtaken a competing waiter
 * that has been overtaken before, until it takes a free lock: longer than a
 * thread that changes the map again and again is out of the lock. Otherwise the
 * waiter would meet a gap between two sections of that thread long before it is
 * due, and the lines that the lock guards would change CPUs so much more often.
 */
#ifndef FRONT_QUIET
#define FRONT_QUIET 64u
#endif

static struct vms_rwsem_waiter timed_waiters[NR_TIMED_WAITERS];

/*
 * Whoever uses the plain fields of a timed waiter owns it. This sees only that
 * somebody does; a test of the memory orders has a sharper one.
 */
#ifndef ASSERT_TAKEN
#define ASSERT_TAKEN(w) VMS_ASSERT(atomic_load_explicit(&(w)->taken, memory_order_relaxed))
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

static struct vms_rwsem_waiter *take_timed_waiter(void)
{
	/* Threads begin at places of their own, so that they seldom meet. */
	unsigned int start =
		((unsigned int)((uintptr_t)vms__rwsem_this_thread() >> 12) * 0x9e3779b1u) >> 16;

	for (unsigned int i = 0; i < NR_TIMED_WAITERS; i++) {
		struct vms_rwsem_waiter *w = &timed_waiters[(start + i) % NR_TIMED_WAITERS];

		/* acquire: pairs with vms__rwsem_put_timed() */
		if (!atomic_load_explicit(&w->taken, memory_order_relaxed) &&
		    !atomic_exchange_explicit(&w->taken, true, memory_order_acquire)) {
			ASSERT_TAKEN(w);
			return w;
		}
	}
	return NULL;
}

void vms__rwsem_put_timed(struct vms_rwsem_waiter *w)
{
	ASSERT_TAKEN(w);
	/* pairs with take_timed_waiter() */
	atomic_store_explicit(&w->taken, false, memory_order_release);
}

/*
 * The time of @w is up. Return: 0 if it was given the lock at last, else
 * -ETIMEDOUT. *@w is not ours any more.
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

/* Outside the queue: try now and then. */
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

/* Return: whether *@w is still in @state after @looks looks. */
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
	/* relaxed, here and where it ends: the caller looks again */
	while (atomic_load_explicit(&w->state, memory_order_relaxed) == ASLEEP) {
		if (vms__futex_wait(&w->state, ASLEEP, deadline) == -ETIMEDOUT)
			return false;
	}
	return true;
}

/*
 * Go from @old to @new, if that is still the state of *@w, and have the queue
 * looked at: the lock may be free. Return: false if @deadline passed first.
 */
static bool step(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, unsigned int old,
		 unsigned int new, const struct timespec *deadline)
{
	if (!vms__rwsem_lock_queue(sem, deadline))
		return false;
	/* relaxed: it changes under wait_lock, or it has been given the lock */
	if (atomic_compare_exchange_strong_explicit(&w->state, &old, new, memory_order_relaxed,
						    memory_order_relaxed) &&
	    new == ASLEEP) {
		/*
		 * Whoever lets go from here on looks at the queue; who did so
		 * before is found out now. relaxed: it passes no data.
		 */
		atomic_fetch_and_explicit(&sem->count, ~COMPETES, memory_order_relaxed);
	}
	vms__rwsem_finish(sem, QUEUE_LOOK);
	return true;
}

/*
 * Whether a competing waiter that sees @count has the queue looked at, and
 * takes the lock if it is free.
 */
static bool is_my_turn(unsigned long count, bool may_take, int64_t patient_until)
{
	if (!(count & HELD) && may_take)
		return true;
	return !(count & HANDOFF) && vms__clock_ns() > patient_until;
}

/*
 * How long until the next look at count. The looks may be @gap apart while
 * others take the lock again and again. A holder that has @stayed the same
 * works at something else than the lock's line; and if nobody has the lock, a
 * pause may have begun. Then the next look is to see whether the pause lasts.
 */
static unsigned int until_next_look(unsigned long count, bool stayed, unsigned int gap)
{
	return (stayed || !(count & HELD)) && gap > FRONT_QUIET ? FRONT_QUIET : gap;
}

/*
 * The first waiter, a writer, looks for a free lock by itself, while others
 * take it past the queue. In between it looks at its own word, into which
 * whoever hands it the lock writes. It gives up when the holder has been the
 * same for so long that it may not be running.
 *
 * Once somebody has overtaken this waiter, it leaves a lock that happens to be
 * free to others until they make a pause, or until it is their turn to hand it
 * over.
 * Return: false if @deadline has passed.
 */
static bool compete(struct rw_semaphore *sem, struct vms_rwsem_waiter *w,
		    const struct timespec *deadline)
{
	/* relaxed, here and below: what follows takes wait_lock */
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
 * Wait for the lock in the queue, in @w. A reader that is @counted (READER)
 * takes that back here.
 * Return: 0 or -ETIMEDOUT. *@w is not ours any more.
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
	 * relaxed: whoever lets go later sees it in the same word, and we have
	 * nothing to release
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
	struct vms_rwsem_waiter own, *w = deadline ? take_timed_waiter() : &own;

	if (!w)
		return wait_outside(sem, writer, deadline);
	atomic_init(&w->state, AWAKE);
	w->writer = writer;
	w->impatient_from = 0;
	return wait_as(sem, w, counted, deadline);
}
