/* SPDX-License-Identifier: MIT */
/*
 * pair.h - a maple tree and its oracle. An operation is a value: pair_do() runs
 * it on both, compares the answers, validates the tree and compares its
 * contents. A difference is printed together with the operations that led to
 * it.
 *
 * With `inject` set, each write fails at its 1st, 2nd, ... allocation before it
 * succeeds. Each failure must leave the tree unchanged: the same dump, the same
 * answers, the same number of live nodes.
 *
 * Locks: one thread.
 */
#ifndef TESTS_MAPLE_PAIR_H
#define TESTS_MAPLE_PAIR_H

#include <stdint.h>

#include <vmastore/maple_tree.h>

#include "tests/lib/maple/oracle.h"

enum op_kind {
	/* store @entry over [first, last] */
	OP_STORE,     /* mtree_store_range() */
	OP_MAS_STORE, /* mas_store() */
	OP_STORE_GFP, /* mas_store_gfp() */
	/*
	 * mas_preallocate(), then mas_store_prealloc() while no allocation
	 * succeeds
	 */
	OP_PREALLOC,
	OP_PREALLOC_DROP, /* mas_preallocate(), then mas_destroy() */
	OP_NOMEM,         /* mas_store() and mas_nomem(), until no retry is asked for */
	OP_INSERT,        /* mtree_insert_range() */
	/* erase at first */
	OP_ERASE,     /* mtree_erase() */
	OP_MAS_ERASE, /* mas_erase() */
	/* store @entry over @size free indexes inside [first, last] */
	OP_ALLOC,  /* mtree_alloc_range() */
	OP_RALLOC, /* mtree_alloc_rrange() */
	/* store @entry at one free index of [first, last], from @size on */
	OP_CYCLIC,     /* mtree_alloc_cyclic() */
	OP_MAS_CYCLIC, /* mas_alloc_cyclic() */
	/* store @size ranges above all others */
	OP_BULK, /* mas_expected_entries(), then stores while no allocation succeeds */
	/* the whole tree */
	OP_DUP, /* mtree_dup(); the copy is compared and destroyed */
	/*
	 * @size changes through one cursor, from first on: in order, or
	 * anywhere
	 */
	OP_SWEEP,
	OP_ROAM,
	OP_WRITES,

	/* find @size free indexes inside [first, last] */
	OP_GAP = OP_WRITES, /* mas_empty_area() */
	OP_RGAP,            /* mas_empty_area_rev() */
	/* read at first */
	OP_LOAD, /* mtree_load() */
	OP_WALK, /* mas_walk() */
	/* search from first to the limit last */
	OP_FIND,
	OP_FIND_RANGE,
	OP_FIND_REV,
	OP_FIND_RANGE_REV,
	OP_NEXT,
	OP_NEXT_RANGE,
	OP_PREV,
	OP_PREV_RANGE,
	OP_MT_FIND,
	OP_MT_FIND_AFTER,
	OP_MT_NEXT,
	OP_MT_PREV,
	/*
	 * @size steps forwards and as many backwards from first, by one cursor
	 */
	OP_CHAIN,
	OP_KINDS
};

struct op {
	enum op_kind kind;
	unsigned long first, last, size;
	void *entry;
};

#define PAIR_TRAIL 12u

struct pair {
	struct maple_tree tree;
	struct oracle oracle;
	bool inject;
	bool wrapped; /* a cyclic allocation has returned ULONG_MAX */
	/*
	 * a large tree is validated each time, but compared completely only now
	 * and then
	 */
	bool lazy;
	unsigned long done;                /* operations */
	unsigned long failures[OP_WRITES]; /* injected failures, by kind */
	struct op trail[PAIR_TRAIL];       /* the last operations */
};

void pair_init(struct pair *p, unsigned int flags);
/* Return: the name of the function that the operation calls. */
const char *pair_kind_name(enum op_kind kind);
/*
 * Makes @to, which must not be a pair yet, a copy of @from by mtree_dup().
 * Return: false, after a report, if the copy differs.
 */
bool pair_copy(struct pair *to, struct pair *from);
/* Destroys the tree. */
void pair_end(struct pair *p);

/*
 * Return: the nodes of all trees that are still in use after the readers that
 * run now have ended.
 */
size_t pair_live_nodes(void);

/*
 * Return: false, after a report, if tree and oracle differ or the tree is
 * broken.
 */
bool pair_do(struct pair *p, const struct op *op);
bool pair_check(struct pair *p);

static inline bool pair_store(struct pair *p, unsigned long first, unsigned long last, void *entry)
{
	const struct op op = {.kind = OP_STORE_GFP, .first = first, .last = last, .entry = entry};

	return pair_do(p, &op);
}

/*
 * Return: entry number @n. The entries are pointers, values, and entries with
 * the low bits of a node reference; all differ.
 */
static inline void *pair_entry(unsigned long n)
{
	return (void *)(4096 + 4 * n + n % 4);
}

#endif
