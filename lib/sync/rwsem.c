/* SPDX-License-Identifier: MIT */
/*
 * rwsem.c - the rw-semaphore: taking it when it is free, and letting go. The
 * files beside it (rwsem_internal.h lists them) do the rest; here is how they
 * work together.
 *
 * One word says who holds it, a queue who waits.
 *
 *   count     bit 0       WRITER      held for writing
 *             bit 1       WAITERS     the queue is not empty
 *             bit 2       HANDOFF     the first waiter was overtaken often or
 *                                     long enough: nobody may overtake it
 *             bit 3       COMPETES    the first waiter is a writer that is awake
 *                                     or was woken, and takes the lock by
 *                                             itself
 *             bit 4       STAYS       a writer had the lock, or got it, while the
 *                                     first waiter competed
 *             bits 8-19   OVERTAKEN   how often the first waiter was overtaken
 *             bits 20-63  READERS     who hold it, and readers passing: each
 *                                     adds itself first and looks afterwards
 *
 * count changes by atomic operations of anybody; WAITERS and COMPETES are set,
 * and WAITERS and HANDOFF are cleared, only under wait_lock. The queue is
 * doubly linked through the waiters, first come first; wait_lock guards it.
 * Each waiter sleeps on a word of its own, so a wake-up concerns one thread.
 *
 * Who gets the lock
 *   - Nobody waits: who comes first. A reader adds itself with one operation, a
 *     writer puts WRITER into a zero word with one.
 *   - It is held for writing: newcomers spin for a moment. A reader does so
 *     counted, so when the writer leaves it is in at once and no writer can
 *     come before it; that makes writers and spinning readers alternate.
 *   - It is still held: they queue, spin a moment longer, each on its own word,
 *     and sleep.
 *   - It becomes free, and the first waiter is a reader: pass_on() gives it to
 *     all readers in the queue together, even those behind writers (they would
 *     come next anyway, and the writers' turn follows).
 *   - It becomes free, and the first waiter is a writer: whoever lets go wakes
 *     that writer if it sleeps, and leaves the lock free. From then on the
 *     writer COMPETES: it looks at count now and then, ever more seldom while
 *     others take the lock (compete()), and whoever lets go need not look at
 *     the queue. It takes a free lock if nobody has overtaken it yet, or if
 *     nobody has for a moment. Meanwhile others may take the lock past the
 *     queue, and count in OVERTAKEN how often they do. If each release gave the
 *     lock to the first waiter instead, two writers would take turns, and every
 *     section would wait for a thread that has to be told, and for all the
 *     lines that the last one has written. So the lock stays with one thread
 *     for a while.
 *   - Readers have let go, and the first waiter is a writer that is awake: it
 *     gets the lock directly. Otherwise one reader after the other would pass,
 *     each alone. But if a writer had the lock while it competed (STAYS),
 *     readers leave the lock free as well: a change of the map ends as a
 *     reader, and the thread that makes one after the other has faults between
 *     them.
 *   - A first waiter that has been overtaken OVERTAKEN_AWAKE times since it was
 *     awake and looked, or OVERTAKEN_ASLEEP times in all, or for IMPATIENCE_NS,
 *     has HANDOFF: newcomers queue, and whoever frees the lock gives it to that
 *     waiter, asleep or not. A holder that downgrades a few times before that
 *     sets HANDOFF already, because there the map is in the best state to be
 *     handed over (downgrade_flags()).
 *   So a first waiter waits for the holders, then for a bounded number of
 *   others, then for the holders once more; and a writer in the queue has
 *   before it at most the writers that came before, and one group of readers
 *   for each.
 *
 * More threads than CPUs. A competing waiter stops when OVERTAKEN has not
 * changed for as long as it may spin behind one holder (FRONT_SPINS): then the
 * holder has a long section, or no CPU. It sleeps, and the next release wakes
 * it. A thread that spins for longer does so because others get on. Those
 * behind it sleep sooner.
 *
 * No wake-up is lost. Whoever makes the lock free does so with an operation on
 * count that also shows WAITERS and COMPETES. Without COMPETES, or with
 * HANDOFF, which clears it, the releaser then calls pass_on(), or has it
 * called; whoever queues sets WAITERS with such an operation and then calls
 * pass_on(). Of the two one comes later and finds both the queue and the free
 * lock. With COMPETES the first waiter is the one to look; before it sleeps it
 * clears COMPETES and then calls pass_on(), so the same holds. A passing reader
 * that withdraws counts as one that makes the lock free; it queues in the same
 * step.
 *
 * Ordering. Letting go releases on count; getting the lock by oneself acquires
 * on count. All changes of count are read-modify-writes, so each acquire takes
 * up the releases of all holders before. Who is given the lock acquires on its
 * own word what the giver released there after it had itself acquired on count.
 *
 * Giving up. A timed call must return although the thread that holds wait_lock
 * may not be running. So it waits for wait_lock with its deadline too, it does
 * not count itself before it has the lock (to take that back may oblige it to
 * pass the lock on), and it leaves the queue without wait_lock: it puts LEFT
 * into its word and goes. Its waiter is not on its stack but one of
 * timed_waiters[], and belongs from then on to whoever finds it:
 *   - whoever holds wait_lock. The leaver sets QUEUE_SWEEP there, and the
 *     holder sees it when it lets go; then it takes wait_lock again, removes
 *     the waiters that left, and passes the lock on, for the one that left may
 *     have been the one that kept others waiting. If nobody holds wait_lock,
 *     the leaver does this itself.
 *   - whoever has given the lock to it and is about to say so (GRANTED). That
 *     thread finds LEFT and lets go of the lock again.
 * Either way a thread that is inside a call on this semaphore does it, so no
 * waiter is left behind when the last call has returned. Letting go waits for
 * nobody either: whoever finds wait_lock held tells its holder to pass the lock
 * on (QUEUE_LOOK).
 *
 * Locks: wait_lock is innermost; futex wake-ups are made after it is dropped.
 */
