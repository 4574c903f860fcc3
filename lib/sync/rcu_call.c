/* SPDX-License-Identifier: MIT */
/*
 * rcu_call.c - the queue of callbacks, and the thread that waits for a grace
 * period and then runs them: the library's own, or those of a host that asked
 * for that (host.h).
 *
 * liburcu's own call_rcu is not used, for three reasons: it stops the process
 * if no thread can be created; its thread takes the program's signals; and
 * before a fork it waits until that thread is idle, and so for readers and for
 * callbacks.
 *
 * The queue is consistent whenever queue.lock is free. The fork handler takes
 * that lock, which every holder keeps for a few instructions only: never during
 * a grace period, in a callback or while memory is allocated. So a fork waits
 * for no reader and no callback, and the child processes the inherited queue
 * with a thread of its own.
 *
 * If no thread can be created, callbacks stay queued until a later attempt
 * succeeds, or until vms_rcu_barrier() runs them itself.
 *
 * Locks, outermost first: create_lock, queue.lock. No other lock of the library
 * is taken inside either. Read first: rcu_internal.h.
 */
#define VMS_NO_RCU_NAMES
#include "lib/sync/rcu_internal.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <vmastore/host.h>

#include "lib/sync/assert.h"
#include "lib/sync/cancel.h"
#include "lib/sync/cond.h"
#include "lib/sync/signals.h"

/*
 * A grace period interrupts every CPU that runs a thread of the process. So the
 * thread begins at most one in this many nanoseconds, unless a barrier waits.
 */
#define PACE_NS 10000000L

/*
 * The lock guards every field, except for reads of waiting and working. The
 * alignment puts all that a thread writes when it queues a callback in two
 * cache lines, that of the lock and that of the lists.
 */
static struct {
	pthread_mutex_t lock;
	/*
	 * the thread waits on it, for callbacks, for its pace, or until batch
	 * is free
	 */
	pthread_cond_t work;
	pthread_cond_t progress; /* barriers wait on it */

	/* queued callbacks, in order; no grace period has begun for them */
	struct vms_rcu_head *first, **end;
	/* callbacks taken off the queue that have not run yet, in order */
	struct vms_rcu_head *batch;
	bool ready;   /* batch's grace period is over */
	bool running; /* a callback was taken off batch and is running */
	bool busy;    /* a thread is processing batch */
	bool idle;    /* the thread waits for callbacks */
	/*
	 * For readers without the lock, who may be told of an old state, so
	 * that all accesses are relaxed: whether callbacks are queued that no
	 * thread works on, and a copy of busy.
	 */
	_Atomic bool waiting, working;

	/* totals since the start; the first `done` callbacks have run */
	unsigned long queued, done;
	unsigned int barriers; /* barriers that wait */

	/*
	 * The mask of the thread that forks, which has all signals blocked
	 * during the fork.
	 */
	sigset_t mask;
} vms_cacheline_aligned queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.progress = PTHREAD_COND_INITIALIZER,
	.end = &queue.first,
};

static pthread_mutex_t create_lock = PTHREAD_MUTEX_INITIALIZER; /* one creator at a time */
_Atomic bool vms__rcu_served;
/* The host's threads make all callbacks. Set once, under create_lock. */
static _Atomic bool host_serves;

static void (*flush_before_barrier)(void); /* set before threads start */

static VMS__TLS bool in_callback; /* whether this thread is running a callback */
static VMS__TLS bool is_thread;   /* whether this is the library's thread */
static VMS__TLS bool in_barrier;  /* whether this thread is counted in queue.barriers */

/* ---- batches ------------------------------------------------------------- */

/*
 * A callback may register its thread as a QSBR reader. Such a thread is offline
 * outside callbacks, because it sleeps there.
 */
static void make_call(struct vms_rcu_head *head)
{
	vms__rcu_online_again(VMS__URCU_READER.registered);
	in_callback = true;
	head->func(head);
	in_callback = false;
	(void)vms__rcu_offline_to_sleep();
}

/* Locks: queue.lock. */
static void set_busy(bool busy)
{
	queue.busy = busy;
	atomic_store_explicit(&queue.working, busy, memory_order_relaxed);
}

/* Whether a callback is queued, or waits in a batch. Locks: queue.lock. */
static bool has_work(void)
{
	return queue.first || queue.batch;
}

/* Called after each change of the lists or of busy. Locks: queue.lock. */
static void note_waiting(void)
{
	bool now = queue.first || (queue.batch && !queue.busy);

	if (now != atomic_load_explicit(&queue.waiting, memory_order_relaxed))
		atomic_store_explicit(&queue.waiting, now, memory_order_relaxed);
}

/*
 * Take the queued callbacks through a grace period, and run them. Return: how
 * many this thread has run. Locks: queue.lock, dropped and taken again. The
 * caller has checked that no thread is busy.
 */
