/* SPDX-License-Identifier: MIT */
/*
 * test_index.c - every index of the table `indexes`, compared with a flat
 * model: an array that says which VMA owns each page. One table of cases runs
 * on every index.
 *
 * Each store follows the protocol of lib/engine/engine.h: prepare with the old
 * fields, change them, commit. The model tells which VMAs are trimmed and which
 * are removed, so that a case only says which pages each VMA gets. A removed
 * VMA is overwritten and freed at once: an index that still refers to it
 * returns a wrong answer, or AddressSanitizer reports it.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "lib/engine/engine.h"
#include "tests/support/number.h"

static const struct {
	const char *name;
	const struct vms__index_ops *ops;
} indexes[] = {
	{"rbtree", &vms__index_rbtree},
	{"maple", &vms__index_maple},
	{"maple under RCU", &vms__index_maple_rcu},
};

#define NR_INDEXES (sizeof(indexes) / sizeof(indexes[0]))
#define MAX_PAGES 4096u

static unsigned int seed;

struct space {
	struct mm_struct mm;
	struct vms__engine engine;
	struct vms__place place; /* of this store or of an earlier one */
	unsigned int pages;      /* VMAs lie in [0, pages); all beyond is free */
	struct vm_area_struct *owner[MAX_PAGES];
	struct vm_area_struct *after[MAX_PAGES]; /* owners after the current store */
};

static unsigned long addr_of(unsigned long page)
{
	return page << PAGE_SHIFT;
}

