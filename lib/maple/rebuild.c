/* SPDX-License-Identifier: MIT */
/*
 * rebuild.c - stores that change the number of leaves or a bound between them:
 * new leaves, and as many new levels above them as it takes.
 *
 * 	            [ a | b | c ]                    [ a | b'| c ]
 * 	             /    |    \          =>          /    |    \
 * 	     leaf ... [ L ] [ R ] ...             ...   [ L' ]  ...
 *
 * Two tracks (track.h) run from the root to the leaves of the store's first and
 * last index. At each level, from the leaves upwards, what the nodes from the
 * left track to the right track shall hold is laid out as one run of slots
 * (run.h): those before the left track, the new ones, those after the right
 * track. If the run is too short for a node of its own, a track is moved
 * outwards to take in a neighbour. The run is then cut into one to PARTS_MAX
 * new nodes, which are the new slots of the level above. The work ends on the
 * level where one new node replaces one old node: one store into the parent's
 * slot, or into the root, publishes it, so that readers see the whole change or
 * none of it.
 *
 * All nodes are allocated before that store. The old nodes are marked dead only
 * after it, and are freed after a grace period.
 *
 * This file keeps the rule that two gaps never touch, not even where two leaves
 * meet. So no gap crosses a leaf's bounds.
 *
 * Locks: the tree's lock.
 */
#include <errno.h>
#include <string.h>

#include "lib/maple/internal.h"
#include "lib/maple/run.h"
#include "lib/maple/track.h"

#define SHARE_SPARE 1u

struct rebuild {
	struct ml_write *w;
	struct ma_state *mas;
	unsigned int depth; /* level of the leaves */
	struct track left, right;
	struct run run; /* of the level under way */
	/* the new nodes of that level, as slots of the next */
	struct run made;
	unsigned long from[LEVELS], to[LEVELS]; /* what the new nodes of each level span */
	unsigned int nr_nodes;
	void *nodes[PARTS_MAX * LEVELS + 1]; /* all new nodes, to be freed if one cannot be had */
};

/* ---- runs ---- */

/* Take the node left or right of the run at @level into it. */
static void run_widen(struct rebuild *rb, unsigned int level, bool rightwards)
{
	struct place *l = &rb->left.at[level], *r = &rb->right.at[level];
	bool gaps = level < rb->depth && ml_has_gaps(rb->mas->tree);
	struct run old; /* an initializer would clear all of it */

	if (rightwards) {
		track_move(&rb->right, level, r->max + 1);
		run_push_slots(&rb->run, r, 0, ALL, gaps);
		return;
	}
	track_move(&rb->left, level, l->min - 1);
	old.n = 0;
	run_append(&old, &rb->run);
	rb->run.n = 0;
	run_push_slots(&rb->run, l, 0, ALL, gaps);
	run_append(&rb->run, &old);
}

/*
 * Take a neighbour into a run that is too short for a node at @level. A child
 * of the same parent is preferred, because a cousin has a second parent
 * replaced.
 */
static void run_lengthen(struct rebuild *rb, unsigned int level)
{
	const struct place *l = &rb->left.at[level], *r = &rb->right.at[level];

	run_widen(rb, level,
		  r->max != ULONG_MAX && (r->max != rb->right.at[level - 1].max ||
					  l->min == rb->left.at[level - 1].min));
}

/*
 * The number of slots in use of the child in slot @slot of @parent. If @parent
 * has no such child: more than any node has.
 */
static unsigned int slots_in_use(const struct place *parent, unsigned int slot)
{
	struct place p = *parent;
	struct run run; /* an initializer would clear all of it */

	run.n = 0;
	p.slot = slot;
	if (slot >= ML_INNER_SLOTS || (slot && ml_pivot(p.node, slot - 1) >= p.max))
		return ML_INNER_SLOTS + 1;
	p.min = place_slot_min(&p);
	p.max = place_slot_max(&p);
	p.node = ml_node(ml_slot(p.node, slot));
	run_push_slots(&run, &p, 0, ALL, false);
	return run.n;
}

/*
 * Whether the run ends with the last slot of the level. Keys that come in
 * ascending order are added there.
 */
