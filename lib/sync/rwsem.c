/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - the rw-semaphore.
 *
 * One word says who holds it, a queue who waits.
 *
 *   count     bit 0       WRITER   held for writing
 *             bit 1       WAITERS  the queue is not empty
 *             bit 2       HANDOFF  the first waiter has waited long enough: nobody may overtake
 *             from bit 8  readers that hold it, and readers passing: each adds itself first and looks afterwards
 *
 * count changes by atomic operations of anybody; WAITERS and HANDOFF only under wait_lock. The queue is doubly linked through
 * the waiters, first come first; wait_lock guards it. Each waiter sleeps on a word of its own, so a wake-up concerns
 * one thread.
 *
 * Who gets the lock
 *   - Nobody waits: who comes first. A reader adds itself with one operation, a writer puts WRITER into a zero word with one.
 *   - It is held for writing: newcomers spin for a moment. A reader does so counted, so when the writer leaves it is in at once
 *     and no writer can come before it; that makes writers and spinning readers alternate.
 *   - It is still held: they queue, spin a moment longer, each on its own word, and sleep.
 *   - It becomes free, or a new first waiter appears: pass_on() gives it away. Readers in the queue get it all together, even
 *     those behind writers (they would come next anyway, and the writers' turn follows). A writer that still spins gets it
 *     directly; one that sleeps is woken and gets it when it is there, so that the lock does not lie idle meanwhile: until
 *     then newcomers may take it.
 *   - A first waiter that sees it taken, and has waited for IMPATIENCE_NS, sets HANDOFF. Then newcomers queue, and whoever
 *     frees the lock gives it to that waiter, asleep or not.
 *   So a first waiter waits for the holders, then for IMPATIENCE_NS at most of others' overtaking, then for the holders once
 *   more; and a writer in the queue has before it at most the writers that came before, and one group of readers for each.
 *
 * No wake-up is lost. Whoever makes the lock free does so with an operation on count that also shows WAITERS, and then calls
 * pass_on(), or has it called; whoever queues sets WAITERS with such an operation and then calls pass_on(). Of the two one
 * comes later and finds both the queue and the free lock. A passing reader that withdraws counts as one that makes it free; it queues in the
 * same step.
 *
 * Ordering. Letting go releases on count; getting the lock by oneself acquires on count. All changes of count are
 * read-modify-writes, so each acquire takes up the releases of all holders before. Who is given the lock acquires on its own
 * word what the giver released there after it had itself acquired on count.
 *
 * Giving up. A timed call must return although the thread that holds wait_lock
 * may not be running. So it waits for wait_lock with its deadline too, it does
 * not count itself before it has the lock (to take that back may oblige it to
 * pass the lock on), and it leaves the queue without wait_lock: it puts LEFT into
 * its word and goes. Its waiter is not on its stack but one of timed_waiters[],
 * and belongs from then on to whoever finds it:
 *   - whoever holds wait_lock. The leaver sets QUEUE_SWEEP there, and the holder
 *     sees it when it lets go; then it takes wait_lock again, removes the
 *     waiters that left, and passes the lock on, for the one that left may have
 *     been the one that kept others waiting. If nobody holds wait_lock, the
 *     leaver does this itself.
 *   - whoever has given the lock to it and is about to say so (GRANTED). That
 *     thread finds LEFT and lets go of the lock again.
 * Either way a thread that is inside a call on this semaphore does it, so no
 * waiter is left behind when the last call has returned. Letting go waits for
 * nobody either: whoever finds wait_lock held tells its holder to pass the lock
 * on (QUEUE_LOOK).
 *
 * Locks: wait_lock is innermost; futex wake-ups are made after it is dropped.
 */
#include <vmastore/rwsem.h>

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "lib/sync/assert.h"
#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

#define WRITER 0x1UL
#define WAITERS 0x2UL
#define HANDOFF 0x4UL
#define READER 0x100UL
#define READERS (~(READER - 1))
#define HELD (READERS | WRITER)

/* Longer than any number of short sections that a newcomer may squeeze in, shorter than anybody would notice. */
#define IMPATIENCE_NS 1000000

#define NS_PER_SEC 1000000000L

/* The bits of wait_lock. All are 0 when it is free. */
#define QUEUE_LOCKED 0x1u
#define QUEUE_SLEEPERS 0x2u /* somebody may sleep on it */
#define QUEUE_LOOK 0x4u     /* the holder must pass the lock on again when it has let go */
#define QUEUE_SWEEP 0x8u    /* and before that remove the waiters that left */

/*
 * A waiter's word. AWAKE -> ASLEEP by the waiter, with a compare and swap. Anything -> GRANTED, once, by who passes the lock
 * on. ASLEEP -> CALLED by who passes it on; back to AWAKE by the waiter, under wait_lock. Anything but GRANTED -> LEFT by the
 * waiter, which gives it away by that.
 */
enum { AWAKE, ASLEEP, CALLED, GRANTED, LEFT };

struct vms_rwsem_waiter {
	struct vms_rwsem_waiter *next, *prev; /* wait_lock; after leaving the queue next is the giver's, until GRANTED */
	_Atomic unsigned int state;
	bool writer;
	int64_t impatient_from; /* CLOCK_MONOTONIC, ns */
	_Atomic bool taken;     /* of timed_waiters[]: in use */
};

/*
 * What timed calls wait in, of all semaphores. A call that finds none free waits
 * outside the queue. This memory stays, so whoever wakes a waiter that has left
 * wakes nobody, or another call too early, which looks again.
 */
#ifndef NR_TIMED_WAITERS /* a test has fewer */
#define NR_TIMED_WAITERS 512
#endif
#define TIMED_NAP_NS 100000

static struct vms_rwsem_waiter timed_waiters[NR_TIMED_WAITERS];

/* What pass_on() decided under wait_lock and deliver() does after it. */
struct decision {
	struct vms_rwsem_waiter *granted; /* linked by next */
	_Atomic unsigned int *called;     /* word of a writer to wake; its owner may be gone by then */
};

/* A name that differs for each living thread, and is not NULL. */
static const void *this_thread(void)
{
	return (const void *)pthread_self();
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* @ns from now into *@ts. Return: @ts, or NULL for a time so far away that it never comes. */
static const struct timespec *deadline_after(uint64_t ns, struct timespec *ts)
{
	int64_t end;

	if (ns > INT64_MAX || __builtin_add_overflow(now_ns(), (int64_t)ns, &end))
		return NULL;
	ts->tv_sec = end / NS_PER_SEC;
	ts->tv_nsec = end % NS_PER_SEC;
	return ts;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* For spinners and checks. A holder leaves its name behind when it lets go: the word means something only beside WRITER. */
static void set_owner(struct rw_semaphore *sem)
{
	atomic_store_explicit(&sem->owner, this_thread(), memory_order_relaxed);
}

/* ---- spinning: no lock held ------------------------------------------------------------------------------------------------ */

/*
 * Whether the writer that holds the lock is worth spinning for. A lock that was handed to a waiter has no owner until that is
 * awake.
 */
static bool owner_may_run(const struct rw_semaphore *sem)
{
	return atomic_load_explicit(&sem->owner, memory_order_relaxed) != NULL;
}

/* Counted already; count was @count before. Return: whether this reader is in. */
static bool spin_for_read(struct rw_semaphore *sem, unsigned long count)
{
	/* Free, and the first waiter is on its way: take it. With readers in it is that waiter's turn after them. */
	if (!(count & WRITER))
		return !(count & (HANDOFF | READERS));

	for (unsigned int spins = vms__spin_budget(); spins && owner_may_run(sem); spins--) {
		/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
		count = atomic_load_explicit(&sem->count, memory_order_acquire);
		if (count & HANDOFF)
			return false;
		/* We count, so no writer can have come since it became free, nor will. */
		if (!(count & WRITER))
			return true;
		vms__cpu_relax();
	}
	return false;
}

/*
 * Not counted: a timed call that gave up would have to take that back, and then
 * perhaps pass the lock on.
 * Return: whether this reader is in.
 */
static bool spin_for_timed_read(struct rw_semaphore *sem)
{
	unsigned int spins = vms__spin_budget();

	do {
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & HANDOFF)
			return false;
		if (!(count & WRITER) && !((count & WAITERS) && (count & READERS))) {
			/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
			if (atomic_compare_exchange_weak_explicit(&sem->count, &count, count + READER, memory_order_acquire,
								  memory_order_relaxed))
				return true;
		} else if (!(count & WRITER) || !owner_may_run(sem)) {
			return false;
		}
		vms__cpu_relax();
	} while (spins-- > 0);
	return false;
}

/* Return: whether the lock is taken. */
static bool spin_for_write(struct rw_semaphore *sem)
{
	unsigned int spins = vms__spin_budget();

	do {
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & HANDOFF)
			return false;
		if (!(count & HELD)) {
			/*
			 * acquire: pairs with vms_up_read(), vms_up_write() and
			 * vms_downgrade_write()
			 */
			if (atomic_compare_exchange_weak_explicit(&sem->count, &count, count | WRITER, memory_order_acquire,
								  memory_order_relaxed))
				return true;
		} else if ((count & WAITERS) || ((count & WRITER) && !owner_may_run(sem))) {
			/* Those in the queue came first and did not get it by spinning. */
			return false;
		}
		vms__cpu_relax();
	} while (spins-- > 0);
	return false;
}

/* ---- wait_lock ------------------------------------------------------------------------------------------------------------ */

/* Return: false if @deadline passed first. NULL: wait as long as it takes. */
static bool lock_queue(struct rw_semaphore *sem, const struct timespec *deadline)
{
	_Atomic unsigned int *word = &sem->wait_lock;

	/* acquire, here and below: pairs with unlock_queue() */
	for (unsigned int looks = vms__spin_budget() + 1; looks; looks--) {
		unsigned int seen = atomic_load_explicit(word, memory_order_relaxed);

		if (!seen &&
		    atomic_compare_exchange_weak_explicit(word, &seen, QUEUE_LOCKED, memory_order_acquire, memory_order_relaxed))
			return true;
		vms__cpu_relax();
	}
	for (;;) {
		/*
		 * Whoever slept says that others may sleep still: at worst its
		 * unlocking wakes nobody.
		 */
		unsigned int old = atomic_fetch_or_explicit(word, QUEUE_LOCKED | QUEUE_SLEEPERS, memory_order_acquire);

		if (!(old & QUEUE_LOCKED))
			return true;
		if (vms__futex_wait(word, old | QUEUE_SLEEPERS, deadline) == -ETIMEDOUT)
			return false;
	}
}

/*
 * Take wait_lock if it is free; else give its holder the work @what: QUEUE_LOOK,
 * or that and QUEUE_SWEEP.
 * Return: whether it is taken. If not, *@sem is not touched any more.
 * Progress: waits for nobody.
 */
static bool lock_queue_or_tell(struct rw_semaphore *sem, unsigned int what)
{
	unsigned int old = atomic_load_explicit(&sem->wait_lock, memory_order_relaxed), new;

	do {
		new = (old & QUEUE_LOCKED) ? (old | what) : QUEUE_LOCKED;
		/*
		 * acquire: pairs with unlock_queue(). release: pairs with the acquire
		 * by which the holder takes wait_lock again. It then sees what there is
		 * to do: LEFT, or that the lock is free.
		 */
	} while (!atomic_compare_exchange_weak_explicit(&sem->wait_lock, &old, new, memory_order_acq_rel, memory_order_relaxed));
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

/* ---- the queue: wait_lock held -------------------------------------------------------------------------------------------- */

/*
 * Whoever touches the queue, or the plain fields of a timed waiter, owns it. These
 * see only that somebody does; a test of the memory orders has sharper ones.
 */
#ifndef ASSERT_QUEUE_LOCKED
#define ASSERT_QUEUE_LOCKED(sem) VMS_ASSERT(atomic_load_explicit(&(sem)->wait_lock, memory_order_relaxed) & QUEUE_LOCKED)
#define ASSERT_TAKEN(w) VMS_ASSERT(atomic_load_explicit(&(w)->taken, memory_order_relaxed))
#endif

static void enqueue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
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

static void put_timed_waiter(struct vms_rwsem_waiter *w)
{
	ASSERT_TAKEN(w);
	atomic_store_explicit(&w->taken, false, memory_order_release); /* pairs with take_timed_waiter() */
}

/*
 * @w has LEFT. It may have been all that kept others waiting, or the one whose
 * turn it was: the next has to be looked at.
 */
static void remove_left(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	unsigned long gone = sem->wait_first == w ? HANDOFF : 0;

	dequeue(sem, w);
	if (!sem->wait_first)
		gone |= WAITERS;
	/* relaxed: only flags, which say what newcomers may do */
	atomic_fetch_and_explicit(&sem->count, ~gone, memory_order_relaxed);
	put_timed_waiter(w);
}

static bool has_left(const struct vms_rwsem_waiter *w)
{
	/*
	 * relaxed: nothing is read through it; one that is not seen here is
	 * told of by QUEUE_SWEEP
	 */
	return atomic_load_explicit((_Atomic unsigned int *)&w->state, memory_order_relaxed) == LEFT;
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
 * The first waiter found the lock taken, as @count says. Return: whether that has to be looked at again, since HANDOFF is new
 * and the lock may have been let go just before.
 */
static bool grow_impatient(struct rw_semaphore *sem, const struct vms_rwsem_waiter *first, unsigned long count)
{
	if ((count & HANDOFF) || now_ns() < first->impatient_from)
		return false;
	/* relaxed: says what newcomers may do, and passes no data */
	atomic_fetch_or_explicit(&sem->count, HANDOFF, memory_order_relaxed);
	return true;
}

/* Give the lock to the writer @first, if count is still @count. */
static bool grant_writer(struct rw_semaphore *sem, struct vms_rwsem_waiter *first, unsigned long count, struct decision *d)
{
	unsigned long flags = first->next ? WAITERS : 0;

	/* acquire: pairs with the releases of all who let go; deliver() passes it on to the new holder */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER | flags, memory_order_acquire,
						     memory_order_relaxed))
		return false;
	/* It may be asleep still, and is not worth spinning for. The holder alone writes this, and that is us until deliver(). */
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
	/* acquire: pairs with the release of the last writer, as in grant_writer() */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, (count & READERS) + nr * READER + flags,
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
 * Give the lock to whom it is due, if it can be given. May be called at any time, to no harm.
 * Locks: wait_lock.
 */
static void pass_on(struct rw_semaphore *sem, struct decision *d)
{
	struct vms_rwsem_waiter *first;

	ASSERT_QUEUE_LOCKED(sem);
	*d = (struct decision){NULL, NULL};
	while ((first = sem->wait_first)) {
		/* relaxed: what is done with it is done by a compare and swap */
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);
		unsigned int asleep = ASLEEP;

		if (has_left(first)) {
			remove_left(sem, first);
		} else if (count & (first->writer ? HELD : WRITER)) {
			/* Whoever has it now will come here when it lets go. */
			if (!grow_impatient(sem, first, count))
				return;
		} else if (!first->writer) {
			if (grant_readers(sem, count, d))
				return;
		} else if ((count & HANDOFF) || atomic_load_explicit(&first->state, memory_order_relaxed) == AWAKE) {
			if (grant_writer(sem, first, count, d))
				return;
		} else if (atomic_compare_exchange_strong_explicit(&first->state, &asleep, CALLED, memory_order_relaxed,
								   memory_order_relaxed)) {
			/* relaxed: it then takes wait_lock */
			d->called = &first->state;
			return;
		} else if (asleep == CALLED) {
			/* It is on its way. */
			return;
		}
	}
}

/* ---- after the queue: wait_lock not held ---------------------------------------------------------------------------------- */

/*
 * The lock was given to one that had left. Return: whether it is free now, and
 * others wait.
 */
static bool give_back(struct rw_semaphore *sem, unsigned long hold)
{
	/*
	 * relaxed: nobody did anything under this hold, and what earlier holders
	 * released stays in reach, since every change of count is a
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
		 * address is harmless. release: pairs with await(), await_grant() and
		 * leave().
		 */
		old = atomic_exchange_explicit(word, GRANTED, memory_order_release);
		if (old == ASLEEP) {
			vms__futex_wake(word, 1);
		} else if (unlikely(old == LEFT)) {
			put_timed_waiter(w);
			look |= give_back(sem, hold);
		}
	}
	if (d->called)
		vms__futex_wake(d->called, 1);
	return look;
}

