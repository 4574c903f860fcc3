/* SPDX-License-Identifier: MIT */
/*
 * index_rbtree.c - the index of Linux up to 6.0: a red-black tree of VMAs, an
 * address-ordered list through the same VMAs, the largest gap of each subtree,
 * and a few VMAs noted by each thread (vmacache.h). It is the baseline that the
 * other engines are measured against, so it is as quick as this design allows:
 * a lookup touches one cache line a level; next and prev are the list's; a
 * store finds its place once, at prepare, and goes by list positions from
 * there; a VMA that replaces another takes over its node in the tree.
 *
 * A gap belongs to the VMA after it:
 *
 *   |-- a --|  gap of b  |-- b --|-- c --|  gap of d  |-- d --|  tail
 *                                                             highest_vm_end
 *
 * vma->rb_subtree_gap is the largest gap of any VMA in its subtree. A VMA's own
 * gap is computed from the list, so it changes with the VMA's vm_start, with
 * its predecessor's vm_end, and when another VMA becomes its predecessor.
 *
 * Locks: mmap_lock R to look, W to change; lib/engine/engine.h says which for
 *        each. Read next: lib/rbtree/rbtree_impl.h, vmacache.h.
 */
#include "lib/engine/engine.h"
#include "lib/engine/vmacache.h"
#include "lib/rbtree/rbtree_impl.h"
#include "lib/rbtree/validate.h"
#include "lib/sync/assert.h"

static inline struct vm_area_struct *rb_vma(const struct rb_node *rb)
{
	return rb_entry_safe(rb, struct vm_area_struct, vm_rb);
}

/* ---- gaps ---------------------------------------------------------------- */

static inline unsigned long gap_start(const struct vm_area_struct *vma)
{
	return vma->vm_prev ? vma->vm_prev->vm_end : 0;
}

/*
 * In the middle of a commit a VMA may have grown over one that has not left the
 * list yet. The gap of the latter then counts as 0. The difference, below zero
 * and so huge, would be carried up to the root, and taken back again later.
 */
static inline unsigned long gap_before(const struct vm_area_struct *vma)
{
	unsigned long start = gap_start(vma);

	return vma->vm_start > start ? vma->vm_start - start : 0;
}

/* What vma->rb_subtree_gap should be, if its children's fields are right. */
static inline unsigned long largest_gap(const struct vm_area_struct *vma)
{
	const struct vm_area_struct *left = rb_vma(vma->vm_rb.rb_left),
				    *right = rb_vma(vma->vm_rb.rb_right);
	unsigned long gap = gap_before(vma);

	if (left && left->rb_subtree_gap > gap)
		gap = left->rb_subtree_gap;
	if (right && right->rb_subtree_gap > gap)
		gap = right->rb_subtree_gap;
	return gap;
}

static inline bool gap_compute(struct vm_area_struct *vma, bool exit)
{
	unsigned long gap = largest_gap(vma);

	if (exit && gap == vma->rb_subtree_gap)
		return true;
	vma->rb_subtree_gap = gap;
	return false;
}

RB_DECLARE_CALLBACKS(static, gap_augment, struct vm_area_struct, vm_rb, rb_subtree_gap,
		     gap_compute);

/*
 * The gap of @vma may have changed: correct its field, and those of its
 * ancestors as far up as that makes a difference. @vma may be NULL: nothing
 * changed.
 */
static void refresh_gap(struct vm_area_struct *vma)
{
	if (vma)
		gap_augment_propagate(&vma->vm_rb, NULL);
}

/* The subtree's top; NULL if no gap in the subtree has @size bytes. */
static inline struct vm_area_struct *with_gap(const struct rb_node *rb, unsigned long size)
{
	struct vm_area_struct *vma = rb_vma(rb);

	return vma && vma->rb_subtree_gap >= size ? vma : NULL;
}