static bool appends(const struct rebuild *rb, unsigned int level)
{
	const struct place *r = &rb->right.at[level];

	return r->max == ULONG_MAX && place_slot_max(r) == ULONG_MAX;
}

/*
 * A node that has become too long is not cut if its neighbour has room: both
 * are filled alike, so that nodes are fuller than cutting alone leaves them.
 * That costs nothing more, because the parent is replaced in either case. In a
 * tree whose root is the only parent, speed matters more than space.
 */
static void run_share(struct rebuild *rb, unsigned int level)
{
	const struct place *parent = &rb->left.at[level - 1];
	unsigned int most = level == rb->depth ? ML_LEAF_SLOTS : ML_INNER_SLOTS, before, after;

	if (rb->left.at[level].node != rb->right.at[level].node || rb->run.n <= most ||
	    appends(rb, level) || rb->depth < 2)
		return;
	before = parent->slot ? slots_in_use(parent, parent->slot - 1) : ML_INNER_SLOTS + 1;
	after = slots_in_use(parent, parent->slot + 1);
	if (rb->run.n + (before < after ? before : after) <= 2 * (most - SHARE_SPARE))
		run_widen(rb, level, after <= before);
}

/* ---- new nodes ---- */

/*
 * ml_ref_in() of a child that spans [min, max], made from the reference by
 * which another parent named it. The child itself is read only if it may be an
 * edge node: that saves a cache miss for each of the other children.
 */
static void *child_in(const struct maple_node *parent, void *ref, unsigned long min,
		      unsigned long max)
{
	unsigned int shift = ml_shift_of((unsigned long)ref);

	if (!ml_is_wide(ref) && (ml_region(min, shift) != ml_region(max, shift) ||
				 (min | (max + 1)) & ((1ul << shift) - 1)))
		return ml_ref_in(parent, ml_node(ref));
	return ref;
}

static void fill_inner(struct maple_node *node, unsigned long form, unsigned long min,
		       unsigned int n, const struct run *run, unsigned int from, bool gaps)
{
	unsigned int keys = ml_keys_of(form);
	void *_Atomic *slots;

	ml_begin(node, form, run->pivot[from] + 1);
	slots = ml_slots(node);
	for (unsigned int i = 0; i < keys; i++)
		ml_set_pivot_as(node, form, i, i + 1 < n ? run->pivot[from + i] : ULONG_MAX);
	/* Relaxed: the node is not published yet. */
	for (unsigned int i = 0; i <= keys; i++) {
		void *child = NULL;

		if (i < n) {
			child = child_in(node, run->slot[from + i], min, run->pivot[from + i]);
			min = run->pivot[from + i] + 1;
		}
		atomic_store_explicit(&slots[i], child, memory_order_relaxed);
	}
	for (unsigned int i = 0; gaps && i < ML_GAPS; i++)
		ml_set_gap(node, i, i < n ? run->gap[from + i] : 0);
}

/*
 * A new node of the run's slots [from, to); it spans from @min. Appended to
 * rb->made. False: no memory.
 */
static bool make_node(struct rebuild *rb, unsigned int from, unsigned int to, unsigned long min,
		      bool leaf)
{
	const struct run *run = &rb->run;
	bool gaps = ml_has_gaps(rb->mas->tree);
	struct maple_node *node = vms__mt_alloc(rb->mas, leaf ? ML_LEAF : ML_INNER);
	unsigned int n = to - from;
	unsigned long form = vms__mt_form_for(n, run->pivot + from, min);

	if (unlikely(!node))
		return false;
	if (leaf)
		vms__mt_fill_leaf(node, form, n, run->pivot + from, run->slot + from);
	else
		fill_inner(node, form, min, n, run, from, gaps);
	rb->nodes[rb->nr_nodes++] = ml_ref(node);
	run_push(&rb->made, run->pivot[to - 1], ml_ref(node),
		 gaps ? run_gap(run, from, to, min, leaf) : 0);
	return true;
}

