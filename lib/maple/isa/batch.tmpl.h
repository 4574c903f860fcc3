/* SPDX-License-Identifier: MIT */
/*
 * batch.tmpl.h - vms_mas_batch(): report the entries of leaf after leaf with
 * their bounds, mostly without a walk from the root for each leaf.
 *
 * A template for an instruction set's file, which must have included
 * descend.tmpl.h and may define, before this
 * 	ISA_LEAF_RANGES      a function like isa_leaf_ranges_by_one(), for a
 * 	                     set that reports a whole leaf in a better way
 * 	ISA_LEAVES_AT_ONCE   a function like isa_no_leaves_at_once(), for a set
 * 	                     that has one for leaf after leaf
 *
 * A leaf's ranges count only if the leaf was the same from before its first
 * word was read until after the last: same state, no change under way.
 * Otherwise the ranges might be of two phases, and overlap. A leaf is reached
 * only from a parent that is alive after the load of the leaf, because only
 * then was the leaf current.
 *
 * Locks: RCU or the tree's lock. Read next: descend.tmpl.h (isa_next_entry(),
 * one entry at a time), ranges_avx512.tmpl.h.
 */

/*
 * Write to @out, which has room for @n, the entries of those slots of a leaf
 * that are in @wanted and begin at or before @max. Return: how many. *slot: the
 * slot of the last one.
 */
static unsigned int isa_leaf_ranges_by_one(const struct ml_leaf *l, unsigned int wanted,
					   unsigned long max, struct vms_mt_range *out,
					   unsigned int n, unsigned int *slot)
{
	unsigned int slots = isa_used(l) & ~isa_nulls(l) & wanted, got = 0;
	unsigned long bound[ML_LEAF_SLOTS + 1];

	isa_bounds(l, bound);
	for (; slots && got < n; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);
		void *entry = ml_leaf_slot(l, i);

		if (unlikely(bound[i] > max))
			break;
		/*
		 * The entry may have been erased since the slots were scanned.
		 */
		if (unlikely(!entry))
			continue;
		out[got++] = (struct vms_mt_range){bound[i], bound[i + 1] - 1, entry};
		*slot = i;
	}
	return got;
}

#ifndef ISA_LEAF_RANGES
/*
 * isa_leaf_ranges_by_one() for a narrow leaf that ends at or before @max. It
 * computes no bounds except those of the ranges that it reports.
 */
static inline unsigned int isa_leaf_ranges_by_key(const struct ml_leaf *l, unsigned int wanted,
						  struct vms_mt_range *out, unsigned int n,
						  unsigned int *slot)
{
	unsigned int slots = isa_used(l) & ~isa_nulls(l) & wanted;
	struct vms_mt_range *at = out, *end = out + n;

	/* No key says where the first slot begins: it begins with the leaf. */
	if (slots & 1) {
		*at = (struct vms_mt_range){l->min, ml_leaf_max(l, 0), ml_leaf_slot(l, 0)};
		/*
		 * An entry may have been erased since the slots were scanned,
		 * here and below.
		 */
		at += at->entry != NULL;
		*slot = 0;
		slots &= ~1u;
	}
	for (; slots && at < end; slots &= slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(slots);
		void *entry = ml_leaf_slot(l, i);

		at->first = l->base + ((unsigned long)ml_key(l->node, i - 1) << l->shift);
		at->last = ml_leaf_max(l, i);
		at->entry = entry;
		if (unlikely(!entry))
			continue;
		*slot = i;
		at++;
	}
	return (unsigned int)(at - out);
}

/*
 * isa_leaf_ranges_by_key() where the leaf allows it, else
 * isa_leaf_ranges_by_one().
 */
static inline unsigned int isa_leaf_ranges_by_slot(const struct ml_leaf *l, unsigned int wanted,
						   unsigned long max, struct vms_mt_range *out,
						   unsigned int n, unsigned int *slot)
{
	if (unlikely(l->wide || l->max > max))
		return isa_leaf_ranges_by_one(l, wanted, max, out, n, slot);
	return isa_leaf_ranges_by_key(l, wanted, out, n, slot);
}
#define ISA_LEAF_RANGES isa_leaf_ranges_by_slot
#endif

