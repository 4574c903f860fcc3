/* SPDX-License-Identifier: MIT */
/*
 * reverse.c - from an address to its page, and from a page back to every
 * address where it is mapped.
 *
 * The reverse-map walk leads through the page's anon_vma, or its file, to the
 * VMAs that may map the page. The page table of each tells whether it does.
 *
 * Locks: vmastore/page.h states them. Read next: rmap.c, i_mmap.c.
 */
#include <vmastore/page.h>

#include "lib/engine/engine.h"
#include "lib/page/filemap.h"
#include "lib/page/i_mmap.h"
#include "lib/page/page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"

/* ---- there ---- */

/* Locks: mmap_lock R, or @vma's lock R. */
static struct page *page_in(struct vm_area_struct *vma, unsigned long addr)
{
	struct vms__ptable *leaf = vms__leaf_find(vma_mm(vma), addr);
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
	/* NULL means only that the VMA's lock was refused. */
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma)
		page = page_in(vma, addr);
	mmap_read_unlock(mm);
	return page;
}

/* ---- and back ---- */

/*
 * An address may be met twice: while a VMA is split or merged, its old and its
 * new VMA both cover it (rmap.h). The places are sorted whenever the room is
 * full, and at the end, so that equal places become neighbours and all but one
 * are dropped. A new place is looked for by bisection among those that are
 * sorted already. An address is met at most twice, so each sorting frees at
 * most half of what was added since the one before. The whole search takes O(n
 * log n) steps, and no memory.
 */
struct search {
	const struct page *page;
	struct vms_page_place *place;
	unsigned int nr, max;
	unsigned int in_order; /* how many are sorted and differ */
};

static bool comes_before(const struct vms_page_place *a, const struct vms_page_place *b)
{
	return a->mm != b->mm ? (uintptr_t)a->mm < (uintptr_t)b->mm : a->addr < b->addr;
}

static bool is_same(const struct vms_page_place *a, const struct vms_page_place *b)
{
	return a->mm == b->mm && a->addr == b->addr;
}

/* Move the place at @root down until no place below it comes after it. */
static void sink(struct vms_page_place *place, size_t root, size_t nr)
{
	struct vms_page_place sinking = place[root];

	for (size_t below = 2 * root + 1; below < nr; below = 2 * root + 1) {
		if (below + 1 < nr && comes_before(&place[below], &place[below + 1]))
			below++;
		if (!comes_before(&sinking, &place[below]))
			break;
		place[root] = place[below];
		root = below;
	}
	place[root] = sinking;
}

/*
 * Sort by heapsort: qsort() may allocate memory, and the caller may hold a
 * spinlock.
 */
static void put_in_order(struct vms_page_place *place, size_t nr)
{
	for (size_t root = nr / 2; root-- > 0;)
		sink(place, root, nr);
	while (nr-- > 1) {
		struct vms_page_place last = place[nr];

		place[nr] = place[0];
		place[0] = last;
		sink(place, 0, nr);
	}
}

/*
 * Keep each place once. The mm of a dropped place stays, because the place that
 * is kept has a reference to it too.
 */
static void drop_doubles(struct search *s)
{
	unsigned int kept = 0;

	put_in_order(s->place, s->nr);
	for (unsigned int i = 0; i < s->nr; i++) {
		if (kept && is_same(&s->place[kept - 1], &s->place[i]))
			mmdrop(s->place[i].mm);
		else
			s->place[kept++] = s->place[i];
	}
	s->nr = s->in_order = kept;
}

static bool is_known(const struct search *s, const struct vms_page_place *place)
{
	unsigned int low = 0, high = s->in_order;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (comes_before(&s->place[middle], place))
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->in_order && is_same(&s->place[low], place);
}

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

/*
 * Locks: those under which @vma was found. They also keep its mm, because a VMA
 *        leaves these lists before its mm is freed.
 */
static int note_place(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct vms_page_place place = {.mm = vma_mm(vma), .addr = addr};
	struct search *s = arg;

	if (!is_mapped_at(s->page, place.mm, addr) || is_known(s, &place))
		return 0;
	mmgrab(place.mm);
	s->place[s->nr++] = place;
	if (s->nr == s->max)
		drop_doubles(s);
	/* If no place was doubled, no room is left, and the walk ends. */
	return s->nr == s->max;
}

static int note_vma(struct vm_area_struct *vma, void *arg)
{
	const struct search *s = arg;

	return note_place(vma, vma_address(vma, s->page->index), arg);
}

static void search_file(struct search *s)
{
	struct address_space *mapping = vms__page_pin_mapping(s->page);

	if (!mapping)
		return;
	vms__i_mmap_walk(mapping, s->page->index, s->page->index, note_vma, s);
	vms_address_space_put(mapping);
}

unsigned int vms_page_places(const struct page *page, struct vms_page_place *place,
			     unsigned int max)
{
	struct search s = {.page = page, .place = place, .max = max};

	if (!max)
		return 0;
	if (vms__page_is_anon(page))
		vms__rmap_walk_anon(page, note_place, &s);
	else
		search_file(&s);
	drop_doubles(&s);
	return s.nr;
}
