/* SPDX-License-Identifier: MIT */
/*
 * rcu_internal.h - declarations that the files of the binding to liburcu share.
 * No other file includes it.
 *
 *   rcu.c         registration, the read side, waiting for a grace period
 *   rcu_call.c    the queue of callbacks and the thread that runs them
 *   rcu_forked.c  grace periods in the child of a fork, without liburcu's locks
 *
 * Locks: see each file's first comment. Read next: rcu.c.
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
 * Wait for a grace period. The calling thread must be in no section; under QSBR
 * it must be offline or never registered.
 */
void vms__rcu_grace_period(void);

/*
 * Take an online QSBR reader offline before it sleeps, because it would hold up
 * grace periods meanwhile.
 * Return: the value to pass to vms__rcu_online_again(). Under the default
 *         flavour both do nothing.
 */
bool vms__rcu_offline_to_sleep(void);
void vms__rcu_online_again(bool was_online);

/*
 * Return: whether this thread is in a read section; @if_unknown where that is
 *         unknown (QSBR).
 */
bool vms__rcu_in_section(bool if_unknown);

/* ---- rcu_forked.c -------------------------------------------------------- */

/*
 * Whether this process is the child of a fork. Only a fork's child handler
 * writes it, while the process has one thread.
 */
extern VMS__HIDDEN bool vms__rcu_forked;

/*
 * Register the calling thread as a reader of this process. Locks: none; all
 * signals must be blocked.
 */
void vms__rcu_forked_register(void);
/*
 * Undo vms__rcu_forked_register(), if the thread is registered. Locks: none;
 * all signals must be blocked.
 */
void vms__rcu_forked_unregister(void);
/* vms__rcu_grace_period() for the child of a fork. */
void vms__rcu_forked_grace_period(void);
/*
 * The fork's child handler calls this. @reader: whether the forking thread is
 * registered and known to the library.
 */
void vms__rcu_forked_begin(bool reader);

#endif
