/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - the rw-semaphore: taking it when it is free, and releasing it.
 * rwsem_internal.h lists the other files, which do the rest; this comment says
 * how they work together.
 *
 * One word, count, says who holds the lock; a queue says who waits.
 *
 *   bit 0       WRITER      held for writing
 *   bit 1       WAITERS     the queue is not empty
 *   bit 2       HANDOFF     the first waiter was overtaken often or for long:
 *                           no other thread may overtake it
 *   bit 3       COMPETES    the first waiter is a writer that is awake or was
 *                           woken, and takes the lock by itself
 *   bit 4       STAYS       a writer held the lock, or got it, while the first
 *                           waiter competed
 *   bits 8-19   OVERTAKEN   how often the first waiter was overtaken
 *   bits 20-63  READERS     the readers that hold the lock, and passing ones:
 *                           a reader first adds itself and then checks
 *
 * Any thread may change count, by atomic operations; but WAITERS and COMPETES
 * are set, and WAITERS and HANDOFF are cleared, only under wait_lock. The queue
 * is doubly linked through the waiters, in order of arrival; wait_lock guards
 * it. Each waiter sleeps on a word of its own, so a wake-up concerns one
 * thread.
 *
 * Which thread gets the lock
 *   - No thread waits: the first to come. A reader adds itself with one atomic
 *     operation; a writer puts WRITER into a zero word with one.
 *   - The lock is held for writing: newcomers spin for a moment. A reader has
 *     added itself to count before, so it holds the lock as soon as the writer
 *     leaves, and no writer can take the lock before it. So writers and
 *     spinning readers alternate.
 *   - The lock is still held after that: newcomers queue, spin a moment longer,
 *     each on its own word, and sleep.
 *   - The lock becomes free, and the first waiter is a reader: pass_on() gives
 *     the lock to all readers in the queue together, even to those behind
 *     writers (they would come next anyway, and the writers' turn follows).
 *   - The lock becomes free, and the first waiter is a writer: the releasing
 *     thread wakes that writer if it sleeps, and leaves the lock free. From
 *     then on the writer COMPETES: it polls count, ever more seldom while
 *     others take the lock (compete()), and releasing threads need not look at
 *     the queue. It takes a free lock if no thread has overtaken it yet, or if
 *     none has for a moment. Meanwhile others may take the lock past the queue,
 *     and each counts that in OVERTAKEN. If each release gave the lock to the
 *     first waiter instead, two writers would take turns, and every section
 *     would wait for a wake-up, and for all the cache lines that the last
 *     holder has written. So the lock stays with one thread for a while.
 *   - The last reader releases the lock, and the first waiter is a writer that
 *     is awake: the writer gets the lock directly. Otherwise one reader after
 *     the other would pass, each alone. But if a writer held the lock while the
 *     first waiter competed (STAYS), readers leave the lock free as well: a
 *     change of the map ends as a reader, and a thread that makes many changes
 *     has page faults between them.
 *   - The first waiter has been overtaken OVERTAKEN_AWAKE times since it was
 *     awake and polled, or OVERTAKEN_ASLEEP times in all, or for IMPATIENCE_NS:
 *     HANDOFF is set, newcomers queue, and the thread that frees the lock gives
 *     it to that waiter, asleep or not. A holder that downgrades a few times
 *     before that limit sets HANDOFF already, because the map is then in the
 *     best state to be handed over (downgrade_flags()).
 * So a first waiter waits for the holders, then for a bounded number of other
 * threads, then for the holders once more. A writer in the queue has before it
 * at most the writers that came earlier, and one group of readers for each.
 *
 * More threads than CPUs. A competing waiter stops when OVERTAKEN has not
 * changed for as long as it may spin behind one holder (FRONT_SPINS): the
 * holder then has a long section, or no CPU. The waiter sleeps, and the next
 * release wakes it. A waiter spins for longer only while other threads make
 * progress. The waiters behind it sleep sooner.
 *
 * No wake-up is lost. A thread that frees the lock does so with an operation on
 * count that also returns WAITERS and COMPETES. If COMPETES is clear, which it
 * also is under HANDOFF, the thread then calls pass_on() or has it called. A
 * thread that queues sets WAITERS with such an operation and then calls
 * pass_on(). The later of the two finds both the queue and the free lock. If
 * COMPETES is set, the first waiter is the one that polls; before it sleeps it
 * clears COMPETES and then calls pass_on(), so the same argument holds. A
 * passing reader that withdraws counts as a thread that frees the lock; it
 * queues in the same step.
 *
 * Ordering. A release of the lock releases on count; a thread that takes the
 * lock by itself acquires on count. All changes of count are
 * read-modify-writes, so each acquire takes up the releases of all earlier
 * holders. A thread that is granted the lock acquires, on its own word, what
 * the granting thread released there after it had itself acquired on count.
 *
 * Giving up. A timed call must return although the thread that holds wait_lock
 * may not be running. Therefore
 *   - it waits for wait_lock with its deadline, too;
 *   - it does not add itself to count before it has the lock, because undoing
 *     that might oblige it to pass the lock on;
 *   - it leaves the queue without wait_lock: it stores LEFT into its word and
 *     returns. Its waiter is not on its stack but one of timed_waiters[].
 * A waiter that has LEFT belongs to the thread that finds it. That is one of
 * two:
 *   - the holder of wait_lock. The leaver sets QUEUE_SWEEP, which the holder
 *     sees when it unlocks. It then takes wait_lock again, removes the waiters
 *     that left, and passes the lock on, because a waiter that left may have
 *     been the one that kept others waiting. If no thread holds wait_lock, the
 *     leaver does this itself.
 *   - the thread that has given the lock to the waiter and is about to store
 *     GRANTED. It finds LEFT and releases the lock again.
 * In either case that thread is inside a call on this semaphore, so no waiter
 * remains when the last call has returned. A release waits for no other thread
 * either: if wait_lock is held, its holder is told to pass the lock on
 * (QUEUE_LOOK).
 *
 * Locks: wait_lock is innermost; futex wake-ups are made after it is dropped.
 */
#include "lib/sync/rwsem_internal.h"

/* ---- readers ------------------------------------------------------------- */

void down_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/* acquire: pairs with up_write() and downgrade_write() */
	unsigned long count = atomic_fetch_add_explicit(&sem->count, READER, memory_order_acquire);

	if (unlikely(count & (WRITER | WAITERS | HANDOFF)) && !vms__rwsem_spin_read(sem, count))
		vms__rwsem_wait(sem, false, true, NULL);
}