/*
 * Do the work @what, which includes passing the lock on. Locks: enter with
 * wait_lock; returns without.
 */
static void finish(struct rw_semaphore *sem, unsigned int what)
{
	struct decision d;

	do {
		if (what & QUEUE_SWEEP)
			remove_all_left(sem);
		pass_on(sem, &d);
		what = unlock_queue(sem);
		if (deliver(sem, &d))
			what |= QUEUE_LOOK;
	} while (unlikely(what) && lock_queue_or_tell(sem, what));
}

/* Count was changed so that others may have the lock now. Waits for nobody. */
static void pass_on_unlocked(struct rw_semaphore *sem)
{
	if (lock_queue_or_tell(sem, QUEUE_LOOK))
		finish(sem, QUEUE_LOOK);
}

/* ---- waiting: no lock held ------------------------------------------------------------------------------------------------ */

/* Spin, then sleep. Return: GRANTED or CALLED; ASLEEP when @deadline has passed. */
static unsigned int await(struct vms_rwsem_waiter *w, const struct timespec *deadline)
{
	unsigned int state = AWAKE;

	for (unsigned int spins = vms__spin_budget(); spins; spins--) {
		/* acquire, here and below: pairs with deliver() */
		state = atomic_load_explicit(&w->state, memory_order_acquire);
		if (state != AWAKE)
			return state;
		vms__cpu_relax();
	}
	state = AWAKE;
	if (!atomic_compare_exchange_strong_explicit(&w->state, &state, ASLEEP, memory_order_acquire, memory_order_acquire))
		return state;
	for (;;) {
		int ret = vms__futex_wait(&w->state, ASLEEP, deadline);

		state = atomic_load_explicit(&w->state, memory_order_acquire);
		if (state != ASLEEP || ret == -ETIMEDOUT)
			return state;
	}
}

