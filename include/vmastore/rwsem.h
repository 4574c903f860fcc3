/* SPDX-License-Identifier: MIT */
/*
 * rwsem.h - a sleeping lock that many readers or one writer hold, as Linux has
 * it: struct rw_semaphore, on futexes.
 *
 * May the row run concurrently with the column?
 *                down_read  down_write  up_read  up_write  downgrade_write
 *   down_read       -           w          -        -             -
 *   down_write      w           w          -        -             -
 *     -  both go on
 *     w  one waits for the other to release
 * A trylock never waits; a timed call waits until its deadline at most, see
 * below. Every call may run beside every other on the same semaphore.
 *
 * Fairness. Waiters stand in a queue in the order in which they came. A free
 * lock may be taken past the queue: that keeps it busy while the first waiter
 * is on its way to a CPU, and keeps it with one thread for a while, which is
 * cheaper than to move it, and all that it guards, after each section. While
 * readers hold the lock and somebody waits, a reader joins them only by
 * queueing. When the lock passes to a reader it passes to all readers in the
 * queue at once; then the next writer has its turn. What a waiter at the front
 * of the queue has to bear is bounded: once it is awake and looks, others take
 * the lock past it at most 128 times; while it still sleeps or is on its way to
 * a CPU, at most 1024 times, those included (a holder that downgrades within 8
 * of either bound hands the lock to it already then); and no more once it has
 * been at the front for a millisecond and its state is looked at. (To each
 * bound come the readers that are just entering, one for each thread at most.)
 * Then it is owed a hand-off: nobody overtakes, and whoever frees the lock
 * passes it to that waiter directly. So neither side can starve the other, nor
 * a thread its own side.
 *
 * Timed calls. A timed call sleeps until its deadline at most, and past it
 * waits for no other thread: neither for the holder of the semaphore, nor for
 * one that was stopped while it held the lock over the queue, nor for one that
 * was stopped after it had given the semaphore to this call and before it had
 * said so. The call leaves its place in the queue behind, and a thread that is
 * at the queue removes it. What the call itself may have to do after its
 * deadline is what any caller may have to do for others: if it is the one to
 * find that the semaphore can be passed on, it looks through the queue and
 * wakes those whose turn it is, which takes time in proportion to the number of
 * waiters. Nothing here bounds how long the system keeps a thread that is ready
 * to run off the CPU.
 *   512 timed calls of a process can stand in queues at once. Further ones stay
 * outside, look every 100 microseconds, and take the semaphore only when it is
 * free just then.
 *
 * Not recursive: a reader that asks again while a writer is in the queue waits
 * for ever. Only the thread that took the lock for writing may let go of it; a
 * read lock may be let go by another thread. The memory must stay until every
 * call on the semaphore has returned, up_read() and up_write() included.
 *
 * Ordering: taking the lock, in any way, acquires what was released by those
 *           who held it before in a mode that excludes ours.
 *
 * Read next: lib/sync/rwsem.c.
 */
#ifndef VMASTORE_RWSEM_H
#define VMASTORE_RWSEM_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

struct vms_rwsem_waiter;

/* Its fields belong to lib/sync/rwsem*.c. All zero is an unlocked semaphore. */
struct VMS_CAPABILITY("mutex") rw_semaphore {
	VMS_ATOMIC(unsigned long) count; /* holders and flags */
	/*
	 * names the thread that holds it for writing; NULL: none, or not yet
	 * known
	 */
	VMS_ATOMIC(const void *) owner;
	VMS_ATOMIC(unsigned int) wait_lock;              /* lock over the queue */
	struct vms_rwsem_waiter *wait_first, *wait_last; /* wait_lock */
};

/* For a static semaphore, or one inside an initializer. */
#define VMS_RWSEM_INIT                                                                             \
	{                                                                                          \
		VMS_ATOMIC_INIT(0), VMS_ATOMIC_INIT(NULL), VMS_ATOMIC_INIT(0), NULL, NULL          \
	}

/**
 * init_rwsem() - Make @sem an unlocked semaphore. No other thread knows of it
 * yet.
 */
VMS_API void init_rwsem(struct rw_semaphore *sem) VMS_SYM(init_rwsem);

/**
 * down_read() - Take @sem for reading.
 *
 * Locks:    Enter without @sem. Returns with it.
 * Ordering: Acquires the release made by the last writer.
 * Progress: One atomic operation if no writer holds it or waits. Else spins for
 *           a few microseconds, then sleeps.
 */
VMS_API void down_read(struct rw_semaphore *sem) VMS_ACQUIRE_SHARED(sem) VMS_SYM(down_read);

/**
 * down_read_trylock() - Take @sem for reading if no writer holds it and
 * down_read() would not queue. A waiter may be overtaken, within the bound
 * above.
 *
 * Never blocks. Return: whether it is taken.
 */
