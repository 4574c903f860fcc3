/* SPDX-License-Identifier: MIT */
/*
 * defer.pml - objects that wait for a grace period: the batches of an object
 * cache and their collector, the queue of callbacks and the thread that runs
 * them, a barrier, and the brake on threads that defer too fast. Each writer
 * takes two objects away from the readers one after the other, defers them, and
 * then calls vms_rcu_barrier(). The readers come as often as they like.
 *
 * It mirrors lib/sync/objcache/defer.c and free_rcu.c, depot.c's batches, and
 * lib/sync/rcu_call.c. A comment at each transition names the function. What a
 * thread does while it holds a cache's lock or the queue's is one step.
 *
 * Checked: no object is freed while a reader is on it; the collector's head is
 * never queued twice; when a barrier returns, what its thread deferred is free;
 * no sleeper is left asleep.
 *
 * tests/models/README.md says what is left out. Each `#ifdef NO_...` removes
 * one step, and the checks then fail (tests/models/run).
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef READERS
#define READERS 3
#endif
/* Objects in a full magazine: 1, 2 or, if batches are never full, 3. */
#ifndef MAGAZINE
#define MAGAZINE 1
#endif
/* MAX_INFLIGHT: batches above which a writer is slowed down. */
#ifndef MAX_INFLIGHT
#define MAX_INFLIGHT 1
#endif
/* COLLECT_AGAIN: batches for which the collector stays. */
#define COLLECT_AGAIN 2

/* Writer w has the objects 2 w and 2 w + 1, and the head w of a callback. */
#define OBJECTS (2 * WRITERS)
#define NOTHING OBJECTS
#define COLLECTOR WRITERS	/* collector_head */
#define HEADS (WRITERS + 1)
/* Threads that may wait for a grace period: the writers, and the library's. */
#define RCU_THREAD WRITERS

byte published[WRITERS];
bool freed[OBJECTS];
bool locked[WRITERS];	/* mmap_lock, say, which a writer holds as it defers */

/* ---- RCU's readers, and grace periods ------------------------------------ */

bool in_section[READERS];
/* The readers that a grace period of that thread waits for: a bit for each. */
byte waits_for[WRITERS + 1];

/*
 * vms__rcu_grace_period(), that is liburcu's synchronize_rcu(): waits until
 * each section that is open now is over.
 */
inline grace_period(self)
{
	d_step {
		r = 0;
		do
		:: r < READERS && in_section[r] -> waits_for[self] = waits_for[self] | (1 << r); r++
		:: r < READERS && !in_section[r] -> r++
		:: r == READERS -> break
		od;
		r = 0
	};
	waits_for[self] == 0
}

/*
 * A section that opens earlier than it loads the pointer is only safer, because
 * more grace periods wait for it. So both are one step.
 */
proctype reader(byte me)
{
	byte object = NOTHING, r = 0;

again:
	if
	:: goto done
	/* rcu.c:vms_rcu_read_lock */
	:: atomic { published[0] != NOTHING -> object = published[0]; in_section[me] = true }
#if WRITERS > 1
	:: atomic { published[1] != NOTHING -> object = published[1]; in_section[me] = true }
#endif
#ifdef READER_LOCKS
	/* The section waits for a lock that a writer holds while it defers. */
	:: in_section[me] = true;
		if
		:: !locked[0]
		:: !locked[WRITERS - 1]
		fi
#endif
	fi;
	d_step {	/* rcu.c:vms_rcu_read_unlock */
		assert(object == NOTHING || !freed[object]);
		object = NOTHING;
		in_section[me] = false;
		r = 0;
		do
		:: r <= WRITERS -> waits_for[r] = waits_for[r] & ~(1 << me); r++
		:: else -> break
		od;
		r = 0
	};
	goto again;
done:
	skip
}

/* ---- the queue of callbacks: queue.lock ---------------------------------- */

byte first[HEADS], nr_first = 0;
byte batch[HEADS], nr_batch = 0;
bool is_queued[HEADS];	/* for a check; the code has no such word */
bool busy = false, idle = false;
bool has_thread = false;
byte outstanding = 0;	/* queued - done */
/* Callbacks that the barrier of that thread still waits for: target - done. */
byte to_come[WRITERS];
/* Who sleeps: the library's thread on `work`, a barrier on `progress`. */
bool asleep_on_work = false;
bool asleep_on_progress[WRITERS];

/* rcu_call.c:add, with the queue's lock held */
inline add(head)
{
	assert(!is_queued[head]);
	is_queued[head] = true;
	first[nr_first] = head;
	nr_first++;
	outstanding++;
#ifndef NO_SIGNAL
	if
	:: idle -> asleep_on_work = false
	:: else
	fi
#endif
}

