/* SPDX-License-Identifier: MIT */
/*
 * thread_slot.c - the bitmap of slots, and the one destructor that undoes what
 * the library has set up for a thread.
 *
 * Locks: none; the bitmap is atomic. Read first: thread_slot.h.
 */
#include "lib/sync/thread_slot.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "lib/sync/assert.h"
#include "lib/sync/pin.h"
#include "lib/sync/signals.h"

#define WORD_BITS 64u

VMS__TLS unsigned int vms__thread_slot_plus_one;

/* A set bit is a held slot. Slot 0 is never assigned. */
static _Atomic uint64_t slots[VMS__SLOTS / WORD_BITS] = {1};
static _Atomic unsigned int slots_used = 1;

/*
 * The C library calls the destructors of thread-specific data in rounds, as
 * long as one of them sets its data anew, up to PTHREAD_DESTRUCTOR_ITERATIONS
 * (4) times. Our destructor cannot know its round: a program's destructor may
 * be the first to use the library, in any round. So ours undoes everything
 * whenever it is called. If the library is used again, ours is called again, in
 * the next round or later in the same one.
 *
 * This requires that ours runs after the program's destructors of the same
 * round. A round takes the keys in the order of their numbers, with the GNU C
 * library and with musl. exit_key has the highest of those numbers for which
 * setting data needs no memory (the GNU C library has the first 32 in the
 * thread itself), because a signal handler may set it. Destructors of keys
 * above that number run later. So once the thread is exiting, last_key, whose
 * number is far above, is set as well and catches what they do in the last
 * round. Setting it needs memory, but no signal handler sets it: see
 * thread_exits().
 *
 * Two uses are not caught: the very first use of the library by a thread, if it
 * is made in the last round by a destructor whose key is above exit_key; and a
 * use in the last round by a destructor whose key is above last_key.
 */
#define KEYS_WITHOUT_MEMORY 32u
#define KEYS_TRIED 96u

static pthread_key_t exit_key, last_key;
static VMS__TLS void (*undo_at_exit[VMS__NR_EXITS])(void);
static VMS__TLS bool exiting, undoing;

/*
 * All signals must be blocked, because a signal handler may use the library
 * next and register the thread anew.
 */
static void undo_all(void)
{
	unsigned int i = 0;

	undoing = true;
	while (i < VMS__NR_EXITS) {
		void (*undo)(void) = undo_at_exit[i];

		undo_at_exit[i++] = NULL;
		if (undo) {
			undo();
			i = 0; /* it may have used what an earlier one has undone */
		}
	}
	undoing = false;
}

/*
 * From here on asynchronous signals stay blocked on this thread. Its signal
 * handlers may look something up, which registers the thread anew; after the
 * last round nothing would undo that.
 */
static void thread_exits(void *set)
{
	sigset_t saved;

	(void)set;
	vms__signals_block(&saved);
	exiting = true;
	undo_all();
	vms__signals_restore_own(&saved);
}

void vms__thread_at_exit(enum vms__thread_exit which, void (*undo)(void))
{
	sigset_t saved;

	vms__signals_block(&saved);
	undo_at_exit[which] = undo;
	if (!undoing) {
		VMS_BUG_ON(pthread_setspecific(exit_key, &exit_key));
		/*
		 * If there is no memory for it, the other rounds are still run.
		 */
		if (exiting)
			(void)pthread_setspecific(last_key, &last_key);
	}
	vms__signals_restore(&saved);
}

void vms__thread_undo(void)
{
	sigset_t saved;

	vms__signals_block(&saved);
	undo_all();
	VMS_BUG_ON(pthread_setspecific(exit_key, NULL));
	vms__signals_restore(&saved);
}

/*
 * release: pairs with the acquire in take_bit(), so that the next holder
 * continues with the values that this one left in its rows.
 */