static struct vms_rwsem_waiter *take_timed_waiter(void)
{
	/* Threads begin at places of their own, so that they seldom meet. */
	unsigned int start = ((unsigned int)((uintptr_t)this_thread() >> 12) * 0x9e3779b1u) >> 16;

	for (unsigned int i = 0; i < NR_TIMED_WAITERS; i++) {
		struct vms_rwsem_waiter *w = &timed_waiters[(start + i) % NR_TIMED_WAITERS];

		/* acquire: pairs with put_timed_waiter() */
		if (!atomic_load_explicit(&w->taken, memory_order_relaxed) &&
		    !atomic_exchange_explicit(&w->taken, true, memory_order_acquire)) {
			ASSERT_TAKEN(w);
			return w;
		}
	}
	return NULL;
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
		put_timed_waiter(w);
		return 0;
	}
	if (lock_queue_or_tell(sem, work))
		finish(sem, work);
	return -ETIMEDOUT;
}

/*
 * @w was called, as the first in the queue, to take the lock if it is still
 * free. Return: false if @deadline passed first.
 */
static bool step_forward(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, const struct timespec *deadline)
{
	unsigned int called = CALLED;

	if (!lock_queue(sem, deadline))
		return false;
	/*
	 * To be given it at sight. If this fails, it has been given to @w
	 * already.
	 */
	atomic_compare_exchange_strong_explicit(&w->state, &called, AWAKE, memory_order_relaxed, memory_order_relaxed);
	finish(sem, QUEUE_LOOK);
	return true;
}

