/* SPDX-License-Identifier: MIT */
/* places.c - see places.h. */
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/places.h"

#define NEAR (1UL << 30)
#define BLOCK (2UL << 20) /* what one page table maps; places start and end with one, so that slices share none */
#define STACK_ROOM (8UL << 20)

static bool add(struct places *p, int space, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;

	if (!len || end < start || end > (1UL << 47) || space < 0)
		return true; /* the program's own nonsense: refused by every kernel */
	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 1024;
		struct place *grown = realloc(p->place, room * sizeof(*grown));

		if (!grown)
			return false;
		p->place = grown;
		p->room = room;
	}
	p->place[p->nr++] = (struct place){space, start & ~(BLOCK - 1), (end + BLOCK - 1) & ~(BLOCK - 1), 0};
	return true;
}

static bool add_exec(struct places *p, const struct trace_effect *e)
{
	bool ok = true;

	for (unsigned int i = 0; ok && i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];
		unsigned long room = 0;

		if (step->is_fault)
			continue;
		if (strcmp(step->map.name, "[stack]") == 0)
			room = STACK_ROOM;
		ok = add(p, e->space, step->map.start - room, step->map.len + room);
	}
	return ok;
}

static bool add_call(struct places *p, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;

	if (e->call.result < 0 && e->call.result >= -4095)
		return true;
	switch (e->call.call) {
	case TRACE_MMAP:
		return add(p, e->space, (unsigned long)e->call.result, a[1]);
	case TRACE_MREMAP:
		return add(p, e->space, (unsigned long)e->call.result, a[2]);
	case TRACE_BRK:
		return add(p, e->space, (unsigned long)e->call.result, 1);
	default:
		return true;
	}
}

/* A child of fork has its parent's places. */
static bool add_fork(struct places *p, const struct trace_effect *e)
{
	size_t nr = p->nr;
	bool ok = true;

	if (e->fork.how != TRACE_CHILD_COPIES)
		return true;
	for (size_t i = 0; ok && i < nr; i++)
		if (p->place[i].space == e->space)
			ok = add(p, e->fork.child_space, p->place[i].start, p->place[i].end - p->place[i].start);
	return ok;
}

static int by_space_and_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->space != y->space)
		return x->space < y->space ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Join what touches or lies near, and give each its place. */
static void join(struct places *p)
{
	size_t nr = 0;

	if (p->nr)
		qsort(p->place, p->nr, sizeof(*p->place), by_space_and_start);
	for (size_t i = 0; i < p->nr; i++) {
		struct place *last = nr ? &p->place[nr - 1] : NULL, *now = &p->place[i];

		if (last && last->space == now->space && now->start <= last->end + NEAR) {
			if (now->end > last->end)
				last->end = now->end;
		} else {
			p->place[nr++] = *now;
		}
	}
	p->nr = nr;
	p->size = BLOCK;
	for (size_t i = 0; i < nr; i++) {
		p->place[i].at = p->size;
		p->size += p->place[i].end - p->place[i].start + BLOCK;
	}
	p->size = (p->size + (1UL << 30) - 1) & ~((1UL << 30) - 1);
}

bool places_find(struct places *p, const struct trace_order *order)
{
	bool ok = true;

	for (unsigned long i = 0; ok && i < order->nr_effects; i++) {
		const struct trace_effect *e = &order->effects[i];

		if (e->kind == TRACE_EXEC_DONE)
			ok = add_exec(p, e);
		else if (e->kind == TRACE_CALL_DONE)
			ok = add_call(p, e);
		else if (e->kind == TRACE_FORK_DONE)
			ok = add_fork(p, e);
	}
	if (ok)
		join(p);
	return ok;
}

void places_free(struct places *p)
{
	free(p->place);
	*p = (struct places){0};
}

unsigned long places_translate(const struct places *p, int space, unsigned long addr, unsigned long len)
{
	size_t low = 0, high = p->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct place *place = &p->place[mid];

		if (place->space < space || (place->space == space && place->end <= addr))
			low = mid + 1;
		else
			high = mid;
	}
	if (low == p->nr || p->place[low].space != space || p->place[low].start > addr || p->place[low].end - addr < len)
		return PLACE_NONE;
	return p->place[low].at + (addr - p->place[low].start);
}

const struct place *places_next(const struct places *p, int space, size_t *i)
{
	while (*i < p->nr) {
		const struct place *place = &p->place[(*i)++];

		if (place->space == space)
			return place;
	}
	return NULL;
}
