/* SPDX-License-Identifier: MIT */
/*
 * stress.h - the address space that vmstress's threads share, and what each
 * thread may rely on.
 *
 *   units        [4 stable pages][8 slot pages][4 pages never mapped],
 *                repeated; 32 units share one page table
 *   stable       mapped for reading and writing throughout; each page keeps one
 *                word
 *   slot         its owner maps, unmaps, replaces and protects it; others touch
 *                it and compare the result with slot.state
 *   never        never mapped
 *   stack        grows down to any address that is touched
 *   file         its pages hold one word each for ever: shared mappings never
 *                write another word, private ones write copies
 *   holes        a file that is mapped twice; threads punch holes into it,
 *                truncate it and extend it again. A removed page never returns
 *   the rest     placed by the kernel's rules: each thread maps, fills, checks
 *                and unmaps its own
 *
 * Locks: none; slot.state says what a touch may find. Read next: actors.c,
 *        world.c.
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
#define CHECKED_PAGES 32UL /* pages of it, evenly spaced; each has one writer at a time */
#define STACK_LIMIT (1UL << 20)

/*
 * A slot's state: generation << 3 | phase. The owner stores the changing phase
 * before the operation and the settled one after it (release). A thread that
 * touches the slot loads the state before and after the touch (acquire), and
 * knows what the slot was if both loads give the same settled value.
 */
enum phase {
	UNMAPPED,
	MAPPED_RW,
	MAPPED_R,
	CHANGING,        /* to or from UNMAPPED: a touch may find it mapped or not */
	CHANGING_MAPPED, /* replaced or protected: a read must find it mapped throughout */
};

struct slot {
	_Atomic unsigned long state vms_cacheline_aligned;
};

struct stress {
	struct mm_struct *mm;
	struct file *file;  /* FILE_PAGES pages, each with its own word */
	struct file *holes; /* HOLE_PAGES pages */
	atomic_flag writer[CHECKED_PAGES];
	const char *engine;
	unsigned long seed;
	unsigned int threads;
	struct slot slots[NR_UNITS];
	/*
	 * Addresses of memory that threads move about. Others touch it, without
	 * knowing what they will find.
	 */
	_Atomic unsigned long moving[NR_MOVING];
	atomic_bool stop;
	_Atomic unsigned long errors;
	pthread_barrier_t barrier;
	/*
	 * All threads meet at the barrier twice; in between the main thread
	 * validates.
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
/*
 * The word of a slot page in this generation; never 0, which a fresh page
 * holds.
 */
static inline unsigned long slot_word(unsigned long addr, unsigned long generation)
{
	return (generation << 20 | addr >> PAGE_SHIFT) + 1;
}

/* Return: a random number below @n, from this worker's own stream. */
unsigned long pick(struct worker *w, unsigned long n);

/* Print a broken promise, with the command that reproduces it, and count it. */
void broken(struct worker *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * world.c: builds the stable part; checks every invariant that holds while all
 * threads rest at the barrier.
 */
int world_build(struct stress *s);
void world_check(struct stress *s);

/* actors.c: makes one random operation. */
void act(struct worker *w);

#endif
