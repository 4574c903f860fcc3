/* SPDX-License-Identifier: MIT */
/*
 * rwsem_spin.c - the rw-semaphore: spinning for a moment, before the queue.
 *
 * Locks: none held. Read first: rwsem.c.
 */
#include "lib/sync/rwsem_internal.h"

#include "lib/sync/spinlock.h"

/*
 * Whether the writer that holds the lock is worth spinning for. A lock that was
 * granted to a waiter has no owner until that waiter is awake.
 */
static bool owner_may_run(const struct rw_semaphore *sem)
{
	return atomic_load_explicit(&sem->owner, memory_order_relaxed) != NULL;
}

/* A reader holds the lock, perhaps past the queue: count the overtaking. */
static void note_overtaking(struct rw_semaphore *sem)
{
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed), new;

	do {
		new = (count & HANDOFF) ? count : vms__rwsem_overtaking(count);
		if (new == count)
			return;
		/*
		 * relaxed: tells newcomers what they may do, and passes no data
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->count, &count, new, memory_order_relaxed, memory_order_relaxed));
}

bool vms__rwsem_spin_read(struct rw_semaphore *sem, unsigned long count)
{
	if (!(count & WRITER)) {
		/*
		 * If readers hold the lock, the first waiter is next after
		 * them.
		 */
		if (count & (HANDOFF | READERS))
			return false;
		note_overtaking(sem);
		return true;
	}
	for (unsigned int spins = vms__spin_budget(); spins && owner_may_run(sem); spins--) {
		/*
		 * acquire: pairs with up_write() and downgrade_write()
		 */
		count = atomic_load_explicit(&sem->count, memory_order_acquire);
		if (count & HANDOFF)
			return false;
		if (!(count & WRITER)) {
			/*
			 * Count includes the caller, so no writer can have
			 * taken the lock since it became free, nor can one
			 * before the caller leaves.
			 */
			if (count & WAITERS)
				note_overtaking(sem);
			return true;
		}
		vms__cpu_relax();
	}
	return false;
}

bool vms__rwsem_spin_timed_read(struct rw_semaphore *sem)
{
	unsigned int spins = vms__spin_budget();

	do {
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & HANDOFF)
			return false;
		if (!(count & WRITER) && !((count & WAITERS) && (count & READERS))) {
			/*
			 * acquire: pairs with up_write() and
			 * downgrade_write()
			 */
			if (atomic_compare_exchange_weak_explicit(
				    &sem->count, &count, vms__rwsem_overtaking(count) + READER,
				    memory_order_acquire, memory_order_relaxed))
				return true;
		} else if (!(count & WRITER) || !owner_may_run(sem)) {
			return false;
		}
		vms__cpu_relax();
	} while (spins-- > 0);
	return false;
}

/*
 * The polls are further and further apart, because each takes the semaphore's
 * cache line from the holder's CPU, and the holder's next steps then have to
 * wait for it.
 */
bool vms__rwsem_spin_write(struct rw_semaphore *sem)
{
	unsigned int spins = vms__spin_budget(), gap = 1;

	for (;;) {
		unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

		if (count & HANDOFF)
			return false;
		if (!(count & HELD)) {
			/*
			 * acquire: pairs with up_read(), up_write() and
			 * downgrade_write()
			 */
			if (atomic_compare_exchange_weak_explicit(
				    &sem->count, &count, vms__rwsem_overtaking_writer(count),
				    memory_order_acquire, memory_order_relaxed))
				return true;
		} else if ((count & WAITERS) || ((count & WRITER) && !owner_may_run(sem))) {
			/*
			 * The waiters in the queue came first, and did not get
			 * the lock by spinning.
			 */
			return false;
		}
		if (spins < gap)
			return false;
		spins -= gap;
		for (unsigned int i = 0; i < gap; i++)
			vms__cpu_relax();
		gap *= 2;
	}
}
