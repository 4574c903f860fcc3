/* SPDX-License-Identifier: MIT */
/*
 * query.c - one VMA by its address and kind (vmastore/query.h).
 *
 * Source: proc_pid_maps(5), and experiments on a running 6.18 kernel. Locks:
 * takes mmap_lock R, so that the answer is of one moment.
 */
#include <errno.h>
#include <string.h>

#include <vmastore/query.h>

#include "lib/mm/internal.h"

#define KINDS                                                                                      \
	(VMS_PROCMAP_VMA_READABLE | VMS_PROCMAP_VMA_WRITABLE | VMS_PROCMAP_VMA_EXECUTABLE |        \
	 VMS_PROCMAP_VMA_SHARED)
#define KNOWN_FLAGS (KINDS | VMS_PROCMAP_COVERING_OR_NEXT_VMA | VMS_PROCMAP_FILE_BACKED_VMA)

static unsigned int kind_of(const struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;

	return (flags & VM_READ ? VMS_PROCMAP_VMA_READABLE : 0) |
	       (flags & VM_WRITE ? VMS_PROCMAP_VMA_WRITABLE : 0) |
	       (flags & VM_EXEC ? VMS_PROCMAP_VMA_EXECUTABLE : 0) |
	       (flags & VM_MAYSHARE ? VMS_PROCMAP_VMA_SHARED : 0);
}

static bool matches(const struct vm_area_struct *vma, unsigned int flags)
{
	if ((flags & VMS_PROCMAP_FILE_BACKED_VMA) && !vma->vm_file)
		return false;
	return !(flags & KINDS & ~kind_of(vma));
}

/* Locks: mmap_lock R. */
static struct vm_area_struct *find_match(struct mm_struct *mm, unsigned long addr,
					 unsigned int flags)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!(flags & VMS_PROCMAP_COVERING_OR_NEXT_VMA))
		return vma && vma->vm_start <= addr && matches(vma, flags) ? vma : NULL;
	while (vma && !matches(vma, flags))
		vma = vms_vma_after(vma);
	return vma;
}

/* Return: 0, or -ENAMETOOLONG. Locks: mmap_lock R. */
static int answer_name(struct vm_area_struct *vma, struct vms_procmap_query *q)
{
	char buf[VMA_NAME_BUF];
	const char *name = vms__vma_name(vma, buf);
	size_t size = name ? strlen(name) + 1 : 0;

	if (size > q->name_size)
		return -ENAMETOOLONG;
	if (size)
		memcpy(q->vma_name, name, size);
	q->vma_name_size = (unsigned int)size;
	return 0;
}

/* Locks: mmap_lock R. */
static int answer(struct vm_area_struct *vma, struct vms_procmap_query *q)
{
	const struct address_space *mapping = vma->vm_file ? vma->vm_file->f_mapping : NULL;
	int err = 0;

	mmap_assert_locked(vma_mm(vma));
	q->vma_name_size = 0;
	if (q->vma_name)
		/* First, because on an error nothing must be answered. */
		err = answer_name(vma, q);
	if (err)
		return err;
	q->vma_start = vma->vm_start;
	q->vma_end = vma->vm_end;
	q->vma_flags = kind_of(vma);
	q->vma_page_size = vms__vma_pagesize(vma);
	q->vma_offset = mapping ? vma->vm_pgoff << PAGE_SHIFT : 0;
	q->inode = mapping ? mapping->ino : 0;
	q->dev_major = mapping ? mapping->dev_major : 0;
	q->dev_minor = mapping ? mapping->dev_minor : 0;
	return 0;
}

int vms_procmap_query(struct mm_struct *mm, struct vms_procmap_query *q)
{
	struct vm_area_struct *vma;
	int err = -ENOENT;

	if ((q->query_flags & ~KNOWN_FLAGS) || !q->vma_name != !q->name_size)
		return -EINVAL;
	vms__read_enter(mm);
	vma = find_match(mm, q->query_addr, q->query_flags);
	if (vma)
		err = answer(vma, q);
	vms__read_exit(mm);
	return err;
}