static unsigned int random_below(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

/* ---- the space and its stores -------------------------------------------- */

/*
 * Holds mmap_lock for writing from here to space_free(), because every index
 * operation of these tests may belong to a writer.
 */
static struct space *space_new(const struct vms__index_ops *index, unsigned int pages) VMS_NO_TSA
{
	struct space *space = aligned_alloc(VMS_CACHELINE, sizeof(*space));

	assert_non_null(space);
	assert_true(pages <= MAX_PAGES);
	memset((void *)space, 0, offsetof(struct space, owner) + pages * sizeof(space->owner[0]));
	space->pages = pages;
	space->engine =
		(struct vms__engine){.name = index->name, .index = index, .lock = &vms__lock_mmap};
	space->mm.engine = &space->engine;
	init_rwsem(&space->mm.mmap_lock);
	index->init(&space->mm);
	mmap_write_lock(&space->mm);
	return space;
}

static void vma_free(struct vm_area_struct *vma)
{
	memset((void *)vma, 0xa5, sizeof(*vma));
	free(vma);
}

static void space_free(struct space *space) VMS_NO_TSA
{
	space->engine.index->destroy(&space->mm);
	assert_null(vms__find(&space->mm, 0));
	for (unsigned int p = 0; p < space->pages; p++)
		if (space->owner[p] &&
		    (p + 1 == space->pages || space->owner[p] != space->owner[p + 1]))
			vma_free(space->owner[p]);
	mmap_write_unlock(&space->mm);
	free(space);
}

static struct vm_area_struct *vma_new(struct space *space, unsigned int first, unsigned int end)
{
	struct vm_area_struct *vma = aligned_alloc(VMS_CACHELINE, sizeof(*vma));

	assert_non_null(vma);
	memset((void *)vma, 0, sizeof(*vma));
	atomic_store_explicit(&vma->vm_mm, &space->mm, memory_order_relaxed);
	vma->vm_start = addr_of(first);
	vma->vm_end = addr_of(end);
	return vma;
}

/*
 * Gives each VMA that keeps pages its new range, and collects in @leaving the
 * VMAs that keep none, in order. Return: the number of those.
 */
static unsigned int apply_fields(struct space *space, struct vm_area_struct **leaving)
{
	unsigned int nr = 0;

	for (unsigned int p = 0; p < space->pages; p++)
		if (space->owner[p])
			space->owner[p]->vm_private_data = NULL;
	for (unsigned int p = 0; p < space->pages; p++) {
		struct vm_area_struct *vma = space->after[p];

		if (vma)
			vma->vm_private_data = space; /* marks a VMA that keeps pages */
		if (vma && (!p || space->after[p - 1] != vma))
			vma->vm_start = addr_of(p);
		if (vma && (p + 1 == space->pages || space->after[p + 1] != vma))
			vma->vm_end = addr_of(p + 1);
	}
	for (unsigned int p = 0; p < space->pages; p++) {
		struct vm_area_struct *vma = space->owner[p];

		if (vma && !vma->vm_private_data && (!p || space->owner[p - 1] != vma))
			leaving[nr++] = vma;
	}
	return nr;
}

/*
 * Return: what the caller of a store may pass as its place: no place, the
 * store's own, another range's, or one from before the last store.
 */
static struct vms__place *some_place(struct space *space, unsigned int first, unsigned int end)
{
	switch (random_below(4)) {
	case 0:
		return NULL;
	case 1:
		vms__around(&space->mm, addr_of(first), addr_of(end), &space->place);
		break;
	case 2:
		vms__around(&space->mm, addr_of(random_below(space->pages)), 0, &space->place);
		break;
	default:
		break;
	}
	return &space->place;
}

/* Return: the first page from @page on where a VMA begins, or the end. */
static unsigned int next_start(const struct space *space, unsigned int page)
{
	while (page < space->pages &&
	       (!space->owner[page] || space->owner[page]->vm_start != addr_of(page)))
		page++;
	return page;
}

/*
 * Asserts that chain() links each VMA of [@vma, @end) to the next, and does not
 * write to the VMA behind them. Return: the number of VMAs it links.
 */
static unsigned int chain(struct space *space, struct vm_area_struct *vma, unsigned long end)
{
	unsigned int page = (unsigned int)(vma->vm_start >> PAGE_SHIFT), behind = page, nr = 0;
	const struct vm_area_struct *kept = NULL;

	while (behind < space->pages && addr_of(behind) < end)
		behind = next_start(space, behind + 1);
	if (behind < space->pages)
		kept = space->owner[behind]->vm_next;
	space->engine.index->chain(&space->mm, vma, end);
	for (; page < behind; page = next_start(space, page + 1), nr++) {
		assert_ptr_equal(vma, space->owner[page]);
		vma = vma->vm_next;
	}
	assert_ptr_equal(vma, behind < space->pages ? space->owner[behind] : NULL);
	assert_true(!vma || vma->vm_next == kept);
	return nr;
}

/*
 * Fills what the caller of a store may already know: the VMAs to remove,
 * provided that the store's own VMA is not between them.
 */
static void know(struct space *space, struct vms__store *store, unsigned int first,
		 unsigned int end)
{
	struct vm_area_struct *vma = NULL;

	for (unsigned int p = first; p < end; p++) {
		struct vm_area_struct *owner = space->owner[p];

		if (!owner || owner == store->vma || owner->vm_start < store->start ||
		    owner->vm_end > store->end || (p > first && space->owner[p - 1] == owner))
			continue;
		if (!store->nr++)
			store->first = owner;
		else if (chain(space, vma, owner->vm_end) != 2)
			return;
		vma = owner;
	}
	if (vma)
		chain(space, store->first, vma->vm_end);
	store->prev = NULL;
	for (unsigned int p = first; p-- > 0 && !store->prev;)
		store->prev = space->owner[p];
	store->known = true;
}

/*
 * One store: pages [@first, @end) go to @vma, which may be new, or become free.
 */
static void store(struct space *space, unsigned int first, unsigned int end,
		  struct vm_area_struct *vma)
{
	struct vms__store store = {.start = addr_of(first), .end = addr_of(end), .vma = vma};
	struct vm_area_struct *leaving[MAX_PAGES], *victim;
	unsigned int nr;

	memcpy(space->after, space->owner, space->pages * sizeof(space->owner[0]));
	for (unsigned int p = first; p < end; p++)
		space->after[p] = vma;

	store.place = some_place(space, first, end);
	if (random_below(2))
		know(space, &store, first, end);
	assert_int_equal(vms__index_prepare(&space->mm, &store), 0);
	nr = apply_fields(space, leaving);
	vms__index_commit(&space->mm, &store);
	memcpy(space->owner, space->after, space->pages * sizeof(space->owner[0]));
	if (vma)
		assert_int_equal(vma->vm_index_state, 1);

	victim = store.victims;
	for (unsigned int i = 0; i < nr; i++) {
		struct vm_area_struct *next;

		assert_ptr_equal(victim, leaving[i]);
		assert_int_equal(victim->vm_index_state, 0);
		next = victim->vm_next;
		vma_free(victim);
		victim = next;
	}
	assert_null(victim);
}

static struct vm_area_struct *store_new(struct space *space, unsigned int first, unsigned int end)
{
	struct vm_area_struct *vma = vma_new(space, first, end);

	store(space, first, end, vma);
	return vma;
}

/* ---- the model's answers ------------------------------------------------- */

static struct vm_area_struct *owner_at(const struct space *space, unsigned long page)
{
	return page < space->pages ? space->owner[page] : NULL;
}

static struct vm_area_struct *model_find(const struct space *space, unsigned long addr)
{
	for (unsigned long p = addr >> PAGE_SHIFT; p < space->pages; p++)
		if (space->owner[p])
			return space->owner[p];
	return NULL;
}

static struct vm_area_struct *model_prev_below(const struct space *space, unsigned long addr)
{
	/*
	 * The page of the last byte below @addr, and each page before it, lies
	 * in a VMA that starts below @addr, or in none.
	 */
	unsigned long p = addr ? ((addr - 1) >> PAGE_SHIFT) + 1 : 0;

	if (p > space->pages)
		p = space->pages;
	while (p-- > 0)
		if (space->owner[p])
			return space->owner[p];
	return NULL;
}

static bool model_free(const struct space *space, unsigned long first, unsigned long end)
{
	for (unsigned long p = first; p < end; p++)
		if (owner_at(space, p))
			return false;
	return true;
}

static bool model_gap(const struct space *space, unsigned long low, unsigned long high,
		      unsigned long size, bool highest, unsigned long *page)
{
	if (high < low || high - low < size)
		return false;
	for (unsigned long i = 0; i <= high - low - size; i++) {
		*page = highest ? high - size - i : low + i;
		if (model_free(space, *page, *page + size))
			return true;
	}
	return false;
}

/* ---- comparing ----------------------------------------------------------- */

static void assert_same_lookup(struct space *space, unsigned long addr)
{
	assert_ptr_equal(vms__find(&space->mm, addr), model_find(space, addr));
	assert_ptr_equal(vms__prev_below(&space->mm, addr), model_prev_below(space, addr));
}

static void assert_same_lookups_around(struct space *space, unsigned int page)
{
	assert_same_lookup(space, addr_of(page));
	assert_same_lookup(space, addr_of(page) + 1);
	assert_same_lookup(space, addr_of(page) + PAGE_SIZE - 1);
}

/* Asks with a new place, so that the index has to search. */
static void assert_around(struct space *space, unsigned long start, unsigned long end,
			  const struct vm_area_struct *vma, const struct vm_area_struct *prev,
			  const struct vm_area_struct *after)
{
	struct vms__place place;

	vms__place_begin(&place);
	assert_ptr_equal(vms__around(&space->mm, start, end, &place), vma);
	assert_ptr_equal(place.prev, prev);
	assert_ptr_equal(place.after, after);
}

static void assert_same_walk(struct space *space)
{
	const struct vms__index_ops *index = space->engine.index;
	struct vm_area_struct *vma = vms__find(&space->mm, 0), *last = NULL, *before, *beside[2];

	for (unsigned int p = 0; p < space->pages; p++) {
		if (!space->owner[p] || space->owner[p] == last)
			continue;
		assert_ptr_equal(vma, space->owner[p]);
		before = last;
		assert_ptr_equal(index->prev(&space->mm, vma), before);
		last = space->owner[p];
		vma = index->next(&space->mm, last);
		index->touching(&space->mm, last, &beside[0], &beside[1]);
		assert_ptr_equal(beside[0],
				 before && before->vm_end == last->vm_start ? before : NULL);
		assert_ptr_equal(beside[1], vma && vma->vm_start == last->vm_end ? vma : NULL);
		assert_around(space, last->vm_start, ULONG_MAX, last, before, vma);
		/*
		 * The search may begin anywhere in the VMA, or in the gap
		 * before it. The next VMA is reported only if this VMA begins
		 * below the end that was asked for.
		 */
		assert_around(space, last->vm_end - 1, last->vm_start + 1, last, before, vma);
		assert_around(space, before ? before->vm_end : 0, last->vm_start, last, before,
			      NULL);
	}
	assert_null(vma);
	assert_around(space, addr_of(space->pages + 1), ULONG_MAX, NULL, last, NULL);
}

#define NO_GAP ULONG_MAX

/* Return: the start of a gap of @size bytes, or NO_GAP. */
static unsigned long gap(struct space *space, unsigned long low, unsigned long high,
			 unsigned long size, bool highest)
{
	struct vms__place place;

	vms__place_begin(&place);
	return vms__gap(&space->mm, low, high, size, highest, &place) ? place.start : NO_GAP;
}

static void assert_same_gap_from(struct space *space, unsigned long low, unsigned long high,
				 unsigned long size, bool highest)
{
	struct vms__place place;
	unsigned long page = 0;
	bool found = model_gap(space, low, high, size, highest, &page);

	vms__place_begin(&place);
	assert_int_equal(vms__gap(&space->mm, addr_of(low), addr_of(high), addr_of(size), highest,
				  &place),
			 found);
	if (!found)
		return;
	assert_int_equal(place.start, addr_of(page));
	assert_int_equal(place.end, addr_of(page + size));
	assert_ptr_equal(place.vma, model_find(space, addr_of(page)));
	assert_ptr_equal(place.prev, model_prev_below(space, addr_of(page)));
	assert_null(place.after);
}

static void assert_same_gap(struct space *space, unsigned long low, unsigned long high,
			    unsigned long size)
{
	assert_same_gap_from(space, low, high, size, false);
	assert_same_gap_from(space, low, high, size, true);
}

/* A place from before the last store is searched again, not trusted. */
static void assert_old_place_is_renewed(struct space *space)
{
	struct vms__place *place = &space->place;
	struct vm_area_struct *vma;

	if (!place->seq || place->start >= place->end)
		return;
	vma = model_find(space, place->start);
	assert_ptr_equal(vms__around(&space->mm, place->start, place->end, place), vma);
	assert_ptr_equal(place->prev, model_prev_below(space, vma ? vma->vm_start : ULONG_MAX));
}

static void assert_same_random_gaps(struct space *space, unsigned int n)
{
	while (n--) {
		unsigned int low = random_below(space->pages + 4),
			     high = low + random_below(space->pages + 8 - low);

		assert_same_gap(space, low, high, 1 + random_below(random_below(4) ? 4 : 40));
	}
}

/* For small spaces: asks every question, but only a sample of the gaps. */
static void assert_same(struct space *space)
{
	assert_int_equal(space->engine.index->validate(&space->mm, stderr), 0);
	for (unsigned int p = 0; p < space->pages + 2; p++)
		assert_same_lookups_around(space, p);
	assert_same_lookup(space, ULONG_MAX);
	assert_same_walk(space);
	assert_old_place_is_renewed(space);
	assert_same_random_gaps(space, 8);
}

static void assert_same_sample(struct space *space)
{
	assert_int_equal(space->engine.index->validate(&space->mm, stderr), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_same_lookups_around(space, random_below(space->pages + 2));
	assert_same_walk(space);
	assert_old_place_is_renewed(space);
	assert_same_random_gaps(space, 2);
}

/* ---- cases: lookup ------------------------------------------------------- */

static void empty_index_finds_nothing(void **state)
{
	struct space *space = space_new(*state, 16);

	assert_same(space);
	assert_int_equal(gap(space, 0, ULONG_MAX & PAGE_MASK, PAGE_SIZE, false), 0);
	assert_int_equal(gap(space, 0, ULONG_MAX & PAGE_MASK, PAGE_SIZE, true),
			 (ULONG_MAX & PAGE_MASK) - PAGE_SIZE);
	space_free(space);
}

static void destroyed_index_finds_nothing(void **state)
{
	struct space *space = space_new(*state, 16);

	store_new(space, 3, 5);
	assert_non_null(vms__find(&space->mm, addr_of(3)));
	space_free(space); /* looks for it after destroy() */
}

static void find_answers_the_vma_that_covers_or_follows(void **state)
{
	struct space *space = space_new(*state, 16);
	struct vm_area_struct *a = store_new(space, 2, 4), *b = store_new(space, 4, 6),
			      *c = store_new(space, 10, 11);

	for (int again = 0; again < 2; again++) { /* the second time from a cache, if any */
		assert_ptr_equal(vms__find(&space->mm, 0), a);
		assert_ptr_equal(vms__find(&space->mm, addr_of(4) - 1), a);
		assert_ptr_equal(vms__find(&space->mm, addr_of(4)), b);
		assert_ptr_equal(vms__find(&space->mm, addr_of(6)), c);
		assert_ptr_equal(vms__find(&space->mm, addr_of(10)), c);
		assert_null(vms__find(&space->mm, addr_of(11)));
	}
	space_free(space);
}

static void prev_below_answers_the_last_that_starts_before(void **state)
{
	struct space *space = space_new(*state, 16);
	struct vm_area_struct *a = store_new(space, 2, 4), *b = store_new(space, 8, 9);

	assert_null(vms__prev_below(&space->mm, 0));
	assert_null(vms__prev_below(&space->mm, addr_of(2)));
	assert_ptr_equal(vms__prev_below(&space->mm, addr_of(2) + 1), a);
	assert_ptr_equal(vms__prev_below(&space->mm, addr_of(8)), a);
	assert_ptr_equal(vms__prev_below(&space->mm, ULONG_MAX), b);
	space_free(space);
}

static void vma_at_address_zero_is_found(void **state)
{
	struct space *space = space_new(*state, 8);

	store_new(space, 0, 1);
	assert_same(space);
	space_free(space);
}

static void chain_links_the_vmas_of_a_range(void **state)
{
	struct space *space = space_new(*state, 256);

	for (unsigned int p = 0; p < 256; p += 2 + p % 3)
		store_new(space, p, p + 1 + p / 2 % 2);
	for (unsigned int first = 0; first < 256; first = next_start(space, first + 1))
		for (unsigned int end = first + 1; end <= 256; end += 1 + end % 5)
			chain(space, space->owner[first], addr_of(end));
	space_free(space);
}

/* ---- cases: stores ------------------------------------------------------- */

static void insert_in_any_order(void **state)
{
	static const unsigned int firsts[] = {20, 4, 12, 28, 0, 8, 16, 24, 30, 2};
	struct space *space = space_new(*state, 32);

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		store_new(space, firsts[i], firsts[i] + 2);
		assert_same(space);
	}
	space_free(space);
}

/* Sixteen VMAs of two pages; two free pages follow each. */
static struct space *comb(const struct vms__index_ops *index)
{
	struct space *space = space_new(index, 64);

	for (unsigned int p = 0; p < 64; p += 4)
		store_new(space, p, p + 2);
	return space;
}

static void erase_one(void **state)
{
	for (unsigned int p = 0; p < 64; p += 4) {
		struct space *space = comb(*state);

		store(space, p, p + 2, NULL);
		assert_same(space);
		space_free(space);
	}
}

static void erase_many_and_trim_both_ends(void **state)
{
	for (unsigned int first = 0; first < 64; first++) {
		for (unsigned int end = first + 3; end <= 64; end += 5) {
			struct space *space = comb(*state);

			store(space, first, end, NULL);
			assert_same(space);
			space_free(space);
		}
	}
}

static void erase_everything(void **state)
{
	struct space *space = comb(*state);

	store(space, 0, 64, NULL);
	assert_same(space);
	store_new(space, 5, 6);
	assert_same(space);
	space_free(space);
}

static void erase_of_a_hole_changes_nothing(void **state)
{
	struct space *space = comb(*state);

	store(space, 6, 8, NULL);
	assert_same(space);
	space_free(space);
}

static void trim_of_one_end_moves_the_gap(void **state)
{
	for (unsigned int p = 0; p < 64; p += 4) {
		struct space *space = comb(*state);

		store(space, p, p + 1, NULL);
		assert_same(space);
		space_free(space);

		space = comb(*state);
		store(space, p + 1, p + 2, NULL);
		assert_same(space);
		space_free(space);
	}
}

static void split_gives_one_side_to_a_new_vma(void **state)
{
	for (unsigned int p = 0; p < 64; p += 4) {
		for (unsigned int side = 0; side < 2; side++) {
			struct space *space = comb(*state);

			store_new(space, p + side, p + side + 1);
			assert_same(space);
			space_free(space);
		}
	}
}

static void replace_one_by_one(void **state)
{
	for (unsigned int p = 0; p < 64; p += 4) {
		struct space *space = comb(*state);

		store_new(space, p, p + 2);
		assert_same(space);
		space_free(space);
	}
}

static void replace_many_by_one(void **state)
{
	for (unsigned int first = 0; first < 64; first += 3) {
		for (unsigned int end = first + 5; end <= 64; end += 7) {
			struct space *space = comb(*state);

			store_new(space, first, end);
			assert_same(space);
			space_free(space);
		}
	}
}

static void replace_everything_by_one(void **state)
{
	struct space *space = comb(*state);

	store_new(space, 0, 64);
	assert_same(space);
	space_free(space);
}

/*
 * Each VMA in turn, in a new space, grows to each range that contains it: over
 * holes, whole neighbours and parts of them, on one side or on both.
 */
static void grow_over_neighbours_on_both_sides(void **state)
{
	for (unsigned int p = 0; p < 64; p += 4) {
		for (unsigned int first = 0; first <= p; first += p < 16 ? 1 : 5) {
			for (unsigned int end = p + 2; end <= 64; end += 5) {
				struct space *space = comb(*state);

				store(space, first, end, space->owner[p]);
				assert_same(space);
				space_free(space);
			}
		}
	}
}

/*
 * Symptom: a gap is reported that no longer exists. Cause: a node of the tree
 * still counts it. The VMA before the largest gap by far grows over it, and
 * VMAs on both sides are removed with it, which rotates the tree in many ways:
 * a node that missed the update reports the old gap.
 */
static void grow_over_the_largest_gap(void **state)
{
	for (int round = 0; round < 3000; round++) {
		unsigned int nr = 6 + random_below(40), grows = 1 + random_below(nr - 3),
			     below = 1 + random_below(grows);
		unsigned int above = 1 + random_below(2), page[48];
		struct space *space = space_new(*state, 160);

		for (unsigned int i = 0; i < nr; i++)
			page[i] = 2 * i + (i > grows ? 50 : 0);
		/* Insert from the middle outwards, or in either direction. */
		for (unsigned int i = 0; i < nr; i++) {
			unsigned int at = round % 3 == 0   ? i
					  : round % 3 == 1 ? nr - 1 - i
							   : (i * 17 + nr / 2) % nr;

			if (!space->owner[page[at]])
				store_new(space, page[at], page[at] + 1);
		}
		for (unsigned int i = 0; i < nr; i++)
			if (!space->owner[page[i]])
				store_new(space, page[i], page[i] + 1);
		store(space, page[grows - below], page[grows + above] + 1,
		      space->owner[page[grows]]);
		assert_int_equal(space->engine.index->validate(&space->mm, stderr), 0);
		space_free(space);
	}
}

static void grown_vma_swallows_itself_only(void **state)
{
	struct space *space = comb(*state);

	store(space, 8, 10, space->owner[8]);
	assert_same(space);
	space_free(space);
}

/* The border between two adjacent VMAs moves up or down. */
static void border_moves_between_neighbours(void **state)
{
	struct space *space = space_new(*state, 32);

	store_new(space, 4, 12);
	store_new(space, 12, 20);
	store(space, 4, 16, space->owner[4]);
	assert_same(space);
	store(space, 6, 20, space->owner[19]);
	assert_same(space);
	store(space, 4, 19, space->owner[4]);
	assert_same(space);
	space_free(space);
}

static void cancel_leaves_everything_as_it_was(void **state)
{
	struct space *space = comb(*state);
	struct vm_area_struct *vma = vma_new(space, 3, 30);
	struct vms__store stores[] = {
		{.start = addr_of(3), .end = addr_of(30), .vma = vma},
		{.start = addr_of(3), .end = addr_of(30), .vma = NULL},
		{.start = addr_of(3), .end = addr_of(30), .vma = space->owner[16]},
	};

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		assert_int_equal(vms__index_prepare(&space->mm, &stores[i]), 0);
		vms__index_cancel(&space->mm, &stores[i]);
		assert_int_equal(vma->vm_index_state, 0);
		assert_same(space);
	}
	vma_free(vma);
	space_free(space);
}

