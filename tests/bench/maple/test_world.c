/* SPDX-License-Identifier: MIT */
/*
 * test_world.c - the layout is as world.h describes, and the answers are right:
 * the test computes each of them again in another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/maple/world.h"

#define PAGE 4096ul

/* Sizes from two ranges up, with one large gap and with several. */
static const size_t sizes[] = {2, 3, 64, 1000, 3000};

#define for_each_world(w)                                                                          \
	for (size_t at = 0; at < sizeof(sizes) / sizeof(sizes[0]); at++)                           \
		for (struct world *w = world_create(sizes[at], 7); w; world_destroy(w), w = NULL)

static void ranges_are_whole_pages_in_order_and_apart(void **state)
{
	(void)state;
	for_each_world(w)
	{
		for (size_t i = 0; i < w->nr; i++) {
			const struct range *r = &w->sorted[i];
			unsigned long size = r->last + 1 - r->first;

			assert_true(r->first % PAGE == 0 && size % PAGE == 0);
			assert_in_range(size, PAGE, 2ul << 20);
			assert_true(i == 0 || w->sorted[i - 1].last < r->first);
		}
		assert_true(w->sorted[0].first > WORLD_FLOOR);
		assert_true(w->sorted[w->nr - 1].last < WORLD_CEILING);
	}
}

static void about_half_of_the_neighbours_are_adjacent(void **state)
{
	struct world *w = world_create(3000, 7);
	size_t adjacent = 0;

	(void)state;
	assert_non_null(w);
	for (size_t i = 1; i < w->nr; i++)
		adjacent += w->sorted[i - 1].last + 1 == w->sorted[i].first;
	assert_in_range(adjacent, w->nr * 4 / 10, w->nr * 6 / 10);
	world_destroy(w);
}

/* Compare sums that no other set of ranges and entries is likely to have. */
static void assert_all_inserted(const struct world *w)
{
	uint64_t sorted = 0, shuffled = 0;

	for (size_t i = 0; i < w->nr; i++) {
		sorted += (uintptr_t)w->sorted[i].entry * (w->sorted[i].first / PAGE);
		shuffled += (uintptr_t)w->shuffled[i].entry * (w->shuffled[i].first / PAGE);
	}
	assert_true(sorted == shuffled);
}

static void all_ranges_are_inserted_once_in_any_order(void **state)
{
	(void)state;
	for_each_world(w)
	{
		struct range first = w->shuffled[0];
		unsigned int others = 0;

		assert_all_inserted(w);
		for (uint64_t seed = 0; seed < 20; seed++) {
			world_reshuffle(w, seed);
			assert_all_inserted(w);
			others += w->shuffled[0].first != first.first;
		}
		assert_true(others > 0);
	}
}

static const struct object *object_at(const struct world *w, unsigned long key)
{
	for (size_t i = 0; i < w->nr; i++)
		if (w->sorted[i].first <= key && key <= w->sorted[i].last)
			return w->sorted[i].entry;
	return NULL;
}

static void lookups_have_the_right_answers(void **state)
{
	(void)state;
	for_each_world(w)
	{
		uint64_t entries = 0, numbers = 0;

		/*
		 * Search for the first 500 keys independently. For the others
		 * take the probe's object, which the checks below verify.
		 */
		for (size_t i = 0; i < w->random.nr; i++) {
			const struct object *object =
				i < 500 ? object_at(w, w->random.keys[i]) : w->probes[i].entry;

			assert_true(object == w->probes[i].entry &&
				    w->probes[i].key == w->random.keys[i]);
			assert_true(object->first <= w->random.keys[i] &&
				    w->random.keys[i] <= object->last);
			entries += (uintptr_t)object;
			numbers += object->number;
		}
		assert_true(entries == w->random.entries && numbers == w->random.numbers);
	}
}

static void hot_lookups_keep_to_few_ranges(void **state)
{
	struct world *w = world_create(3000, 7);
	size_t most = 0;

	(void)state;
	assert_non_null(w);
	for (size_t first = 0; first < 64; first++) {
		const struct object *object = object_at(w, w->hot.keys[first]);
		size_t hits = 0;

		for (size_t i = 0; i < w->hot.nr; i++)
			hits += object->first <= w->hot.keys[i] && w->hot.keys[i] <= object->last;
		most = hits > most ? hits : most;
	}
	/* 90 in 100 keys lie in 4 ranges, so each of these has about 22. */
	assert_in_range(most, w->hot.nr / 5, w->hot.nr / 2);
	world_destroy(w);
}

/*
 * Clip every gap to the window, and take the first gap, or the last, that has
 * room.
 */
static unsigned long gap_in(const struct world *w, unsigned long min, unsigned long max,
			    unsigned long size, bool highest)
{
	unsigned long begin = WORLD_FLOOR, found = 0;

	for (size_t i = 0; i <= w->nr; i++) {
		unsigned long end = i < w->nr ? w->sorted[i].first : WORLD_CEILING + 1;
		unsigned long low = begin > min ? begin : min, high = end < max + 1 ? end : max + 1;

		if (high > low && high - low >= size && (highest || !found))
			found = highest ? high - size : low;
		begin = i < w->nr ? w->sorted[i].last + 1 : 0;
	}
	return found;
}

static void gap_searches_have_the_right_answers(void **state)
{
	(void)state;
	for_each_world(w)
	{
		uint64_t lowest = 0, highest = 0, large = 0;

		if (w->nr > 1000)
			continue;
		for (size_t i = 0; i < w->lowest.nr; i++) {
			lowest += gap_in(w, w->lowest.bound[i], WORLD_CEILING, w->lowest.size[i],
					 false);
			highest += gap_in(w, WORLD_FLOOR, w->highest.bound[i], w->highest.size[i],
					  true);
			large += gap_in(w, WORLD_FLOOR, w->large.bound[i], w->large.size[i], true);
		}
		assert_true(lowest == w->lowest.found);
		assert_true(highest == w->highest.found);
		assert_true(large == w->large.found);
	}
}

static void churn_never_erases_what_it_just_erased(void **state)
{
	(void)state;
	for_each_world(w)
	{
		for (size_t i = 1; i < w->nr_writes; i++)
			assert_true(w->churn[i - 1].first != w->churn[i].first);
	}
}

static void the_seed_decides(void **state)
{
	struct world *a = world_create(64, 1), *same = world_create(64, 1),
		     *other = world_create(64, 2);

	(void)state;
	assert_true(a && same && other);
	assert_memory_equal(a->random.keys, same->random.keys,
			    a->random.nr * sizeof(*a->random.keys));
	assert_memory_not_equal(a->random.keys, other->random.keys,
				a->random.nr * sizeof(*a->random.keys));
	world_destroy(a);
	world_destroy(same);
	world_destroy(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_whole_pages_in_order_and_apart),
		cmocka_unit_test(about_half_of_the_neighbours_are_adjacent),
		cmocka_unit_test(all_ranges_are_inserted_once_in_any_order),
		cmocka_unit_test(lookups_have_the_right_answers),
		cmocka_unit_test(hot_lookups_keep_to_few_ranges),
		cmocka_unit_test(gap_searches_have_the_right_answers),
		cmocka_unit_test(churn_never_erases_what_it_just_erased),
		cmocka_unit_test(the_seed_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
