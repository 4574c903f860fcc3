/* SPDX-License-Identifier: MIT */
/*
 * model.h - a maple tree beside a flat array that says what it must hold. The
 * array has a cell for each of a few keys; cell i stands for the keys from
 * start[i] up to start[i + 1] - 1, the last one for all up to ULONG_MAX, so
 * that the same model reaches both ends of the key space.
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

/* How many times less work a build does that checks itself. */
#if defined(MODEL_LESS)
/* somebody has said so: tools/coverage */
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
	unsigned long start[MODEL_CELLS_MAX + 1]; /* start[cells] is not used */
	void *cell[MODEL_CELLS_MAX];
	/* the number of the store that the cell's entry is from; 0: NULL */
	unsigned long store[MODEL_CELLS_MAX];
	unsigned long stores;
	uint64_t random;
};

/* Cells one key wide, from 0; the last takes the rest. */
void model_init(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed);
/* Cells of random width, over the whole key space. */
void model_init_wide(struct model *m, unsigned int flags, unsigned int cells, uint64_t seed);
/*
 * Cells of @step keys each from @base on; the last takes the rest. What is
 * below @base, if anything, is a cell of its own.
 */
void model_init_at(struct model *m, unsigned int flags, unsigned int cells, unsigned long base,
		   unsigned long step);
/* Empty: the same cells, a new tree, which the caller has destroyed. */
void model_reset(struct model *m, unsigned int flags);
/* Destroy the tree and check that its nodes are gone. */
void model_destroy(struct model *m);

uint64_t model_random(struct model *m);
unsigned int model_below(struct model *m, unsigned int limit);
/* A new entry, different from all others before. */
void *model_entry(struct model *m);

static inline unsigned long model_first(const struct model *m, unsigned int cell)
{
	return m->start[cell];
}
static inline unsigned long model_last(const struct model *m, unsigned int cell)
{
	return cell + 1 < m->cells ? m->start[cell + 1] - 1 : ULONG_MAX;
}
/* The cell that holds @key. */
unsigned int model_cell(const struct model *m, unsigned long key);

/*
 * What the array says the range around @cell is: first and last cell. Cells
 * belong together that one store filled, or none.
 */
void model_range(const struct model *m, unsigned int cell, unsigned int *from, unsigned int *to);
/*
 * The range after @cell's that begins no later than cell @max, or if not @gaps
 * the next such one with an entry; false: none.
 */
bool model_next(const struct model *m, unsigned int cell, unsigned int max, bool gaps,
		unsigned int *from, unsigned int *to);
/* The one before it that ends no earlier than cell @min. */
bool model_prev(const struct model *m, unsigned int cell, unsigned int min, bool gaps,
		unsigned int *from, unsigned int *to);
/*
 * The lowest, or highest, place for @size keys in a gap inside [min, max];
 * false: none.
 */
bool model_gap(const struct model *m, unsigned long min, unsigned long max, unsigned long size,
	       bool highest, unsigned long *at);

void model_set(struct model *m, unsigned int from, unsigned int to, void *entry);

/*
 * mas_store_gfp() of @entry over the cells [from, to]; the array follows if it
 * succeeds. Returns its answer.
 */
int model_store(struct model *m, unsigned int from, unsigned int to, void *entry);
/*
 * A random store: mostly of a few cells, sometimes of many; a third of them
 * clear.
 */
void model_pick(struct model *m, unsigned int *from, unsigned int *to, void **entry);

/*
 * How many times more work is wanted: VMS_TEST_MORE in the environment, else 1.
 */
unsigned int model_more(void);

/*
 * Run the tests once with each instruction set that the CPU has. Returns the
 * number of failures.
 */
int model_run_all(const char *name, const struct CMUnitTest *tests, size_t nr);

/*
 * Fail the test unless the tree is valid and holds exactly what the array says.
 */
void model_check(struct model *m);
/* As model_check(), and return false with a report instead of failing. */
bool model_agrees(struct model *m);

/* Live nodes of all trees in the process. */
size_t model_live_nodes(void);
/* The same without waiting: nodes that wait for a grace period count. */
size_t model_nodes_now(void);

#endif
