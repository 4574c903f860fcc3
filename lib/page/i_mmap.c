/* SPDX-License-Identifier: MIT */
/*
 * i_mmap.c - which VMAs map a file, and taking pages of a file out of all of them.
 *
 * Locks: i_mmap.h. Read next: rmap_change.c, for VMAs that change while they are linked; truncate.c, which makes a file shorter.
 */
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/revoke.h"
#include "lib/rbtree/interval_tree.h"
#include "lib/sync/lockdep.h"

/* ---- the tree ---- */

static inline pgoff_t first_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}

static inline pgoff_t last_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff + ((vma->vm_end - vma->vm_start) >> PAGE_SHIFT) - 1;
}

INTERVAL_TREE_DEFINE(struct vm_area_struct, shared.rb, pgoff_t, shared.rb_subtree_last, first_page, last_page, static inline,
		     i_mmap)

void vms__i_mmap_lock_write(struct address_space *mapping)
{
	vms__lockdep_acquire(VMS__RANK_MAPPING, &mapping->i_mmap_rwsem, "i_mmap_rwsem");
	down_write(&mapping->i_mmap_rwsem);
}

void vms__i_mmap_unlock_write(struct address_space *mapping)
{
	vms__lockdep_release(&mapping->i_mmap_rwsem);
	up_write(&mapping->i_mmap_rwsem);
}

void vms__i_mmap_lock_read(struct address_space *mapping)
{
	vms__lockdep_acquire(VMS__RANK_MAPPING, &mapping->i_mmap_rwsem, "i_mmap_rwsem");
	down_read(&mapping->i_mmap_rwsem);
}

void vms__i_mmap_unlock_read(struct address_space *mapping)
{
	vms__lockdep_release(&mapping->i_mmap_rwsem);
	up_read(&mapping->i_mmap_rwsem);
}

void vms__i_mmap_add(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_file->f_mapping;

	rwsem_assert_held_write(&mapping->i_mmap_rwsem);
	VMS_ASSERT(RB_EMPTY_NODE(&vma->shared.rb));
	i_mmap_insert(vma, &mapping->i_mmap);
}

void vms__i_mmap_del(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_file->f_mapping;

	rwsem_assert_held_write(&mapping->i_mmap_rwsem);
	VMS_ASSERT(!RB_EMPTY_NODE(&vma->shared.rb));
	i_mmap_remove(vma, &mapping->i_mmap);
	RB_CLEAR_NODE(&vma->shared.rb);
}

void vms__vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	mmap_assert_write_locked(vms__vma_mm(vma));
	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	vms__i_mmap_lock_write(mapping);
	vms__i_mmap_add(vma);
	vms__i_mmap_unlock_write(mapping);
}

void vms__vma_unlink_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	mmap_assert_locked(vms__vma_mm(vma));
	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	vms__i_mmap_lock_write(mapping);
	/* Under the lock: a neighbour that comes or goes turns the node. */
	if (!RB_EMPTY_NODE(&vma->shared.rb))
		vms__i_mmap_del(vma);
	vms__i_mmap_unlock_write(mapping);
}

/* ---- looking ---- */

int vms__i_mmap_walk(struct address_space *mapping, pgoff_t first, pgoff_t last,
		     int (*visit)(struct vm_area_struct *vma, void *arg), void *arg)
{
	struct vm_area_struct *vma;
	int ret = 0;

	vms__i_mmap_lock_read(mapping);
	for (vma = i_mmap_iter_first(&mapping->i_mmap, first, last); vma && !ret; vma = i_mmap_iter_next(vma, first, last))
		ret = visit(vma, arg);
	vms__i_mmap_unlock_read(mapping);
	return ret;
}

static int is_it(struct vm_area_struct *vma, void *arg)
{
	return vma == arg;
}

bool vms__vma_file_linked(const struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vms__vma_mm(vma));
	return !vma->vm_file || vms__i_mmap_walk(vma->vm_file->f_mapping, first_page(vma), last_page(vma), is_it, (void *)vma);
}

/* ---- unmapping ---- */

struct hole {
	pgoff_t first, last;
	bool even_cows;
};

static int unmap_hole(struct vm_area_struct *vma, void *arg)
{
	const struct hole *hole = arg;
	pgoff_t first = hole->first > first_page(vma) ? hole->first : first_page(vma);
	pgoff_t last = hole->last < last_page(vma) ? hole->last : last_page(vma);

	vms__zap_file_range(vma, vms__vma_address(vma, first), vms__vma_address(vma, last) + PAGE_SIZE, hole->even_cows);
	return 0;
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows)
{
	struct hole hole = {.first = start, .last = start + nr - 1, .even_cows = even_cows};

	/* Nothing asked for, or to the end of what can be counted. */
	if (!nr || hole.last < start)
		hole.last = ~(pgoff_t)0;
	/* Before any page table is looked at. */
	vms__revoke(mapping, hole.first, hole.last);
	vms__i_mmap_walk(mapping, hole.first, hole.last, unmap_hole, &hole);
}

void unmap_mapping_range(struct address_space *mapping, unsigned long holebegin, unsigned long holelen, int even_cows)
{
	pgoff_t first = holebegin >> PAGE_SHIFT;
	/* The page after the last that the hole touches; 0, for all up to the end, also where the sum would wrap. */
	pgoff_t end = holelen && holebegin + holelen > holebegin ? ((holebegin + holelen - 1) >> PAGE_SHIFT) + 1 : 0;

	unmap_mapping_pages(mapping, first, end ? end - first : 0, even_cows != 0);
}
