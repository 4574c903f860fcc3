/* SPDX-License-Identifier: MIT */
/*
 * state.h - everything about a world that an operation could change, taken down
 * so that it can be compared: with another moment of the same world, or with
 * another world in which the same script ran.
 *
 * No address of an object is in it, but counts of references are; what is
 * shared has a number, given in the order in which it is met.
 */
#ifndef TESTS_SWEEP_STATE_H
#define TESTS_SWEEP_STATE_H

#include "tools/vmreplay/world.h"

/* Which file: f0 to m1 as in the scripts. */
enum { FILE_NONE = -1, FILE_NAMED = 0, FILE_FILLER = 6, FILE_SHM = 7 };

/* One VMA. */
struct run {
	unsigned long start, end;
	vm_flags_t flags;
	unsigned long pgoff;
	int file;     /* FILE_* */
	int shm;      /* of FILE_SHM: which, from 1 on; else 0 */
	int anon_vma; /* which, from 1 on; 0: none */
	int links;    /* in its chain */
};

/* One page-table entry. */
struct entry {
	unsigned long addr;
	unsigned long bits; /* but not whether it was used lately */
	unsigned long word;
	unsigned int refcount, mapcount; /* of the page; 0: no page */
	bool anon;
};

enum { NR_COUNTERS = 11 };

struct space {
	struct run *run;
	size_t nr_runs;
	struct entry *entry;
	size_t nr_entries;
	unsigned long counter[NR_COUNTERS];
	unsigned long brk;
	vm_flags_t def_flags;
};

#define STATE_OBJECTS_MAX 16

struct state {
	struct space *space; /* by process */
	int nr, current;     /* processes; the one that the script is in */
	struct {
		char name[24];
		unsigned long nr;
	} object[STATE_OBJECTS_MAX]; /* alive, in all the program */
	int nr_objects;
};

/* Locks: none; nothing else is at work in the world. */
void state_take(struct state *state, struct world *world);
void state_free(struct state *state);

/* In every respect. *@what, unless NULL: in which not. */
bool state_equal(const struct state *a, const struct state *b, const char **what);
/*
 * But for how the memory is cut into VMAs, the objects that takes, page tables,
 * and what page caches hold.
 */
bool state_same_memory(const struct state *a, const struct state *b);
/*
 * The same, but for entries of the process at hand that were writable in
 * @before and are not in @after.
 */
bool state_write_protected(const struct state *before, const struct state *after);
/* How many objects of that name. */
unsigned long state_objects(const struct state *state, const char *name);

const struct space *state_current(const struct state *state);
unsigned long space_map_count(const struct space *space);

#endif
