/* SPDX-License-Identifier: MIT */
/*
 * index_maple.c - the index on a maple tree: [vm_start, vm_end - 1] -> VMA. A
 * lookup reads no field of a VMA, so the tree may be walked under RCU alone,
 * and every kind of change is one store of a range.
 *
 * There are two tables of the same functions. In one the tree is in RCU mode
 * (`maple-vma`: a lock-free walk may be under way at any time); in the other it
 * is not (`maple`: mmap_lock excludes readers, so that nodes are changed in
 * place and reused at once).
 *
 * Locks: as engine.h says; the tree's own lock is external, namely mmap_lock.
 * Read next: lib/maple/writer.h, lib/maple/node.h.
 */
#include "lib/engine/engine.h"
#include "lib/maple/internal.h"
#include "lib/sync/assert.h"

static void init_plain(struct mm_struct *mm)
{
	mt_init_flags(&mm->mm_mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
}

static void init_rcu(struct mm_struct *mm)
{
	mt_init_flags(&mm->mm_mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN | MT_FLAGS_USE_RCU);
}

static void destroy(struct mm_struct *mm)
{
	/* The kept leaf is about to be freed with the tree. */
	mm->kept_leaf.leaf = 0;
	__mt_destroy(&mm->mm_mt);
}

static struct vm_area_struct *find(struct mm_struct *mm, unsigned long addr)
{
	MA_STATE(mas, &mm->mm_mt, addr, addr);

	return mas_find(&mas, ULONG_MAX);
}

static struct vm_area_struct *prev_below(struct mm_struct *mm, unsigned long addr)
{
	if (!addr)
		return NULL;
	MA_STATE(mas, &mm->mm_mt, addr - 1, addr - 1);

	return mas_find_rev(&mas, 0);
}

static struct vm_area_struct *next(struct mm_struct *mm, struct vm_area_struct *vma)
{
	return find(mm, vma->vm_end);
}

static struct vm_area_struct *prev(struct mm_struct *mm, struct vm_area_struct *vma)
{
	return prev_below(mm, vma->vm_start);
}

/* A batch reads so many ranges at the cost of little more than one search. */
#define CHAIN_BATCH 16u

static void chain(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end)
{
	struct vms_mt_range found[CHAIN_BATCH];
	unsigned int nr;
	MA_STATE(mas, &mm->mm_mt, vma->vm_end, vma->vm_end);

	mmap_assert_write_locked(mm);
	do {
		nr = vms_mas_batch(&mas, ULONG_MAX, found, CHAIN_BATCH);
		/*
		 * A VMA that begins at or after @end is not part of the chain.
		 * Its vm_next is not written, which would only dirty a cache
		 * line.
		 */
		for (unsigned int i = 0; i < nr && vma->vm_start < end; i++, vma = vma->vm_next)
			vma->vm_next = found[i].entry;
		if (vma->vm_start >= end)
			return;
	} while (nr == CHAIN_BATCH);
	vma->vm_next = NULL;
}

/*
 * @good: nothing was stored since the cursor took its place, so the nodes that
 * it names are in the tree, however often mmap_lock was released and taken
 * since. Debug builds would refuse a cursor that outlives its lock (guard), so
 * they are told not to check this one.
 */
static struct vm_area_struct *step(struct vma_iterator *vmi, bool good)
{
	struct ma_state *mas = &vmi->place.mas;

	if (!good)
		mas_init(mas, &vmi->mm->mm_mt, vmi->addr);
	ml_forget_guard(mas);
	return mas_find(mas, ULONG_MAX);
}

static void around(struct mm_struct *mm, struct vms__place *place)
{
	void *prev, *after;

	mas_init(&place->mas, &mm->mm_mt, place->start);
	/*
	 * A change near the last one begins in its leaf, without a way down
	 * from the root.
	 */
	if (!place->only_looks)
		vms__mas_take_up(&place->mas, &mm->kept_leaf, place->start);
	place->vma = vms__mas_around(&place->mas, place->end, &prev, &after);
	place->prev = prev;
	place->after = after;
}

/*
 * Two lookups need no cursor, and do not look beyond @vma's neighbours as a
 * walk to either side would.
 */
static void touching(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct **prev,
		     struct vm_area_struct **next)
{
	*prev = vma->vm_start ? vms__mt_isa->lookup(&mm->mm_mt, vma->vm_start - 1) : NULL;
	*next = vms__mt_isa->lookup(&mm->mm_mt, vma->vm_end);
}

/*
 * The way down to a gap passes the entries on both sides of it, so one search
 * finds the gap and its neighbours.
 */
static inline bool gap(struct mm_struct *mm, unsigned long low, unsigned long high,
		       unsigned long size, bool highest, struct vms__place *place)
{
	struct ma_state *mas = &place->mas;
	void *beside[3];

	VMS_ASSERT(size);
	if (high <= low || high - low < size)
		return false;
	mas_init(mas, &mm->mm_mt, 0);
	if (!(highest ? vms__mt_isa->highest_gap : vms__mt_isa->lowest_gap)(mas, low, high - 1,
									    size, beside))
		return false;
	/*
	 * Nothing is stored between this search and the store that uses the
	 * place, so the store need not check the cursor's way again.
	 */
	ml_vouch_gap(mas);
	place->start = mas->index;
	place->prev = beside[0];
	place->vma = beside[1];
	return true;
}

static bool gap_lowest(struct mm_struct *mm, unsigned long low, unsigned long high,
		       unsigned long size, struct vms__place *place)
{
	return gap(mm, low, high, size, false, place);
}

static bool gap_highest(struct mm_struct *mm, unsigned long low, unsigned long high,
			unsigned long size, struct vms__place *place)
{
	return gap(mm, low, high, size, true, place);
}

static int prepare(struct mm_struct *mm, struct vms__store *store)
{
	struct ma_state *mas = &store->place->mas;

	mmap_assert_write_locked(mm);
	VMS_ASSERT(store->start < store->end);
	VMS_ASSERT(!vms__place_is_good(mm, store->place) || mas->tree == &mm->mm_mt);
	store->victims = NULL;
	/*
	 * With a valid place, mas_preallocate() goes down the tree only if the
	 * store begins in another leaf than the place's.
	 */
	if (!vms__place_is_good(mm, store->place)) {
		mas_init(mas, &mm->mm_mt, store->start);
		vms__mas_take_up(mas, &mm->kept_leaf, store->start);
	}
	__mas_set_range(mas, store->start, store->end - 1);
	return mas_preallocate(mas, store->vma, GFP_KERNEL);
}

/* The caller has linked the VMAs that leave, so the tree need not be walked. */
static void take_victims(struct vms__store *store)
{
	struct vm_area_struct **tail = &store->victims, *vma = store->first;

	for (unsigned int n = store->nr; n; n--) {
		VMS_ASSERT(vma != store->vma);
		vma->vm_index_state = 0;
		*tail = vma;
		tail = &vma->vm_next;
		vma = vma->vm_next;
	}
	*tail = NULL;
}

/*
 * Chain the VMAs whose whole range in the tree lies in the store's. A VMA whose
 * fields the caller has trimmed may look as if it lay outside or inside, so the
 * test reads the tree's ranges, which are still the old ones.
 */
static void collect_victims(struct mm_struct *mm, struct vms__store *store)
{
	struct vm_area_struct **tail = &store->victims, *vma;
	MA_STATE(mas, &mm->mm_mt, store->start, store->start);

	mas_for_each(&mas, vma, store->end - 1) {
		if (vma == store->vma || mas.index < store->start || mas.last > store->end - 1)
			continue;
		vma->vm_index_state = 0;
		*tail = vma;
		tail = &vma->vm_next;
	}
	*tail = NULL;
}

static void commit(struct mm_struct *mm, struct vms__store *store)
{
	mmap_assert_write_locked(mm);
	/*
	 * Before the store, because afterwards the tree no longer has the
	 * victims.
	 */
	if (store->known)
		take_victims(store);
	else
		collect_victims(mm, store);
	if (store->vma)
		store->vma->vm_index_state = 1;
	/*
	 * The one step that readers see. It keeps or drops the kept leaf, which
	 * is valid only because every store into the tree is made here.
	 */
	vms__mas_commit(&store->place->mas, store->vma, &mm->kept_leaf);
}

static void cancel(struct mm_struct *mm, struct vms__store *store)
{
	mmap_assert_write_locked(mm);
	mas_destroy(&store->place->mas);
}

static int broken(FILE *why, const char *rule, const struct vm_area_struct *vma)
{
	if (why)
		fprintf(why, "index maple: %s: VMA %lx-%lx\n", rule, vma->vm_start, vma->vm_end);
	return 1;
}

static int validate(struct mm_struct *mm, FILE *why)
{
	struct vm_area_struct *vma;
	int bad = vms_mt_check(&mm->mm_mt, why);
	MA_STATE(mas, &mm->mm_mt, 0, 0);

	mmap_assert_write_locked(mm);
	mas_for_each(&mas, vma, ULONG_MAX) {
		if (mas.index != vma->vm_start || mas.last != vma->vm_end - 1)
			bad += broken(why, "the tree's range is not the VMA's", vma);
		if (vma->vm_index_state != 1)
			bad += broken(why, "a VMA in the tree is not marked so", vma);
	}
	return bad;
}

#define OPS(init_function)                                                                         \
	{                                                                                          \
		.name = "maple", .init = (init_function), .destroy = destroy, .find = find,        \
		.prev_below = prev_below, .next = next, .chain = chain, .prev = prev,              \
		.step = step, .around = around, .touching = touching, .gap_lowest = gap_lowest,    \
		.gap_highest = gap_highest, .prepare = prepare, .commit = commit,                  \
		.cancel = cancel, .validate = validate,                                            \
	}

const struct vms__index_ops vms__index_maple = OPS(init_plain);
const struct vms__index_ops vms__index_maple_rcu = OPS(init_rcu);
