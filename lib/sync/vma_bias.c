/* SPDX-License-Identifier: MIT */
/*
 * vma_bias.c - the slots, the writer's side, and when to bias. Locks: see each
 * function. Read first: lib/sync/vma_bias.h.
 */
#include "lib/sync/vma_bias.h"

#include <pthread.h>

#include "lib/sync/assert.h"
#include "lib/sync/clock.h"
#include "lib/sync/futex.h"
#include "lib/sync/spinlock.h"

/*
 * While no bias may be set, a thread reads the clock at one of this many
 * meetings.
 */
#define MEETINGS_PER_LOOK 8u /* a power of two */

struct vms__bias_slot vms__bias_slots[VMS__SLOTS + 1];
_Atomic unsigned long vms__bias_fences;

/*
 * No new bias is set before this time (CLOCK_MONOTONIC, nanoseconds). 0: no
 * revocation lately.
 */
static _Atomic unsigned long not_before;

struct vms__bias_slot *vms__bias_slot_take(void)
{
	/* 0: the shared slot, which all threads without a free number get. */
	unsigned int slot = vms__thread_slot();

	return slot ? &vms__bias_slots[slot + 1] : NULL;
}

/*
 * An exchange, because a signal handler may come between a load and a store.
 * Relaxed: the reader has not accessed the VMA.
 */
bool vms__bias_undo(struct vms__bias_slot *slot)
{
	bool ours = atomic_exchange_explicit(&slot->held, 0, memory_order_relaxed);

	vms__fence_light();
	if (unlikely(atomic_load_explicit(&slot->sleeper, memory_order_relaxed)))
		vms__bias_wake(slot);
	return ours;
}

/*
 * Wakes all writers that sleep on the slot, whichever VMA they wait for; they
 * look again.
 */
void vms__bias_wake(struct vms__bias_slot *slot)
{
	atomic_store_explicit(&slot->sleeper, 0, memory_order_relaxed);
	vms__futex_wake(&slot->sleeper, VMS__FUTEX_ALL);
}

#ifndef VMS__BIAS_MODEL
static unsigned long now(void)
{
	return (unsigned long)vms__clock_ns();
}
#endif

bool vms__bias_pays(void)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];
	unsigned long until = atomic_load_explicit(&not_before, memory_order_relaxed);

	if (!vms__fence_is_asymmetric())
		return false;
	if (slot < &vms__bias_slots[VMS__BIAS_FIRST])
		slot = vms__bias_slot_take();
	if (!slot)
		return false;
	if (likely(!until))
		return true;
	if (++slot->skipped % MEETINGS_PER_LOOK || now() < until)
		return false;
	/* If another revocation has come in between, its time stays. */
	return atomic_compare_exchange_strong_explicit(&not_before, &until, 0, memory_order_relaxed,
						       memory_order_relaxed);
}

bool vms__bias_is_keen(bool met)
{
	struct vms__bias_slot *slot = &vms__bias_slots[VMS__BIAS_SELF];

	/* A thread without a slot of its own has nowhere to keep the number. */
	if (unlikely(slot < &vms__bias_slots[VMS__BIAS_FIRST]))
		return met;
	if (met) {
		slot->keen = VMS__BIAS_KEEN;
		return true;
	}
	if (likely(!slot->keen))
		return false;
	/*
	 * During the rest after a revocation only another meeting makes a
	 * thread keen.
	 */
	slot->keen = atomic_load_explicit(&not_before, memory_order_relaxed) ? 0 : slot->keen - 1;
	return slot->keen;
}

static bool holds(struct vms__bias_slot *slot, const _Atomic unsigned long *stamp)
{
	/* acquire: pairs with P5 */
	return atomic_load_explicit(&slot->held, memory_order_acquire) == (unsigned long)stamp;
}

static void wait_slot(struct vms__bias_slot *slot, const _Atomic unsigned long *stamp)
{
	for (unsigned int spins = vms__spin_budget(); spins; spins--) {
		if (!holds(slot, stamp))
			return;
		vms__cpu_relax();
	}
	for (;;) {
		/*
		 * Either the reader sees that a writer sleeps, or the check
		 * below sees that the reader has left.
		 */
		atomic_store_explicit(&slot->sleeper, 1, VMS__ASYM_STORE);
		vms__fence_heavy();
		if (!holds(slot, stamp))
			return;
		vms__futex_wait(&slot->sleeper, 1, NULL);
	}
}

void vms__bias_fence(void)
{
	unsigned long began = now(), ended, rest;

#ifndef VMS_PLANT_BIAS_NO_FENCE
	vms__fence_heavy();
#endif
	atomic_fetch_add_explicit(&vms__bias_fences, 1, memory_order_relaxed);
	ended = now();
	rest = VMS__BIAS_REST * (ended - began);
	if (unlikely(rest > VMS__BIAS_REST_MAX))
		rest = VMS__BIAS_REST_MAX;
	atomic_store_explicit(&not_before, ended + rest, memory_order_relaxed);
}

void vms__bias_wait(const _Atomic unsigned long *stamp)
{
	/*
	 * This is read after the fence, so it includes the slot of any reader
	 * that the fence has made visible.
	 */
	for (unsigned int i = VMS__BIAS_FIRST; i <= vms__thread_slots_used(); i++)
		wait_slot(&vms__bias_slots[i], stamp);
}

bool vms__bias_held_by_any(const _Atomic unsigned long *stamp)
{
	for (unsigned int i = VMS__BIAS_FIRST; i <= vms__thread_slots_used(); i++)
		if (holds(&vms__bias_slots[i], stamp))
			return true;
	return false;
}

#ifndef VMS__BIAS_MODEL

/* The child of a fork has one thread. */
static void fork_child(void)
{
	for (unsigned int i = 0; i <= VMS__SLOTS; i++) {
		struct vms__bias_slot *slot = &vms__bias_slots[i];

		atomic_store_explicit(&slot->sleeper, 0, memory_order_relaxed);
		if (i == VMS__BIAS_SELF)
			continue;
		atomic_store_explicit(&slot->held, 0, memory_order_relaxed);
		slot->nested = 0;
	}
}

__attribute__((constructor(200))) static void bias_init(void)
{
	VMS_BUG_ON(pthread_atfork(NULL, NULL, fork_child));
}

#endif
