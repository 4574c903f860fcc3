/* SPDX-License-Identifier: MIT */
/*
 * rcu_forked.c - grace periods in the child of a fork.
 *
 * A fork waits for no reader, so it may happen in the middle of a grace period
 * of liburcu. The child then inherits locks of liburcu that are held by threads
 * which no longer exist, and a list of readers that is split into pieces, some
 * on the stacks of such threads. liburcu offers no way to repair that. Two
 * things survive a fork: the word that each reader writes, in its own thread's
 * memory, and the global word that it copies. Neither is ever half written. So
 * the child never uses liburcu's locks and lists again. The read side is
 * unchanged; this file keeps the child's own list of readers and waits for
 * them.
 *
 * A grace period advances the global word by one generation, and then waits
 * until each reader is in no section (under QSBR: is offline), or in one that
 * began with that generation or a later one. In the default flavour generations
 * are the bits above those that liburcu's read side uses; it copies them with
 * the rest. A reader may still be about to store an older copy; waiting for it
 * then is unnecessary, but harmless.
 *
 * Locks, outermost first: grace_lock, readers_lock. Neither is held while the
 * library calls anything outside these files. A signal handler that interrupts
 * a holder takes neither, because a thread that waits for a grace period is
 * registered already. Read first: rcu_internal.h.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/rcu_internal.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "lib/sync/assert.h"
#include "lib/sync/asym_fence.h"

bool vms__rcu_forked;

struct reader {
	struct cds_list_head link; /* readers_lock; next is NULL while not linked */
	unsigned long *word;       /* liburcu's word, written by the reader */
};

static VMS__TLS struct reader this_reader;

static pthread_mutex_t grace_lock = PTHREAD_MUTEX_INITIALIZER; /* one grace period at a time */
static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cds_list_head readers = {&readers, &readers};

/* ---- the list of readers ------------------------------------------------- */

static void link_reader(void)
{
	this_reader.word = &VMS__URCU_READER.ctr;
	cds_list_add(&this_reader.link, &readers);
}

void vms__rcu_forked_register(void)
{
	pthread_mutex_lock(&readers_lock);
	if (!this_reader.link.next)
		link_reader();
	pthread_mutex_unlock(&readers_lock);
	if (VMS__URCU_READER.registered)
		return;
	/*
	 * Make the node a list of its own, so that no other list is touched if
	 * the program has liburcu unregister this thread.
	 */
	CDS_INIT_LIST_HEAD(&VMS__URCU_READER.node);
	VMS__URCU_READER.tid = pthread_self();
	VMS__URCU_READER.registered = 1;
#ifdef VMS_RCU_QSBR
	urcu_qsbr_thread_online();
#endif
}

void vms__rcu_forked_unregister(void)
{
	pthread_mutex_lock(&readers_lock);
	if (this_reader.link.next) {
		cds_list_del(&this_reader.link);
		this_reader.link.next = NULL;
	}
	pthread_mutex_unlock(&readers_lock);
}

void vms__rcu_forked_begin(bool reader)
{
	vms__rcu_forked = true;
	/*
	 * Initialised anew rather than unlocked, because threads that no longer
	 * exist may have held or waited for these locks.
	 */
	grace_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	readers_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	CDS_INIT_LIST_HEAD(&readers);
	this_reader.link.next = NULL;
	if (reader)
		link_reader();
}

/* ---- grace periods ------------------------------------------------------- */

#ifdef VMS_RCU_QSBR
#define GLOBAL_WORD urcu_qsbr_gp.ctr
#define GENERATION URCU_QSBR_GP_CTR
#define IN_SECTION (~0ul)
#else
#define GLOBAL_WORD urcu_memb_gp.ctr
#define GENERATION (URCU_GP_CTR_PHASE << 1)
#define IN_SECTION URCU_GP_CTR_NEST_MASK
#endif

/*
 * Whether @reader is in a section of a generation before @now. The difference
 * is signed, because generations may wrap.
 */
static bool is_old(const struct reader *reader, unsigned long now)
{
	/* Relaxed: all_readers_barrier() orders what the section did. */
	unsigned long word = __atomic_load_n(reader->word, __ATOMIC_RELAXED);

	return (word & IN_SECTION) && (long)((word & -GENERATION) - now) < 0;
}

static bool any_old(unsigned long now)
{
	struct cds_list_head *pos;
	bool old = false;

	pthread_mutex_lock(&readers_lock);
	for (pos = readers.next; pos != &readers && !old; pos = pos->next)
		old = is_old(caa_container_of(pos, struct reader, link), now);
	pthread_mutex_unlock(&readers_lock);
	return old;
}

/*
 * Poll until no reader is in an older section: first after a yield, later after
 * sleeps of up to a millisecond.
 */
static void wait_for_old(unsigned long now)
{
	struct timespec pause = {.tv_nsec = 10000};

	for (unsigned int looks = 0; any_old(now); looks++) {
		if (looks < 100) {
			sched_yield();
			continue;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1000000)
			pause.tv_nsec *= 2;
	}
}

/*
 * Execute a full barrier on every thread. It turns each compiler barrier
 * (urcu_memb_smp_mb_slave()) of vms__rcu_read_lock() and vms__rcu_read_unlock()
 * into a full one. Without membarrier(2) those are full barriers themselves,
 * and so are QSBR's in urcu_qsbr_quiescent_state() and where a thread goes
 * offline or online.
 */
static void all_readers_barrier(void)
{
	cmm_smp_mb();
#ifndef VMS_RCU_QSBR
	if (!urcu_memb_has_sys_membarrier)
		return;
	if (vms__fence_is_asymmetric())
		vms__fence_heavy();
	else /* the kernel lacks the expedited command */
		VMS_BUG_ON(!vms__membarrier(MEMBARRIER_CMD_GLOBAL));
#endif
}

void vms__rcu_forked_grace_period(void)
{
	unsigned long now;

	pthread_mutex_lock(&grace_lock);
	/*
	 * Publish what the caller did before. A reader that is not waited for
	 * below sees it, because it stored its word, or loaded the new
	 * generation, after this barrier.
	 */
	all_readers_barrier();
	/*
	 * An atomic addition, because another copy of the library in this
	 * process may advance the word as well.
	 */
	now = __atomic_add_fetch(&GLOBAL_WORD, GENERATION, __ATOMIC_SEQ_CST) & -GENERATION;
	wait_for_old(now);
	/*
	 * Everything that the awaited sections did happens before the return.
	 */
	all_readers_barrier();
	pthread_mutex_unlock(&grace_lock);
}
