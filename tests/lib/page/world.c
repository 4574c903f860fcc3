/* SPDX-License-Identifier: MIT */
/* world.c - implements world.h. */
#include "tests/lib/page/world.h"

#include "lib/sync/list.h"
#include "lib/sync/objcache/objcache.h"

VMS__OBJCACHE_DEFINE(test_vmas, "test vm_area_struct", sizeof(struct vm_area_struct), VMS_CACHELINE,
		     VMS__OBJCACHE_TYPESAFE);

/* ---- VMAs: like lib/mm's vma.c, but without its rules ---- */

static struct vm_area_struct *vma_new(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = vms__objcache_alloc(&test_vmas);

	if (!vma)
		return NULL;
	vms__vma_lock_init(vma);
	atomic_store_explicit(&vma->vm_mm, mm, memory_order_relaxed);
	atomic_store_explicit(&vma->anon_vma, NULL, memory_order_relaxed);
	INIT_LIST_HEAD(&vma->anon_vma_chain);
	RB_CLEAR_NODE(&vma->shared.rb);
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_next = vma->vm_prev = NULL;
	vma->rb_subtree_gap = 0;
	vma->vm_index_state = 0;
	vma->vm_i_mmap = vms__i_mmap_own_part();
	vma->vm_flags = 0;
	vma->vm_page_prot = vm_get_page_prot(0);
	vma->vm_pgoff = start >> PAGE_SHIFT;
	vma->vm_file = NULL;
	vma->vm_ops = NULL;
	vma->vm_private_data = NULL;
	vma->anon_name = NULL;
	return vma;
}

static struct vm_area_struct *vma_copy(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vma_new(mm, vma->vm_start, vma->vm_end);

	if (!copy)
		return NULL;
	copy->vm_flags = vma->vm_flags;
	copy->vm_pgoff = vma->vm_pgoff;
	copy->vm_file = vma->vm_file ? get_file(vma->vm_file) : NULL;
	copy->vm_ops = vma->vm_ops;
	return copy;
}

