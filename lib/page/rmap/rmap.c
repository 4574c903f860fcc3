/* SPDX-License-Identifier: MIT */
/*
 * rmap.c - the life of anon_vmas: made at a VMA's first private page, shared by
 * neighbours that may merge, passed on by split, merge and fork, freed with the
 * last VMA.
 *
 * Which anon_vma a VMA gets shows in the layout, because VMAs with different
 * ones never merge. The rules are Linux's:
 *   prepare   that of the VMA above, else of the VMA below, if the two could
 *             merge if their access rights were equal and it has no
 *             ancestors; else a new one.
 *   clone     (split, merge) the source's.
 *   fork      a new one, child of the source's; or that of an ancestor which no
 *             VMA calls its own any more and which has at most one child, so
 *             that a chain of forks does not grow a chain of unused anon_vmas.
 *
 * All that may fail (memory) comes before the first change.
 *
 * Locks: mmap_lock as page.h states; then the lock in the root of the
 *        anon_vmas; then, in prepare, page_table_lock, which decides which of
 *        two threads with mmap_lock R is first.
 */
#include <errno.h>

#include "lib/engine/engine.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"
#include "lib/sync/list.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"

/*
 * Type-stable: a reverse-map walker may look at the refcount of an anon_vma
 * that was freed, because a page that it holds still names it
 * (vms__page_pin_anon_vma()).
 */
VMS__OBJCACHE_DEFINE(anon_vma_cache, "anon_vma", sizeof(struct anon_vma), VMS_CACHELINE,
		     VMS__OBJCACHE_TYPESAFE);
VMS__OBJCACHE_DEFINE(chain_cache, "anon_vma_chain", sizeof(struct anon_vma_chain), VMS_CACHELINE,
		     0);

/*
 * Two neighbours that differ in these may still share an anon_vma, because
 * mprotect() may make them one.
 */
#define SHARING_IGNORES (VM_ACCESS_FLAGS | VM_SOFTDIRTY | VM_MAYBE_GUARD)

/* ---- locks and references ---- */

static void root_lock(struct anon_vma *anon_vma)
{
	vms__lockdep_acquire(VMS__RANK_ANON_VMA, anon_vma->root, "anon_vma");
	vms__spin_lock(&anon_vma->root->lock);
}

static void root_unlock(struct anon_vma *root)
{
	vms__lockdep_release(root);
	vms__spin_unlock(&root->lock);
}

static void root_assert_locked(const struct anon_vma *anon_vma)
{
	vms__lockdep_assert_held(anon_vma->root);
}

/* Relaxed: only the caller knows an anon_vma whose count is 0. */
static void assert_locked_or_new(const struct anon_vma *anon_vma)
{
	if (atomic_load_explicit(&anon_vma->refcount, memory_order_relaxed))
		root_assert_locked(anon_vma);
}

void vms__anon_vma_lock(struct anon_vma *anon_vma)
{
	root_lock(anon_vma);
}

void vms__anon_vma_unlock(struct anon_vma *anon_vma)
{
	root_unlock(anon_vma->root);
}

/*
 * Make a root that no thread can find or pin. The caller calls publish() or
 * anon_vma_discard() next. NULL: no memory.
 */
static struct anon_vma *anon_vma_alloc(void)
{
	struct anon_vma *anon_vma = vms__objcache_alloc(&anon_vma_cache);

	if (!anon_vma)
		return NULL;
	/*
	 * An atomic store, not atomic_init(): a late walker of the anon_vma
	 * that was in this memory before may look at the count. It must see 0
	 * until publish(), because any other value would let it pin a half-made
	 * anon_vma.
	 */
	atomic_store_explicit(&anon_vma->refcount, 0, memory_order_relaxed);
	anon_vma->root = anon_vma->parent = anon_vma;
	atomic_init(&anon_vma->lock, 0);
	anon_vma->num_children = 1;
	anon_vma->num_active_vmas = 0;
	INIT_LIST_HEAD(&anon_vma->links);
	return anon_vma;
}

static void anon_vma_discard(struct anon_vma *anon_vma)
{
	vms__objcache_free(&anon_vma_cache, anon_vma);
}

/*
 * The anon_vma is complete; it gets its first reference. Release: pairs with
 * the acquire in get_unless_zero(). A walker that pins this anon_vma through a
 * page of a former one in the same memory then sees that the page is not mapped
 * any more, and drops it.
 */
