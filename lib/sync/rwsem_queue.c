/* SPDX-License-Identifier: MIT */
/*
 * rwsem_queue.c - the rw-semaphore: its queue, the lock over it, and which
 * waiter gets the semaphore next.
 *
 * Locks: wait_lock is innermost; futex wake-ups are made after it is dropped.
 * Read first: rwsem.c.
 */
#include "lib/sync/rwsem_internal.h"

#include <errno.h>

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/* What pass_on() has decided under wait_lock and deliver() does after it. */
struct decision {
	struct vms_rwsem_waiter *granted; /* linked by next */
	/* the word of a writer to wake, whose memory may be freed by then */
	_Atomic unsigned int *called;
};

/* ---- wait_lock ----------------------------------------------------------- */

bool vms__rwsem_lock_queue(struct rw_semaphore *sem, const struct timespec *deadline)
{
	_Atomic unsigned int *word = &sem->wait_lock;

	/* acquire, here and below: pairs with unlock_queue() */
	for (unsigned int looks = vms__spin_budget() + 1; looks; looks--) {
		unsigned int seen = atomic_load_explicit(word, memory_order_relaxed);

		if (!seen && atomic_compare_exchange_weak_explicit(word, &seen, QUEUE_LOCKED,
								   memory_order_acquire,
								   memory_order_relaxed))
			return true;
		vms__cpu_relax();
	}
	for (;;) {
		/*
		 * A thread that has slept sets QUEUE_SLEEPERS, because others
		 * may still be asleep; at worst its unlock wakes no thread.
		 */
		unsigned int old = atomic_fetch_or_explicit(word, QUEUE_LOCKED | QUEUE_SLEEPERS,
							    memory_order_acquire);

		if (!(old & QUEUE_LOCKED))
			return true;
		if (vms__futex_wait(word, old | QUEUE_SLEEPERS, deadline) == -ETIMEDOUT)
			return false;
	}
}

bool vms__rwsem_lock_queue_or_tell(struct rw_semaphore *sem, unsigned int what)
{
	unsigned int old = atomic_load_explicit(&sem->wait_lock, memory_order_relaxed), new;

	do {
		new = (old & QUEUE_LOCKED) ? (old | what) : QUEUE_LOCKED;
		/*
		 * acquire: pairs with unlock_queue(). release: pairs with the
		 * acquire by which the holder takes wait_lock again. The holder
		 * then sees what it has to work on: LEFT, or that the lock is
		 * free.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->wait_lock, &old, new, memory_order_acq_rel, memory_order_relaxed));
	return new == QUEUE_LOCKED;
}

/* Return: the work that other threads have left to this one. */
static unsigned int unlock_queue(struct rw_semaphore *sem)
{
	/* release: pairs with lock_queue() and lock_queue_or_tell() */
	unsigned int old = atomic_exchange_explicit(&sem->wait_lock, 0, memory_order_release);

	if (unlikely(old & QUEUE_SLEEPERS))
		vms__futex_wake(&sem->wait_lock, 1);
	return old & (QUEUE_LOOK | QUEUE_SWEEP);
}

/* ---- the queue: wait_lock held ------------------------------------------- */

/*
 * A thread that accesses the queue must hold wait_lock. This check sees only
 * that some thread holds it; a test of the memory orders has a sharper one.
 */
#ifndef ASSERT_QUEUE_LOCKED
#define ASSERT_QUEUE_LOCKED(sem)                                                                   \
	VMS_ASSERT(atomic_load_explicit(&(sem)->wait_lock, memory_order_relaxed) & QUEUE_LOCKED)
#endif

void vms__rwsem_enqueue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	ASSERT_QUEUE_LOCKED(sem);
	w->next = NULL;
	w->prev = sem->wait_last;
	if (w->prev)
		w->prev->next = w;
	else
		sem->wait_first = w;
	sem->wait_last = w;
}

static void dequeue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	ASSERT_QUEUE_LOCKED(sem);
	if (w->prev)
		w->prev->next = w->next;
	else
		sem->wait_first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		sem->wait_last = w->prev;
}

/*
 * @w has LEFT. It may have been the only waiter that kept others waiting, or
 * the one whose turn it was, so the caller must look at the queue again.
 */
static void remove_left(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	unsigned long gone = sem->wait_first == w ? HANDOFF | COMPETES | STAYS | OVERTAKEN : 0;

	dequeue(sem, w);
	if (!sem->wait_first)
		gone |= WAITERS;
	/* relaxed: only flags change, which tell newcomers what they may do */
	atomic_fetch_and_explicit(&sem->count, ~gone, memory_order_relaxed);
	vms__rwsem_put_timed(w);
}

