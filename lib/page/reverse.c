/* SPDX-License-Identifier: MIT */
/*
 * reverse.c - from an address to its page, and from a page back to every address where it is mapped.
 *
 * The way back leads through the page's anon_vma, or its file, to the VMAs that may map it; the page table of each says whether it does.
 *
 * Locks: vmastore/page.h states them. Read next: rmap.c, i_mmap.c.
 */
#include <vmastore/page.h>

#include "lib/engine/engine.h"
#include "lib/page/filemap.h"
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap.h"

/* ---- there ---- */

/* Locks: mmap_lock R, or @vma's lock R. */
static struct page *page_in(struct vm_area_struct *vma, unsigned long addr)
{
	struct vms__ptable *leaf = vms__leaf_find(vms__vma_mm(vma), addr);
	struct page *page;

	vma_assert_locked(vma);
	if (!leaf)
		return NULL;
	vms__ptable_lock(leaf);
	page = vms__pte_page(vms__pte_load(leaf, vms__pt_index(addr, 0)));
	if (page)
		vms__page_get(page);
	vms__ptable_unlock(leaf);
	return page;
}

struct page *vms_page_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm, addr);
	struct page *page = NULL;

	if (vma) {
		page = page_in(vma, addr);
		vma_end_read(vma);
		return page;
	}
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		page = page_in(vma, addr);
	mmap_read_unlock(mm);
	return page;
}

/* ---- and back ---- */

struct search {
	const struct page *page;
	struct vms_page_place *place;
	unsigned int nr, max;
};

static bool is_mapped_at(const struct page *page, const struct mm_struct *mm, unsigned long addr)
{
	struct vms__ptable *leaf = vms__leaf_find(mm, addr);
	bool mapped;

	if (!leaf)
		return false;
	vms__ptable_lock(leaf);
	mapped = vms__pte_page(vms__pte_load(leaf, vms__pt_index(addr, 0))) == page;
	vms__ptable_unlock(leaf);
	return mapped;
}

static bool is_known(const struct search *s, const struct mm_struct *mm, unsigned long addr)
{
	for (unsigned int i = 0; i < s->nr; i++)
		if (s->place[i].mm == mm && s->place[i].addr == addr)
			return true;
	return false;
}

/* Locks: those under which @vma was found, which also keep its mm: a VMA leaves these lists before its mm goes. */
static int note_place(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct mm_struct *mm = vms__vma_mm(vma);
	struct search *s = arg;

	if (!is_mapped_at(s->page, mm, addr) || is_known(s, mm, addr))
		return 0;
	mmgrab(mm);
	s->place[s->nr++] = (struct vms_page_place){.mm = mm, .addr = addr};
	return s->nr == s->max;
}

static int note_vma(struct vm_area_struct *vma, void *arg)
{
	const struct search *s = arg;

	return note_place(vma, vms__vma_address(vma, s->page->index), arg);
}

static void search_file(struct search *s)
{
	struct address_space *mapping = vms__page_pin_mapping(s->page);

	if (!mapping)
		return;
	vms__i_mmap_walk(mapping, s->page->index, s->page->index, note_vma, s);
	vms_address_space_put(mapping);
}

unsigned int vms_page_places(const struct page *page, struct vms_page_place *place, unsigned int max)
{
	struct search s = {.page = page, .place = place, .max = max};

	if (!max)
		return 0;
	if (vms__page_is_anon(page))
		vms__rmap_walk_anon(page, note_place, &s);
	else
		search_file(&s);
	return s.nr;
}
