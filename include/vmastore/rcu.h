/* SPDX-License-Identifier: MIT */
/*
 * rcu.h - read-copy-update: readers that write no shared memory and wait for no
 * other thread, and writers that wait, or have a function called, once every
 * reader that could still see the old state has left its read section.
 *
 * A thread is registered at its first use of the library and unregistered when
 * it exits; vms_thread_unregister() does it earlier. Destructors of
 * thread-specific data may use the library in any of the C library's rounds.
 * (One case is not covered: a thread whose very first use is in the last round,
 * in a destructor whose key is not among the first 32.)
 *
 * The library uses liburcu: its membarrier flavour, or, if the library was
 * built with VMS_RCU_QSBR, its quiescent-state flavour. Under the latter each
 * thread that ever read must say now and then that it holds no reference
 * (vms_rcu_quiescent()), or that it will not read for a while
 * (vms_rcu_thread_offline()). Under the default flavour these calls do nothing.
 *
 * The kernel's names (rcu_read_lock(), ...) are macros for the vms_ names. A
 * program that uses liburcu's own macros of these names includes <urcu.h>
 * before any header of this library, or defines VMS_NO_RCU_NAMES (or
 * VMS_NO_KERNEL_NAMES, compiler.h), and then writes the vms_ names. A thread
 * that the program itself registers with liburcu's membarrier flavour must be
 * registered before it first calls this library; each begin and each end of its
 * read sections takes a call, because the inline forms do not serve it.
 *
 * May the row be called inside the column?
 *                            read section   callback   signal handler
 *   read_lock, read_unlock   yes            yes        yes (in pairs)
 *   call_rcu                 yes            yes        no
 *   synchronize_rcu          no             yes        no
 *   rcu_barrier              no             no         no
 *   fork(2)                  yes            yes        no
 *
 * Signals. A signal handler may read: vms_rcu_read_lock() and
 * vms_rcu_read_unlock(), and the lookups that maple_tree.h and mm.h name. The
 * handler may interrupt any thread at any point, also a thread that has never
 * used the library, and any call of the library, also a writer's. It must leave
 * each section that it enters. It may call nothing else of the library. Two
 * restrictions: under VMS_RCU_QSBR, a handler may read only on threads that are
 * online; and if the library is loaded at run time after the program has
 * created 32 keys of thread-specific data, a thread's first use must not be in
 * a handler.
 *
 * When a thread that has used the library exits, the library's destructor
 * blocks all signals on that thread except for those of its own faults (SIGSEGV
 * and the like), because a lookup in a handler would register the thread anew.
 * The destructor runs after the program's destructors of the first round; the
 * program's destructors of later rounds run with signals blocked.
 *
 * Cancellation. No call of the library is a cancellation point, except for
 * calls that write to a FILE, which hold no lock while they write. A thread may
 * be cancelled at any time, but not asynchronously inside a call.
 *
 * The library's thread. One thread of the library's, named "vms-rcu", makes all
 * callbacks, with every signal blocked. The first address space, or the first
 * node of a tree in RCU mode, creates it, and fails with -ENOMEM if it cannot;
 * without either, the first vms_call_rcu() creates it. That call never fails:
 * while there is no thread, callbacks stay queued, later calls try again to
 * create the thread, and vms_rcu_barrier() makes the callbacks itself. A
 * callback that faults ends the process, whatever handler the program has for
 * the fault. A host that wants no thread of the library's, or wants callbacks
 * on a thread of its own, calls vms_rcu_host_callbacks() first (host.h).
 *
 * Fork. A program may call fork(2) anywhere, also in a read section or in a
 * callback. The call waits for no reader, no grace period and no callback. It
 * takes locks of the library; no thread that holds one of them waits for a
 * reader, for a callback or for a lock of the program's. (That requires the
 * usual order of handlers: a handler of pthread_atfork(3) that takes a lock
 * under which the program calls the library must be registered after the
 * library was loaded.)
 *
 * The library blocks the forking thread's signals from the first of its fork
 * handlers to the last, so that in the child no signal handler reads before it
 * may.
 *
 * The child may use the library if no other thread was inside a call of it; the
 * library's own thread does not count. In the child,
 *   - callbacks that were queued are made, by a new thread that is created when
 *     it is first needed, or by the host if it made them before. A callback
 *     that another thread was making at the time of the fork is not made again;
 *   - a section that the forking thread is in stays open;
 *   - objects that the other threads had cached, or deferred in batches of
 *     their own, are lost;
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
 * Room for one vms_call_rcu(), inside the object that is to be freed. It
 * belongs to the library from the call to the callback.
 */
struct vms_rcu_head {
	struct vms_rcu_head *next;
	void (*func)(struct vms_rcu_head *head);
};

