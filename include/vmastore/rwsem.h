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
 * A trylock never waits. A timed call waits until its deadline at most (see
 * "Timed calls"). Every call may run concurrently with every other call on the
 * same semaphore.
 *
 * Fairness. Waiters queue in the order in which they arrive. A thread may take
 * a free lock ahead of the queue. That keeps the lock busy while the first
 * waiter is on its way to a CPU, and keeps it with one thread for a while,
 * which is cheaper than to move the lock, and all data that it guards, to
 * another CPU after each section. While readers hold the lock and a thread
 * waits, a new reader joins the readers only through the queue. When the lock
 * passes to a reader it passes to all readers in the queue at once; then the
 * next writer has its turn.
 *
 * Other threads overtake the first waiter of the queue a bounded number of
 * times:
 *   - at most 128 times, once the waiter is awake and looks at the lock;
 *   - at most 1024 times in all, including those, while the waiter still
 *     sleeps or is on its way to a CPU;
 *   - no more, once the waiter has been first for a millisecond and a thread
 *     looks at its state.
 * (A holder that downgrades within 8 of either number already hands the lock to
 * the waiter. Each number may be exceeded by the readers that are entering just
 * then, at most one for each thread.) At its bound the waiter is owed a
 * hand-off: no thread overtakes it any more, and the thread that releases the
 * lock passes it to this waiter directly. So neither readers nor writers can
 * starve the other side, and no thread can starve others of its own side.
 *
 * Timed calls. A timed call sleeps until its deadline at most. After the
 * deadline it waits for no other thread: not for the holder of the semaphore,
 * not for a thread that was stopped while it held the lock over the queue, and
 * not for a thread that was stopped after it had given the semaphore to this
 * call and before it had said so. The call leaves its place in the queue
 * behind, and a later thread that works on the queue removes it. After its
 * deadline the call may still do the work for others that any caller may have
 * to do: if it is the one that finds that the semaphore can be passed on, it
 * searches the queue and wakes the waiters whose turn it is, which takes time
 * in proportion to the number of waiters. The library cannot bound how long the
 * system keeps a runnable thread off the CPU.
 *
 * At most 512 timed calls of a process can be in queues at once. Further ones
 * stay outside of the queue, look at the semaphore every 100 microseconds, and
 * take it only if it is free just then.
 *
 * Not recursive: a reader that takes the lock again while a writer is in the
 * queue waits forever. Only the thread that took the lock for writing may
 * release it; any thread may release a read lock. The memory must stay valid
 * until every call on the semaphore has returned, up_read() and up_write()
 * included.
 *
 * Ordering: a thread that takes the lock, in any way, acquires what former
 *           holders released, if they held it in a mode that excludes the new
 *           one.
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
	/* names the thread that holds it W; NULL: none, or not yet known */
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
 * init_rwsem() - Make @sem an unlocked semaphore.
 *
 * Locks: none; no other thread knows of @sem yet.
 */
VMS_API void init_rwsem(struct rw_semaphore *sem) VMS_SYM(init_rwsem);

/**
 * down_read() - Take @sem for reading.
 *
 * Locks:    Enter without @sem. Returns with it.
 * Ordering: Acquires the release made by the last writer.
 * Progress: One atomic operation if no writer holds @sem or waits. Otherwise
 *           spins for a few microseconds, then sleeps.
 */
VMS_API void down_read(struct rw_semaphore *sem) VMS_ACQUIRE_SHARED(sem) VMS_SYM(down_read);

/**
 * down_read_trylock() - Take @sem for reading if no writer holds it and
 * down_read() would not queue. The call may overtake a waiter, within the bound
 * that the beginning of this header states.
 *
 * Progress: Never blocks.
 * Return:   whether the caller holds @sem now.
 */
VMS_API bool down_read_trylock(struct rw_semaphore *sem) VMS_TRY_ACQUIRE_SHARED(true, sem)
	VMS_SYM(down_read_trylock);

/**
 * down_read_timeout() - down_read() that gives up after @ns nanoseconds of
 * CLOCK_MONOTONIC.
 *
 * Progress: Waits for no other thread past the deadline. If @ns is 0 the call
 *           does not sleep, and may still succeed.
 * Return:   0 with the lock held, or -ETIMEDOUT without it.
 */
VMS_API int down_read_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_TRY_ACQUIRE_SHARED(0, sem)
	VMS_SYM(down_read_timeout);

/**
 * up_read() - Release a read lock, and wake the next writer if this was the
 * last reader.
 *
 * Ordering: Releases to the next writer.
 * Progress: Waits for no other thread. The same holds for up_write() and
 *           downgrade_write().
 */
VMS_API void up_read(struct rw_semaphore *sem) VMS_RELEASE_SHARED(sem) VMS_SYM(up_read);

/**
 * down_write() - Take @sem for writing.
 *
 * Locks:    Enter without @sem. Returns with it, alone.
 * Ordering: Acquires the releases made by the last writer and by every reader
 *           since.
 * Progress: One atomic operation if no thread holds @sem. Otherwise spins (for
 *           some tens of microseconds behind one holder, if the caller is first
 *           in the queue), then sleeps.
 */
VMS_API void down_write(struct rw_semaphore *sem) VMS_ACQUIRE(sem) VMS_SYM(down_write);

/**
 * down_write_trylock() - Take @sem for writing if no thread holds it or waits.
 *
 * Progress: Never blocks.
 * Return:   whether the caller holds @sem now.
 */
VMS_API bool down_write_trylock(struct rw_semaphore *sem) VMS_TRY_ACQUIRE(true, sem)
	VMS_SYM(down_write_trylock);

/**
 * down_write_timeout() - down_write() with the deadline of down_read_timeout().
 *
 * Return: 0 with the lock held, or -ETIMEDOUT without it.
 */
VMS_API int down_write_timeout(struct rw_semaphore *sem, uint64_t ns) VMS_TRY_ACQUIRE(0, sem)
	VMS_SYM(down_write_timeout);

/**
 * up_write() - Release the write lock, and wake the waiters whose turn it is.
 *
 * Ordering: Releases to the next holder.
 */
VMS_API void up_write(struct rw_semaphore *sem) VMS_RELEASE(sem) VMS_SYM(up_write);

/**
 * downgrade_write() - Turn the write lock into a read lock, without a moment
 * between the two at which another writer could take it.
 *
 * Locks:    Enter with @sem held for writing. Returns with it held for reading.
 * Ordering: Releases what was written to the readers that enter now.
 * Progress: Never blocks. Wakes the readers at the front of the queue.
 */
VMS_API void downgrade_write(struct rw_semaphore *sem) VMS_RELEASE(sem) VMS_ACQUIRE_SHARED(sem)
	VMS_SYM(downgrade_write);

/**
 * rwsem_is_locked() - Whether any thread held @sem, R or W, a moment ago. The
 * answer is exact only about the caller's own hold. Any context.
 */
VMS_API bool rwsem_is_locked(const struct rw_semaphore *sem) VMS_SYM(rwsem_is_locked);
/**
 * rwsem_is_write_locked() - Whether any thread held @sem W a moment ago. The
 * answer is exact only about the caller's own hold. Any context.
 */
VMS_API bool rwsem_is_write_locked(const struct rw_semaphore *sem) VMS_SYM(rwsem_is_write_locked);
/**
 * rwsem_is_contended() - Whether a thread waits in the queue. A holder that
 * works for long asks this to release the lock for a moment where others wait.
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
 * rwsem_assert_held() and rwsem_assert_held_write() state a function's lock
 * rule. Debug builds (VMS_DEBUG) check it with the functions above; clang's
 * analysis reads it in every build.
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