/*
 * Wait for the lock in the queue, in @w. A reader that is @counted (READER) takes
 * that back here.
 * Return: 0 or -ETIMEDOUT. *@w is not ours any more.
 */
static int wait_as(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, bool counted, const struct timespec *deadline)
{
	unsigned long change = counted ? -READER : 0;

	if (!lock_queue(sem, deadline)) {
		put_timed_waiter(w);
		return -ETIMEDOUT;
	}
	if (!sem->wait_first)
		change += WAITERS;
	enqueue(sem, w);
	/* relaxed: whoever lets go later sees it in the same word, and we have nothing to release */
	if (change)
		atomic_fetch_add_explicit(&sem->count, change, memory_order_relaxed);
	finish(sem, QUEUE_LOOK);

	for (;;) {
		unsigned int state = await(w, deadline);

		if (state == GRANTED)
			break;
		if (state == ASLEEP || !step_forward(sem, w, deadline))
			return leave(sem, w);
	}
	if (deadline)
		put_timed_waiter(w);
	return 0;
}

/* Outside the queue: try now and then. */
static int wait_outside(struct rw_semaphore *sem, bool writer, const struct timespec *deadline)
{
	_Atomic unsigned int nobody_wakes;
	struct timespec until;

	atomic_init(&nobody_wakes, 0);
	do {
		const struct timespec *nap = deadline_after(TIMED_NAP_NS, &until);

		if (!nap || is_before(deadline, nap))
			until = *deadline;
		vms__futex_wait(&nobody_wakes, 0, &until);
		if (writer ? spin_for_write(sem) : spin_for_timed_read(sem))
			return 0;
	} while (is_before(&until, deadline));
	return -ETIMEDOUT;
}

