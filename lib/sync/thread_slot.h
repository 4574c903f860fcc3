/* SPDX-License-Identifier: MIT */
/*
 * thread_slot.h - what lib/sync keeps for each thread: a small number of its
 * own, and the undo functions to call when it exits.
 *
 * Locks: none. Read next: pcounter.h (which uses the slots), objcache.c and
 *        rcu.c (which register undo functions).
 */
#ifndef VMS_SYNC_THREAD_SLOT_H
#define VMS_SYNC_THREAD_SLOT_H

#include <vmastore/compiler.h>

/*
 * The library's thread-local storage. VMS_TLS_MODEL says why all of it together
 * must stay near a hundred bytes.
 */
#define VMS__TLS __thread VMS_TLS_MODEL
/* For declarations in headers: -fvisibility applies to definitions only. */
#define VMS__HIDDEN __attribute__((visibility("hidden")))

#define VMS__SLOTS 128u /* slot 0 is shared; 1 to VMS__SLOTS - 1 have one holder each */

extern VMS__TLS VMS__HIDDEN unsigned int vms__thread_slot_plus_one; /* 0: not assigned */
unsigned int vms__thread_slot_take(void);

/*
 * A small number that this thread alone holds; or 0, which is shared by the
 * threads that found no free number. The number is given back when the thread
 * exits. The next holder of a number sees everything that this holder did
 * (release at exit, acquire when taken).
 */
static inline unsigned int vms__thread_slot(void)
{
	unsigned int plus_one = vms__thread_slot_plus_one;

	return likely(plus_one) ? plus_one - 1 : vms__thread_slot_take();
}

/*
 * One more than the highest slot that was ever held: a sum must visit all slots
 * below this. It never decreases.
 */
unsigned int vms__thread_slots_used(void);

/*
 * What a thread may have to undo at exit, in the order in which that happens.
 */
enum vms__thread_exit { VMS__EXIT_OBJCACHE, VMS__EXIT_SLOT, VMS__EXIT_RCU, VMS__NR_EXITS };

/*
 * Have @undo called once when this thread exits; the caller must register it
 * anew after that. @undo runs with all signals blocked, after those destructors
 * of the program's own thread-specific data that run in the same round, and
 * again after each round in which the library was used. Stops the program if
 * the C library has no room for the registration, because memory would leak or
 * a dead thread would stay among the readers. A signal handler may call this
 * (thread_slot.c names the exception).
 */
void vms__thread_at_exit(enum vms__thread_exit which, void (*undo)(void));

/* Call now the undo functions that are due when this thread exits. */
void vms__thread_undo(void);

#endif
