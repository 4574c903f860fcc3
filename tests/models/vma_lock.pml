/* SPDX-License-Identifier: MIT */
/*
 * vma_lock.pml - the lock in every VMA: the count, the stamp, the sequence of
 * the mm, and the bias. One VMA in one address space. The readers come as often
 * as they like; the writers make SECTIONS write sections in all.
 *
 * It mirrors lib/sync/vma_lock.h, vma_lock.c, vma_bias.h and vma_bias.c, and
 * the part of lib/engine/lock_vma.c that puts them together. A comment at each
 * transition names the function. A step of a process is one access to one word.
 *
 * Checked: no reader holds the VMA while a writer changes it, nor while it is
 * detached; no lock is given back that is not held; no sleeper is left asleep.
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

/* The bits of refcnt. The count has room for READERS + 1. */
#define COUNT 7
#define MAY_HOLD 8
#define OFFSET 16
#define SLEEPER 32
#define has_room(ref) (((ref) & ~MAY_HOLD) < COUNT)

#define BIASED 2
#define is_odd(seq) ((seq) & 1)
/* mm_lock_seq begins at 2 (lib/mm/mm.c). */
#define SEQ_FIRST 2

byte refcnt = 1;
byte lock_seq = 0;
byte mm_seq = SEQ_FIRST;
bool mmap_lock = false;	/* rwsem.pml has the real one */

/* The slots of the readers' threads (vma_bias.h). */
bool held[READERS];
bool slot_sleeper[READERS];

/* Whether a writer sleeps in the kernel: on refcnt, on a slot's sleeper. */
bool asleep = false;
bool asleep_on[READERS];

/* What the checks look at; the code has no such words. */
bool changing = false;
bool attached = true;

/* ---- readers ------------------------------------------------------------- */

/* vma_lock.h:vms__vlock_end_read. The option says what the fetch_sub saw. */
#ifdef NO_WAKE_FOR_DETACH
#define is_last(ref) (((ref) & COUNT) == 2)
#else
#define is_last(ref) (((ref) & COUNT) <= 2)
#endif
#define may_give_back(ref) (((ref) & COUNT) >= (((ref) & OFFSET) -> 1 : 2))

inline vlock_end_read()
{
	if
	:: atomic { (refcnt & SLEEPER) && is_last(refcnt) ->
		assert(may_give_back(refcnt)); refcnt-- };
#ifndef NO_WAKE
		asleep = false	/* vma_lock.c:vms__vlock_wake_writer */
#endif
	:: atomic { !((refcnt & SLEEPER) && is_last(refcnt)) ->
		assert(may_give_back(refcnt)); refcnt-- }
	fi
}

/* vma_bias.c:vms__bias_wake, if a writer sleeps on the slot */
inline wake_slot(me)
{
	if
	:: slot_sleeper[me] ->
		slot_sleeper[me] = false;
#ifndef NO_SLOT_WAKE
		asleep_on[me] = false	/* futex_wake */
#endif
	:: else
	fi
}

/*
 * What a reader does with the VMA that it holds. One step is enough: a change
 * takes two, and any other thread may run between them.
 */
inline use()
{
	assert(!changing && attached)
}

