/* SPDX-License-Identifier: MIT */
/*
 * aim.c - see aim.h. Chooses addresses, lengths and words, and updates the
 * sketch.
 */
#include "tests/oracle/aim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- chance ---- */

uint64_t next_random(struct maker *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned long below(struct maker *m, unsigned long n)
{
	return n ? next_random(m) % n : 0;
}

bool one_in(struct maker *m, unsigned long n)
{
	return below(m, n) == 0;
}

bool per_cent(struct maker *m, unsigned int n)
{
	return below(m, 100) < n;
}

struct sketch *sketch(struct maker *m)
{
	return &m->process[m->depth];
}

void line(struct maker *m, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(m->line, sizeof(m->line), format, args);
	va_end(args);
}

/* ---- addresses and lengths ---- */

const struct area *some_area(struct maker *m)
{
	const struct sketch *s = sketch(m);

	return s->nr ? &s->area[below(m, s->nr)] : NULL;
}

unsigned long area_page(struct maker *m, const struct area *area)
{
	return area->start + below(m, (area->end - area->start) / PAGE) * PAGE;
}

unsigned long into_arena(unsigned long addr)
{
	if (addr < ARENA_START)
		return ARENA_START;
	return addr >= ARENA_END ? ARENA_END - PAGE : addr;
}

unsigned long address(struct maker *m)
{
	const struct area *area = some_area(m);
	unsigned int chance = (unsigned int)below(m, 100);

	if (!area || chance < 20)
		return PLAYGROUND + below(m, PLAYGROUND_PAGES) * PAGE;
	if (chance < 45)
		return into_arena(area->start);
	if (chance < 65)
		return into_arena(area->end);
	if (chance < 75)
		return area_page(m, area);
	if (chance < 85)
		return into_arena(area->start - below(m, 5) * PAGE);
	if (chance < 92)
		return into_arena(area->end + below(m, 5) * PAGE);
	if (chance < 95)
		return one_in(m, 2) ? ARENA_START : ARENA_END - (1 + below(m, 4)) * PAGE;
	return (ARENA_START + below(m, ARENA_END - ARENA_START)) & ~(PAGE - 1);
}

unsigned long length(struct maker *m, unsigned long room)
{
	static const unsigned long some[] = {1, 1, 1, 2, 2, 3, 4, 5, 8, 16, 17};
	unsigned long len = PICK(m, some) * PAGE;

	if (m->profile == PLACEMENT && one_in(m, 6)) {
		len = (1 + below(m, 4)) * HUGE;
		if (one_in(m, 3))
			len += PAGE;
	} else if (one_in(m, 60)) {
		len = (1 + below(m, 2)) * HUGE;
	}
	if (one_in(m, 12))
		len -= below(m, PAGE);
	return len < room ? len : room;
}

void range(struct maker *m, unsigned long *start, unsigned long *len)
{
	const struct area *area = some_area(m);

	if (!area || one_in(m, 8)) {
		*start = address(m);
		*len = length(m, ARENA_END - *start);
		return;
	}
	*start = one_in(m, 2) ? area->start : area_page(m, area);
	*len = area->end - *start;
	switch (below(m, 6)) {
	case 0:
	case 1:
		break;
	case 2:
	case 3:
		*len = (1 + below(m, *len / PAGE)) * PAGE;
		break;
	case 4:
		*len += length(m, ARENA_END - *start - *len);
		break;
	default:
		*start = into_arena(*start - below(m, 4) * PAGE);
		*len = length(m, ARENA_END - *start);
	}
	if (one_in(m, 25) && *len > PAGE)
		*len -= below(m, PAGE);
}

void spoil(struct maker *m, unsigned long *start, unsigned long *len)
{
	static const unsigned long lengths[] = {0, 0, ~0UL, ~(PAGE - 1)};

	if (!one_in(m, 40))
		return;
	if (one_in(m, 3))
		*start += 1 + below(m, PAGE - 1);
	else
		*len = PICK(m, lengths);
	/* The range must not reach beyond the arena. */
	if (*start + *len > ARENA_END && *len < PAGE)
		*len = 0;
	if (*start % PAGE && *start + *len > ARENA_END)
		*len = PAGE - *start % PAGE;
}

unsigned long round_up(unsigned long len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

bool in_arena(unsigned long start, unsigned long len)
{
	return start >= ARENA_START && start <= ARENA_END && len && round_up(len) &&
	       round_up(len) <= ARENA_END - start;
}

/* ---- words ---- */

const char *protection(struct maker *m)
{
	static const char *const rare[] = {"none", "r", "w", "x", "rx", "rwx", "wx"};

	if (per_cent(m, 65))
		return "rw";
	return one_in(m, 2) ? "r" : PICK(m, rare);
}

void add_word(char *words, const char *word)
{
	size_t len = strlen(words);

	snprintf(words + len, WORDS_ROOM - len, "%s%s", len ? "|" : "", word);
}

/* ---- updating the sketch ---- */

void map_into_sketch(struct maker *m, unsigned long addr, unsigned long len, const char *words)
{
	struct area area = {.grows = strstr(words, "growsdown") != NULL,
			    .file = !strstr(words, "anon")};
	bool fixed = strstr(words, "fixed") || strstr(words, "noreplace");

	addr &= ~(PAGE - 1);
	len = round_up(len);
	if (!len || len > ARENA_END - ARENA_START)
		return;
	if (!fixed && (!addr || !sketch_is_free(sketch(m), addr, addr + len)))
		addr = sketch_place(sketch(m), len);
	area.start = addr;
	area.end = addr + len;
	if (addr && !(strstr(words, "noreplace") && !sketch_is_free(sketch(m), addr, addr + len)))
		sketch_map(sketch(m), area);
}

void move_in_sketch(struct maker *m, unsigned long start, unsigned long len, unsigned long target,
		    unsigned long new_len, bool keep)
{
	const struct area *from = sketch_find(sketch(m), start);
	struct area to = {.start = target, .end = target + new_len};

	if (from && from->start <= start) {
		to.grows = from->grows;
		to.file = from->file;
	}
	if (!keep)
		sketch_unmap(sketch(m), start, start + len);
	sketch_map(sketch(m), to);
}

void cut_in_sketch(struct maker *m, unsigned long start, unsigned long len)
{
	if (in_arena(start, len))
		sketch_cut(sketch(m), start & ~(PAGE - 1), round_up(start + len));
}