/*
 * A subtree that has a gap of @size is searched under @child next. Return:
 * whether it also has such a gap elsewhere: in its top, or under the @other
 * child. The top's own gap costs a cache line of another VMA, so it is looked
 * at last.
 */
static inline bool gap_besides(const struct vm_area_struct *vma, const struct rb_node *child,
			       const struct rb_node *other, unsigned long size)
{
	return !with_gap(child, size) || with_gap(other, size) || gap_before(vma) >= size;
}

/* The first VMA of a subtree with a gap of @size before it; there is one. */
static struct vm_area_struct *first_with_gap(struct vm_area_struct *vma, unsigned long size)
{
	for (;;) {
		struct vm_area_struct *left = with_gap(vma->vm_rb.rb_left, size), *right;

		if (left) {
			vma = left;
			continue;
		}
		right = with_gap(vma->vm_rb.rb_right, size);
		if (!right || gap_before(vma) >= size)
			return vma;
		vma = right;
	}
}

static struct vm_area_struct *last_with_gap(struct vm_area_struct *vma, unsigned long size)
{
	for (;;) {
		struct vm_area_struct *right = with_gap(vma->vm_rb.rb_right, size), *left;

		if (right) {
			vma = right;
			continue;
		}
		left = with_gap(vma->vm_rb.rb_left, size);
		if (!left || gap_before(vma) >= size)
			return vma;
		vma = left;
	}
}

/*
 * The first VMA with a gap of @size before it that ends at @limit or above,
 * found in one way down. Of the nodes at which the way turns left, the last one
 * that has such a gap, by itself or under its right child, has the lowest.
 */
static struct vm_area_struct *first_gap_to(const struct mm_struct *mm, unsigned long limit,
					   unsigned long size)
{
	const struct rb_node *rb = mm->mm_rb.rb_node;
	struct vm_area_struct *vma, *best = NULL;

	while ((vma = with_gap(rb, size))) {
		if (vma->vm_start < limit) {
			rb = vma->vm_rb.rb_right;
			continue;
		}
		rb = vma->vm_rb.rb_left;
		if (gap_besides(vma, rb, vma->vm_rb.rb_right, size))
			best = vma;
	}
	if (!best || gap_before(best) >= size)
		return best;
	return first_with_gap(rb_vma(best->vm_rb.rb_right), size);
}

/*
 * The last VMA with a gap of @size before it that starts at @limit or below.
 * This mirrors first_gap_to(), except that a gap which starts there may belong
 * to a VMA that begins above @limit. Only the first such VMA (beyond) can have
 * it.
 */
static struct vm_area_struct *last_gap_from(const struct mm_struct *mm, unsigned long limit,
					    unsigned long size)
{
	const struct rb_node *rb = mm->mm_rb.rb_node;
	struct vm_area_struct *vma, *best = NULL, *beyond = NULL;

	while ((vma = with_gap(rb, size))) {
		if (vma->vm_start > limit) {
			beyond = vma;
			rb = vma->vm_rb.rb_left;
			continue;
		}
		rb = vma->vm_rb.rb_right;
		if (gap_besides(vma, rb, vma->vm_rb.rb_left, size))
			best = vma;
	}
	if (beyond && gap_start(beyond) <= limit && gap_before(beyond) >= size)
		return beyond;
	if (!best || gap_before(best) >= size)
		return best;
	return last_with_gap(rb_vma(best->vm_rb.rb_left), size);
}

static struct vm_area_struct *last_vma(const struct mm_struct *mm)
{
	return rb_vma(rb_last(&mm->mm_rb));
}

/*
 * The room that a gap [s, e) has inside [low, high) is [max(s, low), min(e,
 * high)). Its length is e - s, e - low, high - s or high - low, so each of
 * these must be at least @size.
 */
