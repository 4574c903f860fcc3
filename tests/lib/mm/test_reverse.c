/* SPDX-License-Identifier: MIT */
/*
 * test_reverse.c - the reverse map: from a page to every place where it is
 * mapped, without concurrency and while the VMAs on the way are split, merged,
 * moved, copied and unmapped.
 */
#include <pthread.h>
#include <stdatomic.h>

#include <vmastore/page.h>

#include "lib/page/page.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define ELSEWHERE 0x28000000UL
#define ROUNDS 3000

/*
 * Return: the places of @page as "addr " words in address order; those of other
 * mms follow a '|'.
 */
static const char *places(struct mm_struct *mm, const struct page *page)
{
	static char text[256];
	struct vms_page_place place[8];
	unsigned int nr = vms_page_places(page, place, 8);
	size_t len = 0;

	text[0] = '\0';
	for (int own = 1; own >= 0; own--) {
		for (unsigned int i = 0; i < nr; i++)
			if ((place[i].mm == mm) == own)
				len += (size_t)snprintf(text + len, sizeof(text) - len, "%lx ",
							place[i].addr);
		if (own && sizeof(text) - len > 1)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "|");
	}
	for (unsigned int i = 0; i < nr; i++)
		mmdrop(place[i].mm);
	return text;
}

/* ---- without concurrency ---- */

static void anonymous_page_is_found_where_it_is_mapped(void **state)
{
	struct world *w = *state;
	struct mm_struct *child;
	struct page *page;

	vms_mmap(w->mm, BASE, 8 * PG, RW, FIXED, NULL, 0);
	assert_null(vms_page_lookup(w->mm, BASE));
	assert_null(vms_page_lookup(w->mm, ELSEWHERE));
	vms_write_word(w->mm, BASE + 3 * PG, 7);
	page = vms_page_lookup(w->mm, BASE + 3 * PG + 5);
	assert_non_null(page);
	assert_int_equal(vms_page_word(page), 7);
	assert_string_equal(places(w->mm, page), "20003000 |");

	/* Split below the page, split above it, then merged again. */
	vms_mprotect(w->mm, BASE + 2 * PG, PG, PROT_READ);
	assert_string_equal(places(w->mm, page), "20003000 |");
	vms_mprotect(w->mm, BASE + 4 * PG, PG, PROT_READ);
	assert_string_equal(places(w->mm, page), "20003000 |");
	vms_mprotect(w->mm, BASE + 2 * PG, 3 * PG, RW);
	assert_string_equal(places(w->mm, page), "20003000 |");

	assert_int_equal(vms_fork(w->mm, &child), 0);
	assert_string_equal(places(w->mm, page), "20003000 |20003000 ");
	/* The parent's mapping moves, the child's stays. */
	assert_int_equal(vms_mremap(w->mm, BASE + 2 * PG, 4 * PG, 4 * PG,
				    MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE),
			 ELSEWHERE);
	assert_string_equal(places(w->mm, page), "28001000 |20003000 ");
	/* The child's write makes a copy, which is another page. */
	vms_write_word(child, BASE + 3 * PG, 8);
	assert_string_equal(places(w->mm, page), "28001000 |");
	mmput(child);

	vms_munmap(w->mm, ELSEWHERE, 4 * PG);
	assert_string_equal(places(w->mm, page), "|");
	vms_page_put(page);
}