/* Frees a VMA that is not in the index and has no pages. */
static void vma_discard(struct vm_area_struct *vma)
{
	vms__anon_vma_unlink(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	vms__objcache_free(&test_vmas, vma);
}

/*
 * Puts the new @vma into the index. The caller must hold mmap_lock for writing.
 * Return: 0 or -ENOMEM.
 */
static int vma_insert(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vms__store store = {.start = vma->vm_start, .end = vma->vm_end, .vma = vma};

	if (vms__index_prepare(mm, &store))
		return -1;
	vma_set_page_prot(vma);
	vma_start_write(vma);
	vms__vma_mark_attached(vma);
	vms__index_commit(mm, &store);
	return 0;
}

struct vm_area_struct *vma_map(struct mm_struct *mm, unsigned long start, unsigned long pages,
			       vm_flags_t flags, struct file *file, pgoff_t pgoff)
{
	struct vm_area_struct *vma = vma_new(mm, start, start + pages * PG);
	int err;

	if (!vma)
		return NULL;
	vma->vm_flags = flags;
	if (file) {
		vma->vm_file = get_file(file);
		vma->vm_ops = file->f_vm_ops;
		vma->vm_pgoff = pgoff;
	}
	mmap_write_lock(mm);
	err = vma_insert(mm, vma);
	if (!err)
		vms__vma_link_file(vma);
	else
		vma_discard(vma);
	mmap_write_unlock(mm);
	return err ? NULL : vma;
}

struct vm_area_struct *world_map(struct mm_struct *mm, unsigned long start, unsigned long pages,
				 vm_flags_t flags, struct file *file, pgoff_t pgoff)
{
	struct vm_area_struct *vma = vma_map(mm, start, pages, flags, file, pgoff);

	assert_non_null(vma);
	return vma;
}

struct vm_area_struct *world_map_anon(struct mm_struct *mm, unsigned long start,
				      unsigned long pages)
{
	return world_map(mm, start, pages, RW_PRIVATE, NULL, 0);
}

/* The caller must hold mmap_lock for writing. */
static void unmap_locked(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vms__store store = {.start = vma->vm_start, .end = vma->vm_end, .vma = NULL};
	struct vm_area_struct *prev, *next;

	if (vms__index_prepare(mm, &store))
		abort();
	vma_start_write(vma);
	vms__index_commit(mm, &store);
	vms__vma_mark_detached(vma);
	vms__zap_range(vma, vma->vm_start, vma->vm_end);
	vms__vma_hide(vma);
	prev = vms__prev_below(mm, vma->vm_start);
	next = vms__find(mm, vma->vm_end);
	vms__free_pgtables(mm, vma->vm_start, vma->vm_end, prev ? prev->vm_end : 0,
			   next ? next->vm_start : 0);
	vma_discard(vma);
}

void vma_unmap(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_write_lock(mm);
	unmap_locked(mm, vma);
	mmap_write_unlock(mm);
}

static struct vm_area_struct *split_locked(struct mm_struct *mm, struct vm_area_struct *vma,
					   unsigned long addr)
{
	struct vms__store store = {.start = addr, .end = vma->vm_end};
	struct vms__rmap_change change = {.vma = {vma}};
	struct vm_area_struct *upper = vma_copy(mm, vma);

	if (!upper)
		return NULL;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	upper->vm_start = addr;
	store.vma = upper;
	if (vms__anon_vma_clone(upper, vma) || vms__index_prepare(mm, &store)) {
		vma_discard(upper);
		return NULL;
	}
	vma_start_write(vma);
	vma_start_write(upper);
	vms__rmap_change_begin(&change);
	vma->vm_end = addr;
	change.vma[1] = upper;
	vms__rmap_change_end(&change);
	vms__vma_mark_attached(upper);
	vms__index_commit(mm, &store);
	return upper;
}

struct vm_area_struct *vma_split(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma_mm(vma);
	struct vm_area_struct *upper;

	mmap_write_lock(mm);
	upper = split_locked(mm, vma, addr);
	mmap_write_unlock(mm);
	return upper;
}

struct vm_area_struct *vma_at(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	mmap_read_unlock(mm);
	return vma;
}

/* ---- address spaces ---- */

struct mm_struct *mm_new(const char *engine)
{
	struct mm_struct *mm = vms__zalloc(sizeof(*mm), _Alignof(struct mm_struct));

	if (!mm)
		return NULL;
	mm->engine = vms__engine_find(engine);
	mm->layout.task_size = 0x7ffffffff000;
	atomic_init(&mm->mm_lock_seq, 2);
	init_rwsem(&mm->mmap_lock);
	mm->counters = vms__pcounter_create(VMS__NR_COUNTERS);
	if (!mm->counters || vms__pgd_alloc(mm)) {
		vms__pcounter_destroy(mm->counters);
		vms__free(mm);
		return NULL;
	}
	mm->engine->index->init(mm);
	return mm;
}

void mm_destroy(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	while ((vma = vms__find(mm, 0)) != NULL)
		unmap_locked(mm, vma);
	/* Without VMAs only the top table is left. */
	if (vms__pcounter_sum(mm->counters, MM_PGTABLES) != 0 ||
	    vms__pgtable_validate(mm, stderr) != 0)
		abort();
	mm->engine->index->destroy(mm);
	mmap_write_unlock(mm);
	vms__pgd_free(mm);
	vms__pcounter_destroy(mm->counters);
	vms__free(mm);
}

static long pages_of(struct mm_struct *mm)
{
	return count(mm, MM_ANONPAGES) + count(mm, MM_FILEPAGES) + count(mm, MM_SHMEMPAGES);
}

static int fork_vma(struct mm_struct *child, struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vma_copy(child, vma);
	long before = pages_of(child);

	if (!copy)
		return -1;
	if (vms__anon_vma_fork(copy, vma) || vma_insert(child, copy)) {
		vma_discard(copy);
		return -1;
	}
	vms__vma_link_file(copy);
	if (!vms__copy_page_range(copy, vma))
		return 0;
	/* The failed copy must have undone what it had copied. */
	if (pages_of(child) != before)
		abort();
	return -1;
}

struct mm_struct *mm_fork(struct mm_struct *mm) VMS_NO_TSA
{
	struct mm_struct *child = mm_new(mm->engine->name);
	int err = 0;

	if (!child)
		return NULL;
	mmap_write_lock(mm);
	vms__mmap_write_lock_nested(child);
	for (struct vm_area_struct *vma = vms__find(mm, 0); vma && !err; vma = vms_vma_after(vma)) {
		vma_start_write(vma);
		err = fork_vma(child, vma);
	}
	mmap_write_unlock(child);
	mmap_write_unlock(mm);
	if (!err)
		return child;
	vms__alloc_fail_nth(0);
	mm_destroy(child);
	return NULL;
}

int world_setup(void **state)
{
	*state = mm_new(*state);
	return *state ? 0 : -1;
}

int world_teardown(void **state)
{
	struct mm_struct *mm = *state;
	int bad = validate(mm, stderr);

	mm_destroy(mm);
	return bad || vms_leak_report(stderr) ? -1 : 0;
}

/* ---- pages ---- */

/*
 * Faults in @vma; with @use set, page_read() or page_write() of its word
 * follows.
 */
struct use {
	bool write, read;
	unsigned long *word;
};

static vm_fault_t fault_and_use(struct vm_area_struct *vma, unsigned long addr, unsigned int flags,
				const struct use *use)
{
	for (;;) {
		vm_fault_t ret = handle_mm_fault(vma, addr, flags);

		if (ret && ret != VM_FAULT_NOPAGE)
			return ret;
		/* The access is repeated after VM_FAULT_NOPAGE. */
		if (ret && !vms__page_allows(vma, addr, flags & FAULT_FLAG_WRITE))
			continue;
		if (use->write ? vms__page_write(vma, addr, *use->word)
			       : !use->read || vms__page_read(vma, addr, use->word))
			return 0;
	}
}

static vm_fault_t do_touch(struct mm_struct *mm, unsigned long addr, unsigned int flags,
			   const struct use *use)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	vm_fault_t ret = VM_FAULT_SIGSEGV;

	if (vma) {
		ret = fault_and_use(vma, addr, flags | FAULT_FLAG_VMA_LOCK, use);
		vma_end_read(vma);
		if (ret != VM_FAULT_RETRY)
			return ret;
	}
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		ret = fault_and_use(vma, addr, flags, use);
	mmap_read_unlock(mm);
	return ret;
}

