/* SPDX-License-Identifier: MIT */
/*
 * pair_internal.h - what the files of a pair share: an operation's answer, once
 * as the tree gives it (pair_tree.c), once as the oracle does (pair_oracle.c);
 * pair.c compares them.
 */
#ifndef TESTS_MAPLE_PAIR_INTERNAL_H
#define TESTS_MAPLE_PAIR_INTERNAL_H

#include "tests/lib/maple/pair.h"

/* The oracle leaves `known` unset where bounds are not part of the answer. */
struct answer {
	int err; /* -EPROTO: an answer inside an operation of several steps is wrong */
	void *entry;
	unsigned long first, last;
	bool known;
};

void pair_ask_tree(struct pair *p, const struct op *op, struct answer *a);
void pair_ask_oracle(struct pair *p, const struct op *op, struct answer *a);

/* Whether a cursor stands on range @i, with its entry. */
bool pair_stands_on(const struct oracle *o, const struct ma_state *mas, const void *entry,
		    size_t i);
/*
 * The oracle's ranges [i, j] and the tree's are the same: by iteration, bounds
 * included, and by lookups at their ends.
 */
bool pair_same_ranges(struct maple_tree *mt, const struct oracle *o, size_t i, size_t j);

/*
 * Where the entries of OP_BULK go: three indexes each, one between them. False:
 * there is no room for so many.
 */
bool pair_bulk_room(const struct oracle *o, unsigned long n, unsigned long *at);

/* A tree that is not in RCU mode is read under its lock. */
void pair_begin_read(struct maple_tree *mt);
void pair_end_read(struct maple_tree *mt);

#endif
