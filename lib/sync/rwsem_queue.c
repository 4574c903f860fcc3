/* SPDX-License-Identifier: MIT */
/*
 * rwsem_queue.c - the rw-semaphore: its queue, the lock over it, and who gets
 * the semaphore next.
 *
 * Locks: wait_lock is innermost; futex wake-ups are made after it is dropped.
 * Read first: rwsem.c.
 */
#include "lib/sync/rwsem_internal.h"

#include <errno.h>

#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/* What pass_on() decided under wait_lock and deliver() does after it. */
struct decision {
	struct vms_rwsem_waiter *granted; /* linked by next */
	/* word of a writer to wake; its owner may be gone by then */
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
		 * Whoever slept says that others may sleep still: at worst its
		 * unlocking wakes nobody.
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
		 * acquire by which the holder takes wait_lock again. It then
		 * sees what there is to do: LEFT, or that the lock is free.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->wait_lock, &old, new, memory_order_acq_rel, memory_order_relaxed));
	return new == QUEUE_LOCKED;
}

/* Return: the work that others have given us. */
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
 * Whoever touches the queue owns it. This sees only that somebody does; a test
 * of the memory orders has a sharper one.
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
 * @w has LEFT. It may have been all that kept others waiting, or the one whose
 * turn it was: the next has to be looked at.
 */
static void remove_left(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	unsigned long gone = sem->wait_first == w ? HANDOFF | COMPETES | STAYS | OVERTAKEN : 0;

	dequeue(sem, w);
	if (!sem->wait_first)
		gone |= WAITERS;
	/* relaxed: only flags, which say what newcomers may do */
	atomic_fetch_and_explicit(&sem->count, ~gone, memory_order_relaxed);
	vms__rwsem_put_timed(w);
}

static bool has_left(const struct vms_rwsem_waiter *w)
{
	/*
	 * relaxed: nothing is read through it; one that is not seen here is
	 * told of by QUEUE_SWEEP
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
 * The first waiter found the lock taken, as @count says. Return: whether that
 * has to be looked at again, since count has changed, or HANDOFF is new and the
 * lock may have been let go just before.
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
	/* relaxed: says what newcomers may do, and passes no data */
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
	 * acquire: pairs with the releases of all who let go; deliver() passes
	 * it on to the new holder
	 */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER | flags,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	/*
	 * It may be asleep still, and is not worth spinning for. The holder
	 * alone writes this, and that is us until deliver().
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
	 * acquire: pairs with the release of the last writer, as in
	 * grant_writer()
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
 * The writer @first, in @state, is awake or on its way: from now on it takes
 * the lock by itself, and nobody needs to look at the queue when letting go.
 * Return: whether that is so; false if count is not @count any more.
 */
static bool let_compete(struct rw_semaphore *sem, unsigned int state, unsigned long count)
{
	unsigned long new = count;

	if (!(count & HANDOFF))
		new |= (count & WRITER) ? COMPETES | STAYS : COMPETES;
	if (state == FRONT && (new &OVERTAKEN) < OVERTAKEN_WHEN_AWAKE)
		new = (new & ~OVERTAKEN) | OVERTAKEN_WHEN_AWAKE;
	/* relaxed: says what others do, and passes no data */
	return new == count ||
	       atomic_compare_exchange_strong_explicit(&sem->count, &count, new,
						       memory_order_relaxed, memory_order_relaxed);
}

/*
 * Return: whether *@first went from @old to @new. relaxed: whoever sees it
 * takes wait_lock.
 */
static bool change_state(struct vms_rwsem_waiter *first, unsigned int old, unsigned int new)
{
	return atomic_compare_exchange_strong_explicit(&first->state, &old, new,
						       memory_order_relaxed, memory_order_relaxed);
}

/*
 * The writer @first is in @state, and the lock is held. Return: as
 * serve_first().
 */
static bool make_wait(struct rw_semaphore *sem, struct vms_rwsem_waiter *first, unsigned int state,
		      unsigned long count)
{
	/* Whoever has it now will look here when it lets go. */
	if (state == ASLEEP)
		return true;
	if (state == AWAKE) {
		/* On one CPU it sleeps next, without a look at count. */
		if (!vms__spin_budget())
			return true;
		if (!change_state(first, AWAKE, FRONT))
			return false;
		state = FRONT;
	}
	return let_compete(sem, state, count);
}

/*
 * Do for @first what can be done, while count is @count.
 * Return: whether that is all; false if the queue has to be looked at again.
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
 * Give the lock to whom it is due, if it can be given. May be called at any
 * time, to no harm.
 * Locks: wait_lock.
 */
static void pass_on(struct rw_semaphore *sem, struct decision *d)
{
	struct vms_rwsem_waiter *first;

	ASSERT_QUEUE_LOCKED(sem);
	*d = (struct decision){NULL, NULL};
	while ((first = sem->wait_first)) {
		/*
		 * relaxed: what is done with it is done by a compare and swap
		 */
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (serve_first(sem, first, count, d))
			return;
	}
}

/* ---- after the queue: wait_lock not held --------------------------------- */

/*
 * The lock was given to one that had left. Return: whether it is free now, and
 * others wait.
 */
static bool give_back(struct rw_semaphore *sem, unsigned long hold)
{
	/*
	 * relaxed: nobody did anything under this hold, and what earlier
	 * holders released stays in reach, since every change of count is a
	 * read-modify-write.
	 */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, hold, memory_order_relaxed);

	return (count & WAITERS) && !((count - hold) & HELD);
}

/*
 * Tell those who were given the lock. Return: whether the queue has to be
 * looked at again.
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
		 * From here on *w may be gone unless it had LEFT; a wake on its
		 * address is harmless. release: pairs with state_of() and
		 * leave().
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