/* rcu_call.c:need_thread and vms__rcu_start */
inline need_thread()
{
	if
	:: has_thread
	:: !has_thread -> has_thread = true
#ifdef CREATE_FAILS
	:: !has_thread
#endif
	fi
}

/* rcu_call.c:vms_call_rcu */
inline call_rcu(head)
{
	atomic { add(head) };
	need_thread()
}

/* ---- the cache: its lock ------------------------------------------------- */

byte content[OBJECTS];	/* of a batch, which is named by its last object */
byte waiting = 0, nr_waiting = 0, collecting = 0;	/* sets of batches */
byte inflight = 0;
bool collector_called = false;
byte throttled = 0;
bool asleep_on_drained[WRITERS];

/* defer.c:must_wait */
#define must_wait (inflight > MAX_INFLIGHT / 2)

/* defer.c:vms__defer_call_collector, rcu_call.c:vms__call_rcu_once */
inline call_collector()
{
	if
	:: collector_called && has_thread
	:: collector_called && !has_thread -> need_thread()
#ifdef NO_ONE_STEP
	/* The flag is set first, and the head is queued later. */
	:: atomic { !collector_called -> collector_called = true };
		atomic { add(COLLECTOR) };
		need_thread()
#else
	:: atomic { !collector_called -> collector_called = true; add(COLLECTOR) };
		need_thread()
#endif
	fi
}

/* depot.c:queue_batch */
inline queue_batch(name)
{
	content[name] = deferred;
	deferred = 0;
	drounds = 0;
	waiting = waiting | (1 << name);
	nr_waiting++;
	inflight++
}

/* ---- the collector ------------------------------------------------------- */

/* Free the objects in the set. */
inline free_all(set)
{
	n = 0;
	do
	:: n < OBJECTS && (set & (1 << n)) -> assert(!freed[n]); freed[n] = true; n++
	:: n < OBJECTS && !(set & (1 << n)) -> n++
	:: n == OBJECTS -> break
	od;
	n = 0
}

/* defer.c:collect; `any` is its result */
inline collect(min, self)
{
	atomic {	/* defer.c:take_waiting */
		any = (nr_waiting > 0 && nr_waiting >= min);
		if
		:: any -> collecting = waiting; waiting = 0; nr_waiting = 0
		:: else
		fi
	};
	if
	:: !any
	:: any ->
#ifndef NO_COLLECT_GRACE
		grace_period(self);
#endif
		do
		:: collecting == 0 -> break
		:: atomic { collecting != 0 ->	/* defer.c:batch_done */
			b = 0;
			do
			:: collecting & (1 << b) -> break
			:: else -> b++
			od;
			free_all(content[b]);
			content[b] = 0;
			collecting = collecting & ~(1 << b);
			inflight--;
			b = 0;
			wake = (throttled > 0 && !must_wait) };
			if
			:: atomic { wake -> wake = false };
#ifndef NO_BROADCAST
				d_step {
					asleep_on_drained[0] = false;
#if WRITERS > 1
					asleep_on_drained[1] = false
#endif
				}
#endif
			:: else
			fi
		od
	fi
}

/* defer.c:collector */
inline collector(self)
{
#ifndef NO_CLEAR_FIRST
	collector_called = false;
#endif
	collect(1, self);
	do
	:: atomic { !any -> any = false }; break
	:: any -> collect(COLLECT_AGAIN, self)
	:: atomic { any -> any = false }; call_collector(); break	/* after COLLECT_STEPS */
	od;
#ifdef NO_CLEAR_FIRST
	collector_called = false;
#endif
}

/* ---- callbacks, continued ------------------------------------------------ */

/* rcu_call.c:do_batch and make_call. The caller has set `busy`. */
inline do_batch(self)
{
	atomic {
		assert(nr_batch == 0);
		do
		:: nr_batch < nr_first ->
			batch[nr_batch] = first[nr_batch];
			first[nr_batch] = 0;
			nr_batch++
		:: else -> break
		od;
		nr_first = 0
	};
#ifndef NO_GRACE
	grace_period(self);
#endif
	do
	:: atomic { nr_batch == 0 -> busy = false }; break
	:: atomic { nr_batch > 0 ->
		head = batch[0];
		nr_batch--;
		n = 0;
		do
		:: n < nr_batch -> batch[n] = batch[n + 1]; n++
		:: else -> break
		od;
		batch[nr_batch] = 0;
		n = 0;
		is_queued[head] = false };
		if
		:: head == COLLECTOR -> collector(self)
		:: head < WRITERS ->
			atomic { assert(!freed[2 * head + 1]); freed[2 * head + 1] = true }
		fi;
		atomic {
			head = 0;
			outstanding--;
			do
			:: n < WRITERS ->
				to_come[n] = (to_come[n] > 0 -> to_come[n] - 1 : 0);
#ifndef NO_PROGRESS
				asleep_on_progress[n] = false;
#endif
				n++
			:: else -> break
			od;
			n = 0
		}
	od
}

