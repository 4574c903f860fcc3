/* SPDX-License-Identifier: MIT */
/*
 * struct_page.h - struct page: one page of memory in this model.
 *
 * A page here has no 4 KiB behind it. It holds what the kernel keeps about a
 * page (its users, how often it is mapped, what it belongs to) and one word of
 * content. The word is copied where the kernel copies the page, zero where the
 * kernel zeroes it, and shared where the page is shared. Tests compare words,
 * and so prove copy-on-write, fork and MADV_DONTNEED right.
 *
 * Locks: refcount and mapcount are atomic. flags and index are constant once
 *        the page can be found. mapping of an anonymous page changes under the
 *        lock of the page table that maps it, while no other reference exists.
 *        A file's page is marked (`gone`) when it leaves the cache, under the
 *        lock of the cache's tree; its mapping becomes NULL once no page table
 *        of that file's VMAs maps it any more.
 *
 * A reference is held by each page-table entry that maps the page, by the page
 * cache, and by each thread that works on the page. A thread that holds no
 * reference finds an anonymous page only through a page-table entry, under that
 * table's lock. If its refcount is 1 under that lock, the page therefore
 * belongs to that entry alone.
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
 * Is or was in a page cache, where readers under RCU may still find it: its
 * mapping is an address_space, and it is freed after a grace period.
 */
#define VMS__PG_CACHED 4u

struct page {
	_Atomic unsigned int refcount;
	_Atomic unsigned int mapcount; /* page-table entries that map it, in all mms */
	unsigned int flags;            /* VMS__PG_* */
	void *_Atomic mapping;
	pgoff_t index;              /* its place in @mapping, in units of vm_pgoff */
	_Atomic unsigned long word; /* the content */
	_Atomic bool dirty;         /* file page written by a fault or through a removed entry */
	_Atomic bool gone;          /* out of its cache: no new entry may map it */
	struct page *next_leaving;  /* truncate.c, between the cache and the last reference */
} vms_cacheline_aligned;

_Static_assert(sizeof(struct page) == VMS_CACHELINE, "one page, one cache line");

/*
 * A page with one reference, the caller's, that no other thread knows; flags 0.
 * NULL: no memory.
 */
struct page *vms__page_alloc(unsigned long word);
/* Free a page whose last reference was just dropped. */
void vms__page_free(struct page *page);

/*
 * Relaxed: the caller has a reference already, or holds the lock under which it
 * found the page.
 */
static inline void vms__page_get(struct page *page)
{
	unsigned int old = atomic_fetch_add_explicit(&page->refcount, 1, memory_order_relaxed);

	VMS_ASSERT(old != 0);
	(void)old;
}

/*
 * Take a reference to a page that was found under RCU, unless the count is 0:
 * then the page is about to be freed. Acquire: pairs with the release in
 * vms__page_put() of former holders.
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
 * Whether the caller's reference is the only one, and stays so. A page that was
 * in a cache never qualifies, because a reader under RCU may take a reference
 * without having one. Acquire: pairs with the release in vms__page_put() of
 * former holders, whose accesses must come before the free.
 */
static inline bool vms__page_is_last_ref(const struct page *page)
{
	return !(page->flags & VMS__PG_CACHED) &&
	       atomic_load_explicit(&page->refcount, memory_order_acquire) == 1;
}

/*
 * Release: what this holder did comes before the free. Acquire, for the last
 * holder: so does what all others did. The last holder of a page that no reader
 * can find stores 0 instead of an atomic decrement, which would cost more.
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
 * Whether an anonymous page has no reference except that of the one page-table
 * entry at hand. Locks: that entry's table. The answer stays true under the
 * lock, because only a holder of a reference, or of that lock, could take
 * another one. Acquire: pairs with vms__page_put() of former sharers, whose
 * reads of the page must come before the caller's writes.
 */
static inline bool vms__page_is_exclusive(const struct page *page)
{
	return vms__page_is_anon(page) &&
	       atomic_load_explicit(&page->refcount, memory_order_acquire) == 1;
}

/*
 * Mark @page as out of its cache. Relaxed: a fault that must see the mark holds
 * the lock of the leaf, and the truncation takes that lock after this store.
 * Locks: the cache's tree.
 */
static inline void vms__page_leave_cache(struct page *page)
{
	atomic_store_explicit(&page->gone, true, memory_order_relaxed);
}

/*
 * @page has left its cache and the page tables of the VMAs that map its file.
 * Relaxed: a thread that reads mapping must check afterwards that the page is
 * still mapped (vms__page_pin_mapping()), so an old value misleads no thread.
 */
static inline void vms__page_forget_cache(struct page *page)
{
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
}

/*
 * Whether a file's page has left its cache: no entry may be made for it.
 * Locks: that of the leaf where the entry would stand. Without it the answer
 *        may be old at once.
 */
static inline bool vms__page_is_gone(const struct page *page)
{
	return atomic_load_explicit(&page->gone, memory_order_relaxed);
}

/* Make a new page, known to no other thread, anonymous memory of @anon_vma. */
static inline void vms__page_init_anon(struct page *page, struct anon_vma *anon_vma, pgoff_t index)
{
	page->flags = VMS__PG_ANON;
	page->index = index;
	/* Relaxed: the page-table lock publishes it. */
	atomic_store_explicit(&page->mapping, anon_vma, memory_order_relaxed);
}

/* The values of vms__page_counter() come first in enum vms_mm_counter. */
#define VMS__NR_PAGE_COUNTERS 3u

_Static_assert(MM_FILEPAGES < VMS__NR_PAGE_COUNTERS && MM_ANONPAGES < VMS__NR_PAGE_COUNTERS &&
		       MM_SHMEMPAGES < VMS__NR_PAGE_COUNTERS,
	       "the counters of pages");

/* The counter of an mm to which a mapping of this page belongs. */
static inline enum vms_mm_counter vms__page_counter(const struct page *page)
{
	if (page->flags & VMS__PG_ANON)
		return MM_ANONPAGES;
	return page->flags & VMS__PG_SHMEM ? MM_SHMEMPAGES : MM_FILEPAGES;
}

static inline unsigned long vms__page_word(const struct page *page)
{
	/*
	 * Relaxed: one word orders nothing; a thread that needs order holds the
	 * page-table lock.
	 */
	return atomic_load_explicit(&page->word, memory_order_relaxed);
}

static inline void vms__page_set_word(struct page *page, unsigned long word)
{
	atomic_store_explicit(&page->word, word, memory_order_relaxed);
}

/* Relaxed: the mark is for statistics. */
static inline void vms__page_set_dirty(struct page *page)
{
	atomic_store_explicit(&page->dirty, true, memory_order_relaxed);
}

static inline bool vms__page_is_dirty(const struct page *page)
{
	return atomic_load_explicit(&page->dirty, memory_order_relaxed);
}

/*
 * One more entry, or one less, maps the page. The entry's reference is counted
 * separately.
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

/*
 * The first entry is about to map @page, which no other thread has seen, so a
 * plain store of 1 is enough.
 */
static inline void vms__page_map_first(struct page *page)
{
	VMS_ASSERT(atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0);
	atomic_store_explicit(&page->mapcount, 1, memory_order_relaxed);
}

/*
 * vms__page_unmap() for a caller that takes the entry away and still has its
 * reference. If that is the only one, no other entry maps the page, and no
 * other thread writes to mapcount meanwhile, so no atomic decrement is needed.
 * Locks: that of the entry's table.
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