static int wait_in_queue(struct rw_semaphore *sem, bool writer, bool counted, const struct timespec *deadline)
{
	struct vms_rwsem_waiter own, *w = deadline ? take_timed_waiter() : &own;

	if (!w)
		return wait_outside(sem, writer, deadline);
	atomic_init(&w->state, AWAKE);
	w->writer = writer;
	w->impatient_from = now_ns() + IMPATIENCE_NS;
	return wait_as(sem, w, counted, deadline);
}

/* ---- readers -------------------------------------------------------------------------------------------------------------- */

void vms_down_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
	unsigned long count = atomic_fetch_add_explicit(&sem->count, READER, memory_order_acquire);

	if (unlikely(count & (WRITER | WAITERS | HANDOFF)) && !spin_for_read(sem, count))
		wait_in_queue(sem, false, true, NULL);
}

int vms_down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;
	const struct timespec *deadline = deadline_after(ns, &ts);

	if (spin_for_timed_read(sem))
		return 0;
	return wait_in_queue(sem, false, false, deadline);
}

bool vms_down_read_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

	do {
		if (count & (WRITER | WAITERS | HANDOFF))
			return false;
		/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
	} while (!atomic_compare_exchange_weak_explicit(&sem->count, &count, count + READER, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

void vms_up_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/*
	 * release: pairs with grant_writer(), spin_for_write() and
	 * vms_down_write_trylock(). What we read must have been read before the
	 * next writer writes.
	 */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, READER, memory_order_release);

	VMS_ASSERT(count >= READER);
	if (unlikely((count & WAITERS) && !((count - READER) & HELD)))
		pass_on_unlocked(sem);
}

