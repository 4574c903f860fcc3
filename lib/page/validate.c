/* SPDX-License-Identifier: MIT */
/*
 * validate.c - checks what must hold of the page table of a quiescent mm:
 *
 * - every present entry lies in a VMA, and is writable only if the VMA is; a
 *   guard mark lies in a VMA that may hold one;
 * - the zero page and anonymous pages lie in private memory; there is no zero
 *   page where the rule read_takes_page holds;
 * - an anonymous page stands at its index, its anon_vma is one of the VMA's,
 *   and it is writable only where it is mapped once;
 * - a file's page stands at its index in a VMA of that file, is writable only
 *   in a shared VMA, and is still in its cache, unless a truncation or a hole
 *   is about to unmap it;
 * - every page has at least as many references as entries that map it;
 * - a table's `used` is the number of its entries; its `lines` leaves out no
 *   line with an entry, and is 0 in an empty table;
 * - the counters of the mm are the numbers of pages and tables;
 * - every VMA is in the lists of its anon_vmas and in its file's interval tree.
 *
 * Locks: mmap_lock W, and every VMA write-locked. Only a thread that unmaps
 *        pages through a file (i_mmap.c) can then change this mm, so each leaf
 *        is locked while it is looked at. Pages that are shared with other mms
 *        may gain and lose users meanwhile.
 *
 * Read next: pgtable.h, handle_fault.c.
 */
#include <sched.h>
#include <stdarg.h>

#include "lib/engine/engine.h"
#include "lib/page/filemap.h"
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"

struct check {
	struct mm_struct *mm;
	FILE *why;
	struct vm_area_struct *vma; /* the last one looked up */
	long count[NR_MM_COUNTERS];
	int broken;
};

static void __attribute__((format(printf, 3, 4)))
broken(struct check *c, unsigned long addr, const char *fmt, ...)
{
	va_list args;

	c->broken++;
	if (!c->why)
		return;
	fprintf(c->why, "page table: %lx: ", addr);
	va_start(args, fmt);
	vfprintf(c->why, fmt, args);
	va_end(args);
	fputc('\n', c->why);
}

static struct vm_area_struct *vma_at(struct check *c, unsigned long addr)
{
	if (!c->vma || addr >= c->vma->vm_end || addr < c->vma->vm_start)
		c->vma = vms__find(c->mm, addr);
	return c->vma && c->vma->vm_start <= addr ? c->vma : NULL;
}

/*
 * Whether the page has more entries than references. Both numbers may change
 * while another mm maps or unmaps the page, and nothing orders the two loads
 * with that mm's two changes. A suspicion therefore counts only if it is
 * confirmed in every one of many looks. Relaxed: an acquire would pair with no
 * release, because mapcount only counts.
 */
static bool underreferenced(const struct page *page)
{
	for (int i = 0; i < 100; i++) {
		unsigned int mapped = atomic_load_explicit(&page->mapcount, memory_order_relaxed);
		unsigned int refs = atomic_load_explicit(&page->refcount, memory_order_relaxed);

		if (mapped > 0 && refs >= mapped)
			return false;
	}
	return true;
}

static void check_anon(struct check *c, const struct vm_area_struct *vma, unsigned long addr,
		       unsigned long pte, const struct page *page)
{
	const struct anon_vma *anon_vma =
		atomic_load_explicit(&page->mapping, memory_order_relaxed);

	if ((vma->vm_flags & VM_SHARED) && vms__vma_ops(vma))
		broken(c, addr, "an anonymous page in shared memory");
	if (page->index != vma_pgoff(vma, addr))
		broken(c, addr, "an anonymous page of index %lx at %lx", page->index,
		       vma_pgoff(vma, addr));
	if (!vms__vma_in_anon_vma(vma, anon_vma))
		broken(c, addr, "an anonymous page whose anon_vma does not know this VMA");
	/* The one entry is ours, so no other thread can add another. */
	if ((pte & VMS__PTE_WRITE) &&
	    atomic_load_explicit(&page->mapcount, memory_order_relaxed) != 1)
		broken(c, addr, "an anonymous page is writable although it is shared");
}

/*
 * Whether a truncation or a hole that is in progress will unmap the page at
 * @index of @mapping. Locks: that of the leaf that maps it.
 */
static bool is_leaving(struct address_space *mapping, pgoff_t index)
{
	bool leaving;

	/*
	 * A page is marked, and its range noted, in one section under this
	 * lock. The range stays until the truncation has looked at our leaf.
	 */
	mtree_lock(&mapping->i_pages);
	leaving = vms__filemap_is_leaving(mapping, index);
	mtree_unlock(&mapping->i_pages);
	return leaving;
}

static void check_file(struct check *c, const struct vm_area_struct *vma, unsigned long addr,
		       unsigned long pte, const struct page *page)
{
	if ((pte & VMS__PTE_WRITE) && !(vma->vm_flags & VM_SHARED))
		broken(c, addr, "a file's page is writable in private memory");
	/*
	 * An embedder's hook may map any page anywhere, even one of another
	 * file's cache.
	 */
	if (!(page->flags & VMS__PG_CACHED) || vms__vma_ops(vma) != &vms__filemap_vm_ops)
		return;
	if (!vma->vm_file ||
	    atomic_load_explicit(&page->mapping, memory_order_relaxed) != vma->vm_file->f_mapping)
		broken(c, addr, "a page of another file");
	else if (vms__page_is_gone(page) && !is_leaving(vma->vm_file->f_mapping, page->index))
		broken(c, addr, "a page that has left its file's cache");
	if (page->index != vma_pgoff(vma, addr))
		broken(c, addr, "a file's page of index %lx at %lx", page->index,
		       vma_pgoff(vma, addr));
}