#include "lib/sync/rwsem_internal.h"

/* ---- readers ------------------------------------------------------------- */

void vms_down_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/* acquire: pairs with vms_up_write() and vms_downgrade_write() */
	unsigned long count = atomic_fetch_add_explicit(&sem->count, READER, memory_order_acquire);

	if (unlikely(count & (WRITER | WAITERS | HANDOFF)) && !vms__rwsem_spin_read(sem, count))
		vms__rwsem_wait(sem, false, true, NULL);
}

int vms_down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;
	const struct timespec *deadline = vms__rwsem_deadline_after(ns, &ts);

	if (vms__rwsem_spin_timed_read(sem))
		return 0;
	return vms__rwsem_wait(sem, false, false, deadline);
}

bool vms_down_read_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

	do {
		/*
		 * A waiter may be overtaken, but not as a reader beside
		 * readers: it comes after those.
		 */
		if ((count & (WRITER | HANDOFF)) || ((count & WAITERS) && (count & READERS)))
			return false;
		/*
		 * acquire: pairs with vms_up_write() and vms_downgrade_write()
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->count, &count, vms__rwsem_overtaking(count) + READER, memory_order_acquire,
		memory_order_relaxed));
	return true;
}

void vms_up_read(struct rw_semaphore *sem) VMS_NO_TSA
{
	/*
	 * release: pairs with grant_writer(), vms__rwsem_spin_write(),
	 * take_free() and vms_down_write_trylock(). What we read must have been
	 * read before the next writer writes.
	 */
	unsigned long count = atomic_fetch_sub_explicit(&sem->count, READER, memory_order_release);

	VMS_ASSERT(count >= READER);
	/* STAYS: whoever competes is not given the lock, but takes it. */
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
 * Inline: most calls end here. While somebody waits, too, so count is looked at
 * first: a compare and swap with 0 would fail each time then. A thread that has
 * the lock again and again while another waits pays for nothing else.
 */
static inline bool take_free(struct rw_semaphore *sem)
{
	/* relaxed: what follows from it is done by a compare and swap */
	unsigned long count = atomic_load_explicit(&sem->count, memory_order_relaxed);

	if (unlikely(count & (HELD | HANDOFF)))
		return false;
	/*
	 * acquire: pairs with vms_up_read(), vms_up_write() and
	 * vms_downgrade_write()
	 */
	if (unlikely(!atomic_compare_exchange_strong_explicit(
		    &sem->count, &count, vms__rwsem_overtaking_writer(count), memory_order_acquire,
		    memory_order_relaxed)))
		return false;
	vms__rwsem_set_owner(sem);
	return true;
}

bool vms_down_write_trylock(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count = 0;

	/*
	 * acquire: pairs with vms_up_read(), vms_up_write() and
	 * vms_downgrade_write()
	 */
	if (!atomic_compare_exchange_strong_explicit(&sem->count, &count, WRITER,
						     memory_order_acquire, memory_order_relaxed))
		return false;
	vms__rwsem_set_owner(sem);
	return true;
}

void vms_down_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	if (unlikely(!take_free(sem)))
		down_write_slow(sem, NULL);
}

int vms_down_write_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_NO_TSA
{
	struct timespec ts;

	if (take_free(sem))
		return 0;
	return down_write_slow(sem, vms__rwsem_deadline_after(ns, &ts));
}

/* Whether nobody in the queue looks at count by itself. */
static bool nobody_competes(unsigned long count)
{
	return (count & (WAITERS | COMPETES)) == WAITERS;
}

void vms_up_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count;

	vms_rwsem_assert_held_write(sem);
	/*
	 * release: pairs with the acquire of whoever takes the lock next, in
	 * any mode: vms_down_*(), vms__rwsem_spin_*() and the grant_*().
	 */
	count = atomic_fetch_sub_explicit(&sem->count, WRITER, memory_order_release);
	if (unlikely(nobody_competes(count)))
		vms__rwsem_pass_on(sem);
}

/*
 * What a downgrade adds to the flags in @count. If the first waiter would be
 * handed the lock soon anyway, it is handed it after this: a thread that
 * downgrades has done what it came for, and has taken something out of the map.
 * So the next holder finds the map as small as it gets, not with a mapping of a
 * thread that waits to remove it, beside which its own would be merged and
 * split off again.
 */
static unsigned long downgrade_flags(unsigned long count)
{
	if (!(count & COMPETES))
		return 0;
	if ((count & OVERTAKEN) >= OVERTAKEN_NEARLY)
		return HANDOFF - COMPETES;
	return (count & STAYS) ? 0 : STAYS;
}

void vms_downgrade_write(struct rw_semaphore *sem) VMS_NO_TSA
{
	unsigned long count, change;

	vms_rwsem_assert_held_write(sem);
	count = atomic_load_explicit(&sem->count, memory_order_relaxed);
	do {
		change = READER - WRITER + downgrade_flags(count);
		/*
		 * release: pairs with vms_down_read(), its trylock, the
		 * vms__rwsem_spin_*read() and grant_readers(), of readers that
		 * come in beside us
		 */
	} while (!atomic_compare_exchange_weak_explicit(
		&sem->count, &count, count + change, memory_order_release, memory_order_relaxed));
	if (unlikely(nobody_competes(count)))
		vms__rwsem_pass_on(sem);
}

/* ---- questions ----------------------------------------------------------- */

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
		   atomic_load_explicit((const void *_Atomic *)&sem->owner, memory_order_relaxed) !=
			   vms__rwsem_this_thread());
}
