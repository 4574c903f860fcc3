/* SPDX-License-Identifier: MIT */
/*
 * model.h - a maple tree and a flat array that says what the tree must hold.
 * The array has a cell for each of a few keys. Cell i stands for the keys from
 * start[i] to start[i + 1] - 1, the last cell for all keys up to ULONG_MAX, so
 * that one model reaches both ends of the key space.
 *
 * Locks: one thread.
 */
#ifndef TESTS_MAPLE_MODEL_H
#define TESTS_MAPLE_MODEL_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <vmastore/maple_tree.h>

#define MODEL_CELLS_MAX 4096

/* A build that checks itself is slower, and divides its work by this. */
#if defined(MODEL_LESS)
/* Given on the command line, by tools/coverage. */
#elif defined(__SANITIZE_THREAD__)
#define MODEL_LESS 24u
#elif defined(__SANITIZE_ADDRESS__)
#define MODEL_LESS 8u
#elif defined(VMS_DEBUG)
#define MODEL_LESS 4u
#else
#define MODEL_LESS 1u
#endif

struct model {
	struct maple_tree tree;
	unsigned int cells;
	unsigned long start[MODEL_CELLS_MAX + 1]; /* start[cells] is unused */
	void *cell[MODEL_CELLS_MAX];
	/* number of the store that filled the cell; 0: empty */
	unsigned long store[MODEL_CELLS_MAX];
	unsigned long stores;
	uint64_t random;
};

/* Cells of one key each, from 0; the last cell takes the rest. */
void model_init(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed);
/* Cells of random width, over the whole key space. */
void model_init_wide(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed);
/*
 * Cells of @step keys each, from @base on; the last cell takes the rest. The
 * keys below @base, if any, are a cell of their own.
 */
void model_init_at(struct model *m, unsigned int flags, unsigned int cells, unsigned long base,
		   unsigned long step);
/*
 * Empties all cells and initialises the tree; the caller must have destroyed
 * the old tree.
 */
void model_reset(struct model *m, unsigned int flags);
/* Destroys the tree and asserts that its nodes were freed. */
void model_destroy(struct model *m);

uint64_t model_random(struct model *m);
unsigned int model_below(struct model *m, unsigned int limit);
/* Return: a new entry, different from all earlier ones. */
void *model_entry(struct model *m);

static inline unsigned long model_first(const struct model *m, unsigned int cell)
{
	return m->start[cell];
}
static inline unsigned long model_last(const struct model *m, unsigned int cell)
{
	return cell + 1 < m->cells ? m->start[cell + 1] - 1 : ULONG_MAX;
}
/* Return: the cell that holds @key. */
unsigned int model_cell(const struct model *m, unsigned long key);

/*
 * The first and last cell of the range that contains @cell, as the array says.
 * Adjacent cells are one range if the same store filled them, or if all are
 * empty.
 */
void model_range(const struct model *m, unsigned int cell, unsigned int *from, unsigned int *to);
/*
 * The range after @cell's that begins no later than cell @max. Unless @gaps is
 * set, ranges without an entry are skipped. Return: false if there is none.
 */
bool model_next(const struct model *m, unsigned int cell, unsigned int max, bool gaps,
		unsigned int *from, unsigned int *to);
/*
 * The range before @cell's that ends no earlier than cell @min; otherwise like
 * model_next().
 */
bool model_prev(const struct model *m, unsigned int cell, unsigned int min, bool gaps,
		unsigned int *from, unsigned int *to);
/*
 * The lowest, or highest, place for @size keys in a gap inside [@min, @max].
 * Return: false if there is none.
 */
bool model_gap(const struct model *m, unsigned long min, unsigned long max, unsigned long size,
	       bool highest, unsigned long *at);

void model_set(struct model *m, unsigned int from, unsigned int to, void *entry);

/*
 * Stores @entry over the cells [@from, @to] by mas_store_gfp(), and in the
 * array if that succeeds. Return: what mas_store_gfp() returned.
 */
int model_store(struct model *m, unsigned int from, unsigned int to, void *entry);
/*
 * A random store: mostly of a few cells, sometimes of many. A third of the
 * stores clear.
 */
void model_pick(struct model *m, unsigned int *from, unsigned int *to, void **entry);

/*
 * Return: the factor by which to multiply the work: VMS_TEST_MORE of the
 * environment, or 1.
 */
unsigned int model_more(void);

/*
 * Runs the tests once for each instruction set of the CPU. Return: the number
 * of failures.
 */
int model_run_all(const char *name, const struct CMUnitTest *tests, size_t nr);

/*
 * Fails the test unless the tree is valid and holds exactly what the array
 * says.
 */
void model_check(struct model *m);
/*
 * Compares like model_check(). Return: false, after a report, if they differ.
 */
bool model_agrees(struct model *m);

/* Return: the live nodes of all trees in the process, after a grace period. */
size_t model_live_nodes(void);
/*
 * Return: the live nodes now; nodes that wait for a grace period count as live.
 */
size_t model_nodes_now(void);

#endif
