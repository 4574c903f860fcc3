/* SPDX-License-Identifier: MIT */
/*
 * rcu.c - the binding to liburcu: registration of threads, what TSan must be told, and fork.
 *
 * Locks, outermost first: grace_lock (read: a grace period is being waited for; write: fork), readers_lock (the list of registered
 * threads). Neither is ever held while a callback or a read section of the library runs, nor taken inside one, save readers_lock
 * for the moment in which a thread registers. Read first: include/vmastore/rcu.h.
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/rcu.h"

#include <pthread.h>
#include <semaphore.h>

#ifdef VMS_RCU_QSBR
#include <urcu/urcu-qsbr.h>
#define URCU(name) urcu_qsbr_##name
#else
#include <urcu/urcu-memb.h>
#define URCU(name) urcu_memb_##name
#endif

#include "lib/sync/assert.h"
#include "lib/sync/thread_slot.h"

/* liburcu keeps its link and its function in our head's first words. */
_Static_assert(sizeof(struct rcu_head) <= offsetof(struct vms_rcu_head, func), "room for liburcu's rcu_head");
_Static_assert(offsetof(struct rcu_head, func) == offsetof(struct vms_rcu_head, run), "same place for what it calls");

/*
 * A registered thread: where liburcu's node of it is, for the child of a fork, which must take the nodes of threads that no longer
 * exist off liburcu's list before their memory is used for new threads.
 */
struct reader {
	struct cds_list_head link;
	struct cds_list_head *urcu_node;
};

static VMS__TLS struct reader this_reader;
static VMS__TLS bool in_callback;

static pthread_mutex_t readers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cds_list_head readers = {&readers, &readers}; /* under readers_lock */

/* Its writer is a fork, which must not wait for ever while others begin one grace period after the other. */
static pthread_rwlock_t grace_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static void (*flush_before_barrier)(void); /* set before threads start */

/*
 * What TSan cannot see in liburcu. Every section that ends before a grace period does releases `grace`, and who waited for that
 * grace period acquires it. Nothing is acquired when a section begins: that would hide a pointer published without release.
 */
static char grace;
static char callbacks_done;

/* ---- registration ------------------------------------------------------------------------------------------------ */

static void unregister(void)
{
	pthread_mutex_lock(&readers_lock);
	cds_list_del(&this_reader.link);
	/* The program may have unregistered this thread by itself. */
	if (VMS__URCU_READER.registered)
		URCU(unregister_thread)();
	pthread_mutex_unlock(&readers_lock);
	this_reader.urcu_node = NULL;
}

#if !VMS__TSAN && !defined(VMS_RCU_QSBR)
static struct urcu_reader no_reader;
VMS__TLS struct urcu_reader *vms__rcu_reader = &no_reader;
#endif

void vms__rcu_register(void)
{
#if !VMS__TSAN && !defined(VMS_RCU_QSBR)
	vms__rcu_reader = &VMS__URCU_READER;
	if (vms__rcu_reader->registered)
		return;
#endif
	vms__thread_at_exit(VMS__EXIT_RCU, unregister);
	pthread_mutex_lock(&readers_lock);
	if (!this_reader.urcu_node) {
		this_reader.urcu_node = &VMS__URCU_READER.node;
		cds_list_add(&this_reader.link, &readers);
	}
	URCU(register_thread)();
	pthread_mutex_unlock(&readers_lock);
}

static void ensure_registered(void)
{
	if (unlikely(!VMS__URCU_READER.registered))
		vms__rcu_register();
}

/* ---- the read side ----------------------------------------------------------------------------------------------- */

/*
 * Debug builds count the sections that a thread has open, and number them. A thread's numbers begin where its memory happens to
 * lie, so that two threads' are unlikely to be equal.
 */
#ifdef VMS_DEBUG
static VMS__TLS unsigned int nesting;
static VMS__TLS uint32_t section; /* the outermost that is open, or was last; 0: there was none */
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
	/* None, where the program has opened it by liburcu's own call. */
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
 * Is this thread in a read section? liburcu knows under its membarrier flavour. Under QSBR it knows only who is online, so debug
 * builds go by their own count, and other builds cannot tell.
 */
#ifdef VMS_RCU_QSBR

/* Release builds name it in assertions only, and evaluate none. */
__attribute__((unused)) static bool in_section(bool if_unknown)
{
#ifdef VMS_DEBUG
	(void)if_unknown;
	return nesting != 0;
#else
	return if_unknown;
#endif
}

#else

static bool in_section(bool if_unknown)
{
	(void)if_unknown;
	return VMS__URCU_READER.registered && _urcu_memb_read_ongoing();
}

#endif

/* Not vms__rcu_read_lock(): that one calls this one where it does not inline liburcu. */
void vms_rcu_read_lock(void)
{
	ensure_registered();
	URCU(read_lock)();
	section_begins();
}

void vms_rcu_read_unlock(void)
{
	VMS_ASSERT(in_section(true));
	section_ends();
	vms__tsan_release(&grace);
	URCU(read_unlock)();
}

bool vms_rcu_read_lock_held(void)
{
#ifdef VMS_DEBUG
	return in_section(true);
#else
	return true;
#endif
}

bool vms__rcu_may_wait(void)
{
#ifdef VMS_RCU_QSBR
	return false;
#else
	return !in_callback && !in_section(true);
#endif
}

/* ---- the write side ---------------------------------------------------------------------------------------------- */