/*
 * The place of a reader of many ranges: its leaf, and the inner node from which
 * it came to the leaf.
 */
struct isa_batch {
	struct ml_leaf leaf;
	unsigned long state; /* of the leaf */
	struct maple_node *parent;
	unsigned long form; /* of the parent */
	unsigned int slot;  /* of the leaf in it */
};

/* Put the reader into the cursor's leaf. */
static inline void isa_batch_begin(struct isa_batch *b, const struct ma_state *mas)
{
	unsigned long step = mas->depth ? mas->vms__.parent : 0;

	b->state = mas->vms__.version;
	ml_leaf_view(&b->leaf, mas->node, mas->vms__.version, mas->min, mas->max);
	b->parent = ml_step_node(step);
	b->slot = ml_step_slot(step);
	b->form = mas->depth ? ml_form_of(b->parent) : 0;
}

/*
 * Return: where the child @slot of the reader's parent ends. ULONG_MAX: the
 * parent does not say it, because the child is its last one, or there is no
 * such child.
 */
static inline unsigned long isa_batch_end_of(const struct isa_batch *b, unsigned int slot)
{
	if (slot >= ml_keys_of(b->form))
		return ULONG_MAX;
	return b->form & ML_WIDE_BIT
		       ? ml_wide_pivot(b->parent, slot)
		       : ml_key_pivot(ml_key(b->parent, slot), b->parent->narrow_inner.base,
				      ml_shift_of(b->form));
}

/*
 * Go on to the next leaf under the same parent, which ends with @max. False:
 * the leaf or the parent is dead.
 */
static inline bool isa_batch_next_leaf(struct isa_batch *b, unsigned long max)
{
	unsigned int slot = ++b->slot, keys = ml_keys_of(b->form), far = slot + ISA_LEAVES_AHEAD;
	void *_Atomic *children = isa_inner_slots(b->parent, b->form);
	unsigned long low = b->leaf.max + 1, fetch;
	struct maple_node *leaf;

	leaf = ml_node(atomic_load_explicit(&children[slot], memory_order_acquire));
	/* Relaxed: only fetched, not followed, as in isa_next_entry(). */
	fetch = (unsigned long)atomic_load_explicit(&children[far < keys ? far : keys],
						    memory_order_relaxed);
	__builtin_prefetch((const void *)fetch);
	__builtin_prefetch((const void *)(fetch + 64));
	__builtin_prefetch((const void *)(fetch + 128));
	b->state = ml_state(leaf);
	ml_leaf_view(&b->leaf, leaf, b->state, low, max);
	/*
	 * The parent is alive after the load of the child, so the child was
	 * current.
	 */
	return !((ml_state(b->parent) | b->state) & ML_DEAD);
}

/*
 * Go on to the next leaf by a walk from the root. False: the leaf there does
 * not begin where the reader's leaf ends, or the tree has lost its nodes.
 */
static __attribute__((noinline)) bool isa_batch_walk(struct isa_batch *b, struct ma_state *mas)
{
	const unsigned long next = b->leaf.max + 1;

	(void)isa_descend(mas, next);
	if (mas->status != ma_active || mas->min != next)
		return false;
	isa_batch_begin(b, mas);
	return true;
}

/* Put the cursor on the range @at, in slot @slot of the reader's leaf. */
static inline void isa_batch_stand(struct ma_state *mas, const struct isa_batch *b,
				   unsigned int slot, const struct vms_mt_range *at)
{
	mas->index = at->first;
	mas->last = at->last;
	mas->min = b->leaf.min;
	mas->max = b->leaf.max;
	if (mas->depth)
		ml_set_parent(mas, b->parent, b->slot);
	isa_settle(mas, b->leaf.node, b->state, slot);
}