int down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;
	const struct timespec *deadline = vms__rwsem_deadline_after(ns, &ts);

	if (vms__rwsem_spin_timed_read(sem))
		return 0;
	return vms__rwsem_wait(sem, false, false, deadline);
}

bool down_read_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

	do {
		/*
		 * A newcomer may overtake the waiters, but not by joining
		 * readers that hold the lock: the first waiter is next after
		 * those.
		 */
		if ((count & (WRITER | HANDOFF)) || ((count & WAITERS) && (count & READERS)))
			return false;
		/*
		 * acquire: pairs with up_write() and downgrade_write()
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->count, &count, vms__rwsem_overtaking(count) + READER, memory_order_acquire,
		memory_order_relaxed));
	return true;
}

void up_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/*
	 * release: pairs with grant_writer(), vms__rwsem_spin_write(),
	 * take_free() and down_write_trylock(). Our reads must be complete
	 * before the next writer writes.
	 */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, READER, memory_order_release);

	VMS_ASSERT(count >= READER);
	/* STAYS: a competing waiter is not given the lock, but takes it. */
	if (unlikely((count & WAITERS) && !((count - READER) & HELD) &&
		     (count & (COMPETES | STAYS)) != (COMPETES | STAYS)))
		vms__rwsem_pass_on(sem);
}

/* ---- writers ------------------------------------------------------------- */

static int down_write_slow(struct rw_semaphore *sem, const struct timespec *deadline)
{
	int ret = vms__rwsem_spin_write(sem) ? 0 : vms__rwsem_wait(sem, true, false, deadline);

	if (!ret)
		vms__rwsem_set_owner(sem);
	return ret;
}

