/* SPDX-License-Identifier: MIT */
/*
 * place.tmpl.h - where a store begins, found with as little walking as
 * possible.
 *
 * A store first tries the slot that an earlier search noted (isa_stands_on()),
 * then the leaf where the cursor stands (isa_place_is_good()), and only then
 * walks down from the root (isa_walk_locked()). No writer stores concurrently,
 * so the usual walk needs no second look at a leaf's state.
 *
 * A template for an instruction set's file, which must have included
 * descend.tmpl.h; it need define nothing more for it.
 *
 * Locks: the tree's lock, for every function. A store holds it to write.
 * isa_around() (beside.tmpl.h) may hold it for reading, which keeps writers
 * away just as well. Read next: writer.h (which caller vouches for a place),
 * plan.tmpl.h.
 */

/*
 * The form of the cursor's leaf in the two common cases: a leaf of pages, as
 * most are, or a wide leaf, as in a small memory map whose parts lie far from
 * one another. Where the form is known, the compiler makes the code for a plan
 * short.
 */
static inline bool isa_is_leaf_of_pages(const struct ma_state *mas)
{
	return !(mas->vms__.version & (ML_WIDE_BIT | ML_BYTE_BIT));
}

static inline unsigned long isa_page_form(const struct ma_state *mas)
{
	return mas->vms__.version & (ML_LEAF_BIT | ML_EDGE_BIT);
}

static inline bool isa_is_wide_leaf(const struct ma_state *mas)
{
	return mas->vms__.version & ML_WIDE_BIT;
}

#define ISA_WIDE_FORM (ML_LEAF_BIT | ML_WIDE_BIT)

/*
 * Find what slot @i of @leaf, a leaf of pages, spans; @base is its region. The
 * first and the last slot begin and end with the leaf, which is no branch here,
 * because none could be predicted.
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

/*
 * Find index @key in @leaf, which is wide and spans [mas->min, mas->max], and
 * put the cursor there.
 */
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
 * to the leaf @wide or, if that is NULL, to none.
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
 * Put the cursor on @index. The lock is held, so what the walk finds stays so.
 * False: the tree has no nodes; then index and last are set, too.
 */
static inline __attribute__((always_inline)) bool
isa_walk_locked(struct ma_state *mas, unsigned long index, struct isa_found *found)
{
	const unsigned long base = ml_region(index, ML_PAGE_SHIFT);
	struct maple_node *leaf;
	struct isa_found other; /* so that *found stays in registers */
	struct isa_way way;
	unsigned long i;
	bool nodes;

	leaf = isa_leaf_by_pages(mas, index, &way, true);
	mas->min = isa_span_min(&way.span, base, way.min);
	mas->max = isa_span_max(&way.span, base, way.max);
	if (unlikely(!leaf || way.form & ML_WIDE_BIT)) {
		nodes = isa_walk_locked_any(mas, index, leaf, &other);
		*found = other;
		return nodes;
	}
	/* Fetch the slots' lines while the keys' lines are on their way. */
	__builtin_prefetch(leaf->narrow_leaf.slot);
	__builtin_prefetch(leaf->narrow_leaf.slot + 8);
	i = isa_find_narrow_leaf(leaf, ml_search_key(index, ML_PAGE_SHIFT));
	isa_span_in_leaf(mas, leaf, i, base, found);
	isa_settle(mas, leaf, ml_form_of(leaf), i);
	return true;
}

/*
 * Whether the cursor's way still leads from the root to its leaf, and its
 * parent is still the leaf's, whatever other cursors have stored in between.
 *
 * The cursor's parent may have been freed and its memory reused for another
 * node, so the parent is compared and never read. The same slots may lead
 * through other nodes than before; that does no harm, because they lead to the
 * same leaf.
 */
static inline bool isa_path_leads(const struct ma_state *mas)
{
	void *ref = ml_root(mas->tree);
	unsigned long step = 0;

	if (unlikely(!ml_is_node(ref)))
		return false;
	for (unsigned int level = 0; level < mas->depth; level++) {
		struct maple_node *node = ml_node(ref);
		unsigned int slot = ml_way(mas)[level];
		unsigned long form;

		/* A slot that is not in use leads to no node. */
		if (!ref || ml_is_leaf(ref))
			return false;
		form = ml_form_of(node);
		if (slot > (form & ML_WIDE_BIT ? ML_WIDE_INNER_KEYS : ML_NARROW_INNER_KEYS))
			return false;
		step = ml_step(node, slot);
		/* Relaxed: only the lock's holder stores here. */
		ref = atomic_load_explicit(&isa_inner_slots(node, form)[slot],
					   memory_order_relaxed);
	}
	return ml_node(ref) == mas->node && ml_is_leaf(ref) &&
	       (!mas->depth || step == mas->vms__.parent);
}

