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
 * the waiters' stacks, first come first; wait_lock guards it. Each waiter sleeps on a word of its own, so a wake-up concerns
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
 * pass_on(); whoever queues sets WAITERS with such an operation and then calls pass_on(). Of the two one comes later and
 * finds both the queue and the free lock. A passing reader that withdraws counts as one that makes it free; it queues in the
 * same step.
 *
 * Ordering. Letting go releases on count; getting the lock by oneself acquires on count. All changes of count are
 * read-modify-writes, so each acquire takes up the releases of all holders before. Who is given the lock acquires on its own
 * word what the giver released there after it had itself acquired on count.
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

/*
 * A waiter's word. AWAKE -> ASLEEP by the waiter, with a compare and swap. Anything -> GRANTED, once, by who passes the lock
 * on. ASLEEP -> CALLED by who passes it on; back to AWAKE by the waiter, under wait_lock.
 */
enum { AWAKE, ASLEEP, CALLED, GRANTED };

struct vms_rwsem_waiter {
	struct vms_rwsem_waiter *next, *prev; /* wait_lock; after leaving the queue next is the giver's, until GRANTED */
	_Atomic unsigned int state;
	bool writer;
	bool queued;            /* wait_lock */
	int64_t impatient_from; /* CLOCK_MONOTONIC, ns */
};

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

/* For spinners and checks. A holder leaves its name behind when it lets go: the word means something only beside WRITER. */
static void set_owner(struct rw_semaphore *sem)
{
	atomic_store_explicit(&sem->owner, this_thread(), memory_order_relaxed);
}

/* ---- the queue: wait_lock held -------------------------------------------------------------------------------------------- */

static void enqueue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	w->queued = true;
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
	w->queued = false;
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
 * Locks: wait_lock. The caller drops it and then calls deliver().
 */
static void pass_on(struct rw_semaphore *sem, struct decision *d)
{
	struct vms_rwsem_waiter *first = sem->wait_first;

	*d = (struct decision){NULL, NULL};
	while (first) {
		/* relaxed: what is done with it is done by a compare and swap */
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & (first->writer ? HELD : WRITER)) {
			/* Whoever has it now will come here when it lets go. */
			if (!grow_impatient(sem, first, count))
				return;
		} else if (!first->writer) {
			if (grant_readers(sem, count, d))
				return;
		} else if ((count & HANDOFF) || atomic_load_explicit(&first->state, memory_order_relaxed) == AWAKE) {
			if (grant_writer(sem, first, count, d))
				return;
		} else {
			/* relaxed: it then takes wait_lock. Already CALLED: it is on its way. */
			if (atomic_exchange_explicit(&first->state, CALLED, memory_order_relaxed) == ASLEEP)
				d->called = &first->state;
			return;
		}
	}
}

/* Locks: none. */
static void deliver(const struct decision *d)
{
	struct vms_rwsem_waiter *w = d->granted, *next;

	for (; w; w = next) {
		_Atomic unsigned int *word = &w->state;

		next = w->next;
		/* From here on *w may be gone; a wake on its address is harmless. release: pairs with await() and await_grant() */
		if (atomic_exchange_explicit(word, GRANTED, memory_order_release) == ASLEEP)
			vms__futex_wake(word, 1);
	}
	if (d->called)
		vms__futex_wake(d->called, 1);
}