/* ---- cases: gaps --------------------------------------------------------- */

static void every_window_and_size_of_a_small_space(void **state)
{
	struct space *space = space_new(*state, 24);

	store_new(space, 1, 3);
	store_new(space, 3, 4);
	store_new(space, 6, 7);
	store_new(space, 8, 9);
	store_new(space, 13, 14);
	store_new(space, 16, 20);
	for (unsigned int low = 0; low < 26; low++)
		for (unsigned int high = low; high < 28; high++)
			for (unsigned int size = 1; size < 12; size++)
				assert_same_gap(space, low, high, size);
	space_free(space);
}

static void window_inside_one_gap(void **state)
{
	struct space *space = space_new(*state, 64);

	store_new(space, 0, 2);
	store_new(space, 60, 62);
	assert_same_gap(space, 10, 20, 10);
	assert_same_gap(space, 10, 20, 11);
	assert_same_gap(space, 2, 60, 58);
	assert_same_gap(space, 2, 60, 59);
	space_free(space);
}

static void large_gaps_cut_by_the_window_do_not_hide_a_small_one(void **state)
{
	struct space *space = space_new(*state, 256);

	store_new(space, 100, 101);
	store_new(space, 103, 104);
	store_new(space, 106, 107);
	assert_same_gap(space, 99, 108, 2);
	assert_same_gap(space, 98, 109, 2);
	assert_same_gap(space, 100, 107, 2);
	assert_same_gap(space, 104, 107, 2);
	assert_same_gap(space, 105, 107, 2);
	space_free(space);
}

