/* SPDX-License-Identifier: MIT */
/*
 * anon_name.c - names for anonymous memory, as prctl(PR_SET_VMA,
 * PR_SET_VMA_ANON_NAME) gives them: counted by the VMAs that have them, equal
 * if their text is, shown in the listing.
 *
 * A VMA's name changes as its flags do (split, merge, VMA write lock), so
 * whoever may read the VMA may read its name.
 *
 * Source: prctl(2), proc(5). Locks: the count is atomic, the text constant.
 */
#include <errno.h>
#include <string.h>

#include "lib/mm/internal.h"
#include "lib/sync/objcache/objcache.h"

struct anon_vma_name {
	_Atomic unsigned int refcount;
	char text[ANON_VMA_NAME_MAX_LEN];
};

VMS__OBJCACHE_DEFINE(name_cache, "anon_vma_name", sizeof(struct anon_vma_name),
		     _Alignof(struct anon_vma_name), 0);

/* ---- one name ---- */

struct anon_vma_name *vms__anon_name_get(struct anon_vma_name *name)
{
	/* Relaxed: the caller holds a VMA that has one. */
	if (name)
		atomic_fetch_add_explicit(&name->refcount, 1, memory_order_relaxed);
	return name;
}

void vms__anon_name_put(struct anon_vma_name *name)
{
	/*
	 * Release what this holder read; the last one acquires that all others
	 * have.
	 */
	if (name && atomic_fetch_sub_explicit(&name->refcount, 1, memory_order_acq_rel) == 1)
		vms__objcache_free(&name_cache, name);
}

const char *vms__anon_name_text(const struct anon_vma_name *name)
{
	return name->text;
}

bool vms__anon_name_equal(const struct anon_vma_name *a, const struct anon_vma_name *b)
{
	return a == b || (a && b && strcmp(a->text, b->text) == 0);
}

/* Nothing that could break the listing's line, or end the name in it. */
static bool is_allowed(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || strchr("\\`$[]", text[i]))
			return false;
	return true;
}

/*
 * *@name: a name with one reference, NULL for no text. Return: 0, -EINVAL or
 * -ENOMEM.
 */
static int make_name(const char *text, struct anon_vma_name **name)
{
	size_t len = text ? strnlen(text, ANON_VMA_NAME_MAX_LEN) : 0;

	*name = NULL;
	if (!text)
		return 0;
	if (len == ANON_VMA_NAME_MAX_LEN || !is_allowed(text, len))
		return -EINVAL;
	*name = vms__objcache_alloc(&name_cache);
	if (!*name)
		return -ENOMEM;
	atomic_init(&(*name)->refcount, 1);
	memcpy((*name)->text, text, len + 1);
	return 0;
}

/* ---- the VMAs of a range ---- */

/*
 * Memory that nothing but its name tells apart: private anonymous, or the
 * object that shared anonymous memory has.
 */
static bool may_have_name(const struct vm_area_struct *vma)
{
	return !vma->vm_file || (vma->vm_file->f_mapping->flags & VMS_AS_ANON);
}

/* *@vma becomes the VMA that holds [start, end). */
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
 * Holes are passed over, and reported at the end; what comes before a refusal
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
	int err = make_name(text, &name);

	if (err)
		return err;
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