static void publish(struct anon_vma *anon_vma)
{
	atomic_store_explicit(&anon_vma->refcount, 1, memory_order_release);
}

/* Publish @child as a child of @parent. Locks: root. */
static void adopt(struct anon_vma *child, struct anon_vma *parent)
{
	root_assert_locked(parent);
	child->root = parent->root;
	child->parent = parent;
	child->num_children = 0;
	parent->num_children++;
	/*
	 * Relaxed: the caller's VMA in the root's list keeps the count above 0.
	 */
	atomic_fetch_add_explicit(&parent->root->refcount, 1, memory_order_relaxed);
	publish(child);
}

/* Locks: not the root's, because the root may be freed with its lock in it. */
static void anon_vma_put(struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	/*
	 * Release: what this holder did comes before the free. Acquire, for the
	 * last holder: so does what all others did.
	 */
	if (atomic_fetch_sub_explicit(&anon_vma->refcount, 1, memory_order_acq_rel) != 1)
		return;
	VMS_ASSERT(list_empty(&anon_vma->links));
	vms__objcache_free(&anon_vma_cache, anon_vma);
	if (root != anon_vma)
		anon_vma_put(root);
}

/* ---- links ---- */

static void links_free(struct list_head *spare)
{
	struct anon_vma_chain *link, *next;

	list_for_each_entry_safe(link, next, spare, same_vma)
		vms__objcache_free(&chain_cache, link);
	INIT_LIST_HEAD(spare);
}

/*
 * Add @nr links to @spare. Return: false, with @spare empty, when memory is
 * out.
 */
static bool links_alloc(struct list_head *spare, size_t nr)
{
	while (nr-- > 0) {
		struct anon_vma_chain *link = vms__objcache_alloc(&chain_cache);

		if (!link) {
			links_free(spare);
			return false;
		}
		list_add(&link->same_vma, spare);
	}
	return true;
}

static size_t links_count(const struct vm_area_struct *vma)
{
	const struct list_head *pos;
	size_t nr = 0;

	list_for_each(pos, &vma->anon_vma_chain)
		nr++;
	return nr;
}

/*
 * Link @vma, with a link of @spare, at the end of its own list and of
 * @anon_vma's. The order of the VMA's list matters: oldest first (rmap.h).
 * Locks: root, unless @anon_vma is not published yet.
 */
static void link_vma(struct vm_area_struct *vma, struct anon_vma *anon_vma, struct list_head *spare)
{
	struct anon_vma_chain *link = list_first_entry(spare, struct anon_vma_chain, same_vma);

	assert_locked_or_new(anon_vma);
	link->vma = vma;
	link->anon_vma = anon_vma;
	list_move_tail(&link->same_vma, &vma->anon_vma_chain);
	list_add_tail(&link->same_anon_vma, &anon_vma->links);
}

/* Link @dst into every list in which @src is. Locks: root. */
static void link_as(struct vm_area_struct *dst, const struct vm_area_struct *src,
		    struct list_head *spare)
{
	struct anon_vma_chain *link;

	list_for_each_entry(link, &src->anon_vma_chain, same_vma)
		link_vma(dst, link->anon_vma, spare);
}

/* Make @anon_vma @vma's own. Locks: root. */
static void set_anon_vma(struct vm_area_struct *vma, struct anon_vma *anon_vma)
{
	root_assert_locked(anon_vma);
	anon_vma->num_active_vmas++;
	/*
	 * Release: pairs with the acquire in vma_anon_vma(). A thread that sees
	 * the anon_vma under mmap_lock R sees the links too.
	 */
	atomic_store_explicit(&vma->anon_vma, anon_vma, memory_order_release);
}

/* ---- prepare ---- */

static bool may_share(const struct vm_area_struct *below, const struct vm_area_struct *above)
{
	return below->vm_end == above->vm_start && below->vm_file == above->vm_file &&
	       !((below->vm_flags ^ above->vm_flags) & ~SHARING_IGNORES) &&
	       above->vm_pgoff == vma_pgoff(below, above->vm_start);
}

/*
 * The anon_vma of @vma if it has no ancestors, else NULL: to share one with
 * ancestors, the neighbour would need all of its links. vma_anon_vma()
 * acquires, so the list is complete once anon_vma is not NULL, and does not
 * change any more.
 */