static void window_up_to_the_top_of_the_address_space(void **state)
{
	struct space *space = space_new(*state, 16);
	unsigned long top = ULONG_MAX & PAGE_MASK;

	store_new(space, 4, 6);
	assert_int_equal(gap(space, 0, top, addr_of(3), true), top - addr_of(3));
	assert_int_equal(gap(space, addr_of(2), top, addr_of(3), false), addr_of(6));
	assert_int_equal(gap(space, 0, top, top - addr_of(5), false), NO_GAP);
	assert_int_equal(gap(space, top - PAGE_SIZE, top, 2 * PAGE_SIZE, true), NO_GAP);
	space_free(space);
}

/* ---- cases: at random ---------------------------------------------------- */

/*
 * Whether one VMA owns pages before @first and pages from @end on: a store of
 * [@first, @end) would split it.
 */
static bool punches(const struct space *space, unsigned int first, unsigned int end)
{
	const struct vm_area_struct *vma = owner_at(space, first);

	return vma && first && space->owner[first - 1] == vma && owner_at(space, end) == vma;
}

/* The pages of the VMA at @page: [*@first, *@end). */
static void run_of(const struct space *space, unsigned int page, unsigned int *first,
		   unsigned int *end)
{
	const struct vm_area_struct *vma = space->owner[page];

	for (*first = page; *first && space->owner[*first - 1] == vma; (*first)--)
		;
	for (*end = page + 1; *end < space->pages && space->owner[*end] == vma; (*end)++)
		;
}

