/* SPDX-License-Identifier: MIT */
/*
 * thread_slot.h - what lib/sync keeps for each thread: a small number of its
 * own, and what is to be undone when it exits.
 *
 * Where to read next: pcounter.h (the slots' user), objcache.c and rcu.c (the
 * exits').
 */
#ifndef VMS_SYNC_THREAD_SLOT_H
#define VMS_SYNC_THREAD_SLOT_H

#include <vmastore/compiler.h>

/*
 * Thread-local storage of the library. VMS_TLS_MODEL says why all of it
 * together must stay near a hundred bytes.
 */
#define VMS__TLS __thread VMS_TLS_MODEL
/* for declarations in headers: -fvisibility speaks of definitions only */
#define VMS__HIDDEN __attribute__((visibility("hidden")))

#define VMS__SLOTS 128u /* slot 0 is shared; 1 to VMS__SLOTS - 1 have one holder each */

extern VMS__TLS VMS__HIDDEN unsigned int vms__thread_slot_plus_one; /* 0: not yet asked for */
unsigned int vms__thread_slot_take(void);

/*
 * A small number that this thread alone holds, or 0, shared by the threads that
 * found none free. Given back when the thread exits. Whoever holds the number
 * next sees all that this holder did (release at exit, acquire when taken).
 */
static inline unsigned int vms__thread_slot(void)
{
	unsigned int plus_one = vms__thread_slot_plus_one;

	return likely(plus_one) ? plus_one - 1 : vms__thread_slot_take();
}

/*
 * One more than the highest slot that was ever held: what a sum over slots must
 * visit. Never falls.
 */
unsigned int vms__thread_slots_used(void);

/* What a thread may have to undo, in the order in which it is undone. */
enum vms__thread_exit { VMS__EXIT_OBJCACHE, VMS__EXIT_SLOT, VMS__EXIT_RCU, VMS__NR_EXITS };

/*
 * Have @undo called when this thread exits; again only after it was called. It
 * runs with all signals blocked, after those destructors of the program's own
 * thread-specific data that run in the same round, and again after each round
 * in which the library was used. Stops the program if the C library has no room
 * (as it would lose memory or leave a dead thread among the readers). A signal
 * handler may call it (thread_slot.c says where not).
 */
void vms__thread_at_exit(enum vms__thread_exit which, void (*undo)(void));

/* Undo now what is to be undone when this thread exits. */
void vms__thread_undo(void);

#endif
