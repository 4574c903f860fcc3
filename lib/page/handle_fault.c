/* SPDX-License-Identifier: MIT */
/*
 * handle_fault.c - page faults: handle_mm_fault() makes a page present for an
 * access that the VMA allows.
 *
 *   entry      access   private anonymous   private file        shared file
 *   empty      read     the zero page (*)   cache page, r/o     cache page
 *   empty      write    new page            copy of that page   cache page (+)
 *   read-only  write    kept if it is the only one, else copied  writable (+)
 *
 * (+) After the owner's page_mkwrite().
 *
 * (*) With the rule read_takes_page (mm_types.h) there is no zero page: a
 * read takes a new page, and an anon_vma with it, as a write does.
 *
 * Each fault is worked out without a lock on the page table: it prepares all
 * that it may need (page, tables, anon_vma), so that what follows cannot fail;
 * then it takes the leaf's lock, looks whether the entry is still what the
 * decision was made for, and writes it. If it is not, another thread has been
 * there: what was prepared is dropped and the fault starts again. So two
 * threads that fault on one page install one page, and VM_FAULT_OOM leaves the
 * mm as it was.
 *
 * A fault that has asked an embedder's hook does not start again by itself: it
 * answers VM_FAULT_NOPAGE, and the caller touches the memory again, after it
 * has let go of its locks. So a hook whose answers lead nowhere cannot keep a
 * lock for ever, and the caller counts the tries.
 *
 * Locks: mmap_lock R, or with FAULT_FLAG_VMA_LOCK the VMA's lock R. A VMA's
 * first anon_vma may be a neighbour's, and neighbours are only to be looked at
 * under mmap_lock: a fault that holds the VMA's lock tries to take mmap_lock as
 * well for that long, and answers VM_FAULT_RETRY if it cannot have mmap_lock at
 * once (first_anon_vma()).
 *
 * Read next: insert_page.c, content.c, zap.c, rmap/rmap.c, filemap.c.
 */
#include "lib/page/fault.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/revoke.h"
#include "lib/sync/rcu.h"

/*
 * Another thread changed the entry first: look again. Never leaves this file,
 * and comes from no hook (judge()).
 */
#define FAULT_AGAIN 0x80000000u

#define PMD_SHIFT 21
#define HUGE_SIZE (1UL << PMD_SHIFT)

/*
 * The tables on the way to the address, if they are not there. Most faults find
 * them, and need no second and third walk: a leaf stays while the VMA is
 * locked.
 * Return: false if memory is out.
 */
static bool prepare_tables(struct vms__fault *f)
{
	return likely(f->leaf) || vms__ptables_prepare(f->mm, f->vmf.address, f->tables);
}

static bool is_write(const struct vms__fault *f)
{
	return f->write;
}

/*
 * What a hook's answer comes to: one of VM_FAULT_ERROR, else VM_FAULT_RETRY,
 * else VM_FAULT_NOPAGE, else 0. All other bits mean nothing, as on Linux.
 */
static vm_fault_t judge(vm_fault_t answer)
{
	if (answer & VM_FAULT_ERROR)
		return answer & VM_FAULT_ERROR;
	return answer & VM_FAULT_RETRY ? VM_FAULT_RETRY : answer & VM_FAULT_NOPAGE;
}

static bool is_present(const struct vms__fault *f)
{
	const struct vms__ptable *leaf = f->leaf ? f->leaf : vms__leaf_find(f->mm, f->vmf.address);

	return leaf && vms__pte_load(leaf, f->index);
}

/*
 * The VMA's first anon_vma.
 *
 * mmap_lock is outside the VMA's lock, so a fault that holds the latter must
 * not wait for mmap_lock: its holder may be waiting for this VMA's readers. It
 * only tries. Whoever has mmap_lock R keeps all writers away, so the neighbours
 * stay as they are until it lets go, whichever lock the fault came with.
 */
static __attribute__((noinline)) vm_fault_t first_anon_vma(const struct vms__fault *f)
{
	int err;

	if (!f->vma_lock)
		return vms__anon_vma_prepare(f->vmf.vma) ? VM_FAULT_OOM : 0;
	if (!mmap_read_trylock(f->mm))
		return VM_FAULT_RETRY;
	err = vms__anon_vma_prepare(f->vmf.vma);
	mmap_read_unlock(f->mm);
	return err ? VM_FAULT_OOM : 0;
}

/*
 * Most faults find an anon_vma. Return: 0, VM_FAULT_OOM, or VM_FAULT_RETRY:
 * only under mmap_lock.
 */