static void pass_on_unlocked(struct rw_semaphore *sem)
{
	struct decision d;

	vms__spin_lock(&sem->wait_lock);
	pass_on(sem, &d);
	vms__spin_unlock(&sem->wait_lock);
	deliver(&d);
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

/* The lock is given to @w, and deliver() is on its way. */
static void await_grant(struct vms_rwsem_waiter *w)
{
	unsigned int state = atomic_load_explicit(&w->state, memory_order_acquire);

	while (state != GRANTED) {
		/* acquire on failure: pairs with deliver() */
		if (state != ASLEEP &&
		    !atomic_compare_exchange_strong_explicit(&w->state, &state, ASLEEP, memory_order_acquire, memory_order_acquire))
			continue;
		vms__futex_wait(&w->state, ASLEEP, NULL);
		state = atomic_load_explicit(&w->state, memory_order_acquire);
	}
}

/*
 * @w gives up. It may have been all that kept others waiting, or the one whose turn it was: the next has to be looked at.
 * Locks: wait_lock.
 */
static void leave_queue(struct rw_semaphore *sem, struct vms_rwsem_waiter *w)
{
	unsigned long gone = sem->wait_first == w ? HANDOFF : 0;

	dequeue(sem, w);
	if (!sem->wait_first)
		gone |= WAITERS;
	atomic_fetch_and_explicit(&sem->count, ~gone, memory_order_relaxed);
}

/*
 * @w was called, or is @late. Return: whether to wait on.
 * *@ret: 0 when the lock was given to @w, -ETIMEDOUT when it was not and @w has left.
 */
static bool step_forward(struct rw_semaphore *sem, struct vms_rwsem_waiter *w, bool late, int *ret)
{
	struct decision d;
	bool queued;

	vms__spin_lock(&sem->wait_lock);
	/* Not queued: the lock was given to it between the look at its word and now, and that counts. */
	queued = w->queued;
	if (queued) {
		if (late)
			leave_queue(sem, w);
		else
			atomic_store_explicit(&w->state, AWAKE, memory_order_relaxed); /* to be given it at sight */
	}
	pass_on(sem, &d);
	*ret = queued && late ? -ETIMEDOUT : 0;
	queued = w->queued;
	vms__spin_unlock(&sem->wait_lock);
	deliver(&d);
	return queued;
}

/* Wait for the lock in the queue. A reader comes counted (READER), which is taken back here. Return: 0 or -ETIMEDOUT. */
static int wait_in_queue(struct rw_semaphore *sem, bool writer, const struct timespec *deadline)
{
	struct vms_rwsem_waiter w = {.state = AWAKE, .writer = writer, .impatient_from = now_ns() + IMPATIENCE_NS};
	unsigned long change = writer ? 0 : -READER;
	struct decision d;
	int ret;

	vms__spin_lock(&sem->wait_lock);
	if (!sem->wait_first)
		change += WAITERS;
	enqueue(sem, &w);
	/* relaxed: whoever lets go later sees it in the same word, and we have nothing to release */
	if (change)
		atomic_fetch_add_explicit(&sem->count, change, memory_order_relaxed);
	pass_on(sem, &d);
	vms__spin_unlock(&sem->wait_lock);
	deliver(&d);

	for (;;) {
		unsigned int state = await(&w, deadline);

		if (state == GRANTED)
			return 0;
		if (!step_forward(sem, &w, state == ASLEEP, &ret))
			break;
	}
	if (!ret)
		await_grant(&w);
	return ret;
}

/*
 * Whether the writer that holds the lock is worth spinning for. A lock that was handed to a waiter has no owner until that is
 * awake.
 */
static bool owner_may_run(const struct rw_semaphore *sem)
{
	return atomic_load_explicit(&sem->owner, memory_order_relaxed) != NULL;
}

/* ---- readers -------------------------------------------------------------------------------------------------------------- */

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

static int down_read_common(struct rw_semaphore *sem, const struct timespec *deadline)
{
	/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
	unsigned long count = atomic_fetch_add_explicit(&sem->count, READER, memory_order_acquire);

	if (likely(!(count & (WRITER | WAITERS | HANDOFF))) || spin_for_read(sem, count))
		return 0;
	return wait_in_queue(sem, false, deadline);
}

void vms_down_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	down_read_common(sem, NULL);
}

int vms_down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;

	if (vms_down_read_trylock(sem))
		return 0;
	return down_read_common(sem, deadline_after(ns, &ts));
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
	/* release: the next writer acquires it. What we read must have been read before it writes. */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, READER, memory_order_release);

	VMS_ASSERT(count >= READER);
	if (unlikely((count & WAITERS) && !((count - READER) & HELD)))
		pass_on_unlocked(sem);
}

/* ---- writers -------------------------------------------------------------------------------------------------------------- */

/* Return: whether the lock is taken. */
static bool spin_for_write(struct rw_semaphore *sem)
{
	unsigned int spins = vms__spin_budget();

	do {
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & HANDOFF)
			return false;
		if (!(count & HELD)) {
			/* acquire: pairs with all who let go */
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

static int down_write_slow(struct rw_semaphore *sem, const struct timespec *deadline)
{
	int ret = spin_for_write(sem) ? 0 : wait_in_queue(sem, true, deadline);

	if (!ret)
		set_owner(sem);
	return ret;
}

bool vms_down_write_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = 0;

	/* acquire: pairs with all who let go */
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
	/* release: pairs with the acquire of whoever takes the lock next, in any mode */
	count = atomic_fetch_sub_explicit(&sem->count, WRITER, memory_order_release);
	if (unlikely(count & WAITERS))
		pass_on_unlocked(sem);
}

void vms_downgrade_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count;

	vms_rwsem_assert_held_write(sem);
	/* release: pairs with the acquire of readers that come in beside us */
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