proctype reader(byte me)
{
	byte seen = 0;

again:	/* The thread comes no more; or it tries one of three ways. */
	if
	:: goto done
#ifdef ALONE
	/*
	 * vma_lock.h:vms__vlock_try_read_alone, R2: compare and swap 1 by 2. R1
	 * may always refuse: that is `again`.
	 */
	:: atomic { refcnt == 1 -> refcnt = 2 };
#ifndef NO_R3_ALONE
		if			/* R3 */
		:: lock_seq == 0
		:: lock_seq != 0 -> vlock_end_read(); goto again
		fi;
#endif
		goto hold
#endif
#ifndef COUNTS_ONLY
	/*
	 * lock_vma.c:try_lock took the stamp for the bias, rightly or not.
	 * vma_bias.h:vms__bias_try_read: P2
	 */
	:: held[me] = true;
#ifndef NO_P3
		if			/* P3 */
		:: lock_seq == BIASED
		:: lock_seq != BIASED ->
			held[me] = false;	/* vma_bias.c:vms__bias_undo */
			wake_slot(me);
			goto again
		fi;
#endif
		goto hold
#endif
	/*
	 * vma_lock.h:vms__vlock_try_read. R1 may always refuse, likewise. R2:
	 * the compare and swap, with the value that it saw; a count of 0 (GONE)
	 * and one without room (BUSY) refuse.
	 */
#ifdef NO_R2_ZERO
	:: atomic { has_room(refcnt) -> refcnt++ }
#else
	:: atomic { refcnt != 0 && has_room(refcnt) -> refcnt++ }
#endif
#ifdef NO_REFUSAL
	:: atomic { refcnt != 0 && !has_room(refcnt) && (refcnt & COUNT) < COUNT -> refcnt++ }
#endif
	fi;

#ifndef NO_R3
	if			/* R3 */
	:: !is_odd(lock_seq)
	:: atomic { is_odd(lock_seq) -> seen = lock_seq };
		if
		:: atomic { seen != mm_seq -> seen = 0 }
		:: atomic { seen == mm_seq -> seen = 0 }; vlock_end_read(); goto again
		fi
#ifdef EITHER_ORDER	/* of R3's loads */
	:: seen = mm_seq;
		if
		:: atomic { seen != lock_seq || !is_odd(seen) -> seen = 0 }
		:: atomic { seen == lock_seq && is_odd(seen) -> seen = 0 };
			vlock_end_read(); goto again
		fi
#endif
	fi;
#endif
	/* lock_vma.c:counted, vma_lock.h:vms__vlock_settle: R4 */
	if
	:: !is_odd(lock_seq)
	:: atomic { is_odd(lock_seq) -> seen = lock_seq };
		if
#ifndef NO_SETTLE_CHECK
		:: atomic { mm_seq <= seen -> seen = 0 }
		:: mm_seq > seen ->
#else
		:: true ->
#endif
			if
#ifdef NO_SETTLE_CAS
			:: lock_seq = 0
#else
			:: atomic { lock_seq == seen -> lock_seq = 0; seen = 0 }
			:: atomic { lock_seq != seen -> seen = 0 }
#endif
			fi
		fi
	fi;
#ifndef COUNTS_ONLY
	/*
	 * vma_bias.c:vms__bias_is_keen and vms__bias_pays say when to bias;
	 * here any reader may. vma_lock.h:vms__vlock_bias:
	 */
	if
	:: goto hold
	:: lock_seq == 0 ->
#if !defined(NO_MAY_HOLD) && !defined(NO_BIT_FIRST)
		refcnt = refcnt | MAY_HOLD;
#endif
		if
#ifdef NO_BIAS_CAS
		:: lock_seq = BIASED
#else
		:: atomic { lock_seq == 0 -> lock_seq = BIASED }
		:: lock_seq != 0
#endif
		fi;
#ifdef NO_BIT_FIRST
		refcnt = refcnt | MAY_HOLD;
#endif
	fi;
#endif
hold:
	use();
	/*
	 * lock_vma.c:end_read. That a VMA which a slot holds has a stamp is
	 * checked, so the load of the stamp needs no step of its own.
	 */
	if
	:: atomic { held[me] -> assert(lock_seq != 0); held[me] = false };	/* P5 */
		wake_slot(me)
	:: !held[me] -> vlock_end_read()
	fi;
	goto again;
done:
	skip
}

/* ---- writers: mmap_lock W ------------------------------------------------ */

/* futex.h:vms__futex_wait on refcnt. It may return early (EINTR). */
inline wait_on_refcnt(expected)
{
	if
	:: atomic { refcnt == expected -> asleep = true }; !asleep
	:: refcnt != expected
	:: true
	fi
}

/* vma_lock.c:wait_readers. It stops spinning whenever it likes. */
inline wait_readers(left)
{
	if
	:: (refcnt & COUNT) == left
	:: true ->
		d_step { refcnt = refcnt | SLEEPER; ref = refcnt };
		do
		:: (ref & COUNT) == left -> break
		:: else -> wait_on_refcnt(ref); ref = refcnt
		od;
		ref = 0
	fi
}

/* vma_bias.c:wait_slot, for each slot (vms__bias_wait) */
inline bias_wait()
{
	do
	:: i < READERS ->
		do
		:: !held[i] -> break
		:: held[i] ->
			slot_sleeper[i] = true;
			if
#ifndef NO_SLOT_RECHECK
			:: !held[i] -> break
			:: held[i] ->
#else
			:: true ->
#endif
				if	/* futex_wait(&slot->sleeper, 1) */
				:: atomic { slot_sleeper[i] -> asleep_on[i] = true }; !asleep_on[i]
				:: !slot_sleeper[i]
				:: true
				fi
			fi
		od;
		i++
	:: else -> break
	od;
	i = 0
}

/* vma_lock.c:let_go */
inline let_go()
{
	refcnt = refcnt & ~(OFFSET | SLEEPER | MAY_HOLD)
}

/* vma_lock.c:shut_out: W2, the slow way */
inline shut_out()
{
	d_step { assert(refcnt != 0 && refcnt < OFFSET); refcnt = refcnt + OFFSET };
#ifndef NO_WAIT
	wait_readers(1);
#endif
#ifndef NO_SLOT_WAIT
	if
	:: refcnt & MAY_HOLD -> bias_wait()
	:: else
	fi;
#endif
	let_go()
}

/* vma_lock.h:vms__vlock_start_write */
inline start_write()
{
	if
	:: lock_seq == mm_seq
	:: else ->
		lock_seq = mm_seq;	/* W1 */
#ifndef NO_W2
		if			/* W2: compare and swap 1 by 1 */
		:: refcnt == 1
		:: refcnt == 0
		:: refcnt > 1 -> shut_out()
		fi
#endif
	fi
}

