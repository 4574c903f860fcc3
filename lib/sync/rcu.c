/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - the binding to liburcu: registration of threads, the read side, grace
 * periods, and what TSan must be told.
 *
 * Locks: none of its own. Registration takes one of liburcu's locks for a
 * moment, with all signals blocked, because a signal handler may at any time
 * make the thread's first lookup, which registers the thread. Read first:
 * include/vmastore/rcu.h. Where to read next: rcu_call.c (callbacks),
 * rcu_forked.c (after a fork).
 */
#define VMS_NO_RCU_NAMES
#define VMS_RCU_NO_INLINE /* the functions are defined here */
#include "lib/sync/rcu.h"

#include <pthread.h>

#include "lib/sync/assert.h"
#include "lib/sync/cancel.h"
#include "lib/sync/rcu_internal.h"
#include "lib/sync/signals.h"
#include "lib/sync/thread_slot.h"

/*
 * The order that TSan cannot see in liburcu. A section that ends before a grace
 * period does releases `grace`, and the thread that waited for that grace
 * period acquires it. A section's beginning acquires nothing, because that
 * would hide a pointer published without release.
 */
static char grace;

/* ---- registration -------------------------------------------------------- */

/*
 * The reader of a thread that is not registered: in no section, never written.
 */
static vms__urcu_reader_t no_reader;
VMS__TLS vms__urcu_reader_t *vms__rcu_reader = &no_reader;

/* Whether the library, not the program, registered this thread with liburcu. */
static VMS__TLS bool registered_here;

/* ---- support for the public header's inlines ----------------------------- */

/*
 * Whether this thread may open sections inline, without a call. If the program
 * registered the thread, it may also unregister it at any time, which only the
 * functions notice.
 */
#if VMS__TSAN || defined(VMS_DEBUG) || defined(VMS_RCU_QSBR)
#define MAY_INLINE false
#else
#define MAY_INLINE (registered_here && urcu_memb_has_sys_membarrier)
#endif

__thread struct vms_rcu_self vms_rcu_self VMS_TLS_MODEL;

#ifndef VMS_RCU_QSBR
_Static_assert(offsetof(struct urcu_gp, ctr) == offsetof(struct vms_rcu_gp, ctr) &&
		       offsetof(struct urcu_gp, futex) == offsetof(struct vms_rcu_gp, futex) &&
		       sizeof(urcu_memb_gp.futex) == sizeof(int),
	       "rcu.h describes liburcu's global state");
_Static_assert(URCU_GP_COUNT == 1 && URCU_GP_CTR_NEST_MASK == UINT32_MAX,
	       "rcu.h counts sections as liburcu does");
#endif

/* All signals must be blocked. */
static void self_set(void)
{
#ifndef VMS_RCU_QSBR
	vms_rcu_self.gp = (const struct vms_rcu_gp *)&urcu_memb_gp;
#endif
	vms_rcu_self.word = MAY_INLINE ? &VMS__URCU_READER.ctr : NULL;
}

void vms_rcu_wake(void)
{
#ifndef VMS_RCU_QSBR
	urcu_common_wake_up_gp(&urcu_memb_gp);
#endif
}

/* ---- registration, continued --------------------------------------------- */

/* All signals must be blocked. */
static void unregister(void)
{
	VMS_ASSERT(!vms__rcu_in_section(false));
	if (vms__rcu_forked)
		vms__rcu_forked_unregister();
	else if (registered_here && VMS__URCU_READER.registered)
		URCU(unregister_thread)();
	if (registered_here && vms__rcu_forked)
		VMS__URCU_READER.registered = 0;
	registered_here = false;
	vms_rcu_self.word = NULL;
	vms__rcu_reader = &no_reader;
}

void vms__rcu_register(void)
{
	sigset_t saved;

	vms__signals_block(&saved);
	vms__thread_at_exit(VMS__EXIT_RCU, unregister);
	registered_here |= !VMS__URCU_READER.registered;
	if (vms__rcu_forked)
		vms__rcu_forked_register();
	else if (!VMS__URCU_READER.registered)
		URCU(register_thread)();
	vms__rcu_reader = &VMS__URCU_READER;
	self_set();
	vms__signals_restore(&saved);
}

static void ensure_registered(void)
{
	if (unlikely(!vms__rcu_reader->registered))
		vms__rcu_register();
}

void vms_thread_unregister(void)
{
	vms__thread_undo();
}

/* ---- the read side ------------------------------------------------------- */

/*
 * Debug builds count the sections that a thread has open, and number them. A
 * thread's numbers start at a value made from the address of its thread-local
 * storage, so that two threads' numbers are unlikely to be equal.
 */
#ifdef VMS_DEBUG
static VMS__TLS unsigned int nesting;
/* The outermost section that is open, or the last one; 0: there was none. */
static VMS__TLS uint32_t section;
#endif

static void section_begins(void)
{
#ifdef VMS_DEBUG
	if (nesting++)
		return;
	if (!section)
		section = (uint32_t)((uintptr_t)&section >> 6) * 0x9e3779b1u;
	section += 1 + (section == UINT32_MAX);
#endif
}

static void section_ends(void)
{
#ifdef VMS_DEBUG
	/*
	 * The count is 0 if the program opened the section by liburcu's own
	 * call.
	 */
	nesting -= nesting != 0;
#endif
}

#ifdef VMS_DEBUG
uint32_t vms__rcu_section(void)
{
	return nesting ? section : 0;
}
#endif

