/* SPDX-License-Identifier: MIT */
/*
 * struct_page.h - struct page: what one page of memory is in this model.
 *
 * A page here has no 4 KiB behind it. It is what the kernel keeps about a page:
 * who holds it, how often it is mapped, what it belongs to; and one word of
 * content. The word is copied where the kernel copies the page, zero where the
 * kernel zeroes it, and shared where the page is shared, which is what proves
 * copy-on-write, fork and MADV_DONTNEED right.
 *
 * Locks. refcount and mapcount are atomic. flags and index are constant once
 * the page can be found. mapping of an anonymous page changes under the lock of
 * the page table that maps it, while nobody else holds the page. A file's page
 * is marked as gone when it leaves the cache, under the lock of the cache's
 * tree; its mapping becomes NULL once no page table of that file's VMAs has it
 * any more.
 *
 * A reference is held by each page-table entry that maps the page, by the page
 * cache, and by whoever is at work on it. An anonymous page is only ever
 * referenced by page-table entries, so one with refcount 1 belongs to the entry
 * that maps it alone.
 *
 * Read next: struct_page.c, pgtable.h, handle_fault.c.
 */
#ifndef VMS_PAGE_STRUCT_PAGE_H
#define VMS_PAGE_STRUCT_PAGE_H

#include <vmastore/mm_types.h>
#include <vmastore/page.h>

#include "lib/sync/assert.h"

#define VMS__PG_ANON 1u  /* private memory: mapping is a struct anon_vma */
#define VMS__PG_SHMEM 2u /* in the cache of a VMS_AS_SHMEM address_space */
/*
 * is or was in a page cache, where readers under RCU may still stumble on it:
 * mapping is its address_space
 */
#define VMS__PG_CACHED 4u

struct page {
	_Atomic unsigned int refcount;
	_Atomic unsigned int mapcount; /* page-table entries that map it, in all mms */
	unsigned int flags;            /* VMS__PG_* */
	void *_Atomic mapping;
	pgoff_t index;              /* its place in @mapping: what vm_pgoff counts */
	_Atomic unsigned long word; /* the content */
	/* shared and written to by a fault, or through an entry that is gone */
	_Atomic bool dirty;
	_Atomic bool gone;         /* out of its cache: no new entry may map it */
	struct page *next_leaving; /* truncate.c, between the cache and the last reference */
} vms_cacheline_aligned;

_Static_assert(sizeof(struct page) == VMS_CACHELINE, "one page, one cache line");

/*
 * A page with one reference, the caller's, that nobody else knows of; flags 0.
 * NULL: no memory.
 */
struct page *vms__page_alloc(unsigned long word);
/* Frees a page whose last reference was just dropped. */
void vms__page_free(struct page *page);

/*
 * Relaxed: who takes a reference has one already, or holds the lock under which
 * the page is found.
 */
static inline void vms__page_get(struct page *page)
{
	unsigned int old = atomic_fetch_add_explicit(&page->refcount, 1, memory_order_relaxed);

	VMS_ASSERT(old != 0);
	(void)old;
}

/*
 * A reference to a page found under RCU, unless its last one is gone. Acquire:
 * pairs with the release in vms__page_put() of those who held it before.
 */
