/* SPDX-License-Identifier: MIT */
/*
 * pair_internal.h - what the files of a pair share. pair_tree.c gets an
 * operation's answer from the tree, pair_oracle.c gets it from the oracle, and
 * pair.c compares the two.
 */
#ifndef TESTS_MAPLE_PAIR_INTERNAL_H
#define TESTS_MAPLE_PAIR_INTERNAL_H

#include "tests/lib/maple/pair.h"

/* The oracle leaves `known` unset if the bounds are not part of the answer. */
struct answer {
	int err; /* -EPROTO: a step inside an operation of several steps answered wrong */
	void *entry;
	unsigned long first, last;
	bool known;
};

void pair_ask_tree(struct pair *p, const struct op *op, struct answer *a);
void pair_ask_oracle(struct pair *p, const struct op *op, struct answer *a);

/* Whether the cursor stands on range @i, whose entry is @entry. */
bool pair_stands_on(const struct oracle *o, const struct ma_state *mas, const void *entry,
		    size_t i);
/*
 * Whether the oracle's ranges [@i, @j] equal the tree's: by iteration, bounds
 * included, and by lookups at their ends.
 */
bool pair_same_ranges(struct maple_tree *mt, const struct oracle *o, size_t i, size_t j);

/*
 * The place of OP_BULK's entries: three indexes each, and one between two.
 * Return: false if there is no room for so many.
 */
bool pair_bulk_room(const struct oracle *o, unsigned long n, unsigned long *at);

/*
 * Opens the protection that a reader needs: a read section in RCU mode,
 * otherwise the tree's lock, because the tree is then read under it.
 */
void pair_begin_read(struct maple_tree *mt);
void pair_end_read(struct maple_tree *mt);

#endif
