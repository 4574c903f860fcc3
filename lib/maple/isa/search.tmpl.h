/* SPDX-License-Identifier: MIT */
/*
 * search.tmpl.h - the searches of wide nodes without vectors, for sets that
 * have nothing better. They are binary searches without a branch, because the
 * branches of a search cannot be predicted.
 *
 * A template for an instruction set's file, which need define nothing for it.
 * It defines isa_add_if(), isa_find_wide_leaf() and isa_find_wide_inner().
 *
 * Locks: RCU or the tree's lock. Read next: descend.tmpl.h (the caller).
 */

/*
 * @n if @condition, else 0: one step of a search without a branch. The empty
 * asm hides from the compiler that the mask is a condition; it may make a
 * branch of it.
 */
static inline unsigned int isa_add_if(bool condition, unsigned int n)
{
	unsigned int mask = -(unsigned int)condition;

	__asm__("" : "+r"(mask));
	return mask & n;
}

/*
 * The number of the node's @keys pivots that are below @key, which is the slot
 * of index @key. Pivots not in use are ULONG_MAX, and never are.
 */
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