/**
 * vms_rcu_read_lock() - Begin a read section: objects that are reachable now
 * stay allocated until the matching vms_rcu_read_unlock().
 *
 * Optimising compilers inline the pair (below), some twenty instructions. The
 * functions remain for all other callers: calls by address, dlsym(3), and
 * programs that define VMS_RCU_NO_INLINE.
 *
 * Locks:    Any; takes none that a writer holds. Sections nest.
 * Ordering: None by itself: an object's contents are ordered by the acquire
 *           load of the pointer that leads to it.
 * Progress: Wait-free after the thread's first call.
 */
VMS_API void vms_rcu_read_lock(void);
/**
 * vms_rcu_read_unlock() - End the read section that the last
 * vms_rcu_read_lock() of this thread began. In nested sections only the
 * outermost end lets a grace period end.
 *
 * Locks:    Any.
 * Ordering: None by itself, but the section's reads happen before the end of a
 *           grace period that waited for this section.
 * Progress: Wait-free; wakes a grace period that waits for this thread.
 */
VMS_API void vms_rcu_read_unlock(void);

/* ---- the same, inline ---------------------------------------------------- */

/*
 * The library's alone: the beginning of liburcu's global state. lib/sync/rcu.c
 * checks that it matches liburcu.
 */
struct vms_rcu_gp {
	unsigned long ctr;
	int futex; /* -1: a grace period sleeps until a reader leaves */
};

/*
 * The library's alone: the calling thread as a reader. Its word counts the open
 * sections in its low half; the high half is a copy of the global word's.
 *
 * The pointer to the word is NULL wherever the functions must be called: before
 * the thread's first use, on threads that the program has registered with
 * liburcu itself, without membarrier(2), and in builds of the library that do
 * more at a section's ends (VMS_RCU_QSBR, VMS_DEBUG, ThreadSanitizer). So a
 * program need not know how the library was built.
 */
struct vms_rcu_self {
	unsigned long *word;
	const struct vms_rcu_gp *gp;
};
extern VMS_API __thread struct vms_rcu_self vms_rcu_self VMS_TLS_MODEL;

/*
 * The library's alone: the last step of a section's end. Wakes the grace period
 * that sleeps until a reader leaves; does nothing if none sleeps.
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

/* gnu_inline: calls that are not inlined call the library's functions. */
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
 * vms_rcu_read_lock_held() - Whether this thread is in a read section. For
 * assertions.
 *
 * Return: exact in debug builds; otherwise true.
 */
VMS_API bool vms_rcu_read_lock_held(void);

/**
 * vms_synchronize_rcu() - Wait for a grace period.
 *
 * RCU:      Not inside a read section: the call would wait for itself.
 * Locks:    None that a reader may wait for inside its section.
 * Ordering: All that this thread did before the call is visible to each section
 *           that begins after the return; all that a section which began before
 *           the call did happens before the return.
 * Progress: Blocks until every section that was open at the call has ended.
 */
VMS_API void vms_synchronize_rcu(void);

/**
 * vms_call_rcu() - Have the library's thread, or a thread of the host's
 * (host.h), call @func(@head) after a grace period.
 * @head: Inside the object. The caller does not touch it from now until @func
 *        runs.
 * @func: Must not wait for anything that may wait for a grace period or for
 *        other callbacks.
 *
 * Locks:    Any.
 * RCU:      Inside or outside a read section.
 * Ordering: All that this thread did before the call, and all that the sections
 *           open at the call do, happens before @func.
 * Progress: Waits for no reader and no callback. Creates the thread if there is
 *           none yet, unless the host makes callbacks.
 */
VMS_API void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head));

/**
 * vms_rcu_barrier() - Wait until every callback that was queued before the call
 * has been made, and every object that this thread freed before it is free.
 *
 * RCU:      Not inside a read section or a callback.
 * Locks:    None that a callback or a reader may wait for.
 * Ordering: What those callbacks did happens before the return.
 * Progress: Blocks.
 */
VMS_API void vms_rcu_barrier(void);

/**
 * vms_thread_unregister() - Unregister this thread, as its exit would.
 *
 * For hosts whose threads end without the C library, or that unload code or
 * data that a thread has used. The thread may use the library again, which
 * registers it anew. Does nothing on a thread that is not registered.
 *
 * RCU:      Not inside a read section.
 * Locks:    None of the library's: no lock of an address space, of a VMA, of a
 *           tree.
 * Progress: Does not wait for readers or callbacks.
 */
VMS_API void vms_thread_unregister(void);

/**
 * vms_rcu_quiescent() - State that this thread holds no reference that it
 * obtained in a read section. Does nothing except under VMS_RCU_QSBR.
 *
 * RCU: Not inside a read section.
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