static unsigned int min_pages(const struct space *space, unsigned int page)
{
	return page < space->pages ? page : space->pages;
}

/* Erases a random, mostly short, range or gives it to a new VMA. */
static void random_range(struct space *space, bool erase)
{
	unsigned int first = random_below(space->pages);
	unsigned int end =
		min_pages(space, first + 1 + random_below(random_below(8) ? 8 : space->pages / 4));

	if (punches(space, first, end))
		run_of(space, first, &first, &end);
	if (erase)
		store(space, first, end, NULL);
	else
		store_new(space, first, end);
}

static void random_insert(struct space *space)
{
	unsigned int first = random_below(space->pages), end = first;

	while (end < space->pages && !space->owner[end] && end - first < 6)
		end++;
	if (end > first)
		store_new(space, first, end);
}

static void random_growth(struct space *space)
{
	unsigned int page = random_below(space->pages), first, end, down, up;

	if (!space->owner[page])
		return;
	run_of(space, page, &first, &end);
	down = random_below(3) ? random_below(6) : 0;
	up = random_below(3) ? random_below(6) : 0;
	store(space, first > down ? first - down : 0, min_pages(space, end + up),
	      space->owner[page]);
}

static void random_split(struct space *space)
{
	unsigned int page = random_below(space->pages), first, end;

	if (!space->owner[page])
		return;
	run_of(space, page, &first, &end);
	if (page > first && random_below(2))
		store_new(space, first, page);
	else if (page > first)
		store_new(space, page, end);
}

