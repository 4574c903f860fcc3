/* SPDX-License-Identifier: MIT */
/*
 * descend.tmpl.h - the way down from the root to the slot of an index. Every
 * lookup and every store begins with it.
 *
 * A template for an instruction set's file, which must have included
 * lib/sync/rcu.h and defined, before this
 * 	isa_find_narrow_leaf(), isa_find_narrow_inner()   the slot of a key
 * 	isa_find_wide_leaf(), isa_find_wide_inner()       the slot of an index
 * 	isa_used(), isa_nulls()                           as scan.tmpl.h does
 *
 * A lookup computes its key for narrow nodes once. In each node it reads only
 * the lines of the keys and the line of the one slot that it takes, because a
 * lookup's time is mostly cache misses.
 *
 * Why one walk is enough, although nodes on the way may be replaced
 * concurrently: a dead node is frozen as it was when it died. So the child that
 * a reader takes from a node, dead or not, was the current one at some moment
 * after the reader came to that node. By induction the leaf was current at some
 * moment of the walk, too, and so was the entry that it holds for the index. A
 * lookup may answer with that entry. A cursor, however, stays in its leaf. If
 * it stayed in a dead one it would miss all later stores, so it checks for that
 * and starts again.
 *
 * Locks: RCU or the tree's lock. Read next: node.h (what a node is),
 * shape.tmpl.h (why a reader may look while a leaf changes).
 */

/*
 * The slot of an index outside the region of an edge node's keys. A search by
 * key would be wrong here: the key has only the bits of an index within the
 * region. Such an index is below all bounds or above all of them, so the slot
 * is the first one or the last one in use.
 */
static __attribute__((noinline)) unsigned int isa_outside(const struct maple_node *node,
							  unsigned long base, unsigned long key)
{
	unsigned int i = 0;

	if (key > base)
		while (i < ml_keys(node) && ml_key(node, i) != ML_KEY_NONE)
			i++;
	return i;
}

/* The slot of index @key in a leaf of @form. */
static inline unsigned int isa_leaf_slot(const struct maple_node *leaf, unsigned long form,
					 unsigned long key)
{
	unsigned int shift = ml_shift_of(form);

	if (unlikely(form & ML_WIDE_BIT))
		return isa_find_wide_leaf(leaf, key);
	if (form & ML_EDGE_BIT && unlikely(ml_region(key, shift) != leaf->narrow_leaf.base))
		return isa_outside(leaf, leaf->narrow_leaf.base, key);
	return isa_find_narrow_leaf(leaf, ml_search_key(key, shift));
}

static inline unsigned int isa_inner_slot(const struct maple_node *node, unsigned long form,
					  unsigned long key)
{
	unsigned int shift = ml_shift_of(form);

	if (unlikely(form & ML_WIDE_BIT))
		return isa_find_wide_inner(node, key);
	if (form & ML_EDGE_BIT && unlikely(ml_region(key, shift) != node->narrow_inner.base))
		return isa_outside(node, node->narrow_inner.base, key);
	return isa_find_narrow_inner(node, ml_search_key(key, shift));
}

static inline void *_Atomic *isa_inner_slots(struct maple_node *node, unsigned long form)
{
	return form & ML_WIDE_BIT ? node->wide_inner.slot : node->narrow_inner.slot;
}

static inline void *_Atomic *isa_leaf_slots(struct maple_node *node, unsigned long form)
{
	return form & ML_WIDE_BIT ? node->wide_leaf.slot : node->narrow_leaf.slot;
}

/* The entry of index @key under @ref, for nodes of any form. */
static __attribute__((noinline)) void *isa_load_any(void *ref, unsigned long key)
{
	unsigned long form, state;
	struct maple_node *node;
	void *entry;

	for (;;) {
		node = ml_node(ref);
		form = ml_form_of(node);
		if (form & ML_LEAF_BIT)
			break;
		ref = atomic_load_explicit(&isa_inner_slots(node,
							    form)[isa_inner_slot(node, form, key)],
					   memory_order_acquire);
	}
	do {
		state = ml_state(node);
		entry = atomic_load_explicit(&isa_leaf_slots(node,
							     form)[isa_leaf_slot(node, form, key)],
					     memory_order_acquire);
	} while (unlikely(ml_state(node) != state));
	return entry;
}