/* ---- writers -------------------------------------------------------------------------------------------------------------- */

static int down_write_slow(struct rw_semaphore *sem, const struct timespec *deadline)
{
	int ret = spin_for_write(sem) ? 0 : wait_in_queue(sem, true, false, deadline);

	if (!ret)
		set_owner(sem);
	return ret;
}

bool vms_down_write_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = 0;

	/*
	 * acquire: pairs with vms_up_read(), vms_up_write() and
	 * vms_downgrade_write()
	 */
	if (unlikely(!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER, memory_order_acquire,
							      memory_order_relaxed)))
		return false;
	set_owner(sem);
	return true;
}

void vms_down_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	if (unlikely(!vms_down_write_trylock(sem)))
		down_write_slow(sem, NULL);
}

int vms_down_write_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;

	if (vms_down_write_trylock(sem))
		return 0;
	return down_write_slow(sem, deadline_after(ns, &ts));
}

void vms_up_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count;

	vms_rwsem_assert_held_write(sem);
	/*
	 * release: pairs with the acquire of whoever takes the lock next, in any
	 * mode: vms_down_*(), the spin_for_*() and the grant_*().
	 */
	count = atomic_fetch_sub_explicit(&sem->count, WRITER, memory_order_release);
	if (unlikely(count & WAITERS))
		pass_on_unlocked(sem);
}

void vms_downgrade_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count;

	vms_rwsem_assert_held_write(sem);
	/*
	 * release: pairs with vms_down_read(), its trylock, the
	 * spin_for_*read() and grant_readers(), of readers that come in beside
	 * us
	 */
	count = atomic_fetch_add_explicit(&sem->count, READER - WRITER, memory_order_release);
	if (unlikely(count & WAITERS))
		pass_on_unlocked(sem);
}

/* ---- questions ------------------------------------------------------------------------------------------------------------ */

void vms_init_rwsem(struct rw_semaphore *sem)
{
	*sem = (struct rw_semaphore)VMS_RWSEM_INIT;
}

static unsigned long count_of(const struct rw_semaphore *sem)
{
	return atomic_load_explicit((_Atomic unsigned long *)&sem->count, memory_order_relaxed);
}

bool vms_rwsem_is_locked(const struct rw_semaphore *sem)
{
	return count_of(sem) & HELD;
}

bool vms_rwsem_is_write_locked(const struct rw_semaphore *sem)
{
	return count_of(sem) & WRITER;
}

bool vms_rwsem_is_contended(const struct rw_semaphore *sem)
{
	return count_of(sem) & WAITERS;
}

void vms_rwsem_check_held(const struct rw_semaphore *sem) VMS_NO_TSA
{
	VMS_BUG_ON(!vms_rwsem_is_locked(sem));
}

void vms_rwsem_check_held_write(const struct rw_semaphore *sem) VMS_NO_TSA
{
	VMS_BUG_ON(!vms_rwsem_is_write_locked(sem) ||
		   atomic_load_explicit((const void *_Atomic *)&sem->owner, memory_order_relaxed) != this_thread());
}