/* vma_lock.h:vms__vlock_batch_begin to vms__vlock_batch_finish */
inline batch()
{
	if
	:: lock_seq != BIASED
	:: lock_seq == BIASED -> lock_seq = mm_seq
	fi;
	/* one heavy fence; vms__vlock_in_batch */
	if
	:: lock_seq == mm_seq && (refcnt & MAY_HOLD) -> shut_out()
	:: else
	fi
}

/* vma_bias.c:vms__bias_held_by_any */
inline held_by_any()
{
	any = false;
	do
	:: i < READERS && held[i] -> any = true; break
	:: i < READERS && !held[i] -> i++
	:: i == READERS -> break
	od;
	i = 0
}

/*
 * vma_lock.h:vms__vlock_try_write, and vma_lock.c:vms__vlock_try_write_slow.
 * `any` says afterwards that the lock was refused.
 */
inline try_write()
{
	if
	:: lock_seq == mm_seq
	:: else ->
		if
		:: atomic { refcnt == 1 -> refcnt = 1 + OFFSET } ->
			lock_seq = mm_seq;	/* W1 */
			refcnt = refcnt - OFFSET
		:: refcnt > 1 && !(refcnt & MAY_HOLD) -> any = true
		:: refcnt > 1 && (refcnt & MAY_HOLD) ->
			held_by_any();
			if
			:: any
			:: !any ->
				if
				:: refcnt != (1 | MAY_HOLD) -> any = true
				:: atomic { refcnt == (1 | MAY_HOLD) ->
					refcnt = refcnt + OFFSET } ->
					d_step { was = lock_seq; lock_seq = mm_seq };
					/* heavy fence */
#ifndef NO_TRY_LOOK
					held_by_any();
#endif
					if
					:: any ->
						lock_seq = was;
						refcnt = refcnt - OFFSET
					:: !any -> let_go()
					fi;
					was = 0
				fi
			fi
		fi
	fi
}

/* vma_lock.h:vms__vlock_detach, and vma_lock.c:vms__vlock_detach_slow */
inline detach()
{
	if
	:: atomic { refcnt == 1 -> refcnt = 0 }
	:: refcnt != 1 ->
		d_step { assert(refcnt != 0 && refcnt < OFFSET); refcnt = refcnt + OFFSET - 1 };
#ifndef NO_DETACH_WAIT
		wait_readers(0);
#endif
		let_go()
	fi;
	attached = false
}

/* vma_lock.h:vms__vlock_retire, and vma_lock.c:vms__vlock_retire_slow */
inline retire()
{
	lock_seq = mm_seq;
	if
	:: atomic { refcnt == 1 -> refcnt = 0; attached = false }
	:: refcnt != 1 -> shut_out(); detach()
	fi
}

/* vma_lock.h:vms__vlock_attach_locked; `attached` is for the checks */
inline attach_locked()
{
#ifndef NO_ATTACH_STAMP
	lock_seq = mm_seq;
#endif
	d_step { assert(refcnt == 0); refcnt = 1; attached = true }
}

/*
 * A VMA in the memory of one that was detached: vma.c:vma_init, and
 * lock_vma.c:vms__vma_mark_attached
 */
inline attach_or_not()
{
	if
	:: skip
	:: changing = true;
		refcnt = 0;	/* vma_lock.h:vms__vlock_init */
		lock_seq = 0;
		attach_locked();
		changing = false;
		end_write_or_not()	/* engine.h:vms__vma_is_whole */
	fi
}

/* W3 */
inline change()
{
	changing = true;
	changing = false
}

/* vma_lock.h:vms__vlock_end_write, for lock_vma.c:end_write_vma */
inline end_write_or_not()
{
	if
	:: skip
	:: d_step { assert(lock_seq == mm_seq); lock_seq = 0 }
	fi
}

/*
 * One write section. The writers are alike, so which of them comes first makes
 * no difference, and they come in the order of their numbers.
 */
proctype writer(byte me)
{
	byte ref = 0, was = 0, i = 0;
	bool any = false;

	/* lock_mmap.c:mmap_write_lock, vma_lock.h:vms__vlock_seq_begin */
	atomic { !mmap_lock && mm_seq == SEQ_FIRST + 2 * me -> mmap_lock = true };
	mm_seq++;
	if
	:: attached -> start_write(); change(); end_write_or_not()
	:: attached ->
		try_write();
		if
		:: any -> any = false
		:: else -> change(); end_write_or_not()
		fi
	/* lock_vma.c:vms__vmas_unbias_slow, and then as always */
	:: attached -> batch(); start_write(); change()
	/* unmap.c:lock_gathered; the VMA leaves the index */
	:: attached -> retire(); change(); attach_or_not()
	:: attached -> start_write(); change(); detach(); change()
	:: !attached -> attach_or_not()
	fi;
	/* vma_lock.h:vms__vlock_seq_end, lock_mmap.c:mmap_write_unlock */
	mm_seq++;
	mmap_lock = false
}

init
{
	byte n = 0;

	atomic {
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
