/* SPDX-License-Identifier: MIT */
/*
 * pair.h - a maple tree and its oracle side by side. An operation is a value:
 * pair_do() makes it on both, compares the answers, validates the tree and
 * compares what it holds. What differs is printed with the operations that led
 * to it.
 *
 * With `inject`, each write is made to fail at its 1st, 2nd, ... allocation
 * before it succeeds, and each failure must leave the tree as it was: the same
 * dump, the same answers, the same number of live nodes.
 *
 * Locks: one thread.
 */
#ifndef TESTS_MAPLE_PAIR_H
#define TESTS_MAPLE_PAIR_H

#include <stdint.h>

#include <vmastore/maple_tree.h>

#include "tests/lib/maple/oracle.h"

enum op_kind {
	/* of [first, last], @entry */
	OP_STORE,     /* mtree_store_range() */
	OP_MAS_STORE, /* mas_store() */
	OP_STORE_GFP, /* mas_store_gfp() */
	/*
	 * mas_preallocate(), then mas_store_prealloc() without any memory to be
	 * had
	 */
	OP_PREALLOC,
	OP_PREALLOC_DROP, /* mas_preallocate(), then mas_destroy() */
	OP_NOMEM,         /* mas_store() and mas_nomem(), as often as it takes */
	OP_INSERT,        /* mtree_insert_range() */
	/* at first */
	OP_ERASE,     /* mtree_erase() */
	OP_MAS_ERASE, /* mas_erase() */
	/* of @size indexes inside [first, last], @entry */
	OP_ALLOC,  /* mtree_alloc_range() */
	OP_RALLOC, /* mtree_alloc_rrange() */
	/* of one index of [first, last], from @size on, @entry */
	OP_CYCLIC,     /* mtree_alloc_cyclic() */
	OP_MAS_CYCLIC, /* mas_alloc_cyclic() */
	/* @size ranges behind all that there is */
	OP_BULK, /* mas_expected_entries(), then stores without any memory to be had */
	/* all of it */
	OP_DUP, /* mtree_dup(); the copy is compared and destroyed */
	/*
	 * from first on, @size changes through one cursor: in order, everywhere
	 */
	OP_SWEEP,
	OP_ROAM,
	OP_WRITES,

	/* of @size indexes inside [first, last] */
	OP_GAP = OP_WRITES, /* mas_empty_area() */
	OP_RGAP,            /* mas_empty_area_rev() */
	/* at first */
	OP_LOAD, /* mtree_load() */
	OP_WALK, /* mas_walk() */
	/* from first to the limit last */
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
	/* from first, @size steps forwards and as many back, with one cursor */
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
	bool wrapped; /* a cyclic allocation has taken ULONG_MAX */
	/*
	 * compare all of a large tree only now and then; it is validated each
	 * time
	 */
	bool lazy;
	unsigned long done;                /* operations */
	unsigned long failures[OP_WRITES]; /* that were injected */
	struct op trail[PAIR_TRAIL];       /* the last operations */
};

void pair_init(struct pair *p, unsigned int flags);
/* The name of what it calls. */
const char *pair_kind_name(enum op_kind kind);
/*
 * mtree_dup(): @to, not yet a pair, becomes a copy of @from. False, with a
 * report: it is none.
 */
bool pair_copy(struct pair *to, struct pair *from);
/* Destroys the tree. */
void pair_end(struct pair *p);

/* Nodes, of all trees, that are not free once the readers of now are gone. */
size_t pair_live_nodes(void);

/* False, with a report: tree and oracle differ, or the tree is broken. */
bool pair_do(struct pair *p, const struct op *op);
bool pair_check(struct pair *p);

static inline bool pair_store(struct pair *p, unsigned long first, unsigned long last, void *entry)
{
	const struct op op = {.kind = OP_STORE_GFP, .first = first, .last = last, .entry = entry};

	return pair_do(p, &op);
}

/*
 * Entry number @n: pointers, values, and those that look like nodes; all
 * different.
 */
static inline void *pair_entry(unsigned long n)
{
	return (void *)(4096 + 4 * n + n % 4);
}

#endif
