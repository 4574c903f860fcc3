/* SPDX-License-Identifier: MIT */
/*
 * place.h - where a store begins, by as little walking as can be. Compiled once
 * for each instruction set, with plan.h.
 *
 * Locks: the tree's lock to write, for every function.
 */

/*
 * The form of the cursor's leaf, if it is one of pages, as most are, or a wide
 * one, as where a small memory map's parts lie far from one another: with the
 * form known, the compiler makes a plan short.
 */
static inline bool is_leaf_of_pages(const struct ma_state *mas)
{
	return !(mas->version & (MT_WIDE_BIT | MT_BYTE_BIT));
}

static inline unsigned long page_form(const struct ma_state *mas)
{
	return mas->version & (MT_LEAF_BIT | MT_EDGE_BIT);
}

static inline bool is_wide_leaf(const struct ma_state *mas)
{
	return mas->version & MT_WIDE_BIT;
}

#define WIDE_FORM (MT_LEAF_BIT | MT_WIDE_BIT)

/*
 * What slot @i of a leaf of pages spans, @base its region: without a branch,
 * for the first and the last slot begin and end with the leaf.
 */
static inline void span_in_leaf(const struct ma_state *mas, const struct maple_node *leaf,
				unsigned long i, unsigned long base, struct found *found)
{
	unsigned long below = word_at(leaf, i + 1),
		      key = either(i ^ MT_NARROW_LEAF_KEYS, word_at(leaf, i + 2), MT_KEY_NONE);

	found->index = either(i, base + (below << MT_PAGE_SHIFT), mas->min);
	found->last = either(key ^ MT_KEY_NONE, base + (key << MT_PAGE_SHIFT) - 1, mas->max);
	found->used = 0;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&leaf->narrow_leaf.slot[i], memory_order_relaxed);
}

/* Find @key in @leaf, which is wide and spans [mas->min, mas->max]. */
static inline void find_in_wide(struct ma_state *mas, struct maple_node *leaf, unsigned long key,
				struct found *found)
{
	unsigned int i = find_wide_leaf(leaf, key);
	struct mt_leaf l;

	mt_leaf_view(&l, leaf, WIDE_FORM, mas->min, mas->max);
	found->index = mt_leaf_min(&l, i);
	found->last = mt_leaf_max(&l, i);
	found->used = 0;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&leaf->wide_leaf.slot[i], memory_order_relaxed);
	settle(mas, leaf, mt_form_of(leaf), i);
}

/*
 * walk_locked() where leaf_by_pages() has come to no leaf of pages, but maybe
 * to a @wide one.
 */
static __attribute__((noinline)) bool walk_locked_any(struct ma_state *mas, unsigned long index,
						      struct maple_node *wide, struct found *found)
{
	if (!wide)
		return walk_any(mas, index, found);
	find_in_wide(mas, wide, index, found);
	return true;
}

/*
 * Put the cursor on @index, with the lock held: what it finds stays so. False:
 * the tree has no nodes; then index and last are set, too.
 */
static inline __attribute__((always_inline)) bool
walk_locked(struct ma_state *mas, unsigned long index, struct found *found)
{
	const unsigned long base = mt_region(index, MT_PAGE_SHIFT);
	struct maple_node *leaf;
	struct found other; /* so that *found needs no memory */
	struct way way;
	unsigned long i;
	bool nodes;

	leaf = leaf_by_pages(mas, index, NULL, &way, true);
	mas->min = span_min(&way.span, base, way.min);
	mas->max = span_max(&way.span, base, way.max);
	if (unlikely(!leaf || way.form & MT_WIDE_BIT)) {
		nodes = walk_locked_any(mas, index, leaf, &other);
		*found = other;
		return nodes;
	}
	/* As in load_narrow(). */
	__builtin_prefetch(leaf->narrow_leaf.slot);
	__builtin_prefetch(leaf->narrow_leaf.slot + 8);
	i = find_narrow_leaf(leaf, mt_search_key(index, MT_PAGE_SHIFT));
	span_in_leaf(mas, leaf, i, base, found);
	settle(mas, leaf, mt_form_of(leaf), i);
	return true;
}

/*
 * The cursor's path is still that from the root to its leaf, whatever other
 * cursors have stored meanwhile. A node of the path may have been freed, and
 * its memory may be another node by now. So each node is read only after the
 * one above it has said that it is in the tree.
 */