/*
 * Whether the leaf spans what the cursor says. The cursor's way is known to
 * lead there. The leaf's memory may have been reused for a new leaf with other
 * bounds, so the address alone proves nothing.
 */
static inline bool isa_path_spans(const struct ma_state *mas, unsigned long key)
{
	unsigned long min = 0, max = ULONG_MAX;
	void *ref = ml_root(mas->tree);

	/*
	 * The leaf's state is unchanged since the cursor arrived. A reused leaf
	 * continues its predecessor's phase count, so equality also proves that
	 * the leaf was not freed in between.
	 */
	if (likely(ml_form_of(mas->node) == mas->vms__.version))
		return true;
	for (unsigned int level = 0; level < mas->depth; level++) {
		const struct maple_node *node = ml_node(ref);
		unsigned int slot = ml_way(mas)[level];

		/*
		 * The edge bit makes isa_inner_span() use the node's own region
		 * instead of the key's, which may be another one.
		 */
		isa_inner_span(node, ml_form_of(node) | ML_EDGE_BIT, slot, key, &min, &max);
		ref = ml_slot(node, slot);
	}
	return min == mas->min && max == mas->max;
}

/*
 * Whether the writer has vouched for the cursor's place (writer.h). Debug
 * builds check that the place is good.
 */
static inline bool isa_is_vouched_for(const struct ma_state *mas)
{
	if (!(mas->mas_flags & ML_VOUCHED))
		return false;
	VMS_ASSERT(isa_path_leads(mas) && isa_path_spans(mas, mas->min));
	return true;
}

/* Whether the cursor's place is good and @key lies in its leaf. */
static inline __attribute__((always_inline)) bool isa_place_is_good(const struct ma_state *mas,
								    unsigned long key)
{
	if (mas->status != ma_active || !mas->node)
		return false;
	if (!isa_is_vouched_for(mas) && !(isa_path_leads(mas) && isa_path_spans(mas, key)))
		return false;
	return key >= mas->min && key <= mas->max;
}

/* Find index @key in the cursor's leaf, and put the cursor there. */
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
 * Find what the cursor's slot spans, for which a writer vouches. A debug build
 * computes it from the leaf, and checks the noted end against it.
 */
static inline void isa_vouched_span(const struct ma_state *mas, struct isa_found *found)
{
#ifdef VMS_DEBUG
	struct ml_leaf l;

	VMS_ASSERT(isa_path_leads(mas) && isa_path_spans(mas, mas->min));
	ml_leaf_view(&l, mas->node, ml_form_of(mas->node), mas->min, mas->max);
	found->index = ml_leaf_min(&l, mas->offset);
	found->last = ml_leaf_max(&l, mas->offset);
	VMS_ASSERT(found->last == mas->vms__.last);
#else
	found->index = mas->vms__.first;
	found->last = mas->vms__.last;
#endif
}

/*
 * Whether the cursor stands on the slot of @key and has noted what that spans.
 * The note is used up by this call: from here on the cursor moves, and a plan
 * uses the same words for something else.
 */
static inline bool isa_stands_on(struct ma_state *mas, unsigned long key, struct isa_found *found)
{
	if (!(mas->mas_flags & ML_AT_SLOT))
		return false;
	mas->mas_flags = ML_VOUCHED;
	if (mas->status != ma_active)
		return false;
	isa_vouched_span(mas, found);
	if (key < found->index || key > found->last)
		return false;
	found->used = mas->vms__.slots;
	/* Relaxed: only the lock's holder stores here. */
	found->entry = atomic_load_explicit(
		&isa_leaf_slots(mas->node, mas->vms__.version)[mas->offset], memory_order_relaxed);
	return true;
}

/*
 * Put the cursor on the leaf slot that holds mas->index, with as little walking
 * as possible. mas->index and mas->last stay the range to be stored. False: the
 * tree has no nodes.
 */
static inline __attribute__((always_inline)) bool isa_locate(struct ma_state *mas,
							     struct isa_found *found)
{
	unsigned long first = ml_scalar(mas->index), last = ml_scalar(mas->last);
	unsigned int used = mas->mas_flags & ML_AT_SLOT ? mas->vms__.slots : 0;

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