/* Cut the run into new nodes. False: no memory. */
static bool make_nodes(struct rebuild *rb, unsigned int level, bool leaf)
{
	unsigned long min = rb->left.at[level].min;
	bool several = rb->left.at[level].node != rb->right.at[level].node;
	unsigned int end[PARTS_MAX],
		parts = cut(&rb->run, min, leaf, several, appends(rb, level), end);

	rb->made.n = 0;
	for (unsigned int part = 0, from = 0; part < parts; from = end[part++]) {
		if (!make_node(rb, from, end[part], min, leaf))
			return false;
		min = rb->run.pivot[end[part] - 1] + 1;
	}
	return true;
}

static int give_up(struct rebuild *rb)
{
	while (rb->nr_nodes--) {
		void *ref = rb->nodes[rb->nr_nodes];

		vms__mt_free(rb->mas->tree, ml_node(ref), ml_is_leaf(ref) ? ML_LEAF : ML_INNER);
	}
	return -ENOMEM;
}

/* ---- old nodes ---- */

/*
 * Retire @node, at @level, which spans [@min, @max]; and before it those nodes
 * below it that new nodes replace. The others have new parents.
 */
static void retire(struct rebuild *rb, struct maple_node *node, unsigned int level,
		   unsigned long min, unsigned long max)
{
	const struct maple_tree *mt = rb->mas->tree;
	struct place p = {.node = node, .min = min, .max = max};

	if (level < rb->depth) {
		unsigned long from = rb->from[level + 1] > min ? rb->from[level + 1] : min;
		unsigned long to = rb->to[level + 1] < max ? rb->to[level + 1] : max;

		for (p.slot = ml_find_slot(node, from); from <= to; p.slot++) {
			retire(rb, ml_node(ml_slot(node, p.slot)), level + 1, place_slot_min(&p),
			       place_slot_max(&p));
			if (place_slot_max(&p) >= to)
				break;
		}
	}
	vms__mt_retire(mt, node, level == rb->depth ? ML_LEAF : ML_INNER);
}

/* ---- publication ---- */

/*
 * Publish @root, which replaces all nodes of @level, as the tree's root. No
 * level above it remains.
 */
static void publish_root(struct rebuild *rb, unsigned int level, void *root)
{
	struct maple_node *old = ml_node(ml_root(rb->mas->tree));

	while (level--) {
		rb->from[level] = 0;
		rb->to[level] = ULONG_MAX;
	}
	ml_publish_root(rb->mas->tree, root);
	retire(rb, old, 0, 0, ULONG_MAX);
}

/* Publish the one new node in the place of the one old node at @level. */
static void publish_child(struct rebuild *rb, unsigned int level)
{
	struct ma_state *mas = rb->mas;
	struct place *old = &rb->left.at[level], *parent = old - 1;
	unsigned long path[MAPLE_HEIGHT_MAX];

	ml_publish_slot(parent->node, parent->slot,
			ml_ref_in(parent->node, ml_node(rb->made.slot[0])));
	if (ml_has_gaps(mas->tree)) {
		for (unsigned int i = 0; i < level; i++)
			path[i] = ml_step(rb->left.at[i].node, rb->left.at[i].slot);
		vms__mt_gap_set(path, level - 1, rb->made.gap[0]);
	}
	retire(rb, old->node, level, old->min, old->max);
}

/*
 * Whether the root can hold the run without a leaf: the tree is empty, or index
 * 0 alone has an entry that cannot be mistaken for a node.
 */
static bool run_fits_root(const struct run *run)
{
	if (run->n == 1)
		return !run->slot[0];
	return run->n == 2 && !run->pivot[0] && !run->slot[1] &&
	       ((unsigned long)run->slot[0] & 3) != ML_NODE_MARK;
}

/* ---- the levels ---- */

static bool run_spans_all(const struct rebuild *rb, unsigned int level)
{
	return !rb->left.at[level].min && rb->right.at[level].max == ULONG_MAX;
}

/*
 * Lay out the run of the level above: the slots before the left track, the new
 * nodes, and the slots after the right track.
 */
static void run_lift(struct rebuild *rb, unsigned int level)
{
	bool gaps = ml_has_gaps(rb->mas->tree);

	rb->run.n = 0;
	run_push_slots(&rb->run, &rb->left.at[level], 0, rb->left.at[level].slot, gaps);
	for (unsigned int i = 0; i < rb->made.n; i++)
		run_push(&rb->run, rb->made.pivot[i], rb->made.slot[i], rb->made.gap[i]);
	if (place_slot_max(&rb->right.at[level]) != rb->right.at[level].max)
		run_push_slots(&rb->run, &rb->right.at[level], rb->right.at[level].slot + 1, ALL,
			       gaps);
}

