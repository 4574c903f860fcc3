/* SPDX-License-Identifier: MIT */
/*
 * filemap.c - files as far as mappings need them: the contents (struct
 * address_space) with their page cache, and an opening of it (struct file).
 * Which VMAs map it: i_mmap.c.
 *
 * The cache is a maple tree from index to page and holds one reference of each
 * page. A reader finds a page under RCU and then takes a reference, unless the
 * last one is gone. The page's memory outlives the read section
 * (VMS__PG_CACHED), so what has a count other than zero is the page that was
 * looked up, not a new one in its place.
 *
 * Locks: the cache has the lock of its tree, which i_size also changes under.
 * What a truncation or a hole does to it: truncate.c. Read next:
 * handle_fault.c, for what becomes of a page that fault() answers.
 */
#include <errno.h>
#include <string.h>

#include "lib/page/fault.h"
#include "lib/page/filemap.h"
#include "lib/page/page.h"
#include "lib/page/struct_page.h"
#include "lib/sync/alloc.h"
#include "lib/sync/objcache/objcache.h"
#include "lib/sync/rcu.h"

/*
 * Type-stable: who comes from a page may look at the refcount of one that is
 * gone (vms__page_pin_mapping()).
 */
VMS__OBJCACHE_DEFINE(mapping_cache, "address_space", sizeof(struct address_space), VMS_CACHELINE,
		     VMS__OBJCACHE_TYPESAFE);
VMS__OBJCACHE_DEFINE(file_cache, "file", sizeof(struct file), VMS_CACHELINE, 0);

/* ---- contents and openings ---- */

struct address_space *vms_address_space_create(unsigned long size, unsigned int flags,
					       unsigned int dev_major, unsigned int dev_minor,
					       unsigned long ino)
{
	struct address_space *mapping = vms__objcache_alloc(&mapping_cache);

	if (!mapping)
		return NULL;
	/*
	 * Atomic, and 0 until all else is there: a late reader of what was here
	 * before may still look at it.
	 */
	atomic_store_explicit(&mapping->refcount, 0, memory_order_relaxed);
	mapping->flags = flags;
	mapping->dev_major = dev_major;
	mapping->dev_minor = dev_minor;
	mapping->ino = ino;
	atomic_init(&mapping->i_size, size);
	atomic_init(&mapping->nrpages, 0);
	for (unsigned int i = 0; i < VMS_REVOKE_COUNTS; i++)
		atomic_init(&mapping->revoked[i], 0);
	mt_init_flags(&mapping->i_pages, MT_FLAGS_USE_RCU);
	mapping->leaving_first = 1;
	mapping->leaving_last = 0;
	init_rwsem(&mapping->invalidate_lock);
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++) {
		init_rwsem(&mapping->i_mmap[i].rwsem);
		mapping->i_mmap[i].tree = RB_ROOT;
	}
	/* Release: pairs with the acquire in vms__page_pin_mapping(). */
	atomic_store_explicit(&mapping->refcount, 1, memory_order_release);
	return mapping;
}

/*
 * Nobody refers to @mapping any more, so nobody looks into its cache. Pages may
 * live on where an embedder holds them.
 */
static void mapping_free(struct address_space *mapping)
{
	unsigned long index = 0;
	struct page *page;

	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++)
		VMS_ASSERT(RB_EMPTY_ROOT(&mapping->i_mmap[i].tree));
	mt_for_each(&mapping->i_pages, page, index, ULONG_MAX) {
		vms__page_leave_cache(page);
		vms__page_forget_cache(page);
		vms__page_put(page);
	}
	mtree_destroy(&mapping->i_pages);
	vms__objcache_free(&mapping_cache, mapping);
}

void vms_address_space_put(struct address_space *mapping)
{
	/*
	 * Release what this holder did; the last one acquires what all others
	 * did.
	 */
	if (atomic_fetch_sub_explicit(&mapping->refcount, 1, memory_order_acq_rel) == 1)
		mapping_free(mapping);
}