static bool gap_lowest(struct mm_struct *mm, unsigned long low, unsigned long high,
		       unsigned long size, struct vms__place *place)
{
	struct vm_area_struct *vma;
	unsigned long start;

	mmap_assert_write_locked(mm);
	VMS_ASSERT(size);
	if (high <= low || high - low < size)
		return false;
	vma = first_gap_to(mm, low + size, size);
	start = vma ? gap_start(vma) : mm->highest_vm_end;
	if (start > high - size)
		return false;
	place->start = start > low ? start : low;
	place->vma = vma;
	place->prev = vma ? vma->vm_prev : last_vma(mm);
	return true;
}

static bool gap_highest(struct mm_struct *mm, unsigned long low, unsigned long high,
			unsigned long size, struct vms__place *place)
{
	struct vm_area_struct *vma;
	unsigned long end;

	mmap_assert_write_locked(mm);
	VMS_ASSERT(size);
	if (high <= low || high - low < size)
		return false;
	if (mm->highest_vm_end <= high - size) {
		place->start = high - size;
		place->vma = NULL;
		place->prev = last_vma(mm);
		return true;
	}
	vma = last_gap_from(mm, high - size, size);
	if (!vma)
		return false;
	end = vma->vm_start < high ? vma->vm_start : high;
	if (end < low + size)
		return false;
	place->start = end - size;
	place->vma = vma;
	place->prev = vma->vm_prev;
	return true;
}

/* ---- looking up ---------------------------------------------------------- */

/*
 * The first VMA with vm_end > addr. The range and the links of a VMA share its
 * first cache line, so the search touches one line a level.
 */
static inline struct vm_area_struct *tree_find(const struct mm_struct *mm, unsigned long addr)
{
	const struct rb_node *rb = mm->mm_rb.rb_node;
	struct vm_area_struct *best = NULL;

	while (rb) {
		struct vm_area_struct *vma = rb_vma(rb);

		if (vma->vm_end <= addr) {
			rb = rb->rb_right;
			continue;
		}
		best = vma;
		if (vma->vm_start <= addr)
			break;
		rb = rb->rb_left;
	}
	return best;
}

static struct vm_area_struct *find(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	rwsem_assert_held(&mm->mmap_lock);
	vma = vms__vmacache_find(mm, addr);
	if (vma)
		return vma;
	vma = tree_find(mm, addr);
	if (vma && vma->vm_start <= addr)
		vms__vmacache_update(mm, addr, vma);
	return vma;
}

static struct vm_area_struct *prev_below(struct mm_struct *mm, unsigned long addr)
{
	const struct rb_node *rb = mm->mm_rb.rb_node;
	struct vm_area_struct *best = NULL;

	rwsem_assert_held(&mm->mmap_lock);
	while (rb) {
		struct vm_area_struct *vma = rb_vma(rb);

		if (vma->vm_start < addr) {
			best = vma;
			rb = rb->rb_right;
		} else {
			rb = rb->rb_left;
		}
	}
	return best;
}

static struct vm_area_struct *next(struct mm_struct *mm, struct vm_area_struct *vma)
{
	rwsem_assert_held(&mm->mmap_lock);
	return vma->vm_next;
}

/* The list links all VMAs at all times, so there is nothing to do. */
static void chain(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end)
{
	mmap_assert_write_locked(mm);
	(void)vma;
	(void)end;
}

static struct vm_area_struct *step(struct vma_iterator *vmi, bool good)
{
	struct vm_area_struct *last = good ? vmi->place.vma : NULL;

	if (!good)
		vmi->place.vma = find(vmi->mm, vmi->addr);
	else if (last)
		vmi->place.vma = last->vm_next;
	return vmi->place.vma;
}

static struct vm_area_struct *prev(struct mm_struct *mm, struct vm_area_struct *vma)
{
	rwsem_assert_held(&mm->mmap_lock);
	return vma->vm_prev;
}

static void touching(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct **prev,
		     struct vm_area_struct **next)
{
	(void)mm;
	*prev = vma->vm_prev && vma->vm_prev->vm_end == vma->vm_start ? vma->vm_prev : NULL;
	*next = vma->vm_next && vma->vm_next->vm_start == vma->vm_end ? vma->vm_next : NULL;
}