VMS_API bool down_read_trylock(struct rw_semaphore *sem) VMS_TRY_ACQUIRE_SHARED(true, sem)
	VMS_SYM(down_read_trylock);

/**
 * down_read_timeout() - As down_read(), but give up after @ns nanoseconds of
 * CLOCK_MONOTONIC.
 * Return: 0 with the lock held, or -ETIMEDOUT without it. With 0 ns it may
 *         still succeed; it does not sleep.
 * Progress: waits for no other thread past the deadline.
 */
VMS_API int down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_TRY_ACQUIRE_SHARED(0, sem)
	VMS_SYM(down_read_timeout);

/**
 * up_read() - Let go of a read lock. Releases to the next writer, and wakes it
 * if this was the last reader.
 * Progress: waits for no other thread. The same holds for up_write() and
 *           downgrade_write().
 */
VMS_API void up_read(struct rw_semaphore *sem) VMS_RELEASE_SHARED(sem) VMS_SYM(up_read);

/**
 * down_write() - Take @sem for writing.
 *
 * Locks:    Enter without @sem. Returns with it, alone.
 * Ordering: Acquires the releases made by the last writer and by every reader
 *           since.
 * Progress: One atomic operation if nobody holds it. Else spins, for some tens
 * of microseconds behind one holder if it is the first in the queue, and
 * sleeps.
 */
VMS_API void down_write(struct rw_semaphore *sem) VMS_ACQUIRE(sem) VMS_SYM(down_write);

/**
 * down_write_trylock() - Take @sem for writing if nobody holds it or waits.
 * Never blocks. Return: whether it is taken.
 */
VMS_API bool down_write_trylock(struct rw_semaphore *sem) VMS_TRY_ACQUIRE(true, sem)
	VMS_SYM(down_write_trylock);

/**
 * down_write_timeout() - As down_write(), bounded as
 * down_read_timeout(). Return: 0 or -ETIMEDOUT.
 */
VMS_API int down_write_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_TRY_ACQUIRE(0, sem)
	VMS_SYM(down_write_timeout);

/**
 * up_write() - Let go of the write lock. Releases to the next holder, and wakes
 * the waiters whose turn it is.
 */
VMS_API void up_write(struct rw_semaphore *sem) VMS_RELEASE(sem) VMS_SYM(up_write);

/**
 * downgrade_write() - Turn the write lock into a read lock; no writer can come
 * between.
 *
 * Locks:    Enter with @sem held for writing. Returns with it held for reading.
 * Ordering: Releases what was written to the readers that come in now.
 * Progress: Never blocks. Wakes the readers at the front of the queue.
 */
VMS_API void downgrade_write(struct rw_semaphore *sem) VMS_RELEASE(sem) VMS_ACQUIRE_SHARED(sem)
	VMS_SYM(downgrade_write);

/**
 * rwsem_is_locked() - Whether any thread held @sem, R or W, a moment ago; exact
 * only about the caller's own hold. Any context.
 */
VMS_API bool rwsem_is_locked(const struct rw_semaphore *sem) VMS_SYM(rwsem_is_locked);
/**
 * rwsem_is_write_locked() - Whether any thread held @sem W a moment ago; exact
 * only about the caller's own hold. Any context.
 */
VMS_API bool rwsem_is_write_locked(const struct rw_semaphore *sem) VMS_SYM(rwsem_is_write_locked);
/**
 * rwsem_is_contended() - Whether somebody waits in the queue: a long holder
 * may let go for a moment.
 */
VMS_API bool rwsem_is_contended(const struct rw_semaphore *sem) VMS_SYM(rwsem_is_contended);

/**
 * vms_rwsem_check_held() - Stop the program if no thread holds @sem.
 */
VMS_API void vms_rwsem_check_held(const struct rw_semaphore *sem) VMS_ASSERT_HELD_SHARED(sem);
/**
 * vms_rwsem_check_held_write() - Stop the program if this thread does not hold
 * @sem W.
 */
VMS_API void vms_rwsem_check_held_write(const struct rw_semaphore *sem) VMS_ASSERT_HELD(sem);

/*
 * The same for functions that state their lock rule: checked in debug builds
 * (VMS_DEBUG), and always told to clang's analysis.
 */
static inline void rwsem_assert_held(const struct rw_semaphore *sem) VMS_ASSERT_HELD_SHARED(sem)
{
#ifdef VMS_DEBUG
	vms_rwsem_check_held(sem);
#else
	(void)sem;
#endif
}

static inline void rwsem_assert_held_write(const struct rw_semaphore *sem) VMS_ASSERT_HELD(sem)
{
#ifdef VMS_DEBUG
	vms_rwsem_check_held_write(sem);
#else
	(void)sem;
#endif
}

#define DECLARE_RWSEM(name) struct rw_semaphore name = VMS_RWSEM_INIT

#include <vmastore/end.h>

#endif
