/* SPDX-License-Identifier: MIT */
/*
 * struct_page.c - where pages are allocated and freed, and the embedder's calls
 * on them (vmastore/page.h).
 *
 * Locks: none. Read next: handle_fault.c, filemap.c.
 */
#include "lib/page/struct_page.h"
#include "lib/sync/objcache/objcache.h"

VMS__OBJCACHE_DEFINE(page_cache, "page", sizeof(struct page), VMS_CACHELINE, 0);

struct page *vms__page_alloc(unsigned long word)
{
	struct page *page = vms__objcache_alloc(&page_cache);

	if (!page)
		return NULL;
	atomic_init(&page->refcount, 1);
	atomic_init(&page->mapcount, 0);
	page->flags = 0;
	atomic_init(&page->mapping, NULL);
	page->index = 0;
	atomic_init(&page->word, word);
	atomic_init(&page->dirty, false);
	atomic_init(&page->gone, false);
	return page;
}

/*
 * A reader under RCU may still look at the count of a page that was in a page
 * cache; the grace period keeps the memory a page whose count is 0. A thread
 * finds any other page only under the lock of a page table whose entry holds a
 * reference, so no thread can be on its way to this one.
 */
void vms__page_free(struct page *page)
{
	VMS_ASSERT(atomic_load_explicit(&page->refcount, memory_order_relaxed) == 0);
	VMS_ASSERT(atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0);
	if (page->flags & VMS__PG_CACHED)
		vms__objcache_free_rcu(&page_cache, page);
	else
		vms__objcache_free(&page_cache, page);
}

void vms__pages_put(struct page **pages, unsigned int nr)
{
	while (nr > 0) {
		struct page *page = pages[--nr];

		if (!vms__page_is_last_ref(page)) {
			vms__page_put(page);
			continue;
		}
		atomic_store_explicit(&page->refcount, 0, memory_order_relaxed);
		VMS_ASSERT(atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0);
		/*
		 * vms__page_is_last_ref() answers true only for a page that was
		 * never in a cache, so no grace period is needed.
		 */
		vms__objcache_free(&page_cache, page);
	}
}

struct page *vms_page_alloc(unsigned long word)
{
	return vms__page_alloc(word);
}

struct page *vms_page_get(struct page *page)
{
	vms__page_get(page);
	return page;
}

void vms_page_put(struct page *page)
{
	vms__page_put(page);
}

unsigned long vms_page_word(const struct page *page)
{
	return vms__page_word(page);
}

void vms_page_set_word(struct page *page, unsigned long word)
{
	vms__page_set_word(page, word);
}