static vm_fault_t prepare_anon_vma(const struct vms__fault *f)
{
	return likely(vma_anon_vma(f->vmf.vma)) ? 0 : first_anon_vma(f);
}

/* ---- private anonymous memory ---- */

/*
 * Where huge pages are asked for, even a read of an untouched block takes a
 * huge page of the VMA's own, hence an anon_vma. This model has small pages
 * only, but the anon_vma shows in what merges later.
 */
static bool read_takes_huge_page(const struct vms__fault *f)
{
	const struct vm_area_struct *vma = f->vmf.vma;
	unsigned long block = f->vmf.address & ~(HUGE_SIZE - 1);

	return (vma->vm_flags & VM_HUGEPAGE) && block >= vma->vm_start &&
	       block + HUGE_SIZE <= vma->vm_end;
}

/*
 * Put @page, or the zero page for NULL, into the empty entry. Takes over the
 * reference. Return: 0 or FAULT_AGAIN.
 *
 * Like Linux, a page of the VMA's own is mapped writable and dirty wherever
 * the VMA may be written, even if the access is a read: a write will follow,
 * and saves its fault. Where the VMA may not be written, a page that was read
 * is clean, and one that a debugger writes is dirty.
 */
static vm_fault_t install_anon(struct vms__fault *f, struct vms__ptable *leaf, struct page *page)
{
	bool writable = f->vmf.vma->vm_flags & VM_WRITE;
	unsigned long pte = VMS__PTE_ZERO_PAGE;

	if (page) {
		vms__page_init_anon(page, vma_anon_vma(f->vmf.vma), f->vmf.pgoff);
		vms__page_map_first(page);
		pte = vms__pte_make(page, writable, writable || is_write(f));
	}
	vms__ptable_lock(leaf);
	if (vms__pte_load(leaf, f->index)) {
		vms__ptable_unlock(leaf);
		if (page) {
			vms__page_unmap(page);
			vms__page_put(page);
		}
		return FAULT_AGAIN;
	}
	vms__pte_store(leaf, f->index, pte);
	vms__ptable_unlock(leaf);
	if (page)
		vms__pcounter_add(f->mm->counters, MM_ANONPAGES, 1);
	return 0;
}

static vm_fault_t anon_fault(struct vms__fault *f, const struct vms__ptable *leaf)
{
	bool needs_page = is_write(f) || f->mm->rules.read_takes_page;
	bool needs_anon_vma = needs_page || (!vms__leaf_counts(leaf) && read_takes_huge_page(f));
	struct page *page = NULL;
	vm_fault_t ret = VM_FAULT_OOM;

	if (needs_page) {
		page = vms__page_alloc(0);
		if (!page)
			return VM_FAULT_OOM;
	}
	if (!prepare_tables(f))
		goto drop_page;
	/* Last of what may fail, as it is the one that shows. */
	ret = needs_anon_vma ? prepare_anon_vma(f) : 0;
	if (likely(!ret))
		return install_anon(f, vms__fault_tables(f), page);
	vms__ptables_cancel(f->tables);
drop_page:
	if (page)
		vms__page_put(page);
	return ret;
}

/* ---- file mappings ---- */

/*
 * Tell the owner of vmf.page, which the fault holds, that it is about to be
 * written through a shared mapping. What VM_PFNMAP maps is memory without
 * pages, as its owner sees it.
 */
static vm_fault_t make_writable(struct vms__fault *f)
{
	bool is_pfn = f->vmf.vma->vm_flags & VM_PFNMAP;
	vm_fault_t (*hook)(struct vm_fault *) = is_pfn ? f->ops->pfn_mkwrite : f->ops->page_mkwrite;
	struct page *page = f->vmf.page;
	vm_fault_t ret;

	vma_assert_locked(f->vmf.vma);
	if (!hook)
		return 0;
	if (is_pfn)
		f->vmf.page = NULL;
	f->vmf.flags |= FAULT_FLAG_MKWRITE;
	f->asked = true;
	ret = judge(hook(&f->vmf));
	f->vmf.flags &= ~FAULT_FLAG_MKWRITE;
	f->vmf.page = page;
	return ret;
}

/*
 * Map vmf.page, or with @copy its copy, into the empty entry. Takes over both
 * references. Return: 0 or FAULT_AGAIN.
 */
