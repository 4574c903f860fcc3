/* SPDX-License-Identifier: MIT */
/*
 * rwsem.pml - the rw-semaphore: its word, its queue, hand-off, timed calls and
 * downgrade. Threads 0 to WRITERS - 1 take it for writing and may downgrade;
 * the others take it for reading. Each makes one call, and releases.
 *
 * It mirrors lib/sync/rwsem.c, rwsem_queue.c, rwsem_wait.c, rwsem_spin.c and
 * rwsem_internal.h. A comment at each transition names the function. A step of
 * a process is one access to one word; what wait_lock guards takes no step of
 * its own.
 *
 * Checked: a writer holds the semaphore alone; no thread accesses a waiter that
 * its owner has back; no sleeper is left asleep; when the last call has
 * returned, the semaphore is free and its queue empty.
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
#define THREADS (WRITERS + READERS)
#define is_writer(w) ((w) < WRITERS)

/* TIMED: the set of threads whose calls are timed, a bit for each. */
#ifndef TIMED
#define TIMED 0
#endif
#define is_timed(w) (TIMED & (1 << (w)))

/*
 * COARSE: what a thread does with wait_lock held is one step, so no thread ever
 * finds wait_lock held; and a waiter that sleeps needs no wake-up. If no call
 * is timed, that step also tells the waiters that were granted the semaphore.
 */
#ifdef COARSE
#define ONE_STEP atomic {
#define STEP_ENDS }
#else
#define ONE_STEP
#define STEP_ENDS
#endif
#if defined(COARSE) && TIMED == 0
#define STEP_ENDS_TIMED
#define STEP_ENDS_UNTIMED }
#else
#define STEP_ENDS_TIMED STEP_ENDS
#define STEP_ENDS_UNTIMED
#endif

/* The bits of count (rwsem_internal.h), and limits that few threads reach. */
#define WRITER 1
#define WAITERS 2
#define HANDOFF 4
#define COMPETES 8
#define STAYS 16
#define OVERTAKEN_ONE 32
#define OVERTAKEN (3 * OVERTAKEN_ONE)
#define READER 128
#define READERS_BITS (~(READER - 1))
#define HELD (READERS_BITS | WRITER)
#define OVERTAKEN_LIMIT (2 * OVERTAKEN_ONE)
#define OVERTAKEN_WHEN_AWAKE OVERTAKEN_ONE
#define OVERTAKEN_NEARLY OVERTAKEN_ONE

/* The bits of wait_lock. */
#define QUEUE_LOCKED 1
#define QUEUE_SLEEPERS 2
#define QUEUE_LOOK 4
#define QUEUE_SWEEP 8

/* The states of a waiter. */
#define AWAKE 0
#define FRONT 1
#define ASLEEP 2
#define CALLED 3
#define GRANTED 4
#define LEFT 5

short count = 0;
byte wait_lock = 0;
byte queue[THREADS];	/* waiters, by the number of their thread */
byte queued = 0;
byte state[THREADS];

/* Who sleeps in the kernel, on the word of its waiter or on wait_lock. */
bool asleep[THREADS];
bool asleep_on_lock[THREADS];

/* What the checks look at; the code has no such words. */
byte readers = 0, writers = 0;
byte returned = 0;
bool owned[THREADS];	/* the waiter is in use: not returned from, not put */

/* rwsem_internal.h:vms__rwsem_overtaking */
#define one_more(c) ((c) + OVERTAKEN_ONE)
#define overtaking(c) \
	(!((c) & WAITERS) -> (c) : \
	((one_more(c) & OVERTAKEN) < OVERTAKEN_LIMIT -> one_more(c) : \
	((one_more(c) | HANDOFF) & ~COMPETES)))
/* rwsem_internal.h:vms__rwsem_overtaking_writer */
#define overtaking_writer(c) \
	((overtaking(c) & COMPETES) -> (overtaking(c) | WRITER | STAYS) : (overtaking(c) | WRITER))