/* ---- storing ------------------------------------------------------------- */

/*
 * Prepare notes where in the list the store takes place, because after it the
 * caller changes the VMAs' fields:
 *
 *     prev | first ..................................... | next
 *            the VMAs to leave, and among them vma if it is
 *            in the index already
 *
 * prev and next stay, whole or trimmed. All VMAs between them leave, except
 * vma.
 */

/*
 * @store->vma is in the index and grows over its neighbours. It is the starting
 * point, so no search is needed.
 */
static void prepare_growth(struct vms__store *store)
{
	struct vm_area_struct *first = store->vma, *vma;

	VMS_ASSERT(store->start <= store->vma->vm_end && store->end >= store->vma->vm_start);
	while (first->vm_prev && first->vm_prev->vm_start >= store->start) {
		first = first->vm_prev;
		store->nr++;
	}
	for (vma = store->vma->vm_next; vma && vma->vm_end <= store->end; vma = vma->vm_next)
		store->nr++;
	store->first = first;
	store->prev = first->vm_prev;
}

static void prepare_range(const struct mm_struct *mm, struct vms__store *store)
{
	const struct rb_node *rb = mm->mm_rb.rb_node;
	struct vm_area_struct *first = NULL, *prev = NULL, *vma;

	while (rb) {
		vma = rb_vma(rb);
		if (vma->vm_start < store->start) {
			prev = vma;
			rb = rb->rb_right;
		} else {
			first = vma;
			rb = rb->rb_left;
		}
	}
	/*
	 * A VMA that the range lies inside would have to become two. The caller
	 * splits it first.
	 */
	VMS_ASSERT(!prev || prev->vm_end <= store->end);
	for (vma = first; vma && vma->vm_end <= store->end; vma = vma->vm_next)
		store->nr++;
	store->first = first;
	store->prev = prev;
}

static void around(struct mm_struct *mm, struct vms__place *place)
{
	struct vm_area_struct *vma = find(mm, place->start);

	place->vma = vma;
	place->prev = vma ? vma->vm_prev : last_vma(mm);
	place->after = vma && vma->vm_start < place->end ? vma->vm_next : NULL;
}

static int prepare(struct mm_struct *mm, struct vms__store *store)
{
	mmap_assert_write_locked(mm);
	VMS_ASSERT(store->start < store->end);
	store->victims = NULL;
	if (store->vma && store->vma->vm_index_state) {
		store->nr = 0;
		prepare_growth(store);
	} else if (!store->known) {
		store->nr = 0;
		prepare_range(mm, store);
	} else if (!store->nr) {
		/*
		 * Commit starts from the VMA that follows prev, whether that
		 * one leaves or not.
		 */
		store->first = store->prev ? store->prev->vm_next : mm->mmap;
	}
	return 0;
}

static void cancel(struct mm_struct *mm, struct vms__store *store)
{
	mmap_assert_write_locked(mm);
	/* Prepare has changed nothing. */
	(void)store;
}

/* Make a and b neighbours in the list; NULL stands for the list's end. */
static void list_join(struct mm_struct *mm, struct vm_area_struct *a, struct vm_area_struct *b)
{
	if (a)
		a->vm_next = b;
	else
		mm->mmap = b;
	if (b)
		b->vm_prev = a;
}

/*
 * Chain the VMAs that leave by vm_next, as store->victims, and close the list
 * around store->vma without them. Their vm_prev stays, because their gaps are
 * computed from it until they are out of the tree.
 * Return: the VMA that follows.
 */
static struct vm_area_struct *list_store(struct mm_struct *mm, struct vms__store *store)
{
	struct vm_area_struct **tail = &store->victims, *vma = store->first;

