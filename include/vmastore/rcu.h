/* SPDX-License-Identifier: MIT */
/*
 * rcu.h - read-copy-update: readers that write no shared memory and wait for
 * nobody, and writers that wait, or have a call made, until every reader that
 * could still see the old state has left.
 *
 * Threads register themselves on first use and are unregistered when they exit;
 * vms_thread_unregister() does it earlier. Destructors of thread-specific data
 * may use the library in any of the C library's rounds. (One thing is not
 * covered: a thread whose very first use is in the last round, by a destructor
 * whose key is not among the first 32.)
 *
 * Underneath is liburcu: its membarrier flavour, or, if the library was built
 * with VMS_RCU_QSBR, its quiescent-state flavour, under which each thread that
 * ever read must say now and then that it holds no reference
 * (vms_rcu_quiescent()), or that it will not read for a while
 * (vms_rcu_thread_offline()). Under the default flavour these calls do nothing.
 *
 * The kernel's names (rcu_read_lock(), ...) are macros for the vms_ names. A
 * program that uses liburcu's own macros of these names includes <urcu.h>
 * before any header of this library, or defines VMS_NO_RCU_NAMES (or
 * VMS_NO_KERNEL_NAMES, compiler.h), and then writes the vms_ names. A thread
 * that the program registers with liburcu's membarrier flavour itself must be
 * registered before it first calls this library; each end of its sections is a
 * call.
 *
 * Row may be called inside column?   read section   callback   signal handler
 *   read_lock, read_unlock           yes            yes        yes (in pairs)
 *   call_rcu                         yes            yes        no
 *   synchronize_rcu                  no             yes        no
 *   rcu_barrier                      no             no         no
 *   fork(2)                          yes            yes        no
 *
 * Signals ------- A signal handler may read: vms_rcu_read_lock() and
 * vms_rcu_read_unlock(), and the lookups that maple_tree.h and mm.h name. It
 * may interrupt any thread at any point, also one that has never used the
 * library, and any call of the library, also a writer. It leaves each section
 * that it enters. All else is not for handlers. Two exceptions: under
 * VMS_RCU_QSBR, a handler may read only on threads that are online; and where
 * the library is loaded at run time after the program has created 32 keys of
 * thread-specific data, a thread's first use must not be in a handler.
 *
 * When a thread that has used the library exits, the library's destructor
 * blocks all signals on it but those of its own faults (SIGSEGV and the like),
 * because a handler's lookup would register it anew. It comes after the
 * program's destructors in the first round; those of later rounds run with
 * signals blocked.
 *
 * Cancellation
 * ------------
 * No call of the library is a cancellation point, except those that write to a
 * FILE, which hold no lock then. A thread may be cancelled at any time, but not
 * asynchronously inside a call.
 *
 * The library's thread -------------------- Callbacks are made by one thread of
 * the library's, named "vms-rcu", with every signal blocked. It is created with
 * the first address space or the first node of a tree in RCU mode, which fail
 * with -ENOMEM if it cannot be created; or else by the first vms_call_rcu().
 * That call never fails: where there is no thread, callbacks stay queued, later
 * calls try again to create it, and vms_rcu_barrier() makes them itself. A
 * callback that faults ends the process, whatever handler the program has for
 * it.
 *
 * Fork
 * ----
 * fork(2) may be called anywhere, in a read section or in a callback, too. It
 * waits for no reader, no grace period and no callback. It takes locks of the
 * library, none of which is held by anything that waits for a reader, for a
 * callback or for a lock of the program's. (That requires the usual
 * order of handlers: a handler of pthread_atfork(3) that takes a lock under
 * which the program calls the library is registered after the library was
 * loaded.)
 *
 * The forking thread's signals are blocked from the first of the library's
 * handlers to the last, so that in the child no handler reads before it may.
 *
 * The child may use the library if no other thread was inside a call of it; the
 * library's own thread does not count. In the child,
 *   - callbacks that were queued are made, by a new thread that is created when
 *     first needed. One that was being made by another thread at the time of
 *     the fork is not made again;
 *   - a section that the forking thread is in stays open;
 *   - what the other threads had cached, or deferred in batches of their own,
 *     is lost;
 *   - grace periods are the library's own, because liburcu's state may have
 *     been lost in the middle of one. The child must not call liburcu's
 *     synchronize_rcu(), call_rcu() or registration itself.
 * The child of vfork(2), _Fork(3) or a bare clone(2) must not use the library.
 */
