/* SPDX-License-Identifier: MIT */
/*
 * places.c - see places.h. While the recording is read, each address space has
 * a list of its own. A list is joined before a child of fork gets a copy of it,
 * so that the copy holds only places that lie far apart, instead of every
 * mapping of the parent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vmreplay/places.h"

#define NEAR (1UL << 30)
/*
 * The range that one page table maps. Places start and end at its multiples, so
 * that two slices share no page table.
 */
#define BLOCK (2UL << 20)
#define STACK_ROOM (8UL << 20)

struct list {
	struct place *place;
	size_t nr, room;
	bool joined; /* sorted by start, and no place is near the next one */
};

/*
 * Make room for @more places at the end of @list.
 * Return: the first of them; NULL when memory is out.
 */
static struct place *make_room(struct list *list, size_t more)
{
	if (list->nr + more > list->room) {
		size_t room = 2 * list->room + more;
		struct place *grown = realloc(list->place, room * sizeof(*grown));

		if (!grown)
			return NULL;
		list->place = grown;
		list->room = room;
	}
	return list->place + list->nr;
}

static int add(struct list *lists, int space, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;
	struct place *place;

	if (!len || end < start || end > (1UL << 47) || space < 0)
		return 0; /* an invalid range, which every kernel refuses */
	place = make_room(&lists[space], 1);
	if (!place)
		return -ENOMEM;
	*place = (struct place){space, start & ~(BLOCK - 1), (end + BLOCK - 1) & ~(BLOCK - 1), 0};
	lists[space].nr++;
	lists[space].joined = false;
	return 0;
}

static int add_exec(struct list *lists, const struct trace_effect *e)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < e->exec.nr_steps; i++) {
		const struct trace_exec_step *step = &e->exec.steps[i];
		unsigned long room = 0;

		if (step->is_fault)
			continue;
		if (strcmp(step->map.name, "[stack]") == 0)
			room = STACK_ROOM;
		err = add(lists, e->space, step->map.start - room, step->map.len + room);
	}
	return err;
}

static int add_call(struct list *lists, const struct trace_effect *e)
{
	const uint64_t *a = e->call.args;

	if (e->call.result < 0 && e->call.result >= -4095)
		return 0;
	switch (e->call.call) {
	case TRACE_MMAP:
		return add(lists, e->space, (unsigned long)e->call.result, a[1]);
	case TRACE_MREMAP:
		return add(lists, e->space, (unsigned long)e->call.result, a[2]);
	case TRACE_BRK:
		return add(lists, e->space, (unsigned long)e->call.result, 1);
	default:
		return 0;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Join places that touch or are near each other. */
static void join(struct list *list)
{
	size_t nr = 0;

	if (list->joined || !list->nr)
		return;
	qsort(list->place, list->nr, sizeof(*list->place), by_start);
	for (size_t i = 0; i < list->nr; i++) {
		struct place *last = nr ? &list->place[nr - 1] : NULL, *now = &list->place[i];

		if (!last || now->start > last->end + NEAR)
			list->place[nr++] = *now;
		else if (now->end > last->end)
			last->end = now->end;
	}
	list->nr = nr;
	list->joined = true;
}

/* A child of fork has its parent's places. */
static int add_fork(struct places *p, struct list *lists, const struct trace_effect *e)
{
	struct list *from = &lists[e->space], *to = &lists[e->fork.child_space];
	struct place *place;

	if (e->fork.how != TRACE_CHILD_COPIES || e->fork.child_space < 0)
		return 0;
	join(from);
	p->copied += from->nr;
	if (p->copied > PLACES_COPIED_MAX)
		return -E2BIG;
	place = make_room(to, from->nr);
	if (!place)
		return from->nr ? -ENOMEM : 0;
	for (size_t i = 0; i < from->nr; i++) {
		place[i] = from->place[i];
		place[i].space = e->fork.child_space;
	}
	to->nr += from->nr;
	to->joined = false;
	return 0;
}

static int add_effect(struct places *p, struct list *lists, const struct trace_effect *e)
{
	if (e->space < 0)
		return 0;
	switch (e->kind) {
	case TRACE_EXEC_DONE:
		return add_exec(lists, e);
	case TRACE_CALL_DONE:
		return add_call(lists, e);
	case TRACE_FORK_DONE:
		return add_fork(p, lists, e);
	default:
		return 0;
	}
}

/* Gather all lists, space by space, and lay the places out in the slice. */
static int lay_out(struct places *p, struct list *lists, int nr_spaces)
{
	size_t nr = 0;

	for (int space = 0; space < nr_spaces; space++) {
		join(&lists[space]);
		nr += lists[space].nr;
	}
	p->place = calloc(nr + 1, sizeof(*p->place));
	if (!p->place)
		return -ENOMEM;
	p->size = BLOCK;
	for (int space = 0; space < nr_spaces; space++) {
		for (size_t i = 0; i < lists[space].nr; i++) {
			struct place *place = &p->place[p->nr++];

			*place = lists[space].place[i];
			place->at = p->size;
			p->size += place->end - place->start + BLOCK;
		}
	}
	p->size = (p->size + (1UL << 30) - 1) & ~((1UL << 30) - 1);
	return 0;
}

int places_find(struct places *p, const struct trace_order *order)
{
	struct list *lists = calloc((size_t)order->nr_spaces + 1, sizeof(*lists));
	int err = lists ? 0 : -ENOMEM;

	*p = (struct places){0};
	for (unsigned long i = 0; !err && i < order->nr_effects; i++)
		err = add_effect(p, lists, &order->effects[i]);
	if (!err)
		err = lay_out(p, lists, order->nr_spaces);
	for (int space = 0; lists && space < order->nr_spaces; space++)
		free(lists[space].place);
	free(lists);
	return err;
}

void places_free(struct places *p)
{
	free(p->place);
	*p = (struct places){0};
}

/*
 * The index of the first place of @space that ends above @addr; if there is
 * none, of the first place of a later space.
 */
static size_t first_behind(const struct places *p, int space, unsigned long addr)
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
	return low;
}

unsigned long places_translate(const struct places *p, int space, unsigned long addr,
			       unsigned long len)
{
	size_t i = first_behind(p, space, addr);
	const struct place *place = &p->place[i];

	if (i == p->nr || place->space != space || place->start > addr || place->end - addr < len)
		return PLACE_NONE;
	return place->at + (addr - place->start);
}

const struct place *places_next(const struct places *p, int space, size_t *i)
{
	if (!*i)
		*i = first_behind(p, space, 0);
	return *i < p->nr && p->place[*i].space == space ? &p->place[(*i)++] : NULL;
}
