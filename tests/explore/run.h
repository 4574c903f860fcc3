/* SPDX-License-Identifier: MIT */
/*
 * run.h - what the searching process and a run share. Each run is a process of
 * its own, forked from one that has made the scenario's preparations. So it
 * begins with the same memory at the same addresses, and a run that crashes or
 * hangs harms no other.
 *
 * A run makes decisions, which are numbered: before each access, which thread
 * makes the next step; and with a memory model, what an access does. It makes
 * the usual decision (the thread continues; the access takes effect at once)
 * unless the schedule names another for that number. So the list of unusual
 * decisions determines the run.
 */
#ifndef TESTS_EXPLORE_RUN_H
#define TESTS_EXPLORE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/explore/explore.h"

/*
 * The threads of a run: the main thread, which runs the scenario's end; the
 * scenario's own; and those that the library creates.
 */
#define RUN_THREADS 8
#define RUN_DECISIONS 60000 /* a run that makes more does not end */
#define RUN_UNUSUAL 256
#define RUN_BRANCHES 8192
#define RUN_TEXT 2048
#define RUN_STEP_SECONDS 20 /* from step to step, before a run counts as stuck */

enum decision {
	DECIDE_RUN,     /* the thread @value makes the next step */
	DECIDE_TIMEOUT, /* the time of the thread @value is up, and it continues */
	DECIDE_DELAY,   /* the store stays in the thread's store buffer */
	DECIDE_OLDER,   /* the load takes the value before the latest @value ones */
};

struct unusual {
	uint32_t at; /* the decision's number */
	uint16_t kind, value;
};

/* A decision that may have been made otherwise. */
struct branch {
	uint32_t at;
	uint8_t cost;   /* of the decisions before it */
	uint8_t nr;     /* alternatives */
	uint64_t state; /* a hash of what has happened before */
	struct {
		uint8_t kind, value, cost;
	} alt[RUN_THREADS + 4];
};

/* One step of a run that is printed. */
struct step {
	uint32_t at;
	uint8_t thread, what, size;
	bool shared;
	int8_t order;
	const void *pc;
	const void *addr;
	uint64_t value;
};

enum verdict { RUN_RUNS, RUN_OK, RUN_KNOWN, RUN_FAILED };

/* Memory models. */
enum memory { MEMORY_SC, MEMORY_TSO, MEMORY_WEAK };

enum strategy { FOLLOW, RANDOM };

/* The searching process sets these before each run. */
struct run_orders {
	enum strategy strategy;
	enum memory memory;
	bool races;                   /* report data races */
	bool prune;                   /* end a run in a state that was seen */
	bool print;                   /* note every step */
	uint64_t seed;                /* RANDOM */
	unsigned int changes, length; /* RANDOM: priority changes in so many steps */
	unsigned int nr_unusual;
	struct unusual unusual[RUN_UNUSUAL];
};

/* The run leaves these. */
struct run_result {
	enum verdict verdict;
	/* A place turned out to be shared: earlier runs missed branches. */
	bool new_shared;
	unsigned int cost;
	uint32_t decisions, points; /* how many; how many of them at shared places */
	unsigned int nr_branches, nr_unusual;
	bool too_many; /* branches or unusual decisions */
	struct branch branch[RUN_BRANCHES];
	struct unusual unusual[RUN_UNUSUAL]; /* what was decided, to replay it */
	char text[RUN_TEXT];                 /* why it failed */
	const void *pc, *other_pc;           /* where; NULL: unknown */
	int signal, signalled;               /* 0, or which signal stopped which thread */
	char thread[RUN_THREADS][32];
	unsigned int nr_threads;
	uint32_t nr_steps;
};

/* Which threads have read and written a place, in any run so far. */
#define PLACES (1u << 16)
struct place {
	uint64_t key;
	uint8_t readers, writers;
};

/* States that were seen, and the least cost at which. */
#define STATES (1u << 22)

#define STEPS (1u << 16)

struct shared {
	struct run_orders orders;
	struct run_result result;
	struct place place[PLACES];
	uint64_t state[STATES]; /* the upper 56 bits of its hash, and the cost + 1 */
	struct step step[STEPS];
};

extern struct shared *shared;

/*
 * Return: whether the state was seen at no more than @cost. If not, it counts
 * as seen now.
 */
bool state_seen(uint64_t hash, unsigned int cost);

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;

	x ^= x >> 32;
	x = (x + b) * 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 29;
}

/*
 * A hash for tables by address, in units of eight bytes. Neighbours stay
 * neighbours, so that a run touches few pages of the tables.
 */
static inline uint64_t spread(uint64_t unit)
{
	return unit + mix(unit >> 6, 5) * 64;
}

/* sched.c: make the preparations; then, in the child of a fork, one run. */
void run_prepare(const struct explore_scenario *scenario);
_Noreturn void run_child(const struct explore_scenario *scenario);

#endif