#ifndef VMASTORE_RCU_H
#define VMASTORE_RCU_H

#include <vmastore/compiler.h>

#include <vmastore/begin.h>

/*
 * Room for one vms_call_rcu(); lives in the object that waits, and is the
 * library's from the call to the callback.
 */
struct vms_rcu_head {
	struct vms_rcu_head *next;
	void (*func)(struct vms_rcu_head *head);
};

/**
 * vms_rcu_read_lock() - Begin a read section: what is reachable now stays
 * allocated until the matching vms_rcu_read_unlock().
 *
 * Compilers that optimise make the pair of some twenty instructions in the
 * caller itself (below). The functions stay for all others: for calls by
 * address, for dlsym(3), and for programs that define VMS_RCU_NO_INLINE.
 *
 * Locks:    Any; takes none that a writer holds. Sections nest.
 * Ordering: None by itself: an object's contents are ordered by the acquire
 *           load of the pointer that leads to it.
 * Progress: Wait-free after the thread's first call.
 */
VMS_API void vms_rcu_read_lock(void);
/**
 * vms_rcu_read_unlock() - End the read section that the last
 * vms_rcu_read_lock() of this thread began. Of sections that nest, the
 * outermost one counts.
 *
 * Locks:    Any.
 * Ordering: None by itself, but what the section read is read before a grace
 *           period that it held up ends.
 * Progress: Wait-free; wakes a grace period that waits for this thread.
 */
VMS_API void vms_rcu_read_unlock(void);

/* ---- the same, inline ---------------------------------------------------- */

/*
 * The library's alone: the beginning of liburcu's global state. lib/sync/rcu.c
 * holds it against liburcu.
 */
struct vms_rcu_gp {
	unsigned long ctr;
	int futex; /* -1: a grace period sleeps until a reader leaves */
};

/*
 * The library's alone: the calling thread as a reader. Its word counts the open
 * sections in its low half; the other half is a copy of the global one's.
 *
 * The word is NULL wherever the functions must be called: before the thread's
 * first use, on threads that the program has registered with liburcu itself,
 * without membarrier(2), and in builds of the library that do more at a
 * section's ends (VMS_RCU_QSBR, VMS_DEBUG, ThreadSanitizer). So a program need
 * not know how the library was built.
 */
struct vms_rcu_self {
	unsigned long *word;
	const struct vms_rcu_gp *gp;
};
extern VMS_API __thread struct vms_rcu_self vms_rcu_self VMS_TLS_MODEL;

/*
 * The library's alone: the end of a section that a grace period sleeps for.
 * Does nothing if none does.
 */
VMS_API void vms_rcu_wake(void);

#if !defined(VMS_RCU_NO_INLINE) && defined(__SANITIZE_THREAD__)
#define VMS_RCU_NO_INLINE
#elif !defined(VMS_RCU_NO_INLINE) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VMS_RCU_NO_INLINE
#endif
#endif

#ifndef VMS_RCU_NO_INLINE

/*
 * gnu_inline: where they are not inlined, the library's functions are called.
 */
#define VMS_RCU_INLINE extern __inline__ __attribute__((__gnu_inline__))
void vms_rcu_read_lock_call(void) __asm__("vms_rcu_read_lock");
void vms_rcu_read_unlock_call(void) __asm__("vms_rcu_read_unlock");