/*
 * isa_load_any() in a wide leaf. The reader looks again if the state has
 * changed, because pivots and slot may then be of two phases.
 */
static inline void *isa_load_wide(struct maple_node *leaf, unsigned long key)
{
	unsigned long state;
	void *entry;

	do {
		state = ml_state(leaf);
		entry = atomic_load_explicit(&leaf->wide_leaf.slot[isa_find_wide_leaf(leaf, key)],
					     memory_order_acquire);
	} while (unlikely(ml_state(leaf) != state));
	return entry;
}

/* A zero entry reserves its range; lookups must not see it. */
static inline void *isa_zero_as_null(void *entry)
{
	return unlikely(xa_is_zero(entry)) ? NULL : entry;
}

static __attribute__((noinline)) void *isa_lookup_any(void *ref, unsigned long key)
{
	return isa_zero_as_null(isa_load_any(ref, key));
}

/*
 * Whether @form is an edge node's and @index lies outside the region of its
 * keys, which are of @shift. A key does not find such an index.
 */
static inline bool isa_beyond_keys(unsigned long form, const unsigned long *base,
				   unsigned long index, unsigned int shift)
{
	return form & ML_EDGE_BIT && unlikely((index - *base) >> (ML_KEY_BITS + shift));
}

static inline bool isa_beyond(unsigned long form, const unsigned long *base, unsigned long index)
{
	return isa_beyond_keys(form, base, index, ML_PAGE_SHIFT);
}

/*
 * The entry of @index under @ref. @any: the function for all other forms of
 * nodes; it also says whether a zero entry becomes NULL.
 *
 * Nearly all nodes of a tree are narrow with keys of one kind, except for a
 * wide one or two at the top where the parts of a memory map lie far from one
 * another. So one key finds the slot in each node on the way down. Mixed kinds
 * of keys and indexes outside a node's region are left to @any, so that they
 * cost this loop no registers.
 */
static inline __attribute__((always_inline)) void *
isa_load_narrow(void *ref, unsigned long index, unsigned int shift,
		void *(*any)(void *ref, unsigned long index))
{
	const unsigned long other = shift ? ML_BYTE_BIT : 0;
	const uint32_t key = ml_search_key(index, shift);
	struct maple_node *node;
	unsigned long form, state;
	void *entry;

	for (;;) {
		form = (unsigned long)ref;
		node = ml_node(ref);
		if (unlikely((form ^ (ML_BYTE_BIT ^ other)) & (ML_WIDE_BIT | ML_BYTE_BIT))) {
			if (!(form & ML_WIDE_BIT))
				return any(ref, index);
			/*
			 * ml_scalar() makes a copy of the index, so that the
			 * compiler does not prepare for every lookup what only
			 * wide nodes need.
			 */
			if (form & ML_LEAF_BIT) {
				entry = isa_load_wide(node, ml_scalar(index));
				return any == isa_lookup_any ? isa_zero_as_null(entry) : entry;
			}
			ref = atomic_load_explicit(
				&node->wide_inner.slot[isa_find_wide_inner(node, ml_scalar(index))],
				memory_order_acquire);
			continue;
		}
		if (form & ML_LEAF_BIT)
			break;
		if (isa_beyond_keys(form, &node->narrow_inner.base, index, shift))
			return any(ref, index);
		ref = atomic_load_explicit(
			&node->narrow_inner.slot[isa_find_narrow_inner(node, key)],
			memory_order_acquire);
	}
	if (isa_beyond_keys(form, &node->narrow_leaf.base, index, shift))
		return any(ref, index);
	/*
	 * Fetch the slots' lines while the keys' lines are on their way, not
	 * after them.
	 */
	__builtin_prefetch(node->narrow_leaf.slot);
	__builtin_prefetch(node->narrow_leaf.slot + 8);
	do {
		state = ml_state(node);
		entry = atomic_load_explicit(
			&node->narrow_leaf.slot[isa_find_narrow_leaf(node, key)],
			memory_order_acquire);
	} while (unlikely(ml_state(node) != state));
	return any == isa_lookup_any ? isa_zero_as_null(entry) : entry;
}

