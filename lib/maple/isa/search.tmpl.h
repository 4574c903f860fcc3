/* SPDX-License-Identifier: MIT */
/*
 * search.tmpl.h - the searches of wide nodes without vectors: binary, without
 * a branch to mispredict; for sets that have no better.
 *
 * A template for an instruction set's file, which defines nothing for it. It
 * defines isa_find_wide_leaf() and isa_find_wide_inner().
 *
 * Locks: RCU or the tree's lock.
 */

/* @n, or 0: for a step of a search that is no branch. */
static inline unsigned int isa_add_if(bool condition, unsigned int n)
{
	unsigned int mask = -(unsigned int)condition;

	__asm__("" : "+r"(mask));
	return mask & n;
}

static inline unsigned int isa_find_wide(const struct maple_node *node, unsigned int keys,
					 unsigned long key)
{
	unsigned int i = 0;

	for (unsigned int n = keys + 1; n > 1;) {
		unsigned int half = n / 2;

		i += isa_add_if(ml_wide_pivot(node, i + half - 1) < key, half);
		n -= half;
	}
	return i;
}

static inline unsigned int isa_find_wide_leaf(const struct maple_node *node, unsigned long key)
{
	return isa_find_wide(node, ML_WIDE_LEAF_KEYS, key);
}

static inline unsigned int isa_find_wide_inner(const struct maple_node *node, unsigned long key)
{
	return isa_find_wide(node, ML_WIDE_INNER_KEYS, key);
}
