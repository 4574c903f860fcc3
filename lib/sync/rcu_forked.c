/* SPDX-License-Identifier: MIT */
/*
 * rcu_forked.c - grace periods in the child of a fork.
 *
 * A fork waits for no reader, so it may find liburcu in the middle of a grace
 * period. The child then inherits liburcu's locks as a thread that no longer
 * exists held them, and its list of readers in pieces, some on the stacks of
 * such threads. liburcu offers no way to put that right. What does survive a
 * fork is what each reader writes: its own word, in its own thread's memory, and
 * the global word that it copies. Neither is ever half written. So the child
 * leaves liburcu's locks and lists alone for good. The read side stays as it is;
 * here the child keeps its own list of readers and waits for them itself.
 *
 * The default flavour's grace period turns the phase of the global word twice,
 * and each time waits until no reader is in a section of the phase before: a
 * reader that has read the global word may store what it read after one turn
 * was waited for, so one turn is not enough. QSBR's grace period advances the
 * global word once, and waits until each reader is offline or has copied it.
 *
 * Locks, outermost first: grace_lock, readers_lock. Neither is held while the
 * library calls anything outside these files. A handler that interrupts their
 * holder takes neither: whoever waits for a grace period is registered already.
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/rcu_internal.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/sync/assert.h"

bool vms__rcu_forked;

struct reader {
	struct cds_list_head link; /* under readers_lock; next is NULL: not linked */
	unsigned long *word;       /* liburcu's, which the reader writes */
};

static VMS__TLS struct reader this_reader;

static pthread_mutex_t grace_lock = PTHREAD_MUTEX_INITIALIZER; /* one grace period at a time */
static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cds_list_head readers = {&readers, &readers};

/* ---- readers come and go ----------------------------------------------------------------------------------------- */

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
	/* A node by itself: if the program has liburcu unregister this thread, no list is touched. */
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
	/* Set anew, not unlocked: threads that no longer exist may have held them, or wait for them. */
	grace_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	readers_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	CDS_INIT_LIST_HEAD(&readers);
	this_reader.link.next = NULL;
	if (reader)
		link_reader();
}

/* ---- grace periods ----------------------------------------------------------------------------------------------- */

static bool is_old(const struct reader *reader)
{
#ifdef VMS_RCU_QSBR
	return urcu_qsbr_reader_state(reader->word) == URCU_READER_ACTIVE_OLD;
#else
	return urcu_common_reader_state(&urcu_memb_gp, reader->word) == URCU_READER_ACTIVE_OLD;
#endif
}

static bool any_old(void)
{
	struct cds_list_head *pos;
	bool old = false;

	pthread_mutex_lock(&readers_lock);
	for (pos = readers.next; pos != &readers && !old; pos = pos->next)
		old = is_old(caa_container_of(pos, struct reader, link));
	pthread_mutex_unlock(&readers_lock);
	return old;
}

/* Look again and again, at first at once, later after up to a millisecond. */
static void wait_for_old(void)
{
	struct timespec pause = {.tv_nsec = 10000};

	for (unsigned int looks = 0; any_old(); looks++) {
		if (looks < 100) {
			sched_yield();
			continue;
		}
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1000000)
			pause.tv_nsec *= 2;
	}
}

#ifdef VMS_RCU_QSBR

/* The reader has full barriers of its own, in urcu_qsbr_quiescent_state() and around being offline. */
static void all_readers_barrier(void)
{
	cmm_smp_mb();
}

static void pass(void)
{
	CMM_STORE_SHARED(urcu_qsbr_gp.ctr, urcu_qsbr_gp.ctr + URCU_QSBR_GP_CTR);
	cmm_smp_mb();
	wait_for_old();
}

#else

/*
 * A full barrier on every thread, which makes one of each compiler barrier
 * (urcu_memb_smp_mb_slave()) in vms__rcu_read_lock() and vms__rcu_read_unlock().
 * Without membarrier(2) these are full barriers themselves.
 */
static void all_readers_barrier(void)
{
	int err;

	cmm_smp_mb();
	if (!urcu_memb_has_sys_membarrier)
		return;
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0))
		return;
	/* A kernel on which this process is not registered for that, or which lacks it. */
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) &&
	    !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0))
		return;
	err = (int)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0);
	VMS_BUG_ON(err);
}

static void pass(void)
{
	for (int turn = 0; turn < 2; turn++) {
		CMM_STORE_SHARED(urcu_memb_gp.ctr, urcu_memb_gp.ctr ^ URCU_GP_CTR_PHASE);
		/* The new phase is out before a reader is looked at: else new sections of the old one could follow for ever. */
		cmm_smp_mb();
		wait_for_old();
		cmm_smp_mb();
	}
}

#endif

void vms__rcu_forked_grace_period(void)
{
	pthread_mutex_lock(&grace_lock);
	/* What the caller did before is out; a section that does not see it has its word set, and is waited for. */
	all_readers_barrier();
	pass();
	/* What the sections did that were waited for happens before the return. */
	all_readers_barrier();
	pthread_mutex_unlock(&grace_lock);
}
