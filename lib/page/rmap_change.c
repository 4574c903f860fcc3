/* SPDX-License-Identifier: MIT */
/*
 * rmap_change.c - VMAs that change their bounds, lose their pages or hand them on, while others come to them from a page: through the list of
 * its anon_vma or its file's interval tree.
 *
 * Those come without mmap_lock and without a VMA's lock. So what they rely on changes only under the locks of both ways:
 *
 *   bounds     from vms__rmap_change_begin() to vms__rmap_change_end(): a page that passes from one VMA to another (split, merge)
 *              is in the one or in the other, never in none
 *   entries    that move to another place (mremap) do so under vms__rmap_lock(), for the same reason
 *   tables     are freed when the VMAs are in no list any more: vms__vma_hide()
 *
 * Locks: mmap_lock, as page.h says; then i_mmap_rwsem, then the anon_vma lock.
 */
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap.h"

static void lock_both(struct address_space *mapping, struct anon_vma *anon_vma) VMS_NO_TSA
{
	if (mapping)
		vms__i_mmap_lock_write(mapping);
	if (anon_vma)
		vms__anon_vma_lock(anon_vma);
}

static void unlock_both(struct address_space *mapping, struct anon_vma *anon_vma) VMS_NO_TSA
{
	if (anon_vma)
		vms__anon_vma_unlock(anon_vma);
	if (mapping)
		vms__i_mmap_unlock_write(mapping);
}

static struct address_space *mapping_of(const struct vm_area_struct *vma)
{
	return vma->vm_file ? vma->vm_file->f_mapping : NULL;
}

void vms__rmap_change_begin(struct vms__rmap_change *c)
{
	c->mapping = NULL;
	c->anon_vma = NULL;
	for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++) {
		struct anon_vma *anon_vma = c->vma[i] ? vms__vma_anon_vma(c->vma[i]) : NULL;

		if (!c->vma[i])
			continue;
		vma_assert_write_locked(c->vma[i]);
		VMS_ASSERT(!c->mapping || c->mapping == mapping_of(c->vma[i]));
		VMS_ASSERT(!c->anon_vma || !anon_vma || c->anon_vma->root == anon_vma->root);
		c->mapping = mapping_of(c->vma[i]);
		c->anon_vma = anon_vma ? anon_vma : c->anon_vma;
	}
	lock_both(c->mapping, c->anon_vma);
	if (!c->mapping)
		return;
	for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++)
		if (c->vma[i])
			vms__i_mmap_del(c->vma[i]);
}

void vms__rmap_change_end(struct vms__rmap_change *c)
{
	if (c->mapping)
		for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++)
			if (c->vma[i])
				vms__i_mmap_add(c->vma[i]);
	unlock_both(c->mapping, c->anon_vma);
}

void vms__vma_hide(struct vm_area_struct *vma)
{
	vms__anon_vma_unlink(vma);
	vms__vma_unlink_file(vma);
}

void vms__rmap_lock(const struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vms__vma_mm(vma));
	lock_both(mapping_of(vma), vms__vma_anon_vma(vma));
}

void vms__rmap_unlock(const struct vm_area_struct *vma)
{
	unlock_both(mapping_of(vma), vms__vma_anon_vma(vma));
}
