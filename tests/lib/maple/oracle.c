/* SPDX-License-Identifier: MIT */
/* oracle.c - the sorted array of ranges. */
#include "tests/lib/maple/oracle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_room(struct oracle *o, size_t n)
{
	if (n <= o->room)
		return;
	o->room = 2 * n;
	o->range = realloc(o->range, o->room * sizeof(*o->range));
	if (!o->range) {
		perror("oracle");
		abort();
	}
}

void oracle_init(struct oracle *o)
{
	*o = (struct oracle){.n = 0};
	make_room(o, 16);
	oracle_clear(o);
}

void oracle_free(struct oracle *o)
{
	free(o->range);
	*o = (struct oracle){.n = 0};
}

void oracle_copy(struct oracle *to, const struct oracle *from)
{
	make_room(to, from->n);
	memcpy(to->range, from->range, from->n * sizeof(*from->range));
	to->n = from->n;
}

void oracle_clear(struct oracle *o)
{
	o->range[0] = (struct oracle_range){.first = 0, .last = ULONG_MAX, .entry = NULL};
	o->n = 1;
}

size_t oracle_at(const struct oracle *o, unsigned long key)
{
	size_t low = 0, high = o->n - 1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (o->range[mid].last < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Replaces the ranges [@i, @j] by the @k ranges of @piece. */
static void splice(struct oracle *o, size_t i, size_t j, const struct oracle_range *piece, size_t k)
{
	size_t n = o->n - (j - i + 1) + k;

	make_room(o, n);
	memmove(&o->range[i + k], &o->range[j + 1], (o->n - j - 1) * sizeof(*piece));
	memcpy(&o->range[i], piece, k * sizeof(*piece));
	o->n = n;
}

void oracle_store(struct oracle *o, unsigned long first, unsigned long last, void *entry)
{
	size_t i = oracle_at(o, first), j = oracle_at(o, last), k = 0;
	struct oracle_range piece[3], before = o->range[i], after = o->range[j],
				      now = {first, last, entry};

	if (!entry) {
		/* A new gap merges with the gaps that touch it. */
		if (first == before.first && i && !o->range[i - 1].entry)
			before = o->range[--i];
		if (last == after.last && j + 1 < o->n && !o->range[j + 1].entry)
			after = o->range[++j];
		if (!before.entry)
			now.first = before.first;
		if (!after.entry)
			now.last = after.last;
	}
	if (before.first < now.first)
		piece[k++] = (struct oracle_range){before.first, now.first - 1, before.entry};
	piece[k++] = now;
	if (now.last < after.last)
		piece[k++] = (struct oracle_range){now.last + 1, after.last, after.entry};
	splice(o, i, j, piece, k);
}

size_t oracle_next(const struct oracle *o, size_t i, unsigned long max, bool gaps)
{
	do {
		if (o->range[i].last >= max)
			return ORACLE_NONE;
		i++;
	} while (!gaps && !o->range[i].entry);
	return i;
}

size_t oracle_prev(const struct oracle *o, size_t i, unsigned long min, bool gaps)
{
	do {
		if (o->range[i].first <= min)
			return ORACLE_NONE;
		i--;
	} while (!gaps && !o->range[i].entry);
	return i;
}

bool oracle_gap(const struct oracle *o, unsigned long min, unsigned long max, unsigned long size,
		bool highest, unsigned long *at)
{
	bool found = false;

	for (size_t i = oracle_at(o, min); i < o->n && o->range[i].first <= max; i++) {
		unsigned long low = o->range[i].first, high = o->range[i].last;

		if (o->range[i].entry)
			continue;
		low = low > min ? low : min;
		high = high < max ? high : max;
		if (high - low < size - 1)
			continue;
		*at = highest ? high - size + 1 : low;
		found = true;
		if (!highest)
			break;
	}
	return found;
}
