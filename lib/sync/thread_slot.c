/* SPDX-License-Identifier: MIT */
/*
 * thread_slot.c - the bitmap of slots, and the one destructor that undoes what the library keeps for a thread.
 *
 * Locks: none; the bitmap is atomic. Read first: thread_slot.h.
 */
#include "lib/sync/thread_slot.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "lib/sync/assert.h"

#define WORD_BITS 64u

VMS__TLS unsigned int vms__thread_slot_plus_one;

/* Bit set: held. Slot 0 is never handed out. */
static _Atomic uint64_t slots[VMS__SLOTS / WORD_BITS] = {1};
static _Atomic unsigned int slots_used = 1;

/*
 * The C library calls the destructors of thread-specific data in rounds, as long as one of them sets its data anew, but no more
 * than PTHREAD_DESTRUCTOR_ITERATIONS (4) times. Ours lets one round pass, so that the program's destructors come first, acts in the
 * second, and once more in the third if the library was used in between. Who uses it after that stops the program: in the fourth
 * TSan takes its leave of the thread, and after it the thread could no longer be taken off the list of readers.
 */
#define ACTING_ROUND 2u
#define LAST_ROUND 3u
_Static_assert(PTHREAD_DESTRUCTOR_ITERATIONS > LAST_ROUND, "rounds to wait in");

static pthread_key_t exit_key;
static VMS__TLS void (*undo_at_exit[VMS__NR_EXITS])(void);
static VMS__TLS unsigned int exit_round; /* 0: this thread is not exiting */
static VMS__TLS unsigned int undoing;    /* number of entries of undo_at_exit whose turn has come; 0: not at it */

/* The round that the destructor will be called in is what the key holds. */
static void arm_exit(unsigned int round)
{
	VMS_BUG_ON(round > LAST_ROUND);
	VMS_BUG_ON(pthread_setspecific(exit_key, (void *)(uintptr_t)round));
}

static void thread_exits(void *round)
{
	exit_round = (unsigned int)(uintptr_t)round;
	if (exit_round < ACTING_ROUND) {
		arm_exit(exit_round + 1);
		return;
	}
	for (unsigned int i = 0; i < VMS__NR_EXITS; i++) {
		void (*undo)(void) = undo_at_exit[i];

		undo_at_exit[i] = NULL;
		undoing = i + 1;
		if (undo)
			undo();
	}
	undoing = 0;
}

void vms__thread_at_exit(enum vms__thread_exit which, void (*undo)(void))
{
	undo_at_exit[which] = undo;
	/* One undoing may need what another undoes later: its turn comes in this round. */
	if (!undoing || which < undoing)
		arm_exit(exit_round + 1);
}

/* Pairs, by the release, with the acquire in take_bit(): the next holder continues with what this one left in its rows. */
static void slot_give_back(void)
{
	unsigned int slot = vms__thread_slot_plus_one - 1;

	vms__thread_slot_plus_one = 0;
	atomic_fetch_and_explicit(&slots[slot / WORD_BITS], ~(UINT64_C(1) << slot % WORD_BITS), memory_order_release);
}

/* The lowest free slot of word @w, or 0. */
static unsigned int take_bit(unsigned int w)
{
	uint64_t bits = atomic_load_explicit(&slots[w], memory_order_relaxed);

	while (~bits) {
		unsigned int bit = (unsigned int)__builtin_ctzll(~bits);

		/* Acquire: pairs with the release in slot_give_back(). */
		if (atomic_compare_exchange_weak_explicit(&slots[w], &bits, bits | UINT64_C(1) << bit, memory_order_acquire,
							  memory_order_relaxed))
			return w * WORD_BITS + bit;
	}
	return 0;
}

/* Relaxed: who must see a row's additions has an order with them from elsewhere, and this store comes before them. */
static void note_used(unsigned int slot)
{
	unsigned int used = atomic_load_explicit(&slots_used, memory_order_relaxed);

	while (used <= slot &&
	       !atomic_compare_exchange_weak_explicit(&slots_used, &used, slot + 1, memory_order_relaxed, memory_order_relaxed))
		;
}

unsigned int vms__thread_slot_take(void)
{
	unsigned int slot = 0;

	for (unsigned int w = 0; w < VMS__SLOTS / WORD_BITS && !slot; w++)
		slot = take_bit(w);
	vms__thread_slot_plus_one = slot + 1;
	if (slot) {
		note_used(slot);
		vms__thread_at_exit(VMS__EXIT_SLOT, slot_give_back);
	}
	return slot;
}

unsigned int vms__thread_slots_used(void)
{
	return atomic_load_explicit(&slots_used, memory_order_relaxed);
}

/* In the child of a fork there is one thread: the slots of the others are free again. Their rows keep their counts. */
static void fork_child(void)
{
	unsigned int own = vms__thread_slot_plus_one ? vms__thread_slot_plus_one - 1 : 0;

	for (unsigned int w = 0; w < VMS__SLOTS / WORD_BITS; w++) {
		uint64_t held = (w == 0) | (own / WORD_BITS == w ? UINT64_C(1) << own % WORD_BITS : 0);

		atomic_store_explicit(&slots[w], held, memory_order_relaxed);
	}
}

/* Early: before any constructor that may use the library, and while the C library still has keys that need no memory. */
__attribute__((constructor(200))) static void thread_slot_init(void)
{
	VMS_BUG_ON(pthread_key_create(&exit_key, thread_exits));
	VMS_BUG_ON(pthread_atfork(NULL, NULL, fork_child));
}