static struct anon_vma *shareable(const struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma = vma_anon_vma(vma);

	return anon_vma && list_is_singular(&vma->anon_vma_chain) ? anon_vma : NULL;
}

/*
 * The anon_vma that @vma should share, or NULL. Locks: mmap_lock, which keeps
 * the neighbours and so the anon_vma that is found.
 */
static struct anon_vma *find_shareable(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);
	struct vm_area_struct *next, *prev;
	struct anon_vma *anon_vma;

	mm->engine->index->touching(mm, vma, &prev, &next);
	anon_vma = next && may_share(vma, next) ? shareable(next) : NULL;
	if (anon_vma)
		return anon_vma;
	return prev && may_share(prev, vma) ? shareable(prev) : NULL;
}

/*
 * Take page_table_lock, under which the first of two concurrent faults wins.
 * Both hold mmap_lock R at most, so without it each could give @vma an
 * anon_vma. Return: whether @vma has no anon_vma yet.
 */
static bool lock_first(struct vm_area_struct *vma, struct mm_struct *mm)
{
	vms__lockdep_acquire(VMS__RANK_PAGE_TABLE_LOCK, &mm->page_table_lock, "page_table_lock");
	vms__spin_lock(&mm->page_table_lock);
	/* Relaxed: vma->anon_vma is written under this lock only. */
	return !atomic_load_explicit(&vma->anon_vma, memory_order_relaxed);
}

static void unlock_first(struct mm_struct *mm)
{
	vms__lockdep_release(&mm->page_table_lock);
	vms__spin_unlock(&mm->page_table_lock);
}

/*
 * Let @vma share @anon_vma, unless another thread was first. Locks: mmap_lock.
 */
static void share_anon_vma(struct vm_area_struct *vma, struct anon_vma *anon_vma,
			   struct list_head *spare)
{
	struct mm_struct *mm = vma_mm(vma);

	root_lock(anon_vma);
	if (lock_first(vma, mm)) {
		link_vma(vma, anon_vma, spare);
		set_anon_vma(vma, anon_vma);
	}
	unlock_first(mm);
	root_unlock(anon_vma->root);
}

/*
 * Like share_anon_vma(), for an anon_vma that no other thread knows yet. Its
 * own lock is not needed, because all that the lock protects is complete before
 * a thread can find the anon_vma. A thread that finds it through @vma acquires
 * the store of vma->anon_vma; one that pins it through a page of a former
 * anon_vma acquires publish(). Return: false if another thread was first; then
 * @fresh is still the caller's.
 */
static bool give_new_anon_vma(struct vm_area_struct *vma, struct anon_vma *fresh,
			      struct list_head *spare)
{
	struct mm_struct *mm = vma_mm(vma);
	bool first = lock_first(vma, mm);

	if (first) {
		link_vma(vma, fresh, spare);
		fresh->num_active_vmas = 1;
		publish(fresh);
		/* Release: pairs with vma_anon_vma(), as in set_anon_vma(). */
		atomic_store_explicit(&vma->anon_vma, fresh, memory_order_release);
	}
	unlock_first(mm);
	return first;
}

int vms__anon_vma_prepare(struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma, *fresh = NULL;
	LIST_HEAD(spare);

	if (vma_anon_vma(vma))
		return 0;
	mmap_assert_locked(vma_mm(vma));
	anon_vma = find_shareable(vma);
	if (!anon_vma)
		fresh = anon_vma_alloc();
	if (!anon_vma && !fresh)
		return -ENOMEM;
	if (!links_alloc(&spare, 1)) {
		if (fresh)
			anon_vma_discard(fresh);
		return -ENOMEM;
	}
	if (anon_vma)
		share_anon_vma(vma, anon_vma, &spare);
	else if (!give_new_anon_vma(vma, fresh, &spare))
		anon_vma_discard(fresh);
	links_free(&spare);
	return 0;
}

/* ---- split, merge, fork ---- */

