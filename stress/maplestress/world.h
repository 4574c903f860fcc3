/* SPDX-License-Identifier: MIT */
/*
 * world.h - a maple tree that writers change while readers read it, and what
 * each reader may rely on.
 *
 * A contiguous part of the tree's indexes is divided into cells, and the cells
 * into territories. Each territory is of one kind, and only one writer changes
 * it. Each change of a cell is a new generation, which the writer announces
 * before and settles after:
 *
 *   cell.log[g] = the entry; cell.pending = g
 *   ... the write itself ...
 *   cell.settled = g
 *
 * A reader loads the settled generation before it reads the tree, and the
 * pending one afterwards. The entry that it found must be the entry of one of
 * the generations from the first to the second. So a reader sees an index as it
 * was before a write or after it, and, once the write is done, only as after
 * it. The rest of the tree's indexes never have an entry.
 *
 * An entry is a record, a plain object. It is written just before it is stored,
 * and freed a grace period after the last of its cells has another entry. A
 * reader that finds it in a read section must find it whole.
 *
 * Locks: only the territory's writer writes a cell's log and generations. Read
 *        next: writer.c, reader.c.
 */
#ifndef MAPLESTRESS_WORLD_H
#define MAPLESTRESS_WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

enum kind {
	REPLACE, /* no cell is ever empty: entries are replaced, split and joined in place */
	HOLES,   /* small ranges are stored and erased */
	SPARSE,  /* like HOLES, but few ranges, with gaps on both sides */
	WIDE,    /* filled range by range, then overwritten by one store */
	GROW,    /* few ranges, whose ends move back and forth */
	ALLOC,   /* placed in the lowest or the highest gap, and erased */
	NR_KINDS
};

#define TERRITORY_CELLS 256u
#define TERRITORIES_MAX 16u
#define CELLS_MAX (TERRITORIES_MAX * TERRITORY_CELLS)
#define LOG 8u /* generations of a cell that are remembered */
#define THREADS_MAX 64u

struct record {
	unsigned int first, last; /* cells */
	unsigned long when;       /* its writer's count of writes; not 0 */
	unsigned int cells;       /* cells that have it now; only the writer uses this */
	struct vms_rcu_head rcu;
};

struct cell {
	/* generations: the newest that may be seen, and the oldest */
	_Atomic unsigned long pending, settled;
	struct record *_Atomic log[LOG]; /* by generation % LOG */
};

struct territory {
	enum kind kind;
	unsigned int first, last; /* cells */
	unsigned int at;          /* WIDE: where filling continues; only the writer uses this */
};

struct world {
	struct maple_tree tree;
	unsigned int nr_cells, nr_territories;
	/*
	 * The index at which each cell begins; at the end, the first index
	 * after all cells.
	 */
	unsigned long start[CELLS_MAX + 1];
	struct cell cells[CELLS_MAX];
	struct territory territories[TERRITORIES_MAX];
	/*
	 * A cell that was just announced: readers read near it, in order to
	 * meet the write.
	 */
	_Atomic unsigned int hot;
	_Atomic unsigned long writes; /* of all writers so far, roughly */
	_Atomic unsigned long errors;
	const char *again; /* the command that repeats the run */
};

struct worker {
	struct world *world;
	pthread_t thread;
	unsigned int id;
	uint64_t random;
	unsigned long done; /* writes or reads */
	/*
	 * Cells that a reader has read, and those of them that could not be
	 * judged because they changed too often meanwhile.
	 */
	unsigned long read, unjudged;
	unsigned int territories, territory[TERRITORIES_MAX]; /* a writer's */
} vms_cacheline_aligned;

/*
 * @flags: the tree's flags, besides MT_FLAGS_USE_RCU. The territories are of
 *         the @nr kinds, one after the other.
 * Return: NULL if memory is out.
 */
struct world *world_new(unsigned int flags, const enum kind *kinds, unsigned int nr,
			const char *again);
/* The caller must be the last user. Return: the number of errors. */
unsigned long world_free(struct world *w);
/*
 * While all workers rest: check that the tree is valid, and holds the settled
 * entries.
 */
void world_check(struct world *w);

/* Return: a random number below @n. */
unsigned long pick(struct worker *worker, unsigned long n);
/* Print a broken promise, and count it. */
void broken(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Find the cell of @key. Return: false if it is in none. */
bool world_cell(const struct world *w, unsigned long key, unsigned int *cell);
static inline unsigned long cell_first(const struct world *w, unsigned int cell)
{
	return w->start[cell];
}
static inline unsigned long cell_last(const struct world *w, unsigned int cell)
{
	return w->start[cell + 1] - 1;
}
/*
 * The cell's present entry, for its writer, and for all threads while the
 * writers rest.
 */
struct record *cell_now(const struct world *w, unsigned int cell);

/*
 * One random write; one random read; and a read that pauses for a while inside
 * its read section.
 */
void write_something(struct worker *worker);
void read_something(struct worker *worker);
void read_slowly(struct worker *worker);
/*
 * Make the state that writers start from: territories of kind REPLACE are full.
 */
void write_first(struct worker *worker);

#endif
