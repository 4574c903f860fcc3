/* SPDX-License-Identifier: MIT */
/*
 * rcu_forked.c - grace periods in the child of a fork.
 *
 * A fork waits for no reader, so it may find liburcu in the middle of a grace
 * period. The child then inherits liburcu's locks as a thread that no longer
 * exists held them, and its list of readers in pieces, some on the stacks of
 * such threads. liburcu offers no way to put that right. What does survive a
 * fork is what each reader writes: its own word, in its own thread's memory,
 * and the global word that it copies. Neither is ever half written. So the
 * child leaves liburcu's locks and lists alone for good. The read side stays as
 * it is; here the child keeps its own list of readers and waits for them
 * itself.
 *
 * A grace period advances the global word by one generation, and then waits
 * until each reader is in no section (under QSBR: is offline), or in one for
 * which it has copied that generation or a later one. In the default flavour
 * generations are the bits above those that liburcu's read side uses; it copies
 * them with the rest. A reader may be about to store an older copy; it is then
 * waited for without need.
 *
 * Locks, outermost first: grace_lock, readers_lock. Neither is held while the
 * library calls anything outside these files. A handler that interrupts their
 * holder takes neither: whoever waits for a grace period is registered already.
 */
#define VMS_NO_KERNEL_NAMES
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
	struct cds_list_head link; /* under readers_lock; next is NULL: not linked */
	unsigned long *word;       /* liburcu's, which the reader writes */
};

static VMS__TLS struct reader this_reader;

static pthread_mutex_t grace_lock = PTHREAD_MUTEX_INITIALIZER; /* one grace period at a time */
static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cds_list_head readers = {&readers, &readers};

/* ---- readers come and go ------------------------------------------------- */

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
	 * A node by itself: if the program has liburcu unregister this thread,
	 * no list is touched.
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
	 * Set anew, not unlocked: threads that no longer exist may have held
	 * them, or wait for them.
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
 * Is @reader in a section of a generation before @now? The difference is
 * signed, because generations may wrap.
 */
static bool is_old(const struct reader *reader, unsigned long now)
{
	/* Relaxed: what the section did is ordered by all_readers_barrier(). */
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

/* Look again and again, at first at once, later after up to a millisecond. */
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
 * A full barrier on every thread, which makes one of each compiler barrier
 * (urcu_memb_smp_mb_slave()) in vms__rcu_read_lock() and
 * vms__rcu_read_unlock(). Without membarrier(2) these are full barriers
 * themselves, as QSBR's are in urcu_qsbr_quiescent_state() and around being
 * offline.
 */
static void all_readers_barrier(void)
{
	cmm_smp_mb();
#ifndef VMS_RCU_QSBR
	if (!urcu_memb_has_sys_membarrier)
		return;
	if (vms__fence_is_asymmetric())
		vms__fence_heavy();
	else /* a kernel that lacks the expedited one */
		VMS_BUG_ON(!vms__membarrier(MEMBARRIER_CMD_GLOBAL));
#endif
}

void vms__rcu_forked_grace_period(void)
{
	unsigned long now;

	pthread_mutex_lock(&grace_lock);
	/*
	 * What the caller did before is out. A reader that is not waited for
	 * below sees it: it stored its word, or loaded the new generation,
	 * after this.
	 */
	all_readers_barrier();
	/*
	 * An addition, because another copy of the library in the process may
	 * do the same.
	 */
	now = __atomic_add_fetch(&GLOBAL_WORD, GENERATION, __ATOMIC_SEQ_CST) & -GENERATION;
	wait_for_old(now);
	/*
	 * What the sections did that were waited for happens before the return.
	 */
	all_readers_barrier();
	pthread_mutex_unlock(&grace_lock);
}