/*
 * Inline, because most calls end here. So do calls made while others wait, so
 * count is read first: a compare and swap with 0 would then always fail. A
 * thread that takes the lock again and again while another waits pays only for
 * that read.
 */
static inline bool take_free(struct rw_semaphore *sem)
{
	/* relaxed: the compare and swap below checks and orders it */
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

	if (unlikely(count & (HELD | HANDOFF)))
		return false;
	/*
	 * acquire: pairs with up_read(), up_write() and
	 * downgrade_write()
	 */
	if (unlikely(!atomic_compare_exchange_strong_explicit(
		    &sem->count, &count, vms__rwsem_overtaking_writer(count), memory_order_acquire,
		    memory_order_relaxed)))
		return false;
	vms__rwsem_set_owner(sem);
	return true;
}

bool down_write_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = 0;

	/*
	 * acquire: pairs with up_read(), up_write() and
	 * downgrade_write()
	 */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	vms__rwsem_set_owner(sem);
	return true;
}

void down_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	if (unlikely(!take_free(sem)))
		down_write_slow(sem, NULL);
}

int down_write_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;

	if (take_free(sem))
		return 0;
	return down_write_slow(sem, vms__rwsem_deadline_after(ns, &ts));
}

/* Whether there are waiters, and none of them polls count by itself. */
static bool nobody_competes(unsigned long count)
{
	return (count & (WAITERS | COMPETES)) == WAITERS;
}

void up_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count;

	rwsem_assert_held_write(sem);
	/*
	 * release: pairs with the acquire of the thread that takes the lock
	 * next, in any mode: down_*(), vms__rwsem_spin_*() and grant_*().
	 */
	count = atomic_fetch_sub_explicit(&sem->count, WRITER, memory_order_release);
	if (unlikely(nobody_competes(count)))
		vms__rwsem_pass_on(sem);
}

/*
 * What a downgrade adds to the flags in @count. If the first waiter would be
 * handed the lock soon anyway, it gets it after this section: a thread that
 * downgrades has finished its change, which removed something from the map. So
 * the next holder finds the map at its smallest. Otherwise it would find a
 * mapping that a waiting thread is about to remove, and its own mapping would
 * be merged with that and split off again.
 */
static unsigned long downgrade_flags(unsigned long count)
{
	if (!(count & COMPETES))
		return 0;
	if ((count & OVERTAKEN) >= OVERTAKEN_NEARLY)
		return HANDOFF - COMPETES;
	return (count & STAYS) ? 0 : STAYS;
}

void downgrade_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count, change;

	rwsem_assert_held_write(sem);
	count = atomic_load_explicit(&sem->count, memory_order_relaxed);
	do {
		change = READER - WRITER + downgrade_flags(count);
		/*
		 * release: pairs with down_read(), its trylock,
		 * vms__rwsem_spin_*read() and grant_readers(), of readers that
		 * take the lock while we hold it for reading
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->count, &count, count + change, memory_order_release, memory_order_relaxed));
	if (unlikely(nobody_competes(count)))
		vms__rwsem_pass_on(sem);
}

/* ---- questions ----------------------------------------------------------- */

void init_rwsem(struct rw_semaphore *sem)
{
	*sem = (struct rw_semaphore)VMS_RWSEM_INIT;
}

static unsigned long count_of(const struct rw_semaphore *sem)
{
	return atomic_load_explicit((_Atomic unsigned long *)&sem->count, memory_order_relaxed);
}

bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return count_of(sem) & HELD;
}

bool rwsem_is_write_locked(const struct rw_semaphore *sem)
{
	return count_of(sem) & WRITER;
}

bool rwsem_is_contended(const struct rw_semaphore *sem)
{
	return count_of(sem) & WAITERS;
}

void vms_rwsem_check_held(const struct rw_semaphore *sem) VMS_NO_TSA
{
	VMS_BUG_ON(!rwsem_is_locked(sem));
}

void vms_rwsem_check_held_write(const struct rw_semaphore *sem) VMS_NO_TSA
{
	VMS_BUG_ON(!rwsem_is_write_locked(sem) ||
		   atomic_load_explicit((const void *_Atomic *)&sem->owner, memory_order_relaxed) !=
			   vms__rwsem_this_thread());
}