/* Publish a new root above the new nodes. */
static int grow_root(struct rebuild *rb)
{
	if (rb->depth == MAPLE_HEIGHT_MAX)
		return give_up(rb);
	rb->run.n = 0;
	run_append(&rb->run, &rb->made);
	rb->made.n = 0;
	if (!make_node(rb, 0, rb->run.n, 0, false))
		return give_up(rb);
	publish_root(rb, 0, rb->made.slot[0]);
	return 0;
}

/* ---- a parent by copying ---- */

/*
 * Whether a narrow node of @form and @base has keys for all bounds between the
 * new nodes.
 */
static bool keys_hold_made(const struct rebuild *rb, unsigned long form, unsigned long base)
{
	unsigned int shift = ml_shift_of(form);

	for (unsigned int i = 0; i + 1 < rb->made.n; i++) {
		unsigned long start = rb->made.pivot[i] + 1;

		if (!ml_key_fits(start, shift) || ml_region(start, shift) != base)
			return false;
	}
	return true;
}

/*
 * Copy an array of @n elements of @size, except those in [from, to), in whose
 * place the copy has room for @insert elements. What does not fit behind them
 * is left out. Plain accesses: the new array is not published yet, and the old
 * one is not written.
 */
static inline __attribute__((always_inline)) void splice(void *new, const void *old, size_t size,
							 unsigned int n, unsigned int from,
							 unsigned int to, unsigned int insert)
{
	unsigned int new_to = from + insert, rest = n - to < n - new_to ? n - to : n - new_to;

	memcpy(new, old, from * size);
	memcpy((char *)new + new_to *size, (const char *)old + to * size, rest * size);
}

/*
 * Copy the parent at @level of all old nodes between the tracks, with the new
 * nodes in their place. NULL: the copy would be too long or too short, or would
 * need another form; or, with *err set, there is no memory. Plain accesses: the
 * new node is not published yet, and the old one is not written.
 */
static struct maple_node *copy_parent(struct rebuild *rb, unsigned int level, int *err)
{
	const struct place *l = &rb->left.at[level], *r = &rb->right.at[level];
	const struct maple_node *old = l->node;
	const unsigned long form = ml_form_of(old) & ML_FORM;
	unsigned int from = l->slot, to = r->slot + 1, insert = rb->made.n, n;
	unsigned long min = place_slot_min(l);
	bool gaps = ml_has_gaps(rb->mas->tree);
	struct maple_node *node;

	*err = 0;
	if (l->node != r->node || form & ML_WIDE_BIT || !keys_hold_made(rb, form, ml_base(old)))
		return NULL;
	n = ml_find_slot(old, l->max) + 1 - (to - from) + insert;
	if (n > ML_INNER_SLOTS || n < (run_spans_all(rb, level) ? 2 : ML_INNER_MIN))
		return NULL;
	node = vms__mt_alloc(rb->mas, ML_INNER);
	if (unlikely(!node)) {
		*err = give_up(rb);
		return NULL;
	}
	ml_begin(node, form, ml_base(old));
	splice(&node->narrow_inner.key, &old->narrow_inner.key, sizeof(uint32_t),
	       ML_NARROW_INNER_KEYS, from, to - 1, insert - 1);
	splice(&node->narrow_inner.slot, &old->narrow_inner.slot, sizeof(void *),
	       ML_NARROW_INNER_KEYS + 1, from, to, insert);
	if (gaps)
		splice(&node->gap, &old->gap, sizeof(unsigned long), ML_GAPS, from, to, insert);
	/* With fewer children than before, slots at the end stay unused. */
	for (unsigned int i = ML_NARROW_INNER_KEYS + 1 + insert - (to - from);
	     i <= ML_NARROW_INNER_KEYS; i++) {
		ml_set_pivot_as(node, form, i - 1, ULONG_MAX);
		ml_set_slot(node, i, NULL);
		if (gaps)
			ml_set_gap(node, i + 1, 0);
	}
	for (unsigned int i = 0; i < insert; i++) {
		if (i + 1 < insert)
			ml_set_pivot_as(node, form, from + i, rb->made.pivot[i]);
		ml_set_slot(node, from + i,
			    child_in(node, rb->made.slot[i], min, rb->made.pivot[i]));
		if (gaps)
			ml_set_gap(node, from + i, rb->made.gap[i]);
		min = rb->made.pivot[i] + 1;
	}
	return node;
}

