/* SPDX-License-Identifier: MIT */
/*
 * descend.h - the way down from the root to the slot of a key: what every lookup and every store begins with. Compiled once for
 * each instruction set: a descend_*.c defines find_slot() as that set does it best, and includes this.
 *
 * Why one walk is enough, though nodes on the way may be replaced meanwhile. A dead node is frozen as it was when it died. So
 * the child that a reader takes from a node, dead or not, was the current one at some moment after the reader came to that
 * node; hence by induction so was the leaf, and the entry it holds for the key. The reader's answer was right at some moment of
 * its walk. A cursor that is to stay in its leaf must not settle in a dead one, though, and starts again.
 *
 * Locks: RCU or the tree's lock.
 */

/* The entry of @key in @leaf. */
static inline void *leaf_load(const struct maple_node *leaf, unsigned long key)
{
	unsigned long state;
	void *entry;

	do {
		state = mt_state(leaf);
		entry = mt_slot(leaf, find_slot(leaf, key));
	} while (unlikely(mt_state(leaf) != state));
	return entry;
}

static void *load(const struct maple_tree *mt, unsigned long key)
{
	void *ref = mt_root(mt);

	if (unlikely(!mt_is_node(ref)))
		return key ? NULL : ref;
	while (!mt_is_leaf(ref)) {
		const struct maple_node *node = mt_node(ref);

		ref = mt_slot(node, find_slot(node, key));
	}
	return leaf_load(mt_node(ref), key);
}

static void *lookup(struct maple_tree *mt, unsigned long index)
{
	void *entry;

	vms__rcu_read_lock();
	entry = load(mt, index);
	vms__rcu_read_unlock();
	return unlikely(xa_is_zero(entry)) ? NULL : entry;
}

/* Put the cursor on @key in its leaf, which spans [mas->min, mas->max]. False: the leaf is dead. */
static inline bool settle(struct ma_state *mas, struct maple_node *leaf, unsigned long key, void **entry)
{
	unsigned long state, index, last;
	unsigned int i;

	do {
		state = mt_state(leaf);
		i = find_slot(leaf, key);
		index = mt_slot_min(leaf, i, mas->min);
		last = mt_slot_max(leaf, i, mas->max);
		*entry = mt_slot(leaf, i);
	} while (unlikely(mt_state(leaf) != state));
	/*
	 * Bounds are read once more, and one that has moved meanwhile may be beyond the key: then the key itself is all that is
	 * known.
	 */
	mas->index = index > key ? key : index;
	mas->last = last < key ? key : last;
	mas->offset = i;
	mas->node = leaf;
	mas->version = state;
	mas->status = ma_active;
	return !(state & MT_DEAD);
}

static void *descend(struct ma_state *mas, unsigned long key)
{
	void *entry;

	for (;;) {
		void *ref = mt_root(mas->tree);
		unsigned long min = 0, max = ULONG_MAX;
		unsigned int depth = 0;

		if (unlikely(!mt_is_node(ref)))
			return vms__mt_descend_root(mas, key, ref);
		while (!mt_is_leaf(ref)) {
			struct maple_node *node = mt_node(ref);
			unsigned int i = find_slot(node, key);

			mas->path[depth++] = mt_step(node, i);
			ref = mt_slot(node, i);
			min = mt_slot_min(node, i, min);
			max = mt_slot_max(node, i, max);
		}
		mas->min = min;
		mas->max = max;
		mas->depth = depth;
		if (likely(settle(mas, mt_node(ref), key, &entry)))
			return entry;
	}
}

static unsigned int find(const struct maple_node *node, unsigned long key)
{
	return find_slot(node, key);
}