static void file_page_is_found_in_every_mapping_of_the_file(void **state)
{
	struct world *w = *state;
	struct file *file = world_file(16, true),
		    *again = vms_file_open(file->f_mapping, "/again", FMODE_READ);
	struct mm_struct *other = vms_mm_create(w->engine, &world_layout, NULL);
	struct page *page, *copy;
	unsigned long word;

	vms_mmap(w->mm, BASE, 8 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_mmap(w->mm, ELSEWHERE, 8 * PG, RW, MAP_PRIVATE | MAP_FIXED, again, 4 * PG);
	vms_mmap(other, BASE + PG, PG, PROT_READ, MAP_SHARED | MAP_FIXED, again, 5 * PG);
	vms_write_word(w->mm, BASE + 5 * PG, 9);
	page = vms_page_lookup(w->mm, BASE + 5 * PG);
	assert_string_equal(places(w->mm, page), "20005000 |");
	vms_read_word(w->mm, ELSEWHERE + PG, &word);
	vms_read_word(other, BASE + PG, &word);
	assert_int_equal(word, 9);
	assert_string_equal(places(w->mm, page), "20005000 28001000 |20001000 ");
	/* A private copy is not a page of the file. */
	vms_write_word(w->mm, ELSEWHERE + PG, 10);
	assert_string_equal(places(w->mm, page), "20005000 |20001000 ");
	copy = vms_page_lookup(w->mm, ELSEWHERE + PG);
	assert_ptr_not_equal(copy, page);
	assert_string_equal(places(w->mm, copy), "28001000 |");
	vms_page_put(copy);

	mmput(other);
	fput(again);
	vms_munmap(w->mm, BASE, 8 * PG);
	vms_munmap(w->mm, ELSEWHERE, 8 * PG);
	fput(file); /* the contents are freed, the page is not */
	assert_string_equal(places(w->mm, page), "|");
	vms_page_put(page);
}

static void no_more_places_are_told_than_there_is_room_for(void **state)
{
	struct world *w = *state;
	struct vms_page_place place[2];
	struct mm_struct *child;
	struct page *page;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE, 1);
	assert_int_equal(vms_fork(w->mm, &child), 0);
	page = vms_page_lookup(w->mm, BASE);
	assert_int_equal(vms_page_places(page, place, 0), 0);
	assert_int_equal(vms_page_places(page, place, 1), 1);
	mmdrop(place[0].mm);
	assert_int_equal(vms_page_places(page, place, 2), 2);
	mmdrop(place[0].mm);
	mmdrop(place[1].mm);
	vms_page_put(page);
	mmput(child);
}

#define CHILDREN 12UL
#define ALL (1 + CHILDREN) /* address spaces that map the page */
#define SHADOWS 5UL

/*
 * Links a second VMA with the same range to the anon_vmas of the VMA at BASE:
 * what a reverse-map walk meets while a split or a merge is under way.
 */
static struct vm_area_struct *shadow_of(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *shadow;

	mmap_write_lock(mm);
	vma = vma_lookup(mm, BASE);
	shadow = vm_area_dup(vma);
	assert_non_null(shadow);
	assert_int_equal(vms__anon_vma_clone(shadow, vma), 0);
	mmap_write_unlock(mm);
	return shadow;
}

static void drop_shadow(struct mm_struct *mm, struct vm_area_struct *shadow)
{
	mmap_write_lock(mm);
	vms__anon_vma_unlink(shadow);
	vm_area_free(shadow);
	mmap_write_unlock(mm);
}

/*
 * Asks with room for @max places: each of @mm's address spaces must be reported
 * once, or as many of them as there is room for.
 */
static void expect_each_once(struct mm_struct *const *mm, const struct page *page, unsigned int max)
{
	struct vms_page_place place[2 * ALL];
	unsigned int nr = vms_page_places(page, place, max), told[ALL] = {0};

	assert_int_equal(nr, max < ALL ? max : ALL);
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int which = 0;

		while (which < ALL && mm[which] != place[i].mm)
			which++;
		assert_true(which < ALL);
		assert_int_equal(++told[which], 1);
		assert_int_equal(place[i].addr, BASE);
		mmdrop(place[i].mm);
	}
}

