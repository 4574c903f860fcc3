/* SPDX-License-Identifier: MIT */
/*
 * rcu_internal.h - what the files of the binding to liburcu share. Nobody else
 * includes it.
 *
 * rcu.c         registration, the read side, waiting for a grace period
 * rcu_call.c    the queue of callbacks and the thread that makes them
 * rcu_forked.c  grace periods in the child of a fork, without liburcu's
 */
#ifndef VMS_SYNC_RCU_INTERNAL_H
#define VMS_SYNC_RCU_INTERNAL_H

#include "lib/sync/rcu.h"

#ifdef VMS_RCU_QSBR
#include <urcu/urcu-qsbr.h>
#define URCU(name) urcu_qsbr_##name
#else
#include <urcu/urcu-memb.h>
#define URCU(name) urcu_memb_##name
#endif

/* ---- rcu.c --------------------------------------------------------------- */

/*
 * Wait for a grace period. The calling thread is in no section; under QSBR it
 * is offline or was never registered.
 */
void vms__rcu_grace_period(void);

/*
 * A QSBR thread that sleeps must not hold up grace periods meanwhile. Return:
 * what vms__rcu_online_again() needs. Under the default flavour both do
 * nothing.
 */
bool vms__rcu_offline_to_sleep(void);
void vms__rcu_online_again(bool was_online);

/*
 * Is this thread in a read section? @if_unknown: the answer where that cannot
 * be told (QSBR).
 */
bool vms__rcu_in_section(bool if_unknown);

/* ---- rcu_call.c ---------------------------------------------------------- */

/* Is this thread at a callback? */
extern VMS__TLS VMS__HIDDEN bool vms__rcu_in_callback;

/* ---- rcu_forked.c -------------------------------------------------------- */

/*
 * This process is the child of a fork. Only a child handler of fork writes it,
 * while the process has one thread.
 */
extern VMS__HIDDEN bool vms__rcu_forked;

/*
 * Make the calling thread a reader of this process. Locks: none; all signals
 * are blocked.
 */
void vms__rcu_forked_register(void);
/* Undo that, if it was done. Locks: none; all signals are blocked. */
void vms__rcu_forked_unregister(void);
/* As vms__rcu_grace_period(). */
void vms__rcu_forked_grace_period(void);
/*
 * fork's child handler. @reader: is the forking thread registered, and known to
 * the library?
 */
void vms__rcu_forked_begin(bool reader);

#endif