static size_t do_batch(void)
{
	struct vms_rcu_head *head;
	size_t ran = 0;

	set_busy(true);
	if (!queue.batch) {
		queue.batch = queue.first;
		queue.first = NULL;
		queue.end = &queue.first;
		queue.ready = false;
	}
	note_waiting();
	if (!queue.ready) {
		pthread_mutex_unlock(&queue.lock);
		vms__rcu_grace_period();
		pthread_mutex_lock(&queue.lock);
		queue.ready = true;
	}
	while ((head = queue.batch) != NULL) {
		queue.batch = head->next;
		queue.running = true;
		pthread_mutex_unlock(&queue.lock);
		make_call(head);
		pthread_mutex_lock(&queue.lock);
		queue.running = false;
		queue.done++;
		ran++;
		if (queue.barriers)
			pthread_cond_broadcast(&queue.progress);
	}
	set_busy(false);
	return ran;
}

/*
 * do_batch() for a thread that is not the library's. Others waited until it had
 * finished: the library's thread, and barriers, one of which may have to run
 * the next batch. Locks: queue.lock, dropped and taken again.
 */
static size_t do_batch_here(void)
{
	size_t ran = do_batch();

	pthread_cond_signal(&queue.work);
	pthread_cond_broadcast(&queue.progress);
	return ran;
}

/* ---- the thread ---------------------------------------------------------- */

/* Locks: queue.lock, dropped meanwhile. */
static void wait_for_work(void)
{
	while (queue.busy || !has_work()) {
		queue.idle = true;
		pthread_cond_wait(&queue.work, &queue.lock);
	}
	queue.idle = false;
}

/*
 * Wait until PACE_NS after *@last, then set *@last to the present time.
 * Locks: queue.lock, dropped meanwhile.
 */
static void keep_pace(struct timespec *last)
{
	vms__timespec_add(last, PACE_NS);
	while (!queue.barriers && vms__cond_wait_until(&queue.work, &queue.lock, last) != ETIMEDOUT)
		;
	clock_gettime(CLOCK_MONOTONIC, last);
}

static void *make_calls(void *arg)
{
	struct timespec last = {0};

	is_thread = true;
	pthread_setname_np(pthread_self(), "vms-rcu");
	pthread_mutex_lock(&queue.lock);
	for (;;) {
		wait_for_work();
		keep_pace(&last);
		/* A thread of the host's may have been quicker. */
		if (!queue.busy && has_work())
			(void)do_batch();
	}
	return arg;
}

static int create_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t saved;
	int err;

	if (pthread_attr_init(&attr))
		return -ENOMEM;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/*
	 * The new thread inherits this mask, so that the program's signals
	 * reach only the program's threads.
	 */
	vms__signals_block(&saved);
	err = pthread_create(&thread, &attr, make_calls, NULL);
	vms__signals_restore(&saved);
	pthread_attr_destroy(&attr);
	return err ? -ENOMEM : 0;
}

int vms__rcu_start(void)
{
	int err = 0;

	pthread_mutex_lock(&create_lock);
	if (!atomic_load_explicit(&vms__rcu_served, memory_order_relaxed)) {
		err = create_thread();
		/*
		 * Relaxed: a caller relies only on the existence of the thread,
		 * now or in a moment.
		 */
		atomic_store_explicit(&vms__rcu_served, !err, memory_order_relaxed);
	}
	pthread_mutex_unlock(&create_lock);
	return err;
}

/* ---- the host's threads -------------------------------------------------- */

/* Relaxed: the flag stands for nothing but itself. */
static bool host_makes_calls(void)
{
	return atomic_load_explicit(&host_serves, memory_order_relaxed);
}

/* Whether the library's thread makes callbacks. */
static bool has_thread(void)
{
	return atomic_load_explicit(&vms__rcu_served, memory_order_relaxed) && !host_makes_calls();
}

int vms_rcu_host_callbacks(void)
{
	int err = 0;

	pthread_mutex_lock(&create_lock);
	if (has_thread()) {
		err = -EBUSY;
	} else {
		atomic_store_explicit(&host_serves, true, memory_order_relaxed);
		atomic_store_explicit(&vms__rcu_served, true, memory_order_relaxed);
	}
	pthread_mutex_unlock(&create_lock);
	return err;
}

bool vms__rcu_on_own_thread(void)
{
	return is_thread;
}

bool vms_rcu_callbacks_waiting(void)
{
	return atomic_load_explicit(&queue.waiting, memory_order_relaxed);
}

/* ---- the calls ----------------------------------------------------------- */

/* Locks: queue.lock. */
static void add(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head))
{
	head->func = func;
	head->next = NULL;
	*queue.end = head;
	queue.end = &head->next;
	queue.queued++;
	note_waiting();
	if (queue.idle)
		pthread_cond_signal(&queue.work);
}

/*
 * If this fails, the next call tries again, and a barrier runs the queued
 * callbacks itself.
 */
static void need_thread(void)
{
	if (unlikely(!vms__rcu_is_ready()))
		(void)vms__rcu_start();
}

void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head))
{
	pthread_mutex_lock(&queue.lock);
	add(head, func);
	pthread_mutex_unlock(&queue.lock);
	need_thread();
}