int vms__anon_vma_clone(struct vm_area_struct *dst, const struct vm_area_struct *src)
{
	struct anon_vma *anon_vma = vma_anon_vma(src);
	LIST_HEAD(spare);

	mmap_assert_write_locked(vma_mm(src));
	/*
	 * Otherwise a fault under @dst's lock alone would use the anon_vma at
	 * once, and the caller could not undo the clone.
	 */
	vma_assert_write_locked(dst);
	VMS_ASSERT(!vma_anon_vma(dst) && list_empty(&dst->anon_vma_chain));
	if (!anon_vma)
		return 0;
	if (!links_alloc(&spare, links_count(src)))
		return -ENOMEM;
	root_lock(anon_vma);
	link_as(dst, src, &spare);
	set_anon_vma(dst, anon_vma);
	root_unlock(anon_vma->root);
	return 0;
}

/*
 * An anon_vma of @vma's list that is no VMA's own and has at most one child, or
 * NULL. The more children it has, the more VMAs a walk from the new owner's
 * pages visits in vain. Locks: root.
 */
static struct anon_vma *find_abandoned(const struct vm_area_struct *vma)
{
	struct anon_vma_chain *link;

	list_for_each_entry(link, &vma->anon_vma_chain, same_vma)
		if (link->anon_vma->num_children < 2 && link->anon_vma->num_active_vmas == 0)
			return link->anon_vma;
	return NULL;
}

int vms__anon_vma_fork(struct vm_area_struct *dst, const struct vm_area_struct *src)
{
	struct anon_vma *parent = vma_anon_vma(src), *fresh, *own;
	LIST_HEAD(spare);

	mmap_assert_write_locked(vma_mm(src));
	mmap_assert_write_locked(vma_mm(dst));
	VMS_ASSERT(!vma_anon_vma(dst) && list_empty(&dst->anon_vma_chain));
	if (!parent)
		return 0;
	fresh = anon_vma_alloc();
	if (!fresh)
		return -ENOMEM;
	if (!links_alloc(&spare, links_count(src) + 1)) {
		anon_vma_discard(fresh);
		return -ENOMEM;
	}
	root_lock(parent);
	own = find_abandoned(src);
	link_as(dst, src, &spare);
	if (!own) {
		adopt(fresh, parent);
		link_vma(dst, fresh, &spare);
		own = fresh;
		fresh = NULL;
	}
	set_anon_vma(dst, own);
	root_unlock(parent->root);
	links_free(&spare);
	if (fresh)
		anon_vma_discard(fresh);
	return 0;
}

/* ---- the end ---- */

/*
 * Take @link out of its anon_vma's list. If the list becomes empty, the
 * anon_vma also leaves its parent, and the link keeps naming it for the caller
 * to put. Locks: root.
 */
static void unlink_vma(struct anon_vma_chain *link)
{
	struct anon_vma *anon_vma = link->anon_vma;

	root_assert_locked(anon_vma);
	list_del(&link->same_anon_vma);
	if (list_empty(&anon_vma->links))
		anon_vma->parent->num_children--;
	else
		link->anon_vma = NULL;
}

void vms__anon_vma_unlink(struct vm_area_struct *vma)
{
	/*
	 * Relaxed: @vma is detached or write-locked, hence the caller's alone.
	 */
	struct anon_vma *anon_vma = atomic_load_explicit(&vma->anon_vma, memory_order_relaxed);
	struct list_head *pos, *head = &vma->anon_vma_chain;
	struct anon_vma *root;

	mmap_assert_locked(vma_mm(vma));
	if (!anon_vma)
		return;
	root = anon_vma->root;
	root_lock(root);
	/*
	 * Newest first, so that a parent still has this VMA in its list, and so
	 * exists, when its child leaves it.
	 */
	for (pos = head->prev; pos != head; pos = pos->prev)
		unlink_vma(list_entry(pos, struct anon_vma_chain, same_vma));
	anon_vma->num_active_vmas--;
	atomic_store_explicit(&vma->anon_vma, NULL, memory_order_relaxed);
	root_unlock(root);
	/*
	 * The anon_vmas that links still name have an empty list now. They are
	 * put without the root's lock, because the last put may free the root.
	 * The root is the oldest and comes last.
	 */
	for (pos = head->prev; pos != head;) {
		struct anon_vma_chain *link = list_entry(pos, struct anon_vma_chain, same_vma);

		pos = pos->prev;
		if (link->anon_vma)
			anon_vma_put(link->anon_vma);
		vms__objcache_free(&chain_cache, link);
	}
	INIT_LIST_HEAD(head);
}

