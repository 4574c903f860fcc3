/* SPDX-License-Identifier: MIT */
/*
 * fault.h - a fault on its way, as handle_fault.c (which page is wanted),
 * insert_page.c (what the owner's hook puts in) and filemap.c (which pages are
 * at hand) share it.
 */
#ifndef VMS_PAGE_FAULT_H
#define VMS_PAGE_FAULT_H

#include <vmastore/mm.h>

#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/revoke.h"

/*
 * Pages that one fault may map around the one it was asked for, itself
 * included; a power of two.
 */
#define VMS__FAULT_AROUND 16u

/* A fault on its way: what hooks see of it, and the rest. */
struct vms__fault {
	struct vm_fault vmf;
	struct mm_struct *mm;
	const struct vm_operations_struct *ops; /* NULL: anonymous */
	unsigned int index;                     /* of the entry in its leaf */
	bool write, vma_lock;                   /* vmf.flags is the hook's to spoil */
	bool asked;                             /* a hook of an embedder's was called */
	struct vms__revoke_watch *watch;        /* of the pages that those hooks answer; or NULL */
	struct vms__ptable *leaf;               /* as the fault found it; NULL: there was none */
	struct vms__ptable_batch *tables;       /* then: what it lacks */
};

/*
 * The leaf; what prepare_tables() (handle_fault.c) set aside is used, or given
 * back.
 */
static inline struct vms__ptable *vms__fault_tables(struct vms__fault *f)
{
	return likely(f->leaf) ? f->leaf : vms__ptables_install(f->mm, f->vmf.address, f->tables);
}

/*
 * VMS__FAULT_AROUND pages around the one that is read, by their offsets: from
 * the last multiple of so many, or where @vma begins if that is later, up to
 * the end of @vma or of the leaf.
 */
static inline void vms__fault_range(const struct vm_fault *vmf, pgoff_t *first, pgoff_t *last)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long size = VMS__FAULT_AROUND * PAGE_SIZE, start = vmf->address & ~(size - 1), end;

	if (start < vma->vm_start)
		start = vma->vm_start;
	end = vms__leaf_end(start, start + size < vma->vm_end ? start + size : vma->vm_end);
	*first = vma_pgoff(vma, start);
	*last = vma_pgoff(vma, end - PAGE_SIZE);
}

/*
 * Whether a page of a shared mapping may be mapped writable before anyone
 * writes to it: if no hook wants to hear of the first write.
 */
static inline bool vms__shared_writable(const struct vm_area_struct *vma)
{
	vma_assert_locked(vma);
	return pgprot_val(vma->vm_page_prot) & VMS_PGPROT_WRITE;
}

#endif