void vms__call_rcu_once(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head),
			_Atomic bool *called)
{
	pthread_mutex_lock(&queue.lock);
	/*
	 * acquire: pairs with the release by which @func clears the flag. The
	 * callback's thread has read *@head before that.
	 */
	if (!atomic_load_explicit(called, memory_order_acquire)) {
		/* Relaxed: queue.lock orders it, as rcu.h says. */
		atomic_store_explicit(called, true, memory_order_relaxed);
		add(head, func);
	}
	pthread_mutex_unlock(&queue.lock);
	need_thread();
}

/*
 * Wait until every callback that was queued before the call has run. The
 * calling thread must not be an online QSBR reader. Return: how many it has run
 * itself.
 */
static size_t wait_for_callbacks(void)
{
	unsigned long target;
	size_t ran = 0;

	pthread_mutex_lock(&queue.lock);
	target = queue.queued;
	queue.barriers++;
	in_barrier = true;
	pthread_cond_signal(&queue.work);
	/* A difference, because the counts may wrap. */
	while ((long)(queue.done - target) < 0) {
		if (!queue.busy && !has_thread())
			ran += do_batch_here();
		else
			pthread_cond_wait(&queue.progress, &queue.lock);
	}
	in_barrier = false;
	queue.barriers--;
	pthread_mutex_unlock(&queue.lock);
	return ran;
}

/* Run what is queued, unless another thread is at it. Return: how many ran. */
static size_t run_queued(void)
{
	size_t ran = 0;

	pthread_mutex_lock(&queue.lock);
	if (!queue.busy && has_work())
		ran = do_batch_here();
	pthread_mutex_unlock(&queue.lock);
	return ran;
}

/*
 * Call @fn, which sleeps and may run callbacks. Cancellation is off meanwhile,
 * in the callbacks, too.
 */
static size_t call_at_rest(size_t (*fn)(void))
{
	bool was_registered = VMS__URCU_READER.registered, was_online;
	int cancel = vms__cancel_disable();
	size_t ran;

	was_online = vms__rcu_offline_to_sleep();
	ran = fn();
	/*
	 * If a callback that ran on this thread registered it, it stays online.
	 */
	vms__rcu_online_again(was_online || (!was_registered && VMS__URCU_READER.registered));
	vms__cancel_restore(cancel);
	return ran;
}

size_t vms_rcu_run_callbacks(void)
{
	VMS_ASSERT(!vms__rcu_in_section(false) && !in_callback);
	return call_at_rest(run_queued);
}

void vms__rcu_before_barrier(void (*flush)(void))
{
	flush_before_barrier = flush;
}

void vms_rcu_barrier(void)
{
	int cancel;

	VMS_ASSERT(!vms__rcu_in_section(false) && !in_callback);
	cancel = vms__cancel_disable();
	if (flush_before_barrier)
		flush_before_barrier();
	(void)call_at_rest(wait_for_callbacks);
	vms__cancel_restore(cancel);
}

bool vms__rcu_may_wait(void)
{
#ifdef VMS_RCU_QSBR
	return false;
#else
	if (host_makes_calls() && !atomic_load_explicit(&queue.working, memory_order_relaxed))
		return false;
	return !in_callback && !vms__rcu_in_section(true);
#endif
}

/* ---- fork ---------------------------------------------------------------- */

bool vms__rcu_queued(const struct vms_rcu_head *head)
{
	const struct vms_rcu_head *h;

	for (h = queue.batch; h && h != head; h = h->next)
		;
	if (h)
		return true;
	for (h = queue.first; h && h != head; h = h->next)
		;
	return h != NULL;
}

/*
 * A signal handler's first lookup registers its thread. In the child that must
 * not happen before vms__rcu_forked_begin(): until then registration still
 * takes a liburcu lock, which a thread that no longer exists may have held.
 */
static void fork_prepare(void)
{
	sigset_t mask;

	vms__signals_block(&mask);
	pthread_mutex_lock(&queue.lock);
	queue.mask = mask;
}

/* Release the queue, and then restore the signal mask. */
static void fork_over(void)
{
	sigset_t mask = queue.mask;

	pthread_mutex_unlock(&queue.lock);
	vms__signals_restore(&mask);
}

/*
 * Only the forking thread exists in the child. If it was running a callback, it
 * is also the thread that is busy with the batch. Otherwise no thread is busy,
 * and a callback that another thread had begun counts as done. The condition
 * variables and create_lock, which this thread does not hold, are initialised
 * anew: they may record holders and waiters that no longer exist.
 */
static void fork_child(void)
{
	queue.work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	queue.progress = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	create_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store_explicit(&vms__rcu_served, is_thread || host_makes_calls(),
			      memory_order_relaxed);
	queue.idle = false;
	queue.barriers = in_barrier;
	queue.done += queue.running && !in_callback;
	queue.running = in_callback;
	set_busy(in_callback);
	note_waiting();
	fork_over();
}

/*
 * Registered after the library's other fork handlers, so that this child
 * handler runs last.
 */
__attribute__((constructor(203))) static void rcu_call_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_over, fork_child));
}