static bool has_left(const struct vms_rwsem_waiter *w)
{
	/*
	 * relaxed: nothing is read through it. A LEFT that this load misses is
	 * announced by QUEUE_SWEEP.
	 */
	return atomic_load_explicit((_Atomic unsigned int *)&w->state, memory_order_relaxed) ==
	       LEFT;
}

static void remove_all_left(struct rw_semaphore *sem)
{
	struct vms_rwsem_waiter *w, *next;

	for (w = sem->wait_first; w; w = next) {
		next = w->next;
		if (has_left(w))
			remove_left(sem, w);
	}
}

/*
 * The first waiter found the lock taken, according to @count.
 * Return: whether the caller must look again, because count has changed, or
 *         because HANDOFF is new and the lock may have been released just
 *         before.
 */
static bool grow_impatient(struct rw_semaphore *sem, struct vms_rwsem_waiter *first,
			   unsigned long count)
{
	int64_t now;

	if (count & HANDOFF)
		return false;
	now = vms__clock_ns();
	if (!first->impatient_from)
		first->impatient_from = now + IMPATIENCE_NS;
	if (now < first->impatient_from)
		return false;
	/* relaxed: tells newcomers what they may do, and passes no data */
	atomic_compare_exchange_strong_explicit(&sem->count, &count, (count | HANDOFF) & ~COMPETES,
						memory_order_relaxed, memory_order_relaxed);
	return true;
}

/* Give the lock to the writer @first, if count is still @count. */
static bool grant_writer(struct rw_semaphore *sem, struct vms_rwsem_waiter *first,
			 unsigned long count, struct decision *d)
{
	unsigned long flags = first->next ? WAITERS : 0;

	/*
	 * acquire: pairs with the releases of all earlier holders; deliver()
	 * passes their effects on to the new holder
	 */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER | flags,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	/*
	 * The new holder may still be asleep, and is not worth spinning for.
	 * Only the holder writes owner, and until deliver() this thread acts
	 * for it.
	 */
	atomic_store_explicit(&sem->owner, NULL, memory_order_relaxed);
	dequeue(sem, first);
	first->next = d->granted;
	d->granted = first;
	return true;
}

/* Give the lock to every reader in the queue, if count is still @count. */
static bool grant_readers(struct rw_semaphore *sem, unsigned long count, struct decision *d)
{
	struct vms_rwsem_waiter *w, *next, **tail = &d->granted;
	unsigned long nr = 0, flags = 0;

	for (w = sem->wait_first; w; w = w->next) {
		if (w->writer)
			flags = WAITERS;
		else
			nr++;
	}
	/*
	 * acquire: pairs with the release of the last writer; deliver() passes
	 * its effects on, like grant_writer()'s
	 */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count,
						     (count & READERS) + nr * READER + flags,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	for (w = sem->wait_first; w; w = next) {
		next = w->next;
		if (w->writer)
			continue;
		dequeue(sem, w);
		*tail = w;
		tail = &w->next;
	}
	*tail = NULL;
	return true;
}

/*
 * The writer @first, in @state, is awake or on its way. From now on it takes
 * the lock by itself, so that releasing threads need not look at the queue.
 * Return: whether that is done; false if count is no longer @count.
 */
static bool let_compete(struct rw_semaphore *sem, unsigned int state, unsigned long count)
{
	unsigned long new = count;

	if (!(count & HANDOFF))
		new |= (count & WRITER) ? COMPETES | STAYS : COMPETES;
	if (state == FRONT && (new &OVERTAKEN) < OVERTAKEN_WHEN_AWAKE)
		new = (new & ~OVERTAKEN) | OVERTAKEN_WHEN_AWAKE;
	/* relaxed: tells others what to do, and passes no data */
	return new == count ||
	       atomic_compare_exchange_strong_explicit(&sem->count, &count, new,
						       memory_order_relaxed, memory_order_relaxed);
}

/*
 * Move *@first from @old to @new. relaxed: a thread that acts on the new state
 * takes wait_lock.
 * Return: whether the state was @old.
 */
static bool change_state(struct vms_rwsem_waiter *first, unsigned int old, unsigned int new)
{
	return atomic_compare_exchange_strong_explicit(&first->state, &old, new,
						       memory_order_relaxed, memory_order_relaxed);
}