	for (unsigned int n = 0; n < store->nr; vma = vma->vm_next) {
		VMS_ASSERT(vma); /* prepare, or the caller, counted them in the list */
		if (vma == store->vma)
			continue;
		*tail = vma;
		tail = &vma->vm_next;
		n++;
	}
	/* store->vma may also stand after all that leave. */
	if (vma && vma == store->vma)
		vma = vma->vm_next;
	*tail = NULL;
	if (store->vma) {
		list_join(mm, store->prev, store->vma);
		list_join(mm, store->vma, vma);
	} else {
		list_join(mm, store->prev, vma);
	}
	return vma;
}

/*
 * @vma is new. Put it into the tree in place of @victim, whose neighbours in
 * order it has. That needs no rotation.
 */
static void take_place(struct mm_struct *mm, struct vm_area_struct *vma,
		       struct vm_area_struct *victim)
{
	rb_replace_node(&victim->vm_rb, &vma->vm_rb, &mm->mm_rb);
	vma->rb_subtree_gap = victim->rb_subtree_gap;
}

/*
 * @vma is new, and no VMA leaves: hang it on the tree. Of two neighbours in
 * order, either the first has no right child, or the second is the leftmost
 * node below that child and so has no left child. The caller refreshes the gaps
 * and then rebalances.
 */
static void hang(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct rb_node *parent = NULL, **link = &mm->mm_rb.rb_node;

	if (vma->vm_prev && !vma->vm_prev->vm_rb.rb_right) {
		parent = &vma->vm_prev->vm_rb;
		link = &parent->rb_right;
	} else if (vma->vm_next) {
		parent = &vma->vm_next->vm_rb;
		link = &parent->rb_left;
	}
	VMS_ASSERT(!*link);
	rb_link_node(&vma->vm_rb, parent, link);
	vma->rb_subtree_gap = 0;
}

/*
 * No VMA that was in the tree stays, so begin the tree anew instead of erasing
 * one VMA after the other.
 */
static void tree_renew(struct mm_struct *mm, struct vm_area_struct *vma)
{
	mm->mm_rb = RB_ROOT;
	if (!vma)
		return;
	hang(mm, vma);
	vma->rb_subtree_gap = gap_before(vma);
	vms__rb_insert(&vma->vm_rb, &mm->mm_rb, &gap_augment);
}

/*
 * The order of the steps matters. A rotation recomputes the field of the lower
 * of two nodes and gives the other node the old one, which is right only if
 * every gap below has been accounted for. The early end of a refresh relies on
 * fields that agree with each other. So first refresh each VMA that stays and
 * whose gap has changed, and only then erase and insert, which rotate.
 *
 * @behind, NULL or the VMA that followed @vma before the store, has a changed
 * gap too. The first of the VMAs that leave may have an old gap counted above
 * it. That does no harm, because it is erased before anything rotates.
 */
static void tree_store(struct mm_struct *mm, struct vms__store *store, bool is_new,
		       struct vm_area_struct *behind, struct vm_area_struct *follower)
{
	struct vm_area_struct *vma = store->vma, *victim = store->victims;
	bool hung = is_new && !victim;

	if (hung) {
		hang(mm, vma);
	} else if (is_new) {
		take_place(mm, vma, victim);
		victim = victim->vm_next;
	}
	refresh_gap(vma);
	refresh_gap(follower);
	if (behind != follower && behind != victim)
		refresh_gap(behind);
	for (; victim; victim = victim->vm_next)
		vms__rb_erase(&victim->vm_rb, &mm->mm_rb, &gap_augment);
	if (hung)
		vms__rb_insert(&vma->vm_rb, &mm->mm_rb, &gap_augment);
}

