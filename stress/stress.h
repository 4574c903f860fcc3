/* SPDX-License-Identifier: MIT */
/*
 * stress.h - the world that vmstress's threads share, and what each may believe
 * about it.
 *
 *   units        [4 stable pages][8 slot pages][4 pages never mapped],
 *                repeated; 32 units share one page table
 *   stable       mapped for reading and writing throughout; each page keeps one
 *                word
 *   slot         its owner maps, unmaps, replaces and protects it; others touch
 *                it and hold the result against slot.state
 *   never        mapped by nobody
 *   stack        grows down to whatever is touched
 *   file         its pages hold one word each for ever: shared mappings never
 *                write another, private ones write copies
 *   holes        a file, mapped twice; holes are punched into it, and it is cut
 *                and grows again. A page that is gone stays gone
 *   the rest     placed by the kernel's rules: each thread maps, fills, checks
 *                and unmaps its own
 */
#ifndef VMSTRESS_STRESS_H
#define VMSTRESS_STRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <vmastore/mm.h>

#define PG PAGE_SIZE
#define UNIT_BASE 0x10000000UL
#define STABLE_PAGES 4UL
#define SLOT_PAGES 8UL
#define NEVER_PAGES 4UL
#define UNIT_PAGES (STABLE_PAGES + SLOT_PAGES + NEVER_PAGES)
#define NR_UNITS 96UL
#define FILE_PAGES 64UL
#define NR_MOVING 8UL
#define FAR_BASE 0x100000000UL
#define FAR_BYTES (64UL << 20)
#define STACK_TOP 0x30000000UL
#define HOLES_A 0x40000000UL
#define HOLES_B 0x48000000UL
#define HOLE_PAGES 2048UL
#define CHECKED_PAGES 32UL /* of them, in even distances, one thread at a time writes to */
#define STACK_LIMIT (1UL << 20)

/*
 * A slot's state: generation << 3 | phase. The owner stores the changing phase
 * before the operation and the settled one after it (release); who touches the
 * slot reads the state before and after (acquire), and knows the truth if both
 * are one settled value.
 */
enum phase {
	UNMAPPED,
	MAPPED_RW,
	MAPPED_R,
	CHANGING,        /* to or from UNMAPPED: a touch may find it or not */
	CHANGING_MAPPED, /* replaced or protected: a read must find it throughout */
};

struct slot {
	_Atomic unsigned long state vms_cacheline_aligned;
};

struct stress {
	struct mm_struct *mm;
	struct file *file;  /* FILE_PAGES pages, each with a word of its own */
	struct file *holes; /* HOLE_PAGES pages */
	atomic_flag writer[CHECKED_PAGES];
	const char *engine;
	unsigned long seed;
	unsigned int threads;
	struct slot slots[NR_UNITS];
	/*
	 * where threads have memory that they move about; a place to touch, no
	 * promise
	 */
	_Atomic unsigned long moving[NR_MOVING];
	atomic_bool stop;
	_Atomic unsigned long errors;
	pthread_barrier_t barrier;
	/*
	 * everybody comes to the barrier, twice; between the two the main
	 * thread validates
	 */
	atomic_bool pause;
};

struct worker {
	struct stress *s;
	pthread_t thread;
	unsigned int id;
	uint64_t rng;
	unsigned long ops;
} vms_cacheline_aligned;

static inline unsigned long stable_addr(unsigned long unit)
{
	return UNIT_BASE + unit * UNIT_PAGES * PG;
}
static inline unsigned long slot_addr(unsigned long unit)
{
	return stable_addr(unit) + STABLE_PAGES * PG;
}
static inline unsigned long never_addr(unsigned long unit)
{
	return slot_addr(unit) + SLOT_PAGES * PG;
}
static inline unsigned long stable_word(unsigned long addr)
{
	return addr ^ 0x5bd1e995UL;
}
static inline unsigned long file_word(unsigned long page)
{
	return 0xf11e0000UL + page;
}
/* A slot page's word in this generation; never 0, which a fresh page holds. */
static inline unsigned long slot_word(unsigned long addr, unsigned long generation)
{
	return (generation << 20 | addr >> PAGE_SHIFT) + 1;
}

/* A random number below @n, from this worker's own stream. */
unsigned long pick(struct worker *w, unsigned long n);

/* A broken promise: printed with what reproduces it, counted. */
void broken(struct worker *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * world.c: makes the stable part; checks every invariant that needs quiet (all
 * threads at the barrier).
 */
int world_build(struct stress *s);
void world_check(struct stress *s);

/* actors.c: one random operation. */
void act(struct worker *w);

#endif