static vm_fault_t install_file(struct vms__fault *f, struct vms__ptable *leaf, struct page *copy)
{
	struct page *source = f->vmf.page, *page = copy ? copy : source;
	bool writable = (is_write(f) && (f->vmf.vma->vm_flags & VM_WRITE)) ||
			vms__shared_writable(f->vmf.vma);
	enum vms_mm_counter counter;
	bool won;

	if (copy) {
		vms__page_init_anon(copy, vma_anon_vma(f->vmf.vma), f->vmf.pgoff);
		vms__page_set_word(copy, vms__page_word(source));
	}
	/*
	 * The counter is determined now: once the page is mapped and the lock
	 * is dropped, another thread may unmap and free it.
	 */
	counter = vms__page_counter(page);
	vms__ptable_lock(leaf);
	/*
	 * Whoever truncates the file, or takes the page back, looks at this
	 * leaf after us, and unmaps the page; or did before, and we see that it
	 * is gone.
	 */
	won = !vms__pte_load(leaf, f->index) && !vms__page_is_gone(source) &&
	      !vms__revoked(f->watch, f->vmf.pgoff);
	if (won) {
		vms__page_map(page);
		if (is_write(f) && !copy)
			vms__page_set_dirty(page);
		vms__pte_store(leaf, f->index, vms__pte_make(page, writable, is_write(f)));
	}
	vms__ptable_unlock(leaf);
	if (copy)
		vms__page_put(source);
	if (won)
		vms__pcounter_add(f->mm->counters, counter, 1);
	else
		vms__page_put(page);
	return won ? 0 : FAULT_AGAIN;
}

/* Ask the owner for the page: referenced in vmf.page on 0. */
static vm_fault_t fetch_page(struct vms__fault *f)
{
	vm_fault_t ret;

	vma_assert_locked(f->vmf.vma);
	f->vmf.page = NULL;
	ret = judge(f->ops->fault(&f->vmf));
	if (ret)
		return ret;
	/* A hook that answers neither a page nor an error has none. */
	if (!f->vmf.page)
		return VM_FAULT_SIGBUS;
	/* Private memory of some address space is never a file's page. */
	if (vms__page_is_anon(f->vmf.page)) {
		vms__page_put(f->vmf.page);
		return VM_FAULT_SIGBUS;
	}
	if (is_write(f) && (f->vmf.vma->vm_flags & VM_SHARED)) {
		ret = make_writable(f);
		if (ret)
			vms__page_put(f->vmf.page);
	}
	return ret;
}

/*
 * A write to private file memory makes the VMA one that has pages of its own
 * (an anon_vma), even where the file has no page to copy. An embedder's hook is
 * asked after that, as on Linux, and so once: afterwards mmap_lock might not be
 * free, and the fault would come back and ask again. The page cache may be
 * asked again, and may lack memory, which has to leave the VMA as it was: there
 * only an error that says "come again" or "no memory" comes before the
 * anon_vma.
 */
static vm_fault_t fetch_page_for_copy(struct vms__fault *f)
{
	vm_fault_t ret, err;

	if (f->ops != &vms__filemap_vm_ops) {
		err = prepare_anon_vma(f);
		return err ? err : fetch_page(f);
	}
	ret = fetch_page(f);
	if (ret & (VM_FAULT_OOM | VM_FAULT_RETRY))
		return ret;
	err = prepare_anon_vma(f);
	if (unlikely(err) && !ret)
		vms__page_put(f->vmf.page);
	return err ? err : ret;
}

/*
 * Map what is at hand around. Return: 0: fault() is to be asked;
 * VM_FAULT_NOPAGE: the page is mapped now; or what the hook answered.
 */
static vm_fault_t fault_around(struct vms__fault *f)
{
	pgoff_t first, last;
	vm_fault_t ret;

	vms__fault_range(&f->vmf, &first, &last);
	vma_assert_locked(f->vmf.vma);
	vms__rcu_read_lock();
	ret = judge(f->ops->map_pages(&f->vmf, first, last));
	vms__rcu_read_unlock();
	return !ret && is_present(f) ? VM_FAULT_NOPAGE : ret;
}

/* Ask the hooks, and map what they answer. */
static vm_fault_t ask_owner(struct vms__fault *f)
{
	bool copying = is_write(f) && !(f->vmf.vma->vm_flags & VM_SHARED);
	struct page *copy = NULL;
	vm_fault_t ret;

	if (!prepare_tables(f))
		return VM_FAULT_OOM;
	if (!is_write(f) && f->ops->map_pages) {
		ret = fault_around(f);
		if (ret) {
			vms__ptables_cancel(f->tables);
			return ret == VM_FAULT_NOPAGE && is_present(f) ? 0 : ret;
		}
	}
	if (copying) {
		copy = vms__page_alloc(0);
		ret = copy ? fetch_page_for_copy(f) : VM_FAULT_OOM;
	} else {
		ret = fetch_page(f);
	}
	if (ret) {
		vms__ptables_cancel(f->tables);
		if (copy)
			vms__page_put(copy);
		return ret;
	}
	return install_file(f, vms__fault_tables(f), copy);
}