static void *isa_load(const struct maple_tree *mt, unsigned long index)
{
	void *root = ml_root(mt);

	/* The root never holds a reserved entry. */
	if (unlikely(((unsigned long)root & 3) != ML_NODE_MARK))
		return index ? NULL : root;
	if ((unsigned long)root & ML_BYTE_BIT)
		return isa_load_narrow(root, index, 0, isa_load_any);
	return isa_load_narrow(root, index, ML_PAGE_SHIFT, isa_load_any);
}

static __attribute__((noinline)) void *isa_lookup_alone(struct maple_tree *mt, unsigned long index)
{
	void *entry;

	vms__rcu_read_lock();
	entry = isa_zero_as_null(isa_load(mt, index));
	vms__rcu_read_unlock();
	return entry;
}

static void *isa_lookup(struct maple_tree *mt, unsigned long index)
{
	void *root;

	if (unlikely(!vms__rcu_reading()))
		return isa_lookup_alone(mt, index);
	root = ml_root(mt);
	/* The root never holds a reserved entry. */
	if (unlikely(((unsigned long)root & 3) != ML_NODE_MARK))
		return index ? NULL : root;
	if ((unsigned long)root & ML_BYTE_BIT)
		return isa_load_narrow(root, index, 0, isa_lookup_any);
	return isa_load_narrow(root, index, ML_PAGE_SHIFT, isa_lookup_any);
}

/*
 * Narrow [*min, *max], which the inner node spans, down to what its slot @i
 * spans. @key is an index in the node.
 */
static inline void isa_inner_span(const struct maple_node *node, unsigned long form, unsigned int i,
				  unsigned long key, unsigned long *min, unsigned long *max)
{
	unsigned long base;
	unsigned int shift = ml_shift_of(form);

	if (unlikely(form & ML_WIDE_BIT)) {
		if (i < ML_WIDE_INNER_KEYS && ml_wide_pivot(node, i) < *max)
			*max = ml_wide_pivot(node, i);
		if (i)
			*min = ml_wide_pivot(node, i - 1) + 1;
		return;
	}
	base = form & ML_EDGE_BIT ? node->narrow_inner.base : ml_region(key, shift);
	if (i < ML_NARROW_INNER_KEYS && ml_key(node, i) != ML_KEY_NONE)
		*max = base + ((unsigned long)ml_key(node, i) << shift) - 1;
	if (i)
		*min = base + ((unsigned long)ml_key(node, i - 1) << shift);
}

/*
 * The result of a walk: what a slot of the cursor's leaf spans, its entry, and
 * the leaf's slots in use if they are known, else 0.
 */
struct isa_found {
	unsigned long index, last;
	void *entry;
	unsigned int used;
};

/* Put the cursor into slot @slot of @leaf, whose state was @state. */
static inline void isa_settle(struct ma_state *mas, struct maple_node *leaf, unsigned long state,
			      unsigned long slot)
{
	mas->node = leaf;
	mas->vms__.version = state;
	mas->offset = (unsigned char)slot;
	vms__mas_moved(mas);
	mas->status = ma_active;
}

/*
 * Find index @key in its leaf, which spans [mas->min, mas->max]. False: the
 * leaf is dead, and the caller must start again from the root.
 */
static inline bool isa_find_in(struct ma_state *mas, struct maple_node *leaf, unsigned long key,
			       struct isa_found *found)
{
	unsigned long state, index, last;
	struct ml_leaf l;
	unsigned int i;

	do {
		state = ml_state(leaf);
		ml_leaf_view(&l, leaf, state, mas->min, mas->max);
		i = isa_leaf_slot(leaf, state, key);
		index = ml_leaf_min(&l, i);
		last = ml_leaf_max(&l, i);
		found->entry = ml_leaf_slot(&l, i);
	} while (unlikely(ml_state(leaf) != state));
	/*
	 * ml_leaf_min() and ml_leaf_max() read the bounds after the search did.
	 * A bound that has moved in between may lie on the other side of the
	 * key. Then only the key itself is known to have this entry.
	 */
	found->index = index > key ? key : index;
	found->last = last < key ? key : last;
	found->used = 0;
	isa_settle(mas, leaf, state, i);
	return !(state & ML_DEAD);
}