/*
 * Whether this thread is in a read section. The membarrier flavour of liburcu
 * knows. The QSBR flavour knows only which threads are online, so debug builds
 * use their own count and other builds cannot tell.
 */
#ifdef VMS_RCU_QSBR

bool vms__rcu_in_section(bool if_unknown)
{
#ifdef VMS_DEBUG
	(void)if_unknown;
	return nesting != 0;
#else
	return if_unknown;
#endif
}

#else

bool vms__rcu_in_section(bool if_unknown)
{
	(void)if_unknown;
	return VMS__URCU_READER.registered && _urcu_memb_read_ongoing();
}

#endif

#if VMS__TSAN || defined(VMS_RCU_QSBR)

static void section_open(void)
{
	URCU(read_lock)();
}

static void section_close(void)
{
	URCU(read_unlock)();
}

#else

/*
 * The same steps as _urcu_memb_read_lock() and _urcu_memb_read_unlock(), on the
 * reader that vms__rcu_reader names.
 */
static void section_open(void)
{
	vms__urcu_reader_t *reader = vms__rcu_reader;
	unsigned long ctr;

	cmm_barrier();
	ctr = reader->ctr;
	if (likely(!(ctr & URCU_GP_CTR_NEST_MASK))) {
		_CMM_STORE_SHARED(reader->ctr, _CMM_LOAD_SHARED(urcu_memb_gp.ctr));
		urcu_memb_smp_mb_slave();
	} else {
		_CMM_STORE_SHARED(reader->ctr, ctr + URCU_GP_COUNT);
	}
}

static void section_close(void)
{
	vms__urcu_reader_t *reader = vms__rcu_reader;
	unsigned long ctr = reader->ctr;

	if (likely((ctr & URCU_GP_CTR_NEST_MASK) == URCU_GP_COUNT)) {
		urcu_memb_smp_mb_slave();
		_CMM_STORE_SHARED(reader->ctr, ctr - URCU_GP_COUNT);
		urcu_memb_smp_mb_slave();
		urcu_common_wake_up_gp(&urcu_memb_gp);
	} else {
		_CMM_STORE_SHARED(reader->ctr, ctr - URCU_GP_COUNT);
	}
	cmm_barrier();
}

#endif

/*
 * This must not call vms__rcu_read_lock(), which calls this function where
 * nothing is inlined.
 */
void vms_rcu_read_lock(void)
{
	ensure_registered();
	section_open();
	section_begins();
}

void vms_rcu_read_unlock(void)
{
	VMS_ASSERT(vms__rcu_in_section(true));
	section_ends();
	vms__tsan_release(&grace);
	section_close();
}

bool vms_rcu_read_lock_held(void)
{
#ifdef VMS_DEBUG
	return vms__rcu_in_section(true);
#else
	return true;
#endif
}

/* ---- the write side ------------------------------------------------------ */

bool vms__rcu_offline_to_sleep(void)
{
#ifdef VMS_RCU_QSBR
	if (VMS__URCU_READER.registered && urcu_qsbr_read_ongoing()) {
		urcu_qsbr_thread_offline();
		return true;
	}
#endif
	return false;
}

void vms__rcu_online_again(bool was_online)
{
#ifdef VMS_RCU_QSBR
	if (was_online)
		urcu_qsbr_thread_online();
#else
	(void)was_online;
#endif
}

void vms__rcu_grace_period(void)
{
#ifndef VMS_RCU_QSBR
	/*
	 * Register now. If a signal handler made this thread's first lookup
	 * while the thread holds the locks of the grace period, registration
	 * would deadlock.
	 */
	ensure_registered();
#endif
	if (vms__rcu_forked)
		vms__rcu_forked_grace_period();
	else
		URCU(synchronize_rcu)();
	vms__tsan_acquire(&grace);
}

void vms_synchronize_rcu(void)
{
	bool was_online;
	int cancel;

	VMS_ASSERT(!vms__rcu_in_section(false));
	/* The grace period also covers what this thread itself read before. */
	vms__tsan_release(&grace);
	cancel = vms__cancel_disable();
	was_online = vms__rcu_offline_to_sleep();
	vms__rcu_grace_period();
	vms__rcu_online_again(was_online);
	vms__cancel_restore(cancel);
}

/* ---- quiescence (QSBR) --------------------------------------------------- */

void vms_rcu_quiescent(void)
{
#ifdef VMS_RCU_QSBR
	VMS_ASSERT(!vms__rcu_in_section(false));
	if (VMS__URCU_READER.registered) {
		vms__tsan_release(&grace);
		urcu_qsbr_quiescent_state();
	}
#endif
}

void vms_rcu_thread_offline(void)
{
#ifdef VMS_RCU_QSBR
	VMS_ASSERT(!vms__rcu_in_section(false));
	if (VMS__URCU_READER.registered) {
		vms__tsan_release(&grace);
		urcu_qsbr_thread_offline();
	}
#endif
}

void vms_rcu_thread_online(void)
{
#ifdef VMS_RCU_QSBR
	ensure_registered();
	urcu_qsbr_thread_online();
#endif
}

/* ---- fork ---------------------------------------------------------------- */

/*
 * From here on this process uses none of liburcu's locks and lists: see
 * rcu_forked.c.
 */
static void fork_child(void)
{
	vms__rcu_forked_begin(vms__rcu_reader->registered);
}

__attribute__((constructor(202))) static void rcu_init(void)
{
	VMS_BUG_ON(pthread_atfork(NULL, NULL, fork_child));
}