/*
 * As vms__page_pin_anon_vma() (rmap/rmap.c): a page that is still mapped after
 * the reference was taken has a VMA, hence a file, which keeps its contents;
 * another one's may have been pinned in the same memory.
 */
struct address_space *vms__page_pin_mapping(const struct page *page)
{
	struct address_space *mapping;
	int old = 0;

	if (!(page->flags & VMS__PG_CACHED))
		return NULL;
	/*
	 * The section keeps the memory that page->mapping names: memory of a
	 * type-stable cache is given back to the system only after a grace
	 * period.
	 */
	vms__rcu_read_lock();
	/* Relaxed: what it answers is checked below. */
	mapping = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	if (mapping)
		old = atomic_load_explicit(&mapping->refcount, memory_order_relaxed);
	/* Acquire: pairs with the release in vms_address_space_create(). */
	while (old &&
	       !atomic_compare_exchange_weak_explicit(&mapping->refcount, &old, old + 1,
						      memory_order_acquire, memory_order_relaxed))
		;
	vms__rcu_read_unlock();
	if (!old)
		return NULL;
	if (atomic_load_explicit(&page->mapcount, memory_order_relaxed) == 0) {
		vms_address_space_put(mapping);
		return NULL;
	}
	return mapping;
}

struct file *vms_file_open(struct address_space *mapping, const char *path, unsigned int mode)
{
	size_t size = strlen(path) + 1;
	struct file *file = vms__objcache_alloc(&file_cache);

	if (!file)
		return NULL;
	file->f_path = vms__alloc(size, 1);
	if (!file->f_path) {
		vms__objcache_free(&file_cache, file);
		return NULL;
	}
	memcpy(file->f_path, path, size);
	atomic_init(&file->f_count, 1);
	file->f_mode = mode;
	file->f_vm_ops = NULL;
	file->private_data = NULL;
	file->f_mapping = mapping;
	/* Relaxed: the caller has a reference. */
	atomic_fetch_add_explicit(&mapping->refcount, 1, memory_order_relaxed);
	return file;
}

struct file *get_file(struct file *file)
{
	/* Relaxed: the caller has a reference. */
	atomic_fetch_add_explicit(&file->f_count, 1, memory_order_relaxed);
	return file;
}

void fput(struct file *file)
{
	/*
	 * Release what this holder did; the last one acquires what all others
	 * did.
	 */
	if (atomic_fetch_sub_explicit(&file->f_count, 1, memory_order_acq_rel) != 1)
		return;
	vms_address_space_put(file->f_mapping);
	vms__free(file->f_path);
	vms__objcache_free(&file_cache, file);
}

/* ---- the cache ---- */

/*
 * Relaxed: a size that changes beside a fault comes before it or after it;
 * insert() has the lock under which it changes.
 */
static pgoff_t pages_in_file(const struct address_space *mapping)
{
	return vms__pages_of_bytes(atomic_load_explicit(&mapping->i_size, memory_order_relaxed));
}

/*
 * Locks: RCU read section, or a reference to the mapping while nothing is
 * evicted.
 */
static struct page *find_rcu(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	/*
	 * A page without references was evicted: the tree, asked again, has
	 * nothing or a new one.
	 */
	do {
		page = mtree_load(&mapping->i_pages, index);
	} while (page && !vms__page_get_unless_zero(page));
	return page;
}

struct page *vms__filemap_find(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	vms__rcu_read_lock();
	page = find_rcu(mapping, index);
	vms__rcu_read_unlock();
	return page;
}

/*
 * Add @page at @index, unless the file ends before it (-ENXIO), a truncation or
 * a hole is still taking pages out there (-EBUSY), or there is one already
 * (-EEXIST). This runs under the lock under which truncate.c sets the size and
 * the leaving pages, so that what a truncation takes out of the cache does not
 * come back, and what a hole takes out comes back only when no mapping has the
 * old page any more.
 */
