/* SPDX-License-Identifier: MIT */
/*
 * rcupdate.h - RCU on liburcu, inlined: the qsbr flavour, or with SHIM_RCU_MEMB
 * the membarrier flavour.
 */
#ifndef SHIM_LINUX_RCUPDATE_H
#define SHIM_LINUX_RCUPDATE_H

#include <urcu/call-rcu.h>

#ifdef SHIM_RCU_MEMB
#include <urcu/static/urcu-memb.h>
#define SHIM_READER URCU_TLS(urcu_memb_reader)
#define SHIM_URCU(name) urcu_memb_##name
#define SHIM_URCU_INLINE(name) _urcu_memb_##name
#else
#include <urcu/static/urcu-qsbr.h>
#define SHIM_READER URCU_TLS(urcu_qsbr_reader)
#define SHIM_URCU(name) urcu_qsbr_##name
#define SHIM_URCU_INLINE(name) _urcu_qsbr_##name
#endif

#include "kernel.h"

static inline void rcu_read_lock(void)
{
	SHIM_URCU_INLINE(read_lock)();
}

static inline void rcu_read_unlock(void)
{
	SHIM_URCU_INLINE(read_unlock)();
}

/*
 * Call @func(@head) after a grace period, on this thread. The caller must not
 * be in a read section, because a full batch waits for the grace period.
 */
void shim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
#define call_rcu(head, func) shim_call_rcu(head, func)

#define rcu_dereference(p) READ_ONCE(p)
#define rcu_dereference_check(p, condition) READ_ONCE(p)
#define rcu_dereference_protected(p, condition) (p)
#define rcu_assign_pointer(p, value) __atomic_store_n(&(p), value, __ATOMIC_RELEASE)

#endif
