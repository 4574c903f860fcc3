/* SPDX-License-Identifier: MIT */
/*
 * lines.c - see lines.h: a hash table with linear probing, keyed by the line's
 * address. Its size is a power of two and at least half of it stays free.
 */
#include "bench/conflicts/lines.h"

#include <stdlib.h>

static struct line *place_of(const struct lines *lines, uintptr_t addr)
{
	size_t i = addr / LINE_SIZE * 0x9e3779b97f4a7c15 >> 32;

	while (lines->line[i & (lines->room - 1)].addr &&
	       lines->line[i & (lines->room - 1)].addr != addr)
		i++;
	return &lines->line[i & (lines->room - 1)];
}

static bool grow(struct lines *lines)
{
	struct line *old = lines->line;
	size_t room = lines->room, larger = room ? 2 * room : 1024;
	struct line *grown = calloc(larger, sizeof(*grown));

	if (!grown)
		return false;
	lines->line = grown;
	lines->room = larger;
	for (size_t i = 0; i < room; i++)
		if (old[i].addr)
			*place_of(lines, old[i].addr) = old[i];
	free(old);
	return true;
}

static struct line *line_at(struct lines *lines, uintptr_t addr)
{
	struct line *line;

	if (2 * (lines->used + 1) > lines->room && !grow(lines))
		return NULL;
	line = place_of(lines, addr);
	lines->used += !line->addr;
	line->addr = addr;
	return line;
}

/* Bits for the bytes [from, to) of a line. */
static uint64_t bytes(size_t from, size_t to)
{
	return (to - from == LINE_SIZE ? ~0ULL : (1ULL << (to - from)) - 1) << from;
}

bool lines_add(struct lines *lines, unsigned int thread, const struct trace_access *access,
	       size_t nr)
{
	lines->op++;
	for (size_t i = 0; i < nr; i++) {
		uintptr_t end = access[i].addr + access[i].size;

		for (uintptr_t addr = access[i].addr & ~(uintptr_t)(LINE_SIZE - 1); addr < end;
		     addr += LINE_SIZE) {
			struct line *line = line_at(lines, addr);
			size_t from = access[i].addr > addr ? access[i].addr - addr : 0;
			size_t to = end - addr < LINE_SIZE ? end - addr : LINE_SIZE;

			if (!line)
				return false;
			if (access[i].write)
				line->written[thread] |= bytes(from, to);
			line->ops[thread] += line->last != lines->op;
			line->last = lines->op;
		}
	}
	return true;
}

bool line_is_shared(const struct line *line)
{
	return line->ops[0] && line->ops[1] && (line->written[0] || line->written[1]);
}

void lines_free(struct lines *lines)
{
	free(lines->line);
	*lines = (struct lines){0};
}