/*
 * isa_find_in() in the leaf where the cursor stands already. Locks: the tree's
 * lock.
 */
static inline bool isa_find_again(struct ma_state *mas, unsigned long key, struct isa_found *found)
{
	struct isa_found again; /* so that *found needs no memory */
	bool alive = isa_find_in(mas, mas->node, key, &again);

	*found = again;
	return alive;
}

/*
 * Put the cursor on index @key, in nodes of any form. False: the tree has no
 * nodes; then the cursor is set and the caller has nothing left to do.
 */
static __attribute__((noinline)) bool isa_walk_any(struct ma_state *mas, unsigned long key,
						   struct isa_found *found)
{
	do {
		void *ref = ml_root(mas->tree);
		unsigned long min = 0, max = ULONG_MAX;
		unsigned int depth = 0;

		if (unlikely(!ml_is_node(ref))) {
			found->entry = vms__mt_descend_root(mas, key, ref);
			return false;
		}
		while (!ml_is_leaf(ref)) {
			struct maple_node *node = ml_node(ref);
			unsigned long form = ml_form_of(node);
			unsigned int i = isa_inner_slot(node, form, key);

			ml_way(mas)[depth++] = (uint8_t)i;
			mas->vms__.parent = ml_step(node, i);
			isa_inner_span(node, form, i, key, &min, &max);
			ref = atomic_load_explicit(&isa_inner_slots(node, form)[i],
						   memory_order_acquire);
		}
		mas->min = min;
		mas->max = max;
		mas->depth = (unsigned char)depth;
		if (likely(isa_find_in(mas, ml_node(ref), key, found)))
			return true;
	} while (true);
}

/*
 * @one if @condition is not 0, else @other; on x86-64 by a conditional move,
 * because a branch here could not be predicted.
 */
static inline unsigned long isa_either(unsigned long condition, unsigned long one,
				       unsigned long other)
{
#ifdef __x86_64__
	__asm__("testq %2, %2\n\tcmovnzq %1, %0" : "+r"(other) : "r"(one), "r"(condition) : "cc");
	return other;
#else
	return condition ? one : other;
#endif
}

/* @other if @i is @n, else @value; without a branch like isa_either(). */
static inline uint32_t isa_but_at(unsigned long i, unsigned long n, uint32_t value, uint32_t other)
{
#ifdef __x86_64__
	__asm__("cmpq %2, %1\n\tcmovel %3, %0" : "+r"(value) : "r"(i), "er"(n), "r"(other) : "cc");
	return value;
#else
	return i == n ? other : value;
#endif
}

/*
 * All ones if @condition, else 0: a mask for choices without a branch. The
 * empty asm hides from the compiler that the mask is a condition; it would make
 * a branch of it, which could not be predicted.
 */
static inline unsigned long isa_ones_if(bool condition)
{
	unsigned long mask = -(unsigned long)condition;

	__asm__("" : "+r"(mask));
	return mask;
}

/*
 * Narrow [*min, *max], which a narrow node of pages spans, down to what its
 * slot @i spans, without a branch. @below and @key are the keys before and
 * after the slot. Where the slot has no such key they may be any words, because
 * the masks leave them out.
 */
static inline void isa_page_span(unsigned long i, unsigned long keys, uint32_t below, uint32_t key,
				 unsigned long base, unsigned long *min, unsigned long *max)
{
	unsigned long low = base + ((unsigned long)below << ML_PAGE_SHIFT),
		      high = base + ((unsigned long)key << ML_PAGE_SHIFT) - 1;

	*min ^= (*min ^ low) & isa_ones_if(i != 0);
	*max ^= (*max ^ high) & isa_ones_if((i != keys) & (key != ML_KEY_NONE));
}

/*
 * The 32-bit word @i of a node; key k is word k + 2. isa_page_span() and its
 * like may ask for the word before the first key, which is half of the state,
 * or the word after the last key, which is half of a slot. Both can be read, so
 * the caller needs no branch.
 */
static inline uint32_t isa_word_at(const struct maple_node *node, unsigned long i)
{
	typedef _Atomic uint32_t __attribute__((may_alias)) half;

	return atomic_load_explicit((half *)node + i, memory_order_acquire);
}

