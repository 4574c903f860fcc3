/* SPDX-License-Identifier: MIT */
/*
 * rcu.h - read-copy-update: readers that write no shared memory and wait for nobody, and writers that wait, or have a call made,
 * until every reader that could still see the old state has left.
 *
 * Threads register themselves on first use and are unregistered when they exit. Underneath is liburcu: its membarrier
 * flavour, or, if the library was built with VMS_RCU_QSBR, its quiescent-state flavour, under which each thread that ever read must
 * say now and then that it holds no reference (vms_rcu_quiescent()), or that it will not read for a while
 * (vms_rcu_thread_offline()). Under the default flavour these calls do nothing.
 *
 * The kernel's names (rcu_read_lock(), ...) are macros for the vms_ names. A program that uses liburcu's own macros of these names
 * includes <urcu.h> before any header of this library, or defines VMS_NO_KERNEL_NAMES, and then writes the vms_ names.
 * A thread that the program registers with liburcu's membarrier flavour itself must be registered before it first calls this
 * library.
 *
 * Row may be called inside column?   read section   callback
 *   read_lock, read_unlock           yes            yes        (sections nest)
 *   call_rcu                         yes            yes
 *   synchronize_rcu                  no             yes
 *   rcu_barrier                      no             no
 *   fork(2)                          no             no
 *
 * After fork(2) in a program with more threads, the child may use the library if no other thread was inside a call of it. What
 * the other threads had deferred or cached is lost to the child.
 */
#ifndef VMASTORE_RCU_H
#define VMASTORE_RCU_H

#include <vmastore/compiler.h>

/* Room for one vms_call_rcu(); lives in the object that waits, and is the library's from the call to the callback. */
struct vms_rcu_head {
	struct vms_rcu_head *next;               /* liburcu's queue link */
	void (*run)(struct vms_rcu_head *head);  /* what liburcu calls */
	void (*func)(struct vms_rcu_head *head); /* what the caller asked for */
};

/**
 * vms_rcu_read_lock() - Begin a read section: what is reachable now stays allocated until the matching vms_rcu_read_unlock().
 *
 * Locks:    Any; takes none that a writer holds. Sections nest.
 * Ordering: None by itself: an object's contents are ordered by the acquire load of the pointer that leads to it.
 * Progress: Wait-free after the thread's first call.
 */
VMS_API void vms_rcu_read_lock(void);
VMS_API void vms_rcu_read_unlock(void);

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
 * Ordering: All that this thread did before is visible to each section that begins after the return; all that a section which began
 *           before the call did happens before the return.
 * Progress: Blocks until every section that was open at the call is over.
 */
VMS_API void vms_synchronize_rcu(void);

/**
 * vms_call_rcu() - Have @func(@head) called after a grace period, by a thread of the library's.
 * @head: Inside the object; untouched by the caller from now until @func runs.
 * @func: Must not wait for what may wait for a grace period or for other callbacks.
 *
 * Locks:    Any.
 * RCU:      Inside or outside a read section.
 * Ordering: All that this thread did before, and all that the sections then open do, happens before @func.
 * Progress: Does not block.
 */
VMS_API void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head));

/**
 * vms_rcu_barrier() - Wait until every callback is done that was queued before, and every object this thread freed before is free.
 *
 * RCU:      Not inside a read section or a callback.
 * Locks:    None that a callback or a reader may wait for.
 * Ordering: What those callbacks did happens before the return.
 */
VMS_API void vms_rcu_barrier(void);

/** vms_rcu_quiescent() - This thread holds no reference obtained in a read section. Built with VMS_RCU_QSBR; else does nothing. */
VMS_API void vms_rcu_quiescent(void);
/** vms_rcu_thread_offline() - As quiescent, and so it stays until _online(). No read section between. Else does nothing. */
VMS_API void vms_rcu_thread_offline(void);
VMS_API void vms_rcu_thread_online(void);

#if !defined(VMS_NO_KERNEL_NAMES) && !defined(_URCU_H) && !defined(_URCU_MEMB_H) && !defined(_URCU_MB_H) &&                        \
	!defined(_URCU_SIGNAL_H) && !defined(_URCU_BP_H) && !defined(_URCU_QSBR_H)
#define rcu_head vms_rcu_head
#define rcu_read_lock() vms_rcu_read_lock()
#define rcu_read_unlock() vms_rcu_read_unlock()
#define rcu_read_lock_held() vms_rcu_read_lock_held()
#define synchronize_rcu() vms_synchronize_rcu()
#define call_rcu(head, func) vms_call_rcu(head, func)
#define rcu_barrier() vms_rcu_barrier()
#endif

#endif