vm_fault_t touch(struct mm_struct *mm, unsigned long addr, unsigned int flags)
{
	return do_touch(mm, addr, flags, &(struct use){0});
}

vm_fault_t read_word(struct mm_struct *mm, unsigned long addr, unsigned long *word)
{
	return do_touch(mm, addr, 0, &(struct use){.read = true, .word = word});
}

vm_fault_t write_word(struct mm_struct *mm, unsigned long addr, unsigned long word)
{
	return do_touch(mm, addr, FAULT_FLAG_WRITE, &(struct use){.write = true, .word = &word});
}

unsigned long world_read(struct mm_struct *mm, unsigned long addr)
{
	unsigned long word = 0;

	assert_int_equal(read_word(mm, addr, &word), 0);
	return word;
}

void world_write(struct mm_struct *mm, unsigned long addr, unsigned long word)
{
	assert_int_equal(write_word(mm, addr, word), 0);
}

void zap(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mmap_read_lock(mm);
	vms__zap_range(vma_lookup(mm, start), start, end);
	mmap_read_unlock(mm);
}

void vma_protect(struct vm_area_struct *vma, bool writable)
{
	struct mm_struct *mm = vma_mm(vma);

	mmap_write_lock(mm);
	vma_start_write(vma);
	vma->vm_flags = writable ? vma->vm_flags | VM_WRITE : vma->vm_flags & ~VM_WRITE;
	vma_set_page_prot(vma);
	vms__change_protection(vma, vma->vm_start, vma->vm_end);
	mmap_write_unlock(mm);
}

unsigned long pte_at(struct mm_struct *mm, unsigned long addr)
{
	struct vms__ptable *leaf = vms__leaf_find(mm, addr);

	return leaf ? vms__pte_load(leaf, vms__pt_index(addr, 0)) : 0;
}

struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	return vms__pte_page(pte_at(mm, addr));
}

unsigned int refs(const struct page *page)
{
	return atomic_load(&page->refcount);
}

/* ---- files and counts ---- */

struct file *world_file(unsigned long bytes, unsigned int as_flags)
{
	struct address_space *mapping = vms_address_space_create(bytes, as_flags, 8, 1, 42);
	struct file *file;

	assert_non_null(mapping);
	file = vms_file_open(mapping, "/tmp/file", FMODE_READ | FMODE_WRITE);
	assert_non_null(file);
	vms_address_space_put(mapping);
	return file;
}

long count(struct mm_struct *mm, enum vms_mm_counter which)
{
	return vms__pcounter_sum(mm->counters, which);
}

int validate(struct mm_struct *mm, FILE *why)
{
	int bad;

	mmap_write_lock(mm);
	bad = vms__pgtable_validate(mm, why);
	mmap_write_unlock(mm);
	return bad;
}

void world_expect_counts_at(struct mm_struct *mm, long anon, long file, long shmem,
			    const char *where, int line)
{
	_assert_int_equal((uintmax_t)count(mm, MM_ANONPAGES), (uintmax_t)anon, where, line);
	_assert_int_equal((uintmax_t)count(mm, MM_FILEPAGES), (uintmax_t)file, where, line);
	_assert_int_equal((uintmax_t)count(mm, MM_SHMEMPAGES), (uintmax_t)shmem, where, line);
	_assert_int_equal((uintmax_t)validate(mm, stderr), 0, where, line);
}
