/* SPDX-License-Identifier: MIT */
/*
 * operation.h - the operations that a thread repeats in its place. Each
 * operation leaves its place as it found it, so that every repetition meets the
 * same state. cell.c runs them.
 */
#ifndef BENCH_CONFLICTS_OPERATION_H
#define BENCH_CONFLICTS_OPERATION_H

#include <stdbool.h>
#include <stdio.h>

#include <vmastore/mm.h>

#define PLACE_LEN (8UL << 20)

/*
 * One thread's part of the address space: [start, start + PLACE_LEN), one VMA.
 */
struct hand {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long prot;  /* the protection of its VMA */
	unsigned long pages; /* the page of the next fault; each fault takes a new page */
	bool keep;           /* the other thread needs a VMA here throughout */
	FILE *null;
	struct mm_struct *child;
	unsigned long broke; /* the break before brk(), or the address that mmap() returned */
};

struct operation {
	const char *name;
	const char *what;
	bool vacant;    /* its place has no VMA between repetitions */
	bool elsewhere; /* does not work in its place */
	bool leaf;      /* faults in a leaf of the page table that both places share */
	bool heavy;     /* slow: runs less often */
	/*
	 * @run alone is recorded. @prepare and @undo may be NULL. Each returns
	 * whether it succeeded.
	 */
	bool (*prepare)(struct hand *hand);
	bool (*run)(struct hand *hand);
	bool (*undo)(struct hand *hand);
};

/* The last entry has the name NULL. */
extern const struct operation operations[];

/* hand_map() - Map the hand's place. Return: whether it is mapped. */
bool hand_map(struct hand *hand);

#endif