/*
 * The tightest bounds found on the way down, still as keys of narrow nodes of
 * pages: the last lower bound and the least upper one. ISA_NO_LOW, ML_KEY_NONE:
 * no node has given one. Keys become indexes only once, at the end of a walk,
 * which keeps the walk short.
 */
#define ISA_NO_LOW (~0ul)

struct isa_key_span {
	unsigned long low;
	uint32_t high;
};

/*
 * isa_page_span() whose bounds stay keys: narrow @span down to what slot @i of
 * @node spans. A node's upper key is never above its parent's, and a key not in
 * use is above all others, so the least one is the upper bound.
 */
static inline void isa_key_span(struct isa_key_span *span, const struct maple_node *node,
				unsigned long i, unsigned long keys)
{
	uint32_t below = isa_word_at(node, i + 1), key = isa_word_at(node, i + 2);

	key = isa_but_at(i, keys, key, ML_KEY_NONE);
	span->low = isa_either(i, below, span->low);
	span->high = key < span->high ? key : span->high;
}

/*
 * The ends of @span as indexes. If no key gave an end, it is that of the whole
 * subtree: @min or @max.
 */
static inline unsigned long isa_span_min(const struct isa_key_span *span, unsigned long base,
					 unsigned long min)
{
	return isa_either(~span->low, base + (span->low << ML_PAGE_SHIFT), min);
}

static inline unsigned long isa_span_max(const struct isa_key_span *span, unsigned long base,
					 unsigned long max)
{
	return isa_either(span->high ^ ML_KEY_NONE,
			  base + ((unsigned long)span->high << ML_PAGE_SHIFT) - 1, max);
}

/* Whether the node is an inner node of pages in which a key finds @index. */
static inline bool isa_is_plain(const struct maple_node *node, unsigned long form,
				unsigned long index)
{
	if (likely(!(form & ML_FORM)))
		return true;
	return !(form & (ML_LEAF_BIT | ML_WIDE_BIT | ML_BYTE_BIT)) &&
	       !isa_beyond(form, &node->narrow_inner.base, index);
}

/*
 * The state of a walk down through nodes of pages, as isa_load_narrow() takes
 * them, and a few others at the top.
 */
struct isa_way {
	unsigned long form;   /* of the node that the walk has come to */
	uint8_t *slot;        /* where to record the slot taken in that node */
	unsigned long parent; /* that node's parent and the slot taken there; or 0 */
	/* what that node spans, as far as the keys in `span` do not say it */
	unsigned long min, max;
	struct isa_key_span span;
	bool beyond; /* it passed an edge node that has @index outside its region */
};

/*
 * One of the few steps at the top of a tree that a key cannot take: through a
 * wide node, or through an edge node with @index outside its region. Return:
 * the slot.
 */
static __attribute__((noinline)) unsigned long
isa_step_at_top(struct isa_way *way, struct maple_node *node, unsigned long index)
{
	void *_Atomic *slots;
	unsigned long i, own = ml_scalar(index);

	if (way->form & ML_WIDE_BIT) {
		i = isa_find_wide_inner(node, own);
		slots = node->wide_inner.slot;
		isa_inner_span(node, ML_WIDE_BIT, (unsigned int)i, own, &way->min, &way->max);
	} else {
		i = isa_outside(node, node->narrow_inner.base, own);
		slots = node->narrow_inner.slot;
		isa_inner_span(node, ML_EDGE_BIT, (unsigned int)i, own, &way->min, &way->max);
		way->beyond = true;
	}
	way->form = (unsigned long)atomic_load_explicit(&slots[i], memory_order_acquire);
	return i;
}

/*
 * Walk down to the leaf of @index, which may be wide, and set the cursor's way,
 * depth and parent. @spans: the caller wants to know what the leaf spans. NULL:
 * the way has nodes of other forms, or the tree has no nodes.
 *
 * The walk of a page fault must be short, because the processor looks ahead
 * over a limited number of instructions. The fewer lie between the memory
 * access that one fault waits for and the one that the next fault waits for,
 * the more of the two waits overlap. Therefore what few trees need is in
 * functions of its own.
 */