VMS_RCU_INLINE void vms_rcu_read_lock(void)
{
	unsigned long *word = vms_rcu_self.word, ctr;

	if (vms_unlikely(!word)) {
		vms_rcu_read_lock_call();
		return;
	}
	/*
	 * Relaxed: a grace period pairs its membarrier(2) with the compiler
	 * barrier.
	 */
	ctr = __atomic_load_n(word, __ATOMIC_RELAXED);
	if (vms_likely(!(uint32_t)ctr))
		ctr = __atomic_load_n(&vms_rcu_self.gp->ctr, __ATOMIC_RELAXED);
	else
		ctr++;
	__atomic_store_n(word, ctr, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

VMS_RCU_INLINE void vms_rcu_read_unlock(void)
{
	unsigned long *word = vms_rcu_self.word, ctr;

	if (vms_unlikely(!word)) {
		vms_rcu_read_unlock_call();
		return;
	}
	/*
	 * Relaxed: a grace period pairs its membarrier(2) with both compiler
	 * barriers. The first keeps the section's reads before the store that
	 * ends it; the second keeps the load of the futex after that store, so
	 * that either the grace period sees that this reader has left, or this
	 * reader sees that the grace period sleeps.
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ctr = __atomic_load_n(word, __ATOMIC_RELAXED) - 1;
	__atomic_store_n(word, ctr, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (vms_likely(!(uint32_t)ctr) &&
	    vms_unlikely(__atomic_load_n(&vms_rcu_self.gp->futex, __ATOMIC_RELAXED) == -1))
		vms_rcu_wake();
}

#endif

/**
 * vms_rcu_read_lock_held() - Is this thread in a read section? For assertions.
 * Return: exact in debug builds; otherwise true.
 */
VMS_API bool vms_rcu_read_lock_held(void);

/**
 * vms_synchronize_rcu() - Wait for a grace period.
 *
 * RCU:      Not inside a read section: it would wait for itself.
 * Locks:    None that a reader may wait for inside its section.
 * Ordering: All that this thread did before is visible to each section that
 *           begins after the return; all that a section which began before the
 *           call did happens before the return.
 * Progress: Blocks until every section that was open at the call is over.
 */
VMS_API void vms_synchronize_rcu(void);

/**
 * vms_call_rcu() - Have @func(@head) called after a grace period, by a thread
 * of the library's.
 * @head: Inside the object; untouched by the caller from now until @func runs.
 * @func: Must not wait for what may wait for a grace period or for other
 *        callbacks.
 *
 * Locks:    Any.
 * RCU:      Inside or outside a read section.
 * Ordering: All that this thread did before, and all that the sections then
 *           open do, happens before @func.
 * Progress: Waits for no reader and no callback. Where there is no thread yet,
 *           it creates one.
 */
VMS_API void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head));

/**
 * vms_rcu_barrier() - Wait until every callback is done that was queued before,
 * and every object this thread freed before is free.
 *
 * RCU:      Not inside a read section or a callback.
 * Locks:    None that a callback or a reader may wait for.
 * Ordering: What those callbacks did happens before the return.
 */
VMS_API void vms_rcu_barrier(void);

/**
 * vms_thread_unregister() - Forget this thread, as its exit would.
 *
 * For hosts whose threads end without the C library, or that unload what a
 * thread has used. The thread may use the library again, which registers it
 * anew. Does nothing on a thread that is not registered.
 *
 * RCU:      Not inside a read section.
 * Locks:    None of the library's: no lock of an address space, of a VMA, of a
 *           tree.
 * Progress: Does not wait for readers or callbacks.
 */
VMS_API void vms_thread_unregister(void);

/**
 * vms_rcu_quiescent() - This thread holds no reference obtained in a read
 * section. Built with VMS_RCU_QSBR; else does nothing.
 */
VMS_API void vms_rcu_quiescent(void);
/**
 * vms_rcu_thread_offline() - Enter an extended quiescent state, which lasts
 * until vms_rcu_thread_online(). No read section may begin meanwhile. Does
 * nothing except under VMS_RCU_QSBR.
 */
VMS_API void vms_rcu_thread_offline(void);
/**
 * vms_rcu_thread_online() - Leave the state that vms_rcu_thread_offline()
 * entered. Does nothing except under VMS_RCU_QSBR.
 */
VMS_API void vms_rcu_thread_online(void);

#if !defined(VMS_NO_KERNEL_NAMES) && !defined(VMS_NO_RCU_NAMES) && !defined(_URCU_H) &&            \
	!defined(_URCU_MEMB_H) && !defined(_URCU_MB_H) && !defined(_URCU_SIGNAL_H) &&              \
	!defined(_URCU_BP_H) && !defined(_URCU_QSBR_H)
#define rcu_head vms_rcu_head
#define rcu_read_lock() vms_rcu_read_lock()
#define rcu_read_unlock() vms_rcu_read_unlock()
#define rcu_read_lock_held() vms_rcu_read_lock_held()
#define synchronize_rcu() vms_synchronize_rcu()
#define call_rcu(head, func) vms_call_rcu(head, func)
#define rcu_barrier() vms_rcu_barrier()
#endif

#include <vmastore/end.h>

#endif
