/* SPDX-License-Identifier: MIT */
/*
 * operation.h - what a thread does again and again, in its place. Each
 * operation leaves its place as it found it, so that every repetition meets the
 * same.
 */
#ifndef BENCH_CONFLICTS_OPERATION_H
#define BENCH_CONFLICTS_OPERATION_H

#include <stdbool.h>
#include <stdio.h>

#include <vmastore/mm.h>

#define PLACE_LEN (8UL << 20)

/*
 * A thread's own part of the address space: [start, start + PLACE_LEN), one
 * VMA.
 */
struct hand {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long prot;  /* what its VMA allows */
	unsigned long pages; /* where its faults begin; each takes the next page */
	bool keep;           /* the other thread needs a VMA in the same place throughout */
	FILE *null;
	struct mm_struct *child;
	unsigned long broke; /* the break before */
};

struct operation {
	const char *name;
	const char *what;
	bool vacant;    /* no VMA in its place between repetitions */
	bool elsewhere; /* works at no place of its own */
	/*
	 * faults in the leaf of the page table that the other thread's place
	 * shares
	 */
	bool leaf;
	bool heavy; /* takes so long that it is done less often */
	/* NULL: nothing to do. Not recorded: prepare and undo. */
	bool (*prepare)(struct hand *hand);
	bool (*run)(struct hand *hand);
	bool (*undo)(struct hand *hand);
};

/* NULL-terminated by name. */
extern const struct operation operations[];

/* Map the hand's VMA. Return: whether it is mapped. */
bool hand_map(struct hand *hand);

#endif