static void random_cancel(struct space *space)
{
	unsigned int first = random_below(space->pages),
		     end = min_pages(space, first + 1 + random_below(8));
	struct vms__store store = {.start = addr_of(first), .end = addr_of(end)};

	if (punches(space, first, end))
		return;
	assert_int_equal(vms__index_prepare(&space->mm, &store), 0);
	vms__index_cancel(&space->mm, &store);
}

static void random_store(struct space *space)
{
	switch (random_below(8)) {
	case 0:
	case 1:
		random_insert(space);
		break;
	case 2:
		random_range(space, true);
		break;
	case 3:
	case 4:
		random_range(space, false);
		break;
	case 5:
		random_growth(space);
		break;
	case 6:
		random_split(space);
		break;
	default:
		random_cancel(space);
		break;
	}
}

static void random_stores_in_a_small_space(void **state)
{
	struct space *space = space_new(*state, 48);

	for (int step = 0; step < 5000; step++) {
		random_store(space);
		assert_same(space);
	}
	space_free(space);
}

static void random_stores_in_a_large_space(void **state)
{
	struct space *space = space_new(*state, MAX_PAGES);

	for (unsigned int p = 0; p + 3 < MAX_PAGES; p += 4)
		store_new(space, p, p + 1 + random_below(4));
	for (int step = 0; step < 1500; step++) {
		random_store(space);
		assert_same_sample(space);
	}
	space_free(space);
}