/*
 * A QSBR thread that sleeps must not hold up grace periods meanwhile. Return: what online_again() needs. Under the default
 * flavour both do nothing.
 */
static bool offline_to_sleep(void)
{
#ifdef VMS_RCU_QSBR
	if (VMS__URCU_READER.registered && urcu_qsbr_read_ongoing()) {
		urcu_qsbr_thread_offline();
		return true;
	}
#endif
	return false;
}

static void online_again(bool was_online)
{
#ifdef VMS_RCU_QSBR
	if (was_online)
		urcu_qsbr_thread_online();
#else
	(void)was_online;
#endif
}

void vms_synchronize_rcu(void)
{
	bool was_online;

	VMS_ASSERT(!in_section(false));
	/* What this thread itself read before belongs to the past, too. */
	vms__tsan_release(&grace);
	was_online = offline_to_sleep();
	pthread_rwlock_rdlock(&grace_lock);
	URCU(synchronize_rcu)();
	pthread_rwlock_unlock(&grace_lock);
	online_again(was_online);
	vms__tsan_acquire(&grace);
}

static void run_callback(struct rcu_head *urcu_head)
{
	struct vms_rcu_head *head = (struct vms_rcu_head *)urcu_head;

	/* The first pairs with the release in vms_call_rcu(), the second with those of the sections that have ended. */
	vms__tsan_acquire(head);
	vms__tsan_acquire(&grace);
	in_callback = true;
	head->func(head);
	in_callback = false;
	/* Pairs with the acquire in vms_rcu_barrier(). */
	vms__tsan_release(&callbacks_done);
}

void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head))
{
	ensure_registered(); /* liburcu opens a section of its own */
	head->func = func;
	vms__tsan_release(head);
	URCU(call_rcu)((struct rcu_head *)head, run_callback);
}

void vms__rcu_before_barrier(void (*flush)(void))
{
	flush_before_barrier = flush;
}

#if VMS__TSAN

struct barrier {
	struct vms_rcu_head head; /* first */
	sem_t reached;
};

static void barrier_reached(struct vms_rcu_head *head)
{
	sem_post(&((struct barrier *)head)->reached);
}

/*
 * liburcu's own barrier frees memory by way of which TSan sees a race, on a stack that it sometimes cannot restore and so cannot
 * suppress. A callback at the end of the queue does as well, where the program has not given liburcu more queues than one.
 */
static void barrier(void)
{
	struct barrier b;
	bool was_online;

	sem_init(&b.reached, 0, 0);
	vms_call_rcu(&b.head, barrier_reached);
	was_online = offline_to_sleep();
	while (sem_wait(&b.reached))
		; /* EINTR */
	online_again(was_online);
	sem_destroy(&b.reached);
}

#else

static void barrier(void)
{
	URCU(barrier)();
}

#endif

void vms_rcu_barrier(void)
{
	VMS_ASSERT(!in_section(false) && !in_callback);
	if (flush_before_barrier)
		flush_before_barrier();
	barrier();
	vms__tsan_acquire(&callbacks_done);
}

/* ---- quiescence (QSBR) ------------------------------------------------------------------------------------------- */

void vms_rcu_quiescent(void)
{
#ifdef VMS_RCU_QSBR
	VMS_ASSERT(!in_section(false));
	if (VMS__URCU_READER.registered) {
		vms__tsan_release(&grace);
		urcu_qsbr_quiescent_state();
	}
#endif
}

void vms_rcu_thread_offline(void)
{
#ifdef VMS_RCU_QSBR
	VMS_ASSERT(!in_section(false));
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

/* ---- fork -------------------------------------------------------------------------------------------------------- */

static bool fork_was_online; /* only the forking thread touches it: forks exclude each other by grace_lock */

/*
 * Bring everything to rest in an order that cannot deadlock: first the callback thread, which may be waiting for a grace period;
 * then whoever else waits for one; then registration. liburcu's callback thread sleeps in steps of 10 ms, so a fork can take that
 * long once callbacks were used.
 */
static void fork_prepare(void)
{
	bool was_online = offline_to_sleep();

	URCU(call_rcu_before_fork)();
	pthread_rwlock_wrlock(&grace_lock);
	pthread_mutex_lock(&readers_lock);
	fork_was_online = was_online;
}

static void fork_parent(void)
{
	bool was_online = fork_was_online;

	pthread_mutex_unlock(&readers_lock);
	pthread_rwlock_unlock(&grace_lock);
	URCU(call_rcu_after_fork_parent)();
	online_again(was_online);
}

/* Nobody waits for a grace period, so every node is on liburcu's one list, and the links tell all that is needed to leave it. */
static void forget_other_readers(void)
{
	struct cds_list_head *pos, *next;

	for (pos = readers.next; pos != &readers; pos = next) {
		struct reader *reader = caa_container_of(pos, struct reader, link);

		next = pos->next;
		if (reader == &this_reader)
			continue;
		cds_list_del(reader->urcu_node);
		cds_list_del(pos);
	}
}

static void fork_child(void)
{
	forget_other_readers();
	/* Set anew, not unlocked: they may count waiters that no longer exist. */
	readers_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	grace_lock = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
	URCU(call_rcu_after_fork_child)();
	online_again(fork_was_online);
}

/* After objcache.c's, so that a fork brings the callbacks to rest before it takes the locks that callbacks take. */
__attribute__((constructor(202))) static void rcu_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_parent, fork_child));
}
