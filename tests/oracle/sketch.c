/* SPDX-License-Identifier: MIT */
/* sketch.c - see sketch.h. A sorted array of areas. */
#include "tests/oracle/sketch.h"

#include <string.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define GUARD_GAP (256 * PAGE)

void sketch_init(struct sketch *s)
{
	s->nr = 0;
	s->brk = ARENA_START;
}

static unsigned int position(const struct sketch *s, unsigned long addr)
{
	unsigned int i = 0;

	while (i < s->nr && s->area[i].end <= addr)
		i++;
	return i;
}

static void insert(struct sketch *s, unsigned int at, struct area area)
{
	/* The sketch is full: drop the last area. Which one does not matter. */
	if (s->nr == SKETCH_MAX) {
		s->nr--;
		if (at > s->nr)
			at = s->nr;
	}
	memmove(&s->area[at + 1], &s->area[at], (s->nr - at) * sizeof(area));
	s->area[at] = area;
	s->nr++;
}

static void cut_at(struct sketch *s, unsigned long addr)
{
	unsigned int i = position(s, addr);
	struct area above;

	if (i == s->nr || s->area[i].start >= addr)
		return;
	above = s->area[i];
	above.start = addr;
	s->area[i].end = addr;
	insert(s, i + 1, above);
}

void sketch_cut(struct sketch *s, unsigned long start, unsigned long end)
{
	cut_at(s, start);
	cut_at(s, end);
}

void sketch_unmap(struct sketch *s, unsigned long start, unsigned long end)
{
	unsigned int i, last;

	if (start >= end)
		return;
	sketch_cut(s, start, end);
	for (i = last = position(s, start); last < s->nr && s->area[last].start < end;)
		last++;
	memmove(&s->area[i], &s->area[last], (s->nr - last) * sizeof(s->area[0]));
	s->nr -= last - i;
}

void sketch_map(struct sketch *s, struct area area)
{
	if (area.start < ARENA_START || area.end > ARENA_END || area.start >= area.end)
		return;
	sketch_unmap(s, area.start, area.end);
	insert(s, position(s, area.start), area);
}

const struct area *sketch_find(const struct sketch *s, unsigned long addr)
{
	unsigned int i = position(s, addr);

	return i < s->nr ? &s->area[i] : NULL;
}

bool sketch_is_free(const struct sketch *s, unsigned long start, unsigned long end)
{
	const struct area *above = sketch_find(s, start);

	return start >= ARENA_START && end <= ARENA_END && start <= end &&
	       (!above || above->start >= end);
}

unsigned long sketch_place(const struct sketch *s, unsigned long len)
{
	unsigned long top = ARENA_END;

	for (unsigned int i = s->nr + 1; i-- > 0;) {
		unsigned long bottom = i ? s->area[i - 1].end : ARENA_START;

		if (top > bottom && top - bottom >= len) {
			unsigned long at = top - len, aligned = at & ~(HUGE - 1);

			return len % HUGE == 0 && aligned >= bottom ? aligned : at;
		}
		if (i) {
			const struct area *area = &s->area[i - 1];

			top = area->start - (area->grows ? GUARD_GAP : 0);
		}
	}
	return 0;
}
