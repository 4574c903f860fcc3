/* SPDX-License-Identifier: MIT */
/*
 * recycle.pml - a VMA's memory, which is type-stable: readers try its lock at
 * any time, while it becomes another VMA of the same mm or of the other one, or
 * is given back to the system and reads as zeros. Each of the two address
 * spaces has a writer, who makes SECTIONS write sections; a reader looks in
 * either address space, as often as it likes.
 *
 * It mirrors lib/engine/lock_vma.c, lib/mm/vma.c, and lib/sync/vma_lock.h and
 * vma_bias.h as far as they matter here; vma_lock.pml has how a writer sleeps.
 * lib/sync/objcache/objcache.h says what type-stable means. A comment at each
 * transition names the function. A step of a process is one access to one word.
 *
 * Checked: a reader that holds the VMA for an mm and an address holds a VMA
 * that is in the tree of that mm, covers that address, and is not being
 * changed; no reader writes to memory that is no VMA's.
 *
 * tests/models/README.md says what is left out. Each `#ifdef NO_...` removes
 * one step, and the checks then fail (tests/models/run).
 */
#ifndef READERS
#define READERS 3
#endif
#ifndef SECTIONS
#define SECTIONS 2
#endif

/* The bits of refcnt. The count has room for READERS + 1. */
#define COUNT 7
#define MAY_HOLD 8
#define OFFSET 16
#define has_room(ref) (((ref) & ~MAY_HOLD) < COUNT)

#define BIASED 2
#define is_odd(seq) ((seq) & 1)
#define SEQ_FIRST 2
#define SEQ_LAST (SEQ_FIRST + 2 * SECTIONS)
#define NO_MM 2

/* The memory. `start` stands for the range: the VMA covers page 0 or page 1. */
byte refcnt = 0;
byte lock_seq = 0;
byte vm_mm = NO_MM;
byte start = 0;
bool is_free = true;	/* in its object cache */

byte mm_seq[2] = SEQ_FIRST;
bool held[READERS];	/* the slots of the readers' threads */

/* What the checks look at; the code has no such words. */
bool changing = false;
bool attached = false;
byte in_tree = NO_MM;	/* the mm whose tree has the VMA */

/* ---- readers ------------------------------------------------------------- */

/* vma_lock.h:vms__vlock_end_read */
inline vlock_end_read()
{
	d_step {
		assert(attached && (refcnt & COUNT) >= ((refcnt & OFFSET) -> 1 : 2));
		refcnt--
	}
}

/* lock_vma.c:end_read; vma_lock.pml says why the stamp takes no step */
inline end_read()
{
	if
	:: atomic { held[me] -> assert(lock_seq != 0); held[me] = false }
	:: !held[me] -> vlock_end_read()
	fi
}

/* vma_lock.h:vms__vlock_settle, with the sequence of the reader's mm */
inline settle()
{
	if
	:: !is_odd(lock_seq)
	:: atomic { is_odd(lock_seq) -> seen = lock_seq };
		if
		:: atomic { mm_seq[mm] <= seen -> seen = 0 }
		:: mm_seq[mm] > seen ->
			if
			:: atomic { lock_seq == seen -> assert(attached); lock_seq = 0; seen = 0 }
			:: atomic { lock_seq != seen -> seen = 0 }
			fi
		fi
	fi
}

/*
 * lock_vma.c:vma_still_covers, for any address: the reader wanted the one that
 * the VMA covers, or another, and then gives up.
 */
#ifdef NO_MM_CHECK
#define is_mine true
#else
#define is_mine (vm_mm == mm)
#endif
#ifdef NO_RANGE_CHECK
#define wanted 0
#else
#define wanted start
#endif

proctype reader(byte me)
{
	byte mm = 0, addr = 0, seen = 0;

again:
	/*
	 * A walk may find the memory, and a hint (hint.h) may name it always.
	 * The reader's mm is a guess that its first step makes.
	 */
	if
	:: goto done
	/* vma_lock.h:vms__vlock_try_read: R1 may always refuse; R2 */
#ifdef NO_R2_ZERO
	:: atomic { has_room(refcnt) -> assert(attached); refcnt++; mm = 0 }
#else
	:: atomic { refcnt != 0 && has_room(refcnt) -> assert(attached); refcnt++; mm = 0 }
	:: atomic { refcnt != 0 && has_room(refcnt) -> assert(attached); refcnt++; mm = 1 }
#endif
#ifdef BIAS
	/* vma_bias.h:vms__bias_try_read: P2 */
	:: held[me] = true;
		if		/* P3 */
		:: atomic { lock_seq == BIASED -> mm = 0 }; goto check
		:: atomic { lock_seq == BIASED -> mm = 1 }; goto check
		:: atomic { lock_seq != BIASED -> held[me] = false }; goto again
		fi
#endif
	fi;
#ifndef NO_R3
	if			/* R3 */
	:: !is_odd(lock_seq)
	:: atomic { is_odd(lock_seq) -> seen = lock_seq };
		if
		:: atomic { seen != mm_seq[mm] -> seen = 0 }
		:: atomic { seen == mm_seq[mm] -> seen = 0; mm = 0 }; vlock_end_read(); goto again
		fi
	fi;
#endif
#ifdef NO_CHECK_BEFORE_SETTLE
	settle();
#endif
check:	/* lock_vma.c:try_lock, try_bias, try_read_vma; P4 */
#ifdef NO_P4
	if
	:: held[me] -> addr = wanted; goto use
	:: else
	fi;
#endif
	if
	:: is_mine -> addr = wanted
	:: atomic { true -> mm = 0 }; end_read(); goto again
	fi;
	/* lock_vma.c:counted */
	if
	:: held[me]
	:: !held[me] ->
		settle();
#ifdef BIAS
		if	/* vma_lock.h:vms__vlock_bias */
		:: skip
		:: lock_seq == 0 ->
			refcnt = refcnt | MAY_HOLD;
			if
			:: atomic { lock_seq == 0 -> assert(attached); lock_seq = BIASED }
			:: lock_seq != 0
			fi
		fi
#endif
	fi;
use:
	atomic {
		assert(attached && !changing && vm_mm == mm && in_tree == mm && start == addr);
		addr = 0;
		mm = 0
	};
	end_read();
	goto again;
done:
	skip
}