static inline __attribute__((always_inline)) struct maple_node *
isa_leaf_by_pages(struct ma_state *mas, unsigned long index, struct isa_way *way, bool spans)
{
	const uint32_t key = ml_search_key(index, ML_PAGE_SHIFT);
	uint8_t *const slots = ml_way(mas);
	struct maple_node *node;
	struct isa_way top; /* so that *way needs no memory */
	unsigned long i;

	*way = (struct isa_way){(unsigned long)ml_root(mas->tree), slots, 0, 0, ULONG_MAX,
				{ISA_NO_LOW, ML_KEY_NONE},         false};
	if (unlikely((way->form & 3) != ML_NODE_MARK))
		return NULL;
	for (;;) {
		node = ml_node((void *)way->form);
		way->form |= way->beyond ? ML_EDGE_BIT : 0;
		if (likely(isa_is_plain(node, way->form, index)) ||
		    way->form & (ML_LEAF_BIT | ML_BYTE_BIT))
			break;
		top = *way;
		i = isa_step_at_top(&top, node, index);
		*way = top;
		*way->slot++ = (uint8_t)i;
		way->parent = ml_step(node, (unsigned int)i);
	}
	/*
	 * If the index lies in one node's region, it lies in the regions of the
	 * nodes below, except where isa_is_plain() finds otherwise.
	 */
	while (isa_is_plain(node, way->form, index)) {
		i = isa_find_narrow_inner(node, key);
		way->form = (unsigned long)atomic_load_explicit(&node->narrow_inner.slot[i],
								memory_order_acquire);
		if (spans)
			isa_key_span(&way->span, node, i, ML_NARROW_INNER_KEYS);
		*way->slot++ = (uint8_t)i;
		way->parent = ml_step(node, (unsigned int)i);
		node = ml_node((void *)way->form);
	}
	mas->depth = (unsigned char)(way->slot - slots);
	mas->vms__.parent = way->parent;
	if (unlikely((way->form & (ML_LEAF_BIT | ML_BYTE_BIT)) != ML_LEAF_BIT))
		return NULL;
	return !(way->form & ML_WIDE_BIT) && isa_beyond(way->form, &node->narrow_leaf.base, index)
		       ? NULL
		       : node;
}

/*
 * Find the slot of @index in @leaf, a leaf of pages in whose region @index
 * lies, and put the cursor there. @span is what the leaf spans in keys; where
 * it has no key, @min and @max are the ends. False: the leaf is dead, and the
 * caller must start again from the root.
 */
static inline __attribute__((always_inline)) bool
isa_find_by_key(struct ma_state *mas, struct maple_node *leaf, unsigned long index,
		const struct isa_key_span *span, unsigned long min, unsigned long max,
		struct isa_found *found)
{
	const uint32_t key = ml_search_key(index, ML_PAGE_SHIFT);
	struct isa_key_span range;
	unsigned long state, base, i;

	/* Fetch the slots' lines while the keys' lines are on their way. */
	__builtin_prefetch(leaf->narrow_leaf.slot);
	__builtin_prefetch(leaf->narrow_leaf.slot + 8);
	do {
		state = ml_state(leaf);
		i = isa_find_narrow_leaf(leaf, key);
		range = *span;
		isa_key_span(&range, leaf, i, ML_NARROW_LEAF_KEYS);
		found->entry =
			atomic_load_explicit(&leaf->narrow_leaf.slot[i], memory_order_acquire);
	} while (unlikely(ml_state(leaf) != state));
	if (unlikely(state & ML_DEAD))
		return false;
	/*
	 * The base is computed here, from a copy of the index: the walk need
	 * not keep in a register what only its end needs.
	 */
	base = ml_region(ml_scalar(index), ML_PAGE_SHIFT);
	/*
	 * The keys were read after the search, so a bound may have moved past
	 * the index: see isa_find_in().
	 */
	found->index = isa_span_min(&range, base, min);
	found->last = isa_span_max(&range, base, max);
	found->index = found->index > index ? index : found->index;
	found->last = found->last < index ? index : found->last;
	found->used = 0;
	isa_settle(mas, leaf, state, i);
	return true;
}

/*
 * Put the cursor on @index in a tree whose nodes isa_leaf_by_pages() passes.
 * False: a node of another form is on the way, or the leaf is dead. *wide
 * becomes the wide leaf if the walk has come to one, else NULL.
 */