/* rwsem.c:nobody_competes */
#define nobody_competes(c) (((c) & (WAITERS | COMPETES)) == WAITERS)
/* rwsem.c:downgrade_flags */
#define downgrade_flags(c) \
	(!((c) & COMPETES) -> 0 : \
	(((c) & OVERTAKEN) >= OVERTAKEN_NEARLY -> HANDOFF - COMPETES : \
	(((c) & STAYS) -> 0 : STAYS)))
/* rwsem.c:up_read; c: count before */
#define must_pass_on(c) \
	(((c) & WAITERS) && !(((c) - READER) & HELD) && \
	((c) & (COMPETES | STAYS)) != (COMPETES | STAYS))

inline enter_read()
{
	readers++;
	assert(writers == 0)
}

inline enter_write()
{
	writers++;
	assert(writers == 1 && readers == 0)
}

/* rwsem_spin.c:note_overtaking */
inline note_overtaking()
{
	if
	:: atomic { (count & WAITERS) && !(count & HANDOFF) -> count = overtaking(count) }
	:: !(count & WAITERS) || (count & HANDOFF)
	fi
}

/*
 * rwsem_queue.c:vms__rwsem_lock_queue. `late`: the deadline passed first.
 * Without FUTEX_LOCK a thread that waits for wait_lock neither sets
 * QUEUE_SLEEPERS nor needs a wake-up.
 */
inline lock_queue()
{
	if
	:: atomic { wait_lock == 0 -> wait_lock = QUEUE_LOCKED }
	:: atomic { (wait_lock & QUEUE_LOCKED) && is_timed(me) -> late = true }
#ifdef FUTEX_LOCK
	:: atomic { wait_lock & QUEUE_LOCKED ->
		wait_lock = wait_lock | QUEUE_SLEEPERS; seen = wait_lock };
		do	/* futex_wait(word, seen) */
		:: atomic { wait_lock == seen -> asleep_on_lock[me] = true };
			if
			:: !asleep_on_lock[me]
			:: atomic { is_timed(me) ->
				asleep_on_lock[me] = false; seen = 0; late = true }; break
			fi
		:: atomic { wait_lock & QUEUE_LOCKED ->
			wait_lock = wait_lock | QUEUE_SLEEPERS; seen = wait_lock }
		:: atomic { wait_lock == 0 ->
			wait_lock = QUEUE_LOCKED | QUEUE_SLEEPERS; seen = 0 }; break
		od
#endif
	fi
}

/* rwsem_queue.c:dequeue, of the waiter at `place` */
inline dequeue(place)
{
	assert(wait_lock & QUEUE_LOCKED);
	queued--;
	j = place;
	do
	:: j < queued -> queue[j] = queue[j + 1]; j++
	:: else -> break
	od;
	queue[queued] = 0;
	j = 0
}

/*
 * What pass_on() does next, when it has loaded the count and the first waiter's
 * state: nothing more; a compare and swap of count, for which c must still be
 * right; a change of the waiter's state, which must still be st.
 */
#define AGAIN 0
#define DONE 1
#define IMPATIENT 2
#define COMPETE 3
#define GRANT 4
#define TO_FRONT 5
#define TO_CALLED 6

/* rwsem_queue.c:remove_left, of the waiter at `place` */
inline remove_left(place)
{
	w = queue[place];
	assert(owned[w]);
	dequeue(place);
	count = count & ~((place == 0 -> HANDOFF | COMPETES | STAYS | OVERTAKEN : 0) |
			  (queued == 0 -> WAITERS : 0));
	owned[w] = false;	/* rwsem_timed.c:vms__rwsem_put_timed */
	state[w] = 0;
	w = 0
}

/* rwsem_queue.c:grant_writer; count is still c */
inline grant_writer()
{
	w = queue[0];
	dequeue(0);
	count = WRITER | (queued > 0 -> WAITERS : 0);
	granted = granted | (1 << w);
	w = 0
}

