/* SPDX-License-Identifier: MIT */
/*
 * rcu_call.c - the queue of callbacks, and the thread that takes them through a
 * grace period and makes them.
 *
 * Why not liburcu's own: it stops the process where no thread can be made, its
 * thread takes the program's signals, and before a fork it waits until that
 * thread has come to rest, hence for readers and for callbacks.
 *
 * The queue is consistent whenever queue.lock is free. fork takes that lock,
 * which nobody holds for longer than a few instructions: not during a grace
 * period, not in a callback, not while memory is allocated. So a fork waits for
 * nobody, and the child goes on with what was queued, by a thread of its own.
 *
 * Where no thread can be made, callbacks stay queued until one can, or until
 * vms_rcu_barrier(), which then makes them itself.
 *
 * Locks, outermost first: create_lock; queue.lock. No other lock of the library
 * is taken inside either.
 */
#define VMS_NO_KERNEL_NAMES
#include "lib/sync/rcu_internal.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "lib/sync/assert.h"
#include "lib/sync/cond.h"
#include "lib/sync/signals.h"

/*
 * A grace period interrupts every processor that runs a thread of the process.
 * So the thread begins one in this time at most, except while a barrier waits.
 */
#define PACE_NS 10000000L

/* All under lock. */
static struct {
	pthread_mutex_t lock;
	/* the thread waits on it: for callbacks, for its time, for its turn */
	pthread_cond_t work;
	pthread_cond_t progress; /* barriers wait on it */

	/* queued, in order; no grace period has begun for them */
	struct vms_rcu_head *first, **end;
	/* taken off the queue, in order; those that are still to be made */
	struct vms_rcu_head *batch;
	bool ready;   /* the grace period of batch is over */
	bool running; /* one was taken off batch, and is being made */
	bool busy;    /* a thread is at batch */
	bool idle;    /* the thread waits for callbacks */

	/* callbacks, ever; every callback before the done-th was made */
	unsigned long queued, done;
	unsigned int barriers; /* that wait */

	sigset_t mask; /* during a fork: the forking thread's, whose signals are blocked */
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.progress = PTHREAD_COND_INITIALIZER,
	.end = &queue.first,
};

static pthread_mutex_t create_lock = PTHREAD_MUTEX_INITIALIZER; /* one thread is created */
_Atomic bool vms__rcu_has_thread;

VMS__TLS bool vms__rcu_in_callback;
static VMS__TLS bool is_thread; /* this is the library's thread */

/* ---- batches ------------------------------------------------------------- */

/*
 * A callback may make its thread a QSBR reader. Outside of callbacks such a
 * thread is offline, as it sleeps.
 */
static void make_call(struct vms_rcu_head *head)
{
	vms__rcu_online_again(VMS__URCU_READER.registered);
	vms__rcu_in_callback = true;
	head->func(head);
	vms__rcu_in_callback = false;
	(void)vms__rcu_offline_to_sleep();
}

/*
 * Take the queue through a grace period, and make its calls. Locks: queue.lock,
 * dropped and taken again. Not busy on entry.
 */
static void do_batch(void)
{
	struct vms_rcu_head *head;

	queue.busy = true;
	if (!queue.batch) {
		queue.batch = queue.first;
		queue.first = NULL;
		queue.end = &queue.first;
		queue.ready = false;
	}
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
		if (queue.barriers)
			pthread_cond_broadcast(&queue.progress);
	}
	queue.busy = false;
}

/* ---- the thread ---------------------------------------------------------- */

/* Locks: queue.lock, dropped meanwhile. */
static void wait_for_work(void)
{
	while (queue.busy || (!queue.first && !queue.batch)) {
		queue.idle = true;
		pthread_cond_wait(&queue.work, &queue.lock);
	}
	queue.idle = false;
}

/*
 * Until PACE_NS after *@last, which becomes now. Locks: queue.lock, dropped
 * meanwhile.
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
		if (!queue.busy)
			do_batch();
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
	 * A new thread has its creator's mask: the program's signals are for
	 * the program's threads.
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
	if (!atomic_load_explicit(&vms__rcu_has_thread, memory_order_relaxed)) {
		err = create_thread();
		/*
		 * Relaxed: who sees it relies on nothing but that there is a
		 * thread, or will be in a moment.
		 */
		atomic_store_explicit(&vms__rcu_has_thread, !err, memory_order_relaxed);
	}
	pthread_mutex_unlock(&create_lock);
	return err;
}

/* ---- the calls ----------------------------------------------------------- */

void vms_call_rcu(struct vms_rcu_head *head, void (*func)(struct vms_rcu_head *head))
{
	head->func = func;
	head->next = NULL;
	pthread_mutex_lock(&queue.lock);
	*queue.end = head;
	queue.end = &head->next;
	queue.queued++;
	if (queue.idle)
		pthread_cond_signal(&queue.work);
	pthread_mutex_unlock(&queue.lock);
	/*
	 * On failure the next call tries again, and a barrier makes what is
	 * queued.
	 */
	if (unlikely(!vms__rcu_is_ready()))
		(void)vms__rcu_start();
}

void vms__rcu_wait_for_callbacks(void)
{
	unsigned long target;

	pthread_mutex_lock(&queue.lock);
	target = queue.queued;
	queue.barriers++;
	pthread_cond_signal(&queue.work);
	/* A difference, because the counts may wrap. */
	while ((long)(queue.done - target) < 0) {
		if (!queue.busy &&
		    !atomic_load_explicit(&vms__rcu_has_thread, memory_order_relaxed)) {
			do_batch();
			/*
			 * Whoever waited for this thread to be done with its
			 * batch goes on.
			 */
			pthread_cond_signal(&queue.work);
			pthread_cond_broadcast(&queue.progress);
		} else {
			pthread_cond_wait(&queue.progress, &queue.lock);
		}
	}
	queue.barriers--;
	pthread_mutex_unlock(&queue.lock);
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
 * A handler's first lookup registers its thread. In the child that must not
 * happen before vms__rcu_forked_begin(): until then registration still takes a
 * lock which a thread may have held that no longer exists.
 */
static void fork_prepare(void)
{
	sigset_t mask;

	vms__signals_block(&mask);
	pthread_mutex_lock(&queue.lock);
	queue.mask = mask;
}

/* Let go of the queue, and then let signals in. */
static void fork_over(void)
{
	sigset_t mask = queue.mask;

	pthread_mutex_unlock(&queue.lock);
	vms__signals_restore(&mask);
}

/*
 * The forking thread alone goes on. If it is at a callback, it is also the one
 * that is at the batch; else nobody is, and a callback that another thread had
 * begun counts as made. What this thread does not hold is set anew: it may know
 * of holders and waiters that no longer exist.
 */
static void fork_child(void)
{
	queue.work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	queue.progress = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	create_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store_explicit(&vms__rcu_has_thread, is_thread, memory_order_relaxed);
	queue.idle = false;
	queue.barriers = vms__rcu_in_callback && !is_thread;
	queue.done += queue.running && !vms__rcu_in_callback;
	queue.running = vms__rcu_in_callback;
	queue.busy = vms__rcu_in_callback;
	fork_over();
}

/* After the library's other handlers, so that this child handler comes last. */
__attribute__((constructor(203))) static void rcu_call_init(void)
{
	VMS_BUG_ON(pthread_atfork(fork_prepare, fork_over, fork_child));
}