static inline bool path_leads(const struct ma_state *mas)
{
	void *ref = mt_root(mas->tree);

	if (unlikely(!mt_is_node(ref)))
		return false;
	for (unsigned int level = 0; level < mas->depth; level++) {
		const struct maple_node *node = mt_step_node(mas->path[level]);
		unsigned int slot = mt_step_slot(mas->path[level]);

		if (mt_node(ref) != node || mt_is_leaf(ref) || slot > mt_keys(node))
			return false;
		ref = mt_slot(node, slot);
	}
	return mt_node(ref) == mas->node && mt_is_leaf(ref);
}

/* The leaf, as it is now, spans what the cursor says. */
static inline bool path_spans(const struct ma_state *mas, unsigned long key)
{
	unsigned long min = 0, max = ULONG_MAX;

	/*
	 * The leaf's state is unchanged since the cursor arrived. A reused leaf
	 * continues its predecessor's phase count, so equality also proves that
	 * the leaf was not freed in between.
	 */
	if (likely(mt_form_of(mas->node) == mas->version))
		return true;
	for (unsigned int level = 0; level < mas->depth; level++) {
		const struct maple_node *node = mt_step_node(mas->path[level]);

		/*
		 * By the node's own region, whatever that of the key: as if it
		 * were an edge node.
		 */
		inner_span(node, mt_form_of(node) | MT_EDGE_BIT, mt_step_slot(mas->path[level]),
			   key, &min, &max);
	}
	return min == mas->min && max == mas->max;
}

/* The writer has vouched for the cursor's place: see internal.h. */
static inline bool is_vouched_for(const struct ma_state *mas)
{
	if (!(mas->mas_flags & MT_VOUCHED))
		return false;
	VMS_ASSERT(path_leads(mas) && path_spans(mas, mas->min));
	return true;
}

/* The cursor's place is good, and @key lies in its leaf. */
static inline bool place_is_good(const struct ma_state *mas, unsigned long key)
{
	if (mas->status != ma_active || !mas->node)
		return false;
	if (!is_vouched_for(mas) && !(path_leads(mas) && path_spans(mas, key)))
		return false;
	return key >= mas->min && key <= mas->max;
}

/* Find @key in the cursor's leaf. */
static inline void find_here(struct ma_state *mas, unsigned long key, struct found *found)
{
	struct maple_node *leaf = mas->node;
	unsigned long form = mt_form_of(leaf), i;

	if (unlikely(form & MT_WIDE_BIT)) {
		find_in_wide(mas, leaf, key, found);
		return;
	}
	if (unlikely(form & MT_BYTE_BIT) || beyond(form, &leaf->narrow_leaf.base, key)) {
		find_again(mas, key, found);
		return;
	}
	i = find_narrow_leaf(leaf, mt_search_key(key, MT_PAGE_SHIFT));
	span_in_leaf(mas, leaf, i, mt_region(key, MT_PAGE_SHIFT), found);
	settle(mas, leaf, form, i);
}

/*
 * Whether the cursor stands on the slot of @key, and knows what that spans. It
 * says so once: from here on it moves, and a plan makes other use of the words.
 */
static inline bool stands_on(struct ma_state *mas, unsigned long key, struct found *found)
{
	if (!(mas->mas_flags & MT_AT_SLOT))
		return false;
	mas->mas_flags = MT_VOUCHED;
	if (key < mas->plan.lo_min || key > mas->plan.hi_max || mas->status != ma_active)
		return false;
	VMS_ASSERT(path_leads(mas) && path_spans(mas, mas->min));
	VMS_ASSERT(leaf_slot(mas->node, mt_form_of(mas->node), key) == mas->offset);
	found->index = mas->plan.lo_min;
	found->last = mas->plan.hi_max;
	found->used = mas->plan.used;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&leaf_slots(mas->node, mas->version)[mas->offset],
					    memory_order_relaxed);
	return true;
}

/*
 * The cursor to the leaf slot that holds mas->index, by as little walking as
 * can be; index and last stay what is to be stored. False: the tree has no
 * nodes.
 */
static inline __attribute__((always_inline)) bool locate(struct ma_state *mas, struct found *found)
{
	unsigned long first = mt_scalar(mas->index), last = mt_scalar(mas->last);
	unsigned int used = mas->mas_flags & MT_AT_SLOT ? mas->plan.used : 0;

	if (stands_on(mas, first, found))
		return true;
	if (place_is_good(mas, first)) {
		find_here(mas, first, found);
		found->used = used;
		return true;
	}
	if (likely(walk_locked(mas, first, found)))
		return true;
	mas->index = first;
	mas->last = last;
	return false;
}