/*
 * Publish the new nodes in a copy of their parent at @level, which saves a
 * run. True: the store has ended, with *err. False: the parent cannot be
 * copied, and needs a run.
 */
static bool publish_in_copy(struct rebuild *rb, unsigned int level, int *err)
{
	struct maple_node *node = copy_parent(rb, level, err);

	if (!node)
		return *err;
	rb->from[level] = rb->left.at[level].min;
	rb->to[level] = rb->left.at[level].max;
	if (run_spans_all(rb, level)) {
		publish_root(rb, level, ml_ref(node));
		return true;
	}
	rb->made.slot[0] = ml_ref(node);
	rb->made.gap[0] = ml_has_gaps(rb->mas->tree) ? vms__mt_isa->inner_gap(node) : 0;
	publish_child(rb, level);
	return true;
}

/*
 * Make the new nodes of each level, from the leaves upwards, until one store
 * publishes them all.
 */
static int rebuild_levels(struct rebuild *rb)
{
	int err;

	for (unsigned int level = rb->depth;; level--) {
		bool leaf = level == rb->depth;

		while (rb->run.n < (leaf ? ML_LEAF_MIN : ML_INNER_MIN) && !run_spans_all(rb, level))
			run_lengthen(rb, level);
		if (level)
			run_share(rb, level);
		rb->from[level] = rb->left.at[level].min;
		rb->to[level] = rb->right.at[level].max;
		if (leaf && run_spans_all(rb, level) && run_fits_root(&rb->run)) {
			publish_root(rb, level, rb->run.n == 1 ? NULL : rb->run.slot[0]);
			return 0;
		}
		if (!make_nodes(rb, level, leaf))
			return give_up(rb);
		if (rb->made.n == 1 && run_spans_all(rb, level)) {
			publish_root(rb, level, rb->made.slot[0]);
			return 0;
		}
		if (!level)
			return grow_root(rb);
		if (rb->made.n == 1 && rb->left.at[level].node == rb->right.at[level].node) {
			publish_child(rb, level);
			return 0;
		}
		if (publish_in_copy(rb, level - 1, &err))
			return err;
		run_lift(rb, level - 1);
	}
}

/* ---- the leaves ---- */

/* Whether @key lies in a gap. */
static bool is_gap(const struct rebuild *rb, unsigned long key)
{
	return !vms__mt_load(rb->mas->tree, key);
}

/*
 * Let the gap that is stored take in the gap after it, even if that begins the
 * next leaf. The right track moves to the slot in which the joined gap ends.
 */
static void join_right(struct rebuild *rb)
{
	struct ml_write *w = rb->w;
	struct place *r = &rb->right.at[rb->depth];

	if (w->last == w->hi_max && w->last != ULONG_MAX && is_gap(rb, w->last + 1)) {
		if (w->last == r->max)
			track_move(&rb->right, rb->depth, w->last + 1);
		r->slot = ml_find_slot(r->node, w->last + 1);
		w->hi_max = place_slot_max(r);
		w->hi_entry = NULL;
	}
	if (!w->hi_entry)
		w->last = w->hi_max;
}

/* join_right() for the gap before the one that is stored. */
static void join_left(struct rebuild *rb)
{
	struct ml_write *w = rb->w;
	struct place *l = &rb->left.at[rb->depth];

	if (w->first == w->lo_min && w->first && is_gap(rb, w->first - 1)) {
		if (w->first == l->min)
			track_move(&rb->left, rb->depth, w->first - 1);
		l->slot = ml_find_slot(l->node, w->first - 1);
		w->lo_min = place_slot_min(l);
		w->lo_entry = NULL;
	}
	if (!w->lo_entry)
		w->first = w->lo_min;
}