/*
 * The writer @first is in @state, and the lock is held. Return: like
 * serve_first().
 */
static bool make_wait(struct rw_semaphore *sem, struct vms_rwsem_waiter *first, unsigned int state,
		      unsigned long count)
{
	/* The holder looks at the queue when it releases the lock. */
	if (state == ASLEEP)
		return true;
	if (state == AWAKE) {
		/*
		 * On one CPU the waiter goes to sleep next, without polling
		 * count.
		 */
		if (!vms__spin_budget())
			return true;
		if (!change_state(first, AWAKE, FRONT))
			return false;
		state = FRONT;
	}
	return let_compete(sem, state, count);
}

/*
 * Do what can be done for @first, as long as count is @count.
 * Return: whether that is all; false if the caller must look at the queue
 *         again.
 */
static bool serve_first(struct rw_semaphore *sem, struct vms_rwsem_waiter *first,
			unsigned long count, struct decision *d)
{
	/* relaxed: nothing is read through it */
	unsigned int state = atomic_load_explicit(&first->state, memory_order_relaxed);

	if (state == LEFT) {
		remove_left(sem, first);
		return false;
	}
	if (count & (first->writer ? HELD : WRITER)) {
		if (grow_impatient(sem, first, count))
			return false;
		return first->writer ? make_wait(sem, first, state, count) : true;
	}
	if (!first->writer)
		grant_readers(sem, count, d);
	else if ((count & HANDOFF) || state == AWAKE || state == FRONT)
		grant_writer(sem, first, count, d);
	else if (state == CALLED)
		return let_compete(sem, state, count);
	else if (change_state(first, ASLEEP, CALLED))
		d->called = &first->state;
	return false;
}

/*
 * Give the lock to the waiters whose turn it is, if it can be given now. A
 * needless call is harmless.
 * Locks: wait_lock.
 */
static void pass_on(struct rw_semaphore *sem, struct decision *d)
{
	struct vms_rwsem_waiter *first;

	ASSERT_QUEUE_LOCKED(sem);
	*d = (struct decision){NULL, NULL};
	while ((first = sem->wait_first)) {
		/* relaxed: every use of it is checked by a compare and swap */
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (serve_first(sem, first, count, d))
			return;
	}
}

/* ---- after the queue: wait_lock not held --------------------------------- */

/*
 * The lock was given to a waiter that had LEFT: release it again. Return:
 * whether it is free now, and others wait.
 */
static bool give_back(struct rw_semaphore *sem, unsigned long hold)
{
	/*
	 * relaxed: nothing was accessed under this hold. The releases of
	 * earlier holders stay visible, because every change of count is a
	 * read-modify-write.
	 */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, hold, memory_order_relaxed);

	return (count & WAITERS) && !((count - hold) & HELD);
}

/*
 * Tell the waiters that were granted the lock. Return: whether the caller must
 * look at the queue again.
 */
static bool deliver(struct rw_semaphore *sem, const struct decision *d)
{
	struct vms_rwsem_waiter *w = d->granted, *next;
	bool look = false;

	for (; w; w = next) {
		_Atomic unsigned int *word = &w->state;
		unsigned long hold = w->writer ? WRITER : READER;
		unsigned int old;

		next = w->next;
		/*
		 * From here on *w may be freed, unless it had LEFT; a wake-up
		 * at its address is harmless. release: pairs with state_of()
		 * and leave().
		 */
		old = atomic_exchange_explicit(word, GRANTED, memory_order_release);
		if (old == ASLEEP) {
			vms__futex_wake(word, 1);
		} else if (unlikely(old == LEFT)) {
			vms__rwsem_put_timed(w);
			look |= give_back(sem, hold);
		}
	}
	if (d->called)
		vms__futex_wake(d->called, 1);
	return look;
}

void vms__rwsem_finish(struct rw_semaphore *sem, unsigned int what)
{
	struct decision d;

	do {
		if (what & QUEUE_SWEEP)
			remove_all_left(sem);
		pass_on(sem, &d);
		what = unlock_queue(sem);
		if (deliver(sem, &d))
			what |= QUEUE_LOOK;
	} while (unlikely(what) && vms__rwsem_lock_queue_or_tell(sem, what));
}

void vms__rwsem_pass_on(struct rw_semaphore *sem)
{
	if (vms__rwsem_lock_queue_or_tell(sem, QUEUE_LOOK))
		vms__rwsem_finish(sem, QUEUE_LOOK);
}
