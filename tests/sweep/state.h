/* SPDX-License-Identifier: MIT */
/*
 * state.h - a copy of everything in a world that an operation could change. It
 * can be compared with the state of the same world at another time, or with the
 * state of another world in which the same script ran.
 *
 * A state holds no addresses of objects, but the counts of their references; a
 * shared object has a number, in the order in which the walk meets it.
 */
#ifndef TESTS_SWEEP_STATE_H
#define TESTS_SWEEP_STATE_H

#include "tools/opscript/opscript.h"
#include "tools/vmreplay/world.h"

/* The file of a run; the named ones are f0 to m1 of the scripts. */
enum { FILE_NONE = -1, FILE_NAMED = 0, FILE_FILLER = OP_NR_FILES, FILE_SHM };

/* One VMA. */
struct run {
	unsigned long start, end;
	vm_flags_t flags;
	unsigned long pgoff;
	int file;     /* FILE_* */
	int shm;      /* for FILE_SHM: its number, from 1; else 0 */
	int anon_vma; /* its number, from 1; 0: none */
	int links;    /* length of its chain */
};

/* One page-table entry. */
struct entry {
	unsigned long addr;
	unsigned long bits; /* without the accessed bit */
	unsigned long word;
	unsigned int refcount, mapcount; /* of the page; 0: none */
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
	int nr, current;     /* number of processes; the script's current one */
	struct {
		char name[24];
		unsigned long nr;
	} object[STATE_OBJECTS_MAX]; /* alive in the whole program */
	int nr_objects;
};

/* Locks: none; nothing else may use the world meanwhile. */
void state_take(struct state *state, struct world *world);
void state_free(struct state *state);

/*
 * Whether the states are equal in every respect. *@what, unless NULL: the first
 * difference.
 */
bool state_equal(const struct state *a, const struct state *b, const char **what);
/*
 * Whether the states are equal, except for the division into VMAs, the objects
 * that this takes, page tables, and the contents of page caches.
 */
bool state_same_memory(const struct state *a, const struct state *b);
/*
 * Whether state_same_memory() holds, except for entries of the current process
 * that were writable in @before and are not in @after.
 */
bool state_write_protected(const struct state *before, const struct state *after);
/* The number of live objects of that name. */
unsigned long state_objects(const struct state *state, const char *name);

const struct space *state_current(const struct state *state);
unsigned long space_map_count(const struct space *space);

#endif
