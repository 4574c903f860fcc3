/* SPDX-License-Identifier: MIT */
/*
 * world.c - see world.h. Lays out the ranges, draws the queries, and answers
 * them from the sorted array.
 */
#include "bench/maple/world.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096ul
#define TOP 0x7ffff7fff000ul
#define RANGE_PAGES_LOG2 9 /* up to 2 MiB */
#define GAP_PAGES_LOG2 10  /* up to 4 MiB */
#define LARGE_GAP_EVERY 1024
#define LARGE_GAP (64ul << 20)
#define HOT_RANGES 4
#define HOT_PERCENT 90

struct random {
	uint64_t state;
};

/* The generator is splitmix64. */
static uint64_t draw(struct random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t below(struct random *r, size_t limit)
{
	return (size_t)(draw(r) % limit);
}

/* Each power of two is equally likely: many small sizes, some large ones. */
static unsigned long bytes_up_to(struct random *r, unsigned int pages_log2)
{
	unsigned long most = 1ul << below(r, pages_log2 + 1);

	return (most / 2 + 1 + below(r, most - most / 2)) * PAGE;
}

/*
 * The number of queries: a repetition takes milliseconds, and no cache holds
 * the answers of the last one.
 */
static size_t nr_lookups(const struct world *w)
{
	return w->nr > 200000 ? 1u << 20 : 1u << 17;
}

static size_t nr_stores(const struct world *w)
{
	return w->nr > 200000 ? 1u << 18 : 1u << 16;
}

static void lay_out(struct world *w, struct random *r)
{
	unsigned long at = TOP;

	for (size_t i = w->nr; i-- > 0;) {
		unsigned long size = bytes_up_to(r, RANGE_PAGES_LOG2);

		if (i % LARGE_GAP_EVERY == LARGE_GAP_EVERY / 2 ||
		    (i == w->nr / 2 && w->nr < LARGE_GAP_EVERY))
			at -= LARGE_GAP;
		else if (draw(r) & 1)
			at -= bytes_up_to(r, GAP_PAGES_LOG2);
		w->sorted[i] = (struct range){.first = at - size, .last = at - 1};
		at -= size;
	}
}

/* Shuffle as Fisher and Yates do. */
static void shuffle(size_t *order, size_t nr, struct random *r)
{
	for (size_t i = 0; i < nr; i++)
		order[i] = i;
	for (size_t i = nr; i > 1; i--) {
		size_t other = below(r, i), kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

/*
 * Give each range an object. Objects lie in memory in another order than their
 * ranges, and are inserted in a third order.
 */
static bool give_entries(struct world *w, struct random *r)
{
	size_t *order = calloc(w->nr, sizeof(*order));

	if (!order)
		return false;
	shuffle(order, w->nr, r);
	for (size_t i = 0; i < w->nr; i++) {
		struct object *object = &w->objects[order[i]];

		*object = (struct object){
			.first = w->sorted[i].first, .last = w->sorted[i].last, .number = i + 1};
		w->sorted[i].entry = object;
		w->all_entries += (uintptr_t)object;
	}
	free(order);
	memcpy(w->shuffled, w->sorted, w->nr * sizeof(*w->sorted));
	world_reshuffle(w, draw(r));
	return true;
}

static unsigned long key_in(const struct range *range, struct random *r)
{
	return range->first + below(r, range->last - range->first + 1);
}

static void ask(struct queries *q, size_t i, const struct range *range, struct random *r)
{
	q->keys[i] = key_in(range, r);
	q->entries += (uintptr_t)range->entry;
	q->numbers += ((const struct object *)range->entry)->number;
}

static bool draw_lookups(struct world *w, struct random *r)
{
	size_t hot[HOT_RANGES];

	w->random.nr = w->hot.nr = nr_lookups(w);
	w->random.keys = calloc(w->random.nr, sizeof(*w->random.keys));
	w->hot.keys = calloc(w->hot.nr, sizeof(*w->hot.keys));
	w->probes = calloc(w->random.nr, sizeof(*w->probes));
	if (!w->random.keys || !w->hot.keys || !w->probes)
		return false;
	for (size_t i = 0; i < HOT_RANGES; i++)
		hot[i] = below(r, w->nr);
	for (size_t i = 0; i < w->random.nr; i++) {
		const struct range *range = &w->sorted[below(r, w->nr)];

		ask(&w->random, i, range, r);
		w->probes[i] = (struct probe){.key = w->random.keys[i], .entry = range->entry};
		if (below(r, 100) < HOT_PERCENT)
			range = &w->sorted[hot[below(r, HOT_RANGES)]];
		else
			range = &w->sorted[below(r, w->nr)];
		ask(&w->hot, i, range, r);
	}
	return true;
}

/*
 * An entry that differs from the range's own and from every other range's: the
 * address of the object's second line.
 */
static void *other_entry(const struct range *range)
{
	return (char *)range->entry + 64;
}

static bool draw_stores(struct world *w, struct random *r)
{
	size_t last = w->nr;

	w->nr_writes = nr_stores(w);
	w->swap_in = calloc(w->nr_writes, sizeof(*w->swap_in));
	w->swap_out = calloc(w->nr_writes, sizeof(*w->swap_out));
	w->swapped = calloc(w->nr_writes, sizeof(*w->swapped));
	w->churn = calloc(w->nr_writes, sizeof(*w->churn));
	if (!w->swap_in || !w->swap_out || !w->swapped || !w->churn)
		return false;
	for (size_t i = 0; i < w->nr_writes; i++) {
		const struct range *range = &w->sorted[below(r, w->nr)];
		size_t next = below(r, w->nr);

		w->swap_out[i] = w->swap_in[i] = *range;
		w->swap_in[i].entry = other_entry(range);
		w->swapped[i] = key_in(range, r);
		w->swapped_out += (uintptr_t)range->entry;
		w->swapped_in += (uintptr_t)w->swap_in[i].entry;
		/*
		 * Avoid the predecessor, because churn() has erased it when it
		 * erases this range.
		 */
		if (next == last)
			next = (next + 1) % w->nr;
		w->churn[i] = w->sorted[next];
		last = next;
	}
	return true;
}

/* The index of the first range that ends at or above @key; nr: none. */
static size_t first_ending_at(const struct world *w, unsigned long key)
{
	size_t low = 0, high = w->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->sorted[middle].last < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static unsigned long lowest_gap(const struct world *w, unsigned long min, unsigned long size)
{
	unsigned long at = min;

	for (size_t i = first_ending_at(w, min); i < w->nr; i++) {
		if (w->sorted[i].first >= at + size)
			return at;
		at = w->sorted[i].last + 1;
	}
	return WORLD_CEILING - at + 1 >= size ? at : 0;
}

static unsigned long highest_gap(const struct world *w, unsigned long max, unsigned long size)
{
	unsigned long end = max + 1; /* one past the gap's highest end */

	/* Begin with the range that `max` may lie in and go down. */
	for (size_t i = first_ending_at(w, max) + 1; i-- > 0;) {
		if (i == w->nr || w->sorted[i].first >= end)
			continue;
		if (w->sorted[i].last + 1 + size <= end)
			return end - size;
		end = w->sorted[i].first;
	}
	return end >= WORLD_FLOOR + size ? end - size : 0;
}

static bool searches_create(struct searches *s, size_t nr)
{
	s->nr = nr;
	s->bound = calloc(nr, sizeof(*s->bound));
	s->size = calloc(nr, sizeof(*s->size));
	return s->bound && s->size;
}

static bool draw_searches(struct world *w, struct random *r)
{
	unsigned long begin = w->sorted[0].first, pages = (TOP - begin) / PAGE;

	if (!searches_create(&w->lowest, nr_stores(w)) ||
	    !searches_create(&w->highest, nr_stores(w)) ||
	    !searches_create(&w->large, nr_stores(w)))
		return false;
	for (size_t i = 0; i < w->lowest.nr; i++) {
		w->lowest.bound[i] = begin + below(r, pages) * PAGE;
		w->lowest.size[i] = WORLD_LARGE_GAP;
		w->lowest.found += lowest_gap(w, w->lowest.bound[i], w->lowest.size[i]);
		w->highest.bound[i] = begin + below(r, pages) * PAGE - 1;
		w->highest.size[i] = bytes_up_to(r, GAP_PAGES_LOG2);
		w->highest.found += highest_gap(w, w->highest.bound[i], w->highest.size[i]);
		w->large.bound[i] = w->lowest.bound[i] - 1;
		w->large.size[i] = WORLD_LARGE_GAP;
		w->large.found += highest_gap(w, w->large.bound[i], w->large.size[i]);
	}
	return true;
}

struct world *world_create(size_t nr, uint64_t seed)
{
	struct random r = {.state = seed};
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->nr = nr;
	w->sorted = calloc(nr, sizeof(*w->sorted));
	w->shuffled = calloc(nr, sizeof(*w->shuffled));
	w->objects = aligned_alloc(_Alignof(struct object), nr * sizeof(*w->objects));
	if (!w->sorted || !w->shuffled || !w->objects)
		goto no_memory;
	lay_out(w, &r);
	if (give_entries(w, &r) && draw_lookups(w, &r) && draw_stores(w, &r) &&
	    draw_searches(w, &r))
		return w;
no_memory:
	world_destroy(w);
	return NULL;
}

static void searches_destroy(struct searches *s)
{
	free(s->bound);
	free(s->size);
}

void world_reshuffle(struct world *w, uint64_t seed)
{
	struct random r = {.state = seed};

	for (size_t i = w->nr; i > 1; i--) {
		size_t other = below(&r, i);
		struct range kept = w->shuffled[i - 1];

		w->shuffled[i - 1] = w->shuffled[other];
		w->shuffled[other] = kept;
	}
}

void world_destroy(struct world *w)
{
	searches_destroy(&w->lowest);
	searches_destroy(&w->highest);
	searches_destroy(&w->large);
	free(w->churn);
	free(w->swapped);
	free(w->swap_out);
	free(w->swap_in);
	free(w->probes);
	free(w->hot.keys);
	free(w->random.keys);
	free(w->objects);
	free(w->shuffled);
	free(w->sorted);
	free(w);
}
