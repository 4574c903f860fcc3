/* SPDX-License-Identifier: MIT */
/*
 * place.tmpl.h - where a store begins, by as little walking as can be.
 *
 * A template for an instruction set's file, which has included
 * descend.tmpl.h; it defines nothing more for it.
 *
 * Locks: the tree's lock to write, for every function.
 */

/*
 * The form of the cursor's leaf, if it is one of pages, as most are, or a wide
 * one, as where a small memory map's parts lie far from one another: with the
 * form known, the compiler makes a plan short.
 */
static inline bool isa_is_leaf_of_pages(const struct ma_state *mas)
{
	return !(mas->version & (ML_WIDE_BIT | ML_BYTE_BIT));
}

static inline unsigned long isa_page_form(const struct ma_state *mas)
{
	return mas->version & (ML_LEAF_BIT | ML_EDGE_BIT);
}

static inline bool isa_is_wide_leaf(const struct ma_state *mas)
{
	return mas->version & ML_WIDE_BIT;
}

#define ISA_WIDE_FORM (ML_LEAF_BIT | ML_WIDE_BIT)

/*
 * What slot @i of a leaf of pages spans, @base its region: without a branch,
 * for the first and the last slot begin and end with the leaf.
 */
static inline void isa_span_in_leaf(const struct ma_state *mas, const struct maple_node *leaf,
				    unsigned long i, unsigned long base, struct isa_found *found)
{
	unsigned long below = isa_word_at(leaf, i + 1),
		      key = isa_either(i ^ ML_NARROW_LEAF_KEYS, isa_word_at(leaf, i + 2),
				       ML_KEY_NONE);

	found->index = isa_either(i, base + (below << ML_PAGE_SHIFT), mas->min);
	found->last = isa_either(key ^ ML_KEY_NONE, base + (key << ML_PAGE_SHIFT) - 1, mas->max);
	found->used = 0;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&leaf->narrow_leaf.slot[i], memory_order_relaxed);
}

/* Find @key in @leaf, which is wide and spans [mas->min, mas->max]. */
static inline void isa_find_in_wide(struct ma_state *mas, struct maple_node *leaf,
				    unsigned long key, struct isa_found *found)
{
	unsigned int i = isa_find_wide_leaf(leaf, key);
	struct ml_leaf l;

	ml_leaf_view(&l, leaf, ISA_WIDE_FORM, mas->min, mas->max);
	found->index = ml_leaf_min(&l, i);
	found->last = ml_leaf_max(&l, i);
	found->used = 0;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&leaf->wide_leaf.slot[i], memory_order_relaxed);
	isa_settle(mas, leaf, ml_form_of(leaf), i);
}

/*
 * isa_walk_locked() where isa_leaf_by_pages() has come to no leaf of pages, but
 * maybe to a @wide one.
 */
static __attribute__((noinline)) bool isa_walk_locked_any(struct ma_state *mas, unsigned long index,
							  struct maple_node *wide,
							  struct isa_found *found)
{
	if (!wide)
		return isa_walk_any(mas, index, found);
	isa_find_in_wide(mas, wide, index, found);
	return true;
}

/*
 * Put the cursor on @index, with the lock held: what it finds stays so. False:
 * the tree has no nodes; then index and last are set, too.
 */
static inline __attribute__((always_inline)) bool
isa_walk_locked(struct ma_state *mas, unsigned long index, struct isa_found *found)
{
	const unsigned long base = ml_region(index, ML_PAGE_SHIFT);
	struct maple_node *leaf;
	struct isa_found other; /* so that *found needs no memory */
	struct isa_way way;
	unsigned long i;
	bool nodes;

	leaf = isa_leaf_by_pages(mas, index, NULL, &way, true);
	mas->min = isa_span_min(&way.span, base, way.min);
	mas->max = isa_span_max(&way.span, base, way.max);
	if (unlikely(!leaf || way.form & ML_WIDE_BIT)) {
		nodes = isa_walk_locked_any(mas, index, leaf, &other);
		*found = other;
		return nodes;
	}
	/* As in isa_load_narrow(). */
	__builtin_prefetch(leaf->narrow_leaf.slot);
	__builtin_prefetch(leaf->narrow_leaf.slot + 8);
	i = isa_find_narrow_leaf(leaf, ml_search_key(index, ML_PAGE_SHIFT));
	isa_span_in_leaf(mas, leaf, i, base, found);
	isa_settle(mas, leaf, ml_form_of(leaf), i);
	return true;
}

/*
 * The cursor's path is still that from the root to its leaf, whatever other
 * cursors have stored meanwhile. A node of the path may have been freed, and
 * its memory may be another node by now. So each node is read only after the
 * one above it has said that it is in the tree.
 */