/* rcu_call.c:make_calls */
active proctype library_thread()
{
	byte r = 0, n = 0, b = 0, head = 0;
	bool any = false, wake = false;

end_no_thread:
	has_thread;
	do
	/* rcu_call.c:wait_for_work */
	:: atomic { busy || nr_first == 0 -> idle = true; asleep_on_work = true };
end_idle:
		!asleep_on_work
	/* rcu_call.c:keep_pace takes a while */
	:: atomic { !busy && nr_first > 0 -> idle = false; busy = true };
		do_batch(RCU_THREAD)
	od
}

/* ---- writers ------------------------------------------------------------- */

/* defer.c:vms__defer_throttle and wait_drained */
inline throttle()
{
	if
	:: atomic { must_wait -> throttled++; asleep_on_drained[me] = true };
		do
		:: atomic { !asleep_on_drained[me] && must_wait -> asleep_on_drained[me] = true }
		:: atomic { !asleep_on_drained[me] && !must_wait -> throttled-- }; break
#if defined(READER_LOCKS) && !defined(NO_TIMEOUT)
		:: atomic { asleep_on_drained[me] ->
			asleep_on_drained[me] = false; throttled-- }; break
#endif
		od
	:: !must_wait
	fi
}

/* objcache.h:vms__objcache_free_rcu, free_rcu.c:vms__objcache_free_rcu_slow */
inline free_rcu(object)
{
	atomic { deferred = deferred | (1 << (object)); drounds++ };
	if
	:: drounds < MAGAZINE
	:: drounds == MAGAZINE ->
		/* depot.c:vms__depot_send_deferred */
		atomic { queue_batch(object); over = (inflight > MAX_INFLIGHT) };
		call_collector();
		if
		:: atomic { over -> over = false }; throttle()
		:: else
		fi
	fi
}

/* free_rcu.c:vms__objcache_flush */
inline flush()
{
	if
	:: deferred == 0
	:: atomic { deferred != 0 -> queue_batch(2 * me + 1) }	/* vms__depot_send_partial */
#ifdef MEMORY_OUT
	:: deferred != 0 ->	/* free_rcu.c:flush_by_waiting */
#ifndef NO_FLUSH_GRACE
		grace_period(me);
#endif
		atomic { free_all(deferred); deferred = 0; drounds = 0 }
#endif
	fi;
	call_collector()
}

/* rcu_call.c:wait_for_callbacks */
inline wait_for_callbacks()
{
	atomic { to_come[me] = outstanding; asleep_on_work = false };
	do
	:: to_come[me] == 0 -> break
#ifdef CREATE_FAILS
#ifndef NO_RUN_HERE
	:: atomic { to_come[me] > 0 && !busy && !has_thread -> busy = true };
		do_batch(me);
		atomic {
			asleep_on_work = false;
			asleep_on_progress[0] = false;
#if WRITERS > 1
			asleep_on_progress[1] = false
#endif
		}
#endif
#endif
#if defined(CREATE_FAILS) && !defined(NO_RUN_HERE)
	:: atomic { to_come[me] > 0 && (busy || has_thread) -> asleep_on_progress[me] = true };
#else
	:: atomic { to_come[me] > 0 -> asleep_on_progress[me] = true };
#endif
		!asleep_on_progress[me]
	od
}

proctype writer(byte me)
{
	byte r = 0, n = 0, b = 0, head = 0, deferred = 0, drounds = 0;
	bool any = false, wake = false, over = false;

#ifdef READER_LOCKS
	locked[me] = true;
#endif
#ifdef NO_UNLINK_FIRST
	free_rcu(2 * me);
	published[me] = 2 * me + 1;
#else
	published[me] = 2 * me + 1;
	free_rcu(2 * me);
#endif
	published[me] = NOTHING;
	if
	:: free_rcu(2 * me + 1)
	:: call_rcu(me)
	fi;
#ifdef READER_LOCKS
	locked[me] = false;
#endif
	/* rcu_call.c:vms_rcu_barrier */
#ifndef NO_FLUSH
	flush();
#endif
	wait_for_callbacks();
	assert(freed[2 * me] && freed[2 * me + 1])
}

init
{
	byte n = 0;

	atomic {
		do
		:: n < WRITERS -> published[n] = 2 * n; n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < READERS -> run reader(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < WRITERS -> run writer(n); n++
		:: else -> break
		od
	}
}