#define CASE(function)                                                                             \
	{                                                                                          \
#function, function                                                                \
	}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} cases[] = {
	CASE(empty_index_finds_nothing),
	CASE(destroyed_index_finds_nothing),
	CASE(find_answers_the_vma_that_covers_or_follows),
	CASE(prev_below_answers_the_last_that_starts_before),
	CASE(vma_at_address_zero_is_found),
	CASE(chain_links_the_vmas_of_a_range),
	CASE(insert_in_any_order),
	CASE(erase_one),
	CASE(erase_many_and_trim_both_ends),
	CASE(erase_everything),
	CASE(erase_of_a_hole_changes_nothing),
	CASE(trim_of_one_end_moves_the_gap),
	CASE(split_gives_one_side_to_a_new_vma),
	CASE(replace_one_by_one),
	CASE(replace_many_by_one),
	CASE(replace_everything_by_one),
	CASE(grow_over_neighbours_on_both_sides),
	CASE(grow_over_the_largest_gap),
	CASE(grown_vma_swallows_itself_only),
	CASE(border_moves_between_neighbours),
	CASE(cancel_leaves_everything_as_it_was),
	CASE(every_window_and_size_of_a_small_space),
	CASE(window_inside_one_gap),
	CASE(large_gaps_cut_by_the_window_do_not_hide_a_small_one),
	CASE(window_up_to_the_top_of_the_address_space),
	CASE(random_stores_in_a_small_space),
	CASE(random_stores_in_a_large_space),
};

#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	static struct CMUnitTest tests[NR_INDEXES * NR_CASES];
	static char names[NR_INDEXES * NR_CASES][96];
	size_t n = 0;

	seed = (unsigned int)number_of_variable("VMS_SEED", 0, UINT_MAX, (unsigned int)time(NULL));
	printf("seed %u (VMS_SEED=%u replays)\n", seed, seed);
	for (size_t i = 0; i < NR_INDEXES; i++) {
		for (size_t c = 0; c < NR_CASES; c++, n++) {
			snprintf(names[n], sizeof(names[n]), "%s: %s", indexes[i].name,
				 cases[c].name);
			tests[n] = (struct CMUnitTest){.name = names[n],
						       .test_func = cases[c].function,
						       .initial_state = (void *)indexes[i].ops};
		}
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