static inline bool isa_path_leads(const struct ma_state *mas)
{
	void *ref = ml_root(mas->tree);

	if (unlikely(!ml_is_node(ref)))
		return false;
	for (unsigned int level = 0; level < mas->depth; level++) {
		const struct maple_node *node = ml_step_node(mas->path[level]);
		unsigned int slot = ml_step_slot(mas->path[level]);

		if (ml_node(ref) != node || ml_is_leaf(ref) || slot > ml_keys(node))
			return false;
		ref = ml_slot(node, slot);
	}
	return ml_node(ref) == mas->node && ml_is_leaf(ref);
}

/* The leaf, as it is now, spans what the cursor says. */
static inline bool isa_path_spans(const struct ma_state *mas, unsigned long key)
{
	unsigned long min = 0, max = ULONG_MAX;

	/*
	 * The leaf's state is unchanged since the cursor arrived. A reused leaf
	 * continues its predecessor's phase count, so equality also proves that
	 * the leaf was not freed in between.
	 */
	if (likely(ml_form_of(mas->node) == mas->version))
		return true;
	for (unsigned int level = 0; level < mas->depth; level++) {
		const struct maple_node *node = ml_step_node(mas->path[level]);

		/*
		 * By the node's own region, whatever that of the key: as if it
		 * were an edge node.
		 */
		isa_inner_span(node, ml_form_of(node) | ML_EDGE_BIT, ml_step_slot(mas->path[level]),
			       key, &min, &max);
	}
	return min == mas->min && max == mas->max;
}

/* The writer has vouched for the cursor's place: see internal.h. */
static inline bool isa_is_vouched_for(const struct ma_state *mas)
{
	if (!(mas->mas_flags & ML_VOUCHED))
		return false;
	VMS_ASSERT(isa_path_leads(mas) && isa_path_spans(mas, mas->min));
	return true;
}

/* The cursor's place is good, and @key lies in its leaf. */
static inline bool isa_place_is_good(const struct ma_state *mas, unsigned long key)
{
	if (mas->status != ma_active || !mas->node)
		return false;
	if (!isa_is_vouched_for(mas) && !(isa_path_leads(mas) && isa_path_spans(mas, key)))
		return false;
	return key >= mas->min && key <= mas->max;
}

/* Find @key in the cursor's leaf. */
static inline void isa_find_here(struct ma_state *mas, unsigned long key, struct isa_found *found)
{
	struct maple_node *leaf = mas->node;
	unsigned long form = ml_form_of(leaf), i;

	if (unlikely(form & ML_WIDE_BIT)) {
		isa_find_in_wide(mas, leaf, key, found);
		return;
	}
	if (unlikely(form & ML_BYTE_BIT) || isa_beyond(form, &leaf->narrow_leaf.base, key)) {
		isa_find_again(mas, key, found);
		return;
	}
	i = isa_find_narrow_leaf(leaf, ml_search_key(key, ML_PAGE_SHIFT));
	isa_span_in_leaf(mas, leaf, i, ml_region(key, ML_PAGE_SHIFT), found);
	isa_settle(mas, leaf, form, i);
}

/*
 * Whether the cursor stands on the slot of @key, and knows what that spans. It
 * says so once: from here on it moves, and a plan makes other use of the words.
 */
static inline bool isa_stands_on(struct ma_state *mas, unsigned long key, struct isa_found *found)
{
	if (!(mas->mas_flags & ML_AT_SLOT))
		return false;
	mas->mas_flags = ML_VOUCHED;
	if (key < mas->plan.lo_min || key > mas->plan.hi_max || mas->status != ma_active)
		return false;
	VMS_ASSERT(isa_path_leads(mas) && isa_path_spans(mas, mas->min));
	VMS_ASSERT(isa_leaf_slot(mas->node, ml_form_of(mas->node), key) == mas->offset);
	found->index = mas->plan.lo_min;
	found->last = mas->plan.hi_max;
	found->used = mas->plan.used;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(&isa_leaf_slots(mas->node, mas->version)[mas->offset],
					    memory_order_relaxed);
	return true;
}

/*
 * The cursor to the leaf slot that holds mas->index, by as little walking as
 * can be; index and last stay what is to be stored. False: the tree has no
 * nodes.
 */
static inline __attribute__((always_inline)) bool isa_locate(struct ma_state *mas,
							     struct isa_found *found)
{
	unsigned long first = ml_scalar(mas->index), last = ml_scalar(mas->last);
	unsigned int used = mas->mas_flags & ML_AT_SLOT ? mas->plan.used : 0;

	if (isa_stands_on(mas, first, found))
		return true;
	if (isa_place_is_good(mas, first)) {
		isa_find_here(mas, first, found);
		found->used = used;
		return true;
	}
	if (likely(isa_walk_locked(mas, first, found)))
		return true;
	mas->index = first;
	mas->last = last;
	return false;
}