static inline __attribute__((always_inline)) bool isa_walk_pages(struct ma_state *mas,
								 unsigned long index,
								 struct isa_found *found,
								 struct maple_node **wide)
{
	const unsigned long base = ml_region(index, ML_PAGE_SHIFT);
	struct isa_way way;
	struct maple_node *leaf = isa_leaf_by_pages(mas, index, &way, true);

	*wide = NULL;
	if (unlikely(!leaf))
		return false;
	mas->min = isa_span_min(&way.span, base, way.min);
	mas->max = isa_span_max(&way.span, base, way.max);
	if (unlikely(way.form & ML_WIDE_BIT)) {
		*wide = leaf;
		return false;
	}
	return isa_find_by_key(mas, leaf, index, &way.span, way.min, way.max, found);
}

/*
 * isa_walk_pages() for the commonest tree: the root is an inner node of pages
 * that has @index in its region. False: the root or a node on the way is of
 * another form, or the leaf is dead.
 */
static inline __attribute__((always_inline)) bool
isa_walk_plain(struct ma_state *mas, unsigned long index, struct isa_found *found)
{
	const uint32_t key = ml_search_key(index, ML_PAGE_SHIFT);
	unsigned long ref = (unsigned long)ml_root(mas->tree), parent, base;
	uint8_t *const slots = ml_way(mas), *slot = slots;
	struct maple_node *node = ml_node((void *)ref);
	struct isa_key_span span = {ISA_NO_LOW, ML_KEY_NONE};

	if (unlikely((ref & (3 | ML_LEAF_BIT | ML_WIDE_BIT | ML_BYTE_BIT)) != ML_NODE_MARK))
		return false;
	if (isa_beyond(ref, &node->narrow_inner.base, index))
		return false;
	do {
		unsigned long i = isa_find_narrow_inner(node, key);

		ref = (unsigned long)atomic_load_explicit(&node->narrow_inner.slot[i],
							  memory_order_acquire);
		isa_key_span(&span, node, i, ML_NARROW_INNER_KEYS);
		*slot++ = (uint8_t)i;
		parent = (unsigned long)node | i;
		node = ml_node((void *)ref);
	} while (!(ref & ML_FORM));
	if (unlikely((ref & ML_FORM) != ML_LEAF_BIT))
		return false;
	mas->depth = (unsigned char)(slot - slots);
	mas->vms__.parent = parent;
	base = ml_region(ml_scalar(index), ML_PAGE_SHIFT);
	mas->min = isa_span_min(&span, base, 0);
	mas->max = isa_span_max(&span, base, ULONG_MAX);
	return isa_find_by_key(mas, node, index, &span, 0, ULONG_MAX, found);
}

/*
 * Go on where isa_walk_pages() could not: in the leaf @wide, which spans
 * [mas->min, mas->max], or, if that is NULL or dead, from the root.
 */
static __attribute__((noinline)) bool isa_walk_on(struct ma_state *mas, unsigned long key,
						  struct maple_node *wide, struct isa_found *found)
{
	return (wide && isa_find_in(mas, wide, key, found)) || isa_walk_any(mas, key, found);
}

/*
 * isa_descend() where isa_walk_plain() fails. It is a function by itself, so
 * that a plain walk makes no call and keeps nothing on the stack.
 */
static __attribute__((noinline)) void *isa_descend_any(struct ma_state *mas, unsigned long key)
{
	struct maple_node *wide;
	struct isa_found found, other; /* two, so that the first stays in registers */

	if (!isa_walk_pages(mas, key, &found, &wide)) {
		if (!isa_walk_on(mas, key, wide, &other))
			return other.entry;
		found = other;
	}
	mas->index = found.index;
	mas->last = found.last;
	return found.entry;
}

static void *isa_descend(struct ma_state *mas, unsigned long key)
{
	struct isa_found found;

	if (unlikely(!isa_walk_plain(mas, key, &found)))
		return isa_descend_any(mas, key);
	mas->index = found.index;
	mas->last = found.last;
	return found.entry;
}

/*
 * Look at the cursor's leaf as a whole: set the slots in use and those with an
 * entry, and mark no slot as ahead. False: the leaf is not what it was when the
 * cursor came to it, or its bounds are being changed. Then slots could be of
 * two phases, and an iteration would skip or repeat entries.
 */