static inline bool vms__page_get_unless_zero(struct page *page)
{
	unsigned int old = atomic_load_explicit(&page->refcount, memory_order_relaxed);

	while (old != 0)
		if (atomic_compare_exchange_weak_explicit(&page->refcount, &old, old + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

/*
 * Whether the caller's reference is the only one, and stays so: nobody finds
 * the page but by a reference. Acquire: pairs with the release in
 * vms__page_put() of those who held it before.
 */
static inline bool vms__page_is_last_ref(const struct page *page)
{
	return !(page->flags & VMS__PG_CACHED) &&
	       atomic_load_explicit(&page->refcount, memory_order_acquire) == 1;
}

/*
 * Release: what this holder did comes before the free. Acquire, of the last
 * one: so does what all others did.
 */
static inline void vms__page_put(struct page *page)
{
	unsigned int old = 1;

	if (vms__page_is_last_ref(page))
		atomic_store_explicit(&page->refcount, 0, memory_order_relaxed);
	else
		old = atomic_fetch_sub_explicit(&page->refcount, 1, memory_order_acq_rel);
	VMS_ASSERT(old != 0);
	if (old == 1)
		vms__page_free(page);
}

/* vms__page_put() of @nr pages, the last one first. */
void vms__pages_put(struct page **pages, unsigned int nr);

static inline bool vms__page_is_anon(const struct page *page)
{
	return page->flags & VMS__PG_ANON;
}

/*
 * Whether the one page-table entry at hand is all that refers to an anonymous
 * page. Locks: that entry's table. Nobody can add a reference meanwhile: only
 * who holds one could. Acquire: pairs with vms__page_put() of the former
 * sharers.
 */
static inline bool vms__page_is_exclusive(const struct page *page)
{
	return vms__page_is_anon(page) &&
	       atomic_load_explicit(&page->refcount, memory_order_acquire) == 1;
}

/*
 * Mark @page as out of its cache. Relaxed: a fault that must see the mark holds
 * the lock of the leaf, which the truncation takes after this store. Locks: the
 * cache's tree.
 */
static inline void vms__page_leave_cache(struct page *page)
{
	atomic_store_explicit(&page->gone, true, memory_order_relaxed);
}

/*
 * @page has left its cache and the page tables of the VMAs that map its file.
 * Relaxed: nobody finds the contents through it who would not look first
 * whether the page is mapped (vms__page_pin_mapping()).
 */
static inline void vms__page_forget_cache(struct page *page)
{
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
}

/*
 * Whether a file's page has left its cache: no entry may be made for it any
 * more.
 * Locks: that of the leaf where the entry would stand, without which the answer
 *        may be old at once.
 */
static inline bool vms__page_is_gone(const struct page *page)
{
	return atomic_load_explicit(&page->gone, memory_order_relaxed);
}

/* Make a fresh page anonymous memory of @anon_vma. */
static inline void vms__page_init_anon(struct page *page, struct anon_vma *anon_vma, pgoff_t index)
{
	page->flags = VMS__PG_ANON;
	page->index = index;
	/* Relaxed: the page-table lock publishes it. */
	atomic_store_explicit(&page->mapping, anon_vma, memory_order_relaxed);
}

/* The counters that vms__page_counter() answers are the first ones. */
#define VMS__NR_PAGE_COUNTERS 3u

_Static_assert(MM_FILEPAGES < VMS__NR_PAGE_COUNTERS && MM_ANONPAGES < VMS__NR_PAGE_COUNTERS &&
		       MM_SHMEMPAGES < VMS__NR_PAGE_COUNTERS,
	       "the counters of pages");

/* Which counter of an mm a mapping of this page belongs to. */
static inline enum vms_mm_counter vms__page_counter(const struct page *page)
{
	if (page->flags & VMS__PG_ANON)
		return MM_ANONPAGES;
	return page->flags & VMS__PG_SHMEM ? MM_SHMEMPAGES : MM_FILEPAGES;
}

static inline unsigned long vms__page_word(const struct page *page)
{
	/*
	 * Relaxed: one word orders nothing; who needs order has the page-table
	 * lock.
	 */
	return atomic_load_explicit(&page->word, memory_order_relaxed);
}

static inline void vms__page_set_word(struct page *page, unsigned long word)
{
	atomic_store_explicit(&page->word, word, memory_order_relaxed);
}

/* Relaxed: it is for statistics. */
static inline void vms__page_set_dirty(struct page *page)
{
	atomic_store_explicit(&page->dirty, true, memory_order_relaxed);
}

static inline bool vms__page_is_dirty(const struct page *page)
{
	return atomic_load_explicit(&page->dirty, memory_order_relaxed);
}

/*
 * One more, one less entry maps it. The reference that the entry holds is
 * counted apart.
 */
static inline void vms__page_map(struct page *page)
{
	atomic_fetch_add_explicit(&page->mapcount, 1, memory_order_relaxed);
}

static inline void vms__page_unmap(struct page *page)
{
	unsigned int old = atomic_fetch_sub_explicit(&page->mapcount, 1, memory_order_relaxed);

	VMS_ASSERT(old != 0);
	(void)old;
}

/* The first entry is about to map @page, which nobody else has seen. */
static inline void vms__page_map_first(struct page *page)
{
	VMS_ASSERT(atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0);
	atomic_store_explicit(&page->mapcount, 1, memory_order_relaxed);
}

/*
 * vms__page_unmap() by who takes the entry away and still has its reference. If
 * that is the only one, no other entry maps the page, and nobody writes to the
 * count meanwhile. Locks: that of the entry's table.
 */
static inline void vms__page_unmap_held(struct page *page)
{
	if (!vms__page_is_last_ref(page)) {
		vms__page_unmap(page);
		return;
	}
	VMS_ASSERT(atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 1);
	atomic_store_explicit(&page->mapcount, 0, memory_order_relaxed);
}

#endif
