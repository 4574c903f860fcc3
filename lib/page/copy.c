/* SPDX-License-Identifier: MIT */
/*
 * copy.c - fork: the child's VMA maps the pages of its parent's, and a write on
 * either side makes a copy.
 *
 * It goes leaf by leaf, under the locks of both. The mm's counters are brought
 * up to date leaf by leaf as well.
 *
 * Locks: page.h states them. Read next: handle_fault.c, which makes the copies.
 */
#include <errno.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"

/* ---- fork ---- */

/*
 * Entries of [addr, end) of @from, which become read-only, also in @to, which
 * is empty there; @to's without the bits @forget.
 */
static void copy_leaf(struct mm_struct *mm, struct vms__ptable *to, struct vms__ptable *from,
		      unsigned long addr, unsigned long end, unsigned long forget, bool cow)
{
	unsigned int index = vms__pt_index(addr, 0), stop = vms__pt_leaf_stop(addr, end);
	long mapped[VMS__NR_PAGE_COUNTERS] = {0};

	vms__ptable_lock(from);
	vms__ptable_lock_nested(to);
	vms__pt_note_lines_of(to, from, index, stop);
	for (; index < stop; index++) {
		unsigned long pte = vms__pte_load(from, index);
		struct page *page = vms__pte_page(pte);

		if (!pte) {
			index = vms__pt_skip(from, index, stop);
			continue;
		}
		if (page) {
			vms__page_get(page);
			vms__page_map(page);
			mapped[vms__page_counter(page)]++;
		}
		/*
		 * Both sides: the next write on either makes a copy, or finds
		 * itself alone.
		 */
		if (cow)
			pte = vms__pte_wrprotect(from, index);
		vms__pte_fill(to, index, pte & ~forget);
	}
	/*
	 * An empty table notes no lines: @from may note some that hold entries
	 * of other VMAs alone.
	 */
	vms__pt_forget_lines(to, 0, 0, true);
	vms__ptable_unlock(to);
	vms__ptable_unlock(from);
	for (unsigned int which = 0; which < VMS__NR_PAGE_COUNTERS; which++)
		if (mapped[which])
			vms__pcounter_add(mm->counters, which, mapped[which]);
}

/*
 * write_protect_seq is odd from here to write_protect_end(). An entry loses its
 * write right under its leaf's lock, which releases this store to the next
 * holder of that lock.
 * Locks: mmap_lock W, so that there is one writer.
 */
static void write_protect_begin(struct mm_struct *mm)
{
	unsigned long seq = atomic_load_explicit(&mm->write_protect_seq, memory_order_relaxed);

	mmap_assert_write_locked(mm);
	VMS_ASSERT(!(seq & 1));
	atomic_store_explicit(&mm->write_protect_seq, seq + 1, memory_order_relaxed);
}

static void write_protect_end(struct mm_struct *mm)
{
	unsigned long seq = atomic_load_explicit(&mm->write_protect_seq, memory_order_relaxed);

	/*
	 * Release: pairs with the acquire in vms_write_protect_begin(): a
	 * thread that sees it sees the entries without the right.
	 */
	atomic_store_explicit(&mm->write_protect_seq, seq + 1, memory_order_release);
}

/*
 * Without pages of its own a VMA's mappings come back by faults, as the same
 * pages; guard marks would not.
 */
static bool needs_copy(const struct vm_area_struct *vma)
{
	return vma_anon_vma(vma) || (vma->vm_flags & VM_MAYBE_GUARD);
}

int vms__copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct mm_struct *dst_mm = vma_mm(dst), *src_mm = vma_mm(src);
	unsigned long addr = src->vm_start;
	/*
	 * What is shared with the file is dirty in the parent's entry; of
	 * private memory nobody else knows.
	 */
	unsigned long forget = VMS__PTE_YOUNG | (src->vm_flags & VM_SHARED ? VMS__PTE_DIRTY : 0);
	/* What is shared with the file stays writable on both sides. */
	bool cow = !(src->vm_flags & VM_SHARED) || !vms__vma_ops(src);
	struct vms__ptable_batch tables;
	struct vms__ptable *from;
	int err = 0;

	mmap_assert_write_locked(dst_mm);
	vma_assert_write_locked(src);
	VMS_ASSERT(dst->vm_start == src->vm_start && dst->vm_end == src->vm_end);
	if (!needs_copy(src))
		return 0;
	if (cow)
		write_protect_begin(src_mm);
	while ((from = vms__leaf_next(src_mm, &addr, src->vm_end)) != NULL) {
		unsigned long stop = vms__leaf_end(addr, src->vm_end);

		if (!vms__leaf_counts(from)) {
			addr = stop;
			continue;
		}
		if (!vms__ptables_prepare(dst_mm, addr, &tables)) {
			/*
			 * The parent's entries stay read-only. That is
			 * harmless: its next write finds the page unshared and
			 * gets the right back.
			 */
			vms__zap_range(dst, dst->vm_start, dst->vm_end);
			err = -ENOMEM;
			break;
		}
		copy_leaf(dst_mm, vms__ptables_install(dst_mm, addr, &tables), from, addr, stop,
			  forget, cow);
		addr = stop;
	}
	if (cow)
		write_protect_end(src_mm);
	return err;
}
