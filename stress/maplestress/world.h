/* SPDX-License-Identifier: MIT */
/*
 * world.h - a maple tree that writers change while readers read it, and what
 * each reader may believe about it.
 *
 * Some indexes of the tree, next to each other, are cut into cells, and the
 * cells into territories, each of one kind and changed by one writer only.
 * Whatever the writer does to a cell is a new generation of it, announced
 * before and settled after:
 *
 * 	cell.log[g] = the entry; cell.pending = g;   ...the write itself...   cell.settled = g
 *
 * A reader takes the settled generation before it looks into the tree, and the
 * pending one afterwards. What it found must be the entry of one of the
 * generations from the first to the second: so an index is seen as it was
 * before a write or after it, and, once the write is done, after it only. The
 * rest of the tree's indexes never have an entry.
 *
 * An entry is a record, a plain object written just before it is stored and
 * freed a grace period after the last of its cells has another: whoever finds
 * it in a read section must find it whole.
 *
 * Locks: a cell's log and generations are written by the territory's writer
 *        alone. Read next: writer.c, reader.c.
 */
#ifndef MAPLESTRESS_WORLD_H
#define MAPLESTRESS_WORLD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <vmastore/maple_tree.h>
#include <vmastore/rcu.h>

enum kind {
	REPLACE, /* never a cell without an entry: replaced, split and joined in place */
	HOLES,   /* small ranges come and go */
	SPARSE,  /* the same, few of them, with gaps on both sides */
	WIDE,    /* filled range by range, then swallowed by one store over all of it */
	GROW,    /* few ranges, whose ends move to and fro */
	ALLOC,   /* placed in the lowest or the highest gap, and freed */
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
	unsigned int cells;       /* that have it now; the writer's own */
	struct vms_rcu_head rcu;
};

struct cell {
	/* generations: the newest that may be seen, the oldest */
	_Atomic unsigned long pending, settled;
	struct record *_Atomic log[LOG]; /* by generation % LOG */
};

struct territory {
	enum kind kind;
	unsigned int first, last; /* cells */
	unsigned int at;          /* WIDE: where filling has come to; its writer's own */
};

struct world {
	struct maple_tree tree;
	unsigned int nr_cells, nr_territories;
	/*
	 * index at which each cell begins; the last: the first index after all
	 * cells
	 */
	unsigned long start[CELLS_MAX + 1];
	struct cell cells[CELLS_MAX];
	struct territory territories[TERRITORIES_MAX];
	/*
	 * a cell that was just announced: readers look there, to come in
	 * between
	 */
	_Atomic unsigned int hot;
	_Atomic unsigned long writes; /* made so far, of all writers, about */
	_Atomic unsigned long errors;
	const char *again; /* words that repeat the run */
};

struct worker {
	struct world *world;
	pthread_t thread;
	unsigned int id;
	uint64_t random;
	unsigned long done; /* writes or reads */
	/*
	 * cells that a reader looked at; of these, those that changed too often
	 * meanwhile
	 */
	unsigned long read, unjudged;
	unsigned int territories, territory[TERRITORIES_MAX]; /* of a writer */
} vms_cacheline_aligned;

/*
 * @flags: of the tree, besides MT_FLAGS_USE_RCU. Territories of the @nr kinds,
 *         one after the other.
 * Return: NULL, no memory.
 */
struct world *world_new(unsigned int flags, const enum kind *kinds, unsigned int nr,
			const char *again);
/* Nobody uses it any more. Returns the errors there were. */
unsigned long world_free(struct world *w);
/* While all workers rest: the tree is valid, and holds what was settled. */
void world_check(struct world *w);

/* A random number below @n. */
unsigned long pick(struct worker *worker, unsigned long n);
/* A promise that was not kept: printed, counted. */
void broken(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The cell of @key; false: it is in none. */
bool world_cell(const struct world *w, unsigned long key, unsigned int *cell);
static inline unsigned long cell_first(const struct world *w, unsigned int cell)
{
	return w->start[cell];
}
static inline unsigned long cell_last(const struct world *w, unsigned int cell)
{
	return w->start[cell + 1] - 1;
}
/* What the cell has, for its writer, and for all when the writers rest. */
struct record *cell_now(const struct world *w, unsigned int cell);

/*
 * One random write; one random read; and a read that stands still for a while
 * inside its read section.
 */
void write_something(struct worker *worker);
void read_something(struct worker *worker);
void read_slowly(struct worker *worker);
/* The state that writers start from: territories of kind REPLACE are full. */
void write_first(struct worker *worker);

#endif