/*
 * Note what the owner takes back from now on, so that what its hooks answer
 * meanwhile is not used for a page that is no longer mapped. The page cache's
 * own pages carry a mark instead; and memory without a file is taken back by
 * nobody.
 */
static void watch_owner(struct vms__fault *f, struct vms__revoke_watch *watch)
{
	struct vm_area_struct *vma = f->vmf.vma;

	vma_assert_locked(vma);
	if (f->ops == &vms__filemap_vm_ops || !vma->vm_file)
		return;
	vms__revoke_watch_begin(watch, vma->vm_file->f_mapping);
	f->watch = watch;
}

static void unwatch_owner(struct vms__fault *f)
{
	if (f->watch)
		vms__revoke_watch_end(f->watch);
	f->watch = NULL;
}

static vm_fault_t file_fault(struct vms__fault *f)
{
	struct vms__revoke_watch watch;
	vm_fault_t ret;

	if (!f->ops->fault)
		return VM_FAULT_SIGBUS;
	if (f->ops == &vms__filemap_vm_ops)
		return ask_owner(f);
	f->asked = true;
	watch_owner(f, &watch);
	ret = ask_owner(f);
	unwatch_owner(f);
	return ret;
}

/* ---- a write to what is mapped read-only ---- */

static vm_fault_t write_shared(struct vms__fault *f, struct vms__ptable *leaf, unsigned long seen)
{
	struct vms__revoke_watch watch;
	vm_fault_t ret;

	/*
	 * The reference taken under the leaf's lock keeps the page, hence
	 * @seen's meaning, while the hook works without it.
	 */
	f->vmf.page = vms__pte_page(seen);
	vms__page_get(f->vmf.page);
	vms__ptable_unlock(leaf);
	watch_owner(f, &watch);
	ret = make_writable(f);
	if (!ret) {
		vms__ptable_lock(leaf);
		/*
		 * If the owner took the page back meanwhile, it has to be told
		 * of the first write since, even where a read has mapped the
		 * same page again.
		 */
		if (vms__pte_load(leaf, f->index) == seen &&
		    !vms__revoked(f->watch, f->vmf.pgoff)) {
			vms__page_set_dirty(f->vmf.page);
			vms__pte_store(leaf, f->index,
				       seen | VMS__PTE_WRITE | VMS__PTE_YOUNG | VMS__PTE_DIRTY);
		} else {
			ret = FAULT_AGAIN;
		}
		vms__ptable_unlock(leaf);
	}
	unwatch_owner(f);
	vms__page_put(f->vmf.page);
	return ret;
}

/*
 * Replace whatever read-only page is mapped by a copy of it. Takes over @copy.
 * Return: 0 or FAULT_AGAIN.
 */
static vm_fault_t install_copy(struct vms__fault *f, struct vms__ptable *leaf, struct page *copy)
{
	struct mm_struct *mm = f->mm;
	struct page *old;
	unsigned long pte;

	vms__ptable_lock(leaf);
	pte = vms__pte_load(leaf, f->index);
	if (!pte || (pte & VMS__PTE_WRITE)) {
		vms__ptable_unlock(leaf);
		vms__page_put(copy);
		return FAULT_AGAIN;
	}
	old = vms__pte_page(pte);
	vms__page_init_anon(copy, vma_anon_vma(f->vmf.vma), f->vmf.pgoff);
	vms__page_map_first(copy);
	if (old) {
		vms__page_set_word(copy, vms__page_word(old));
		vms__page_unmap(old);
	}
	vms__pte_store(leaf, f->index, vms__pte_make(copy, f->vmf.vma->vm_flags & VM_WRITE, true));
	vms__ptable_unlock(leaf);
	vms__pcounter_add(mm->counters, MM_ANONPAGES, 1);
	if (old) {
		vms__pcounter_add(mm->counters, vms__page_counter(old), -1);
		vms__page_put(old);
	}
	return 0;
}

static vm_fault_t write_private(struct vms__fault *f, struct vms__ptable *leaf)
{
	struct page *copy = vms__page_alloc(0);
	vm_fault_t ret;

	if (!copy)
		return VM_FAULT_OOM;
	ret = prepare_anon_vma(f);
	if (unlikely(ret)) {
		vms__page_put(copy);
		return ret;
	}
	return install_copy(f, leaf, copy);
}