bool vms__anon_vma_is_fork_child(const struct vm_area_struct *vma)
{
	mmap_assert_locked(vma_mm(vma));
	return vma_anon_vma(vma) && !list_is_singular(&vma->anon_vma_chain);
}

/* ---- looking ---- */

/*
 * Take a reference to an anon_vma that may have been freed, or replaced in its
 * memory by another one. Return: false if it was freed. Acquire: pairs with
 * publish(); a later load of the page's mapcount is then not older than the
 * anon_vma that was pinned.
 */
static bool get_unless_zero(struct anon_vma *anon_vma)
{
	unsigned int old = atomic_load_explicit(&anon_vma->refcount, memory_order_relaxed);

	while (old != 0)
		if (atomic_compare_exchange_weak_explicit(&anon_vma->refcount, &old, old + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

struct anon_vma *vms__page_pin_anon_vma(const struct page *page)
{
	struct anon_vma *anon_vma;

	VMS_ASSERT(vms__page_is_anon(page));
	/*
	 * The section keeps the memory that page->mapping names: memory of a
	 * type-stable cache is given back to the system only after a grace
	 * period.
	 */
	vms__rcu_read_lock();
	/*
	 * Relaxed: the anon_vma of a page changes only while no reference other
	 * than its entry's exists, and the caller has one.
	 */
	anon_vma = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	if (!get_unless_zero(anon_vma))
		anon_vma = NULL;
	vms__rcu_read_unlock();
	if (!anon_vma)
		return NULL;
	/*
	 * A page that is still mapped has a VMA in its anon_vma's list, so that
	 * anon_vma was never freed. The page of a freed one may have led to
	 * another anon_vma in the same memory; it is not mapped. Relaxed: the
	 * acquire above orders this load.
	 */
	if (atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0) {
		anon_vma_put(anon_vma);
		return NULL;
	}
	return anon_vma;
}

void vms__anon_vma_unpin(struct anon_vma *anon_vma)
{
	anon_vma_put(anon_vma);
}

int vms__rmap_walk_anon(const struct page *page,
			int (*visit)(struct vm_area_struct *vma, unsigned long addr, void *arg),
			void *arg)
{
	struct anon_vma *anon_vma = vms__page_pin_anon_vma(page);
	struct anon_vma_chain *link;
	int ret = 0;

	if (!anon_vma)
		return 0;
	root_lock(anon_vma);
	list_for_each_entry(link, &anon_vma->links, same_anon_vma) {
		struct vm_area_struct *vma = link->vma;

		if (!vma_maps_pgoff(vma, page->index))
			continue;
		ret = visit(vma, vma_address(vma, page->index), arg);
		if (ret)
			break;
	}
	root_unlock(anon_vma->root);
	anon_vma_put(anon_vma);
	return ret;
}

bool vms__vma_in_anon_vma(const struct vm_area_struct *vma, const struct anon_vma *anon_vma)
{
	const struct anon_vma_chain *link;

	mmap_assert_locked(vma_mm(vma));
	list_for_each_entry(link, &vma->anon_vma_chain, same_vma)
		if (link->anon_vma == anon_vma)
			return true;
	return false;
}

int vms__anon_vma_validate(const struct vm_area_struct *vma, FILE *why)
{
	struct anon_vma *anon_vma = vma_anon_vma(vma);
	const struct anon_vma_chain *link;
	const char *broken = NULL;

	mmap_assert_write_locked(vma_mm(vma));
	if (!anon_vma) {
		if (!list_empty(&vma->anon_vma_chain))
			broken = "links without an anon_vma";
	} else if (!vms__vma_in_anon_vma(vma, anon_vma)) {
		broken = "no link to its own anon_vma";
	} else {
		root_lock(anon_vma);
		if (anon_vma->num_active_vmas == 0)
			broken = "not counted among its anon_vma's own";
		list_for_each_entry(link, &vma->anon_vma_chain, same_vma)
			if (link->vma != vma || link->anon_vma->root != anon_vma->root ||
			    list_empty(&link->anon_vma->links))
				broken = "a link that is not its own";
		root_unlock(anon_vma->root);
	}
	if (broken && why)
		fprintf(why, "anon_vma: %lx-%lx: %s\n", vma->vm_start, vma->vm_end, broken);
	return broken != NULL;
}