/*
 * The reader has reported the tree's last leaf: @more ranges, which end before
 * @next, the last of them in slot @slot. Leave the cursor where a search for
 * one more entry would leave it: on the gap at the end if there is one. False:
 * the leaf has changed, or it has neither a gap at its end nor a range that was
 * reported; the cursor stands where it stood.
 */
static inline bool isa_batch_end(struct ma_state *mas, const struct isa_batch *b, unsigned int slot,
				 const struct vms_mt_range *next, unsigned int more)
{
	unsigned int end = 31 - (unsigned int)__builtin_clz(isa_used(&b->leaf));
	struct vms_mt_range gap = {ml_leaf_min(&b->leaf, end), ULONG_MAX,
				   ml_leaf_slot(&b->leaf, end)};

	if (unlikely(ml_state(b->leaf.node) != b->state))
		return false;
	if (!gap.entry)
		isa_batch_stand(mas, b, end, &gap);
	else if (more)
		isa_batch_stand(mas, b, slot, next - 1);
	else
		return false;
	return true;
}

/* The default for sets without a function that reads several leaves at once. */
#ifndef ISA_LEAVES_AT_ONCE
static inline bool isa_no_leaves_at_once(struct isa_batch *b, unsigned int from, unsigned long max,
					 struct vms_mt_range *out, unsigned int n,
					 unsigned int *got)
{
	(void)b, (void)from, (void)max, (void)out, (void)n, (void)got;
	return false;
}
#define ISA_LEAVES_AT_ONCE isa_no_leaves_at_once
#endif

/*
 * The reader is done with its leaf: go on to one that it has not read, as
 * quickly as possible. *got: the ranges reported so far; those reported on the
 * way are added, and it stays less than @n. False: there is no such leaf, or
 * finding it takes a look at what has changed.
 */
static inline bool isa_batch_go_on(struct isa_batch *b, struct ma_state *mas, unsigned long max,
				   struct vms_mt_range *out, unsigned int n, unsigned int *got)
{
	unsigned long end;

	ISA_LEAVES_AT_ONCE(b, b->slot + 1, max, out, n, got);
	/*
	 * A parent other than the root does not say where its last child ends,
	 * so the reader walks. The root's last child ends at ULONG_MAX and is
	 * read like others.
	 */
	while (unlikely((end = isa_batch_end_of(b, b->slot + 1)) == ULONG_MAX) && mas->depth > 1) {
		if (!isa_batch_walk(b, mas))
			return false;
		if (!ISA_LEAVES_AT_ONCE(b, b->slot, max, out, n, got))
			return true;
	}
	return isa_batch_next_leaf(b, end);
}

static unsigned int isa_batch(struct ma_state *mas, unsigned long max, struct vms_mt_range *out,
			      unsigned int n)
{
	const unsigned long index = mas->index, last = mas->last;
	unsigned int wanted = ~1u << mas->offset, got = 0, more, slot = 0;
	struct isa_batch b;

	if (mas->status != ma_active || !mas->node)
		return 0;
	isa_batch_begin(&b, mas);
	do {
		more = ISA_LEAF_RANGES(&b.leaf, wanted, max, out + got, n - got, &slot);
		if (unlikely(b.state & ML_BUSY || ml_state(b.leaf.node) != b.state))
			break;
		got += more;
		if (got < n && b.leaf.max == ULONG_MAX && max == ULONG_MAX) {
			if (unlikely(!isa_batch_end(mas, &b, slot, out + got, more)))
				break;
			return got;
		}
		if (got == n || b.leaf.max >= max || !mas->depth) {
			if (unlikely(!more))
				break;
			isa_batch_stand(mas, &b, slot, &out[got - 1]);
			return got;
		}
		wanted = ~0u;
	} while (likely(isa_batch_go_on(&b, mas, max, out, n, &got)));
	/*
	 * The cursor keeps its range, the last one reported, and loses its
	 * place.
	 */
	mas->index = got ? out[got - 1].first : index;
	mas->last = got ? out[got - 1].last : last;
	mas->node = NULL;
	mas->status = ma_active;
	vms__mas_moved(mas);
	return got;
}