/* rwsem_queue.c:grant_readers; count is still c: all readers in the queue */
inline grant_readers()
{
	count = count & READERS_BITS;
	do
	:: i < queued && is_writer(queue[i]) -> count = count | WAITERS; i++
	:: i < queued && !is_writer(queue[i]) ->
		count = count + READER;
		granted = granted | (1 << queue[i]);
		dequeue(i)
	:: i == queued -> break
	od;
	i = 0
}

/* rwsem_queue.c:let_compete, up to its compare and swap: c is to become `to` */
inline let_compete(front)
{
	to = ((c & HANDOFF) -> c : ((c & WRITER) -> c | COMPETES | STAYS : c | COMPETES));
	if
	:: front && (to & OVERTAKEN) < OVERTAKEN_WHEN_AWAKE ->
		to = (to & ~OVERTAKEN) | OVERTAKEN_WHEN_AWAKE
	:: else
	fi;
	act = (to == c -> DONE : COMPETE)
}

/* rwsem_queue.c:serve_first and make_wait, up to the step that acts */
inline serve_first()
{
	w = queue[0];
	if
	:: st == LEFT -> remove_left(0); act = AGAIN
	:: st != LEFT && (c & (is_writer(w) -> HELD : WRITER)) ->
		if
		/* rwsem_queue.c:grow_impatient, at any time */
#ifndef PATIENT
		:: !(c & HANDOFF) -> act = IMPATIENT
#endif
		:: !is_writer(w) -> act = DONE
		:: is_writer(w) && st == ASLEEP -> act = DONE
		:: is_writer(w) && st == FRONT -> let_compete(true)
		:: is_writer(w) && st == CALLED -> let_compete(false)
#ifndef MANY_CPUS
		:: is_writer(w) && st == AWAKE -> act = DONE	/* on one CPU */
#endif
#ifndef ONE_CPU
		:: is_writer(w) && st == AWAKE -> act = TO_FRONT
#endif
		fi
	:: st != LEFT && !(c & (is_writer(w) -> HELD : WRITER)) ->
		if
		:: !is_writer(w) || (c & HANDOFF) || st == AWAKE || st == FRONT -> act = GRANT
		:: is_writer(w) && !(c & HANDOFF) && st == CALLED -> let_compete(false)
		:: is_writer(w) && !(c & HANDOFF) && st == ASLEEP -> act = TO_CALLED
		fi
	fi;
	w = 0
}