static void check_pte(struct check *c, unsigned long addr, unsigned long pte)
{
	struct vm_area_struct *vma = vma_at(c, addr);
	const struct page *page = vms__pte_page(pte);

	if (pte == VMS__PTE_GUARD) {
		if (!vma || (!(vma->vm_flags & VM_MAYBE_GUARD) && !vma_anon_vma(vma)))
			broken(c, addr, "a guard mark where none may be");
		return;
	}
	if (page)
		c->count[vms__page_counter(page)]++;
	if (!(pte & VMS__PTE_PRESENT) || !(pte & VMS__PTE_ZERO) != (page != NULL))
		broken(c, addr, "senseless entry %lx", pte);
	if (!vma) {
		broken(c, addr, "a page outlives its VMA");
		return;
	}
	if ((pte & VMS__PTE_WRITE) && !(vma->vm_flags & VM_WRITE))
		broken(c, addr, "writable, but the VMA is not");
	if (!page) {
		if ((pte & VMS__PTE_WRITE) || vms__vma_ops(vma) || c->mm->rules.read_takes_page)
			broken(c, addr, "the zero page where it must not be");
		return;
	}
	if (underreferenced(page))
		broken(c, addr, "a page with %u references is mapped %u times",
		       atomic_load_explicit(&page->refcount, memory_order_relaxed),
		       atomic_load_explicit(&page->mapcount, memory_order_relaxed));
	if (vms__page_is_anon(page))
		check_anon(c, vma, addr, pte, page);
	else
		check_file(c, vma, addr, pte, page);
}

static void check_table(struct check *c, struct vms__ptable *table, unsigned int level,
			unsigned long base)
{
	unsigned int used = 0;
	unsigned long lines = 0, noted;

	if (level == 0)
		vms__ptable_lock(table);
	for (unsigned int i = 0; i < VMS__PT_ENTRIES; i++) {
		/*
		 * Acquire: pairs with the release in install() (pgtable.c), for
		 * a table that a fault installed.
		 */
		unsigned long entry = atomic_load_explicit(&table->entry[i], memory_order_acquire);
		unsigned long addr = base + ((unsigned long)i << vms__pt_shift(level));

		if (!entry)
			continue;
		used++;
		lines |= 1UL << i / VMS__PT_LINE;
		if (level == 0) {
			check_pte(c, addr, entry);
			continue;
		}
		if (level > 1 || vms__leaf_counts(vms__ptable_child(table, i)))
			c->count[MM_PGTABLES]++;
		check_table(c, vms__ptable_child(table, i), level - 1, addr);
	}
	if (used != table->used)
		broken(c, base, "a table of level %u has %u entries, and counts %u", level, used,
		       table->used);
	noted = atomic_load_explicit(&table->lines, memory_order_relaxed);
	if ((lines & ~noted) || (!used && noted))
		broken(c, base, "a table of level %u has entries in the lines %lx, and notes %lx",
		       level, lines, noted);
	if (level == 0)
		vms__ptable_unlock(table);
}

static void check_counters(struct check *c)
{
	static const enum vms_mm_counter which[] = {MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES,
						    MM_PGTABLES};
	static const char *const name[NR_MM_COUNTERS] = {
		[MM_FILEPAGES] = "file pages",
		[MM_ANONPAGES] = "anonymous pages",
		[MM_SHMEMPAGES] = "shared-memory pages",
		[MM_PGTABLES] = "tables",
	};

	for (unsigned int i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		long counted = vms__pcounter_sum(c->mm->counters, which[i]);

		if (counted != c->count[which[i]])
			broken(c, 0, "%ld %s, and counts %ld", c->count[which[i]], name[which[i]],
			       counted);
	}
}

static int look(struct mm_struct *mm, FILE *why)
{
	struct check c = {.mm = mm, .why = why};

	check_table(&c, mm->pgd, VMS__PT_TOP, 0);
	if (mm->pgd_high)
		check_table(&c, mm->pgd_high, VMS__PT_TOP_HIGH, 0);
	check_counters(&c);
	for (struct vm_area_struct *vma = vms__find(mm, 0); vma;
	     vma = mm->engine->index->next(mm, vma)) {
		c.broken += vms__anon_vma_validate(vma, why);
		if (!vms__vma_file_linked(vma))
			broken(&c, vma->vm_start, "the VMA is not among those that map its file");
	}
	return c.broken;
}

/*
 * A thread that unmaps pages through a file changes entries first and the
 * counters later, and holds no lock of this mm. A broken rule that is found
 * while such a thread runs proves nothing, so the check is repeated: often
 * enough that a rule that stays broken is reported in the end, even if other
 * threads never stop.
 */
int vms__pgtable_validate(struct mm_struct *mm, FILE *why)
{
	unsigned long done;

	mmap_assert_write_locked(mm);
	for (int tries = 0; tries < 10000; tries++) {
		/* Acquire: pairs with the release in vms__zap_file_range(). */
		done = atomic_load_explicit(&mm->unmaps_done, memory_order_acquire);
		if (look(mm, NULL) == 0)
			return 0;
		/*
		 * Relaxed: the locks of the leaves that were looked at order
		 * this load after an unmapping that was seen there.
		 */
		if (atomic_load_explicit(&mm->unmaps_begun, memory_order_relaxed) == done)
			break;
		sched_yield();
	}
	return look(mm, why);
}