static inline bool isa_look_around(struct ma_state *mas)
{
	unsigned int slots, empty;
	struct ml_leaf l;

	ml_leaf_view(&l, mas->node, mas->vms__.version, mas->min, mas->max);
	slots = isa_used(&l);
	empty = isa_nulls(&l);
	vms__mas_moved(mas);
	if (unlikely(mas->vms__.version & ML_BUSY || ml_state(mas->node) != mas->vms__.version))
		return false;
	mas->vms__.used = (uint16_t)slots;
	mas->vms__.full = (uint16_t)(slots & ~empty);
	mas->vms__shift = (uint8_t)l.shift;
	return true;
}

static bool isa_enter(struct ma_state *mas)
{
	return isa_look_around(mas);
}

/*
 * How many leaves ahead of its own an iteration fetches: reading so many takes
 * about as long as the memory does.
 */
#define ISA_LEAVES_AHEAD 4

/*
 * The first entry of the next leaf under the same parent; isa.h says when it
 * answers NULL. It saves an iteration the walk from the root.
 */
static void *isa_next_entry(struct ma_state *mas, unsigned long max)
{
	unsigned long step = mas->vms__.parent, form, top = ULONG_MAX, low = 0, first, last;
	struct maple_node *parent = ml_step_node(step), *leaf;
	unsigned int next = ml_step_slot(step) + 1, far = next + ISA_LEAVES_AHEAD, i;
	void *_Atomic *children;
	unsigned long fetch;
	struct ml_leaf l;
	void *entry;

	if (!ml_has_looked(mas) || !mas->depth || mas->vms__.full & (~1u << mas->offset) ||
	    mas->max >= max)
		return NULL;
	form = ml_form_of(parent);
	if (next >= ml_keys_of(form))
		return NULL;
	isa_inner_span(parent, form, next, mas->max + 1, &low, &top);
	/*
	 * The parent does not say where its last child ends, unless it is the
	 * root, whose last child ends at ULONG_MAX. An unexpected lower bound
	 * means that the leaf does not follow the cursor's.
	 */
	if (low != mas->max + 1 || (top == ULONG_MAX && mas->depth > 1))
		return NULL;
	children = isa_inner_slots(parent, form);
	leaf = ml_node(atomic_load_explicit(&children[next], memory_order_acquire));
	far = far < ml_keys_of(form) ? far : ml_keys_of(form);
	/*
	 * Relaxed: the reference is not followed, only its lines are fetched.
	 * If there is no such child, the word is anything, and a prefetch of
	 * any address does no harm.
	 */
	fetch = (unsigned long)atomic_load_explicit(&children[far], memory_order_relaxed);
	__builtin_prefetch((const void *)fetch);
	__builtin_prefetch((const void *)(fetch + 64));
	__builtin_prefetch((const void *)(fetch + 128));
	/*
	 * The parent lives after the load of the child, so that child was
	 * current then: a dead parent could name a replaced leaf. The cursor's
	 * leaf is unchanged, so no entry has come into it behind the cursor's.
	 */
	if (unlikely(ml_state(parent) & ML_DEAD || ml_state(mas->node) != mas->vms__.version))
		return NULL;
	ml_set_parent(mas, parent, next);
	mas->min = low;
	mas->max = top;
	mas->node = leaf;
	mas->vms__.version = ml_state(leaf);
	if (unlikely(mas->vms__.version & ML_DEAD || !isa_look_around(mas) || !mas->vms__.full))
		goto lost;
	i = (unsigned int)__builtin_ctz(mas->vms__.full);
	ml_leaf_view(&l, leaf, mas->vms__.version, low, top);
	entry = ml_leaf_slot(&l, i);
	first = ml_leaf_min(&l, i);
	last = ml_leaf_max(&l, i);
	if (unlikely(!entry || first > max || ml_state(leaf) != mas->vms__.version))
		goto lost;
	ml_at_slot(mas, i, first, last);
	return entry;
lost:
	/*
	 * The cursor keeps its range and loses its place; its next step walks
	 * from the root.
	 */
	mas->node = NULL;
	vms__mas_moved(mas);
	return NULL;
}