/* rwsem_queue.c:pass_on */
inline pass_on_locked()
{
	do
	:: queued == 0 -> break
	:: atomic { queued > 0 -> c = count };
		atomic { st = state[queue[0]]; serve_first(); st = 0 };
decided:
		if
		:: act == AGAIN
		:: act == DONE -> break
		:: atomic { act == IMPATIENT && count == c ->
			count = (count | HANDOFF) & ~COMPETES }
		:: atomic { act == COMPETE && count == c -> count = to; act = DONE }; break
#ifdef NO_GRANT_CAS
		:: atomic { act == GRANT ->
#else
		:: atomic { act == GRANT && count == c ->
#endif
			if
			:: is_writer(queue[0]) -> grant_writer()
			:: else -> grant_readers()
			fi }
		:: act >= IMPATIENT && act <= GRANT && count != c
		:: atomic { act == TO_FRONT && state[queue[0]] == AWAKE ->
			state[queue[0]] = FRONT; let_compete(true) }; goto decided
		:: act == TO_FRONT && state[queue[0]] != AWAKE
		:: atomic { act == TO_CALLED && state[queue[0]] == ASLEEP ->
			state[queue[0]] = CALLED; called = 1 + queue[0] }
		:: act == TO_CALLED && state[queue[0]] != ASLEEP
		fi;
		to = 0;
		c = 0;
		act = AGAIN
	od;
	to = 0;
	c = 0;
	act = AGAIN
}

/* rwsem_queue.c:remove_all_left */
inline remove_all_left()
{
	i = 0;
	do
	:: atomic { i < queued && state[queue[i]] == LEFT -> remove_left(i) }
	:: i < queued && state[queue[i]] != LEFT -> i++
	:: i == queued -> break
	od;
	i = 0
}

/* futex_wake(&sem->wait_lock, 1): any one of the sleepers */
inline wake_one()
{
	if
	:: asleep_on_lock[0] -> asleep_on_lock[0] = false
	:: asleep_on_lock[1] -> asleep_on_lock[1] = false
	:: asleep_on_lock[2] -> asleep_on_lock[2] = false
#if WRITERS + READERS > 3
	:: asleep_on_lock[3] -> asleep_on_lock[3] = false
#endif
#if WRITERS + READERS > 4
	:: asleep_on_lock[4] -> asleep_on_lock[4] = false
#endif
	:: else
	fi
}

/* rwsem_queue.c:unlock_queue */
inline unlock_queue()
{
	if
	:: atomic { wait_lock & QUEUE_SLEEPERS ->
		what = wait_lock & (QUEUE_LOOK | QUEUE_SWEEP); wait_lock = 0 };
#ifndef NO_QUEUE_WAKE
		wake_one()
#endif
	:: atomic { !(wait_lock & QUEUE_SLEEPERS) ->
		what = wait_lock & (QUEUE_LOOK | QUEUE_SWEEP); wait_lock = 0 }
	fi
}

/* rwsem_queue.c:give_back; c: count before */
#define is_free_for_others(c, hold) (((c) & WAITERS) && !(((c) - (hold)) & HELD))

/* rwsem_queue.c:deliver */
inline deliver()
{
	do
	:: granted == 0 -> break
	:: atomic { granted != 0 ->
		do
		:: granted & (1 << w) -> break
		:: else -> w++
		od;
		granted = granted & ~(1 << w);
		assert(owned[w]);	/* next = w->next */
		if	/* exchange(word, GRANTED) */
		:: state[w] == ASLEEP -> state[w] = GRANTED; goto wake
		:: state[w] == LEFT -> owned[w] = false; state[w] = 0; goto back
		:: else -> state[w] = GRANTED; goto delivered
		fi };
wake:
#if !defined(NO_GRANT_WAKE) && !defined(COARSE)
		asleep[w] = false;
#endif
		goto delivered;
back:
#ifndef NO_GIVE_BACK
		atomic {
			if
			:: is_free_for_others(count, (is_writer(w) -> WRITER : READER)) ->
				what = what | QUEUE_LOOK
			:: else
			fi;
			count = count - (is_writer(w) -> WRITER : READER)
		};
#endif
delivered:
#ifdef NO_NEXT_FIRST
		assert(owned[w]);	/* next = w->next, too late */
#endif
		w = 0
	od;
	if
	:: called > 0 ->
#if !defined(NO_CALL_WAKE) && !defined(COARSE)
		asleep[called - 1] = false;
#endif
		called = 0
	:: else
	fi
}

proctype thread(byte me)
{
	short c = 0, to = 0;
	byte seen = 0, st = 0, what = 0, granted = 0, called = 0, w = 0, i = 0, j = 0;
	byte next = AWAKE;
	byte act = AGAIN;
	bool counted = false, waiting = false, downgraded = false, late = false;

	if
	/*
	 * rwsem.c:take_free, rwsem_spin.c:vms__rwsem_spin_write: a free lock is
	 * taken, or the compare and swaps failed.
	 */
	:: atomic { is_writer(me) && !(count & (HELD | HANDOFF)) ->
		count = overtaking_writer(count); enter_write() }; goto holds
	:: is_writer(me) -> goto wait
	/* rwsem.c:down_read; the options say what the fetch_add saw */
	:: atomic { !is_writer(me) && !is_timed(me) && !(count & (WRITER | WAITERS | HANDOFF)) ->
		count = count + READER; enter_read() }; goto holds
	/* rwsem_spin.c:vms__rwsem_spin_read */
	:: atomic { !is_writer(me) && !is_timed(me) && !(count & WRITER) && (count & WAITERS) &&
		    !(count & (HANDOFF | READERS_BITS)) -> count = count + READER; enter_read() };
		note_overtaking();
		goto holds
	:: atomic { !is_writer(me) && !is_timed(me) && !(count & WRITER) &&
		    ((count & HANDOFF) || ((count & WAITERS) && (count & READERS_BITS))) ->
		count = count + READER; counted = true }; goto wait
	:: atomic { !is_writer(me) && !is_timed(me) && (count & WRITER) -> count = count + READER };
		if
		:: atomic { !(count & (WRITER | HANDOFF | WAITERS)) -> enter_read() }; goto holds
		:: atomic { !(count & (WRITER | HANDOFF)) && (count & WAITERS) -> enter_read() };
			note_overtaking();
			goto holds
		:: counted = true; goto wait
		fi
	/* rwsem.c:down_read_timeout, rwsem_spin.c:vms__rwsem_spin_timed_read */
	:: atomic { !is_writer(me) && is_timed(me) && !(count & (WRITER | HANDOFF)) &&
		    !((count & WAITERS) && (count & READERS_BITS)) ->
		count = overtaking(count) + READER; enter_read() }; goto holds
	:: !is_writer(me) && is_timed(me) -> goto wait
	fi;

wait:	/* rwsem_wait.c:vms__rwsem_wait, wait_as */
	ONE_STEP
	atomic { true -> state[me] = AWAKE; owned[me] = true; waiting = true };
	lock_queue();
	if
	:: late -> late = false; goto late_outside
	:: else
	fi;
	atomic {
#ifdef NO_WITHDRAW
		counted = false;
#endif
		count = count - (counted -> READER : 0) + (queued == 0 -> WAITERS : 0);
		counted = false;
		queue[queued] = me;	/* rwsem_queue.c:vms__rwsem_enqueue */
#if defined(COARSE) && TIMED == 0
		/*
		 * Neighbouring readers get the semaphore together, so they
		 * stand by number, and fewer states differ.
		 */
		j = queued;
		do
		:: j > 0 && !is_writer(me) && queue[j - 1] > me ->
			queue[j] = queue[j - 1];
			queue[j - 1] = me;
			j--
		:: else -> break
		od;
		j = 0;
#endif
		queued++
	};
	what = QUEUE_LOOK;
#ifdef NO_LOOK_AFTER_ENQUEUE
	goto unlock;
#endif
	goto finish
	STEP_ENDS;

finish:	/* rwsem_queue.c:vms__rwsem_finish */
	ONE_STEP
	if
	:: what & QUEUE_SWEEP -> remove_all_left()
	:: else
	fi;
	pass_on_locked();
unlock:
	unlock_queue()
	STEP_ENDS_TIMED;
#ifdef NO_TOLD
	what = 0;
#endif
	deliver()
	STEP_ENDS_UNTIMED;

tell:	/* rwsem_queue.c:vms__rwsem_lock_queue_or_tell */
	if
	:: what == 0
	:: atomic { what != 0 && (wait_lock & QUEUE_LOCKED) ->
		wait_lock = wait_lock | what; what = 0 }
	:: atomic { what != 0 && !(wait_lock & QUEUE_LOCKED) ->
		wait_lock = QUEUE_LOCKED; goto finish }
	fi;
	if
	:: waiting -> goto wait_loop
	:: downgraded && !waiting -> goto release_read
	:: !waiting && !downgraded -> goto out
	fi;

wait_loop:	/* rwsem_wait.c:wait_as */
	if
	:: atomic { state[me] == GRANTED -> state[me] = 0; owned[me] = false; waiting = false;
		if
		:: is_writer(me) -> enter_write()
		:: !is_writer(me) -> enter_read()
		fi }; goto holds
	/*
	 * On one CPU at once; with more the waiter looks for a moment first.
	 * COARSE: whether a reader sleeps makes no difference.
	 */
#ifdef COARSE
	:: atomic { is_writer(me) && state[me] == AWAKE -> state[me] = ASLEEP }; goto wait_loop
	:: !is_writer(me) && is_timed(me) && state[me] == AWAKE -> goto leave
#else
	:: atomic { state[me] == AWAKE -> state[me] = ASLEEP }; goto wait_loop
#endif
	/* rwsem_wait.c:sleep_in_queue */
#ifdef COARSE
	:: is_timed(me) && state[me] == ASLEEP -> goto leave
#else
	:: atomic { state[me] == ASLEEP -> asleep[me] = true };
		if
		:: !asleep[me] -> goto wait_loop
		:: atomic { is_timed(me) -> asleep[me] = false }; goto leave
		fi
#endif
	:: state[me] == CALLED -> next = FRONT
	/* rwsem_wait.c:compete, is_my_turn: free, or patience is over */
#ifdef PATIENT
	:: state[me] == FRONT && !(count & HELD) -> next = FRONT
#else
	:: state[me] == FRONT && (!(count & HELD) || !(count & HANDOFF)) -> next = FRONT
#endif
	/* the holder has been the same for too long */
	:: state[me] == FRONT -> next = ASLEEP
	:: state[me] == FRONT && is_timed(me) -> goto leave
	fi;

	/* rwsem_wait.c:step */
	ONE_STEP
	lock_queue();
	if
	:: late -> late = false; goto late_in_queue
	:: else
	fi;
	if
	:: atomic { next == FRONT && (state[me] == CALLED || state[me] == FRONT) ->
		state[me] = FRONT }
	:: atomic { next == ASLEEP && state[me] == FRONT -> state[me] = ASLEEP };
#ifndef NO_COMPETES_CLEARED
		count = count & ~COMPETES
#endif
	:: state[me] == GRANTED
	fi;
	next = AWAKE;
	what = QUEUE_LOOK;
	goto finish
	STEP_ENDS;

late_in_queue:
	next = AWAKE;
leave:	/* rwsem_wait.c:leave */
	if
	:: atomic { state[me] == GRANTED -> state[me] = 0; owned[me] = false; waiting = false;
#ifdef NO_LEAVE_LOOK
		goto out };
#else
		if
		:: is_writer(me) -> enter_write()
		:: !is_writer(me) -> enter_read()
		fi }; goto holds
#endif
	:: atomic { state[me] != GRANTED -> state[me] = LEFT; waiting = false }
	fi;
#ifdef NO_LEAVE_TELL
	goto out;
#endif
	what = QUEUE_LOOK | QUEUE_SWEEP;
	goto tell;

late_outside:
	atomic { owned[me] = false; waiting = false; counted = false };
	goto out;

holds:
	if
	/* rwsem.c:up_write */
	:: atomic { is_writer(me) && nobody_competes(count) -> writers--; count = count - WRITER };
		what = QUEUE_LOOK; goto tell
	:: atomic { is_writer(me) && !nobody_competes(count) -> writers--; count = count - WRITER };
		goto out
	/* rwsem.c:downgrade_write */
	:: atomic { is_writer(me) && nobody_competes(count) -> writers--; readers++;
		count = count + READER - WRITER + downgrade_flags(count); downgraded = true };
		what = QUEUE_LOOK; goto tell
	:: atomic { is_writer(me) && !nobody_competes(count) -> writers--; readers++;
		count = count + READER - WRITER + downgrade_flags(count) }
	:: !is_writer(me)
	fi;

release_read:	/* rwsem.c:up_read */
	downgraded = false;
	if
	:: atomic { must_pass_on(count) -> readers--; count = count - READER };
		what = QUEUE_LOOK; goto tell
	:: atomic { !must_pass_on(count) -> readers--; count = count - READER }
	fi;

out:
	atomic {
		returned++;
		assert(returned < THREADS ||
		       (count == 0 && wait_lock == 0 && queued == 0 &&
			readers == 0 && writers == 0))
	}
}

init
{
	byte n = 0;

	atomic {
		do
		:: n < THREADS -> run thread(n); n++
		:: else -> break
		od
	}
}
