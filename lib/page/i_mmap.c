/* SPDX-License-Identifier: MIT */
/*
 * i_mmap.c - the VMAs that map a file, and unmapping pages of a file from all
 * of them.
 *
 * Locks: i_mmap.h. Read next: rmap/change.c, for VMAs that change while they
 *        are linked; truncate.c, which makes a file shorter.
 */
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/revoke.h"
#include "lib/rbtree/interval_tree.h"
#include "lib/sync/lockdep.h"
#include "lib/sync/thread_slot.h"

/* ---- the trees ---- */

static inline pgoff_t first_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}

static inline pgoff_t last_page(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff + vma_pages(vma) - 1;
}

INTERVAL_TREE_DEFINE(struct vm_area_struct, shared.rb, pgoff_t, shared.rb_subtree_last, first_page,
		     last_page, static inline, i_mmap)

/*
 * Tells lockdep of the lock of @part. @first: whether it is the first one of
 * this file that the thread takes; the others nest in it, in ascending order.
 * All threads take them in that order, so no two wait for one another.
 */
static void note_acquire(struct address_space *mapping, unsigned int part, bool first)
{
	if (first)
		vms__lockdep_acquire(VMS__RANK_MAPPING, &mapping->i_mmap[part].rwsem, "i_mmap");
	else
		vms__lockdep_acquire_nested(VMS__RANK_MAPPING, &mapping->i_mmap[part].rwsem,
					    "i_mmap");
}

/* The lowest part of @set, which is not empty. */
static unsigned int lowest(vms__i_mmap_set set)
{
	return (unsigned int)__builtin_ctz(set);
}

void vms__i_mmap_lock_write(struct address_space *mapping, vms__i_mmap_set set) VMS_NO_TSA
{
	for (vms__i_mmap_set left = set; left; left &= left - 1) {
		note_acquire(mapping, lowest(left), left == set);
		down_write(&mapping->i_mmap[lowest(left)].rwsem);
	}
}

void vms__i_mmap_unlock_write(struct address_space *mapping, vms__i_mmap_set set) VMS_NO_TSA
{
	for (; set; set &= set - 1) {
		vms__lockdep_release(&mapping->i_mmap[lowest(set)].rwsem);
		up_write(&mapping->i_mmap[lowest(set)].rwsem);
	}
}

static void lock_all_read(struct address_space *mapping) VMS_NO_TSA
{
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++) {
		note_acquire(mapping, i, i == 0);
		down_read(&mapping->i_mmap[i].rwsem);
	}
}

static void unlock_all_read(struct address_space *mapping) VMS_NO_TSA
{
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS; i++) {
		vms__lockdep_release(&mapping->i_mmap[i].rwsem);
		up_read(&mapping->i_mmap[i].rwsem);
	}
}

unsigned char vms__i_mmap_own_part(void)
{
	/*
	 * A thread that has never counted anything has no slot, and needs none
	 * here: it shares a part with the other threads without a slot.
	 */
	return vms__thread_slot_plus_one % VMS_I_MMAP_PARTS;
}

void vms__i_mmap_add(struct vm_area_struct *vma)
{
	struct vms_i_mmap *part = vms__i_mmap_of(vma);

	rwsem_assert_held_write(&part->rwsem);
	VMS_ASSERT(RB_EMPTY_NODE(&vma->shared.rb));
	i_mmap_insert(vma, &part->tree);
}

void vms__i_mmap_del(struct vm_area_struct *vma)
{
	struct vms_i_mmap *part = vms__i_mmap_of(vma);

	rwsem_assert_held_write(&part->rwsem);
	VMS_ASSERT(!RB_EMPTY_NODE(&vma->shared.rb));
	i_mmap_remove(vma, &part->tree);
	RB_CLEAR_NODE(&vma->shared.rb);
}

void vms__vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	mmap_assert_write_locked(vma_mm(vma));
	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	vms__i_mmap_lock_write(mapping, 1u << vma->vm_i_mmap);
	vms__i_mmap_add(vma);
	vms__i_mmap_unlock_write(mapping, 1u << vma->vm_i_mmap);
}

void vms__vma_unlink_file(struct vm_area_struct *vma)
{
	struct address_space *mapping;

	mmap_assert_locked(vma_mm(vma));
	if (!vma->vm_file)
		return;
	mapping = vma->vm_file->f_mapping;
	vms__i_mmap_lock_write(mapping, 1u << vma->vm_i_mmap);
	/*
	 * The check comes under the lock, because a neighbour that is linked or
	 * unlinked rebalances the tree, which writes to this node.
	 */
	if (!RB_EMPTY_NODE(&vma->shared.rb))
		vms__i_mmap_del(vma);
	vms__i_mmap_unlock_write(mapping, 1u << vma->vm_i_mmap);
}

/* ---- looking ---- */

int vms__i_mmap_walk(struct address_space *mapping, pgoff_t first, pgoff_t last,
		     int (*visit)(struct vm_area_struct *vma, void *arg), void *arg)
{
	int ret = 0;

	lock_all_read(mapping);
	for (unsigned int i = 0; i < VMS_I_MMAP_PARTS && !ret; i++) {
		struct rb_root *tree = &mapping->i_mmap[i].tree;

		for (struct vm_area_struct *vma = i_mmap_iter_first(tree, first, last); vma && !ret;
		     vma = i_mmap_iter_next(vma, first, last))
			ret = visit(vma, arg);
	}
	unlock_all_read(mapping);
	return ret;
}

static int is_it(struct vm_area_struct *vma, void *arg)
{
	return vma == arg;
}

bool vms__vma_file_linked(const struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma_mm(vma));
	return !vma->vm_file || vms__i_mmap_walk(vma->vm_file->f_mapping, first_page(vma),
						 last_page(vma), is_it, (void *)vma);
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

	vms__zap_file_range(vma, vma_address(vma, first), vma_address(vma, last) + PAGE_SIZE,
			    hole->even_cows);
	return 0;
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start, pgoff_t nr, bool even_cows)
{
	struct hole hole = {.first = start, .last = start + nr - 1, .even_cows = even_cows};

	/*
	 * No number was given, or the sum wrapped: up to the last page that can
	 * be counted.
	 */
	if (!nr || hole.last < start)
		hole.last = ~(pgoff_t)0;
	/*
	 * The count comes before any page table is looked at. Otherwise a fault
	 * that reaches a leaf after the walk and before the count would map a
	 * page that was taken back (revoke.h).
	 */
	vms__revoke(mapping, hole.first, hole.last);
	vms__i_mmap_walk(mapping, hole.first, hole.last, unmap_hole, &hole);
}

void unmap_mapping_range(struct address_space *mapping, unsigned long holebegin,
			 unsigned long holelen, int even_cows)
{
	pgoff_t first = holebegin >> PAGE_SHIFT;
	/*
	 * One more than the last page that the hole touches; 0 stands for all
	 * pages to the end, also where the sum would wrap.
	 */
	pgoff_t end = holelen && holebegin + holelen > holebegin
			      ? ((holebegin + holelen - 1) >> PAGE_SHIFT) + 1
			      : 0;

	unmap_mapping_pages(mapping, first, end ? end - first : 0, even_cows != 0);
}
