/* SPDX-License-Identifier: MIT */
/*
 * sched.h - inside a run: the threads, of which one runs at a time, and the
 * points at which another may take its place. The files that stand for the
 * compiler's and the C library's functions call these.
 */
#ifndef TESTS_EXPLORE_SCHED_H
#define TESTS_EXPLORE_SCHED_H

#include <pthread.h>
#include <time.h>

#include "tests/explore/run.h"

enum what {
	LOAD,
	STORE,
	RMW,
	FENCE,
	LOCK, /* a mutex */
	UNLOCK,
	WAIT, /* on a futex, a condition or a grace period */
	WAKE,
	VOLATILE_LOAD,
	VOLATILE_STORE,
	YIELD,
	CREATE,
	BEGIN,
};

struct access {
	enum what what;
	const volatile void *addr;
	unsigned int size;
	int order; /* a memory order; -1: none */
	const void *pc;
};

/*
 * Clocks, one for each thread: which of its steps happened before, in C11's
 * words; and which must be seen, also because of sequentially consistent
 * fences, which let nothing happen before anything.
 */
struct view {
	uint32_t before[RUN_THREADS], seen[RUN_THREADS];
};

enum state { RUNNABLE, BLOCKED, DONE };

struct thread {
	enum state state;
	uint32_t token; /* futex: 1: it may run */
	void *(*start)(void *);
	void *arg;
	bool library; /* the run does not wait for its end */
	const char *name;

	/* while BLOCKED */
	const volatile void *on;   /* address; what it is, the waker knows */
	bool (*ready)(int thread); /* or: polled */
	bool timed;
	int64_t deadline;
	bool timed_out;

	uint64_t hash; /* of what it has done and seen */
	uint32_t priority;
	struct view now;           /* what it must see */
	struct view acquire_fence; /* what a fence acquires: from relaxed loads */
	struct view release_fence; /* what it saw at its last release fence */
	const void *pc;            /* of its last step */
};

extern struct thread threads[RUN_THREADS];
extern int nr_threads;
extern bool live;  /* inside a run, and not in its preparations */
extern bool quiet; /* at the scenario's end: nothing branches, nothing is checked */
extern _Thread_local int self;
extern int64_t now_ns; /* the time */

/* Whether a step may be another thread's instead, and matters to others. */
static inline bool explored(void)
{
	return live && !quiet;
}

/*
 * Before each step of the running thread: lets another thread go first.
 * Return: whether other threads access that place, too.
 */
bool sched_point(const struct access *a);
/*
 * The running thread sleeps until sched_wake(@on), or until @ready says so, or
 * until the deadline. Return: whether the deadline came first.
 */
bool sched_block(const struct access *a, bool (*ready)(int), const int64_t *deadline);
/* Wakes up to @nr sleepers, the longest sleeping first. Return: how many. */
int sched_wake(const volatile void *on, int nr);
/* Lets the other threads go first. */
void sched_yield_to_others(const struct access *a);
/* A new thread, which will run when it is chosen. Return: its number. */
int sched_create(void *(*start)(void *), void *arg, bool library, const char *name);
/* What this thread's step makes of the hashes. */
void sched_hash(const struct access *a);
void sched_mix(uint64_t value);
/*
 * What the running thread's access does. Return: the alternative chosen, of
 * @nr; 0: the usual. @branches: a search tries the others. It does not decide
 * whether there is a decision, so that a schedule fits in later runs as well,
 * which know more or fewer shared places.
 */
unsigned int sched_choose(enum decision kind, unsigned int nr, unsigned int cost, bool branches);
void sched_note_value(uint64_t value);

_Noreturn void run_failed(const void *pc, const void *other_pc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* race.c: plain accesses, and what the C library's locks order. */
void race_plain(const volatile void *addr, unsigned long size, bool write, const void *pc);
void race_atomic(const volatile void *addr, unsigned int size, bool write, const void *pc);

/* order.c: which accesses are ordered, and so what a load may see. */
void view_join(struct view *to, const struct view *from);
void race_acquire(const volatile void *addr);
void race_release(const volatile void *addr);
void race_thread_begins(int thread, int creator);
void order_fence(int order);
/* A fence of every thread: membarrier(2). */
void memory_heavy_fence(void);
/* The running thread's stores take effect. */
void memory_drain(void);
uint64_t memory_peek(const volatile void *addr, unsigned int size);
uint64_t order_load(const volatile void *addr, unsigned int size, int order, bool is_shared);
void order_store(volatile void *addr, unsigned int size, uint64_t value, int order, bool is_shared);
/* Before and after a read-modify-write on memory; @writes: it did. */
void order_rmw_begin(const volatile void *addr, unsigned int size);
void order_rmw_end(const volatile void *addr, unsigned int size, int order, bool writes);
/* A store that is not atomic, or volatile. */
void order_plain_store(void);

/* memory.c */
void memory_check(const volatile void *addr, unsigned long size, const void *pc);
void *memory_thread_stack(int thread, unsigned long *size);

#endif