static vm_fault_t write_protected(struct vms__fault *f, struct vms__ptable *leaf)
{
	struct page *page;
	unsigned long pte;

	vms__ptable_lock(leaf);
	pte = vms__pte_load(leaf, f->index);
	if (!pte || (pte & VMS__PTE_WRITE)) {
		vms__ptable_unlock(leaf);
		return FAULT_AGAIN;
	}
	/*
	 * Without an owner there is nothing to share: an embedder's VMA with
	 * VM_SHARED and no hooks is private memory.
	 */
	if (f->ops && (f->vmf.vma->vm_flags & VM_SHARED))
		return write_shared(f, leaf, pte);
	page = vms__pte_page(pte);
	if (page && vms__page_is_exclusive(page)) {
		/*
		 * The last of those who shared it; it is this VMA's alone from
		 * now on, not its ancestors'.
		 */
		atomic_store_explicit(&page->mapping, vma_anon_vma(f->vmf.vma),
				      memory_order_relaxed);
		vms__pte_store(leaf, f->index,
			       pte | (f->vmf.vma->vm_flags & VM_WRITE ? VMS__PTE_WRITE : 0) |
				       VMS__PTE_YOUNG | VMS__PTE_DIRTY);
		vms__ptable_unlock(leaf);
		return 0;
	}
	vms__ptable_unlock(leaf);
	return write_private(f, leaf);
}

/* ---- the way in ---- */

/*
 * The entry, which held @pte, does not allow the access. An entry that is
 * present allows every read. So a read that comes here with one has found it
 * changed while it noted its use: the fault looks again. Whatever stands there
 * by now, it is not for a read to make it writable.
 */
static vm_fault_t resolve(struct vms__fault *f, unsigned long pte)
{
	if (pte == VMS__PTE_GUARD)
		return VM_FAULT_SIGSEGV;
	if (pte)
		return is_write(f) ? write_protected(f, f->leaf) : FAULT_AGAIN;
	return f->ops ? file_fault(f) : anon_fault(f, f->leaf);
}

/*
 * handle_mm_fault() for an access that @leaf, or NULL, with the entry @pte, did
 * not allow. Locks: as there.
 */
static __attribute__((noinline)) vm_fault_t make_present(struct vm_area_struct *vma,
							 unsigned long addr, unsigned int flags,
							 struct vms__ptable *leaf,
							 unsigned long pte)
{
	/*
	 * Only the number of these is set, and each member of the fault is
	 * named: the compiler's loop that sets the rest to 0 would take longer
	 * than most faults do.
	 */
	struct vms__ptable_batch tables;
	struct vms__fault f = {
		.vmf =
			{
				.vma = vma,
				.address = addr & PAGE_MASK,
				.pgoff = vma_pgoff(vma, addr),
				.flags = flags,
				.page = NULL,
			},
		.mm = vma_mm(vma),
		.ops = vms__vma_ops(vma),
		.index = vms__pt_index(addr, 0),
		.write = flags & FAULT_FLAG_WRITE,
		.vma_lock = flags & FAULT_FLAG_VMA_LOCK,
		.asked = false,
		.watch = NULL,
		.leaf = leaf,
		.tables = &tables,
	};
	vm_fault_t ret;

	vma_assert_locked(vma);
	tables.nr = 0;
	while ((ret = resolve(&f, pte)) == FAULT_AGAIN && !f.asked) {
		f.leaf = vms__leaf_find(f.mm, addr);
		pte = f.leaf ? vms__pte_load(f.leaf, f.index) : 0;
		if (pte && vms__pte_use(f.leaf, f.index, pte, f.write))
			return 0;
	}
	return unlikely(ret == FAULT_AGAIN) ? VM_FAULT_NOPAGE : ret;
}

vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr, unsigned int flags)
{
	struct vms__ptable *leaf = vms__leaf_find(vma_mm(vma), addr);
	unsigned long pte = leaf ? vms__pte_load(leaf, vms__pt_index(addr, 0)) : 0;

	vma_assert_locked(vma);
	VMS_ASSERT(vma->vm_start <= addr && addr < vma->vm_end);
	VMS_ASSERT(!(flags & FAULT_FLAG_WRITE) || (vma->vm_flags & VM_WRITE) ||
		   vms__is_cow(vma->vm_flags));
	/* Most accesses find their page present, and need no more. */
	if (pte && vms__pte_use(leaf, vms__pt_index(addr, 0), pte, flags & FAULT_FLAG_WRITE))
		return 0;
	return make_present(vma, addr, flags, leaf, pte);
}