static void slot_give_back(void)
{
	unsigned int slot = vms__thread_slot_plus_one - 1;

	vms__thread_slot_plus_one = 0;
	atomic_fetch_and_explicit(&slots[slot / WORD_BITS], ~(UINT64_C(1) << slot % WORD_BITS),
				  memory_order_release);
}

/* Take the lowest free slot of word @w. Return: the slot, or 0. */
static unsigned int take_bit(unsigned int w)
{
	uint64_t bits = atomic_load_explicit(&slots[w], memory_order_relaxed);

	while (~bits) {
		unsigned int bit = (unsigned int)__builtin_ctzll(~bits);

		/* acquire: pairs with the release in slot_give_back() */
		if (atomic_compare_exchange_weak_explicit(
			    &slots[w], &bits, bits | UINT64_C(1) << bit, memory_order_acquire,
			    memory_order_relaxed))
			return w * WORD_BITS + bit;
	}
	return 0;
}

/*
 * Relaxed: a thread that must see a row's additions is ordered after them by
 * other means, and this store precedes them.
 */
static void note_used(unsigned int slot)
{
	unsigned int used = atomic_load_explicit(&slots_used, memory_order_relaxed);

	while (used <= slot &&
	       !atomic_compare_exchange_weak_explicit(&slots_used, &used, slot + 1,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

unsigned int vms__thread_slot_take(void)
{
	unsigned int slot = 0;
	sigset_t saved;

	vms__signals_block(&saved);
	for (unsigned int w = 0; w < VMS__SLOTS / WORD_BITS && !slot; w++)
		slot = take_bit(w);
	vms__thread_slot_plus_one = slot + 1;
	if (slot) {
		note_used(slot);
		vms__thread_at_exit(VMS__EXIT_SLOT, slot_give_back);
	}
	vms__signals_restore(&saved);
	return slot;
}

unsigned int vms__thread_slots_used(void)
{
	return atomic_load_explicit(&slots_used, memory_order_relaxed);
}

/*
 * The child of a fork has one thread, so the slots of all others are free
 * again. Their rows keep their counts.
 */
static void fork_child(void)
{
	unsigned int own = vms__thread_slot_plus_one ? vms__thread_slot_plus_one - 1 : 0;

	for (unsigned int w = 0; w < VMS__SLOTS / WORD_BITS; w++) {
		uint64_t held =
			(w == 0) | (own / WORD_BITS == w ? UINT64_C(1) << own % WORD_BITS : 0);

		atomic_store_explicit(&slots[w], held, memory_order_relaxed);
	}
}

/*
 * Create the two keys. exit_key is the highest below KEYS_WITHOUT_MEMORY,
 * last_key the highest of KEYS_TRIED. If the program has taken all numbers
 * below KEYS_WITHOUT_MEMORY, exit_key is last_key; then a thread must not make
 * its first use of the library in a signal handler.
 */
static void create_keys(void)
{
	pthread_key_t keys[KEYS_TRIED];
	unsigned int nr = 0;

	while (nr < KEYS_TRIED && !pthread_key_create(&keys[nr], thread_exits))
		nr++;
	VMS_BUG_ON(!nr);
	exit_key = last_key = keys[0];
	for (unsigned int i = 1; i < nr; i++) {
		if (keys[i] > last_key)
			last_key = keys[i];
		if (keys[i] < KEYS_WITHOUT_MEMORY &&
		    (keys[i] > exit_key || exit_key >= KEYS_WITHOUT_MEMORY))
			exit_key = keys[i];
	}
	if (exit_key >= KEYS_WITHOUT_MEMORY)
		exit_key = last_key;
	for (unsigned int i = 0; i < nr; i++) {
		if (keys[i] != exit_key && keys[i] != last_key)
			pthread_key_delete(keys[i]);
	}
}

/*
 * Runs early: before any constructor that may use the library, and while the C
 * library still has keys that need no memory.
 */
__attribute__((constructor(200))) static void thread_slot_init(void)
{
	vms__object_pin();
	create_keys();
	VMS_BUG_ON(pthread_atfork(NULL, NULL, fork_child));
}
