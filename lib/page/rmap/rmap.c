/* SPDX-License-Identifier: MIT */
/*
 * rmap.c - the life of anon_vmas: made at a VMA's first private page, shared by
 * neighbours that may merge, handed on by split, merge and fork, gone with the
 * last VMA.
 *
 * Which anon_vma a VMA gets shows in the layout, for VMAs with different ones
 * never merge. The rules are Linux's:
 *   prepare   that of the VMA above, else below, if the two would merge but for
 *             their rights and it has no ancestors; else new.
 *   clone     (split, merge) the source's.
 *   fork      a new one, child of the source's; or that of an ancestor which no
 *             VMA calls its own any more and which has at most one child, so
 *             that a chain of forks does not grow a chain of dead anon_vmas.
 *
 * Everything that may fail (memory) comes before the first change.
 *
 * Locks: mmap_lock as page.h states; then the lock in the root of the
 * anon_vmas; then, in prepare, page_table_lock, which settles who of two
 * threads with mmap_lock R is first.
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
 * Type-stable: who comes from a page may look at the refcount of one that is
 * gone (vms__page_pin_anon_vma()).
 */
VMS__OBJCACHE_DEFINE(anon_vma_cache, "anon_vma", sizeof(struct anon_vma), VMS_CACHELINE,
		     VMS__OBJCACHE_TYPESAFE);
VMS__OBJCACHE_DEFINE(chain_cache, "anon_vma_chain", sizeof(struct anon_vma_chain), VMS_CACHELINE,
		     0);

/*
 * Two neighbours that differ in these may still share an anon_vma, for
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

/* Relaxed: nobody but the caller knows an anon_vma whose count is 0. */
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
 * A root that nobody can find or pin: publish() or anon_vma_discard() follows.
 * NULL: no memory.
 */
static struct anon_vma *anon_vma_alloc(void)
{
	struct anon_vma *anon_vma = vms__objcache_alloc(&anon_vma_cache);

	if (!anon_vma)
		return NULL;
	/*
	 * Atomic, and never but 0 before publish(): a late reader of what was
	 * here before may still look at it.
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
 * It is whole and has its first reference. Release: pairs with the acquire in
 * vms__page_pin_anon_vma(); who pins this one through a page of the anon_vma
 * that was here before sees that the page is not mapped any more.
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
	 * Relaxed: the caller's VMA is in the root's list, which holds a
	 * reference.
	 */
	atomic_fetch_add_explicit(&parent->root->refcount, 1, memory_order_relaxed);
	publish(child);
}

/* Locks: not the root's, which may go. */
static void anon_vma_put(struct anon_vma *anon_vma)
{
	struct anon_vma *root = anon_vma->root;

	/*
	 * Release what this holder did; the last one acquires what all others
	 * did.
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
 * @nr more links for @spare. Return: false, with @spare empty, when memory is
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
 * Put @vma, with a link of @spare, at the end of its own list and into
 * @anon_vma's. Locks: root, unless @anon_vma is not published yet.
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

/* Put @dst into every list that @src is in. Locks: root. */
static void link_as(struct vm_area_struct *dst, const struct vm_area_struct *src,
		    struct list_head *spare)
{
	struct anon_vma_chain *link;

	list_for_each_entry(link, &src->anon_vma_chain, same_vma)
		link_vma(dst, link->anon_vma, spare);
}

/* @anon_vma is @vma's own from now on. Locks: root. */
static void set_anon_vma(struct vm_area_struct *vma, struct anon_vma *anon_vma)
{
	root_assert_locked(anon_vma);
	anon_vma->num_active_vmas++;
	/*
	 * Release: pairs with vma_anon_vma(). Who sees it under mmap_lock
	 * R sees the links too.
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
 * The anon_vma of @vma if it has no ancestors: sharing one that has would need
 * all of its links. The list is complete, and stays as it is, once anon_vma is
 * seen set.
 */
static struct anon_vma *shareable(const struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma = vma_anon_vma(vma);

	return anon_vma && list_is_singular(&vma->anon_vma_chain) ? anon_vma : NULL;
}

/*
 * The anon_vma that @vma should share. Locks: mmap_lock, which keeps the
 * neighbours, hence what is found.
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
 * Who of two faults is first is settled under page_table_lock. Return: whether
 * @vma has no anon_vma yet.
 */
static bool lock_first(struct vm_area_struct *vma, struct mm_struct *mm)
{
	vms__lockdep_acquire(VMS__RANK_PAGE_TABLE_LOCK, &mm->page_table_lock, "page_table_lock");
	vms__spin_lock(&mm->page_table_lock);
	/* Relaxed: it is written under this lock only. */
	return !atomic_load_explicit(&vma->anon_vma, memory_order_relaxed);
}

static void unlock_first(struct mm_struct *mm)
{
	vms__lockdep_release(&mm->page_table_lock);
	vms__spin_unlock(&mm->page_table_lock);
}

/*
 * Let @vma share @anon_vma, unless another thread gave it one meanwhile. Locks:
 * mmap_lock.
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
 * The same for one that nobody knows yet: its own lock is not needed, because
 * all that the lock protects is there before anyone can find it. Who comes to
 * it by @vma acquires that from the store of vma->anon_vma; who comes from a
 * page that has died, from publish(). Return: false: it is still the caller's.
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
		/* Release: as in set_anon_vma(). */
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
	 * A fault under @dst's lock alone would use the anon_vma at once, and
	 * the caller could not take it back.
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
 * An anon_vma of @vma's list that is nobody's own, and has at most one child.
 * Locks: root.
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
 * Take @link out of its anon_vma's list. The last one also takes that anon_vma
 * from its parent. Locks: root.
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
	/* Relaxed: the caller is alone with @vma. */
	struct anon_vma *anon_vma = atomic_load_explicit(&vma->anon_vma, memory_order_relaxed);
	struct list_head *pos, *head = &vma->anon_vma_chain;
	struct anon_vma *root;

	mmap_assert_locked(vma_mm(vma));
	if (!anon_vma)
		return;
	root = anon_vma->root;
	root_lock(root);
	/*
	 * Newest first: a parent is still linked, hence there, when its child
	 * goes.
	 */
	for (pos = head->prev; pos != head; pos = pos->prev)
		unlink_vma(list_entry(pos, struct anon_vma_chain, same_vma));
	anon_vma->num_active_vmas--;
	atomic_store_explicit(&vma->anon_vma, NULL, memory_order_relaxed);
	root_unlock(root);
	/*
	 * Those still named in a link have an empty list now. The root is the
	 * oldest and goes last.
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
 * A reference to an anon_vma that may be gone, or be another one by now; false:
 * it is gone. Acquire: pairs with publish(); what is looked at next is not
 * older than the anon_vma that was pinned.
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
	vms__rcu_read_lock();
	/*
	 * Relaxed: it changes only while nobody holds the page, and the caller
	 * does.
	 */
	anon_vma = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	if (!get_unless_zero(anon_vma))
		anon_vma = NULL;
	vms__rcu_read_unlock();
	if (!anon_vma)
		return NULL;
	/*
	 * A page that is still mapped has a VMA in its anon_vma's list, which
	 * therefore never went. One that is not may have led us to another
	 * anon_vma in the same memory. Relaxed: behind the acquire above.
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