static void places_are_told_once_each(void **state)
{
	struct world *w = *state;
	struct vm_area_struct *shadow[ALL][SHADOWS] = {{NULL}};
	struct mm_struct *mm[ALL] = {w->mm};
	struct page *page;

	vms_mmap(w->mm, BASE, PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE, 1);
	page = vms_page_lookup(w->mm, BASE);
	for (unsigned long i = 1; i < ALL; i++)
		assert_int_equal(vms_fork(w->mm, &mm[i]), 0);
	for (unsigned int max = 1; max <= 2 * ALL; max++)
		expect_each_once(mm, page, max);
	/* Most address spaces are met several times. */
	for (unsigned long i = 0; i < ALL * SHADOWS; i++)
		if (i % 7 != 0)
			shadow[i % ALL][i / ALL] = shadow_of(mm[i % ALL]);
	for (unsigned int max = 1; max <= 2 * ALL; max++)
		expect_each_once(mm, page, max);
	for (unsigned long i = 0; i < ALL * SHADOWS; i++)
		if (i % 7 != 0)
			drop_shadow(mm[i % ALL], shadow[i % ALL][i / ALL]);
	for (unsigned long i = 1; i < ALL; i++)
		mmput(mm[i]);
	vms_page_put(page);
}

/* ---- concurrently with writers ---- */

struct watch {
	struct mm_struct *mm;
	struct page *page;
	unsigned long a, b; /* the page's two possible places; it is always at one of them */
	atomic_bool stop;
	atomic_ulong bad, done;
};

static void *look_back(void *arg)
{
	struct watch *w = arg;
	struct vms_page_place place[8];

	while (!atomic_load(&w->stop)) {
		unsigned int nr = vms_page_places(w->page, place, 8), own = 0;

		for (unsigned int i = 0; i < nr; i++) {
			if (place[i].mm == w->mm &&
			    (place[i].addr == w->a || place[i].addr == w->b))
				own++;
			else if (place[i].mm == w->mm)
				atomic_fetch_add(&w->bad, 1);
			mmdrop(place[i].mm);
		}
		if (own != 1)
			atomic_fetch_add(&w->bad, 1);
		atomic_fetch_add(&w->done, 1);
	}
	return NULL;
}

static void watch(struct watch *w, void (*writer)(struct mm_struct *mm, unsigned long i))
{
	pthread_t thread;

	w->page = vms_page_lookup(w->mm, w->a);
	assert_non_null(w->page);
	assert_int_equal(pthread_create(&thread, NULL, look_back, w), 0);
	for (unsigned long i = 0; i < ROUNDS || atomic_load(&w->done) < 100; i++)
		writer(w->mm, i);
	atomic_store(&w->stop, true);
	pthread_join(thread, NULL);
	vms_page_put(w->page);
	assert_int_equal(atomic_load(&w->bad), 0);
}

/*
 * Moves a border across the page, by splits and merges on either side: another
 * VMA covers the page at each step.
 */
static void move_borders(struct mm_struct *mm, unsigned long i)
{
	vms_mprotect(mm, BASE + (i % 7) * PG, (1 + i % 5) * PG, (i / 7) & 1 ? RW : PROT_READ);
}

/*
 * Symptom: a reverse-map walk missed a page that was mapped all the time.
 * Cause: it read vm_start, vm_end and vm_pgoff while mprotect() changed them
 * without the lock under which the walk runs.
 */
static void page_is_never_lost_between_split_and_merge(void **state)
{
	struct world *w = *state;
	struct watch watched = {.mm = w->mm, .a = BASE + 4 * PG, .b = BASE + 4 * PG};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE + 4 * PG, 1);
	watch(&watched, move_borders);
}

static void file_page_is_never_lost_between_split_and_merge(void **state)
{
	struct world *w = *state;
	struct watch watched = {.mm = w->mm, .a = BASE + 4 * PG, .b = BASE + 4 * PG};
	struct file *file = world_file(16, true);

	vms_mmap(w->mm, BASE, 12 * PG, RW, MAP_SHARED | MAP_FIXED, file, 0);
	vms_write_word(w->mm, BASE + 4 * PG, 1);
	watch(&watched, move_borders);
	fput(file);
}

