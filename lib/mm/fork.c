/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a copy of a whole address space, its pages shared copy-on-write.
 *
 * Each VMA of the parent is write-locked before it is copied. A fault that ran
 * concurrently could otherwise write to a page after the child got it, and the
 * child would see the parent's later data.
 *
 * Locks: the parent's mmap_lock W, then the child's. vms_mm_next() does not
 * show the child before it is complete. But a reverse-map walker
 * (vms_page_places()) meets the child's VMAs as they are made; a thread that
 * then uses the child waits for its mmap_lock. Read next: lib/page/copy.c.
 */
#include <errno.h>

#include "lib/mm/internal.h"
#include "lib/page/page.h"

/*
 * The child's copy of @vma, not inserted yet; NULL: no memory. Memory locks are
 * not inherited. Memory that is wiped on fork has no pages in the child, so it
 * gets no anon_vma, and merges there as if it had never been touched.
 */
static struct vm_area_struct *copy_vma(struct mm_struct *child, const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vm_area_dup(vma);

	if (!copy)
		return NULL;
	/* Relaxed: published with the VMA. */
	atomic_store_explicit(&copy->vm_mm, child, memory_order_relaxed);
	vm_flags_init(copy, vma->vm_flags & ~VM_LOCKED_MASK);
	if (!(vma->vm_flags & VM_WIPEONFORK) && vms__anon_vma_fork(copy, vma)) {
		vm_area_free(copy);
		return NULL;
	}
	return copy;
}

static int dup_one(struct mm_struct *child, struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = copy_vma(child, vma);
	struct vms__store store;

	if (!copy)
		return -ENOMEM;
	vms__store_begin(&store, copy->vm_start, copy->vm_end, copy, NULL);
	if (vms__index_prepare(child, &store)) {
		vms__anon_vma_unlink(copy);
		vm_area_free(copy);
		return -ENOMEM;
	}
	/*
	 * The order of the next steps: the owner hears of the copy before a
	 * thread can find it. The copy is linked to its file before it has
	 * pages, so that a truncation, which holds no lock of either mm, finds
	 * every page that the child gets: it visits the child's VMA after the
	 * parent's.
	 */
	vms__vma_open(copy);
	vms__vma_commit(child, &store);
	vms__vma_link_file(copy);
	vms__account(child, copy->vm_flags, (long)vma_pages(copy));
	/* If copying fails, the child's teardown undoes all of this. */
	if (copy->vm_flags & VM_WIPEONFORK)
		return 0;
	return vms__copy_page_range(copy, vma);
}

static int dup_mmap(struct mm_struct *child, struct mm_struct *mm)
{
	VMA_ITERATOR(vmi, mm, 0);
	struct vm_area_struct *vma;
	int err = 0;

	mmap_assert_write_locked(mm);
	mmap_assert_write_locked(child);
	while (!err && (vma = vma_next(&vmi)) != NULL) {
		/*
		 * The call for the first biased VMA also locks the biased ones
		 * after it, so that they share one fence; for those it does
		 * nothing later.
		 */
		vms__vmas_unbias(vma, mm->layout.task_size);
		vma_start_write(vma);
		if (!(vma->vm_flags & VM_DONTCOPY))
			err = dup_one(child, vma);
	}
	return err;
}

int vms_fork(struct mm_struct *mm, struct mm_struct **childp)
{
	struct mm_struct *child;
	int err = vms__mm_alloc(mm->engine->name, &mm->layout, &mm->rules, &child);

	if (err)
		return err;
	vms__write_enter(mm, 0, mm->layout.task_size);
	vms__mmap_write_lock_nested(child);
	/*
	 * Limits and flags are copied under the lock under which they are
	 * written.
	 */
	child->limits = mm->limits;
	child->def_flags = mm->def_flags & ~VM_LOCKED_MASK;
	vms__copy_map(child, mm);
	err = dup_mmap(child, mm);
	mmap_write_unlock(child);
	vms__write_exit(mm);
	/* Outside of both locks: the teardown takes the child's again. */
	if (err) {
		mmput(child);
		return err;
	}
	/*
	 * Last, because a walker (vms_mm_next()) may change the child as soon
	 * as it meets it.
	 */
	vms__mmlist_add(child);
	*childp = child;
	return 0;
}