static void commit(struct mm_struct *mm, struct vms__store *store)
{
	struct vm_area_struct *vma = store->vma, *behind, *follower;
	bool is_new = vma && !vma->vm_index_state;

	mmap_assert_write_locked(mm);
	/*
	 * Before the list changes: the VMA that follows @vma now may leave, or
	 * get another predecessor.
	 */
	behind = vma && !is_new ? vma->vm_next : NULL;
	follower = list_store(mm, store);
	if (!store->prev && !follower && (!vma || is_new))
		tree_renew(mm, vma);
	else
		tree_store(mm, store, is_new, behind, follower);

	if (vma)
		vma->vm_index_state = 1;
	if (!follower) {
		const struct vm_area_struct *last = vma ? vma : store->prev;

		mm->highest_vm_end = last ? last->vm_end : 0;
	}
	/*
	 * The threads' caches hold bare pointers. They stay good through a
	 * store that frees no VMA, so only one that does empties them.
	 */
	if (!store->victims)
		return;
	vms__vmacache_invalidate(mm);
	for (vma = store->victims; vma; vma = vma->vm_next) {
		vma->vm_prev = NULL;
		vma->vm_index_state = 0;
	}
}

/* ---- life and validation ------------------------------------------------- */

static void init(struct mm_struct *mm)
{
	mm->mm_rb = RB_ROOT;
	mm->mmap = NULL;
	mm->highest_vm_end = 0;
	vms__vmacache_mm_init(mm);
}

static void destroy(struct mm_struct *mm)
{
	mm->mm_rb = RB_ROOT;
	mm->mmap = NULL;
	mm->highest_vm_end = 0;
	vms__vmacache_invalidate(mm);
}

static bool in_order(const struct rb_node *a, const struct rb_node *b)
{
	const struct vm_area_struct *first = rb_vma(a), *second = rb_vma(b);

	return first->vm_end <= second->vm_start && first->vm_next == second &&
	       second->vm_prev == first;
}

static bool gap_is_right(const struct rb_node *rb)
{
	const struct vm_area_struct *vma = rb_vma(rb);

	return vma->rb_subtree_gap == largest_gap(vma);
}

static void print_range(const struct rb_node *rb, FILE *out)
{
	fprintf(out, "VMA %lx-%lx", rb_vma(rb)->vm_start, rb_vma(rb)->vm_end);
}

static int broken(FILE *why, const char *rule)
{
	if (why)
		fprintf(why, "index rbtree: %s\n", rule);
	return 1;
}

static int validate(struct mm_struct *mm, FILE *why)
{
	static const struct vms__rb_rules rules = {
		.in_order = in_order, .summary_right = gap_is_right, .print = print_range};
	const struct vm_area_struct *first, *last;
	int bad;

	mmap_assert_write_locked(mm);
	bad = vms__rb_validate(&mm->mm_rb, &rules, why);
	if (bad)
		return bad; /* the checks below follow the links, which may be broken */
	first = rb_vma(rb_first(&mm->mm_rb));
	last = rb_vma(rb_last(&mm->mm_rb));
	if (mm->mmap != first || (first && first->vm_prev))
		bad += broken(why, "the list does not start with the tree's first VMA");
	if (last && last->vm_next)
		bad += broken(why, "the list does not end with the tree's last VMA");
	if (mm->highest_vm_end != (last ? last->vm_end : 0))
		bad += broken(why, "highest_vm_end is not the last VMA's end");
	for (const struct vm_area_struct *vma = first; vma; vma = vma->vm_next) {
		if (vma->vm_start >= vma->vm_end)
			bad += broken(why, "a VMA is empty");
		if (vma->vm_index_state != 1)
			bad += broken(why, "a VMA in the tree is not marked so");
	}
	return bad;
}

const struct vms__index_ops vms__index_rbtree = {
	.name = "rbtree",
	.init = init,
	.destroy = destroy,
	.find = find,
	.prev_below = prev_below,
	.next = next,
	.chain = chain,
	.around = around,
	.touching = touching,
	.prev = prev,
	.step = step,
	.gap_lowest = gap_lowest,
	.gap_highest = gap_highest,
	.prepare = prepare,
	.commit = commit,
	.cancel = cancel,
	.validate = validate,
};
