/* SPDX-License-Identifier: MIT */
/*
 * change.c - VMAs that change their bounds, lose their pages or hand them on,
 * while reverse-map walkers find them through the list of an anon_vma or a
 * file's interval trees.
 *
 * Such walkers hold neither mmap_lock nor a VMA's lock. What they rely on
 * therefore changes only under the locks of both ways:
 *
 *   bounds     from vms__rmap_change_begin() to vms__rmap_change_end(): a page
 *              that passes from one VMA to another (split, merge) is in the one
 *              or in the other, never in none
 *   entries    that move to another place (mremap) do so under
 *              vms__rmap_lock(). Otherwise a walker could look at the new place
 *              before an entry arrives, and at the old one after it has left
 *   tables     are freed only when the VMAs are in no list any more
 *              (vms__vma_hide()), so that no walker is on them
 *
 * Without the first two a walk loses a page (test_reverse.c). Without the third
 * AddressSanitizer reports a walk on a freed table.
 *
 * Locks: mmap_lock, as page.h says; then those of i_mmap, then the anon_vma
 *        lock. All functions here take them in that order.
 * Read next: rmap.c, reverse.c.
 */
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"

/*
 * Take the locks of both ways. @parts: a set of parts of @mapping, which may be
 * NULL.
 */
static void lock_both(struct address_space *mapping, vms__i_mmap_set parts,
		      struct anon_vma *anon_vma) VMS_NO_TSA
{
	if (mapping)
		vms__i_mmap_lock_write(mapping, parts);
	if (anon_vma)
		vms__anon_vma_lock(anon_vma);
}

static void unlock_both(struct address_space *mapping, vms__i_mmap_set parts,
			struct anon_vma *anon_vma) VMS_NO_TSA
{
	if (anon_vma)
		vms__anon_vma_unlock(anon_vma);
	if (mapping)
		vms__i_mmap_unlock_write(mapping, parts);
}

static struct address_space *mapping_of(const struct vm_area_struct *vma)
{
	return vma->vm_file ? vma->vm_file->f_mapping : NULL;
}

void vms__rmap_change_begin(struct vms__rmap_change *c)
{
	c->mapping = NULL;
	c->parts = 0;
	c->anon_vma = NULL;
	for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++) {
		struct anon_vma *anon_vma = c->vma[i] ? vma_anon_vma(c->vma[i]) : NULL;

		if (!c->vma[i])
			continue;
		vma_assert_write_locked(c->vma[i]);
		VMS_ASSERT(!c->mapping || c->mapping == mapping_of(c->vma[i]));
		VMS_ASSERT(!c->anon_vma || !anon_vma || c->anon_vma->root == anon_vma->root);
		c->mapping = mapping_of(c->vma[i]);
		c->parts |= 1u << c->vma[i]->vm_i_mmap;
		c->anon_vma = anon_vma ? anon_vma : c->anon_vma;
	}
	lock_both(c->mapping, c->parts, c->anon_vma);
	if (!c->mapping)
		return;
	/* The VMAs leave the trees, whose sort keys are about to change. */
	for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++)
		if (c->vma[i])
			vms__i_mmap_del(c->vma[i]);
}

/*
 * Link @vma into a part whose lock is held. Another thread than that of its
 * neighbours may have made a VMA that is new, so the part that it was made for
 * may not be locked, and it cannot be locked now, under the anon_vma's
 * spinlock.
 */
static void link_again(const struct vms__rmap_change *c, struct vm_area_struct *vma)
{
	if (!(c->parts & 1u << vma->vm_i_mmap))
		vma->vm_i_mmap = (unsigned char)__builtin_ctz(c->parts);
	vms__i_mmap_add(vma);
}

void vms__rmap_change_end(struct vms__rmap_change *c)
{
	if (c->mapping)
		for (unsigned int i = 0; i < VMS__RMAP_CHANGE_MAX; i++)
			if (c->vma[i])
				link_again(c, c->vma[i]);
	unlock_both(c->mapping, c->parts, c->anon_vma);
}

void vms__vma_hide(struct vm_area_struct *vma)
{
	vms__anon_vma_unlink(vma);
	vms__vma_unlink_file(vma);
}

void vms__rmap_lock(const struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma_mm(vma));
	/* One part is enough, because a walk holds the locks of all. */
	lock_both(mapping_of(vma), 1u << vma->vm_i_mmap, vma_anon_vma(vma));
}

void vms__rmap_unlock(const struct vm_area_struct *vma)
{
	unlock_both(mapping_of(vma), 1u << vma->vm_i_mmap, vma_anon_vma(vma));
}
