/* SPDX-License-Identifier: MIT */
/*
 * set_anon_name.c - prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): the anonymous
 * memory of a range gets a name, or loses it.
 *
 * A VMA's name changes like its flags (split, merge, VMA write lock), so a
 * thread that may read the VMA may read its name.
 *
 * Source: prctl(2). Locks: takes mmap_lock W. Read next: anon_name.c, the
 * object.
 */
#include <errno.h>

#include "lib/mm/internal.h"

/* ---- the VMAs of a range ---- */

/*
 * Whether only a name can tell this memory apart: it is private anonymous, or
 * it maps the object that shared anonymous memory has.
 */
static bool may_have_name(const struct vm_area_struct *vma)
{
	return !vma->vm_file || (vma->vm_file->f_mapping->flags & VMS_AS_ANON);
}

/*
 * Name [start, end) of *@vma; *@vma becomes the VMA that holds it. Linux
 * reports a lack of memory here as -EAGAIN, because -ENOMEM says that there is
 * a hole.
 */
static int name_one(struct vms__place *place, struct vm_area_struct *prev,
		    struct vm_area_struct **vma, unsigned long start, unsigned long end,
		    struct anon_vma_name *name)
{
	int err;

	if (!may_have_name(*vma))
		return -EBADF;
	if (vms__anon_name_equal((*vma)->anon_name, name))
		return 0;
	err = vms__vma_modify_name(place, prev, *vma, start, end, name, vma);
	return err == -ENOMEM ? -EAGAIN : err;
}

/*
 * Holes are passed over, and reported at the end. The part before a refusal
 * keeps its new name.
 */
static int name_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		      struct anon_vma_name *name)
{
	struct vm_area_struct *prev, *vma;
	struct vms__place place;
	int unmapped = 0;

	mmap_assert_write_locked(mm);
	vms__place_begin(&place);
	vma = vms__around(mm, start, end, &place);
	prev = place.prev;
	/* The range begins inside @vma: its first part comes before. */
	if (vma && vma->vm_start < start)
		prev = vma;
	for (; vma && vma->vm_start < end; prev = vma, vma = vms_vma_after(vma)) {
		int err;

		if (start < vma->vm_start) {
			unmapped = -ENOMEM;
			start = vma->vm_start;
		}
		err = name_one(&place, prev, &vma, start, vma->vm_end < end ? vma->vm_end : end,
			       name);
		if (err)
			return err;
		start = vma->vm_end;
		if (start >= end)
			return unmapped;
	}
	return -ENOMEM;
}

int vms_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len,
		      const char *text)
{
	unsigned long end = start + PAGE_ALIGN(len);
	struct anon_vma_name *name;
	int err = vms__anon_name_make(text, &name);

	if (err)
		return err;
	/*
	 * The text is checked before the range, in Linux's order, and the name
	 * is made before mmap_lock is taken, because that may allocate.
	 */
	if ((start & ~PAGE_MASK) || end < start || (len && !PAGE_ALIGN(len))) {
		err = -EINVAL;
	} else if (end > start) {
		vms__write_enter(mm, start, end);
		err = name_range(mm, start, end, name);
		vms__write_exit(mm);
	}
	vms__anon_name_put(name);
	return err;
}