/* ---- writers: mmap_lock W of their mm ------------------------------------ */

/* vma_lock.c:shut_out and wait_readers; vma_bias.c:vms__bias_wait */
inline shut_out()
{
	d_step { assert(refcnt != 0 && refcnt < OFFSET); refcnt = refcnt + OFFSET };
	(refcnt & COUNT) == 1;
	if
	:: refcnt & MAY_HOLD ->
		do
		:: i < READERS -> !held[i]; i++
		:: else -> break
		od;
		i = 0
	:: else
	fi;
	refcnt = refcnt & ~(OFFSET | MAY_HOLD)	/* let_go */
}

/* vma_lock.h:vms__vlock_start_write */
inline start_write()
{
	lock_seq = mm_seq[me];	/* W1 */
	if			/* W2 */
	:: refcnt == 1
	:: refcnt != 1 -> shut_out()
	fi
}

/* vma_lock.h:vms__vlock_detach, and vma_lock.c:vms__vlock_detach_slow */
inline detach()
{
	if
	:: atomic { refcnt == 1 -> refcnt = 0; attached = false }
	:: refcnt != 1 ->
		refcnt = refcnt + OFFSET - 1;
#ifndef NO_DETACH_WAIT
		(refcnt & COUNT) == 0;
#endif
		d_step { refcnt = refcnt & ~(OFFSET | MAY_HOLD); attached = false }
	fi
}

/*
 * lock_vma.c:vms__vma_retire, vma_lock.h:vms__vlock_retire. The reader is
 * refused from here on, though the tree still shows the VMA.
 */
inline retire()
{
	lock_seq = mm_seq[me];
	if
	:: atomic { refcnt == 1 -> refcnt = 0; attached = false }
	:: refcnt != 1 -> shut_out(); detach()
	fi
}

/* vma.c:vma_init, and the fields that its callers set */
inline fill(page)
{
	refcnt = 0;
	lock_seq = 0;
	d_step { vm_mm = me; start = page }	/* only a holder loads them */
}

/* vma.c:vm_area_alloc, and vms__vma_commit of a new VMA */
inline map(page)
{
#ifdef NO_ATTACH_LAST
	d_step { refcnt = 1; attached = true };
	lock_seq = mm_seq[me];
	vm_mm = me;
	start = page;
#else
	fill(page);
	/* lock_vma.c:vms__vma_mark_attached, vms__vlock_attach_locked */
#ifndef NO_STAMP_BEFORE_ATTACH
	lock_seq = mm_seq[me];
#endif
	d_step { refcnt = 1; attached = true };
#endif
	/* The index is changed, and what follows in the same section. */
	d_step { in_tree = me; changing = true };
	changing = false;
	if
	:: skip
	:: lock_seq = 0	/* engine.h:vms__vma_is_whole */
	fi
}

/* trim.c, and slab.c:vms__slabs_release: the memory now reads as zeros. */
inline trim()
{
#ifdef NO_TYPE_STABILITY
	d_step { refcnt = 1; lock_seq = 0; vm_mm = 0 };	/* another type's object */
#else
	refcnt = 0;
	lock_seq = 0;
	d_step { vm_mm = NO_MM; start = 0 };
#endif
	is_free = true
}

proctype writer(byte me)
{
	byte i = 0;

	do
	:: mm_seq[me] == SEQ_LAST -> break
	/* Which thread gives memory back makes no difference. */
	:: atomic { me == 1 && is_free && vm_mm != NO_MM -> is_free = false }; trim()
	/* lock_mmap.c:mmap_write_lock */
	:: mm_seq[me] < SEQ_LAST ->
		mm_seq[me]++;
		if
		:: skip		/* a section that concerns other VMAs */
		:: atomic { is_free -> is_free = false };
			if
			:: map(0)
			:: map(1)
			fi
		/* adjust.c, merge.c: the VMA moves or shrinks */
		:: in_tree == me ->
			start_write();
			changing = true;
			start = 1 - start;
			changing = false
		/* unmap.c:lock_gathered; vma.c:vms__vma_commit, vm_area_free */
		:: in_tree == me ->
			retire();
			changing = true;
			in_tree = NO_MM;
			changing = false;
			is_free = true
		/* merge.c: locked first, and detached last */
		:: in_tree == me ->
			start_write();
			changing = true;
			in_tree = NO_MM;
#ifdef NO_DETACH_BEFORE_FREE
			is_free = true;
			changing = false;
			detach()
#else
			detach();
			changing = false;
			is_free = true
#endif
		fi;
		mm_seq[me]++	/* lock_mmap.c:mmap_write_unlock */
	od
}

init
{
	byte n = 0;

	atomic {
		do
		:: n < READERS -> run reader(n); n++
		:: else -> break
		od;
		run writer(0);
		run writer(1)
	}
}