static void move_to_and_fro(struct mm_struct *mm, unsigned long i)
{
	unsigned long from = i & 1 ? ELSEWHERE : BASE, to = i & 1 ? BASE : ELSEWHERE;

	vms_mremap(mm, from, 12 * PG, 12 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

/*
 * Symptom: a page that moved to another address was reported at neither
 * address. Cause: the walk looked at the new place before the move, and at the
 * old one after it.
 */
static void moving_page_is_always_at_one_of_two_places(void **state)
{
	struct world *w = *state;
	struct watch watched = {.mm = w->mm, .a = BASE + 4 * PG, .b = ELSEWHERE + 4 * PG};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE + 4 * PG, 1);
	watch(&watched, move_to_and_fro);
}

static void fork_and_exit(struct mm_struct *mm, unsigned long i)
{
	struct mm_struct *child;

	if (i % 4 == 0 && vms_fork(mm, &child) == 0) {
		vms_write_word(child, BASE + (i & 8 ? 4 : 5) * PG, i);
		mmput(child);
	}
}

static void children_come_and_go_beside_the_walk(void **state)
{
	struct world *w = *state;
	struct watch watched = {.mm = w->mm, .a = BASE + 4 * PG, .b = BASE + 4 * PG};

	vms_mmap(w->mm, BASE, 12 * PG, RW, FIXED, NULL, 0);
	vms_write_word(w->mm, BASE + 4 * PG, 1);
	vms_write_word(w->mm, BASE + 5 * PG, 1);
	watch(&watched, fork_and_exit);
}

/* ---- pages that are unmapped ---- */

struct hunt {
	struct mm_struct *mm;
	atomic_bool stop;
	atomic_ulong bad, done;
};

/*
 * Looks up page after page. Meanwhile each page may be unmapped, its anon_vma
 * freed or reused, and its page tables freed.
 */
static void *follow_pages(void *arg)
{
	struct hunt *h = arg;
	struct vms_page_place place[4];

	for (unsigned long i = 0; !atomic_load(&h->stop); i++) {
		unsigned long addr = BASE + (i & 7) * 0x200000UL;
		struct page *page = vms_page_lookup(h->mm, addr);
		unsigned int nr;

		if (!page)
			continue;
		nr = vms_page_places(page, place, 4);
		for (unsigned int k = 0; k < nr; k++) {
			if (place[k].mm == h->mm && place[k].addr != addr)
				atomic_fetch_add(&h->bad, 1);
			mmdrop(place[k].mm);
		}
		vms_page_put(page);
		atomic_fetch_add(&h->done, 1);
	}
	return NULL;
}

static void map_write_unmap(struct mm_struct *mm, struct file *file, unsigned long i)
{
	unsigned long addr = BASE + (i & 7) * 0x200000UL;

	if (i & 8)
		vms_munmap(mm, addr, PG);
	if (i & 16)
		vms_mmap(mm, addr, PG, RW, MAP_SHARED | MAP_FIXED, file, (i & 7) * PG);
	else
		vms_mmap(mm, addr, PG, RW, FIXED, NULL, 0);
	vms_write_word(mm, addr, i);
}

static void page_that_goes_is_found_where_it_was_or_nowhere(void **state)
{
	struct world *w = *state;
	struct hunt hunt = {.mm = w->mm};
	struct file *file = world_file(16, true);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, follow_pages, &hunt), 0);
	for (unsigned long i = 0; i < ROUNDS || atomic_load(&hunt.done) < 100; i++)
		map_write_unmap(w->mm, file, i);
	atomic_store(&hunt.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&hunt.bad), 0);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(anonymous_page_is_found_where_it_is_mapped),
		ON_EVERY_ENGINE(file_page_is_found_in_every_mapping_of_the_file),
		ON_EVERY_ENGINE(no_more_places_are_told_than_there_is_room_for),
		ON_EVERY_ENGINE(places_are_told_once_each),
		ON_EVERY_ENGINE(page_is_never_lost_between_split_and_merge),
		ON_EVERY_ENGINE(file_page_is_never_lost_between_split_and_merge),
		ON_EVERY_ENGINE(moving_page_is_always_at_one_of_two_places),
		ON_EVERY_ENGINE(children_come_and_go_beside_the_walk),
		ON_EVERY_ENGINE(page_that_goes_is_found_where_it_was_or_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