/*
 * Lay out the run of the leaves: what comes before the new range, the range,
 * and what comes after it.
 */
static void run_of_leaves(struct rebuild *rb)
{
	struct ml_write *w = rb->w;
	struct place *l = &rb->left.at[rb->depth], *r = &rb->right.at[rb->depth];

	w->hi_max = place_slot_max(r);
	w->hi_entry = ml_slot(r->node, r->slot);
	if (!w->entry) {
		join_left(rb);
		join_right(rb);
	}
	run_push_slots(&rb->run, l, 0, l->slot, false);
	/* The store may leave a beginning of slot lo and an end of slot hi. */
	if (w->lo_min < w->first)
		run_push(&rb->run, w->first - 1, w->lo_entry, 0);
	run_push(&rb->run, w->last, w->entry, 0);
	if (w->last < w->hi_max)
		run_push(&rb->run, w->hi_max, w->hi_entry, 0);
	if (rb->run.pivot[rb->run.n - 1] != r->max)
		run_push_slots(&rb->run, r, r->slot + 1, ALL, false);
}

int vms__mt_rebuild(struct ml_write *w)
{
	struct rebuild rb;
	int err;

	rb.w = w;
	rb.mas = w->mas;
	rb.depth = w->mas->depth;
	rb.run.n = rb.made.n = rb.nr_nodes = 0;
	track_from_cursor(&rb.left, w);
	track_onwards(&rb.right, &rb.left, rb.depth, w->last);
	run_of_leaves(&rb);
	err = rebuild_levels(&rb);
	/* The cursor's leaf may have been replaced: keep the range only. */
	w->mas->node = NULL;
	return err;
}

/* Whether an inner node has more children than @n, at least one. */
static bool more_children(const struct maple_node *node, unsigned int n)
{
	return ml_pivot(node, n - 1) != ULONG_MAX;
}

void vms__mt_rebuild_need(const struct ml_write *w, unsigned int *leaves, unsigned int *inner)
{
	unsigned int level = w->mas->depth;
	unsigned long path[MAPLE_HEIGHT_MAX];

	*leaves = PARTS_MAX;
	*inner = PARTS_MAX * level + 1;
	if (!w->one_leaf || !level)
		return;
	/*
	 * One leaf becomes three at most, and one leaf with its neighbour four:
	 * the parent has one child less, or two more. A parent that has room
	 * for two more in any form, and enough slots without one, is replaced
	 * by one node; any other parent may become as many as a leaf does.
	 */
	ml_path(w->mas, level, path);
	*leaves = 4;
	for (*inner = 1; level--; *inner += 3) {
		const struct maple_node *parent = ml_step_node(path[level]);

		if (more_children(parent, level ? ML_INNER_MIN : 2) &&
		    !more_children(parent, ML_WIDE_INNER_KEYS - 1))
			return;
	}
	/* A new root above the old one. */
	*inner += 1;
}

int vms__mt_plant(struct ma_state *mas, void *entry)
{
	void *root = ml_root(mas->tree);
	unsigned long first = mas->index, last = mas->last;
	struct rebuild rb; /* an initializer would clear all of it */
	struct run *run = &rb.run;

	rb.mas = mas;
	rb.run.n = rb.made.n = rb.nr_nodes = 0;
	mas->node = NULL;
	if (!entry) {
		if (!first)
			ml_publish_root(mas->tree, NULL);
		/* The cursor gets the whole gap that the store has made. */
		mas->index = root && first ? 1 : 0;
		mas->last = ULONG_MAX;
		return 0;
	}
	if (root && first)
		run_push(run, 0, root, 0);
	if (first > (root ? 1 : 0))
		run_push(run, first - 1, NULL, 0);
	run_push(run, last, entry, 0);
	if (last != ULONG_MAX)
		run_push(run, ULONG_MAX, NULL, 0);
	if (run_fits_root(run)) {
		ml_publish_root(mas->tree, entry);
		return 0;
	}
	if (!make_node(&rb, 0, run->n, 0, true))
		return give_up(&rb);
	ml_publish_root(mas->tree, rb.made.slot[0]);
	return 0;
}