static int insert(struct address_space *mapping, pgoff_t index, struct page *page)
{
	MA_STATE(mas, &mapping->i_pages, index, index);
	int err;

	mas_lock(&mas);
	if (index >= pages_in_file(mapping)) {
		err = -ENXIO;
#ifndef VMS_PLANT_REFILL_EARLY
	} else if (vms__filemap_is_leaving(mapping, index)) {
		err = -EBUSY;
#endif
	} else if (mas_walk(&mas)) {
		err = -EEXIST;
	} else {
		mas_set(&mas, index);
		err = mas_store_gfp(&mas, page, GFP_KERNEL);
	}
	/*
	 * The count changes under the lock. Otherwise a truncation could take
	 * the page out, and off the count, before it was counted.
	 */
	if (!err)
		atomic_fetch_add_explicit(&mapping->nrpages, 1, memory_order_relaxed);
	mas_unlock(&mas);
	return err;
}

/*
 * A new page in the cache, with a second reference for the caller. Return: 0,
 * or what insert() says, or -ENOMEM.
 */
static int add_page(struct address_space *mapping, pgoff_t index, struct page **result)
{
	struct page *page = vms__page_alloc(0);
	int err;

	if (!page)
		return -ENOMEM;
	page->flags = VMS__PG_CACHED | (mapping->flags & VMS_AS_SHMEM ? VMS__PG_SHMEM : 0);
	page->index = index;
	/* Relaxed, all of it: the tree's store releases. */
	atomic_store_explicit(&page->mapping, mapping, memory_order_relaxed);
	atomic_store_explicit(&page->refcount, 2, memory_order_relaxed);
	err = insert(mapping, index, page);
	if (err) {
		/* Nobody has seen it. */
		page->flags = 0;
		atomic_store_explicit(&page->refcount, 1, memory_order_relaxed);
		vms__page_put(page);
		return err;
	}
	*result = page;
	return 0;
}

/*
 * Return: 0 and *@page with a reference, -ENOMEM, or -ENXIO: the file ended
 * before it at that moment.
 */
static int get_page(struct address_space *mapping, pgoff_t index, struct page **page)
{
	int err = -EEXIST;

	while (err == -EEXIST) {
		*page = vms__filemap_find(mapping, index);
		err = *page ? 0 : add_page(mapping, index, page);
		if (err == -EBUSY) {
			vms__filemap_wait_invalidate(mapping);
			err = -EEXIST;
		}
	}
	return err;
}

struct page *vms__filemap_get(struct address_space *mapping, pgoff_t index)
{
	struct page *page;

	return get_page(mapping, index, &page) ? NULL : page;
}

/* ---- faults on it ---- */

static vm_fault_t filemap_fault(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;

	if (vmf->pgoff >= pages_in_file(mapping))
		return VM_FAULT_SIGBUS;
	switch (get_page(mapping, vmf->pgoff, &vmf->page)) {
	case 0:
		return 0;
	case -ENXIO: /* truncated as we looked; it may have grown again since */
		return VM_FAULT_SIGBUS;
	default:
		return VM_FAULT_OOM;
	}
}

static vm_fault_t filemap_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;
	struct page *pages[VMS__FAULT_AROUND] = {NULL}, *page;
	pgoff_t limit = pages_in_file(mapping);
	unsigned int nr = 0;

	vma_assert_locked(vmf->vma);
	if (start >= limit)
		return 0;
	end = end < limit ? end : limit - 1;
	end = end - start < VMS__FAULT_AROUND ? end : start + VMS__FAULT_AROUND - 1;
	MA_STATE(mas, &mapping->i_pages, start, start);
	mas_for_each(&mas, page, end) {
		/* One without references is on its way out. */
		if (vms__page_get_unless_zero(page)) {
			pages[mas.index - start] = page;
			nr = (unsigned int)(mas.index - start) + 1;
		}
	}
	if (nr)
		vms_map_pages(vmf, start, pages, nr);
	return 0;
}

const struct vm_operations_struct vms__filemap_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
};
